/*
 * book_priv.h - what the files of the book share.
 *
 * Everything refers to everything by a 32-bit index into a pool; index 0 is nobody, so zeroed
 * memory is an empty book and the pools need no preparation. (What is small is a whole word all the
 * same: a store of a byte may change anything, for all a compiler knows.) A change is written
 * through fields of nobody too where that saves asking; what nobody holds is never read.
 *
 * A symbol's prices are whole multiples of its tick, which is the greatest common divisor of all
 * prices that it has had, learned as they come. Counted in ticks, better ones first, a price is a
 * key; 64 neighbouring keys make a page: one bit and one place for a level each. So a level is
 * found by arithmetic, the next one by counting zeros, and only pages are kept in a tree.
 *
 * The invariants are numbered here and cited where they are relied on; tw_book_check asserts all
 * of them.
 *
 * B1  A slot of a pool is live or in the free list; slots never used lie beyond the high mark.
 *     A free order has level 0, a free page has no bit set.
 * B2  The pages of a symbol's side form a search tree by number (AVL: the depths below a page
 *     differ by at most one) and a list by number, best first. Both hold the same pages. Numbers
 *     are distinct, and every page has a level or waits in the ring of idle pages, which remembers
 *     the last BOOK_IDLE_COUNT that lost theirs: prices come back, and a page is slow to make.
 * B3  A level stands in place i of a page exactly if bit i of the page is set. Its index is page x
 *     64 + i, its key number x 64 + i, and its price as many ticks (bids: ~key).
 * B4  The orders of a level form a ring with it, oldest first; their quantities are positive and
 *     add up to the level's, their number is the level's order_count. A level that no order stands
 *     on is removed at once when its symbol is kept by order.
 * B5  The id table holds exactly the live orders, each in its home bucket or in a later one behind
 *     some that were full when it came, all of which count it as passed, and which are no more than
 *     passed_most; see book_ids.h.
 * B6  `best` of a side is its level of the least key, which is best_key; that of a side with pages
 *     but without levels is BOOK_KEY_NONE. The counts of a pool are what walking it gives.
 * B7  `crossing` of a symbol says how its best prices stand to each other.
 * B8  `near` of a symbol's side names pages of that side, each at its number modulo the count, or
 *     nobody, whose number is none that a page can have. Never the page of BOOK_KEY_NONE, the worst
 *     key of all: so a key in a near page that is not better than best_key is not the best.
 * B9  A place of a page on which no level stands is an empty level: no quantity, no orders, a ring
 *     to itself. Taking the last order off a level leaves just that, so neither adding nor taking
 *     off asks whether it was the first or the last, which nobody could foretell.
 */
#ifndef TRADEWIND_BOOK_PRIV_H
#define TRADEWIND_BOOK_PRIV_H

#include "tradewind/book.h"

#define BOOK_NONE UINT32_C(0)
#define BOOK_PAGE_SIZE 64 /* keys; the bits of a word */
#define BOOK_NEAR_COUNT 16
#define BOOK_IDLE_COUNT 64
#define BOOK_BUCKET_SIZE 12
#define BOOK_KEY_NONE INT64_MAX

/* A place in the ring of a level and its orders. From the level on, `next` leads from the oldest
 * order to the newest, and back to the level; so to take an order out asks nothing. */
typedef struct book_link {
    uint32_t next;
    uint32_t previous;
} book_link;

/* The tag lies in an array of its own: only reading asks for it. */
typedef struct book_order {
    uint64_t id;
    int64_t quantity;
    book_link link; /* `next` of a free slot is the next free one */
    uint32_t level; /* BOOK_NONE in a free slot */
    tw_symbol symbol;
} book_order;

/* Where it stands tells its price, see B3. */
typedef struct book_level {
    int64_t time_ns;
    int64_t quantity;
    book_link link; /* to itself when no order stands on it */
    uint32_t order_count;
    uint32_t reserved;
} book_level;

/* Half a cache line. Levels and orders lie in one array, so that a link can name either. */
typedef union book_slot {
    book_order order;
    book_level level;
    struct {
        int64_t words[2];
        book_link link;
    } any;
} book_slot;

/* One cache line; its levels are the 64 slots at page x 64. */
typedef struct book_page {
    uint64_t taken;     /* bit i: a level stands in place i */
    int64_t number;     /* its keys are number x 64 and the 63 behind */
    uint32_t child[2];  /* 0: better pages, 1: worse ones */
    uint32_t parent;    /* in a free slot the next free one */
    uint32_t beside[2]; /* 0: the next better page, 1: the next worse one */
    int32_t balance;    /* depth below child[1] minus depth below child[0] */
    tw_symbol symbol;
    uint32_t side; /* tw_side */
    uint32_t idle; /* 1 + where it is in the ring of idle pages; 0: it is not */
    uint32_t reserved[3];
} book_page;

/* One cache line of the id table. */
typedef struct book_bucket {
    uint8_t marks[BOOK_BUCKET_SIZE]; /* 8 bits of the hash, 0: the slot is empty */
    uint32_t passed_count;           /* orders that found no room here and went on */
    uint32_t orders[BOOK_BUCKET_SIZE];
} book_bucket;

typedef struct book_side {
    int64_t best_key;
    uint32_t best; /* level */
    uint32_t reserved;
} book_side;

typedef enum book_way { BOOK_UNDECIDED, BOOK_BY_ORDER, BOOK_BY_LEVEL, BOOK_BY_TOP } book_way;

/* A tick is an odd number shifted left. Dividing by it is multiplying by the inverse of the odd
 * part modulo 2^64, and shifting back: see book_ticks_of. */
typedef struct book_tick {
    uint64_t size;    /* in nanos; 0: no price but zero was seen yet */
    uint64_t inverse; /* 0: no price at all was seen yet */
    uint64_t below;   /* whole ticks in 2^63, which is how far below zero a price can be */
    uint64_t offset;  /* below << shift */
    uint64_t most;    /* ticks from the least price to the greatest */
    uint64_t shift;
} book_tick;

/* Four cache lines: what a change at a level needs, how prices are counted, where pages are (two).
 */
typedef struct book_symbol {
    book_side sides[2]; /* 0 bids, 1 asks */
    int64_t time_ns;
    uint64_t revision;
    uint32_t way;      /* book_way */
    uint32_t crossing; /* tw_book_crossing */
    uint32_t roots[2]; /* of the trees of pages */
    book_tick tick;
    uint64_t reserved[2];
    uint32_t near[2][BOOK_NEAR_COUNT]; /* pages of each side met last, by number */
} book_symbol;

_Static_assert(sizeof(book_slot) == 32, "two orders or levels a cache line");
_Static_assert(offsetof(book_order, link) == offsetof(book_slot, any.link) &&
                   offsetof(book_level, link) == offsetof(book_slot, any.link),
               "a link is found without knowing whose it is");
_Static_assert(sizeof(book_bucket) == 64, "a bucket a cache line");
_Static_assert(sizeof(book_page) == 64, "a page a cache line");
_Static_assert(sizeof(book_symbol) == 256, "as book.h states its memory");

/* What a change did to the best of either side: TW_BOOK_BEST_BID and _ASK, and BOOK_MOVED when
 * another level is a best one now, so that the crossing may be new. */
typedef uint32_t book_change;
#define BOOK_MOVED UINT32_C(4)
#define BOOK_BEST ((book_change)TW_BOOK_BEST_BID | TW_BOOK_BEST_ASK)

/* What every change reads stands first, close together. */
struct tw_book {
    book_slot *slots; /* 64 levels a page, and behind them, from order_first on, the orders */
    uint64_t *tags;   /* of the orders; NULL unless they are kept */
    book_page *pages; /* book_page_slots (B2) */
    book_bucket *buckets;
    book_symbol *symbols;
    uint64_t id_factor;     /* odd */
    uint64_t symbol_factor; /* 0 until factors were drawn */
    uint32_t bucket_shift;  /* 64 - bits of the number of buckets in use */
    uint32_t order_free;
    uint32_t order_count;
    uint32_t level_count;
    book_change change; /* the last one's, without BOOK_MOVED */
    tw_book_config config;
    uint32_t bucket_mask; /* buckets in use - 1 */
    uint32_t bucket_count_max;
    uint32_t away_count;  /* orders that are not in their home buckets */
    uint32_t passed_most; /* buckets that an order passed, since the table was filled anew */
    uint32_t draw_count;  /* times that factors were drawn */
    uint32_t draw_wait;   /* careful puts until they may be drawn again */
    uint32_t order_first;
    uint32_t order_high;        /* the first slot that was never used */
    uint32_t order_count_limit; /* of the buckets in use, or order_count_max */
    uint32_t page_free;
    uint32_t page_high;
    uint32_t page_count;
    uint32_t idle_next; /* the slot of `idle` that is used next */
    uint32_t idle[BOOK_IDLE_COUNT];
    tw_book_anomalies anomalies;
    tw_allocator allocator;
};

/* Pages that there can be, and nobody: one a level, and the idle ones. */
static inline size_t book_page_slots(const tw_book_config *config) {
    return (size_t)config->level_count_max + BOOK_IDLE_COUNT + 1;
}

/* Levels, and orders. */
static inline size_t book_slot_count(const tw_book_config *config) {
    return book_page_slots(config) * BOOK_PAGE_SIZE + config->order_count_max;
}

static inline book_side *book_side_of(book_symbol *symbol, uint32_t side) {
    return &symbol->sides[(size_t)side - 1];
}

/* One of two by a condition that cannot be foretold: by arithmetic, not by a branch. */
static inline uint32_t book_choose(bool condition, uint32_t yes, uint32_t no) {
    uint32_t mask = -(uint32_t)condition;
    return (yes & mask) | (no & ~mask);
}

static inline book_link *book_link_of(const tw_book *book, uint32_t slot) {
    return &book->slots[slot].any.link;
}

static inline book_order *book_order_at(const tw_book *book, uint32_t order) {
    return &book->slots[order].order;
}

static inline book_level *book_level_at(const tw_book *book, uint32_t level) {
    return &book->slots[level].level;
}

static inline uint64_t *book_tag_at(const tw_book *book, uint32_t order) {
    return &book->tags[order - book->order_first];
}

/* What a link from an order leads to, if that is another order. */
static inline uint32_t book_order_or_none(const tw_book *book, uint32_t slot) {
    return slot < book->order_first ? BOOK_NONE : slot;
}

static inline void book_order_release(tw_book *book, uint32_t order) {
    book_order_at(book, order)->level = BOOK_NONE;
    book_order_at(book, order)->link.next = book->order_free;
    book->order_free = order;
    book->order_count--;
}

/* ---- Changes ----------------------------------------------------------------------------- */

/* Empties both sides of a symbol, and forgets its tick. */
book_change book_empty(tw_book *book, book_symbol *symbol);
/* Brings the crossing of a symbol up to date with its best levels. */
void book_settle_crossing(tw_book *book, book_symbol *symbol);

/* Ends a change: every function that changes a book ends with this or with book_deny. */
static inline void book_settle(tw_book *book, book_symbol *symbol, book_change change) {
    if ((change & BOOK_MOVED) != 0)
        book_settle_crossing(book, symbol);
    book->change = change & BOOK_BEST;
    symbol->revision += book->change != 0;
}

/* The total of a level changes, or it leaves. */
static inline book_change book_change_at(const book_side *side, uint32_t side_name,
                                         uint32_t level) {
    _Static_assert(TW_BOOK_BEST_BID == TW_SIDE_BUY && TW_BOOK_BEST_ASK == TW_SIDE_SELL,
                   "a side is its flag");
    return book_choose(side->best == level, side_name, 0);
}

/* What is left of a change by which levels were taken out and put in again: a side whose best is as
 * it was did not change. */
book_change book_forgive(book_change change, const tw_quote *before, const tw_quote *after);

/* Counts what is wrong with an input and names it. */
static inline tw_status book_deny(tw_book *book, uint64_t *counter, tw_status status) {
    book->change = 0;
    ++*counter;
    return status;
}

/* Counts a bad symbol, side or price. TW_OK or TW_INVALID. */
static inline tw_status book_check_symbol(tw_book *book, tw_symbol symbol) {
    if (__builtin_expect(symbol < book->config.symbol_count_max, 1))
        return TW_OK;
    return book_deny(book, &book->anomalies.bad_symbol, TW_INVALID);
}

static inline tw_status book_check_side(tw_book *book, uint32_t side) {
    if (side - TW_SIDE_BUY <= TW_SIDE_SELL - TW_SIDE_BUY)
        return TW_OK;
    return book_deny(book, &book->anomalies.bad_side, TW_INVALID);
}

static inline tw_status book_check_price(tw_book *book, tw_price price) {
    if (__builtin_expect(price.nano > 0, 1) || book->config.allow_nonpositive_prices)
        return TW_OK;
    return book_deny(book, &book->anomalies.bad_price, TW_INVALID);
}

static inline tw_status book_check_quantity(tw_book *book, tw_quantity quantity) {
    if (quantity.nano > 0)
        return TW_OK;
    return book_deny(book, &book->anomalies.bad_quantity, TW_INVALID);
}

/* TW_STATE, counted, when the symbol is kept in another way. */
static inline tw_status book_check_way(tw_book *book, const book_symbol *symbol, book_way way) {
    if (symbol->way == way || symbol->way == BOOK_UNDECIDED)
        return TW_OK;
    return book_deny(book, &book->anomalies.wrong_way, TW_STATE);
}

#endif
