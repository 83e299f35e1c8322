/*
 * risk_history.h - the portfolio's own returns, those of the report, row by row, for what is drawn
 * and tested in time.
 */
#ifndef TRADEWIND_CLI_RISK_HISTORY_H
#define TRADEWIND_CLI_RISK_HISTORY_H

#include "risk_input.h"
#include "tradewind/risk.h"

/* Zeroed, it is empty. */
typedef struct risk_history {
    int64_t *times_ns;
    double *returns;
    double *benchmark; /* NaN where there is none */
    size_t rows;       /* that have every return of what is held */
    size_t capacity;
    bool benchmarked;
} risk_history;

/* TW_NO_MEMORY. Free it in any case. */
tw_status risk_history_make(risk_history *history, const risk_input *input,
                            const tw_risk_report *report, tw_error *error) TW_MUST_CHECK;
void risk_history_free(risk_history *history);

#endif
