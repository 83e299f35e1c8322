/*
 * tick_walk.h - all that is known of a symbol's trades or quotes, forwards or backwards.
 *
 *     made of the history's minutes (made_ticks.h) | the market's own since its first day
 *
 * Each has a number that grows with the time: the id of a made trade (its quote has the same), else
 * that of record_series.h. Which of the two a number is follows from its time.
 *
 * Threads: a reader of the exchange.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_TICK_WALK_H
#define TRADEWIND_RUN_EXCHANGE_TICK_WALK_H

#include "exchange_priv.h"

typedef struct tick_range {
    bool quotes; /* else trades */
    bool descending;
    bool resumed;    /* behind the record of this time and number, in the range's direction */
    int64_t from_ns; /* both ends are inclusive */
    int64_t to_ns;
    int64_t behind_ns;
    uint64_t behind_number;
} tick_range;

/* Takes a tw_trade or a tw_quote; false: no more, please. */
typedef bool (*tick_sink)(void *context, const void *record, int64_t time_ns, uint64_t number);

/* Gives the records of a range to the sink. False: the sink wanted no more. */
bool tick_walk(const tw_exchange *exchange, tw_symbol symbol, const tick_range *range,
               tick_sink sink, void *context);

/* The newest trade (that stands) or quote at or before a point in time; false without one. */
bool tick_newest_trade(const tw_exchange *exchange, tw_symbol symbol, int64_t at_ns,
                       tw_trade *ret_trade);
bool tick_newest_quote(const tw_exchange *exchange, tw_symbol symbol, int64_t at_ns,
                       tw_quote *ret_quote);

#endif
