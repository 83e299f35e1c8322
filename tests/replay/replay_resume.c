/*
 * replay_resume.c - a plan that is interrupted is finished, and no trade of it is made twice.
 *
 * A seed makes a venue and a plan. It is played once undisturbed, to learn at which turns the plan
 * is under way; then once for each of these turns, at which the process dies, and sometimes a
 * second time a few turns later. In the end, of every plan in the journal and every symbol: what
 * the venue filled by all orders of the plan is what was planned, or less where a control denied
 * the rest. With faults on the line it may also be less where an order ended by itself; never is it
 * more.
 */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

enum { SEED_COUNT = 8, TURNS_MAX = 4000, TURNS_AFTER = 60 };

#include "crash_desk.h"

static const char *program;
static uint64_t seed_now;
static uint64_t crash_now;

static void tell_seed(void) {
    char line[256];
    if (seed_now == 0)
        return;
    int size =
        snprintf(line, sizeof line, "killed at turn %llu; repeat with: TRADEWIND_SEED=%llu %s\n",
                 (unsigned long long)crash_now, (unsigned long long)seed_now, program);
    ssize_t written = write(STDERR_FILENO, line, (size_t)size);
    (void)written;
}

static void on_abort(int number) {
    tell_seed();
    signal(number, SIG_DFL);
    raise(number);
}

static int tell_failed_seed(void **state) {
    (void)state;
    tell_seed();
    seed_now = 0;
    return 0;
}

/* ---- worlds -------------------------------------------------------------------------------- */

static tw_engine_config config_of(uint32_t symbol_count) {
    tw_engine_config config = fake_config("resume", symbol_count);
    config.epoch = 11;
    config.cash_weight = 0.2; /* so that prices may move, and no buy is cut short by the cash */
    config.order_patience_ns = 60 * TW_NS_PER_SECOND;
    config.controls.limits.collar_nano = TW_NANO / 10;
    config.resume_ns_max = 15 * TW_NS_PER_MINUTE;
    return config;
}

static bool is_gentle(uint64_t seed) {
    return seed % 3 != 0;
}

static fake_options options_of(uint64_t seed) {
    tw_random random;
    tw_random_init(&random, seed, 1);
    uint32_t most = is_gentle(seed) ? 1 : 100;
    return (fake_options){
        .seed = seed,
        .symbol_count = 2 + (uint32_t)tw_random_below(&random, FAKE_SYMBOLS - 1),
        .history_days = 30,
        .fill = 150 + (uint32_t)tw_random_below(&random, 600),
        .reject = (uint32_t)tw_random_below(&random, most),
        .lose_answer = (uint32_t)tw_random_below(&random, 2 * most),
        .lose_query = (uint32_t)tw_random_below(&random, 2 * most),
        .drop_update = (uint32_t)tw_random_below(&random, most),
        .repeat_update = (uint32_t)tw_random_below(&random, 200),
        .disconnect = is_gentle(seed) ? 0 : (uint32_t)tw_random_below(&random, 30),
        .broker_full = (uint32_t)tw_random_below(&random, most),
        .store_full = (uint32_t)tw_random_below(&random, 2 * most),
        .delay_max = (uint32_t)tw_random_below(&random, 6),
        .durable_delay = (uint32_t)tw_random_below(&random, 4),
    };
}

/* Every other symbol is held at twice its target: a plan sells, then buys. */
static void begin(const fake_options *options) {
    fake_init(&desk, options);
    kept.count = 0;
    desk.cash = 20000 * TW_NANO;
    for (uint32_t s = 0; s < options->symbol_count; s += 2)
        desk.position[s] = 160000 * TW_NANO / options->symbol_count / desk.price[s] * TW_NANO;
}

static bool plan_is_open(void) {
    return fake_count(&desk, "plan", "\"last\":true") > fake_count(&desk, "plan_end", NULL);
}

static void until_plan(tw_engine *engine, bool open) {
    for (uint32_t i = 0; plan_is_open() != open; i++) {
        if (i == TURNS_MAX)
            fail_msg("the plan does not %s", open ? "begin" : "end");
        assert_int_equal(turn(engine), TW_OK);
    }
}

static void finish(tw_engine *engine) {
    tw_engine_stop(engine);
    until(engine, TW_ENGINE_DONE);
    tw_engine_free(engine);
}

/* ---- what must hold ------------------------------------------------------------------------ */

typedef enum last_order { LAST_NONE, LAST_WHOLE, LAST_SHORT, LAST_CUT } last_order;

/* Shares that the venue filled of a plan's orders of one symbol; and whether the last of them was
 * filled as a whole, ended before, or was for less than was left (cut to the cash). */
static int64_t filled_of(uint64_t decision, const char *symbol, int64_t planned,
                         last_order *ret_last) {
    char of_plan[64];
    char of_symbol[64];
    int64_t filled = 0;
    *ret_last = LAST_NONE;
    snprintf(of_plan, sizeof of_plan, "\"decision\":%llu}", (unsigned long long)decision);
    snprintf(of_symbol, sizeof of_symbol, "\"symbol\":\"%s\"", symbol);
    for (uint32_t i = 0; i < desk.entry_count; i++) {
        const tw_journal_entry *entry = &desk.entries[i].entry;
        char id[TW_CLIENT_ORDER_ID_SIZE];
        if (strcmp(entry->kind, "intent") != 0 || strstr(entry->payload, of_plan) == NULL ||
            strstr(entry->payload, of_symbol) == NULL)
            continue;
        assert_int_equal(sscanf(entry->payload, "{\"order\":\"%135[^\"]", id), 1);
        const fake_order *order = fake_find(&desk, id);
        assert_non_null(order);
        if (order == NULL)
            return 0; /* for the compiler: the assertion does not return */
        *ret_last = order->order.filled.nano < order->order.quantity.nano ? LAST_SHORT
                    : filled + order->order.quantity.nano < planned       ? LAST_CUT
                                                                          : LAST_WHOLE;
        filled += order->order.filled.nano;
    }
    return filled;
}

static bool was_denied(uint64_t decision, const char *symbol) {
    char words[128];
    snprintf(words, sizeof words, "\"symbol\":\"%s\"", symbol);
    for (uint32_t i = 0; i < desk.entry_count; i++) {
        const tw_journal_entry *entry = &desk.entries[i].entry;
        char of_plan[64];
        snprintf(of_plan, sizeof of_plan, "\"decision\":%llu}", (unsigned long long)decision);
        if (strcmp(entry->kind, "denied") == 0 && strstr(entry->payload, words) != NULL &&
            strstr(entry->payload, of_plan) != NULL)
            return true;
    }
    return false;
}

static bool was_done(uint64_t decision) {
    char words[64];
    snprintf(words, sizeof words, "{\"decision\":%llu,\"how\":\"done\"",
             (unsigned long long)decision);
    return fake_count(&desk, "plan_end", words) == 1;
}

/* Every trade of one `plan` entry. */
static void check_trades(const char *payload, bool gentle) {
    unsigned long long decision = 0;
    assert_int_equal(sscanf(payload, "{\"decision\":%llu", &decision), 1);
    const char *at = strstr(payload, "\"trades\":[");
    assert_non_null(at);
    for (at += 10; *at == '[' || *at == ','; at = strchr(at, ']') + 1) {
        char symbol[16];
        char side[8];
        char quantity[32];
        int64_t planned = 0;
        last_order last;
        at += *at == ',';
        assert_int_equal(
            sscanf(at, "[\"%15[^\"]\",\"%7[^\"]\",\"%31[^\"]\"", symbol, side, quantity), 3);
        assert_int_equal(tw_decimal_parse(tw_slice_of(quantity), &planned), TW_OK);
        int64_t filled = filled_of(decision, symbol, planned, &last);
        assert_true(filled <= planned);
        if (filled < planned && was_done(decision) && !was_denied(decision, symbol))
            assert_true(last == LAST_CUT || (!gentle && last == LAST_SHORT));
    }
}

static void check_plans(bool gentle) {
    for (uint32_t i = 0; i < desk.entry_count; i++) {
        const tw_journal_entry *entry = &desk.entries[i].entry;
        if (strcmp(entry->kind, "plan") == 0)
            check_trades(entry->payload, gentle);
    }
    assert_false(plan_is_open());
}

/* ---- seeds --------------------------------------------------------------------------------- */

typedef struct tally {
    uint64_t crashes;
    uint64_t resumed;
    uint64_t finished; /* of them: done */
    uint64_t dropped;
    uint64_t trades_left;
} tally;

/* The turns at which the first plan begins and ends when nothing happens. */
static void measure(uint64_t seed, uint64_t *ret_from, uint64_t *ret_to) {
    fake_options options = options_of(seed);
    tw_engine_config config = config_of(options.symbol_count);
    begin(&options);
    tw_engine *engine = crash_start(&config);
    until_plan(engine, true);
    *ret_from = desk.turn;
    until_plan(engine, false);
    *ret_to = desk.turn;
    finish(engine);
    check_plans(is_gentle(seed));
    fake_done(&desk);
}

static void count(tally *sums) {
    sums->resumed += fake_count(&desk, "resume", NULL);
    sums->dropped += fake_count(&desk, "plan_end", "\"how\":\"dropped\"");
    for (uint32_t i = 0; i < desk.entry_count; i++) {
        unsigned long long decision = 0;
        long long age = 0;
        unsigned left = 0;
        if (strcmp(desk.entries[i].entry.kind, "resume") != 0)
            continue;
        assert_int_equal(sscanf(desk.entries[i].entry.payload,
                                "{\"decision\":%llu,\"age_ns\":%lld,\"trades\":%u", &decision, &age,
                                &left),
                         3);
        sums->finished += was_done(decision);
        sums->trades_left += left;
    }
}

static void play(uint64_t seed, uint64_t at, tally *sums) {
    fake_options options = options_of(seed);
    tw_engine_config config = config_of(options.symbol_count);
    bool all_written = (seed + at) % 2 == 0;
    begin(&options);
    tw_engine *engine = crash_start(&config);
    while (desk.turn < at)
        assert_int_equal(turn(engine), TW_OK);
    crash(engine, all_written);
    sums->crashes++;
    engine = crash_start(&config);
    if ((seed + at) % 3 == 0) { /* and again, while it is starting, settling or trading */
        turns(engine, (uint32_t)tw_random_below(&desk.random, 60));
        crash(engine, !all_written);
        sums->crashes++;
        engine = crash_start(&config);
    }
    until(engine, TW_ENGINE_TRADING);
    turns(engine, TURNS_AFTER);
    until_plan(engine, false);
    desk.calm = true;
    finish(engine);
    check_plans(is_gentle(seed));
    count(sums);
    fake_done(&desk);
}

static void play_all(uint64_t seed, tally *sums) {
    uint64_t from = 0;
    uint64_t to = 0;
    seed_now = seed;
    crash_now = 0;
    measure(seed, &from, &to);
    for (crash_now = from; crash_now <= to; crash_now++)
        play(seed, crash_now, sums);
    seed_now = 0;
}

static void no_trade_of_a_plan_is_made_twice(void **state) {
    (void)state;
    tally sums = {0};
    const char *chosen = getenv("TRADEWIND_SEED");
    const char *wanted = getenv("TRADEWIND_SEEDS");
    uint64_t seeds = wanted != NULL ? strtoull(wanted, NULL, 10) : SEED_COUNT;
    if (chosen != NULL) {
        play_all(strtoull(chosen, NULL, 10), &sums);
        return;
    }
    for (uint64_t seed = 1; seed <= seeds; seed++)
        play_all(seed, &sums);
    print_message(
        "%llu seeds, %llu crashes, %llu plans resumed with %llu trades left, %llu of them "
        "finished, %llu dropped\n",
        (unsigned long long)seeds, (unsigned long long)sums.crashes,
        (unsigned long long)sums.resumed, (unsigned long long)sums.trades_left,
        (unsigned long long)sums.finished, (unsigned long long)sums.dropped);
    assert_true(sums.crashes > 10 * seeds && sums.resumed > sums.crashes / 2);
    assert_true(sums.finished > sums.resumed * 3 / 4 && sums.trades_left > sums.resumed);
}

/* ---- single rules -------------------------------------------------------------------------- */

static fake_options plain_options(uint32_t symbol_count) {
    return (fake_options){.seed = 1, .symbol_count = symbol_count, .history_days = 30, .fill = 100};
}

/* A plan is under way and its first orders are at the venue. */
static tw_engine *with_a_plan(tw_engine_config *config) {
    fake_options options = plain_options(config->symbol_count);
    begin(&options);
    tw_engine *engine = crash_start(config);
    until_plan(engine, true);
    while (desk.submits == 0)
        turns(engine, 1);
    turns(engine, 2);
    return engine;
}

static void assert_dropped(const char *reason) {
    char words[64];
    snprintf(words, sizeof words, "\"how\":\"dropped\",\"reason\":\"%s\"", reason);
    assert_int_equal(fake_count(&desk, "plan_end", words), 1);
    assert_int_equal(fake_count(&desk, "resume", NULL), 0);
}

static void end_and_check(tw_engine *engine) {
    until_plan(engine, false);
    finish(engine);
    check_plans(true);
    fake_done(&desk);
}

static void a_lost_connection_only_interrupts_a_plan(void **state) {
    (void)state;
    tw_engine_config config = config_of(5);
    tw_engine *engine = with_a_plan(&config);
    fake_break(&desk);
    until(engine, TW_ENGINE_PAUSED);
    until(engine, TW_ENGINE_TRADING);
    turns(engine, 4);
    assert_int_equal(fake_count(&desk, "resume", NULL), 1);
    assert_true(fake_count(&desk, "intent", "\"why\":\"resume\"") > 0);
    until_plan(engine, false);
    assert_int_equal(fake_count(&desk, "plan_end", "\"how\":\"done\""), 1);
    end_and_check(engine);
}

/* What was taken away by hand in the meantime was part of what it was made from. */
static void holdings_that_were_not_so_drop_it(void **state) {
    (void)state;
    tw_engine_config config = config_of(5);
    tw_engine *engine = with_a_plan(&config);
    fake_break(&desk);
    desk.position[1] += 3 * TW_NANO;
    until(engine, TW_ENGINE_PAUSED);
    until(engine, TW_ENGINE_TRADING);
    turns(engine, 4);
    assert_dropped("difference");
    end_and_check(engine);
}

static void a_plan_that_is_too_old_is_dropped(void **state) {
    (void)state;
    tw_engine_config config = config_of(5);
    config.resume_ns_max = 30 * TW_NS_PER_SECOND;
    tw_engine *engine = with_a_plan(&config);
    crash(engine, true);
    desk.now_ns += 31 * TW_NS_PER_SECOND;
    engine = crash_start(&config);
    until(engine, TW_ENGINE_TRADING);
    turns(engine, 4);
    assert_dropped("age");
    assert_int_equal(fake_count(&desk, "decision", "\"cause\":\"start\""), 2);
    end_and_check(engine);
}

static void other_targets_drop_it(void **state) {
    (void)state;
    static const double targets[] = {0.2, 0.2, 0.2, 0.1, 0.2};
    tw_engine_config config = config_of(5);
    tw_engine *engine = with_a_plan(&config);
    crash(engine, true);
    config.strategy = TW_STRATEGY_TARGETS;
    config.target_weights = targets;
    engine = crash_start(&config);
    until(engine, TW_ENGINE_TRADING);
    turns(engine, 4);
    assert_dropped("targets");
    end_and_check(engine);
}

/* The history of the next run is another one, and with it the weights. */
static void what_the_market_moves_does_not_drop_it(void **state) {
    (void)state;
    tw_engine_config config = config_of(5);
    config.strategy = TW_STRATEGY_INVERSE_VOLATILITY;
    tw_engine *engine = with_a_plan(&config);
    crash(engine, true);
    engine = crash_start(&config);
    until(engine, TW_ENGINE_TRADING);
    turns(engine, 4);
    assert_int_equal(fake_count(&desk, "resume", NULL), 1);
    crash(engine, true);
    config.cash_weight = 0.25;
    engine = crash_start(&config);
    until(engine, TW_ENGINE_TRADING);
    turns(engine, 4);
    assert_int_equal(fake_count(&desk, "plan_end", "\"reason\":\"targets\""), 1);
    end_and_check(engine);
}

static void it_can_be_turned_off(void **state) {
    (void)state;
    tw_engine_config config = config_of(5);
    config.resume_ns_max = 0;
    tw_engine *engine = with_a_plan(&config);
    crash(engine, true);
    engine = crash_start(&config);
    until(engine, TW_ENGINE_TRADING);
    turns(engine, 4);
    assert_dropped("off");
    end_and_check(engine);
}

/* The stop of a run is an end: the next one decides anew. */
static void an_orderly_stop_ends_the_plan(void **state) {
    (void)state;
    tw_engine_config config = config_of(5);
    tw_engine *engine = with_a_plan(&config);
    tw_engine_stop(engine);
    until(engine, TW_ENGINE_DONE);
    assert_dropped("stop");
    crash(engine, true);
    TW_AUTO(tw_recovery) *recovery = crash_read(&config);
    assert_null(tw_recovery_plan(recovery));
    check_plans(true);
    fake_done(&desk);
}

static void a_kill_ends_it(void **state) {
    (void)state;
    static const struct {
        tw_kill_level level;
        const char *words;
    } rows[] = {
        {TW_KILL_CANCEL, "\"how\":\"dropped\",\"reason\":\"kill\""},
        {TW_KILL_FLATTEN, "\"how\":\"replaced\",\"reason\":\"kill\""},
    };
    for (size_t i = 0; i < 2; i++) {
        tw_engine_config config = config_of(5);
        tw_engine *engine = with_a_plan(&config);
        crash(engine, true);
        engine = crash_start(&config);
        tw_engine_kill(engine, rows[i].level, TW_KILL_BY_FILE);
        uint64_t submits = desk.submits;
        turns(engine, 60);
        assert_int_equal(fake_count(&desk, "plan_end", rows[i].words), 1);
        assert_true(rows[i].level == TW_KILL_FLATTEN || desk.submits == submits);
        finish(engine);
        check_plans(true);
        fake_done(&desk);
    }
}

static void what_a_control_denied_stays_denied(void **state) {
    (void)state;
    tw_engine_config config = config_of(5);
    config.order_count_max = 2; /* of three sells */
    tw_engine *engine = with_a_plan(&config);
    uint32_t denied = fake_count(&desk, "denied", NULL);
    assert_true(denied > 0);
    uint64_t decision = 0;
    for (uint32_t i = 0; i < desk.entry_count; i++) {
        if (strcmp(desk.entries[i].entry.kind, "decision") == 0)
            decision = desk.entries[i].entry.sequence;
    }
    crash(engine, true);
    config.order_count_max = 256;
    config.band = 0.5; /* nothing but the plan makes orders */
    engine = crash_start(&config);
    until(engine, TW_ENGINE_TRADING);
    until_plan(engine, false);
    assert_int_equal(fake_count(&desk, "resume", NULL), 1);
    uint32_t kept_back = 0;
    for (uint32_t s = 0; s < 5; s++) {
        char symbol[16];
        last_order last;
        snprintf(symbol, sizeof symbol, "S%u", s);
        if (was_denied(decision, symbol)) {
            assert_int_equal(filled_of(decision, symbol, 0, &last), 0);
            assert_int_equal(last, LAST_NONE);
            kept_back++;
        }
    }
    assert_true(kept_back >= denied);
    end_and_check(engine);
}

/* Somebody sold most of it by hand while the process was away. The first order is on its way still:
 * it is not sent again, and given up before the rest is sold. */
static void no_more_is_sold_than_is_held(void **state) {
    (void)state;
    tw_engine_config config = config_of(4);
    fake_options options = plain_options(4);
    options.fill = 0;
    begin(&options);
    tw_engine *engine = crash_start(&config);
    while (desk.submits == 0)
        turns(engine, 1);
    tw_symbol sold = desk.orders[0].order.symbol;
    assert_int_equal(desk.orders[0].order.side, TW_SIDE_SELL);
    crash(engine, true);
    desk.command_count = 0;
    desk.position[sold] = 2 * TW_NANO;
    engine = crash_start(&config);
    until(engine, TW_ENGINE_TRADING);
    desk.options.fill = 1000;
    turns(engine, 4 * 80);
    assert_int_equal(fake_count(&desk, "missing", "\"resends\":0"), 1);
    assert_true(fake_count(&desk, "intent", "\"side\":\"sell\",\"quantity\":\"2\"") == 1);
    for (uint32_t s = 0; s < 4; s++)
        assert_true(desk.position[s] >= 0);
    finish(engine);
    fake_done(&desk);
}

/* The engine trusts nobody: what cannot be a plan is refused as a whole. */
static void an_impossible_plan_is_refused(void **state) {
    (void)state;
    tw_engine_config config = config_of(2);
    fake_options options = plain_options(2);
    tw_engine_plan_trade good[2] = {
        {.symbol = 0, .side = TW_SIDE_SELL, .quantity = {TW_NANO}},
        {.symbol = 1, .side = TW_SIDE_BUY, .quantity = {TW_NANO}},
    };
    tw_engine_plan_order unknown = {.client_order_id = "resume-none", .trade = 0};
    for (int i = 0; i < 9; i++) {
        tw_engine_plan_trade trades[2] = {good[0], good[1]};
        tw_engine_plan plan = {.decision = 1, .trades = trades, .trade_count = 2};
        begin(&options);
        tw_engine *engine = crash_start(&config);
        plan.decision = i != 1;
        plan.trade_count = i == 2 ? 3 : 2;
        trades[0].symbol = i == 3 ? 2 : i == 4 ? 1 : 0;
        trades[0].side = i == 5 ? TW_SIDE_NONE : i == 6 ? TW_SIDE_BUY : TW_SIDE_SELL;
        trades[1].side = i == 6 ? TW_SIDE_SELL : TW_SIDE_BUY;
        trades[0].quantity.nano = i == 7 ? 0 : TW_NANO;
        plan.orders = &unknown;
        plan.order_count = i == 8;
        assert_int_equal(tw_engine_resume(engine, &plan), i == 0 ? TW_OK : TW_INVALID);
        tw_engine_free(engine);
        fake_done(&desk);
    }
}

int main(int argc, char **argv) {
    (void)argc;
    program = argv[0];
    signal(SIGABRT, on_abort);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(no_trade_of_a_plan_is_made_twice, tell_failed_seed),
        cmocka_unit_test(a_lost_connection_only_interrupts_a_plan),
        cmocka_unit_test(holdings_that_were_not_so_drop_it),
        cmocka_unit_test(a_plan_that_is_too_old_is_dropped),
        cmocka_unit_test(other_targets_drop_it),
        cmocka_unit_test(what_the_market_moves_does_not_drop_it),
        cmocka_unit_test(it_can_be_turned_off),
        cmocka_unit_test(an_orderly_stop_ends_the_plan),
        cmocka_unit_test(a_kill_ends_it),
        cmocka_unit_test(what_a_control_denied_stays_denied),
        cmocka_unit_test(no_more_is_sold_than_is_held),
        cmocka_unit_test(an_impossible_plan_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
