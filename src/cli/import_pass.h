/*
 * import_pass.h - files of trades or bars into a store: in batches, resumable, each row once.
 *
 * With the rows of a batch stands how far its file has come: rows, bytes, and a checksum over the
 * rows. When the same file comes again, its rows up to there are read and compared, not written; if
 * they are the same, the import goes on behind them, else the file has changed and is read from its
 * start. A row that is in the store already is skipped by its key in any case.
 *
 * Only a regular file can come again: what a pipe gave is gone. Bad rows are set aside also where
 * a file is gone over, so that the file of bad rows is whole however often an import was stopped.
 */
#ifndef TRADEWIND_CLI_IMPORT_PASS_H
#define TRADEWIND_CLI_IMPORT_PASS_H

#include <limits.h>

#include "progress.h"
#include "rejects.h"
#include "tradewind/store.h"
#include "tradewind/tape.h"

enum { IMPORT_BLOCK_ROWS = 4096 };

typedef struct import_totals {
    uint64_t skipped; /* gone over */
    uint64_t bad;     /* set aside, those among the rows gone over too */
    uint64_t bytes;   /* of the files, as they are on the disk */
    bool changed;     /* at least one file was not what it had been */
    bool resumed;     /* at least one file went on where it had stopped */
} import_totals;

typedef struct import_pass {
    tw_store *store;
    tw_symbols *symbols;
    rejects *aside; /* NULL: the first bad row ends the import */
    bool bars;      /* rather than trades */
    bool restart;   /* do not look how far files had come */
    uint32_t batch_rows_max;
    uint64_t
        notes; /* of how far a file had come, committed: rows of the store, but not of a file */
    import_totals totals;
    progress bar;
    /* the file at hand */
    const char *path;
    char name[PATH_MAX + 16]; /* of the import in the store; empty for standard input */
    tw_tape *tape;
    uint64_t row_count; /* read from it, without bad ones */
    uint64_t checksum;
    uint32_t batch_rows; /* put since the last commit */
    size_t block_count;
    union {
        tw_trade trades[IMPORT_BLOCK_ROWS];
        tw_bar bars[IMPORT_BLOCK_ROWS];
    } block;
} import_pass;

/*
 * Imports one file, "-" for standard input, and commits its last batch to the disk. TW_INTERRUPTED:
 * a signal came; what was read is committed. Otherwise the statuses of tape.h and store.h: batches
 * that were committed stay, the open one is dropped.
 */
tw_status import_pass_file(import_pass *pass, const char *path, tw_error *error) TW_MUST_CHECK;

#endif
