/*
 * target_weights.c - checks what is asked, hands it to one of four ways, and reports.
 *
 * The four ways: a rule for each asset by itself; risk parity (target_parity.c); the tree
 * (target_hierarchy.c); the active set over limits (target_quadratic.c, target_frontier.c). Maximum
 * diversification is the greatest ratio with the deviations for means and a rate of 0.
 *
 * Invariants:
 * 1. matrix is the given covariance with the ridge on its diagonal; every variance is above 0.
 * 2. lower and upper are finite, lower <= upper, and their sums embrace the budget.
 * 3. Before the last check has passed only the handle's own memory is written.
 */
#include "tradewind/target_weights.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "target_frontier.h"
#include "target_hierarchy.h"
#include "target_parity.h"
#include "target_quadratic.h"

/* What two numbers that ought to be equal may differ by, of their size. */
#define ROUNDING 1e-12

struct tw_target_weights {
    tw_allocator allocator;
    size_t count_max;
    double *matrix;
    double *factor_rows; /* the tree's distances as well */
    double *weights;
    double *risk_shares;
    double *lower;
    double *upper;
    double *budgets; /* of risk; the deviations for maximum diversification */
    double *gradient;
    double *ones;
    double *step;
    double *column;
    double *cosines;
    double *sines;
    size_t *members;
    size_t *order;
    size_t *children; /* of 2 x count_max, as the next */
    size_t *parents;
    target_link *links;
    uint8_t *places;
};

/* X(field, count, type): what is taken at creation, for taking and giving back. */
#define ARRAYS(X)                \
    X(matrix, n *n, double)      \
    X(factor_rows, n *n, double) \
    X(weights, n, double)        \
    X(risk_shares, n, double)    \
    X(lower, n, double)          \
    X(upper, n, double)          \
    X(budgets, n, double)        \
    X(gradient, n, double)       \
    X(ones, n, double)           \
    X(step, n, double)           \
    X(column, n, double)         \
    X(cosines, n, double)        \
    X(sines, n, double)          \
    X(members, n, size_t)        \
    X(order, n, size_t)          \
    X(children, 2 * n, size_t)   \
    X(parents, 2 * n, size_t)    \
    X(links, n, target_link)     \
    X(places, n, uint8_t)

static const char *const method_names[] = {
    "equal",         "inverse-volatility", "inverse-variance",        "risk-parity",
    "hierarchical",  "minimum-variance",   "maximum-diversification", "risk-aversion",
    "target-return", "maximum-sharpe"};

#define METHOD_COUNT (sizeof method_names / sizeof method_names[0])
_Static_assert(METHOD_COUNT == TW_TARGET_MAXIMUM_SHARPE + 1, "every method has its name");

const char *tw_target_method_name(tw_target_method method) {
    return (size_t)method < METHOD_COUNT ? method_names[method] : "?";
}

tw_status tw_target_method_parse(tw_slice text, tw_target_method *ret_method) {
    TW_ASSERT(ret_method != NULL);
    for (size_t i = 0; i < METHOD_COUNT; i++) {
        if (tw_slice_equal_string(text, method_names[i])) {
            *ret_method = (tw_target_method)i;
            return TW_OK;
        }
    }
    return TW_PARSE;
}

void tw_target_weights_config_init(tw_target_weights_config *config) {
    TW_ASSERT(config != NULL);
    memset(config, 0, sizeof *config);
    config->method = TW_TARGET_MINIMUM_VARIANCE;
    config->budget = 1;
    config->risk_aversion = 1;
}

tw_status tw_target_weights_new(const tw_allocator *allocator, size_t count_max,
                                tw_target_weights **ret_targets) {
    TW_ASSERT(ret_targets != NULL);
    if (count_max == 0 || count_max > SIZE_MAX / sizeof(double) / count_max)
        return TW_RANGE;
    if (allocator == NULL)
        allocator = tw_allocator_system();
    tw_target_weights *targets = TW_NEW(allocator, 1, tw_target_weights);
    if (targets == NULL)
        return TW_NO_MEMORY;
    targets->allocator = *allocator;
    targets->count_max = count_max;
    size_t n = count_max;
    bool have = true;
#define TAKE(field, count, type)                     \
    targets->field = TW_NEW(allocator, count, type); \
    have = have && targets->field != NULL;
    ARRAYS(TAKE)
#undef TAKE
    if (!have) {
        tw_target_weights_free(targets);
        return TW_NO_MEMORY;
    }
    *ret_targets = targets;
    return TW_OK;
}

void tw_target_weights_free(tw_target_weights *targets) {
    if (targets == NULL)
        return;
    tw_allocator allocator = targets->allocator;
    size_t n = targets->count_max;
#define GIVE(field, count, type) TW_DELETE(&allocator, targets->field, count, type);
    ARRAYS(GIVE)
#undef GIVE
    TW_DELETE(&allocator, targets, 1, tw_target_weights);
}

/* --- checks --------------------------------------------------------------------------------- */

static bool has_limits(uint8_t method) {
    return method >= TW_TARGET_MINIMUM_VARIANCE;
}

static bool needs_means(uint8_t method) {
    return method >= TW_TARGET_RISK_AVERSION;
}

static tw_status check_config(const tw_target_weights_config *config, tw_error *error) {
    if (config->method >= METHOD_COUNT)
        return tw_error_set(error, TW_RANGE, "there is no method %u of target weights",
                            config->method);
    if (!(config->budget > 0) || !isfinite(config->budget))
        return tw_error_set(error, TW_RANGE, "the budget must be above 0, not %g", config->budget);
    if (!(config->ridge >= 0 && config->ridge <= 1))
        return tw_error_set(error, TW_RANGE, "the ridge must be 0 to 1, not %g", config->ridge);
    if (config->method == TW_TARGET_RISK_AVERSION &&
        (!(config->risk_aversion > 0) || !isfinite(config->risk_aversion)))
        return tw_error_set(error, TW_RANGE, "the risk aversion must be above 0, not %g",
                            config->risk_aversion);
    if (config->method == TW_TARGET_RETURN && !isfinite(config->return_per_period))
        return tw_error_set(error, TW_RANGE, "the target return is not a number");
    if (config->method == TW_TARGET_MAXIMUM_SHARPE && !isfinite(config->risk_free_per_period))
        return tw_error_set(error, TW_RANGE, "the risk-free rate is not a number");
    if (config->distance > TW_TARGET_DISTANCE_EUCLIDEAN)
        return tw_error_set(error, TW_RANGE, "there is no distance %u of assets", config->distance);
    return TW_OK;
}

static tw_status check_numbers(const double *values, size_t count, const char *what,
                               tw_error *error) {
    for (size_t i = 0; values != NULL && i < count; i++)
        if (!isfinite(values[i]))
            return tw_error_set(error, TW_INVALID, "the %s of asset %zu is not a finite number",
                                what, i);
    return TW_OK;
}

/* One row of the covariance against its column and the variances on the diagonal. */
static tw_status check_row(const tw_target_weights_input *input, size_t i, tw_error *error) {
    const double *c = input->covariance;
    size_t n = input->count;
    if (!(c[i * n + i] > 0) || !isfinite(c[i * n + i]))
        return tw_error_set(error, TW_INVALID, "the variance of asset %zu is %g, not above 0", i,
                            c[i * n + i]);
    for (size_t j = 0; j < i; j++) {
        double size = sqrt(c[i * n + i]) * sqrt(c[j * n + j]);
        double here = c[i * n + j];
        if (!isfinite(here) || !(fabs(here - c[j * n + i]) <= ROUNDING * size))
            return tw_error_set(error, TW_INVALID,
                                "the covariance of assets %zu and %zu is not a number, or not the "
                                "same both ways",
                                i, j);
        if (fabs(here) > size * (1 + 1e-9))
            return tw_error_set(error, TW_INVALID,
                                "the covariance of assets %zu and %zu is a correlation beyond 1", i,
                                j);
    }
    return TW_OK;
}

static tw_status check_input(const tw_target_weights *targets,
                             const tw_target_weights_config *config,
                             const tw_target_weights_input *input, tw_error *error) {
    TW_ASSERT(input->covariance != NULL || input->count == 0);
    size_t n = input->count;
    if (n == 0)
        return tw_error_set(error, TW_EMPTY, "there are no assets to weigh");
    if (n > targets->count_max)
        return tw_error_set(error, TW_FULL, "%zu assets exceed the %zu made room for", n,
                            targets->count_max);
    if (needs_means(config->method) && input->means == NULL)
        return tw_error_set(error, TW_INVALID, "the method %s needs the means of the assets",
                            method_names[config->method]);
    if (!has_limits(config->method) && (input->lower != NULL || input->upper != NULL))
        return tw_error_set(error, TW_UNSUPPORTED,
                            "the method %s follows a rule that knows no limits; take a minimum "
                            "variance within limits, or none",
                            method_names[config->method]);
    tw_status status = check_numbers(input->means, n, "mean", error);
    if (status == TW_OK)
        status = check_numbers(input->lower, n, "lower limit", error);
    if (status == TW_OK)
        status = check_numbers(input->upper, n, "upper limit", error);
    if (status == TW_OK)
        status = check_numbers(input->risk_budgets, n, "risk budget", error);
    for (size_t i = 0; i < n && status == TW_OK; i++)
        status = check_row(input, i, error);
    return status;
}

/* Invariant 2. An upper limit that was not given is one that cannot bind before the others. */
static tw_status set_limits(tw_target_weights *targets, double budget,
                            const tw_target_weights_input *input, tw_error *error) {
    double least = 0;
    double most = 0;
    double gross = fabs(budget);
    for (size_t i = 0; i < input->count; i++) {
        targets->lower[i] = input->lower == NULL ? 0 : input->lower[i];
        least += targets->lower[i];
        gross += fabs(targets->lower[i]);
    }
    if (least > budget + ROUNDING * gross)
        return tw_error_set(error, TW_INFEASIBLE,
                            "the lower limits add up to %.12g, which is more than the budget of "
                            "%.12g",
                            least, budget);
    for (size_t i = 0; i < input->count; i++) {
        double spare = fmax(budget - least, 0);
        targets->upper[i] = input->upper == NULL ? targets->lower[i] + spare : input->upper[i];
        most += targets->upper[i];
        if (targets->upper[i] < targets->lower[i])
            return tw_error_set(error, TW_INFEASIBLE,
                                "asset %zu has a lower limit of %.12g above its upper limit of "
                                "%.12g",
                                i, targets->lower[i], targets->upper[i]);
    }
    if (most < budget - ROUNDING * gross)
        return tw_error_set(error, TW_INFEASIBLE,
                            "the upper limits add up to %.12g, which is less than the budget of "
                            "%.12g",
                            most, budget);
    return TW_OK;
}

static tw_status set_budgets(tw_target_weights *targets, const tw_target_weights_input *input,
                             tw_error *error) {
    double sum = 0;
    for (size_t i = 0; i < input->count; i++) {
        double budget = input->risk_budgets == NULL ? 1 : input->risk_budgets[i];
        if (!(budget > 0))
            return tw_error_set(error, TW_INVALID,
                                "the risk budget of asset %zu is %g, not above 0: leave the asset "
                                "out instead",
                                i, budget);
        targets->budgets[i] = budget;
        sum += budget;
    }
    for (size_t i = 0; i < input->count; i++)
        targets->budgets[i] /= sum;
    return TW_OK;
}

/* Invariant 1. */
static void set_matrix(tw_target_weights *targets, double ridge,
                       const tw_target_weights_input *input) {
    size_t n = input->count;
    memcpy(targets->matrix, input->covariance, n * n * sizeof *targets->matrix);
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += input->covariance[i * n + i];
    for (size_t i = 0; i < n; i++)
        targets->matrix[i * n + i] += ridge * sum / (double)n;
}

/* --- the four ways -------------------------------------------------------------------------- */

static void weigh_alone(tw_target_weights *targets, uint8_t method, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double variance = targets->matrix[i * n + i];
        targets->weights[i] = method == TW_TARGET_EQUAL                ? 1
                              : method == TW_TARGET_INVERSE_VOLATILITY ? 1 / sqrt(variance)
                                                                       : 1 / variance;
        sum += targets->weights[i];
    }
    for (size_t i = 0; i < n; i++)
        targets->weights[i] /= sum;
}

static tw_status weigh_parity(tw_target_weights *targets, const tw_target_weights_input *input,
                              size_t iterations_max, tw_target_weights_result *result,
                              tw_error *error) {
    tw_status status = set_budgets(targets, input, error);
    if (status != TW_OK)
        return status;
    target_parity parity = {.matrix = targets->matrix,
                            .budgets = targets->budgets,
                            .count = input->count,
                            .iterations_max = iterations_max,
                            .weights = targets->weights,
                            .product = targets->gradient};
    target_parity_solve(&parity);
    if (!isfinite(parity.residual))
        return tw_error_set(error, TW_INVALID,
                            "the covariance is not positive: a portfolio of all assets has no "
                            "variance, so there are no shares of it; ask for a ridge");
    result->residual = parity.residual;
    result->iterations = parity.iterations;
    result->converged = parity.converged;
    return TW_OK;
}

static void weigh_tree(tw_target_weights *targets, const tw_target_weights_config *config,
                       size_t n) {
    target_hierarchy tree = {.matrix = targets->matrix,
                             .count = n,
                             .euclidean = config->distance == TW_TARGET_DISTANCE_EUCLIDEAN,
                             .distances = targets->factor_rows,
                             .nearest = targets->gradient,
                             .keys = targets->column,
                             .links = targets->links,
                             .parents = targets->parents,
                             .children = targets->children,
                             .sorted = targets->members,
                             .leaves = targets->order,
                             .weights = targets->weights};
    target_hierarchy_solve(&tree);
}

static target_quadratic quadratic_of(tw_target_weights *targets,
                                     const tw_target_weights_config *config,
                                     const tw_target_weights_input *input) {
    return (target_quadratic){.matrix = targets->matrix,
                              .means = input->means,
                              .lower = targets->lower,
                              .upper = targets->upper,
                              .count = input->count,
                              .budget = config->budget,
                              .weights = targets->weights,
                              .gradient = targets->gradient,
                              .ones = targets->ones,
                              .step = targets->step,
                              .column = targets->column,
                              .members = targets->members,
                              .order = targets->order,
                              .places = targets->places,
                              .factor = {.rows = targets->factor_rows,
                                         .cosines = targets->cosines,
                                         .sines = targets->sines,
                                         .stride = targets->count_max}};
}

/* What the limits allow at most, against what is wanted of it. */
static tw_status check_reach(target_quadratic *q, const tw_target_weights_config *config,
                             tw_error *error) {
    bool has_goal = config->method == TW_TARGET_RETURN ||
                    config->method == TW_TARGET_MAXIMUM_SHARPE ||
                    config->method == TW_TARGET_MAXIMUM_DIVERSIFICATION;
    if (!has_goal)
        return TW_OK;
    double greatest = target_greatest_mean(q);
    if (config->method == TW_TARGET_MAXIMUM_DIVERSIFICATION && !(greatest > 0))
        return tw_error_set(error, TW_INFEASIBLE,
                            "the limits force short positions upon the portfolio until its "
                            "deviations add up to %.12g, not above 0",
                            greatest);
    if (config->method == TW_TARGET_RETURN &&
        config->return_per_period > greatest + ROUNDING * fabs(greatest))
        return tw_error_set(error, TW_INFEASIBLE,
                            "no portfolio within the limits has a mean of %.12g; the greatest is "
                            "%.12g",
                            config->return_per_period, greatest);
    if (config->method == TW_TARGET_MAXIMUM_SHARPE &&
        !(greatest > config->risk_free_per_period * config->budget))
        return tw_error_set(error, TW_INFEASIBLE,
                            "no portfolio within the limits earns more than the risk-free rate of "
                            "%.12g; the greatest mean is %.12g",
                            config->risk_free_per_period, greatest / config->budget);
    return TW_OK;
}

static tw_status solve_quadratic(target_quadratic *q, const tw_target_weights_config *config,
                                 tw_error *error) {
    switch (config->method) {
    case TW_TARGET_MAXIMUM_DIVERSIFICATION:
        return target_frontier_ratio(q, 0, error);
    case TW_TARGET_RETURN:
        return target_frontier_return(q, config->return_per_period, error);
    case TW_TARGET_MAXIMUM_SHARPE:
        return target_frontier_ratio(q, config->risk_free_per_period * config->budget, error);
    default:
        return target_quadratic_solve(q, error);
    }
}

static tw_status weigh_optimum(tw_target_weights *targets, const tw_target_weights_config *config,
                               const tw_target_weights_input *input, size_t iterations_max,
                               tw_target_weights_result *result, tw_error *error) {
    tw_status status = set_limits(targets, config->budget, input, error);
    if (status != TW_OK)
        return status;
    size_t n = input->count;
    target_quadratic q = quadratic_of(targets, config, input);
    q.iterations_max = iterations_max;
    if (config->method == TW_TARGET_MAXIMUM_DIVERSIFICATION) {
        for (size_t i = 0; i < n; i++)
            targets->budgets[i] = sqrt(input->covariance[i * n + i]);
        q.means = targets->budgets;
    }
    if (config->method == TW_TARGET_RISK_AVERSION)
        q.tolerance = 1 / config->risk_aversion;
    status = check_reach(&q, config, error);
    if (status == TW_OK)
        status = target_quadratic_start(&q, error);
    if (status == TW_OK)
        status = solve_quadratic(&q, config, error);
    if (status != TW_OK)
        return status;
    result->residual = target_quadratic_residual(&q);
    result->risk_tolerance = q.tolerance;
    result->iterations = q.iterations;
    result->converged = q.converged;
    return TW_OK;
}

/* --- the report ----------------------------------------------------------------------------- */

static double objective_of(const tw_target_weights *targets, const tw_target_weights_config *config,
                           const tw_target_weights_result *result) {
    size_t n = result->count;
    double variance = target_variance(targets->matrix, targets->weights, n, targets->column);
    switch (config->method) {
    case TW_TARGET_MAXIMUM_DIVERSIFICATION:
        return target_dot(targets->budgets, targets->weights, n) / sqrt(variance);
    case TW_TARGET_RISK_AVERSION:
        return result->mean - config->risk_aversion / 2 * variance;
    case TW_TARGET_MAXIMUM_SHARPE:
        return (result->mean - config->risk_free_per_period * config->budget) / sqrt(variance);
    default:
        return variance;
    }
}

static void count_places(tw_target_weights *targets, bool limited,
                         tw_target_weights_result *result) {
    for (size_t i = 0; i < result->count; i++) {
        result->held += targets->weights[i] != 0;
        if (!limited) {
            targets->places[i] = TW_TARGET_FREE;
            continue;
        }
        if (targets->weights[i] == targets->upper[i])
            targets->places[i] = TW_TARGET_UPPER;
        if (targets->weights[i] == targets->lower[i])
            targets->places[i] = TW_TARGET_LOWER;
        if (targets->lower[i] < targets->upper[i]) {
            result->at_lower += targets->places[i] == TW_TARGET_LOWER;
            result->at_upper += targets->places[i] == TW_TARGET_UPPER;
        }
    }
}

static void report(tw_target_weights *targets, const tw_target_weights_config *config,
                   const tw_target_weights_input *input, tw_target_weights_result *result) {
    size_t n = input->count;
    double *weights = targets->weights;
    if (!has_limits(config->method))
        for (size_t i = 0; i < n; i++)
            weights[i] *= config->budget;
    result->weights = weights;
    result->risk_shares = targets->risk_shares;
    result->places = targets->places;
    result->count = n;
    result->mean = input->means == NULL ? NAN : target_dot(input->means, weights, n);
    result->variance = target_variance(input->covariance, weights, n, targets->gradient);
    result->volatility = sqrt(fmax(result->variance, 0));
    for (size_t i = 0; i < n; i++)
        targets->risk_shares[i] =
            result->variance > 0 ? weights[i] * targets->gradient[i] / result->variance : NAN;
    count_places(targets, has_limits(config->method), result);
    result->objective = objective_of(targets, config, result);
}

tw_status tw_target_weights_compute(tw_target_weights *targets,
                                    const tw_target_weights_config *config,
                                    const tw_target_weights_input *input,
                                    tw_target_weights_result *ret_result, tw_error *error) {
    TW_ASSERT(targets != NULL && config != NULL && input != NULL && ret_result != NULL);
    tw_status status = check_config(config, error);
    if (status == TW_OK)
        status = check_input(targets, config, input, error);
    if (status != TW_OK)
        return status;
    tw_target_weights_result result;
    memset(&result, 0, sizeof result);
    result.converged = true;
    size_t iterations_max =
        config->iterations_max != 0 ? config->iterations_max : 100 * input->count + 10000;
    set_matrix(targets, config->ridge, input);
    if (has_limits(config->method))
        status = weigh_optimum(targets, config, input, iterations_max, &result, error);
    else if (config->method == TW_TARGET_RISK_PARITY)
        status = weigh_parity(targets, input, iterations_max, &result, error);
    else if (config->method == TW_TARGET_HIERARCHICAL)
        weigh_tree(targets, config, input->count);
    else
        weigh_alone(targets, config->method, input->count);
    if (status != TW_OK)
        return status;
    report(targets, config, input, &result);
    *ret_result = result;
    return TW_OK;
}
