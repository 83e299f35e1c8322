/*
 * book.c - the life of a book and its changes by order.
 *
 * Idea: every change has two halves. The first looks everything up and returns the status of
 * whatever is wrong, having counted it; the second cannot fail. So a failed call writes nothing
 * but an anomaly counter. The invariants B1 to B6 are in book_priv.h.
 *
 * Whether the best of a side changed is noted where it happens, in book->best_changed, and
 * turned into revision and crossing once, by book_settle, at the end of a change.
 */
#include "book_priv.h"

#include <string.h>

#define SLOT_COUNT_MIN UINT32_C(1024)
#define SLOT_AHEAD 16  /* ops between fetching the slot of an id and its use */
#define ORDER_AHEAD 10 /* the same for the order */
#define LEVEL_AHEAD 4  /* the same for its level */

/* ---- Life ------------------------------------------------------------------------------- */

/* The smallest power of two that is at least twice the orders, and at least two. */
static uint32_t slots_for(uint32_t order_count) {
    uint32_t slot_count = 2;
    while (slot_count < (uint64_t)order_count * 2)
        slot_count *= 2;
    return slot_count;
}

static bool config_is_valid(const tw_book_config *config) {
    return config->symbol_count_max >= 1 && config->symbol_count_max <= TW_BOOK_COUNT_MAX &&
           config->order_count_max <= TW_BOOK_COUNT_MAX && config->level_count_max >= 1 &&
           config->level_count_max <= TW_BOOK_COUNT_MAX &&
           config->order_count_expected <= config->order_count_max;
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
    book->slot_count_max = slots_for(config->order_count_max);
    uint32_t slot_count = slots_for(config->order_count_expected);
    if (slot_count < SLOT_COUNT_MIN)
        slot_count = SLOT_COUNT_MIN;
    if (slot_count > book->slot_count_max)
        slot_count = book->slot_count_max;
    book->slot_mask = slot_count - 1;
    book->orders = TW_NEW(allocator, (size_t)config->order_count_max + 1, book_order);
    book->tags = TW_NEW(allocator, (size_t)config->order_count_max + 1, uint64_t);
    book->slots = TW_NEW(allocator, book->slot_count_max, book_id_slot);
    book->symbols = TW_NEW(allocator, config->symbol_count_max, book_symbol);
    book->levels = tw_allocate(allocator, (size_t)config->level_count_max + 1, sizeof(book_level),
                               sizeof(book_level));
    if (book->orders == NULL || book->tags == NULL || book->slots == NULL ||
        book->symbols == NULL || book->levels == NULL) {
        tw_book_free(book);
        return TW_NO_MEMORY;
    }
    *ret_book = book;
    return TW_OK;
}

void tw_book_free(tw_book *book) {
    if (book == NULL)
        return;
    tw_allocator allocator = book->allocator;
    const tw_book_config *config = &book->config;
    TW_DELETE(&allocator, book->orders, (size_t)config->order_count_max + 1, book_order);
    TW_DELETE(&allocator, book->tags, (size_t)config->order_count_max + 1, uint64_t);
    TW_DELETE(&allocator, book->slots, book->slot_count_max, book_id_slot);
    TW_DELETE(&allocator, book->symbols, config->symbol_count_max, book_symbol);
    tw_release(&allocator, book->levels, (size_t)config->level_count_max + 1, sizeof(book_level),
               sizeof(book_level));
    TW_DELETE(&allocator, book, 1, tw_book);
}

/* ---- What every change shares ------------------------------------------------------------ */

tw_status book_check_symbol(tw_book *book, tw_symbol symbol) {
    if (symbol < book->config.symbol_count_max)
        return TW_OK;
    return book_deny(&book->anomalies.bad_symbol, TW_INVALID);
}

tw_status book_check_side(tw_book *book, uint32_t side) {
    if (side == TW_SIDE_BUY || side == TW_SIDE_SELL)
        return TW_OK;
    return book_deny(&book->anomalies.bad_side, TW_INVALID);
}

tw_status book_check_price(tw_book *book, tw_price price) {
    if (price.nano > 0 || book->config.allow_nonpositive_prices)
        return TW_OK;
    return book_deny(&book->anomalies.bad_price, TW_INVALID);
}

tw_status book_check_way(tw_book *book, const book_symbol *symbol, book_way way) {
    if (symbol->way == way || symbol->way == BOOK_UNDECIDED)
        return TW_OK;
    return book_deny(&book->anomalies.wrong_way, TW_STATE);
}

static tw_status check_quantity(tw_book *book, tw_quantity quantity) {
    if (quantity.nano > 0)
        return TW_OK;
    return book_deny(&book->anomalies.bad_quantity, TW_INVALID);
}

static uint8_t crossing_of(const tw_book *book, const book_symbol *symbol) {
    if (symbol->sides[0].best == BOOK_NONE || symbol->sides[1].best == BOOK_NONE)
        return TW_BOOK_UNCROSSED;
    int64_t bid = book_price(&book->levels[symbol->sides[0].best]);
    int64_t ask = book_price(&book->levels[symbol->sides[1].best]);
    if (bid < ask)
        return TW_BOOK_UNCROSSED;
    return bid == ask ? TW_BOOK_LOCKED : TW_BOOK_CROSSED;
}

void book_settle(tw_book *book, book_symbol *symbol) {
    if (book->best_changed == 0)
        return;
    symbol->revision++;
    uint8_t crossing = crossing_of(book, symbol);
    if (crossing == symbol->crossing)
        return;
    symbol->crossing = crossing;
    book->anomalies.became_locked += crossing == TW_BOOK_LOCKED;
    book->anomalies.became_crossed += crossing == TW_BOOK_CROSSED;
}

/* Symbol, id and way of a change to an existing order; its slot. */
static tw_status locate(tw_book *book, tw_symbol symbol, uint64_t id, uint32_t *ret_slot) {
    tw_status status = book_check_symbol(book, symbol);
    if (status != TW_OK)
        return status;
    if (id == 0)
        return book_deny(&book->anomalies.bad_id, TW_INVALID);
    status = book_check_way(book, &book->symbols[symbol], BOOK_BY_ORDER);
    if (status != TW_OK)
        return status;
    uint32_t slot = book_ids_seek(book, symbol, id);
    if (book->slots[slot].order == BOOK_NONE)
        return book_deny(&book->anomalies.unknown_id, TW_NOT_FOUND);
    *ret_slot = slot;
    return TW_OK;
}

/* ---- The halves that cannot fail --------------------------------------------------------- */

static void note_change(tw_book *book, const book_side *side, uint32_t level) {
    if (side->best == level)
        book->best_changed |= book_best_flag(book->levels[level].side);
}

static uint32_t acquire_order(tw_book *book) {
    TW_ASSERT(book->order_count < book->config.order_count_max);
    book->order_count++;
    uint32_t order = book->order_free;
    if (order != BOOK_NONE)
        book->order_free = book->orders[order].next;
    else
        order = ++book->order_high;
    return order;
}

static void release_order(tw_book *book, uint32_t order) {
    book->orders[order].level = BOOK_NONE;
    book->orders[order].next = book->order_free;
    book->order_free = order;
    book->order_count--;
}

/* Takes the order out of its queue, and its level away if it was the last there (B3). */
static void leave_queue(tw_book *book, const book_order *order) {
    book_level *level = &book->levels[order->level];
    book_symbol *symbol = &book->symbols[order->symbol];
    book_side *side = book_side_of(symbol, level->side);
    note_change(book, side, order->level);
    side->order_count--;
    if (level->order_count == 1) {
        book_ladder_remove(book, order->level);
        return;
    }
    level->order_count--;
    level->quantity -= order->quantity;
    level->time_ns = symbol->time_ns;
    if (order->previous != BOOK_NONE)
        book->orders[order->previous].next = order->next;
    else
        level->head = order->next;
    if (order->next != BOOK_NONE)
        book->orders[order->next].previous = order->previous;
    else
        level->tail = order->previous;
}

static void remove_order(tw_book *book, uint32_t slot) {
    uint32_t order = book->slots[slot].order;
    leave_queue(book, &book->orders[order]);
    book_ids_erase(book, slot);
    release_order(book, order);
}

/* Puts a checked order at the back of its level, which is made when the spot has none. `slot` is
 * where its id goes. */
static void enter(tw_book *book, tw_symbol symbol_index, const tw_book_order *order, book_spot spot,
                  uint32_t slot) {
    book_symbol *symbol = &book->symbols[symbol_index];
    book_side *side = book_side_of(symbol, order->side);
    uint32_t place = spot.level;
    if (place == BOOK_NONE)
        place = book_ladder_insert(book, symbol_index, order->side,
                                   book_key(order->side, order->price.nano), spot);
    uint32_t hash = book_id_hash(symbol_index, order->id);
    if (book_ids_are_tight(book)) {
        book_ids_grow(book);
        slot = book_ids_seek_hash(book, symbol_index, order->id, hash);
    }
    uint32_t index = acquire_order(book);
    book_level *level = &book->levels[place];
    book->slots[slot] = (book_id_slot){hash, index};
    book->orders[index] = (book_order){.id = order->id,
                                       .quantity = order->quantity.nano,
                                       .level = place,
                                       .previous = level->tail,
                                       .symbol = symbol_index};
    book->tags[index] = order->tag;
    if (level->tail != BOOK_NONE)
        book->orders[level->tail].next = index;
    else
        level->head = index;
    level->tail = index;
    level->order_count++;
    level->quantity += order->quantity.nano;
    level->time_ns = symbol->time_ns;
    side->order_count++;
    note_change(book, side, place);
}

/* ---- Changes by order ---------------------------------------------------------------------- */

/* Price, quantity and id of an order that wants to enter. */
static tw_status check_order(tw_book *book, const tw_book_order *order) {
    if (order->id == 0)
        return book_deny(&book->anomalies.bad_id, TW_INVALID);
    tw_status status = book_check_price(book, order->price);
    return status != TW_OK ? status : check_quantity(book, order->quantity);
}

tw_status tw_book_add(tw_book *book, tw_symbol symbol_index, const tw_book_order *order) {
    TW_ASSERT(book != NULL && order != NULL);
    book->best_changed = 0;
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
    uint32_t slot = book_ids_seek(book, symbol_index, order->id);
    if (book->slots[slot].order != BOOK_NONE)
        return book_deny(&book->anomalies.duplicate_id, TW_EXISTS);
    if (book->order_count == book->config.order_count_max)
        return book_deny(&book->anomalies.orders_full, TW_FULL);
    book_spot spot = book_ladder_seek(book, book_side_of(symbol, order->side),
                                      book_key(order->side, order->price.nano));
    if (spot.level == BOOK_NONE && book->level_count == book->config.level_count_max)
        return book_deny(&book->anomalies.levels_full, TW_FULL);
    if (spot.level != BOOK_NONE &&
        book->levels[spot.level].quantity > INT64_MAX - order->quantity.nano)
        return book_deny(&book->anomalies.bad_quantity, TW_OVERFLOW);
    symbol->way = BOOK_BY_ORDER;
    enter(book, symbol_index, order, spot, slot);
    book_settle(book, symbol);
    return TW_OK;
}

/* Reduce and execute: `over` is the counter of what was too much. */
static tw_status take_off(tw_book *book, tw_symbol symbol_index, uint64_t id, tw_quantity quantity,
                          uint64_t *over) {
    book->best_changed = 0;
    tw_status status = check_quantity(book, quantity);
    if (status != TW_OK)
        return status;
    uint32_t slot = 0;
    status = locate(book, symbol_index, id, &slot);
    if (status != TW_OK)
        return status;
    book_order *order = &book->orders[book->slots[slot].order];
    book_symbol *symbol = &book->symbols[symbol_index];
    if (quantity.nano >= order->quantity) {
        status = quantity.nano == order->quantity ? TW_OK : book_deny(over, TW_RANGE);
        remove_order(book, slot);
    } else {
        book_level *level = &book->levels[order->level];
        order->quantity -= quantity.nano;
        level->quantity -= quantity.nano;
        level->time_ns = symbol->time_ns;
        note_change(book, book_side_of(symbol, level->side), order->level);
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
    book->best_changed = 0;
    uint32_t slot = 0;
    tw_status status = locate(book, symbol, id, &slot);
    if (status != TW_OK)
        return status;
    remove_order(book, slot);
    book_settle(book, &book->symbols[symbol]);
    return TW_OK;
}

/* Whether there is room for `order` once `old` is gone. */
static tw_status check_room_to_replace(tw_book *book, const book_order *old,
                                       const tw_book_order *order) {
    book_symbol *symbol = &book->symbols[old->symbol];
    book_spot spot = book_ladder_seek(book, book_side_of(symbol, order->side),
                                      book_key(order->side, order->price.nano));
    if (spot.level == BOOK_NONE) {
        bool frees_level = book->levels[old->level].order_count == 1;
        if (book->level_count == book->config.level_count_max && !frees_level)
            return book_deny(&book->anomalies.levels_full, TW_FULL);
        return TW_OK;
    }
    int64_t others = book->levels[spot.level].quantity;
    if (spot.level == old->level)
        others -= old->quantity;
    if (others > INT64_MAX - order->quantity.nano)
        return book_deny(&book->anomalies.bad_quantity, TW_OVERFLOW);
    return TW_OK;
}

void book_forgive(tw_book *book, const tw_quote *before, const tw_quote *after) {
    if (before->bid_price.nano == after->bid_price.nano &&
        before->bid_size.nano == after->bid_size.nano)
        book->best_changed &= (uint8_t)~TW_BOOK_BEST_BID;
    if (before->ask_price.nano == after->ask_price.nano &&
        before->ask_size.nano == after->ask_size.nano)
        book->best_changed &= (uint8_t)~TW_BOOK_BEST_ASK;
}

tw_status tw_book_replace(tw_book *book, tw_symbol symbol_index, uint64_t id,
                          const tw_book_order *order) {
    TW_ASSERT(book != NULL && order != NULL);
    book->best_changed = 0;
    tw_status status = check_order(book, order);
    if (status != TW_OK)
        return status;
    uint32_t slot = 0;
    status = locate(book, symbol_index, id, &slot);
    if (status != TW_OK)
        return status;
    const book_order *old = &book->orders[book->slots[slot].order];
    tw_book_order entering = *order;
    if (entering.side == TW_SIDE_NONE)
        entering.side = book->levels[old->level].side;
    status = book_check_side(book, entering.side);
    if (status != TW_OK)
        return status;
    if (order->id != id &&
        book->slots[book_ids_seek(book, symbol_index, order->id)].order != BOOK_NONE)
        return book_deny(&book->anomalies.duplicate_id, TW_EXISTS);
    status = check_room_to_replace(book, old, &entering);
    if (status != TW_OK)
        return status;
    book_symbol *symbol = &book->symbols[symbol_index];
    tw_quote before;
    tw_quote after;
    tw_book_best(book, symbol_index, &before);
    remove_order(book, slot);
    book_spot spot = book_ladder_seek(book, book_side_of(symbol, entering.side),
                                      book_key(entering.side, entering.price.nano));
    enter(book, symbol_index, &entering, spot, book_ids_seek(book, symbol_index, entering.id));
    tw_book_best(book, symbol_index, &after);
    book_forgive(book, &before, &after);
    book_settle(book, symbol);
    return TW_OK;
}

static void empty_level(tw_book *book, uint32_t level) {
    uint32_t order = book->levels[level].head;
    while (order != BOOK_NONE) {
        uint32_t next = book->orders[order].next;
        book_ids_erase(book,
                       book_ids_seek(book, book->orders[order].symbol, book->orders[order].id));
        release_order(book, order);
        order = next;
    }
    book_level_release(book, level);
}

void book_empty(tw_book *book, book_symbol *symbol) {
    for (uint32_t side_name = TW_SIDE_BUY; side_name <= TW_SIDE_SELL; side_name++) {
        book_side *side = book_side_of(symbol, side_name);
        if (side->best != BOOK_NONE)
            book->best_changed |= book_best_flag(side_name);
        uint32_t level = side->best;
        while (level != BOOK_NONE) {
            uint32_t worse = book->levels[level].beside[1];
            empty_level(book, level);
            level = worse;
        }
        *side = (book_side){0};
    }
}

tw_status tw_book_clear(tw_book *book, tw_symbol symbol) {
    TW_ASSERT(book != NULL);
    book->best_changed = 0;
    tw_status status = book_check_symbol(book, symbol);
    if (status != TW_OK)
        return status;
    book_empty(book, &book->symbols[symbol]);
    book->symbols[symbol].way = BOOK_UNDECIDED;
    book_settle(book, &book->symbols[symbol]);
    return TW_OK;
}

/* ---- Many at once ---------------------------------------------------------------------------- */

static uint32_t home_slot(const tw_book *book, const tw_book_op *op) {
    uint64_t id = op->kind == TW_BOOK_ADD ? op->order.id : op->id;
    return book_id_hash(op->symbol, id) & book->slot_mask;
}

/* Fetches what later ops will touch: first the slot, then the order it names, then its level.
 * The order named may be a stranger's, or dead by then: a fetch too many, never an error. */
static void fetch_ahead(const tw_book *book, const tw_book_op *ops, size_t count) {
    if (count > SLOT_AHEAD)
        __builtin_prefetch(&book->slots[home_slot(book, &ops[SLOT_AHEAD])]);
    if (count > ORDER_AHEAD)
        __builtin_prefetch(&book->orders[book->slots[home_slot(book, &ops[ORDER_AHEAD])].order]);
    if (count > LEVEL_AHEAD) {
        uint32_t order = book->slots[home_slot(book, &ops[LEVEL_AHEAD])].order;
        __builtin_prefetch(&book->levels[book->orders[order].level]);
    }
}

static tw_status apply_one(tw_book *book, const tw_book_op *op) {
    if (op->time_ns != 0 && op->symbol < book->config.symbol_count_max)
        book->symbols[op->symbol].time_ns = op->time_ns;
    switch (op->kind) {
    case TW_BOOK_ADD:
        return tw_book_add(book, op->symbol, &op->order);
    case TW_BOOK_REDUCE:
        return tw_book_reduce(book, op->symbol, op->id, op->quantity);
    case TW_BOOK_DELETE:
        return tw_book_delete(book, op->symbol, op->id);
    case TW_BOOK_EXECUTE:
        return tw_book_execute(book, op->symbol, op->id, op->quantity);
    case TW_BOOK_REPLACE:
        return tw_book_replace(book, op->symbol, op->id, &op->order);
    case TW_BOOK_CLEAR:
        return tw_book_clear(book, op->symbol);
    default:
        book->best_changed = 0;
        return book_deny(&book->anomalies.bad_kind, TW_INVALID);
    }
}

size_t tw_book_apply(tw_book *book, const tw_book_op *ops, size_t count,
                     tw_book_result *ret_results) {
    TW_ASSERT(book != NULL && (ops != NULL || count == 0));
    size_t done = 0;
    for (size_t i = 0; i < count; i++) {
        fetch_ahead(book, ops + i, count - i);
        tw_status status = apply_one(book, &ops[i]);
        done += status == TW_OK;
        if (ret_results != NULL)
            ret_results[i] = (tw_book_result){.status = status, .best_changed = book->best_changed};
    }
    return done;
}
