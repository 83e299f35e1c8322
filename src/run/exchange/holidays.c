/*
 * holidays.c - rules of the year, and a short table of days that no rule gives.
 *
 * Idea: a day is looked at by its month and weekday, so that most days are answered by one switch.
 * Easter is found by the anonymous Gregorian computus (Meeus, Astronomical Algorithms, chapter 8).
 */
#include "holidays.h"

#include <stddef.h>

#include "tradewind/api.h"
#include "tradewind/time.h"

enum { SUNDAY, MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY };
enum { MINUTE_13 = 13 * 60, MINUTE_14 = 14 * 60, MINUTE_16 = 16 * 60 };

/* A date with its weekday, and where the day lies in the holiday's own terms. */
typedef struct calendar_day {
    int64_t day;
    tw_date date;
    int32_t weekday;
} calendar_day;

static calendar_day look_at(int64_t day) {
    return (calendar_day){day, tw_date_from_days(day), tw_weekday_of_days(day)};
}

/* Closed by decision of the exchange: funerals of presidents, September 2001, Sandy. */
static const tw_date special_closures[] = {
    {1994, 4, 27}, {2001, 9, 11},  {2001, 9, 12},  {2001, 9, 13}, {2001, 9, 14}, {2004, 6, 11},
    {2007, 1, 2},  {2012, 10, 29}, {2012, 10, 30}, {2018, 12, 5}, {2025, 1, 9},
};

/* Planned closes at 13:00 that no rule gives. */
static const tw_date special_early[] = {{1997, 12, 26}, {1999, 12, 31}, {2003, 12, 26}};

static bool is_listed(const tw_date *dates, size_t count, tw_date date) {
    for (size_t i = 0; i < count; i++)
        if (dates[i].year == date.year && dates[i].month == date.month && dates[i].day == date.day)
            return true;
    return false;
}

/* The n-th of its weekday in the month? */
static bool is_nth(const calendar_day *at, int32_t weekday, int32_t n) {
    return at->weekday == weekday && (at->date.day - 1) / 7 + 1 == n;
}

/* A holiday on a fixed day of this month: that day, or the weekday that stands in for it. */
static bool is_observed(const calendar_day *at, int32_t day) {
    return at->date.day == day || (at->weekday == MONDAY && at->date.day == day + 1) ||
           (at->weekday == FRIDAY && at->date.day == day - 1);
}

static bool is_good_friday(const calendar_day *at) {
    int32_t year = at->date.year;
    int32_t a = year % 19, b = year / 100, c = year % 100;
    int32_t d = b / 4, e = b % 4, g = (8 * b + 13) / 25;
    int32_t h = (19 * a + b - d - g + 15) % 30;
    int32_t l = (32 + 2 * e + 2 * (c / 4) - h - c % 4) % 7;
    int32_t m = (a + 11 * h + 22 * l) / 451;
    int32_t sum = h + l - 7 * m + 114;
    int64_t easter = 0;
    tw_status status = tw_date_to_days((tw_date){year, sum / 31, sum % 31 + 1}, &easter);
    TW_ASSERT(status == TW_OK);
    return at->day == easter - 2;
}

static bool by_rule(const calendar_day *at) {
    switch (at->date.month) {
    case 1:
        return at->date.day == 1 || (at->date.day == 2 && at->weekday == MONDAY) ||
               (at->date.year >= 1998 && is_nth(at, MONDAY, 3));
    case 2:
        return is_nth(at, MONDAY, 3);
    case 3:
    case 4:
        return at->weekday == FRIDAY && is_good_friday(at);
    case 5:
        return at->weekday == MONDAY && at->date.day > 24;
    case 6:
        return at->date.year >= 2022 && is_observed(at, 19);
    case 7:
        return is_observed(at, 4);
    case 9:
        return is_nth(at, MONDAY, 1);
    case 11:
        return is_nth(at, THURSDAY, 4);
    case 12:
        return is_observed(at, 25);
    default:
        return false;
    }
}

bool holidays_closed(int64_t day) {
    calendar_day at = look_at(day);
    return by_rule(&at) || is_listed(special_closures,
                                     sizeof special_closures / sizeof special_closures[0], at.date);
}

/* The day before Independence Day since 1995; before 2013 a Wednesday was whole, and where the 4th
 * was a Thursday the Friday after it was short. */
static bool is_short_july(const calendar_day *at) {
    if (at->date.year < 1995)
        return false;
    if (at->date.day == 5)
        return at->weekday == FRIDAY && at->date.year < 2013;
    return at->date.day == 3 && at->weekday >= MONDAY && at->weekday <= THURSDAY &&
           (at->weekday != WEDNESDAY || at->date.year >= 2013);
}

int32_t holidays_close_minute(int64_t day) {
    calendar_day at = look_at(day);
    int32_t early = at.date.year < 1993 ? MINUTE_14 : MINUTE_13;
    bool after_thanksgiving = at.date.month == 11 && at.weekday == FRIDAY && at.date.day >= 23 &&
                              at.date.day <= 29 && at.date.year >= 1992;
    bool christmas_eve = at.date.month == 12 && at.date.day == 24 && at.weekday >= MONDAY &&
                         at.weekday <= THURSDAY && at.date.year >= 1990;
    if (after_thanksgiving || christmas_eve)
        return early;
    if (at.date.month == 7 && is_short_july(&at))
        return MINUTE_13;
    bool listed = is_listed(special_early, sizeof special_early / sizeof special_early[0], at.date);
    return listed ? MINUTE_13 : MINUTE_16;
}

bool holidays_banks_only(int64_t day) {
    calendar_day at = look_at(day);
    if (at.date.month == 10)
        return is_nth(&at, MONDAY, 2);
    return at.date.month == 11 &&
           (at.date.day == 11 || (at.date.day == 12 && at.weekday == MONDAY));
}
