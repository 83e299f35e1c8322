/* test_order_transit.c - orders and cancellations that take time to the floor. */
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
static int64_t delay_ns;

static int64_t delay(void *context) {
    (void)context;
    return delay_ns;
}

static int set_up(void **state) {
    (void)state;
    const desk_config config = {.symbols = "AAA", .seed = 5, .cash = {10000000 * TW_NANO}};
    assert_int_equal(desk_open(&desk, NULL, &config, NULL), TW_OK);
    ledger_set_delay(desk.ledger, delay);
    delay_ns = TW_NS_PER_SECOND;
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    assert_int_equal(desk.account->cash.nano, desk.cash_nano);
    ledger_check(desk.ledger);
    desk_close(&desk);
    return 0;
}

static const ledger_order *buy(int64_t shares, int64_t dollars) {
    tw_alpaca_order_request request =
        desk_request("AAA", TW_SIDE_BUY, shares * TW_NANO, dollars * TW_NANO);
    ledger_order order;
    if (ledger_submit(desk.ledger, desk.account, &request, &order, &refusal) != TW_OK)
        fail_msg("%s", refusal.message);
    assert_int_equal(order.order.status, TW_ORDER_PENDING_NEW);
    return ledger_find(desk.ledger, desk.account, tw_slice_of(order.order.venue_order_id));
}

static void cancel(const ledger_order *order) {
    if (ledger_cancel(desk.ledger, order, &refusal) != TW_OK)
        fail_msg("%s", refusal.message);
}

static void advance(int64_t span_ns) {
    desk_advance(&desk, floor_now(desk.floor) + span_ns);
}

static void an_order_is_pending_new_until_it_arrives(void **state) {
    (void)state;
    const ledger_order *order = buy(10, 0);
    assert_string_equal(desk.updates, "pending_new");
    assert_true(order->reserved_nano > 0);
    advance(TW_NS_PER_SECOND - 1);
    assert_string_equal(desk.updates, "pending_new");
    advance(1);
    assert_int_equal(order->order.status, TW_ORDER_FILLED);
    assert_int_equal(strncmp(desk.updates, "pending_new new ", 16), 0);
}

static void a_cancellation_takes_the_same_way(void **state) {
    (void)state;
    const ledger_order *order = buy(10, 1);
    advance(2 * TW_NS_PER_SECOND);
    cancel(order);
    assert_int_equal(order->order.status, TW_ORDER_PENDING_CANCEL);
    assert_true(order->reserved_nano > 0);
    assert_int_equal(ledger_cancel(desk.ledger, order, &refusal), TW_REFUSED);
    assert_string_equal(refusal.message, "order is already in \"pending_cancel\" state");
    tw_alpaca_order_request changes = {.limit_price = {2 * TW_NANO},
                                       .present = TW_ALPACA_BIT(TW_ALPACA_REQUEST_LIMIT_PRICE)};
    ledger_order next;
    assert_int_equal(ledger_replace(desk.ledger, order, &changes, &next, &refusal), TW_REFUSED);
    assert_string_equal(refusal.message, "cannot replace order in pending_cancel status");
    advance(TW_NS_PER_SECOND);
    assert_string_equal(desk.updates, "pending_new new pending_cancel canceled");
    assert_int_equal(order->reserved_nano, 0);
}

static void a_cancellation_that_comes_too_late_is_rejected(void **state) {
    (void)state;
    const ledger_order *order = buy(10, 0);
    cancel(order); /* behind it on the same way */
    assert_string_equal(desk.updates, "pending_new pending_cancel");
    advance(TW_NS_PER_SECOND);
    assert_int_equal(order->order.status, TW_ORDER_FILLED);
    assert_non_null(strstr(desk.updates, "fill order_cancel_rejected"));
}

static tw_status replace(const ledger_order *order, int64_t shares, int64_t dollars,
                         ledger_order *ret_next) {
    tw_alpaca_order_request changes = {.limit_price = {dollars * TW_NANO},
                                       .quantity = {shares * TW_NANO},
                                       .present = TW_ALPACA_BIT(TW_ALPACA_REQUEST_LIMIT_PRICE)};
    if (shares > 0)
        changes.present |= TW_ALPACA_BIT(TW_ALPACA_REQUEST_QTY);
    return ledger_replace(desk.ledger, order, &changes, ret_next, &refusal);
}

static const ledger_order *kept(const ledger_order *order) {
    return ledger_find(desk.ledger, desk.account, tw_slice_of(order->order.venue_order_id));
}

static void a_replacement_takes_the_same_way(void **state) {
    (void)state;
    const ledger_order *order = buy(10, 1);
    ledger_order next;
    advance(TW_NS_PER_SECOND);
    assert_int_equal(replace(order, 7, 2, &next), TW_OK);
    assert_int_equal(next.order.status, TW_ORDER_PENDING_NEW);
    assert_int_equal(order->order.status, TW_ORDER_PENDING_REPLACE);
    assert_int_equal(kept(&next)->reserved_nano, 0);
    ledger_order other;
    assert_int_equal(replace(order, 7, 3, &other), TW_REFUSED);
    assert_string_equal(refusal.message, "cannot replace order in pending_replace status");
    assert_int_equal(ledger_cancel(desk.ledger, order, &refusal), TW_REFUSED);
    assert_string_equal(refusal.message, "order is already in \"pending_replace\" state");
    ledger_check(desk.ledger);
    advance(TW_NS_PER_SECOND);
    assert_string_equal(desk.updates, "pending_new new pending_replace replaced new");
    assert_int_equal(order->order.status, TW_ORDER_REPLACED);
    assert_int_equal(kept(&next)->order.status, TW_ORDER_NEW);
    assert_int_equal(kept(&next)->order.quantity.nano, 7 * TW_NANO);
    assert_true(kept(&next)->reserved_nano > 0);
    tw_match_view view;
    assert_int_equal(tw_match_find(floor_match(desk.floor), 0, kept(&next)->match_id, &view),
                     TW_OK);
    assert_int_equal(view.price.nano, 2 * TW_NANO);
    assert_int_equal(view.quantity.nano, 7 * TW_NANO);
}

static void a_replacement_that_comes_too_late_is_rejected(void **state) {
    (void)state;
    const ledger_order *low = buy(10, 1);
    ledger_order next;
    assert_int_equal(replace(low, 0, 2, &next), TW_REFUSED);
    assert_string_equal(refusal.message, "cannot replace order in pending_new status");
    advance(TW_NS_PER_SECOND);
    assert_int_equal(replace(low, 0, 2, &next), TW_OK);
    cancel(kept(&next)); /* behind it on the same way */
    advance(TW_NS_PER_SECOND);
    assert_string_equal(desk.updates, "pending_new new pending_replace pending_cancel replaced "
                                      "canceled");
    low = buy(10, 1);
    desk_advance(&desk, session_next_close(DESK_START_NS) - TW_NS_PER_SECOND / 2);
    desk.updates[0] = '\0';
    assert_int_equal(replace(low, 0, 2, &next), TW_OK);
    advance(TW_NS_PER_SECOND); /* both end with the session */
    assert_int_equal(low->order.status, TW_ORDER_EXPIRED);
    assert_int_equal(kept(&next)->order.status, TW_ORDER_EXPIRED);
    assert_string_equal(desk.updates, "pending_replace expired expired order_replace_rejected");
}

static void errands_arrive_in_their_order(void **state) {
    (void)state;
    const ledger_order *order = buy(10, 1);
    delay_ns = 0;
    cancel(order);
    buy(10, 2);
    assert_string_equal(desk.updates, "pending_new pending_cancel pending_new");
    advance(TW_NS_PER_SECOND);
    assert_string_equal(desk.updates, "pending_new pending_cancel pending_new canceled new");
    cancel(order + 1);
    assert_string_equal(desk.updates,
                        "pending_new pending_cancel pending_new canceled new canceled");
}

static void what_arrives_when_the_session_is_over_waits(void **state) {
    (void)state;
    desk_advance(&desk, session_next_close(DESK_START_NS) - TW_NS_PER_SECOND / 2);
    tw_alpaca_order_request request = desk_request("AAA", TW_SIDE_BUY, 10 * TW_NANO, TW_NANO);
    ledger_order order;
    request.time_in_force = TW_GOOD_TILL_CANCELED;
    assert_int_equal(ledger_submit(desk.ledger, desk.account, &request, &order, &refusal), TW_OK);
    buy(10, 1); /* of the day, which ends on the way */
    advance(TW_NS_PER_SECOND);
    assert_string_equal(desk.updates, "pending_new pending_new expired accepted");
}

static void more_than_there_is_room_for_pushes_the_first_in(void **state) {
    (void)state;
    const ledger_order *order = buy(1, 1);
    tw_alpaca_order_request request = desk_request("AAA", TW_SIDE_BUY, TW_NANO, TW_NANO);
    ledger_order last;
    for (uint32_t i = 1; i < 4000; i++)
        assert_int_equal(ledger_submit(desk.ledger, desk.account, &request, &last, &refusal),
                         TW_OK);
    for (uint32_t i = 0; i < ORDER_TRANSIT_MAX - 4000; i++)
        cancel(order + i);
    assert_int_equal(order->place, ORDER_ON_ITS_WAY);
    cancel(order + 200);
    assert_int_equal(order->place, ORDER_ON_FLOOR);
    advance(TW_NS_PER_SECOND);
    assert_int_equal(order->order.status, TW_ORDER_CANCELED);
    assert_int_equal(ledger_transit_next(desk.ledger), INT64_MAX);
}

#define TRANSIT_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TRANSIT_TEST(an_order_is_pending_new_until_it_arrives),
        TRANSIT_TEST(a_cancellation_takes_the_same_way),
        TRANSIT_TEST(a_cancellation_that_comes_too_late_is_rejected),
        TRANSIT_TEST(a_replacement_takes_the_same_way),
        TRANSIT_TEST(a_replacement_that_comes_too_late_is_rejected),
        TRANSIT_TEST(errands_arrive_in_their_order),
        TRANSIT_TEST(what_arrives_when_the_session_is_over_waits),
        TRANSIT_TEST(more_than_there_is_room_for_pushes_the_first_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
