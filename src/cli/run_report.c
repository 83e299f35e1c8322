/*
 * run_report.c - what a run did: for people, for machines, and into the store.
 *
 * The JSON document is made once; the store keeps the same bytes that --json prints. Money and
 * quantities are strings, so they are exact.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run_session.h"

enum { REPORT_SIZE = 4 * 1024 * 1024 };

/* Everything the report shows, taken at one moment. */
typedef struct run_figures {
    tw_engine_report engine;
    tw_engine_holding *holdings;
    tw_venue_counts venue;
    tw_store_figures store;
    uint64_t row_counts[TW_STORE_TABLE_COUNT];
    uint8_t journal_hash[TW_STORE_HASH_SIZE];
    double seconds;
    int64_t latency_ns[3]; /* p50, p99, p99.9 */
    int64_t latency_max_ns;
    uint64_t events;
} run_figures;

static tw_status take_figures(run_session *session, run_figures *figures, tw_error *error) {
    static const double quantiles[] = {0.5, 0.99, 0.999};
    *figures = (run_figures){0};
    figures->holdings = TW_NEW(NULL, session->symbol_count, tw_engine_holding);
    if (figures->holdings == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for the report");
    tw_engine_get_report(session->engine, &figures->engine, figures->holdings);
    tw_venue_counts_of(session->venue, &figures->venue);
    const tw_histogram *latency = tw_engine_latency(session->engine);
    tw_histogram_quantiles(latency, quantiles, 3, figures->latency_ns);
    figures->latency_max_ns = tw_histogram_max(latency);
    figures->seconds = (double)(session->finished_ns - session->started_ns) / 1e9;
    figures->events = figures->engine.trades + figures->engine.quotes + figures->engine.levels +
                      figures->engine.venue_bars;
    tw_store_read_figures(session->store, &figures->store);
    tw_status status = TW_OK;
    for (int t = 0; status == TW_OK && t < TW_STORE_TABLE_COUNT; t++)
        status =
            tw_store_count_rows(session->store, (tw_store_table)t, &figures->row_counts[t], error);
    if (status == TW_OK)
        status = tw_store_journal_hash(session->store, figures->journal_hash, error);
    return status;
}

static void figures_done(const run_session *session, run_figures *figures) {
    TW_DELETE(NULL, figures->holdings, session->symbol_count, tw_engine_holding);
}

/* ---- JSON ---------------------------------------------------------------------------------- */

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
    number(text, "hhi", risk->hhi);
    number(text, "effective_assets", risk->effective_assets);
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
    size_t count = 0;
    const tw_risk_convention *conventions = tw_risk_conventions(&count);
    for (size_t i = 0; i < count; i++)
        string(text, conventions[i].name, conventions[i].text);
    string(text, "benchmark", "the mean return of all symbols");
    end(text, '}');
    end(text, '}');
}

static void json_trading(tw_text *text, const tw_engine_report *engine) {
    tw_text_append_string(text, "\"rebalance\":{");
    whole(text, "decisions", engine->decisions);
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
    whole(text, "denied", engine->orders_denied);
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
    whole(text, "pauses", engine->pauses);
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

static void json_report(tw_text *text, const run_session *session, const run_figures *figures) {
    const tw_engine_report *engine = &figures->engine;
    tw_text_append_char(text, '{');
    tw_text_append_format(text, "\"run\":%lld,", (long long)session->run_id);
    string(text, "phase", tw_engine_phase_name(engine->phase));
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
    json_trading(text, engine);
    json_positions(text, session, figures);
    end(text, '}');
    text->size--; /* the comma behind the document */
    text->data[text->size] = '\0';
}

/* ---- for people ---------------------------------------------------------------------------- */

static const char *money(int64_t nano, char *buffer) {
    int64_t cents = 0;
    if (tw_decimal_quantize(nano, TW_NANO / 100, TW_ROUND_HALF_EVEN, &cents) != TW_OK)
        cents = nano;
    tw_decimal_format_fixed(cents, 2, buffer);
    return buffer;
}

static void print_overview(const run_session *session, const run_figures *figures) {
    const tw_engine_report *engine = &figures->engine;
    char from[TW_TIME_TEXT_SIZE];
    char to[TW_TIME_TEXT_SIZE];
    tw_time_format(engine->started_ns, 0, from);
    tw_time_format(engine->ended_ns, 0, to);
    printf("\nRun %lld: %u symbols, %s to %s, in %.1f s\n\n", (long long)session->run_id,
           session->symbol_count, from, to, figures->seconds);
    printf("  market     %llu events, %.0f a second: %llu trades, %llu levels, %llu quotes, %llu "
           "bars\n",
           (unsigned long long)figures->events, (double)figures->events / figures->seconds,
           (unsigned long long)engine->trades, (unsigned long long)engine->levels,
           (unsigned long long)engine->quotes, (unsigned long long)engine->venue_bars);
    printf("  built      %llu bars of five timeframes, %llu late trades, %llu book anomalies\n",
           (unsigned long long)engine->bars_built, (unsigned long long)engine->late_trades,
           (unsigned long long)engine->book_anomalies);
    printf("  latency    tick to decision p50 %.1f us, p99 %.1f us, p99.9 %.1f us\n",
           (double)figures->latency_ns[0] / 1e3, (double)figures->latency_ns[1] / 1e3,
           (double)figures->latency_ns[2] / 1e3);
    printf("  stored     %llu trades, %llu bars, %llu orders, %llu fills, %llu journal entries\n",
           (unsigned long long)figures->row_counts[TW_STORE_TRADES],
           (unsigned long long)figures->row_counts[TW_STORE_BARS],
           (unsigned long long)figures->row_counts[TW_STORE_ORDERS],
           (unsigned long long)figures->row_counts[TW_STORE_FILLS],
           (unsigned long long)figures->row_counts[TW_STORE_JOURNAL]);
}

static void print_risk(const tw_engine_report *engine) {
    const tw_risk_report *risk = &engine->risk;
    if (!engine->risk_valid) {
        printf("  risk       no history long enough to measure it by\n");
        return;
    }
    printf("  risk       over %zu days: volatility %.1f%% a year, Sharpe %.2f, worst drawdown "
           "%.1f%%, beta %.2f\n",
           risk->observations, 100.0 * risk->volatility_annual, risk->sharpe,
           100.0 * risk->max_drawdown, risk->beta);
    for (uint32_t i = 0; i < risk->estimate_count; i++) {
        const tw_risk_estimate *estimate = &risk->estimates[i];
        if (estimate->method == TW_RISK_HISTORICAL)
            printf("             one day in %.0f loses more than %.2f%%, on average %.2f%%\n",
                   1.0 / (1.0 - estimate->confidence), 100.0 * estimate->value,
                   100.0 * estimate->expected_shortfall);
    }
}

static void print_trading(const tw_engine_report *engine) {
    char before[TW_DECIMAL_TEXT_SIZE];
    char after[TW_DECIMAL_TEXT_SIZE];
    char turnover[TW_DECIMAL_TEXT_SIZE];
    printf("  decided    %llu times: %llu trades planned, proven to be at least %llu\n",
           (unsigned long long)engine->decisions, (unsigned long long)engine->trades_planned,
           (unsigned long long)engine->trades_lower_bound);
    printf("  orders     %llu: %llu filled, %llu cancelled, %llu rejected, %llu open, %llu "
           "unknown; %llu denied by checks\n",
           (unsigned long long)engine->orders, (unsigned long long)engine->orders_filled,
           (unsigned long long)engine->orders_canceled, (unsigned long long)engine->orders_rejected,
           (unsigned long long)engine->orders_open, (unsigned long long)engine->orders_unknown,
           (unsigned long long)engine->orders_denied);
    printf("  fills      %llu, turnover %s\n", (unsigned long long)engine->fills,
           money(engine->turnover.nano, turnover));
    printf("  equity     %s before, %s after", money(engine->equity_before.nano, before),
           money(engine->equity_after.nano, after));
    printf("; cash %s before, %s after\n\n", money(engine->cash_before.nano, before),
           money(engine->cash_after.nano, after));
}

static void print_holdings(const run_session *session, const run_figures *figures) {
    printf("  %-8s %10s %12s %9s %9s %9s  %-17s %10s\n", "symbol", "quantity", "price", "before",
           "after", "target", "band", "risk share");
    for (uint32_t s = 0; s < session->symbol_count; s++) {
        const tw_engine_holding *holding = &figures->holdings[s];
        char quantity[TW_DECIMAL_TEXT_SIZE];
        char price[TW_DECIMAL_TEXT_SIZE];
        bool inside = holding->weight_after >= holding->band_low &&
                      holding->weight_after <= holding->band_high;
        tw_decimal_format(holding->quantity_after.nano, quantity);
        printf("  %-8s %10s %12s %8.2f%% %8.2f%% %8.2f%%  %5.2f%% to %5.2f%%%c %9.1f%%\n",
               tw_symbols_name(session->symbols, s), quantity, money(holding->price.nano, price),
               100.0 * holding->weight_before, 100.0 * holding->weight_after,
               100.0 * holding->weight_target, 100.0 * holding->band_low,
               100.0 * holding->band_high, inside ? ' ' : '!', 100.0 * holding->volatility_share);
    }
    printf("\n");
}

static void print_people(const run_session *session, const run_figures *figures) {
    print_overview(session, figures);
    print_risk(&figures->engine);
    print_trading(&figures->engine);
    print_holdings(session, figures);
    printf("Everything is in %s\n", session->database);
    printf("  tradewind stats %s --db %s\n", tw_symbols_name(session->symbols, 0),
           session->database);
    printf("  tradewind bars --db %s --timeframes 1m\n", session->database);
}

/* ---- out ----------------------------------------------------------------------------------- */

/* Makes the JSON of the moment; the caller releases REPORT_SIZE chars. */
static tw_status make_json(run_session *session, char **ret_memory, tw_text *ret_text,
                           tw_error *error) {
    run_figures figures;
    char *memory = TW_NEW(NULL, REPORT_SIZE, char);
    if (memory == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for the report");
    tw_status status = take_figures(session, &figures, error);
    if (status == TW_OK) {
        *ret_text = tw_text_over(memory, REPORT_SIZE);
        json_report(ret_text, session, &figures);
        if (ret_text->truncated)
            status = tw_error_set(error, TW_FULL, "the report is too large");
    }
    figures_done(session, &figures);
    if (status != TW_OK)
        TW_DELETE(NULL, memory, REPORT_SIZE, char);
    else
        *ret_memory = memory;
    return status;
}

tw_status run_report_print(run_session *session, tw_status ending, tw_error *error) {
    tw_status status;
    (void)ending;
    if (session->options->json) {
        char *memory = NULL;
        tw_text text;
        status = make_json(session, &memory, &text, error);
        if (status == TW_OK)
            puts(memory);
        TW_DELETE(NULL, memory, REPORT_SIZE, char);
    } else {
        run_figures figures;
        status = take_figures(session, &figures, error);
        if (status == TW_OK)
            print_people(session, &figures);
        figures_done(session, &figures);
    }
    if (status == TW_OK && (fflush(stdout) != 0 || ferror(stdout) != 0))
        status = tw_error_set(error, TW_IO, "the report could not be written");
    return status;
}

tw_status run_report_store(run_session *session, tw_error *error) {
    tw_engine_report report;
    run_figures figures;
    char *memory = NULL;
    tw_text text;
    tw_status status = take_figures(session, &figures, error);
    for (uint32_t s = 0; status == TW_OK && s < session->symbol_count; s++) {
        tw_position position = {.quantity = figures.holdings[s].quantity_after,
                                .current_price = figures.holdings[s].price,
                                .symbol = s};
        status = tw_store_put_positions(session->store, session->run_id, figures.engine.ended_ns,
                                        &position, 1, error);
    }
    report = figures.engine;
    figures_done(session, &figures);
    if (status == TW_OK)
        status = make_json(session, &memory, &text, error);
    if (status != TW_OK)
        return status;
    tw_store_run run = {
        .id = session->run_id,
        .started_ns = session->wall_started_ns,
        .ended_ns = tw_time_wall_ns(),
        .seed = session->exchange_config.seed,
        .venue = tw_slice_of(session->options->venue == RUN_DEMO    ? "demo"
                             : session->options->venue == RUN_PAPER ? "paper"
                                                                    : "live"),
        .strategy = tw_slice_of(tw_engine_phase_name(report.phase)),
        .report = tw_text_slice(&text),
    };
    status = tw_store_put_run(session->store, &run, NULL, error);
    TW_DELETE(NULL, memory, REPORT_SIZE, char);
    return status == TW_OK ? tw_store_commit(session->store, TW_STORE_FULL, error) : status;
}
