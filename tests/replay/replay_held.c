/*
 * replay_held.c - what an order holds up that got no answer and that the venue does not know: its
 * symbol, until it is given up, and nothing else; and what happens when it comes after that.
 */
#include "absent_desk.h"

typedef enum obstacle { BY_KILL, BY_TARGETS, BY_AGE, BY_PRICE, BY_ANSWER, OBSTACLES } obstacle;

/* It is never sent again, and nothing is done in its symbol before it is given up. Unless the
 * obstacle itself forbids it, all else goes on; and then what it was to bring is bought. */
static void what_is_not_wanted_any_more_holds_nobody_up(void **state) {
    (void)state;
    static const double targets[] = {0.2, 0.2};
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
        if (what == BY_ANSWER) {
            desk.options.lose_query = 1000; /* the venue cannot say */
            turns(engine, 30 * SECOND);
            desk.options.lose_query = 0;
        }
        turns(engine, 10 * SECOND);
        assert_int_equal(tw_engine_phase_now(engine), TW_ENGINE_TRADING);
        if (what == BY_TARGETS) /* the other symbol is sold down to its target */
            assert_int_equal(fake_count(&desk, "intent", "\"symbol\":\"S1\""), 1);
        until_entries(engine, "missing", 1);
        assert_true(desk.now_ns - sent_ns > 55 * TW_NS_PER_SECOND);
        assert_int_equal(fake_count(&desk, "intent", "\"symbol\":\"S0\""), 1);
        turns(engine, 20 * SECOND);
        assert_int_equal(desk.position[0] > 0, what != BY_KILL);
        assert_int_equal(desk.orders[0].submits, 1);
        assert_int_equal(fake_count(&desk, "resend", NULL), 0);
        end_with_all_figures(engine);
    }
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

/* Sells of three symbols are handed over by a kill; the first is taken off the wire, and the market
 * leaves the limits of the others. */
static tw_engine *lose_a_flattening_sell(fake_command *ret_lost) {
    tw_engine_config config = config_for(3);
    begin(3);
    for (uint32_t s = 0; s < 3; s++) {
        desk.position[s] = desk.cash / (3 - s + 1) / desk.price[s] * TW_NANO;
        desk.cash -= desk.position[s] / TW_NANO * desk.price[s];
    }
    desk.options.fill = 0;
    tw_engine *engine = crash_start(&config);
    tw_engine_kill(engine, TW_KILL_FLATTEN, TW_KILL_BY_FILE);
    until_entries(engine, "intent", 3);
    turns(engine, 1);
    assert_int_equal(desk.command_count, 3);
    *ret_lost = desk.commands[0];
    memmove(desk.commands, desk.commands + 1, 2 * sizeof desk.commands[0]);
    desk.command_count = 2;
    for (uint32_t s = 1; s < 3; s++)
        desk.price[s] -= desk.price[s] / 50;
    turns(engine, 3);
    return engine;
}

static void assert_others_are_sold_soon(tw_engine *engine) {
    desk.options.fill = 1000;
    turns(engine, 10 * SECOND);
    assert_true(desk.position[1] == 0 && desk.position[2] == 0);
    assert_int_equal(fake_count(&desk, "missing", NULL), 0);
    until_entries(engine, "flat", 1);
    assert_true(desk.position[0] == 0);
    end_with_all_figures(engine);
}

static void nor_does_it_after_a_lost_connection(void **state) {
    (void)state;
    fake_command lost;
    tw_engine *engine = lose_a_flattening_sell(&lost);
    fake_break(&desk);
    fake_answer(&desk, &lost, TW_UNKNOWN, NULL);
    until(engine, TW_ENGINE_PAUSED);
    until(engine, TW_ENGINE_TRADING);
    assert_others_are_sold_soon(engine);
}

/* The order is of the kill that was lifted, although neither has a plan in the journal. */
static void nor_does_another_kill(void **state) {
    (void)state;
    fake_command lost;
    tw_engine *engine = lose_a_flattening_sell(&lost);
    fake_answer(&desk, &lost, TW_UNKNOWN, NULL);
    turns(engine, 2);
    tw_engine_lift(engine);
    turns(engine, 2);
    tw_engine_kill(engine, TW_KILL_FLATTEN, TW_KILL_BY_FILE);
    assert_others_are_sold_soon(engine);
}

/* Figures are in doubt, and are read anew before the order is sent again. */
static void somebody_elses_fill_waits_for_no_answer(void **state) {
    (void)state;
    tw_engine_config config = config_for(2);
    fake_command lost;
    tw_engine *engine = lose_first(&config, &lost);
    fake_answer(&desk, &lost, TW_UNKNOWN, NULL);
    turns(engine, 2);
    tw_venue_event event = fake_event(&desk, TW_VENUE_ORDER_UPDATE);
    snprintf(event.as.update.order.client_order_id, 16, "somebody");
    snprintf(event.as.update.order.venue_order_id, 16, "x1");
    event.as.update.order.status = TW_ORDER_FILLED;
    event.as.update.quantity.nano = TW_NANO;
    fake_tell(&desk, &event);
    turns(engine, 15 * SECOND);
    assert_int_equal(fake_count(&desk, "resend", NULL), 1);
    assert_int_equal(fake_count(&desk, "plan_end", "\"how\":\"done\""), 1);
    end_with_all_figures(engine);
}

/* It is too old to be sent again by the next run. */
static tw_engine *find_it_too_late(tw_engine_config *config) {
    fake_command lost;
    tw_engine *engine = die(lose_first(config, &lost), config);
    desk.now_ns += 21 * TW_NS_PER_SECOND;
    return engine;
}

/* Nobody asks for a decision on a drift, and the next one that is due is far away. */
static void a_trade_that_was_held_is_made_when_it_has_ended(void **state) {
    (void)state;
    tw_engine_config config = config_for(2);
    config.drift_ignored = true;
    tw_engine *engine = find_it_too_late(&config);
    until_entries(engine, "missing", 1);
    assert_true(desk.position[0] == 0);
    turns(engine, 10 * SECOND);
    assert_true(desk.position[0] > 0);
    assert_int_equal(fake_count(&desk, "decision", NULL), 1);
    assert_int_equal(fake_count(&desk, "plan_end", "\"how\":\"done\""), 1);
    end_with_all_figures(engine);
}

/* One side at a time: the buys wait for the sell that is held, and the other sells do not. */
static void buys_wait_for_a_sell_that_is_held(void **state) {
    (void)state;
    static const double targets[] = {0.1, 0.1, 0.6};
    tw_engine_config config = config_for(3);
    config.strategy = TW_STRATEGY_TARGETS;
    config.target_weights = targets;
    begin(3);
    desk.position[0] = desk.position[1] = 40000 * TW_NANO / desk.price[0] * TW_NANO;
    desk.cash = 100 * TW_NANO;
    tw_engine *engine = crash_start(&config);
    until_entries(engine, "intent", 2);
    while (desk.command_count < 2)
        turns(engine, 1);
    fake_command lost = desk.commands[0];
    desk.commands[0] = desk.commands[--desk.command_count];
    engine = die(engine, &config);
    desk.now_ns += 21 * TW_NS_PER_SECOND;
    until_entries(engine, "resume", 1);
    turns(engine, 15 * SECOND);
    assert_int_equal(fake_count(&desk, "intent", "\"side\":\"buy\""), 0);
    until_entries(engine, "plan_end", 1);
    assert_int_equal(fake_count(&desk, "missing", lost.order.client_order_id), 1);
    assert_int_equal(fake_count(&desk, "intent", "\"side\":\"buy\""), 1);
    assert_true(desk.position[2] > 0 && fake_count(&desk, "denied", NULL) == 0);
    end_with_all_figures(engine);
}

static void comparisons_go_on_beside_it(void **state) {
    (void)state;
    tw_engine_config config = config_for(2);
    config.reconcile_ns = 4 * TW_NS_PER_SECOND;
    tw_engine *engine = find_it_too_late(&config);
    until_entries(engine, "resume", 1);
    uint64_t before = report_of(engine).reconciliations;
    uint32_t settled = fake_count(&desk, "phase", "\"to\":\"settling\"");
    turns(engine, 20 * SECOND);
    assert_int_equal(fake_count(&desk, "missing", NULL), 0);
    assert_int_equal(fake_count(&desk, "phase", "\"to\":\"settling\""), settled);
    assert_true(report_of(engine).reconciliations > before + 3);
    end_with_all_figures(engine);
}

/* Somebody drew out the money that it would take. */
static void a_budget_below_zero_buys_nothing(void **state) {
    (void)state;
    static const double targets[] = {0.4, 0.4};
    tw_engine_config config = config_for(2);
    fake_command lost;
    tw_engine *engine = lose_first(&config, &lost);
    config.strategy = TW_STRATEGY_TARGETS;
    config.target_weights = targets;
    engine = die(engine, &config);
    desk.position[1] = 0;
    desk.cash /= 3;
    until_entries(engine, "denied", 1);
    assert_int_equal(fake_count(&desk, "denied", "\"symbol\":\"S1\""), 1);
    assert_int_equal(fake_count(&desk, "denied", "\"quantity\":\"0\",\"reason\":\"cash\""), 1);
    end_with_all_figures(engine);
}

/* It rests at the venue, and would trade beside the one that took its place. */
static void one_that_comes_after_it_was_given_up_is_cancelled(void **state) {
    (void)state;
    tw_engine_config config = config_of();
    fake_command lost;
    tw_engine *engine = lose_first(&config, &lost);
    fake_answer(&desk, &lost, TW_UNKNOWN, NULL);
    desk.price[0] += desk.price[0] / 20; /* its limit is below the market now */
    until_entries(engine, "missing", 1);
    until_entries(engine, "plan_end", 1);
    turns(engine, 5 * SECOND);
    int64_t held = desk.position[0];
    assert_true(held > 0);
    desk.options.fill = 0;
    arrive_late(lost, 0);
    turns(engine, 5 * SECOND);
    assert_true(desk.orders[0].at_venue && !fake_is_open(&desk.orders[0]));
    assert_int_equal(desk.orders[0].order.status, TW_ORDER_CANCELED);
    assert_true(desk.position[0] == held);
    assert_int_equal(report_of(engine).orders_open + report_of(engine).orders_unknown, 0);
    end_with_all_figures(engine);
}

/* The plan of before goes on, and what the time asks for comes behind it. */
static void a_time_of_day_that_came_while_nobody_ran_has_come(void **state) {
    (void)state;
    tw_engine_config config = config_for(2);
    config.strategy = TW_STRATEGY_INVERSE_VOLATILITY;
    config.drift_ignored = true;
    config.time_count = 1;
    config.times_s[0] = 14 * 3600 + 31 * 60;
    fake_command lost;
    tw_engine *engine = lose_first(&config, &lost);
    crash(engine, true);
    desk.back_turn = desk.turn + 2;
    arrive_late(lost, 0);
    desk.now_ns += 62 * TW_NS_PER_SECOND;
    engine = crash_start(&config);
    turns(engine, 60 * SECOND);
    assert_int_equal(fake_count(&desk, "resume", NULL), 1);
    assert_int_equal(fake_count(&desk, "decision", "\"cause\":\"time\""), 1);
    end_with_all_figures(engine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_wanted_any_more_holds_nobody_up),
        cmocka_unit_test(a_kill_that_flattens_waits_for_no_answer),
        cmocka_unit_test(nor_does_it_after_a_lost_connection),
        cmocka_unit_test(nor_does_another_kill),
        cmocka_unit_test(somebody_elses_fill_waits_for_no_answer),
        cmocka_unit_test(a_trade_that_was_held_is_made_when_it_has_ended),
        cmocka_unit_test(buys_wait_for_a_sell_that_is_held),
        cmocka_unit_test(comparisons_go_on_beside_it),
        cmocka_unit_test(a_budget_below_zero_buys_nothing),
        cmocka_unit_test(one_that_comes_after_it_was_given_up_is_cancelled),
        cmocka_unit_test(a_time_of_day_that_came_while_nobody_ran_has_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
