/*
 * risk_series.h - the portfolio's own returns, row by row, for what is drawn and tested in time.
 */
#ifndef TRADEWIND_CLI_RISK_SERIES_H
#define TRADEWIND_CLI_RISK_SERIES_H

#include "risk_input.h"

/* Zeroed, it is empty. */
typedef struct risk_series {
    int64_t *times_ns;
    double *returns;
    double *benchmark; /* NaN where there is none */
    size_t rows;       /* that have every return of what is held */
    size_t capacity;
} risk_series;

/* TW_NO_MEMORY. Free it in any case. */
tw_status risk_series_make(risk_series *series, const risk_input *input,
                           tw_error *error) TW_MUST_CHECK;
void risk_series_free(risk_series *series);

#endif
