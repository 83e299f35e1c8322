/*
 * match_records.c - the orders that are special: where each is, and its figures.
 *
 * Idea: a record is a slot of a pool, found by a map. Symbols may use the same ids, and thousands
 * of them do when agents come for an auction, so its keys are made of id and symbol; of records
 * with the same key it knows the newest, and that the one before. Numbered invariants are those of
 * match_priv.h.
 */
#include "match_priv.h"

tw_status match_records_init(tw_match *match) {
    uint32_t count = match->config.special_count_max;
    if (count == 0)
        return TW_OK;
    const tw_map_config ids = {.entry_initial = count, .entry_max = count};
    match->records = TW_NEW(&match->allocator, count + 1, match_record);
    match->marks = TW_NEW(&match->allocator, count + 1, match_mark);
    match->record_high = 1;
    match->mark_high = 1;
    if (match->records == NULL || match->marks == NULL)
        return TW_NO_MEMORY;
    return tw_map_new(&match->allocator, &ids, &match->ids);
}

void match_records_done(tw_match *match) {
    uint32_t count = match->config.special_count_max;
    tw_map_free(match->ids);
    TW_DELETE(&match->allocator, match->marks, count + 1, match_mark);
    TW_DELETE(&match->allocator, match->records, count + 1, match_record);
}

/* ---- By id ------------------------------------------------------------------------------------
 */

/* Of one symbol each id has a key of its own; the ids of different symbols, which mostly begin at
 * one, do not meet but by chance. */
static uint64_t key_of(tw_symbol symbol, uint64_t id) {
    return id + symbol * UINT64_C(0x9e3779b97f4a7c15);
}

uint32_t match_record_find(const tw_match *match, tw_symbol symbol, uint64_t id) {
    uint64_t index = MATCH_NONE;
    if (match->record_count == 0 || !tw_map_get(match->ids, key_of(symbol, id), &index))
        return MATCH_NONE;
    while (index != MATCH_NONE && match->records[index].symbol != symbol)
        index = match->records[index].same_key;
    return (uint32_t)index;
}

/* M6: puts a record into the map under its key. */
static void put_key(tw_match *match, uint32_t index) {
    match_record *record = &match->records[index];
    uint64_t *first = NULL;
    tw_status status = tw_map_ensure(match->ids, key_of(record->symbol, record->id), &first, NULL);
    TW_ASSERT(status == TW_OK); /* it holds as many as there are records */
    record->same_key = (uint32_t)*first;
    *first = index;
}

static void drop_key(tw_match *match, uint32_t index) {
    const match_record *record = &match->records[index];
    uint64_t key = key_of(record->symbol, record->id);
    uint64_t *first = tw_map_find(match->ids, key);
    TW_ASSERT(first != NULL);
    if (*first != index) {
        uint32_t before = (uint32_t)*first;
        while (match->records[before].same_key != index)
            before = match->records[before].same_key;
        match->records[before].same_key = record->same_key;
    } else if (record->same_key != MATCH_NONE) {
        *first = record->same_key;
    } else {
        tw_map_drop(match->ids, key, NULL);
    }
}

void match_record_rename(tw_match *match, uint32_t index, uint64_t id) {
    if (match->records[index].id == id)
        return;
    drop_key(match, index);
    match->records[index].id = id;
    put_key(match, index);
}

/* ---- Life -------------------------------------------------------------------------------------
 */

uint32_t match_record_make(match_request *request, const tw_match_order *order) {
    tw_match *match = request->match;
    TW_ASSERT(match->record_count < match->config.special_count_max);
    uint32_t index = match->record_free;
    if (index == MATCH_NONE)
        index = match->record_high++;
    else
        match->record_free = match->records[index].next;
    bool by_percent = order->trail_percent_nano != 0;
    match->records[index] =
        (match_record){.id = order->id,
                       .owner = order->owner,
                       .age = ++match->age,
                       .price = order->price.nano,
                       .stop = order->stop_price.nano,
                       .trail = by_percent ? order->trail_percent_nano : order->trail_price.nano,
                       .start = order->mark.nano,
                       .remaining = order->quantity.nano,
                       .symbol = request->symbol,
                       .side = order->side,
                       .type = order->type,
                       .time_in_force = order->time_in_force,
                       .post_only = order->post_only != 0,
                       .by_percent = by_percent};
    match->record_count++;
    request->state->record_count++;
    request->state->tied_count += match_is_for_auction(order->time_in_force);
    put_key(match, index);
    return index;
}

void match_record_release(match_request *request, uint32_t index) {
    tw_match *match = request->match;
    match_record *record = &match->records[index];
    TW_ASSERT(record->role == ROLE_ALONE);
    drop_key(match, index);
    if (match_is_for_auction(record->time_in_force) || record->place == TW_MATCH_AT_AUCTION)
        match_list_leave(match, &request->state->auctions, index);
    request->state->tied_count -= match_is_for_auction(record->time_in_force);
    *record = (match_record){.next = match->record_free};
    match->record_free = index;
    match->record_count--;
    request->state->record_count--;
}

tw_match_event match_about_record(const match_record *record, tw_match_event_kind kind) {
    bool limited = match_is_limited(record->type);
    return (tw_match_event){.id = record->id,
                            .owner = record->owner,
                            .price.nano = limited ? record->price : 0,
                            .quantity.nano = record->remaining,
                            .remaining.nano = record->remaining,
                            .kind = (uint8_t)kind,
                            .side = record->side,
                            .flags = record->place == TW_MATCH_IN_BOOK ? TW_MATCH_AT_LEVEL : 0};
}

void match_tell_record(match_request *request, uint32_t index, tw_match_event_kind kind) {
    tw_match_event event = match_about_record(match_record_at(request->match, index), kind);
    match_tell(request, &event);
}

/* Takes an order from where it is, when nothing is left of it. */
static void leave(match_request *request, uint32_t index) {
    switch ((tw_match_place)request->match->records[index].place) {
    case TW_MATCH_WAITING:
        match_stop_lift(request->match, index);
        break;
    case TW_MATCH_LINED_UP:
        match_line_leave(request->match, index);
        break;
    case TW_MATCH_IN_BOOK:    /* it left with its last share */
    case TW_MATCH_AT_AUCTION: /* it leaves with its record */
    case TW_MATCH_HELD_BACK:
        break;
    }
}

void match_record_withdraw(match_request *request, uint32_t index, int64_t quantity,
                           tw_match_reason reason) {
    tw_match *match = request->match;
    match_record *record = &match->records[index];
    TW_ASSERT(quantity > 0 && quantity <= record->remaining);
    if (record->place == TW_MATCH_IN_BOOK) {
        tw_status status =
            tw_book_reduce(match->book, record->symbol, record->id, (tw_quantity){quantity});
        TW_ASSERT(status == TW_OK);
        request->disturbed = true;
    }
    record->remaining -= quantity;
    bool gone = record->remaining == 0;
    tw_match_event event = match_about_record(record, gone ? TW_MATCH_CANCELLED : TW_MATCH_REDUCED);
    event.reason = (uint8_t)reason;
    event.quantity.nano = quantity;
    match->counters.cancelled += gone;
    match->counters.quantity_withdrawn += (uint64_t)quantity;
    if (gone) {
        leave(request, index);
        match_record_release(request, index);
    }
    match_tell(request, &event);
}

void match_record_take_off(match_request *request, uint32_t index, int64_t quantity,
                           tw_match_reason reason) {
    if (quantity < request->match->records[index].remaining) {
        match_record_withdraw(request, index, quantity, reason);
        match_group_reduced(request, index, quantity);
        return;
    }
    uint32_t kin[2];
    size_t count = match_group_dissolve(request, index, kin);
    match_record_withdraw(request, index, quantity, reason);
    match_group_cancel(request, kin, count);
}

/* ---- Reading ----------------------------------------------------------------------------------
 */

void match_record_view(const tw_match *match, uint32_t index, tw_book_view *ret_view) {
    const match_record *record = &match->records[index];
    *ret_view = (tw_book_view){.id = record->id,
                               .tag = record->owner,
                               .price.nano = record->price,
                               .quantity.nano = record->remaining,
                               .symbol = record->symbol,
                               .side = record->side};
}

static void view_record(const tw_match *match, uint32_t index, tw_match_view *ret_view) {
    const match_record *record = &match->records[index];
    *ret_view = (tw_match_view){.id = record->id,
                                .owner = record->owner,
                                .price = match_about_record(record, TW_MATCH_RESTED).price,
                                .quantity.nano = record->remaining,
                                .symbol = record->symbol,
                                .side = record->side,
                                .type = record->type,
                                .place = record->place};
    if (record->type == TW_ORDER_STOP || record->type == TW_ORDER_STOP_LIMIT ||
        (record->type == TW_ORDER_TRAILING_STOP && record->triggered))
        ret_view->stop_price.nano = record->stop;
    else if (record->place == TW_MATCH_WAITING)
        (void)match_stop_read(match, index, &ret_view->stop_price.nano, &ret_view->mark.nano);
}

tw_status tw_match_find(const tw_match *match, tw_symbol symbol, uint64_t id,
                        tw_match_view *ret_view) {
    TW_ASSERT(match != NULL && ret_view != NULL);
    uint32_t index = match_record_find(match, symbol, id);
    if (index != MATCH_NONE) {
        view_record(match, index, ret_view);
        return TW_OK;
    }
    tw_book_view order;
    tw_status status = tw_book_find(match->book, symbol, id, &order);
    if (status == TW_OK)
        *ret_view = (tw_match_view){.id = order.id,
                                    .owner = order.tag,
                                    .price = order.price,
                                    .quantity = order.quantity,
                                    .symbol = symbol,
                                    .side = order.side,
                                    .type = TW_ORDER_LIMIT,
                                    .place = TW_MATCH_IN_BOOK};
    return status;
}

/* ---- Replacing --------------------------------------------------------------------------------
 */

/* What a replacement asks for, in the words of a record. */
static match_record replaced(const match_record *record, const tw_match_replacement *replacement) {
    match_record out = *record;
    bool by_percent = replacement->trail_percent_nano != 0;
    int64_t trail = by_percent ? replacement->trail_percent_nano : replacement->trail_price.nano;
    out.price = replacement->price.nano;
    out.remaining = replacement->quantity.nano;
    if (replacement->stop_price.nano != 0)
        out.stop = replacement->stop_price.nano;
    if (trail != 0) {
        out.trail = trail;
        out.by_percent = by_percent;
    }
    return out;
}

/* Whether nothing is asked for but to trade less. */
static bool only_shrinks(const match_record *from, const match_record *into) {
    if (into->remaining > from->remaining)
        return false;
    if (from->type == TW_ORDER_TRAILING_STOP)
        return into->trail == from->trail && into->by_percent == from->by_percent;
    return into->stop == from->stop && (from->type == TW_ORDER_STOP || into->price == from->price);
}

/* A stop that waits comes again, with a new age. */
static void park_again(tw_match *match, uint32_t index, const match_record *into) {
    match_record *record = &match->records[index];
    record->age = ++match->age;
    if (record->type == TW_ORDER_TRAILING_STOP) {
        match_stop_set_trail(match, index, into->trail, into->by_percent);
        return;
    }
    match_stop_lift(match, index);
    record->stop = into->stop;
    match_stop_park(match, index);
}

void match_record_replace(match_request *request, uint32_t index,
                          const tw_match_replacement *replacement) {
    tw_match *match = request->match;
    match_record *record = &match->records[index];
    match_record old = *record;
    match_record into = replaced(record, replacement);
    bool comes_again = record->place == TW_MATCH_WAITING && !only_shrinks(&old, &into);
    record->price = into.price;
    record->remaining = into.remaining;
    if (comes_again) {
        park_again(match, index, &into);
    } else if (record->place != TW_MATCH_WAITING) {
        record->stop = into.stop;
        record->trail = into.trail;
        record->by_percent = into.by_percent;
    }
    if (replacement->id != 0)
        match_record_rename(match, index, replacement->id);
    match->counters.quantity_withdrawn += (uint64_t)old.remaining;
    match->counters.quantity_entered += (uint64_t)into.remaining;
    tw_match_event event = match_about_record(record, TW_MATCH_REPLACED);
    event.previous_id = old.id;
    event.previous_price = match_about_record(&old, TW_MATCH_REPLACED).price;
    match_tell(request, &event);
    if (!comes_again)
        return;
    match_tell_stop(request, index, TW_MATCH_PARKED);
    if (request->state->has_traded)
        match_stops_see(request, request->state->last_price);
}
