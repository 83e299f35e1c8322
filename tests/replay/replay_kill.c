/*
 * replay_kill.c - the kill switch of the engine, against a fake venue with faults.
 *
 * A seed makes a venue, a level and the turn at which it is asked for. From then on nothing may be
 * sent but what closes a position at FLATTEN; CANCEL ends with no order open, FLATTEN with no
 * position. A second half lifts the kill, and trading goes on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "replay_desk.h"
#include "tradewind/time.h"

#define SEED_COUNT 300
#define TURNS_MAX 4000

static tw_engine_config config_of(uint32_t symbol_count) {
    tw_engine_config config = fake_config("kill", symbol_count);
    config.epoch = 5;
    config.order_count_max = 4096;
    config.band = 0.001;
    config.rebalance_interval_ns = 5 * TW_NS_PER_SECOND;
    return config;
}

static fake_options options_of(uint64_t seed) {
    return (fake_options){.seed = seed,
                          .symbol_count = 1 + (uint32_t)(seed % FAKE_SYMBOLS),
                          .history_days = 40,
                          .fill = 100 + (uint32_t)(seed * 7 % 600),
                          .reject = (uint32_t)(seed % 50),
                          .lose_answer = (uint32_t)(seed * 3 % 60),
                          .repeat_update = (uint32_t)(seed * 5 % 100),
                          .drop_update = (uint32_t)(seed % 40),
                          .broker_full = (uint32_t)(seed * 11 % 100),
                          .delay_max = (uint32_t)(seed % 5),
                          .durable_delay = (uint32_t)(seed % 4)};
}

static void turn(tw_engine *engine) {
    uint64_t work = 0;
    fake_turn(&desk);
    assert_int_equal(tw_engine_turn(engine, 32, &work, NULL), TW_OK);
    tw_engine_check(engine);
}

static void until_trading(tw_engine *engine) {
    for (int i = 0; i < TURNS_MAX && tw_engine_phase_now(engine) != TW_ENGINE_TRADING; i++)
        turn(engine);
    assert_int_equal(tw_engine_phase_now(engine), TW_ENGINE_TRADING);
}

static bool is_flat(void) {
    for (uint32_t s = 0; s < desk.options.symbol_count; s++) {
        if (desk.position[s] != 0)
            return false;
    }
    return true;
}

static uint32_t open_at_venue(void) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < desk.order_count; i++)
        count += desk.orders[i].at_venue && fake_is_open(&desk.orders[i]);
    return count;
}

/* Turns until a level has done what it promises. */
static void until_done(tw_engine *engine, tw_kill_level level) {
    for (int i = 0; i < TURNS_MAX; i++) {
        tw_engine_report report = report_of(engine);
        bool settled = report.orders_open == 0 && report.orders_unknown == 0;
        if (settled && (level != TW_KILL_FLATTEN || fake_count(&desk, "flat", NULL) > 0))
            return;
        turn(engine);
    }
    fail_msg("a kill of level %s does not come to its end", tw_kill_level_name(level));
}

static void play(uint64_t seed) {
    fake_options options = options_of(seed);
    tw_engine_config config = config_of(options.symbol_count);
    tw_kill_level level = (tw_kill_level)(1 + seed % 3);
    if (level == TW_KILL_CANCEL && seed % 2 == 0) /* nothing is cancelled for being late */
        config.order_patience_ns = 3600 * TW_NS_PER_SECOND;
    tw_engine *engine = start(&options, &config);
    until_trading(engine);
    for (uint64_t i = 0; i < 5 + seed * 13 % 90; i++)
        turn(engine);
    tw_engine_kill(engine, level, TW_KILL_BY_CALL);
    uint64_t before = desk.submits;
    uint32_t buys = fake_count(&desk, "intent", "\"side\":\"buy\"");
    for (int i = 0; i < 60; i++)
        turn(engine);
    if (level != TW_KILL_FLATTEN)
        assert_int_equal(desk.submits, before);
    assert_int_equal(fake_count(&desk, "intent", "\"side\":\"buy\""), buys);
    desk.calm = true;
    if (level >= TW_KILL_CANCEL)
        until_done(engine, level);
    if (level == TW_KILL_CANCEL)
        assert_int_equal(open_at_venue(), 0);
    if (level == TW_KILL_FLATTEN)
        assert_true(is_flat());
    assert_int_equal(report_of(engine).killed, level);
    assert_int_equal(fake_count(&desk, "kill", tw_kill_level_name(level)), 1);
    tw_engine_lift(engine);
    uint64_t lifted = desk.submits;
    desk.price[0] = desk.price[0] * 8 / 10;
    for (int i = 0; i < TURNS_MAX && desk.submits == lifted; i++)
        turn(engine);
    assert_true(desk.submits > lifted || options.symbol_count == 1);
    assert_int_equal(report_of(engine).killed, TW_KILL_NONE);
    assert_int_equal(fake_count(&desk, "lift", NULL), 1);
    end(engine);
}

static void nothing_is_sent_after_a_kill(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= SEED_COUNT; seed++)
        play(seed);
}

/* An intent that is journaled and waits for the disk is withdrawn, not sent. */
static void an_intent_that_waits_is_withdrawn(void **state) {
    (void)state;
    fake_options options = options_of(0);
    options.symbol_count = 3;
    options.durable_delay = 1000;
    tw_engine_config config = config_of(3);
    config.order_patience_ns = 3600 * TW_NS_PER_SECOND;
    tw_engine *engine = start(&options, &config);
    until_trading(engine);
    for (int i = 0; i < 40; i++)
        turn(engine);
    assert_true(fake_count(&desk, "intent", NULL) > 0);
    assert_int_equal(desk.submits, 0);
    tw_engine_kill(engine, TW_KILL_NEW, TW_KILL_BY_SIGNAL);
    turn(engine);
    turn(engine);
    assert_int_equal(fake_count(&desk, "withdrawn", NULL), fake_count(&desk, "intent", NULL));
    assert_int_equal(report_of(engine).orders_open, 0);
    assert_int_equal(fake_count(&desk, "kill", "\"by\":\"signal\""), 1);
    end(engine);
}

static void a_kill_before_the_first_turn_keeps_everything_back(void **state) {
    (void)state;
    fake_options options = options_of(0);
    options.symbol_count = 2;
    tw_engine_config config = config_of(2);
    config.duration_ns = 20 * TW_NS_PER_SECOND;
    tw_engine *engine = start(&options, &config);
    tw_engine_kill(engine, TW_KILL_CANCEL, TW_KILL_BY_FILE);
    for (int i = 0; i < TURNS_MAX && tw_engine_phase_now(engine) != TW_ENGINE_DONE; i++)
        turn(engine);
    assert_int_equal(tw_engine_phase_now(engine), TW_ENGINE_DONE);
    assert_int_equal(desk.submits, 0);
    assert_int_equal(fake_count(&desk, "decision", NULL), 0);
    assert_int_equal(report_of(engine).killed_by, TW_KILL_BY_FILE);
    end(engine);
}

static void levels_only_rise(void **state) {
    (void)state;
    fake_options options = options_of(0);
    tw_engine_config config = config_of(options.symbol_count);
    tw_engine *engine = start(&options, &config);
    until_trading(engine);
    tw_engine_kill(engine, TW_KILL_CANCEL, TW_KILL_BY_CALL);
    turn(engine);
    tw_engine_kill(engine, TW_KILL_NEW, TW_KILL_BY_CALL);
    turn(engine);
    assert_int_equal(tw_engine_killed(engine), TW_KILL_CANCEL);
    tw_engine_kill(engine, TW_KILL_FLATTEN, TW_KILL_BY_SIGNAL);
    turn(engine);
    assert_int_equal(report_of(engine).killed, TW_KILL_FLATTEN);
    assert_int_equal(report_of(engine).kills, 2);
    end(engine);
}

/* The limits of one order cut what a kill closes: it comes again until nothing is held. */
static void flattening_cuts_what_one_order_may_not_be(void **state) {
    (void)state;
    fake_options options = options_of(0);
    options.symbol_count = 2;
    tw_engine_config config = config_of(2);
    config.controls.limits.value_max.nano = 5000 * TW_NANO;
    config.controls.message_day_max[TW_PRETRADE_SUBMIT] = 1;
    tw_engine *engine = start(&options, &config);
    desk.position[0] = 500 * TW_NANO; /* a share is 20 at least */
    desk.calm = true;
    tw_engine_kill(engine, TW_KILL_FLATTEN, TW_KILL_BY_CALL);
    until_trading(engine);
    until_done(engine, TW_KILL_FLATTEN);
    assert_true(is_flat());
    assert_in_range(fake_count(&desk, "intent", NULL), 2, 200);
    assert_int_equal(fake_count(&desk, "denied", NULL), 0);
    end(engine);
}

static void a_stop_of_the_controls_kills_by_rule(void **state) {
    (void)state;
    fake_options options = options_of(0);
    options.symbol_count = 3;
    tw_engine_config config = config_of(3);
    config.controls.day_loss_share_max_nano = TW_NANO / 50;
    config.kill_on_stop = TW_KILL_FLATTEN;
    tw_engine *engine = start(&options, &config);
    until_trading(engine);
    for (int i = 0; i < 80; i++)
        turn(engine);
    assert_false(is_flat());
    desk.price[0] = desk.price[0] * 7 / 10;
    desk.calm = true;
    for (int i = 0; i < TURNS_MAX && fake_count(&desk, "flat", NULL) == 0; i++)
        turn(engine);
    assert_true(is_flat());
    assert_int_equal(fake_count(&desk, "kill", "\"by\":\"rule\""), 1);
    assert_true(fake_count(&desk, "intent", "\"why\":\"flatten\"") >= 3);
    end(engine);
}

static void names(void **state) {
    (void)state;
    assert_string_equal(tw_kill_level_name(TW_KILL_FLATTEN), "flatten");
    assert_string_equal(tw_kill_level_name((tw_kill_level)9), "?");
    assert_string_equal(tw_kill_source_name(TW_KILL_BY_RULE), "rule");
    assert_string_equal(tw_kill_source_name((tw_kill_source)9), "?");
}

/* Nothing fills; each decision's orders are late a second after it. */
static tw_engine_config slow_config_of(uint32_t symbol_count, uint32_t cancels_a_second) {
    tw_engine_config config = config_of(symbol_count);
    config.order_patience_ns = TW_NS_PER_SECOND;
    config.controls.message_max[TW_PRETRADE_CANCEL] = cancels_a_second;
    return config;
}

static const fake_options NOTHING_FILLS = {.seed = 9, .symbol_count = 5, .history_days = 40};

static void late_orders_are_cancelled_at_the_rate(void **state) {
    (void)state;
    tw_engine_config config = slow_config_of(NOTHING_FILLS.symbol_count, 2);
    tw_engine *engine = start(&NOTHING_FILLS, &config);
    uint64_t seen[4096] = {0}; /* cancels by the turn */
    int64_t times[4096];
    for (size_t i = 0; i < 400; i++) {
        turn(engine);
        seen[i] = desk.cancels;
        times[i] = desk.now_ns;
        size_t before = i; /* the newest turn that is a second old */
        while (before > 0 && times[i] - times[before] < TW_NS_PER_SECOND)
            before--;
        assert_true(seen[i] - seen[before] <= 2);
    }
    tw_engine_report report = report_of(engine);
    assert_true(desk.cancels > 10);
    assert_true(report.cancels_held > 0 && report.orders_canceled > 10);
    assert_int_equal(fake_count(&desk, "held", "\"reason\":\"cancel_rate\",\"limit\":\"2\""),
                     report.cancels_held);
    end(engine);
}

/* An order of each symbol is at the venue, and that is known here. */
static tw_engine *start_with_all_open(const tw_engine_config *config) {
    tw_engine *engine = start(&NOTHING_FILLS, config);
    until_trading(engine);
    for (int i = 0; i < TURNS_MAX && open_at_venue() < NOTHING_FILLS.symbol_count; i++)
        turn(engine);
    assert_int_equal(open_at_venue(), NOTHING_FILLS.symbol_count);
    turn(engine);
    turn(engine);
    return engine;
}

/* What the broker did not take was not sent: it uses up no rate. */
static void a_cancel_that_is_not_taken_does_not_count(void **state) {
    (void)state;
    tw_engine_config config = slow_config_of(NOTHING_FILLS.symbol_count, 2);
    config.order_patience_ns = 10 * TW_NS_PER_SECOND;
    tw_engine *engine = start_with_all_open(&config);
    desk.options.broker_full = 1000;
    for (int64_t end_ns = desk.now_ns + 20 * TW_NS_PER_SECOND; desk.now_ns < end_ns;)
        turn(engine);
    assert_int_equal(desk.cancels, 0);
    assert_int_equal(fake_count(&desk, "held", NULL), 0);
    desk.options.broker_full = 0;
    turn(engine);
    assert_int_equal(desk.cancels, 2); /* all that the rate allows */
    assert_in_range(fake_count(&desk, "held", NULL), 1, NOTHING_FILLS.symbol_count - 2);
    end(engine);
}

static void no_rate_holds_up_the_cancels_of_a_kill(void **state) {
    (void)state;
    tw_engine_config config = slow_config_of(NOTHING_FILLS.symbol_count, 1);
    config.order_patience_ns = 3600 * TW_NS_PER_SECOND;
    tw_engine *engine = start_with_all_open(&config);
    assert_int_equal(desk.cancels, 0);
    tw_engine_kill(engine, TW_KILL_CANCEL, TW_KILL_BY_CALL);
    turn(engine);
    assert_int_equal(desk.cancels, NOTHING_FILLS.symbol_count); /* all of them, at once */
    assert_int_equal(fake_count(&desk, "held", NULL), 0);
    end(engine);
}

/* Whoever lifts has looked at the switch before; a kill behind that look wins, also one of the
 * level that is in force. */
static void a_kill_and_a_lift_at_one_moment_come_to_a_kill(void **state) {
    (void)state;
    fake_options options = options_of(0);
    tw_engine_config config = config_of(options.symbol_count);
    tw_engine *engine = start(&options, &config);
    until_trading(engine);
    tw_engine_kill(engine, TW_KILL_CANCEL, TW_KILL_BY_FILE);
    turn(engine);
    uint64_t seen = tw_engine_kill_generation(engine);
    tw_engine_kill(engine, TW_KILL_NEW, TW_KILL_BY_SIGNAL); /* between the look and the lift */
    assert_false(tw_engine_lift_if(engine, seen));
    turn(engine);
    assert_int_equal(tw_engine_killed(engine), TW_KILL_CANCEL);
    assert_int_equal(fake_count(&desk, "lift", NULL), 0);
    seen = tw_engine_kill_generation(engine);
    assert_true(tw_engine_lift_if(engine, seen));
    tw_engine_kill(engine, TW_KILL_NEW, TW_KILL_BY_PAGE); /* behind the lift */
    turn(engine);
    assert_int_equal(tw_engine_killed(engine), TW_KILL_NEW);
    assert_false(tw_engine_lift_if(engine, seen)); /* a look lifts once */
    tw_engine_lift(engine);
    turn(engine);
    assert_int_equal(tw_engine_killed(engine), TW_KILL_NONE);
    end(engine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_sent_after_a_kill),
        cmocka_unit_test(an_intent_that_waits_is_withdrawn),
        cmocka_unit_test(a_kill_before_the_first_turn_keeps_everything_back),
        cmocka_unit_test(levels_only_rise),
        cmocka_unit_test(flattening_cuts_what_one_order_may_not_be),
        cmocka_unit_test(a_stop_of_the_controls_kills_by_rule),
        cmocka_unit_test(names),
        cmocka_unit_test(late_orders_are_cancelled_at_the_rate),
        cmocka_unit_test(a_cancel_that_is_not_taken_does_not_count),
        cmocka_unit_test(no_rate_holds_up_the_cancels_of_a_kill),
        cmocka_unit_test(a_kill_and_a_lift_at_one_moment_come_to_a_kill),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
