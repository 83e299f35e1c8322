/*
 * wire_alpaca.c - the client and the streams against a small server that speaks Alpaca's words,
 * over real sockets, in one loop.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "failing_heap.h"
#include "tradewind/alpaca_client.h"
#include "tradewind/alpaca_records.h"
#include "tradewind/alpaca_stream.h"
#include "tradewind/time.h"

#define ORDER_ID "61e69015-8549-4bfd-b9c3-01e75843f47d"
#define DEADLINE_NS (4 * TW_NS_PER_SECOND)

typedef struct world {
    tw_loop *loop;
    tw_http_server *server;
    tw_http_client *http;
    tw_symbols *symbols;
    tw_alpaca_client *client;
    tw_alpaca_reader *reader; /* the server's */
    tw_socket *socket;        /* the server's end of a stream */
    char url[64];
    unsigned hits;           /* requests seen */
    unsigned submits;        /* POST /v2/orders seen */
    unsigned clock_failures; /* 429s still to be answered */
    unsigned chunks;         /* subscribe messages seen */
    unsigned subscribed;     /* names subscribed so far */
    bool refuse_key;
    char seen[1024];

    /* what came back */
    bool done;
    tw_status status;
    int http_status;
    int64_t code;
    int64_t rate_remaining;
    int tries;
    tw_alpaca_order order;
    tw_alpaca_account account;
    bool has_value;
    char log[4096];
    char message[1024];
} world;

/* ---- the server ---- */

static void answer_with(tw_http_reply *reply, uint32_t status, const char *body) {
    tw_http_header header = {tw_slice_of("X-RateLimit-Remaining"), tw_slice_of("199")};
    tw_http_answer answer;
    memset(&answer, 0, sizeof answer);
    answer.status = status;
    answer.content_type = "application/json";
    answer.body = tw_slice_of(body);
    answer.headers = &header;
    answer.header_count = 1;
    assert_int_equal(tw_http_reply_send(reply, &answer, NULL), TW_OK);
}

static void answer_order(world *w, tw_http_reply *reply, const tw_alpaca_order_request *request) {
    char buffer[4096];
    tw_text text = tw_text_over(buffer, sizeof buffer);
    tw_alpaca_order order;
    memset(&order, 0, sizeof order);
    (void)w;
    strcpy(order.order.venue_order_id, ORDER_ID);
    memcpy(order.order.client_order_id, request->client_order_id,
           sizeof order.order.client_order_id);
    memcpy(order.symbol, request->symbol, sizeof order.symbol);
    order.order.quantity = request->quantity;
    order.order.limit_price = request->limit_price;
    order.order.side = request->side;
    order.order.type = request->type;
    order.order.status = TW_ORDER_NEW;
    tw_alpaca_encode_order(&text, &order, NULL, 0);
    answer_with(reply, 200, buffer);
}

static void on_submit(world *w, const tw_http_request *request, tw_http_reply *reply) {
    tw_alpaca_order_request body;
    assert_int_equal(
        tw_alpaca_decode_order_request(w->reader, tw_http_request_body(request), &body, NULL),
        TW_OK);
    w->submits++;
    if (strcmp(body.client_order_id, "poor") == 0)
        answer_with(reply, 403, "{\"code\":40310000,\"message\":\"insufficient buying power\"}");
    else if (strcmp(body.client_order_id, "busy") == 0)
        answer_with(reply, 429, "{\"code\":42910000,\"message\":\"rate limit exceeded\"}");
    else if (strcmp(body.client_order_id, "gateway") == 0)
        answer_with(reply, 504, "<html>gateway time-out</html>");
    else if (strcmp(body.client_order_id, "garbage") == 0)
        answer_with(reply, 200, "{\"id\":");
    else if (strcmp(body.client_order_id, "reset") == 0)
        tw_http_reply_reset(reply);
    else if (strcmp(body.client_order_id, "mute") != 0) /* that one is never answered */
        answer_order(w, reply, &body);
}

/* The server's end of the streams. */
static void send_text(tw_socket *socket, const char *text) {
    assert_int_equal(tw_socket_send(socket, TW_SOCKET_TEXT, tw_slice_of(text)), TW_OK);
}

static void count_name(void *context, const tw_alpaca_command *command, tw_alpaca_channel channel,
                       tw_slice name) {
    world *w = context;
    (void)command;
    (void)name;
    if (channel == TW_ALPACA_CHANNEL_TRADES)
        w->subscribed++;
}

static void on_server_message(void *context, tw_socket *socket, const tw_socket_message *message) {
    world *w = context;
    tw_alpaca_command command;
    assert_int_equal(
        tw_alpaca_decode_command(w->reader, message->data, &command, count_name, w, NULL), TW_OK);
    switch ((tw_alpaca_action)command.action) {
    case TW_ALPACA_ACTION_AUTH:
        assert_string_equal(command.key, "KEY");
        assert_string_equal(command.secret, "SECRET");
        send_text(socket, w->refuse_key ? "[{\"T\":\"error\",\"code\":402,\"msg\":\"auth failed\"}]"
                                        : "[{\"T\":\"success\",\"msg\":\"authenticated\"}]");
        break;
    case TW_ALPACA_ACTION_SUBSCRIBE:
        w->chunks++;
        send_text(socket, "[{\"T\":\"subscription\",\"trades\":[\"A\"]}]");
        if (w->chunks == 3)
            send_text(socket, "[{\"T\":\"t\",\"S\":\"A\",\"p\":1.5,\"s\":2,\"i\":9},"
                              "{\"T\":\"q\",\"S\":\"A\",\"bp\":1},{\"T\":\"zz\"},"
                              "{\"T\":\"x\",\"S\":\"A\",\"i\":9,\"a\":\"C\"},"
                              "{\"T\":\"t\",\"S\":\"A\",\"p\":\"much\"},"
                              "{\"T\":\"b\",\"S\":\"B\",\"c\":3}]");
        break;
    case TW_ALPACA_ACTION_AUTHENTICATE:
        send_text(socket, w->refuse_key ? "{\"stream\":\"authorization\",\"data\":{\"status\":"
                                          "\"unauthorized\",\"action\":\"authenticate\"}}"
                                        : "{\"stream\":\"authorization\",\"data\":{\"status\":"
                                          "\"authorized\",\"action\":\"authenticate\"}}");
        break;
    case TW_ALPACA_ACTION_LISTEN:
        assert_true(command.trade_updates);
        send_text(socket, "{\"stream\":\"listening\",\"data\":{\"streams\":[\"trade_updates\"]}}");
        assert_int_equal(
            tw_socket_send(socket, TW_SOCKET_BINARY,
                           tw_slice_of("{\"stream\":\"trade_updates\",\"data\":{\"event\":"
                                       "\"fill\",\"price\":\"10\",\"qty\":\"3\",\"order\":{"
                                       "\"client_order_id\":\"tw-1\"}}}")),
            TW_OK);
        break;
    case TW_ALPACA_ACTION_OTHER:
    case TW_ALPACA_ACTION_UNSUBSCRIBE:
        fail_msg("unexpected action %s", command.action_word);
    }
}

static void on_server_open(void *context, tw_socket *socket) {
    (void)context;
    send_text(socket, "[{\"T\":\"success\",\"msg\":\"connected\"}]");
}

static void on_upgrade(void *context, int fd, tw_slice early, bool market) {
    world *w = context;
    assert_true(fd >= 0);
    tw_socket_config config;
    memset(&config, 0, sizeof config);
    config.on_open = market ? on_server_open : NULL;
    config.on_message = on_server_message;
    config.context = w;
    tw_socket_free(w->socket);
    w->socket = NULL;
    assert_int_equal(tw_socket_accept(w->loop, fd, early, &config, &w->socket, NULL), TW_OK);
}

static void on_market_upgrade(void *context, int fd, tw_slice early) {
    on_upgrade(context, fd, early, true);
}

static void on_trading_upgrade(void *context, int fd, tw_slice early) {
    on_upgrade(context, fd, early, false);
}

static void on_order_path(world *w, tw_slice method, tw_slice path, tw_http_reply *reply) {
    tw_alpaca_order_request request;
    memset(&request, 0, sizeof request);
    if (tw_slice_equal_string(path, "/v2/orders/" ORDER_ID)) {
        if (tw_slice_equal_string(method, "DELETE"))
            answer_with(reply, 204, "");
        else
            answer_order(w, reply, &request);
        return;
    }
    answer_with(reply, 404, "{\"code\":40410000,\"message\":\"order not found\"}");
}

static void on_orders(world *w, const tw_http_request *request, tw_http_reply *reply) {
    tw_slice method = tw_http_request_method(request);
    tw_slice value;
    if (tw_slice_equal_string(method, "POST")) {
        on_submit(w, request, reply);
    } else if (tw_slice_equal_string(method, "DELETE")) {
        answer_with(reply, 207,
                    "[{\"id\":\"a\",\"status\":200},{\"id\":\"b\",\"status\":422,"
                    "\"body\":{\"code\":42210000,\"message\":\"filled\"}}]");
    } else {
        assert_true(tw_http_request_query(request, "status", &value));
        assert_true(tw_slice_equal_string(value, "closed"));
        assert_true(tw_http_request_query(request, "limit", &value));
        assert_true(tw_slice_equal_string(value, "7"));
        answer_with(reply, 200, "[{\"id\":\"x\"},{\"id\":\"y\",\"status\":\"filled\"}]");
    }
}

static void on_clock(world *w, tw_http_reply *reply) {
    if (w->clock_failures > 0) {
        w->clock_failures--;
        answer_with(reply, 429, "{\"code\":42910000,\"message\":\"rate limit exceeded\"}");
        return;
    }
    answer_with(reply, 200, "{\"timestamp\":\"2024-01-02T14:30:00Z\",\"is_open\":true}");
}

static void serve(void *context, const tw_http_request *request, tw_http_reply *reply) {
    world *w = context;
    tw_slice path = tw_http_request_path(request);
    tw_slice value;
    w->hits++;
    if (tw_slice_equal_string(path, "/v2/iex")) {
        assert_int_equal(tw_http_reply_upgrade(reply, on_market_upgrade, w, NULL), TW_OK);
        return;
    }
    if (tw_slice_equal_string(path, "/stream")) {
        assert_int_equal(tw_http_reply_upgrade(reply, on_trading_upgrade, w, NULL), TW_OK);
        return;
    }
    assert_true(tw_http_request_header(request, "APCA-API-SECRET-KEY", &value));
    assert_true(tw_slice_equal_string(value, "SECRET"));
    if (tw_slice_equal_string(path, "/v2/account"))
        answer_with(reply, 200, "{\"id\":\"acc\",\"cash\":\"12.5\",\"status\":\"ACTIVE\"}");
    else if (tw_slice_equal_string(path, "/v2/clock"))
        on_clock(w, reply);
    else if (tw_slice_equal_string(path, "/v2/assets"))
        answer_with(reply, 200, "[{\"symbol\":\"A\"},{\"symbol\":\"B\"}]");
    else if (tw_slice_equal_string(path, "/v2/positions"))
        answer_with(reply, 200, "[{\"symbol\":\"A\",\"qty\":\"-2\",\"side\":\"short\"}]");
    else if (tw_slice_equal_string(path, "/v2/orders"))
        on_orders(w, request, reply);
    else if (tw_slice_equal_string(path, "/v2/orders:by_client_order_id")) {
        assert_true(tw_http_request_query(request, "client_order_id", &value));
        assert_true(tw_slice_equal_string(value, "a b/c"));
        answer_with(reply, 200, "{\"id\":\"found\",\"client_order_id\":\"a b/c\"}");
    } else if (tw_slice_starts_with(path, "/v2/orders/"))
        on_order_path(w, tw_http_request_method(request), path, reply);
    else if (tw_slice_equal_string(path, "/v2/stocks/quotes/latest"))
        answer_with(reply, 200, "{\"quotes\":{\"A\":{\"bp\":1.5},\"B\":{\"ap\":2}}}");
    else if (tw_slice_equal_string(path, "/sim/clock/step")) {
        assert_int_equal(tw_slice_copy(tw_http_request_body(request), w->seen, sizeof w->seen),
                         TW_OK);
        answer_with(reply, 200, "{\"now\":1}");
    } else
        answer_with(reply, 500, "{\"message\":\"internal server error occurred\"}");
}

/* ---- fixture ---- */

static int set_up(void **state) {
    static world w;
    memset(&w, 0, sizeof w);
    tw_http_server_config server = {0};
    server.handler = serve;
    server.context = &w;
    if (tw_loop_new(NULL, &w.loop, NULL) != TW_OK ||
        tw_http_server_start(w.loop, &server, &w.server, NULL) != TW_OK ||
        tw_http_client_new(w.loop, NULL, &w.http, NULL) != TW_OK ||
        tw_symbols_new(NULL, 256, &w.symbols) != TW_OK ||
        tw_alpaca_reader_new(NULL, 65536, 0, w.symbols, &w.reader) != TW_OK)
        return -1;
    snprintf(w.url, sizeof w.url, "http://127.0.0.1:%u/", tw_http_server_port(w.server));
    tw_alpaca_client_config config = {0};
    config.trading_url = w.url;
    config.data_url = w.url;
    config.key_id = "KEY";
    config.secret = "SECRET";
    config.retry_delay_ns = TW_NS_PER_MS;
    config.order_deadline_ns = 200 * TW_NS_PER_MS;
    config.body_size_max = 1u << 20;
    config.call_count_max = 8;
    if (tw_alpaca_client_new(NULL, w.loop, w.http, &config, w.symbols, &w.client) != TW_OK)
        return -1;
    *state = &w;
    return 0;
}

static int tear_down(void **state) {
    world *w = *state;
    tw_alpaca_client_free(w->client);
    tw_http_client_free(w->http);
    tw_socket_free(w->socket);
    tw_http_server_free(w->server);
    tw_alpaca_reader_free(w->reader);
    tw_symbols_free(w->symbols);
    tw_loop_free(w->loop);
    return 0;
}

static void run(world *w) {
    int64_t end_ns = tw_time_monotonic_ns() + DEADLINE_NS;
    while (!w->done) {
        if (tw_time_monotonic_ns() > end_ns)
            fail_msg("nothing came in time");
        assert_int_equal(tw_loop_turn(w->loop, 50 * TW_NS_PER_MS, NULL, NULL), TW_OK);
    }
    w->done = false;
}

static tw_symbol symbol(world *w, const char *name) {
    tw_symbol index = TW_SYMBOL_NONE;
    assert_int_equal(tw_symbols_intern(w->symbols, tw_slice_of(name), &index), TW_OK);
    return index;
}

static void keep(world *w, const tw_alpaca_result *result) {
    w->done = true;
    w->status = result->status;
    w->http_status = result->http_status;
    w->code = result->problem != NULL ? result->problem->code : 0;
    w->rate_remaining = result->rate_remaining;
    w->tries = result->tries;
    snprintf(w->message, sizeof w->message, "%s", result->message);
    assert_null(strstr(w->message, "SECRET"));
    assert_true((result->status == TW_OK) == (result->message[0] == '\0'));
}

static void note(world *w, const char *format, ...) TW_PRINTF(2, 3);
static void note(world *w, const char *format, ...) {
    size_t used = strlen(w->log);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(w->log + used, sizeof w->log - used, format, arguments);
    va_end(arguments);
}

static void on_account(void *context, const tw_alpaca_result *result,
                       const tw_alpaca_account *account) {
    world *w = context;
    keep(w, result);
    w->has_value = account != NULL;
    if (account != NULL)
        w->account = *account;
}
static void on_clock_done(void *context, const tw_alpaca_result *result,
                          const tw_alpaca_clock *clock) {
    keep(context, result);
    ((world *)context)->has_value = clock != NULL && clock->is_open;
}
static void on_order_done(void *context, const tw_alpaca_result *result,
                          const tw_alpaca_order *order) {
    world *w = context;
    keep(w, result);
    w->has_value = order != NULL;
    assert_true((order != NULL) == (result->status == TW_OK));
    if (order != NULL)
        w->order = *order;
}
static void on_done(void *context, const tw_alpaca_result *result) {
    keep(context, result);
}
static void on_body(void *context, const tw_alpaca_result *result, tw_slice body) {
    keep(context, result);
    note(context, "%.*s", (int)body.size, body.data);
}
static void on_asset(void *context, const tw_alpaca_asset *asset) {
    note(context, "%s;", asset->symbol);
}
static void on_position(void *context, const tw_alpaca_position *position) {
    note(context, "%s %lld;", position->symbol,
         (long long)(position->position.quantity.nano / TW_NANO));
}
static void on_order_item(void *context, const tw_alpaca_order *order) {
    note(context, "%s;", order->order.venue_order_id);
}
static void on_entry(void *context, tw_slice name, int status, const tw_alpaca_error *problem) {
    note(context, "%.*s %d %s;", (int)name.size, name.data, status,
         problem != NULL ? problem->message : "-");
}
static void on_quote_item(void *context, const tw_quote *quote) {
    world *w = context;
    note(w, "%s;", tw_symbols_name(w->symbols, quote->symbol));
}

static tw_status submit(world *w, const char *client_order_id) {
    tw_alpaca_order_request request;
    memset(&request, 0, sizeof request);
    strcpy(request.symbol, "AAPL");
    snprintf(request.client_order_id, sizeof request.client_order_id, "%s", client_order_id);
    request.quantity.nano = 3 * TW_NANO;
    request.limit_price.nano = 101 * TW_NANO / 10;
    request.side = TW_SIDE_BUY;
    request.type = TW_ORDER_LIMIT;
    return tw_alpaca_client_submit(w->client, &request, on_order_done, w);
}

static void submit_and_wait(world *w, const char *client_order_id) {
    assert_int_equal(submit(w, client_order_id), TW_OK);
    assert_false(w->done);
    run(w);
    assert_int_equal(tw_alpaca_client_pending(w->client), 0);
}

/* ---- reading calls ---- */

static void test_the_account_is_decoded(void **state) {
    world *w = *state;
    assert_int_equal(tw_alpaca_client_account(w->client, on_account, w), TW_OK);
    run(w);
    assert_int_equal(w->status, TW_OK);
    assert_int_equal(w->http_status, 200);
    assert_int_equal(w->rate_remaining, 199);
    assert_int_equal(w->account.cash.nano, 12500000000);
}

static void test_lists_are_delivered_in_order(void **state) {
    world *w = *state;
    assert_int_equal(tw_alpaca_client_assets(w->client, "active", on_asset, on_done, w), TW_OK);
    run(w);
    assert_int_equal(tw_alpaca_client_positions(w->client, on_position, on_done, w), TW_OK);
    run(w);
    tw_alpaca_orders_query query = {0};
    query.status = "closed";
    query.limit = 7;
    assert_int_equal(tw_alpaca_client_orders(w->client, &query, on_order_item, on_done, w), TW_OK);
    run(w);
    tw_symbol symbols[] = {symbol(w, "A"), symbol(w, "B")};
    assert_int_equal(
        tw_alpaca_client_latest_quotes(w->client, symbols, 2, on_quote_item, on_done, w), TW_OK);
    run(w);
    assert_int_equal(w->status, TW_OK);
    assert_string_equal(w->log, "A;B;A -2;x;y;A;B;");
}

static void test_a_get_that_met_429_is_tried_once_more(void **state) {
    world *w = *state;
    w->clock_failures = 1;
    assert_int_equal(tw_alpaca_client_clock(w->client, on_clock_done, w), TW_OK);
    run(w);
    assert_int_equal(w->status, TW_OK);
    assert_true(w->has_value);
    assert_int_equal(w->tries, 2);
    assert_int_equal(w->hits, 2);
    w->clock_failures = 5;
    assert_int_equal(tw_alpaca_client_clock(w->client, on_clock_done, w), TW_OK);
    run(w);
    assert_int_equal(w->status, TW_THROTTLED);
    assert_int_equal(w->code, 42910000);
    assert_int_equal(w->hits, 4);
}

static void test_an_order_can_be_asked_for_by_either_id(void **state) {
    world *w = *state;
    assert_int_equal(tw_alpaca_client_order(w->client, ORDER_ID, on_order_done, w), TW_OK);
    run(w);
    assert_string_equal(w->order.order.venue_order_id, ORDER_ID);
    assert_int_equal(tw_alpaca_client_order_by_client_id(w->client, "a b/c", on_order_done, w),
                     TW_OK);
    run(w);
    assert_string_equal(w->order.order.venue_order_id, "found");
    assert_int_equal(tw_alpaca_client_order(w->client, "nobody", on_order_done, w), TW_OK);
    run(w);
    assert_int_equal(w->status, TW_NOT_FOUND);
    assert_int_equal(w->code, 40410000);
}

static void test_a_control_call_carries_its_body(void **state) {
    world *w = *state;
    assert_int_equal(tw_alpaca_client_request(w->client, "POST", "/sim/clock/step",
                                              tw_slice_of("{\"by\":\"1m\"}"), on_body, w),
                     TW_OK);
    run(w);
    assert_string_equal(w->seen, "{\"by\":\"1m\"}");
    assert_string_equal(w->log, "{\"now\":1}");
    assert_int_equal(
        tw_alpaca_client_request(w->client, "POST", "/sim/none", tw_slice_of("{}"), on_body, w),
        TW_OK);
    run(w);
    assert_int_equal(w->status, TW_UNKNOWN);
    assert_int_equal(w->hits, 2);
}

/* ---- orders ---- */

static void test_an_accepted_order_comes_back(void **state) {
    world *w = *state;
    submit_and_wait(w, "tw-1");
    assert_int_equal(w->status, TW_OK);
    assert_string_equal(w->order.order.venue_order_id, ORDER_ID);
    assert_string_equal(w->order.order.client_order_id, "tw-1");
    assert_int_equal(w->order.order.limit_price.nano, 10100000000);
    assert_int_equal(w->order.order.side, TW_SIDE_BUY);
}

static void test_a_rejected_order_says_why(void **state) {
    world *w = *state;
    submit_and_wait(w, "poor");
    assert_int_equal(w->status, TW_REFUSED);
    assert_int_equal(w->http_status, 403);
    assert_int_equal(w->code, 40310000);
    assert_non_null(strstr(w->message, "insufficient buying power"));
}

static void test_no_order_is_ever_sent_twice(void **state) {
    world *w = *state;
    submit_and_wait(w, "busy");
    assert_int_equal(w->status, TW_THROTTLED);
    submit_and_wait(w, "gateway");
    assert_int_equal(w->status, TW_UNKNOWN);
    submit_and_wait(w, "reset");
    assert_int_equal(w->status, TW_UNKNOWN);
    submit_and_wait(w, "garbage");
    assert_int_equal(w->status, TW_UNKNOWN);
    submit_and_wait(w, "mute");
    assert_int_equal(w->status, TW_UNKNOWN);
    assert_int_equal(w->tries, 1);
    assert_int_equal(w->submits, 5);
}

static void test_an_order_that_never_left_is_not_unknown(void **state) {
    world *w = *state;
    tw_http_server_free(w->server);
    w->server = NULL;
    submit_and_wait(w, "tw-1");
    assert_int_equal(w->status, TW_UNREACHABLE);
    assert_int_equal(w->submits, 0);
}

static void test_an_order_needs_a_client_order_id(void **state) {
    world *w = *state;
    assert_int_equal(submit(w, ""), TW_INVALID);
    assert_int_equal(tw_alpaca_client_cancel(w->client, "", on_done, w), TW_INVALID);
    assert_int_equal(tw_alpaca_client_pending(w->client), 0);
}

static void test_cancels(void **state) {
    world *w = *state;
    assert_int_equal(tw_alpaca_client_cancel(w->client, ORDER_ID, on_done, w), TW_OK);
    run(w);
    assert_int_equal(w->status, TW_OK);
    assert_int_equal(w->http_status, 204);
    assert_int_equal(tw_alpaca_client_cancel_all(w->client, on_entry, on_done, w), TW_OK);
    run(w);
    assert_int_equal(w->http_status, 207);
    assert_string_equal(w->log, "a 200 -;b 422 filled;");
}

static void test_calls_in_flight_are_bounded(void **state) {
    world *w = *state;
    for (int i = 0; i < 8; i++)
        assert_int_equal(tw_alpaca_client_account(w->client, on_account, w), TW_OK);
    assert_int_equal(tw_alpaca_client_account(w->client, on_account, w), TW_FULL);
    assert_int_equal(tw_alpaca_client_pending(w->client), 8);
    while (tw_alpaca_client_pending(w->client) > 0)
        run(w);
    assert_int_equal(tw_alpaca_client_account(w->client, on_account, w), TW_OK);
    run(w);
}

static void test_ending_the_client_tells_every_caller(void **state) {
    world *w = *state;
    assert_int_equal(submit(w, "mute"), TW_OK);
    while (w->submits == 0)
        assert_int_equal(tw_loop_turn(w->loop, 50 * TW_NS_PER_MS, NULL, NULL), TW_OK);
    assert_false(w->done);
    tw_alpaca_client_free(w->client);
    w->client = NULL;
    assert_true(w->done);
    assert_int_equal(w->status, TW_UNKNOWN);
}

/* ---- streams ---- */

static void on_ready(void *context) {
    note(context, "ready ");
}
static void on_stream_trade(void *context, const tw_trade *trade, int64_t received_ns) {
    note(context, "trade%llu ", (unsigned long long)trade->id);
    assert_true(received_ns > 0);
}
static void on_stream_quote(void *context, const tw_quote *quote, int64_t received_ns) {
    (void)quote;
    (void)received_ns;
    note(context, "quote ");
}
static void on_stream_bar(void *context, const tw_bar *bar, int64_t received_ns) {
    (void)bar;
    (void)received_ns;
    note(context, "bar ");
    ((world *)context)->done = true;
}
static void on_stream_record(void *context, const tw_alpaca_record *record, int64_t received_ns) {
    assert_int_equal(record->kind, TW_ALPACA_RECORD_CANCEL_ERROR);
    note(context, "cancelled%llu ", (unsigned long long)record->as.cancel_error->id);
    assert_true(received_ns > 0);
}
static void on_update(void *context, const tw_alpaca_order_update *update, int64_t received_ns) {
    (void)received_ns;
    note(context, "%s:%s ", update->event_word, update->order.order.client_order_id);
    ((world *)context)->done = true;
}
static void on_down(void *context, tw_status status, const char *reason) {
    note(context, "down:%s ", tw_status_name(status));
    assert_null(strstr(reason, "SECRET"));
    ((world *)context)->done = true;
}

static tw_alpaca_stream *open_stream(world *w, tw_alpaca_stream_kind kind, const char *path) {
    static const char *const names[] = {"A", "B", "C", "D", "E"};
    char url[96];
    snprintf(url, sizeof url, "ws://127.0.0.1:%u%s", tw_http_server_port(w->server), path);
    tw_alpaca_stream_config config = {0};
    config.kind = kind;
    config.url = url;
    config.key_id = "KEY";
    config.secret = "SECRET";
    config.channels = TW_ALPACA_CHANNEL_TRADES | TW_ALPACA_CHANNEL_QUOTES;
    config.names = names;
    config.name_count = kind == TW_ALPACA_STREAM_MARKET_DATA ? 5 : 0;
    config.names_per_message = 2;
    config.handshake_timeout_ns = 300 * TW_NS_PER_MS;
    config.frame_size_max = 65536;
    tw_alpaca_stream_callbacks callbacks = {0};
    callbacks.context = w;
    callbacks.on_ready = on_ready;
    callbacks.on_trade = on_stream_trade;
    callbacks.on_quote = on_stream_quote;
    callbacks.on_bar = on_stream_bar;
    callbacks.on_order_update = on_update;
    callbacks.on_record = on_stream_record;
    callbacks.on_down = on_down;
    tw_alpaca_stream *stream = NULL;
    assert_int_equal(tw_alpaca_stream_new(NULL, w->loop, &config, &callbacks, w->symbols, &stream),
                     TW_OK);
    assert_int_equal(tw_alpaca_stream_open(stream, NULL), TW_OK);
    assert_int_equal(tw_alpaca_stream_open(stream, NULL), TW_STATE);
    return stream;
}

static void test_market_data_is_subscribed_in_chunks_and_decoded(void **state) {
    world *w = *state;
    tw_alpaca_stream *stream = open_stream(w, TW_ALPACA_STREAM_MARKET_DATA, "/v2/iex");
    run(w);
    assert_string_equal(w->log, "ready trade9 quote cancelled9 bar ");
    assert_int_equal(w->chunks, 3);
    assert_int_equal(w->subscribed, 5);
    tw_alpaca_stream_counts counts = tw_alpaca_stream_counts_of(stream);
    assert_int_equal(counts.records, 4);
    assert_int_equal(counts.others, 1);
    assert_int_equal(counts.bad, 1);
    assert_int_equal(tw_alpaca_stream_state_of(stream), TW_ALPACA_STREAM_READY);
    tw_alpaca_stream_free(stream);
}

static void test_a_stream_that_went_down_can_be_opened_again(void **state) {
    world *w = *state;
    tw_alpaca_stream *stream = open_stream(w, TW_ALPACA_STREAM_MARKET_DATA, "/v2/iex");
    run(w);
    w->log[0] = '\0';
    w->chunks = 0;
    tw_socket_close(w->socket, TW_SOCKET_GOING_AWAY, "bye");
    run(w);
    assert_string_equal(w->log, "down:TW_CLOSED ");
    assert_int_equal(tw_alpaca_stream_state_of(stream), TW_ALPACA_STREAM_CLOSED);
    w->log[0] = '\0';
    assert_int_equal(tw_alpaca_stream_open(stream, NULL), TW_OK);
    run(w);
    assert_string_equal(w->log, "ready trade9 quote cancelled9 bar ");
    assert_int_equal(w->chunks, 3);
    send_text(w->socket, "[{\"T\":\"error\",\"code\":407,\"msg\":\"slow client\"}]");
    run(w);
    assert_non_null(strstr(w->log, "down:TW_THROTTLED "));
    w->log[0] = '\0';
    w->chunks = 0;
    assert_int_equal(tw_alpaca_stream_open(stream, NULL), TW_OK);
    run(w);
    send_text(w->socket, "[{\"T\":");
    run(w);
    assert_non_null(strstr(w->log, "down:TW_PARSE "));
    tw_alpaca_stream_free(stream);
}

static void test_refused_credentials_are_final(void **state) {
    world *w = *state;
    w->refuse_key = true;
    tw_alpaca_stream *stream = open_stream(w, TW_ALPACA_STREAM_MARKET_DATA, "/v2/iex");
    run(w);
    assert_string_equal(w->log, "down:TW_AUTH ");
    tw_alpaca_stream_free(stream);
    stream = open_stream(w, TW_ALPACA_STREAM_TRADING, "/stream");
    run(w);
    assert_string_equal(w->log, "down:TW_AUTH down:TW_AUTH ");
    tw_alpaca_stream_free(stream);
}

static void test_updates_come_from_binary_frames(void **state) {
    world *w = *state;
    tw_alpaca_stream *stream = open_stream(w, TW_ALPACA_STREAM_TRADING, "/stream");
    run(w);
    assert_string_equal(w->log, "ready fill:tw-1 ");
    tw_alpaca_stream_close(stream);
    assert_int_equal(tw_alpaca_stream_state_of(stream), TW_ALPACA_STREAM_CLOSED);
    tw_alpaca_stream_free(stream);
}

static void test_a_server_that_never_welcomes_times_out(void **state) {
    world *w = *state;
    /* The trading end sends no welcome, which the market data stream waits for. */
    tw_alpaca_stream *stream = open_stream(w, TW_ALPACA_STREAM_MARKET_DATA, "/stream");
    run(w);
    assert_string_equal(w->log, "down:TW_TIMEOUT ");
    tw_alpaca_stream_free(stream);
}

/* ---- memory ---- */

static tw_status make_client(const tw_allocator *allocator, void *context) {
    world *w = context;
    tw_alpaca_client_config config = {0};
    config.trading_url = "http://127.0.0.1";
    config.data_url = "http://127.0.0.1";
    config.body_size_max = 100;
    tw_alpaca_client *client = NULL;
    tw_status status =
        tw_alpaca_client_new(allocator, w->loop, w->http, &config, w->symbols, &client);
    if (status != TW_OK)
        return status;
    tw_alpaca_client_free(client);
    return status;
}

static tw_status make_stream(const tw_allocator *allocator, void *context) {
    static const char *const names[] = {"A", "B"};
    world *w = context;
    tw_alpaca_stream_config config = {0};
    config.url = "ws://127.0.0.1/";
    config.channels = TW_ALPACA_CHANNEL_TRADES;
    config.names = names;
    config.name_count = 2;
    config.frame_size_max = 100;
    tw_alpaca_stream_callbacks callbacks = {0};
    tw_alpaca_stream *stream = NULL;
    tw_status status =
        tw_alpaca_stream_new(allocator, w->loop, &config, &callbacks, w->symbols, &stream);
    tw_alpaca_stream_free(stream);
    return status;
}

static void test_client_and_stream_leave_nothing_when_memory_runs_out(void **state) {
    world *w = *state;
    (void)symbol(w, "A");
    assert_survives_failed_allocations(make_client, w);
    assert_survives_failed_allocations(make_stream, w);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(test_the_account_is_decoded),
        CASE(test_lists_are_delivered_in_order),
        CASE(test_a_get_that_met_429_is_tried_once_more),
        CASE(test_an_order_can_be_asked_for_by_either_id),
        CASE(test_a_control_call_carries_its_body),
        CASE(test_an_accepted_order_comes_back),
        CASE(test_a_rejected_order_says_why),
        CASE(test_no_order_is_ever_sent_twice),
        CASE(test_an_order_that_never_left_is_not_unknown),
        CASE(test_an_order_needs_a_client_order_id),
        CASE(test_cancels),
        CASE(test_calls_in_flight_are_bounded),
        CASE(test_ending_the_client_tells_every_caller),
        CASE(test_market_data_is_subscribed_in_chunks_and_decoded),
        CASE(test_a_stream_that_went_down_can_be_opened_again),
        CASE(test_refused_credentials_are_final),
        CASE(test_updates_come_from_binary_frames),
        CASE(test_a_server_that_never_welcomes_times_out),
        CASE(test_client_and_stream_leave_nothing_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
