/*
 * portfolios_check.c - what tw_portfolios is given, before anything is written.
 */
#include "portfolios_priv.h"

#include <inttypes.h>
#include <math.h>

static bool rate_is_good(tw_rate rate) {
    return isfinite(rate.value) &&
           (rate.unit == TW_RATE_PER_PERIOD || rate.unit == TW_RATE_PER_YEAR);
}

double portfolios_per_period(tw_rate rate, double periods_per_year) {
    return rate.unit == TW_RATE_PER_YEAR ? rate.value / periods_per_year : rate.value;
}

static tw_status check_confidences(double least, const tw_portfolios_config *config,
                                   tw_error *error) {
    if (config->confidence_count > TW_RISK_CONFIDENCE_COUNT_MAX)
        return tw_error_set(error, TW_RANGE, "at most %d confidences",
                            TW_RISK_CONFIDENCE_COUNT_MAX);
    for (uint32_t i = 0; i < config->confidence_count; i++) {
        if (!(config->confidences[i] >= least && config->confidences[i] < 1))
            return tw_error_set(error, TW_RANGE,
                                "a confidence must be at least %g, the limit, and below 1, not %g",
                                least, config->confidences[i]);
    }
    return TW_OK;
}

tw_status portfolios_check_config(const tw_portfolios *p, const tw_portfolios_config *config,
                                  tw_error *error) {
    if (!(config->periods_per_year > 0) || !isfinite(config->periods_per_year))
        return tw_error_set(error, TW_RANGE, "periods per year must be above 0, not %g",
                            config->periods_per_year);
    if (!rate_is_good(config->risk_free))
        return tw_error_set(error, TW_RANGE,
                            "the risk-free rate needs a finite value and a unit: per period or "
                            "per year");
    if (!rate_is_good(config->minimum_acceptable))
        return tw_error_set(error, TW_RANGE,
                            "the minimum acceptable return needs a finite value and a unit: per "
                            "period or per year");
    if (config->gaussian_ddof > 1)
        return tw_error_set(error, TW_RANGE, "the Gaussian deviation has ddof 0 or 1, not %" PRIu32,
                            config->gaussian_ddof);
    if (config->shortfall != TW_SHORTFALL_CONTINUOUS && config->shortfall != TW_SHORTFALL_FIRST)
        return tw_error_set(error, TW_RANGE, "there is no expected shortfall of kind %d",
                            config->shortfall);
    return check_confidences(p->limits.confidence_min, config, error);
}

tw_status portfolios_check_weight(double weight, size_t portfolio, size_t asset, tw_error *error) {
    if (fabs(weight) <= TW_PORTFOLIOS_MAGNITUDE_MAX)
        return TW_OK;
    return tw_error_set(error, TW_INVALID,
                        "the weight of asset %zu in portfolio %zu is %g: it must be a number of at "
                        "most %g",
                        asset, portfolio, weight, TW_PORTFOLIOS_MAGNITUDE_MAX);
}

#define LOOK_PARTS 32

typedef struct look_work {
    const portfolio_lanes *lanes;
    const double *values;
    size_t count;
    bool good[LOOK_PARTS];
} look_work;

static void look_part(void *argument, size_t index) {
    look_work *work = argument;
    size_t begin = work->count * index / LOOK_PARTS;
    size_t end = work->count * (index + 1) / LOOK_PARTS;
    work->good[index] =
        work->lanes->are_good(work->values + begin, end - begin, TW_PORTFOLIOS_MAGNITUDE_MAX);
}

/* Whether all values are numbers that can be used, by one look at them. */
static bool are_all_good(const tw_dense_way *way, const double *values, size_t count) {
    look_work work = {.lanes = portfolios_lanes_of(way->level), .values = values, .count = count};
    bool good = true;
    tw_task_run(way->runner, LOOK_PARTS, look_part, &work);
    for (size_t i = 0; i < LOOK_PARTS; i++)
        good = good && work.good[i];
    return good;
}

tw_status portfolios_check_row(const double *returns, size_t assets, double benchmark, uint64_t row,
                               bool *ret_missing, tw_error *error) {
    *ret_missing = false;
    if (fabs(benchmark) > TW_PORTFOLIOS_MAGNITUDE_MAX)
        return tw_error_set(error, TW_INVALID,
                            "the benchmark in row %" PRIu64 " is %g: it must be at most %g", row,
                            benchmark, TW_PORTFOLIOS_MAGNITUDE_MAX);
    for (size_t i = 0; i < assets; i++) {
        *ret_missing = *ret_missing || isnan(returns[i]);
        if (fabs(returns[i]) > TW_PORTFOLIOS_MAGNITUDE_MAX)
            return tw_error_set(error, TW_INVALID,
                                "the return of asset %zu in row %" PRIu64
                                " is %g: it must be at most %g",
                                i, row, returns[i], TW_PORTFOLIOS_MAGNITUDE_MAX);
    }
    return TW_OK;
}

static tw_status check_weights(const tw_dense_way *way, const tw_portfolios_input *input,
                               tw_error *error) {
    if (are_all_good(way, input->weights, input->portfolios * input->assets))
        return TW_OK;
    for (size_t j = 0; j < input->portfolios; j++) {
        const double *weights = input->weights + j * input->assets;
        for (size_t i = 0; i < input->assets; i++) {
            tw_status status = portfolios_check_weight(weights[i], j, i, error);
            if (status != TW_OK)
                return status;
        }
    }
    return TW_OK;
}

/* Row by row, unless one look at all of them finds nothing. */
static tw_status check_returns(const tw_portfolios_config *config, const tw_portfolios_input *input,
                               bool *ret_missing, tw_error *error) {
    size_t cells = input->rows * input->assets;
    *ret_missing = false;
    if (cells == 0 ||
        (are_all_good(&config->way, input->returns, cells) &&
         (input->benchmark == NULL || are_all_good(&config->way, input->benchmark, input->rows))))
        return TW_OK;
    for (size_t t = 0; t < input->rows; t++) {
        bool missing;
        double benchmark = input->benchmark != NULL ? input->benchmark[t] : 0;
        uint64_t row = input->first_row + t;
        tw_status status = portfolios_check_row(input->returns + t * input->assets, input->assets,
                                                benchmark, row, &missing, error);
        if (status != TW_OK)
            return status;
        if (missing && config->fail_missing)
            return tw_error_set(error, TW_INVALID, "row %" PRIu64 " has a missing return", row);
        *ret_missing = *ret_missing || missing;
    }
    return TW_OK;
}

tw_status portfolios_check_input(const tw_portfolios *p, const tw_portfolios_config *config,
                                 const tw_portfolios_input *input, bool *ret_missing,
                                 tw_error *error) {
    TW_ASSERT(input->weights != NULL && (input->returns != NULL || input->rows == 0));
    if (input->rows > p->limits.rows || input->assets > p->limits.assets ||
        input->portfolios > p->limits.portfolios)
        return tw_error_set(error, TW_FULL,
                            "%zu rows of %zu assets in %zu portfolios exceed the %zu of %zu in %zu "
                            "made room for",
                            input->rows, input->assets, input->portfolios, p->limits.rows,
                            p->limits.assets, p->limits.portfolios);
    if (input->assets == 0 || input->portfolios == 0)
        return tw_error_set(error, TW_RANGE, "at least one asset and one portfolio are wanted");
    if (input->first_row > UINT64_MAX / 2)
        return tw_error_set(error, TW_RANGE, "a first row of %" PRIu64 " is too large",
                            input->first_row);
    tw_status status = check_returns(config, input, ret_missing, error);
    return status == TW_OK ? check_weights(&config->way, input, error) : status;
}
