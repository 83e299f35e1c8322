/* wire_exchange_faults.c - each fault of a plan as a client meets it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "exchange_world.h"

/* ---- calls that may fail ------------------------------------------------------------------- */

typedef struct attempt {
    bool done;
    tw_status status;
    uint32_t http_status;
    int64_t elapsed_ns;
    char head[4096];
    char body[4096];
} attempt;

static attempt last;

static void on_attempt(void *context, const tw_http_result *result) {
    (void)context;
    last.status = result->status;
    last.http_status = result->http_status;
    last.elapsed_ns = result->elapsed_ns;
    assert_int_equal(tw_slice_copy(result->head, last.head, sizeof last.head), TW_OK);
    assert_int_equal(tw_slice_copy(result->body, last.body, sizeof last.body), TW_OK);
    last.done = true;
}

static tw_status attempt_call(const char *method, const char *path, const char *body) {
    char url[256];
    snprintf(url, sizeof url, "%s%s", w.base, path);
    tw_http_header headers[] = {{tw_slice_of("APCA-API-KEY-ID"), tw_slice_of("demo")},
                                {tw_slice_of("APCA-API-SECRET-KEY"), tw_slice_of("demo")}};
    tw_http_call request = {.method = method,
                            .url = url,
                            .headers = headers,
                            .header_count = 2,
                            .body = body == NULL ? (tw_slice){0} : tw_slice_of(body),
                            .at_most_once = true,
                            .single_use_connection = true};
    memset(&last, 0, sizeof last);
    assert_int_equal(tw_http_client_send(w.http, &request, on_attempt, NULL, NULL, NULL), TW_OK);
    TURN_UNTIL(last.done);
    return last.status;
}

static void plan(const char *text) {
    call("POST", "/sim/faults", text);
    if (w.http_status != 200)
        fail_msg("%s", w.body);
}

static uint32_t order_count(void) {
    uint32_t count = 0;
    ledger_orders(w.exchange->ledger, &count);
    return count;
}

/* ---- requests and answers ------------------------------------------------------------------ */

static void a_gateway_answers_with_html(void **state) {
    (void)state;
    plan("status 502 100% /v2/account");
    assert_int_equal(attempt_call("GET", "/v2/account", NULL), TW_OK);
    assert_int_equal(last.http_status, 502);
    assert_has(last.head, "text/html");
    assert_has(last.body, "<title>502 Bad Gateway</title>");
    get("/v2/clock");
}

static void a_throttled_request_is_told_the_rate_or_not(void **state) {
    (void)state;
    plan("status 429 100% bare /v2/clock\nstatus 429 100%");
    attempt_call("GET", "/v2/account", NULL);
    assert_int_equal(last.http_status, 429);
    assert_string_equal(last.body, "{\"code\":42910000,\"message\":\"rate limit exceeded\"}");
    assert_non_null(strcasestr(last.head, "\nX-RateLimit-Remaining: 0"));
    assert_non_null(strcasestr(last.head, "\nX-RateLimit-Reset: "));
    attempt_call("GET", "/v2/clock", NULL);
    assert_int_equal(last.http_status, 429);
    assert_null(strcasestr(last.head, "X-RateLimit"));
}

static void a_reset_before_leaves_no_order_and_one_after_does(void **state) {
    (void)state;
    plan("reset before 100% /v2/orders");
    assert_int_equal(attempt_call("POST", "/v2/orders", LIMIT_BUY("a", "1")), TW_CLOSED);
    assert_int_equal(order_count(), 0);
    plan("reset after 100% /v2/orders");
    assert_int_equal(attempt_call("POST", "/v2/orders", LIMIT_BUY("a", "1")), TW_CLOSED);
    assert_int_equal(order_count(), 1);
}

static void a_cut_answer_is_not_a_whole_one(void **state) {
    (void)state;
    plan("truncate 100% /v2/account");
    assert_int_equal(attempt_call("GET", "/v2/account", NULL), TW_CLOSED);
    assert_int_equal(last.http_status, 200);
    assert_int_equal(attempt_call("GET", "/v2/clock", NULL), TW_OK);
}

static void a_trickle_comes_whole_but_late(void **state) {
    (void)state;
    char whole[4096];
    snprintf(whole, sizeof whole, "%s", get("/v2/clock"));
    plan("trickle 100% 500B/s /v2/clock");
    assert_int_equal(attempt_call("GET", "/v2/clock", NULL), TW_OK);
    assert_string_equal(last.body, whole);
    assert_true(last.elapsed_ns > 150 * TW_NS_PER_MS);
}

static void on_cancelled(void *context, const tw_http_result *result) {
    (void)result;
    *(bool *)context = true;
}

static void a_trickle_ends_with_the_exchange(void **state) {
    (void)state;
    static bool over;
    char url[128];
    over = false;
    plan("trickle 100% 1B/s");
    snprintf(url, sizeof url, "%s/v2/nothing", w.base);
    tw_http_call request = {.method = "GET", .url = url};
    assert_int_equal(tw_http_client_send(w.http, &request, on_cancelled, &over, NULL, NULL), TW_OK);
    settle();
    assert_false(over);
    close_world(); /* it is still being sent */
    assert_true(over);
    tw_exchange_config config = configuration();
    open_world(&config);
}

/* ---- the plan itself ----------------------------------------------------------------------- */

static void controls_meet_no_fault_and_call_the_plan_off(void **state) {
    (void)state;
    plan("seed 3\nreset before 100%  # all of it\n");
    get("/sim/clock");
    get("/");
    assert_int_equal(attempt_call("GET", "/v2/account", NULL), TW_CLOSED);
    assert_has(get("/sim/faults"),
               "{\"seed\":3,\"since\":\"2026-01-05T14:30:00.000000000Z\",\"faults\":"
               "[{\"line\":\"reset before 100%\",\"count\":1}]}");
    assert_answer("DELETE", "/sim/faults", NULL, 204, "");
    assert_has(get("/sim/faults"), "\"faults\":[]");
    get("/v2/account");
}

static void a_bad_plan_changes_nothing(void **state) {
    (void)state;
    plan("status 503 100% /v2/account");
    assert_answer("POST", "/sim/faults", "seed 1\nstatus 99 2%", 400,
                  "{\"message\":\"plan:2:8: expected another number, as in: status 429 2%\"}");
    attempt_call("GET", "/v2/account", NULL);
    assert_int_equal(last.http_status, 503);
}

/* ---- trade updates ------------------------------------------------------------------------- */

static uint32_t events(const listener *l, const char *event) {
    char piece[64];
    snprintf(piece, sizeof piece, "\"event\":\"%s\"", event);
    return count_of(l->log, piece);
}

static void buy(const char *id) {
    char body[256];
    snprintf(body, sizeof body,
             "{\"symbol\":\"AAPL\",\"qty\":\"1\",\"side\":\"buy\",\"type\":\"market\","
             "\"time_in_force\":\"day\",\"client_order_id\":\"%s\"}",
             id);
    call("POST", "/v2/orders", body);
    assert_int_equal(w.http_status, 200);
}

static void updates_are_lost_or_doubled(void **state) {
    (void)state;
    listener l;
    step("10s");
    listen_to_updates(&l);
    plan("updates drop");
    buy("lost");
    settle();
    assert_int_equal(events(&l, "fill"), 0);
    plan("updates duplicate");
    buy("twice");
    TURN_UNTIL(events(&l, "fill") == 2);
    call("DELETE", "/sim/faults", NULL);
    buy("once");
    TURN_UNTIL(events(&l, "fill") == 3);
    assert_has(get("/v2/orders:by_client_order_id?client_order_id=lost"), "\"status\":\"filled\"");
    hang_up(&l);
}

static void updates_are_late_by_the_exchanges_clock(void **state) {
    (void)state;
    listener l;
    step("10s");
    listen_to_updates(&l);
    plan("updates delay 5s");
    buy("late");
    step("4s");
    settle();
    assert_int_equal(events(&l, "fill"), 0);
    step("2s");
    TURN_UNTIL(events(&l, "fill") == 1);
    buy("later");
    settle();
    assert_int_equal(events(&l, "fill"), 1);
    call("DELETE", "/sim/faults", NULL); /* what is held is told */
    TURN_UNTIL(events(&l, "fill") == 2);
    hang_up(&l);
}

static void an_update_comes_behind_the_next(void **state) {
    (void)state;
    listener l;
    listen_to_updates(&l);
    plan("seed 2\nupdates reorder 50%");
    for (int i = 0; i < 8; i++) {
        char body[256];
        snprintf(body, sizeof body,
                 "{\"symbol\":\"AAPL\",\"qty\":\"1\",\"side\":\"buy\",\"type\":\"limit\","
                 "\"limit_price\":\"1\",\"time_in_force\":\"day\",\"client_order_id\":\"n%d\"}",
                 i);
        call("POST", "/v2/orders", body);
    }
    step("3s");
    char ids[256] = "";
    TURN_UNTIL(count_of(l.log, "\"event\":\"new\"") == 8);
    for (const char *at = l.log; (at = strstr(at, "\"client_order_id\":\"")) != NULL; at++)
        strncat(ids, at + 19, 2);
    assert_int_equal(strlen(ids) % 16, 0);
    for (int i = 0; i < 8; i++) {
        char id[4];
        snprintf(id, sizeof id, "n%d", i);
        assert_has(ids, id);
    }
    assert_null(strstr(ids, "n0n1n2n3n4n5n6n7"));
    hang_up(&l);
}

/* ---- moments ------------------------------------------------------------------------------- */

static void streams_fall_silent_and_speak_again(void **state) {
    (void)state;
    listener l;
    plan("mute 30s at 10s");
    listen_to_data(&l, "{\"action\":\"subscribe\",\"quotes\":[\"*\"]}");
    step("11s");
    settle();
    uint64_t before = l.record_count;
    assert_true(before > 0);
    step("28s");
    settle();
    assert_int_equal(l.record_count, before);
    assert_false(l.closed);
    step("5s");
    TURN_UNTIL(l.record_count > before);
    hang_up(&l);
}

static void quotes_alone_go_stale(void **state) {
    (void)state;
    listener l;
    plan("stale 30s at 0s");
    listen_to_data(&l, "{\"action\":\"subscribe\",\"quotes\":[\"*\"],\"trades\":[\"*\"]}");
    step("20s");
    TURN_UNTIL(count_of(l.log, "\"T\":\"t\"") > 0);
    assert_int_equal(count_of(l.log, "\"T\":\"q\""), 0);
    step("20s");
    TURN_UNTIL(count_of(l.log, "\"T\":\"q\"") > 0);
    hang_up(&l);
}

static void streams_are_closed_in_the_middle_of_a_step(void **state) {
    (void)state;
    listener data;
    listener trading;
    plan("close streams at 3s");
    listen_to_data(&data, NULL);
    listen_to_updates(&trading);
    step("2s");
    settle();
    assert_false(data.closed);
    step("2s");
    TURN_UNTIL(data.closed && trading.closed);
    assert_int_equal(data.close_code, TW_SOCKET_GOING_AWAY);
    hang_up(&data);
    hang_up(&trading);
    get("/v2/account");
}

static void clients_are_told_that_they_are_slow(void **state) {
    (void)state;
    listener l;
    plan("slow clients at 1s");
    listen_to_data(&l, NULL);
    step("1s");
    TURN_UNTIL(l.closed);
    assert_has(l.log, "{\"T\":\"error\",\"code\":407,\"msg\":\"slow client\"}");
    hang_up(&l);
}

static void a_restart_closes_all_and_keeps_the_state(void **state) {
    (void)state;
    listener l;
    call("POST", "/v2/orders", LIMIT_BUY("kept", "1"));
    plan("restart at 1s");
    listen_to_data(&l, NULL);
    step("1s");
    TURN_UNTIL(l.closed);
    assert_int_equal(attempt_call("GET", "/v2/account", NULL), TW_CLOSED);
    int64_t end_ns = tw_time_monotonic_ns() + DEADLINE_NS;
    while (attempt_call("GET", "/v2/account", NULL) == TW_CLOSED)
        assert_true(tw_time_monotonic_ns() < end_ns);
    assert_int_equal(last.http_status, 200);
    assert_has(get("/v2/orders:by_client_order_id?client_order_id=kept"), "\"status\":\"new\"");
    hang_up(&l);
}

static void nothing_trades_in_a_halted_symbol(void **state) {
    (void)state;
    listener l;
    step("10s");
    listen_to_data(&l, "{\"action\":\"subscribe\",\"trades\":[\"AAPL\"]}");
    plan("halt AAPL 60s at 0s\nhalt NONE 60s at 0s");
    step("50s");
    settle();
    assert_int_equal(count_of(l.log, "\"T\":\"t\""), 0);
    step("30s");
    TURN_UNTIL(count_of(l.log, "\"T\":\"t\"") > 0);
    hang_up(&l);
}

static void the_way_to_the_floor_takes_time(void **state) {
    (void)state;
    char id[64];
    char path[96];
    listener updates;
    listen_to_updates(&updates);
    plan("floor 1s");
    call("POST", "/v2/orders",
         "{\"symbol\":\"AAPL\",\"qty\":\"3\",\"side\":\"buy\",\"type\":\"limit\","
         "\"limit_price\":\"1\",\"time_in_force\":\"day\"}");
    assert_has(w.body, "\"status\":\"pending_new\"");
    word_in(w.body, "id", id);
    snprintf(path, sizeof path, "/v2/orders/%s", id);
    assert_has(get(path), "\"status\":\"pending_new\"");
    step("1s");
    assert_has(get(path), "\"status\":\"new\"");
    call("PATCH", path, "{\"limit_price\":\"2\"}");
    assert_has(w.body, "\"status\":\"pending_new\"");
    assert_has(get(path), "\"status\":\"pending_replace\"");
    call("PATCH", path, "{\"limit_price\":\"3\"}");
    assert_int_equal(w.http_status, 422);
    step("1s");
    assert_has(get(path), "\"status\":\"replaced\"");
    word_in(w.body, "replaced_by", id);
    snprintf(path, sizeof path, "/v2/orders/%s", id);
    assert_has(get(path), "\"status\":\"new\"");
    call("DELETE", path, NULL);
    assert_int_equal(w.http_status, 204);
    assert_has(get(path), "\"status\":\"pending_cancel\"");
    call("DELETE", path, NULL);
    assert_int_equal(w.http_status, 422);
    step("999ms");
    assert_has(get(path), "\"status\":\"pending_cancel\"");
    step("1ms");
    assert_has(get(path), "\"status\":\"canceled\"");
    call("POST", "/v2/orders",
         "{\"symbol\":\"AAPL\",\"qty\":\"3\",\"side\":\"buy\",\"type\":\"market\","
         "\"time_in_force\":\"day\"}");
    word_in(w.body, "id", id);
    snprintf(path, sizeof path, "/v2/orders/%s", id);
    call("DELETE", path, NULL);
    call("DELETE", "/sim/faults", NULL); /* and what is on its way arrives */
    assert_has(get(path), "\"status\":\"filled\"");
    TURN_UNTIL(strstr(updates.log, "\"event\":\"order_cancel_rejected\"") != NULL);
    assert_int_equal(count_of(updates.log, "\"event\":\"pending_new\""), 2);
    assert_int_equal(count_of(updates.log, "\"event\":\"pending_cancel\""), 2);
    assert_int_equal(count_of(updates.log, "\"event\":\"pending_replace\""), 1);
    hang_up(&updates);
}

static void what_is_sent_in_a_halt_trades_as_it_ends(void **state) {
    (void)state;
    listener data;
    listener updates;
    step("10s");
    listen_to_data(&data, "{\"action\":\"subscribe\",\"trades\":[\"AAPL\"],\"statuses\":[\"AAPL\"],"
                          "\"lulds\":[\"AAPL\"]}");
    listen_to_updates(&updates);
    plan("halt AAPL 60s at 0s");
    step("10s");
    call("POST", "/v2/orders",
         "{\"symbol\":\"AAPL\",\"qty\":\"3\",\"side\":\"buy\",\"type\":\"market\","
         "\"time_in_force\":\"day\"}");
    assert_has(w.body, "\"status\":\"accepted\"");
    step("60s");
    TURN_UNTIL(strstr(updates.log, "\"event\":\"fill\"") != NULL);
    assert_has(updates.log, "\"event\":\"accepted\"");
    assert_has(updates.log, "\"event\":\"new\"");
    TURN_UNTIL(count_of(data.log, "\"T\":\"s\"") == 2);
    const char *halted = strstr(data.log, "\"sc\":\"H\"");
    const char *print = strstr(data.log, "\"c\":[\"@\",\"5\",\"X\"]");
    const char *resumed = strstr(data.log, "\"sc\":\"T\"");
    assert_true(halted != NULL && halted < print && print < resumed);
    assert_non_null(strstr(resumed, "\"T\":\"l\"")); /* bands around the price of the auction */
    hang_up(&updates);
    hang_up(&data);
}

static void a_halt_ends_with_its_plan(void **state) {
    (void)state;
    listener l;
    step("10s");
    plan("halt AAPL 1h at 0s");
    call("DELETE", "/sim/faults", NULL);
    listen_to_data(&l, "{\"action\":\"subscribe\",\"trades\":[\"AAPL\"]}");
    step("30s");
    TURN_UNTIL(count_of(l.log, "\"T\":\"t\"") > 0);
    hang_up(&l);
}

static void the_clock_is_told_wrong(void **state) {
    (void)state;
    plan("clock jump -2s at 10s");
    step("10s");
    assert_has(get("/v2/clock"), "\"timestamp\":\"2026-01-05T09:30:08");
    assert_has(get("/sim/clock"), "\"now\":\"2026-01-05T14:30:10.000000000Z\"");
}

static void one_connection_too_many_is_told(void **state) {
    (void)state;
    listener first;
    listener second;
    plan("limit connections 1");
    listen_to_data(&first, NULL);
    listen_to(&second, "/v2/iex");
    TURN_UNTIL(second.frame_count == 1);
    assert_has(ask(&second, "{\"action\":\"auth\",\"key\":\"demo\",\"secret\":\"demo\"}"),
               "\"code\":406,\"msg\":\"connection limit exceeded\"");
    hang_up(&first);
    hang_up(&second);
}

static void a_limit_of_the_exchange_outlives_a_plan(void **state) {
    (void)state;
    listener first;
    listener second;
    close_world();
    tw_exchange_config config = configuration();
    config.stream_connection_max = 1;
    open_world(&config);
    plan("limit connections 2");
    call("DELETE", "/sim/faults", NULL);
    listen_to_data(&first, NULL);
    listen_to(&second, "/v2/iex");
    TURN_UNTIL(second.frame_count == 1);
    assert_has(ask(&second, "{\"action\":\"auth\",\"key\":\"demo\",\"secret\":\"demo\"}"),
               "\"code\":406");
    hang_up(&first);
    hang_up(&second);
}

#define RULE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        RULE(a_gateway_answers_with_html),
        RULE(a_throttled_request_is_told_the_rate_or_not),
        RULE(a_reset_before_leaves_no_order_and_one_after_does),
        RULE(a_cut_answer_is_not_a_whole_one),
        RULE(a_trickle_comes_whole_but_late),
        RULE(a_trickle_ends_with_the_exchange),
        RULE(controls_meet_no_fault_and_call_the_plan_off),
        RULE(a_bad_plan_changes_nothing),
        RULE(updates_are_lost_or_doubled),
        RULE(updates_are_late_by_the_exchanges_clock),
        RULE(an_update_comes_behind_the_next),
        RULE(streams_fall_silent_and_speak_again),
        RULE(quotes_alone_go_stale),
        RULE(streams_are_closed_in_the_middle_of_a_step),
        RULE(clients_are_told_that_they_are_slow),
        RULE(a_restart_closes_all_and_keeps_the_state),
        RULE(nothing_trades_in_a_halted_symbol),
        RULE(the_way_to_the_floor_takes_time),
        RULE(what_is_sent_in_a_halt_trades_as_it_ends),
        RULE(a_halt_ends_with_its_plan),
        RULE(the_clock_is_told_wrong),
        RULE(one_connection_too_many_is_told),
        RULE(a_limit_of_the_exchange_outlives_a_plan),
    };
    return cmocka_run_group_tests_name("faults of an exchange", tests, NULL, NULL);
}
