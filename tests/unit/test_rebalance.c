/* test_rebalance.c - the rules of tradewind/rebalance.h, one a test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "failing_heap.h"
#include "tradewind/rebalance.h"

#define PERCENT (TW_NANO / 100)

static tw_rebalance *rebalance_of(size_t count) {
    tw_rebalance *rebalance = NULL;
    assert_int_equal(tw_rebalance_new(NULL, count, &rebalance), TW_OK);
    return rebalance;
}

/* Whole units of money and shares. */
static tw_rebalance_position position(tw_symbol symbol, int64_t quantity, int64_t price,
                                      int64_t weight_percent, int64_t band_percent) {
    return (tw_rebalance_position){.quantity = {quantity * TW_NANO},
                                   .price = {price * TW_NANO},
                                   .weight_nano = weight_percent * PERCENT,
                                   .band_nano = band_percent * PERCENT,
                                   .lot = {TW_NANO},
                                   .symbol = symbol};
}

static tw_rebalance_config config_of(int64_t cash, int64_t cash_min, int64_t cash_max) {
    tw_rebalance_config config;
    tw_rebalance_config_init(&config);
    config.cash.nano = cash * TW_NANO;
    config.cash_min.nano = cash_min * TW_NANO;
    if (cash_max >= 0)
        config.cash_max.nano = cash_max * TW_NANO;
    return config;
}

static tw_rebalance_plan plan_of(tw_rebalance *rebalance, const tw_rebalance_config *config,
                                 const tw_rebalance_position *positions, size_t count) {
    tw_rebalance_plan plan;
    tw_error error = {0};
    tw_status status = tw_rebalance_compute(rebalance, config, positions, count, &plan, &error);
    if (status != TW_OK)
        fail_msg("%s: %s", tw_status_name(status), error.message);
    return plan;
}

static void test_positions_inside_their_bands_stay(void **state) {
    (void)state;
    TW_AUTO(tw_rebalance) *rebalance = rebalance_of(4);
    tw_rebalance_position p[2] = {position(0, 52, 10, 50, 5), position(1, 48, 10, 50, 5)};
    tw_rebalance_config config = config_of(0, 0, -1);
    tw_rebalance_plan plan = plan_of(rebalance, &config, p, 2);
    assert_true(plan.feasible && plan.proven);
    assert_int_equal(plan.count, 0);
    assert_int_equal(plan.equity.nano, 1000 * TW_NANO);
    assert_non_null(strstr(plan.reason, "No trade is needed"));
}

static void test_a_position_outside_moves_to_the_nearest_edge(void **state) {
    (void)state;
    TW_AUTO(tw_rebalance) *rebalance = rebalance_of(4);
    tw_rebalance_position p[2] = {position(0, 70, 10, 50, 5), position(1, 30, 10, 30, 5)};
    tw_rebalance_config config = config_of(0, 0, -1);
    tw_rebalance_plan plan = plan_of(rebalance, &config, p, 2);
    assert_int_equal(plan.count, 1);
    assert_int_equal(plan.trades[0].index, 0);
    assert_int_equal(plan.trades[0].side, TW_SIDE_SELL);
    assert_int_equal(plan.trades[0].quantity.nano, 15 * TW_NANO);
    assert_int_equal(plan.trades[0].value.nano, 150 * TW_NANO);
    assert_int_equal(plan.trades[0].reason, TW_TRADE_ABOVE_BAND);
    assert_int_equal(plan.cash_after.nano, 150 * TW_NANO);
    assert_int_equal(plan.turnover.nano, plan.turnover_bound.nano);
    config.aim = TW_REBALANCE_TO_TARGET;
    plan = plan_of(rebalance, &config, p, 2);
    assert_int_equal(plan.trades[0].quantity.nano, 20 * TW_NANO);
}

static void test_relative_bands_scale_with_the_weight(void **state) {
    (void)state;
    TW_AUTO(tw_rebalance) *rebalance = rebalance_of(4);
    /* 10% with a relative band of 20%: 8% to 12%, that is 80 to 120 of 1000. */
    tw_rebalance_position p[2] = {position(0, 13, 10, 10, 20), position(1, 80, 10, 80, 50)};
    p[0].band_kind = p[1].band_kind = TW_BAND_RELATIVE;
    tw_rebalance_config config = config_of(70, 0, -1);
    tw_rebalance_plan plan = plan_of(rebalance, &config, p, 2);
    assert_int_equal(plan.count, 1);
    assert_int_equal(plan.trades[0].quantity.nano, TW_NANO);
}

static void test_the_largest_sellers_raise_missing_cash(void **state) {
    (void)state;
    TW_AUTO(tw_rebalance) *rebalance = rebalance_of(4);
    /* All at target; 60 of cash wanted. Sell rooms: 50, 50, 100. */
    tw_rebalance_position p[3] = {position(7, 25, 10, 25, 5), position(3, 25, 10, 25, 5),
                                  position(5, 50, 10, 50, 10)};
    tw_rebalance_config config = config_of(0, 60, 100);
    tw_rebalance_plan plan = plan_of(rebalance, &config, p, 3);
    assert_true(plan.feasible && plan.proven);
    assert_int_equal(plan.count, 1);
    assert_int_equal(plan.trades[0].index, 2);
    assert_int_equal(plan.trades[0].reason, TW_TRADE_RAISE_CASH);
    assert_int_equal(plan.trades[0].quantity.nano, 6 * TW_NANO); /* no more than needed */
    assert_int_equal(plan.turnover.nano, plan.turnover_bound.nano);
    config = config_of(0, 120, 140);
    plan = plan_of(rebalance, &config, p, 3);
    assert_int_equal(plan.count, 2);
    assert_int_equal(plan.lower_bound, 2);
    assert_int_equal(plan.trades[0].index, 1); /* a tie of 50: the lower symbol */
}

static void test_too_much_cash_is_used_by_the_largest_buyers(void **state) {
    (void)state;
    TW_AUTO(tw_rebalance) *rebalance = rebalance_of(4);
    tw_rebalance_position p[2] = {position(0, 45, 10, 45, 5), position(1, 45, 10, 45, 10)};
    tw_rebalance_config config = config_of(100, 0, 30);
    tw_rebalance_plan plan = plan_of(rebalance, &config, p, 2);
    assert_int_equal(plan.count, 1);
    assert_int_equal(plan.trades[0].index, 1);
    assert_int_equal(plan.trades[0].side, TW_SIDE_BUY);
    assert_int_equal(plan.trades[0].reason, TW_TRADE_USE_CASH);
    assert_int_equal(plan.cash_after.nano, 30 * TW_NANO);
}

static void test_costs_are_paid_from_the_cash(void **state) {
    (void)state;
    TW_AUTO(tw_rebalance) *rebalance = rebalance_of(4);
    tw_rebalance_position p[1] = {position(0, 0, 10, 50, 0)};
    tw_rebalance_config config = config_of(1000, 0, -1);
    config.cost.buy_rate_nano = config.cost.sell_rate_nano = 30 * TW_REBALANCE_BASIS_POINT;
    tw_rebalance_plan plan = plan_of(rebalance, &config, p, 1);
    assert_int_equal(plan.trades[0].quantity.nano, 50 * TW_NANO);
    assert_int_equal(plan.cost.nano, 1500000000);
    assert_int_equal(plan.cash_after.nano, 500 * TW_NANO - 1500000000);
}

static void test_whole_lots_are_rounded_inward(void **state) {
    (void)state;
    TW_AUTO(tw_rebalance) *rebalance = rebalance_of(4);
    /* Band 45% to 55% of 1000 at 70: 6.43 to 7.86 shares, so 7. */
    tw_rebalance_position p[1] = {position(0, 10, 70, 50, 5)};
    tw_rebalance_config config = config_of(300, 0, -1);
    tw_rebalance_plan plan = plan_of(rebalance, &config, p, 1);
    assert_int_equal(plan.trades[0].quantity.nano, 3 * TW_NANO);
    p[0].lot.nano = 0; /* fractional: to the edge, rounded inward at 1e-9 */
    plan = plan_of(rebalance, &config, p, 1);
    assert_int_equal(plan.trades[0].quantity.nano, 10 * TW_NANO - 7857142857);
}

static void test_a_band_without_a_whole_lot_takes_the_nearest(void **state) {
    (void)state;
    TW_AUTO(tw_rebalance) *rebalance = rebalance_of(4);
    tw_rebalance_position p[1] = {position(0, 0, 300, 50, 1)};
    tw_rebalance_config config = config_of(1000, 0, -1);
    tw_rebalance_plan plan = plan_of(rebalance, &config, p, 1);
    assert_int_equal(plan.widened, 1);
    assert_int_equal(plan.count, 1);
    assert_int_equal(plan.trades[0].quantity.nano, 2 * TW_NANO); /* 600 is nearer than 300 */
    p[0].quantity.nano = 2 * TW_NANO;
    config.cash.nano = 400 * TW_NANO;
    plan = plan_of(rebalance, &config, p, 1);
    assert_int_equal(plan.count, 0); /* it is there already */
}

static void test_restricted_and_tiny_positions_are_left_and_counted(void **state) {
    (void)state;
    TW_AUTO(tw_rebalance) *rebalance = rebalance_of(4);
    tw_rebalance_position p[2] = {position(0, 90, 10, 50, 5), position(1, 10, 10, 0, 1)};
    p[0].restricted = 1;
    p[1].min_trade.nano = 500 * TW_NANO;
    tw_rebalance_config config = config_of(0, 0, -1);
    tw_rebalance_plan plan = plan_of(rebalance, &config, p, 2);
    assert_true(plan.feasible);
    assert_int_equal(plan.count, 0);
    assert_int_equal(plan.restricted_outside, 1);
    assert_int_equal(plan.minimum_outside, 1);
}

static void test_a_trade_is_never_below_the_minimum(void **state) {
    (void)state;
    TW_AUTO(tw_rebalance) *rebalance = rebalance_of(4);
    tw_rebalance_position p[1] = {position(0, 56, 10, 50, 5)};
    p[0].min_trade.nano = 45 * TW_NANO;
    tw_rebalance_config config = config_of(440, 0, -1);
    tw_rebalance_plan plan = plan_of(rebalance, &config, p, 1);
    assert_int_equal(plan.trades[0].quantity.nano, 5 * TW_NANO); /* 1 would be enough */
}

static void test_what_cannot_be_done_is_proven(void **state) {
    (void)state;
    TW_AUTO(tw_rebalance) *rebalance = rebalance_of(4);
    tw_rebalance_position p[2] = {position(0, 50, 10, 50, 5), position(1, 50, 10, 50, 5)};
    tw_rebalance_config config = config_of(0, 150, 200);
    tw_rebalance_plan plan = plan_of(rebalance, &config, p, 2);
    assert_true(!plan.feasible && plan.proven);
    assert_int_equal(plan.count, 0);
    assert_int_equal(plan.reachable.nano, 100 * TW_NANO);
    assert_int_equal(plan.deficit.nano, 50 * TW_NANO);
    assert_string_equal(plan.reason, "No plan exists: after every allowed sale the cash is 100, "
                                     "which is 50 short of the least allowed, 150.");
    /* 1,000 of cash, but the bands end at 45%: 90% of 2,000 can be held at most. */
    p[0].weight_nano = p[1].weight_nano = 40 * PERCENT;
    config = config_of(1000, 0, 10);
    plan = plan_of(rebalance, &config, p, 2);
    assert_true(!plan.feasible && plan.proven);
    assert_int_equal(plan.reachable.nano, 200 * TW_NANO);
    assert_int_equal(plan.deficit.nano, 190 * TW_NANO);
}

static void test_a_window_narrower_than_a_lot_is_not_a_proof(void **state) {
    (void)state;
    TW_AUTO(tw_rebalance) *rebalance = rebalance_of(4);
    tw_rebalance_position p[1] = {position(0, 9, 100, 80, 20)};
    tw_rebalance_config config = config_of(100, 130, 150);
    tw_rebalance_plan plan = plan_of(rebalance, &config, p, 1);
    assert_true(!plan.feasible && !plan.proven);
    assert_non_null(strstr(plan.reason, "not a proof"));
    assert_int_equal(plan.lower_bound, 1);
}

static void test_bad_input_has_a_status_and_a_sentence(void **state) {
    (void)state;
    TW_AUTO(tw_rebalance) *rebalance = rebalance_of(1);
    tw_rebalance_config config = config_of(100, 0, -1);
    tw_rebalance_position good = position(0, 1, 10, 50, 5);
    tw_rebalance_plan plan;
    tw_error error = {0};
    tw_rebalance_position two[2] = {good, good};
    assert_int_equal(tw_rebalance_compute(rebalance, &config, two, 2, &plan, &error), TW_FULL);
    tw_rebalance_position p = good;
    p.price.nano = 0;
    assert_int_equal(tw_rebalance_compute(rebalance, &config, &p, 1, &plan, &error), TW_INVALID);
    assert_string_equal(error.message, "position 0 has a price that is not above 0");
    p = good;
    p.quantity.nano = -1;
    assert_int_equal(tw_rebalance_compute(rebalance, &config, &p, 1, &plan, NULL), TW_INVALID);
    p = good;
    p.weight_nano = TW_NANO + 1;
    assert_int_equal(tw_rebalance_compute(rebalance, &config, &p, 1, &plan, NULL), TW_INVALID);
    p = good;
    p.quantity.nano = p.price.nano = INT64_MAX;
    assert_int_equal(tw_rebalance_compute(rebalance, &config, &p, 1, &plan, NULL), TW_OVERFLOW);
    config.cash.nano = -10 * TW_NANO;
    assert_int_equal(tw_rebalance_compute(rebalance, &config, &good, 1, &plan, NULL), TW_INVALID);
    config = config_of(0, 10, 5);
    assert_int_equal(tw_rebalance_compute(rebalance, &config, &good, 1, &plan, NULL), TW_INVALID);
    config = config_of(0, 0, -1);
    config.cost.buy_rate_nano = TW_NANO;
    assert_int_equal(tw_rebalance_compute(rebalance, &config, &good, 1, &plan, NULL), TW_INVALID);
    tw_rebalance_range range = {.price = {1}, .lot = {1}, .lots_min = 2, .lots_max = 1};
    config = config_of(0, 0, -1);
    assert_int_equal(tw_rebalance_solve(rebalance, &config, &range, 1, &plan, NULL), TW_INVALID);
}

static tw_status make_and_free(const tw_allocator *allocator, void *context) {
    (void)context;
    TW_AUTO(tw_rebalance) *rebalance = NULL;
    tw_status status = tw_rebalance_new(allocator, 2, &rebalance);
    if (status != TW_OK)
        return status;
    tw_rebalance_position p[2] = {position(0, 70, 10, 50, 5), position(1, 30, 10, 50, 5)};
    tw_rebalance_config config = config_of(0, 0, -1);
    tw_rebalance_plan plan;
    return tw_rebalance_compute(rebalance, &config, p, 2, &plan, NULL);
}

static void test_leaves_nothing_when_memory_runs_out(void **state) {
    (void)state;
    assert_survives_failed_allocations(make_and_free, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_positions_inside_their_bands_stay),
        cmocka_unit_test(test_a_position_outside_moves_to_the_nearest_edge),
        cmocka_unit_test(test_relative_bands_scale_with_the_weight),
        cmocka_unit_test(test_the_largest_sellers_raise_missing_cash),
        cmocka_unit_test(test_too_much_cash_is_used_by_the_largest_buyers),
        cmocka_unit_test(test_costs_are_paid_from_the_cash),
        cmocka_unit_test(test_whole_lots_are_rounded_inward),
        cmocka_unit_test(test_a_band_without_a_whole_lot_takes_the_nearest),
        cmocka_unit_test(test_restricted_and_tiny_positions_are_left_and_counted),
        cmocka_unit_test(test_a_trade_is_never_below_the_minimum),
        cmocka_unit_test(test_what_cannot_be_done_is_proven),
        cmocka_unit_test(test_a_window_narrower_than_a_lot_is_not_a_proof),
        cmocka_unit_test(test_bad_input_has_a_status_and_a_sentence),
        cmocka_unit_test(test_leaves_nothing_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
