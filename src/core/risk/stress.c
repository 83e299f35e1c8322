/*
 * stress.c - replays of crises and given shocks: the loss of each asset, and their sum.
 *
 * Everything is checked before anything is written.
 */
#include "tradewind/stress.h"

#include <string.h>

#include "risk_priv.h"

/* Daily closes of the S&P 500 (S&P Dow Jones Indices): from the day after a closing high to the
 * closing low, or the days of the event where it has days of its own. */
static const tw_stress_window windows[] = {
    {"black_monday_1987", "the crash of October 1987", {1987, 10, 14}, {1987, 10, 19}},
    {"russia_1998",
     "Russia's default and Long-Term Capital Management",
     {1998, 7, 20},
     {1998, 8, 31}},
    {"dot_com_2000", "the end of the dot-com boom", {2000, 3, 27}, {2002, 10, 9}},
    {"september_2001", "the week after 11 September 2001", {2001, 9, 17}, {2001, 9, 21}},
    {"financial_crisis_2008", "the global financial crisis", {2007, 10, 10}, {2009, 3, 9}},
    {"lehman_2008", "the failure of Lehman Brothers", {2008, 9, 15}, {2008, 11, 20}},
    {"euro_crisis_2010", "Greece and the flash crash", {2010, 4, 26}, {2010, 7, 2}},
    {"downgrade_2011", "the downgrade of the United States", {2011, 7, 25}, {2011, 8, 8}},
    {"china_2015", "the devaluation of the renminbi", {2015, 8, 11}, {2015, 8, 25}},
    {"brexit_2016", "the vote of the United Kingdom to leave", {2016, 6, 24}, {2016, 6, 27}},
    {"volatility_2018", "the volatility shock of February 2018", {2018, 1, 29}, {2018, 2, 8}},
    {"fourth_quarter_2018", "the fourth quarter of 2018", {2018, 9, 21}, {2018, 12, 24}},
    {"covid_2020", "the first months of the COVID-19 pandemic", {2020, 2, 20}, {2020, 3, 23}},
    {"bear_market_2022", "inflation and rising rates", {2022, 1, 4}, {2022, 10, 12}},
    {"regional_banks_2023", "the failure of Silicon Valley Bank", {2023, 3, 9}, {2023, 3, 13}},
};

size_t tw_stress_windows(const tw_stress_window **ret_windows) {
    TW_ASSERT(ret_windows != NULL);
    *ret_windows = windows;
    return sizeof windows / sizeof windows[0];
}

const tw_stress_window *tw_stress_window_find(const char *name) {
    TW_ASSERT(name != NULL);
    for (size_t k = 0; k < sizeof windows / sizeof windows[0]; k++)
        if (strcmp(windows[k].name, name) == 0)
            return &windows[k];
    return NULL;
}

/* ---- Sums ---------------------------------------------------------------------------------- */

/* Adds up the losses, which are NaN where there is none to tell. */
static void sum_losses(const double *weights, const double *losses, size_t assets,
                       tw_stress_result *result) {
    careful_sum total = {0};
    double worst = 0;
    result->worst_asset = assets;
    for (size_t i = 0; i < assets; i++) {
        if (isnan(losses[i])) {
            result->missing++;
            result->missing_weight += fabs(weights[i]);
            continue;
        }
        careful_add(&total, losses[i]);
        if (losses[i] > worst) {
            worst = losses[i];
            result->worst_asset = i;
        }
    }
    result->loss = careful_value(&total);
}

static tw_status check_weights(const double *weights, size_t assets, tw_error *error) {
    for (size_t i = 0; i < assets; i++) {
        if (!isfinite(weights[i]))
            return tw_error_set(error, TW_INVALID, "the weight of asset %zu is not finite", i);
    }
    return TW_OK;
}

/* ---- Replays ------------------------------------------------------------------------------- */

/* Rows from `begin` up to `end`. */
typedef struct row_span {
    size_t begin;
    size_t end;
} row_span;

/* Since 1970-01-01. */
static int64_t day_of(int64_t time_ns) {
    return time_ns / TW_NS_PER_DAY - (time_ns % TW_NS_PER_DAY < 0 ? 1 : 0);
}

static tw_status find_rows(const tw_stress_input *input, const tw_stress_window *window,
                           row_span *ret_span, tw_stress_coverage *ret_coverage, tw_error *error) {
    int64_t from;
    int64_t to;
    if (tw_date_to_days(window->from, &from) != TW_OK || tw_date_to_days(window->to, &to) != TW_OK)
        return tw_error_set(error, TW_RANGE, "the window %s has a date that does not exist",
                            window->name);
    if (to < from)
        return tw_error_set(error, TW_RANGE, "the window %s ends before it begins", window->name);
    row_span span = {0, 0};
    for (size_t t = 0; t < input->rows; t++) {
        if (t > 0 && input->times_ns[t] <= input->times_ns[t - 1])
            return tw_error_set(error, TW_INVALID,
                                "the time of row %zu is not after the one before", t);
        span.begin += day_of(input->times_ns[t]) < from ? 1 : 0;
        span.end += day_of(input->times_ns[t]) <= to ? 1 : 0;
    }
    *ret_coverage = TW_STRESS_NONE;
    if (span.begin < span.end) {
        bool early = day_of(input->times_ns[0]) <= from;
        bool late = day_of(input->times_ns[input->rows - 1]) >= to;
        *ret_coverage = early && late ? TW_STRESS_WHOLE : TW_STRESS_PART;
    }
    *ret_span = span;
    return TW_OK;
}

static tw_status check_returns(const tw_stress_input *input, row_span span, tw_error *error) {
    for (size_t t = span.begin; t < span.end; t++) {
        for (size_t i = 0; i < input->assets; i++)
            if (isinf(input->returns[t * input->assets + i]))
                return tw_error_set(error, TW_INVALID,
                                    "the return of asset %zu in row %zu is infinite", i, t);
    }
    return TW_OK;
}

tw_status tw_stress_replay(const tw_stress_input *input, const tw_stress_window *window,
                           tw_stress_result *ret_result, double *ret_losses, tw_error *error) {
    TW_ASSERT(input != NULL && window != NULL && ret_result != NULL && ret_losses != NULL);
    row_span span = {0, 0};
    tw_stress_coverage coverage = TW_STRESS_NONE;
    tw_status status = check_weights(input->weights, input->assets, error);
    if (status == TW_OK)
        status = find_rows(input, window, &span, &coverage, error);
    if (status == TW_OK)
        status = check_returns(input, span, error);
    if (status != TW_OK)
        return status;
    tw_stress_result result = {.rows = span.end - span.begin, .coverage = (uint8_t)coverage};
    for (size_t i = 0; i < input->assets; i++)
        ret_losses[i] = result.rows > 0 ? 1 : NAN; /* the value of 1, until its loss is known */
    for (size_t t = span.begin; t < span.end; t++) {
        for (size_t i = 0; i < input->assets; i++) {
            double value = ret_losses[i] * (1 + input->returns[t * input->assets + i]);
            ret_losses[i] = value <= 0 ? 0 : value; /* ruin stays, and a missing value, too */
        }
    }
    for (size_t i = 0; i < input->assets; i++)
        ret_losses[i] = input->weights[i] == 0 ? 0 : input->weights[i] * (1 - ret_losses[i]);
    sum_losses(input->weights, ret_losses, input->assets, &result);
    size_t held = 0;
    for (size_t i = 0; i < input->assets; i++)
        held += input->weights[i] != 0 ? 1 : 0;
    if (result.rows == 0 || result.missing == held)
        result.loss = NAN; /* nobody has one */
    *ret_result = result;
    return TW_OK;
}

/* ---- Shocks -------------------------------------------------------------------------------- */

static tw_status check_shocks(const tw_stress_shock *shocks, size_t count, size_t limit,
                              const char *what, tw_error *error) {
    for (size_t k = 0; k < count; k++) {
        if (shocks[k].index >= limit)
            return tw_error_set(error, TW_RANGE, "there is no %s %zu to shock: there are %zu", what,
                                shocks[k].index, limit);
        if (!isfinite(shocks[k].change))
            return tw_error_set(error, TW_INVALID, "the shock of %s %zu is not finite", what,
                                shocks[k].index);
        for (size_t other = 0; other < k; other++)
            if (shocks[other].index == shocks[k].index)
                return tw_error_set(error, TW_INVALID, "%s %zu is shocked twice", what,
                                    shocks[k].index);
    }
    return TW_OK;
}

static tw_status check_scenario(const tw_stress_holdings *holdings,
                                const tw_stress_scenario *scenario, tw_error *error) {
    TW_ASSERT(scenario->factor_count == 0 || holdings->factors == 0 || holdings->betas != NULL);
    tw_status status = check_weights(holdings->weights, holdings->assets, error);
    if (status == TW_OK)
        status =
            check_shocks(scenario->assets, scenario->asset_count, holdings->assets, "asset", error);
    if (status == TW_OK)
        status = check_shocks(scenario->factors, scenario->factor_count, holdings->factors,
                              "factor", error);
    for (size_t k = 0; status == TW_OK && k < scenario->asset_count; k++)
        if (scenario->assets[k].change < -1)
            status = tw_error_set(error, TW_RANGE, "asset %zu cannot fall by more than all, %g",
                                  scenario->assets[k].index, scenario->assets[k].change);
    size_t betas = scenario->factor_count > 0 ? holdings->assets * holdings->factors : 0;
    for (size_t k = 0; status == TW_OK && k < betas; k++)
        if (isinf(holdings->betas[k]))
            status = tw_error_set(error, TW_INVALID,
                                  "the beta of asset %zu to factor %zu is "
                                  "infinite",
                                  k / holdings->factors, k % holdings->factors);
    return status;
}

tw_status tw_stress_apply(const tw_stress_holdings *holdings, const tw_stress_scenario *scenario,
                          tw_stress_result *ret_result, double *ret_losses, tw_error *error) {
    TW_ASSERT(holdings != NULL && scenario != NULL && ret_result != NULL && ret_losses != NULL);
    tw_status status = check_scenario(holdings, scenario, error);
    if (status != TW_OK)
        return status;
    for (size_t i = 0; i < holdings->assets; i++) {
        careful_sum change = {0};
        for (size_t k = 0; k < scenario->factor_count; k++)
            careful_add(&change,
                        holdings->betas[i * holdings->factors + scenario->factors[k].index] *
                            scenario->factors[k].change);
        ret_losses[i] = careful_value(&change);
    }
    for (size_t k = 0; k < scenario->asset_count; k++)
        ret_losses[scenario->assets[k].index] = scenario->assets[k].change;
    for (size_t i = 0; i < holdings->assets; i++)
        ret_losses[i] = holdings->weights[i] == 0 ? 0 : -holdings->weights[i] * ret_losses[i];
    tw_stress_result result = {.coverage = TW_STRESS_WHOLE};
    sum_losses(holdings->weights, ret_losses, holdings->assets, &result);
    *ret_result = result;
    return TW_OK;
}
