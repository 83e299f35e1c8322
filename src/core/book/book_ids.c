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
    uint32_t empty = 0;
    do {
        book->buckets[at].passed_count++;
        at = (at + 1) & book->bucket_mask;
        empty = book_ids_marked(&book->buckets[at], 0);
    } while (empty == 0);
    uint32_t place = (uint32_t)__builtin_ctz(empty);
    book->buckets[at].orders[place] = order;
    book->buckets[at].marks[place] = book_ids_mark(hash);
}

uint32_t book_ids_limit(const tw_book *book) {
    if (book->bucket_mask + 1 == book->bucket_count_max)
        return book->config.order_count_max;
    return (book->bucket_mask + 1) * (BOOK_BUCKET_SIZE * 2 / 3);
}

/* It happens when more orders are alive than ever before, so the pool has no holes then, and
 * filling the table anew from it is as cheap as moving the slots. */
void book_ids_grow(tw_book *book) {
    uint32_t bucket_count = book->bucket_mask + 1;
    TW_ASSERT(bucket_count < book->bucket_count_max);
    memset(book->buckets, 0, bucket_count * sizeof *book->buckets);
    book->bucket_mask = bucket_count * 2 - 1;
    book->order_count_limit = book_ids_limit(book);
    for (uint32_t order = 1; order <= book->order_high; order++) {
        const book_order *one = &book->orders[order];
        if (one->level != BOOK_NONE)
            book_ids_put(book, order, book_ids_look(book, one->symbol, one->id));
    }
}
