/* test_rebalance.c - the rules of tradewind/rebalance.h, one a test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
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
    config.search_max = 0;
    tw_rebalance_plan plan = plan_of(rebalance, &config, p, 1);
    assert_true(!plan.feasible && !plan.proven);
    assert_non_null(strstr(plan.reason, "not a proof"));
    assert_int_equal(plan.lower_bound, 1);
}

static void test_a_window_that_no_lots_hit_is_proven_for_few_positions(void **state) {
    (void)state;
    TW_AUTO(tw_rebalance) *rebalance = rebalance_of(8);
    tw_rebalance_position p[8];
    for (size_t i = 0; i < 8; i++)
        p[i] = position((tw_symbol)i, 500, 2, 12, 4);
    /* 40 choices and more each, all of them even amounts: an odd one is out of reach. */
    tw_rebalance_config config = config_of(4000, 4101, 4101);
    tw_rebalance_plan plan = plan_of(rebalance, &config, p, 4);
    assert_true(!plan.feasible && !plan.proven); /* some 160 x 160 x 160 combinations */
    config.search_max = UINT32_MAX;
    plan = plan_of(rebalance, &config, p, 3);
    assert_true(!plan.feasible && plan.proven);
    assert_non_null(strstr(plan.reason, "every combination of whole lots"));
    assert_int_equal(plan.lower_bound, 1);
    config.search_max = TW_REBALANCE_SEARCH_DEFAULT;
    plan = plan_of(rebalance, &config, p, 8);
    assert_true(!plan.feasible && !plan.proven);
}

static tw_rebalance_range range(tw_symbol symbol, int64_t price, int64_t lots_min,
                                int64_t lots_max) {
    return (tw_rebalance_range){.price = {price * TW_NANO},
                                .lot = {TW_NANO},
                                .lots_min = lots_min,
                                .lots_max = lots_max,
                                .lots_least = 1,
                                .symbol = symbol};
}

static void test_lots_that_only_together_hit_a_window_are_found(void **state) {
    (void)state;
    TW_AUTO(tw_rebalance) *rebalance = rebalance_of(4);
    /* 13 = 4 + 3 x 3, and nothing else. */
    tw_rebalance_range r[2] = {range(0, 4, -3, 0), range(1, 3, -3, 0)};
    tw_rebalance_config config = config_of(0, 13, 13);
    tw_rebalance_plan plan;
    config.search_max = 0;
    assert_int_equal(tw_rebalance_solve(rebalance, &config, r, 2, &plan, NULL), TW_OK);
    assert_false(plan.feasible);
    config.search_max = 16;
    assert_int_equal(tw_rebalance_solve(rebalance, &config, r, 2, &plan, NULL), TW_OK);
    assert_true(plan.feasible && plan.proven);
    assert_int_equal(plan.count, 2);
    assert_int_equal(plan.lower_bound, 2);
    assert_int_equal(plan.trades[0].quantity.nano, TW_NANO);
    assert_int_equal(plan.trades[1].quantity.nano, 3 * TW_NANO);
    assert_int_equal(plan.trades[1].reason, TW_TRADE_RAISE_CASH);
    assert_int_equal(plan.cash_after.nano, 13 * TW_NANO);
}

/* The most choices stand on the dearest name: they are computed, not walked through. */
static void test_a_range_without_end_is_searched(void **state) {
    (void)state;
    TW_AUTO(tw_rebalance) *rebalance = rebalance_of(4);
    tw_rebalance_range r[2] = {range(0, 6, -INT64_MAX / (100 * TW_NANO), 0), range(1, 4, -3, 0)};
    tw_rebalance_config config = config_of(0, 1000001, 1000001);
    tw_rebalance_plan plan;
    assert_int_equal(tw_rebalance_solve(rebalance, &config, r, 2, &plan, NULL), TW_OK);
    assert_true(!plan.feasible && plan.proven);
    config = config_of(0, 1000004, 1000004);
    assert_int_equal(tw_rebalance_solve(rebalance, &config, r, 2, &plan, NULL), TW_OK);
    assert_true(plan.feasible && plan.proven);
    assert_int_equal(plan.count, 2);
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

static tw_symbols *names_of(const char *first, const char *second) {
    tw_symbols *names = NULL;
    tw_symbol symbol = 0;
    assert_int_equal(tw_symbols_new(NULL, 2, &names), TW_OK);
    assert_int_equal(tw_symbols_intern(names, tw_slice_of(first), &symbol), TW_OK);
    assert_int_equal(tw_symbols_intern(names, tw_slice_of(second), &symbol), TW_OK);
    return names;
}

static void test_sentences_name_symbols_and_groups(void **state) {
    (void)state;
    TW_AUTO(tw_rebalance) *rebalance = rebalance_of(2);
    TW_AUTO(tw_symbols) *symbols = names_of("AAPL", "MSFT");
    TW_AUTO(tw_symbols) *group_names = names_of("tech", "energy");
    tw_rebalance_position p[2] = {position(0, 50, 10, 50, 5), position(1, 50, 10, 50, 5)};
    tw_rebalance_config config = config_of(0, 0, -1);
    tw_rebalance_plan plan;
    tw_error error = {0};
    config.symbols = symbols;
    p[1].price.nano = 0;
    assert_int_equal(tw_rebalance_compute(rebalance, &config, p, 2, &plan, &error), TW_INVALID);
    assert_string_equal(error.message, "position MSFT has a price that is not above 0");
    p[1].symbol = 7; /* it has no name */
    assert_int_equal(tw_rebalance_compute(rebalance, &config, p, 2, &plan, &error), TW_INVALID);
    assert_string_equal(error.message, "position 1 has a price that is not above 0");
    p[1] = position(1, 50, 10, 50, 5);
    const tw_rebalance_group groups[2] = {{INT64_MIN, INT64_MAX, 0, 0},
                                          {INT64_MIN, 40 * PERCENT, 0, 0}};
    config.groups = groups;
    config.group_count = 2;
    p[0].group = 1;
    p[1].group = 2;
    plan = plan_of(rebalance, &config, p, 2);
    assert_non_null(strstr(plan.reason, "the value of group 2 is still 450"));
    config.group_names = group_names;
    plan = plan_of(rebalance, &config, p, 2);
    assert_non_null(strstr(plan.reason, "the value of group energy is still 450"));
}

static void test_the_limit_at_fault_is_told(void **state) {
    (void)state;
    TW_AUTO(tw_rebalance) *rebalance = rebalance_of(2);
    tw_rebalance_position p[2] = {position(0, 50, 10, 50, 5), position(1, 50, 10, 50, 5)};
    tw_rebalance_config config = config_of(0, 150, 200);
    tw_rebalance_plan plan = plan_of(rebalance, &config, p, 2);
    assert_int_equal(plan.fault, TW_REBALANCE_FAULT_CASH_MIN);
    assert_int_equal(plan.limit.nano, 150 * TW_NANO);
    config = config_of(500, 0, 10);
    config.side = TW_RESTRICTION_SELL_ONLY;
    plan = plan_of(rebalance, &config, p, 2);
    assert_int_equal(plan.fault, TW_REBALANCE_FAULT_CASH_MAX);
    assert_int_equal(plan.reachable.nano, 500 * TW_NANO);
    tw_rebalance_group group = {60 * PERCENT, INT64_MAX, 0, 0};
    config = config_of(0, 0, -1);
    config.groups = &group;
    config.group_count = 1;
    p[0].group = 1;
    plan = plan_of(rebalance, &config, p, 2);
    assert_int_equal(plan.fault, TW_REBALANCE_FAULT_GROUP_MIN);
    assert_int_equal(plan.group_at_fault, 1);
    assert_int_equal(plan.limit.nano, 600 * TW_NANO);
    assert_int_equal(plan.reachable.nano, 550 * TW_NANO);
    p[0].group = 0;
    config = config_of(0, 0, -1);
    config.net_max_nano = 80 * PERCENT;
    plan = plan_of(rebalance, &config, p, 2);
    assert_int_equal(plan.fault, TW_REBALANCE_FAULT_NET_MAX);
    config = config_of(0, 0, -1);
    config.gross_max_nano = 80 * PERCENT;
    plan = plan_of(rebalance, &config, p, 2);
    assert_int_equal(plan.fault, TW_REBALANCE_FAULT_GROSS_MAX);
    config = config_of(0, 5, 6);
    plan = plan_of(rebalance, &config, p, 2);
    assert_int_equal(plan.fault, TW_REBALANCE_FAULT_LOTS);
    config = config_of(0, 50, 60);
    plan = plan_of(rebalance, &config, p, 2);
    assert_int_equal(plan.fault, TW_REBALANCE_FAULT_NONE);
    config.turnover_max.nano = 20 * TW_NANO;
    plan = plan_of(rebalance, &config, p, 2);
    assert_int_equal(plan.fault, TW_REBALANCE_FAULT_TURNOVER_MAX);
    assert_int_equal(plan.turnover_needed.nano, 50 * TW_NANO);
    config.trades_max = 0;
    plan = plan_of(rebalance, &config, p, 2);
    assert_int_equal(plan.fault, TW_REBALANCE_FAULT_TRADES_MAX);
    assert_int_equal(plan.trades_needed, 1);
    assert_string_equal(tw_rebalance_fault_name(TW_REBALANCE_FAULT_NONE), "none");
    assert_string_equal(tw_rebalance_fault_name(TW_REBALANCE_FAULT_TURNOVER_MAX), "turnover_max");
    assert_string_equal(tw_rebalance_fault_name((tw_rebalance_fault)99), "unknown");
}

static void test_a_hybrid_band_is_the_wider_of_two(void **state) {
    (void)state;
    TW_AUTO(tw_rebalance) *rebalance = rebalance_of(4);
    /* 10% with 20% of it (8 to 12%) or at least 3% (7 to 13%); 40% with 20% (32 to 48%). */
    tw_rebalance_position p[2] = {position(0, 13, 10, 10, 20), position(1, 49, 10, 40, 20)};
    p[0].band_kind = p[1].band_kind = TW_BAND_HYBRID;
    p[0].band_floor_nano = p[1].band_floor_nano = 3 * PERCENT;
    tw_rebalance_config config = config_of(380, 0, -1);
    tw_rebalance_plan plan = plan_of(rebalance, &config, p, 2);
    assert_int_equal(plan.count, 1);
    assert_int_equal(plan.trades[0].index, 1);
    assert_int_equal(plan.trades[0].quantity.nano, TW_NANO);
    assert_int_equal(plan.outcomes[0], TW_OUTCOME_INSIDE);
    assert_int_equal(plan.outcomes[1], TW_OUTCOME_ABOVE_BAND);
}

static void test_an_inner_destination_is_narrower_than_the_trigger(void **state) {
    (void)state;
    TW_AUTO(tw_rebalance) *rebalance = rebalance_of(4);
    tw_rebalance_position p[2] = {position(0, 70, 10, 50, 10), position(1, 42, 10, 50, 10)};
    tw_rebalance_config config = config_of(-120, -1000, -1);
    config.aim = TW_REBALANCE_TO_INNER;
    tw_rebalance_plan plan = plan_of(rebalance, &config, p, 2);
    assert_int_equal(plan.count, 1); /* 420 is inside 400 to 600 and stays */
    assert_int_equal(plan.trades[0].quantity.nano, 15 * TW_NANO); /* to 55% */
    config.destination_nano = 0;
    plan = plan_of(rebalance, &config, p, 2);
    assert_int_equal(plan.trades[0].quantity.nano, 20 * TW_NANO);
    config.destination_nano = TW_NANO;
    plan = plan_of(rebalance, &config, p, 2);
    assert_int_equal(plan.trades[0].quantity.nano, 10 * TW_NANO);
}

static void test_costs_differ_by_side_and_by_class(void **state) {
    (void)state;
    TW_AUTO(tw_rebalance) *rebalance = rebalance_of(4);
    tw_rebalance_position p[2] = {position(0, 70, 10, 50, 0), position(1, 10, 10, 20, 0)};
    const tw_trade_cost classes[1] = {{0, 0, {5 * TW_NANO}, {7 * TW_NANO}}};
    tw_rebalance_config config = config_of(200, 0, -1);
    config.cost = (tw_trade_cost){TW_NANO / 100, TW_NANO / 50, {TW_NANO}, {2 * TW_NANO}};
    config.costs = classes;
    config.cost_count = 1;
    tw_rebalance_plan plan = plan_of(rebalance, &config, p, 2);
    assert_int_equal(plan.trades[0].cost.nano, 6 * TW_NANO); /* 2% of 200, and 2 */
    assert_int_equal(plan.trades[1].cost.nano, 2 * TW_NANO); /* 1% of 100, and 1 */
    assert_int_equal(plan.cash_after.nano, (200 + 200 - 6 - 100 - 2) * TW_NANO);
    p[0].cost_class = p[1].cost_class = 1;
    plan = plan_of(rebalance, &config, p, 2);
    assert_int_equal(plan.trades[0].cost.nano, 7 * TW_NANO);
    assert_int_equal(plan.trades[1].cost.nano, 5 * TW_NANO);
}

static void test_a_sale_that_costs_more_than_it_brings_is_not_made(void **state) {
    (void)state;
    TW_AUTO(tw_rebalance) *rebalance = rebalance_of(4);
    tw_rebalance_position p[2] = {position(0, 50, 10, 50, 1), position(1, 50, 10, 50, 10)};
    tw_rebalance_config config = config_of(0, 20, 40);
    config.cost.sell_fixed.nano = 15 * TW_NANO;
    tw_rebalance_plan plan = plan_of(rebalance, &config, p, 2);
    assert_int_equal(plan.count, 1);
    assert_int_equal(plan.trades[0].index, 1);
    assert_int_equal(plan.trades[0].quantity.nano, 4 * TW_NANO); /* 40 less 15: 25 */
    p[1].restricted = TW_RESTRICTION_ALL;
    plan = plan_of(rebalance, &config, p, 2); /* the other could sell 10 for 15 */
    assert_false(plan.feasible);
    assert_true(plan.proven);
}

static void test_sides_can_be_barred_for_a_position_or_the_plan(void **state) {
    (void)state;
    TW_AUTO(tw_rebalance) *rebalance = rebalance_of(4);
    tw_rebalance_position p[2] = {position(0, 70, 10, 50, 5), position(1, 20, 10, 40, 5)};
    tw_rebalance_config config = config_of(100, -1000, -1);
    p[0].restricted = TW_RESTRICTION_BUY_ONLY;
    tw_rebalance_plan plan = plan_of(rebalance, &config, p, 2);
    assert_int_equal(plan.count, 1);
    assert_int_equal(plan.trades[0].index, 1);
    assert_int_equal(plan.outcomes[0], TW_OUTCOME_LEFT_RESTRICTED);
    assert_int_equal(plan.outside, 1);
    p[0].restricted = 0;
    config.side = TW_RESTRICTION_SELL_ONLY;
    plan = plan_of(rebalance, &config, p, 2);
    assert_int_equal(plan.count, 1);
    assert_int_equal(plan.trades[0].index, 0);
    assert_int_equal(plan.outcomes[1], TW_OUTCOME_LEFT_RESTRICTED);
    config.side = TW_RESTRICTION_BUY_ONLY;
    plan = plan_of(rebalance, &config, p, 2);
    assert_int_equal(plan.trades[0].side, TW_SIDE_BUY);
    assert_int_equal(plan.count, 1);
}

static void test_ties_go_by_rank_then_symbol(void **state) {
    (void)state;
    TW_AUTO(tw_rebalance) *rebalance = rebalance_of(4);
    tw_rebalance_position p[3] = {position(7, 25, 10, 25, 5), position(3, 25, 10, 25, 5),
                                  position(5, 25, 10, 25, 5)};
    tw_rebalance_config config = config_of(250, 280, 300);
    p[0].rank = p[1].rank = 4;
    p[2].rank = 9;
    tw_rebalance_plan plan = plan_of(rebalance, &config, p, 3);
    assert_int_equal(plan.trades[0].index, 1); /* the lower symbol of the lower rank */
    p[2].rank = 1;
    plan = plan_of(rebalance, &config, p, 3);
    assert_int_equal(plan.trades[0].index, 2);
}

/* Four of 25% each with bands of 10%; the first two are in group 2, which is in group 1. */
static void make_quarters(tw_rebalance_position p[4], tw_rebalance_group groups[2]) {
    for (size_t i = 0; i < 4; i++) {
        p[i] = position((tw_symbol)i, 25, 10, 25, 10);
        p[i].group = i < 2 ? 2 : 0;
    }
    groups[0] = (tw_rebalance_group){INT64_MIN, INT64_MAX, 0, 0};
    groups[1] = (tw_rebalance_group){INT64_MIN, INT64_MAX, 1, 0};
}

static void test_groups_come_into_their_limits(void **state) {
    (void)state;
    TW_AUTO(tw_rebalance) *rebalance = rebalance_of(4);
    tw_rebalance_position p[4];
    tw_rebalance_group groups[2];
    make_quarters(p, groups);
    tw_rebalance_config config = config_of(0, -100, -1);
    config.groups = groups;
    config.group_count = 2;
    groups[0].most_nano = 42 * PERCENT;
    tw_rebalance_plan plan = plan_of(rebalance, &config, p, 4);
    assert_true(plan.feasible && plan.proven);
    assert_int_equal(plan.count, 1);
    assert_int_equal(plan.turnover.nano, 80 * TW_NANO);
    assert_int_equal(plan.turnover_bound.nano, 80 * TW_NANO);
    assert_int_equal(plan.outcomes[0], TW_OUTCOME_CUT_GROUP);
    groups[0].most_nano = INT64_MAX;
    groups[1].least_nano = 55 * PERCENT;
    plan = plan_of(rebalance, &config, p, 4);
    assert_int_equal(plan.count, 1);
    assert_int_equal(plan.outcomes[0], TW_OUTCOME_FILL_GROUP);
    assert_int_equal(plan.cash_after.nano, -50 * TW_NANO);
    config.cash_min.nano = 0; /* then one of the others pays for it */
    plan = plan_of(rebalance, &config, p, 4);
    assert_int_equal(plan.count, 2);
    assert_int_equal(plan.lower_bound, 2);
    assert_int_equal(plan.outcomes[2], TW_OUTCOME_RAISE_CASH);
}

static void test_a_group_that_cannot_is_named(void **state) {
    (void)state;
    TW_AUTO(tw_rebalance) *rebalance = rebalance_of(4);
    tw_rebalance_position p[4];
    tw_rebalance_group groups[2];
    make_quarters(p, groups);
    tw_rebalance_config config = config_of(0, -500, -1);
    config.groups = groups;
    config.group_count = 2;
    groups[1].most_nano = 25 * PERCENT; /* the bands let it fall to 30% */
    tw_rebalance_plan plan = plan_of(rebalance, &config, p, 4);
    assert_true(!plan.feasible && plan.proven);
    assert_int_equal(plan.group_at_fault, 2);
    assert_string_equal(plan.reason,
                        "No plan exists: after every allowed sale the value of group 2 is still "
                        "300, which is 50 above the most allowed, 250.");
    groups[1] = (tw_rebalance_group){80 * PERCENT, INT64_MAX, 1, 0};
    plan = plan_of(rebalance, &config, p, 4);
    assert_string_equal(plan.reason,
                        "No plan exists: after every allowed purchase the value of group 2 is "
                        "still 700, which is 100 short of the least allowed, 800.");
    groups[1].least_nano = INT64_MIN;
    config.net_max_nano = 50 * PERCENT;
    plan = plan_of(rebalance, &config, p, 4);
    assert_string_equal(plan.reason,
                        "No plan exists: after every allowed sale the net value is still 600, "
                        "which is 100 above the most allowed, 500.");
}

static void test_bad_groups_are_refused(void **state) {
    (void)state;
    TW_AUTO(tw_rebalance) *rebalance = rebalance_of(4);
    tw_rebalance_position p[4];
    tw_rebalance_group groups[5] = {{0}};
    make_quarters(p, groups);
    tw_rebalance_config config = config_of(0, -500, -1);
    tw_rebalance_plan plan;
    tw_error error = {0};
    config.groups = groups;
    config.group_count = 1; /* the positions name group 2 */
    assert_int_equal(tw_rebalance_compute(rebalance, &config, p, 4, &plan, &error), TW_INVALID);
    assert_string_equal(error.message, "position 0 has a group that is not there");
    config.group_count = 2;
    groups[0].parent = 1;
    assert_int_equal(tw_rebalance_compute(rebalance, &config, p, 4, &plan, &error), TW_INVALID);
    assert_string_equal(error.message, "group 1 stands before its parent");
    groups[0].parent = 0;
    groups[1].least_nano = INT64_MAX - 1;
    groups[1].most_nano = 0;
    assert_int_equal(tw_rebalance_compute(rebalance, &config, p, 4, &plan, &error), TW_INVALID);
    config.group_count = 5;
    assert_int_equal(tw_rebalance_compute(rebalance, &config, p, 4, &plan, &error), TW_FULL);
}

static void test_long_and_short_keep_net_and_gross(void **state) {
    (void)state;
    TW_AUTO(tw_rebalance) *rebalance = rebalance_of(4);
    /* 1,000 of equity: 800 long, 300 short, 500 of cash. */
    tw_rebalance_position p[2] = {position(0, 80, 10, 80, 20), position(1, -30, 10, -30, 20)};
    tw_rebalance_config config = config_of(500, 0, -1);
    tw_rebalance_plan plan;
    assert_int_equal(tw_rebalance_compute(rebalance, &config, p, 2, &plan, NULL), TW_INVALID);
    config.shorts_allowed = 1;
    plan = plan_of(rebalance, &config, p, 2);
    assert_int_equal(plan.count, 0);
    config.gross_max_nano = 100 * PERCENT; /* it is 110% */
    plan = plan_of(rebalance, &config, p, 2);
    assert_true(plan.feasible && plan.proven);
    assert_int_equal(plan.count, 1);
    assert_int_equal(plan.turnover.nano, 100 * TW_NANO);
    config.net_min_nano = 60 * PERCENT; /* it is 50%: buy long 10% would raise the gross */
    plan = plan_of(rebalance, &config, p, 2);
    assert_true(plan.feasible && plan.proven);
    assert_int_equal(plan.count, 1);
    assert_int_equal(plan.trades[0].index, 1); /* cover 10% of the short */
    assert_int_equal(plan.trades[0].side, TW_SIDE_BUY);
    config.gross_max_nano = 50 * PERCENT; /* no bands lead there */
    plan = plan_of(rebalance, &config, p, 2);
    assert_true(!plan.feasible && plan.proven);
    assert_string_equal(plan.reason, "No plan exists: no trades that the bands allow bring the "
                                     "cash, the net and the gross value into their limits "
                                     "together.");
}

static void test_a_short_never_turns_long(void **state) {
    (void)state;
    TW_AUTO(tw_rebalance) *rebalance = rebalance_of(4);
    tw_rebalance_position p[1] = {position(0, -50, 10, -10, 20)};
    tw_rebalance_config config = config_of(1500, 0, 1050);
    config.shorts_allowed = 1;
    tw_rebalance_plan plan = plan_of(rebalance, &config, p, 1);
    assert_int_equal(plan.trades[0].quantity.nano, 45 * TW_NANO); /* from -500 to -50 */
    config.cash_max.nano = 900 * TW_NANO;                         /* it would have to be +100 */
    plan = plan_of(rebalance, &config, p, 1);
    assert_true(!plan.feasible && plan.proven);
    p[0].weight_nano = 10 * PERCENT; /* from short to long crosses to its own side */
    config = config_of(1500, 0, -1);
    config.shorts_allowed = 1;
    config.aim = TW_REBALANCE_TO_TARGET;
    plan = plan_of(rebalance, &config, p, 1);
    assert_int_equal(plan.trades[0].quantity.nano, 60 * TW_NANO);
}

static void test_caps_leave_the_rest_outside(void **state) {
    (void)state;
    TW_AUTO(tw_rebalance) *rebalance = rebalance_of(4);
    /* Breaches of 100, 50 and 20. */
    tw_rebalance_position p[3] = {position(0, 35, 10, 20, 5), position(1, 30, 10, 20, 5),
                                  position(2, 27, 10, 20, 5)};
    tw_rebalance_config config = config_of(80, 0, -1);
    config.trades_max = 2;
    tw_rebalance_plan plan = plan_of(rebalance, &config, p, 3);
    assert_true(plan.feasible && plan.proven); /* as many as there may be trades */
    assert_int_equal(plan.mandatory, 2);
    assert_int_equal(plan.home_bound, 2);
    assert_int_equal(plan.count, 2);
    assert_int_equal(plan.capped_outside, 1);
    assert_int_equal(plan.outside, 1);
    assert_int_equal(plan.outcomes[0], TW_OUTCOME_LEFT_CAP); /* the two smallest come home */
    assert_non_null(strstr(plan.reason, "1 position stays outside, because the cap is spent."));
    config.cap_priority = TW_CAP_LARGEST_BREACHES;
    plan = plan_of(rebalance, &config, p, 3);
    assert_int_equal(plan.outcomes[2], TW_OUTCOME_LEFT_CAP);
    config.trades_max = SIZE_MAX;
    config.turnover_max.nano = 100 * TW_NANO;
    plan = plan_of(rebalance, &config, p, 3);
    assert_int_equal(plan.count, 1);
    assert_int_equal(plan.outcomes[0], TW_OUTCOME_ABOVE_BAND);
    config.cap_priority = TW_CAP_MOST_POSITIONS;
    plan = plan_of(rebalance, &config, p, 3);
    assert_int_equal(plan.count, 2);
    assert_int_equal(plan.turnover.nano, 70 * TW_NANO);
    config.turnover_max.nano = 0;
    plan = plan_of(rebalance, &config, p, 3);
    assert_true(plan.feasible);
    assert_int_equal(plan.count, 0);
    assert_int_equal(plan.outside, 3);
    config.cash_min.nano = 200 * TW_NANO; /* but this needs sales */
    plan = plan_of(rebalance, &config, p, 3);
    assert_true(!plan.feasible && !plan.proven);
    assert_non_null(strstr(plan.reason, "No plan was found within the caps"));
}

/* Equity 1,000; 200 of cash wanted, 210 of turnover allowed. Sales of 40 and 60 are part of what
 * raises the cash, so that they cost nothing; of purchases of 5 and 20 only the first can be paid
 * for. The smallest first would have been 5, 20 and no more. */
static void test_sales_come_home_with_the_cash_that_they_raise(void **state) {
    (void)state;
    TW_AUTO(tw_rebalance) *rebalance = rebalance_of(6);
    tw_rebalance_position p[6] = {position(0, 240, 1, 15, 5),  position(1, 260, 1, 15, 5),
                                  position(2, 45, 1, 10, 5),   position(3, 30, 1, 10, 5),
                                  position(4, 225, 1, 25, 20), position(5, 200, 1, 20, 15)};
    tw_rebalance_config config = config_of(0, 200, 205);
    config.turnover_max.nano = 210 * TW_NANO;
    tw_rebalance_plan plan = plan_of(rebalance, &config, p, 6);
    assert_true(plan.feasible && plan.proven);
    assert_int_equal(plan.mandatory, 3);
    assert_int_equal(plan.home_bound, 3);
    assert_int_equal(plan.outcomes[3], TW_OUTCOME_LEFT_CAP);
    assert_int_equal(plan.turnover.nano, 210 * TW_NANO);
    assert_non_null(strstr(plan.reason, "No plan within the cap brings more home."));
    config.cap_priority = TW_CAP_LARGEST_BREACHES;
    plan = plan_of(rebalance, &config, p, 6);
    assert_true(plan.feasible && !plan.proven);
    assert_int_equal(plan.mandatory, 2);
    assert_non_null(strstr(plan.reason, "No plan within the cap brings more than 3 home."));
}

/* 70 and 30 shares at 10, both wanted at 50% within 5%: 15 are to be sold and 15 bought. */
static void test_an_order_is_never_above_its_maximum(void **state) {
    (void)state;
    TW_AUTO(tw_rebalance) *rebalance = rebalance_of(2);
    tw_rebalance_position p[2] = {position(0, 70, 10, 50, 5), position(1, 30, 10, 50, 5)};
    tw_rebalance_config config = config_of(0, 0, -1);
    config.order_max.value.nano = 75 * TW_NANO + 5;
    tw_rebalance_plan plan = plan_of(rebalance, &config, p, 2);
    assert_true(plan.feasible && plan.proven);
    assert_int_equal(plan.trades[0].quantity.nano, 7 * TW_NANO);
    assert_true(plan.trades[0].shortened && plan.trades[1].shortened);
    assert_int_equal(plan.shortened, 2);
    assert_int_equal(plan.outside, 2);
    assert_non_null(strstr(plan.reason, "The most of an order keeps 2 positions outside."));
    /* The stricter of two, and of quantity and value. */
    const tw_rebalance_order_max own[2] = {{{INT64_MAX}, {3 * TW_NANO}},
                                           {{9 * TW_NANO}, {INT64_MAX}}};
    config.order_maxima = own;
    plan = plan_of(rebalance, &config, p, 2);
    assert_int_equal(plan.count, 1);
    assert_int_equal(plan.trades[0].quantity.nano, 3 * TW_NANO);
    assert_int_equal(plan.outcomes[1], TW_OUTCOME_LEFT_ORDER_MAX);
    assert_int_equal(plan.order_max_outside, 1);
    assert_int_equal(plan.outside, 2);
    p[1].lot.nano = 0; /* fractional: 0.9 shares */
    plan = plan_of(rebalance, &config, p, 2);
    assert_int_equal(plan.trades[1].value.nano, 9 * TW_NANO);
    /* What is enough is not touched. */
    config.order_maxima = NULL;
    config.order_max = (tw_rebalance_order_max){{150 * TW_NANO}, {INT64_MAX}};
    p[1].lot.nano = TW_NANO;
    plan = plan_of(rebalance, &config, p, 2);
    assert_int_equal(plan.trades[0].quantity.nano, 15 * TW_NANO);
    assert_int_equal(plan.outside, 0);
    assert_false(plan.trades[0].shortened);
}

/* Raising cash takes as many orders as their maximum asks for; or it is at fault. */
static void test_the_maximum_of_an_order_holds_inside_bands_too(void **state) {
    (void)state;
    TW_AUTO(tw_rebalance) *rebalance = rebalance_of(3);
    tw_rebalance_position p[3] = {position(0, 25, 10, 25, 5), position(1, 25, 10, 25, 5),
                                  position(2, 50, 10, 50, 10)};
    tw_rebalance_config config = config_of(0, 60, 100);
    config.order_max.quantity.nano = 4 * TW_NANO;
    tw_rebalance_plan plan = plan_of(rebalance, &config, p, 3);
    assert_true(plan.feasible && plan.proven);
    assert_int_equal(plan.count, 2);
    for (size_t i = 0; i < plan.count; i++)
        assert_true(plan.trades[i].quantity.nano <= 4 * TW_NANO && !plan.trades[i].shortened);
    config = config_of(0, 130, 200);
    config.order_max.quantity.nano = 4 * TW_NANO;
    plan = plan_of(rebalance, &config, p, 3);
    assert_true(!plan.feasible && plan.proven && plan.order_max_at_fault);
    assert_int_equal(plan.fault, TW_REBALANCE_FAULT_CASH_MIN);
    assert_int_equal(plan.reachable.nano, 120 * TW_NANO);
    assert_non_null(strstr(plan.reason, "Without the most of an order there is a plan."));
    config.cash_min.nano = 210 * TW_NANO; /* beyond the bands: not because of the orders */
    config.cash_max.nano = 300 * TW_NANO;
    plan = plan_of(rebalance, &config, p, 3);
    assert_true(!plan.feasible && !plan.order_max_at_fault);
    config.order_max.value.nano = -1;
    assert_int_equal(tw_rebalance_compute(rebalance, &config, p, 3, &plan, NULL), TW_INVALID);
    config.order_max.value.nano = 0;
    config.cash_min.nano = 0;
    plan = plan_of(rebalance, &config, p, 3);
    assert_true(plan.feasible && plan.count == 0);
    const tw_rebalance_order_max own[3] = {{{-1}, {0}}};
    config.order_maxima = own;
    assert_int_equal(tw_rebalance_compute(rebalance, &config, p, 3, &plan, NULL), TW_INVALID);
}

#define MANY 3000

static int by_size(const void *a, const void *b) {
    const tw_rebalance_position *x = a;
    const tw_rebalance_position *y = b;
    if (x->quantity.nano != y->quantity.nano)
        return x->quantity.nano > y->quantity.nano ? -1 : 1;
    return x->symbol < y->symbol ? -1 : 1;
}

/* Each may be sold whole; half of all is to be sold, of many that are alike. */
static void check_many(bool in_symbol_order) {
    static tw_rebalance_position p[MANY];
    static tw_rebalance_position sorted[MANY];
    static bool sells[MANY];
    TW_AUTO(tw_rebalance) *rebalance = rebalance_of(MANY);
    int64_t total = 0;
    uint64_t bits = 88172645463325252;
    for (size_t i = 0; i < MANY; i++) {
        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        tw_symbol symbol = (tw_symbol)(in_symbol_order ? i : MANY - 1 - i);
        p[i] = position(symbol, 1 + (int64_t)(bits % 40), 1, 0, 100);
        total += p[i].quantity.nano;
        sells[i] = false;
    }
    memcpy(sorted, p, sizeof p);
    qsort(sorted, MANY, sizeof sorted[0], by_size);
    tw_rebalance_config config = config_of(0, 0, -1);
    config.cash_min.nano = total / 2 / TW_NANO * TW_NANO;
    size_t count = 0;
    for (int64_t sum = 0; sum < config.cash_min.nano; count++) {
        sum += sorted[count].quantity.nano;
        sells[sorted[count].symbol] = true;
    }
    tw_rebalance_plan plan = plan_of(rebalance, &config, p, MANY);
    assert_true(plan.feasible && plan.proven);
    assert_int_equal(plan.count, count);
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(plan.outcomes[i] == TW_OUTCOME_RAISE_CASH, sells[p[i].symbol]);
}

static void test_the_largest_of_many_give_way_then_the_lower_symbol(void **state) {
    (void)state;
    check_many(true);
    check_many(false);
}

static void test_what_trades_ends_closest_to_its_targets(void **state) {
    (void)state;
    TW_AUTO(tw_rebalance) *rebalance = rebalance_of(4);
    /* Both must sell, to 30% of 1,000 each; 40 of cash less is wanted: 20 less are sold of each. */
    tw_rebalance_position p[2] = {position(0, 45, 10, 30, 5), position(1, 50, 10, 30, 5)};
    tw_rebalance_config config = config_of(50, 0, 360);
    config.aim = TW_REBALANCE_CLOSEST;
    tw_rebalance_plan plan = plan_of(rebalance, &config, p, 2);
    assert_int_equal(plan.trades[0].quantity.nano, 13 * TW_NANO);
    assert_int_equal(plan.trades[1].quantity.nano, 18 * TW_NANO);
    assert_int_equal(plan.cash_after.nano, 360 * TW_NANO);
}

static void test_names_of_outcomes_are_told(void **state) {
    (void)state;
    assert_string_equal(tw_rebalance_outcome_name(TW_OUTCOME_INSIDE), "inside band");
    assert_string_equal(tw_rebalance_outcome_name(TW_OUTCOME_LEFT_CAP), "cap");
    assert_string_equal(tw_rebalance_outcome_name((tw_rebalance_outcome)11), "unknown");
    assert_string_equal(tw_trade_reason_name(TW_TRADE_ABOVE_BAND), "above band");
    assert_string_equal(tw_trade_reason_name(TW_TRADE_FILL_GROUP), "fill group");
    assert_string_equal(tw_trade_reason_name((tw_trade_reason)6), "unknown");
}

/* A billion shares at a price of 1e-9, a price of 9e9, fractional and in lots of everything. */
static void test_extremes_are_exact_or_refused(void **state) {
    (void)state;
    TW_AUTO(tw_rebalance) *rebalance = rebalance_of(4);
    tw_rebalance_position p[2] = {position(0, 1000000000, 1, 60, 1), position(1, 1, 1, 40, 1)};
    p[0].price.nano = 1;
    p[1].price.nano = 9 * TW_NANO;
    tw_rebalance_config config = config_of(0, 0, -1);
    tw_rebalance_plan plan = plan_of(rebalance, &config, p, 2);
    assert_int_equal(plan.equity.nano, 10 * TW_NANO);
    assert_true(plan.feasible || !plan.proven);
    p[1].lot.nano = 0;
    plan = plan_of(rebalance, &config, p, 2);
    assert_true(plan.feasible && plan.proven);
    p[1].price.nano = INT64_MAX;
    p[1].quantity.nano = TW_NANO;
    p[1].lot.nano = INT64_MAX;
    assert_int_equal(tw_rebalance_compute(rebalance, &config, p, 2, &plan, NULL), TW_OVERFLOW);
    p[1] = position(1, 1, 1, 100, 0);
    p[1].quantity.nano = 1;
    p[1].price.nano = 1;
    p[1].lot.nano = 0;
    config.cash.nano = INT64_MAX / 2;
    assert_int_equal(tw_rebalance_compute(rebalance, &config, p, 2, &plan, NULL), TW_OVERFLOW);
    tw_rebalance_range range = {.price = {INT64_MAX},
                                .lot = {INT64_MAX},
                                .lots_min = 1,
                                .lots_max = INT64_MAX,
                                .lots_wanted = 1,
                                .lots_least = 1};
    assert_int_equal(tw_rebalance_solve(rebalance, &config, &range, 1, &plan, NULL), TW_OVERFLOW);
}

/* Quotients whose divisor is a handful of units, in a value near the end of the range. */
static void test_the_smallest_steps_are_exact(void **state) {
    (void)state;
    TW_AUTO(tw_rebalance) *rebalance = rebalance_of(4);
    for (int64_t lot = 1; lot < 8; lot++) {
        tw_rebalance_position p[2] = {position(0, 0, 1, 0, 0), position(1, 8, 1, 100, 0)};
        p[0].quantity.nano = 14 * lot;
        p[0].price.nano = 1;
        p[0].lot.nano = lot;
        p[0].min_trade.nano = INT64_MAX / 8;
        tw_rebalance_config config = config_of(0, 0, -1);
        tw_rebalance_plan plan = plan_of(rebalance, &config, p, 2);
        assert_int_equal(plan.minimum_outside, 1);
        p[0].min_trade.nano = 0;
        plan = plan_of(rebalance, &config, p, 2);
        assert_int_equal(plan.count, 1);
        assert_int_equal(plan.trades[0].quantity.nano, 14 * lot);
    }
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
        cmocka_unit_test(test_a_window_that_no_lots_hit_is_proven_for_few_positions),
        cmocka_unit_test(test_lots_that_only_together_hit_a_window_are_found),
        cmocka_unit_test(test_a_range_without_end_is_searched),
        cmocka_unit_test(test_bad_input_has_a_status_and_a_sentence),
        cmocka_unit_test(test_sentences_name_symbols_and_groups),
        cmocka_unit_test(test_the_limit_at_fault_is_told),
        cmocka_unit_test(test_a_hybrid_band_is_the_wider_of_two),
        cmocka_unit_test(test_an_inner_destination_is_narrower_than_the_trigger),
        cmocka_unit_test(test_costs_differ_by_side_and_by_class),
        cmocka_unit_test(test_a_sale_that_costs_more_than_it_brings_is_not_made),
        cmocka_unit_test(test_sides_can_be_barred_for_a_position_or_the_plan),
        cmocka_unit_test(test_ties_go_by_rank_then_symbol),
        cmocka_unit_test(test_groups_come_into_their_limits),
        cmocka_unit_test(test_a_group_that_cannot_is_named),
        cmocka_unit_test(test_bad_groups_are_refused),
        cmocka_unit_test(test_long_and_short_keep_net_and_gross),
        cmocka_unit_test(test_a_short_never_turns_long),
        cmocka_unit_test(test_caps_leave_the_rest_outside),
        cmocka_unit_test(test_sales_come_home_with_the_cash_that_they_raise),
        cmocka_unit_test(test_an_order_is_never_above_its_maximum),
        cmocka_unit_test(test_the_maximum_of_an_order_holds_inside_bands_too),
        cmocka_unit_test(test_the_largest_of_many_give_way_then_the_lower_symbol),
        cmocka_unit_test(test_what_trades_ends_closest_to_its_targets),
        cmocka_unit_test(test_names_of_outcomes_are_told),
        cmocka_unit_test(test_extremes_are_exact_or_refused),
        cmocka_unit_test(test_the_smallest_steps_are_exact),
        cmocka_unit_test(test_leaves_nothing_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
