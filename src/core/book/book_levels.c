/*
 * book_levels.c - the price levels of a symbol: made, removed, and counted in ticks.
 *
 * Idea: a price is a number of ticks, its key names a place in a page, and the page is nearly
 * always one of those met lately; so a level is made and removed in a few steps that depend on
 * nothing but the price. The tick is learned: a price that is no multiple of it makes it smaller
 * (to the greatest common divisor of both), and the levels move to pages of the new size. That can
 * happen at most as often as a number can be halved, and happens with the first few prices of a
 * symbol.
 */
#include "book_priv.h"

static uint32_t acquire(tw_book *book) {
    TW_ASSERT(book->level_count < book->config.level_count_max);
    book->level_count++;
    uint32_t level = book->level_free;
    if (level != BOOK_NONE)
        book->level_free = book->levels[level].page;
    else
        level = ++book->level_high;
    return level;
}

static void release(tw_book *book, uint32_t level) {
    book->levels[level].side = TW_SIDE_NONE;
    book->levels[level].page = book->level_free;
    book->level_free = level;
    book->level_count--;
}

/* ---- Ticks ------------------------------------------------------------------------------- */

static uint64_t common_divisor(uint64_t a, uint64_t b) {
    while (b != 0) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* Newton's iteration doubles the bits that are right; x x x = 1 modulo 8 for odd x. */
static uint64_t inverse_of(uint64_t odd) {
    uint64_t inverse = odd;
    for (int bits = 3; bits < 64; bits *= 2)
        inverse *= 2 - odd * inverse;
    return inverse;
}

static book_tick tick_of(uint64_t size) {
    if (size == 0)
        return (book_tick){.inverse = 1}; /* zero is a multiple, and nothing else */
    uint32_t shift = (uint32_t)__builtin_ctzll(size);
    uint64_t odd = size >> shift;
    uint64_t least = (UINT64_C(1) << 63) / odd;
    return (book_tick){.size = size,
                       .inverse = inverse_of(odd),
                       .least = least,
                       .range = least + INT64_MAX / odd,
                       .rest = (UINT64_C(1) << shift) - 1,
                       .shift = shift};
}

/* The page of a key, made if there is none. */
static uint32_t page_for(tw_book *book, book_side *side, int64_t number) {
    uint32_t page = book_page_find(book, side, number);
    return page != BOOK_NONE ? page : book_page_insert(book, side, number);
}

static inline void put_in_page(tw_book *book, uint32_t level, uint32_t page, uint32_t place) {
    book->levels[level].page = page;
    book->levels[level].place = (uint8_t)place;
    book->pages[page].taken |= UINT64_C(1) << place;
    book->pages[page].levels[place] = level;
}

/* Takes every level of a side out of its page; they are chained through `page`. */
static uint32_t take_apart(tw_book *book, book_side *side, uint32_t chain) {
    uint32_t level = side->best;
    while (level != BOOK_NONE) {
        uint32_t worse = book_level_worse(book, level);
        book_level *node = &book->levels[level];
        book_page *page = &book->pages[node->page];
        page->taken &= ~(UINT64_C(1) << node->place);
        page->levels[node->place] = BOOK_NONE;
        if (page->taken == 0)
            book_page_remove(book, side, node->page);
        node->page = chain;
        chain = level;
        level = worse;
    }
    return chain;
}

/* Makes the tick small enough for a price. */
static void learn_tick(tw_book *book, book_symbol *symbol, int64_t price) {
    uint64_t size = price < 0 ? -(uint64_t)price : (uint64_t)price;
    uint32_t chain = take_apart(book, &symbol->sides[0], BOOK_NONE);
    chain = take_apart(book, &symbol->sides[1], chain);
    symbol->tick = tick_of(common_divisor(symbol->tick.size, size));
    while (chain != BOOK_NONE) {
        const book_level *node = &book->levels[chain];
        book_side *side = book_side_of(symbol, node->side);
        uint32_t next = node->page;
        int64_t key = 0;
        bool whole = book_key_of(symbol, node->side, node->price, &key);
        TW_ASSERT(whole);
        put_in_page(book, chain, page_for(book, side, key >> 6), key & 63);
        if (side->best == chain)
            side->best_key = key;
        chain = next;
    }
}

/* ---- Levels ------------------------------------------------------------------------------ */

uint32_t book_level_insert(tw_book *book, tw_symbol symbol_index, uint32_t side_name,
                           int64_t price) {
    book_symbol *symbol = &book->symbols[symbol_index];
    book_side *side = book_side_of(symbol, side_name);
    int64_t key = 0;
    if (__builtin_expect(!book_key_of(symbol, side_name, price, &key), 0) ||
        __builtin_expect(symbol->tick.inverse == 0, 0)) {
        learn_tick(book, symbol, price);
        (void)book_key_of(symbol, side_name, price, &key); /* it is a multiple now */
    }
    uint32_t level = acquire(book);
    book_level *node = &book->levels[level];
    node->price = price;
    node->quantity = 0;
    node->order_count = 0;
    node->head = BOOK_NONE;
    node->tail = BOOK_NONE;
    node->symbol = symbol_index;
    node->side = (uint8_t)side_name;
    put_in_page(book, level, page_for(book, side, key >> 6), key & 63);
    side->level_count++;
    if ((side->best == BOOK_NONE) | (key < side->best_key)) {
        side->best = level;
        side->best_key = key;
        book->best_moved = 1;
    }
    return level;
}

void book_level_remove(tw_book *book, uint32_t level) {
    const book_level *node = &book->levels[level];
    book_side *side = book_side_of(&book->symbols[node->symbol], node->side);
    book_page *page = &book->pages[node->page];
    if (side->best == level) {
        side->best = book_level_worse(book, level);
        const book_level *best = &book->levels[side->best];
        side->best_key = book->pages[best->page].number * BOOK_PAGE_SIZE + best->place;
        book->best_moved = 1;
    }
    page->taken &= ~(UINT64_C(1) << node->place);
    page->levels[node->place] = BOOK_NONE;
    if (page->taken == 0)
        book_page_remove(book, side, node->page);
    side->level_count--;
    release(book, level);
}
