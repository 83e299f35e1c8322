/*
 * replay_account.c - what was decided for one account is never done to another: keys that were
 * changed, an address that is somebody else's now.
 */
#include "engine_desk.h"

enum { OURS = 0x1234, THEIRS = 0x9876 };

static tw_engine *start_with(uint64_t account, uint64_t identity) {
    fake_options options = plain_options(2);
    tw_engine_config config = plain_config(2);
    config.account = account;
    tw_engine *engine = start(&options, &config);
    desk.identity = identity;
    return engine;
}

/* The run ends with TW_LIMIT, and no order has been sent since. */
static void assert_refused(tw_engine *engine) {
    uint64_t submits = desk.submits;
    tw_status status = TW_OK;
    for (uint32_t i = 0; status == TW_OK && i < TURNS_TO_END; i++)
        status = turn(engine);
    assert_int_equal(status, TW_LIMIT);
    assert_int_equal(tw_engine_phase_now(engine), TW_ENGINE_FAILED);
    assert_int_equal(desk.submits, submits);
    assert_int_equal(fake_count(&desk, "difference", NULL), 0);
    end(engine);
}

static void a_store_belongs_to_one_account(void **state) {
    (void)state;
    tw_engine *engine = start_with(OURS, THEIRS);
    assert_refused(engine);
    engine = start_with(OURS, 0); /* one that says nothing of itself */
    assert_refused(engine);
}

static void an_outage_does_not_change_the_account(void **state) {
    (void)state;
    for (int known_before = 0; known_before < 2; known_before++) {
        tw_engine *engine = start_with(known_before ? OURS : 0, OURS);
        until(engine, TW_ENGINE_TRADING);
        turns(engine, 40);
        assert_true(desk.submits > 0);
        desk.identity = THEIRS;
        desk.position[0] += 5 * TW_NANO; /* it holds something else, too */
        fake_break(&desk);
        assert_refused(engine);
    }
}

static void the_same_account_goes_on(void **state) {
    (void)state;
    tw_engine *engine = start_with(OURS, OURS);
    until(engine, TW_ENGINE_TRADING);
    fake_break(&desk);
    turns(engine, 1);
    until(engine, TW_ENGINE_TRADING);
    assert_int_equal(fake_count(&desk, "account", "\"account\":\"0000000000001234\""), 1);
    tw_engine_stop(engine);
    until(engine, TW_ENGINE_DONE);
    assert_nothing_left(engine);
    end(engine);
}

static void an_account_without_identity_is_taken_as_it_is(void **state) {
    (void)state;
    tw_engine *engine = start_with(0, 0);
    until(engine, TW_ENGINE_TRADING);
    assert_int_equal(fake_count(&desk, "account", "\"account\":\"0000000000000000\""), 1);
    end(engine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_store_belongs_to_one_account),
        cmocka_unit_test(an_outage_does_not_change_the_account),
        cmocka_unit_test(the_same_account_goes_on),
        cmocka_unit_test(an_account_without_identity_is_taken_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
