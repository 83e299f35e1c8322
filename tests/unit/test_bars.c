/* test_bars.c - the rules of tradewind/bars.h, one a test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "failing_heap.h"
#include "tradewind/bars.h"
#include "tradewind/time.h"

#define SECOND TW_NS_PER_SECOND

typedef struct collected {
    tw_bar bars[64];
    tw_bars_detail details[64];
    size_t count;
} collected;

static void collect(void *context, const tw_bar *bar, const tw_bars_detail *detail) {
    collected *all = context;
    assert_true(all->count < 64);
    all->details[all->count] = *detail;
    all->bars[all->count++] = *bar;
}

static tw_trade trade_at(int64_t time_ns, int64_t price_nano, int64_t quantity_nano) {
    return (tw_trade){
        .time_ns = time_ns, .price = {price_nano}, .quantity = {quantity_nano}, .symbol = 0};
}

static tw_bars *bars_of(int64_t first_ns, int64_t second_ns) {
    tw_bars_config config = {.frames = {{.step = first_ns}, {.step = second_ns}},
                             .frame_count = second_ns == 0 ? 1 : 2,
                             .symbol_count_max = 3};
    tw_bars *bars = NULL;
    assert_int_equal(tw_bars_new(NULL, &config, &bars), TW_OK);
    return bars;
}

static tw_status push(tw_bars *bars, tw_trade trade, collected *all) {
    return tw_bars_push(bars, &trade, collect, all);
}

static void test_refuses_configurations_out_of_range(void **state) {
    (void)state;
    tw_bars *bars = NULL;
    tw_bars_config config = {.frame_count = 0, .symbol_count_max = 1};
    assert_int_equal(tw_bars_new(NULL, &config, &bars), TW_RANGE);
    config = (tw_bars_config){.frames = {{.step = 0}}, .frame_count = 1, .symbol_count_max = 1};
    assert_int_equal(tw_bars_new(NULL, &config, &bars), TW_RANGE);
    config = (tw_bars_config){
        .frames = {{.step = SECOND}, {.step = SECOND}}, .frame_count = 2, .symbol_count_max = 1};
    assert_int_equal(tw_bars_new(NULL, &config, &bars), TW_EXISTS);
    config = (tw_bars_config){
        .frames = {{.step = SECOND}}, .frame_count = 1, .symbol_count_max = 1, .run_part_max = 65};
    assert_int_equal(tw_bars_new(NULL, &config, &bars), TW_RANGE);
    config = (tw_bars_config){.frames = {{.step = SECOND}}, .frame_count = 1};
    assert_int_equal(tw_bars_new(NULL, &config, &bars), TW_RANGE);
    assert_null(bars);
}

static void test_one_bar_holds_its_trades(void **state) {
    (void)state;
    TW_AUTO(tw_bars) *bars = bars_of(SECOND, 0);
    collected all = {0};
    int64_t start = 5 * SECOND;
    assert_int_equal(push(bars, trade_at(start, 10 * TW_NANO, TW_NANO), &all), TW_OK);
    assert_int_equal(push(bars, trade_at(start + 1, 14 * TW_NANO, TW_NANO), &all), TW_OK);
    assert_int_equal(push(bars, trade_at(start + 2, 8 * TW_NANO, 2 * TW_NANO), &all), TW_OK);
    assert_int_equal(push(bars, trade_at(start + SECOND - 1, 9 * TW_NANO, TW_NANO), &all), TW_OK);
    assert_int_equal(all.count, 0);
    assert_int_equal(push(bars, trade_at(start + SECOND, 20 * TW_NANO, TW_NANO), &all), TW_OK);
    assert_int_equal(all.count, 1);
    tw_bar b = all.bars[0];
    assert_int_equal(b.time_ns, start);
    assert_int_equal(b.open.nano, 10 * TW_NANO);
    assert_int_equal(b.high.nano, 14 * TW_NANO);
    assert_int_equal(b.low.nano, 8 * TW_NANO);
    assert_int_equal(b.close.nano, 9 * TW_NANO);
    assert_int_equal(b.volume.nano, 5 * TW_NANO);
    assert_int_equal(b.count, 4);
    assert_int_equal(b.vwap.nano, 9800000000); /* 49 / 5 */
    assert_int_equal(b.revision, 0);
}

static void test_weeks_start_on_monday_and_days_at_midnight(void **state) {
    (void)state;
    int64_t week = 7 * TW_NS_PER_DAY;
    /* 2024-01-03 was a Wednesday: day 19725; its Monday is day 19723. */
    int64_t wednesday = 19725 * TW_NS_PER_DAY + 12345;
    assert_int_equal(tw_bars_start(wednesday, week), 19723 * TW_NS_PER_DAY);
    assert_int_equal(tw_bars_start(19723 * TW_NS_PER_DAY, week), 19723 * TW_NS_PER_DAY);
    assert_int_equal(tw_bars_start(19723 * TW_NS_PER_DAY - 1, week), 19716 * TW_NS_PER_DAY);
    assert_int_equal(tw_bars_start(wednesday, TW_NS_PER_DAY), 19725 * TW_NS_PER_DAY);
    assert_int_equal(tw_bars_start(-1, TW_NS_PER_MINUTE), -TW_NS_PER_MINUTE);
    assert_int_equal(tw_bars_start(0, week), -3 * TW_NS_PER_DAY); /* 1969-12-29 */
}

static void test_vwap_rounds_ties_to_even(void **state) {
    (void)state;
    TW_AUTO(tw_bars) *bars = bars_of(SECOND, 0);
    collected all = {0};
    /* The means 1.5e-9 and 2.5e-9 both lie between: 2e-9 is the even one. */
    assert_int_equal(push(bars, trade_at(0, 1, 1), &all), TW_OK);
    assert_int_equal(push(bars, trade_at(1, 2, 1), &all), TW_OK);
    assert_int_equal(push(bars, trade_at(SECOND, 2, 1), &all), TW_OK);
    assert_int_equal(push(bars, trade_at(SECOND + 1, 3, 1), &all), TW_OK);
    assert_int_equal(tw_bars_flush(bars, collect, &all), 1);
    assert_int_equal(all.bars[0].vwap.nano, 2);
    assert_int_equal(all.bars[1].vwap.nano, 2);
}

static void test_vwap_of_the_greatest_numbers_is_exact(void **state) {
    (void)state;
    TW_AUTO(tw_bars) *bars = bars_of(SECOND, 0);
    collected all = {0};
    int64_t half = INT64_MAX / 2;
    assert_int_equal(push(bars, trade_at(0, INT64_MAX, half), &all), TW_OK);
    assert_int_equal(push(bars, trade_at(1, INT64_MAX, half), &all), TW_OK);
    tw_bar bar;
    assert_int_equal(tw_bars_current(bars, 0, 0, &bar), TW_OK);
    assert_true(bar.vwap.nano == INT64_MAX);
    assert_int_equal(push(bars, trade_at(2, 1, 3), &all), TW_OVERFLOW);
    tw_bar after;
    assert_int_equal(tw_bars_current(bars, 0, 0, &after), TW_OK);
    assert_memory_equal(&bar, &after, sizeof bar); /* nothing has changed */
}

static void test_a_late_trade_is_counted_and_left_out(void **state) {
    (void)state;
    TW_AUTO(tw_bars) *bars = bars_of(SECOND, TW_NS_PER_MINUTE);
    collected all = {0};
    assert_int_equal(push(bars, trade_at(10 * SECOND, 5, 5), &all), TW_OK);
    assert_int_equal(push(bars, trade_at(12 * SECOND, 5, 5), &all), TW_OK);
    assert_int_equal(push(bars, trade_at(10 * SECOND + 1, 9, 5), &all), TW_STATE);
    tw_bars_counts counts;
    tw_bars_count(bars, &counts);
    assert_int_equal(counts.late[0], 1);
    assert_int_equal(counts.late[1], 0); /* its minute is still open: it is in there */
    assert_int_equal(counts.trades, 3);
    tw_bar second;
    tw_bar minute;
    assert_int_equal(tw_bars_current(bars, 0, 0, &second), TW_OK);
    assert_int_equal(tw_bars_current(bars, 0, 1, &minute), TW_OK);
    assert_int_equal(second.count, 1);
    assert_int_equal(minute.count, 3);
    assert_int_equal(minute.high.nano, 9);
}

static void test_advance_closes_what_has_ended(void **state) {
    (void)state;
    TW_AUTO(tw_bars) *bars = bars_of(SECOND, TW_NS_PER_MINUTE);
    collected all = {0};
    assert_int_equal(push(bars, trade_at(10 * SECOND, 5, 5), &all), TW_OK);
    tw_trade other = trade_at(10 * SECOND + 7, 6, 5);
    other.symbol = 2;
    assert_int_equal(push(bars, other, &all), TW_OK);
    assert_int_equal(tw_bars_advance(bars, 11 * SECOND - 1, collect, &all), 0);
    assert_int_equal(tw_bars_advance(bars, 11 * SECOND, collect, &all), 2);
    assert_int_equal(all.bars[0].symbol, 0);
    assert_int_equal(all.bars[1].symbol, 2);
    assert_int_equal(tw_bars_advance(bars, 11 * SECOND, collect, &all), 0);
    tw_bar bar;
    assert_int_equal(tw_bars_current(bars, 0, 0, &bar), TW_EMPTY);
    assert_int_equal(tw_bars_current(bars, 0, 1, &bar), TW_OK);
    /* A bar that was handed out does not open again. */
    assert_int_equal(push(bars, trade_at(11 * SECOND - 1, 5, 5), &all), TW_STATE);
    assert_int_equal(tw_bars_current(bars, 0, 0, &bar), TW_EMPTY);
    assert_int_equal(tw_bars_advance(bars, TW_NS_PER_MINUTE, collect, &all), 2);
}

static void test_each_trade_of_a_bar_is_late_for_a_frame_that_has_closed(void **state) {
    (void)state;
    TW_AUTO(tw_bars) *bars = bars_of(SECOND, 3 * SECOND);
    collected all = {0};
    assert_int_equal(push(bars, trade_at(0, 5, 5), &all), TW_OK);
    assert_int_equal(tw_bars_advance(bars, 3 * SECOND, collect, &all), 2);
    /* The third second has no bar yet; the three seconds are over. */
    assert_int_equal(push(bars, trade_at(2 * SECOND, 6, 5), &all), TW_STATE);
    assert_int_equal(push(bars, trade_at(2 * SECOND, 7, 5), &all), TW_STATE);
    assert_int_equal(push(bars, trade_at(3 * SECOND, 8, 5), &all), TW_OK);
    assert_int_equal(push(bars, trade_at(3 * SECOND, 8, 5), &all), TW_OK);
    assert_int_equal(all.bars[2].count, 2);
    tw_bars_counts counts;
    tw_bars_count(bars, &counts);
    assert_int_equal(counts.late[0], 0);
    assert_int_equal(counts.late[1], 2);
    tw_bar bar;
    assert_int_equal(tw_bars_current(bars, 0, 1, &bar), TW_OK);
    assert_int_equal(bar.count, 2);
}

static void test_timeframes_without_a_trade_have_no_bar(void **state) {
    (void)state;
    TW_AUTO(tw_bars) *bars = bars_of(SECOND, 0);
    collected all = {0};
    assert_int_equal(push(bars, trade_at(0, 5, 5), &all), TW_OK);
    assert_int_equal(push(bars, trade_at(100 * SECOND, 5, 5), &all), TW_OK);
    assert_int_equal(tw_bars_flush(bars, collect, &all), 1);
    assert_int_equal(all.count, 2);
    assert_int_equal(tw_bars_flush(bars, collect, &all), 0);
    assert_int_equal(push(bars, trade_at(100 * SECOND, 5, 5), &all), TW_STATE);
}

static void test_bad_trades_change_nothing(void **state) {
    (void)state;
    TW_AUTO(tw_bars) *bars = bars_of(SECOND, 0);
    collected all = {0};
    assert_int_equal(push(bars, trade_at(0, 0, 5), &all), TW_INVALID);
    assert_int_equal(push(bars, trade_at(0, 5, -1), &all), TW_INVALID);
    assert_int_equal(push(bars, trade_at(INT64_MIN, 5, 5), &all), TW_RANGE);
    assert_int_equal(push(bars, trade_at(INT64_MAX, 5, 5), &all), TW_RANGE);
    tw_trade unknown = trade_at(0, 5, 5);
    unknown.symbol = 3;
    assert_int_equal(push(bars, unknown, &all), TW_RANGE);
    tw_bar bar;
    assert_int_equal(tw_bars_current(bars, 0, 0, &bar), TW_EMPTY);
    assert_int_equal(tw_bars_current(bars, 3, 0, &bar), TW_RANGE);
    assert_int_equal(tw_bars_current(bars, 0, 1, &bar), TW_RANGE);
    tw_bars_counts counts;
    tw_bars_count(bars, &counts);
    assert_int_equal(counts.trades, 0);
}

typedef struct table_rows {
    int64_t times_ns[16];
    tw_symbol symbols[16];
    tw_price prices[5][16];
    tw_quantity volumes[16];
    uint64_t counts[16];
} table_rows;

static tw_bars_table table_over(table_rows *rows, size_t room) {
    return (tw_bars_table){.times_ns = rows->times_ns,
                           .symbols = rows->symbols,
                           .opens = rows->prices[0],
                           .highs = rows->prices[1],
                           .lows = rows->prices[2],
                           .closes = rows->prices[3],
                           .vwaps = rows->prices[4],
                           .volumes = rows->volumes,
                           .counts = rows->counts,
                           .room = room};
}

static const tw_symbol run_symbols[] = {0, 1, 0, 2, 0};
static const int64_t run_times_ns[] = {SECOND, SECOND + 5, 2 * SECOND, 2 * SECOND, 9 * SECOND};
static const tw_price run_prices[] = {
    {10 * TW_NANO}, {20 * TW_NANO}, {11 * TW_NANO}, {30 * TW_NANO}, {12 * TW_NANO}};
static const tw_quantity run_quantities[] = {
    {TW_NANO}, {2 * TW_NANO}, {3 * TW_NANO}, {4 * TW_NANO}, {5 * TW_NANO}};

static void test_a_table_without_room_is_gone_on_with(void **state) {
    (void)state;
    tw_bars_ticks ticks = {run_symbols, run_times_ns, run_prices, run_quantities, 5};
    tw_bars_config config = {
        .frames = {{.step = SECOND}}, .frame_count = 1, .symbol_count_max = 3, .run_part_max = 1};
    TW_AUTO(tw_bars) *bars = NULL;
    assert_int_equal(tw_bars_new(NULL, &config, &bars), TW_OK);
    table_rows rows;
    tw_bars_table table = table_over(&rows, 4);
    size_t taken = 0;
    assert_int_equal(tw_bars_run(bars, &ticks, &table, NULL, &taken), TW_FULL);
    assert_int_equal(taken, 4); /* two bars came; the next row could complete three */
    assert_int_equal(table.count, 2);
    assert_int_equal(rows.symbols[1], 1);
    assert_int_equal(rows.prices[0][1].nano, 20 * TW_NANO);
    table.count = 0;
    ticks =
        (tw_bars_ticks){run_symbols + 4, run_times_ns + 4, run_prices + 4, run_quantities + 4, 1};
    assert_int_equal(tw_bars_run(bars, &ticks, &table, NULL, &taken), TW_OK);
    assert_int_equal(taken, 1);
    assert_int_equal(table.count, 2);
    assert_int_equal(rows.times_ns[0], 2 * SECOND);
    assert_int_equal(rows.volumes[1].nano, 4 * TW_NANO);
    assert_int_equal(tw_bars_flush(bars, tw_bars_table_put, &table), 1);
    assert_int_equal(rows.times_ns[2], 9 * SECOND);
}

static void test_tables_are_for_bars_by_time_alone(void **state) {
    (void)state;
    tw_bars_ticks ticks = {run_symbols, run_times_ns, run_prices, run_quantities, 5};
    tw_bars_config configs[3] = {
        {.frames = {{.step = 5, .kind = TW_BARS_TICK}}, .frame_count = 1, .symbol_count_max = 3},
        {.frames = {{.step = SECOND}},
         .frame_count = 1,
         .symbol_count_max = 3,
         .empty_count_max = 1},
        {.frames = {{.step = SECOND}},
         .frame_count = 1,
         .symbol_count_max = 3,
         .horizon_ns = SECOND,
         .horizon_trade_max = 4,
         .horizon_bar_max = 4}};
    for (size_t i = 0; i < 3; i++) {
        TW_AUTO(tw_bars) *bars = NULL;
        table_rows rows;
        tw_bars_table table = table_over(&rows, 16);
        size_t taken = 9;
        configs[i].run_part_max = 1;
        assert_int_equal(tw_bars_new(NULL, &configs[i], &bars), TW_OK);
        assert_int_equal(tw_bars_run(bars, &ticks, &table, NULL, &taken), TW_UNSUPPORTED);
        assert_int_equal(taken, 0);
    }
}

static tw_status make_and_free(const tw_allocator *allocator, void *context) {
    (void)context;
    tw_bars_config config = {.frames = {{.step = SECOND}, {.step = 60 * SECOND}},
                             .frame_count = 2,
                             .symbol_count_max = 4,
                             .run_part_max = 2};
    TW_AUTO(tw_bars) *bars = NULL;
    return tw_bars_new(allocator, &config, &bars);
}

static void test_leaves_nothing_when_memory_runs_out(void **state) {
    (void)state;
    assert_survives_failed_allocations(make_and_free, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refuses_configurations_out_of_range),
        cmocka_unit_test(test_one_bar_holds_its_trades),
        cmocka_unit_test(test_weeks_start_on_monday_and_days_at_midnight),
        cmocka_unit_test(test_vwap_rounds_ties_to_even),
        cmocka_unit_test(test_vwap_of_the_greatest_numbers_is_exact),
        cmocka_unit_test(test_a_late_trade_is_counted_and_left_out),
        cmocka_unit_test(test_advance_closes_what_has_ended),
        cmocka_unit_test(test_each_trade_of_a_bar_is_late_for_a_frame_that_has_closed),
        cmocka_unit_test(test_timeframes_without_a_trade_have_no_bar),
        cmocka_unit_test(test_bad_trades_change_nothing),
        cmocka_unit_test(test_a_table_without_room_is_gone_on_with),
        cmocka_unit_test(test_tables_are_for_bars_by_time_alone),
        cmocka_unit_test(test_leaves_nothing_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
