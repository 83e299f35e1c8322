/* wire_http_tls.c - HTTP over TLS: sessions that are resumed, streams of HTTP/2 that share a
 * connection, and requests that are sent once over it as well. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "h2_server.h"
#include "tls_terminator.h"
#include "tradewind/http.h"
#include "tradewind/time.h"

#define PATIENCE_NS (20 * TW_NS_PER_SECOND)
#define STREAM_COUNT 30

typedef struct tls_house {
    tw_loop *loop;
    tw_http_server *plain;
    tw_http_client *client;
    h2_server h2;
    tls_terminator terminator;
    tw_http_reply *held; /* of a request for /held, ended by the test */
    bool speaks_h2;
} tls_house;

typedef struct call_outcome {
    uint32_t count;
    tw_http_result result; /* its slices are gone */
    char body[16];
} call_outcome;

static void handle(void *context, const tw_http_request *request, tw_http_reply *reply) {
    tls_house *house = context;
    if (tw_slice_equal_string(tw_http_request_path(request), "/held")) {
        house->held = reply;
        return;
    }
    tw_http_answer answer = {.status = 200, .body = tw_slice_of("ok")};
    assert_int_equal(tw_http_reply_send(reply, &answer, NULL), TW_OK);
}

static void open_house(tls_house *house, bool speaks_h2, bool http1_only) {
    tw_http_server_config server = {.handler = handle, .context = house};
    memset(house, 0, sizeof *house);
    house->speaks_h2 = speaks_h2;
    assert_int_equal(tw_loop_new(NULL, &house->loop, NULL), TW_OK);
    assert_int_equal(tw_http_server_start(house->loop, &server, &house->plain, NULL), TW_OK);
    assert_true(h2_server_start(&house->h2));
    assert_true(tls_terminator_start(
        &house->terminator, speaks_h2 ? house->h2.port : tw_http_server_port(house->plain)));
    if (speaks_h2)
        tls_terminator_offer_http2(&house->terminator);
    tw_http_client_config client = {.certificate_file = house->terminator.certificate_file,
                                    .http1_only = http1_only};
    assert_int_equal(tw_http_client_new(house->loop, &client, &house->client, NULL), TW_OK);
}

static void close_house(tls_house *house) {
    tw_http_client_free(house->client);
    tls_terminator_stop(&house->terminator);
    h2_server_stop(&house->h2);
    tw_http_server_free(house->plain);
    tw_loop_free(house->loop);
}

static void note(void *context, const tw_http_result *result) {
    call_outcome *outcome = context;
    outcome->count++;
    outcome->result = *result;
    snprintf(outcome->body, sizeof outcome->body, "%.*s", (int)result->body.size,
             result->body.size > 0 ? result->body.data : "");
}

static void begin_call(tls_house *house, const tw_http_call *more, call_outcome *outcome) {
    char url[64];
    snprintf(url, sizeof url, "https://localhost:%u/v2/orders", house->terminator.port);
    tw_http_call call = *more;
    call.url = url;
    call.authenticated = true;
    memset(outcome, 0, sizeof *outcome);
    assert_int_equal(tw_http_client_send(house->client, &call, note, outcome, NULL, NULL), TW_OK);
}

static void turn_until(tls_house *house, const uint32_t *count) {
    int64_t end_ns = tw_time_monotonic_ns() + PATIENCE_NS;
    while (*count == 0) {
        assert_int_equal(tw_loop_turn(house->loop, TW_NS_PER_SECOND, NULL, NULL), TW_OK);
        assert_true(tw_time_monotonic_ns() < end_ns);
    }
}

static void do_call(tls_house *house, const tw_http_call *call, call_outcome *outcome) {
    begin_call(house, call, outcome);
    turn_until(house, &outcome->count);
}

static const tw_http_call get = {.method = "GET"};

/* Keeps a handle of the client in use until release_handle. */
static void hold_handle(tls_house *house, call_outcome *outcome) {
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u/held", tw_http_server_port(house->plain));
    tw_http_call call = {.method = "GET", .url = url};
    int64_t end_ns = tw_time_monotonic_ns() + PATIENCE_NS;
    memset(outcome, 0, sizeof *outcome);
    assert_int_equal(tw_http_client_send(house->client, &call, note, outcome, NULL, NULL), TW_OK);
    while (house->held == NULL) {
        assert_int_equal(tw_loop_turn(house->loop, TW_NS_PER_SECOND, NULL, NULL), TW_OK);
        assert_true(tw_time_monotonic_ns() < end_ns);
    }
}

static void release_handle(tls_house *house, const call_outcome *outcome) {
    tw_http_answer answer = {.status = 200, .body = tw_slice_of("ok")};
    assert_int_equal(tw_http_reply_send(house->held, &answer, NULL), TW_OK);
    turn_until(house, &outcome->count);
    assert_int_equal(outcome->result.status, TW_OK);
}

/* One after the other: OpenSSL uses a session once, so calls at the same time may find it used.
 * The handle that the first call had is busy at the second: sessions belong to the client. */
static void later_connections_resume_the_session_of_the_first(void **state) {
    (void)state;
    static tls_house house;
    call_outcome outcome, held;
    open_house(&house, false, false);
    tw_http_call order = {.method = "POST", .single_use_connection = true};
    for (uint32_t i = 0; i < 3; i++) {
        if (i == 1)
            hold_handle(&house, &held);
        do_call(&house, &order, &outcome);
        assert_int_equal(outcome.result.status, TW_OK);
        assert_int_equal(outcome.result.http_version, 11);
        assert_int_equal(outcome.result.connection_count, 1);
        assert_true(outcome.result.stage_ns[TW_HTTP_STAGE_TLS] > 0);
        assert_int_equal(house.terminator.handshakes, i + 1);
        assert_int_equal(house.terminator.resumed, i);
    }
    release_handle(&house, &held);
    close_house(&house);
}

static void many_calls_share_one_connection_at_the_same_time(void **state) {
    (void)state;
    static tls_house house;
    static call_outcome outcomes[STREAM_COUNT];
    open_house(&house, true, false);
    house.h2.hold_count = STREAM_COUNT; /* all must be there before one is answered */
    for (int i = 0; i < STREAM_COUNT; i++)
        begin_call(&house, &get, &outcomes[i]);
    for (int i = 0; i < STREAM_COUNT; i++) {
        turn_until(&house, &outcomes[i].count);
        assert_int_equal(outcomes[i].result.status, TW_OK);
        assert_int_equal(outcomes[i].result.http_version, 20);
        assert_string_equal(outcomes[i].body, "ok");
    }
    assert_int_equal(house.h2.connections, 1);
    assert_int_equal(tw_http_client_get_stats(house.client).connection_count, 1);
    assert_int_equal(tw_http_client_get_stats(house.client).reused_count, STREAM_COUNT - 1);
    close_house(&house);
}

/* A refused stream was not looked at, says the protocol, and libcurl sends it again. An order that
 * says so is not sent again even then. */
static void a_refused_stream_is_not_sent_again_if_the_call_says_so(void **state) {
    (void)state;
    static tls_house house;
    call_outcome outcome;
    open_house(&house, true, false);
    do_call(&house, &get, &outcome);
    tw_http_call order = {.method = "POST", .body = tw_slice_of("{}"), .at_most_once = true};
    house.h2.refuse_count = 1;
    do_call(&house, &order, &outcome);
    assert_int_not_equal(outcome.result.status, TW_OK);
    assert_true(outcome.result.sent);
    assert_int_equal(outcome.result.send_count, 1);
    assert_int_equal(house.h2.requests, 2);
    order.at_most_once = false;
    house.h2.refuse_count = 1;
    do_call(&house, &order, &outcome);
    assert_int_equal(outcome.result.status, TW_OK);
    assert_int_equal(outcome.result.send_count, 2);
    assert_int_equal(house.h2.requests, 4);
    close_house(&house);
}

static void a_shared_connection_that_dies_does_not_send_orders_again(void **state) {
    (void)state;
    static tls_house house;
    call_outcome outcome;
    open_house(&house, true, false);
    tw_http_call order = {.method = "POST", .body = tw_slice_of("{}"), .at_most_once = true};
    for (uint32_t i = 0; i < 50; i++) {
        do_call(&house, &get, &outcome);
        assert_int_equal(outcome.result.status, TW_OK);
        uint32_t before = house.h2.requests;
        house.h2.hang_up_count = 1;
        do_call(&house, &order, &outcome);
        assert_int_not_equal(outcome.result.status, TW_OK);
        assert_true(outcome.result.sent);
        assert_int_equal(house.h2.requests, before + 1);
    }
    close_house(&house);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(later_connections_resume_the_session_of_the_first),
        cmocka_unit_test(many_calls_share_one_connection_at_the_same_time),
        cmocka_unit_test(a_refused_stream_is_not_sent_again_if_the_call_says_so),
        cmocka_unit_test(a_shared_connection_that_dies_does_not_send_orders_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
