/*
 * run_report.c - what a run did: for people, for machines, and into the store.
 *
 * The JSON document is made once; the store keeps the same bytes that --json prints. Money and
 * quantities are strings, so they are exact.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run_session.h"

enum { REPORT_SIZE = 4 * 1024 * 1024 };

/* Everything the report shows, taken at one moment. */
struct run_figures {
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
};

const char *run_venue_name(const run_session *session) {
    switch ((run_venue)session->options->venue) {
    case RUN_DEMO:
        return "demo";
    case RUN_PAPER:
        return "paper";
    case RUN_LIVE:
        return "live";
    }
    return "?";
}

const char *run_strategy_name(const run_session *session) {
    return tw_strategy_name(session->targets != NULL ? TW_STRATEGY_TARGETS
                                                     : (tw_strategy)session->options->strategy);
}

tw_status run_report_measure(run_session *session, run_figures **ret_figures, tw_error *error) {
    static const double quantiles[] = {0.5, 0.99, 0.999};
    run_figures *figures = TW_NEW(NULL, 1, run_figures);
    tw_engine_holding *holdings = TW_NEW(NULL, session->symbol_count, tw_engine_holding);
    if (figures == NULL || holdings == NULL) {
        TW_DELETE(NULL, holdings, session->symbol_count, tw_engine_holding);
        TW_DELETE(NULL, figures, 1, run_figures);
        return tw_error_set(error, TW_NO_MEMORY, "no memory for the report");
    }
    figures->holdings = holdings;
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
    if (status == TW_OK)
        *ret_figures = figures;
    else
        run_report_free(session, figures);
    return status;
}

void run_report_free(const run_session *session, run_figures *figures) {
    if (figures == NULL)
        return;
    TW_DELETE(NULL, figures->holdings, session->symbol_count, tw_engine_holding);
    TW_DELETE(NULL, figures, 1, run_figures);
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

static void json_report(tw_text *text, const run_session *session, const run_figures *figures,
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
    string(text, "strategy", run_strategy_name(session));
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

/* How the report looks: with colours on a terminal, and never with NO_COLOR (no-color.org). */
typedef struct report_look {
    const char *strong;
    const char *faint;
    const char *good;
    const char *bad;
    const char *plain;
} report_look;

static report_look choose_look(void) {
    const char *no_color = secure_getenv("NO_COLOR");
    const char *terminal = secure_getenv("TERM");
    bool colours = isatty(STDOUT_FILENO) && (no_color == NULL || no_color[0] == '\0') &&
                   terminal != NULL && strcmp(terminal, "dumb") != 0;
    if (!colours)
        return (report_look){"", "", "", "", ""};
    return (report_look){"\033[1m", "\033[2m", "\033[32m", "\033[31m", "\033[0m"};
}

/* "1234567.5" becomes "1,234,567.5". */
static const char *grouped(const char *digits, char *buffer, size_t capacity) {
    tw_text text = tw_text_over(buffer, capacity);
    if (digits[0] == '-')
        tw_text_append_char(&text, *digits++);
    size_t whole = strspn(digits, "0123456789");
    for (size_t i = 0; digits[i] != '\0'; i++) {
        if (i > 0 && i < whole && (whole - i) % 3 == 0)
            tw_text_append_char(&text, ',');
        tw_text_append_char(&text, digits[i]);
    }
    return buffer;
}

/* Text of figures lives in the caller's array of these, one a figure. */
typedef char figure[TW_DECIMAL_TEXT_SIZE + 16];

static const char *money(int64_t nano, figure buffer) {
    char digits[TW_DECIMAL_TEXT_SIZE];
    int64_t cents = 0;
    if (tw_decimal_quantize(nano, TW_NANO / 100, TW_ROUND_HALF_EVEN, &cents) != TW_OK)
        cents = nano;
    tw_decimal_format_fixed(cents, 2, digits);
    return grouped(digits, buffer, sizeof(figure));
}

static const char *count(uint64_t value, figure buffer) {
    char digits[24];
    snprintf(digits, sizeof digits, "%llu", (unsigned long long)value);
    return grouped(digits, buffer, sizeof(figure));
}

/* A span in the unit that shows it with three digits or so. */
static const char *span(int64_t ns, figure buffer) {
    if (ns < 10000)
        snprintf(buffer, sizeof(figure), "%lld ns", (long long)ns);
    else if (ns < TW_NS_PER_MS)
        snprintf(buffer, sizeof(figure), "%.1f us", (double)ns / 1e3);
    else
        snprintf(buffer, sizeof(figure), "%.2f ms", (double)ns / 1e6);
    return buffer;
}

static const char *share(double value, figure buffer) {
    if (isfinite(value))
        snprintf(buffer, sizeof(figure), "%.2f%%", 100.0 * value);
    else
        snprintf(buffer, sizeof(figure), "-");
    return buffer;
}

static void print_title(const run_session *session, const run_figures *figures,
                        const report_look *look) {
    const tw_engine_report *engine = &figures->engine;
    char from[TW_TIME_TEXT_SIZE];
    char to[TW_TIME_TEXT_SIZE];
    tw_time_format(engine->started_ns, 0, from);
    tw_time_format(engine->ended_ns, 0, to);
    printf("\n%sRun %lld%s  %s, %u symbols, strategy %s", look->strong, (long long)session->run_id,
           look->plain, run_venue_name(session), session->symbol_count, run_strategy_name(session));
    if (session->exchange != NULL)
        printf(", seed %llu", (unsigned long long)session->exchange_config.seed);
    printf("\n       %s to %s of the venue's time, in %.1f s", from, to, figures->seconds);
    if (engine->phase == TW_ENGINE_FAILED)
        printf("; %sfailed%s", look->bad, look->plain);
    else if (engine->phase != TW_ENGINE_DONE)
        printf("; %sended early%s, while %s", look->bad, look->plain,
               tw_engine_phase_name(engine->phase));
    printf("\n\n");
}

static void print_market(const run_session *session, const run_figures *figures) {
    const tw_engine_report *engine = &figures->engine;
    figure text[6];
    double rate = figures->seconds > 0.0 ? (double)figures->events / figures->seconds : 0.0;
    printf("  market     %s events, %s a second: %s trades, %s levels, %s quotes, %s bars\n",
           count(figures->events, text[0]), count((uint64_t)rate, text[1]),
           count(engine->trades, text[2]), count(engine->levels, text[3]),
           count(engine->quotes, text[4]), count(engine->venue_bars, text[5]));
    printf("  built      %s bars of five timeframes; %s late trades, %s book anomalies\n",
           count(engine->bars_built, text[0]), count(engine->late_trades, text[1]),
           count(engine->book_anomalies, text[2]));
    if (figures->venue.market_dropped > 0)
        printf("  dropped    %s events: the machine did not keep up, books were read anew\n",
               count(figures->venue.market_dropped, text[0]));
    printf("  latency    tick to decision: p50 %s, p99 %s, p99.9 %s%s\n",
           span(figures->latency_ns[0], text[0]), span(figures->latency_ns[1], text[1]),
           span(figures->latency_ns[2], text[2]),
           session->stepped ? " (stepped: waits included)" : "");
    printf("  stored     %s trades, %s bars, %s orders, %s fills, %s journal entries\n",
           count(figures->row_counts[TW_STORE_TRADES], text[0]),
           count(figures->row_counts[TW_STORE_BARS], text[1]),
           count(figures->row_counts[TW_STORE_ORDERS], text[2]),
           count(figures->row_counts[TW_STORE_FILLS], text[3]),
           count(figures->row_counts[TW_STORE_JOURNAL], text[4]));
}

static void print_risk(const tw_engine_report *engine) {
    const tw_risk_report *risk = &engine->risk;
    if (!engine->risk_valid) {
        printf("  risk       no history long enough to measure it by\n");
        return;
    }
    printf("  risk       targets over %zu days: volatility %.1f%% a year, Sharpe %.2f, "
           "worst drawdown "
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

static void print_orders(const tw_engine_report *engine) {
    figure text[7];
    printf("  decided    %s %s: %s %s planned, ", count(engine->decisions, text[0]),
           engine->decisions == 1 ? "time" : "times", count(engine->trades_planned, text[1]),
           engine->trades_planned == 1 ? "trade" : "trades");
    if (engine->trades_planned == engine->trades_lower_bound)
        printf("the fewest possible\n");
    else
        printf("at least %s are needed\n", count(engine->trades_lower_bound, text[2]));
    if (engine->plans_infeasible > 0)
        printf(
            "             %s of them found no way into the bands; see `decision` in the journal\n",
            count(engine->plans_infeasible, text[0]));
    printf(
        "  orders     %s: %s filled, %s cancelled, %s rejected, %s open, %s unknown; %s denied by "
        "checks\n",
        count(engine->orders, text[0]), count(engine->orders_filled, text[1]),
        count(engine->orders_canceled, text[2]), count(engine->orders_rejected, text[3]),
        count(engine->orders_open, text[4]), count(engine->orders_unknown, text[5]),
        count(engine->orders_denied, text[6]));
    if (engine->orders_denied > 0)
        printf("             the newest was denied for its %s\n", engine->denied_reason);
    if (engine->kills > 0)
        printf("  killed     %s, the newest by %s; level now: %s\n", count(engine->kills, text[0]),
               tw_kill_source_name(engine->killed_by), tw_kill_level_name(engine->killed));
    printf("  fills      %s, turnover %s\n", count(engine->fills, text[0]),
           money(engine->turnover.nano, text[1]));
}

static void print_account(const tw_engine_report *engine, const report_look *look) {
    figure text[5];
    if (engine->decisions == 0) {
        printf("  equity     %s; nothing was decided\n\n",
               money(engine->equity_after.nano, text[0]));
        return;
    }
    int64_t gain = engine->equity_after.nano - engine->equity_before.nano;
    printf("  equity     %s -> %s", money(engine->equity_before.nano, text[0]),
           money(engine->equity_after.nano, text[1]));
    printf("  %s%s%s%s", gain < 0 ? look->bad : look->good, gain < 0 ? "" : "+",
           money(gain, text[2]), look->plain);
    if (engine->equity_before.nano > 0)
        printf(" (%+.3f%%)", 100.0 * (double)gain / (double)engine->equity_before.nano);
    printf("; cash %s -> %s\n\n", money(engine->cash_before.nano, text[3]),
           money(engine->cash_after.nano, text[4]));
}

static void print_holding(const char *name, const tw_engine_holding *holding,
                          const report_look *look) {
    char digits[TW_DECIMAL_TEXT_SIZE];
    char band[48];
    figure text[6];
    bool inside =
        holding->weight_after >= holding->band_low && holding->weight_after <= holding->band_high;
    tw_decimal_format(holding->quantity_after.nano, digits);
    snprintf(band, sizeof band, "%.2f%% to %.2f%%", 100.0 * holding->band_low,
             100.0 * holding->band_high);
    printf("  %-8s %10s %12s %9s %s%9s%s %9s %18s %s%c%s %9s\n", name,
           grouped(digits, text[0], sizeof(figure)), money(holding->price.nano, text[1]),
           share(holding->weight_before, text[2]), inside ? look->good : look->bad,
           share(holding->weight_after, text[3]), look->plain,
           share(holding->weight_target, text[4]), band, look->bad, inside ? ' ' : '!', look->plain,
           share(holding->volatility_share, text[5]));
}

static void print_holdings(const run_session *session, const run_figures *figures,
                           const report_look *look) {
    uint32_t outside = 0;
    printf("  %s%-8s %10s %12s %9s %9s %9s %18s   %9s%s\n", look->strong, "symbol", "quantity",
           "price", "before", "after", "target", "band", "of risk", look->plain);
    for (uint32_t s = 0; s < session->symbol_count; s++) {
        const tw_engine_holding *holding = &figures->holdings[s];
        print_holding(tw_symbols_name(session->symbols, s), holding, look);
        outside +=
            holding->weight_after < holding->band_low || holding->weight_after > holding->band_high;
    }
    if (outside > 0)
        printf("  %s!%s  outside of its band\n", look->bad, look->plain);
    printf("\n");
}

static void print_people(const run_session *session, const run_figures *figures) {
    report_look look = choose_look();
    if (figures->engine.started_ns == 0)
        return;
    print_title(session, figures, &look);
    print_market(session, figures);
    print_risk(&figures->engine);
    print_orders(&figures->engine);
    print_account(&figures->engine, &look);
    print_holdings(session, figures, &look);
    printf("Everything is in %s\n%s", session->database, look.faint);
    printf("  %s stats %s --db %s\n", program_invocation_name, tw_symbols_name(session->symbols, 0),
           session->database);
    printf("  %s bars --db %s --timeframes 1m%s\n", program_invocation_name, session->database,
           look.plain);
}

/* ---- out ----------------------------------------------------------------------------------- */

/* Makes the JSON of the moment; the caller releases REPORT_SIZE chars. */
static tw_status make_json(const run_session *session, const run_figures *figures, tw_status ending,
                           tw_text *ret_text, tw_error *error) {
    char *memory = TW_NEW(NULL, REPORT_SIZE, char);
    if (memory == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for the report");
    *ret_text = tw_text_over(memory, REPORT_SIZE);
    json_report(ret_text, session, figures, ending);
    if (!ret_text->truncated)
        return TW_OK;
    TW_DELETE(NULL, memory, REPORT_SIZE, char);
    *ret_text = (tw_text){0};
    return tw_error_set(error, TW_FULL, "the report is too large");
}

tw_status run_report_print(const run_session *session, const run_figures *figures, tw_status ending,
                           tw_error *error) {
    tw_status status = TW_OK;
    if (session->options->json) {
        tw_text text = {0};
        status = make_json(session, figures, ending, &text, error);
        if (status == TW_OK)
            puts(text.data);
        TW_DELETE(NULL, text.data, REPORT_SIZE, char);
    } else {
        print_people(session, figures);
    }
    if (status == TW_OK && (fflush(stdout) != 0 || ferror(stdout) != 0))
        status = tw_error_set_errno(error, errno, "the report could not be written");
    return status;
}

/* The positions at the end, and what they change in the figures. */
static tw_status store_positions(run_session *session, run_figures *figures, tw_error *error) {
    tw_status status = TW_OK;
    for (uint32_t s = 0; status == TW_OK && s < session->symbol_count; s++) {
        tw_position position = {.quantity = figures->holdings[s].quantity_after,
                                .average_price = figures->holdings[s].average_price,
                                .current_price = figures->holdings[s].price,
                                .symbol = s};
        status = tw_store_put_positions(session->store, session->run_id, figures->engine.ended_ns,
                                        &position, 1, error);
    }
    if (status != TW_OK)
        return status;
    tw_store_read_figures(session->store, &figures->store);
    return tw_store_count_rows(session->store, TW_STORE_POSITIONS,
                               &figures->row_counts[TW_STORE_POSITIONS], error);
}

tw_status run_report_store(run_session *session, run_figures *figures, tw_status ending,
                           tw_error *error) {
    tw_text text = {0};
    tw_status status = store_positions(session, figures, error);
    if (status == TW_OK)
        status = make_json(session, figures, ending, &text, error);
    if (status != TW_OK)
        return status;
    tw_store_run run = {
        .id = session->run_id,
        .started_ns = session->wall_started_ns,
        .ended_ns = tw_time_wall_ns(),
        .seed = session->exchange_config.seed,
        .venue = tw_slice_of(run_venue_name(session)),
        .strategy = tw_slice_of(run_strategy_name(session)),
        .report = tw_text_slice(&text),
    };
    status = tw_store_put_run(session->store, &run, NULL, error);
    TW_DELETE(NULL, text.data, REPORT_SIZE, char);
    return status == TW_OK ? tw_store_commit(session->store, TW_STORE_FULL, error) : status;
}
