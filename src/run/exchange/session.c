/*
 * session.c - New York's hours from the rules alone.
 *
 * Idea: find the two Sundays of the year, compare in UTC. The switch to summer happens at 02:00
 * standard time (07:00 UTC), the switch back at 02:00 daylight time (06:00 UTC).
 */
#include "session.h"

#include "holidays.h"

enum { STANDARD_OFFSET = -5 * 3600, SUMMER_OFFSET = -4 * 3600 };
enum { SATURDAY = 6, LAST = 0 };

/* Which Sunday of which month begins and ends summer, from a year on. Sources: Uniform Time Act of
 * 1966, its emergency of 1974, the changes of 1986 and the Energy Policy Act of 2005; the row of
 * 1955 is New York State's own. */
typedef struct summer_rule {
    int32_t since;
    int32_t begin_month;
    int32_t begin_nth; /* LAST: the last Sunday */
    int32_t end_month;
    int32_t end_nth;
} summer_rule;

static const summer_rule summer_rules[] = {
    {2007, 3, 2, 11, 1},       {1987, 4, 1, 10, LAST}, {1976, 4, LAST, 10, LAST},
    {1975, 2, LAST, 10, LAST}, {1974, 1, 1, 10, LAST}, {1955, 4, LAST, 10, LAST},
};

static const summer_rule *rule_of(int32_t year) {
    const size_t count = sizeof summer_rules / sizeof summer_rules[0];
    for (size_t i = 0; i + 1 < count; i++)
        if (year >= summer_rules[i].since)
            return &summer_rules[i];
    return &summer_rules[count - 1];
}

/* Days since 1970-01-01 of the n-th Sunday of a month, or of its last. */
static int64_t nth_sunday(int32_t year, int32_t month, int32_t n) {
    int64_t first = 0;
    tw_date date = {year, n == LAST ? month + 1 : month, 1};
    tw_status status = tw_date_to_days(date, &first);
    TW_ASSERT(status == TW_OK);
    int32_t to_sunday = (7 - tw_weekday_of_days(first)) % 7;
    return first + to_sunday + 7 * (n == LAST ? -1 : n - 1);
}

int32_t session_offset_seconds(int64_t time_ns) {
    int32_t year = tw_date_of(time_ns).year;
    const summer_rule *rule = rule_of(year);
    int64_t summer_ns =
        nth_sunday(year, rule->begin_month, rule->begin_nth) * TW_NS_PER_DAY + 7 * TW_NS_PER_HOUR;
    int64_t winter_ns =
        nth_sunday(year, rule->end_month, rule->end_nth) * TW_NS_PER_DAY + 6 * TW_NS_PER_HOUR;
    return time_ns >= summer_ns && time_ns < winter_ns ? SUMMER_OFFSET : STANDARD_OFFSET;
}

int64_t session_time_of(int64_t day, int32_t hour, int32_t minute) {
    int64_t wall_ns = day * TW_NS_PER_DAY + hour * TW_NS_PER_HOUR + minute * TW_NS_PER_MINUTE;
    int32_t offset = session_offset_seconds(wall_ns - SUMMER_OFFSET * TW_NS_PER_SECOND);
    return wall_ns - offset * TW_NS_PER_SECOND;
}

int64_t session_day_of(int64_t time_ns) {
    int64_t wall_ns = time_ns + session_offset_seconds(time_ns) * TW_NS_PER_SECOND;
    return tw_time_floor(wall_ns, TW_NS_PER_DAY) / TW_NS_PER_DAY;
}

/* ---- days ---------------------------------------------------------------------------------- */

bool session_is_trading_day(int64_t day) {
    int32_t weekday = tw_weekday_of_days(day);
    return weekday != 0 && weekday != SATURDAY && !holidays_closed(day);
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

/* How many days after a trade it settles. Sources: SEC releases 33-7022, 34-80295, 34-96930. */
static int32_t settlement_days(int64_t day) {
    static const struct {
        tw_date since;
        int32_t days;
    } cycles[] = {{{2024, 5, 28}, 1}, {{2017, 9, 5}, 2}, {{1995, 6, 7}, 3}};
    for (size_t i = 0; i < sizeof cycles / sizeof cycles[0]; i++) {
        int64_t since = 0;
        tw_status status = tw_date_to_days(cycles[i].since, &since);
        TW_ASSERT(status == TW_OK);
        if (day >= since)
            return cycles[i].days;
    }
    return 5;
}

int64_t session_settlement_day(int64_t day) {
    for (int32_t left = settlement_days(day); left > 0;) {
        day = session_next_trading_day(day);
        if (!holidays_banks_only(day))
            left--;
    }
    return day;
}

/* ---- hours --------------------------------------------------------------------------------- */

bool session_hours_of(int64_t day, session_hours *ret_hours) {
    if (!session_is_trading_day(day))
        return false;
    int64_t close_ns = holidays_close_minute(day) * TW_NS_PER_MINUTE;
    int64_t midnight_ns = session_time_of(day, 0, 0); /* clocks change on Sundays only */
    *ret_hours = (session_hours){
        .pre_market_ns = midnight_ns + 4 * TW_NS_PER_HOUR,
        .open_ns = midnight_ns + 9 * TW_NS_PER_HOUR + 30 * TW_NS_PER_MINUTE,
        .close_ns = midnight_ns + close_ns,
        .end_ns = midnight_ns + close_ns + 4 * TW_NS_PER_HOUR,
    };
    return true;
}

session_phase session_phase_at(int64_t time_ns, int64_t *ret_until_ns) {
    int64_t day = session_day_of(time_ns);
    int64_t until_ns = 0;
    session_phase phase = SESSION_CLOSED;
    session_hours hours;
    if (!session_hours_of(day, &hours) || time_ns >= hours.end_ns) {
        until_ns = session_time_of(session_next_trading_day(day), 4, 0);
    } else if (time_ns < hours.pre_market_ns) {
        until_ns = hours.pre_market_ns;
    } else if (time_ns < hours.open_ns) {
        phase = SESSION_PRE_MARKET;
        until_ns = hours.open_ns;
    } else {
        phase = time_ns < hours.close_ns ? SESSION_REGULAR : SESSION_AFTER_HOURS;
        until_ns = time_ns < hours.close_ns ? hours.close_ns : hours.end_ns;
    }
    if (ret_until_ns != NULL)
        *ret_until_ns = until_ns;
    return phase;
}

int64_t session_next_open(int64_t time_ns) {
    int64_t day = session_day_of(time_ns);
    session_hours hours;
    if (session_hours_of(day, &hours) && time_ns < hours.open_ns)
        return hours.open_ns;
    return session_time_of(session_next_trading_day(day), 9, 30);
}

int64_t session_next_close(int64_t time_ns) {
    int64_t day = session_day_of(time_ns);
    session_hours hours;
    if (session_hours_of(day, &hours) && time_ns < hours.close_ns)
        return hours.close_ns;
    bool trades = session_hours_of(session_next_trading_day(day), &hours);
    TW_ASSERT(trades);
    return hours.close_ns;
}
