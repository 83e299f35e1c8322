/*
 * activity.h - how busy a market is: over the day, and from one symbol to the next.
 *
 * Over the regular session the number of orders is a U: at the opening and the close twice the
 * session's mean, at noon half of it (Jain and Joh, The Dependence between Hourly Prices and
 * Trading Volume, 1988). Before and after it a twentieth of the mean comes.
 *
 * Among symbols the law is Zipf's with Mandelbrot's offset: the symbol of rank r, counted from 0,
 * has a share in proportion to 1 / (r + ACTIVITY_OFFSET + 1). Of 5,000 the first has 0.9 % of all
 * orders, a hundred times as many as the last hundred have each.
 *
 * Threads: pure.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_ACTIVITY_H
#define TRADEWIND_RUN_EXCHANGE_ACTIVITY_H

#include <stdint.h>

#define ACTIVITY_OFFSET 20
#define ACTIVITY_NIGHT_NS INT64_C(302400000000000) /* a Sunday: the market is closed */

/* How many orders come at a point in time, over the mean of a regular session. Never 0: while the
 * market is closed it is that of a regular session at noon, for a market that never closes. */
double activity_at(int64_t time_ns);

/* The sum that shares among `count` symbols are over, and one symbol's share. */
double activity_shares(uint32_t count);
double activity_share(uint32_t rank, double shares);

#endif
