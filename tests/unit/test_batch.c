/* test_batch.c - the rules of tradewind/batch.h, one a test. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "assert_near.h"
#include "tradewind/batch.h"

static void test_returns_from_prices(void **state) {
    (void)state;
    const double prices[3][2] = {{100, 10}, {110, NAN}, {99, 12}};
    double out[2][2];
    tw_batch_shape shape = {3, 2};
    tw_batch_returns(NULL, shape, &prices[0][0], TW_BATCH_SIMPLE, &out[0][0]);
    assert_true(out[0][0] == 0.1);
    assert_near(out[1][0], -0.1, 1e-15);
    assert_true(isnan(out[0][1]) && isnan(out[1][1]));
    tw_batch_returns(NULL, shape, &prices[0][0], TW_BATCH_LOG, &out[0][0]);
    assert_near(out[0][0], log(1.1), 1e-15);
    assert_true(isnan(out[0][1]));
}

static void test_prices_that_are_not_positive_have_no_return(void **state) {
    (void)state;
    const double prices[4] = {1, 0, 2, -3};
    double out[3];
    tw_batch_returns(NULL, (tw_batch_shape){4, 1}, prices, TW_BATCH_SIMPLE, out);
    assert_true(isnan(out[0]) && isnan(out[1]) && isnan(out[2]));
    tw_batch_returns(NULL, (tw_batch_shape){4, 1}, prices, TW_BATCH_LOG, out);
    assert_true(isnan(out[0]) && isnan(out[1]) && isnan(out[2]));
}

/* The sum of both is beyond the largest double. */
static void test_the_logarithm_of_huge_prices_is_as_exact_as_others(void **state) {
    (void)state;
    const double prices[2] = {1.7e308, 1.75e308};
    const double halves[2] = {0.5 * 1.7e308, 0.5 * 1.75e308};
    double out;
    double expected;
    tw_batch_returns(NULL, (tw_batch_shape){2, 1}, prices, TW_BATCH_LOG, &out);
    tw_batch_returns(NULL, (tw_batch_shape){2, 1}, halves, TW_BATCH_LOG, &expected);
    assert_near(out / expected, 1, 1e-15);
}

static void test_the_logarithm_of_an_extreme_ratio_keeps_its_digits(void **state) {
    (void)state;
    const double far[4][2] = {{1e300, 1e-20}, {1e-20, 1e300}, {1e-310, 1}, {1, 3}};
    for (size_t i = 0; i < 4; i++) {
        double out = 0;
        tw_batch_returns(NULL, (tw_batch_shape){2, 1}, far[i], TW_BATCH_LOG, &out);
        assert_near(out / (log(far[i][1]) - log(far[i][0])), 1, 1e-15);
    }
}

static void test_a_row_of_as_many_values_as_freedoms_has_no_scores(void **state) {
    (void)state;
    const double rows[2][3] = {{1, 2, NAN}, {1, 2, 4}};
    double out[2][3];
    tw_batch_row_zscores(NULL, (tw_batch_shape){2, 3}, rows[0], 2, out[0]);
    assert_true(isnan(out[0][0]) && isnan(out[0][1]) && isnan(out[0][2]));
    assert_true(isfinite(out[1][0]) && isfinite(out[1][2]));
}

/* More columns than are scored together. */
static void test_wide_matrices_are_scored_column_by_column(void **state) {
    (void)state;
    enum { WIDE = 5000 };
    static double wide[3][WIDE];
    static double out[3][WIDE];
    for (size_t j = 0; j < WIDE; j++) {
        wide[0][j] = (double)j;
        wide[1][j] = (double)j + 1 + (double)(j % 3);
        wide[2][j] = (double)j + 2 + (double)(j % 5);
    }
    tw_batch_zscores(NULL, (tw_batch_shape){3, WIDE}, wide[0], 1, out[0]);
    for (size_t j = 0; j < WIDE; j++) {
        const double column[3] = {wide[0][j], wide[1][j], wide[2][j]};
        double alone[3];
        tw_batch_zscores(NULL, (tw_batch_shape){3, 1}, column, 1, alone);
        assert_true(out[0][j] == alone[0] && out[1][j] == alone[1] && out[2][j] == alone[2]);
    }
}

static void test_long_rows_are_ranked(void **state) {
    (void)state;
    enum { WIDE = 70000 };
    static double row[WIDE];
    static double ranks[WIDE];
    static double scratch[TW_BATCH_RANK_PARTS * TW_BATCH_RANK_SCRATCH * WIDE];
    for (size_t j = 0; j < WIDE; j++)
        row[j] = (double)(j * 7919 % WIDE) - WIDE / 2; /* each number once, negative ones too */
    tw_batch_ranks(NULL, (tw_batch_shape){1, WIDE}, row, TW_BATCH_RANK, scratch, ranks);
    for (size_t j = 0; j < WIDE; j++)
        assert_true(ranks[j] == row[j] + WIDE / 2 + 1);
    const double zeros[3] = {0.0, -0.0, -1};
    tw_batch_ranks(NULL, (tw_batch_shape){1, 3}, zeros, TW_BATCH_RANK, scratch, ranks);
    assert_true(ranks[0] == 2.5 && ranks[1] == 2.5 && ranks[2] == 1);
}

static void test_moments_leave_out_what_is_missing(void **state) {
    (void)state;
    const double values[4][3] = {{1, 0.1, NAN}, {2, 0.1, NAN}, {NAN, 0.1, 5}, {3, 0.1, NAN}};
    double means[3];
    double stddevs[3];
    double counts[3];
    tw_batch_moments(NULL, (tw_batch_shape){4, 3}, &values[0][0], 1,
                     (tw_batch_moment_rows){means, stddevs, counts});
    assert_true(means[0] == 2 && stddevs[0] == 1 && counts[0] == 3);
    assert_true(means[1] == 0.1 && stddevs[1] == 0);
    assert_true(means[2] == 5 && isnan(stddevs[2]) && counts[2] == 1);
    tw_batch_moments(NULL, (tw_batch_shape){0, 3}, &values[0][0], 1,
                     (tw_batch_moment_rows){means, stddevs, counts});
    assert_true(isnan(means[0]) && isnan(stddevs[0]) && counts[0] == 0);
}

static void test_zscores_of_a_constant_column_are_not_numbers(void **state) {
    (void)state;
    const double values[3][2] = {{1, 4}, {2, 4}, {3, 4}};
    double out[3][2];
    tw_batch_zscores(NULL, (tw_batch_shape){3, 2}, &values[0][0], 1, &out[0][0]);
    assert_true(out[0][0] == -1 && out[1][0] == 0 && out[2][0] == 1);
    assert_true(isnan(out[0][1]) && isnan(out[2][1]));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_returns_from_prices),
        cmocka_unit_test(test_prices_that_are_not_positive_have_no_return),
        cmocka_unit_test(test_the_logarithm_of_huge_prices_is_as_exact_as_others),
        cmocka_unit_test(test_the_logarithm_of_an_extreme_ratio_keeps_its_digits),
        cmocka_unit_test(test_a_row_of_as_many_values_as_freedoms_has_no_scores),
        cmocka_unit_test(test_wide_matrices_are_scored_column_by_column),
        cmocka_unit_test(test_long_rows_are_ranked),
        cmocka_unit_test(test_moments_leave_out_what_is_missing),
        cmocka_unit_test(test_zscores_of_a_constant_column_are_not_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
