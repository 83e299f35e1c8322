/*
 * replay_reconcile.c - the venue's figures are compared while trading goes on.
 *
 * Over many seeds with late, lost, repeated updates and orders open most of the time, nothing may
 * ever be found that is not there. The same worlds with a holding or the cash changed behind the
 * engine's back: it is found, and taken over, within two periods of looking.
 */
#include "replay_desk.h"
#include "tradewind/time.h"

enum { SEED_COUNT = 120, TURNS_MAX = 4000, TURNS_A_SECOND = 4, PERIOD_SECONDS = 20 };

static tw_engine_config config_of(uint32_t symbol_count) {
    tw_engine_config config = fake_config("reconcile", symbol_count);
    config.epoch = 3;
    config.order_count_max = 4096;
    config.cash_weight = 0.1;
    config.band = 0.002;
    config.rebalance_interval_ns = 5 * TW_NS_PER_SECOND;
    config.order_patience_ns = 8 * TW_NS_PER_SECOND;
    config.controls.limits.collar_nano = TW_NANO / 50;
    config.resume_ns_max = 15 * TW_NS_PER_MINUTE;
    config.reconcile_ns = PERIOD_SECONDS * TW_NS_PER_SECOND;
    return config;
}

static fake_options options_of(uint64_t seed) {
    return (fake_options){.seed = seed,
                          .symbol_count = 1 + (uint32_t)(seed % FAKE_SYMBOLS),
                          .history_days = 30,
                          .fill = 30 + (uint32_t)(seed * 7 % 300),
                          .reject = (uint32_t)(seed % 30),
                          .lose_query = (uint32_t)(seed * 5 % 200),
                          .repeat_update = (uint32_t)(seed * 5 % 300),
                          .drop_update = (uint32_t)(seed * 3 % 150),
                          .broker_full = (uint32_t)(seed * 11 % 100),
                          .disconnect = seed % 4 == 0 ? 5 : 0,
                          .store_full = (uint32_t)(seed * 13 % 100),
                          .delay_max = (uint32_t)(seed % 7),
                          .durable_delay = (uint32_t)(seed % 4)};
}

static void turn(tw_engine *engine) {
    uint64_t work = 0;
    tw_error error = {0};
    fake_turn(&desk);
    if (tw_engine_turn(engine, 48, &work, &error) != TW_OK)
        fail_msg("%s", error.message);
    tw_engine_check(engine);
}

static void turns(tw_engine *engine, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        turn(engine);
}

static void until_trading(tw_engine *engine) {
    for (uint32_t i = 0; tw_engine_phase_now(engine) != TW_ENGINE_TRADING; i++) {
        assert_true(i < TURNS_MAX);
        turn(engine);
    }
}

static void nothing_is_found_that_is_not_there(void **state) {
    (void)state;
    uint64_t agreed = 0;
    uint64_t orders = 0;
    for (uint64_t seed = 1; seed <= SEED_COUNT; seed++) {
        fake_options options = options_of(seed);
        tw_engine_config config = config_of(options.symbol_count);
        config.reconcile_ns = (1 + (int64_t)(seed % 9)) * TW_NS_PER_SECOND;
        config.difference_max = 1;
        tw_engine *engine = start(&options, &config);
        until_trading(engine);
        turns(engine, 500);
        tw_engine_report report = report_of(engine);
        if (fake_count(&desk, "reconcile", NULL) != 0 || fake_count(&desk, "difference", NULL) != 0)
            fail_msg("seed %llu: a false alarm", (unsigned long long)seed);
        assert_int_equal(report.kills, 0);
        agreed += report.reconciliations;
        orders += report.orders;
        end(engine);
    }
    assert_true(agreed > 5 * SEED_COUNT && orders > 10 * SEED_COUNT);
}

/* Tampers, then looks how long it takes until nothing of it is left. */
static void tamper_and_wait(tw_engine *engine, uint64_t seed, bool cash) {
    tw_engine_holding holdings[FAKE_SYMBOLS];
    tw_engine_report report;
    uint32_t before = fake_count(&desk, "difference", NULL);
    tw_symbol symbol = (tw_symbol)(seed % desk.options.symbol_count);
    if (cash)
        desk.cash -= 1234 * TW_NANO / 100;
    else
        desk.position[symbol] += 7 * TW_NANO;
    desk.calm = true; /* no more faults: how long it takes is measured */
    for (uint32_t i = 0; fake_count(&desk, "difference", NULL) == before; i++) {
        if (i == 2 * PERIOD_SECONDS * TURNS_A_SECOND)
            fail_msg("seed %llu: it is not found within two periods", (unsigned long long)seed);
        turn(engine);
    }
    for (uint32_t i = 0; i < 200 && tw_engine_phase_now(engine) != TW_ENGINE_TRADING; i++)
        turn(engine);
    tw_engine_get_report(engine, &report, holdings);
    assert_int_equal(fake_count(&desk, "difference", NULL), before + 1);
    assert_true(cash || holdings[symbol].quantity_after.nano > 0);
}

static void what_is_there_is_found_within_two_periods(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= SEED_COUNT; seed++) {
        fake_options options = options_of(seed);
        tw_engine_config config = config_of(options.symbol_count);
        options.disconnect = 0; /* a new connection would find it sooner */
        tw_engine *engine = start(&options, &config);
        until_trading(engine);
        turns(engine, 100 + (uint32_t)(seed * 17 % 100));
        for (uint32_t i = 0; tw_engine_phase_now(engine) != TW_ENGINE_TRADING && i < TURNS_MAX; i++)
            turn(engine);
        tamper_and_wait(engine, seed, seed % 3 == 0);
        end(engine);
    }
}

static tw_engine *plain(tw_engine_config *config) {
    fake_options options = {.seed = 1, .symbol_count = 3, .history_days = 30, .fill = 1000};
    config->band = 0.2;
    config->rebalance_interval_ns = 0;
    tw_engine *engine = start(&options, config);
    until_trading(engine);
    turns(engine, 60);
    return engine;
}

static void too_many_differences_kill(void **state) {
    (void)state;
    tw_engine_config config = config_of(3);
    config.difference_max = 2;
    tw_engine *engine = plain(&config);
    for (uint64_t i = 1; i <= 3; i++) {
        assert_int_equal(tw_engine_killed(engine), TW_KILL_NONE);
        tamper_and_wait(engine, i, false);
        turns(engine, 2);
    }
    assert_int_equal(tw_engine_killed(engine), TW_KILL_NEW);
    assert_int_equal(fake_count(&desk, "kill", "\"by\":\"rule\""), 1);
    end(engine);
}

static void it_can_be_turned_off(void **state) {
    (void)state;
    tw_engine_config config = config_of(3);
    config.reconcile_ns = 0;
    tw_engine *engine = plain(&config);
    uint32_t snapshots = desk.snapshots;
    turns(engine, 4 * PERIOD_SECONDS * TURNS_A_SECOND);
    assert_int_equal(desk.snapshots, snapshots);
    assert_int_equal(report_of(engine).reconciliations, 1); /* that of the connection */
    end(engine);
}

/* One share trades, and nobody tells of it. */
static void trade_one(fake_order *order) {
    tw_order *o = &order->order;
    int64_t price = o->limit_price.nano;
    order->notional_nano += price;
    o->filled.nano += TW_NANO;
    o->average_price.nano = price;
    o->status = TW_ORDER_PARTIALLY_FILLED;
    desk.cash -= price;
    desk.position[o->symbol] += TW_NANO;
}

/* Between the reading of positions and that of orders one share trades, each time: every snapshot
 * shows one share less than we know by its end, and that proves nothing. */
static void the_same_gap_with_news_between_is_no_difference(void **state) {
    (void)state;
    tw_engine_config config = config_of(1);
    fake_options options = {.seed = 1, .symbol_count = 1, .history_days = 30};
    config.order_patience_ns = 600 * TW_NS_PER_SECOND;
    tw_engine *engine = start(&options, &config);
    while (desk.submits == 0 || !desk.orders[0].at_venue)
        turn(engine);
    assert_int_equal(desk.orders[0].order.side, TW_SIDE_BUY);
    uint32_t trades = 0;
    for (uint32_t i = 0; i < 4 * PERIOD_SECONDS * TURNS_A_SECOND; i++) {
        if (desk.reading == 3 && fake_is_open(&desk.orders[0])) {
            trade_one(&desk.orders[0]);
            trades++;
        }
        turn(engine);
    }
    assert_true(trades >= 4);
    assert_int_equal(fake_count(&desk, "reconcile", NULL), 0);
    assert_int_equal(fake_count(&desk, "difference", NULL), 0);
    end(engine);
}

/* An order of others rests at the venue: each snapshot shows it, and it is told once. */
static void orders_of_others_are_told_once(void **state) {
    (void)state;
    tw_engine_config config = config_of(3);
    tw_engine *engine = plain(&config);
    tw_order other = {.quantity = {TW_NANO},
                      .side = TW_SIDE_BUY,
                      .type = TW_ORDER_LIMIT,
                      .limit_price = {1},
                      .status = TW_ORDER_NEW};
    snprintf(other.client_order_id, sizeof other.client_order_id, "by-hand");
    snprintf(other.venue_order_id, sizeof other.venue_order_id, "h1");
    fake_note(&desk, &other)->at_venue = true;
    uint32_t snapshots = desk.snapshots;
    turns(engine, 4 * PERIOD_SECONDS * TURNS_A_SECOND);
    assert_true(desk.snapshots >= snapshots + 3);
    assert_int_equal(fake_count(&desk, "foreign", NULL), 1);
    assert_int_equal(report_of(engine).foreign, 1);
    assert_true(report_of(engine).reconciliations >= 3);
    end(engine);
}

static int64_t stepped_ns;

static int64_t stepped_clock(void) {
    return stepped_ns;
}

/* The venue's time stands still while it is away; a watch must not. */
static void when_figures_agreed_is_known_by_a_clock_that_goes_on(void **state) {
    (void)state;
    fake_options options = {.seed = 7, .symbol_count = 2, .history_days = 30, .fill = 300};
    tw_engine_config config = config_of(options.symbol_count);
    config.monotonic_ns = stepped_clock;
    stepped_ns = 5;
    tw_engine *engine = start(&options, &config);
    assert_int_equal(report_of(engine).agreed_ns, 0); /* never */
    uint64_t before = 0;
    int64_t last_ns = 0;
    for (int i = 0; i < 4 * PERIOD_SECONDS * TURNS_A_SECOND; i++) {
        stepped_ns++;
        turn(engine);
        tw_engine_report report = report_of(engine);
        if (report.reconciliations > before)
            last_ns = stepped_ns;
        before = report.reconciliations;
        assert_int_equal(report.agreed_ns, last_ns);
    }
    assert_true(before >= 3);
    end(engine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_found_that_is_not_there),
        cmocka_unit_test(what_is_there_is_found_within_two_periods),
        cmocka_unit_test(too_many_differences_kill),
        cmocka_unit_test(it_can_be_turned_off),
        cmocka_unit_test(the_same_gap_with_news_between_is_no_difference),
        cmocka_unit_test(orders_of_others_are_told_once),
        cmocka_unit_test(when_figures_agreed_is_known_by_a_clock_that_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
