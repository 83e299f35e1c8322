/* test_window.c - the rules of tradewind/window.h, one a test. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "assert_near.h"
#include "failing_heap.h"
#include "tradewind/time.h"
#include "tradewind/window.h"

static tw_window *window_of(uint32_t count_max, int64_t span_ns, uint32_t ema_count) {
    tw_window_config config = {.count_max = count_max, .span_ns = span_ns, .ema_count = ema_count};
    tw_window *window = NULL;
    assert_int_equal(tw_window_new(NULL, &config, &window), TW_OK);
    return window;
}

static tw_window_stats push(tw_window *window, int64_t time_ns, double price, double volume) {
    assert_int_equal(tw_window_push(window, time_ns, price, volume), TW_OK);
    tw_window_check(window);
    tw_window_stats stats;
    tw_window_read(window, &stats);
    return stats;
}

static void test_refuses_configurations_out_of_range(void **state) {
    (void)state;
    tw_window *window = NULL;
    tw_window_config config = {.count_max = 0};
    assert_int_equal(tw_window_new(NULL, &config, &window), TW_RANGE);
    config = (tw_window_config){.count_max = 1, .span_ns = -1};
    assert_int_equal(tw_window_new(NULL, &config, &window), TW_RANGE);
    config = (tw_window_config){.count_max = TW_WINDOW_COUNT_MAX + 1};
    assert_int_equal(tw_window_new(NULL, &config, &window), TW_RANGE);
    assert_null(window);
}

static void test_empty_window_has_no_numbers(void **state) {
    (void)state;
    TW_AUTO(tw_window) *window = window_of(3, 0, 0);
    tw_window_stats stats;
    tw_window_read(window, &stats);
    assert_int_equal(stats.n, 0);
    assert_true(isnan(stats.mean) && isnan(stats.variance) && isnan(stats.min));
    assert_true(isnan(stats.vwap) && isnan(stats.ema));
    assert_true(stats.sum == 0 && stats.complete);
}

static void test_statistics_of_a_window_by_count(void **state) {
    (void)state;
    TW_AUTO(tw_window) *window = window_of(3, 0, 0);
    push(window, 1, 10, 1);
    push(window, 2, 20, 1);
    push(window, 3, 30, 2);
    tw_window_stats stats = push(window, 4, 40, 4);
    assert_int_equal(stats.n, 3);
    assert_true(stats.sum == 90 && stats.mean == 30 && stats.min == 20 && stats.max == 40);
    assert_near(stats.variance, 200.0 / 3, 1e-12);
    assert_near(stats.stddev, sqrt(200.0 / 3), 1e-12);
    assert_true(stats.volume == 7 && stats.vwap == 240.0 / 7);
    assert_int_equal(stats.oldest_ns, 2);
    assert_int_equal(stats.newest_ns, 4);
    assert_int_equal(stats.crowded_out, 0);
}

static void test_ema_is_seeded_by_the_first_price(void **state) {
    (void)state;
    TW_AUTO(tw_window) *window = window_of(100, 0, 3); /* alpha 1/2 */
    assert_true(push(window, 0, 8, 1).ema == 8);
    assert_true(push(window, 1, 16, 1).ema == 12);
    assert_true(push(window, 2, 0, 1).ema == 6);
}

static void test_span_keeps_what_is_younger_than_it(void **state) {
    (void)state;
    TW_AUTO(tw_window) *window = window_of(10, 60, 0);
    push(window, 0, 1, 1);
    push(window, 30, 2, 1);
    assert_int_equal(push(window, 59, 3, 1).n, 3);
    assert_int_equal(push(window, 60, 4, 1).n, 3); /* time 0 is not in (0, 60] */
    assert_int_equal(tw_window_advance(window, 200), TW_OK);
    tw_window_stats stats;
    tw_window_read(window, &stats);
    assert_int_equal(stats.n, 0);
    assert_int_equal(tw_window_advance(window, 199), TW_INVALID);
}

static void test_a_full_span_window_drops_the_oldest_and_says_so(void **state) {
    (void)state;
    TW_AUTO(tw_window) *window = window_of(2, 100, 0);
    push(window, 0, 1, 1);
    assert_true(push(window, 1, 2, 1).complete);
    tw_window_stats stats = push(window, 2, 3, 1);
    assert_int_equal(stats.n, 2);
    assert_int_equal(stats.crowded_out, 1);
    assert_false(stats.complete);
    stats = push(window, 101, 4, 1); /* 1 has just left: 0, which was dropped, is gone too */
    assert_true(stats.complete);
}

static void test_bad_input_changes_nothing(void **state) {
    (void)state;
    TW_AUTO(tw_window) *window = window_of(4, 50, 0);
    push(window, 10, 5, 1);
    tw_window_stats before = push(window, 20, 7, 2);
    assert_int_equal(tw_window_push(window, 30, NAN, 1), TW_INVALID);
    assert_int_equal(tw_window_push(window, 30, INFINITY, 1), TW_INVALID);
    assert_int_equal(tw_window_push(window, 30, 1, NAN), TW_INVALID);
    assert_int_equal(tw_window_push(window, 30, 1, -1), TW_INVALID);
    assert_int_equal(tw_window_push(window, 19, 1, 1), TW_INVALID);
    assert_int_equal(tw_window_push(window, 300, 1e141, 1), TW_RANGE);
    tw_window_stats after;
    tw_window_read(window, &after);
    assert_memory_equal(&before, &after, sizeof before);
}

static void test_equal_prices_have_a_variance_of_exactly_zero(void **state) {
    (void)state;
    TW_AUTO(tw_window) *window = window_of(7, 0, 0);
    push(window, 0, 1e17, 3);
    for (int64_t i = 1; i < 40; i++) {
        tw_window_stats stats = push(window, i, 0.1, 0.3);
        if (i < 7)
            continue;
        assert_true(stats.variance == 0 && stats.mean == 0.1 && stats.vwap == 0.1);
    }
}

static void test_a_huge_value_that_left_leaves_no_trace(void **state) {
    (void)state;
    TW_AUTO(tw_window) *dirty = window_of(3, 0, 0);
    TW_AUTO(tw_window) *clean = window_of(3, 0, 0);
    /* Three pushes in both, so that the stacks of both turn over at the same places. */
    for (int64_t i = 0; i < 3; i++) {
        push(dirty, i, i == 1 ? 1e139 : -1e130, 1e100);
        push(clean, i, 1, 1);
    }
    for (int64_t i = 3; i < 20; i++) {
        tw_window_stats a = push(dirty, i, 0.1 * (double)(i % 5), 1);
        tw_window_stats b = push(clean, i, 0.1 * (double)(i % 5), 1);
        a.ema = b.ema = 0; /* the ema looks back by definition */
        if (i >= 5)
            assert_memory_equal(&a, &b, sizeof a);
    }
}

static void test_vwap_without_volume_is_not_a_number(void **state) {
    (void)state;
    TW_AUTO(tw_window) *window = window_of(2, 0, 0);
    assert_true(isnan(push(window, 0, 5, 0).vwap));
    assert_true(push(window, 1, 7, 2).vwap == 7);
}

static void test_clear_starts_anew(void **state) {
    (void)state;
    TW_AUTO(tw_window) *window = window_of(2, 0, 0);
    push(window, 100, 5, 1);
    tw_window_clear(window);
    tw_window_stats stats = push(window, 1, 9, 1); /* time may start over */
    assert_true(stats.n == 1 && stats.mean == 9 && stats.ema == 9);
}

static tw_status make_and_free(const tw_allocator *allocator, void *context) {
    (void)context;
    tw_window_config config = {.count_max = 16};
    TW_AUTO(tw_window) *window = NULL;
    tw_status status = tw_window_new(allocator, &config, &window);
    for (int64_t i = 0; status == TW_OK && i < 40; i++)
        status = tw_window_push(window, i, 1, 1);
    return status;
}

static void test_leaves_nothing_when_memory_runs_out(void **state) {
    (void)state;
    assert_survives_failed_allocations(make_and_free, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refuses_configurations_out_of_range),
        cmocka_unit_test(test_empty_window_has_no_numbers),
        cmocka_unit_test(test_statistics_of_a_window_by_count),
        cmocka_unit_test(test_ema_is_seeded_by_the_first_price),
        cmocka_unit_test(test_span_keeps_what_is_younger_than_it),
        cmocka_unit_test(test_a_full_span_window_drops_the_oldest_and_says_so),
        cmocka_unit_test(test_bad_input_changes_nothing),
        cmocka_unit_test(test_equal_prices_have_a_variance_of_exactly_zero),
        cmocka_unit_test(test_a_huge_value_that_left_leaves_no_trace),
        cmocka_unit_test(test_vwap_without_volume_is_not_a_number),
        cmocka_unit_test(test_clear_starts_anew),
        cmocka_unit_test(test_leaves_nothing_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
