/*
 * run_report_json.c - the report of a run as one JSON document. Money and quantities are strings,
 * so they are exact.
 */
#include <stdio.h>

#include "run_report.h"

static void key(tw_text *text, const char *name) {
    tw_text_append_format(text, "\"%s\":", name);
}

static void number(tw_text *text, const char *name, double value) {
    key(text, name);
    tw_text_append_double(text, value);
    tw_text_append_char(text, ',');
}

static void whole(tw_text *text, const char *name, uint64_t value) {
    tw_text_append_format(text, "\"%s\":%llu,", name, (unsigned long long)value);
}

static void decimal(tw_text *text, const char *name, int64_t nano) {
    char buffer[TW_DECIMAL_TEXT_SIZE];
    tw_decimal_format(nano, buffer);
    tw_text_append_format(text, "\"%s\":\"%s\",", name, buffer);
}

static void string(tw_text *text, const char *name, const char *value) {
    key(text, name);
    tw_text_append_json(text, tw_slice_of(value));
    tw_text_append_char(text, ',');
}

static void point(tw_text *text, const char *name, int64_t time_ns) {
    char buffer[TW_TIME_TEXT_SIZE];
    tw_time_format(time_ns, 9, buffer);
    string(text, name, buffer);
}

/* Ends an object or array whose members were each followed by a comma. */
static void end(tw_text *text, char bracket) {
    if (text->size > 0 && text->data[text->size - 1] == ',')
        text->size--;
    tw_text_append_char(text, bracket);
    tw_text_append_char(text, ',');
}

/* How often each control denied an order. */
static void denied(tw_text *text, const tw_engine_report *engine) {
    tw_text_append_string(text, "\"denied_by\":{");
    for (int i = 0; i < TW_PRETRADE_REASON_COUNT; i++) {
        if (engine->denied[i] > 0)
            whole(text, tw_pretrade_reason_name((tw_pretrade_reason)i), engine->denied[i]);
    }
    end(text, '}');
}

static void json_events(tw_text *text, const run_figures *figures) {
    const tw_engine_report *engine = &figures->engine;
    tw_text_append_string(text, "\"events\":{");
    whole(text, "total", figures->events);
    whole(text, "trades", engine->trades);
    whole(text, "quotes", engine->quotes);
    whole(text, "levels", engine->levels);
    whole(text, "venue_bars", engine->venue_bars);
    whole(text, "bars_built", engine->bars_built);
    whole(text, "book_anomalies", engine->book_anomalies);
    whole(text, "late_trades", engine->late_trades);
    whole(text, "odd_events", engine->odd_events);
    whole(text, "dropped", figures->venue.market_dropped);
    number(text, "per_second", (double)figures->events / figures->seconds);
    end(text, '}');
    tw_text_append_string(text, "\"latency_ns\":{");
    whole(text, "p50", (uint64_t)figures->latency_ns[0]);
    whole(text, "p99", (uint64_t)figures->latency_ns[1]);
    whole(text, "p99_9", (uint64_t)figures->latency_ns[2]);
    whole(text, "max", (uint64_t)figures->latency_max_ns);
    end(text, '}');
}

static void json_store(tw_text *text, const run_session *session, const run_figures *figures) {
    tw_text_append_string(text, "\"store\":{");
    string(text, "path", session->database);
    string(text, "backend", tw_store_backend(session->store));
    string(text, "precautions", tw_store_precautions(session->store));
    whole(text, "rows_put", figures->store.rows_put);
    whole(text, "commits", figures->store.commits);
    whole(text, "syncs", figures->store.syncs);
    for (int t = 0; t < TW_STORE_TABLE_COUNT; t++)
        whole(text, tw_store_table_name((tw_store_table)t), figures->row_counts[t]);
    char hash[2 * TW_STORE_HASH_SIZE + 1];
    for (int i = 0; i < TW_STORE_HASH_SIZE; i++)
        snprintf(hash + 2 * i, 3, "%02x", figures->journal_hash[i]);
    string(text, "journal_hash", hash);
    end(text, '}');
}

static void json_risk(tw_text *text, const tw_engine_report *engine) {
    const tw_risk_report *risk = &engine->risk;
    tw_text_append_string(text, "\"risk\":");
    if (!engine->risk_valid) {
        tw_text_append_string(text, "null,");
        return;
    }
    tw_text_append_char(text, '{');
    whole(text, "observations", risk->observations);
    whole(text, "skipped", risk->skipped);
    number(text, "periods_per_year", risk->periods_per_year);
    number(text, "mean_annual", risk->mean_annual);
    number(text, "volatility_annual", risk->volatility_annual);
    number(text, "sharpe", risk->sharpe);
    number(text, "sortino", risk->sortino);
    number(text, "max_drawdown", risk->max_drawdown);
    number(text, "calmar", risk->calmar);
    number(text, "beta", risk->beta);
    number(text, "tracking_error", risk->tracking_error);
    number(text, "skewness", risk->skewness);
    number(text, "excess_kurtosis", risk->excess_kurtosis);
    number(text, "hhi", risk->exposure.hhi);
    number(text, "effective_assets", risk->exposure.effective_assets);
    tw_text_append_string(text, "\"var\":[");
    for (uint32_t i = 0; i < risk->estimate_count; i++) {
        const tw_risk_estimate *estimate = &risk->estimates[i];
        tw_text_append_char(text, '{');
        number(text, "confidence", estimate->confidence);
        string(text, "method", tw_risk_method_name((tw_risk_method)estimate->method));
        number(text, "value", estimate->value);
        number(text, "expected_shortfall", estimate->expected_shortfall);
        end(text, '}');
    }
    end(text, ']');
    tw_text_append_string(text, "\"conventions\":{");
    tw_risk_config config;
    tw_risk_config_init(&config);
    tw_risk_convention conventions[TW_RISK_CONVENTION_COUNT_MAX];
    size_t count = tw_risk_conventions(&config, conventions);
    for (size_t i = 0; i < count; i++)
        string(text, conventions[i].name, conventions[i].text);
    string(text, "benchmark", "the mean return of all symbols");
    end(text, '}');
    end(text, '}');
}

/* Calls of the user's own strategy. */
static void json_own(tw_text *text, const run_session *session, const tw_engine_report *engine) {
    if (session->strategy.plugin == NULL)
        return;
    tw_text_append_string(text, "\"own_strategy\":{");
    string(text, "path", tw_plugin_path(session->strategy.plugin));
    whole(text, "calls", engine->strategy_calls);
    whole(text, "slow", engine->strategy_slow);
    whole(text, "refused", engine->strategy_refused);
    whole(text, "signals", engine->strategy_signals);
    end(text, '}');
}

static void json_trading(tw_text *text, const tw_engine_report *engine) {
    tw_text_append_string(text, "\"rebalance\":{");
    whole(text, "decisions", engine->decisions);
    whole(text, "infeasible", engine->plans_infeasible);
    whole(text, "trades_planned", engine->trades_planned);
    whole(text, "lower_bound", engine->trades_lower_bound);
    decimal(text, "turnover", engine->turnover.nano);
    end(text, '}');
    tw_text_append_string(text, "\"orders\":{");
    whole(text, "total", engine->orders);
    whole(text, "filled", engine->orders_filled);
    whole(text, "canceled", engine->orders_canceled);
    whole(text, "rejected", engine->orders_rejected);
    whole(text, "open", engine->orders_open);
    whole(text, "unknown", engine->orders_unknown);
    whole(text, "adopted_open", engine->orders_adopted_open);
    whole(text, "denied", engine->orders_denied);
    string(text, "denied_reason", engine->denied_reason);
    denied(text, engine);
    end(text, '}');
    tw_text_append_string(text, "\"kills\":{");
    whole(text, "total", engine->kills);
    string(text, "level", tw_kill_level_name(engine->killed));
    if (engine->kills > 0) {
        string(text, "by", tw_kill_source_name(engine->killed_by));
        point(text, "newest", engine->killed_ns);
    }
    end(text, '}');
    tw_text_append_string(text, "\"fills\":{");
    whole(text, "total", engine->fills);
    whole(text, "repeated", engine->fills_repeated);
    whole(text, "recovered", engine->fills_recovered);
    end(text, '}');
    tw_text_append_string(text, "\"account\":{");
    decimal(text, "cash_before", engine->cash_before.nano);
    decimal(text, "cash_after", engine->cash_after.nano);
    decimal(text, "equity_before", engine->equity_before.nano);
    decimal(text, "equity_after", engine->equity_after.nano);
    whole(text, "differences", engine->differences);
    whole(text, "reconciliations", engine->reconciliations);
    if (engine->reconciled_ns != 0)
        point(text, "reconciled", engine->reconciled_ns);
    whole(text, "foreign_orders", engine->foreign);
    whole(text, "pauses", engine->pauses);
    end(text, '}');
}

static void json_risk_of(tw_text *text, const char *name, const tw_engine_risk *risk) {
    key(text, name);
    if (risk->observations == 0) {
        tw_text_append_string(text, "null,");
        return;
    }
    tw_text_append_char(text, '{');
    whole(text, "observations", risk->observations);
    number(text, "volatility_annual", risk->volatility_annual);
    number(text, "value_at_risk", risk->value_at_risk);
    number(text, "expected_shortfall", risk->expected_shortfall);
    end(text, '}');
}

/* What the owner of the portfolio asks. */
static void json_outcome(tw_text *text, const run_figures *figures) {
    const run_costs *costs = &figures->costs;
    const run_audit *audit = &figures->audit;
    const tw_venue_figures *wire = &figures->wire;
    json_risk_of(text, "risk_before", &figures->risk_before);
    json_risk_of(text, "risk_after", &figures->risk_after);
    tw_text_append_string(text, "\"costs\":{");
    decimal(text, "traded", costs->total.traded.nano);
    decimal(text, "shortfall", costs->total.shortfall.nano);
    number(text, "shortfall_bps", run_cost_bps(&costs->total));
    tw_text_append_string(text, "\"reasons\":{");
    for (uint32_t i = 0; i < costs->reason_count; i++)
        whole(text, costs->reasons[i].why, costs->reasons[i].count);
    end(text, '}');
    end(text, '}');
    tw_text_append_string(text, "\"wire\":{");
    whole(text, "requests", wire->requests);
    whole(text, "refused", wire->answers[4] + wire->answers[5]);
    whole(text, "failures", wire->failures);
    whole(text, "timeouts", wire->timeouts);
    whole(text, "retries", wire->retries);
    whole(text, "losses", wire->losses);
    end(text, '}');
    key(text, "audit");
    if (!audit->made) {
        tw_text_append_string(text, "null,");
        return;
    }
    tw_text_append_char(text, '{');
    whole(text, "faults", audit->faults);
    whole(text, "exchange_orders", audit->exchange_orders);
    whole(text, "intents", audit->intents);
    whole(text, "twice", audit->twice);
    whole(text, "unintended", audit->unintended);
    whole(text, "missing", audit->missing);
    whole(text, "different", audit->different);
    end(text, '}');
}

static void json_positions(tw_text *text, const run_session *session, const run_figures *figures) {
    tw_text_append_string(text, "\"positions\":[");
    for (uint32_t s = 0; s < session->symbol_count; s++) {
        const tw_engine_holding *holding = &figures->holdings[s];
        tw_text_append_char(text, '{');
        string(text, "symbol", tw_symbols_name(session->symbols, s));
        decimal(text, "quantity_before", holding->quantity_before.nano);
        decimal(text, "quantity", holding->quantity_after.nano);
        decimal(text, "average_price", holding->average_price.nano);
        decimal(text, "price", holding->price.nano);
        number(text, "weight_before", holding->weight_before);
        number(text, "weight", holding->weight_after);
        number(text, "target", holding->weight_target);
        number(text, "band_low", holding->band_low);
        number(text, "band_high", holding->band_high);
        number(text, "volatility_annual", holding->volatility);
        number(text, "volatility_share", holding->volatility_share);
        end(text, '}');
    }
    end(text, ']');
}

void run_report_json(tw_text *text, const run_session *session, const run_figures *figures,
                     tw_status ending) {
    const tw_engine_report *engine = &figures->engine;
    tw_text_append_char(text, '{');
    tw_text_append_format(text, "\"run\":%lld,", (long long)session->run_id);
    string(text, "phase", tw_engine_phase_name(engine->phase));
    string(text, "ending",
           ending == TW_OK            ? "done"
           : ending == TW_INTERRUPTED ? "interrupted"
                                      : "failed");
    string(text, "venue", run_venue_name(session));
    string(text, "strategy", run_strategy_word(&session->strategy));
    whole(text, "symbols", session->symbol_count);
    whole(text, "seed", session->exchange_config.seed);
    string(text, "clock", session->stepped ? "step" : "real");
    point(text, "from", engine->started_ns);
    point(text, "to", engine->ended_ns);
    number(text, "seconds", figures->seconds);
    whole(text, "history_days", engine->history_days);
    json_events(text, figures);
    json_store(text, session, figures);
    json_risk(text, engine);
    json_own(text, session, engine);
    json_trading(text, engine);
    json_outcome(text, figures);
    json_positions(text, session, figures);
    end(text, '}');
    text->size--; /* the comma behind the document */
    text->data[text->size] = '\0';
}
