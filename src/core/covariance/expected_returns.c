/*
 * expected_returns.c - means of what each asset has. See expected_returns.h.
 *
 * Growth is e to the sum of the logarithms of 1 + r, so that no product overflows on the way.
 *
 * Invariants:
 * 1. Sums are over the rows in order, of differences from the first return where they are of
 *    squares: equal values have no variance.
 */
#include "tradewind/expected_returns.h"

#include <math.h>
#include <string.h>

#include "covariance_priv.h"
#include "exponential.h"

/* One column of a matrix. */
typedef struct column {
    const double *values;
    size_t rows;
    size_t stride;
} column;

static double value_at(column of, size_t row) {
    return of.values[row * of.stride];
}

void tw_expected_returns_config_init(tw_expected_returns_config *config) {
    TW_ASSERT(config != NULL);
    memset(config, 0, sizeof *config);
    config->periods_per_year = 252;
    config->decay = (tw_covariance_decay){500, TW_COVARIANCE_SPAN};
    config->risk_free = (tw_rate){0, TW_RATE_PER_YEAR};
}

/* ---- Checks ---------------------------------------------------------------------------------- */

static tw_status expected_config_check(const tw_expected_returns_config *config, tw_error *error) {
    if (config->kind > TW_EXPECTED_MARKET)
        return tw_error_set(error, TW_RANGE, "there is no such kind of expected return");
    if (!(config->periods_per_year > 0) || !isfinite(config->periods_per_year))
        return tw_error_set(error, TW_RANGE, "periods per year must be above 0, not %g",
                            config->periods_per_year);
    if (config->kind == TW_EXPECTED_EXPONENTIAL && !covariance_decay_is_good(config->decay))
        return tw_error_set(error, TW_RANGE, COVARIANCE_DECAY_SENTENCE);
    if (config->kind == TW_EXPECTED_MARKET &&
        (!isfinite(config->risk_free.value) || (config->risk_free.unit != TW_RATE_PER_PERIOD &&
                                                config->risk_free.unit != TW_RATE_PER_YEAR)))
        return tw_error_set(error, TW_RANGE,
                            "the risk-free rate needs a finite value and a unit: per period or "
                            "per year");
    return TW_OK;
}

static tw_status finite_check(const tw_expected_returns_config *config,
                              const tw_expected_returns_input *input, tw_error *error) {
    for (size_t i = 0; i < input->rows * input->assets; i++)
        if (isinf(input->returns[i]))
            return tw_error_set(error, TW_INVALID, "the return of asset %zu in row %zu is infinite",
                                i % input->assets, i / input->assets);
    for (size_t t = 0; config->kind == TW_EXPECTED_MARKET && t < input->rows; t++)
        if (isinf(input->market[t]))
            return tw_error_set(error, TW_INVALID, "the market's return in row %zu is infinite", t);
    return TW_OK;
}

/* ---- One column ------------------------------------------------------------------------------ */

static double mean_of(column of, size_t *ret_count) {
    double sum = 0;
    *ret_count = 0;
    for (size_t t = 0; t < of.rows; t++)
        if (!isnan(value_at(of, t))) {
            sum += value_at(of, t);
            ++*ret_count;
        }
    return *ret_count > 0 ? sum / (double)*ret_count : NAN;
}

/* A year's growth. */
static double growth_of(column of, double periods, size_t *ret_count) {
    double sum = 0;
    bool ruined = false;
    *ret_count = 0;
    for (size_t t = 0; t < of.rows; t++) {
        double value = 1 + value_at(of, t);
        if (isnan(value))
            continue;
        ruined = ruined || !(value > 0);
        sum += ruined ? 0 : natural_logarithm(value);
        ++*ret_count;
    }
    if (*ret_count == 0)
        return NAN;
    return ruined ? -1 : natural_exponential(sum * (periods / (double)*ret_count)) - 1;
}

static double historical_of(const tw_expected_returns_config *config, column of,
                            size_t *ret_count) {
    return config->compound ? growth_of(of, config->periods_per_year, ret_count)
                            : mean_of(of, ret_count) * config->periods_per_year;
}

static double exponential_of_column(const tw_expected_returns_config *config, column of,
                                    size_t *ret_count) {
    double lambda = covariance_lambda_of(config->decay);
    double weight = 1;
    double weights = 0;
    double sum = 0;
    *ret_count = 0;
    for (size_t t = of.rows; t-- > 0;) {
        if (!isnan(value_at(of, t))) {
            sum += weight * value_at(of, t);
            weights += weight;
            ++*ret_count;
        }
        weight *= lambda;
    }
    double mean = weights > 0 ? sum / weights : NAN;
    if (!config->compound)
        return mean * config->periods_per_year;
    return mean > -1 ? natural_power(1 + mean, config->periods_per_year) - 1
                     : (isnan(mean) ? NAN : -1);
}

/* ---- The market ------------------------------------------------------------------------------ */

/* The covariance, ddof 1, over the rows that have both; NaN for less than two. */
static double covariance_of(column a, column b, size_t *ret_count) {
    double origin_a = 0;
    double origin_b = 0;
    double sum_a = 0;
    double sum_b = 0;
    double products = 0;
    *ret_count = 0;
    for (size_t t = 0; t < a.rows; t++) {
        if (isnan(value_at(a, t)) || isnan(value_at(b, t)))
            continue;
        if ((*ret_count)++ == 0) {
            origin_a = value_at(a, t);
            origin_b = value_at(b, t);
        }
        double x = value_at(a, t) - origin_a;
        double y = value_at(b, t) - origin_b;
        sum_a += x;
        sum_b += y;
        products += x * y;
    }
    double count = (double)*ret_count;
    return *ret_count < 2 ? NAN : (products - sum_a * sum_b / count) / (count - 1);
}

typedef struct market_figures {
    column returns;
    double expected;
    double variance;
    double risk_free;
} market_figures;

static tw_status look_at_market(const tw_expected_returns_config *config,
                                const tw_expected_returns_input *input, market_figures *ret,
                                tw_error *error) {
    size_t count = 0;
    tw_rate rate = config->risk_free;
    ret->returns = (column){input->market, input->rows, 1};
    ret->risk_free =
        rate.unit == TW_RATE_PER_PERIOD ? rate.value * config->periods_per_year : rate.value;
    ret->expected = historical_of(config, ret->returns, &count);
    ret->variance = covariance_of(ret->returns, ret->returns, &count);
    if (count < 2 || !(ret->variance > 0))
        return tw_error_set(error, TW_EMPTY, "the market has %zu returns, which do not vary",
                            count);
    return TW_OK;
}

tw_status tw_expected_returns(const tw_expected_returns_config *config,
                              const tw_expected_returns_input *input, double *ret_expected,
                              size_t *ret_counts, tw_error *error) {
    TW_ASSERT(config != NULL && input != NULL && ret_expected != NULL);
    TW_ASSERT(input->returns != NULL && input->assets > 0);
    TW_ASSERT(config->kind != TW_EXPECTED_MARKET || input->market != NULL);
    market_figures market = {0};
    tw_status status = expected_config_check(config, error);
    if (status == TW_OK)
        status = finite_check(config, input, error);
    if (status == TW_OK && config->kind == TW_EXPECTED_MARKET)
        status = look_at_market(config, input, &market, error);
    if (status != TW_OK)
        return status;
    for (size_t j = 0; j < input->assets; j++) {
        column of = {input->returns + j, input->rows, input->assets};
        size_t count = 0;
        if (config->kind == TW_EXPECTED_MARKET) {
            double beta = covariance_of(of, market.returns, &count) / market.variance;
            ret_expected[j] = market.risk_free + beta * (market.expected - market.risk_free);
        } else {
            ret_expected[j] = config->kind == TW_EXPECTED_EXPONENTIAL
                                  ? exponential_of_column(config, of, &count)
                                  : historical_of(config, of, &count);
        }
        if (ret_counts != NULL)
            ret_counts[j] = count;
    }
    return TW_OK;
}
