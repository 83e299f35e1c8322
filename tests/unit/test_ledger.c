/*
 * test_ledger.c - orders, cash and shares of an account on a living floor.
 *
 * The desk keeps cash and shares a second time, from the trades alone; after every step both must
 * agree to the last nano-dollar, and the ledger's own invariants must hold.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "exchange_desk.h"
#include "failing_heap.h"

static trading_desk shared;

static int open_with(void **state, int64_t cash_nano) {
    const desk_config config = {.symbols = "AAA,BBB,CCC", .seed = 3, .cash = {cash_nano}};
    *state = &shared;
    return desk_open(&shared, NULL, &config, NULL) == TW_OK ? 0 : -1;
}

static int set_up(void **state) {
    return open_with(state, 100000 * TW_NANO);
}

static int set_up_rich(void **state) {
    return open_with(state, 100000000 * TW_NANO);
}

static int tear_down(void **state) {
    desk_close(*state);
    return 0;
}

static void check(const trading_desk *desk) {
    ledger_check(desk->ledger);
    assert_int_equal(desk->account->cash.nano, desk->cash_nano);
    assert_int_equal(desk->cash_nano + desk->other_cash_nano, desk->account->cash_start.nano);
    for (tw_symbol s = 0; s < tw_symbols_count(desk->symbols); s++) {
        assert_int_equal(desk->account->holdings[s].quantity.nano, desk->shares_nano[s]);
        assert_int_equal(desk->shares_nano[s] + desk->other_shares_nano[s], 0);
        assert_true(desk->account->holdings[s].cost.nano >= 0);
        assert_true(desk->account->holdings[s].quantity.nano > 0 ||
                    desk->account->holdings[s].cost.nano == 0);
    }
}

/* Submits and returns the order as the ledger keeps it. */
static const ledger_order *submit(trading_desk *desk, const tw_alpaca_order_request *request) {
    ledger_order order;
    ledger_refusal refusal = {0};
    tw_status status = ledger_submit(desk->ledger, desk->account, request, &order, &refusal);
    if (status != TW_OK)
        fail_msg("refused: %s", refusal.message);
    assert_int_equal(order.order.status, TW_ORDER_PENDING_NEW);
    assert_int_equal(order.order.filled.nano, 0);
    return ledger_find(desk->ledger, desk->account, tw_slice_of(order.order.venue_order_id));
}

static void advance(trading_desk *desk, int64_t span_ns) {
    assert_int_equal(floor_advance(desk->floor, floor_now(desk->floor) + span_ns, UINT64_MAX, NULL),
                     TW_OK);
}

static tw_quote quote_of(const trading_desk *desk, tw_symbol symbol) {
    tw_quote quote;
    floor_quote(desk->floor, symbol, &quote);
    return quote;
}

static void a_market_order_fills_at_the_best_price(void **state) {
    trading_desk *desk = *state;
    tw_quote quote = quote_of(desk, 0);
    tw_alpaca_order_request request = desk_request("AAA", TW_SIDE_BUY, TW_NANO, 0);
    const ledger_order *order = submit(desk, &request);
    assert_string_equal(desk->updates, "new fill");
    assert_int_equal(order->order.status, TW_ORDER_FILLED);
    assert_int_equal(order->order.type, TW_ORDER_MARKET);
    assert_int_equal(order->order.time_in_force, TW_DAY);
    assert_int_equal(order->order.average_price.nano, quote.ask_price.nano);
    assert_int_equal(desk->account->cash.nano, 100000 * TW_NANO - quote.ask_price.nano);
    assert_int_equal(desk->account->reserved.nano, 0);
    assert_int_equal(desk->last_update.position.nano, TW_NANO);
    assert_int_equal(desk->last_update.price.nano, quote.ask_price.nano);
    check(desk);
}

static void a_resting_order_holds_its_money_and_gives_it_back(void **state) {
    trading_desk *desk = *state;
    tw_alpaca_order_request request =
        desk_request("AAA", TW_SIDE_BUY, 5 * TW_NANO / 2, INT64_C(3330000000));
    const ledger_order *order = submit(desk, &request);
    assert_string_equal(desk->updates, "new");
    assert_int_equal(order->order.status, TW_ORDER_NEW);
    assert_int_equal(desk->account->reserved.nano, INT64_C(8325000000));
    check(desk);
    ledger_refusal refusal = {0};
    assert_int_equal(ledger_cancel(desk->ledger, order, &refusal), TW_OK);
    assert_string_equal(desk->updates, "new canceled");
    assert_int_equal(order->order.status, TW_ORDER_CANCELED);
    assert_int_equal(desk->account->reserved.nano, 0);
    assert_int_equal(ledger_cancel(desk->ledger, order, &refusal), TW_REFUSED);
    assert_int_equal(refusal.http_status, 422);
    assert_int_equal(refusal.code, 42210000);
    assert_string_equal(refusal.message, "order is already in \"canceled\" state");
    check(desk);
}

static void agents_fill_what_rests(void **state) {
    trading_desk *desk = *state;
    tw_quote quote = quote_of(desk, 0);
    tw_alpaca_order_request request =
        desk_request("AAA", TW_SIDE_BUY, 300 * TW_NANO, quote.bid_price.nano + TW_NANO / 100);
    if (request.limit_price.nano >= quote.ask_price.nano)
        request.limit_price = quote.bid_price;
    const ledger_order *order = submit(desk, &request);
    for (int i = 0; i < 3600 && order->order.status != TW_ORDER_FILLED; i++) {
        advance(desk, TW_NS_PER_SECOND);
        check(desk);
    }
    assert_int_equal(order->order.status, TW_ORDER_FILLED);
    assert_int_equal(order->order.average_price.nano, request.limit_price.nano);
    assert_int_equal(order->order.filled.nano, 300 * TW_NANO);
    assert_null(strstr(desk->updates, "fill new")); /* new first, then fills */
    assert_memory_equal(desk->updates, "new ", 4);
}

static void a_partly_filled_order_can_be_cancelled(void **state) {
    trading_desk *desk = *state;
    tw_quote quote = quote_of(desk, 0);
    tw_alpaca_order_request request =
        desk_request("AAA", TW_SIDE_BUY, quote.ask_size.nano + 7 * TW_NANO, quote.ask_price.nano);
    const ledger_order *order = submit(desk, &request);
    assert_int_equal(order->order.status, TW_ORDER_PARTIALLY_FILLED);
    assert_int_equal(order->order.filled.nano, quote.ask_size.nano);
    assert_int_equal(desk->account->reserved.nano, 7 * quote.ask_price.nano);
    check(desk);
    ledger_refusal refusal;
    assert_int_equal(ledger_cancel(desk->ledger, order, &refusal), TW_OK);
    assert_int_equal(order->order.status, TW_ORDER_CANCELED);
    assert_int_equal(order->order.filled.nano, quote.ask_size.nano);
    assert_int_equal(desk->account->reserved.nano, 0);
    check(desk);
}

/* What is refused at the gate may still meet as a group on the floor. */
/* An entry that takes all there is up to three percent above the market, and waits for more. */
static const ledger_order *enter_big_bracket(trading_desk *desk) {
    int64_t dollars = quote_of(desk, 0).ask_price.nano * 103 / 100 / TW_NANO * TW_NANO;
    tw_alpaca_order_request request = desk_request("AAA", TW_SIDE_BUY, 20000 * TW_NANO, dollars);
    request.time_in_force = TW_GOOD_TILL_CANCELED;
    snprintf(request.order_class, sizeof request.order_class, "bracket");
    request.take_profit_limit_price.nano = dollars * 2;
    request.stop_loss_stop_price.nano = TW_NANO;
    request.present |=
        TW_ALPACA_BIT(TW_ALPACA_REQUEST_TAKE_PROFIT) | TW_ALPACA_BIT(TW_ALPACA_REQUEST_STOP_LOSS);
    return submit(desk, &request);
}

static void a_half_filled_entry_rests_over_the_night(void **state) {
    trading_desk *desk = *state;
    const ledger_order *entry = enter_big_bracket(desk);
    const ledger_order *profit = ledger_order_at(desk->ledger, entry->legs[0]);
    const ledger_order *loss = ledger_order_at(desk->ledger, entry->legs[1]);
    assert_int_equal(entry->order.status, TW_ORDER_PARTIALLY_FILLED);
    int64_t evening_ns = session_next_close(DESK_START_NS) + TW_NS_PER_MINUTE;
    assert_int_equal(floor_jump(desk->floor, evening_ns, NULL), TW_OK);
    int64_t filled = entry->order.filled.nano;
    advance(desk, TW_NS_PER_HOUR);
    assert_int_equal(entry->place, ORDER_WAITS);
    assert_int_equal(entry->order.filled.nano, filled);
    assert_int_equal(profit->order.status, TW_ORDER_HELD);
    check(desk);
    assert_int_equal(floor_jump(desk->floor, session_next_open(floor_now(desk->floor)), NULL),
                     TW_OK);
    assert_true(entry->order.filled.nano > filled);
    advance(desk, 30 * TW_NS_PER_MINUTE);
    assert_int_equal(entry->order.status, TW_ORDER_FILLED);
    assert_int_equal(profit->order.status, TW_ORDER_NEW);
    assert_int_equal(profit->order.quantity.nano, entry->order.quantity.nano);
    assert_int_equal(loss->order.status, TW_ORDER_HELD);
    check(desk);
}

static void an_order_never_trades_with_its_owner(void **state) {
    trading_desk *desk = *state;
    tw_alpaca_order_request request = desk_request("AAA", TW_SIDE_BUY, 10 * TW_NANO, 0);
    submit(desk, &request);
    tw_quote quote = quote_of(desk, 0);
    int64_t inside = quote.ask_price.nano - TW_NANO / 100;
    assert_true(inside > quote.bid_price.nano);
    request = desk_request("AAA", TW_SIDE_SELL, 10 * TW_NANO, inside);
    const ledger_order *sell = submit(desk, &request);
    assert_int_equal(sell->order.status, TW_ORDER_NEW);
    assert_int_equal(desk->account->holdings[0].reserved.nano, 10 * TW_NANO);
    request = desk_request("AAA", TW_SIDE_BUY, 5 * TW_NANO, inside);
    strcpy(request.order_class, "oto");
    request.take_profit_limit_price.nano = inside + TW_NANO;
    request.present |= TW_ALPACA_BIT(TW_ALPACA_REQUEST_TAKE_PROFIT);
    desk->updates[0] = '\0';
    const ledger_order *buy = submit(desk, &request);
    assert_int_equal(buy->order.status, TW_ORDER_CANCELED);
    assert_string_equal(desk->updates, "new canceled canceled");
    assert_int_equal(sell->order.status, TW_ORDER_NEW);
    check(desk);
}

/* Two asks of a tape, the second far above the first. */
static void a_market_buy_never_pays_more_than_was_held(void **state) {
    static trading_desk taped;
    char path[64];
    (void)state;
    desk_write_file(path, "34200.1,1,1,100,100000,-1\n"
                          "34200.1,1,2,100,500000,-1\n");
    const desk_config config = {
        .symbols = "AAA", .seed = 3, .cash = {2500 * TW_NANO}, .tape_path = path};
    assert_int_equal(desk_open(&taped, NULL, &config, NULL), TW_OK);
    advance(&taped, TW_NS_PER_SECOND);
    tw_alpaca_order_request request = desk_request("AAA", TW_SIDE_BUY, 200 * TW_NANO, 0);
    const ledger_order *order = submit(&taped, &request);
    assert_string_equal(taped.updates, "new partial_fill canceled");
    assert_int_equal(order->order.filled.nano, 100 * TW_NANO);
    assert_int_equal(taped.account->cash.nano, 1500 * TW_NANO);
    assert_int_equal(quote_of(&taped, 0).ask_price.nano, 50 * TW_NANO);
    check(&taped);
    desk_close(&taped);
    unlink(path);
}

static void fractions_never_cost_more_than_was_held(void **state) {
    trading_desk *desk = *state;
    /* All the money is held for one order that fills in many odd parts. */
    tw_quote quote = quote_of(desk, 1);
    for (int i = 0; i < 40; i++) {
        tw_alpaca_order_request request =
            desk_request("BBB", TW_SIDE_BUY, INT64_C(333333333) + i, quote.ask_price.nano);
        submit(desk, &request);
        check(desk);
        quote = quote_of(desk, 1);
    }
    int64_t rest = desk->account->cash.nano - desk->account->reserved.nano;
    int64_t quantity = 0;
    assert_int_equal(tw_decimal_divide(rest, quote.bid_price.nano, TW_ROUND_DOWN, &quantity),
                     TW_OK);
    tw_alpaca_order_request request =
        desk_request("BBB", TW_SIDE_BUY, quantity, quote.bid_price.nano);
    submit(desk, &request);
    for (int i = 0; i < 600; i++) {
        advance(desk, TW_NS_PER_SECOND);
        check(desk);
    }
}

static void notional_orders_spend_at_most_their_amount(void **state) {
    trading_desk *desk = *state;
    tw_alpaca_order_request request = desk_request("CCC", TW_SIDE_BUY, 0, 0);
    request.present &= ~TW_ALPACA_BIT(TW_ALPACA_REQUEST_QTY);
    request.present |= TW_ALPACA_BIT(TW_ALPACA_REQUEST_NOTIONAL);
    request.notional.nano = 1000 * TW_NANO + 1;
    const ledger_order *order = submit(desk, &request);
    assert_int_equal(order->order.status, TW_ORDER_FILLED);
    assert_int_equal(order->notional.nano, 1000 * TW_NANO + 1);
    int64_t spent = 100000 * TW_NANO - desk->account->cash.nano;
    assert_true(spent <= 1000 * TW_NANO + 1 && spent > 900 * TW_NANO);
    check(desk);
}

static void immediate_orders_leave_nothing(void **state) {
    trading_desk *desk = *state;
    tw_quote quote = quote_of(desk, 0);
    tw_alpaca_order_request request =
        desk_request("AAA", TW_SIDE_BUY, quote.ask_size.nano + TW_NANO, quote.ask_price.nano);
    request.time_in_force = TW_FILL_OR_KILL;
    const ledger_order *killed = submit(desk, &request);
    assert_int_equal(killed->order.status, TW_ORDER_CANCELED);
    assert_int_equal(killed->order.filled.nano, 0);
    request.time_in_force = TW_IMMEDIATE_OR_CANCEL;
    const ledger_order *part = submit(desk, &request);
    assert_int_equal(part->order.status, TW_ORDER_CANCELED);
    assert_int_equal(part->order.filled.nano, quote.ask_size.nano);
    request = desk_request("AAA", TW_SIDE_BUY, TW_NANO, 0);
    request.time_in_force = TW_FILL_OR_KILL;
    assert_int_equal(submit(desk, &request)->order.status, TW_ORDER_FILLED);
    check(desk);
}

static void orders_are_found_by_both_ids(void **state) {
    trading_desk *desk = *state;
    tw_alpaca_order_request request = desk_request("AAA", TW_SIDE_BUY, TW_NANO, TW_NANO);
    strcpy(request.client_order_id, "mine");
    request.present |= TW_ALPACA_BIT(TW_ALPACA_REQUEST_CLIENT_ORDER_ID);
    const ledger_order *order = submit(desk, &request);
    assert_ptr_equal(ledger_find_client(desk->ledger, desk->account, tw_slice_of("mine")), order);
    assert_null(ledger_find_client(desk->ledger, desk->account, tw_slice_of("mine2")));
    assert_null(ledger_find_client(desk->ledger, desk->account, (tw_slice){0}));
    assert_null(ledger_find(desk->ledger, desk->account, tw_slice_of("mine")));
    request.client_order_id[0] = '\0';
    const ledger_order *unnamed = submit(desk, &request);
    assert_int_equal(strlen(unnamed->order.client_order_id), 36);
    assert_ptr_equal(ledger_find_client(desk->ledger, desk->account,
                                        tw_slice_of(unnamed->order.client_order_id)),
                     unnamed);
}

static void only_the_whole_key_and_secret_are_accepted(void **state) {
    trading_desk *desk = *state;
    static const char *const pairs[][2] = {
        {"key", "secre"},  {"key", "secretx"}, {"ke", "secret"},  {"", ""},
        {"secret", "key"}, {"KEY", "secret"},  {"key", "secreT"}, {"keykey", "secret"}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        assert_null(
            ledger_authenticate(desk->ledger, tw_slice_of(pairs[i][0]), tw_slice_of(pairs[i][1])));
    assert_ptr_equal(ledger_authenticate(desk->ledger, tw_slice_of("key"), tw_slice_of("secret")),
                     desk->account);
}

static void a_holding_given_at_the_start_costs_its_price(void **state) {
    trading_desk *desk = *state;
    const tw_price price = {100 * TW_NANO};
    assert_int_equal(
        ledger_endow(desk->ledger, desk->account, 0, (tw_quantity){1001 * TW_NANO}, price),
        TW_LIMIT);
    assert_int_equal(ledger_endow(desk->ledger, desk->account, 0, (tw_quantity){INT64_MAX}, price),
                     TW_OVERFLOW);
    assert_int_equal(desk->account->cash.nano, 100000 * TW_NANO);
    assert_int_equal(
        ledger_endow(desk->ledger, desk->account, 0, (tw_quantity){600 * TW_NANO}, price), TW_OK);
    assert_int_equal(desk->account->cash.nano, 40000 * TW_NANO);
    assert_int_equal(desk->account->holdings[0].quantity.nano, 600 * TW_NANO);
    assert_int_equal(desk->account->holdings[0].cost.nano, 60000 * TW_NANO);
    ledger_check(desk->ledger);
    tw_alpaca_order_request request = desk_request("AAA", TW_SIDE_SELL, 600 * TW_NANO, 0);
    submit(desk, &request); /* they can be sold */
    ledger_check(desk->ledger);
}

/* ---- random sequences ---- */

static void random_order(trading_desk *desk, tw_random *random) {
    static const char *const names[] = {"AAA", "BBB", "CCC"};
    static const uint8_t times[] = {TW_DAY, TW_GOOD_TILL_CANCELED, TW_IMMEDIATE_OR_CANCEL,
                                    TW_FILL_OR_KILL};
    tw_symbol symbol = (tw_symbol)tw_random_below(random, 3);
    tw_side side = tw_random_below(random, 2) == 0 ? TW_SIDE_BUY : TW_SIDE_SELL;
    tw_quote quote = quote_of(desk, symbol);
    int64_t base = quote.ask_size.nano > 0 ? quote.ask_price.nano : 50 * TW_NANO;
    int64_t ticks = base / (TW_NANO / 100) + (int64_t)tw_random_below(random, 21) - 10;
    bool market = tw_random_below(random, 3) == 0;
    int64_t quantity = (int64_t)tw_random_below(random, 400 * (uint64_t)TW_NANO);
    if (tw_random_below(random, 2) == 0)
        quantity -= quantity % TW_NANO;
    tw_alpaca_order_request request =
        desk_request(names[symbol], side, quantity, market ? 0 : ticks * (TW_NANO / 100));
    request.time_in_force = times[tw_random_below(random, 4)];
    ledger_order order;
    ledger_refusal refusal;
    tw_status status = ledger_submit(desk->ledger, desk->account, &request, &order, &refusal);
    assert_true(status == TW_OK || status == TW_REFUSED);
}

static void random_cancel(trading_desk *desk, tw_random *random) {
    uint32_t count = 0;
    const ledger_order *orders = ledger_orders(desk->ledger, &count);
    ledger_refusal refusal;
    if (count == 0)
        return;
    const ledger_order *order = &orders[tw_random_below(random, count)];
    bool final = tw_order_status_is_final((tw_order_status)order->order.status);
    assert_int_equal(ledger_cancel(desk->ledger, order, &refusal), final ? TW_REFUSED : TW_OK);
}

static void money_and_shares_are_conserved(void **state) {
    trading_desk *desk = *state;
    tw_random random;
    tw_random_init(&random, 17, 0);
    for (int i = 0; i < 3000; i++) {
        desk->updates[0] = '\0';
        switch (tw_random_below(&random, 4)) {
        case 0:
        case 1:
            random_order(desk, &random);
            break;
        case 2:
            random_cancel(desk, &random);
            break;
        default:
            advance(desk, (int64_t)tw_random_below(&random, 2 * TW_NS_PER_SECOND));
            break;
        }
        if (i % 8 == 0)
            check(desk);
    }
    check(desk);
    tw_match_check(floor_match(desk->floor));
    uint32_t count = 0;
    uint32_t filled = 0;
    const ledger_order *orders = ledger_orders(desk->ledger, &count);
    for (uint32_t i = 0; i < count; i++)
        filled += orders[i].order.filled.nano > 0;
    assert_true(count > 500 && filled > 200); /* the sequence did something */
}

static tw_status open_and_close(const tw_allocator *allocator, void *context) {
    static trading_desk desk;
    tw_status status = desk_open(&desk, allocator, context, NULL);
    if (status == TW_OK)
        desk_close(&desk);
    return status;
}

static void nothing_is_left_when_memory_runs_out(void **state) {
    (void)state;
    desk_config config = {
        .symbols = "AAA,BBB", .seed = 3, .cash = {TW_NANO}, .order_count_max = 64};
    assert_survives_failed_allocations(open_and_close, &config);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_market_order_fills_at_the_best_price, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_resting_order_holds_its_money_and_gives_it_back, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(agents_fill_what_rests, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_partly_filled_order_can_be_cancelled, set_up_rich,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_half_filled_entry_rests_over_the_night, set_up_rich,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_order_never_trades_with_its_owner, set_up, tear_down),
        cmocka_unit_test(a_market_buy_never_pays_more_than_was_held),
        cmocka_unit_test_setup_teardown(fractions_never_cost_more_than_was_held, set_up, tear_down),
        cmocka_unit_test_setup_teardown(notional_orders_spend_at_most_their_amount, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(immediate_orders_leave_nothing, set_up_rich, tear_down),
        cmocka_unit_test_setup_teardown(orders_are_found_by_both_ids, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_the_whole_key_and_secret_are_accepted, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_holding_given_at_the_start_costs_its_price, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(money_and_shares_are_conserved, set_up_rich, tear_down),
        cmocka_unit_test(nothing_is_left_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
