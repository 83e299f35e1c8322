/* wire_socket.c - WebSockets, both ends and against raw bytes, through the HTTP server. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "failing_heap.h"
#include "tradewind/http.h"
#include "tradewind/socket.h"
#include "tradewind/socket_inbox.h"
#include "tradewind/time.h"

#define PATIENCE_NS (20 * TW_NS_PER_SECOND)
#define BIG_SIZE ((size_t)1 << 20)
#define PEER_COUNT_MAX 64

/* ---- what the tests stand on ---------------------------------------------------------- */

/* One end of a connection and what happened to it. */
typedef struct socket_end {
    tw_socket *socket;
    uint32_t opened;
    uint32_t messages;
    uint32_t closed;
    tw_status status;
    uint16_t code;
    uint16_t http_status;
    uint8_t kind;
    size_t size;
    char data[64];
    char reason[128];
    char message[256];
    bool echo;
    bool free_on_message;
    bool free_on_close;
    uint64_t checksum;
} socket_end;

typedef struct test_house {
    tw_loop *loop;
    tw_http_server *server;
    tw_socket_config config; /* of the server's ends */
    socket_end peers[PEER_COUNT_MAX];
    uint32_t peer_count;
    uint32_t refuse_with; /* a status instead of the upgrade */
} test_house;

static uint64_t checksum_of(tw_slice data) {
    uint64_t sum = 14695981039346656037u;
    for (size_t i = 0; i < data.size; i++)
        sum = (sum ^ (unsigned char)data.data[i]) * 1099511628211u;
    return sum;
}

static void on_open(void *context, tw_socket *socket) {
    socket_end *end = context;
    assert_int_equal(end->messages, 0);
    assert_int_equal(tw_socket_get_state(socket), TW_SOCKET_OPEN);
    end->opened++;
}

static void on_message(void *context, tw_socket *socket, const tw_socket_message *message) {
    socket_end *end = context;
    assert_int_equal(end->opened, 1);
    assert_int_equal(end->closed, 0);
    end->messages++;
    end->kind = message->kind;
    end->size = message->data.size;
    end->checksum = checksum_of(message->data);
    snprintf(end->data, sizeof end->data, "%.*s", (int)message->data.size,
             message->data.size > 0 ? message->data.data : "");
    if (end->echo)
        assert_int_equal(tw_socket_send(socket, message->kind, message->data), TW_OK);
    if (!end->free_on_message)
        return;
    tw_socket_free(socket);
    end->socket = NULL;
}

static void on_close(void *context, tw_socket *socket, const tw_socket_ending *ending) {
    socket_end *end = context;
    assert_int_equal(end->closed, 0);
    assert_int_equal(tw_socket_get_state(socket), TW_SOCKET_CLOSED);
    end->closed++;
    end->status = ending->status;
    end->code = ending->code;
    end->http_status = ending->http_status;
    assert_int_equal(tw_slice_copy(ending->reason, end->reason, sizeof end->reason), TW_OK);
    snprintf(end->message, sizeof end->message, "%s", ending->message);
    if (!end->free_on_close)
        return;
    tw_socket_free(socket);
    end->socket = NULL;
}

static tw_socket_config config_of(const tw_socket_config *base, socket_end *end) {
    tw_socket_config config = *base;
    config.on_open = on_open;
    config.on_message = on_message;
    config.on_close = on_close;
    config.context = end;
    return config;
}

static void upgraded(void *context, int fd, tw_slice early) {
    test_house *house = context;
    if (fd < 0)
        return;
    assert_true(house->peer_count < PEER_COUNT_MAX);
    socket_end *end = &house->peers[house->peer_count++];
    tw_socket_config config = config_of(&house->config, end);
    assert_int_equal(tw_socket_accept(house->loop, fd, early, &config, &end->socket, NULL), TW_OK);
    assert_int_equal(end->opened, 0); /* in the next turn */
}

static void handle(void *context, const tw_http_request *request, tw_http_reply *reply) {
    test_house *house = context;
    tw_slice value = {0};
    if (house->refuse_with == 0 && tw_http_reply_upgrade(reply, upgraded, house, NULL) == TW_OK)
        return;
    tw_http_answer out = {.status = house->refuse_with != 0 ? house->refuse_with : 426};
    assert_false(tw_http_request_header(request, "x-missing", &value));
    assert_int_equal(tw_http_reply_send(reply, &out, NULL), TW_OK);
}

static void open_house(test_house *house) {
    tw_http_server_config config = {.handler = handle, .context = house};
    tw_error error = {0};
    memset(house, 0, sizeof *house);
    if (tw_loop_new(NULL, &house->loop, &error) != TW_OK ||
        tw_http_server_start(house->loop, &config, &house->server, &error) != TW_OK)
        fail_msg("%s", error.message);
}

static void close_house(test_house *house) {
    for (uint32_t i = 0; i < house->peer_count; i++)
        tw_socket_free(house->peers[i].socket);
    tw_http_server_free(house->server);
    tw_loop_free(house->loop);
}

static void turn_until(test_house *house, const uint32_t *count, uint32_t wanted) {
    int64_t end_ns = tw_time_monotonic_ns() + PATIENCE_NS;
    while (*count < wanted) {
        assert_int_equal(tw_loop_turn(house->loop, TW_NS_PER_SECOND, NULL, NULL), TW_OK);
        assert_true(tw_time_monotonic_ns() < end_ns);
    }
}

static void connect_end(test_house *house, const tw_socket_config *base, socket_end *end) {
    char url[64];
    tw_error error = {0};
    tw_socket_header header = {tw_slice_of("APCA-API-KEY-ID"), tw_slice_of("plugh")};
    tw_socket_config config = config_of(base, end);
    snprintf(url, sizeof url, "ws://127.0.0.1:%u/v2/iex?a=b", tw_http_server_port(house->server));
    tw_socket_call call = {
        .url = url, .headers = &header, .header_count = 1, .authenticated = true};
    if (tw_socket_connect(house->loop, &call, &config, &end->socket, &error) != TW_OK)
        fail_msg("%s", error.message);
}

/* A client and its server's end, both open. */
static socket_end *connect_pair(test_house *house, const tw_socket_config *base,
                                socket_end *client) {
    uint32_t index = house->peer_count;
    connect_end(house, base, client);
    turn_until(house, &client->opened, 1);
    turn_until(house, &house->peers[index].opened, 1);
    return &house->peers[index];
}

static const tw_socket_config plain_config = {0};

/* ---- raw connections: bytes that a proper client would not send ------------------------ */

static int raw_connect(test_house *house, const char *behind) {
    struct sockaddr_in where = {.sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                .sin_port = htons(tw_http_server_port(house->server))};
    char request[512];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&where, sizeof where), 0);
    int size = snprintf(
        request, sizeof request,
        "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: WebSocket\r\n"
        "Connection: keep-alive, TE\r\nConnection: x, Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n%s",
        behind);
    assert_int_equal(send(fd, request, (size_t)size, MSG_NOSIGNAL), size);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

/* Reads at least `wanted` bytes while the loop turns; returns how many came. */
static size_t raw_read(test_house *house, int fd, char *buffer, size_t capacity, size_t wanted) {
    int64_t end_ns = tw_time_monotonic_ns() + PATIENCE_NS;
    size_t size = 0;
    while (size < wanted && tw_time_monotonic_ns() < end_ns) {
        ssize_t got = recv(fd, buffer + size, capacity - size, 0);
        if (got == 0 || (got < 0 && errno != EAGAIN))
            break;
        size += got > 0 ? (size_t)got : 0;
        assert_int_equal(tw_loop_turn(house->loop, TW_NS_PER_MS, NULL, NULL), TW_OK);
    }
    return size;
}

static void raw_open(test_house *house, int fd) {
    char answer[1024] = {0};
    size_t size = raw_read(house, fd, answer, sizeof answer - 1, 100);
    assert_true(size > 4);
    assert_non_null(strstr(answer, "HTTP/1.1 101"));
    /* The example of RFC 6455, section 1.3. */
    assert_non_null(strstr(answer, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    assert_memory_equal(answer + size - 4, "\r\n\r\n", 4);
    turn_until(house, &house->peers[0].opened, 1);
}

/* A client's frame masked with zeros, so that the payload is readable here. */
static void raw_frame(int fd, uint8_t first, const char *payload) {
    char frame[256] = {0};
    size_t size = strlen(payload);
    assert_true(size < 126);
    frame[0] = (char)first;
    frame[1] = (char)(0x80 | size);
    memcpy(frame + 6, payload, size);
    assert_int_equal(send(fd, frame, 6 + size, MSG_NOSIGNAL), (ssize_t)(6 + size));
}

/* ---- messages ------------------------------------------------------------------------- */

static void text_and_binary_come_back_as_they_were_sent(void **state) {
    (void)state;
    test_house house;
    socket_end client = {0};
    open_house(&house);
    socket_end *peer = connect_pair(&house, &plain_config, &client);
    peer->echo = true;
    assert_int_equal(tw_socket_send(client.socket, TW_SOCKET_TEXT, tw_slice_of("h\xc3\xa9")),
                     TW_OK);
    turn_until(&house, &client.messages, 1);
    assert_int_equal(client.kind, TW_SOCKET_TEXT);
    assert_string_equal(client.data, "h\xc3\xa9");
    tw_slice bytes = {"\0\xff\x01", 3};
    assert_int_equal(tw_socket_send(client.socket, TW_SOCKET_BINARY, bytes), TW_OK);
    assert_int_equal(tw_socket_send(client.socket, TW_SOCKET_TEXT, (tw_slice){0}), TW_OK);
    turn_until(&house, &client.messages, 2);
    turn_until(&house, &peer->messages, 3);
    turn_until(&house, &client.messages, 3);
    assert_int_equal(client.size, 0);
    assert_int_equal(tw_socket_get_stats(peer->socket).message_in_count, 3);
    tw_socket_free(client.socket);
    close_house(&house);
}

static void a_megabyte_comes_whole_and_a_byte_more_is_too_big(void **state) {
    (void)state;
    test_house house;
    socket_end client = {0};
    static char big[BIG_SIZE + 1];
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (char)(i * 2654435761u >> 7);
    open_house(&house);
    house.config.message_size_max = BIG_SIZE;
    socket_end *peer = connect_pair(&house, &plain_config, &client);
    peer->echo = true;
    tw_slice data = {big, BIG_SIZE};
    assert_int_equal(tw_socket_send(client.socket, TW_SOCKET_BINARY, data), TW_OK);
    turn_until(&house, &client.messages, 1);
    assert_int_equal(client.size, BIG_SIZE);
    assert_true(client.checksum == checksum_of(data));
    data.size++;
    assert_int_equal(tw_socket_send(client.socket, TW_SOCKET_BINARY, data), TW_OK);
    turn_until(&house, &client.closed, 1);
    turn_until(&house, &peer->closed, 1);
    assert_int_equal(client.code, TW_SOCKET_TOO_BIG);
    assert_int_equal(peer->status, TW_FULL);
    assert_int_equal(peer->code, TW_SOCKET_TOO_BIG);
    assert_int_equal(peer->messages, 1);
    tw_socket_free(client.socket);
    close_house(&house);
}

static void fragments_are_joined_even_with_an_empty_last_one(void **state) {
    (void)state;
    test_house house;
    open_house(&house);
    int fd = raw_connect(&house, "");
    raw_open(&house, fd);
    socket_end *peer = &house.peers[0];
    raw_frame(fd, 0x01, "{\"action\":"); /* text, more to come */
    raw_frame(fd, 0x89, "p");            /* a ping in between */
    raw_frame(fd, 0x00, "\"subscribe\"}");
    raw_frame(fd, 0x80, ""); /* the last fragment, empty */
    turn_until(&house, &peer->messages, 1);
    assert_string_equal(peer->data, "{\"action\":\"subscribe\"}");
    char pong[8] = {0};
    assert_int_equal(raw_read(&house, fd, pong, sizeof pong, 3), 3);
    assert_memory_equal(pong, "\x8a\x01p", 3);
    close(fd);
    turn_until(&house, &peer->closed, 1);
    assert_int_equal(peer->status, TW_CLOSED);
    assert_int_equal(peer->code, TW_SOCKET_ABNORMAL);
    close_house(&house);
}

static void bytes_behind_the_handshake_are_not_lost(void **state) {
    (void)state;
    test_house house;
    open_house(&house);
    /* "hi" in a text frame masked with 0x01010101. */
    int fd = raw_connect(&house, "\x81\x82\x01\x01\x01\x01ih");
    turn_until(&house, &house.peers[0].messages, 1);
    assert_string_equal(house.peers[0].data, "hi");
    close(fd);
    close_house(&house);
}

static void frames_that_break_the_protocol_close_with_1002_or_1007(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        uint8_t size;
        uint16_t code;
    } cases[] = {
        {"\x81\x02hi", 4, TW_SOCKET_PROTOCOL_ERROR},         /* not masked */
        {"\x83\x80\0\0\0\0", 6, TW_SOCKET_PROTOCOL_ERROR},   /* an opcode that is none */
        {"\xc1\x80\0\0\0\0", 6, TW_SOCKET_PROTOCOL_ERROR},   /* a reserved bit */
        {"\x80\x80\0\0\0\0", 6, TW_SOCKET_PROTOCOL_ERROR},   /* continues nothing */
        {"\x81\x82\0\0\0\0\xc3\x28", 8, TW_SOCKET_BAD_TEXT}, /* no UTF-8 */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_house house;
        char answer[64];
        open_house(&house);
        house.config.close_timeout_ns = 500 * TW_NS_PER_MS;
        int fd = raw_connect(&house, "");
        raw_open(&house, fd);
        assert_int_equal(send(fd, cases[i].bytes, cases[i].size, MSG_NOSIGNAL), cases[i].size);
        size_t size = raw_read(&house, fd, answer, sizeof answer, 4);
        assert_true(size >= 4);
        assert_int_equal((unsigned char)answer[0], 0x88);
        assert_int_equal((unsigned char)answer[2] << 8 | (unsigned char)answer[3], cases[i].code);
        close(fd);
        turn_until(&house, &house.peers[0].closed, 1);
        assert_int_equal(house.peers[0].status, TW_PROTOCOL);
        assert_int_equal(house.peers[0].code, cases[i].code);
        close_house(&house);
    }
}

/* ---- many ----------------------------------------------------------------------------- */

static void one_frame_reaches_fifty_clients_in_order(void **state) {
    (void)state;
    test_house house;
    static socket_end clients[50];
    memset(clients, 0, sizeof clients);
    open_house(&house);
    for (int i = 0; i < 50; i++)
        connect_end(&house, &plain_config, &clients[i]);
    for (int i = 0; i < 50; i++)
        turn_until(&house, &clients[i].opened, 1);
    for (int i = 0; i < 50; i++)
        turn_until(&house, &house.peers[i].opened, 1);
    for (int m = 0; m < 10; m++) {
        char text[32];
        tw_socket_frame *frame = NULL;
        snprintf(text, sizeof text, "tick %d", m);
        assert_int_equal(tw_socket_frame_new(NULL, TW_SOCKET_TEXT, tw_slice_of(text), &frame),
                         TW_OK);
        for (int i = 0; i < 50; i++)
            assert_int_equal(tw_socket_send_frame(house.peers[i].socket, frame), TW_OK);
        tw_socket_frame_free(frame);
    }
    for (int i = 0; i < 50; i++) {
        turn_until(&house, &clients[i].messages, 10);
        assert_string_equal(clients[i].data, "tick 9");
        /* Ten messages of one turn are one system call. */
        assert_int_equal(tw_socket_get_stats(house.peers[i].socket).write_count, 1);
    }
    for (int i = 0; i < 50; i++)
        tw_socket_free(clients[i].socket);
    close_house(&house);
}

/* ---- slow, silent and gone ------------------------------------------------------------ */

static void fill_until_full(socket_end *peer, tw_slice data, uint32_t *ret_taken) {
    tw_status status = TW_OK;
    *ret_taken = 0;
    while ((status = tw_socket_send(peer->socket, TW_SOCKET_BINARY, data)) == TW_OK)
        ++*ret_taken;
    assert_int_equal(status, TW_FULL);
}

static void a_slow_client_loses_messages_but_keeps_the_socket(void **state) {
    (void)state;
    test_house house;
    static char chunk[10000];
    uint32_t taken = 0;
    open_house(&house);
    house.config.queue_size_max = 100000;
    int fd = raw_connect(&house, ""); /* never reads behind the handshake */
    raw_open(&house, fd);
    socket_end *peer = &house.peers[0];
    tw_slice data = {chunk, sizeof chunk};
    fill_until_full(peer, data, &taken);
    assert_int_equal(taken, 9); /* with their headers ten are over the bound */
    tw_socket_stats stats = tw_socket_get_stats(peer->socket);
    assert_true(stats.queue_size <= 100000);
    assert_int_equal(stats.dropped_count, 1);
    assert_int_equal(tw_socket_get_state(peer->socket), TW_SOCKET_OPEN);
    assert_int_equal(tw_socket_send(peer->socket, TW_SOCKET_TEXT, tw_slice_of("small")), TW_OK);
    assert_int_equal(tw_loop_turn(house.loop, 0, NULL, NULL), TW_OK);
    assert_int_equal(tw_socket_get_stats(peer->socket).queue_count, 0); /* the kernel has it */
    close(fd);
    close_house(&house);
}

/* Sends until neither the kernel nor the queue takes any more. */
static void clog_up(test_house *house, socket_end *peer) {
    static char chunk[50000];
    uint32_t stuck = 0;
    while (stuck < 20) {
        tw_status status =
            tw_socket_send(peer->socket, TW_SOCKET_BINARY, (tw_slice){chunk, sizeof chunk});
        stuck = status == TW_OK ? 0 : stuck + 1;
        if (peer->closed > 0 || tw_socket_get_state(peer->socket) != TW_SOCKET_OPEN)
            return;
        assert_int_equal(tw_loop_turn(house->loop, 0, NULL, NULL), TW_OK);
    }
}

static void a_slow_client_can_be_told_and_closed(void **state) {
    (void)state;
    test_house house;
    open_house(&house);
    house.config.queue_size_max = 200000;
    house.config.close_timeout_ns = 20 * TW_NS_PER_MS;
    int fd = raw_connect(&house, "");
    raw_open(&house, fd);
    socket_end *peer = &house.peers[0];
    clog_up(&house, peer);
    assert_true(tw_socket_discard(peer->socket) > 0);
    assert_true(tw_socket_get_stats(peer->socket).queue_count <= 1);
    assert_int_equal(tw_socket_send(peer->socket, TW_SOCKET_TEXT, tw_slice_of("407")), TW_OK);
    tw_socket_close(peer->socket, TW_SOCKET_POLICY, "slow client");
    assert_int_equal(tw_socket_send(peer->socket, TW_SOCKET_TEXT, tw_slice_of("x")), TW_STATE);
    turn_until(&house, &peer->closed, 1);
    assert_int_equal(peer->status, TW_TIMEOUT); /* it never read the close frame */
    close(fd);
    close_house(&house);
}

static void the_policy_closes_a_slow_client(void **state) {
    (void)state;
    test_house house;
    open_house(&house);
    house.config.queue_size_max = 200000;
    house.config.policy = TW_SOCKET_CLOSE_SLOW;
    house.config.close_timeout_ns = 20 * TW_NS_PER_MS;
    int fd = raw_connect(&house, "");
    raw_open(&house, fd);
    socket_end *peer = &house.peers[0];
    clog_up(&house, peer);
    assert_int_equal(tw_socket_get_state(peer->socket), TW_SOCKET_CLOSING);
    turn_until(&house, &peer->closed, 1);
    assert_int_equal(peer->status, TW_FULL);
    assert_int_equal(peer->code, TW_SOCKET_POLICY);
    close(fd);
    close_house(&house);
}

static void a_flood_of_pings_makes_nothing_grow(void **state) {
    (void)state;
    test_house house;
    open_house(&house);
    int fd = raw_connect(&house, "");
    raw_open(&house, fd);
    socket_end *peer = &house.peers[0];
    clog_up(&house, peer);
    static char pings[6 * 10000];
    for (size_t i = 0; i < sizeof pings; i += 6)
        memcpy(pings + i, "\x89\x80\0\0\0\0", 6);
    for (int i = 0; i < 50; i++) {
        (void)!send(fd, pings, sizeof pings, MSG_NOSIGNAL);
        assert_int_equal(tw_loop_turn(house.loop, 0, NULL, NULL), TW_OK);
    }
    uint64_t before = tw_socket_get_stats(peer->socket).byte_in_count;
    for (int i = 0; i < 50; i++) {
        (void)!send(fd, pings, sizeof pings, MSG_NOSIGNAL);
        assert_int_equal(tw_loop_turn(house.loop, 0, NULL, NULL), TW_OK);
    }
    assert_true(tw_socket_get_stats(peer->socket).byte_in_count == before);
    assert_int_equal(peer->closed, 0);
    close(fd);
    close_house(&house);
}

static void silence_after_a_ping_is_a_timeout(void **state) {
    (void)state;
    test_house house;
    open_house(&house);
    house.config.ping_interval_ns = 2 * TW_NS_PER_MS;
    house.config.pong_timeout_ns = 10 * TW_NS_PER_MS;
    int fd = raw_connect(&house, ""); /* a raw client answers no ping */
    raw_open(&house, fd);
    turn_until(&house, &house.peers[0].closed, 1);
    assert_int_equal(house.peers[0].status, TW_TIMEOUT);
    close(fd);
    close_house(&house);
}

static void pings_are_answered_and_keep_a_quiet_socket_open(void **state) {
    (void)state;
    test_house house;
    socket_end client = {0};
    open_house(&house);
    house.config.ping_interval_ns = 2 * TW_NS_PER_MS;
    house.config.pong_timeout_ns = 2 * TW_NS_PER_SECOND;
    socket_end *peer = connect_pair(&house, &plain_config, &client);
    int64_t end_ns = tw_time_monotonic_ns() + PATIENCE_NS;
    /* Ten pongs of six bytes and more. */
    while (tw_socket_get_stats(peer->socket).byte_in_count < 60) {
        assert_int_equal(tw_loop_turn(house.loop, TW_NS_PER_SECOND, NULL, NULL), TW_OK);
        assert_true(tw_time_monotonic_ns() < end_ns);
    }
    assert_int_equal(peer->closed, 0);
    assert_int_equal(peer->messages, 0);
    tw_socket_free(client.socket);
    close_house(&house);
}

static void a_connection_that_answers_pings_but_says_nothing_is_mute(void **state) {
    (void)state;
    test_house house;
    socket_end client = {0};
    open_house(&house);
    tw_socket_config config = {.ping_interval_ns = TW_NS_PER_MS,
                               .quiet_timeout_ns = 60 * TW_NS_PER_MS};
    socket_end *peer = connect_pair(&house, &config, &client);
    int64_t began_ns = tw_time_monotonic_ns();
    turn_until(&house, &client.closed, 1);
    assert_int_equal(client.status, TW_TIMEOUT);
    assert_non_null(strstr(client.message, "no message came"));
    assert_true(tw_time_monotonic_ns() - began_ns >= 50 * TW_NS_PER_MS);
    assert_int_equal(peer->messages, 0);
    tw_socket_free(client.socket);
    close_house(&house);
}

static void messages_keep_a_socket_from_being_mute_and_the_span_may_change(void **state) {
    (void)state;
    test_house house;
    socket_end client = {0};
    open_house(&house);
    tw_socket_config config = {.ping_interval_ns = -1, .quiet_timeout_ns = 3600 * TW_NS_PER_SECOND};
    socket_end *peer = connect_pair(&house, &config, &client);
    tw_socket_set_quiet_timeout(client.socket, 2 * TW_NS_PER_SECOND);
    for (uint32_t i = 1; i <= 5; i++) {
        assert_int_equal(tw_socket_send(peer->socket, TW_SOCKET_TEXT, tw_slice_of("x")), TW_OK);
        turn_until(&house, &client.messages, i);
    }
    assert_int_equal(client.closed, 0);
    tw_socket_set_quiet_timeout(client.socket, 0); /* the session is over: silence is normal */
    assert_int_equal(tw_loop_turn(house.loop, 5 * TW_NS_PER_MS, NULL, NULL), TW_OK);
    assert_int_equal(client.closed, 0);
    tw_socket_set_quiet_timeout(client.socket, TW_NS_PER_MS);
    turn_until(&house, &client.closed, 1);
    assert_int_equal(client.status, TW_TIMEOUT);
    tw_socket_free(client.socket);
    close_house(&house);
}

static void into_the_inbox(void *context, tw_socket *socket, const tw_socket_message *message) {
    (void)socket;
    (void)tw_socket_inbox_offer(context, message);
}

static void a_handler_that_is_away_loses_messages_and_not_the_connection(void **state) {
    (void)state;
    test_house house;
    tw_socket_inbox_config room = {.size = 8192};
    TW_AUTO(tw_socket_inbox) *inbox = NULL;
    tw_socket *client = NULL;
    char url[64];
    assert_int_equal(tw_socket_inbox_new(NULL, &room, &inbox), TW_OK);
    open_house(&house);
    house.config.ping_interval_ns = 2 * TW_NS_PER_MS;
    house.config.pong_timeout_ns = 2 * TW_NS_PER_SECOND;
    snprintf(url, sizeof url, "ws://127.0.0.1:%u/", tw_http_server_port(house.server));
    tw_socket_call call = {.url = url};
    tw_socket_config config = {.on_message = into_the_inbox, .context = inbox};
    assert_int_equal(tw_socket_connect(house.loop, &call, &config, &client, NULL), TW_OK);
    turn_until(&house, &house.peers[0].opened, 1);
    for (int i = 0; i < 200; i++)
        assert_int_equal(tw_socket_send(house.peers[0].socket, TW_SOCKET_TEXT, tw_slice_of("tick")),
                         TW_OK);
    int64_t end_ns = tw_time_monotonic_ns() + PATIENCE_NS;
    /* Nobody takes anything; ten pongs come all the same. */
    while (tw_socket_get_stats(house.peers[0].socket).byte_in_count < 60) {
        assert_int_equal(tw_loop_turn(house.loop, TW_NS_PER_SECOND, NULL, NULL), TW_OK);
        assert_true(tw_time_monotonic_ns() < end_ns);
    }
    assert_int_equal(house.peers[0].closed, 0);
    tw_socket_inbox_stats stats = tw_socket_inbox_get_stats(inbox);
    assert_int_equal(stats.offered_count, 200);
    assert_int_equal(stats.dropped_count, 200 - 64);
    char buffer[16];
    tw_socket_letter letter;
    for (int i = 0; i < 64; i++)
        assert_int_equal(tw_socket_inbox_take(inbox, buffer, sizeof buffer, &letter), TW_OK);
    assert_int_equal(tw_socket_send(house.peers[0].socket, TW_SOCKET_TEXT, tw_slice_of("x")),
                     TW_OK);
    while (tw_socket_inbox_take(inbox, buffer, sizeof buffer, &letter) != TW_OK)
        assert_int_equal(tw_loop_turn(house.loop, TW_NS_PER_SECOND, NULL, NULL), TW_OK);
    assert_int_equal(letter.dropped_count, 200 - 64); /* the next one tells */
    tw_socket_free(client);
    close_house(&house);
}

static void text_that_is_none_is_not_sent(void **state) {
    (void)state;
    test_house house;
    socket_end client = {0};
    open_house(&house);
    connect_pair(&house, &plain_config, &client);
    assert_int_equal(tw_socket_send(client.socket, TW_SOCKET_TEXT, tw_slice_of("\xed\xa0\x80")),
                     TW_INVALID);
    assert_int_equal(tw_socket_send(client.socket, TW_SOCKET_BINARY, tw_slice_of("\xed\xa0\x80")),
                     TW_OK);
    assert_int_equal(tw_socket_get_stats(client.socket).message_out_count, 1);
    assert_int_equal(tw_socket_get_stats(client.socket).payload_out_size, 3);
    tw_socket_free(client.socket);
    close_house(&house);
}

static void an_abrupt_end_is_closed_with_1006(void **state) {
    (void)state;
    test_house house;
    socket_end client = {0};
    open_house(&house);
    socket_end *peer = connect_pair(&house, &plain_config, &client);
    tw_socket_free(peer->socket);
    peer->socket = NULL;
    turn_until(&house, &client.closed, 1);
    assert_int_equal(client.status, TW_CLOSED);
    assert_int_equal(client.code, TW_SOCKET_ABNORMAL);
    assert_int_equal(peer->closed, 0);
    tw_socket_free(client.socket);
    close_house(&house);
}

/* ---- closing and freeing -------------------------------------------------------------- */

static void both_ends_see_the_code_and_reason_of_a_close(void **state) {
    (void)state;
    test_house house;
    socket_end client = {.free_on_close = true};
    open_house(&house);
    socket_end *peer = connect_pair(&house, &plain_config, &client);
    assert_int_equal(tw_socket_send(client.socket, TW_SOCKET_TEXT, tw_slice_of("last")), TW_OK);
    tw_socket_close(client.socket, TW_SOCKET_GOING_AWAY, "good night");
    tw_socket_close(client.socket, TW_SOCKET_NORMAL, "ignored");
    turn_until(&house, &client.closed, 1);
    turn_until(&house, &peer->closed, 1);
    assert_int_equal(peer->messages, 1); /* what was queued before came first */
    assert_int_equal(client.status, TW_OK);
    assert_int_equal(peer->status, TW_OK);
    assert_int_equal(client.code, TW_SOCKET_GOING_AWAY);
    assert_int_equal(peer->code, TW_SOCKET_GOING_AWAY);
    assert_string_equal(peer->reason, "good night");
    assert_null(client.socket);
    close_house(&house);
}

static void a_peer_that_does_not_close_is_left_after_the_deadline(void **state) {
    (void)state;
    test_house house;
    open_house(&house);
    house.config.close_timeout_ns = 5 * TW_NS_PER_MS;
    int fd = raw_connect(&house, "");
    raw_open(&house, fd);
    tw_socket_close(house.peers[0].socket, TW_SOCKET_NORMAL, NULL);
    turn_until(&house, &house.peers[0].closed, 1);
    assert_int_equal(house.peers[0].status, TW_TIMEOUT);
    close(fd);
    close_house(&house);
}

static void a_socket_may_be_freed_from_within_its_message(void **state) {
    (void)state;
    test_house house;
    socket_end client = {0};
    open_house(&house);
    socket_end *peer = connect_pair(&house, &plain_config, &client);
    peer->free_on_message = true;
    for (int i = 0; i < 3; i++)
        assert_int_equal(tw_socket_send(client.socket, TW_SOCKET_TEXT, tw_slice_of("x")), TW_OK);
    turn_until(&house, &client.closed, 1);
    assert_int_equal(peer->messages, 1); /* no callback follows the free */
    assert_int_equal(peer->closed, 0);
    tw_socket_free(client.socket);
    close_house(&house);
}

/* ---- the handshake -------------------------------------------------------------------- */

static void refusals_of_the_handshake_are_told_apart(void **state) {
    (void)state;
    static const struct {
        uint32_t http_status;
        tw_status status;
    } cases[] = {{401, TW_AUTH},   {403, TW_AUTH},   {429, TW_THROTTLED}, {404, TW_REFUSED},
                 {408, TW_REMOTE}, {503, TW_REMOTE}, {500, TW_REMOTE}};
    test_house house;
    open_house(&house);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        socket_end client = {0};
        house.refuse_with = cases[i].http_status;
        connect_end(&house, &plain_config, &client);
        turn_until(&house, &client.closed, 1);
        assert_int_equal(client.status, cases[i].status);
        assert_int_equal(client.http_status, cases[i].http_status);
        assert_int_equal(client.opened, 0);
        assert_null(strstr(client.message, "plugh"));
        tw_socket_free(client.socket);
    }
    close_house(&house);
}

static void nobody_listening_is_unreachable(void **state) {
    (void)state;
    test_house house;
    socket_end client = {0};
    open_house(&house);
    uint16_t port = tw_http_server_port(house.server);
    tw_http_server_free(house.server);
    house.server = NULL;
    char url[64];
    snprintf(url, sizeof url, "ws://127.0.0.1:%u/", port);
    tw_socket_call call = {.url = url};
    tw_socket_config config = config_of(&plain_config, &client);
    assert_int_equal(tw_socket_connect(house.loop, &call, &config, &client.socket, NULL), TW_OK);
    turn_until(&house, &client.closed, 1);
    assert_int_equal(client.status, TW_UNREACHABLE);
    tw_socket_free(client.socket);
    close_house(&house);
}

static void a_handshake_without_an_answer_is_a_timeout_and_can_be_given_up(void **state) {
    (void)state;
    test_house house;
    socket_end client = {0};
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof where;
    char url[64];
    open_house(&house);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&where, size), 0);
    assert_int_equal(listen(fd, 4), 0); /* accepts and says nothing */
    assert_int_equal(getsockname(fd, (struct sockaddr *)&where, &size), 0);
    snprintf(url, sizeof url, "ws://127.0.0.1:%u/", ntohs(where.sin_port));
    tw_socket_call call = {.url = url};
    tw_socket_config config = config_of(&plain_config, &client);
    config.connect_timeout_ns = 20 * TW_NS_PER_MS;
    assert_int_equal(tw_socket_connect(house.loop, &call, &config, &client.socket, NULL), TW_OK);
    turn_until(&house, &client.closed, 1);
    assert_int_equal(client.status, TW_TIMEOUT);
    tw_socket_free(client.socket);
    socket_end second = {0};
    config = config_of(&plain_config, &second);
    assert_int_equal(tw_socket_connect(house.loop, &call, &config, &second.socket, NULL), TW_OK);
    tw_socket_close(second.socket, TW_SOCKET_NORMAL, NULL);
    turn_until(&house, &second.closed, 1);
    assert_int_equal(second.status, TW_CANCELLED);
    tw_socket_free(second.socket);
    close(fd);
    close_house(&house);
}

static void calls_that_make_no_sense_are_refused_at_once(void **state) {
    (void)state;
    test_house house;
    socket_end client = {0};
    open_house(&house);
    tw_socket_header header = {tw_slice_of("X"), tw_slice_of("a\r\nb")};
    tw_socket_call call = {.url = "http://127.0.0.1/"};
    tw_socket_config config = config_of(&plain_config, &client);
    assert_int_equal(tw_socket_connect(house.loop, &call, &config, &client.socket, NULL),
                     TW_INVALID);
    call.url = "ws://192.0.2.1/stream";
    call.authenticated = true;
    assert_int_equal(tw_socket_connect(house.loop, &call, &config, &client.socket, NULL),
                     TW_REFUSED);
    call.url = "ws://127.0.0.1/";
    call.authenticated = false;
    config.deflate = (tw_socket_deflate){.on = true, .client_bits = 16};
    assert_int_equal(tw_socket_connect(house.loop, &call, &config, &client.socket, NULL),
                     TW_INVALID);
    config.deflate = (tw_socket_deflate){0};
    call.headers = &header;
    call.header_count = 1;
    assert_int_equal(tw_socket_connect(house.loop, &call, &config, &client.socket, NULL),
                     TW_INVALID);
    close_house(&house);
}

/* ---- memory --------------------------------------------------------------------------- */

typedef struct memory_case {
    const tw_allocator *allocator;
    tw_loop *loop;
    tw_socket *ends[2];
    tw_status failure;
    bool answered;
} memory_case;

static void memory_message(void *context, tw_socket *socket, const tw_socket_message *message) {
    memory_case *c = context;
    if (socket == c->ends[0])
        c->answered = true;
    else if (tw_socket_send(socket, TW_SOCKET_TEXT, message->data) != TW_OK)
        c->failure = TW_NO_MEMORY;
}

static void memory_open(void *context, tw_socket *socket) {
    memory_case *c = context;
    if (socket == c->ends[0] && tw_socket_send(socket, TW_SOCKET_TEXT, tw_slice_of("x")) != TW_OK)
        c->failure = TW_NO_MEMORY;
}

static void memory_close(void *context, tw_socket *socket, const tw_socket_ending *ending) {
    memory_case *c = context;
    (void)socket;
    (void)ending;
    c->failure = TW_NO_MEMORY; /* only a lack of memory ends these connections */
}

static void memory_upgraded(void *context, int fd, tw_slice early) {
    memory_case *c = context;
    tw_socket_config config = {.allocator = c->allocator,
                               .queue_count_max = 4,
                               .on_message = memory_message,
                               .on_close = memory_close,
                               .context = c};
    if (fd < 0)
        return;
    tw_status status = tw_socket_accept(c->loop, fd, early, &config, &c->ends[1], NULL);
    if (status == TW_OK)
        return;
    close(fd);
    c->failure = status;
}

static void memory_handle(void *context, const tw_http_request *request, tw_http_reply *reply) {
    (void)request;
    if (tw_http_reply_upgrade(reply, memory_upgraded, context, NULL) != TW_OK)
        tw_http_reply_reset(reply);
}

static tw_status talk(memory_case *c, uint16_t port) {
    char url[64];
    snprintf(url, sizeof url, "ws://127.0.0.1:%u/", port);
    tw_socket_call call = {.url = url};
    tw_socket_config config = {.allocator = c->allocator,
                               .queue_count_max = 4,
                               .on_open = memory_open,
                               .on_message = memory_message,
                               .on_close = memory_close,
                               .context = c};
    tw_status status = tw_socket_connect(c->loop, &call, &config, &c->ends[0], NULL);
    while (status == TW_OK && c->failure == TW_OK && !c->answered)
        status = tw_loop_turn(c->loop, TW_NS_PER_SECOND, NULL, NULL);
    return status != TW_OK ? status : c->failure;
}

static tw_status make_and_talk(const tw_allocator *allocator, void *context) {
    (void)context;
    memory_case c = {.allocator = allocator};
    TW_AUTO(tw_loop) *loop = NULL;
    TW_AUTO(tw_http_server) *server = NULL;
    tw_http_server_config config = {.handler = memory_handle, .context = &c};
    tw_status status = tw_loop_new(NULL, &loop, NULL);
    c.loop = loop;
    if (status == TW_OK)
        status = tw_http_server_start(loop, &config, &server, NULL);
    if (status == TW_OK)
        status = talk(&c, tw_http_server_port(server));
    tw_socket_free(c.ends[0]);
    tw_socket_free(c.ends[1]);
    return status;
}

static void leaves_nothing_when_memory_runs_out(void **state) {
    (void)state;
    assert_survives_failed_allocations(make_and_talk, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_and_binary_come_back_as_they_were_sent),
        cmocka_unit_test(a_megabyte_comes_whole_and_a_byte_more_is_too_big),
        cmocka_unit_test(fragments_are_joined_even_with_an_empty_last_one),
        cmocka_unit_test(bytes_behind_the_handshake_are_not_lost),
        cmocka_unit_test(frames_that_break_the_protocol_close_with_1002_or_1007),
        cmocka_unit_test(one_frame_reaches_fifty_clients_in_order),
        cmocka_unit_test(a_slow_client_loses_messages_but_keeps_the_socket),
        cmocka_unit_test(a_slow_client_can_be_told_and_closed),
        cmocka_unit_test(the_policy_closes_a_slow_client),
        cmocka_unit_test(a_flood_of_pings_makes_nothing_grow),
        cmocka_unit_test(silence_after_a_ping_is_a_timeout),
        cmocka_unit_test(pings_are_answered_and_keep_a_quiet_socket_open),
        cmocka_unit_test(a_connection_that_answers_pings_but_says_nothing_is_mute),
        cmocka_unit_test(messages_keep_a_socket_from_being_mute_and_the_span_may_change),
        cmocka_unit_test(a_handler_that_is_away_loses_messages_and_not_the_connection),
        cmocka_unit_test(text_that_is_none_is_not_sent),
        cmocka_unit_test(an_abrupt_end_is_closed_with_1006),
        cmocka_unit_test(both_ends_see_the_code_and_reason_of_a_close),
        cmocka_unit_test(a_peer_that_does_not_close_is_left_after_the_deadline),
        cmocka_unit_test(a_socket_may_be_freed_from_within_its_message),
        cmocka_unit_test(refusals_of_the_handshake_are_told_apart),
        cmocka_unit_test(nobody_listening_is_unreachable),
        cmocka_unit_test(a_handshake_without_an_answer_is_a_timeout_and_can_be_given_up),
        cmocka_unit_test(calls_that_make_no_sense_are_refused_at_once),
        cmocka_unit_test(leaves_nothing_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
