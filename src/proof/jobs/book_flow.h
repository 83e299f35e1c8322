/*
 * book_flow.h - a book of so many orders, what happens to it next, and the way back.
 *
 * All ways of the order book begin a repetition with the same orders: first they take the fill,
 * then after each repetition the repair, which undoes the operations it did.
 */
#ifndef TRADEWIND_PROOF_BOOK_FLOW_H
#define TRADEWIND_PROOF_BOOK_FLOW_H

#include "peer_book_map.h"
#include "tradewind/status.h"

enum { BOOK_FLOW_OPS = 200000, BOOK_FLOW_PRICES = 40000 /* at most that there are */ };

typedef struct book_flow {
    uint32_t live;     /* orders at the beginning, and about as many at any time */
    uint32_t id_count; /* ids are below it */
    stream_op *fill;   /* [live], of the ids from 1 on */
    stream_op *ops;    /* [BOOK_FLOW_OPS] */
    stream_op *repair; /* [2 x BOOK_FLOW_OPS] */
    uint32_t *left;    /* [id_count], of each order at the beginning */
} book_flow;

/* TW_NO_MEMORY. To be freed in any case. */
tw_status book_flow_make(book_flow *flow, uint32_t live) TW_MUST_CHECK;
void book_flow_free(book_flow *flow);

/* Writes flow->repair for a book that has taken the first `count` operations; returns how many. */
uint32_t book_flow_repair(book_flow *flow, uint32_t count);

#endif
