/*
 * batch_report.h - features as rows of CSV, or the newest of each symbol for people and machines.
 *
 *     ts_ns,symbol,close,<a column a feature>
 *
 * Rows stand in the order of time, then of the names; one for each bar. What a feature has no
 * answer for is an empty field, null in JSON.
 */
#ifndef TRADEWIND_CLI_BATCH_REPORT_H
#define TRADEWIND_CLI_BATCH_REPORT_H

#include "batch_panel.h"
#include "output_file.h"
#include "tradewind/features.h"

typedef struct batch_result {
    const batch_panel *panel;
    const tw_features *features;
    double *const *values; /* one a feature's output */
    uint64_t bars;
    uint64_t skipped; /* bad rows that were set aside */
    double seconds;
} batch_result;

/* Every row. `ret_rows` is how many there were. Statuses as of output_file_write. */
tw_status batch_write_rows(const batch_result *result, output_file *out, uint64_t *ret_rows,
                           tw_error *error) TW_MUST_CHECK;

/* The newest bar of each symbol, on standard output: as a table, or as one JSON document. */
tw_status batch_print_latest(const batch_result *result, tw_error *error) TW_MUST_CHECK;
tw_status batch_print_latest_json(const batch_result *result, tw_error *error) TW_MUST_CHECK;

/* What was done, on standard output. */
tw_status batch_print_summary(const batch_result *result, uint64_t rows, const char *path,
                              tw_error *error) TW_MUST_CHECK;
tw_status batch_print_summary_json(const batch_result *result, uint64_t rows,
                                   tw_error *error) TW_MUST_CHECK;

#endif
