/*
 * wire_resilient_faults.c - some hundred resilient calls at once through a server that breaks its
 * word at random, from a seed: each ends once, nothing is sent more often than was said, and all
 * that was taken comes back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fault_server.h"
#include "tradewind/resilient.h"
#include "tradewind/time.h"

#define CASE_COUNT 400
#define PATIENCE_NS (60 * TW_NS_PER_SECOND)
#define TIMEOUT_NS (1500 * TW_NS_PER_MS)
#define ATTEMPT_NS (60 * TW_NS_PER_MS)
#define PLACES 80

struct outcome {
    uint32_t count;
    uint32_t attempts;
    tw_status status;
    int64_t elapsed_ns;
};

/* SplitMix64. */
static uint64_t next_random(uint64_t *seed) {
    uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Up to three faults of any kind; what takes an amount gets one that is quick. */
static void make_script(fault_script *script, uint64_t *seed) {
    *script = (fault_script){.step_count = (uint32_t)(next_random(seed) % 4)};
    for (uint32_t i = 0; i < script->step_count; i++) {
        fault_step *step = &script->steps[i];
        step->kind = (uint8_t)(next_random(seed) % FAULT_KIND_COUNT);
        step->amount = 1 + (uint32_t)(next_random(seed) % 20);
        if (step->kind == FAULT_HTML_READ || step->kind == FAULT_HTML_APPLIED)
            step->amount = next_random(seed) % 2 == 0 ? 503 : 404;
        if (step->kind == FAULT_THROTTLE)
            step->amount = 0;
    }
}

static void note(void *context, const tw_resilient_result *result) {
    struct outcome *outcome = context;
    outcome->count++;
    outcome->attempts = result->attempts;
    outcome->status = result->status;
    outcome->elapsed_ns = result->elapsed_ns;
    assert_true(result->status != TW_OK || result->http != NULL);
    assert_true(result->status == TW_OK || result->message[0] != '\0');
}

static tw_resilient_config config_of(tw_loop *loop, tw_http_client *client) {
    tw_resilient_config config = tw_resilient_config_default();
    config.loop = loop;
    config.client = client;
    config.call_max = CASE_COUNT;
    config.host_max = 1;
    config.places = PLACES;
    config.hedge_after = 10;
    config.hedge_percent = 50;
    config.budget.share_percent = 100;
    config.budget.token_max = 100 * CASE_COUNT;
    for (int i = 0; i < TW_ROUTE_CLASS_COUNT; i++) {
        config.routes[i].attempt_ns_max = ATTEMPT_NS;
        config.routes[i].policy.attempt_max = 4;
        config.routes[i].policy.pause_ns_min = TW_NS_PER_MS;
        config.routes[i].policy.pause_ns_max = 10 * TW_NS_PER_MS;
        config.routes[i].policy.attempt_ns_min = TW_NS_PER_MS;
        config.breakers.routes[i].start = TW_BREAKER_METRICS_ONLY;
    }
    return config;
}

/* Odd cases are orders, even ones reads. */
static void send_case(tw_resilient *resilient, uint16_t port, uint32_t number,
                      struct outcome *outcome) {
    char url[96];
    char body[64];
    bool order = number % 2 == 1;
    tw_error error = {0};
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u/%u/v2/orders", (unsigned)port,
                   (unsigned)number);
    (void)snprintf(body, sizeof body, "{\"client_order_id\":\"c-%u\",\"symbol\":\"A\"}",
                   (unsigned)number);
    tw_resilient_call call = {.http = {.method = order ? "POST" : "GET",
                                       .url = url,
                                       .body = order ? tw_slice_of(body) : (tw_slice){0},
                                       .total_timeout_ns = TIMEOUT_NS},
                              .route = order ? TW_ROUTE_SUBMIT : TW_ROUTE_QUERY,
                              .kind = order ? TW_RETRY_ONCE : TW_RETRY_READ};
    if (tw_resilient_send(resilient, &call, note, outcome, NULL, &error) != TW_OK)
        fail_msg("case %u: %s", (unsigned)number, error.message);
}

static void run_to_the_end(tw_loop *loop, tw_resilient *resilient) {
    int64_t until_ns = tw_time_monotonic_ns() + PATIENCE_NS;
    tw_resilient_figures figures;
    do {
        assert_int_equal(tw_loop_turn(loop, 10 * TW_NS_PER_MS, NULL, NULL), TW_OK);
        tw_resilient_figures_of(resilient, &figures);
        assert_true(figures.out <= PLACES);
        assert_true(tw_time_monotonic_ns() < until_ns);
    } while (figures.calls > 0 || figures.out > 0);
}

static void check_case(fault_server *server, uint32_t number, const struct outcome *outcome) {
    fault_seen seen = fault_server_seen(server, number);
    assert_int_equal(outcome->count, 1);
    assert_true(seen.requests <= outcome->attempts);
    if (number % 2 == 1) {
        assert_int_equal(outcome->attempts, 1);
        assert_true(seen.requests <= 1);
        assert_true(seen.applied <= 1);
    }
}

static void check_all_came_back(tw_resilient *resilient, uint16_t port) {
    tw_resilient_host_figures figures;
    assert_int_equal(
        tw_resilient_host_figures_of(resilient, tw_slice_of("127.0.0.1"), port, &figures), TW_OK);
    assert_int_equal(figures.places.tokens, PLACES);
    assert_int_equal(figures.places.taken, figures.places.returned);
    assert_int_equal(figures.retry.in_flight, 0);
    assert_int_equal(figures.retry.extras, 0);
    uint64_t ended = figures.retry.succeeded + figures.retry.cancelled;
    for (int i = 0; i < TW_RETRY_VERDICT_COUNT; i++)
        ended += figures.retry.given_up[i];
    assert_int_equal(ended, CASE_COUNT);
}

static void test_every_call_ends_once_and_no_order_is_sent_twice(void **state) {
    (void)state;
    static fault_script scripts[CASE_COUNT];
    static struct outcome outcomes[CASE_COUNT];
    uint64_t seed = 20;
    TW_AUTO(tw_loop) *loop = NULL;
    tw_http_client *client = NULL;
    tw_http_client_config http = {.in_flight_count_max = PLACES};
    tw_resilient *resilient = NULL;
    for (uint32_t i = 0; i < CASE_COUNT; i++)
        make_script(&scripts[i], &seed);
    fault_server *server = fault_server_start(scripts, CASE_COUNT);
    assert_non_null(server);
    uint16_t port = fault_server_port(server);
    assert_int_equal(tw_loop_new(NULL, &loop, NULL), TW_OK);
    assert_int_equal(tw_http_client_new(loop, &http, &client, NULL), TW_OK);
    tw_resilient_config config = config_of(loop, client);
    assert_int_equal(tw_resilient_new(NULL, &config, &resilient, NULL), TW_OK);
    for (uint32_t i = 0; i < CASE_COUNT; i++)
        send_case(resilient, port, i, &outcomes[i]);
    run_to_the_end(loop, resilient);
    check_all_came_back(resilient, port);
    for (uint32_t i = 0; i < CASE_COUNT; i++)
        check_case(server, i, &outcomes[i]);
    tw_http_client_free(client);
    tw_resilient_free(resilient);
    fault_server_stop(server);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_call_ends_once_and_no_order_is_sent_twice)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
