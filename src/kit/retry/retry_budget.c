/*
 * retry_budget.c - the tokens and the share that all calls to one host pay their extras from.
 *
 * Invariants
 *   1. tokens <= token_max.
 *   2. extras <= in_flight: a call has at most one extra attempt at a time.
 */
#include "retry_budget.h"

struct tw_retry_budget {
    tw_lock lock;
    tw_retry_budget_config config;
    tw_retry_figures figures;
    const tw_allocator *allocator;
};

tw_retry_budget_config tw_retry_budget_config_default(void) {
    return (tw_retry_budget_config){.token_max = 500,
                                    .retry_cost = 5,
                                    .timeout_cost = 10,
                                    .success_gain = 1,
                                    .share_percent = 20,
                                    .extra_min = 3};
}

tw_status tw_retry_budget_new(const tw_allocator *allocator, const tw_retry_budget_config *config,
                              tw_retry_budget **ret_budget, tw_error *error) {
    TW_ASSERT(config != NULL && ret_budget != NULL);
    if (config->share_percent > 100)
        return tw_error_set(error, TW_RANGE, "a share of %u percent for retries; at most 100",
                            config->share_percent);
    tw_retry_budget *budget = TW_NEW(allocator, 1, tw_retry_budget);
    if (budget == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for a budget of retries");
    budget->allocator = allocator;
    budget->config = *config;
    budget->figures.tokens = config->token_max;
    *ret_budget = budget;
    return TW_OK;
}

void tw_retry_budget_free(tw_retry_budget *budget) {
    if (budget == NULL)
        return;
    TW_ASSERT(budget->figures.in_flight == 0 && budget->figures.extras == 0);
    TW_DELETE(budget->allocator, budget, 1, tw_retry_budget);
}

static void enter(tw_retry_budget *budget) {
    tw_lock_acquire(&budget->lock, budget->config.waiter);
}

static void leave(tw_retry_budget *budget) {
    TW_ASSERT(budget->figures.tokens <= budget->config.token_max);
    TW_ASSERT(budget->figures.extras <= budget->figures.in_flight);
    tw_lock_release(&budget->lock, budget->config.waiter);
}

void budget_enter(tw_retry_budget *budget) {
    enter(budget);
    budget->figures.in_flight++;
    leave(budget);
}

static void gain_locked(tw_retry_budget *budget, uint32_t tokens) {
    uint32_t room = budget->config.token_max - budget->figures.tokens;
    budget->figures.tokens += tokens < room ? tokens : room;
}

static bool pay_locked(tw_retry_budget *budget, uint32_t cost) {
    tw_retry_figures *figures = &budget->figures;
    uint64_t share = (uint64_t)figures->in_flight * budget->config.share_percent / 100;
    if (share < budget->config.extra_min)
        share = budget->config.extra_min;
    if (figures->tokens < cost || figures->extras >= share)
        return false;
    figures->tokens -= cost;
    figures->extras++;
    return true;
}

bool budget_pay_retry(tw_retry_budget *budget, tw_retry_cause cause, uint32_t *ret_cost) {
    *ret_cost = cause == TW_RETRY_TIMEOUT ? budget->config.timeout_cost : budget->config.retry_cost;
    enter(budget);
    bool paid = pay_locked(budget, *ret_cost);
    if (paid)
        budget->figures.retries[cause]++;
    leave(budget);
    return paid;
}

bool budget_pay_hedge(tw_retry_budget *budget, uint32_t *ret_cost) {
    *ret_cost = budget->config.retry_cost;
    enter(budget);
    bool paid = pay_locked(budget, *ret_cost);
    if (paid)
        budget->figures.hedges++;
    leave(budget);
    return paid;
}

void budget_end_extra(tw_retry_budget *budget) {
    enter(budget);
    TW_ASSERT(budget->figures.extras > 0);
    budget->figures.extras--;
    leave(budget);
}

void budget_leave(tw_retry_budget *budget, const retry_end *end) {
    enter(budget);
    tw_retry_figures *figures = &budget->figures;
    TW_ASSERT(figures->in_flight > 0 && figures->extras >= end->extra);
    figures->in_flight--;
    figures->extras -= end->extra;
    figures->attempts[end->attempts]++;
    figures->hedges_won += end->by_hedge;
    if (end->verdict == TW_RETRY_AGAIN)
        figures->succeeded++;
    else if (end->verdict == TW_RETRY_PENDING)
        figures->cancelled++;
    else
        figures->given_up[end->verdict]++;
    if (end->verdict == TW_RETRY_AGAIN && end->attempts == 1)
        gain_locked(budget, budget->config.success_gain);
    gain_locked(budget, end->refund);
    leave(budget);
}

void tw_retry_figures_of(tw_retry_budget *budget, tw_retry_figures *ret_figures) {
    enter(budget);
    *ret_figures = budget->figures;
    leave(budget);
}
