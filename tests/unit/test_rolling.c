/* test_rolling.c - the rules of tradewind/rolling.h, one a test. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "assert_near.h"
#include "failing_heap.h"
#include "tradewind/rolling.h"

static tw_rolling *rolling_of(tw_rolling_config config) {
    tw_rolling *rolling = NULL;
    assert_int_equal(tw_rolling_new(NULL, &config, &rolling), TW_OK);
    return rolling;
}

static tw_rolling_stats push(tw_rolling *rolling, int64_t time_ns, double value) {
    assert_int_equal(tw_rolling_push(rolling, time_ns, value), TW_OK);
    tw_rolling_check(rolling);
    tw_rolling_stats stats;
    tw_rolling_read(rolling, &stats);
    return stats;
}

static void test_refuses_configurations_out_of_range(void **state) {
    (void)state;
    const tw_rolling_config configs[] = {
        {.count_max = 0},
        {.count_max = TW_ROLLING_COUNT_MAX + 1},
        {.count_max = 1, .count_min = 2},
        {.count_max = 1, .span_ns = -1},
        {.count_max = 1, .ddof = 2},
        {.count_max = 1, .quantile_count = TW_ROLLING_QUANTILE_MAX + 1},
        {.count_max = 1, .quantile_count = 1, .quantiles = {-0.1}},
    };
    for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++) {
        tw_rolling *rolling = NULL;
        assert_int_equal(tw_rolling_new(NULL, &configs[i], &rolling), TW_RANGE);
        assert_null(rolling);
    }
}

static void test_statistics_of_three_values(void **state) {
    (void)state;
    TW_AUTO(tw_rolling) *rolling = rolling_of(
        (tw_rolling_config){.count_max = 3, .ddof = 1, .quantile_count = 1, .quantiles = {0.75}});
    push(rolling, 1, 10);
    push(rolling, 2, 20);
    push(rolling, 3, 30);
    tw_rolling_stats stats = push(rolling, 4, 40);
    assert_true(stats.n == 3 && stats.sum == 90 && stats.mean == 30 && stats.variance == 100);
    assert_true(stats.stddev == 10 && stats.sem == 10 / sqrt(3));
    assert_true(stats.min == 20 && stats.max == 40 && stats.quantiles[0] == 35);
    assert_true(isnan(stats.quantiles[1]));
}

static void test_the_error_of_the_mean_may_be_by_degrees_of_freedom(void **state) {
    (void)state;
    TW_AUTO(tw_rolling) *rolling =
        rolling_of((tw_rolling_config){.count_max = 3, .ddof = 1, .sem_by_degrees = true});
    assert_true(isnan(push(rolling, 0, 1).sem));
    tw_rolling_stats stats = push(rolling, 1, 2);
    assert_true(stats.sem == stats.stddev);
}

static void test_there_is_no_answer_from_too_few(void **state) {
    (void)state;
    TW_AUTO(tw_rolling) *rolling =
        rolling_of((tw_rolling_config){.count_max = 5, .count_min = 2, .span_ns = 10});
    assert_true(isnan(push(rolling, 0, 7).mean));
    assert_true(push(rolling, 5, 9).mean == 8);
    assert_true(isnan(push(rolling, 30, 9).mean));
}

static void test_a_window_with_a_missing_value_has_no_answer(void **state) {
    (void)state;
    TW_AUTO(tw_rolling) *rolling =
        rolling_of((tw_rolling_config){.count_max = 2, .quantile_count = 1, .quantiles = {0.5}});
    push(rolling, 0, 1);
    tw_rolling_stats stats = push(rolling, 1, NAN);
    assert_true(stats.n == 2 && stats.missing == 1 && isnan(stats.mean) && isnan(stats.max));
    assert_true(isnan(push(rolling, 2, 3).quantiles[0]));
    assert_true(push(rolling, 3, 5).mean == 4); /* it has left */
    assert_true(isnan(push(rolling, 4, INFINITY).sum));
}

static void test_span_keeps_what_is_younger_than_it(void **state) {
    (void)state;
    TW_AUTO(tw_rolling) *rolling = rolling_of((tw_rolling_config){.count_max = 10, .span_ns = 60});
    push(rolling, 0, 1);
    push(rolling, 30, 2);
    assert_int_equal(push(rolling, 59, 3).n, 3);
    assert_int_equal(push(rolling, 60, 4).n, 3); /* time 0 is not in (0, 60] */
    assert_int_equal(tw_rolling_advance(rolling, 200), TW_OK);
    tw_rolling_stats stats;
    tw_rolling_read(rolling, &stats);
    assert_true(stats.n == 0 && isnan(stats.mean));
    assert_int_equal(tw_rolling_advance(rolling, 199), TW_INVALID);
}

static void test_bad_input_changes_nothing(void **state) {
    (void)state;
    TW_AUTO(tw_rolling) *rolling = rolling_of((tw_rolling_config){.count_max = 4, .span_ns = 50});
    push(rolling, 10, 5);
    tw_rolling_stats before = push(rolling, 20, 7);
    assert_int_equal(tw_rolling_push(rolling, 19, 1), TW_INVALID);
    assert_int_equal(tw_rolling_push(rolling, 300, 1e141), TW_RANGE);
    tw_rolling_stats after;
    tw_rolling_read(rolling, &after);
    assert_memory_equal(&before, &after, sizeof before);
}

static void test_equal_values_have_a_variance_of_exactly_zero(void **state) {
    (void)state;
    TW_AUTO(tw_rolling) *rolling = rolling_of((tw_rolling_config){.count_max = 7});
    push(rolling, 0, 1e17);
    for (int64_t i = 1; i < 40; i++) {
        tw_rolling_stats stats = push(rolling, i, 0.1);
        if (i >= 7)
            assert_true(stats.variance == 0 && stats.mean == 0.1);
    }
}

static void test_a_huge_value_that_left_leaves_no_trace(void **state) {
    (void)state;
    TW_AUTO(tw_rolling) *dirty = rolling_of((tw_rolling_config){.count_max = 3});
    TW_AUTO(tw_rolling) *clean = rolling_of((tw_rolling_config){.count_max = 3});
    /* Three pushes in both, so that the halves of both meet at the same places. */
    for (int64_t i = 0; i < 3; i++) {
        push(dirty, i, i == 1 ? 1e139 : -1e130);
        push(clean, i, 1);
    }
    for (int64_t i = 3; i < 20; i++) {
        tw_rolling_stats a = push(dirty, i, 0.1 * (double)(i % 5));
        tw_rolling_stats b = push(clean, i, 0.1 * (double)(i % 5));
        if (i >= 5)
            assert_memory_equal(&a, &b, sizeof a);
    }
}

static void test_clear_starts_anew(void **state) {
    (void)state;
    TW_AUTO(tw_rolling) *rolling =
        rolling_of((tw_rolling_config){.count_max = 2, .quantile_count = 1, .quantiles = {0.5}});
    push(rolling, 100, 5);
    tw_rolling_clear(rolling);
    tw_rolling_stats stats = push(rolling, 1, 9); /* time may start over */
    assert_true(stats.n == 1 && stats.mean == 9 && stats.quantiles[0] == 9);
}

static void test_ewma_keeps_its_state_over_a_missing_value(void **state) {
    (void)state;
    tw_ewma ewma = {.halflife_ns = 10};
    assert_true(isnan(tw_ewma_push(&ewma, 0, NAN)));
    assert_true(tw_ewma_push(&ewma, 5, 8) == 8);
    assert_true(isnan(tw_ewma_push(&ewma, 10, INFINITY)));
    assert_near(tw_ewma_push(&ewma, 15, 4), 6, 1e-15); /* one halflife after 8 */
}

static tw_status make_and_free(const tw_allocator *allocator, void *context) {
    (void)context;
    tw_rolling_config config = {.count_max = 16, .quantile_count = 1};
    TW_AUTO(tw_rolling) *rolling = NULL;
    tw_status status = tw_rolling_new(allocator, &config, &rolling);
    for (int64_t i = 0; status == TW_OK && i < 40; i++)
        status = tw_rolling_push(rolling, i, 1);
    return status;
}

static void test_leaves_nothing_when_memory_runs_out(void **state) {
    (void)state;
    assert_survives_failed_allocations(make_and_free, NULL);
}

static void test_takes_all_memory_at_creation(void **state) {
    (void)state;
    failing_heap heap;
    failing_heap_init(&heap);
    tw_rolling_config config = {.count_max = 3000, .quantile_count = 1};
    tw_rolling *rolling = NULL;
    assert_int_equal(tw_rolling_new(&heap.allocator, &config, &rolling), TW_OK);
    uint64_t attempts = heap.attempts;
    for (int64_t i = 0; i < 9000; i++)
        assert_int_equal(tw_rolling_push(rolling, i, sin((double)i)), TW_OK);
    assert_int_equal(heap.attempts, attempts);
    tw_rolling_free(rolling);
    assert_int_equal(heap.bytes_out, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refuses_configurations_out_of_range),
        cmocka_unit_test(test_statistics_of_three_values),
        cmocka_unit_test(test_the_error_of_the_mean_may_be_by_degrees_of_freedom),
        cmocka_unit_test(test_there_is_no_answer_from_too_few),
        cmocka_unit_test(test_a_window_with_a_missing_value_has_no_answer),
        cmocka_unit_test(test_span_keeps_what_is_younger_than_it),
        cmocka_unit_test(test_bad_input_changes_nothing),
        cmocka_unit_test(test_equal_values_have_a_variance_of_exactly_zero),
        cmocka_unit_test(test_a_huge_value_that_left_leaves_no_trace),
        cmocka_unit_test(test_clear_starts_anew),
        cmocka_unit_test(test_ewma_keeps_its_state_over_a_missing_value),
        cmocka_unit_test(test_leaves_nothing_when_memory_runs_out),
        cmocka_unit_test(test_takes_all_memory_at_creation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
