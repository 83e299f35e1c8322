/*
 * batch_input.h - bars of files, one timeframe, as rows of a panel to be.
 */
#ifndef TRADEWIND_CLI_BATCH_INPUT_H
#define TRADEWIND_CLI_BATCH_INPUT_H

#include "rejects.h"
#include "tradewind/market.h"

/* 64 bytes each: 4 GiB. */
#define BATCH_BAR_COUNT_MAX ((size_t)1 << 26)

typedef struct batch_bar {
    int64_t time_ns;
    double open;
    double high;
    double low;
    double close;
    double volume;
    tw_symbol symbol;
    uint32_t revision;
    uint32_t file; /* its number among the paths, */
    uint32_t line; /* and where it stands there */
} batch_bar;
_Static_assert(sizeof(batch_bar) == 64, "the memory of bars is stated");

typedef struct batch_input {
    tw_symbols *symbols;
    batch_bar *bars;
    size_t count;
    size_t capacity;
    int64_t timeframe_ns; /* 0 until the first bar, unless it was chosen */
    bool chosen;          /* bars of other timeframes are passed over */
    uint64_t passed_over;
} batch_input;

typedef struct batch_files {
    const char *const *paths;
    size_t count;
    int64_t timeframe_ns; /* 0: the only one that there is */
    rejects *aside;       /* where bad rows go; NULL: the first one ends the reading */
} batch_files;

/* TW_USAGE: bars of two timeframes and none was chosen. TW_PARSE, TW_RANGE: a bad row, with its
 * position. TW_EMPTY: no bar. TW_FULL: more than BATCH_BAR_COUNT_MAX. Others as tw_tape_open. Close
 * it in any case. */
tw_status batch_input_read(batch_input *input, const batch_files *files,
                           tw_error *error) TW_MUST_CHECK;
/* Gives back the bars alone; names stay. */
void batch_input_drop_bars(batch_input *input);
void batch_input_close(batch_input *input);

#endif
