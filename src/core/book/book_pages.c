/*
 * book_pages.c - the pages of one side, in order.
 *
 * Idea: an AVL tree finds a page in O(log pages) however sparse the prices are; a list through the
 * same nodes makes the neighbours one step away (B2). Most changes meet a page that was met lately
 * (`near`) and never come here.
 *
 * Nodes never move: levels name their page by index, so a node with two children is not
 * overwritten by its successor, as textbooks do, but relinked.
 */
#include "book_levels.h"

/* Where a number is, or where it would hang in the tree. */
typedef struct tree_spot {
    uint32_t page; /* BOOK_NONE: there is none, and ... */
    uint32_t parent;
    uint32_t direction; /* ... it would be parent's child[direction] */
} tree_spot;

static tree_spot search(const tw_book *book, uint32_t root, int64_t number) {
    const book_page *pages = book->pages;
    tree_spot spot = {root, BOOK_NONE, 0};
    while (spot.page != BOOK_NONE && pages[spot.page].number != number) {
        spot.parent = spot.page;
        spot.direction = number > pages[spot.page].number;
        spot.page = pages[spot.page].child[spot.direction];
    }
    return spot;
}

uint32_t book_page_search(const tw_book *book, uint32_t root, int64_t number) {
    return search(book, root, number).page;
}

static void attach(book_page *pages, uint32_t parent, uint32_t direction, uint32_t child) {
    pages[parent].child[direction] = child;
    if (child != BOOK_NONE)
        pages[child].parent = parent;
}

/* Puts `heir` (maybe nobody) where `node` hangs. */
static void succeed(book_page *pages, uint32_t *root, uint32_t node, uint32_t heir) {
    uint32_t parent = pages[node].parent;
    if (parent != BOOK_NONE) {
        attach(pages, parent, pages[parent].child[1] == node, heir);
        return;
    }
    *root = heir;
    if (heir != BOOK_NONE)
        pages[heir].parent = BOOK_NONE;
}

/* Moves `top` down in `direction`; its other child takes its place. Balances are the caller's. */
static void rotate(book_page *pages, uint32_t *root, uint32_t top, uint32_t direction) {
    uint32_t rising = pages[top].child[!direction];
    succeed(pages, root, top, rising);
    attach(pages, top, !direction, pages[rising].child[direction]);
    attach(pages, rising, direction, top);
}

/* Repairs a node whose balance is two; true when the tree below its place became shorter. */
static bool level_out(book_page *pages, uint32_t *root, uint32_t top) {
    uint32_t heavy = pages[top].balance > 0;
    int32_t sign = heavy ? 1 : -1;
    uint32_t rising = pages[top].child[heavy];
    if (pages[rising].balance == -sign) {
        uint32_t middle = pages[rising].child[!heavy];
        int32_t lean = pages[middle].balance;
        rotate(pages, root, rising, heavy);
        rotate(pages, root, top, !heavy);
        pages[top].balance = lean == sign ? -sign : 0;
        pages[rising].balance = lean == -sign ? sign : 0;
        pages[middle].balance = 0;
        return true;
    }
    bool shorter = pages[rising].balance != 0;
    rotate(pages, root, top, !heavy);
    pages[top].balance = shorter ? 0 : sign;
    pages[rising].balance = shorter ? 0 : -sign;
    return shorter;
}

/* The tree below child[direction] of `node` grew by one. */
static void grew(book_page *pages, uint32_t *root, uint32_t node, uint32_t direction) {
    while (node != BOOK_NONE) {
        pages[node].balance = (pages[node].balance + (direction != 0 ? 1 : -1));
        if (pages[node].balance == 0)
            return;
        if (pages[node].balance == 2 || pages[node].balance == -2) {
            level_out(pages, root, node);
            return;
        }
        uint32_t parent = pages[node].parent;
        direction = pages[parent].child[1] == node;
        node = parent;
    }
}

/* The tree below child[direction] of `node` shrank by one. */
static void shrank(book_page *pages, uint32_t *root, uint32_t node, uint32_t direction) {
    while (node != BOOK_NONE) {
        uint32_t parent = pages[node].parent;
        uint32_t side_of_parent = pages[parent].child[1] == node;
        pages[node].balance = (pages[node].balance + (direction != 0 ? -1 : 1));
        if (pages[node].balance == 1 || pages[node].balance == -1)
            return;
        if (pages[node].balance != 0 && !level_out(pages, root, node))
            return;
        direction = side_of_parent;
        node = parent;
    }
}

void book_page_clean(tw_book *book, uint32_t page) {
    for (uint32_t place = 0; place < BOOK_PAGE_SIZE; place++) {
        uint32_t level = page << 6 | place;
        *book_level_at(book, level) = (book_level){.link = {level, level}};
    }
}

static uint32_t acquire(tw_book *book) {
    TW_ASSERT(book->page_count + 1 < book_page_slots(&book->config));
    book->page_count++;
    uint32_t page = book->page_free;
    if (page != BOOK_NONE) {
        book->page_free = book->pages[page].parent;
        return page;
    }
    book_page_clean(book, ++book->page_high);
    return book->page_high;
}

uint32_t book_page_insert(tw_book *book, tw_symbol symbol, uint32_t side_name, int64_t number) {
    uint32_t *root = &book->symbols[symbol].roots[side_name - 1];
    tree_spot spot = search(book, *root, number);
    TW_ASSERT(spot.page == BOOK_NONE);
    book_page *pages = book->pages;
    uint32_t page = acquire(book);
    book_page *node = &pages[page];
    node->number = number;
    node->parent = spot.parent;
    node->child[0] = node->child[1] = BOOK_NONE;
    node->beside[0] = node->beside[1] = BOOK_NONE;
    node->balance = 0;
    node->symbol = symbol;
    node->side = side_name;
    book_remember(&book->symbols[symbol], side_name, number, page);
    if (spot.parent == BOOK_NONE) {
        TW_ASSERT(*root == BOOK_NONE);
        *root = page;
        return page;
    }
    /* The parent is one neighbour in the list, and its neighbour on our side the other. */
    uint32_t direction = spot.direction;
    uint32_t far = pages[spot.parent].beside[direction];
    node->beside[!direction] = spot.parent;
    node->beside[direction] = far;
    pages[spot.parent].beside[direction] = page;
    if (far != BOOK_NONE)
        pages[far].beside[!direction] = page;
    attach(pages, spot.parent, direction, page);
    grew(pages, root, spot.parent, direction);
    return page;
}

static void unlink_beside(book_page *pages, const book_page *node) {
    uint32_t better = node->beside[0];
    uint32_t worse = node->beside[1];
    if (better != BOOK_NONE)
        pages[better].beside[1] = worse;
    if (worse != BOOK_NONE)
        pages[worse].beside[0] = better;
}

/* The places that remember a page forget it. */
static void forget(tw_book *book, uint32_t page) {
    const book_page *node = &book->pages[page];
    uint32_t *near = book_near(&book->symbols[node->symbol], node->side, node->number);
    if (*near == page)
        *near = BOOK_NONE;
    if (node->idle != 0)
        book->idle[node->idle - 1] = BOOK_NONE;
    book->pages[page].idle = 0;
}

void book_page_release(tw_book *book, uint32_t page) {
    forget(book, page);
    book->pages[page].taken = 0;
    book->pages[page].parent = book->page_free;
    book->page_free = page;
    book->page_count--;
}

void book_page_remove(tw_book *book, uint32_t page) {
    book_page *pages = book->pages;
    const book_page *node = &pages[page];
    uint32_t *root = &book->symbols[node->symbol].roots[node->side - 1];
    uint32_t thinner = node->parent;
    uint32_t direction = 0;
    unlink_beside(pages, node);
    if (node->child[0] != BOOK_NONE && node->child[1] != BOOK_NONE) {
        uint32_t heir = node->beside[1]; /* leftmost below child[1]: it has no child[0] */
        thinner = pages[heir].parent;
        if (thinner == page) {
            thinner = heir;
            direction = 1;
        } else {
            attach(pages, thinner, 0, pages[heir].child[1]);
            attach(pages, heir, 1, node->child[1]);
        }
        attach(pages, heir, 0, node->child[0]);
        pages[heir].balance = node->balance;
        succeed(pages, root, page, heir);
    } else {
        direction = pages[thinner].child[1] == page;
        succeed(pages, root, page, node->child[node->child[0] == BOOK_NONE]);
    }
    shrank(pages, root, thinner, direction);
    book_page_release(book, page);
}

void book_page_rest(tw_book *book, uint32_t page) {
    if (book->pages[page].idle != 0)
        return;
    uint32_t slot = book->idle_next;
    uint32_t longest = book->idle[slot];
    book->idle_next = (slot + 1) % BOOK_IDLE_COUNT;
    book->idle[slot] = BOOK_NONE;
    book->pages[longest].idle = 0; /* it may be nobody */
    if (longest != BOOK_NONE && book->pages[longest].taken == 0)
        book_page_remove(book, longest);
    book->idle[slot] = page;
    book->pages[page].idle = slot + 1;
}
