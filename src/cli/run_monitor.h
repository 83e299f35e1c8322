/*
 * run_monitor.h - what can be seen of a run from outside: its figures over HTTP (--metrics), a line
 * for what was slow (--slow), and the flight recorder that a crash leaves behind (--flight).
 *
 * The figures have a thread and a loop of their own: a scrape is answered however busy the others
 * are, and takes no time of theirs.
 */
#ifndef TRADEWIND_CLI_RUN_MONITOR_H
#define TRADEWIND_CLI_RUN_MONITOR_H

#include "listen_address.h"
#include "loop_thread.h"
#include "run_options.h"
#include "slow_log.h"
#include "tradewind/crash.h"
#include "tradewind/flight.h"
#include "tradewind/monitor.h"
#include "tradewind/telemetry.h"

/* All zero: nothing has been started. */
typedef struct run_monitor {
    listen_address address; /* of --metrics, before it is started */
    tw_flight *flight;      /* NULL, as crash: --flight none */
    tw_crash *crash;
    tw_telemetry *telemetry; /* NULL, as what follows: no --metrics */
    tw_monitor *monitor;
    loop_thread thread;
    slow_log slow_calls;   /* of the network thread */
    slow_log slow_commits; /* of the recorder's */
} run_monitor;

/* One market event in so many is timed stage by stage while somebody watches: a prime, so that it
 * is not always the first of its frame. */
enum { RUN_TRACE_EVERY = 509 };

/* The flight recorder and its crash handler, before there is anything to record. `database` names
 * the dump when --flight does not. */
tw_status run_monitor_prepare(run_monitor *monitor, const run_options *options,
                              const char *database, tw_error *error) TW_MUST_CHECK;

/* Everything is made and nothing turns yet: begins to listen, and says where. */
tw_status run_monitor_start(run_monitor *monitor, const run_options *options,
                            const tw_telemetry_config *parts, tw_error *error) TW_MUST_CHECK;

/* Ends the thread and what reads the parts; before these are freed. Harmless in any state. */
void run_monitor_stop(run_monitor *monitor);
/* Gives the flight recorder back; after the parts are freed, which note their end there. */
void run_monitor_free(run_monitor *monitor);

/* Hooks of the venue and of the recorder, on their threads. */
void run_monitor_on_call(run_monitor *monitor, const tw_venue_call *call);
void run_monitor_on_commit(run_monitor *monitor, const tw_recorder_commit *commit);

#endif
