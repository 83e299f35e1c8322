/* exchange_results.c - what became of orders and of the plan of faults, told in the same process.
 */
#include <stdio.h>

#include "exchange_priv.h"

uint32_t tw_exchange_order_count(const tw_exchange *exchange) {
    uint32_t count = 0;
    (void)ledger_orders(exchange->ledger, &count);
    return count;
}

void tw_exchange_order_at(const tw_exchange *exchange, uint32_t index, tw_order *ret_order) {
    uint32_t count = 0;
    const ledger_order *orders = ledger_orders(exchange->ledger, &count);
    TW_ASSERT(index < count);
    *ret_order = orders[index].order;
}

uint32_t tw_exchange_fault_count(const tw_exchange *exchange) {
    return exchange->moments.desk.plan.rule_count;
}

void tw_exchange_fault_at(const tw_exchange *exchange, uint32_t index,
                          tw_exchange_fault *ret_fault) {
    const fault_desk *desk = &exchange->moments.desk;
    TW_ASSERT(index < desk->plan.rule_count);
    _Static_assert(sizeof ret_fault->line >= FAULT_TEXT_SIZE, "a line of the plan must fit");
    snprintf(ret_fault->line, sizeof ret_fault->line, "%s", desk->plan.rules[index].text);
    ret_fault->count = desk->counts[index];
}
