/*
 * engine_desk.h - turns of an engine at a fake desk, and what must hold after each and at the end.
 *
 * Everything is static, because the assertions of cmocka belong to the test program.
 */
#ifndef TRADEWIND_TESTS_SUPPORT_ENGINE_DESK_H
#define TRADEWIND_TESTS_SUPPORT_ENGINE_DESK_H

#include "recorded_desk.h"

enum { TURNS_TO_END = 1200 };

static inline tw_engine_config plain_config(uint32_t symbol_count) {
    tw_engine_config config = fake_config("replay", symbol_count);
    config.timeframe_count = 2;
    return config;
}

static inline fake_options plain_options(uint32_t symbol_count) {
    return (fake_options){
        .seed = 1, .symbol_count = symbol_count, .history_days = 40, .fill = 1000};
}

static inline tw_status turn(tw_engine *engine) {
    uint64_t work = 0;
    fake_turn(&desk);
    uint32_t events = 1 + (uint32_t)tw_random_below(&desk.random, 48);
    tw_status status = tw_engine_turn(engine, events, &work, NULL);
    tw_engine_check(engine);
    if (recording != NULL)
        record_turn((int64_t)desk.turn * 7 * TW_NS_PER_MS);
    return status;
}

static inline void turns(tw_engine *engine, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(turn(engine), TW_OK);
}

/* Turns until the phase is reached. */
static inline void until(tw_engine *engine, tw_engine_phase phase) {
    for (uint32_t i = 0; tw_engine_phase_now(engine) != phase; i++) {
        if (i == TURNS_TO_END)
            fail_msg("the phase stays %s", tw_engine_phase_name(tw_engine_phase_now(engine)));
        assert_int_equal(turn(engine), TW_OK);
    }
}

/* Positions and cash are the venue's. Cash that was learned from an average price carries its
 * rounding: half of 1e-9 for each share. */
static inline void assert_same_figures(const tw_engine *engine) {
    tw_engine_report report;
    tw_engine_holding holdings[FAKE_SYMBOLS];
    tw_engine_get_report(engine, &report, holdings);
    int64_t shares = 0;
    for (uint32_t s = 0; s < desk.options.symbol_count; s++)
        assert_true(holdings[s].quantity_after.nano == desk.position[s]);
    for (uint32_t i = 0; report.fills_recovered > 0 && i < desk.order_count; i++)
        shares += desk.orders[i].order.filled.nano / TW_NANO + 1;
    int64_t difference = report.cash_after.nano - desk.cash;
    assert_true(difference <= shares && difference >= -shares);
}

static inline void assert_nothing_left(const tw_engine *engine) {
    tw_engine_report report = report_of(engine);
    assert_int_equal(report.orders_open, 0);
    assert_int_equal(report.orders_unknown, 0);
    assert_int_equal(report.late_trades, 0);
    for (uint32_t i = 0; i < desk.order_count; i++)
        assert_false(fake_is_open(&desk.orders[i]));
}

/* A plain run that trades, and its orderly end. */
static inline tw_engine *start_trading(uint32_t symbol_count) {
    fake_options options = plain_options(symbol_count);
    tw_engine_config config = plain_config(symbol_count);
    tw_engine *engine = start(&options, &config);
    until(engine, TW_ENGINE_TRADING);
    return engine;
}

static inline void end_trading(tw_engine *engine) {
    tw_engine_stop(engine);
    until(engine, TW_ENGINE_DONE);
    assert_same_figures(engine);
    end(engine);
}

/* Puts one market event in front of the engine. */
static inline void show(tw_engine *engine, tw_market_event event) {
    desk.silent[0] = true;
    turns(engine, 3);
    assert_int_equal(desk.market_count, 0);
    desk.market[desk.market_first] = event;
    desk.market_count = 1;
    turns(engine, 1);
}

#endif
