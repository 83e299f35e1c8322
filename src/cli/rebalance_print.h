/*
 * rebalance_print.h - what `tradewind rebalance` prints: a table of trades, or one document.
 */
#ifndef TRADEWIND_CLI_REBALANCE_PRINT_H
#define TRADEWIND_CLI_REBALANCE_PRINT_H

#include "rebalance_input.h"
#include "rebalance_lots.h"
#include "rebalance_overlap.h"
#include "rebalance_weights.h"

typedef struct rebalance_result {
    const rebalance_input *input;
    const tw_rebalance_plan *plan;
    const weight_report *weights;     /* NULL: the targets were given */
    const rebalance_lots *lots;       /* NULL: none were given */
    const rebalance_overlap *overlap; /* NULL: no limits that overlap */
    bool explain;                     /* every position, too */
    size_t trades_max;                /* the caps that the plan was made under */
    tw_money turnover_max;
} rebalance_result;

tw_status rebalance_print(const rebalance_result *result, tw_error *error) TW_MUST_CHECK;
tw_status rebalance_print_json(const rebalance_result *result, tw_error *error) TW_MUST_CHECK;

#endif
