/*
 * book_stream.h - streams of order operations for bench_book: read from a file, or made up.
 *
 * A file is "OBS1", u32 count, u64 largest id, u32 symbols, u32 0, then `count` stream_op of 24
 * bytes, little-endian. A delete carries what is left of the order as its quantity.
 */
#ifndef TRADEWIND_BENCH_BOOK_STREAM_H
#define TRADEWIND_BENCH_BOOK_STREAM_H

#include <stddef.h>

#include "peer_book_map.h"

typedef struct book_stream {
    char name[64];
    stream_op *ops;
    uint32_t op_count;
    uint32_t symbol_count;
    uint32_t live_count_max; /* orders alive at once */
} book_stream;

/* Ends the program with a sentence if the file cannot be read. */
void book_stream_load(book_stream *stream, const char *path);

/* A market of `symbol_count` symbols, the first ones busier, that fills up to about `live_count`
 * orders and then keeps that number: orders come mostly near the touch and go mostly soon. The same
 * arguments give the same stream. */
void book_stream_make(book_stream *stream, uint32_t op_count, uint32_t symbol_count,
                      uint32_t live_count);

void book_stream_done(book_stream *stream);

#endif
