/*
 * alpaca_session.h - one of Alpaca's streams for as long as the program runs: it reconnects, and
 * what was missed meanwhile is fetched by REST, in order and once, or told as missing.
 *
 *     STOPPED --tw_alpaca_session_start--> WAITING --pause over--> CONNECTING --ready--> MENDING
 *     MENDING --all that was missed is told--> UP                   (at once if nothing was)
 *     CONNECTING, MENDING, UP --stream or mending lost--> WAITING, or FAILED if it is for good
 *     any --tw_alpaca_session_stop--> STOPPED
 *
 * The pauses and their end are those of reconnect.h; a refusal for good (credentials, plan, too
 * many symbols) is not tried again.
 *
 * Market data. After a reconnect the trades and minute bars since the last ones are fetched while
 * live ones wait, and what has come already is left out; then the live ones follow. For each
 * channel on_gap tells from when, how many rows, and whether the gap is filled or why not. Quotes
 * are not fetched (the next one is as good), books begin anew by themselves.
 *
 * Trading. At the start the newest 500 orders and those that are open are the starting point and
 * told as on_order. After a reconnect all orders that may have changed are asked for; what was
 * filled of them meanwhile comes as one update an order, without an execution id (alpaca_fills.h).
 * Updates that are repeated never come twice. The session is not UP before all this is done: a
 * question without an answer is a lost connection.
 *
 * Memory: all at creation but the stream's socket and a fetch while it runs. What waits during
 * mending is bounded: too many live records end the mending of market data (the gap is told, not
 * filled), too many updates lose the connection (and all is asked for again). Threads: everything
 * belongs to the loop's thread; callbacks come from the loop.
 */
#ifndef TRADEWIND_ALPACA_SESSION_H
#define TRADEWIND_ALPACA_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "tradewind/alpaca_client.h"
#include "tradewind/alpaca_fills.h"
#include "tradewind/alpaca_stream.h"
#include "tradewind/api.h"
#include "tradewind/reconnect.h"

typedef struct tw_alpaca_session tw_alpaca_session;

typedef enum tw_alpaca_session_state {
    TW_ALPACA_SESSION_STOPPED = 0,
    TW_ALPACA_SESSION_WAITING,
    TW_ALPACA_SESSION_CONNECTING,
    TW_ALPACA_SESSION_MENDING,
    TW_ALPACA_SESSION_UP,
    TW_ALPACA_SESSION_FAILED
} tw_alpaca_session_state;

/* Zero means the default where one is named. */
typedef struct tw_alpaca_session_config {
    tw_alpaca_stream_config stream;
    tw_reconnect_config reconnect;
    tw_alpaca_client
        *client;        /* of the trading stream it is needed; of market data NULL: gaps are told
                           and not filled. Borrowed; free it before the session or later */
    uint64_t seed;      /* of how pauses are spread */
    const char *feed;   /* of the histories that gaps are filled from, as a fetch; copied */
    int64_t gap_ns_max; /* longer gaps are not filled; 0: 1 h */
    int64_t gap_overlap_ns;  /* trades are asked for from so long before the last record; 0: 2 s */
    int64_t gap_patience_ns; /* of the fetch; 0: 20 s */
    uint32_t waiting_count_max;    /* live records during mending; 0: 65536, or 1024 updates */
    uint32_t remembered_count_max; /* trades and bars that are known again; 0: 65536 */
    tw_alpaca_fills_config fills;  /* of a trading session */
} tw_alpaca_session_config;

/* What was missed on one channel, once it has been dealt with. Borrowed for the callback. */
typedef struct tw_alpaca_gap {
    uint16_t channel; /* tw_alpaca_channel; 0: the updates of the trading stream */
    bool filled;
    tw_status status;        /* why it is not filled; TW_OK */
    const char *message;     /* a sentence; "" */
    int64_t from_ns;         /* venue's time of the first that is asked for; 0: not known */
    int64_t span_ns;         /* how long nothing was heard, by our clock */
    uint64_t row_count;      /* passed on to fill it */
    uint64_t repeated_count; /* fetched and known already */
} tw_alpaca_gap;

/* Each may be NULL. Records as in alpaca_stream.h; `received_ns` of those that fill a gap is 0. A
 * callback may stop the session, not free it. */
typedef struct tw_alpaca_session_callbacks {
    void *context;
    void (*on_up)(void *context);
    /* Another attempt follows after `pause_ns`. */
    void (*on_down)(void *context, tw_status status, const char *reason, int64_t pause_ns);
    /* It has ended for good; it may be started again. */
    void (*on_failed)(void *context, tw_status status, const char *reason);
    void (*on_gap)(void *context, const tw_alpaca_gap *gap);
    void (*on_trade)(void *context, const tw_trade *trade, int64_t received_ns);
    void (*on_quote)(void *context, const tw_quote *quote, int64_t received_ns);
    void (*on_bar)(void *context, const tw_bar *bar, int64_t received_ns);
    void (*on_level)(void *context, const tw_level *level, int64_t received_ns);
    /* An order of the starting point. */
    void (*on_order)(void *context, const tw_alpaca_order *order);
    void (*on_order_update)(void *context, const tw_alpaca_order_update *update,
                            int64_t received_ns);
    /* What the stream says beside: corrections, cancels, halts. As it comes, and not made up for.
     */
    void (*on_record)(void *context, const tw_alpaca_record *record, int64_t received_ns);
} tw_alpaca_session_callbacks;

typedef struct tw_alpaca_session_stats {
    tw_reconnect_stats reconnect;
    tw_alpaca_stream_counts stream;
    tw_alpaca_fills_stats fills;
    uint64_t gap_count;
    uint64_t gap_unfilled_count;
    uint64_t gap_row_count;      /* passed on to fill gaps */
    uint64_t gap_repeated_count; /* known already */
    uint64_t dropped_count; /* live records that waited and were given up for a fetch to bring */
    int64_t gap_ns;         /* sum of the gaps' spans */
} tw_alpaca_session_stats;

TW_BEGIN_DECLS

/* A stopped session. `loop` and `symbols` are borrowed. TW_INVALID (the stream's configuration, a
 * trading stream without a client), TW_RANGE (limits), TW_NO_MEMORY. */
TW_API tw_status tw_alpaca_session_new(const tw_allocator *allocator, tw_loop *loop,
                                       const tw_alpaca_session_config *config,
                                       const tw_alpaca_session_callbacks *callbacks,
                                       tw_symbols *symbols,
                                       tw_alpaca_session **ret_session) TW_MUST_CHECK;

/* Ends it without a callback. A question that is still at the client keeps the memory until it has
 * ended. Not from inside its callbacks. NULL is ignored. */
TW_API void tw_alpaca_session_free(tw_alpaca_session *session);

/* Begins. TW_STATE unless STOPPED or FAILED, TW_FULL (the loop has no timer left). */
TW_API tw_status tw_alpaca_session_start(tw_alpaca_session *session) TW_MUST_CHECK;

/* Closes at once; nobody is told. What it knows is kept for the next start. */
TW_API void tw_alpaca_session_stop(tw_alpaca_session *session);

/* How long a channel may be quiet: tw_alpaca_stream_expect. */
TW_API tw_status tw_alpaca_session_expect(tw_alpaca_session *session, uint16_t channel,
                                          int64_t span_ns) TW_MUST_CHECK;

TW_API tw_alpaca_session_state tw_alpaca_session_state_of(const tw_alpaca_session *session);
TW_API tw_alpaca_session_stats tw_alpaca_session_stats_of(const tw_alpaca_session *session);

TW_END_DECLS

TW_DEFINE_AUTO(tw_alpaca_session, tw_alpaca_session_free)

#endif
