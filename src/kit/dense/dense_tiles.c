/*
 * dense_tiles.c - see dense_tiles.h. DENSE_LEVEL names the level and DENSE_BYTES its register.
 *
 * Invariants:
 * 1. An element is one chain of fused multiply-adds in the order of the inner index. So a tile that
 *    is made in several calls, a chunk of the inner index each, has the bits of one call.
 * 2. A sum that is no element of a product (a dot product) is made in eight lanes, value t in lane
 * t mod 8, which are added from the first to the last; at every level.
 */
#include "dense_tiles.h"

#include <float.h>
#include <math.h>
#include <string.h>

#if DENSE_BYTES > 16
#include <immintrin.h>
#endif

enum { LANES = DENSE_BYTES / 8, DOT_LANES = 8, ROWS_AT_ONCE = 4 };

/* ---- One register -------------------------------------------------------------------------- */

#if DENSE_BYTES == 64
typedef __m512d vector;
#define LOAD _mm512_loadu_pd
#define STORE _mm512_storeu_pd
#define FILL _mm512_set1_pd
#define ADD_PRODUCT _mm512_fmadd_pd
#elif DENSE_BYTES == 32
typedef __m256d vector;
#define LOAD _mm256_loadu_pd
#define STORE _mm256_storeu_pd
#define FILL _mm256_set1_pd
#define ADD_PRODUCT _mm256_fmadd_pd
#else
/* Without instructions for it fma() is right, and slow. */
typedef struct vector {
    double lane[2];
} vector;

static inline vector LOAD(const double *from) {
    return (vector){{from[0], from[1]}};
}

static inline void STORE(double *to, vector v) {
    to[0] = v.lane[0];
    to[1] = v.lane[1];
}

static inline vector FILL(double value) {
    return (vector){{value, value}};
}

static inline vector ADD_PRODUCT(vector a, vector b, vector c) {
    return (vector){{fma(a.lane[0], b.lane[0], c.lane[0]), fma(a.lane[1], b.lane[1], c.lane[1])}};
}
#endif

/* ---- Products ------------------------------------------------------------------------------ */

/* A piece of a tile has its sums in registers: so many rows of so many registers. All of a tile
 * take 24 of 32 registers of eight doubles. Of 16 registers 12 have sums, three the row at hand and
 * one a factor: pieces that are wider than high would read more of the wide panel than the first
 * cache, which has no room for it, can take in meanwhile. */
#if DENSE_BYTES == 64
enum { PIECE_HEIGHT = DENSE_HEIGHT, PIECE_ACROSS = 3 };
#else
enum { PIECE_HEIGHT = DENSE_HEIGHT / 2, PIECE_ACROSS = 3 };
#endif
enum { PIECE_WIDTH = PIECE_ACROSS * LANES };
_Static_assert(DENSE_WIDTH % PIECE_WIDTH == 0 && DENSE_HEIGHT % PIECE_HEIGHT == 0,
               "pieces fill a tile");

static inline void add_piece(size_t depth, const double *wide, const double *narrow, double *c,
                             size_t stride) {
    vector sums[PIECE_HEIGHT][PIECE_ACROSS];
    for (int j = 0; j < PIECE_HEIGHT; j++)
        for (int i = 0; i < PIECE_ACROSS; i++)
            sums[j][i] = LOAD(c + (size_t)j * stride + (size_t)i * LANES);
    for (size_t t = 0; t < depth; t++) {
        vector row[PIECE_ACROSS];
        for (int i = 0; i < PIECE_ACROSS; i++)
            row[i] = LOAD(wide + i * LANES);
#pragma GCC unroll 8
        for (int j = 0; j < PIECE_HEIGHT; j++) {
            vector factor = FILL(narrow[j]);
            for (int i = 0; i < PIECE_ACROSS; i++)
                sums[j][i] = ADD_PRODUCT(row[i], factor, sums[j][i]);
        }
        wide += DENSE_WIDTH;
        narrow += DENSE_WIDTH;
    }
    for (int j = 0; j < PIECE_HEIGHT; j++)
        for (int i = 0; i < PIECE_ACROSS; i++)
            STORE(c + (size_t)j * stride + (size_t)i * LANES, sums[j][i]);
}

static void tile(size_t depth, const double *wide, const double *narrow, double *c, size_t stride) {
    for (size_t i = 0; i < DENSE_WIDTH; i += PIECE_WIDTH)
        for (size_t j = 0; j < DENSE_HEIGHT; j += PIECE_HEIGHT)
            add_piece(depth, wide + i, narrow + j, c + j * stride + i, stride);
}

/* A row of a whole panel whose columns lie side by side. */
static inline void pack_row(const double *from, const double *centres, double *to) {
    if (centres == NULL) {
        memcpy(to, from, DENSE_WIDTH * sizeof *to);
        return;
    }
    for (size_t j = 0; j < DENSE_WIDTH; j++)
        to[j] = from[j] - centres[j];
}

static void pack(const dense_source *source, double *ret_panel) {
    size_t columns = source->columns < DENSE_WIDTH ? source->columns : DENSE_WIDTH;
    bool whole = columns == DENSE_WIDTH && source->column_stride == 1 && !source->negated;
    if (whole) {
        for (size_t t = 0; t < source->rows; t++)
            pack_row(source->values + t * source->row_stride, source->centres,
                     ret_panel + t * DENSE_WIDTH);
        return;
    }
    for (size_t j = 0; j < DENSE_WIDTH; j++) {
        const double *from = source->values + j * source->column_stride;
        double centre = source->centres != NULL && j < columns ? source->centres[j] : 0;
        for (size_t t = 0; t < source->rows; t++) {
            double value = j < columns ? from[t * source->row_stride] - centre : 0;
            ret_panel[t * DENSE_WIDTH + j] = source->negated ? -value : value;
        }
    }
}

/* ---- Cholesky ------------------------------------------------------------------------------ */

/* The element of row `row` and column `column`, less what the columns from `from` on take off. */
static inline double less_products(const double *row, const double *column, size_t from,
                                   size_t count) {
    double value = row[count];
    for (size_t t = from; t < count; t++)
        value = __builtin_fma(-row[t], column[t], value);
    return value;
}

/* The columns of a block in `count` rows side by side, so that their chains overlap. */
static inline void take_columns(size_t size, size_t from, size_t to, const double *matrix,
                                double *rows, size_t count) {
    for (size_t j = from; j < to; j++) {
        const double *column = matrix + j * size;
        double values[ROWS_AT_ONCE];
        for (size_t r = 0; r < count; r++)
            values[r] = rows[r * size + j];
        for (size_t t = from; t < j; t++) {
            for (size_t r = 0; r < count; r++)
                values[r] = __builtin_fma(-rows[r * size + t], column[t], values[r]);
        }
        for (size_t r = 0; r < count; r++)
            rows[r * size + j] = values[r] / column[j];
    }
}

static size_t factor_block(size_t size, size_t from, size_t to, double *matrix) {
    for (size_t j = from; j < to; j++) {
        double *pivot_row = matrix + j * size;
        double pivot = less_products(pivot_row, pivot_row, from, j);
        if (!(pivot > 0 && pivot <= DBL_MAX))
            return j;
        pivot_row[j] = sqrt(pivot);
        for (size_t i = j + 1; i < to; i++) {
            double *row = matrix + i * size;
            row[j] = less_products(row, pivot_row, from, j) / pivot_row[j];
        }
    }
    return to;
}

static size_t cholesky(size_t size, size_t from, size_t to, double *matrix) {
    size_t done = factor_block(size, from, to, matrix);
    size_t i = done == to ? to : size;
    for (; i + ROWS_AT_ONCE <= size; i += ROWS_AT_ONCE)
        take_columns(size, from, to, matrix, matrix + i * size, ROWS_AT_ONCE);
    for (; i < size; i++)
        take_columns(size, from, to, matrix, matrix + i * size, 1);
    return done;
}

/* ---- Vectors ------------------------------------------------------------------------------- */

/* Invariant 2. */
static inline double dot(size_t count, const double *a, const double *b) {
    double lanes[DOT_LANES] = {0};
    size_t whole = count - count % DOT_LANES;
    for (size_t t = 0; t < whole; t += DOT_LANES) {
        for (size_t l = 0; l < DOT_LANES; l += LANES)
            STORE(lanes + l, ADD_PRODUCT(LOAD(a + t + l), LOAD(b + t + l), LOAD(lanes + l)));
    }
    for (size_t t = whole; t < count; t++)
        lanes[t - whole] = __builtin_fma(a[t], b[t], lanes[t - whole]);
    double sum = lanes[0];
    for (size_t l = 1; l < DOT_LANES; l++)
        sum += lanes[l];
    return sum;
}

static void forward(size_t size, const double *lower, double *x) {
    for (size_t i = 0; i < size; i++)
        x[i] = (x[i] - dot(i, lower + i * size, x)) / lower[i * size + i];
}

static void backward(size_t size, const double *lower, double *x) {
    for (size_t i = size; i-- > 0;) {
        const double *row = lower + i * size;
        double value = x[i] / row[i];
        x[i] = value;
        for (size_t j = 0; j < i; j++)
            x[j] = __builtin_fma(-row[j], value, x[j]);
    }
}

static void apply(size_t size, const double *matrix, const double *x, double *ret) {
    for (size_t i = 0; i < size; i++)
        ret[i] = dot(size, matrix + i * size, x);
}

#define LEVEL_NAME(level) LEVEL_JOIN(dense_loops_, level)
#define LEVEL_JOIN(a, b) a##b

const dense_loops LEVEL_NAME(DENSE_LEVEL) = {.pack = pack,
                                             .tile = tile,
                                             .cholesky = cholesky,
                                             .forward = forward,
                                             .backward = backward,
                                             .apply = apply};
