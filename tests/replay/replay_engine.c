/*
 * replay_engine.c - the engine against a faulty venue and a slow store, in virtual time.
 *
 * Several hundred seeds, each a run of its own with faults drawn from it, each played twice, the
 * second time with a recording from which it is then repeated. What must hold at every call is
 * asserted by the fake desk; what must hold after every turn and at the end is asserted here. A
 * seed that fails is printed with the command that repeats it alone: TRADEWIND_SEED chooses one
 * seed, TRADEWIND_SEEDS how many are played.
 */
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "failing_heap.h"
#include "recorded_desk.h"

enum { SEED_COUNT = 400, TURNS_OF_TROUBLE = 400, TURNS_TO_END = 1200 };

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

static tw_engine_config plain_config(uint32_t symbol_count) {
    return (tw_engine_config){
        .strategy_name = "replay",
        .epoch = 77,
        .symbol_count = symbol_count,
        .order_count_max = 256,
        .level_count_max = 256,
        .history_days_max = 64,
        .window_count = 16,
        .timeframes_ns = {TW_NS_PER_SECOND, TW_NS_PER_MINUTE},
        .timeframe_count = 2,
        .strategy = TW_STRATEGY_EQUAL,
        .cash_weight = 0.02,
        .band = 0.01,
        .order_patience_ns = 5 * TW_NS_PER_SECOND,
        .lot = {TW_NANO},
        .controls.limits = {.collar_nano = TW_NANO / 100,
                            .price_age_ns_max = 60 * TW_NS_PER_SECOND},
        .warm_ns_max = 5 * TW_NS_PER_SECOND,
        .decision_gap_ns = TW_NS_PER_SECOND,
    };
}

static fake_options plain_options(uint32_t symbol_count) {
    return (fake_options){
        .seed = 1, .symbol_count = symbol_count, .history_days = 40, .fill = 1000};
}

static tw_status turn(tw_engine *engine) {
    uint64_t work = 0;
    fake_turn(&desk);
    uint32_t events = 1 + (uint32_t)tw_random_below(&desk.random, 48);
    tw_status status = tw_engine_turn(engine, events, &work, NULL);
    tw_engine_check(engine);
    if (recording != NULL)
        record_turn((int64_t)desk.turn * 7 * TW_NS_PER_MS);
    return status;
}

static void turns(tw_engine *engine, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(turn(engine), TW_OK);
}

/* Turns until the phase is reached. */
static void until(tw_engine *engine, tw_engine_phase phase) {
    for (uint32_t i = 0; tw_engine_phase_now(engine) != phase; i++) {
        if (i == TURNS_TO_END)
            fail_msg("the phase stays %s", tw_engine_phase_name(tw_engine_phase_now(engine)));
        assert_int_equal(turn(engine), TW_OK);
    }
}

/* Positions and cash are the venue's. Cash that was learned from an average price carries its
 * rounding: half of 1e-9 for each share. */
static void assert_same_figures(const tw_engine *engine) {
    tw_engine_report report;
    tw_engine_holding holdings[FAKE_SYMBOLS];
    tw_engine_get_report(engine, &report, holdings);
    int64_t shares = 0;
    for (uint32_t s = 0; s < desk.options.symbol_count; s++)
        assert_true(holdings[s].quantity_after.nano == desk.position[s]);
    for (uint32_t i = 0; report.fills_recovered > 0 && i < desk.order_count; i++)
        shares += desk.orders[i].order.filled.nano / TW_NANO + 1;
    int64_t difference = report.cash_after.nano - desk.cash;
    assert_true(difference <= shares && difference >= -shares);
}

static void assert_nothing_left(const tw_engine *engine) {
    tw_engine_report report = report_of(engine);
    assert_int_equal(report.orders_open, 0);
    assert_int_equal(report.orders_unknown, 0);
    assert_int_equal(report.late_trades, 0);
    for (uint32_t i = 0; i < desk.order_count; i++)
        assert_false(fake_is_open(&desk.orders[i]));
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
    assert_true(sums.failed > 0 && sums.tampered > 0 && sums.missing > 0);
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

/* An order of an earlier run trades while the first snapshot is read: after its cash was told, and
 * before its positions are. By the time it has been told as a whole no order is open any more. */
static void a_snapshot_that_began_with_open_orders_is_read_again(void **state) {
    (void)state;
    fake_options options = plain_options(2);
    tw_engine_config config = plain_config(2);
    options.fill = 0;
    tw_engine *engine = start(&options, &config);
    tw_order order = {.quantity = {10 * TW_NANO},
                      .limit_price = {desk.price[0] * 2},
                      .side = TW_SIDE_BUY,
                      .type = TW_ORDER_LIMIT,
                      .status = TW_ORDER_NEW,
                      .client_order_id = "earlier-1",
                      .venue_order_id = "e1"};
    assert_int_equal(tw_engine_adopt(engine, &order), TW_OK);
    fake_order *known = fake_note(&desk, &order);
    known->adopted = known->at_venue = true;
    while (desk.reading != 2)
        turns(engine, 1);
    while (fake_is_open(known))
        fake_trade(&desk, known);
    until(engine, TW_ENGINE_TRADING);
    assert_true(desk.position[0] == 10 * TW_NANO && desk.snapshots == 2);
    assert_same_figures(engine);
    end(engine);
}

static void one_symbol_is_enough(void **state) {
    (void)state;
    fake_options options = plain_options(1);
    tw_engine_config config = plain_config(1);
    tw_engine *engine = start(&options, &config);
    until(engine, TW_ENGINE_TRADING);
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
        assert_true(limit >= prices[i] - step && limit <= prices[i] + prices[i] / 100);
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

static void a_lost_connection_pauses_and_a_snapshot_resumes(void **state) {
    (void)state;
    fake_options options = plain_options(2);
    tw_engine_config config = plain_config(2);
    tw_engine *engine = start(&options, &config);
    until(engine, TW_ENGINE_TRADING);
    turns(engine, 20);
    fake_break(&desk);
    desk.position[0] += 5000 * TW_NANO; /* behind our back */
    desk.tampered = true;
    uint64_t submits = desk.submits;
    until(engine, TW_ENGINE_PAUSED);
    while (!desk.up)
        turns(engine, 1);
    assert_true(desk.submits == submits);
    until(engine, TW_ENGINE_TRADING);
    assert_int_equal(report_of(engine).differences, 1);
    assert_int_equal(report_of(engine).pauses, 1);
    turns(engine, 60);
    assert_true(desk.sells_seen); /* what was too much has been sold */
    tw_engine_stop(engine);
    until(engine, TW_ENGINE_DONE);
    assert_same_figures(engine);
    end(engine);
}

/* A submit that hangs: the venue does not know the order yet, and that proves nothing. */
static void an_order_whose_submit_hangs_is_not_given_up(void **state) {
    (void)state;
    fake_options options = plain_options(1);
    tw_engine_config config = plain_config(1);
    tw_engine *engine = start(&options, &config);
    while (desk.submits == 0)
        turns(engine, 1);
    desk.commands[0].due = desk.turn + 120;
    fake_break(&desk);
    turns(engine, 110); /* back, asked about many times */
    assert_true(desk.up && report_of(engine).orders_unknown == 1);
    assert_int_equal(desk.submits, 1);
    turns(engine, 60);
    assert_int_equal(fake_count(&desk, "missing", NULL), 0);
    tw_engine_stop(engine);
    until(engine, TW_ENGINE_DONE);
    assert_true(desk.orders[0].at_venue);
    assert_nothing_left(engine);
    assert_same_figures(engine);
    end(engine);
}

/* Account, then a fill, then positions: such a snapshot is of no single moment. */
static void a_fill_while_a_snapshot_is_read_counts_once(void **state) {
    (void)state;
    fake_options options = plain_options(1);
    tw_engine_config config = plain_config(1);
    options.fill = 0;
    config.order_patience_ns = 60 * TW_NS_PER_SECOND;
    tw_engine *engine = start(&options, &config);
    while (desk.submits == 0 || !desk.orders[0].at_venue)
        turns(engine, 1);
    turns(engine, 2);
    fake_break(&desk);
    while (desk.reading != 2) /* the account has been read */
        turns(engine, 1);
    desk.price[0] = desk.orders[0].order.limit_price.nano;
    while (fake_is_open(&desk.orders[0]))
        fake_trade(&desk, &desk.orders[0]);
    until(engine, TW_ENGINE_TRADING);
    assert_int_equal(report_of(engine).differences, 0);
    assert_true(desk.snapshots >= 3); /* another was read when nothing was open */
    tw_engine_stop(engine);
    until(engine, TW_ENGINE_DONE);
    assert_same_figures(engine);
    end(engine);
}

static void a_loss_while_warming_pauses_too(void **state) {
    (void)state;
    fake_options options = plain_options(2);
    tw_engine_config config = plain_config(2);
    tw_engine *engine = start(&options, &config);
    desk.silent[0] = true;
    until(engine, TW_ENGINE_WARMING);
    fake_break(&desk);
    until(engine, TW_ENGINE_PAUSED);
    until(engine, TW_ENGINE_TRADING);
    assert_true(desk.up && desk.snapshots == 2);
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

static void a_venue_that_gave_up_ends_the_run(void **state) {
    (void)state;
    fake_options options = plain_options(1);
    tw_engine_config config = plain_config(1);
    tw_engine *engine = start(&options, &config);
    tw_error error = {0};
    uint64_t work = 0;
    tw_venue_event event = fake_event(&desk, TW_VENUE_FAILED);
    event.as.failure.status = TW_AUTH;
    snprintf(event.as.failure.message, sizeof event.as.failure.message, "no such key");
    turns(engine, 10);
    fake_tell(&desk, &event);
    assert_int_equal(tw_engine_turn(engine, 100, &work, &error), TW_AUTH);
    assert_string_equal(error.message, "no such key");
    assert_int_equal(tw_engine_phase_now(engine), TW_ENGINE_FAILED);
    end(engine);
}

static void more_filled_than_ordered_ends_the_run(void **state) {
    (void)state;
    fake_options options = plain_options(1);
    tw_engine_config config = plain_config(1);
    options.fill = 0;
    tw_engine *engine = start(&options, &config);
    while (desk.submits == 0)
        turns(engine, 1);
    tw_venue_event event = fake_event(&desk, TW_VENUE_ORDER_UPDATE);
    event.as.update.order = desk.orders[0].order;
    event.as.update.order.filled.nano = desk.orders[0].order.quantity.nano + TW_NANO;
    event.as.update.order.average_price.nano = TW_NANO;
    fake_tell(&desk, &event);
    tw_status status = turn(engine);
    assert_int_equal(status == TW_OK ? turn(engine) : status, TW_PROTOCOL);
    end(engine);
}

static void an_order_of_others_is_journaled_and_left_alone(void **state) {
    (void)state;
    fake_options options = plain_options(1);
    tw_engine_config config = plain_config(1);
    tw_engine *engine = start(&options, &config);
    until(engine, TW_ENGINE_TRADING);
    tw_venue_event event = fake_event(&desk, TW_VENUE_ORDER_UPDATE);
    snprintf(event.as.update.order.client_order_id, TW_CLIENT_ORDER_ID_SIZE, "replay-other");
    event.as.update.order.filled.nano = TW_NANO;
    event.as.update.order.status = TW_ORDER_FILLED;
    fake_tell(&desk, &event);
    turns(engine, 20);
    assert_int_equal(fake_count(&desk, "foreign", NULL), 1);
    assert_same_figures(engine);
    end(engine);
}

/* A first order is at the venue, and nothing of it has filled. */
static tw_engine *with_an_order(void) {
    fake_options options = plain_options(1);
    tw_engine_config config = plain_config(1);
    options.fill = 0;
    tw_engine *engine = start(&options, &config);
    while (desk.submits == 0)
        turns(engine, 1);
    return engine;
}

/* What the venue says of that order. */
static tw_venue_event news_of_it(void) {
    tw_venue_event event = fake_event(&desk, TW_VENUE_ORDER_UPDATE);
    event.as.update.order = desk.orders[0].order;
    return event;
}

static tw_status hear(tw_engine *engine, const tw_venue_event *event) {
    fake_tell(&desk, event);
    tw_status status = turn(engine);
    return status == TW_OK ? turn(engine) : status;
}

static void shares_filled_for_nothing_end_the_run(void **state) {
    (void)state;
    tw_engine *engine = with_an_order();
    tw_venue_event event = news_of_it();
    event.as.update.order.filled.nano = TW_NANO;
    event.as.update.order.average_price.nano = 0;
    assert_int_equal(hear(engine, &event), TW_PROTOCOL);
    end(engine);
}

/* The other side, another symbol, another quantity: each alone is another order. */
static void news_of_another_order_by_our_id_ends_the_run(void **state) {
    (void)state;
    for (int row = 0; row < 4; row++) {
        tw_engine *engine = with_an_order();
        tw_venue_event event = news_of_it();
        tw_order *told = &event.as.update.order;
        if (row == 0)
            told->side = told->side == TW_SIDE_BUY ? TW_SIDE_SELL : TW_SIDE_BUY;
        else if (row == 1)
            told->symbol++;
        else if (row == 2)
            told->quantity.nano += TW_NANO;
        else
            *told = desk.orders[0].order; /* ours: the run goes on */
        assert_int_equal(hear(engine, &event), row < 3 ? TW_PROTOCOL : TW_OK);
        end(engine);
    }
}

static void trades_of_others_are_a_reason_to_look_again(void **state) {
    (void)state;
    fake_options options = plain_options(1);
    tw_engine_config config = plain_config(1);
    tw_engine *engine = start(&options, &config);
    until(engine, TW_ENGINE_TRADING);
    turns(engine, 40);
    uint32_t before = desk.snapshots;
    tw_venue_event event = fake_event(&desk, TW_VENUE_ORDER_UPDATE);
    snprintf(event.as.update.order.client_order_id, TW_CLIENT_ORDER_ID_SIZE, "by-hand");
    event.as.update.quantity.nano = TW_NANO;
    fake_tell(&desk, &event);
    turns(engine, 40);
    assert_true(desk.snapshots > before);
    assert_same_figures(engine);
    end(engine);
}

/* Puts one market event in front of the engine. */
static void show(tw_engine *engine, tw_market_event event) {
    desk.silent[0] = true;
    turns(engine, 3);
    assert_int_equal(desk.market_count, 0);
    desk.market[desk.market_first] = event;
    desk.market_count = 1;
    turns(engine, 1);
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

static void odd_ticks_are_left_out(void **state) {
    (void)state;
    fake_options options = plain_options(1);
    tw_engine_config config = plain_config(1);
    tw_engine *engine = start(&options, &config);
    until(engine, TW_ENGINE_TRADING);
    tw_engine_report before;
    tw_engine_report after;
    tw_trade good = {.time_ns = desk.now_ns, .price = {TW_NANO}, .quantity = {TW_NANO}};
    tw_trade odd[4] = {good, good, good, good};
    odd[0].price.nano = 0;
    odd[1].quantity.nano = -1;
    odd[2].conditions[2] = 'X';
    odd[3].time_ns = desk.now_ns + 3650 * TW_NS_PER_DAY;
    tw_engine_get_report(engine, &before, NULL);
    for (int i = 0; i < 4; i++)
        show(engine, (tw_market_event){.kind = TW_MARKET_TRADE, .as.trade = odd[i]});
    tw_engine_get_report(engine, &after, NULL);
    assert_int_equal(after.odd_events - before.odd_events, 4);
    assert_true(after.ended_ns < odd[3].time_ns);
    end(engine);
}

static void a_spread_too_wide_is_no_price(void **state) {
    (void)state;
    fake_options options = plain_options(1);
    tw_engine_config config = plain_config(1);
    tw_engine *engine = start(&options, &config);
    tw_engine_holding before;
    tw_engine_holding after;
    tw_engine_report report;
    until(engine, TW_ENGINE_TRADING);
    turns(engine, 40);
    desk.silent[0] = true;
    turns(engine, 3);
    tw_engine_get_report(engine, &report, &before);
    show(engine, (tw_market_event){.kind = TW_MARKET_QUOTE,
                                   .as.quote = {.time_ns = desk.now_ns,
                                                .bid_price = {TW_NANO},
                                                .ask_price = {4 * before.price.nano},
                                                .bid_size = {TW_NANO},
                                                .ask_size = {TW_NANO}}});
    tw_engine_get_report(engine, &report, &after);
    assert_int_equal(after.price.nano, before.price.nano);
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
        cmocka_unit_test(a_snapshot_that_began_with_open_orders_is_read_again),
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
        cmocka_unit_test(a_lost_connection_pauses_and_a_snapshot_resumes),
        cmocka_unit_test(an_order_whose_submit_hangs_is_not_given_up),
        cmocka_unit_test(a_fill_while_a_snapshot_is_read_counts_once),
        cmocka_unit_test(a_loss_while_warming_pauses_too),
        cmocka_unit_test(a_stop_ends_every_phase),
        cmocka_unit_test(open_orders_are_cancelled_before_the_end),
        cmocka_unit_test(the_duration_ends_the_run),
        cmocka_unit_test(nothing_is_sent_before_it_is_durable),
        cmocka_unit_test(an_intent_that_waited_too_long_is_withdrawn),
        cmocka_unit_test(a_store_that_fails_at_any_entry_ends_the_run),
        cmocka_unit_test(a_venue_that_gave_up_ends_the_run),
        cmocka_unit_test(more_filled_than_ordered_ends_the_run),
        cmocka_unit_test(an_order_of_others_is_journaled_and_left_alone),
        cmocka_unit_test(shares_filled_for_nothing_end_the_run),
        cmocka_unit_test(news_of_another_order_by_our_id_ends_the_run),
        cmocka_unit_test(trades_of_others_are_a_reason_to_look_again),
        cmocka_unit_test(odd_ticks_are_left_out),
        cmocka_unit_test(a_spread_too_wide_is_no_price),
        cmocka_unit_test(a_configuration_that_makes_no_sense_is_refused),
        cmocka_unit_test(nothing_is_left_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
