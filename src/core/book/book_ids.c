/*
 * book_ids.c - from an order's id to its place.
 *
 * Idea: buckets of one cache line, each with room for twelve orders and eight bits of hash (a mark)
 * beside each. A look compares twelve marks at once, as bytes of two words, and so meets the order
 * it seeks without a branch that depends on where it stands. An order whose home bucket is full
 * goes on to the next with room, and every bucket that it passed counts it; a bucket that nobody
 * passed ends the search. Taking an order out leaves nothing behind, so nothing is ever cleaned up.
 *
 * The table is reserved for the configured maximum but only a power-of-two prefix of it is in use,
 * at most two thirds full: a small prefix stays in the cache, which was measured to matter more
 * than anything else (an oversized table made real streams three times slower).
 *
 * Growing fills the doubled prefix anew from the pool of orders. That is as cheap as moving the
 * slots: it happens when more orders are alive than ever before, so the pool has no holes then.
 */
#include "book_priv.h"

#include <string.h>

#define EACH_BYTE UINT64_C(0x0101010101010101)

static uint32_t home_of(const tw_book *book, uint64_t hash) {
    return (uint32_t)hash & book->bucket_mask;
}

static uint8_t mark_of(uint64_t hash) {
    uint8_t mark = (uint8_t)(hash >> 56);
    return mark != 0 ? mark : 1;
}

/* The high bit of each byte that is zero, and perhaps of bytes above the lowest such one. */
static uint64_t zero_bytes(uint64_t word) {
    return (word - EACH_BYTE) & ~word & EACH_BYTE << 7;
}

/* The slots whose mark is `mark`: the first eight as high bits of the bytes, the last four as the
 * bits below those. The lowest bit is always true; higher ones may be none. */
static inline uint64_t slots_marked(const book_bucket *bucket, uint8_t mark) {
    uint64_t first;
    uint32_t last;
    memcpy(&first, bucket->marks, sizeof first);
    memcpy(&last, bucket->marks + 8, sizeof last);
    uint64_t pattern = EACH_BYTE * mark;
    uint64_t padded = (last ^ (uint32_t)pattern) | UINT64_C(0xffffffff00000000);
    return zero_bytes(first ^ pattern) | zero_bytes(padded) >> 1;
}

static inline uint32_t lowest_slot(uint64_t slots) {
    uint32_t bit = (uint32_t)__builtin_ctzll(slots);
    return bit / 8 + (~bit & 1) * 8;
}

book_spot book_ids_seek(const tw_book *book, tw_symbol symbol, uint64_t id, uint64_t hash) {
    uint32_t at = home_of(book, hash);
    uint8_t mark = mark_of(hash);
    for (;; at = (at + 1) & book->bucket_mask) {
        const book_bucket *bucket = &book->buckets[at];
        for (uint64_t slots = slots_marked(bucket, mark); slots != 0; slots &= slots - 1) {
            uint32_t slot = lowest_slot(slots);
            uint32_t order = bucket->orders[slot];
            const book_order *found = &book->orders[order];
            if (found->id == id && found->symbol == symbol && order != BOOK_NONE)
                return (book_spot){at, slot, order};
        }
        if (bucket->passed_count == 0)
            return (book_spot){at, 0, BOOK_NONE};
    }
}

uint32_t book_ids_guess(const tw_book *book, uint64_t hash) {
    const book_bucket *bucket = &book->buckets[home_of(book, hash)];
    uint64_t slots = slots_marked(bucket, mark_of(hash));
    return slots != 0 ? bucket->orders[lowest_slot(slots)] : BOOK_NONE;
}

void book_ids_put(tw_book *book, uint32_t order, uint64_t hash) {
    uint32_t at = home_of(book, hash);
    uint64_t empty = slots_marked(&book->buckets[at], 0);
    while (empty == 0) {
        book->buckets[at].passed_count++;
        at = (at + 1) & book->bucket_mask;
        empty = slots_marked(&book->buckets[at], 0);
    }
    uint32_t slot = lowest_slot(empty);
    book->buckets[at].marks[slot] = mark_of(hash);
    book->buckets[at].orders[slot] = order;
}

void book_ids_drop(tw_book *book, book_spot spot, uint64_t hash) {
    TW_ASSERT(spot.order != BOOK_NONE);
    for (uint32_t at = home_of(book, hash); at != spot.bucket; at = (at + 1) & book->bucket_mask)
        book->buckets[at].passed_count--;
    book->buckets[spot.bucket].marks[spot.slot] = 0;
    book->buckets[spot.bucket].orders[spot.slot] = BOOK_NONE;
}

void book_ids_grow(tw_book *book) {
    uint32_t bucket_count = book->bucket_mask + 1;
    TW_ASSERT(bucket_count < book->bucket_count_max);
    memset(book->buckets, 0, bucket_count * sizeof *book->buckets);
    book->bucket_mask = bucket_count * 2 - 1;
    for (uint32_t order = 1; order <= book->order_high; order++) {
        const book_order *one = &book->orders[order];
        if (one->level != BOOK_NONE)
            book_ids_put(book, order, book_id_hash(one->symbol, one->id));
    }
}
