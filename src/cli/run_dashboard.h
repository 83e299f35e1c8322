/*
 * run_dashboard.h - the dashboard of a run (--listen): its thread, its files, the bars of its
 * store.
 *
 *     FILE-token     what opens it, mode 0600
 *     FILE-listen    where it is, "127.0.0.1:8787": `tradewind monitor` reads both
 *
 * Both are there while the run is. The dashboard has a thread and a loop of its own: whoever looks
 * is answered however busy the others are, and takes no time of theirs.
 */
#ifndef TRADEWIND_CLI_RUN_DASHBOARD_H
#define TRADEWIND_CLI_RUN_DASHBOARD_H

#include "beside_store.h"
#include "listen_address.h"
#include "loop_thread.h"
#include "run_options.h"
#include "tradewind/dashboard.h"
#include "tradewind/store.h"

/* All zero: nothing has been started. */
typedef struct run_dashboard {
    listen_address address;  /* of --listen, before it is started */
    tw_dashboard *dashboard; /* NULL, as what follows: no --listen */
    loop_thread thread;
    char token_path[BESIDE_PATH_SIZE]; /* empty: not written */
    char listen_path[BESIDE_PATH_SIZE];

    /* Bars of the past: the dashboard's thread alone, opened when somebody first selects. */
    char database[TW_CONFIG_TEXT_SIZE]; /* with a password, if it has one */
    const tw_symbols *names;            /* of the engine */
    tw_symbols *symbols;
    tw_store *store;
    bool store_failed;
} run_dashboard;

/* Everything is made and nothing turns yet: begins to listen, writes the files, says where. `parts`
 * is what the dashboard shows, but for loop, address, and where bars come from; `database` is the
 * store's name, which the files are beside. */
tw_status run_dashboard_start(run_dashboard *run, const run_options *options,
                              const tw_dashboard_config *parts, const char *database,
                              tw_error *error) TW_MUST_CHECK;

/* Tells who looks that the run is over, ends the thread, removes the files; before the parts are
 * freed. Harmless in any state. */
void run_dashboard_stop(run_dashboard *run);

#endif
