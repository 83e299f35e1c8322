/* test_account_day.c - what the close of a day and its end make of accounts and positions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "account_power.h"
#include "exchange_desk.h"

static const desk_config usual = {
    .symbols = "AAA,BBB", .seed = 7, .cash = {100000 * TW_NANO}, .multiplier_max = 4};

static trading_desk desk;

static int set_up(void **state) {
    (void)state;
    assert_int_equal(desk_open(&desk, NULL, &usual, NULL), TW_OK);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    ledger_check(desk.ledger);
    desk_close(&desk);
    return 0;
}

static int64_t new_york(int days_later, int32_t hour, int32_t minute) {
    return session_time_of(session_day_of(DESK_START_NS) + days_later, hour, minute);
}

static void advance_to(int64_t time_ns) {
    assert_int_equal(floor_advance(desk.floor, time_ns, UINT64_MAX, NULL), TW_OK);
    ledger_turn_day(desk.ledger);
}

static void jump_to(int64_t time_ns) {
    assert_int_equal(floor_jump(desk.floor, time_ns, NULL), TW_OK);
    ledger_turn_day(desk.ledger);
}

static void trade(const char *symbol, tw_side side, int64_t shares) {
    tw_alpaca_order_request request = desk_request(symbol, side, shares * TW_NANO, 0);
    ledger_order order;
    ledger_refusal refusal = {0};
    if (ledger_submit(desk.ledger, desk.account, &request, &order, &refusal) != TW_OK)
        fail_msg("%s", refusal.message);
}

static account_figures figures(void) {
    account_figures all;
    account_figures_of(desk.ledger, desk.account, &all);
    return all;
}

static void the_day_before_is_that_of_the_close(void **state) {
    (void)state;
    trade("AAA", TW_SIDE_BUY, 100);
    trade("BBB", TW_SIDE_SELL, 50);
    advance_to(new_york(0, 16, 0));
    account_figures close = figures();
    tw_price prices[2] = {floor_price(desk.floor, 0), floor_price(desk.floor, 1)};
    advance_to(new_york(0, 20, 0));
    assert_int_not_equal(figures().equity.nano, close.equity.nano); /* the evening moved it */
    jump_to(new_york(1, 0, 0) - 1);
    assert_int_equal(desk.account->last_equity.nano, usual.cash.nano);
    assert_int_equal(desk.account->last_maintenance_margin.nano, 0);
    assert_int_equal(ledger_last_close(desk.ledger, 0).nano, 0);
    assert_int_equal(ledger_day(desk.ledger), session_day_of(DESK_START_NS));
    jump_to(new_york(1, 0, 0));
    assert_int_equal(desk.account->last_equity.nano, close.equity.nano);
    assert_int_equal(desk.account->last_maintenance_margin.nano, close.maintenance_margin.nano);
    assert_int_equal(ledger_last_close(desk.ledger, 0).nano, prices[0].nano);
    assert_int_equal(ledger_last_close(desk.ledger, 1).nano, prices[1].nano);
    assert_int_equal(ledger_day(desk.ledger), session_day_of(DESK_START_NS) + 1);
}

static void positions_cost_their_close_from_the_next_day_on(void **state) {
    (void)state;
    trade("AAA", TW_SIDE_BUY, 100);
    trade("BBB", TW_SIDE_SELL, 50);
    const ledger_holding *holdings = desk.account->holdings;
    int64_t cost = holdings[0].cost.nano;
    assert_int_equal(holdings[0].day_cost.nano, cost);
    advance_to(new_york(0, 16, 0));
    int64_t closes[2] = {floor_price(desk.floor, 0).nano, floor_price(desk.floor, 1).nano};
    jump_to(new_york(1, 9, 30));
    assert_int_equal(holdings[0].cost.nano, cost);
    assert_int_equal(holdings[0].day_cost.nano, 100 * closes[0]);
    assert_int_equal(holdings[1].day_cost.nano, -50 * closes[1]);
    assert_int_equal(desk.account->day_start_value.nano, 100 * closes[0] + 50 * closes[1]);
    /* What is bought now was not there as the day began, and nothing of the start comes back. */
    account_figures before = figures();
    trade("AAA", TW_SIDE_BUY, 10);
    int64_t bought = holdings[0].day_cost.nano - 100 * closes[0];
    assert_true(bought > 0);
    assert_int_equal(before.daytrading_buying_power.nano - figures().daytrading_buying_power.nano,
                     bought);
    trade("AAA", TW_SIDE_SELL, 110);
    assert_int_equal(before.daytrading_buying_power.nano, figures().daytrading_buying_power.nano);
}

static void who_begins_invested_was_so_the_day_before(void **state) {
    (void)state;
    const tw_price price = {100 * TW_NANO};
    assert_int_equal(
        ledger_endow(desk.ledger, desk.account, 0, (tw_quantity){600 * TW_NANO}, price), TW_OK);
    assert_int_equal(desk.account->last_equity.nano, usual.cash.nano);
    assert_int_equal(desk.account->last_maintenance_margin.nano, 18000 * TW_NANO);
    assert_int_equal(figures().daytrading_buying_power.nano, 4 * 82000 * TW_NANO);
    int64_t excess = figures().equity.nano - figures().initial_margin.nano;
    int64_t memo = 70000 * TW_NANO;
    assert_int_equal(figures().memo.nano, excess > memo ? excess : memo);
}

static void a_new_day_begins_with_four_times_the_excess(void **state) {
    (void)state;
    trade("AAA", TW_SIDE_BUY, 200);
    jump_to(new_york(1, 9, 30));
    const ledger_account *account = desk.account;
    assert_int_equal(figures().daytrading_buying_power.nano,
                     4 * (account->last_equity.nano - account->last_maintenance_margin.nano));
}

/* 2026-01-05 is a Monday, the 19th a holiday. */
static void a_day_without_a_session_belongs_to_the_next(void **state) {
    (void)state;
    trade("AAA", TW_SIDE_BUY, 10);
    jump_to(new_york(11, 15, 0));
    int64_t before = desk.account->last_equity.nano;
    jump_to(new_york(11, 23, 0));
    assert_int_equal(ledger_day(desk.ledger), session_day_of(DESK_START_NS) + 11);
    static const int away[] = {12, 13, 14, 15};
    for (size_t i = 0; i < 4; i++) {
        jump_to(new_york(away[i], 12, 0));
        assert_int_equal(ledger_day(desk.ledger), session_day_of(DESK_START_NS) + 15);
    }
    assert_int_equal(desk.account->last_equity.nano, before); /* nobody traded */
    assert_int_equal(ledger_last_close(desk.ledger, 0).nano, floor_price(desk.floor, 0).nano);
}

static void a_market_that_never_closes_has_days_too(void **state) {
    (void)state;
    desk_config config = usual;
    config.always_open = true;
    desk_close(&desk);
    assert_int_equal(desk_open(&desk, NULL, &config, NULL), TW_OK);
    jump_to(new_york(0, 15, 59));
    trade("AAA", TW_SIDE_BUY, 100);
    advance_to(new_york(0, 16, 0));
    int64_t close = figures().equity.nano;
    jump_to(new_york(0, 23, 59));
    /* The end of the day is noticed by the trade itself. */
    assert_int_equal(floor_advance(desk.floor, new_york(1, 0, 1), UINT64_MAX, NULL), TW_OK);
    trade("AAA", TW_SIDE_BUY, 1);
    assert_int_equal(ledger_day(desk.ledger), session_day_of(DESK_START_NS) + 1);
    assert_int_equal(desk.account->last_equity.nano, close);
    int64_t value = 100 * ledger_last_close(desk.ledger, 0).nano;
    assert_int_equal(desk.account->day_start_value.nano, value);
    assert_true(desk.account->holdings[0].day_cost.nano > value);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_day_before_is_that_of_the_close, set_up, tear_down),
        cmocka_unit_test_setup_teardown(positions_cost_their_close_from_the_next_day_on, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(who_begins_invested_was_so_the_day_before, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_new_day_begins_with_four_times_the_excess, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_day_without_a_session_belongs_to_the_next, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_market_that_never_closes_has_days_too, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
