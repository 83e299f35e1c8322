/* test_risk.c - the rules of tradewind/risk.h, one a test. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "assert_near.h"
#include "failing_heap.h"
#include "tradewind/risk.h"

#define ROWS 6

static const double two_assets[ROWS][2] = {{0.01, 0.02},  {-0.02, 0.01}, {0.03, -0.01},
                                           {-0.01, 0.00}, {0.02, -0.03}, {0.00, 0.04}};
static const double halves[2] = {0.5, 0.5};

static tw_risk *risk_of(size_t observations, size_t assets) {
    tw_risk_config config;
    tw_risk_config_init(&config);
    config.covariance = true;
    const tw_risk_maxima maxima = tw_risk_maxima_of(&config, observations, assets);
    tw_risk *risk = NULL;
    assert_int_equal(tw_risk_new(NULL, &maxima, &risk), TW_OK);
    return risk;
}

/* The report of one asset with weight 1. */
static tw_risk_report report_of(tw_risk *risk, const double *returns, size_t count,
                                const double *benchmark) {
    static const double one = 1;
    tw_risk_config config;
    tw_risk_config_init(&config);
    tw_risk_input input = {.returns = returns,
                           .weights = &one,
                           .benchmark = benchmark,
                           .observations = count,
                           .assets = 1};
    tw_risk_report report;
    assert_int_equal(tw_risk_compute(risk, &config, &input, &report, NULL), TW_OK);
    return report;
}

static void test_mean_volatility_and_ratios(void **state) {
    (void)state;
    TW_AUTO(tw_risk) *risk = risk_of(4, 1);
    const double returns[4] = {0.01, 0.03, -0.02, 0.02};
    tw_risk_report r = report_of(risk, returns, 4, NULL);
    double sd = sqrt((0.0 + 0.0004 + 0.0009 + 0.0001) / 3);
    assert_near(r.mean, 0.01, 1e-16);
    assert_near(r.volatility, sd, 1e-16);
    assert_near(r.volatility_annual, sd * sqrt(252), 1e-15);
    assert_near(r.sharpe, 0.01 / sd * sqrt(252), 1e-12);
    double downside = sqrt(0.0004 / 4);
    assert_near(r.downside_deviation, downside, 1e-16);
    assert_near(r.sortino, 0.01 / downside * sqrt(252), 1e-12);
    assert_near(r.omega, 3, 1e-12);
    assert_near(r.max_drawdown, 0.02, 1e-15);
    assert_true(isnan(r.beta) && isnan(r.tracking_error));
}

static void test_a_rate_without_a_unit_is_refused(void **state) {
    (void)state;
    TW_AUTO(tw_risk) *risk = risk_of(4, 1);
    const double returns[2] = {0.01, 0.03};
    const double weight = 1;
    tw_risk_input input = {.returns = returns, .weights = &weight, .observations = 2, .assets = 1};
    tw_risk_config config;
    tw_risk_config_init(&config);
    tw_risk_report per_year;
    tw_risk_report per_period;
    config.risk_free = (tw_rate){0.0252, TW_RATE_PER_YEAR};
    assert_int_equal(tw_risk_compute(risk, &config, &input, &per_year, NULL), TW_OK);
    config.risk_free = (tw_rate){0.0001, TW_RATE_PER_PERIOD};
    assert_int_equal(tw_risk_compute(risk, &config, &input, &per_period, NULL), TW_OK);
    assert_near(per_year.sharpe, per_period.sharpe, 1e-12);
    config.risk_free.unit = TW_RATE_UNIT_MISSING;
    tw_error error = {0};
    tw_risk_report untouched = per_year;
    assert_int_equal(tw_risk_compute(risk, &config, &input, &per_year, &error), TW_RANGE);
    assert_non_null(strstr(error.message, "unit"));
    assert_memory_equal(&untouched, &per_year, sizeof untouched);
}

static void test_the_first_loss_is_in_the_drawdown(void **state) {
    (void)state;
    TW_AUTO(tw_risk) *risk = risk_of(4, 1);
    const double returns[3] = {-0.1, 0.05, 0.01};
    assert_near(report_of(risk, returns, 3, NULL).max_drawdown, 0.1, 1e-15);
    const double ruin[3] = {0.5, -1.2, 3};
    tw_risk_report r = report_of(risk, ruin, 3, NULL);
    assert_true(r.max_drawdown == 1 && r.total_return == -1 && r.cagr == -1);
}

static void test_a_constant_series_has_no_deviation_and_no_ratio(void **state) {
    (void)state;
    TW_AUTO(tw_risk) *risk = risk_of(100, 1);
    double returns[100];
    for (size_t i = 0; i < 100; i++)
        returns[i] = 0.01;
    tw_risk_report r = report_of(risk, returns, 100, NULL);
    assert_true(r.mean == 0.01 && r.volatility == 0);
    assert_true(isnan(r.sharpe) && isnan(r.skewness) && isnan(r.excess_kurtosis));
    assert_true(isnan(r.calmar) && isnan(r.sortino) && isnan(r.omega));
    for (uint32_t i = 0; i < r.estimate_count; i++)
        assert_near(r.estimates[i].value, -0.01, 1e-17);
    /* A steady lead over the benchmark, though each difference rounds differently. */
    double benchmark[100];
    for (size_t i = 0; i < 100; i++) {
        benchmark[i] = 0.001 * (double)(i % 7);
        returns[i] = benchmark[i] + 0.1;
    }
    r = report_of(risk, returns, 100, benchmark);
    assert_true(r.tracking_error == 0 && isnan(r.information_ratio));
    assert_near(r.beta, 1, 1e-12);
    assert_near(r.alpha, 0.1, 1e-14);
}

static void test_one_observation_has_a_mean_only(void **state) {
    (void)state;
    TW_AUTO(tw_risk) *risk = risk_of(4, 1);
    const double one = -0.02;
    const double market = 0.01;
    tw_risk_report r = report_of(risk, &one, 1, &market);
    assert_true(r.mean == -0.02 && r.observations == 1);
    assert_true(isnan(r.volatility) && isnan(r.sharpe) && isnan(r.beta));
    assert_near(r.estimates[0].value, 0.02, 1e-17); /* historical */
    assert_true(isnan(r.estimates[1].value) && !r.estimates[1].valid);
}

static void test_rows_with_missing_returns_are_skipped_and_counted(void **state) {
    (void)state;
    TW_AUTO(tw_risk) *risk = risk_of(ROWS, 3);
    const double returns[4][3] = {
        {0.01, NAN, 0.02}, {NAN, NAN, 0.01}, {0.02, 0.5, 0.00}, {0.03, NAN, -0.01}};
    const double weights[3] = {0.5, 0, 0.5};
    const double benchmark[4] = {0.01, 0.01, NAN, 0.02};
    tw_risk_input input = {&returns[0][0], weights, benchmark, 4, 3, NULL};
    tw_risk_config config;
    tw_risk_config_init(&config);
    config.covariance = true;
    tw_risk_report r;
    assert_int_equal(tw_risk_compute(risk, &config, &input, &r, NULL), TW_OK);
    assert_int_equal(r.observations, 3);
    assert_int_equal(r.skipped, 1);
    assert_int_equal(r.benchmark_skipped, 1);
    assert_near(r.mean, (0.015 + 0.01 + 0.01) / 3, 1e-16);
    assert_true(r.rows[0] == 0 && r.rows[1] == 2 && r.rows[2] == 3);
    assert_near(r.portfolio[0], 0.015, 1e-17);
    assert_near(r.portfolio[1], 0.01, 1e-17);
    assert_near(r.portfolio[2], 0.01, 1e-17);
    assert_true(isnan(r.covariance[1]) && isfinite(r.covariance[2]));
    assert_true(r.volatility_contributions[1] == 0);
    config.fail_missing = true;
    assert_int_equal(tw_risk_compute(risk, &config, &input, &r, NULL), TW_INVALID);
}

static void test_bad_input_has_a_status_and_a_sentence(void **state) {
    (void)state;
    TW_AUTO(tw_risk) *risk = risk_of(ROWS, 2);
    tw_risk_config config;
    tw_risk_config_init(&config);
    tw_risk_report r;
    tw_error error = {0};
    tw_risk_input input = {&two_assets[0][0], halves, NULL, ROWS, 2, NULL};
    input.observations = ROWS + 1;
    assert_int_equal(tw_risk_compute(risk, &config, &input, &r, &error), TW_FULL);
    input.observations = 0;
    assert_int_equal(tw_risk_compute(risk, &config, &input, &r, &error), TW_EMPTY);
    input.observations = ROWS;
    const double zeros[2] = {0, 0};
    input.weights = zeros;
    assert_int_equal(tw_risk_compute(risk, &config, &input, &r, &error), TW_INVALID);
    assert_non_null(strstr(error.message, "zero"));
    const double endless[2] = {1, INFINITY};
    input.weights = endless;
    assert_int_equal(tw_risk_compute(risk, &config, &input, &r, &error), TW_INVALID);
    input.weights = halves;
    config.confidences[0] = 95;
    assert_int_equal(tw_risk_compute(risk, &config, &input, &r, &error), TW_RANGE);
    config.confidences[0] = 0.95;
    config.periods_per_year = 0;
    assert_int_equal(tw_risk_compute(risk, &config, &input, &r, &error), TW_RANGE);
    tw_risk *none = NULL;
    tw_risk_maxima maxima = tw_risk_maxima_of(&config, 0, 1);
    assert_int_equal(tw_risk_new(NULL, &maxima, &none), TW_RANGE);
    maxima = tw_risk_maxima_of(&config, 1, 0);
    assert_int_equal(tw_risk_new(NULL, &maxima, &none), TW_RANGE);
    maxima = (tw_risk_maxima){.observations = 1, .assets = SIZE_MAX / 4, .covariance = true};
    assert_int_equal(tw_risk_new(NULL, &maxima, &none), TW_RANGE);
}

static void test_contributions_sum_to_the_whole(void **state) {
    (void)state;
    TW_AUTO(tw_risk) *risk = risk_of(ROWS, 2);
    const double weights[2] = {0.7, -0.2};
    tw_risk_input input = {&two_assets[0][0], weights, NULL, ROWS, 2, NULL};
    tw_risk_config config;
    tw_risk_config_init(&config);
    config.confidences[0] = 0.75; /* 1.25 rows deep: both parts of the tail count */
    config.covariance = true;
    tw_risk_report r;
    assert_int_equal(tw_risk_compute(risk, &config, &input, &r, NULL), TW_OK);
    const double *volatility = r.volatility_contributions;
    assert_near(volatility[0] + volatility[1], r.volatility, 1e-17);
    assert_near(r.volatility_shares[0] + r.volatility_shares[1], 1, 1e-15);
    for (uint32_t i = 0; i < r.estimate_count; i++) {
        const double *var = r.var_contributions + (size_t)2 * i;
        const double *shortfall = r.shortfall_contributions + (size_t)2 * i;
        assert_near(var[0] + var[1], r.estimates[i].value, 1e-17);
        assert_near(shortfall[0] + shortfall[1], r.estimates[i].expected_shortfall, 2e-17);
    }
    double variance = 0;
    for (size_t i = 0; i < 2; i++)
        for (size_t j = 0; j < 2; j++)
            variance += weights[i] * weights[j] * r.covariance[i * 2 + j];
    assert_near(sqrt(variance), r.volatility, 1e-16);
    assert_near(r.exposure.gross, 0.9, 1e-15);
    assert_near(r.exposure.net, 0.5, 1e-15);
    assert_near(r.exposure.hhi, (0.49 + 0.04) / 0.81, 1e-15);
}

static void test_historical_tail_is_type_7_and_rockafellar_uryasev(void **state) {
    (void)state;
    TW_AUTO(tw_risk) *risk = risk_of(10, 1);
    const double returns[10] = {0.05, -0.1, 0.01, -0.05, 0.02, 0.03, -0.02, 0.04, 0.00, 0.06};
    const double one = 1;
    tw_risk_input input = {returns, &one, NULL, 10, 1, NULL};
    tw_risk_config config;
    tw_risk_config_init(&config);
    config.confidences[0] = 0.75;
    config.confidence_count = 1;
    tw_risk_report r;
    assert_int_equal(tw_risk_compute(risk, &config, &input, &r, NULL), TW_OK);
    /* Sorted: -0.1 -0.05 -0.02 0 ...; place 9 x 0.25 = 2.25; reach 10 x 0.25 = 2.5. */
    assert_near(r.estimates[0].value, 0.02 - 0.25 * 0.02, 1e-16);
    assert_near(r.estimates[0].expected_shortfall, (0.1 + 0.05 + 0.5 * 0.02) / 2.5, 1e-16);
    assert_int_equal(r.estimate_count, TW_RISK_METHOD_COUNT - 1); /* without Monte Carlo */
}

static void test_cornish_fisher_outside_its_domain_says_so(void **state) {
    (void)state;
    TW_AUTO(tw_risk) *risk = risk_of(50, 1);
    double returns[50];
    for (size_t i = 0; i < 50; i++)
        returns[i] = (i % 2 == 0 ? 0.001 : -0.001) * (double)(1 + i % 5);
    tw_risk_report r = report_of(risk, returns, 50, NULL);
    bool mild = r.estimates[2].valid;
    returns[7] = -0.3;
    r = report_of(risk, returns, 50, NULL);
    assert_false(r.estimates[2].valid);
    assert_true(r.estimates[2].expected_shortfall >= r.estimates[2].value);
    /* Thin tails (K < 0) leave the domain as well: the expansion turns back far out. */
    assert_false(mild);
}

static void test_normal_quantile_is_exact_to_double_precision(void **state) {
    (void)state;
    assert_near(tw_risk_normal_quantile(0.5), 0, 0);
    assert_near(tw_risk_normal_quantile(0.975), 1.9599639845400542, 1e-15);
    assert_near(tw_risk_normal_quantile(0.01), -2.3263478740408408, 1e-15);
    assert_near(tw_risk_normal_quantile(1e-12), -7.034483825301131, 1e-13);
    assert_true(isnan(tw_risk_normal_quantile(0)) && isnan(tw_risk_normal_quantile(1)));
    for (double p = 1e-9; p < 1; p = p * 1.7 + 1e-9)
        assert_near(0.5 * erfc(-tw_risk_normal_quantile(p) / sqrt(2)), p, 1e-14);
}

static void test_names_and_conventions_are_there(void **state) {
    (void)state;
    assert_string_equal(tw_risk_method_name(TW_RISK_HISTORICAL), "historical");
    assert_string_equal(tw_risk_method_name(TW_RISK_CORNISH_FISHER), "cornish_fisher");
    tw_risk_config config;
    tw_risk_config_init(&config);
    tw_risk_convention conventions[TW_RISK_CONVENTION_COUNT_MAX];
    size_t count = tw_risk_conventions(&config, conventions);
    assert_true(count > 5);
    for (size_t i = 0; i < count; i++)
        assert_true(conventions[i].name[0] != 0 && conventions[i].text[0] != 0);
}

static tw_status make_and_free(const tw_allocator *allocator, void *context) {
    (void)context;
    tw_risk_config config;
    tw_risk_config_init(&config);
    config.covariance = config.incremental = true;
    config.filter = TW_RISK_FILTER_ASSETS;
    config.paths = 10;
    tw_risk_maxima maxima = tw_risk_maxima_of(&config, ROWS, 2);
    maxima.scenarios = 1;
    TW_AUTO(tw_risk) *risk = NULL;
    tw_status status = tw_risk_new(allocator, &maxima, &risk);
    if (status != TW_OK)
        return status;
    tw_risk_input input = {&two_assets[0][0], halves, NULL, ROWS, 2, NULL};
    tw_risk_report report;
    return tw_risk_compute(risk, &config, &input, &report, NULL);
}

static void test_leaves_nothing_when_memory_runs_out(void **state) {
    (void)state;
    assert_survives_failed_allocations(make_and_free, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mean_volatility_and_ratios),
        cmocka_unit_test(test_a_rate_without_a_unit_is_refused),
        cmocka_unit_test(test_the_first_loss_is_in_the_drawdown),
        cmocka_unit_test(test_a_constant_series_has_no_deviation_and_no_ratio),
        cmocka_unit_test(test_one_observation_has_a_mean_only),
        cmocka_unit_test(test_rows_with_missing_returns_are_skipped_and_counted),
        cmocka_unit_test(test_bad_input_has_a_status_and_a_sentence),
        cmocka_unit_test(test_contributions_sum_to_the_whole),
        cmocka_unit_test(test_historical_tail_is_type_7_and_rockafellar_uryasev),
        cmocka_unit_test(test_cornish_fisher_outside_its_domain_says_so),
        cmocka_unit_test(test_normal_quantile_is_exact_to_double_precision),
        cmocka_unit_test(test_names_and_conventions_are_there),
        cmocka_unit_test(test_leaves_nothing_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
