/*
 * book_levels.h - prices counted in ticks, and the levels that stand on them.
 *
 * Idea: a price is a number of ticks, its key names a place in a page, and the page is nearly
 * always one of those met lately; so a level is found, made and removed in a few steps that depend
 * on nothing but the price. What every change needs stands here, to be compiled into it; pages and
 * ticks are made in book_levels.c and book_pages.c.
 */
#ifndef TRADEWIND_BOOK_LEVELS_H
#define TRADEWIND_BOOK_LEVELS_H

#include "book_priv.h"

/* ---- Prices ------------------------------------------------------------------------------ */

/*
 * How many ticks a price is above the least that can be; false when it is not a whole number of
 * them. If price = t x odd x 2^shift, then price x inverse = t x 2^shift modulo 2^64. Turned right
 * by the shift, bits below it would stand on top, so one comparison tells both whether there are
 * any and whether the number is one that such prices give; no other price gives one (Granlund and
 * Montgomery, Division by Invariant Integers using Multiplication, section 9).
 */
static inline bool book_ticks_of(const book_tick *tick, int64_t price, uint64_t *ret_ticks) {
    uint64_t product = (uint64_t)price * tick->inverse + tick->offset;
    *ret_ticks = product >> tick->shift | product << (-tick->shift & 63);
    return *ret_ticks <= tick->most;
}

/* Orders the ticks of either side from the best: bids are turned round. The topmost bit makes room
 * for them all in a signed number. The other way round it gives the ticks of a key. */
static inline uint64_t book_turn(uint32_t side, uint64_t ticks_or_key) {
    return ticks_or_key ^ ((UINT64_C(1) << 63) + side - TW_SIDE_SELL);
}

/* The key of a price on a side of a symbol; false when the price is no whole number of ticks. */
static inline bool book_key_of(const book_symbol *symbol, uint32_t side, int64_t price,
                               int64_t *ret_key) {
    uint64_t ticks = 0;
    bool whole = book_ticks_of(&symbol->tick, price, &ticks);
    *ret_key = (int64_t)book_turn(side, ticks);
    return whole;
}

/* Whether price `a` is better than `b` on a side. */
static inline bool book_is_better(uint32_t side, int64_t a, int64_t b) {
    return side == TW_SIDE_BUY ? a > b : a < b;
}

/* ---- Pages ------------------------------------------------------------------------------- */

/* The page of a number by way of the tree, or BOOK_NONE. O(log pages). */
uint32_t book_page_search(const tw_book *book, uint32_t root, int64_t number);
/* Makes the page of a number that has none. */
uint32_t book_page_insert(tw_book *book, tw_symbol symbol, uint32_t side, int64_t number);
/* Removes a page without levels. */
void book_page_remove(tw_book *book, uint32_t page);
/* Makes the places of a page empty, whatever they hold. */
void book_page_clean(tw_book *book, uint32_t page);
/* Gives a page back that is in no tree any more, whatever it holds. */
void book_page_release(tw_book *book, uint32_t page);
/* A page lost its last level: it waits for another, or is removed when too many others wait. */
void book_page_rest(tw_book *book, uint32_t page);

static inline uint32_t *book_near(book_symbol *symbol, uint32_t side, int64_t number) {
    return &symbol->near[(size_t)side - 1][(uint64_t)number % BOOK_NEAR_COUNT];
}

/* The page with the worst key of all is never near, see B8. */
static inline void book_remember(book_symbol *symbol, uint32_t side, int64_t number,
                                 uint32_t page) {
    if (number != BOOK_KEY_NONE >> 6)
        *book_near(symbol, side, number) = page;
}

/* The page of a number, or BOOK_NONE; remembered. O(1) for pages met lately. */
static inline uint32_t book_page_find(tw_book *book, book_symbol *symbol, uint32_t side,
                                      int64_t number) {
    uint32_t page = *book_near(symbol, side, number);
    if (__builtin_expect(book->pages[page].number == number, 1))
        return page;
    page = book_page_search(book, symbol->roots[side - 1], number);
    if (page != BOOK_NONE)
        book_remember(symbol, side, number, page);
    return page;
}

/* ---- Levels ------------------------------------------------------------------------------ */

static inline uint64_t book_place_bit(uint32_t level) {
    return UINT64_C(1) << (level & 63);
}

static inline book_page *book_page_of(const tw_book *book, uint32_t level) {
    return &book->pages[(size_t)level >> 6];
}

/* Of nobody it is some number, which nobody reads. */
static inline int64_t book_key_at(const tw_book *book, uint32_t level) {
    uint64_t number = (uint64_t)book_page_of(book, level)->number;
    return (int64_t)(number * BOOK_PAGE_SIZE + (level & 63));
}

static inline int64_t book_price_of_key(const book_tick *tick, uint32_t side, int64_t key) {
    return (int64_t)((book_turn(side, (uint64_t)key) - tick->below) * tick->size);
}

static inline uint32_t book_side_at(const tw_book *book, uint32_t level) {
    return book_page_of(book, level)->side;
}

/* The price of a level. */
static inline int64_t book_price_at(const tw_book *book, uint32_t level) {
    const book_page *page = book_page_of(book, level);
    return book_price_of_key(&book->symbols[page->symbol].tick, page->side,
                             book_key_at(book, level));
}

/* The level in a page that stands on a key, or BOOK_NONE. */
static inline uint32_t book_level_in(const tw_book *book, uint32_t page, int64_t key) {
    bool there = (book->pages[page].taken >> (key & 63) & 1) != 0;
    return there ? page << 6 | (uint32_t)(key & 63) : BOOK_NONE;
}

/* The level at a price, or BOOK_NONE; nothing is remembered. */
static inline uint32_t book_level_seek(const tw_book *book, const book_symbol *symbol,
                                       uint32_t side, int64_t price) {
    int64_t key = 0;
    if (!book_key_of(symbol, side, price, &key))
        return BOOK_NONE;
    uint32_t page = symbol->near[(size_t)side - 1][(uint64_t)(key >> 6) % BOOK_NEAR_COUNT];
    if (book->pages[page].number != key >> 6)
        page = book_page_search(book, symbol->roots[side - 1], key >> 6);
    return book_level_in(book, page, key);
}

/* The first level of the first page that has one, from `page` on, or BOOK_NONE. At most all idle
 * pages are passed. */
static inline uint32_t book_level_first(const tw_book *book, uint32_t page) {
    while (page != BOOK_NONE && book->pages[page].taken == 0)
        page = book->pages[page].beside[1];
    if (page == BOOK_NONE)
        return BOOK_NONE;
    return page << 6 | (uint32_t)__builtin_ctzll(book->pages[page].taken);
}

/* The next worse level of the same side, or BOOK_NONE. */
static inline uint32_t book_level_worse(const tw_book *book, uint32_t level) {
    const book_page *page = book_page_of(book, level);
    uint64_t worse = page->taken & (~UINT64_C(1) << (level & 63));
    if (worse != 0)
        return (level & ~UINT32_C(63)) | (uint32_t)__builtin_ctzll(worse);
    return book_level_first(book, page->beside[1]);
}

/* Where a price belongs. */
typedef struct book_seat {
    int64_t key;
    book_page *page; /* nobody's: there is none, as far as was looked */
    uint32_t level;  /* what stands there, or would */
} book_seat;

/* There is no page for it, as far as was looked. */
static inline bool book_seat_is_nowhere(book_seat seat) {
    return seat.level >> 6 == BOOK_NONE;
}

static inline bool book_seat_is_taken(book_seat seat) {
    return (seat.page->taken >> (seat.key & 63) & 1) != 0;
}

static inline book_seat book_seat_in(const tw_book *book, uint32_t page, int64_t key) {
    return (book_seat){
        .key = key, .page = &book->pages[page], .level = page << 6 | (uint32_t)(key & 63)};
}

/* Finds the seat of a price if its page is one met lately. */
static inline bool book_seat_near(const tw_book *book, const book_symbol *symbol, uint32_t side,
                                  int64_t price, book_seat *ret_seat) {
    int64_t key = 0;
    if (!book_key_of(symbol, side, price, &key))
        return false;
    uint32_t page = symbol->near[(size_t)side - 1][(uint64_t)(key >> 6) % BOOK_NEAR_COUNT];
    if (book->pages[page].number != key >> 6)
        return false;
    *ret_seat = book_seat_in(book, page, key);
    return true;
}

/* Finds the seat of a price. */
static inline book_seat book_seat_find(tw_book *book, book_symbol *symbol, uint32_t side,
                                       int64_t price) {
    int64_t key = 0;
    uint32_t page = BOOK_NONE;
    if (__builtin_expect(book_key_of(symbol, side, price, &key), 1))
        page = book_page_find(book, symbol, side, key >> 6);
    return book_seat_in(book, page, key);
}

/* Makes the tick fit a price, and a page for it. */
book_seat book_make_seat(tw_book *book, tw_symbol symbol, uint32_t side, int64_t price);

/* Whether a level there would be better than all others of its side. */
static inline bool book_seat_is_best(const book_side *side, book_seat seat) {
    return (side->best == BOOK_NONE) | (seat.key < side->best_key);
}

/* A level stands on a place from now on, if it did not before; there is room. What stands there is
 * the caller's, and to have it lead its side if it is the best. */
static inline void book_level_stand(tw_book *book, book_seat seat) {
    book->level_count += !book_seat_is_taken(seat);
    seat.page->taken |= book_place_bit(seat.level);
}

/* A level is the best of its side, or nobody is. */
static inline void book_lead(const tw_book *book, book_side *side, uint32_t level) {
    side->best = level;
    side->best_key = level != BOOK_NONE ? book_key_at(book, level) : BOOK_KEY_NONE;
}

static inline book_change book_level_lead(const tw_book *book, book_side *side, book_seat seat) {
    if (!book_seat_is_best(side, seat))
        return 0;
    book_lead(book, side, seat.level);
    return BOOK_MOVED;
}

/* A level that is empty now stands no more; one that is not goes on. What it leaves undone is
 * book_level_gone's, and true is returned if there is such. */
static inline bool book_level_yield(tw_book *book, const book_side *side, uint32_t level,
                                    bool empty) {
    book_page *page = book_page_of(book, level);
    page->taken &= ~((uint64_t)empty << (level & 63));
    book->level_count -= empty;
    return (empty & (side->best == level)) | (page->taken == 0);
}

/* The level was the best of its side, or the last of its page. */
book_change book_level_gone(tw_book *book, book_side *side, uint32_t level);

#endif
