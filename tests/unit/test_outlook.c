/*
 * test_outlook.c - the ranges that a plan is made of: solved by themselves they are the same plan.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "overlap_instance.h"
#include "tradewind/rebalance.h"

#define COUNT 8

static tw_rebalance *rebalance_of(size_t count) {
    tw_rebalance *rebalance = NULL;
    assert_int_equal(tw_rebalance_new(NULL, count, &rebalance), TW_OK);
    return rebalance;
}

static void make_positions(tw_rebalance_position positions[COUNT], uint64_t *seed) {
    memset(positions, 0, COUNT * sizeof *positions);
    for (size_t i = 0; i < COUNT; i++) {
        tw_rebalance_position *at = &positions[i];
        at->quantity.nano = overlap_pick(seed, 0, 40) * TW_NANO;
        at->price.nano = overlap_pick(seed, 1, 30) * TW_NANO;
        at->weight_nano = overlap_pick(seed, 0, 12) * (TW_NANO / 100);
        at->band_nano = overlap_pick(seed, 0, 6) * (TW_NANO / 100);
        at->lot.nano = TW_NANO;
        at->min_trade.nano = overlap_pick(seed, 0, 3) == 0 ? 60 * TW_NANO : 0;
        at->restricted = overlap_pick(seed, 0, 3) == 0 ? (uint8_t)overlap_pick(seed, 1, 3) : 0;
        at->symbol = (tw_symbol)i;
    }
}

static void test_the_ranges_are_those_of_the_plan(void **state) {
    (void)state;
    TW_AUTO(tw_rebalance) *rebalance = rebalance_of(COUNT);
    TW_AUTO(tw_rebalance) *other = rebalance_of(COUNT);
    uint64_t seed = 5;
    int planned = 0;
    size_t left = 0;
    for (int round = 0; round < 400; round++) {
        tw_rebalance_position positions[COUNT];
        tw_rebalance_range ranges[COUNT];
        tw_rebalance_config config;
        tw_rebalance_plan plan;
        tw_rebalance_plan same;
        make_positions(positions, &seed);
        tw_rebalance_config_init(&config);
        config.cash.nano = overlap_pick(&seed, 0, 500) * TW_NANO;
        config.cash_min.nano = overlap_pick(&seed, 0, 300) * TW_NANO;
        config.cash_max.nano = config.cash_min.nano + overlap_pick(&seed, 100, 900) * TW_NANO;
        config.order_max.value.nano = overlap_pick(&seed, 0, 2) == 0 ? 90 * TW_NANO : INT64_MAX;
        tw_rebalance_outlook outlook = {.ranges = ranges};
        tw_status status =
            tw_rebalance_look_ahead(other, &config, positions, COUNT, &outlook, NULL);
        assert_int_equal(tw_rebalance_compute(rebalance, &config, positions, COUNT, &plan, NULL),
                         status);
        if (status != TW_OK)
            continue; /* worth nothing */
        assert_int_equal(outlook.equity.nano, plan.equity.nano);
        assert_int_equal(outlook.mandatory, plan.mandatory);
        assert_int_equal(outlook.restricted_outside, plan.restricted_outside);
        assert_int_equal(outlook.minimum_outside, plan.minimum_outside);
        assert_int_equal(outlook.order_max_outside, plan.order_max_outside);
        assert_int_equal(outlook.widened, plan.widened);
        assert_int_equal(outlook.shortened, plan.shortened);
        left += outlook.restricted_outside + outlook.minimum_outside;
        assert_int_equal(tw_rebalance_solve(other, &config, ranges, COUNT, &same, NULL), TW_OK);
        assert_int_equal(same.feasible, plan.feasible);
        assert_int_equal(same.count, plan.count);
        assert_int_equal(same.turnover.nano, plan.turnover.nano);
        assert_int_equal(same.cash_after.nano, plan.cash_after.nano);
        assert_true(outlook.turnover_bound.nano <= plan.turnover.nano || !plan.feasible);
        planned += plan.feasible;
    }
    assert_true(planned > 100 && left > 100);
}

static void test_what_is_no_problem_is_refused(void **state) {
    (void)state;
    TW_AUTO(tw_rebalance) *rebalance = rebalance_of(1);
    tw_rebalance_config config;
    tw_rebalance_config_init(&config);
    tw_rebalance_position position = {.quantity = {TW_NANO}, .price = {0}, .lot = {TW_NANO}};
    tw_rebalance_range range;
    tw_rebalance_outlook outlook = {.ranges = &range, .mandatory = 77};
    tw_error error = {0};
    assert_int_equal(tw_rebalance_look_ahead(rebalance, &config, &position, 1, &outlook, &error),
                     TW_INVALID);
    assert_non_null(strstr(error.message, "a price that is not above 0"));
    assert_int_equal(outlook.mandatory, 77);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_ranges_are_those_of_the_plan),
        cmocka_unit_test(test_what_is_no_problem_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
