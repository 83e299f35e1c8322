/*
 * run_report_json.c - the report of a run as one JSON document. Money and quantities are strings,
 * so they are exact.
 */
#include <stdio.h>

#include "json_put.h"
#include "run_report.h"

/* How often each control denied an order. */
static void denied(tw_text *text, const tw_engine_report *engine) {
    json_put_open(text, "denied_by", '{');
    for (int i = 0; i < TW_PRETRADE_REASON_COUNT; i++) {
        if (engine->denied[i] > 0)
            json_put_count(text, tw_pretrade_reason_name((tw_pretrade_reason)i), engine->denied[i]);
    }
    tw_text_append_char(text, '}');
}

static void json_events(tw_text *text, const run_figures *figures) {
    const tw_engine_report *engine = &figures->engine;
    json_put_open(text, "events", '{');
    json_put_count(text, "total", figures->events);
    json_put_count(text, "trades", engine->trades);
    json_put_count(text, "quotes", engine->quotes);
    json_put_count(text, "levels", engine->levels);
    json_put_count(text, "venue_bars", engine->venue_bars);
    json_put_count(text, "bars_built", engine->bars_built);
    json_put_count(text, "book_anomalies", engine->book_anomalies);
    json_put_count(text, "late_trades", engine->late_trades);
    json_put_count(text, "odd_events", engine->odd_events);
    json_put_count(text, "dropped", figures->venue.market_dropped);
    json_put_real(text, "per_second", (double)figures->events / figures->seconds);
    tw_text_append_char(text, '}');
    json_put_open(text, "latency_ns", '{');
    json_put_count(text, "p50", (uint64_t)figures->latency_ns[0]);
    json_put_count(text, "p99", (uint64_t)figures->latency_ns[1]);
    json_put_count(text, "p99_9", (uint64_t)figures->latency_ns[2]);
    json_put_count(text, "max", (uint64_t)figures->latency_max_ns);
    tw_text_append_char(text, '}');
}

static void json_store(tw_text *text, const run_session *session, const run_figures *figures) {
    json_put_open(text, "store", '{');
    json_put_word(text, "path", session->database);
    json_put_word(text, "backend", tw_store_backend(session->store));
    json_put_word(text, "precautions", tw_store_precautions(session->store));
    json_put_count(text, "rows_put", figures->store.rows_put);
    json_put_count(text, "commits", figures->store.commits);
    json_put_count(text, "syncs", figures->store.syncs);
    for (int t = 0; t < TW_STORE_TABLE_COUNT; t++)
        json_put_count(text, tw_store_table_name((tw_store_table)t), figures->row_counts[t]);
    char hash[2 * TW_STORE_HASH_SIZE + 1];
    for (int i = 0; i < TW_STORE_HASH_SIZE; i++)
        snprintf(hash + 2 * i, 3, "%02x", figures->journal_hash[i]);
    json_put_word(text, "journal_hash", hash);
    tw_text_append_char(text, '}');
}

static void json_risk(tw_text *text, const tw_engine_report *engine) {
    const tw_risk_report *risk = &engine->risk;
    if (!engine->risk_valid) {
        json_put_null(text, "risk");
        return;
    }
    json_put_open(text, "risk", '{');
    json_put_count(text, "observations", risk->observations);
    json_put_count(text, "skipped", risk->skipped);
    json_put_real(text, "periods_per_year", risk->periods_per_year);
    json_put_real(text, "mean_annual", risk->mean_annual);
    json_put_real(text, "volatility_annual", risk->volatility_annual);
    json_put_real(text, "sharpe", risk->sharpe);
    json_put_real(text, "sortino", risk->sortino);
    json_put_real(text, "max_drawdown", risk->max_drawdown);
    json_put_real(text, "calmar", risk->calmar);
    json_put_real(text, "beta", risk->beta);
    json_put_real(text, "tracking_error", risk->tracking_error);
    json_put_real(text, "skewness", risk->skewness);
    json_put_real(text, "excess_kurtosis", risk->excess_kurtosis);
    json_put_real(text, "hhi", risk->exposure.hhi);
    json_put_real(text, "effective_assets", risk->exposure.effective_assets);
    json_put_open(text, "var", '[');
    for (uint32_t i = 0; i < risk->estimate_count; i++) {
        const tw_risk_estimate *estimate = &risk->estimates[i];
        json_put_open(text, NULL, '{');
        json_put_real(text, "confidence", estimate->confidence);
        json_put_word(text, "method", tw_risk_method_name((tw_risk_method)estimate->method));
        json_put_real(text, "value", estimate->value);
        json_put_real(text, "expected_shortfall", estimate->expected_shortfall);
        tw_text_append_char(text, '}');
    }
    tw_text_append_char(text, ']');
    json_put_open(text, "conventions", '{');
    tw_risk_config config;
    tw_risk_config_init(&config);
    tw_risk_convention conventions[TW_RISK_CONVENTION_COUNT_MAX];
    size_t count = tw_risk_conventions(&config, conventions);
    for (size_t i = 0; i < count; i++)
        json_put_word(text, conventions[i].name, conventions[i].text);
    json_put_word(text, "benchmark", "the mean return of all symbols");
    tw_text_append_char(text, '}');
    tw_text_append_char(text, '}');
}

/* Calls of the user's own strategy. */
static void json_own(tw_text *text, const run_session *session, const tw_engine_report *engine) {
    if (session->strategy.plugin == NULL)
        return;
    json_put_open(text, "own_strategy", '{');
    json_put_word(text, "path", tw_plugin_path(session->strategy.plugin));
    json_put_count(text, "calls", engine->strategy_calls);
    json_put_count(text, "slow", engine->strategy_slow);
    json_put_count(text, "refused", engine->strategy_refused);
    json_put_count(text, "signals", engine->strategy_signals);
    tw_text_append_char(text, '}');
}

static void json_trading(tw_text *text, const tw_engine_report *engine) {
    json_put_open(text, "rebalance", '{');
    json_put_count(text, "decisions", engine->decisions);
    json_put_count(text, "infeasible", engine->plans_infeasible);
    json_put_count(text, "trades_planned", engine->trades_planned);
    json_put_count(text, "lower_bound", engine->trades_lower_bound);
    json_put_decimal(text, "turnover", engine->turnover.nano);
    tw_text_append_char(text, '}');
    json_put_open(text, "orders", '{');
    json_put_count(text, "total", engine->orders);
    json_put_count(text, "filled", engine->orders_filled);
    json_put_count(text, "canceled", engine->orders_canceled);
    json_put_count(text, "rejected", engine->orders_rejected);
    json_put_count(text, "open", engine->orders_open);
    json_put_count(text, "unknown", engine->orders_unknown);
    json_put_count(text, "adopted_open", engine->orders_adopted_open);
    json_put_count(text, "resent", engine->orders_resent);
    json_put_count(text, "cancels_held", engine->cancels_held);
    json_put_count(text, "denied", engine->orders_denied);
    json_put_word(text, "denied_reason", engine->denied_reason);
    denied(text, engine);
    tw_text_append_char(text, '}');
    json_put_open(text, "kills", '{');
    json_put_count(text, "total", engine->kills);
    json_put_word(text, "level", tw_kill_level_name(engine->killed));
    if (engine->kills > 0) {
        json_put_word(text, "by", tw_kill_source_name(engine->killed_by));
        json_put_time(text, "newest", engine->killed_ns);
    }
    tw_text_append_char(text, '}');
    json_put_open(text, "fills", '{');
    json_put_count(text, "total", engine->fills);
    json_put_count(text, "repeated", engine->fills_repeated);
    json_put_count(text, "recovered", engine->fills_recovered);
    tw_text_append_char(text, '}');
    json_put_open(text, "account", '{');
    json_put_decimal(text, "cash_before", engine->cash_before.nano);
    json_put_decimal(text, "cash_after", engine->cash_after.nano);
    json_put_decimal(text, "equity_before", engine->equity_before.nano);
    json_put_decimal(text, "equity_after", engine->equity_after.nano);
    json_put_count(text, "differences", engine->differences);
    json_put_count(text, "reconciliations", engine->reconciliations);
    if (engine->reconciled_ns != 0)
        json_put_time(text, "reconciled", engine->reconciled_ns);
    json_put_count(text, "foreign_orders", engine->foreign);
    json_put_count(text, "pauses", engine->pauses);
    tw_text_append_char(text, '}');
}

static void json_risk_of(tw_text *text, const char *name, const tw_engine_risk *risk) {
    if (risk->observations == 0) {
        json_put_null(text, name);
        return;
    }
    json_put_open(text, name, '{');
    json_put_count(text, "observations", risk->observations);
    json_put_real(text, "volatility_annual", risk->volatility_annual);
    json_put_real(text, "value_at_risk", risk->value_at_risk);
    json_put_real(text, "expected_shortfall", risk->expected_shortfall);
    tw_text_append_char(text, '}');
}

/* What the owner of the portfolio asks. */
static void json_outcome(tw_text *text, const run_figures *figures) {
    const run_costs *costs = &figures->costs;
    const run_audit *audit = &figures->audit;
    const tw_venue_figures *wire = &figures->wire;
    json_risk_of(text, "risk_before", &figures->risk_before);
    json_risk_of(text, "risk_after", &figures->risk_after);
    json_put_open(text, "costs", '{');
    json_put_decimal(text, "traded", costs->total.traded.nano);
    json_put_decimal(text, "shortfall", costs->total.shortfall.nano);
    json_put_real(text, "shortfall_bps", run_cost_bps(&costs->total));
    json_put_open(text, "reasons", '{');
    for (uint32_t i = 0; i < costs->reason_count; i++)
        json_put_count(text, costs->reasons[i].why, costs->reasons[i].count);
    tw_text_append_char(text, '}');
    tw_text_append_char(text, '}');
    json_put_open(text, "wire", '{');
    json_put_count(text, "requests", wire->requests);
    json_put_count(text, "refused", wire->answers[4] + wire->answers[5]);
    json_put_count(text, "failures", wire->failures);
    json_put_count(text, "timeouts", wire->timeouts);
    json_put_count(text, "retries", wire->retries);
    json_put_count(text, "losses", wire->losses);
    tw_text_append_char(text, '}');
    if (!audit->made) {
        json_put_null(text, "audit");
        return;
    }
    json_put_open(text, "audit", '{');
    json_put_count(text, "faults", audit->faults);
    json_put_count(text, "exchange_orders", audit->exchange_orders);
    json_put_count(text, "intents", audit->intents);
    json_put_count(text, "twice", audit->twice);
    json_put_count(text, "unintended", audit->unintended);
    json_put_count(text, "missing", audit->missing);
    json_put_count(text, "different", audit->different);
    tw_text_append_char(text, '}');
}

static void json_positions(tw_text *text, const run_session *session, const run_figures *figures) {
    json_put_open(text, "positions", '[');
    for (uint32_t s = 0; s < session->symbol_count; s++) {
        const tw_engine_holding *holding = &figures->holdings[s];
        json_put_open(text, NULL, '{');
        json_put_word(text, "symbol", tw_symbols_name(session->symbols, s));
        json_put_decimal(text, "quantity_before", holding->quantity_before.nano);
        json_put_decimal(text, "quantity", holding->quantity_after.nano);
        json_put_decimal(text, "average_price", holding->average_price.nano);
        json_put_decimal(text, "price", holding->price.nano);
        json_put_real(text, "weight_before", holding->weight_before);
        json_put_real(text, "weight", holding->weight_after);
        json_put_real(text, "target", holding->weight_target);
        json_put_real(text, "band_low", holding->band_low);
        json_put_real(text, "band_high", holding->band_high);
        json_put_real(text, "volatility_annual", holding->volatility);
        json_put_real(text, "volatility_share", holding->volatility_share);
        tw_text_append_char(text, '}');
    }
    tw_text_append_char(text, ']');
}

void run_report_json(tw_text *text, const run_session *session, const run_figures *figures,
                     tw_status ending) {
    const tw_engine_report *engine = &figures->engine;
    json_put_open(text, NULL, '{');
    json_put_count(text, "run", (uint64_t)session->run_id);
    json_put_word(text, "phase", tw_engine_phase_name(engine->phase));
    json_put_word(text, "ending",
                  ending == TW_OK            ? "done"
                  : ending == TW_INTERRUPTED ? "interrupted"
                                             : "failed");
    json_put_word(text, "venue", run_venue_name(session));
    json_put_word(text, "strategy", run_strategy_word(&session->strategy));
    json_put_count(text, "symbols", session->symbol_count);
    json_put_count(text, "seed", session->exchange_config.seed);
    json_put_word(text, "clock", session->stepped ? "step" : "real");
    json_put_time(text, "from", engine->started_ns);
    json_put_time(text, "to", engine->ended_ns);
    json_put_real(text, "seconds", figures->seconds);
    json_put_count(text, "history_days", engine->history_days);
    json_events(text, figures);
    json_store(text, session, figures);
    json_risk(text, engine);
    json_own(text, session, engine);
    json_trading(text, engine);
    json_outcome(text, figures);
    json_positions(text, session, figures);
    tw_text_append_char(text, '}');
}
