/*
 * batch_lanes.h - the loops of batch.c that are compiled once for each level of instructions.
 *
 * Each works on a tile: `rows` rows of `width` values that lie `stride` apart. Nothing in a loop
 * over a row depends on the data but through selects, so it vectorises; and each column is computed
 * by itself, in the order of the rows, so neither the level nor the width of a tile changes a bit.
 */
#ifndef TRADEWIND_BATCH_LANES_H
#define TRADEWIND_BATCH_LANES_H

#include <stddef.h>

#include "tradewind/batch.h"
#include "tradewind/cpu.h"

#define BATCH_TILE_WIDTH 256
#define BATCH_CHUNK_WIDTH 2048 /* columns that are scored by rows */

typedef struct batch_tile {
    size_t rows;
    size_t width; /* at most BATCH_TILE_WIDTH */
    size_t stride;
} batch_tile;

/* Of the columns of a tile. */
typedef struct batch_moments {
    double counts[BATCH_TILE_WIDTH];
    double means[BATCH_TILE_WIDTH];   /* NaN without values */
    double stddevs[BATCH_TILE_WIDTH]; /* NaN with ddof values or fewer */
} batch_moments;

/* What scores are made with, of the columns of a chunk. */
typedef struct batch_scale {
    double means[BATCH_CHUNK_WIDTH];
    double inverses[BATCH_CHUNK_WIDTH]; /* of deviations; NaN where there is none, or 0 */
} batch_scale;

typedef struct batch_lanes {
    /* `count` returns of prices that stand `columns` apart. */
    void (*simple_returns)(const double *prices, size_t columns, size_t count, double *ret_returns);
    void (*log_returns)(const double *prices, size_t columns, size_t count, double *ret_returns);
    void (*moments)(batch_tile tile, const double *values, double ddof, batch_moments *ret_moments);
    /* Of a tile as wide as a chunk. */
    void (*zscores)(batch_tile tile, const double *values, const batch_scale *scale,
                    double *ret_scores);
    /* In place; the result is how many values were put in. */
    size_t (*fill_forward)(batch_tile tile, double *values, double limit);
    void (*row_zscores)(const double *row, size_t columns, double ddof, double *ret_scores);
} batch_lanes;

extern const batch_lanes batch_lanes_baseline;
#if defined(__x86_64__)
extern const batch_lanes batch_lanes_avx2;
extern const batch_lanes batch_lanes_avx512;
#endif

/* The loops of a way's level; how many tiles a matrix has, and which one has that number. */
const batch_lanes *batch_lanes_of(const tw_batch_way *way);
size_t batch_tiles(tw_batch_shape shape);
batch_tile batch_tile_of(tw_batch_shape shape, size_t index);

#endif
