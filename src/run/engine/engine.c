/*
 * engine.c - life, phases and the turn.
 *
 *   STARTING --snapshot, history, streams--> SETTLING --no order at the venue--> WARMING
 *   WARMING --a price of every symbol, or patience over--> TRADING
 *   WARMING, TRADING --venue_down--> PAUSED --snapshot, streams--> SETTLING
 *   TRADING --an order was given up as missing--> SETTLING
 *   any of these --tw_engine_stop, duration over--> STOPPING --no order open, and the venue's
 *   figures compared unless it is away--> DONE
 *   any --engine_fail--> FAILED
 *
 *   phase_step moves along these edges, one at a time; venue_down (desk.c) is the only other.
 *
 * Invariants
 *  1. A turn does nothing new while a row or entry waits for the store (back-pressure reaches the
 *     feed), and reads nothing more once the run is over.
 *  2. Venue events are read before market events of the same turn, so that a fill is known before
 *     the tick behind it is judged.
 *  3. now_ns never falls.
 *  4. The store hears where an event and all that followed from it end (record_whole), so that a
 *     death leaves whole facts.
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine_priv.h"

/* Rows and entries that one step can make beside those that grow with symbols, timeframes and
 * orders: a trade, an order, a fill; a change of phase, a decision, its risk, what its strategy
 * said, a difference of cash. */
enum { ROWS_A_STEP = 4, ENTRIES_A_STEP = 20 };

void engine_fail(tw_engine *engine, tw_status status, const char *format, ...) {
    if (engine->failure.status != TW_OK)
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(engine->failure.message, sizeof engine->failure.message, format, arguments);
    va_end(arguments);
    engine->failure.status = status;
    engine->phase = TW_ENGINE_FAILED;
    tw_flight_note(engine->config.flight, trace_now(engine), "engine failed", status,
                   engine->now_ns, tw_slice_of(tw_status_name(status)));
}

void engine_enter(tw_engine *engine, tw_engine_phase phase) {
    if (engine->phase == TW_ENGINE_FAILED || engine->phase == phase)
        return;
    const char *from = tw_engine_phase_name(engine->phase);
    engine->phase = phase;
    record_journal(engine, "phase", "{\"from\":\"%s\",\"to\":\"%s\"}", from,
                   tw_engine_phase_name(phase));
}

void engine_see_time(tw_engine *engine, int64_t time_ns) {
    if (engine->started_ns == 0)
        engine->started_ns = time_ns;
    if (time_ns <= engine->now_ns)
        return;
    if (engine->past.today.end_ns != 0 && time_ns >= engine->past.today.end_ns)
        past_end_day(engine, time_ns);
    engine->now_ns = time_ns;
    engine->orders.now_ns = time_ns;
}

const char *tw_engine_phase_name(tw_engine_phase phase) {
    static const char *const names[] = {"starting", "settling", "warming", "trading",
                                        "paused",   "stopping", "done",    "failed"};
    size_t index = (size_t)phase;
    return index < sizeof names / sizeof names[0] ? names[index] : "?";
}

/* ---- life ---------------------------------------------------------------------------------- */

static tw_status check_config(const tw_engine_config *config, tw_error *error) {
    if (config->symbol_count == 0)
        return tw_error_set(error, TW_INVALID, "there is no symbol to trade");
    if (config->strategy_name[0] == '\0')
        return tw_error_set(error, TW_INVALID, "the strategy has no name");
    if (config->order_count_max == 0 || config->history_days_max < 2 || config->window_count == 0)
        return tw_error_set(error, TW_INVALID,
                            "orders, history days and window must be at least 1, 2 and 1");
    if (config->timeframe_count == 0 || config->timeframe_count > TW_ENGINE_TIMEFRAME_COUNT_MAX)
        return tw_error_set(error, TW_INVALID, "there must be 1 to %d timeframes",
                            TW_ENGINE_TIMEFRAME_COUNT_MAX);
    if (!(config->band >= 0.0 && config->band < 1.0) ||
        !(config->cash_weight >= 0.0 && config->cash_weight < 1.0))
        return tw_error_set(error, TW_INVALID, "band and cash weight must be 0 to 1");
    if (config->order_patience_ns <= 0)
        return tw_error_set(error, TW_INVALID, "the patience with an order must be above zero");
    tw_status status = strategies_check(config, error);
    return status == TW_OK ? schedule_check(config, error) : status;
}

static tw_status take_parts(tw_engine *engine) {
    const tw_engine_config *config = &engine->config;
    const tw_allocator *allocator = engine->allocator;
    uint32_t n = config->symbol_count;
    tw_book_config book = {
        .symbol_count_max = n, .order_count_max = 1, .level_count_max = config->level_count_max};
    tw_bars_config bars = {.frame_count = config->timeframe_count, .symbol_count_max = n};
    for (uint32_t i = 0; i < config->timeframe_count; i++)
        bars.frames[i].step = config->timeframes_ns[i];
    tw_status status = tw_book_new(allocator, &book, &engine->book);
    if (status == TW_OK)
        status = tw_bars_new(allocator, &bars, &engine->bars);
    if (status == TW_OK)
        status = decision_take_risk(engine);
    if (status == TW_OK)
        status = tw_rebalance_new(allocator, n, &engine->rebalance);
    if (status == TW_OK)
        status = tw_standing_new(allocator, n, &engine->standing);
    if (status == TW_OK)
        status = order_table_init(&engine->orders, allocator, config);
    if (status == TW_OK)
        status = strategies_take(engine);
    engine->windows = TW_NEW(allocator, n, tw_window *);
    tw_window_config window = {.count_max = config->window_count, .window_count = 1};
    window.windows[0].span_ns = config->window_span_ns;
    for (uint32_t s = 0; status == TW_OK && engine->windows != NULL && s < n; s++)
        status = tw_window_new(allocator, &window, &engine->windows[s]);
    return engine->windows == NULL ? TW_NO_MEMORY : status;
}

static tw_status take_arrays(tw_engine *engine) {
    const tw_allocator *allocator = engine->allocator;
    uint32_t n = engine->config.symbol_count;
    size_t cells = (size_t)engine->config.history_days_max * n;
    /* A plan has at most a trade a symbol, and only one plan is active: so many intents are made,
     * withdrawn or refused in one step. */
    engine->pending_capacity = n * engine->config.timeframe_count + 2 * n + ROWS_A_STEP;
    engine->entry_capacity = 3 * n + n / PLAN_TRADES_AN_ENTRY + ENTRIES_A_STEP;
    engine->symbols = TW_NEW(allocator, n, engine_symbol);
    engine->closes = TW_NEW(allocator, cells, engine_close);
    engine->prices = TW_NEW(allocator, cells, double);
    engine->returns = TW_NEW(allocator, cells, double);
    engine->volatilities = TW_NEW(allocator, n, double);
    engine->scratch = TW_NEW(allocator, 3 * (size_t)n, double);
    engine->weights = TW_NEW(allocator, n, double);
    engine->plan.trades = TW_NEW(allocator, n, engine_trade);
    engine->pending = TW_NEW(allocator, engine->pending_capacity, engine_row);
    engine->entries = TW_NEW(allocator, engine->entry_capacity, tw_journal_entry);
    bool complete = engine->symbols != NULL && engine->closes != NULL && engine->prices != NULL &&
                    engine->returns != NULL && engine->volatilities != NULL &&
                    engine->scratch != NULL && engine->weights != NULL &&
                    engine->plan.trades != NULL && engine->pending != NULL &&
                    engine->entries != NULL;
    if (!complete)
        return TW_NO_MEMORY;
    for (uint32_t s = 0; s < n; s++) {
        engine->volatilities[s] = NAN;
        engine->symbols[s].volatility = NAN;
        engine->symbols[s].volatility_share = NAN;
        engine->symbols[s].target_told_nano = -1;
    }
    return TW_OK;
}

static tw_status copy_targets(tw_engine *engine, tw_error *error) {
    uint32_t n = engine->config.symbol_count;
    if (engine->config.strategy != TW_STRATEGY_TARGETS)
        return TW_OK;
    const double *given = engine->config.target_weights;
    double *copy = TW_NEW(engine->allocator, n, double);
    if (copy == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for the targets");
    engine->targets = copy;
    engine->config.target_weights = copy;
    double total = 0.0;
    for (uint32_t s = 0; s < n; s++) {
        if (!(given[s] >= 0.0 && given[s] <= 1.0))
            return tw_error_set(error, TW_INVALID, "the target weight of %s must be 0 to 1",
                                tw_symbols_name(engine->names, s));
        copy[s] = given[s];
        total += given[s];
    }
    if (total > 1.0 + 1e-9)
        return tw_error_set(error, TW_INVALID, "the target weights add up to %.6g, more than 1",
                            total);
    return TW_OK;
}

tw_status tw_engine_new(const tw_allocator *allocator, const tw_engine_config *config,
                        const tw_symbols *symbols, const tw_engine_ports *ports,
                        tw_engine **ret_engine, tw_error *error) {
    tw_status status = check_config(config, error);
    if (status != TW_OK)
        return status;
    tw_engine *engine = TW_NEW(allocator, 1, tw_engine);
    if (engine == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for the engine");
    engine->allocator = allocator;
    engine->config = *config;
    engine->names = symbols;
    engine->feed = ports->feed;
    engine->broker = ports->broker;
    engine->store = ports->store;
    engine->inputs = ports->inputs;
    engine->journal_sequence = config->journal_sequence;
    tw_histogram_init(&engine->latency);
    for (size_t i = 0; i < TW_ENGINE_STAGE_COUNT; i++)
        tw_histogram_init(&engine->stages[i]);
    status = take_parts(engine);
    if (status == TW_OK)
        status = take_arrays(engine);
    if (status != TW_OK)
        tw_error_set(error, status, "no memory for %u symbols", config->symbol_count);
    if (status == TW_OK)
        status = copy_targets(engine, error);
    if (status == TW_OK)
        status = limits_take(engine, error);
    if (status == TW_OK)
        status = resend_take(engine, error);
    if (status != TW_OK) {
        tw_engine_free(engine);
        return status;
    }
    *ret_engine = engine;
    return TW_OK;
}

void tw_engine_free(tw_engine *engine) {
    if (engine == NULL)
        return;
    const tw_allocator *allocator = engine->allocator;
    uint32_t n = engine->config.symbol_count;
    size_t cells = (size_t)engine->config.history_days_max * n;
    for (uint32_t s = 0; engine->windows != NULL && s < n; s++)
        tw_window_free(engine->windows[s]);
    TW_DELETE(allocator, engine->windows, n, tw_window *);
    tw_book_free(engine->book);
    tw_bars_free(engine->bars);
    tw_risk_free(engine->risk);
    limits_done(engine);
    strategies_done(engine);
    tw_rebalance_free(engine->rebalance);
    tw_standing_free(engine->standing);
    resend_done(engine);
    order_table_done(&engine->orders);
    TW_DELETE(allocator, engine->symbols, n, engine_symbol);
    TW_DELETE(allocator, engine->closes, cells, engine_close);
    TW_DELETE(allocator, engine->prices, cells, double);
    TW_DELETE(allocator, engine->returns, cells, double);
    TW_DELETE(allocator, engine->volatilities, n, double);
    TW_DELETE(allocator, engine->scratch, 3 * (size_t)n, double);
    TW_DELETE(allocator, engine->weights, n, double);
    TW_DELETE(allocator, engine->plan.trades, n, engine_trade);
    TW_DELETE(allocator, engine->pending, engine->pending_capacity, engine_row);
    TW_DELETE(allocator, engine->entries, engine->entry_capacity, tw_journal_entry);
    TW_DELETE(allocator, engine->targets, n, double);
    TW_DELETE(allocator, engine, 1, tw_engine);
}

tw_status tw_engine_adopt(tw_engine *engine, const tw_order *order) {
    TW_ASSERT(engine->phase == TW_ENGINE_STARTING && engine->started_ns == 0);
    tw_status status = order_table_adopt(&engine->orders, order);
    if (status != TW_OK)
        return status;
    limits_adopt(engine, &engine->orders.records[engine->orders.count - 1]);
    engine->snapshot_open_count = engine->orders.open_count; /* of the first */
    if (engine->inputs.adopted != NULL)
        engine->inputs.adopted(engine->inputs.context, order);
    return TW_OK;
}

/* ---- phases -------------------------------------------------------------------------------- */

static bool warm(const tw_engine *engine) {
    if (engine->now_ns >= engine->warm_until_ns)
        return true;
    for (uint32_t s = 0; s < engine->config.symbol_count; s++) {
        if (engine->symbols[s].mark_ns == 0)
            return false;
    }
    return true;
}

/* Nothing of a suspended plan is at the venue. */
static bool can_continue(tw_engine *engine) {
    const engine_plan *plan = &engine->plan;
    return plan->active && plan->suspended && !engine->snapshot_wanted &&
           engine->kill_level == TW_KILL_NONE && snapshot_all_absent(engine);
}

/* Decides when there is a reason to and nothing is under way. */
static uint64_t trade(tw_engine *engine) {
    const engine_plan *plan = &engine->plan;
    if (engine->snapshot_wanted)
        plan_suspend(engine); /* made from figures that are in doubt */
    if (can_continue(engine))
        return plan_continue(engine);
    if (plan->active && !plan->suspended)
        return intents_follow_plan(engine);
    if (engine->orders.open_count > 0 && snapshot_is_awaited(engine))
        return 0;
    if (engine->snapshot_wanted) {
        engine_enter(engine, TW_ENGINE_SETTLING);
        return 1;
    }
    if (engine->kill_level > TW_KILL_NONE)
        return kill_trade(engine);
    const char *cause = schedule_cause(engine);
    if (cause == NULL)
        return 0;
    decision_make(engine, cause);
    return 1;
}

static bool over(const tw_engine *engine) {
    return engine->stop_requested ||
           (engine->config.duration_ns > 0 && engine->first_decision_ns != 0 &&
            engine->now_ns - engine->first_decision_ns >= engine->config.duration_ns);
}

/* What this run was told to do, so that its journal can be read without the command line. */
static void record_start(tw_engine *engine) {
    const tw_engine_config *config = &engine->config;
    char memory[TW_JOURNAL_PAYLOAD_SIZE];
    tw_text text = tw_text_over(memory, sizeof memory);
    tw_text_append_format(&text, "{\"strategy\":\"%s\",\"orders\":\"%s\",\"symbols\":%u,\"band\":",
                          tw_strategy_name(config->strategy), engine->orders.prefix,
                          config->symbol_count);
    tw_text_append_double(&text, config->band);
    tw_text_append_string(&text, ",\"cash_weight\":");
    tw_text_append_double(&text, config->cash_weight);
    tw_text_append_format(&text, ",\"duration_ns\":%lld,\"adopted\":%u",
                          (long long)config->duration_ns, engine->orders.adopted_count);
    strategies_record(engine, &text);
    tw_text_append_char(&text, '}');
    record_journal(engine, "start", "%s", memory);
    limits_record(engine);
}

static uint64_t phase_step(tw_engine *engine) {
    if (!record_drain(engine))
        return 0;
    if (over(engine) && engine->phase < TW_ENGINE_STOPPING) {
        engine_enter(engine, TW_ENGINE_STOPPING);
        plan_end(engine, "dropped", "stop");
        desk_cancel_open(engine);
        return 1;
    }
    switch (engine->phase) {
    case TW_ENGINE_STARTING:
    case TW_ENGINE_PAUSED:
        if (!engine->up || !engine->snapshot_done || !engine->history_done)
            return 0;
        if (engine->phase == TW_ENGINE_STARTING)
            record_start(engine);
        engine_enter(engine, TW_ENGINE_SETTLING);
        desk_cancel_open(engine);
        return 1;
    case TW_ENGINE_SETTLING:
        if (!snapshot_settled(engine))
            return 0;
        engine->warm_until_ns = engine->now_ns + engine->config.warm_ns_max;
        engine_enter(engine, TW_ENGINE_WARMING);
        return 1;
    case TW_ENGINE_WARMING:
        if (!warm(engine))
            return 0;
        engine_enter(engine, TW_ENGINE_TRADING);
        return 1;
    case TW_ENGINE_TRADING:
        return trade(engine);
    case TW_ENGINE_STOPPING:
        if ((engine->up && !snapshot_settled(engine)) || engine->orders.open_count > 0)
            return 0; /* a venue that does not come back says so, and ends the run */
        intake_flush_bars(engine);
        engine_enter(engine, TW_ENGINE_DONE);
        return 1;
    case TW_ENGINE_DONE:
    case TW_ENGINE_FAILED:
        break;
    }
    return 0;
}

/* ---- the turn ------------------------------------------------------------------------------ */

static uint64_t read_venue(tw_engine *engine, uint32_t count_max) {
    tw_venue_event event;
    uint64_t count = 0;
    while (count < count_max && engine->phase < TW_ENGINE_DONE && record_drain(engine) &&
           engine->feed.next_venue(engine->feed.context, &event) == TW_OK) {
        engine->heard_ns = event.received_ns;
        desk_venue(engine, &event);
        record_whole(engine);
        count++;
    }
    return count;
}

static uint64_t read_market(tw_engine *engine, uint32_t count_max) {
    tw_market_event event;
    uint64_t count = 0;
    while (count < count_max && engine->phase < TW_ENGINE_DONE && record_drain(engine) &&
           engine->feed.next_market(engine->feed.context, &event) == TW_OK) {
        int64_t began_ns = trace_event(engine, &event);
        intake_market(engine, &event);
        trace_stage(engine, TW_ENGINE_STAGE_INTAKE, began_ns);
        phase_step(engine);
        record_whole(engine);
        count++;
    }
    trace_frame_end(engine);
    return count;
}

tw_status tw_engine_turn(tw_engine *engine, uint32_t event_count_max, uint64_t *ret_work,
                         tw_error *error) {
    uint64_t work = 0;
    if (engine->inputs.turn != NULL)
        engine->inputs.turn(engine->inputs.context, event_count_max, engine->stop_requested);
    if (engine->failure.status == TW_OK) {
        tw_status health = engine->store.health(engine->store.context);
        if (health != TW_OK)
            engine_fail(engine, health, "the store failed: %s", tw_status_sentence(health));
    }
    work += read_venue(engine, event_count_max);
    losses_turn(engine);
    work += kill_turn(engine);
    work += phase_step(engine);
    work += desk_turn(engine);
    record_whole(engine);
    work += read_market(engine, event_count_max);
    work += phase_step(engine);
    work += desk_turn(engine);
    work += reconcile_turn(engine);
    record_drain(engine);
    record_whole(engine);
    *ret_work = work;
    if (engine->failure.status == TW_OK)
        return TW_OK;
    if (error != NULL)
        *error = engine->failure;
    return engine->failure.status;
}

void tw_engine_stop(tw_engine *engine) {
    engine->stop_requested = true;
}

/* The run is over only when the store has taken everything. */
tw_engine_phase tw_engine_phase_now(const tw_engine *engine) {
    if (engine->phase == TW_ENGINE_DONE && record_waits(engine))
        return TW_ENGINE_STOPPING;
    return engine->phase;
}

const tw_histogram *tw_engine_latency(const tw_engine *engine) {
    return &engine->latency;
}
