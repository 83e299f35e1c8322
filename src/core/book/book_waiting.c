/*
 * book_waiting.c - the updates that wait for a snapshot. The idea is told in book_waiting.h.
 *
 * Invariants:
 *   W1. Slots 1 to high_update are each in exactly one symbol's queue or in the free list; the same
 *       holds of levels, which are in the list of one waiting update or free.
 *   W2. Following `newer` from `oldest` meets every waiting update, in the order of arrival, and
 *       those of a symbol in the order of its queue. So the oldest of all is the first of its
 *       queue.
 */
#include "book_waiting.h"

tw_status waiting_init(waiting_room *room, const tw_allocator *allocator, uint32_t update_count_max,
                       uint32_t level_count_max) {
    *room = (waiting_room){.allocator = allocator,
                           .update_count_max = update_count_max,
                           .level_count_max = level_count_max};
    room->updates = TW_NEW(allocator, (size_t)update_count_max + 1, waiting_update);
    room->levels = TW_NEW(allocator, (size_t)level_count_max + 1, waiting_level);
    return room->updates == NULL || room->levels == NULL ? TW_NO_MEMORY : TW_OK;
}

void waiting_done(waiting_room *room) {
    TW_DELETE(room->allocator, room->updates, (size_t)room->update_count_max + 1, waiting_update);
    TW_DELETE(room->allocator, room->levels, (size_t)room->level_count_max + 1, waiting_level);
    *room = (waiting_room){0};
}

bool waiting_has_room(const waiting_room *room, size_t level_count) {
    return room->update_count < room->update_count_max &&
           level_count <= room->level_count_max - room->level_count;
}

bool waiting_could_hold(const waiting_room *room, size_t level_count) {
    return room->update_count_max > 0 && level_count <= room->level_count_max;
}

static uint32_t take_level(waiting_room *room) {
    uint32_t slot = room->free_level;
    if (slot != WAITING_NONE)
        room->free_level = room->levels[slot].next;
    else
        slot = ++room->high_level;
    room->level_count++;
    return slot;
}

static uint32_t take_update(waiting_room *room) {
    uint32_t slot = room->free_update;
    if (slot != WAITING_NONE)
        room->free_update = room->updates[slot].next;
    else
        slot = ++room->high_update;
    room->update_count++;
    return slot;
}

static uint32_t copy_levels(waiting_room *room, const tw_depth_update *update) {
    uint32_t first = WAITING_NONE;
    uint32_t last = WAITING_NONE;
    for (size_t i = 0; i < update->level_count; i++) {
        const tw_level *level = &update->levels[i];
        uint32_t slot = take_level(room);
        room->levels[slot] = (waiting_level){.time_ns = level->time_ns,
                                             .price = level->price.nano,
                                             .quantity = level->quantity.nano,
                                             .side = level->side};
        if (last == WAITING_NONE)
            first = slot;
        else
            room->levels[last].next = slot;
        last = slot;
    }
    return first;
}

void waiting_push(waiting_room *room, waiting_queue *queue, const tw_depth_update *update) {
    TW_ASSERT(waiting_has_room(room, update->level_count));
    uint32_t slot = take_update(room);
    waiting_update *waiting = &room->updates[slot];
    *waiting = (waiting_update){
        .update = *update, .first_level = copy_levels(room, update), .older = room->newest};
    waiting->update.levels = NULL;
    if (room->newest == WAITING_NONE)
        room->oldest = slot;
    else
        room->updates[room->newest].newer = slot;
    room->newest = slot;
    if (queue->last == WAITING_NONE)
        queue->first = slot;
    else
        room->updates[queue->last].next = slot;
    queue->last = slot;
    queue->count++;
}

static void free_levels(waiting_room *room, uint32_t first) {
    for (uint32_t slot = first; slot != WAITING_NONE;) {
        uint32_t next = room->levels[slot].next;
        room->levels[slot].next = room->free_level;
        room->free_level = slot;
        room->level_count--;
        slot = next;
    }
}

void waiting_drop(waiting_room *room, waiting_queue *queue) {
    uint32_t slot = queue->first;
    TW_ASSERT(slot != WAITING_NONE);
    waiting_update *waiting = &room->updates[slot];
    if (waiting->older == WAITING_NONE)
        room->oldest = waiting->newer;
    else
        room->updates[waiting->older].newer = waiting->newer;
    if (waiting->newer == WAITING_NONE)
        room->newest = waiting->older;
    else
        room->updates[waiting->newer].older = waiting->older;
    queue->first = waiting->next;
    if (queue->first == WAITING_NONE)
        queue->last = WAITING_NONE;
    queue->count--;
    free_levels(room, waiting->first_level);
    waiting->next = room->free_update;
    room->free_update = slot;
    room->update_count--;
}

tw_symbol waiting_oldest_symbol(const waiting_room *room) {
    TW_ASSERT(room->oldest != WAITING_NONE);
    return room->updates[room->oldest].update.symbol;
}

/* ---- checking -------------------------------------------------------------------------------- */

size_t waiting_check_queue(const waiting_room *room, const waiting_queue *queue, tw_symbol symbol) {
    size_t count = 0;
    uint32_t last = WAITING_NONE;
    for (uint32_t slot = queue->first; slot != WAITING_NONE; slot = room->updates[slot].next) {
        TW_ASSERT(room->updates[slot].update.symbol == symbol);
        TW_ASSERT(++count <= room->update_count);
        last = slot;
    }
    TW_ASSERT(last == queue->last && count == queue->count);
    return count;
}

static size_t count_levels(const waiting_room *room, const waiting_update *waiting) {
    size_t count = 0;
    for (uint32_t slot = waiting->first_level; slot != WAITING_NONE; slot = room->levels[slot].next)
        TW_ASSERT(++count <= waiting->update.level_count);
    TW_ASSERT(count == waiting->update.level_count);
    return count;
}

void waiting_check(const waiting_room *room) {
    size_t updates = 0;
    size_t levels = 0;
    uint32_t older = WAITING_NONE;
    for (uint32_t slot = room->oldest; slot != WAITING_NONE; slot = room->updates[slot].newer) {
        TW_ASSERT(room->updates[slot].older == older); /* W2 */
        TW_ASSERT(++updates <= room->update_count);
        levels += count_levels(room, &room->updates[slot]);
        older = slot;
    }
    TW_ASSERT(older == room->newest);
    TW_ASSERT(updates == room->update_count && levels == room->level_count);
    for (uint32_t slot = room->free_update; slot != WAITING_NONE; slot = room->updates[slot].next)
        TW_ASSERT(++updates <= room->high_update);
    for (uint32_t slot = room->free_level; slot != WAITING_NONE; slot = room->levels[slot].next)
        TW_ASSERT(++levels <= room->high_level);
    TW_ASSERT(updates == room->high_update && levels == room->high_level); /* W1 */
    TW_ASSERT(room->high_update <= room->update_count_max);
    TW_ASSERT(room->high_level <= room->level_count_max);
}
