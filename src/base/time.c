/*
 * time.c - points and spans of time as nanoseconds, and their texts.
 *
 * Idea: a point is split into days and nanoseconds of the day with floored division, so that
 * years before 1970 need no special case; days become dates in 400-year eras that begin on
 * 1 March, where the leap day is the last of its year. Sums that can leave int64_t on the way
 * (offsets at both ends of the range) are made in 128 bits.
 */
#include "tradewind/time.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

__extension__ typedef __int128 wide;

#define DAYS_PER_ERA 146097 /* 400 years */
#define DAYS_TO_1970 719468 /* from 0000-03-01 */
#define SECONDS_PER_DAY 86400

static int64_t read_clock(clockid_t clock) {
    struct timespec now;
    int result = clock_gettime(clock, &now);
    TW_ASSERT(result == 0);
    return now.tv_sec * TW_NS_PER_SECOND + now.tv_nsec;
}

int64_t tw_time_wall_ns(void) {
    return read_clock(CLOCK_REALTIME);
}

int64_t tw_time_monotonic_ns(void) {
    return read_clock(CLOCK_MONOTONIC);
}

static int64_t floor_divide(int64_t value, int64_t divisor) {
    return value / divisor - (value % divisor < 0);
}

/* ---- dates ----------------------------------------------------------------------------- */

static int32_t days_in_month(int32_t year, int32_t month) {
    static const int8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

tw_status tw_date_to_days(tw_date date, int64_t *ret_days) {
    if (date.month < 1 || date.month > 12)
        return TW_RANGE;
    if (date.day < 1 || date.day > days_in_month(date.year, date.month))
        return TW_RANGE;
    int64_t year = (int64_t)date.year - (date.month <= 2);
    int64_t era = floor_divide(year, 400);
    int64_t year_of_era = year - era * 400;
    int64_t month_from_march = (date.month + 9) % 12;
    int64_t day_of_year = (153 * month_from_march + 2) / 5 + date.day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    *ret_days = era * DAYS_PER_ERA + day_of_era - DAYS_TO_1970;
    return TW_OK;
}

tw_date tw_date_from_days(int64_t days) {
    TW_ASSERT(days > INT64_MIN / 2 && days < INT64_MAX / 2);
    days += DAYS_TO_1970;
    int64_t era = floor_divide(days, DAYS_PER_ERA);
    int64_t day_of_era = days - era * DAYS_PER_ERA;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    int64_t year = era * 400 + year_of_era + (month <= 2);
    TW_ASSERT(year >= INT32_MIN && year <= INT32_MAX);
    return (tw_date){
        .year = (int32_t)year,
        .month = (int32_t)month,
        .day = (int32_t)(day_of_year - (153 * month_from_march + 2) / 5 + 1),
    };
}

tw_date tw_date_of(int64_t time_ns) {
    return tw_date_from_days(floor_divide(time_ns, TW_NS_PER_DAY));
}

int64_t tw_time_floor(int64_t time_ns, int64_t span_ns) {
    TW_ASSERT(span_ns > 0);
    int64_t past = time_ns % span_ns;
    if (past < 0)
        past += span_ns;
    return time_ns < INT64_MIN + past ? INT64_MIN : time_ns - past;
}

int32_t tw_weekday_of_days(int64_t days) {
    int64_t weekday = (days % 7 + 4) % 7; /* 1970-01-01 was a Thursday */
    return (int32_t)(weekday < 0 ? weekday + 7 : weekday);
}

/* ---- RFC 3339 -------------------------------------------------------------------------- */

/* Takes exactly `count` digits off the text; false if they are not there. */
static bool take_number(tw_slice *text, size_t count, int32_t *ret_number) {
    if (text->size < count)
        return false;
    int32_t number = 0;
    for (size_t i = 0; i < count; i++) {
        char c = text->data[i];
        if (c < '0' || c > '9')
            return false;
        number = number * 10 + (c - '0');
    }
    *text = (tw_slice){text->data + count, text->size - count};
    *ret_number = number;
    return true;
}

/* Takes one byte off the text if it is one of `choices`; returns it, or 0. */
static char take_one_of(tw_slice *text, const char *choices) {
    if (text->size == 0 || text->data[0] == 0 || strchr(choices, text->data[0]) == NULL)
        return 0;
    char c = text->data[0];
    *text = (tw_slice){text->data + 1, text->size - 1};
    return c;
}

/* Takes ".123456789" if it is there; false if the point has no digits or more than nine. */
static bool take_fraction(tw_slice *text, int32_t *ret_ns) {
    *ret_ns = 0;
    if (!take_one_of(text, "."))
        return true;
    int32_t count = 0;
    int32_t digit = 0;
    for (; take_number(text, 1, &digit); count++) {
        if (count == 9)
            return false;
        *ret_ns = *ret_ns * 10 + digit;
    }
    for (int32_t i = count; i < 9; i++)
        *ret_ns *= 10;
    return count > 0;
}

typedef struct time_of_day {
    int32_t hour;
    int32_t minute;
    int32_t second;
    int32_t ns;
    int32_t offset_sign; /* -1, 0 for UTC, 1 */
    int32_t offset_hour;
    int32_t offset_minute;
} time_of_day;

static bool take_offset(tw_slice *text, time_of_day *ret_time) {
    if (take_one_of(text, "Zz"))
        return true;
    char sign = take_one_of(text, "+-");
    ret_time->offset_sign = sign == '-' ? -1 : 1;
    return sign != 0 && take_number(text, 2, &ret_time->offset_hour) && take_one_of(text, ":") &&
           take_number(text, 2, &ret_time->offset_minute);
}

static bool take_time_of_day(tw_slice *text, time_of_day *ret_time) {
    return take_one_of(text, "Tt ") && take_number(text, 2, &ret_time->hour) &&
           take_one_of(text, ":") && take_number(text, 2, &ret_time->minute) &&
           take_one_of(text, ":") && take_number(text, 2, &ret_time->second) &&
           take_fraction(text, &ret_time->ns) && take_offset(text, ret_time);
}

tw_status tw_time_parse(tw_slice text, int64_t *ret_time_ns) {
    tw_date date = {0};
    if (!take_number(&text, 4, &date.year) || !take_one_of(&text, "-") ||
        !take_number(&text, 2, &date.month) || !take_one_of(&text, "-") ||
        !take_number(&text, 2, &date.day))
        return TW_PARSE;
    time_of_day time = {0};
    if (text.size > 0 && (!take_time_of_day(&text, &time) || text.size > 0))
        return TW_PARSE;
    int64_t days = 0;
    tw_status status = tw_date_to_days(date, &days);
    if (status != TW_OK)
        return status;
    if (time.hour > 23 || time.minute > 59 || time.second > 59 || time.offset_hour > 23 ||
        time.offset_minute > 59)
        return TW_RANGE;
    int64_t offset = time.offset_sign * (time.offset_hour * 3600 + time.offset_minute * 60);
    int64_t seconds = days * SECONDS_PER_DAY + time.hour * 3600 + time.minute * 60 + time.second;
    wide time_ns = (wide)(seconds - offset) * TW_NS_PER_SECOND + time.ns;
    if (time_ns < INT64_MIN || time_ns > INT64_MAX)
        return TW_RANGE;
    *ret_time_ns = (int64_t)time_ns;
    return TW_OK;
}

/* Writes two digits; returns the byte after them. */
static char *put_two(char *out, uint32_t number) {
    uint32_t tens = number / 10;
    out[0] = (char)('0' + tens);
    out[1] = (char)('0' + number - 10 * tens);
    return out + 2;
}

/* Writes the fraction of a second: `digits` of the nine, or as many as needed for -1. */
static char *put_fraction(char *out, uint32_t ns, int digits) {
    char all[10];
    put_two(all, ns / 10000000);
    put_two(all + 2, ns / 100000 % 100);
    put_two(all + 4, ns / 1000 % 100);
    put_two(all + 6, ns / 10 % 100);
    put_two(all + 8, ns % 10 * 10);
    if (digits < 0) {
        digits = 9;
        while (digits > 0 && all[digits - 1] == '0')
            digits--;
    }
    if (digits == 0)
        return out;
    *out++ = '.';
    memcpy(out, all, (size_t)digits);
    return out + digits;
}

size_t tw_time_format(int64_t time_ns, int digits, char *buffer) {
    return tw_time_format_offset(time_ns, 0, digits, buffer);
}

size_t tw_time_format_offset(int64_t time_ns, int32_t offset_seconds, int digits, char *buffer) {
    TW_ASSERT(digits >= -1 && digits <= 9);
    TW_ASSERT(offset_seconds > -SECONDS_PER_DAY && offset_seconds < SECONDS_PER_DAY);
    int32_t offset_minutes = offset_seconds / 60;
    int64_t seconds = floor_divide(time_ns, TW_NS_PER_SECOND);
    int64_t ns = time_ns % TW_NS_PER_SECOND;
    ns += ns < 0 ? TW_NS_PER_SECOND : 0;
    seconds += offset_minutes * 60;
    int64_t days = floor_divide(seconds, SECONDS_PER_DAY);
    int64_t second_of_day = seconds - days * SECONDS_PER_DAY;
    tw_date date = tw_date_from_days(days);
    uint32_t year = (uint32_t)date.year; /* 1677 to 2262 */
    uint32_t second = (uint32_t)second_of_day;
    char *out = put_two(put_two(buffer, year / 100), year % 100);
    *out++ = '-';
    out = put_two(out, (uint32_t)date.month);
    *out++ = '-';
    out = put_two(out, (uint32_t)date.day);
    *out++ = 'T';
    out = put_two(out, second / 3600);
    *out++ = ':';
    out = put_two(out, second / 60 % 60);
    *out++ = ':';
    out = put_two(out, second % 60);
    out = put_fraction(out, (uint32_t)ns, digits);
    if (offset_minutes == 0) {
        *out++ = 'Z';
    } else {
        uint32_t magnitude = (uint32_t)(offset_minutes < 0 ? -offset_minutes : offset_minutes);
        *out++ = offset_minutes < 0 ? '-' : '+';
        out = put_two(out, magnitude / 60);
        *out++ = ':';
        out = put_two(out, magnitude % 60);
    }
    *out = 0;
    return (size_t)(out - buffer);
}

/* ---- spans ----------------------------------------------------------------------------- */

static const struct unit {
    char name[4];
    int64_t ns;
} units[] = {
    /* Longest first; a name that begins another one ("m", "ms") is told apart by length. */
    {"w", 7 * TW_NS_PER_DAY}, {"d", TW_NS_PER_DAY}, {"h", TW_NS_PER_HOUR}, {"m", TW_NS_PER_MINUTE},
    {"s", TW_NS_PER_SECOND},  {"ms", TW_NS_PER_MS}, {"us", TW_NS_PER_US},  {"ns", 1},
};
#define UNIT_COUNT (sizeof units / sizeof units[0])

/* No unit divides by a higher power of ten, so more digits can never be whole nanoseconds. */
#define SPAN_FRACTION_DIGIT_COUNT_MAX 18

typedef struct span_number {
    uint64_t whole;
    uint64_t fraction;
    uint64_t fraction_scale; /* a power of ten */
    bool fits;
} span_number;

/* Takes "12" or "12.5"; false if it is not there. */
static bool take_span_number(tw_slice *text, span_number *ret_number) {
    *ret_number = (span_number){.fraction_scale = 1, .fits = true};
    int32_t digit = 0;
    if (!take_number(text, 1, &digit))
        return false;
    do {
        ret_number->fits =
            ret_number->fits &&
            !__builtin_mul_overflow(ret_number->whole, UINT64_C(10), &ret_number->whole) &&
            !__builtin_add_overflow(ret_number->whole, (uint64_t)digit, &ret_number->whole);
    } while (take_number(text, 1, &digit));
    if (!take_one_of(text, "."))
        return true;
    const char *first = text->data;
    size_t count = 0; /* up to the last digit that is not zero */
    while (take_number(text, 1, &digit)) {
        if (digit != 0)
            count = (size_t)(text->data - first);
    }
    if (count > SPAN_FRACTION_DIGIT_COUNT_MAX) {
        ret_number->fits = false;
        return true;
    }
    for (size_t i = 0; i < count; i++) {
        ret_number->fraction = ret_number->fraction * 10 + (uint64_t)(first[i] - '0');
        ret_number->fraction_scale *= 10;
    }
    return text->data != first;
}

/* Takes a unit's letters; returns its index, or UNIT_COUNT. */
static size_t take_unit(tw_slice *text) {
    size_t size = 0;
    while (size < text->size && text->data[size] >= 'a' && text->data[size] <= 'z')
        size++;
    tw_slice name = {text->data, size};
    for (size_t i = 0; i < UNIT_COUNT; i++) {
        if (tw_slice_equal_string(name, units[i].name)) {
            *text = (tw_slice){text->data + size, text->size - size};
            return i;
        }
    }
    return UNIT_COUNT;
}

/* Adds number x unit to the sum; false if it is no whole count of nanoseconds or does not fit. */
static bool add_span(wide *sum, const span_number *number, int64_t unit_ns) {
    if (!number->fits || number->whole > INT64_MAX)
        return false;
    wide fraction = (wide)number->fraction * unit_ns;
    if (fraction % number->fraction_scale != 0)
        return false;
    *sum += (wide)number->whole * unit_ns + fraction / number->fraction_scale;
    return *sum <= INT64_MAX;
}

tw_status tw_duration_parse(tw_slice text, int64_t *ret_duration_ns) {
    bool fits = !take_one_of(&text, "-");
    if (fits && tw_slice_equal_string(text, "0")) {
        *ret_duration_ns = 0;
        return TW_OK;
    }
    if (text.size == 0)
        return TW_PARSE;
    wide sum = 0;
    size_t unit_before = 0;
    for (bool first = true; text.size > 0; first = false) {
        span_number number;
        if (!take_span_number(&text, &number))
            return TW_PARSE;
        size_t unit = take_unit(&text);
        if (unit == UNIT_COUNT || (!first && unit <= unit_before))
            return TW_PARSE; /* "30s1m" and "1s1s" are slips rather than spans */
        fits = fits && add_span(&sum, &number, units[unit].ns);
        unit_before = unit;
    }
    if (!fits)
        return TW_RANGE;
    *ret_duration_ns = (int64_t)sum;
    return TW_OK;
}

/* Appends "90d" and takes it off the rest, if there is any. */
static void append_whole_units(tw_text *text, uint64_t *rest, int64_t unit_ns, const char *name) {
    uint64_t count = *rest / (uint64_t)unit_ns;
    if (count == 0)
        return;
    tw_text_append_format(text, "%" PRIu64 "%s", count, name);
    *rest %= (uint64_t)unit_ns;
}

/* Appends "1.5s": a count of nanoseconds in a unit of at most a second, with its fraction. */
static void append_fractional(tw_text *text, uint64_t ns, uint64_t unit_ns, const char *name) {
    tw_text_append_u64(text, ns / unit_ns);
    char fraction[12];
    uint64_t billionths = ns % unit_ns * (uint64_t)(TW_NS_PER_SECOND / (int64_t)unit_ns);
    *put_fraction(fraction, (uint32_t)billionths, -1) = 0;
    tw_text_append_string(text, fraction);
    tw_text_append_string(text, name);
}

size_t tw_duration_format(int64_t duration_ns, char *buffer) {
    tw_text text = tw_text_over(buffer, TW_TIME_TEXT_SIZE);
    uint64_t rest = duration_ns < 0 ? 0 - (uint64_t)duration_ns : (uint64_t)duration_ns;
    if (duration_ns < 0)
        tw_text_append_char(&text, '-');
    if (rest == 0) {
        tw_text_append_string(&text, "0s");
    } else if (rest < (uint64_t)TW_NS_PER_US) {
        append_fractional(&text, rest, 1, "ns");
    } else if (rest < (uint64_t)TW_NS_PER_MS) {
        append_fractional(&text, rest, (uint64_t)TW_NS_PER_US, "us");
    } else if (rest < (uint64_t)TW_NS_PER_SECOND) {
        append_fractional(&text, rest, (uint64_t)TW_NS_PER_MS, "ms");
    } else if (rest % (uint64_t)(7 * TW_NS_PER_DAY) == 0) {
        append_whole_units(&text, &rest, 7 * TW_NS_PER_DAY, "w");
    } else {
        append_whole_units(&text, &rest, TW_NS_PER_DAY, "d");
        append_whole_units(&text, &rest, TW_NS_PER_HOUR, "h");
        append_whole_units(&text, &rest, TW_NS_PER_MINUTE, "m");
        if (rest > 0)
            append_fractional(&text, rest, (uint64_t)TW_NS_PER_SECOND, "s");
    }
    TW_ASSERT(!text.truncated);
    return text.size;
}
