/* wire_http_stream.c - bodies that are taken piece by piece: nothing lost, nothing piled up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "failing_heap.h"
#include "tradewind/http.h"
#include "tradewind/time.h"

#define PATIENCE_NS (20 * TW_NS_PER_SECOND)
#define BODY_SIZE ((size_t)16 << 20) /* more than the kernel keeps for a connection */
#define SHORT_SIZE 5u
#define WINDOW_SIZE 50000u

static char long_body[BODY_SIZE];

typedef struct stream_house {
    tw_loop *loop;
    tw_http_server *server;
    tw_http_client *client;
} stream_house;

typedef struct stream_outcome {
    tw_http_client *client;
    size_t size;
    size_t largest_piece;
    uint32_t pieces;
    uint32_t count;
    tw_status status;
    bool differs;
    bool pauses;  /* after each piece */
    bool cancels; /* in the first piece */
    uint64_t id;
    size_t result_body_size;
} stream_outcome;

static void handle(void *context, const tw_http_request *request, tw_http_reply *reply) {
    (void)context;
    tw_http_answer out = {.status = 200, .body = {long_body, SHORT_SIZE}};
    if (tw_slice_equal_string(tw_http_request_path(request), "/long"))
        out.body = (tw_slice){long_body, sizeof long_body};
    assert_int_equal(tw_http_reply_send(reply, &out, NULL), TW_OK);
}

static void open_house(stream_house *house) {
    tw_http_server_config server = {.handler = handle};
    tw_http_client_config client = {.stream_window_size = WINDOW_SIZE, .in_flight_count_max = 4};
    for (size_t i = 0; i < sizeof long_body; i++)
        long_body[i] = (char)(i * 2654435761u >> 16);
    assert_int_equal(tw_loop_new(NULL, &house->loop, NULL), TW_OK);
    assert_int_equal(tw_http_server_start(house->loop, &server, &house->server, NULL), TW_OK);
    assert_int_equal(tw_http_client_new(house->loop, &client, &house->client, NULL), TW_OK);
}

static void close_house(stream_house *house) {
    tw_http_client_free(house->client);
    tw_http_server_free(house->server);
    tw_loop_free(house->loop);
}

static bool take(void *context, const tw_http_result *so_far, tw_slice piece) {
    stream_outcome *outcome = context;
    tw_slice value = {0};
    assert_int_equal(so_far->http_status, 200);
    assert_true(tw_http_result_header(so_far, "content-length", &value));
    assert_int_equal(outcome->count, 0);
    assert_true(piece.size > 0);
    outcome->pieces++;
    if (piece.size > outcome->largest_piece)
        outcome->largest_piece = piece.size;
    if (outcome->size + piece.size > BODY_SIZE ||
        memcmp(long_body + outcome->size, piece.data, piece.size) != 0)
        outcome->differs = true;
    outcome->size += piece.size;
    if (outcome->cancels)
        tw_http_client_cancel(outcome->client, outcome->id);
    return !outcome->pauses;
}

static void note(void *context, const tw_http_result *result) {
    stream_outcome *outcome = context;
    outcome->count++;
    outcome->status = result->status;
    outcome->result_body_size = result->body.size;
}

static void begin_call(stream_house *house, const char *path, const tw_http_call *more,
                       stream_outcome *outcome) {
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u%s", tw_http_server_port(house->server), path);
    tw_http_call call = *more;
    call.method = "GET";
    call.url = url;
    call.on_body = take;
    outcome->client = house->client;
    assert_int_equal(tw_http_client_send(house->client, &call, note, outcome, &outcome->id, NULL),
                     TW_OK);
}

static void turn_until(stream_house *house, const uint32_t *count, uint32_t wanted) {
    int64_t end_ns = tw_time_monotonic_ns() + PATIENCE_NS;
    while (*count < wanted) {
        assert_int_equal(tw_loop_turn(house->loop, TW_NS_PER_SECOND, NULL, NULL), TW_OK);
        assert_true(tw_time_monotonic_ns() < end_ns);
    }
}

static const tw_http_call plain = {0};

/* Lets the world go on until `times` other calls have come and gone. */
static void let_pass(stream_house *house, int times) {
    for (int i = 0; i < times; i++) {
        char url[64];
        stream_outcome other = {0};
        snprintf(url, sizeof url, "http://127.0.0.1:%u/", tw_http_server_port(house->server));
        tw_http_call call = {.method = "GET", .url = url};
        assert_int_equal(tw_http_client_send(house->client, &call, note, &other, NULL, NULL),
                         TW_OK);
        turn_until(house, &other.count, 1);
        assert_int_equal(other.status, TW_OK);
    }
}

static void the_pieces_are_the_body(void **state) {
    (void)state;
    stream_house house;
    stream_outcome outcome = {0};
    open_house(&house);
    begin_call(&house, "/long", &plain, &outcome);
    turn_until(&house, &outcome.count, 1);
    assert_int_equal(outcome.status, TW_OK);
    assert_int_equal(outcome.size, BODY_SIZE);
    assert_false(outcome.differs);
    assert_true(outcome.pieces > BODY_SIZE / WINDOW_SIZE);
    assert_true(outcome.largest_piece <= WINDOW_SIZE);
    assert_int_equal(outcome.result_body_size, 0);
    close_house(&house);
}

static void a_paused_call_gets_nothing_and_holds_the_server_back(void **state) {
    (void)state;
    stream_house house;
    stream_outcome outcome = {.pauses = true};
    open_house(&house);
    begin_call(&house, "/long", &plain, &outcome);
    turn_until(&house, &outcome.pieces, 1);
    size_t size = outcome.size;
    let_pass(&house, 200); /* others do not mind */
    assert_int_equal(outcome.pieces, 1);
    assert_int_equal(outcome.size, size);
    assert_int_equal(outcome.count, 0);
    uint32_t pieces = 1;
    while (outcome.size < BODY_SIZE) {
        tw_http_client_resume(house.client, outcome.id);
        assert_int_equal(outcome.pieces, pieces); /* never from within the resume */
        turn_until(&house, &outcome.pieces, ++pieces);
        assert_int_equal(outcome.pieces, pieces); /* one, then paused again */
    }
    assert_false(outcome.differs);
    assert_true(outcome.largest_piece <= WINDOW_SIZE);
    let_pass(&house, 5);
    assert_int_equal(outcome.count, 0); /* the end waits as well */
    tw_http_client_resume(house.client, outcome.id);
    assert_int_equal(outcome.count, 0);
    turn_until(&house, &outcome.count, 1);
    assert_int_equal(outcome.status, TW_OK);
    close_house(&house);
}

static void a_paused_call_that_has_arrived_whole_gives_its_connection_back(void **state) {
    (void)state;
    stream_house house;
    stream_outcome outcomes[8];
    memset(outcomes, 0, sizeof outcomes);
    open_house(&house);
    for (int i = 0; i < 8; i++) { /* twice as many as are in flight */
        outcomes[i].pauses = true;
        begin_call(&house, "/", &plain, &outcomes[i]);
    }
    for (int i = 0; i < 8; i++)
        turn_until(&house, &outcomes[i].pieces, 1);
    let_pass(&house, 3);
    assert_int_equal(tw_http_client_get_stats(house.client).in_flight_count, 0);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(outcomes[i].count, 0);
        tw_http_client_resume(house.client, outcomes[i].id);
        turn_until(&house, &outcomes[i].count, 1);
        assert_int_equal(outcomes[i].status, TW_OK);
        assert_int_equal(outcomes[i].size, SHORT_SIZE);
        assert_false(outcomes[i].differs);
        assert_int_equal(outcomes[i].pieces, 1);
    }
    close_house(&house);
}

static void a_stream_may_be_cancelled_from_within_a_piece(void **state) {
    (void)state;
    stream_house house;
    stream_outcome outcome = {.cancels = true};
    open_house(&house);
    begin_call(&house, "/long", &plain, &outcome);
    turn_until(&house, &outcome.count, 1);
    assert_int_equal(outcome.status, TW_CANCELLED);
    assert_int_equal(outcome.pieces, 1);
    let_pass(&house, 3);
    assert_int_equal(outcome.count, 1);
    close_house(&house);
}

static void deadlines_and_cancels_end_paused_calls(void **state) {
    (void)state;
    stream_house house;
    stream_outcome late = {.pauses = true};
    stream_outcome landed = {.pauses = true};
    stream_outcome cancelled = {.pauses = true};
    open_house(&house);
    tw_http_call hurried = {.total_timeout_ns = 50 * TW_NS_PER_MS};
    begin_call(&house, "/long", &hurried, &late);
    begin_call(&house, "/", &hurried, &landed);
    begin_call(&house, "/long", &plain, &cancelled);
    turn_until(&house, &late.count, 1);
    turn_until(&house, &landed.count, 1);
    assert_int_equal(late.status, TW_TIMEOUT);
    assert_int_equal(landed.status, TW_TIMEOUT);
    assert_int_equal(cancelled.count, 0);
    tw_http_client_cancel(house.client, cancelled.id);
    tw_http_client_resume(house.client, cancelled.id); /* too late */
    turn_until(&house, &cancelled.count, 1);
    assert_int_equal(cancelled.status, TW_CANCELLED);
    assert_int_equal(cancelled.pieces, 1);
    close_house(&house);
}

static void a_limit_holds_for_streams_as_well(void **state) {
    (void)state;
    stream_house house;
    stream_outcome outcome = {0};
    open_house(&house);
    tw_http_call small = {.response_size_max = BODY_SIZE - 1};
    begin_call(&house, "/long", &small, &outcome);
    turn_until(&house, &outcome.count, 1);
    assert_int_equal(outcome.status, TW_FULL);
    small.response_size_max = BODY_SIZE;
    stream_outcome whole = {0};
    begin_call(&house, "/long", &small, &whole);
    turn_until(&house, &whole.count, 1);
    assert_int_equal(whole.status, TW_OK);
    close_house(&house);
}

static void freeing_a_client_ends_paused_calls(void **state) {
    (void)state;
    stream_house house;
    stream_outcome flying = {.pauses = true};
    stream_outcome landed = {.pauses = true};
    open_house(&house);
    begin_call(&house, "/long", &plain, &flying);
    begin_call(&house, "/", &plain, &landed);
    turn_until(&house, &flying.pieces, 1);
    turn_until(&house, &landed.pieces, 1);
    tw_http_client_resume(house.client, flying.id); /* and not yet delivered */
    tw_http_client_free(house.client);
    house.client = NULL;
    assert_int_equal(flying.status, TW_CANCELLED);
    assert_int_equal(landed.status, TW_CANCELLED);
    close_house(&house);
}

/* ---- memory --------------------------------------------------------------------------- */

static bool take_any(void *context, const tw_http_result *so_far, tw_slice piece) {
    (void)context;
    (void)so_far;
    (void)piece;
    return true;
}

static tw_status stream_once(const tw_allocator *allocator, void *context) {
    stream_house *house = context;
    stream_outcome outcome = {0};
    char url[64];
    tw_http_client_config config = {.allocator = allocator, .in_flight_count_max = 2};
    tw_http_client *client = NULL;
    tw_status status = tw_http_client_new(house->loop, &config, &client, NULL);
    if (status != TW_OK)
        return status;
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", tw_http_server_port(house->server));
    tw_http_call call = {.method = "GET", .url = url, .on_body = take_any};
    status = tw_http_client_send(client, &call, note, &outcome, NULL, NULL);
    if (status == TW_OK) {
        turn_until(house, &outcome.count, 1);
        status = outcome.status;
    }
    tw_http_client_free(client);
    return status;
}

static void leaves_nothing_when_memory_runs_out(void **state) {
    (void)state;
    stream_house house;
    open_house(&house);
    tw_http_client_free(house.client);
    house.client = NULL;
    assert_survives_failed_allocations(stream_once, &house);
    close_house(&house);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_pieces_are_the_body),
        cmocka_unit_test(a_paused_call_gets_nothing_and_holds_the_server_back),
        cmocka_unit_test(a_paused_call_that_has_arrived_whole_gives_its_connection_back),
        cmocka_unit_test(a_stream_may_be_cancelled_from_within_a_piece),
        cmocka_unit_test(deadlines_and_cancels_end_paused_calls),
        cmocka_unit_test(a_limit_holds_for_streams_as_well),
        cmocka_unit_test(freeing_a_client_ends_paused_calls),
        cmocka_unit_test(leaves_nothing_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
