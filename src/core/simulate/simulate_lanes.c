/* simulate_lanes.c - see simulate_lanes.h. Plain C over the columns of a panel, so the level
 * changes no bit. SIMULATE_LEVEL names it. */
#include "simulate_lanes.h"

#include <string.h>

static void scale(size_t rows, const double *restrict scales, double *restrict panel) {
    for (size_t t = 0; t < rows; t++) {
        double *row = panel + t * TW_DENSE_PANEL;
        for (size_t l = 0; l < TW_DENSE_PANEL; l++)
            row[l] *= scales[l];
    }
}

static void begin(size_t rows, const double *restrict starts, double *restrict panel) {
    for (size_t t = 0; t < rows; t++) {
        double *row = panel + t * TW_DENSE_PANEL;
        for (size_t l = 0; l < TW_DENSE_PANEL; l++)
            row[l] = starts[t];
    }
}

static void project(size_t rows, const double *restrict factors, const double *restrict panel,
                    double *restrict ret_sums) {
    double sums[TW_DENSE_PANEL] = {0};
    for (size_t t = 0; t < rows; t++) {
        const double *row = panel + t * TW_DENSE_PANEL;
        for (size_t l = 0; l < TW_DENSE_PANEL; l++)
            sums[l] += factors[t] * row[l];
    }
    memcpy(ret_sums, sums, sizeof sums);
}

#define JOIN(a, b) a##b
#define NAMED(a, b) JOIN(a, b)
const simulate_loops NAMED(simulate_loops_,
                           SIMULATE_LEVEL) = {.scale = scale, .begin = begin, .project = project};
