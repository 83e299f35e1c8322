/*
 * order_rows.h - orders of a store, with what the journal says of why each was made.
 *
 * The row of an order has its state; its `intent` in the journal has the reason, the decision that
 * it follows from and the price that was seen then. One pass over either.
 *
 * Memory: about 350 bytes for each order that is kept. Cost: every order and every journal entry is
 * read once.
 */
#ifndef TRADEWIND_CLI_ORDER_ROWS_H
#define TRADEWIND_CLI_ORDER_ROWS_H

#include "tradewind/store.h"

enum { ORDER_ROWS_MAX = 1000000, ORDER_WHY_SIZE = 32 };

typedef struct order_row {
    tw_order order;
    char why[ORDER_WHY_SIZE]; /* empty: the journal has no intent of it */
    uint64_t intent;          /* journal sequence of its own entry; 0: there is none */
    uint64_t decision;        /* of the decision that it follows from; 0: unknown */
    tw_price mark;            /* what its symbol was worth when it was intended; 0: unknown */
} order_row;

typedef struct order_filter {
    tw_symbol symbol;       /* TW_SYMBOL_NONE: any */
    bool open;              /* only those that are not at their end */
    int64_t since_ns;       /* made at or after; 0: any time */
    uint64_t from_sequence; /* only those whose intent stands there or later; 0: any */
    size_t limit;           /* 1 to ORDER_ROWS_MAX: the newest are kept */
} order_filter;

/* Zeroed, it is empty. */
typedef struct order_rows {
    order_row *rows; /* the oldest first */
    size_t count;
    size_t capacity;
    uint64_t total; /* that the filter let through, kept or not */
} order_rows;

/* TW_NO_MEMORY, and what reading the store or its journal fails with. Release in any case. */
tw_status order_rows_read(tw_store *store, const order_filter *filter, order_rows *ret_rows,
                          tw_error *error) TW_MUST_CHECK;
void order_rows_done(order_rows *rows);

#endif
