/*
 * dense_tiles.h - the loops of kit/dense that are compiled once for each level of instructions.
 *
 * A matrix is packed into panels: DENSE_WIDTH columns side by side, the rows of the inner index one
 * after the other, zeros where the matrix ends. A tile of the result is DENSE_HEIGHT rows of
 * DENSE_WIDTH, and takes one factor from a panel in vectors, the other one value at a time.
 *
 * Panels are the same at every level, and so is the order in which a tile's elements take their
 * products: that of the inner index, each by one fused multiply-add.
 */
#ifndef TRADEWIND_DENSE_TILES_H
#define TRADEWIND_DENSE_TILES_H

#include <stdbool.h>
#include <stddef.h>

enum {
    DENSE_WIDTH = 24, /* three registers of eight doubles, or six of four */
    DENSE_HEIGHT = 8, /* DENSE_WIDTH is a multiple of it: panels serve as either factor */
    DENSE_DEPTH = 96, /* of the inner index at once, so that a panel stays in the first cache */
    DENSE_CHUNK = 192 /* and of this much of it all panels are made at a time, for the second */
};

/* A part of a matrix that is packed: `rows` of the inner index; the value of column j and row t
 * stands at values[t * row_stride + j * column_stride]. */
typedef struct dense_source {
    const double *values;
    size_t rows;
    size_t columns; /* that there are; a panel's further ones are zero */
    size_t row_stride;
    size_t column_stride;
    const double *centres; /* subtracted, or NULL */
    bool negated;
} dense_source;

typedef struct dense_loops {
    /* Packs DENSE_WIDTH columns from the first of `source` on. */
    void (*pack)(const dense_source *source, double *ret_panel);
    /* c[j][i] += sum of wide[t][i] narrow[t][j] over `depth` rows of two panels, for the tile at c,
     * whose rows lie `stride` apart. `narrow` points at DENSE_HEIGHT columns of a panel. */
    void (*tile)(size_t depth, const double *wide, const double *narrow, double *c, size_t stride);
    /* Columns `from` to `to` of a Cholesky factor, in rows from `from` on, when what columns before
     * them take off is off already. Returns the first column without a pivot above 0, or `to`. */
    size_t (*cholesky)(size_t size, size_t from, size_t to, double *matrix);
    void (*forward)(size_t size, const double *lower, double *x);
    void (*backward)(size_t size, const double *lower, double *x);
    void (*apply)(size_t size, const double *matrix, const double *x, double *ret);
} dense_loops;

extern const dense_loops dense_loops_baseline;
#if defined(__x86_64__)
extern const dense_loops dense_loops_avx2;
extern const dense_loops dense_loops_avx512;
#endif

#endif
