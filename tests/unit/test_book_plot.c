/* test_book_plot.c - when the picture of a book takes samples: within their bound at any times. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "book_plot.h"

typedef struct story {
    book_replay replay;
    book_plot plot;
    tw_symbol symbol;
} story;

static int set_up(void **state) {
    static story all;
    all = (story){0};
    const tw_book_config config = {
        .symbol_count_max = 1, .order_count_max = 16, .level_count_max = 16};
    assert_int_equal(tw_symbols_new(NULL, 1, &all.replay.symbols), TW_OK);
    assert_int_equal(tw_symbols_intern(all.replay.symbols, tw_slice_of("AAPL"), &all.symbol),
                     TW_OK);
    assert_int_equal(tw_book_new(NULL, &config, &all.replay.book), TW_OK);
    all.replay.only = all.symbol;
    assert_int_equal(book_plot_open(&all.plot, &all.replay, NULL), TW_OK);
    *state = &all;
    return 0;
}

static int tear_down(void **state) {
    story *all = *state;
    book_plot_close(&all->plot);
    tw_book_free(all->replay.book);
    tw_symbols_free(all->replay.symbols);
    return 0;
}

static void put(story *all, int64_t time_ns) {
    const book_step step = {.time_ns = time_ns, .symbol = all->symbol, .whole = true};
    assert_int_equal(book_plot_put(&all->plot, &step, NULL), TW_OK);
    assert_in_range(all->plot.sample_count, 1, BOOK_PLOT_SAMPLE_MAX);
}

static void samples_thin_out_as_time_goes_on(void **state) {
    story *all = *state;
    for (int64_t i = 0; i < 10 * BOOK_PLOT_SAMPLE_MAX; i++)
        put(all, i * TW_NANO);
    assert_in_range(all->plot.sample_count, BOOK_PLOT_SAMPLE_MAX / 4, BOOK_PLOT_SAMPLE_MAX);
    assert_int_equal(all->plot.samples[0].time_ns, 0);
}

static void times_at_both_ends_do_not_overfill_the_samples(void **state) {
    story *all = *state;
    put(all, 0);
    for (int64_t i = 6000; i >= 0; i--)
        put(all, INT64_MAX - i);
    assert_int_equal(all->plot.samples[0].time_ns, 0);
}

static void the_whole_range_of_times_is_sampled(void **state) {
    story *all = *state;
    const int64_t stride = INT64_MAX / 5000;
    for (int64_t i = -5000; i <= 5000; i++)
        put(all, i * stride);
    assert_in_range(all->plot.sample_count, BOOK_PLOT_SAMPLE_MAX / 4, BOOK_PLOT_SAMPLE_MAX);
}

static void thinning_always_frees_some(void **state) {
    story *all = *state;
    for (size_t i = 0; i < BOOK_PLOT_SAMPLE_MAX; i++) /* backwards: each looks far from the last */
        all->plot.samples[i].time_ns = -(int64_t)i;
    all->plot.sample_count = BOOK_PLOT_SAMPLE_MAX;
    all->plot.last_ns = 0;
    put(all, TW_NANO);
    assert_int_equal(all->plot.sample_count, BOOK_PLOT_SAMPLE_MAX / 2 + 1);
}

static void a_time_that_goes_back_is_the_latest_one(void **state) {
    story *all = *state;
    put(all, 10);
    put(all, 30);
    put(all, 20);
    assert_int_equal(all->plot.sample_count, 3);
    assert_int_equal(all->plot.samples[2].time_ns, 30);
    put(all, 40);
    assert_int_equal(all->plot.samples[3].time_ns, 40);
}

static void a_trade_is_never_before_the_book_it_changed(void **state) {
    story *all = *state;
    put(all, 30);
    const book_step trade = {
        .time_ns = 20, .symbol = all->symbol, .trade_price = {TW_NANO}, .trade_size = {TW_NANO}};
    assert_int_equal(book_plot_put(&all->plot, &trade, NULL), TW_OK);
    assert_int_equal(all->plot.trades[0].time_ns, 30);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(samples_thin_out_as_time_goes_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(times_at_both_ends_do_not_overfill_the_samples, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_whole_range_of_times_is_sampled, set_up, tear_down),
        cmocka_unit_test_setup_teardown(thinning_always_frees_some, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_time_that_goes_back_is_the_latest_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_trade_is_never_before_the_book_it_changed, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
