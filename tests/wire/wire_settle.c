/* wire_settle.c - how the outcome of an unanswered order is made certain, and when it cannot be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fault_server.h"
#include "tradewind/alpaca_client.h"
#include "tradewind/time.h"

#define ID "intent-1"

typedef struct world {
    tw_loop *loop;
    tw_http_client *http;
    tw_symbols *symbols;
    tw_alpaca_client *client;
    fault_server *server;
    fault_script script;
    tw_status status;
    uint32_t endings;
    int tries;
    char message[512];
} world;

static const tw_alpaca_settle_config quick = {
    .delay_ns = 2 * TW_NS_PER_MS,
    .delay_ns_max = 10 * TW_NS_PER_MS,
    .visibility_ns = 1,
    .absent_count = 2,
    .deadline_ns = 250 * TW_NS_PER_MS,
};

static void on_settled(void *context, const tw_alpaca_result *result,
                       const tw_alpaca_order *order) {
    world *w = context;
    assert_int_equal(order != NULL, result->status == TW_OK);
    w->endings++;
    w->status = result->status;
    w->tries = result->tries;
    strncpy(w->message, result->message, sizeof w->message - 1);
}

static void add(world *w, fault_kind kind, uint32_t amount, uint32_t times) {
    while (times-- > 0)
        w->script.steps[w->script.step_count++] = (fault_step){(uint8_t)kind, amount};
}

static void start(world *w) {
    char url[64];
    w->server = fault_server_start(&w->script, 1);
    assert_non_null(w->server);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/0", fault_server_port(w->server));
    tw_alpaca_client_config config = {
        .trading_url = url,
        .data_url = url,
        .deadline_ns = 80 * TW_NS_PER_MS,
        .retry_delay_ns = TW_NS_PER_MS,
        .call_count_max = 2,
    };
    assert_int_equal(tw_alpaca_client_new(tw_allocator_system(), w->loop, w->http, &config,
                                          w->symbols, &w->client),
                     TW_OK);
}

static void settle(world *w) {
    assert_int_equal(tw_alpaca_client_settle(w->client, ID, &quick, on_settled, w), TW_OK);
}

static void finish(world *w) {
    while (w->endings == 0)
        assert_int_equal(tw_loop_turn(w->loop, TW_NS_PER_SECOND, NULL, NULL), TW_OK);
    assert_int_equal(w->endings, 1);
}

static int set_up(void **state) {
    world *w = calloc(1, sizeof *w);
    *state = w;
    return tw_loop_new(NULL, &w->loop, NULL) == TW_OK &&
                   tw_http_client_new(w->loop, NULL, &w->http, NULL) == TW_OK &&
                   tw_symbols_new(tw_allocator_system(), 8, &w->symbols) == TW_OK
               ? 0
               : -1;
}

static int tear_down(void **state) {
    world *w = *state;
    tw_alpaca_client_free(w->client);
    tw_http_client_free(w->http);
    tw_loop_free(w->loop);
    tw_symbols_free(w->symbols);
    fault_server_stop(w->server);
    free(w);
    return 0;
}

static void an_order_that_the_venue_never_had_is_absent(void **state) {
    world *w = *state;
    start(w);
    settle(w);
    finish(w);
    assert_int_equal(w->status, TW_NOT_FOUND);
    assert_int_equal(w->tries, 2);
}

static void silence_is_no_absence(void **state) {
    world *w = *state;
    add(w, FAULT_MUTE_READ, 0, FAULT_STEP_COUNT_MAX);
    start(w);
    settle(w);
    finish(w);
    assert_int_equal(w->status, TW_UNKNOWN);
    assert_non_null(strstr(w->message, "still not known"));
}

/* A page of a proxy on the way may be a 404 too. */
static void a_404_that_is_not_the_venues_does_not_count(void **state) {
    world *w = *state;
    add(w, FAULT_HTML_READ, 404, 4);
    start(w);
    settle(w);
    finish(w);
    assert_int_equal(w->status, TW_NOT_FOUND);
    assert_int_equal(w->tries, 6);
}

static void refused_credentials_end_it_unknown(void **state) {
    world *w = *state;
    add(w, FAULT_HTML_READ, 401, 1);
    start(w);
    settle(w);
    finish(w);
    assert_int_equal(w->status, TW_AUTH);
    assert_int_equal(w->tries, 1);
}

static void ending_the_client_ends_it_unknown(void **state) {
    world *w = *state;
    add(w, FAULT_MUTE_READ, 0, 1);
    start(w);
    settle(w); /* this one asks when the client ends */
    while (fault_server_seen(w->server, 0).requests == 0)
        assert_int_equal(tw_loop_turn(w->loop, TW_NS_PER_MS, NULL, NULL), TW_OK);
    settle(w); /* this one waits */
    tw_alpaca_client_free(w->client);
    w->client = NULL;
    assert_int_equal(w->endings, 2);
    assert_int_equal(w->status, TW_UNKNOWN);
    assert_int_equal(tw_loop_turn(w->loop, 0, NULL, NULL), TW_OK);
}

static void its_places_are_bounded_and_its_id_is_checked(void **state) {
    world *w = *state;
    char long_id[TW_CLIENT_ORDER_ID_SIZE + 1];
    memset(long_id, 'a', sizeof long_id - 1);
    long_id[sizeof long_id - 1] = '\0';
    start(w);
    assert_int_equal(tw_alpaca_client_settle(w->client, "", NULL, on_settled, w), TW_INVALID);
    assert_int_equal(tw_alpaca_client_settle(w->client, long_id, NULL, on_settled, w), TW_INVALID);
    settle(w);
    settle(w);
    assert_int_equal(tw_alpaca_client_settle(w->client, ID, &quick, on_settled, w), TW_FULL);
    while (w->endings < 2)
        assert_int_equal(tw_loop_turn(w->loop, TW_NS_PER_SECOND, NULL, NULL), TW_OK);
    settle(w); /* a place is free again */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(an_order_that_the_venue_never_had_is_absent),
        TEST(silence_is_no_absence),
        TEST(a_404_that_is_not_the_venues_does_not_count),
        TEST(refused_credentials_end_it_unknown),
        TEST(ending_the_client_ends_it_unknown),
        TEST(its_places_are_bounded_and_its_id_is_checked),
    };
    return cmocka_run_group_tests_name("settling", tests, NULL, NULL);
}
