/*
 * dense_eigen.c - eigenvalues and vectors of a symmetric matrix: Householder's reduction to three
 * diagonals from the last row up, then implicit QL.
 *
 * Vectors stand in rows, so that a reflection is a product with each row and a rotation mixes two
 * rows: both run along memory. The rotations of one QL step are kept and laid on the vectors tile
 * by tile of columns, so that a tile stays in the cache.
 *
 * Invariants:
 * 1. The matrix is scaled by a power of 2 to a greatest magnitude in [0.5, 1): no square overflows,
 *    and what underflows is below 2^-500 of the whole, which is far within the promise.
 * 2. While row i is reduced, `vectors` holds the lower triangle of what is left in rows below i,
 *    and in row k > i the reflection of that row with values[k] = |u|^2 / 2 (0: none). Its diagonal
 *    is that of the result.
 * 3. Loops along rows are element by element, or sums in LANES lanes: the same bits however wide
 *    the compiler makes them.
 */
#include "tradewind/dense.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define LANES 8
#define TILE 64      /* columns of a tile of vectors */
#define STEPS_MAX 50 /* for one value */
#define TINY_SQUARE 0x1p-960
#define SIGN_LEAST 0x1p-26

static double dot(size_t count, const double *restrict a, const double *restrict b) {
    double lane[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        for (size_t k = 0; k < LANES; k++)
            lane[k] += a[i + k] * b[i + k];
    for (size_t k = 0; i + k < count; k++)
        lane[k] += a[i + k] * b[i + k];
    return ((lane[0] + lane[4]) + (lane[2] + lane[6])) +
           ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

static void add_multiple(size_t count, double factor, const double *restrict x,
                         double *restrict y) {
    for (size_t i = 0; i < count; i++)
        y[i] += factor * x[i];
}

/* ---- Reduction ------------------------------------------------------------------------------ */

/* Makes the reflection of row i out of that row; returns the element that is left beside the
 * diagonal, and in *ret_half half the square of the reflection's length, 0 for none. */
static double make_reflection(size_t i, double *u, double *ret_half) {
    double before = u[i - 1];
    double others = dot(i - 1, u, u);
    *ret_half = 0;
    if (others < TINY_SQUARE)
        return before;
    double length = sqrt(others + before * before);
    double left = before >= 0 ? -length : length;
    *ret_half = length * length - before * left;
    u[i - 1] = before - left;
    return left;
}

/* A -= u q' + q u' on the leading rows, with p = A u / half and q = p - u (u'p) / (2 half). */
static void reflect_both_sides(size_t size, size_t i, double half, double *matrix, double *p) {
    const double *u = matrix + i * size;
    for (size_t j = 0; j < i; j++) {
        const double *row = matrix + j * size;
        p[j] = dot(j + 1, row, u);
        add_multiple(j, u[j], row, p);
    }
    for (size_t j = 0; j < i; j++)
        p[j] /= half;
    add_multiple(i, -dot(i, u, p) / (2 * half), u, p);
    for (size_t j = 0; j < i; j++) {
        double *restrict row = matrix + j * size;
        double uj = u[j];
        double pj = p[j];
        for (size_t k = 0; k <= j; k++)
            row[k] -= uj * p[k] + pj * u[k];
    }
}

/* Turns the reflections into the rows of the transformation, and the values into the diagonal. */
static void gather_reflections(size_t size, double *values, double *vectors) {
    for (size_t i = 0; i < size; i++) {
        double *u = vectors + i * size;
        double diagonal = u[i];
        if (values[i] != 0)
            for (size_t j = 0; j < i; j++)
                add_multiple(i, -dot(i, vectors + j * size, u) / values[i], u, vectors + j * size);
        values[i] = diagonal;
        memset(u, 0, i * sizeof *u);
        u[i] = 1;
        for (size_t j = 0; j < i; j++)
            vectors[j * size + i] = 0;
    }
}

/* To diagonal values[] and beside it beside[i], between i and i + 1. */
static void reduce(size_t size, double *vectors, double *p, double *values, double *beside) {
    values[0] = 0;
    for (size_t i = size - 1; i > 0; i--) {
        double *u = vectors + i * size;
        beside[i - 1] = make_reflection(i, u, &values[i]);
        if (values[i] != 0)
            reflect_both_sides(size, i, values[i], vectors, p);
    }
    beside[size - 1] = 0;
    gather_reflections(size, values, vectors);
}

/* ---- QL ------------------------------------------------------------------------------------- */

/* Rotations between rows i and i + 1, for i from `last` down to `first`. */
typedef struct rotations {
    size_t first;
    size_t last;
    const double *cosines;
    const double *sines;
} rotations;

static void rotate_tile(const rotations *of, size_t size, size_t width, double *vectors) {
    double carry[TILE];
    memcpy(carry, vectors + (of->last + 1) * size, width * sizeof *carry);
    for (size_t i = of->last + 1; i-- > of->first;) {
        double c = of->cosines[i];
        double s = of->sines[i];
        double *restrict row = vectors + i * size;
        double *restrict below = vectors + (i + 1) * size;
        for (size_t k = 0; k < width; k++) {
            double upper = row[k];
            below[k] = s * upper + c * carry[k];
            carry[k] = c * upper - s * carry[k];
        }
    }
    memcpy(vectors + of->first * size, carry, width * sizeof *carry);
}

static void rotate_rows(const rotations *of, size_t size, double *vectors) {
    for (size_t begin = 0; begin < size; begin += TILE)
        rotate_tile(of, size, size - begin < TILE ? size - begin : TILE, vectors + begin);
}

/* One step of QL on rows first..end; the rotations are written to cosines and sines. Returns the
 * lowest row that was rotated, `end` for none: where a rotation has no length, the rest is apart.
 */
static size_t ql_step(size_t first, size_t end, double *d, double *e, double *cosines,
                      double *sines) {
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

/* The first row from `first` on that is not bound to the next one. */
static size_t bound_end(size_t size, size_t first, const double *e, double negligible) {
    size_t end = first;
    while (end + 1 < size && fabs(e[end]) > negligible)
        end++;
    return end;
}

/* `scratch` is [3 x size], the first third the elements beside the diagonal. */
static bool solve_ql(size_t size, double *scratch, double *d, double *vectors) {
    double *e = scratch;
    double *cosines = scratch + size;
    double *sines = scratch + 2 * size;
    double norm = 0;
    for (size_t i = 0; i < size; i++)
        norm = fmax(norm, fabs(d[i]) + fabs(e[i]));
    double negligible = norm * DBL_EPSILON / 2;
    for (size_t first = 0; first < size; first++) {
        int steps = 0;
        for (;;) {
            size_t end = bound_end(size, first, e, negligible);
            if (end == first)
                break;
            if (steps++ == STEPS_MAX)
                return false;
            size_t lowest = ql_step(first, end, d, e, cosines, sines);
            if (lowest < end)
                rotate_rows(&(rotations){lowest, end - 1, cosines, sines}, size, vectors);
        }
    }
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

bool tw_dense_eigen(size_t size, const double *matrix, double *scratch, double *ret_values,
                    double *ret_vectors) {
    TW_ASSERT(size > 0);
    TW_ASSERT(matrix != ret_vectors);
    int exponent = 0;
    if (!copy_scaled(size, matrix, ret_vectors, &exponent))
        return false;
    reduce(size, ret_vectors, scratch + size, ret_values, scratch);
    if (!solve_ql(size, scratch, ret_values, ret_vectors))
        return false;
    sort_ascending(size, ret_values, ret_vectors);
    for (size_t i = 0; i < size; i++) {
        ret_values[i] = ldexp(ret_values[i], exponent);
        settle_sign(size, ret_vectors + i * size);
    }
    return true;
}
