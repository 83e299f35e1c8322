/*
 * replay_engine.c - the engine against a faulty venue and a slow store, in virtual time.
 *
 * Several hundred seeds, each a run of its own with faults drawn from it, each played twice, the
 * second time with a recording from which it is then repeated. What must hold at every call is
 * asserted by the fake desk; what must hold after every turn and at the end is asserted here. A
 * seed that fails is printed with the command that repeats it alone: TRADEWIND_SEED chooses one
 * seed, TRADEWIND_SEEDS how many are played. Then the rules of decisions, orders and ends one by
 * one; those of what a venue may tell are in replay_venue.c.
 */
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine_desk.h"
#include "failing_heap.h"

enum { SEED_COUNT = 400, TURNS_OF_TROUBLE = 400 };

static const char *program;
static uint64_t seed_now;

/* cmocka turns a failed assertion into a report; an assertion of the engine aborts. In both cases
 * the seed must be known. */
static void tell_seed(void) {
    char line[256];
    if (seed_now == 0)
        return;
    int size = snprintf(line, sizeof line, "repeat with: TRADEWIND_SEED=%llu %s\n",
                        (unsigned long long)seed_now, program);
    ssize_t written = write(STDERR_FILENO, line, (size_t)size);
    (void)written;
}

static void on_abort(int number) {
    tell_seed();
    signal(number, SIG_DFL);
    raise(number);
}

/* ---- seeds --------------------------------------------------------------------------------- */

static fake_options options_of(uint64_t seed) {
    tw_random random;
    tw_random_init(&random, seed, 1);
    bool gentle = seed % 8 == 0;
    uint32_t most = gentle ? 1 : 120;
    fake_options options = {
        .seed = seed,
        .symbol_count = 1 + (uint32_t)tw_random_below(&random, FAKE_SYMBOLS),
        .history_days = 30 + (uint32_t)tw_random_below(&random, 60),
        .fill = 20 + (uint32_t)tw_random_below(&random, 600),
        .reject = (uint32_t)tw_random_below(&random, most),
        .lose_answer = (uint32_t)tw_random_below(&random, 2 * most),
        .lose_query = (uint32_t)tw_random_below(&random, 2 * most),
        .drop_update = (uint32_t)tw_random_below(&random, most),
        .repeat_update = (uint32_t)tw_random_below(&random, 2 * most),
        .disconnect = seed % 3 == 0 ? (uint32_t)tw_random_below(&random, 30) : 0,
        .tamper = seed % 9 == 0 ? 50 : 0,
        .store_full = seed % 2 == 0 ? (uint32_t)tw_random_below(&random, 300) : 0,
        .broker_full = (uint32_t)tw_random_below(&random, most),
        .delay_max = (uint32_t)tw_random_below(&random, 6),
        .durable_delay = (uint32_t)tw_random_below(&random, 5),
        .still = seed % 3 == 1,
    };
    if (seed % 10 == 7)
        options.store_fails_at = 1 + tw_random_below(&random, 60);
    return options;
}

static tw_engine_config config_of(uint64_t seed, uint32_t symbol_count) {
    tw_random random;
    tw_random_init(&random, seed, 2);
    tw_engine_config config = plain_config(symbol_count);
    config.strategy =
        tw_random_below(&random, 2) == 0 ? TW_STRATEGY_EQUAL : TW_STRATEGY_INVERSE_VOLATILITY;
    config.band = 0.001 + 0.02 * tw_random_uniform(&random);
    config.rebalance_interval_ns = (int64_t)tw_random_below(&random, 40) * TW_NS_PER_SECOND;
    config.order_patience_ns = (int64_t)(1 + tw_random_below(&random, 10)) * TW_NS_PER_SECOND;
    if (tw_random_below(&random, 4) == 0)
        config.controls.limits.position_share_max_nano = TW_NANO / 2;
    if (tw_random_below(&random, 4) == 0)
        config.controls.limits.value_max.nano = 20000 * TW_NANO;
    return config;
}

/* Orders of an earlier run: open, filled in part since, cancelled, or never arrived. */
static void adopt_some(tw_engine *engine, uint64_t seed) {
    tw_random random;
    tw_random_init(&random, seed, 3);
    uint32_t count = seed % 5 == 0 ? 1 + (uint32_t)tw_random_below(&random, 4) : 0;
    for (uint32_t i = 0; i < count; i++) {
        tw_order order = {.quantity = {10 * TW_NANO},
                          .symbol = i % desk.options.symbol_count,
                          .side = TW_SIDE_BUY,
                          .type = TW_ORDER_LIMIT,
                          .status = TW_ORDER_PENDING_NEW};
        order.limit_price.nano = desk.price[order.symbol];
        snprintf(order.client_order_id, sizeof order.client_order_id, "earlier-%u", i);
        assert_int_equal(tw_engine_adopt(engine, &order), TW_OK);
        fake_order *known = fake_note(&desk, &order);
        known->adopted = true;
        if (tw_random_below(&random, 4) == 0)
            continue;
        known->at_venue = true;
        known->order.status = TW_ORDER_NEW;
        snprintf(known->order.venue_order_id, sizeof known->order.venue_order_id, "e%u", i);
        if (tw_random_below(&random, 2) == 0)
            fake_trade(&desk, known);
        if (tw_random_below(&random, 4) == 0 && fake_is_open(known))
            known->order.status = TW_ORDER_CANCELED;
    }
}

static void check_differences(const tw_engine_report *report) {
    uint32_t positions = fake_count(&desk, "difference", "symbol");
    uint32_t cash = fake_count(&desk, "difference", "cash");
    assert_true(report->differences == positions + cash);
    if (desk.tampered)
        return;
    assert_int_equal(positions, 0);
    if (report->fills_recovered == 0)
        assert_int_equal(cash, 0);
}

/* Trouble, then calm, then an orderly end. */
static void play(uint64_t seed, bool recorded) {
    fake_options options = options_of(seed);
    tw_engine_config config = config_of(seed, options.symbol_count);
    tw_engine *engine =
        recorded ? start_recorded(&options, &config, (tw_recording_config){.block_size = 16384})
                 : start(&options, &config);
    tw_status status = TW_OK;
    adopt_some(engine, seed);
    for (uint32_t i = 0; status == TW_OK && i < TURNS_OF_TROUBLE; i++)
        status = turn(engine);
    desk.calm = seed % 4 != 0; /* sometimes the end is troubled, too */
    for (uint32_t i = 0; status == TW_OK && i < 100 && (!desk.up || desk.back_turn != 0); i++)
        status = turn(engine);
    tw_engine_stop(engine);
    for (uint32_t i = 0; status == TW_OK && tw_engine_phase_now(engine) != TW_ENGINE_DONE; i++) {
        if (i == TURNS_TO_END)
            fail_msg("the run does not end: %s", tw_engine_phase_name(tw_engine_phase_now(engine)));
        status = turn(engine);
    }
    tw_engine_report report = report_of(engine);
    if (status != TW_OK) {
        assert_int_equal(status, TW_NO_SPACE);
        assert_int_equal(desk.health, TW_NO_SPACE);
        assert_int_equal(report.phase, TW_ENGINE_FAILED);
    } else {
        check_differences(&report);
        assert_int_equal(fake_count(&desk, "phase", "\"to\":\"done\""), 1);
        if (desk.calm) {
            assert_nothing_left(engine);
            assert_same_figures(engine);
        }
    }
    if (recorded) {
        record_close();
        assert_replays_whole();
    }
    end(engine);
}

typedef struct tally {
    uint64_t submits;
    uint64_t failed;
    uint64_t sold;
    uint64_t tampered;
    uint64_t snapshots;
    uint64_t missing;
    uint64_t resends;
    uint64_t twins;
} tally;

static void play_twice(uint64_t seed, tally *sums) {
    seed_now = seed;
    play(seed, false);
    uint64_t hash = fake_hash(&desk);
    uint32_t entries = desk.entry_count;
    sums->submits += desk.submits;
    sums->failed += desk.health != TW_OK;
    sums->sold += desk.sells_seen;
    sums->tampered += desk.tampered;
    sums->snapshots += desk.snapshots;
    sums->missing += fake_count(&desk, "missing", NULL);
    sums->resends += fake_count(&desk, "resend", NULL);
    sums->twins += desk.twins;
    play(seed, true);
    assert_true(hash == fake_hash(&desk) && entries == desk.entry_count);
}

static void seeds_keep_their_promises(void **state) {
    (void)state;
    tally sums = {0};
    const char *chosen = getenv("TRADEWIND_SEED");
    const char *wanted = getenv("TRADEWIND_SEEDS");
    uint64_t count = wanted != NULL ? strtoull(wanted, NULL, 10) : SEED_COUNT;
    if (chosen != NULL) {
        play_twice(strtoull(chosen, NULL, 10), &sums);
        seed_now = 0;
        return;
    }
    for (uint64_t seed = 1; seed <= count; seed++)
        play_twice(seed, &sums);
    seed_now = 0;
    /* The faults are there: a world without them would prove nothing. */
    assert_true(sums.submits > 5 * count && sums.sold > count / 10);
    assert_true(sums.failed > 0 && sums.tampered > 0 && sums.missing > 0 && sums.resends > 0 &&
                sums.twins > 0);
    assert_true(sums.snapshots > 2 * count);
}

static int make_record(void **state) {
    (void)state;
    record_init();
    return 0;
}

static int tell_failed_seed(void **state) {
    (void)state;
    record_done();
    tell_seed();
    seed_now = 0;
    return 0;
}

/* ---- single rules -------------------------------------------------------------------------- */

static void given_targets_are_reached(void **state) {
    (void)state;
    static const double targets[] = {0.5, 0.3, 0.0};
    fake_options options = plain_options(3);
    tw_engine_config config = plain_config(3);
    config.strategy = TW_STRATEGY_TARGETS;
    config.target_weights = targets;
    tw_engine *engine = start(&options, &config);
    until(engine, TW_ENGINE_TRADING);
    turns(engine, 60);
    tw_engine_report report;
    tw_engine_holding holdings[FAKE_SYMBOLS];
    tw_engine_get_report(engine, &report, holdings);
    for (uint32_t s = 0; s < 3; s++) {
        assert_true(holdings[s].weight_target == targets[s]);
        assert_true(fabs(holdings[s].weight_after - targets[s]) < 0.05);
    }
    assert_true(report.orders >= 2 && report.fills >= 2 && report.fills_recovered == 0);
    assert_true(desk.position[0] > 0 && desk.position[1] > 0 && desk.position[2] == 0);
    assert_same_figures(engine);
    end(engine);
}

static void one_symbol_is_enough(void **state) {
    (void)state;
    tw_engine *engine = start_trading(1);
    turns(engine, 40);
    tw_engine_stop(engine);
    until(engine, TW_ENGINE_DONE);
    assert_true(report_of(engine).orders_filled >= 1 && desk.position[0] > 0);
    assert_true(report_of(engine).risk_valid);
    assert_same_figures(engine);
    end(engine);
}

static void sells_are_over_before_buys(void **state) {
    (void)state;
    fake_options options = plain_options(3);
    tw_engine_config config = plain_config(3);
    options.fill = 100; /* so that they take a while; the desk checks each submit */
    tw_engine *engine = start(&options, &config);
    desk.position[0] = 90000 * TW_NANO / (desk.price[0] / TW_NANO);
    desk.position[0] -= desk.position[0] % TW_NANO;
    desk.cash = 1000 * TW_NANO;
    until(engine, TW_ENGINE_TRADING);
    turns(engine, 200);
    assert_true(desk.sells_seen && desk.position[1] > 0 && desk.position[2] > 0);
    assert_true(desk.cash >= 0);
    end(engine);
}

/* Cash is owed and nothing may be sold: there is no plan, and no order. */
static void an_infeasible_plan_is_journaled_and_not_traded(void **state) {
    (void)state;
    fake_options options = plain_options(1);
    tw_engine_config config = plain_config(1);
    tw_engine *engine = start(&options, &config);
    desk.position[0] = 100 * TW_NANO;
    desk.cash = -1000 * TW_NANO;
    desk.silent[0] = true; /* its price is the snapshot's, of no known age */
    until(engine, TW_ENGINE_TRADING);
    turns(engine, 4);
    assert_int_equal(fake_count(&desk, "decision", "\"feasible\":false"), 1);
    assert_int_equal(desk.submits, 0);
    end(engine);
}

static void a_price_that_grew_stale_is_denied(void **state) {
    (void)state;
    fake_options options = plain_options(2);
    tw_engine_config config = plain_config(2);
    options.fill = 0;
    config.order_patience_ns = 60 * TW_NS_PER_SECOND;
    config.controls.limits.price_age_ns_max = 2 * TW_NS_PER_SECOND;
    tw_engine *engine = start(&options, &config);
    desk.position[0] = 1000 * TW_NANO;
    desk.cash = 0;
    until(engine, TW_ENGINE_TRADING);
    while (desk.submits == 0)
        turns(engine, 1);
    desk.silent[1] = true; /* while the sell of the other is open */
    turns(engine, 12);
    desk.options.fill = 1000;
    turns(engine, 40);
    assert_true(fake_count(&desk, "denied", "stale_price") > 0);
    assert_int_equal(desk.position[1], 0);
    end(engine);
}

static void a_limit_denies(void **state) {
    (void)state;
    static const struct {
        const char *word;
        int64_t order_value;
        double weight;
        uint32_t order_count;
        uint32_t denied;
    } rows[] = {
        {"\"order_value\"", 1000 * TW_NANO, 0.0, 256, 3},
        {"\"position_weight\"", 0, 0.2, 256, 3},
        {"\"order_table_full\"", 0, 0.0, 1, 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fake_options options = plain_options(3);
        tw_engine_config config = plain_config(3);
        config.controls.limits.value_max.nano = rows[i].order_value;
        config.controls.limits.position_share_max_nano = (int64_t)(rows[i].weight * 1e9);
        config.order_count_max = rows[i].order_count;
        config.decision_gap_ns = 600 * TW_NS_PER_SECOND;
        tw_engine *engine = start(&options, &config);
        until(engine, TW_ENGINE_TRADING);
        turns(engine, 40);
        assert_int_equal(fake_count(&desk, "denied", rows[i].word), rows[i].denied);
        assert_int_equal(report_of(engine).orders_denied, rows[i].denied);
        assert_int_equal(desk.submits, 3 - rows[i].denied);
        end(engine);
    }
}

/* A fall of one symbol trips the stop: what would buy is denied, what sells is not. */
static void a_loss_of_the_day_stops_buying(void **state) {
    (void)state;
    fake_options options = plain_options(3);
    tw_engine_config config = plain_config(3);
    config.controls.day_loss_share_max_nano = TW_NANO / 50;
    tw_engine *engine = start(&options, &config);
    until(engine, TW_ENGINE_TRADING);
    turns(engine, 60);
    assert_int_equal(report_of(engine).orders_denied, 0);
    desk.price[0] = desk.price[0] * 7 / 10;
    turns(engine, 200);
    tw_engine_report report = report_of(engine);
    assert_true(report.denied[TW_PRETRADE_DAY_LOSS] > 0);
    assert_int_equal(report.denied[TW_PRETRADE_DAY_LOSS], report.orders_denied);
    assert_true(fake_count(&desk, "denied", "\"side\":\"buy\"") > 0);
    assert_int_equal(fake_count(&desk, "denied", "\"side\":\"sell\""), 0);
    end(engine);
}

/* The history of the fake venue is known: its value at risk is far above a tenth of a percent. */
static void value_at_risk_denies(void **state) {
    (void)state;
    static const int64_t shares[] = {TW_NANO / 1000, TW_NANO};
    for (size_t i = 0; i < 2; i++) {
        fake_options options = plain_options(3);
        tw_engine_config config = plain_config(3);
        config.controls.value_at_risk_share_max_nano = shares[i];
        tw_engine *engine = start(&options, &config);
        until(engine, TW_ENGINE_TRADING);
        turns(engine, 40);
        assert_true((fake_count(&desk, "denied", "value_at_risk") > 0) == (i == 0));
        end(engine);
    }
}

/* Not beyond the collar, not short of the market, in whole increments of SEC rule 612. */
static void a_limit_price_keeps_to_the_collar(void **state) {
    (void)state;
    static const int64_t prices[] = {150 * TW_NANO, 1500000000, 1005000000, 500000000};
    for (size_t i = 0; i < sizeof prices / sizeof prices[0]; i++) {
        fake_options options = plain_options(1);
        tw_engine_config config = plain_config(1);
        tw_engine *engine = start(&options, &config);
        desk.silent[0] = true;
        while (desk.submits == 0) {
            desk.price[0] = prices[i];
            if (desk.up && desk.market_count == 0)
                fake_quote(&desk, 0);
            turns(engine, 1);
        }
        int64_t limit = desk.orders[0].order.limit_price.nano;
        int64_t step = limit >= TW_NANO ? TW_NANO / 100 : TW_NANO / 10000;
        assert_true(limit % step == 0);
        assert_true(limit >= prices[i] - step && limit <= prices[i] + prices[i] / 1000 * 9);
        end(engine);
    }
}

static void without_history_only_measured_weights_fail(void **state) {
    (void)state;
    fake_options options = plain_options(2);
    tw_engine_config config = plain_config(2);
    options.history_days = 0;
    tw_engine *engine = start(&options, &config);
    until(engine, TW_ENGINE_TRADING);
    turns(engine, 20);
    assert_true(desk.submits == 2 && !report_of(engine).risk_valid);
    end(engine);
    config.strategy = TW_STRATEGY_INVERSE_VOLATILITY;
    engine = start(&options, &config);
    tw_status status = TW_OK;
    for (int i = 0; status == TW_OK && i < 100; i++)
        status = turn(engine);
    assert_int_equal(status, TW_INFEASIBLE);
    assert_int_equal(tw_engine_phase_now(engine), TW_ENGINE_FAILED);
    assert_int_equal(desk.submits, 0);
    end(engine);
}

/* More days than the engine keeps: every symbol still has its newest. */
static void the_newest_closes_of_each_symbol_are_kept(void **state) {
    (void)state;
    fake_options options = plain_options(4);
    tw_engine_config config = plain_config(4);
    options.history_days = 100;
    tw_engine *engine = start(&options, &config);
    until(engine, TW_ENGINE_TRADING);
    turns(engine, 4);
    assert_int_equal(fake_count(&desk, "history", "{\"closes\":256,\"days\":64}"), 1);
    assert_int_equal(report_of(engine).history_days, 63);
    end(engine);
}

static void a_stop_ends_every_phase(void **state) {
    (void)state;
    for (int phase = TW_ENGINE_STARTING; phase <= TW_ENGINE_PAUSED; phase++) {
        fake_options options = plain_options(2);
        tw_engine_config config = plain_config(2);
        options.delay_max = 2;
        options.fill = 0;
        options.durable_delay = 3;
        tw_engine *engine = start(&options, &config);
        desk.silent[0] = phase == TW_ENGINE_WARMING;
        if (phase == TW_ENGINE_SETTLING)
            adopt_some(engine, 5);
        if (phase == TW_ENGINE_PAUSED) {
            until(engine, TW_ENGINE_TRADING);
            turns(engine, 2);
            fake_break(&desk);
        }
        until(engine, (tw_engine_phase)phase);
        tw_engine_stop(engine);
        until(engine, TW_ENGINE_DONE);
        assert_true(desk.submits == 0); /* what was intended and not durable is withdrawn */
        end(engine);
    }
}

static void open_orders_are_cancelled_before_the_end(void **state) {
    (void)state;
    fake_options options = plain_options(3);
    tw_engine_config config = plain_config(3);
    options.fill = 0;
    config.order_patience_ns = 3600 * TW_NS_PER_SECOND;
    tw_engine *engine = start(&options, &config);
    while (desk.submits < 3)
        turns(engine, 1);
    turns(engine, 3);
    tw_engine_stop(engine);
    until(engine, TW_ENGINE_DONE);
    assert_nothing_left(engine);
    tw_engine_report report = report_of(engine);
    assert_true(report.orders == 3 && report.orders_canceled + report.orders_filled == 3);
    end(engine);
}

static void the_duration_ends_the_run(void **state) {
    (void)state;
    fake_options options = plain_options(1);
    tw_engine_config config = plain_config(1);
    config.duration_ns = 20 * TW_NS_PER_SECOND;
    tw_engine *engine = start(&options, &config);
    until(engine, TW_ENGINE_DONE);
    uint64_t trades = report_of(engine).trades;
    uint32_t entries = desk.entry_count;
    turns(engine, 20);
    assert_true(report_of(engine).trades == trades); /* nothing is read after the end */
    assert_true(desk.entry_count == entries && report_of(engine).late_trades == 0);
    end(engine);
}

static void nothing_is_sent_before_it_is_durable(void **state) {
    (void)state;
    fake_options options = plain_options(2);
    tw_engine_config config = plain_config(2);
    options.durable_delay = 1000000;
    tw_engine *engine = start(&options, &config);
    until(engine, TW_ENGINE_TRADING);
    turns(engine, 12);
    assert_int_equal(fake_count(&desk, "intent", NULL), 2);
    assert_int_equal(desk.submits, 0);
    desk.options.durable_delay = 0;
    turns(engine, 2);
    assert_int_equal(desk.submits, 2);
    end(engine);
}

/* Its price is of another time. */
static void an_intent_that_waited_too_long_is_withdrawn(void **state) {
    (void)state;
    fake_options options = plain_options(2);
    tw_engine_config config = plain_config(2);
    config.decision_gap_ns = 600 * TW_NS_PER_SECOND;
    options.durable_delay = 1000000;
    tw_engine *engine = start(&options, &config);
    until(engine, TW_ENGINE_TRADING);
    turns(engine, 40);
    desk.options.durable_delay = 0;
    turns(engine, 10);
    assert_int_equal(fake_count(&desk, "withdrawn", NULL), 2);
    assert_int_equal(desk.submits, 0);
    end(engine);
}

static void a_store_that_fails_at_any_entry_ends_the_run(void **state) {
    (void)state;
    for (uint64_t entry = 1; entry <= 24; entry++) {
        fake_options options = plain_options(3);
        tw_engine_config config = plain_config(3);
        options.store_fails_at = entry;
        tw_engine *engine = start(&options, &config);
        tw_status status = TW_OK;
        for (int i = 0; status == TW_OK && i < 400; i++)
            status = turn(engine);
        assert_int_equal(status, TW_NO_SPACE);
        assert_int_equal(tw_engine_phase_now(engine), TW_ENGINE_FAILED);
        assert_int_equal(desk.entry_count, entry - 1);
        assert_int_equal(turn(engine), TW_NO_SPACE);
        end(engine);
    }
}

/* There is too much of it, and what is heard of its price is old: a decision about it trades
 * nothing, and the next comes after twice the time. */
static void decisions_that_trade_nothing_grow_rarer(void **state) {
    (void)state;
    static const double targets[] = {0.05};
    fake_options options = plain_options(1);
    tw_engine_config config = plain_config(1);
    config.strategy = TW_STRATEGY_TARGETS;
    config.target_weights = targets;
    config.controls.limits.price_age_ns_max = 2 * TW_NS_PER_SECOND;
    tw_engine *engine = start(&options, &config);
    desk.silent[0] = true;
    desk.position[0] = 200 * TW_NANO;
    until(engine, TW_ENGINE_TRADING);
    for (int seconds = 0; seconds < 60; seconds++) {
        tw_trade late = {.time_ns = desk.now_ns - 10 * TW_NS_PER_SECOND,
                         .price = {desk.price[0] + seconds % 2 * TW_NANO},
                         .quantity = {TW_NANO}};
        show(engine, (tw_market_event){.kind = TW_MARKET_TRADE, .as.trade = late});
    }
    assert_int_equal(desk.submits, 0);
    assert_int_equal(fake_count(&desk, "decision", "\"feasible\":false"), 0);
    assert_in_range(fake_count(&desk, "decision", "\"cause\":\"drift\""), 3, 6);
    end(engine);
}

/* However often nothing was to do when the time came: a symbol that then leaves its band is brought
 * home at once. */
static void calm_on_schedule_does_not_delay_a_drift(void **state) {
    (void)state;
    fake_options options = plain_options(1);
    tw_engine_config config = plain_config(1);
    config.band = 0.001;
    config.rebalance_interval_ns = 20 * TW_NS_PER_SECOND;
    tw_engine *engine = start(&options, &config);
    until(engine, TW_ENGINE_TRADING);
    while (fake_count(&desk, "decision", "\"cause\":\"schedule\"") < 6)
        turns(engine, 1);
    uint32_t before = fake_count(&desk, "decision", "\"cause\":\"drift\"");
    desk.price[0] = desk.price[0] * 6 / 5;
    turns(engine, 20);
    assert_int_equal(fake_count(&desk, "decision", "\"cause\":\"drift\""), before + 1);
    assert_true(desk.sells_seen);
    end(engine);
}

static void a_configuration_that_makes_no_sense_is_refused(void **state) {
    (void)state;
    static const double heavy[] = {0.7, 0.4};
    fake_options options = plain_options(2);
    fake_init(&desk, &options);
    tw_engine_config rows[10];
    for (size_t i = 0; i < 10; i++)
        rows[i] = plain_config(2);
    rows[0].symbol_count = 0;
    rows[1].strategy_name[0] = '\0';
    rows[2].order_count_max = 0;
    rows[3].history_days_max = 1;
    rows[4].timeframe_count = 0;
    rows[5].band = 1.0;
    rows[6].controls.limits.collar_nano = 0;
    rows[7].strategy = TW_STRATEGY_TARGETS;
    rows[8].strategy = TW_STRATEGY_TARGETS;
    rows[8].target_weights = heavy;
    rows[9].order_patience_ns = 0;
    for (size_t i = 0; i < 10; i++) {
        tw_engine *engine = NULL;
        tw_error error = {0};
        assert_int_equal(fake_engine(&desk, &rows[i], &engine, &error), TW_INVALID);
        assert_null(engine);
        assert_true(error.message[0] != '\0');
    }
    fake_done(&desk);
}

static tw_status make_and_free(const tw_allocator *allocator, void *context) {
    static const double targets[] = {0.4, 0.4};
    tw_engine_config config = plain_config(2);
    tw_engine_ports ports = {
        .feed = {fake_next_market, fake_next_venue, context},
        .broker = {fake_submit, fake_cancel, fake_query, fake_snapshot, context},
        .store = {fake_put_trade, fake_put_bar, fake_put_order, fake_put_fill, fake_append,
                  fake_durable, fake_health, context},
    };
    TW_AUTO(tw_engine) *engine = NULL;
    config.strategy = TW_STRATEGY_TARGETS;
    config.target_weights = targets;
    return tw_engine_new(allocator, &config, desk.symbols, &ports, &engine, NULL);
}

static void nothing_is_left_when_memory_runs_out(void **state) {
    (void)state;
    fake_options options = plain_options(2);
    fake_init(&desk, &options);
    assert_survives_failed_allocations(make_and_free, &desk);
    fake_done(&desk);
}

int main(int argc, char **argv) {
    (void)argc;
    program = argv[0];
    signal(SIGABRT, on_abort);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(seeds_keep_their_promises, make_record, tell_failed_seed),
        cmocka_unit_test(given_targets_are_reached),
        cmocka_unit_test(one_symbol_is_enough),
        cmocka_unit_test(sells_are_over_before_buys),
        cmocka_unit_test(an_infeasible_plan_is_journaled_and_not_traded),
        cmocka_unit_test(decisions_that_trade_nothing_grow_rarer),
        cmocka_unit_test(calm_on_schedule_does_not_delay_a_drift),
        cmocka_unit_test(a_price_that_grew_stale_is_denied),
        cmocka_unit_test(a_limit_denies),
        cmocka_unit_test(a_loss_of_the_day_stops_buying),
        cmocka_unit_test(value_at_risk_denies),
        cmocka_unit_test(a_limit_price_keeps_to_the_collar),
        cmocka_unit_test(without_history_only_measured_weights_fail),
        cmocka_unit_test(the_newest_closes_of_each_symbol_are_kept),
        cmocka_unit_test(a_stop_ends_every_phase),
        cmocka_unit_test(open_orders_are_cancelled_before_the_end),
        cmocka_unit_test(the_duration_ends_the_run),
        cmocka_unit_test(nothing_is_sent_before_it_is_durable),
        cmocka_unit_test(an_intent_that_waited_too_long_is_withdrawn),
        cmocka_unit_test(a_store_that_fails_at_any_entry_ends_the_run),
        cmocka_unit_test(a_configuration_that_makes_no_sense_is_refused),
        cmocka_unit_test(nothing_is_left_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
