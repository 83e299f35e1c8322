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
#include "tradewind/engine.h"
#include "tradewind/error.h"
#include "tradewind/market.h"

typedef struct tw_venue_config {
    const char *trading_url;        /* "http://127.0.0.1:8765" */
    const char *data_url;           /* usually another host; the same for the exchange */
    const char *data_stream_url;    /* "ws://127.0.0.1:8765/v2/iex" */
    const char *trading_stream_url; /* "ws://127.0.0.1:8765/stream" */
    const char *key_id;
    const char *secret; /* copied, wiped at the end, never told */
    bool stepped;       /* time moves by tw_venue_step only */
    bool levels;        /* subscribe to order books instead of quotes (simulated exchange) */
    uint32_t symbol_count;
    uint32_t history_days;
    uint32_t market_ring_count; /* 0: 131072 */
    double speed;               /* of the venue's clock against ours; 1 but for a simulation */
    int64_t patience_ns;        /* how long it may be away before it has failed; 0: 20 s */
    /* Called on the network thread when new events wait; may be NULL. */
    void (*on_events)(void *context);
    void *context;
} tw_venue_config;

typedef struct tw_venue_counts {
    uint64_t market_events;
    uint64_t market_dropped;
    uint64_t requests; /* orders, cancels, queries, snapshots and pages */
    uint64_t connects;
    uint64_t history_bars;
} tw_venue_counts;

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

TW_END_DECLS

TW_DEFINE_AUTO(tw_venue, tw_venue_free)

#endif
