/* retry_budget.h - what one call does to the budget that it shares. Each is a step of its own. */
#ifndef TRADEWIND_RETRY_BUDGET_H
#define TRADEWIND_RETRY_BUDGET_H

#include "tradewind/retry.h"

/* How a call ended. */
typedef struct retry_end {
    tw_retry_verdict verdict; /* NO_...; AGAIN: it succeeded; PENDING: it was cancelled */
    uint32_t attempts;
    uint32_t refund; /* tokens that come back */
    bool extra;      /* an extra attempt ends with it */
    bool by_hedge;
} retry_end;

void budget_enter(tw_retry_budget *budget);

/* Pays for an extra attempt; false if it cannot. */
bool budget_pay_retry(tw_retry_budget *budget, tw_retry_cause cause, uint32_t *ret_cost);
bool budget_pay_hedge(tw_retry_budget *budget, uint32_t *ret_cost);

/* One of two attempts of a hedged call has ended, and what it cost with it. */
void budget_end_extra(tw_retry_budget *budget);

void budget_leave(tw_retry_budget *budget, const retry_end *end);

#endif
