/*
 * risk_figures.h - every figure of the portfolio's own series, and its deepest drawdowns with
 * dates.
 */
#ifndef TRADEWIND_CLI_RISK_FIGURES_H
#define TRADEWIND_CLI_RISK_FIGURES_H

#include "json_writer.h"
#include "risk_history.h"
#include "tradewind/drawdown.h"
#include "tradewind/performance.h"

enum { RISK_DRAWDOWN_COUNT = 5 };

typedef struct risk_figures {
    tw_performance_config conventions;
    double values[TW_FIGURE_COUNT];
    tw_drawdown drawdowns[RISK_DRAWDOWN_COUNT]; /* the deepest first */
    size_t drawdown_count;
} risk_figures;

/* With the periods and rates of the report. TW_NO_MEMORY and as tw_performance_load. */
tw_status risk_figures_make(risk_figures *figures, const risk_history *history,
                            const tw_risk_config *config, tw_error *error) TW_MUST_CHECK;

/* A table after an empty line; nothing without a drawdown. */
tw_status risk_drawdowns_print(const risk_figures *figures, const risk_history *history,
                               tw_error *error) TW_MUST_CHECK;

/* Members of a document: `figures` by their names with their conventions, and `drawdowns`. */
void risk_figures_put(const risk_figures *figures, const risk_history *history,
                      json_writer *writer);

#endif
