/*
 * rebalance_sides.c - long and short positions under limits on the net and the gross value.
 *
 * Let X be the net purchases of the long positions and Y those of the short ones (negative when
 * more is sold short). Cash and net value limit X + Y, the gross value limits X - Y from above.
 * With i trades more the long side reaches an interval of X, with j more the short side one of Y,
 * and both grow with their number (theorem 3). So the pairs (i, j) that do are a staircase, and the
 * least i + j is found by walking down it once: for each i the least j, which never grows
 * (theorem 5 of docs/rebalancing-proof.md).
 *
 * Invariants:
 * 1. `best` is the least i + j of the pairs seen; ties go to the fewer long trades.
 * 2. x and y hold what i and j trades reach.
 */
#include "rebalance_priv.h"

typedef struct interval {
    wide low;
    wide high;
} interval;

/* What one side reaches with `taken` offers of each direction. */
typedef struct side {
    const node *at;
    const offer *offers[2];
    size_t taken;
    interval now;
} side;

static interval meet(interval a, interval b) {
    return (interval){a.low > b.low ? a.low : b.low, a.high < b.high ? a.high : b.high};
}

static bool is_empty(interval a) {
    return a.low > a.high;
}

/* The Y for which some X of `x` keeps the limits: the shadow of the cut polygon. */
static interval shadow_on_short(interval x, interval sum, wide difference_max) {
    wide low = sum.low - x.high;
    wide other = x.low - difference_max;
    wide half = ceiling_divide(sum.low - difference_max, 2);
    low = low > other ? low : other;
    return (interval){low > half ? low : half, sum.high - x.low};
}

static interval shadow_on_long(interval y, interval sum, wide difference_max) {
    wide high = sum.high - y.low;
    wide other = difference_max + y.high;
    wide half = floor_divide(sum.high + difference_max, 2);
    high = high < other ? high : other;
    return (interval){sum.low - y.high, high < half ? high : half};
}

static side side_begin(problem *p, uint32_t g) {
    node *at = &p->work->nodes[g];
    side s = {.at = at, .now = {at->low, at->high}};
    for (int direction = DOWN; direction <= UP; direction++) {
        offer *offers = &p->work->offers[direction][at->begin];
        offers_sort(p, offers, at->counts[direction]);
        s.offers[direction] = offers;
    }
    return s;
}

static size_t side_size(const side *s) {
    return s->at->counts[DOWN] > s->at->counts[UP] ? s->at->counts[DOWN] : s->at->counts[UP];
}

static void side_add(side *s) {
    if (s->taken < s->at->counts[DOWN])
        s->now.low -= s->offers[DOWN][s->taken].amount;
    if (s->taken < s->at->counts[UP])
        s->now.high += s->offers[UP][s->taken].amount;
    s->taken++;
}

static void side_drop(side *s) {
    s->taken--;
    if (s->taken < s->at->counts[DOWN])
        s->now.low += s->offers[DOWN][s->taken].amount;
    if (s->taken < s->at->counts[UP])
        s->now.high -= s->offers[UP][s->taken].amount;
}

/* Marks the offers that lead from what is reached without them into `wanted`; returns what is
 * reached then. */
static interval side_mark(problem *p, const side *s, interval wanted) {
    interval base = {s->at->low, s->at->high};
    if (s->taken == 0 || !is_empty(meet(base, wanted)))
        return base;
    int direction = wanted.high < base.low ? DOWN : UP;
    for (size_t i = 0; i < s->taken && i < s->at->counts[direction]; i++) {
        const offer *taken = &s->offers[direction][i];
        p->work->outcomes[taken->index] =
            direction == DOWN ? TW_OUTCOME_CUT_GROUP : TW_OUTCOME_FILL_GROUP;
        p->chosen++;
        if (direction == DOWN)
            base.low -= taken->amount;
        else
            base.high += taken->amount;
    }
    return base;
}

/* The sums must lie in [least, most], the difference be at most p->gross_max. */
bool rebalance_choose_sides(problem *p, wide least, wide most) {
    side x = side_begin(p, p->sides);
    side y = side_begin(p, p->sides + 1);
    interval sum = {least, most};
    while (y.taken < side_size(&y))
        side_add(&y);
    size_t best = SIZE_MAX;
    size_t best_long = 0;
    for (;;) {
        interval wanted = shadow_on_short(x.now, sum, p->gross_max);
        bool reached = !is_empty(wanted) && !is_empty(meet(wanted, y.now));
        while (reached && y.taken > 0) {
            side_drop(&y);
            if (is_empty(meet(wanted, y.now))) {
                side_add(&y);
                break;
            }
        }
        if (reached && x.taken + y.taken < best) {
            best = x.taken + y.taken;
            best_long = x.taken;
        }
        if (x.taken >= side_size(&x))
            break;
        side_add(&x);
    }
    p->fault = p->sides;
    if (best == SIZE_MAX)
        return false;
    while (x.taken > best_long)
        side_drop(&x);
    while (y.taken > best - best_long)
        side_drop(&y);
    while (y.taken < best - best_long)
        side_add(&y);
    interval on_short = side_mark(p, &y, shadow_on_short(x.now, sum, p->gross_max));
    on_short = meet(on_short, shadow_on_short(x.now, sum, p->gross_max));
    side_mark(p, &x, shadow_on_long(on_short, sum, p->gross_max));
    return true;
}

/* --- steering -------------------------------------------------------------------------------- */

/* What the members below a node reach within the limits of what stands below it. */
static interval reach_below(const problem *p, uint32_t g) {
    node *nodes = p->work->nodes;
    for (uint32_t i = g; i < p->node_count; i++)
        nodes[i].low = nodes[i].high = 0;
    for (size_t i = 0; i < p->member_count; i++) {
        const member *m = &p->work->members[i];
        if (m->node < g)
            continue;
        nodes[m->node].low += member_value(m, m->low);
        nodes[m->node].high += member_value(m, m->high);
    }
    for (uint32_t i = p->node_count; i-- > g;) {
        nodes[i].low = wide_clamp(nodes[i].low, nodes[i].least, nodes[i].most);
        nodes[i].high = wide_clamp(nodes[i].high, nodes[i].least, nodes[i].most);
        if (nodes[i].parent >= g && i != g) {
            nodes[nodes[i].parent].low += nodes[i].low;
            nodes[nodes[i].parent].high += nodes[i].high;
        }
    }
    return (interval){nodes[g].low, nodes[g].high};
}

static void open_side(node *at, interval window) {
    at->least = window.low;
    at->most = window.high;
}

void rebalance_open_sides(problem *p) {
    open_side(&p->work->nodes[p->sides], (interval){-LIMIT_NONE, LIMIT_NONE});
    open_side(&p->work->nodes[p->sides + 1], (interval){-LIMIT_NONE, LIMIT_NONE});
}

/*
 * The long side goes into the shadow of what the short side can do, then the short side into what
 * that leaves. What is settled above them afterwards moves both sides the same way, and the windows
 * given here keep the gross limit then: X falls or Y rises, or each stops at its window.
 */
bool rebalance_settle_sides(problem *p, bool by_lots) {
    node *nodes = p->work->nodes;
    node *longs = &nodes[p->sides];
    node *shorts = &nodes[p->sides + 1];
    const node *top = &nodes[p->top];
    interval sum =
        meet((interval){top->least, top->most}, (interval){nodes[0].least, nodes[0].most});
    if (p->has_costs)
        sum.low = p->top != 0 ? top->least : -LIMIT_NONE;
    rebalance_open_sides(p);
    reach_below(p, p->sides);
    interval y = {shorts->low, shorts->high};
    interval x = shadow_on_long(y, sum, p->gross_max);
    if (is_empty(x))
        return false;
    open_side(longs, x);
    bool settled = rebalance_settle(p, p->sides, by_lots);
    wide low = longs->total - p->gross_max;
    wide other = sum.low - longs->total;
    y = (interval){low > other ? low : other, sum.high - longs->total};
    if (!settled || is_empty(y))
        return false;
    open_side(shorts, y);
    settled = rebalance_settle(p, p->sides + 1, by_lots);
    open_side(longs, (interval){-LIMIT_NONE, p->gross_max + shorts->total});
    open_side(shorts, (interval){longs->total - p->gross_max, LIMIT_NONE});
    return settled;
}
