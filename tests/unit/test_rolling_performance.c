/*
 * test_rolling_performance.c - the rules that rolling_performance.h states.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "assert_near.h"
#include "failing_heap.h"
#include "tradewind/rolling_performance.h"

static const tw_figure figures[] = {TW_FIGURE_MEAN, TW_FIGURE_BETA, TW_FIGURE_VALUE_AT_RISK};
enum { FIGURE_COUNT = sizeof figures / sizeof figures[0] };

static tw_rolling_performance_config config_of(size_t window) {
    tw_rolling_performance_config config = {
        .window = window, .figures = figures, .figure_count = FIGURE_COUNT};
    tw_performance_config_init(&config.performance);
    return config;
}

static void test_options_outside_their_limits_are_refused(void **state) {
    (void)state;
    static const tw_figure none[] = {TW_FIGURE_COUNT};
    tw_rolling_performance *rolling = NULL;
    tw_error error = {0};
    tw_rolling_performance_config config = config_of(0);
    assert_int_equal(tw_rolling_performance_new(NULL, &config, &rolling, &error), TW_RANGE);
    assert_string_equal(error.message, "window must be at least 1");
    config = config_of(3);
    config.figure_count = 0;
    assert_int_equal(tw_rolling_performance_new(NULL, &config, &rolling, &error), TW_RANGE);
    config = config_of(3);
    config.figures = none;
    config.figure_count = 1;
    assert_int_equal(tw_rolling_performance_new(NULL, &config, &rolling, &error), TW_RANGE);
    assert_string_equal(error.message, "figure 0 is none that there is");
    config = config_of(3);
    config.performance.tail = 7;
    assert_int_equal(tw_rolling_performance_new(NULL, &config, &rolling, &error), TW_RANGE);
    assert_null(rolling);
}

static void test_the_oldest_leaves_a_full_window(void **state) {
    (void)state;
    tw_rolling_performance_config config = config_of(2);
    TW_AUTO(tw_rolling_performance) *rolling = NULL;
    assert_int_equal(tw_rolling_performance_new(NULL, &config, &rolling, NULL), TW_OK);
    double values[FIGURE_COUNT];
    tw_rolling_performance_read(rolling, values);
    assert_true(isnan(values[0]) && isnan(values[1]) && isnan(values[2]));
    const double series[] = {0.1, 0.3, 0.5, NAN};
    const double means[] = {0.1, 0.2, 0.4, 0.5};
    for (size_t i = 0; i < 4; i++) {
        tw_rolling_observation one = {.value = series[i], .benchmark = series[i]};
        assert_int_equal(tw_rolling_performance_push(rolling, &one, NULL), TW_OK);
        tw_rolling_performance_read(rolling, values);
        assert_near(values[0], means[i], 1e-15);
        assert_int_equal(tw_rolling_performance_count(rolling), i == 0 ? 1 : 2);
    }
    tw_rolling_performance_clear(rolling);
    assert_int_equal(tw_rolling_performance_count(rolling), 0);
    tw_rolling_performance_read(rolling, values);
    assert_true(isnan(values[0]));
}

static void test_a_refused_observation_changes_nothing(void **state) {
    (void)state;
    tw_rolling_performance_config config = config_of(2);
    config.performance.fail_missing = true;
    TW_AUTO(tw_rolling_performance) *rolling = NULL;
    assert_int_equal(tw_rolling_performance_new(NULL, &config, &rolling, NULL), TW_OK);
    const tw_rolling_observation good = {.value = 0.1};
    const tw_rolling_observation bad[] = {
        {.value = INFINITY}, {.value = NAN}, {.value = 0.1, .benchmark = -1e200}};
    assert_int_equal(tw_rolling_performance_push(rolling, &good, NULL), TW_OK);
    for (size_t i = 0; i < 3; i++) {
        tw_error error = {0};
        assert_int_equal(tw_rolling_performance_push(rolling, &bad[i], &error), TW_INVALID);
        assert_true(error.message[0] != 0);
    }
    assert_int_equal(tw_rolling_performance_count(rolling), 1);
}

static void test_it_is_told_which_figures_are_computed_anew(void **state) {
    (void)state;
    assert_true(tw_rolling_performance_is_anew(TW_FIGURE_VALUE_AT_RISK));
    assert_true(tw_rolling_performance_is_anew(TW_FIGURE_ULCER_INDEX));
    assert_false(tw_rolling_performance_is_anew(TW_FIGURE_SHARPE));
    assert_false(tw_rolling_performance_is_anew(TW_FIGURE_MAX_DRAWDOWN));
    assert_false(tw_rolling_performance_is_anew(TW_FIGURE_UP_CAPTURE));
}

static tw_status make_and_use(const tw_allocator *allocator, void *context) {
    (void)context;
    tw_rolling_performance_config config = config_of(4);
    const tw_rolling_observation one = {.value = 0.1, .benchmark = 0.2};
    TW_AUTO(tw_rolling_performance) *rolling = NULL;
    tw_status status = tw_rolling_performance_new(allocator, &config, &rolling, NULL);
    for (size_t i = 0; status == TW_OK && i < 9; i++)
        status = tw_rolling_performance_push(rolling, &one, NULL);
    return status;
}

static void test_leaves_nothing_when_memory_runs_out(void **state) {
    (void)state;
    assert_survives_failed_allocations(make_and_use, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options_outside_their_limits_are_refused),
        cmocka_unit_test(test_the_oldest_leaves_a_full_window),
        cmocka_unit_test(test_a_refused_observation_changes_nothing),
        cmocka_unit_test(test_it_is_told_which_figures_are_computed_anew),
        cmocka_unit_test(test_leaves_nothing_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
