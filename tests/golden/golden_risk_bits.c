/*
 * golden_risk_bits.c - risk, performance and back-tests give these bits, on every machine and at
 * every level of vector instructions.
 *
 * The returns are whole numbers over 4096, so that no decimal is read. What the numbers are is the
 * business of other tests (the vectors, and the models beside long doubles); here they only have to
 * stay as they are: logarithms, exponentials, powers and normal quantiles are the house's own, and
 * sums have one order.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tradewind/backtest.h"
#include "tradewind/performance.h"
#include "tradewind/risk.h"

#define ROWS 150
#define ASSETS 3

static double market[ROWS * ASSETS];
static double benchmark[ROWS];
static const double weights[ASSETS] = {0.5, 0.75, -0.25};

static int setup(void **state) {
    (void)state;
    uint64_t bits = 20240131;
    for (size_t t = 0; t < ROWS; t++) {
        double common = 0;
        for (size_t k = 0; k < ASSETS + 1; k++) {
            bits = bits * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            double own = (double)((int64_t)(bits >> 40 & 255) - 127) / 4096;
            common = k == 0 ? own / 2 : common;
            if (k < ASSETS)
                market[t * ASSETS + k] = common + own;
            else
                benchmark[t] = common + own / 4;
        }
    }
    return 0;
}

static size_t different;

static void expect_bits(const char *name, double value, double expected) {
    if (memcmp(&value, &expected, sizeof value) == 0)
        return;
    print_error("    {\"%s\", %a},\n", name, value);
    different++;
}

/* ---- Risk ---------------------------------------------------------------------------------- */

static tw_risk_config config_at(tw_cpu_level level) {
    tw_risk_config config;
    tw_risk_config_init(&config);
    config.level = level;
    config.risk_free = (tw_rate){0.03125, TW_RATE_PER_YEAR};
    config.paths = 500;
    config.distribution = TW_SIMULATE_STUDENT;
    config.horizons[0] = 5;
    config.confidence_count = 1;
    return config;
}

static void check_risk(tw_cpu_level level) {
    static const double values[TW_RISK_METHOD_COUNT][2] = {
        {0x1.39bfffffffffcp-4, 0x1.86d42a150a853p-4},
        {0x1.11fac5e8bc23cp-4, 0x1.6bae267cdfe8dp-4},
        {0x1.1230c7417b506p-4, 0x1.65df5ddc07689p-4},
        {0x1.0cff762dec741p-4, 0x1.5c2cd73610436p-4},
        {0x1.aff3fa0ed3e44p-5, 0x1.6f5b8fbecbfdcp-4}};
    tw_risk_config config = config_at(level);
    const tw_risk_maxima maxima = tw_risk_maxima_of(&config, ROWS, ASSETS);
    TW_AUTO(tw_risk) *risk = NULL;
    assert_int_equal(tw_risk_new(NULL, &maxima, &risk), TW_OK);
    const tw_risk_input input = {.returns = market,
                                 .weights = weights,
                                 .benchmark = benchmark,
                                 .observations = ROWS,
                                 .assets = ASSETS};
    tw_risk_report r;
    assert_int_equal(tw_risk_compute(risk, &config, &input, &r, NULL), TW_OK);
    const struct {
        const char *name;
        double value;
        double expected;
    } figures[] = {
        {"mean", r.mean, 0x1.fa58bf258bf26p-9},
        {"volatility", r.volatility, 0x1.814b82b598dddp-6},
        {"total_return", r.total_return, 0x1.6c5c576f1f0d6p-1},
        {"cagr", r.cagr, 0x1.778020dbdb78cp+0},
        {"sharpe", r.sharpe, 0x1.43138afc168dfp+1},
        {"sortino", r.sortino, 0x1.123feb7ab7ccbp+2},
        {"downside_deviation", r.downside_deviation, 0x1.d4f1f6b8c1836p-7},
        {"omega", r.omega, 0x1.7e470d8012ba4p+0},
        {"max_drawdown", r.max_drawdown, 0x1.8b8be74547edp-3},
        {"calmar", r.calmar, 0x1.e60d5edacdb25p+2},
        {"skewness", r.skewness, 0x1.15f31a50c2629p-6},
        {"excess_kurtosis", r.excess_kurtosis, -0x1.841964623af86p-1},
        {"beta", r.beta, 0x1.85f2b881c9065p+0},
        {"alpha", r.alpha, 0x1.adab81091943cp-10},
        {"correlation", r.correlation, 0x1.63de61e394386p-1},
        {"tracking_error", r.tracking_error, 0x1.219874ca90f91p-2},
        {"information_ratio", r.information_ratio, 0x1.0d38ca0d628fdp+1},
    };
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++)
        expect_bits(figures[i].name, figures[i].value, figures[i].expected);
    for (uint32_t e = 0; e < r.estimate_count; e++) {
        const char *name = tw_risk_method_name((tw_risk_method)r.estimates[e].method);
        expect_bits(name, r.estimates[e].value, values[e][0]);
        expect_bits(name, r.estimates[e].expected_shortfall, values[e][1]);
    }
}

/* ---- Performance --------------------------------------------------------------------------- */

static void check_performance(tw_cpu_level level) {
    static const struct {
        const char *name;
        double expected;
    } figures[] = {
        {"geometric_mean", 0x1.1d5e351bf84p-8},
        {"cagr", 0x1.fd2b3cde683c2p+0},
        {"sharpe_annual", 0x1.53a0e8cca8166p+1},
        {"sharpe_geometric", 0x1.159585ec2ffd5p+2},
        {"sharpe_probabilistic", 0x1.f4a8ae274eb67p-1},
        {"sortino_annual", 0x1.18c4b259c862p+2},
        {"kappa", 0x1.eec5848be10e1p-3},
        {"lower_partial_moment", 0x1.c248f99f1f5c1p-15},
        {"calmar", 0x1.397878f79e039p+3},
        {"ulcer_index", 0x1.30d5e746c723fp-4},
        {"hurst", 0x1.057adad586f99p-1},
        {"stability", 0x1.b551a13afabd8p-1},
        {"ljung_box_probability", 0x1.27421be4273bcp-1},
        {"entropic_risk", 0x1.7ee581bccca29p+1},
        {"entropic_value_at_risk", 0x1.6b5587543fbfbp-5},
        {"pareto_shape", -0x1.2b2f003d13cd2p+0},
        {"pareto_value_at_risk", 0x1.4f0b2e559a0bfp-5},
        {"gini_mean_difference", 0x1.04ee3344cb269p-5},
        {"jensen_alpha", 0x1.029352a9be8bcp+0},
        {"m_squared", 0x1.960764862f9f6p-1},
        {"up_capture", 0x1.418d904f67aa6p+5},
        {"information_geometric", 0x1.5299b41b1cdaap+2},
        {"ewma_volatility", 0x1.02902db86ceabp-5},
    };
    tw_performance_config config;
    tw_performance_config_init(&config);
    config.level = level;
    config.risk_free = (tw_rate){0.03125, TW_RATE_PER_YEAR};
    config.compound_rates = true;
    config.partial_order = 2.5;
    config.autocorrelation_lag = 5;
    double returns[ROWS];
    for (size_t t = 0; t < ROWS; t++)
        returns[t] = market[t * ASSETS];
    TW_AUTO(tw_performance) *performance = NULL;
    assert_int_equal(tw_performance_new(NULL, ROWS, &performance), TW_OK);
    const tw_performance_input input = {.returns = returns, .benchmark = benchmark, .count = ROWS};
    assert_int_equal(tw_performance_load(performance, &config, &input, NULL), TW_OK);
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        tw_figure figure = tw_figure_from_name(figures[i].name);
        assert_int_not_equal(figure, TW_FIGURE_COUNT);
        expect_bits(figures[i].name, tw_performance_value(performance, figure),
                    figures[i].expected);
    }
}

/* ---- Back-tests ---------------------------------------------------------------------------- */

static void check_backtest(void) {
    static const double expected[3] = {
        0x1.81eb49dc4a03dp-1,
        0x1.0f572b4ec3e2dp-1,
        0x1.902b64be56674p-1,
    };
    tw_backtest_plan plan;
    tw_backtest_plan_init(&plan, TW_RISK_CORNISH_FISHER, 0.9);
    plan.window = 40;
    double returns[ROWS];
    for (size_t t = 0; t < ROWS; t++)
        returns[t] = market[t * ASSETS + 1];
    const tw_backtest_series series = {.returns = returns, .count = ROWS};
    tw_backtest_result result;
    assert_int_equal(tw_backtest_method(NULL, &plan, &series, &result, NULL), TW_OK);
    expect_bits("unconditional", result.unconditional.p_value, expected[0]);
    expect_bits("independence", result.independence.p_value, expected[1]);
    expect_bits("conditional", result.conditional.p_value, expected[2]);
}

static void test_the_bits_are_these_at_every_level(void **state) {
    (void)state;
    for (int level = TW_CPU_BASELINE; level < TW_CPU_LEVEL_COUNT; level++) {
        check_risk((tw_cpu_level)level);
        check_performance((tw_cpu_level)level);
    }
    check_backtest();
    assert_int_equal(different, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_the_bits_are_these_at_every_level)};
    return cmocka_run_group_tests(tests, setup, NULL);
}
