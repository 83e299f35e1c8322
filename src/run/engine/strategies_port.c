/*
 * strategies_port.c - the user's own strategy: what it is shown, and what is taken of its answers.
 *
 * It sees figures and returns weights; it has no way to an order. An answer is taken whole or not
 * at all: every weight finite and at least 0, their sum at most 1.
 *
 * How long a call took is part of what the port answers, not looked up here: so what this file
 * journals depends on nothing but what the engine was told. Of calls above the budget all are
 * counted, and the 1st, 2nd, 4th, 8th ... are journaled, so that a slow strategy cannot flood the
 * journal.
 */
#include <math.h>
#include <string.h>

#include "strategies_priv.h"

static const double SUM_ROUNDING = 1e-9;

tw_status strategies_port_take(tw_engine *engine) {
    engine_strategies *room = engine->strategies;
    size_t n = engine->config.symbol_count;
    if (engine->config.strategy != TW_STRATEGY_PORT)
        return TW_OK;
    room->figures = TW_NEW(engine->allocator, STRATEGY_FIGURE_COUNT * n, double);
    room->bars = TW_NEW(engine->allocator, engine->config.timeframe_count * n, tw_strategy_bar);
    return room->figures == NULL || room->bars == NULL ? TW_NO_MEMORY : TW_OK;
}

void strategies_port_done(tw_engine *engine) {
    engine_strategies *room = engine->strategies;
    size_t n = engine->config.symbol_count;
    TW_DELETE(engine->allocator, room->figures, STRATEGY_FIGURE_COUNT * n, double);
    TW_DELETE(engine->allocator, room->bars, engine->config.timeframe_count * n, tw_strategy_bar);
}

static void count_call(tw_engine *engine, const char *call, int64_t took_ns) {
    int64_t budget_ns = engine->config.strategy_budget_ns;
    engine->report.strategy_calls++;
    if (budget_ns == 0 || took_ns <= budget_ns)
        return;
    uint64_t count = ++engine->report.strategy_slow;
    if ((count & (count - 1)) != 0)
        return;
    record_journal(engine, "strategy",
                   "{\"slow\":\"%s\",\"took_ns\":%lld,\"budget_ns\":%lld,\"count\":%llu}", call,
                   (long long)took_ns, (long long)budget_ns, (unsigned long long)count);
}

/* ---- bars ---------------------------------------------------------------------------------- */

static uint32_t frame_of(const tw_engine *engine, int64_t timeframe_ns) {
    uint32_t frame = 0;
    while (frame < engine->config.timeframe_count &&
           engine->config.timeframes_ns[frame] != timeframe_ns)
        frame++;
    return frame;
}

void strategies_bar(tw_engine *engine, const tw_bar *bar) {
    engine_strategies *room = engine->strategies;
    const tw_strategy_port *port = &engine->config.port;
    if (room->bars == NULL)
        return;
    uint32_t frame = frame_of(engine, bar->timeframe_ns);
    TW_ASSERT(frame < engine->config.timeframe_count);
    tw_strategy_bar *newest =
        &room->bars[(size_t)frame * engine->config.symbol_count + bar->symbol];
    *newest = (tw_strategy_bar){
        .time_ns = bar->time_ns,
        .timeframe_ns = bar->timeframe_ns,
        .open = tw_decimal_to_double(bar->open.nano),
        .high = tw_decimal_to_double(bar->high.nano),
        .low = tw_decimal_to_double(bar->low.nano),
        .close = tw_decimal_to_double(bar->close.nano),
        .vwap = tw_decimal_to_double(bar->vwap.nano),
        .volume = tw_decimal_to_double(bar->volume.nano),
        .trades = bar->count,
        .symbol = bar->symbol,
    };
    if (port->bar == NULL || engine->phase >= TW_ENGINE_STOPPING)
        return;
    int64_t took_ns = 0;
    int answer = port->bar(port->context, newest, &took_ns);
    count_call(engine, "bar", took_ns);
    if (answer != TW_STRATEGY_SIGNAL)
        return;
    engine->signalled = true;
    engine->report.strategy_signals++;
}

/* ---- weights ------------------------------------------------------------------------------- */

static double *row_of(const tw_engine *engine, strategy_figure figure) {
    return engine->strategies->figures + (size_t)figure * engine->config.symbol_count;
}

static void show_symbol(tw_engine *engine, uint32_t s) {
    const engine_symbol *state = &engine->symbols[s];
    double equity = (double)engine->equity.nano;
    tw_window_stats stats;
    tw_window_read(engine->windows[s], 0, &stats);
    row_of(engine, STRATEGY_MARKS)[s] =
        state->mark.nano > 0 ? tw_decimal_to_double(state->mark.nano) : NAN;
    row_of(engine, STRATEGY_QUANTITIES)[s] = tw_decimal_to_double(state->quantity.nano);
    row_of(engine, STRATEGY_WEIGHTS)[s] = equity > 0.0 ? (double)state->value.nano / equity : 0.0;
    row_of(engine, STRATEGY_TARGETS)[s] = state->target;
    row_of(engine, STRATEGY_VWAPS)[s] = stats.vwap;
    row_of(engine, STRATEGY_MEANS)[s] = stats.mean;
    row_of(engine, STRATEGY_DEVIATIONS)[s] = stats.stddev;
    row_of(engine, STRATEGY_COUNTS)[s] = (double)stats.n;
}

static tw_strategy_view show(tw_engine *engine) {
    for (uint32_t s = 0; s < engine->config.symbol_count; s++)
        show_symbol(engine, s);
    return (tw_strategy_view){
        .size = sizeof(tw_strategy_view),
        .symbol_count = engine->config.symbol_count,
        .time_ns = engine->now_ns,
        .day_count = past_refresh(engine),
        .closes = engine->past.closes,
        .days = engine->past.days,
        .timeframe_count = engine->config.timeframe_count,
        .marks = row_of(engine, STRATEGY_MARKS),
        .quantities = row_of(engine, STRATEGY_QUANTITIES),
        .weights = row_of(engine, STRATEGY_WEIGHTS),
        .targets = row_of(engine, STRATEGY_TARGETS),
        .window_vwaps = row_of(engine, STRATEGY_VWAPS),
        .window_means = row_of(engine, STRATEGY_MEANS),
        .window_deviations = row_of(engine, STRATEGY_DEVIATIONS),
        .window_counts = row_of(engine, STRATEGY_COUNTS),
        .bars = engine->strategies->bars,
        .cash = tw_decimal_to_double(engine->cash.nano),
        .equity = tw_decimal_to_double(engine->equity.nano),
        .cash_weight = engine->config.cash_weight,
    };
}

tw_status tw_strategy_weights_check(const double *weights, uint32_t count, const tw_symbols *names,
                                    tw_error *error) {
    double sum = 0.0;
    for (uint32_t s = 0; s < count; s++) {
        if (!isfinite(weights[s]))
            return tw_error_set(error, TW_INVALID, "the weight of %s is not a finite number",
                                tw_symbols_name(names, s));
        if (weights[s] < 0.0)
            return tw_error_set(error, TW_INVALID, "the weight of %s is %.6g, below 0",
                                tw_symbols_name(names, s), weights[s]);
        sum += weights[s];
    }
    if (sum > 1.0 + SUM_ROUNDING)
        return tw_error_set(error, TW_INVALID, "the weights add up to %.9g, more than 1", sum);
    return TW_OK;
}

tw_status strategies_port_weigh(tw_engine *engine, bool *ret_keep, tw_error *error) {
    const tw_strategy_port *port = &engine->config.port;
    double *raw = engine->strategies->raw;
    const tw_strategy_view view = show(engine);
    int64_t took_ns = 0;
    int answer = port->weigh(port->context, &view, raw, &took_ns);
    count_call(engine, "weigh", took_ns);
    *ret_keep = answer == TW_STRATEGY_KEEP;
    if (*ret_keep)
        return TW_OK;
    if (answer != TW_STRATEGY_WEIGHTS)
        return tw_error_set(error, TW_INVALID, "the strategy answered %d, which is a failure",
                            answer);
    return tw_strategy_weights_check(raw, engine->config.symbol_count, engine->names, error);
}
