/*
 * past_minutes.h - the minutes of the history's days, and its hours, made when they are asked for
 * and remembered for a while.
 *
 * Remembered are the minutes of PAST_MINUTE_DAY_MAX days and the hours of PAST_HOUR_DAY_MAX days
 * (as many as the default history of twenty symbols has), those that were asked for last. What is
 * forgotten is made again, and is the same.
 *
 * Memory: about 25 MB, at creation, touched as it is used. Threads: one owner.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_PAST_MINUTES_H
#define TRADEWIND_RUN_EXCHANGE_PAST_MINUTES_H

#include "bar_fold.h"
#include "intraday.h"
#include "tradewind/alloc.h"

#define PAST_MINUTE_DAY_MAX 256
#define PAST_HOUR_DAY_MAX 16384
#define PAST_HOUR_COUNT_MAX 8 /* a session of six hours and a half touches so many, or fewer */

typedef struct past_minutes past_minutes;

typedef struct minutes_of_day {
    uint32_t count;
    tw_bar bars[INTRADAY_MINUTE_COUNT];
} minutes_of_day;

/* An hour keeps the exact turnover of its minutes, for bars that are made of hours. */
typedef struct hours_of_day {
    bar_part parts[PAST_HOUR_COUNT_MAX];
    uint32_t count;
} hours_of_day;

/* TW_NO_MEMORY. */
tw_status past_minutes_new(const tw_allocator *allocator, uint64_t seed,
                           past_minutes **ret_past) TW_MUST_CHECK;
void past_minutes_free(past_minutes *past);

/* Of a daily bar, in the order of time; borrowed until the next call. */
const minutes_of_day *past_minutes_of(past_minutes *past, const tw_bar *day);
const hours_of_day *past_hours_of(past_minutes *past, const tw_bar *day);

#endif
