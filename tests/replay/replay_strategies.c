/*
 * replay_strategies.c - where targets come from and when they are asked for, in virtual time.
 *
 * The built-in strategies are held against slow figures of the history that the fake venue told;
 * the user's own is a function here, as a shared object is one to the engine. Every kind of
 * strategy is also played over seeds with faults, twice, for the same journal.
 */
#include <math.h>
#include <stdlib.h>

#include "failing_heap.h"
#include "replay_desk.h"

enum { SEED_COUNT = 60, DAYS = 60, TURNS_TO_END = 1200 };

/* ---- the user's own strategy --------------------------------------------------------------- */

/* Answers what it is told to, and remembers what it saw. */
typedef struct own_strategy {
    int answer;
    double weights[FAKE_SYMBOLS];
    int64_t took_ns;
    int bar_answer;
    uint32_t weigh_calls;
    uint32_t bar_calls;
    tw_strategy_view seen;
    double closes[(DAYS + 1) * FAKE_SYMBOLS];
    int64_t days[DAYS + 1];
    double marks[FAKE_SYMBOLS];
    double held[FAKE_SYMBOLS];
    double targets[FAKE_SYMBOLS];
    tw_strategy_bar bar;
} own_strategy;

static own_strategy own;

static int own_weigh(void *context, const tw_strategy_view *view, double *ret_weights,
                     int64_t *ret_took_ns) {
    own_strategy *state = context;
    size_t n = view->symbol_count;
    state->weigh_calls++;
    state->seen = *view;
    assert_true(view->size == sizeof *view && view->day_count <= DAYS + 1);
    memcpy(state->closes, view->closes, view->day_count * n * sizeof(double));
    memcpy(state->days, view->days, view->day_count * sizeof(int64_t));
    memcpy(state->marks, view->marks, n * sizeof(double));
    memcpy(state->held, view->weights, n * sizeof(double));
    memcpy(state->targets, view->targets, n * sizeof(double));
    for (size_t s = 0; s < n; s++) {
        assert_true(ret_weights[s] == 0.0);
        ret_weights[s] = state->weights[s];
    }
    *ret_took_ns = state->took_ns;
    return state->answer;
}

static int own_bar(void *context, const tw_strategy_bar *bar, int64_t *ret_took_ns) {
    own_strategy *state = context;
    state->bar_calls++;
    state->bar = *bar;
    *ret_took_ns = 0;
    return state->bar_answer;
}

/* ---- engines ------------------------------------------------------------------------------- */

static tw_engine_config plain_config(uint32_t symbol_count, tw_strategy strategy) {
    tw_engine_config config = fake_config("replay", symbol_count);
    config.history_days_max = DAYS;
    config.timeframe_count = 2;
    config.strategy = strategy;
    config.port =
        (tw_strategy_port){.weigh = own_weigh, .bar = own_bar, .context = &own, .name = "own"};
    config.momentum = (tw_engine_momentum){.top = 2, .days = 20, .skip = 5};
    return config;
}

static fake_options plain_options(uint32_t symbol_count) {
    return (fake_options){
        .seed = 1, .symbol_count = symbol_count, .history_days = DAYS, .fill = 1000};
}

static tw_status turn(tw_engine *engine) {
    uint64_t work = 0;
    fake_turn(&desk);
    tw_status status = tw_engine_turn(engine, 64, &work, NULL);
    tw_engine_check(engine);
    return status;
}

static void turns(tw_engine *engine, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(turn(engine), TW_OK);
}

/* Turns until so many entries of a kind hold the words. */
static void until_told(tw_engine *engine, const char *kind, const char *words, uint32_t count) {
    for (uint32_t i = 0; fake_count(&desk, kind, words) < count; i++) {
        if (i == TURNS_TO_END)
            fail_msg("there is no entry %s with %s", kind, words);
        assert_int_equal(turn(engine), TW_OK);
    }
}

static void targets_of(const tw_engine *engine, double *ret_targets) {
    tw_engine_report report;
    tw_engine_holding holdings[FAKE_SYMBOLS];
    tw_engine_get_report(engine, &report, holdings);
    for (uint32_t s = 0; s < desk.options.symbol_count; s++)
        ret_targets[s] = holdings[s].weight_target;
}

static double sum_of(const double *values, uint32_t count) {
    double sum = 0.0;
    for (uint32_t i = 0; i < count; i++)
        sum += values[i];
    return sum;
}

/* ---- slow figures of the told history ------------------------------------------------------ */

static double told[FAKE_SYMBOLS][DAYS];

static void remember_history(void) {
    uint32_t counts[FAKE_SYMBOLS] = {0};
    for (uint32_t i = 0; i < desk.inbox_count; i++) {
        const tw_venue_event *event = &desk.inbox[i];
        tw_symbol s = event->as.history.symbol;
        if (event->kind == TW_VENUE_HISTORY && counts[s] < DAYS)
            told[s][counts[s]++] = (double)event->as.history.close.nano / 1e9;
    }
    /* The market goes on where the history ends. */
    for (uint32_t s = 0; s < desk.options.symbol_count; s++)
        desk.price[s] = (int64_t)(told[s][DAYS - 1] * 100) * (TW_NANO / 100);
}

static double slow_covariance(uint32_t a, uint32_t b) {
    double mean_a = 0.0;
    double mean_b = 0.0;
    double sum = 0.0;
    for (int d = 1; d < DAYS; d++) {
        mean_a += (told[a][d] / told[a][d - 1] - 1.0) / (DAYS - 1);
        mean_b += (told[b][d] / told[b][d - 1] - 1.0) / (DAYS - 1);
    }
    for (int d = 1; d < DAYS; d++)
        sum += (told[a][d] / told[a][d - 1] - 1.0 - mean_a) *
               (told[b][d] / told[b][d - 1] - 1.0 - mean_b);
    return sum / (DAYS - 1);
}

static double slow_variance(const double *weights, uint32_t count) {
    double sum = 0.0;
    for (uint32_t a = 0; a < count; a++) {
        for (uint32_t b = 0; b < count; b++)
            sum += weights[a] * weights[b] * slow_covariance(a, b);
    }
    return sum;
}

/* Makes the first closes of a symbol useless, all but the newest `kept`. */
static void shorten(tw_symbol symbol, uint32_t kept) {
    uint32_t seen = 0;
    for (uint32_t i = 0; i < desk.inbox_count; i++) {
        tw_bar *bar = &desk.inbox[i].as.history;
        if (desk.inbox[i].kind != TW_VENUE_HISTORY || bar->symbol != symbol)
            continue;
        if (seen++ < DAYS - kept)
            bar->close.nano = 0;
    }
}

/* A symbol that moves a third as far as it did. */
static void calm_down(tw_symbol symbol) {
    int64_t first = 0;
    for (uint32_t i = 0; i < desk.inbox_count; i++) {
        tw_bar *bar = &desk.inbox[i].as.history;
        if (desk.inbox[i].kind != TW_VENUE_HISTORY || bar->symbol != symbol)
            continue;
        first = first == 0 ? bar->close.nano : first;
        bar->close.nano = first + (bar->close.nano - first) / 3;
    }
}

/* ---- built-in strategies ------------------------------------------------------------------- */

/* With two assets risk parity is inverse volatility, whatever their correlation. The engine has one
 * more return, that of the marks of now. */
static void risk_parity_shares_the_risk(void **state) {
    (void)state;
    double targets[2];
    fake_options options = plain_options(2);
    tw_engine_config config = plain_config(2, TW_STRATEGY_RISK_PARITY);
    tw_engine *engine = start(&options, &config);
    remember_history();
    until_told(engine, "decision", "\"start\"", 1);
    targets_of(engine, targets);
    double expected = sqrt(slow_covariance(1, 1) / slow_covariance(0, 0));
    assert_true(fabs(sum_of(targets, 2) - 0.98) < 1e-8);
    assert_true(fabs(targets[0] / targets[1] / expected - 1.0) < 0.03);
    assert_int_equal(fake_count(&desk, "strategy", NULL), 0);
    end(engine);
}

static void minimum_variance_has_less_than_others(void **state) {
    (void)state;
    double targets[5];
    double equal[5];
    double shares[5];
    fake_options options = plain_options(5);
    tw_engine_config config = plain_config(5, TW_STRATEGY_MINIMUM_VARIANCE);
    tw_engine *engine = start(&options, &config);
    calm_down(3);
    remember_history();
    until_told(engine, "decision", "\"start\"", 1);
    targets_of(engine, targets);
    double total = 0.0;
    for (uint32_t s = 0; s < 5; s++) {
        equal[s] = 0.98 / 5;
        total += 1.0 / slow_covariance(s, s);
    }
    for (uint32_t s = 0; s < 5; s++)
        shares[s] = 0.98 / slow_covariance(s, s) / total;
    assert_true(fabs(sum_of(targets, 5) - 0.98) < 1e-8);
    assert_true(slow_variance(targets, 5) < 0.7 * slow_variance(equal, 5));
    assert_true(slow_variance(targets, 5) < 1.03 * slow_variance(shares, 5));
    end(engine);
}

/* Trades to a target must pass the control of the largest weight. */
static void minimum_variance_keeps_below_the_largest_weight(void **state) {
    (void)state;
    double targets[5];
    fake_options options = plain_options(5);
    tw_engine_config config = plain_config(5, TW_STRATEGY_MINIMUM_VARIANCE);
    config.controls.limits.position_share_max_nano = TW_NANO / 100 * 22;
    tw_engine *engine = start(&options, &config);
    until_told(engine, "decision", "\"start\"", 1);
    targets_of(engine, targets);
    for (uint32_t s = 0; s < 5; s++)
        assert_true(targets[s] < 0.21 + 1e-9);
    turns(engine, 40);
    assert_int_equal(fake_count(&desk, "denied", "position_weight"), 0);
    end(engine);
    config.controls.limits.position_share_max_nano = TW_NANO / 10; /* five times a tenth: no way */
    engine = start(&options, &config);
    tw_status status = TW_OK;
    for (int i = 0; status == TW_OK && i < 100; i++)
        status = turn(engine);
    assert_int_equal(status, TW_INFEASIBLE);
    assert_int_equal(fake_count(&desk, "strategy", "\"targets\":\"none\""), 1);
    end(engine);
}

static void assert_the_best_are_held(const tw_engine *engine) {
    double targets[6];
    uint32_t held = 0;
    targets_of(engine, targets);
    for (uint32_t s = 0; s < 6; s++) {
        uint32_t better = 0;
        /* The day of now is row DAYS: five ago is DAYS - 5. */
        for (uint32_t other = 0; other < 6; other++)
            better += told[other][DAYS - 5] / told[other][DAYS - 25] >
                      told[s][DAYS - 5] / told[s][DAYS - 25];
        assert_true(fabs(targets[s] - (better < 2 ? 0.49 : 0.0)) < 1e-8);
        held += better < 2;
    }
    assert_int_equal(held, 2);
}

static void momentum_holds_the_best(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        fake_options options = plain_options(6);
        tw_engine_config config = plain_config(6, TW_STRATEGY_MOMENTUM);
        options.seed = seed;
        tw_engine *engine = start(&options, &config);
        remember_history();
        until_told(engine, "decision", "\"start\"", 1);
        assert_the_best_are_held(engine);
        assert_int_equal(fake_count(&desk, "start", "\"momentum\":[2,20,5]"), 1);
        end(engine);
    }
}

static void a_short_history_gets_no_weight_and_is_told_once(void **state) {
    (void)state;
    static const tw_strategy kinds[] = {TW_STRATEGY_RISK_PARITY, TW_STRATEGY_MINIMUM_VARIANCE,
                                        TW_STRATEGY_MOMENTUM, TW_STRATEGY_INVERSE_VOLATILITY};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        double targets[4];
        fake_options options = plain_options(4);
        tw_engine_config config = plain_config(4, kinds[i]);
        config.rebalance_interval_ns = 2 * TW_NS_PER_SECOND;
        tw_engine *engine = start(&options, &config);
        shorten(1, 10);
        until_told(engine, "decision", "\"schedule\"", 3);
        targets_of(engine, targets);
        assert_true(targets[1] == 0.0);
        assert_true(fabs(sum_of(targets, 4) - 0.98) < 1e-8);
        assert_int_equal(
            fake_count(&desk, "strategy", "{\"short_history\":1,\"symbols\":[\"S1\"]}"), 1);
        assert_int_equal(fake_count(&desk, "strategy", NULL), 1);
        end(engine);
    }
}

static void without_history_no_weights_stand_in(void **state) {
    (void)state;
    static const tw_strategy kinds[] = {TW_STRATEGY_RISK_PARITY, TW_STRATEGY_MINIMUM_VARIANCE,
                                        TW_STRATEGY_MOMENTUM};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        fake_options options = plain_options(3);
        tw_engine_config config = plain_config(3, kinds[i]);
        tw_status status = TW_OK;
        tw_engine *engine = start(&options, &config);
        for (tw_symbol s = 0; s < 3; s++)
            shorten(s, 10);
        for (int t = 0; status == TW_OK && t < 100; t++)
            status = turn(engine);
        assert_int_equal(status, TW_INFEASIBLE);
        assert_int_equal(fake_count(&desk, "strategy", "\"targets\":\"none\""), 1);
        assert_int_equal(report_of(engine).strategy_refused, 1);
        assert_int_equal(desk.submits, 0);
        end(engine);
    }
}

/* Two symbols whose histories do not meet: each has enough days, no day has both. */
static void days_that_no_two_symbols_share_make_no_covariance(void **state) {
    (void)state;
    fake_options options = plain_options(2);
    tw_engine_config config = plain_config(2, TW_STRATEGY_RISK_PARITY);
    tw_status status = TW_OK;
    tw_engine *engine = start(&options, &config);
    uint32_t seen[2] = {0};
    for (uint32_t i = 0; i < desk.inbox_count; i++) {
        tw_bar *bar = &desk.inbox[i].as.history;
        if (desk.inbox[i].kind != TW_VENUE_HISTORY)
            continue;
        uint32_t day = seen[bar->symbol]++;
        if (bar->symbol == 0 ? day >= 31 : day < 24)
            bar->close.nano = 0;
    }
    for (int t = 0; status == TW_OK && t < 100; t++)
        status = turn(engine);
    assert_int_equal(status, TW_INFEASIBLE);
    assert_int_equal(fake_count(&desk, "strategy", "too few for a covariance"), 1);
    end(engine);
}

/* ---- the user's own ------------------------------------------------------------------------ */

static tw_engine *start_own(const fake_options *options, tw_engine_config *config) {
    own = (own_strategy){.answer = TW_STRATEGY_WEIGHTS};
    for (uint32_t s = 0; s < options->symbol_count; s++)
        own.weights[s] = 0.9 / options->symbol_count;
    return start(options, config);
}

static void its_weights_are_reached_and_it_sees_what_is_so(void **state) {
    (void)state;
    double targets[3];
    fake_options options = plain_options(3);
    tw_engine_config config = plain_config(3, TW_STRATEGY_PORT);
    config.rebalance_interval_ns = 20 * TW_NS_PER_SECOND;
    tw_engine *engine = start_own(&options, &config);
    own.weights[2] = 0.0;
    remember_history();
    until_told(engine, "decision", "\"start\"", 1);
    assert_int_equal(own.weigh_calls, 1);
    assert_true(own.seen.equity == 100000.0 && own.seen.cash == 100000.0);
    assert_int_equal(own.seen.day_count, DAYS + 1);
    for (uint32_t d = 0; d < DAYS; d++) {
        for (uint32_t s = 0; s < 3; s++)
            assert_true(fabs(own.closes[d * 3 + s] - told[s][d]) < 1e-9);
    }
    for (uint32_t s = 0; s < 3; s++) {
        assert_true(own.closes[DAYS * 3 + s] == own.marks[s] && own.marks[s] > 0.0);
        assert_true(own.held[s] == 0.0 && own.targets[s] == 0.0);
    }
    assert_true(own.days[DAYS] == FAKE_START_NS / TW_NS_PER_DAY);
    assert_true(own.days[DAYS - 1] == own.days[DAYS] - 1);
    targets_of(engine, targets);
    for (uint32_t s = 0; s < 3; s++)
        assert_true(fabs(targets[s] - own.weights[s]) < 1e-9);
    until_told(engine, "decision", "\"schedule\"", 1);
    assert_int_equal(own.weigh_calls, 2);
    assert_true(fabs(own.held[0] - 0.3) < 0.03 && own.held[2] == 0.0);
    assert_true(fabs(own.targets[0] - 0.3) < 1e-9);
    assert_true(own.bar_calls > 0 && own.bar.close > 0.0 && own.bar.timeframe_ns > 0);
    assert_int_equal(fake_count(&desk, "start", "\"own\":\"own\""), 1);
    tw_engine_report report = report_of(engine);
    assert_true(report.strategy_calls == own.weigh_calls + own.bar_calls);
    end(engine);
}

static void a_bad_answer_is_refused_and_the_old_targets_stand(void **state) {
    (void)state;
    static const struct {
        int answer;
        double weight;
        const char *words;
    } rows[] = {
        {TW_STRATEGY_WEIGHTS, NAN, "the weight of S1 is not a finite number"},
        {TW_STRATEGY_WEIGHTS, INFINITY, "the weight of S1 is not a finite number"},
        {TW_STRATEGY_WEIGHTS, -0.1, "the weight of S1 is -0.1, below 0"},
        {TW_STRATEGY_WEIGHTS, 0.9, "the weights add up to 1.2, more than 1"},
        {-3, 0.1, "the strategy answered -3"},
        {2, 0.1, "the strategy answered 2"},
    };
    fake_options options = plain_options(3);
    tw_engine_config config = plain_config(3, TW_STRATEGY_PORT);
    config.rebalance_interval_ns = 5 * TW_NS_PER_SECOND;
    tw_engine *engine = start_own(&options, &config);
    until_told(engine, "decision", "\"start\"", 1);
    for (uint32_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        double targets[3];
        own.answer = rows[i].answer;
        own.weights[0] = 0.3;
        own.weights[2] = 0.0;
        own.weights[1] = rows[i].weight;
        until_told(engine, "strategy", "\"targets\":\"kept\"", i + 1);
        uint32_t same = 0;
        for (uint32_t j = 0; j <= i; j++)
            same += strcmp(rows[j].words, rows[i].words) == 0;
        if (fake_count(&desk, "strategy", rows[i].words) != same)
            fail_msg("there is no entry with: %s", rows[i].words);
        targets_of(engine, targets);
        for (uint32_t s = 0; s < 3; s++)
            assert_true(fabs(targets[s] - 0.3) < 1e-9);
    }
    assert_true(report_of(engine).strategy_refused == sizeof rows / sizeof rows[0]);
    end(engine);
}

static void until_it_answers_nothing_is_traded(void **state) {
    (void)state;
    fake_options options = plain_options(3);
    tw_engine_config config = plain_config(3, TW_STRATEGY_PORT);
    config.rebalance_interval_ns = 5 * TW_NS_PER_SECOND;
    tw_engine *engine = start_own(&options, &config);
    desk.position[0] = 50 * TW_NANO; /* far from a target of 0, which there is not */
    own.answer = TW_STRATEGY_KEEP;
    turns(engine, 100);
    assert_true(own.weigh_calls >= 4);
    own.answer = -1;
    turns(engine, 40);
    assert_int_equal(desk.submits, 0);
    assert_int_equal(report_of(engine).decisions, 0);
    assert_true(fake_count(&desk, "strategy", "\"targets\":\"none\"") > 0);
    own.answer = TW_STRATEGY_WEIGHTS;
    turns(engine, 60);
    assert_true(desk.submits > 0 && report_of(engine).risk_valid);
    own.answer = TW_STRATEGY_KEEP;
    uint64_t decisions = report_of(engine).decisions;
    turns(engine, 60);
    assert_true(report_of(engine).decisions > decisions);
    end(engine);
}

static void drift_goes_back_to_the_targets_without_asking(void **state) {
    (void)state;
    fake_options options = plain_options(3);
    tw_engine_config config = plain_config(3, TW_STRATEGY_PORT);
    tw_engine *engine = start_own(&options, &config);
    until_told(engine, "decision", "\"drift\"", 2);
    assert_int_equal(own.weigh_calls, 1);
    end(engine);
    config.drift_ignored = true;
    engine = start_own(&options, &config);
    turns(engine, 600);
    assert_int_equal(fake_count(&desk, "decision", NULL), 1);
    assert_int_equal(fake_count(&desk, "start", "\"drift\":false"), 1);
    end(engine);
}

static void a_signal_is_followed_once(void **state) {
    (void)state;
    fake_options options = plain_options(3);
    tw_engine_config config = plain_config(3, TW_STRATEGY_PORT);
    config.drift_ignored = true;
    config.decision_gap_ns = 3 * TW_NS_PER_SECOND;
    tw_engine *engine = start_own(&options, &config);
    until_told(engine, "decision", "\"start\"", 1);
    turns(engine, 80);
    assert_int_equal(fake_count(&desk, "decision", NULL), 1);
    own.bar_answer = TW_STRATEGY_SIGNAL;
    until_told(engine, "decision", "\"signal\"", 1);
    own.bar_answer = TW_STRATEGY_QUIET;
    turns(engine, 20); /* a signal after the decision may still be out */
    uint32_t decisions = fake_count(&desk, "decision", NULL);
    assert_true(decisions <= 3);
    turns(engine, 80);
    assert_int_equal(fake_count(&desk, "decision", NULL), decisions);
    assert_true(report_of(engine).strategy_signals > 0);
    end(engine);
}

static void slow_calls_are_counted_and_some_are_journaled(void **state) {
    (void)state;
    fake_options options = plain_options(3);
    tw_engine_config config = plain_config(3, TW_STRATEGY_PORT);
    config.rebalance_interval_ns = 2 * TW_NS_PER_SECOND;
    config.strategy_budget_ns = TW_NS_PER_MS;
    tw_engine *engine = start_own(&options, &config);
    own.took_ns = TW_NS_PER_MS;
    until_told(engine, "decision", "\"schedule\"", 2);
    assert_int_equal(report_of(engine).strategy_slow, 0);
    own.took_ns = TW_NS_PER_MS + 1;
    until_told(engine, "decision", "\"schedule\"", 8);
    assert_int_equal(report_of(engine).strategy_slow, 6);
    assert_int_equal(fake_count(&desk, "strategy",
                                "{\"slow\":\"weigh\",\"took_ns\":1000001,\"budget_ns\":1000000"),
                     3); /* the 1st, 2nd and 4th */
    end(engine);
}

/* ---- days ---------------------------------------------------------------------------------- */

/* Moves the world on to a time of a day after its beginning, with fresh prices. */
static void jump(int64_t days, int64_t seconds) {
    int64_t midnight = FAKE_START_NS / TW_NS_PER_DAY * TW_NS_PER_DAY;
    desk.now_ns = midnight + days * TW_NS_PER_DAY + seconds * TW_NS_PER_SECOND;
}

static const int64_t AFTERNOON = 52200; /* 14:30 */

static void a_day_that_ended_is_one_more_close(void **state) {
    (void)state;
    fake_options options = plain_options(3);
    tw_engine_config config = plain_config(3, TW_STRATEGY_PORT);
    config.rebalance_interval_ns = 5 * TW_NS_PER_SECOND;
    tw_engine *engine = start_own(&options, &config);
    double oldest = 0.0;
    for (uint32_t day = 1; day <= 3; day++) {
        until_told(engine, "decision", "\"schedule\"", 2 * day);
        double second = own.closes[3];
        double last[3];
        turns(engine, 8);
        for (uint32_t s = 0; s < 3; s++)
            desk.silent[s] = true;
        turns(engine, 8); /* the marks stand still now */
        tw_engine_report report;
        tw_engine_holding holdings[FAKE_SYMBOLS];
        tw_engine_get_report(engine, &report, holdings);
        for (uint32_t s = 0; s < 3; s++) {
            desk.silent[s] = false;
            last[s] = (double)holdings[s].price.nano / 1e9;
        }
        jump(day, AFTERNOON);
        uint32_t calls = own.weigh_calls;
        while (own.weigh_calls == calls)
            turns(engine, 1);
        assert_int_equal(own.seen.day_count, DAYS + 1); /* the oldest has left */
        assert_true(own.closes[0] == second && own.closes[0] != oldest);
        oldest = own.closes[0];
        for (uint32_t s = 0; s < 3; s++)
            assert_true(fabs(own.closes[(DAYS - 1) * 3 + s] - last[s]) < 1e-9);
        for (uint32_t d = 1; d <= DAYS; d++)
            assert_true(own.days[d] == own.days[d - 1] + 1);
        assert_true(own.days[DAYS] == FAKE_START_NS / TW_NS_PER_DAY + day);
    }
    end(engine);
}

/* A venue that tells the day of now as a day of the history: its place is that of the marks. */
static void a_history_that_has_today_gives_way_to_the_marks(void **state) {
    (void)state;
    fake_options options = plain_options(3);
    tw_engine_config config = plain_config(3, TW_STRATEGY_PORT);
    tw_engine *engine = start_own(&options, &config);
    for (uint32_t i = 0; i < desk.inbox_count; i++) {
        if (desk.inbox[i].kind == TW_VENUE_HISTORY)
            desk.inbox[i].as.history.time_ns += TW_NS_PER_DAY;
    }
    until_told(engine, "decision", "\"start\"", 1);
    assert_int_equal(own.seen.day_count, DAYS);
    for (uint32_t s = 0; s < 3; s++)
        assert_true(own.closes[(DAYS - 1) * 3 + s] == own.marks[s]);
    assert_true(own.days[DAYS - 1] == FAKE_START_NS / TW_NS_PER_DAY);
    assert_true(own.days[DAYS - 2] == own.days[DAYS - 1] - 1);
    end(engine);
}

static void a_day_without_a_price_is_none(void **state) {
    (void)state;
    fake_options options = plain_options(2);
    tw_engine_config config = plain_config(2, TW_STRATEGY_PORT);
    config.rebalance_interval_ns = 5 * TW_NS_PER_SECOND;
    tw_engine *engine = start_own(&options, &config);
    until_told(engine, "decision", "\"schedule\"", 1);
    for (int day = 1; day <= 2; day++) { /* Tuesday and Wednesday: the venue's clock, no market */
        desk.silent[0] = true;
        desk.silent[1] = true;
        turns(engine, 4);
        jump(day, AFTERNOON);
        turns(engine, 8);
    }
    desk.silent[0] = false;
    desk.silent[1] = false;
    jump(3, AFTERNOON);
    uint32_t calls = own.weigh_calls;
    while (own.weigh_calls == calls || own.seen.time_ns < desk.now_ns - TW_NS_PER_DAY)
        turns(engine, 1);
    assert_true(own.days[DAYS] - own.days[DAYS - 1] == 3);
    end(engine);
}

/* ---- schedule ------------------------------------------------------------------------------ */

static void times_of_day_are_of_monday_to_friday(void **state) {
    (void)state;
    fake_options options = plain_options(2);
    tw_engine_config config = plain_config(2, TW_STRATEGY_EQUAL);
    config.drift_ignored = true;
    config.times_s[0] = 52260; /* 14:31 */
    config.times_s[1] = 52320; /* 14:32 */
    config.time_count = 2;
    tw_engine *engine = start(&options, &config);
    turns(engine, 220); /* from 14:30:00 to 14:30:55 */
    assert_int_equal(fake_count(&desk, "decision", "\"time\""), 0);
    turns(engine, 40);
    assert_int_equal(fake_count(&desk, "decision", "\"time\""), 1);
    turns(engine, 240);
    assert_int_equal(fake_count(&desk, "decision", "\"time\""), 2);
    for (int64_t day = 1; day <= 8; day++) { /* Tuesday to the Tuesday after */
        jump(day, AFTERNOON + 50);
        turns(engine, 80);
    }
    assert_int_equal(fake_count(&desk, "decision", "\"time\""), 2 + 6);
    assert_int_equal(fake_count(&desk, "schedule", NULL), 5); /* 14:32 of each day but the last */
    assert_int_equal(fake_count(&desk, "start", "\"times\":[\"14:31\",\"14:32\"]"), 1);
    end(engine);
}

static void a_time_of_day_waits_for_a_price_and_then_passes(void **state) {
    (void)state;
    fake_options options = plain_options(2);
    tw_engine_config config = plain_config(2, TW_STRATEGY_EQUAL);
    config.drift_ignored = true;
    config.times_s[0] = 52260;
    config.time_count = 1;
    tw_engine *engine = start(&options, &config);
    turns(engine, 300);
    assert_int_equal(fake_count(&desk, "decision", "\"time\""), 1);
    for (uint32_t s = 0; s < 2; s++)
        desk.silent[s] = true;
    jump(1, AFTERNOON + 70);
    turns(engine, 40);
    assert_int_equal(fake_count(&desk, "decision", "\"time\""), 1);
    desk.silent[0] = false;
    turns(engine, 40);
    assert_int_equal(fake_count(&desk, "decision", "\"time\""), 2);
    desk.silent[0] = true;
    jump(2, AFTERNOON + 70);
    turns(engine, 40);
    jump(2, AFTERNOON + 60 + 901);
    turns(engine, 40);
    desk.silent[0] = false;
    turns(engine, 40);
    assert_int_equal(fake_count(&desk, "decision", "\"time\""), 2);
    assert_int_equal(
        fake_count(&desk, "schedule", "{\"passed\":\"2026-01-07T14:31:00.000000000Z\"}"), 1);
    end(engine);
}

/* 09:31 of New York is 14:31 in UTC in January. */
static void times_of_day_are_of_the_zone(void **state) {
    (void)state;
    static char bytes[65536];
    FILE *file = fopen("/usr/share/zoneinfo/America/New_York", "rb");
    if (file == NULL)
        skip();
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    TW_AUTO(tw_zone) *zone = NULL;
    assert_int_equal(tw_zone_new(NULL, (tw_slice){bytes, size}, &zone, NULL), TW_OK);
    fake_options options = plain_options(2);
    tw_engine_config config = plain_config(2, TW_STRATEGY_EQUAL);
    config.drift_ignored = true;
    config.times_s[0] = 34260;
    config.time_count = 1;
    config.zone = zone;
    tw_engine *engine = start(&options, &config);
    turns(engine, 230);
    assert_int_equal(fake_count(&desk, "decision", "\"time\""), 0);
    turns(engine, 20);
    assert_int_equal(fake_count(&desk, "decision", "\"time\""), 1);
    end(engine);
}

/* ---- seeds --------------------------------------------------------------------------------- */

/* Weights that depend on all it sees, so that a difference anywhere becomes one of the journal. */
static int mixed_weigh(void *context, const tw_strategy_view *view, double *ret_weights,
                       int64_t *ret_took_ns) {
    uint32_t *calls = context;
    *ret_took_ns = 0;
    if (++*calls % 7 == 0)
        return TW_STRATEGY_KEEP;
    for (uint32_t s = 0; s < view->symbol_count; s++) {
        const double *last = view->closes + (size_t)(view->day_count - 2) * view->symbol_count;
        bool up = view->marks[s] > last[s] || view->window_means[s] > view->window_vwaps[s];
        ret_weights[s] = (up ? 0.9 : 0.4) / view->symbol_count;
    }
    if (*calls % 11 == 0)
        ret_weights[0] = NAN;
    return TW_STRATEGY_WEIGHTS;
}

static int mixed_bar(void *context, const tw_strategy_bar *bar, int64_t *ret_took_ns) {
    (void)context;
    *ret_took_ns = 0;
    return bar->close > bar->open ? TW_STRATEGY_SIGNAL : TW_STRATEGY_QUIET;
}

static uint32_t mixed_calls;

static void play(uint64_t seed, tw_strategy strategy) {
    fake_options options = plain_options(1 + (uint32_t)(seed % FAKE_SYMBOLS));
    options.seed = seed;
    options.history_days = 30 + (uint32_t)(seed % 30);
    options.fill = 300;
    options.lose_answer = 40;
    options.drop_update = 30;
    options.repeat_update = 30;
    options.disconnect = seed % 3 == 0 ? 20 : 0;
    options.store_full = seed % 2 == 0 ? 200 : 0;
    options.broker_full = 60;
    options.delay_max = 4;
    options.durable_delay = (uint32_t)(seed % 4);
    tw_engine_config config = plain_config(options.symbol_count, strategy);
    mixed_calls = 0;
    config.port = (tw_strategy_port){mixed_weigh, mixed_bar, &mixed_calls, "mixed"};
    config.rebalance_interval_ns = (int64_t)(seed % 5) * 4 * TW_NS_PER_SECOND;
    config.drift_ignored = seed % 4 == 1;
    config.times_s[0] = 52215;
    config.times_s[1] = 52230;
    config.time_count = (uint32_t)(seed % 3);
    tw_engine *engine = start(&options, &config);
    turns(engine, 400);
    desk.calm = true;
    for (int i = 0; i < 100 && (!desk.up || desk.back_turn != 0); i++)
        turns(engine, 1);
    tw_engine_stop(engine);
    for (uint32_t i = 0; tw_engine_phase_now(engine) != TW_ENGINE_DONE; i++) {
        assert_true(i < TURNS_TO_END);
        turns(engine, 1);
    }
    end(engine);
}

static void the_same_seed_writes_the_same_journal(void **state) {
    (void)state;
    static const tw_strategy kinds[] = {TW_STRATEGY_RISK_PARITY, TW_STRATEGY_MINIMUM_VARIANCE,
                                        TW_STRATEGY_MOMENTUM, TW_STRATEGY_PORT};
    static const char *const causes[] = {"\"start\"", "\"time\"", "\"schedule\"", "\"signal\"",
                                         "\"drift\""};
    uint32_t counts[5] = {0};
    uint32_t refused = 0;
    for (uint64_t seed = 1; seed <= SEED_COUNT; seed++) {
        tw_strategy kind = kinds[seed % 4];
        play(seed, kind);
        uint64_t hash = fake_hash(&desk);
        for (size_t i = 0; i < 5; i++)
            counts[i] += fake_count(&desk, "decision", causes[i]);
        refused += fake_count(&desk, "strategy", "refused");
        play(seed, kind);
        if (hash != fake_hash(&desk))
            fail_msg("seed %llu writes two journals", (unsigned long long)seed);
    }
    for (size_t i = 0; i < 5; i++)
        assert_true(counts[i] > 5); /* each cause is there, or nothing is proven of it */
    assert_true(refused > 5);
}

/* ---- configuration and memory -------------------------------------------------------------- */

static void a_configuration_that_makes_no_sense_is_refused(void **state) {
    (void)state;
    tw_engine_config rows[6];
    fake_options options = plain_options(2);
    fake_init(&desk, &options);
    for (size_t i = 0; i < 6; i++)
        rows[i] = plain_config(2, i < 3 ? TW_STRATEGY_MOMENTUM : TW_STRATEGY_PORT);
    rows[0].momentum.top = 0;
    rows[1].momentum.days = 0;
    rows[2].momentum.days = DAYS;
    rows[3].port.weigh = NULL;
    rows[4].time_count = TW_ENGINE_TIME_COUNT_MAX + 1;
    rows[5].time_count = 1;
    rows[5].times_s[0] = 86400;
    for (size_t i = 0; i < 6; i++) {
        tw_engine *engine = NULL;
        tw_error error = {0};
        assert_int_equal(fake_engine(&desk, &rows[i], &engine, &error), TW_INVALID);
        assert_true(engine == NULL && error.message[0] != '\0');
    }
    fake_done(&desk);
}

static tw_status make_and_free(const tw_allocator *allocator, void *context) {
    const tw_strategy *strategy = context;
    tw_engine_config config = plain_config(2, *strategy);
    tw_engine_ports ports = fake_ports(&desk);
    TW_AUTO(tw_engine) *engine = NULL;
    return tw_engine_new(allocator, &config, desk.symbols, &ports, &engine, NULL);
}

static void nothing_is_left_when_memory_runs_out(void **state) {
    (void)state;
    static tw_strategy kinds[] = {TW_STRATEGY_RISK_PARITY, TW_STRATEGY_MOMENTUM, TW_STRATEGY_PORT};
    fake_options options = plain_options(2);
    fake_init(&desk, &options);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        assert_survives_failed_allocations(make_and_free, &kinds[i]);
    fake_done(&desk);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(risk_parity_shares_the_risk),
        cmocka_unit_test(minimum_variance_has_less_than_others),
        cmocka_unit_test(minimum_variance_keeps_below_the_largest_weight),
        cmocka_unit_test(momentum_holds_the_best),
        cmocka_unit_test(a_short_history_gets_no_weight_and_is_told_once),
        cmocka_unit_test(without_history_no_weights_stand_in),
        cmocka_unit_test(days_that_no_two_symbols_share_make_no_covariance),
        cmocka_unit_test(its_weights_are_reached_and_it_sees_what_is_so),
        cmocka_unit_test(a_bad_answer_is_refused_and_the_old_targets_stand),
        cmocka_unit_test(until_it_answers_nothing_is_traded),
        cmocka_unit_test(drift_goes_back_to_the_targets_without_asking),
        cmocka_unit_test(a_signal_is_followed_once),
        cmocka_unit_test(slow_calls_are_counted_and_some_are_journaled),
        cmocka_unit_test(a_day_that_ended_is_one_more_close),
        cmocka_unit_test(a_history_that_has_today_gives_way_to_the_marks),
        cmocka_unit_test(a_day_without_a_price_is_none),
        cmocka_unit_test(times_of_day_are_of_monday_to_friday),
        cmocka_unit_test(a_time_of_day_waits_for_a_price_and_then_passes),
        cmocka_unit_test(times_of_day_are_of_the_zone),
        cmocka_unit_test(the_same_seed_writes_the_same_journal),
        cmocka_unit_test(a_configuration_that_makes_no_sense_is_refused),
        cmocka_unit_test(nothing_is_left_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
