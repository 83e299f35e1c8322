/*
 * test_expected_returns.c - expected returns beside their formulas in long doubles.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "assert_near.h"
#include "tradewind/expected_returns.h"
#include "tradewind/random.h"

#define ROWS 80
#define ASSETS 3

static double returns[ROWS * ASSETS];
static double market[ROWS];
static double expected[ASSETS];
static size_t counts[ASSETS];
static tw_error error;

static void make_returns(void) {
    tw_random random;
    tw_random_init(&random, 41, 0);
    for (size_t t = 0; t < ROWS; t++) {
        market[t] = t % 17 == 3 ? NAN : 0.001 + 0.01 * tw_random_normal(&random);
        for (size_t j = 0; j < ASSETS; j++)
            returns[t * ASSETS + j] =
                t % (10 + j) == 2 ? NAN : 0.002 + 0.02 * tw_random_normal(&random);
    }
}

static tw_status run(const tw_expected_returns_config *config) {
    tw_expected_returns_input input = {returns, ROWS, ASSETS, market};
    return tw_expected_returns(config, &input, expected, counts, &error);
}

/* Sums over what column j has: of w r, of w, of logarithms of 1 + r; and the count. */
typedef struct slow_sums {
    long double returns;
    long double weights;
    long double logarithms;
    size_t count;
} slow_sums;

static slow_sums slow_sums_of(const double *values, size_t stride, long double lambda) {
    slow_sums of = {0, 0, 0, 0};
    for (size_t t = 0; t < ROWS; t++) {
        if (isnan(values[t * stride]))
            continue;
        long double weight = powl(lambda, (long double)(ROWS - 1 - t));
        of.returns += weight * values[t * stride];
        of.weights += weight;
        of.logarithms += logl(1 + (long double)values[t * stride]);
        of.count++;
    }
    return of;
}

static void test_history_is_the_mean_or_the_growth(void **state) {
    (void)state;
    make_returns();
    for (int compound = 0; compound < 2; compound++) {
        tw_expected_returns_config config;
        tw_expected_returns_config_init(&config);
        config.compound = compound != 0;
        assert_int_equal(run(&config), TW_OK);
        for (size_t j = 0; j < ASSETS; j++) {
            slow_sums of = slow_sums_of(returns + j, ASSETS, 1);
            long double wanted = compound != 0 ? expm1l(of.logarithms * 252 / (long double)of.count)
                                               : of.returns * 252 / (long double)of.count;
            assert_near(expected[j], (double)wanted, 1e-14);
            assert_int_equal(counts[j], of.count);
        }
    }
}

static void test_decaying_weights_count_all_rows(void **state) {
    (void)state;
    make_returns();
    for (int compound = 0; compound < 2; compound++) {
        tw_expected_returns_config config;
        tw_expected_returns_config_init(&config);
        config.kind = TW_EXPECTED_EXPONENTIAL;
        config.decay.value = 19;
        config.compound = compound != 0;
        assert_int_equal(run(&config), TW_OK);
        for (size_t j = 0; j < ASSETS; j++) {
            slow_sums of = slow_sums_of(returns + j, ASSETS, 0.9L);
            long double mean = of.returns / of.weights;
            long double wanted = compound != 0 ? powl(1 + mean, 252) - 1 : mean * 252;
            assert_near(expected[j], (double)wanted, 1e-13 * fabs((double)wanted) + 1e-14);
        }
    }
}

static long double slow_covariance(const double *a, size_t stride, const double *b) {
    long double sums[2] = {0, 0};
    long double products = 0;
    size_t count = 0;
    for (int pass = 0; pass < 2; pass++)
        for (size_t t = 0; t < ROWS; t++) {
            if (isnan(a[t * stride]) || isnan(b[t]))
                continue;
            if (pass == 0) {
                sums[0] += a[t * stride];
                sums[1] += b[t];
                count++;
            } else {
                products += (a[t * stride] - sums[0] / (long double)count) *
                            (b[t] - sums[1] / (long double)count);
            }
        }
    return products / (long double)(count - 1);
}

static void test_the_market_prices_assets_by_their_betas(void **state) {
    (void)state;
    make_returns();
    tw_expected_returns_config config;
    tw_expected_returns_config_init(&config);
    config.kind = TW_EXPECTED_MARKET;
    config.risk_free = (tw_rate){0.02, TW_RATE_PER_YEAR};
    config.compound = true;
    assert_int_equal(run(&config), TW_OK);
    slow_sums of = slow_sums_of(market, 1, 1);
    long double growth = expm1l(of.logarithms * 252 / (long double)of.count);
    for (size_t j = 0; j < ASSETS; j++) {
        long double beta =
            slow_covariance(returns + j, ASSETS, market) / slow_covariance(market, 1, market);
        assert_near(expected[j], (double)(0.02L + beta * (growth - 0.02L)), 1e-13);
    }
    double before = expected[1];
    config.risk_free = (tw_rate){0.02 / 252, TW_RATE_PER_PERIOD};
    assert_int_equal(run(&config), TW_OK);
    assert_near(expected[1], before, 1e-15);
}

static void test_ruin_and_nothing_have_their_answers(void **state) {
    (void)state;
    make_returns();
    for (size_t t = 0; t < ROWS; t++)
        returns[t * ASSETS + 1] = NAN;
    returns[30 * ASSETS] = -1;
    tw_expected_returns_config config;
    tw_expected_returns_config_init(&config);
    config.compound = true;
    assert_int_equal(run(&config), TW_OK);
    assert_true(expected[0] == -1 && isnan(expected[1]) && counts[1] == 0);
    config.kind = TW_EXPECTED_EXPONENTIAL;
    assert_int_equal(run(&config), TW_OK);
    assert_true(isnan(expected[1]));
}

static void expect_refusal(const tw_expected_returns_config *config, tw_status status,
                           const char *words) {
    expected[0] = 77;
    assert_int_equal(run(config), status);
    if (strstr(error.message, words) == NULL)
        fail_msg("'%s' does not say '%s'", error.message, words);
    assert_true(expected[0] == 77);
}

static void test_what_cannot_be_is_refused(void **state) {
    (void)state;
    make_returns();
    tw_expected_returns_config config;
    tw_expected_returns_config_init(&config);
    config.kind = 3;
    expect_refusal(&config, TW_RANGE, "kind");
    config.kind = TW_EXPECTED_EXPONENTIAL;
    config.decay.unit = TW_COVARIANCE_DECAY_MISSING;
    expect_refusal(&config, TW_RANGE, "decay");
    config.kind = TW_EXPECTED_MARKET;
    config.risk_free.unit = TW_RATE_UNIT_MISSING;
    expect_refusal(&config, TW_RANGE, "risk-free");
    config.periods_per_year = NAN;
    expect_refusal(&config, TW_RANGE, "periods per year");
    tw_expected_returns_config_init(&config);
    config.kind = TW_EXPECTED_MARKET;
    market[7] = INFINITY;
    expect_refusal(&config, TW_INVALID, "market's return in row 7");
    for (size_t t = 0; t < ROWS; t++)
        market[t] = 0.1;
    expect_refusal(&config, TW_EMPTY, "do not vary");
    returns[4 * ASSETS + 1] = -INFINITY;
    expect_refusal(&config, TW_INVALID, "asset 1 in row 4");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_history_is_the_mean_or_the_growth),
        cmocka_unit_test(test_decaying_weights_count_all_rows),
        cmocka_unit_test(test_the_market_prices_assets_by_their_betas),
        cmocka_unit_test(test_ruin_and_nothing_have_their_answers),
        cmocka_unit_test(test_what_cannot_be_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
