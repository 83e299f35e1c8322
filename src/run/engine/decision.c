/*
 * decision.c - from history and holdings to intents.
 *
 *     history_end:  closes --> prices [days][symbols] --> returns --> volatilities, risk
 *     make:         targets (strategies.c), holdings, marks --> fewest trades --> plan (sells, then
 *                   buys)
 *
 * Invariant: only one plan is active at a time, and no decision is made while one is.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine_priv.h"

static const double PERIODS_PER_YEAR = 252.0;
static const uint32_t HISTORY_DAYS_MIN = 20;
static const size_t FILL_DAYS = 5; /* a price may stand still over so many missing days */

/* ---- history ------------------------------------------------------------------------------- */

static int compare_closes(const void *a, const void *b) {
    const engine_close *x = a;
    const engine_close *y = b;
    if (x->day != y->day)
        return x->day < y->day ? -1 : 1;
    return (x->symbol > y->symbol) - (x->symbol < y->symbol);
}

/* Lays the closes out as a matrix of the newest days. */
static void lay_out(tw_engine *engine) {
    uint32_t n = engine->config.symbol_count;
    size_t days_max = engine->config.history_days_max;
    for (uint32_t s = 0; s < n; s++) {
        size_t kept = engine->symbols[s].close_count;
        kept = kept < days_max ? kept : days_max;
        memmove(engine->closes + engine->close_count, engine->closes + s * days_max,
                kept * sizeof(engine_close));
        engine->close_count += kept;
    }
    size_t distinct = 0;
    qsort(engine->closes, engine->close_count, sizeof(engine_close), compare_closes);
    for (size_t i = 0; i < engine->close_count; i++)
        distinct += i == 0 || engine->closes[i].day != engine->closes[i - 1].day;
    size_t skip = distinct > days_max ? distinct - days_max : 0;
    size_t row = 0;
    engine->day_count = distinct - skip;
    for (size_t i = 0; i < engine->day_count * n; i++)
        engine->prices[i] = NAN;
    for (size_t i = 0; i < engine->close_count; i++) {
        if (i > 0 && engine->closes[i].day != engine->closes[i - 1].day)
            row++;
        if (row < skip)
            continue;
        engine->prices[(row - skip) * n + engine->closes[i].symbol] = engine->closes[i].close;
    }
}

/* Yearly volatility of each symbol, NaN with too short a history. scratch is [3][n]. */
static void measure_volatility(tw_engine *engine, tw_batch_shape returns) {
    uint32_t n = engine->config.symbol_count;
    double *deviations = engine->scratch + n;
    double *counts = engine->scratch + 2 * (size_t)n;
    tw_batch_moments(NULL, returns, engine->returns, 1,
                     (tw_batch_moment_rows){engine->scratch, deviations, counts});
    for (uint32_t s = 0; s < n; s++) {
        engine->volatilities[s] =
            counts[s] >= HISTORY_DAYS_MIN ? deviations[s] * sqrt(PERIODS_PER_YEAR) : NAN;
        engine->symbols[s].volatility = engine->volatilities[s];
    }
}

/* ---- risk ---------------------------------------------------------------------------------- */

/* The mean return of all symbols a day, as a benchmark; in place of the oldest prices, which are
 * no longer needed once there are returns. */
static const double *make_benchmark(tw_engine *engine, size_t rows) {
    uint32_t n = engine->config.symbol_count;
    for (size_t row = 0; row < rows; row++) {
        double sum = 0.0;
        uint32_t count = 0;
        for (uint32_t s = 0; s < n; s++) {
            double value = engine->returns[row * n + s];
            if (!isnan(value)) {
                sum += value;
                count++;
            }
        }
        engine->prices[row] = count > 0 ? sum / count : NAN;
    }
    return engine->prices;
}

static void append_figure(tw_text *text, const char *name, double value) {
    tw_text_append_format(text, ",\"%s\":", name);
    tw_text_append_double(text, value);
}

static void record_risk(tw_engine *engine) {
    const tw_risk_report *risk = &engine->report.risk;
    char memory[512];
    tw_text text = tw_text_over(memory, sizeof memory);
    tw_text_append_format(&text, "{\"days\":%zu", risk->observations);
    append_figure(&text, "volatility", risk->volatility_annual);
    append_figure(&text, "sharpe", risk->sharpe);
    append_figure(&text, "max_drawdown", risk->max_drawdown);
    append_figure(&text, "var", risk->estimates[0].value);
    append_figure(&text, "expected_shortfall", risk->estimates[0].expected_shortfall);
    tw_text_append_char(&text, '}');
    record_journal(engine, "risk", "%s", memory);
}

static tw_status new_risk(const tw_engine *engine, tw_risk **ret_risk) {
    tw_risk_config config;
    tw_risk_config_init(&config);
    const tw_risk_maxima maxima =
        tw_risk_maxima_of(&config, engine->config.history_days_max, engine->config.symbol_count);
    return tw_risk_new(engine->allocator, &maxima, ret_risk);
}

tw_status decision_take_risk(tw_engine *engine) {
    return new_risk(engine, &engine->risk);
}

/* Of these weights over the history; `benchmark` may be NULL. */
static tw_status compute_risk(const tw_engine *engine, tw_risk *risk, const double *weights,
                              const double *benchmark, tw_risk_report *ret_report,
                              tw_error *error) {
    tw_risk_config config;
    tw_risk_config_init(&config);
    tw_risk_input input = {
        .returns = engine->returns,
        .weights = weights,
        .benchmark = benchmark,
        .observations = engine->day_count - 1,
        .assets = engine->config.symbol_count,
    };
    return tw_risk_compute(risk, &config, &input, ret_report, error);
}

void decision_risk_unknown(tw_engine *engine, tw_status status, const tw_error *error) {
    char text[256];
    tw_text reason = tw_text_over(text, sizeof text);
    tw_text_append_json(&reason, tw_slice_of(error->message));
    record_journal(engine, "risk", "{\"status\":\"%s\",\"reason\":%s}", tw_status_name(status),
                   reason.truncated ? "\"\"" : text);
}

bool decision_risk(tw_engine *engine, const double *weights) {
    if (engine->day_count < HISTORY_DAYS_MIN)
        return false;
    tw_error error = {0};
    tw_status status =
        compute_risk(engine, engine->risk, weights, engine->prices, &engine->report.risk, &error);
    engine->report.risk_valid = status == TW_OK;
    if (status != TW_OK) {
        decision_risk_unknown(engine, status, &error);
        return false;
    }
    engine->report.history_days = (uint32_t)engine->report.risk.observations;
    for (uint32_t s = 0; s < engine->config.symbol_count; s++)
        engine->symbols[s].volatility_share = engine->report.risk.volatility_shares[s];
    record_risk(engine);
    return true;
}

/* The first estimate of the default configuration is historical, 95 %. */
tw_status tw_engine_risk_of(const tw_engine *engine, const double *weights,
                            tw_engine_risk *ret_risk, tw_error *error) {
    if (engine->day_count < HISTORY_DAYS_MIN)
        return tw_error_set(error, TW_EMPTY, "the history has less than %u days", HISTORY_DAYS_MIN);
    TW_AUTO(tw_risk) *risk = NULL;
    tw_risk_report report;
    tw_status status = new_risk(engine, &risk);
    if (status != TW_OK)
        return tw_error_set(error, status, "no memory for the risk of a portfolio");
    status = compute_risk(engine, risk, weights, NULL, &report, error);
    if (status != TW_OK)
        return status;
    *ret_risk = (tw_engine_risk){
        .observations = report.observations,
        .volatility_annual = report.volatility_annual,
        .value_at_risk = report.estimates[0].value,
        .expected_shortfall = report.estimates[0].expected_shortfall,
    };
    return TW_OK;
}

void decision_history_end(tw_engine *engine) {
    uint32_t n = engine->config.symbol_count;
    if (engine->history_done)
        return;
    engine->history_done = true;
    lay_out(engine);
    tw_batch_shape prices = {engine->day_count, n};
    if (engine->day_count > 1)
        tw_batch_fill_forward(NULL, prices, engine->prices, FILL_DAYS);
    past_fill(engine);
    if (engine->day_count < 2)
        return;
    tw_batch_shape returns = {engine->day_count - 1, n};
    tw_batch_returns(NULL, prices, engine->prices, TW_BATCH_SIMPLE, engine->returns);
    measure_volatility(engine, returns);
    make_benchmark(engine, returns.rows);
    limits_history(engine);
    record_journal(engine, "history", "{\"closes\":%zu,\"days\":%zu}", engine->close_count,
                   engine->day_count);
}

/* ---- plan ---------------------------------------------------------------------------------- */

/* A symbol without a fresh price is not traded, whatever its weight. */
bool decision_tradable(const tw_engine *engine, const engine_symbol *state) {
    return state->mark.nano > 0 && state->mark_ns != 0 &&
           engine->now_ns - state->mark_ns <= engine->config.controls.limits.price_age_ns_max;
}

/* Targets that were set anew stand from now on. */
static void stand_targets(tw_engine *engine) {
    int64_t band_nano = llround(engine->config.band * (double)TW_NANO);
    for (uint32_t s = 0; s < engine->config.symbol_count; s++) {
        const engine_symbol *state = &engine->symbols[s];
        tw_standing_put(engine->standing, &(tw_rebalance_position){
                                              .quantity = state->quantity,
                                              .price = state->mark,
                                              .weight_nano = state->target_nano,
                                              .band_nano = band_nano,
                                              .lot = engine->config.lot,
                                              .symbol = s,
                                              .band_kind = TW_BAND_ABSOLUTE,
                                          });
    }
    engine->untradable_count = engine->config.symbol_count; /* nobody was asked yet */
}

/* Who may be traded at this moment. While no mark that was fresh can have become old, and all were,
 * nothing has changed. */
static void stand_restrictions(tw_engine *engine) {
    int64_t oldest_ns = engine->now_ns - engine->config.controls.limits.price_age_ns_max;
    if (engine->untradable_count == 0 && engine->mark_ns_least >= oldest_ns)
        return;
    engine->untradable_count = 0;
    engine->mark_ns_least = INT64_MAX;
    for (uint32_t s = 0; s < engine->config.symbol_count; s++) {
        const engine_symbol *state = &engine->symbols[s];
        bool tradable = decision_tradable(engine, state);
        tw_standing_restrict(engine->standing, s,
                             tradable ? TW_RESTRICTION_NONE : TW_RESTRICTION_ALL);
        engine->untradable_count += !tradable;
        if (tradable && state->mark_ns < engine->mark_ns_least)
            engine->mark_ns_least = state->mark_ns;
    }
}

/* Cash is left between half its target, so that prices may move while the orders are out, and twice
 * its target and the band. */
static void plan_config(const tw_engine *engine, tw_rebalance_config *config) {
    double share = 2.0 * engine->config.cash_weight + 2.0 * engine->config.band;
    tw_rebalance_config_init(config);
    config->cash = engine->cash;
    config->cash_min.nano =
        (int64_t)(engine->config.cash_weight / 2.0 * (double)engine->equity.nano);
    config->cash_max.nano = (int64_t)(share * (double)engine->equity.nano);
    config->aim = TW_REBALANCE_TO_TARGET;
    config->symbols = engine->names;
    int64_t idle = (int64_t)((1.0 - engine->target_total + share) * (double)engine->equity.nano);
    if (idle > config->cash_max.nano)
        config->cash_max.nano = idle;
}

static void record_decision(tw_engine *engine, const char *cause, const tw_rebalance_plan *plan) {
    record_line line;
    tw_text *text = record_begin(engine, &line, "decision");
    RECORD_PUT(text, "{\"cause\":\"");
    tw_text_append_string(text, cause);
    RECORD_PUT(text, "\",\"equity\":\"");
    record_decimal(text, engine->equity.nano);
    RECORD_PUT(text, "\",\"cash\":\"");
    record_decimal(text, engine->cash.nano);
    RECORD_PUT(text, "\",\"feasible\":");
    tw_text_append_string(text, plan->feasible ? "true" : "false");
    RECORD_PUT(text, ",\"trades\":");
    tw_text_append_u64(text, plan->count);
    RECORD_PUT(text, ",\"lower_bound\":");
    tw_text_append_u64(text, plan->lower_bound);
    RECORD_PUT(text, ",\"turnover\":\"");
    record_decimal(text, plan->turnover.nano);
    RECORD_PUT(text, "\"}");
    engine->decision_sequence = record_end(engine, &line);
}

enum { TARGETS_ENTRY_FULL = TW_JOURNAL_PAYLOAD_SIZE - 96 }; /* no room for another symbol */

/* The weights that a decision aims at, where they are not those of the decision before: as many
 * entries as they need. Whoever reads them later takes the newest of each symbol. */
static void record_targets(tw_engine *engine) {
    char memory[TW_JOURNAL_PAYLOAD_SIZE];
    tw_text text = tw_text_over(memory, sizeof memory);
    for (uint32_t s = 0; s < engine->config.symbol_count; s++) {
        engine_symbol *state = &engine->symbols[s];
        if (state->target_nano == state->target_told_nano)
            continue;
        state->target_told_nano = state->target_nano;
        tw_text_append_format(
            &text, text.size == 0 ? "{\"%s\":" : ",\"%s\":", tw_symbols_name(engine->names, s));
        tw_text_append_double(&text, state->target);
        if (text.size > TARGETS_ENTRY_FULL) {
            record_journal(engine, "targets", "%s}", memory);
            tw_text_clear(&text);
        }
    }
    if (text.size > 0)
        record_journal(engine, "targets", "%s}", memory);
}

/* The first decision fixes what the report calls "before". */
void decision_remember_before(tw_engine *engine) {
    engine->first_decision_ns = engine->now_ns;
    engine->report.cash_before = engine->cash;
    engine->report.equity_before = engine->equity;
    for (uint32_t s = 0; s < engine->config.symbol_count; s++) {
        engine_symbol *state = &engine->symbols[s];
        state->quantity_before = state->quantity;
        state->weight_before =
            engine->equity.nano > 0 ? (double)state->value.nano / (double)engine->equity.nano : 0.0;
    }
}

static void decide(tw_engine *engine, const char *cause) {
    bool first = engine->report.decisions == 0;
    bool targeted = strategies_aim(engine, cause);
    if (engine->failure.status != TW_OK)
        return;
    if (engine->first_decision_ns == 0)
        decision_remember_before(engine);
    engine->last_decision_ns = engine->now_ns;
    if (!targeted)
        return;
    if (first)
        decision_risk(engine, engine->weights);
    engine->drifted = false;
    if (strcmp(cause, "drift") != 0)
        engine->idle_decisions = 0; /* it came when it was due */
    engine->report.decisions++;
    tw_rebalance_config config;
    tw_rebalance_plan plan;
    tw_error error = {0};
    plan_config(engine, &config);
    if (engine->targets_fresh)
        stand_targets(engine);
    stand_restrictions(engine);
    tw_status status =
        tw_standing_plan(engine->standing, engine->rebalance, &config, &plan, &error);
    if (status != TW_OK) {
        engine_fail(engine, status, "the plan cannot be computed: %s", error.message);
        return;
    }
    if (engine->targets_fresh)
        record_targets(engine);
    engine->targets_fresh = false;
    record_decision(engine, cause, &plan);
    if (!plan.feasible) {
        engine->report.plans_infeasible++;
        engine->idle_decisions++;
        return;
    }
    engine->report.trades_planned += plan.count;
    engine->report.trades_lower_bound += plan.lower_bound;
    plan_begin(engine, &plan);
    if (plan.count == 0)
        engine->idle_decisions++;
}

void decision_make(tw_engine *engine, const char *cause) {
    TW_ASSERT(!engine->plan.active && !snapshot_is_awaited(engine));
    int64_t began_ns = trace_now(engine);
    decide(engine, cause);
    trace_stage(engine, TW_ENGINE_STAGE_DECIDE, began_ns);
}
