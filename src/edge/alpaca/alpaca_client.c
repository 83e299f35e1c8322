/*
 * alpaca_client.c - calls to Alpaca's REST interface.
 *
 * A call is a place in a table: its URL is written into the place, it is given to the HTTP
 * client, and its answer is turned into a tw_alpaca_result, decoded and handed to the caller.
 *
 * Invariants
 * 1. Only a GET is ever sent twice (`reads`). Everything else asks for a connection of its own,
 *    because libcurl repeats a request when a reused connection dies.
 * 2. A write of which a byte may have left, and that got no answer that says what became of it,
 *    ends as TW_UNKNOWN (judge_write).
 * 3. The place is free again before the caller hears of the end, so that a callback may call.
 * 4. The callback of an HTTP call needs its place; so an ended client keeps its memory until
 *    the last one has come back (`flying_count`).
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

static void client_release(tw_alpaca_client *client) {
    TW_ASSERT(client->flying_count == 0);
    tw_alpaca_reader_free(client->reader);
    alpaca_settlings_free(client);
    if (client->calls != NULL)
        TW_DELETE(client->allocator, client->calls, client->call_count_max, alpaca_call);
    explicit_bzero(client->secret, sizeof client->secret);
    TW_DELETE(client->allocator, client, 1, tw_alpaca_client);
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
    if (!call->reads || call->tries > 1 || call->client->ended)
        return false;
    if (answer->status != TW_OK)
        return answer->status == TW_CLOSED;
    return answer->http_status == 429 || answer->http_status >= 500;
}

/* ---- sending ---- */

static void on_answer(void *context, const tw_http_result *answer);

tw_status alpaca_call_send(alpaca_call *call, const char *method, tw_slice body, tw_error *error) {
    TW_ASSERT(call->state == CALL_TAKEN || call->state == CALL_WAITING);
    tw_alpaca_client *client = call->client;
    int64_t now_ns = tw_time_monotonic_ns();
    if (call->tries == 0) {
        call->method = method;
        call->reads = strcmp(method, "GET") == 0;
        call->deadline_ns =
            now_ns + (call->reads ? client->deadline_ns : client->order_deadline_ns);
        if (call->until_ns != 0 && call->until_ns < call->deadline_ns)
            call->deadline_ns = call->until_ns;
    }
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
    tw_http_call http;
    memset(&http, 0, sizeof http);
    http.method = method;
    http.url = call->url;
    http.headers = headers;
    http.header_count = count;
    http.body = body;
    http.total_timeout_ns = call->deadline_ns > now_ns ? call->deadline_ns - now_ns : 1;
    http.response_size_max = client->body_size_max;
    http.single_use_connection = !call->reads;
    if (!call->reads)
        http.priority = strcmp(method, "DELETE") == 0 ? TW_HTTP_CANCEL : TW_HTTP_SUBMIT;
    http.authenticated = client->key_id[0] != '\0';
    tw_status status = tw_http_client_send(client->http, &http, on_answer, call, &call->id, error);
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

void alpaca_call_abandon(alpaca_call *call) {
    call->kept = false;
    call->handler.finish = finish_unheard;
    if (call->state == CALL_FLYING) {
        tw_http_client_cancel(call->client->http, call->id); /* on_answer frees the place */
        return;
    }
    if (call->state == CALL_WAITING)
        tw_loop_timer_stop(call->timer);
    call->state = CALL_TAKEN;
    alpaca_call_release(call);
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
            client_release(client);
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
    write_message(call, answer, &result, message, sizeof message);
    result.message = message;
    finish(call, &result, answer->body);
}

/* ---- finishing the kinds of call ---- */

/* A 2xx answer whose body cannot be read. */
static void unreadable(tw_alpaca_result *result, tw_status status, const tw_error *error) {
    alpaca_result_fail(result, status, error->message);
}

static void finish_account(tw_alpaca_client *client, const alpaca_handler *handler,
                           tw_alpaca_result *result, tw_slice body) {
    tw_alpaca_account account;
    tw_error error = {0};
    if (result->status == TW_OK) {
        tw_status status = tw_alpaca_decode_account(client->reader, body, &account, &error);
        if (status != TW_OK)
            unreadable(result, status, &error);
    }
    handler->done.account(handler->context, result, result->status == TW_OK ? &account : NULL);
}

static void finish_clock(tw_alpaca_client *client, const alpaca_handler *handler,
                         tw_alpaca_result *result, tw_slice body) {
    tw_alpaca_clock clock;
    tw_error error = {0};
    if (result->status == TW_OK) {
        tw_status status = tw_alpaca_decode_clock(client->reader, body, &clock, &error);
        if (status != TW_OK)
            unreadable(result, status, &error);
    }
    handler->done.clock(handler->context, result, result->status == TW_OK ? &clock : NULL);
}

typedef struct one_order {
    tw_alpaca_order order;
    bool seen;
} one_order;

static void keep_order(void *context, const tw_alpaca_order *order) {
    one_order *one = context;
    if (order->is_leg || one->seen)
        return;
    one->order = *order;
    one->seen = true;
}

/* An order without an id is no order. */
static tw_status decode_one(tw_alpaca_client *client, tw_slice body, one_order *one,
                            tw_error *error) {
    one->seen = false;
    tw_status status = tw_alpaca_decode_orders(client->reader, body, keep_order, one, error);
    if (status == TW_OK && (!one->seen || one->order.order.venue_order_id[0] == '\0'))
        status = tw_error_set(error, TW_PROTOCOL, "the venue's answer is not an order");
    return status;
}

static void finish_order(tw_alpaca_client *client, const alpaca_handler *handler,
                         tw_alpaca_result *result, tw_slice body) {
    one_order one;
    tw_error error = {0};
    if (result->status == TW_OK) {
        tw_status status = decode_one(client, body, &one, &error);
        if (status != TW_OK)
            unreadable(result, status, &error);
    }
    handler->done.order(handler->context, result, result->status == TW_OK ? &one.order : NULL);
}

/* The venue's word for a second order with the same client order id. */
static bool is_twin(const tw_alpaca_result *result) {
    static const char word[] = "client_order_id must be unique";
    return result->status == TW_REFUSED && result->problem != NULL &&
           result->problem->code == 40010001 &&
           strncmp(result->problem->message, word, sizeof word - 1) == 0;
}

/* As finish_order, but an accepted order whose answer cannot be read is an unknown one, and the
 * refusal of a twin is no refusal: the first has arrived, whatever its sender was told. */
void alpaca_finish_submit(tw_alpaca_client *client, const alpaca_handler *handler,
                          tw_alpaca_result *result, tw_slice body) {
    one_order one;
    tw_error error = {0};
    if (is_twin(result))
        result->status = TW_EXISTS;
    if (result->status == TW_OK && decode_one(client, body, &one, &error) != TW_OK)
        unreadable(result, TW_UNKNOWN, &error);
    handler->done.order(handler->context, result, result->status == TW_OK ? &one.order : NULL);
}

static void finish_plain(tw_alpaca_client *client, const alpaca_handler *handler,
                         tw_alpaca_result *result, tw_slice body) {
    (void)client;
    (void)body;
    handler->done.plain(handler->context, result);
}

static void finish_body(tw_alpaca_client *client, const alpaca_handler *handler,
                        tw_alpaca_result *result, tw_slice body) {
    (void)client;
    handler->done.body(handler->context, result, body);
}

static void finish_assets(tw_alpaca_client *client, const alpaca_handler *handler,
                          tw_alpaca_result *result, tw_slice body) {
    tw_error error = {0};
    if (result->status == TW_OK) {
        tw_status status = tw_alpaca_decode_assets(client->reader, body, handler->item.asset,
                                                   handler->context, &error);
        if (status != TW_OK)
            unreadable(result, status, &error);
    }
    handler->done.plain(handler->context, result);
}

static void finish_positions(tw_alpaca_client *client, const alpaca_handler *handler,
                             tw_alpaca_result *result, tw_slice body) {
    tw_error error = {0};
    if (result->status == TW_OK) {
        tw_status status = tw_alpaca_decode_positions(client->reader, body, handler->item.position,
                                                      handler->context, &error);
        if (status != TW_OK)
            unreadable(result, status, &error);
    }
    handler->done.plain(handler->context, result);
}

static void finish_orders(tw_alpaca_client *client, const alpaca_handler *handler,
                          tw_alpaca_result *result, tw_slice body) {
    tw_error error = {0};
    if (result->status == TW_OK) {
        tw_status status = tw_alpaca_decode_orders(client->reader, body, handler->item.order,
                                                   handler->context, &error);
        if (status != TW_OK)
            unreadable(result, status, &error);
    }
    handler->done.plain(handler->context, result);
}

static void finish_entries(tw_alpaca_client *client, const alpaca_handler *handler,
                           tw_alpaca_result *result, tw_slice body) {
    tw_error error = {0};
    if (result->status == TW_OK && body.size > 0 && handler->item.entry != NULL) {
        tw_status status = tw_alpaca_decode_multi_status(client->reader, body, handler->item.entry,
                                                         handler->context, &error);
        if (status != TW_OK)
            unreadable(result, TW_UNKNOWN, &error);
    }
    handler->done.plain(handler->context, result);
}

static void finish_quotes(tw_alpaca_client *client, const alpaca_handler *handler,
                          tw_alpaca_result *result, tw_slice body) {
    tw_error error = {0};
    if (result->status == TW_OK) {
        tw_alpaca_page_options options = {0, TW_SYMBOL_NONE};
        tw_alpaca_events events;
        memset(&events, 0, sizeof events);
        events.context = handler->context;
        events.on_quote = handler->item.quote;
        tw_status status =
            tw_alpaca_decode_page(client->reader, body, &options, &events, NULL, &error);
        if (status != TW_OK)
            unreadable(result, status, &error);
    }
    handler->done.plain(handler->context, result);
}

/* ---- the calls ---- */

alpaca_call *alpaca_begin(tw_alpaca_client *client, const char *base, const char *path,
                          const alpaca_handler *handler, tw_text *ret_url) {
    TW_ASSERT(!client->ended);
    alpaca_call *call = alpaca_call_take(client, handler);
    if (call == NULL)
        return NULL;
    *ret_url = tw_text_over(call->url, sizeof call->url);
    tw_text_append_string(ret_url, base);
    tw_text_append_string(ret_url, path);
    return call;
}

tw_status alpaca_commit(alpaca_call *call, const tw_text *url, const char *method, tw_slice body) {
    tw_status status = url->truncated ? TW_INVALID : alpaca_call_send(call, method, body, NULL);
    if (status != TW_OK)
        alpaca_call_release(call);
    return status;
}

static const tw_slice no_body = {NULL, 0};

tw_status tw_alpaca_client_account(tw_alpaca_client *client, tw_alpaca_account_done on_done,
                                   void *context) {
    alpaca_handler handler = {finish_account, context, {.account = on_done}, {NULL}};
    tw_text url;
    alpaca_call *call = alpaca_begin(client, client->trading_url, "/v2/account", &handler, &url);
    return call == NULL ? TW_FULL : alpaca_commit(call, &url, "GET", no_body);
}

tw_status tw_alpaca_client_clock(tw_alpaca_client *client, tw_alpaca_clock_done on_done,
                                 void *context) {
    alpaca_handler handler = {finish_clock, context, {.clock = on_done}, {NULL}};
    tw_text url;
    alpaca_call *call = alpaca_begin(client, client->trading_url, "/v2/clock", &handler, &url);
    return call == NULL ? TW_FULL : alpaca_commit(call, &url, "GET", no_body);
}

tw_status tw_alpaca_client_assets(tw_alpaca_client *client, const char *status,
                                  tw_alpaca_on_asset on_asset, tw_alpaca_done on_done,
                                  void *context) {
    alpaca_handler handler = {finish_assets, context, {.plain = on_done}, {.asset = on_asset}};
    tw_text url;
    alpaca_call *call = alpaca_begin(client, client->trading_url, "/v2/assets", &handler, &url);
    if (call == NULL)
        return TW_FULL;
    if (status != NULL) {
        tw_text_append_string(&url, "?status=");
        tw_http_encode(tw_slice_of(status), &url);
    }
    return alpaca_commit(call, &url, "GET", no_body);
}

tw_status tw_alpaca_client_positions(tw_alpaca_client *client, tw_alpaca_on_position on_position,
                                     tw_alpaca_done on_done, void *context) {
    alpaca_handler handler = {
        finish_positions, context, {.plain = on_done}, {.position = on_position}};
    tw_text url;
    alpaca_call *call = alpaca_begin(client, client->trading_url, "/v2/positions", &handler, &url);
    return call == NULL ? TW_FULL : alpaca_commit(call, &url, "GET", no_body);
}

static void append_time(tw_text *url, const char *name, int64_t time_ns) {
    char buffer[TW_TIME_TEXT_SIZE];
    size_t size = tw_time_format(time_ns, -1, buffer);
    tw_text_append_string(url, name);
    tw_http_encode((tw_slice){buffer, size}, url);
}

static void append_text(tw_text *url, const char *name, const char *value) {
    if (value == NULL)
        return;
    tw_text_append_string(url, name);
    tw_http_encode(tw_slice_of(value), url);
}

tw_status tw_alpaca_client_orders(tw_alpaca_client *client, const tw_alpaca_orders_query *query,
                                  tw_alpaca_on_order on_order, tw_alpaca_done on_done,
                                  void *context) {
    if (query->limit > 500)
        return TW_INVALID;
    alpaca_handler handler = {finish_orders, context, {.plain = on_done}, {.order = on_order}};
    tw_text url;
    alpaca_call *call =
        alpaca_begin(client, client->trading_url, "/v2/orders?status=", &handler, &url);
    if (call == NULL)
        return TW_FULL;
    tw_http_encode(tw_slice_of(query->status != NULL ? query->status : "open"), &url);
    tw_text_append_format(&url, "&limit=%u&direction=%s", query->limit == 0 ? 500u : query->limit,
                          query->ascending ? "asc" : "desc");
    if (query->after_ns != 0)
        append_time(&url, "&after=", query->after_ns);
    if (query->until_ns != 0)
        append_time(&url, "&until=", query->until_ns);
    if (query->nested)
        tw_text_append_string(&url, "&nested=true");
    append_text(&url, "&symbols=", query->symbols);
    append_text(&url, "&side=", query->side);
    append_text(&url, "&asset_class=", query->asset_class);
    append_text(&url, "&before_order_id=", query->before_order_id);
    append_text(&url, "&after_order_id=", query->after_order_id);
    return alpaca_commit(call, &url, "GET", no_body);
}

tw_status tw_alpaca_client_order(tw_alpaca_client *client, const char *venue_order_id,
                                 tw_alpaca_order_done on_done, void *context) {
    if (venue_order_id[0] == '\0')
        return TW_INVALID;
    alpaca_handler handler = {finish_order, context, {.order = on_done}, {NULL}};
    tw_text url;
    alpaca_call *call = alpaca_begin(client, client->trading_url, "/v2/orders/", &handler, &url);
    if (call == NULL)
        return TW_FULL;
    tw_http_encode(tw_slice_of(venue_order_id), &url);
    return alpaca_commit(call, &url, "GET", no_body);
}

tw_status alpaca_query_until(tw_alpaca_client *client, const char *client_order_id,
                             int64_t until_ns, tw_alpaca_order_done on_done, void *context) {
    if (client_order_id[0] == '\0')
        return TW_INVALID;
    alpaca_handler handler = {finish_order, context, {.order = on_done}, {NULL}};
    tw_text url;
    alpaca_call *call =
        alpaca_begin(client, client->trading_url,
                     "/v2/orders:by_client_order_id?client_order_id=", &handler, &url);
    if (call == NULL)
        return TW_FULL;
    call->until_ns = until_ns;
    tw_http_encode(tw_slice_of(client_order_id), &url);
    return alpaca_commit(call, &url, "GET", no_body);
}

tw_status tw_alpaca_client_order_by_client_id(tw_alpaca_client *client, const char *client_order_id,
                                              tw_alpaca_order_done on_done, void *context) {
    return alpaca_query_until(client, client_order_id, 0, on_done, context);
}

tw_status tw_alpaca_client_submit(tw_alpaca_client *client, const tw_alpaca_order_request *request,
                                  tw_alpaca_order_done on_done, void *context) {
    char buffer[ALPACA_BODY_SIZE];
    tw_text body = tw_text_over(buffer, sizeof buffer);
    tw_alpaca_encode_order_request(&body, request);
    if (request->client_order_id[0] == '\0' || body.truncated)
        return TW_INVALID;
    alpaca_handler handler = {alpaca_finish_submit, context, {.order = on_done}, {NULL}};
    tw_text url;
    alpaca_call *call = alpaca_begin(client, client->trading_url, "/v2/orders", &handler, &url);
    return call == NULL ? TW_FULL : alpaca_commit(call, &url, "POST", tw_text_slice(&body));
}

tw_status tw_alpaca_client_cancel(tw_alpaca_client *client, const char *venue_order_id,
                                  tw_alpaca_done on_done, void *context) {
    if (venue_order_id[0] == '\0')
        return TW_INVALID; /* it would cancel all */
    alpaca_handler handler = {finish_plain, context, {.plain = on_done}, {NULL}};
    tw_text url;
    alpaca_call *call = alpaca_begin(client, client->trading_url, "/v2/orders/", &handler, &url);
    if (call == NULL)
        return TW_FULL;
    tw_http_encode(tw_slice_of(venue_order_id), &url);
    return alpaca_commit(call, &url, "DELETE", no_body);
}

tw_status tw_alpaca_client_cancel_all(tw_alpaca_client *client, tw_alpaca_on_entry on_entry,
                                      tw_alpaca_done on_done, void *context) {
    alpaca_handler handler = {finish_entries, context, {.plain = on_done}, {.entry = on_entry}};
    tw_text url;
    alpaca_call *call = alpaca_begin(client, client->trading_url, "/v2/orders", &handler, &url);
    return call == NULL ? TW_FULL : alpaca_commit(call, &url, "DELETE", no_body);
}

tw_status tw_alpaca_client_latest_quotes(tw_alpaca_client *client, const tw_symbol *symbols,
                                         size_t count, void (*on_quote)(void *, const tw_quote *),
                                         tw_alpaca_done on_done, void *context) {
    if (count == 0 || count > 200)
        return TW_INVALID;
    alpaca_handler handler = {finish_quotes, context, {.plain = on_done}, {.quote = on_quote}};
    tw_text url;
    alpaca_call *call =
        alpaca_begin(client, client->data_url, "/v2/stocks/quotes/latest?symbols=", &handler, &url);
    if (call == NULL)
        return TW_FULL;
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            tw_text_append_char(&url, ',');
        tw_http_encode(tw_slice_of(tw_symbols_name(client->symbols, symbols[i])), &url);
    }
    return alpaca_commit(call, &url, "GET", no_body);
}

tw_status tw_alpaca_client_request(tw_alpaca_client *client, const char *method, const char *path,
                                   tw_slice body, tw_alpaca_body_done on_done, void *context) {
    static const char *const methods[] = {"GET", "POST", "PATCH", "DELETE", "PUT"};
    const char *known = NULL; /* a literal: it outlives the call */
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        if (strcmp(method, methods[i]) == 0)
            known = methods[i];
    if (known == NULL || path[0] != '/')
        return TW_INVALID;
    alpaca_handler handler = {finish_body, context, {.body = on_done}, {NULL}};
    tw_text url;
    alpaca_call *call = alpaca_begin(client, client->trading_url, path, &handler, &url);
    return call == NULL ? TW_FULL : alpaca_commit(call, &url, known, body);
}

/* ---- the client ---- */

/* Copies a base URL without slashes at its end. */
static tw_status copy_base(const char *url, char *buffer) {
    tw_slice text = tw_slice_of(url);
    while (text.size > 0 && text.data[text.size - 1] == '/')
        text.size--;
    if (text.size == 0 || tw_slice_copy(text, buffer, ALPACA_BASE_SIZE) != TW_OK)
        return TW_INVALID;
    return TW_OK;
}

static tw_status copy_config(tw_alpaca_client *client, const tw_alpaca_client_config *config) {
    const char *key = config->key_id != NULL ? config->key_id : "";
    const char *secret = config->secret != NULL ? config->secret : "";
    if (copy_base(config->trading_url, client->trading_url) != TW_OK ||
        copy_base(config->data_url, client->data_url) != TW_OK ||
        tw_slice_copy(tw_slice_of(key), client->key_id, sizeof client->key_id) != TW_OK ||
        tw_slice_copy(tw_slice_of(secret), client->secret, sizeof client->secret) != TW_OK)
        return TW_INVALID;
    client->deadline_ns = config->deadline_ns > 0 ? config->deadline_ns : 10 * TW_NS_PER_SECOND;
    client->order_deadline_ns =
        config->order_deadline_ns > 0 ? config->order_deadline_ns : 5 * TW_NS_PER_SECOND;
    client->retry_delay_ns =
        config->retry_delay_ns > 0 ? config->retry_delay_ns : 250 * TW_NS_PER_MS;
    client->body_size_max = config->body_size_max > 0 ? config->body_size_max : 16u << 20;
    client->call_count_max = config->call_count_max > 0 ? config->call_count_max : 64;
    return TW_OK;
}

tw_status tw_alpaca_client_new(const tw_allocator *allocator, tw_loop *loop, tw_http_client *http,
                               const tw_alpaca_client_config *config, tw_symbols *symbols,
                               tw_alpaca_client **ret_client) {
    tw_alpaca_client *client = TW_NEW(allocator, 1, tw_alpaca_client);
    if (client == NULL)
        return TW_NO_MEMORY;
    client->allocator = allocator;
    client->loop = loop;
    client->http = http;
    client->symbols = symbols;
    tw_status status = copy_config(client, config);
    if (status == TW_OK)
        status =
            tw_alpaca_reader_new(allocator, client->body_size_max, 0, symbols, &client->reader);
    if (status == TW_OK) {
        client->calls = TW_NEW(allocator, client->call_count_max, alpaca_call);
        status = client->calls == NULL ? TW_NO_MEMORY : alpaca_settlings_new(client);
    }
    if (status != TW_OK) {
        client_release(client);
        return status;
    }
    *ret_client = client;
    return TW_OK;
}

void tw_alpaca_client_free(tw_alpaca_client *client) {
    if (client == NULL)
        return;
    TW_ASSERT(!client->ended);
    client->ended = true;
    for (uint32_t i = 0; i < client->call_count_max; i++) {
        alpaca_call *call = &client->calls[i];
        if (call->state == CALL_WAITING)
            tw_loop_timer_stop(call->timer);
        else if (call->state == CALL_FLYING)
            tw_http_client_cancel(client->http, call->id);
        else
            continue;
        bool sent = call->state == CALL_FLYING && !call->reads;
        if (!call->kept)
            finish_without_answer(call, sent ? TW_UNKNOWN : TW_CANCELLED,
                                  "the client was ended while the call was in flight");
    }
    alpaca_fetches_cancel(client);
    alpaca_settlings_cancel(client);
    if (client->flying_count == 0)
        client_release(client);
}

uint32_t tw_alpaca_client_pending(const tw_alpaca_client *client) {
    return client->taken_count;
}
