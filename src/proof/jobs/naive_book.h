/*
 * naive_book.h - an order book of lists, as one writes it first: price levels in a sorted list,
 * searched from the best one on, and all orders in one list in the order in which they came,
 * searched by id.
 */
#ifndef TRADEWIND_PROOF_NAIVE_BOOK_H
#define TRADEWIND_PROOF_NAIVE_BOOK_H

#include "peer_book_map.h"
#include "tradewind/status.h"

typedef struct naive_book naive_book;

/* Room for so many orders, and as many levels a side. TW_NO_MEMORY. */
tw_status naive_book_new(uint32_t order_count_max, naive_book **ret_book) TW_MUST_CHECK;
void naive_book_free(naive_book *book); /* takes NULL */

void naive_book_apply(naive_book *book, const stream_op *op);
void naive_book_best(const naive_book *book, peer_best *ret_best);

#endif
