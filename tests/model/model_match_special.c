/*
 * model_match_special.c - random orders of every kind to a tw_match beside an obvious slow engine
 * (slow_match.h). Each request is put to both; their events must be equal, one by one.
 */
#include "slow_match.h"

/* ---- Random requests to both ----------------------------------------------------------------- */

typedef struct match_pair {
    tw_match *match;
    tw_match_sink sink;
    slow_match slow;
    event_list told;
    event_list wanted;
    uint64_t seed;
    uint64_t next_id;
    uint64_t kinds[TW_MATCH_AUCTION_ENDED + 1];
    uint64_t foretold; /* auctions that traded */
} match_pair;

static void remember(void *context, const tw_match_event *event) {
    event_list *list = context;
    assert_true(list->count < EVENT_COUNT_MAX);
    list->events[list->count++] = *event;
}

static uint32_t dice(match_pair *pair, uint32_t sides) {
    uint64_t z = (pair->seed += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)((z ^ (z >> 31)) % sides);
}

static int64_t some_price(match_pair *pair) {
    return 100 * (90 + (int64_t)dice(pair, 21));
}

static uint64_t some_id(match_pair *pair) {
    if (pair->slow.count > 0 && dice(pair, 20) > 0)
        return pair->slow.orders[dice(pair, (uint32_t)pair->slow.count)].as.id;
    return UINT64_MAX;
}

static void some_trail(match_pair *pair, tw_price *ret_price, int64_t *ret_percent_nano) {
    if (dice(pair, 2) == 0)
        ret_price->nano = 100 * (1 + (int64_t)dice(pair, 8));
    else
        *ret_percent_nano = 1000000000 * (1 + (int64_t)dice(pair, 8));
}

static tw_match_order some_order(match_pair *pair, uint8_t type) {
    tw_match_order order = {.id = pair->next_id++,
                            .owner = dice(pair, 4),
                            .quantity.nano = 1 + (int64_t)dice(pair, 30),
                            .side = (uint8_t)(TW_SIDE_BUY + dice(pair, 2)),
                            .type = type,
                            .time_in_force = (uint8_t)dice(pair, 2)};
    if (type == TW_ORDER_LIMIT || type == TW_ORDER_STOP_LIMIT)
        order.price.nano = some_price(pair);
    if (type == TW_ORDER_STOP || type == TW_ORDER_STOP_LIMIT)
        order.stop_price.nano = some_price(pair);
    if (type == TW_ORDER_TRAILING_STOP)
        some_trail(pair, &order.trail_price, &order.trail_percent_nano);
    if (type == TW_ORDER_TRAILING_STOP && dice(pair, 3) == 0)
        order.mark.nano = some_price(pair);
    return order;
}

static tw_match_order some_plain_order(match_pair *pair) {
    static const uint8_t types[] = {TW_ORDER_LIMIT,        TW_ORDER_LIMIT, TW_ORDER_LIMIT,
                                    TW_ORDER_LIMIT,        TW_ORDER_LIMIT, TW_ORDER_LIMIT,
                                    TW_ORDER_MARKET,       TW_ORDER_STOP,  TW_ORDER_STOP_LIMIT,
                                    TW_ORDER_TRAILING_STOP};
    tw_match_order order = some_order(pair, types[dice(pair, 10)]);
    if (order.type <= TW_ORDER_LIMIT && dice(pair, 3) == 0)
        order.time_in_force = (uint8_t)dice(pair, TW_AT_CLOSE + 1);
    order.post_only = order.type == TW_ORDER_LIMIT &&
                      order.time_in_force <= TW_GOOD_TILL_CANCELED && dice(pair, 8) == 0;
    return order;
}

static void group_both(match_pair *pair) {
    tw_match_group kind = (tw_match_group)(1 + dice(pair, 3));
    size_t count = kind == TW_MATCH_BRACKET ? 3 : 2;
    tw_match_order orders[3];
    int64_t filled = dice(pair, 4) == 0 ? 1 + (int64_t)dice(pair, 20) : 0;
    for (size_t i = 0; i < count; i++) {
        orders[i] = some_order(pair, (uint8_t)(TW_ORDER_LIMIT + dice(pair, 4)));
        if (i == 0 && kind != TW_MATCH_OCO) {
            orders[0] = some_plain_order(pair);
            continue;
        }
        orders[i].owner = orders[0].owner;
        orders[i].quantity.nano = orders[0].quantity.nano + (kind == TW_MATCH_OCO ? 0 : filled);
        orders[i].side = kind == TW_MATCH_OCO ? orders[0].side : other_side(orders[0].side);
    }
    slow_submit_group(&pair->slow, kind, orders, count);
    tw_match_submit_group(pair->match, kind, orders, count, &pair->sink);
}

static void replace_both(match_pair *pair) {
    uint64_t id = some_id(pair);
    const slow_order *order = find(&pair->slow, id);
    tw_match_replacement replacement = {.price.nano = some_price(pair),
                                        .quantity.nano = 1 + (int64_t)dice(pair, 30)};
    if (order != NULL && dice(pair, 2) == 0)
        replacement.quantity = order->as.quantity;
    if (order != NULL && dice(pair, 2) == 0 && order->as.price.nano > 0)
        replacement.price = order->as.price;
    if (dice(pair, 2) == 0)
        replacement.stop_price.nano = some_price(pair);
    if (dice(pair, 2) == 0)
        some_trail(pair, &replacement.trail_price, &replacement.trail_percent_nano);
    replacement.post_only = dice(pair, 6) == 0;
    if (dice(pair, 3) == 0)
        replacement.id = pair->next_id++;
    slow_replace(&pair->slow, id, &replacement);
    tw_match_replace(pair->match, 0, id, &replacement, &pair->sink);
}

static void compare_events(match_pair *pair, uint32_t number);

/* What was foretold of an auction comes true when it begins and ends at once. */
static void foretell_both(match_pair *pair, tw_match_auction kind) {
    int64_t reference = dice(pair, 3) == 0 ? 0 : some_price(pair) + 50;
    tw_match_outlook outlook = {0};
    bool can_end = pair->slow.auction == 0 && !pair->slow.halted;
    bool trades =
        can_end && tw_match_auction_outlook(pair->match, 0, kind, (tw_price){reference}, &outlook);
    slow_auction_begin(&pair->slow, kind);
    tw_match_auction_begin(pair->match, 0, kind, &pair->sink);
    if (!can_end || dice(pair, 2) == 0)
        return;
    compare_events(pair, 0);
    pair->told.count = 0;
    pair->wanted.count = 0;
    slow_auction_end(&pair->slow, reference);
    tw_match_auction_end(pair->match, 0, (tw_price){reference}, &pair->sink);
    tw_match_event ended = {0};
    for (size_t i = 0; i < pair->told.count; i++) {
        if (pair->told.events[i].kind == TW_MATCH_AUCTION_ENDED)
            ended = pair->told.events[i];
    }
    assert_int_equal(ended.kind, TW_MATCH_AUCTION_ENDED);
    assert_int_equal(trades, ended.quantity.nano > 0);
    assert_int_equal(outlook.price.nano, ended.price.nano);
    assert_int_equal(outlook.quantity.nano, ended.quantity.nano);
    assert_int_equal(outlook.left_over.nano, ended.remaining.nano);
    pair->foretold += trades;
}

static void change_phase_of_both(match_pair *pair) {
    uint32_t what = dice(pair, 8);
    if (what == 0) {
        slow_halt(&pair->slow, true);
        tw_match_halt(pair->match, 0, &pair->sink);
    } else if (what < 4) {
        slow_halt(&pair->slow, false);
        tw_match_resume(pair->match, 0, &pair->sink);
    } else if (what == 4) {
        foretell_both(pair, (tw_match_auction)(1 + dice(pair, 3)));
    } else {
        int64_t reference = dice(pair, 3) == 0 ? 0 : some_price(pair) + 50;
        slow_auction_end(&pair->slow, reference);
        tw_match_auction_end(pair->match, 0, (tw_price){reference}, &pair->sink);
    }
}

static void request_both(match_pair *pair) {
    uint32_t kind = dice(pair, 100);
    bool crowded = pair->slow.count > ORDER_COUNT_MAX - 40;
    if (kind < 50 && !crowded) {
        tw_match_order order = some_plain_order(pair);
        slow_submit(&pair->slow, &order);
        tw_match_submit(pair->match, &order, &pair->sink);
    } else if (kind < 60 && !crowded) {
        group_both(pair);
    } else if (kind < 75) {
        uint64_t id = some_id(pair);
        slow_cancel(&pair->slow, id);
        tw_match_cancel(pair->match, 0, id, &pair->sink);
    } else if (kind < 80) {
        uint64_t id = some_id(pair);
        tw_quantity quantity = {1 + (int64_t)dice(pair, 20)};
        slow_reduce(&pair->slow, id, quantity.nano);
        tw_match_reduce(pair->match, 0, id, quantity, &pair->sink);
    } else if (kind < 92) {
        replace_both(pair);
    } else if (kind < 95) {
        int64_t price = some_price(pair);
        see(&pair->slow, price);
        run_line(&pair->slow);
        tw_match_see_price(pair->match, 0, (tw_price){price}, &pair->sink);
    } else {
        change_phase_of_both(pair);
    }
}

/* ---- Comparing ------------------------------------------------------------------------------- */

static void compare_events(match_pair *pair, uint32_t number) {
    size_t at = 0;
    for (size_t i = 0; i < pair->told.count; i++) {
        tw_match_event *told = &pair->told.events[i];
        pair->kinds[told->kind]++;
        if (told->kind == TW_MATCH_BEST_CHANGED) { /* model_match has it */
            pair->slow.sequence++;
            continue;
        }
        if (at == pair->wanted.count)
            fail_msg("request %u: more events than %zu: %u", number, at, told->kind);
        const tw_match_event *wanted = &pair->wanted.events[at++];
        if (memcmp(told, wanted, sizeof *told) != 0)
            fail_msg("request %u event %zu: kind %u reason %u id %llu quantity %lld price %lld, "
                     "not kind %u reason %u id %llu quantity %lld price %lld",
                     number, i, told->kind, told->reason, (unsigned long long)told->id,
                     (long long)told->quantity.nano, (long long)told->price.nano, wanted->kind,
                     wanted->reason, (unsigned long long)wanted->id,
                     (long long)wanted->quantity.nano, (long long)wanted->price.nano);
    }
    if (at != pair->wanted.count)
        fail_msg("request %u: %zu events, not %zu", number, at, pair->wanted.count);
}

static void compare_views(match_pair *pair) {
    for (size_t i = 0; i < pair->slow.count; i++) {
        const slow_order *order = &pair->slow.orders[i];
        tw_match_view view;
        assert_int_equal(tw_match_find(pair->match, 0, order->as.id, &view), TW_OK);
        assert_int_equal(view.quantity.nano, order->as.quantity.nano);
        assert_int_equal(view.place, order->place);
        assert_int_equal(view.owner, order->as.owner);
        if (order->place != TW_MATCH_WAITING)
            continue;
        bool marked = order->as.type == TW_ORDER_TRAILING_STOP && order->has_mark;
        assert_int_equal(view.mark.nano, marked ? order->mark : 0);
        if (marked || order->as.type != TW_ORDER_TRAILING_STOP)
            assert_int_equal(view.stop_price.nano, stop_price(order));
    }
}

static void run(tw_match_self_trade self_trade, uint64_t seed, uint32_t request_count) {
    const tw_match_config config = {.book = {.symbol_count_max = 1,
                                             .order_count_max = ORDER_COUNT_MAX,
                                             .level_count_max = ORDER_COUNT_MAX},
                                    .self_trade = (uint8_t)self_trade,
                                    .special_count_max = ORDER_COUNT_MAX};
    match_pair *pair = test_calloc(1, sizeof *pair);
    assert_int_equal(tw_match_new(NULL, &config, &pair->match), TW_OK);
    pair->sink = (tw_match_sink){remember, &pair->told};
    pair->seed = seed;
    pair->next_id = 1;
    pair->slow.told = &pair->wanted;
    pair->slow.self_trade = (uint8_t)self_trade;
    for (uint32_t i = 0; i < request_count; i++) {
        pair->told.count = 0;
        pair->wanted.count = 0;
        request_both(pair);
        compare_events(pair, i);
        if (i % 16 == 0) {
            tw_match_check(pair->match);
            compare_views(pair);
        }
    }
    for (int kind = TW_MATCH_ACCEPTED; kind <= TW_MATCH_AUCTION_ENDED; kind++)
        assert_true(pair->kinds[kind] > 0);
    assert_true(pair->foretold > 5);
    tw_match_free(pair->match);
    test_free(pair);
}

static void events_equal_the_slow_engines(void **state) {
    (void)state;
    for (int mode = TW_MATCH_SELF_TRADE_ALLOW; mode <= TW_MATCH_SELF_TRADE_DECREMENT; mode++)
        run((tw_match_self_trade)mode, (uint64_t)mode + 1, 40000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_equal_the_slow_engines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
