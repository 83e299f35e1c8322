/*
 * target_fit.c - weights of a method brought into limits, with their proportions kept.
 *
 * Wanted is the one factor at which the weights, multiplied by it and then cut to their limits, add
 * up to the budget. Their sum never falls as the factor grows and is continuous, so that halving an
 * interval finds it, down to neighbouring numbers; where it is level, every factor gives the same
 * weights.
 *
 * Invariant: sum(low) <= budget <= sum(high) for the factors `low` and `high` of the interval.
 */
#include <math.h>

#include "tradewind/target_weights.h"

/* More than the exponents and bits of a double. */
#define HALVINGS_MAX 4096
/* By how much, of the budget, sums of limits may miss it: their own rounding. */
#define ROUNDING 1e-12

static double cut(double weight, double lower, double upper) {
    return weight < lower ? lower : weight > upper ? upper : weight;
}

static double sum_at(const tw_target_fit *fit, double factor) {
    double sum = 0;
    for (size_t i = 0; i < fit->count; i++)
        sum += cut(factor * fit->weights[i], fit->lower[i], fit->upper[i]);
    return sum;
}

/* At this factor every weight above 0 is at its upper limit. */
static double greatest_factor(const tw_target_fit *fit) {
    double factor = 0;
    for (size_t i = 0; i < fit->count; i++)
        if (fit->weights[i] > 0 && fit->upper[i] > 0)
            factor = fmax(factor, fit->upper[i] / fit->weights[i]);
    return factor;
}

static tw_status check_fit(const tw_target_fit *fit, tw_error *error) {
    if (!isfinite(fit->budget))
        return tw_error_set(error, TW_INVALID, "the budget is not finite");
    for (size_t i = 0; i < fit->count; i++) {
        if (!isfinite(fit->weights[i]) || fit->weights[i] < 0 || !isfinite(fit->lower[i]) ||
            !isfinite(fit->upper[i]))
            return tw_error_set(error, TW_INVALID,
                                "asset %zu needs a weight of at least 0 and finite limits", i);
        if (fit->lower[i] > fit->upper[i])
            return tw_error_set(error, TW_INFEASIBLE, "the limits of asset %zu cross", i);
    }
    return TW_OK;
}

tw_status tw_target_weights_fit(const tw_target_fit *fit, double *ret_weights, tw_error *error) {
    TW_ASSERT(fit != NULL && ret_weights != NULL);
    TW_ASSERT((fit->weights != NULL && fit->lower != NULL && fit->upper != NULL) ||
              fit->count == 0);
    tw_status status = check_fit(fit, error);
    if (status != TW_OK)
        return status;
    double low = 0;
    double high = greatest_factor(fit);
    double least = sum_at(fit, low);
    double most = sum_at(fit, high);
    double slack = ROUNDING * fmax(1, fabs(fit->budget));
    if (least > fit->budget + slack || most < fit->budget - slack)
        return tw_error_set(error, TW_INFEASIBLE,
                            "weights in these limits add up to %.12g at least and %.12g at most, "
                            "and not to the budget of %.12g",
                            least, most, fit->budget);
    if (least >= fit->budget)
        high = low;
    for (int step = 0; step < HALVINGS_MAX; step++) {
        double middle = low + (high - low) / 2;
        if (middle <= low || middle >= high)
            break;
        if (sum_at(fit, middle) < fit->budget)
            low = middle;
        else
            high = middle;
    }
    for (size_t i = 0; i < fit->count; i++)
        ret_weights[i] = cut(high * fit->weights[i], fit->lower[i], fit->upper[i]);
    return TW_OK;
}
