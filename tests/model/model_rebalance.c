/*
 * model_rebalance.c - plans beside a full enumeration of who trades and how much.
 *
 * The slow way walks through every combination of whole lots that the ranges, minimum trades and
 * caps allow, and keeps those that respect the cash window, every group, the net and the gross
 * limit. So it knows whether any plan exists, the least number of trades, the least turnover and
 * how many positions can come home.
 *
 * Rules held for every instance:
 * - every trade of a plan is inside its range, a whole number of lots, at least the minimum, and a
 *   sale inside a band brings more than it costs; every mandatory position trades or is counted;
 * - cash is conserved to 1e-9 and ends inside its window, and so does every group and limit;
 * - lower_bound and turnover_bound are never above the truth, and proven is never said falsely;
 * - where lots are fine (all worth 1, no costs or minimums) everything is exact, whatever the tree
 *   of groups, and the turnover is the least of all plans;
 * - without groups everything is exact when the cash window is as wide as the dearest lot with its
 *   costs and no minimum trade binds;
 * - all of that by the theorems alone, without a search. What they leave open is solved again with
 *   the search, and then everything is exact but for caps: a plan with the fewest trades, and of
 *   such plans the one of least turnover or closest to what is wanted, or a true proof of none.
 *
 * An instance that breaks a rule is shrunk while it still breaks one, and printed.
 * TRADEWIND_MODEL_RUNS says how many instances there are of each of the 16 kinds (10,000).
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tradewind/rebalance.h"

#define NAMES 6
#define GROUPS 4
#define UNIT (TW_NANO / 100)
#define NONE INT64_MAX

__extension__ typedef __int128 wide;

/* What an instance has; the kinds of test choose. */
enum { FINE = 1, GROUPED = 2, COSTLY = 4, MINIMUMS = 8, SIDED = 16, CAPPED = 32, WIDE = 64 };

typedef struct instance {
    tw_rebalance_config config;
    tw_rebalance_range ranges[NAMES];
    tw_rebalance_group groups[GROUPS];
    tw_trade_cost costs[2];
    size_t count;
    int features;
} instance;

/* What enumeration finds out. */
typedef struct truth {
    int64_t trades;          /* the least, or NONE; with as many home as the plan has, or all */
    int64_t fewest_turnover; /* the least turnover of plans of so many trades ... */
    int64_t fewest_distance; /* ... and the least sum of squared distances */
    int64_t turnover;        /* the least of all of these plans */
    int64_t
        distance; /* the least sum of squared distances of plans that trade what the plan does */
    int64_t home; /* under caps: the most that can come home; -1 for no plan at all */
} truth;

static uint64_t next_random(uint64_t *seed) {
    uint64_t z = (*seed += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static int64_t pick(uint64_t *seed, int64_t low, int64_t high) {
    return low + (int64_t)(next_random(seed) % (uint64_t)(high - low + 1));
}

/* --- what a trade is, told again ---------------------------------------------------------------
 */

static const tw_trade_cost *cost_at(const instance *x, size_t i) {
    uint16_t class = x->ranges[i].cost_class;
    return class == 0 ? &x->config.cost : &x->costs[class - 1];
}

/* Prices are whole cents, so values are exact; costs are rounded up. */
static int64_t value_at(const instance *x, size_t i, int64_t lots) {
    return lots * x->ranges[i].price.nano;
}

static int64_t cost_of(const instance *x, size_t i, int64_t lots) {
    const tw_trade_cost *cost = cost_at(x, i);
    if (lots == 0)
        return 0;
    int64_t value = value_at(x, i, lots);
    wide part = lots > 0 ? (wide)value * cost->buy_rate_nano : -(wide)value * cost->sell_rate_nano;
    int64_t fixed = lots > 0 ? cost->buy_fixed.nano : cost->sell_fixed.nano;
    return fixed + (int64_t)((part + TW_NANO - 1) / TW_NANO);
}

static int64_t cash_of(const instance *x, size_t i, int64_t lots) {
    return value_at(x, i, lots) + cost_of(x, i, lots);
}

static bool is_mandatory(const tw_rebalance_range *r) {
    return r->lots_min > 0 || r->lots_max < 0;
}

static bool may_trade(const instance *x, size_t i, int64_t lots) {
    const tw_rebalance_range *r = &x->ranges[i];
    bool allowed = lots >= r->lots_min && lots <= r->lots_max &&
                   (lots <= -r->lots_least || lots >= r->lots_least);
    return allowed && (is_mandatory(r) || lots > 0 || cash_of(x, i, lots) < 0);
}

static bool can_trade(const instance *x, size_t i) {
    for (int64_t lots = x->ranges[i].lots_min; lots <= x->ranges[i].lots_max; lots++)
        if (lots != 0 && may_trade(x, i, lots))
            return true;
    return false;
}

static bool in_group(const instance *x, size_t i, size_t group) {
    uint32_t g = x->ranges[i].group;
    while (g != 0 && g != group)
        g = x->groups[g - 1].parent;
    return g == group;
}

static bool is_between(int64_t value, int64_t least, int64_t most) {
    return (least == INT64_MIN || value >= least) && (most == INT64_MAX || value <= most);
}

/* Do these trades respect every window? */
static bool are_allowed(const instance *x, const int64_t lots[NAMES]) {
    int64_t cash = x->config.cash.nano;
    int64_t net = 0;
    int64_t gross = 0;
    for (size_t i = 0; i < x->count; i++) {
        cash -= cash_of(x, i, lots[i]);
        net += value_at(x, i, lots[i]);
        gross += x->ranges[i].is_short != 0 ? -value_at(x, i, lots[i]) : value_at(x, i, lots[i]);
    }
    bool allowed = is_between(cash, x->config.cash_min.nano, x->config.cash_max.nano) &&
                   is_between(net, x->config.net_min_nano, x->config.net_max_nano) &&
                   is_between(gross, INT64_MIN, x->config.gross_max_nano);
    for (size_t g = 1; allowed && g <= x->config.group_count; g++) {
        int64_t total = 0;
        for (size_t i = 0; i < x->count; i++)
            total += in_group(x, i, g) ? value_at(x, i, lots[i]) : 0;
        allowed = is_between(total, x->groups[g - 1].least_nano, x->groups[g - 1].most_nano);
    }
    return allowed;
}

/* --- enumeration -------------------------------------------------------------------------------
 */

typedef struct walk {
    const instance *x;
    const tw_rebalance_plan *plan;
    int64_t lots[NAMES];
    truth found;
} walk;

static void keep(walk *w) {
    const instance *x = w->x;
    int64_t trades = 0;
    int64_t turnover = 0;
    int64_t distance = 0;
    int64_t home = 0;
    bool as_plan = true;
    bool same_home = true;
    for (size_t i = 0; i < x->count; i++) {
        int64_t value = value_at(x, i, w->lots[i]);
        int64_t away = (w->lots[i] - x->ranges[i].lots_wanted) * (x->ranges[i].price.nano / UNIT);
        uint8_t outcome = w->plan->outcomes[i];
        bool planned = outcome >= TW_OUTCOME_ABOVE_BAND && outcome <= TW_OUTCOME_FILL_GROUP;
        trades += w->lots[i] != 0;
        turnover += value < 0 ? -value : value;
        distance += w->lots[i] != 0 ? away * away : 0;
        home += is_mandatory(&x->ranges[i]) && w->lots[i] != 0;
        as_plan = as_plan && planned == (w->lots[i] != 0);
        if (is_mandatory(&x->ranges[i]) && can_trade(x, i))
            same_home = same_home && planned == (w->lots[i] != 0);
    }
    if (trades > (int64_t)x->config.trades_max && x->config.trades_max != SIZE_MAX)
        return;
    if (turnover > x->config.turnover_max.nano || !are_allowed(x, w->lots))
        return;
    w->found.home = home > w->found.home ? home : w->found.home;
    if (same_home && trades < w->found.trades) {
        w->found.trades = trades;
        w->found.fewest_turnover = w->found.fewest_distance = NONE;
    }
    if (same_home && trades == w->found.trades && turnover < w->found.fewest_turnover)
        w->found.fewest_turnover = turnover;
    if (same_home && trades == w->found.trades && distance < w->found.fewest_distance)
        w->found.fewest_distance = distance;
    if (same_home && turnover < w->found.turnover)
        w->found.turnover = turnover;
    if (as_plan && distance < w->found.distance)
        w->found.distance = distance;
}

static void walk_from(walk *w, size_t i) {
    const instance *x = w->x;
    if (i >= x->count || i >= NAMES) {
        keep(w);
        return;
    }
    const tw_rebalance_range *r = &x->ranges[i];
    bool must = is_mandatory(r) && can_trade(x, i) && (x->features & CAPPED) == 0;
    w->lots[i] = 0;
    if (!must)
        walk_from(w, i + 1);
    for (int64_t lots = r->lots_min; lots <= r->lots_max; lots++) {
        if (lots == 0 || !may_trade(x, i, lots))
            continue;
        w->lots[i] = lots;
        walk_from(w, i + 1);
    }
    w->lots[i] = 0;
}

static truth enumerate(const instance *x, const tw_rebalance_plan *plan) {
    walk w = {.x = x, .plan = plan, .found = {NONE, NONE, NONE, NONE, NONE, -1}};
    walk_from(&w, 0);
    return w.found;
}

/* --- the rules
 * ------------------------------------------------------------------------------------ */

/* Is the number of trades exact by the theorems? */
static bool is_exact(const instance *x) {
    if ((x->features & FINE) != 0)
        return true;
    if ((x->features & (GROUPED | SIDED | MINIMUMS)) != 0)
        return false;
    int64_t dearest = 0;
    for (size_t i = 0; i < x->count; i++) {
        int64_t buy = cash_of(x, i, 1);
        int64_t sell = cash_of(x, i, -1) < 0 ? -cash_of(x, i, -1) : cash_of(x, i, -1);
        dearest = buy > dearest ? buy : dearest;
        dearest = sell > dearest ? sell : dearest;
    }
    return x->config.cash_max.nano - x->config.cash_min.nano >= dearest;
}

static const char *check_trades(const instance *x, const tw_rebalance_plan *plan) {
    int64_t lots[NAMES] = {0};
    int64_t turnover = 0;
    int64_t cost = 0;
    int64_t cash = x->config.cash.nano;
    for (size_t t = 0; t < plan->count; t++) {
        const tw_rebalance_trade *trade = &plan->trades[t];
        size_t i = trade->index;
        if (i >= x->count || (t > 0 && plan->trades[t - 1].index >= i))
            return "trades out of order";
        if (trade->quantity.nano % x->ranges[i].lot.nano != 0)
            return "not whole lots";
        lots[i] = trade->quantity.nano / x->ranges[i].lot.nano;
        lots[i] = trade->side == TW_SIDE_SELL ? -lots[i] : lots[i];
        if (lots[i] == 0 || !may_trade(x, i, lots[i]))
            return "a trade outside its range";
        if (plan->outcomes[i] != trade->reason + 1)
            return "an outcome that is not the reason";
        turnover += trade->value.nano;
        cost += trade->cost.nano;
        cash -= cash_of(x, i, lots[i]);
    }
    if (cash != plan->cash_after.nano || turnover != plan->turnover.nano || cost != plan->cost.nano)
        return "sums that do not agree";
    if (!are_allowed(x, lots))
        return "a window that is not kept";
    size_t outside = 0;
    for (size_t i = 0; i < x->count; i++)
        outside += is_mandatory(&x->ranges[i]) && lots[i] == 0;
    if (outside != plan->outside || outside != plan->minimum_outside + plan->capped_outside)
        return "positions outside that are not counted";
    return NULL;
}

static const char *check_capped(const instance *x, const tw_rebalance_plan *plan,
                                const truth *found) {
    if (!plan->feasible)
        return plan->proven && found->home >= 0 ? "said to be impossible, but is not" : NULL;
    if ((int64_t)plan->lower_bound > found->trades || plan->turnover_bound.nano > found->turnover)
        return "a bound above the truth";
    if (plan->count > x->config.trades_max || plan->turnover.nano > x->config.turnover_max.nano)
        return "a cap that is not kept";
    if ((int64_t)plan->mandatory > found->home)
        return "more at home than can be";
    if ((int64_t)plan->home_bound < found->home)
        return "a bound on who comes home below the truth";
    bool most = x->config.cap_priority == TW_CAP_MOST_POSITIONS;
    if (plan->proven && most && (int64_t)plan->mandatory != found->home)
        return "said to be the most at home, but is not";
    bool free = x->config.cash_max.nano - x->config.cash_min.nano > 1000 * UNIT;
    if (free && most && x->features == (CAPPED | FINE) && (int64_t)plan->mandatory != found->home)
        return "fewer at home than can be";
    return NULL;
}

static const char *check_exact(const instance *x, const tw_rebalance_plan *plan,
                               const truth *found) {
    if (!plan->feasible)
        return found->trades == NONE ? NULL : "a plan that was missed";
    if ((int64_t)plan->count != found->trades || !plan->proven)
        return "not the least number of trades, or not proven";
    bool closest = x->config.aim == TW_REBALANCE_CLOSEST;
    if ((x->features & FINE) != 0 && (x->features & SIDED) == 0 && !closest &&
        plan->turnover.nano != found->turnover)
        return "not the least turnover";
    if ((x->features & (FINE | GROUPED | SIDED)) == FINE && !closest &&
        plan->turnover.nano != plan->turnover_bound.nano)
        return "a turnover bound that is not reached";
    return NULL;
}

static int64_t distance_of(const instance *x, const tw_rebalance_plan *plan) {
    int64_t distance = 0;
    for (size_t t = 0; t < plan->count; t++) {
        const tw_rebalance_trade *trade = &plan->trades[t];
        const tw_rebalance_range *r = &x->ranges[trade->index];
        int64_t lots = trade->quantity.nano / r->lot.nano;
        lots = trade->side == TW_SIDE_SELL ? -lots : lots;
        int64_t away = (lots - r->lots_wanted) * (r->price.nano / UNIT);
        distance += away * away;
    }
    return distance;
}

static const char *check_plan(const instance *x, const tw_rebalance_plan *plan,
                              const truth *found) {
    const char *fault = plan->feasible ? check_trades(x, plan) : NULL;
    if (fault != NULL)
        return fault;
    if ((x->features & CAPPED) != 0)
        return check_capped(x, plan, found);
    if (plan->feasible && plan->turnover_bound.nano > found->turnover)
        return "a turnover bound above the truth";
    if (found->trades != NONE && plan->lower_bound > (size_t)found->trades)
        return "a lower bound above the truth";
    if (!plan->feasible && plan->proven && found->trades != NONE)
        return "said to be impossible, but is not";
    if (plan->feasible && plan->proven && (int64_t)plan->count != found->trades)
        return "said to be proven, but is not";
    if (is_exact(x))
        fault = check_exact(x, plan, found);
    bool alone = (x->features & (FINE | GROUPED | SIDED)) == FINE;
    if (fault == NULL && alone && plan->feasible && x->config.aim == TW_REBALANCE_CLOSEST &&
        distance_of(x, plan) != found->distance)
        return "not the closest to the targets";
    return fault;
}

/* What a search must answer. */
static const char *check_searched(const instance *x, const tw_rebalance_plan *plan,
                                  const truth *found) {
    if ((x->features & CAPPED) != 0)
        return NULL;
    if (!plan->proven)
        return "searched, but not proven";
    if (plan->feasible != (found->trades != NONE))
        return "searched, but missed";
    if (!plan->feasible)
        return NULL;
    bool closest = x->config.aim == TW_REBALANCE_CLOSEST;
    if (!closest && plan->turnover.nano != found->fewest_turnover)
        return "searched, but not the least turnover of the fewest trades";
    if (closest && distance_of(x, plan) != found->fewest_distance)
        return "searched, but not the closest of the fewest trades";
    return NULL;
}

static const char *solve(tw_rebalance *rebalance, const instance *x, truth *ret_found,
                         tw_rebalance_plan *ret_plan, tw_status *ret_status) {
    tw_error error = {0};
    *ret_status = tw_rebalance_solve(rebalance, &x->config, x->ranges, x->count, ret_plan, &error);
    if (*ret_status != TW_OK)
        return (x->features & SIDED) != 0 && *ret_status == TW_INVALID ? NULL : "a status";
    *ret_found = enumerate(x, ret_plan);
    return check_plan(x, ret_plan, ret_found);
}

static const char *check(tw_rebalance *rebalance, instance *x, truth *ret_found,
                         tw_rebalance_plan *ret_plan) {
    x->config.groups = x->groups;
    x->config.costs = x->costs;
    x->config.search_max = 0;
    tw_status status = TW_OK;
    const char *fault = solve(rebalance, x, ret_found, ret_plan, &status);
    if (fault != NULL || status != TW_OK || ret_plan->proven)
        return fault;
    x->config.search_max = TW_REBALANCE_SEARCH_DEFAULT;
    fault = solve(rebalance, x, ret_found, ret_plan, &status);
    return fault == NULL && status == TW_OK ? check_searched(x, ret_plan, ret_found) : fault;
}

/* --- shrinking and printing ---------------------------------------------------------------------
 */

static void remove_position(instance *x, size_t i) {
    for (; i + 1 < x->count; i++)
        x->ranges[i] = x->ranges[i + 1];
    x->count--;
}

/* Moves an end of a range, and what is wanted, by one towards zero. */
static bool narrow_range(tw_rebalance_range *r, bool low) {
    if (r->lots_min == r->lots_max)
        return false;
    if (low)
        r->lots_min++;
    else
        r->lots_max--;
    if (r->lots_wanted < r->lots_min)
        r->lots_wanted = r->lots_min;
    if (r->lots_wanted > r->lots_max)
        r->lots_wanted = r->lots_max;
    return true;
}

/* One step that makes the instance smaller; false when there is no such step. */
static bool smaller(instance *x, size_t step) {
    if (step < NAMES) {
        if (step >= x->count || x->count == 1)
            return false;
        remove_position(x, step);
        return true;
    }
    step -= NAMES;
    if (step < 2 * NAMES)
        return step / 2 < x->count && narrow_range(&x->ranges[step / 2], step % 2 == 0);
    step -= 2 * NAMES;
    if (step < 2 * GROUPS) {
        tw_rebalance_group *group = &x->groups[step / 2];
        int64_t *limit = step % 2 == 0 ? &group->least_nano : &group->most_nano;
        bool given = *limit != INT64_MIN && *limit != INT64_MAX;
        *limit = step % 2 == 0 ? INT64_MIN : INT64_MAX;
        return given;
    }
    return false;
}

static void shrink(tw_rebalance *rebalance, instance *x) {
    truth found;
    tw_rebalance_plan plan;
    for (size_t step = 0; step < 3 * NAMES + 2 * GROUPS; step++) {
        instance next = *x;
        if (smaller(&next, step) && check(rebalance, &next, &found, &plan) != NULL) {
            *x = next;
            step = SIZE_MAX; /* from the start again */
        }
    }
}

static void print_limit(const char *name, int64_t nano) {
    if (nano != INT64_MIN && nano != INT64_MAX)
        print_error(" %s %" PRId64, name, nano / UNIT);
}

static void print_instance(const instance *x) {
    const tw_rebalance_config *config = &x->config;
    print_error("features %d aim %d cash %" PRId64, x->features, config->aim,
                config->cash.nano / UNIT);
    print_limit("cash_min", config->cash_min.nano);
    print_limit("cash_max", config->cash_max.nano);
    print_limit("net_min", config->net_min_nano);
    print_limit("net_max", config->net_max_nano);
    print_limit("gross_max", config->gross_max_nano);
    print_limit("turnover_max", config->turnover_max.nano);
    print_error(" trades_max %zu\n", config->trades_max);
    for (size_t i = 0; i < x->count; i++) {
        const tw_rebalance_range *r = &x->ranges[i];
        print_error("  price %" PRId64 " lots %" PRId64 " to %" PRId64 " wanted %" PRId64
                    " least %" PRId64 " group %u short %u class %u\n",
                    r->price.nano / UNIT, r->lots_min, r->lots_max, r->lots_wanted, r->lots_least,
                    r->group, r->is_short, r->cost_class);
    }
    for (size_t g = 0; g < config->group_count; g++) {
        print_error("  group %zu in %u:", g + 1, x->groups[g].parent);
        print_limit("least", x->groups[g].least_nano);
        print_limit("most", x->groups[g].most_nano);
        print_error("\n");
    }
}

/* --- random instances ----------------------------------------------------------------------------
 */

static void make_range(instance *x, size_t i, uint64_t *seed) {
    tw_rebalance_range *r = &x->ranges[i];
    bool fine = (x->features & FINE) != 0;
    *r = (tw_rebalance_range){.price = {(fine ? 1 : pick(seed, 1, 7)) * UNIT},
                              .lot = {TW_NANO},
                              .lots_least = 1,
                              .symbol = (tw_symbol)pick(seed, 0, 3),
                              .rank = (uint32_t)pick(seed, 0, 1)};
    if ((x->features & MINIMUMS) != 0)
        r->lots_least = pick(seed, 1, 3);
    if ((x->features & COSTLY) != 0)
        r->cost_class = (uint16_t)pick(seed, 0, 2);
    if ((x->features & SIDED) != 0)
        r->is_short = (uint8_t)pick(seed, 0, 1);
    int64_t kind = pick(seed, 0, 5);
    int64_t most = x->count <= 4 ? 4 : 2;
    r->lots_min = kind == 0 ? pick(seed, 1, 2) : -pick(seed, 0, most);
    r->lots_max = kind == 1 ? -pick(seed, 1, 2) : pick(seed, 0, most);
    if (kind == 0)
        r->lots_max = r->lots_min + pick(seed, 0, 3);
    if (kind == 1)
        r->lots_min = r->lots_max - pick(seed, 0, 3);
    r->lots_wanted = kind == 0 ? r->lots_min : kind == 1 ? r->lots_max : 0;
    if (x->config.aim == TW_REBALANCE_CLOSEST)
        r->lots_wanted = pick(seed, r->lots_min, r->lots_max);
}

static void make_groups(instance *x, uint64_t *seed) {
    size_t count = (size_t)pick(seed, 1, GROUPS);
    x->config.group_count = count;
    for (size_t g = 0; g < count; g++) {
        int64_t least = pick(seed, -8, 5) * UNIT;
        int64_t most = least + pick(seed, 0, 6) * UNIT;
        x->groups[g] = (tw_rebalance_group){.least_nano = pick(seed, 0, 3) == 0 ? INT64_MIN : least,
                                            .most_nano = pick(seed, 0, 3) == 0 ? INT64_MAX : most,
                                            .parent = (uint32_t)pick(seed, 0, (int64_t)g)};
    }
    for (size_t i = 0; i < x->count; i++)
        x->ranges[i].group = (uint32_t)pick(seed, 0, (int64_t)count);
}

/* Ungrouped positions and groups of one side each. */
static void make_sides(instance *x, uint64_t *seed) {
    if (pick(seed, 0, 1) == 0) {
        x->config.net_min_nano = pick(seed, -6, 2) * UNIT;
        x->config.net_max_nano = x->config.net_min_nano + pick(seed, 0, 6) * UNIT;
    }
    x->config.gross_max_nano = pick(seed, -10, 8) * UNIT;
    for (size_t i = 0; i < x->count; i++) {
        uint32_t g = x->ranges[i].group;
        while (g != 0 && x->groups[g - 1].parent != 0)
            g = x->groups[g - 1].parent;
        if (g != 0)
            x->ranges[i].is_short = g % 2 == 0;
    }
}

static void make_costs(instance *x, uint64_t *seed) {
    tw_trade_cost *all[3] = {&x->config.cost, &x->costs[0], &x->costs[1]};
    x->config.cost_count = 2;
    for (int i = 0; i < 3; i++)
        *all[i] = (tw_trade_cost){pick(seed, 0, 3) * (TW_NANO / 10),
                                  pick(seed, 0, 3) * (TW_NANO / 10),
                                  {pick(seed, 0, 1) * pick(seed, 0, 2) * UNIT},
                                  {pick(seed, 0, 1) * pick(seed, 0, 2) * UNIT}};
}

static instance make_instance(int features, uint64_t *seed) {
    instance x = {.count = (size_t)pick(seed, 1, NAMES), .features = features};
    tw_rebalance_config_init(&x.config);
    if (pick(seed, 0, 3) == 0 && (features & CAPPED) == 0)
        x.config.aim = TW_REBALANCE_CLOSEST;
    for (size_t i = 0; i < x.count; i++)
        make_range(&x, i, seed);
    if ((features & COSTLY) != 0)
        make_costs(&x, seed);
    if ((features & GROUPED) != 0)
        make_groups(&x, seed);
    if ((features & SIDED) != 0)
        make_sides(&x, seed);
    int64_t reach = (features & FINE) != 0 ? 10 : 30;
    x.config.cash.nano = pick(seed, -reach, reach) * UNIT;
    x.config.cash_min.nano = pick(seed, -5, 5) * UNIT;
    int64_t width = pick(seed, 0, (features & WIDE) != 0 ? 14 : 3);
    x.config.cash_max.nano = x.config.cash_min.nano + width * UNIT;
    if ((features & CAPPED) != 0) {
        x.config.cap_priority = (uint8_t)pick(seed, 0, 1);
        int64_t cap = pick(seed, 0, 2);
        x.config.trades_max = cap == 0 ? SIZE_MAX : (size_t)pick(seed, 0, 3);
        x.config.turnover_max.nano = cap == 1 ? INT64_MAX : pick(seed, 0, 8) * UNIT;
        if (pick(seed, 0, 1) == 0) {
            x.config.cash_min.nano = -10000 * UNIT;
            x.config.cash_max.nano = 10000 * UNIT;
        }
    }
    return x;
}

typedef struct tally {
    unsigned instances;
    unsigned feasible;
    unsigned planned;
    unsigned proven;
} tally;

static unsigned runs_wanted(void) {
    const char *wanted = getenv("TRADEWIND_MODEL_RUNS");
    return wanted != NULL ? (unsigned)strtoul(wanted, NULL, 10) : 10000;
}

static void run(int features, uint64_t first_seed) {
    TW_AUTO(tw_rebalance) *rebalance = NULL;
    assert_int_equal(tw_rebalance_new(NULL, NAMES, &rebalance), TW_OK);
    tally all = {.instances = runs_wanted()};
    for (unsigned i = 0; i < all.instances; i++) {
        uint64_t seed = first_seed * 1000003 + i;
        instance x = make_instance(features, &seed);
        truth found = {NONE, NONE, NONE, NONE, NONE, -1};
        tw_rebalance_plan plan;
        memset(&plan, 0, sizeof plan);
        const char *fault = check(rebalance, &x, &found, &plan);
        if (fault != NULL) {
            shrink(rebalance, &x);
            fault = check(rebalance, &x, &found, &plan);
            print_instance(&x);
            print_error("found: %" PRId64 " trades, turnover %" PRId64 ", distance %" PRId64
                        ", home %" PRId64 "\nplan: %zu trades, bound %zu, %zu home, turnover "
                        "%" PRId64 " bound %" PRId64 "; %s\n",
                        found.trades, found.turnover / UNIT, found.distance, found.home, plan.count,
                        plan.lower_bound, plan.mandatory, plan.turnover.nano / UNIT,
                        plan.turnover_bound.nano / UNIT, plan.reason);
            fail_msg("instance %u of features %d: %s", i, features, fault);
        }
        all.feasible += found.trades != NONE;
        all.planned += plan.feasible;
        all.proven += plan.feasible && plan.proven;
    }
    print_message("features %3d: %u instances, %u feasible, %u planned, %u of them proven\n",
                  features, all.instances, all.feasible, all.planned, all.proven);
    assert_true(all.planned > all.instances / 50 && all.planned < all.instances);
    if ((features & CAPPED) == 0)
        assert_true(all.planned == all.feasible && all.proven == all.planned);
}

static void test_fine_lots_are_solved_exactly(void **state) {
    (void)state;
    run(FINE, 1);
}

static void test_wide_windows_are_solved_exactly(void **state) {
    (void)state;
    run(WIDE, 2);
    run(WIDE | COSTLY, 3);
}

static void test_trees_of_groups_are_solved_exactly(void **state) {
    (void)state;
    run(FINE | GROUPED, 4);
    run(FINE | GROUPED | WIDE, 5);
}

static void test_long_and_short_are_solved_exactly(void **state) {
    (void)state;
    run(FINE | SIDED | WIDE, 6);
    run(FINE | SIDED | GROUPED | WIDE, 7);
}

static void test_narrow_windows_are_searched_to_the_end(void **state) {
    (void)state;
    run(0, 8);
    run(COSTLY, 9);
}

static void test_minimum_trades_are_searched_to_the_end(void **state) {
    (void)state;
    run(MINIMUMS, 10);
}

static void test_everything_together_is_searched_to_the_end(void **state) {
    (void)state;
    run(GROUPED | WIDE, 11);
    run(GROUPED | COSTLY | MINIMUMS | WIDE, 12);
    run(GROUPED | COSTLY | MINIMUMS | SIDED | WIDE, 13);
}

static void test_caps_bring_the_most_home(void **state) {
    (void)state;
    run(CAPPED | FINE, 14);
    run(CAPPED | GROUPED | WIDE, 15);
    run(CAPPED | SIDED | FINE | WIDE, 16);
}

/* --- positions, bands and weights ---------------------------------------------------------- */

#define POSITIONS 8

typedef struct book {
    tw_rebalance_position positions[POSITIONS];
    tw_rebalance_order_max maxima[POSITIONS];
    tw_rebalance_group groups[GROUPS];
    tw_rebalance_config config;
    size_t count;
} book;

/* Half of the band, part of it in `part` nano, as a weight at 1e-18. */
static wide reach_of(const tw_rebalance_position *p, int64_t part) {
    wide weight = p->weight_nano < 0 ? -(wide)p->weight_nano : p->weight_nano;
    wide relative = weight * p->band_nano;
    wide absolute = (wide)p->band_nano * TW_NANO;
    wide floor = (wide)p->band_floor_nano * TW_NANO;
    wide reach = p->band_kind == TW_BAND_ABSOLUTE                     ? absolute
                 : p->band_kind == TW_BAND_HYBRID && floor > relative ? floor
                                                                      : relative;
    return reach * part / TW_NANO;
}

/* Is `quantity` of a position inside its band? Cross-multiplied, in 128 bits. */
static bool in_band(const tw_rebalance_position *p, int64_t quantity, int64_t equity,
                    int64_t part) {
    wide value = (wide)quantity * p->price.nano * TW_NANO; /* at 1e-27 */
    wide weight = (wide)p->weight_nano * TW_NANO;
    wide reach = reach_of(p, part);
    if ((p->weight_nano >= 0 && quantity < 0) || (p->weight_nano < 0 && quantity > 0))
        return false;
    return value >= (weight - reach) * equity && value <= (weight + reach) * equity;
}

static book make_book(uint64_t *seed) {
    book b = {.count = (size_t)pick(seed, 1, POSITIONS)};
    tw_rebalance_config_init(&b.config);
    b.config.shorts_allowed = pick(seed, 0, 2) == 0;
    b.config.aim = (uint8_t)pick(seed, 0, 3);
    b.config.destination_nano = pick(seed, 0, 4) * (TW_NANO / 4);
    b.config.side = pick(seed, 0, 4) == 0 ? (uint8_t)pick(seed, 2, 3) : 0;
    b.config.group_count = pick(seed, 0, 1) == 0 ? 0 : GROUPS;
    for (size_t i = 0; i < b.count; i++) {
        tw_rebalance_position *p = &b.positions[i];
        bool is_short = b.config.shorts_allowed != 0 && pick(seed, 0, 2) == 0;
        p->quantity.nano = pick(seed, 0, 100) * TW_NANO * (is_short ? -1 : 1);
        p->price.nano = pick(seed, 1, 50000) * (TW_NANO / 100);
        p->weight_nano = pick(seed, 0, 1000) * (TW_NANO / 1000) / (int64_t)b.count;
        p->weight_nano *= is_short ? -1 : 1;
        p->band_kind = (uint8_t)pick(seed, 0, 2);
        p->band_nano = pick(seed, 0, 300) * (TW_NANO / 1000);
        p->band_floor_nano = pick(seed, 0, 100) * (TW_NANO / 1000);
        p->lot.nano = pick(seed, 0, 2) * TW_NANO;
        p->min_trade.nano = pick(seed, 0, 3) == 0 ? 100 * TW_NANO : 0;
        p->restricted = pick(seed, 0, 3) == 0 ? (uint8_t)pick(seed, 1, 3) : 0;
        p->symbol = (tw_symbol)i;
        p->group = (uint32_t)pick(seed, 0, (int64_t)b.config.group_count);
    }
    for (size_t g = 0; g < GROUPS; g++)
        b.groups[g] = (tw_rebalance_group){
            .least_nano =
                pick(seed, 0, 3) == 0 ? pick(seed, -100, 300) * (TW_NANO / 1000) : INT64_MIN,
            .most_nano =
                pick(seed, 0, 1) == 0 ? pick(seed, 300, 900) * (TW_NANO / 1000) : INT64_MAX,
            .parent = (uint32_t)pick(seed, 0, (int64_t)g)};
    b.config.cash.nano = pick(seed, 1, 20000) * TW_NANO;
    b.config.cash_min.nano = b.config.shorts_allowed != 0 ? -20000 * TW_NANO : 0;
    b.config.cost.buy_rate_nano = pick(seed, 0, 100) * TW_REBALANCE_BASIS_POINT;
    b.config.cost.sell_rate_nano = pick(seed, 0, 100) * TW_REBALANCE_BASIS_POINT;
    b.config.cost.sell_fixed.nano = pick(seed, 0, 1) * TW_NANO;
    if (pick(seed, 0, 3) == 0)
        b.config.order_max.value.nano = pick(seed, 0, 5000) * TW_NANO;
    for (size_t i = 0; i < POSITIONS; i++)
        b.maxima[i] = (tw_rebalance_order_max){
            {pick(seed, 0, 3) == 0 ? pick(seed, 0, 5000) * TW_NANO : INT64_MAX},
            {pick(seed, 0, 3) == 0 ? pick(seed, 0, 20) * TW_NANO : INT64_MAX}};
    return b;
}

/* A trade is at most an order; one that is cut short is as large as an order may be. */
static void check_order(const book *b, const tw_rebalance_trade *trade) {
    const tw_rebalance_position *p = &b->positions[trade->index];
    int64_t lot = p->lot.nano == 0 ? 1 : p->lot.nano;
    int64_t value_most = b->config.order_max.value.nano;
    int64_t quantity_most = b->config.order_max.quantity.nano;
    if (b->config.order_maxima != NULL) {
        const tw_rebalance_order_max *own = &b->maxima[trade->index];
        value_most = own->value.nano < value_most ? own->value.nano : value_most;
        quantity_most = own->quantity.nano < quantity_most ? own->quantity.nano : quantity_most;
    }
    assert_true(trade->value.nano <= value_most && trade->quantity.nano <= quantity_most);
    wide next = (wide)(trade->quantity.nano + lot) * p->price.nano;
    bool full =
        next > (wide)value_most * TW_NANO || trade->quantity.nano + (wide)lot > quantity_most;
    assert_true(full || !trade->shortened);
}

static void check_position(const book *b, const tw_rebalance_plan *plan, size_t i,
                           const tw_rebalance_trade *trade, int64_t *ret_after) {
    const tw_rebalance_position *p = &b->positions[i];
    bool was_inside = in_band(p, p->quantity.nano, plan->equity.nano, TW_NANO);
    uint8_t outcome = plan->outcomes[i];
    *ret_after = p->quantity.nano;
    if (trade == NULL) {
        assert_true(outcome == TW_OUTCOME_INSIDE || outcome > TW_OUTCOME_FILL_GROUP);
        return;
    }
    bool buys = trade->side == TW_SIDE_BUY;
    uint8_t barred = buys ? TW_RESTRICTION_SELL_ONLY : TW_RESTRICTION_BUY_ONLY;
    assert_true(p->restricted != TW_RESTRICTION_ALL && p->restricted != barred);
    assert_true(b->config.side != barred);
    assert_true(trade->value.nano >= p->min_trade.nano);
    assert_int_equal(outcome, trade->reason + 1);
    assert_true((trade->reason <= TW_TRADE_BELOW_BAND) == !was_inside);
    check_order(b, trade);
    *ret_after += buys ? trade->quantity.nano : -trade->quantity.nano;
    int64_t part = !was_inside && b->config.aim == TW_REBALANCE_TO_INNER
                       ? b->config.destination_nano
                       : TW_NANO;
    if (trade->shortened)
        assert_false(in_band(p, *ret_after, plan->equity.nano, part));
    else if (plan->widened == 0)
        assert_true(in_band(p, *ret_after, plan->equity.nano, part));
}

static void check_groups(const book *b, const tw_rebalance_plan *plan,
                         const int64_t after[POSITIONS]) {
    const int64_t slack = POSITIONS * 2; /* values are rounded a trade */
    for (size_t g = 1; g <= b->config.group_count; g++) {
        wide value = 0;
        for (size_t i = 0; i < b->count; i++) {
            uint32_t at = b->positions[i].group;
            while (at != 0 && at != g)
                at = b->groups[at - 1].parent;
            value += at == g ? (wide)after[i] * b->positions[i].price.nano : 0;
        }
        wide least = (wide)b->groups[g - 1].least_nano * plan->equity.nano;
        wide most = (wide)b->groups[g - 1].most_nano * plan->equity.nano;
        if (b->groups[g - 1].least_nano != INT64_MIN)
            assert_true(value >= least - slack * TW_NANO);
        if (b->groups[g - 1].most_nano != INT64_MAX)
            assert_true(value <= most + slack * TW_NANO);
    }
}

static void check_book(const book *b, const tw_rebalance_plan *plan) {
    int64_t after[POSITIONS];
    int64_t cash = b->config.cash.nano;
    size_t at = 0;
    size_t outside = 0;
    for (size_t i = 0; i < b->count; i++) {
        const tw_rebalance_trade *trade =
            at < plan->count && plan->trades[at].index == i ? &plan->trades[at++] : NULL;
        check_position(b, plan, i, trade, &after[i]);
        outside += !in_band(&b->positions[i], after[i], plan->equity.nano, TW_NANO);
        if (trade != NULL) {
            cash += trade->side == TW_SIDE_SELL ? trade->value.nano : -trade->value.nano;
            cash -= trade->cost.nano;
        }
    }
    assert_int_equal(at, plan->count);
    assert_true(outside <= plan->outside + plan->widened);
    assert_int_equal(cash, plan->cash_after.nano);
    assert_true(cash >= b->config.cash_min.nano);
    assert_true(plan->turnover_bound.nano <= plan->turnover.nano);
    check_groups(b, plan, after);
}

static void test_plans_bring_positions_into_their_bands(void **state) {
    (void)state;
    TW_AUTO(tw_rebalance) *rebalance = NULL;
    assert_int_equal(tw_rebalance_new(NULL, POSITIONS, &rebalance), TW_OK);
    uint64_t seed = 77;
    unsigned feasible = 0;
    unsigned rounds = 2 * runs_wanted();
    for (unsigned round = 0; round < rounds; round++) {
        book b = make_book(&seed);
        b.config.groups = b.groups;
        b.config.order_maxima = round % 2 == 0 ? b.maxima : NULL;
        tw_rebalance_plan plan;
        tw_status status =
            tw_rebalance_compute(rebalance, &b.config, b.positions, b.count, &plan, NULL);
        if (status == TW_INVALID && b.config.shorts_allowed != 0)
            continue; /* the shorts are worth more than all else */
        assert_int_equal(status, TW_OK);
        if (!plan.feasible)
            continue;
        feasible++;
        check_book(&b, &plan);
    }
    print_message("books: %u, %u of them feasible\n", rounds, feasible);
    assert_true(feasible > rounds / 8);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fine_lots_are_solved_exactly),
        cmocka_unit_test(test_wide_windows_are_solved_exactly),
        cmocka_unit_test(test_trees_of_groups_are_solved_exactly),
        cmocka_unit_test(test_long_and_short_are_solved_exactly),
        cmocka_unit_test(test_narrow_windows_are_searched_to_the_end),
        cmocka_unit_test(test_minimum_trades_are_searched_to_the_end),
        cmocka_unit_test(test_everything_together_is_searched_to_the_end),
        cmocka_unit_test(test_caps_bring_the_most_home),
        cmocka_unit_test(test_plans_bring_positions_into_their_bands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
