/* wire_resilient.c - resilient calls over real sockets, to a server that does as it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "failing_heap.h"
#include "tradewind/resilient.h"
#include "tradewind/time.h"

#define PATIENCE_NS (20 * TW_NS_PER_SECOND)
#define STEP_MAX 64
#define CALL_MAX 16

/* What the server does with a request: answers with this status, or one of these. */
enum { STEP_RESET = 1, STEP_KEEP = 2 };

struct outcome {
    uint32_t count;
    tw_status status;
    tw_resilient_layer layer;
    tw_retry_verdict verdict;
    uint32_t http_status;
    uint32_t attempts;
    bool by_hedge;
    int64_t elapsed_ns;
    int64_t limited_ns;
    char body[32];
    char message[TW_ERROR_MESSAGE_SIZE];
};

struct house {
    tw_loop *loop;
    tw_http_server *server;
    tw_http_client *client;
    tw_resilient *resilient;
    uint32_t steps[STEP_MAX]; /* of the next requests; then 200 */
    uint32_t step_count;
    uint32_t seen;
    tw_http_reply *kept[STEP_MAX];
    uint32_t kept_count;
    tw_http_header headers[3]; /* of each answer */
    size_t header_count;
    struct outcome outcomes[CALL_MAX];
    bool lingers; /* calls are sent with note_and_send */
};

static void answer(struct house *house, tw_http_reply *reply, uint32_t status) {
    tw_http_answer out = {.status = status,
                          .content_type = "text/plain",
                          .body = tw_slice_of("here"),
                          .headers = house->headers,
                          .header_count = house->header_count};
    assert_int_equal(tw_http_reply_send(reply, &out, NULL), TW_OK);
}

static void handle(void *context, const tw_http_request *request, tw_http_reply *reply) {
    struct house *house = context;
    uint32_t step = house->seen < house->step_count ? house->steps[house->seen] : 200;
    (void)request;
    house->seen++;
    if (step == STEP_RESET) {
        tw_http_reply_reset(reply);
    } else if (step == STEP_KEEP) {
        assert_true(house->kept_count < STEP_MAX);
        house->kept[house->kept_count++] = reply;
    } else {
        answer(house, reply, step);
    }
}

/* Attempts quickly one after the other; no hedges, no rate; breakers that open after four. */
static tw_resilient_config quick(void) {
    tw_resilient_config config = tw_resilient_config_default();
    config.call_max = CALL_MAX;
    config.host_max = 2;
    for (int i = 0; i < TW_ROUTE_CLASS_COUNT; i++) {
        config.routes[i].policy.pause_ns_min = TW_NS_PER_MS;
        config.routes[i].policy.pause_ns_max = 2 * TW_NS_PER_MS;
        config.routes[i].policy.attempt_ns_min = TW_NS_PER_MS;
        config.routes[i].policy.hedge_ns_min = 0;
        config.breakers.routes[i].consecutive_max = 4;
    }
    return config;
}

static void open_house(struct house *house, tw_resilient_config config) {
    tw_http_server_config server = {.handler = handle, .context = house};
    tw_error error = {0};
    memset(house, 0, sizeof *house);
    if (tw_loop_new(NULL, &house->loop, &error) != TW_OK ||
        tw_http_server_start(house->loop, &server, &house->server, &error) != TW_OK ||
        tw_http_client_new(house->loop, NULL, &house->client, &error) != TW_OK)
        fail_msg("%s", error.message);
    config.loop = house->loop;
    config.client = house->client;
    if (tw_resilient_new(NULL, &config, &house->resilient, &error) != TW_OK)
        fail_msg("%s", error.message);
}

static void close_house(struct house *house) {
    tw_http_client_free(house->client);
    tw_resilient_free(house->resilient);
    tw_http_server_free(house->server);
    tw_loop_free(house->loop);
}

static void note(void *context, const tw_resilient_result *result) {
    struct outcome *outcome = context;
    outcome->count++;
    outcome->status = result->status;
    outcome->layer = result->layer;
    outcome->verdict = result->verdict;
    outcome->attempts = result->attempts;
    outcome->by_hedge = result->by_hedge;
    outcome->elapsed_ns = result->elapsed_ns;
    outcome->limited_ns = result->limited_ns;
    (void)snprintf(outcome->message, sizeof outcome->message, "%s", result->message);
    if (result->http == NULL)
        return;
    outcome->http_status = result->http->http_status;
    (void)snprintf(outcome->body, sizeof outcome->body, "%.*s", (int)result->http->body.size,
                   result->http->body.size > 0 ? result->http->body.data : "");
}

static void note_and_send(void *context, const tw_resilient_result *result);

static tw_status send_call(struct house *house, uint32_t number, tw_route_class route,
                           tw_retry_kind kind, int64_t timeout_ns, uint64_t *ret_id) {
    char url[64];
    tw_error error = {0};
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u/a",
                   (unsigned)tw_http_server_port(house->server));
    tw_resilient_call call = {
        .http = {.method = kind == TW_RETRY_READ ? "GET" : "POST",
                 .url = url,
                 .body = kind == TW_RETRY_READ ? (tw_slice){0} : tw_slice_of("order"),
                 .total_timeout_ns = timeout_ns},
        .route = route,
        .kind = kind};
    house->outcomes[number] = (struct outcome){0};
    void *context = house->lingers ? (void *)house : &house->outcomes[number];
    tw_status status = tw_resilient_send(
        house->resilient, &call, house->lingers ? note_and_send : note, context, ret_id, &error);
    memset(url, 'x', sizeof url); /* it was copied */
    assert_int_equal(house->outcomes[number].count, 0);
    assert_true(status == TW_OK || error.message[0] != '\0');
    return status;
}

/* Of number 3: a callback that cannot let go. */
static void note_and_send(void *context, const tw_resilient_result *result) {
    struct house *house = context;
    note(&house->outcomes[3], result);
    assert_int_equal(send_call(house, 4, TW_ROUTE_DATA, TW_RETRY_READ, PATIENCE_NS, NULL),
                     TW_CLOSED);
}

static void read_now(struct house *house, uint32_t number) {
    assert_int_equal(send_call(house, number, TW_ROUTE_QUERY, TW_RETRY_READ, PATIENCE_NS, NULL),
                     TW_OK);
}

static void turn(struct house *house) {
    assert_int_equal(tw_loop_turn(house->loop, 10 * TW_NS_PER_MS, NULL, NULL), TW_OK);
}

static struct outcome *wait_for(struct house *house, uint32_t number) {
    int64_t until_ns = tw_time_monotonic_ns() + PATIENCE_NS;
    while (house->outcomes[number].count == 0) {
        turn(house);
        assert_true(tw_time_monotonic_ns() < until_ns);
    }
    assert_int_equal(house->outcomes[number].count, 1);
    return &house->outcomes[number];
}

/* Until nothing is out. */
static void settle(struct house *house) {
    int64_t until_ns = tw_time_monotonic_ns() + PATIENCE_NS;
    tw_resilient_figures figures;
    do {
        turn(house);
        tw_resilient_figures_of(house->resilient, &figures);
        assert_true(tw_time_monotonic_ns() < until_ns);
    } while (figures.out > 0);
}

static void wait_for_seen(struct house *house, uint32_t count) {
    int64_t until_ns = tw_time_monotonic_ns() + PATIENCE_NS;
    while (house->seen < count) {
        turn(house);
        assert_true(tw_time_monotonic_ns() < until_ns);
    }
}

static tw_resilient_host_figures host_figures(struct house *house) {
    tw_resilient_host_figures figures;
    assert_int_equal(tw_resilient_host_figures_of(house->resilient, tw_slice_of("127.0.0.1"),
                                                  tw_http_server_port(house->server), &figures),
                     TW_OK);
    return figures;
}

/* ---- creation ---- */

static tw_status make_and_free(const tw_allocator *allocator, void *context) {
    TW_AUTO(tw_resilient) *resilient = NULL;
    return tw_resilient_new(allocator, context, &resilient, NULL);
}

static void test_what_cannot_be_is_refused_and_memory_comes_back(void **state) {
    (void)state;
    struct house house;
    open_house(&house, quick());
    tw_resilient_config config = quick();
    tw_resilient *resilient = NULL;
    tw_error error = {0};
    assert_int_equal(tw_resilient_new(NULL, &config, &resilient, &error), TW_INVALID);
    config.loop = house.loop;
    config.client = house.client;
    tw_resilient_config bad[8];
    for (size_t i = 0; i < 8; i++)
        bad[i] = config;
    bad[0].call_max = 0;
    bad[1].host_max = TW_RESILIENT_HOST_MAX + 1;
    bad[2].places = 0;
    bad[3].hedge_percent = 100;
    bad[4].routes[TW_ROUTE_DATA].attempt_ns_max = 0;
    bad[5].routes[TW_ROUTE_DATA].policy.attempt_max = 0;
    bad[6].rate = (tw_limiter_bucket_config){.tokens = 1, .period_ns = 1, .burst = 0};
    bad[7].breakers.routes[TW_ROUTE_DATA].call_min = 0;
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(tw_resilient_new(NULL, &bad[i], &resilient, &error), TW_RANGE);
        assert_null(resilient);
    }
    config.rate = (tw_limiter_bucket_config){.tokens = 1, .period_ns = 1, .burst = 1};
    assert_survives_failed_allocations(make_and_free, &config);
    close_house(&house);
}

static void test_a_call_without_memory_for_its_copy_is_refused(void **state) {
    (void)state;
    struct house house;
    failing_heap heap;
    tw_resilient *given = NULL;
    open_house(&house, quick());
    failing_heap_init(&heap);
    tw_resilient_config config = quick();
    config.loop = house.loop;
    config.client = house.client;
    assert_int_equal(tw_resilient_new(&heap.allocator, &config, &given, NULL), TW_OK);
    tw_resilient *own = house.resilient;
    house.resilient = given;
    failing_heap_fail_at(&heap, 0, false);
    assert_int_equal(send_call(&house, 0, TW_ROUTE_QUERY, TW_RETRY_READ, PATIENCE_NS, NULL),
                     TW_NO_MEMORY);
    read_now(&house, 0);
    assert_int_equal(wait_for(&house, 0)->status, TW_OK);
    tw_resilient_figures figures;
    tw_resilient_figures_of(given, &figures);
    assert_int_equal(figures.calls, 0);
    tw_resilient_free(given);
    assert_int_equal(heap.bytes_out, 0);
    house.resilient = own;
    close_house(&house);
}

static void test_calls_that_cannot_be_are_refused_at_once(void **state) {
    (void)state;
    struct house house;
    open_house(&house, quick());
    const char *urls[] = {"ftp://a/", "http://", "http://a:0/", "http://a:65536/", "https:///x"};
    tw_resilient_call call = {.http = {.method = "GET"}};
    tw_error error = {0};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        call.http.url = urls[i];
        assert_int_equal(
            tw_resilient_send(house.resilient, &call, note, &house.outcomes[0], NULL, &error),
            TW_INVALID);
    }
    const char *hosts[] = {"http://one/", "http://two:81/"};
    for (size_t i = 0; i < 2; i++) { /* the method is refused, but the host is known now */
        call.http = (tw_http_call){.method = "G E T", .url = hosts[i]};
        assert_int_equal(
            tw_resilient_send(house.resilient, &call, note, &house.outcomes[0], NULL, &error),
            TW_INVALID);
    }
    call.http = (tw_http_call){.method = "GET", .url = "http://three/"};
    assert_int_equal(
        tw_resilient_send(house.resilient, &call, note, &house.outcomes[0], NULL, &error), TW_FULL);
    tw_resilient_figures figures;
    tw_resilient_figures_of(house.resilient, &figures);
    assert_int_equal(figures.refused, 8);
    assert_int_equal(figures.calls, 0);
    assert_int_equal(figures.out, 0);
    assert_int_equal(figures.hosts, 2);
    close_house(&house);
}

/* ---- attempts ---- */

static void test_an_answer_comes_and_is_counted(void **state) {
    (void)state;
    struct house house;
    open_house(&house, quick());
    read_now(&house, 0);
    struct outcome *outcome = wait_for(&house, 0);
    assert_int_equal(outcome->status, TW_OK);
    assert_int_equal(outcome->layer, TW_RESILIENT_ANSWERED);
    assert_int_equal(outcome->attempts, 1);
    assert_int_equal(outcome->http_status, 200);
    assert_string_equal(outcome->body, "here");
    tw_resilient_host_figures figures = host_figures(&house);
    assert_int_equal(figures.breakers[TW_ROUTE_QUERY].outcomes[TW_BREAKER_SUCCESS], 1);
    assert_int_equal(figures.retry.succeeded, 1);
    assert_int_equal(figures.places.tokens, 64);
    const tw_histogram *times =
        tw_resilient_histogram(house.resilient, tw_slice_of("127.0.0.1"),
                               tw_http_server_port(house.server), TW_ROUTE_QUERY);
    assert_int_equal(tw_histogram_count(times), 1);
    assert_null(tw_resilient_histogram(house.resilient, tw_slice_of("elsewhere"), 1, 0));
    close_house(&house);
}

static void test_a_read_is_tried_again_after_what_may_pass(void **state) {
    (void)state;
    struct house house;
    open_house(&house, quick());
    house.steps[0] = 503;
    house.steps[1] = STEP_RESET;
    house.step_count = 2;
    read_now(&house, 0);
    struct outcome *outcome = wait_for(&house, 0);
    assert_int_equal(outcome->status, TW_OK);
    assert_int_equal(outcome->attempts, 3);
    assert_int_equal(house.seen, 3);
    assert_int_equal(host_figures(&house).retry.retries[TW_RETRY_TRANSIENT], 1);
    close_house(&house);
}

static void test_the_last_answer_is_given_when_attempts_are_used_up(void **state) {
    (void)state;
    struct house house;
    open_house(&house, quick());
    for (house.step_count = 0; house.step_count < 3; house.step_count++)
        house.steps[house.step_count] = 503;
    read_now(&house, 0);
    struct outcome *outcome = wait_for(&house, 0);
    assert_int_equal(outcome->status, TW_OK);
    assert_int_equal(outcome->layer, TW_RESILIENT_RETRY);
    assert_int_equal(outcome->verdict, TW_RETRY_NO_ATTEMPTS);
    assert_int_equal(outcome->http_status, 503);
    assert_string_equal(outcome->body, "here");
    close_house(&house);
}

static void test_what_would_fail_again_is_an_answer(void **state) {
    (void)state;
    struct house house;
    open_house(&house, quick());
    house.steps[0] = 404;
    house.step_count = 1;
    read_now(&house, 0);
    struct outcome *outcome = wait_for(&house, 0);
    assert_int_equal(outcome->layer, TW_RESILIENT_ANSWERED);
    assert_int_equal(outcome->http_status, 404);
    assert_int_equal(house.seen, 1);
    close_house(&house);
}

static void test_an_order_is_sent_once_whatever_happens(void **state) {
    (void)state;
    struct house house;
    open_house(&house, quick());
    const uint32_t steps[] = {503, STEP_RESET, STEP_KEEP};
    for (uint32_t i = 0; i < 3; i++) {
        house.seen = 0;
        house.steps[0] = steps[i];
        house.step_count = 1;
        assert_int_equal(
            send_call(&house, 0, TW_ROUTE_SUBMIT, TW_RETRY_ONCE, 300 * TW_NS_PER_MS, NULL), TW_OK);
        struct outcome *outcome = wait_for(&house, 0);
        assert_int_equal(outcome->verdict, TW_RETRY_NO_UNSAFE);
        assert_int_equal(outcome->attempts, 1);
        assert_int_equal(outcome->status, i == 0 ? TW_OK : i == 1 ? TW_CLOSED : TW_TIMEOUT);
        assert_true(i == 0 || outcome->message[0] != '\0');
        settle(&house);
        assert_int_equal(house.seen, 1);
    }
    close_house(&house);
}

static void test_the_deadline_ends_attempts_that_hang(void **state) {
    (void)state;
    struct house house;
    tw_resilient_config config = quick();
    config.routes[TW_ROUTE_QUERY].attempt_ns_max = 40 * TW_NS_PER_MS;
    config.routes[TW_ROUTE_QUERY].policy.attempt_max = 16;
    config.breakers.routes[TW_ROUTE_QUERY].consecutive_max = 0;
    open_house(&house, config);
    for (house.step_count = 0; house.step_count < 20; house.step_count++)
        house.steps[house.step_count] = STEP_KEEP;
    assert_int_equal(send_call(&house, 0, TW_ROUTE_QUERY, TW_RETRY_READ, 200 * TW_NS_PER_MS, NULL),
                     TW_OK);
    struct outcome *outcome = wait_for(&house, 0);
    assert_int_equal(outcome->status, TW_TIMEOUT);
    assert_true(outcome->attempts >= 2);
    assert_true(outcome->elapsed_ns >= 40 * TW_NS_PER_MS);
    assert_true(outcome->verdict == TW_RETRY_NO_DEADLINE ||
                outcome->verdict == TW_RETRY_NO_BUDGET || outcome->verdict == TW_RETRY_AGAIN);
    close_house(&house);
}

/* ---- breakers ---- */

static void test_an_open_breaker_sends_nothing_and_cancels_pass(void **state) {
    (void)state;
    struct house house;
    open_house(&house, quick());
    for (house.step_count = 0; house.step_count < 4; house.step_count++)
        house.steps[house.step_count] = 500;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(send_call(&house, 0, TW_ROUTE_SUBMIT, TW_RETRY_ONCE, PATIENCE_NS, NULL),
                         TW_OK);
        (void)wait_for(&house, 0);
    }
    assert_int_equal(send_call(&house, 0, TW_ROUTE_SUBMIT, TW_RETRY_ONCE, PATIENCE_NS, NULL),
                     TW_STATE);
    assert_int_equal(house.seen, 4);
    assert_int_equal(host_figures(&house).breakers[TW_ROUTE_SUBMIT].state, TW_BREAKER_OPEN);
    assert_int_equal(host_figures(&house).places.tokens, 64);
    assert_int_equal(send_call(&house, 1, TW_ROUTE_CANCEL, TW_RETRY_KEYED, PATIENCE_NS, NULL),
                     TW_OK);
    assert_int_equal(wait_for(&house, 1)->status, TW_OK);
    assert_int_equal(house.seen, 5);
    close_house(&house);
}

/* ---- limits ---- */

static void test_calls_wait_for_tokens_and_those_that_cannot_be_in_time_are_told(void **state) {
    (void)state;
    struct house house;
    tw_resilient_config config = quick();
    config.rate = (tw_limiter_bucket_config){
        .tokens = 1, .period_ns = 60 * TW_NS_PER_MS, .burst = 1, .pause_ns_max = TW_NS_PER_SECOND};
    open_house(&house, config);
    for (uint32_t i = 0; i < 3; i++)
        read_now(&house, i);
    assert_int_equal(send_call(&house, 3, TW_ROUTE_QUERY, TW_RETRY_READ, TW_NS_PER_MS, NULL),
                     TW_TIMEOUT);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(wait_for(&house, i)->status, TW_OK);
    assert_int_equal(house.outcomes[0].limited_ns, 0);
    assert_true(house.outcomes[1].limited_ns > 0);
    assert_true(house.outcomes[2].limited_ns >= 60 * TW_NS_PER_MS);
    tw_resilient_call heavy = {.http = {.method = "GET", .url = "http://127.0.0.1:1/"},
                               .weight = 2};
    tw_error error = {0};
    assert_int_equal(
        tw_resilient_send(house.resilient, &heavy, note, &house.outcomes[4], NULL, &error),
        TW_RANGE);
    close_house(&house);
}

static void test_no_more_are_out_than_there_are_places(void **state) {
    (void)state;
    struct house house;
    tw_resilient_config config = quick();
    config.places = 2;
    open_house(&house, config);
    for (house.step_count = 0; house.step_count < 6; house.step_count++)
        house.steps[house.step_count] = STEP_KEEP;
    for (uint32_t i = 0; i < 6; i++)
        read_now(&house, i);
    for (uint32_t i = 0; i < 6; i += 2) {
        wait_for_seen(&house, i + 2);
        turn(&house);
        assert_int_equal(house.seen, i + 2);
        tw_resilient_figures figures;
        tw_resilient_figures_of(house.resilient, &figures);
        assert_int_equal(figures.out, 2);
        answer(&house, house.kept[i], 200);
        answer(&house, house.kept[i + 1], 200);
    }
    for (uint32_t i = 0; i < 6; i++)
        assert_int_equal(wait_for(&house, i)->status, TW_OK);
    close_house(&house);
}

static void test_what_an_answer_says_of_its_limits_is_learned(void **state) {
    (void)state;
    struct house house;
    tw_resilient_config config = quick();
    config.rate = (tw_limiter_bucket_config){.tokens = 1000,
                                             .period_ns = TW_NS_PER_SECOND,
                                             .burst = 100,
                                             .pause_ns_max = 100 * TW_NS_PER_MS};
    open_house(&house, config);
    house.headers[0] = (tw_http_header){tw_slice_of("X-RateLimit-Limit"), tw_slice_of("200")};
    house.headers[1] = (tw_http_header){tw_slice_of("X-RateLimit-Remaining"), tw_slice_of("3")};
    house.header_count = 2;
    read_now(&house, 0);
    (void)wait_for(&house, 0);
    assert_int_equal(host_figures(&house).rate.rate, 200);
    assert_true(host_figures(&house).rate.tokens < 100);

    house.headers[0] = (tw_http_header){tw_slice_of("Retry-After"), tw_slice_of("3600")};
    house.header_count = 1;
    house.steps[1] = 429;
    house.step_count = 2;
    int64_t before_ns = tw_time_monotonic_ns();
    assert_int_equal(send_call(&house, 1, TW_ROUTE_SUBMIT, TW_RETRY_ONCE, PATIENCE_NS, NULL),
                     TW_OK);
    assert_int_equal(wait_for(&house, 1)->http_status, 429);
    tw_limiter_bucket_figures rate = host_figures(&house).rate;
    assert_int_equal(rate.refusals, 1);
    assert_true(rate.pause_until_ns >= before_ns + 100 * TW_NS_PER_MS); /* of an hour, so much */
    read_now(&house, 2);
    assert_int_equal(wait_for(&house, 2)->status, TW_OK);
    assert_true(tw_time_monotonic_ns() >= rate.pause_until_ns);
    assert_true(house.outcomes[2].limited_ns > 0);
    close_house(&house);
}

/* ---- hedges ---- */

static void test_a_slow_read_is_asked_a_second_time_and_the_first_answer_counts(void **state) {
    (void)state;
    struct house house;
    tw_resilient_config config = quick();
    config.routes[TW_ROUTE_QUERY].policy.hedge_ns_min = 20 * TW_NS_PER_MS;
    config.hedge_after = 5;
    open_house(&house, config);
    for (uint32_t i = 0; i < 5; i++) {
        read_now(&house, 0);
        assert_int_equal(wait_for(&house, 0)->attempts, 1);
    }
    house.steps[house.seen] = STEP_KEEP;
    house.step_count = house.seen + 1;
    read_now(&house, 0);
    struct outcome *outcome = wait_for(&house, 0);
    assert_int_equal(outcome->status, TW_OK);
    assert_true(outcome->by_hedge);
    assert_int_equal(outcome->attempts, 2);
    assert_int_equal(house.seen, 7);
    settle(&house); /* the other was cancelled */
    tw_resilient_host_figures figures = host_figures(&house);
    assert_int_equal(figures.retry.hedges, 1);
    assert_int_equal(figures.retry.hedges_won, 1);
    assert_int_equal(figures.retry.extras, 0);
    assert_int_equal(figures.places.tokens, 64);
    assert_int_equal(figures.breakers[TW_ROUTE_QUERY].outcomes[TW_BREAKER_IGNORED], 1);
    tw_http_reply_reset(house.kept[0]);
    close_house(&house);
}

/* ---- ends ---- */

static void test_a_cancelled_call_is_never_answered_and_gives_its_place_back(void **state) {
    (void)state;
    struct house house;
    tw_resilient_config config = quick();
    config.places = 1;
    open_house(&house, config);
    house.steps[0] = STEP_KEEP;
    house.step_count = 1;
    uint64_t out = 0;
    uint64_t waiting = 0;
    assert_int_equal(send_call(&house, 0, TW_ROUTE_QUERY, TW_RETRY_READ, PATIENCE_NS, &out), TW_OK);
    assert_int_equal(send_call(&house, 1, TW_ROUTE_QUERY, TW_RETRY_READ, PATIENCE_NS, &waiting),
                     TW_OK);
    wait_for_seen(&house, 1);
    assert_int_equal(tw_resilient_cancel(house.resilient, waiting), TW_OK);
    assert_int_equal(tw_resilient_cancel(house.resilient, waiting), TW_NOT_FOUND);
    assert_int_equal(tw_resilient_cancel(house.resilient, out), TW_OK);
    assert_int_equal(tw_resilient_cancel(house.resilient, 0), TW_NOT_FOUND);
    assert_int_equal(tw_resilient_cancel(house.resilient, 12345), TW_NOT_FOUND);
    read_now(&house, 2); /* in one of their places: the old numbers are not its */
    assert_int_equal(tw_resilient_cancel(house.resilient, out), TW_NOT_FOUND);
    assert_int_equal(tw_resilient_cancel(house.resilient, waiting), TW_NOT_FOUND);
    assert_int_equal(wait_for(&house, 2)->status, TW_OK);
    assert_int_equal(house.outcomes[0].count, 0);
    assert_int_equal(house.outcomes[1].count, 0);
    tw_resilient_figures figures;
    tw_resilient_figures_of(house.resilient, &figures);
    assert_int_equal(figures.cancelled, 2);
    assert_int_equal(figures.calls, 0);
    assert_int_equal(host_figures(&house).places.tokens, 1);
    close_house(&house);
}

static void test_at_its_limit_a_call_is_refused(void **state) {
    (void)state;
    struct house house;
    open_house(&house, quick());
    for (uint32_t i = 0; i < CALL_MAX; i++)
        read_now(&house, i);
    assert_int_equal(send_call(&house, 0, TW_ROUTE_QUERY, TW_RETRY_READ, PATIENCE_NS, NULL),
                     TW_FULL);
    for (uint32_t i = 1; i < CALL_MAX; i++)
        assert_int_equal(wait_for(&house, i)->status, TW_OK);
    (void)wait_for(&house, 0);
    close_house(&house);
}

static void test_the_end_answers_calls_in_every_state(void **state) {
    (void)state;
    struct house house;
    tw_resilient_config config = quick();
    config.places = 1;
    config.routes[TW_ROUTE_DATA].policy.pause_ns_min = 10 * TW_NS_PER_SECOND;
    config.routes[TW_ROUTE_DATA].policy.pause_ns_max = 20 * TW_NS_PER_SECOND;
    config.routes[TW_ROUTE_DATA].policy.attempt_ns_min = 0;
    open_house(&house, config);
    house.steps[0] = 429; /* equal jitter: at least five seconds */
    house.steps[1] = STEP_KEEP;
    house.step_count = 2;
    assert_int_equal(
        send_call(&house, 0, TW_ROUTE_DATA, TW_RETRY_READ, 60 * TW_NS_PER_SECOND, NULL), TW_OK);
    read_now(&house, 1); /* waits for the place, and is out then */
    wait_for_seen(&house, 2);
    read_now(&house, 2); /* waits for it */
    house.lingers = true;
    read_now(&house, 3);
    tw_http_client_free(house.client);
    assert_int_equal(house.outcomes[1].status, TW_CANCELLED);
    assert_int_equal(house.outcomes[1].layer, TW_RESILIENT_ENDED);
    assert_int_equal(house.outcomes[0].count, 0);
    tw_resilient_free(house.resilient);
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(house.outcomes[i].count, 1);
        assert_int_equal(house.outcomes[i].status, TW_CANCELLED);
        assert_int_equal(house.outcomes[i].layer, TW_RESILIENT_ENDED);
    }
    assert_string_equal(tw_resilient_layer_word(TW_RESILIENT_ENDED), "ended");
    assert_string_equal(tw_resilient_layer_word(TW_RESILIENT_LAYER_COUNT), "?");
    tw_http_server_free(house.server);
    tw_loop_free(house.loop);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_cannot_be_is_refused_and_memory_comes_back),
        cmocka_unit_test(test_a_call_without_memory_for_its_copy_is_refused),
        cmocka_unit_test(test_calls_that_cannot_be_are_refused_at_once),
        cmocka_unit_test(test_an_answer_comes_and_is_counted),
        cmocka_unit_test(test_a_read_is_tried_again_after_what_may_pass),
        cmocka_unit_test(test_the_last_answer_is_given_when_attempts_are_used_up),
        cmocka_unit_test(test_what_would_fail_again_is_an_answer),
        cmocka_unit_test(test_an_order_is_sent_once_whatever_happens),
        cmocka_unit_test(test_the_deadline_ends_attempts_that_hang),
        cmocka_unit_test(test_an_open_breaker_sends_nothing_and_cancels_pass),
        cmocka_unit_test(test_calls_wait_for_tokens_and_those_that_cannot_be_in_time_are_told),
        cmocka_unit_test(test_no_more_are_out_than_there_are_places),
        cmocka_unit_test(test_what_an_answer_says_of_its_limits_is_learned),
        cmocka_unit_test(test_a_slow_read_is_asked_a_second_time_and_the_first_answer_counts),
        cmocka_unit_test(test_a_cancelled_call_is_never_answered_and_gives_its_place_back),
        cmocka_unit_test(test_at_its_limit_a_call_is_refused),
        cmocka_unit_test(test_the_end_answers_calls_in_every_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
