/*
 * replay_losses.c - what counts against the controls of losses outlives the process.
 *
 * An engine trades; what its journal says of losses is read by recovery, as a next run does, and
 * given to a second engine, on the same day and on the next one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "replay_desk.h"
#include "tradewind/recovery.h"
#include "tradewind/time.h"

enum { SYMBOLS = 4, TURNS_MAX = 4000 };

static tw_engine_config config_of(void) {
    tw_engine_config config = fake_config("losses", SYMBOLS);
    config.epoch = 5;
    config.order_count_max = 4096;
    config.band = 0.001;
    config.rebalance_interval_ns = 5 * TW_NS_PER_SECOND;
    return config;
}

static fake_options options_of(uint64_t seed) {
    return (fake_options){
        .seed = seed, .symbol_count = SYMBOLS, .history_days = 40, .fill = 400, .store_full = 100};
}

static void turns(tw_engine *engine, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        uint64_t work = 0;
        fake_turn(&desk);
        assert_int_equal(tw_engine_turn(engine, 32, &work, NULL), TW_OK);
        tw_engine_check(engine);
    }
}

/* As a next run reads the journal of the desk. */
static int64_t read_past(tw_pretrade_past *ret_past) {
    tw_recovery *recovery = NULL;
    tw_recovery_config config = {.symbols = desk.symbols,
                                 .symbol_count = SYMBOLS,
                                 .strategy_name = "losses",
                                 .epoch = 5,
                                 .open_count_max = 64};
    tw_status status = TW_OK;
    assert_int_equal(tw_recovery_new(NULL, &config, &recovery), TW_OK);
    for (uint32_t i = desk.entry_count; status == TW_OK && i > 0; i--) {
        const tw_journal_entry *entry = &desk.entries[i - 1].entry;
        tw_store_record record = {.sequence = entry->sequence,
                                  .time_ns = entry->time_ns,
                                  .kind = tw_slice_of(entry->kind),
                                  .payload = tw_slice_of(entry->payload)};
        status = tw_recovery_seek(recovery, &record);
    }
    assert_in_range(status, TW_OK, TW_EMPTY);
    int64_t past_ns = tw_recovery_past(recovery, ret_past);
    tw_recovery_free(recovery);
    return past_ns;
}

/* What a run leaves behind that traded for two minutes while prices fell. */
static tw_engine_config config_after_a_run(uint64_t seed) {
    tw_engine_config config = config_of();
    fake_options options = options_of(seed);
    tw_engine *engine = start(&options, &config);
    turns(engine, 240);
    for (int s = 0; s < SYMBOLS; s++)
        desk.price[s] = desk.price[s] * 9 / 10;
    turns(engine, 240);
    tw_pretrade_past past;
    int64_t past_ns = read_past(&past);
    assert_true(past_ns > FAKE_START_NS && past_ns <= desk.now_ns);
    assert_true(desk.now_ns - past_ns <= TW_NS_PER_MINUTE + 8 * FAKE_TURN_NS);
    assert_int_equal(past.day_equity.nano, 100000 * TW_NANO);
    assert_true(past.peak_equity.nano >= past.day_equity.nano);
    assert_int_equal(past.messages[TW_PRETRADE_SUBMIT], fake_count(&desk, "intent", NULL));
    assert_true(past.messages[TW_PRETRADE_SUBMIT] >= SYMBOLS);
    end(engine);
    config.past_ns = past_ns;
    config.past = past;
    return config;
}

static uint64_t buys_of(const tw_engine_config *config) {
    fake_options options = options_of(99);
    tw_engine *engine = start(&options, config);
    turns(engine, 200);
    uint64_t buys = fake_count(&desk, "intent", "\"side\":\"buy\"");
    end(engine);
    return buys;
}

static void a_day_goes_on_after_a_restart(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        tw_engine_config config = config_after_a_run(seed);
        assert_true(buys_of(&config) >= SYMBOLS);
        config.controls.message_day_max[TW_PRETRADE_SUBMIT] =
            (uint32_t)config.past.messages[TW_PRETRADE_SUBMIT] + 2;
        assert_int_equal(buys_of(&config), 2);
        config.past_ns -= TW_NS_PER_DAY; /* the same on the day after */
        assert_true(buys_of(&config) > 2);
    }
}

/* The second engine begins with 100,000 and has lost nothing itself. */
static void a_loss_counts_after_a_restart(void **state) {
    (void)state;
    tw_engine_config config = config_after_a_run(1);
    config.past.day_equity.nano = 105000 * TW_NANO;
    config.past.peak_equity.nano = 105000 * TW_NANO;
    config.controls.day_loss_max.nano = 4000 * TW_NANO;
    assert_int_equal(buys_of(&config), 0);
    config.past_ns -= TW_NS_PER_DAY;
    assert_true(buys_of(&config) > 0);
    config.controls.drawdown_share_max_nano = TW_NANO / 25;
    assert_int_equal(buys_of(&config), 0);
}

static void a_tripped_stop_is_journaled_and_kills_again(void **state) {
    (void)state;
    tw_engine_config config = config_of();
    fake_options options = options_of(7);
    tw_pretrade_past past;
    config.controls.drawdown_share_max_nano = TW_NANO / 20;
    tw_engine *engine = start(&options, &config);
    turns(engine, 200);
    assert_int_equal(fake_count(&desk, "losses", "\"stops\":[\"drawdown\"]"), 0);
    for (int s = 0; s < SYMBOLS; s++)
        desk.price[s] = desk.price[s] * 9 / 10;
    turns(engine, 20);
    assert_true(fake_count(&desk, "losses", "\"stops\":[\"drawdown\"]") > 0);
    config.past_ns = read_past(&past);
    config.past = past;
    end(engine);
    config.kill_on_stop = TW_KILL_CANCEL;
    engine = start(&options, &config);
    turns(engine, 100);
    assert_int_equal(fake_count(&desk, "kill", "\"by\":\"rule\""), 1);
    assert_int_equal(fake_count(&desk, "intent", NULL), 0);
    end(engine);
}

/* Nothing is written while nothing changes, and never more than once a minute. */
static void it_is_written_seldom(void **state) {
    (void)state;
    tw_engine_config config = config_of();
    fake_options options = options_of(3);
    tw_engine *engine = start(&options, &config);
    turns(engine, 1200); /* five minutes */
    uint32_t written = fake_count(&desk, "losses", NULL);
    assert_in_range(written, 2, 6);
    end(engine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_day_goes_on_after_a_restart),
        cmocka_unit_test(a_loss_counts_after_a_restart),
        cmocka_unit_test(a_tripped_stop_is_journaled_and_kills_again),
        cmocka_unit_test(it_is_written_seldom),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
