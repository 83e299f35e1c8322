/*
 * match_auction.c - auctions: orders are collected, then all that can trades at one price.
 *
 * Idea: the most that can trade is what greedy matching gives, best buys with best sells as long as
 * they cross; and any price between the last two that so meet trades that much. No limit lies
 * between them but those of orders that did not meet, of which the best buy and the best sell leave
 * the least over (where market orders are left over, the best limit behind them). So five prices
 * are looked at, and the rest is the order of the rules. Numbered invariants are those of
 * match_priv.h.
 */
#include "match_priv.h"

__extension__ typedef __int128 wide;

#define CANDIDATE_COUNT 5

/* Whether an order of the list takes part in an auction. */
static bool takes_part(const match_record *record, uint8_t auction) {
    if (record->time_in_force == TW_AT_OPEN)
        return auction == TW_MATCH_OPENING;
    if (record->time_in_force == TW_AT_CLOSE)
        return auction == TW_MATCH_CLOSING;
    return true;
}

/* ---- The orders of one side, in the order in which they trade ---------------------------------
 */

typedef struct auction_walk {
    tw_match *match;
    tw_symbol symbol;
    uint8_t side;
    bool is_market;  /* where it stands; market orders come first */
    bool is_over;    /* there is none */
    uint32_t listed; /* record of a market order */
    tw_book_view order;
    tw_book_level_place level;
    tw_book_order_place place;
} auction_walk;

/* The first market order from `at` on that takes part. */
static bool stand_on_market(auction_walk *walk, uint32_t at) {
    const match_symbol *state = &walk->match->symbols[walk->symbol];
    for (; at != MATCH_NONE; at = walk->match->records[at].next) {
        const match_record *record = &walk->match->records[at];
        if (record->type != TW_ORDER_MARKET || record->side != walk->side ||
            !takes_part(record, state->auction))
            continue;
        walk->is_market = true;
        walk->listed = at;
        match_record_view(walk->match, at, &walk->order);
        return true;
    }
    walk->is_market = false;
    return false;
}

/* The first order of the book, from here on, that is not the second leg of one already met. */
static void stand_on_book(auction_walk *walk) {
    const tw_book *book = walk->match->book;
    while (walk->level != TW_BOOK_NO_PLACE) {
        for (; walk->place != TW_BOOK_NO_PLACE;
             walk->place = tw_book_order_next(book, walk->place)) {
            tw_book_order_read(book, walk->place, &walk->order);
            if (!match_leg_was_met(walk->match, walk->symbol, walk->order.id))
                return;
        }
        walk->level = tw_book_level_next(book, walk->level);
        if (walk->level != TW_BOOK_NO_PLACE)
            walk->place = tw_book_order_first(book, walk->level);
    }
    walk->is_over = true;
}

static auction_walk walk_begin(tw_match *match, tw_symbol symbol, uint8_t side) {
    auction_walk walk = {.match = match, .symbol = symbol, .side = side};
    walk.level = tw_book_level_first(match->book, symbol, (tw_side)side);
    if (walk.level != TW_BOOK_NO_PLACE)
        walk.place = tw_book_order_first(match->book, walk.level);
    if (!stand_on_market(&walk, match->symbols[symbol].auctions.first))
        stand_on_book(&walk);
    return walk;
}

static void walk_on(auction_walk *walk) {
    if (!walk->is_market)
        walk->place = tw_book_order_next(walk->match->book, walk->place);
    else if (stand_on_market(walk, walk->match->records[walk->listed].next))
        return;
    stand_on_book(walk);
}

/* Passes what trades of the order there. */
static void walk_past(auction_walk *walk, int64_t quantity) {
    walk->order.quantity.nano -= quantity;
    if (walk->order.quantity.nano == 0)
        walk_on(walk);
}

/* Whether the order there trades at a price. */
static bool trades_at(const auction_walk *walk, int64_t price) {
    if (walk->is_over || walk->is_market)
        return !walk->is_over;
    return walk->side == TW_SIDE_BUY ? walk->order.price.nano >= price
                                     : walk->order.price.nano <= price;
}

static int64_t less_of(const auction_walk *buy, const auction_walk *sell) {
    int64_t bought = buy->order.quantity.nano;
    int64_t sold = sell->order.quantity.nano;
    return bought < sold ? bought : sold;
}

/* All that would trade on a side at a price. */
static wide total_at(tw_match *match, tw_symbol symbol, uint8_t side, int64_t price) {
    wide total = 0;
    match->pass++;
    auction_walk walk = walk_begin(match, symbol, side);
    for (; trades_at(&walk, price); walk_on(&walk))
        total += walk.order.quantity.nano;
    return total;
}

/* ---- The price --------------------------------------------------------------------------------
 */

typedef struct auction_figures {
    int64_t price;
    wide quantity;
    wide left_over; /* of buys; negative: of sells */
} auction_figures;

static wide magnitude(wide value) {
    return value < 0 ? -value : value;
}

static auction_figures figures_at(tw_match *match, tw_symbol symbol, int64_t price) {
    wide buys = total_at(match, symbol, TW_SIDE_BUY, price);
    wide sells = total_at(match, symbol, TW_SIDE_SELL, price);
    return (auction_figures){price, buys < sells ? buys : sells, buys - sells};
}

/* The order of the rules. Without a reference the price is its own. */
static bool is_better(const auction_figures *a, const auction_figures *b,
                      const int64_t *reference) {
    if (a->quantity != b->quantity)
        return a->quantity > b->quantity;
    if (magnitude(a->left_over) != magnitude(b->left_over))
        return magnitude(a->left_over) < magnitude(b->left_over);
    wide distance_a = reference != NULL ? magnitude((wide)a->price - *reference) : 0;
    wide distance_b = reference != NULL ? magnitude((wide)b->price - *reference) : 0;
    return distance_a != distance_b ? distance_a < distance_b : a->price > b->price;
}

/* The limit of the order there; of a market order the best of those behind it. */
static void add_limit(const auction_walk *walk, int64_t *prices, size_t *count) {
    if (walk->is_over || walk->level == TW_BOOK_NO_PLACE)
        return;
    tw_book_view order;
    tw_book_order_read(walk->match->book, walk->place, &order);
    prices[(*count)++] = order.price.nano;
}

static bool crosses(const auction_walk *buy, const auction_walk *sell) {
    if (buy->is_over || sell->is_over)
        return false;
    return buy->is_market || sell->is_market || buy->order.price.nano >= sell->order.price.nano;
}

/* Greedy matching. The limits of the last two that meet, and of the two that are left over. */
static size_t find_candidates(tw_match *match, tw_symbol symbol, int64_t *prices) {
    size_t count = 0;
    match->pass++;
    auction_walk buy = walk_begin(match, symbol, TW_SIDE_BUY);
    auction_walk sell = walk_begin(match, symbol, TW_SIDE_SELL);
    if (!crosses(&buy, &sell))
        return 0;
    auction_walk last_buy = buy;
    auction_walk last_sell = sell;
    while (crosses(&buy, &sell)) {
        last_buy = buy;
        last_sell = sell;
        int64_t quantity = less_of(&buy, &sell);
        walk_past(&buy, quantity);
        walk_past(&sell, quantity);
    }
    add_limit(&last_buy, prices, &count);
    add_limit(&last_sell, prices, &count);
    add_limit(&buy, prices, &count);
    add_limit(&sell, prices, &count);
    return count;
}

/* False: nothing trades. */
static bool find_price(tw_match *match, tw_symbol symbol, tw_price reference,
                       auction_figures *ret_figures) {
    const match_symbol *state = &match->symbols[symbol];
    int64_t prices[CANDIDATE_COUNT];
    size_t count = find_candidates(match, symbol, prices);
    bool has_reference = reference.nano != 0 || state->has_traded;
    if (reference.nano == 0)
        reference.nano = state->last_price;
    if (has_reference)
        prices[count++] = reference.nano;
    auction_figures best = {0};
    for (size_t i = 0; i < count; i++) {
        auction_figures figures = figures_at(match, symbol, prices[i]);
        if (i == 0 || is_better(&figures, &best, has_reference ? &reference.nano : NULL))
            best = figures;
    }
    *ret_figures = best;
    return best.quantity > 0;
}

/* A sum of quantities as one, which it is but in the strangest of books. */
static tw_quantity quantity_of(wide total) {
    return (tw_quantity){total < INT64_MAX ? (int64_t)total : INT64_MAX};
}

static tw_side side_of(wide left_over) {
    if (left_over == 0)
        return TW_SIDE_NONE;
    return left_over > 0 ? TW_SIDE_BUY : TW_SIDE_SELL;
}

/* ---- The outlook ------------------------------------------------------------------------------
 */

/* An auction that has not begun is looked at by letting its limit orders into the book, behind all
 * others as they would come, and taking them out again: nobody sees the book in between. */
static bool is_outside(const match_record *record, uint8_t kind) {
    return record->type == TW_ORDER_LIMIT && record->place == TW_MATCH_AT_AUCTION &&
           takes_part(record, kind);
}

/* An order that the full book does not take would be cancelled by the auction, too. */
static void let_in(tw_match *match, tw_symbol symbol, uint8_t kind) {
    const match_record *record = NULL;
    for (uint32_t at = match->symbols[symbol].auctions.first; at != MATCH_NONE; at = record->next) {
        record = &match->records[at];
        const tw_book_order order = {.id = record->id,
                                     .price.nano = record->price,
                                     .quantity.nano = record->remaining,
                                     .side = record->side};
        tw_status status =
            is_outside(record, kind) ? tw_book_add(match->book, symbol, &order) : TW_OK;
        TW_ASSERT(status == TW_OK || status == TW_FULL);
    }
}

static void let_out(tw_match *match, tw_symbol symbol, uint8_t kind) {
    const match_record *record = NULL;
    for (uint32_t at = match->symbols[symbol].auctions.first; at != MATCH_NONE; at = record->next) {
        record = &match->records[at];
        tw_book_view view;
        if (!is_outside(record, kind) ||
            tw_book_find(match->book, symbol, record->id, &view) != TW_OK)
            continue;
        tw_status status = tw_book_delete(match->book, symbol, record->id);
        TW_ASSERT(status == TW_OK);
    }
}

bool tw_match_auction_outlook(tw_match *match, tw_symbol symbol, tw_match_auction kind,
                              tw_price reference, tw_match_outlook *ret_outlook) {
    TW_ASSERT(match != NULL && ret_outlook != NULL && !match->busy);
    TW_ASSERT(symbol < match->config.book.symbol_count_max);
    TW_ASSERT(kind >= TW_MATCH_OPENING && kind <= TW_MATCH_REOPENING);
    match_symbol *state = &match->symbols[symbol];
    TW_ASSERT(state->auction == 0 || state->auction == (uint8_t)kind);
    bool supposed = state->auction == 0;
    if (supposed) {
        state->auction = (uint8_t)kind;
        let_in(match, symbol, state->auction);
    }
    auction_figures figures = {0};
    bool trades = find_price(match, symbol, reference, &figures);
    if (supposed) {
        let_out(match, symbol, state->auction);
        state->auction = 0;
        state->revision = tw_book_revision(match->book, symbol);
    }
    *ret_outlook = (tw_match_outlook){0};
    if (!trades)
        return false;
    ret_outlook->price.nano = figures.price;
    ret_outlook->quantity = quantity_of(figures.quantity);
    ret_outlook->left_over = quantity_of(magnitude(figures.left_over));
    ret_outlook->side = (uint8_t)side_of(figures.left_over);
    return true;
}

/* ---- Trading ----------------------------------------------------------------------------------
 */

/* Takes a quantity off an order that trades; returns its record, if it has one. */
static uint32_t execute(match_request *request, const auction_walk *walk, int64_t quantity) {
    if (walk->is_market)
        return walk->listed;
    tw_status status = tw_book_execute(request->match->book, request->symbol, walk->order.id,
                                       (tw_quantity){quantity});
    TW_ASSERT(status == TW_OK);
    return match_record_find(request->match, request->symbol, walk->order.id);
}

/* M3: one trade of the auction. */
static void cross(match_request *request, const auction_walk *buy, const auction_walk *sell,
                  int64_t price) {
    int64_t quantity = less_of(buy, sell);
    uint32_t buy_record = execute(request, buy, quantity);
    uint32_t sell_record = execute(request, sell, quantity);
    match_trade_told(request,
                     &(tw_match_event){.id = buy->order.id,
                                       .owner = buy->order.tag,
                                       .maker_id = sell->order.id,
                                       .maker_owner = sell->order.tag,
                                       .price.nano = price,
                                       .quantity.nano = quantity,
                                       .remaining.nano = buy->order.quantity.nano - quantity,
                                       .maker_remaining.nano = sell->order.quantity.nano - quantity,
                                       .side = TW_SIDE_BUY,
                                       .flags = TW_MATCH_IN_AUCTION});
    if (buy_record != MATCH_NONE)
        match_group_traded(request, buy_record, quantity);
    if (sell_record != MATCH_NONE)
        match_group_traded(request, sell_record, quantity);
}

/* The walks go on before what they stood on trades away; where a trade took other orders off the
 * book they begin anew. */
static void trade_all(match_request *request, int64_t price) {
    tw_match *match = request->match;
    do {
        request->disturbed = false;
        match->pass++;
        auction_walk buy = walk_begin(match, request->symbol, TW_SIDE_BUY);
        auction_walk sell = walk_begin(match, request->symbol, TW_SIDE_SELL);
        while (!request->disturbed && trades_at(&buy, price) && trades_at(&sell, price)) {
            auction_walk bought = buy;
            auction_walk sold = sell;
            int64_t quantity = less_of(&buy, &sell);
            walk_past(&buy, quantity);
            walk_past(&sell, quantity);
            cross(request, &bought, &sold, price);
        }
    } while (request->disturbed);
}

/* What is left of orders that were for this auction only. */
static void cancel_rest(match_request *request, uint8_t auction) {
    tw_match *match = request->match;
    uint32_t next = MATCH_NONE;
    for (uint32_t at = request->state->auctions.first; at != MATCH_NONE; at = next) {
        const match_record *record = match_record_at(match, at);
        next = record->next;
        bool named = match_is_for_auction(record->time_in_force);
        if (takes_part(record, auction))
            match_record_take_off(request, at, record->remaining,
                                  named ? TW_MATCH_AUCTION_OVER : TW_MATCH_NO_LIQUIDITY);
    }
}

/* ---- Entering ---------------------------------------------------------------------------------
 */

/* A limit order of the list comes into the book. */
static void rest_listed(match_request *request, uint32_t index) {
    match_record *record = match_record_at(request->match, index);
    match_taker taker = {.id = record->id,
                         .owner = record->owner,
                         .price = record->price,
                         .remaining = record->remaining,
                         .record = index,
                         .limited = true,
                         .side = record->side};
    record->place = 0;
    match_rest(request, &taker);
}

void match_auction_enter(match_request *request, uint32_t index) {
    match_symbol *state = request->state;
    match_record *record = match_record_at(request->match, index);
    match_list_append(request->match, &state->auctions, index);
    record->place = TW_MATCH_AT_AUCTION;
    if (record->type == TW_ORDER_LIMIT && state->auction != 0 && takes_part(record, state->auction))
        rest_listed(request, index);
    else
        match_tell_record(request, index, TW_MATCH_PARKED);
}

/* ---- Begin and end ----------------------------------------------------------------------------
 */

tw_status tw_match_auction_begin(tw_match *match, tw_symbol symbol, tw_match_auction kind,
                                 const tw_match_sink *sink) {
    TW_ASSERT(match != NULL);
    if (symbol >= match->config.book.symbol_count_max || kind < TW_MATCH_OPENING ||
        kind > TW_MATCH_REOPENING)
        return TW_INVALID;
    if (match->symbols[symbol].auction != 0)
        return TW_STATE;
    match_request request = match_begin(match, symbol, sink);
    request.state->auction = (uint8_t)kind;
    match_tell(&request, &(tw_match_event){.kind = TW_MATCH_AUCTION_BEGUN});
    uint32_t next = MATCH_NONE;
    for (uint32_t at = request.state->auctions.first; at != MATCH_NONE; at = next) {
        const match_record *record = match_record_at(match, at);
        next = record->next;
        if (record->type == TW_ORDER_LIMIT && takes_part(record, request.state->auction))
            rest_listed(&request, at);
    }
    match_finish(&request);
    return TW_OK;
}

static void tell_end(match_request *request, const auction_figures *figures) {
    match_tell(request, &(tw_match_event){.price.nano = figures->price,
                                          .quantity = quantity_of(figures->quantity),
                                          .remaining = quantity_of(magnitude(figures->left_over)),
                                          .kind = TW_MATCH_AUCTION_ENDED,
                                          .side = (uint8_t)side_of(figures->left_over)});
}

tw_status tw_match_auction_end(tw_match *match, tw_symbol symbol, tw_price reference,
                               const tw_match_sink *sink) {
    TW_ASSERT(match != NULL);
    if (symbol >= match->config.book.symbol_count_max ||
        (reference.nano != 0 && !match_price_is_good(match, reference)))
        return TW_INVALID;
    if (match->symbols[symbol].auction == 0 || match->symbols[symbol].halted)
        return TW_STATE;
    match_request request = match_begin(match, symbol, sink);
    auction_figures figures = {0};
    if (find_price(match, symbol, reference, &figures))
        trade_all(&request, figures.price);
    else
        figures = (auction_figures){0};
    cancel_rest(&request, request.state->auction);
    request.state->auction = 0;
    tell_end(&request, &figures);
    match_stops_look(&request);
    match_line_run(&request);
    match_finish(&request);
    return TW_OK;
}

int tw_match_auction_of(const tw_match *match, tw_symbol symbol) {
    TW_ASSERT(match != NULL && symbol < match->config.book.symbol_count_max);
    return match->symbols[symbol].auction;
}
