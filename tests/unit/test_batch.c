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
        cmocka_unit_test(test_moments_leave_out_what_is_missing),
        cmocka_unit_test(test_zscores_of_a_constant_column_are_not_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
