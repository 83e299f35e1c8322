/*
 * series_lanes.h - the sums of series.c, compiled once for each level of instructions.
 *
 * A sum has a fixed number of lanes (value i belongs to lane i % 8), blocks of a fixed length
 * whose sums are added up with what rounding loses, and a fixed order in which the lanes are put
 * together. So neither the level nor the machine changes a bit.
 *
 * `weights` may be NULL: every weight is 1 then.
 */
#ifndef TRADEWIND_SERIES_LANES_H
#define TRADEWIND_SERIES_LANES_H

#include <stdbool.h>
#include <stddef.h>

#include "tradewind/cpu.h"

#define SERIES_POWERS 4

/* A series and where its sums are taken from: d = (value - centre) x scale, a power of two. */
typedef struct series_view {
    const double *values;
    const double *weights;
    size_t count;
    double centre;
    double scale;
} series_view;

/* upper[k - 1] = sum of w max(d, 0)^k, lower[k - 1] = sum of w max(-d, 0)^k. */
typedef struct series_sums {
    double upper[SERIES_POWERS];
    double lower[SERIES_POWERS];
    double above; /* weight of d > 0 */
    double below; /* of d < 0 */
    double scale;
} series_sums;

/* Sums of squares and products of what two series differ by from their centres. */
typedef struct series_products {
    double aa;
    double bb;
    double ab;
} series_products;

typedef struct series_lanes {
    /* Whether no value is missing or of a greater magnitude. */
    bool (*within)(const double *values, size_t count, double magnitude);
    void (*range)(const double *values, size_t count, double *ret_least, double *ret_greatest);
    /* Sum of w (value - centre), near exact; `scale` is not used. */
    double (*total)(const series_view *series);
    void (*powers)(const series_view *series, series_sums *ret_sums);
    /* The product of (1 + value), while all on the way to it is within 2^-512 to 2^512:
     * false when something is not, or a factor is not above 0. No value is missing. */
    bool (*growth)(const double *values, size_t count, double *ret_product);
    /* Of `a` with `b`, whose weights, count and scale are those of `a`. */
    void (*products)(const series_view *a, const series_view *b, series_products *ret_products);
} series_lanes;

extern const series_lanes series_lanes_baseline;
#if defined(__x86_64__)
extern const series_lanes series_lanes_avx2;
extern const series_lanes series_lanes_avx512;
#endif

#endif
