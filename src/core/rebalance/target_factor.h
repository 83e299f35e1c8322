/* target_factor.h - the Cholesky factor of a block of a covariance that grows and shrinks. */
#ifndef TRADEWIND_TARGET_FACTOR_H
#define TRADEWIND_TARGET_FACTOR_H

#include <stdbool.h>
#include <stddef.h>

/* The lower triangle L of a block of `size` members; row i begins at rows[i * stride]. All of it is
 * the caller's memory: rows [stride][stride], cosines and sines [stride]. */
typedef struct target_factor {
    double *rows;
    double *cosines;
    double *sines;
    size_t stride;
    size_t size;
} target_factor;

/* The sum of a[i] b[i] in eight lanes that are added up at the end: the same order everywhere. */
double target_dot(const double *a, const double *b, size_t count);

/* to += scale x from. */
void target_add_scaled(double *to, double scale, const double *from, size_t count);

/*
 * Appends a member: `column` [size] are its covariances with the members in their order, `diagonal`
 * its variance. `column` is overwritten with the new row. False, and nothing appended, when the
 * member is a combination of the others to within rounding (or the block is not positive).
 */
bool target_factor_append(target_factor *factor, double *column, double diagonal);

/* Takes out the member at place `at`; those behind it move up by one. */
void target_factor_remove(target_factor *factor, size_t at);

/* x with block x = right side, in place. */
void target_factor_solve(const target_factor *factor, double *x);

/* The second half of that, of the row that target_factor_append refused and left in `x`: the
 * coefficients of the combination. */
void target_factor_solve_backward(const target_factor *factor, double *x);

#endif
