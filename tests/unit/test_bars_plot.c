/* test_bars_plot.c - which bars are kept for a picture. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bars_plot.h"
#include "tradewind/time.h"

static bool put(bars_plot *plot, int64_t start, uint64_t sequence, int64_t close, uint8_t flags) {
    tw_bar bar = {.time_ns = start,
                  .open = {close},
                  .high = {close},
                  .low = {close},
                  .close = {close},
                  .volume = {TW_NANO},
                  .symbol = 3};
    tw_bars_detail detail = {.start_ns = start, .sequence = sequence, .flags = flags};
    return bars_plot_put(plot, &bar, &detail);
}

static void revisions_take_the_place_of_what_was_there(void **state) {
    (void)state;
    bars_plot plot = {.shown_max = 10};
    assert_int_equal(bars_plot_open(&plot, NULL), TW_OK);
    put(&plot, 10, 0, TW_NANO, 0);
    put(&plot, 30, 0, 3 * TW_NANO, 0);
    put(&plot, 20, 0, 2 * TW_NANO, 0); /* late: between them */
    assert_int_equal(plot.candle_count, 3);
    assert_true(plot.candles[1].close == 2.0);
    put(&plot, 20, 0, 5 * TW_NANO, 0);
    assert_int_equal(plot.candle_count, 3);
    assert_true(plot.candles[1].close == 5.0);
    put(&plot, 10, 0, 0, TW_BARS_WITHDRAWN);
    put(&plot, 15, 0, 0, TW_BARS_WITHDRAWN); /* of one that was not kept */
    assert_int_equal(plot.candle_count, 2);
    assert_int_equal(plot.bar_count, 2);
    assert_true(plot.candles[0].close == 5.0 && plot.candles[1].close == 3.0);
    bars_plot_close(&plot);
}

static void bars_without_a_clock_go_by_their_number(void **state) {
    (void)state;
    bars_plot plot = {.shown_max = 10};
    assert_int_equal(bars_plot_open(&plot, NULL), TW_OK);
    put(&plot, 10, 0, TW_NANO, 0);
    put(&plot, 10, 1, 2 * TW_NANO, 0);
    put(&plot, 10, 2, 3 * TW_NANO, 0);
    put(&plot, 10, 1, 7 * TW_NANO, 0);
    assert_int_equal(plot.candle_count, 3);
    assert_true(plot.candles[1].close == 7.0);
    bars_plot_close(&plot);
}

static void another_symbol_is_told_and_other_frames_are_passed_over(void **state) {
    (void)state;
    bars_plot plot = {.shown_max = 10};
    tw_bar bar = {.symbol = 4, .close = {TW_NANO}};
    tw_bars_detail detail = {.frame = 1};
    assert_int_equal(bars_plot_open(&plot, NULL), TW_OK);
    assert_true(put(&plot, 10, 0, TW_NANO, 0));
    assert_true(bars_plot_put(&plot, &bar, &detail));
    detail.frame = 0;
    assert_false(bars_plot_put(&plot, &bar, &detail));
    assert_int_equal(plot.candle_count, 1);
    bars_plot_close(&plot);
}

static void the_newest_are_kept(void **state) {
    (void)state;
    bars_plot plot = {.shown_max = 10};
    const int64_t count = 5 * (int64_t)BARS_PLOT_KEPT_MAX + 7;
    assert_int_equal(bars_plot_open(&plot, NULL), TW_OK);
    for (int64_t i = 0; i < count; i++)
        put(&plot, i, 0, (i + 1) * 1000, 0);
    assert_true(plot.candle_count >= BARS_PLOT_KEPT_MAX);
    assert_int_equal(plot.candles[plot.candle_count - 1].time_ns, count - 1);
    for (size_t i = 1; i < plot.candle_count; i++)
        assert_int_equal(plot.candles[i].time_ns, plot.candles[i - 1].time_ns + 1);
    assert_int_equal(plot.bar_count, count);
    bars_plot_close(&plot);
}

static void lists_of_indicators_are_read(void **state) {
    (void)state;
    bars_indicators all;
    tw_error error = {0};
    assert_int_equal(bars_indicators_parse("", &all, &error), TW_OK);
    assert_int_equal(all.count, 0);
    assert_int_equal(
        bars_indicators_parse("sma(20), bollinger(20,2),macd,macd.fast,atr", &all, &error), TW_OK);
    assert_int_equal(all.count, 5);
    assert_string_equal(all.entries[1].name, "bollinger(20,2)");
    assert_true(all.entries[0].over_price && all.entries[1].over_price);
    assert_int_equal(all.entries[1].outputs, all.entries[1].about->price_outputs);
    assert_false(all.entries[2].over_price);
    assert_int_equal(all.entries[2].outputs & all.entries[2].about->price_outputs, 0);
    assert_true(all.entries[3].over_price);
    assert_int_equal(__builtin_popcount(all.entries[4].outputs), 1);
    assert_int_equal(bars_indicators_parse("sma(2.5)", &all, &error), TW_USAGE);
    assert_int_equal(bars_indicators_parse("sma(20).nothing", &all, &error), TW_USAGE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(revisions_take_the_place_of_what_was_there),
        cmocka_unit_test(bars_without_a_clock_go_by_their_number),
        cmocka_unit_test(another_symbol_is_told_and_other_frames_are_passed_over),
        cmocka_unit_test(the_newest_are_kept),
        cmocka_unit_test(lists_of_indicators_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
