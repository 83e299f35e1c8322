/*
 * frame_script.h - a WebSocket peer that says exactly the bytes it is told to, for tests, and the
 * obvious slow reader of frames that its answers are compared with.
 *
 * A script is what the peer sends and what it expects to hear, in order. It is played against a
 * tw_socket that echoes every message, over a real TCP connection: the tw_socket is the client
 * (behind a handshake through the HTTP server) or the server's end, and the bytes come whole or in
 * pieces.
 */
#ifndef TRADEWIND_TESTS_FRAME_SCRIPT_H
#define TRADEWIND_TESTS_FRAME_SCRIPT_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tradewind/http.h"
#include "tradewind/socket.h"
#include "tradewind/time.h"

#define SCRIPT_SIZE_MAX ((size_t)3 << 20)
#define SCRIPT_FRAME_COUNT_MAX 64
#define SCRIPT_PATIENCE_NS (20 * TW_NS_PER_SECOND)
#define SCRIPT_MESSAGE_SIZE_MAX ((size_t)128 << 10)

enum {
    OP_MORE = 0,
    OP_TEXT = 1,
    OP_BINARY = 2,
    OP_CLOSE = 8,
    OP_PING = 9,
    OP_PONG = 10,
    FIN = 0x80,
    RSV1 = 0x40,
    RSV2 = 0x20,
    RSV3 = 0x10
};

/* One frame of an answer. */
typedef struct script_frame {
    uint8_t first; /* fin, reserved bits, opcode */
    size_t offset; /* of the payload, in `payloads` of the script */
    size_t size;
} script_frame;

typedef struct frame_script {
    bool masked;      /* the peer is a client */
    bool is_tried;    /* a mistake of this script's own: sends with the other masking */
    bool ends_itself; /* the tw_socket closes without being asked to */
    char *bytes;      /* what the peer sends */
    size_t size;
    char *payloads; /* of the expected frames */
    size_t payload_size;
    script_frame expected[SCRIPT_FRAME_COUNT_MAX];
    size_t expected_count;
    tw_status status; /* with which the tw_socket must end */
    uint16_t code;    /* of that end; 0: any */
} frame_script;

static void script_begin(frame_script *script, bool masked) {
    char *bytes = script->bytes != NULL ? script->bytes : malloc(SCRIPT_SIZE_MAX);
    char *payloads = script->payloads != NULL ? script->payloads : malloc(SCRIPT_SIZE_MAX);
    *script = (frame_script){.masked = masked, .bytes = bytes, .payloads = payloads};
    assert_non_null(bytes);
    assert_non_null(payloads);
}

static void script_done(frame_script *script) {
    free(script->bytes);
    free(script->payloads);
}

static void script_raw(frame_script *script, const void *bytes, size_t size) {
    assert_true(size <= SCRIPT_SIZE_MAX - script->size);
    if (size > 0)
        memcpy(script->bytes + script->size, bytes, size);
    script->size += size;
}

/* The head of a frame whose length takes `length_size` bytes (1, 3 or 9), shortest or not. */
static void script_head(frame_script *script, uint8_t first, uint64_t size, int length_size) {
    unsigned char head[14] = {first};
    bool masked = script->masked != script->is_tried;
    size_t at = 1;
    if (length_size == 1)
        head[at++] = (unsigned char)size;
    else
        head[at++] = length_size == 3 ? 126 : 127;
    for (int byte = length_size - 2; byte >= 0; byte--)
        head[at++] = (unsigned char)(size >> (8 * byte));
    if (masked) {
        head[1] |= 0x80;
        memcpy(head + at, "\x37\xfa\x21\x3d", 4); /* the mask of the RFC's example */
        at += 4;
    }
    script_raw(script, head, at);
}

static void script_payload(frame_script *script, const void *payload, size_t size) {
    static const unsigned char mask[4] = {0x37, 0xfa, 0x21, 0x3d};
    size_t start = script->size;
    script_raw(script, payload, size);
    if (script->masked == script->is_tried)
        return;
    for (size_t i = 0; i < size; i++)
        script->bytes[start + i] = (char)((unsigned char)script->bytes[start + i] ^ mask[i % 4]);
}

static void script_send(frame_script *script, uint8_t first, const void *payload, size_t size) {
    script_head(script, first, size, size < 126 ? 1 : size < 65536 ? 3 : 9);
    script_payload(script, payload, size);
}

static void script_say(frame_script *script, uint8_t first, const char *text) {
    script_send(script, first, text, strlen(text));
}

static void script_expect(frame_script *script, uint8_t first, const void *payload, size_t size) {
    assert_true(script->expected_count < SCRIPT_FRAME_COUNT_MAX);
    assert_true(size <= SCRIPT_SIZE_MAX - script->payload_size);
    if (size > 0)
        memcpy(script->payloads + script->payload_size, payload, size);
    script->expected[script->expected_count++] = (script_frame){first, script->payload_size, size};
    script->payload_size += size;
}

static void script_hear(frame_script *script, uint8_t first, const char *text) {
    script_expect(script, first, text, strlen(text));
}

/* The tw_socket closes because of what it was sent. */
static void script_fault(frame_script *script, uint16_t code, tw_status status) {
    const char payload[2] = {(char)(code >> 8), (char)(code & 0xff)};
    script_expect(script, FIN | OP_CLOSE, payload, sizeof payload);
    script->ends_itself = true;
    script->status = status;
    script->code = code;
}

/* ---- the other side -------------------------------------------------------------------- */

typedef struct script_house {
    tw_loop *loop;
    tw_http_server *server;
    tw_socket *socket; /* under test */
    const char *extensions;
    tw_socket_config config; /* of the tw_socket: sizes, deflate */
    int fd;                  /* of the peer */
    bool opened;
    bool closed;
    tw_status status;
    uint16_t code;
    uint64_t message_count;
    bool silent; /* does not echo */
    char message[256];
} script_house;

static void script_on_open(void *context, tw_socket *socket) {
    (void)socket;
    ((script_house *)context)->opened = true;
}

static void script_on_message(void *context, tw_socket *socket, const tw_socket_message *message) {
    script_house *house = context;
    house->message_count++;
    if (!house->silent)
        assert_int_equal(tw_socket_send(socket, message->kind, message->data), TW_OK);
}

static void script_on_close(void *context, tw_socket *socket, const tw_socket_ending *ending) {
    script_house *house = context;
    (void)socket;
    house->closed = true;
    house->status = ending->status;
    house->code = ending->code;
    snprintf(house->message, sizeof house->message, "%s", ending->message);
}

static void script_upgraded(void *context, int fd, tw_slice early) {
    script_house *house = context;
    assert_true(fd >= 0 && house->fd < 0);
    assert_int_equal(early.size, 0);
    house->fd = fd;
}

static void script_handle(void *context, const tw_http_request *request, tw_http_reply *reply) {
    script_house *house = context;
    (void)request;
    assert_int_equal(
        tw_http_reply_upgrade_with(reply, house->extensions, script_upgraded, house, NULL), TW_OK);
}

static void script_house_open(script_house *house) {
    tw_http_server_config config = {.handler = script_handle, .context = house};
    tw_error error = {0};
    memset(house, 0, sizeof *house);
    house->fd = -1;
    if (tw_loop_new(NULL, &house->loop, &error) != TW_OK ||
        tw_http_server_start(house->loop, &config, &house->server, &error) != TW_OK)
        fail_msg("%s", error.message);
}

static void script_house_close(script_house *house) {
    tw_http_server_free(house->server);
    tw_loop_free(house->loop);
}

static void script_turn(script_house *house, int64_t wait_ns) {
    assert_int_equal(tw_loop_turn(house->loop, wait_ns, NULL, NULL), TW_OK);
}

static tw_socket_config script_config(script_house *house) {
    tw_socket_config config = house->config;
    config.on_open = script_on_open;
    config.on_message = script_on_message;
    config.on_close = script_on_close;
    config.context = house;
    if (config.message_size_max == 0)
        config.message_size_max = SCRIPT_MESSAGE_SIZE_MAX;
    return config;
}

/* The tw_socket as a client; the peer's descriptor comes through the HTTP server. */
static void script_connect(script_house *house) {
    char url[64];
    tw_error error = {0};
    tw_socket_config config = script_config(house);
    snprintf(url, sizeof url, "ws://127.0.0.1:%u/", tw_http_server_port(house->server));
    tw_socket_call call = {.url = url};
    if (tw_socket_connect(house->loop, &call, &config, &house->socket, &error) != TW_OK)
        fail_msg("%s", error.message);
}

/* The tw_socket as the server's end of a TCP connection without any handshake. */
static void script_accept(script_house *house) {
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof where;
    tw_error error = {0};
    tw_socket_config config = script_config(house);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    house->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&where, size), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&where, &size), 0);
    assert_int_equal(connect(house->fd, (struct sockaddr *)&where, size), 0);
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    assert_true(fd >= 0);
    close(listener);
    assert_int_equal(fcntl(house->fd, F_SETFL, O_NONBLOCK), 0);
    if (tw_socket_accept(house->loop, fd, (tw_slice){0}, &config, &house->socket, &error) != TW_OK)
        fail_msg("%s", error.message);
}

static void script_open(script_house *house, bool as_client) {
    int64_t end_ns = tw_time_monotonic_ns() + SCRIPT_PATIENCE_NS;
    house->fd = -1;
    house->opened = house->closed = false;
    house->message_count = 0;
    if (as_client)
        script_connect(house);
    else
        script_accept(house);
    while (!house->closed && (!house->opened || house->fd < 0)) {
        script_turn(house, TW_NS_PER_SECOND);
        assert_true(tw_time_monotonic_ns() < end_ns);
    }
}

static void script_leave(script_house *house) {
    if (house->fd >= 0)
        close(house->fd);
    house->fd = -1;
    tw_socket_free(house->socket);
    house->socket = NULL;
}

/* ---- reading answers, slowly ------------------------------------------------------------ */

typedef struct script_ear {
    char *bytes;
    size_t size;
    size_t at; /* the next frame begins here */
    bool eof;
} script_ear;

static void ear_listen(script_ear *ear, int fd) {
    while (!ear->eof && ear->size < SCRIPT_SIZE_MAX) {
        ssize_t got = recv(fd, ear->bytes + ear->size, SCRIPT_SIZE_MAX - ear->size, MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        ear->eof = got <= 0;
        ear->size += got > 0 ? (size_t)got : 0;
    }
}

/* The next whole frame, unmasked in place; false if it has not come. */
static bool ear_next(script_ear *ear, bool masked, script_frame *ret_frame) {
    unsigned char *from = (unsigned char *)ear->bytes + ear->at;
    size_t left = ear->size - ear->at;
    if (left < 2)
        return false;
    uint64_t size = from[1] & 0x7f;
    size_t head = 2 + (size == 126 ? 2 : size == 127 ? 8 : 0);
    bool is_masked = (from[1] & 0x80) != 0;
    if (left < head + (is_masked ? 4 : 0))
        return false;
    assert_true(is_masked == masked);
    if (head > 2)
        size = 0;
    for (size_t i = 2; i < head; i++)
        size = size << 8 | from[i];
    unsigned char mask[4] = {0};
    if (is_masked)
        memcpy(mask, from + head, 4);
    head += is_masked ? 4 : 0;
    if (left - head < size)
        return false;
    for (size_t i = 0; i < size; i++)
        from[head + i] ^= mask[i % 4];
    *ret_frame = (script_frame){from[0], ear->at + head, (size_t)size};
    ear->at += head + (size_t)size;
    return true;
}

/* ---- playing ---------------------------------------------------------------------------- */

static bool ear_hears(script_ear *ear, const frame_script *script, size_t index) {
    script_frame frame;
    if (!ear_next(ear, !script->masked, &frame))
        return false;
    const script_frame *wanted = &script->expected[index];
    assert_int_equal(frame.first, wanted->first);
    assert_int_equal(frame.size, wanted->size);
    if (frame.size > 0)
        assert_memory_equal(ear->bytes + frame.offset, script->payloads + wanted->offset,
                            frame.size);
    return true;
}

/* Sends the script, `chop` bytes at a time (0: whole), and compares what comes back. */
static void script_play(script_house *house, const frame_script *script, script_ear *ear,
                        size_t chop) {
    int64_t end_ns = tw_time_monotonic_ns() + SCRIPT_PATIENCE_NS;
    size_t sent = 0;
    size_t heard = 0;
    ear->size = ear->at = 0;
    ear->eof = false;
    while (heard < script->expected_count || (sent < script->size && !script->ends_itself)) {
        size_t left = script->size - sent;
        size_t piece = chop > 0 && left > chop ? chop : left;
        ssize_t taken =
            piece > 0 && !ear->eof ? send(house->fd, script->bytes + sent, piece, MSG_NOSIGNAL) : 0;
        sent += taken > 0 ? (size_t)taken : 0;
        script_turn(house, piece > 0 ? 0 : TW_NS_PER_MS);
        ear_listen(ear, house->fd);
        while (heard < script->expected_count && ear_hears(ear, script, heard))
            heard++;
        assert_true(tw_time_monotonic_ns() < end_ns);
        if (ear->eof)
            break;
    }
    assert_int_equal(heard, script->expected_count);
}

static void script_await_end(script_house *house, const frame_script *script) {
    int64_t end_ns = tw_time_monotonic_ns() + SCRIPT_PATIENCE_NS;
    shutdown(house->fd, SHUT_WR);
    while (!house->closed) {
        script_turn(house, TW_NS_PER_SECOND);
        assert_true(tw_time_monotonic_ns() < end_ns);
    }
    assert_int_equal(house->status, script->status);
    if (script->code != 0)
        assert_int_equal(house->code, script->code);
}

#endif
