/*
 * retry_after.c - the value of a Retry-After header: seconds, or one of the three dates of HTTP.
 *
 *     120
 *     Sun, 06 Nov 1994 08:49:37 GMT       IMF-fixdate
 *     Sunday, 06-Nov-94 08:49:37 GMT      RFC 850; a year that is more than 50 ahead is a past one
 *     Sun Nov  6 08:49:37 1994            asctime
 *
 * The day of the week must be a word and is not compared with the date.
 */
#include "tradewind/retry.h"
#include "tradewind/time.h"

#define SECONDS_MAX (TW_RETRY_NS_MAX / TW_NS_PER_SECOND)
#define CENTURY 100
#define AHEAD_YEARS_MAX 50

struct moment {
    tw_date date;
    int32_t seconds; /* of the day */
};

static bool take_text(tw_slice *rest, const char *text) {
    if (!tw_slice_starts_with(*rest, text))
        return false;
    size_t size = tw_slice_of(text).size;
    *rest = (tw_slice){rest->data + size, rest->size - size};
    return true;
}

/* `count` digits. */
static bool take_digits(tw_slice *rest, size_t count, int32_t *ret_number) {
    int32_t number = 0;
    if (rest->size < count)
        return false;
    for (size_t i = 0; i < count; i++) {
        char digit = rest->data[i];
        if (digit < '0' || digit > '9')
            return false;
        number = number * 10 + (digit - '0');
    }
    *rest = (tw_slice){rest->data + count, rest->size - count};
    *ret_number = number;
    return true;
}

static bool take_month(tw_slice *rest, tw_date *date) {
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    for (int32_t i = 0; i < 12; i++) {
        if (take_text(rest, months[i])) {
            date->month = i + 1;
            return true;
        }
    }
    return false;
}

static bool take_clock(tw_slice *rest, int32_t *ret_seconds) {
    int32_t hour = 0;
    int32_t minute = 0;
    int32_t second = 0;
    if (!take_digits(rest, 2, &hour) || !take_text(rest, ":") || !take_digits(rest, 2, &minute) ||
        !take_text(rest, ":") || !take_digits(rest, 2, &second))
        return false;
    *ret_seconds = hour * 3600 + minute * 60 + second;
    return hour <= 23 && minute <= 59 && second <= 60; /* a leap second is the next one */
}

/* The two last digits of the year nearest to the one of `wall_ns`. */
static bool take_short_year(tw_slice *rest, int64_t wall_ns, tw_date *date) {
    int32_t year = 0;
    int32_t now = tw_date_of(wall_ns).year;
    if (!take_digits(rest, 2, &year))
        return false;
    year += now - now % CENTURY;
    date->year = year > now + AHEAD_YEARS_MAX ? year - CENTURY : year;
    return true;
}

/* "06 Nov 1994 08:49:37 GMT" or "06-Nov-94 08:49:37 GMT". */
static bool take_after_comma(tw_slice rest, int64_t wall_ns, struct moment *moment) {
    if (!take_digits(&rest, 2, &moment->date.day))
        return false;
    bool is_long = take_text(&rest, " ");
    const char *mark = is_long ? " " : "-";
    if ((!is_long && !take_text(&rest, mark)) || !take_month(&rest, &moment->date) ||
        !take_text(&rest, mark))
        return false;
    if (is_long ? !take_digits(&rest, 4, &moment->date.year)
                : !take_short_year(&rest, wall_ns, &moment->date))
        return false;
    return take_text(&rest, " ") && take_clock(&rest, &moment->seconds) &&
           take_text(&rest, " GMT") && rest.size == 0;
}

/* "Nov  6 08:49:37 1994". */
static bool take_asctime(tw_slice rest, struct moment *moment) {
    int32_t *day = &moment->date.day;
    if (!take_month(&rest, &moment->date) || !take_text(&rest, " "))
        return false;
    if (take_text(&rest, " ") ? !take_digits(&rest, 1, day) : !take_digits(&rest, 2, day))
        return false;
    return take_text(&rest, " ") && take_clock(&rest, &moment->seconds) && take_text(&rest, " ") &&
           take_digits(&rest, 4, &moment->date.year) && rest.size == 0;
}

/* Letters, and behind them a comma and a space, or a space. */
static bool take_weekday(tw_slice *rest, bool *ret_comma) {
    size_t size = 0;
    while (size < rest->size &&
           ((rest->data[size] | 0x20) >= 'a' && (rest->data[size] | 0x20) <= 'z'))
        size++;
    *rest = (tw_slice){rest->data + size, rest->size - size};
    *ret_comma = take_text(rest, ", ");
    return size > 0 && (*ret_comma || take_text(rest, " "));
}

static tw_status parse_date(tw_slice text, int64_t wall_ns, int64_t *ret_span_ns) {
    struct moment moment = {0};
    bool comma = false;
    int64_t days = 0;
    if (!take_weekday(&text, &comma) ||
        !(comma ? take_after_comma(text, wall_ns, &moment) : take_asctime(text, &moment)))
        return TW_PARSE;
    tw_status status = tw_date_to_days(moment.date, &days);
    if (status != TW_OK)
        return status;
    int64_t left = days * 86400 + moment.seconds - wall_ns / TW_NS_PER_SECOND;
    int64_t span_ns = 0; /* of a date that has passed */
    if (left > SECONDS_MAX)
        span_ns = SECONDS_MAX * TW_NS_PER_SECOND;
    else if (left > 0)
        span_ns = left * TW_NS_PER_SECOND - wall_ns % TW_NS_PER_SECOND;
    *ret_span_ns = span_ns;
    return TW_OK;
}

tw_status tw_retry_after_parse(tw_slice text, int64_t wall_ns, int64_t *ret_span_ns) {
    TW_ASSERT(wall_ns >= 0);
    uint64_t seconds = 0;
    text = tw_slice_trim(text);
    tw_status status = tw_parse_u64(text, &seconds);
    if (status == TW_PARSE)
        return parse_date(text, wall_ns, ret_span_ns);
    if (status != TW_OK || seconds > SECONDS_MAX)
        seconds = SECONDS_MAX;
    *ret_span_ns = (int64_t)seconds * TW_NS_PER_SECOND;
    return TW_OK;
}
