/* wire_exchange_figures.c - what the exchange tells of itself at /metrics, and whom it tells. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "exchange_world.h"
#include "open_metrics.h"

/* A scrape, by somebody without a key. */
static void scrape(void) {
    w.with_key = false;
    call("GET", "/metrics", NULL);
    w.with_key = true;
    assert_int_equal(w.http_status, 200);
    const char *problem = open_metrics_problem(w.body);
    if (problem != NULL)
        fail_msg("%s", problem);
}

static double value_of(const char *series) {
    double value = 0.0;
    if (!open_metrics_value(w.body, series, &value))
        fail_msg("%s is not there", series);
    return value;
}

static bool is_there(const char *series) {
    double value = 0.0;
    return open_metrics_value(w.body, series, &value);
}

static void a_scrape_is_open_metrics_text_and_needs_no_key(void **state) {
    (void)state;
    scrape();
    assert_has(w.head, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert_has(w.body, "# HELP tradewind_exchange_orders ");
    assert_has(w.body, "# UNIT tradewind_exchange_lag_seconds seconds\n");
    assert_true(value_of("tradewind_exchange_connections") >= 1.0);
    assert_true(value_of("tradewind_exchange_clock_speed") == 0.0); /* it is stepped */
    scrape();
    assert_true(value_of("tradewind_exchange_requests_total{method=\"GET\",route=\"/metrics\","
                         "class=\"2xx\"}") == 1.0);
    assert_has(w.body, "# HELP tradewind_exchange_requests ");
    assert_has(w.body, "# TYPE tradewind_exchange_requests counter\n");
}

static const char *submit(const char *quantity, const char *id) {
    char body[256];
    snprintf(body, sizeof body,
             "{\"symbol\":\"AAPL\",\"qty\":\"%s\",\"side\":\"buy\",\"type\":\"market\","
             "\"time_in_force\":\"day\",\"client_order_id\":\"%s\"}",
             quantity, id);
    return call("POST", "/v2/orders", body);
}

static void nothing_of_an_account_is_told(void **state) {
    (void)state;
    char id[64];
    word_in(get("/v2/account"), "id", id);
    submit("1", "my-own-id");
    scrape();
    static const char *const words[] = {"demo", "my-own-id", "AAPL", "cash", "dollars"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        assert_null(strstr(w.body, words[i]));
    assert_null(strstr(w.body, id));
}

static void it_is_read_only_and_not_for_pages_of_others(void **state) {
    (void)state;
    static const tw_http_header stranger = {{"Origin", 6}, {"http://evil.example", 19}};
    call("POST", "/metrics", "");
    assert_int_equal(w.http_status, 405);
    call("DELETE", "/metrics", NULL);
    assert_int_equal(w.http_status, 405);
    send_with("GET", "/metrics", &stranger, 1, (tw_slice){0});
    TURN_UNTIL(w.done);
    assert_int_equal(w.http_status, 403);
}

static void requests_are_counted_by_route_and_class(void **state) {
    (void)state;
    get("/v2/assets/AAPL");
    get("/v2/assets/MSFT");
    call("GET", "/v2/assets/NONE", NULL);
    call("GET", "/nowhere", NULL);
    w.with_key = false;
    call("GET", "/v2/account", NULL);
    scrape();
    assert_true(value_of("tradewind_exchange_requests_total{method=\"GET\","
                         "route=\"/v2/assets/{}\",class=\"2xx\"}") == 2.0);
    assert_true(value_of("tradewind_exchange_requests_total{method=\"GET\","
                         "route=\"/v2/assets/{}\",class=\"4xx\"}") == 1.0);
    assert_true(value_of("tradewind_exchange_requests_total{method=\"GET\","
                         "route=\"/v2/account\",class=\"4xx\"}") == 1.0);
    assert_true(value_of("tradewind_exchange_requests_total{method=\"other\","
                         "route=\"none\",class=\"4xx\"}") == 1.0);
    assert_null(strstr(w.body, "nowhere"));
}

static void orders_are_counted_by_what_became_of_them(void **state) {
    (void)state;
    scrape();
    assert_true(value_of("tradewind_exchange_orders_total{outcome=\"accepted\"}") == 0.0);
    submit("1", "first");
    assert_int_equal(w.http_status, 200);
    submit("100000000", "too-much");
    assert_int_equal(w.http_status, 403);
    call("POST", "/v2/orders",
         "{\"symbol\":\"AAPL\",\"qty\":\"1\",\"side\":\"buy\",\"type\":\"limit\","
         "\"limit_price\":\"1\",\"time_in_force\":\"day\",\"client_order_id\":\"low\"}");
    assert_int_equal(w.http_status, 200);
    step("1s");
    call("DELETE", "/v2/orders", NULL);
    step("1s");
    scrape();
    assert_true(value_of("tradewind_exchange_orders_total{outcome=\"accepted\"}") == 2.0);
    assert_true(value_of("tradewind_exchange_orders_total{outcome=\"refused\"}") == 1.0);
    assert_true(value_of("tradewind_exchange_orders_total{outcome=\"filled\"}") == 1.0);
    assert_true(value_of("tradewind_exchange_orders_total{outcome=\"canceled\"}") == 1.0);
    assert_true(value_of("tradewind_exchange_orders_total{outcome=\"rejected\"}") == 0.0);
    assert_true(value_of("tradewind_exchange_fills_total") >= 1.0);
}

static void streams_are_counted_while_they_are_there(void **state) {
    (void)state;
    listener data = {0};
    listener trading = {0};
    listen_to_data(&data, "{\"action\":\"subscribe\",\"trades\":[\"AAPL\"]}");
    listen_to_updates(&trading);
    scrape();
    assert_true(value_of("tradewind_exchange_streams{stream=\"data\"}") == 1.0);
    assert_true(value_of("tradewind_exchange_streams{stream=\"trading\"}") == 1.0);
    assert_true(value_of("tradewind_exchange_requests_total{method=\"GET\",route=\"stream\","
                         "class=\"1xx\"}") == 2.0);
    hang_up(&data);
    hang_up(&trading);
    for (;;) {
        scrape();
        if (value_of("tradewind_exchange_streams{stream=\"data\"}") == 0.0 &&
            value_of("tradewind_exchange_streams{stream=\"trading\"}") == 0.0)
            return;
    }
}

/* A plan that strikes everything does not strike the figures; those of a former plan stay. */
static void faults_are_counted_over_all_plans(void **state) {
    (void)state;
    call("POST", "/sim/faults", "seed 1\nstatus 500 100%\n");
    assert_int_equal(w.http_status, 200);
    call("GET", "/v2/account", NULL);
    assert_int_equal(w.http_status, 500);
    call("GET", "/v2/account", NULL);
    scrape();
    assert_true(value_of("tradewind_exchange_faults_total") == 2.0);
    assert_false(is_there("tradewind_exchange_requests_total{method=\"GET\","
                          "route=\"/v2/account\",class=\"5xx\"}"));
    call("DELETE", "/sim/faults", NULL);
    call("POST", "/sim/faults", "seed 1\nstatus 503 100%\n");
    call("GET", "/v2/account", NULL);
    scrape();
    assert_true(value_of("tradewind_exchange_faults_total") == 3.0);
}

static void a_real_clock_tells_its_speed(void **state) {
    (void)state;
    tw_exchange_config config = configuration();
    config.clock = TW_EXCHANGE_REAL;
    config.speed = 60.0;
    open_world(&config);
    scrape();
    assert_true(value_of("tradewind_exchange_clock_speed") == 60.0);
    call("POST", "/sim/clock/speed?times=2", "");
    scrape();
    assert_true(value_of("tradewind_exchange_clock_speed") == 2.0);
    close_world();
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_WORLD(a_scrape_is_open_metrics_text_and_needs_no_key),
        IN_WORLD(nothing_of_an_account_is_told),
        IN_WORLD(it_is_read_only_and_not_for_pages_of_others),
        IN_WORLD(requests_are_counted_by_route_and_class),
        IN_WORLD(orders_are_counted_by_what_became_of_them),
        IN_WORLD(streams_are_counted_while_they_are_there),
        IN_WORLD(faults_are_counted_over_all_plans),
        cmocka_unit_test(a_real_clock_tells_its_speed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
