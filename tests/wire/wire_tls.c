/* wire_tls.c - https and wss: who is trusted, and that records hide no bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tls_terminator.h"
#include "tradewind/http.h"
#include "tradewind/socket.h"
#include "tradewind/time.h"

#define PATIENCE_NS (20 * TW_NS_PER_SECOND)
#define MESSAGE_SIZE ((size_t)600000) /* more than is read from one socket in a turn */

typedef struct tls_house {
    tw_loop *loop;
    tw_http_server *server;
    tw_socket *peer;
    tls_terminator terminator;
    uint32_t handled;
    uint32_t done;
    tw_status status;
    uint32_t http_status;
    bool sent;
    size_t size;
    bool same;
    uint16_t code;
    char message[256];
} tls_house;

static char pattern[MESSAGE_SIZE];

static void echo(void *context, tw_socket *socket, const tw_socket_message *message) {
    (void)context;
    assert_int_equal(tw_socket_send(socket, message->kind, message->data), TW_OK);
}

static void upgraded(void *context, int fd, tw_slice early) {
    tls_house *house = context;
    tw_socket_config config = {.on_message = echo};
    if (fd >= 0)
        assert_int_equal(tw_socket_accept(house->loop, fd, early, &config, &house->peer, NULL),
                         TW_OK);
}

static void handle(void *context, const tw_http_request *request, tw_http_reply *reply) {
    tls_house *house = context;
    tw_http_answer out = {.status = 200, .body = tw_http_request_body(request)};
    house->handled++;
    if (tw_http_reply_upgrade(reply, upgraded, house, NULL) != TW_OK)
        assert_int_equal(tw_http_reply_send(reply, &out, NULL), TW_OK);
}

static void open_house(tls_house *house) {
    tw_http_server_config config = {.handler = handle, .context = house};
    memset(house, 0, sizeof *house);
    assert_int_equal(tw_loop_new(NULL, &house->loop, NULL), TW_OK);
    assert_int_equal(tw_http_server_start(house->loop, &config, &house->server, NULL), TW_OK);
    assert_true(tls_terminator_start(&house->terminator, tw_http_server_port(house->server)));
}

static void close_house(tls_house *house) {
    tw_socket_free(house->peer);
    tls_terminator_stop(&house->terminator);
    tw_http_server_free(house->server);
    tw_loop_free(house->loop);
}

static void turn_until_done(tls_house *house) {
    int64_t end_ns = tw_time_monotonic_ns() + PATIENCE_NS;
    while (house->done == 0) {
        assert_int_equal(tw_loop_turn(house->loop, TW_NS_PER_SECOND, NULL, NULL), TW_OK);
        assert_true(tw_time_monotonic_ns() < end_ns);
    }
    house->done = 0;
}

static void note(void *context, const tw_http_result *result) {
    tls_house *house = context;
    house->done++;
    house->status = result->status;
    house->http_status = result->http_status;
    house->sent = result->sent;
    snprintf(house->message, sizeof house->message, "%s", result->message);
}

static void post(tls_house *house, const char *host, const char *certificate_file) {
    tw_http_client_config config = {.certificate_file = certificate_file};
    TW_AUTO(tw_http_client) *client = NULL;
    char url[64];
    assert_int_equal(tw_http_client_new(house->loop, &config, &client, NULL), TW_OK);
    snprintf(url, sizeof url, "https://%s:%u/v2/orders", host, house->terminator.port);
    tw_http_call call = {.method = "POST",
                         .url = url,
                         .body = tw_slice_of("{}"),
                         .single_use_connection = true,
                         .authenticated = true};
    assert_int_equal(tw_http_client_send(client, &call, note, house, NULL, NULL), TW_OK);
    turn_until_done(house);
}

static void https_trusts_only_a_known_certificate_of_the_right_name(void **state) {
    (void)state;
    tls_house house;
    open_house(&house);
    post(&house, "localhost", house.terminator.certificate_file);
    assert_int_equal(house.status, TW_OK);
    assert_int_equal(house.http_status, 200);
    assert_int_equal(house.handled, 1);
    post(&house, "localhost", NULL);
    assert_int_equal(house.status, TW_UNREACHABLE);
    assert_false(house.sent);
    assert_non_null(strstr(house.message, "certificate"));
    post(&house, "127.0.0.1", house.terminator.certificate_file);
    assert_int_equal(house.status, TW_UNREACHABLE);
    assert_int_equal(house.handled, 1); /* nothing got through */
    close_house(&house);
}

static void send_pattern(void *context, tw_socket *socket) {
    (void)context;
    assert_int_equal(tw_socket_send(socket, TW_SOCKET_BINARY, (tw_slice){pattern, MESSAGE_SIZE}),
                     TW_OK);
}

static void take_pattern(void *context, tw_socket *socket, const tw_socket_message *message) {
    tls_house *house = context;
    house->size = message->data.size;
    house->same = message->data.size == MESSAGE_SIZE &&
                  memcmp(message->data.data, pattern, MESSAGE_SIZE) == 0;
    tw_socket_close(socket, TW_SOCKET_NORMAL, "enough");
}

static void take_end(void *context, tw_socket *socket, const tw_socket_ending *ending) {
    tls_house *house = context;
    (void)socket;
    house->done++;
    house->status = ending->status;
    house->code = ending->code;
}

static void talk(tls_house *house, const char *host, const char *certificate_file) {
    TW_AUTO(tw_socket) *socket = NULL;
    char url[64];
    tw_socket_config config = {.certificate_file = certificate_file,
                               .on_open = send_pattern,
                               .on_message = take_pattern,
                               .on_close = take_end,
                               .context = house};
    snprintf(url, sizeof url, "wss://%s:%u/stream", host, house->terminator.port);
    tw_socket_call call = {.url = url, .authenticated = true};
    assert_int_equal(tw_socket_connect(house->loop, &call, &config, &socket, NULL), TW_OK);
    turn_until_done(house);
}

static void wss_carries_a_long_message_both_ways(void **state) {
    (void)state;
    tls_house house;
    for (size_t i = 0; i < MESSAGE_SIZE; i++)
        pattern[i] = (char)(i * 2654435761u >> 9);
    open_house(&house);
    talk(&house, "localhost", house.terminator.certificate_file);
    assert_int_equal(house.status, TW_OK);
    assert_int_equal(house.code, TW_SOCKET_NORMAL);
    assert_int_equal(house.size, MESSAGE_SIZE);
    assert_true(house.same);
    close_house(&house);
}

static void wss_trusts_only_a_known_certificate_of_the_right_name(void **state) {
    (void)state;
    tls_house house;
    open_house(&house);
    talk(&house, "localhost", NULL);
    assert_int_equal(house.status, TW_UNREACHABLE);
    talk(&house, "127.0.0.1", house.terminator.certificate_file);
    assert_int_equal(house.status, TW_UNREACHABLE);
    assert_int_equal(house.handled, 0);
    close_house(&house);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(https_trusts_only_a_known_certificate_of_the_right_name),
        cmocka_unit_test(wss_carries_a_long_message_both_ways),
        cmocka_unit_test(wss_trusts_only_a_known_certificate_of_the_right_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
