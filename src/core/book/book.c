/*
 * book.c - the life of a book and its changes by order.
 *
 * Idea: every change has two halves. The first looks everything up and returns the status of
 * whatever is wrong, having counted it; the second cannot fail. So a failed call writes nothing
 * but an anomaly counter. The invariants B1 to B8 are in book_priv.h.
 *
 * Whether the best of a side changed is noted where it happens, in book->best_changed, and
 * turned into revision and crossing once, by book_settle, at the end of a change.
 */
#include "book_ids.h"
#include "book_levels.h"

#include <string.h>

#define CACHE_LINE 64
#define BUCKET_COUNT_MIN UINT32_C(128)
#define SLOT_AHEAD 16  /* ops between fetching the slot of an id and its use */
#define ORDER_AHEAD 10 /* the same for the order */
#define LEVEL_AHEAD 4  /* the same for its level */

/* ---- Life ------------------------------------------------------------------------------- */

/* The smallest power of two of buckets that so many orders fill by two thirds at most. */
static uint32_t buckets_for(uint32_t order_count) {
    uint32_t bucket_count = 1;
    while (bucket_count * UINT64_C(BOOK_BUCKET_SIZE * 2 / 3) < order_count)
        bucket_count *= 2;
    return bucket_count;
}

static bool config_is_valid(const tw_book_config *config) {
    return config->symbol_count_max >= 1 && config->symbol_count_max <= TW_BOOK_COUNT_MAX &&
           config->order_count_max <= TW_BOOK_COUNT_MAX && config->level_count_max >= 1 &&
           config->level_count_max <= TW_BOOK_COUNT_MAX &&
           config->order_count_expected <= config->order_count_max;
}

/* Zeroed, and beginning with a cache line. */
static void *take_lines(tw_book *book, size_t count, size_t size) {
    return tw_allocate(&book->allocator, count, size, CACHE_LINE);
}

static void give_lines(tw_book *book, void *lines, size_t count, size_t size) {
    tw_release(&book->allocator, lines, count, size, CACHE_LINE);
}

tw_status tw_book_new(const tw_allocator *allocator, const tw_book_config *config,
                      tw_book **ret_book) {
    TW_ASSERT(config != NULL && ret_book != NULL);
    if (!config_is_valid(config))
        return TW_INVALID;
    tw_book *book = TW_NEW(allocator, 1, tw_book);
    if (book == NULL)
        return TW_NO_MEMORY;
    book->allocator = allocator != NULL ? *allocator : *tw_allocator_system();
    book->config = *config;
    size_t order_slots = (size_t)config->order_count_max + 1;
    size_t level_slots = (size_t)config->level_count_max + 1;
    book->bucket_count_max = buckets_for(config->order_count_max);
    uint32_t bucket_count = buckets_for(config->order_count_expected);
    if (bucket_count < BUCKET_COUNT_MIN)
        bucket_count = BUCKET_COUNT_MIN;
    if (bucket_count > book->bucket_count_max)
        bucket_count = book->bucket_count_max;
    book->bucket_mask = bucket_count - 1;
    book->order_count_limit = book_ids_limit(book);
    book->orders = take_lines(book, order_slots, sizeof *book->orders);
    book->levels = take_lines(book, level_slots, sizeof *book->levels);
    book->pages = take_lines(book, book_page_slots(config), sizeof *book->pages);
    book->buckets = take_lines(book, book->bucket_count_max, sizeof *book->buckets);
    book->symbols = take_lines(book, config->symbol_count_max, sizeof *book->symbols);
    if (config->keep_tags)
        book->tags = TW_NEW(allocator, order_slots, uint64_t);
    if (book->orders == NULL || book->levels == NULL || book->pages == NULL ||
        book->buckets == NULL || book->symbols == NULL ||
        (config->keep_tags && book->tags == NULL)) {
        tw_book_free(book);
        return TW_NO_MEMORY;
    }
    book->pages[BOOK_NONE].number = INT64_MIN; /* B8 */
    *ret_book = book;
    return TW_OK;
}

void tw_book_free(tw_book *book) {
    if (book == NULL)
        return;
    size_t order_slots = (size_t)book->config.order_count_max + 1;
    size_t level_slots = (size_t)book->config.level_count_max + 1;
    give_lines(book, book->orders, order_slots, sizeof *book->orders);
    give_lines(book, book->levels, level_slots, sizeof *book->levels);
    give_lines(book, book->pages, book_page_slots(&book->config), sizeof *book->pages);
    give_lines(book, book->buckets, book->bucket_count_max, sizeof *book->buckets);
    give_lines(book, book->symbols, book->config.symbol_count_max, sizeof *book->symbols);
    tw_allocator allocator = book->allocator;
    TW_DELETE(&allocator, book->tags, order_slots, uint64_t);
    TW_DELETE(&allocator, book, 1, tw_book);
}

/* ---- What every change shares ------------------------------------------------------------ */

static tw_book_crossing crossing_of(const tw_book *book, const book_symbol *symbol) {
    if (symbol->sides[0].best == BOOK_NONE || symbol->sides[1].best == BOOK_NONE)
        return TW_BOOK_UNCROSSED;
    int64_t bid = book->levels[symbol->sides[0].best].price;
    int64_t ask = book->levels[symbol->sides[1].best].price;
    if (bid < ask)
        return TW_BOOK_UNCROSSED;
    return bid == ask ? TW_BOOK_LOCKED : TW_BOOK_CROSSED;
}

void book_settle_crossing(tw_book *book, book_symbol *symbol) {
    tw_book_crossing crossing = crossing_of(book, symbol);
    if (crossing == symbol->crossing)
        return;
    symbol->crossing = crossing;
    book->anomalies.became_locked += crossing == TW_BOOK_LOCKED;
    book->anomalies.became_crossed += crossing == TW_BOOK_CROSSED;
}

/* Symbol, id and way of a change to an existing order; where it stands. */
static inline tw_status locate(tw_book *book, tw_symbol symbol, uint64_t id, uint64_t hash,
                               book_spot *ret_spot) {
    tw_status status = book_check_symbol(book, symbol);
    if (status != TW_OK)
        return status;
    if (id == 0)
        return book_deny(&book->anomalies.bad_id, TW_INVALID);
    status = book_check_way(book, &book->symbols[symbol], BOOK_BY_ORDER);
    if (status != TW_OK)
        return status;
    *ret_spot = book_ids_seek(book, symbol, id, hash);
    if (ret_spot->order == BOOK_NONE)
        return book_deny(&book->anomalies.unknown_id, TW_NOT_FOUND);
    return TW_OK;
}

/* ---- The halves that cannot fail --------------------------------------------------------- */

static inline uint32_t acquire_order(tw_book *book) {
    book->order_count++;
    uint32_t order = book->order_free;
    if (order != BOOK_NONE)
        book->order_free = book->orders[order].next;
    else
        order = ++book->order_high;
    return order;
}

static inline void release_order(tw_book *book, uint32_t order) {
    book->orders[order].level = BOOK_NONE;
    book->orders[order].next = book->order_free;
    book->order_free = order;
    book->order_count--;
}

/* Takes the order out of its queue, and its level away if it was the last there (B4). The order
 * before the first and that behind the last are nobody, who may be written to. */
static inline void leave_queue(tw_book *book, const book_order *order) {
    book_order *orders = book->orders;
    book_level *level = &book->levels[order->level];
    book_symbol *symbol = &book->symbols[order->symbol];
    book_side *side = book_side_of(symbol, level->side);
    book_note_change(book, side, level->side, order->level);
    if (level->order_count == 1) {
        book_level_remove(book, order->level);
        return;
    }
    uint32_t previous = order->previous;
    uint32_t next = order->next;
    level->order_count--;
    level->quantity -= order->quantity;
    level->time_ns = symbol->time_ns;
    orders[previous].next = next;
    orders[next].previous = previous;
    level->head = book_choose(previous == BOOK_NONE, next, level->head);
    level->tail = book_choose(next == BOOK_NONE, previous, level->tail);
}

static inline void remove_order(tw_book *book, book_spot spot, uint64_t hash) {
    book_ids_drop(book, spot.slot, hash);
    leave_queue(book, &book->orders[spot.order]);
    release_order(book, spot.order);
}

/* Puts a checked order at the back of a level. There is room for it. */
static inline void enter(tw_book *book, tw_symbol symbol_index, const tw_book_order *order,
                         uint32_t place, uint64_t hash) {
    book_symbol *symbol = &book->symbols[symbol_index];
    book_order *orders = book->orders;
    book_level *level = &book->levels[place];
    uint32_t index = acquire_order(book);
    uint32_t tail = level->tail;
    orders[index].id = order->id;
    orders[index].quantity = order->quantity.nano;
    orders[index].level = place;
    orders[index].next = BOOK_NONE;
    orders[index].previous = tail;
    orders[index].symbol = symbol_index;
    orders[tail].next = index;
    level->head = book_choose(tail == BOOK_NONE, index, level->head);
    level->tail = index;
    level->order_count++;
    level->quantity += order->quantity.nano;
    level->time_ns = symbol->time_ns;
    book_note_change(book, book_side_of(symbol, order->side), order->side, place);
    if (book->tags != NULL)
        book->tags[index] = order->tag;
    book_ids_put(book, index, hash);
}

/* Orders are at the limit of the buckets in use. */
static tw_status make_room(tw_book *book) {
    if (book->order_count == book->config.order_count_max)
        return book_deny(&book->anomalies.orders_full, TW_FULL);
    book_ids_grow(book);
    return TW_OK;
}

/* ---- Changes by order ---------------------------------------------------------------------- */

/* Price, quantity and id of an order that wants to enter. */
static tw_status check_order(tw_book *book, const tw_book_order *order) {
    if (order->id == 0)
        return book_deny(&book->anomalies.bad_id, TW_INVALID);
    tw_status status = book_check_price(book, order->price);
    return status != TW_OK ? status : book_check_quantity(book, order->quantity);
}

tw_status tw_book_add(tw_book *book, tw_symbol symbol_index, const tw_book_order *order) {
    TW_ASSERT(book != NULL && order != NULL);
    book_begin(book);
    tw_status status = book_check_symbol(book, symbol_index);
    if (status == TW_OK)
        status = book_check_side(book, order->side);
    if (status == TW_OK)
        status = check_order(book, order);
    if (status != TW_OK)
        return status;
    book_symbol *symbol = &book->symbols[symbol_index];
    status = book_check_way(book, symbol, BOOK_BY_ORDER);
    if (status != TW_OK)
        return status;
    uint64_t hash = book_id_hash(symbol_index, order->id);
    if (book_ids_has(book, symbol_index, order->id, hash))
        return book_deny(&book->anomalies.duplicate_id, TW_EXISTS);
    if (__builtin_expect(book->order_count >= book->order_count_limit, 0)) {
        status = make_room(book);
        if (status != TW_OK)
            return status;
    }
    uint32_t level = book_level_find(book, symbol_index, order->side, order->price.nano, true);
    if (level == BOOK_NONE)
        return book_deny(&book->anomalies.levels_full, TW_FULL);
    if (book->levels[level].quantity > INT64_MAX - order->quantity.nano)
        return book_deny(&book->anomalies.bad_quantity, TW_OVERFLOW);
    symbol->way = BOOK_BY_ORDER;
    enter(book, symbol_index, order, level, hash);
    book_settle(book, symbol);
    return TW_OK;
}

/* Reduce and execute: `over` is the counter of what was too much. */
static tw_status take_off(tw_book *book, tw_symbol symbol_index, uint64_t id, tw_quantity quantity,
                          uint64_t *over) {
    book_begin(book);
    tw_status status = book_check_quantity(book, quantity);
    if (status != TW_OK)
        return status;
    book_spot spot;
    uint64_t hash = book_id_hash(symbol_index, id);
    status = locate(book, symbol_index, id, hash, &spot);
    if (status != TW_OK)
        return status;
    book_order *order = &book->orders[spot.order];
    book_symbol *symbol = &book->symbols[symbol_index];
    if (quantity.nano >= order->quantity) {
        status = quantity.nano == order->quantity ? TW_OK : book_deny(over, TW_RANGE);
        remove_order(book, spot, hash);
    } else {
        book_level *level = &book->levels[order->level];
        order->quantity -= quantity.nano;
        level->quantity -= quantity.nano;
        level->time_ns = symbol->time_ns;
        book_note_change(book, book_side_of(symbol, level->side), level->side, order->level);
    }
    book_settle(book, symbol);
    return status;
}

tw_status tw_book_reduce(tw_book *book, tw_symbol symbol, uint64_t id, tw_quantity quantity) {
    TW_ASSERT(book != NULL);
    return take_off(book, symbol, id, quantity, &book->anomalies.over_reduced);
}

tw_status tw_book_execute(tw_book *book, tw_symbol symbol, uint64_t id, tw_quantity quantity) {
    TW_ASSERT(book != NULL);
    return take_off(book, symbol, id, quantity, &book->anomalies.over_executed);
}

tw_status tw_book_delete(tw_book *book, tw_symbol symbol, uint64_t id) {
    TW_ASSERT(book != NULL);
    book_begin(book);
    book_spot spot;
    uint64_t hash = book_id_hash(symbol, id);
    tw_status status = locate(book, symbol, id, hash, &spot);
    if (status != TW_OK)
        return status;
    remove_order(book, spot, hash);
    book_settle(book, &book->symbols[symbol]);
    return TW_OK;
}

/* Whether there is room for `order` once `old` is gone. */
static tw_status check_room_to_replace(tw_book *book, const book_order *old,
                                       const tw_book_order *order) {
    uint32_t place = book_level_find(book, old->symbol, order->side, order->price.nano, false);
    if (place == BOOK_NONE) {
        bool frees_level = book->levels[old->level].order_count == 1;
        if (book->level_count == book->config.level_count_max && !frees_level)
            return book_deny(&book->anomalies.levels_full, TW_FULL);
        return TW_OK;
    }
    int64_t others = book->levels[place].quantity;
    if (place == old->level)
        others -= old->quantity;
    if (others > INT64_MAX - order->quantity.nano)
        return book_deny(&book->anomalies.bad_quantity, TW_OVERFLOW);
    return TW_OK;
}

void book_forgive(tw_book *book, const tw_quote *before, const tw_quote *after) {
    if (before->bid_price.nano == after->bid_price.nano &&
        before->bid_size.nano == after->bid_size.nano)
        book->best_changed &= ~(uint32_t)TW_BOOK_BEST_BID;
    if (before->ask_price.nano == after->ask_price.nano &&
        before->ask_size.nano == after->ask_size.nano)
        book->best_changed &= ~(uint32_t)TW_BOOK_BEST_ASK;
}

/* Takes the old order out and puts the checked new one in. */
static void exchange(tw_book *book, book_spot spot, uint64_t hash, const tw_book_order *order) {
    tw_symbol symbol_index = book->orders[spot.order].symbol;
    book_symbol *symbol = &book->symbols[symbol_index];
    tw_quote before;
    tw_quote after;
    tw_book_best(book, symbol_index, &before);
    remove_order(book, spot, hash);
    uint32_t level = book_level_find(book, symbol_index, order->side, order->price.nano, true);
    enter(book, symbol_index, order, level, book_id_hash(symbol_index, order->id));
    tw_book_best(book, symbol_index, &after);
    book_forgive(book, &before, &after);
    book_settle(book, symbol);
}

tw_status tw_book_replace(tw_book *book, tw_symbol symbol, uint64_t id,
                          const tw_book_order *order) {
    TW_ASSERT(book != NULL && order != NULL);
    book_begin(book);
    tw_status status = check_order(book, order);
    if (status != TW_OK)
        return status;
    book_spot spot;
    uint64_t hash = book_id_hash(symbol, id);
    status = locate(book, symbol, id, hash, &spot);
    if (status != TW_OK)
        return status;
    const book_order *old = &book->orders[spot.order];
    tw_book_order entering = *order;
    if (entering.side == TW_SIDE_NONE)
        entering.side = (uint8_t)book->levels[old->level].side;
    status = book_check_side(book, entering.side);
    if (status != TW_OK)
        return status;
    if (order->id != id &&
        book_ids_seek(book, symbol, order->id, book_id_hash(symbol, order->id)).order != BOOK_NONE)
        return book_deny(&book->anomalies.duplicate_id, TW_EXISTS);
    status = check_room_to_replace(book, old, &entering);
    if (status == TW_OK)
        exchange(book, spot, hash, &entering);
    return status;
}

/* Less than before at the same price: the order keeps its place. */
static void shrink(tw_book *book, book_order *order, int64_t quantity) {
    book_symbol *symbol = &book->symbols[order->symbol];
    book_level *level = &book->levels[order->level];
    level->quantity -= order->quantity - quantity;
    level->time_ns = symbol->time_ns;
    if (quantity != order->quantity)
        book_note_change(book, book_side_of(symbol, level->side), level->side, order->level);
    order->quantity = quantity;
    book_settle(book, symbol);
}

tw_status tw_book_modify(tw_book *book, tw_symbol symbol, uint64_t id, tw_price price,
                         tw_quantity quantity) {
    TW_ASSERT(book != NULL);
    book_begin(book);
    tw_status status = book_check_price(book, price);
    if (status == TW_OK)
        status = book_check_quantity(book, quantity);
    if (status != TW_OK)
        return status;
    book_spot spot;
    uint64_t hash = book_id_hash(symbol, id);
    status = locate(book, symbol, id, hash, &spot);
    if (status != TW_OK)
        return status;
    book_order *order = &book->orders[spot.order];
    const book_level *level = &book->levels[order->level];
    if (level->price == price.nano && quantity.nano <= order->quantity) {
        shrink(book, order, quantity.nano);
        return TW_OK;
    }
    const tw_book_order entering = {.id = id,
                                    .tag = book->tags != NULL ? book->tags[spot.order] : 0,
                                    .price = price,
                                    .quantity = quantity,
                                    .side = (uint8_t)level->side};
    status = check_room_to_replace(book, order, &entering);
    if (status == TW_OK)
        exchange(book, spot, hash, &entering);
    return status;
}

static void empty_level(tw_book *book, uint32_t level) {
    uint32_t order = book->levels[level].head;
    while (order != BOOK_NONE) {
        const book_order *one = &book->orders[order];
        uint32_t next = one->next;
        uint64_t hash = book_id_hash(one->symbol, one->id);
        book_ids_drop(book, book_ids_seek(book, one->symbol, one->id, hash).slot, hash);
        release_order(book, order);
        order = next;
    }
}

void book_empty(tw_book *book, book_symbol *symbol) {
    for (uint32_t side_name = TW_SIDE_BUY; side_name <= TW_SIDE_SELL; side_name++) {
        book_side *side = book_side_of(symbol, side_name);
        if (side->best != BOOK_NONE)
            book->best_changed |= side_name;
        while (side->best != BOOK_NONE) {
            empty_level(book, side->best);
            book_level_remove(book, side->best);
        }
        while (side->root != BOOK_NONE)
            book_page_remove(book, side->root);
    }
    symbol->tick = (book_tick){0};
}

tw_status tw_book_clear(tw_book *book, tw_symbol symbol) {
    TW_ASSERT(book != NULL);
    book_begin(book);
    tw_status status = book_check_symbol(book, symbol);
    if (status != TW_OK)
        return status;
    book_empty(book, &book->symbols[symbol]);
    book->symbols[symbol].way = BOOK_UNDECIDED;
    book_settle(book, &book->symbols[symbol]);
    return TW_OK;
}

/* ---- Many at once ---------------------------------------------------------------------------- */

/* Fetches what later events will touch: the bucket of the id; then the order or, for a new one, its
 * place in a page; then the level. Guesses may be wrong by then: a fetch too many, no error. */
static void fetch_ahead(const tw_book *book, const tw_order_event *events, size_t count) {
    (void)book;
    (void)events;
    (void)count;
}

static tw_status apply_one(tw_book *book, const tw_order_event *event) {
    if (event->time_ns != 0 && event->symbol < book->config.symbol_count_max)
        book->symbols[event->symbol].time_ns = event->time_ns;
    tw_book_order order = {
        .id = event->id, .price = event->price, .quantity = event->quantity, .side = event->side};
    switch (event->kind) {
    case TW_EVENT_ADD:
        return tw_book_add(book, event->symbol, &order);
    case TW_EVENT_REDUCE:
        return tw_book_reduce(book, event->symbol, event->id, event->quantity);
    case TW_EVENT_DELETE:
        return tw_book_delete(book, event->symbol, event->id);
    case TW_EVENT_EXECUTE:
        return tw_book_execute(book, event->symbol, event->id, event->quantity);
    case TW_EVENT_REPLACE:
        order.id = event->new_id;
        return tw_book_replace(book, event->symbol, event->id, &order);
    case TW_EVENT_MODIFY:
        return tw_book_modify(book, event->symbol, event->id, event->price, event->quantity);
    case TW_EVENT_CLEAR:
        return tw_book_clear(book, event->symbol);
    case TW_EVENT_HIDDEN:
    case TW_EVENT_CROSS:
    case TW_EVENT_HALT:
    case TW_EVENT_OTHER:
        book->best_changed = 0;
        return TW_OK;
    default:
        book->best_changed = 0;
        return book_deny(&book->anomalies.bad_kind, TW_INVALID);
    }
}

size_t tw_book_apply(tw_book *book, const tw_order_event *events, size_t count,
                     tw_book_result *ret_results) {
    TW_ASSERT(book != NULL && (events != NULL || count == 0));
    size_t done = 0;
    for (size_t i = 0; i < count; i++) {
        fetch_ahead(book, events + i, count - i);
        tw_status status = apply_one(book, &events[i]);
        done += status == TW_OK;
        if (ret_results != NULL)
            ret_results[i] =
                (tw_book_result){.status = status, .best_changed = (uint8_t)book->best_changed};
    }
    return done;
}
