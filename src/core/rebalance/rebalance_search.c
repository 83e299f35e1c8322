/*
 * rebalance_search.c - small instances exactly: every combination of who trades how much.
 *
 * Steering moves one member after the other, so it misses whole lots that hit a narrow window only
 * together. Where it found nothing, or more trades than the bound, the combinations are walked
 * through: those of the least number of trades first, then of one more, and so on. A walk goes from
 * the dearest lots to the finest. Before each choice the lots are cut to those from which the
 * positions that are left can still reach every window, and the last that trades is not walked
 * through but computed: of the lots that are left to it the nearest to where it is wanted.
 *
 * Invariants:
 * 1. nodes[g].total is what the positions chosen so far trade; nodes[g].low and high are what
 *    those that are left can add to it. So it is for the gross value with p->sides.
 * 2. The last candidate has the most choices, so a walk through all takes no more steps than the
 *    product of the others'.
 * 3. A number of trades is ruled out only by a walk that ended by itself, so what is said to be
 *    proven is.
 */
#include "rebalance_priv.h"

#include <math.h>
#include <string.h>

typedef struct interval {
    wide low;
    wide high;
} interval;

/* A position that can trade: as a seller, a buyer, or either. */
typedef struct candidate {
    member by[2];
    bool has[2];
    bool must;
    bool is_short;
    uint32_t index;
    uint32_t node;
    size_t place;   /* of those that must: in work->members */
    interval value; /* what it can add; with 0 unless it must */
    interval cash;
} candidate;

typedef struct search {
    problem *p;
    candidate *all;
    size_t count;
    size_t must_left[TW_REBALANCE_SEARCH_POSITIONS + 1]; /* of those from here on */
    uint64_t steps_left;
    bool cut; /* no steps were left */
    interval gross_left;
    wide gross;
    double away; /* of the lots chosen so far, from where they are wanted */
    double best_away;
    bool found;
    int64_t lots[TW_REBALANCE_SEARCH_POSITIONS];
    int64_t best[TW_REBALANCE_SEARCH_POSITIONS];
} search;

/* --- candidates ------------------------------------------------------------------------------ */

static void widen(interval *all, wide value, bool first) {
    all->low = first || value < all->low ? value : all->low;
    all->high = first || value > all->high ? value : all->high;
}

static void find_reach(candidate *c) {
    bool first = c->must;
    c->value = c->cash = (interval){0, 0};
    for (int side = DOWN; side <= UP; side++) {
        const member *m = &c->by[side];
        if (!c->has[side])
            continue;
        widen(&c->value, member_value(m, m->low), first);
        widen(&c->value, member_value(m, m->high), false);
        widen(&c->cash, member_cash(m, m->low), first);
        widen(&c->cash, member_cash(m, m->high), false);
        first = false;
    }
}

/* Those that trade, or may. False when position `index` cannot. */
static bool candidate_of(const problem *p, size_t index, candidate *c) {
    uint8_t outcome = p->work->outcomes[index];
    tw_rebalance_range range;
    range_notes notes;
    if (outcome > TW_OUTCOME_FILL_GROUP ||
        rebalance_range_at(p, index, &range, &notes, NULL) != TW_OK)
        return false;
    *c = (candidate){.index = (uint32_t)index,
                     .node = rebalance_node_of(p, index),
                     .is_short = rebalance_is_short(p, index),
                     .must = outcome == TW_OUTCOME_ABOVE_BAND || outcome == TW_OUTCOME_BELOW_BAND};
    for (int side = DOWN; side <= UP; side++) {
        bool sells = side == DOWN;
        bool barred = c->must && sells != (range.lots_max < 0);
        c->has[side] = !barred && rebalance_member_of(p, index, &range, sells, &c->by[side]);
    }
    find_reach(c);
    return c->has[DOWN] || c->has[UP];
}

/* The value of a lot: of either side, for both are of one position. */
static wide lot_of(const candidate *c) {
    return member_lot_value(&c->by[c->has[DOWN] ? DOWN : UP]);
}

static wide choices_of(const candidate *c) {
    wide choices = c->must ? 0 : 1;
    for (int side = DOWN; side <= UP; side++)
        choices += c->has[side] ? (wide)c->by[side].high - c->by[side].low + 1 : 0;
    return choices;
}

static bool is_dearer(const candidate *a, const candidate *b) {
    wide lot_a = lot_of(a);
    wide lot_b = lot_of(b);
    return lot_a != lot_b ? lot_a > lot_b : a->index < b->index;
}

/* The dearest lots first, so that what is left can mend; but who has the most choices last of all,
 * for those of the last are computed. */
static void put_in_order(candidate *all, size_t count) {
    size_t most = 0;
    for (size_t i = 1; i < count; i++)
        if (choices_of(&all[i]) > choices_of(&all[most]))
            most = i;
    candidate last = all[most];
    for (size_t i = most; i + 1 < count; i++)
        all[i] = all[i + 1];
    for (size_t end = 1; end + 1 < count; end++) {
        candidate added = all[end];
        size_t at = end;
        for (; at > 0 && is_dearer(&added, &all[at - 1]); at--)
            all[at] = all[at - 1];
        all[at] = added;
    }
    if (count > 0)
        all[count - 1] = last;
}

/* False when there are more than are searched. */
static bool list_candidates(search *s) {
    const problem *p = s->p;
    size_t place = 0;
    s->count = 0;
    for (size_t i = 0; i < p->count; i++) {
        candidate c;
        if (!candidate_of(p, i, &c))
            continue;
        if (s->count == TW_REBALANCE_SEARCH_POSITIONS)
            return false;
        c.place = c.must ? place++ : SIZE_MAX;
        s->all[s->count++] = c;
    }
    TW_ASSERT(place == p->mandatory);
    put_in_order(s->all, s->count);
    s->must_left[s->count] = 0;
    for (size_t i = s->count; i-- > 0;)
        s->must_left[i] = s->must_left[i + 1] + s->all[i].must;
    return true;
}

/* Are all combinations, but for the last position's lots, at most `most`? */
static bool is_small(const search *s, uint64_t most) {
    wide largest = 1;
    wide product = 1;
    for (size_t i = 0; i < s->count; i++) {
        wide choices = choices_of(&s->all[i]);
        wide factor = choices < largest ? choices : largest;
        largest = choices > largest ? choices : largest;
        if (factor > (wide)most || product * factor > (wide)most)
            return false;
        product *= factor;
    }
    return true;
}

/* --- what is reached ------------------------------------------------------------------------- */

static interval gross_of(const candidate *c, interval value) {
    return c->is_short ? (interval){-value.high, -value.low} : value;
}

/* Adds to (or takes from) what is left to come. Invariant 1. */
static void leave(search *s, const candidate *c, int sign) {
    node *nodes = s->p->work->nodes;
    for (uint32_t g = c->node; g != 0; g = nodes[g].parent) {
        nodes[g].low += sign * c->value.low;
        nodes[g].high += sign * c->value.high;
    }
    nodes[0].low += sign * c->cash.low;
    nodes[0].high += sign * c->cash.high;
    interval gross = gross_of(c, c->value);
    s->gross_left.low += sign * gross.low;
    s->gross_left.high += sign * gross.high;
}

static void trade(search *s, const candidate *c, const member *m, int64_t lots, int sign) {
    node *nodes = s->p->work->nodes;
    wide value = member_value(m, lots);
    for (uint32_t g = c->node; g != 0; g = nodes[g].parent)
        nodes[g].total += sign * value;
    nodes[0].total += sign * member_cash_of(m, value);
    s->gross += sign * (c->is_short ? -value : value);
}

static bool is_in_reach(const node *at, bool alone) {
    wide low = alone ? 0 : at->low;
    wide high = alone ? 0 : at->high;
    return at->total + low <= at->most && at->total + high >= at->least;
}

static bool is_gross_in_reach(const search *s, bool alone) {
    return s->p->sides == 0 || s->gross + (alone ? 0 : s->gross_left.low) <= s->p->gross_max;
}

/* Is every window reached `alone`, or can what is left still reach it? */
static bool are_in_reach(const search *s, bool alone) {
    const problem *p = s->p;
    for (uint32_t g = 0; g < p->node_count; g++)
        if (!is_in_reach(&p->work->nodes[g], alone))
            return false;
    return is_gross_in_reach(s, alone);
}

/* The same of the windows that a position counts for, by what is left without it. */
static bool can_stay(const search *s, const candidate *c) {
    const node *nodes = s->p->work->nodes;
    for (uint32_t g = c->node; g != 0; g = nodes[g].parent)
        if (!is_in_reach(&nodes[g], false))
            return false;
    return is_in_reach(&nodes[0], false) && is_gross_in_reach(s, false);
}

static wide amount_of(const member *m, int64_t lots, bool in_cash) {
    return in_cash ? member_cash(m, lots) : member_value(m, lots);
}

/* Cuts the lots to those whose value (or cash) is inside the window: both rise with the lots.
 * Leaves low > high when there are none. */
static void cut_to(const member *m, bool in_cash, interval window, int64_t *low, int64_t *high) {
    if (*low > *high)
        return;
    int64_t below = *low;
    int64_t above = *high;
    if (amount_of(m, *low, in_cash) < window.low) {
        while (above - below > 1) {
            int64_t middle = below + (above - below) / 2;
            if (amount_of(m, middle, in_cash) < window.low)
                below = middle;
            else
                above = middle;
        }
        *low = above;
    }
    below = *low;
    above = *high;
    if (amount_of(m, *high, in_cash) > window.high) {
        while (above - below > 1) {
            int64_t middle = below + (above - below) / 2;
            if (amount_of(m, middle, in_cash) > window.high)
                above = middle;
            else
                below = middle;
        }
        *high = below;
    }
    wide lowest = amount_of(m, *low, in_cash);
    if (lowest < window.low || lowest > window.high) /* the only lots that are left */
        *high = *low - 1;
}

/* The lots from which all windows can be reached: by the others that are left, or `alone`. */
static void cut_lots(const search *s, const candidate *c, const member *m, bool alone, int64_t *low,
                     int64_t *high) {
    const problem *p = s->p;
    const node *nodes = p->work->nodes;
    for (uint32_t g = c->node;; g = nodes[g].parent) {
        const node *at = &nodes[g];
        wide rest_low = alone ? 0 : at->low;
        wide rest_high = alone ? 0 : at->high;
        interval window = {at->least - at->total - rest_high, at->most - at->total - rest_low};
        cut_to(m, g == 0, window, low, high);
        if (g == 0)
            break;
    }
    if (p->sides == 0)
        return;
    wide most = p->gross_max - s->gross - (alone ? 0 : s->gross_left.low);
    interval window = c->is_short ? (interval){-most, LIMIT_NONE} : (interval){-LIMIT_NONE, most};
    cut_to(m, false, window, low, high);
}

/* --- the walk -------------------------------------------------------------------------------- */

static bool take_step(search *s) {
    if (s->steps_left == 0) {
        s->cut = true;
        return false;
    }
    s->steps_left--;
    return true;
}

static void keep(search *s) {
    if (!are_in_reach(s, true) || s->away >= s->best_away)
        return;
    s->found = true;
    s->best_away = s->away;
    memcpy(s->best, s->lots, s->count * sizeof s->lots[0]);
}

static double away_of(const search *s, const member *m, int64_t lots) {
    double away = (double)(lots < m->wanted ? m->wanted - lots : lots - m->wanted) *
                  ((double)m->lot * (double)m->price * 1e-9);
    return s->p->config->aim == TW_REBALANCE_CLOSEST ? away * away : away;
}

static void walk(search *s, size_t at, size_t trades);

static void walk_on(search *s, size_t at, const member *m, int64_t lots, size_t trades) {
    const candidate *c = &s->all[at];
    double away = s->away;
    if (!take_step(s))
        return;
    s->lots[at] = lots;
    s->away += away_of(s, m, lots);
    trade(s, c, m, lots, 1);
    if (trades == 0)
        keep(s);
    else if (s->away < s->best_away)
        walk(s, at + 1, trades);
    trade(s, c, m, lots, -1);
    s->away = away;
    s->lots[at] = 0;
}

/* With all lots of one side that do not rule themselves out. */
static void walk_side(search *s, size_t at, const member *m, size_t trades) {
    int64_t low = m->low;
    int64_t high = m->high;
    bool last = trades == 0;
    cut_lots(s, &s->all[at], m, last, &low, &high);
    if (low > high)
        return;
    if (last) {
        int64_t lots = m->wanted < low ? low : m->wanted > high ? high : m->wanted;
        walk_on(s, at, m, lots, trades);
        return;
    }
    for (int64_t lots = low; lots <= high && !s->cut; lots++)
        walk_on(s, at, m, lots, trades);
}

/* All ways to make exactly `trades` more of the candidates from `at` on. */
static void walk(search *s, size_t at, size_t trades) {
    if (s->must_left[at] > trades || s->count - at < trades || !take_step(s))
        return;
    const candidate *c = &s->all[at];
    leave(s, c, -1);
    bool spare = s->must_left[at + 1] < trades; /* one is left for this position */
    for (int side = DOWN; side <= UP; side++)
        if (spare && c->has[side])
            walk_side(s, at, &c->by[side], trades - 1);
    if (!c->must && can_stay(s, c))
        walk(s, at + 1, trades);
    leave(s, c, 1);
}

static void start(search *s) {
    const problem *p = s->p;
    for (uint32_t g = 0; g < p->node_count; g++) {
        node *at = &p->work->nodes[g];
        at->total = at->low = at->high = 0;
    }
    s->gross = 0;
    s->gross_left = (interval){0, 0};
    for (size_t i = 0; i < s->count; i++)
        leave(s, &s->all[i], 1);
    memset(s->lots, 0, sizeof s->lots);
}

static double away_of_members(const search *s) {
    const problem *p = s->p;
    double away = 0;
    for (size_t i = 0; i < p->member_count; i++)
        away += away_of(s, &p->work->members[i], p->work->members[i].at);
    return away;
}

/* Walks for exactly so many trades; true when there is such a plan, nearer than that at hand. */
static bool walk_with(search *s, size_t trades) {
    if (trades == 0)
        keep(s);
    else if (are_in_reach(s, false))
        walk(s, 0, trades);
    return s->found;
}

/* --- the answer ------------------------------------------------------------------------------ */

/* What a position that is inside its band trades for: what it was chosen for, or the cash. */
static uint8_t outcome_of(uint8_t before, bool sells) {
    if (sells)
        return before == TW_OUTCOME_CUT_GROUP ? before : TW_OUTCOME_RAISE_CASH;
    return before == TW_OUTCOME_FILL_GROUP ? before : TW_OUTCOME_USE_CASH;
}

static void adopt(const search *s) {
    problem *p = s->p;
    p->member_count = p->mandatory;
    p->chosen = 0;
    for (size_t i = 0; i < s->count; i++) {
        const candidate *c = &s->all[i];
        int64_t lots = s->best[i];
        uint8_t *outcome = &p->work->outcomes[c->index];
        if (c->must) {
            p->work->members[c->place].at = lots;
            continue;
        }
        *outcome = lots == 0 ? TW_OUTCOME_INSIDE : outcome_of(*outcome, lots < 0);
        if (lots == 0)
            continue;
        member m = c->by[lots < 0 ? DOWN : UP];
        m.at = lots;
        rebalance_push(p, &m);
        p->chosen++;
    }
}

/* Whether the gross value after trading is linear in the trades: nobody stands on the wrong side.
 */
static bool is_sided(const problem *p) {
    for (size_t i = 0; p->sides != 0 && p->positions != NULL && i < p->count; i++) {
        const tw_rebalance_position *at = &p->positions[i];
        if (at->weight_nano < 0 ? at->quantity.nano > 0 : at->quantity.nano < 0)
            return false;
    }
    return true;
}

bool rebalance_search(problem *p, bool found, bool *ret_complete) {
    candidate all[TW_REBALANCE_SEARCH_POSITIONS];
    search s = {.p = p, .all = all, .steps_left = p->config->search_max};
    *ret_complete = false;
    if (p->config->search_max == 0 || p->member_count > TW_REBALANCE_SEARCH_POSITIONS ||
        p->config->group_count > TW_REBALANCE_SEARCH_GROUPS || !is_sided(p) || !list_candidates(&s))
        return found;
    if (is_small(&s, p->config->search_max))
        s.steps_left = UINT64_MAX;
    if (p->sides != 0)
        rebalance_open_sides(p);
    size_t trades = p->plan->lower_bound;
    size_t most = found ? p->member_count : s.count;
    start(&s);
    for (; trades <= most; trades++) {
        s.best_away = found && trades == most ? away_of_members(&s) : INFINITY;
        if (walk_with(&s, trades) || s.cut || (found && trades == most))
            break;
    }
    if (s.found)
        adopt(&s);
    *ret_complete = s.found || !s.cut;
    if (trades <= most)
        p->plan->lower_bound = trades;
    rebalance_add_up(p);
    return found || s.found;
}
