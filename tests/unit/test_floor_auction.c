/* test_floor_auction.c - when there are auctions, and for whom; model_floor_auction.c has what they
 * come to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "auction_interest.h"
#include "exchange_desk.h"

static const int64_t CLOSE_NS = DESK_START_NS + 390 * TW_NS_PER_MINUTE;
static const int64_t NEXT_OPEN_NS = DESK_START_NS + TW_NS_PER_DAY;

static trading_desk desk;

static void open_desk(bool always_open) {
    const desk_config config = {
        .symbols = "AAA,BBB", .seed = 3, .cash = {1000000 * TW_NANO}, .always_open = always_open};
    assert_int_equal(desk_open(&desk, NULL, &config, NULL), TW_OK);
}

static void advance(int64_t to_ns) {
    assert_int_equal(floor_advance(desk.floor, to_ns, UINT64_MAX, NULL), TW_OK);
}

static void jump(int64_t to_ns) {
    assert_int_equal(floor_jump(desk.floor, to_ns, NULL), TW_OK);
}

static ledger_order buy(const char *symbol, tw_time_in_force time_in_force) {
    tw_alpaca_order_request request = desk_request(symbol, TW_SIDE_BUY, 10 * TW_NANO, 0);
    ledger_order order;
    ledger_refusal refusal;
    request.time_in_force = (uint8_t)time_in_force;
    if (ledger_submit(desk.ledger, desk.account, &request, &order, &refusal) != TW_OK)
        fail_msg("%s", refusal.message);
    return order;
}

static const tw_order *now_of(const ledger_order *order) {
    const ledger_order *found =
        ledger_find(desk.ledger, desk.account, tw_slice_of(order->order.venue_order_id));
    assert_non_null(found);
    return &found->order;
}

/* How many auctions have been printed, and the last of them. */
static uint32_t prints(tw_trade *ret_last) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < desk.trade_count; i++) {
        if (desk.trades[i].exchange != 'Q')
            continue;
        *ret_last = desk.trades[i];
        count++;
    }
    return count;
}

/* ---- the day ---- */

static void a_day_that_closes_early_has_its_auction_then(void **state) {
    (void)state;
    tw_trade print;
    open_desk(false);
    int64_t close_ns = session_time_of(session_day_of(INT64_C(1795798800000000000)), 13, 0);
    jump(close_ns - TW_NS_PER_MINUTE); /* 2026-11-27 */
    advance(close_ns + TW_NS_PER_MINUTE);
    assert_int_equal(prints(&print), 2);
    assert_int_equal(print.time_ns, close_ns);
    assert_string_equal(print.conditions, "@6X");
    desk_close(&desk);
}

static void trades_outside_of_the_session_say_so(void **state) {
    (void)state;
    open_desk(false);
    jump(CLOSE_NS - TW_NS_PER_MINUTE);
    advance(CLOSE_NS + 10 * TW_NS_PER_MINUTE);
    uint32_t late = 0;
    for (uint32_t i = 0; i < desk.trade_count; i++) {
        bool after = desk.trades[i].time_ns > CLOSE_NS;
        if (desk.trades[i].exchange != 'Q')
            assert_string_equal(desk.trades[i].conditions, after ? "@T" : "@");
        late += after;
    }
    assert_true(late > 0);
    desk_close(&desk);
}

static uint64_t hash_of_a_close(uint64_t acts_at_once, int64_t step_ns) {
    open_desk(false);
    jump(CLOSE_NS - 11 * TW_NS_PER_MINUTE);
    buy("AAA", TW_AT_CLOSE);
    for (int64_t at_ns = floor_now(desk.floor); at_ns < CLOSE_NS + TW_NS_PER_MINUTE;) {
        at_ns += step_ns;
        do
            assert_int_equal(floor_advance(desk.floor, at_ns, acts_at_once, NULL), TW_OK);
        while (floor_now(desk.floor) < at_ns);
    }
    uint64_t hash = desk.hash;
    desk_close(&desk);
    return hash;
}

static void a_close_is_the_same_however_it_is_turned(void **state) {
    (void)state;
    uint64_t hash = hash_of_a_close(UINT64_MAX, 12 * TW_NS_PER_MINUTE);
    assert_true(hash == hash_of_a_close(UINT64_MAX, 750 * TW_NS_PER_MS));
    assert_true(hash == hash_of_a_close(3, TW_NS_PER_MINUTE));
}

/* ---- users ---- */

static void the_last_moment_before_the_cut_off_is_in_time(void **state) {
    (void)state;
    open_desk(false);
    jump(NEXT_OPEN_NS - 2 * TW_NS_PER_MINUTE);
    ledger_order order = buy("AAA", TW_AT_OPEN);
    assert_string_equal(desk.updates, "new");
    jump(NEXT_OPEN_NS);
    assert_int_equal(now_of(&order)->status, TW_ORDER_FILLED);
    desk_close(&desk);
}

static void an_order_waits_as_accepted_until_orders_gather(void **state) {
    (void)state;
    open_desk(false);
    ledger_order order = buy("AAA", TW_AT_CLOSE);
    assert_string_equal(desk.updates, "accepted");
    jump(CLOSE_NS - 10 * TW_NS_PER_MINUTE - 1);
    assert_string_equal(desk.updates, "accepted");
    advance(CLOSE_NS - 10 * TW_NS_PER_MINUTE);
    assert_string_equal(desk.updates, "accepted new");
    ledger_refusal refusal;
    assert_int_equal(ledger_cancel(desk.ledger,
                                   ledger_find(desk.ledger, desk.account,
                                               tw_slice_of(order.order.venue_order_id)),
                                   &refusal),
                     TW_OK);
    advance(CLOSE_NS);
    assert_string_equal(desk.updates, "accepted new canceled");
    desk_close(&desk);
}

static void a_jump_holds_the_auctions_that_users_asked_for(void **state) {
    (void)state;
    tw_trade print;
    open_desk(false);
    ledger_order order = buy("BBB", TW_AT_CLOSE);
    jump(NEXT_OPEN_NS - TW_NS_PER_HOUR);
    assert_int_equal(now_of(&order)->status, TW_ORDER_FILLED);
    assert_int_equal(now_of(&order)->updated_ns, CLOSE_NS);
    assert_int_equal(prints(&print), 1);
    assert_int_equal(print.symbol, 1);
    assert_true(print.quantity.nano > 10 * TW_NANO); /* the agents came, too */
    assert_int_equal(now_of(&order)->average_price.nano, print.price.nano);
    jump(NEXT_OPEN_NS); /* they are back for what happens then */
    assert_int_equal(prints(&print), 3);
    assert_string_equal(print.conditions, "@OX");
    desk_close(&desk);
}

static void a_market_that_never_closes_trades_what_users_ask_for_with_its_book(void **state) {
    (void)state;
    tw_trade print;
    open_desk(true);
    jump(CLOSE_NS - 11 * TW_NS_PER_MINUTE);
    ledger_order order = buy("AAA", TW_AT_CLOSE);
    advance(CLOSE_NS);
    assert_int_equal(now_of(&order)->status, TW_ORDER_FILLED);
    assert_int_equal(prints(&print), 1);
    assert_int_equal(print.quantity.nano, 10 * TW_NANO);
    desk_close(&desk);
}

static void a_symbol_that_is_halted_has_no_auction(void **state) {
    (void)state;
    tw_trade print;
    tw_match_view view;
    open_desk(false);
    ledger_order order = buy("AAA", TW_AT_CLOSE);
    jump(CLOSE_NS - TW_NS_PER_MINUTE);
    advance(CLOSE_NS - TW_NS_PER_SECOND);
    assert_int_equal(tw_match_find(floor_match(desk.floor), 0, AUCTION_INTEREST_ID | 1, &view),
                     TW_OK);
    floor_halt(desk.floor, 0, true);
    advance(CLOSE_NS);
    assert_int_equal(now_of(&order)->status, TW_ORDER_CANCELED);
    assert_int_equal(prints(&print), 1);
    assert_int_equal(print.symbol, 1);
    for (uint64_t i = 1; i <= AUCTION_INTEREST_COUNT; i++)
        assert_int_equal(tw_match_find(floor_match(desk.floor), 0, AUCTION_INTEREST_ID | i, &view),
                         TW_NOT_FOUND);
    desk_close(&desk);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_day_that_closes_early_has_its_auction_then),
        cmocka_unit_test(trades_outside_of_the_session_say_so),
        cmocka_unit_test(a_close_is_the_same_however_it_is_turned),
        cmocka_unit_test(the_last_moment_before_the_cut_off_is_in_time),
        cmocka_unit_test(an_order_waits_as_accepted_until_orders_gather),
        cmocka_unit_test(a_jump_holds_the_auctions_that_users_asked_for),
        cmocka_unit_test(a_market_that_never_closes_trades_what_users_ask_for_with_its_book),
        cmocka_unit_test(a_symbol_that_is_halted_has_no_auction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
