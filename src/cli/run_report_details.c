/* run_report_details.c - what a run did to the machine, and what its targets risk. */
#include <stdio.h>

#include "readable.h"
#include "run_report.h"

/* Text of figures lives in the caller's array of these, one a figure. */
typedef char figure[READABLE_SIZE];

static const char *count(uint64_t value, figure buffer) {
    return readable_count(value, buffer);
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
           readable_decimal(engine->turnover.nano, 2, 2, text[1]));
}

static void print_faults(const tw_exchange *exchange) {
    for (uint32_t i = 0; exchange != NULL && i < tw_exchange_fault_count(exchange); i++) {
        tw_exchange_fault fault;
        tw_exchange_fault_at(exchange, i, &fault);
        printf("  %-10s %s: %llu times\n", i == 0 ? "faults" : "", fault.line,
               (unsigned long long)fault.count);
    }
}

void run_report_details(const run_session *session, const run_figures *figures) {
    putchar('\n');
    print_market(session, figures);
    print_risk(&figures->engine);
    print_orders(&figures->engine);
    print_faults(session->exchange);
}
