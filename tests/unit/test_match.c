/* test_match.c - the rules of matching, one a test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "failing_heap.h"
#include "match_desk.h"

/* ---- Creation ----------------------------------------------------------------------------- */

static tw_status make_use_and_free(const tw_allocator *allocator, void *context) {
    (void)context;
    const tw_match_config config = {
        .book = {.symbol_count_max = 1, .order_count_max = 4, .level_count_max = 4},
        .special_count_max = 3};
    TW_AUTO(tw_match) *match = NULL;
    tw_status status = tw_match_new(allocator, &config, &match);
    if (status == TW_OK)
        tw_match_check(match);
    return status;
}

static void every_failed_allocation_leaves_nothing(void **state) {
    (void)state;
    assert_survives_failed_allocations(make_use_and_free, NULL);
}

static void bad_configurations_are_refused(void **state) {
    (void)state;
    tw_match *match = NULL;
    const tw_match_config no_symbols = {.book = {.level_count_max = 4}};
    const tw_match_config odd = {.book = {.symbol_count_max = 1, .level_count_max = 4},
                                 .self_trade = 9};
    assert_int_equal(tw_match_new(NULL, &no_symbols, &match), TW_INVALID);
    assert_int_equal(tw_match_new(NULL, &odd, &match), TW_INVALID);
    assert_null(match);
    tw_match_free(NULL);
}

/* ---- Submit ------------------------------------------------------------------------------- */

static void best_price_then_oldest_trades_at_the_makers_price(void **state) {
    match_desk *desk = *state;
    place(desk, 1, 1, TW_SIDE_SELL, 101, 5);
    place(desk, 2, 2, TW_SIDE_SELL, 100, 5);
    place(desk, 3, 3, TW_SIDE_SELL, 100, 5);
    assert_int_equal(submit(desk, limit(4, 4, TW_SIDE_BUY, 102, 12)), TW_OK);
    EXPECT(desk, TW_MATCH_ACCEPTED, TW_MATCH_TRADE, TW_MATCH_TRADE, TW_MATCH_TRADE,
           TW_MATCH_BEST_CHANGED);
    expect_trade(&desk->events[1], 2, 100, 5);
    expect_trade(&desk->events[2], 3, 100, 5);
    expect_trade(&desk->events[3], 1, 101, 2);
    assert_int_equal(desk->events[3].trade_id, 3);
    assert_int_equal(desk->events[3].owner, 4);
    assert_int_equal(desk->events[3].maker_owner, 1);
    assert_int_equal(desk->events[3].side, TW_SIDE_BUY);
    assert_int_equal(desk->events[3].remaining.nano, 0);
    assert_int_equal(desk->events[3].maker_remaining.nano, 3);
    assert_int_equal(open_quantity(desk, 1), 3);
}

static void the_rest_of_a_limit_order_rests(void **state) {
    match_desk *desk = *state;
    place(desk, 1, 1, TW_SIDE_SELL, 100, 5);
    assert_int_equal(submit(desk, limit(2, 2, TW_SIDE_BUY, 100, 8)), TW_OK);
    EXPECT(desk, TW_MATCH_ACCEPTED, TW_MATCH_TRADE, TW_MATCH_RESTED, TW_MATCH_BEST_CHANGED);
    assert_int_equal(desk->events[2].quantity.nano, 3);
    assert_int_equal(open_quantity(desk, 2), 3);
}

static void immediate_or_cancel_never_rests(void **state) {
    match_desk *desk = *state;
    place(desk, 1, 1, TW_SIDE_SELL, 100, 5);
    tw_match_order order = limit(2, 2, TW_SIDE_BUY, 100, 8);
    order.time_in_force = TW_IMMEDIATE_OR_CANCEL;
    assert_int_equal(submit(desk, order), TW_OK);
    EXPECT(desk, TW_MATCH_ACCEPTED, TW_MATCH_TRADE, TW_MATCH_CANCELLED, TW_MATCH_BEST_CHANGED);
    assert_int_equal(desk->events[2].reason, TW_MATCH_IMMEDIATE);
    assert_int_equal(desk->events[2].quantity.nano, 3);
    assert_int_equal(open_quantity(desk, 2), 0);
}

static void fill_or_kill_trades_whole_or_not_at_all(void **state) {
    match_desk *desk = *state;
    place(desk, 1, 1, TW_SIDE_SELL, 100, 5);
    place(desk, 2, 1, TW_SIDE_SELL, 101, 5);
    tw_match_order order = limit(3, 2, TW_SIDE_BUY, 100, 6);
    order.time_in_force = TW_FILL_OR_KILL;
    assert_int_equal(submit(desk, order), TW_OK);
    EXPECT(desk, TW_MATCH_ACCEPTED, TW_MATCH_CANCELLED);
    assert_int_equal(desk->events[1].reason, TW_MATCH_KILLED);
    assert_int_equal(open_quantity(desk, 1), 5);
    order.price.nano = 101;
    assert_int_equal(submit(desk, order), TW_OK);
    EXPECT(desk, TW_MATCH_ACCEPTED, TW_MATCH_TRADE, TW_MATCH_TRADE, TW_MATCH_BEST_CHANGED);
}

static void a_market_order_without_liquidity_is_cancelled(void **state) {
    match_desk *desk = *state;
    place(desk, 1, 1, TW_SIDE_BUY, 1, 5);
    tw_match_order order = limit(2, 2, TW_SIDE_SELL, 999, 8);
    order.type = TW_ORDER_MARKET;
    assert_int_equal(submit(desk, order), TW_OK);
    EXPECT(desk, TW_MATCH_ACCEPTED, TW_MATCH_TRADE, TW_MATCH_CANCELLED, TW_MATCH_BEST_CHANGED);
    expect_trade(&desk->events[1], 1, 1, 5);
    assert_int_equal(desk->events[2].reason, TW_MATCH_NO_LIQUIDITY);
    assert_int_equal(desk->events[2].price.nano, 0);
}

static void post_only_is_rejected_when_it_would_trade(void **state) {
    match_desk *desk = *state;
    place(desk, 1, 1, TW_SIDE_SELL, 100, 5);
    tw_match_order order = limit(2, 2, TW_SIDE_BUY, 100, 8);
    order.post_only = 1;
    assert_int_equal(submit(desk, order), TW_LIMIT);
    EXPECT(desk, TW_MATCH_REJECTED);
    assert_int_equal(desk->events[0].reason, TW_MATCH_WOULD_TRADE);
    order.price.nano = 99;
    assert_int_equal(submit(desk, order), TW_OK);
    EXPECT(desk, TW_MATCH_ACCEPTED, TW_MATCH_RESTED, TW_MATCH_BEST_CHANGED);
}

static void one_owner_does_not_trade_with_itself(void **state) {
    match_desk *desk = *state;
    place(desk, 1, 2, TW_SIDE_SELL, 100, 5);
    place(desk, 2, 1, TW_SIDE_SELL, 101, 5);
    assert_int_equal(submit(desk, limit(3, 1, TW_SIDE_BUY, 101, 9)), TW_OK);
    EXPECT(desk, TW_MATCH_ACCEPTED, TW_MATCH_TRADE, TW_MATCH_CANCELLED, TW_MATCH_BEST_CHANGED);
    assert_int_equal(desk->events[2].reason, TW_MATCH_SELF_TRADE);
    assert_int_equal(desk->events[2].quantity.nano, 4);
    tw_match_order order = limit(4, 1, TW_SIDE_BUY, 101, 5);
    order.time_in_force = TW_FILL_OR_KILL;
    assert_int_equal(submit(desk, order), TW_OK);
    assert_int_equal(desk->events[1].reason, TW_MATCH_KILLED);
}

static void nobody_may_trade_with_nobody(void **state) {
    match_desk *desk = *state;
    place(desk, 1, 0, TW_SIDE_SELL, 100, 5);
    assert_int_equal(submit(desk, limit(2, 0, TW_SIDE_BUY, 100, 5)), TW_OK);
    EXPECT(desk, TW_MATCH_ACCEPTED, TW_MATCH_TRADE, TW_MATCH_BEST_CHANGED);
}

static void expect_rejection(match_desk *desk, tw_match_order order, tw_match_reason reason,
                             tw_status status) {
    assert_int_equal(submit(desk, order), status);
    EXPECT(desk, TW_MATCH_REJECTED);
    assert_int_equal(desk->events[0].reason, reason);
}

static void each_rejection_has_its_reason(void **state) {
    match_desk *desk = *state;
    const tw_match_order good = limit(1, 1, TW_SIDE_BUY, 100, 5);
    tw_match_order bad = good;
    bad.symbol = 2;
    expect_rejection(desk, bad, TW_MATCH_BAD_SYMBOL, TW_INVALID);
    bad = good;
    bad.id = 0;
    expect_rejection(desk, bad, TW_MATCH_BAD_ID, TW_INVALID);
    bad = good;
    bad.side = TW_SIDE_NONE;
    expect_rejection(desk, bad, TW_MATCH_BAD_SIDE, TW_INVALID);
    bad = good;
    bad.type = TW_ORDER_STOP;
    expect_rejection(desk, bad, TW_MATCH_BAD_TYPE, TW_UNSUPPORTED);
    bad = good;
    bad.time_in_force = TW_AT_OPEN;
    expect_rejection(desk, bad, TW_MATCH_BAD_TYPE, TW_UNSUPPORTED);
    bad = good;
    bad.time_in_force = TW_IMMEDIATE_OR_CANCEL;
    bad.post_only = 1;
    expect_rejection(desk, bad, TW_MATCH_BAD_TYPE, TW_UNSUPPORTED);
    bad = good;
    bad.price.nano = 0;
    expect_rejection(desk, bad, TW_MATCH_BAD_PRICE, TW_INVALID);
    bad = good;
    bad.quantity.nano = 0;
    expect_rejection(desk, bad, TW_MATCH_BAD_QUANTITY, TW_INVALID);
    place(desk, 1, 1, TW_SIDE_BUY, 100, 5);
    expect_rejection(desk, good, TW_MATCH_DUPLICATE_ID, TW_EXISTS);
    tw_match_counters counters;
    tw_match_counters_of(desk->match, &counters);
    assert_int_equal(counters.rejected, 9);
    assert_int_equal(counters.accepted, 1);
}

static void an_order_without_room_to_rest_is_cancelled(void **state) {
    match_desk *desk = *state;
    for (uint64_t id = 1; id <= 6; id++)
        place(desk, id, 1, TW_SIDE_BUY, 100, 5);
    assert_int_equal(submit(desk, limit(7, 1, TW_SIDE_BUY, 100, 5)), TW_OK);
    EXPECT(desk, TW_MATCH_ACCEPTED, TW_MATCH_CANCELLED);
    assert_int_equal(desk->events[1].reason, TW_MATCH_CAPACITY);
    /* Trading away a maker makes the room. */
    assert_int_equal(submit(desk, limit(8, 2, TW_SIDE_SELL, 100, 35)), TW_OK);
    assert_int_equal(desk->events[7].kind, TW_MATCH_RESTED);
    assert_int_equal(open_quantity(desk, 8), 5);
}

/* ---- Changes ------------------------------------------------------------------------------ */

static void cancel_and_reduce_withdraw(void **state) {
    match_desk *desk = *state;
    place(desk, 1, 1, TW_SIDE_BUY, 100, 5);
    desk->count = 0;
    assert_int_equal(tw_match_reduce(desk->match, 0, 1, (tw_quantity){2}, &desk->sink), TW_OK);
    EXPECT(desk, TW_MATCH_REDUCED, TW_MATCH_BEST_CHANGED);
    assert_int_equal(desk->events[0].remaining.nano, 3);
    desk->count = 0;
    assert_int_equal(tw_match_reduce(desk->match, 0, 1, (tw_quantity){4}, &desk->sink), TW_RANGE);
    EXPECT(desk, TW_MATCH_CANCELLED, TW_MATCH_BEST_CHANGED);
    assert_int_equal(desk->events[0].quantity.nano, 3);
    desk->count = 0;
    assert_int_equal(tw_match_cancel(desk->match, 0, 1, &desk->sink), TW_NOT_FOUND);
    EXPECT(desk, TW_MATCH_REJECTED);
    assert_int_equal(tw_match_cancel(desk->match, 9, 1, &desk->sink), TW_INVALID);
    place(desk, 1, 1, TW_SIDE_BUY, 100, 5);
    desk->count = 0;
    assert_int_equal(tw_match_cancel(desk->match, 0, 1, &desk->sink), TW_OK);
    EXPECT(desk, TW_MATCH_CANCELLED, TW_MATCH_BEST_CHANGED);
    assert_int_equal(desk->events[0].reason, TW_MATCH_REQUESTED);
}

static uint64_t first_bid(const match_desk *desk) {
    const tw_book *book = tw_match_book(desk->match);
    tw_book_view view;
    tw_book_order_read(book, tw_book_order_first(book, tw_book_level_first(book, 0, TW_SIDE_BUY)),
                       &view);
    return view.id;
}

static tw_status replace(match_desk *desk, uint64_t id, tw_match_replacement replacement) {
    desk->count = 0;
    return tw_match_replace(desk->match, 0, id, &replacement, &desk->sink);
}

static void only_a_smaller_size_keeps_the_place(void **state) {
    match_desk *desk = *state;
    place(desk, 1, 1, TW_SIDE_BUY, 100, 5);
    place(desk, 2, 2, TW_SIDE_BUY, 100, 5);
    assert_int_equal(
        replace(desk, 1, (tw_match_replacement){.price.nano = 100, .quantity.nano = 4}), TW_OK);
    EXPECT(desk, TW_MATCH_REPLACED, TW_MATCH_BEST_CHANGED);
    assert_int_equal(first_bid(desk), 1);
    assert_int_equal(
        replace(desk, 1, (tw_match_replacement){.price.nano = 100, .quantity.nano = 5}), TW_OK);
    EXPECT(desk, TW_MATCH_REPLACED, TW_MATCH_RESTED, TW_MATCH_BEST_CHANGED);
    assert_int_equal(first_bid(desk), 2);
    assert_int_equal(
        replace(desk, 2, (tw_match_replacement){.id = 7, .price.nano = 100, .quantity.nano = 5}),
        TW_OK);
    EXPECT(desk, TW_MATCH_REPLACED, TW_MATCH_RESTED);
    assert_int_equal(desk->events[0].id, 7);
    assert_int_equal(desk->events[0].previous_id, 2);
    assert_int_equal(desk->events[0].owner, 2);
    assert_int_equal(first_bid(desk), 1);
}

static void a_replaced_price_trades_when_it_crosses(void **state) {
    match_desk *desk = *state;
    place(desk, 1, 1, TW_SIDE_BUY, 100, 5);
    place(desk, 2, 2, TW_SIDE_SELL, 102, 3);
    tw_match_replacement up = {.price.nano = 102, .quantity.nano = 5, .post_only = 1};
    assert_int_equal(replace(desk, 1, up), TW_LIMIT);
    EXPECT(desk, TW_MATCH_REJECTED);
    assert_int_equal(open_quantity(desk, 1), 5);
    up.post_only = 0;
    assert_int_equal(replace(desk, 1, up), TW_OK);
    EXPECT(desk, TW_MATCH_REPLACED, TW_MATCH_TRADE, TW_MATCH_RESTED, TW_MATCH_BEST_CHANGED);
    expect_trade(&desk->events[1], 2, 102, 3);
    assert_int_equal(open_quantity(desk, 1), 2);
}

static void a_halted_symbol_takes_nothing_new(void **state) {
    match_desk *desk = *state;
    place(desk, 1, 1, TW_SIDE_BUY, 100, 5);
    assert_int_equal(tw_match_resume(desk->match, 0, &desk->sink), TW_STATE);
    desk->count = 0;
    assert_int_equal(tw_match_halt(desk->match, 0, &desk->sink), TW_OK);
    EXPECT(desk, TW_MATCH_HALTED);
    assert_true(tw_match_is_halted(desk->match, 0));
    expect_rejection(desk, limit(2, 2, TW_SIDE_SELL, 100, 5), TW_MATCH_SYMBOL_HALTED, TW_STATE);
    assert_int_equal(
        replace(desk, 1, (tw_match_replacement){.price.nano = 100, .quantity.nano = 4}), TW_STATE);
    tw_match_order elsewhere = limit(2, 2, TW_SIDE_SELL, 100, 5);
    elsewhere.symbol = 1;
    assert_int_equal(submit(desk, elsewhere), TW_OK);
    assert_int_equal(tw_match_reduce(desk->match, 0, 1, (tw_quantity){1}, &desk->sink), TW_OK);
    desk->count = 0;
    assert_int_equal(tw_match_resume(desk->match, 0, &desk->sink), TW_OK);
    EXPECT(desk, TW_MATCH_RESUMED);
    assert_int_equal(tw_match_halt(desk->match, 2, &desk->sink), TW_INVALID);
    assert_int_equal(submit(desk, limit(2, 2, TW_SIDE_SELL, 100, 4)), TW_OK);
    assert_int_equal(desk->events[1].kind, TW_MATCH_TRADE);
}

/* ---- The tape ----------------------------------------------------------------------------- */

static tw_status execute(match_desk *desk, uint64_t id, int64_t quantity) {
    desk->count = 0;
    return tw_match_execute(desk->match, 0, id, (tw_quantity){quantity}, &desk->sink);
}

static void the_tape_fills_owners_that_stand_before(void **state) {
    match_desk *desk = *state;
    place(desk, 1, 0, TW_SIDE_BUY, 101, 5); /* the tape's: better, but it did not trade */
    place(desk, 2, 7, TW_SIDE_BUY, 100, 3); /* an owner's: before the tape's next */
    place(desk, 3, 0, TW_SIDE_BUY, 100, 10);
    place(desk, 4, 7, TW_SIDE_BUY, 100, 3); /* behind it */
    assert_int_equal(execute(desk, 3, 8), TW_OK);
    EXPECT(desk, TW_MATCH_TRADE, TW_MATCH_TRADE, TW_MATCH_REDUCED);
    expect_trade(&desk->events[0], 2, 100, 3);
    expect_trade(&desk->events[1], 3, 100, 5);
    assert_int_equal(desk->events[0].id, 0);
    assert_int_equal(desk->events[0].side, TW_SIDE_SELL);
    assert_int_equal(desk->events[2].reason, TW_MATCH_DISPLACED);
    assert_int_equal(desk->events[2].quantity.nano, 3);
    assert_int_equal(open_quantity(desk, 3), 2); /* what the tape believes */
    assert_int_equal(open_quantity(desk, 1), 5);
    assert_int_equal(open_quantity(desk, 4), 3);
    assert_int_equal(execute(desk, 3, 9), TW_RANGE);
    expect_trade(&desk->events[0], 3, 100, 2);
}

static void an_owner_may_take_all_of_a_tapes_execution(void **state) {
    match_desk *desk = *state;
    place(desk, 1, 7, TW_SIDE_SELL, 99, 10);
    place(desk, 2, 0, TW_SIDE_SELL, 100, 4);
    assert_int_equal(execute(desk, 2, 4), TW_OK);
    EXPECT(desk, TW_MATCH_TRADE, TW_MATCH_CANCELLED, TW_MATCH_BEST_CHANGED);
    expect_trade(&desk->events[0], 1, 99, 4);
    assert_int_equal(desk->events[1].id, 2);
    assert_int_equal(desk->events[1].reason, TW_MATCH_DISPLACED);
    assert_int_equal(open_quantity(desk, 1), 6);
    assert_int_equal(open_quantity(desk, 2), 0);
    assert_int_equal(execute(desk, 2, 4), TW_NOT_FOUND);
    assert_int_equal(execute(desk, 1, 0), TW_INVALID);
}

static void quantities_are_conserved(void **state) {
    match_desk *desk = *state;
    place(desk, 1, 1, TW_SIDE_SELL, 100, 5);
    assert_int_equal(submit(desk, limit(2, 2, TW_SIDE_BUY, 100, 8)), TW_OK);
    assert_int_equal(execute(desk, 2, 1), TW_OK);
    assert_int_equal(tw_match_cancel(desk->match, 0, 2, &desk->sink), TW_OK);
    tw_match_counters counters;
    tw_match_counters_of(desk->match, &counters);
    assert_int_equal(counters.trades, 2);
    assert_int_equal(counters.quantity_entered, 14); /* 5 + 8 + the unseen 1 */
    assert_int_equal(counters.quantity_bought, 6);
    assert_int_equal(counters.quantity_sold, 6);
    assert_int_equal(counters.quantity_withdrawn, 2);
    assert_int_equal(counters.cancelled, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_failed_allocation_leaves_nothing),
        cmocka_unit_test(bad_configurations_are_refused),
        DESK_TEST(best_price_then_oldest_trades_at_the_makers_price),
        DESK_TEST(the_rest_of_a_limit_order_rests),
        DESK_TEST(immediate_or_cancel_never_rests),
        DESK_TEST(fill_or_kill_trades_whole_or_not_at_all),
        DESK_TEST(a_market_order_without_liquidity_is_cancelled),
        DESK_TEST(post_only_is_rejected_when_it_would_trade),
        DESK_TEST(one_owner_does_not_trade_with_itself),
        DESK_TEST(nobody_may_trade_with_nobody),
        DESK_TEST(each_rejection_has_its_reason),
        DESK_TEST(an_order_without_room_to_rest_is_cancelled),
        DESK_TEST(cancel_and_reduce_withdraw),
        DESK_TEST(only_a_smaller_size_keeps_the_place),
        DESK_TEST(a_replaced_price_trades_when_it_crosses),
        DESK_TEST(a_halted_symbol_takes_nothing_new),
        DESK_TEST(the_tape_fills_owners_that_stand_before),
        DESK_TEST(an_owner_may_take_all_of_a_tapes_execution),
        DESK_TEST(quantities_are_conserved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
