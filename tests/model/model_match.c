/*
 * model_match.c - random requests to a tw_match beside an obvious slow matching engine.
 *
 * The slow engine keeps one array of resting orders in the order of their arrival and finds the
 * best by scanning it. Each request is put to both; their events must be equal, one by one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tradewind/match.h"

#define SYMBOL_COUNT 2
#define ORDER_COUNT_MAX 40
#define LEVEL_COUNT_MAX 16
#define EVENT_COUNT_MAX 128

typedef struct slow_order {
    uint64_t id;
    uint64_t owner;
    int64_t price;
    int64_t open;
    uint32_t symbol;
    uint8_t side;
} slow_order;

typedef struct event_list {
    tw_match_event events[EVENT_COUNT_MAX];
    size_t count;
} event_list;

typedef struct slow_match {
    slow_order orders[ORDER_COUNT_MAX + 1]; /* oldest first */
    size_t count;
    bool halted[SYMBOL_COUNT];
    bool prevents_self_trade;
    uint64_t sequence;
    uint64_t trade_id;
    event_list *told;
} slow_match;

/* ---- The slow engine --------------------------------------------------------------------- */

static void tell(slow_match *slow, uint32_t symbol, tw_match_event event) {
    event.sequence = ++slow->sequence;
    event.symbol = symbol;
    event.flags =
        event.kind == TW_MATCH_RESTED || event.kind == TW_MATCH_REDUCED ||
                event.kind == TW_MATCH_REPLACED ||
                (event.kind == TW_MATCH_CANCELLED &&
                 (event.reason == TW_MATCH_REQUESTED || event.reason == TW_MATCH_DISPLACED))
            ? TW_MATCH_AT_LEVEL
            : 0;
    assert_true(slow->told->count < EVENT_COUNT_MAX);
    slow->told->events[slow->told->count++] = event;
}

static slow_order *find(slow_match *slow, uint32_t symbol, uint64_t id) {
    for (size_t i = 0; i < slow->count; i++) {
        if (slow->orders[i].symbol == symbol && slow->orders[i].id == id)
            return &slow->orders[i];
    }
    return NULL;
}

static slow_order *must_find(slow_match *slow, uint32_t symbol, uint64_t id) {
    slow_order *order = find(slow, symbol, id);
    TW_ASSERT(order != NULL);
    return order;
}

static void erase(slow_match *slow, slow_order *order) {
    size_t at = (size_t)(order - slow->orders);
    memmove(order, order + 1, (slow->count - at - 1) * sizeof *order);
    slow->count--;
}

static bool is_better(const slow_order *a, const slow_order *b) {
    return a->side == TW_SIDE_BUY ? a->price > b->price : a->price < b->price;
}

/* The first order to trade of a side. */
static slow_order *front(slow_match *slow, uint32_t symbol, uint8_t side) {
    slow_order *best = NULL;
    for (size_t i = 0; i < slow->count; i++) {
        slow_order *order = &slow->orders[i];
        if (order->symbol == symbol && order->side == side &&
            (best == NULL || is_better(order, best)))
            best = order;
    }
    return best;
}

static tw_quote best_of(slow_match *slow, uint32_t symbol) {
    tw_quote quote = {0};
    const slow_order *bid = front(slow, symbol, TW_SIDE_BUY);
    const slow_order *ask = front(slow, symbol, TW_SIDE_SELL);
    if (bid != NULL)
        quote.bid_price.nano = bid->price;
    if (ask != NULL)
        quote.ask_price.nano = ask->price;
    for (size_t i = 0; i < slow->count; i++) {
        const slow_order *order = &slow->orders[i];
        if (order->symbol != symbol)
            continue;
        if (bid != NULL && order->side == TW_SIDE_BUY && order->price == bid->price)
            quote.bid_size.nano += order->open;
        if (ask != NULL && order->side == TW_SIDE_SELL && order->price == ask->price)
            quote.ask_size.nano += order->open;
    }
    return quote;
}

static void tell_best(slow_match *slow, uint32_t symbol, const tw_quote *before) {
    tw_quote after = best_of(slow, symbol);
    if (before->bid_price.nano != after.bid_price.nano ||
        before->bid_size.nano != after.bid_size.nano ||
        before->ask_price.nano != after.ask_price.nano ||
        before->ask_size.nano != after.ask_size.nano)
        tell(slow, symbol, (tw_match_event){.kind = TW_MATCH_BEST_CHANGED});
}

static bool has_room(const slow_match *slow, const slow_order *entering) {
    size_t level_count = 0;
    if (slow->count == ORDER_COUNT_MAX)
        return false;
    for (size_t i = 0; i < slow->count; i++) {
        const slow_order *order = &slow->orders[i];
        bool first = true;
        for (size_t k = 0; k < i; k++)
            first = first &&
                    (slow->orders[k].symbol != order->symbol ||
                     slow->orders[k].side != order->side || slow->orders[k].price != order->price);
        level_count += first;
        if (order->symbol == entering->symbol && order->side == entering->side &&
            order->price == entering->price)
            return true;
    }
    return level_count < LEVEL_COUNT_MAX;
}

static bool meets(const slow_order *taker, bool limited, int64_t price) {
    if (!limited)
        return true;
    return taker->side == TW_SIDE_BUY ? price <= taker->price : price >= taker->price;
}

static uint8_t other(uint8_t side) {
    return side == TW_SIDE_BUY ? TW_SIDE_SELL : TW_SIDE_BUY;
}

static bool is_self(const slow_match *slow, const slow_order *taker, const slow_order *maker) {
    return slow->prevents_self_trade && taker->owner != 0 && taker->owner == maker->owner;
}

static void trade(slow_match *slow, slow_order *taker, slow_order *maker) {
    int64_t quantity = taker->open < maker->open ? taker->open : maker->open;
    taker->open -= quantity;
    maker->open -= quantity;
    tell(slow, maker->symbol,
         (tw_match_event){.trade_id = ++slow->trade_id,
                          .id = taker->id,
                          .owner = taker->owner,
                          .maker_id = maker->id,
                          .maker_owner = maker->owner,
                          .price.nano = maker->price,
                          .quantity.nano = quantity,
                          .remaining.nano = taker->open,
                          .maker_remaining.nano = maker->open,
                          .kind = TW_MATCH_TRADE,
                          .side = taker->side});
    if (maker->open == 0)
        erase(slow, maker);
}

/* Fill or kill, the plain way: try it on a copy and look whether it filled. */
static bool would_fill(const slow_match *slow, const slow_order *taker, bool limited) {
    slow_match copy = *slow;
    event_list told = {.count = 0};
    slow_order trial = *taker;
    copy.told = &told;
    for (;;) {
        slow_order *maker = front(&copy, trial.symbol, other(trial.side));
        if (trial.open == 0 || maker == NULL || !meets(&trial, limited, maker->price) ||
            is_self(&copy, &trial, maker))
            return trial.open == 0;
        trade(&copy, &trial, maker);
    }
}

static tw_match_event of_order(const slow_order *order, bool limited, int kind, int reason) {
    return (tw_match_event){.id = order->id,
                            .owner = order->owner,
                            .price.nano = limited ? order->price : 0,
                            .quantity.nano = order->open,
                            .kind = (uint8_t)kind,
                            .reason = (uint8_t)reason,
                            .side = order->side};
}

static void run_taker(slow_match *slow, slow_order taker, bool limited, uint8_t time_in_force) {
    tw_match_reason reason = limited ? TW_MATCH_IMMEDIATE : TW_MATCH_NO_LIQUIDITY;
    if (time_in_force == TW_FILL_OR_KILL && !would_fill(slow, &taker, limited)) {
        tell(slow, taker.symbol, of_order(&taker, limited, TW_MATCH_CANCELLED, TW_MATCH_KILLED));
        return;
    }
    bool self = false;
    for (;;) {
        slow_order *maker = front(slow, taker.symbol, other(taker.side));
        if (taker.open == 0 || maker == NULL || !meets(&taker, limited, maker->price))
            break;
        self = is_self(slow, &taker, maker);
        if (self)
            break;
        trade(slow, &taker, maker);
    }
    if (taker.open == 0)
        return;
    bool rests = limited && !self && time_in_force != TW_IMMEDIATE_OR_CANCEL;
    if (rests && has_room(slow, &taker)) {
        slow->orders[slow->count++] = taker;
        tw_match_event event = of_order(&taker, true, TW_MATCH_RESTED, 0);
        event.remaining = event.quantity;
        tell(slow, taker.symbol, event);
        return;
    }
    if (self)
        reason = TW_MATCH_SELF_TRADE;
    else if (rests)
        reason = TW_MATCH_CAPACITY;
    tell(slow, taker.symbol, of_order(&taker, limited, TW_MATCH_CANCELLED, (int)reason));
}

static void reject(slow_match *slow, uint32_t symbol, tw_match_event event, int reason) {
    event.kind = TW_MATCH_REJECTED;
    event.reason = (uint8_t)reason;
    tell(slow, symbol, event);
}

static bool would_take(slow_match *slow, const slow_order *taker) {
    const slow_order *maker = front(slow, taker->symbol, other(taker->side));
    return maker != NULL && meets(taker, true, maker->price);
}

static int why_not(slow_match *slow, const tw_match_order *order, const slow_order *taker) {
    bool limited = order->type == TW_ORDER_LIMIT;
    bool stays = order->time_in_force <= TW_GOOD_TILL_CANCELED;
    if (order->symbol >= SYMBOL_COUNT)
        return TW_MATCH_BAD_SYMBOL;
    if (order->id == 0)
        return TW_MATCH_BAD_ID;
    if (order->side != TW_SIDE_BUY && order->side != TW_SIDE_SELL)
        return TW_MATCH_BAD_SIDE;
    if (order->type > TW_ORDER_LIMIT || order->time_in_force > TW_FILL_OR_KILL ||
        (order->post_only != 0 && (!limited || !stays)))
        return TW_MATCH_BAD_TYPE;
    if (limited && order->price.nano <= 0)
        return TW_MATCH_BAD_PRICE;
    if (order->quantity.nano <= 0)
        return TW_MATCH_BAD_QUANTITY;
    if (slow->halted[order->symbol])
        return TW_MATCH_SYMBOL_HALTED;
    if (find(slow, order->symbol, order->id) != NULL)
        return TW_MATCH_DUPLICATE_ID;
    if (order->post_only != 0 && would_take(slow, taker))
        return TW_MATCH_WOULD_TRADE;
    return 0;
}

static void slow_submit(slow_match *slow, const tw_match_order *order) {
    bool limited = order->type == TW_ORDER_LIMIT || order->type == TW_ORDER_STOP_LIMIT;
    slow_order taker = {order->id,     order->owner, order->price.nano, order->quantity.nano,
                        order->symbol, order->side};
    int reason = why_not(slow, order, &taker);
    if (reason != 0) {
        reject(slow, order->symbol, of_order(&taker, limited, 0, 0), reason);
        return;
    }
    tw_match_event accepted = of_order(&taker, limited, TW_MATCH_ACCEPTED, 0);
    accepted.remaining = accepted.quantity;
    tell(slow, order->symbol, accepted);
    run_taker(slow, taker, limited, order->time_in_force);
}

/* Takes `quantity` off and tells it. */
static void slow_withdraw(slow_match *slow, slow_order *order, int64_t quantity, int reason) {
    order->open -= quantity;
    tw_match_event event =
        of_order(order, true, order->open == 0 ? TW_MATCH_CANCELLED : TW_MATCH_REDUCED, reason);
    event.quantity.nano = quantity;
    event.remaining.nano = order->open;
    tell(slow, order->symbol, event);
    if (order->open == 0)
        erase(slow, order);
}

static int why_not_found(slow_match *slow, uint32_t symbol, uint64_t id) {
    if (symbol >= SYMBOL_COUNT)
        return TW_MATCH_BAD_SYMBOL;
    if (id == 0)
        return TW_MATCH_BAD_ID;
    return find(slow, symbol, id) == NULL ? TW_MATCH_UNKNOWN_ID : 0;
}

static void slow_reduce(slow_match *slow, uint32_t symbol, uint64_t id, int64_t quantity) {
    int reason = why_not_found(slow, symbol, id);
    if (reason == 0 && quantity <= 0)
        reason = TW_MATCH_BAD_QUANTITY;
    if (reason != 0) {
        reject(slow, symbol, (tw_match_event){.id = id, .quantity.nano = quantity}, reason);
        return;
    }
    slow_order *order = must_find(slow, symbol, id);
    slow_withdraw(slow, order, quantity < order->open ? quantity : order->open, TW_MATCH_REQUESTED);
}

static void slow_cancel(slow_match *slow, uint32_t symbol, uint64_t id) {
    int reason = why_not_found(slow, symbol, id);
    if (reason != 0)
        reject(slow, symbol, (tw_match_event){.id = id}, reason);
    else
        slow_withdraw(slow, must_find(slow, symbol, id), must_find(slow, symbol, id)->open,
                      TW_MATCH_REQUESTED);
}

static int why_not_replace(slow_match *slow, const tw_match_replacement *replacement,
                           const slow_order *old, const slow_order *taker) {
    if (replacement->price.nano <= 0)
        return TW_MATCH_BAD_PRICE;
    if (replacement->quantity.nano <= 0)
        return TW_MATCH_BAD_QUANTITY;
    if (slow->halted[old->symbol])
        return TW_MATCH_SYMBOL_HALTED;
    if (taker->id != old->id && find(slow, old->symbol, taker->id) != NULL)
        return TW_MATCH_DUPLICATE_ID;
    if (replacement->post_only != 0 && would_take(slow, taker))
        return TW_MATCH_WOULD_TRADE;
    return 0;
}

static void slow_replace(slow_match *slow, uint32_t symbol, uint64_t id,
                         const tw_match_replacement *replacement) {
    slow_order old = {0};
    slow_order taker = {0};
    int reason = why_not_found(slow, symbol, id);
    if (reason == 0) {
        old = *must_find(slow, symbol, id);
        taker = old;
        taker.id = replacement->id == 0 ? id : replacement->id;
        taker.price = replacement->price.nano;
        taker.open = replacement->quantity.nano;
        reason = why_not_replace(slow, replacement, &old, &taker);
    }
    if (reason != 0) {
        reject(slow, symbol,
               (tw_match_event){.id = id,
                                .owner = old.owner,
                                .price = replacement->price,
                                .quantity = replacement->quantity,
                                .side = old.side},
               reason);
        return;
    }
    bool stays = taker.id == id && taker.price == old.price && taker.open <= old.open;
    if (stays)
        must_find(slow, symbol, id)->open = taker.open;
    else
        erase(slow, must_find(slow, symbol, id));
    tw_match_event event = of_order(&taker, true, TW_MATCH_REPLACED, 0);
    event.remaining = event.quantity;
    event.previous_id = id;
    event.previous_price.nano = old.price;
    tell(slow, symbol, event);
    if (!stays)
        run_taker(slow, taker, true, TW_DAY);
}

/* The first order of an owner that stands before the one of the tape. */
static slow_order *owned_before(slow_match *slow, const slow_order *target) {
    slow_order *best = NULL;
    for (size_t i = 0; i < slow->count; i++) {
        slow_order *order = &slow->orders[i];
        bool before = is_better(order, target) || (order->price == target->price && order < target);
        if (order->symbol == target->symbol && order->side == target->side && before &&
            order->owner != 0 && (best == NULL || is_better(order, best)))
            best = order;
    }
    return best;
}

static void slow_execute(slow_match *slow, uint32_t symbol, uint64_t id, int64_t quantity) {
    int reason = why_not_found(slow, symbol, id);
    if (reason == 0 && quantity <= 0)
        reason = TW_MATCH_BAD_QUANTITY;
    if (reason != 0) {
        reject(slow, symbol, (tw_match_event){.id = id, .quantity.nano = quantity}, reason);
        return;
    }
    slow_order *target = must_find(slow, symbol, id);
    slow_order taker = {.symbol = symbol, .side = other(target->side)};
    int64_t wanted = quantity < target->open ? quantity : target->open;
    taker.open = wanted;
    for (;;) {
        slow_order *order = owned_before(slow, must_find(slow, symbol, id));
        if (order == NULL || taker.open == 0)
            break;
        trade(slow, &taker, order);
    }
    int64_t displaced = wanted - taker.open;
    if (taker.open > 0)
        trade(slow, &taker, must_find(slow, symbol, id));
    if (displaced > 0 && must_find(slow, symbol, id)->owner == 0)
        slow_withdraw(slow, must_find(slow, symbol, id), displaced, TW_MATCH_DISPLACED);
}

static void slow_halt(slow_match *slow, uint32_t symbol, bool halted) {
    if (symbol >= SYMBOL_COUNT || slow->halted[symbol] == halted)
        return;
    slow->halted[symbol] = halted;
    tell(slow, symbol,
         (tw_match_event){.kind = (uint8_t)(halted ? TW_MATCH_HALTED : TW_MATCH_RESUMED)});
}

/* ---- Random requests to both ---------------------------------------------------------------- */

typedef struct match_pair {
    tw_match *match;
    slow_match slow;
    event_list told;
    event_list wanted;
    uint64_t seed;
    uint64_t next_id;
    uint64_t kinds[TW_MATCH_RESUMED + 1];
    uint64_t reasons[TW_MATCH_DISPLACED + 1];
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

static uint64_t some_id(match_pair *pair) {
    if (pair->slow.count > 0 && dice(pair, 10) > 0)
        return pair->slow.orders[dice(pair, (uint32_t)pair->slow.count)].id;
    return dice(pair, 3);
}

static tw_match_order some_order(match_pair *pair, uint32_t symbol) {
    static const uint8_t lives[] = {TW_DAY,
                                    TW_DAY,
                                    TW_GOOD_TILL_CANCELED,
                                    TW_GOOD_TILL_CANCELED,
                                    TW_IMMEDIATE_OR_CANCEL,
                                    TW_FILL_OR_KILL};
    tw_match_order order = {.id = pair->next_id++,
                            .owner = dice(pair, 4),
                            .price.nano = 90 + (int64_t)dice(pair, 20),
                            .quantity.nano = 1 + (int64_t)dice(pair, 30),
                            .symbol = symbol,
                            .side = (uint8_t)(TW_SIDE_BUY + dice(pair, 2)),
                            .type = dice(pair, 8) > 0 ? TW_ORDER_LIMIT : TW_ORDER_MARKET,
                            .time_in_force = lives[dice(pair, 6)],
                            .post_only = dice(pair, 6) == 0};
    order.price.nano += order.side == TW_SIDE_SELL ? 6 : -6;
    switch (dice(pair, 60)) {
    case 0:
        order.id = some_id(pair);
        break;
    case 1:
        order.side = (uint8_t)dice(pair, 4);
        break;
    case 2:
        order.type = (uint8_t)dice(pair, 6);
        break;
    case 3:
        order.time_in_force = (uint8_t)dice(pair, 8);
        break;
    case 4:
        order.price.nano = -(int64_t)dice(pair, 2);
        break;
    case 5:
        order.quantity.nano = -(int64_t)dice(pair, 2);
        break;
    default:
        break;
    }
    return order;
}

static void replace_both(match_pair *pair, const tw_match_sink *sink, uint32_t symbol) {
    uint64_t id = some_id(pair);
    tw_match_replacement replacement = {.price.nano = 90 + (int64_t)dice(pair, 20),
                                        .quantity.nano = (int64_t)dice(pair, 30)};
    const slow_order *order = find(&pair->slow, symbol, id);
    if (order != NULL && dice(pair, 3) > 0)
        replacement.price.nano = order->price + (int64_t)(dice(pair, 9) == 0);
    replacement.post_only = dice(pair, 6) == 0;
    if (dice(pair, 3) == 0)
        replacement.id = dice(pair, 4) == 0 ? some_id(pair) : pair->next_id++;
    slow_replace(&pair->slow, symbol, id, &replacement);
    tw_match_replace(pair->match, symbol, id, &replacement, sink);
}

static void request_both(match_pair *pair, const tw_match_sink *sink, uint32_t symbol) {
    uint32_t kind = dice(pair, 100);
    tw_quantity quantity = {(int64_t)dice(pair, 20)};
    if (kind < 60) {
        tw_match_order order = some_order(pair, symbol);
        slow_submit(&pair->slow, &order);
        tw_match_submit(pair->match, &order, sink);
    } else if (kind < 72) {
        uint64_t id = some_id(pair);
        slow_cancel(&pair->slow, symbol, id);
        tw_match_cancel(pair->match, symbol, id, sink);
    } else if (kind < 80) {
        uint64_t id = some_id(pair);
        slow_reduce(&pair->slow, symbol, id, quantity.nano);
        tw_match_reduce(pair->match, symbol, id, quantity, sink);
    } else if (kind < 90) {
        replace_both(pair, sink, symbol);
    } else if (kind < 98) {
        uint64_t id = some_id(pair);
        slow_execute(&pair->slow, symbol, id, quantity.nano);
        tw_match_execute(pair->match, symbol, id, quantity, sink);
    } else {
        bool halted = dice(pair, 10) == 0;
        slow_halt(&pair->slow, symbol, halted);
        if (halted)
            tw_match_halt(pair->match, symbol, sink);
        else
            tw_match_resume(pair->match, symbol, sink);
    }
}

static void compare_events(match_pair *pair, uint32_t number) {
    size_t count = pair->told.count < pair->wanted.count ? pair->told.count : pair->wanted.count;
    for (size_t i = 0; i < count; i++) {
        const tw_match_event *told = &pair->told.events[i];
        const tw_match_event *wanted = &pair->wanted.events[i];
        if (memcmp(told, wanted, sizeof *told) != 0)
            fail_msg("request %u event %zu: kind %u reason %u id %llu, not kind %u reason %u id "
                     "%llu",
                     number, i, told->kind, told->reason, (unsigned long long)told->id,
                     wanted->kind, wanted->reason, (unsigned long long)wanted->id);
        pair->kinds[told->kind]++;
        pair->reasons[told->reason]++;
    }
    if (pair->told.count != pair->wanted.count)
        fail_msg("request %u: %zu events, not %zu", number, pair->told.count, pair->wanted.count);
}

static void run(tw_match_self_trade self_trade, uint64_t seed, uint32_t request_count) {
    const tw_match_config config = {.book = {.symbol_count_max = SYMBOL_COUNT,
                                             .order_count_max = ORDER_COUNT_MAX,
                                             .level_count_max = LEVEL_COUNT_MAX},
                                    .self_trade = (uint8_t)self_trade};
    match_pair *pair = test_calloc(1, sizeof *pair);
    const tw_match_sink sink = {remember, &pair->told};
    assert_int_equal(tw_match_new(NULL, &config, &pair->match), TW_OK);
    pair->seed = seed;
    pair->next_id = 3;
    pair->slow.told = &pair->wanted;
    pair->slow.prevents_self_trade = self_trade == TW_MATCH_SELF_TRADE_CANCEL_NEWEST;
    for (uint32_t i = 0; i < request_count; i++) {
        uint32_t symbol = dice(pair, 100) == 0 ? SYMBOL_COUNT : dice(pair, SYMBOL_COUNT);
        tw_quote before = symbol < SYMBOL_COUNT ? best_of(&pair->slow, symbol) : (tw_quote){0};
        pair->told.count = 0;
        pair->wanted.count = 0;
        request_both(pair, &sink, symbol);
        if (symbol < SYMBOL_COUNT)
            tell_best(&pair->slow, symbol, &before);
        compare_events(pair, i);
        if (i % 16 == 0)
            tw_match_check(pair->match);
    }
    /* The run must have been about something: every kind and reason that can happen did. */
    for (int kind = TW_MATCH_ACCEPTED; kind <= TW_MATCH_RESUMED; kind++)
        assert_true(pair->kinds[kind] > 0);
    for (int reason = TW_MATCH_BAD_SYMBOL; reason <= TW_MATCH_WOULD_TRADE; reason++)
        assert_true(pair->reasons[reason] > 0);
    for (int reason = TW_MATCH_REQUESTED; reason <= TW_MATCH_DISPLACED; reason++)
        assert_true(pair->reasons[reason] > 0 ||
                    (reason == TW_MATCH_SELF_TRADE && !pair->slow.prevents_self_trade));
    tw_match_free(pair->match);
    test_free(pair);
}

static void events_equal_the_slow_engines(void **state) {
    (void)state;
    run(TW_MATCH_SELF_TRADE_ALLOW, 1, 200000);
}

static void events_with_self_trade_prevention_equal(void **state) {
    (void)state;
    run(TW_MATCH_SELF_TRADE_CANCEL_NEWEST, 2, 200000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_equal_the_slow_engines),
        cmocka_unit_test(events_with_self_trade_prevention_equal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
