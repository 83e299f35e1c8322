/*
 * session.h - when New York trades: offsets from UTC, trading days, the day's hours.
 *
 * The United States rule in force since 2007 is used for every year: daylight saving from the
 * second Sunday of March 02:00 to the first Sunday of November 02:00 (Energy Policy Act of
 * 2005). Days are Monday to Friday; exchange holidays are not known here.
 *
 * Threads: all functions are pure.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_SESSION_H
#define TRADEWIND_RUN_EXCHANGE_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "tradewind/time.h"

/* Seconds east of UTC in New York at a point in time: -18000, or -14400 in summer. */
int32_t session_offset_seconds(int64_t time_ns);

/* The point in time of a New York wall-clock time on a day (days since 1970-01-01). */
int64_t session_time_of(int64_t day, int32_t hour, int32_t minute);

/* The New York day of a point in time. */
int64_t session_day_of(int64_t time_ns);

/* True from Monday to Friday. */
bool session_is_trading_day(int64_t day);

/* The first trading day after / before `day`. */
int64_t session_next_trading_day(int64_t day);
int64_t session_previous_trading_day(int64_t day);

/* The next regular opening (09:30) and closing (16:00) strictly after a point in time. */
int64_t session_next_open(int64_t time_ns);
int64_t session_next_close(int64_t time_ns);

#endif
