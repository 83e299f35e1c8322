/*
 * test_engine_view.c - what a viewer shows of an engine is what the engine is, at the pace and
 * within the bounds that engine_view.h says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>

#include "failing_heap.h"
#include "replay_desk.h"
#include "tradewind/engine_view.h"
#include "tradewind/time.h"

static const int64_t PERIOD_NS = 100 * TW_NS_PER_MS;
static const fake_options OPTIONS = {
    .seed = 11, .symbol_count = 4, .history_days = 40, .fill = 400};

static tw_engine_config config_of(void) {
    return (tw_engine_config){
        .strategy_name = "view",
        .epoch = 5,
        .symbol_count = OPTIONS.symbol_count,
        .order_count_max = 4096,
        .level_count_max = 256,
        .history_days_max = 64,
        .window_count = 16,
        .timeframes_ns = {TW_NS_PER_SECOND, TW_NS_PER_MINUTE},
        .timeframe_count = 2,
        .strategy = TW_STRATEGY_EQUAL,
        .cash_weight = 0.02,
        .band = 0.001,
        .rebalance_interval_ns = 5 * TW_NS_PER_SECOND,
        .order_patience_ns = 5 * TW_NS_PER_SECOND,
        .lot = {TW_NANO},
        .controls = {.limits = {.collar_nano = TW_NANO / 100,
                                .price_age_ns_max = 60 * TW_NS_PER_SECOND},
                     .open_max = 50,
                     .day_loss_share_max_nano = TW_NANO / 10},
        .warm_ns_max = 5 * TW_NS_PER_SECOND,
        .decision_gap_ns = TW_NS_PER_SECOND,
    };
}

typedef struct watched {
    tw_engine *engine;
    tw_engine_viewer *viewer;
    int64_t now_ns; /* monotonic, as the caller says it is */
    uint32_t told;
} watched;

static void on_view(void *context) {
    ((watched *)context)->told++;
}

static void begin(watched *to) {
    tw_engine_config config = config_of();
    *to = (watched){.engine = start(&OPTIONS, &config)};
    assert_int_equal(tw_engine_viewer_new(NULL, to->engine, on_view, to, &to->viewer), TW_OK);
}

static void finish(watched *to) {
    tw_engine_viewer_free(to->viewer);
    end(to->engine);
}

/* One turn of world, engine and viewer; `span_ns` passes before it. */
static void turn(watched *to, int64_t span_ns) {
    uint64_t work = 0;
    fake_turn(&desk);
    assert_int_equal(tw_engine_turn(to->engine, 32, &work, NULL), TW_OK);
    to->now_ns += span_ns;
    tw_engine_viewer_turn(to->viewer, to->now_ns);
}

static const tw_engine_view *read_fresh(watched *to) {
    bool fresh = false;
    const tw_engine_view *view = tw_engine_viewer_read(to->viewer, &fresh);
    assert_true(fresh);
    assert_non_null(view);
    return view;
}

static void until_filled(watched *to, uint64_t count) {
    for (int i = 0; i < 4000 && report_of(to->engine).orders_filled < count; i++)
        turn(to, PERIOD_NS);
    assert_true(report_of(to->engine).orders_filled >= count);
}

/* ---- pace ---------------------------------------------------------------------------------- */

static void test_nothing_is_filled_while_nobody_wants_it(void **state) {
    (void)state;
    watched to;
    begin(&to);
    for (int i = 0; i < 50; i++)
        turn(&to, PERIOD_NS);
    assert_null(tw_engine_viewer_read(to.viewer, NULL));
    tw_engine_viewer_want(to.viewer, true);
    turn(&to, PERIOD_NS);
    assert_int_equal(read_fresh(&to)->sequence, 1);
    tw_engine_viewer_want(to.viewer, false);
    for (int i = 0; i < 50; i++)
        turn(&to, PERIOD_NS);
    assert_int_equal(to.told, 1);
    finish(&to);
}

static void test_ten_views_a_second_are_the_most(void **state) {
    (void)state;
    watched to;
    begin(&to);
    tw_engine_viewer_want(to.viewer, true);
    for (int i = 0; i < 1000; i++)
        turn(&to, TW_NS_PER_MS);
    assert_in_range(to.told, 9, 11);
    finish(&to);
}

/* Only the viewer turns: the engine stands still. */
static void test_what_stands_still_is_shown_once_a_second(void **state) {
    (void)state;
    watched to;
    begin(&to);
    tw_engine_viewer_want(to.viewer, true);
    turn(&to, PERIOD_NS);
    for (int i = 0; i < 25; i++) {
        to.now_ns += PERIOD_NS;
        tw_engine_viewer_turn(to.viewer, to.now_ns);
    }
    assert_int_equal(to.told, 3); /* at 0, 1 and 2 s */
    finish(&to);
}

static void test_a_selection_is_shown_at_once(void **state) {
    (void)state;
    watched to;
    begin(&to);
    tw_engine_viewer_want(to.viewer, true);
    turn(&to, PERIOD_NS);
    assert_int_equal(tw_engine_viewer_select(to.viewer, 3, 2, TW_NS_PER_MINUTE), TW_OK);
    tw_engine_viewer_turn(to.viewer, to.now_ns + PERIOD_NS);
    const tw_engine_view *view = read_fresh(&to);
    assert_int_equal(view->sequence, 2);
    assert_true(view->selections[3].on);
    assert_int_equal(view->selections[3].symbol, 2);
    finish(&to);
}

static void test_the_end_is_shown_in_any_case(void **state) {
    (void)state;
    watched to;
    begin(&to);
    tw_engine_viewer_end(to.viewer, 1);
    assert_int_equal(read_fresh(&to)->report.phase, TW_ENGINE_STARTING);
    tw_engine_viewer_turn(NULL, 1);
    tw_engine_viewer_end(NULL, 1);
    finish(&to);
}

/* ---- what it shows ------------------------------------------------------------------------- */

static void assert_same_figures(const watched *to, const tw_engine_view *view) {
    tw_engine_report report;
    tw_engine_holding holdings[FAKE_SYMBOLS];
    tw_engine_get_report(to->engine, &report, holdings);
    assert_int_equal(view->report.phase, report.phase);
    assert_int_equal(view->report.cash_after.nano, report.cash_after.nano);
    assert_int_equal(view->report.equity_after.nano, report.equity_after.nano);
    assert_int_equal(view->report.fills, report.fills);
    assert_int_equal(view->time_ns, report.ended_ns);
    assert_int_equal(view->symbol_count, OPTIONS.symbol_count);
    for (uint32_t s = 0; s < OPTIONS.symbol_count; s++) {
        const tw_engine_view_position *position = &view->positions[s];
        tw_money value = {0};
        tw_money paid = {0};
        assert_memory_equal(&position->holding, &holdings[s], sizeof holdings[s]);
        assert_int_equal(tw_notional(holdings[s].price, holdings[s].quantity_after, &value), TW_OK);
        assert_int_equal(tw_notional(holdings[s].average_price, holdings[s].quantity_after, &paid),
                         TW_OK);
        assert_int_equal(position->value.nano, value.nano);
        assert_int_equal(position->profit.nano, value.nano - paid.nano);
    }
}

static void test_figures_are_those_of_the_engine(void **state) {
    (void)state;
    watched to;
    begin(&to);
    until_filled(&to, 4);
    tw_engine_viewer_want(to.viewer, true);
    uint32_t compared = 0;
    const tw_engine_view *view = NULL;
    for (int i = 0; i < 60; i++) {
        bool fresh = false;
        turn(&to, PERIOD_NS);
        view = tw_engine_viewer_read(to.viewer, &fresh);
        if (!fresh)
            continue; /* nothing had happened */
        assert_same_figures(&to, view);
        compared++;
    }
    assert_true(compared > 30);
    assert_true(view->report.risk_valid);
    assert_null(view->report.risk.estimates);
    assert_true(view->risk.value_at_risk_95 > 0.0);
    assert_true(view->risk.shortfall_95 >= view->risk.value_at_risk_95);
    finish(&to);
}

/* Moments in their order, each within the time of the run. */
static void assert_lived(const tw_engine_view_order *shown) {
    const int64_t *life = shown->life_ns;
    assert_true(life[TW_ENGINE_MOMENT_INTENDED] >= FAKE_START_NS);
    assert_true(shown->why[0] != '\0');
    if (life[TW_ENGINE_MOMENT_SENT] != 0)
        assert_true(life[TW_ENGINE_MOMENT_SENT] >= life[TW_ENGINE_MOMENT_INTENDED]);
    bool ended = life[TW_ENGINE_MOMENT_ENDED] != 0;
    assert_int_equal(ended, shown->state == TW_ENGINE_ORDER_DONE);
    if (shown->order.status == TW_ORDER_FILLED) {
        assert_true(life[TW_ENGINE_MOMENT_LIVE] >= life[TW_ENGINE_MOMENT_SENT]);
        assert_true(life[TW_ENGINE_MOMENT_FIRST_FILL] >= life[TW_ENGINE_MOMENT_SENT]);
        assert_true(life[TW_ENGINE_MOMENT_ENDED] >= life[TW_ENGINE_MOMENT_FIRST_FILL]);
    }
}

static void test_the_newest_orders_come_with_their_lives(void **state) {
    (void)state;
    watched to;
    begin(&to);
    until_filled(&to, TW_ENGINE_VIEW_ORDER_COUNT_MAX + 8);
    tw_engine_viewer_want(to.viewer, true);
    turn(&to, PERIOD_NS);
    const tw_engine_view *view = read_fresh(&to);
    assert_int_equal(view->order_count, TW_ENGINE_VIEW_ORDER_COUNT_MAX);
    uint64_t number = report_of(to.engine).orders;
    uint32_t filled = 0;
    for (uint32_t i = 0; i < view->order_count; i++) {
        char id[TW_CLIENT_ORDER_ID_SIZE];
        snprintf(id, sizeof id, "view-0000000000000005-%llu", (unsigned long long)(number - i));
        assert_string_equal(view->orders[i].order.client_order_id, id);
        assert_lived(&view->orders[i]);
        filled += view->orders[i].order.status == TW_ORDER_FILLED;
    }
    assert_true(filled > 0);
    finish(&to);
}

/* The row of a reason; its own reason is none if there is no such row. */
static tw_engine_view_limit find_limit(const tw_engine_view *view, tw_pretrade_reason reason) {
    for (uint32_t i = 0; i < view->limit_count; i++) {
        if (view->limits[i].reason == reason)
            return view->limits[i];
    }
    return (tw_engine_view_limit){.reason = TW_PRETRADE_PASSED};
}

static void test_limits_that_are_set_come_with_figures(void **state) {
    (void)state;
    watched to;
    begin(&to);
    tw_engine_viewer_want(to.viewer, true);
    turn(&to, PERIOD_NS);
    const tw_engine_view *view = read_fresh(&to);
    assert_false(find_limit(view, TW_PRETRADE_PRICE_COLLAR).known); /* no order yet */
    until_filled(&to, 4);
    view = tw_engine_viewer_read(to.viewer, NULL);
    assert_int_equal(view->limit_count, 4);
    tw_engine_view_limit collar = find_limit(view, TW_PRETRADE_PRICE_COLLAR);
    assert_true(collar.known && collar.figure > 0 && collar.figure <= collar.limit);
    tw_engine_view_limit open = find_limit(view, TW_PRETRADE_OPEN_ORDERS);
    assert_int_equal(open.limit, 50);
    assert_int_equal(open.figure, view->figures.open_count);
    tw_engine_view_limit loss = find_limit(view, TW_PRETRADE_DAY_LOSS);
    assert_int_equal(loss.limit, view->figures.day_equity.nano / 10);
    assert_false(loss.stopped);
    assert_int_equal(find_limit(view, TW_PRETRADE_DRAWDOWN).reason, TW_PRETRADE_PASSED);
    finish(&to);
}

/* ---- selections ---------------------------------------------------------------------------- */

static void test_a_selection_shows_bars_that_end_from_then_on(void **state) {
    (void)state;
    watched to;
    begin(&to);
    until_filled(&to, 1);
    tw_engine_viewer_want(to.viewer, true);
    assert_int_equal(tw_engine_viewer_select(to.viewer, 0, 1, TW_NS_PER_SECOND), TW_OK);
    turn(&to, PERIOD_NS);
    const tw_engine_view *view = read_fresh(&to);
    assert_true(view->selections[0].on);
    assert_int_equal(view->selections[0].bars_ended, 0);
    assert_false(view->selections[1].on);
    for (int i = 0; i < 2000; i++)
        turn(&to, PERIOD_NS);
    const tw_engine_view_selection *shown = &read_fresh(&to)->selections[0];
    assert_true(shown->bars_ended > TW_ENGINE_VIEW_BAR_COUNT_MAX);
    assert_int_equal(shown->bar_count, TW_ENGINE_VIEW_BAR_COUNT_MAX);
    for (uint32_t i = 0; i < shown->bar_count; i++) {
        assert_int_equal(shown->bars[i].symbol, 1);
        assert_int_equal(shown->bars[i].timeframe_ns, TW_NS_PER_SECOND);
        assert_true(i == 0 || shown->bars[i].time_ns > shown->bars[i - 1].time_ns);
    }
    assert_true(shown->has_current);
    assert_true(shown->current.time_ns > shown->bars[shown->bar_count - 1].time_ns);
    assert_true(shown->bid_count > 0 && shown->ask_count > 0);
    assert_true(shown->bids[0].price.nano < shown->asks[0].price.nano);
    assert_true(shown->last.nano > 0);
    assert_true(shown->window.n > 0);
    finish(&to);
}

static void test_another_selection_begins_anew(void **state) {
    (void)state;
    watched to;
    begin(&to);
    tw_engine_viewer_want(to.viewer, true);
    assert_int_equal(tw_engine_viewer_select(to.viewer, 0, 1, TW_NS_PER_SECOND), TW_OK);
    for (int i = 0; i < 400; i++)
        turn(&to, PERIOD_NS);
    assert_true(read_fresh(&to)->selections[0].bars_ended > 0);
    assert_int_equal(tw_engine_viewer_select(to.viewer, 0, 2, TW_NS_PER_SECOND), TW_OK);
    turn(&to, PERIOD_NS);
    assert_int_equal(read_fresh(&to)->selections[0].bars_ended, 0);
    tw_engine_viewer_deselect(to.viewer, 0);
    turn(&to, PERIOD_NS);
    assert_false(read_fresh(&to)->selections[0].on);
    finish(&to);
}

static void test_what_is_not_there_cannot_be_selected(void **state) {
    (void)state;
    watched to;
    begin(&to);
    assert_int_equal(tw_engine_viewer_select(to.viewer, 0, OPTIONS.symbol_count, TW_NS_PER_SECOND),
                     TW_RANGE);
    assert_int_equal(tw_engine_viewer_select(to.viewer, 0, 0, TW_NS_PER_HOUR), TW_RANGE);
    assert_int_equal(
        tw_engine_viewer_select(to.viewer, TW_ENGINE_VIEW_SELECTION_COUNT_MAX, 0, TW_NS_PER_SECOND),
        TW_RANGE);
    finish(&to);
}

/* ---- two threads --------------------------------------------------------------------------- */

static atomic_bool reading_ends;

/* Looks as fast as it can, and selects as it goes: figures of one view belong together. */
static void *look(void *context) {
    watched *to = context;
    uint64_t newest = 0;
    while (!atomic_load(&reading_ends)) {
        const tw_engine_view *view = tw_engine_viewer_read(to->viewer, NULL);
        if (view == NULL)
            continue;
        int64_t equity = view->report.cash_after.nano;
        for (uint32_t s = 0; s < view->symbol_count; s++)
            equity += view->positions[s].value.nano;
        assert_true(equity == view->report.equity_after.nano);
        assert_true(view->sequence >= newest);
        newest = view->sequence;
        assert_int_equal(tw_engine_viewer_select(to->viewer, (uint32_t)(newest % 16),
                                                 (tw_symbol)(newest % 4), TW_NS_PER_SECOND),
                         TW_OK);
    }
    return NULL;
}

static void test_a_reader_in_another_thread_sees_whole_views(void **state) {
    (void)state;
    watched to;
    pthread_t thread;
    begin(&to);
    tw_engine_viewer_want(to.viewer, true);
    atomic_store(&reading_ends, false);
    assert_int_equal(pthread_create(&thread, NULL, look, &to), 0);
    while (desk.order_count < FAKE_ORDERS - FAKE_SYMBOLS)
        turn(&to, PERIOD_NS);
    atomic_store(&reading_ends, true);
    pthread_join(thread, NULL);
    assert_true(to.told > 500);
    finish(&to);
}

static tw_status make_and_free(const tw_allocator *allocator, void *context) {
    TW_AUTO(tw_engine_viewer) *viewer = NULL;
    return tw_engine_viewer_new(allocator, context, NULL, NULL, &viewer);
}

static void test_leaves_nothing_when_memory_runs_out(void **state) {
    (void)state;
    tw_engine_config config = config_of();
    tw_engine *engine = start(&OPTIONS, &config);
    assert_survives_failed_allocations(make_and_free, engine);
    end(engine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_filled_while_nobody_wants_it),
        cmocka_unit_test(test_ten_views_a_second_are_the_most),
        cmocka_unit_test(test_what_stands_still_is_shown_once_a_second),
        cmocka_unit_test(test_a_selection_is_shown_at_once),
        cmocka_unit_test(test_the_end_is_shown_in_any_case),
        cmocka_unit_test(test_figures_are_those_of_the_engine),
        cmocka_unit_test(test_the_newest_orders_come_with_their_lives),
        cmocka_unit_test(test_limits_that_are_set_come_with_figures),
        cmocka_unit_test(test_a_selection_shows_bars_that_end_from_then_on),
        cmocka_unit_test(test_another_selection_begins_anew),
        cmocka_unit_test(test_what_is_not_there_cannot_be_selected),
        cmocka_unit_test(test_a_reader_in_another_thread_sees_whole_views),
        cmocka_unit_test(test_leaves_nothing_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
