/*
 * book_orders.c - changes by order.
 *
 * Idea: every change has two halves. The first looks everything up and returns the status of
 * whatever is wrong, having counted it; the second cannot fail. So a failed call writes nothing
 * but an anomaly counter. The invariants B1 to B9 are in book_priv.h.
 *
 * What costs most is not the work but the branches that cannot be foretold: which kind of change it
 * is, whether it makes or ends a level, whether it touches the best. So the look for the id goes
 * before the branch on the kind, all changes that take something off an order are one, and what can
 * be chosen by arithmetic is.
 *
 * What becomes of the best of a side is gathered in a book_change while a change is made, and
 * turned into revision and crossing once, by book_settle, at its end.
 */
#include "book_ids.h"
#include "book_levels.h"

/* The everyday changes are each compiled whole, in the place from which they are called. */
#define INLINE static inline __attribute__((always_inline))
/* What they seldom need stands apart and is gone to at the end, so that they call nothing, and keep
 * all they know in registers. */
#define NOINLINE __attribute__((noinline))
/* Between checking and changing: what was read before is read again after, for there are not the
 * registers to keep it, and to spill and reload it is dearer. No instruction. */
#define FORGET __asm__ volatile("" ::: "memory")
#define UNLIKELY(condition) __builtin_expect((condition), 0)

#define READY_COUNT 32 /* slots of orders made ready at once */

/* Why an order is not there that a change is for. One that is there needs no questions: symbol, id
 * and way were right when it came. */
static tw_status miss(tw_book *book, tw_symbol symbol, uint64_t id) {
    tw_status status = book_check_symbol(book, symbol);
    if (status == TW_OK && id == 0)
        status = book_deny(book, &book->anomalies.bad_id, TW_INVALID);
    if (status == TW_OK)
        status = book_check_way(book, &book->symbols[symbol], BOOK_BY_ORDER);
    if (status == TW_OK)
        status = book_deny(book, &book->anomalies.unknown_id, TW_NOT_FOUND);
    return status;
}

/* ---- The halves that cannot fail --------------------------------------------------------- */

/* Ends a change at one level, which may be the best. */
INLINE void settle_level(tw_book *book, book_symbol *symbol, uint32_t side_name, uint32_t level) {
    book->change = book_change_at(book_side_of(symbol, side_name), side_name, level);
    symbol->revision += book->change != 0;
}

/* Takes the first free slot; there is one. */
INLINE uint32_t acquire(tw_book *book) {
    uint32_t order = book->order_free;
    book->order_free = book_link_of(book, order)->next;
    book->order_count++;
    return order;
}

/* Puts a checked order that was given a slot at the back of a level. */
INLINE void enter(tw_book *book, const book_symbol *symbol, tw_symbol symbol_index,
                  const tw_book_order *order, uint32_t level_index, uint32_t index) {
    book_level *level = book_level_at(book, level_index);
    uint32_t last = level->link.previous;
    *book_order_at(book, index) = (book_order){.id = order->id,
                                               .quantity = order->quantity.nano,
                                               .link = {.next = level_index, .previous = last},
                                               .level = level_index,
                                               .symbol = symbol_index};
    book_link_of(book, last)->next = index;
    level->link.previous = index;
    level->order_count++;
    level->quantity += order->quantity.nano;
    level->time_ns = symbol->time_ns;
    if (__builtin_expect(book->tags != NULL, 0))
        *book_tag_at(book, index) = order->tag;
}

/* Takes an order out of the ring of its level; true: that is empty now. */
INLINE bool leave(tw_book *book, const book_symbol *symbol, const book_order *order) {
    book_level *level = book_level_at(book, order->level);
    book_link link = order->link;
    book_link_of(book, link.previous)->next = link.next;
    book_link_of(book, link.next)->previous = link.previous;
    level->quantity -= order->quantity;
    level->time_ns = symbol->time_ns;
    return --level->order_count == 0;
}

/* Takes an order out of the book, and its level if it was the last there (B4). */
static book_change remove_order(tw_book *book, book_symbol *symbol, uint32_t index) {
    const book_order *order = book_order_at(book, index);
    uint32_t level = order->level;
    uint32_t side_name = book_side_at(book, level);
    book_side *side = book_side_of(symbol, side_name);
    book_change change = book_change_at(side, side_name, level);
    if (book_level_yield(book, side, level, leave(book, symbol, order)))
        change |= book_level_gone(book, side, level);
    book_order_release(book, index);
    return change;
}

/* ---- Adding ------------------------------------------------------------------------------ */

/* Price, quantity and id of an order that wants to enter. */
INLINE tw_status check_order(tw_book *book, const tw_book_order *order) {
    if (order->id == 0)
        return book_deny(book, &book->anomalies.bad_id, TW_INVALID);
    tw_status status = book_check_price(book, order->price);
    return status != TW_OK ? status : book_check_quantity(book, order->quantity);
}

/* Room for so many levels more, once as many are gone as are freed. */
INLINE tw_status check_level_room(tw_book *book, uint32_t count, uint32_t freed_count) {
    if (__builtin_expect(book->level_count - freed_count + count <= book->config.level_count_max,
                         1))
        return TW_OK;
    return book_deny(book, &book->anomalies.levels_full, TW_FULL);
}

/* Whether a level's total can hold a quantity more. */
INLINE tw_status check_total(tw_book *book, uint32_t level, int64_t quantity) {
    int64_t total = 0;
    if (!__builtin_add_overflow(book_level_at(book, level)->quantity, quantity, &total))
        return TW_OK;
    return book_deny(book, &book->anomalies.bad_quantity, TW_OVERFLOW);
}

/* Gets slots ready that were never used, in buckets that have room for them. Some at once, as a
 * book that fills needs them one after another. */
static tw_status make_room(tw_book *book) {
    if (book->order_free != BOOK_NONE)
        return TW_OK;
    if (book->order_count == book->config.order_count_max)
        return book_deny(book, &book->anomalies.orders_full, TW_FULL);
    if (book->order_count == book->order_count_limit)
        book_ids_grow(book);
    uint32_t left = book->order_count_limit - book->order_count;
    uint32_t end = book->order_high + (left < READY_COUNT ? left : READY_COUNT);
    book->order_free = book->order_high;
    for (uint32_t order = book->order_high; order < end; order++)
        book_link_of(book, order)->next = order + 1 < end ? order + 1 : BOOK_NONE;
    book->order_high = end;
    return TW_OK;
}

/* An order was added that is the best of its side. */
static NOINLINE tw_status take_lead(tw_book *book, book_symbol *symbol, uint32_t side_name,
                                    uint32_t level) {
    book_lead(book, book_side_of(symbol, side_name), level);
    book_settle(book, symbol, side_name | BOOK_MOVED);
    return TW_OK;
}

/* Adds a checked order, whose id was put in, on a seat that has a page. Whether a level stands
 * there already is not asked, for nobody could foretell it: an empty place is an empty level (B9).
 */
INLINE tw_status add_at(tw_book *book, tw_symbol symbol_index, const tw_book_order *order,
                        book_seat seat, uint32_t index) {
    book_symbol *symbol = &book->symbols[symbol_index];
    book_side *side = book_side_of(symbol, order->side);
    book_level_stand(book, seat);
    enter(book, symbol, symbol_index, order, seat.level, index);
    if (UNLIKELY(seat.key < side->best_key))
        return take_lead(book, symbol, order->side, seat.level);
    book->change = book_choose(seat.key == side->best_key, order->side, 0);
    symbol->revision += book->change != 0;
    return TW_OK;
}

/* Puts a checked order on a seat that has a page, and its id where there is room. There is a free
 * slot. */
static book_change put_in(tw_book *book, tw_symbol symbol_index, const tw_book_order *order,
                          book_seat seat) {
    book_symbol *symbol = &book->symbols[symbol_index];
    book_side *side = book_side_of(symbol, order->side);
    uint32_t index = acquire(book);
    book_level_stand(book, seat);
    enter(book, symbol, symbol_index, order, seat.level, index);
    book_ids_put(book, index);
    book_change change = book_level_lead(book, side, seat);
    return change | book_change_at(side, order->side, seat.level);
}

/* Adds a checked order for which not everything is at hand. */
static NOINLINE tw_status add_with_care(tw_book *book, tw_symbol symbol_index,
                                        tw_book_order order) {
    book_symbol *symbol = &book->symbols[symbol_index];
    tw_status status = book_check_way(book, symbol, BOOK_BY_ORDER);
    if (status != TW_OK)
        return status;
    if (book_ids_seek(book, symbol_index, order.id).order != BOOK_NONE)
        return book_deny(book, &book->anomalies.duplicate_id, TW_EXISTS);
    status = make_room(book);
    if (status != TW_OK)
        return status;
    book_seat seat = book_seat_find(book, symbol, order.side, order.price.nano);
    if (!book_seat_is_taken(seat)) {
        status = check_level_room(book, 1, 0);
        if (status != TW_OK)
            return status;
        if (book_seat_is_nowhere(seat))
            seat = book_make_seat(book, symbol_index, order.side, order.price.nano);
    }
    status = check_total(book, seat.level, order.quantity.nano);
    if (status != TW_OK)
        return status;
    symbol->way = BOOK_BY_ORDER;
    book_settle(book, symbol, put_in(book, symbol_index, &order, seat));
    return TW_OK;
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
    book_spot spot;
    if (UNLIKELY(look.marked != 0) &&
        book_ids_among(book, look.home, look.marked, symbol_index, order->id, &spot))
        return book_deny(book, &book->anomalies.duplicate_id, TW_EXISTS);
    uint32_t empty = book_ids_empty(look.home);
    uint32_t index = book->order_free;
    book_seat seat;
    if (UNLIKELY(symbol->way != BOOK_BY_ORDER || look.home->passed_count != 0 || empty == 0 ||
                 index == BOOK_NONE ||
                 !book_seat_near(book, symbol, order->side, order->price.nano, &seat) ||
                 book->level_count == book->config.level_count_max))
        return add_with_care(book, symbol_index, *order);
    status = check_total(book, seat.level, order->quantity.nano);
    if (status != TW_OK)
        return status;
    FORGET;
    (void)acquire(book); /* the slot `index`, the first free one */
    book_ids_put_home(look, empty, index);
    return add_at(book, symbol_index, order, seat, index);
}

tw_status tw_book_add(tw_book *book, tw_symbol symbol, const tw_book_order *order) {
    TW_ASSERT(book != NULL && order != NULL);
    return add(book, symbol, order, book_ids_look(book, symbol, order->id));
}

/* ---- Taking off ---------------------------------------------------------------------------- */

/* An order holds less than was to be taken off: it is gone all the same. */
INLINE tw_status too_much(tw_book *book, uint32_t kind) {
    uint64_t *over =
        kind == TW_EVENT_REDUCE ? &book->anomalies.over_reduced : &book->anomalies.over_executed;
    return book_deny(book, over, TW_RANGE);
}

/* The order keeps its place in the queue. */
INLINE void take_part(tw_book *book, book_symbol *symbol, book_order *order, int64_t quantity) {
    book_level *level = book_level_at(book, order->level);
    order->quantity -= quantity;
    level->quantity -= quantity;
    level->time_ns = symbol->time_ns;
    settle_level(book, symbol, book_side_at(book, order->level), order->level);
}

/* What is left to do when the best level of a side went, or the last of a page. */
static NOINLINE tw_status follow_up(tw_book *book, tw_symbol symbol_index, uint32_t side_name,
                                    uint32_t level, tw_status status) {
    book_symbol *symbol = &book->symbols[symbol_index];
    if (book_level_gone(book, book_side_of(symbol, side_name), level) != 0)
        book_settle_crossing(book, symbol);
    return status;
}

/* Takes a quantity off an order, or all of it. */
INLINE tw_status take_from(tw_book *book, tw_symbol symbol_index, book_spot spot, int64_t quantity,
                           uint32_t kind) {
    book_symbol *symbol = &book->symbols[symbol_index];
    book_order *order = book_order_at(book, spot.order);
    if (kind != TW_EVENT_DELETE && quantity < order->quantity) {
        take_part(book, symbol, order, quantity);
        return TW_OK;
    }
    tw_status status = TW_OK;
    if (kind != TW_EVENT_DELETE && quantity > order->quantity)
        status = too_much(book, kind);
    book_ids_drop(spot);
    uint32_t level = order->level;
    uint32_t side_name = book_side_at(book, level);
    settle_level(book, symbol, side_name, level);
    bool empty = leave(book, symbol, order);
    book_order_release(book, spot.order);
    if (__builtin_expect(book_level_yield(book, book_side_of(symbol, side_name), level, empty), 0))
        return follow_up(book, symbol_index, side_name, level, status);
    return status;
}

/* The order was not found at home. */
static NOINLINE tw_status take_elsewhere(tw_book *book, tw_symbol symbol, uint64_t id,
                                         int64_t quantity, uint32_t kind) {
    book_spot spot = book_ids_seek_behind(book, symbol, id);
    if (spot.order == BOOK_NONE)
        return miss(book, symbol, id);
    if (kind == TW_EVENT_DELETE || quantity >= book_order_at(book, spot.order)->quantity)
        book_ids_unpass(book, spot);
    return take_from(book, symbol, spot, quantity, kind);
}

/* Reduces, executes or deletes (`quantity` is not read then). */
INLINE tw_status take(tw_book *book, tw_symbol symbol, uint64_t id, int64_t quantity, uint32_t kind,
                      book_look look) {
    if (quantity <= 0 && kind != TW_EVENT_DELETE)
        return book_deny(book, &book->anomalies.bad_quantity, TW_INVALID);
    book_spot spot;
    if (UNLIKELY(!book_ids_among(book, look.home, look.marked, symbol, id, &spot)))
        return take_elsewhere(book, symbol, id, quantity, kind);
    return take_from(book, symbol, spot, quantity, kind);
}

tw_status tw_book_reduce(tw_book *book, tw_symbol symbol, uint64_t id, tw_quantity quantity) {
    TW_ASSERT(book != NULL);
    return take(book, symbol, id, quantity.nano, TW_EVENT_REDUCE, book_ids_look(book, symbol, id));
}

tw_status tw_book_execute(tw_book *book, tw_symbol symbol, uint64_t id, tw_quantity quantity) {
    TW_ASSERT(book != NULL);
    return take(book, symbol, id, quantity.nano, TW_EVENT_EXECUTE, book_ids_look(book, symbol, id));
}

tw_status tw_book_delete(tw_book *book, tw_symbol symbol, uint64_t id) {
    TW_ASSERT(book != NULL);
    return take(book, symbol, id, 0, TW_EVENT_DELETE, book_ids_look(book, symbol, id));
}

/* ---- Taking off what is told -------------------------------------------------------------- */

/* Written where it is to be, see tw_book_best. */
INLINE void view(const tw_book *book, uint32_t index, int64_t price, uint32_t side,
                 tw_book_view *ret_view) {
    const book_order *order = book_order_at(book, index);
    ret_view->id = order->id;
    ret_view->tag = book->tags != NULL ? *book_tag_at(book, index) : 0;
    ret_view->price.nano = price;
    ret_view->quantity.nano = order->quantity;
    ret_view->symbol = order->symbol;
    ret_view->side = (uint8_t)side;
    ret_view->reserved[0] = ret_view->reserved[1] = ret_view->reserved[2] = 0;
}

tw_status tw_book_take(tw_book *book, tw_symbol symbol, uint64_t id, tw_quantity quantity,
                       tw_book_view *ret_before) {
    TW_ASSERT(book != NULL && ret_before != NULL);
    if (quantity.nano <= 0)
        return book_deny(book, &book->anomalies.bad_quantity, TW_INVALID);
    book_look look = book_ids_look(book, symbol, id);
    book_spot spot;
    bool is_home = book_ids_among(book, look.home, look.marked, symbol, id, &spot);
    if (UNLIKELY(!is_home)) {
        spot = book_ids_seek_behind(book, symbol, id);
        if (spot.order == BOOK_NONE)
            return miss(book, symbol, id);
    }
    const book_order *order = book_order_at(book, spot.order);
    view(book, spot.order, book_price_at(book, order->level), book_side_at(book, order->level),
         ret_before);
    int64_t there = order->quantity;
    if (UNLIKELY(!is_home) && quantity.nano >= there)
        book_ids_unpass(book, spot);
    return take_from(book, symbol, spot, quantity.nano < there ? quantity.nano : there,
                     TW_EVENT_REDUCE);
}

tw_status tw_book_execute_first(tw_book *book, tw_symbol symbol_index, tw_side side, tw_price limit,
                                tw_quantity quantity, tw_book_view *ret_before) {
    TW_ASSERT(book != NULL && symbol_index < book->config.symbol_count_max && quantity.nano > 0);
    TW_ASSERT((side == TW_SIDE_BUY || side == TW_SIDE_SELL) && ret_before != NULL);
    book_symbol *symbol = &book->symbols[symbol_index];
    const book_side *from = book_side_of(symbol, side);
    int64_t price = book_price_of_key(&symbol->tick, side, from->best_key);
    if (from->best == BOOK_NONE || book_is_better(side, limit.nano, price) ||
        symbol->way != BOOK_BY_ORDER)
        return TW_EMPTY;
    uint32_t index = book_link_of(book, from->best)->next;
    book_order *order = book_order_at(book, index);
    view(book, index, price, side, ret_before);
    if (quantity.nano < order->quantity) {
        take_part(book, symbol, order, quantity.nano);
        return TW_OK;
    }
    book_spot spot = book_ids_seek(book, symbol_index, order->id);
    book_ids_unpass(book, spot);
    return take_from(book, symbol_index, spot, order->quantity, TW_EVENT_EXECUTE);
}

/* ---- Replacing ----------------------------------------------------------------------------- */

/* Whether there is room for `order` once `old` is gone. */
static tw_status check_room_to_replace(tw_book *book, const book_order *old,
                                       const tw_book_order *order) {
    book_symbol *symbol = &book->symbols[old->symbol];
    book_seat seat = book_seat_find(book, symbol, order->side, order->price.nano);
    if (!book_seat_is_taken(seat))
        return check_level_room(book, 1, book_level_at(book, old->level)->order_count == 1);
    int64_t leaving = seat.level == old->level ? old->quantity : 0;
    return check_total(book, seat.level, order->quantity.nano - leaving);
}

/* Takes the old order out and puts the checked new one in. */
static void exchange(tw_book *book, book_spot spot, const tw_book_order *order) {
    tw_symbol symbol_index = book_order_at(book, spot.order)->symbol;
    book_symbol *symbol = &book->symbols[symbol_index];
    tw_quote before;
    tw_quote after;
    tw_book_best(book, symbol_index, &before);
    book_ids_unpass(book, spot);
    book_ids_drop(spot);
    book_change change = remove_order(book, symbol, spot.order);
    book_seat seat = book_seat_find(book, symbol, order->side, order->price.nano);
    if (book_seat_is_nowhere(seat))
        seat = book_make_seat(book, symbol_index, order->side, order->price.nano);
    change |= put_in(book, symbol_index, order, seat);
    tw_book_best(book, symbol_index, &after);
    book_settle(book, symbol, book_forgive(change, &before, &after));
}

tw_status tw_book_replace(tw_book *book, tw_symbol symbol, uint64_t id,
                          const tw_book_order *order) {
    TW_ASSERT(book != NULL && order != NULL);
    tw_status status = check_order(book, order);
    if (status != TW_OK)
        return status;
    book_spot spot = book_ids_seek(book, symbol, id);
    if (spot.order == BOOK_NONE)
        return miss(book, symbol, id);
    const book_order *old = book_order_at(book, spot.order);
    tw_book_order entering = *order;
    if (entering.side == TW_SIDE_NONE)
        entering.side = (uint8_t)book_side_at(book, old->level);
    status = book_check_side(book, entering.side);
    if (status != TW_OK)
        return status;
    if (order->id != id && book_ids_seek(book, symbol, order->id).order != BOOK_NONE)
        return book_deny(book, &book->anomalies.duplicate_id, TW_EXISTS);
    status = check_room_to_replace(book, old, &entering);
    if (status == TW_OK)
        exchange(book, spot, &entering);
    return status;
}

/* No more than before at the same price: the order keeps its place. */
static void shrink(tw_book *book, book_order *order, int64_t quantity) {
    book_symbol *symbol = &book->symbols[order->symbol];
    if (quantity < order->quantity)
        take_part(book, symbol, order, order->quantity - quantity);
    else
        book->change = 0;
}

tw_status tw_book_modify(tw_book *book, tw_symbol symbol, uint64_t id, tw_price price,
                         tw_quantity quantity) {
    TW_ASSERT(book != NULL);
    tw_status status = book_check_price(book, price);
    if (status == TW_OK)
        status = book_check_quantity(book, quantity);
    if (status != TW_OK)
        return status;
    book_spot spot = book_ids_seek(book, symbol, id);
    if (spot.order == BOOK_NONE)
        return miss(book, symbol, id);
    book_order *order = book_order_at(book, spot.order);
    if (book_price_at(book, order->level) == price.nano && quantity.nano <= order->quantity) {
        shrink(book, order, quantity.nano);
        return TW_OK;
    }
    const tw_book_order entering = {.id = id,
                                    .tag = book->tags != NULL ? *book_tag_at(book, spot.order) : 0,
                                    .price = price,
                                    .quantity = quantity,
                                    .side = (uint8_t)book_side_at(book, order->level)};
    status = check_room_to_replace(book, order, &entering);
    if (status == TW_OK)
        exchange(book, spot, &entering);
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

/* The events of a block by what they touch. Apart, so that no branch depends on the kind. */
typedef struct fetch_lists {
    uint32_t add_count;
    uint32_t rest_count;
    uint8_t adds[BLOCK]; /* events */
    uint8_t rest[BLOCK];
    uint32_t levels[BLOCK]; /* of the adds */
    uint32_t orders[BLOCK]; /* of the rest */
    uint64_t hashes[BLOCK]; /* of the events */
} fetch_lists;

INLINE void fetch_homes(const tw_book *book, const tw_order_event *events, uint32_t count,
                        fetch_lists *lists) {
    uint32_t add_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        const tw_order_event *event = &events[i];
        lists->hashes[i] = book_id_hash(book, event->symbol, event->id);
        __builtin_prefetch(book_ids_home(book, lists->hashes[i]), 1);
        lists->adds[add_count] = (uint8_t)i;
        lists->rest[i - add_count] = (uint8_t)i;
        add_count +=
            (event->kind == TW_EVENT_ADD) & (event->symbol < book->config.symbol_count_max);
    }
    lists->add_count = add_count;
    lists->rest_count = count - add_count;
}

/* Where a new order would stand, if its page is near. */
INLINE void fetch_levels(const tw_book *book, const tw_order_event *events, fetch_lists *lists) {
    for (uint32_t i = 0; i < lists->add_count; i++) {
        const tw_order_event *event = &events[lists->adds[i]];
        const book_symbol *symbol = &book->symbols[event->symbol];
        size_t side = event->side == TW_SIDE_SELL;
        int64_t key = 0;
        (void)book_key_of(symbol, TW_SIDE_BUY + (uint32_t)side, event->price.nano, &key);
        uint32_t page = symbol->near[side][(uint64_t)(key >> 6) % BOOK_NEAR_COUNT];
        lists->levels[i] = page << 6 | (uint32_t)(key & 63);
        __builtin_prefetch(&book->slots[lists->levels[i]], 1);
    }
}

/* The first order of the same mark, which is mostly it. */
INLINE void fetch_orders(const tw_book *book, fetch_lists *lists) {
    for (uint32_t i = 0; i < lists->rest_count; i++) {
        book_look look = book_ids_look_for(book, lists->hashes[lists->rest[i]]);
        uint32_t place = (uint32_t)__builtin_ctz(look.marked | 1U << (BOOK_BUCKET_SIZE - 1));
        lists->orders[i] = look.home->orders[place];
        __builtin_prefetch(&book->slots[lists->orders[i]], 1);
    }
}

INLINE void fetch_beside(const tw_book *book, const fetch_lists *lists) {
    for (uint32_t i = 0; i < lists->add_count; i++)
        __builtin_prefetch(&book->slots[book_link_of(book, lists->levels[i])->previous], 1);
    for (uint32_t i = 0; i < lists->rest_count; i++) {
        const book_order *order = book_order_at(book, lists->orders[i]);
        __builtin_prefetch(&book->slots[order->level], 1);
        __builtin_prefetch(&book->slots[order->link.previous], 1);
        __builtin_prefetch(&book->slots[order->link.next], 1);
    }
}

/* Compiled in place, or gcc takes a function that does nothing but fetch for one that does nothing,
 * and drops the call. */
INLINE void fetch_block(const tw_book *book, const tw_order_event *events, uint32_t count) {
    fetch_lists lists;
    fetch_homes(book, events, count, &lists);
    fetch_levels(book, events, &lists);
    fetch_orders(book, &lists);
    fetch_beside(book, &lists);
}

/* What is not an everyday event. */
static NOINLINE tw_status apply_rare(tw_book *book, const tw_order_event *event) {
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
        book->change = 0;
        return TW_OK;
    default:
        return book_deny(book, &book->anomalies.bad_kind, TW_INVALID);
    }
}

INLINE tw_status apply(tw_book *book, const tw_order_event *event) {
    book_look look = book_ids_look(book, event->symbol, event->id);
    if (event->time_ns != 0 && event->symbol < book->config.symbol_count_max)
        book->symbols[event->symbol].time_ns = event->time_ns;
    if (event->kind == TW_EVENT_ADD) {
        const tw_book_order order = {.id = event->id,
                                     .price = event->price,
                                     .quantity = event->quantity,
                                     .side = event->side};
        return add(book, event->symbol, &order, look);
    }
    if (event->kind >= TW_EVENT_REDUCE && event->kind <= TW_EVENT_EXECUTE)
        return take(book, event->symbol, event->id, event->quantity.nano, event->kind, look);
    return apply_rare(book, event);
}

tw_status tw_book_apply_event(tw_book *book, const tw_order_event *event) {
    TW_ASSERT(book != NULL && event != NULL);
    return apply(book, event);
}

size_t tw_book_apply(tw_book *book, const tw_order_event *events, size_t count,
                     tw_book_result *ret_results) {
    TW_ASSERT(book != NULL && (events != NULL || count == 0));
    size_t done = 0;
    for (size_t i = 0; i < count; i++) {
        if (i % BLOCK == 0 && book->order_count >= FETCH_FROM)
            fetch_block(book, events + i, (uint32_t)(count - i < BLOCK ? count - i : BLOCK));
        tw_status status = apply(book, &events[i]);
        done += status == TW_OK;
        if (ret_results != NULL)
            ret_results[i] =
                (tw_book_result){.status = status, .best_changed = (uint8_t)book->change};
    }
    return done;
}
