/*
 * rebalance.c - the handle, and the two ways in: positions with weights, or ranges of lots.
 */
#include "rebalance_priv.h"

#include <string.h>

void tw_rebalance_config_init(tw_rebalance_config *config) {
    TW_ASSERT(config != NULL);
    memset(config, 0, sizeof *config);
    config->cash_max.nano = INT64_MAX;
    config->gross_max_nano = INT64_MAX;
    config->net_min_nano = INT64_MIN;
    config->net_max_nano = INT64_MAX;
    config->trades_max = SIZE_MAX;
    config->order_max = (tw_rebalance_order_max){{INT64_MAX}, {INT64_MAX}};
    config->turnover_max.nano = INT64_MAX;
    config->destination_nano = TW_NANO / 2;
    config->search_max = TW_REBALANCE_SEARCH_DEFAULT;
}

static bool take_memory(tw_rebalance *rebalance) {
    const tw_allocator *allocator = &rebalance->allocator;
    size_t count = rebalance->count_max;
    rebalance->outcomes = TW_NEW(allocator, count, uint8_t);
    rebalance->offers[DOWN] = TW_NEW(allocator, count, offer);
    rebalance->offers[UP] = TW_NEW(allocator, count, offer);
    rebalance->breaches = TW_NEW(allocator, count, offer);
    rebalance->members = TW_NEW(allocator, count, member);
    rebalance->seats = TW_NEW(allocator, count, uint32_t);
    rebalance->trades = TW_NEW(allocator, count, tw_rebalance_trade);
    rebalance->nodes = TW_NEW(allocator, rebalance->node_max, node);
    return rebalance->outcomes != NULL && rebalance->offers[DOWN] != NULL &&
           rebalance->offers[UP] != NULL && rebalance->breaches != NULL &&
           rebalance->members != NULL && rebalance->seats != NULL && rebalance->trades != NULL &&
           rebalance->nodes != NULL;
}

tw_status tw_rebalance_new(const tw_allocator *allocator, size_t position_count_max,
                           tw_rebalance **ret_rebalance) {
    TW_ASSERT(ret_rebalance != NULL);
    if (position_count_max == 0 || position_count_max >= UINT32_MAX)
        return TW_RANGE;
    if (allocator == NULL)
        allocator = tw_allocator_system();
    tw_rebalance *rebalance = TW_NEW(allocator, 1, tw_rebalance);
    if (rebalance == NULL)
        return TW_NO_MEMORY;
    rebalance->allocator = *allocator;
    rebalance->count_max = position_count_max;
    rebalance->node_max =
        NODES_EXTRA + (position_count_max < TW_REBALANCE_GROUPS_MAX ? position_count_max
                                                                    : TW_REBALANCE_GROUPS_MAX);
    if (!take_memory(rebalance)) {
        tw_rebalance_free(rebalance);
        return TW_NO_MEMORY;
    }
    *ret_rebalance = rebalance;
    return TW_OK;
}

void tw_rebalance_free(tw_rebalance *rebalance) {
    if (rebalance == NULL)
        return;
    tw_allocator allocator = rebalance->allocator;
    size_t count = rebalance->count_max;
    TW_DELETE(&allocator, rebalance->outcomes, count, uint8_t);
    TW_DELETE(&allocator, rebalance->offers[DOWN], count, offer);
    TW_DELETE(&allocator, rebalance->offers[UP], count, offer);
    TW_DELETE(&allocator, rebalance->breaches, count, offer);
    TW_DELETE(&allocator, rebalance->members, count, member);
    TW_DELETE(&allocator, rebalance->seats, count, uint32_t);
    TW_DELETE(&allocator, rebalance->trades, count, tw_rebalance_trade);
    TW_DELETE(&allocator, rebalance->nodes, rebalance->node_max, node);
    TW_DELETE(&allocator, rebalance, 1, tw_rebalance);
}

static tw_status solve(problem *p, tw_rebalance_plan *plan, tw_error *error) {
    memset(plan, 0, sizeof *plan);
    plan->equity.nano = p->equity;
    plan->cash_before = p->config->cash;
    plan->outcomes = p->work->outcomes;
    p->plan = plan;
    rebalance_classify(p);
    bool has_cap = p->config->trades_max != SIZE_MAX || p->config->turnover_max.nano != INT64_MAX;
    return has_cap ? rebalance_solve_capped(p, error) : rebalance_solve_once(p, error);
}

/* Whether it is the most of an order that leaves no plan: solved without it, and then again. */
static tw_status blame_order_max(problem *p, tw_rebalance_plan *plan, tw_error *error) {
    p->has_order_max = false;
    tw_status status = solve(p, plan, error);
    bool exists = status == TW_OK && plan->feasible;
    p->has_order_max = true;
    if (status == TW_OK)
        status = solve(p, plan, error);
    if (status == TW_OK && exists)
        rebalance_say_order_max(p);
    return status;
}

tw_status rebalance_run(problem *p, tw_rebalance_plan *ret_plan, tw_error *error) {
    tw_rebalance_plan plan;
    tw_status status = rebalance_check(p, error);
    if (status == TW_OK)
        status = rebalance_nodes(p, error);
    if (status == TW_OK)
        status = solve(p, &plan, error);
    if (status == TW_OK && !plan.feasible && p->has_order_max)
        status = blame_order_max(p, &plan, error);
    if (status == TW_OK)
        *ret_plan = plan;
    return status;
}

tw_status tw_rebalance_compute(tw_rebalance *rebalance, const tw_rebalance_config *config,
                               const tw_rebalance_position *positions, size_t count,
                               tw_rebalance_plan *ret_plan, tw_error *error) {
    static const tw_rebalance_position none[1];
    TW_ASSERT(rebalance != NULL && config != NULL && ret_plan != NULL);
    TW_ASSERT(positions != NULL || count == 0);
    problem p = {.work = rebalance,
                 .config = config,
                 .positions = count == 0 ? none : positions,
                 .count = count,
                 .part_count = count};
    return rebalance_run(&p, ret_plan, error);
}

tw_status tw_rebalance_solve(tw_rebalance *rebalance, const tw_rebalance_config *config,
                             const tw_rebalance_range *ranges, size_t count,
                             tw_rebalance_plan *ret_plan, tw_error *error) {
    TW_ASSERT(rebalance != NULL && config != NULL && ret_plan != NULL);
    TW_ASSERT(ranges != NULL || count == 0);
    problem p = {
        .work = rebalance, .config = config, .ranges = ranges, .count = count, .part_count = count};
    return rebalance_run(&p, ret_plan, error);
}
