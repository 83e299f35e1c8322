/*
 * run_session.h - everything that one `tradewind run` holds, and its three turns.
 *
 *     exchange thread (demo)   tw_exchange_turn
 *     network thread           tw_venue_turn
 *     recorder thread          tw_recorder_turn
 *     main thread              tw_engine_turn, progress, signals
 *     recording thread         tw_recording_turn, see run_recording.h
 *     monitor thread (--metrics) the figures' own loop, see run_monitor.h
 *     dashboard thread (--listen) its own loop, see run_dashboard.h
 *
 * With a stepped exchange only the exchange keeps its own thread; network, recorder and engine take
 * turns on the main thread in a fixed order, so that the run is repeated by its seed.
 */
#ifndef TRADEWIND_CLI_RUN_SESSION_H
#define TRADEWIND_CLI_RUN_SESSION_H

#include <pthread.h>
#include <stdatomic.h>

#include "outage_log.h"
#include "run_dashboard.h"
#include "run_kill.h"
#include "run_monitor.h"
#include "run_options.h"
#include "run_recording.h"
#include "run_service.h"
#include "run_strategy.h"
#include "tradewind/engine.h"
#include "tradewind/exchange.h"
#include "tradewind/loop.h"
#include "tradewind/recorder.h"
#include "tradewind/store.h"
#include "tradewind/time.h"
#include "tradewind/venue.h"

typedef struct run_thread {
    pthread_t thread;
    bool started;
    tw_loop *loop;  /* what it waits on, or NULL */
    tw_error error; /* its own until `failed` is set */
    atomic_bool failed;
} run_thread;

/* Where the venue is. The venue borrows these texts. */
typedef struct run_addresses {
    char trading[TW_CONFIG_TEXT_SIZE];
    char data_stream[TW_CONFIG_TEXT_SIZE + 64];
    char trading_stream[TW_CONFIG_TEXT_SIZE + 16];
} run_addresses;

typedef struct run_session {
    const run_options *options;
    const exchange_options *market;
    const venue_options *access;
    const run_limits *limits;
    char database[TW_CONFIG_TEXT_SIZE];
    bool temporary;                                /* the store is a new file of its own */
    char exchange_state[TW_CONFIG_TEXT_SIZE + 16]; /* where the demo's exchange keeps its own */

    tw_exchange *exchange; /* demo only */
    tw_exchange_config exchange_config;
    tw_symbols *symbols;
    uint32_t symbol_count;
    double *targets; /* of --targets, or NULL */
    run_strategy strategy;
    tw_store *store;
    tw_recorder *recorder;
    run_addresses addresses;
    tw_venue *venue;
    tw_engine *engine;
    tw_loop *loop; /* of the main thread: signals, wake-ups */
    run_kill kill;
    run_service service;
    run_monitor monitor;
    run_dashboard dashboard;
    run_recording recording;
    outage_log outages; /* of the network thread */

    run_thread exchange_thread;
    run_thread network_thread;
    run_thread recorder_thread;
    atomic_bool ending;
    bool interrupted;
    bool hurried; /* interrupted again */
    bool stepped;

    int64_t run_id;
    uint64_t first_sequence; /* of the journal: the entry before this run's first */
    int64_t started_ns;      /* monotonic */
    int64_t finished_ns;
    int64_t wall_started_ns;
} run_session;

/* From now on SIGINT and SIGTERM do not kill the program: they end run_session_trade in order. */
tw_status run_session_listen(run_session *session, tw_error *error) TW_MUST_CHECK;

/* Trades until the engine is done, has failed, or the user interrupts. From its end on a second
 * interruption, counted from the beginning, ends the program at once; a first one is noted
 * (interruption.h). */
tw_status run_session_trade(run_session *session, tw_error *error) TW_MUST_CHECK;

/* Ends all threads. Harmless when none runs. */
void run_session_join(run_session *session);

/* Writes a whole line to standard error, over the progress line if there is one: a tw_log_sink of a
 * session. */
void run_session_write_line(void *session, const char *line, size_t size);

/* What the run row of the store says. */
const char *run_venue_name(const run_session *session);

/* Everything that a report shows. */
typedef struct run_figures run_figures;

/* Measures the run once: counting rows and hashing the journal reads the whole store. */
tw_status run_report_measure(run_session *session, run_figures **ret_figures,
                             tw_error *error) TW_MUST_CHECK;
void run_report_free(const run_session *session, run_figures *figures);

/* Writes positions and the run's report (JSON) into the store; the figures then count them. */
tw_status run_report_store(run_session *session, run_figures *figures, tw_status ending,
                           tw_error *error) TW_MUST_CHECK;

/* Prints the run, which ended with `ending`: for people, or as JSON. A run that never heard from
 * its venue has nothing to show to people. TW_IO when standard output fails. */
tw_status run_report_print(const run_session *session, run_figures *figures, tw_status ending,
                           tw_error *error) TW_MUST_CHECK;

#endif
