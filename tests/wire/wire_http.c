/* wire_http.c - the HTTP server and client against each other and against servers that fail. */
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
#include "tradewind/time.h"

#define PATIENCE_NS (20 * TW_NS_PER_SECOND)

/* ---- what the tests stand on ---------------------------------------------------------- */

typedef struct test_house {
    tw_loop *loop;
    tw_http_server *server;
    tw_http_client *client;
    tw_http_reply *kept; /* a reply for later */
    const tw_http_request *kept_request;
    uint32_t handled;
    int64_t delay_ns; /* of "/later" */
} test_house;

typedef struct call_outcome {
    uint32_t count;
    tw_status status;
    uint32_t http_status;
    uint32_t connection_count;
    bool sent;
    int64_t elapsed_ns;
    char body[256];
    char type[64];
    size_t body_size;
    char message[TW_ERROR_MESSAGE_SIZE];
} call_outcome;

static void note(void *context, const tw_http_result *result) {
    call_outcome *outcome = context;
    tw_slice type = {0};
    outcome->count++;
    outcome->status = result->status;
    outcome->http_status = result->http_status;
    outcome->connection_count = result->connection_count;
    outcome->sent = result->sent;
    outcome->elapsed_ns = result->elapsed_ns;
    outcome->body_size = result->body.size;
    if (tw_http_result_header(result, "content-type", &type))
        assert_int_equal(tw_slice_copy(type, outcome->type, sizeof outcome->type), TW_OK);
    snprintf(outcome->body, sizeof outcome->body, "%.*s", (int)result->body.size,
             result->body.size > 0 ? result->body.data : "");
    snprintf(outcome->message, sizeof outcome->message, "%s", result->message);
}

static void answer(tw_http_reply *reply, uint32_t status, tw_slice body) {
    tw_http_answer out = {.status = status, .content_type = "text/plain", .body = body};
    tw_error error = {0};
    if (tw_http_reply_send(reply, &out, &error) != TW_OK)
        fail_msg("%s", error.message);
}

static void answer_later(void *context) {
    answer(context, 200, tw_slice_of("later"));
}

/* Says what it was asked: method, path, query, one header, size of the body. */
static void answer_echo(const tw_http_request *request, tw_http_reply *reply) {
    char buffer[1024];
    tw_text text = tw_text_over(buffer, sizeof buffer);
    tw_slice value = {0};
    tw_text_append(&text, tw_http_request_method(request));
    tw_text_append_char(&text, ' ');
    tw_text_append(&text, tw_http_request_path(request));
    for (size_t i = 0; i < tw_http_request_query_count(request); i++) {
        tw_http_header pair = tw_http_request_query_at(request, i);
        tw_text_append_char(&text, ' ');
        tw_text_append(&text, pair.name);
        tw_text_append_char(&text, '=');
        tw_text_append(&text, pair.value);
    }
    if (tw_http_request_header(request, "x-word", &value))
        tw_text_append(&text, value);
    tw_text_append_char(&text, ' ');
    tw_text_append_u64(&text, tw_http_request_body(request).size);
    answer(reply, 200, tw_text_slice(&text));
}

static void handle(void *context, const tw_http_request *request, tw_http_reply *reply) {
    test_house *house = context;
    tw_slice path = tw_http_request_path(request);
    tw_loop_timer *timer = NULL;
    house->handled++;
    if (tw_slice_equal_string(path, "/later")) {
        assert_int_equal(
            tw_loop_timer_start(house->loop, house->delay_ns, 0, answer_later, reply, &timer),
            TW_OK);
    } else if (tw_slice_equal_string(path, "/keep")) {
        house->kept = reply;
        house->kept_request = request;
    } else if (tw_slice_equal_string(path, "/reset")) {
        tw_http_reply_reset(reply);
    } else if (tw_slice_equal_string(path, "/body")) {
        answer(reply, 200, tw_http_request_body(request));
    } else {
        answer_echo(request, reply);
    }
}

static void open_house(test_house *house) {
    tw_http_server_config server = {.handler = handle, .context = house, .body_size_max = 100000};
    tw_http_client_config client = {.in_flight_count_max = 8, .queued_count_max = 600};
    tw_error error = {0};
    memset(house, 0, sizeof *house);
    if (tw_loop_new(NULL, &house->loop, &error) != TW_OK ||
        tw_http_server_start(house->loop, &server, &house->server, &error) != TW_OK ||
        tw_http_client_new(house->loop, &client, &house->client, &error) != TW_OK)
        fail_msg("%s", error.message);
}

static void close_house(test_house *house) {
    tw_http_client_free(house->client);
    tw_http_server_free(house->server);
    tw_loop_free(house->loop);
}

static const char *url_of(const test_house *house, const char *path, char buffer[static 256]) {
    snprintf(buffer, 256, "http://127.0.0.1:%u%s", tw_http_server_port(house->server), path);
    return buffer;
}

static void turn_until(tw_loop *loop, const uint32_t *count, uint32_t wanted) {
    int64_t end_ns = tw_time_monotonic_ns() + PATIENCE_NS;
    while (*count < wanted) {
        assert_int_equal(tw_loop_turn(loop, TW_NS_PER_SECOND, NULL, NULL), TW_OK);
        assert_true(tw_time_monotonic_ns() < end_ns);
    }
}

static void send_call(test_house *house, const tw_http_call *call, call_outcome *outcome,
                      uint64_t *ret_id) {
    tw_error error = {0};
    if (tw_http_client_send(house->client, call, note, outcome, ret_id, &error) != TW_OK)
        fail_msg("%s", error.message);
    assert_int_equal(outcome->count, 0); /* never from within the send */
}

static void do_call(test_house *house, const tw_http_call *call, call_outcome *outcome) {
    memset(outcome, 0, sizeof *outcome);
    send_call(house, call, outcome, NULL);
    turn_until(house->loop, &outcome->count, 1);
}

static void do_path(test_house *house, const char *method, const char *path, tw_slice body,
                    call_outcome *outcome) {
    char url[256];
    tw_http_call call = {.method = method, .url = url_of(house, path, url), .body = body};
    do_call(house, &call, outcome);
}

/* ---- a server that fails to order ----------------------------------------------------- */

typedef enum server_fault {
    CLOSE_AFTER_BODY, /* reads the request, closes */
    CLOSE_ON_SECOND,  /* answers the first request of a connection, closes after the second */
    CLOSE_MID_ANSWER, /* half of the promised body, then closes */
    SAY_NOTHING,      /* reads and keeps silent */
    SPEAK_NONSENSE    /* no HTTP */
} server_fault;

typedef struct bad_server {
    tw_loop *loop;
    tw_loop_watch *listener;
    tw_loop_watch *watches[64];
    uint32_t requests_on[64]; /* by connection */
    int fds[64];
    uint32_t connections;
    uint32_t requests; /* whole requests seen */
    server_fault fault;
    uint16_t port;
    int fd;
} bad_server;

typedef struct bad_connection {
    bad_server *server;
    uint32_t index;
} bad_connection;

static bad_connection places[64];

static void hang_up(bad_server *server, uint32_t index) {
    tw_loop_watch_stop(server->watches[index]);
    server->watches[index] = NULL;
    close(server->fds[index]);
}

static void send_text(int fd, const char *text) {
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

static void answer_badly(bad_server *server, uint32_t index) {
    int fd = server->fds[index];
    server->requests++;
    uint32_t number = ++server->requests_on[index];
    switch (server->fault) {
    case CLOSE_AFTER_BODY:
        hang_up(server, index);
        break;
    case CLOSE_ON_SECOND:
        if (number > 1)
            hang_up(server, index);
        else
            send_text(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        break;
    case CLOSE_MID_ANSWER:
        send_text(fd, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf!");
        hang_up(server, index);
        break;
    case SPEAK_NONSENSE:
        send_text(fd, "quack quack quack\r\n\r\n");
        hang_up(server, index);
        break;
    case SAY_NOTHING:
        break;
    }
}

/* The requests of these tests are small and come in one piece. */
static void bad_ready(void *context, int fd, uint32_t events) {
    bad_connection *connection = context;
    char buffer[4096];
    (void)events;
    ssize_t got = recv(fd, buffer, sizeof buffer, 0);
    if (got > 0)
        answer_badly(connection->server, connection->index);
    else if (got == 0 || errno != EAGAIN)
        hang_up(connection->server, connection->index);
}

static void bad_accept(void *context, int fd, uint32_t events) {
    bad_server *server = context;
    (void)events;
    int client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client < 0)
        return;
    uint32_t index = server->connections++;
    assert_true(index < 64);
    places[index] = (bad_connection){server, index};
    server->fds[index] = client;
    assert_int_equal(tw_loop_watch_start(server->loop, client, TW_LOOP_READABLE, bad_ready,
                                         &places[index], &server->watches[index]),
                     TW_OK);
}

static int bound_socket(uint16_t *ret_port) {
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof where;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&where, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&where, &size), 0);
    *ret_port = ntohs(where.sin_port);
    return fd;
}

static void bad_start(bad_server *server, tw_loop *loop, server_fault fault) {
    memset(server, 0, sizeof *server);
    server->loop = loop;
    server->fault = fault;
    server->fd = bound_socket(&server->port);
    assert_int_equal(listen(server->fd, 64), 0);
    assert_int_equal(tw_loop_watch_start(loop, server->fd, TW_LOOP_READABLE, bad_accept, server,
                                         &server->listener),
                     TW_OK);
}

static void bad_stop(bad_server *server) {
    for (uint32_t i = 0; i < server->connections; i++)
        if (server->watches[i] != NULL)
            hang_up(server, i);
    tw_loop_watch_stop(server->listener);
    close(server->fd);
}

static void do_bad(test_house *house, bad_server *server, const char *method, bool single_use,
                   call_outcome *outcome) {
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u/v2/orders?secret=xyzzy", server->port);
    tw_http_header secret = {tw_slice_of("APCA-API-SECRET-KEY"), tw_slice_of("plugh")};
    tw_http_call call = {.method = method,
                         .url = url,
                         .headers = &secret,
                         .header_count = 1,
                         .total_timeout_ns = 200 * TW_NS_PER_MS,
                         .single_use_connection = single_use,
                         .authenticated = true};
    if (strcmp(method, "POST") == 0)
        call.body = tw_slice_of("{\"qty\":\"1\"}");
    do_call(house, &call, outcome);
    assert_null(strstr(outcome->message, "xyzzy"));
    assert_null(strstr(outcome->message, "plugh"));
}

/* ---- requests and answers ------------------------------------------------------------- */

static void a_request_arrives_as_it_was_sent(void **state) {
    (void)state;
    test_house house;
    call_outcome outcome;
    open_house(&house);
    do_path(&house, "GET", "/v2/x/BTC%2FUSD?symbols=A%2CB&q=a+b&empty=&flag", (tw_slice){0},
            &outcome);
    assert_int_equal(outcome.status, TW_OK);
    assert_int_equal(outcome.http_status, 200);
    assert_string_equal(outcome.body, "GET /v2/x/BTC%2FUSD symbols=A,B q=a b empty= flag= 0");
    assert_string_equal(outcome.type, "text/plain");
    do_path(&house, "DELETE", "/v2/orders", (tw_slice){0}, &outcome);
    assert_string_equal(outcome.body, "DELETE /v2/orders 0");
    do_path(&house, "PATCH", "/p", tw_slice_of("{}"), &outcome);
    assert_string_equal(outcome.body, "PATCH /p 2");
    do_path(&house, "GET", "/p?bad=%zz", (tw_slice){0}, &outcome);
    assert_int_equal(outcome.http_status, 400);
    do_path(&house, "HEAD", "/p", (tw_slice){0}, &outcome);
    assert_int_equal(outcome.http_status, 200);
    assert_int_equal(outcome.body_size, 0);
    /* No kind of call leaves anything behind for the next one. */
    do_path(&house, "GET", "/p", (tw_slice){0}, &outcome);
    assert_string_equal(outcome.body, "GET /p 0");
    do_path(&house, "POST", "/p", tw_slice_of("{}"), &outcome);
    assert_string_equal(outcome.body, "POST /p 2");
    do_path(&house, "DELETE", "/p", (tw_slice){0}, &outcome);
    assert_string_equal(outcome.body, "DELETE /p 0");
    do_path(&house, "POST", "/p", (tw_slice){0}, &outcome);
    assert_string_equal(outcome.body, "POST /p 0");
    do_path(&house, "GET", "/p", (tw_slice){0}, &outcome);
    assert_string_equal(outcome.body, "GET /p 0");
    close_house(&house);
}

static void headers_go_both_ways_and_line_breaks_go_nowhere(void **state) {
    (void)state;
    test_house house;
    call_outcome outcome;
    char url[256];
    open_house(&house);
    tw_http_header word = {tw_slice_of("X-Word"), tw_slice_of(" [hello]")};
    tw_http_call call = {
        .method = "GET", .url = url_of(&house, "/h", url), .headers = &word, .header_count = 1};
    do_call(&house, &call, &outcome);
    assert_string_equal(outcome.body, "GET /h[hello] 0");
    word.value = tw_slice_of("a\r\nX-Other: b");
    assert_int_equal(tw_http_client_send(house.client, &call, note, &outcome, NULL, NULL),
                     TW_INVALID);
    close_house(&house);
}

static void a_body_comes_back_byte_for_byte(void **state) {
    (void)state;
    test_house house;
    call_outcome outcome;
    static char body[90000];
    for (size_t i = 0; i < sizeof body; i++)
        body[i] = (char)('a' + i % 26);
    open_house(&house);
    do_path(&house, "POST", "/body", (tw_slice){body, sizeof body}, &outcome);
    assert_int_equal(outcome.http_status, 200);
    assert_int_equal(outcome.body_size, sizeof body);
    assert_memory_equal(outcome.body, body, sizeof outcome.body - 1);
    close_house(&house);
}

static void connections_are_kept_alive_unless_single_use(void **state) {
    (void)state;
    test_house house;
    call_outcome outcome;
    char url[256];
    open_house(&house);
    tw_http_call call = {.method = "GET", .url = url_of(&house, "/a", url)};
    do_call(&house, &call, &outcome);
    assert_int_equal(outcome.connection_count, 1);
    do_call(&house, &call, &outcome);
    assert_int_equal(outcome.connection_count, 0);
    call.method = "POST";
    call.single_use_connection = true;
    do_call(&house, &call, &outcome);
    assert_int_equal(outcome.connection_count, 1);
    do_call(&house, &call, &outcome);
    assert_int_equal(outcome.connection_count, 1);
    call.single_use_connection = false;
    do_call(&house, &call, &outcome);
    assert_int_equal(outcome.connection_count, 0);
    close_house(&house);
}

static void five_hundred_at_once_in_one_loop(void **state) {
    (void)state;
    test_house house;
    static call_outcome outcomes[500];
    char url[256];
    uint32_t done = 0;
    memset(outcomes, 0, sizeof outcomes);
    open_house(&house);
    house.delay_ns = TW_NS_PER_MS;
    tw_http_client_free(house.client);
    tw_http_client_config config = {.in_flight_count_max = 500};
    assert_int_equal(tw_http_client_new(house.loop, &config, &house.client, NULL), TW_OK);
    tw_http_call call = {.method = "GET", .url = url_of(&house, "/later", url)};
    for (int i = 0; i < 500; i++)
        send_call(&house, &call, &outcomes[i], NULL);
    assert_int_equal(tw_http_client_get_stats(house.client).in_flight_count, 500);
    for (int i = 0; i < 500; i++) {
        turn_until(house.loop, &outcomes[i].count, 1);
        assert_int_equal(outcomes[i].status, TW_OK);
        assert_string_equal(outcomes[i].body, "later");
        done += outcomes[i].count;
    }
    assert_int_equal(done, 500);
    assert_int_equal(house.handled, 500);
    close_house(&house);
}

static void calls_beyond_the_flight_wait_and_beyond_the_queue_are_refused(void **state) {
    (void)state;
    test_house house;
    call_outcome outcomes[4] = {{0}};
    char url[256];
    open_house(&house);
    tw_http_client_free(house.client);
    tw_http_client_config config = {.in_flight_count_max = 1, .queued_count_max = 2};
    assert_int_equal(tw_http_client_new(house.loop, &config, &house.client, NULL), TW_OK);
    tw_http_call call = {.method = "GET", .url = url_of(&house, "/keep", url)};
    send_call(&house, &call, &outcomes[0], NULL);
    call.total_timeout_ns = 20 * TW_NS_PER_MS;
    send_call(&house, &call, &outcomes[1], NULL); /* dies in the queue */
    call.total_timeout_ns = 0;
    call.url = url_of(&house, "/b", url);
    send_call(&house, &call, &outcomes[2], NULL);
    assert_int_equal(tw_http_client_send(house.client, &call, note, &outcomes[3], NULL, NULL),
                     TW_FULL);
    turn_until(house.loop, &outcomes[1].count, 1);
    assert_int_equal(outcomes[1].status, TW_TIMEOUT);
    assert_false(outcomes[1].sent);
    while (house.kept == NULL)
        assert_int_equal(tw_loop_turn(house.loop, TW_NS_PER_SECOND, NULL, NULL), TW_OK);
    answer(house.kept, 200, tw_slice_of("kept"));
    turn_until(house.loop, &outcomes[2].count, 1);
    assert_string_equal(outcomes[0].body, "kept");
    assert_string_equal(outcomes[2].body, "GET /b 0");
    assert_int_equal(tw_http_client_get_stats(house.client).refused_count, 1);
    close_house(&house);
}

/* ---- limits --------------------------------------------------------------------------- */

static void bodies_over_the_limit_are_answered_413(void **state) {
    (void)state;
    test_house house;
    call_outcome outcome;
    static char body[100001];
    memset(body, 'x', sizeof body);
    open_house(&house);
    do_path(&house, "POST", "/x", (tw_slice){body, 100000}, &outcome);
    assert_int_equal(outcome.http_status, 200);
    do_path(&house, "POST", "/x", (tw_slice){body, 100001}, &outcome);
    assert_int_equal(outcome.http_status, 413);
    assert_int_equal(house.handled, 1);
    close_house(&house);
}

static void chunked_bodies_over_the_limit_are_answered_413(void **state) {
    (void)state;
    test_house house;
    call_outcome outcome;
    char url[256];
    static char body[100001];
    memset(body, 'x', sizeof body);
    open_house(&house);
    tw_http_header chunked = {tw_slice_of("Transfer-Encoding"), tw_slice_of("chunked")};
    tw_http_call call = {.method = "POST",
                         .url = url_of(&house, "/x", url),
                         .headers = &chunked,
                         .header_count = 1,
                         .body = {body, sizeof body}};
    do_call(&house, &call, &outcome);
    assert_int_equal(outcome.http_status, 413);
    call.body.size = 100000;
    do_call(&house, &call, &outcome);
    assert_string_equal(outcome.body, "POST /x 100000");
    close_house(&house);
}

static void headers_over_the_limit_are_answered_431(void **state) {
    (void)state;
    test_house house;
    call_outcome outcome;
    char url[256];
    static char value[8000];
    memset(value, 'x', sizeof value);
    open_house(&house);
    tw_http_header headers[8];
    for (int i = 0; i < 8; i++)
        headers[i] = (tw_http_header){tw_slice_of("X-Long"), {value, sizeof value}};
    tw_http_call call = {
        .method = "GET", .url = url_of(&house, "/x", url), .headers = headers, .header_count = 1};
    do_call(&house, &call, &outcome);
    assert_int_equal(outcome.http_status, 200);
    call.header_count = 8;
    do_call(&house, &call, &outcome);
    assert_int_equal(outcome.http_status, 431);
    assert_int_equal(house.handled, 1);
    close_house(&house);
}

static void an_answer_over_the_limit_is_full(void **state) {
    (void)state;
    test_house house;
    call_outcome outcome;
    char url[256];
    open_house(&house);
    tw_http_call call = {.method = "POST",
                         .url = url_of(&house, "/body", url),
                         .body = tw_slice_of("0123456789"),
                         .response_size_max = 9};
    do_call(&house, &call, &outcome);
    assert_int_equal(outcome.status, TW_FULL);
    assert_true(outcome.sent);
    call.response_size_max = 10;
    do_call(&house, &call, &outcome);
    assert_int_equal(outcome.status, TW_OK);
    close_house(&house);
}

/* ---- later, never, reset -------------------------------------------------------------- */

static void a_reply_may_come_later(void **state) {
    (void)state;
    test_house house;
    call_outcome outcome;
    open_house(&house);
    house.delay_ns = 3 * TW_NS_PER_MS;
    do_path(&house, "GET", "/later", (tw_slice){0}, &outcome);
    assert_string_equal(outcome.body, "later");
    assert_true(outcome.elapsed_ns >= 3 * TW_NS_PER_MS);
    close_house(&house);
}

static void request_and_reply_outlive_a_client_that_gives_up(void **state) {
    (void)state;
    test_house house;
    call_outcome first = {0};
    call_outcome second;
    char url[256];
    uint64_t id = 0;
    open_house(&house);
    tw_http_call call = {.method = "GET", .url = url_of(&house, "/keep", url)};
    send_call(&house, &call, &first, &id);
    while (house.kept == NULL)
        assert_int_equal(tw_loop_turn(house.loop, TW_NS_PER_SECOND, NULL, NULL), TW_OK);
    tw_http_client_cancel(house.client, id);
    assert_int_equal(first.count, 0); /* never from within the cancel */
    turn_until(house.loop, &first.count, 1);
    assert_int_equal(first.status, TW_CANCELLED);
    assert_true(first.sent);
    tw_http_client_cancel(house.client, id);
    assert_true(tw_slice_equal_string(tw_http_request_path(house.kept_request), "/keep"));
    assert_int_equal(tw_http_server_request_count(house.server), 1);
    answer(house.kept, 200, tw_slice_of("to nobody"));
    do_path(&house, "GET", "/still/there", (tw_slice){0}, &second);
    assert_string_equal(second.body, "GET /still/there 0");
    assert_int_equal(first.count, 1);
    close_house(&house);
}

static void a_deadline_ends_a_call_that_was_sent(void **state) {
    (void)state;
    test_house house;
    call_outcome outcome;
    char url[256];
    open_house(&house);
    tw_http_call call = {.method = "GET",
                         .url = url_of(&house, "/keep", url),
                         .total_timeout_ns = 20 * TW_NS_PER_MS};
    do_call(&house, &call, &outcome);
    assert_int_equal(outcome.status, TW_TIMEOUT);
    assert_true(outcome.sent);
    assert_true(outcome.elapsed_ns >= 20 * TW_NS_PER_MS);
    close_house(&house); /* with the reply still open: it is reset */
}

static void a_reset_reply_is_a_closed_connection(void **state) {
    (void)state;
    test_house house;
    call_outcome outcome;
    open_house(&house);
    do_path(&house, "GET", "/reset", (tw_slice){0}, &outcome);
    assert_int_equal(outcome.status, TW_CLOSED);
    assert_true(outcome.sent);
    assert_int_equal(outcome.http_status, 0);
    close_house(&house);
}

static void a_stopped_server_finishes_what_it_has(void **state) {
    (void)state;
    test_house house;
    call_outcome first = {0};
    call_outcome second;
    char url[256];
    open_house(&house);
    tw_http_call call = {.method = "GET", .url = url_of(&house, "/keep", url)};
    send_call(&house, &call, &first, NULL);
    while (house.kept == NULL)
        assert_int_equal(tw_loop_turn(house.loop, TW_NS_PER_SECOND, NULL, NULL), TW_OK);
    tw_http_server_stop(house.server);
    assert_int_equal(tw_http_server_request_count(house.server), 1);
    call.single_use_connection = true;
    do_call(&house, &call, &second);
    assert_int_equal(second.status, TW_UNREACHABLE);
    answer(house.kept, 200, tw_slice_of("the last"));
    turn_until(house.loop, &first.count, 1);
    assert_string_equal(first.body, "the last");
    close_house(&house);
}

/* ---- trouble -------------------------------------------------------------------------- */

static void nobody_listening_is_unreachable_and_not_sent(void **state) {
    (void)state;
    test_house house;
    call_outcome outcome;
    uint16_t port = 0;
    char url[64];
    open_house(&house);
    int fd = bound_socket(&port); /* bound but not listening: refused for certain */
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", port);
    tw_http_call call = {.method = "GET", .url = url};
    do_call(&house, &call, &outcome);
    assert_int_equal(outcome.status, TW_UNREACHABLE);
    assert_false(outcome.sent);
    assert_non_null(strstr(outcome.message, "127.0.0.1"));
    close(fd);
    close_house(&house);
}

static void a_port_in_use_is_busy_and_says_so(void **state) {
    (void)state;
    test_house house;
    open_house(&house);
    tw_http_server *second = NULL;
    tw_error error = {0};
    tw_http_server_config config = {.handler = handle, .port = tw_http_server_port(house.server)};
    assert_int_equal(tw_http_server_start(house.loop, &config, &second, &error), TW_BUSY);
    assert_null(second);
    assert_non_null(strstr(error.message, "in use"));
    config.address = "not an address";
    assert_int_equal(tw_http_server_start(house.loop, &config, &second, &error), TW_INVALID);
    tw_http_client *client = NULL;
    assert_int_equal(tw_http_client_new(house.loop, NULL, &client, &error), TW_BUSY);
    close_house(&house);
}

static void secrets_do_not_leave_this_machine_in_the_clear(void **state) {
    (void)state;
    test_house house;
    call_outcome outcome = {0};
    open_house(&house);
    tw_error error = {0};
    tw_http_call call = {.method = "GET", .url = "http://192.0.2.1/v2/account"};
    call.authenticated = true;
    assert_int_equal(tw_http_client_send(house.client, &call, note, &outcome, NULL, &error),
                     TW_REFUSED);
    call.url = "http://localhost.example.com/";
    assert_int_equal(tw_http_client_send(house.client, &call, note, &outcome, NULL, &error),
                     TW_REFUSED);
    call.url = "http://key:word@127.0.0.1/";
    assert_int_equal(tw_http_client_send(house.client, &call, note, &outcome, NULL, &error),
                     TW_INVALID);
    assert_null(strstr(error.message, "word"));
    call.url = "http://127.0.0.1/"; /* what is known of one host is not believed of another */
    assert_int_equal(tw_http_client_send(house.client, &call, note, &outcome, NULL, &error), TW_OK);
    call.url = "http://127.0.0.1.example.com/";
    assert_int_equal(tw_http_client_send(house.client, &call, note, &outcome, NULL, &error),
                     TW_REFUSED);
    call.url = "http:///127.0.0.1/";
    if (tw_http_client_send(house.client, &call, note, &outcome, NULL, &error) == TW_OK) {
        call.url = "http:///192.0.2.1/";
        assert_int_not_equal(tw_http_client_send(house.client, &call, note, &outcome, NULL, &error),
                             TW_OK);
    }
    call.url = "ftp://127.0.0.1/";
    assert_int_equal(tw_http_client_send(house.client, &call, note, &outcome, NULL, &error),
                     TW_INVALID);
    assert_int_equal(outcome.count, 0);
    close_house(&house);
}

static void a_server_that_dies_mid_answer_is_closed(void **state) {
    (void)state;
    test_house house;
    bad_server server;
    call_outcome outcome;
    open_house(&house);
    bad_start(&server, house.loop, CLOSE_MID_ANSWER);
    do_bad(&house, &server, "GET", false, &outcome);
    assert_int_equal(outcome.status, TW_CLOSED);
    assert_int_equal(outcome.http_status, 200);
    assert_true(outcome.sent);
    bad_stop(&server);
    bad_start(&server, house.loop, SPEAK_NONSENSE);
    do_bad(&house, &server, "GET", false, &outcome);
    assert_int_equal(outcome.status, TW_PROTOCOL);
    bad_stop(&server);
    bad_start(&server, house.loop, SAY_NOTHING);
    do_bad(&house, &server, "POST", true, &outcome);
    assert_int_equal(outcome.status, TW_TIMEOUT);
    assert_true(outcome.sent);
    assert_int_equal(server.requests, 1);
    bad_stop(&server);
    close_house(&house);
}

static void a_single_use_post_is_sent_once_even_if_the_server_dies(void **state) {
    (void)state;
    test_house house;
    bad_server server;
    call_outcome outcome;
    open_house(&house);
    bad_start(&server, house.loop, CLOSE_AFTER_BODY);
    do_bad(&house, &server, "POST", true, &outcome);
    assert_int_equal(outcome.status, TW_CLOSED);
    assert_true(outcome.sent);
    assert_int_equal(outcome.connection_count, 1);
    assert_int_equal(server.requests, 1);
    bad_stop(&server);

    /* The danger is real: on a reused connection libcurl sends the POST a second time... */
    bad_start(&server, house.loop, CLOSE_ON_SECOND);
    do_bad(&house, &server, "GET", false, &outcome);
    assert_int_equal(server.requests, 1);
    do_bad(&house, &server, "POST", false, &outcome);
    assert_int_equal(outcome.status, TW_OK);
    assert_int_equal(server.requests, 3);
    assert_int_equal(server.connections, 2);

    /* ...and single use is what keeps it from it, although an idle connection is at hand. */
    server.fault = CLOSE_AFTER_BODY;
    do_bad(&house, &server, "POST", true, &outcome);
    assert_int_equal(outcome.status, TW_CLOSED);
    assert_int_equal(server.requests, 4);
    assert_int_equal(server.connections, 3);
    bad_stop(&server);
    close_house(&house);
}

static void freeing_a_client_cancels_what_is_under_way(void **state) {
    (void)state;
    test_house house;
    call_outcome outcomes[12] = {{0}};
    char url[256];
    open_house(&house); /* 8 in flight, 4 wait */
    tw_http_call call = {.method = "GET", .url = url_of(&house, "/keep", url)};
    for (int i = 0; i < 12; i++)
        send_call(&house, &call, &outcomes[i], NULL);
    tw_http_client_free(house.client);
    house.client = NULL;
    for (int i = 0; i < 12; i++) {
        assert_int_equal(outcomes[i].count, 1);
        assert_int_equal(outcomes[i].status, TW_CANCELLED);
    }
    close_house(&house);
}

/* ---- memory --------------------------------------------------------------------------- */

static void answer_ok(void *context, const tw_http_request *request, tw_http_reply *reply) {
    (void)context;
    (void)request;
    answer(reply, 200, tw_slice_of("ok"));
}

static void note_status(void *context, const tw_http_result *result) {
    *(tw_status *)context = result->status;
}

static tw_status one_exchange(tw_loop *loop, tw_http_server *server, tw_http_client *client) {
    char url[64];
    tw_status outcome = TW_UNKNOWN;
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", tw_http_server_port(server));
    tw_http_call call = {.method = "POST", .url = url, .body = tw_slice_of("x")};
    tw_status status = tw_http_client_send(client, &call, note_status, &outcome, NULL, NULL);
    while (status == TW_OK && outcome == TW_UNKNOWN)
        status = tw_loop_turn(loop, TW_NS_PER_SECOND, NULL, NULL);
    if (status != TW_OK)
        return status;
    /* A server without memory for the request closes; its client cannot know why. */
    return outcome == TW_CLOSED ? TW_NO_MEMORY : outcome;
}

static tw_status make_and_exchange(const tw_allocator *allocator, void *context) {
    (void)context;
    tw_loop_config loop_config = {.allocator = allocator};
    tw_http_server_config server_config = {
        .allocator = allocator, .handler = answer_ok, .connection_count_max = 4};
    tw_http_client_config client_config = {
        .allocator = allocator, .in_flight_count_max = 2, .queued_count_max = 2};
    TW_AUTO(tw_loop) *loop = NULL;
    TW_AUTO(tw_http_server) *server = NULL;
    TW_AUTO(tw_http_client) *client = NULL;
    tw_status status = tw_loop_new(&loop_config, &loop, NULL);
    if (status == TW_OK)
        status = tw_http_server_start(loop, &server_config, &server, NULL);
    if (status == TW_OK)
        status = tw_http_client_new(loop, &client_config, &client, NULL);
    if (status == TW_OK)
        status = one_exchange(loop, server, client);
    return status;
}

static void leaves_nothing_when_memory_runs_out(void **state) {
    (void)state;
    assert_survives_failed_allocations(make_and_exchange, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_arrives_as_it_was_sent),
        cmocka_unit_test(headers_go_both_ways_and_line_breaks_go_nowhere),
        cmocka_unit_test(a_body_comes_back_byte_for_byte),
        cmocka_unit_test(connections_are_kept_alive_unless_single_use),
        cmocka_unit_test(five_hundred_at_once_in_one_loop),
        cmocka_unit_test(calls_beyond_the_flight_wait_and_beyond_the_queue_are_refused),
        cmocka_unit_test(bodies_over_the_limit_are_answered_413),
        cmocka_unit_test(chunked_bodies_over_the_limit_are_answered_413),
        cmocka_unit_test(headers_over_the_limit_are_answered_431),
        cmocka_unit_test(an_answer_over_the_limit_is_full),
        cmocka_unit_test(a_reply_may_come_later),
        cmocka_unit_test(request_and_reply_outlive_a_client_that_gives_up),
        cmocka_unit_test(a_deadline_ends_a_call_that_was_sent),
        cmocka_unit_test(a_reset_reply_is_a_closed_connection),
        cmocka_unit_test(a_stopped_server_finishes_what_it_has),
        cmocka_unit_test(nobody_listening_is_unreachable_and_not_sent),
        cmocka_unit_test(a_port_in_use_is_busy_and_says_so),
        cmocka_unit_test(secrets_do_not_leave_this_machine_in_the_clear),
        cmocka_unit_test(a_server_that_dies_mid_answer_is_closed),
        cmocka_unit_test(a_single_use_post_is_sent_once_even_if_the_server_dies),
        cmocka_unit_test(freeing_a_client_cancels_what_is_under_way),
        cmocka_unit_test(leaves_nothing_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
