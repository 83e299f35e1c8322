/* wire_exchange_events.c - GET /v2/events/trades: updates of before and to come, each once. */
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "exchange_world.h"

/* One client of the feed. */
typedef struct reader {
    size_t size;
    uint64_t id;
    tw_status status;
    bool done;
    char text[16 << 20];
} reader;

static reader first;
static reader second;

static bool hear(void *context, const tw_http_result *so_far, tw_slice piece) {
    reader *r = context;
    tw_slice type = {0};
    assert_int_equal(so_far->http_status, 200);
    assert_true(tw_http_result_header(so_far, "content-type", &type));
    assert_true(tw_slice_equal_string(type, "text/event-stream"));
    assert_true(r->size + piece.size < sizeof r->text);
    memcpy(r->text + r->size, piece.data, piece.size);
    r->size += piece.size;
    r->text[r->size] = '\0';
    return true;
}

static void on_done(void *context, const tw_http_result *result) {
    reader *r = context;
    r->done = true;
    r->status = result->status;
}

static void follow(reader *r, const char *query) {
    char url[512];
    memset(r, 0, offsetof(reader, text));
    r->text[0] = '\0';
    snprintf(url, sizeof url, "%s/v2/events/trades%s", w.base, query);
    tw_http_header headers[] = {{tw_slice_of("APCA-API-KEY-ID"), tw_slice_of(w.key)},
                                {tw_slice_of("APCA-API-SECRET-KEY"), tw_slice_of(w.secret)}};
    tw_http_call call = {
        .method = "GET", .url = url, .headers = headers, .header_count = 2, .on_body = hear};
    assert_int_equal(tw_http_client_send(w.http, &call, on_done, r, &r->id, NULL), TW_OK);
}

static uint32_t events_of(const reader *r) {
    return count_of(r->text, "data: {\"event\":");
}

static void end(reader *r) {
    tw_http_client_cancel(w.http, r->id);
    TURN_UNTIL(r->done);
}

/* The id of the n-th event that was told. */
static void id_of(const reader *r, uint32_t n, char id[32]) {
    const char *place = r->text;
    for (uint32_t i = 0; i <= n; i++) {
        place = strstr(place, "\"event_id\":\"");
        assert_non_null(place);
        place += strlen("\"event_id\":\"");
    }
    snprintf(id, 32, "%.26s", place);
}

static void what_happens_is_told_as_the_stream_tells_it(void **state) {
    (void)state;
    listener l;
    listen_to_updates(&l);
    size_t before = l.log_size;
    follow(&first, "");
    call("POST", "/v2/orders", MARKET("buy", "AAPL", "3"));
    TURN_UNTIL(events_of(&first) == 2);
    TURN_UNTIL(count_of(l.log + before, "trade_updates") == 2);
    assert_true(strncmp(first.text, "data: {\"event\":\"new\",\"order\":{", 30) == 0);
    assert_has(first.text, "\n\ndata: {\"event\":\"fill\",");
    char line[4096];
    const char *fill = strstr(first.text, "\n\ndata: {\"event\":\"fill\",") + 8;
    snprintf(line, sizeof line, "{\"stream\":\"trade_updates\",\"data\":%.*s}",
             (int)(strstr(fill, "\n\n") - fill), fill);
    assert_has(l.log + before, line);
    end(&first);
    hang_up(&l);
}

static void what_was_is_told_again_between_the_bounds(void **state) {
    (void)state;
    char query[256];
    char from[32];
    char to[32];
    call("POST", "/v2/orders", LIMIT_BUY("one", "1.00"));
    step("1s");
    call("POST", "/v2/orders", LIMIT_BUY("two", "1.00"));
    step("1s");
    call("POST", "/v2/orders", LIMIT_BUY("three", "1.00"));
    step("1s");
    follow(&first, "?since=2026-01-05T00:00:00Z&until=2026-01-05T14:30:02Z");
    TURN_UNTIL(first.done); /* it ends where it was told to */
    assert_int_equal(first.status, TW_OK);
    assert_int_equal(events_of(&first), 3);
    assert_true(strstr(first.text, "\"one\"") < strstr(first.text, "\"two\""));
    id_of(&first, 1, from);
    id_of(&first, 2, to);
    assert_true(strcmp(from, to) < 0);
    snprintf(query, sizeof query, "?since_id=%s&until_id=%s", from, to);
    follow(&second, query);
    TURN_UNTIL(second.done);
    assert_int_equal(events_of(&second), 2); /* both are included */
    assert_null(strstr(second.text, "\"one\""));
    snprintf(query, sizeof query, "?since_id=%s", to);
    follow(&second, query);
    TURN_UNTIL(events_of(&second) == 1);
    call("POST", "/v2/orders", LIMIT_BUY("four", "1.00"));
    TURN_UNTIL(events_of(&second) == 2); /* and goes on */
    assert_has(second.text, "\"four\"");
    end(&second);
    follow(&second, "?since=2026-01-05T00:00:00Z&until=2026-01-05T14:30:04Z");
    TURN_UNTIL(events_of(&second) == 4);
    assert_false(second.done);
    step("2s"); /* its time comes */
    TURN_UNTIL(second.done);
    assert_int_equal(second.status, TW_OK);
}

static void what_is_asked_wrongly_is_refused(void **state) {
    (void)state;
    assert_answer("GET", "/v2/events/trades?until=2026-01-05", NULL, 422,
                  "{\"code\":40010001,\"message\":\"until requires since\"}");
    assert_answer("GET", "/v2/events/trades?until_id=01KE7EZ1S00000000000000001", NULL, 422,
                  "{\"code\":40010001,\"message\":\"until_id requires since_id\"}");
    assert_answer("GET", "/v2/events/trades?since=2026-01-05&since_id=01KE7EZ1S00000000000000001",
                  NULL, 422,
                  "{\"code\":40010001,\"message\":\"since and since_id cannot both be given\"}");
    assert_answer("GET", "/v2/events/trades?since_id=7", NULL, 422,
                  "{\"code\":40010001,\"message\":\"invalid since_id: 7\"}");
    assert_answer("GET", "/v2/events/trades?since=soon", NULL, 422,
                  "{\"code\":40010001,\"message\":\"invalid since: soon\"}");
    w.with_key = false;
    assert_answer("GET", "/v2/events/trades", NULL, 401,
                  "{\"code\":40110000,\"message\":\"request is not authorized\"}");
    w.with_key = true;
}

static void what_was_forgotten_is_counted(void **state) {
    (void)state;
    uint32_t count = 0;
    uint64_t oldest = 0;
    uint64_t end_of_log = 0;
    call("POST", "/v2/orders", LIMIT_BUY("one", "1.00"));
    follow(&first, "?since=2026-01-05T00:00:00Z");
    TURN_UNTIL(events_of(&first) == 1);
    ledger_update update = {.account = ledger_account_at(w.exchange->ledger, 0),
                            .order = ledger_orders(w.exchange->ledger, &count),
                            .event = TW_ALPACA_EVENT_NEW,
                            .time_ns = floor_now(w.exchange->floor)};
    const update_log *log = event_feeds_log(w.exchange->events);
    while (oldest < 103) { /* at once: nobody reads meanwhile */
        event_feeds_on_update(w.exchange->events, &update);
        update_log_range(log, &oldest, &end_of_log);
    }
    call("POST", "/v2/orders", LIMIT_BUY("two", "1.00"));
    TURN_UNTIL(first.size > 2000 && strstr(first.text + first.size - 2000, "\"two\"") != NULL);
    assert_has(first.text, "\n\n: you are reading too slowly, dropped 102 messages\n\ndata: ");
    end(&first);
}

static void a_plan_of_faults_closes_it(void **state) {
    (void)state;
    call("POST", "/sim/faults", "close streams at 1s");
    follow(&first, "");
    call("POST", "/v2/orders", LIMIT_BUY("one", "1.00"));
    TURN_UNTIL(events_of(&first) == 1);
    step("2s");
    TURN_UNTIL(first.done);
    assert_int_equal(first.status, TW_OK);
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(what_happens_is_told_as_the_stream_tells_it),
        CASE(what_was_is_told_again_between_the_bounds),
        CASE(what_is_asked_wrongly_is_refused),
        CASE(what_was_forgotten_is_counted),
        CASE(a_plan_of_faults_closes_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
