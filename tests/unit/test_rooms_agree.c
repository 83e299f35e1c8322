/*
 * test_rooms_agree.c - a figure that several rooms give is the same number in all of them, bit for
 * bit: of one asset, tw_risk, tw_performance and tw_portfolios are asked the same. (tw_portfolios
 * joins blocks of rows, so that rows can leave: its moments agree to rounding.)
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
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
static double benchmark[ROWS_MAX];
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
    bool zeros = a == 0 && b == 0; /* a portfolio's return of -0 is 0 */
    if (memcmp(&a, &b, sizeof a) != 0 && !zeros && !(isnan(a) && isnan(b)))
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

/* ---- Moments, paths, halves and pairs -------------------------------------------------------- */

#define FIGURES(X)                                       \
    X(mean, TW_FIGURE_MEAN)                              \
    X(mean_annual, TW_FIGURE_MEAN_ANNUAL)                \
    X(volatility, TW_FIGURE_VOLATILITY)                  \
    X(volatility_annual, TW_FIGURE_VOLATILITY_ANNUAL)    \
    X(total_return, TW_FIGURE_TOTAL_RETURN)              \
    X(cagr, TW_FIGURE_CAGR)                              \
    X(sharpe, TW_FIGURE_SHARPE_ANNUAL)                   \
    X(sortino, TW_FIGURE_SORTINO_ANNUAL)                 \
    X(downside_deviation, TW_FIGURE_DOWNSIDE_DEVIATION)  \
    X(omega, TW_FIGURE_OMEGA)                            \
    X(max_drawdown, TW_FIGURE_MAX_DRAWDOWN)              \
    X(calmar, TW_FIGURE_CALMAR)                          \
    X(skewness, TW_FIGURE_SKEWNESS_SAMPLE)               \
    X(excess_kurtosis, TW_FIGURE_EXCESS_KURTOSIS_SAMPLE) \
    X(best, TW_FIGURE_BEST)                              \
    X(worst, TW_FIGURE_WORST)                            \
    X(beta, TW_FIGURE_BETA)                              \
    X(alpha, TW_FIGURE_ALPHA)                            \
    X(alpha_annual, TW_FIGURE_ALPHA_ANNUAL)              \
    X(correlation, TW_FIGURE_CORRELATION)                \
    X(tracking_error, TW_FIGURE_TRACKING_ERROR_ANNUAL)   \
    X(information_ratio, TW_FIGURE_INFORMATION_ANNUAL)

static const tw_rate free_rate = {0.02, TW_RATE_PER_YEAR};
static const tw_rate wanted_rate = {0.001, TW_RATE_PER_PERIOD};

/* Of the series as it is, and as returns a `weight`-th as large with that weight. */
static void expect_agreement(size_t count, double weight) {
    static double returns[ROWS_MAX];
    tw_risk_config config;
    tw_risk_config_init(&config);
    config.risk_free = free_rate;
    config.minimum_acceptable = wanted_rate;
    config.methods =
        TW_RISK_METHOD_BIT(TW_RISK_GAUSSIAN) | TW_RISK_METHOD_BIT(TW_RISK_CORNISH_FISHER);
    const tw_risk_maxima maxima = tw_risk_maxima_of(&config, count, 1);
    for (size_t i = 0; i < count; i++)
        returns[i] = series[i] / weight;
    TW_AUTO(tw_risk) *risk = NULL;
    assert_int_equal(tw_risk_new(NULL, &maxima, &risk), TW_OK);
    const tw_risk_input input = {.returns = returns,
                                 .weights = &weight,
                                 .benchmark = benchmark,
                                 .observations = count,
                                 .assets = 1};
    tw_risk_report report;
    assert_int_equal(tw_risk_compute(risk, &config, &input, &report, NULL), TW_OK);
    tw_performance_config options;
    tw_performance_config_init(&options);
    options.risk_free = free_rate;
    options.minimum_acceptable = wanted_rate;
    const tw_performance_input alone = {.returns = series, .benchmark = benchmark, .count = count};
    for (uint8_t method = TW_RISK_GAUSSIAN; method <= TW_RISK_CORNISH_FISHER; method++) {
        options.tail_method = method;
        options.tail = 1 - 0.95;
        assert_int_equal(tw_performance_load(performance, &options, &alone, NULL), TW_OK);
        const tw_risk_estimate *e =
            &report.estimates[tw_risk_find(&report, (tw_risk_method)method, 0.95, 1)];
        expect_same(e->value, tw_performance_value(performance, TW_FIGURE_VALUE_AT_RISK), "var");
        expect_same(e->expected_shortfall,
                    tw_performance_value(performance, TW_FIGURE_EXPECTED_SHORTFALL), "shortfall");
    }
#define COMPARE(name, figure) \
    expect_same(report.name, tw_performance_value(performance, figure), #name);
    FIGURES(COMPARE)
#undef COMPARE
}

/* A power of two times random returns: no division by a weight rounds. */
static void fill_scaled(uint64_t seed, size_t count, double scale) {
    tw_random random;
    fill_random(seed, count);
    tw_random_init(&random, seed, 1);
    for (size_t i = 0; i < count; i++) {
        series[i] *= scale;
        benchmark[i] = series[i] / 2 + 0.01 * scale * tw_random_uniform(&random);
    }
}

static void test_figures_are_one_number_in_both_rooms(void **state) {
    (void)state;
    static const size_t counts[] = {1, 2, 3, 4, 5, 8, 9, 63, 64, 257, 1000};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        fill_scaled(i + 1, counts[i], 1);
        expect_agreement(counts[i], 1);
        fill_scaled(i + 1, counts[i], 0x1p300); /* 1e90: fourth powers are beyond a double */
        for (size_t k = 0; k < counts[i]; k++)
            benchmark[k] = 0.001 * (double)(k % 7); /* a benchmark is at most 1e60 */
        expect_agreement(counts[i], 0x1p180);
        fill_scaled(i + 1, counts[i], 0x1p-900);
        expect_agreement(counts[i], 1);
        fill_scaled(i + 1, counts[i], 0x1p-1068); /* denormal */
        expect_agreement(counts[i], 1);
    }
}

static void test_constant_series_are_one_number_in_both_rooms(void **state) {
    (void)state;
    static const double values[] = {0, 0.01, -0.01, -1, -2, 1e59, 5e-324};
    for (size_t v = 0; v < sizeof values / sizeof values[0]; v++) {
        for (size_t count = 1; count < 20; count++) {
            for (size_t i = 0; i < count; i++)
                series[i] = benchmark[i] = values[v];
            expect_agreement(count, 1);
            series[count / 2] = nextafter(series[0], 2); /* equal but for a rounding */
            expect_agreement(count, 1);
        }
    }
}

static double portfolios_near(double a, double b) {
    return fabs(a - b) / fmax(fabs(b), 1e-300);
}

static void test_portfolios_agree_to_rounding(void **state) {
    (void)state;
    for (size_t count = 5; count <= 900; count += 179) {
        fill_scaled(count, count, count % 2 == 0 ? 1 : 0x1p-300);
        const tw_portfolios_limits limits = {.rows = count, .assets = 1, .portfolios = 1};
        tw_portfolios_config config;
        tw_portfolios_config_init(&config);
        TW_AUTO(tw_portfolios) *portfolios = NULL;
        assert_int_equal(tw_portfolios_new(NULL, &limits, &portfolios), TW_OK);
        const tw_portfolios_input input = {.returns = series,
                                           .benchmark = benchmark,
                                           .weights = &one,
                                           .rows = count,
                                           .assets = 1,
                                           .portfolios = 1};
        assert_int_equal(tw_portfolios_load(portfolios, &config, &input, NULL), TW_OK);
        size_t portfolio_count = 0;
        const tw_portfolio_figures *f = tw_portfolios_figures(portfolios, &portfolio_count);
        tw_performance_config options;
        tw_performance_config_init(&options);
        const tw_performance_input alone = {
            .returns = series, .benchmark = benchmark, .count = count};
        assert_int_equal(tw_performance_load(performance, &options, &alone, NULL), TW_OK);
#define NEAR(name, figure) \
    assert_true(portfolios_near(f->name, tw_performance_value(performance, figure)) < 1e-11);
        NEAR(mean, TW_FIGURE_MEAN)
        NEAR(volatility, TW_FIGURE_VOLATILITY)
        NEAR(downside_deviation, TW_FIGURE_DOWNSIDE_DEVIATION)
        NEAR(sharpe, TW_FIGURE_SHARPE_ANNUAL)
        NEAR(sortino, TW_FIGURE_SORTINO_ANNUAL)
        NEAR(beta, TW_FIGURE_BETA)
        NEAR(best, TW_FIGURE_BEST)
        NEAR(worst, TW_FIGURE_WORST)
#undef NEAR
    }
}

/* ---- The portfolio's return ---------------------------------------------------------------- */

#define HELD 19
#define HELD_ROWS 40

static tw_risk_report ask_market(tw_risk *risk, const tw_risk_config *config, const double *returns,
                                 const double *weights) {
    const tw_risk_input input = {
        .returns = returns, .weights = weights, .observations = HELD_ROWS, .assets = HELD};
    tw_risk_report report;
    assert_int_equal(tw_risk_compute(risk, config, &input, &report, NULL), TW_OK);
    return report;
}

static void test_a_gap_in_what_is_not_held_changes_no_bit(void **state) {
    (void)state;
    static double returns[HELD_ROWS * HELD];
    double weights[HELD];
    fill_random(5, HELD_ROWS * HELD);
    memcpy(returns, series, sizeof returns);
    for (size_t i = 0; i < HELD; i++)
        weights[i] = i % 5 == 2 ? 0 : 0.07 + 0.001 * (double)i;
    tw_risk_config config;
    tw_risk_config_init(&config);
    config.filter = TW_RISK_FILTER_ASSETS;
    const tw_risk_maxima maxima = tw_risk_maxima_of(&config, HELD_ROWS, HELD);
    TW_AUTO(tw_risk) *risk = NULL;
    assert_int_equal(tw_risk_new(NULL, &maxima, &risk), TW_OK);
    tw_risk_report whole = ask_market(risk, &config, returns, weights);
    tw_risk_estimate estimates[TW_RISK_ESTIMATE_COUNT_MAX];
    memcpy(estimates, whole.estimates, whole.estimate_count * sizeof estimates[0]);
    for (size_t t = 0; t < HELD_ROWS; t += 3)
        returns[t * HELD + 2 + 5 * (t % 4)] = NAN; /* columns 2, 7, 12 and 17 */
    tw_risk_report gaps = ask_market(risk, &config, returns, weights);
    assert_int_equal(gaps.observations, HELD_ROWS);
    assert_memory_equal(&whole.mean, &gaps.mean,
                        offsetof(tw_risk_report, beta) - offsetof(tw_risk_report, mean));
    for (uint32_t e = 0; e < whole.estimate_count; e++) {
        expect_same(estimates[e].value, gaps.estimates[e].value, "var");
        expect_same(estimates[e].expected_shortfall, gaps.estimates[e].expected_shortfall, "es");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_quantile_is_one_number_in_every_room),
        cmocka_unit_test(test_a_tail_of_seven_is_of_seven_in_every_room),
        cmocka_unit_test(test_figures_are_one_number_in_both_rooms),
        cmocka_unit_test(test_constant_series_are_one_number_in_both_rooms),
        cmocka_unit_test(test_portfolios_agree_to_rounding),
        cmocka_unit_test(test_a_gap_in_what_is_not_held_changes_no_bit),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
