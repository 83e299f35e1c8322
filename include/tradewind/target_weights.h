/*
 * target_weights.h - what share of the money each asset should have, from a covariance.
 *
 *     tw_target_weights_config config;
 *     tw_target_weights_config_init(&config);
 *     config.method = TW_TARGET_MINIMUM_VARIANCE;
 *     status = tw_target_weights_new(NULL, assets, &targets);
 *     status = tw_target_weights_compute(targets, &config, &input, &result, &error);
 *
 * Methods that look at each asset by itself or at shares of risk, always above 0; without limits of
 * their own (tw_target_weights_fit brings them into some):
 *   equal                  budget / count
 *   inverse volatility     in proportion to 1 / deviation
 *   inverse variance       in proportion to 1 / variance
 *   risk parity            every asset's share of the risk is its risk budget (Spinu 2013)
 *   hierarchical           inverse variance down a tree of clusters (Lopez de Prado 2016)
 *
 * Methods that look for an optimum inside of limits, lower <= weight <= upper, sum = budget:
 *   minimum variance
 *   maximum diversification   the greatest w's / sqrt(w'Cw), s the deviations (Choueifaty 2008)
 *   risk aversion             the greatest m'w - aversion / 2 x w'Cw
 *   target return             the least variance with m'w >= target
 *   maximum Sharpe            the greatest (m'w - free x budget) / sqrt(w'Cw)
 * These are exact: an active set of limits, and for the last two the straight pieces of the
 * frontier, no penalty and no tolerance to choose. The result carries the residual of the
 * conditions of Karush, Kuhn and Tucker, made afresh from the input and below 1e-10 when converged.
 *
 * Conventions: means, rates and the covariance are of one period, the same for all three. Nothing
 * is annualised here. A NaN or an infinity anywhere in the input is refused, never skipped: a
 * covariance with a hole has no optimum.
 *
 * A covariance from fewer rows than assets is singular. That does no harm while the assets that
 * hold something are not combinations of one another. When they are, the optimum is no single
 * point: the call is refused and names them, or the caller asks for a ridge.
 *
 * The same input gives the same bits on every machine. Ties go to the lower index.
 *
 * Memory: all at tw_target_weights_new, about 16 x count^2 + 160 x count bytes.
 * Cost: optimum: count x free a step, about as many steps as assets enter or leave, count^2 more
 * to check; risk parity: count^2 a sweep, some ten to some hundred sweeps; hierarchical: count^2,
 * or count^3 / 2 with Euclidean distances. Threads: a tw_target_weights belongs to one thread at a
 * time.
 */
#ifndef TRADEWIND_TARGET_WEIGHTS_H
#define TRADEWIND_TARGET_WEIGHTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/api.h"
#include "tradewind/error.h"
#include "tradewind/status.h"
#include "tradewind/text.h"

typedef struct tw_target_weights tw_target_weights;

typedef enum tw_target_method {
    TW_TARGET_EQUAL = 0,
    TW_TARGET_INVERSE_VOLATILITY = 1,
    TW_TARGET_INVERSE_VARIANCE = 2,
    TW_TARGET_RISK_PARITY = 3,
    TW_TARGET_HIERARCHICAL = 4,
    TW_TARGET_MINIMUM_VARIANCE = 5,
    TW_TARGET_MAXIMUM_DIVERSIFICATION = 6,
    TW_TARGET_RISK_AVERSION = 7,
    TW_TARGET_RETURN = 8,
    TW_TARGET_MAXIMUM_SHARPE = 9
} tw_target_method;

/* How far two assets are apart, for the tree. */
typedef enum tw_target_distance {
    TW_TARGET_DISTANCE_CORRELATION = 0, /* d = sqrt((1 - correlation) / 2), as PyPortfolioOpt */
    TW_TARGET_DISTANCE_EUCLIDEAN = 1    /* between their columns of d, as in the paper */
} tw_target_distance;

/* Where a weight stands. */
typedef enum tw_target_place {
    TW_TARGET_FREE = 0,  /* between its limits */
    TW_TARGET_LOWER = 1, /* at its lower limit */
    TW_TARGET_UPPER = 2  /* at its upper limit */
} tw_target_place;

typedef struct tw_target_weights_config {
    double budget;               /* the sum of the weights; above 0 */
    double risk_aversion;        /* TW_TARGET_RISK_AVERSION: above 0 */
    double return_per_period;    /* TW_TARGET_RETURN: m'w is at least this */
    double risk_free_per_period; /* TW_TARGET_MAXIMUM_SHARPE */
    double ridge;            /* this part of the mean variance is added to every variance; 0 to 1 */
    uint32_t iterations_max; /* 0: 100 x count + 10,000 */
    uint8_t method;          /* tw_target_method */
    uint8_t distance;        /* tw_target_distance */
    uint8_t reserved[2];
} tw_target_weights_config;

typedef struct tw_target_weights_input {
    const double *covariance;   /* [count][count] per period, symmetric */
    const double *means;        /* [count] per period; NULL where the method needs none */
    const double *lower;        /* [count], or NULL: 0 */
    const double *upper;        /* [count], or NULL: what the budget leaves to one asset */
    const double *risk_budgets; /* [count], above 0, of any sum, or NULL: equal */
    size_t count;
} tw_target_weights_input;

typedef struct tw_target_weights_result {
    const double *weights;     /* [count]; this and the next two are borrowed until the next call */
    const double *risk_shares; /* [count]: w_i (C w)_i / w'Cw; sums to 1. NaN at no variance */
    const uint8_t *places;     /* [count] of tw_target_place */
    size_t count;
    size_t held;       /* weights that are not 0 */
    size_t at_lower;   /* weights at a lower limit, of those with room between their limits */
    size_t at_upper;   /* the same at an upper limit */
    double mean;       /* m'w per period; NaN without means */
    double variance;   /* w'Cw per period, without the ridge */
    double volatility; /* its root */
    /* What the method made greatest or least: the Sharpe ratio, the diversification ratio, m'w -
     * aversion / 2 x w'Cw; else the variance. With a ridge in the variance. */
    double objective;
    /* An optimum: the greatest violation of its conditions over the size of the gradient. Risk
     * parity: the greatest distance of a share of the risk from its budget. Else 0. */
    double residual;
    double risk_tolerance; /* what a unit of mean is worth in w'Cw / 2 at the optimum */
    uint64_t iterations;   /* steps or sweeps */
    bool converged;        /* false: iterations_max came first; the weights are in their limits */
} tw_target_weights_result;

/* Weights and the limits that they are brought into. */
typedef struct tw_target_fit {
    const double *weights; /* [count], at least 0: of any method, of any sum */
    const double *lower;   /* [count] */
    const double *upper;   /* [count] */
    size_t count;
    double budget; /* what they shall add up to */
} tw_target_fit;

TW_BEGIN_DECLS

/* Minimum variance, a budget of 1, a risk aversion of 1, no ridge, distances by correlation. */
TW_API void tw_target_weights_config_init(tw_target_weights_config *config);

/* Takes the memory for at most `count_max` (at least 1) assets. TW_RANGE, TW_NO_MEMORY. */
TW_API tw_status tw_target_weights_new(const tw_allocator *allocator, size_t count_max,
                                       tw_target_weights **ret_targets) TW_MUST_CHECK;
TW_API void tw_target_weights_free(tw_target_weights *targets);

/*
 * The weights. TW_EMPTY: no assets; TW_FULL: more than the maximum; TW_RANGE: a field of the
 * configuration out of its range; TW_INVALID: a covariance that is not finite, not symmetric, has
 * a variance that is not above 0, a correlation beyond 1, or is singular among the assets that
 * hold something; a method without the means it needs; a limit that is not finite;
 * TW_UNSUPPORTED: limits for a method that has none; TW_INFEASIBLE: limits that cross or cannot
 * meet the budget, a target above every portfolio in the limits, no portfolio above the
 * risk-free rate, or none whose weighted deviations are above 0. `error` (may be NULL) says which
 * and where. `ret_result` is written only with TW_OK, and so with `converged` false as well.
 */
TW_API tw_status tw_target_weights_compute(tw_target_weights *targets,
                                           const tw_target_weights_config *config,
                                           const tw_target_weights_input *input,
                                           tw_target_weights_result *ret_result,
                                           tw_error *error) TW_MUST_CHECK;

/*
 * Limits for a method that has none: `ret_weights` are the weights times one factor, each cut to
 * its limits, and add up to the budget to about 1e-15 a weight. So those between their limits keep
 * their proportions. `ret_weights` may be `weights`. TW_INVALID: a number that is not finite, a
 * weight below 0; TW_INFEASIBLE: limits that cross or cannot meet the budget. Cost: some hundred
 * passes over the weights. Pure.
 */
TW_API tw_status tw_target_weights_fit(const tw_target_fit *fit, double *ret_weights,
                                       tw_error *error) TW_MUST_CHECK;

/* "equal", "inverse-volatility" ...: the words above, joined by "-". The name is never NULL; a
 * parse of another word is TW_PARSE. */
TW_API const char *tw_target_method_name(tw_target_method method);
TW_API tw_status tw_target_method_parse(tw_slice text, tw_target_method *ret_method) TW_MUST_CHECK;

TW_END_DECLS

TW_DEFINE_AUTO(tw_target_weights, tw_target_weights_free)

#endif
