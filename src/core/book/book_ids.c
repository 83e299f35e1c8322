/* book_ids.c - the rare ways of the id table: orders away from home, and growing. */
#include "book_ids.h"

#include <string.h>

static book_bucket *next_of(const tw_book *book, const book_bucket *bucket) {
    return &book->buckets[(size_t)(bucket - book->buckets + 1) & book->bucket_mask];
}

book_spot book_ids_seek_behind(const tw_book *book, tw_symbol symbol, uint64_t id) {
    uint64_t hash = book_id_hash(symbol, id);
    uint32_t mark = book_ids_mark(hash);
    book_bucket *at = book_ids_home(book, hash);
    book_spot spot;
    while (at->passed_count != 0) {
        at = next_of(book, at);
        if (book_ids_among(book, at, book_ids_marked(at, mark), symbol, id, &spot))
            return spot;
    }
    return (book_spot){BOOK_NONE, 0, at};
}

book_spot book_ids_seek(const tw_book *book, tw_symbol symbol, uint64_t id) {
    book_look look = book_ids_look(book, symbol, id);
    book_spot spot;
    if (book_ids_among(book, look.home, look.marked, symbol, id, &spot))
        return spot;
    return book_ids_seek_behind(book, symbol, id);
}

void book_ids_put(tw_book *book, uint32_t order) {
    const book_order *one = book_order_at(book, order);
    book_look look = book_ids_look(book, one->symbol, one->id);
    uint32_t empty = book_ids_empty(look.home);
    while (empty == 0) {
        look.home->passed_count++;
        look.home = next_of(book, look.home);
        empty = book_ids_empty(look.home);
    }
    book_ids_put_home(look, empty, order);
}

void book_ids_unpass(tw_book *book, book_spot spot) {
    const book_order *one = book_order_at(book, spot.order);
    book_bucket *at = book_ids_home(book, book_id_hash(one->symbol, one->id));
    for (; at != spot.bucket; at = next_of(book, at))
        at->passed_count--;
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
    for (uint32_t order = book->order_first; order < book->order_high; order++) {
        const book_order *one = book_order_at(book, order);
        if (one->level != BOOK_NONE)
            book_ids_put(book, order);
    }
}
