/* test_quantile.c - ranks of quantiles and tails. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "assert_near.h"
#include "tradewind/quantile.h"

/* Those of R's quantile(1:10, 0.25), and of quantile(1:10, 0.2), which is a step. */
static void test_the_nine_types_are_those_of_r(void **state) {
    (void)state;
    static const double quarter[9] = {3, 3, 2, 2.5, 3, 2.75, 3.25, 35 / 12.0, 2.9375};
    static const double fifth[9] = {2, 2.5, 2, 2, 2.5, 2.2, 2.8, 2.4, 2.425};
    static const double values[10] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    for (unsigned type = 1; type <= 9; type++) {
        tw_quantile_kind kind = (tw_quantile_kind)type;
        assert_near(tw_quantile_sorted(kind, values, 10, 0.25), quarter[type - 1], 1e-14);
        assert_near(tw_quantile_sorted(kind, values, 10, 0.2), fifth[type - 1], 1e-14);
    }
}

static void test_the_value_before_or_after_is_one_of_them(void **state) {
    (void)state;
    static const double values[5] = {1, 2, 3, 4, 5};
    assert_true(tw_quantile_sorted(TW_QUANTILE_LOWER, values, 5, 0.3) == 2);
    assert_true(tw_quantile_sorted(TW_QUANTILE_HIGHER, values, 5, 0.3) == 3);
    assert_true(tw_quantile_sorted(TW_QUANTILE_LOWER, values, 5, 0.5) == 3);
    assert_true(tw_quantile_sorted(TW_QUANTILE_HIGHER, values, 5, 0.5) == 3);
}

static void test_every_kind_stays_within_the_values(void **state) {
    (void)state;
    static const double values[3] = {-1, 0, 7};
    for (unsigned kind = TW_QUANTILE_KIND_MIN; kind <= TW_QUANTILE_KIND_MAX; kind++) {
        assert_true(tw_quantile_sorted((tw_quantile_kind)kind, values, 3, 0) == -1);
        assert_true(tw_quantile_sorted((tw_quantile_kind)kind, values, 3, 1) == 7);
        tw_quantile_place one = tw_quantile_place_of((tw_quantile_kind)kind, 1, 0.3);
        assert_true(one.low == 0 && one.high == 0 && one.part == 0);
    }
}

/* k % of n values are n k / 100 of them, in whole numbers. */
static void expect_whole(size_t count, size_t percent, double probability) {
    size_t whole = count * percent / 100;
    tw_quantile_place step = tw_quantile_place_of(TW_QUANTILE_STEP, count, probability);
    tw_quantile_place mean = tw_quantile_place_of(TW_QUANTILE_STEP_MEAN, count, probability);
    tw_tail_reach reach = tw_tail_reach_of(TW_SHORTFALL_CONTINUOUS, count, probability);
    assert_int_equal(step.low, whole - 1);
    assert_true(mean.low == whole - 1 && mean.part == 0.5);
    assert_int_equal(reach.whole, whole);
    assert_true(reach.part == 0);
    /* One value more stands as far between its ranks. */
    tw_quantile_place linear = tw_quantile_place_of(TW_QUANTILE_LINEAR, count + 1, probability);
    assert_int_equal(linear.low, whole);
    assert_true(linear.part == 0);
    assert_int_equal(tw_quantile_place_of(TW_QUANTILE_LOWER, count + 1, probability).low, whole);
    assert_int_equal(tw_quantile_place_of(TW_QUANTILE_HIGHER, count + 1, probability).low, whole);
    assert_int_equal(tw_tail_reach_of(TW_SHORTFALL_FIRST, count + 1, probability).whole, whole + 1);
}

static void test_a_whole_rank_is_whole_however_its_probability_was_made(void **state) {
    (void)state;
    assert_true(0.07 * 100 > 7); /* what this is about */
    for (size_t count = 1; count <= 10000; count += count < 1200 ? 1 : 37) {
        for (size_t percent = 1; percent < 100; percent++) {
            if (count * percent % 100 != 0)
                continue;
            expect_whole(count, percent, (double)percent / 100);
            expect_whole(count, percent, 1 - (double)(100 - percent) / 100);
        }
    }
}

static void test_a_share_that_is_not_whole_stays_what_it_is(void **state) {
    (void)state;
    tw_tail_reach reach = tw_tail_reach_of(TW_SHORTFALL_CONTINUOUS, 250, 0.05);
    assert_true(reach.whole == 12 && reach.part == 0.5);
    tw_quantile_place place = tw_quantile_place_of(TW_QUANTILE_LINEAR, 5, 0.3);
    assert_true(place.low == 1 && place.high == 2);
    assert_near(place.part, 0.2, 1e-15);
    assert_int_equal(tw_quantile_place_of(TW_QUANTILE_STEP, 1000, 0.0701).low, 70);
}

static void test_a_tail_has_a_part_of_the_worst_however_small_it_is(void **state) {
    (void)state;
    tw_tail_reach reach = tw_tail_reach_of(TW_SHORTFALL_CONTINUOUS, 10, 1e-300);
    assert_true(reach.whole == 0 && reach.part == 10 * 1e-300);
    reach = tw_tail_reach_of(TW_SHORTFALL_CONTINUOUS, 10, 0);
    assert_true(reach.whole == 0 && reach.part == 0);
    reach = tw_tail_reach_of(TW_SHORTFALL_CONTINUOUS, 10, 1);
    assert_true(reach.whole == 10 && reach.part == 0);
    assert_int_equal(tw_tail_reach_of(TW_SHORTFALL_FIRST, 10, 0).whole, 1);
    assert_int_equal(tw_tail_reach_of(TW_SHORTFALL_FIRST, 10, 1).whole, 10);
}

static void test_equal_neighbours_are_what_is_between_them(void **state) {
    (void)state;
    const tw_quantile_place place = {3, 4, 0.3};
    assert_true(tw_quantile_between(place, 0.1, 0.1) == 0.1);
    assert_true(tw_quantile_between(place, -1e150, -1e150) == -1e150);
}

static void test_every_kind_has_a_phrase_of_its_own(void **state) {
    (void)state;
    for (unsigned a = TW_QUANTILE_KIND_MIN; a <= TW_QUANTILE_KIND_MAX; a++)
        for (unsigned b = TW_QUANTILE_KIND_MIN; b < a; b++)
            assert_string_not_equal(tw_quantile_text((tw_quantile_kind)a),
                                    tw_quantile_text((tw_quantile_kind)b));
    for (unsigned a = 0; a <= TW_SHORTFALL_KIND_MAX; a++)
        assert_string_not_equal(tw_shortfall_text((tw_shortfall_kind)a), "unknown");
    assert_string_equal(tw_quantile_text((tw_quantile_kind)0), "unknown");
    assert_string_equal(tw_shortfall_text((tw_shortfall_kind)3), "unknown");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_nine_types_are_those_of_r),
        cmocka_unit_test(test_the_value_before_or_after_is_one_of_them),
        cmocka_unit_test(test_every_kind_stays_within_the_values),
        cmocka_unit_test(test_a_whole_rank_is_whole_however_its_probability_was_made),
        cmocka_unit_test(test_a_share_that_is_not_whole_stays_what_it_is),
        cmocka_unit_test(test_a_tail_has_a_part_of_the_worst_however_small_it_is),
        cmocka_unit_test(test_equal_neighbours_are_what_is_between_them),
        cmocka_unit_test(test_every_kind_has_a_phrase_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
