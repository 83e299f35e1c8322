/*
 * wire_http_pool.c - the HTTP client as a pool: limits, deadlines, who goes first, what is counted,
 * proxies and redirects, and secrets that get into no sentence.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fault_server.h"
#include "tradewind/http.h"
#include "tradewind/time.h"

#define PATIENCE_NS (20 * TW_NS_PER_SECOND)
#define HELD_COUNT_MAX 2100

/* ---- what the tests stand on ---------------------------------------------------------- */

typedef struct pool_house {
    tw_loop *loop;
    tw_http_server *server;
    tw_http_client *client;
    tw_http_reply *held[HELD_COUNT_MAX]; /* of "/hold..." */
    uint32_t held_count;
    uint32_t handled;
    uint32_t open_most;
    char heard[1024]; /* method and target of each request, but for "/hold..." */
    bool secret_heard;
} pool_house;

typedef struct call_outcome {
    uint32_t count;
    tw_http_result result; /* its slices are gone */
    char message[TW_ERROR_MESSAGE_SIZE];
    char location[128];
} call_outcome;

static void answer(tw_http_reply *reply, tw_slice body) {
    tw_http_answer out = {.status = 200, .content_type = "text/plain", .body = body};
    assert_int_equal(tw_http_reply_send(reply, &out, NULL), TW_OK);
}

static void handle(void *context, const tw_http_request *request, tw_http_reply *reply) {
    pool_house *house = context;
    tw_slice path = tw_http_request_path(request);
    tw_slice method = tw_http_request_method(request);
    tw_slice value = {0};
    house->handled++;
    house->secret_heard |= tw_http_request_header(request, "APCA-API-SECRET-KEY", &value);
    if (tw_slice_starts_with(path, "/hold")) {
        assert_true(house->held_count < HELD_COUNT_MAX);
        house->held[house->held_count++] = reply;
        return;
    }
    size_t used = strlen(house->heard);
    snprintf(house->heard + used, sizeof house->heard - used, "%.*s %.*s\n", (int)method.size,
             method.data, (int)path.size, path.data);
    answer(reply, tw_slice_of("good"));
}

static void open_house(pool_house *house, const tw_http_client_config *config) {
    tw_loop_config loop = {.watch_count_max = 3000};
    tw_http_server_config server = {
        .handler = handle, .context = house, .connection_count_max = HELD_COUNT_MAX};
    memset(house, 0, sizeof *house);
    assert_int_equal(tw_loop_new(&loop, &house->loop, NULL), TW_OK);
    assert_int_equal(tw_http_server_start(house->loop, &server, &house->server, NULL), TW_OK);
    assert_int_equal(tw_http_client_new(house->loop, config, &house->client, NULL), TW_OK);
}

static void close_house(pool_house *house) {
    tw_http_client_free(house->client);
    tw_http_server_free(house->server);
    tw_loop_free(house->loop);
}

static void note(void *context, const tw_http_result *result) {
    call_outcome *outcome = context;
    tw_slice location = {0};
    outcome->count++;
    outcome->result = *result;
    outcome->result.body.data = outcome->result.head.data = NULL;
    snprintf(outcome->message, sizeof outcome->message, "%s", result->message);
    if (tw_http_result_header(result, "location", &location))
        assert_int_equal(tw_slice_copy(location, outcome->location, sizeof outcome->location),
                         TW_OK);
}

static void turn(pool_house *house, int64_t end_ns) {
    assert_int_equal(tw_loop_turn(house->loop, TW_NS_PER_SECOND, NULL, NULL), TW_OK);
    uint32_t open = tw_http_client_get_stats(house->client).open_connection_count;
    house->open_most = open > house->open_most ? open : house->open_most;
    assert_true(tw_time_monotonic_ns() < end_ns);
}

static void turn_until(pool_house *house, const uint32_t *count, uint32_t wanted) {
    int64_t end_ns = tw_time_monotonic_ns() + PATIENCE_NS;
    while (*count < wanted)
        turn(house, end_ns);
}

static const char *url_of(uint16_t port, const char *path) {
    static char url[128];
    snprintf(url, sizeof url, "http://127.0.0.1:%u%s", port, path);
    return url;
}

static uint64_t begin_call(pool_house *house, const tw_http_call *call, call_outcome *outcome) {
    tw_error error = {0};
    uint64_t id = 0;
    if (tw_http_client_send(house->client, call, note, outcome, &id, &error) != TW_OK)
        fail_msg("%s", error.message);
    return id;
}

static void begin_path(pool_house *house, const char *path, call_outcome *outcome) {
    tw_http_call call = {.method = "GET", .url = url_of(tw_http_server_port(house->server), path)};
    begin_call(house, &call, outcome);
}

static void do_call(pool_house *house, const tw_http_call *call, call_outcome *outcome) {
    memset(outcome, 0, sizeof *outcome);
    begin_call(house, call, outcome);
    turn_until(house, &outcome->count, 1);
}

static fault_server *one_fault(fault_script *script, fault_kind kind, uint32_t amount) {
    memset(script, 0, sizeof *script);
    script->step_count = 1;
    script->steps[0].kind = (uint8_t)kind;
    script->steps[0].amount = amount;
    fault_server *server = fault_server_start(script, 1);
    assert_non_null(server);
    return server;
}

/* ---- limits --------------------------------------------------------------------------- */

static void no_more_connections_than_allowed_are_open(void **state) {
    (void)state;
    static pool_house house;
    static call_outcome outcomes[40];
    tw_http_client_config config = {.in_flight_count_max = 40, .connection_count_max = 3};
    memset(outcomes, 0, sizeof outcomes);
    open_house(&house, &config);
    for (int i = 0; i < 40; i++)
        begin_path(&house, "/a", &outcomes[i]);
    for (int i = 0; i < 40; i++) {
        turn_until(&house, &outcomes[i].count, 1);
        assert_int_equal(outcomes[i].result.status, TW_OK);
    }
    assert_int_equal(house.open_most, 3);
    assert_int_equal(tw_http_client_get_stats(house.client).reused_count, 37);
    close_house(&house);
}

static void a_call_that_waits_for_a_connection_keeps_its_deadline(void **state) {
    (void)state;
    static pool_house house;
    call_outcome held = {0};
    call_outcome waits;
    tw_http_client_config config = {.connection_count_max = 1};
    open_house(&house, &config);
    begin_path(&house, "/hold", &held);
    turn_until(&house, &house.held_count, 1);
    tw_http_call call = {.method = "GET",
                         .url = url_of(tw_http_server_port(house.server), "/a"),
                         .total_timeout_ns = 20 * TW_NS_PER_MS};
    do_call(&house, &call, &waits);
    assert_int_equal(waits.result.status, TW_TIMEOUT);
    assert_false(waits.result.sent);
    assert_int_equal(waits.result.send_count, 0);
    answer(house.held[0], tw_slice_of("late"));
    turn_until(&house, &held.count, 1);
    assert_int_equal(held.result.status, TW_OK);
    assert_int_equal(house.handled, 1);
    close_house(&house);
}

static void two_thousand_are_in_flight_at_once(void **state) {
    (void)state;
    static pool_house house;
    static call_outcome outcomes[2000];
    tw_http_client_config config = {.in_flight_count_max = 2000};
    memset(outcomes, 0, sizeof outcomes);
    open_house(&house, &config);
    for (int i = 0; i < 2000; i++)
        begin_path(&house, "/hold", &outcomes[i]);
    turn_until(&house, &house.held_count, 2000);
    assert_int_equal(tw_http_client_get_stats(house.client).in_flight_count, 2000);
    assert_int_equal(house.open_most, 2000);
    for (int i = 0; i < 2000; i++)
        answer(house.held[i], tw_slice_of("at last"));
    for (int i = 0; i < 2000; i++) {
        turn_until(&house, &outcomes[i].count, 1);
        assert_int_equal(outcomes[i].result.status, TW_OK);
    }
    assert_int_equal(tw_http_client_get_stats(house.client).in_flight_count, 0);
    close_house(&house);
}

static void cancels_go_before_orders_before_queries_before_data(void **state) {
    (void)state;
    static pool_house house;
    call_outcome held = {0};
    call_outcome outcomes[8] = {{0}};
    static const char *const paths[4] = {"/query", "/data", "/submit", "/cancel"};
    static const tw_http_priority classes[4] = {TW_HTTP_DATA, TW_HTTP_QUERY, TW_HTTP_SUBMIT,
                                                TW_HTTP_CANCEL};
    tw_http_client_config config = {.in_flight_count_max = 1};
    open_house(&house, &config);
    begin_path(&house, "/hold", &held);
    for (size_t i = 0; i < 8; i++) {
        tw_http_call call = {.method = "GET", .priority = classes[i / 2]};
        call.url = url_of(tw_http_server_port(house.server), paths[call.priority]);
        begin_call(&house, &call, &outcomes[i]);
    }
    assert_int_equal(tw_http_client_get_stats(house.client).queued_count, 8);
    turn_until(&house, &house.held_count, 1);
    answer(house.held[0], tw_slice_of("go"));
    turn_until(&house, &outcomes[1].count, 1);
    assert_string_equal(house.heard, "GET /cancel\nGET /cancel\nGET /submit\nGET /submit\n"
                                     "GET /query\nGET /query\nGET /data\nGET /data\n");
    close_house(&house);
}

static void warmed_connections_are_there_for_all_that_come_at_once(void **state) {
    (void)state;
    static pool_house house;
    call_outcome outcomes[6] = {{0}};
    open_house(&house, NULL);
    const char *url = url_of(tw_http_server_port(house.server), "/");
    assert_int_equal(tw_http_client_warm(house.client, url, 5, NULL), TW_OK);
    turn_until(&house, &house.handled, 5);
    while (tw_http_client_get_stats(house.client).in_flight_count > 0)
        turn(&house, INT64_MAX);
    assert_int_equal(tw_http_client_get_stats(house.client).open_connection_count, 5);
    for (int i = 0; i < 6; i++)
        begin_path(&house, "/hold", &outcomes[i]);
    turn_until(&house, &house.held_count, 6);
    uint32_t made = 0;
    for (int i = 0; i < 6; i++) {
        answer(house.held[i], tw_slice_of("good"));
        turn_until(&house, &outcomes[i].count, 1);
    }
    for (int i = 0; i < 6; i++)
        made += outcomes[i].result.connection_count;
    assert_int_equal(made, 1); /* only the sixth had to make its own */
    close_house(&house);
}

/* ---- deadlines ------------------------------------------------------------------------ */

static void an_answer_that_does_not_begin_in_time_is_a_timeout(void **state) {
    (void)state;
    static pool_house house;
    call_outcome outcome;
    open_house(&house, NULL);
    tw_http_call call = {.method = "GET",
                         .url = url_of(tw_http_server_port(house.server), "/hold"),
                         .first_byte_timeout_ns = 20 * TW_NS_PER_MS};
    do_call(&house, &call, &outcome);
    assert_int_equal(outcome.result.status, TW_TIMEOUT);
    assert_true(outcome.result.sent);
    assert_true(outcome.result.elapsed_ns >= 20 * TW_NS_PER_MS);
    assert_true(outcome.result.elapsed_ns < 10 * TW_NS_PER_SECOND); /* not the total one */
    assert_int_equal(tw_http_client_get_stats(house.client).timeout_count, 1);
    close_house(&house);
}

static void an_answer_that_has_begun_may_take_longer_than_its_first_byte(void **state) {
    (void)state;
    static pool_house house;
    call_outcome outcome;
    fault_script script;
    fault_server *server = one_fault(&script, FAULT_TRICKLE, 20);
    open_house(&house, NULL);
    tw_http_call call = {.method = "GET",
                         .url = url_of(fault_server_port(server), "/0/v2/orders"),
                         .first_byte_timeout_ns = 15 * TW_NS_PER_MS};
    do_call(&house, &call, &outcome);
    assert_int_equal(outcome.result.status, TW_OK);
    assert_true(outcome.result.elapsed_ns >= 15 * TW_NS_PER_MS);
    close_house(&house);
    fault_server_stop(server);
}

static void an_answer_that_stalls_is_a_timeout(void **state) {
    (void)state;
    static pool_house house;
    call_outcome outcome;
    fault_script script;
    fault_server *server = one_fault(&script, FAULT_STALL_BODY, 0);
    open_house(&house, NULL);
    tw_http_call call = {.method = "GET",
                         .url = url_of(fault_server_port(server), "/0/v2/orders"),
                         .speed_min = 1000,
                         .slow_ns_max = TW_NS_PER_SECOND};
    do_call(&house, &call, &outcome);
    assert_int_equal(outcome.result.status, TW_TIMEOUT);
    assert_int_equal(outcome.result.http_status, 200);
    assert_true(outcome.result.elapsed_ns < 20 * TW_NS_PER_SECOND);
    close_house(&house);
    fault_server_stop(server);
}

/* ---- what is counted ------------------------------------------------------------------ */

static void a_call_tells_where_its_time_and_bytes_went(void **state) {
    (void)state;
    static pool_house house;
    call_outcome outcome;
    open_house(&house, NULL);
    tw_http_call call = {.method = "POST",
                         .url = url_of(tw_http_server_port(house.server), "/a"),
                         .body = tw_slice_of("0123456789")};
    do_call(&house, &call, &outcome);
    const tw_http_result *result = &outcome.result;
    assert_int_equal(result->http_version, 11);
    assert_int_equal(result->connection_count, 1);
    assert_true(result->stage_ns[TW_HTTP_STAGE_CONNECT] > 0);
    assert_int_equal(result->stage_ns[TW_HTTP_STAGE_TLS], 0);
    assert_true(result->stage_ns[TW_HTTP_STAGE_FIRST_BYTE] > 0);
    assert_int_equal(result->stage_ns[TW_HTTP_STAGE_TOTAL], result->elapsed_ns);
    assert_true(result->sent_size > 10 && result->received_size > 4);
    tw_http_client_stats first = tw_http_client_get_stats(house.client);
    assert_int_equal(first.sent_size, result->sent_size);
    assert_int_equal(first.received_size, result->received_size);
    assert_int_equal(first.class_counts[2], 1);
    do_call(&house, &call, &outcome);
    assert_int_equal(result->connection_count, 0);
    assert_int_equal(result->stage_ns[TW_HTTP_STAGE_CONNECT], 0);
    tw_http_client_stats second = tw_http_client_get_stats(house.client);
    assert_int_equal(second.connection_count, 1);
    assert_int_equal(second.reused_count, 1);
    assert_int_equal(second.class_counts[2], 2);
    assert_int_equal(tw_http_client_histogram(house.client, TW_HTTP_STAGE_FIRST_BYTE)->count, 2);
    assert_int_equal(tw_http_client_histogram(house.client, TW_HTTP_STAGE_CONNECT)->count, 1);
    assert_int_equal(tw_http_client_histogram(house.client, TW_HTTP_STAGE_TOTAL)->count, 2);
    assert_int_equal(tw_http_client_histogram(house.client, TW_HTTP_STAGE_TLS)->count, 0);
    close_house(&house);
}

/* ---- where a call goes ---------------------------------------------------------------- */

static void a_redirect_is_handed_out_and_not_followed(void **state) {
    (void)state;
    static pool_house house;
    call_outcome outcome;
    fault_script script;
    fault_server *server = one_fault(&script, FAULT_REDIRECT, 0);
    open_house(&house, NULL);
    tw_http_call call = {.method = "GET", .url = url_of(fault_server_port(server), "/0/v2/orders")};
    do_call(&house, &call, &outcome);
    assert_int_equal(outcome.result.status, TW_OK);
    assert_int_equal(outcome.result.http_status, 302);
    assert_true(outcome.location[0] != '\0');
    assert_int_equal(fault_server_seen(server, 0).requests, 1);
    close_house(&house);
    fault_server_stop(server);
}

static void a_proxy_is_asked_for_other_machines_only_and_sees_no_secret(void **state) {
    (void)state;
    static pool_house house;
    call_outcome outcome;
    char proxy[64];
    open_house(&house, NULL);
    uint16_t port = tw_http_server_port(house.server);
    snprintf(proxy, sizeof proxy, "http://guest:plugh@127.0.0.1:%u", port);
    tw_http_client_free(house.client);
    tw_http_client_config config = {.proxy = proxy};
    assert_int_equal(tw_http_client_new(house.loop, &config, &house.client, NULL), TW_OK);

    tw_http_call call = {.method = "GET", .url = "http://venue.invalid/v2/clock"};
    do_call(&house, &call, &outcome);
    assert_int_equal(outcome.result.http_status, 200);
    assert_non_null(strstr(house.heard, "/v2/clock"));

    tw_http_header secret = {tw_slice_of("APCA-API-SECRET-KEY"), tw_slice_of("xyzzy")};
    call.url = "https://venue.invalid/v2/orders?word=xyzzy";
    call.headers = &secret;
    call.header_count = 1;
    call.authenticated = true;
    do_call(&house, &call, &outcome); /* this proxy does not know CONNECT well enough */
    assert_int_not_equal(outcome.result.status, TW_OK);
    assert_int_equal(outcome.result.send_count, 0);
    assert_false(house.secret_heard);
    assert_null(strstr(outcome.message, "xyzzy"));
    assert_null(strstr(outcome.message, "plugh"));

    house.heard[0] = '\0';
    call.url = url_of(port, "/mine");
    do_call(&house, &call, &outcome);
    assert_int_equal(outcome.result.http_status, 200);
    assert_string_equal(house.heard, "GET /mine\n"); /* a path, not the URL that a proxy is told */
    close_house(&house);
}

static void secrets_get_into_no_sentence_whatever_goes_wrong(void **state) {
    (void)state;
    static pool_house house;
    call_outcome outcome;
    static fault_script scripts[FAULT_KIND_COUNT];
    tw_http_header secret = {tw_slice_of("APCA-API-SECRET-KEY"), tw_slice_of("xyzzy")};
    memset(scripts, 0, sizeof scripts);
    for (int i = 0; i < FAULT_KIND_COUNT; i++) {
        scripts[i].step_count = 1;
        scripts[i].steps[0].kind = (uint8_t)i;
        scripts[i].steps[0].amount = i == FAULT_HTML_READ || i == FAULT_HTML_APPLIED ? 503 : 1;
    }
    fault_server *server = fault_server_start(scripts, FAULT_KIND_COUNT);
    assert_non_null(server);
    open_house(&house, NULL);
    uint32_t told = 0;
    for (int i = 0; i < FAULT_KIND_COUNT; i++) {
        char path[64];
        snprintf(path, sizeof path, "/%d/v2/orders?token=plugh", i);
        tw_http_call call = {.method = "POST",
                             .url = url_of(fault_server_port(server), path),
                             .headers = &secret,
                             .header_count = 1,
                             .body = tw_slice_of("{\"client_order_id\":\"frobozz\"}"),
                             .total_timeout_ns = 50 * TW_NS_PER_MS,
                             .at_most_once = true,
                             .authenticated = true};
        do_call(&house, &call, &outcome);
        assert_null(strstr(outcome.message, "xyzzy"));
        assert_null(strstr(outcome.message, "plugh"));
        assert_null(strstr(outcome.message, "frobozz"));
        assert_true(outcome.result.status == TW_OK || outcome.message[0] != '\0');
        assert_true(fault_server_seen(server, (uint32_t)i).submits <= 1);
        told += outcome.message[0] != '\0';
    }
    assert_true(told >= 10);
    close_house(&house);
    fault_server_stop(server);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_more_connections_than_allowed_are_open),
        cmocka_unit_test(a_call_that_waits_for_a_connection_keeps_its_deadline),
        cmocka_unit_test(two_thousand_are_in_flight_at_once),
        cmocka_unit_test(cancels_go_before_orders_before_queries_before_data),
        cmocka_unit_test(warmed_connections_are_there_for_all_that_come_at_once),
        cmocka_unit_test(an_answer_that_does_not_begin_in_time_is_a_timeout),
        cmocka_unit_test(an_answer_that_has_begun_may_take_longer_than_its_first_byte),
        cmocka_unit_test(an_answer_that_stalls_is_a_timeout),
        cmocka_unit_test(a_call_tells_where_its_time_and_bytes_went),
        cmocka_unit_test(a_redirect_is_handed_out_and_not_followed),
        cmocka_unit_test(a_proxy_is_asked_for_other_machines_only_and_sees_no_secret),
        cmocka_unit_test(secrets_get_into_no_sentence_whatever_goes_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
