/*
 * book_ladder.c - the price levels of one side, in order.
 *
 * Idea: an AVL tree finds a price in O(log levels) however sparse the prices are; a list through
 * the same nodes makes the best level and its neighbours one step away (B2). New levels appear
 * mostly at the best price or beside it, so the best is looked at before the tree.
 *
 * Nodes never move: orders name their level by index, so a node with two children is not
 * overwritten by its successor, as textbooks do, but relinked.
 */
#include "book_priv.h"

#include <string.h>

book_spot book_ladder_seek(const tw_book *book, const book_side *side, int64_t key) {
    const book_level *levels = book->levels;
    if (side->best != BOOK_NONE && key <= levels[side->best].key) {
        bool found = key == levels[side->best].key;
        return (book_spot){found ? side->best : BOOK_NONE, side->best, 0};
    }
    book_spot spot = {side->root, BOOK_NONE, 0};
    while (spot.level != BOOK_NONE && levels[spot.level].key != key) {
        spot.parent = spot.level;
        spot.direction = key > levels[spot.level].key;
        spot.level = levels[spot.level].child[spot.direction];
    }
    return spot;
}

static void attach(book_level *levels, uint32_t parent, uint32_t direction, uint32_t child) {
    levels[parent].child[direction] = child;
    if (child != BOOK_NONE)
        levels[child].parent = parent;
}

/* Puts `heir` (maybe nobody) where `node` hangs. */
static void succeed(book_level *levels, book_side *side, uint32_t node, uint32_t heir) {
    uint32_t parent = levels[node].parent;
    if (parent != BOOK_NONE) {
        attach(levels, parent, levels[parent].child[1] == node, heir);
        return;
    }
    side->root = heir;
    if (heir != BOOK_NONE)
        levels[heir].parent = BOOK_NONE;
}

/* Moves `top` down in `direction`; its other child takes its place. Balances are the caller's. */
static void rotate(book_level *levels, book_side *side, uint32_t top, uint32_t direction) {
    uint32_t rising = levels[top].child[!direction];
    succeed(levels, side, top, rising);
    attach(levels, top, !direction, levels[rising].child[direction]);
    attach(levels, rising, direction, top);
}

/* Repairs a node whose balance is two; true when the tree below its place became shorter. */
static bool level_out(book_level *levels, book_side *side, uint32_t top) {
    uint32_t heavy = levels[top].balance > 0;
    int8_t sign = heavy ? 1 : -1;
    uint32_t rising = levels[top].child[heavy];
    if (levels[rising].balance == -sign) {
        uint32_t middle = levels[rising].child[!heavy];
        int8_t lean = levels[middle].balance;
        rotate(levels, side, rising, heavy);
        rotate(levels, side, top, !heavy);
        levels[top].balance = lean == sign ? (int8_t)-sign : 0;
        levels[rising].balance = lean == -sign ? sign : 0;
        levels[middle].balance = 0;
        return true;
    }
    bool shorter = levels[rising].balance != 0;
    rotate(levels, side, top, !heavy);
    levels[top].balance = shorter ? 0 : sign;
    levels[rising].balance = shorter ? 0 : (int8_t)-sign;
    return shorter;
}

/* The tree below child[direction] of `node` grew by one. */
static void grew(book_level *levels, book_side *side, uint32_t node, uint32_t direction) {
    while (node != BOOK_NONE) {
        levels[node].balance = (int8_t)(levels[node].balance + (direction != 0 ? 1 : -1));
        if (levels[node].balance == 0)
            return;
        if (levels[node].balance == 2 || levels[node].balance == -2) {
            level_out(levels, side, node);
            return;
        }
        uint32_t parent = levels[node].parent;
        direction = levels[parent].child[1] == node;
        node = parent;
    }
}

/* The tree below child[direction] of `node` shrank by one. */
static void shrank(book_level *levels, book_side *side, uint32_t node, uint32_t direction) {
    while (node != BOOK_NONE) {
        uint32_t parent = levels[node].parent;
        uint32_t side_of_parent = levels[parent].child[1] == node;
        levels[node].balance = (int8_t)(levels[node].balance + (direction != 0 ? -1 : 1));
        if (levels[node].balance == 1 || levels[node].balance == -1)
            return;
        if (levels[node].balance != 0 && !level_out(levels, side, node))
            return;
        direction = side_of_parent;
        node = parent;
    }
}

static uint32_t acquire(tw_book *book) {
    TW_ASSERT(book->level_count < book->config.level_count_max);
    book->level_count++;
    uint32_t level = book->level_free;
    if (level != BOOK_NONE)
        book->level_free = book->levels[level].parent;
    else
        level = ++book->level_high;
    return level;
}

void book_level_release(tw_book *book, uint32_t level) {
    book->levels[level].side = TW_SIDE_NONE;
    book->levels[level].parent = book->level_free;
    book->level_free = level;
    book->level_count--;
}

uint32_t book_ladder_insert(tw_book *book, tw_symbol symbol, uint32_t side_name, int64_t key,
                            book_spot spot) {
    TW_ASSERT(spot.level == BOOK_NONE);
    book_side *side = book_side_of(&book->symbols[symbol], side_name);
    book_level *levels = book->levels;
    uint32_t level = acquire(book);
    book_level *node = &levels[level];
    *node = (book_level){.key = key, .symbol = symbol, .side = (uint8_t)side_name};
    side->level_count++;
    if (spot.parent == BOOK_NONE) {
        TW_ASSERT(side->root == BOOK_NONE);
        side->root = level;
        side->best = level;
        return level;
    }
    /* The parent is one neighbour in the list, and its neighbour on our side the other. */
    uint32_t direction = spot.direction;
    uint32_t far = levels[spot.parent].beside[direction];
    node->beside[!direction] = spot.parent;
    node->beside[direction] = far;
    levels[spot.parent].beside[direction] = level;
    if (far != BOOK_NONE)
        levels[far].beside[!direction] = level;
    if (node->beside[0] == BOOK_NONE)
        side->best = level;
    attach(levels, spot.parent, direction, level);
    grew(levels, side, spot.parent, direction);
    return level;
}

static void unlink_beside(book_level *levels, book_side *side, const book_level *node) {
    uint32_t better = node->beside[0];
    uint32_t worse = node->beside[1];
    if (better != BOOK_NONE)
        levels[better].beside[1] = worse;
    else
        side->best = worse;
    if (worse != BOOK_NONE)
        levels[worse].beside[0] = better;
}

void book_ladder_remove(tw_book *book, uint32_t level) {
    book_level *levels = book->levels;
    const book_level *node = &levels[level];
    book_side *side = book_side_of(&book->symbols[node->symbol], node->side);
    uint32_t thinner = node->parent;
    uint32_t direction = 0;
    unlink_beside(levels, side, node);
    if (node->child[0] != BOOK_NONE && node->child[1] != BOOK_NONE) {
        uint32_t heir = node->beside[1]; /* leftmost below child[1]: it has no child[0] */
        thinner = levels[heir].parent;
        if (thinner == level) {
            thinner = heir;
            direction = 1;
        } else {
            attach(levels, thinner, 0, levels[heir].child[1]);
            attach(levels, heir, 1, node->child[1]);
        }
        attach(levels, heir, 0, node->child[0]);
        levels[heir].balance = node->balance;
        succeed(levels, side, level, heir);
    } else {
        direction = levels[thinner].child[1] == level;
        succeed(levels, side, level, node->child[node->child[0] == BOOK_NONE]);
    }
    shrank(levels, side, thinner, direction);
    side->level_count--;
    book_level_release(book, level);
}
