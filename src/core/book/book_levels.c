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

#include <string.h>

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
    uint64_t below = (UINT64_C(1) << 63) / size;
    return (book_tick){.size = size,
                       .inverse = inverse_of(odd),
                       .below = below,
                       .offset = below << shift,
                       .most = below + INT64_MAX / size,
                       .shift = shift};
}

/* The page of a number, made if there is none. */
static uint32_t page_for(tw_book *book, tw_symbol symbol, uint32_t side, int64_t number) {
    uint32_t page = book_page_find(book, &book->symbols[symbol], side, number);
    return page != BOOK_NONE ? page : book_page_insert(book, symbol, side, number);
}

/* Puts a copy of a level that was taken out of its page where the tick says now; its index. */
static uint32_t settle_level(tw_book *book, tw_symbol symbol_index, uint32_t side,
                             const book_level *level, int64_t price) {
    int64_t key = 0;
    bool whole = book_key_of(&book->symbols[symbol_index], side, price, &key);
    TW_ASSERT(whole);
    uint32_t page = page_for(book, symbol_index, side, key >> 6);
    uint32_t index = page << 6 | (uint32_t)(key & 63);
    book->pages[page].taken |= book_place_bit(index);
    *book_level_at(book, index) = *level;
    if (level->order_count == 0)
        *book_link_of(book, index) = (book_link){index, index};
    uint32_t order = level->link.next;
    for (uint32_t i = 0; i < level->order_count; i++) {
        book_order_at(book, order)->level = index;
        order = book_link_of(book, order)->next;
    }
    book_link_of(book, book_link_of(book, index)->next)->previous = index;
    book_link_of(book, book_link_of(book, index)->previous)->next = index;
    return index;
}

/* Page by page, so that there are never more pages than levels: a page is copied out and freed
 * before the places for its levels are made. The first level of the first page is the best. */
static void move_side(tw_book *book, tw_symbol symbol_index, uint32_t page, const book_tick *old) {
    book_slot copy[BOOK_PAGE_SIZE];
    bool first = true;
    while (page != BOOK_NONE) {
        const book_page moving = book->pages[page];
        book_side *side = book_side_of(&book->symbols[symbol_index], moving.side);
        memcpy(copy, &book->slots[(size_t)page << 6], sizeof copy);
        book_page_clean(book, page);
        book_page_release(book, page);
        for (uint64_t left = moving.taken; left != 0; left &= left - 1) {
            uint32_t place = (uint32_t)__builtin_ctzll(left);
            int64_t key = moving.number * BOOK_PAGE_SIZE + place;
            uint32_t index = settle_level(book, symbol_index, moving.side, &copy[place].level,
                                          book_price_of_key(old, moving.side, key));
            if (first)
                book_lead(book, side, index);
            first = false;
        }
        page = moving.beside[1];
    }
}

/* The first page of a side, when those without levels are gone. */
static uint32_t first_full_page(tw_book *book, uint32_t root) {
    uint32_t page = root;
    while (page != BOOK_NONE && book->pages[page].child[0] != BOOK_NONE)
        page = book->pages[page].child[0];
    uint32_t first = BOOK_NONE;
    while (page != BOOK_NONE) {
        uint32_t next = book->pages[page].beside[1];
        if (book->pages[page].taken == 0)
            book_page_remove(book, page);
        else if (first == BOOK_NONE)
            first = page;
        page = next;
    }
    return first;
}

/* Makes the tick small enough for a price. */
static void learn_tick(tw_book *book, tw_symbol symbol_index, int64_t price) {
    book_symbol *symbol = &book->symbols[symbol_index];
    uint64_t size = price < 0 ? -(uint64_t)price : (uint64_t)price;
    const book_tick old = symbol->tick;
    uint32_t first[2];
    for (int i = 0; i < 2; i++) {
        first[i] = first_full_page(book, symbol->roots[i]);
        symbol->roots[i] = BOOK_NONE;
    }
    memset(symbol->near, 0, sizeof symbol->near);
    symbol->tick = tick_of(common_divisor(old.size, size));
    for (int i = 0; i < 2; i++)
        move_side(book, symbol_index, first[i], &old);
}

book_seat book_make_seat(tw_book *book, tw_symbol symbol_index, uint32_t side, int64_t price) {
    const book_symbol *symbol = &book->symbols[symbol_index];
    int64_t key = 0;
    if (!book_key_of(symbol, side, price, &key) || symbol->tick.inverse == 0) {
        learn_tick(book, symbol_index, price);
        bool whole = book_key_of(symbol, side, price, &key);
        TW_ASSERT(whole);
    }
    return book_seat_in(book, page_for(book, symbol_index, side, key >> 6), key);
}

book_change book_level_gone(tw_book *book, book_side *side, uint32_t level) {
    book_change change = 0;
    if (side->best == level) {
        book_lead(book, side, book_level_worse(book, level));
        change = BOOK_MOVED;
    }
    if (book->pages[level >> 6].taken == 0)
        book_page_rest(book, level >> 6);
    return change;
}
