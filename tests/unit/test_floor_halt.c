/* test_floor_halt.c - a symbol is halted, and opens again: what users' orders do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "exchange_desk.h"
#include "ledger_priv.h"

static trading_desk desk;
static ledger_refusal refusal;

static void advance(int64_t span_ns) {
    int64_t until_ns = floor_now(desk.floor) + span_ns;
    assert_int_equal(floor_advance(desk.floor, until_ns, UINT64_MAX, NULL), TW_OK);
}

/* Five seconds of trading. */
static int trade(void **state) {
    (void)state;
    const desk_config config = {
        .symbols = "AAA,BBB", .seed = 5, .cash = {10000000 * TW_NANO}, .multiplier_max = 4};
    assert_int_equal(desk_open(&desk, NULL, &config, NULL), TW_OK);
    advance(5 * TW_NS_PER_SECOND);
    return 0;
}

static int leave(void **state) {
    (void)state;
    assert_int_equal(desk.account->cash.nano, desk.cash_nano);
    ledger_check(desk.ledger);
    tw_match_check(floor_match(desk.floor));
    desk_close(&desk);
    return 0;
}

static const ledger_order *send(const tw_alpaca_order_request *request) {
    ledger_order order;
    if (ledger_submit(desk.ledger, desk.account, request, &order, &refusal) != TW_OK)
        fail_msg("%s", refusal.message);
    return ledger_find(desk.ledger, desk.account, tw_slice_of(order.order.venue_order_id));
}

/* So many basis points from the market; 0: a market order. */
static const ledger_order *order(tw_side side, int64_t shares, int64_t points) {
    int64_t cents = floor_price(desk.floor, 0).nano / 10000 * (10000 + points) / (TW_NANO / 100);
    tw_alpaca_order_request request =
        desk_request("AAA", side, shares * TW_NANO, points == 0 ? 0 : cents * (TW_NANO / 100));
    return send(&request);
}

static uint32_t trades_of_halted(void) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < desk.trade_count; i++)
        count += desk.trades[i].symbol == 0;
    return count;
}

static const tw_trade *last_print(void) {
    const tw_trade *print = NULL;
    for (uint32_t i = 0; i < desk.trade_count; i++) {
        if (desk.trades[i].exchange == 'Q')
            print = &desk.trades[i];
    }
    TW_ASSERT(print != NULL);
    return print;
}

/* ---- what is seen ---- */

static void nothing_is_shown_of_what_gathers(void **state) {
    (void)state;
    tw_quote before;
    tw_quote during;
    tw_level level;
    floor_quote(desk.floor, 0, &before);
    uint32_t trades = trades_of_halted();
    floor_halt(desk.floor, 0, true);
    floor_halt(desk.floor, 0, true);
    assert_true(floor_is_halted(desk.floor, 0));
    assert_false(floor_is_halted(desk.floor, 1));
    advance(TW_NS_PER_MINUTE);
    floor_quote(desk.floor, 0, &during);
    assert_memory_equal(&before, &during, sizeof before);
    assert_int_equal(floor_snapshot(desk.floor, 0, &level, 1), 0);
    assert_int_equal(trades_of_halted(), trades);

    floor_halt(desk.floor, 0, false);
    floor_halt(desk.floor, 0, false);
    assert_int_equal(trades_of_halted(), trades + 1);
    assert_string_equal(last_print()->conditions, "@5X");
    floor_quote(desk.floor, 0, &during);
    assert_true(during.bid_size.nano > 0 && during.bid_price.nano < during.ask_price.nano);
    advance(TW_NS_PER_MINUTE);
    assert_true(trades_of_halted() > trades + 1);
}

static void a_halt_that_ends_at_night_trades_nothing(void **state) {
    (void)state;
    assert_int_equal(floor_jump(desk.floor, DESK_START_NS + 380 * TW_NS_PER_MINUTE, NULL), TW_OK);
    floor_halt(desk.floor, 0, true);
    advance(TW_NS_PER_MINUTE);
    assert_int_equal(floor_jump(desk.floor, DESK_START_NS + 700 * TW_NS_PER_MINUTE, NULL), TW_OK);
    uint32_t trades = trades_of_halted();
    floor_halt(desk.floor, 0, false);
    assert_int_equal(trades_of_halted(), trades);
    assert_int_equal(floor_jump(desk.floor, DESK_START_NS + TW_NS_PER_DAY, NULL), TW_OK);
    advance(TW_NS_PER_MINUTE);
    assert_true(trades_of_halted() > trades);
}

/* ---- orders ---- */

static void orders_wait_as_accepted_and_trade_as_it_reopens(void **state) {
    (void)state;
    floor_halt(desk.floor, 0, true);
    const ledger_order *buy = order(TW_SIDE_BUY, 10, 0);
    const ledger_order *high = order(TW_SIDE_BUY, 20, 300);
    const ledger_order *low = order(TW_SIDE_BUY, 30, -500);
    assert_string_equal(desk.updates, "accepted accepted accepted");
    advance(10 * TW_NS_PER_SECOND);
    assert_string_equal(desk.updates, "accepted accepted accepted");
    floor_halt(desk.floor, 0, false);
    assert_int_equal(buy->order.status, TW_ORDER_FILLED);
    assert_int_equal(high->order.status, TW_ORDER_FILLED);
    assert_int_equal(buy->order.average_price.nano, last_print()->price.nano);
    assert_int_equal(high->order.average_price.nano, last_print()->price.nano);
    assert_int_equal(low->order.status, TW_ORDER_NEW);
    assert_int_equal(low->place, ORDER_ON_FLOOR);
}

static void an_order_is_cancelled_in_a_halt_wherever_it_is(void **state) {
    (void)state;
    const ledger_order *resting = order(TW_SIDE_BUY, 10, -300);
    floor_halt(desk.floor, 0, true);
    const ledger_order *waiting = order(TW_SIDE_BUY, 10, 0);
    assert_int_equal(ledger_cancel(desk.ledger, resting, &refusal), TW_OK);
    assert_int_equal(ledger_cancel(desk.ledger, waiting, &refusal), TW_OK);
    assert_string_equal(desk.updates, "new accepted canceled canceled");
    floor_halt(desk.floor, 0, false);
    assert_string_equal(desk.updates, "new accepted canceled canceled");
}

static void what_rests_trades_in_the_auction_as_it_was_replaced(void **state) {
    (void)state;
    const ledger_order *resting = order(TW_SIDE_BUY, 10, -300);
    floor_halt(desk.floor, 0, true);
    tw_alpaca_order_request changes = {
        .limit_price = {floor_price(desk.floor, 0).nano / TW_NANO * 2 * TW_NANO},
        .present = TW_ALPACA_BIT(TW_ALPACA_REQUEST_LIMIT_PRICE)};
    ledger_order next;
    assert_int_equal(ledger_replace(desk.ledger, resting, &changes, &next, &refusal), TW_OK);
    advance(TW_NS_PER_SECOND);
    floor_halt(desk.floor, 0, false);
    const ledger_order *made =
        ledger_find(desk.ledger, desk.account, tw_slice_of(next.order.venue_order_id));
    assert_int_equal(made->order.status, TW_ORDER_FILLED);
    assert_int_equal(made->order.average_price.nano, last_print()->price.nano);
}

static void the_rest_of_a_market_order_does_not_stay(void **state) {
    (void)state;
    floor_halt(desk.floor, 0, true);
    const ledger_order *buy = order(TW_SIDE_BUY, 40000, 0);
    floor_halt(desk.floor, 0, false);
    assert_int_equal(buy->order.status, TW_ORDER_CANCELED);
    assert_true(buy->order.filled.nano > 0);
    assert_int_equal(desk.account->reserved.nano, 0);
}

static void groups_and_immediate_orders_come_behind_the_auction(void **state) {
    (void)state;
    floor_halt(desk.floor, 0, true);
    int64_t price = floor_price(desk.floor, 0).nano;
    tw_alpaca_order_request request = desk_request("AAA", TW_SIDE_BUY, 10 * TW_NANO, 0);
    request.time_in_force = TW_IMMEDIATE_OR_CANCEL;
    const ledger_order *now = send(&request);
    request.time_in_force = TW_DAY;
    snprintf(request.order_class, sizeof request.order_class, "oto");
    request.stop_loss_stop_price.nano = price / TW_NANO * TW_NANO / 2;
    request.present |= TW_ALPACA_BIT(TW_ALPACA_REQUEST_STOP_LOSS);
    const ledger_order *entry = send(&request);
    const ledger_order *leg = ledger_order_at(desk.ledger, entry->legs[0]);
    assert_string_equal(desk.updates, "accepted accepted");
    floor_halt(desk.floor, 0, false);
    assert_int_equal(now->order.status, TW_ORDER_FILLED);
    assert_int_equal(entry->order.status, TW_ORDER_FILLED);
    assert_int_equal(leg->order.status, TW_ORDER_NEW);
}

#define HALT_TEST(name) cmocka_unit_test_setup_teardown(name, trade, leave)

int main(void) {
    const struct CMUnitTest tests[] = {
        HALT_TEST(nothing_is_shown_of_what_gathers),
        HALT_TEST(a_halt_that_ends_at_night_trades_nothing),
        HALT_TEST(orders_wait_as_accepted_and_trade_as_it_reopens),
        HALT_TEST(an_order_is_cancelled_in_a_halt_wherever_it_is),
        HALT_TEST(what_rests_trades_in_the_auction_as_it_was_replaced),
        HALT_TEST(the_rest_of_a_market_order_does_not_stay),
        HALT_TEST(groups_and_immediate_orders_come_behind_the_auction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
