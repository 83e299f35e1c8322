/*
 * risk_lanes.h - the loops over matrices of returns, compiled once for each level of instructions.
 *
 * A column is computed by itself, in the order of the rows, and a row in RISK_LANES lanes that are
 * added up in one order: so the level changes the time only.
 */
#ifndef TRADEWIND_RISK_LANES_H
#define TRADEWIND_RISK_LANES_H

#include <stddef.h>

#include "tradewind/cpu.h"

#define RISK_LANES 8

/* Rows `rows[0..count)` of a matrix with `assets` columns. */
typedef struct risk_rows {
    const double *returns;
    const size_t *rows;
    size_t count;
    size_t assets;
} risk_rows;

typedef struct risk_lanes {
    /* Of `count` rows, one after the other: sum of weight x return. */
    void (*row_returns)(const double *returns, size_t count, size_t assets, const double *weights,
                        double *ret_values);
    /* Of each column, x being its values less those of its first row: sums of x, x d, x d^2 and x
     * d^3, [4][assets]. `powers` is [count][3]: d, d^2, d^3. */
    void (*comoments)(const risk_rows *rows, const double *powers, double *ret_sums);
    /* total += scale x row */
    void (*add_scaled)(size_t count, double scale, const double *row, double *total);
    /* row / sqrt(variance), 0 where that is 0, and then variance = decay x variance + (1 - decay) x
     * row^2. */
    void (*filter_row)(size_t count, double decay, const double *row, double *variances,
                       double *ret_row);
    /* row x scale, by column. */
    void (*scale_row)(size_t count, const double *scales, double *row);
    /* Of up to RISK_LANES columns from `at` on: series[k] - weights[at + j] x column j, as
     * ret_series[j][k]. */
    void (*leave_out)(const risk_rows *rows, size_t at, const double *weights, const double *series,
                      double *ret_series);
} risk_lanes;

extern const risk_lanes risk_lanes_baseline;
#if defined(__x86_64__)
extern const risk_lanes risk_lanes_avx2;
extern const risk_lanes risk_lanes_avx512;
#endif

#endif
