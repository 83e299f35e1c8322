/* book_ids.c - the rare ways of the id table: orders away from home, growing, another factor. */
#include "book_ids.h"

#include <string.h>

/* Orders that are spread by chance pass no more than a few buckets, and no more than one in eight
 * is away from home; more than this means that the ids are in step with the factor. */
#define PASSED_COUNT_MAX 16
#define AWAY_COUNT_MAX(order_count) (64 + (order_count) / 4)

static book_bucket *next_of(const tw_book *book, const book_bucket *bucket) {
    return &book->buckets[(size_t)(bucket - book->buckets + 1) & book->bucket_mask];
}

book_spot book_ids_seek_behind(const tw_book *book, tw_symbol symbol, uint64_t id) {
    uint64_t hash = book_id_hash(book, symbol, id);
    uint32_t mark = book_ids_mark(hash);
    book_bucket *at = book_ids_home(book, hash);
    book_spot spot;
    for (uint32_t i = 0; i < book->passed_most && at->passed_count != 0; i++) {
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

/* Puts an order in unless it would have to pass more buckets than `most`. */
static bool put_within(tw_book *book, uint32_t order, uint32_t most) {
    const book_order *one = book_order_at(book, order);
    book_look look = book_ids_look(book, one->symbol, one->id);
    book_bucket *at = look.home;
    uint32_t passed = 0;
    for (; book_ids_empty(at) == 0; passed++) {
        if (passed == most)
            return false;
        at = next_of(book, at);
    }
    book->away_count += passed > 0;
    book->passed_most = passed > book->passed_most ? passed : book->passed_most;
    for (; look.home != at; look.home = next_of(book, look.home))
        look.home->passed_count++;
    book_ids_put_home(look, book_ids_empty(at), order);
    return true;
}

/* Once more all live orders of the pool. O(slots ever used). */
static void fill_anew(tw_book *book) {
    memset(book->buckets, 0, ((size_t)book->bucket_mask + 1) * sizeof *book->buckets);
    book->away_count = 0;
    book->passed_most = 0;
    for (uint32_t order = book->order_first; order < book->order_high; order++) {
        if (book_order_at(book, order)->level != BOOK_NONE)
            (void)put_within(book, order, UINT32_MAX);
    }
}

/* The multiplier of a full-period generator, so factors do not repeat (Steele and Vigna,
 * Computationally Easy, Spectrally Good Multipliers, 2021). The next draw waits for as many careful
 * puts as this one goes through slots: so draws cost each of those a constant at most, even if no
 * factor helps. */
static void draw_factors(tw_book *book) {
    const uint64_t multiplier = UINT64_C(0xd1342543de82ef95);
    book->symbol_factor = book->id_factor * multiplier + 2; /* odd again */
    book->id_factor = book->symbol_factor * multiplier + 2;
    book->draw_count++;
    book->draw_wait = book->order_high - book->order_first;
}

void book_ids_put(tw_book *book, uint32_t order) {
    bool draw = book->draw_wait == 0;
    book->draw_wait -= !draw;
    if (put_within(book, order, draw ? PASSED_COUNT_MAX : UINT32_MAX) &&
        (!draw || book->away_count <= AWAY_COUNT_MAX(book->order_count)))
        return;
    draw_factors(book);
    fill_anew(book);
}

void book_ids_unpass(tw_book *book, book_spot spot) {
    const book_order *one = book_order_at(book, spot.order);
    book_bucket *at = book_ids_home(book, book_id_hash(book, one->symbol, one->id));
    book->away_count -= at != spot.bucket;
    for (; at != spot.bucket; at = next_of(book, at))
        at->passed_count--;
}

void book_ids_set_bucket_count(tw_book *book, uint32_t bucket_count) {
    book->bucket_mask = bucket_count - 1;
    book->bucket_shift = 64 - (uint32_t)__builtin_ctz(bucket_count);
    book->order_count_limit = bucket_count == book->bucket_count_max
                                  ? book->config.order_count_max
                                  : bucket_count * (BOOK_BUCKET_SIZE * 2 / 3);
}

void book_ids_grow(tw_book *book) {
    uint32_t bucket_count = book->bucket_mask + 1;
    TW_ASSERT(bucket_count < book->bucket_count_max);
    book_ids_set_bucket_count(book, bucket_count * 2);
    fill_anew(book);
}
