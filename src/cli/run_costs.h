/*
 * run_costs.h - what the orders of a run traded, and what that cost.
 *
 * The cost of an order is what was paid above, or taken below, what its symbol was worth (its mark:
 * the middle of the market, else the newest trade) when the order was made, times what was filled:
 * the arrival price's part of the implementation shortfall (A. F. Perold, The Implementation
 * Shortfall, Journal of Portfolio Management, 1988). The way of the market between a decision and
 * an order that waited for others is not in it. What was not filled costs nothing here: it was
 * decided anew, and counts there. Below zero it was a gain.
 */
#ifndef TRADEWIND_CLI_RUN_COSTS_H
#define TRADEWIND_CLI_RUN_COSTS_H

#include "order_rows.h"

enum { RUN_REASON_COUNT_MAX = 12 };

/* How many orders were made for a reason. */
typedef struct run_reason {
    char why[ORDER_WHY_SIZE];
    uint64_t count;
} run_reason;

/* Of one symbol, or of all. */
typedef struct run_cost {
    tw_money traded;   /* at the prices of the fills, bought and sold */
    tw_money expected; /* the same at the marks */
    tw_money shortfall;
    tw_quantity bought; /* less what was sold */
} run_cost;

typedef struct run_costs {
    run_cost total;
    run_cost *symbols; /* one each */
    uint32_t count;
    bool beyond; /* more was traded than can be added up: the sums are of a part */
    run_reason reasons[RUN_REASON_COUNT_MAX];
    uint32_t reason_count;
} run_costs;

/* Of the orders whose intent stands behind `after_sequence` in the journal. TW_NO_MEMORY. Release
 * in any case. */
tw_status run_costs_measure(const order_rows *orders, uint64_t after_sequence,
                            uint32_t symbol_count, run_costs *ret_costs,
                            tw_error *error) TW_MUST_CHECK;
void run_costs_done(run_costs *costs);

/* Shortfall over what was expected, in basis points; NaN when nothing was. */
double run_cost_bps(const run_cost *cost);

#endif
