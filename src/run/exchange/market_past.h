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

/* The mark of a trade that is not on the tape yet: it is told nowhere. */
#define PAST_UNREPORTED UINT8_MAX

/* True if a trade counts: it is on the tape, and neither cancelled nor replaced. */
bool past_trade_counts(const tw_trade *trade);

/* Takes what the floor tells, in its order. A minute whose count is 0 keeps the place of one that
 * no trade is told of yet. */
void market_past_trade(market_past *past, const tw_trade *trade);
void market_past_quote(market_past *past, const tw_quote *quote);
void market_past_minute(market_past *past, const tw_bar *minute);

/* The number of a symbol's newest trade (record_series.h), and a trade by its number: NULL once it
 * is forgotten. */
uint64_t market_past_trade_number(const market_past *past, tw_symbol symbol);
tw_trade *market_past_trade_at(market_past *past, tw_symbol symbol, uint64_t number);

/* Makes a minute anew from its trades that count; its count is 0 without any. False: some of its
 * trades are forgotten. */
bool market_past_remake(const market_past *past, tw_symbol symbol, int64_t minute_ns,
                        tw_bar *ret_minute);

/* Puts a remade minute in the place of what it was, and makes its day anew unless some of the
 * day's minutes are forgotten. Writes both as they are now; false: the minute is forgotten. */
bool market_past_revise(market_past *past, const tw_bar *minute, tw_bar *ret_minute,
                        tw_bar *ret_day);

#endif
