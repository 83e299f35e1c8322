/*
 * strategy_trial.h - a strategy over a history of daily closes, day by day, in virtual time.
 *
 * Two states of the strategy are asked the same; where their answers differ it is not repeatable.
 * Around the weights that it fills stand guards, which must stand afterwards. Every answer is held
 * to what the engine asks of one. What stands is followed: the weights drift with the prices until
 * the next answer, beside equal weights that are restored on the same days.
 */
#ifndef TRADEWIND_CLI_STRATEGY_TRIAL_H
#define TRADEWIND_CLI_STRATEGY_TRIAL_H

#include "tradewind/histogram.h"
#include "tradewind/performance.h"
#include "tradewind/plugin.h"
#include "tradewind/tape.h"

typedef struct strategy_wishes {
    const char *path;
    const char *prices;
    const char *argument;
    double cash_weight;
    uint32_t every;    /* days from one question to the next */
    uint32_t days_max; /* rows of closes that it is shown */
    double cost;       /* of what is traded, as a share of it */
} strategy_wishes;

/* What was wrong with an answer. */
typedef enum strategy_fault {
    STRATEGY_REFUSED,  /* weights that are none, or a failure */
    STRATEGY_DIFFERED, /* the other state answered something else */
    STRATEGY_OVERRAN,  /* bytes beside its weights were written */
    STRATEGY_FAULT_COUNT
} strategy_fault;

/* Who holds what, and what became of it. */
typedef struct strategy_ledger {
    double *weights; /* [symbols], after the last day */
    double *returns; /* [days], of which `count` are filled */
    size_t count;
    double turnover; /* all that was traded, in equities */
    double owed;     /* share that the first trade cost, until there is a return to take it from */
    double figures[TW_FIGURE_COUNT];
} strategy_ledger;

/* Zeroed, it is empty. */
typedef struct strategy_trial {
    strategy_wishes wishes;
    tw_tape_table table;
    tw_symbols *symbols;
    const char **names;
    tw_plugin *plugins[2];
    strategy_ledger own;
    strategy_ledger equal;
    double *means;  /* [symbols]: weights, over all days */
    double *places; /* memory of what a view shows, and of the guarded weights */
    tw_strategy_bar *bars;
    int64_t *days;
    size_t asked;
    size_t answered; /* with weights that stand */
    size_t kept;     /* "no change" */
    size_t signals;
    size_t faults[STRATEGY_FAULT_COUNT];
    char first_fault[640]; /* with its date; empty: there was none */
    tw_histogram weigh_ns;
    tw_histogram bar_ns;
} strategy_trial;

/* Statuses of tw_tape_read_table and tw_plugin_open; TW_EMPTY: fewer than two days. Faults of the
 * strategy are none: they are counted. Close it in any case. */
tw_status strategy_trial_run(strategy_trial *trial, const strategy_wishes *wishes,
                             tw_error *error) TW_MUST_CHECK;
void strategy_trial_close(strategy_trial *trial);

#endif
