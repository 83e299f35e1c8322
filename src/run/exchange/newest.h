/*
 * newest.h - a symbol's newest trade, quote, minute and days, now or as they were at a point in
 * time.
 *
 * Who sees the market late (the feed that is 15 minutes behind, quotes that stand still) sees it as
 * it was then. Before the market's first own record the history has one.
 *
 * Threads: a reader of the exchange.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_NEWEST_H
#define TRADEWIND_RUN_EXCHANGE_NEWEST_H

#include "exchange_priv.h"

typedef struct newest_days {
    tw_bar bars[2]; /* the newest first */
    uint32_t count;
} newest_days;

/* A trade that stands; a quote; a minute that is over. False without one. */
bool newest_trade(const tw_exchange *exchange, tw_symbol symbol, int64_t at_ns,
                  tw_trade *ret_trade);
bool newest_quote(const tw_exchange *exchange, tw_symbol symbol, int64_t at_ns,
                  tw_quote *ret_quote);
bool newest_minute(const tw_exchange *exchange, tw_symbol symbol, int64_t at_ns, tw_bar *ret_bar);

/* The newest day and the one before it. */
void newest_days_read(const tw_exchange *exchange, tw_symbol symbol, int64_t at_ns,
                      newest_days *ret_days);

#endif
