/* run_costs.c - see run_costs.h. */
#include "run_costs.h"

#include <math.h>
#include <string.h>

static tw_status add(tw_money *total, int64_t nano) {
    return tw_decimal_add(total->nano, nano, &total->nano);
}

/* An order without a mark counts as traded only. */
static tw_status add_order(run_cost *cost, const order_row *row) {
    const tw_order *order = &row->order;
    bool buy = order->side == TW_SIDE_BUY;
    tw_money traded;
    tw_money expected;
    tw_status status = tw_notional(order->average_price, order->filled, &traded);
    if (status == TW_OK)
        status = add(&cost->traded, traded.nano);
    if (status == TW_OK)
        status = tw_decimal_add(cost->bought.nano, buy ? order->filled.nano : -order->filled.nano,
                                &cost->bought.nano);
    if (status != TW_OK || row->mark.nano == 0)
        return status;
    status = tw_notional(row->mark, order->filled, &expected);
    if (status == TW_OK)
        status = add(&cost->expected, expected.nano);
    if (status == TW_OK)
        status =
            add(&cost->shortfall, buy ? traded.nano - expected.nano : expected.nano - traded.nano);
    return status;
}

static void count_reason(run_costs *costs, const char *why) {
    for (uint32_t i = 0; i < costs->reason_count; i++) {
        if (strcmp(costs->reasons[i].why, why) == 0) {
            costs->reasons[i].count++;
            return;
        }
    }
    if (costs->reason_count == RUN_REASON_COUNT_MAX)
        return; /* the engine has fewer words than that */
    run_reason *reason = &costs->reasons[costs->reason_count++];
    memcpy(reason->why, why, sizeof reason->why);
    reason->count = 1;
}

tw_status run_costs_measure(const order_rows *orders, uint64_t after_sequence,
                            uint32_t symbol_count, run_costs *ret_costs, tw_error *error) {
    tw_status status = TW_OK;
    *ret_costs = (run_costs){.count = symbol_count};
    ret_costs->symbols = TW_NEW(NULL, symbol_count, run_cost);
    if (ret_costs->symbols == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for the costs of %u symbols",
                            symbol_count);
    for (size_t i = 0; status == TW_OK && i < orders->count; i++) {
        const order_row *row = &orders->rows[i];
        if (row->intent <= after_sequence)
            continue;
        count_reason(ret_costs, row->why);
        if (row->order.filled.nano == 0)
            continue;
        status = add_order(&ret_costs->total, row);
        if (status == TW_OK && row->order.symbol < symbol_count)
            status = add_order(&ret_costs->symbols[row->order.symbol], row);
    }
    ret_costs->beyond = status != TW_OK; /* a figure of the report only: the report goes on */
    return TW_OK;
}

void run_costs_done(run_costs *costs) {
    TW_DELETE(NULL, costs->symbols, costs->count, run_cost);
    *costs = (run_costs){0};
}

double run_cost_bps(const run_cost *cost) {
    if (cost->expected.nano == 0)
        return NAN;
    return 1e4 * (double)cost->shortfall.nano / (double)cost->expected.nano;
}
