/* wire_http_server.c - the HTTP server against clients that are slow, greedy, many or malformed. */
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

#include "tradewind/http.h"
#include "tradewind/time.h"

#define PATIENCE_NS (20 * TW_NS_PER_SECOND)
#define LARGE_SIZE ((size_t)12 << 20) /* more than the kernel takes for two sockets */
#define GET(path) "GET " path " HTTP/1.1\r\nHost: x\r\n\r\n"

enum { HEARD_SIZE = 1 << 16, CLIENTS = 8 };

typedef struct raw_client {
    int fd;
    size_t size; /* of what was heard, as far as it fits */
    size_t total;
    bool ended;  /* by an end */
    bool broken; /* by a reset */
    char heard[HEARD_SIZE];
} raw_client;

typedef struct desk {
    tw_loop *loop;
    tw_http_server *server;
    tw_http_reply *kept;
    uint32_t handled;
    uint32_t elsewhere;
    char *large;
    raw_client clients[CLIENTS];
} desk;

static desk d;

/* ---- the server --------------------------------------------------------------------------- */

/* Says what it was asked: method, path, size of the body. "/large" is answered at length, "/keep"
 * when the test likes. */
static void handle(void *context, const tw_http_request *request, tw_http_reply *reply) {
    (void)context;
    char memory[512];
    tw_text text = tw_text_over(memory, sizeof memory);
    tw_slice path = tw_http_request_path(request);
    d.handled++;
    if (tw_slice_equal_string(path, "/keep")) {
        d.kept = reply;
        return;
    }
    tw_text_append(&text, tw_http_request_method(request));
    tw_text_append_char(&text, ' ');
    tw_text_append(&text, path);
    tw_text_append_format(&text, " %zu.", tw_http_request_body(request).size);
    tw_http_answer answer = {.status = 200, .body = tw_text_slice(&text)};
    if (tw_slice_equal_string(path, "/large"))
        answer.body = (tw_slice){d.large, LARGE_SIZE};
    assert_int_equal(tw_http_reply_send(reply, &answer, NULL), TW_OK);
}

static void refuse(void *owner, uint32_t status, const char *sentence, tw_http_reply *reply) {
    assert_ptr_equal(owner, &d);
    assert_non_null(sentence);
    tw_http_header header = {tw_slice_of("X-Refused"), tw_slice_of("yes")};
    tw_http_answer answer = {.status = status,
                             .content_type = "application/json",
                             .body = tw_slice_of("{\"message\":\"no\"}"),
                             .headers = &header,
                             .header_count = 1};
    assert_int_equal(tw_http_reply_send(reply, &answer, NULL), TW_OK);
}

static uint32_t count_elsewhere(void *owner) {
    assert_ptr_equal(owner, &d);
    return d.elsewhere;
}

static void open_desk(tw_http_server_config config) {
    tw_error error = {0};
    memset(&d, 0, sizeof d);
    d.large = calloc(1, LARGE_SIZE);
    assert_non_null(d.large);
    config.handler = handle;
    config.count_elsewhere = count_elsewhere;
    config.owner = &d;
    for (int i = 0; i < CLIENTS; i++)
        d.clients[i].fd = -1;
    if (tw_loop_new(NULL, &d.loop, &error) != TW_OK ||
        tw_http_server_start(d.loop, &config, &d.server, &error) != TW_OK)
        fail_msg("%s", error.message);
}

static void hang_up(int index) {
    if (d.clients[index].fd >= 0)
        close(d.clients[index].fd);
    memset(&d.clients[index], 0, sizeof d.clients[index]);
    d.clients[index].fd = -1;
}

static void close_desk(void) {
    for (int i = 0; i < CLIENTS; i++)
        hang_up(i);
    tw_http_server_free(d.server);
    tw_loop_free(d.loop);
    free(d.large);
}

/* ---- the clients -------------------------------------------------------------------------- */

static raw_client *dial(int index) {
    struct sockaddr_in where = {.sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                .sin_port = htons(tw_http_server_port(d.server))};
    raw_client *client = &d.clients[index];
    hang_up(index);
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int little = 65536;
    assert_int_equal(setsockopt(client->fd, SOL_SOCKET, SO_RCVBUF, &little, sizeof little), 0);
    assert_int_equal(connect(client->fd, (struct sockaddr *)&where, sizeof where), 0);
    assert_int_equal(fcntl(client->fd, F_SETFL, O_NONBLOCK), 0);
    return client;
}

static void hear(raw_client *client) {
    char piece[HEARD_SIZE];
    ssize_t got = recv(client->fd, piece, sizeof piece, 0);
    size_t room = HEARD_SIZE - 1 - client->size;
    client->ended = client->ended || got == 0;
    client->broken = client->broken || (got < 0 && errno != EAGAIN);
    if (got <= 0)
        return;
    size_t kept = (size_t)got < room ? (size_t)got : room;
    memcpy(client->heard + client->size, piece, kept);
    client->size += kept;
    client->total += (size_t)got;
}

static void turn(raw_client *client) {
    assert_int_equal(tw_loop_turn(d.loop, TW_NS_PER_MS, NULL, NULL), TW_OK);
    if (client != NULL)
        hear(client);
}

/* Sends all of it; the server reads meanwhile, or has hung up. */
static void say(raw_client *client, const void *data, size_t size) {
    const char *bytes = data;
    size_t sent = 0;
    int64_t end_ns = tw_time_monotonic_ns() + PATIENCE_NS;
    while (sent < size && !client->ended && !client->broken) {
        ssize_t more = send(client->fd, bytes + sent, size - sent, MSG_NOSIGNAL);
        sent += more > 0 ? (size_t)more : 0;
        if (sent < size)
            turn(client);
        assert_true(tw_time_monotonic_ns() < end_ns);
    }
}

static void say_text(raw_client *client, const char *text) {
    say(client, text, strlen(text));
}

static void hear_until(raw_client *client, const char *text) {
    int64_t end_ns = tw_time_monotonic_ns() + PATIENCE_NS;
    while (strstr(client->heard, text) == NULL) {
        turn(client);
        if (client->ended || client->broken || tw_time_monotonic_ns() > end_ns)
            fail_msg("no \"%s\" in: %s", text, client->heard);
    }
}

static void hear_end(raw_client *client) {
    int64_t end_ns = tw_time_monotonic_ns() + PATIENCE_NS;
    while (!client->ended && !client->broken) {
        turn(client);
        assert_true(tw_time_monotonic_ns() < end_ns);
    }
}

static void turn_until_handled(uint32_t count) {
    int64_t end_ns = tw_time_monotonic_ns() + PATIENCE_NS;
    while (d.handled < count) {
        turn(NULL);
        assert_true(tw_time_monotonic_ns() < end_ns);
    }
}

static void turn_until_connections(uint32_t count) {
    int64_t end_ns = tw_time_monotonic_ns() + PATIENCE_NS;
    while (tw_http_server_connection_count(d.server) != count) {
        turn(NULL);
        assert_true(tw_time_monotonic_ns() < end_ns);
    }
}

/* A request in its own connection: what came until that ended. */
static const char *ask_once(const char *text) {
    raw_client *client = dial(0);
    say_text(client, text);
    hear_end(client);
    return client->heard;
}

static void assert_status(const char *heard, uint32_t status) {
    char wanted[32];
    snprintf(wanted, sizeof wanted, "HTTP/1.1 %u ", status);
    if (strncmp(heard, wanted, strlen(wanted)) != 0)
        fail_msg("not %u: %s", status, heard);
}

/* ---- requests ----------------------------------------------------------------------------- */

static void pipelined_requests_are_answered_in_their_order(void **state) {
    (void)state;
    open_desk((tw_http_server_config){0});
    raw_client *client = dial(0);
    say_text(client, GET("/a") "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
                               "\r\n" GET("/keep") GET("/c"));
    hear_until(client, "POST /b 3.");
    turn_until_handled(3);
    for (int i = 0; i < 5; i++)
        turn(client);
    assert_int_equal(d.handled, 3); /* the next waits for the answer */
    assert_int_equal(tw_http_server_request_count(d.server), 1);
    tw_http_answer answer = {.status = 200, .body = tw_slice_of("kept.")};
    assert_int_equal(tw_http_reply_send(d.kept, &answer, NULL), TW_OK);
    hear_until(client, "GET /c 0.");
    const char *a = strstr(client->heard, "GET /a 0.");
    const char *kept = strstr(client->heard, "kept.");
    assert_true(a != NULL && kept != NULL && a < kept);
    assert_true(kept < strstr(client->heard, "GET /c 0."));
    assert_int_equal(tw_http_server_request_count(d.server), 0);
    close_desk();
}

static void a_request_may_come_byte_by_byte(void **state) {
    (void)state;
    static const char text[] = "\r\nPOST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab"
                               "POST /chunks HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
                               "\r\n2\r\nab\r\n1\r\nc\r\n0\r\nT: 1\r\n\r\n";
    open_desk((tw_http_server_config){0});
    raw_client *client = dial(0);
    for (size_t i = 0; i < sizeof text - 1; i++) {
        say(client, text + i, 1);
        turn(client);
    }
    hear_until(client, "POST /slow 2.");
    hear_until(client, "POST /chunks 3.");
    close_desk();
}

static void whoever_waits_to_be_asked_for_the_body_is_asked(void **state) {
    (void)state;
    open_desk((tw_http_server_config){.body_size_max = 10});
    raw_client *client = dial(0);
    say_text(client, "POST /x HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
                     "Content-Length: 10\r\n\r\n");
    hear_until(client, "HTTP/1.1 100 Continue\r\n\r\n");
    assert_int_equal(d.handled, 0);
    say_text(client, "0123456789");
    hear_until(client, "POST /x 10.");
    assert_status(ask_once("POST /x HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
                           "Content-Length: 11\r\n\r\n"),
                  413);
    close_desk();
}

static void head_has_no_body_and_old_clients_are_closed(void **state) {
    (void)state;
    open_desk((tw_http_server_config){0});
    raw_client *client = dial(0);
    say_text(client, "HEAD /h HTTP/1.1\r\nHost: x\r\n\r\n" GET("/next"));
    hear_until(client, "GET /next 0.");
    assert_non_null(strstr(client->heard, "Content-Length: 10\r\n"));
    assert_null(strstr(client->heard, "HEAD /h"));
    assert_non_null(strstr(client->heard, "\r\nDate: "));
    const char *heard = ask_once("GET /old HTTP/1.0\r\n\r\n");
    assert_non_null(strstr(heard, "Connection: close\r\n"));
    assert_non_null(strstr(heard, "GET /old 0."));
    client = dial(0);
    say_text(client, "GET /kept HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    hear_until(client, "GET /kept 0.");
    assert_non_null(strstr(client->heard, "Connection: keep-alive\r\n"));
    say_text(client, "GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    hear_end(client);
    assert_true(client->ended);
    assert_non_null(strstr(client->heard, "GET /last 0."));
    close_desk();
}

static void a_client_that_has_said_all_still_gets_its_answer(void **state) {
    (void)state;
    open_desk((tw_http_server_config){0});
    raw_client *client = dial(0);
    say_text(client, GET("/a"));
    assert_int_equal(shutdown(client->fd, SHUT_WR), 0);
    hear_end(client);
    assert_true(client->ended);
    assert_non_null(strstr(client->heard, "GET /a 0."));
    client = dial(0);
    say_text(client, "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf");
    assert_int_equal(shutdown(client->fd, SHUT_WR), 0);
    hear_end(client);
    assert_status(client->heard, 400);
    assert_int_equal(d.handled, 1);
    close_desk();
}

/* Whoever pipelines a thousand requests does not hold up the others. */
static void one_request_of_a_connection_is_handled_in_a_turn(void **state) {
    (void)state;
    open_desk((tw_http_server_config){0});
    raw_client *greedy = dial(0);
    for (int i = 0; i < 100; i++)
        say_text(greedy, GET("/greedy"));
    raw_client *modest = dial(1);
    say_text(modest, GET("/modest"));
    hear_until(modest, "GET /modest 0.");
    assert_true(d.handled < 50);
    turn_until_handled(101);
    close_desk();
}

static void refusals_are_answered_and_end_the_connection(void **state) {
    (void)state;
    static const struct {
        uint32_t status;
        const char *text;
    } cases[] = {
        {400, "quack\r\n\r\n"},
        {400, "\x16\x03\x01\x02"} /* TLS is told at once */,
        {400, "GET /%zz?a=%zz HTTP/1.1\r\nHost: x\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\n\r\n"},
        {505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
        {501, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n"},
        {417, "POST / HTTP/1.1\r\nHost: x\r\nExpect: much\r\n\r\n"},
        {413, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"},
        {413, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
              "6\r\n012345\r\n5\r\n01234\r\n0\r\n\r\n"},
    };
    open_desk((tw_http_server_config){.body_size_max = 10, .refuse = refuse});
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        raw_client *client = dial(0);
        say_text(client, cases[i].text);
        hear_end(client);
        assert_status(client->heard, cases[i].status);
        assert_true(client->ended);
        assert_non_null(strstr(client->heard, "\r\nX-Refused: yes\r\n"));
        assert_non_null(strstr(client->heard, "\r\nConnection: close\r\n"));
        assert_non_null(strstr(client->heard, "\r\n\r\n{\"message\":\"no\"}"));
    }
    assert_int_equal(d.handled, 0);
    close_desk();
}

/* The bytes behind a refusal would reset the connection if nobody read them. */
static void whoever_sends_too_much_gets_to_see_the_refusal(void **state) {
    (void)state;
    static char flood[1 << 20];
    open_desk((tw_http_server_config){.header_size_max = 1000});
    memset(flood, 'x', sizeof flood);
    static const char *const begins[] = {
        "GET /",
        "GET / HTTP/1.1\r\nX: ", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n"};
    static const uint32_t statuses[] = {414, 431, 413};
    for (int i = 0; i < 3; i++) {
        raw_client *client = dial(0);
        say_text(client, begins[i]);
        say(client, flood, sizeof flood);
        shutdown(client->fd, SHUT_WR);
        hear_end(client);
        assert_true(client->ended);
        assert_status(client->heard, statuses[i]);
    }
    close_desk();
}

/* What follows the last request is not read; the answers arrive all the same, and an end. */
static void what_comes_behind_the_last_request_resets_nothing(void **state) {
    (void)state;
    static const char last[] = "GET /b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    static char flood[1 << 17];
    open_desk((tw_http_server_config){0});
    memset(flood, 'x', sizeof flood);
    memcpy(flood, GET("/a"), sizeof GET("/a") - 1);
    memcpy(flood + sizeof GET("/a") - 1, last, sizeof last - 1);
    raw_client *client = dial(0);
    assert_int_equal(send(client->fd, flood, sizeof flood, 0), sizeof flood);
    shutdown(client->fd, SHUT_WR);
    hear_end(client);
    assert_true(client->ended);
    assert_non_null(strstr(client->heard, "GET /a 0."));
    assert_non_null(strstr(client->heard, "GET /b 0."));
    close_desk();
}

/* ---- time --------------------------------------------------------------------------------- */

static void a_request_that_does_not_end_is_answered_408(void **state) {
    (void)state;
    static const char *const begins[] = {
        "G", "GET / HTTP/1.1\r\nHost: x\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabc"};
    open_desk((tw_http_server_config){.request_timeout_ns = 5 * TW_NS_PER_MS});
    for (int i = 0; i < 3; i++) {
        const char *heard = ask_once(begins[i]);
        assert_status(heard, 408);
    }
    /* A byte now and then is no progress. */
    raw_client *client = dial(0);
    while (!client->ended && !client->broken) {
        say(client, "x", 1);
        turn(client);
    }
    assert_status(client->heard, 408);
    assert_int_equal(d.handled, 0);
    close_desk();
}

static void a_silent_connection_is_closed(void **state) {
    (void)state;
    open_desk((tw_http_server_config){.idle_timeout_ns = 5 * TW_NS_PER_MS});
    raw_client *client = dial(0);
    hear_end(client);
    assert_true(client->ended);
    assert_int_equal(client->size, 0);
    client = dial(1);
    say_text(client, GET("/a"));
    hear_end(client);
    assert_non_null(strstr(client->heard, "GET /a 0."));
    /* One whose answer the handler owes is not silent. */
    client = dial(2);
    say_text(client, GET("/keep"));
    turn_until_handled(2);
    dial(0);
    hear_end(&d.clients[0]);
    hear(client);
    assert_false(client->ended);
    tw_http_answer answer = {.status = 200, .body = tw_slice_of("kept.")};
    assert_int_equal(tw_http_reply_send(d.kept, &answer, NULL), TW_OK);
    hear_until(client, "kept.");
    close_desk();
}

/* Descriptors are looked at before timers, so that a slow machine does not close it either. */
static void empty_lines_are_no_request(void **state) {
    (void)state;
    open_desk((tw_http_server_config){.idle_timeout_ns = 40 * TW_NS_PER_MS,
                                      .request_timeout_ns = TW_NS_PER_MS});
    static const char *const texts[] = {"\r\n", GET("/a") "\r\n\r\n"};
    for (int i = 0; i < 2; i++) {
        const char *heard = ask_once(texts[i]);
        assert_true(d.clients[0].ended);
        assert_null(strstr(heard, " 408 "));
    }
    assert_int_equal(d.handled, 1);
    close_desk();
}

static void a_busy_connection_is_kept(void **state) {
    (void)state;
    const int64_t idle_ns = 40 * TW_NS_PER_MS;
    open_desk((tw_http_server_config){.idle_timeout_ns = idle_ns});
    raw_client *client = dial(0);
    int64_t end_ns = tw_time_monotonic_ns() + 3 * idle_ns;
    while (tw_time_monotonic_ns() < end_ns) {
        client->size = 0;
        memset(client->heard, 0, 256);
        say_text(client, GET("/a"));
        hear_until(client, "GET /a 0.");
    }
    assert_false(client->ended);
    close_desk();
}

static void whoever_does_not_take_his_answer_is_reset(void **state) {
    (void)state;
    open_desk((tw_http_server_config){.idle_timeout_ns = 20 * TW_NS_PER_MS});
    raw_client *client = dial(0);
    say_text(client, GET("/large"));
    turn_until_handled(1);
    turn_until_connections(0);
    hear_end(client);
    assert_true(client->broken || client->total < LARGE_SIZE);
    close_desk();
}

static void whoever_takes_his_answer_slowly_gets_it_all(void **state) {
    (void)state;
    open_desk((tw_http_server_config){0});
    raw_client *client = dial(0);
    say_text(client, GET("/large") GET("/next"));
    turn_until_handled(1);
    while (client->total < LARGE_SIZE)
        turn(client);
    turn_until_handled(2);
    close_desk();
}

/* ---- many --------------------------------------------------------------------------------- */

static void the_client_over_the_bound_is_answered_503(void **state) {
    (void)state;
    open_desk((tw_http_server_config){.connection_count_max = 2, .refuse = refuse});
    raw_client *first = dial(0);
    raw_client *second = dial(1);
    say_text(first, GET("/a"));
    hear_until(first, "GET /a 0.");
    turn_until_connections(2);
    for (int i = 0; i < 40; i++) { /* more often than there are places for refusals */
        raw_client *third = dial(2);
        say_text(third, GET("/b"));
        hear_end(third);
        assert_true(third->ended);
        assert_status(third->heard, 503);
        assert_non_null(strstr(third->heard, "\r\nX-Refused: yes\r\n"));
    }
    say_text(second, GET("/c"));
    hear_until(second, "GET /c 0.");
    hang_up(0);
    turn_until_connections(2); /* the second, and the one that was refused and stays */
    raw_client *next = dial(4);
    say_text(next, GET("/n"));
    hear_until(next, "GET /n 0.");
    hang_up(4);
    hang_up(2);
    turn_until_connections(1);
    raw_client *third = dial(2);
    say_text(third, GET("/d"));
    hear_until(third, "GET /d 0.");
    /* Clients that became streams count. */
    d.elsewhere = 1;
    raw_client *fourth = dial(3);
    hear_end(fourth);
    assert_status(fourth->heard, 503);
    close_desk();
}

/* Strangers who say nothing cannot keep anybody out. */
static void the_oldest_silent_one_gives_way_to_a_newcomer(void **state) {
    (void)state;
    open_desk((tw_http_server_config){.connection_count_max = 3, .silent_give_way = true});
    raw_client *served = dial(0);
    say_text(served, GET("/a"));
    hear_until(served, "GET /a 0.");
    turn_until_connections(1);
    raw_client *silent = dial(1);
    turn_until_connections(2);
    raw_client *begun = dial(2);
    say_text(begun, "GET /never HT");
    turn_until_connections(3);
    raw_client *newcomer = dial(3);
    say_text(newcomer, GET("/n"));
    hear_until(newcomer, "GET /n 0.");
    hear_end(silent);
    assert_true(silent->broken || silent->ended);
    assert_int_equal(silent->total, 0);
    raw_client *next = dial(4); /* half a request is none */
    say_text(next, GET("/m"));
    hear_until(next, "GET /m 0.");
    hear_end(begun);
    assert_true(begun->broken || begun->ended);
    say_text(served, GET("/b")); /* who has asked before has stayed */
    hear_until(served, "GET /b 0.");
    close_desk();
}

static void who_has_been_idle_longest_gives_way_when_nobody_is_silent(void **state) {
    (void)state;
    open_desk((tw_http_server_config){.connection_count_max = 2, .silent_give_way = true});
    raw_client *first = dial(0);
    say_text(first, GET("/a"));
    hear_until(first, "GET /a 0.");
    raw_client *second = dial(1);
    say_text(second, GET("/b"));
    hear_until(second, "GET /b 0.");
    raw_client *third = dial(2);
    say_text(third, GET("/c"));
    hear_until(third, "GET /c 0.");
    hear_end(first);
    say_text(second, GET("/d"));
    hear_until(second, "GET /d 0.");
    close_desk();
}

/* Who has said something once and then begins one request after the other holds no place. */
static void who_has_begun_a_request_longest_gives_way_when_nobody_is_idle(void **state) {
    (void)state;
    open_desk((tw_http_server_config){.connection_count_max = 2, .silent_give_way = true});
    raw_client *first = dial(0);
    say_text(first, GET("/a"));
    hear_until(first, "GET /a 0.");
    raw_client *second = dial(1);
    say_text(second, GET("/b"));
    hear_until(second, "GET /b 0.");
    say_text(first, GET("/c") "G");
    hear_until(first, "GET /c 0.");
    say_text(second, GET("/d") "G");
    hear_until(second, "GET /d 0.");
    raw_client *third = dial(2);
    say_text(third, GET("/e"));
    hear_until(third, "GET /e 0.");
    hear_end(first);
    assert_true(first->broken || first->ended);
    say_text(second, "ET /f HTTP/1.1\r\nHost: x\r\n\r\n");
    hear_until(second, "GET /f 0.");
    close_desk();
}

/* A request that is with its handler is never taken away. */
static void who_is_being_answered_does_not_give_way(void **state) {
    (void)state;
    open_desk((tw_http_server_config){.connection_count_max = 1, .silent_give_way = true});
    raw_client *asks = dial(0);
    say_text(asks, GET("/keep"));
    turn_until_handled(1);
    raw_client *newcomer = dial(1);
    hear_end(newcomer);
    assert_status(newcomer->heard, 503);
    assert_int_equal(tw_http_reply_send(d.kept, &(tw_http_answer){.status = 200}, NULL), TW_OK);
    hear_until(asks, "HTTP/1.1 200 ");
    close_desk();
}

/* Beyond the places for refusals the next wait in the kernel, and are told in their turn. */
static void a_crowd_over_the_bound_is_told_one_by_one(void **state) {
    (void)state;
    enum { CROWD = 64 };
    open_desk((tw_http_server_config){.connection_count_max = 1});
    dial(0);
    turn_until_connections(1);
    int fds[CROWD];
    for (int i = 0; i < CROWD; i++)
        fds[i] = dup(dial(1)->fd);
    uint32_t refused = 0;
    int64_t end_ns = tw_time_monotonic_ns() + PATIENCE_NS;
    while (refused < CROWD && tw_time_monotonic_ns() < end_ns) {
        turn(NULL);
        for (int i = 0; i < CROWD; i++) {
            char heard[64];
            if (fds[i] < 0 || recv(fds[i], heard, sizeof heard, MSG_DONTWAIT) <= 0)
                continue;
            refused += strncmp(heard, "HTTP/1.1 503 ", 13) == 0;
            shutdown(fds[i], SHUT_RDWR);
            close(fds[i]);
            fds[i] = -1;
        }
    }
    assert_int_equal(refused, CROWD);
    close_desk();
}

static void buffers_have_one_bound_and_the_slowest_pays(void **state) {
    (void)state;
    open_desk((tw_http_server_config){.buffer_size_max = LARGE_SIZE + (1 << 20)});
    raw_client *first = dial(0);
    say_text(first, GET("/large"));
    turn_until_handled(1);
    raw_client *second = dial(1);
    say_text(second, GET("/large"));
    turn_until_handled(2);
    turn_until_connections(1); /* both do not fit */
    while (second->total < LARGE_SIZE)
        turn(second);
    hear_end(first);
    assert_true(first->total < LARGE_SIZE);
    close_desk();
}

static void half_sent_requests_count_among_the_buffers(void **state) {
    (void)state;
    static char body[1 << 20];
    open_desk((tw_http_server_config){.buffer_size_max = 3 << 20, .body_size_max = 4 << 20});
    for (int i = 0; i < 4; i++) {
        raw_client *client = dial(i);
        say_text(client, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n");
        say(client, body, sizeof body);
        turn(client);
    }
    hear_end(&d.clients[0]);
    assert_true(tw_http_server_connection_count(d.server) < 4);
    raw_client *last = &d.clients[3];
    say(last, body, 2000000 - sizeof body);
    hear_until(last, "POST / 2000000.");
    close_desk();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pipelined_requests_are_answered_in_their_order),
        cmocka_unit_test(a_request_may_come_byte_by_byte),
        cmocka_unit_test(whoever_waits_to_be_asked_for_the_body_is_asked),
        cmocka_unit_test(head_has_no_body_and_old_clients_are_closed),
        cmocka_unit_test(a_client_that_has_said_all_still_gets_its_answer),
        cmocka_unit_test(one_request_of_a_connection_is_handled_in_a_turn),
        cmocka_unit_test(refusals_are_answered_and_end_the_connection),
        cmocka_unit_test(whoever_sends_too_much_gets_to_see_the_refusal),
        cmocka_unit_test(what_comes_behind_the_last_request_resets_nothing),
        cmocka_unit_test(a_request_that_does_not_end_is_answered_408),
        cmocka_unit_test(a_silent_connection_is_closed),
        cmocka_unit_test(empty_lines_are_no_request),
        cmocka_unit_test(a_busy_connection_is_kept),
        cmocka_unit_test(whoever_does_not_take_his_answer_is_reset),
        cmocka_unit_test(whoever_takes_his_answer_slowly_gets_it_all),
        cmocka_unit_test(the_client_over_the_bound_is_answered_503),
        cmocka_unit_test(the_oldest_silent_one_gives_way_to_a_newcomer),
        cmocka_unit_test(who_has_been_idle_longest_gives_way_when_nobody_is_silent),
        cmocka_unit_test(who_has_begun_a_request_longest_gives_way_when_nobody_is_idle),
        cmocka_unit_test(who_is_being_answered_does_not_give_way),
        cmocka_unit_test(a_crowd_over_the_bound_is_told_one_by_one),
        cmocka_unit_test(buffers_have_one_bound_and_the_slowest_pays),
        cmocka_unit_test(half_sent_requests_count_among_the_buffers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
