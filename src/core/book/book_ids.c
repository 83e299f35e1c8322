/* book_ids.c - the rare ways of the id table: orders away from home, and growing. */
#include "book_ids.h"

#include <string.h>

book_spot book_ids_seek_behind(const tw_book *book, tw_symbol symbol, uint64_t id, uint64_t hash) {
    uint8_t mark = book_ids_mark(hash);
    for (uint32_t at = (book_ids_home(book, hash) + 1) & book->bucket_mask;;
         at = (at + 1) & book->bucket_mask) {
        const book_bucket *bucket = &book->buckets[at];
        book_spot spot = book_ids_among(book, at, book_ids_marked(bucket, mark), symbol, id);
        if (spot.order != BOOK_NONE || bucket->passed_count == 0)
            return spot;
    }
}

void book_ids_put_behind(tw_book *book, uint32_t order, uint64_t hash) {
    uint32_t at = book_ids_home(book, hash);
    uint32_t empty = book_ids_marked(&book->buckets[at], 0);
    while (empty == 0) {
        book->buckets[at].passed_count++;
        at = (at + 1) & book->bucket_mask;
        empty = book_ids_marked(&book->buckets[at], 0);
    }
    book_ids_put(book, at << 4 | (uint32_t)__builtin_ctz(empty), order, hash);
}

uint32_t book_ids_tight_at(const tw_book *book) {
    if (book->bucket_mask + 1 == book->bucket_count_max)
        return UINT32_MAX; /* made for all that can be */
    return (book->bucket_mask + 1) * (BOOK_BUCKET_SIZE * 2 / 3);
}

/* It happens when more orders are alive than ever before, so the pool has no holes then, and
 * filling the table anew from it is as cheap as moving the slots. */
void book_ids_grow(tw_book *book) {
    uint32_t bucket_count = book->bucket_mask + 1;
    TW_ASSERT(bucket_count < book->bucket_count_max);
    memset(book->buckets, 0, bucket_count * sizeof *book->buckets);
    book->bucket_mask = bucket_count * 2 - 1;
    book->order_count_tight = book_ids_tight_at(book);
    for (uint32_t order = 1; order <= book->order_high; order++) {
        const book_order *one = &book->orders[order];
        if (one->level != BOOK_NONE)
            book_ids_put_behind(book, order, book_id_hash(one->symbol, one->id));
    }
}
