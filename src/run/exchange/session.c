/*
 * session.c - New York's hours from the calendar rule alone.
 *
 * Idea: find the two Sundays of the year, compare in UTC. The switch to summer happens at 02:00
 * standard time (07:00 UTC), the switch back at 02:00 daylight time (06:00 UTC).
 */
#include "session.h"

enum { STANDARD_OFFSET = -5 * 3600, SUMMER_OFFSET = -4 * 3600 };

/* Days since 1970-01-01 of the n-th Sunday of a month. */
static int64_t nth_sunday(int32_t year, int32_t month, int32_t n) {
    int64_t first = 0;
    tw_status status = tw_date_to_days((tw_date){year, month, 1}, &first);
    TW_ASSERT(status == TW_OK);
    int32_t to_sunday = (7 - tw_weekday_of_days(first)) % 7;
    return first + to_sunday + 7 * (n - 1);
}

int32_t session_offset_seconds(int64_t time_ns) {
    int32_t year = tw_date_of(time_ns).year;
    int64_t summer_ns = nth_sunday(year, 3, 2) * TW_NS_PER_DAY + 7 * TW_NS_PER_HOUR;
    int64_t winter_ns = nth_sunday(year, 11, 1) * TW_NS_PER_DAY + 6 * TW_NS_PER_HOUR;
    return time_ns >= summer_ns && time_ns < winter_ns ? SUMMER_OFFSET : STANDARD_OFFSET;
}

int64_t session_time_of(int64_t day, int32_t hour, int32_t minute) {
    int64_t wall_ns = day * TW_NS_PER_DAY + hour * TW_NS_PER_HOUR + minute * TW_NS_PER_MINUTE;
    int32_t offset = session_offset_seconds(wall_ns - STANDARD_OFFSET * TW_NS_PER_SECOND);
    return wall_ns - offset * TW_NS_PER_SECOND;
}

int64_t session_day_of(int64_t time_ns) {
    int64_t wall_ns = time_ns + session_offset_seconds(time_ns) * TW_NS_PER_SECOND;
    return tw_time_floor(wall_ns, TW_NS_PER_DAY) / TW_NS_PER_DAY;
}

bool session_is_trading_day(int64_t day) {
    int32_t weekday = tw_weekday_of_days(day);
    return weekday != 0 && weekday != 6;
}

int64_t session_next_trading_day(int64_t day) {
    do
        day++;
    while (!session_is_trading_day(day));
    return day;
}

int64_t session_previous_trading_day(int64_t day) {
    do
        day--;
    while (!session_is_trading_day(day));
    return day;
}

/* The first hour:minute of a trading day that lies strictly after `time_ns`. */
static int64_t next_time(int64_t time_ns, int32_t hour, int32_t minute) {
    int64_t day = session_day_of(time_ns);
    if (!session_is_trading_day(day) || session_time_of(day, hour, minute) <= time_ns)
        day = session_next_trading_day(day);
    return session_time_of(day, hour, minute);
}

int64_t session_next_open(int64_t time_ns) {
    return next_time(time_ns, 9, 30);
}

int64_t session_next_close(int64_t time_ns) {
    return next_time(time_ns, 16, 0);
}
