/*
 * http_chunks.h - a chunked body (RFC 9112, section 7.1), as its bytes come.
 *
 * Memory: the struct; zero bytes are its beginning. Extensions and trailers are passed over, up to
 * a bound. Threads: one owner.
 */
#ifndef TRADEWIND_EDGE_HTTP_CHUNKS_H
#define TRADEWIND_EDGE_HTTP_CHUNKS_H

#include <stdbool.h>

#include "tradewind/text.h"

typedef struct http_chunks {
    uint64_t left; /* bytes of this chunk that have not come */
    uint32_t line_size;
    uint32_t trailer_size;
    uint8_t state;
} http_chunks;

/* Takes one step; returns how many of the bytes it used (at least one, if there is one and the body
 * has not ended). `*ret_piece` are bytes of the body, maybe none, within `bytes`. */
size_t http_chunks_take(http_chunks *chunks, tw_slice bytes, tw_slice *ret_piece);

/* True when the body is whole; nothing more is taken then. */
bool http_chunks_ended(const http_chunks *chunks);

/* True when what came is no chunked body; nothing more is taken then. */
bool http_chunks_broken(const http_chunks *chunks);

#endif
