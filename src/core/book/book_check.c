/*
 * book_check.c - walks every structure of a book and asserts the invariants of book_priv.h.
 *
 * Idea: lists are walked from their heads and trees from their roots; counting what is met there
 * and comparing it with the pools' own counts shows that nothing is lost and nothing is met twice.
 */
#include "book_priv.h"

typedef struct walk {
    uint32_t order_count;
    uint32_t level_count;
} walk;

/* B3 and B4 for one level. */
static void check_queue(const tw_book *book, uint32_t at, walk *met) {
    const book_level *level = &book->levels[at];
    int64_t quantity = 0;
    uint32_t order_count = 0;
    uint32_t previous = BOOK_NONE;
    for (uint32_t index = level->head; index != BOOK_NONE; index = book->orders[index].next) {
        const book_order *order = &book->orders[index];
        TW_ASSERT(index <= book->order_high && order_count < book->order_count);
        TW_ASSERT(order->level == at && order->symbol == level->symbol);
        TW_ASSERT(order->previous == previous && order->id != 0 && order->quantity > 0);
        TW_ASSERT(!__builtin_add_overflow(quantity, order->quantity, &quantity));
        uint32_t slot = book_ids_seek(book, order->symbol, order->id);
        TW_ASSERT(book->slots[slot].order == index);
        previous = index;
        order_count++;
    }
    TW_ASSERT(level->tail == previous && level->order_count == order_count);
    bool by_order = book->symbols[level->symbol].way == BOOK_BY_ORDER;
    TW_ASSERT(by_order == (order_count > 0));
    TW_ASSERT(level->quantity > 0 && (!by_order || level->quantity == quantity));
    met->order_count += order_count;
}

/* B2 for the tree below `at`; moves *next along the list and returns the depth. An AVL tree of
 * 2^30 levels is less than 45 deep, which bounds the recursion. */
static int check_tree(const tw_book *book, uint32_t at, uint32_t parent, uint32_t *next) {
    if (at == BOOK_NONE)
        return 0;
    const book_level *level = &book->levels[at];
    TW_ASSERT(at <= book->level_high && level->parent == parent);
    int better = check_tree(book, level->child[0], at, next);
    TW_ASSERT(*next == at);
    *next = level->beside[1];
    int worse = check_tree(book, level->child[1], at, next);
    TW_ASSERT(worse - better == level->balance);
    TW_ASSERT(level->balance >= -1 && level->balance <= 1);
    return 1 + (better > worse ? better : worse);
}

/* B2, B3 and B5 for one side. */
static void check_side(const tw_book *book, tw_symbol symbol, uint32_t side_name, walk *met) {
    const book_side *side = &book->symbols[symbol].sides[side_name - 1];
    walk before = *met;
    uint32_t better = BOOK_NONE;
    for (uint32_t at = side->best; at != BOOK_NONE; at = book->levels[at].beside[1]) {
        const book_level *level = &book->levels[at];
        TW_ASSERT(at <= book->level_high && level->beside[0] == better);
        TW_ASSERT(level->symbol == symbol && level->side == side_name);
        TW_ASSERT(better == BOOK_NONE || book->levels[better].key < level->key);
        TW_ASSERT(book->config.allow_nonpositive_prices || book_price(level) > 0);
        check_queue(book, at, met);
        met->level_count++;
        better = at;
    }
    TW_ASSERT(met->level_count - before.level_count == side->level_count);
    TW_ASSERT(met->order_count - before.order_count == side->order_count);
    uint32_t next = side->best;
    check_tree(book, side->root, BOOK_NONE, &next);
    TW_ASSERT(next == BOOK_NONE);
}

/* B6. */
static void check_crossing(const tw_book *book, tw_symbol symbol) {
    tw_quote best;
    tw_book_crossing crossing = TW_BOOK_UNCROSSED;
    tw_book_best(book, symbol, &best);
    if (best.bid_size.nano > 0 && best.ask_size.nano > 0) {
        if (best.bid_price.nano == best.ask_price.nano)
            crossing = TW_BOOK_LOCKED;
        else if (best.bid_price.nano > best.ask_price.nano)
            crossing = TW_BOOK_CROSSED;
    }
    TW_ASSERT(crossing == tw_book_crossed(book, symbol));
}

/* B1: live and free slots are all slots below the high marks. */
static void check_pools(const tw_book *book) {
    uint32_t free_count = 0;
    for (uint32_t at = book->order_free; at != BOOK_NONE; at = book->orders[at].next) {
        TW_ASSERT(at <= book->order_high && free_count < book->order_high);
        TW_ASSERT(book->orders[at].level == BOOK_NONE);
        free_count++;
    }
    TW_ASSERT(free_count + book->order_count == book->order_high);
    free_count = 0;
    for (uint32_t at = book->level_free; at != BOOK_NONE; at = book->levels[at].parent) {
        TW_ASSERT(at <= book->level_high && free_count < book->level_high);
        TW_ASSERT(book->levels[at].side == TW_SIDE_NONE);
        free_count++;
    }
    TW_ASSERT(free_count + book->level_count == book->level_high);
    TW_ASSERT(book->order_high <= book->config.order_count_max);
    TW_ASSERT(book->level_high <= book->config.level_count_max);
}

/* B4: with every order found in its slot, equal numbers mean that no slot is left over. */
static void check_slots(const tw_book *book) {
    uint32_t taken = 0;
    for (uint32_t at = 0; at <= book->slot_mask; at++)
        taken += book->slots[at].order != BOOK_NONE;
    TW_ASSERT(taken == book->order_count);
    TW_ASSERT((uint64_t)taken * 2 <= (uint64_t)book->slot_mask + 1);
}

void tw_book_check(const tw_book *book) {
    TW_ASSERT(book != NULL);
    walk met = {0, 0};
    for (tw_symbol symbol = 0; symbol < book->config.symbol_count_max; symbol++) {
        check_side(book, symbol, TW_SIDE_BUY, &met);
        check_side(book, symbol, TW_SIDE_SELL, &met);
        check_crossing(book, symbol);
    }
    TW_ASSERT(met.order_count == book->order_count);
    TW_ASSERT(met.level_count == book->level_count);
    check_pools(book);
    check_slots(book);
}
