/*
 * golden_performance.c - figures of one series of returns, beside the answers of other libraries.
 */
#include "vector_cases.h"

#include "tradewind/batch.h"
#include "tradewind/risk.h"
#include "tradewind/rolling.h"
#include "tradewind/window.h"

/* --- risk of one series ------------------------------------------------------------------- */

static double periods_of(const test_case *c) {
    if (json_is_number(json_object_get(c->params, "scale")))
        return param(c, "scale", 1);
    const char *period = param_text(c, "period");
    return strcmp(period, "daily") == 0     ? 252
           : strcmp(period, "weekly") == 0  ? 52
           : strcmp(period, "monthly") == 0 ? 12
                                            : 1;
}

static tw_risk *the_risk;

/* False when there is no row at all: then every figure is NaN. */
static bool report_of(const test_case *c, const series *returns, const series *benchmark,
                      tw_risk_report *ret) {
    static const double one = 1;
    tw_risk_config config;
    tw_risk_config_init(&config);
    config.periods_per_year = periods_of(c);
    double free = param(c, "risk_free", param(c, "Rf_per_period", 0));
    double wanted = param(c, "required_return", param(c, "MAR", param(c, "L", 0)));
    config.risk_free = (tw_rate){free, TW_RATE_PER_PERIOD};
    config.minimum_acceptable = (tw_rate){wanted, TW_RATE_PER_PERIOD};
    if (strcmp(c->metric, "omega_ratio") == 0 && param(c, "annualization", 1) != 1) {
        double years = 1 / param(c, "annualization", 1);
        config.minimum_acceptable.value = free + (pow(1 + wanted, years) - 1);
    }
    config.confidences[0] = param(c, "p", 0.95);
    config.confidence_count = 1;
    tw_risk_input input = {returns->values, &one, NULL, returns->count, 1, NULL};
    if (benchmark != NULL)
        input.benchmark = benchmark->values;
    tw_error error = {0};
    tw_status status = tw_risk_compute(the_risk, &config, &input, ret, &error);
    if (status != TW_OK && status != TW_EMPTY)
        fail_msg("%s: %s", c->metric, error.message);
    return status == TW_OK;
}

/* The figure that a metric names, in the unit and with the sign of its source. */
static bool figure_of(const test_case *c, const tw_risk_report *r, double *ret) {
    double root = sqrt(r->periods_per_year);
    bool from_r = json_object_get(c->input, "file") != NULL;
    const struct {
        const char *name;
        double value;
    } table[] = {
        {"mean", r->mean},
        {"stddev", r->volatility},
        {"standard_deviation", r->volatility},
        {"variance", r->volatility * r->volatility},
        {"stddev_annualized", r->volatility_annual},
        {"annual_volatility", r->volatility_annual},
        {"skewness", r->skewness},
        {"kurtosis_excess", r->excess_kurtosis},
        {"kurtosis_sample_excess", r->excess_kurtosis},
        {"min", r->worst},
        {"worst_realization", -r->worst},
        {"max_drawdown", from_r ? r->max_drawdown : -r->max_drawdown},
        {"cumulative_return", r->total_return},
        {"annual_return", r->cagr},
        {"cagr", r->cagr},
        {"calmar_ratio", r->calmar},
        {"omega_ratio", r->omega},
        {"sharpe_ratio", from_r ? r->sharpe / root : r->sharpe},
        {"sortino_ratio", from_r ? r->sortino / root : r->sortino},
        {"downside_risk", r->downside_deviation * root},
        {"downside_deviation", r->downside_deviation},
        {"excess_sharpe", r->information_ratio / root},
        {"alpha", pow(1 + r->alpha, r->periods_per_year) - 1},
        {"beta", r->beta},
        {"correlation", r->correlation},
        {"tracking_error", r->tracking_error},
        {"cvar", r->estimates[0].expected_shortfall},
        {"var_gaussian", -r->estimates[1].value},
        {"es_modified", -r->estimates[2].expected_shortfall},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (strcmp(c->metric, table[i].name) == 0) {
            *ret = table[i].value;
            return true;
        }
    return false;
}

static series the_benchmark;

/* Sources that align by date differ in length at the front only. */
static void align_tails(series *a, series *b) {
    size_t count = a->count < b->count ? a->count : b->count;
    memmove(a->values, a->values + (a->count - count), count * sizeof a->values[0]);
    memmove(b->values, b->values + (b->count - count), count * sizeof b->values[0]);
    a->count = b->count = count;
}

static verdict run_one_series(const test_case *c, const series *benchmark, const json_t *expected) {
    static const tw_risk_estimate none[TW_RISK_METHOD_COUNT];
    tw_risk_report report = {.estimates = none};
    double figure = NAN;
    bool some = report_of(c, &the_returns, benchmark, &report);
    if (!figure_of(c, &report, &figure))
        return UNSUPPORTED;
    return compare(c, some ? figure : NAN, expected);
}

static bool has_own_convention(const test_case *c) {
    /* Weighted observations, and rates that are series, are not there. */
    if (json_is_string(json_object_get(c->params, "sample_weight")))
        return true;
    if (json_is_object(json_object_get(c->input, "risk_free")) ||
        json_is_object(json_object_get(c->input, "required_return")))
        return true;
    if (json_is_string(json_object_get(c->params, "Rf")) ||
        json_is_true(json_object_get(c->params, "biased")))
        return true;
    /* A required return of -100% or less has no yearly equivalent. */
    return strcmp(c->metric, "omega_ratio") == 0 && param(c, "required_return", 0) <= -1;
}

static verdict run_columns(const test_case *c) {
    const char *file = json_string_value(json_object_get(c->input, "file"));
    const json_t *columns = json_object_get(c->input, "columns");
    const char *benchmark = json_string_value(json_object_get(c->input, "benchmark"));
    size_t count = json_is_string(columns) ? 1 : json_array_size(columns);
    verdict all = PASSED;
    for (size_t i = 0; i < count; i++) {
        const char *name = json_is_string(columns) ? json_string_value(columns)
                                                   : json_string_value(json_array_get(columns, i));
        if (!series_from_csv(file, name, &the_returns))
            return UNSUPPORTED;
        if (benchmark != NULL && !series_from_csv(file, benchmark, &the_benchmark))
            return UNSUPPORTED;
        if (strcmp(param_text(c, "rows"), "1..100") == 0)
            the_returns.count = the_benchmark.count = 100;
        const json_t *expected =
            json_is_array(c->expected) ? json_array_get(c->expected, i) : c->expected;
        all = worse(all, run_one_series(c, benchmark == NULL ? NULL : &the_benchmark, expected));
        if (all == UNSUPPORTED)
            return all;
    }
    return all;
}

/* empyrical: {"frame": {name: [...]}} -> {"index": [name], "series": [...]} */
static verdict run_frame(const test_case *c, const json_t *frame) {
    const json_t *names = json_object_get(c->expected, "index");
    const json_t *values = json_object_get(c->expected, "series");
    verdict all = json_array_size(names) == 0 ? UNSUPPORTED : PASSED;
    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *name = json_string_value(json_array_get(names, i));
        if (!series_from(json_object_get(frame, name), &the_returns))
            return UNSUPPORTED;
        all = worse(all, run_one_series(c, NULL, json_array_get(values, i)));
    }
    return all;
}

static verdict run_risk(const test_case *c) {
    if (has_own_convention(c))
        return UNSUPPORTED;
    if (json_object_get(c->input, "file") != NULL)
        return run_columns(c);
    const json_t *returns = json_object_get(c->input, "returns");
    if (returns == NULL)
        returns = json_object_get(c->input, "x");
    if (json_object_get(returns, "frame") != NULL)
        return run_frame(c, json_object_get(returns, "frame"));
    if (json_is_array(json_array_get(returns, 0)) || !series_from(returns, &the_returns))
        return UNSUPPORTED;
    /* empyrical counts missing periods as time gone by; here they are no observation. */
    if (strcmp(c->metric, "cagr") == 0 && the_returns.count > 0 && isnan(the_returns.values[0]))
        return UNSUPPORTED;
    const series *benchmark = NULL;
    const json_t *factor = json_object_get(c->input, "factor_returns");
    if (factor != NULL) {
        if (!series_from(factor, &the_benchmark))
            return UNSUPPORTED;
        align_tails(&the_returns, &the_benchmark);
        benchmark = &the_benchmark;
    } else if (strcmp(c->metric, "excess_sharpe") == 0) {
        memset(the_benchmark.values, 0, sizeof the_benchmark.values);
        benchmark = &the_benchmark;
    }
    const json_t *expected = c->expected;
    return run_one_series(c, benchmark,
                          json_is_array(expected) ? json_array_get(expected, 0) : expected);
}

static verdict run_alpha_beta(const test_case *c) {
    if (!series_from(json_object_get(c->input, "returns"), &the_returns) ||
        !series_from(json_object_get(c->input, "factor_returns"), &the_benchmark))
        return UNSUPPORTED;
    align_tails(&the_returns, &the_benchmark);
    tw_risk_report r;
    bool some = report_of(c, &the_returns, &the_benchmark, &r);
    double alpha = some ? pow(1 + r.alpha, r.periods_per_year) - 1 : NAN;
    return worse(compare(c, alpha, json_array_get(c->expected, 0)),
                 compare(c, some ? r.beta : NAN, json_array_get(c->expected, 1)));
}

static verdict run_total_return(const test_case *c) {
    const json_t *returns = json_object_get(c->input, "returns");
    if (!series_from(returns, &the_returns))
        return UNSUPPORTED;
    tw_risk_report r;
    bool some = report_of(c, &the_returns, NULL, &r);
    double start = param(c, "starting_value", 0);
    double value = start == 0 ? r.total_return : start * (1 + r.total_return);
    return compare_expected(c, some ? value : NAN);
}

static verdict run_rolling_sharpe(const test_case *c) {
    series all;
    if (!series_from(json_object_get(c->input, "arr"), &all))
        return UNSUPPORTED;
    size_t window = (size_t)param(c, "window", 0);
    verdict verdict_all = PASSED;
    test_case daily = *c;
    json_t *params = json_pack("{s:s}", "period", "daily");
    daily.params = params;
    for (size_t i = 0; i + window <= all.count; i++) {
        memcpy(the_returns.values, all.values + i, window * sizeof all.values[0]);
        the_returns.count = window;
        tw_risk_report r;
        bool some = report_of(&daily, &the_returns, NULL, &r);
        assert_true(some);
        verdict_all = worse(verdict_all, compare(c, r.sharpe, json_array_get(c->expected, i)));
    }
    json_decref(params);
    return verdict_all;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static verdict run_quantile(const test_case *c) {
    if (!series_from(json_object_get(c->input, "returns"), &the_returns))
        return UNSUPPORTED;
    for (size_t i = 0; i < the_returns.count; i++)
        if (isnan(the_returns.values[i]))
            return UNSUPPORTED;
    qsort(the_returns.values, the_returns.count, sizeof(double), by_value);
    double quantile =
        tw_risk_quantile_sorted(the_returns.values, the_returns.count, param(c, "cutoff", 0));
    return compare_expected(c, quantile);
}

static verdict run_quantiles(const test_case *c) {
    const char *file = json_string_value(json_object_get(c->input, "file"));
    const char *column = json_string_value(json_object_get(c->input, "columns"));
    if (column == NULL || !series_from_csv(file, column, &the_returns))
        return UNSUPPORTED;
    qsort(the_returns.values, the_returns.count, sizeof(double), by_value);
    verdict all = PASSED;
    for (size_t i = 0; i < 5; i++) {
        double quantile =
            tw_risk_quantile_sorted(the_returns.values, the_returns.count, (double)i / 4);
        all = worse(all, compare(c, quantile, json_array_get(c->expected, i)));
    }
    return all;
}

/* z and phi(z) / (1 - p): the shortfall of a series of mean 0 and population deviation 1. */
static verdict run_normal(const test_case *c) {
    the_returns.values[0] = -1;
    the_returns.values[1] = 1;
    the_returns.count = 2;
    tw_risk_report r;
    bool some = report_of(c, &the_returns, NULL, &r);
    assert_true(some);
    verdict z =
        compare(c, tw_risk_normal_quantile(param(c, "p", 0.5)), json_object_get(c->expected, "z"));
    return worse(z, compare(c, r.estimates[1].expected_shortfall,
                            json_object_get(c->expected, "es_factor")));
}

static double the_asset_returns[VALUES_MAX * COLUMNS_MAX];

static verdict run_simple_returns(const test_case *c) {
    if (!series_from(json_object_get(c->input, "prices"), &the_returns))
        return UNSUPPORTED;
    for (size_t i = 0; i < the_returns.count; i++)
        if (the_returns.values[i] == 0)
            return UNSUPPORTED; /* a return from a price of zero is missing here, not infinite */
    tw_batch_returns(NULL, (tw_batch_shape){the_returns.count, 1}, the_returns.values,
                     TW_BATCH_SIMPLE, the_asset_returns);
    return compare_list(c, the_asset_returns, c->expected);
}

/* --- windows ------------------------------------------------------------------------------ */

/* NIST: certified means and deviations, by the risk report, both kinds of windows and the batch. */
static verdict run_certified(const test_case *c) {
    verdict by_risk = run_risk(c);
    if (by_risk == UNSUPPORTED || !series_from(json_object_get(c->input, "x"), &the_returns))
        return by_risk;
    uint32_t count = (uint32_t)the_returns.count;
    tw_rolling_config config = {.count_max = count, .ddof = 1};
    tw_window_config exact = {.count_max = count, .window_count = 1, .windows = {{.ddof = 1}}};
    TW_AUTO(tw_rolling) *rolling = NULL;
    TW_AUTO(tw_window) *window = NULL;
    assert_int_equal(tw_rolling_new(NULL, &config, &rolling), TW_OK);
    assert_int_equal(tw_window_new(NULL, &exact, &window), TW_OK);
    for (size_t i = 0; i < the_returns.count; i++) {
        /* The certified series have few digits: at 1e-9 they are what they are. */
        tw_price price = {llround(the_returns.values[i] * 1e9)};
        assert_int_equal(tw_rolling_push(rolling, 0, the_returns.values[i]), TW_OK);
        assert_int_equal(tw_window_push(window, 0, price, (tw_quantity){TW_NANO}), TW_OK);
    }
    tw_rolling_stats stats;
    tw_window_stats integers;
    tw_rolling_read(rolling, &stats);
    tw_window_read(window, 0, &integers);
    bool mean = strcmp(c->metric, "mean") == 0;
    double actual = mean ? stats.mean : stats.stddev;
    double means;
    double stddevs;
    double counts;
    tw_batch_moments(NULL, (tw_batch_shape){the_returns.count, 1}, the_returns.values, 1,
                     (tw_batch_moment_rows){&means, &stddevs, &counts});
    verdict by_rolling = compare_expected(c, actual);
    verdict by_window = compare_expected(c, mean ? integers.mean : integers.stddev);
    /* The sums of a batch are plain ones: an error of one rounding for each of a few rows. */
    test_case plain = *c;
    plain.tolerance_relative = fmax(c->tolerance_relative, 1e-14);
    verdict by_batch = compare_expected(&plain, mean ? means : stddevs);
    return worse(worse(by_risk, by_window), worse(by_rolling, by_batch));
}

static const runner empyrical[] = {
    {"simple_returns", run_simple_returns},  {"alpha_beta", run_alpha_beta},
    {"cum_returns_final", run_total_return}, {"roll_sharpe_ratio", run_rolling_sharpe},
    {"value_at_risk", run_quantile},         {NULL, run_risk},
};
static const runner quantlib[] = {{"correlation_matrix", run_elsewhere},
                                  {"nearest_psd_correlation_spectral", run_elsewhere},
                                  {NULL, run_risk}};
static const runner nist[] = {{NULL, run_certified}};
/* What rolls is in golden_rolling. */
static const runner rolling[] = {{NULL, run_risk}};
static const runner performance[] = {
    {"component_stddev", run_elsewhere},
    {"component_var_gaussian", run_elsewhere},
    {"component_var_gaussian_total", run_elsewhere},
    {"component_var_historical", run_elsewhere},
    {"component_var_modified", run_elsewhere},
    {"component_es_gaussian", run_elsewhere},
    {"component_es_modified", run_elsewhere},
    {"marginal_var_gaussian", run_elsewhere},
    {"cov_structured_indep", run_elsewhere},
    {"ewma_covariance", run_elsewhere},
    {"quantiles_0_25_50_75_100", run_quantiles},
    {NULL, run_risk},
};
static const runner skfolio[] = {{"correlation", run_elsewhere}, {NULL, run_risk}};
static const runner covariance[] = {{"normal_quantile_and_es_factor", run_normal},
                                    {NULL, run_elsewhere}};

FILE_TEST(empyrical, "empyrical.json", empyrical, 1)
FILE_TEST(quantlib, "quantlib.json", quantlib, 1)
FILE_TEST(nist, "nist_strd.json", nist, 1)
FILE_TEST(rolling, "rolling_numerics.json", rolling, 1)
FILE_TEST(performance, "performanceanalytics.json", performance, 1)
FILE_TEST(skfolio, "skfolio.json", skfolio, 1)
FILE_TEST(normal, "covariance.json", covariance, 1)

static int make_risk(void **state) {
    (void)state;
    tw_risk_config config;
    tw_risk_config_init(&config);
    config.covariance = true;
    const tw_risk_maxima maxima = tw_risk_maxima_of(&config, VALUES_MAX, COLUMNS_MAX);
    return tw_risk_new(NULL, &maxima, &the_risk) == TW_OK ? 0 : -1;
}

static int free_risk(void **state) {
    (void)state;
    tw_risk_free(the_risk);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empyrical),   cmocka_unit_test(test_quantlib),
        cmocka_unit_test(test_nist),        cmocka_unit_test(test_rolling),
        cmocka_unit_test(test_performance), cmocka_unit_test(test_skfolio),
        cmocka_unit_test(test_normal),
    };
    return cmocka_run_group_tests(tests, make_risk, free_risk);
}
