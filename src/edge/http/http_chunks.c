/*
 * http_chunks.c - one character at a time, but for the bytes of a chunk.
 *
 *   SIZE -> (EXTENSION) -> SIZE_FEED -> DATA -> DATA_RETURN -> DATA_FEED -> SIZE
 *                             | (size 0)
 *                             +-> TRAILER -> TRAILER_LINE -> TRAILER_FEED -> TRAILER
 *                                    +-> LAST_FEED -> ENDED              anything else -> BROKEN
 */
#include "http_chunks.h"

#include "http_head.h"

#include "tradewind/api.h"

enum { LINE_SIZE_MAX = 256, TRAILER_SIZE_MAX = 8192, SIZE_DIGITS_MAX = 15 };

enum {
    SIZE = 0,
    EXTENSION,
    SIZE_FEED,
    DATA,
    DATA_RETURN,
    DATA_FEED,
    TRAILER,
    TRAILER_LINE,
    TRAILER_FEED,
    LAST_FEED,
    ENDED,
    BROKEN
};

static uint8_t after_size_char(http_chunks *chunks, char c) {
    int digit = http_hex_digit(c);
    if (digit >= 0 && chunks->line_size < SIZE_DIGITS_MAX) {
        chunks->left = chunks->left * 16 + (uint64_t)digit;
        chunks->line_size++;
        return SIZE;
    }
    if (chunks->line_size == 0 || digit >= 0)
        return BROKEN;
    if (c == '\r')
        return SIZE_FEED;
    return c == ';' || c == ' ' || c == '\t' ? EXTENSION : BROKEN;
}

static uint8_t after_extension_char(http_chunks *chunks, char c) {
    if (c == '\r')
        return SIZE_FEED;
    return c == '\n' || ++chunks->line_size > LINE_SIZE_MAX ? BROKEN : EXTENSION;
}

static uint8_t after_trailer_char(http_chunks *chunks, char c, uint8_t at_return) {
    if (c == '\r')
        return at_return;
    return c == '\n' || ++chunks->trailer_size > TRAILER_SIZE_MAX ? BROKEN : TRAILER_LINE;
}

static uint8_t begin_size(http_chunks *chunks) {
    chunks->left = 0;
    chunks->line_size = 0;
    return SIZE;
}

/* The state after a character that is not the body's. */
static uint8_t after_char(http_chunks *chunks, char c) {
    switch (chunks->state) {
    case SIZE:
        return after_size_char(chunks, c);
    case EXTENSION:
        return after_extension_char(chunks, c);
    case SIZE_FEED:
        return c != '\n' ? BROKEN : chunks->left > 0 ? DATA : TRAILER;
    case DATA_RETURN:
        return c == '\r' ? DATA_FEED : BROKEN;
    case DATA_FEED:
        return c == '\n' ? begin_size(chunks) : BROKEN;
    case TRAILER:
        return after_trailer_char(chunks, c, LAST_FEED);
    case TRAILER_LINE:
        return after_trailer_char(chunks, c, TRAILER_FEED);
    case TRAILER_FEED:
        return c == '\n' ? TRAILER : BROKEN;
    default:
        TW_ASSERT(chunks->state == LAST_FEED);
        return c == '\n' ? ENDED : BROKEN;
    }
}

size_t http_chunks_take(http_chunks *chunks, tw_slice bytes, tw_slice *ret_piece) {
    *ret_piece = (tw_slice){bytes.data, 0};
    if (bytes.size == 0 || chunks->state >= ENDED)
        return 0;
    if (chunks->state != DATA) {
        chunks->state = after_char(chunks, bytes.data[0]);
        return 1;
    }
    size_t size = bytes.size < chunks->left ? bytes.size : (size_t)chunks->left;
    ret_piece->size = size;
    chunks->left -= size;
    if (chunks->left == 0)
        chunks->state = DATA_RETURN;
    return size;
}

bool http_chunks_ended(const http_chunks *chunks) {
    return chunks->state == ENDED;
}

bool http_chunks_broken(const http_chunks *chunks) {
    return chunks->state == BROKEN;
}
