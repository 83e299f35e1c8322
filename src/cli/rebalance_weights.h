/*
 * rebalance_weights.h - the targets of `tradewind rebalance` when no file gives them: weights from
 * a table of prices.
 */
#ifndef TRADEWIND_CLI_REBALANCE_WEIGHTS_H
#define TRADEWIND_CLI_REBALANCE_WEIGHTS_H

#include "json_writer.h"
#include "rebalance_input.h"
#include "tradewind/covariance.h"
#include "tradewind/target_weights.h"

/* How weights are made. */
typedef struct weight_wishes {
    const char *prices; /* a wide CSV with a column for each position */
    int64_t from_ns;    /* prices from this time to that one */
    int64_t to_ns;
    uint8_t covariance; /* tw_covariance_kind */
    uint8_t side;       /* tw_restriction of the whole plan */
    int64_t cash_nano;
    double lower; /* of each weight */
    double upper;
    bool limited; /* they were given */
    tw_target_weights_config config;
} weight_wishes;

/* What was found on the way, for the report. */
typedef struct weight_report {
    size_t rows;       /* of returns that were used */
    double volatility; /* a row, of the targets */
    double residual;
    bool converged;
    bool fitted;       /* the method has no limits: its weights were brought into them */
    size_t held_back;  /* weights at what is held, because the position may not trade further */
    size_t first_held; /* the first of them */
    size_t outside;    /* weights beyond the limits that were wished, for the same reason */
    size_t first_outside;
} weight_report;

/* Sets the target of every position. Who may not be sold has at least the weight that is held, who
 * may not be bought at most that; limits of a weight give way to it. TW_NOT_FOUND: a position
 * without a column; TW_EMPTY: too few rows have a return of each; TW_INFEASIBLE, TW_UNSUPPORTED and
 * the like as tw_target_weights_compute, with names instead of numbers. */
tw_status rebalance_weigh(rebalance_input *input, const weight_wishes *wishes,
                          weight_report *ret_report, tw_error *error) TW_MUST_CHECK;

/* What the weights come from, and which limits they cannot keep: a sentence each. */
void rebalance_weights_print(const weight_report *report, const rebalance_input *input);
void rebalance_weights_put(const weight_report *report, const rebalance_input *input,
                           json_writer *writer);

#endif
