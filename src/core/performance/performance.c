/*
 * performance.c - a series is taken in; figures are read from its facts.
 *
 * Invariants:
 * 1. returns, weights, free and wanted hold `count` finite values of the observations that were not
 *    skipped, in order; benchmark holds as many, NaN where it is missing.
 * 2. `known` names the groups whose facts are those of these observations.
 */
#include "performance_priv.h"

#include <string.h>

void tw_performance_config_init(tw_performance_config *config) {
    TW_ASSERT(config != NULL);
    *config = (tw_performance_config){
        .periods_per_year = 252,
        .risk_free = {0, TW_RATE_PER_YEAR},
        .minimum_acceptable = {0, TW_RATE_PER_YEAR},
        .ddof = 1,
        .quantile = TW_QUANTILE_LINEAR,
        .tail_method = TW_RISK_HISTORICAL,
        .tail = 0.05,
        .partial_order = 2,
        .decay = 0.94,
        .sterling_excess = 0.1,
        .loss_aversion = 2.25,
        .entropic_aversion = 1,
        .pareto_part = 0.1,
        .autocorrelation_lag = 1,
        .level = TW_CPU_BEST,
    };
}

double performance_rate(const tw_performance_config *config, tw_rate rate) {
    if (rate.unit == TW_RATE_PER_PERIOD)
        return rate.value;
    if (!config->compound_rates)
        return rate.value / config->periods_per_year;
    return rate.value <= -1 ? NAN : natural_power(1 + rate.value, 1 / config->periods_per_year) - 1;
}

static bool is_rate(const tw_performance_config *config, tw_rate rate) {
    return (rate.unit == TW_RATE_PER_PERIOD || rate.unit == TW_RATE_PER_YEAR) &&
           fabs(performance_rate(config, rate)) <= TW_PERFORMANCE_VALUE_MAX;
}

static bool kinds_are_known(const tw_performance_config *config) {
    return config->annual <= TW_ANNUAL_COMPOUND && config->capture <= TW_CAPTURE_MEAN &&
           config->burke <= TW_BURKE_RUNS && config->quantile >= TW_QUANTILE_KIND_MIN &&
           config->quantile <= TW_QUANTILE_KIND_MAX && config->shortfall <= TW_SHORTFALL_KIND_MAX &&
           config->tail_method <= TW_RISK_CORNISH_FISHER && tw_cpu_name(config->level) != NULL;
}

tw_status performance_check_config(const tw_performance_config *config, tw_error *error) {
    const struct {
        bool holds;
        const char *otherwise;
    } rules[] = {
        {config->periods_per_year > 0 && isfinite(config->periods_per_year),
         "periods_per_year must be above 0"},
        {is_rate(config, config->risk_free),
         "risk_free needs a unit (per period or per year) and a value that a period can have"},
        {is_rate(config, config->minimum_acceptable),
         "minimum_acceptable needs a unit (per period or per year) and a value that a period can "
         "have"},
        {config->ddof <= 1 && config->partial_ddof <= 1 && config->residual_ddof <= 2,
         "ddof and partial_ddof are 0 or 1, residual_ddof 0 to 2"},
        {kinds_are_known(config), "an option of the configuration names a kind that there is not"},
        {config->tail >= 0 && config->tail <= 1, "tail must lie between 0 and 1"},
        {config->partial_order > 0 && isfinite(config->partial_order),
         "partial_order must be above 0"},
        {config->decay > 0 && config->decay < 1, "decay must lie inside 0 to 1"},
        {isfinite(config->sterling_excess) && isfinite(config->loss_aversion) &&
             isfinite(config->reference_sharpe),
         "sterling_excess, loss_aversion and reference_sharpe must be finite"},
        {config->entropic_aversion > 0 && isfinite(config->entropic_aversion) &&
             config->entropic_floor >= 0 && isfinite(config->entropic_floor),
         "entropic_aversion must be above 0, entropic_floor not below it"},
        {config->pareto_part > 0 && config->pareto_part < 1, "pareto_part must lie inside 0 to 1"},
        {config->autocorrelation_lag >= 1 && config->autocorrelation_lag <= TW_PERFORMANCE_LAG_MAX,
         "autocorrelation_lag must be 1 to 64"},
    };
    _Static_assert(TW_PERFORMANCE_LAG_MAX == 64, "as the sentence above says");
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (!rules[i].holds)
            return tw_error_set(error, TW_RANGE, "%s", rules[i].otherwise);
    return TW_OK;
}

tw_status tw_performance_new(const tw_allocator *allocator, size_t count_max,
                             tw_performance **ret_performance) {
    TW_ASSERT(ret_performance != NULL);
    if (count_max == 0)
        return TW_RANGE;
    if (allocator == NULL)
        allocator = tw_allocator_system();
    tw_performance *performance = TW_NEW(allocator, 1, tw_performance);
    if (performance == NULL)
        return TW_NO_MEMORY;
    performance->allocator = *allocator;
    performance->count_max = count_max;
    performance->returns = TW_NEW(allocator, count_max, double);
    performance->benchmark = TW_NEW(allocator, count_max, double);
    performance->weights = TW_NEW(allocator, count_max, double);
    performance->free = TW_NEW(allocator, count_max, double);
    performance->wanted = TW_NEW(allocator, count_max, double);
    bool whole = performance->returns != NULL && performance->benchmark != NULL &&
                 performance->weights != NULL && performance->free != NULL &&
                 performance->wanted != NULL;
    for (size_t i = 0; i < 4; i++) {
        performance->scratch[i] = TW_NEW(allocator, count_max, double);
        whole = whole && performance->scratch[i] != NULL;
    }
    if (!whole) {
        tw_performance_free(performance);
        return TW_NO_MEMORY;
    }
    *ret_performance = performance;
    return TW_OK;
}

void tw_performance_free(tw_performance *performance) {
    if (performance == NULL)
        return;
    tw_allocator allocator = performance->allocator;
    size_t count = performance->count_max;
    TW_DELETE(&allocator, performance->returns, count, double);
    TW_DELETE(&allocator, performance->benchmark, count, double);
    TW_DELETE(&allocator, performance->weights, count, double);
    TW_DELETE(&allocator, performance->free, count, double);
    TW_DELETE(&allocator, performance->wanted, count, double);
    for (size_t i = 0; i < 4; i++)
        TW_DELETE(&allocator, performance->scratch[i], count, double);
    TW_DELETE(&allocator, performance, 1, tw_performance);
}

/* ---- Loading ------------------------------------------------------------------------------- */

/* The columns of an input that decide whether a row is an observation. */
typedef struct named_column {
    const char *name;
    const double *values;
} named_column;

static bool is_too_large(double value) {
    return fabs(value) > TW_PERFORMANCE_VALUE_MAX;
}

/* What is missing is no fault of a column; what is infinite is. *ret_whole turns false when
 * something is missing. */
static tw_status check_column(const series_lanes *lanes, const named_column *column, size_t count,
                              bool *ret_whole, tw_error *error) {
    if (column->values == NULL || lanes->within(column->values, count, TW_PERFORMANCE_VALUE_MAX))
        return TW_OK;
    *ret_whole = false;
    for (size_t t = 0; t < count; t++)
        if (is_too_large(column->values[t]))
            return tw_error_set(error, TW_INVALID, "the %s in row %zu is infinite or too large",
                                column->name, t);
    return TW_OK;
}

static tw_status check_weights(const tw_performance_input *input, tw_error *error) {
    for (size_t t = 0; input->weights != NULL && t < input->count; t++)
        if (input->weights[t] < 0)
            return tw_error_set(error, TW_INVALID, "the weight in row %zu is negative", t);
    return TW_OK;
}

/* The name of what makes a row no observation; NULL when it is one. */
static const char *lacks(const tw_performance_input *input, size_t t) {
    if (isnan(input->returns[t]))
        return "return";
    if (input->weights != NULL && isnan(input->weights[t]))
        return "weight";
    if (input->risk_free != NULL && isnan(input->risk_free[t]))
        return "risk-free rate";
    if (input->minimum_acceptable != NULL && isnan(input->minimum_acceptable[t]))
        return "minimum acceptable return";
    return NULL;
}

/* How many observations there are; fails for none, for missing ones that may not be, and for
 * weights that come to nothing. */
static tw_status count_observations(const tw_performance_config *config,
                                    const tw_performance_input *input, size_t *ret_count,
                                    tw_error *error) {
    size_t count = 0;
    double weight = 0;
    for (size_t t = 0; t < input->count; t++) {
        const char *missing = lacks(input, t);
        if (missing != NULL && config->fail_missing)
            return tw_error_set(error, TW_INVALID, "the %s in row %zu is missing", missing, t);
        count += missing == NULL ? 1 : 0;
        if (missing == NULL && input->weights != NULL)
            weight += input->weights[t];
    }
    if (count == 0)
        return tw_error_set(error, TW_EMPTY, "none of %zu rows is an observation", input->count);
    if (input->weights != NULL && !(weight > 0))
        return tw_error_set(error, TW_INVALID, "every weight is zero");
    *ret_count = count;
    return TW_OK;
}

static tw_status check_input(const tw_performance *performance, const tw_performance_config *config,
                             const tw_performance_input *input, size_t *ret_count,
                             tw_error *error) {
    const named_column columns[] = {
        {"return", input->returns},
        {"benchmark", input->benchmark},
        {"weight", input->weights},
        {"risk-free rate", input->risk_free},
        {"minimum acceptable return", input->minimum_acceptable},
    };
    if (input->count > performance->count_max)
        return tw_error_set(error, TW_FULL, "%zu rows, but room for %zu", input->count,
                            performance->count_max);
    tw_status status = performance_check_config(config, error);
    if (status != TW_OK)
        return status;
    const series_lanes *lanes = series_lanes_of(config->level);
    bool whole = input->count > 0 && input->weights == NULL;
    for (size_t i = 0; status == TW_OK && i < sizeof columns / sizeof columns[0]; i++)
        status = check_column(lanes, &columns[i], input->count, &whole, error);
    if (status == TW_OK)
        status = check_weights(input, error);
    *ret_count = input->count;
    if (status == TW_OK && !whole)
        status = count_observations(config, input, ret_count, error);
    return status;
}

/* Establishes invariant 1 for a column: the rows that are observations. */
static bool take_column(double *to, const double *from, const tw_performance_input *input,
                        bool whole) {
    if (from == NULL)
        return false;
    if (whole) {
        memcpy(to, from, input->count * sizeof *to);
        return true;
    }
    size_t count = 0;
    for (size_t t = 0; t < input->count; t++)
        if (lacks(input, t) == NULL)
            to[count++] = from[t];
    return true;
}

tw_status tw_performance_load(tw_performance *performance, const tw_performance_config *config,
                              const tw_performance_input *input, tw_error *error) {
    TW_ASSERT(performance != NULL && config != NULL && input != NULL);
    TW_ASSERT(input->returns != NULL || input->count == 0);
    size_t count = 0;
    tw_status status = check_input(performance, config, input, &count, error);
    if (status != TW_OK)
        return status;
    bool whole = count == input->count;
    performance->config = *config;
    performance->lanes = series_lanes_of(config->level);
    performance->count = count;
    performance->skipped = input->count - count;
    take_column(performance->returns, input->returns, input, whole);
    performance->has_benchmark =
        take_column(performance->benchmark, input->benchmark, input, whole);
    performance->has_weights = take_column(performance->weights, input->weights, input, whole);
    performance->has_free = take_column(performance->free, input->risk_free, input, whole);
    performance->has_wanted =
        take_column(performance->wanted, input->minimum_acceptable, input, whole);
    performance->known = GROUP_NONE;
    if (input->benchmark != NULL && !whole)
        performance->benchmark_alone =
            series_growth_of(performance->lanes, input->benchmark, input->count);
    performance_begin(performance);
    return TW_OK;
}

/* ---- Reading ------------------------------------------------------------------------------- */

double tw_performance_value(tw_performance *performance, tw_figure figure) {
    TW_ASSERT(performance != NULL && figure < TW_FIGURE_COUNT);
    const performance_figure *row = performance_figure_row(figure);
    if (performance->count == 0)
        return NAN;
    if ((row->needs & GROUPS_OF_PAIRS) != 0 && !performance->has_benchmark)
        return NAN;
    performance_gather(performance, row->needs);
    return row->of_facts != NULL ? row->of_facts(&performance->facts) : row->of_series(performance);
}

void tw_performance_report(tw_performance *performance, double *ret_values) {
    for (size_t i = 0; i < TW_FIGURE_COUNT; i++)
        ret_values[i] = tw_performance_value(performance, (tw_figure)i);
}
