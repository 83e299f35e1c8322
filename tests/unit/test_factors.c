/*
 * test_factors.c - regressions on factors beside certified values, normal equations in long doubles
 * and exact cases; what is refused; and a portfolio's risk taken apart.
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
#include "failing_heap.h"
#include "tradewind/factors.h"
#include "tradewind/random.h"
#include "tradewind/workers.h"

#define ROWS 60
#define ASSETS 70 /* more than a tile */
#define FACTORS 4

static double returns[ROWS * ASSETS];
static double factors[ROWS * FACTORS];
static double alphas[ASSETS];
static double betas[ASSETS * FACTORS];
static double specific[ASSETS];
static double r_squared[ASSETS];
static double alpha_ts[ASSETS];
static double beta_ts[ASSETS * FACTORS];
static double factor_covariance[FACTORS * FACTORS];
static const tw_factors_answers answers = {alphas,   betas,   specific,         r_squared,
                                           alpha_ts, beta_ts, factor_covariance};
static const tw_factors_config plain = {0};
static tw_factors_report report;
static tw_error error;

static tw_status fit(const tw_factors_config *config, size_t rows, size_t assets, size_t count) {
    tw_factors_input input = {returns, factors, rows, assets, count};
    return tw_factors_fit(NULL, config, &input, &answers, &report, &error);
}

static void assert_says(const char *words) {
    if (strstr(error.message, words) == NULL)
        fail_msg("'%s' does not say '%s'", error.message, words);
}

static void assert_relative(double actual, double expected, double tolerance) {
    assert_near(actual, expected, tolerance * fabs(expected));
}

/* Longley's economic data, six factors all but collinear: certified by NIST (StRD, linear
 * regression).
 */
static void test_longley_agrees_with_the_certified_values(void **state) {
    (void)state;
    static const double y[16] = {60323, 61122, 60171, 61187, 63221, 63639, 64989, 63761,
                                 66019, 67857, 68169, 66513, 68655, 69564, 69331, 70551};
    static const double x[16 * 6] = {
        83.0,  234289, 2356, 1590, 107608, 1947, 88.5,  259426, 2325, 1456, 108632, 1948,
        88.2,  258054, 3682, 1616, 109773, 1949, 89.5,  284599, 3351, 1650, 110929, 1950,
        96.2,  328975, 2099, 3099, 112075, 1951, 98.1,  346999, 1932, 3594, 113270, 1952,
        99.0,  365385, 1870, 3547, 115094, 1953, 100.0, 363112, 3578, 3350, 116219, 1954,
        101.2, 397469, 2904, 3048, 117388, 1955, 104.6, 419180, 2822, 2857, 118734, 1956,
        108.4, 442769, 2936, 2798, 120445, 1957, 110.8, 444546, 4681, 2637, 121950, 1958,
        112.6, 482704, 3813, 2552, 123366, 1959, 114.2, 502601, 3931, 2514, 125368, 1960,
        115.7, 518173, 4806, 2572, 127852, 1961, 116.9, 554894, 4007, 2827, 130081, 1962};
    static const double certified[6] = {15.0618722713733,       -0.358191792925910e-01,
                                        -2.02022980381683,      -1.03322686717359,
                                        -0.511041056535807e-01, 1829.15146461355};
    static const double deviations[6] = {84.9149257747669,  0.334910077722432e-01,
                                         0.488399681651699, 0.214274163161675,
                                         0.226073200069370, 455.478499142212};
    double beta[6];
    double beta_t[6];
    double alpha;
    double alpha_t;
    double variance;
    double r2;
    tw_factors_answers to = {&alpha, beta, &variance, &r2, &alpha_t, beta_t, NULL};
    tw_factors_input input = {y, x, 16, 1, 6};
    assert_int_equal(tw_factors_fit(NULL, &plain, &input, &to, &report, &error), TW_OK);
    assert_int_equal(report.degrees, 9);
    for (size_t j = 0; j < 6; j++) {
        assert_relative(beta[j], certified[j], 1e-9);
        assert_relative(beta_t[j], certified[j] / deviations[j], 1e-9);
    }
    assert_relative(alpha, -3482258.63459582, 1e-9);
    assert_relative(alpha_t, -3482258.63459582 / 890420.383607373, 1e-9);
    assert_relative(sqrt(variance), 304.854073561965, 1e-9);
    assert_relative(r2, 0.995479004577296, 1e-12);
}

/* An asset that is a sum of factors: the sum is found and nothing is left. */
static void test_an_exact_sum_of_factors_is_found(void **state) {
    (void)state;
    for (size_t t = 0; t < 8; t++) {
        factors[t * 2] = (double)(t % 3);
        factors[t * 2 + 1] = (double)(t % 4);
        returns[t * 2] = 5 + 2 * factors[t * 2] - factors[t * 2 + 1];
        returns[t * 2 + 1] = 0.1; /* does not vary */
    }
    assert_int_equal(fit(&plain, 8, 2, 2), TW_OK);
    assert_near(alphas[0], 5, 1e-14);
    assert_near(betas[0], 2, 1e-14);
    assert_near(betas[1], -1, 1e-14);
    assert_near(r_squared[0], 1, 1e-15);
    assert_true(specific[0] < 1e-28);
    assert_true(alphas[1] == 0.1 && betas[2] == 0 && betas[3] == 0 && specific[1] == 0);
    assert_true(isnan(r_squared[1]) && isnan(beta_ts[2]));
}

/* Two factors that differ in their last digits: what the first explains is not spoilt by the
 * second.
 */
static void test_factors_that_are_nearly_one_leave_no_error(void **state) {
    (void)state;
    tw_random random;
    tw_random_init(&random, 9, 0);
    for (size_t t = 0; t < ROWS; t++) {
        returns[t] = tw_random_normal(&random);
        factors[t * 2] = returns[t];
        factors[t * 2 + 1] = returns[t] + 1e-11 * tw_random_normal(&random);
    }
    assert_int_equal(fit(&plain, ROWS, 1, 2), TW_OK);
    assert_true(specific[0] < 1e-28);
}

/* ---- Random regressions ---------------------------------------------------------------------- */

static void make_random(uint64_t seed) {
    tw_random random;
    tw_random_init(&random, seed, 0);
    for (size_t i = 0; i < sizeof factors / sizeof *factors; i++)
        factors[i] = 0.001 + 0.01 * tw_random_normal(&random);
    for (size_t t = 0; t < ROWS; t++)
        for (size_t i = 0; i < ASSETS; i++) {
            double value = 0.0002 + 0.005 * tw_random_normal(&random);
            for (size_t j = 0; j < FACTORS; j++)
                value += (double)((i + j) % 5) / 3 * factors[t * FACTORS + j];
            returns[t * ASSETS + i] = value;
        }
}

/* Residuals are at right angles to each factor and to 1: that is what least squares means. */
static void test_residuals_are_at_right_angles_to_factors(void **state) {
    (void)state;
    make_random(1);
    assert_int_equal(fit(&plain, ROWS, ASSETS, FACTORS), TW_OK);
    for (size_t i = 0; i < ASSETS; i++) {
        long double sums[FACTORS + 1] = {0};
        long double squares = 0;
        for (size_t t = 0; t < ROWS; t++) {
            long double left = (long double)returns[t * ASSETS + i] - alphas[i];
            for (size_t j = 0; j < FACTORS; j++)
                left -= (long double)betas[i * FACTORS + j] * factors[t * FACTORS + j];
            sums[FACTORS] += left;
            squares += left * left;
            for (size_t j = 0; j < FACTORS; j++)
                sums[j] += left * factors[t * FACTORS + j];
        }
        for (size_t j = 0; j <= FACTORS; j++)
            assert_near((double)sums[j], 0, 1e-15);
        assert_relative(specific[i], (double)(squares / (ROWS - FACTORS - 1)), 1e-12);
    }
    assert_int_equal(report.degrees, ROWS - FACTORS - 1);
}

static void test_runners_do_not_change_a_bit(void **state) {
    (void)state;
    make_random(2);
    assert_int_equal(fit(&plain, ROWS, ASSETS, FACTORS), TW_OK);
    double kept[ASSETS * FACTORS];
    memcpy(kept, beta_ts, sizeof kept);
    TW_AUTO(tw_workers) *workers = NULL;
    assert_int_equal(tw_workers_new(NULL, 3, &workers, NULL), TW_OK);
    tw_factors_config config = {.way = {.runner = tw_workers_runner(workers)}};
    assert_int_equal(fit(&config, ROWS, ASSETS, FACTORS), TW_OK);
    assert_memory_equal(kept, beta_ts, sizeof kept);
}

static void test_rows_with_gaps_are_skipped_or_refused(void **state) {
    (void)state;
    make_random(3);
    returns[5 * ASSETS + 68] = NAN;
    factors[9 * FACTORS + 2] = NAN;
    assert_int_equal(fit(&plain, ROWS, ASSETS, FACTORS), TW_OK);
    assert_int_equal(report.rows_used, ROWS - 2);
    assert_int_equal(report.rows_skipped, 2);
    double kept = betas[7];
    memmove(returns + 9 * ASSETS, returns + 10 * ASSETS, (ROWS - 10) * ASSETS * sizeof *returns);
    memmove(returns + 5 * ASSETS, returns + 6 * ASSETS, (ROWS - 7) * ASSETS * sizeof *returns);
    memmove(factors + 9 * FACTORS, factors + 10 * FACTORS, (ROWS - 10) * FACTORS * sizeof *factors);
    memmove(factors + 5 * FACTORS, factors + 6 * FACTORS, (ROWS - 7) * FACTORS * sizeof *factors);
    assert_int_equal(fit(&plain, ROWS - 2, ASSETS, FACTORS), TW_OK);
    assert_true(betas[7] == kept);
    make_random(3);
    tw_factors_config strict = {.refuse_missing = true};
    factors[9 * FACTORS + 2] = NAN;
    assert_int_equal(fit(&strict, ROWS, ASSETS, FACTORS), TW_INVALID);
    assert_says("factor 2 in row 9 is missing");
    returns[5 * ASSETS + 68] = INFINITY;
    assert_int_equal(fit(&plain, ROWS, ASSETS, FACTORS), TW_INVALID);
    assert_says("asset 68 in row 5 is infinite");
}

static void test_factors_that_say_nothing_new_are_named(void **state) {
    (void)state;
    make_random(4);
    for (size_t t = 0; t < ROWS; t++)
        factors[t * FACTORS + 3] = 2 * factors[t * FACTORS] - factors[t * FACTORS + 1] / 3 + 0.25;
    betas[0] = 77;
    assert_int_equal(fit(&plain, ROWS, ASSETS, FACTORS), TW_INVALID);
    assert_says("factor 3 is a combination");
    assert_int_equal(error.column, 4);
    assert_true(betas[0] == 77);
    for (size_t t = 0; t < ROWS; t++)
        factors[t * FACTORS + 1] = 0.1;
    assert_int_equal(fit(&plain, ROWS, ASSETS, FACTORS), TW_INVALID);
    assert_says("factor 1 does not vary");
    make_random(4);
    assert_int_equal(fit(&plain, FACTORS + 1, ASSETS, FACTORS), TW_EMPTY);
    assert_says("needs 6 whole rows and has 5");
    assert_int_equal(fit(&plain, FACTORS + 2, ASSETS, FACTORS), TW_OK);
    factors[0] = 1e200;
    assert_int_equal(fit(&plain, ROWS, ASSETS, FACTORS), TW_OVERFLOW);
}

/* ---- Risk ------------------------------------------------------------------------------------ */

static void test_a_portfolio_is_taken_apart(void **state) {
    (void)state;
    make_random(5);
    assert_int_equal(fit(&plain, ROWS, ASSETS, FACTORS), TW_OK);
    tw_factors_model model = {ASSETS, FACTORS, betas, factor_covariance, specific};
    static double matrix[ASSETS * ASSETS];
    double weights[ASSETS];
    double exposures[FACTORS];
    double parts[FACTORS];
    double of_assets[ASSETS];
    tw_factors_risk risk;
    for (size_t i = 0; i < ASSETS; i++)
        weights[i] = (double)(i % 7) / 100 - 0.01;
    tw_factors_covariance(&model, matrix);
    tw_factors_decompose(&model, weights, exposures, parts, of_assets, &risk);
    long double variance = 0;
    for (size_t i = 0; i < ASSETS; i++) {
        long double row = 0;
        for (size_t j = 0; j < ASSETS; j++)
            row += (long double)matrix[i * ASSETS + j] * weights[j];
        variance += weights[i] * row;
        assert_near(of_assets[i], (double)(weights[i] * row), 1e-17);
        assert_true(matrix[3 * ASSETS + i] == matrix[i * ASSETS + 3]);
    }
    double sum = 0;
    for (size_t j = 0; j < FACTORS; j++)
        sum += parts[j];
    assert_relative(risk.variance, (double)variance, 1e-12);
    assert_relative(sum, risk.factor_variance, 1e-14);
    assert_relative(risk.factor_variance + risk.specific_variance, risk.variance, 1e-15);
    double once = risk.variance;
    tw_factors_decompose(&model, weights, exposures, NULL, NULL, &risk);
    assert_true(risk.variance == once);
}

static tw_status fit_with_gaps(const tw_allocator *allocator, void *context) {
    (void)context;
    make_random(6);
    returns[3] = NAN;
    tw_factors_input input = {returns, factors, ROWS, ASSETS, FACTORS};
    return tw_factors_fit(allocator, &plain, &input, &answers, &report, &error);
}

static void test_nothing_is_left_when_memory_runs_out(void **state) {
    (void)state;
    assert_survives_failed_allocations(fit_with_gaps, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_longley_agrees_with_the_certified_values),
        cmocka_unit_test(test_an_exact_sum_of_factors_is_found),
        cmocka_unit_test(test_factors_that_are_nearly_one_leave_no_error),
        cmocka_unit_test(test_residuals_are_at_right_angles_to_factors),
        cmocka_unit_test(test_runners_do_not_change_a_bit),
        cmocka_unit_test(test_rows_with_gaps_are_skipped_or_refused),
        cmocka_unit_test(test_factors_that_say_nothing_new_are_named),
        cmocka_unit_test(test_a_portfolio_is_taken_apart),
        cmocka_unit_test(test_nothing_is_left_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
