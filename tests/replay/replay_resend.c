/*
 * replay_resend.c - an order whose submit got no answer, and which the venue does not know, is sent
 * again under its own id: once for each entry that says so, and no refusal of that ends it. All of
 * it at random: replay_engine.c, replay_world.c.
 */
#include "engine_desk.h"

static void until_submits(tw_engine *engine, uint64_t count) {
    for (uint32_t i = 0; desk.submits < count; i++) {
        assert_true(i < TURNS_TO_END);
        turns(engine, 1);
    }
}

/* Trades until the first order is on its way, and takes its request off the wire. Prices stand
 * still. */
static tw_engine *start_and_lose(const fake_options *options, const tw_engine_config *config,
                                 fake_command *ret_lost) {
    fake_options still = *options;
    still.still = true;
    tw_engine *engine = start(&still, config);
    until_submits(engine, 1);
    assert_int_equal(desk.command_count, 1);
    *ret_lost = desk.commands[0];
    desk.command_count = 0;
    return engine;
}

static void tell_unknown(const fake_command *lost) {
    fake_answer(&desk, lost, TW_UNKNOWN, NULL);
}

/* The request arrives after all, when its sender has been told that nobody knows. */
static void arrive_late(fake_command lost, uint64_t turns_from_now) {
    lost.answered = true;
    lost.due = desk.turn + turns_from_now;
    desk.commands[desk.command_count++] = lost;
}

static void end_with_one_order(tw_engine *engine) {
    tw_engine_stop(engine);
    until(engine, TW_ENGINE_DONE);
    assert_int_equal(desk.order_count, 1);
    assert_nothing_left(engine);
    assert_same_figures(engine);
    end(engine);
}

static void what_never_arrived_is_sent_again_under_its_id(void **state) {
    (void)state;
    fake_options options = plain_options(1);
    tw_engine_config config = plain_config(1);
    config.controls.duplicate_span_ns = 60 * TW_NS_PER_SECOND;
    fake_command lost;
    tw_engine *engine = start_and_lose(&options, &config, &lost);
    tell_unknown(&lost);
    turns(engine, 4 * 5); /* five seconds: asked, a pause, sent */
    assert_int_equal(desk.submits, 2);
    assert_int_equal(desk.orders[0].submits, 2);
    assert_true(desk.orders[0].at_venue && desk.position[0] > 0);
    assert_int_equal(fake_count(&desk, "resend", "\"attempt\":2"), 1);
    assert_int_equal(fake_count(&desk, "missing", NULL), 0);
    assert_int_equal(report_of(engine).orders_resent, 1);
    assert_int_equal(tw_engine_phase_now(engine), TW_ENGINE_TRADING);
    end_with_one_order(engine);
}

/* Limits keep a tenth of the collar free for what the market does in the meantime. */
static void a_market_that_moved_a_little_denies_nothing(void **state) {
    (void)state;
    fake_options options = plain_options(1);
    tw_engine_config config = plain_config(1);
    fake_command lost;
    tw_engine *engine = start_and_lose(&options, &config, &lost);
    int64_t collar_nano = config.controls.limits.collar_nano;
    assert_int_equal(desk.orders[0].order.side, TW_SIDE_BUY);
    desk.price[0] -= desk.price[0] / (TW_NANO / collar_nano) / 20; /* half of what is free */
    tell_unknown(&lost);
    turns(engine, 4 * 5);
    assert_int_equal(desk.submits, 2);
    end_with_one_order(engine);
}

static void the_first_request_is_a_twin_if_it_comes_after_the_second(void **state) {
    (void)state;
    fake_options options = plain_options(1);
    tw_engine_config config = plain_config(1);
    fake_command lost;
    tw_engine *engine = start_and_lose(&options, &config, &lost);
    tell_unknown(&lost);
    arrive_late(lost, 40);
    turns(engine, 4 * 15);
    assert_int_equal(desk.submits, 2);
    assert_int_equal(desk.twins, 1);
    end_with_one_order(engine);
}

static void the_second_request_is_a_twin_if_it_comes_after_the_first(void **state) {
    (void)state;
    fake_options options = plain_options(1);
    tw_engine_config config = plain_config(1);
    options.fill = 0;
    fake_command lost;
    tw_engine *engine = start_and_lose(&options, &config, &lost);
    tell_unknown(&lost);
    until_submits(engine, 2);
    arrive_late(lost, 0);
    fake_command last = desk.commands[desk.command_count - 1];
    desk.commands[desk.command_count - 1] = desk.commands[0];
    desk.commands[0] = last; /* before the second one */
    turns(engine, 8);
    assert_int_equal(desk.twins, 1);
    assert_int_equal(fake_count(&desk, "submitted", "TW_EXISTS"), 1);
    assert_int_equal(report_of(engine).orders_unknown, 0); /* it was asked about, and found */
    assert_int_equal(report_of(engine).orders_rejected, 0);
    end_with_one_order(engine);
}

/* Somebody refuses the second request, and takes the first, which comes half a minute later. */
static void a_refusal_of_the_second_request_is_no_end_of_the_first(void **state) {
    (void)state;
    fake_options options = plain_options(1);
    tw_engine_config config = plain_config(1);
    fake_command lost;
    tw_engine *engine = start_and_lose(&options, &config, &lost);
    tell_unknown(&lost);
    desk.options.reject = 1000;
    until_submits(engine, 2);
    turns(engine, 8);
    assert_int_equal(fake_count(&desk, "submitted", "TW_REFUSED"), 1);
    assert_int_equal(report_of(engine).orders_unknown, 1);
    desk.options.reject = 0;
    arrive_late(lost, 4 * 30);
    turns(engine, 4 * 31);
    assert_int_equal(desk.submits, 2); /* a refusal is not tried again */
    assert_int_equal(desk.order_count, 1);
    assert_true(desk.orders[0].at_venue);
    assert_int_equal(fake_count(&desk, "missing", NULL), 0);
    end_with_one_order(engine);
}

/* The entry is written, and the order must not leave before it is on the disk. */
static void it_is_sent_again_only_when_that_is_durable(void **state) {
    (void)state;
    fake_options options = plain_options(1);
    tw_engine_config config = plain_config(1);
    fake_command lost;
    options.durable_delay = 3;
    tw_engine *engine = start_and_lose(&options, &config, &lost);
    tell_unknown(&lost);
    until_submits(engine, 2); /* which asks whether the entry is durable */
    uint64_t entry = fake_entry_of(&desk, "resend", desk.orders[0].order.client_order_id, 1);
    assert_true(entry > 0 && desk.durable - entry < 3);
    turns(engine, 8);
    end_with_one_order(engine);
}

typedef enum obstacle { BY_KILL, BY_LOSS, BY_LIMIT, BY_AGE, BY_PRICE, OBSTACLES } obstacle;

/* In each of these cases it is waited for, and given up a minute after it was sent. */
static void what_is_not_wanted_any_more_is_not_sent_again(void **state) {
    (void)state;
    for (obstacle what = BY_KILL; what < OBSTACLES; what++) {
        fake_options options = plain_options(1);
        tw_engine_config config = plain_config(1);
        config.order_patience_ns = 60 * TW_NS_PER_SECOND;
        if (what == BY_LIMIT)
            config.controls.message_day_max[TW_PRETRADE_SUBMIT] = 1;
        fake_command lost;
        tw_engine *engine = start_and_lose(&options, &config, &lost);
        if (what == BY_AGE)
            turns(engine, 4 * 21);
        tell_unknown(&lost);
        if (what == BY_KILL)
            tw_engine_kill(engine, TW_KILL_NEW, TW_KILL_BY_CALL);
        if (what == BY_LOSS)
            fake_break(&desk);
        if (what == BY_PRICE)
            desk.price[0] -= desk.price[0] / 10; /* its limit is beyond the collar now */
        uint64_t waited = desk.turn;
        while (fake_count(&desk, "missing", "\"resends\":0") == 0) {
            assert_true(desk.turn - waited < 4 * 90);
            turns(engine, 1);
            if (desk.orders[0].submits > 1)
                fail_msg("obstacle %d: it was sent again", (int)what);
        }
        assert_true(desk.turn - waited > 4 * 30);
        tw_engine_stop(engine);
        until(engine, TW_ENGINE_DONE);
        assert_same_figures(engine);
        end(engine);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_never_arrived_is_sent_again_under_its_id),
        cmocka_unit_test(a_market_that_moved_a_little_denies_nothing),
        cmocka_unit_test(the_first_request_is_a_twin_if_it_comes_after_the_second),
        cmocka_unit_test(the_second_request_is_a_twin_if_it_comes_after_the_first),
        cmocka_unit_test(a_refusal_of_the_second_request_is_no_end_of_the_first),
        cmocka_unit_test(it_is_sent_again_only_when_that_is_durable),
        cmocka_unit_test(what_is_not_wanted_any_more_is_not_sent_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
