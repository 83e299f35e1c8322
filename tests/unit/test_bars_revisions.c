/* test_bars_revisions.c - late, cancelled and corrected trades, conditions, calendars and options.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "failing_heap.h"
#include "tradewind/bars.h"
#include "tradewind/time.h"

#define SECOND TW_NS_PER_SECOND
enum { COLLECTED_MAX = 4096 };

typedef struct collected {
    tw_bar bars[COLLECTED_MAX];
    tw_bars_detail details[COLLECTED_MAX];
    size_t count;
} collected;

static collected all;

static void collect(void *context, const tw_bar *bar, const tw_bars_detail *detail) {
    (void)context;
    assert_true(all.count < COLLECTED_MAX);
    all.details[all.count] = *detail;
    all.bars[all.count++] = *bar;
}

static int set_up(void **state) {
    (void)state;
    all.count = 0;
    return 0;
}

static tw_trade trade_at(int64_t time_ns, int64_t price, uint64_t id) {
    return (tw_trade){
        .time_ns = time_ns, .price = {price * TW_NANO}, .quantity = {10 * TW_NANO}, .id = id};
}

static tw_bars *make(const tw_bars_config *config) {
    tw_bars *bars = NULL;
    assert_int_equal(tw_bars_new(NULL, config, &bars), TW_OK);
    return bars;
}

static tw_status push(tw_bars *bars, int64_t time_ns, int64_t price, uint64_t id) {
    tw_trade trade = trade_at(time_ns, price, id);
    return tw_bars_push(bars, &trade, collect, NULL);
}

static tw_bars_config with_horizon(int64_t step_ns, int64_t horizon_ns) {
    return (tw_bars_config){.frames = {{.step = step_ns}},
                            .frame_count = 1,
                            .symbol_count_max = 2,
                            .horizon_ns = horizon_ns,
                            .horizon_trade_max = 64,
                            .horizon_bar_max = 64};
}

static tw_bars_counts counts_of(const tw_bars *bars) {
    tw_bars_counts counts;
    tw_bars_count(bars, &counts);
    return counts;
}

/* ---- Revisions ----------------------------------------------------------------------------- */

static void a_late_trade_revises_its_bar(void **state) {
    (void)state;
    tw_bars_config config = with_horizon(SECOND, 10 * SECOND);
    TW_AUTO(tw_bars) *bars = make(&config);
    assert_int_equal(push(bars, 100 * SECOND, 5, 1), TW_OK);
    assert_int_equal(push(bars, 101 * SECOND, 6, 2), TW_OK);
    assert_int_equal(all.count, 1);
    assert_int_equal(all.bars[0].revision, 0);
    assert_int_equal(push(bars, 100 * SECOND + 1, 9, 3), TW_OK);
    assert_int_equal(all.count, 2);
    assert_int_equal(all.bars[1].time_ns, 100 * SECOND);
    assert_int_equal(all.bars[1].revision, 1);
    assert_int_equal(all.bars[1].count, 2);
    assert_int_equal(all.bars[1].close.nano, 9 * TW_NANO);
    assert_int_equal(counts_of(bars).late[0], 0);
    assert_int_equal(counts_of(bars).revisions[0], 1);
}

static void a_late_trade_may_make_a_bar_of_its_own(void **state) {
    (void)state;
    tw_bars_config config = with_horizon(SECOND, 10 * SECOND);
    TW_AUTO(tw_bars) *bars = make(&config);
    assert_int_equal(push(bars, 100 * SECOND, 5, 1), TW_OK);
    assert_int_equal(push(bars, 105 * SECOND, 6, 2), TW_OK);
    assert_int_equal(push(bars, 102 * SECOND, 7, 3), TW_OK);
    assert_int_equal(all.count, 2);
    assert_int_equal(all.bars[1].time_ns, 102 * SECOND);
    assert_int_equal(all.bars[1].revision, 0);
}

static void a_cancel_takes_a_trade_back(void **state) {
    (void)state;
    tw_bars_config config = with_horizon(SECOND, 10 * SECOND);
    TW_AUTO(tw_bars) *bars = make(&config);
    assert_int_equal(push(bars, 100 * SECOND, 5, 1), TW_OK);
    assert_int_equal(push(bars, 100 * SECOND + 1, 9, 2), TW_OK);
    assert_int_equal(push(bars, 101 * SECOND, 6, 3), TW_OK);
    assert_int_equal(tw_bars_cancel(bars, 0, 2, collect, NULL), TW_OK);
    assert_int_equal(all.bars[1].high.nano, 5 * TW_NANO);
    assert_int_equal(all.bars[1].revision, 1);
    assert_int_equal(tw_bars_cancel(bars, 0, 1, collect, NULL), TW_OK);
    assert_int_equal(all.bars[2].revision, 2);
    assert_int_equal(all.bars[2].count, 0);
    assert_int_equal(all.details[2].flags, TW_BARS_WITHDRAWN);
    /* A trade in its place goes on counting. */
    assert_int_equal(push(bars, 100 * SECOND + 5, 8, 4), TW_OK);
    assert_int_equal(all.bars[3].revision, 3);
    assert_int_equal(all.bars[3].open.nano, 8 * TW_NANO);
    assert_int_equal(tw_bars_cancel(bars, 0, 2, collect, NULL), TW_NOT_FOUND);
    assert_int_equal(tw_bars_cancel(bars, 0, 0, collect, NULL), TW_NOT_FOUND);
    assert_int_equal(tw_bars_cancel(bars, 1, 4, collect, NULL), TW_NOT_FOUND);
    assert_int_equal(tw_bars_cancel(bars, 2, 4, collect, NULL), TW_RANGE);
    assert_int_equal(counts_of(bars).unknown, 3);
    assert_int_equal(counts_of(bars).cancelled, 2);
}

static void a_correction_keeps_the_turn_of_its_trade(void **state) {
    (void)state;
    tw_bars_config config = with_horizon(SECOND, 10 * SECOND);
    TW_AUTO(tw_bars) *bars = make(&config);
    assert_int_equal(push(bars, 100 * SECOND, 5, 1), TW_OK);
    assert_int_equal(push(bars, 100 * SECOND, 6, 2), TW_OK);
    assert_int_equal(push(bars, 101 * SECOND, 7, 3), TW_OK);
    tw_trade better = trade_at(100 * SECOND, 4, 1);
    assert_int_equal(tw_bars_correct(bars, 1, &better, collect, NULL), TW_OK);
    assert_int_equal(all.bars[1].open.nano, 4 * TW_NANO);
    assert_int_equal(all.bars[1].close.nano, 6 * TW_NANO);
    assert_int_equal(all.bars[1].revision, 1);
    better.time_ns = 50 * SECOND;
    assert_int_equal(tw_bars_correct(bars, 1, &better, collect, NULL), TW_STATE);
    assert_int_equal(tw_bars_correct(bars, 99, &better, collect, NULL), TW_NOT_FOUND);
    assert_int_equal(all.count, 2);
}

static void a_late_trade_moves_the_bars_behind_it(void **state) {
    (void)state;
    tw_bars_config config = with_horizon(2, 10 * SECOND);
    config.frames[0].kind = TW_BARS_TICK;
    TW_AUTO(tw_bars) *bars = make(&config);
    for (int64_t i = 0; i < 4; i++)
        assert_int_equal(push(bars, (100 + i) * SECOND, 5 + i, 1), TW_OK);
    assert_int_equal(all.count, 2);
    assert_int_equal(push(bars, 100 * SECOND + 1, 9, 7), TW_OK);
    assert_int_equal(all.count, 4); /* both are others now; the last trade waits */
    assert_int_equal(all.details[2].sequence, 0);
    assert_int_equal(all.bars[2].close.nano, 9 * TW_NANO);
    assert_int_equal(all.details[3].sequence, 1);
    assert_int_equal(all.bars[3].revision, 1);
    assert_int_equal(all.bars[3].open.nano, 6 * TW_NANO);
}

static void beyond_the_horizon_trades_are_counted(void **state) {
    (void)state;
    tw_bars_config config = with_horizon(SECOND, 10 * SECOND);
    config.frames[1].step = TW_NS_PER_HOUR;
    config.frame_count = 2;
    TW_AUTO(tw_bars) *bars = make(&config);
    assert_int_equal(push(bars, 100 * SECOND, 5, 1), TW_OK);
    assert_int_equal(push(bars, 120 * SECOND, 6, 2), TW_OK);
    assert_int_equal(push(bars, 100 * SECOND + 1, 9, 3), TW_STATE);
    assert_int_equal(counts_of(bars).late[0], 1);
    assert_int_equal(counts_of(bars).late[1], 0); /* the hour has not settled: it takes it */
    assert_int_equal(tw_bars_cancel(bars, 0, 1, collect, NULL), TW_NOT_FOUND);
    tw_bar hour;
    assert_int_equal(tw_bars_current(bars, 0, 1, &hour), TW_OK);
    assert_int_equal(hour.count, 3);
    assert_int_equal(hour.high.nano, 9 * TW_NANO);
}

static void at_the_bound_of_trades_the_oldest_settles(void **state) {
    (void)state;
    tw_bars_config config = with_horizon(SECOND, 3600 * SECOND);
    config.horizon_trade_max = 4;
    TW_AUTO(tw_bars) *bars = make(&config);
    for (int64_t i = 0; i < 6; i++)
        assert_int_equal(push(bars, (100 + i) * SECOND, 5, (uint64_t)(1 + i)), TW_OK);
    assert_int_equal(counts_of(bars).squeezed, 2);
    assert_int_equal(tw_bars_cancel(bars, 0, 2, collect, NULL), TW_NOT_FOUND);
    assert_int_equal(tw_bars_cancel(bars, 0, 3, collect, NULL), TW_OK);
    assert_int_equal(all.details[all.count - 1].flags, TW_BARS_WITHDRAWN);
    assert_int_equal(push(bars, 100 * SECOND, 9, 9), TW_STATE); /* before what has settled */
}

static void at_the_bound_of_bars_trades_settle(void **state) {
    (void)state;
    tw_bars_config config = with_horizon(SECOND, 3600 * SECOND);
    config.horizon_bar_max = 8;
    TW_AUTO(tw_bars) *bars = make(&config);
    for (int64_t i = 0; i < 40; i++)
        assert_int_equal(push(bars, (100 + i) * SECOND, 5, (uint64_t)(1 + i)), TW_OK);
    assert_true(counts_of(bars).squeezed > 0);
    assert_int_equal(all.count, 39); /* every bar came, once */
    for (size_t i = 0; i < all.count; i++)
        assert_int_equal(all.bars[i].revision, 0);
    assert_int_equal(push(bars, 138 * SECOND, 9, 99), TW_OK); /* the newest can be revised */
    assert_int_equal(all.bars[39].revision, 1);
}

static void a_trade_of_more_bars_than_the_bound_settles_all(void **state) {
    (void)state;
    tw_bars_config config = with_horizon(TW_NANO, 3600 * SECOND);
    config.frames[0].kind = TW_BARS_VOLUME;
    config.horizon_bar_max = 4;
    TW_AUTO(tw_bars) *bars = make(&config);
    assert_int_equal(push(bars, 100 * SECOND, 5, 1), TW_OK);
    assert_int_equal(all.count, 10);
    assert_int_equal(counts_of(bars).squeezed, 1);
    assert_int_equal(tw_bars_cancel(bars, 0, 1, collect, NULL), TW_NOT_FOUND);
    assert_int_equal(push(bars, 101 * SECOND, 6, 2), TW_OK);
    assert_int_equal(all.details[10].sequence, 10);
}

static void what_a_horizon_keeps_must_fit_with_its_bars(void **state) {
    (void)state;
    tw_bars_config config = with_horizon(TW_NS_PER_DAY, 10 * SECOND);
    TW_AUTO(tw_bars) *bars = make(&config);
    tw_trade huge = trade_at(100 * SECOND, 5, 1);
    huge.quantity.nano = INT64_MAX / 2 + 1;
    assert_int_equal(tw_bars_push(bars, &huge, collect, NULL), TW_OK);
    assert_int_equal(tw_bars_push(bars, &huge, collect, NULL), TW_OVERFLOW);
    tw_trade larger = huge;
    larger.quantity.nano = INT64_MAX;
    assert_int_equal(tw_bars_correct(bars, 1, &larger, collect, NULL), TW_OK);
    tw_bar bar;
    assert_int_equal(tw_bars_current(bars, 0, 0, &bar), TW_OK);
    assert_true(bar.volume.nano == INT64_MAX);
    assert_int_equal(push(bars, 101 * SECOND, 5, 2), TW_OVERFLOW);
    assert_int_equal(push(bars, 200 * TW_NS_PER_DAY, 5, 3), TW_OVERFLOW);
}

/* ---- Conditions ---------------------------------------------------------------------------- */

static tw_bars_config with_conditions(char tape) {
    tw_bars_config config = {.frames = {{.step = SECOND}},
                             .frame_count = 1,
                             .symbol_count_max = 1,
                             .has_conditions = true};
    tw_bars_conditions_consolidated(tape, &config.conditions);
    return config;
}

static void push_with(tw_bars *bars, int64_t time_ns, int64_t price, const char *codes) {
    tw_trade trade = trade_at(time_ns, price, 1);
    memcpy(trade.conditions, codes, strlen(codes));
    assert_int_equal(tw_bars_push(bars, &trade, collect, NULL), TW_OK);
}

static void conditions_decide_what_a_trade_moves(void **state) {
    (void)state;
    tw_bars_config config = with_conditions('C');
    TW_AUTO(tw_bars) *bars = make(&config);
    push_with(bars, 1, 50, "@I"); /* odd lot: volume only */
    push_with(bars, 2, 10, "@");  /* the open */
    push_with(bars, 3, 90, "W");  /* average price: volume only */
    push_with(bars, 4, 20, "Z");  /* out of sequence: volume and range */
    push_with(bars, 5, 11, "F");  /* the close */
    push_with(bars, 6, 5, "4");   /* derivatively priced: volume and range */
    push_with(bars, 7, 99, "M");  /* official close: nothing */
    assert_int_equal(tw_bars_flush(bars, collect, NULL), 1);
    const tw_bar *bar = &all.bars[0];
    assert_int_equal(bar->open.nano, 10 * TW_NANO);
    assert_int_equal(bar->high.nano, 20 * TW_NANO);
    assert_int_equal(bar->low.nano, 5 * TW_NANO);
    assert_int_equal(bar->close.nano, 11 * TW_NANO);
    assert_int_equal(bar->volume.nano, 60 * TW_NANO);
    assert_int_equal(bar->count, 6);
    const tw_bars_detail *detail = &all.details[0];
    assert_int_equal(detail->volume_left_out.nano, 10 * TW_NANO);
    assert_int_equal(detail->excluded[TW_BARS_REASON_ODD_LOT].count, 1);
    assert_int_equal(detail->excluded[TW_BARS_REASON_AVERAGE_PRICE].count, 2);
    assert_int_equal(detail->excluded[TW_BARS_REASON_AVERAGE_PRICE].volume.nano, 20 * TW_NANO);
    assert_int_equal(detail->excluded[TW_BARS_REASON_SEQUENCE].count, 1);
    assert_int_equal(detail->excluded[TW_BARS_REASON_OFFICIAL].count, 1);
    assert_int_equal(counts_of(bars).excluded[TW_BARS_REASON_ODD_LOT], 1);
}

static void the_only_trade_gives_the_close_after_all(void **state) {
    (void)state;
    tw_bars_config config = with_conditions('A');
    TW_AUTO(tw_bars) *bars = make(&config);
    push_with(bars, 1, 20, "Z");
    push_with(bars, 2, 22, "L");
    assert_int_equal(tw_bars_flush(bars, collect, NULL), 1);
    assert_int_equal(all.bars[0].open.nano, 20 * TW_NANO);
    assert_int_equal(all.bars[0].close.nano, 22 * TW_NANO);
}

static void a_bar_without_prices_stands_at_the_close_before(void **state) {
    (void)state;
    tw_bars_config config = with_conditions('A');
    TW_AUTO(tw_bars) *bars = make(&config);
    push_with(bars, 1, 50, "I"); /* no close before: not handed out */
    push_with(bars, SECOND, 10, "@");
    push_with(bars, 2 * SECOND, 60, "I");
    assert_int_equal(tw_bars_flush(bars, collect, NULL), 1);
    assert_int_equal(all.count, 2);
    assert_int_equal(all.bars[0].open.nano, 10 * TW_NANO);
    assert_int_equal(all.bars[1].open.nano, 10 * TW_NANO);
    assert_int_equal(all.bars[1].high.nano, 10 * TW_NANO);
    assert_int_equal(all.bars[1].volume.nano, 10 * TW_NANO);
    assert_int_equal(all.details[1].flags, TW_BARS_UNPRICED);
    assert_int_equal(counts_of(bars).unpriced, 1);
}

/* ---- Calendars and options ----------------------------------------------------------------- */

static int64_t at(const char *text) {
    int64_t time_ns = 0;
    assert_int_equal(tw_time_parse(tw_slice_of(text), &time_ns), TW_OK);
    return time_ns;
}

/* New York without the system: its rule since 2007, in a file of version 2 without transitions. */
static tw_zone *new_york(void) {
    static const char footer[] = "\nEST5EDT,M3.2.0,M11.1.0\n";
    char bytes[256] = {0};
    size_t second = 44 + 6 + 4; /* behind a first part of one type with a name of four bytes */
    for (size_t at_byte = 0; at_byte <= second; at_byte += second) {
        memcpy(bytes + at_byte, "TZif2", 5);
        bytes[at_byte + 39] = 1;
        bytes[at_byte + 43] = 4;
    }
    memcpy(bytes + second + 54, footer, sizeof footer);
    tw_zone *zone = NULL;
    tw_slice slice = {bytes, second + 54 + sizeof footer - 1};
    assert_int_equal(tw_zone_new(NULL, slice, &zone, NULL), TW_OK);
    return zone;
}

static void days_of_new_york_follow_daylight_saving(void **state) {
    (void)state;
    TW_AUTO(tw_zone) *zone = new_york();
    tw_bars_config config = {
        .frames = {{.step = TW_NS_PER_DAY}, {.step = TW_NS_PER_HOUR}, {.step = 7 * TW_NS_PER_DAY}},
        .frame_count = 3,
        .symbol_count_max = 1,
        .zone = zone};
    TW_AUTO(tw_bars) *bars = make(&config);
    int64_t time_ns = at("2024-03-09T05:00:00Z");
    for (int hour = 0; hour < 24 * 4; hour++)
        assert_int_equal(push(bars, time_ns + hour * TW_NS_PER_HOUR + 1, 100 + hour, 1), TW_OK);
    tw_bars_flush(bars, collect, NULL);
    uint64_t hours[8];
    int64_t starts[8];
    size_t days = 0;
    for (size_t i = 0; i < all.count; i++) {
        if (all.details[i].frame == 2 && all.details[i].flags == 0)
            assert_int_equal(all.bars[i].time_ns, at("2024-03-11T04:00:00Z")); /* a Monday */
        if (all.details[i].frame != 0)
            continue;
        hours[days] = all.bars[i].count;
        starts[days++] = all.bars[i].time_ns;
    }
    assert_int_equal(days, 5);
    assert_int_equal(starts[1], at("2024-03-10T05:00:00Z"));
    assert_int_equal(starts[2], at("2024-03-11T04:00:00Z"));
    assert_int_equal(hours[0], 24);
    assert_int_equal(hours[1], 23);
    assert_int_equal(hours[2], 24);
    assert_int_equal(hours[4], 1);
    assert_int_equal(push(bars, at("1901-12-31"), 5, 1), TW_RANGE);
}

static void a_day_of_25_hours_in_autumn(void **state) {
    (void)state;
    TW_AUTO(tw_zone) *zone = new_york();
    tw_bars_config config = {.frames = {{.step = TW_NS_PER_DAY}},
                             .frame_count = 1,
                             .symbol_count_max = 1,
                             .zone = zone,
                             .stamp_close = true};
    TW_AUTO(tw_bars) *bars = make(&config);
    assert_int_equal(push(bars, at("2024-11-03T04:00:00Z"), 5, 1), TW_OK);
    assert_int_equal(push(bars, at("2024-11-04T04:59:59Z"), 6, 2), TW_OK);
    assert_int_equal(push(bars, at("2024-11-04T05:00:00Z"), 7, 3), TW_OK);
    assert_int_equal(all.count, 1);
    assert_int_equal(all.bars[0].count, 2);
    assert_int_equal(all.bars[0].time_ns, at("2024-11-04T05:00:00Z")); /* its end */
    assert_int_equal(all.details[0].start_ns, at("2024-11-03T04:00:00Z"));
}

static void empty_bars_come_up_to_their_bound(void **state) {
    (void)state;
    tw_bars_config config = {.frames = {{.step = SECOND}},
                             .frame_count = 1,
                             .symbol_count_max = 1,
                             .empty_count_max = 3};
    TW_AUTO(tw_bars) *bars = make(&config);
    assert_int_equal(push(bars, 0, 5, 1), TW_OK);
    assert_int_equal(push(bars, 3 * SECOND, 6, 1), TW_OK);
    assert_int_equal(all.count, 3);
    assert_int_equal(all.bars[1].time_ns, SECOND);
    assert_int_equal(all.bars[1].open.nano, 5 * TW_NANO);
    assert_int_equal(all.bars[1].count, 0);
    assert_int_equal(all.bars[1].vwap.nano, 0);
    assert_int_equal(all.details[2].flags, TW_BARS_EMPTY_BAR);
    assert_int_equal(counts_of(bars).gaps, 0);
    assert_int_equal(push(bars, 100 * SECOND, 7, 1), TW_OK);
    assert_int_equal(all.count, 7);
    assert_int_equal(counts_of(bars).gaps, 1);
    assert_int_equal(tw_bars_advance(bars, 103 * SECOND, collect, NULL), 3);
    assert_int_equal(tw_bars_advance(bars, 200 * SECOND, collect, NULL), 1);
}

static void what_is_partial_can_be_left_out(void **state) {
    (void)state;
    tw_bars_config config = {.frames = {{.step = 2 * SECOND}, {.kind = TW_BARS_TICK, .step = 2}},
                             .frame_count = 2,
                             .symbol_count_max = 1,
                             .skip_partial = true};
    TW_AUTO(tw_bars) *bars = make(&config);
    assert_int_equal(push(bars, 1 * SECOND, 5, 1), TW_OK);
    assert_int_equal(push(bars, 2 * SECOND, 6, 1), TW_OK);
    assert_int_equal(push(bars, 4 * SECOND, 7, 1), TW_OK);
    assert_int_equal(tw_bars_flush(bars, collect, NULL), 1);
    assert_int_equal(all.count, 3); /* one of ticks, two of time; the first and the odd tick not */
    assert_int_equal(counts_of(bars).partial, 2);
    assert_int_equal(all.bars[1].time_ns, 2 * SECOND);
}

/* ---- Limits of the other kinds ------------------------------------------------------------- */

static void a_trade_of_too_many_bars_is_refused(void **state) {
    (void)state;
    tw_bars_config config = {.frames = {{.kind = TW_BARS_VOLUME, .step = 100000}, {.step = SECOND}},
                             .frame_count = 2,
                             .symbol_count_max = 1};
    TW_AUTO(tw_bars) *bars = make(&config);
    assert_int_equal(push(bars, 1, 5, 1), TW_LIMIT);
    tw_bar bar;
    assert_int_equal(tw_bars_current(bars, 0, 1, &bar), TW_EMPTY);
    tw_trade small = trade_at(1, 5, 1);
    small.quantity.nano = 250000;
    assert_int_equal(tw_bars_push(bars, &small, collect, NULL), TW_OK);
    assert_int_equal(all.count, 2);
    assert_int_equal(all.details[1].sequence, 1);
}

static void a_move_of_too_many_bricks_is_skipped(void **state) {
    (void)state;
    tw_bars_config config = {.frames = {{.kind = TW_BARS_RENKO, .step = TW_NANO / 1000}},
                             .frame_count = 1,
                             .symbol_count_max = 1};
    TW_AUTO(tw_bars) *bars = make(&config);
    assert_int_equal(push(bars, 1, 5, 1), TW_OK);
    assert_int_equal(push(bars, 2, 5000, 1), TW_OK);
    assert_int_equal(all.count, 0);
    assert_int_equal(counts_of(bars).gaps, 1);
    tw_trade next = trade_at(3, 5000, 1);
    next.price.nano += TW_NANO / 1000;
    assert_int_equal(tw_bars_push(bars, &next, collect, NULL), TW_OK);
    assert_int_equal(all.count, 1); /* the grid has gone on */
    assert_int_equal(all.bars[0].open.nano, 5000 * TW_NANO);
}

static void an_adaptive_threshold_stays_in_its_clamps(void **state) {
    (void)state;
    tw_bars_config config = {.frames = {{.kind = TW_BARS_TICK_IMBALANCE,
                                         .step = 2,
                                         .adaptive_bars = 3,
                                         .adaptive_trades = 3,
                                         .adaptive_min = 2,
                                         .adaptive_max = 4}},
                             .frame_count = 1,
                             .symbol_count_max = 1};
    TW_AUTO(tw_bars) *bars = make(&config);
    for (int64_t i = 0; i < 64; i++) {
        tw_trade trade = trade_at(i, 5, 1);
        trade.side = TW_SIDE_BUY; /* all of one side: the expectation is as long as the bar */
        assert_int_equal(tw_bars_push(bars, &trade, collect, NULL), TW_OK);
    }
    assert_true(all.count >= 16);
    for (size_t i = 0; i < all.count; i++)
        assert_in_range(all.bars[i].count, 2, 4);
}

static void the_average_range_needs_a_bar_more_than_its_period(void **state) {
    (void)state;
    tw_bar quotes[3] = {0};
    for (int i = 0; i < 3; i++) {
        quotes[i].high.nano = (10 + i) * TW_NANO;
        quotes[i].low.nano = (8 + i) * TW_NANO;
        quotes[i].close.nano = (9 + i) * TW_NANO;
    }
    tw_price range = {0};
    assert_int_equal(tw_bars_average_range(quotes, 2, 2, &range), TW_EMPTY);
    assert_int_equal(tw_bars_average_range(quotes, 3, 2, &range), TW_OK);
    assert_int_equal(range.nano, 2 * TW_NANO);
}

static void bars_make_bars(void **state) {
    (void)state;
    tw_bars_config config = {
        .frames = {{.step = 2 * SECOND}}, .frame_count = 1, .symbol_count_max = 1};
    TW_AUTO(tw_bars) *bars = make(&config);
    tw_bar part = {.time_ns = 0, .count = 3};
    part.open.nano = 5 * TW_NANO;
    part.high.nano = 8 * TW_NANO;
    part.low.nano = 4 * TW_NANO;
    part.close.nano = 6 * TW_NANO;
    part.volume.nano = 10 * TW_NANO;
    assert_int_equal(tw_bars_push_bar(bars, &part, (tw_price){0}, collect, NULL), TW_OK);
    part.time_ns = SECOND;
    part.close.nano = 7 * TW_NANO;
    assert_int_equal(tw_bars_push_bar(bars, &part, (tw_price){0}, collect, NULL), TW_OK);
    part.high.nano = 5 * TW_NANO;
    assert_int_equal(tw_bars_push_bar(bars, &part, (tw_price){0}, collect, NULL), TW_INVALID);
    tw_bars_flush(bars, collect, NULL);
    assert_int_equal(all.bars[0].count, 6);
    assert_int_equal(all.bars[0].close.nano, 7 * TW_NANO);
    assert_int_equal(all.bars[0].low.nano, 4 * TW_NANO);
    assert_int_equal(all.bars[0].volume.nano, 20 * TW_NANO);
}

static void many_trades_stop_at_the_first_that_is_refused(void **state) {
    (void)state;
    tw_bars_config config = {.frames = {{.step = SECOND}}, .frame_count = 1, .symbol_count_max = 1};
    TW_AUTO(tw_bars) *bars = make(&config);
    tw_trade trades[4];
    for (int i = 0; i < 4; i++)
        trades[i] = trade_at((10 - i) * SECOND, 5, 1); /* backwards: late, which stops nothing */
    size_t taken = 0;
    assert_int_equal(tw_bars_push_many(bars, trades, 4, collect, NULL, &taken), TW_OK);
    assert_int_equal(taken, 4);
    assert_int_equal(counts_of(bars).late[0], 3);
    trades[2].price.nano = 0;
    assert_int_equal(tw_bars_push_many(bars, trades, 4, collect, NULL, &taken), TW_INVALID);
    assert_int_equal(taken, 2);
}

static void configurations_out_of_bounds_are_refused(void **state) {
    (void)state;
    tw_bars *bars = NULL;
    const tw_bars_config good = with_horizon(SECOND, 10 * SECOND);
    tw_bars_config bad[8];
    for (size_t i = 0; i < 8; i++)
        bad[i] = good;
    bad[0].horizon_trade_max = 0;
    bad[1].horizon_bar_max = 0;
    bad[2].horizon_ns = -1;
    bad[3].frames[0].kind = TW_BARS_RENKO + 1;
    bad[4].empty_count_max = TW_BARS_EMPTY_COUNT_MAX + 1;
    bad[5].day_open_seconds = 86401;
    bad[6].has_conditions = true;
    bad[6].conditions.moves[64] = 16;
    bad[7].frames[0].adaptive_bars = 3; /* of a time frame */
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(tw_bars_new(NULL, &bad[i], &bars), TW_RANGE);
    assert_null(bars);
}

static tw_status make_and_free(const tw_allocator *allocator, void *context) {
    (void)context;
    tw_bars_config config = with_horizon(SECOND, SECOND);
    TW_AUTO(tw_bars) *bars = NULL;
    return tw_bars_new(allocator, &config, &bars);
}

static void leaves_nothing_when_memory_runs_out(void **state) {
    (void)state;
    assert_survives_failed_allocations(make_and_free, NULL);
}

#define CASE(test) cmocka_unit_test_setup(test, set_up)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(a_late_trade_revises_its_bar),
        CASE(a_late_trade_may_make_a_bar_of_its_own),
        CASE(a_cancel_takes_a_trade_back),
        CASE(a_correction_keeps_the_turn_of_its_trade),
        CASE(a_late_trade_moves_the_bars_behind_it),
        CASE(beyond_the_horizon_trades_are_counted),
        CASE(at_the_bound_of_trades_the_oldest_settles),
        CASE(at_the_bound_of_bars_trades_settle),
        CASE(a_trade_of_more_bars_than_the_bound_settles_all),
        CASE(what_a_horizon_keeps_must_fit_with_its_bars),
        CASE(conditions_decide_what_a_trade_moves),
        CASE(the_only_trade_gives_the_close_after_all),
        CASE(a_bar_without_prices_stands_at_the_close_before),
        CASE(days_of_new_york_follow_daylight_saving),
        CASE(a_day_of_25_hours_in_autumn),
        CASE(empty_bars_come_up_to_their_bound),
        CASE(what_is_partial_can_be_left_out),
        CASE(a_trade_of_too_many_bars_is_refused),
        CASE(a_move_of_too_many_bricks_is_skipped),
        CASE(an_adaptive_threshold_stays_in_its_clamps),
        CASE(the_average_range_needs_a_bar_more_than_its_period),
        CASE(bars_make_bars),
        CASE(many_trades_stop_at_the_first_that_is_refused),
        CASE(configurations_out_of_bounds_are_refused),
        CASE(leaves_nothing_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
