/*
 * returns.c - see returns.h.
 *
 * Drift: weights are parts of the portfolio's value, so after a period in which asset i made r_i
 * and the portfolio r, weight i is w_i (1 + r_i) / (1 + r). Costs are taken from the value at the
 * beginning of the period, before it earns.
 */
#include "tradewind/returns.h"

#include <math.h>
#include <string.h>

#include "tradewind/time.h"

void tw_returns_cumulate(const double *returns, size_t count, double start, double *ret_values) {
    TW_ASSERT((returns != NULL && ret_values != NULL) || count == 0);
    double value = start == 0 ? 1 : start;
    for (size_t i = 0; i < count; i++) {
        value *= isnan(returns[i]) ? 1 : 1 + returns[i];
        ret_values[i] = start == 0 ? value - 1 : value;
    }
}

/* ---- Calendar ------------------------------------------------------------------------------ */

/* Days since 1970 of the first day of the period that a day lies in. */
static int64_t period_start(int64_t day, tw_calendar_period period) {
    tw_date date = tw_date_from_days(day);
    int64_t start = day;
    if (period == TW_CALENDAR_WEEK)
        return day - (tw_weekday_of_days(day) + 6) % 7;
    date.day = 1;
    if (period == TW_CALENDAR_QUARTER)
        date.month -= (date.month - 1) % 3;
    else if (period == TW_CALENDAR_YEAR)
        date.month = 1;
    tw_status status = tw_date_to_days(date, &start);
    TW_ASSERT(status == TW_OK);
    return start;
}

static int64_t day_of(int64_t time_ns) {
    int64_t day = time_ns / TW_NS_PER_DAY;
    return time_ns % TW_NS_PER_DAY < 0 ? day - 1 : day;
}

tw_status tw_returns_by_calendar(const int64_t *times_ns, const double *returns, size_t count,
                                 tw_calendar_period period, tw_calendar_returns *ret_results,
                                 tw_error *error) {
    TW_ASSERT(ret_results != NULL && ret_results->returns != NULL);
    TW_ASSERT((times_ns != NULL && returns != NULL) || count == 0);
    if (period > TW_CALENDAR_YEAR)
        return tw_error_set(error, TW_INVALID, "there is no such calendar period");
    for (size_t i = 1; i < count; i++)
        if (times_ns[i] < times_ns[i - 1])
            return tw_error_set(error, TW_INVALID, "the time in row %zu is before the one above it",
                                i);
    size_t periods = 0;
    int64_t before = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t start = period_start(day_of(times_ns[i]), period);
        if (periods == 0 || start != before) {
            if (ret_results->starts_ns != NULL)
                ret_results->starts_ns[periods] = start * TW_NS_PER_DAY;
            ret_results->returns[periods++] = NAN;
        }
        before = start;
        double *own = &ret_results->returns[periods - 1];
        if (!isnan(returns[i]))
            *own = (isnan(*own) ? 1 : 1 + *own) * (1 + returns[i]) - 1;
    }
    ret_results->count = periods;
    return TW_OK;
}

double tw_returns_periods_per_year(const int64_t *times_ns, size_t count) {
    static const struct {
        int64_t days;
        double periods;
    } kinds[] = {{1, 252}, {7, 52}, {31, 12}, {92, 4}, {INT64_MAX, 1}};
    TW_ASSERT(times_ns != NULL || count == 0);
    if (count < 2)
        return NAN;
    size_t within_day = 0;
    size_t counts[sizeof kinds / sizeof kinds[0]] = {0};
    for (size_t i = 1; i < count; i++) {
        int64_t days = day_of(times_ns[i]) - day_of(times_ns[i - 1]);
        size_t k = 0;
        within_day += days < 1 ? 1 : 0;
        while (days > kinds[k].days)
            k++;
        counts[k]++;
    }
    size_t half = count / 2; /* so many are at or below the median of count - 1 distances */
    if (within_day >= half)
        return NAN;
    size_t k = 0;
    for (size_t below = counts[0]; below < half; below += counts[++k])
        ;
    return kinds[k].periods;
}

/* ---- Drift --------------------------------------------------------------------------------- */

static tw_status check_drift(const tw_drift_config *config, const tw_drift_input *input,
                             tw_error *error) {
    if (!(config->cost >= 0 && config->cost <= 1))
        return tw_error_set(error, TW_RANGE, "cost must lie between 0 and 1");
    size_t rows = input->weights_are_rows ? input->count : 1;
    for (size_t i = 0; i < rows * input->assets; i++) {
        size_t row = i / input->assets;
        bool none = row > 0 && isnan(input->weights[row * input->assets]);
        if (!none && !isfinite(input->weights[i]))
            return tw_error_set(error, TW_INVALID,
                                "the weight of asset %zu in row %zu is missing or infinite",
                                i % input->assets, row);
    }
    for (size_t i = 0; i < input->count * input->assets; i++)
        if (isinf(input->returns[i]))
            return tw_error_set(error, TW_INVALID, "the return of asset %zu in row %zu is infinite",
                                i % input->assets, i / input->assets);
    return TW_OK;
}

/* Whether the portfolio can be in the asset in a period. */
static bool is_open(const tw_drift_config *config, const double *returns, size_t asset) {
    return !config->full_investment || !isnan(returns[asset]);
}

/* Sets the weights to those given last, over the assets that are open, for a full investment
 * brought to a sum of 1; returns the sum of the changes. */
static double restore(const tw_drift_config *config, const double *targets, const double *returns,
                      size_t assets, double *weights) {
    double sum = 0;
    double traded = 0;
    for (size_t i = 0; i < assets; i++)
        sum += is_open(config, returns, i) ? targets[i] : 0;
    double scale = config->full_investment && sum != 0 ? 1 / sum : 1;
    for (size_t i = 0; i < assets; i++) {
        double weight = is_open(config, returns, i) ? targets[i] * scale : 0;
        traded += fabs(weight - weights[i]);
        weights[i] = weight;
    }
    return traded;
}

/* Whether other assets are open in a row than in the one before it. */
static bool openings_change(const tw_drift_config *config, const tw_drift_input *input,
                            size_t row) {
    const double *now = input->returns + row * input->assets;
    for (size_t i = 0; i < input->assets; i++)
        if (is_open(config, now, i) != is_open(config, now - input->assets, i))
            return true;
    return false;
}

static bool is_restored(const tw_drift_config *config, const tw_drift_input *input, size_t row) {
    if (row == 0 || openings_change(config, input, row))
        return true;
    if (input->weights_are_rows)
        return !isnan(input->weights[row * input->assets]);
    return config->rebalance_every > 0 && row % config->rebalance_every == 0;
}

/* The return of a period before costs. */
static double earn(const double *weights, const double *returns, size_t assets) {
    double earned = 0;
    for (size_t i = 0; i < assets; i++)
        earned += isnan(returns[i]) ? 0 : weights[i] * returns[i];
    return earned;
}

static void drift(const double *weights, const double *returns, size_t assets, double earned,
                  double *ret_weights) {
    for (size_t i = 0; i < assets; i++)
        ret_weights[i] = weights[i] * (isnan(returns[i]) ? 1 : 1 + returns[i]) / (1 + earned);
}

tw_status tw_returns_drift(const tw_drift_config *config, const tw_drift_input *input,
                           const tw_drift_results *results, tw_error *error) {
    TW_ASSERT(config != NULL && input != NULL && results != NULL && input->assets > 0);
    TW_ASSERT(results->returns != NULL && results->weights != NULL);
    size_t assets = input->assets;
    const double *targets = input->weights;
    tw_status status = check_drift(config, input, error);
    if (status != TW_OK)
        return status;
    for (size_t t = 0; t < input->count; t++) {
        const double *returns = input->returns + t * assets;
        double *weights = results->weights + t * assets;
        double traded = 0;
        if (t == 0)
            memset(weights, 0, assets * sizeof *weights);
        if (input->weights_are_rows && !isnan(input->weights[t * assets]))
            targets = input->weights + t * assets;
        if (is_restored(config, input, t))
            traded = restore(config, targets, returns, assets, weights);
        if (results->turnovers != NULL)
            results->turnovers[t] = traded;
        double earned = earn(weights, returns, assets);
        double kept = t > 0 ? 1 - config->cost * traded : 1;
        results->returns[t] = kept * (1 + earned) - 1;
        if (t + 1 == input->count)
            break;
        if (!(kept * (1 + earned) > 0))
            return tw_error_set(error, TW_INVALID, "in row %zu the portfolio has lost everything",
                                t);
        drift(weights, returns, assets, earned, weights + assets);
    }
    return TW_OK;
}
