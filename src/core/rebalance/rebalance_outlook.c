/*
 * rebalance_outlook.c - the problem of a plan in ranges of lots, for another way of solving it.
 *
 * The same checks, bands and restrictions as in a plan: who is outside its band becomes a range
 * without 0, who may not come home one of nothing but 0.
 */
#include "rebalance_priv.h"

#include <string.h>

/* The ranges of those inside their bands, and nothing for those that are left outside. */
static tw_status write_ranges(const problem *p, tw_rebalance_outlook *outlook, tw_error *error) {
    for (size_t i = 0; i < p->count; i++) {
        range_notes unused;
        tw_status status = rebalance_range_at(p, i, &outlook->ranges[i], &unused, error);
        if (status != TW_OK)
            return status;
        if (p->work->outcomes[i] > TW_OUTCOME_FILL_GROUP)
            outlook->ranges[i].lots_min = outlook->ranges[i].lots_max =
                outlook->ranges[i].lots_wanted = 0;
    }
    return TW_OK;
}

/* What the smallest trades of those that must trade are worth. */
static wide least_turnover(const problem *p) {
    wide turnover = 0;
    for (size_t i = 0; i < p->member_count; i++) {
        const member *m = &p->work->members[i];
        wide value = member_value(m, m->low > 0 ? m->low : m->high);
        turnover += value < 0 ? -value : value;
    }
    return turnover;
}

tw_status tw_rebalance_look_ahead(tw_rebalance *rebalance, const tw_rebalance_config *config,
                                  const tw_rebalance_position *positions, size_t count,
                                  tw_rebalance_outlook *outlook, tw_error *error) {
    TW_ASSERT(rebalance != NULL && config != NULL && outlook != NULL);
    TW_ASSERT((positions != NULL && outlook->ranges != NULL) || count == 0);
    static const tw_rebalance_position none[1];
    problem p = {.work = rebalance,
                 .config = config,
                 .positions = count == 0 ? none : positions,
                 .count = count,
                 .part_count = count};
    tw_rebalance_plan plan;
    memset(&plan, 0, sizeof plan);
    p.plan = &plan;
    tw_status status = rebalance_check(&p, error);
    if (status == TW_OK)
        status = rebalance_nodes(&p, error);
    if (status != TW_OK)
        return status;
    rebalance_classify(&p);
    status = rebalance_take_mandatory(&p, error);
    if (status == TW_OK)
        status = write_ranges(&p, outlook, error);
    if (status != TW_OK)
        return status;
    outlook->outcomes = rebalance->outcomes;
    outlook->equity.nano = p.equity;
    outlook->turnover_bound.nano = narrow(least_turnover(&p));
    outlook->mandatory = p.mandatory;
    outlook->restricted_outside = plan.restricted_outside;
    outlook->minimum_outside = plan.minimum_outside;
    outlook->order_max_outside = plan.order_max_outside;
    outlook->widened = plan.widened;
    outlook->shortened = plan.shortened;
    return TW_OK;
}
