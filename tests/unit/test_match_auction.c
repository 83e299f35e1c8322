/* test_match_auction.c - the rules of auctions, one a test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "match_desk.h"

static tw_status begin(match_desk *desk, tw_match_auction kind) {
    desk->count = 0;
    return tw_match_auction_begin(desk->match, 0, kind, &desk->sink);
}

static tw_status end(match_desk *desk, int64_t reference) {
    desk->count = 0;
    return tw_match_auction_end(desk->match, 0, (tw_price){reference}, &desk->sink);
}

static tw_match_order timed(tw_match_order order, tw_time_in_force time_in_force) {
    order.time_in_force = (uint8_t)time_in_force;
    return order;
}

static tw_match_order market(uint64_t id, tw_side side, int64_t quantity) {
    tw_match_order order = limit(id, 5, side, 0, quantity);
    order.type = TW_ORDER_MARKET;
    return order;
}

/* The events before the last but one are trades at one price; it says what came of the auction. */
static void expect_end(const match_desk *desk, int64_t price, int64_t quantity, tw_side side,
                       int64_t left_over) {
    tw_match_event ended = {0};
    int64_t traded = 0;
    for (size_t i = 0; i < desk->count; i++) {
        if (desk->events[i].kind == TW_MATCH_TRADE) {
            assert_int_equal(desk->events[i].price.nano, price);
            assert_int_equal(desk->events[i].flags, TW_MATCH_IN_AUCTION);
            traded += desk->events[i].quantity.nano;
        }
        if (desk->events[i].kind == TW_MATCH_AUCTION_ENDED)
            ended = desk->events[i];
    }
    assert_int_equal(ended.kind, TW_MATCH_AUCTION_ENDED);
    assert_int_equal(traded, quantity);
    assert_int_equal(ended.price.nano, price);
    assert_int_equal(ended.quantity.nano, quantity);
    assert_int_equal(ended.side, side);
    assert_int_equal(ended.remaining.nano, left_over);
}

static void orders_rest_crossed_until_the_auction_ends(void **state) {
    match_desk *desk = *state;
    assert_int_equal(begin(desk, TW_MATCH_OPENING), TW_OK);
    EXPECT(desk, TW_MATCH_AUCTION_BEGUN);
    assert_int_equal(begin(desk, TW_MATCH_OPENING), TW_STATE);
    place(desk, 1, 0, TW_SIDE_BUY, 105, 10);
    place(desk, 2, 0, TW_SIDE_SELL, 100, 4);
    place(desk, 3, 0, TW_SIDE_SELL, 103, 4);
    assert_int_equal(tw_match_auction_of(desk->match, 0), TW_MATCH_OPENING);
    assert_int_equal(end(desk, 104), TW_OK);
    expect_end(desk, 104, 8, TW_SIDE_BUY, 2); /* the reference itself */
    assert_int_equal(open_quantity(desk, 1), 2);
    assert_int_equal(end(desk, 104), TW_STATE);
}

static void the_most_trades_then_the_least_is_left_over(void **state) {
    match_desk *desk = *state;
    tw_match_outlook outlook;
    assert_int_equal(begin(desk, TW_MATCH_OPENING), TW_OK);
    place(desk, 1, 0, TW_SIDE_BUY, 102, 10);
    place(desk, 2, 0, TW_SIDE_BUY, 101, 5);
    place(desk, 3, 0, TW_SIDE_SELL, 99, 10);
    place(desk, 4, 0, TW_SIDE_SELL, 100, 1);
    assert_true(
        tw_match_auction_outlook(desk->match, 0, TW_MATCH_OPENING, (tw_price){0}, &outlook));
    assert_int_equal(outlook.price.nano, 101); /* 11 at 100 and 101, 4 left over at each: higher */
    assert_int_equal(outlook.quantity.nano, 11);
    assert_int_equal(outlook.left_over.nano, 4);
    assert_int_equal(end(desk, 100), TW_OK); /* the nearest to the reference */
    expect_end(desk, 100, 11, TW_SIDE_BUY, 4);
}

static void what_an_auction_would_bring_is_told_before_it_begins(void **state) {
    match_desk *desk = *state;
    tw_match_outlook outlook;
    place(desk, 1, 0, TW_SIDE_BUY, 99, 10);
    place(desk, 2, 0, TW_SIDE_SELL, 101, 10);
    submit(desk, timed(limit(3, 5, TW_SIDE_BUY, 102, 25), TW_AT_CLOSE));
    submit(desk, timed(market(4, TW_SIDE_SELL, 7), TW_AT_CLOSE));
    assert_false(
        tw_match_auction_outlook(desk->match, 0, TW_MATCH_OPENING, (tw_price){0}, &outlook));
    assert_true(
        tw_match_auction_outlook(desk->match, 0, TW_MATCH_CLOSING, (tw_price){0}, &outlook));
    assert_int_equal(outlook.price.nano, 102); /* 17 at 101 and 102 */
    assert_int_equal(outlook.quantity.nano, 17);
    assert_int_equal(outlook.left_over.nano, 8);
    assert_int_equal(outlook.side, TW_SIDE_BUY);
    assert_int_equal(tw_match_auction_of(desk->match, 0), 0);
    tw_price bid;
    assert_true(tw_book_best_price(tw_match_book(desk->match), 0, TW_SIDE_BUY, &bid));
    assert_int_equal(bid.nano, 99);
    tw_match_check(desk->match);
}

static void the_reference_decides_between_equals(void **state) {
    match_desk *desk = *state;
    static const int64_t references[] = {90, 100, 103, 120};
    static const int64_t prices[] = {98, 100, 103, 104};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(begin(desk, TW_MATCH_REOPENING), TW_OK);
        place(desk, 1, 0, TW_SIDE_BUY, 104, 10);
        place(desk, 2, 0, TW_SIDE_SELL, 98, 10);
        assert_int_equal(end(desk, references[i]), TW_OK);
        expect_end(desk, prices[i], 10, TW_SIDE_NONE, 0);
    }
}

static void market_orders_trade_first_and_do_not_outlive_it(void **state) {
    match_desk *desk = *state;
    assert_int_equal(begin(desk, TW_MATCH_OPENING), TW_OK);
    place(desk, 1, 0, TW_SIDE_BUY, 100, 5);
    assert_int_equal(submit(desk, market(2, TW_SIDE_BUY, 3)), TW_OK);
    EXPECT(desk, TW_MATCH_ACCEPTED, TW_MATCH_PARKED);
    assert_int_equal(submit(desk, timed(market(3, TW_SIDE_BUY, 3), TW_AT_OPEN)), TW_OK);
    place(desk, 4, 0, TW_SIDE_SELL, 99, 4);
    assert_int_equal(end(desk, 99), TW_OK);
    expect_event(&desk->events[0], TW_MATCH_TRADE, 2, 3);
    expect_event(&desk->events[1], TW_MATCH_TRADE, 3, 1);
    expect_event(&desk->events[2], TW_MATCH_CANCELLED, 3, 2);
    assert_int_equal(desk->events[2].reason, TW_MATCH_AUCTION_OVER);
    assert_int_equal(open_quantity(desk, 1), 5);
}

static void orders_for_an_auction_wait_for_it(void **state) {
    match_desk *desk = *state;
    assert_int_equal(submit(desk, timed(limit(1, 5, TW_SIDE_BUY, 110, 5), TW_AT_CLOSE)), TW_OK);
    EXPECT(desk, TW_MATCH_ACCEPTED, TW_MATCH_PARKED);
    assert_int_equal(view_of(desk, 1).place, TW_MATCH_AT_AUCTION);
    place(desk, 2, 0, TW_SIDE_SELL, 108, 2);
    assert_int_equal(begin(desk, TW_MATCH_OPENING), TW_OK);
    assert_int_equal(end(desk, 100), TW_OK); /* it is for the other one */
    EXPECT(desk, TW_MATCH_AUCTION_ENDED);
    assert_int_equal(begin(desk, TW_MATCH_CLOSING), TW_OK);
    EXPECT(desk, TW_MATCH_AUCTION_BEGUN, TW_MATCH_RESTED, TW_MATCH_BEST_CHANGED);
    assert_int_equal(end(desk, 100), TW_OK);
    EXPECT(desk, TW_MATCH_TRADE, TW_MATCH_CANCELLED, TW_MATCH_AUCTION_ENDED, TW_MATCH_BEST_CHANGED);
    expect_event(&desk->events[1], TW_MATCH_CANCELLED, 1, 3);
    assert_int_equal(desk->events[1].flags, TW_MATCH_AT_LEVEL);
    assert_int_equal(desk->events[2].price.nano, 108);
}

static void orders_for_an_auction_are_changed_like_others(void **state) {
    match_desk *desk = *state;
    tw_match_replacement replacement = {.id = 9, .price.nano = 101, .quantity.nano = 7};
    assert_int_equal(submit(desk, timed(limit(1, 5, TW_SIDE_BUY, 100, 5), TW_AT_OPEN)), TW_OK);
    desk->count = 0;
    assert_int_equal(tw_match_replace(desk->match, 0, 1, &replacement, &desk->sink), TW_OK);
    EXPECT(desk, TW_MATCH_REPLACED);
    assert_int_equal(begin(desk, TW_MATCH_OPENING), TW_OK);
    assert_int_equal(open_quantity(desk, 9), 7);
    replacement = (tw_match_replacement){.price.nano = 102, .quantity.nano = 6};
    desk->count = 0;
    assert_int_equal(tw_match_replace(desk->match, 0, 9, &replacement, &desk->sink), TW_OK);
    EXPECT(desk, TW_MATCH_REPLACED, TW_MATCH_RESTED, TW_MATCH_BEST_CHANGED);
    tw_match_check(desk->match);
    assert_int_equal(cancel(desk, 9), TW_OK);
    assert_int_equal(end(desk, 0), TW_OK);
    EXPECT(desk, TW_MATCH_AUCTION_ENDED);
    assert_int_equal(desk->events[0].price.nano, 0);
}

static void immediate_orders_are_rejected_during_an_auction(void **state) {
    match_desk *desk = *state;
    assert_int_equal(begin(desk, TW_MATCH_OPENING), TW_OK);
    assert_int_equal(submit(desk, timed(limit(1, 5, TW_SIDE_BUY, 100, 5), TW_IMMEDIATE_OR_CANCEL)),
                     TW_STATE);
    assert_int_equal(desk->events[0].reason, TW_MATCH_DURING_AUCTION);
    assert_int_equal(tw_match_halt(desk->match, 0, &desk->sink), TW_OK);
    assert_int_equal(end(desk, 0), TW_STATE);
    assert_int_equal(end(desk, -1), TW_INVALID);
    assert_int_equal(begin(desk, (tw_match_auction)9), TW_INVALID);
}

static void the_price_of_an_auction_reaches_stops(void **state) {
    match_desk *desk = *state;
    tw_match_order stop = market(1, TW_SIDE_SELL, 2);
    stop.type = TW_ORDER_STOP;
    stop.stop_price.nano = 100;
    assert_int_equal(begin(desk, TW_MATCH_OPENING), TW_OK);
    assert_int_equal(submit(desk, stop), TW_OK);
    EXPECT(desk, TW_MATCH_ACCEPTED, TW_MATCH_PARKED);
    place(desk, 2, 0, TW_SIDE_BUY, 100, 5);
    place(desk, 3, 0, TW_SIDE_SELL, 99, 1);
    assert_int_equal(end(desk, 99), TW_OK);
    EXPECT(desk, TW_MATCH_TRADE, TW_MATCH_AUCTION_ENDED, TW_MATCH_TRIGGERED, TW_MATCH_TRADE,
           TW_MATCH_BEST_CHANGED);
}

static void an_entry_at_the_opening_releases_its_legs(void **state) {
    match_desk *desk = *state;
    tw_match_order orders[2] = {timed(market(1, TW_SIDE_BUY, 4), TW_AT_OPEN),
                                limit(2, 5, TW_SIDE_SELL, 120, 4)};
    desk->count = 0;
    assert_int_equal(tw_match_submit_group(desk->match, TW_MATCH_OTO, orders, 2, &desk->sink),
                     TW_OK);
    EXPECT(desk, TW_MATCH_ACCEPTED, TW_MATCH_HELD, TW_MATCH_PARKED);
    assert_int_equal(begin(desk, TW_MATCH_OPENING), TW_OK);
    place(desk, 3, 0, TW_SIDE_SELL, 99, 4);
    assert_int_equal(end(desk, 0), TW_OK);
    EXPECT(desk, TW_MATCH_TRADE, TW_MATCH_RELEASED, TW_MATCH_AUCTION_ENDED, TW_MATCH_RESTED,
           TW_MATCH_BEST_CHANGED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SPECIAL_TEST(orders_rest_crossed_until_the_auction_ends),
        SPECIAL_TEST(the_most_trades_then_the_least_is_left_over),
        SPECIAL_TEST(what_an_auction_would_bring_is_told_before_it_begins),
        SPECIAL_TEST(the_reference_decides_between_equals),
        SPECIAL_TEST(market_orders_trade_first_and_do_not_outlive_it),
        SPECIAL_TEST(orders_for_an_auction_wait_for_it),
        SPECIAL_TEST(orders_for_an_auction_are_changed_like_others),
        SPECIAL_TEST(immediate_orders_are_rejected_during_an_auction),
        SPECIAL_TEST(the_price_of_an_auction_reaches_stops),
        SPECIAL_TEST(an_entry_at_the_opening_releases_its_legs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
