/*
 * routes.c - from a request to its answer: find the route, check the key, call it.
 *
 * A pattern is a path in which each "{}" stands for one segment; the first row that fits wins.
 * HEAD is answered as GET is (the server leaves the body out), OPTIONS with what is allowed.
 */
#include <string.h>
#include <unistd.h>

#include "credentials.h"
#include "exchange_priv.h"

typedef struct route {
    const char *method;
    const char *pattern;
    void (*run)(exchange_call *call);
    bool open; /* needs no key */
} route;

static const route routes[] = {
    {"GET", "/", route_welcome, true},
    {"GET", "/metrics", route_metrics, true},
    {"GET", "/sim/clock", route_sim_clock, true},
    {"POST", "/sim/clock/step", route_sim_step, true},
    {"POST", "/sim/clock/jump", route_sim_jump, true},
    {"POST", "/sim/clock/speed", route_sim_speed, true},
    {"GET", "/sim/accounts", route_accounts, true},
    {"POST", "/sim/accounts/{}/cash", route_account_cash, true},
    {"GET", "/sim/faults", route_faults, true},
    {"POST", "/sim/faults", route_faults_set, true},
    {"DELETE", "/sim/faults", route_faults_clear, true},
    {"GET", "/v2/account", route_account, false},
    {"GET", "/v2/account/configurations", route_settings, false},
    {"PATCH", "/v2/account/configurations", route_settings_change, false},
    {"GET", "/v2/account/activities", route_activities, false},
    {"GET", "/v2/account/activities/{}", route_activities, false},
    {"GET", "/v2/account/portfolio/history", route_portfolio, false},
    {"GET", "/v2/events/trades", route_events, false},
    {"GET", "/v2/watchlists", route_watchlists, false},
    {"POST", "/v2/watchlists", route_watchlist_create, false},
    {"GET", "/v2/watchlists:by_name", route_watchlist, false},
    {"PUT", "/v2/watchlists:by_name", route_watchlist_update, false},
    {"POST", "/v2/watchlists:by_name", route_watchlist_add, false},
    {"DELETE", "/v2/watchlists:by_name", route_watchlist_delete, false},
    {"GET", "/v2/watchlists/{}", route_watchlist, false},
    {"PUT", "/v2/watchlists/{}", route_watchlist_update, false},
    {"PATCH", "/v2/watchlists/{}", route_watchlist_update, false}, /* so the TypeScript SDK */
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

uint32_t exchange_route_count(void) {
    return sizeof routes / sizeof routes[0];
}

/* ---- matching ------------------------------------------------------------------------------ */

/* False if they differ before the first "{}" or escape: most rows need no closer look. */
static bool begins_alike(tw_slice path, const char *pattern) {
    for (size_t i = 0; pattern[i] != '\0' && pattern[i] != '{'; i++) {
        if (i < path.size && path.data[i] == '%')
            return true;
        if (i == path.size || path.data[i] != pattern[i])
            return false;
    }
    return true;
}

/* Some clients escape the colon of "orders:by_client_order_id". */
static bool is_segment(tw_slice segment, tw_slice expected) {
    char memory[64];
    size_t size = 0;
    if (tw_slice_equal(segment, expected))
        return true;
    return memchr(segment.data, '%', segment.size) != NULL &&
           tw_http_decode(segment, false, memory, sizeof memory, &size) == TW_OK &&
           tw_slice_equal((tw_slice){memory, size}, expected);
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
            if (!is_segment(segment, expected))
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

/* Counts the request among those of its account. Market data has paths of its own. */
static bool within_quota(exchange_call *call) {
    static const char data[] = "/v2/stocks/";
    tw_slice path = tw_http_request_path(call->request);
    bool is_data = path.size >= sizeof data - 1 && memcmp(path.data, data, sizeof data - 1) == 0;
    call->quota =
        request_quota_take(&call->exchange->quota, call->account, is_data, tw_time_wall_ns());
    return !call->quota.refused;
}

/* A page of another site may send requests here, and its browser says so: what needs no key is
 * not for it. */
static bool is_from_elsewhere(const exchange_call *call) {
    static const char scheme[] = "http://";
    tw_slice origin;
    tw_slice host;
    if (!tw_http_request_header(call->request, "Origin", &origin))
        return false;
    if (!tw_http_request_header(call->request, "Host", &host) ||
        !tw_slice_starts_with(origin, scheme))
        return true;
    tw_slice authority = {origin.data + sizeof scheme - 1, origin.size - (sizeof scheme - 1)};
    return !tw_slice_equal(authority, host);
}

static void run(exchange_call *call, const route *chosen) {
    call->method = chosen->method;
    call->pattern = chosen->pattern;
    call->account = credentials_account(call->exchange->ledger, call->request, NULL);
    if (call->account == NULL && !chosen->open) {
        answer_error(call, 401, 40110000, "request is not authorized");
        return;
    }
    if (chosen->open && is_from_elsewhere(call)) {
        answer_error(call, 403, 40310000, "this is answered to pages of this exchange only");
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
    exchange_tell(call->exchange);
}

/* ---- upgrades ------------------------------------------------------------------------------ */

/* True if the request opened one of the streams, or was refused one; `*ret_stream` tells that it
 * names a stream but asks for no upgrade. */
static bool upgrade(exchange_call *call, bool *ret_stream) {
    tw_status status = TW_OK;
    if (!streams_upgrade(call->exchange->streams, call->request, call->reply, &status))
        return false;
    *ret_stream = status == TW_PROTOCOL;
    call->method = "GET";
    call->pattern = "stream";
    if (status == TW_OK)
        exchange_figures_answer(&call->exchange->figures, call->method, call->pattern, 101);
    else if (!*ret_stream)
        answer_error(call, 503, 50310000, "there is no room for another stream");
    return !*ret_stream;
}

static const route *find_route(exchange_call *call, tw_slice method, tw_slice path) {
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        if (tw_slice_equal_string(method, routes[i].method) && fits(path, routes[i].pattern, call))
            return &routes[i];
    }
    return NULL;
}

/* The methods that the path has, for "Allow"; false if the path is unknown. */
static bool find_allowed(exchange_call *call, tw_slice path) {
    tw_text allow = tw_text_over(call->allow, sizeof call->allow);
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        if (!fits(path, routes[i].pattern, call) || strstr(call->allow, routes[i].method) != NULL)
            continue;
        if (allow.size > 0)
            tw_text_append_string(&allow, ", ");
        tw_text_append_string(&allow, routes[i].method);
        if (strcmp(routes[i].method, "GET") == 0)
            tw_text_append_string(&allow, ", HEAD");
    }
    if (allow.size > 0)
        tw_text_append_string(&allow, ", OPTIONS");
    return allow.size > 0;
}

/* No route has this method and path. */
static void answer_unknown(exchange_call *call, tw_slice method, tw_slice path, bool stream) {
    bool options = tw_slice_equal_string(method, "OPTIONS");
    bool known = find_allowed(call, path);
    if (options && (known || tw_slice_equal_string(path, "*")))
        answer_empty(call, 204);
    else if (stream)
        answer_error(call, 426, 42610000, "this is a WebSocket: ask for an upgrade");
    else if (known)
        answer_error(call, 405, 40510000, "method not allowed");
    else
        answer_error(call, 404, 40410000, "endpoint not found.");
}

void exchange_handle(void *context, const tw_http_request *request, tw_http_reply *reply) {
    exchange_call call = {.exchange = context, .request = request, .reply = reply};
    tw_slice path = tw_http_request_path(request);
    tw_slice method = tw_http_request_method(request);
    bool stream = false; /* of which one has a call of the same name: /v1beta1/news */
    if (upgrade(&call, &stream))
        return;
    if (tw_slice_equal_string(method, "HEAD"))
        method = tw_slice_of("GET");
    const route *found = find_route(&call, method, path);
    if (found != NULL)
        run(&call, found);
    else
        answer_unknown(&call, method, path, stream);
}
