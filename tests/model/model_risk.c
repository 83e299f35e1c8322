/*
 * model_risk.c - the risk report beside formulas written down again in long double, from scratch.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "assert_near.h"
#include "tradewind/risk.h"

#define ROWS 300
#define ASSETS 6

static double returns[ROWS][ASSETS];
static double benchmark[ROWS];
static double weights[ASSETS];
static double series[ROWS]; /* of the portfolio, over the rows that count */
static double market[ROWS];

static uint64_t next_random(uint64_t *seed) {
    uint64_t z = (*seed += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static double random_return(uint64_t *seed) {
    double total = 0;
    for (int i = 0; i < 4; i++)
        total += (double)(next_random(seed) >> 11) * 0x1p-53 - 0.5;
    return 0.02 * total + 0.0004;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static long double power_sum(const double *x, size_t n, long double mean, int power) {
    long double total = 0;
    for (size_t i = 0; i < n; i++) {
        long double term = 1;
        for (int k = 0; k < power; k++)
            term *= x[i] - mean;
        total += term;
    }
    return total;
}

static long double mean_of(const double *x, size_t n) {
    long double total = 0;
    for (size_t i = 0; i < n; i++)
        total += x[i];
    return total / (long double)n;
}

static void compare_moments(const tw_risk_report *r, size_t n) {
    long double mean = mean_of(series, n);
    long double sd = sqrtl(power_sum(series, n, mean, 2) / (long double)(n - 1));
    long double free = 0.02L / 252;
    long double squares = 0;
    long double value = 1;
    long double peak = 1;
    long double drawdown = 0;
    for (size_t i = 0; i < n; i++) {
        long double d = series[i] - 0.0001L;
        squares += d < 0 ? d * d : 0;
        value *= 1 + (long double)series[i];
        peak = value > peak ? value : peak;
        drawdown = (peak - value) / peak > drawdown ? (peak - value) / peak : drawdown;
    }
    long double m = (long double)n;
    long double m2 = power_sum(series, n, mean, 2) / m;
    long double g1 = power_sum(series, n, mean, 3) / m / powl(m2, 1.5L);
    long double g2 = power_sum(series, n, mean, 4) / m / (m2 * m2) - 3;
    assert_near(r->mean, (double)mean, 1e-17);
    assert_near(r->volatility, (double)sd, 1e-16);
    assert_near(r->sharpe, (double)((mean - free) / sd * sqrtl(252)), 1e-11);
    assert_near(r->sortino, (double)((mean - 0.0001L) / sqrtl(squares / m) * sqrtl(252)), 1e-11);
    assert_near(r->max_drawdown, (double)drawdown, 1e-13);
    assert_near(r->total_return, (double)(value - 1), 1e-13);
    assert_near(r->cagr, (double)(powl(value, 252 / m) - 1), 1e-12);
    assert_near(r->skewness, (double)(sqrtl(m * (m - 1)) / (m - 2) * g1), 1e-12);
    long double sample = (m - 1) / ((m - 2) * (m - 3)) * ((m + 1) * g2 + 6);
    assert_near(r->excess_kurtosis, (double)sample, 1e-12);
}

static void compare_benchmark(const tw_risk_report *r, size_t n) {
    static double active[ROWS];
    for (size_t i = 0; i < n; i++)
        active[i] = series[i] - market[i];
    long double mp = mean_of(series, n);
    long double mb = mean_of(market, n);
    long double ma = mean_of(active, n);
    long double cov = 0;
    for (size_t i = 0; i < n; i++)
        cov += (series[i] - mp) * (market[i] - mb);
    long double beta = cov / power_sum(market, n, mb, 2);
    long double free = 0.02L / 252;
    long double te = sqrtl(power_sum(active, n, ma, 2) / (long double)(n - 1));
    assert_near(r->beta, (double)beta, 1e-13);
    assert_near(r->alpha, (double)(mp - free - beta * (mb - free)), 1e-16);
    assert_near(r->tracking_error, (double)(te * sqrtl(252)), 1e-14);
    assert_near(r->information_ratio, (double)(ma / te * sqrtl(252)), 1e-11);
}

static void compare_tail(const tw_risk_report *r, size_t n) {
    static double sorted[ROWS];
    for (size_t i = 0; i < n; i++)
        sorted[i] = series[i];
    qsort(sorted, n, sizeof sorted[0], by_value);
    for (uint32_t e = 0; e < r->estimate_count; e++) {
        const tw_risk_estimate *historical = &r->estimates[e];
        if (historical->method != TW_RISK_HISTORICAL)
            continue;
        double tail = 1 - historical->confidence;
        long double place = (long double)(n - 1) * tail;
        size_t low = (size_t)place;
        long double part = place - low;
        long double quantile = sorted[low] * (1 - part) + sorted[low + 1] * part;
        assert_near(historical->value, (double)-quantile, 1e-15);
        /* Rockafellar-Uryasev as the minimum over all thresholds that it is defined by. */
        long double best = INFINITY;
        for (size_t k = 0; k < n; k++) {
            long double excess = 0;
            for (size_t i = 0; i < n; i++)
                excess += sorted[i] < sorted[k] ? sorted[k] - sorted[i] : 0;
            long double value = -sorted[k] + excess / ((long double)n * tail);
            best = value < best ? value : best;
        }
        assert_near(historical->expected_shortfall, (double)best, 1e-14);
    }
}

static void compare_contributions(const tw_risk_report *r) {
    long double volatility = 0;
    long double from_matrix = 0;
    for (size_t i = 0; i < ASSETS; i++) {
        volatility += r->volatility_contributions[i];
        for (size_t j = 0; j < ASSETS; j++)
            from_matrix += (long double)weights[i] * weights[j] * r->covariance[i * ASSETS + j];
    }
    assert_near(r->volatility, (double)volatility, 1e-16);
    assert_near(r->volatility, (double)sqrtl(from_matrix), 1e-15);
    for (size_t i = 0; i < ASSETS; i++) {
        long double row = 0; /* w_i (Sigma w)_i / sd */
        for (size_t j = 0; j < ASSETS; j++)
            row += (long double)weights[j] * r->covariance[i * ASSETS + j];
        assert_near(r->volatility_contributions[i], (double)(weights[i] * row / r->volatility),
                    1e-15);
    }
}

static void run(tw_risk *risk, uint64_t seed) {
    size_t count = 5 + next_random(&seed) % (ROWS - 5);
    size_t used = 0;
    for (size_t j = 0; j < ASSETS; j++)
        weights[j] = (double)(next_random(&seed) % 100) / 100 - 0.2;
    weights[0] = 0.5;
    bool gaps = seed % 2 == 0;
    for (size_t i = 0; i < count; i++) {
        bool missing = gaps && i > 5 && next_random(&seed) % 8 == 0;
        long double total = 0;
        for (size_t j = 0; j < ASSETS; j++) {
            returns[i][j] = random_return(&seed);
            total += (long double)weights[j] * returns[i][j];
        }
        benchmark[i] = random_return(&seed) * 0.5 + returns[i][0] * 0.5;
        if (missing) {
            returns[i][0] = NAN;
            continue;
        }
        series[used] = (double)total;
        market[used++] = benchmark[i];
    }
    tw_risk_config config;
    tw_risk_config_init(&config);
    config.risk_free = (tw_rate){0.02, TW_RATE_PER_YEAR};
    config.minimum_acceptable = (tw_rate){0.0001, TW_RATE_PER_PERIOD};
    config.covariance = true;
    config.confidences[1] = 0.9;
    tw_risk_input input = {&returns[0][0], weights, benchmark, count, ASSETS, NULL};
    tw_risk_report report;
    assert_int_equal(tw_risk_compute(risk, &config, &input, &report, NULL), TW_OK);
    assert_int_equal(report.observations, used);
    assert_int_equal(report.skipped, count - used);
    compare_moments(&report, used);
    compare_benchmark(&report, used);
    compare_tail(&report, used);
    compare_contributions(&report);
}

static void test_reports_agree_with_formulas_written_again(void **state) {
    (void)state;
    tw_risk_config config;
    tw_risk_config_init(&config);
    config.covariance = true;
    const tw_risk_maxima maxima = tw_risk_maxima_of(&config, ROWS, ASSETS);
    TW_AUTO(tw_risk) *risk = NULL;
    assert_int_equal(tw_risk_new(NULL, &maxima, &risk), TW_OK);
    for (uint64_t seed = 1; seed <= 200; seed++)
        run(risk, seed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reports_agree_with_formulas_written_again)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
