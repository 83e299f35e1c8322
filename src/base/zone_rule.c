/*
 * zone_rule.c - the POSIX TZ rule of a TZif footer: "EST5EDT,M3.2.0,M11.1.0".
 *
 * Idea: a recursive-descent reader over a slice, one function a part of the grammar of POSIX
 * (Base Definitions 8.3) with the hours of -167 to 167 that RFC 8536 section 3.3.1 adds.
 *
 * Invariants:
 * 1. POSIX counts offsets west of Greenwich; they are turned round where they are read.
 * 2. A rule with daylight saving always has its two dates: RFC 8536 leaves none implied.
 */
#include "zone_priv.h"

#include <string.h>

#include "tradewind/time.h"

static char peek(tw_slice text) {
    return text.size > 0 ? text.data[0] : '\0';
}

static bool take_char(tw_slice *text, char c) {
    if (peek(*text) != c || text->size == 0)
        return false;
    *text = (tw_slice){text->data + 1, text->size - 1};
    return true;
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_letter(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* One to three digits. */
static bool take_number(tw_slice *text, int32_t most, int32_t *ret_number) {
    int32_t number = 0;
    size_t digits = 0;
    while (is_digit(peek(*text)) && digits < 3) {
        number = number * 10 + (peek(*text) - '0');
        *text = (tw_slice){text->data + 1, text->size - 1};
        digits++;
    }
    *ret_number = number;
    return digits > 0 && number <= most;
}

/* Three letters or more, or anything alphanumeric or signed between < and >. */
static bool take_name(tw_slice *text) {
    size_t letters = 0;
    if (take_char(text, '<')) {
        while (is_letter(peek(*text)) || is_digit(peek(*text)) || peek(*text) == '+' ||
               peek(*text) == '-') {
            *text = (tw_slice){text->data + 1, text->size - 1};
            letters++;
        }
        return letters >= 3 && take_char(text, '>');
    }
    while (is_letter(peek(*text))) {
        *text = (tw_slice){text->data + 1, text->size - 1};
        letters++;
    }
    return letters >= 3;
}

/* [+-]hh[:mm[:ss]] as seconds. */
static bool take_clock(tw_slice *text, int32_t hours_most, int32_t *ret_seconds) {
    bool negative = take_char(text, '-');
    if (!negative)
        (void)take_char(text, '+');
    int32_t hours = 0;
    int32_t minutes = 0;
    int32_t seconds = 0;
    if (!take_number(text, hours_most, &hours))
        return false;
    if (take_char(text, ':')) {
        if (!take_number(text, 59, &minutes))
            return false;
        if (take_char(text, ':') && !take_number(text, 59, &seconds))
            return false;
    }
    int32_t sum = hours * 3600 + minutes * 60 + seconds;
    *ret_seconds = negative ? -sum : sum;
    return true;
}

static bool take_date(tw_slice *text, zone_date *ret_date) {
    zone_date date = {.kind = ZONE_DATE_ZERO_BASED, .seconds = 2 * 3600};
    if (take_char(text, 'M')) {
        date.kind = ZONE_DATE_MONTH;
        if (!take_number(text, 12, &date.month) || date.month < 1 || !take_char(text, '.') ||
            !take_number(text, 5, &date.week) || date.week < 1 || !take_char(text, '.') ||
            !take_number(text, 6, &date.day))
            return false;
    } else if (take_char(text, 'J')) {
        date.kind = ZONE_DATE_JULIAN;
        if (!take_number(text, 365, &date.day) || date.day < 1)
            return false;
    } else if (!take_number(text, 365, &date.day)) {
        return false;
    }
    if (take_char(text, '/') && !take_clock(text, 167, &date.seconds))
        return false;
    *ret_date = date;
    return true;
}

static bool take_saving(tw_slice *text, zone_rule *rule) {
    int32_t west = 0;
    rule->has_saving = true;
    rule->saving = rule->standard + 3600;
    if (!take_name(text))
        return false;
    if (peek(*text) != ',') {
        if (!take_clock(text, 24, &west))
            return false;
        rule->saving = -west; /* invariant 1 */
    }
    return take_char(text, ',') && take_date(text, &rule->begin) && take_char(text, ',') &&
           take_date(text, &rule->end); /* invariant 2 */
}

bool zone_rule_parse(tw_slice text, zone_rule *ret_rule) {
    zone_rule rule = {.known = text.size > 0};
    int32_t west = 0;
    if (rule.known) {
        if (!take_name(&text) || !take_clock(&text, 24, &west))
            return false;
        rule.standard = -west; /* invariant 1 */
        if (text.size > 0 && !take_saving(&text, &rule))
            return false;
    }
    *ret_rule = rule;
    return text.size == 0;
}

static int64_t days_of(int64_t year, int32_t month, int32_t day) {
    int64_t days = 0;
    tw_status status =
        tw_date_to_days((tw_date){.year = (int32_t)year, .month = month, .day = day}, &days);
    TW_ASSERT(status == TW_OK);
    return days;
}

/* Days since 1970 of a weekday of a week of a month. */
static int64_t weekday_of(const zone_date *date, int64_t year) {
    int64_t first = days_of(year, date->month, 1);
    int64_t next = date->month == 12 ? days_of(year + 1, 1, 1) : days_of(year, date->month + 1, 1);
    int32_t ahead = (date->day - tw_weekday_of_days(first) + 7) % 7;
    int64_t day = first + ahead + 7 * (int64_t)(date->week - 1);
    return day >= next ? day - 7 : day;
}

int64_t zone_rule_at(const zone_date *date, int64_t year, int64_t offset) {
    int64_t day = days_of(year, 1, 1) + date->day;
    if (date->kind == ZONE_DATE_MONTH)
        day = weekday_of(date, year);
    if (date->kind == ZONE_DATE_JULIAN) {
        bool leap = days_of(year + 1, 1, 1) - days_of(year, 1, 1) == 366;
        day += leap && date->day >= 60 ? 0 : -1;
    }
    return day * DAY_SECONDS + date->seconds - offset;
}
