/*
 * bars_pass.h - one pass over trades, from a file or from a store, into a bars_writer.
 *
 * Memory does not grow with the number of trades. The bars of a symbol are in the order of time;
 * bars of different symbols stand in the order in which they were complete (a file), or one symbol
 * after the other (a store). The same trades always give the same bytes.
 */
#ifndef TRADEWIND_CLI_BARS_PASS_H
#define TRADEWIND_CLI_BARS_PASS_H

#include "bars_writer.h"
#include "input.h"
#include "rejects.h"

typedef struct bars_totals {
    uint64_t trades;  /* taken */
    uint64_t skipped; /* rows set aside */
    double seconds;
} bars_totals;

/* Reads a trades CSV. A bad row ends the pass (TW_PARSE, TW_RANGE, TW_OVERFLOW, with its position),
 * unless `aside` is not NULL: then it is written there. Others as tw_tape_next_trade and as the
 * writer's first failure. */
tw_status bars_pass_file(const char *path, bars_writer *writer, rejects *aside,
                         bars_totals *ret_totals, tw_error *error) TW_MUST_CHECK;

/* Reads the chosen symbols of a store, one after the other. */
tw_status bars_pass_store(const input_store *input, bars_writer *writer, bars_totals *ret_totals,
                          tw_error *error) TW_MUST_CHECK;

#endif
