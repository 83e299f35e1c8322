/*
 * market_past.h - what was traded and quoted since the exchange began: trades, quotes, minutes and
 * days.
 *
 * Kept are so many of each as the table below has for a symbol, but over all symbols together
 * (record_series.h) no more than its second row: a market of 5,000 symbols takes less than 300 MB.
 * What is older is forgotten.
 *
 *              trades     quotes     minutes    days     prints of auctions
 *     a symbol 65,536     65,536     24,576     1,024    2,048
 *     in all   1,048,576  1,048,576  1,572,864  262,144  524,288
 *
 * A day opens, closes, and has its high and low in the regular session, with the auctions at its
 * ends; its volume is that of all hours. So are the days of the consolidated tape. A day on which
 * nothing has traded in the session has the prices of what has.
 *
 * Memory: all at creation, touched as it is used. Threads: one owner.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_MARKET_PAST_H
#define TRADEWIND_RUN_EXCHANGE_MARKET_PAST_H

#include "bar_fold.h"
#include "record_series.h"

/* A day and whether its prices are those of the session. */
typedef struct past_day {
    tw_bar bar;
    bar_wide turnover; /* of its minutes */
    bool in_session;   /* else only what came before the opening has traded */
} past_day;

typedef struct market_past {
    const tw_allocator *allocator;
    bool always_open;       /* every hour is of the session */
    record_series *trades;  /* of tw_trade */
    record_series *quotes;  /* of tw_quote */
    record_series *minutes; /* of tw_bar, finished */
    record_series *days;    /* of past_day: the minutes above, by New York's days */
    record_series *prints;  /* of tw_trade: what the auctions of opening and close came to */
} market_past;

tw_status market_past_init(market_past *past, const tw_allocator *allocator, uint32_t symbol_count,
                           bool always_open) TW_MUST_CHECK;
void market_past_done(market_past *past);

/* The mark of a trade that is not on the tape yet: it is told nowhere. */
#define PAST_UNREPORTED UINT8_MAX

/* True for the trade that an auction of the day came to. */
bool past_is_print(const tw_trade *trade);

/* True if a trade counts: it is on the tape, and neither cancelled nor replaced. */
bool past_trade_counts(const tw_trade *trade);

/* Takes what the floor tells, in its order. A minute whose count is 0 keeps the place of one that
 * no trade is told of yet. */
void market_past_trade(market_past *past, const tw_trade *trade);
void market_past_quote(market_past *past, const tw_quote *quote);
void market_past_minute(market_past *past, const tw_bar *minute);

/* The newest day with a minute that is not over joined to it; `now` may have no trade (count 0) or
 * be of a later day. False: neither has one. */
bool market_past_today(const market_past *past, const tw_bar *now, tw_bar *ret_day);

/* What the auction at a symbol's opening or close came to; false without one. */
bool market_past_print(const market_past *past, tw_symbol symbol, int64_t time_ns,
                       tw_trade *ret_print);

/* The number of a symbol's newest trade (record_series.h), and a trade by its number: NULL once it
 * is forgotten. */
uint64_t market_past_trade_number(const market_past *past, tw_symbol symbol);
tw_trade *market_past_trade_at(market_past *past, tw_symbol symbol, uint64_t number);

/* Makes a minute anew from its trades that count; its count is 0 without any. False: some of its
 * trades are forgotten. */
bool market_past_remake(const market_past *past, tw_symbol symbol, int64_t minute_ns,
                        tw_bar *ret_minute);

/* Puts a remade minute in the place of what it was, and makes its day anew unless some of the
 * day's minutes are forgotten. Writes the minute as it is now; false: it is forgotten. */
bool market_past_revise(market_past *past, const tw_bar *minute, tw_bar *ret_minute);

#endif
