/*
 * simulate_lanes.h - the loops of a simulation that are compiled once for each level of
 * instructions. A panel is [rows][TW_DENSE_PANEL], a path a column.
 */
#ifndef TRADEWIND_SIMULATE_LANES_H
#define TRADEWIND_SIMULATE_LANES_H

#include <stddef.h>

#include "tradewind/dense.h"

typedef struct simulate_loops {
    /* Each column times its scale. */
    void (*scale)(size_t rows, const double *scales, double *panel);
    /* Each row is its start. */
    void (*begin)(size_t rows, const double *starts, double *panel);
    /* The sum over the rows of factor x value, of each column, in the order of the rows. */
    void (*project)(size_t rows, const double *factors, const double *panel, double *ret_sums);
} simulate_loops;

extern const simulate_loops simulate_loops_baseline;
#if defined(__x86_64__)
extern const simulate_loops simulate_loops_avx2;
extern const simulate_loops simulate_loops_avx512;
#endif

#endif
