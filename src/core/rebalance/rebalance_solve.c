/*
 * rebalance_solve.c - the least number of trades, and the least turnover among them.
 *
 * The cash that a trade uses is increasing in its lots (value up, cost up), so each position has
 * an interval of cash use and the whole plan is a sum of intervals. The mandatory positions reach
 * from A to B. If A is above the cash that may be used, sellers are needed, and k sellers raise
 * most when they are the k that can raise most each: taking the greatest offers until the deficit
 * is covered gives the least k (theorem 1). Buyers likewise when B is too low; both can not be,
 * for A <= B.
 *
 * Amounts: every member starts at its smallest (or wanted) trade; then members move one after
 * the other in the one direction that the window lies, and the last moves only as far as needed,
 * so all deviations have one sign and the turnover is least (theorem 2). Members with dear lots
 * move first: the last to move then has the finest lot left.
 *
 * Invariants:
 * 1. total is the sum of cash_use(members[i].at) over the members.
 * 2. low <= at <= high, and the range of a member does not contain 0: a member is a trade.
 */
#include "rebalance_priv.h"

#include <string.h>

#include "tradewind/decimal.h"
#include "tradewind/text.h"

/* When whole lots or minimum trades step over the cash window: how many other last sellers (or
 * buyers), and how many candidates for a further trade are tried, and how many further trades. */
#define TRIES_MAX 64
#define EXTRA_MAX 8

typedef struct problem {
    tw_rebalance *work;
    const tw_rebalance_range *ranges;
    size_t count;
    int64_t rate;
    wide use_min; /* of cash, all trades together */
    wide use_max;
    size_t member_count;
    wide total; /* invariant 1 */
} problem;

/* --- money ------------------------------------------------------------------------------- */

/* Buys are rounded up, sales down: the cash is never overstated. */
static wide value_of(const tw_rebalance_range *range, int64_t lots) {
    wide product = (wide)(lots < 0 ? -lots : lots) * range->lot.nano * range->price.nano;
    return lots > 0 ? ceiling_divide(product, TW_NANO) : product / TW_NANO;
}

static wide cost_of(wide value, int64_t rate) {
    return ceiling_divide(value * rate, TW_NANO);
}

static wide cash_use(const problem *p, size_t index, int64_t lots) {
    wide value = value_of(&p->ranges[index], lots);
    wide cost = cost_of(value, p->rate);
    return lots < 0 ? cost - value : value + cost;
}

/* --- the priority queue ------------------------------------------------------------------ */

static bool goes_first(const offer *a, const offer *b) {
    if (a->amount != b->amount)
        return a->amount > b->amount;
    return a->symbol != b->symbol ? a->symbol < b->symbol : a->index < b->index;
}

static void sift_down(offer *heap, size_t count, size_t at) {
    for (;;) {
        size_t best = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < count; child++)
            if (goes_first(&heap[child], &heap[best]))
                best = child;
        if (best == at)
            return;
        offer swap = heap[at];
        heap[at] = heap[best];
        heap[best] = swap;
        at = best;
    }
}

static void heap_make(offer *heap, size_t count) {
    for (size_t i = count / 2; i-- > 0;)
        sift_down(heap, count, i);
}

/* Moves the first offer behind the heap, whose new size is count - 1. */
static offer heap_take(offer *heap, size_t count) {
    TW_ASSERT(count > 0);
    offer first = heap[0];
    heap[0] = heap[count - 1];
    heap[count - 1] = first;
    sift_down(heap, count - 1, 0);
    return first;
}

/* --- members ------------------------------------------------------------------------------ */

static bool is_mandatory(const tw_rebalance_range *range) {
    return range->lots_min > 0 || range->lots_max < 0;
}

/* The one-sided range in which `index` trades: sells (or buys) at least the smallest trade.
 * False when there is none. */
static bool member_range(const problem *p, size_t index, bool sells, member *ret_member) {
    const tw_rebalance_range *range = &p->ranges[index];
    int64_t low = range->lots_min;
    int64_t high = range->lots_max;
    if (sells && high > -range->lots_least)
        high = -range->lots_least;
    if (!sells && low < range->lots_least)
        low = range->lots_least;
    if (low > high)
        return false;
    uint8_t reason = sells ? TW_TRADE_RAISE_CASH : TW_TRADE_USE_CASH;
    *ret_member = (member){index, low, high, sells ? high : low, reason};
    return true;
}

static void member_push(problem *p, const member *m) {
    TW_ASSERT(p->member_count < p->count && !p->work->taken[m->index]);
    p->work->members[p->member_count++] = *m;
    p->work->taken[m->index] = true;
    p->total += cash_use(p, m->index, m->at);
}

static void member_pop(problem *p) {
    TW_ASSERT(p->member_count > 0);
    const member *m = &p->work->members[--p->member_count];
    p->work->taken[m->index] = false;
    p->total -= cash_use(p, m->index, m->at);
}

/* --- steering the cash into the window ---------------------------------------------------- */

static bool is_inside(const problem *p, wide total) {
    return total >= p->use_min && total <= p->use_max;
}

static bool has_arrived(const problem *p, wide total, bool down) {
    return down ? total <= p->use_max : total >= p->use_min;
}

static wide total_at(const problem *p, const member *m, int64_t lots) {
    return p->total - cash_use(p, m->index, m->at) + cash_use(p, m->index, lots);
}

/* Moves one member towards its end. True when the window has been reached. */
static bool move_member(problem *p, member *m, bool down) {
    int64_t end = down ? m->low : m->high;
    wide total_end = total_at(p, m, end);
    if (!has_arrived(p, total_end, down)) {
        p->total = total_end;
        m->at = end;
        return false;
    }
    /* Between `near`, not there yet, and `far`, there: the ends of a one-sided range. */
    int64_t near = m->at;
    int64_t far = end;
    while (far - near > 1 || near - far > 1) {
        int64_t middle = near + (far - near) / 2;
        if (has_arrived(p, total_at(p, m, middle), down))
            far = middle;
        else
            near = middle;
    }
    /* A lot may step over the window; then stay before it and let finer lots finish. */
    bool inside = is_inside(p, total_at(p, m, far));
    int64_t stop = inside ? far : near;
    p->total = total_at(p, m, stop);
    m->at = stop;
    return inside;
}

static void members_reset(problem *p) {
    p->total = 0;
    for (size_t i = 0; i < p->member_count; i++) {
        member *m = &p->work->members[i];
        if (m->reason == TW_TRADE_RAISE_CASH)
            m->at = m->high;
        else if (m->reason == TW_TRADE_USE_CASH)
            m->at = m->low;
        else {
            int64_t wanted = p->ranges[m->index].lots_wanted;
            m->at = wanted < m->low ? m->low : wanted > m->high ? m->high : wanted;
        }
        p->total += cash_use(p, m->index, m->at);
    }
}

/* Leaves work->order with the member of the dearest lot last. */
static void order_members(const problem *p) {
    offer *order = p->work->order;
    for (size_t i = 0; i < p->member_count; i++) {
        const tw_rebalance_range *range = &p->ranges[p->work->members[i].index];
        order[i] = (offer){(wide)range->lot.nano * range->price.nano, i, range->symbol};
    }
    heap_make(order, p->member_count);
    for (size_t left = p->member_count; left > 0; left--)
        heap_take(order, left);
}

/* Moves all members but `still` one after the other, the dearest lots first. */
static bool move_members(problem *p, bool down, const member *still) {
    for (size_t i = p->member_count; i-- > 0;) {
        member *m = &p->work->members[p->work->order[i].index];
        if (m != still && move_member(p, m, down))
            return true;
    }
    return false;
}

/* A lot stepped over the window from one side: let one member after the other take its next lot,
 * and the rest come back towards the window with theirs. */
static bool step_over(problem *p, bool down) {
    size_t tries = p->member_count < TRIES_MAX ? p->member_count : TRIES_MAX;
    for (size_t i = 0; i < tries; i++) {
        member *m = &p->work->members[i];
        int64_t next = m->at + (down ? -1 : 1);
        if (next < m->low || next > m->high)
            continue;
        p->total = total_at(p, m, next);
        m->at = next;
        if (is_inside(p, p->total))
            return true;
        if (move_members(p, p->total > p->use_max, m))
            return true;
    }
    return false;
}

/* True when amounts in the members' ranges have been found that bring the cash into its window.
 * One direction is enough while no lot steps over the window. */
static bool steer(problem *p) {
    members_reset(p);
    if (is_inside(p, p->total))
        return true;
    bool down = p->total > p->use_max;
    order_members(p);
    return move_members(p, down, NULL) || step_over(p, down);
}

/* --- choosing ------------------------------------------------------------------------------ */

/* The mandatory members at their starting amounts; A and B of theorem 1. */
static void take_mandatory(problem *p, tw_rebalance_plan *plan, wide *ret_least, wide *ret_most) {
    *ret_least = *ret_most = 0;
    for (size_t i = 0; i < p->count; i++) {
        const tw_rebalance_range *range = &p->ranges[i];
        p->work->taken[i] = false;
        if (!is_mandatory(range))
            continue;
        bool sells = range->lots_max < 0;
        member m;
        if (!member_range(p, i, sells, &m)) {
            plan->minimum_outside++;
            continue;
        }
        m.reason = sells ? TW_TRADE_ABOVE_BAND : TW_TRADE_BELOW_BAND;
        *ret_least += cash_use(p, i, m.low);
        *ret_most += cash_use(p, i, m.high);
        member_push(p, &m);
    }
    plan->mandatory = p->member_count;
}

/* What each position inside its band can raise (or use) at most. */
static size_t collect_offers(const problem *p, bool sells, wide *ret_sum) {
    size_t count = 0;
    *ret_sum = 0;
    for (size_t i = 0; i < p->count; i++) {
        member m;
        if (is_mandatory(&p->ranges[i]) || !member_range(p, i, sells, &m))
            continue;
        wide amount = sells ? -cash_use(p, i, m.low) : cash_use(p, i, m.high);
        if (amount <= 0)
            continue;
        p->work->offers[count++] = (offer){amount, i, p->ranges[i].symbol};
        *ret_sum += amount;
    }
    heap_make(p->work->offers, count);
    return count;
}

static void take_offer(problem *p, const offer *next, bool sells) {
    member m;
    bool has_range = member_range(p, next->index, sells, &m);
    TW_ASSERT(has_range);
    member_push(p, &m);
}

/*
 * Takes the greatest offers until they cover `deficit` (which the caller has shown they can), then
 * steers. When a lot or a minimum trade steps over the window, other last offers that cover it
 * are tried: a plan with any of them has the same, least count.
 */
static bool choose_offers(problem *p, size_t offer_count, wide deficit, bool sells,
                          tw_rebalance_plan *plan) {
    offer *offers = p->work->offers;
    size_t left = offer_count;
    offer next = heap_take(offers, left--);
    while (next.amount < deficit) {
        deficit -= next.amount;
        take_offer(p, &next, sells);
        next = heap_take(offers, left--);
    }
    plan->lower_bound = p->member_count + 1;
    offer greatest = next;
    for (int tries = 0; tries < TRIES_MAX && next.amount >= deficit; tries++) {
        take_offer(p, &next, sells);
        if (steer(p))
            return true;
        member_pop(p);
        if (left == 0)
            break;
        next = heap_take(offers, left--);
    }
    take_offer(p, &greatest, sells);
    return false;
}

/* The positions that do not trade yet, finest lots first. */
static size_t collect_finest(const problem *p) {
    size_t count = 0;
    for (size_t i = 0; i < p->count; i++) {
        const tw_rebalance_range *range = &p->ranges[i];
        if (!p->work->taken[i] && !is_mandatory(range) && range->lots_min < range->lots_max)
            p->work->offers[count++] =
                (offer){-((wide)range->lot.nano * range->price.nano), i, range->symbol};
    }
    heap_make(p->work->offers, count);
    return count;
}

/* Adds the position with the finest lot that, as a seller or as a buyer, leads into the window. */
static bool choose_one_more(problem *p) {
    size_t count = collect_finest(p);
    for (int tries = 0; tries < TRIES_MAX && count > 0; tries++) {
        offer next = heap_take(p->work->offers, count--);
        for (int side = 0; side < 2; side++) {
            member m;
            if (!member_range(p, next.index, side == 0, &m))
                continue;
            member_push(p, &m);
            if (steer(p))
                return true;
            member_pop(p);
        }
    }
    return false;
}

/* More trades than the bound, one by one, where whole lots or minimum trades step over the window
 * with as few as the bound. */
static bool choose_more(problem *p) {
    for (int extra = 0; extra < EXTRA_MAX; extra++) {
        if (choose_one_more(p))
            return true;
        if (collect_finest(p) == 0)
            return false;
        size_t finest = p->work->offers[0].index;
        member m;
        if (!member_range(p, finest, true, &m) && !member_range(p, finest, false, &m))
            return false;
        member_push(p, &m);
    }
    return false;
}

/* --- the answer ---------------------------------------------------------------------------- */

static void append_money(tw_text *text, int64_t nano) {
    char buffer[TW_DECIMAL_TEXT_SIZE];
    size_t size = tw_decimal_format(nano, buffer);
    tw_text_append(text, (tw_slice){buffer, size});
}

/* Money that may be beyond int64_t in a proof is shown at the end of the range. */
static int64_t narrow(wide value) {
    return value > INT64_MAX ? INT64_MAX : value < INT64_MIN ? INT64_MIN : (int64_t)value;
}

static void say_infeasible(const problem *p, const tw_rebalance_config *config, bool sells,
                           wide total, tw_rebalance_plan *plan) {
    wide cash = config->cash.nano - total;
    wide gap = sells ? total - p->use_max : p->use_min - total;
    plan->feasible = false;
    plan->proven = true;
    plan->reachable.nano = narrow(cash);
    plan->deficit.nano = narrow(gap);
    tw_text text = tw_text_over(plan->reason, sizeof plan->reason);
    tw_text_append_string(&text, sells ? "No plan exists: after every allowed sale the cash is "
                                       : "No plan exists: after every allowed purchase the cash "
                                         "is still ");
    append_money(&text, plan->reachable.nano);
    tw_text_append_string(&text, ", which is ");
    append_money(&text, plan->deficit.nano);
    tw_text_append_string(&text,
                          sells ? " short of the least allowed, " : " above the most allowed, ");
    append_money(&text, sells ? config->cash_min.nano : config->cash_max.nano);
    tw_text_append_string(&text, ".");
}

static void say_not_found(tw_rebalance_plan *plan) {
    plan->feasible = false;
    plan->proven = false;
    tw_text text = tw_text_over(plan->reason, sizeof plan->reason);
    tw_text_append_string(&text,
                          "No plan was found: the cash window is narrower than a lot or a minimum "
                          "trade steps over it. This is not a proof; a cash window as wide as one "
                          "lot of the dearest name removes the difficulty.");
}

static void say_feasible(tw_rebalance_plan *plan) {
    tw_text text = tw_text_over(plan->reason, sizeof plan->reason);
    if (plan->count == 0) {
        tw_text_append_string(&text, "No trade is needed: every position that may trade is inside "
                                     "its band and the cash is inside its window.");
        return;
    }
    tw_text_append_u64(&text, plan->count);
    tw_text_append_string(&text, plan->count == 1 ? " trade: " : " trades: ");
    tw_text_append_u64(&text, plan->mandatory);
    tw_text_append_string(&text, " outside the band, ");
    tw_text_append_u64(&text, plan->count - plan->mandatory);
    tw_text_append_string(&text, " more for the cash window; ");
    if (plan->proven) {
        tw_text_append_string(&text, "no plan has fewer.");
    } else {
        tw_text_append_string(&text, "at least ");
        tw_text_append_u64(&text, plan->lower_bound);
        tw_text_append_string(&text, " are needed.");
    }
}

/* Members to trades, in the order of the positions: a member stands where its index says. */
static tw_status write_trades(const problem *p, const tw_rebalance_config *config,
                              tw_rebalance_plan *plan, tw_error *error) {
    offer *order = p->work->order;
    for (size_t i = 0; i < p->member_count; i++)
        order[i] = (offer){-(wide)p->work->members[i].index, i, 0};
    heap_make(order, p->member_count);
    wide turnover = 0;
    wide cost = 0;
    for (size_t i = 0; i < p->member_count; i++) {
        const member *m = &p->work->members[heap_take(order, p->member_count - i).index];
        const tw_rebalance_range *range = &p->ranges[m->index];
        wide value = value_of(range, m->at);
        tw_rebalance_trade *trade = &p->work->trades[i];
        memset(trade, 0, sizeof *trade);
        trade->index = m->index;
        trade->quantity.nano = (m->at < 0 ? -m->at : m->at) * range->lot.nano;
        trade->price = range->price;
        trade->value.nano = (int64_t)value;
        trade->cost.nano = (int64_t)cost_of(value, p->rate);
        trade->symbol = range->symbol;
        trade->side = m->at < 0 ? TW_SIDE_SELL : TW_SIDE_BUY;
        trade->reason = m->reason;
        turnover += value;
        cost += trade->cost.nano;
    }
    wide cash_after = config->cash.nano - p->total;
    if (turnover > INT64_MAX || cost > INT64_MAX || cash_after > INT64_MAX ||
        cash_after < INT64_MIN)
        return tw_error_set(error, TW_OVERFLOW, "the plan's turnover or cash does not fit");
    plan->trades = p->work->trades;
    plan->count = p->member_count;
    plan->turnover.nano = (int64_t)turnover;
    plan->cost.nano = (int64_t)cost;
    plan->cash_after.nano = (int64_t)cash_after;
    return TW_OK;
}

/* Theorem 2, from the mandatory members alone, each at its smallest trade. */
static wide turnover_bound(const problem *p) {
    wide turnover = 0;
    wide total = 0;
    for (size_t i = 0; i < p->member_count; i++) {
        const member *m = &p->work->members[i];
        int64_t nearest = m->low > 0 ? m->low : m->high;
        turnover += value_of(&p->ranges[m->index], nearest);
        total += cash_use(p, m->index, nearest);
    }
    wide distance = total > p->use_max   ? total - p->use_max
                    : total < p->use_min ? p->use_min - total
                                         : 0;
    if (p->rate > 0) {
        /* A change of value moves the cash by up to (1 + rate) of it and one rounding a trade. */
        distance -= (wide)p->count;
        distance = distance > 0 ? floor_divide(distance * TW_NANO, TW_NANO + p->rate) : 0;
    }
    return turnover + distance;
}

tw_status rebalance_plan_ranges(tw_rebalance *rebalance, const tw_rebalance_config *config,
                                const tw_rebalance_range *ranges, size_t count,
                                tw_rebalance_plan *plan, tw_error *error) {
    problem p = {.work = rebalance,
                 .ranges = ranges,
                 .count = count,
                 .rate = config->cost_rate_nano,
                 .use_min = (wide)config->cash.nano - config->cash_max.nano,
                 .use_max = (wide)config->cash.nano - config->cash_min.nano};
    for (size_t i = 0; i < count; i++) {
        wide lots = -(wide)ranges[i].lots_min > ranges[i].lots_max ? -(wide)ranges[i].lots_min
                                                                   : ranges[i].lots_max;
        wide quantity = lots * ranges[i].lot.nano;
        if (quantity > INT64_MAX || quantity * ranges[i].price.nano / TW_NANO > INT64_MAX / 2)
            return tw_error_set(error, TW_OVERFLOW, "the trade of position %zu does not fit", i);
    }
    wide least = 0;
    wide most = 0;
    take_mandatory(&p, plan, &least, &most);
    plan->cash_before = config->cash;
    plan->turnover_bound.nano = narrow(turnover_bound(&p));
    plan->lower_bound = p.member_count;

    bool found = false;
    if (least > p.use_max || most < p.use_min) {
        bool sells = least > p.use_max;
        wide sum = 0;
        size_t offers = collect_offers(&p, sells, &sum);
        wide deficit = sells ? least - p.use_max : p.use_min - most;
        if (sum < deficit) {
            say_infeasible(&p, config, sells, sells ? least - sum : most + sum, plan);
            return TW_OK;
        }
        found = choose_offers(&p, offers, deficit, sells, plan);
    } else {
        found = steer(&p);
    }
    plan->proven = found;
    if (!found)
        found = choose_more(&p);
    if (!found) {
        say_not_found(plan);
        return TW_OK;
    }
    tw_status status = write_trades(&p, config, plan, error);
    if (status != TW_OK)
        return status;
    plan->feasible = true;
    plan->proven = plan->count == plan->lower_bound;
    say_feasible(plan);
    return TW_OK;
}

tw_status rebalance_config_check(const tw_rebalance_config *config, tw_error *error) {
    if (config->cash_min.nano > config->cash_max.nano)
        return tw_error_set(error, TW_INVALID, "the least cash is above the most cash");
    if (config->cost_rate_nano < 0 || config->cost_rate_nano > TW_NANO / 2)
        return tw_error_set(error, TW_INVALID, "the cost rate must lie between 0 and 50%%");
    if (config->aim != TW_REBALANCE_TO_EDGE && config->aim != TW_REBALANCE_TO_TARGET)
        return tw_error_set(error, TW_INVALID, "the aim is neither edge nor target");
    return TW_OK;
}

tw_status tw_rebalance_solve(tw_rebalance *rebalance, const tw_rebalance_config *config,
                             const tw_rebalance_range *ranges, size_t count,
                             tw_rebalance_plan *ret_plan, tw_error *error) {
    TW_ASSERT(rebalance != NULL && config != NULL && ret_plan != NULL);
    TW_ASSERT(ranges != NULL || count == 0);
    if (count > rebalance->count_max)
        return tw_error_set(error, TW_FULL, "%zu positions exceed the %zu made room for", count,
                            rebalance->count_max);
    tw_status status = rebalance_config_check(config, error);
    if (status != TW_OK)
        return status;
    for (size_t i = 0; i < count; i++) {
        const tw_rebalance_range *r = &ranges[i];
        if (r->price.nano <= 0 || r->lot.nano < 1 || r->lots_least < 1 ||
            r->lots_min > r->lots_max || r->lots_wanted < r->lots_min ||
            r->lots_wanted > r->lots_max || r->lots_min == INT64_MIN)
            return tw_error_set(error, TW_INVALID, "range %zu is not a range of trades", i);
    }
    tw_rebalance_plan plan;
    memset(&plan, 0, sizeof plan);
    status = rebalance_plan_ranges(rebalance, config, ranges, count, &plan, error);
    if (status == TW_OK)
        *ret_plan = plan;
    return status;
}
