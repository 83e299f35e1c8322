/* test_day_trades.c - which trades are day trades, who is flagged, and which orders are denied. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "account_power.h"
#include "day_trades.h"
#include "exchange_desk.h"

static trading_desk desk;

static void open_desk(int64_t dollars, int64_t multiplier) {
    desk_config config = {.symbols = "AAA,BBB,CCC,DDD",
                          .seed = 7,
                          .cash = {dollars * TW_NANO},
                          .multiplier_max = multiplier};
    assert_int_equal(desk_open(&desk, NULL, &config, NULL), TW_OK);
}

static int set_up_rich(void **state) {
    (void)state;
    open_desk(1000000, 4);
    return 0;
}

/* Below 25,000: the protection is on. */
static int set_up_poor(void **state) {
    (void)state;
    open_desk(20000, 4);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    ledger_check(desk.ledger);
    desk_close(&desk);
    return 0;
}

static ledger_refusal refusal;

static bool send(const tw_alpaca_order_request *request) {
    ledger_order order;
    refusal = (ledger_refusal){0};
    tw_status status = ledger_submit(desk.ledger, desk.account, request, &order, &refusal);
    assert_true(status == TW_OK || status == TW_REFUSED);
    return status == TW_OK;
}

/* A market order of so many shares: bought if above 0. */
static bool trade(const char *symbol, int64_t shares) {
    tw_alpaca_order_request request = desk_request(symbol, shares > 0 ? TW_SIDE_BUY : TW_SIDE_SELL,
                                                   (shares > 0 ? shares : -shares) * TW_NANO, 0);
    return send(&request);
}

/* A limit order that waits, far from the market. */
static bool rest(const char *symbol, tw_side side, int64_t shares) {
    int64_t price =
        floor_price(desk.floor, tw_symbols_find(desk.symbols, tw_slice_of(symbol))).nano;
    int64_t far = side == TW_SIDE_BUY ? price / 2 : price * 2;
    tw_alpaca_order_request request =
        desk_request(symbol, side, shares * TW_NANO, far / TW_NANO * TW_NANO);
    return send(&request);
}

static void trades(const char *symbol, const int64_t *shares) {
    for (size_t i = 0; shares[i] != 0; i++)
        assert_true(trade(symbol, shares[i]));
}

static void assert_denied(bool taken) {
    assert_false(taken);
    assert_int_equal(refusal.http_status, 403);
    assert_int_equal(refusal.code, 40310100);
    assert_string_equal(refusal.message, "trade denied due to pattern day trading protection");
}

static uint32_t count(void) {
    return day_trades_count(desk.ledger, desk.account);
}

static void next_session(int days_later) {
    int64_t day = session_day_of(DESK_START_NS) + days_later;
    assert_int_equal(floor_jump(desk.floor, session_time_of(day, 10, 0), NULL), TW_OK);
    ledger_turn_day(desk.ledger);
}

static void day_trade(const char *symbol) {
    assert_true(trade(symbol, 1));
    assert_true(trade(symbol, -1));
}

/* ---- counting ---- */

/* The examples of FINRA's Regulatory Notice 21-13, in hundreds of their shares or so. */
static void day_trades_are_counted_as_finra_does(void **state) {
    (void)state;
    static const struct {
        int64_t shares[8];
        uint32_t count;
    } examples[] = {{{2, 2, -4}, 1},        {{1, -1, 1, -1}, 2},        {{5, -1, -1, -3}, 1},
                    {{2, 3, 1, -1, -2}, 1}, {{2, 2, -1, 1, -1, -2}, 2}, {{-3, 1, 2}, 1}};
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        tear_down(NULL);
        set_up_rich(NULL);
        trades("AAA", examples[i].shares);
        assert_int_equal(count(), examples[i].count);
    }
    trades("BBB", (int64_t[]){2, -1, 0}); /* another symbol is another day trade */
    assert_int_equal(count(), 2);
}

static void what_was_there_in_the_morning_can_be_sold(void **state) {
    (void)state;
    trades("AAA", (int64_t[]){4, 0});
    next_session(1);
    trades("AAA", (int64_t[]){-2, 0});
    assert_int_equal(count(), 0);
    trades("AAA", (int64_t[]){1, -1, -2, 0}); /* not behind a purchase */
    assert_int_equal(count(), 1);
}

/* 2026-01-05 is a Monday: five trading days later is the next Monday. */
static void day_trades_are_forgotten_after_five_trading_days(void **state) {
    (void)state;
    day_trade("AAA");
    next_session(1);
    day_trade("AAA");
    static const struct {
        int day;
        uint32_t count;
    } later[] = {{3, 2}, {4, 2}, {5, 1}, {7, 1}, {8, 0}}; /* a Saturday is Monday's */
    for (size_t i = 0; i < sizeof later / sizeof later[0]; i++) {
        next_session(later[i].day);
        assert_int_equal(count(), later[i].count);
    }
}

static void four_of_few_trades_make_a_pattern_day_trader(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++)
        day_trade("AAA");
    assert_false(day_trades_flagged(desk.ledger, desk.account));
    day_trade("BBB");
    assert_true(day_trades_flagged(desk.ledger, desk.account));
    next_session(14);
    assert_int_equal(count(), 0);
    assert_true(day_trades_flagged(desk.ledger, desk.account));
}

/* Four of 66 trades are more than 6 %, four of 67 are not. */
static void four_of_many_trades_do_not(void **state) {
    for (int others = 58; others < 60; others++) {
        tear_down(state);
        set_up_rich(state);
        for (int i = 0; i < others; i++)
            assert_true(trade("CCC", 1));
        for (int i = 0; i < 4; i++)
            day_trade("AAA");
        assert_int_equal(count(), 4);
        assert_int_equal(day_trades_flagged(desk.ledger, desk.account), others == 58);
    }
}

/* ---- denying ---- */

static void an_entry_is_denied_after_three_day_trades(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++)
        day_trade("AAA");
    assert_denied(trade("AAA", 1));
    assert_denied(trade("BBB", 1));
    assert_denied(trade("BBB", -1)); /* sold short */
    assert_denied(rest("BBB", TW_SIDE_BUY, 1));
    next_session(7); /* the next Monday: five days are over */
    assert_true(trade("AAA", 1));
}

static void an_exit_is_never_denied_by_the_check_of_entries(void **state) {
    (void)state;
    trades("AAA", (int64_t[]){1, 0});
    trades("BBB", (int64_t[]){1, 0});
    trades("CCC", (int64_t[]){1, 0});
    trades("DDD", (int64_t[]){1, 0});
    static const char *const names[] = {"AAA", "BBB", "CCC", "DDD"};
    for (size_t i = 0; i < 4; i++)
        assert_true(trade(names[i], -1));
    assert_int_equal(count(), 4);
}

static void the_fourth_exit_is_denied_by_the_check_of_exits(void **state) {
    (void)state;
    desk.account->settings.pdt_check = ACCOUNT_CHECK_EXIT;
    assert_true(trade("DDD", 2));
    next_session(1);
    for (int i = 0; i < 3; i++)
        day_trade("AAA");
    assert_true(trade("AAA", 1)); /* it may be kept over night */
    assert_denied(trade("AAA", -1));
    assert_true(trade("DDD", -1)); /* of yesterday */
    assert_true(trade("DDD", 1));
    assert_denied(trade("DDD", -1));
    next_session(2);
    assert_true(trade("AAA", -1));
}

static void open_orders_of_both_directions_are_a_day_trade_to_come(void **state) {
    (void)state;
    desk.account->settings.pdt_check = ACCOUNT_CHECK_EXIT;
    trades("BBB", (int64_t[]){2, 0});
    next_session(1);
    for (int i = 0; i < 3; i++)
        day_trade("AAA");
    assert_true(rest("BBB", TW_SIDE_SELL, 1));
    assert_denied(rest("BBB", TW_SIDE_BUY, 1)); /* either could be filled first */
    assert_true(rest("AAA", TW_SIDE_BUY, 1));
    /* And of the check of entries it is one that is made already. */
    next_session(8);
    desk.account->settings.pdt_check = ACCOUNT_CHECK_ENTRY;
    assert_int_equal(count(), 0);
    day_trade("AAA");
    day_trade("AAA");
    assert_true(rest("BBB", TW_SIDE_SELL, 1));
    assert_true(rest("BBB", TW_SIDE_BUY, 1));
    assert_denied(rest("CCC", TW_SIDE_BUY, 1));
}

static void both_checks_are_both(void **state) {
    (void)state;
    desk.account->settings.pdt_check = ACCOUNT_CHECK_BOTH;
    trades("AAA", (int64_t[]){1, 0});
    trades("BBB", (int64_t[]){1, 0});
    trades("CCC", (int64_t[]){1, 0});
    trades("DDD", (int64_t[]){2, 0});
    trades("AAA", (int64_t[]){-1, 0});
    trades("BBB", (int64_t[]){-1, 0});
    trades("CCC", (int64_t[]){-1, 0});
    assert_denied(trade("DDD", -1));
    assert_denied(trade("CCC", 1));
}

static void who_closed_with_enough_is_free_of_it(void **state) {
    (void)state;
    for (int i = 0; i < 6; i++)
        day_trade("AAA");
    desk.account->last_equity.nano = 25000 * TW_NANO - 1;
    assert_denied(trade("AAA", 1));
    desk.account->last_equity.nano = 25000 * TW_NANO;
    assert_true(trade("AAA", 1));
    tear_down(NULL);
    open_desk(20000, 1); /* no margin, no rule */
    for (int i = 0; i < 6; i++)
        day_trade("AAA");
    assert_false(day_trades_flagged(desk.ledger, desk.account));
}

/* FINRA's intraday margin standards of 2026-06-04 ended the rule. */
static void the_rule_has_an_end(void **state) {
    (void)state;
    int64_t day = 0;
    assert_int_equal(tw_date_to_days((tw_date){2026, 6, 3}, &day), TW_OK);
    assert_int_equal(floor_jump(desk.floor, session_time_of(day, 10, 0), NULL), TW_OK);
    for (int i = 0; i < 3; i++)
        day_trade("AAA");
    assert_denied(trade("AAA", 1));
    assert_int_equal(floor_jump(desk.floor, session_time_of(day + 1, 10, 0), NULL), TW_OK);
    assert_int_equal(count(), 3);
    for (int i = 0; i < 3; i++)
        day_trade("AAA");
    assert_int_equal(count(), 6);
    assert_false(day_trades_flagged(desk.ledger, desk.account));
}

/* ---- day-trading power ---- */

static void entries_are_held_to_the_day_trading_power(void **state) {
    (void)state;
    desk.account->last_equity.nano = 25000 * TW_NANO;
    desk.account->last_maintenance_margin.nano = 24999 * TW_NANO; /* power of 4 dollars */
    account_figures figures;
    account_figures_of(desk.ledger, desk.account, &figures);
    assert_int_equal(figures.daytrading_buying_power.nano, 4 * TW_NANO);
    assert_int_equal(figures.buying_power.nano, 40000 * TW_NANO); /* the greater: RegT's */
    assert_false(trade("AAA", 1));
    assert_int_equal(refusal.code, 40310000);
    assert_string_equal(refusal.message, "insufficient day trading buying power");
    desk.account->settings.dtbp_check = ACCOUNT_CHECK_EXIT;
    assert_true(trade("AAA", 1));
    assert_false(trade("AAA", -1));
    assert_string_equal(refusal.message, "insufficient day trading buying power");
    next_session(1);
    assert_true(trade("AAA", -1));
}

/* ---- the memorandum account ---- */

static void sma_follows_trades_and_the_market(void **state) {
    (void)state;
    account_figures figures;
    account_figures_of(desk.ledger, desk.account, &figures);
    assert_int_equal(figures.memo.nano, 1000000 * TW_NANO);
    assert_true(trade("AAA", 100));
    int64_t bought = desk.account->holdings[0].cost.nano;
    account_figures_of(desk.ledger, desk.account, &figures);
    int64_t excess = figures.equity.nano - figures.initial_margin.nano;
    int64_t credit = 1000000 * TW_NANO - bought / 2;
    assert_int_equal(figures.memo.nano, excess > credit ? excess : credit);
    int64_t cash = desk.account->cash.nano;
    assert_true(trade("AAA", -100));
    int64_t sold = desk.account->cash.nano - cash;
    account_figures_of(desk.ledger, desk.account, &figures);
    credit = 1000000 * TW_NANO - (bought - sold) / 2;
    assert_int_equal(figures.memo.nano,
                     figures.equity.nano > credit ? figures.equity.nano : credit);
    assert_int_equal(desk.account->traded.nano, bought - sold);
    next_session(1);
    assert_int_equal(desk.account->last_memo.nano, figures.memo.nano);
    assert_int_equal(desk.account->traded.nano, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(day_trades_are_counted_as_finra_does, set_up_rich,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_was_there_in_the_morning_can_be_sold, set_up_rich,
                                        tear_down),
        cmocka_unit_test_setup_teardown(day_trades_are_forgotten_after_five_trading_days,
                                        set_up_rich, tear_down),
        cmocka_unit_test_setup_teardown(four_of_few_trades_make_a_pattern_day_trader, set_up_rich,
                                        tear_down),
        cmocka_unit_test_setup_teardown(four_of_many_trades_do_not, set_up_rich, tear_down),
        cmocka_unit_test_setup_teardown(an_entry_is_denied_after_three_day_trades, set_up_poor,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_exit_is_never_denied_by_the_check_of_entries,
                                        set_up_poor, tear_down),
        cmocka_unit_test_setup_teardown(the_fourth_exit_is_denied_by_the_check_of_exits,
                                        set_up_poor, tear_down),
        cmocka_unit_test_setup_teardown(open_orders_of_both_directions_are_a_day_trade_to_come,
                                        set_up_poor, tear_down),
        cmocka_unit_test_setup_teardown(both_checks_are_both, set_up_poor, tear_down),
        cmocka_unit_test_setup_teardown(who_closed_with_enough_is_free_of_it, set_up_rich,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_rule_has_an_end, set_up_poor, tear_down),
        cmocka_unit_test_setup_teardown(entries_are_held_to_the_day_trading_power, set_up_poor,
                                        tear_down),
        cmocka_unit_test_setup_teardown(sma_follows_trades_and_the_market, set_up_rich, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
