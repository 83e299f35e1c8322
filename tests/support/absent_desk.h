/*
 * absent_desk.h - an order is handed over at the fake desk and taken off the wire; then the process
 * dies, or the connection, or nothing does, and what became of the order shows later or never.
 *
 * Everything is static inline, because the assertions of cmocka belong to the test program.
 */
#ifndef TRADEWIND_TESTS_ABSENT_DESK_H
#define TRADEWIND_TESTS_ABSENT_DESK_H

#include <stdlib.h>

enum { SECOND = 4 /* turns */, TURNS_MAX = 1200 };

#include "crash_desk.h"

static inline tw_engine_config config_for(uint32_t symbol_count) {
    tw_engine_config config = fake_config("absent", symbol_count);
    config.epoch = 11;
    config.order_patience_ns = 60 * TW_NS_PER_SECOND;
    config.controls.duplicate_span_ns = 60 * TW_NS_PER_SECOND;
    config.resume_ns_max = 15 * TW_NS_PER_MINUTE;
    return config;
}

static inline tw_engine_config config_of(void) {
    return config_for(1);
}

/* Turns until there are so many such entries. */
static inline void until_entries(tw_engine *engine, const char *kind, uint32_t count) {
    for (uint32_t i = 0; fake_count(&desk, kind, NULL) < count; i++) {
        if (i == TURNS_MAX)
            fail_msg("there are %u entries %s, not %u", fake_count(&desk, kind, NULL), kind, count);
        turns(engine, 1);
    }
}

static inline void begin(uint32_t symbol_count) {
    fake_options options = {
        .seed = 1, .symbol_count = symbol_count, .history_days = 40, .fill = 1000, .still = true};
    fake_init(&desk, &options);
    kept.count = 0;
}

/* Until the first order, a buy of S0, was handed over; it is taken off the wire. All others
 * have what they should have. */
static inline tw_engine *lose_first(tw_engine_config *config, fake_command *ret_lost) {
    uint32_t n = config->symbol_count;
    begin(n);
    for (uint32_t s = 1; s < n; s++) {
        desk.position[s] = desk.cash / (n - s + 1) / desk.price[s] * TW_NANO;
        desk.cash -= desk.cash / (n - s + 1);
    }
    tw_engine *engine = crash_start(config);
    for (uint32_t i = 0; desk.submits == 0; i++) {
        assert_true(i < TURNS_MAX);
        turns(engine, 1);
    }
    assert_int_equal(desk.command_count, 1);
    assert_int_equal(desk.orders[0].order.side, TW_SIDE_BUY);
    *ret_lost = desk.commands[0];
    desk.command_count = 0;
    return engine;
}

static inline tw_engine *die(tw_engine *engine, tw_engine_config *config) {
    crash(engine, true);
    desk.back_turn = desk.turn + 2;
    return crash_start(config);
}

/* It arrives so many turns later, and nobody hears the answer. */
static inline void arrive_late(fake_command lost, uint64_t turns_from_now) {
    lost.answered = true;
    lost.due = desk.turn + turns_from_now;
    desk.commands[desk.command_count++] = lost;
}

static inline tw_engine_report report_of(const tw_engine *engine) {
    tw_engine_report report;
    tw_engine_get_report(engine, &report, NULL);
    return report;
}

/* Of all orders together no more was filled than the first was for. */
static inline void assert_never_more(void) {
    int64_t filled = 0;
    for (uint32_t i = 0; i < desk.order_count; i++)
        filled += desk.orders[i].order.filled.nano;
    assert_true(filled <= desk.orders[0].order.quantity.nano);
    assert_true(desk.position[0] == filled);
}

/* An orderly end, at which all figures are the venue's. */
static inline void end_with_all_figures(tw_engine *engine) {
    tw_engine_holding holdings[FAKE_SYMBOLS];
    tw_engine_report report;
    tw_engine_stop(engine);
    until(engine, TW_ENGINE_DONE);
    tw_engine_get_report(engine, &report, holdings);
    assert_int_equal(report.orders_adopted_open + report.orders_unknown + report.orders_open, 0);
    for (uint32_t s = 0; s < desk.options.symbol_count; s++)
        assert_true(holdings[s].quantity_after.nano == desk.position[s]);
    assert_true(llabs(report.cash_after.nano - desk.cash) <=
                (int64_t)report.fills_recovered * TW_NANO);
    assert_int_equal(fake_count(&desk, "difference", NULL), 0);
    for (uint32_t i = 0; i < desk.order_count; i++)
        assert_false(fake_is_open(&desk.orders[i]));
    tw_engine_free(engine);
    fake_done(&desk);
}

static inline void end_well(tw_engine *engine) {
    assert_never_more();
    end_with_all_figures(engine);
}

static inline void end_with_one_order(tw_engine *engine) {
    assert_int_equal(desk.order_count, 1);
    end_well(engine);
}

#endif
