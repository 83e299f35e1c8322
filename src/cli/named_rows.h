/*
 * named_rows.h - a small CSV whose columns are known by name: weights, positions, targets, groups.
 *
 *     static const named_column columns[] = {{"symbol", true}, {"weight", true}, {"band", false}};
 *     status = named_rows_open(&rows, path, columns, 3, &error);
 *     while (status == TW_OK && (status = named_rows_next(&rows, &error)) == TW_OK)
 *         ... named_rows_field(&rows, 0) ...
 *     named_rows_close(&rows);
 *     status = status == TW_EMPTY ? TW_OK : status;
 *
 * Columns may stand in any order. A column that is not known is refused: it would be passed over in
 * silence.
 */
#ifndef TRADEWIND_CLI_NAMED_ROWS_H
#define TRADEWIND_CLI_NAMED_ROWS_H

#include "tradewind/tape.h"

enum { NAMED_ROWS_COLUMN_MAX = 16 };

typedef struct named_column {
    const char *name;
    bool wanted; /* the file must have it */
} named_column;

/* Zeroed, it is closed. */
typedef struct named_rows {
    const char *path;
    const named_column *columns;
    size_t count;
    size_t places[NAMED_ROWS_COLUMN_MAX]; /* in the file, SIZE_MAX where it has none */
    tw_tape *tape;
    const tw_slice *fields;
} named_rows;

/* TW_PARSE: the header lacks a wanted column, or has one that is unknown or there twice. Others as
 * tw_tape_open. Close it in any case. */
tw_status named_rows_open(named_rows *rows, const char *path, const named_column *columns,
                          size_t count, tw_error *error) TW_MUST_CHECK;
void named_rows_close(named_rows *rows);

/* TW_EMPTY after the last row. TW_PARSE: a row with more or fewer fields than the header. */
tw_status named_rows_next(named_rows *rows, tw_error *error) TW_MUST_CHECK;

/* Of the row at hand; empty when the file has no such column. */
tw_slice named_rows_field(const named_rows *rows, size_t column);

/* A sentence about a field of the row at hand, with file, line and column; returns `status`. */
tw_status named_rows_bad(const named_rows *rows, size_t column, tw_status status, tw_error *error,
                         const char *format, ...) __attribute__((format(printf, 5, 6)));

/* A number at 1e-9 from `least` to `most`; an empty field leaves `*ret_nano` as it is. TW_PARSE or
 * TW_RANGE with the place and `what` was expected ("a price above 0"). */
typedef struct named_range {
    const char *what;
    int64_t least;
    int64_t most;
} named_range;

tw_status named_rows_decimal(const named_rows *rows, size_t column, const named_range *range,
                             int64_t *ret_nano, tw_error *error) TW_MUST_CHECK;

/* The same of a fraction, also written as percent: "0.05" and "5%" are 50,000,000. Above 1 it has
 * to be percent. */
tw_status named_rows_share(const named_rows *rows, size_t column, const named_range *range,
                           int64_t *ret_nano, tw_error *error) TW_MUST_CHECK;

/* The same of any finite number. */
tw_status named_rows_number(const named_rows *rows, size_t column, const char *what,
                            double *ret_value, tw_error *error) TW_MUST_CHECK;

#endif
