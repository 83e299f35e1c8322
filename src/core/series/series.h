/*
 * series.h - what is computed of one series of returns, or of two side by side: moments, halves,
 * growth, and the figures that are made of these.
 *
 * The one copy of them: core/risk and core/performance call it, so that a figure that both give is
 * the same number, bit for bit. A series is a series_view (series_lanes.h); sums are taken about a
 * centre and scaled by a power of two, which changes no digit, so that fourth powers of 1e150 and
 * of 1e-150 are there.
 *
 * Memory: none. Cost: passes over the series, as said. The same bits on every machine.
 */
#ifndef TRADEWIND_SERIES_H
#define TRADEWIND_SERIES_H

#include <stdbool.h>
#include <stddef.h>

#include "series_lanes.h"
#include "tradewind/cpu.h"

/* How many values there are, and how unequally they weigh. */
typedef struct series_size {
    double count;
    double weight;        /* the sum of weights: count without them */
    double concentration; /* sum of squares of weights over the square of their sum */
    bool weighted;
} series_size;

/* Central sums of powers of (value - mean) x scale. */
typedef struct series_moments {
    double mean;
    double least;
    double greatest;
    double square;
    double cube;
    double fourth;
    double scale;
} series_moments;

/* Two series side by side: moments but for the powers, and sums of products about the means. */
typedef struct series_pair {
    series_moments a;
    series_moments b;
    series_products products;
} series_pair;

/* A product of (1 + value): value x 2^exponent. 0 after ruin. */
typedef struct series_growth {
    double value;
    double exponent; /* a multiple of 512 */
} series_growth;

/* The loops of a wish. */
const series_lanes *series_lanes_of(tw_cpu_level level);

/* All values of an array, each with weight 1, about 0. */
static inline series_view series_of_values(const double *values, size_t count) {
    return (series_view){values, NULL, count, 0, 1};
}

/* ---- Sums ---------------------------------------------------------------------------------- */

series_size series_size_of(const series_lanes *lanes, const double *weights, size_t count);

/* Mean, range and scale of a series, whose centre and scale are set to them; its powers are left
 * at 0. `weight` is that of its size. NaN of nothing. */
series_moments series_level_of(const series_lanes *lanes, series_view *series, double weight);

/* A range within 8 roundings of the values, or of what these were computed from (`size`: the
 * greatest magnitude of that, or 0), is none: the values are equal. */
bool series_is_constant(const series_moments *moments, double size);

/* The moments; equal values have powers of exactly 0. `ret_halves` (may be NULL): those above and
 * below the mean. */
series_moments series_moments_of(const series_lanes *lanes, series_view *series, double weight,
                                 double size, series_sums *ret_halves);

/* Of two series of one length and weights; a product with a constant one is exactly 0. */
series_pair series_pair_of(const series_lanes *lanes, series_view *a, series_view *b, double weight,
                           double size);

/* Mean, range and sum of squares about the mean, as they are (the scale is 1). */
series_moments series_spread_of(const series_lanes *lanes, series_view *series, double weight,
                                double size);

/* ---- Growth -------------------------------------------------------------------------------- */

void series_grow(series_growth *growth, double factor);
/* Of the values that are there. */
series_growth series_growth_of(const series_lanes *lanes, const double *values, size_t count);
/* growth^power - 1. */
double series_growth_rate(series_growth growth, double power);
/* The greatest fall of the value from a peak, by a walk along it (drawdown_walk.h). */
double series_max_drawdown(const double *values, size_t count);

/* ---- Figures ------------------------------------------------------------------------------- */

/* sum / (n - ddof), with weights sum / W / (1 - concentration); NaN for too few. */
double series_variance(const series_size *size, double sum, double ddof);
double series_deviation(const series_size *size, const series_moments *moments, double ddof);

/* Of population moments: m3 / m2^(3/2), m4 / m2^2. NaN where nothing moves. */
double series_skewness(const series_size *size, const series_moments *moments);
double series_kurtosis(const series_size *size, const series_moments *moments);
/* G1 and G2; NaN of fewer than 3 and 4 values. */
double series_skewness_sample(const series_size *size, const series_moments *moments);
double series_excess_kurtosis_sample(const series_size *size, const series_moments *moments);

/* The mean of max(d, 0)^power and max(-d, 0)^power, power 1 to SERIES_POWERS. */
double series_above(const series_size *size, const series_sums *sums, int power);
double series_below(const series_size *size, const series_sums *sums, int power);
/* Of min(d, 0)^2, not centred, over all values less ddof. */
double series_downside_variance(const series_size *size, const series_sums *sums, double ddof);

/* ab / bb; NaN of fewer than two values, or where b is constant. A constant a does not move with
 * b: 0. */
double series_beta(const series_size *size, const series_products *products);
double series_correlation(const series_products *products);

#endif
