/*
 * risk_lanes.c - see risk_lanes.h. Compiled with RISK_LEVEL as the name of the level and RISK_BYTES
 * as the size of its registers.
 *
 * Sums along columns are gathered in blocks of rows, which stay in the cache while their columns
 * are gone through group by group; the totals of blocks are added up. So the error of a sum grows
 * with the rows of a block and the number of blocks, not with their product.
 */
#include "risk_lanes.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define BLOCK_ROWS 32

#define JOIN(a, b) a##b
#define NAMED(a, b) JOIN(a, b)
#define INLINE static inline __attribute__((always_inline))

/* RISK_LANES doubles in as many registers as they take at this level. */
typedef double lane_part __attribute__((vector_size(RISK_BYTES)));
typedef double lane_place __attribute__((vector_size(RISK_BYTES), aligned(8), may_alias));
#define PART_COUNT (RISK_LANES * sizeof(double) / sizeof(lane_part))
#define EACH_PART(k) for (size_t k = 0; k < PART_COUNT; k++)

typedef struct lanes {
    lane_part part[PART_COUNT];
} lanes;

/* Whole registers. */
INLINE lanes load(const double *from) {
    const lane_place *places = (const lane_place *)(const void *)from;
    lanes value;
    EACH_PART(k)
    value.part[k] = places[k];
    return value;
}

INLINE void store(double *to, lanes value) {
    lane_place *places = (lane_place *)(void *)to;
    EACH_PART(k)
    places[k] = value.part[k];
}

/* `count` of them, the others 0. */
INLINE lanes load_some(const double *from, size_t count) {
    if (count >= RISK_LANES)
        return load(from);
    double some[RISK_LANES];
    for (size_t k = 0; k < RISK_LANES; k++)
        some[k] = k < count ? from[k] : 0;
    return load(some);
}

INLINE lanes add_products(lanes total, lanes a, lanes b) {
    EACH_PART(k)
    total.part[k] += a.part[k] * b.part[k];
    return total;
}

/* ---- Along rows ---------------------------------------------------------------------------- */

static double row_return(const double *row, size_t assets, const double *weights) {
    lanes even = {0};
    lanes odd = {0};
    size_t i = 0;
    for (; i + 2 * RISK_LANES <= assets; i += 2 * RISK_LANES) {
        even = add_products(even, load(row + i), load(weights + i));
        odd = add_products(odd, load(row + i + RISK_LANES), load(weights + i + RISK_LANES));
    }
    for (; i < assets; i += RISK_LANES)
        even =
            add_products(even, load_some(row + i, assets - i), load_some(weights + i, assets - i));
    double total[RISK_LANES];
    EACH_PART(k)
    even.part[k] += odd.part[k];
    store(total, even);
    return ((total[0] + total[4]) + (total[2] + total[6])) +
           ((total[1] + total[5]) + (total[3] + total[7]));
}

static void row_returns(const double *returns, size_t count, size_t assets, const double *weights,
                        double *ret_values) {
    for (size_t k = 0; k < count; k++)
        ret_values[k] = row_return(returns + k * assets, assets, weights);
}

/* ---- Along columns ------------------------------------------------------------------------- */

/* Of up to RISK_LANES columns from `at` on, over a block of rows; added to `sums`. */
INLINE void comoments_group(const risk_rows *block, const double *powers, size_t at, size_t width,
                            const double *first, double *sums) {
    lanes origin = load_some(first + at, width);
    lanes total[4] = {0};
    for (size_t k = 0; k < block->count; k++) {
        lanes x = load_some(block->returns + block->rows[k] * block->assets + at, width);
        const double *d = powers + 3 * k;
        EACH_PART(p) {
            lane_part value = x.part[p] - origin.part[p];
            total[0].part[p] += value;
            total[1].part[p] += value * d[0];
            total[2].part[p] += value * d[1];
            total[3].part[p] += value * d[2];
        }
    }
    for (size_t s = 0; s < 4; s++) {
        double part[RISK_LANES];
        store(part, total[s]);
        for (size_t k = 0; k < RISK_LANES && k < width; k++)
            sums[s * block->assets + at + k] += part[k];
    }
}

static void comoments(const risk_rows *rows, const double *powers, double *ret_sums) {
    memset(ret_sums, 0, 4 * rows->assets * sizeof *ret_sums);
    if (rows->count == 0)
        return;
    const double *first = rows->returns + rows->rows[0] * rows->assets;
    for (size_t k = 0; k < rows->count; k += BLOCK_ROWS) {
        risk_rows block = *rows;
        block.rows = rows->rows + k;
        block.count = rows->count - k < BLOCK_ROWS ? rows->count - k : BLOCK_ROWS;
        size_t i = 0;
        for (; i + RISK_LANES <= rows->assets; i += RISK_LANES)
            comoments_group(&block, powers + 3 * k, i, RISK_LANES, first, ret_sums);
        if (i < rows->assets)
            comoments_group(&block, powers + 3 * k, i, rows->assets - i, first, ret_sums);
    }
}

static void add_scaled(size_t count, double scale, const double *restrict row,
                       double *restrict total) {
    for (size_t i = 0; i < count; i++)
        total[i] += scale * row[i];
}

static void filter_row(size_t count, double decay, const double *restrict row,
                       double *restrict variances, double *restrict ret_row) {
    for (size_t i = 0; i < count; i++) {
        double x = row[i];
        double variance = variances[i];
        double quotient = x / sqrt(variance);
        ret_row[i] = variance == 0 ? 0 : quotient;
        variances[i] = decay * variance + (1 - decay) * (x * x);
    }
}

static void scale_row(size_t count, const double *restrict scales, double *restrict row) {
    for (size_t i = 0; i < count; i++)
        row[i] *= scales[i];
}

static void leave_out(const risk_rows *rows, size_t at, const double *weights, const double *series,
                      double *ret_series) {
    size_t width = rows->assets - at < RISK_LANES ? rows->assets - at : RISK_LANES;
    for (size_t k = 0; k < rows->count; k++) {
        const double *row = rows->returns + rows->rows[k] * rows->assets + at;
        for (size_t j = 0; j < width; j++) {
            ret_series[j * rows->count + k] = series[k] - weights[at + j] * row[j];
        }
    }
}

const risk_lanes NAMED(risk_lanes_, RISK_LEVEL) = {row_returns, comoments, add_scaled,
                                                   filter_row,  scale_row, leave_out};
