/*
 * history_query.h - what a call for market data of the past asks for.
 *
 * The parameters of /v2/stocks/{bars,trades,quotes,auctions} and their single-symbol forms, checked
 * as the venue checks them: a mistake is answered 400 with a message that names it.
 *
 * A page token is the last record of the page before, in base-64 as the venue's is:
 * "AAPL|M|2022-01-03T09:00:00.000000000Z" for bars and auctions,
 * "AAPL|2022-04-11T12:00:36.002951946Z|17" for trades and quotes, whose third part is the record's
 * number (record_series.h).
 */
#ifndef TRADEWIND_RUN_EXCHANGE_HISTORY_QUERY_H
#define TRADEWIND_RUN_EXCHANGE_HISTORY_QUERY_H

#include "bar_frame.h"
#include "exchange_priv.h"

#define HISTORY_LIMIT_MAX 10000
#define FEED_DELAY_NS (15 * TW_NS_PER_MINUTE) /* of delayed_sip, and of sip on a basic plan */
#define HISTORY_TOKEN_SIZE 128                /* with the NUL */

typedef enum history_kind {
    HISTORY_BARS,
    HISTORY_TRADES,
    HISTORY_QUOTES,
    HISTORY_AUCTIONS,
    HISTORY_LATEST /* symbols, feed and currency alone */
} history_kind;

/* sip and iex are the market; of the others delayed_sip is the market 15 minutes ago, and nothing
 * trades here over the counter or overnight (boats, overnight). */
typedef enum history_feed {
    FEED_SIP,
    FEED_IEX,
    FEED_OTC,
    FEED_BOATS,
    FEED_DELAYED_SIP,
    FEED_OVERNIGHT
} history_feed;

typedef struct history_query {
    history_kind kind;
    history_feed feed;
    bool single; /* one symbol, named by the path */
    bool descending;
    bool has_currency;
    bool resumed;    /* there is a token */
    bar_frame frame; /* HISTORY_BARS */
    int64_t from_ns; /* inclusive both */
    int64_t to_ns;   /* HISTORY_LATEST: as of then */
    uint64_t limit;
    tw_symbol token_symbol; /* where to go on, behind this record */
    int64_t token_ns;
    uint64_t token_number;
    uint32_t symbol_count;
    tw_symbol symbols[SYMBOL_COUNT_MAX]; /* distinct, by name; unknown ones are left out */
} history_query;

/* Reads the parameters of a call; `*ret_query` is large. False: it was answered. */
bool history_query_read(exchange_call *call, history_kind kind, bool single,
                        history_query *ret_query);

/* Writes the token that goes on behind a record. */
void history_token(const tw_exchange *exchange, const history_query *query, tw_symbol symbol,
                   int64_t time_ns, uint64_t number, char token[HISTORY_TOKEN_SIZE]);

#endif
