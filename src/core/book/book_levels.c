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
#include "book_levels.h"

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

/* The page of a number, made if there is none. */
static uint32_t page_for(tw_book *book, tw_symbol symbol, uint32_t side, int64_t number) {
    uint32_t page = book_page_find(book, &book->symbols[symbol], side, number);
    return page != BOOK_NONE ? page : book_page_insert(book, symbol, side, number);
}

/* Takes every level of a side out of its page, and all pages away; the levels are chained through
 * `page`. */
static uint32_t take_apart(tw_book *book, const book_side *side, uint32_t chain) {
    uint32_t level = side->best;
    while (level != BOOK_NONE) {
        uint32_t worse = book_level_worse(book, level);
        book_level *node = &book->levels[level];
        book->pages[node->page].taken &= ~(UINT64_C(1) << node->place);
        book->pages[node->page].levels[node->place] = BOOK_NONE;
        node->page = chain;
        chain = level;
        level = worse;
    }
    while (side->root != BOOK_NONE)
        book_page_remove(book, side->root);
    return chain;
}

/* Makes the tick small enough for a price. */
static void learn_tick(tw_book *book, tw_symbol symbol_index, int64_t price) {
    book_symbol *symbol = &book->symbols[symbol_index];
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
        book_put_in_page(book, chain, page_for(book, symbol_index, node->side, key >> 6), key);
        if (side->best == chain)
            side->best_key = key;
        chain = next;
    }
}

uint32_t book_make_page(tw_book *book, tw_symbol symbol_index, uint32_t side, int64_t price) {
    const book_symbol *symbol = &book->symbols[symbol_index];
    int64_t key = 0;
    if (!book_key_of(symbol, side, price, &key) || symbol->tick.inverse == 0) {
        learn_tick(book, symbol_index, price);
        bool whole = book_key_of(symbol, side, price, &key);
        TW_ASSERT(whole);
    }
    return page_for(book, symbol_index, side, key >> 6);
}

void book_best_leaves(tw_book *book, book_side *side) {
    side->best = book_level_worse(book, side->best);
    const book_level *best = &book->levels[side->best];
    side->best_key = book->pages[best->page].number * BOOK_PAGE_SIZE + best->place;
    book->best_moved = 1;
}
