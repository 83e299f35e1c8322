/*
 * test_order_wash.c - which pairs of orders of one account are refused, and which are not.
 *
 * It is night, so that orders of every type wait and none of them trades.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "exchange_desk.h"
#include "ledger_priv.h"

static trading_desk desk;

static const int64_t CENT = TW_NANO / 100;

static int set_up(void **state) {
    (void)state;
    const desk_config config = {
        .symbols = "AAA,BBB", .seed = 3, .cash = {100000 * TW_NANO}, .multiplier_max = 4};
    if (desk_open(&desk, NULL, &config, NULL) != TW_OK)
        return -1;
    int64_t night_ns = session_next_close(floor_now(desk.floor)) + 8 * TW_NS_PER_HOUR;
    return floor_jump(desk.floor, night_ns, NULL) == TW_OK ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    desk_close(&desk);
    return 0;
}

static int64_t market_cents(void) {
    return floor_price(desk.floor, 0).nano / CENT * CENT;
}

static tw_alpaca_order_request order_of(tw_order_type type, tw_side side, int64_t limit_nano) {
    bool limited = type == TW_ORDER_LIMIT || type == TW_ORDER_STOP_LIMIT;
    bool stops = type == TW_ORDER_STOP || type == TW_ORDER_STOP_LIMIT;
    tw_alpaca_order_request request = desk_request("AAA", side, TW_NANO, limited ? limit_nano : 0);
    request.type = (uint8_t)type;
    if (stops) {
        request.stop_price.nano = market_cents() + (side == TW_SIDE_BUY ? 100 : -100) * CENT;
        request.present |= TW_ALPACA_BIT(TW_ALPACA_REQUEST_STOP_PRICE);
    }
    if (type == TW_ORDER_TRAILING_STOP) {
        request.trail_price.nano = CENT;
        request.present |= TW_ALPACA_BIT(TW_ALPACA_REQUEST_TRAIL_PRICE);
    }
    return request;
}

static const ledger_order *submit(ledger_account *account, const tw_alpaca_order_request *request) {
    ledger_order order;
    ledger_refusal refusal = {0};
    if (ledger_submit(desk.ledger, account, request, &order, &refusal) != TW_OK)
        fail_msg("refused: %s", refusal.message);
    return ledger_find(desk.ledger, account, tw_slice_of(order.order.venue_order_id));
}

static void cancel(const ledger_order *order) {
    ledger_refusal refusal;
    assert_int_equal(ledger_cancel(desk.ledger, order, &refusal), TW_OK);
}

static bool is_refused(const tw_alpaca_order_request *request, ledger_refusal *refusal) {
    ledger_order order;
    memset(refusal, 0, sizeof *refusal);
    if (ledger_submit(desk.ledger, desk.account, request, &order, refusal) != TW_OK)
        return true;
    cancel(ledger_find(desk.ledger, desk.account, tw_slice_of(order.order.venue_order_id)));
    return false;
}

/* The venue's table: "always", or where the limits reach each other. */
static bool expected(tw_order_type open, tw_order_type new, bool reached) {
    static const bool limited[] = {
        [TW_ORDER_LIMIT] = true, [TW_ORDER_STOP_LIMIT] = true, [TW_ORDER_TRAILING_STOP] = false};
    if (open == TW_ORDER_TRAILING_STOP || new == TW_ORDER_TRAILING_STOP)
        return false;
    return !limited[open] || !limited[new] || reached;
}

static void check_pair(tw_order_type open, tw_order_type new, tw_side side, int64_t gap_cents) {
    int64_t market = market_cents();
    tw_side other = side == TW_SIDE_BUY ? TW_SIDE_SELL : TW_SIDE_BUY;
    int64_t ask_nano = market + gap_cents * CENT;
    int64_t open_nano = side == TW_SIDE_BUY ? market : ask_nano;
    int64_t new_nano = side == TW_SIDE_BUY ? ask_nano : market;
    tw_alpaca_order_request request = order_of(open, side, open_nano);
    ledger_refusal refusal;
    const ledger_order *resting = submit(desk.account, &request);
    request = order_of(new, other, new_nano);
    bool refused = is_refused(&request, &refusal);
    if (refused != expected(open, new, gap_cents <= 0))
        fail_msg("%s %s, then %s, %d cents apart: %s", side == TW_SIDE_BUY ? "buy" : "sell",
                 tw_order_type_name(open), tw_order_type_name(new), (int)gap_cents,
                 refused ? refusal.message : "taken");
    cancel(resting);
    if (!refused)
        return;
    bool limited = open == TW_ORDER_LIMIT || open == TW_ORDER_STOP_LIMIT;
    assert_int_equal(refusal.http_status, 403);
    assert_int_equal(refusal.code, 40310000);
    assert_string_equal(refusal.message, "potential wash trade detected. use complex orders");
    assert_int_equal(refusal.detail_count, 2);
    assert_string_equal(refusal.details[0].name, "existing_order_id");
    assert_string_equal(refusal.details[0].value, resting->order.venue_order_id);
    assert_string_equal(refusal.details[1].name, "reject_reason");
    assert_string_equal(refusal.details[1].value, limited
                                                      ? "opposite side limit order exists"
                                                      : "opposite side market/stop order exists");
}

static void every_pair_is_as_the_venues_table_says(void **state) {
    (void)state;
    for (int open = TW_ORDER_MARKET; open <= TW_ORDER_TRAILING_STOP; open++)
        for (int new = TW_ORDER_MARKET; new <= TW_ORDER_TRAILING_STOP; new ++)
            for (int64_t gap = -1; gap <= 1; gap++) {
                check_pair((tw_order_type)open, (tw_order_type) new, TW_SIDE_BUY, gap);
                check_pair((tw_order_type)open, (tw_order_type) new, TW_SIDE_SELL, gap);
            }
}

static void only_open_orders_of_the_account_and_symbol_count(void **state) {
    (void)state;
    ledger_refusal refusal;
    tw_alpaca_order_request sell = order_of(TW_ORDER_LIMIT, TW_SIDE_SELL, market_cents());
    tw_alpaca_order_request buy = order_of(TW_ORDER_LIMIT, TW_SIDE_BUY, market_cents());
    tw_alpaca_order_request far = sell;
    far.limit_price.nano += CENT;
    const ledger_order *own = submit(desk.account, &far);
    submit(ledger_account_at(desk.ledger, 1), &sell);
    strcpy(sell.symbol, "BBB");
    submit(desk.account, &sell);
    assert_false(is_refused(&buy, &refusal));
    strcpy(sell.symbol, "AAA");
    cancel(own);
    cancel(submit(desk.account, &sell));
    assert_false(is_refused(&buy, &refusal));
    /* Behind many others, and behind one of its own that is too far away. */
    const ledger_order *first = submit(desk.account, &sell);
    sell.limit_price.nano += CENT;
    submit(desk.account, &sell);
    for (int i = 0; i < 100; i++)
        cancel(submit(ledger_account_at(desk.ledger, 1), &sell));
    assert_true(is_refused(&buy, &refusal));
    assert_string_equal(refusal.details[0].value, first->order.venue_order_id);
    buy.limit_price.nano -= CENT;
    assert_false(is_refused(&buy, &refusal));
}

static void orders_of_a_group_are_exempt(void **state) {
    (void)state;
    ledger_refusal refusal;
    tw_alpaca_order_request bracket = order_of(TW_ORDER_LIMIT, TW_SIDE_BUY, market_cents());
    strcpy(bracket.order_class, "bracket");
    bracket.take_profit_limit_price.nano = market_cents() + 100 * CENT;
    bracket.stop_loss_stop_price.nano = market_cents() - 100 * CENT;
    bracket.present |=
        TW_ALPACA_BIT(TW_ALPACA_REQUEST_TAKE_PROFIT) | TW_ALPACA_BIT(TW_ALPACA_REQUEST_STOP_LOSS);
    tw_alpaca_order_request sell = order_of(TW_ORDER_MARKET, TW_SIDE_SELL, 0);
    const ledger_order *resting = submit(desk.account, &sell);
    assert_false(is_refused(&bracket, &refusal));
    cancel(resting);
    submit(desk.account, &bracket);
    assert_false(is_refused(&sell, &refusal));
}

static void a_replacement_is_looked_at_like_a_new_order(void **state) {
    (void)state;
    ledger_refusal refusal = {0};
    ledger_order next;
    int64_t opening_ns = session_next_open(floor_now(desk.floor));
    assert_int_equal(floor_jump(desk.floor, opening_ns + TW_NS_PER_SECOND, NULL), TW_OK);
    tw_alpaca_order_request sell =
        order_of(TW_ORDER_LIMIT, TW_SIDE_SELL, market_cents() + 1000 * CENT);
    tw_alpaca_order_request buy =
        order_of(TW_ORDER_LIMIT, TW_SIDE_BUY, market_cents() - 1000 * CENT);
    submit(desk.account, &sell);
    const ledger_order *resting = submit(desk.account, &buy);
    tw_alpaca_order_request changes = {.limit_price = sell.limit_price,
                                       .present = TW_ALPACA_BIT(TW_ALPACA_REQUEST_LIMIT_PRICE)};
    assert_int_equal(ledger_replace(desk.ledger, resting, &changes, &next, &refusal), TW_REFUSED);
    assert_string_equal(refusal.message, "potential wash trade detected. use complex orders");
    assert_int_equal(resting->order.status, TW_ORDER_NEW);
    changes.limit_price.nano = buy.limit_price.nano + CENT;
    assert_int_equal(ledger_replace(desk.ledger, resting, &changes, &next, &refusal), TW_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_pair_is_as_the_venues_table_says, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_open_orders_of_the_account_and_symbol_count, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(orders_of_a_group_are_exempt, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_replacement_is_looked_at_like_a_new_order, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
