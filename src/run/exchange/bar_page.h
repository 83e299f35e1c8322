/*
 * bar_page.h - one page of bars, filled symbol by symbol until it is full.
 *
 * Daily bars come from the history. Intraday bars come from the minutes of each day of the history
 * before the exchange's first day (intraday.h), and from then on from the floor's own minutes; both
 * are rolled up on the way out.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_BAR_PAGE_H
#define TRADEWIND_RUN_EXCHANGE_BAR_PAGE_H

#include "exchange_priv.h"

typedef struct bar_page {
    tw_bar *bars; /* [limit] */
    uint64_t count;
    uint64_t limit;
    char token[64]; /* "<time>-<symbol>" of the bar at which the next page begins; empty: this is
                       the last page */
} bar_page;

/* Which bars; both ends are inclusive and are of a bar's own time. */
typedef struct bar_range {
    int64_t timeframe_ns;
    int64_t from_ns;
    int64_t to_ns;
} bar_range;

/* Adds the bars of a symbol. False: the page is full, and `token` says where the next begins. */
bool bar_page_add(bar_page *page, const tw_exchange *exchange, tw_symbol symbol,
                  const bar_range *range);

#endif
