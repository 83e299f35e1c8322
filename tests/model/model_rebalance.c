/*
 * model_rebalance.c - plans beside a full enumeration of who trades and how much.
 *
 * The slow way walks through all subsets of positions and, for each, all cash totals that whole
 * lots in the allowed ranges can reach, as a set. So it knows the true least number of trades and
 * whether any plan exists, for whole lots, minimum trades, costs and narrow windows alike.
 *
 * Rules held for every instance:
 * - every trade of a plan is inside its range, a whole number of lots, at least the minimum;
 * - cash is conserved to 1e-9 and ends inside its window; every mandatory position trades;
 * - lower_bound and turnover_bound are never above the truth;
 * - "no plan exists" is said only when none exists;
 * - the count is the least one whenever the cash window is as wide as a lot with its costs and
 *   no minimum trade binds, and no plan is missed then.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tradewind/rebalance.h"

#define NAMES 8
#define REACH 4096 /* cash totals are offset by half of it */

__extension__ typedef __int128 wide;

typedef struct instance {
    tw_rebalance_config config;
    tw_rebalance_range ranges[NAMES];
    size_t count;
    int64_t unit;    /* all cash uses are multiples of it: the set of totals is small */
    bool conditions; /* those of the last rule hold */
} instance;

static uint64_t next_random(uint64_t *seed) {
    uint64_t z = (*seed += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static int64_t pick(uint64_t *seed, int64_t low, int64_t high) {
    return low + (int64_t)(next_random(seed) % (uint64_t)(high - low + 1));
}

static bool is_mandatory(const tw_rebalance_range *r) {
    return r->lots_min > 0 || r->lots_max < 0;
}

static bool may_trade(const tw_rebalance_range *r, int64_t lots) {
    return lots >= r->lots_min && lots <= r->lots_max &&
           (lots <= -r->lots_least || lots >= r->lots_least);
}

static bool can_trade(const tw_rebalance_range *r) {
    for (int64_t lots = r->lots_min; lots <= r->lots_max; lots++)
        if (lots != 0 && may_trade(r, lots))
            return true;
    return false;
}

/* Cash used by a trade: prices are whole cents, tens of them where there is a cost, and that is a
 * multiple of 10%; so this is exact and needs no rounding rule. */
static int64_t cash_use(const instance *x, const tw_rebalance_range *r, int64_t lots) {
    int64_t value = lots * (r->price.nano / x->unit) * x->unit;
    int64_t size = value < 0 ? -value : value;
    return value + (int64_t)((wide)size * x->config.cost.buy_rate_nano / TW_NANO);
}

/* A set of cash totals in units, one bit each, zero in the middle. */
#define WORDS (REACH / 64)

typedef uint64_t totals[WORDS];

static bool has_total(const totals set, int64_t i) {
    return (set[i / 64] >> (i % 64) & 1) != 0;
}

/* to |= from shifted by `shift` totals. */
static void add_shifted(const totals from, int64_t shift, totals to) {
    int64_t words = shift >= 0 ? shift / 64 : -((-shift + 63) / 64);
    int64_t bits = shift - words * 64;
    for (int64_t i = 0; i < WORDS; i++) {
        int64_t at = i - words;
        uint64_t here = at >= 0 && at < WORDS ? from[at] << bits : 0;
        bool below = bits > 0 && at - 1 >= 0 && at - 1 < WORDS;
        to[i] |= here | (below ? from[at - 1] >> (64 - bits) : 0);
    }
}

/* Adds every allowed trade of one name to every total reached. */
static void add_name(const instance *x, const tw_rebalance_range *r, const totals from, totals to) {
    memset(to, 0, sizeof(totals));
    for (int64_t lots = r->lots_min; lots <= r->lots_max; lots++) {
        if (lots == 0 || !may_trade(r, lots))
            continue;
        int64_t shift = cash_use(x, r, lots) / x->unit;
        /* The set is wide enough: nothing reached falls off its ends. */
        int64_t share = REACH / 2 / (int64_t)x->count;
        assert_true(shift < share && -shift < share);
        add_shifted(from, shift, to);
    }
}

/* The least number of trades of any plan, or -1. */
static int least_trades(const instance *x, int64_t use_min, int64_t use_max) {
    static totals now;
    static totals next;
    int best = -1;
    for (uint32_t subset = 0; subset < 1U << x->count; subset++) {
        int size = __builtin_popcount(subset);
        if (best >= 0 && size >= best)
            continue;
        bool allowed = true;
        for (size_t i = 0; i < x->count; i++)
            if (is_mandatory(&x->ranges[i]) && can_trade(&x->ranges[i]) && !(subset >> i & 1))
                allowed = false;
        if (!allowed)
            continue;
        memset(now, 0, sizeof now);
        now[WORDS / 2] = 1;
        for (size_t i = 0; i < x->count; i++) {
            if ((subset >> i & 1) == 0)
                continue;
            add_name(x, &x->ranges[i], now, next);
            memcpy(now, next, sizeof now);
        }
        for (int64_t i = 0; i < REACH; i++) {
            int64_t total = (i - REACH / 2) * x->unit;
            if (has_total(now, i) && total >= use_min && total <= use_max)
                best = size;
        }
    }
    return best;
}

static void make_range(instance *x, size_t i, bool minimums, uint64_t *seed) {
    tw_rebalance_range *r = &x->ranges[i];
    memset(r, 0, sizeof *r);
    r->price.nano = pick(seed, 1, 5) * 10 * x->unit;
    if (x->config.cost.buy_rate_nano == 0)
        r->price.nano = pick(seed, 1, 9) * x->unit;
    r->lot.nano = TW_NANO;
    r->symbol = (tw_symbol)pick(seed, 0, 3);
    r->lots_least = minimums ? pick(seed, 1, 3) : 1;
    int64_t kind = pick(seed, 0, 5);
    int64_t most = x->config.cost.buy_rate_nano == 0 ? 9 : 2;
    r->lots_min = kind == 0 ? pick(seed, 1, 2) : -pick(seed, 0, most);
    r->lots_max = kind == 1 ? -pick(seed, 1, 2) : pick(seed, 0, most);
    if (kind == 0)
        r->lots_max = r->lots_min + pick(seed, 0, 3);
    if (kind == 1)
        r->lots_min = r->lots_max - pick(seed, 0, 3);
    r->lots_wanted = kind == 0 ? r->lots_min : kind == 1 ? r->lots_max : 0;
}

/* Which of the conditions hold depends on the kind: 0 all, 1 narrow windows, 2 minimum trades,
 * 3 costs with a wide window. */
static instance make_instance(int kind, uint64_t *seed) {
    instance x = {.count = (size_t)pick(seed, 1, kind == 3 ? 6 : NAMES)};
    tw_rebalance_config_init(&x.config);
    x.unit = TW_NANO / 100;
    x.config.cost.buy_rate_nano = x.config.cost.sell_rate_nano = kind == 3 ? pick(seed, 1, 3) * (TW_NANO / 10) : 0;
    int64_t dearest = 0;
    for (size_t i = 0; i < x.count; i++) {
        make_range(&x, i, kind == 2, seed);
        int64_t step = cash_use(&x, &x.ranges[i], 1);
        dearest = step > dearest ? step : dearest;
    }
    int64_t reach = kind == 3 ? 250 : 150;
    x.config.cash.nano = pick(seed, -reach, reach) * x.unit;
    int64_t width =
        kind == 1 || kind == 2 ? pick(seed, 0, 4) * x.unit : dearest + pick(seed, 0, 5) * x.unit;
    x.config.cash_min.nano = pick(seed, -20, 20) * x.unit;
    x.config.cash_max.nano = x.config.cash_min.nano + width;
    x.conditions = kind == 0 || kind == 3;
    return x;
}

static void check_trades(const instance *x, const tw_rebalance_plan *plan) {
    bool traded[NAMES] = {false};
    int64_t cash = x->config.cash.nano;
    int64_t turnover = 0;
    for (size_t i = 0; i < plan->count; i++) {
        const tw_rebalance_trade *t = &plan->trades[i];
        const tw_rebalance_range *r = &x->ranges[t->index];
        assert_true(t->index < x->count && !traded[t->index]);
        assert_true(i == 0 || plan->trades[i - 1].index < t->index);
        traded[t->index] = true;
        assert_int_equal(t->quantity.nano % r->lot.nano, 0);
        int64_t lots = t->quantity.nano / r->lot.nano;
        lots = t->side == TW_SIDE_SELL ? -lots : lots;
        assert_true(lots != 0 && may_trade(r, lots));
        cash -= cash_use(x, r, lots);
        turnover += t->value.nano;
    }
    assert_int_equal(cash, plan->cash_after.nano);
    assert_int_equal(turnover, plan->turnover.nano);
    assert_true(cash >= x->config.cash_min.nano && cash <= x->config.cash_max.nano);
    for (size_t i = 0; i < x->count; i++)
        if (is_mandatory(&x->ranges[i]) && can_trade(&x->ranges[i]))
            assert_true(traded[i]);
    assert_true(plan->turnover_bound.nano <= plan->turnover.nano);
}

typedef struct tally {
    unsigned instances;
    unsigned feasible;
    unsigned missed;
    unsigned gaps;
} tally;

static void compare(tw_rebalance *rebalance, const instance *x, tally *count) {
    tw_rebalance_plan plan;
    tw_error error = {0};
    if (tw_rebalance_solve(rebalance, &x->config, x->ranges, x->count, &plan, &error) != TW_OK)
        fail_msg("%s", error.message);
    int best = least_trades(x, x->config.cash.nano - x->config.cash_max.nano,
                            x->config.cash.nano - x->config.cash_min.nano);
    count->instances++;
    count->feasible += best >= 0;
    if (plan.feasible) {
        check_trades(x, &plan);
        assert_true(best >= 0);
        assert_true(plan.lower_bound <= (size_t)best && (size_t)best <= plan.count);
        if (plan.proven)
            assert_int_equal(plan.count, best);
        if (x->conditions)
            assert_int_equal(plan.count, best);
        count->gaps += plan.count > (size_t)best;
        return;
    }
    assert_int_equal(plan.count, 0);
    if (plan.proven)
        assert_int_equal(best, -1);
    if (best >= 0) {
        assert_true(plan.lower_bound <= (size_t)best);
        assert_false(x->conditions);
        count->missed++;
    }
}

static void run(int kind, unsigned instances, tally *count) {
    TW_AUTO(tw_rebalance) *rebalance = NULL;
    assert_int_equal(tw_rebalance_new(NULL, NAMES, &rebalance), TW_OK);
    uint64_t seed = 1000 + (uint64_t)kind;
    memset(count, 0, sizeof *count);
    for (unsigned i = 0; i < instances; i++) {
        instance x = make_instance(kind, &seed);
        compare(rebalance, &x, count);
    }
    print_message("kind %d: %u instances, %u feasible, %u with a gap, %u not found\n", kind,
                  count->instances, count->feasible, count->gaps, count->missed);
    assert_true(count->feasible > instances / 10 && count->feasible < instances);
}

static void test_wide_windows_are_solved_exactly(void **state) {
    (void)state;
    tally count;
    run(0, 6000, &count);
    assert_int_equal(count.gaps + count.missed, 0);
}

static void test_costs_keep_it_exact(void **state) {
    (void)state;
    tally count;
    run(3, 3000, &count);
    assert_int_equal(count.gaps + count.missed, 0);
}

static void test_narrow_windows_keep_the_bound(void **state) {
    (void)state;
    tally count;
    run(1, 3000, &count);
    assert_true(count.gaps + count.missed < count.feasible / 10);
}

static void test_minimum_trades_keep_the_bound(void **state) {
    (void)state;
    tally count;
    run(2, 3000, &count);
    assert_true(count.gaps + count.missed < count.feasible / 10);
}

/* --- positions, bands and weights ---------------------------------------------------------- */

/* Is `quantity` of a position inside its band? Cross-multiplied, in 128 bits. */
static bool in_band(const tw_rebalance_position *p, int64_t quantity, int64_t equity) {
    wide value = (wide)quantity * p->price.nano * TW_NANO; /* at 1e-27 */
    wide weight = (wide)p->weight_nano * TW_NANO;
    wide reach = p->band_kind == TW_BAND_RELATIVE ? (wide)p->weight_nano * p->band_nano
                                                  : (wide)p->band_nano * TW_NANO;
    return value >= (weight - reach) * equity && value <= (weight + reach) * equity;
}

static void check_positions(const tw_rebalance_plan *plan, const tw_rebalance_position *p,
                            size_t count) {
    size_t at = 0;
    size_t outside = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t after = p[i].quantity.nano;
        bool was_inside = in_band(&p[i], after, plan->equity.nano);
        if (at < plan->count && plan->trades[at].index == i) {
            const tw_rebalance_trade *t = &plan->trades[at++];
            after += t->side == TW_SIDE_BUY ? t->quantity.nano : -t->quantity.nano;
            assert_true(p[i].restricted == 0 && after >= 0);
            assert_true(t->value.nano >= p[i].min_trade.nano);
            bool for_cash = t->reason == TW_TRADE_RAISE_CASH || t->reason == TW_TRADE_USE_CASH;
            assert_true(for_cash == was_inside);
        }
        outside += !in_band(&p[i], after, plan->equity.nano);
    }
    assert_int_equal(at, plan->count);
    assert_true(outside <= plan->restricted_outside + plan->minimum_outside + plan->widened);
}

static void test_plans_bring_positions_into_their_bands(void **state) {
    (void)state;
    TW_AUTO(tw_rebalance) *rebalance = NULL;
    assert_int_equal(tw_rebalance_new(NULL, NAMES, &rebalance), TW_OK);
    uint64_t seed = 77;
    unsigned feasible = 0;
    for (unsigned round = 0; round < 4000; round++) {
        tw_rebalance_position p[NAMES];
        memset(p, 0, sizeof p);
        size_t count = (size_t)pick(&seed, 1, NAMES);
        for (size_t i = 0; i < count; i++) {
            p[i].quantity.nano = pick(&seed, 0, 100) * TW_NANO;
            p[i].price.nano = pick(&seed, 1, 50000) * (TW_NANO / 100);
            p[i].weight_nano = pick(&seed, 0, 1000) * (TW_NANO / 1000) / (int64_t)count;
            p[i].band_kind = (uint8_t)pick(&seed, 0, 1);
            p[i].band_nano = pick(&seed, 0, 300) * (TW_NANO / 1000);
            p[i].lot.nano = pick(&seed, 0, 2) * TW_NANO;
            p[i].min_trade.nano = pick(&seed, 0, 3) == 0 ? 100 * TW_NANO : 0;
            p[i].restricted = pick(&seed, 0, 9) == 0;
            p[i].symbol = (tw_symbol)i;
        }
        tw_rebalance_config config;
        tw_rebalance_config_init(&config);
        config.cash.nano = pick(&seed, 1, 20000) * TW_NANO;
        config.cost.buy_rate_nano = config.cost.sell_rate_nano = pick(&seed, 0, 100) * TW_REBALANCE_BASIS_POINT;
        config.aim = (uint8_t)pick(&seed, 0, 1);
        tw_rebalance_plan plan;
        assert_int_equal(tw_rebalance_compute(rebalance, &config, p, count, &plan, NULL), TW_OK);
        if (!plan.feasible)
            continue;
        feasible++;
        check_positions(&plan, p, count);
        int64_t cash = config.cash.nano;
        for (size_t i = 0; i < plan.count; i++) {
            const tw_rebalance_trade *t = &plan.trades[i];
            cash += t->side == TW_SIDE_SELL ? t->value.nano : -t->value.nano;
            cash -= t->cost.nano;
        }
        assert_int_equal(cash, plan.cash_after.nano);
        assert_true(cash >= 0);
        assert_true(plan.turnover_bound.nano <= plan.turnover.nano);
    }
    assert_true(feasible > 2000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wide_windows_are_solved_exactly),
        cmocka_unit_test(test_costs_keep_it_exact),
        cmocka_unit_test(test_narrow_windows_keep_the_bound),
        cmocka_unit_test(test_minimum_trades_keep_the_bound),
        cmocka_unit_test(test_plans_bring_positions_into_their_bands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
