/* wire_http_feed.c - answers whose end nobody knows yet: told as they come to be, ended once. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tradewind/http.h"
#include "tradewind/time.h"

#define GET "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
#define END_OF_FEED "\r\n\r\n0\r\n\r\n"
#define PATIENCE_NS (20 * TW_NS_PER_SECOND)

/* What the server has to tell, and whom. */
typedef struct desk {
    tw_loop *loop;
    tw_http_server *server;
    tw_http_client *client;
    tw_http_feed *feed;
    const char *text;
    size_t told;      /* of `text` */
    size_t available; /* of `text`, so far */
    bool complete;    /* there will be no more */
    bool refuses;     /* with a header that no answer may have */
    uint32_t ends;
} desk;

typedef struct listener {
    char got[256];
    size_t size;
    uint32_t count;
    tw_status status;
    bool pauses; /* after each piece */
} listener;

static size_t tell(void *context, char *buffer, size_t capacity) {
    desk *d = context;
    size_t size = d->available - d->told;
    if (size == 0 && d->complete)
        return TW_HTTP_FEED_END;
    size = size < capacity ? size : capacity;
    memcpy(buffer, d->text + d->told, size);
    d->told += size;
    return size;
}

static void on_end(void *context) {
    ((desk *)context)->ends++;
}

static void handle(void *context, const tw_http_request *request, tw_http_reply *reply) {
    desk *d = context;
    (void)request;
    const tw_http_header broken = {tw_slice_of("X"), tw_slice_of("a\nb")};
    tw_http_answer answer = {.status = 200, .content_type = "text/event-stream"};
    tw_http_feed_source source = {tell, on_end, d};
    if (d->refuses) {
        answer.headers = &broken;
        answer.header_count = 1;
        assert_int_equal(tw_http_reply_feed(reply, &answer, &source, &d->feed, NULL), TW_INVALID);
        assert_int_equal(d->ends, 0);
        answer.header_count = 0;
        answer.status = 500;
        assert_int_equal(tw_http_reply_send(reply, &answer, NULL), TW_OK);
        return;
    }
    assert_int_equal(tw_http_reply_feed(reply, &answer, &source, &d->feed, NULL), TW_OK);
}

static void open_desk(desk *d, const char *text) {
    *d = (desk){.text = text};
    tw_http_server_config server = {.handler = handle, .context = d};
    tw_http_client_config client = {.in_flight_count_max = 4};
    assert_int_equal(tw_loop_new(NULL, &d->loop, NULL), TW_OK);
    assert_int_equal(tw_http_server_start(d->loop, &server, &d->server, NULL), TW_OK);
    assert_int_equal(tw_http_client_new(d->loop, &client, &d->client, NULL), TW_OK);
}

static void close_desk(desk *d) {
    tw_http_client_free(d->client);
    tw_http_server_free(d->server);
    tw_loop_free(d->loop);
}

static bool hear(void *context, const tw_http_result *so_far, tw_slice piece) {
    listener *l = context;
    (void)so_far;
    if (l->size + piece.size <= sizeof l->got)
        memcpy(l->got + l->size, piece.data, piece.size);
    l->size += piece.size;
    return !l->pauses;
}

static void note(void *context, const tw_http_result *result) {
    listener *l = context;
    l->count++;
    l->status = result->status;
}

static uint64_t call(desk *d, listener *l) {
    char url[64];
    uint64_t id = 0;
    *l = (listener){.count = 0};
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", tw_http_server_port(d->server));
    tw_http_call get = {
        .method = "GET", .url = url, .on_body = hear, .response_size_max = SIZE_MAX};
    assert_int_equal(tw_http_client_send(d->client, &get, note, l, &id, NULL), TW_OK);
    return id;
}

#define TURN_UNTIL(d, condition)                                                            \
    do {                                                                                    \
        int64_t end_ns = tw_time_monotonic_ns() + PATIENCE_NS;                              \
        while (!(condition)) {                                                              \
            assert_int_equal(tw_loop_turn((d)->loop, TW_NS_PER_SECOND, NULL, NULL), TW_OK); \
            assert_true(tw_time_monotonic_ns() < end_ns);                                   \
        }                                                                                   \
    } while (0)

static void what_is_told_arrives_before_the_end(void **state) {
    (void)state;
    desk d;
    listener l;
    open_desk(&d, "one two three");
    d.available = 3;
    call(&d, &l);
    TURN_UNTIL(&d, l.size == 3);
    assert_memory_equal(l.got, "one", 3);
    assert_int_equal(l.count, 0);
    assert_int_equal(tw_http_server_request_count(d.server), 0);
    tw_http_feed_wake(d.feed); /* for nothing */
    d.available = 7;
    tw_http_feed_wake(d.feed);
    tw_http_feed_wake(d.feed);
    TURN_UNTIL(&d, l.size == 7);
    d.available = 13;
    d.complete = true;
    tw_http_feed_wake(d.feed);
    TURN_UNTIL(&d, l.count == 1 && d.ends == 1);
    assert_int_equal(l.status, TW_OK);
    assert_memory_equal(l.got, "one two three", 13);
    close_desk(&d);
    assert_int_equal(d.ends, 1);
}

static void a_client_that_goes_is_noticed_at_once(void **state) {
    (void)state;
    desk d;
    listener l;
    open_desk(&d, "word");
    d.available = 1;
    uint64_t id = call(&d, &l);
    TURN_UNTIL(&d, l.size == 1);
    tw_http_client_cancel(d.client, id);
    TURN_UNTIL(&d, l.count == 1 && d.ends == 1);
    close_desk(&d);
    assert_int_equal(d.ends, 1);
}

/* A client of sockets alone has asked, and the feed waits. */
static int ask(desk *d, const char *request) {
    struct sockaddr_in where = {.sin_family = AF_INET,
                                .sin_port = htons(tw_http_server_port(d->server)),
                                .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&where, sizeof where), 0);
    assert_int_equal(send(fd, request, strlen(request), 0), strlen(request));
    TURN_UNTIL(d, d->feed != NULL);
    return fd;
}

static void one_that_has_said_something_more_is_noticed_when_it_goes(void **state) {
    (void)state;
    desk d;
    open_desk(&d, "word");
    int fd = ask(&d, GET);
    assert_int_equal(send(fd, "GET", 3, 0), 3);
    assert_int_equal(tw_loop_turn(d.loop, TW_NS_PER_SECOND, NULL, NULL), TW_OK);
    assert_int_equal(d.ends, 0);
    close(fd);
    TURN_UNTIL(&d, d.ends == 1);
    close_desk(&d);
}

static void what_is_asked_during_a_feed_is_answered_behind_it(void **state) {
    (void)state;
    desk d;
    char heard[2048] = {0};
    size_t size = 0;
    open_desk(&d, "word");
    int fd = ask(&d, GET);
    assert_int_equal(send(fd, GET, strlen(GET), 0), strlen(GET));
    assert_int_equal(tw_loop_turn(d.loop, TW_NS_PER_SECOND, NULL, NULL), TW_OK);
    d.complete = true;
    tw_http_feed_wake(d.feed);
    TURN_UNTIL(&d, d.ends == 2);
    while (strstr(heard, END_OF_FEED "HTTP/1.1 200 OK") == NULL) {
        ssize_t got = recv(fd, heard + size, sizeof heard - 1 - size, 0);
        assert_true(got > 0);
        size += (size_t)got;
    }
    close(fd);
    close_desk(&d);
}

static void whoever_talks_into_a_feed_without_end_is_cut_off(void **state) {
    (void)state;
    static const char noise[4096];
    desk d;
    open_desk(&d, "word");
    int fd = ask(&d, GET);
    for (int i = 0; i < 5; i++)
        assert_int_equal(send(fd, noise, sizeof noise, 0), sizeof noise);
    TURN_UNTIL(&d, d.ends == 1);
    close(fd);
    close_desk(&d);
}

static void a_client_that_does_not_read_is_not_told_more(void **state) {
    (void)state;
    static char text[24u << 20]; /* more than the kernel keeps for a connection */
    desk d;
    listener l;
    open_desk(&d, text);
    d.available = sizeof text;
    d.complete = true;
    uint64_t id = call(&d, &l);
    l.pauses = true;
    TURN_UNTIL(&d, l.size > 0);
    size_t told = 0;
    while (told < d.told) { /* until it gets no further */
        told = d.told;
        assert_int_equal(tw_loop_turn(d.loop, TW_NS_PER_MS, NULL, NULL), TW_OK);
    }
    assert_true(told < sizeof text);
    l.pauses = false;
    tw_http_client_resume(d.client, id);
    TURN_UNTIL(&d, l.count == 1);
    assert_int_equal(l.status, TW_OK);
    assert_int_equal(l.size, sizeof text);
    assert_int_equal(d.ends, 1);
    close_desk(&d);
}

static void a_feed_ends_with_its_server(void **state) {
    (void)state;
    desk d;
    listener l;
    open_desk(&d, "word");
    d.available = 4;
    call(&d, &l);
    TURN_UNTIL(&d, l.size == 4);
    tw_http_server_free(d.server);
    d.server = NULL;
    assert_int_equal(d.ends, 1);
    TURN_UNTIL(&d, l.count == 1);
    assert_int_equal(l.status, TW_CLOSED);
    close_desk(&d);
}

static void an_answer_that_cannot_begin_leaves_the_reply_open(void **state) {
    (void)state;
    desk d;
    listener l;
    open_desk(&d, "");
    d.refuses = true;
    call(&d, &l);
    TURN_UNTIL(&d, l.count == 1);
    assert_int_equal(l.status, TW_OK);
    close_desk(&d);
    assert_int_equal(d.ends, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_told_arrives_before_the_end),
        cmocka_unit_test(a_client_that_goes_is_noticed_at_once),
        cmocka_unit_test(one_that_has_said_something_more_is_noticed_when_it_goes),
        cmocka_unit_test(what_is_asked_during_a_feed_is_answered_behind_it),
        cmocka_unit_test(whoever_talks_into_a_feed_without_end_is_cut_off),
        cmocka_unit_test(a_client_that_does_not_read_is_not_told_more),
        cmocka_unit_test(a_feed_ends_with_its_server),
        cmocka_unit_test(an_answer_that_cannot_begin_leaves_the_reply_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
