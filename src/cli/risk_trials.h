/*
 * risk_trials.h - what a portfolio is put through: crises of the past, shocks of the user, and the
 * test of its own forecasts.
 */
#ifndef TRADEWIND_CLI_RISK_TRIALS_H
#define TRADEWIND_CLI_RISK_TRIALS_H

#include <stdbool.h>

#include "json_writer.h"
#include "risk_factors.h"
#include "risk_history.h"
#include "tradewind/backtest.h"
#include "tradewind/stress.h"

enum { RISK_SCENARIO_MAX = 64, RISK_TRIAL_NAME_SIZE = 64 };

/* A crisis or a scenario, and what it costs. */
typedef struct risk_trial {
    char name[RISK_TRIAL_NAME_SIZE];
    const tw_stress_window *window; /* NULL of a scenario */
    size_t factors;                 /* that a scenario moves */
    tw_stress_result result;
} risk_trial;

/* Zeroed, it is empty. */
typedef struct risk_trials {
    risk_trial *trials; /* [capacity] */
    size_t count;
    size_t capacity;
    bool replayed; /* crises were asked for, whether or not one is covered */
    tw_backtest_result tests[TW_RISK_METHOD_COUNT * TW_RISK_CONFIDENCE_COUNT_MAX];
    uint8_t methods[TW_RISK_METHOD_COUNT * TW_RISK_CONFIDENCE_COUNT_MAX];
    size_t test_count;
    size_t test_window; /* of rows before each forecast */
} risk_trials;

/* The crises that the rows cover. TW_NO_MEMORY and the like. Free it in any case. */
tw_status risk_trials_replay(risk_trials *trials, const risk_input *input,
                             tw_error *error) TW_MUST_CHECK;

/* The scenarios of a CSV scenario,symbol,return, where a symbol is an asset or a factor. An asset
 * that a scenario does not name moves by its exposures to the factors that it names. TW_PARSE,
 * TW_RANGE with the place. */
tw_status risk_trials_shock(risk_trials *trials, const risk_input *input,
                            const risk_factors *factors, const char *path,
                            tw_error *error) TW_MUST_CHECK;

/* Forecasts of each method from the `window` rows before, and whether they held. TW_USAGE: there
 * are no rows behind the first window. */
tw_status risk_trials_test(risk_trials *trials, const risk_history *series,
                           const tw_risk_config *config, size_t window,
                           tw_error *error) TW_MUST_CHECK;

void risk_trials_free(risk_trials *trials);

/* Tables, each after an empty line, and members of a document. */
tw_status risk_trials_print(const risk_trials *trials, const risk_input *input,
                            tw_error *error) TW_MUST_CHECK;
void risk_trials_put(const risk_trials *trials, const risk_input *input, json_writer *writer);

#endif
