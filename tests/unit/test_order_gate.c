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

static void kinds_that_are_not_simulated_are_refused(void **state) {
    trading_desk *desk = *state;
    tw_alpaca_order_request request = good();
    request.type = TW_ORDER_STOP;
    assert_refused(desk, &request, 422, 42210000, "stop orders are not supported");
    request.type = TW_ORDER_STOP_LIMIT;
    assert_refused(desk, &request, 422, 42210000, "stop_limit orders are not supported");
    request.type = TW_ORDER_TRAILING_STOP;
    assert_refused(desk, &request, 422, 42210000, "trailing_stop orders are not supported");
    request = good();
    request.time_in_force = TW_AT_OPEN;
    assert_refused(desk, &request, 422, 42210000, "time_in_force opg is not supported");
    request.time_in_force = TW_AT_CLOSE;
    assert_refused(desk, &request, 422, 42210000, "time_in_force cls is not supported");
    request = good();
    strcpy(request.order_class, "bracket");
    assert_refused(desk, &request, 422, 42210000, "order_class bracket is not supported");
    strcpy(request.order_class, "simple");
    assert_taken(desk, &request);
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

static void numbers_that_do_not_fit_are_refused(void **state) {
    trading_desk *desk = *state;
    tw_alpaca_order_request request =
        desk_request("AAA", TW_SIDE_BUY, INT64_MAX, INT64_MAX - INT64_MAX % (TW_NANO / 100));
    assert_refused(desk, &request, 422, 40010001, "qty is out of range");
    request = desk_request("AAA", TW_SIDE_BUY, INT64_MAX - INT64_MAX % TW_NANO, 0);
    assert_refused(desk, &request, 422, 40010001, "qty is out of range");
    unset(&request, TW_ALPACA_REQUEST_QTY);
    set(&request, TW_ALPACA_REQUEST_NOTIONAL);
    request.notional.nano = INT64_MAX;
    assert_refused(desk, &request, 422, 40010001, "notional is out of range");
    /* Shares for more than there could be money. */
    desk->account->holdings[0].quantity.nano = 1000 * TW_NANO;
    request = desk_request("AAA", TW_SIDE_SELL, 1000 * TW_NANO, 9000000 * TW_NANO);
    assert_refused(desk, &request, 422, 40010001, "qty is out of range");
    request.limit_price.nano = 4000000 * TW_NANO;
    assert_taken(desk, &request);
    desk->account->holdings[0].quantity.nano = 0;
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
        cmocka_unit_test_setup_teardown(kinds_that_are_not_simulated_are_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(extended_hours_are_for_day_limit_orders, set_up, tear_down),
        cmocka_unit_test_setup_teardown(prices_fit_the_type, set_up, tear_down),
        cmocka_unit_test_setup_teardown(increments_depend_on_the_price, set_up, tear_down),
        cmocka_unit_test_setup_teardown(quantities_are_one_of_two, set_up, tear_down),
        cmocka_unit_test_setup_teardown(fractions_are_for_the_day, set_up, tear_down),
        cmocka_unit_test_setup_teardown(client_ids_are_taken_once_and_have_128_bytes, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(money_and_shares_must_be_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(numbers_that_do_not_fit_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_number_of_orders_is_bounded, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
