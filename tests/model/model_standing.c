/*
 * model_standing.c - plans of what stands beside plans made from scratch.
 *
 * Positions are put, moved, restricted and lose their prices at random, on a coarse grid, so that
 * many stand exactly on an edge; bands of every kind, costs, caps, limits of orders, groups and
 * short positions now and then. After every few changes both ways plan: status, sentence, trades,
 * bounds, figures and what became of each position must be the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "failing_heap.h"
#include "tradewind/random.h"
#include "tradewind/standing.h"

enum { NAMES = 40, RUNS = 400, STEPS = 60 };

typedef struct world {
    tw_random random;
    tw_standing *standing;
    tw_rebalance *quick;
    tw_rebalance *slow;
    uint32_t count;
    tw_rebalance_position told[NAMES];
    tw_rebalance_group groups[2];
    tw_rebalance_config config;
    bool coarse;
    bool any_odd; /* groups and short positions may come */
    uint64_t plans;
    uint64_t trades;
    uint64_t refused;
    uint64_t infeasible;
} world;

static int64_t pick(world *w, int64_t low, int64_t high) {
    return low + (int64_t)tw_random_below(&w->random, (uint64_t)(high - low + 1));
}

static bool chance(world *w, int percent) {
    return pick(w, 1, 100) <= percent;
}

static tw_price random_price(world *w) {
    if (w->coarse)
        return (tw_price){pick(w, 1, 8) * 5 * TW_NANO};
    return (tw_price){pick(w, 1, 200 * TW_NANO)};
}

static tw_quantity random_quantity(world *w) {
    if (w->any_odd && chance(w, 2))
        return (tw_quantity){-pick(w, 1, 20) * TW_NANO};
    return (tw_quantity){chance(w, 10) ? 0 : pick(w, 0, 40) * TW_NANO};
}

static void put_random(world *w, tw_symbol symbol) {
    int64_t part = TW_NANO / 100;
    tw_rebalance_position *at = &w->told[symbol];
    *at = (tw_rebalance_position){
        .quantity = random_quantity(w),
        .price = {chance(w, 10) ? 0 : random_price(w).nano},
        .weight_nano = chance(w, 10) ? 0 : pick(w, 1, 2 * 100 / (int64_t)w->count + 1) * part,
        .band_nano = pick(w, 0, 4) * part * (chance(w, 30) ? 10 : 1),
        .band_floor_nano = pick(w, 0, 2) * part,
        .lot = {chance(w, 80)   ? TW_NANO
                : chance(w, 50) ? 0
                                : 10 * TW_NANO},
        .min_trade = {chance(w, 10) ? 100 * TW_NANO : 0},
        .symbol = symbol,
        .rank = (uint32_t)pick(w, 0, 2),
        .band_kind = (uint8_t)pick(w, TW_BAND_ABSOLUTE, TW_BAND_HYBRID),
        .restricted = (uint8_t)(chance(w, 15) ? pick(w, 0, 3) : 0),
        .group = w->any_odd && chance(w, 10) ? (uint32_t)pick(w, 1, 2) : 0,
    };
    tw_standing_put(w->standing, at);
}

static void step(world *w) {
    tw_symbol symbol = (tw_symbol)tw_random_below(&w->random, w->count);
    tw_rebalance_position *at = &w->told[symbol];
    if (chance(w, 15)) {
        put_random(w, symbol);
    } else if (chance(w, 10)) {
        at->restricted = (uint8_t)pick(w, 0, 3);
        tw_standing_restrict(w->standing, symbol, (tw_restriction)at->restricted);
    } else {
        at->quantity = chance(w, 50) ? at->quantity : random_quantity(w);
        at->price.nano = chance(w, 3) ? 0 : random_price(w).nano;
        if (chance(w, 1))
            at->quantity.nano = INT64_MAX / 2; /* a value that does not fit */
        else if (at->quantity.nano == INT64_MAX / 2)
            at->quantity.nano = 0;
        tw_standing_move(w->standing, symbol, at->quantity, at->price);
    }
}

static void random_config(world *w) {
    tw_rebalance_config *config = &w->config;
    tw_rebalance_config_init(config);
    config->cash.nano = pick(w, -2, 40) * 25 * TW_NANO;
    config->cash_min.nano = pick(w, 0, 3) * 25 * TW_NANO;
    config->cash_max.nano =
        chance(w, 40) ? INT64_MAX : config->cash_min.nano + pick(w, -1, 30) * 10 * TW_NANO;
    config->aim = (uint8_t)pick(w, TW_REBALANCE_TO_EDGE, TW_REBALANCE_CLOSEST);
    config->search_max = (uint32_t)pick(w, 0, 200);
    config->trades_max = chance(w, 15) ? (size_t)pick(w, 0, 5) : SIZE_MAX;
    if (chance(w, 20))
        config->cost = (tw_trade_cost){TW_NANO / 1000, TW_NANO / 500, {TW_NANO}, {0}};
    if (chance(w, 10))
        config->order_max.value.nano = pick(w, 0, 20) * 20 * TW_NANO;
    if (chance(w, 10))
        config->side = TW_RESTRICTION_SELL_ONLY;
    if (!w->any_odd)
        return;
    config->shorts_allowed = chance(w, 50);
    w->groups[0] = (tw_rebalance_group){INT64_MIN, pick(w, 5, 100) * (TW_NANO / 100), 0, 0};
    w->groups[1] = (tw_rebalance_group){INT64_MIN, INT64_MAX, 1, 0};
    config->groups = w->groups;
    config->group_count = (size_t)pick(w, 1, 2);
}

/* All figures; what is told by index is told by symbol. */
static void expect_same(const tw_rebalance_plan *quick, const tw_rebalance_plan *slow,
                        const tw_rebalance_position *list, size_t count) {
    assert_true(quick->feasible == slow->feasible && quick->proven == slow->proven);
    assert_int_equal(quick->count, slow->count);
    assert_int_equal(quick->lower_bound, slow->lower_bound);
    assert_true(quick->turnover.nano == slow->turnover.nano);
    assert_true(quick->turnover_bound.nano == slow->turnover_bound.nano);
    assert_true(quick->cash_after.nano == slow->cash_after.nano);
    assert_true(quick->cost.nano == slow->cost.nano && quick->equity.nano == slow->equity.nano);
    assert_true(quick->deficit.nano == slow->deficit.nano && quick->fault == slow->fault);
    assert_int_equal(quick->outside, slow->outside);
    assert_int_equal(quick->mandatory, slow->mandatory);
    assert_int_equal(quick->widened, slow->widened);
    assert_string_equal(quick->reason, slow->reason);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(quick->outcomes[list[i].symbol], slow->outcomes[i]);
    for (size_t i = 0; i < slow->count; i++) {
        tw_rebalance_trade trade = slow->trades[i];
        trade.index = trade.symbol;
        assert_memory_equal(&quick->trades[i], &trade, sizeof trade);
    }
}

static void plan_both(world *w) {
    tw_rebalance_position list[NAMES];
    size_t count = 0;
    for (uint32_t s = 0; s < w->count; s++)
        if (w->told[s].price.nano > 0)
            list[count++] = w->told[s];
    tw_rebalance_plan quick;
    tw_rebalance_plan slow;
    tw_error quick_error = {0};
    tw_error slow_error = {0};
    tw_status wanted = tw_rebalance_compute(w->slow, &w->config, list, count, &slow, &slow_error);
    tw_status status = tw_standing_plan(w->standing, w->quick, &w->config, &quick, &quick_error);
    assert_int_equal(status, wanted);
    w->plans++;
    w->refused += status != TW_OK;
    if (status != TW_OK)
        return;
    w->infeasible += !slow.feasible;
    w->trades += slow.count;
    expect_same(&quick, &slow, list, count);
}

static void play(world *w, uint64_t seed) {
    tw_random_init(&w->random, seed, 0);
    w->count = seed % 10 == 9 ? NAMES : (uint32_t)pick(w, 1, NAMES);
    w->coarse = chance(w, 60);
    w->any_odd = seed % 4 == 3;
    assert_int_equal(tw_standing_new(NULL, w->count, &w->standing), TW_OK);
    assert_int_equal(tw_rebalance_new(NULL, w->count, &w->quick), TW_OK);
    assert_int_equal(tw_rebalance_new(NULL, w->count, &w->slow), TW_OK);
    for (uint32_t s = 0; s < w->count; s++)
        put_random(w, s);
    random_config(w);
    for (int i = 0; i < STEPS; i++) {
        step(w);
        if (chance(w, 10))
            random_config(w);
        if (chance(w, 50))
            plan_both(w);
        tw_standing_check(w->standing);
    }
    tw_standing_free(w->standing);
    tw_rebalance_free(w->quick);
    tw_rebalance_free(w->slow);
}

static void test_what_stands_is_planned_as_from_scratch(void **state) {
    (void)state;
    static world w;
    const char *one = getenv("TRADEWIND_SEED");
    uint64_t first = one != NULL ? strtoull(one, NULL, 10) : 1;
    for (uint64_t seed = first; seed < first + (one != NULL ? 1 : RUNS); seed++) {
        if (seed % 100 == 0)
            print_message("seed %llu\n", (unsigned long long)seed);
        play(&w, seed);
    }
    if (one != NULL)
        return;
    assert_true(w.plans > 8000 && w.trades > 8000);
    assert_true(w.refused > 100 && w.infeasible > 100);
}

static void test_positions_without_a_price_take_no_part(void **state) {
    (void)state;
    tw_standing *standing = NULL;
    tw_rebalance *rebalance = NULL;
    tw_rebalance_config config;
    tw_rebalance_plan plan;
    tw_error error = {0};
    assert_int_equal(tw_standing_new(NULL, 0, &standing), TW_RANGE);
    assert_int_equal(tw_standing_new(NULL, 3, &standing), TW_OK);
    assert_int_equal(tw_rebalance_new(NULL, 3, &rebalance), TW_OK);
    tw_rebalance_config_init(&config);
    assert_int_equal(tw_standing_plan(standing, rebalance, &config, &plan, &error), TW_INVALID);
    config.cash.nano = 1000 * TW_NANO;
    tw_standing_put(standing, &(tw_rebalance_position){
                                  .symbol = 1, .weight_nano = TW_NANO / 2, .lot = {TW_NANO}});
    assert_int_equal(tw_standing_plan(standing, rebalance, &config, &plan, &error), TW_OK);
    assert_int_equal(plan.count, 0);
    tw_standing_move(standing, 1, (tw_quantity){0}, (tw_price){100 * TW_NANO});
    assert_int_equal(tw_standing_plan(standing, rebalance, &config, &plan, &error), TW_OK);
    assert_int_equal(plan.count, 1);
    assert_int_equal(plan.trades[0].index, 1);
    assert_true(plan.trades[0].quantity.nano == 5 * TW_NANO);
    tw_standing_check(standing);
    tw_standing_free(standing);
    tw_rebalance_free(rebalance);
}

/* Of an equity of 1,000 dollars, with a weight of 40 % and a band of 10: an edge is inside, and a
 * billionth of a dollar beyond it is not. */
static void test_a_hair_beyond_an_edge_is_outside(void **state) {
    (void)state;
    static const struct {
        int64_t held_nano;
        tw_rebalance_outcome outcome;
    } cases[] = {{500 * TW_NANO, TW_OUTCOME_INSIDE},
                 {500 * TW_NANO + 1, TW_OUTCOME_ABOVE_BAND},
                 {300 * TW_NANO, TW_OUTCOME_INSIDE},
                 {300 * TW_NANO - 1, TW_OUTCOME_BELOW_BAND}};
    tw_standing *standing = NULL;
    tw_rebalance *rebalance = NULL;
    tw_rebalance_config config;
    tw_rebalance_plan plan;
    assert_int_equal(tw_standing_new(NULL, 100, &standing), TW_OK);
    assert_int_equal(tw_rebalance_new(NULL, 100, &rebalance), TW_OK);
    tw_rebalance_config_init(&config);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tw_standing_put(standing, &(tw_rebalance_position){.symbol = 77,
                                                           .quantity = {cases[i].held_nano},
                                                           .price = {TW_NANO},
                                                           .weight_nano = 4 * TW_NANO / 10,
                                                           .band_nano = TW_NANO / 10});
        config.cash.nano = 1000 * TW_NANO - cases[i].held_nano;
        assert_int_equal(tw_standing_plan(standing, rebalance, &config, &plan, NULL), TW_OK);
        assert_int_equal(plan.outcomes[77], cases[i].outcome);
    }
    tw_standing_free(standing);
    tw_rebalance_free(rebalance);
}

static tw_status make_and_free(const tw_allocator *allocator, void *context) {
    (void)context;
    tw_standing *standing = NULL;
    tw_status status = tw_standing_new(allocator, 20, &standing);
    if (status == TW_OK)
        tw_standing_free(standing);
    return status;
}

static void test_every_allocation_may_fail(void **state) {
    (void)state;
    assert_survives_failed_allocations(make_and_free, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_stands_is_planned_as_from_scratch),
        cmocka_unit_test(test_a_hair_beyond_an_edge_is_outside),
        cmocka_unit_test(test_positions_without_a_price_take_no_part),
        cmocka_unit_test(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
