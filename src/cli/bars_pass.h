/*
 * bars_pass.h - one pass over trades, from a file or from a store, into a bars_writer.
 *
 * Memory does not grow with the number of trades. The bars of a symbol are in the order of time;
 * bars of different symbols stand in the order in which they were complete (a file), or one symbol
 * after the other (a store). The same trades always give the same bytes.
 */
#ifndef TRADEWIND_CLI_BARS_PASS_H
#define TRADEWIND_CLI_BARS_PASS_H

#include "bars_plot.h"
#include "bars_writer.h"
#include "input.h"
#include "rejects.h"

/* How bars are made, and who else watches them. */
typedef struct bars_plan {
    const tw_zone *zone; /* calendar of days; NULL: UTC */
    uint32_t empty_count_max;
    bool stamp_close;
    bool skip_partial;
    char conditions;    /* 0: none; 'A' or 'C': of that tape; 'T': of the tape of each trade */
    int64_t horizon_ns; /* of a file: how long trades can be corrected; 0: not at all */
    uint32_t horizon_trade_max;
    bars_plot *plot;    /* or NULL */
    const char *symbol; /* of a file, the only one; empty: all */
} bars_plan;

typedef struct bars_totals {
    uint64_t trades;   /* taken */
    uint64_t skipped;  /* rows set aside */
    uint64_t excluded; /* trades that did not move everything, by their conditions */
    /* With a horizon: */
    uint64_t revisions; /* bars written once more */
    uint64_t cancelled; /* trades */
    uint64_t corrected;
    uint64_t unknown;  /* cancels and corrections of trades that were not kept (any more) */
    uint64_t late;     /* trades too late for at least one frame */
    uint64_t squeezed; /* trades that could be corrected for a shorter time */
    double seconds;
    char plotted[TW_SYMBOL_NAME_SIZE]; /* of the plot; empty: no bar came */
} bars_totals;

/* Reads a trades CSV. With a horizon its rows stand in the order in which they were reported: times
 * may run backwards, a row of size 0 takes the trade of its id back, and one of the same id right
 * behind it is what that trade should have been. A bad row ends the pass (TW_PARSE, TW_RANGE,
 * TW_OVERFLOW, with its position), unless `aside` is not NULL: then it is written there. Others as
 * tw_tape_next_trade and as the writer's first failure. */
tw_status bars_pass_file(const char *path, const bars_plan *plan, bars_writer *writer,
                         rejects *aside, bars_totals *ret_totals, tw_error *error) TW_MUST_CHECK;

/* Reads the chosen symbols of a store, one after the other. */
tw_status bars_pass_store(const input_store *input, const bars_plan *plan, bars_writer *writer,
                          bars_totals *ret_totals, tw_error *error) TW_MUST_CHECK;

#endif
