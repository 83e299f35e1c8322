/*
 * wire_faults.c - every call of the Alpaca client against every fault of a venue, at every moment.
 *
 * Every second case goes through resilient calls (resilient.h). A case is a call, a fault that its
 * first request meets, faults of a seed that the next ones meet, and a venue that shows an order
 * early or late. Hundreds of cases run at once. What the client says of a case is held against what
 * the server has seen of it:
 *
 *   R1  every call ends, once, and none waits for ever
 *   R2  the venue made at most one order of an intent, however often it was asked
 *   R3  an order that was made is never called rejected, absent or not sent: no intent is lost
 *   R4  an order that is called accepted was made
 *   R5  a submit reaches the venue once; once more only after it has denied having the order
 *   R6  a cancel reaches the venue at most once; a replacement is held to R2 to R5 as a submit is
 *   R7  a read that the venue answers in the end, and in time, succeeds
 *   R8  no message has the secret in it
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "failing_heap.h"
#include "fault_server.h"
#include "tradewind/alpaca_calls.h"
#include "tradewind/alpaca_client.h"
#include "tradewind/alpaca_fetch.h"
#include "tradewind/time.h"

#define SECRET "s3cr3t-that-nobody-may-see"
#define AT_ONCE 96
#define SEED_COUNT 12
#define CASE_COUNT_MAX 8192
#define PATIENCE_NS (90 * TW_NS_PER_SECOND)

typedef enum call_kind {
    CALL_SUBMIT = 0,
    CALL_CANCEL,
    CALL_REPLACE,
    CALL_QUERY,
    CALL_ACCOUNT,
    CALL_ORDERS,
    CALL_CLOCK,
    CALL_BARS,
    CALL_KIND_COUNT
} call_kind;

/* How the client's journal says an intent ended. */
typedef enum verdict { OPEN = 0, ACCEPTED, REJECTED, NOT_SENT, DONE, FAILED } verdict;

typedef struct fault_run {
    struct world *world;
    tw_alpaca_client *client;
    call_kind kind;
    verdict verdict;
    tw_status status;
    uint32_t index;
    uint32_t denials; /* the venue has said that it has no such order */
    uint32_t twins;   /* a second submit was refused because the first had arrived */
    uint32_t endings; /* R1 */
    bool found;
    bool ended;
    char client_order_id[32];
    char replacement_id[32]; /* client order id of the order that a replacement makes */
    char venue_order_id[TW_VENUE_ORDER_ID_SIZE];
    char message[512];
} fault_run;

typedef struct world {
    tw_loop *loop;
    tw_http_client *http;
    tw_resilient *resilient; /* every second case goes through it */
    tw_symbols *symbols;
    fault_server *server;
    fault_script *scripts;
    fault_run *runs;
    uint32_t run_count;
    uint32_t running;
} world;

/* ---- scripts --------------------------------------------------------------------------- */

static uint64_t mix(uint64_t x) {
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static uint32_t amount_of(fault_kind kind, uint64_t random) {
    static const uint32_t errors[] = {500, 502, 503, 504, 408};
    switch ((int)kind) {
    case FAULT_DELAY:
        return (uint32_t)(random % 40);
    case FAULT_TRUNCATE_HEAD:
        return (uint32_t)(random % 60);
    case FAULT_TRICKLE:
        return 20 + (uint32_t)(random % 200);
    case FAULT_HTML_READ:
    case FAULT_HTML_APPLIED:
        return errors[random % 5];
    case FAULT_THROTTLE:
        return (uint32_t)(random % 2);
    default:
        return 0;
    }
}

/* The first request meets `kind`; what comes behind it is up to the seed, and mostly goes well. */
static void write_script(fault_script *script, call_kind call, fault_kind kind, uint64_t seed) {
    uint64_t random = mix(seed * 1000003 + (uint64_t)call * 101 + (uint64_t)kind);
    memset(script, 0, sizeof *script);
    if (call == CALL_CANCEL || call == CALL_REPLACE) /* the order is placed first */
        script->step_count++;
    fault_step first = {(uint8_t)kind, amount_of(kind, random >> 32)};
    script->steps[script->step_count++] = first;
    for (uint32_t i = (uint32_t)(random % 4); i > 0; i--) {
        random = mix(random);
        fault_kind next =
            random % 3 == 0 ? (fault_kind)(random / 8 % FAULT_KIND_COUNT) : FAULT_NONE;
        fault_step step = {(uint8_t)next, amount_of(next, random >> 32)};
        if (script->step_count < FAULT_STEP_COUNT_MAX)
            script->steps[script->step_count++] = step;
    }
    /* Now and then so late that the client believes the venue's denial. */
    script->visible_after = (uint32_t)(mix(random) % (seed % 3 == 0 ? 12 : 3));
}

/* ---- the client's side ----------------------------------------------------------------- */

static void end_run(fault_run *run, verdict how, tw_status status) {
    run->endings++;
    run->verdict = how;
    run->status = status;
    run->ended = true;
}

static void keep_message(fault_run *run, const tw_alpaca_result *result) {
    snprintf(run->message, sizeof run->message, "%s", result->message);
    assert_null(strstr(result->message, SECRET)); /* R8 */
    assert_true(result->status == TW_OK || result->message[0] != '\0');
}

static void submit(fault_run *run);
static void replace(fault_run *run);

/* The client order id of the intent that is told of. */
static const char *intent_of(const fault_run *run) {
    return run->kind == CALL_REPLACE ? run->replacement_id : run->client_order_id;
}

static void on_settled(void *context, const tw_alpaca_result *result,
                       const tw_alpaca_order *order) {
    fault_run *run = context;
    keep_message(run, result);
    if (result->status == TW_OK) {
        assert_string_equal(order->order.client_order_id, intent_of(run));
        end_run(run, ACCEPTED, TW_OK);
    } else if (result->status == TW_NOT_FOUND) {
        run->denials++;
        if (run->kind == CALL_REPLACE)
            replace(run);
        else
            submit(run);
    } else {
        end_run(run, FAILED, result->status);
    }
}

/* The end of a submit or of a replacement. */
static void on_submitted(void *context, const tw_alpaca_result *result,
                         const tw_alpaca_order *order) {
    static const tw_alpaca_settle_config quick = {
        .delay_ns = 2 * TW_NS_PER_MS,
        .delay_ns_max = 20 * TW_NS_PER_MS,
        .visibility_ns = 60 * TW_NS_PER_MS,
        .absent_count = 3,
        .deadline_ns = 30 * TW_NS_PER_SECOND,
    };
    fault_run *run = context;
    keep_message(run, result);
    if (result->status == TW_OK) {
        assert_string_equal(order->order.client_order_id, intent_of(run));
        end_run(run, ACCEPTED, TW_OK);
    } else if (result->status == TW_UNKNOWN || result->status == TW_EXISTS) {
        run->twins += result->status == TW_EXISTS;
        assert_int_equal(
            tw_alpaca_client_settle(run->client, intent_of(run), &quick, on_settled, run), TW_OK);
    } else if (result->http_status > 0) {
        end_run(run, REJECTED, result->status);
    } else {
        end_run(run, NOT_SENT, result->status);
    }
}

static void fill_request(const fault_run *run, tw_alpaca_order_request *request) {
    memset(request, 0, sizeof *request);
    strcpy(request->symbol, "AAPL");
    strcpy(request->client_order_id, run->client_order_id);
    request->quantity.nano = 10 * TW_NANO;
    request->limit_price.nano = 100 * TW_NANO;
    request->side = TW_SIDE_BUY;
    request->type = TW_ORDER_LIMIT;
    request->time_in_force = TW_DAY;
    request->present = 1u << TW_ALPACA_REQUEST_SYMBOL | 1u << TW_ALPACA_REQUEST_QTY |
                       1u << TW_ALPACA_REQUEST_SIDE | 1u << TW_ALPACA_REQUEST_TYPE |
                       1u << TW_ALPACA_REQUEST_TIME_IN_FORCE | 1u << TW_ALPACA_REQUEST_LIMIT_PRICE |
                       1u << TW_ALPACA_REQUEST_CLIENT_ORDER_ID;
}

static void submit(fault_run *run) {
    tw_alpaca_order_request request;
    fill_request(run, &request);
    assert_int_equal(tw_alpaca_client_submit(run->client, &request, on_submitted, run), TW_OK);
}

static void replace(fault_run *run) {
    tw_alpaca_order_request changes = {.quantity = {7 * TW_NANO}};
    strcpy(changes.client_order_id, run->replacement_id);
    changes.present = 1u << TW_ALPACA_REQUEST_QTY | 1u << TW_ALPACA_REQUEST_CLIENT_ORDER_ID;
    assert_int_equal(
        tw_alpaca_client_replace(run->client, run->venue_order_id, &changes, on_submitted, run),
        TW_OK);
}

static void on_plain(void *context, const tw_alpaca_result *result) {
    fault_run *run = context;
    keep_message(run, result);
    end_run(run, result->status == TW_OK ? DONE : FAILED, result->status);
}

static void on_placed(void *context, const tw_alpaca_result *result, const tw_alpaca_order *order) {
    fault_run *run = context;
    assert_int_equal(result->status, TW_OK);
    memcpy(run->venue_order_id, order->order.venue_order_id, sizeof run->venue_order_id);
    if (run->kind == CALL_REPLACE)
        replace(run);
    else
        assert_int_equal(tw_alpaca_client_cancel(run->client, run->venue_order_id, on_plain, run),
                         TW_OK);
}

static void on_queried(void *context, const tw_alpaca_result *result,
                       const tw_alpaca_order *order) {
    fault_run *run = context;
    (void)order;
    keep_message(run, result);
    end_run(run, result->status == TW_NOT_FOUND ? DONE : FAILED, result->status);
}

static void on_account(void *context, const tw_alpaca_result *result,
                       const tw_alpaca_account *account) {
    assert_int_equal(account != NULL, result->status == TW_OK);
    on_plain(context, result);
}

static void on_clock(void *context, const tw_alpaca_result *result, const tw_alpaca_clock *clock) {
    assert_int_equal(clock != NULL, result->status == TW_OK);
    on_plain(context, result);
}

static void start_bars(fault_run *run) {
    tw_symbol symbol = tw_symbols_find(run->world->symbols, tw_slice_of("AAPL"));
    tw_alpaca_fetch_query query = {
        .symbols = &symbol, .symbol_count = 1, .timeframe_ns = TW_NS_PER_MINUTE, .start_ns = 1};
    tw_alpaca_fetch_callbacks callbacks = {.context = run, .on_done = on_plain};
    assert_int_equal(tw_alpaca_fetch_new(run->client, &query, &callbacks, NULL), TW_OK);
}

static void start_call(fault_run *run) {
    tw_alpaca_order_request request;
    static const tw_alpaca_orders_query all = {.status = "all"};
    tw_status status = TW_OK;
    switch ((int)run->kind) {
    case CALL_SUBMIT:
        submit(run);
        return;
    case CALL_CANCEL:
    case CALL_REPLACE:
        fill_request(run, &request);
        status = tw_alpaca_client_submit(run->client, &request, on_placed, run);
        break;
    case CALL_QUERY:
        status =
            tw_alpaca_client_order_by_client_id(run->client, run->client_order_id, on_queried, run);
        break;
    case CALL_ACCOUNT:
        status = tw_alpaca_client_account(run->client, on_account, run);
        break;
    case CALL_ORDERS:
        status = tw_alpaca_client_orders(run->client, &all, NULL, on_plain, run);
        break;
    case CALL_CLOCK:
        status = tw_alpaca_client_clock(run->client, on_clock, run);
        break;
    default:
        start_bars(run);
        break;
    }
    assert_int_equal(status, TW_OK);
}

static void begin_run(world *w, uint32_t index) {
    char url[64];
    fault_run *run = &w->runs[index];
    snprintf(url, sizeof url, "http://127.0.0.1:%u/%u", fault_server_port(w->server), index);
    tw_alpaca_client_config config = {
        .trading_url = url,
        .data_url = url,
        .key_id = "key",
        .secret = SECRET,
        .deadline_ns = 200 * TW_NS_PER_MS,
        .order_deadline_ns = 150 * TW_NS_PER_MS,
        .retry_delay_ns = 2 * TW_NS_PER_MS,
        .body_size_max = 65536,
        .call_count_max = 4,
        .resilient = index % 2 == 1 ? w->resilient : NULL,
    };
    assert_int_equal(tw_alpaca_client_new(tw_allocator_system(), w->loop, w->http, &config,
                                          w->symbols, &run->client),
                     TW_OK);
    run->world = w;
    run->index = index;
    snprintf(run->client_order_id, sizeof run->client_order_id, "intent-%u", index);
    snprintf(run->replacement_id, sizeof run->replacement_id, "change-%u", index);
    w->running++;
    start_call(run);
}

/* ---- what must hold -------------------------------------------------------------------- */

static void explain(const fault_run *run, const fault_script *script, const fault_seen *seen) {
    print_message("case %u: call %d, verdict %d, status %d (%s)\n", run->index, (int)run->kind,
                  (int)run->verdict, (int)run->status, run->message);
    for (uint32_t i = 0; i < script->step_count; i++)
        print_message("  request %u meets: %s (%u)\n", i + 1,
                      fault_trait_of((fault_kind)script->steps[i].kind)->name,
                      script->steps[i].amount);
    print_message("  the venue saw %u requests, %u submits (%u whole), made %u orders, refused %u "
                  "twins, cancelled %u, began %u replacements and made %u\n",
                  seen->requests, seen->submits, seen->submits_whole, seen->applied,
                  seen->refused_twice, seen->cancels, seen->replaces_begun, seen->replaces);
}

static bool submit_holds(const fault_run *run, const fault_seen *seen) {
    bool made = seen->applied > 0;
    if (seen->applied > 1 || seen->submits > 1 + run->denials) /* R2, R5 */
        return false;
    if (run->verdict == ACCEPTED) /* R4 */
        return made && strcmp(seen->client_order_id, run->client_order_id) == 0;
    return !made && (run->verdict == REJECTED || run->verdict == NOT_SENT); /* R3 */
}

static bool replace_holds(const fault_run *run, const fault_seen *seen) {
    bool made = seen->replaces > 0;
    if (seen->replaces > 1 || seen->replaces_begun > 1 + run->denials || seen->submits > 1)
        return false;             /* R2, R5 */
    if (run->verdict == ACCEPTED) /* R4 */
        return made;
    return !made && (run->verdict == REJECTED || run->verdict == NOT_SENT); /* R3 */
}

static bool cancel_holds(const fault_run *run, const fault_seen *seen) {
    if (seen->cancels > 1 || seen->requests > 2) /* R6 */
        return false;
    if (run->verdict == DONE)
        return seen->cancels == 1;
    return seen->cancels == 0 || run->status == TW_UNKNOWN; /* R3, of cancels */
}

/* A read ends well, or with a status that says why, and never after the venue's last word was good.
 */
static bool read_holds(const fault_run *run, const fault_script *script, const fault_seen *seen) {
    static const tw_status failures[] = {TW_TIMEOUT, TW_CLOSED,   TW_REMOTE, TW_THROTTLED,
                                         TW_PARSE,   TW_PROTOCOL, TW_REFUSED};
    if (run->verdict == DONE)
        return seen->reads >= 1;
    uint32_t last = seen->requests - 1;
    bool spent = seen->requests > 1 && run->status == TW_TIMEOUT; /* by the tries before */
    if (seen->requests > 0 && !spent &&
        (last >= script->step_count || script->steps[last].kind == FAULT_NONE))
        return false; /* R7 */
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++)
        if (run->status == failures[i])
            return true;
    return false;
}

static void check_run(world *w, fault_run *run) {
    const fault_script *script = &w->scripts[run->index];
    fault_seen seen = fault_server_seen(w->server, run->index);
    bool holds = run->endings == 1;
    if (run->kind == CALL_SUBMIT)
        holds = holds && submit_holds(run, &seen);
    else if (run->kind == CALL_CANCEL)
        holds = holds && cancel_holds(run, &seen);
    else if (run->kind == CALL_REPLACE)
        holds = holds && replace_holds(run, &seen);
    else
        holds = holds && read_holds(run, script, &seen);
    if (!holds)
        explain(run, script, &seen);
    assert_true(holds);
}

/* ---- the run --------------------------------------------------------------------------- */

/* All cases share a host here, and its faults come without end: breakers and budget only count. */
static tw_status make_resilient(world *w, tw_error *error) {
    tw_resilient_config config = tw_resilient_config_default();
    config.loop = w->loop;
    config.client = w->http;
    config.places = AT_ONCE * 2;
    config.budget.token_max = 1000000;
    config.budget.share_percent = 100;
    config.budget.extra_min = 1000000;
    for (int i = 0; i < TW_ROUTE_CLASS_COUNT; i++) {
        config.breakers.routes[i].start = TW_BREAKER_METRICS_ONLY;
        config.routes[i].policy.pause_ns_min = TW_NS_PER_MS;
        config.routes[i].policy.pause_ns_max = 2 * TW_NS_PER_MS;
        config.routes[i].policy.attempt_ns_min = TW_NS_PER_MS;
        config.routes[i].policy.retry_after_ns_max = TW_NS_PER_MS;
        config.routes[i].policy.hedge_ns_min = 0;
    }
    return tw_resilient_new(NULL, &config, &w->resilient, error);
}

static int set_up(void **state) {
    world *w = calloc(1, sizeof *w);
    tw_error error = {0};
    tw_http_client_config http = {.in_flight_count_max = AT_ONCE * 2};
    w->scripts = calloc(CASE_COUNT_MAX, sizeof *w->scripts);
    w->runs = calloc(CASE_COUNT_MAX, sizeof *w->runs);
    if (tw_loop_new(NULL, &w->loop, &error) != TW_OK ||
        tw_http_client_new(w->loop, &http, &w->http, &error) != TW_OK ||
        make_resilient(w, &error) != TW_OK ||
        tw_symbols_new(tw_allocator_system(), 8, &w->symbols) != TW_OK)
        return -1;
    tw_symbol symbol;
    *state = w;
    return tw_symbols_intern(w->symbols, tw_slice_of("AAPL"), &symbol) == TW_OK ? 0 : -1;
}

static int tear_down(void **state) {
    world *w = *state;
    tw_http_client_free(w->http);
    tw_resilient_free(w->resilient);
    tw_loop_free(w->loop);
    tw_symbols_free(w->symbols);
    if (w->server != NULL)
        fault_server_stop(w->server);
    free(w->scripts);
    free(w->runs);
    free(w);
    return 0;
}

static void add_case(world *w, call_kind call, fault_kind fault, uint64_t seed) {
    assert_true(w->run_count < CASE_COUNT_MAX);
    w->runs[w->run_count].kind = call;
    write_script(&w->scripts[w->run_count++], call, fault, seed);
}

/* Ends the clients of cases that are over; not from within their callbacks. */
static void reap(world *w, uint32_t begun) {
    for (uint32_t i = 0; i < begun; i++) {
        fault_run *run = &w->runs[i];
        if (!run->ended || run->client == NULL)
            continue;
        tw_alpaca_client_free(run->client);
        run->client = NULL;
        w->running--;
    }
}

static void run_all(world *w) {
    int64_t patience_ns = tw_time_monotonic_ns() + PATIENCE_NS;
    uint32_t begun = 0;
    w->server = fault_server_start(w->scripts, w->run_count);
    assert_non_null(w->server);
    while (begun < w->run_count || w->running > 0) {
        while (begun < w->run_count && w->running < AT_ONCE)
            begin_run(w, begun++);
        assert_int_equal(tw_loop_turn(w->loop, TW_NS_PER_SECOND, NULL, NULL), TW_OK);
        reap(w, begun);
        assert_true(tw_time_monotonic_ns() < patience_ns); /* R1 */
    }
    for (uint32_t i = 0; i < w->run_count; i++)
        check_run(w, &w->runs[i]);
}

static void every_call_survives_every_fault(void **state) {
    world *w = *state;
    uint32_t submits = 0, again = 0, twins = 0;
    for (uint64_t seed = 0; seed < SEED_COUNT; seed++)
        for (int call = 0; call < CALL_KIND_COUNT; call++)
            for (int fault = 0; fault < FAULT_KIND_COUNT; fault++)
                for (int more = call == CALL_SUBMIT || call == CALL_REPLACE ? 3 : 0; more >= 0;
                     more--)
                    add_case(w, (call_kind)call, (fault_kind)fault, seed * 4 + (uint64_t)more);
    run_all(w);
    for (uint32_t i = 0; i < w->run_count; i++) {
        submits += w->runs[i].kind == CALL_SUBMIT || w->runs[i].kind == CALL_REPLACE;
        again += w->runs[i].denials > 0;
        twins += w->runs[i].twins;
    }
    print_message(
        "counts: %u cases, %u of them orders and replacements; %u sent once more after "
        "the venue had denied having them, %u of these refused because they had arrived\n",
        w->run_count, submits, again, twins);
    assert_true(again > 0 && twins > 0);
    tw_resilient_figures figures;
    tw_resilient_figures_of(w->resilient, &figures);
    assert_int_equal(figures.calls, 0);
    assert_true(figures.attempts > w->run_count / 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_call_survives_every_fault, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("faults of a venue", tests, NULL, NULL);
}
