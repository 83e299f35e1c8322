/*
 * match.c - price-time matching on a book.
 *
 * Idea: the book already keeps orders in the order in which they trade, so matching is: look at
 * the first order of the best level, trade, look again. An order's tag in the book is its owner.
 * Special orders have records besides; see match_priv.h, also for the numbered invariants.
 */
#include "match_priv.h"

typedef enum match_outcome { TAKEN_ALL_THERE_IS, STOPPED_BY_SELF_TRADE } match_outcome;

/* ---- Life ------------------------------------------------------------------------------- */

static tw_status make_parts(tw_match *match) {
    const tw_match_config *config = &match->config;
    tw_book_config book_config = config->book;
    book_config.keep_tags = true; /* an order's owner */
    tw_status status = tw_book_new(&match->allocator, &book_config, &match->book);
    if (status != TW_OK)
        return status;
    match->symbols = TW_NEW(&match->allocator, config->book.symbol_count_max, match_symbol);
    return match->symbols == NULL ? TW_NO_MEMORY : match_records_init(match);
}

tw_status tw_match_new(const tw_allocator *allocator, const tw_match_config *config,
                       tw_match **ret_match) {
    TW_ASSERT(config != NULL && ret_match != NULL);
    if (config->self_trade > TW_MATCH_SELF_TRADE_DECREMENT ||
        config->special_count_max > TW_MATCH_SPECIAL_COUNT_MAX)
        return TW_INVALID;
    tw_match *match = TW_NEW(allocator, 1, tw_match);
    if (match == NULL)
        return TW_NO_MEMORY;
    match->allocator = allocator != NULL ? *allocator : *tw_allocator_system();
    match->config = *config;
    tw_status status = make_parts(match);
    if (status != TW_OK) {
        tw_match_free(match);
        return status;
    }
    *ret_match = match;
    return TW_OK;
}

void tw_match_free(tw_match *match) {
    if (match == NULL)
        return;
    tw_allocator allocator = match->allocator;
    match_records_done(match);
    TW_DELETE(&allocator, match->symbols, match->config.book.symbol_count_max, match_symbol);
    tw_book_free(match->book);
    TW_DELETE(&allocator, match, 1, tw_match);
}

const tw_book *tw_match_book(const tw_match *match) {
    TW_ASSERT(match != NULL);
    return match->book;
}

/* ---- Events ------------------------------------------------------------------------------ */

match_request match_begin(tw_match *match, tw_symbol symbol, const tw_match_sink *sink) {
    TW_ASSERT(match != NULL && sink != NULL && sink->event != NULL);
    TW_ASSERT(!match->busy); /* M4: a sink must not make requests */
    match->busy = true;
    match_request request = {.match = match, .sink = sink, .symbol = symbol};
    if (symbol < match->config.book.symbol_count_max)
        request.state = &match->symbols[symbol];
    return request;
}

void match_finish(match_request *request) {
    const tw_book *book = request->match->book;
    match_symbol *state = request->state;
    uint64_t revision = tw_book_revision(book, request->symbol);
    bool may_differ = revision != state->revision;
    state->revision = revision;
    if (may_differ && tw_book_best_follow(book, request->symbol, &state->best)) {
        tw_match_event event;
        match_event_init(&event, TW_MATCH_BEST_CHANGED);
        match_tell(request, &event);
    }
    request->match->busy = false;
}

static tw_status status_of(tw_match_reason reason) {
    switch (reason) {
    case TW_MATCH_BAD_SYMBOL:
    case TW_MATCH_BAD_ID:
    case TW_MATCH_BAD_SIDE:
    case TW_MATCH_BAD_PRICE:
    case TW_MATCH_BAD_QUANTITY:
    case TW_MATCH_BAD_TRAIL:
    case TW_MATCH_BAD_GROUP:
        return TW_INVALID;
    case TW_MATCH_BAD_TYPE:
        return TW_UNSUPPORTED;
    case TW_MATCH_DUPLICATE_ID:
        return TW_EXISTS;
    case TW_MATCH_UNKNOWN_ID:
        return TW_NOT_FOUND;
    case TW_MATCH_SYMBOL_HALTED:
    case TW_MATCH_DURING_AUCTION:
        return TW_STATE;
    case TW_MATCH_WOULD_TRADE:
        return TW_LIMIT;
    case TW_MATCH_NO_ROOM:
        return TW_FULL;
    case TW_MATCH_NO_REASON:
    case TW_MATCH_REQUESTED:
    case TW_MATCH_IMMEDIATE:
    case TW_MATCH_KILLED:
    case TW_MATCH_NO_LIQUIDITY:
    case TW_MATCH_SELF_TRADE:
    case TW_MATCH_CAPACITY:
    case TW_MATCH_DISPLACED:
    case TW_MATCH_GROUP:
    case TW_MATCH_AUCTION_OVER:
        break;
    }
    return TW_OK;
}

/* Ends a request that was examined and found wanting. `event` says which order it was about. */
tw_status match_reject(match_request *request, tw_match_reason reason, tw_match_event *event) {
    event->kind = TW_MATCH_REJECTED;
    event->reason = (uint8_t)reason;
    request->match->counters.rejected++;
    match_tell(request, event);
    request->match->busy = false;
    return status_of(reason);
}

/* ---- Trading ----------------------------------------------------------------------------- */

static bool accepts(const match_taker *taker, int64_t price) {
    if (!taker->limited)
        return true;
    return taker->side == TW_SIDE_BUY ? price <= taker->price : price >= taker->price;
}

static bool is_self_trade(const tw_match *match, const match_taker *taker, uint64_t maker_owner) {
    return match->config.self_trade != TW_MATCH_SELF_TRADE_ALLOW && taker->owner != 0 &&
           taker->owner == maker_owner;
}

/* Orders with records traded. */
static void settle_records(match_request *request, const match_taker *taker, uint64_t maker_id,
                           int64_t quantity) {
    if (taker->record != MATCH_NONE)
        match_group_traded(request, taker->record, quantity);
    if (request->state->tied_count == 0)
        return;
    uint32_t maker = match_record_find(request->match, request->symbol, maker_id);
    if (maker != MATCH_NONE)
        match_group_traded(request, maker, quantity);
}

void match_trade_told(match_request *request, tw_match_event *trade) {
    tw_match_counters *counters = &request->match->counters;
    if (!request->has_traded)
        request->first_price = trade->price.nano;
    request->last_price = trade->price.nano;
    request->has_traded = true;
    counters->quantity_bought += (uint64_t)trade->quantity.nano;
    counters->quantity_sold += (uint64_t)trade->quantity.nano;
    trade->trade_id = ++counters->trades;
    trade->kind = TW_MATCH_TRADE;
    match_tell(request, trade);
}

/* M3: a trade between the taker and a resting order, which the book shows. */
static void traded(match_request *request, match_taker *taker, const tw_book_view *maker,
                   int64_t quantity) {
    TW_ASSERT(quantity > 0 && quantity <= taker->remaining && quantity <= maker->quantity.nano);
    taker->remaining -= quantity;
    tw_match_event event;
    match_event_init(&event, TW_MATCH_TRADE);
    event.id = taker->id;
    event.owner = taker->owner;
    event.maker_id = maker->id;
    event.maker_owner = maker->tag;
    event.price = maker->price;
    event.quantity.nano = quantity;
    event.remaining.nano = taker->remaining;
    event.maker_remaining.nano = maker->quantity.nano - quantity;
    event.side = taker->side;
    match_trade_told(request, &event);
    if (request->state->tied_count != 0)
        settle_records(request, taker, maker->id, quantity);
}

static void trade(match_request *request, match_taker *taker, const tw_book_view *maker,
                  int64_t quantity) {
    tw_status status =
        tw_book_execute(request->match->book, request->symbol, maker->id, (tw_quantity){quantity});
    TW_ASSERT(status == TW_OK);
    traded(request, taker, maker, quantity);
}

/* The order that would trade next with the taker; false when none crosses. */
static bool next_maker(const match_request *request, const match_taker *taker,
                       tw_book_view *ret_maker) {
    const tw_book *book = request->match->book;
    tw_book_level_place level =
        tw_book_level_first(book, request->symbol, (tw_side)match_opposite(taker->side));
    if (level == TW_BOOK_NO_PLACE)
        return false;
    tw_book_order_read(book, tw_book_order_first(book, level), ret_maker);
    return accepts(taker, ret_maker->price.nano);
}

/* ---- Trading with oneself ---------------------------------------------------------------------
 */

/* A quantity was taken off an order that had no record. */
static void tell_withdrawn(match_request *request, const tw_book_view *before, int64_t quantity,
                           tw_match_reason reason) {
    tw_match_counters *counters = &request->match->counters;
    bool gone = quantity == before->quantity.nano;
    counters->cancelled += gone;
    counters->quantity_withdrawn += (uint64_t)quantity;
    tw_match_event event;
    match_event_init(&event, gone ? TW_MATCH_CANCELLED : TW_MATCH_REDUCED);
    event.id = before->id;
    event.owner = before->tag;
    event.price = before->price;
    event.quantity.nano = quantity;
    event.remaining.nano = before->quantity.nano - quantity;
    event.reason = (uint8_t)reason;
    event.side = before->side;
    event.flags = TW_MATCH_AT_LEVEL;
    match_tell(request, &event);
}

/* Takes a quantity off a resting order, and off its group what that means. */
static void withdraw(match_request *request, const tw_book_view *order, int64_t quantity,
                     tw_match_reason reason) {
    tw_match *match = request->match;
    uint32_t record = MATCH_NONE;
    if (request->state->tied_count != 0)
        record = match_record_find(match, request->symbol, order->id);
    if (record != MATCH_NONE) {
        match_record_take_off(request, record, quantity, reason);
        return;
    }
    tw_status status =
        tw_book_reduce(match->book, request->symbol, order->id, (tw_quantity){quantity});
    TW_ASSERT(status == TW_OK);
    tell_withdrawn(request, order, quantity, reason);
}

/* The taker loses a quantity without a trade; its record too. */
static void take_off(match_request *request, match_taker *taker, int64_t quantity) {
    tw_match *match = request->match;
    taker->remaining -= quantity;
    if (taker->record != MATCH_NONE) {
        match_record_take_off(request, taker->record, quantity, TW_MATCH_SELF_TRADE);
        return;
    }
    bool gone = taker->remaining == 0;
    tw_match_event event = match_about_taker(taker, gone ? TW_MATCH_CANCELLED : TW_MATCH_REDUCED);
    event.reason = TW_MATCH_SELF_TRADE;
    event.quantity.nano = quantity;
    event.remaining.nano = taker->remaining;
    match->counters.cancelled += gone;
    match->counters.quantity_withdrawn += (uint64_t)quantity;
    match_tell(request, &event);
}

/* Two orders of one owner meet. True: the taker goes on. */
static bool prevent(match_request *request, match_taker *taker, const tw_book_view *maker) {
    int64_t there = maker->quantity.nano;
    int64_t less = there < taker->remaining ? there : taker->remaining;
    switch ((tw_match_self_trade)request->match->config.self_trade) {
    case TW_MATCH_SELF_TRADE_CANCEL_OLDEST:
        withdraw(request, maker, there, TW_MATCH_SELF_TRADE);
        return true;
    case TW_MATCH_SELF_TRADE_CANCEL_BOTH:
        withdraw(request, maker, there, TW_MATCH_SELF_TRADE);
        return false;
    case TW_MATCH_SELF_TRADE_DECREMENT:
        withdraw(request, maker, less, TW_MATCH_SELF_TRADE);
        take_off(request, taker, less);
        return true;
    case TW_MATCH_SELF_TRADE_CANCEL_NEWEST:
    case TW_MATCH_SELF_TRADE_ALLOW:
        break;
    }
    return false;
}

/* True: the taker goes on; *ret_is_own: the next one was its owner's and is dealt with. */
static bool pass_own(match_request *request, match_taker *taker, bool *ret_is_own) {
    tw_book_view maker;
    *ret_is_own =
        next_maker(request, taker, &maker) && is_self_trade(request->match, taker, maker.tag);
    return !*ret_is_own || prevent(request, taker, &maker);
}

static match_outcome take(match_request *request, match_taker *taker) {
    tw_match *match = request->match;
    int64_t no_limit = taker->side == TW_SIDE_BUY ? INT64_MAX : INT64_MIN;
    const tw_price limit = {taker->limited ? taker->price : no_limit};
    bool looks = match->config.self_trade != TW_MATCH_SELF_TRADE_ALLOW && taker->owner != 0;
    tw_side side = (tw_side)match_opposite(taker->side);
    while (taker->remaining > 0) {
        bool is_own = false;
        if (looks && !pass_own(request, taker, &is_own))
            return STOPPED_BY_SELF_TRADE;
        if (is_own)
            continue;
        tw_book_view maker;
        if (tw_book_execute_first(match->book, request->symbol, side, limit,
                                  (tw_quantity){taker->remaining}, &maker) != TW_OK)
            break;
        int64_t there = maker.quantity.nano;
        traded(request, taker, &maker, there < taker->remaining ? there : taker->remaining);
    }
    return TAKEN_ALL_THERE_IS;
}

/* ---- Fill or kill -----------------------------------------------------------------------------
 */

bool match_leg_was_met(tw_match *match, tw_symbol symbol, uint64_t id) {
    if (match->symbols[symbol].tied_count == 0)
        return false;
    uint32_t index = match_record_find(match, symbol, id);
    if (index == MATCH_NONE || match->records[index].role != ROLE_LEG)
        return false;
    match->records[index].pass = match->pass;
    uint32_t other = match->records[index].kin[1];
    return other != MATCH_NONE && match->records[other].pass == match->pass;
}

/* What is left of `missing` after one level; sets *ret_stop at an order of the taker's owner. */
static int64_t pass_level(const match_request *request, const match_taker *taker,
                          tw_book_level_place level, int64_t missing, bool *ret_stop) {
    const tw_book *book = request->match->book;
    uint8_t self_trade = request->match->config.self_trade;
    tw_book_order_place at = tw_book_order_first(book, level);
    for (; at != TW_BOOK_NO_PLACE && missing > 0; at = tw_book_order_next(book, at)) {
        tw_book_view order;
        tw_book_order_read(book, at, &order);
        if (is_self_trade(request->match, taker, order.tag)) {
            *ret_stop = self_trade != TW_MATCH_SELF_TRADE_CANCEL_OLDEST;
            if (*ret_stop)
                break;
        } else if (!match_leg_was_met(request->match, request->symbol, order.id)) {
            missing -= order.quantity.nano < missing ? order.quantity.nano : missing;
        }
    }
    return missing;
}

/* Whether a fill-or-kill order would fill whole. */
static bool is_fillable(const match_request *request, const match_taker *taker) {
    const tw_book *book = request->match->book;
    int64_t missing = taker->remaining;
    bool stop = false;
    request->match->pass++;
    tw_book_level_place at =
        tw_book_level_first(book, request->symbol, (tw_side)match_opposite(taker->side));
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

tw_match_event match_about_taker(const match_taker *taker, tw_match_event_kind kind) {
    tw_match_event event;
    match_event_init(&event, kind);
    event.id = taker->id;
    event.owner = taker->owner;
    event.price.nano = taker->limited ? taker->price : 0;
    event.quantity.nano = taker->remaining;
    event.side = taker->side;
    return event;
}

static void drop_rest(match_request *request, const match_taker *taker, tw_match_reason reason) {
    if (taker->record != MATCH_NONE) {
        match_record_take_off(request, taker->record, taker->remaining, reason);
        return;
    }
    tw_match_event event = match_about_taker(taker, TW_MATCH_CANCELLED);
    event.reason = (uint8_t)reason;
    request->match->counters.cancelled++;
    request->match->counters.quantity_withdrawn += (uint64_t)taker->remaining;
    match_tell(request, &event);
}

static inline void tell_accepted(match_request *request, const match_taker *taker) {
    tw_match_event event = match_about_taker(taker, TW_MATCH_ACCEPTED);
    event.remaining = event.quantity;
    request->match->counters.accepted++;
    request->match->counters.quantity_entered += (uint64_t)taker->remaining;
    match_tell(request, &event);
}

static inline void tell_rested(match_request *request, const match_taker *taker) {
    tw_match_event event = match_about_taker(taker, TW_MATCH_RESTED);
    event.remaining = event.quantity;
    event.flags = TW_MATCH_AT_LEVEL;
    request->match->counters.rested++;
    match_tell(request, &event);
}

/* Both at once, of one event. */
static inline void tell_taken(match_request *request, const match_taker *taker) {
    tw_match_counters *counters = &request->match->counters;
    tw_match_event event = match_about_taker(taker, TW_MATCH_ACCEPTED);
    event.remaining = event.quantity;
    counters->accepted++;
    counters->quantity_entered += (uint64_t)taker->remaining;
    match_tell(request, &event);
    event.kind = TW_MATCH_RESTED;
    event.flags = TW_MATCH_AT_LEVEL;
    counters->rested++;
    match_tell(request, &event);
}

void match_rest(match_request *request, const match_taker *taker) {
    const tw_book_order order = {.id = taker->id,
                                 .tag = taker->owner,
                                 .price.nano = taker->price,
                                 .quantity.nano = taker->remaining,
                                 .side = taker->side};
    if (tw_book_add(request->match->book, request->symbol, &order) != TW_OK) {
        drop_rest(request, taker, TW_MATCH_CAPACITY);
        return;
    }
    if (taker->record != MATCH_NONE)
        match_record_at(request->match, taker->record)->place = TW_MATCH_IN_BOOK;
    tell_rested(request, taker);
}

void match_work(match_request *request, match_taker *taker, tw_time_in_force time_in_force) {
    if (request->state->auction != 0) {
        match_rest(request, taker);
        return;
    }
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
        match_rest(request, taker);
}

/* Stops look at what a request traded, and whoever lines up enters. */
static void follow_up(match_request *request) {
    match_stops_look(request);
    if (request->state->line.first != MATCH_NONE)
        match_line_run(request);
}

/* ---- Submit ------------------------------------------------------------------------------- */

bool match_price_is_good(const tw_match *match, tw_price price) {
    return price.nano > 0 || match->config.book.allow_nonpositive_prices;
}

static bool is_taken_here(const tw_match *match, const tw_match_order *order) {
    bool may_rest = order->time_in_force == TW_DAY || order->time_in_force == TW_GOOD_TILL_CANCELED;
    bool is_special = match_is_stop(order->type) || match_is_for_auction(order->time_in_force);
    if (order->type > TW_ORDER_TRAILING_STOP || order->time_in_force > TW_AT_CLOSE)
        return false;
    if (is_special && match->config.special_count_max == 0)
        return false;
    if (match_is_stop(order->type))
        return may_rest && order->post_only == 0;
    return order->post_only == 0 || (may_rest && order->type == TW_ORDER_LIMIT);
}

bool match_id_is_taken(const match_request *request, uint64_t id) {
    tw_book_view view;
    return tw_book_find(request->match->book, request->symbol, id, &view) == TW_OK ||
           (request->state->record_count != 0 &&
            match_record_find(request->match, request->symbol, id) != MATCH_NONE);
}

static bool would_trade(const match_request *request, const match_taker *taker) {
    tw_price best;
    return tw_book_best_price(request->match->book, request->symbol,
                              (tw_side)match_opposite(taker->side), &best) &&
           accepts(taker, best.nano);
}

static tw_match_reason examine_figures(const match_request *request, const tw_match_order *order,
                                       const match_taker *taker) {
    if (request->state == NULL)
        return TW_MATCH_BAD_SYMBOL;
    if (order->id == 0)
        return TW_MATCH_BAD_ID;
    if (order->side != TW_SIDE_BUY && order->side != TW_SIDE_SELL)
        return TW_MATCH_BAD_SIDE;
    if (!is_taken_here(request->match, order))
        return TW_MATCH_BAD_TYPE;
    if (taker->limited && !match_price_is_good(request->match, order->price))
        return TW_MATCH_BAD_PRICE;
    if (order->quantity.nano <= 0)
        return TW_MATCH_BAD_QUANTITY;
    return match_is_stop(order->type) ? match_stop_examine(request->match, order)
                                      : TW_MATCH_NO_REASON;
}

/* Stops, orders for an auction, and market orders in one wait outside of the book. */
static bool needs_record(const match_request *request, const tw_match_order *order) {
    return match_is_stop(order->type) || match_is_for_auction(order->time_in_force) ||
           (request->state->auction != 0 && order->type == TW_ORDER_MARKET);
}

static match_taker taker_of(const tw_match_order *order) {
    return (match_taker){.id = order->id,
                         .owner = order->owner,
                         .price = order->price.nano,
                         .remaining = order->quantity.nano,
                         .limited = match_is_limited(order->type),
                         .side = order->side};
}

/* Whether an order whose figures are good can be taken now. */
static tw_match_reason examine_state(const match_request *request, const tw_match_order *order,
                                     const match_taker *taker) {
    const match_symbol *state = request->state;
    if (state->halted)
        return TW_MATCH_SYMBOL_HALTED;
    if (state->auction != 0 &&
        (order->time_in_force == TW_IMMEDIATE_OR_CANCEL || order->time_in_force == TW_FILL_OR_KILL))
        return TW_MATCH_DURING_AUCTION;
    if (match_id_is_taken(request, order->id))
        return TW_MATCH_DUPLICATE_ID;
    if (order->post_only != 0 && would_trade(request, taker))
        return TW_MATCH_WOULD_TRADE;
    if (needs_record(request, order) &&
        request->match->record_count == request->match->config.special_count_max)
        return TW_MATCH_NO_ROOM;
    return TW_MATCH_NO_REASON;
}

tw_match_reason match_examine(const match_request *request, const tw_match_order *order) {
    match_taker taker = taker_of(order);
    tw_match_reason reason = examine_figures(request, order, &taker);
    return reason != TW_MATCH_NO_REASON ? reason : examine_state(request, order, &taker);
}

static void accept(match_request *request, const tw_match_order *order, match_taker *taker) {
    if (!needs_record(request, order)) {
        match_work(request, taker, (tw_time_in_force)order->time_in_force);
        return;
    }
    uint32_t index = match_record_make(request, order);
    if (!match_is_stop(order->type)) {
        match_auction_enter(request, index);
    } else if (match_stop_is_reached(request->match, match_record_at(request->match, index))) {
        match_record_at(request->match, index)->triggered = true;
        match_line_append(request, index);
        match_tell_stop(request, index, TW_MATCH_TRIGGERED);
    } else {
        match_stop_park(request->match, index);
        match_tell_stop(request, index, TW_MATCH_PARKED);
    }
}

/* What most orders are: they do not cross, nothing stands in their way, and the book says itself
 * whether their id is taken. False when it is otherwise; nothing has changed then. */
static bool rests_at_once(match_request *request, const tw_match_order *order,
                          const match_taker *taker) {
    const match_symbol *state = request->state;
    const tw_quote *best = &state->best; /* as the book has it between requests */
    bool crosses = order->side == TW_SIDE_BUY
                       ? best->ask_size.nano != 0 && taker->price >= best->ask_price.nano
                       : best->bid_size.nano != 0 && taker->price <= best->bid_price.nano;
    if (crosses || order->type != TW_ORDER_LIMIT || order->time_in_force > TW_GOOD_TILL_CANCELED ||
        state->halted || state->auction != 0 || state->record_count != 0)
        return false;
    const tw_book_order entering = {.id = order->id,
                                    .tag = order->owner,
                                    .price = order->price,
                                    .quantity = order->quantity,
                                    .side = order->side};
    if (tw_book_add(request->match->book, request->symbol, &entering) != TW_OK)
        return false;
    tell_taken(request, taker);
    return true;
}

tw_status tw_match_submit(tw_match *match, const tw_match_order *order, const tw_match_sink *sink) {
    TW_ASSERT(order != NULL);
    match_request request = match_begin(match, order->symbol, sink);
    match_taker taker = taker_of(order);
    tw_match_reason reason = examine_figures(&request, order, &taker);
    if (reason == TW_MATCH_NO_REASON && rests_at_once(&request, order, &taker)) {
        match_finish(&request);
        return TW_OK;
    }
    if (reason == TW_MATCH_NO_REASON)
        reason = examine_state(&request, order, &taker);
    if (reason != TW_MATCH_NO_REASON) {
        tw_match_event rejected = match_about_taker(&taker, TW_MATCH_REJECTED);
        return match_reject(&request, reason, &rejected);
    }
    tell_accepted(&request, &taker);
    accept(&request, order, &taker);
    follow_up(&request);
    match_finish(&request);
    return TW_OK;
}

/* ---- Changes to live orders -------------------------------------------------------------------
 */

/* A live order: its record, if it has one, and what stands in the book, if it does. */
typedef struct match_found {
    uint32_t record;
    tw_book_view view;
} match_found;

static tw_match_reason find_live(const match_request *request, uint64_t id,
                                 match_found *ret_found) {
    const tw_match *match = request->match;
    *ret_found = (match_found){.record = MATCH_NONE};
    if (request->state == NULL)
        return TW_MATCH_BAD_SYMBOL;
    if (id == 0)
        return TW_MATCH_BAD_ID;
    if (request->state->record_count != 0)
        ret_found->record = match_record_find(match, request->symbol, id);
    if (ret_found->record != MATCH_NONE) {
        match_record_view(match, ret_found->record, &ret_found->view);
        return TW_MATCH_NO_REASON;
    }
    if (tw_book_find(match->book, request->symbol, id, &ret_found->view) != TW_OK)
        return TW_MATCH_UNKNOWN_ID;
    return TW_MATCH_NO_REASON;
}

/* Takes `quantity` (at most what there is) off a live order and tells it. */
static void take_off_found(match_request *request, const match_found *found, int64_t quantity) {
    if (found->record != MATCH_NONE)
        match_record_take_off(request, found->record, quantity, TW_MATCH_REQUESTED);
    else
        withdraw(request, &found->view, quantity, TW_MATCH_REQUESTED);
}

/* A symbol without special orders: the book finds and removes in one. */
static tw_match_reason cancel_plain(match_request *request, uint64_t id) {
    tw_book_view before;
    if (tw_book_take(request->match->book, request->symbol, id, (tw_quantity){INT64_MAX},
                     &before) != TW_OK)
        return TW_MATCH_UNKNOWN_ID;
    tell_withdrawn(request, &before, before.quantity.nano, TW_MATCH_REQUESTED);
    return TW_MATCH_NO_REASON;
}

static tw_match_reason cancel(match_request *request, uint64_t id) {
    if (request->state != NULL && id != 0 && request->state->record_count == 0)
        return cancel_plain(request, id);
    match_found found;
    tw_match_reason reason = find_live(request, id, &found);
    if (reason == TW_MATCH_NO_REASON)
        take_off_found(request, &found, found.view.quantity.nano);
    return reason;
}

tw_status tw_match_cancel(tw_match *match, tw_symbol symbol, uint64_t id,
                          const tw_match_sink *sink) {
    match_request request = match_begin(match, symbol, sink);
    tw_match_reason reason = cancel(&request, id);
    if (reason != TW_MATCH_NO_REASON)
        return match_reject(&request, reason, &(tw_match_event){.id = id});
    match_finish(&request);
    return TW_OK;
}

/* A leg that is held back is as large as its entry was. */
static bool is_reducible(const tw_match *match, const match_found *found) {
    return found->record == MATCH_NONE || match->records[found->record].place != TW_MATCH_HELD_BACK;
}

tw_status tw_match_reduce(tw_match *match, tw_symbol symbol, uint64_t id, tw_quantity quantity,
                          const tw_match_sink *sink) {
    match_request request = match_begin(match, symbol, sink);
    match_found found;
    tw_match_reason reason = find_live(&request, id, &found);
    if (reason == TW_MATCH_NO_REASON && quantity.nano <= 0)
        reason = TW_MATCH_BAD_QUANTITY;
    if (reason == TW_MATCH_NO_REASON && !is_reducible(match, &found))
        reason = TW_MATCH_BAD_GROUP;
    if (reason != TW_MATCH_NO_REASON)
        return match_reject(&request, reason, &(tw_match_event){.id = id, .quantity = quantity});
    int64_t there = found.view.quantity.nano;
    take_off_found(&request, &found, quantity.nano < there ? quantity.nano : there);
    match_finish(&request);
    return quantity.nano > there ? TW_RANGE : TW_OK;
}

/* What a record says against a replacement. */
static tw_match_reason examine_record(const tw_match *match, const match_record *record,
                                      const tw_match_replacement *replacement) {
    int64_t percent = replacement->trail_percent_nano;
    tw_match_order order = {.type = record->type,
                            .stop_price = replacement->stop_price,
                            .trail_price = replacement->trail_price,
                            .trail_percent_nano = percent};
    if (match_is_limited(record->type) && !match_price_is_good(match, replacement->price))
        return TW_MATCH_BAD_PRICE;
    if (record->role != ROLE_ALONE && replacement->quantity.nano != record->remaining)
        return TW_MATCH_BAD_QUANTITY;
    if (record->type == TW_ORDER_TRAILING_STOP ? replacement->trail_price.nano == 0 && percent == 0
                                               : replacement->stop_price.nano == 0)
        return TW_MATCH_NO_REASON;
    return match_stop_examine(match, &order);
}

static tw_match_reason examine_replacement(const match_request *request,
                                           const tw_match_replacement *replacement,
                                           const match_found *found, const match_taker *taker) {
    const tw_match *match = request->match;
    tw_match_reason reason = TW_MATCH_NO_REASON;
    bool rests = true;
    if (found->record != MATCH_NONE) {
        const match_record *record = &match->records[found->record];
        rests = record->place == TW_MATCH_IN_BOOK;
        reason = examine_record(match, record, replacement);
    } else if (!match_price_is_good(match, replacement->price)) {
        reason = TW_MATCH_BAD_PRICE;
    }
    if (reason != TW_MATCH_NO_REASON)
        return reason;
    if (replacement->quantity.nano <= 0)
        return TW_MATCH_BAD_QUANTITY;
    if (request->state->halted)
        return TW_MATCH_SYMBOL_HALTED;
    if (taker->id != found->view.id && match_id_is_taken(request, taker->id))
        return TW_MATCH_DUPLICATE_ID;
    if (rests && replacement->post_only != 0 && would_trade(request, taker))
        return TW_MATCH_WOULD_TRADE;
    return TW_MATCH_NO_REASON;
}

/* The record of an order that rests goes with it. */
static void change_record(match_request *request, match_taker *taker, bool keeps_place) {
    if (taker->record == MATCH_NONE)
        return;
    match_record *record = match_record_at(request->match, taker->record);
    match_record_rename(request->match, taker->record, taker->id);
    record->price = taker->price;
    record->remaining = taker->remaining;
    record->place = keeps_place ? TW_MATCH_IN_BOOK : 0;
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
    change_record(request, taker, keeps_place);
    match->counters.quantity_withdrawn += (uint64_t)off;
    match->counters.quantity_entered += keeps_place ? 0 : (uint64_t)taker->remaining;
    tw_match_event event = match_about_taker(taker, TW_MATCH_REPLACED);
    event.remaining = event.quantity;
    event.previous_id = order->id;
    event.previous_price = order->price;
    event.flags = TW_MATCH_AT_LEVEL;
    match_tell(request, &event);
    if (!keeps_place)
        match_work(request, taker, TW_DAY);
}

static bool rests(const tw_match *match, uint32_t record) {
    return record == MATCH_NONE || match->records[record].place == TW_MATCH_IN_BOOK;
}

tw_status tw_match_replace(tw_match *match, tw_symbol symbol, uint64_t id,
                           const tw_match_replacement *replacement, const tw_match_sink *sink) {
    TW_ASSERT(replacement != NULL);
    match_request request = match_begin(match, symbol, sink);
    match_found found;
    match_taker taker = {0};
    tw_match_reason reason = find_live(&request, id, &found);
    if (reason == TW_MATCH_NO_REASON) {
        taker = (match_taker){.id = replacement->id != 0 ? replacement->id : id,
                              .owner = found.view.tag,
                              .price = replacement->price.nano,
                              .remaining = replacement->quantity.nano,
                              .record = found.record,
                              .limited = true,
                              .side = found.view.side};
        reason = examine_replacement(&request, replacement, &found, &taker);
    }
    if (reason != TW_MATCH_NO_REASON)
        return match_reject(&request, reason,
                            &(tw_match_event){.id = id,
                                              .owner = found.view.tag,
                                              .price = replacement->price,
                                              .quantity = replacement->quantity,
                                              .side = found.view.side});
    if (rests(match, found.record))
        change_order(&request, &found.view, &taker);
    else
        match_record_replace(&request, found.record, replacement);
    follow_up(&request);
    match_finish(&request);
    return TW_OK;
}

/* ---- The tape ---------------------------------------------------------------------------------
 */

/* Fills the orders of one level that stand before `id` and have an owner; true when it met `id`, or
 * a trade disturbed the book. */
static bool fill_level_before(match_request *request, match_taker *taker, tw_book_level_place level,
                              uint64_t id) {
    const tw_book *book = request->match->book;
    tw_book_order_place at = tw_book_order_first(book, level);
    while (at != TW_BOOK_NO_PLACE && taker->remaining > 0 && !request->disturbed) {
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
    return request->disturbed;
}

/* Places are not good any more once a trade took others off the book: it begins anew then. */
static void fill_before(match_request *request, match_taker *taker, uint64_t id) {
    const tw_book *book = request->match->book;
    do {
        request->disturbed = false;
        tw_book_level_place at =
            tw_book_level_first(book, request->symbol, (tw_side)match_opposite(taker->side));
        while (at != TW_BOOK_NO_PLACE && taker->remaining > 0) {
            tw_book_level_place next = tw_book_level_next(book, at);
            if (fill_level_before(request, taker, at, id))
                break;
            at = next;
        }
    } while (request->disturbed && taker->remaining > 0);
}

/* Executes what is left of a tape's execution on the order that it names, if that is still there;
 * what others took of it is withdrawn. */
static void fill_named(match_request *request, match_taker *taker, uint64_t id, int64_t displaced) {
    tw_book_view order;
    if (tw_book_find(request->match->book, request->symbol, id, &order) != TW_OK)
        return; /* it went with a group of which another traded */
    int64_t quantity = order.quantity.nano;
    if (taker->remaining > 0) {
        quantity = quantity < taker->remaining ? quantity : taker->remaining;
        trade(request, taker, &order, quantity);
        order.quantity.nano -= quantity;
    }
    if (displaced > 0 && order.tag == 0)
        withdraw(request, &order, displaced, TW_MATCH_DISPLACED);
}

tw_status tw_match_execute(tw_match *match, tw_symbol symbol, uint64_t id, tw_quantity quantity,
                           const tw_match_sink *sink) {
    match_request request = match_begin(match, symbol, sink);
    match_found found;
    tw_match_reason reason = find_live(&request, id, &found);
    if (reason == TW_MATCH_NO_REASON && !rests(match, found.record))
        reason = TW_MATCH_UNKNOWN_ID;
    if (reason == TW_MATCH_NO_REASON && quantity.nano <= 0)
        reason = TW_MATCH_BAD_QUANTITY;
    if (reason != TW_MATCH_NO_REASON)
        return match_reject(&request, reason, &(tw_match_event){.id = id, .quantity = quantity});
    int64_t there = found.view.quantity.nano;
    int64_t wanted = quantity.nano < there ? quantity.nano : there;
    match_taker taker = {.price = found.view.price.nano, .remaining = wanted, .limited = true};
    taker.side = match_opposite(found.view.side);
    fill_before(&request, &taker, id);
    fill_named(&request, &taker, id, wanted - taker.remaining);
    match->counters.quantity_entered += (uint64_t)(wanted - taker.remaining);
    follow_up(&request);
    match_finish(&request);
    return quantity.nano > there ? TW_RANGE : TW_OK;
}

tw_status tw_match_see_price(tw_match *match, tw_symbol symbol, tw_price price,
                             const tw_match_sink *sink) {
    TW_ASSERT(match != NULL);
    if (symbol >= match->config.book.symbol_count_max || !match_price_is_good(match, price))
        return TW_INVALID;
    match_request request = match_begin(match, symbol, sink);
    match_stops_see(&request, price.nano);
    follow_up(&request);
    match_finish(&request);
    return TW_OK;
}

/* ---- Halts, counts, checks ------------------------------------------------------------------- */

static tw_status set_halted(tw_match *match, tw_symbol symbol, bool halted,
                            const tw_match_sink *sink) {
    TW_ASSERT(match != NULL);
    if (symbol >= match->config.book.symbol_count_max)
        return TW_INVALID;
    if (match->symbols[symbol].halted == halted)
        return TW_STATE;
    match_request request = match_begin(match, symbol, sink);
    request.state->halted = halted;
    match_tell(&request,
               &(tw_match_event){.kind = (uint8_t)(halted ? TW_MATCH_HALTED : TW_MATCH_RESUMED)});
    match_line_run(&request);
    match_finish(&request);
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
    return match->symbols[symbol].halted;
}

void tw_match_counters_of(const tw_match *match, tw_match_counters *ret_counters) {
    TW_ASSERT(match != NULL && ret_counters != NULL);
    *ret_counters = match->counters;
}
