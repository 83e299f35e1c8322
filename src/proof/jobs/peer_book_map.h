/*
 * peer_book_map.h - the usual order book of C++, to measure ours beside: a std::map of prices a
 * side and a std::unordered_map of orders; totals only, no queues, nothing checked.
 */
#ifndef TRADEWIND_PROOF_PEER_BOOK_MAP_H
#define TRADEWIND_PROOF_PEER_BOOK_MAP_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One operation of a stream, as it stands in the file. */
typedef struct stream_op {
    uint64_t id;
    int32_t price;
    uint32_t quantity;
    uint8_t kind; /* 0 add, 1 reduce by, 2 delete, 3 execute */
    uint8_t side; /* 0 buy */
    uint16_t symbol;
    uint32_t reserved;
} stream_op;

typedef struct peer_best {
    int64_t bid_price;
    uint64_t bid_quantity;
    int64_t ask_price;
    uint64_t ask_quantity;
} peer_best;

typedef struct peer_book peer_book;

peer_book *peer_book_new(uint32_t symbol_count);
void peer_book_free(peer_book *book);
void peer_book_apply(peer_book *book, const stream_op *ops, uint32_t count);
void peer_book_best(const peer_book *book, uint32_t symbol, peer_best *ret_best);

#ifdef __cplusplus
}
#endif

#endif
