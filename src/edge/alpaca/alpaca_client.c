/*
 * alpaca_client.c - calls to Alpaca's REST interface.
 *
 * A call is a place in a table (alpaca_call.c): its URL is written into the place, it is sent, and
 * its answer, judged, is decoded here and handed to the caller.
 */
#include <stdio.h>
#include <string.h>

#include "alpaca_client_priv.h"
#include "tradewind/time.h"

void alpaca_client_release(tw_alpaca_client *client) {
    TW_ASSERT(client->flying_count == 0);
    tw_alpaca_reader_free(client->reader);
    alpaca_settlings_free(client);
    if (client->calls != NULL)
        TW_DELETE(client->allocator, client->calls, client->call_count_max, alpaca_call);
    explicit_bzero(client->secret, sizeof client->secret);
    TW_DELETE(client->allocator, client, 1, tw_alpaca_client);
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
    client->resilient = config->resilient;
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
        alpaca_client_release(client);
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
    for (uint32_t i = 0; i < client->call_count_max; i++)
        alpaca_call_end(&client->calls[i]);
    alpaca_fetches_cancel(client);
    alpaca_settlings_cancel(client);
    if (client->flying_count == 0)
        alpaca_client_release(client);
}

uint32_t tw_alpaca_client_pending(const tw_alpaca_client *client) {
    return client->taken_count;
}
