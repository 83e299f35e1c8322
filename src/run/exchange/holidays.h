/*
 * holidays.h - the weekdays on which New York's stock exchanges do not trade, or close early.
 *
 * The rules are those of NYSE Rule 7.2 and its holiday schedules: New Year's Day, Martin Luther
 * King Jr. Day (since 1998), Washington's Birthday, Good Friday, Memorial Day, Juneteenth (since
 * 2022), Independence Day, Labor Day, Thanksgiving and Christmas; a Saturday's holiday is observed
 * on Friday and a Sunday's on Monday, but no Friday stands in for a New Year's Day on Saturday.
 * Beside the rules stand the days of mourning, of September 2001 and of the hurricane of 2012, and
 * planned early closes. Halts and late openings that nobody had planned are not here.
 *
 * The rules are right from 1990 on; earlier years follow those of 1990.
 *
 * Threads: pure. Cost: a few divisions a call.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_HOLIDAYS_H
#define TRADEWIND_RUN_EXCHANGE_HOLIDAYS_H

#include <stdbool.h>
#include <stdint.h>

/* True on a holiday; of weekends it says nothing. Days are counted since 1970-01-01. */
bool holidays_closed(int64_t day);

/* When regular trading ends on a trading day, in minutes after midnight: 960 (16:00), or 780
 * (13:00) or 840 (14:00) on a day that closes early. */
int32_t holidays_close_minute(int64_t day);

/* True on Columbus Day and Veterans Day, on which stocks trade but nothing settles, because banks
 * are closed. */
bool holidays_banks_only(int64_t day);

#endif
