/*
 * book_orders.c - changes by order.
 *
 * Idea: every change has two halves. The first looks everything up and returns the status of
 * whatever is wrong, having counted it; the second cannot fail. So a failed call writes nothing
 * but an anomaly counter. The invariants B1 to B8 are in book_priv.h.
 *
 * What costs most is not the work but the branches that cannot be foretold: which kind of change it
 * is, whether it makes or ends a level, whether it touches the best. So the look for the id goes
 * before the branch on the kind, all changes that take something off an order are one, and what can
 * be chosen by arithmetic is.
 *
 * Whether the best of a side changed is noted where it happens, in book->best_changed and
 * best_moved, and turned into revision and crossing once, by book_settle, at the end of a change.
 */
#include "book_ids.h"
#include "book_levels.h"

/* The everyday changes are each compiled whole, in the place from which they are called. */
#define INLINE static inline __attribute__((always_inline))

/* Id and way of a change to an existing order, and where that stands. */
INLINE tw_status locate(tw_book *book, tw_symbol symbol, uint64_t id, book_look look,
                        book_spot *ret_spot) {
    tw_status status = book_check_symbol(book, symbol);
    if (status != TW_OK)
        return status;
    if (id == 0)
        return book_deny(&book->anomalies.bad_id, TW_INVALID);
    status = book_check_way(book, &book->symbols[symbol], BOOK_BY_ORDER);
    if (status != TW_OK)
        return status;
    *ret_spot = book_ids_seek(book, symbol, id, look);
    if (ret_spot->order == BOOK_NONE)
        return book_deny(&book->anomalies.unknown_id, TW_NOT_FOUND);
    return TW_OK;
}

/* ---- The halves that cannot fail --------------------------------------------------------- */

static inline uint32_t acquire(tw_book *book) {
    book->order_count++;
    uint32_t order = book->order_free;
    if (__builtin_expect(order == BOOK_NONE, 0))
        return ++book->order_high;
    book->order_free = book->orders[order].next;
    return order;
}

/* Takes the order out of its queue, and its level away if it was the last there (B4). The order
 * before the first and that behind the last are nobody, who may be written to. */
INLINE void leave_queue(tw_book *book, const book_order *order) {
    book_order *orders = book->orders;
    book_level *level = &book->levels[order->level];
    book_symbol *symbol = &book->symbols[order->symbol];
    book_side *side = book_side_of(symbol, level->side);
    book_note_change(book, side, level->side, order->level);
    if (level->order_count == 1) {
        book_level_remove(book, symbol, order->level);
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

INLINE void remove_order(tw_book *book, book_spot spot, book_look look) {
    book_ids_drop(book, spot.slot, look);
    leave_queue(book, &book->orders[spot.order]);
    book_order_release(book, spot.order);
}

/* Writes a checked order behind `previous` on a level. There is room for it; it is returned. */
INLINE uint32_t put_order(tw_book *book, tw_symbol symbol, const tw_book_order *order,
                          uint32_t level, uint32_t previous) {
    book_order *orders = book->orders;
    uint32_t index = acquire(book);
    orders[index].id = order->id;
    orders[index].quantity = order->quantity.nano;
    orders[index].level = level;
    orders[index].next = BOOK_NONE;
    orders[index].previous = previous;
    orders[index].symbol = symbol;
    if (__builtin_expect(book->tags != NULL, 0))
        book->tags[index] = order->tag;
    return index;
}

/* Puts a checked order at the back of the level on a seat, or makes a level of it. There is room.
 */
INLINE void enter(tw_book *book, tw_symbol symbol_index, const tw_book_order *order, book_seat seat,
                  book_look look) {
    book_symbol *symbol = &book->symbols[symbol_index];
    uint32_t index;
    book_level *level;
    if (seat.level != BOOK_NONE) {
        level = &book->levels[seat.level];
        index = put_order(book, symbol_index, order, seat.level, level->tail);
        book->orders[level->tail].next = index;
    } else {
        seat.level = book_level_make(book, symbol_index, order->side, order->price.nano, seat);
        level = &book->levels[seat.level];
        index = put_order(book, symbol_index, order, seat.level, BOOK_NONE);
        level->head = index;
    }
    level->tail = index;
    level->order_count++;
    level->quantity += order->quantity.nano;
    level->time_ns = symbol->time_ns;
    book_note_change(book, book_side_of(symbol, order->side), order->side, seat.level);
    book_ids_put(book, index, look);
}

/* Orders are at the limit of the buckets in use. */
static tw_status make_room(tw_book *book) {
    if (book->order_count == book->config.order_count_max)
        return book_deny(&book->anomalies.orders_full, TW_FULL);
    book_ids_grow(book);
    return TW_OK;
}

/* ---- Adding ------------------------------------------------------------------------------ */

/* Price, quantity and id of an order that wants to enter. */
INLINE tw_status check_order(tw_book *book, const tw_book_order *order) {
    if (order->id == 0)
        return book_deny(&book->anomalies.bad_id, TW_INVALID);
    tw_status status = book_check_price(book, order->price);
    return status != TW_OK ? status : book_check_quantity(book, order->quantity);
}

INLINE tw_status add(tw_book *book, tw_symbol symbol_index, const tw_book_order *order,
                     book_look look) {
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
    if (book_ids_has(book, symbol_index, order->id, look))
        return book_deny(&book->anomalies.duplicate_id, TW_EXISTS);
    if (__builtin_expect(book->order_count >= book->order_count_limit, 0)) {
        status = make_room(book);
        if (status != TW_OK)
            return status;
        look = book_ids_look(book, symbol_index, order->id); /* its home is another now */
    }
    book_seat seat = book_seat_find(book, symbol, order->side, order->price.nano);
    if (seat.level == BOOK_NONE && book->level_count == book->config.level_count_max)
        return book_deny(&book->anomalies.levels_full, TW_FULL);
    if (book->levels[seat.level].quantity > INT64_MAX - order->quantity.nano)
        return book_deny(&book->anomalies.bad_quantity, TW_OVERFLOW);
    symbol->way = BOOK_BY_ORDER;
    enter(book, symbol_index, order, seat, look);
    book_settle(book, symbol);
    return TW_OK;
}

tw_status tw_book_add(tw_book *book, tw_symbol symbol, const tw_book_order *order) {
    TW_ASSERT(book != NULL && order != NULL);
    book_begin(book);
    return add(book, symbol, order, book_ids_look(book, symbol, order->id));
}

/* ---- Taking off ---------------------------------------------------------------------------- */

/* An order holds less than was to be taken off: it is gone all the same. */
static tw_status too_much(tw_book *book, uint32_t kind) {
    uint64_t *over =
        kind == TW_EVENT_REDUCE ? &book->anomalies.over_reduced : &book->anomalies.over_executed;
    return book_deny(over, TW_RANGE);
}

INLINE void take_part(tw_book *book, book_order *order, int64_t quantity) {
    book_symbol *symbol = &book->symbols[order->symbol];
    book_level *level = &book->levels[order->level];
    order->quantity -= quantity;
    level->quantity -= quantity;
    level->time_ns = symbol->time_ns;
    book_note_change(book, book_side_of(symbol, level->side), level->side, order->level);
}

/* Reduces, executes or deletes (`quantity` is not read then). */
INLINE tw_status take(tw_book *book, tw_symbol symbol, uint64_t id, int64_t quantity, uint32_t kind,
                      book_look look) {
    if (quantity <= 0 && kind != TW_EVENT_DELETE)
        return book_deny(&book->anomalies.bad_quantity, TW_INVALID);
    book_spot spot;
    tw_status status = locate(book, symbol, id, look, &spot);
    if (status != TW_OK)
        return status;
    book_order *order = &book->orders[spot.order];
    if (kind != TW_EVENT_DELETE && quantity < order->quantity) {
        take_part(book, order, quantity);
    } else {
        if (kind != TW_EVENT_DELETE && quantity > order->quantity)
            status = too_much(book, kind);
        remove_order(book, spot, look);
    }
    book_settle(book, &book->symbols[symbol]);
    return status;
}

tw_status tw_book_reduce(tw_book *book, tw_symbol symbol, uint64_t id, tw_quantity quantity) {
    TW_ASSERT(book != NULL);
    book_begin(book);
    return take(book, symbol, id, quantity.nano, TW_EVENT_REDUCE, book_ids_look(book, symbol, id));
}

tw_status tw_book_execute(tw_book *book, tw_symbol symbol, uint64_t id, tw_quantity quantity) {
    TW_ASSERT(book != NULL);
    book_begin(book);
    return take(book, symbol, id, quantity.nano, TW_EVENT_EXECUTE, book_ids_look(book, symbol, id));
}

tw_status tw_book_delete(tw_book *book, tw_symbol symbol, uint64_t id) {
    TW_ASSERT(book != NULL);
    book_begin(book);
    return take(book, symbol, id, 0, TW_EVENT_DELETE, book_ids_look(book, symbol, id));
}

/* ---- Replacing ----------------------------------------------------------------------------- */

/* Whether there is room for `order` once `old` is gone. */
static tw_status check_room_to_replace(tw_book *book, const book_order *old,
                                       const tw_book_order *order) {
    uint32_t place =
        book_seat_find(book, &book->symbols[old->symbol], order->side, order->price.nano).level;
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

/* Takes the old order out and puts the checked new one in. */
static void exchange(tw_book *book, book_spot spot, book_look look, const tw_book_order *order) {
    tw_symbol symbol_index = book->orders[spot.order].symbol;
    book_symbol *symbol = &book->symbols[symbol_index];
    tw_quote before;
    tw_quote after;
    tw_book_best(book, symbol_index, &before);
    remove_order(book, spot, look);
    enter(book, symbol_index, order, book_seat_find(book, symbol, order->side, order->price.nano),
          book_ids_look(book, symbol_index, order->id));
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
    book_look look = book_ids_look(book, symbol, id);
    status = locate(book, symbol, id, look, &spot);
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
        book_ids_seek(book, symbol, order->id, book_ids_look(book, symbol, order->id)).order !=
            BOOK_NONE)
        return book_deny(&book->anomalies.duplicate_id, TW_EXISTS);
    status = check_room_to_replace(book, old, &entering);
    if (status == TW_OK)
        exchange(book, spot, look, &entering);
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
    book_look look = book_ids_look(book, symbol, id);
    status = locate(book, symbol, id, look, &spot);
    if (status != TW_OK)
        return status;
    book_order *order = &book->orders[spot.order];
    const book_level *level = &book->levels[order->level];
    if (book_price_at(book, order->level) == price.nano && quantity.nano <= order->quantity) {
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
        exchange(book, spot, look, &entering);
    return status;
}

/* ---- Many at once ---------------------------------------------------------------------------- */

/*
 * What an event touches is found one after another: the bucket by its id, the order by the bucket,
 * its level and its neighbours by the order; for a new order its level by the price, the last in
 * its queue by the level. So a block of events is gone through once for each of these, and what a
 * step reads was fetched by the step before. A guess may be wrong, or right no more when its event
 * is applied: a fetch too many, no error. A book that fits the cache does not need it.
 */
#define BLOCK 64
#define FETCH_FROM 32768 /* orders: with their buckets, levels and pages some megabytes */

/* The order of an event, or of a new one the level. */
INLINE uint32_t guess(const tw_book *book, const tw_order_event *event) {
    if (event->kind != TW_EVENT_ADD || event->symbol >= book->config.symbol_count_max) {
        book_look look = book_ids_look(book, event->symbol, event->id);
        uint32_t slot = look.marked != 0 ? (uint32_t)__builtin_ctz(look.marked) : 0;
        return book->buckets[look.home].orders[slot];
    }
    const book_symbol *symbol = &book->symbols[event->symbol];
    int64_t key = 0;
    (void)book_key_of(symbol, event->side, event->price.nano, &key);
    const uint32_t *near = symbol->near[event->side == TW_SIDE_SELL];
    return near[(uint64_t)(key >> 6) % BOOK_NEAR_COUNT] << 6 | (uint32_t)(key & 63);
}

INLINE void fetch_known(const tw_book *book, const tw_order_event *event, uint32_t known) {
    if (event->kind == TW_EVENT_ADD) {
        __builtin_prefetch(&book->pages[known >> 6], 1);
        __builtin_prefetch(&book->levels[known], 1);
    } else {
        __builtin_prefetch(&book->orders[known], 1);
    }
}

INLINE void fetch_beside(const tw_book *book, const tw_order_event *event, uint32_t known) {
    if (event->kind == TW_EVENT_ADD) {
        __builtin_prefetch(&book->orders[book->levels[known].tail], 1);
        return;
    }
    const book_order *order = &book->orders[known];
    __builtin_prefetch(&book->levels[order->level], 1);
    __builtin_prefetch(&book->pages[order->level >> 6], 1);
    __builtin_prefetch(&book->orders[order->previous], 1);
    __builtin_prefetch(&book->orders[order->next], 1);
}

/* Compiled in place, or gcc takes a function that does nothing but fetch for one that does nothing,
 * and drops the call. */
INLINE void fetch_block(const tw_book *book, const tw_order_event *events, size_t count) {
    uint32_t known[BLOCK];
    for (size_t i = 0; i < count; i++) {
        uint64_t hash = book_id_hash(events[i].symbol, events[i].id);
        __builtin_prefetch(&book->buckets[book_ids_home(book, hash)], 1);
    }
    for (size_t i = 0; i < count; i++) {
        known[i] = guess(book, &events[i]);
        fetch_known(book, &events[i], known[i]);
    }
    for (size_t i = 0; i < count; i++)
        fetch_beside(book, &events[i], known[i]);
}

/* What is not an everyday event. */
static tw_status apply_rare(tw_book *book, const tw_order_event *event) {
    tw_book_order order = {.id = event->new_id,
                           .price = event->price,
                           .quantity = event->quantity,
                           .side = event->side};
    switch (event->kind) {
    case TW_EVENT_REPLACE:
        return tw_book_replace(book, event->symbol, event->id, &order);
    case TW_EVENT_MODIFY:
        return tw_book_modify(book, event->symbol, event->id, event->price, event->quantity);
    case TW_EVENT_CLEAR:
        return tw_book_clear(book, event->symbol);
    case TW_EVENT_HIDDEN:
    case TW_EVENT_CROSS:
    case TW_EVENT_HALT:
    case TW_EVENT_OTHER:
        return TW_OK;
    default:
        return book_deny(&book->anomalies.bad_kind, TW_INVALID);
    }
}

tw_status tw_book_apply_event(tw_book *book, const tw_order_event *event) {
    TW_ASSERT(book != NULL && event != NULL);
    book_look look = book_ids_look(book, event->symbol, event->id);
    book_begin(book);
    if (event->time_ns != 0 && event->symbol < book->config.symbol_count_max)
        book->symbols[event->symbol].time_ns = event->time_ns;
    if (event->kind == TW_EVENT_ADD) {
        const tw_book_order order = {.id = event->id,
                                     .price = event->price,
                                     .quantity = event->quantity,
                                     .side = event->side};
        return add(book, event->symbol, &order, look);
    }
    if (event->kind - TW_EVENT_REDUCE <= TW_EVENT_EXECUTE - TW_EVENT_REDUCE)
        return take(book, event->symbol, event->id, event->quantity.nano, event->kind, look);
    return apply_rare(book, event);
}

size_t tw_book_apply(tw_book *book, const tw_order_event *events, size_t count,
                     tw_book_result *ret_results) {
    TW_ASSERT(book != NULL && (events != NULL || count == 0));
    size_t done = 0;
    for (size_t i = 0; i < count; i++) {
        if (i % BLOCK == 0 && book->order_count >= FETCH_FROM)
            fetch_block(book, events + i, count - i < BLOCK ? count - i : BLOCK);
        tw_status status = tw_book_apply_event(book, &events[i]);
        done += status == TW_OK;
        if (ret_results != NULL)
            ret_results[i] =
                (tw_book_result){.status = status, .best_changed = (uint8_t)book->best_changed};
    }
    return done;
}
