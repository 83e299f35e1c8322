/*
 * replay_absent.c - an order is out when the process dies, or the connection, and the venue does
 * not know it: whether it is wanted still or not, no share of it is counted twice or sold twice,
 * and what is wanted does not wait. All of it at random: replay_resume.c, replay_world.c.
 */
#include <stdlib.h>

#include "crash_desk.h"

enum { SECOND = 4 /* turns */, TURNS_MAX = 1200 };

static tw_engine_config config_for(uint32_t symbol_count) {
    tw_engine_config config = fake_config("absent", symbol_count);
    config.epoch = 11;
    config.order_patience_ns = 60 * TW_NS_PER_SECOND;
    config.controls.duplicate_span_ns = 60 * TW_NS_PER_SECOND;
    config.resume_ns_max = 15 * TW_NS_PER_MINUTE;
    return config;
}

static tw_engine_config config_of(void) {
    return config_for(1);
}

static void turns(tw_engine *engine, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        uint64_t work = 0;
        fake_turn(&desk);
        assert_int_equal(tw_engine_turn(engine, 48, &work, NULL), TW_OK);
        tw_engine_check(engine);
    }
}

static void until(tw_engine *engine, tw_engine_phase phase) {
    for (uint32_t i = 0; tw_engine_phase_now(engine) != phase; i++) {
        assert_true(i < TURNS_MAX);
        turns(engine, 1);
    }
}

/* Turns until there are so many such entries. */
static void until_entries(tw_engine *engine, const char *kind, uint32_t count) {
    for (uint32_t i = 0; fake_count(&desk, kind, NULL) < count; i++) {
        if (i == TURNS_MAX)
            fail_msg("there are %u entries %s, not %u", fake_count(&desk, kind, NULL), kind, count);
        turns(engine, 1);
    }
}

static void begin(uint32_t symbol_count) {
    fake_options options = {
        .seed = 1, .symbol_count = symbol_count, .history_days = 40, .fill = 1000, .still = true};
    fake_init(&desk, &options);
    kept.count = 0;
}

/* Until the first order, a buy of S0, was handed over; it is taken off the wire. All others
 * have what they should have. */
static tw_engine *lose_first(tw_engine_config *config, fake_command *ret_lost) {
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

static tw_engine *die(tw_engine *engine, tw_engine_config *config) {
    crash(engine, true);
    desk.back_turn = desk.turn + 2;
    return crash_start(config);
}

/* It arrives so many turns later, and nobody hears the answer. */
static void arrive_late(fake_command lost, uint64_t turns_from_now) {
    lost.answered = true;
    lost.due = desk.turn + turns_from_now;
    desk.commands[desk.command_count++] = lost;
}

static tw_engine_report report_of(const tw_engine *engine) {
    tw_engine_report report;
    tw_engine_get_report(engine, &report, NULL);
    return report;
}

/* Of all orders together no more was filled than the first was for. */
static void assert_never_more(void) {
    int64_t filled = 0;
    for (uint32_t i = 0; i < desk.order_count; i++)
        filled += desk.orders[i].order.filled.nano;
    assert_true(filled <= desk.orders[0].order.quantity.nano);
    assert_true(desk.position[0] == filled);
}

/* An orderly end, at which all figures are the venue's. */
static void end_with_all_figures(tw_engine *engine) {
    tw_engine_holding holdings[FAKE_SYMBOLS];
    tw_engine_report report;
    tw_engine_stop(engine);
    until(engine, TW_ENGINE_DONE);
    tw_engine_get_report(engine, &report, holdings);
    assert_int_equal(report.orders_adopted_open + report.orders_unknown + report.orders_open, 0);
    for (uint32_t s = 0; s < desk.options.symbol_count; s++)
        assert_true(holdings[s].quantity_after.nano == desk.position[s]);
    assert_true(llabs(report.cash_after.nano - desk.cash) <= report.fills_recovered * TW_NANO);
    assert_int_equal(fake_count(&desk, "difference", NULL), 0);
    for (uint32_t i = 0; i < desk.order_count; i++)
        assert_false(fake_is_open(&desk.orders[i]));
    tw_engine_free(engine);
    fake_done(&desk);
}

static void end_well(tw_engine *engine) {
    assert_never_more();
    end_with_all_figures(engine);
}

static void end_with_one_order(tw_engine *engine) {
    assert_int_equal(desk.order_count, 1);
    end_well(engine);
}

static void assert_plan_done(void) {
    assert_int_equal(fake_count(&desk, "resume", NULL), 1);
    assert_int_equal(fake_count(&desk, "plan_end", "\"how\":\"done\""), 1);
    assert_int_equal(desk.orders[0].order.status, TW_ORDER_FILLED);
}

static void a_new_run_sends_what_never_arrived_at_once(void **state) {
    (void)state;
    tw_engine_config config = config_of();
    fake_command lost;
    tw_engine *engine = die(lose_first(&config, &lost), &config);
    until(engine, TW_ENGINE_TRADING);
    assert_true(desk.snapshots == 2); /* one a run: none was read for the order's sake */
    assert_int_equal(report_of(engine).orders_adopted_open, 1);
    uint64_t from = desk.turn;
    until_entries(engine, "plan_end", 1);
    assert_true(desk.turn - from <= 5 * SECOND);
    assert_int_equal(desk.submits, 2);
    assert_int_equal(fake_count(&desk, "resend", NULL), 1);
    assert_plan_done();
    end_with_one_order(engine);
}

/* Its entry was durable, and it was never handed over. */
static void so_it_does_with_what_was_never_sent(void **state) {
    (void)state;
    tw_engine_config config = config_of();
    begin(1);
    desk.options.broker_full = 1000; /* the ring of commands has no room */
    tw_engine *engine = crash_start(&config);
    until_entries(engine, "intent", 1);
    turns(engine, 1);
    desk.options.broker_full = 0;
    engine = die(engine, &config);
    until_entries(engine, "plan_end", 1);
    assert_int_equal(desk.submits, 1);
    assert_plan_done();
    end_with_one_order(engine);
}

static void a_lost_connection_is_no_other_case(void **state) {
    (void)state;
    tw_engine_config config = config_of();
    fake_command lost;
    tw_engine *engine = lose_first(&config, &lost);
    fake_break(&desk);
    fake_answer(&desk, &lost, TW_UNKNOWN, NULL);
    until(engine, TW_ENGINE_PAUSED);
    until(engine, TW_ENGINE_TRADING);
    uint64_t from = desk.turn;
    until_entries(engine, "plan_end", 1);
    assert_true(desk.turn - from <= 5 * SECOND);
    assert_int_equal(desk.submits, 2);
    assert_plan_done();
    end_with_one_order(engine);
}

/* At whatever moment of start, resend and end the first request comes through. */
static void the_first_request_may_arrive_at_any_moment(void **state) {
    (void)state;
    bool alone = false;
    bool twin = false;
    for (uint64_t late = 0; late < 20 * SECOND; late++) {
        tw_engine_config config = config_of();
        fake_command lost;
        tw_engine *engine = die(lose_first(&config, &lost), &config);
        desk.options.fill = late % 2 == 0 ? 1000 : 0;
        arrive_late(lost, late);
        turns(engine, (uint32_t)late + 20 * SECOND);
        alone = alone || desk.submits == 1;
        twin = twin || desk.twins == 1;
        assert_true(report_of(engine).reconciliations > 0);
        end_well(engine);
    }
    assert_true(alone && twin);
}

/* Until that part of a snapshot is the next to be read. */
static void until_reading(tw_engine *engine, uint32_t part) {
    for (uint32_t i = 0; desk.reading != part; i++) {
        assert_true(i < TURNS_MAX);
        turns(engine, 1);
    }
}

/* It was in the market while the snapshot was read: its shares are in the position or not, and the
 * venue knows it, so that another is read. */
static void a_snapshot_that_may_hold_some_of_it_is_not_taken(void **state) {
    (void)state;
    for (uint32_t part = 2; part <= 3; part++) { /* the next to be read */
        tw_engine_config config = config_of();
        fake_command lost;
        tw_engine *engine = die(lose_first(&config, &lost), &config);
        until_reading(engine, part);
        arrive_late(lost, 0);
        until(engine, TW_ENGINE_TRADING);
        assert_int_equal(desk.snapshots, 3);
        turns(engine, 5 * SECOND);
        assert_int_equal(desk.orders[0].submits, 1);
        end_well(engine);
    }
}

/* The venue said so before the newest snapshot was read, and that is heard after it. */
static void a_late_answer_says_nothing_of_the_newest_snapshot(void **state) {
    (void)state;
    tw_engine_config config = config_of();
    fake_command lost;
    tw_engine *engine = die(lose_first(&config, &lost), &config);
    for (uint32_t i = 0; desk.command_count == 0; i++) {
        assert_true(i < TURNS_MAX);
        turns(engine, 1);
    }
    fake_command query = desk.commands[0];
    assert_int_equal(query.act, FAKE_QUERY);
    desk.command_count = 0;
    fake_break(&desk);
    until_reading(engine, 2);
    desk.options.drop_update = 1000;
    arrive_late(lost, 0);
    until_reading(engine, 0);
    desk.options.drop_update = 0;
    assert_int_equal(desk.command_count, 1); /* it is asked anew */
    assert_true(desk.position[0] > 0);
    fake_answer(&desk, &query, TW_NOT_FOUND, NULL);
    until(engine, TW_ENGINE_TRADING);
    turns(engine, 5 * SECOND);
    end_well(engine);
}

typedef enum obstacle { BY_KILL, BY_TARGETS, BY_AGE, BY_PRICE, BY_ANSWER, OBSTACLES } obstacle;

/* It is never sent again, and waits to be given up. Unless the obstacle itself forbids it, new
 * decisions are made in the meantime; but nothing is done in its symbol, which it may still change.
 */
static void what_is_not_wanted_any_more_holds_nobody_up(void **state) {
    (void)state;
    static const double targets[] = {0.2, 0.2};
    static const bool goes_on[OBSTACLES] = {
        [BY_TARGETS] = true, [BY_AGE] = true, [BY_ANSWER] = true};
    for (obstacle what = BY_KILL; what < OBSTACLES; what++) {
        tw_engine_config config = config_for(2);
        fake_command lost;
        tw_engine *engine = lose_first(&config, &lost);
        if (what == BY_TARGETS) {
            config.strategy = TW_STRATEGY_TARGETS;
            config.target_weights = targets;
        }
        engine = die(engine, &config);
        int64_t sent_ns = desk.now_ns;
        if (what == BY_AGE)
            desk.now_ns += 21 * TW_NS_PER_SECOND;
        if (what == BY_PRICE)
            desk.price[0] -= desk.price[0] / 10; /* its limit is beyond the collar now */
        if (what == BY_KILL)
            tw_engine_kill(engine, TW_KILL_CANCEL, TW_KILL_BY_FILE);
        if (what == BY_ANSWER)
            desk.options.lose_query = 1000; /* the venue cannot say */
        if (what == BY_ANSWER)
            turns(engine, 30 * SECOND);
        desk.options.lose_query = 0;
        uint64_t from = desk.turn;
        if (goes_on[what])
            until_entries(engine, "decision", 2);
        assert_true(desk.turn - from < 10 * SECOND);
        if (what == BY_TARGETS)
            until_entries(engine, "intent", 2);
        until_entries(engine, "missing", 1);
        assert_int_equal(fake_count(&desk, "intent", "\"symbol\":\"S0\""), 1);
        assert_int_equal(fake_count(&desk, "denied", "\"reason\":\"open_orders_symbol\"") > 0,
                         goes_on[what]);
        assert_true(desk.now_ns - sent_ns > 55 * TW_NS_PER_SECOND);
        assert_int_equal(desk.orders[0].submits, 1);
        assert_int_equal(fake_count(&desk, "resend", NULL), 0);
        end_with_all_figures(engine);
    }
}

/* It may have been filled before it was forgotten: nothing goes on until it is given up. */
static void what_the_venue_has_named_is_not_absent(void **state) {
    (void)state;
    tw_engine_config config = config_of();
    begin(1);
    desk.options.fill = 0;
    tw_engine *engine = crash_start(&config);
    until_entries(engine, "order", 1);
    assert_true(desk.orders[0].at_venue);
    fake_break(&desk);
    desk.orders[0].at_venue = false;
    until(engine, TW_ENGINE_SETTLING);
    until(engine, TW_ENGINE_TRADING);
    assert_int_equal(fake_count(&desk, "missing", NULL), 1);
    desk.options.fill = 1000;
    turns(engine, 5 * SECOND);
    end_with_all_figures(engine);
}

/* What is held is sold, although nobody knows what becomes of the buy; when that comes through it
 * is sold, too. */
static void a_kill_that_flattens_waits_for_no_answer(void **state) {
    (void)state;
    for (int dies = 0; dies < 2; dies++) {
        tw_engine_config config = config_for(3);
        fake_command lost;
        tw_engine *engine = lose_first(&config, &lost);
        if (dies)
            engine = die(engine, &config);
        else
            fake_answer(&desk, &lost, TW_UNKNOWN, NULL);
        tw_engine_kill(engine, TW_KILL_FLATTEN, TW_KILL_BY_FILE);
        uint64_t from = desk.turn;
        until_entries(engine, "intent", 3);
        turns(engine, 2 * SECOND);
        assert_true(desk.turn - from < 15 * SECOND);
        assert_true(desk.position[1] == 0 && desk.position[2] == 0);
        assert_int_equal(fake_count(&desk, "flat", NULL), 0);
        arrive_late(lost, 5 * SECOND);
        until_entries(engine, "flat", 1);
        assert_true(desk.position[0] == 0);
        end_with_all_figures(engine);
    }
}

static void it_dies_again_and_again_and_no_share_is_bought_twice(void **state) {
    (void)state;
    for (uint32_t pause = 1; pause < 24; pause++) {
        tw_engine_config config = config_of();
        fake_command lost;
        tw_engine *engine = lose_first(&config, &lost);
        for (uint32_t death = 0; death < 5; death++) {
            engine = die(engine, &config);
            turns(engine, pause);
        }
        arrive_late(lost, pause);
        turns(engine, 120 * SECOND);
        assert_true(desk.orders[0].at_venue);
        end_well(engine);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_run_sends_what_never_arrived_at_once),
        cmocka_unit_test(so_it_does_with_what_was_never_sent),
        cmocka_unit_test(a_lost_connection_is_no_other_case),
        cmocka_unit_test(the_first_request_may_arrive_at_any_moment),
        cmocka_unit_test(a_snapshot_that_may_hold_some_of_it_is_not_taken),
        cmocka_unit_test(a_late_answer_says_nothing_of_the_newest_snapshot),
        cmocka_unit_test(what_is_not_wanted_any_more_holds_nobody_up),
        cmocka_unit_test(what_the_venue_has_named_is_not_absent),
        cmocka_unit_test(a_kill_that_flattens_waits_for_no_answer),
        cmocka_unit_test(it_dies_again_and_again_and_no_share_is_bought_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
