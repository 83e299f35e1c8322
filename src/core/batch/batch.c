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

#define BLOCK_CELLS 16384 /* of a part that is cut from rows */

typedef struct batch_work {
    const batch_lanes *lanes;
    tw_batch_shape shape;
    const double *values;
    double *results;
    double ddof;
    tw_batch_moment_rows moments;
    size_t part_cells;
    bool logarithms;
} batch_work;

static const batch_lanes *lanes_of(const tw_batch_way *way) {
    tw_cpu_level level = tw_cpu_choose(way != NULL ? way->level : TW_CPU_BEST);
#if defined(__x86_64__)
    if (level == TW_CPU_AVX512)
        return &batch_lanes_avx512;
    if (level == TW_CPU_AVX2)
        return &batch_lanes_avx2;
#endif
    (void)level;
    return &batch_lanes_baseline;
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
    batch_work work = {.lanes = lanes_of(way),
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
    batch_work work = {.lanes = lanes_of(way),
                       .shape = shape,
                       .values = values,
                       .results = ret_scores,
                       .ddof = ddof};
    size_t rows = parts_of(BLOCK_CELLS, shape.columns);
    run_parts(way, parts_of(shape.rows, rows), row_zscores_part, &work);
}

/* ---- Along columns ------------------------------------------------------------------------- */

static batch_tile tile_of(const batch_work *work, size_t index) {
    size_t left = work->shape.columns - index * BATCH_TILE_WIDTH;
    return (batch_tile){.rows = work->shape.rows,
                        .width = least_of(left, BATCH_TILE_WIDTH),
                        .stride = work->shape.columns};
}

static void moments_part(void *argument, size_t index) {
    const batch_work *work = argument;
    batch_tile tile = tile_of(work, index);
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
    batch_work work = {
        .lanes = lanes_of(way), .shape = shape, .values = values, .ddof = ddof, .moments = results};
    run_parts(way, parts_of(shape.columns, BATCH_TILE_WIDTH), moments_part, &work);
}

static void zscores_part(void *argument, size_t index) {
    const batch_work *work = argument;
    batch_tile tile = tile_of(work, index);
    size_t begin = index * BATCH_TILE_WIDTH;
    batch_moments moments;
    work->lanes->moments(tile, work->values + begin, work->ddof, &moments);
    work->lanes->zscores(tile, work->values + begin, &moments, work->results + begin);
}

void tw_batch_zscores(const tw_batch_way *way, tw_batch_shape shape, const double *values,
                      uint32_t ddof, double *ret_scores) {
    TW_ASSERT(shape.columns > 0);
    batch_work work = {.lanes = lanes_of(way),
                       .shape = shape,
                       .values = values,
                       .results = ret_scores,
                       .ddof = ddof};
    run_parts(way, parts_of(shape.columns, BATCH_TILE_WIDTH), zscores_part, &work);
}

/* ---- What is missing ----------------------------------------------------------------------- */

size_t tw_batch_fill_forward(tw_batch_shape shape, double *values, size_t limit) {
    TW_ASSERT(shape.columns > 0);
    size_t filled = 0;
    for (size_t j = 0; j < shape.columns; j++) {
        size_t age = 0;
        bool seen = false;
        double last = NAN;
        for (size_t i = 0; i < shape.rows; i++) {
            double *cell = &values[i * shape.columns + j];
            if (isfinite(*cell)) {
                last = *cell;
                seen = true;
                age = 0;
            } else if (seen && age < limit) {
                *cell = last;
                age++;
                filled++;
            } else {
                seen = false; /* beyond the limit: wait for the next value */
            }
        }
    }
    return filled;
}

size_t tw_batch_select(tw_batch_shape shape, const double *values, size_t count_min,
                       int last_required, uint8_t *ret_mask) {
    TW_ASSERT(shape.columns > 0);
    size_t marked = 0;
    for (size_t j = 0; j < shape.columns; j++) {
        size_t count = 0;
        for (size_t i = 0; i < shape.rows; i++)
            count += isfinite(values[i * shape.columns + j]) ? 1 : 0;
        bool last = shape.rows > 0 && isfinite(values[(shape.rows - 1) * shape.columns + j]);
        ret_mask[j] = count >= count_min && (last || last_required == 0) ? 1 : 0;
        marked += ret_mask[j];
    }
    return marked;
}

size_t tw_batch_pack(tw_batch_shape shape, const double *values, const uint8_t *mask,
                     double *ret_values) {
    TW_ASSERT(shape.columns > 0);
    size_t marked = 0;
    for (size_t j = 0; j < shape.columns; j++)
        marked += mask[j] != 0;
    /* The writer never overtakes the reader, so the same buffer may be used for both. */
    size_t to = 0;
    for (size_t i = 0; i < shape.rows; i++)
        for (size_t j = 0; j < shape.columns; j++)
            if (mask[j] != 0)
                ret_values[to++] = values[i * shape.columns + j];
    return marked;
}

/* The squared deviations of the `window` rows that start at `returns`; a missing value makes the
 * sum NaN (an infinity does, too, by inf - inf). */
static void window_squares(size_t columns, const double *restrict returns, size_t window,
                           double *restrict means, double *restrict squares) {
    memset(means, 0, columns * sizeof *means);
    memset(squares, 0, columns * sizeof *squares);
    for (size_t k = 0; k < window; k++) {
        const double *row = returns + k * columns;
        double count = (double)(k + 1);
        for (size_t j = 0; j < columns; j++)
            means[j] += (row[j] - means[j]) / count;
    }
    for (size_t k = 0; k < window; k++) {
        const double *row = returns + k * columns;
        for (size_t j = 0; j < columns; j++)
            squares[j] += (row[j] - means[j]) * (row[j] - means[j]);
    }
}

tw_status tw_batch_volatility(tw_batch_shape shape, const double *returns, size_t window,
                              double periods_per_year, double *scratch, double *ret_volatility) {
    TW_ASSERT(shape.columns > 0);
    if (window < 2 || !(periods_per_year > 0) || !isfinite(periods_per_year))
        return TW_RANGE;
    double *squares = scratch + shape.columns;
    double scale = periods_per_year / (double)(window - 1);
    for (size_t i = 0; i < shape.rows; i++) {
        double *out = ret_volatility + i * shape.columns;
        bool full = i + 1 >= window;
        if (full)
            window_squares(shape.columns, returns + (i + 1 - window) * shape.columns, window,
                           scratch, squares);
        for (size_t j = 0; j < shape.columns; j++)
            out[j] = full && isfinite(squares[j]) ? sqrt(squares[j] * scale) : NAN;
    }
    return TW_OK;
}
