/*
 * book_priv.h - what the files of the book share.
 *
 * Everything refers to everything by a 32-bit index into a pool; index 0 is nobody, so zeroed
 * memory is an empty book and the pools need no preparation. The invariants are numbered here and
 * cited where they are relied on; tw_book_check asserts all of them.
 *
 * B1  A slot of a pool is live or in the free list; slots never used lie beyond the high mark.
 *     A free order has level 0, a free level has side TW_SIDE_NONE.
 * B2  The levels of a symbol's side form a search tree by key (AVL: the depths below a level differ
 *     by at most one) and a list by key, best first. Both hold the same levels. Keys are
 *     distinct; a smaller key is a better price on either side.
 * B3  The orders of a level form a list, oldest first; their quantities are positive and add up
 *     to the level's, their number is the level's order_count. A level that no order stands on
 *     is removed at once when its symbol is kept by order.
 * B4  The id table holds exactly the live orders, each findable from its home slot without
 *     crossing an empty slot; at most half of the slots in use are taken.
 * B5  The counts of a side, of a symbol and of a pool are what walking them gives.
 * B6  `crossing` of a symbol says how its best prices stand to each other.
 */
#ifndef TRADEWIND_BOOK_PRIV_H
#define TRADEWIND_BOOK_PRIV_H

#include "tradewind/book.h"

#define BOOK_NONE UINT32_C(0)

/* Half a cache line. The tag lies in an array of its own: only reading asks for it. */
typedef struct book_order {
    uint64_t id;
    int64_t quantity;
    uint32_t level; /* BOOK_NONE in a free slot */
    uint32_t next;  /* towards the back of the queue; in a free slot the next free one */
    uint32_t previous;
    tw_symbol symbol;
} book_order;

/* One cache line. */
typedef struct book_level {
    int64_t key; /* see book_key */
    int64_t quantity;
    int64_t time_ns;
    uint32_t order_count;
    uint32_t head; /* oldest order */
    uint32_t tail;
    uint32_t child[2];  /* 0: better levels, 1: worse ones */
    uint32_t parent;    /* in a free slot the next free one */
    uint32_t beside[2]; /* 0: the next better level, 1: the next worse one */
    tw_symbol symbol;
    uint8_t side;   /* tw_side */
    int8_t balance; /* depth below child[1] minus depth below child[0] */
    uint8_t reserved[2];
} book_level;

typedef struct book_id_slot {
    uint32_t hash;
    uint32_t order; /* BOOK_NONE when empty */
} book_id_slot;

typedef struct book_side {
    uint32_t best;
    uint32_t root;
    uint32_t level_count;
    uint32_t order_count;
} book_side;

typedef enum book_way { BOOK_UNDECIDED, BOOK_BY_ORDER, BOOK_BY_LEVEL, BOOK_BY_TOP } book_way;

typedef struct book_symbol {
    book_side sides[2]; /* 0 bids, 1 asks */
    int64_t time_ns;
    uint64_t revision;
    uint8_t way;      /* book_way */
    uint8_t crossing; /* tw_book_crossing */
    uint8_t reserved[6];
} book_symbol;

_Static_assert(sizeof(book_order) == 32, "two orders a cache line");
_Static_assert(sizeof(book_level) == 64, "a level a cache line");
_Static_assert(sizeof(book_symbol) == 56, "as book.h states its memory");

struct tw_book {
    book_order *orders; /* order_count_max + 1 */
    uint64_t *tags;     /* beside orders */
    book_level *levels; /* level_count_max + 1 */
    book_id_slot *slots;
    book_symbol *symbols;
    uint32_t slot_mask; /* slots in use - 1 */
    uint32_t slot_count_max;
    uint32_t order_free;
    uint32_t order_high; /* greatest index ever used */
    uint32_t order_count;
    uint32_t level_free;
    uint32_t level_high;
    uint32_t level_count;
    uint8_t best_changed; /* TW_BOOK_BEST_BID and _ASK, of the change under way */
    tw_book_config config;
    tw_book_anomalies anomalies;
    tw_allocator allocator;
};

/* Where a key is, or where it would hang in the tree. */
typedef struct book_spot {
    uint32_t level; /* BOOK_NONE: there is none, and ... */
    uint32_t parent;
    uint32_t direction; /* ... it would be parent's child[direction] */
} book_spot;

/* Orders levels of either side from the best: ~p = -p - 1 turns bids round without overflow. */
static inline int64_t book_key(uint32_t side, int64_t price) {
    return side == TW_SIDE_BUY ? ~price : price;
}

static inline int64_t book_price(const book_level *level) {
    return book_key(level->side, level->key);
}

static inline book_side *book_side_of(book_symbol *symbol, uint32_t side) {
    return &symbol->sides[side - 1];
}

/* TW_BOOK_BEST_BID or _ASK. */
static inline uint8_t book_best_flag(uint32_t side) {
    return side == TW_SIDE_BUY ? TW_BOOK_BEST_BID : TW_BOOK_BEST_ASK;
}

/* All 64 bits of the id reach the low bits of the hash: venues' ids differ in any of them. */
static inline uint32_t book_id_hash(tw_symbol symbol, uint64_t id) {
    uint64_t h = (id ^ ((uint64_t)symbol << 32 | symbol)) * UINT64_C(0x9e3779b97f4a7c15);
    h = (h ^ (h >> 32)) * UINT64_C(0xd6e8feb86659fd93);
    return (uint32_t)(h ^ (h >> 32));
}

/* The slot of an order, or the empty slot where it would go (B4). `hash` is book_id_hash's. */
static inline uint32_t book_ids_seek_hash(const tw_book *book, tw_symbol symbol, uint64_t id,
                                          uint32_t hash) {
    for (uint32_t at = hash & book->slot_mask;; at = (at + 1) & book->slot_mask) {
        book_id_slot slot = book->slots[at];
        if (slot.order == BOOK_NONE)
            return at;
        if (slot.hash != hash)
            continue;
        const book_order *order = &book->orders[slot.order];
        if (order->id == id && order->symbol == symbol)
            return at;
    }
}

static inline uint32_t book_ids_seek(const tw_book *book, tw_symbol symbol, uint64_t id) {
    return book_ids_seek_hash(book, symbol, id, book_id_hash(symbol, id));
}

/* Whether one order more would fill more than half of the slots in use. */
static inline bool book_ids_are_tight(const tw_book *book) {
    return (uint64_t)book->order_count * 2 + 2 > (uint64_t)book->slot_mask + 1;
}

/* Doubles the slots in use. */
void book_ids_grow(tw_book *book);
/* Empties a slot and closes the gap (B4). */
void book_ids_erase(tw_book *book, uint32_t at);

/* Finds a key on a side. O(1) at the best level, else O(log levels). */
book_spot book_ladder_seek(const tw_book *book, const book_side *side, int64_t key);
/* Makes an empty level at a spot just sought; the pool has room. Returns it. */
uint32_t book_ladder_insert(tw_book *book, tw_symbol symbol, uint32_t side, int64_t key,
                            book_spot spot);
/* Removes a level, whatever it holds, and frees its slot. */
void book_ladder_remove(tw_book *book, uint32_t level);
/* Gives the slot of a level back to the pool. */
void book_level_release(tw_book *book, uint32_t level);

/* Empties both sides of a symbol; its way stays. */
void book_empty(tw_book *book, book_symbol *symbol);
/* Ends a change: brings revision and crossing up to date with the best levels. */
void book_settle(tw_book *book, book_symbol *symbol);
/* Before it, when a best level was taken out and put in again: forgets the flag of a side whose
 * best is as it was. */
void book_forgive(tw_book *book, const tw_quote *before, const tw_quote *after);

/* Counts what is wrong with an input and names it. */
static inline tw_status book_deny(uint64_t *counter, tw_status status) {
    ++*counter;
    return status;
}

/* Counts a bad symbol, side or price. TW_OK or TW_INVALID. */
tw_status book_check_symbol(tw_book *book, tw_symbol symbol);
tw_status book_check_side(tw_book *book, uint32_t side);
tw_status book_check_price(tw_book *book, tw_price price);
/* TW_STATE, counted, when the symbol is kept in another way. */
tw_status book_check_way(tw_book *book, const book_symbol *symbol, book_way way);

#endif
