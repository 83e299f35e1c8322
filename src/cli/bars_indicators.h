/*
 * bars_indicators.h - the list that `--indicators` takes, sma(20),bollinger(20,2),macd.signal, and
 * what these are of bars.
 *
 * Each entry is as tw_indicator_parse reads it, and may name one output behind a point. Without
 * one it gives what is usually looked at: prices where its first output is one (bollinger: the
 * bands), else what are none (macd), or only the output that has its own name behind others (atr).
 * Prices go over the candles, the rest into a panel below.
 */
#ifndef TRADEWIND_CLI_BARS_INDICATORS_H
#define TRADEWIND_CLI_BARS_INDICATORS_H

#include <stdbool.h>

#include "tradewind/error.h"
#include "tradewind/indicator.h"
#include "tradewind/text.h"

enum { BARS_INDICATOR_MAX = 8, BARS_INDICATOR_NAME_SIZE = 64 };

/* One entry. Its lines are the bits of `outputs`. */
typedef struct bars_indicator {
    char name[BARS_INDICATOR_NAME_SIZE]; /* as it was written */
    tw_indicator_config config;
    const tw_indicator_description *about;
    uint32_t outputs;
    bool over_price;
    double *values[TW_INDICATOR_OUTPUTS_MAX]; /* [rows], of the chosen outputs */
    size_t rows;
} bars_indicator;

typedef struct bars_indicators {
    bars_indicator entries[BARS_INDICATOR_MAX];
    size_t count;
} bars_indicators;

/* TW_USAGE with a sentence for what is none, needs a second series, or is too many. An empty list
 * is none. */
tw_status bars_indicators_parse(const char *list, bars_indicators *ret_indicators,
                                tw_error *error) TW_MUST_CHECK;

/* Computes all over a table of bars, whose inputs are those of indicator.h but for the second
 * series; no lanes. TW_NO_MEMORY. */
tw_status bars_indicators_run(bars_indicators *indicators, const tw_indicator_table *table,
                              tw_error *error) TW_MUST_CHECK;

/* Frees the values; harmless where there are none. */
void bars_indicators_done(bars_indicators *indicators);

#endif
