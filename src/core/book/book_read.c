/*
 * book_read.c - what a book says, and the figures made of it.
 *
 * Idea: the best level is at hand and the list of levels runs outwards from it, so every figure
 * is a walk that ends as soon as it has what it needs. Sums and products go through 128 bits.
 */
#include "book_ids.h"
#include "book_levels.h"

#include <string.h>

__extension__ typedef __int128 wide;

static const book_symbol *symbol_of(const tw_book *book, tw_symbol symbol) {
    TW_ASSERT(book != NULL && symbol < book->config.symbol_count_max);
    return &book->symbols[symbol];
}

static const book_side *side_of(const tw_book *book, tw_symbol symbol, tw_side side) {
    TW_ASSERT(side == TW_SIDE_BUY || side == TW_SIDE_SELL);
    return &symbol_of(book, symbol)->sides[side - 1];
}

static const book_level *level_of(const tw_book *book, uint32_t level) {
    TW_ASSERT(book != NULL && (level >> 6) <= book->page_high);
    TW_ASSERT((book_page_of(book, level)->taken & book_place_bit(level)) != 0);
    return book_level_at(book, level);
}

static const book_order *order_of(const tw_book *book, uint32_t order) {
    TW_ASSERT(book != NULL && order >= book->order_first && order < book->order_high);
    TW_ASSERT(book_order_at(book, order)->level != BOOK_NONE);
    return book_order_at(book, order);
}

/* To nearest, ties to even; the divisor is positive. */
static int64_t divide(wide dividend, wide divisor) {
    wide quotient = dividend / divisor;
    wide rest = dividend % divisor;
    if (rest < 0) {
        rest += divisor;
        quotient--;
    }
    wide excess = rest - (divisor - rest);
    if (excess > 0 || (excess == 0 && (quotient & 1) != 0))
        quotient++;
    return (int64_t)quotient;
}

/* ---- The best and the depth --------------------------------------------------------------- */

void tw_book_set_time(tw_book *book, tw_symbol symbol, int64_t time_ns) {
    TW_ASSERT(book != NULL && symbol < book->config.symbol_count_max);
    book->symbols[symbol].time_ns = time_ns;
}

/* Price and size of the best of a side, zero if it is empty. */
static void read_best(const tw_book *book, const book_symbol *symbol, uint32_t side,
                      int64_t *ret_price, int64_t *ret_size) {
    const book_side *at = &symbol->sides[side - TW_SIDE_BUY];
    *ret_price = 0;
    *ret_size = 0;
    if (at->best == BOOK_NONE)
        return;
    *ret_price = book_price_of_key(&symbol->tick, side, at->best_key);
    *ret_size = book_level_at(book, at->best)->quantity;
}

/* Written where it is to be, field by field: gathered first, it would be copied in pieces that are
 * larger than those it was written in, for which a processor has to wait. */
bool tw_book_best_follow(const tw_book *book, tw_symbol symbol_index, tw_quote *quote) {
    TW_ASSERT(quote != NULL);
    const book_symbol *symbol = symbol_of(book, symbol_index);
    int64_t bid_price;
    int64_t bid_size;
    int64_t ask_price;
    int64_t ask_size;
    read_best(book, symbol, TW_SIDE_BUY, &bid_price, &bid_size);
    read_best(book, symbol, TW_SIDE_SELL, &ask_price, &ask_size);
    int64_t differing = (bid_price ^ quote->bid_price.nano) | (bid_size ^ quote->bid_size.nano) |
                        (ask_price ^ quote->ask_price.nano) | (ask_size ^ quote->ask_size.nano);
    quote->time_ns = symbol->time_ns;
    quote->symbol = symbol_index;
    quote->bid_price.nano = bid_price;
    quote->bid_size.nano = bid_size;
    quote->ask_price.nano = ask_price;
    quote->ask_size.nano = ask_size;
    return differing != 0;
}

void tw_book_best(const tw_book *book, tw_symbol symbol, tw_quote *ret_quote) {
    TW_ASSERT(ret_quote != NULL);
    memset(ret_quote, 0, sizeof *ret_quote);
    (void)tw_book_best_follow(book, symbol, ret_quote);
}

bool tw_book_best_price(const tw_book *book, tw_symbol symbol, tw_side side, tw_price *ret_price) {
    TW_ASSERT(ret_price != NULL);
    const book_side *at = side_of(book, symbol, side);
    if (at->best == BOOK_NONE)
        return false;
    ret_price->nano = book_price_of_key(&book->symbols[symbol].tick, side, at->best_key);
    return true;
}

uint64_t tw_book_revision(const tw_book *book, tw_symbol symbol) {
    return symbol_of(book, symbol)->revision;
}

tw_book_crossing tw_book_crossed(const tw_book *book, tw_symbol symbol) {
    return (tw_book_crossing)symbol_of(book, symbol)->crossing;
}

size_t tw_book_depth(const tw_book *book, tw_symbol symbol, tw_side side, tw_level *ret_levels,
                     size_t capacity) {
    TW_ASSERT(ret_levels != NULL || capacity == 0);
    size_t count = 0;
    uint32_t at = side_of(book, symbol, side)->best;
    for (; at != BOOK_NONE && count < capacity; at = book_level_worse(book, at)) {
        const book_level *level = book_level_at(book, at);
        ret_levels[count++] = (tw_level){.time_ns = level->time_ns,
                                         .price.nano = book_price_at(book, at),
                                         .quantity.nano = level->quantity,
                                         .symbol = symbol,
                                         .side = (uint8_t)side};
    }
    return count;
}

/* ---- Walking ------------------------------------------------------------------------------ */

tw_book_level_place tw_book_level_first(const tw_book *book, tw_symbol symbol, tw_side side) {
    return side_of(book, symbol, side)->best;
}

tw_book_level_place tw_book_level_next(const tw_book *book, tw_book_level_place level) {
    TW_ASSERT(level_of(book, level) != NULL);
    return book_level_worse(book, level);
}

void tw_book_level_read(const tw_book *book, tw_book_level_place place,
                        tw_book_level_view *ret_view) {
    TW_ASSERT(ret_view != NULL);
    const book_level *level = level_of(book, place);
    *ret_view = (tw_book_level_view){.price.nano = book_price_at(book, place),
                                     .quantity.nano = level->quantity,
                                     .order_count = level->order_count,
                                     .symbol = book_page_of(book, place)->symbol,
                                     .side = (uint8_t)book_side_at(book, place)};
}

tw_book_order_place tw_book_order_first(const tw_book *book, tw_book_level_place level) {
    return book_order_or_none(book, level_of(book, level)->link.next);
}

tw_book_order_place tw_book_order_next(const tw_book *book, tw_book_order_place order) {
    return book_order_or_none(book, order_of(book, order)->link.next);
}

void tw_book_order_read(const tw_book *book, tw_book_order_place place, tw_book_view *ret_view) {
    TW_ASSERT(ret_view != NULL);
    const book_order *order = order_of(book, place);
    *ret_view = (tw_book_view){.id = order->id,
                               .tag = book->tags != NULL ? *book_tag_at(book, place) : 0,
                               .price.nano = book_price_at(book, order->level),
                               .quantity.nano = order->quantity,
                               .symbol = order->symbol,
                               .side = (uint8_t)book_side_at(book, order->level)};
}

tw_status tw_book_find(const tw_book *book, tw_symbol symbol, uint64_t id, tw_book_view *ret_view) {
    TW_ASSERT(book != NULL && symbol < book->config.symbol_count_max);
    uint32_t order = book_ids_seek(book, symbol, id).order;
    if (order == BOOK_NONE)
        return TW_NOT_FOUND;
    tw_book_order_read(book, order, ret_view);
    return TW_OK;
}

tw_status tw_book_queue(const tw_book *book, tw_symbol symbol, uint64_t id,
                        tw_book_ahead *ret_ahead) {
    TW_ASSERT(ret_ahead != NULL);
    TW_ASSERT(book != NULL && symbol < book->config.symbol_count_max);
    uint32_t order = book_ids_seek(book, symbol, id).order;
    if (order == BOOK_NONE)
        return TW_NOT_FOUND;
    tw_book_ahead ahead = {0};
    uint32_t before = book_link_of(book, order)->previous;
    for (; before >= book->order_first; before = book_link_of(book, before)->previous) {
        ahead.quantity.nano += book_order_at(book, before)->quantity; /* at most the level's (B4) */
        ahead.order_count++;
    }
    *ret_ahead = ahead;
    return TW_OK;
}

/* ---- Figures ------------------------------------------------------------------------------ */

tw_quantity tw_book_quantity_at(const tw_book *book, tw_symbol symbol, tw_side side,
                                tw_price price) {
    TW_ASSERT(side == TW_SIDE_BUY || side == TW_SIDE_SELL);
    uint32_t level = book_level_seek(book, symbol_of(book, symbol), side, price.nano);
    return (tw_quantity){book_level_at(book, level)->quantity}; /* nobody has zero */
}

tw_status tw_book_quantity_through(const tw_book *book, tw_symbol symbol, tw_side side,
                                   tw_price price, tw_quantity *ret_quantity) {
    TW_ASSERT(ret_quantity != NULL);
    int64_t total = 0;
    uint32_t at = side_of(book, symbol, side)->best;
    for (; at != BOOK_NONE && !book_is_better(side, price.nano, book_price_at(book, at));
         at = book_level_worse(book, at)) {
        if (__builtin_add_overflow(total, book_level_at(book, at)->quantity, &total))
            return TW_OVERFLOW;
    }
    ret_quantity->nano = total;
    return TW_OK;
}

tw_status tw_book_average_price(const tw_book *book, tw_symbol symbol, tw_side side,
                                tw_quantity quantity, tw_book_cost *ret_cost) {
    TW_ASSERT(ret_cost != NULL);
    uint32_t at = side_of(book, symbol, side)->best;
    if (quantity.nano <= 0)
        return TW_INVALID;
    if (at == BOOK_NONE)
        return TW_EMPTY;
    tw_book_cost cost = {0};
    wide notional = 0; /* |price| <= 2^63 and the quantities add up to < 2^63: below 2^126 */
    for (; at != BOOK_NONE && cost.filled.nano < quantity.nano; at = book_level_worse(book, at)) {
        const book_level *level = book_level_at(book, at);
        int64_t missing = quantity.nano - cost.filled.nano;
        int64_t taken = level->quantity < missing ? level->quantity : missing;
        cost.filled.nano += taken;
        cost.worst_price.nano = book_price_at(book, at);
        cost.level_count++;
        notional += (wide)taken * cost.worst_price.nano;
    }
    cost.average_price.nano = divide(notional, cost.filled.nano);
    *ret_cost = cost;
    return TW_OK;
}

tw_status tw_book_spread(const tw_book *book, tw_symbol symbol, tw_price *ret_spread) {
    TW_ASSERT(ret_spread != NULL);
    tw_quote best;
    int64_t spread = 0;
    tw_book_best(book, symbol, &best);
    if (best.bid_size.nano == 0 || best.ask_size.nano == 0)
        return TW_EMPTY;
    if (__builtin_sub_overflow(best.ask_price.nano, best.bid_price.nano, &spread))
        return TW_OVERFLOW;
    ret_spread->nano = spread;
    return TW_OK;
}

tw_status tw_book_microprice(const tw_book *book, tw_symbol symbol, tw_price *ret_price) {
    TW_ASSERT(ret_price != NULL);
    tw_quote best;
    tw_book_best(book, symbol, &best);
    if (best.bid_size.nano == 0 || best.ask_size.nano == 0)
        return TW_EMPTY;
    /* Each product is at most 2^63 x (2^63 - 1), so the sum is inside 128 bits. */
    wide weighted = (wide)best.bid_price.nano * best.ask_size.nano +
                    (wide)best.ask_price.nano * best.bid_size.nano;
    ret_price->nano = divide(weighted, (wide)best.bid_size.nano + best.ask_size.nano);
    return TW_OK;
}

static wide quantity_of_best(const tw_book *book, uint32_t at, uint32_t level_count) {
    wide total = 0;
    for (uint32_t i = 0; i < level_count && at != BOOK_NONE; i++) {
        total += book_level_at(book, at)->quantity;
        at = book_level_worse(book, at);
    }
    return total;
}

tw_status tw_book_imbalance(const tw_book *book, tw_symbol symbol_index, uint32_t level_count,
                            double *ret_imbalance) {
    TW_ASSERT(ret_imbalance != NULL);
    const book_symbol *symbol = symbol_of(book, symbol_index);
    if (level_count == 0)
        return TW_INVALID;
    wide bids = quantity_of_best(book, symbol->sides[0].best, level_count);
    wide asks = quantity_of_best(book, symbol->sides[1].best, level_count);
    if (bids + asks == 0)
        return TW_EMPTY;
    *ret_imbalance = (double)(bids - asks) / (double)(bids + asks);
    return TW_OK;
}

/* ---- Counts ------------------------------------------------------------------------------- */

static void count_side(const tw_book *book, const book_side *side, uint32_t *ret_levels,
                       uint32_t *ret_orders) {
    for (uint32_t at = side->best; at != BOOK_NONE; at = book_level_worse(book, at)) {
        ++*ret_levels;
        *ret_orders += book_level_at(book, at)->order_count;
    }
}

void tw_book_counts_of(const tw_book *book, tw_symbol symbol_index, tw_book_counts *ret_counts) {
    TW_ASSERT(ret_counts != NULL);
    const book_symbol *symbol = symbol_of(book, symbol_index);
    tw_book_counts counts = {0};
    count_side(book, &symbol->sides[0], &counts.bid_level_count, &counts.bid_order_count);
    count_side(book, &symbol->sides[1], &counts.ask_level_count, &counts.ask_order_count);
    *ret_counts = counts;
}

void tw_book_usage_of(const tw_book *book, tw_book_usage *ret_usage) {
    TW_ASSERT(book != NULL && ret_usage != NULL);
    *ret_usage = (tw_book_usage){.order_count = book->order_count,
                                 .order_count_max = book->config.order_count_max,
                                 .level_count = book->level_count,
                                 .level_count_max = book->config.level_count_max};
}

void tw_book_anomalies_of(const tw_book *book, tw_book_anomalies *ret_anomalies) {
    TW_ASSERT(book != NULL && ret_anomalies != NULL);
    *ret_anomalies = book->anomalies;
}
