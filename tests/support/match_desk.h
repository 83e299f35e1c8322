/*
 * match_desk.h - an engine and the events of its last request, for tests of match.
 */
#ifndef TRADEWIND_TESTS_MATCH_DESK_H
#define TRADEWIND_TESTS_MATCH_DESK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tradewind/match.h"

#define EVENT_COUNT_MAX 32

/* An engine and the events of its last request. */
typedef struct match_desk {
    tw_match *match;
    tw_match_sink sink;
    tw_match_event events[EVENT_COUNT_MAX];
    size_t count;
    uint64_t sequence; /* of the last event of all */
} match_desk;

static inline void remember(void *context, const tw_match_event *event) {
    match_desk *desk = context;
    assert_true(desk->count < EVENT_COUNT_MAX);
    assert_int_equal(event->sequence, ++desk->sequence);
    desk->events[desk->count++] = *event;
}

static inline int make_desk_for(void **state, uint32_t special_count_max) {
    const tw_match_config config = {
        .book = {.symbol_count_max = 2, .order_count_max = 6, .level_count_max = 6},
        .self_trade = TW_MATCH_SELF_TRADE_CANCEL_NEWEST,
        .special_count_max = special_count_max};
    match_desk *made = test_calloc(1, sizeof *made);
    made->sink = (tw_match_sink){remember, made};
    *state = made;
    return tw_match_new(NULL, &config, &made->match) == TW_OK ? 0 : -1;
}

/* For orders that only trade and rest. */
static inline int make_desk(void **state) {
    return make_desk_for(state, 0);
}

static inline int make_special_desk(void **state) {
    return make_desk_for(state, 6);
}

static inline int free_desk(void **state) {
    match_desk *desk = *state;
    tw_match_check(desk->match);
    tw_match_free(desk->match);
    test_free(desk);
    return 0;
}

static inline tw_match_order limit(uint64_t id, uint64_t owner, tw_side side, int64_t price,
                                   int64_t quantity) {
    return (tw_match_order){.id = id,
                            .owner = owner,
                            .price.nano = price,
                            .quantity.nano = quantity,
                            .side = (uint8_t)side,
                            .type = TW_ORDER_LIMIT,
                            .time_in_force = TW_DAY};
}

static inline tw_status submit(match_desk *desk, tw_match_order order) {
    desk->count = 0;
    return tw_match_submit(desk->match, &order, &desk->sink);
}

/* Rests an order that must not trade. */
static inline void place(match_desk *desk, uint64_t id, uint64_t owner, tw_side side, int64_t price,
                         int64_t quantity) {
    assert_int_equal(submit(desk, limit(id, owner, side, price, quantity)), TW_OK);
    assert_int_equal(desk->events[1].kind, TW_MATCH_RESTED);
}

static inline void expect_kinds(const match_desk *desk, const uint8_t *kinds, size_t count) {
    assert_int_equal(desk->count, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(desk->events[i].kind, kinds[i]);
}

#define EXPECT(desk, ...) \
    expect_kinds((desk), (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static inline void expect_trade(const tw_match_event *event, uint64_t maker_id, int64_t price,
                                int64_t quantity) {
    assert_int_equal(event->kind, TW_MATCH_TRADE);
    assert_int_equal(event->maker_id, maker_id);
    assert_int_equal(event->price.nano, price);
    assert_int_equal(event->quantity.nano, quantity);
}

static inline int64_t open_quantity(const match_desk *desk, uint64_t id) {
    tw_book_view view;
    if (tw_book_find(tw_match_book(desk->match), 0, id, &view) != TW_OK)
        return 0;
    return view.quantity.nano;
}

static inline tw_status cancel(match_desk *desk, uint64_t id) {
    desk->count = 0;
    return tw_match_cancel(desk->match, 0, id, &desk->sink);
}

/* A trade of `quantity` at a price, between nobodies, that leaves nothing in the book. */
static inline void print(match_desk *desk, int64_t price, int64_t quantity) {
    place(desk, 900, 0, TW_SIDE_SELL, price, quantity);
    assert_int_equal(submit(desk, limit(901, 0, TW_SIDE_BUY, price, quantity)), TW_OK);
}

static inline tw_match_view view_of(const match_desk *desk, uint64_t id) {
    tw_match_view view = {0};
    assert_int_equal(tw_match_find(desk->match, 0, id, &view), TW_OK);
    return view;
}

static inline void expect_event(const tw_match_event *event, int kind, uint64_t id,
                                int64_t quantity) {
    assert_int_equal(event->kind, kind);
    assert_int_equal(event->id, id);
    assert_int_equal(event->quantity.nano, quantity);
}

#define DESK_TEST(name) cmocka_unit_test_setup_teardown(name, make_desk, free_desk)
#define SPECIAL_TEST(name) cmocka_unit_test_setup_teardown(name, make_special_desk, free_desk)

#endif
