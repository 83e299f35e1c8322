/*
 * match.c - price-time matching on a book.
 *
 * Idea: the book already keeps orders in the order in which they trade, so matching is: look at
 * the first order of the best level, trade, look again. An order's tag in the book is its owner.
 *
 * Numbered invariants:
 * M1  Every request is examined whole before it writes; a rejected one leaves the book as it was.
 * M2  An event is told after the book shows it.
 * M3  A trade moves one quantity from the maker and from the taker; every quantity that entered
 *     has been bought, sold or withdrawn, or rests (modulo 2^64).
 * M4  While a request is under way no other begins.
 * M5  Between requests a book is neither crossed nor locked: orders that cross trade or go.
 */
#include "tradewind/match.h"

struct tw_match {
    tw_book *book;
    bool *halted; /* a symbol each */
    tw_match_config config;
    tw_match_counters counters;
    uint64_t sequence;
    bool busy; /* M4 */
    tw_allocator allocator;
};

/* One request under way. */
typedef struct match_request {
    tw_match *match;
    const tw_match_sink *sink;
    tw_symbol symbol;
    tw_quote before;
} match_request;

/* The incoming order; `remaining` is what has not traded yet. */
typedef struct match_taker {
    uint64_t id;
    uint64_t owner;
    int64_t price;
    int64_t remaining;
    bool limited; /* by `price` */
    uint8_t side;
} match_taker;

typedef enum match_outcome { TAKEN_ALL_THERE_IS, STOPPED_BY_SELF_TRADE } match_outcome;

/* ---- Life ------------------------------------------------------------------------------- */

tw_status tw_match_new(const tw_allocator *allocator, const tw_match_config *config,
                       tw_match **ret_match) {
    TW_ASSERT(config != NULL && ret_match != NULL);
    if (config->self_trade > TW_MATCH_SELF_TRADE_CANCEL_NEWEST)
        return TW_INVALID;
    tw_book *book = NULL;
    tw_book_config book_config = config->book;
    book_config.keep_tags = true; /* an order's owner */
    tw_status status = tw_book_new(allocator, &book_config, &book);
    if (status != TW_OK)
        return status;
    tw_match *match = TW_NEW(allocator, 1, tw_match);
    bool *halted = TW_NEW(allocator, config->book.symbol_count_max, bool);
    if (match == NULL || halted == NULL) {
        TW_DELETE(allocator, halted, config->book.symbol_count_max, bool);
        TW_DELETE(allocator, match, 1, tw_match);
        tw_book_free(book);
        return TW_NO_MEMORY;
    }
    match->allocator = allocator != NULL ? *allocator : *tw_allocator_system();
    match->book = book;
    match->halted = halted;
    match->config = *config;
    *ret_match = match;
    return TW_OK;
}

void tw_match_free(tw_match *match) {
    if (match == NULL)
        return;
    tw_allocator allocator = match->allocator;
    TW_DELETE(&allocator, match->halted, match->config.book.symbol_count_max, bool);
    tw_book_free(match->book);
    TW_DELETE(&allocator, match, 1, tw_match);
}

const tw_book *tw_match_book(const tw_match *match) {
    TW_ASSERT(match != NULL);
    return match->book;
}

/* ---- Events ------------------------------------------------------------------------------ */

static void tell(match_request *request, tw_match_event event) {
    event.sequence = ++request->match->sequence;
    event.symbol = request->symbol;
    request->sink->event(request->sink->context, &event);
}

static bool symbol_is_known(const match_request *request) {
    return request->symbol < request->match->config.book.symbol_count_max;
}

static match_request begin(tw_match *match, tw_symbol symbol, const tw_match_sink *sink) {
    TW_ASSERT(match != NULL && sink != NULL && sink->event != NULL);
    TW_ASSERT(!match->busy); /* M4: a sink must not make requests */
    match->busy = true;
    match_request request = {.match = match, .sink = sink, .symbol = symbol};
    if (symbol_is_known(&request))
        tw_book_best(match->book, symbol, &request.before);
    return request;
}

static void finish(match_request *request) {
    tw_quote after;
    const tw_quote *before = &request->before;
    tw_book_best(request->match->book, request->symbol, &after);
    if (after.bid_price.nano != before->bid_price.nano ||
        after.bid_size.nano != before->bid_size.nano ||
        after.ask_price.nano != before->ask_price.nano ||
        after.ask_size.nano != before->ask_size.nano)
        tell(request, (tw_match_event){.kind = TW_MATCH_BEST_CHANGED});
    request->match->busy = false;
}

static tw_status status_of(tw_match_reason reason) {
    switch (reason) {
    case TW_MATCH_BAD_SYMBOL:
    case TW_MATCH_BAD_ID:
    case TW_MATCH_BAD_SIDE:
    case TW_MATCH_BAD_PRICE:
    case TW_MATCH_BAD_QUANTITY:
        return TW_INVALID;
    case TW_MATCH_BAD_TYPE:
        return TW_UNSUPPORTED;
    case TW_MATCH_DUPLICATE_ID:
        return TW_EXISTS;
    case TW_MATCH_UNKNOWN_ID:
        return TW_NOT_FOUND;
    case TW_MATCH_SYMBOL_HALTED:
        return TW_STATE;
    case TW_MATCH_WOULD_TRADE:
        return TW_LIMIT;
    case TW_MATCH_NO_REASON:
    case TW_MATCH_REQUESTED:
    case TW_MATCH_IMMEDIATE:
    case TW_MATCH_KILLED:
    case TW_MATCH_NO_LIQUIDITY:
    case TW_MATCH_SELF_TRADE:
    case TW_MATCH_CAPACITY:
    case TW_MATCH_DISPLACED:
        break;
    }
    return TW_OK;
}

/* Ends a request that was examined and found wanting. `event` says which order it was about. */
static tw_status reject(match_request *request, tw_match_reason reason, tw_match_event event) {
    event.kind = TW_MATCH_REJECTED;
    event.reason = (uint8_t)reason;
    request->match->counters.rejected++;
    tell(request, event);
    request->match->busy = false;
    return status_of(reason);
}

/* The order of an event, as it stood in the book. */
static tw_match_event about(const tw_book_view *order, tw_match_event_kind kind) {
    return (tw_match_event){.id = order->id,
                            .owner = order->tag,
                            .price = order->price,
                            .kind = (uint8_t)kind,
                            .side = order->side};
}

/* ---- Trading ----------------------------------------------------------------------------- */

static uint8_t opposite(uint8_t side) {
    return side == TW_SIDE_BUY ? TW_SIDE_SELL : TW_SIDE_BUY;
}

static bool accepts(const match_taker *taker, int64_t price) {
    if (!taker->limited)
        return true;
    return taker->side == TW_SIDE_BUY ? price <= taker->price : price >= taker->price;
}

static bool is_self_trade(const tw_match *match, const match_taker *taker, uint64_t maker_owner) {
    return match->config.self_trade == TW_MATCH_SELF_TRADE_CANCEL_NEWEST && taker->owner != 0 &&
           taker->owner == maker_owner;
}

/* M3: one trade between the taker and a resting order. */
static void trade(match_request *request, match_taker *taker, const tw_book_view *maker,
                  int64_t quantity) {
    tw_match *match = request->match;
    TW_ASSERT(quantity > 0 && quantity <= taker->remaining && quantity <= maker->quantity.nano);
    tw_status status =
        tw_book_execute(match->book, request->symbol, maker->id, (tw_quantity){quantity});
    TW_ASSERT(status == TW_OK);
    taker->remaining -= quantity;
    match->counters.trades++;
    match->counters.quantity_bought += (uint64_t)quantity;
    match->counters.quantity_sold += (uint64_t)quantity;
    tell(request, (tw_match_event){.trade_id = match->counters.trades,
                                   .id = taker->id,
                                   .owner = taker->owner,
                                   .maker_id = maker->id,
                                   .maker_owner = maker->tag,
                                   .price = maker->price,
                                   .quantity.nano = quantity,
                                   .remaining.nano = taker->remaining,
                                   .maker_remaining.nano = maker->quantity.nano - quantity,
                                   .kind = TW_MATCH_TRADE,
                                   .side = taker->side});
}

/* The order that would trade next with the taker; false when none crosses. */
static bool next_maker(const match_request *request, const match_taker *taker,
                       tw_book_view *ret_maker) {
    const tw_book *book = request->match->book;
    tw_book_level_place level =
        tw_book_level_first(book, request->symbol, (tw_side)opposite(taker->side));
    if (level == TW_BOOK_NO_PLACE)
        return false;
    tw_book_order_read(book, tw_book_order_first(book, level), ret_maker);
    return accepts(taker, ret_maker->price.nano);
}

static match_outcome take(match_request *request, match_taker *taker) {
    tw_book_view maker;
    while (taker->remaining > 0 && next_maker(request, taker, &maker)) {
        if (is_self_trade(request->match, taker, maker.tag))
            return STOPPED_BY_SELF_TRADE;
        int64_t quantity = maker.quantity.nano;
        trade(request, taker, &maker, quantity < taker->remaining ? quantity : taker->remaining);
    }
    return TAKEN_ALL_THERE_IS;
}

/* What is left of `missing` after one level; sets *ret_stop at an order of the taker's owner. */
static int64_t pass_level(const match_request *request, const match_taker *taker,
                          tw_book_level_place level, int64_t missing, bool *ret_stop) {
    const tw_book *book = request->match->book;
    tw_book_order_place at = tw_book_order_first(book, level);
    for (; at != TW_BOOK_NO_PLACE && missing > 0; at = tw_book_order_next(book, at)) {
        tw_book_view order;
        tw_book_order_read(book, at, &order);
        if (is_self_trade(request->match, taker, order.tag)) {
            *ret_stop = true;
            break;
        }
        missing -= order.quantity.nano < missing ? order.quantity.nano : missing;
    }
    return missing;
}

/* Whether a fill-or-kill order would fill whole. */
static bool is_fillable(const match_request *request, const match_taker *taker) {
    const tw_book *book = request->match->book;
    int64_t missing = taker->remaining;
    bool stop = false;
    tw_book_level_place at =
        tw_book_level_first(book, request->symbol, (tw_side)opposite(taker->side));
    for (; at != TW_BOOK_NO_PLACE && missing > 0 && !stop; at = tw_book_level_next(book, at)) {
        tw_book_level_view level;
        tw_book_level_read(book, at, &level);
        if (!accepts(taker, level.price.nano))
            break;
        missing = pass_level(request, taker, at, missing, &stop);
    }
    return missing == 0;
}

/* ---- What becomes of the rest --------------------------------------------------------------- */

static tw_match_event about_taker(const match_taker *taker, tw_match_event_kind kind) {
    return (tw_match_event){.id = taker->id,
                            .owner = taker->owner,
                            .price.nano = taker->limited ? taker->price : 0,
                            .quantity.nano = taker->remaining,
                            .kind = (uint8_t)kind,
                            .side = taker->side};
}

static void drop_rest(match_request *request, const match_taker *taker, tw_match_reason reason) {
    tw_match_event event = about_taker(taker, TW_MATCH_CANCELLED);
    event.reason = (uint8_t)reason;
    request->match->counters.cancelled++;
    request->match->counters.quantity_withdrawn += (uint64_t)taker->remaining;
    tell(request, event);
}

static void rest(match_request *request, const match_taker *taker) {
    const tw_book_order order = {.id = taker->id,
                                 .tag = taker->owner,
                                 .price.nano = taker->price,
                                 .quantity.nano = taker->remaining,
                                 .side = taker->side};
    if (tw_book_add(request->match->book, request->symbol, &order) != TW_OK) {
        drop_rest(request, taker, TW_MATCH_CAPACITY);
        return;
    }
    tw_match_event event = about_taker(taker, TW_MATCH_RESTED);
    event.remaining = event.quantity;
    request->match->counters.rested++;
    tell(request, event);
}

/* Trades what crosses and lets the rest rest or go. */
static void work(match_request *request, match_taker *taker, tw_time_in_force time_in_force) {
    if (time_in_force == TW_FILL_OR_KILL && !is_fillable(request, taker)) {
        drop_rest(request, taker, TW_MATCH_KILLED);
        return;
    }
    match_outcome outcome = take(request, taker);
    if (taker->remaining == 0)
        return;
    if (outcome == STOPPED_BY_SELF_TRADE)
        drop_rest(request, taker, TW_MATCH_SELF_TRADE);
    else if (!taker->limited)
        drop_rest(request, taker, TW_MATCH_NO_LIQUIDITY);
    else if (time_in_force == TW_IMMEDIATE_OR_CANCEL)
        drop_rest(request, taker, TW_MATCH_IMMEDIATE);
    else
        rest(request, taker);
}

/* ---- Submit ------------------------------------------------------------------------------- */

static bool price_is_good(const tw_match *match, tw_price price) {
    return price.nano > 0 || match->config.book.allow_nonpositive_prices;
}

static bool is_taken_here(const tw_match_order *order) {
    bool may_rest = order->time_in_force == TW_DAY || order->time_in_force == TW_GOOD_TILL_CANCELED;
    if (!may_rest && order->time_in_force != TW_IMMEDIATE_OR_CANCEL &&
        order->time_in_force != TW_FILL_OR_KILL)
        return false;
    if (order->type != TW_ORDER_LIMIT && order->type != TW_ORDER_MARKET)
        return false;
    return order->post_only == 0 || (may_rest && order->type == TW_ORDER_LIMIT);
}

static bool id_is_taken(const match_request *request, uint64_t id) {
    tw_book_view view;
    return tw_book_find(request->match->book, request->symbol, id, &view) == TW_OK;
}

static bool would_trade(const match_request *request, const match_taker *taker) {
    tw_book_view maker;
    return next_maker(request, taker, &maker);
}

static tw_match_reason examine(const match_request *request, const tw_match_order *order,
                               const match_taker *taker) {
    if (!symbol_is_known(request))
        return TW_MATCH_BAD_SYMBOL;
    if (order->id == 0)
        return TW_MATCH_BAD_ID;
    if (order->side != TW_SIDE_BUY && order->side != TW_SIDE_SELL)
        return TW_MATCH_BAD_SIDE;
    if (!is_taken_here(order))
        return TW_MATCH_BAD_TYPE;
    if (taker->limited && !price_is_good(request->match, order->price))
        return TW_MATCH_BAD_PRICE;
    if (order->quantity.nano <= 0)
        return TW_MATCH_BAD_QUANTITY;
    if (request->match->halted[request->symbol])
        return TW_MATCH_SYMBOL_HALTED;
    if (id_is_taken(request, order->id))
        return TW_MATCH_DUPLICATE_ID;
    if (order->post_only != 0 && would_trade(request, taker))
        return TW_MATCH_WOULD_TRADE;
    return TW_MATCH_NO_REASON;
}

tw_status tw_match_submit(tw_match *match, const tw_match_order *order, const tw_match_sink *sink) {
    TW_ASSERT(order != NULL);
    match_request request = begin(match, order->symbol, sink);
    match_taker taker = {.id = order->id,
                         .owner = order->owner,
                         .price = order->price.nano,
                         .remaining = order->quantity.nano,
                         .limited = order->type != TW_ORDER_MARKET,
                         .side = order->side};
    tw_match_reason reason = examine(&request, order, &taker);
    if (reason != TW_MATCH_NO_REASON)
        return reject(&request, reason, about_taker(&taker, TW_MATCH_REJECTED));
    tw_match_event accepted = about_taker(&taker, TW_MATCH_ACCEPTED);
    accepted.remaining = accepted.quantity;
    match->counters.accepted++;
    match->counters.quantity_entered += (uint64_t)taker.remaining;
    tell(&request, accepted);
    work(&request, &taker, (tw_time_in_force)order->time_in_force);
    finish(&request);
    return TW_OK;
}

/* ---- Changes to resting orders --------------------------------------------------------------- */

static tw_match_reason find_resting(const match_request *request, uint64_t id,
                                    tw_book_view *ret_view) {
    if (!symbol_is_known(request))
        return TW_MATCH_BAD_SYMBOL;
    if (id == 0)
        return TW_MATCH_BAD_ID;
    if (tw_book_find(request->match->book, request->symbol, id, ret_view) != TW_OK)
        return TW_MATCH_UNKNOWN_ID;
    return TW_MATCH_NO_REASON;
}

/* Takes `quantity` (at most what there is) off a resting order and tells it. */
static void withdraw(match_request *request, const tw_book_view *order, int64_t quantity,
                     tw_match_reason reason) {
    tw_match *match = request->match;
    tw_status status =
        tw_book_reduce(match->book, request->symbol, order->id, (tw_quantity){quantity});
    TW_ASSERT(status == TW_OK);
    bool gone = quantity == order->quantity.nano;
    tw_match_event event = about(order, gone ? TW_MATCH_CANCELLED : TW_MATCH_REDUCED);
    event.reason = (uint8_t)reason;
    event.quantity.nano = quantity;
    event.remaining.nano = order->quantity.nano - quantity;
    match->counters.cancelled += gone;
    match->counters.quantity_withdrawn += (uint64_t)quantity;
    tell(request, event);
}

tw_status tw_match_cancel(tw_match *match, tw_symbol symbol, uint64_t id,
                          const tw_match_sink *sink) {
    match_request request = begin(match, symbol, sink);
    tw_book_view order;
    tw_match_reason reason = find_resting(&request, id, &order);
    if (reason != TW_MATCH_NO_REASON)
        return reject(&request, reason, (tw_match_event){.id = id});
    withdraw(&request, &order, order.quantity.nano, TW_MATCH_REQUESTED);
    finish(&request);
    return TW_OK;
}

tw_status tw_match_reduce(tw_match *match, tw_symbol symbol, uint64_t id, tw_quantity quantity,
                          const tw_match_sink *sink) {
    match_request request = begin(match, symbol, sink);
    tw_book_view order;
    tw_match_reason reason = find_resting(&request, id, &order);
    if (reason == TW_MATCH_NO_REASON && quantity.nano <= 0)
        reason = TW_MATCH_BAD_QUANTITY;
    if (reason != TW_MATCH_NO_REASON)
        return reject(&request, reason, (tw_match_event){.id = id, .quantity = quantity});
    bool too_much = quantity.nano > order.quantity.nano;
    withdraw(&request, &order, too_much ? order.quantity.nano : quantity.nano, TW_MATCH_REQUESTED);
    finish(&request);
    return too_much ? TW_RANGE : TW_OK;
}

static tw_match_reason examine_replacement(const match_request *request,
                                           const tw_match_replacement *replacement,
                                           const tw_book_view *order, const match_taker *taker) {
    const tw_match *match = request->match;
    if (!price_is_good(match, replacement->price))
        return TW_MATCH_BAD_PRICE;
    if (replacement->quantity.nano <= 0)
        return TW_MATCH_BAD_QUANTITY;
    if (match->halted[request->symbol])
        return TW_MATCH_SYMBOL_HALTED;
    if (taker->id != order->id && id_is_taken(request, taker->id))
        return TW_MATCH_DUPLICATE_ID;
    if (replacement->post_only != 0 && would_trade(request, taker))
        return TW_MATCH_WOULD_TRADE;
    return TW_MATCH_NO_REASON;
}

/* The old order is on the side of the new one, so taking it out first changes no trade. */
static void change_order(match_request *request, const tw_book_view *order, match_taker *taker) {
    tw_match *match = request->match;
    bool keeps_place = taker->id == order->id && taker->price == order->price.nano &&
                       taker->remaining <= order->quantity.nano;
    int64_t off = keeps_place ? order->quantity.nano - taker->remaining : order->quantity.nano;
    if (off > 0) {
        tw_status status =
            tw_book_reduce(match->book, request->symbol, order->id, (tw_quantity){off});
        TW_ASSERT(status == TW_OK);
    }
    match->counters.quantity_withdrawn += (uint64_t)off;
    match->counters.quantity_entered += keeps_place ? 0 : (uint64_t)taker->remaining;
    tw_match_event event = about_taker(taker, TW_MATCH_REPLACED);
    event.remaining = event.quantity;
    event.previous_id = order->id;
    event.previous_price = order->price;
    tell(request, event);
    if (!keeps_place)
        work(request, taker, TW_DAY);
}

tw_status tw_match_replace(tw_match *match, tw_symbol symbol, uint64_t id,
                           const tw_match_replacement *replacement, const tw_match_sink *sink) {
    TW_ASSERT(replacement != NULL);
    match_request request = begin(match, symbol, sink);
    tw_book_view order = {0};
    match_taker taker = {0};
    tw_match_reason reason = find_resting(&request, id, &order);
    if (reason == TW_MATCH_NO_REASON) {
        taker.id = replacement->id != 0 ? replacement->id : id;
        taker.owner = order.tag;
        taker.price = replacement->price.nano;
        taker.remaining = replacement->quantity.nano;
        taker.limited = true;
        taker.side = order.side;
        reason = examine_replacement(&request, replacement, &order, &taker);
    }
    if (reason != TW_MATCH_NO_REASON)
        return reject(&request, reason,
                      (tw_match_event){.id = id,
                                       .owner = order.tag,
                                       .price = replacement->price,
                                       .quantity = replacement->quantity,
                                       .side = order.side});
    change_order(&request, &order, &taker);
    finish(&request);
    return TW_OK;
}

/* ---- The tape ---------------------------------------------------------------------------------
 */

/* Fills the orders of one level that stand before `id` and have an owner; true when it met `id`. */
static bool fill_level_before(match_request *request, match_taker *taker, tw_book_level_place level,
                              uint64_t id) {
    const tw_book *book = request->match->book;
    tw_book_order_place at = tw_book_order_first(book, level);
    while (at != TW_BOOK_NO_PLACE && taker->remaining > 0) {
        tw_book_order_place next = tw_book_order_next(book, at);
        tw_book_view order;
        tw_book_order_read(book, at, &order);
        if (order.id == id)
            return true;
        int64_t quantity = order.quantity.nano;
        if (order.tag != 0)
            trade(request, taker, &order,
                  quantity < taker->remaining ? quantity : taker->remaining);
        at = next;
    }
    return false;
}

static void fill_before(match_request *request, match_taker *taker, uint64_t id) {
    const tw_book *book = request->match->book;
    tw_book_level_place at =
        tw_book_level_first(book, request->symbol, (tw_side)opposite(taker->side));
    while (at != TW_BOOK_NO_PLACE && taker->remaining > 0) {
        tw_book_level_place next = tw_book_level_next(book, at);
        if (fill_level_before(request, taker, at, id))
            return;
        at = next;
    }
}

tw_status tw_match_execute(tw_match *match, tw_symbol symbol, uint64_t id, tw_quantity quantity,
                           const tw_match_sink *sink) {
    match_request request = begin(match, symbol, sink);
    tw_book_view order;
    tw_match_reason reason = find_resting(&request, id, &order);
    if (reason == TW_MATCH_NO_REASON && quantity.nano <= 0)
        reason = TW_MATCH_BAD_QUANTITY;
    if (reason != TW_MATCH_NO_REASON)
        return reject(&request, reason, (tw_match_event){.id = id, .quantity = quantity});
    bool too_much = quantity.nano > order.quantity.nano;
    int64_t wanted = too_much ? order.quantity.nano : quantity.nano;
    match_taker taker = {.price = order.price.nano, .remaining = wanted, .limited = true};
    taker.side = opposite(order.side);
    fill_before(&request, &taker, id);
    int64_t displaced = wanted - taker.remaining;
    if (taker.remaining > 0) {
        int64_t left = order.quantity.nano - taker.remaining;
        trade(&request, &taker, &order, taker.remaining);
        order.quantity.nano = left;
    }
    match->counters.quantity_entered += (uint64_t)wanted;
    if (displaced > 0 && order.tag == 0)
        withdraw(&request, &order, displaced, TW_MATCH_DISPLACED);
    finish(&request);
    return too_much ? TW_RANGE : TW_OK;
}

/* ---- Halts, counts, checks ------------------------------------------------------------------- */

static tw_status set_halted(tw_match *match, tw_symbol symbol, bool halted,
                            const tw_match_sink *sink) {
    TW_ASSERT(match != NULL);
    if (symbol >= match->config.book.symbol_count_max)
        return TW_INVALID;
    if (match->halted[symbol] == halted)
        return TW_STATE;
    match_request request = begin(match, symbol, sink);
    match->halted[symbol] = halted;
    tell(&request,
         (tw_match_event){.kind = (uint8_t)(halted ? TW_MATCH_HALTED : TW_MATCH_RESUMED)});
    finish(&request);
    return TW_OK;
}

tw_status tw_match_halt(tw_match *match, tw_symbol symbol, const tw_match_sink *sink) {
    return set_halted(match, symbol, true, sink);
}

tw_status tw_match_resume(tw_match *match, tw_symbol symbol, const tw_match_sink *sink) {
    return set_halted(match, symbol, false, sink);
}

bool tw_match_is_halted(const tw_match *match, tw_symbol symbol) {
    TW_ASSERT(match != NULL && symbol < match->config.book.symbol_count_max);
    return match->halted[symbol];
}

void tw_match_counters_of(const tw_match *match, tw_match_counters *ret_counters) {
    TW_ASSERT(match != NULL && ret_counters != NULL);
    *ret_counters = match->counters;
}

static uint64_t resting_quantity(const tw_book *book, tw_symbol symbol, tw_side side) {
    uint64_t total = 0;
    tw_book_level_place at = tw_book_level_first(book, symbol, side);
    for (; at != TW_BOOK_NO_PLACE; at = tw_book_level_next(book, at)) {
        tw_book_level_view level;
        tw_book_level_read(book, at, &level);
        total += (uint64_t)level.quantity.nano;
    }
    return total;
}

void tw_match_check(const tw_match *match) {
    TW_ASSERT(match != NULL);
    tw_book_check(match->book);
    uint64_t resting = 0;
    for (tw_symbol symbol = 0; symbol < match->config.book.symbol_count_max; symbol++) {
        resting += resting_quantity(match->book, symbol, TW_SIDE_BUY);
        resting += resting_quantity(match->book, symbol, TW_SIDE_SELL);
        TW_ASSERT(tw_book_crossed(match->book, symbol) == TW_BOOK_UNCROSSED); /* M5 */
    }
    const tw_match_counters *counters = &match->counters;
    TW_ASSERT(counters->quantity_bought == counters->quantity_sold);
    TW_ASSERT(counters->quantity_entered == counters->quantity_bought + counters->quantity_sold +
                                                counters->quantity_withdrawn + resting); /* M3 */
}
