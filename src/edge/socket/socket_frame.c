/*
 * socket_frame.c - messages as bytes on the wire, encoded once.
 *
 * Idea: wslay writes a frame into a block of the exact size; the block is counted by the queues
 * it waits in and freed by the last. Frames of a server carry no mask and can be shared; a
 * client's are masked with fresh random bytes each (RFC 6455, section 5.3).
 */
#include <string.h>
#include <sys/random.h>

#include "socket_priv.h"

#define FRAME_HEADER_SIZE_MAX 14

tw_socket_frame *socket_frame_make(const tw_allocator *allocator, size_t capacity) {
    tw_socket_frame *frame =
        tw_allocate(allocator, 1, sizeof *frame + capacity, _Alignof(max_align_t));
    if (frame == NULL)
        return NULL;
    frame->allocator = allocator;
    frame->capacity = capacity;
    frame->references = 1;
    return frame;
}

void socket_frame_release(tw_socket_frame *frame) {
    TW_ASSERT(frame->references > 0);
    if (--frame->references == 0)
        tw_release(frame->allocator, frame, 1, sizeof *frame + frame->capacity,
                   _Alignof(max_align_t));
}

int socket_random(uint8_t *buffer, size_t size) {
    return getrandom(buffer, size, 0) == (ssize_t)size ? 0 : -1;
}

/* wslay gives us the next encoded bytes; `context` is where the current frame is to be found. */
static ssize_t take_encoded(const uint8_t *data, size_t size, int flags, void *context) {
    (void)flags;
    tw_socket_frame *frame = *(tw_socket_frame **)context;
    TW_ASSERT(size <= frame->capacity - frame->size);
    memcpy(frame->data + frame->size, data, size);
    frame->size += size;
    return (ssize_t)size;
}

static int make_mask(uint8_t *buffer, size_t size, void *context) {
    (void)context;
    return socket_random(buffer, size);
}

static tw_status make_encoder(tw_socket_frame **current, wslay_frame_context_ptr *ret_encoder) {
    struct wslay_frame_callbacks callbacks = {take_encoded, NULL, make_mask};
    return wslay_frame_context_init(ret_encoder, &callbacks, current) == 0 ? TW_OK : TW_NO_MEMORY;
}

tw_status socket_encoder_init(tw_socket *socket) {
    return make_encoder(&socket->encoding, &socket->encoder);
}

/* A whole frame around `data`, its opcode, mask and reserved bits as in `block`. */
static tw_status encode(wslay_frame_context_ptr encoder, struct wslay_frame_iocb block,
                        tw_slice data) {
    block.fin = 1;
    block.payload_length = data.size;
    block.data = (const uint8_t *)(data.size > 0 ? data.data : ""); /* NULL has no end to add to */
    block.data_length = data.size;
    do {
        ssize_t sent = wslay_frame_send(encoder, &block);
        if (sent < 0)
            return TW_IO; /* only the mask can fail */
        block.data += sent;
        block.data_length -= (size_t)sent;
    } while (block.data_length > 0);
    return TW_OK;
}

static uint8_t opcode_of(tw_socket_kind kind) {
    return kind == TW_SOCKET_TEXT ? WSLAY_TEXT_FRAME : WSLAY_BINARY_FRAME;
}

/* A frame for this socket's own queue, or NULL. */
static tw_socket_frame *encode_own(tw_socket *socket, struct wslay_frame_iocb block,
                                   tw_slice data) {
    tw_socket_frame *frame =
        socket_frame_make(socket->allocator, data.size + FRAME_HEADER_SIZE_MAX);
    if (frame == NULL)
        return NULL;
    socket->encoding = frame;
    block.mask = socket->client;
    tw_status status = encode(socket->encoder, block, data);
    socket->encoding = NULL;
    if (status == TW_OK)
        return frame;
    socket_frame_release(frame);
    return NULL;
}

tw_socket_frame *socket_frame_close(tw_socket *socket, uint16_t code) {
    const char payload[2] = {(char)(code >> 8), (char)(code & 0xff)};
    struct wslay_frame_iocb block = {.opcode = WSLAY_CONNECTION_CLOSE};
    return encode_own(socket, block, (tw_slice){payload, sizeof payload});
}

/* Deflated, or NULL; then the stream knows that the peer has not got it. */
static tw_socket_frame *encode_smaller(tw_socket *socket, tw_socket_kind kind, tw_slice data) {
    size_t capacity = socket_deflater_bound(socket->deflater, data.size);
    char *buffer = tw_allocate(socket->allocator, 1, capacity, 8);
    if (buffer == NULL)
        return NULL;
    size_t size = socket_deflater_pack(socket->deflater, data, buffer, capacity);
    struct wslay_frame_iocb block = {.opcode = opcode_of(kind), .rsv = WSLAY_RSV1_BIT};
    tw_socket_frame *frame = encode_own(socket, block, (tw_slice){buffer, size});
    tw_release(socket->allocator, buffer, 1, capacity, 8);
    if (frame == NULL)
        socket_deflater_forget(socket->deflater);
    else
        socket->stats.deflated_out_count++;
    return frame;
}

tw_socket_frame *socket_frame_encode(tw_socket *socket, tw_socket_kind kind, tw_slice data) {
    struct wslay_frame_iocb block = {.opcode = opcode_of(kind)};
    bool smaller = socket->deflater != NULL && socket_deflater_wants(socket->deflater, data.size);
    tw_socket_frame *frame =
        smaller ? encode_smaller(socket, kind, data) : encode_own(socket, block, data);
    if (frame != NULL)
        frame->counts = true;
    return frame;
}

tw_status tw_socket_frame_new(const tw_allocator *allocator, tw_socket_kind kind, tw_slice data,
                              tw_socket_frame **ret_frame) {
    TW_ASSERT(ret_frame != NULL);
    TW_ASSERT(kind == TW_SOCKET_TEXT || kind == TW_SOCKET_BINARY);
    if (allocator == NULL)
        allocator = tw_allocator_system();
    tw_socket_frame *frame = socket_frame_make(allocator, data.size + FRAME_HEADER_SIZE_MAX);
    if (frame == NULL)
        return TW_NO_MEMORY;
    frame->counts = true;
    frame->payload_size = data.size;
    tw_socket_frame *current = frame;
    wslay_frame_context_ptr encoder = NULL;
    tw_status status = make_encoder(&current, &encoder);
    if (status == TW_OK) {
        struct wslay_frame_iocb block = {.opcode = opcode_of(kind)};
        status = encode(encoder, block, data);
        wslay_frame_context_free(encoder);
    }
    if (status != TW_OK) {
        socket_frame_release(frame);
        return status;
    }
    *ret_frame = frame;
    return TW_OK;
}

void tw_socket_frame_free(tw_socket_frame *frame) {
    if (frame != NULL)
        socket_frame_release(frame);
}
