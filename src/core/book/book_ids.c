/*
 * book_ids.c - from an order's id to its place.
 *
 * Idea: open addressing with linear steps over slots of (hash, order). Keeping the hash in the
 * slot means that a step over a stranger touches no order, and that closing a gap needs no ids.
 * The table is reserved for the configured maximum but only a power-of-two prefix of it is in
 * use, twice the orders alive: a small prefix stays in the cache, which was measured to matter
 * more than anything else (an oversized table made real streams three times slower).
 *
 * Growing fills the doubled prefix anew from the pool of orders. That is as cheap as moving the
 * slots: it happens when more orders are alive than ever before, so the pool has no holes then.
 */
#include "book_priv.h"

#include <string.h>

static void put(tw_book *book, uint32_t order) {
    uint32_t hash = book_id_hash(book->orders[order].symbol, book->orders[order].id);
    uint32_t at = hash & book->slot_mask;
    while (book->slots[at].order != BOOK_NONE)
        at = (at + 1) & book->slot_mask;
    book->slots[at] = (book_id_slot){hash, order};
}

void book_ids_grow(tw_book *book) {
    uint32_t slot_count = book->slot_mask + 1;
    TW_ASSERT(slot_count < book->slot_count_max);
    memset(book->slots, 0, slot_count * sizeof *book->slots);
    book->slot_mask = slot_count * 2 - 1;
    for (uint32_t order = 1; order <= book->order_high; order++) {
        if (book->orders[order].level != BOOK_NONE)
            put(book, order);
    }
}

void book_ids_erase(tw_book *book, uint32_t at) {
    book_id_slot *slots = book->slots;
    uint32_t mask = book->slot_mask;
    TW_ASSERT(slots[at].order != BOOK_NONE);
    for (uint32_t from = (at + 1) & mask; slots[from].order != BOOK_NONE;
         from = (from + 1) & mask) {
        /* A later slot may fill the gap unless its home lies behind the gap. */
        if (((from - slots[from].hash) & mask) >= ((from - at) & mask)) {
            slots[at] = slots[from];
            at = from;
        }
    }
    slots[at] = (book_id_slot){0, BOOK_NONE};
}
