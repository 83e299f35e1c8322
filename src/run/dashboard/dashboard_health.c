/* dashboard_health.c - where time goes, how the venue is, and what the store has taken, as JSON. */
#include <math.h>

#include "dashboard_priv.h"
#include "json_put.h"

/* ---- latency ------------------------------------------------------------------------------- */

/* One copy is taken and asked all questions, as histogram.h wants it beside a writer. */
static void write_stage(tw_dashboard *dashboard, const char *stage, const tw_histogram *from,
                        tw_text *text) {
    static const double quantiles[] = {0.5, 0.99, 0.999};
    int64_t values[3];
    tw_histogram *copy = dashboard->scratch;
    tw_histogram_reset(copy);
    tw_histogram_merge(copy, from);
    tw_histogram_quantiles(copy, quantiles, 3, values);
    json_put_open(text, NULL, '{');
    json_put_word(text, "stage", stage);
    json_put_count(text, "count", tw_histogram_count(copy));
    json_put_real(text, "p50", (double)values[0]);
    json_put_real(text, "p99", (double)values[1]);
    json_put_real(text, "p999", (double)values[2]);
    json_put_real(text, "max", (double)tw_histogram_max(copy));
    tw_text_append_char(text, '}');
}

static void write_latency(tw_dashboard *dashboard, tw_text *text) {
    const tw_dashboard_config *config = &dashboard->config;
    json_put_open(text, "latency", '[');
    for (int i = 0; i < TW_ENGINE_STAGE_COUNT; i++)
        write_stage(dashboard, tw_engine_stage_name((tw_engine_stage)i),
                    tw_engine_stage_latency(config->engine, (tw_engine_stage)i), text);
    for (int i = 0; config->venue != NULL && i <= TW_VENUE_STAGE_SUBMIT; i++)
        write_stage(dashboard, tw_venue_stage_name((tw_venue_stage)i),
                    tw_venue_stage_latency(config->venue, (tw_venue_stage)i), text);
    if (config->recorder != NULL)
        write_stage(dashboard, "commit", tw_recorder_commit_latency(config->recorder, true), text);
    tw_text_append_char(text, ']');
}

/* ---- venue and store ----------------------------------------------------------------------- */

static const char *breaker_word(tw_breaker_state state) {
    if (state == TW_BREAKER_OPEN || state == TW_BREAKER_FORCED_OPEN)
        return "open";
    return state == TW_BREAKER_HALF_OPEN ? "half_open" : "closed";
}

static void write_breakers(const tw_venue_figures *figures, tw_text *text) {
    json_put_open(text, "breakers", '[');
    for (int i = 0; i < TW_ROUTE_CLASS_COUNT; i++) {
        const tw_venue_route_figures *route = &figures->routes[i];
        json_put_open(text, NULL, '{');
        json_put_word(text, "route", tw_route_class_word((tw_route_class)i));
        json_put_word(text, "state", breaker_word(route->breaker));
        json_put_count(text, "rejected", route->rejected);
        json_put_count(text, "opened", route->opened);
        tw_text_append_char(text, '}');
    }
    tw_text_append_char(text, ']');
}

static void write_venue(tw_dashboard *dashboard, tw_text *text) {
    const dashboard_venue *told = tw_triple_buffer_read(dashboard->venue, NULL);
    if (told == NULL) {
        json_put_null(text, "venue");
        return;
    }
    const tw_venue_figures *figures = &told->figures;
    json_put_open(text, "venue", '{');
    json_put_flag(text, "up", figures->up);
    json_put_real(text, "heard_ms",
                  dashboard_or_unknown(figures->heard_ns != 0,
                                       floor((double)(told->taken_ns - figures->heard_ns) / 1e6)));
    json_put_count(text, "connects", figures->connects);
    json_put_count(text, "losses", figures->losses);
    json_put_count(text, "dropped", figures->market_dropped);
    json_put_count(text, "requests", figures->requests);
    json_put_count(text, "timeouts", figures->timeouts);
    json_put_count(text, "failures", figures->failures);
    json_put_count(text, "retries", figures->retries);
    json_put_count(text, "hedges", figures->hedges);
    json_put_count(text, "limited", figures->limited);
    json_put_count(text, "waiting", figures->limit_waiting);
    write_breakers(figures, text);
    tw_text_append_char(text, '}');
}

/* The age is of now, not of the view: it grows when the engine stands still. */
static void write_reconciliation(const tw_engine_report *report, tw_text *text) {
    double age = (double)(tw_time_monotonic_ns() - report->agreed_ns) / 1e9;
    json_put_open(text, "reconciliation", '{');
    json_put_real(text, "age", dashboard_or_unknown(report->agreed_ns != 0, age));
    json_put_count(text, "count", report->reconciliations);
    json_put_count(text, "differences", report->differences);
    tw_text_append_char(text, '}');
}

/* Cache figures are of readers of the store, which a run has none of. */
static void write_store(tw_dashboard *dashboard, tw_text *text) {
    const dashboard_recorder *told = tw_triple_buffer_read(dashboard->recorder, NULL);
    if (told == NULL) {
        json_put_null(text, "store");
        return;
    }
    const tw_recorder_figures *figures = &told->figures;
    json_put_open(text, "store", '{');
    json_put_word(text, "backend", dashboard->config.backend);
    json_put_count(text, "rows", figures->rows);
    json_put_count(text, "waiting", (uint64_t)figures->rows_waiting + figures->entries_waiting);
    json_put_count(text, "commits", figures->commits);
    json_put_count(text, "syncs", figures->commits_urgent);
    json_put_count(text, "entries", figures->entries);
    json_put_null(text, "cache_hits");
    json_put_null(text, "cache_misses");
    tw_text_append_char(text, '}');
}

void dashboard_state_write_health(tw_dashboard *dashboard, tw_text *text) {
    write_latency(dashboard, text);
    write_reconciliation(&dashboard->view->report, text);
    write_venue(dashboard, text);
    write_store(dashboard, text);
}
