/*
 * dense.c - products and factors out of tiles.
 *
 * A product takes a chunk of the inner index at a time: first both factors are packed into panels,
 * then every panel of the result's columns takes the chunk, in blocks whose panels stay in the
 * caches. Packing and multiplying are each handed to the runner in parts: of one panel, the longest
 * first, or of a band of rows where these are more than the columns.
 *
 * Invariants:
 * 1. No two parts of a job write the same element, and a chunk is multiplied when all of it is
 *    packed and all chunks before it are multiplied: dense_tiles.h's order holds for any runner.
 * 2. A tile that reaches over the end of the result is made aside and copied: nothing is written
 *    beyond [rows][columns].
 */
#include "tradewind/dense.h"

#include <stdint.h>
#include <string.h>

#include "dense_tiles.h"
#include "levels.h"

enum {
    BAND_HEIGHT = 4 * DENSE_WIDTH,
    CHOLESKY_BLOCK = 2 * DENSE_WIDTH,
    CACHE_LINE = 64,
    LINE_DOUBLES = CACHE_LINE / 8
};

static const dense_loops *loops_of(const tw_dense_way *way) {
    tw_cpu_level level = tw_cpu_choose(way == NULL ? TW_CPU_BEST : way->level);
    return LEVEL_PICK(level, &dense_loops);
}

static const tw_task_runner *runner_of(const tw_dense_way *way) {
    return way == NULL ? NULL : way->runner;
}

static size_t panels_of(size_t columns) {
    return (columns + DENSE_WIDTH - 1) / DENSE_WIDTH;
}

/* Scratch has room for the doubles before its first whole cache line. */
static double *aligned(double *scratch) {
    uintptr_t over = (uintptr_t)scratch % CACHE_LINE;
    return over == 0 ? scratch : scratch + (CACHE_LINE - over) / sizeof *scratch;
}

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

/* The size of the pieces of a whole, none of which is above `most`: none is much smaller. */
static size_t even(size_t whole, size_t most) {
    TW_ASSERT(whole > 0);
    size_t pieces = (whole + most - 1) / most;
    return (whole + pieces - 1) / pieces;
}

/* ---- A product in chunks ------------------------------------------------------------------- */

/* ret [rows][columns] += wide' narrow, where both are [inner][...] and columns are packed. */
typedef struct product {
    const dense_loops *loops;
    dense_source wide;   /* of the result's columns */
    dense_source narrow; /* of its rows */
    double *wide_panels;
    double *narrow_panels; /* the same as the wide ones where the factors are one matrix */
    bool square;           /* they are, and only what is on or below the diagonal is wanted */
    double *ret;
    size_t rows;
    size_t columns;
    size_t stride; /* of ret */
    size_t depth;  /* of the chunk at hand, at most DENSE_CHUNK, */
    size_t first;  /* which begins at this row of the inner index */
} product;

static void pack_panel(const product *p, const dense_source *all, size_t index, double *panels) {
    dense_source source = *all;
    source.values += p->first * all->row_stride + index * DENSE_WIDTH * all->column_stride;
    source.centres = all->centres == NULL ? NULL : all->centres + index * DENSE_WIDTH;
    source.rows = p->depth;
    source.columns = all->columns - index * DENSE_WIDTH;
    p->loops->pack(&source, panels + index * DENSE_WIDTH * p->depth);
}

static void pack_task(void *argument, size_t index) {
    const product *p = argument;
    size_t wide = panels_of(p->columns);
    if (index < wide)
        pack_panel(p, &p->wide, index, p->wide_panels);
    else
        pack_panel(p, &p->narrow, index - wide, p->narrow_panels);
}

/* The tile at (row, column); invariant 2. */
static void add_tile(const product *p, size_t depth, const double *wide, const double *narrow,
                     size_t row, size_t column) {
    size_t height = least(DENSE_HEIGHT, p->rows - row);
    size_t width = least(DENSE_WIDTH, p->columns - column);
    double *c = p->ret + row * p->stride + column;
    if (height == DENSE_HEIGHT && width == DENSE_WIDTH) {
        p->loops->tile(depth, wide, narrow, c, p->stride);
        return;
    }
    double aside[DENSE_HEIGHT * DENSE_WIDTH] = {0};
    for (size_t j = 0; j < height; j++)
        memcpy(aside + j * DENSE_WIDTH, c + j * p->stride, width * sizeof *c);
    p->loops->tile(depth, wide, narrow, aside, DENSE_WIDTH);
    for (size_t j = 0; j < height; j++)
        memcpy(c + j * p->stride, aside + j * DENSE_WIDTH, width * sizeof *c);
}

/* The tiles of a panel of columns, in the rows [first, end), take the chunk. */
static void multiply_panel(const product *p, size_t column, size_t first, size_t end) {
    const double *wide = p->wide_panels + column * p->depth;
    size_t block = even(p->depth, DENSE_DEPTH);
    for (size_t begin = 0; begin < p->depth; begin += block) {
        size_t depth = least(block, p->depth - begin);
        for (size_t row = first; row < end; row += DENSE_HEIGHT) {
            const double *panel = p->narrow_panels + row / DENSE_WIDTH * DENSE_WIDTH * p->depth;
            const double *narrow = panel + begin * DENSE_WIDTH + row % DENSE_WIDTH;
            add_tile(p, depth, wide + begin * DENSE_WIDTH, narrow, row, column);
        }
    }
}

/* The first panels of a square have the most tiles. */
static void panel_task(void *argument, size_t index) {
    const product *p = argument;
    size_t column = index * DENSE_WIDTH;
    multiply_panel(p, column, p->square ? column : 0, p->rows);
}

/* Of all columns a band of rows, whose panels stay in the second cache meanwhile. */
static void band_task(void *argument, size_t index) {
    const product *p = argument;
    size_t first = index * BAND_HEIGHT;
    for (size_t column = 0; column < p->columns; column += DENSE_WIDTH)
        multiply_panel(p, column, first, least(first + BAND_HEIGHT, p->rows));
}

static void run_product(product *p, const tw_task_runner *runner, size_t inner) {
    size_t panels = panels_of(p->columns);
    size_t packs = panels + (p->square ? 0 : panels_of(p->rows));
    size_t chunk = even(inner, DENSE_CHUNK);
    for (p->first = 0; p->first < inner; p->first += chunk) {
        p->depth = least(chunk, inner - p->first);
        tw_task_run(runner, packs, pack_task, p);
        if (p->square || p->rows < p->columns)
            tw_task_run(runner, panels, panel_task, p);
        else
            tw_task_run(runner, (p->rows + BAND_HEIGHT - 1) / BAND_HEIGHT, band_task, p);
    }
}

static size_t panel_doubles(size_t columns, size_t inner) {
    return panels_of(columns) * DENSE_WIDTH * least(DENSE_CHUNK, inner);
}

/* ---- Sums of products ---------------------------------------------------------------------- */

size_t tw_dense_products_scratch(tw_dense_shape shape) {
    return LINE_DOUBLES + panel_doubles(shape.columns, shape.rows);
}

/* What is above the diagonal is what is below it; in squares, which are read and written whole. */
static void mirror(size_t size, double *matrix) {
    enum { SQUARE = 16 };
    for (size_t i = 0; i < size; i += SQUARE)
        for (size_t j = 0; j <= i; j += SQUARE)
            for (size_t k = i; k < least(i + SQUARE, size); k++)
                for (size_t l = j; l < least(j + SQUARE, k); l++)
                    matrix[l * size + k] = matrix[k * size + l];
}

void tw_dense_products(const tw_dense_way *way, tw_dense_shape shape, const double *values,
                       const double *centres, double *scratch, double *ret_products) {
    size_t columns = shape.columns;
    TW_ASSERT(shape.rows > 0 && columns > 0);
    TW_ASSERT(values != NULL && scratch != NULL && ret_products != NULL);
    const dense_source source = {.values = values,
                                 .columns = columns,
                                 .row_stride = columns,
                                 .column_stride = 1,
                                 .centres = centres};
    product p = {.loops = loops_of(way),
                 .wide = source,
                 .narrow = source,
                 .wide_panels = aligned(scratch),
                 .narrow_panels = aligned(scratch),
                 .square = true,
                 .ret = ret_products,
                 .rows = columns,
                 .columns = columns,
                 .stride = columns};
    memset(ret_products, 0, columns * columns * sizeof *ret_products);
    run_product(&p, runner_of(way), shape.rows);
    mirror(columns, ret_products);
}

/* ---- Products ------------------------------------------------------------------------------ */

size_t tw_dense_multiply_scratch(tw_dense_factors factors) {
    return LINE_DOUBLES + panel_doubles(factors.columns, factors.inner) +
           panel_doubles(factors.rows, factors.inner);
}

void tw_dense_multiply(const tw_dense_way *way, tw_dense_factors factors, const double *a,
                       const double *b, double *scratch, double *ret) {
    size_t inner = factors.inner;
    TW_ASSERT(factors.rows > 0 && inner > 0 && factors.columns > 0);
    TW_ASSERT(a != NULL && b != NULL && scratch != NULL && ret != NULL);
    product p = {
        .loops = loops_of(way),
        .wide = {.values = b,
                 .columns = factors.columns,
                 .row_stride = factors.transposed ? 1 : factors.columns,
                 .column_stride = factors.transposed ? inner : 1},
        .narrow = {.values = a, .columns = factors.rows, .row_stride = 1, .column_stride = inner},
        .wide_panels = aligned(scratch),
        .narrow_panels = aligned(scratch) + panel_doubles(factors.columns, inner),
        .ret = ret,
        .rows = factors.rows,
        .columns = factors.columns,
        .stride = factors.columns};
    memset(ret, 0, factors.rows * factors.columns * sizeof *ret);
    run_product(&p, runner_of(way), inner);
}

/* ---- A triangle and panels ----------------------------------------------------------------- */

_Static_assert(TW_DENSE_PANEL == DENSE_WIDTH, "a panel of the caller is a packed one");

size_t tw_dense_packed_size(size_t size) {
    return panels_of(size) * DENSE_WIDTH * size;
}

void tw_dense_pack_lower(size_t size, const double *lower, double *ret_packed) {
    TW_ASSERT(size > 0 && lower != NULL && ret_packed != NULL);
    for (size_t row = 0; row < size; row += DENSE_WIDTH) {
        double *panel = ret_packed + row * size;
        size_t rows = least(DENSE_WIDTH, size - row);
        memset(panel, 0, DENSE_WIDTH * size * sizeof *panel);
        for (size_t j = 0; j < rows; j++) {
            for (size_t t = 0; t <= row + j; t++)
                panel[t * DENSE_WIDTH + j] = lower[(row + j) * size + t];
        }
    }
}

void tw_dense_multiply_lower(tw_cpu_level level, size_t size, const double *packed, size_t count,
                             const double *panels, double *ret_panels) {
    TW_ASSERT(size > 0 && packed != NULL && panels != NULL && ret_panels != NULL);
    const tw_dense_way way = {.level = level};
    product p = {
        .loops = loops_of(&way), .rows = size, .columns = DENSE_WIDTH, .stride = DENSE_WIDTH};
    /* A row of tiles has its part of the triangle in the first cache for all panels. */
    for (size_t row = 0; row < size; row += DENSE_HEIGHT) {
        const double *narrow = packed + row / DENSE_WIDTH * DENSE_WIDTH * size + row % DENSE_WIDTH;
        size_t depth = least(row + DENSE_HEIGHT, size);
        for (size_t k = 0; k < count; k++) {
            p.ret = ret_panels + k * size * DENSE_WIDTH;
            add_tile(&p, depth, panels + k * size * DENSE_WIDTH, narrow, row, 0);
        }
    }
}

/* ---- Cholesky ------------------------------------------------------------------------------ */

size_t tw_dense_cholesky_scratch(size_t size) {
    return LINE_DOUBLES + panel_doubles(CHOLESKY_BLOCK, size) + panel_doubles(size, size);
}

/* Takes off what the columns before `from` contribute to those up to `to`. */
static void take_off(const tw_dense_way *way, size_t size, size_t from, size_t to, double *matrix,
                     double *scratch) {
    if (from == 0)
        return;
    product p = {.loops = loops_of(way),
                 .wide = {.values = matrix + from * size,
                          .columns = to - from,
                          .row_stride = 1,
                          .column_stride = size,
                          .negated = true},
                 .narrow = {.values = matrix + from * size,
                            .columns = size - from,
                            .row_stride = 1,
                            .column_stride = size},
                 .wide_panels = aligned(scratch),
                 .narrow_panels = aligned(scratch) + panel_doubles(CHOLESKY_BLOCK, size),
                 .ret = matrix + from * size + from,
                 .rows = size - from,
                 .columns = to - from,
                 .stride = size};
    run_product(&p, runner_of(way), from);
}

bool tw_dense_cholesky(const tw_dense_way *way, size_t size, double *matrix, double *scratch,
                       size_t *ret_column) {
    TW_ASSERT(size > 0 && matrix != NULL && scratch != NULL && ret_column != NULL);
    const dense_loops *loops = loops_of(way);
    for (size_t from = 0; from < size; from += CHOLESKY_BLOCK) {
        size_t to = least(from + CHOLESKY_BLOCK, size);
        take_off(way, size, from, to, matrix, scratch);
        size_t done = loops->cholesky(size, from, to, matrix);
        if (done < to) {
            *ret_column = done;
            return false;
        }
    }
    for (size_t i = 0; i < size; i++)
        memset(matrix + i * size + i + 1, 0, (size - i - 1) * sizeof *matrix);
    return true;
}

void tw_dense_solve_forward(size_t size, const double *lower, double *x) {
    TW_ASSERT(size > 0 && lower != NULL && x != NULL);
    loops_of(NULL)->forward(size, lower, x);
}

void tw_dense_solve_backward(size_t size, const double *lower, double *x) {
    TW_ASSERT(size > 0 && lower != NULL && x != NULL);
    loops_of(NULL)->backward(size, lower, x);
}

void tw_dense_apply(size_t size, const double *matrix, const double *x, double *ret) {
    TW_ASSERT(size > 0 && matrix != NULL && x != NULL && ret != NULL);
    loops_of(NULL)->apply(size, matrix, x, ret);
}
