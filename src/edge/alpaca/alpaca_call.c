/*
 * alpaca_call.c - one call: its place, its way over the wire, and what became of it.
 *
 * A call goes to the HTTP client straight, or through the resilient calls of the configuration,
 * which decide about limits, further attempts and breakers. Either way `on_answer` judges what
 * came of the last attempt.
 *
 * Invariants
 * 1. Only a GET is ever sent twice (`reads`). Everything else asks for a connection of its own,
 *    because libcurl repeats a request when a reused connection dies.
 * 2. A write of which a byte may have left, and that got no answer that says what became of it,
 *    ends as TW_UNKNOWN (judge_write).
 * 3. The place is free again before the caller hears of the end, so that a callback may call.
 * 4. The callback of an HTTP call needs its place; so an ended client keeps its memory until
 *    the last one has come back (`flying_count`). A resilient call that is given up calls nobody.
 * 5. No message contains the secret, the key or the query of a URL.
 */
#include <stdio.h>
#include <string.h>

#include "alpaca_client_priv.h"
#include "tradewind/time.h"

/* ---- places ---- */

alpaca_call *alpaca_call_take(tw_alpaca_client *client, const alpaca_handler *handler) {
    for (uint32_t i = 0; i < client->call_count_max; i++) {
        alpaca_call *call = &client->calls[i];
        if (call->state != CALL_FREE)
            continue;
        call->state = CALL_TAKEN;
        call->client = client;
        call->tries = 0;
        call->until_ns = 0;
        call->kept = false;
        call->handler = *handler;
        client->taken_count++;
        return call;
    }
    return NULL;
}

void alpaca_call_release(alpaca_call *call) {
    TW_ASSERT(call->state == CALL_TAKEN && call->client->taken_count > 0);
    call->state = CALL_FREE;
    call->client->taken_count--;
}

/* ---- judging an answer ---- */

void alpaca_result_fail(tw_alpaca_result *result, tw_status status, const char *message) {
    result->status = status;
    result->message = message;
}

static tw_status status_of_http(uint32_t code) {
    if (code >= 200 && code < 300)
        return TW_OK;
    if (code == 401)
        return TW_AUTH;
    if (code == 404)
        return TW_NOT_FOUND;
    if (code == 429)
        return TW_THROTTLED;
    if (code >= 400 && code < 500)
        return TW_REFUSED;
    return code >= 500 ? TW_REMOTE : TW_PROTOCOL;
}

/* What became of a request that changes something (invariant 2). */
static tw_status judge_write(const tw_http_result *answer) {
    if (answer->status != TW_OK) {
        if (answer->sent)
            return TW_UNKNOWN;
        return answer->status == TW_TIMEOUT ? TW_UNREACHABLE : answer->status;
    }
    bool told = answer->http_status >= 200 && answer->http_status < 500 &&
                answer->http_status / 100 != 3 && answer->http_status != 408;
    return told ? status_of_http(answer->http_status) : TW_UNKNOWN;
}

static int64_t header_number(const tw_http_result *answer, const char *name, int64_t none) {
    tw_slice text;
    int64_t value = 0;
    if (!tw_http_result_header(answer, name, &text) || tw_parse_i64(text, &value) != TW_OK ||
        value < 0)
        return none;
    return value;
}

static void write_message(const alpaca_call *call, const tw_http_result *answer,
                          const tw_alpaca_result *result, char *buffer, size_t size) {
    const char *unknown = result->status == TW_UNKNOWN ? "; whether it happened is not known" : "";
    if (result->status == TW_OK)
        buffer[0] = '\0';
    else if (answer->status != TW_OK)
        snprintf(buffer, size, "%s failed: %s%s", call->method, answer->message, unknown);
    else if (result->problem != NULL)
        snprintf(buffer, size, "the venue answered HTTP %d (code %lld): %s%s", result->http_status,
                 (long long)result->problem->code, result->problem->message, unknown);
    else
        snprintf(buffer, size, "the venue answered HTTP %d: %s%s", result->http_status,
                 tw_status_sentence(status_of_http(answer->http_status)), unknown);
}

static bool worth_another_try(const alpaca_call *call, const tw_http_result *answer) {
    if (!call->reads || call->tries > 1 || call->client->ended || call->client->resilient != NULL)
        return false;
    if (answer->status != TW_OK)
        return answer->status == TW_CLOSED;
    return answer->http_status == 429 || answer->http_status >= 500;
}

/* ---- sending ---- */

static void on_answer(void *context, const tw_http_result *answer);

static void on_resilient(void *context, const tw_resilient_result *result);

/* Venues of cancels and submits have breakers of their own; histories may wait for questions. */
static tw_route_class route_of(const alpaca_call *call) {
    const tw_alpaca_client *client = call->client;
    if (!call->reads)
        return strcmp(call->method, "DELETE") == 0 ? TW_ROUTE_CANCEL : TW_ROUTE_SUBMIT;
    return call->kept && strncmp(call->url, client->data_url, strlen(client->data_url)) == 0
               ? TW_ROUTE_DATA
               : TW_ROUTE_QUERY;
}

static tw_status hand_over(alpaca_call *call, const tw_http_call *http, tw_error *error) {
    tw_alpaca_client *client = call->client;
    if (client->resilient == NULL)
        return tw_http_client_send(client->http, http, on_answer, call, &call->id, error);
    const tw_resilient_call resilient = {.http = *http,
                                         .route = route_of(call),
                                         .kind = call->reads ? TW_RETRY_READ : TW_RETRY_ONCE};
    return tw_resilient_send(client->resilient, &resilient, on_resilient, call, &call->id, error);
}

/* Sets the deadline of a call that begins. */
static void begin_tries(alpaca_call *call, const char *method, int64_t now_ns) {
    const tw_alpaca_client *client = call->client;
    call->method = method;
    call->reads = strcmp(method, "GET") == 0;
    call->deadline_ns = now_ns + (call->reads ? client->deadline_ns : client->order_deadline_ns);
    if (call->until_ns != 0 && call->until_ns < call->deadline_ns)
        call->deadline_ns = call->until_ns;
}

tw_status alpaca_call_send(alpaca_call *call, const char *method, tw_slice body, tw_error *error) {
    TW_ASSERT(call->state == CALL_TAKEN || call->state == CALL_WAITING);
    tw_alpaca_client *client = call->client;
    int64_t now_ns = tw_time_monotonic_ns();
    if (call->tries == 0)
        begin_tries(call, method, now_ns);
    tw_http_header headers[4] = {{tw_slice_of("Accept"), tw_slice_of("application/json")}};
    size_t count = 1;
    if (client->key_id[0] != '\0') {
        headers[count++] =
            (tw_http_header){tw_slice_of("APCA-API-KEY-ID"), tw_slice_of(client->key_id)};
        headers[count++] =
            (tw_http_header){tw_slice_of("APCA-API-SECRET-KEY"), tw_slice_of(client->secret)};
    }
    if (body.size > 0)
        headers[count++] =
            (tw_http_header){tw_slice_of("Content-Type"), tw_slice_of("application/json")};
    tw_http_call http = {
        .method = method,
        .url = call->url,
        .headers = headers,
        .header_count = count,
        .body = body,
        .total_timeout_ns = call->deadline_ns > now_ns ? call->deadline_ns - now_ns : 1,
        .response_size_max = client->body_size_max,
        .single_use_connection = !call->reads,
        .authenticated = client->key_id[0] != '\0',
    };
    if (!call->reads)
        http.priority = strcmp(method, "DELETE") == 0 ? TW_HTTP_CANCEL : TW_HTTP_SUBMIT;
    tw_status status = hand_over(call, &http, error);
    if (status == TW_OK) {
        call->state = CALL_FLYING;
        call->tries++;
        client->flying_count++;
    }
    return status;
}

/* Frees the place and tells the caller (invariant 3). */
static void finish(alpaca_call *call, tw_alpaca_result *result, tw_slice body) {
    tw_alpaca_client *client = call->client;
    alpaca_handler handler = call->handler;
    result->tries = call->tries;
    call->state = CALL_TAKEN;
    if (!call->kept)
        alpaca_call_release(call);
    handler.finish(client, &handler, result, body);
}

static void finish_without_answer(alpaca_call *call, tw_status status, const char *message) {
    tw_alpaca_result result;
    memset(&result, 0, sizeof result);
    result.rate_remaining = -1;
    alpaca_result_fail(&result, status, message);
    finish(call, &result, (tw_slice){NULL, 0});
}

static void finish_unheard(tw_alpaca_client *client, const alpaca_handler *handler,
                           tw_alpaca_result *result, tw_slice body) {
    (void)client;
    (void)handler;
    (void)result;
    (void)body;
}

/* Stops what a call is waiting for. True if on_answer will still come for it. */
static bool call_back(alpaca_call *call) {
    tw_alpaca_client *client = call->client;
    if (call->state == CALL_WAITING)
        tw_loop_timer_stop(call->timer);
    if (call->state != CALL_FLYING)
        return false;
    if (client->resilient == NULL) {
        tw_http_client_cancel(client->http, call->id);
        return true;
    }
    if (tw_resilient_cancel(client->resilient, call->id) == TW_OK)
        client->flying_count--;
    return false;
}

void alpaca_call_abandon(alpaca_call *call) {
    call->kept = false;
    call->handler.finish = finish_unheard;
    if (call_back(call))
        return; /* on_answer frees the place */
    call->state = CALL_TAKEN;
    alpaca_call_release(call);
}

void alpaca_call_end(alpaca_call *call) {
    if (call->state != CALL_WAITING && call->state != CALL_FLYING)
        return;
    bool sent = call->state == CALL_FLYING && !call->reads;
    (void)call_back(call); /* who hears of it now does not hear of it again: the client has ended */
    if (!call->kept)
        finish_without_answer(call, sent ? TW_UNKNOWN : TW_CANCELLED,
                              "the client was ended while the call was in flight");
}

static void on_retry(void *context) {
    alpaca_call *call = context;
    call->timer = NULL;
    tw_error error = {0};
    tw_status status = alpaca_call_send(call, call->method, (tw_slice){NULL, 0}, &error);
    if (status != TW_OK)
        finish_without_answer(call, status, error.message);
}

/* True if the call now waits for its second try. */
static bool wait_for_another_try(alpaca_call *call, const tw_http_result *answer) {
    tw_alpaca_client *client = call->client;
    if (!worth_another_try(call, answer))
        return false;
    if (tw_time_monotonic_ns() + client->retry_delay_ns >= call->deadline_ns)
        return false;
    if (tw_loop_timer_start(client->loop, client->retry_delay_ns, 0, on_retry, call,
                            &call->timer) != TW_OK)
        return false;
    call->state = CALL_WAITING;
    return true;
}

static void on_answer(void *context, const tw_http_result *answer) {
    alpaca_call *call = context;
    tw_alpaca_client *client = call->client;
    TW_ASSERT(client->flying_count > 0);
    client->flying_count--;
    if (client->ended) {
        if (client->flying_count == 0)
            alpaca_client_release(client);
        return;
    }
    TW_ASSERT(call->state == CALL_FLYING);
    if (wait_for_another_try(call, answer))
        return;
    char message[TW_ERROR_MESSAGE_SIZE + TW_ALPACA_MESSAGE_SIZE];
    tw_alpaca_error problem;
    tw_alpaca_result result;
    memset(&result, 0, sizeof result);
    result.http_status = (int)answer->http_status;
    result.rate_remaining = header_number(answer, "X-RateLimit-Remaining", -1);
    int64_t reset = header_number(answer, "X-RateLimit-Reset", 0);
    if (reset > 0 && reset < INT64_MAX / TW_NS_PER_SECOND)
        result.rate_reset_ns = reset * TW_NS_PER_SECOND;
    if (!call->reads)
        result.status = judge_write(answer);
    else
        result.status =
            answer->status != TW_OK ? answer->status : status_of_http(answer->http_status);
    if (result.status != TW_OK && answer->status == TW_OK && answer->body.size > 0 &&
        tw_alpaca_decode_error(client->reader, answer->body, &problem, NULL) == TW_OK &&
        (problem.message[0] != '\0' || problem.code != 0)) {
        problem.http_status = result.http_status;
        result.problem = &problem;
    }
    if (result.status == TW_NOT_FOUND && result.problem == NULL)
        result.status = TW_REMOTE; /* of a gateway: the venue has not said that it knows none */
    write_message(call, answer, &result, message, sizeof message);
    result.message = message;
    finish(call, &result, answer->body);
}

/* The last attempt's answer is judged, or that there was none; TW_STATE is an open breaker's. */
static void on_resilient(void *context, const tw_resilient_result *result) {
    alpaca_call *call = context;
    const tw_http_result none = {.status =
                                     result->status == TW_STATE ? TW_UNREACHABLE : result->status,
                                 .message = result->message};
    call->tries = (int)result->attempts;
    on_answer(call, result->http != NULL ? result->http : &none);
}
