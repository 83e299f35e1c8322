/*
 * run_report.h - what the files of a run's report share: the figures, and its two forms.
 *
 *     run_report.c          measures, stores, prints
 *     run_report_json.c     for machines: the same bytes that the store keeps
 *     run_report_story.c    for whoever owns the portfolio: sentences
 *     run_report_table.c    and one line a symbol
 *     run_report_details.c  for whoever looks after the machine (--details)
 */
#ifndef TRADEWIND_CLI_RUN_REPORT_H
#define TRADEWIND_CLI_RUN_REPORT_H

#include "run_audit.h"
#include "run_costs.h"
#include "run_session.h"

/* Everything the report shows, taken at one moment. */
struct run_figures {
    tw_engine_report engine;
    tw_engine_holding *holdings;
    tw_venue_counts venue;
    tw_venue_figures wire;
    tw_engine_risk risk_before; /* of the holdings; without observations: unknown */
    tw_engine_risk risk_after;
    order_rows orders; /* of the store: with an exchange of our own all of them */
    run_costs costs;
    run_audit audit;
    tw_store_figures store;
    uint64_t row_counts[TW_STORE_TABLE_COUNT];
    uint8_t journal_hash[TW_STORE_HASH_SIZE];
    double seconds;
    int64_t latency_ns[3]; /* p50, p99, p99.9 */
    int64_t latency_max_ns;
    uint64_t events;
    char *json; /* the document, once it is made, and the ending that it says */
    tw_status json_ending;
};

/* The document; `ending` is how the trading ended. What does not fit truncates `text`. */
void run_report_json(tw_text *text, const run_session *session, const run_figures *figures,
                     tw_status ending);

/* How the report looks: with colours on a terminal, and never with NO_COLOR (no-color.org). */
typedef struct report_look {
    const char *strong;
    const char *faint;
    const char *good;
    const char *bad;
    const char *plain;
} report_look;

/* Sentences, and the table below. TW_NO_MEMORY; TW_IO and TW_CANCELLED of standard output. */
tw_status run_report_story(const run_session *session, const run_figures *figures,
                           const report_look *look, tw_error *error) TW_MUST_CHECK;
tw_status run_report_table(const run_session *session, const run_figures *figures,
                           tw_error *error) TW_MUST_CHECK;

/* Events, latencies, rows, risk of the targets. */
void run_report_details(const run_session *session, const run_figures *figures);

/* Beyond its band. */
bool run_holding_is_outside(const tw_engine_holding *holding);

#endif
