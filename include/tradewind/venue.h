/*
 * venue.h - the engine's feed and broker over Alpaca's wire: real venue or simulated exchange.
 *
 * A venue owns an event loop, one HTTP client and both streams. It runs in a network thread of its
 * own and shares nothing with the engine's thread but three rings: market events, venue events and
 * commands. In stepped mode one thread does everything and the order of events is fixed.
 *
 *   STOPPED --tw_venue_start--> CONNECTING --both streams ready--> READING --snapshot read--> UP
 *   CONNECTING, READING, UP --a stream or call is lost--> DOWN --backoff over--> CONNECTING
 *   any --credentials refused, or away longer than patience--> FAILED
 *
 *   venue_enter names each edge; entering UP, DOWN and FAILED tells the engine.
 *
 * An outage is told once: one TW_VENUE_DOWN, whatever attempts fail after it, and with TW_VENUE_UP
 * how long it lasted. The venue's time stands still meanwhile, because nobody tells it: a simulated
 * venue's clock may have stood still, too, and what was made up could not be taken back.
 *
 * Every time the connection is made anew, account, positions and open orders are read and told as
 * a snapshot before TW_VENUE_UP. A market ring that is full is treated like a lost stream: what was
 * dropped is counted and everything is read anew, so a book is never silently wrong.
 *
 * Memory: rings, history and call slots at creation.
 * Threads: tw_venue_turn and tw_venue_step belong to the network thread; the ports to the engine's.
 */
#ifndef TRADEWIND_VENUE_H
#define TRADEWIND_VENUE_H

#include <stdbool.h>
#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/breaker_set.h"
#include "tradewind/engine.h"
#include "tradewind/error.h"
#include "tradewind/flight.h"
#include "tradewind/histogram.h"
#include "tradewind/market.h"

/* A request of the engine that has ended. Borrowed for the call. */
typedef struct tw_venue_call {
    const char *what;            /* "submit", "cancel", "query" */
    const char *client_order_id; /* of its order */
    tw_status status;
    int64_t elapsed_ns;
} tw_venue_call;

/* The connection was lost, an attempt to make it again has failed, or it is back. Borrowed for the
 * call. */
typedef struct tw_venue_news {
    bool up;
    uint32_t attempts;  /* since the loss; 0: it has just been lost */
    int64_t away_ns;    /* monotonic, since the loss */
    const char *reason; /* why it is not up; empty when it is */
} tw_venue_news;

typedef struct tw_venue_config {
    const char *trading_url;        /* "http://127.0.0.1:8765" */
    const char *data_url;           /* usually another host; the same for the exchange */
    const char *data_stream_url;    /* "ws://127.0.0.1:8765/v2/iex" */
    const char *trading_stream_url; /* "ws://127.0.0.1:8765/stream" */
    const char *key_id;
    const char *secret; /* copied, wiped at the end, never told */
    bool stepped;       /* time moves by tw_venue_step only */
    bool levels;        /* subscribe to order books instead of quotes (simulated exchange) */
    bool passing;       /* the account ends with the run: it is given no identity */
    uint32_t symbol_count;
    uint32_t history_days;
    uint32_t market_ring_count; /* 0: 131072 */
    double speed;               /* of the venue's clock against ours; 1 but for a simulation */
    uint32_t trace_every;       /* one market event in so many (and one after a tenth of a second
                                   without) is marked to have its stages timed,
                                   by the engine too; 0: none */
    tw_flight *flight;          /* losses and ends of requests are noted there; may be NULL */
    int64_t patience_ns;        /* how long it may be away before it has failed; 0: 20 s */
    /* Called on the network thread when new events wait; may be NULL. */
    void (*on_events)(void *context);
    /* The same when a request has ended. */
    void (*on_call)(void *context, const tw_venue_call *call);
    /* The same of an outage; the first connection is none if it comes about at once. */
    void (*on_news)(void *context, const tw_venue_news *news);
    void *context;
} tw_venue_config;

typedef struct tw_venue_counts {
    uint64_t market_events;
    uint64_t market_dropped;
    uint64_t requests; /* orders, cancels, queries, snapshots and pages */
    uint64_t connects;
    uint64_t history_bars;
} tw_venue_counts;

/* Where the time of the wire goes. */
typedef enum tw_venue_stage {
    TW_VENUE_STAGE_DECODE,    /* from the bytes of a market event to its ring; marked ones */
    TW_VENUE_STAGE_LATE,      /* how late the loop was for a timer of 100 ms; what it missed as it
                                 stood still counts too (tw_histogram_record_intended) */
    TW_VENUE_STAGE_HAND_OVER, /* from the engine's command to the begin of its request */
    TW_VENUE_STAGE_SUBMIT,    /* requests by kind, until the answer is decoded */
    TW_VENUE_STAGE_CANCEL,
    TW_VENUE_STAGE_QUERY,
    TW_VENUE_STAGE_HTTP_QUEUE, /* all requests: those of http.h (tw_http_stage) */
    TW_VENUE_STAGE_HTTP_NAME,
    TW_VENUE_STAGE_HTTP_CONNECT,
    TW_VENUE_STAGE_HTTP_TLS,
    TW_VENUE_STAGE_HTTP_FIRST_BYTE,
    TW_VENUE_STAGE_HTTP_TOTAL,
    TW_VENUE_STAGE_COUNT
} tw_venue_stage;

typedef struct tw_venue_stream_figures {
    uint64_t frames;
    uint64_t records;
    uint64_t bad;   /* messages that could not be understood */
    uint64_t opens; /* times it became ready */
    uint64_t stale; /* times a quiet channel ended it */
} tw_venue_stream_figures;

/* What stands before the requests of a class of routes, over all hosts. */
typedef struct tw_venue_route_figures {
    tw_breaker_state breaker; /* of the host that is worst off: OPEN, HALF_OPEN, else */
    uint64_t rejected;        /* by breakers */
    uint64_t opened;          /* times that one opened */
    uint64_t failures;
} tw_venue_route_figures;

/* Counts since creation, and what there is now. */
typedef struct tw_venue_figures {
    bool up;
    int64_t heard_ns; /* monotonic: when the newest market data arrived; 0: none has */
    uint64_t market_events;
    uint64_t market_dropped; /* the ring was full */
    uint64_t connects;
    uint64_t losses;
    uint32_t market_waiting; /* for the engine */
    uint32_t events_waiting;
    uint32_t commands_waiting; /* for a place */
    tw_venue_stream_figures data;
    tw_venue_stream_figures trading;

    uint64_t requests;
    uint64_t answers[6]; /* 1xx to 5xx at 1 to 5, others at 0 */
    uint64_t timeouts;
    uint64_t failures;
    uint64_t resends_refused; /* that libcurl would have sent again */
    uint64_t connections;     /* opened */
    uint64_t reused;          /* requests on a kept one */
    uint64_t sent_size;
    uint64_t received_size;
    uint32_t connections_open;
    uint32_t in_flight;
    uint32_t queued;

    /* Without guards (stepped mode) zero. */
    uint64_t attempts;
    uint64_t retries;
    uint64_t hedges;
    uint64_t hedges_won;
    uint64_t given_up;      /* calls that were not tried again */
    uint64_t limited;       /* calls that found no tokens or place in time */
    uint64_t limit_waiting; /* now */
    tw_venue_route_figures routes[TW_ROUTE_CLASS_COUNT];
} tw_venue_figures;

typedef struct tw_venue tw_venue;

TW_BEGIN_DECLS

/* Makes a venue for symbols 0 .. symbol_count-1 of the table, which is borrowed. TW_INVALID for a
 * missing URL (one that no socket understands fails at the start), TW_NO_MEMORY, TW_REFUSED for
 * secrets over plain HTTP to another host. */
TW_API tw_status tw_venue_new(const tw_allocator *allocator, const tw_venue_config *config,
                              tw_symbols *symbols, tw_venue **ret_venue,
                              tw_error *error) TW_MUST_CHECK;
TW_API void tw_venue_free(tw_venue *venue);

/* Begins to connect and to fetch the history. */
TW_API tw_status tw_venue_start(tw_venue *venue, tw_error *error) TW_MUST_CHECK;

/* Network thread: one cycle, waiting at most `wait_ns`. Failures of the venue are events, not
 * statuses; TW_IO means that the machine's own event loop failed. */
TW_API tw_status tw_venue_turn(tw_venue *venue, int64_t wait_ns, tw_error *error) TW_MUST_CHECK;

/*
 * Stepped mode: sends waiting commands one by one, moves the exchange's clock by `span_ns`, and
 * returns when everything that the exchange sent until then has been received and put in the rings:
 * market events in the exchange's order; then results; then order updates; then TW_VENUE_TIME.
 * `*ret_tape_ended` tells whether the exchange's tape is over. TW_TIMEOUT, TW_UNREACHABLE.
 */
TW_API tw_status tw_venue_step(tw_venue *venue, int64_t span_ns, bool *ret_tape_ended,
                               tw_error *error) TW_MUST_CHECK;

/* True while it is up and the whole history has been fetched. Network thread. */
TW_API bool tw_venue_ready(const tw_venue *venue);

/* Ends the wait of tw_venue_turn, from any thread. */
TW_API void tw_venue_wake(tw_venue *venue);

/* The engine's ports. They live as long as the venue. */
TW_API void tw_venue_ports(tw_venue *venue, tw_feed_port *ret_feed, tw_broker_port *ret_broker);

TW_API void tw_venue_counts_of(const tw_venue *venue, tw_venue_counts *ret_counts);

/* All of it, on the network thread: some hundred loads, and short locks of breakers and limiters.
 */
TW_API void tw_venue_figures_of(tw_venue *venue, tw_venue_figures *ret_figures);

/* Borrowed; may be read beside the network thread, as histogram.h says, until the venue is freed.
 */
TW_API const tw_histogram *tw_venue_stage_latency(const tw_venue *venue, tw_venue_stage stage);
/* "decode", "hand_over", "submit", ... Never NULL. */
TW_API const char *tw_venue_stage_name(tw_venue_stage stage);

TW_END_DECLS

TW_DEFINE_AUTO(tw_venue, tw_venue_free)

#endif
