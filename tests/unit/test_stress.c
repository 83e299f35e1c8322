/* test_stress.c - the rules of tradewind/stress.h, one a test. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "assert_near.h"
#include "tradewind/stress.h"

#define ROWS 4

static const tw_stress_window march = {
    .name = "march", .title = "a march", .from = {2020, 3, 3}, .to = {2020, 3, 4}};

static int64_t day(int32_t year, int32_t month, int32_t number) {
    int64_t days = 0;
    assert_int_equal(tw_date_to_days((tw_date){year, month, number}, &days), TW_OK);
    return days * TW_NS_PER_DAY;
}

static const double returns[ROWS][3] = {
    {0.5, 0.5, 0.5}, {-0.1, 0.2, 0.0}, {-0.5, 0.1, NAN}, {0.5, 0.5, 0.5}};

/* 2 to 5 March 2020, at noon. */
static const int64_t *times(void) {
    static int64_t values[ROWS];
    for (int32_t t = 0; t < ROWS; t++)
        values[t] = day(2020, 3, 2 + t) + TW_NS_PER_DAY / 2;
    return values;
}

static void test_a_window_replays_its_days_and_no_others(void **state) {
    (void)state;
    const double weights[3] = {0.6, -0.5, 0};
    const tw_stress_input input = {&returns[0][0], times(), weights, ROWS, 3};
    tw_stress_result r;
    double losses[3];
    assert_int_equal(tw_stress_replay(&input, &march, &r, losses, NULL), TW_OK);
    assert_near(losses[0], 0.6 * (1 - 0.9 * 0.5), 1e-16);
    assert_near(losses[1], 0.5 * (1.2 * 1.1 - 1), 1e-15); /* what is short loses when it rises */
    assert_true(losses[2] == 0);
    assert_near(r.loss, losses[0] + losses[1], 1e-16);
    assert_int_equal(r.rows, 2);
    assert_int_equal(r.coverage, TW_STRESS_WHOLE);
    assert_int_equal(r.worst_asset, 0);
    assert_int_equal(r.missing, 0);
}

static void test_a_held_asset_without_a_return_is_missing(void **state) {
    (void)state;
    const double weights[3] = {0.5, 0.2, -0.3};
    const tw_stress_input input = {&returns[0][0], times(), weights, ROWS, 3};
    tw_stress_result r;
    double losses[3];
    assert_int_equal(tw_stress_replay(&input, &march, &r, losses, NULL), TW_OK);
    assert_true(isnan(losses[2]));
    assert_int_equal(r.missing, 1);
    assert_near(r.missing_weight, 0.3, 1e-16);
    assert_near(r.loss, losses[0] + losses[1], 1e-16);
}

static void test_coverage_tells_how_much_of_the_window_there_is(void **state) {
    (void)state;
    const double weights[3] = {0.5, 0.5, 0};
    tw_stress_input input = {&returns[0][0], times(), weights, ROWS, 3};
    tw_stress_result r;
    double losses[3];
    tw_stress_window window = march;
    window.from = (tw_date){2020, 2, 28};
    assert_int_equal(tw_stress_replay(&input, &window, &r, losses, NULL), TW_OK);
    assert_int_equal(r.coverage, TW_STRESS_PART);
    assert_int_equal(r.rows, 3);
    window.from = (tw_date){2020, 3, 2};
    window.to = (tw_date){2020, 3, 6};
    assert_int_equal(tw_stress_replay(&input, &window, &r, losses, NULL), TW_OK);
    assert_int_equal(r.coverage, TW_STRESS_PART);
    window.from = window.to;
    assert_int_equal(tw_stress_replay(&input, &window, &r, losses, NULL), TW_OK);
    assert_int_equal(r.coverage, TW_STRESS_NONE);
    assert_true(isnan(r.loss) && isnan(losses[0]) && losses[2] == 0);
    assert_int_equal(r.missing, 2);
    input.rows = 0;
    assert_int_equal(tw_stress_replay(&input, &march, &r, losses, NULL), TW_OK);
    assert_int_equal(r.coverage, TW_STRESS_NONE);
}

static void test_days_before_1970_are_days(void **state) {
    (void)state;
    const double one = 1;
    const double falls[2] = {-0.1, -0.2};
    const int64_t then[2] = {day(1962, 5, 28) + 1, day(1962, 5, 29) + 1};
    const tw_stress_window window = {"flash_1962", "1962", {1962, 5, 28}, {1962, 5, 28}};
    const tw_stress_input input = {falls, then, &one, 2, 1};
    tw_stress_result r;
    double loss;
    assert_int_equal(tw_stress_replay(&input, &window, &r, &loss, NULL), TW_OK);
    assert_int_equal(r.rows, 1);
    assert_near(loss, 0.1, 1e-16);
}

static void test_the_table_of_crises_is_in_order(void **state) {
    (void)state;
    const tw_stress_window *windows = NULL;
    size_t count = tw_stress_windows(&windows);
    assert_true(count >= 10);
    int64_t before = INT64_MIN;
    for (size_t k = 0; k < count; k++) {
        int64_t from = day(windows[k].from.year, windows[k].from.month, windows[k].from.day);
        int64_t to = day(windows[k].to.year, windows[k].to.month, windows[k].to.day);
        assert_true(from <= to && before <= from);
        assert_int_not_equal(tw_weekday_of_days(from / TW_NS_PER_DAY) % 6, 0); /* no weekend */
        assert_int_not_equal(tw_weekday_of_days(to / TW_NS_PER_DAY) % 6, 0);
        assert_ptr_equal(tw_stress_window_find(windows[k].name), &windows[k]);
        assert_true(windows[k].title[0] != 0);
        before = from;
    }
    assert_null(tw_stress_window_find("tulips_1637"));
}

static void test_own_shocks_go_before_betas(void **state) {
    (void)state;
    const double weights[3] = {0.5, 0.4, -0.2};
    const double betas[3][2] = {{1.2, 0}, {0.8, 0.5}, {2, 1}};
    const tw_stress_holdings holdings = {weights, &betas[0][0], 3, 2};
    const tw_stress_shock own[1] = {{2, -0.3}};
    const tw_stress_shock market[2] = {{0, -0.1}, {1, 0.02}};
    const tw_stress_scenario scenario = {own, 1, market, 2};
    tw_stress_result r;
    double losses[3];
    assert_int_equal(tw_stress_apply(&holdings, &scenario, &r, losses, NULL), TW_OK);
    assert_near(losses[0], 0.5 * 0.12, 1e-16);
    assert_near(losses[1], 0.4 * (0.08 - 0.01), 1e-16);
    assert_near(losses[2], -0.2 * 0.3, 1e-16);
    assert_near(r.loss, 0.06 + 0.028 - 0.06, 1e-16);
    assert_int_equal(r.worst_asset, 0);
}

static void test_a_beta_that_is_not_known_is_missing(void **state) {
    (void)state;
    const double weights[2] = {0.5, 0.5};
    const double betas[2] = {NAN, 1};
    const tw_stress_holdings holdings = {weights, betas, 2, 1};
    const tw_stress_shock market = {0, -0.1};
    tw_stress_scenario scenario = {NULL, 0, &market, 1};
    tw_stress_result r;
    double losses[2];
    assert_int_equal(tw_stress_apply(&holdings, &scenario, &r, losses, NULL), TW_OK);
    assert_int_equal(r.missing, 1);
    assert_true(isnan(losses[0]));
    assert_near(r.loss, 0.05, 1e-17);
    scenario.factor_count = 0; /* no factor moves, so no beta is asked for */
    assert_int_equal(tw_stress_apply(&holdings, &scenario, &r, losses, NULL), TW_OK);
    assert_true(r.missing == 0 && r.loss == 0);
    assert_int_equal(r.worst_asset, 2);
}

static void test_bad_input_has_a_status_and_a_sentence(void **state) {
    (void)state;
    tw_error error = {0};
    tw_stress_result r;
    double losses[3];
    const double weights[3] = {0.5, 0.5, 0};
    const double endless[3] = {0.5, INFINITY, 0};
    tw_stress_input input = {&returns[0][0], times(), endless, ROWS, 3};
    assert_int_equal(tw_stress_replay(&input, &march, &r, losses, &error), TW_INVALID);
    assert_non_null(strstr(error.message, "asset 1"));
    input.weights = weights;
    tw_stress_window window = march;
    window.to = (tw_date){2020, 3, 1};
    assert_int_equal(tw_stress_replay(&input, &window, &r, losses, &error), TW_RANGE);
    window.to = (tw_date){2020, 2, 30};
    assert_int_equal(tw_stress_replay(&input, &window, &r, losses, &error), TW_RANGE);
    const int64_t still[ROWS] = {1, 2, 2, 3};
    input.times_ns = still;
    assert_int_equal(tw_stress_replay(&input, &march, &r, losses, &error), TW_INVALID);
    assert_non_null(strstr(error.message, "row 2"));
    const double bad[ROWS][3] = {{0}, {0}, {0, -INFINITY, 0}, {0}};
    input.times_ns = times();
    input.returns = &bad[0][0];
    assert_int_equal(tw_stress_replay(&input, &march, &r, losses, &error), TW_INVALID);
    assert_non_null(strstr(error.message, "asset 1 in row 2"));

    const double betas[3] = {1, 1, 1};
    tw_stress_holdings holdings = {weights, betas, 3, 1};
    tw_stress_shock shocks[2] = {{3, -0.1}, {1, 0.1}};
    const tw_stress_scenario own = {shocks, 2, NULL, 0};
    const tw_stress_scenario factors = {NULL, 0, shocks, 1};
    assert_int_equal(tw_stress_apply(&holdings, &own, &r, losses, &error), TW_RANGE);
    shocks[0].index = 1;
    assert_int_equal(tw_stress_apply(&holdings, &own, &r, losses, &error), TW_INVALID);
    assert_non_null(strstr(error.message, "twice"));
    assert_int_equal(tw_stress_apply(&holdings, &factors, &r, losses, &error), TW_RANGE);
    shocks[0] = (tw_stress_shock){0, -1.5};
    assert_int_equal(tw_stress_apply(&holdings, &own, &r, losses, &error), TW_RANGE);
    shocks[0].change = NAN;
    assert_int_equal(tw_stress_apply(&holdings, &own, &r, losses, &error), TW_INVALID);
    const double sharp[3] = {1, 1, INFINITY};
    shocks[0].change = -0.1;
    holdings.betas = sharp;
    assert_int_equal(tw_stress_apply(&holdings, &factors, &r, losses, &error), TW_INVALID);
    assert_non_null(strstr(error.message, "asset 2 to factor 0"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_window_replays_its_days_and_no_others),
        cmocka_unit_test(test_a_held_asset_without_a_return_is_missing),
        cmocka_unit_test(test_coverage_tells_how_much_of_the_window_there_is),
        cmocka_unit_test(test_days_before_1970_are_days),
        cmocka_unit_test(test_the_table_of_crises_is_in_order),
        cmocka_unit_test(test_own_shocks_go_before_betas),
        cmocka_unit_test(test_a_beta_that_is_not_known_is_missing),
        cmocka_unit_test(test_bad_input_has_a_status_and_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
