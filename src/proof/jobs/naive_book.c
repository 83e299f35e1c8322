/* naive_book.c - see naive_book.h. */
#include "naive_book.h"

#include <stdbool.h>
#include <string.h>

#include "tradewind/alloc.h"

typedef struct naive_order {
    uint64_t id;
    int32_t price;
    uint32_t quantity;
    uint32_t side;
} naive_order;

typedef struct naive_level {
    int32_t price;
    uint64_t quantity;
} naive_level;

struct naive_book {
    naive_order *orders;
    naive_level *levels[2]; /* of each side, the best first */
    uint32_t order_count;
    uint32_t level_counts[2];
    uint32_t capacity;
};

tw_status naive_book_new(uint32_t order_count_max, naive_book **ret_book) {
    const tw_allocator *allocator = tw_allocator_system();
    naive_book *book = TW_NEW(allocator, 1, naive_book);
    if (book == NULL)
        return TW_NO_MEMORY;
    *book = (naive_book){.capacity = order_count_max};
    book->orders = TW_NEW(allocator, order_count_max, naive_order);
    book->levels[0] = TW_NEW(allocator, order_count_max, naive_level);
    book->levels[1] = TW_NEW(allocator, order_count_max, naive_level);
    if (book->orders == NULL || book->levels[0] == NULL || book->levels[1] == NULL) {
        naive_book_free(book);
        return TW_NO_MEMORY;
    }
    *ret_book = book;
    return TW_OK;
}

void naive_book_free(naive_book *book) {
    const tw_allocator *allocator = tw_allocator_system();
    if (book == NULL)
        return;
    TW_DELETE(allocator, book->orders, book->capacity, naive_order);
    TW_DELETE(allocator, book->levels[0], book->capacity, naive_level);
    TW_DELETE(allocator, book->levels[1], book->capacity, naive_level);
    TW_DELETE(allocator, book, 1, naive_book);
}

/* The place of a price among the levels of a side, or where it would be. */
static uint32_t find_level(const naive_book *book, uint32_t side, int32_t price) {
    const naive_level *levels = book->levels[side];
    uint32_t at = 0;
    if (side == 0) {
        while (at < book->level_counts[side] && levels[at].price > price)
            at++;
    } else {
        while (at < book->level_counts[side] && levels[at].price < price)
            at++;
    }
    return at;
}

static void add(naive_book *book, const stream_op *op) {
    TW_ASSERT(book->order_count < book->capacity);
    book->orders[book->order_count++] = (naive_order){op->id, op->price, op->quantity, op->side};
    naive_level *levels = book->levels[op->side];
    uint32_t *count = &book->level_counts[op->side];
    uint32_t at = find_level(book, op->side, op->price);
    if (at == *count || levels[at].price != op->price) {
        memmove(&levels[at + 1], &levels[at], (*count - at) * sizeof *levels);
        levels[at] = (naive_level){.price = op->price};
        ++*count;
    }
    levels[at].quantity += op->quantity;
}

static void take(naive_book *book, const stream_op *op) {
    uint32_t at = 0;
    while (at < book->order_count && book->orders[at].id != op->id)
        at++;
    TW_ASSERT(at < book->order_count);
    naive_order *order = &book->orders[at];
    naive_level *levels = book->levels[order->side];
    uint32_t *count = &book->level_counts[order->side];
    uint32_t level = find_level(book, order->side, order->price);
    levels[level].quantity -= op->quantity;
    if (levels[level].quantity == 0) {
        --*count;
        memmove(&levels[level], &levels[level + 1], (*count - level) * sizeof *levels);
    }
    order->quantity -= op->quantity;
    if (order->quantity == 0) {
        book->order_count--;
        memmove(order, order + 1, (book->order_count - at) * sizeof *order);
    }
}

void naive_book_apply(naive_book *book, const stream_op *op) {
    if (op->kind == 0)
        add(book, op);
    else
        take(book, op);
}

void naive_book_best(const naive_book *book, peer_best *ret_best) {
    *ret_best = (peer_best){0};
    if (book->level_counts[0] > 0) {
        ret_best->bid_price = book->levels[0][0].price;
        ret_best->bid_quantity = book->levels[0][0].quantity;
    }
    if (book->level_counts[1] > 0) {
        ret_best->ask_price = book->levels[1][0].price;
        ret_best->ask_quantity = book->levels[1][0].quantity;
    }
}
