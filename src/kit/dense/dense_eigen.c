/*
 * dense_eigen.c - eigenvalues and vectors of a symmetric matrix: Householder's reduction to three
 * diagonals from the last row up, then implicit QL.
 *
 * Vectors stand in rows, so that a reflection is a product with each row and a rotation mixes two
 * rows: both run along memory. QL needs the three diagonals alone; the rotations of EIGEN_STEPS
 * steps are kept and laid on the vectors together, tile by tile of columns, so that a tile is in
 * the cache for all of them, and tiles are parts for a runner.
 *
 * Invariants:
 * 1. The matrix is scaled by a power of 2 to a greatest magnitude in [0.5, 1): no square overflows,
 *    and what underflows is below 2^-480 of the whole, which is far within the promise.
 * 2. A column of the vectors takes the same rotations in the same order whatever tile it is in.
 */
#include "dense_eigen.h"
#include "tradewind/dense.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "levels.h"

#define STEPS_MAX 50 /* for one value */
#define TINY_SQUARE 0x1p-960
#define SIGN_LEAST 0x1p-26

_Static_assert(2 * EIGEN_STEPS >= 2 + EIGEN_ROWS, "the reduction fits where the rotations will be");

/* ---- QL ------------------------------------------------------------------------------------- */

typedef struct eigen_work {
    const eigen_loops *loops;
    const tw_task_runner *runner;
    size_t size;
    double *d;       /* the diagonal */
    double *e;       /* e[i] stands between i and i + 1 */
    double *sines;   /* [EIGEN_STEPS][size], and as many cosines after them */
    double *vectors; /* in rows */
    eigen_step steps[EIGEN_STEPS];
    size_t step_count; /* that the vectors have not seen */
} eigen_work;

static void rotate_part(void *argument, size_t part) {
    const eigen_work *work = argument;
    size_t begin = part * EIGEN_TILE;
    size_t width = work->size - begin < EIGEN_TILE ? work->size - begin : EIGEN_TILE;
    work->loops->rotate(work->steps, work->step_count, work->size, width, work->vectors + begin);
}

static void rotate_vectors(eigen_work *work) {
    if (work->step_count > 0)
        tw_task_run(work->runner, (work->size + EIGEN_TILE - 1) / EIGEN_TILE, rotate_part, work);
    work->step_count = 0;
}

/* One step of QL on rows first to `end`; the rotations are written to cosines and sines. Returns
 * the lowest row that was rotated, `end` for none: where a rotation has no length, the rest is
 * apart. */
static size_t ql_step(eigen_work *work, size_t first, size_t end, double *cosines, double *sines) {
    double *d = work->d;
    double *e = work->e;
    double g = (d[first + 1] - d[first]) / (2 * e[first]);
    double r = sqrt(g * g + 1);
    g = d[end] - d[first] + e[first] / (g + (g >= 0 ? r : -r));
    double s = 1;
    double c = 1;
    double p = 0;
    for (size_t i = end; i-- > first;) {
        double f = s * e[i];
        double b = c * e[i];
        double square = f * f + g * g;
        if (square < TINY_SQUARE) {
            e[i + 1] = 0;
            d[i + 1] -= p;
            e[end] = 0;
            return i + 1;
        }
        r = sqrt(square);
        e[i + 1] = r;
        s = f / r;
        c = g / r;
        g = d[i + 1] - p;
        r = (d[i] - g) * s + 2 * c * b;
        p = s * r;
        d[i + 1] = g + p;
        g = c * r - b;
        cosines[i] = c;
        sines[i] = s;
    }
    d[first] -= p;
    e[first] = g;
    e[end] = 0;
    return first;
}

static void take_step(eigen_work *work, size_t first, size_t end) {
    double *sines = work->sines + work->step_count * work->size;
    double *cosines = sines + EIGEN_STEPS * work->size;
    size_t lowest = ql_step(work, first, end, cosines, sines);
    if (lowest == end)
        return;
    work->steps[work->step_count++] = (eigen_step){lowest, end, cosines, sines};
    if (work->step_count == EIGEN_STEPS)
        rotate_vectors(work);
}

/* The first row from `first` on that is not bound to the next one. */
static size_t bound_end(const eigen_work *work, size_t first, double negligible) {
    size_t end = first;
    while (end + 1 < work->size && fabs(work->e[end]) > negligible)
        end++;
    return end;
}

static bool solve_ql(eigen_work *work) {
    double norm = 0;
    for (size_t i = 0; i < work->size; i++)
        norm = fmax(norm, fabs(work->d[i]) + fabs(work->e[i]));
    double negligible = norm * DBL_EPSILON / 2;
    for (size_t first = 0; first < work->size; first++) {
        int steps = 0;
        for (;;) {
            size_t end = bound_end(work, first, negligible);
            if (end == first)
                break;
            if (steps++ == STEPS_MAX)
                return false;
            take_step(work, first, end);
        }
    }
    rotate_vectors(work);
    return true;
}

/* ---- The whole ------------------------------------------------------------------------------ */

static void swap_rows(size_t size, double *a, double *b) {
    for (size_t k = 0; k < size; k++) {
        double kept = a[k];
        a[k] = b[k];
        b[k] = kept;
    }
}

static void sort_ascending(size_t size, double *values, double *vectors) {
    for (size_t i = 0; i + 1 < size; i++) {
        size_t least = i;
        for (size_t j = i + 1; j < size; j++)
            least = values[j] < values[least] ? j : least;
        if (least == i)
            continue;
        double kept = values[i];
        values[i] = values[least];
        values[least] = kept;
        swap_rows(size, vectors + i * size, vectors + least * size);
    }
}

static void settle_sign(size_t size, double *vector) {
    size_t k = 0;
    while (k + 1 < size && fabs(vector[k]) <= SIGN_LEAST)
        k++;
    if (vector[k] >= 0)
        return;
    for (k = 0; k < size; k++)
        vector[k] = -vector[k];
}

/* Establishes invariant 1 in a copy of the lower triangle; false for what is not finite. */
static bool copy_scaled(size_t size, const double *matrix, double *ret_copy, int *ret_exponent) {
    double greatest = 0;
    for (size_t i = 0; i < size; i++)
        for (size_t j = 0; j <= i; j++) {
            double magnitude = fabs(matrix[i * size + j]);
            if (!(magnitude <= DBL_MAX))
                return false;
            greatest = magnitude > greatest ? magnitude : greatest;
        }
    (void)frexp(greatest, ret_exponent);
    for (size_t i = 0; i < size; i++)
        for (size_t j = 0; j <= i; j++)
            ret_copy[i * size + j] = ldexp(matrix[i * size + j], -*ret_exponent);
    return true;
}

size_t tw_dense_eigen_scratch(size_t size) {
    return (1 + 2 * EIGEN_STEPS) * size;
}

bool tw_dense_eigen(const tw_dense_way *way, size_t size, const double *matrix, double *scratch,
                    double *ret_values, double *ret_vectors) {
    TW_ASSERT(size > 0);
    TW_ASSERT(matrix != ret_vectors);
    int exponent = 0;
    if (!copy_scaled(size, matrix, ret_vectors, &exponent))
        return false;
    tw_cpu_level level = tw_cpu_choose(way == NULL ? TW_CPU_BEST : way->level);
    eigen_work work = {.loops = LEVEL_PICK(level, &eigen_loops),
                       .runner = way == NULL ? NULL : way->runner,
                       .size = size,
                       .d = ret_values,
                       .e = scratch,
                       .sines = scratch + size,
                       .vectors = ret_vectors};
    memset(work.sines, 0, (2 + EIGEN_ROWS) * size * sizeof *work.sines);
    work.loops->reduce(size, ret_vectors, work.sines, ret_values, work.e);
    if (!solve_ql(&work))
        return false;
    sort_ascending(size, ret_values, ret_vectors);
    for (size_t i = 0; i < size; i++) {
        ret_values[i] = ldexp(ret_values[i], exponent);
        settle_sign(size, ret_vectors + i * size);
    }
    return true;
}
