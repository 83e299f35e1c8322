/* target_quadratic.h - half the variance less a share of the mean, over a box and a budget. */
#ifndef TRADEWIND_TARGET_QUADRATIC_H
#define TRADEWIND_TARGET_QUADRATIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "target_factor.h"
#include "tradewind/error.h"
#include "tradewind/status.h"

/* Where a weight stands. */
enum { PLACE_FREE = 0, PLACE_LOWER = 1, PLACE_UPPER = 2 };

/*
 * Minimise w' C w / 2 - tolerance x means' w over sum(w) = budget, lower <= w <= upper. All arrays
 * are the caller's and stay with it: [count], or [count][count] for `matrix`.
 */
typedef struct target_quadratic {
    const double *matrix;
    const double *means; /* NULL: zeros */
    const double *lower;
    const double *upper;
    size_t count;
    double budget;
    double tolerance; /* for risk: 0 is the least variance */
    size_t iterations_max;

    double *weights;
    double *gradient; /* C w - tolerance x means */
    double *ones;     /* solutions over the free block: of 1, ... */
    double *step;     /* ... and of the gradient, then the step; by place in `members` */
    double *column;
    size_t *members; /* the free weights, in the order of the factor */
    size_t *order;
    uint8_t *places; /* PLACE_... */
    target_factor factor;

    size_t iterations;
    double multiplier; /* of the budget: what a free weight's gradient is */
    size_t still;      /* iterations since the last that moved */
    bool converged;
    bool exact; /* factor and gradient are made from the matrix, not by updates */
} target_quadratic;

/* Sorts 0 .. count - 1 by their keys, greatest first; equal keys by index. */
void target_order(const double *keys, size_t count, size_t *ret_order);

/* Fills ret_weights from the lower limits in this order until the budget is spent. The limits must
 * allow it. Returns the place in the order of the last that was filled. */
size_t target_fill(const target_quadratic *q, const size_t *order, double *ret_weights);

/* A vertex to begin at, for the tolerance as it is. */
tw_status target_quadratic_start(target_quadratic *q, tw_error *error);

/* To the optimum from where the weights stand. TW_OK with `converged` false at the limit of
 * iterations; TW_INVALID where the covariance of the free assets is singular. */
tw_status target_quadratic_solve(target_quadratic *q, tw_error *error);

/* The greatest violation of the conditions of Karush, Kuhn and Tucker over their own scale, from
 * the matrix afresh. */
double target_quadratic_residual(target_quadratic *q);

/* How much the mean grows with the tolerance while no weight meets a limit. */
double target_quadratic_slope(target_quadratic *q);

/* sum(means x weights); 0 without means. */
double target_mean(const target_quadratic *q);

/* weights' C weights; leaves C weights in `ret_product`. */
double target_variance(const double *matrix, const double *weights, size_t count,
                       double *ret_product);

#endif
