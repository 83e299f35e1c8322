/*
 * session.h - when New York trades: offsets from UTC, trading days, the day's hours.
 *
 * Days are counted since 1970-01-01. A trading day has four borders: before 04:00 and after 20:00
 * nothing trades; regular trading is from 09:30 to 16:00. On a day that closes early (holidays.h)
 * regular trading ends at 13:00 and the evening at 17:00. Daylight saving follows the rules of the
 * United States since 1955, as New York kept them.
 *
 *     closed -- 04:00 -> pre-market -- 09:30 -> regular -- 16:00 -> after hours -- 20:00 -> closed
 *
 * Threads: all functions are pure. Cost: tens of nanoseconds.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_SESSION_H
#define TRADEWIND_RUN_EXCHANGE_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "tradewind/time.h"

typedef enum session_phase {
    SESSION_CLOSED,
    SESSION_PRE_MARKET,
    SESSION_REGULAR,
    SESSION_AFTER_HOURS
} session_phase;

/* The borders of a trading day as points in time; each belongs to the phase that it begins. */
typedef struct session_hours {
    int64_t pre_market_ns;
    int64_t open_ns;
    int64_t close_ns;
    int64_t end_ns; /* of after hours */
} session_hours;

/* Seconds east of UTC in New York at a point in time: -18000, or -14400 in summer. */
int32_t session_offset_seconds(int64_t time_ns);

/* The point in time of a New York wall-clock time on a day. A time that is skipped in spring is
 * read with winter's offset, one that comes twice in autumn with summer's. */
int64_t session_time_of(int64_t day, int32_t hour, int32_t minute);

/* The New York day of a point in time. */
int64_t session_day_of(int64_t time_ns);

/* True from Monday to Friday but for holidays. */
bool session_is_trading_day(int64_t day);

/* The first trading day after / before `day`. */
int64_t session_next_trading_day(int64_t day);
int64_t session_previous_trading_day(int64_t day);

/* The day on which a trade of `day` settles: the next (since 2024-05-28), the second (since
 * 2017-09-05), the third (since 1995-06-07) or the fifth day after it on which banks are open. */
int64_t session_settlement_day(int64_t day);

/* The hours of a day; false when nothing trades on it. */
bool session_hours_of(int64_t day, session_hours *ret_hours);

/* What trades at a point in time; `*ret_until_ns`, which may be NULL, is when that ends. */
session_phase session_phase_at(int64_t time_ns, int64_t *ret_until_ns);

/* The next regular opening and closing strictly after a point in time. */
int64_t session_next_open(int64_t time_ns);
int64_t session_next_close(int64_t time_ns);

#endif
