/*
 * venue_priv.h - the state shared by the venue's files.
 *
 *     venue.c          life, connection states, rings, ports
 *     venue_calls.c    commands of the engine as REST calls, and their results
 *     venue_reading.c  snapshot, clock and history
 *     venue_step.c     stepped mode
 *     venue_figures.c  what it tells about itself
 */
#ifndef TRADEWIND_RUN_VENUE_PRIV_H
#define TRADEWIND_RUN_VENUE_PRIV_H

#include <stdatomic.h>

#include "tradewind/alpaca_client.h"
#include "tradewind/alpaca_stream.h"
#include "tradewind/loop.h"
#include "tradewind/random.h"
#include "tradewind/reconnect.h"
#include "tradewind/ring.h"
#include "tradewind/time.h"
#include "tradewind/venue.h"

enum {
    VENUE_CALL_COUNT_MAX = 256,
    VENUE_COMMAND_COUNT_MAX = 1024,
    VENUE_EVENT_COUNT_MAX = 8192,
    VENUE_READING_COUNT_MAX = 16,
    VENUE_ORDERS_A_SNAPSHOT = 500,
    VENUE_OWN_STAGES = TW_VENUE_STAGE_HTTP_QUEUE /* the others are those of the HTTP client */
};

typedef enum venue_state {
    VENUE_STOPPED = 0,
    VENUE_CONNECTING,
    VENUE_READING,
    VENUE_UP,
    VENUE_DOWN,
    VENUE_FAILED
} venue_state;

typedef enum venue_command_kind {
    VENUE_SUBMIT = 1,
    VENUE_CANCEL = 2,
    VENUE_QUERY = 3,
    VENUE_SNAPSHOT = 4
} venue_command_kind;

typedef struct venue_command {
    tw_order order;
    int64_t handed_ns;   /* monotonic: when the engine gave it */
    uint32_t kind;       /* venue_command_kind */
    uint32_t connection; /* the newest that the engine had heard of then */
} venue_command;

/* A REST call of a command in flight. */
typedef struct venue_call {
    tw_venue *venue;
    venue_command command;
    int64_t began_ns; /* monotonic */
    struct venue_call *next_free;
} venue_call;

/* One reading of a snapshot. It has at most one call in flight, and keeps its place until that call
 * has ended, even when a loss of the connection has made it worthless. */
typedef struct venue_reading {
    tw_venue *venue;
    bool in_flight;
} venue_reading;

/* Events of one kind that wait for room in the ring, or for the barrier of a step. */
typedef struct venue_queue {
    tw_venue_event *events;
    uint32_t first;
    uint32_t count;
    uint32_t capacity;
} venue_queue;

struct tw_venue {
    const tw_allocator *allocator;
    tw_venue_config config;
    tw_symbols *symbols;
    const char **names; /* of the symbols, for subscriptions */
    tw_loop *loop;
    tw_http_client *http;
    tw_resilient *resilient; /* what calls go through; NULL in stepped mode */
    tw_alpaca_client *client;
    tw_alpaca_stream *data;
    tw_alpaca_stream *trading;

    venue_state state;
    bool data_ready;
    bool trading_ready;
    tw_loop_timer *retry_timer;
    tw_loop_timer *time_timer;
    tw_reconnect reconnect;
    tw_random random;    /* of the pauses */
    int64_t away_since;  /* monotonic; 0 while UP */
    uint32_t connection; /* which one it is, by the losses before it */
    bool down_told;      /* the engine has been told that it is away, and not that it is back */
    uint32_t attempts;   /* to connect, since it was told */

    tw_ring *market;           /* to the engine */
    tw_ring *events;           /* to the engine */
    uint32_t connection_heard; /* engine: of the newest DOWN or UP that it took from there */
    tw_ring *commands;         /* from the engine */
    venue_queue results;       /* wait for room in `events` */
    venue_queue updates;
    bool told; /* something was pushed in this turn */

    venue_call calls[VENUE_CALL_COUNT_MAX];
    venue_call *free_call;
    uint32_t call_count;

    /* the snapshot being read */
    venue_reading readings[VENUE_READING_COUNT_MAX];
    venue_reading *reading; /* the one that counts, or NULL */
    bool snapshot_again;    /* asked for while one was being read or told */
    tw_venue_event *snapshot;
    uint32_t snapshot_count;
    uint32_t snapshot_capacity;
    bool snapshot_pending; /* read, and not yet all in the ring */
    bool down_untold;      /* `updates` holds a DOWN that nothing read later may overtake */
    uint32_t snapshot_told;
    int64_t clock_venue_ns; /* the venue's time ... */
    int64_t clock_own_ns;   /* ... at this monotonic time */

    /* the history: the newest history_days bars of each symbol, told when all has been fetched */
    tw_bar *history;          /* [symbols][history_days], each a ring */
    uint32_t *history_counts; /* of a symbol, ever kept */
    tw_symbol history_symbol; /* being told */
    uint32_t history_told;    /* of it */
    bool history_started;
    bool history_fetched;
    bool history_ended;

    /* stepped mode */
    tw_alpaca_reader *step_reader;
    bool step_answered;
    tw_status step_status;
    char step_message[256];
    int64_t step_now_ns;
    uint64_t step_data;
    uint64_t step_trading;
    bool step_tape_ended;
    uint64_t data_objects; /* received: trades, quotes, bars, whole book messages */
    uint64_t trading_objects;

    uint32_t until_traced; /* market events before the next that is marked, */
    int64_t trace_by_ns;   /* or the first that is read from then on */
    int64_t heard_ns;
    int64_t time_due_ns; /* when on_time is meant to be called next */
    tw_histogram stages[VENUE_OWN_STAGES];

    _Atomic uint64_t market_events;
    _Atomic uint64_t market_dropped;
    _Atomic uint64_t requests;
    _Atomic uint64_t connects;
    _Atomic uint64_t history_bars;
};

/* ---- venue.c ------------------------------------------------------------------------------- */

void venue_enter(tw_venue *venue, venue_state state);
/* A stream or a needed call is lost: DOWN, and another try after the backoff. */
void venue_lost(tw_venue *venue, tw_status status, const char *reason);
void venue_fail(tw_venue *venue, tw_status status, const char *reason);
/* The venue's time now, by its clock as it was read last. */
int64_t venue_time(const tw_venue *venue);
tw_venue_event venue_event(const tw_venue *venue, tw_venue_kind kind);
/* Adds an event; a queue that is full loses the connection (everything is read anew then). */
void venue_queue_add(tw_venue *venue, venue_queue *queue, const tw_venue_event *event);
/* Moves what waits into the ring as far as it has room; true when nothing waits. */
bool venue_pump(tw_venue *venue);

/* ---- venue_figures.c ----------------------------------------------------------------------- */

const char *venue_state_name(venue_state state);
/* A command has been taken up, or its request has ended. */
void venue_trace_begun(venue_call *call);
void venue_trace_ended(venue_call *call, tw_status status);

/* ---- venue_calls.c ------------------------------------------------------------------------- */

/* Starts calls for waiting commands, at most `count_max`; returns how many. */
uint32_t venue_run_commands(tw_venue *venue, uint32_t count_max);

/* ---- venue_reading.c ----------------------------------------------------------------------- */

void venue_read_snapshot(tw_venue *venue);
void venue_fetch_history(tw_venue *venue);

#endif
