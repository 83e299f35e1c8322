/*
 * book_check.c - walks every structure of a book and asserts the invariants of book_priv.h.
 *
 * Idea: lists are walked from their heads and trees from their roots; counting what is met there
 * and comparing it with the pools' own counts shows that nothing is lost and nothing is met twice.
 */
#include "book_ids.h"
#include "book_levels.h"

typedef struct walk {
    uint32_t order_count;
    uint32_t level_count;
    uint32_t page_count;
} walk;

/* B4 and B5 for one level. */
static void check_queue(const tw_book *book, uint32_t at, walk *met) {
    const book_level *level = book_level_at(book, at);
    int64_t quantity = 0;
    uint32_t order_count = 0;
    uint32_t previous = at;
    for (uint32_t index = level->link.next; index != at; index = book_link_of(book, index)->next) {
        const book_order *order = book_order_at(book, index);
        TW_ASSERT(index >= book->order_first && index < book->order_high);
        TW_ASSERT(order_count < book->order_count);
        TW_ASSERT(order->level == at && order->symbol == book_page_of(book, at)->symbol);
        TW_ASSERT(order->link.previous == previous && order->id != 0 && order->quantity > 0);
        TW_ASSERT(!__builtin_add_overflow(quantity, order->quantity, &quantity));
        TW_ASSERT(book_ids_seek(book, order->symbol, order->id).order == index);
        previous = index;
        order_count++;
    }
    TW_ASSERT(level->link.previous == previous && level->order_count == order_count);
    bool by_order = book->symbols[book_page_of(book, at)->symbol].way == BOOK_BY_ORDER;
    TW_ASSERT(by_order == (order_count > 0));
    TW_ASSERT(level->quantity > 0 && (!by_order || level->quantity == quantity));
    met->order_count += order_count;
}

/* B2 for the tree below `at`; moves *next along the list and returns the depth. An AVL tree of
 * 2^30 pages is less than 45 deep, which bounds the recursion. */
static int check_tree(const tw_book *book, uint32_t at, uint32_t parent, uint32_t *next) {
    if (at == BOOK_NONE)
        return 0;
    const book_page *page = &book->pages[at];
    TW_ASSERT(at <= book->page_high && page->parent == parent);
    int better = check_tree(book, page->child[0], at, next);
    TW_ASSERT(*next == at);
    *next = page->beside[1];
    int worse = check_tree(book, page->child[1], at, next);
    TW_ASSERT(worse - better == page->balance);
    TW_ASSERT(page->balance >= -1 && page->balance <= 1);
    return 1 + (better > worse ? better : worse);
}

static uint32_t first_page(const tw_book *book, uint32_t root) {
    uint32_t page = root;
    while (page != BOOK_NONE && book->pages[page].child[0] != BOOK_NONE)
        page = book->pages[page].child[0];
    return page;
}

/* B3 for one level: its price is as many ticks as its key says. */
static void check_place(const tw_book *book, const book_symbol *symbol, uint32_t at) {
    int64_t price = book_price_at(book, at);
    int64_t key = 0;
    TW_ASSERT(book_key_of(symbol, book_side_at(book, at), price, &key) &&
              key == book_key_at(book, at));
    uint64_t size = price < 0 ? -(uint64_t)price : (uint64_t)price;
    TW_ASSERT(symbol->tick.size == 0 ? size == 0 : size % symbol->tick.size == 0);
}

/* B2, B3 and B8 for one side: its pages, one after another. */
static void check_pages(const tw_book *book, const book_symbol *symbol, uint32_t side_name,
                        walk *met) {
    uint32_t root = symbol->roots[side_name - 1];
    uint32_t first = first_page(book, root);
    uint32_t better = BOOK_NONE;
    for (uint32_t at = first; at != BOOK_NONE; at = book->pages[at].beside[1]) {
        const book_page *page = &book->pages[at];
        TW_ASSERT(at <= book->page_high && page->beside[0] == better);
        TW_ASSERT(page->taken != 0 || page->idle != 0);
        TW_ASSERT(page->idle == 0 || book->idle[page->idle - 1] == at);
        TW_ASSERT(page->side == side_name && symbol == &book->symbols[page->symbol]);
        TW_ASSERT(better == BOOK_NONE || book->pages[better].number < page->number);
        for (uint64_t left = page->taken; left != 0; left &= left - 1)
            check_place(book, symbol, at << 6 | (uint32_t)__builtin_ctzll(left));
        met->page_count++;
        better = at;
    }
    uint32_t next = first;
    check_tree(book, root, BOOK_NONE, &next);
    TW_ASSERT(next == BOOK_NONE);
    for (uint32_t i = 0; i < BOOK_NEAR_COUNT; i++) {
        uint32_t near = symbol->near[side_name - 1][i];
        TW_ASSERT(near == BOOK_NONE || (uint64_t)book->pages[near].number % BOOK_NEAR_COUNT == i);
        TW_ASSERT(book->pages[near].number != BOOK_KEY_NONE >> 6);
        TW_ASSERT(book_page_search(book, root, book->pages[near].number) == near ||
                  near == BOOK_NONE);
    }
}

/* B4 and B6 for one side: its levels, one after another. */
static void check_side(const tw_book *book, tw_symbol symbol, uint32_t side_name, walk *met) {
    const book_side *side = &book->symbols[symbol].sides[side_name - 1];
    check_pages(book, &book->symbols[symbol], side_name, met);
    uint32_t better = BOOK_NONE;
    for (uint32_t at = side->best; at != BOOK_NONE; at = book_level_worse(book, at)) {
        TW_ASSERT(book_page_of(book, at)->symbol == symbol && book_side_at(book, at) == side_name);
        TW_ASSERT(better == BOOK_NONE ||
                  book_is_better(side_name, book_price_at(book, better), book_price_at(book, at)));
        TW_ASSERT(book->config.allow_nonpositive_prices || book_price_at(book, at) > 0);
        check_queue(book, at, met);
        met->level_count++;
        better = at;
    }
    uint32_t root = book->symbols[symbol].roots[side_name - 1];
    TW_ASSERT(side->best == book_level_first(book, first_page(book, root)));
    if (side->best != BOOK_NONE)
        TW_ASSERT(side->best_key == book_key_at(book, side->best));
    else
        TW_ASSERT(side->best_key == BOOK_KEY_NONE || root == BOOK_NONE);
}

/* B7. */
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

/* B9: a place without a level can be stood on at once. */
static void check_places(const tw_book *book) {
    for (uint32_t at = BOOK_PAGE_SIZE; at >> 6 <= book->page_high; at++) {
        const book_level *level = book_level_at(book, at);
        if ((book_page_of(book, at)->taken & book_place_bit(at)) != 0)
            continue;
        TW_ASSERT(level->quantity == 0 && level->order_count == 0);
        TW_ASSERT(level->link.next == at && level->link.previous == at);
    }
}

/* B1: live and free slots are all slots below the high marks. */
static void check_pools(const tw_book *book) {
    uint32_t free_count = 0;
    uint32_t used = book->order_high - book->order_first;
    for (uint32_t at = book->order_free; at != BOOK_NONE; at = book_link_of(book, at)->next) {
        TW_ASSERT(at >= book->order_first && at < book->order_high && free_count < used);
        TW_ASSERT(book_order_at(book, at)->level == BOOK_NONE);
        free_count++;
    }
    TW_ASSERT(free_count + book->order_count == used);
    TW_ASSERT(used <= book->order_count_limit);
    TW_ASSERT(book->order_count_limit <= book->config.order_count_max);
    free_count = 0;
    for (uint32_t at = book->page_free; at != BOOK_NONE; at = book->pages[at].parent) {
        const book_page *page = &book->pages[at];
        TW_ASSERT(at <= book->page_high && free_count < book->page_high && page->taken == 0);
        TW_ASSERT(page->idle == 0);
        free_count++;
    }
    TW_ASSERT(free_count + book->page_count == book->page_high);
    TW_ASSERT(book->level_count <= book->config.level_count_max);
    TW_ASSERT(book->page_high < book_page_slots(&book->config));
    TW_ASSERT(book->pages[0].taken == 0 && book_level_at(book, 0)->quantity == 0);
}

/* B5: with every order found from its home, equal numbers mean that no slot is left over, and
 * nothing is passed by more than it should be if the table's own count of passing is met. */
static void check_buckets(const tw_book *book) {
    uint32_t taken = 0;
    uint64_t passed = 0;
    uint64_t distance = 0;
    uint32_t away = 0;
    for (uint32_t at = 0; at <= book->bucket_mask; at++) {
        const book_bucket *bucket = &book->buckets[at];
        passed += bucket->passed_count;
        for (uint32_t slot = 0; slot < BOOK_BUCKET_SIZE; slot++) {
            TW_ASSERT(bucket->marks[slot] == 0 || bucket->orders[slot] != BOOK_NONE);
            if (bucket->marks[slot] == 0)
                continue;
            const book_order *order = book_order_at(book, bucket->orders[slot]);
            const book_bucket *home =
                book_ids_home(book, book_id_hash(book, order->symbol, order->id));
            distance += (size_t)(bucket - home) & book->bucket_mask;
            TW_ASSERT(((size_t)(bucket - home) & book->bucket_mask) <= book->passed_most);
            away += bucket != home;
            taken++;
        }
    }
    TW_ASSERT(taken == book->order_count && passed == distance && away == book->away_count);
}

void tw_book_check(const tw_book *book) {
    TW_ASSERT(book != NULL);
    walk met = {0, 0, 0};
    for (tw_symbol symbol = 0; symbol < book->config.symbol_count_max; symbol++) {
        check_side(book, symbol, TW_SIDE_BUY, &met);
        check_side(book, symbol, TW_SIDE_SELL, &met);
        check_crossing(book, symbol);
    }
    TW_ASSERT(met.order_count == book->order_count);
    TW_ASSERT(met.level_count == book->level_count);
    TW_ASSERT(met.page_count == book->page_count);
    check_pools(book);
    check_places(book);
    check_buckets(book);
}
