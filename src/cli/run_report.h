/*
 * run_report.h - what the files of a run's report share: the figures, and its two forms.
 *
 *     run_report.c          measures, stores, prints
 *     run_report_json.c     for machines: the same bytes that the store keeps
 *     run_report_details.c  for people who want every figure
 */
#ifndef TRADEWIND_CLI_RUN_REPORT_H
#define TRADEWIND_CLI_RUN_REPORT_H

#include "run_session.h"

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

/* The document; `ending` is how the trading ended. What does not fit truncates `text`. */
void run_report_json(tw_text *text, const run_session *session, const run_figures *figures,
                     tw_status ending);

/* Every figure, in words. */
void run_report_details(const run_session *session, const run_figures *figures);

#endif
