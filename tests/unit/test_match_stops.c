/* test_match_stops.c - the rules of stops, one a test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "match_desk.h"

static tw_match_order stop(uint64_t id, tw_side side, int64_t price, int64_t quantity) {
    tw_match_order order = limit(id, 5, side, 0, quantity);
    order.type = TW_ORDER_STOP;
    order.stop_price.nano = price;
    return order;
}

static tw_match_order stop_limit(uint64_t id, tw_side side, int64_t price, int64_t limit_price,
                                 int64_t quantity) {
    tw_match_order order = stop(id, side, price, quantity);
    order.type = TW_ORDER_STOP_LIMIT;
    order.price.nano = limit_price;
    return order;
}

static tw_match_order trailing(uint64_t id, tw_side side, int64_t trail, int64_t percent) {
    tw_match_order order = limit(id, 5, side, 0, 1);
    order.type = TW_ORDER_TRAILING_STOP;
    order.trail_price.nano = trail;
    order.trail_percent_nano = percent * 1000000000;
    return order;
}

static void park(match_desk *desk, tw_match_order order) {
    assert_int_equal(submit(desk, order), TW_OK);
    EXPECT(desk, TW_MATCH_ACCEPTED, TW_MATCH_PARKED);
}

static tw_status see(match_desk *desk, int64_t price) {
    desk->count = 0;
    return tw_match_see_price(desk->match, 0, (tw_price){price}, &desk->sink);
}

static void a_stop_becomes_a_market_order_at_its_price(void **state) {
    match_desk *desk = *state;
    park(desk, stop(1, TW_SIDE_SELL, 95, 4));
    assert_int_equal(desk->events[1].price.nano, 95);
    place(desk, 2, 0, TW_SIDE_BUY, 90, 10);
    print(desk, 96, 1);
    assert_int_equal(view_of(desk, 1).place, TW_MATCH_WAITING);
    place(desk, 3, 0, TW_SIDE_BUY, 95, 1);
    assert_int_equal(submit(desk, limit(4, 0, TW_SIDE_SELL, 95, 1)), TW_OK);
    EXPECT(desk, TW_MATCH_ACCEPTED, TW_MATCH_TRADE, TW_MATCH_TRIGGERED, TW_MATCH_TRADE,
           TW_MATCH_BEST_CHANGED);
    expect_trade(&desk->events[3], 2, 90, 4);
    assert_int_equal(desk->events[3].id, 1);
}

static void a_stop_limit_rests_at_its_limit(void **state) {
    match_desk *desk = *state;
    park(desk, stop_limit(1, TW_SIDE_BUY, 105, 106, 4));
    assert_int_equal(see(desk, 104), TW_OK);
    assert_int_equal(desk->count, 0);
    assert_int_equal(see(desk, 110), TW_OK);
    EXPECT(desk, TW_MATCH_TRIGGERED, TW_MATCH_RESTED, TW_MATCH_BEST_CHANGED);
    assert_int_equal(open_quantity(desk, 1), 4);
    assert_int_equal(view_of(desk, 1).price.nano, 106);
}

static void the_nearest_and_then_the_oldest_is_first(void **state) {
    match_desk *desk = *state;
    park(desk, stop(1, TW_SIDE_SELL, 90, 1));
    park(desk, stop(2, TW_SIDE_SELL, 95, 1));
    park(desk, stop(3, TW_SIDE_SELL, 90, 1));
    park(desk, stop(4, TW_SIDE_SELL, 97, 1));
    park(desk, stop(5, TW_SIDE_BUY, 80, 1)); /* the last price tells: none yet */
    assert_int_equal(see(desk, 90), TW_OK);
    static const uint64_t ids[] = {4, 2, 1, 3, 5};
    for (size_t i = 0; i < 5; i++) {
        expect_event(&desk->events[i], TW_MATCH_TRIGGERED, ids[i], 1);
        expect_event(&desk->events[5 + i], TW_MATCH_CANCELLED, ids[i], 1);
        assert_int_equal(desk->events[5 + i].reason, TW_MATCH_NO_LIQUIDITY);
    }
}

static void what_a_stop_trades_reaches_further_stops(void **state) {
    match_desk *desk = *state;
    place(desk, 10, 0, TW_SIDE_BUY, 90, 1);
    place(desk, 11, 0, TW_SIDE_BUY, 80, 1);
    park(desk, stop(1, TW_SIDE_SELL, 95, 1));
    park(desk, stop(2, TW_SIDE_SELL, 92, 1));
    assert_int_equal(see(desk, 95), TW_OK);
    EXPECT(desk, TW_MATCH_TRIGGERED, TW_MATCH_TRADE, TW_MATCH_TRIGGERED, TW_MATCH_TRADE,
           TW_MATCH_BEST_CHANGED);
    expect_trade(&desk->events[3], 11, 80, 1);
}

static void a_stop_that_is_reached_already_is_triggered_at_once(void **state) {
    match_desk *desk = *state;
    print(desk, 100, 1);
    assert_int_equal(submit(desk, stop(1, TW_SIDE_SELL, 100, 1)), TW_OK);
    EXPECT(desk, TW_MATCH_ACCEPTED, TW_MATCH_TRIGGERED, TW_MATCH_CANCELLED);
    park(desk, stop(2, TW_SIDE_SELL, 99, 1));
}

static void a_trailing_stop_follows_its_mark(void **state) {
    match_desk *desk = *state;
    park(desk, trailing(1, TW_SIDE_SELL, 5, 0));
    assert_int_equal(view_of(desk, 1).mark.nano, 0);
    assert_int_equal(see(desk, 100), TW_OK);
    park(desk, trailing(2, TW_SIDE_SELL, 0, 10));
    park(desk, trailing(3, TW_SIDE_BUY, 7, 0));
    assert_int_equal(see(desk, 110), TW_OK);
    EXPECT(desk, TW_MATCH_TRIGGERED, TW_MATCH_CANCELLED); /* the buy, from 100 */
    assert_int_equal(view_of(desk, 1).mark.nano, 110);
    assert_int_equal(view_of(desk, 1).stop_price.nano, 105);
    assert_int_equal(view_of(desk, 2).stop_price.nano, 99);
    assert_int_equal(see(desk, 106), TW_OK);
    assert_int_equal(desk->count, 0);
    park(desk, trailing(4, TW_SIDE_SELL, 5, 0));
    assert_int_equal(view_of(desk, 4).stop_price.nano, 101);
    assert_int_equal(see(desk, 104), TW_OK);
    expect_event(&desk->events[0], TW_MATCH_TRIGGERED, 1, 1);
    assert_int_equal(desk->events[0].price.nano, 105);
    assert_int_equal(see(desk, 99), TW_OK);
    expect_event(&desk->events[0], TW_MATCH_TRIGGERED, 4, 1);
    expect_event(&desk->events[1], TW_MATCH_TRIGGERED, 2, 1);
}

static tw_match_order marked(tw_match_order order, int64_t mark) {
    order.mark.nano = mark;
    return order;
}

static void a_trailing_stop_comes_back_with_its_mark(void **state) {
    match_desk *desk = *state;
    park(desk, marked(trailing(1, TW_SIDE_SELL, 5, 0), 120)); /* before the first trade: not read */
    assert_int_equal(view_of(desk, 1).mark.nano, 0);
    assert_int_equal(see(desk, 100), TW_OK);
    assert_int_equal(view_of(desk, 1).mark.nano, 100);
    park(desk, marked(trailing(2, TW_SIDE_SELL, 0, 10), 103));
    assert_int_equal(view_of(desk, 2).mark.nano, 103);
    park(desk, marked(trailing(3, TW_SIDE_SELL, 5, 0), 99)); /* passed by the last trade */
    assert_int_equal(view_of(desk, 3).mark.nano, 100);
    park(desk, marked(trailing(4, TW_SIDE_BUY, 5, 0), 98));
    assert_int_equal(view_of(desk, 4).stop_price.nano, 103);
    assert_int_equal(see(desk, 102), TW_OK);
    assert_int_equal(view_of(desk, 1).mark.nano, 102);
    assert_int_equal(view_of(desk, 2).mark.nano, 103);
    assert_int_equal(view_of(desk, 4).mark.nano, 98);
    tw_match_check(desk->match);
}

static void a_trailing_stop_may_come_back_reached(void **state) {
    match_desk *desk = *state;
    place(desk, 9, 0, TW_SIDE_BUY, 90, 1);
    assert_int_equal(see(desk, 100), TW_OK);
    assert_int_equal(submit(desk, marked(trailing(1, TW_SIDE_SELL, 5, 0), 105)), TW_OK);
    EXPECT(desk, TW_MATCH_ACCEPTED, TW_MATCH_TRIGGERED, TW_MATCH_TRADE, TW_MATCH_BEST_CHANGED);
    assert_int_equal(desk->events[1].price.nano, 100);
    park(desk, marked(trailing(2, TW_SIDE_BUY, 5, 0), 86)); /* the last trade was at 90 */
    assert_int_equal(view_of(desk, 2).stop_price.nano, 91);
}

static void waiting_orders_are_reduced_and_cancelled(void **state) {
    match_desk *desk = *state;
    park(desk, stop(1, TW_SIDE_SELL, 95, 4));
    park(desk, trailing(2, TW_SIDE_SELL, 5, 0));
    desk->count = 0;
    assert_int_equal(tw_match_reduce(desk->match, 0, 1, (tw_quantity){3}, &desk->sink), TW_OK);
    EXPECT(desk, TW_MATCH_REDUCED);
    assert_int_equal(desk->events[0].flags, 0); /* no level of the book */
    assert_int_equal(cancel(desk, 1), TW_OK);
    expect_event(&desk->events[0], TW_MATCH_CANCELLED, 1, 1);
    assert_int_equal(cancel(desk, 2), TW_OK);
    assert_int_equal(cancel(desk, 2), TW_NOT_FOUND);
    assert_int_equal(see(desk, 1), TW_OK);
    assert_int_equal(desk->count, 0);
}

static tw_status replace(match_desk *desk, uint64_t id, tw_match_replacement replacement) {
    desk->count = 0;
    return tw_match_replace(desk->match, 0, id, &replacement, &desk->sink);
}

static void a_replaced_stop_comes_again(void **state) {
    match_desk *desk = *state;
    assert_int_equal(see(desk, 100), TW_OK);
    park(desk, stop(1, TW_SIDE_SELL, 95, 4));
    park(desk, trailing(2, TW_SIDE_SELL, 9, 0));
    assert_int_equal(
        replace(desk, 1,
                (tw_match_replacement){.id = 7, .quantity.nano = 3, .stop_price.nano = 90}),
        TW_OK);
    EXPECT(desk, TW_MATCH_REPLACED, TW_MATCH_PARKED);
    assert_int_equal(desk->events[0].previous_id, 1);
    assert_int_equal(view_of(desk, 7).stop_price.nano, 90);
    assert_int_equal(see(desk, 120), TW_OK);
    assert_int_equal(see(desk, 112), TW_OK);
    assert_int_equal(
        replace(desk, 2,
                (tw_match_replacement){.quantity.nano = 1, .trail_percent_nano = 10000000000}),
        TW_OK);
    assert_int_equal(view_of(desk, 2).mark.nano, 120); /* it keeps its mark */
    assert_int_equal(view_of(desk, 2).stop_price.nano, 108);
    assert_int_equal(
        replace(desk, 2, (tw_match_replacement){.quantity.nano = 1, .trail_price.nano = 8}), TW_OK);
    EXPECT(desk, TW_MATCH_REPLACED, TW_MATCH_PARKED, TW_MATCH_TRIGGERED, TW_MATCH_CANCELLED);
}

static void stops_wait_while_the_symbol_is_halted(void **state) {
    match_desk *desk = *state;
    place(desk, 2, 0, TW_SIDE_BUY, 90, 10);
    park(desk, stop(1, TW_SIDE_SELL, 95, 4));
    assert_int_equal(tw_match_halt(desk->match, 0, &desk->sink), TW_OK);
    assert_int_equal(see(desk, 95), TW_OK);
    EXPECT(desk, TW_MATCH_TRIGGERED);
    assert_int_equal(view_of(desk, 1).place, TW_MATCH_LINED_UP);
    desk->count = 0;
    assert_int_equal(tw_match_resume(desk->match, 0, &desk->sink), TW_OK);
    EXPECT(desk, TW_MATCH_RESUMED, TW_MATCH_TRADE, TW_MATCH_BEST_CHANGED);
}

static void park_at(match_desk *desk, tw_symbol symbol, uint64_t id, int64_t price) {
    tw_match_order order = stop(id, TW_SIDE_SELL, price, 1);
    order.symbol = symbol;
    park(desk, order);
}

static void expect_stop(const match_desk *desk, tw_symbol symbol, uint64_t id, int64_t price) {
    tw_match_view view;
    assert_int_equal(tw_match_find(desk->match, symbol, id, &view), TW_OK);
    assert_int_equal(view.stop_price.nano, price);
}

static void call_off(match_desk *desk, tw_symbol symbol, uint64_t id) {
    tw_match_view view;
    assert_int_equal(tw_match_cancel(desk->match, symbol, id, &desk->sink), TW_OK);
    assert_int_equal(tw_match_find(desk->match, symbol, id, &view), TW_NOT_FOUND);
    tw_match_check(desk->match);
}

/* The same id at two symbols, and two ids whose keys in the map of records are one; the older goes
 * first, then the newer. */
static void symbols_do_not_know_each_others_stops(void **state) {
    match_desk *desk = *state;
    const uint64_t ids[] = {7, 7 - UINT64_C(0x9e3779b97f4a7c15)};
    park_at(desk, 0, 1, 70);
    for (size_t i = 0; i < 2; i++) {
        for (tw_symbol first = 0; first < 2; first++) {
            const uint64_t pair[] = {7, ids[i]};
            park_at(desk, 0, pair[0], 90);
            park_at(desk, 1, pair[1], 80);
            expect_stop(desk, 0, pair[0], 90);
            expect_stop(desk, 1, pair[1], 80);
            call_off(desk, first, pair[first]);
            expect_stop(desk, 1 - first, pair[1 - first], first == 0 ? 80 : 90);
            call_off(desk, 1 - first, pair[1 - first]);
            assert_int_equal(tw_match_cancel(desk->match, first, pair[first], &desk->sink),
                             TW_NOT_FOUND);
        }
    }
    expect_stop(desk, 0, 1, 70);
}

static void bad_stops_are_rejected(void **state) {
    match_desk *desk = *state;
    tw_match_order both = trailing(1, TW_SIDE_BUY, 1, 1);
    tw_match_order killed = stop(1, TW_SIDE_BUY, 1, 1);
    killed.time_in_force = TW_FILL_OR_KILL;
    assert_int_equal(submit(desk, stop(1, TW_SIDE_BUY, 0, 1)), TW_INVALID);
    assert_int_equal(desk->events[0].reason, TW_MATCH_BAD_PRICE);
    assert_int_equal(submit(desk, both), TW_INVALID);
    assert_int_equal(desk->events[0].reason, TW_MATCH_BAD_TRAIL);
    assert_int_equal(submit(desk, trailing(1, TW_SIDE_BUY, 0, 100)), TW_INVALID);
    assert_int_equal(submit(desk, trailing(1, TW_SIDE_BUY, -1, 0)), TW_INVALID);
    assert_int_equal(submit(desk, killed), TW_UNSUPPORTED);
    for (uint64_t id = 1; id <= 6; id++)
        park(desk, stop(id, TW_SIDE_BUY, 100, 1));
    assert_int_equal(submit(desk, stop(6, TW_SIDE_BUY, 100, 1)), TW_EXISTS);
    assert_int_equal(submit(desk, limit(6, 1, TW_SIDE_BUY, 100, 1)), TW_EXISTS);
    assert_int_equal(submit(desk, stop(7, TW_SIDE_BUY, 100, 1)), TW_FULL);
    assert_int_equal(desk->events[0].reason, TW_MATCH_NO_ROOM);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SPECIAL_TEST(a_stop_becomes_a_market_order_at_its_price),
        SPECIAL_TEST(a_stop_limit_rests_at_its_limit),
        SPECIAL_TEST(the_nearest_and_then_the_oldest_is_first),
        SPECIAL_TEST(what_a_stop_trades_reaches_further_stops),
        SPECIAL_TEST(a_stop_that_is_reached_already_is_triggered_at_once),
        SPECIAL_TEST(a_trailing_stop_follows_its_mark),
        SPECIAL_TEST(a_trailing_stop_comes_back_with_its_mark),
        SPECIAL_TEST(a_trailing_stop_may_come_back_reached),
        SPECIAL_TEST(waiting_orders_are_reduced_and_cancelled),
        SPECIAL_TEST(a_replaced_stop_comes_again),
        SPECIAL_TEST(stops_wait_while_the_symbol_is_halted),
        SPECIAL_TEST(symbols_do_not_know_each_others_stops),
        SPECIAL_TEST(bad_stops_are_rejected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
