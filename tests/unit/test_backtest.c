/* test_backtest.c - the rules of tradewind/backtest.h, one a test. Statistics, p-values and
 * binomial probabilities are SciPy's. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "assert_near.h"
#include "failing_heap.h"
#include "tradewind/backtest.h"

#define COUNT_MAX 1000

static double returns[COUNT_MAX];
static double forecasts[COUNT_MAX];

/* `hits` of `count` rows are exceeded, as far apart as may be, and the first row never. */
static tw_backtest_result result_of(size_t count, size_t hits, double confidence) {
    size_t before = 0;
    for (size_t t = 0; t < count; t++) {
        size_t due = (t + 1) * hits / count;
        returns[t] = due > before ? -0.03 : 0.01;
        forecasts[t] = 0.02;
        before = due;
    }
    tw_backtest_result result;
    const tw_backtest_series series = {returns, forecasts, count};
    assert_int_equal(tw_backtest_run(&series, confidence, &result, NULL), TW_OK);
    assert_int_equal(result.exceedances, hits);
    return result;
}

static void test_unconditional_coverage_is_kupiecs(void **state) {
    (void)state;
    static const struct {
        size_t count;
        size_t hits;
        double confidence;
        double statistic;
        double p_value;
        double cumulative;
    } cases[] = {
        {250, 5, 0.99, 1.9568097882306148, 0.1618549171960395, 0.9588168159301514},
        {250, 0, 0.99, 5.025167926750726, 0.02498150305344973, 0.08105851616218125},
        {250, 10, 0.99, 12.955491062356003, 0.00031898450821338616, 0.999946101370953},
        {1000, 70, 0.95, 7.53015201501978, 0.006067478765930771, 0.9976696994523914},
        {10, 10, 0.95, 59.9146454710798, 9.906156631635081e-15, 1},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        tw_backtest_result r = result_of(cases[k].count, cases[k].hits, cases[k].confidence);
        assert_near(r.unconditional.statistic, cases[k].statistic, 1e-11);
        assert_near(r.unconditional.p_value, cases[k].p_value, 1e-12 * cases[k].p_value + 1e-13);
        assert_near(r.cumulative, cases[k].cumulative, 1e-13);
        assert_near(r.expected, (1 - cases[k].confidence) * (double)cases[k].count, 1e-12);
        assert_near(r.rate, (double)cases[k].hits / (double)cases[k].count, 1e-16);
    }
}

static void test_independence_counts_what_follows_on_what(void **state) {
    (void)state;
    static const size_t hits[] = {3, 4, 5, 12};
    for (size_t t = 0; t < 20; t++) {
        returns[t] = 0.01;
        forecasts[t] = 0.02;
    }
    for (size_t k = 0; k < 4; k++)
        returns[hits[k]] = -0.05;
    tw_backtest_result r;
    const tw_backtest_series series = {returns, forecasts, 20};
    assert_int_equal(tw_backtest_run(&series, 0.9, &r, NULL), TW_OK);
    assert_int_equal(r.transitions[0][0], 13);
    assert_int_equal(r.transitions[0][1], 2);
    assert_int_equal(r.transitions[1][0], 2);
    assert_int_equal(r.transitions[1][1], 2);
    assert_near(r.independence.statistic, 2.231408824993186, 1e-13);
    assert_near(r.independence.p_value, 0.13523049324410905, 1e-13);
    assert_near(r.conditional.statistic, 4.007529128468481, 1e-13);
    assert_near(r.conditional.p_value, 0.13482676264947702, 1e-13);
}

static void test_no_exceedance_has_an_answer(void **state) {
    (void)state;
    tw_backtest_result r = result_of(250, 0, 0.99);
    assert_true(r.independence.statistic == 0 && r.independence.p_value == 1);
    assert_near(r.conditional.statistic, r.unconditional.statistic, 0);
    assert_int_equal(r.zone, TW_BACKTEST_GREEN);
    r = result_of(1, 1, 0.99);
    assert_true(r.independence.p_value == 1 && r.rate == 1);
}

static void test_a_return_at_the_forecast_does_not_exceed_it(void **state) {
    (void)state;
    const double exact[2] = {-0.02, -0.0200001};
    const double told[2] = {0.02, 0.02};
    tw_backtest_result r;
    const tw_backtest_series series = {exact, told, 2};
    assert_int_equal(tw_backtest_run(&series, 0.95, &r, NULL), TW_OK);
    assert_int_equal(r.exceedances, 1);
}

static void test_zones_are_those_of_basel(void **state) {
    (void)state;
    static const double additions[] = {0, 0, 0, 0, 0, 0.40, 0.50, 0.65, 0.75, 0.85, 1, 1};
    for (size_t hits = 0; hits < 12; hits++) {
        tw_backtest_result r = result_of(250, hits, 0.99);
        assert_int_equal(r.zone, hits < 5    ? TW_BACKTEST_GREEN
                                 : hits < 10 ? TW_BACKTEST_YELLOW
                                             : TW_BACKTEST_RED);
        assert_near(r.multiplier_addition, additions[hits], 0);
    }
    assert_true(isnan(result_of(249, 3, 0.99).multiplier_addition));
    assert_true(isnan(result_of(250, 3, 0.95).multiplier_addition));
    assert_string_equal(tw_backtest_zone_name(TW_BACKTEST_YELLOW), "yellow");
}

static void test_rows_without_a_return_or_forecast_are_left_out(void **state) {
    (void)state;
    const double some[5] = {NAN, -0.05, NAN, -0.05, 0.01};
    const double told[5] = {0.02, 0.02, 0.02, 0.02, NAN};
    tw_backtest_result r;
    tw_backtest_series series = {some, told, 5};
    assert_int_equal(tw_backtest_run(&series, 0.95, &r, NULL), TW_OK);
    assert_int_equal(r.observations, 2);
    assert_int_equal(r.skipped, 3);
    assert_int_equal(r.transitions[1][1], 1);
    series.count = 1;
    tw_error error = {0};
    assert_int_equal(tw_backtest_run(&series, 0.95, &r, &error), TW_EMPTY);
    assert_non_null(strstr(error.message, "forecast"));
}

static void test_bad_input_has_a_status_and_a_sentence(void **state) {
    (void)state;
    tw_error error = {0};
    tw_backtest_result r;
    const double endless[2] = {0.01, -INFINITY};
    const double told[2] = {0.02, 0.02};
    tw_backtest_series series = {endless, told, 2};
    assert_int_equal(tw_backtest_run(&series, 0.95, &r, &error), TW_INVALID);
    assert_non_null(strstr(error.message, "row 1"));
    series = (tw_backtest_series){told, endless, 2};
    assert_int_equal(tw_backtest_run(&series, 0.95, &r, &error), TW_INVALID);
    assert_non_null(strstr(error.message, "forecast"));
    assert_int_equal(tw_backtest_run(&series, 95, &r, &error), TW_RANGE);

    tw_backtest_plan plan;
    double made[2];
    series = (tw_backtest_series){told, NULL, 2};
    tw_backtest_plan_init(&plan, TW_RISK_MONTE_CARLO, 0.95);
    assert_int_equal(tw_backtest_forecast(NULL, &plan, &series, made, NULL, &error), TW_RANGE);
    assert_non_null(strstr(error.message, "monte_carlo"));
    tw_backtest_plan_init(&plan, TW_RISK_GAUSSIAN, 0.4);
    assert_int_equal(tw_backtest_forecast(NULL, &plan, &series, made, NULL, &error), TW_RANGE);
    plan.confidence = 0.95;
    plan.window = 1;
    assert_int_equal(tw_backtest_forecast(NULL, &plan, &series, made, NULL, &error), TW_RANGE);
    plan.window = 2;
    series.returns = endless;
    assert_int_equal(tw_backtest_forecast(NULL, &plan, &series, made, NULL, &error), TW_INVALID);
}

/* ---- Forecasts ----------------------------------------------------------------------------- */

static void fill_returns(size_t count) {
    uint64_t state = 7;
    for (size_t t = 0; t < count; t++) {
        double total = 0;
        for (int i = 0; i < 4; i++) {
            state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            total += (double)(state >> 11) * 0x1p-53 - 0.5;
        }
        returns[t] = 0.01 * total * (t / 100 % 2 == 0 ? 1 : 3); /* calm and storms */
        if (t % 37 == 5)
            returns[t] = NAN;
    }
}

/* The estimates of the rows before, by a report. */
static void test_forecasts_are_estimates_from_the_rows_before(void **state) {
    (void)state;
    static double shortfalls[COUNT_MAX];
    const size_t count = 150;
    const double one = 1;
    fill_returns(count);
    tw_risk_config config;
    tw_risk_config_init(&config);
    config.confidences[0] = 0.9;
    config.confidence_count = 1;
    const tw_risk_maxima maxima = tw_risk_maxima_of(&config, 40, 1);
    TW_AUTO(tw_risk) *risk = NULL;
    assert_int_equal(tw_risk_new(NULL, &maxima, &risk), TW_OK);
    for (uint8_t method = 0; method < TW_RISK_MONTE_CARLO; method++) {
        tw_backtest_plan plan;
        tw_backtest_plan_init(&plan, (tw_risk_method)method, 0.9);
        plan.window = 40;
        const tw_backtest_series series = {returns, NULL, count};
        assert_int_equal(tw_backtest_forecast(NULL, &plan, &series, forecasts, shortfalls, NULL),
                         TW_OK);
        for (size_t t = 0; t < count; t++) {
            if (t < 40) {
                assert_true(isnan(forecasts[t]) && isnan(shortfalls[t]));
                continue;
            }
            const tw_risk_input input = {returns + t - 40, &one, NULL, 40, 1, NULL};
            tw_risk_report r;
            assert_int_equal(tw_risk_compute(risk, &config, &input, &r, NULL), TW_OK);
            const tw_risk_estimate *estimate =
                &r.estimates[tw_risk_find(&r, (tw_risk_method)method, 0.9, 1)];
            assert_near(forecasts[t], estimate->value, 0);
            assert_near(shortfalls[t], estimate->expected_shortfall, 0);
        }
    }
}

static void test_a_method_is_tested_in_one_call(void **state) {
    (void)state;
    fill_returns(COUNT_MAX);
    tw_backtest_plan plan;
    tw_backtest_plan_init(&plan, TW_RISK_GAUSSIAN, 0.95);
    plan.window = 60;
    const tw_backtest_series series = {returns, NULL, COUNT_MAX};
    tw_backtest_result slow;
    tw_backtest_result quick;
    assert_int_equal(tw_backtest_method(NULL, &plan, &series, &slow, NULL), TW_OK);
    plan.method = TW_RISK_FILTERED_HISTORICAL;
    assert_int_equal(tw_backtest_method(NULL, &plan, &series, &quick, NULL), TW_OK);
    assert_int_equal(slow.observations + slow.skipped, COUNT_MAX);
    assert_true(slow.exceedances > 0);
    /* Storms follow on calm: a filter sees them sooner, so exceedances depend less on each other.
     */
    assert_true(quick.independence.statistic < slow.independence.statistic);
    plan.window = COUNT_MAX;
    assert_int_equal(tw_backtest_method(NULL, &plan, &series, &quick, NULL), TW_EMPTY);
}

static tw_status method_scenario(const tw_allocator *allocator, void *context) {
    (void)context;
    tw_backtest_plan plan;
    tw_backtest_plan_init(&plan, TW_RISK_FILTERED_HISTORICAL, 0.95);
    plan.window = 30;
    const tw_backtest_series series = {returns, NULL, 100};
    tw_backtest_result result;
    return tw_backtest_method(allocator, &plan, &series, &result, NULL);
}

static void test_leaves_nothing_when_memory_runs_out(void **state) {
    (void)state;
    fill_returns(100);
    assert_survives_failed_allocations(method_scenario, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unconditional_coverage_is_kupiecs),
        cmocka_unit_test(test_independence_counts_what_follows_on_what),
        cmocka_unit_test(test_no_exceedance_has_an_answer),
        cmocka_unit_test(test_a_return_at_the_forecast_does_not_exceed_it),
        cmocka_unit_test(test_zones_are_those_of_basel),
        cmocka_unit_test(test_rows_without_a_return_or_forecast_are_left_out),
        cmocka_unit_test(test_bad_input_has_a_status_and_a_sentence),
        cmocka_unit_test(test_forecasts_are_estimates_from_the_rows_before),
        cmocka_unit_test(test_a_method_is_tested_in_one_call),
        cmocka_unit_test(test_leaves_nothing_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
