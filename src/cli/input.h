/*
 * input.h - what commands read: the trades of a store and files of trades.
 *
 * A path at which something else stands (a folder, another program's file) is bad input data: the
 * TW_INVALID of the library becomes TW_PARSE, so that the program ends with exit status 3.
 */
#ifndef TRADEWIND_CLI_INPUT_H
#define TRADEWIND_CLI_INPUT_H

#include "tradewind/store.h"
#include "tradewind/tape.h"

enum { INPUT_SYMBOL_COUNT_MAX = TW_STORE_SYMBOL_COUNT_DEFAULT };

/* A symbol that was chosen, and where its trades end. */
typedef struct input_symbol {
    const char *name; /* borrowed from `symbols` */
    tw_symbol symbol;
    int64_t newest_ns;
} input_symbol;

/* A store that is open for reading. Zeroed, it is closed. */
typedef struct input_store {
    tw_symbols *symbols;
    tw_store *store;
    input_symbol *chosen; /* in the order of the names, or of the alphabet when none was named */
    uint32_t chosen_count;
    uint32_t chosen_capacity;
} input_store;

/* Opens the store at `path`, with a table of symbols that has all of its names; statuses as of
 * tw_store_open, but for those above. Free both in any case. */
tw_status input_any_store_open(const char *path, tw_store_mode mode, tw_symbols **ret_symbols,
                               tw_store **ret_store, tw_error *error) TW_MUST_CHECK;

/*
 * Opens `path` and finds the symbols of `names`; none means every symbol that has trades.
 * TW_NOT_FOUND: no such file or symbol (the sentence tells which there are). TW_EMPTY: a symbol,
 * or the whole store, has no trades. TW_USAGE: a name twice. TW_PARSE: not a store. Others as
 * tw_store_open. Close it in any case.
 */
tw_status input_store_open(input_store *input, const char *path, const char *const *names,
                           size_t name_count, tw_error *error) TW_MUST_CHECK;
void input_store_close(input_store *input);

/* Opens a trades CSV, "-" for standard input. Statuses as tw_tape_open. */
tw_status input_trades_open(const char *path, tw_symbols *symbols, tw_tape **ret_tape,
                            tw_error *error) TW_MUST_CHECK;

/* The same in the order in which trades were reported (as_reported of tape.h). */
tw_status input_reports_open(const char *path, tw_symbols *symbols, tw_tape **ret_tape,
                             tw_error *error) TW_MUST_CHECK;

/* How much of its file a tape has read, 0 to 1; below 0 when that is not known. */
double input_fraction(const tw_tape *tape);

/* Opens a bars CSV, and a CSV of any columns, likewise. */
tw_status input_bars_open(const char *path, tw_symbols *symbols, tw_tape **ret_tape,
                          tw_error *error) TW_MUST_CHECK;
tw_status input_rows_open(const char *path, tw_tape **ret_tape, tw_error *error) TW_MUST_CHECK;

#endif
