/*
 * intraday.h - the minutes of a day of the past, made from its daily bar and a seed.
 *
 * They add up to the day: the first opens at its open, the last closes at its close, the highest
 * and the lowest touch its high and low, and volumes and counts sum to its own. Prices between
 * are a random walk that is bent to end where the day does (a Brownian bridge), in cents; volume is
 * largest near the opening and the close.
 *
 * Threads: pure. Cost: about 10 us a day.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_INTRADAY_H
#define TRADEWIND_RUN_EXCHANGE_INTRADAY_H

#include <stdint.h>

#include "tradewind/market.h"

#define INTRADAY_MINUTE_COUNT 390 /* 09:30 to 16:00 in New York; the most there are */

/* Writes the minutes of `day` (a daily bar) in the order of time and returns how many there are:
 * INTRADAY_MINUTE_COUNT, fewer on a day that closes early, or 1 on a day with less than a share a
 * minute. The same seed, symbol and
 * day always give the same. */
uint32_t intraday_minutes(const tw_bar *day, uint64_t seed,
                          tw_bar ret_minutes[INTRADAY_MINUTE_COUNT]);

#endif
