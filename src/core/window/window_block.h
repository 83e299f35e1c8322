/*
 * window_block.h - a block of trades between the ring (window_run.c) and the columns of answers
 * (window_columns.c).
 */
#ifndef TRADEWIND_CORE_WINDOW_BLOCK_H
#define TRADEWIND_CORE_WINDOW_BLOCK_H

#include "window_pane.h"

#define BLOCK 64

/* The answers of a row whose integers are too great for columns. */
typedef struct slow_row {
    size_t row;
    double sum;
    double mean;
    double variance;
    double min;
    double max;
    double range;
    double volume;
    double vwap;
} slow_row;

/* A block of one window: numerators by row. */
typedef struct rows {
    int64_t n[BLOCK];
    int64_t price[BLOCK];
    int64_t variance[BLOCK];
    int64_t value[BLOCK];
    int64_t volume[BLOCK];
    int64_t min[BLOCK];
    int64_t max[BLOCK];
    double ema[BLOCK];
    double weight[BLOCK];
    slow_row slow[BLOCK];
    size_t slow_count;
} rows;

/* A block of trades. */
typedef struct block {
    tw_window *windows[BLOCK];
    bool first[BLOCK]; /* trade of its ring */
    double scale[BLOCK];
    double quantity_scale[BLOCK];
    double price[BLOCK];
    double elapsed[BLOCK];
    size_t count;
    size_t begin; /* row of the outputs */
} block;

/* Writes the rows of a block into the columns of the outputs of window j (NULL: not wanted), and
 * lets its exponential means by time take the block. */
void block_write_columns(const block *b, rows *r, uint32_t j, double *const *columns);

#endif
