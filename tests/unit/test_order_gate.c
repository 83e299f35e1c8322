/* test_order_gate.c - every refusal, with its HTTP status, code and sentence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "exchange_desk.h"
#include "ledger_priv.h"

static trading_desk shared;

static int set_up(void **state) {
    const desk_config config = {
        .symbols = "AAA,BBB", .seed = 3, .cash = {100000 * TW_NANO}, .order_count_max = 64};
    *state = &shared;
    return desk_open(&shared, NULL, &config, NULL) == TW_OK ? 0 : -1;
}

static int tear_down(void **state) {
    desk_close(*state);
    return 0;
}

static tw_alpaca_order_request good(void) {
    return desk_request("AAA", TW_SIDE_BUY, TW_NANO, 10 * TW_NANO);
}

static void assert_refused(const trading_desk *desk, const tw_alpaca_order_request *request,
                           uint32_t http_status, int64_t code, const char *message) {
    order_ticket ticket;
    memset(&ticket, 0x5a, sizeof ticket);
    ledger_refusal refusal = {0};
    uint64_t before = desk->hash;
    assert_int_equal(order_gate(desk->ledger, desk->account, request, &ticket, &refusal),
                     TW_REFUSED);
    assert_string_equal(refusal.message, message);
    assert_int_equal(refusal.http_status, http_status);
    assert_int_equal(refusal.code, code);
    assert_int_equal(desk->hash, before);
}

static void assert_taken(const trading_desk *desk, const tw_alpaca_order_request *request) {
    order_ticket ticket;
    ledger_refusal refusal = {0};
    tw_status status = order_gate(desk->ledger, desk->account, request, &ticket, &refusal);
    assert_string_equal(refusal.message, "");
    assert_int_equal(status, TW_OK);
}

static void unset(tw_alpaca_order_request *request, tw_alpaca_request_field field) {
    request->present &= ~TW_ALPACA_BIT(field);
}

static void set(tw_alpaca_order_request *request, tw_alpaca_request_field field) {
    request->present |= TW_ALPACA_BIT(field);
}

static void words_that_are_none_are_named(void **state) {
    trading_desk *desk = *state;
    tw_alpaca_order_request request = good();
    assert_taken(desk, &request);
    strcpy(request.symbol, "NONE");
    assert_refused(desk, &request, 422, 42210000, "asset \"NONE\" not found");
    request = good();
    unset(&request, TW_ALPACA_REQUEST_SIDE);
    strcpy(request.side_word, "hold");
    assert_refused(desk, &request, 422, 40010001, "invalid side: \"hold\"");
    request = good();
    unset(&request, TW_ALPACA_REQUEST_TYPE);
    strcpy(request.type_word, "wish");
    assert_refused(desk, &request, 422, 40010001, "invalid type: \"wish\"");
    request = good();
    unset(&request, TW_ALPACA_REQUEST_TIME_IN_FORCE);
    assert_refused(desk, &request, 422, 40010001, "invalid time_in_force: \"\"");
}

static int64_t market(const trading_desk *desk) {
    return floor_price(desk->floor, 0).nano;
}

/* Whole cents near a part of the market's price. */
static tw_price priced(const trading_desk *desk, int64_t percent) {
    return (tw_price){market(desk) / 100 * percent / (TW_NANO / 100) * (TW_NANO / 100)};
}

static tw_alpaca_order_request stop_of(const trading_desk *desk, tw_order_type type) {
    tw_alpaca_order_request request = good();
    request.type = (uint8_t)type;
    request.stop_price = priced(desk, 110);
    set(&request, TW_ALPACA_REQUEST_STOP_PRICE);
    if (type == TW_ORDER_STOP)
        unset(&request, TW_ALPACA_REQUEST_LIMIT_PRICE);
    return request;
}

static void stops_have_their_prices_and_rest(void **state) {
    trading_desk *desk = *state;
    tw_alpaca_order_request request = stop_of(desk, TW_ORDER_STOP);
    assert_taken(desk, &request);
    request.time_in_force = TW_IMMEDIATE_OR_CANCEL;
    assert_refused(desk, &request, 422, 42210000, "stop orders must be DAY or GTC orders");
    request = stop_of(desk, TW_ORDER_STOP);
    set(&request, TW_ALPACA_REQUEST_LIMIT_PRICE);
    assert_refused(desk, &request, 422, 40010001, "stop orders require only stop price");
    request = stop_of(desk, TW_ORDER_STOP_LIMIT);
    assert_taken(desk, &request);
    unset(&request, TW_ALPACA_REQUEST_LIMIT_PRICE);
    assert_refused(desk, &request, 422, 40010001,
                   "stop limit orders require both stop and limit price");
    request = stop_of(desk, TW_ORDER_STOP);
    request.stop_price = priced(desk, 90);
    assert_refused(desk, &request, 422, 42210000, "stop price must be greater than current price");
    request.side = TW_SIDE_SELL;
    desk->account->holdings[0].quantity.nano = TW_NANO;
    assert_taken(desk, &request);
    request.stop_price = priced(desk, 110);
    assert_refused(desk, &request, 422, 42210000, "stop price must be less than current price");
    desk->account->holdings[0].quantity.nano = 0;
}

static void trails_are_one_of_two(void **state) {
    trading_desk *desk = *state;
    tw_alpaca_order_request request = desk_request("AAA", TW_SIDE_BUY, TW_NANO, 0);
    request.type = TW_ORDER_TRAILING_STOP;
    assert_refused(desk, &request, 422, 40010001,
                   "trailing stop orders require one of trail_price or trail_percent");
    set(&request, TW_ALPACA_REQUEST_TRAIL_PERCENT);
    request.trail_percent_nano = 100 * TW_NANO;
    assert_refused(desk, &request, 422, 40010001, "trail_percent must be > 0 and < 100");
    request.trail_percent_nano = 2 * TW_NANO;
    assert_taken(desk, &request);
    set(&request, TW_ALPACA_REQUEST_TRAIL_PRICE);
    request.trail_price.nano = TW_NANO;
    assert_refused(desk, &request, 422, 40010001,
                   "trailing stop orders require one of trail_price or trail_percent");
    unset(&request, TW_ALPACA_REQUEST_TRAIL_PERCENT);
    request.trail_percent_nano = 0;
    assert_taken(desk, &request);
    request.trail_price.nano = 1;
    assert_refused(desk, &request, 422, 42210000,
                   "invalid trail_price 0.000000001. sub-penny increment does not fulfill minimum "
                   "pricing criteria");
    request = good();
    set(&request, TW_ALPACA_REQUEST_TRAIL_PRICE);
    assert_refused(desk, &request, 422, 40010001,
                   "only trailing stop orders take trail_price or trail_percent");
}

static tw_alpaca_order_request bracket_of(const trading_desk *desk) {
    tw_alpaca_order_request request = desk_request("AAA", TW_SIDE_BUY, TW_NANO, 0);
    strcpy(request.order_class, "bracket");
    request.take_profit_limit_price = priced(desk, 120);
    request.stop_loss_stop_price = priced(desk, 80);
    set(&request, TW_ALPACA_REQUEST_TAKE_PROFIT);
    set(&request, TW_ALPACA_REQUEST_STOP_LOSS);
    return request;
}

static void classes_have_what_they_need(void **state) {
    trading_desk *desk = *state;
    tw_alpaca_order_request request = good();
    strcpy(request.order_class, "simple");
    assert_taken(desk, &request);
    strcpy(request.order_class, "mleg");
    assert_refused(desk, &request, 422, 40010001, "invalid order_class: \"mleg\"");
    request = bracket_of(desk);
    assert_taken(desk, &request);
    request.order_class[0] = '\0';
    assert_refused(desk, &request, 422, 42210000,
                   "simple orders take no take_profit and no stop_loss");
    request = bracket_of(desk);
    request.take_profit_limit_price.nano = 0;
    assert_refused(desk, &request, 422, 42210000, "bracket orders require take_profit.limit_price");
    request = bracket_of(desk);
    request.stop_loss_stop_price.nano = 0;
    assert_refused(desk, &request, 422, 42210000, "bracket orders require stop_loss.stop_price");
    request = bracket_of(desk);
    request.time_in_force = TW_FILL_OR_KILL;
    assert_refused(desk, &request, 422, 42210000, "bracket orders must be DAY or GTC orders");
    request = bracket_of(desk);
    request.quantity.nano = TW_NANO / 2;
    assert_refused(desk, &request, 422, 42210000, "fractional orders must be simple orders");
    request = bracket_of(desk);
    strcpy(request.order_class, "oto");
    assert_refused(desk, &request, 422, 42210000,
                   "oto orders require one of take_profit and stop_loss");
    unset(&request, TW_ALPACA_REQUEST_TAKE_PROFIT);
    assert_taken(desk, &request);
    request = bracket_of(desk);
    strcpy(request.order_class, "oco");
    assert_refused(desk, &request, 422, 42210000, "oco orders must be limit orders");
    request.type = TW_ORDER_LIMIT;
    assert_refused(desk, &request, 422, 42210000, "oco orders must be exit orders");
}

static void legs_are_beyond_the_base_price(void **state) {
    trading_desk *desk = *state;
    tw_alpaca_order_request request = bracket_of(desk);
    request.take_profit_limit_price = priced(desk, 95);
    assert_refused(desk, &request, 422, 42210000,
                   "take_profit.limit_price must be >= base_price + 0.01");
    request = bracket_of(desk);
    request.stop_loss_stop_price = priced(desk, 105);
    assert_refused(desk, &request, 422, 42210000,
                   "stop_loss.stop_price must be <= base_price - 0.01");
    request = bracket_of(desk);
    request.type = TW_ORDER_LIMIT;
    request.limit_price = priced(desk, 70);
    set(&request, TW_ALPACA_REQUEST_LIMIT_PRICE);
    assert_refused(desk, &request, 422, 42210000,
                   "stop_loss.stop_price must be <= base_price - 0.01");
    request.stop_loss_stop_price.nano = request.limit_price.nano - TW_NANO / 100;
    assert_taken(desk, &request);
}

static void an_intent_must_be_what_the_order_does(void **state) {
    trading_desk *desk = *state;
    tw_alpaca_order_request request = good();
    strcpy(request.position_intent, "buy_to_open");
    assert_taken(desk, &request);
    strcpy(request.position_intent, "buy_to_close");
    assert_refused(desk, &request, 422, 42210000,
                   "position intent mismatch, inferred: buy_to_open, specified: buy_to_close");
}

static void orders_for_auctions_are_taken_before_them(void **state) {
    trading_desk *desk = *state; /* it is 9:30 */
    tw_alpaca_order_request request = good();
    request.time_in_force = TW_AT_CLOSE;
    assert_taken(desk, &request);
    request.time_in_force = TW_AT_OPEN;
    assert_refused(desk, &request, 422, 42210000,
                   "opg orders must be submitted after 7:00pm and before 9:28am");
}

static void extended_hours_are_for_day_limit_orders(void **state) {
    trading_desk *desk = *state;
    tw_alpaca_order_request request = good();
    request.extended_hours = true;
    assert_taken(desk, &request);
    request.time_in_force = TW_IMMEDIATE_OR_CANCEL;
    assert_refused(desk, &request, 422, 42210000, "extended hours order must be DAY limit orders");
    request = desk_request("AAA", TW_SIDE_BUY, TW_NANO, 0);
    request.extended_hours = true;
    assert_refused(desk, &request, 422, 42210000, "extended hours order must be DAY limit orders");
}

static void prices_fit_the_type(void **state) {
    trading_desk *desk = *state;
    tw_alpaca_order_request request = good();
    request.type = TW_ORDER_MARKET;
    assert_refused(desk, &request, 422, 40010001, "market orders require no stop or limit price");
    request = desk_request("AAA", TW_SIDE_BUY, TW_NANO, 0);
    set(&request, TW_ALPACA_REQUEST_STOP_PRICE);
    assert_refused(desk, &request, 422, 40010001, "market orders require no stop or limit price");
    request = good();
    unset(&request, TW_ALPACA_REQUEST_LIMIT_PRICE);
    assert_refused(desk, &request, 422, 40010001, "limit orders require only limit price");
    request = good();
    set(&request, TW_ALPACA_REQUEST_STOP_PRICE);
    assert_refused(desk, &request, 422, 40010001, "limit orders require only limit price");
    request = good();
    request.limit_price.nano = 0;
    assert_refused(desk, &request, 422, 40010001, "limit price must be > 0");
    request.limit_price.nano = INT64_MIN;
    assert_refused(desk, &request, 422, 40010001, "limit price must be > 0");
}

static void increments_depend_on_the_price(void **state) {
    trading_desk *desk = *state;
    static const struct {
        int64_t nano;
        const char *text; /* NULL: a price that is taken */
    } rows[] = {
        {INT64_C(10010000000), NULL},
        {INT64_C(10001000000), "10.001"},
        {TW_NANO, NULL},
        {INT64_C(1000100000), "1.0001"},
        {INT64_C(999900000), NULL},
        {INT64_C(999950000), "0.99995"},
        {INT64_C(100000), NULL},
        {1, "0.000000001"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tw_alpaca_order_request request = good();
        request.limit_price.nano = rows[i].nano;
        char message[160];
        snprintf(message, sizeof message,
                 "invalid limit_price %s. sub-penny increment does not fulfill minimum pricing "
                 "criteria",
                 rows[i].text == NULL ? "" : rows[i].text);
        if (rows[i].text == NULL)
            assert_taken(desk, &request);
        else
            assert_refused(desk, &request, 422, 42210000, message);
    }
}

static void quantities_are_one_of_two(void **state) {
    trading_desk *desk = *state;
    tw_alpaca_order_request request = good();
    set(&request, TW_ALPACA_REQUEST_NOTIONAL);
    assert_refused(desk, &request, 422, 40010001, "only one of qty or notional is accepted");
    request = good();
    unset(&request, TW_ALPACA_REQUEST_QTY);
    assert_refused(desk, &request, 422, 40010001, "qty or notional is required");
    request = good();
    request.quantity.nano = 0;
    assert_refused(desk, &request, 422, 40010001, "qty must be > 0");
    request.quantity.nano = -TW_NANO;
    assert_refused(desk, &request, 422, 40010001, "qty must be > 0");
    request = good();
    unset(&request, TW_ALPACA_REQUEST_QTY);
    set(&request, TW_ALPACA_REQUEST_NOTIONAL);
    request.notional.nano = 100 * TW_NANO;
    assert_refused(desk, &request, 422, 42210000, "notional orders must be market DAY orders");
    request.type = TW_ORDER_MARKET;
    unset(&request, TW_ALPACA_REQUEST_LIMIT_PRICE);
    assert_taken(desk, &request);
    request.time_in_force = TW_GOOD_TILL_CANCELED;
    assert_refused(desk, &request, 422, 42210000, "notional orders must be market DAY orders");
    request.time_in_force = TW_DAY;
    request.notional.nano = 0;
    assert_refused(desk, &request, 422, 40010001, "notional must be > 0");
    request.notional.nano = -1;
    assert_refused(desk, &request, 422, 40010001, "notional must be > 0");
}

static void fractions_are_for_the_day(void **state) {
    trading_desk *desk = *state;
    tw_alpaca_order_request request = good();
    request.quantity.nano = TW_NANO + 1;
    assert_taken(desk, &request);
    request.time_in_force = TW_GOOD_TILL_CANCELED;
    assert_refused(desk, &request, 422, 42210000, "fractional orders must be DAY orders");
    request.quantity.nano = TW_NANO;
    assert_taken(desk, &request);
}

static void client_ids_are_taken_once_and_have_128_bytes(void **state) {
    trading_desk *desk = *state;
    tw_alpaca_order_request request = good();
    set(&request, TW_ALPACA_REQUEST_CLIENT_ORDER_ID);
    memset(request.client_order_id, 'x', 128);
    assert_taken(desk, &request);
    request.client_order_id[128] = 'x';
    assert_refused(desk, &request, 422, 40010001,
                   "client_order_id must be no more than 128 characters");
    request.client_order_id[128] = '\0';
    unset(&request, TW_ALPACA_REQUEST_CLIENT_ORDER_ID); /* the decoder had to cut it */
    assert_refused(desk, &request, 422, 40010001,
                   "client_order_id must be no more than 128 characters");
    set(&request, TW_ALPACA_REQUEST_CLIENT_ORDER_ID);
    ledger_order order;
    ledger_refusal refusal;
    assert_int_equal(ledger_submit(desk->ledger, desk->account, &request, &order, &refusal), TW_OK);
    assert_refused(desk, &request, 422, 40010001, "client_order_id must be unique");
    assert_int_equal(ledger_cancel(desk->ledger, &order, &refusal), TW_OK);
    assert_refused(desk, &request, 422, 40010001, "client_order_id must be unique");
}

static void money_and_shares_must_be_there(void **state) {
    trading_desk *desk = *state;
    tw_alpaca_order_request request =
        desk_request("AAA", TW_SIDE_BUY, 10000 * TW_NANO, 10 * TW_NANO);
    assert_taken(desk, &request);
    request.quantity.nano++;
    assert_refused(desk, &request, 403, 40310000, "insufficient buying power");
    request = desk_request("BBB", TW_SIDE_SELL, TW_NANO / 2, 10 * TW_NANO);
    assert_refused(desk, &request, 403, 40310000, "account is not allowed to short");
    desk->account->holdings[1].quantity.nano = TW_NANO / 4;
    assert_refused(desk, &request, 403, 40310000,
                   "insufficient qty available for order (requested: 0.5, available: 0.25)");
    desk->account->holdings[1].quantity.nano = 0;
}

static void numbers_that_do_not_fit_are_more_than_anybody_has(void **state) {
    trading_desk *desk = *state;
    tw_alpaca_order_request request =
        desk_request("AAA", TW_SIDE_BUY, INT64_MAX, INT64_MAX - INT64_MAX % (TW_NANO / 100));
    assert_refused(desk, &request, 403, 40310000, "insufficient buying power");
    request = desk_request("AAA", TW_SIDE_BUY, INT64_MAX - INT64_MAX % TW_NANO, 0);
    assert_refused(desk, &request, 403, 40310000, "insufficient buying power");
    unset(&request, TW_ALPACA_REQUEST_QTY);
    set(&request, TW_ALPACA_REQUEST_NOTIONAL);
    request.notional.nano = INT64_MAX;
    assert_refused(desk, &request, 403, 40310000, "insufficient buying power");
    /* Shares for more than there could be money. */
    desk->account->holdings[0].quantity.nano = 1000 * TW_NANO;
    request = desk_request("AAA", TW_SIDE_SELL, TW_ALPACA_AMOUNT_NANO_MAX, 9000000 * TW_NANO);
    assert_refused(desk, &request, 403, 40310000,
                   "insufficient qty available for order (requested: 9223372036, available: "
                   "1000)");
    request = desk_request("AAA", TW_SIDE_SELL, 1000 * TW_NANO, 9000000 * TW_NANO);
    assert_refused(desk, &request, 422, 40010001, "order value is out of range");
    request.limit_price.nano = 4000000 * TW_NANO;
    assert_taken(desk, &request);
    /* Shares to be bought back for more than there could be money. */
    desk->account->holdings[0].quantity.nano = -1000 * TW_NANO;
    request = desk_request("AAA", TW_SIDE_BUY, 1000 * TW_NANO, 9300000 * TW_NANO);
    assert_refused(desk, &request, 422, 40010001, "order value is out of range");
    desk->account->holdings[0].quantity.nano = 0;
}

static void what_is_hard_to_borrow_is_bought_for_the_day(void **state) {
    trading_desk *desk = *state;
    desk->account->multiplier_max = 4;
    ledger_set_hard_to_borrow(desk->ledger, 1);
    assert_true(ledger_is_hard_to_borrow(desk->ledger, 1));
    assert_false(ledger_is_hard_to_borrow(desk->ledger, 0));
    tw_alpaca_order_request request = desk_request("AAA", TW_SIDE_SELL, TW_NANO, 0);
    assert_taken(desk, &request);
    strcpy(request.symbol, "BBB");
    assert_refused(desk, &request, 422, 42210000, "asset \"BBB\" cannot be sold short");
    desk->account->holdings[1].quantity.nano = TW_NANO; /* to sell what is there */
    assert_taken(desk, &request);
    desk->account->holdings[1].quantity.nano = -TW_NANO; /* to buy back what was borrowed before */
    request.side = TW_SIDE_BUY;
    assert_taken(desk, &request);
    request.time_in_force = TW_GOOD_TILL_CANCELED;
    assert_refused(desk, &request, 422, 42210000,
                   "only day orders are allowed for hard-to-borrow asset \"BBB\"");
    strcpy(request.symbol, "AAA");
    assert_taken(desk, &request);
    desk->account->holdings[1].quantity.nano = 0;
}

static void the_number_of_orders_is_bounded(void **state) {
    trading_desk *desk = *state;
    ledger_order order;
    ledger_refusal refusal;
    uint32_t count = 0;
    tw_alpaca_order_request request = good();
    for (;;) {
        ledger_orders(desk->ledger, &count);
        if (count == 64)
            break;
        assert_int_equal(ledger_submit(desk->ledger, desk->account, &request, &order, &refusal),
                         TW_OK);
    }
    assert_refused(desk, &request, 403, 40310000, "the exchange takes no more than 64 orders");
    ledger_check(desk->ledger);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(words_that_are_none_are_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(stops_have_their_prices_and_rest, set_up, tear_down),
        cmocka_unit_test_setup_teardown(trails_are_one_of_two, set_up, tear_down),
        cmocka_unit_test_setup_teardown(classes_have_what_they_need, set_up, tear_down),
        cmocka_unit_test_setup_teardown(legs_are_beyond_the_base_price, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_intent_must_be_what_the_order_does, set_up, tear_down),
        cmocka_unit_test_setup_teardown(orders_for_auctions_are_taken_before_them, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(extended_hours_are_for_day_limit_orders, set_up, tear_down),
        cmocka_unit_test_setup_teardown(prices_fit_the_type, set_up, tear_down),
        cmocka_unit_test_setup_teardown(increments_depend_on_the_price, set_up, tear_down),
        cmocka_unit_test_setup_teardown(quantities_are_one_of_two, set_up, tear_down),
        cmocka_unit_test_setup_teardown(fractions_are_for_the_day, set_up, tear_down),
        cmocka_unit_test_setup_teardown(client_ids_are_taken_once_and_have_128_bytes, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(money_and_shares_must_be_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(numbers_that_do_not_fit_are_more_than_anybody_has, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_is_hard_to_borrow_is_bought_for_the_day, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_number_of_orders_is_bounded, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
