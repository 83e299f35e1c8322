/*
 * risk_report.h - what `tradewind risk` prints: tables for people, one document for machines.
 */
#ifndef TRADEWIND_CLI_RISK_REPORT_H
#define TRADEWIND_CLI_RISK_REPORT_H

#include "risk_factors.h"
#include "risk_figures.h"
#include "risk_input.h"
#include "risk_trials.h"
#include "tradewind/risk.h"

typedef struct risk_result {
    const risk_input *input;
    const tw_risk_config *config;
    const tw_risk_report *report;
    const risk_history *history;
    const risk_figures *figures;
    const risk_factors *factors;
    const risk_trials *trials;
    const char *benchmark; /* its name, or empty */
} risk_result;

/* What an asset adds to the value at risk that is shown, the Gaussian one at the first confidence;
 * NaN without one. */
double risk_var_share(const tw_risk_report *report, size_t asset);

/* One line over a picture. */
void risk_title(const tw_risk_report *report, const risk_input *input, char *buffer, size_t size);

tw_status risk_print(const risk_result *result, tw_error *error) TW_MUST_CHECK;
tw_status risk_print_json(const risk_result *result, tw_error *error) TW_MUST_CHECK;

#endif
