/*
 * alpaca_fetch.h - histories of bars, trades and quotes: many symbols, cut into parts that are
 * fetched at once and handed over in an order that does not depend on timing.
 *
 *     symbols x time --cut--> parts (symbols of one request x a span of time)
 *
 *     part 0   page, page, page ...         at most `in_flight_max` parts are open; of each one
 * page part 1   page ...                     is asked for or held, and only the oldest part's pages
 *     part 2   page ...                     are handed over, so that memory is bounded
 *
 * A part of several symbols that the venue refuses is asked for again symbol by symbol: the bad
 * symbol stands alone. A page token that repeats ends its part with TW_PROTOCOL.
 *
 * With `patience_ns` a fetch outlives a venue that is away, slow or throttling: what failed waits
 * and is asked for again, one request at a time with growing delays (or when the venue's rate limit
 * is told to be new), and everything goes on with the first answer. When no answer has come for
 * `patience_ns`, the fetch ends with the last failure. Without patience a failure ends its part.
 *
 * Memory: all of it when the fetch begins: in_flight_max pages of page_limit rows (about 100 bytes
 * a row). Cost: one decoded copy of a row. Threads: the loop's.
 */
#ifndef TRADEWIND_ALPACA_FETCH_H
#define TRADEWIND_ALPACA_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tradewind/alpaca_client.h"
#include "tradewind/api.h"
#include "tradewind/market.h"
#include "tradewind/status.h"

#define TW_ALPACA_PAGE_LIMIT_MAX 10000
#define TW_ALPACA_FETCH_LANE_COUNT_MAX 256

typedef enum tw_alpaca_history {
    TW_ALPACA_HISTORY_BARS = 0,
    TW_ALPACA_HISTORY_TRADES,
    TW_ALPACA_HISTORY_QUOTES
} tw_alpaca_history;

/* Zero means the default where one is named. */
typedef struct tw_alpaca_fetch_query {
    tw_alpaca_history history;
    const tw_symbol *symbols; /* indices of the client's table; copied */
    size_t symbol_count;
    int64_t timeframe_ns;         /* of bars */
    int64_t start_ns;             /* inclusive */
    int64_t end_ns;               /* inclusive; 0: now, with span_ns 0 only */
    int64_t span_ns;              /* of time in a part; 0: all of it */
    int64_t patience_ns;          /* see above; 0: none */
    int64_t retry_delay_ns;       /* the first, doubling up to 32 times itself; 0: 250 ms */
    const char *feed;             /* "iex", "sip"; NULL: the best that the plan allows */
    const char *adjustment;       /* of bars: "raw", "split", "all"; NULL: raw */
    uint32_t symbols_per_request; /* 0: 50 */
    uint32_t in_flight_max;       /* parts at once, up to 256; 0: 4 */
    uint32_t page_limit;          /* rows a page, 1 to 10000; 0: 10000 */
} tw_alpaca_fetch_query;

/* What one request and its further pages ask for. Borrowed for the callback. */
typedef struct tw_alpaca_part {
    const tw_symbol *symbols;
    size_t symbol_count;
    int64_t start_ns; /* inclusive */
    int64_t end_ns;   /* inclusive; 0: now */
} tw_alpaca_part;

/* All optional but on_done. Called from the loop only, never from within tw_alpaca_fetch_new. */
typedef struct tw_alpaca_fetch_callbacks {
    void *context;
    /* A page, sorted by symbol as the venue sorts, then by time. The one of the history's kind. */
    void (*on_bars)(void *context, const tw_bar *bars, size_t count);
    void (*on_trades)(void *context, const tw_trade *trades, size_t count);
    void (*on_quotes)(void *context, const tw_quote *quotes, size_t count);
    /* Before a part is asked for; false: it is left out, and on_part is not called for it. Parts
     * are asked for ahead of those that are handed over. */
    bool (*wants)(void *context, const tw_alpaca_part *part);
    /* A part has ended, well or not; its rows have been handed over. In the order of the parts: by
     * symbols, then by time. A refused part of several symbols is told symbol by symbol. */
    void (*on_part)(void *context, const tw_alpaca_part *part, const tw_alpaca_result *result,
                    uint64_t row_count);
    /* The venue does not answer or throttles; the fetch goes on after `delay_ns`. */
    void (*on_wait)(void *context, const tw_alpaca_result *result, int64_t delay_ns);
    /* Once: TW_OK if every part ended well, else the first failure. The fetch is gone after it. */
    tw_alpaca_done on_done;
} tw_alpaca_fetch_callbacks;

typedef struct tw_alpaca_fetch tw_alpaca_fetch;

typedef struct tw_alpaca_fetch_figures {
    uint64_t requests; /* pages that were asked for */
    uint64_t retries;  /* of them again */
    uint64_t bytes;    /* of answers, as decoded from their transfer */
    uint64_t rows;     /* handed over */
    uint64_t parts;    /* ended or left out */
    uint64_t part_count;
} tw_alpaca_fetch_figures;

TW_BEGIN_DECLS

/*
 * Begins a fetch; it takes one of the client's calls for each part in flight. `*ret_fetch` (may be
 * NULL) lives until on_done has returned. TW_INVALID: no symbols, no time frame, a limit or word
 * out of range, a span without an end, an end before the start. TW_FULL: the client has too few
 * calls free. TW_NO_MEMORY. Ending the client ends its fetches: on_done with TW_CANCELLED.
 */
TW_API tw_status tw_alpaca_fetch_new(tw_alpaca_client *client, const tw_alpaca_fetch_query *query,
                                     const tw_alpaca_fetch_callbacks *callbacks,
                                     tw_alpaca_fetch **ret_fetch) TW_MUST_CHECK;

/* Ends a fetch without a further callback, from inside one of its own (but on_done) too: the page
 * being handed over is its last. NULL is ignored. */
TW_API void tw_alpaca_fetch_cancel(tw_alpaca_fetch *fetch);

TW_API tw_alpaca_fetch_figures tw_alpaca_fetch_figures_of(const tw_alpaca_fetch *fetch);

TW_END_DECLS

#endif
