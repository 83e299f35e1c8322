/*
 * golden_certified.c - certified means, deviations and autocorrelations (NIST), and the smaller
 * sets: QuantLib's statistics, what is about risk among the rolling numerics, normal quantiles.
 */
#include "performance_cases.h"

#include "tradewind/batch.h"
#include "tradewind/rolling.h"
#include "tradewind/window.h"

static const metric_row rows[] = {
    {"mean", TW_FIGURE_MEAN, 1, NULL},
    {"stddev", TW_FIGURE_VOLATILITY, 1, NULL},
    {"autocorrelation_lag1", TW_FIGURE_AUTOCORRELATION, 1, NULL},
    {"variance", TW_FIGURE_VARIANCE, 1, NULL},
    {"standard_deviation", TW_FIGURE_VOLATILITY, 1, NULL},
    {"skewness", TW_FIGURE_SKEWNESS_SAMPLE, 1, NULL},
    {"kurtosis_excess", TW_FIGURE_EXCESS_KURTOSIS_SAMPLE, 1, NULL},
    {"min", TW_FIGURE_WORST, 1, NULL},
    {"max", TW_FIGURE_BEST, 1, NULL},
    {"max_drawdown", TW_FIGURE_MAX_DRAWDOWN, -1, NULL},
    {NULL, TW_FIGURE_COUNT, 0, NULL},
};

static verdict run_figure(const test_case *c) {
    const metric_row *row = row_of(rows, c->metric);
    if (row->metric == NULL || !series_from(json_object_get(c->input, "x"), &the_returns))
        return UNSUPPORTED;
    request r = {.c = c, .figure = row->figure, .sign = row->sign};
    tw_performance_config_init(&r.config);
    r.input = (tw_performance_input){.returns = the_returns.values, .count = the_returns.count};
    if (series_from(json_object_get(c->input, "weights"), &the_weights))
        r.input.weights = the_weights.values;
    return compare(c, figure_of(&r), c->expected);
}

static verdict by_rolling(const test_case *c, bool mean) {
    tw_rolling_config config = {.count_max = (uint32_t)the_returns.count, .ddof = 1};
    TW_AUTO(tw_rolling) *rolling = NULL;
    assert_int_equal(tw_rolling_new(NULL, &config, &rolling), TW_OK);
    for (size_t i = 0; i < the_returns.count; i++)
        assert_int_equal(tw_rolling_push(rolling, 0, the_returns.values[i]), TW_OK);
    tw_rolling_stats stats;
    tw_rolling_read(rolling, &stats);
    return compare(c, mean ? stats.mean : stats.stddev, c->expected);
}

/* The certified series have few digits: at 1e-9 they are what they are. */
static verdict by_window(const test_case *c, bool mean) {
    tw_window_config config = {
        .count_max = (uint32_t)the_returns.count, .window_count = 1, .windows = {{.ddof = 1}}};
    TW_AUTO(tw_window) *window = NULL;
    assert_int_equal(tw_window_new(NULL, &config, &window), TW_OK);
    for (size_t i = 0; i < the_returns.count; i++) {
        tw_price price = {llround(the_returns.values[i] * 1e9)};
        assert_int_equal(tw_window_push(window, 0, price, (tw_quantity){TW_NANO}), TW_OK);
    }
    tw_window_stats stats;
    tw_window_read(window, 0, &stats);
    return compare(c, mean ? stats.mean : stats.stddev, c->expected);
}

/* The sums of a batch are plain ones: an error of one rounding for each of a few rows. */
static verdict by_batch(const test_case *c, bool mean) {
    double moments[3];
    test_case plain = *c;
    plain.tolerance_relative = fmax(c->tolerance_relative, 1e-14);
    tw_batch_moments(NULL, (tw_batch_shape){the_returns.count, 1}, the_returns.values, 1,
                     (tw_batch_moment_rows){&moments[0], &moments[1], &moments[2]});
    return compare(&plain, mean ? moments[0] : moments[1], c->expected);
}

static verdict run_certified(const test_case *c) {
    verdict all = run_figure(c);
    bool mean = strcmp(c->metric, "mean") == 0;
    if (!mean && strcmp(c->metric, "stddev") != 0)
        return all;
    all = worse(all, by_rolling(c, mean));
    all = worse(all, by_window(c, mean));
    return worse(all, by_batch(c, mean));
}

/* z, and the shortfall of a series of mean 0 and population deviation 1. */
static verdict run_normal(const test_case *c) {
    static const double ends[2] = {-1, 1};
    request r = {.c = c, .figure = TW_FIGURE_EXPECTED_SHORTFALL, .sign = 1};
    tw_performance_config_init(&r.config);
    r.config.tail = 1 - param(c, "p", 0.5);
    r.config.tail_method = TW_RISK_GAUSSIAN;
    r.input = (tw_performance_input){.returns = ends, .count = 2};
    verdict z =
        compare(c, tw_risk_normal_quantile(param(c, "p", 0.5)), json_object_get(c->expected, "z"));
    return worse(z, compare(c, figure_of(&r), json_object_get(c->expected, "es_factor")));
}

/* Prices and Greeks of options are no part of this library: it holds no options. */
static const runner quantlib[] = {{"correlation_matrix", run_elsewhere},
                                  {"nearest_psd_correlation_spectral", run_elsewhere},
                                  {NULL, run_figure}};
static const runner nist[] = {{NULL, run_certified}};
/* What rolls is in golden_rolling. */
static const runner rolling[] = {{"rolling_var", run_elsewhere},
                                 {"rolling_std", run_elsewhere},
                                 {"rolling_sem", run_elsewhere},
                                 {"ewma_irregular_times", run_elsewhere},
                                 {NULL, run_figure}};
static const runner covariance[] = {{"normal_quantile_and_es_factor", run_normal},
                                    {NULL, run_elsewhere}};

FILE_TEST(quantlib, "quantlib.json", quantlib, 1)
FILE_TEST(nist, "nist_strd.json", nist, 1)
FILE_TEST(rolling, "rolling_numerics.json", rolling, 1)
FILE_TEST(normal, "covariance.json", covariance, 1)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quantlib),
        cmocka_unit_test(test_nist),
        cmocka_unit_test(test_rolling),
        cmocka_unit_test(test_normal),
    };
    return cmocka_run_group_tests(tests, make_performance, free_performance);
}
