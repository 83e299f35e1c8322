/*
 * rebalance_solve.c - from outcomes to a plan: who must trade, who trades as well, and how much.
 *
 * The bound comes from rebalance_choose; rebalance_steer finds the amounts. When a lot, a minimum
 * trade or a fixed cost steps over a window, other last offers are tried (a plan with any of them
 * has the same, least count), and after that more trades than the bound, one by one.
 *
 * Invariants:
 * 1. Members stand in the order of the positions, but for those added when steering failed.
 * 2. What is tried is bounded: TRIES_MAX members a round and ROUNDS_MAX rounds, fewer when there
 *    are many members to steer.
 */
#include "rebalance_priv.h"

#include <string.h>

#define TRIES_MAX 64
#define TRIES_LARGEST_MAX 4
#define ROUNDS_MAX 8
#define AHEAD 64                      /* positions, while reading those that trade */
#define STEERED_MAX ((size_t)1 << 22) /* members, over all tries of a round */

/* --- who must trade -------------------------------------------------------------------------- */

/* Far between in a large book, each of those that trade would be waited for. */
static void expect_trade(const problem *p, size_t index) {
    if (p->positions != NULL && index < p->count && is_trade(p->work->outcomes[index]))
        __builtin_prefetch(&p->positions[index]);
}

static tw_status take_one(problem *p, size_t index, tw_error *error) {
    uint8_t *outcome = &p->work->outcomes[index];
    tw_rebalance_plan *plan = p->plan;
    tw_rebalance_range range;
    range_notes notes;
    tw_status status = rebalance_range_at(p, index, &range, &notes, error);
    if (status != TW_OK)
        return status;
    if (range.lots_min <= 0 && range.lots_max >= 0) {
        /* No order is as small as a lot; or it is on the lot nearest to its target; or restricted.
         */
        *outcome = notes.shortened ? TW_OUTCOME_LEFT_ORDER_MAX
                   : notes.widened ? TW_OUTCOME_INSIDE
                                   : TW_OUTCOME_LEFT_RESTRICTED;
        plan->order_max_outside += notes.shortened;
        plan->widened += notes.widened && !notes.shortened;
        plan->restricted_outside += !notes.widened && !notes.shortened;
        return TW_OK;
    }
    plan->widened += notes.widened;
    member m;
    bool sells = range.lots_max < 0;
    if (!rebalance_member_of(p, index, &range, sells, &m)) {
        *outcome = TW_OUTCOME_LEFT_MINIMUM;
        plan->minimum_outside++;
        return TW_OK;
    }
    *outcome = sells ? TW_OUTCOME_ABOVE_BAND : TW_OUTCOME_BELOW_BAND;
    plan->shortened += notes.shortened;
    rebalance_push(p, &m);
    return TW_OK;
}

tw_status rebalance_take_mandatory(problem *p, tw_error *error) {
    tw_rebalance_plan *plan = p->plan;
    p->member_count = 0;
    plan->restricted_outside = plan->minimum_outside = plan->widened = 0;
    plan->order_max_outside = plan->shortened = 0;
    const uint8_t *outcomes = p->work->outcomes;
    for (size_t i = 0; (i = next_not_inside(outcomes, i, p->count)) < p->count; i++) {
        uint8_t outcome = outcomes[i];
        expect_trade(p, i + AHEAD);
        if (outcome != TW_OUTCOME_ABOVE_BAND && outcome != TW_OUTCOME_BELOW_BAND)
            continue;
        tw_status status = take_one(p, i, error);
        if (status != TW_OK)
            return status;
    }
    p->mandatory = p->member_count;
    return TW_OK;
}

/* What the gross limit leaves for purchases: who stands on the wrong side and does not have to
 * trade (an odd lot, for one) counts with its size. Should such a one trade all the same, its size
 * is counted wrongly here, and the finished plan is measured again. */
static void find_gross_room(problem *p) {
    p->gross_max = p->gross_limit;
    if (p->sides != 0)
        rebalance_open_sides(p);
    if (p->sides == 0 || p->positions == NULL)
        return;
    wide gross = 0;
    for (size_t i = 0; i < p->count; i++) {
        const tw_rebalance_position *at = &p->positions[i];
        wide value = (wide)at->quantity.nano * at->price.nano;
        wide sided = at->weight_nano < 0 ? -value : value;
        uint8_t outcome = p->work->outcomes[i];
        bool stays = outcome == TW_OUTCOME_INSIDE || outcome > TW_OUTCOME_FILL_GROUP;
        gross += stays && sided < 0 ? -sided : sided;
    }
    p->gross_max = floor_divide(p->gross_limit - gross, TW_NANO);
}

/* --- who trades as well ---------------------------------------------------------------------- */

static bool is_chosen(uint8_t outcome) {
    return outcome >= TW_OUTCOME_RAISE_CASH && outcome <= TW_OUTCOME_FILL_GROUP;
}

static bool does_sell(uint8_t outcome) {
    return outcome == TW_OUTCOME_RAISE_CASH || outcome == TW_OUTCOME_CUT_GROUP;
}

static void push_chosen(problem *p) {
    for (size_t i = 0; p->chosen > 0 && i < p->count; i++) {
        uint8_t outcome = p->work->outcomes[i];
        expect_trade(p, i + AHEAD);
        if (!is_chosen(outcome))
            continue;
        member m;
        bool has_range = rebalance_member_inside(p, i, does_sell(outcome), &m);
        TW_ASSERT(has_range);
        rebalance_push(p, &m);
    }
    TW_ASSERT(p->member_count == p->mandatory + p->chosen);
}

static size_t tries_of(const problem *p, size_t tries_max) {
    size_t tries = STEERED_MAX / (p->member_count + 1) + 1;
    return tries < tries_max ? tries : tries_max;
}

/* Other last offers that cover what the last one had to, greatest first. Without groups only. */
static bool choose_other_last(problem *p) {
    if (p->by_value || p->chosen == 0)
        return false;
    offer *offers = p->work->offers[p->direction];
    offer last = offers[p->chosen - 1];
    size_t place = p->mandatory;
    while (p->work->members[place].index != last.index)
        place++;
    member kept = p->work->members[place];
    uint8_t outcome = p->work->outcomes[last.index];
    offer *others = &offers[p->chosen];
    size_t left = p->left;
    offers_heap(p, others, left);
    p->work->outcomes[last.index] = TW_OUTCOME_INSIDE;
    for (size_t tries = tries_of(p, TRIES_MAX); tries > 0 && left > 0; tries--) {
        offer next = offers_take(p, others, left--);
        member m;
        if (next.amount < p->last_need ||
            !rebalance_member_inside(p, next.index, does_sell(outcome), &m))
            break;
        p->work->members[place] = m;
        if (rebalance_steer(p)) {
            p->work->outcomes[next.index] = outcome;
            return true;
        }
    }
    p->work->members[place] = kept;
    p->work->outcomes[last.index] = outcome;
    return false;
}

/* --- more trades than the bound ----------------------------------------------------------------
 */

static bool is_below(const problem *p, uint32_t g, uint32_t fault) {
    while (g > fault)
        g = p->work->nodes[g].parent;
    return g == fault;
}

/* Offers of all that do not trade below the node at fault: of the finest lots, or of the greatest
 * amounts in one direction. */
static size_t list_spare(const problem *p, uint32_t fault, bool finest, bool sells) {
    offer *offers = p->work->offers[0];
    size_t count = 0;
    for (size_t i = 0; i < p->count; i++) {
        member m;
        if (p->work->outcomes[i] != TW_OUTCOME_INSIDE ||
            !is_below(p, rebalance_node_of(p, i), fault))
            continue;
        bool has_range = rebalance_member_inside(p, i, sells, &m) ||
                         (finest && rebalance_member_inside(p, i, !sells, &m));
        if (!has_range)
            continue;
        wide amount = finest ? -over_nano(member_lot_value(&m), true)
                             : member_value(&m, sells ? m.low : m.high);
        amount = !finest && amount < 0 ? -amount : amount;
        offers[count++] = (offer){narrow(amount), (uint32_t)i, 0};
    }
    offers_heap(p, offers, count);
    return count;
}

static uint8_t reason_of_more(uint32_t fault, bool sells) {
    if (fault == 0)
        return sells ? TW_OUTCOME_RAISE_CASH : TW_OUTCOME_USE_CASH;
    return sells ? TW_OUTCOME_CUT_GROUP : TW_OUTCOME_FILL_GROUP;
}

static bool try_one(problem *p, uint32_t index, uint32_t fault, bool sells) {
    member m;
    if (!rebalance_member_inside(p, index, sells, &m))
        return false;
    rebalance_push(p, &m);
    p->work->outcomes[index] = reason_of_more(fault, sells);
    if (rebalance_steer(p))
        return true;
    p->work->outcomes[index] = TW_OUTCOME_INSIDE;
    rebalance_pop(p);
    return false;
}

/* Does the node at fault lack members, not fine enough lots? */
static bool lacks_members(const problem *p, uint32_t fault, bool *ret_sells) {
    const node *at = &p->work->nodes[fault];
    *ret_sells = at->total > at->most;
    for (size_t i = 0; i < p->member_count; i++) {
        const member *m = &p->work->members[i];
        if (is_below(p, m->node, fault) && (*ret_sells ? m->at > m->low : m->at < m->high))
            return false;
    }
    return true;
}

/* One trade more, of several: the greatest that go the way that is missing, then the finest. When
 * none leads into the windows, `ret_stays` is the one to go on with, UINT32_MAX for none. */
static bool choose_one_more(problem *p, uint32_t *ret_stays) {
    uint32_t fault = p->fault;
    bool sells;
    bool lacks = lacks_members(p, fault, &sells);
    size_t count = list_spare(p, fault, false, sells);
    uint32_t stays = count > 0 ? p->work->offers[0][0].index : UINT32_MAX;
    for (size_t tries = tries_of(p, TRIES_LARGEST_MAX); tries > 0 && count > 0; tries--) {
        offer next = offers_take(p, p->work->offers[0], count--);
        if (try_one(p, next.index, fault, sells))
            return true;
    }
    count = list_spare(p, fault, true, sells);
    if (count > 0 && (!lacks || stays == UINT32_MAX))
        stays = p->work->offers[0][0].index;
    for (size_t tries = tries_of(p, TRIES_MAX); tries > 0 && count > 0; tries--) {
        offer next = offers_take(p, p->work->offers[0], count--);
        if (try_one(p, next.index, fault, true) || try_one(p, next.index, fault, false))
            return true;
    }
    *ret_stays = stays;
    return false;
}

/* Lets one more trade, though it is not enough. False when there is none. */
static bool add_one(problem *p, uint32_t index) {
    member m;
    uint32_t fault = p->fault;
    bool sells;
    lacks_members(p, fault, &sells);
    if (index == UINT32_MAX)
        return false;
    if (!rebalance_member_inside(p, index, sells, &m)) {
        sells = !sells;
        if (!rebalance_member_inside(p, index, sells, &m))
            return false;
    }
    rebalance_push(p, &m);
    p->work->outcomes[index] = reason_of_more(fault, sells);
    return true;
}

static bool choose_more(problem *p) {
    for (int round = 0; round < ROUNDS_MAX; round++) {
        uint32_t stays = UINT32_MAX;
        if (choose_one_more(p, &stays) || (add_one(p, stays) && rebalance_steer(p)))
            return true;
        if (stays == UINT32_MAX)
            return false;
    }
    return false;
}

/* --- all of it ----------------------------------------------------------------------------------
 */

static bool may_keep_caps(const problem *p) {
    return p->plan->lower_bound <= p->config->trades_max &&
           p->plan->turnover_bound.nano <= p->config->turnover_max.nano;
}

tw_status rebalance_solve_once(problem *p, tw_error *error) {
    tw_rebalance_plan *plan = p->plan;
    tw_status status = rebalance_take_mandatory(p, error);
    if (status != TW_OK)
        return status;
    plan->mandatory = plan->home_bound = p->mandatory;
    plan->outside = plan->restricted_outside + plan->minimum_outside + plan->capped_outside +
                    plan->order_max_outside + plan->shortened;
    find_gross_room(p);
    plan->turnover_bound.nano = narrow(rebalance_turnover_bound(p));
    plan->feasible = false;
    plan->count = 0;
    plan->reachable.nano = plan->deficit.nano = plan->limit.nano = 0;
    plan->group_at_fault = 0;
    plan->fault = TW_REBALANCE_FAULT_NONE;
    bool feasible;
    status = rebalance_choose(p, &feasible, error);
    if (status != TW_OK)
        return status;
    plan->lower_bound = p->mandatory + p->bound_chosen;
    if (!feasible) {
        rebalance_say_infeasible(p);
        return TW_OK;
    }
    if (p->within_caps_only && !may_keep_caps(p))
        return TW_OK;
    push_chosen(p);
    bool found = rebalance_steer(p) || choose_other_last(p) || choose_more(p);
    bool complete = false;
    if (!found || p->member_count > plan->lower_bound)
        found = rebalance_search(p, found, &complete);
    if (found)
        return rebalance_write_plan(p, error);
    if (complete)
        rebalance_say_none_fits(p);
    else
        rebalance_say_not_found(p);
    return TW_OK;
}
