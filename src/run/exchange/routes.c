/*
 * routes.c - from a request to its answer: find the route, check the key, call it.
 *
 * A pattern is a path in which each "{}" stands for one segment; the first row that fits wins.
 * Every answer carries X-Request-ID, as the venue's do, and what is left of the quota of requests.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "exchange_priv.h"

typedef struct route {
    const char *method;
    const char *pattern;
    void (*run)(exchange_call *call);
    bool open; /* needs no key */
} route;

static const route routes[] = {
    {"GET", "/", route_welcome, true},
    {"GET", "/sim/clock", route_sim_clock, true},
    {"POST", "/sim/clock/step", route_sim_step, true},
    {"POST", "/sim/clock/jump", route_sim_jump, true},
    {"POST", "/sim/clock/speed", route_sim_speed, true},
    {"GET", "/sim/faults", route_faults, true},
    {"POST", "/sim/faults", route_faults_set, true},
    {"DELETE", "/sim/faults", route_faults_clear, true},
    {"GET", "/v2/account", route_account, false},
    {"GET", "/v2/account/configurations", route_settings, false},
    {"PATCH", "/v2/account/configurations", route_settings_change, false},
    {"GET", "/v2/account/activities", route_activities, false},
    {"GET", "/v2/account/activities/{}", route_activities, false},
    {"GET", "/v2/watchlists", route_watchlists, false},
    {"POST", "/v2/watchlists", route_watchlist_create, false},
    {"GET", "/v2/watchlists:by_name", route_watchlist, false},
    {"PUT", "/v2/watchlists:by_name", route_watchlist_update, false},
    {"POST", "/v2/watchlists:by_name", route_watchlist_add, false},
    {"DELETE", "/v2/watchlists:by_name", route_watchlist_delete, false},
    {"GET", "/v2/watchlists/{}", route_watchlist, false},
    {"PUT", "/v2/watchlists/{}", route_watchlist_update, false},
    {"POST", "/v2/watchlists/{}", route_watchlist_add, false},
    {"DELETE", "/v2/watchlists/{}", route_watchlist_delete, false},
    {"DELETE", "/v2/watchlists/{}/{}", route_watchlist_remove, false},
    {"GET", "/v2/clock", route_clock, false},
    {"GET", "/v2/calendar", route_calendar, false},
    {"GET", "/v3/clock", route_market_clock, false},
    {"GET", "/v3/calendar/{}", route_market_calendar, false},
    {"GET", "/v2/assets", route_assets, false},
    {"GET", "/v2/assets/{}", route_asset, false},
    {"GET", "/v2/positions", route_positions, false},
    {"GET", "/v2/positions/{}", route_position, false},
    {"DELETE", "/v2/positions", route_positions_close, false},
    {"DELETE", "/v2/positions/{}", route_position_close, false},
    {"GET", "/v2/orders", route_orders_list, false},
    {"POST", "/v2/orders", route_orders_submit, false},
    {"DELETE", "/v2/orders", route_orders_cancel_all, false},
    {"GET", "/v2/orders:by_client_order_id", route_order_by_client_id, false},
    {"GET", "/v2/orders/{}", route_order, false},
    {"PATCH", "/v2/orders/{}", route_order_replace, false},
    {"DELETE", "/v2/orders/{}", route_order_cancel, false},
    {"GET", "/v2/stocks/bars", route_bars, false},
    {"GET", "/v2/stocks/trades", route_trades, false},
    {"GET", "/v2/stocks/quotes", route_quotes, false},
    {"GET", "/v2/stocks/auctions", route_auctions, false},
    {"GET", "/v2/stocks/meta/exchanges", route_exchanges, false},
    {"GET", "/v2/stocks/meta/conditions/{}", route_conditions, false},
    {"GET", "/v1beta1/news", route_news, false},
    {"GET", "/v1/corporate-actions", route_corporate_actions, false},
    {"GET", "/v1beta1/corporate-actions", route_corporate_actions, false},
    {"GET", "/v2/corporate_actions/announcements", route_announcements, false},
    {"GET", "/v2/corporate_actions/announcements/{}", route_announcement, false},
    {"GET", "/v1beta1/screener/stocks/most-actives", route_most_actives, false},
    {"GET", "/v1beta1/screener/{}/movers", route_movers, false},
    {"GET", "/v2/stocks/snapshots", route_snapshots, false},
    {"GET", "/v2/stocks/{}/latest", route_latest, false},
    {"GET", "/v2/stocks/{}/bars", route_bars_of, false},
    {"GET", "/v2/stocks/{}/trades", route_trades_of, false},
    {"GET", "/v2/stocks/{}/quotes", route_quotes_of, false},
    {"GET", "/v2/stocks/{}/auctions", route_auctions_of, false},
    {"GET", "/v2/stocks/{}/snapshot", route_snapshot_of, false},
    {"GET", "/v2/stocks/{}/{}/latest", route_latest_of, false},
};

/* ---- answers ------------------------------------------------------------------------------- */

enum { ANSWER_HEADER_COUNT = 4 };

/* The headers of an answer; what their values point to lives as long as this. */
typedef struct answer_headers {
    char id[TW_VENUE_ORDER_ID_SIZE];
    char memory[64];
    tw_http_header list[ANSWER_HEADER_COUNT];
    size_t count;
} answer_headers;

static void add_number(answer_headers *headers, tw_text *text, const char *name, int64_t value) {
    size_t begin = text->size;
    tw_text_append_i64(text, value);
    headers->list[headers->count++] =
        (tw_http_header){tw_slice_of(name), {headers->memory + begin, text->size - begin}};
}

static void fill_headers(exchange_call *call, answer_headers *headers) {
    const quota_verdict *quota = &call->quota;
    tw_text text = tw_text_over(headers->memory, sizeof headers->memory);
    uuid_write(&call->exchange->random, headers->id);
    headers->list[0] = (tw_http_header){tw_slice_of("X-Request-ID"), tw_slice_of(headers->id)};
    headers->count = 1;
    if (quota->limit == 0)
        return;
    add_number(headers, &text, "X-RateLimit-Limit", quota->limit);
    add_number(headers, &text, "X-RateLimit-Remaining", quota->remaining);
    add_number(headers, &text, "X-RateLimit-Reset", quota->reset_s);
}

/* A change is durable before it is acknowledged; one that cannot be is not. */
static void send_answer(exchange_call *call, uint32_t http_status, const char *type,
                        tw_slice body) {
    if (!exchange_keep(call->exchange)) {
        tw_http_reply_reset(call->reply);
        return;
    }
    answer_headers headers;
    fill_headers(call, &headers);
    tw_http_answer answer = {.status = http_status,
                             .content_type = type,
                             .body = body,
                             .headers = headers.list,
                             .header_count = headers.count};
    faulty_wire_send(call->exchange->faults, call->reply, &answer);
}

void answer_body(exchange_call *call, uint32_t http_status) {
    if (call->exchange->body.truncated) {
        answer_error(call, 500, 0, "the answer is larger than this server can send");
        return;
    }
    send_answer(call, http_status, "application/json; charset=UTF-8",
                tw_text_slice(&call->exchange->body));
}

void answer_page(exchange_call *call, tw_slice html) {
    send_answer(call, 200, "text/html; charset=utf-8", html);
}

void answer_empty(exchange_call *call, uint32_t http_status) {
    send_answer(call, http_status, NULL, (tw_slice){0});
}

void answer_error(exchange_call *call, uint32_t http_status, int64_t code, const char *format,
                  ...) {
    char message[256];
    char memory[6 * sizeof message + 64]; /* an escaped byte takes up to six */
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    tw_text text = tw_text_over(memory, sizeof memory);
    tw_alpaca_encode_error(&text, code, message);
    send_answer(call, http_status, "application/json; charset=UTF-8", tw_text_slice(&text));
}

void answer_refusal(exchange_call *call, const ledger_refusal *refusal) {
    char memory[4096];
    tw_text text = tw_text_over(memory, sizeof memory);
    refusal_write(refusal, &text);
    send_answer(call, refusal->http_status, "application/json; charset=UTF-8",
                tw_text_slice(&text));
}

/* ---- matching ------------------------------------------------------------------------------ */

/* False if they differ before the first "{}": most rows need no closer look. */
static bool begins_alike(tw_slice path, const char *pattern) {
    for (size_t i = 0; pattern[i] != '\0' && pattern[i] != '{'; i++) {
        if (i == path.size || path.data[i] != pattern[i])
            return false;
    }
    return true;
}

/* Fits the path against a pattern; decodes what stands for "{}" into the call. */
static bool fits(tw_slice path, const char *pattern, exchange_call *call) {
    if (!begins_alike(path, pattern))
        return false;
    tw_slice wanted = tw_slice_of(pattern);
    size_t names = 0;
    while (path.data != NULL && wanted.data != NULL) {
        tw_slice segment = tw_slice_split(&path, '/');
        tw_slice expected = tw_slice_split(&wanted, '/');
        if (!tw_slice_equal_string(expected, "{}")) {
            if (!tw_slice_equal(segment, expected))
                return false;
            continue;
        }
        char *name = call->names[names++];
        size_t size = 0;
        if (segment.size == 0 ||
            tw_http_decode(segment, false, name, sizeof call->names[0] - 1, &size) != TW_OK)
            return false;
        name[size] = '\0';
    }
    return path.data == NULL && wanted.data == NULL;
}

static bool authenticate(exchange_call *call) {
    tw_slice key = {0};
    tw_slice secret = {0};
    if (!tw_http_request_header(call->request, "APCA-API-KEY-ID", &key) ||
        !tw_http_request_header(call->request, "APCA-API-SECRET-KEY", &secret))
        return false;
    call->account = ledger_authenticate(call->exchange->ledger, key, secret);
    return call->account != NULL;
}

/* Counts the request among those of its account. Market data has paths of its own. */
static bool within_quota(exchange_call *call) {
    static const char data[] = "/v2/stocks/";
    tw_slice path = tw_http_request_path(call->request);
    bool is_data = path.size >= sizeof data - 1 && memcmp(path.data, data, sizeof data - 1) == 0;
    call->quota =
        request_quota_take(&call->exchange->quota, call->account, is_data, tw_time_wall_ns());
    return !call->quota.refused;
}

static void run(exchange_call *call, const route *chosen) {
    if (!authenticate(call) && !chosen->open) {
        answer_error(call, 401, 40110000, "request is not authorized");
        return;
    }
    if (!chosen->open && !within_quota(call)) {
        answer_error(call, 429, 42910000, "rate limit exceeded");
        return;
    }
    tw_text_clear(&call->exchange->body);
    exchange_catch_up(call->exchange);
    ledger_turn_day(call->exchange->ledger);
    if (call->exchange->state != NULL && strcmp(chosen->method, "GET") != 0)
        exchange_state_touch(call->exchange->state);
    chosen->run(call);
    if (exchange_keep(call->exchange))
        streams_flush(call->exchange->streams);
}

/* ---- upgrades ------------------------------------------------------------------------------ */

/* True if the request opened one of the streams, or was refused one; `*ret_stream` tells that it
 * names a stream but asks for no upgrade. */
static bool upgrade(exchange_call *call, bool *ret_stream) {
    tw_status status = TW_OK;
    if (!streams_upgrade(call->exchange->streams, call->request, call->reply, &status))
        return false;
    *ret_stream = status == TW_PROTOCOL;
    if (status != TW_OK && !*ret_stream)
        answer_error(call, 503, 0, "there is no room for another stream");
    return !*ret_stream;
}

static const route *find_route(exchange_call *call, tw_slice method, tw_slice path) {
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        if (tw_slice_equal_string(method, routes[i].method) && fits(path, routes[i].pattern, call))
            return &routes[i];
    }
    return NULL;
}

static bool is_known(exchange_call *call, tw_slice path) {
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        if (fits(path, routes[i].pattern, call))
            return true;
    }
    return false;
}

void exchange_handle(void *context, const tw_http_request *request, tw_http_reply *reply) {
    exchange_call call = {.exchange = context, .request = request, .reply = reply};
    tw_slice path = tw_http_request_path(request);
    bool stream = false; /* of which one has a call of the same name: /v1beta1/news */
    if (upgrade(&call, &stream))
        return;
    const route *found = find_route(&call, tw_http_request_method(request), path);
    if (found != NULL)
        run(&call, found);
    else if (stream)
        answer_error(&call, 426, 0, "this is a WebSocket: ask for an upgrade");
    else if (is_known(&call, path))
        answer_error(&call, 405, 40510000, "method not allowed");
    else
        answer_error(&call, 404, 40410000, "endpoint not found.");
}
