/*
 * wire_http_once.c - a request that says so is never sent a second time.
 *
 * The server (tests/support/fault_server.h) reads requests on connections that were kept alive
 * and then fails before the first byte of an answer, which is when libcurl sends again by itself.
 * The server's own count of what it saw is the truth.
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

#define CASE_COUNT 3000
#define PATIENCE_NS (20 * TW_NS_PER_SECOND)

/* How the second request of a case is betrayed: always before the first byte of an answer. */
static const fault_kind betrayals[] = {FAULT_DROP_UNREAD, FAULT_DROP_READ, FAULT_RESET_READ,
                                       FAULT_DROP_APPLIED, FAULT_RESET_APPLIED};

/* A connection that was closed, not reset: libcurl always takes that for bad luck and sends again.
 * What it makes of a reset depends on where it meets it. */
static bool is_close(uint32_t index) {
    return betrayals[index % 5] == FAULT_DROP_READ || betrayals[index % 5] == FAULT_DROP_APPLIED;
}

static const char *const methods[] = {"POST", "DELETE", "PATCH"};

static fault_script scripts[CASE_COUNT];

typedef struct once_house {
    tw_loop *loop;
    tw_http_client *client;
    fault_server *server;
    uint32_t done;
    tw_status status;
    uint32_t http_status;
    uint32_t send_count;
    uint32_t connection_count;
    bool sent;
    char message[TW_ERROR_MESSAGE_SIZE];
} once_house;

static void open_house(once_house *house) {
    tw_http_client_config config = {.in_flight_count_max = 64, .queued_count_max = CASE_COUNT};
    memset(house, 0, sizeof *house);
    for (uint32_t i = 0; i < CASE_COUNT; i++) {
        memset(&scripts[i], 0, sizeof scripts[i]);
        scripts[i].step_count = 2;
        scripts[i].steps[0].kind = FAULT_NONE;
        scripts[i].steps[1].kind = (uint8_t)betrayals[i % 5];
    }
    house->server = fault_server_start(scripts, CASE_COUNT);
    assert_non_null(house->server);
    assert_int_equal(tw_loop_new(NULL, &house->loop, NULL), TW_OK);
    assert_int_equal(tw_http_client_new(house->loop, &config, &house->client, NULL), TW_OK);
}

static void close_house(once_house *house) {
    tw_http_client_free(house->client);
    tw_loop_free(house->loop);
    fault_server_stop(house->server);
}

static void note(void *context, const tw_http_result *result) {
    once_house *house = context;
    house->done++;
    house->status = result->status;
    house->http_status = result->http_status;
    house->send_count = result->send_count;
    house->connection_count = result->connection_count;
    house->sent = result->sent;
    snprintf(house->message, sizeof house->message, "%s", result->message);
}

static void turn_until(once_house *house, uint32_t done) {
    int64_t end_ns = tw_time_monotonic_ns() + PATIENCE_NS;
    while (house->done < done) {
        assert_int_equal(tw_loop_turn(house->loop, TW_NS_PER_SECOND, NULL, NULL), TW_OK);
        assert_true(tw_time_monotonic_ns() < end_ns);
    }
}

static void begin_call(once_house *house, uint32_t index, const char *method, bool at_most_once) {
    char url[128];
    bool posts = strcmp(method, "POST") == 0;
    snprintf(url, sizeof url, "http://127.0.0.1:%u/%u/v2/orders%s",
             fault_server_port(house->server), index,
             posts || strcmp(method, "GET") == 0 ? "" : "/an-id");
    tw_http_call call = {.method = method, .url = url, .at_most_once = at_most_once};
    if (posts)
        call.body = tw_slice_of("{\"symbol\":\"AAPL\",\"qty\":\"1\",\"client_order_id\":\"once\"}");
    assert_int_equal(tw_http_client_send(house->client, &call, note, house, NULL, NULL), TW_OK);
}

static void do_call(once_house *house, uint32_t index, const char *method, bool at_most_once) {
    house->done = 0;
    begin_call(house, index, method, at_most_once);
    turn_until(house, 1);
}

static void thousands_of_betrayed_requests_are_each_seen_once(void **state) {
    (void)state;
    once_house house;
    open_house(&house);
    for (uint32_t i = 0; i < CASE_COUNT; i++) {
        const char *method = methods[i / 5 % 3];
        do_call(&house, i, "GET", false); /* leaves a connection that is kept */
        assert_int_equal(house.status, TW_OK);
        do_call(&house, i, method, true);
        assert_int_equal(house.status, TW_CLOSED);
        assert_true(house.sent);
        assert_int_equal(house.send_count, 1);
        assert_int_equal(house.connection_count, 0); /* it did run on the kept one */
        fault_seen seen = fault_server_seen(house.server, i);
        assert_int_equal(seen.requests, 2); /* the GET and one other */
        assert_int_equal(seen.submits, strcmp(method, "POST") == 0 ? 1 : 0);
        assert_true(!is_close(i) || strstr(house.message, "not sent twice") != NULL);
    }
    tw_http_client_stats stats = tw_http_client_get_stats(house.client);
    assert_int_equal(stats.resend_count, 0);
    assert_true(stats.resend_refused_count >= CASE_COUNT * 2 / 5);
    assert_true(stats.reused_count >= CASE_COUNT);
    close_house(&house);
}

/* Without the word, libcurl does what it is guarded against; else the test above proves nothing. */
static void without_the_word_requests_are_sent_again(void **state) {
    (void)state;
    once_house house;
    open_house(&house);
    for (uint32_t i = 0; i < 15; i++) {
        do_call(&house, i, "GET", false);
        do_call(&house, i, methods[i / 5 % 3], false);
        assert_true(house.send_count == 2 || !is_close(i));
        assert_int_equal(fault_server_seen(house.server, i).requests, 1 + house.send_count);
    }
    /* An order whose first sending was carried out meets itself the second time. */
    do_call(&house, 18, "GET", false);
    do_call(&house, 18, "POST", false);
    assert_int_equal(fault_server_seen(house.server, 18).submits_whole, 2);
    assert_int_equal(fault_server_seen(house.server, 18).refused_twice, 1);
    assert_true(tw_http_client_get_stats(house.client).resend_count >= 7);
    close_house(&house);
}

static void many_at_once_are_each_seen_once(void **state) {
    (void)state;
    once_house house;
    open_house(&house);
    for (uint32_t i = 0; i < CASE_COUNT; i++)
        begin_call(&house, i, "GET", false);
    turn_until(&house, CASE_COUNT);
    house.done = 0;
    for (uint32_t i = 0; i < CASE_COUNT; i++)
        begin_call(&house, i, methods[i / 5 % 3], true);
    turn_until(&house, CASE_COUNT);
    for (uint32_t i = 0; i < CASE_COUNT; i++)
        assert_int_equal(fault_server_seen(house.server, i).requests, 2);
    assert_int_equal(tw_http_client_get_stats(house.client).resend_count, 0);
    assert_true(tw_http_client_get_stats(house.client).resend_refused_count > 0);
    assert_true(tw_http_client_get_stats(house.client).open_connection_count <= 64);
    close_house(&house);
}

static void a_second_sending_is_refused_before_a_connection_is_made_for_it(void **state) {
    (void)state;
    once_house house;
    open_house(&house);
    do_call(&house, 1, "GET", false);
    house.done = 0;
    begin_call(&house, 1, "POST", true);
    turn_until(&house, 1);
    uint32_t connections = fault_server_connections(house.server);
    assert_int_equal(connections, 1);
    assert_int_equal(house.status, TW_CLOSED);
    assert_true(house.sent);
    close_house(&house);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thousands_of_betrayed_requests_are_each_seen_once),
        cmocka_unit_test(without_the_word_requests_are_sent_again),
        cmocka_unit_test(many_at_once_are_each_seen_once),
        cmocka_unit_test(a_second_sending_is_refused_before_a_connection_is_made_for_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
