/*
 * history_page.h - one page of bars, trades or quotes, written straight into the answer's body.
 *
 * Records come by symbol, then time; the limit counts them over all symbols. A page knows that
 * there is more only when the record after its last one is offered, so the last page has no token.
 *
 *     {"bars":{"AAPL":[...],"MSFT":[...]},"next_page_token":null}
 *     {"bars":[...],"symbol":"AAPL","next_page_token":"QUFQTHxN..."}
 */
#ifndef TRADEWIND_RUN_EXCHANGE_HISTORY_PAGE_H
#define TRADEWIND_RUN_EXCHANGE_HISTORY_PAGE_H

#include "history_query.h"

typedef struct history_page {
    const tw_exchange *exchange;
    const history_query *query;
    tw_text *body;
    uint64_t count;
    bool more;             /* the page is full, and there is more */
    tw_symbol last_symbol; /* of the newest record; TW_SYMBOL_NONE before the first */
    int64_t last_ns;
    uint64_t last_number;
} history_page;

void history_page_begin(history_page *page, exchange_call *call, const history_query *query,
                        const char *name);

/* Makes room for a record of a symbol: the caller writes it. False: the page is full. */
bool history_page_next(history_page *page, tw_symbol symbol, int64_t time_ns, uint64_t number);

/* Ends the page and answers the call. */
void history_page_end(history_page *page, exchange_call *call);

#endif
