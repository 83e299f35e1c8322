/*
 * batch.c - the work in parts: tiles of columns, or blocks of rows, by the loops of batch_lanes.c.
 *
 * What is computed for a column reads that column only, and a row that row only; so parts are
 * independent, and it does not matter how a matrix is cut.
 */
#include "tradewind/batch.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "batch_lanes.h"
#include "levels.h"

#define BLOCK_CELLS 16384 /* of a part that is cut from rows */

typedef struct batch_work {
    const batch_lanes *lanes;
    tw_batch_shape shape;
    const double *values;
    double *results;
    double ddof;
    tw_batch_moment_rows moments;
    bool logarithms;
} batch_work;

const batch_lanes *batch_lanes_of(const tw_batch_way *way) {
    tw_cpu_level level = tw_cpu_choose(way != NULL ? way->level : TW_CPU_BEST);
    return LEVEL_PICK(level, &batch_lanes);
}

static void run_parts(const tw_batch_way *way, size_t count, tw_task task, batch_work *work) {
    tw_task_run(way != NULL ? way->runner : NULL, count, task, work);
}

static size_t parts_of(size_t whole, size_t part) {
    return (whole + part - 1) / part;
}

static size_t least_of(size_t a, size_t b) {
    return a < b ? a : b;
}

/* ---- Along rows ---------------------------------------------------------------------------- */

static void returns_part(void *argument, size_t index) {
    const batch_work *work = argument;
    size_t cells = (work->shape.rows - 1) * work->shape.columns;
    size_t begin = index * BLOCK_CELLS;
    size_t count = least_of(cells - begin, BLOCK_CELLS);
    const double *prices = work->values + begin;
    if (work->logarithms)
        work->lanes->log_returns(prices, work->shape.columns, count, work->results + begin);
    else
        work->lanes->simple_returns(prices, work->shape.columns, count, work->results + begin);
}

void tw_batch_returns(const tw_batch_way *way, tw_batch_shape shape, const double *prices,
                      tw_batch_return_kind kind, double *ret_returns) {
    TW_ASSERT(shape.columns > 0);
    if (shape.rows < 2)
        return;
    batch_work work = {.lanes = batch_lanes_of(way),
                       .shape = shape,
                       .values = prices,
                       .results = ret_returns,
                       .logarithms = kind == TW_BATCH_LOG};
    run_parts(way, parts_of((shape.rows - 1) * shape.columns, BLOCK_CELLS), returns_part, &work);
}

static void row_zscores_part(void *argument, size_t index) {
    const batch_work *work = argument;
    size_t columns = work->shape.columns;
    size_t rows = parts_of(BLOCK_CELLS, columns);
    size_t end = least_of((index + 1) * rows, work->shape.rows);
    for (size_t i = index * rows; i < end; i++)
        work->lanes->row_zscores(work->values + i * columns, columns, work->ddof,
                                 work->results + i * columns);
}

void tw_batch_row_zscores(const tw_batch_way *way, tw_batch_shape shape, const double *values,
                          uint32_t ddof, double *ret_scores) {
    TW_ASSERT(shape.columns > 0);
    batch_work work = {.lanes = batch_lanes_of(way),
                       .shape = shape,
                       .values = values,
                       .results = ret_scores,
                       .ddof = ddof};
    size_t rows = parts_of(BLOCK_CELLS, shape.columns);
    run_parts(way, parts_of(shape.rows, rows), row_zscores_part, &work);
}

/* ---- Along columns ------------------------------------------------------------------------- */

size_t batch_tiles(tw_batch_shape shape) {
    return parts_of(shape.columns, BATCH_TILE_WIDTH);
}

batch_tile batch_tile_of(tw_batch_shape shape, size_t index) {
    size_t left = shape.columns - index * BATCH_TILE_WIDTH;
    return (batch_tile){
        .rows = shape.rows, .width = least_of(left, BATCH_TILE_WIDTH), .stride = shape.columns};
}

static void moments_part(void *argument, size_t index) {
    const batch_work *work = argument;
    batch_tile tile = batch_tile_of(work->shape, index);
    size_t begin = index * BATCH_TILE_WIDTH;
    batch_moments moments;
    work->lanes->moments(tile, work->values + begin, work->ddof, &moments);
    memcpy(work->moments.means + begin, moments.means, tile.width * sizeof *moments.means);
    memcpy(work->moments.stddevs + begin, moments.stddevs, tile.width * sizeof *moments.stddevs);
    memcpy(work->moments.counts + begin, moments.counts, tile.width * sizeof *moments.counts);
}

void tw_batch_moments(const tw_batch_way *way, tw_batch_shape shape, const double *values,
                      uint32_t ddof, tw_batch_moment_rows results) {
    TW_ASSERT(shape.columns > 0);
    batch_work work = {.lanes = batch_lanes_of(way),
                       .shape = shape,
                       .values = values,
                       .ddof = ddof,
                       .moments = results};
    run_parts(way, batch_tiles(shape), moments_part, &work);
}

/* Columns are scored in chunks: first the moments of each column, by tiles, then the scores, by
 * blocks of rows, since what is written in the order of memory is written faster. */
typedef struct score_work {
    const batch_lanes *lanes;
    tw_batch_shape shape;
    const double *values;
    double *scores;
    double ddof;
    size_t begin; /* of the chunk */
    size_t width;
    batch_scale scale;
} score_work;

static void scale_part(void *argument, size_t index) {
    score_work *work = argument;
    size_t begin = index * BATCH_TILE_WIDTH;
    batch_tile tile = {.rows = work->shape.rows,
                       .width = least_of(work->width - begin, BATCH_TILE_WIDTH),
                       .stride = work->shape.columns};
    batch_moments moments;
    work->lanes->moments(tile, work->values + work->begin + begin, work->ddof, &moments);
    for (size_t j = 0; j < tile.width; j++) {
        work->scale.means[begin + j] = moments.means[j];
        work->scale.inverses[begin + j] = moments.stddevs[j] > 0 ? 1 / moments.stddevs[j] : NAN;
    }
}

static size_t score_rows(const score_work *work) {
    return parts_of(BLOCK_CELLS, work->width);
}

/* The last rows first: they are what was read last, and so what the cache may still have. */
static void score_part(void *argument, size_t index) {
    const score_work *work = argument;
    size_t rows = score_rows(work);
    size_t begin = (parts_of(work->shape.rows, rows) - 1 - index) * rows;
    batch_tile tile = {.rows = least_of(work->shape.rows - begin, rows),
                       .width = work->width,
                       .stride = work->shape.columns};
    size_t cell = begin * work->shape.columns + work->begin;
    work->lanes->zscores(tile, work->values + cell, &work->scale, work->scores + cell);
}

void tw_batch_zscores(const tw_batch_way *way, tw_batch_shape shape, const double *values,
                      uint32_t ddof, double *ret_scores) {
    TW_ASSERT(shape.columns > 0);
    const tw_task_runner *runner = way != NULL ? way->runner : NULL;
    score_work work = {.lanes = batch_lanes_of(way),
                       .shape = shape,
                       .values = values,
                       .scores = ret_scores,
                       .ddof = ddof};
    for (; work.begin < shape.columns; work.begin += BATCH_CHUNK_WIDTH) {
        work.width = least_of(shape.columns - work.begin, BATCH_CHUNK_WIDTH);
        tw_task_run(runner, parts_of(work.width, BATCH_TILE_WIDTH), scale_part, &work);
        tw_task_run(runner, parts_of(shape.rows, score_rows(&work)), score_part, &work);
    }
}
