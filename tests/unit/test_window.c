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

static tw_window *window_of(uint32_t count_max, tw_window_spec spec) {
    tw_window_config config = {.count_max = count_max, .window_count = 1, .windows = {spec}};
    tw_window *window = NULL;
    assert_int_equal(tw_window_new(NULL, &config, &window), TW_OK);
    return window;
}

static tw_window_stats read_now(const tw_window *window) {
    tw_window_stats stats;
    tw_window_read(window, 0, &stats);
    return stats;
}

static tw_window_stats push_nano(tw_window *window, int64_t time_ns, int64_t price,
                                 int64_t quantity) {
    assert_int_equal(tw_window_push(window, time_ns, (tw_price){price}, (tw_quantity){quantity}),
                     TW_OK);
    tw_window_check(window);
    return read_now(window);
}

/* In whole units. */
static tw_window_stats push(tw_window *window, int64_t time_ns, int64_t price, int64_t quantity) {
    return push_nano(window, time_ns, price * TW_NANO, quantity * TW_NANO);
}

static void assert_refused(tw_window_config config) {
    tw_window *window = NULL;
    tw_windows *windows = NULL;
    assert_int_equal(tw_window_new(NULL, &config, &window), TW_RANGE);
    assert_int_equal(tw_windows_new(NULL, &config, 1, &windows), TW_RANGE);
    assert_null(window);
    assert_null(windows);
}

static void test_refuses_configurations_out_of_range(void **state) {
    (void)state;
    assert_refused((tw_window_config){.count_max = 0, .window_count = 1});
    assert_refused((tw_window_config){.count_max = TW_WINDOW_COUNT_MAX + 1, .window_count = 1});
    assert_refused((tw_window_config){.count_max = 1, .window_count = 0});
    assert_refused((tw_window_config){.count_max = 1, .window_count = TW_WINDOW_SPEC_MAX + 1});
    assert_refused((tw_window_config){
        .count_max = 5, .window_count = 1, .cpu_level = (tw_cpu_level)TW_CPU_LEVEL_COUNT});
    const tw_window_spec specs[] = {
        {.count = 6},
        {.span_ns = -1},
        {.ema_span_ns = -1},
        {.ddof = 2},
        {.ema_count = TW_WINDOW_COUNT_MAX + 1},
        {.quantile_count = TW_WINDOW_QUANTILE_MAX + 1},
        {.quantile_count = 1, .quantiles = {1.5}},
        {.quantile_count = 1, .quantiles = {NAN}},
    };
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++)
        assert_refused(
            (tw_window_config){.count_max = 5, .window_count = 2, .windows = {{0}, specs[i]}});
}

static void test_empty_window_has_no_numbers(void **state) {
    (void)state;
    TW_AUTO(tw_window) *window = window_of(3, (tw_window_spec){.span_ns = 5, .volatility = true});
    tw_window_stats stats = read_now(window);
    assert_int_equal(stats.n, 0);
    assert_true(isnan(stats.mean) && isnan(stats.variance) && isnan(stats.min));
    assert_true(isnan(stats.vwap) && isnan(stats.ema) && isnan(stats.ema_time));
    assert_true(isnan(stats.z_score) && isnan(stats.volatility) && isnan(stats.quantiles[0]));
    assert_true(stats.sum == 0 && stats.volume == 0 && stats.complete);
}

static void test_statistics_of_a_window_by_count(void **state) {
    (void)state;
    TW_AUTO(tw_window) *window = window_of(3, (tw_window_spec){0});
    push(window, 1, 10, 1);
    push(window, 2, 20, 1);
    push(window, 3, 30, 2);
    tw_window_stats stats = push(window, 4, 40, 4);
    assert_int_equal(stats.n, 3);
    assert_true(stats.sum == 90 && stats.mean == 30 && stats.min == 20 && stats.max == 40);
    assert_true(stats.range == 20 && stats.variance == 200.0 / 3);
    assert_true(stats.stddev == sqrt(200.0 / 3) && stats.z_score == 10 / stats.stddev);
    assert_true(stats.volume == 7 && stats.vwap == 240.0 / 7);
    assert_int_equal(stats.oldest_ns, 2);
    assert_int_equal(stats.newest_ns, 4);
    assert_int_equal(stats.crowded_out, 0);
    assert_true(isnan(stats.volatility) && isnan(stats.quantiles[0])); /* not asked for */
}

static void test_windows_of_one_ring_are_each_their_own(void **state) {
    (void)state;
    tw_window_config config = {.count_max = 10,
                               .window_count = 3,
                               .windows = {{.count = 2}, {.count = 5}, {.span_ns = 3}}};
    TW_AUTO(tw_window) *window = NULL;
    assert_int_equal(tw_window_new(NULL, &config, &window), TW_OK);
    for (int64_t i = 1; i <= 20; i++)
        push(window, i, i, 1);
    const uint64_t counts[] = {2, 5, 3};
    for (uint32_t j = 0; j < 3; j++) {
        tw_window_stats stats;
        tw_window_read(window, j, &stats);
        assert_int_equal(stats.n, counts[j]);
        assert_true(stats.max == 20 && stats.min == 21 - (double)counts[j]);
    }
}

static void test_deviations_are_divided_by_n_less_ddof(void **state) {
    (void)state;
    TW_AUTO(tw_window) *window = window_of(4, (tw_window_spec){.ddof = 1});
    tw_window_stats stats = push(window, 0, 1, 1);
    assert_true(isnan(stats.variance) && isnan(stats.stddev) && isnan(stats.z_score));
    assert_true(push(window, 1, 3, 1).variance == 2);
}

static void test_ema_is_seeded_by_the_first_price(void **state) {
    (void)state;
    TW_AUTO(tw_window) *window = window_of(100, (tw_window_spec){.ema_count = 3}); /* alpha 1/2 */
    assert_true(push(window, 0, 8, 1).ema == 8);
    assert_true(push(window, 1, 16, 1).ema == 12);
    assert_true(push(window, 2, 0, 1).ema == 6);
}

static void test_ema_may_begin_as_the_mean_of_the_first_prices(void **state) {
    (void)state;
    TW_AUTO(tw_window) *window =
        window_of(100, (tw_window_spec){.ema_count = 3, .ema_from_mean = true});
    assert_true(isnan(push(window, 0, 8, 1).ema));
    assert_true(isnan(push(window, 1, 16, 1).ema));
    assert_true(push(window, 2, 0, 1).ema == 8);
    assert_true(push(window, 3, 16, 1).ema == 12);
}

static void test_ema_by_time_weighs_by_what_has_gone_by(void **state) {
    (void)state;
    TW_AUTO(tw_window) *window =
        window_of(100, (tw_window_spec){.span_ns = 60, .ema_span_ns = 100});
    assert_true(push(window, 0, 10, 1).ema_time == 10);
    assert_near(push(window, 50, 20, 1).ema_time, 10 + 10 * (1 - exp(-0.5)), 1e-14);
    double before = read_now(window).ema_time;
    assert_true(push(window, 50, 99, 1).ema_time == before); /* no time, no weight */
    assert_near(push(window, 1000000, 30, 1).ema_time, 30, 0);
}

static void test_span_keeps_what_is_younger_than_it(void **state) {
    (void)state;
    TW_AUTO(tw_window) *window = window_of(10, (tw_window_spec){.span_ns = 60});
    push(window, 0, 1, 1);
    push(window, 30, 2, 1);
    assert_int_equal(push(window, 59, 3, 1).n, 3);
    assert_int_equal(push(window, 60, 4, 1).n, 3); /* time 0 is not in (0, 60] */
    assert_int_equal(tw_window_advance(window, 200), TW_OK);
    assert_int_equal(read_now(window).n, 0);
    assert_int_equal(tw_window_advance(window, 199), TW_INVALID);
    assert_int_equal(tw_window_push(window, 199, (tw_price){1}, (tw_quantity){1}), TW_INVALID);
}

static void test_spans_reach_beyond_the_beginning_of_time(void **state) {
    (void)state;
    TW_AUTO(tw_window) *window = window_of(10, (tw_window_spec){.span_ns = INT64_MAX});
    push(window, INT64_MIN, 1, 1);
    assert_int_equal(push(window, INT64_MIN + 5, 2, 1).n, 2);
    assert_int_equal(push(window, -1, 2, 1).n, 2); /* INT64_MIN is at the edge, and outside */
    assert_int_equal(push(window, INT64_MAX, 3, 1).n, 1);
}

static void test_a_full_span_window_drops_the_oldest_and_says_so(void **state) {
    (void)state;
    TW_AUTO(tw_window) *window = window_of(2, (tw_window_spec){.span_ns = 100});
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
    TW_AUTO(tw_window) *window = window_of(4, (tw_window_spec){.span_ns = 50});
    push(window, 10, 5, 1);
    tw_window_stats before = push(window, 20, 7, 2);
    assert_int_equal(tw_window_push(window, 30, (tw_price){1}, (tw_quantity){-1}), TW_INVALID);
    assert_int_equal(tw_window_push(window, 19, (tw_price){1}, (tw_quantity){1}), TW_INVALID);
    tw_window_stats after = read_now(window);
    assert_memory_equal(&before, &after, sizeof before);
}

static void test_equal_prices_have_a_variance_of_exactly_zero(void **state) {
    (void)state;
    TW_AUTO(tw_window) *window = window_of(7, (tw_window_spec){0});
    push_nano(window, 0, INT64_MAX, INT64_MAX);
    for (int64_t i = 1; i < 40; i++) {
        tw_window_stats stats = push_nano(window, i, 100000001, 300000000);
        if (i < 7)
            continue;
        assert_true(stats.variance == 0 && stats.stddev == 0 && isnan(stats.z_score));
        assert_true(stats.mean == 0.100000001 && stats.vwap == 0.100000001 && stats.range == 0);
    }
}

/* Prices that were huge or had odd digits have changed how wide and in which unit the ring is kept:
 * the bits of the answers must not tell. */
static void test_what_has_left_leaves_no_trace(void **state) {
    (void)state;
    tw_window_spec spec = {.count = 3, .quantile_count = 1, .quantiles = {0.5}};
    TW_AUTO(tw_window) *dirty = window_of(300, spec);
    TW_AUTO(tw_window) *clean = window_of(300, spec);
    for (int64_t i = 0; i < 3; i++) {
        push_nano(dirty, i, i == 1 ? INT64_MIN : INT64_MAX - i, INT64_MAX);
        push(clean, i, 1, 1);
    }
    for (int64_t i = 3; i < 500; i++) {
        int64_t price = 187000000000 + i % 7 * 10000000;
        tw_window_stats a = push_nano(dirty, i, price, i % 5 * TW_NANO);
        tw_window_stats b = push_nano(clean, i, price, i % 5 * TW_NANO);
        a.ema = b.ema = 0; /* the ema looks back by definition */
        if (i >= 5)
            assert_memory_equal(&a, &b, sizeof a);
    }
}

static void test_the_ends_of_the_range_are_exact(void **state) {
    (void)state;
    TW_AUTO(tw_window) *window = window_of(4, (tw_window_spec){.volatility = true});
    push_nano(window, 0, INT64_MIN, INT64_MAX);
    tw_window_stats stats = push_nano(window, 0, INT64_MAX, INT64_MAX);
    assert_true(stats.sum == -1e-9 && stats.mean == -0.5e-9 && stats.vwap == -0.5e-9);
    assert_true(stats.range == 18446744073.709551615 && stats.max == 9223372036.854775807);
    assert_true(stats.variance == 9223372036.8547758075 * 9223372036.8547758075);
    assert_true(stats.volume == 18446744073.709551614 && isnan(stats.volatility));
}

static void test_vwap_without_volume_is_not_a_number(void **state) {
    (void)state;
    TW_AUTO(tw_window) *window = window_of(2, (tw_window_spec){0});
    assert_true(isnan(push(window, 0, 5, 0).vwap));
    assert_true(push(window, 1, 7, 2).vwap == 7);
}

static void test_volatility_is_of_the_returns_inside(void **state) {
    (void)state;
    TW_AUTO(tw_window) *window = window_of(3, (tw_window_spec){.volatility = true});
    assert_true(push(window, 0, 100, 1).volatility == 0);
    assert_near(push(window, 1, 110, 1).volatility, log(1.1), 1e-15);
    push(window, 2, 99, 1);
    double a = log(0.9);
    double b = log(198.0 / 99);
    assert_near(push(window, 3, 198, 1).volatility, sqrt(a * a + b * b), 1e-15);
    push(window, 4, 198, 1);
    push(window, 5, 198, 1);
    assert_true(push(window, 6, 198, 1).volatility == 0); /* exactly */
    assert_true(isnan(push(window, 7, 0, 1).volatility));
    push(window, 8, 198, 1);
    push(window, 9, 198, 1);
    assert_true(push(window, 10, 198, 1).volatility == 0); /* the 0 has left */
}

static void test_quantiles_are_order_statistics(void **state) {
    (void)state;
    tw_window_spec spec = {.quantile_count = 4, .quantiles = {0.5, 0, 1, 0.25}};
    TW_AUTO(tw_window) *window = window_of(4, spec);
    assert_true(push(window, 0, 40, 1).quantiles[0] == 40);
    push(window, 1, 10, 1);
    push(window, 2, 30, 1);
    tw_window_stats stats = push(window, 3, 20, 1);
    assert_true(stats.quantiles[0] == 25 && stats.quantiles[1] == 10 && stats.quantiles[2] == 40);
    assert_true(stats.quantiles[3] == 17.5 && isnan(stats.quantiles[4]));
    assert_true(push(window, 4, 50, 1).quantiles[2] == 50); /* 40 has left */
    assert_true(read_now(window).quantiles[0] == 25);
}

static void test_clear_starts_anew(void **state) {
    (void)state;
    tw_window_spec spec = {.count = 2, .quantile_count = 1, .quantiles = {0.5}, .volatility = true};
    TW_AUTO(tw_window) *window = window_of(500, spec);
    TW_AUTO(tw_window) *fresh = window_of(500, spec);
    for (int64_t i = 0; i < 300; i++)
        push_nano(window, 100 + i, 5 + i, 1);
    tw_window_clear(window);
    for (int64_t i = 0; i < 9; i++) { /* time may start over */
        tw_window_stats a = push(window, i, 9 + i, 1);
        tw_window_stats b = push(fresh, i, 9 + i, 1);
        assert_memory_equal(&a, &b, sizeof a);
    }
}

/* ---- runs ------------------------------------------------------------------------------------ */

static const tw_window_config one_window = {.count_max = 8, .window_count = 1};

static void test_a_run_stops_at_a_bad_trade(void **state) {
    (void)state;
    TW_AUTO(tw_windows) *windows = NULL;
    assert_int_equal(tw_windows_new(NULL, &one_window, 2, &windows), TW_OK);
    uint32_t symbols[] = {0, 1, 0, 2, 0};
    int64_t times[] = {5, 3, 4, 9, 9};
    tw_price prices[5] = {{1}, {1}, {1}, {1}, {1}};
    tw_quantity quantities[5] = {{1}, {1}, {1}, {1}, {1}};
    double n[5] = {-1, -1, -1, -1, -1};
    tw_window_output output = {.columns = {[TW_WINDOW_N] = n}};
    tw_window_ticks ticks = {symbols, times, prices, quantities, 5};
    size_t count = 99;
    assert_int_equal(tw_windows_run(windows, &ticks, &output, &count), TW_INVALID);
    assert_true(count == 2 && n[0] == 1 && n[1] == 1 && n[2] == -1);
    ticks.symbols += 3;
    ticks.times_ns += 3;
    ticks.count = 2;
    assert_int_equal(tw_windows_run(windows, &ticks, &output, &count), TW_RANGE);
    assert_int_equal(count, 0);
    tw_window_stats stats = read_now(tw_windows_at(windows, 0));
    assert_int_equal(stats.n, 1);
}

/* (n p)^2 = 2^64: the low word of n sum p^2 - (sum p)^2 is 0. */
static void test_a_variance_of_more_than_a_word_is_not_its_low_word(void **state) {
    (void)state;
    enum { COUNT = 4096 };
    static int64_t times[COUNT];
    static tw_price prices[COUNT];
    static tw_quantity quantities[COUNT];
    static double variance[COUNT];
    const int64_t price = 1 << 20;
    for (int64_t i = 0; i < COUNT; i++) {
        times[i] = i;
        prices[i].nano = (i % 2 == 0 ? price : -price) * TW_NANO;
        quantities[i].nano = TW_NANO;
    }
    for (tw_cpu_level level = TW_CPU_BASELINE; level < TW_CPU_LEVEL_COUNT; level++) {
        tw_window_config config = {.count_max = COUNT, .window_count = 1, .cpu_level = level};
        TW_AUTO(tw_window) *window = NULL;
        assert_int_equal(tw_window_new(NULL, &config, &window), TW_OK);
        tw_window_output output = {.columns = {[TW_WINDOW_VARIANCE] = variance}};
        tw_window_ticks ticks = {NULL, times, prices, quantities, COUNT};
        size_t count;
        assert_int_equal(tw_window_run(window, &ticks, &output, &count), TW_OK);
        assert_true(variance[COUNT - 1] == 0x1p40);
        assert_true(read_now(window).variance == 0x1p40);
    }
}

static void test_a_run_of_nothing_does_nothing(void **state) {
    (void)state;
    TW_AUTO(tw_window) *window = NULL;
    assert_int_equal(tw_window_new(NULL, &one_window, &window), TW_OK);
    tw_window_ticks ticks = {0};
    tw_window_output output = {{0}};
    size_t count = 99;
    assert_int_equal(tw_window_run(window, &ticks, &output, &count), TW_OK);
    assert_int_equal(count, 0);
}

/* ---- pairs ------------------------------------------------------------------------------------
 */

static tw_window_pair_stats push_pair(tw_window_pair *pair, int64_t time_ns, int64_t a, int64_t b) {
    assert_int_equal(tw_window_pair_push(pair, time_ns, (tw_price){a}, (tw_price){b}), TW_OK);
    tw_window_pair_stats stats;
    tw_window_pair_read(pair, &stats);
    return stats;
}

static void test_pairs_refuse_configurations_out_of_range(void **state) {
    (void)state;
    tw_window_pair *pair = NULL;
    const tw_window_pair_config configs[] = {{.count_max = 0},
                                             {.count_max = TW_WINDOW_COUNT_MAX + 1},
                                             {.count_max = 1, .ddof = 2},
                                             {.count_max = 1, .span_ns = -1}};
    for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++)
        assert_int_equal(tw_window_pair_new(NULL, &configs[i], &pair), TW_RANGE);
    assert_null(pair);
}

static void test_a_pair_of_one_series_is_correlated_exactly(void **state) {
    (void)state;
    tw_window_pair_config config = {.count_max = 4, .ddof = 1};
    TW_AUTO(tw_window_pair) *pair = NULL;
    assert_int_equal(tw_window_pair_new(NULL, &config, &pair), TW_OK);
    push_pair(pair, 0, INT64_MIN, INT64_MAX);
    assert_int_equal(tw_window_pair_push(pair, -1, (tw_price){1}, (tw_price){1}), TW_INVALID);
    for (int64_t i = 1; i < 4; i++)
        push_pair(pair, i, 1000000007 * i * i, 1000000007 * i * i);
    tw_window_pair_stats stats = push_pair(pair, 4, 7, 7); /* the first has left without a trace */
    assert_true(stats.correlation == 1 && stats.beta == 1);
    assert_true(stats.covariance == stats.variance_a && stats.mean_a == stats.mean_b);
    for (int64_t i = 5; i < 9; i++)
        stats = push_pair(pair, i, -2 * i, i);
    assert_true(stats.correlation == -1 && stats.beta == -2);
    for (int64_t i = 9; i < 13; i++)
        stats = push_pair(pair, i, i, 5);
    assert_true(isnan(stats.correlation) && isnan(stats.beta) && stats.variance_b == 0);
    tw_window_pair_clear(pair);
    tw_window_pair_read(pair, &stats);
    assert_true(stats.n == 0 && isnan(stats.covariance));
}

/* ---- memory ---------------------------------------------------------------------------------- */

static const tw_window_config rich = {
    .count_max = 2000,
    .window_count = 2,
    .windows = {{.volatility = true}, {.count = 9, .quantile_count = 1, .quantiles = {0.5}}}};

static tw_status make_and_free(const tw_allocator *allocator, void *context) {
    (void)context;
    TW_AUTO(tw_window) *window = NULL;
    tw_status status = tw_window_new(allocator, &rich, &window);
    for (int64_t i = 0; status == TW_OK && i < 40; i++)
        status = tw_window_push(window, i, (tw_price){1}, (tw_quantity){1});
    return status;
}

static tw_status make_and_free_many(const tw_allocator *allocator, void *context) {
    (void)context;
    TW_AUTO(tw_windows) *windows = NULL;
    return tw_windows_new(allocator, &rich, 3, &windows);
}

static tw_status make_and_free_pair(const tw_allocator *allocator, void *context) {
    (void)context;
    tw_window_pair_config config = {.count_max = 4};
    TW_AUTO(tw_window_pair) *pair = NULL;
    return tw_window_pair_new(allocator, &config, &pair);
}

static void test_leaves_nothing_when_memory_runs_out(void **state) {
    (void)state;
    assert_survives_failed_allocations(make_and_free_pair, NULL);
    assert_survives_failed_allocations(make_and_free, NULL);
    assert_survives_failed_allocations(make_and_free_many, NULL);
}

static void test_takes_all_memory_at_creation(void **state) {
    (void)state;
    failing_heap heap;
    failing_heap_init(&heap);
    tw_window *window = NULL;
    assert_int_equal(tw_window_new(&heap.allocator, &rich, &window), TW_OK);
    uint64_t attempts = heap.attempts;
    uint64_t seed = 1;
    for (int64_t i = 0; i < 5000; i++) {
        seed = seed * UINT64_C(6364136223846793005) + 1;
        assert_int_equal(tw_window_push(window, i, (tw_price){(int64_t)seed}, (tw_quantity){i}),
                         TW_OK);
        tw_window_stats stats;
        tw_window_read(window, (uint32_t)(i % 2), &stats);
    }
    tw_window_clear(window);
    assert_int_equal(heap.attempts, attempts);
    tw_window_free(window);
    assert_int_equal(heap.bytes_out, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refuses_configurations_out_of_range),
        cmocka_unit_test(test_empty_window_has_no_numbers),
        cmocka_unit_test(test_statistics_of_a_window_by_count),
        cmocka_unit_test(test_windows_of_one_ring_are_each_their_own),
        cmocka_unit_test(test_deviations_are_divided_by_n_less_ddof),
        cmocka_unit_test(test_ema_is_seeded_by_the_first_price),
        cmocka_unit_test(test_ema_may_begin_as_the_mean_of_the_first_prices),
        cmocka_unit_test(test_ema_by_time_weighs_by_what_has_gone_by),
        cmocka_unit_test(test_span_keeps_what_is_younger_than_it),
        cmocka_unit_test(test_spans_reach_beyond_the_beginning_of_time),
        cmocka_unit_test(test_a_full_span_window_drops_the_oldest_and_says_so),
        cmocka_unit_test(test_bad_input_changes_nothing),
        cmocka_unit_test(test_equal_prices_have_a_variance_of_exactly_zero),
        cmocka_unit_test(test_what_has_left_leaves_no_trace),
        cmocka_unit_test(test_the_ends_of_the_range_are_exact),
        cmocka_unit_test(test_vwap_without_volume_is_not_a_number),
        cmocka_unit_test(test_volatility_is_of_the_returns_inside),
        cmocka_unit_test(test_quantiles_are_order_statistics),
        cmocka_unit_test(test_clear_starts_anew),
        cmocka_unit_test(test_a_run_stops_at_a_bad_trade),
        cmocka_unit_test(test_a_variance_of_more_than_a_word_is_not_its_low_word),
        cmocka_unit_test(test_a_run_of_nothing_does_nothing),
        cmocka_unit_test(test_pairs_refuse_configurations_out_of_range),
        cmocka_unit_test(test_a_pair_of_one_series_is_correlated_exactly),
        cmocka_unit_test(test_leaves_nothing_when_memory_runs_out),
        cmocka_unit_test(test_takes_all_memory_at_creation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
