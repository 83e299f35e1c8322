/*
 * market_past.h - what was traded and quoted since the exchange began: trades, quotes, minutes and
 * days.
 *
 * Kept are so many of each as the table below has for a symbol, but over all symbols together
 * (record_series.h) no more than its second row: a market of 5,000 symbols takes less than 300 MB.
 * What is older is forgotten.
 *
 *              trades     quotes     minutes    days
 *     a symbol 65,536     65,536     24,576     1,024
 *     in all   1,048,576  1,048,576  1,572,864  262,144
 *
 * Memory: all at creation, touched as it is used. Threads: one owner.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_MARKET_PAST_H
#define TRADEWIND_RUN_EXCHANGE_MARKET_PAST_H

#include "record_series.h"

typedef struct market_past {
    const tw_allocator *allocator;
    record_series *trades;  /* of tw_trade */
    record_series *quotes;  /* of tw_quote */
    record_series *minutes; /* of tw_bar, finished */
    record_series *days;    /* of tw_bar: the minutes above, by New York's days */
} market_past;

tw_status market_past_init(market_past *past, const tw_allocator *allocator,
                           uint32_t symbol_count) TW_MUST_CHECK;
void market_past_done(market_past *past);

/* Takes what the floor tells, in its order. */
void market_past_trade(market_past *past, const tw_trade *trade);
void market_past_quote(market_past *past, const tw_quote *quote);
void market_past_minute(market_past *past, const tw_bar *minute);

#endif
