/* test_batch_clean.c - the rules of tradewind/batch_clean.h, one a test. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tradewind/batch_clean.h"

static void test_fill_goes_forward_up_to_its_limit(void **state) {
    (void)state;
    double values[6] = {NAN, 1, NAN, NAN, NAN, 2};
    tw_batch_shape shape = {6, 1};
    assert_int_equal(tw_batch_fill_forward(NULL, shape, values, 0), 0);
    assert_int_equal(tw_batch_fill_forward(NULL, shape, values, 2), 2);
    assert_true(isnan(values[0]) && values[2] == 1 && values[3] == 1 && isnan(values[4]));
    double again[4] = {1, NAN, INFINITY, NAN};
    assert_int_equal(
        tw_batch_fill_forward(NULL, (tw_batch_shape){4, 1}, again, TW_BATCH_FILL_UNLIMITED), 3);
    assert_true(again[3] == 1);
}

static void test_select_and_pack_keep_columns_with_history(void **state) {
    (void)state;
    double values[3][3] = {{1, NAN, 7}, {2, 5, 8}, {3, NAN, NAN}};
    tw_batch_shape shape = {3, 3};
    uint8_t mask[3];
    assert_int_equal(tw_batch_select(shape, &values[0][0], 2, 0, mask), 2);
    assert_true(mask[0] == 1 && mask[1] == 0 && mask[2] == 1);
    assert_int_equal(tw_batch_select(shape, &values[0][0], 2, 1, mask), 1);
    assert_true(mask[2] == 0);
    mask[2] = 1;
    assert_int_equal(tw_batch_pack(shape, &values[0][0], mask, &values[0][0]), 2);
    const double *packed = &values[0][0];
    assert_true(packed[0] == 1 && packed[1] == 7 && packed[2] == 2 && packed[3] == 8);
    assert_true(packed[4] == 3 && isnan(packed[5]));
}

/* ---- Outliers ------------------------------------------------------------------------------ */

static const tw_batch_outlier_rule rule = {.window = 5, .count_min = 4, .threshold = 5};

static void test_an_outlier_is_far_from_the_median_of_those_before(void **state) {
    (void)state;
    /* Before row 5: median 3, distances 2 1 0 1 2, their median 1, so the bound is 3 +- 7.413. */
    double values[8] = {1, 2, 3, 4, 5, 10.4, 10.5, NAN};
    uint8_t flags[8];
    size_t count = 9;
    tw_batch_shape shape = {6, 1};
    assert_int_equal(tw_batch_outliers(NULL, shape, values, &rule, flags, &count), TW_OK);
    assert_int_equal(count, 0);
    values[5] = 10.42;
    assert_int_equal(tw_batch_outliers(NULL, shape, values, &rule, flags, &count), TW_OK);
    assert_int_equal(count, 1);
    assert_true(flags[5] == 1 && flags[4] == 0);
}

static void test_nothing_is_said_of_few_values_or_of_equal_ones(void **state) {
    (void)state;
    const double few[4] = {1, 2, 3, 1000};
    const double equal[6] = {7, 7, 7, 7, 7, 8};
    uint8_t flags[6];
    size_t count = 9;
    assert_int_equal(tw_batch_outliers(NULL, (tw_batch_shape){4, 1}, few, &rule, flags, &count),
                     TW_OK);
    assert_int_equal(count, 0);
    assert_int_equal(tw_batch_outliers(NULL, (tw_batch_shape){6, 1}, equal, &rule, flags, &count),
                     TW_OK);
    assert_int_equal(count, 0);
}

static size_t spikes_of(size_t rows, const double *prices, uint8_t *flags) {
    size_t count = 9;
    assert_int_equal(tw_batch_spikes(NULL, (tw_batch_shape){rows, 1}, prices, &rule, flags, &count),
                     TW_OK);
    return count;
}

static void test_a_price_that_comes_back_is_a_spike_and_news_is_not(void **state) {
    (void)state;
    const double wrong[10] = {100, 101, 100, 102, 101, 102, 10.2, NAN, 102, 103};
    const double news[10] = {100, 101, 100, 102, 101, 102, 80, 81, 80, 81};
    const double newest[7] = {100, 101, 100, 102, 101, 102, 10.2};
    uint8_t flags[10];
    assert_int_equal(spikes_of(10, wrong, flags), 1);
    assert_int_equal(flags[6], 1);
    assert_int_equal(spikes_of(10, news, flags), 0);
    assert_int_equal(spikes_of(7, newest, flags), 0);
}

static void test_a_rule_outside_of_its_limits_is_refused(void **state) {
    (void)state;
    const tw_batch_outlier_rule bad[] = {{2, 2, 5}, {TW_BATCH_OUTLIER_WINDOW_MAX + 1, 4, 5},
                                         {5, 2, 5}, {5, 6, 5},
                                         {5, 4, 0}, {5, 4, NAN}};
    const double values[2] = {1, 2};
    uint8_t flags[2] = {9, 9};
    size_t count = 9;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        tw_batch_shape shape = {2, 1};
        assert_int_equal(tw_batch_outliers(NULL, shape, values, &bad[i], flags, &count), TW_RANGE);
        assert_int_equal(tw_batch_spikes(NULL, shape, values, &bad[i], flags, &count), TW_RANGE);
    }
    assert_true(count == 9 && flags[0] == 9);
}

static void test_what_is_flagged_can_be_dropped(void **state) {
    (void)state;
    double values[4] = {1, NAN, 3, 4};
    const uint8_t flags[4] = {0, 1, 1, 0};
    assert_int_equal(tw_batch_drop((tw_batch_shape){2, 2}, flags, values), 1);
    assert_true(values[0] == 1 && isnan(values[1]) && isnan(values[2]) && values[3] == 4);
}

/* ---- Splits -------------------------------------------------------------------------------- */

static void test_what_is_before_a_split_is_adjusted(void **state) {
    (void)state;
    double prices[4][2] = {{400, 10}, {404, 10}, {101, 10}, {50, 10}};
    double volumes[4][2] = {{1, 1}, {1, 1}, {4, 1}, {8, 1}};
    const tw_batch_split splits[] = {{3, 0, 2}, {2, 0, 4}};
    tw_batch_shape shape = {4, 2};
    assert_int_equal(tw_batch_adjust_prices(shape, splits, 2, prices[0]), TW_OK);
    assert_int_equal(tw_batch_adjust_volumes(shape, splits, 2, volumes[0]), TW_OK);
    assert_true(prices[0][0] == 50 && prices[1][0] == 50.5 && prices[2][0] == 50.5);
    assert_true(prices[3][0] == 50 && prices[0][1] == 10);
    assert_true(volumes[0][0] == 8 && volumes[2][0] == 8 && volumes[3][0] == 8);
}

static void test_a_split_that_cannot_be_changes_nothing(void **state) {
    (void)state;
    double prices[2] = {4, 2};
    const tw_batch_split bad[][2] = {{{1, 0, 2}, {2, 0, 2}},
                                     {{1, 0, 2}, {1, 1, 2}},
                                     {{1, 0, 2}, {1, 0, 0}},
                                     {{1, 0, 2}, {1, 0, INFINITY}}};
    for (size_t i = 0; i < 4; i++) {
        tw_batch_shape shape = {2, 1};
        assert_int_equal(tw_batch_adjust_prices(shape, bad[i], 2, prices), TW_RANGE);
        assert_int_equal(tw_batch_adjust_volumes(shape, bad[i], 2, prices), TW_RANGE);
        assert_true(prices[0] == 4);
    }
}

static void test_jumps_of_usual_ratios_are_found(void **state) {
    (void)state;
    /* 4:1 over a gap, nothing, 1:10, and a fall by 45 %. */
    const double prices[6][2] = {{400, 2}, {NAN, 2.1}, {101, 21}, {100, 21}, {55, 21}, {55, 20}};
    tw_batch_split splits[2];
    tw_batch_shape shape = {6, 2};
    assert_int_equal(tw_batch_find_splits(shape, prices[0], 0.02, splits, 2), 2);
    assert_true(splits[0].row == 2 && splits[0].column == 0 && splits[0].ratio == 4);
    assert_true(splits[1].row == 2 && splits[1].column == 1 && splits[1].ratio == 0.1);
    assert_int_equal(tw_batch_find_splits(shape, prices[0], 0.02, splits, 0), 2);
    assert_int_equal(tw_batch_find_splits(shape, prices[0], 0, splits, 2), 1);
    const double near[2] = {9.9, 1};
    assert_int_equal(tw_batch_find_splits((tw_batch_shape){2, 1}, near, 0.12, splits, 2), 1);
    assert_true(splits[0].ratio == 10);
    const double usual[] = {1.5, 2, 2.5, 3, 4, 100};
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++) {
        const double fell[2] = {usual[i], 1};
        assert_int_equal(tw_batch_find_splits((tw_batch_shape){2, 1}, fell, 0.001, splits, 2), 1);
        assert_true(splits[0].ratio == usual[i]);
    }
    const double endless[2] = {INFINITY, 1};
    assert_int_equal(tw_batch_find_splits((tw_batch_shape){2, 1}, endless, 10, splits, 2), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fill_goes_forward_up_to_its_limit),
        cmocka_unit_test(test_select_and_pack_keep_columns_with_history),
        cmocka_unit_test(test_an_outlier_is_far_from_the_median_of_those_before),
        cmocka_unit_test(test_nothing_is_said_of_few_values_or_of_equal_ones),
        cmocka_unit_test(test_a_price_that_comes_back_is_a_spike_and_news_is_not),
        cmocka_unit_test(test_a_rule_outside_of_its_limits_is_refused),
        cmocka_unit_test(test_what_is_flagged_can_be_dropped),
        cmocka_unit_test(test_what_is_before_a_split_is_adjusted),
        cmocka_unit_test(test_a_split_that_cannot_be_changes_nothing),
        cmocka_unit_test(test_jumps_of_usual_ratios_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
