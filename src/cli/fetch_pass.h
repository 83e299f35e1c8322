/*
 * fetch_pass.h - histories of a venue into a store: many requests at once, resumable, each row
 * once.
 *
 * A history is fetched in parts (alpaca_fetch.h). Behind the last rows of a part stands a note that
 * it is whole, never committed before them, so that the next fetch leaves it out. A part that ends
 * less than a day ago gets no note: its last rows may still be on their way, or be corrected. What
 * was written without a note is skipped by its key when it comes again.
 */
#ifndef TRADEWIND_CLI_FETCH_PASS_H
#define TRADEWIND_CLI_FETCH_PASS_H

#include "input.h"
#include "progress.h"
#include "run_options.h"
#include "tradewind/alpaca_fetch.h"
#include "tradewind/store_writer.h"

enum { FETCH_REFUSED_COUNT_MAX = 64 };

/* A part that did not come, for the report. */
typedef struct fetch_refused {
    char symbols[64]; /* the first names */
    char message[256];
} fetch_refused;

typedef struct fetch_totals {
    uint64_t rows;     /* new */
    uint64_t skipped;  /* there already, those of parts left out too */
    uint64_t left_out; /* parts that were noted as whole */
    uint64_t parts;    /* that came whole now */
    uint64_t refused;  /* parts that did not come */
    tw_alpaca_fetch_figures wire;
} fetch_totals;

typedef struct fetch_pass {
    /* what is asked for; set by the caller */
    const venue_options *access;
    const char *feed; /* NULL: the best that the plan allows */
    const char *adjustment;
    const char *database;
    const char *noun; /* "bars" */
    tw_alpaca_history history;
    int64_t timeframe_ns;
    int64_t start_ns;
    int64_t end_ns; /* inclusive */
    int64_t span_ns;
    int64_t patience_ns;
    uint32_t symbols_per_request;
    uint32_t in_flight;
    uint32_t page_limit;
    bool restart; /* do not look what was fetched before */
    bool quiet;
    tw_symbols *symbols;
    tw_symbol *wanted;
    size_t wanted_count;
    /* how it went */
    fetch_totals totals;
    fetch_refused refused[FETCH_REFUSED_COUNT_MAX];
    size_t refused_count;
    bool has_rows[INPUT_SYMBOL_COUNT_MAX]; /* by symbol: some came */
    progress bar;
    /* while it runs */
    tw_loop *loop;
    tw_http_client *http;
    tw_alpaca_client *client;
    tw_alpaca_fetch *fetch;
    tw_store *store;         /* the writer's */
    tw_store *notes;         /* to read what fetches before have noted */
    tw_store_writer *writer; /* in a thread of its own */
    uint64_t ticket;         /* of the newest put */
    uint64_t note_count;     /* rows of the store, but not of the history */
    tw_error error;          /* of the store, or why the venue gave no more */
    int64_t settled_ns;      /* what ended before it does not change any more; wall time */
    bool done;
    bool away; /* told that the venue does not answer */
} fetch_pass;

/*
 * Fetches, and commits what came to the disk. TW_OK also if parts were refused (`totals`). What
 * stands in the store after an error stays: TW_INTERRUPTED, the store's own, TW_USAGE (what the
 * client takes for no question), or the venue's last failure when it was away for longer than
 * `patience_ns`.
 */
tw_status fetch_pass_run(fetch_pass *pass, tw_error *error) TW_MUST_CHECK;

#endif
