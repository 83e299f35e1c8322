/* test_match_groups.c - the rules of OCO, OTO and bracket, one a test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "match_desk.h"

static tw_status submit_group(match_desk *desk, tw_match_group kind, const tw_match_order *orders) {
    desk->count = 0;
    return tw_match_submit_group(desk->match, kind, orders, kind == TW_MATCH_BRACKET ? 3 : 2,
                                 &desk->sink);
}

/* An entry to buy 10 at 100, a limit to sell at 110, a stop to sell at 90: ids 1, 2, 3. */
static void make_bracket(tw_match_order orders[3]) {
    orders[0] = limit(1, 5, TW_SIDE_BUY, 100, 10);
    orders[1] = limit(2, 5, TW_SIDE_SELL, 110, 10);
    orders[2] = limit(3, 5, TW_SIDE_SELL, 0, 10);
    orders[2].type = TW_ORDER_STOP;
    orders[2].stop_price.nano = 90;
}

static void enter_bracket(match_desk *desk) {
    tw_match_order orders[3];
    make_bracket(orders);
    assert_int_equal(submit_group(desk, TW_MATCH_BRACKET, orders), TW_OK);
    EXPECT(desk, TW_MATCH_ACCEPTED, TW_MATCH_HELD, TW_MATCH_HELD, TW_MATCH_RESTED,
           TW_MATCH_BEST_CHANGED);
}

static void fill_entry(match_desk *desk) {
    assert_int_equal(submit(desk, limit(50, 0, TW_SIDE_SELL, 100, 10)), TW_OK);
    EXPECT(desk, TW_MATCH_ACCEPTED, TW_MATCH_TRADE, TW_MATCH_RELEASED, TW_MATCH_RELEASED,
           TW_MATCH_RESTED, TW_MATCH_PARKED, TW_MATCH_BEST_CHANGED);
    expect_event(&desk->events[2], TW_MATCH_RELEASED, 2, 10);
    expect_event(&desk->events[3], TW_MATCH_RELEASED, 3, 10);
}

static void legs_are_held_until_the_entry_is_filled_whole(void **state) {
    match_desk *desk = *state;
    enter_bracket(desk);
    assert_int_equal(view_of(desk, 2).place, TW_MATCH_HELD_BACK);
    assert_int_equal(submit(desk, limit(40, 0, TW_SIDE_SELL, 100, 4)), TW_OK);
    EXPECT(desk, TW_MATCH_ACCEPTED, TW_MATCH_TRADE, TW_MATCH_BEST_CHANGED);
    assert_int_equal(view_of(desk, 3).place, TW_MATCH_HELD_BACK);
    assert_int_equal(submit(desk, limit(41, 0, TW_SIDE_SELL, 100, 6)), TW_OK);
    EXPECT(desk, TW_MATCH_ACCEPTED, TW_MATCH_TRADE, TW_MATCH_RELEASED, TW_MATCH_RELEASED,
           TW_MATCH_RESTED, TW_MATCH_PARKED, TW_MATCH_BEST_CHANGED);
}

static void an_entry_that_trades_at_once_releases_at_once(void **state) {
    match_desk *desk = *state;
    tw_match_order orders[3];
    make_bracket(orders);
    orders[0].type = TW_ORDER_MARKET;
    place(desk, 50, 0, TW_SIDE_SELL, 100, 10);
    assert_int_equal(submit_group(desk, TW_MATCH_BRACKET, orders), TW_OK);
    EXPECT(desk, TW_MATCH_ACCEPTED, TW_MATCH_HELD, TW_MATCH_HELD, TW_MATCH_TRADE, TW_MATCH_RELEASED,
           TW_MATCH_RELEASED, TW_MATCH_RESTED, TW_MATCH_PARKED, TW_MATCH_BEST_CHANGED);
}

static void one_leg_filled_cancels_the_other(void **state) {
    match_desk *desk = *state;
    enter_bracket(desk);
    fill_entry(desk);
    assert_int_equal(submit(desk, limit(60, 0, TW_SIDE_BUY, 110, 4)), TW_OK);
    EXPECT(desk, TW_MATCH_ACCEPTED, TW_MATCH_TRADE, TW_MATCH_REDUCED, TW_MATCH_BEST_CHANGED);
    expect_event(&desk->events[2], TW_MATCH_REDUCED, 3, 4);
    assert_int_equal(desk->events[2].reason, TW_MATCH_GROUP);
    assert_int_equal(view_of(desk, 3).quantity.nano, 6);
    assert_int_equal(submit(desk, limit(61, 0, TW_SIDE_BUY, 110, 9)), TW_OK);
    EXPECT(desk, TW_MATCH_ACCEPTED, TW_MATCH_TRADE, TW_MATCH_CANCELLED, TW_MATCH_RESTED,
           TW_MATCH_BEST_CHANGED);
    expect_event(&desk->events[2], TW_MATCH_CANCELLED, 3, 6);
}

static void a_stop_that_fills_cancels_the_limit(void **state) {
    match_desk *desk = *state;
    enter_bracket(desk);
    fill_entry(desk);
    place(desk, 70, 0, TW_SIDE_BUY, 89, 3);
    place(desk, 71, 0, TW_SIDE_BUY, 88, 20);
    desk->count = 0;
    assert_int_equal(tw_match_see_price(desk->match, 0, (tw_price){90}, &desk->sink), TW_OK);
    EXPECT(desk, TW_MATCH_TRIGGERED, TW_MATCH_TRADE, TW_MATCH_REDUCED, TW_MATCH_TRADE,
           TW_MATCH_CANCELLED, TW_MATCH_BEST_CHANGED);
    expect_event(&desk->events[4], TW_MATCH_CANCELLED, 2, 7);
    assert_int_equal(desk->events[4].flags, TW_MATCH_AT_LEVEL);
}

static void cancelling_any_cancels_all(void **state) {
    match_desk *desk = *state;
    for (uint64_t id = 1; id <= 3; id++) {
        enter_bracket(desk);
        assert_int_equal(cancel(desk, id), TW_OK);
        EXPECT(desk, TW_MATCH_CANCELLED, TW_MATCH_CANCELLED, TW_MATCH_CANCELLED,
               TW_MATCH_BEST_CHANGED);
        assert_int_equal(desk->events[0].id, id);
        assert_int_equal(desk->events[0].reason, TW_MATCH_REQUESTED);
        assert_int_equal(desk->events[1].reason, TW_MATCH_GROUP);
    }
    enter_bracket(desk);
    fill_entry(desk);
    assert_int_equal(cancel(desk, 3), TW_OK);
    EXPECT(desk, TW_MATCH_CANCELLED, TW_MATCH_CANCELLED, TW_MATCH_BEST_CHANGED);
}

static void an_entry_that_cannot_fill_takes_its_legs_with_it(void **state) {
    match_desk *desk = *state;
    tw_match_order orders[3];
    make_bracket(orders);
    orders[0].time_in_force = TW_IMMEDIATE_OR_CANCEL;
    place(desk, 50, 0, TW_SIDE_SELL, 100, 4);
    assert_int_equal(submit_group(desk, TW_MATCH_BRACKET, orders), TW_OK);
    EXPECT(desk, TW_MATCH_ACCEPTED, TW_MATCH_HELD, TW_MATCH_HELD, TW_MATCH_TRADE,
           TW_MATCH_CANCELLED, TW_MATCH_CANCELLED, TW_MATCH_CANCELLED, TW_MATCH_BEST_CHANGED);
    expect_event(&desk->events[4], TW_MATCH_CANCELLED, 1, 6);
    expect_event(&desk->events[5], TW_MATCH_CANCELLED, 2, 10);
}

static void one_cancels_the_other(void **state) {
    match_desk *desk = *state;
    tw_match_order orders[3];
    make_bracket(orders);
    place(desk, 50, 0, TW_SIDE_BUY, 110, 4);
    assert_int_equal(submit_group(desk, TW_MATCH_OCO, orders + 1), TW_OK);
    EXPECT(desk, TW_MATCH_ACCEPTED, TW_MATCH_ACCEPTED, TW_MATCH_TRADE, TW_MATCH_REDUCED,
           TW_MATCH_RESTED, TW_MATCH_PARKED, TW_MATCH_BEST_CHANGED);
    assert_int_equal(view_of(desk, 3).quantity.nano, 6);
    assert_int_equal(view_of(desk, 2).quantity.nano, 6);
}

static void one_triggers_the_other(void **state) {
    match_desk *desk = *state;
    tw_match_order orders[3];
    make_bracket(orders);
    assert_int_equal(submit_group(desk, TW_MATCH_OTO, orders), TW_OK);
    assert_int_equal(submit(desk, limit(50, 0, TW_SIDE_SELL, 100, 10)), TW_OK);
    EXPECT(desk, TW_MATCH_ACCEPTED, TW_MATCH_TRADE, TW_MATCH_RELEASED, TW_MATCH_RESTED,
           TW_MATCH_BEST_CHANGED);
    assert_int_equal(cancel(desk, 2), TW_OK);
}

/* Both legs rest in the book; a taker of all of it gets what one of them has. */
static void two_resting_legs_trade_as_much_as_one(void **state) {
    match_desk *desk = *state;
    const tw_match_order orders[2] = {limit(1, 5, TW_SIDE_SELL, 100, 10),
                                      limit(2, 5, TW_SIDE_SELL, 101, 10)};
    assert_int_equal(submit_group(desk, TW_MATCH_OCO, orders), TW_OK);
    tw_match_order killed = limit(50, 0, TW_SIDE_BUY, 101, 11);
    killed.time_in_force = TW_FILL_OR_KILL;
    assert_int_equal(submit(desk, killed), TW_OK);
    EXPECT(desk, TW_MATCH_ACCEPTED, TW_MATCH_CANCELLED);
    killed.quantity.nano = 10;
    assert_int_equal(submit(desk, killed), TW_OK);
    EXPECT(desk, TW_MATCH_ACCEPTED, TW_MATCH_TRADE, TW_MATCH_CANCELLED, TW_MATCH_BEST_CHANGED);
    expect_event(&desk->events[2], TW_MATCH_CANCELLED, 2, 10);
}

static void legs_may_be_for_what_their_entry_was_filled_for_before(void **state) {
    match_desk *desk = *state;
    tw_match_order orders[3];
    make_bracket(orders);
    orders[0].quantity.nano = 4;
    assert_int_equal(submit_group(desk, TW_MATCH_BRACKET, orders), TW_OK);
    assert_int_equal(submit(desk, limit(50, 0, TW_SIDE_SELL, 100, 4)), TW_OK);
    assert_int_equal(view_of(desk, 2).quantity.nano, 10);
    assert_int_equal(view_of(desk, 3).quantity.nano, 10);
    assert_int_equal(submit(desk, limit(60, 0, TW_SIDE_BUY, 110, 10)), TW_OK);
    tw_match_view view;
    assert_int_equal(tw_match_find(desk->match, 0, 3, &view), TW_NOT_FOUND);
    make_bracket(orders);
    orders[0].quantity.nano = 11;
    assert_int_equal(submit_group(desk, TW_MATCH_BRACKET, orders), TW_INVALID);
}

static void what_is_no_group_is_rejected(void **state) {
    match_desk *desk = *state;
    tw_match_order orders[3];
    make_bracket(orders);
    orders[2].quantity.nano = 9;
    assert_int_equal(submit_group(desk, TW_MATCH_BRACKET, orders), TW_INVALID);
    EXPECT(desk, TW_MATCH_REJECTED);
    assert_int_equal(desk->events[0].reason, TW_MATCH_BAD_GROUP);
    assert_int_equal(desk->events[0].id, 3);
    make_bracket(orders);
    orders[1].side = TW_SIDE_BUY;
    assert_int_equal(submit_group(desk, TW_MATCH_BRACKET, orders), TW_INVALID);
    make_bracket(orders);
    orders[1].id = 1;
    assert_int_equal(submit_group(desk, TW_MATCH_BRACKET, orders), TW_INVALID);
    make_bracket(orders);
    orders[2].stop_price.nano = 0;
    assert_int_equal(submit_group(desk, TW_MATCH_BRACKET, orders), TW_INVALID);
    assert_int_equal(desk->events[0].reason, TW_MATCH_BAD_PRICE);
    make_bracket(orders);
    assert_int_equal(submit_group(desk, TW_MATCH_BRACKET, orders), TW_OK);
    for (size_t i = 0; i < 3; i++)
        orders[i].id += 10;
    assert_int_equal(submit_group(desk, TW_MATCH_BRACKET, orders), TW_OK);
    for (size_t i = 0; i < 3; i++)
        orders[i].id += 10;
    assert_int_equal(submit_group(desk, TW_MATCH_BRACKET, orders), TW_FULL);
    assert_int_equal(desk->events[0].reason, TW_MATCH_NO_ROOM);
}

static void reducing_an_order_reduces_its_group(void **state) {
    match_desk *desk = *state;
    enter_bracket(desk);
    desk->count = 0;
    assert_int_equal(tw_match_reduce(desk->match, 0, 2, (tw_quantity){3}, &desk->sink), TW_INVALID);
    desk->count = 0;
    assert_int_equal(tw_match_reduce(desk->match, 0, 1, (tw_quantity){3}, &desk->sink), TW_OK);
    EXPECT(desk, TW_MATCH_REDUCED, TW_MATCH_REDUCED, TW_MATCH_REDUCED, TW_MATCH_BEST_CHANGED);
    assert_int_equal(view_of(desk, 2).quantity.nano, 7);
    assert_int_equal(view_of(desk, 3).quantity.nano, 7);
}

static void a_leg_is_replaced_without_its_quantity(void **state) {
    match_desk *desk = *state;
    tw_match_replacement replacement = {.id = 9, .price.nano = 112, .quantity.nano = 9};
    enter_bracket(desk);
    desk->count = 0;
    assert_int_equal(tw_match_replace(desk->match, 0, 2, &replacement, &desk->sink), TW_INVALID);
    desk->count = 0;
    replacement.quantity.nano = 10;
    assert_int_equal(tw_match_replace(desk->match, 0, 2, &replacement, &desk->sink), TW_OK);
    EXPECT(desk, TW_MATCH_REPLACED);
    assert_int_equal(submit(desk, limit(50, 0, TW_SIDE_SELL, 100, 10)), TW_OK);
    expect_event(&desk->events[4], TW_MATCH_RESTED, 9, 10);
    replacement = (tw_match_replacement){.price.nano = 113, .quantity.nano = 10};
    desk->count = 0;
    assert_int_equal(tw_match_replace(desk->match, 0, 9, &replacement, &desk->sink), TW_OK);
    EXPECT(desk, TW_MATCH_REPLACED, TW_MATCH_RESTED, TW_MATCH_BEST_CHANGED);
    assert_int_equal(cancel(desk, 9), TW_OK);
    EXPECT(desk, TW_MATCH_CANCELLED, TW_MATCH_CANCELLED, TW_MATCH_BEST_CHANGED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SPECIAL_TEST(legs_are_held_until_the_entry_is_filled_whole),
        SPECIAL_TEST(an_entry_that_trades_at_once_releases_at_once),
        SPECIAL_TEST(one_leg_filled_cancels_the_other),
        SPECIAL_TEST(a_stop_that_fills_cancels_the_limit),
        SPECIAL_TEST(cancelling_any_cancels_all),
        SPECIAL_TEST(an_entry_that_cannot_fill_takes_its_legs_with_it),
        SPECIAL_TEST(one_cancels_the_other),
        SPECIAL_TEST(one_triggers_the_other),
        SPECIAL_TEST(two_resting_legs_trade_as_much_as_one),
        SPECIAL_TEST(legs_may_be_for_what_their_entry_was_filled_for_before),
        SPECIAL_TEST(what_is_no_group_is_rejected),
        SPECIAL_TEST(reducing_an_order_reduces_its_group),
        SPECIAL_TEST(a_leg_is_replaced_without_its_quantity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
