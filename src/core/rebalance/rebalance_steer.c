/*
 * rebalance_steer.c - how much each member trades, so that every node comes into its window.
 *
 * Every member starts at its smallest (or wanted) trade. Then the nodes are settled from the groups
 * upward, node 0, the cash, last: members below the node move one after the other in the one
 * direction that its window lies, never taking a node below out of its own, and the last moves
 * only as far as needed. All moves for a node have one sign, so the turnover is least (theorems 2
 * and 4). The member with the finest lot moves last, so that what dear lots cannot reach it can;
 * when that is not enough they all go by their lots, and then lots are let step over the window
 * one by one while the others come back.
 *
 * Invariants:
 * 1. Totals always agree with the members (invariant 3 of rebalance_priv.h).
 * 2. Moving for node g leaves every node between the member and g, g excluded, in its window if it
 *    was in it.
 */
#include "rebalance_priv.h"

#include <string.h>

/* How many members take a lot too many, one after the other, when a lot steps over the window. */
#define STEPS_MAX 64

/* --- members --------------------------------------------------------------------------------- */

static void add_to_totals(const problem *p, uint32_t g, wide value, wide cash) {
    node *nodes = p->work->nodes;
    for (; g != 0; g = nodes[g].parent)
        nodes[g].total += value;
    nodes[0].total += cash;
}

static void move_to(const problem *p, member *m, int64_t lots) {
    int64_t value = (int64_t)member_value(m, lots);
    int64_t cash = (int64_t)member_cash_of(m, value);
    add_to_totals(p, m->node, (wide)value - m->value, (wide)cash - m->cash);
    m->at = lots;
    m->value = value;
    m->cash = cash;
}

void rebalance_push(problem *p, const member *m) {
    TW_ASSERT(p->member_count < p->count);
    TW_ASSERT(m->low <= m->at && m->at <= m->high && (m->low > 0 || m->high < 0));
    p->work->members[p->member_count++] = *m;
}

void rebalance_pop(problem *p) {
    TW_ASSERT(p->member_count > 0);
    p->member_count--;
}

/* Seats the members so that those below a node stand together. */
static void seat(problem *p) {
    node *nodes = p->work->nodes;
    for (uint32_t g = 0; g < p->node_count; g++)
        nodes[g].own = 0;
    for (size_t i = 0; i < p->member_count; i++)
        nodes[p->work->members[i].node].own++;
    rebalance_places(p);
    for (uint32_t g = 0; g < p->node_count; g++)
        nodes[g].counts[0] = 0;
    for (size_t i = 0; i < p->member_count; i++) {
        node *at = &nodes[p->work->members[i].node];
        p->work->seats[at->begin + at->counts[0]++] = (uint32_t)i;
    }
}

void rebalance_add_up(const problem *p) {
    for (uint32_t g = 0; g < p->node_count; g++)
        p->work->nodes[g].total = 0;
    for (size_t i = 0; i < p->member_count; i++) {
        member *m = &p->work->members[i];
        m->value = m->cash = 0;
        move_to(p, m, m->at);
    }
}

static void start(const problem *p) {
    for (size_t i = 0; i < p->member_count; i++) {
        member *m = &p->work->members[i];
        m->at = m->wanted < m->low ? m->low : m->wanted > m->high ? m->high : m->wanted;
    }
    rebalance_add_up(p);
}

/* --- one member --------------------------------------------------------------------------------
 */

static bool is_inside(const node *at) {
    return at->total >= at->least && at->total <= at->most;
}

/* Where node g would be. */
static wide total_with(const problem *p, uint32_t g, const member *m, int64_t lots) {
    wide change = g == 0 ? member_cash(m, lots) - m->cash : member_value(m, lots) - m->value;
    return p->work->nodes[g].total + change;
}

static bool has_arrived(const problem *p, uint32_t g, const member *m, int64_t lots, bool down) {
    wide total = total_with(p, g, m, lots);
    return down ? total <= p->work->nodes[g].most : total >= p->work->nodes[g].least;
}

/* Invariant 2. */
static bool is_allowed(const problem *p, uint32_t g, const member *m, int64_t lots, bool down) {
    const node *nodes = p->work->nodes;
    if (m->node == g)
        return true;
    wide change = member_value(m, lots) - m->value;
    for (uint32_t h = m->node; h != g; h = nodes[h].parent) {
        TW_ASSERT(h != 0);
        wide total = nodes[h].total + change;
        if (down ? total < nodes[h].least : total > nodes[h].most)
            return false;
    }
    return true;
}

/* The farthest lots towards `end` that node g's inner windows allow. */
static int64_t farthest_allowed(const problem *p, uint32_t g, const member *m, int64_t end,
                                bool down) {
    if (is_allowed(p, g, m, end, down))
        return end;
    int64_t near = m->at;
    int64_t far = end;
    while (far - near > 1 || near - far > 1) {
        int64_t middle = near + (far - near) / 2;
        if (is_allowed(p, g, m, middle, down))
            near = middle;
        else
            far = middle;
    }
    return near;
}

/* Moves one member towards its end. True when the window has been reached. */
static bool move_member(const problem *p, uint32_t g, member *m, bool down) {
    int64_t end = farthest_allowed(p, g, m, down ? m->low : m->high, down);
    if (end == m->at)
        return false;
    if (!has_arrived(p, g, m, end, down)) {
        move_to(p, m, end);
        return false;
    }
    /* Between `near`, not there yet, and `far`, there: the ends of a one-sided range. */
    int64_t near = m->at;
    int64_t far = end;
    while (far - near > 1 || near - far > 1) {
        int64_t middle = near + (far - near) / 2;
        if (has_arrived(p, g, m, middle, down))
            far = middle;
        else
            near = middle;
    }
    /* A lot may step over the window; then stay before it and let finer lots finish. */
    wide total = total_with(p, g, m, far);
    const node *at = &p->work->nodes[g];
    bool inside = total >= at->least && total <= at->most;
    move_to(p, m, inside ? far : near);
    return inside;
}

/* --- one node -----------------------------------------------------------------------------------
 */

static member *member_at(const problem *p, size_t seat_number) {
    return &p->work->members[p->work->seats[seat_number]];
}

/* Finer lots, then the lower symbol and index. */
static bool is_finer(const problem *p, const member *a, const member *b) {
    wide step_a = member_lot_value(a);
    wide step_b = member_lot_value(b);
    if (step_a != step_b)
        return step_a < step_b;
    tw_symbol symbol_a = rebalance_symbol_of(p, a->index);
    tw_symbol symbol_b = rebalance_symbol_of(p, b->index);
    return symbol_a != symbol_b ? symbol_a < symbol_b : a->index < b->index;
}

static member *finest_below(const problem *p, const node *at, bool down) {
    member *finest = NULL;
    for (size_t i = at->begin; i < at->begin + at->below; i++) {
        member *m = member_at(p, i);
        bool can_move = down ? m->at > m->low : m->at < m->high;
        if (can_move && (finest == NULL || is_finer(p, m, finest)))
            finest = m;
    }
    return finest;
}

static void sift_finer(const problem *p, uint32_t *heap, size_t count, size_t root) {
    const member *members = p->work->members;
    for (;;) {
        size_t best = root;
        for (size_t child = 2 * root + 1; child <= 2 * root + 2 && child < count; child++)
            if (is_finer(p, &members[heap[child]], &members[heap[best]]))
                best = child;
        if (best == root)
            return;
        uint32_t kept = heap[root];
        heap[root] = heap[best];
        heap[best] = kept;
        root = best;
    }
}

/* The dearest lots first. Only seats below the node change places. */
static void seat_by_lots(const problem *p, const node *at) {
    uint32_t *seats = &p->work->seats[at->begin];
    for (size_t i = at->below / 2; i-- > 0;)
        sift_finer(p, seats, at->below, i);
    for (size_t left = at->below; left > 1; left--) {
        uint32_t kept = seats[0];
        seats[0] = seats[left - 1];
        seats[left - 1] = kept;
        sift_finer(p, seats, left - 1, 0);
    }
}

/* Moves all members below the node but `last`, and that one then if `and_last`. */
static bool move_all(const problem *p, uint32_t g, bool down, member *last, bool and_last) {
    const node *at = &p->work->nodes[g];
    for (size_t i = at->begin; i < at->begin + at->below; i++) {
        member *m = member_at(p, i);
        if (m != last && move_member(p, g, m, down))
            return true;
    }
    return and_last && last != NULL && move_member(p, g, last, down);
}

/* A lot stepped over the window from one side: let one member after the other take its next lot,
 * and the rest come back towards the window with theirs. */
static bool step_over(const problem *p, uint32_t g, bool down) {
    const node *at = &p->work->nodes[g];
    size_t tries = at->below < STEPS_MAX ? at->below : STEPS_MAX;
    for (size_t i = 0; i < tries; i++) {
        member *m = member_at(p, at->begin + i);
        int64_t next = m->at + (down ? -1 : 1);
        if (next < m->low || next > m->high || !is_allowed(p, g, m, next, down))
            continue;
        move_to(p, m, next);
        if (is_inside(at) || move_all(p, g, at->total > at->most, m, false))
            return true;
    }
    return false;
}

/* --- closest to the targets ---------------------------------------------------------------------
 */

/* Where a member stands when all give way by the same amount of value. */
static int64_t lots_at_level(const member *m, wide level) {
    wide lots = floor_divide((level < 0 ? -level : level) * TW_NANO, member_lot_value(m));
    return (int64_t)wide_clamp(m->wanted + (level < 0 ? -lots : lots), m->low, m->high);
}

static wide total_at_level(const problem *p, uint32_t g, wide level) {
    const node *at = &p->work->nodes[g];
    wide total = 0;
    for (size_t i = at->begin; i < at->begin + at->below; i++) {
        const member *m = member_at(p, i);
        int64_t lots = lots_at_level(m, level);
        total += g == 0 ? member_cash(m, lots) : member_value(m, lots);
    }
    return total;
}

/*
 * Water-filling: the least sum of squared distances from the wanted values that brings a total into
 * a window moves every member by one and the same value, within its range (theorem 6). The level
 * is found by halving; it stops on the near side of the window, and lots of what is left are moved
 * as ever. Where a node below has a window of its own, that could be left: then nothing is done.
 */
static void fill(const problem *p, uint32_t g, bool down) {
    node *at = &p->work->nodes[g];
    if (at->child != 0)
        return;
    wide near = 0;
    wide far = down ? -(wide)INT64_MAX : (wide)INT64_MAX;
    while (far - near > 1 || near - far > 1) {
        wide middle = near + (far - near) / 2;
        wide total = total_at_level(p, g, middle);
        if (down ? total <= at->most : total >= at->least)
            far = middle;
        else
            near = middle;
    }
    for (size_t i = at->begin; i < at->begin + at->below; i++)
        move_to(p, member_at(p, i), lots_at_level(member_at(p, i), near));
    /* Between the two levels each takes a lot at most: as many of them as the window needs. */
    for (size_t i = at->begin; i < at->begin + at->below && !is_inside(at); i++) {
        member *m = member_at(p, i);
        int64_t lots = lots_at_level(m, far);
        wide total = total_with(p, g, m, lots);
        if (down ? total >= at->least : total <= at->most)
            move_to(p, m, lots);
    }
}

/* --- all nodes
 * ------------------------------------------------------------------------------------ */

bool rebalance_settle(problem *p, uint32_t g, bool by_lots) {
    const node *at = &p->work->nodes[g];
    if (is_inside(at))
        return true;
    bool down = at->total > at->most;
    if (p->config->aim == TW_REBALANCE_CLOSEST)
        fill(p, g, down);
    if (is_inside(at))
        return true;
    if (by_lots) {
        seat_by_lots(p, at);
        return move_all(p, g, down, NULL, false) || step_over(p, g, down);
    }
    return move_all(p, g, down, finest_below(p, at, down), true);
}

static bool settle_all(problem *p, bool by_lots) {
    start(p);
    seat(p);
    for (uint32_t g = p->node_count; g-- > 0;) {
        if (p->sides != 0 && g == p->sides + 1) {
            if (!rebalance_settle_sides(p, by_lots)) {
                p->fault = g;
                return false;
            }
            g = p->sides;
            continue;
        }
        if (!rebalance_settle(p, g, by_lots)) {
            p->fault = g;
            return false;
        }
    }
    return true;
}

bool rebalance_steer(problem *p) {
    return settle_all(p, false) || settle_all(p, true);
}
