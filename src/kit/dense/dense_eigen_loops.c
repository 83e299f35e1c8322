/*
 * dense_eigen_loops.c - see dense_eigen.h. DENSE_LEVEL names the level.
 *
 * A reflection takes two passes over what is left of the matrix: its product with u, then the
 * update by u and q. The update waits and is made in the pass of the next reflection, so that the
 * matrix goes through the cache once for each row.
 *
 * Invariants:
 * 1. A sum is made in LANES lanes, value k in lane k mod LANES, folded in halves. All else is
 *    element by element, and nothing is fused: the same bits at every level.
 * 2. While row i is reduced, `vectors` holds the lower triangle of what is left in rows up to i,
 *    but for the update that waits, and in row k > i the reflection of that row, with halves[k] =
 *    |u|^2 / 2 (0: none). Its diagonal is that of the result.
 */
#include "dense_eigen.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#define LANES 8
#define TINY_SQUARE 0x1p-960
#define JOIN(a, b) a##b
#define NAMED(a, b) JOIN(a, b)

/* Eight doubles, in as many registers as a level takes for them. */
typedef double lanes __attribute__((vector_size(LANES * sizeof(double))));

static inline lanes load(const double *from) {
    lanes of;
    memcpy(&of, from, sizeof of);
    return of;
}

static inline void store(double *to, lanes of) {
    memcpy(to, &of, sizeof of);
}

static inline double fold(lanes of) {
    return ((of[0] + of[4]) + (of[2] + of[6])) + ((of[1] + of[5]) + (of[3] + of[7]));
}

static double dot(size_t count, const double *a, const double *b) {
    lanes sum = {0};
    size_t k = 0;
    for (; k + LANES <= count; k += LANES)
        sum += load(a + k) * load(b + k);
    for (size_t lane = 0; k < count; k++, lane++)
        sum[lane] += a[k] * b[k];
    return fold(sum);
}

static void add_multiple(size_t count, double factor, const double *restrict x,
                         double *restrict y) {
    for (size_t k = 0; k < count; k++)
        y[k] += factor * x[k];
}

/* ---- Reduction ------------------------------------------------------------------------------ */

/* The update that waits: A -= u q' + q u'. */
typedef struct update {
    const double *u; /* NULL: none */
    const double *q;
} update;

static void update_row(const update *wait, size_t j, size_t count, double *restrict row) {
    double u = wait->u[j];
    double q = wait->q[j];
    for (size_t k = 0; k < count; k++)
        row[k] -= u * wait->q[k] + q * wait->u[k];
}

/* p[k] += row[k] u[j] for k < j; returns the sum of row[k] u[k] over them. */
static double multiply_row(size_t j, const double *row, const double *u, double *restrict p) {
    double uj = u[j];
    lanes sum = {0};
    size_t k = 0;
    for (; k + LANES <= j; k += LANES) {
        lanes values = load(row + k);
        sum += values * load(u + k);
        store(p + k, load(p + k) + values * uj);
    }
    for (size_t lane = 0; k < j; k++, lane++) {
        sum[lane] += row[k] * u[k];
        p[k] += row[k] * uj;
    }
    return fold(sum);
}

/* Both at once. */
static double update_and_multiply_row(const update *wait, size_t j, double *restrict row,
                                      const double *u, double *restrict p) {
    double uj = u[j];
    double wait_u = wait->u[j];
    double wait_q = wait->q[j];
    lanes sum = {0};
    size_t k = 0;
    for (; k + LANES <= j; k += LANES) {
        lanes values = load(row + k) - (wait_u * load(wait->q + k) + wait_q * load(wait->u + k));
        store(row + k, values);
        sum += values * load(u + k);
        store(p + k, load(p + k) + values * uj);
    }
    for (size_t lane = 0; k < j; k++, lane++) {
        row[k] -= wait_u * wait->q[k] + wait_q * wait->u[k];
        sum[lane] += row[k] * u[k];
        p[k] += row[k] * uj;
    }
    row[j] -= wait_u * wait_q + wait_q * wait_u;
    return fold(sum);
}

/* Makes the reflection of row i out of that row; returns the element that is left beside the
 * diagonal, and in *ret_half half the square of the reflection's length, 0 for none. */
static double make_reflection(size_t i, double *u, double *ret_half) {
    double before = u[i - 1];
    double others = dot(i - 1, u, u);
    *ret_half = 0;
    if (others < TINY_SQUARE)
        return before;
    double square = others + before * before;
    double length = sqrt(square);
    double left = before >= 0 ? -length : length;
    *ret_half = square - before * left;
    u[i - 1] = before - left;
    return left;
}

/* Brings the rows above i up to date and makes q = p - u (u'p) / (2 half), p = A u / half. */
static void reflect_both_sides(size_t size, size_t i, double half, const update *wait,
                               double *vectors, double *q) {
    const double *u = vectors + i * size;
    for (size_t j = 0; j < i; j++) {
        double *row = vectors + j * size;
        double sum = wait->u != NULL ? update_and_multiply_row(wait, j, row, u, q)
                                     : multiply_row(j, row, u, q);
        q[j] = sum + row[j] * u[j];
    }
    for (size_t j = 0; j < i; j++)
        q[j] /= half;
    add_multiple(i, -dot(i, u, q) / (2 * half), u, q);
}

static void update_rows(size_t size, size_t i, const update *wait, double *vectors) {
    for (size_t j = 0; wait->u != NULL && j < i; j++)
        update_row(wait, j, j + 1, vectors + j * size);
}

/* ---- The transformation --------------------------------------------------------------------- */

/* Reflects `count` rows, `size` apart, by u. */
static inline __attribute__((always_inline)) void reflect_rows(size_t length, const double *u,
                                                               double half, double *rows,
                                                               size_t size, size_t count) {
    lanes sums[EIGEN_ROWS] = {{0}};
    double factors[EIGEN_ROWS];
    size_t k = 0;
    for (; k + LANES <= length; k += LANES)
        for (size_t r = 0; r < count; r++)
            sums[r] += load(rows + r * size + k) * load(u + k);
    for (size_t r = 0; r < count; r++) {
        for (size_t t = k; t < length; t++)
            sums[r][t - k] += rows[r * size + t] * u[t];
        factors[r] = fold(sums[r]) / half;
    }
    for (k = 0; k + LANES <= length; k += LANES)
        for (size_t r = 0; r < count; r++) {
            double *to = rows + r * size + k;
            store(to, load(to) - factors[r] * load(u + k));
        }
    for (size_t r = 0; r < count; r++)
        for (size_t t = k; t < length; t++)
            rows[r * size + t] -= factors[r] * u[t];
}

/* Rows of the transformation from `first` on, into `rows`: of the identity, reflected by all later
 * rows in turn. */
static void gather_rows(size_t size, size_t first, size_t count, const double *halves,
                        const double *vectors, double *rows) {
    memset(rows, 0, count * size * sizeof *rows);
    for (size_t i = first; i < size; i++) {
        size_t begun = i - first < count ? i - first : count;
        const double *u = vectors + i * size;
        if (halves[i] != 0 && begun == EIGEN_ROWS)
            reflect_rows(i, u, halves[i], rows, size, EIGEN_ROWS);
        else if (halves[i] != 0)
            for (size_t r = 0; r < begun; r++)
                reflect_rows(i, u, halves[i], rows + r * size, size, 1);
        if (begun < count)
            rows[begun * size + i] = 1;
    }
}

/* Turns the reflections into the rows of the transformation, and the halves into the diagonal. A
 * row needs those after it only, so finished rows take the place of their own. */
static void gather_reflections(size_t size, double *rows, double *halves, double *vectors) {
    for (size_t first = 0; first < size; first += EIGEN_ROWS) {
        size_t count = size - first < EIGEN_ROWS ? size - first : EIGEN_ROWS;
        gather_rows(size, first, count, halves, vectors, rows);
        for (size_t i = first; i < first + count; i++)
            halves[i] = vectors[i * size + i];
        memcpy(vectors + first * size, rows, count * size * sizeof *rows);
    }
}

static void reduce(size_t size, double *vectors, double *scratch, double *diagonal,
                   double *beside) {
    double *halves = diagonal;
    update wait = {NULL, NULL};
    halves[0] = 0;
    for (size_t i = size - 1; i > 0; i--) {
        double *u = vectors + i * size;
        double *q = scratch + i % 2 * size;
        if (wait.u != NULL)
            update_row(&wait, i, i + 1, u);
        beside[i - 1] = make_reflection(i, u, &halves[i]);
        if (halves[i] != 0) {
            reflect_both_sides(size, i, halves[i], &wait, vectors, q);
            wait = (update){u, q};
        } else {
            update_rows(size, i, &wait, vectors);
            wait = (update){NULL, NULL};
        }
    }
    beside[size - 1] = 0; /* row 1 is never reflected, so no update waits */
    gather_reflections(size, scratch + 2 * size, halves, vectors);
}

/* ---- Rotations ------------------------------------------------------------------------------ */

static inline __attribute__((always_inline)) void rotate_step(const eigen_step *step, size_t size,
                                                              size_t width, double *vectors) {
    double carry[EIGEN_TILE];
    memcpy(carry, vectors + step->end * size, width * sizeof *carry);
    for (size_t i = step->end; i-- > step->first;) {
        double c = step->cosines[i];
        double s = step->sines[i];
        double *restrict row = vectors + i * size;
        double *restrict below = vectors + (i + 1) * size;
        for (size_t k = 0; k < width; k++) {
            double upper = row[k];
            below[k] = s * upper + c * carry[k];
            carry[k] = c * upper - s * carry[k];
        }
    }
    memcpy(vectors + step->first * size, carry, width * sizeof *carry);
}

/* The same of a whole tile, whose carried row stays in registers. */
static void rotate_tile(const eigen_step *step, size_t size, double *vectors) {
    enum { ACROSS = EIGEN_TILE / LANES };
    lanes carry[ACROSS];
    for (size_t k = 0; k < ACROSS; k++)
        carry[k] = load(vectors + step->end * size + k * LANES);
    for (size_t i = step->end; i-- > step->first;) {
        double c = step->cosines[i];
        double s = step->sines[i];
        double *row = vectors + i * size;
        for (size_t k = 0; k < ACROSS; k++) {
            lanes upper = load(row + k * LANES);
            store(row + size + k * LANES, s * upper + c * carry[k]);
            carry[k] = c * upper - s * carry[k];
        }
    }
    for (size_t k = 0; k < ACROSS; k++)
        store(vectors + step->first * size + k * LANES, carry[k]);
}

static void rotate(const eigen_step *steps, size_t count, size_t size, size_t width,
                   double *vectors) {
    for (size_t k = 0; k < count; k++)
        if (width == EIGEN_TILE)
            rotate_tile(&steps[k], size, vectors);
        else
            rotate_step(&steps[k], size, width, vectors);
}

const eigen_loops NAMED(eigen_loops_, DENSE_LEVEL) = {reduce, rotate};
