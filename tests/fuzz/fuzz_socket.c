/*
 * fuzz_socket.c - WebSocket frames as delivered, and handshakes' words about permessage-deflate.
 *
 * The first byte says how the rest is delivered: deflate agreed or not, takeover or not, in pieces
 * or whole, as it is or made into masked frames (first byte, length, payload). A server's end of a
 * socket pair echoes what it understands.
 *
 * Whatever comes: each message is within the bound, text is UTF-8; what is answered is a row of
 * well-formed frames, with nothing behind a close frame; the end comes, and not a byte is left.
 * What a server chooses of an offer, a client with that offer accepts.
 */
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "failing_heap.h"
#include "tradewind/socket.h"
#include "tradewind/time.h"

#define INPUT_SIZE_MAX 16384
#define WIRE_SIZE_MAX (6 * INPUT_SIZE_MAX)
#define MESSAGE_SIZE_MAX 4096
#define TURN_COUNT_MAX 5000

enum { DEFLATED = 1, FORGETFUL = 2, IN_PIECES = 4, FRAMED = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct listener {
    uint8_t heard[4 * WIRE_SIZE_MAX];
    size_t size;
    bool closed;
} listener;

static void on_message(void *context, tw_socket *socket, const tw_socket_message *message) {
    (void)context;
    TW_ASSERT(message->data.size <= MESSAGE_SIZE_MAX);
    TW_ASSERT(message->kind != TW_SOCKET_TEXT || tw_slice_is_utf8(message->data));
    tw_status status = tw_socket_send(socket, message->kind, message->data);
    TW_ASSERT(status == TW_OK || status == TW_FULL);
}

static void on_close(void *context, tw_socket *socket, const tw_socket_ending *ending) {
    (void)socket;
    TW_ASSERT(ending->message != NULL && tw_slice_is_utf8(ending->reason));
    ((listener *)context)->closed = true;
}

/* A frame a time: its first byte, its length below 126, and its payload, masked with zeros. */
static size_t make_frames(const uint8_t *data, size_t size, uint8_t *wire) {
    size_t at = 0;
    while (size >= 2) {
        size_t payload = data[1] % 126;
        payload = payload > size - 2 ? size - 2 : payload;
        wire[at++] = data[0];
        wire[at++] = (uint8_t)(0x80 | payload);
        memset(wire + at, 0, 4);
        memcpy(wire + at + 4, data + 2, payload);
        at += 4 + payload;
        data += 2 + payload;
        size -= 2 + payload;
    }
    return at;
}

static void hear(listener *to, int fd) {
    ssize_t got = 0;
    do {
        got = recv(fd, to->heard + to->size, sizeof to->heard - to->size, MSG_DONTWAIT);
        to->size += got > 0 ? (size_t)got : 0;
    } while (got > 0 && to->size < sizeof to->heard);
}

/* Frames of a server: whole, but for the last one when the connection broke. */
static void check_answers(const listener *heard, bool deflated) {
    const uint8_t *from = heard->heard;
    size_t left = heard->size;
    while (left >= 2) {
        uint8_t opcode = from[0] & 0x0f;
        size_t head = from[1] < 126 ? 2 : from[1] == 126 ? 4 : 10;
        TW_ASSERT((from[0] & 0x80) != 0 && (from[0] & 0x30) == 0 && (from[1] & 0x80) == 0);
        TW_ASSERT(opcode == 1 || opcode == 2 || opcode == 8 || opcode == 10);
        TW_ASSERT((from[0] & 0x40) == 0 || (deflated && opcode < 8));
        TW_ASSERT(opcode < 8 || from[1] <= 125);
        if (left < head)
            return;
        size_t size = head == 2 ? from[1] : 0;
        for (size_t i = 2; i < head; i++)
            size = size << 8 | from[i];
        TW_ASSERT(head == 2 || size >= (head == 4 ? 126 : 65536));
        if (left - head < size)
            return;
        from += head + size;
        left -= head + size;
        TW_ASSERT(opcode != 8 || left == 0);
    }
}

static void deliver(tw_loop *loop, int fd, const uint8_t *wire, size_t size, size_t piece,
                    listener *heard) {
    size_t sent = 0;
    for (int turn = 0; turn < TURN_COUNT_MAX && !heard->closed; turn++) {
        size_t left = size - sent;
        ssize_t taken =
            left > 0 ? send(fd, wire + sent, left < piece ? left : piece, MSG_NOSIGNAL) : 0;
        sent += taken > 0 ? (size_t)taken : 0;
        if (sent == size || (taken < 0 && left > 0))
            shutdown(fd, SHUT_WR);
        tw_status status = tw_loop_turn(loop, 0, NULL, NULL);
        TW_ASSERT(status == TW_OK);
        hear(heard, fd);
    }
    TW_ASSERT(heard->closed);
}

static void try_frames(uint8_t how, const uint8_t *data, size_t size) {
    static uint8_t wire[WIRE_SIZE_MAX];
    static listener heard;
    failing_heap heap;
    int ends[2];
    tw_loop *loop = NULL;
    tw_socket *socket = NULL;
    heard.size = 0;
    heard.closed = false;
    failing_heap_init(&heap);
    if ((how & FRAMED) != 0)
        size = make_frames(data, size, wire);
    else
        memcpy(wire, data, size);
    TW_ASSERT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
    tw_socket_config config = {.allocator = &heap.allocator,
                               .message_size_max = MESSAGE_SIZE_MAX,
                               .queue_size_max = 4 * WIRE_SIZE_MAX,
                               .queue_count_max = 256,
                               .close_timeout_ns = TW_NS_PER_SECOND,
                               .deflate = {.on = (how & DEFLATED) != 0,
                                           .client_no_takeover = (how & FORGETFUL) != 0,
                                           .server_bits = 9,
                                           .client_bits = 9,
                                           .size_min = 8},
                               .on_message = on_message,
                               .on_close = on_close,
                               .context = &heard};
    tw_status status = tw_loop_new(NULL, &loop, NULL);
    if (status == TW_OK)
        status = tw_socket_accept(loop, ends[0], (tw_slice){0}, &config, &socket, NULL);
    TW_ASSERT(status == TW_OK);
    deliver(loop, ends[1], wire, size, (how & IN_PIECES) != 0 ? 7 : WIRE_SIZE_MAX, &heard);
    tw_socket_free(socket);
    close(ends[1]);
    tw_loop_free(loop);
    check_answers(&heard, (how & DEFLATED) != 0);
    TW_ASSERT(heap.bytes_out == 0);
}

static bool are_bits(uint8_t bits) {
    return bits >= 8 && bits <= 15;
}

static void try_words(uint8_t how, const uint8_t *data, size_t size) {
    tw_slice words = {(const char *)data, size};
    char buffer[256];
    char offer[256];
    tw_socket_deflate wish = {.on = true,
                              .server_no_takeover = (how & 1) != 0,
                              .client_no_takeover = (how & 2) != 0,
                              .server_bits = (uint8_t)(how & 4 ? 10 : 0),
                              .client_bits = (uint8_t)(how & 8 ? 9 : 0)};
    tw_socket_deflate agreed = {0};
    tw_text text = tw_text_over(buffer, sizeof buffer);
    if (tw_socket_deflate_choose(words, &wish, &agreed, &text)) {
        TW_ASSERT(agreed.on && are_bits(agreed.server_bits) && are_bits(agreed.client_bits));
        TW_ASSERT(!text.truncated && text.size > 0);
    }
    if (tw_socket_deflate_accept(words, &wish, &agreed))
        TW_ASSERT(agreed.on && are_bits(agreed.server_bits) && are_bits(agreed.client_bits));
    /* A server that wishes what it likes answers our own offer with what we accept. */
    tw_socket_deflate other = {.on = true,
                               .server_no_takeover = size > 0 && (data[0] & 1) != 0,
                               .client_bits = (uint8_t)(size > 1 ? 8 + data[1] % 8 : 0)};
    tw_text offered = tw_text_over(offer, sizeof offer);
    tw_text answer = tw_text_over(buffer, sizeof buffer);
    tw_socket_deflate_offer(&wish, &offered);
    if (!tw_socket_deflate_choose(tw_text_slice(&offered), &other, &agreed, &answer))
        return;
    tw_socket_deflate client = {0};
    bool accepted = tw_socket_deflate_accept(tw_text_slice(&answer), &wish, &client);
    TW_ASSERT(accepted && client.server_bits == agreed.server_bits);
    TW_ASSERT(client.client_bits <= agreed.client_bits);
    TW_ASSERT(client.server_no_takeover == agreed.server_no_takeover);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0 || size > INPUT_SIZE_MAX)
        return 0;
    if ((data[0] & 0xf0) == 0xf0)
        try_words(data[0], data + 1, size - 1);
    else
        try_frames(data[0], data + 1, size - 1);
    return 0;
}
