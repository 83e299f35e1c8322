/*
 * bar_walk.h - all that is known of a symbol's prices, as bars of any timeframe.
 *
 *     daily history | the days since the exchange began | the minute that is not over
 *     its minutes   | the minutes since then            |
 *
 * Threads: a reader of the exchange.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_BAR_WALK_H
#define TRADEWIND_RUN_EXCHANGE_BAR_WALK_H

#include "bar_fold.h"
#include "exchange_priv.h"

/* Gives the bars of a range to the sink, from the oldest or, descending, from the newest; a bar in
 * progress among them. False: the sink wanted no more. */
bool bar_walk(const tw_exchange *exchange, tw_symbol symbol, const bar_range *range, bar_sink sink,
              void *context);

#endif
