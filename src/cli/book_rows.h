/*
 * book_rows.h - the shown levels of books as rows of a file.
 *
 * Two forms. LOBSTER's: one row a message, no header, ask price, ask size, bid price, bid size for
 * each level, prices x 10000, 9999999999,0 or -9999999999,0 where there is none. And the general
 * one: a header `ts_ns,symbol,ask_price_1,ask_size_1,bid_price_1,bid_size_1,...`, a row each time
 * that a shown level changed, exact decimals, empty fields where there is no level.
 */
#ifndef TRADEWIND_CLI_BOOK_ROWS_H
#define TRADEWIND_CLI_BOOK_ROWS_H

#include "book_replay.h"
#include "output_file.h"

typedef struct book_rows {
    const book_replay *replay;
    output_file *out;
    uint32_t level_count;
    bool lobster;
    uint64_t row_count;
    tw_tape_writer *writer; /* LOBSTER */
    tw_level *levels;       /* 2 x level_count: asks, bids */
    tw_level **shown;       /* by symbol: what the last row had; NULL: no row yet */
    char *text;             /* of rows that were not written yet */
    size_t text_size;
    size_t text_capacity;
} book_rows;

/* Begins with the header. TW_NO_MEMORY; else as output_file_write. Close it in any case. */
tw_status book_rows_open(book_rows *rows, const book_replay *replay, uint32_t level_count,
                         output_file *out, tw_error *error) TW_MUST_CHECK;

/* One step of the replay: a row if there is one to write. TW_INVALID: a LOBSTER row cannot hold a
 * price or size. */
tw_status book_rows_put(book_rows *rows, const book_step *step, tw_error *error) TW_MUST_CHECK;

/* Everything goes to the file. */
tw_status book_rows_flush(book_rows *rows, tw_error *error) TW_MUST_CHECK;
void book_rows_close(book_rows *rows);

#endif
