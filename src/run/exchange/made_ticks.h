/*
 * made_ticks.h - the trades and quotes of a minute of the past, made from its bar and a seed.
 *
 * The bar that its trades make is the minute itself: as many of them, the first at its open and the
 * last at its close, none beyond its high and low, and their sizes and values sum to its volume and
 * its mean price, exactly. Before each trade stands a quote at one of whose sides it is made.
 *
 * Each is made by itself, from the place that it has in its minute: nothing is kept, and the same
 * seed, symbol, minute and place give the same.
 *
 * Threads: pure. Cost: a few divisions each.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_MADE_TICKS_H
#define TRADEWIND_RUN_EXCHANGE_MADE_TICKS_H

#include "tradewind/market.h"

typedef struct made_minute {
    const tw_bar *bar; /* of a minute of intraday.h; borrowed */
    uint64_t seed;
    uint64_t first_id; /* of its first trade; the others follow */
} made_minute;

/* The id before a day's first trade. Those of days and of the market's own trades never meet. */
uint64_t made_day_id(int64_t day);

/* When its k-th trade or quote is (k below the bar's count); both never go back with k. */
int64_t made_trade_time(const made_minute *minute, uint64_t k);
int64_t made_quote_time(const made_minute *minute, uint64_t k);

void made_trade(const made_minute *minute, uint64_t k, tw_trade *ret_trade);
void made_quote(const made_minute *minute, uint64_t k, tw_quote *ret_quote);

#endif
