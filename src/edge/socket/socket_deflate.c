/*
 * socket_deflate.c - messages smaller: the two zlib streams of permessage-deflate (RFC 7692).
 *
 * Idea: a message is deflated up to a sync flush and loses the four bytes 00 00 ff ff at its end,
 * which the reader puts back. With context takeover the streams live on from message to message.
 *
 * Invariants
 *   1. What the stream has deflated is what the peer will inflate, in this order. Whoever throws a
 *      deflated message away calls socket_deflate_forget: the next one then begins without a past,
 *      which is always understood, for it refers to nothing.
 *   2. No more than `size_max` bytes are ever kept of an inflated message, and no more memory than
 *      twice that is asked for, however much the peer promises (a bomb ends with TW_FULL).
 *   3. zlib cannot deflate raw with a window of 256 bytes. Where that was agreed, messages go as
 * they are, which is allowed for each.
 */
#include <string.h>
#include <zlib.h>

#include "socket_priv.h"

#define TAIL "\x00\x00\xff\xff"
#define TAIL_SIZE 4
#define WINDOW_SIZE_MAX 32768
#define DEFLATE_SIZE_MIN_DEFAULT 64
#define INFLATE_SIZE_FIRST 16384
#define MEMORY_LEVEL 8
/* zlib gives blocks back without their size: it stands before them. */
#define BLOCK_HEAD 16

struct socket_deflater {
    const tw_allocator *allocator;
    z_stream out;
    z_stream in;
    char *buffer; /* the last inflated message */
    size_t capacity;
    size_t size;
    size_t size_max;
    uint32_t size_min; /* smaller messages go as they are */
    bool out_ready;
    bool in_ready;
    bool out_resets; /* after each message */
    bool in_resets;
    bool out_forgets; /* before the next message */
};

static void *take_block(void *context, unsigned count, unsigned size) {
    const tw_allocator *allocator = context;
    if (size != 0 && count > (SIZE_MAX - BLOCK_HEAD) / size)
        return NULL;
    size_t whole = (size_t)count * size + BLOCK_HEAD;
    char *block = tw_allocate(allocator, 1, whole, BLOCK_HEAD);
    if (block == NULL)
        return NULL;
    memcpy(block, &whole, sizeof whole);
    return block + BLOCK_HEAD;
}

static void give_block(void *context, void *address) {
    char *block = (char *)address - BLOCK_HEAD;
    size_t whole = 0;
    memcpy(&whole, block, sizeof whole);
    tw_release(context, block, 1, whole, BLOCK_HEAD);
}

static tw_status open_streams(socket_deflater *deflater, uint8_t out_bits, uint8_t in_bits) {
    z_stream clean = {.zalloc = take_block, .zfree = give_block};
    memcpy(&clean.opaque, &deflater->allocator, sizeof clean.opaque);
    deflater->out = clean;
    deflater->in = clean;
    if (out_bits > 8) { /* invariant 3 */
        if (deflateInit2(&deflater->out, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -(int)out_bits,
                         MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
            return TW_NO_MEMORY;
        deflater->out_ready = true;
    }
    /* Peers that call zlib with 8 get a window of 9, so that is what they are read with. */
    if (inflateInit2(&deflater->in, -(int)(in_bits < 9 ? 9 : in_bits)) != Z_OK)
        return TW_NO_MEMORY;
    deflater->in_ready = true;
    return TW_OK;
}

tw_status socket_deflater_new(const tw_allocator *allocator, const tw_socket_deflate *agreed,
                              bool client, size_t size_max, socket_deflater **ret_deflater) {
    socket_deflater *deflater = TW_NEW(allocator, 1, socket_deflater);
    if (deflater == NULL)
        return TW_NO_MEMORY;
    deflater->allocator = allocator;
    deflater->size_max = size_max;
    deflater->size_min = agreed->size_min != 0 ? agreed->size_min : DEFLATE_SIZE_MIN_DEFAULT;
    deflater->out_resets = client ? agreed->client_no_takeover : agreed->server_no_takeover;
    deflater->in_resets = client ? agreed->server_no_takeover : agreed->client_no_takeover;
    uint8_t out_bits = client ? agreed->client_bits : agreed->server_bits;
    uint8_t in_bits = client ? agreed->server_bits : agreed->client_bits;
    tw_status status = open_streams(deflater, out_bits, in_bits);
    if (status != TW_OK) {
        socket_deflater_free(deflater);
        return status;
    }
    *ret_deflater = deflater;
    return TW_OK;
}

void socket_deflater_set_size_max(socket_deflater *deflater, size_t size_max) {
    deflater->size_max = size_max;
}

void socket_deflater_free(socket_deflater *deflater) {
    if (deflater == NULL)
        return;
    if (deflater->out_ready)
        deflateEnd(&deflater->out);
    if (deflater->in_ready)
        inflateEnd(&deflater->in);
    tw_release(deflater->allocator, deflater->buffer, 1, deflater->capacity, 8);
    TW_DELETE(deflater->allocator, deflater, 1, socket_deflater);
}

/* ---- out ------------------------------------------------------------------------------ */

bool socket_deflater_wants(const socket_deflater *deflater, size_t size) {
    return deflater->out_ready && size >= deflater->size_min && size <= UINT32_MAX / 2;
}

void socket_deflater_forget(socket_deflater *deflater) {
    deflater->out_forgets = true;
}

size_t socket_deflater_bound(socket_deflater *deflater, size_t size) {
    return deflateBound(&deflater->out, size) + TAIL_SIZE + 16;
}

size_t socket_deflater_pack(socket_deflater *deflater, tw_slice data, char *buffer,
                            size_t capacity) {
    z_stream *out = &deflater->out;
    if (deflater->out_resets || deflater->out_forgets)
        deflateReset(out);
    deflater->out_forgets = false;
    out->next_in = (z_const Bytef *)(uintptr_t)data.data;
    out->avail_in = (uInt)data.size;
    out->next_out = (Bytef *)buffer;
    out->avail_out = (uInt)capacity;
    int done = deflate(out, Z_SYNC_FLUSH);
    size_t size = capacity - out->avail_out;
    /* The bound leaves room for all of it, flush included. */
    TW_ASSERT(done == Z_OK && out->avail_in == 0 && out->avail_out > 0 && size > TAIL_SIZE);
    TW_ASSERT(memcmp(buffer + size - TAIL_SIZE, TAIL, TAIL_SIZE) == 0);
    return size - TAIL_SIZE;
}

/* ---- in ------------------------------------------------------------------------------- */

/* More room behind what is there; TW_FULL at the bound (invariant 2). */
static tw_status grow(socket_deflater *deflater) {
    size_t capacity = deflater->capacity == 0 ? INFLATE_SIZE_FIRST : deflater->capacity * 2;
    /* One byte more than the bound: only a message over it fills the buffer and asks for more. */
    if (capacity > deflater->size_max + 1)
        capacity = deflater->size_max + 1;
    if (capacity <= deflater->capacity)
        return TW_FULL;
    char *buffer = tw_allocate(deflater->allocator, 1, capacity, 8);
    if (buffer == NULL)
        return TW_NO_MEMORY;
    if (deflater->size > 0)
        memcpy(buffer, deflater->buffer, deflater->size);
    tw_release(deflater->allocator, deflater->buffer, 1, deflater->capacity, 8);
    deflater->buffer = buffer;
    deflater->capacity = capacity;
    return TW_OK;
}

/* A block marked as the last one of all (RFC 7692, section 7.2.3.4): the stream begins anew, with
 * the window that it had. */
static tw_status begin_anew(socket_deflater *deflater) {
    uInt size = 0;
    Bytef *window = tw_allocate(deflater->allocator, 1, WINDOW_SIZE_MAX, 8);
    if (window == NULL)
        return TW_NO_MEMORY;
    bool well = inflateGetDictionary(&deflater->in, window, &size) == Z_OK &&
                inflateReset(&deflater->in) == Z_OK &&
                (size == 0 || inflateSetDictionary(&deflater->in, window, size) == Z_OK);
    tw_release(deflater->allocator, window, 1, WINDOW_SIZE_MAX, 8);
    return well ? TW_OK : TW_CORRUPT;
}

static tw_status inflate_some(socket_deflater *deflater) {
    z_stream *in = &deflater->in;
    if (deflater->size == deflater->capacity) {
        tw_status status = grow(deflater);
        if (status != TW_OK)
            return status;
    }
    in->next_out = (Bytef *)deflater->buffer + deflater->size;
    in->avail_out = (uInt)(deflater->capacity - deflater->size);
    int done = inflate(in, Z_SYNC_FLUSH);
    deflater->size = deflater->capacity - in->avail_out;
    if (done == Z_STREAM_END)
        return begin_anew(deflater);
    if (done == Z_MEM_ERROR)
        return TW_NO_MEMORY;
    /* Z_BUF_ERROR: nothing is left to be done with these bytes. */
    return done == Z_OK || done == Z_BUF_ERROR ? TW_OK : TW_CORRUPT;
}

static tw_status inflate_piece(socket_deflater *deflater, const char *data, size_t size) {
    z_stream *in = &deflater->in;
    in->next_in = (z_const Bytef *)(uintptr_t)data;
    in->avail_in = (uInt)size;
    tw_status status = TW_OK;
    do {
        status = inflate_some(deflater);
    } while (status == TW_OK && (in->avail_in > 0 || in->avail_out == 0));
    return status;
}

tw_status socket_deflater_unpack(socket_deflater *deflater, tw_slice data, tw_slice *ret_message) {
    deflater->size = 0;
    if (data.size > UINT32_MAX / 2)
        return TW_FULL;
    if (deflater->in_resets && inflateReset(&deflater->in) != Z_OK)
        return TW_CORRUPT;
    tw_status status = data.size > 0 ? inflate_piece(deflater, data.data, data.size) : TW_OK;
    if (status == TW_OK)
        status = inflate_piece(deflater, TAIL, TAIL_SIZE);
    if (status != TW_OK)
        return status;
    /* 128: at the end of a block; 63: bits of the next one that were read already. */
    if ((deflater->in.data_type & (128 | 63)) != 128)
        return TW_CORRUPT;
    *ret_message = (tw_slice){deflater->buffer, deflater->size};
    return TW_OK;
}
