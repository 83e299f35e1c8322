/*
 * book_ids.h - from an order's id to its place.
 *
 * Idea: buckets of one cache line, each with room for twelve orders and eight bits of hash (a mark)
 * beside each. A look compares all marks at once and so meets the order that it seeks without a
 * branch that depends on where it stands. An order whose home bucket is full goes on to the next
 * with room, and every bucket that it passed counts it; a bucket that nobody passed ends the
 * search. Taking an order out leaves nothing behind, so nothing is ever cleaned up.
 *
 * The hash is the id's product with an odd factor, at first the golden ratio: ids that a venue
 * counts up are then spread more evenly than by chance, and fewer buckets overflow (Knuth, The Art
 * of Computer Programming 3, section 6.4). Ids can be in step with any factor, and symbols can have
 * the same ids; when an order would have to pass many buckets, or many orders are away from home,
 * both get other factors, so that ids in step with one factor are spread by the next (as for drawn
 * ones Dietzfelbinger and others prove, A Reliable Randomized Algorithm for the Closest-Pair
 * Problem, 1997; these are fixed by the source, so whoever chooses ids against them can make it
 * slow).
 *
 * The table is reserved for the configured maximum but only a power-of-two prefix of it is in use,
 * at most two thirds full: a small prefix stays in the cache, which was measured to matter more
 * than anything else (an oversized table made real streams three times slower).
 *
 * What every change needs stands here, to be compiled into it; the rest is in book_ids.c.
 */
#ifndef TRADEWIND_BOOK_IDS_H
#define TRADEWIND_BOOK_IDS_H

#include "book_priv.h"

#if defined(__SSE2__) && !defined(TW_BOOK_PORTABLE)
#include <emmintrin.h>
#endif

/* Where an order stands. */
typedef struct book_spot {
    uint32_t order; /* BOOK_NONE: it is not there */
    uint32_t place;
    book_bucket *bucket;
} book_spot;

/* Only the topmost bits of a product depend on all of an id: they name the home. */
static inline uint64_t book_id_hash(const tw_book *book, tw_symbol symbol, uint64_t id) {
    return id * book->id_factor + symbol * book->symbol_factor;
}

static inline book_bucket *book_ids_home(const tw_book *book, uint64_t hash) {
    return &book->buckets[hash >> book->bucket_shift];
}

/* The bits below those of the most buckets that there can be. The topmost bit is set: an empty
 * slot has none. */
static inline uint32_t book_ids_mark(uint64_t hash) {
    return (hash >> 30 & 0x7f) | 0x80;
}

/* One bit for each slot with this mark. */
static inline uint32_t book_ids_marked(const book_bucket *bucket, uint32_t mark) {
#if defined(__SSE2__) && !defined(TW_BOOK_PORTABLE)
    __m128i marks = _mm_load_si128((const __m128i *)(const void *)bucket);
    int four = (int)(mark * 0x01010101U);
    __m128i equal = _mm_cmpeq_epi8(marks, _mm_shuffle_epi32(_mm_cvtsi32_si128(four), 0));
    return (uint32_t)_mm_movemask_epi8(equal) & ((1U << BOOK_BUCKET_SIZE) - 1);
#else
    uint32_t marked = 0;
    for (uint32_t slot = 0; slot < BOOK_BUCKET_SIZE; slot++)
        marked |= (uint32_t)(bucket->marks[slot] == mark) << slot;
    return marked;
#endif
}

/* One bit for each empty slot: its mark lacks the topmost bit. */
static inline uint32_t book_ids_empty(const book_bucket *bucket) {
#if defined(__SSE2__) && !defined(TW_BOOK_PORTABLE)
    __m128i marks = _mm_load_si128((const __m128i *)(const void *)bucket);
    return ~(uint32_t)_mm_movemask_epi8(marks) & ((1U << BOOK_BUCKET_SIZE) - 1);
#else
    return book_ids_marked(bucket, 0);
#endif
}

/* Whether the order with this id is among those marked in a bucket. */
static inline bool book_ids_among(const tw_book *book, book_bucket *bucket, uint32_t marked,
                                  tw_symbol symbol, uint64_t id, book_spot *ret_spot) {
    for (; marked != 0; marked &= marked - 1) {
        uint32_t place = (uint32_t)__builtin_ctz(marked);
        uint32_t order = bucket->orders[place];
        const book_order *found = book_order_at(book, order);
        *ret_spot = (book_spot){order, place, bucket};
        if (__builtin_expect(found->id == id && found->symbol == symbol, 1))
            return true;
    }
    return false;
}

/* A first look at where an id should be. It depends on nothing but the id, so whoever is about to
 * branch on what is to be done looks first: the look goes on while the branch is made up for. */
typedef struct book_look {
    book_bucket *home;
    uint32_t mark;
    uint32_t marked; /* places of the home bucket with this mark */
} book_look;

static inline book_look book_ids_look_for(const tw_book *book, uint64_t hash) {
    book_bucket *home = book_ids_home(book, hash);
    uint32_t mark = book_ids_mark(hash);
    return (book_look){home, mark, book_ids_marked(home, mark)};
}

static inline book_look book_ids_look(const tw_book *book, tw_symbol symbol, uint64_t id) {
    return book_ids_look_for(book, book_id_hash(book, symbol, id));
}

/* Goes on behind the home bucket, if orders passed it. */
book_spot book_ids_seek_behind(const tw_book *book, tw_symbol symbol, uint64_t id);

/* Finds an order. O(1). */
book_spot book_ids_seek(const tw_book *book, tw_symbol symbol, uint64_t id);

/* Puts an order into one of the empty slots of its home bucket. */
static inline void book_ids_put_home(book_look look, uint32_t empty, uint32_t order) {
    uint32_t place = (uint32_t)__builtin_ctz(empty);
    look.home->orders[place] = order;
    look.home->marks[place] = (uint8_t)look.mark;
}

/* Puts a live order in whose id is not there; there is room (order_count_limit). */
void book_ids_put(tw_book *book, uint32_t order);

/* The buckets forget an order that passed them; none, if it is at home. */
void book_ids_unpass(tw_book *book, book_spot spot);

/* Takes out what was just found; what is not at home is unpassed before. */
static inline void book_ids_drop(book_spot spot) {
    spot.bucket->marks[spot.place] = 0;
}

/* How many buckets are in use, a power of two from 2 on; they are for two thirds of their slots, or
 * for all that can be. */
void book_ids_set_bucket_count(tw_book *book, uint32_t bucket_count);
/* Doubles the buckets in use. O(orders). */
void book_ids_grow(tw_book *book);

#endif
