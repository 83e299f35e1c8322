/*
 * slow_match.h - an obvious matching engine, for random requests to it beside a tw_match.
 *
 * It keeps every live order in one array and finds what it needs by scanning it: the best, the next
 * stop, the price of an auction by trying them all. Stops look at each trade by itself.
 */
#ifndef TRADEWIND_TESTS_SLOW_MATCH_H
#define TRADEWIND_TESTS_SLOW_MATCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tradewind/match.h"

#define ORDER_COUNT_MAX 120
#define EVENT_COUNT_MAX 1024

typedef enum slow_role { ALONE, ENTRY, LEG } slow_role;

typedef struct slow_order {
    tw_match_order as; /* as it came; its quantity is what is open */
    uint64_t age;      /* among stops */
    uint64_t turn;     /* in the book, the line or the auction's list: the less, the earlier */
    uint64_t listed;   /* in the auction's list; 0: is not */
    int64_t mark;
    bool has_mark;
    bool triggered;
    uint8_t place; /* tw_match_place; 0: on its way in */
    uint8_t role;  /* slow_role */
    uint64_t kin[2];
} slow_order;

typedef struct event_list {
    tw_match_event events[EVENT_COUNT_MAX];
    size_t count;
} event_list;

typedef struct slow_match {
    slow_order orders[ORDER_COUNT_MAX];
    size_t count;
    uint8_t self_trade;
    bool halted;
    bool has_traded;
    uint8_t auction;
    int64_t last_price;
    int64_t prices[EVENT_COUNT_MAX]; /* of trades that stops have not looked at */
    size_t price_count;
    uint64_t turn;
    uint64_t sequence;
    uint64_t trade_id;
    event_list *told;
} slow_match;

/* ---- Orders ---------------------------------------------------------------------------------- */

static void tell(slow_match *slow, tw_match_event event) {
    event.sequence = ++slow->sequence;
    assert_true(slow->told->count < EVENT_COUNT_MAX);
    slow->told->events[slow->told->count++] = event;
}

static slow_order *find(slow_match *slow, uint64_t id) {
    for (size_t i = 0; i < slow->count; i++) {
        if (id != 0 && slow->orders[i].as.id == id)
            return &slow->orders[i];
    }
    return NULL;
}

static slow_order *must_find(slow_match *slow, uint64_t id) {
    slow_order *order = find(slow, id);
    TW_ASSERT(order != NULL);
    return order;
}

static void erase(slow_match *slow, uint64_t id) {
    slow_order *order = must_find(slow, id);
    size_t at = (size_t)(order - slow->orders);
    memmove(order, order + 1, (slow->count - at - 1) * sizeof *order);
    slow->count--;
}

static bool is_stop(const slow_order *order) {
    return order->as.type >= TW_ORDER_STOP;
}

static bool is_limited(const slow_order *order) {
    return order->as.type == TW_ORDER_LIMIT || order->as.type == TW_ORDER_STOP_LIMIT;
}

static bool is_for_auction(const slow_order *order) {
    return order->as.time_in_force >= TW_AT_OPEN;
}

static tw_match_event about(const slow_order *order, int kind) {
    return (tw_match_event){.id = order->as.id,
                            .owner = order->as.owner,
                            .price.nano = is_limited(order) ? order->as.price.nano : 0,
                            .quantity = order->as.quantity,
                            .remaining = order->as.quantity,
                            .kind = (uint8_t)kind,
                            .side = order->as.side,
                            .flags = order->place == TW_MATCH_IN_BOOK ? TW_MATCH_AT_LEVEL : 0};
}

static uint8_t other_side(uint8_t side) {
    return side == TW_SIDE_BUY ? TW_SIDE_SELL : TW_SIDE_BUY;
}

static bool is_before(const slow_order *a, const slow_order *b) {
    if (a->as.price.nano != b->as.price.nano)
        return a->as.side == TW_SIDE_BUY ? a->as.price.nano > b->as.price.nano
                                         : a->as.price.nano < b->as.price.nano;
    return a->turn < b->turn;
}

static slow_order *front(slow_match *slow, uint8_t side) {
    slow_order *best = NULL;
    for (size_t i = 0; i < slow->count; i++) {
        slow_order *order = &slow->orders[i];
        if (order->place == TW_MATCH_IN_BOOK && order->as.side == side &&
            (best == NULL || is_before(order, best)))
            best = order;
    }
    return best;
}

/* ---- Withdrawing, and what it does to others ------------------------------------------------- */

static void take_off_alone(slow_match *slow, uint64_t id, int64_t quantity, int reason) {
    slow_order *order = must_find(slow, id);
    order->as.quantity.nano -= quantity;
    bool gone = order->as.quantity.nano == 0;
    tw_match_event event = about(order, gone ? TW_MATCH_CANCELLED : TW_MATCH_REDUCED);
    event.quantity.nano = quantity;
    event.reason = (uint8_t)reason;
    tell(slow, event);
    if (gone)
        erase(slow, id);
}

static void cut(slow_order *order) {
    order->kin[0] = order->kin[1] = 0;
    order->role = ALONE;
}

static void take_off(slow_match *slow, uint64_t id, int64_t quantity, int reason) {
    slow_order *order = must_find(slow, id);
    uint64_t kin[2] = {order->kin[0], order->kin[1]};
    bool gone = quantity == order->as.quantity.nano;
    if (gone)
        cut(order);
    take_off_alone(slow, id, quantity, reason);
    for (size_t i = 0; gone && i < 2; i++) {
        if (kin[i] != 0)
            cut(must_find(slow, kin[i]));
    }
    for (size_t i = 0; i < 2; i++) {
        if (kin[i] != 0)
            take_off_alone(slow, kin[i],
                           gone ? must_find(slow, kin[i])->as.quantity.nano : quantity,
                           TW_MATCH_GROUP);
    }
}

static void line_up(slow_match *slow, slow_order *order) {
    order->place = TW_MATCH_LINED_UP;
    order->turn = ++slow->turn;
}

/* An order traded; it is as large as it is now. */
static void settle(slow_match *slow, uint64_t id, int64_t quantity) {
    slow_order *order = must_find(slow, id);
    bool filled = order->as.quantity.nano == 0;
    if (order->role == LEG && order->kin[1] != 0) {
        uint64_t other = order->kin[1];
        if (filled)
            cut(must_find(slow, other));
        take_off_alone(slow, other, quantity, TW_MATCH_GROUP);
    }
    order = must_find(slow, id);
    for (size_t i = 0; order->role == ENTRY && filled && i < 2; i++) {
        slow_order *leg = find(slow, order->kin[i]);
        if (leg == NULL)
            continue;
        leg->kin[0] = 0;
        if (leg->kin[1] == 0)
            leg->role = ALONE;
        line_up(slow, leg);
        tell(slow, about(leg, TW_MATCH_RELEASED));
    }
    if (filled)
        erase(slow, id);
}

static void trade(slow_match *slow, uint64_t taker_id, uint64_t maker_id, int64_t price,
                  uint8_t flags) {
    slow_order *taker = must_find(slow, taker_id);
    slow_order *maker = must_find(slow, maker_id);
    int64_t quantity = taker->as.quantity.nano < maker->as.quantity.nano ? taker->as.quantity.nano
                                                                         : maker->as.quantity.nano;
    taker->as.quantity.nano -= quantity;
    maker->as.quantity.nano -= quantity;
    slow->prices[slow->price_count++] = price;
    tell(slow, (tw_match_event){.trade_id = ++slow->trade_id,
                                .id = taker_id,
                                .owner = taker->as.owner,
                                .maker_id = maker_id,
                                .maker_owner = maker->as.owner,
                                .price.nano = price,
                                .quantity.nano = quantity,
                                .remaining = taker->as.quantity,
                                .maker_remaining = maker->as.quantity,
                                .kind = TW_MATCH_TRADE,
                                .side = taker->as.side,
                                .flags = flags});
    settle(slow, taker_id, quantity);
    settle(slow, maker_id, quantity);
}

/* ---- Coming in ------------------------------------------------------------------------------- */

static bool meets(const slow_order *taker, const slow_order *maker) {
    if (maker == NULL || !is_limited(taker))
        return maker != NULL;
    return taker->as.side == TW_SIDE_BUY ? maker->as.price.nano <= taker->as.price.nano
                                         : maker->as.price.nano >= taker->as.price.nano;
}

static bool is_own(const slow_match *slow, const slow_order *a, const slow_order *b) {
    return slow->self_trade != TW_MATCH_SELF_TRADE_ALLOW && a->as.owner != 0 &&
           a->as.owner == b->as.owner;
}

/* Two of one owner meet; true: the taker goes on. */
static bool prevent(slow_match *slow, uint64_t taker_id, uint64_t maker_id) {
    int64_t mine = must_find(slow, taker_id)->as.quantity.nano;
    int64_t there = must_find(slow, maker_id)->as.quantity.nano;
    int64_t less = mine < there ? mine : there;
    if (slow->self_trade == TW_MATCH_SELF_TRADE_CANCEL_NEWEST)
        return false;
    bool decrements = slow->self_trade == TW_MATCH_SELF_TRADE_DECREMENT;
    take_off(slow, maker_id, decrements ? less : there, TW_MATCH_SELF_TRADE);
    if (decrements)
        take_off(slow, taker_id, less, TW_MATCH_SELF_TRADE);
    return slow->self_trade != TW_MATCH_SELF_TRADE_CANCEL_BOTH;
}

/* Trades what crosses; true: it met its owner and stops. */
static bool take(slow_match *slow, uint64_t id) {
    for (;;) {
        slow_order *taker = find(slow, id);
        slow_order *maker = taker != NULL ? front(slow, other_side(taker->as.side)) : NULL;
        if (taker == NULL || !meets(taker, maker))
            return false;
        if (!is_own(slow, taker, maker))
            trade(slow, id, maker->as.id, maker->as.price.nano, 0);
        else if (!prevent(slow, id, maker->as.id))
            return true;
    }
}

/* Tries it on a copy. */
static bool would_fill(const slow_match *slow, uint64_t id) {
    static slow_match copy;
    static event_list unused;
    copy = *slow;
    copy.told = &unused;
    unused.count = 0;
    for (;;) {
        slow_order *taker = find(&copy, id);
        if (taker == NULL)
            return true;
        slow_order *maker = front(&copy, other_side(taker->as.side));
        if (!meets(taker, maker))
            return false;
        if (!is_own(&copy, taker, maker))
            trade(&copy, id, maker->as.id, maker->as.price.nano, 0);
        else if (copy.self_trade != TW_MATCH_SELF_TRADE_CANCEL_OLDEST)
            return false;
        else
            take_off(&copy, maker->as.id, maker->as.quantity.nano, TW_MATCH_SELF_TRADE);
    }
}

static void rest(slow_match *slow, slow_order *order) {
    order->place = TW_MATCH_IN_BOOK;
    order->turn = ++slow->turn;
    tell(slow, about(order, TW_MATCH_RESTED));
}

static void drop(slow_match *slow, uint64_t id, int reason) {
    take_off(slow, id, must_find(slow, id)->as.quantity.nano, reason);
}

static void work(slow_match *slow, uint64_t id, uint8_t time_in_force) {
    if (slow->auction != 0) {
        rest(slow, must_find(slow, id));
        return;
    }
    if (time_in_force == TW_FILL_OR_KILL && !would_fill(slow, id)) {
        drop(slow, id, TW_MATCH_KILLED);
        return;
    }
    bool own = take(slow, id);
    slow_order *order = find(slow, id);
    if (order == NULL)
        return;
    if (own)
        drop(slow, id, TW_MATCH_SELF_TRADE);
    else if (!is_limited(order))
        drop(slow, id, TW_MATCH_NO_LIQUIDITY);
    else if (time_in_force == TW_IMMEDIATE_OR_CANCEL)
        drop(slow, id, TW_MATCH_IMMEDIATE);
    else
        rest(slow, order);
}

/* ---- Stops ----------------------------------------------------------------------------------- */

static int64_t stop_price(const slow_order *order) {
    if (order->as.type != TW_ORDER_TRAILING_STOP)
        return order->as.stop_price.nano;
    int64_t trail = order->as.trail_price.nano;
    if (trail == 0)
        trail = order->mark * (order->as.trail_percent_nano / 1000000000) / 100;
    return order->as.side == TW_SIDE_SELL ? order->mark - trail : order->mark + trail;
}

static bool reaches(const slow_order *order, int64_t price) {
    if (order->as.type == TW_ORDER_TRAILING_STOP && !order->has_mark)
        return false;
    return order->as.side == TW_SIDE_SELL ? price <= stop_price(order) : price >= stop_price(order);
}

static void tell_stop(slow_match *slow, const slow_order *order, int kind) {
    tw_match_event event = about(order, kind);
    event.price.nano =
        order->as.type == TW_ORDER_TRAILING_STOP && !order->has_mark ? 0 : stop_price(order);
    tell(slow, event);
}

static bool is_nearer(const slow_order *a, const slow_order *b) {
    int64_t stop_a = stop_price(a);
    int64_t stop_b = stop_price(b);
    if (stop_a != stop_b)
        return a->as.side == TW_SIDE_SELL ? stop_a > stop_b : stop_a < stop_b;
    return a->age < b->age;
}

static void trigger_side(slow_match *slow, uint8_t side, int64_t price) {
    for (;;) {
        slow_order *next = NULL;
        for (size_t i = 0; i < slow->count; i++) {
            slow_order *order = &slow->orders[i];
            if (order->place == TW_MATCH_WAITING && order->as.side == side &&
                reaches(order, price) && (next == NULL || is_nearer(order, next)))
                next = order;
        }
        if (next == NULL)
            return;
        line_up(slow, next);
        next->triggered = true;
        tell_stop(slow, next, TW_MATCH_TRIGGERED);
    }
}

static void see(slow_match *slow, int64_t price) {
    slow->has_traded = true;
    slow->last_price = price;
    for (size_t i = 0; i < slow->count; i++) {
        slow_order *order = &slow->orders[i];
        if (order->place != TW_MATCH_WAITING || order->as.type != TW_ORDER_TRAILING_STOP)
            continue;
        bool passes = order->as.side == TW_SIDE_SELL ? price > order->mark : price < order->mark;
        if (!order->has_mark || passes)
            order->mark = price;
        order->has_mark = true;
    }
    trigger_side(slow, TW_SIDE_SELL, price);
    trigger_side(slow, TW_SIDE_BUY, price);
}

static void look(slow_match *slow) {
    for (size_t i = 0; i < slow->price_count; i++)
        see(slow, slow->prices[i]);
    slow->price_count = 0;
}

/* The mark that a trailing stop came with counts if no trade has passed it. */
static bool brings_mark(const slow_match *slow, const slow_order *order) {
    int64_t mark = order->as.mark.nano;
    if (mark == 0 || !slow->has_traded)
        return false;
    return order->as.side == TW_SIDE_SELL ? mark > slow->last_price : mark < slow->last_price;
}

static void park(slow_match *slow, slow_order *order) {
    order->place = TW_MATCH_WAITING;
    if (order->as.type == TW_ORDER_TRAILING_STOP && !order->has_mark) {
        order->has_mark = slow->has_traded;
        order->mark = brings_mark(slow, order) ? order->as.mark.nano : slow->last_price;
    }
    tell_stop(slow, order, TW_MATCH_PARKED);
}

static bool is_reached(const slow_match *slow, slow_order *order) {
    if (order->as.type != TW_ORDER_TRAILING_STOP)
        return slow->has_traded && reaches(order, slow->last_price);
    if (!brings_mark(slow, order))
        return false;
    order->has_mark = true;
    order->mark = order->as.mark.nano;
    if (reaches(order, slow->last_price))
        return true;
    order->has_mark = false;
    return false;
}

static void run_line(slow_match *slow) {
    while (!slow->halted && slow->auction == 0) {
        slow_order *next = NULL;
        for (size_t i = 0; i < slow->count; i++) {
            slow_order *order = &slow->orders[i];
            if (order->place == TW_MATCH_LINED_UP && (next == NULL || order->turn < next->turn))
                next = order;
        }
        if (next == NULL)
            return;
        next->place = 0;
        if (is_stop(next) && !next->triggered) {
            if (!is_reached(slow, next)) {
                park(slow, next);
                continue;
            }
            next->triggered = true;
            tell_stop(slow, next, TW_MATCH_TRIGGERED);
        }
        work(slow, next->as.id, next->as.time_in_force);
        look(slow);
    }
}

/* ---- Auctions -------------------------------------------------------------------------------- */

static bool takes_part(const slow_match *slow, const slow_order *order) {
    if (order->as.time_in_force == TW_AT_OPEN)
        return slow->auction == TW_MATCH_OPENING;
    if (order->as.time_in_force == TW_AT_CLOSE)
        return slow->auction == TW_MATCH_CLOSING;
    return true;
}

static void enter_auction(slow_match *slow, slow_order *order) {
    order->listed = ++slow->turn;
    order->place = TW_MATCH_AT_AUCTION;
    if (order->as.type == TW_ORDER_LIMIT && slow->auction != 0 && takes_part(slow, order))
        rest(slow, order);
    else
        tell(slow, about(order, TW_MATCH_PARKED));
}

/* The next of the auction's list behind `after`, or NULL. */
static slow_order *next_listed(slow_match *slow, uint64_t after) {
    slow_order *next = NULL;
    for (size_t i = 0; i < slow->count; i++) {
        slow_order *order = &slow->orders[i];
        if (order->listed > after && (next == NULL || order->listed < next->listed))
            next = order;
    }
    return next;
}

static bool trades_at(const slow_match *slow, const slow_order *order, uint8_t side,
                      int64_t price) {
    if (order->as.side != side)
        return false;
    if (order->place == TW_MATCH_AT_AUCTION)
        return order->as.type == TW_ORDER_MARKET && takes_part(slow, order);
    return order->place == TW_MATCH_IN_BOOK &&
           (side == TW_SIDE_BUY ? order->as.price.nano >= price : order->as.price.nano <= price);
}

static int64_t total_at(slow_match *slow, uint8_t side, int64_t price) {
    int64_t total = 0;
    for (size_t i = 0; i < slow->count; i++) {
        const slow_order *order = &slow->orders[i];
        if (!trades_at(slow, order, side, price))
            continue;
        const slow_order *other = order->role == LEG ? find(slow, order->kin[1]) : NULL;
        bool counted =
            other != NULL && trades_at(slow, other, side, price) && is_before(other, order);
        total += counted ? 0 : order->as.quantity.nano;
    }
    return total;
}

static int64_t distance(int64_t a, int64_t b) {
    return a > b ? a - b : b - a;
}

/* Of two legs in the book only the one that trades first counts. */
static bool names_price(slow_match *slow, const slow_order *order) {
    const slow_order *other = order->role == LEG ? find(slow, order->kin[1]) : NULL;
    bool is_second = other != NULL && other->place == TW_MATCH_IN_BOOK && is_before(other, order);
    return order->place == TW_MATCH_IN_BOOK && !is_second;
}

/* Tries the reference and every limit. */
static int64_t auction_price(slow_match *slow, int64_t reference, int64_t *ret_quantity,
                             int64_t *ret_left_over) {
    int64_t price = 0;
    bool has_reference = reference != 0 || slow->has_traded;
    reference = reference != 0 ? reference : slow->last_price;
    *ret_quantity = 0;
    *ret_left_over = 0;
    for (size_t i = 0; i <= slow->count; i++) {
        if (i == slow->count ? !has_reference : !names_price(slow, &slow->orders[i]))
            continue;
        int64_t at = i == slow->count ? reference : slow->orders[i].as.price.nano;
        int64_t buys = total_at(slow, TW_SIDE_BUY, at);
        int64_t sells = total_at(slow, TW_SIDE_SELL, at);
        int64_t quantity = buys < sells ? buys : sells;
        int64_t more = quantity - *ret_quantity;
        int64_t less_left = distance(*ret_left_over, 0) - distance(buys, sells);
        int64_t nearer = has_reference ? distance(price, reference) - distance(at, reference) : 0;
        int64_t verdict = more != 0 ? more : less_left != 0 ? less_left : nearer;
        if (quantity == 0 || verdict < 0 || (verdict == 0 && at <= price))
            continue;
        price = at;
        *ret_quantity = quantity;
        *ret_left_over = buys - sells;
    }
    return price;
}

static slow_order *auction_front(slow_match *slow, uint8_t side, int64_t price) {
    for (slow_order *order = next_listed(slow, 0); order != NULL;
         order = next_listed(slow, order->listed)) {
        if (order->as.type == TW_ORDER_MARKET && trades_at(slow, order, side, price))
            return order;
    }
    slow_order *order = front(slow, side);
    return order != NULL && trades_at(slow, order, side, price) ? order : NULL;
}

static void slow_auction_begin(slow_match *slow, tw_match_auction kind) {
    if (slow->auction != 0)
        return;
    slow->auction = (uint8_t)kind;
    tell(slow, (tw_match_event){.kind = TW_MATCH_AUCTION_BEGUN});
    for (slow_order *order = next_listed(slow, 0); order != NULL;
         order = next_listed(slow, order->listed)) {
        if (order->as.type == TW_ORDER_LIMIT && takes_part(slow, order))
            rest(slow, order);
    }
}

static void slow_auction_end(slow_match *slow, int64_t reference) {
    if (slow->auction == 0 || slow->halted)
        return;
    int64_t quantity;
    int64_t left_over;
    int64_t price = auction_price(slow, reference, &quantity, &left_over);
    for (;;) {
        slow_order *buy = auction_front(slow, TW_SIDE_BUY, price);
        slow_order *sell = auction_front(slow, TW_SIDE_SELL, price);
        if (quantity == 0 || buy == NULL || sell == NULL)
            break;
        trade(slow, buy->as.id, sell->as.id, price, TW_MATCH_IN_AUCTION);
    }
    uint64_t listed = 0;
    for (slow_order *order = next_listed(slow, 0); order != NULL;
         order = next_listed(slow, listed)) {
        listed = order->listed;
        if (takes_part(slow, order))
            drop(slow, order->as.id,
                 is_for_auction(order) ? TW_MATCH_AUCTION_OVER : TW_MATCH_NO_LIQUIDITY);
    }
    slow->auction = 0;
    uint8_t side = left_over > 0 ? TW_SIDE_BUY : TW_SIDE_SELL;
    tell(slow, (tw_match_event){.price.nano = price,
                                .quantity.nano = quantity,
                                .remaining.nano = distance(left_over, 0),
                                .kind = TW_MATCH_AUCTION_ENDED,
                                .side = left_over == 0 ? TW_SIDE_NONE : side});
    look(slow);
    run_line(slow);
}

/* ---- Requests -------------------------------------------------------------------------------- */

static slow_order *make(slow_match *slow, const tw_match_order *order) {
    assert_true(slow->count < ORDER_COUNT_MAX);
    slow_order *made = &slow->orders[slow->count++];
    *made = (slow_order){.as = *order, .age = ++slow->turn};
    return made;
}

/* Of good figures; the generator makes no others. */
static int why_not(slow_match *slow, const tw_match_order *order) {
    slow_order taker = {.as = *order};
    if (slow->halted)
        return TW_MATCH_SYMBOL_HALTED;
    if (slow->auction != 0 &&
        (order->time_in_force == TW_IMMEDIATE_OR_CANCEL || order->time_in_force == TW_FILL_OR_KILL))
        return TW_MATCH_DURING_AUCTION;
    if (order->post_only != 0 && meets(&taker, front(slow, other_side(order->side))))
        return TW_MATCH_WOULD_TRADE;
    return 0;
}

static void slow_submit(slow_match *slow, const tw_match_order *order) {
    slow_order entering = {.as = *order};
    int reason = why_not(slow, order);
    tw_match_event event = about(&entering, reason == 0 ? TW_MATCH_ACCEPTED : TW_MATCH_REJECTED);
    event.reason = (uint8_t)reason;
    event.remaining.nano = reason == 0 ? order->quantity.nano : 0;
    tell(slow, event);
    if (reason != 0)
        return;
    slow_order *made = make(slow, order);
    if (is_stop(made) && is_reached(slow, made)) {
        made->triggered = true;
        line_up(slow, made);
        tell_stop(slow, made, TW_MATCH_TRIGGERED);
    } else if (is_stop(made)) {
        park(slow, made);
    } else if (is_for_auction(made) || (slow->auction != 0 && !is_limited(made))) {
        enter_auction(slow, made);
    } else {
        work(slow, made->as.id, made->as.time_in_force);
    }
    look(slow);
    run_line(slow);
}

static void slow_submit_group(slow_match *slow, tw_match_group kind, const tw_match_order *orders,
                              size_t count) {
    for (size_t i = 0; i < count; i++) {
        int reason = why_not(slow, &orders[i]);
        if (reason == 0)
            continue;
        tell(slow, (tw_match_event){.id = orders[i].id,
                                    .owner = orders[i].owner,
                                    .quantity = orders[i].quantity,
                                    .kind = TW_MATCH_REJECTED,
                                    .reason = (uint8_t)reason,
                                    .side = orders[i].side});
        return;
    }
    bool oco = kind == TW_MATCH_OCO;
    for (size_t i = 0; i < count; i++) {
        slow_order *made = make(slow, &orders[i]);
        made->role = oco || i > 0 ? LEG : ENTRY;
        if (oco)
            made->kin[1] = orders[1 - i].id;
        else if (i == 0)
            memcpy(made->kin, (uint64_t[2]){orders[1].id, count == 3 ? orders[2].id : 0},
                   sizeof made->kin);
        else
            memcpy(made->kin, (uint64_t[2]){orders[0].id, count == 3 ? orders[3 - i].id : 0},
                   sizeof made->kin);
        if (made->role == LEG && !oco)
            made->place = TW_MATCH_HELD_BACK;
        else if (!is_for_auction(made))
            line_up(slow, made);
        tell(slow, about(made, made->role == LEG && !oco ? TW_MATCH_HELD : TW_MATCH_ACCEPTED));
    }
    if (is_for_auction(must_find(slow, orders[0].id)))
        enter_auction(slow, must_find(slow, orders[0].id));
    run_line(slow);
}

static void reject(slow_match *slow, int reason, tw_match_event event) {
    event.kind = TW_MATCH_REJECTED;
    event.reason = (uint8_t)reason;
    tell(slow, event);
}

static void slow_reduce(slow_match *slow, uint64_t id, int64_t quantity) {
    slow_order *order = find(slow, id);
    if (order == NULL || order->place == TW_MATCH_HELD_BACK) {
        reject(slow, order == NULL ? TW_MATCH_UNKNOWN_ID : TW_MATCH_BAD_GROUP,
               (tw_match_event){.id = id, .quantity.nano = quantity});
        return;
    }
    int64_t there = order->as.quantity.nano;
    take_off(slow, id, quantity < there ? quantity : there, TW_MATCH_REQUESTED);
}

static void slow_cancel(slow_match *slow, uint64_t id) {
    if (find(slow, id) == NULL)
        reject(slow, TW_MATCH_UNKNOWN_ID, (tw_match_event){.id = id});
    else
        drop(slow, id, TW_MATCH_REQUESTED);
}

static void rename_order(slow_match *slow, slow_order *order, uint64_t id) {
    for (size_t i = 0; i < slow->count; i++) {
        for (size_t k = 0; k < 2; k++) {
            if (slow->orders[i].kin[k] == order->as.id)
                slow->orders[i].kin[k] = id;
        }
    }
    order->as.id = id;
}

/* The figures of a replacement; true: a stop that waits comes again. */
static bool change(slow_match *slow, slow_order *order, const tw_match_replacement *replacement) {
    tw_match_order *as = &order->as;
    tw_match_order old = *as;
    as->price = replacement->price;
    as->quantity = replacement->quantity;
    if (replacement->stop_price.nano != 0 && as->type != TW_ORDER_TRAILING_STOP)
        as->stop_price = replacement->stop_price;
    if (replacement->trail_price.nano != 0 || replacement->trail_percent_nano != 0) {
        as->trail_price = replacement->trail_price;
        as->trail_percent_nano = replacement->trail_percent_nano;
    }
    bool same = as->quantity.nano <= old.quantity.nano &&
                as->stop_price.nano == old.stop_price.nano &&
                (as->type != TW_ORDER_STOP_LIMIT || as->price.nano == old.price.nano);
    if (as->type == TW_ORDER_TRAILING_STOP)
        same = as->quantity.nano <= old.quantity.nano &&
               as->trail_price.nano == old.trail_price.nano &&
               as->trail_percent_nano == old.trail_percent_nano;
    if (same || order->place != TW_MATCH_WAITING)
        return false;
    order->age = ++slow->turn;
    return true;
}

static int why_not_replace(slow_match *slow, const tw_match_replacement *replacement,
                           const slow_order *old) {
    slow_order taker = *old;
    taker.as.price = replacement->price;
    taker.as.type = TW_ORDER_LIMIT;
    if (old->role != ALONE && replacement->quantity.nano != old->as.quantity.nano)
        return TW_MATCH_BAD_QUANTITY;
    if (slow->halted)
        return TW_MATCH_SYMBOL_HALTED;
    if (replacement->post_only != 0 && old->place == TW_MATCH_IN_BOOK &&
        meets(&taker, front(slow, other_side(taker.as.side))))
        return TW_MATCH_WOULD_TRADE;
    return 0;
}

static void slow_replace(slow_match *slow, uint64_t id, const tw_match_replacement *replacement) {
    slow_order *order = find(slow, id);
    int reason = order == NULL ? TW_MATCH_UNKNOWN_ID : why_not_replace(slow, replacement, order);
    if (reason != 0) {
        reject(slow, reason,
               (tw_match_event){.id = id,
                                .owner = order != NULL ? order->as.owner : 0,
                                .price = replacement->price,
                                .quantity = replacement->quantity,
                                .side = order != NULL ? order->as.side : TW_SIDE_NONE});
        return;
    }
    slow_order old = *order;
    bool in_book = order->place == TW_MATCH_IN_BOOK;
    bool comes_again = change(slow, order, replacement);
    if (replacement->id != 0)
        rename_order(slow, order, replacement->id);
    bool stays = in_book && order->as.id == id && order->as.price.nano == old.as.price.nano &&
                 order->as.quantity.nano <= old.as.quantity.nano;
    tw_match_event event = about(order, TW_MATCH_REPLACED);
    event.price = in_book ? order->as.price : event.price;
    event.previous_id = id;
    event.previous_price.nano = in_book || is_limited(&old) ? old.as.price.nano : 0;
    tell(slow, event);
    if (in_book && !stays) {
        order->place = 0;
        order->as.type = TW_ORDER_LIMIT;
        work(slow, order->as.id, TW_DAY);
    } else if (comes_again) {
        tell_stop(slow, order, TW_MATCH_PARKED);
        if (slow->has_traded)
            see(slow, slow->last_price);
    }
    look(slow);
    run_line(slow);
}

static void slow_halt(slow_match *slow, bool halted) {
    if (slow->halted == halted)
        return;
    slow->halted = halted;
    tell(slow, (tw_match_event){.kind = (uint8_t)(halted ? TW_MATCH_HALTED : TW_MATCH_RESUMED)});
    run_line(slow);
}

#endif
