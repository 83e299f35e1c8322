/*
 * test_rooms_agree.c - a figure that several rooms give is the same number in all of them, bit for
 * bit: of one asset held whole, tw_risk, tw_performance and tw_portfolios are asked the same.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tradewind/performance.h"
#include "tradewind/portfolios.h"
#include "tradewind/random.h"
#include "tradewind/risk.h"

#define ROWS_MAX 1000

static const double one = 1;
static double series[ROWS_MAX];
static tw_performance *performance;

static int setup(void **state) {
    (void)state;
    assert_int_equal(tw_performance_new(NULL, ROWS_MAX, &performance), TW_OK);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    tw_performance_free(performance);
    return 0;
}

static void fill_random(uint64_t seed, size_t count) {
    tw_random random;
    tw_random_init(&random, seed, 0);
    for (size_t i = 0; i < count; i++)
        series[i] = 0.04 * (tw_random_uniform(&random) - 0.5);
}

static void expect_same(double a, double b, const char *name) {
    if (memcmp(&a, &b, sizeof a) != 0 && !(isnan(a) && isnan(b)))
        fail_msg("%s: %a in one room, %a in the other", name, a, b);
}

/* ---- Tails --------------------------------------------------------------------------------- */

static tw_risk_estimate ask_risk(size_t count, double confidence, tw_quantile_kind quantile,
                                 tw_shortfall_kind shortfall) {
    tw_risk_config config;
    tw_risk_config_init(&config);
    config.methods = TW_RISK_METHOD_BIT(TW_RISK_HISTORICAL);
    config.confidences[0] = confidence;
    config.confidence_count = 1;
    config.quantile = (uint8_t)quantile;
    config.shortfall = (uint8_t)shortfall;
    const tw_risk_maxima maxima = tw_risk_maxima_of(&config, count, 1);
    TW_AUTO(tw_risk) *risk = NULL;
    assert_int_equal(tw_risk_new(NULL, &maxima, &risk), TW_OK);
    const tw_risk_input input = {
        .returns = series, .weights = &one, .observations = count, .assets = 1};
    tw_risk_report report;
    assert_int_equal(tw_risk_compute(risk, &config, &input, &report, NULL), TW_OK);
    return report.estimates[0];
}

static void ask_performance(size_t count, double confidence, tw_quantile_kind quantile,
                            tw_shortfall_kind shortfall) {
    tw_performance_config config;
    tw_performance_config_init(&config);
    config.tail = 1 - confidence;
    config.quantile = (uint8_t)quantile;
    config.shortfall = (uint8_t)shortfall;
    const tw_performance_input input = {.returns = series, .count = count};
    assert_int_equal(tw_performance_load(performance, &config, &input, NULL), TW_OK);
}

static tw_portfolio_tail ask_portfolios(size_t count, double confidence) {
    const tw_portfolios_limits limits = {
        .rows = count, .assets = 1, .portfolios = 1, .confidence_min = confidence};
    tw_portfolios_config config;
    tw_portfolios_config_init(&config);
    config.confidences[0] = confidence;
    config.confidence_count = 1;
    TW_AUTO(tw_portfolios) *portfolios = NULL;
    assert_int_equal(tw_portfolios_new(NULL, &limits, &portfolios), TW_OK);
    const tw_portfolios_input input = {
        .returns = series, .weights = &one, .rows = count, .assets = 1, .portfolios = 1};
    assert_int_equal(tw_portfolios_load(portfolios, &config, &input, NULL), TW_OK);
    size_t portfolio_count = 0;
    return tw_portfolios_figures(portfolios, &portfolio_count)->tails[0];
}

static void test_a_quantile_is_one_number_in_every_room(void **state) {
    (void)state;
    for (size_t count = 1; count <= 400; count += count < 120 ? 1 : 20) {
        fill_random(count, count);
        for (unsigned percent = 51; percent < 100; percent += 2) {
            double confidence = percent / 100.0;
            tw_quantile_kind kind =
                (tw_quantile_kind)(1 + (count + percent) % TW_QUANTILE_KIND_MAX);
            tw_risk_estimate e = ask_risk(count, confidence, kind, TW_SHORTFALL_CONTINUOUS);
            ask_performance(count, confidence, kind, TW_SHORTFALL_CONTINUOUS);
            expect_same(e.value, tw_performance_value(performance, TW_FIGURE_VALUE_AT_RISK),
                        tw_quantile_text(kind));
            e = ask_risk(count, confidence, TW_QUANTILE_LINEAR, TW_SHORTFALL_CONTINUOUS);
            expect_same(e.value, ask_portfolios(count, confidence).var_historical, "portfolios");
        }
    }
}

/* Seven of a hundred are the seven worst, though 0.07 x 100 is above 7 in doubles. */
static void test_a_tail_of_seven_is_of_seven_in_every_room(void **state) {
    (void)state;
    for (size_t i = 0; i < 101; i++)
        series[i] = (double)(i * 37 % 100); /* 0 to 99, and 0 once more */
    tw_risk_estimate e = ask_risk(100, 0.93, TW_QUANTILE_STEP, TW_SHORTFALL_CONTINUOUS);
    assert_true(e.value == -6 && e.expected_shortfall == -3);
    ask_performance(100, 0.93, TW_QUANTILE_STEP, TW_SHORTFALL_CONTINUOUS);
    assert_true(tw_performance_value(performance, TW_FIGURE_VALUE_AT_RISK) == -6);
    assert_true(tw_performance_value(performance, TW_FIGURE_EXPECTED_SHORTFALL) == -3);
    assert_true(ask_portfolios(100, 0.93).shortfall_historical == -3);
    e = ask_risk(101, 0.93, TW_QUANTILE_STEP, TW_SHORTFALL_FIRST); /* eight of them */
    assert_true(e.expected_shortfall == -21 / 8.0);
    ask_performance(101, 0.93, TW_QUANTILE_STEP, TW_SHORTFALL_FIRST);
    assert_true(tw_performance_value(performance, TW_FIGURE_EXPECTED_SHORTFALL) == -21 / 8.0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_quantile_is_one_number_in_every_room),
        cmocka_unit_test(test_a_tail_of_seven_is_of_seven_in_every_room),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
