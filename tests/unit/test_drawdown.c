/*
 * test_drawdown.c - the rules that drawdown.h states.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "assert_near.h"
#include "tradewind/drawdown.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static void test_a_loss_in_the_first_period_is_a_drawdown(void **state) {
    (void)state;
    const double returns[] = {-0.1, 0.2};
    tw_drawdown found[2];
    size_t count = 9;
    assert_int_equal(tw_drawdowns_find(returns, 2, found, 2, &count, NULL), TW_OK);
    assert_int_equal(count, 1);
    assert_near(found[0].depth, 0.1, 1e-16);
    assert_int_equal(found[0].start, 0);
    assert_int_equal(found[0].trough, 0);
    assert_int_equal(found[0].end, 1);
    assert_int_equal(found[0].length, 2);
    assert_int_equal(found[0].to_trough, 1);
    assert_int_equal(found[0].to_recovery, 1);
    assert_true(found[0].recovered);
}

/* Values 1, 1.25, 1, 1.5, 0.75, 0.6, 1.2: the first recovers at 3, the second not at all. */
static const double two[] = {0.25, -0.2, 0.5, -0.5, -0.2, 1};

static void test_the_deepest_come_first_and_open_ones_end_after_the_last_row(void **state) {
    (void)state;
    tw_drawdown found[3];
    size_t count = 0;
    assert_int_equal(tw_drawdowns_find(two, COUNT(two), found, 3, &count, NULL), TW_OK);
    assert_int_equal(count, 2);
    assert_near(found[0].depth, 0.6, 1e-15);
    assert_int_equal(found[0].start, 3);
    assert_int_equal(found[0].trough, 4);
    assert_int_equal(found[0].end, 6);
    assert_false(found[0].recovered);
    assert_near(found[1].depth, 0.2, 1e-15);
    assert_int_equal(found[1].end, 2);
    assert_true(found[1].recovered);
}

static void test_only_the_deepest_are_kept_and_all_are_counted(void **state) {
    (void)state;
    double returns[40];
    for (size_t i = 0; i < 40; i++)
        returns[i] = i % 2 == 0 ? -0.01 * (double)(i * 7 % 11 + 1) : 1;
    tw_drawdown found[5];
    size_t count = 0;
    assert_int_equal(tw_drawdowns_find(returns, 40, found, 5, &count, NULL), TW_OK);
    assert_int_equal(count, 20);
    for (size_t i = 1; i < 5; i++)
        assert_true(found[i - 1].depth > found[i].depth ||
                    (found[i - 1].depth == found[i].depth && found[i - 1].start < found[i].start));
    assert_near(found[0].depth, 0.11, 1e-15);
    const double ties[] = {-0.25, 1, -0.5, 1, -0.5, 1};
    assert_int_equal(tw_drawdowns_find(ties, 6, found, 2, &count, NULL), TW_OK);
    assert_int_equal(found[0].start, 2);
    assert_int_equal(found[1].start, 4);
    assert_int_equal(tw_drawdowns_find(returns, 40, NULL, 0, &count, NULL), TW_OK);
    assert_int_equal(count, 20);
}

static void test_missing_returns_are_passed_over(void **state) {
    (void)state;
    const double returns[] = {NAN, -0.5, NAN, 1, NAN};
    tw_drawdown found[1];
    double depths[5];
    size_t count = 0;
    assert_int_equal(tw_drawdowns_find(returns, 5, found, 1, &count, NULL), TW_OK);
    assert_int_equal(count, 1);
    assert_int_equal(found[0].start, 1);
    assert_int_equal(found[0].end, 3);
    tw_drawdowns_series(returns, 5, depths);
    assert_true(isnan(depths[0]) && isnan(depths[2]) && isnan(depths[4]));
    assert_true(depths[1] == 0.5 && depths[3] == 0);
}

static void test_there_is_no_recovery_from_ruin(void **state) {
    (void)state;
    const double returns[] = {0.1, -1.2, 5, 5};
    tw_drawdown found[1];
    double depths[4];
    size_t count = 0;
    assert_int_equal(tw_drawdowns_find(returns, 4, found, 1, &count, NULL), TW_OK);
    assert_int_equal(count, 1);
    assert_true(found[0].depth == 1 && !found[0].recovered);
    tw_drawdowns_series(returns, 4, depths);
    assert_true(depths[0] == 0 && depths[1] == 1 && depths[3] == 1);
}

static void test_nothing_falls_in_nothing_and_infinities_are_refused(void **state) {
    (void)state;
    const double bad[] = {0.1, INFINITY};
    const double rises[] = {0.1, 0, 0.1};
    size_t count = 7;
    tw_error error = {0};
    assert_int_equal(tw_drawdowns_find(NULL, 0, NULL, 0, &count, NULL), TW_OK);
    assert_int_equal(count, 0);
    assert_int_equal(tw_drawdowns_find(rises, 3, NULL, 0, &count, NULL), TW_OK);
    assert_int_equal(count, 0);
    count = 7;
    assert_int_equal(tw_drawdowns_find(bad, 2, NULL, 0, &count, &error), TW_INVALID);
    assert_int_equal(count, 7);
    assert_string_equal(error.message, "the return in row 1 is infinite");
}

static void test_a_value_beyond_doubles_still_has_drawdowns(void **state) {
    (void)state;
    double returns[64];
    double depths[64];
    for (size_t i = 0; i < 64; i++)
        returns[i] = i % 8 == 7 ? -0.25 : 1e30;
    tw_drawdowns_series(returns, 64, depths);
    for (size_t i = 0; i < 64; i++)
        assert_near(depths[i], i % 8 == 7 ? 0.25 : 0, 1e-15);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_loss_in_the_first_period_is_a_drawdown),
        cmocka_unit_test(test_the_deepest_come_first_and_open_ones_end_after_the_last_row),
        cmocka_unit_test(test_only_the_deepest_are_kept_and_all_are_counted),
        cmocka_unit_test(test_missing_returns_are_passed_over),
        cmocka_unit_test(test_there_is_no_recovery_from_ruin),
        cmocka_unit_test(test_nothing_falls_in_nothing_and_infinities_are_refused),
        cmocka_unit_test(test_a_value_beyond_doubles_still_has_drawdowns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
