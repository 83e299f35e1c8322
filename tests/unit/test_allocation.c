/* test_allocation.c - the rules of tradewind/allocation.h, one a test. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tradewind/allocation.h"

#define PERCENT (TW_NANO / 100)

static tw_allocation_holding holding(int64_t price, int64_t weight_percent, int64_t shares) {
    return (tw_allocation_holding){{price * TW_NANO}, weight_percent * PERCENT, shares};
}

static tw_allocation_config config_of(int64_t amount) {
    tw_allocation_config config;
    tw_allocation_config_init(&config);
    config.amount.nano = amount * TW_NANO;
    return config;
}

static void test_greedy_buys_what_lacks_most_until_nothing_is_affordable(void **state) {
    (void)state;
    tw_allocation_holding h[3] = {holding(30, 50, 0), holding(7, 30, 0), holding(15, 20, 0)};
    tw_allocation_config config = config_of(110);
    int64_t shares[3];
    tw_money left;
    assert_int_equal(tw_allocation_greedy(&config, h, 3, shares, &left, NULL), TW_OK);
    /* One of 30, four of 7 and one of 15 at first; then the first lacks 6.5, the second 2.9. */
    assert_int_equal(shares[0], 2);
    assert_int_equal(shares[1], 5);
    assert_int_equal(shares[2], 1);
    assert_int_equal(left.nano, 0);
}

static void test_greedy_tries_only_so_many(void **state) {
    (void)state;
    tw_allocation_holding h[2] = {holding(90, 60, 0), holding(10, 40, 0)};
    tw_allocation_config config = config_of(80);
    int64_t shares[2];
    tw_money left;
    config.tries_max = 1; /* the dear one lacks most, and that was it */
    assert_int_equal(tw_allocation_greedy(&config, h, 2, shares, &left, NULL), TW_OK);
    assert_int_equal(shares[1], 3);
    config.tries_max = 2;
    assert_int_equal(tw_allocation_greedy(&config, h, 2, shares, &left, NULL), TW_OK);
    assert_int_equal(shares[0], 0);
    assert_int_equal(shares[1], 3); /* of what is bought it has more than its 40% already */
}

static void test_both_sides_are_scaled_for_themselves(void **state) {
    (void)state;
    tw_allocation_holding h[2] = {holding(10, 80, 0), holding(10, -40, 0)};
    tw_allocation_config config = config_of(1000);
    int64_t shares[2];
    tw_money left;
    assert_int_equal(tw_allocation_greedy(&config, h, 2, shares, &left, NULL), TW_OK);
    assert_int_equal(shares[0], 100);
    assert_int_equal(shares[1], -40); /* as much as the negative weights add up to */
    config.short_ratio_nano = 30 * PERCENT;
    config.reinvest = 1;
    assert_int_equal(tw_allocation_greedy(&config, h, 2, shares, &left, NULL), TW_OK);
    assert_int_equal(shares[0], 130);
    assert_int_equal(shares[1], -30);
    assert_int_equal(left.nano, 0);
    assert_true(fabs(tw_allocation_error(h, 2, shares) - sqrt((0.25 + 0.01) / 2)) < 1e-12);
}

static void test_the_error_of_nothing_is_not_a_number(void **state) {
    (void)state;
    tw_allocation_holding h[1] = {holding(10, 100, 0)};
    int64_t shares[1] = {0};
    assert_true(isnan(tw_allocation_error(h, 1, shares)));
    assert_true(isnan(tw_allocation_error(h, 0, shares)));
}

static void test_holdings_go_to_their_weights_and_pay_for_it(void **state) {
    (void)state;
    tw_allocation_holding h[3] = {holding(100, 50, 2), holding(100, 0, 3), holding(30, 50, 20)};
    tw_allocation_config config = config_of(-100); /* 1,000 in all */
    config.commission.nano = TW_NANO;
    int64_t shares[3];
    tw_money cash;
    assert_int_equal(tw_allocation_to_weights(&config, h, 3, shares, &cash, NULL), TW_OK);
    assert_int_equal(shares[0], 4);  /* 300 less 1 buy 2 */
    assert_int_equal(shares[1], 0);  /* closed */
    assert_int_equal(shares[2], 16); /* 100 and 1 take 4 shares */
    assert_int_equal(cash.nano, (-100 - 200 - 1 + 300 - 1 + 120 - 1) * TW_NANO);
    config.cash_nano = 50 * PERCENT;
    assert_int_equal(tw_allocation_to_weights(&config, h, 3, shares, &cash, NULL), TW_OK);
    assert_int_equal(shares[0], 2);
}

static void test_new_cash_goes_where_it_lacks_most(void **state) {
    (void)state;
    tw_allocation_holding h[3] = {holding(10, 40, 20), holding(10, 40, 30), holding(10, 20, 40)};
    tw_allocation_config config = config_of(300); /* of 1,200: targets 480, 480, 240 */
    int64_t bought[3];
    tw_money left;
    assert_int_equal(tw_allocation_invest(&config, h, 3, bought, &left, NULL), TW_OK);
    /* 280 and 180 are lacking: level 80. */
    assert_int_equal(bought[0], 20);
    assert_int_equal(bought[1], 10);
    assert_int_equal(bought[2], 0); /* it has too much, and nothing is sold */
    assert_int_equal(left.nano, 0);
    config.amount.nano = 305 * TW_NANO;
    assert_int_equal(tw_allocation_invest(&config, h, 3, bought, &left, NULL), TW_OK);
    assert_int_equal(left.nano, 5 * TW_NANO);
}

static void test_bad_input_has_a_status_and_a_sentence(void **state) {
    (void)state;
    tw_allocation_holding h[2] = {holding(10, 60, 0), holding(10, 60, 0)};
    tw_allocation_config config = config_of(100);
    int64_t shares[2] = {-7, -7};
    tw_money left = {-7};
    tw_error error = {0};
    assert_int_equal(tw_allocation_greedy(&config, h, 2, shares, &left, &error), TW_INVALID);
    assert_string_equal(error.message, "the weights add up to more than 1");
    h[1].price.nano = 0;
    assert_int_equal(tw_allocation_greedy(&config, h, 2, shares, &left, &error), TW_INVALID);
    h[1] = holding(10, 40, 0);
    config.amount.nano = 0;
    assert_int_equal(tw_allocation_greedy(&config, h, 2, shares, &left, &error), TW_INVALID);
    assert_int_equal(tw_allocation_to_weights(&config, h, 2, shares, &left, &error), TW_INVALID);
    assert_int_equal(tw_allocation_invest(&config, h, 2, shares, &left, &error), TW_INVALID);
    config.amount.nano = INT64_MAX;
    config.reinvest = 1;
    config.short_ratio_nano = TW_NANO;
    h[1].weight_nano = -TW_NANO;
    assert_int_equal(tw_allocation_greedy(&config, h, 2, shares, &left, &error), TW_OVERFLOW);
    h[1].shares = INT64_MAX;
    assert_int_equal(tw_allocation_to_weights(&config, h, 2, shares, &left, &error), TW_OVERFLOW);
    config.cash_nano = -1;
    h[1].shares = 0;
    config.amount.nano = TW_NANO;
    assert_int_equal(tw_allocation_to_weights(&config, h, 2, shares, &left, &error), TW_INVALID);
    assert_int_equal(shares[0], -7);
    assert_int_equal(left.nano, -7);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_greedy_buys_what_lacks_most_until_nothing_is_affordable),
        cmocka_unit_test(test_greedy_tries_only_so_many),
        cmocka_unit_test(test_both_sides_are_scaled_for_themselves),
        cmocka_unit_test(test_the_error_of_nothing_is_not_a_number),
        cmocka_unit_test(test_holdings_go_to_their_weights_and_pay_for_it),
        cmocka_unit_test(test_new_cash_goes_where_it_lacks_most),
        cmocka_unit_test(test_bad_input_has_a_status_and_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
