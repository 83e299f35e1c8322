/*
 * replay_absent.c - an order is out when the process dies, or the connection, and the venue does
 * not know it: no share of it is counted twice or bought twice, and what is wanted does not wait.
 * Who else waits for it: replay_held.c. All of it at random: replay_resume.c, replay_world.c.
 */
#include "absent_desk.h"

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
        cmocka_unit_test(what_the_venue_has_named_is_not_absent),
        cmocka_unit_test(it_dies_again_and_again_and_no_share_is_bought_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
