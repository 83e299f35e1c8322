/* test_drift.c - the rules of tradewind/drift.h, one a test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tradewind/drift.h"

#define PERCENT (TW_NANO / 100)

static tw_drift_row row(int64_t quantity, int64_t value, int64_t target_percent) {
    return (tw_drift_row){.quantity = {quantity * TW_NANO},
                          .value = {value * TW_NANO},
                          .price = {100 * TW_NANO},
                          .target_nano = target_percent * PERCENT};
}

static void measure(tw_drift_kind kind, tw_drift_row *rows, size_t count) {
    assert_int_equal(tw_drift_measure(kind, (tw_money){0}, rows, count, NULL), TW_OK);
}

static void test_drift_is_the_target_less_the_weight(void **state) {
    (void)state;
    tw_drift_row rows[3] = {row(4, 400, 60), row(4, 400, 30), row(2, 200, 10)};
    measure(TW_DRIFT_ABSOLUTE, rows, 3);
    assert_int_equal(rows[0].weight_nano, 40 * PERCENT);
    assert_int_equal(rows[0].target_value.nano, 600 * TW_NANO);
    assert_int_equal(rows[0].drift_nano, 20 * PERCENT);
    assert_int_equal(rows[2].drift_nano, -10 * PERCENT);
    measure(TW_DRIFT_RELATIVE, rows, 3);
    assert_int_equal(rows[0].drift_nano, 333333333);
    assert_int_equal(rows[1].drift_nano, -333333333);
    assert_int_equal(rows[2].drift_nano, -TW_NANO);
}

static void test_what_is_not_held_or_not_wanted_drifts_by_one(void **state) {
    (void)state;
    tw_drift_row rows[6] = {row(0, 0, 20),    row(0, 0, -20), row(5, 500, 0),
                            row(-5, -500, 0), row(0, 0, 0),   row(0, 1000, 50)};
    rows[5].is_cash = 1;
    measure(TW_DRIFT_RELATIVE, rows, 6);
    const int64_t wanted[6] = {TW_NANO, -TW_NANO, -TW_NANO, TW_NANO, 0, 0};
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(rows[i].drift_nano, wanted[i]);
}

static void test_weights_are_of_the_equity_that_is_told(void **state) {
    (void)state;
    tw_drift_row rows[1] = {row(4, 400, 60)};
    assert_int_equal(tw_drift_measure(TW_DRIFT_ABSOLUTE, (tw_money){800 * TW_NANO}, rows, 1, NULL),
                     TW_OK);
    assert_int_equal(rows[0].weight_nano, 50 * PERCENT);
}

static void test_nothing_is_measured_of_nothing(void **state) {
    (void)state;
    tw_drift_row rows[2] = {row(0, 0, 50), row(0, 0, 50)};
    tw_error error = {0};
    assert_int_equal(tw_drift_measure(TW_DRIFT_ABSOLUTE, (tw_money){0}, rows, 2, &error),
                     TW_INVALID);
    rows[1].target_nano = 2 * TW_NANO;
    assert_int_equal(tw_drift_measure(TW_DRIFT_ABSOLUTE, (tw_money){1}, rows, 2, &error),
                     TW_INVALID);
    assert_string_equal(error.message, "row 1 has a target outside -1 to 1");
    rows[1] = row(0, 0, 50);
    rows[0].value.nano = rows[1].value.nano = INT64_MAX;
    assert_int_equal(tw_drift_measure(TW_DRIFT_ABSOLUTE, (tw_money){0}, rows, 2, NULL),
                     TW_OVERFLOW);
}

static void test_nothing_is_ordered_below_the_threshold(void **state) {
    (void)state;
    tw_drift_row rows[2] = {row(52, 5200, 50), row(48, 4800, 50)};
    tw_drift_order_config config;
    tw_drift_order_config_init(&config);
    config.cash.nano = 1000 * TW_NANO;
    tw_drift_order orders[2];
    size_t count = 9;
    measure(TW_DRIFT_ABSOLUTE, rows, 2);
    assert_false(tw_drift_exceeds(rows, 2, 2 * PERCENT)); /* equal is not above */
    assert_int_equal(tw_drift_orders(&config, rows, 2, orders, &count, NULL), TW_OK);
    assert_int_equal(count, 0);
    config.threshold_nano = PERCENT;
    assert_int_equal(tw_drift_orders(&config, rows, 2, orders, &count, NULL), TW_OK);
    assert_int_equal(count, 2);
    assert_int_equal(orders[0].side, TW_SIDE_SELL);
    assert_int_equal(orders[0].quantity.nano, 2 * TW_NANO); /* 200 at 99.5, rounded down */
    assert_int_equal(orders[0].limit_price.nano, 99 * TW_NANO + TW_NANO / 2);
    assert_int_equal(orders[1].quantity.nano, TW_NANO); /* 200 at 100.5 */
}

static void test_orders_go_by_side_and_size_and_spend_the_cash_once(void **state) {
    (void)state;
    tw_drift_row rows[4] = {row(10, 1000, 15), row(10, 1000, 30), row(40, 4000, 15),
                            row(40, 4000, 40)};
    tw_drift_order_config config;
    tw_drift_order_config_init(&config);
    config.cash.nano = 1500 * TW_NANO;
    config.slippage_nano = 0;
    tw_drift_order orders[4];
    size_t count;
    measure(TW_DRIFT_ABSOLUTE, rows, 4);
    assert_int_equal(tw_drift_orders(&config, rows, 4, orders, &count, NULL), TW_OK);
    assert_int_equal(count, 2);
    assert_int_equal(orders[0].index, 2);
    assert_int_equal(orders[0].quantity.nano, 25 * TW_NANO);
    assert_int_equal(orders[1].index, 1); /* lacks 2,000, and takes all the cash */
    assert_int_equal(orders[1].quantity.nano, 15 * TW_NANO);
    config.cash.nano = 2200 * TW_NANO;
    assert_int_equal(tw_drift_orders(&config, rows, 4, orders, &count, NULL), TW_OK);
    assert_int_equal(count, 3);
    assert_int_equal(orders[2].index, 0);
    assert_int_equal(orders[2].quantity.nano, 2 * TW_NANO);
}

static void test_only_what_drifted_can_be_asked_for(void **state) {
    (void)state;
    tw_drift_row rows[2] = {row(60, 6000, 50), row(12, 1200, 14)};
    tw_drift_order_config config;
    tw_drift_order_config_init(&config);
    config.cash.nano = 1000 * TW_NANO;
    config.only_drifted = 1;
    tw_drift_order orders[2];
    size_t count;
    assert_int_equal(
        tw_drift_measure(TW_DRIFT_ABSOLUTE, (tw_money){10000 * TW_NANO}, rows, 2, NULL), TW_OK);
    assert_int_equal(tw_drift_orders(&config, rows, 2, orders, &count, NULL), TW_OK);
    assert_int_equal(count, 1);
    config.only_drifted = 0;
    assert_int_equal(tw_drift_orders(&config, rows, 2, orders, &count, NULL), TW_OK);
    assert_int_equal(count, 2);
}

static void test_shorts_are_opened_and_covered_only_when_allowed(void **state) {
    (void)state;
    tw_drift_row rows[3] = {row(0, 0, -25), row(-3, -300, 0), row(20, 2300, 50)};
    tw_drift_order_config config;
    tw_drift_order_config_init(&config);
    config.cash.nano = 1000 * TW_NANO;
    tw_drift_order orders[3];
    size_t count;
    measure(TW_DRIFT_ABSOLUTE, rows, 3);
    assert_int_equal(tw_drift_orders(&config, rows, 3, orders, &count, NULL), TW_OK);
    assert_int_equal(orders[0].index, 2); /* what is held may be sold */
    config.shorts_allowed = 1;
    assert_int_equal(tw_drift_orders(&config, rows, 3, orders, &count, NULL), TW_OK);
    assert_int_equal(count, 3);
    assert_int_equal(orders[0].index, 0);
    assert_int_equal(orders[0].quantity.nano, 5 * TW_NANO); /* 500 at 99.5 */
    assert_int_equal(orders[2].index, 1);
    assert_int_equal(orders[2].quantity.nano, 3 * TW_NANO);
}

static void test_fees_are_paid_from_the_cash(void **state) {
    (void)state;
    tw_drift_row rows[1] = {row(0, 0, 100)};
    tw_drift_order_config config;
    tw_drift_order_config_init(&config);
    config.cash.nano = 1000 * TW_NANO;
    config.slippage_nano = 0;
    config.fee_fixed.nano = TW_NANO;
    tw_drift_order orders[1];
    size_t count;
    assert_int_equal(tw_drift_measure(TW_DRIFT_ABSOLUTE, (tw_money){1000 * TW_NANO}, rows, 1, NULL),
                     TW_OK);
    assert_int_equal(tw_drift_orders(&config, rows, 1, orders, &count, NULL), TW_OK);
    assert_int_equal(orders[0].quantity.nano, 9 * TW_NANO);
    config.lot.nano = 1;
    assert_int_equal(tw_drift_orders(&config, rows, 1, orders, &count, NULL), TW_OK);
    assert_int_equal(orders[0].quantity.nano, 10 * TW_NANO - TW_NANO / 100);
}

static void test_bad_settings_are_refused(void **state) {
    (void)state;
    tw_drift_row rows[1] = {row(0, 0, 100)};
    tw_drift_order orders[1];
    size_t count;
    rows[0].drift_nano = TW_NANO;
    for (int i = 0; i < 4; i++) {
        tw_drift_order_config config;
        tw_drift_order_config_init(&config);
        if (i == 0)
            config.lot.nano = 0;
        else if (i == 1)
            config.slippage_nano = TW_NANO;
        else if (i == 2)
            config.fee_fixed.nano = -1;
        else
            rows[0].price.nano = 0;
        assert_int_equal(tw_drift_orders(&config, rows, 1, orders, &count, NULL), TW_INVALID);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_drift_is_the_target_less_the_weight),
        cmocka_unit_test(test_what_is_not_held_or_not_wanted_drifts_by_one),
        cmocka_unit_test(test_weights_are_of_the_equity_that_is_told),
        cmocka_unit_test(test_nothing_is_measured_of_nothing),
        cmocka_unit_test(test_nothing_is_ordered_below_the_threshold),
        cmocka_unit_test(test_orders_go_by_side_and_size_and_spend_the_cash_once),
        cmocka_unit_test(test_only_what_drifted_can_be_asked_for),
        cmocka_unit_test(test_shorts_are_opened_and_covered_only_when_allowed),
        cmocka_unit_test(test_fees_are_paid_from_the_cash),
        cmocka_unit_test(test_bad_settings_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
