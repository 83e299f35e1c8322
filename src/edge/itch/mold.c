/*
 * mold.c - MoldUDP64 downstream packets ("MoldUDP64 Protocol Specification", 1.00).
 *
 * A packet is a header (session, ten letters; sequence number, 64 bits; message count, 16 bits) and
 * so many blocks, each a length of 16 bits and a message. A count of 0 is a heartbeat, 0xFFFF the
 * end of the session; both carry the sequence number of the next message. A request for messages
 * has the same header and no blocks, which is how it is told apart.
 */
#include <string.h>

#include "capture.h"
#include "itch_bytes.h"

#define COUNT_END 0xffff

static bool read_session(const char *at, char ret_session[TW_MOLD_SESSION_SIZE]) {
    memcpy(ret_session, at, TW_MOLD_SESSION_SIZE - 1);
    ret_session[TW_MOLD_SESSION_SIZE - 1] = '\0';
    bool printable = true;
    for (size_t i = 0; i < TW_MOLD_SESSION_SIZE - 1; i++)
        printable = printable && at[i] >= ' ' && at[i] <= '~';
    return printable;
}

/* Walks at most `count` blocks; returns how many are whole, and their bytes. */
static size_t walk(tw_slice bytes, size_t count, size_t *ret_size) {
    size_t size = 0;
    size_t walked = 0;
    while (walked < count && bytes.size - size >= 2) {
        size_t block = 2 + (size_t)itch_load_16(bytes.data + size);
        if (block > bytes.size - size)
            break;
        size += block;
        walked++;
    }
    *ret_size = size;
    return walked;
}

size_t tw_mold_size(tw_slice blocks, size_t count) {
    size_t size = 0;
    size_t walked = walk(blocks, count, &size);
    TW_ASSERT(walked == count);
    return size;
}

tw_mold tw_mold_read(tw_slice payload, size_t size) {
    TW_ASSERT(size >= payload.size);
    tw_mold mold = {.kind = TW_MOLD_NONE};
    if (payload.size < TW_MOLD_HEADER_SIZE || !read_session(payload.data, mold.session))
        return mold;
    mold.sequence = itch_load_64(payload.data + 10);
    mold.count = itch_load_16(payload.data + 18);
    mold.ends = mold.count == COUNT_END;
    if (mold.ends)
        mold.count = 0;
    if (mold.sequence > UINT64_MAX - COUNT_END)
        return mold;
    if (mold.count > 0 && size == TW_MOLD_HEADER_SIZE)
        return mold; /* a request */
    bool whole = payload.size == size;
    tw_slice bytes = {payload.data + TW_MOLD_HEADER_SIZE, payload.size - TW_MOLD_HEADER_SIZE};
    size_t blocks_size = 0;
    mold.block_count = walk(bytes, mold.count, &blocks_size);
    mold.blocks = (tw_slice){bytes.data, blocks_size};
    mold.kind = TW_MOLD_DOWNSTREAM;
    mold.torn = whole ? mold.block_count < mold.count || blocks_size < bytes.size
                      : mold.block_count == mold.count;
    return mold;
}
