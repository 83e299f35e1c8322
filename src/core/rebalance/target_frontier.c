/*
 * target_frontier.c - exact points of the frontier, by its straight pieces.
 *
 * Between two changes of which weights are free, the optimal weights are linear in the tolerance t:
 * the mean m(t) is linear, and the variance is a + s t^2 where s is the slope of the mean
 * (Markowitz, 1956). So on a piece the t that meets a wanted mean, or the tangency
 * t (m(t) - free) = variance(t) of the greatest ratio, is one division. The piece of that t is
 * looked at next: when it is the same piece, the answer is exact.
 *
 * Invariant: the wanted t lies in [low, high]. What is to be 0 falls through it: the mean does not
 * fall in t, and the ratio rises to its one greatest value and falls after it. A division that
 * leads out of the bracket is replaced by its middle, or by the double while there is no high.
 */
#include "target_frontier.h"

#include <float.h>
#include <math.h>

#include "tradewind/api.h"

#define PIECES_MAX 400
#define EXACT 1e-13

typedef struct bracket {
    double low;
    double high;  /* infinite until one is known */
    double first; /* the first tolerance above 0 to try */
} bracket;

/* `wanted` if it is inside, else a tolerance that halves the bracket or doubles its end. */
static double next_within(const bracket *b, double wanted) {
    if (wanted > b->low && wanted < b->high)
        return wanted;
    if (!isfinite(b->high))
        return fmax(2 * b->low, b->first);
    return b->low + (b->high - b->low) / 2;
}

double target_greatest_mean(target_quadratic *q) {
    TW_ASSERT(q->means != NULL);
    target_order(q->means, q->count, q->order);
    (void)target_fill(q, q->order, q->column);
    return target_dot(q->means, q->column, q->count);
}

/* Solves at a tolerance; false when there is nothing more to look for there. */
static bool solve_at(target_quadratic *q, double tolerance, tw_status *ret_status,
                     tw_error *error) {
    q->tolerance = tolerance;
    *ret_status = target_quadratic_solve(q, error);
    return *ret_status == TW_OK && q->converged;
}

/* The size of a mean, to judge rounding by. */
static double mean_scale(const target_quadratic *q) {
    double scale = DBL_MIN;
    for (size_t i = 0; i < q->count; i++)
        scale += fabs(q->means[i] * q->weights[i]);
    return scale;
}

/* A tolerance of the size that matters: variance over mean. */
static double usual_tolerance(target_quadratic *q, double excess) {
    double variance = target_variance(q->matrix, q->weights, q->count, q->column);
    return fmax(variance, DBL_MIN) / fmax(excess, DBL_MIN);
}

tw_status target_frontier_return(target_quadratic *q, double wanted, tw_error *error) {
    tw_status status;
    if (!solve_at(q, 0, &status, error))
        return status;
    double greatest = target_greatest_mean(q);
    bracket b = {0, INFINITY, usual_tolerance(q, greatest - target_mean(q))};
    for (int piece = 0; piece < PIECES_MAX; piece++) {
        double missing = wanted - target_mean(q);
        bool met = fabs(missing) <= EXACT * mean_scale(q);
        if (met || (missing <= 0 && q->tolerance == 0))
            return TW_OK;
        if (missing > 0)
            b.low = q->tolerance;
        else
            b.high = q->tolerance;
        double slope = target_quadratic_slope(q);
        double division = slope > 0 ? q->tolerance + missing / slope : INFINITY;
        double next = next_within(&b, division);
        if (next <= b.low || next >= b.high)
            return TW_OK; /* no number lies between: the wanted mean is met as well as it can be */
        if (!solve_at(q, next, &status, error))
            return status;
    }
    q->converged = false;
    return TW_OK;
}

tw_status target_frontier_ratio(target_quadratic *q, double free, tw_error *error) {
    tw_status status;
    if (!solve_at(q, 0, &status, error))
        return status;
    bracket b = {0, INFINITY, usual_tolerance(q, target_greatest_mean(q) - free)};
    for (int piece = 0; piece < PIECES_MAX; piece++) {
        double t = q->tolerance;
        double variance = target_variance(q->matrix, q->weights, q->count, q->column);
        double excess = target_mean(q) - free;
        double missing = variance - t * excess;
        if (fabs(missing) <= EXACT * variance)
            return TW_OK;
        if (missing > 0)
            b.low = t;
        else
            b.high = t;
        double slope = target_quadratic_slope(q);
        double base_excess = excess - slope * t;
        double base_variance = variance - slope * t * t;
        double division = base_excess > 0 ? base_variance / base_excess : INFINITY;
        double next = next_within(&b, division);
        if (next <= b.low || next >= b.high)
            return TW_OK; /* no number lies between */
        if (!solve_at(q, next, &status, error))
            return status;
    }
    q->converged = false;
    return TW_OK;
}
