/* run_report_details.c - every figure of a run, for people. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run_report.h"

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
           look->plain, run_venue_name(session), session->symbol_count,
           run_strategy_word(&session->strategy));
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

void run_report_details(const run_session *session, const run_figures *figures) {
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
