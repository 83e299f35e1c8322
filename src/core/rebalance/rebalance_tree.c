/*
 * rebalance_tree.c - who trades, so that every set of positions can come into its limits.
 *
 * The positions are the leaves of a tree of nodes: groups in groups, and everything in node 0,
 * whose limits are those of the cash. What a node can reach with k trades more than it must have
 * is an interval that contains what it reaches with fewer, and its gains fall: the largest offers
 * first. Both properties survive the sum over the children and the cut at a node's limits, so the
 * choice is made once, from the groups upward, each node taking the fewest largest offers that
 * it still needs (theorem 3 of docs/rebalancing-proof.md). Without groups that is theorem 1.
 *
 * With costs a value and the cash it uses differ. Then node 0 is given limits in value that every
 * plan keeps, so what is chosen is a lower bound; a second bound comes from the cash alone,
 * without the groups. Steering adds trades where they are needed after all.
 *
 * Invariants (beside those of rebalance_priv.h):
 * 1. After choose_at(g): low and high are within the window of g, and counts[] offers at begin
 *    are what it can still give in each direction, at most low - least and most - high together.
 * 2. A position is taken at most once: a node that took offers of one direction stands at its limit
 *    on the other side, so that the cut leaves none of the other direction.
 */
#include "rebalance_priv.h"

#include <string.h>

#define LIMIT_WEIGHT_MAX (100 * TW_NANO)

/* --- nodes ----------------------------------------------------------------------------------- */

static uint32_t add_node(problem *p, uint32_t parent, wide least, wide most) {
    uint32_t g = p->node_count++;
    TW_ASSERT(g < p->work->node_max && (g == 0 || parent < g));
    node *at = &p->work->nodes[g];
    memset(at, 0, sizeof *at);
    at->least = least;
    at->most = most;
    at->parent = parent;
    return g;
}

static void link_children(const problem *p) {
    node *nodes = p->work->nodes;
    for (uint32_t g = 1; g < p->node_count; g++) {
        nodes[g].sibling = nodes[nodes[g].parent].child;
        nodes[nodes[g].parent].child = g;
    }
}

/* At 1e-18 where there are weights. */
static wide limit_of(const problem *p, int64_t limit) {
    if (limit == INT64_MIN || limit == INT64_MAX)
        return limit < 0 ? -LIMIT_NONE : LIMIT_NONE;
    return p->positions == NULL ? (wide)limit : (wide)limit * p->equity;
}

/* The limits of values after trading become limits of net purchases: less what is held. */
static void subtract_holdings(const problem *p) {
    node *nodes = p->work->nodes;
    for (size_t i = 0; p->by_value && i < p->count; i++)
        nodes[rebalance_node_of(p, i)].nearest +=
            (wide)p->positions[i].quantity.nano * p->positions[i].price.nano;
    for (uint32_t g = p->node_count; g-- > 1;) {
        node *at = &nodes[g];
        nodes[at->parent].nearest += at->nearest;
        if (at->has_least)
            at->least = ceiling_divide(at->least - at->nearest, TW_NANO);
        if (at->has_most)
            at->most = floor_divide(at->most - at->nearest, TW_NANO);
    }
}

static uint32_t add_limited(problem *p, uint32_t parent, int64_t least, int64_t most) {
    uint32_t g = add_node(p, parent, limit_of(p, least), limit_of(p, most));
    p->work->nodes[g].has_least = least != INT64_MIN && least != INT64_MAX;
    p->work->nodes[g].has_most = most != INT64_MIN && most != INT64_MAX;
    return g;
}

/* No limit, an amount, or a weight that is not beyond reason: sums of them fit then. */
static bool is_limit(const problem *p, int64_t nano, bool up) {
    if (nano == INT64_MIN || nano == INT64_MAX)
        return (nano > 0) == up;
    return p->positions == NULL || (nano >= -LIMIT_WEIGHT_MAX && nano <= LIMIT_WEIGHT_MAX);
}

static tw_status check_limits(const problem *p, tw_error *error) {
    const tw_rebalance_config *config = p->config;
    if (config->net_min_nano > config->net_max_nano || !is_limit(p, config->net_min_nano, false) ||
        !is_limit(p, config->net_max_nano, true) || !is_limit(p, config->gross_max_nano, true))
        return tw_error_set(error, TW_INVALID,
                            "the least net value is above the most, or a limit on the net or gross "
                            "value is beyond 100 times the equity");
    for (size_t i = 0; i < config->group_count; i++) {
        const tw_rebalance_group *group = &config->groups[i];
        if (group->parent > i)
            return tw_error_set(error, TW_INVALID, "%s stands before its parent",
                                rebalance_group_label(p, i + 1).text);
        if (group->least_nano > group->most_nano || !is_limit(p, group->least_nano, false) ||
            !is_limit(p, group->most_nano, true))
            return tw_error_set(error, TW_INVALID,
                                "the least of %s is above its most, or a limit of it beyond "
                                "100 times the equity",
                                rebalance_group_label(p, i + 1).text);
    }
    return TW_OK;
}

/* Under a gross limit each group belongs to the side of its positions. */
static tw_status place_groups_on_sides(const problem *p, tw_error *error) {
    node *nodes = p->work->nodes;
    for (size_t i = 0; i < p->count; i++) {
        uint32_t g = rebalance_node_of(p, i);
        bool is_short =
            p->positions != NULL ? p->positions[i].weight_nano < 0 : p->ranges[i].is_short != 0;
        if (g >= p->group_first)
            nodes[g].counts[is_short] = 1;
    }
    for (uint32_t g = p->node_count; g-- > p->group_first;) {
        node *at = &nodes[g];
        if (at->counts[0] > 0 && at->counts[1] > 0)
            return tw_error_set(error, TW_INVALID,
                                "%s holds long and short positions; with a limit on the gross "
                                "value a group is of one side",
                                rebalance_group_label(p, g - p->group_first + 1).text);
        if (at->parent == p->top)
            at->parent = p->sides + (at->counts[1] > 0);
        nodes[at->parent].counts[0] |= at->counts[0];
        nodes[at->parent].counts[1] |= at->counts[1];
    }
    return TW_OK;
}

tw_status rebalance_nodes(problem *p, tw_error *error) {
    const tw_rebalance_config *config = p->config;
    if (config->group_count > p->work->node_max - NODES_EXTRA)
        return tw_error_set(error, TW_FULL, "%zu groups exceed the %zu made room for",
                            config->group_count, p->work->node_max - NODES_EXTRA);
    if (config->group_count > 0 && config->groups == NULL)
        return tw_error_set(error, TW_INVALID, "the groups are not a table");
    tw_status status = check_limits(p, error);
    if (status != TW_OK)
        return status;
    add_node(p, 0, (wide)config->cash.nano - config->cash_max.nano,
             (wide)config->cash.nano - config->cash_min.nano);
    if (config->cash_max.nano == INT64_MAX)
        p->work->nodes[0].least = -LIMIT_NONE;
    if (config->net_min_nano != INT64_MIN || config->net_max_nano != INT64_MAX)
        p->top = add_limited(p, 0, config->net_min_nano, config->net_max_nano);
    if (config->gross_max_nano != INT64_MAX) {
        p->sides = add_node(p, p->top, -LIMIT_NONE, LIMIT_NONE);
        add_node(p, p->top, -LIMIT_NONE, LIMIT_NONE);
        p->gross_limit = limit_of(p, config->gross_max_nano);
    }
    p->group_first = p->node_count;
    for (size_t i = 0; i < config->group_count; i++) {
        const tw_rebalance_group *group = &config->groups[i];
        uint32_t parent = group->parent == 0 ? p->top : p->group_first + group->parent - 1;
        uint32_t g = add_limited(p, parent, group->least_nano, group->most_nano);
        p->work->nodes[g].fault = (uint32_t)i + 1;
    }
    p->by_value = p->node_count > 1;
    if (p->sides != 0)
        status = place_groups_on_sides(p, error);
    if (status != TW_OK)
        return status;
    if (p->positions != NULL)
        subtract_holdings(p);
    link_children(p);
    return TW_OK;
}

void rebalance_places(const problem *p) {
    node *nodes = p->work->nodes;
    for (uint32_t g = 0; g < p->node_count; g++)
        nodes[g].below = nodes[g].own;
    for (uint32_t g = p->node_count; g-- > 1;)
        nodes[nodes[g].parent].below += nodes[g].below;
    nodes[0].begin = 0;
    for (uint32_t g = 0; g < p->node_count; g++) {
        size_t begin = nodes[g].begin + nodes[g].own;
        for (uint32_t c = nodes[g].child; c != 0; c = nodes[c].sibling) {
            nodes[c].begin = begin;
            begin += nodes[c].below;
        }
    }
}

/* --- one node --------------------------------------------------------------------------------- */

/* Puts the children's offers behind the node's own, and adds up what they reach. */
static void gather(const problem *p, uint32_t g) {
    node *nodes = p->work->nodes;
    node *at = &nodes[g];
    for (uint32_t c = at->child; c != 0; c = nodes[c].sibling) {
        for (int direction = DOWN; direction <= UP; direction++) {
            offer *offers = p->work->offers[direction];
            memmove(&offers[at->begin + at->counts[direction]], &offers[nodes[c].begin],
                    nodes[c].counts[direction] * sizeof(offer));
            at->counts[direction] += nodes[c].counts[direction];
        }
        at->low += nodes[c].low;
        at->high += nodes[c].high;
    }
}

/* Cuts the offers so that they add up to at most `room` (invariant 1). */
static void cut(const problem *p, node *at, int direction, wide room) {
    offer *offers = &p->work->offers[direction][at->begin];
    size_t kept = offers_cover(p, offers, at->counts[direction], room);
    if (kept > at->counts[direction])
        return;
    wide sum = 0;
    for (size_t i = 0; i < kept; i++)
        sum += offers[i].amount;
    if (kept > 0)
        offers[kept - 1].amount -= (int64_t)(sum - room);
    at->counts[direction] = kept;
}

static uint8_t reason_of(uint32_t g, int direction) {
    if (g == 0)
        return direction == DOWN ? TW_OUTCOME_RAISE_CASH : TW_OUTCOME_USE_CASH;
    return direction == DOWN ? TW_OUTCOME_CUT_GROUP : TW_OUTCOME_FILL_GROUP;
}

/* Marks the fewest offers that cover `need`; returns what they add up to, less than `need` when
 * all are not enough. */
static wide take(problem *p, uint32_t g, int direction, wide need) {
    node *at = &p->work->nodes[g];
    offer *offers = &p->work->offers[direction][at->begin];
    size_t count = at->counts[direction];
    size_t taken = offers_cover(p, offers, count, need);
    wide sum = 0;
    for (size_t i = 0; i < taken && i < count; i++)
        sum += offers[i].amount;
    if (taken > count) {
        p->fault = g;
        p->fault_gap = need - sum;
        p->fault_down = direction == DOWN;
        return sum;
    }
    for (size_t i = 0; i < taken; i++)
        p->work->outcomes[offers[i].index] = reason_of(g, direction);
    p->chosen += taken;
    if (g == 0) {
        p->direction = direction;
        p->left = count - taken;
        p->last_need = need - sum + offers[taken - 1].amount;
    } else {
        memmove(offers, &offers[taken], (count - taken) * sizeof(offer));
    }
    at->counts[direction] = count - taken;
    return sum;
}

static bool choose_at(problem *p, uint32_t g, wide least, wide most) {
    node *at = &p->work->nodes[g];
    if (at->low > most) {
        at->low -= take(p, g, DOWN, at->low - most);
        at->high = most;
        if (at->low > most)
            return false;
    } else if (at->high < least) {
        at->high += take(p, g, UP, least - at->high);
        at->low = least;
        if (at->high < least)
            return false;
    }
    if (g == 0)
        return true;
    at->low = at->low < least ? least : at->low;
    at->high = at->high > most ? most : at->high;
    cut(p, at, DOWN, at->low - least);
    cut(p, at, UP, most - at->high);
    return true;
}

/* --- everything ------------------------------------------------------------------------------ */

/* What the mandatory members reach, in cash at node 0 or in value at their nodes; and the least
 * and most that they cost. */
typedef struct reach {
    wide low;
    wide high;
    wide cost_least;
    wide cost_most;
} reach;

static reach reach_of_members(const problem *p) {
    node *nodes = p->work->nodes;
    reach all = {0, 0, 0, 0};
    for (uint32_t g = 0; g < p->node_count; g++)
        nodes[g].low = nodes[g].high = 0;
    for (size_t i = 0; i < p->member_count; i++) {
        const member *m = &p->work->members[i];
        wide low = member_value(m, m->low);
        wide high = member_value(m, m->high);
        wide cash_low = member_cash(m, m->low);
        wide cash_high = member_cash(m, m->high);
        wide cost_low = cash_low - low;
        wide cost_high = cash_high - high;
        all.low += cash_low;
        all.high += cash_high;
        all.cost_least += cost_low < cost_high ? cost_low : cost_high;
        all.cost_most += cost_low < cost_high ? cost_high : cost_low;
        nodes[m->node].low += p->by_value ? low : cash_low;
        nodes[m->node].high += p->by_value ? high : cash_high;
    }
    return all;
}

/* The cash alone, without groups. Where these are, nothing is marked: it is a bound. */
static tw_status choose_by_cash(problem *p, const reach *all, bool *ret_feasible, tw_error *error) {
    node *whole = &p->work->nodes[0];
    int direction = all->low > whole->most ? DOWN : UP;
    wide need = direction == DOWN ? all->low - whole->most : whole->least - all->high;
    *ret_feasible = true;
    if (need <= 0)
        return TW_OK;
    size_t count = p->offered_count;
    wide cost = 0;
    tw_status status = TW_OK;
    if (p->offered != direction)
        status = rebalance_offers(p, direction, true, &count, &cost, error);
    if (status != TW_OK)
        return status;
    p->offered = NO_OFFERS; /* they are taken from here */
    if (!p->by_value) {
        whole->counts[direction] = count;
        *ret_feasible = choose_at(p, 0, whole->least, whole->most);
        p->bound_chosen = p->chosen;
        return TW_OK;
    }
    offer *offers = p->work->offers[direction];
    size_t taken = offers_cover(p, offers, count, need);
    *ret_feasible = taken <= count;
    p->bound_chosen = taken;
    if (*ret_feasible)
        return TW_OK;
    wide sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += offers[i].amount;
    p->fault = 0;
    p->fault_gap = need - sum;
    p->fault_down = direction == DOWN;
    return TW_OK;
}

/* The number of optional positions at each node, and their places. */
static void place_offers(const problem *p) {
    node *nodes = p->work->nodes;
    for (uint32_t g = 0; g < p->node_count; g++) {
        nodes[g].own = 0;
        nodes[g].counts[DOWN] = nodes[g].counts[UP] = 0;
    }
    for (size_t i = 0; i < p->count; i++)
        if (p->work->outcomes[i] == TW_OUTCOME_INSIDE)
            nodes[rebalance_node_of(p, i)].own++;
    rebalance_places(p);
}

static tw_status choose_by_value(problem *p, const reach *all, bool *ret_feasible,
                                 tw_error *error) {
    node *nodes = p->work->nodes;
    place_offers(p);
    wide cost_most = all->cost_most;
    for (int direction = DOWN; direction <= UP; direction++) {
        size_t count = 0;
        wide cost = 0;
        tw_status status = rebalance_offers(p, direction, false, &count, &cost, error);
        if (status != TW_OK)
            return status;
        cost_most += cost;
    }
    /* What the costs leave of the cash window, in value, whatever they are. */
    wide most = nodes[0].most - all->cost_least;
    wide least = nodes[0].least - cost_most;
    size_t bound = p->bound_chosen;
    *ret_feasible = true;
    for (uint32_t g = p->node_count; *ret_feasible && g-- > (p->sides != 0 ? p->sides : 0);) {
        gather(p, g);
        *ret_feasible =
            g == 0 ? choose_at(p, g, least, most) : choose_at(p, g, nodes[g].least, nodes[g].most);
    }
    if (*ret_feasible && p->sides != 0) {
        const node *top = &nodes[p->top];
        bool net = p->top != 0;
        *ret_feasible = rebalance_choose_sides(p, net && top->least > least ? top->least : least,
                                               net && top->most < most ? top->most : most);
    }
    p->bound_chosen = bound > p->chosen ? bound : p->chosen;
    return TW_OK;
}

tw_status rebalance_choose(problem *p, bool *ret_feasible, tw_error *error) {
    reach all = reach_of_members(p);
    p->chosen = p->bound_chosen = 0;
    *ret_feasible = true;
    if (!p->by_value || p->has_costs) {
        tw_status status = choose_by_cash(p, &all, ret_feasible, error);
        if (status != TW_OK || !*ret_feasible || !p->by_value)
            return status;
    }
    return choose_by_value(p, &all, ret_feasible, error);
}

wide rebalance_turnover_to_window(const problem *p, wide cash, wide moved) {
    const node *whole = &p->work->nodes[0];
    wide slack = p->has_costs ? (wide)p->part_count + over_nano(moved * p->rate_most, true) : 0;
    wide above = cash - whole->most - slack;
    wide below = whole->least - cash - slack - (wide)p->part_count * p->fixed_most;
    wide distance = above > 0 ? above : below > 0 ? below : 0;
    return p->has_costs ? floor_divide(distance * TW_NANO, TW_NANO + p->rate_most) : distance;
}

/*
 * Theorem 2 and 4: from the smallest trades of the mandatory members, each node leads into its
 * window by the shortest way, and that way is a part of every plan. At node 0 the window is one
 * of cash: a change of value by 1 changes the cash by at most 1 and the rate, and each trade by one
 * rounding; fixed costs of purchases help to use cash up, so they shorten that way.
 */
wide rebalance_turnover_bound(problem *p) {
    node *nodes = p->work->nodes;
    wide turnover = 0;
    wide cash = 0;
    wide cash_value = 0;
    for (uint32_t g = 0; g < p->node_count; g++)
        nodes[g].nearest = 0;
    for (size_t i = 0; i < p->member_count; i++) {
        const member *m = &p->work->members[i];
        int64_t nearest = m->low > 0 ? m->low : m->high;
        wide value = member_value(m, nearest);
        turnover += value < 0 ? -value : value;
        nodes[m->node].nearest += value;
        cash += member_cash(m, nearest);
        cash_value += value;
    }
    wide moved = 0;
    for (uint32_t g = p->node_count; g-- > 1;) {
        wide to = wide_clamp(nodes[g].nearest, nodes[g].least, nodes[g].most);
        wide way = to - nodes[g].nearest;
        moved += way < 0 ? -way : way;
        nodes[nodes[g].parent].nearest += to;
    }
    turnover += moved;
    /* What the groups moved may have moved the costs as well, by as much as the rate of it. */
    return turnover + rebalance_turnover_to_window(p, cash + nodes[0].nearest - cash_value, moved);
}
