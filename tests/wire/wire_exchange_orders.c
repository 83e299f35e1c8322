/* wire_exchange_orders.c - orders of every kind over HTTP: groups, replacing, closing, lists. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "exchange_world.h"

#define JSON_ERROR(code, message) "{\"code\":" #code ",\"message\":\"" message "\"}"

/* The best ask (side "ap") or bid ("bp") of AAPL in nano-dollars. */
static int64_t quoted(const char *side) {
    char key[16];
    int64_t nano = 0;
    get("/v2/stocks/AAPL/quotes/latest");
    snprintf(key, sizeof key, "\"%s\":", side);
    const char *at = strstr(w.body, key);
    assert_non_null(at);
    at += strlen(key);
    tw_slice text = {at, strcspn(at, ",}")};
    assert_int_equal(tw_decimal_parse(text, &nano), TW_OK);
    return nano;
}

/* A price of whole cents at so many percent of another, as text. */
static const char *cents(int64_t nano, int64_t percent, char buffer[TW_DECIMAL_TEXT_SIZE]) {
    tw_decimal_format(nano / 100 * percent / (TW_NANO / 100) * (TW_NANO / 100), buffer);
    return buffer;
}

static const char *post(const char *format, ...) TW_PRINTF(1, 2);
static const char *post(const char *format, ...) {
    char body[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(body, sizeof body, format, arguments);
    va_end(arguments);
    call("POST", "/v2/orders", body);
    return w.body;
}

static void order_path(char path[128], const char *query) {
    char id[64];
    word_in(w.body, "id", id);
    snprintf(path, 128, "/v2/orders/%s%s", id, query);
}

static void buy_some(const char *quantity) {
    post("{\"symbol\":\"AAPL\",\"qty\":\"%s\",\"side\":\"buy\",\"type\":\"market\","
         "\"time_in_force\":\"day\"}",
         quantity);
    assert_int_equal(w.http_status, 200);
}

static void post_bracket(const char *type) {
    char profit[TW_DECIMAL_TEXT_SIZE];
    char loss[TW_DECIMAL_TEXT_SIZE];
    int64_t ask = quoted("ap");
    post("{\"symbol\":\"AAPL\",\"qty\":\"2\",\"side\":\"buy\",%s,\"time_in_force\":\"gtc\","
         "\"order_class\":\"bracket\",\"take_profit\":{\"limit_price\":\"%s\"},"
         "\"stop_loss\":{\"stop_price\":\"%s\"}}",
         type, cents(ask, 150, profit), cents(ask, 1, loss));
    assert_int_equal(w.http_status, 200);
}

/* ---- groups ---- */

static void a_bracket_is_answered_with_held_legs_and_lives(void **state) {
    (void)state;
    char path[128];
    post_bracket("\"type\":\"market\"");
    order_path(path, "");
    assert_has(w.body, "\"order_class\":\"bracket\"");
    assert_has(w.body, "\"legs\":[{");
    assert_int_equal(count_of(w.body, "\"status\":\"held\""), 2);
    assert_int_equal(count_of(w.body, "\"position_intent\":\"sell_to_close\""), 2);
    assert_has(get(path), "\"legs\":null");
    strcat(path, "?nested=true");
    get(path);
    assert_int_equal(count_of(w.body, "\"status\":\"filled\""), 1);
    assert_int_equal(count_of(w.body, "\"status\":\"new\""), 1);  /* the take-profit */
    assert_int_equal(count_of(w.body, "\"status\":\"held\""), 1); /* until its stop is reached */
    assert_has(get("/v2/positions/AAPL"), "\"qty_available\":\"0\"");
    assert_answer("POST", "/v2/orders", MARKET("sell", "AAPL", "1"), 403,
                  "{\"code\":40310000,\"message\":\"insufficient qty available for order "
                  "(requested: 1, available: 0)\",\"available\":\"0\",\"existing_qty\":\"2\","
                  "\"held_for_orders\":\"2\"}");
    get("/v2/orders?status=all");
    assert_int_equal(count_of(w.body, "\"legs\":null"), 3);
    get("/v2/orders?status=all&nested=true");
    assert_int_equal(count_of(w.body, "\"client_order_id\":"), 3);
    assert_int_equal(count_of(w.body, "\"legs\":[{"), 1);
    get("/v2/orders?nested=True"); /* the entry is closed: its legs stand for themselves */
    assert_int_equal(count_of(w.body, "\"client_order_id\":"), 2);
    call("DELETE", "/v2/orders", NULL);
    assert_int_equal(count_of(w.body, "\"status\":200,\"body\":{"), 1);
    assert_has(w.body, "\"status\":\"new\"");
    assert_string_equal(get("/v2/orders"), "[]");
    assert_has(get("/v2/positions/AAPL"), "\"qty_available\":\"2\"");
}

static void cancelling_the_entry_cancels_its_legs(void **state) {
    (void)state;
    char path[128];
    char body[256];
    char price[TW_DECIMAL_TEXT_SIZE];
    snprintf(body, sizeof body, "\"type\":\"limit\",\"limit_price\":\"%s\"",
             cents(quoted("ap"), 50, price));
    post_bracket(body);
    order_path(path, "");
    assert_answer("DELETE", path, NULL, 204, "");
    get("/v2/orders?status=closed");
    assert_int_equal(count_of(w.body, "\"status\":\"canceled\""), 3);
    assert_has(get("/v2/account"), "\"non_marginable_buying_power\":\"100000\"");
}

static void an_oco_is_for_a_position(void **state) {
    (void)state;
    char profit[TW_DECIMAL_TEXT_SIZE];
    char loss[TW_DECIMAL_TEXT_SIZE];
    static const char format[] =
        "{\"symbol\":\"AAPL\",\"qty\":\"3\",\"side\":\"sell\",\"type\":\"limit\","
        "\"time_in_force\":\"gtc\",\"order_class\":\"oco\",\"take_profit\":{\"limit_price\":\"%s\"}"
        ","
        "\"stop_loss\":{\"stop_price\":\"%s\",\"limit_price\":\"%s\"}}";
    int64_t ask = quoted("ap");
    cents(ask, 150, profit);
    cents(ask, 1, loss);
    assert_string_equal(post(format, profit, loss, loss),
                        JSON_ERROR(42210000, "oco orders must be exit orders"));
    buy_some("3");
    post(format, profit, loss, loss);
    assert_has(w.body, "\"order_class\":\"oco\"");
    assert_has(w.body, "\"type\":\"stop_limit\"");
    assert_int_equal(count_of(w.body, "\"status\":\"held\""), 1);
    /* Below the bid it is filled, and the other one goes. */
    call("DELETE", "/v2/orders", NULL);
    cents(quoted("bp"), 99, profit);
    call("DELETE", "/v2/positions", NULL);
    assert_string_equal(get("/v2/positions"), "[]");
    get("/v2/orders?status=open");
    assert_string_equal(w.body, "[]");
}

/* ---- replacing ---- */

static void an_order_is_replaced_by_a_new_one(void **state) {
    (void)state;
    char path[128];
    char old_id[64];
    char new_id[64];
    call("POST", "/v2/orders", LIMIT_BUY("first", "1.5"));
    word_in(w.body, "id", old_id);
    order_path(path, "");
    call("PATCH", path, "{\"qty\":\"5\",\"limit_price\":\"1.6\",\"client_order_id\":\"second\"}");
    assert_int_equal(w.http_status, 200);
    word_in(w.body, "id", new_id);
    assert_string_not_equal(old_id, new_id);
    assert_has(w.body, "\"client_order_id\":\"second\"");
    assert_has(w.body, "\"qty\":\"5\"");
    assert_has(w.body, "\"status\":\"new\"");
    char expected[128];
    snprintf(expected, sizeof expected, "\"replaces\":\"%s\"", old_id);
    assert_has(w.body, expected);
    get(path);
    assert_has(w.body, "\"status\":\"replaced\"");
    assert_has(w.body, "\"replaced_at\":\"2026-01-05T14:30:00Z\"");
    snprintf(expected, sizeof expected, "\"replaced_by\":\"%s\"", new_id);
    assert_has(w.body, expected);
    assert_has(get("/v2/account"), "\"non_marginable_buying_power\":\"99992\"");
    assert_answer("PATCH", path, "{\"qty\":\"6\"}", 422,
                  JSON_ERROR(40010001, "only open orders can be replaced"));
    snprintf(path, sizeof path, "/v2/orders/%s", new_id);
    assert_answer("DELETE", path, NULL, 204, "");
    assert_has(get("/v2/account"), "\"non_marginable_buying_power\":\"100000\"");
    assert_answer("PATCH", "/v2/orders/none", "{}", 404,
                  JSON_ERROR(40410000, "order not found for none"));
}

static void replacements_are_refused_in_the_venues_words(void **state) {
    (void)state;
    char path[128];
    call("POST", "/v2/orders", LIMIT_BUY("first", "1.5"));
    order_path(path, "");
    static const struct {
        const char *body;
        const char *answer;
    } rows[] = {
        {"{}", JSON_ERROR(42210000, "order parameters are not changed")},
        {"{\"qty\":\"2\"}", JSON_ERROR(42210000, "order parameters are not changed")},
        {"{\"qty\":\"0\"}", JSON_ERROR(40010001, "qty must be > 0")},
        {"{\"qty\":\"1.5\"}", JSON_ERROR(42210000, "fractional orders cannot be replaced")},
        {"{\"stop_price\":\"1\"}", JSON_ERROR(40010001, "limit orders require only limit price")},
        {"{\"trail\":\"1\"}", JSON_ERROR(40010001, "only trailing stop orders take a trail")},
        {"{\"time_in_force\":\"ioc\"}",
         JSON_ERROR(42210000, "time_in_force cannot be replaced by ioc")},
        {"{\"time_in_force\":\"week\"}",
         JSON_ERROR(40010001, "invalid time_in_force: \\\"week\\\"")},
        {"{\"client_order_id\":\"first\"}", JSON_ERROR(40010001, "client_order_id must be unique")},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_answer("PATCH", path, rows[i].body, 422, rows[i].answer);
    static const char *const many[] = {"900000", "1e30"};
    for (size_t i = 0; i < 2; i++) {
        char body[64];
        snprintf(body, sizeof body, "{\"qty\":\"%s\"}", many[i]);
        call("PATCH", path, body);
        assert_int_equal(w.http_status, 403);
        assert_has(w.body, "{\"code\":40310000,\"message\":\"insufficient buying power\",");
        assert_has(w.body, "\"buying_power\":\"");
    }
    assert_has(get(path), "\"status\":\"new\"");
    assert_int_equal(count_of(get("/v2/orders?status=all"), "\"client_order_id\":"), 1);
    call("PATCH", path, "{");
    assert_int_equal(w.http_status, 422);
}

/* ---- closing ---- */

static void positions_are_closed_by_orders(void **state) {
    (void)state;
    assert_answer("DELETE", "/v2/positions/AAPL", NULL, 404,
                  JSON_ERROR(40410000, "position does not exist"));
    assert_answer("DELETE", "/v2/positions", NULL, 207, "[]");
    buy_some("10");
    assert_answer("DELETE", "/v2/positions/AAPL?qty=1&percentage=5", NULL, 422,
                  JSON_ERROR(40010001, "only one of qty or percentage is accepted"));
    assert_answer("DELETE", "/v2/positions/AAPL?qty=none", NULL, 422,
                  JSON_ERROR(40010001, "qty must be > 0"));
    assert_answer("DELETE", "/v2/positions/AAPL?percentage=101", NULL, 422,
                  JSON_ERROR(40010001, "percentage must be > 0 and <= 100"));
    call("DELETE", "/v2/positions/AAPL?qty=4", NULL);
    assert_int_equal(w.http_status, 200);
    assert_has(w.body, "\"side\":\"sell\"");
    assert_has(w.body, "\"position_intent\":\"sell_to_close\"");
    assert_has(get("/v2/positions/AAPL"), "\"qty\":\"6\"");
    call("DELETE", "/v2/positions/AAPL?percentage=25", NULL);
    assert_has(get("/v2/positions/AAPL"), "\"qty\":\"4.5\"");
    call("DELETE", "/v2/positions/AAPL", NULL);
    assert_string_equal(get("/v2/positions"), "[]");
}

static void all_positions_are_closed_but_those_that_orders_hold(void **state) {
    (void)state;
    char price[TW_DECIMAL_TEXT_SIZE];
    call("POST", "/v2/orders", MARKET("buy", "MSFT", "2"));
    buy_some("3");
    post("{\"symbol\":\"AAPL\",\"qty\":\"3\",\"side\":\"sell\",\"type\":\"limit\","
         "\"limit_price\":\"%s\",\"time_in_force\":\"gtc\"}",
         cents(quoted("ap"), 150, price));
    call("DELETE", "/v2/positions", NULL);
    assert_int_equal(w.http_status, 207);
    assert_has(w.body, "{\"symbol\":\"MSFT\",\"status\":200,\"body\":{\"id\":");
    assert_has(w.body, "{\"symbol\":\"AAPL\",\"status\":403,\"body\":{\"code\":40310000,");
    assert_has(w.body, "\"held_for_orders\":\"3\"");
    call("DELETE", "/v2/positions?cancel_orders=True", NULL);
    assert_int_equal(count_of(w.body, "\"status\":200"), 1);
    assert_string_equal(get("/v2/positions"), "[]");
    assert_string_equal(get("/v2/orders"), "[]");
}

/* ---- stops ---- */

static void a_trailing_stop_tells_its_mark(void **state) {
    (void)state;
    buy_some("5");
    post("{\"symbol\":\"AAPL\",\"qty\":\"5\",\"side\":\"sell\",\"type\":\"trailing_stop\","
         "\"trail_percent\":\"50\",\"time_in_force\":\"gtc\"}");
    assert_int_equal(w.http_status, 200);
    char hwm[64];
    char stop[64];
    char path[128];
    int64_t values[2];
    assert_has(w.body, "\"trail_percent\":\"50\"");
    assert_has(w.body, "\"trail_price\":null");
    order_path(path, "");
    step("5s");
    get(path);
    assert_has(w.body, "\"status\":\"new\"");
    word_in(w.body, "hwm", hwm);
    word_in(w.body, "stop_price", stop);
    assert_int_equal(tw_decimal_parse(tw_slice_of(hwm), &values[0]), TW_OK);
    assert_int_equal(tw_decimal_parse(tw_slice_of(stop), &values[1]), TW_OK);
    assert_in_range(values[1], values[0] / 2, values[0] / 2 + 1);
    call("PATCH", path, "{\"trail\":\"40\"}");
    assert_int_equal(w.http_status, 200);
    assert_has(w.body, "\"trail_percent\":\"40\"");
    word_in(w.body, "stop_price", stop);
    assert_int_equal(tw_decimal_parse(tw_slice_of(stop), &values[1]), TW_OK);
    assert_in_range(values[1], values[0] / 5 * 3, values[0] / 5 * 3 + 2);
    order_path(path, "");
    assert_answer("PATCH", path, "{\"trail\":\"100\"}", 422,
                  JSON_ERROR(40010001, "trail_percent must be > 0 and < 100"));
    post("{\"symbol\":\"AAPL\",\"qty\":\"1\",\"side\":\"buy\",\"type\":\"trailing_stop\","
         "\"trail_price\":\"1\",\"time_in_force\":\"day\"}");
    order_path(path, "");
    assert_answer("PATCH", path, "{\"trail\":\"9223372036\"}", 422,
                  JSON_ERROR(40010001, "trail is out of range"));
}

/* ---- hours ---- */

static void what_comes_after_the_close_waits_for_the_next_day(void **state) {
    (void)state;
    char path[128];
    call("POST", "/v2/orders", LIMIT_BUY("gtc", "1.5"));
    post("{\"symbol\":\"AAPL\",\"qty\":\"2\",\"side\":\"buy\",\"type\":\"limit\","
         "\"limit_price\":\"1.5\",\"time_in_force\":\"day\",\"client_order_id\":\"day\"}");
    assert_has(w.body, "\"expires_at\":\"2026-01-05T21:00:00Z\"");
    call("POST", "/sim/clock/jump?to=2026-01-05T16:30:00-05:00", NULL);
    assert_int_equal(w.http_status, 200);
    get("/v2/orders:by_client_order_id?client_order_id=day");
    assert_has(w.body, "\"status\":\"expired\"");
    assert_has(w.body, "\"expired_at\":\"2026-01-05T21:00:00Z\"");
    assert_has(get("/v2/orders:by_client_order_id?client_order_id=gtc"), "\"status\":\"new\"");
    call("POST", "/v2/orders", MARKET("buy", "AAPL", "1"));
    order_path(path, "");
    assert_has(w.body, "\"status\":\"accepted\"");
    assert_has(w.body, "\"expires_at\":\"2026-01-06T21:00:00Z\"");
    assert_answer("PATCH", path, "{\"qty\":\"2\"}", 422,
                  JSON_ERROR(42210000, "cannot replace order in accepted status"));
    call("POST", "/sim/clock/jump?to=2026-01-06T09:30:00-05:00", NULL);
    assert_has(get(path), "\"status\":\"filled\"");
    assert_has(get("/v2/orders"), "\"client_order_id\":\"gtc\"");
}

/* ---- lists ---- */

static void lists_know_places_and_classes(void **state) {
    (void)state;
    char ids[3][64];
    static const char *const names[] = {"a", "b", "c"};
    for (size_t i = 0; i < 3; i++) {
        post("{\"symbol\":\"AAPL\",\"qty\":\"2\",\"side\":\"buy\",\"type\":\"limit\","
             "\"limit_price\":\"1.5\",\"time_in_force\":\"gtc\",\"client_order_id\":\"%s\"}",
             names[i]);
        word_in(w.body, "id", ids[i]);
    }
    char path[160];
    snprintf(path, sizeof path, "/v2/orders?before_order_id=%s", ids[1]);
    get(path);
    assert_int_equal(count_of(w.body, "\"client_order_id\":"), 1);
    assert_has(w.body, ids[0]);
    snprintf(path, sizeof path, "/v2/orders?after_order_id=%s", ids[1]);
    assert_has(get(path), ids[2]);
    assert_int_equal(count_of(w.body, "\"client_order_id\":"), 1);
    snprintf(path, sizeof path, "/v2/orders?after_order_id=%s&after=2026-01-01", ids[1]);
    call("GET", path, NULL);
    assert_int_equal(w.http_status, 422);
    call("GET", "/v2/orders?before_order_id=none", NULL);
    assert_int_equal(w.http_status, 404);
    assert_string_equal(get("/v2/orders?asset_class=crypto"), "[]");
    assert_int_equal(count_of(get("/v2/orders?asset_class=us_equity"), "\"client_order_id\":"), 3);
    assert_answer("GET", "/v2/orders?direction=up", NULL, 422,
                  JSON_ERROR(40010001, "invalid direction: up"));
    assert_answer("GET", "/v2/orders?side=hold", NULL, 422,
                  JSON_ERROR(40010001, "invalid side: hold"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_bracket_is_answered_with_held_legs_and_lives, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(cancelling_the_entry_cancels_its_legs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_oco_is_for_a_position, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_order_is_replaced_by_a_new_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(replacements_are_refused_in_the_venues_words, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(positions_are_closed_by_orders, set_up, tear_down),
        cmocka_unit_test_setup_teardown(all_positions_are_closed_but_those_that_orders_hold, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_trailing_stop_tells_its_mark, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_comes_after_the_close_waits_for_the_next_day, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(lists_know_places_and_classes, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
