/*
 * target_factor.c - one row more, one row less, without factoring the block again.
 *
 * A new member's row is one triangular solve. When a member leaves, its row is dropped and the
 * entries that then stand above the diagonal are turned away by Givens rotations, row by row, so
 * that memory is walked in order (Golub and Van Loan, Matrix Computations, 6.5).
 *
 * Invariants:
 * 1. L L' is the block of the members in their order; every diagonal entry of L is above 0.
 * 2. What stands above the diagonal is never read.
 */
#include "target_factor.h"

#include <math.h>
#include <string.h>

#include "tradewind/api.h"

/* A pivot below this part of the variance is rounding, not a variance of its own. */
#define PIVOT_LEAST 1e-12
#define LANES 8

double target_dot(const double *a, const double *b, size_t count) {
    double lanes[LANES] = {0};
    size_t whole = count - count % LANES;
    for (size_t i = 0; i < whole; i += LANES)
        for (size_t k = 0; k < LANES; k++)
            lanes[k] += a[i + k] * b[i + k];
    for (size_t i = whole; i < count; i++)
        lanes[i - whole] += a[i] * b[i];
    return ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) +
           ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]));
}

void target_add_scaled(double *to, double scale, const double *from, size_t count) {
    for (size_t i = 0; i < count; i++)
        to[i] += scale * from[i];
}

static const double *row_of(const target_factor *factor, size_t i) {
    return factor->rows + i * factor->stride;
}

static void solve_forward(const target_factor *factor, double *x) {
    for (size_t i = 0; i < factor->size; i++) {
        const double *row = row_of(factor, i);
        x[i] = (x[i] - target_dot(row, x, i)) / row[i];
    }
}

void target_factor_solve_backward(const target_factor *factor, double *x) {
    for (size_t i = factor->size; i-- > 0;) {
        const double *row = row_of(factor, i);
        x[i] /= row[i];
        target_add_scaled(x, -x[i], row, i);
    }
}

void target_factor_solve(const target_factor *factor, double *x) {
    solve_forward(factor, x);
    target_factor_solve_backward(factor, x);
}

bool target_factor_append(target_factor *factor, double *column, double diagonal) {
    TW_ASSERT(factor->size < factor->stride);
    size_t size = factor->size;
    solve_forward(factor, column);
    double pivot = diagonal - target_dot(column, column, size);
    if (!(pivot > PIVOT_LEAST * diagonal))
        return false;
    double *row = factor->rows + size * factor->stride;
    memcpy(row, column, size * sizeof *row);
    row[size] = sqrt(pivot);
    factor->size = size + 1;
    return true;
}

/* The rotations of the columns at, at + 1, ... that earlier rows have fixed, on one row; then the
 * one that brings the row's own last entry onto the diagonal. */
static void rotate_row(target_factor *factor, double *row, size_t at, size_t last) {
    double carried = row[at];
    for (size_t c = at; c < last; c++) {
        double right = row[c + 1];
        row[c] = factor->cosines[c] * carried + factor->sines[c] * right;
        carried = factor->cosines[c] * right - factor->sines[c] * carried;
    }
    double beyond = row[last + 1];
    double length = sqrt(carried * carried + beyond * beyond);
    factor->cosines[last] = carried / length;
    factor->sines[last] = beyond / length;
    row[last] = length;
}

void target_factor_remove(target_factor *factor, size_t at) {
    TW_ASSERT(at < factor->size);
    factor->size--;
    for (size_t i = at; i < factor->size; i++) {
        double *row = factor->rows + i * factor->stride;
        memcpy(row, row + factor->stride, (i + 2) * sizeof *row);
        rotate_row(factor, row, at, i);
    }
}
