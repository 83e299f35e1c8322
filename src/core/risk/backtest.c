/*
 * backtest.c - exceedances of forecasts, and forecasts that roll through a series.
 *
 * A likelihood is a sum of count x log(probability); one that was never asked for (a count of 0)
 * adds nothing, so no probability of 0 is ever taken the logarithm of.
 */
#include "tradewind/backtest.h"

#include <string.h>

#include "normal.h"
#include "risk_priv.h"

static const double GREEN_BELOW = 0.95;
static const double RED_FROM = 0.9999;

/* ---- Tests --------------------------------------------------------------------------------- */

static double likelihood(size_t count, double probability) {
    return count == 0 ? 0 : (double)count * natural_logarithm(probability);
}

/* Of `hits` among so many, each with that probability. */
static double likelihood_of(size_t misses, size_t hits, double probability) {
    return likelihood(misses, 1 - probability) + likelihood(hits, probability);
}

/* The probability that a chi-squared variable of 1 degree of freedom, the square of a normal one,
 * or of 2, an exponential one, exceeds a value. */
static double chi_squared_tail(double value, unsigned degrees) {
    TW_ASSERT(value >= 0 && (degrees == 1 || degrees == 2));
    return degrees == 1 ? 2 * normal_probability(-sqrt(value)) : natural_exponential(-value / 2);
}

static double share(size_t part, size_t rest) {
    return part == 0 ? 0 : (double)part / (double)(part + rest);
}

/* The likelihood of what was assumed against the best there is. */
static tw_backtest_test test_of(double assumed, double best, unsigned degrees) {
    double statistic = fmax(-2 * (assumed - best), 0);
    return (tw_backtest_test){statistic, chi_squared_tail(statistic, degrees)};
}

static void fill_tests(tw_backtest_result *result) {
    size_t hits = result->exceedances;
    size_t misses = result->observations - hits;
    result->unconditional = test_of(likelihood_of(misses, hits, 1 - result->confidence),
                                    likelihood_of(misses, hits, share(hits, misses)), 1);
    const size_t *calm = result->transitions[0];
    const size_t *hit = result->transitions[1];
    double alike = likelihood_of(calm[0] + hit[0], calm[1] + hit[1],
                                 share(calm[1] + hit[1], calm[0] + hit[0]));
    double apart = likelihood_of(calm[0], calm[1], share(calm[1], calm[0])) +
                   likelihood_of(hit[0], hit[1], share(hit[1], hit[0]));
    result->independence = test_of(alike, apart, 1);
    double both = result->unconditional.statistic + result->independence.statistic;
    result->conditional = (tw_backtest_test){both, chi_squared_tail(both, 2)};
}

/* The probability of at most `hits` of n, by terms each made from the last. They begin at the most
 * likely count with a term of 1 and are divided by the sum of all, so that none is lost below the
 * smallest number. */
static double binomial_at_most(size_t n, size_t hits, double p) {
    double odds = p / (1 - p);
    size_t peak = (size_t)floor((double)(n + 1) * p);
    peak = peak > n ? n : peak;
    careful_sum wanted = {0};
    careful_sum all = {0};
    double term = 1;
    for (size_t k = peak;; k--) {
        careful_add(&all, term);
        if (k <= hits)
            careful_add(&wanted, term);
        if (k == 0 || term == 0)
            break;
        term *= (double)k / (double)(n - k + 1) / odds;
    }
    term = 1;
    for (size_t k = peak; k < n && term > 0; k++) {
        term *= (double)(n - k) / (double)(k + 1) * odds;
        careful_add(&all, term);
        if (k + 1 <= hits)
            careful_add(&wanted, term);
    }
    return careful_value(&wanted) / careful_value(&all);
}

static void fill_zone(tw_backtest_result *result) {
    static const double additions[] = {0, 0, 0, 0, 0, 0.40, 0.50, 0.65, 0.75, 0.85, 1};
    result->cumulative =
        binomial_at_most(result->observations, result->exceedances, 1 - result->confidence);
    /* As few as are expected are never too many, however unlikely any are. */
    bool few = (double)result->exceedances <= result->expected;
    result->zone = few || result->cumulative < GREEN_BELOW ? TW_BACKTEST_GREEN
                   : result->cumulative < RED_FROM         ? TW_BACKTEST_YELLOW
                                                           : TW_BACKTEST_RED;
    bool basel = result->observations == 250 && result->confidence == 0.99;
    size_t at = result->exceedances < 10 ? result->exceedances : 10;
    result->multiplier_addition = basel ? additions[at] : NAN;
}

static tw_status check_confidence(double confidence, tw_error *error) {
    if (confidence > 0.5 && confidence < 1)
        return TW_OK;
    return tw_error_set(error, TW_RANGE, "a confidence must lie between 0.5 and 1, as 0.99, not %g",
                        confidence);
}

static tw_status check_returns(const tw_backtest_series *series, tw_error *error) {
    for (size_t t = 0; t < series->count; t++) {
        if (isinf(series->returns[t]))
            return tw_error_set(error, TW_INVALID, "the return in row %zu is infinite", t);
    }
    return TW_OK;
}

static tw_status check_series(const tw_backtest_series *series, tw_error *error) {
    for (size_t t = 0; t < series->count; t++) {
        if (isinf(series->forecasts[t]))
            return tw_error_set(error, TW_INVALID, "the forecast in row %zu is infinite", t);
    }
    return check_returns(series, error);
}

tw_status tw_backtest_run(const tw_backtest_series *series, double confidence,
                          tw_backtest_result *ret_result, tw_error *error) {
    TW_ASSERT(series != NULL && ret_result != NULL);
    TW_ASSERT(series->count == 0 || (series->returns != NULL && series->forecasts != NULL));
    tw_status status = check_confidence(confidence, error);
    if (status == TW_OK)
        status = check_series(series, error);
    if (status != TW_OK)
        return status;
    tw_backtest_result result = {.confidence = confidence};
    bool before = false;
    for (size_t t = 0; t < series->count; t++) {
        if (isnan(series->returns[t]) || isnan(series->forecasts[t])) {
            result.skipped++;
            continue;
        }
        bool hit = series->returns[t] < -series->forecasts[t];
        if (result.observations > 0)
            result.transitions[before][hit]++;
        result.observations++;
        result.exceedances += hit;
        before = hit;
    }
    if (result.observations == 0)
        return tw_error_set(error, TW_EMPTY, "no row of %zu has a return and a forecast",
                            series->count);
    result.expected = (1 - confidence) * (double)result.observations;
    result.rate = (double)result.exceedances / (double)result.observations;
    fill_tests(&result);
    fill_zone(&result);
    *ret_result = result;
    return TW_OK;
}

/* ---- Forecasts ----------------------------------------------------------------------------- */

void tw_backtest_plan_init(tw_backtest_plan *plan, tw_risk_method method, double confidence) {
    TW_ASSERT(plan != NULL);
    memset(plan, 0, sizeof *plan);
    plan->window = 250;
    plan->method = (uint8_t)method;
    plan->confidence = confidence;
    tw_risk_config_init(&plan->conventions);
}

/* The config of the one estimate that a plan is about. */
static tw_status config_of(const tw_backtest_plan *plan, tw_risk_config *ret_config,
                           tw_error *error) {
    if (plan->window < 2)
        return tw_error_set(error, TW_RANGE, "a window must have at least 2 rows, not %zu",
                            plan->window);
    if (plan->method >= TW_RISK_MONTE_CARLO)
        return tw_error_set(error, TW_RANGE, "%s has no forecasts from a series",
                            tw_risk_method_name((tw_risk_method)plan->method));
    *ret_config = plan->conventions;
    ret_config->confidences[0] = plan->confidence;
    ret_config->confidence_count = 1;
    ret_config->horizons[0] = 1;
    ret_config->horizon_count = 1;
    ret_config->methods = TW_RISK_METHOD_BIT(plan->method);
    ret_config->filter = TW_RISK_FILTER_PORTFOLIO; /* there is one series */
    return risk_config_check(ret_config, error);
}

/* What a computation of forecasts takes for itself. */
typedef struct forecast_work {
    const tw_risk_config *config;
    const series_lanes *lanes;
    risk_slots slots;
    size_t window;
    risk_workspace workspace;
    double *values; /* [window], those that are there */
} forecast_work;

static tw_risk_estimate forecast_from(forecast_work *work, const double *returns) {
    size_t count = 0;
    for (size_t k = 0; k < work->window; k++) {
        work->values[count] = returns[k];
        count += isnan(returns[k]) ? 0 : 1;
    }
    tw_risk_estimate estimate = {.value = NAN, .expected_shortfall = NAN};
    risk_moments moments = {0};
    if (risk_slots_need_moments(&work->slots))
        moments = risk_moments_of(work->lanes, work->values, count, 0);
    const risk_series series = {work->values, count, &moments};
    if (count > 0)
        risk_estimates_of(work->config, &work->slots, &series, &work->workspace, &estimate);
    return estimate;
}

tw_status tw_backtest_forecast(const tw_allocator *allocator, const tw_backtest_plan *plan,
                               const tw_backtest_series *series, double *ret_forecasts,
                               double *ret_shortfalls, tw_error *error) {
    TW_ASSERT(plan != NULL && series != NULL && ret_forecasts != NULL);
    TW_ASSERT(series->count == 0 || series->returns != NULL);
    allocator = allocator == NULL ? tw_allocator_system() : allocator;
    tw_risk_config config;
    tw_status status = config_of(plan, &config, error);
    if (status == TW_OK)
        status = check_returns(series, error);
    if (status != TW_OK)
        return status;
    size_t window = plan->window < series->count ? plan->window : series->count;
    forecast_work work = {.config = &config,
                          .lanes = series_lanes_of(config.level),
                          .slots = risk_slots_of(&config),
                          .window = window};
    size_t room = window > 0 ? window : 1;
    work.values = TW_NEW(allocator, room, double);
    bool have = risk_workspace_init(&work.workspace, allocator, room) && work.values != NULL;
    for (size_t t = 0; have && t < series->count; t++) {
        tw_risk_estimate estimate = {.value = NAN, .expected_shortfall = NAN};
        if (t >= window)
            estimate = forecast_from(&work, series->returns + t - window);
        ret_forecasts[t] = estimate.value;
        if (ret_shortfalls != NULL)
            ret_shortfalls[t] = estimate.expected_shortfall;
    }
    risk_workspace_done(&work.workspace, allocator);
    TW_DELETE(allocator, work.values, room, double);
    return have ? TW_OK
                : tw_error_set(error, TW_NO_MEMORY, "there is no memory for a window of %zu rows",
                               window);
}

tw_status tw_backtest_method(const tw_allocator *allocator, const tw_backtest_plan *plan,
                             const tw_backtest_series *series, tw_backtest_result *ret_result,
                             tw_error *error) {
    TW_ASSERT(plan != NULL && series != NULL && ret_result != NULL);
    allocator = allocator == NULL ? tw_allocator_system() : allocator;
    size_t room = series->count > 0 ? series->count : 1;
    double *forecasts = TW_NEW(allocator, room, double);
    if (forecasts == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for %zu forecasts",
                            series->count);
    tw_status status = tw_backtest_forecast(allocator, plan, series, forecasts, NULL, error);
    const tw_backtest_series made = {series->returns, forecasts, series->count};
    if (status == TW_OK)
        status = tw_backtest_run(&made, plan->confidence, ret_result, error);
    TW_DELETE(allocator, forecasts, room, double);
    return status;
}

const char *tw_backtest_zone_name(tw_backtest_zone zone) {
    switch (zone) {
    case TW_BACKTEST_GREEN:
        return "green";
    case TW_BACKTEST_YELLOW:
        return "yellow";
    case TW_BACKTEST_RED:
        return "red";
    default:
        return "unknown";
    }
}
