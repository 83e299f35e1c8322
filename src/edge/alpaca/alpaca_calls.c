/*
 * alpaca_calls.c - the rest of the REST calls: reads of records through one table of paths, and
 * the writes beside submit and cancel.
 *
 * Invariants
 * 1. A write whose answer says "done" in words that cannot be read has happened, but what came of
 *    it is not known: TW_UNKNOWN. A read of that kind is what the decoder says.
 * 2. A path is never shortened: an item that is missing where the venue would then act on all
 *    (closing positions, deleting watchlists) is TW_INVALID.
 */
#include "tradewind/alpaca_calls.h"

#include <string.h>

#include "alpaca_client_priv.h"
#include "alpaca_word.h"

/* ---- endings ---- */

static void finish_records(tw_alpaca_client *client, const alpaca_handler *handler,
                           tw_alpaca_result *result, tw_slice body) {
    tw_error error = {0};
    if (result->status == TW_OK && body.size > 0) {
        tw_status status =
            tw_alpaca_decode_records(client->reader, handler->kind, body, &handler->sink, &error);
        if (status != TW_OK) /* invariant 1 */
            alpaca_result_fail(result, handler->writes ? TW_UNKNOWN : status, error.message);
    }
    if (handler->done.plain != NULL)
        handler->done.plain(handler->sink.context, result);
}

static void keep_position(void *context, const tw_alpaca_position *position) {
    *(tw_alpaca_position *)context = *position;
}

static void finish_position(tw_alpaca_client *client, const alpaca_handler *handler,
                            tw_alpaca_result *result, tw_slice body) {
    tw_alpaca_position position;
    tw_error error = {0};
    memset(&position, 0, sizeof position);
    if (result->status == TW_OK) {
        tw_status status =
            tw_alpaca_decode_positions(client->reader, body, keep_position, &position, &error);
        if (status == TW_OK && position.symbol[0] == '\0')
            status = tw_error_set(&error, TW_PROTOCOL, "the venue's answer is not a position");
        if (status != TW_OK)
            alpaca_result_fail(result, status, error.message);
    }
    handler->done.position(handler->context, result, result->status == TW_OK ? &position : NULL);
}

static void finish_portfolio(tw_alpaca_client *client, const alpaca_handler *handler,
                             tw_alpaca_result *result, tw_slice body) {
    tw_error error = {0};
    if (result->status == TW_OK) {
        tw_status status =
            tw_alpaca_decode_portfolio(client->reader, body, handler->portfolio, &error);
        if (status != TW_OK)
            alpaca_result_fail(result, status, error.message);
    }
    handler->done.portfolio(handler->context, result,
                            result->status == TW_OK ? handler->portfolio : NULL);
}

/* ---- reads of records ---- */

/* Where records of a kind are read: a path for all, a path for one with %s where the item stands.
 */
typedef struct records_path {
    bool data; /* of the data URL */
    const char *all;
    const char *before; /* of one: what stands before its item, and after it */
    const char *after;
} records_path;

static const records_path paths[TW_ALPACA_RECORD_KIND_COUNT] = {
    [TW_ALPACA_RECORD_CONFIGURATION] = {false, "/v2/account/configurations", NULL, NULL},
    [TW_ALPACA_RECORD_ACTIVITY] = {false, "/v2/account/activities", "/v2/account/activities/", ""},
    [TW_ALPACA_RECORD_CALENDAR_DAY] = {false, "/v2/calendar", NULL, NULL},
    [TW_ALPACA_RECORD_WATCHLIST] = {false, "/v2/watchlists", "/v2/watchlists/", ""},
    [TW_ALPACA_RECORD_ASSET] = {false, "/v2/assets", "/v2/assets/", ""},
    [TW_ALPACA_RECORD_ANNOUNCEMENT] = {false, "/v2/corporate_actions/announcements",
                                       "/v2/corporate_actions/announcements/", ""},
    [TW_ALPACA_RECORD_CORPORATE_ACTION] = {true, "/v1/corporate-actions", NULL, NULL},
    [TW_ALPACA_RECORD_SNAPSHOT] = {true, "/v2/stocks/snapshots", "/v2/stocks/", "/snapshot"},
    [TW_ALPACA_RECORD_AUCTION_DAY] = {true, "/v2/stocks/auctions", "/v2/stocks/", "/auctions"},
    [TW_ALPACA_RECORD_CODE] = {true, "/v2/stocks/meta/exchanges", "/v2/stocks/meta/conditions/",
                               ""},
    [TW_ALPACA_RECORD_ACTIVE] = {true, "/v1beta1/screener/stocks/most-actives", NULL, NULL},
    [TW_ALPACA_RECORD_MOVER] = {true, "/v1beta1/screener/stocks/movers", "/v1beta1/screener/",
                                "/movers"},
    [TW_ALPACA_RECORD_ARTICLE] = {true, "/v1beta1/news", NULL, NULL},
    [TW_ALPACA_RECORD_TRADE] = {true, "/v2/stocks/trades/latest", "/v2/stocks/", "/trades/latest"},
    [TW_ALPACA_RECORD_QUOTE] = {true, "/v2/stocks/quotes/latest", "/v2/stocks/", "/quotes/latest"},
    [TW_ALPACA_RECORD_BAR] = {true, "/v2/stocks/bars/latest", "/v2/stocks/", "/bars/latest"},
};

static void append_parameters(tw_text *url, const tw_alpaca_parameter *parameters, size_t count) {
    for (size_t i = 0; i < count; i++) {
        tw_text_append_char(url, i == 0 ? '?' : '&');
        tw_http_encode(tw_slice_of(parameters[i].name), url);
        tw_text_append_char(url, '=');
        tw_http_encode(tw_slice_of(parameters[i].value), url);
    }
}

/* A watchlist may be chosen by its name: /v2/watchlists:by_name?name=... */
static bool is_by_name(const tw_alpaca_records_query *query) {
    if (query->kind != TW_ALPACA_RECORD_WATCHLIST || query->item != NULL)
        return false;
    for (size_t i = 0; i < query->parameter_count; i++)
        if (strcmp(query->parameters[i].name, "name") == 0)
            return true;
    return false;
}

static alpaca_handler records_handler(tw_alpaca_record_kind kind, bool writes,
                                      const tw_alpaca_record_sink *sink, tw_alpaca_done on_done) {
    alpaca_handler handler;
    memset(&handler, 0, sizeof handler);
    handler.finish = finish_records;
    handler.kind = kind;
    handler.writes = writes;
    handler.sink = *sink;
    handler.done.plain = on_done;
    return handler;
}

tw_status tw_alpaca_client_records(tw_alpaca_client *client, const tw_alpaca_records_query *query,
                                   const tw_alpaca_record_sink *sink, tw_alpaca_done on_done) {
    if ((unsigned)query->kind >= TW_ALPACA_RECORD_KIND_COUNT)
        return TW_INVALID;
    const records_path *path = &paths[query->kind];
    bool one = query->item != NULL;
    if (path->all == NULL || (one && (path->before == NULL || query->item[0] == '\0')))
        return TW_INVALID;
    alpaca_handler handler = records_handler(query->kind, false, sink, on_done);
    tw_text url;
    alpaca_call *call = alpaca_begin(client, path->data ? client->data_url : client->trading_url,
                                     one ? path->before : path->all, &handler, &url);
    if (call == NULL)
        return TW_FULL;
    if (one) {
        tw_http_encode(tw_slice_of(query->item), &url);
        tw_text_append_string(&url, path->after);
    }
    if (is_by_name(query))
        tw_text_append_string(&url, ":by_name");
    append_parameters(&url, query->parameters, query->parameter_count);
    return alpaca_commit(call, &url, "GET", (tw_slice){NULL, 0});
}

/* ---- the account ---- */

tw_status tw_alpaca_client_configure(tw_alpaca_client *client,
                                     const tw_alpaca_configuration *changes,
                                     const tw_alpaca_record_sink *sink, tw_alpaca_done on_done) {
    char buffer[ALPACA_BODY_SIZE];
    tw_text body = tw_text_over(buffer, sizeof buffer);
    tw_alpaca_record record = {
        TW_ALPACA_RECORD_CONFIGURATION, TW_SYMBOL_NONE, {NULL, 0}, {.configuration = changes}};
    tw_alpaca_encode_record(&body, &record);
    if (body.truncated || tw_slice_equal_string(tw_text_slice(&body), "{}"))
        return TW_INVALID;
    alpaca_handler handler = records_handler(TW_ALPACA_RECORD_CONFIGURATION, true, sink, on_done);
    tw_text url;
    alpaca_call *call =
        alpaca_begin(client, client->trading_url, "/v2/account/configurations", &handler, &url);
    return call == NULL ? TW_FULL : alpaca_commit(call, &url, "PATCH", tw_text_slice(&body));
}

tw_status tw_alpaca_client_portfolio(tw_alpaca_client *client,
                                     const tw_alpaca_parameter *parameters, size_t parameter_count,
                                     tw_alpaca_portfolio *portfolio,
                                     tw_alpaca_portfolio_done on_done, void *context) {
    alpaca_handler handler;
    memset(&handler, 0, sizeof handler);
    handler.finish = finish_portfolio;
    handler.context = context;
    handler.portfolio = portfolio;
    handler.done.portfolio = on_done;
    tw_text url;
    alpaca_call *call =
        alpaca_begin(client, client->trading_url, "/v2/account/portfolio/history", &handler, &url);
    if (call == NULL)
        return TW_FULL;
    append_parameters(&url, parameters, parameter_count);
    return alpaca_commit(call, &url, "GET", (tw_slice){NULL, 0});
}

/* ---- orders and positions ---- */

/* A request is a replacement if it has only what PATCH takes. */
static bool is_replacement(const tw_alpaca_order_request *changes) {
    return changes->symbol[0] == '\0' && changes->side == TW_SIDE_NONE &&
           changes->side_word[0] == '\0' && changes->type_word[0] == '\0' &&
           changes->order_class[0] == '\0' && changes->notional.nano == 0 &&
           changes->take_profit_limit_price.nano == 0 && changes->stop_loss_stop_price.nano == 0 &&
           changes->leg_count == 0;
}

tw_status tw_alpaca_client_replace(tw_alpaca_client *client, const char *venue_order_id,
                                   const tw_alpaca_order_request *changes,
                                   tw_alpaca_order_done on_done, void *context) {
    char buffer[ALPACA_BODY_SIZE];
    tw_text body = tw_text_over(buffer, sizeof buffer);
    tw_alpaca_order_request copy = *changes;
    if (copy.time_in_force_word[0] == '\0' && copy.time_in_force != TW_DAY)
        (void)tw_word_copy(tw_slice_of(tw_time_in_force_name((tw_time_in_force)copy.time_in_force)),
                           copy.time_in_force_word, sizeof copy.time_in_force_word);
    tw_alpaca_encode_order_request(&body, &copy);
    if (venue_order_id[0] == '\0' || changes->client_order_id[0] == '\0' || body.truncated ||
        !is_replacement(changes))
        return TW_INVALID;
    alpaca_handler handler = {alpaca_finish_submit, context, {.order = on_done}, {NULL}};
    tw_text url;
    alpaca_call *call = alpaca_begin(client, client->trading_url, "/v2/orders/", &handler, &url);
    if (call == NULL)
        return TW_FULL;
    tw_http_encode(tw_slice_of(venue_order_id), &url);
    return alpaca_commit(call, &url, "PATCH", tw_text_slice(&body));
}

tw_status tw_alpaca_client_position(tw_alpaca_client *client, const char *symbol,
                                    tw_alpaca_position_done on_done, void *context) {
    if (symbol[0] == '\0')
        return TW_INVALID;
    alpaca_handler handler = {finish_position, context, {.position = on_done}, {NULL}};
    tw_text url;
    alpaca_call *call = alpaca_begin(client, client->trading_url, "/v2/positions/", &handler, &url);
    if (call == NULL)
        return TW_FULL;
    tw_http_encode(tw_slice_of(symbol), &url);
    return alpaca_commit(call, &url, "GET", (tw_slice){NULL, 0});
}

tw_status tw_alpaca_client_close_position(tw_alpaca_client *client, const char *symbol,
                                          const tw_alpaca_close *how, tw_alpaca_order_done on_done,
                                          void *context) {
    static const tw_alpaca_close all = {{0}, 0};
    if (how == NULL)
        how = &all;
    bool both = how->quantity.nano != 0 && how->percentage_nano != 0;
    if (symbol[0] == '\0' || both || how->quantity.nano < 0 || how->percentage_nano < 0 ||
        how->percentage_nano > 100 * TW_NANO)
        return TW_INVALID;
    alpaca_handler handler = {alpaca_finish_submit, context, {.order = on_done}, {NULL}};
    tw_text url;
    alpaca_call *call = alpaca_begin(client, client->trading_url, "/v2/positions/", &handler, &url);
    if (call == NULL)
        return TW_FULL;
    tw_http_encode(tw_slice_of(symbol), &url);
    if (how->quantity.nano != 0) {
        tw_text_append_string(&url, "?qty=");
        tw_word_put_decimal(&url, how->quantity.nano);
    } else if (how->percentage_nano != 0) {
        tw_text_append_string(&url, "?percentage=");
        tw_word_put_decimal(&url, how->percentage_nano);
    }
    return alpaca_commit(call, &url, "DELETE", (tw_slice){NULL, 0});
}

tw_status tw_alpaca_client_close_all(tw_alpaca_client *client, bool cancel_orders,
                                     const tw_alpaca_record_sink *sink, tw_alpaca_done on_done) {
    alpaca_handler handler = records_handler(TW_ALPACA_RECORD_ENTRY, true, sink, on_done);
    tw_text url;
    alpaca_call *call = alpaca_begin(client, client->trading_url,
                                     cancel_orders ? "/v2/positions?cancel_orders=true"
                                                   : "/v2/positions?cancel_orders=false",
                                     &handler, &url);
    return call == NULL ? TW_FULL : alpaca_commit(call, &url, "DELETE", (tw_slice){NULL, 0});
}

/* ---- watchlists ---- */

static void put_list_body(tw_text *body, const tw_alpaca_watchlist_change *change) {
    bool first = true;
    tw_text_append_char(body, '{');
    if (change->name != NULL) {
        tw_word_key(body, "name", &first);
        tw_word_put_string(body, change->name);
    }
    tw_word_key(body, "symbols", &first);
    tw_text_append_char(body, '[');
    for (size_t i = 0; i < change->symbol_count; i++) {
        if (i > 0)
            tw_text_append_char(body, ',');
        tw_word_put_string(body, change->symbols[i]);
    }
    tw_text_append_string(body, "]}");
}

static bool is_change(const tw_alpaca_watchlist_change *change) {
    bool has_id = change->id != NULL && change->id[0] != '\0';
    switch (change->action) {
    case TW_ALPACA_WATCHLIST_CREATE:
        return change->name != NULL && change->name[0] != '\0' && change->id == NULL;
    case TW_ALPACA_WATCHLIST_UPDATE:
    case TW_ALPACA_WATCHLIST_DELETE:
        return has_id;
    case TW_ALPACA_WATCHLIST_ADD:
    case TW_ALPACA_WATCHLIST_REMOVE:
        return has_id && change->symbol_count == 1 && change->symbols[0][0] != '\0';
    }
    return false;
}

tw_status tw_alpaca_client_watchlist(tw_alpaca_client *client,
                                     const tw_alpaca_watchlist_change *change,
                                     const tw_alpaca_record_sink *sink, tw_alpaca_done on_done) {
    static const char *const methods[] = {
        [TW_ALPACA_WATCHLIST_CREATE] = "POST",   [TW_ALPACA_WATCHLIST_UPDATE] = "PUT",
        [TW_ALPACA_WATCHLIST_ADD] = "POST",      [TW_ALPACA_WATCHLIST_REMOVE] = "DELETE",
        [TW_ALPACA_WATCHLIST_DELETE] = "DELETE",
    };
    char buffer[ALPACA_BODY_SIZE];
    tw_text body = tw_text_over(buffer, sizeof buffer);
    if (!is_change(change)) /* invariant 2 */
        return TW_INVALID;
    if (change->action == TW_ALPACA_WATCHLIST_CREATE ||
        change->action == TW_ALPACA_WATCHLIST_UPDATE) {
        put_list_body(&body, change);
    } else if (change->action == TW_ALPACA_WATCHLIST_ADD) {
        tw_text_append_string(&body, "{\"symbol\":");
        tw_word_put_string(&body, change->symbols[0]);
        tw_text_append_char(&body, '}');
    }
    if (body.truncated)
        return TW_INVALID;
    alpaca_handler handler = records_handler(TW_ALPACA_RECORD_WATCHLIST, true, sink, on_done);
    tw_text url;
    alpaca_call *call = alpaca_begin(client, client->trading_url, "/v2/watchlists", &handler, &url);
    if (call == NULL)
        return TW_FULL;
    if (change->id != NULL) {
        tw_text_append_char(&url, '/');
        tw_http_encode(tw_slice_of(change->id), &url);
    }
    if (change->action == TW_ALPACA_WATCHLIST_REMOVE) {
        tw_text_append_char(&url, '/');
        tw_http_encode(tw_slice_of(change->symbols[0]), &url);
    }
    return alpaca_commit(call, &url, methods[change->action], tw_text_slice(&body));
}
