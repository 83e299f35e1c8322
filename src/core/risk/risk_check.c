/* risk_check.c - what a config and an input have to be like, and what is said of those that are
 * not. */
#include "risk_priv.h"

#include <string.h>

#include "tradewind/text.h"
#include "tradewind/time.h"

#define DATE_SIZE 10

static bool rate_is_good(tw_rate rate) {
    return isfinite(rate.value) &&
           (rate.unit == TW_RATE_PER_PERIOD || rate.unit == TW_RATE_PER_YEAR);
}

static tw_status check_counts(const tw_risk_config *config, tw_error *error) {
    if (config->confidence_count > TW_RISK_CONFIDENCE_COUNT_MAX)
        return tw_error_set(error, TW_RANGE, "at most %d confidences",
                            TW_RISK_CONFIDENCE_COUNT_MAX);
    for (uint32_t i = 0; i < config->confidence_count; i++)
        if (!(config->confidences[i] > 0.5 && config->confidences[i] < 1))
            return tw_error_set(error, TW_RANGE,
                                "a confidence must lie between 0.5 and 1, as 0.95, not %g",
                                config->confidences[i]);
    if (config->horizon_count > TW_RISK_HORIZON_COUNT_MAX)
        return tw_error_set(error, TW_RANGE, "at most %d horizons", TW_RISK_HORIZON_COUNT_MAX);
    for (uint32_t i = 0; i < config->horizon_count; i++)
        if (config->horizons[i] < 1 || config->horizons[i] > TW_RISK_HORIZON_MAX)
            return tw_error_set(error, TW_RANGE, "a horizon must be 1 to %d periods, not %u",
                                TW_RISK_HORIZON_MAX, config->horizons[i]);
    return TW_OK;
}

static tw_status check_methods(const tw_risk_config *config, tw_error *error) {
    if (config->methods >> TW_RISK_METHOD_COUNT != 0)
        return tw_error_set(error, TW_RANGE, "methods has a bit that stands for no method: %#x",
                            config->methods);
    if (config->moment_ddof > 1)
        return tw_error_set(error, TW_RANGE, "moment_ddof must be 0 or 1, not %u",
                            config->moment_ddof);
    if (config->quantile < TW_QUANTILE_KIND_MIN || config->quantile > TW_QUANTILE_KIND_MAX)
        return tw_error_set(error, TW_RANGE,
                            "quantile must be a kind of quantile.h, %d to %d, not %u",
                            TW_QUANTILE_KIND_MIN, TW_QUANTILE_KIND_MAX, config->quantile);
    if (!(config->filter_decay > 0 && config->filter_decay < 1))
        return tw_error_set(error, TW_RANGE,
                            "filter_decay must lie between 0 and 1, as 0.94, not %g",
                            config->filter_decay);
    if (config->paths > TW_RISK_PATH_COUNT_MAX)
        return tw_error_set(error, TW_RANGE, "at most %d paths, not %zu", TW_RISK_PATH_COUNT_MAX,
                            config->paths);
    if (config->distribution == TW_SIMULATE_STUDENT &&
        !(config->degrees > 2 && config->degrees <= TW_SIMULATE_DEGREES_MAX))
        return tw_error_set(error, TW_RANGE,
                            "degrees of freedom must be above 2 and at most %g, "
                            "not %g",
                            TW_SIMULATE_DEGREES_MAX, config->degrees);
    if (config->shortfall > TW_SHORTFALL_KIND_MAX || config->spans > TW_RISK_SPANS_APART ||
        config->shares > TW_RISK_SHARES_LOSSES || config->filter > TW_RISK_FILTER_ASSETS ||
        config->distribution > TW_SIMULATE_STUDENT)
        return tw_error_set(
            error, TW_RANGE,
            "shortfall, spans, shares, filter and distribution must be one of their "
            "enumerators");
    return TW_OK;
}

tw_status risk_config_check(const tw_risk_config *config, tw_error *error) {
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
    tw_status status = check_counts(config, error);
    return status == TW_OK ? check_methods(config, error) : status;
}

static tw_status check_scenarios(const tw_risk_scenarios *scenarios, tw_error *error) {
    for (size_t k = 0; k < scenarios->count; k++) {
        if (!(fabs(scenarios->values[k]) <= TW_RISK_MAGNITUDE_MAX))
            return tw_error_set(error, TW_INVALID, "the portfolio's return in scenario %zu is %s",
                                k, isnan(scenarios->values[k]) ? "missing" : "infinite");
    }
    return TW_OK;
}

risk_label risk_asset_label(const tw_risk_input *input, size_t asset) {
    risk_label label;
    tw_text text = tw_text_over(label.text, sizeof label.text);
    if (input->names != NULL)
        tw_text_append_string(&text, input->names[asset]);
    else
        tw_text_append_format(&text, "asset %zu", asset);
    return label;
}

risk_label risk_row_label(const tw_risk_input *input, size_t row) {
    risk_label label;
    char time[TW_TIME_TEXT_SIZE];
    tw_text text = tw_text_over(label.text, sizeof label.text);
    if (input->times_ns == NULL) {
        tw_text_append_format(&text, "in row %zu", row);
        return label;
    }
    tw_time_format(input->times_ns[row], 0, time);
    bool day = input->times_ns[row] % TW_NS_PER_DAY == 0;
    tw_text_append_string(&text, day ? "on " : "at ");
    tw_text_append(&text, (tw_slice){time, day ? DATE_SIZE : strlen(time)});
    return label;
}

tw_status risk_input_check(const tw_risk_input *input, tw_error *error) {
    TW_ASSERT(input->returns != NULL && input->weights != NULL);
    bool any = false;
    for (size_t i = 0; i < input->assets; i++) {
        if (!(fabs(input->weights[i]) <= TW_RISK_MAGNITUDE_MAX))
            return tw_error_set(error, TW_INVALID, "the weight of %s is not finite, or beyond %g",
                                risk_asset_label(input, i).text, TW_RISK_MAGNITUDE_MAX);
        any = any || input->weights[i] != 0;
    }
    if (!any)
        return tw_error_set(error, TW_INVALID, "every weight is zero: there is no portfolio");
    for (size_t t = 0; input->benchmark != NULL && t < input->observations; t++) {
        if (fabs(input->benchmark[t]) > TW_RISK_MAGNITUDE_MAX)
            return tw_error_set(error, TW_INVALID, "the benchmark %s is infinite, or beyond %g",
                                risk_row_label(input, t).text, TW_RISK_MAGNITUDE_MAX);
    }
    return input->scenarios == NULL ? TW_OK : check_scenarios(input->scenarios, error);
}

tw_status risk_row_check(const tw_risk_input *input, size_t row, size_t *ret_missing,
                         tw_error *error) {
    const double *values = input->returns + row * input->assets;
    *ret_missing = input->assets;
    for (size_t i = 0; i < input->assets; i++) {
        if (fabs(values[i]) > TW_RISK_MAGNITUDE_MAX)
            return tw_error_set(error, TW_INVALID, "the return of %s %s is infinite, or beyond %g",
                                risk_asset_label(input, i).text, risk_row_label(input, row).text,
                                TW_RISK_MAGNITUDE_MAX);
        bool missing = input->weights[i] != 0 && isnan(values[i]);
        if (missing && *ret_missing == input->assets)
            *ret_missing = i;
    }
    return TW_OK;
}

double risk_row_without_gaps(const risk_lanes *lanes, const tw_risk_input *input, size_t row,
                             double *scratch) {
    double value;
    for (size_t i = 0; i < input->assets; i++)
        scratch[i] = input->weights[i] == 0 ? 0 : input->returns[row * input->assets + i];
    lanes->row_returns(scratch, 1, input->assets, input->weights, &value);
    return value;
}
