/*
 * golden_alpaca.c - real bodies of Alpaca's API and streams through our decoders.
 *
 * Each case of $TRADEWIND_DATA/alpaca/index.json lists JSON pointers with exact values. What
 * decodes a body is chosen by its method and path (`routes`). The body is decoded, encoded again,
 * and the pointers are looked up in what we wrote: so a value must survive both directions. A case
 * that has no word of ours is named with the reason; a pointer that is missing or different fails.
 */
#include <fnmatch.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "msgpack_pack.h"
#include "tradewind/alpaca_records.h"

#define BODY_SIZE (4u << 20)

typedef struct bench {
    const char *root;
    tw_symbols *symbols;
    tw_alpaca_reader *reader;
    char *body;
    char *buffer;
    tw_text text;
    json_t *input;   /* the body, as jansson reads it */
    json_t *output;  /* what we wrote, as jansson reads it */
    json_t *items;   /* while a list is gathered */
    json_t *watched; /* assets that wait for their watchlist */
    const char *page_key;
    bool packed; /* this pass: streams come as MessagePack */
    unsigned passed, unsupported, pointers, failed;
} bench;

/* ---- from our words to jansson ---- */

static json_t *load(bench *b) {
    json_error_t error;
    assert_false(b->text.truncated);
    json_t *value = json_loads(b->buffer, JSON_DECODE_ANY, &error);
    if (value == NULL)
        fail_msg("we wrote no JSON: %s: %.200s", error.text, b->buffer);
    tw_text_clear(&b->text);
    return value;
}

static void add_item(bench *b) {
    json_array_append_new(b->items, load(b));
}

static void on_asset(void *context, const tw_alpaca_asset *asset) {
    bench *b = context;
    tw_alpaca_encode_asset(&b->text, asset);
    add_item(b);
}

static void on_position(void *context, const tw_alpaca_position *position) {
    bench *b = context;
    tw_alpaca_encode_position(&b->text, position);
    add_item(b);
}

static void on_order(void *context, const tw_alpaca_order *order) {
    bench *b = context;
    if (!order->is_leg) {
        tw_alpaca_encode_order(&b->text, order, NULL, 0);
        add_item(b);
        return;
    }
    json_t *parent = json_array_get(b->items, json_array_size(b->items) - 1);
    json_t *legs = json_object_get(parent, "legs");
    tw_alpaca_encode_order(&b->text, order, NULL, 0);
    json_array_append_new(legs, load(b));
}

/* Puts a record of a page where the input has it. */
static void add_page_item(bench *b, tw_symbol symbol) {
    json_t *in = json_object_get(b->input, b->page_key);
    json_t *item = load(b);
    if (json_is_array(in)) {
        json_t *list = json_object_get(b->output, b->page_key);
        if (list == NULL)
            json_object_set_new(b->output, b->page_key, list = json_array());
        json_array_append_new(list, item);
        return;
    }
    if (b->page_key[strlen(b->page_key) - 1] != 's') {
        json_object_set_new(b->output, b->page_key, item);
        return;
    }
    const char *name = tw_symbols_name(b->symbols, symbol);
    json_t *map = json_object_get(b->output, b->page_key);
    if (map == NULL)
        json_object_set_new(b->output, b->page_key, map = json_object());
    if (!json_is_array(json_object_get(in, name))) {
        json_object_set_new(map, name, item);
        return;
    }
    json_t *list = json_object_get(map, name);
    if (list == NULL)
        json_object_set_new(map, name, list = json_array());
    json_array_append_new(list, item);
}

static void on_page_trade(void *context, const tw_trade *trade) {
    tw_alpaca_encode_trade(&((bench *)context)->text, trade);
    add_page_item(context, trade->symbol);
}
static void on_page_quote(void *context, const tw_quote *quote) {
    tw_alpaca_encode_quote(&((bench *)context)->text, quote);
    add_page_item(context, quote->symbol);
}
static void on_page_bar(void *context, const tw_bar *bar) {
    tw_alpaca_encode_bar(&((bench *)context)->text, bar);
    add_page_item(context, bar->symbol);
}

static void on_stream_trade(void *context, const tw_trade *trade) {
    bench *b = context;
    tw_alpaca_encode_stream_trade(&b->text, trade, b->symbols);
    add_item(b);
}
static void on_stream_quote(void *context, const tw_quote *quote) {
    bench *b = context;
    tw_alpaca_encode_stream_quote(&b->text, quote, b->symbols);
    add_item(b);
}
static void on_stream_bar(void *context, const tw_bar *bar) {
    bench *b = context;
    tw_alpaca_bar_kind kind = bar->timeframe_ns == TW_NS_PER_DAY ? TW_ALPACA_BAR_DAILY
                              : bar->revision > 0                ? TW_ALPACA_BAR_UPDATED
                                                                 : TW_ALPACA_BAR_MINUTE;
    tw_alpaca_encode_stream_bar(&b->text, bar, kind, b->symbols);
    add_item(b);
}
static void on_stream_level(void *context, const tw_level *level) {
    static tw_level levels[64];
    static size_t count;
    bench *b = context;
    levels[count++] = *level;
    if (level->last == 0)
        return;
    tw_alpaca_encode_stream_book(&b->text, levels, count, b->symbols);
    count = 0;
    add_item(b);
}
static void on_control(void *context, const tw_alpaca_control *control) {
    bench *b = context;
    if (control->kind == TW_ALPACA_CONTROL_ERROR)
        tw_alpaca_encode_stream_error(&b->text, control->code, control->message);
    else
        tw_alpaca_encode_stream_success(&b->text, control->message);
    json_t *frame = load(b);
    json_array_extend(b->items, frame);
    json_decref(frame);
}
static void on_stream_record(void *context, const tw_alpaca_record *record) {
    bench *b = context;
    tw_alpaca_encode_record(&b->text, record);
    add_item(b);
}

/* ---- words of alpaca_records.h ---- */

/* The list or map of the input in which `group` stands, made anew in the output. */
static json_t *container_of(bench *b, const char *group) {
    const char *key;
    json_t *value;
    if (json_object_get(b->input, group) != NULL)
        return b->output;
    json_object_foreach(b->input, key, value) {
        if (json_object_get(value, group) == NULL)
            continue;
        if (!json_is_object(json_object_get(b->output, key)))
            json_object_set_new(b->output, key, json_object());
        return json_object_get(b->output, key);
    }
    fail_msg("a record stands in \"%s\", which the input does not have", group);
    return NULL;
}

static void add_to_group(bench *b, const char *group, json_t *item) {
    json_t *in = json_object_get(b->input, group);
    const char *key;
    json_t *value;
    json_object_foreach(b->input, key, value) if (in == NULL) in = json_object_get(value, group);
    json_t *container = container_of(b, group);
    if (!json_is_array(in)) {
        json_object_set_new(container, group, item);
        return;
    }
    if (json_object_get(container, group) == NULL)
        json_object_set_new(container, group, json_array());
    json_array_append_new(json_object_get(container, group), item);
}

static void on_record(void *context, const tw_alpaca_record *record) {
    bench *b = context;
    char group[128];
    if (record->kind == TW_ALPACA_RECORD_CODE) {
        json_object_set_new(
            b->output,
            (assert_int_equal(tw_slice_copy(record->as.code->code, group, sizeof group), TW_OK),
             group),
            json_stringn(record->as.code->meaning.data, record->as.code->meaning.size));
        return;
    }
    tw_alpaca_encode_record(&b->text, record);
    json_t *item = load(b);
    assert_int_equal(tw_slice_copy(record->group, group, sizeof group), TW_OK);
    if (record->kind == TW_ALPACA_RECORD_ASSET && group[0] != '\0') {
        json_array_append_new(b->watched, item);
        return;
    }
    if (record->kind == TW_ALPACA_RECORD_WATCHLIST) {
        assert_int_equal(json_array_size(b->watched), record->as.watchlist->asset_count);
        json_object_set_new(item, "assets", b->watched);
        b->watched = json_array();
    }
    if (json_is_array(b->input))
        json_array_append_new(b->output, item);
    else if (group[0] != '\0')
        add_to_group(b, group, item);
    else {
        json_object_update(b->output, item);
        json_decref(item);
    }
}

static void set_text(bench *b, const char *key, tw_slice text) {
    if (text.size > 0)
        json_object_set_new(b->output, key, json_stringn(text.data, text.size));
}

static void on_answer(void *context, const tw_alpaca_answer *answer) {
    bench *b = context;
    if (!json_is_object(b->output))
        return;
    set_text(b, "next_page_token", answer->next_page_token);
    set_text(b, "symbol", answer->symbol);
    set_text(b, "currency", answer->currency);
    set_text(b, "market_type", answer->market_type);
    char time[TW_TIME_TEXT_SIZE];
    if (answer->last_updated_ns != 0) {
        size_t size = tw_time_format(answer->last_updated_ns, -1, time);
        set_text(b, "last_updated", (tw_slice){time, size});
    }
}

/* Lists and maps that hold nothing have no record that would make them. */
static void keep_empty_groups(json_t *in, json_t *out) {
    const char *key;
    json_t *value;
    json_object_foreach(in, key, value) {
        if (json_object_get(out, key) != NULL)
            continue;
        if (json_is_array(value) && json_array_size(value) == 0)
            json_object_set_new(out, key, json_array());
        if (json_is_object(value) && json_object_size(value) == 0)
            json_object_set_new(out, key, json_object());
    }
}

static tw_status run_records(bench *b, tw_alpaca_record_kind kind, tw_slice json, tw_error *error) {
    tw_alpaca_record_sink sink = {b, on_record, on_answer};
    b->output = json_is_array(b->input) ? json_array() : json_object();
    tw_status status = tw_alpaca_decode_records(b->reader, kind, json, &sink, error);
    if (status == TW_OK)
        keep_empty_groups(b->input, b->output);
    return status;
}

static tw_status run_history(bench *b, tw_slice json, tw_error *error) {
    static tw_alpaca_portfolio_point points[10000];
    tw_alpaca_portfolio history = {.points = points, .point_max = 10000};
    tw_status status = tw_alpaca_decode_portfolio(b->reader, json, &history, error);
    if (status != TW_OK)
        return status;
    tw_alpaca_encode_portfolio(&b->text, &history);
    b->output = load(b);
    return TW_OK;
}

/* ---- one body ---- */

/* A list as the input has it: an array, or its only item. */
static void take_items(bench *b) {
    b->output =
        json_is_array(b->input) ? json_incref(b->items) : json_incref(json_array_get(b->items, 0));
}

static tw_status run_page(bench *b, tw_slice json, tw_error *error) {
    static const char *const keys[] = {"bars", "bar", "trades", "trade", "quotes", "quote"};
    char token[TW_ALPACA_TOKEN_SIZE];
    tw_alpaca_page_options options = {0, TW_SYMBOL_NONE};
    json_t *name = json_object_get(b->input, "symbol");
    b->page_key = NULL;
    b->output = json_object();
    if (name != NULL) { /* known from the request's path */
        assert_int_equal(
            tw_symbols_intern(b->symbols, tw_slice_of(json_string_value(name)), &options.symbol),
            TW_OK);
    }
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (json_object_get(b->input, keys[i]) != NULL)
            b->page_key = keys[i];
    if (b->page_key != NULL && b->page_key[strlen(b->page_key) - 1] == 's')
        json_object_set_new(b->output, b->page_key,
                            json_is_array(json_object_get(b->input, b->page_key)) ? json_array()
                                                                                  : json_object());
    tw_alpaca_events events;
    memset(&events, 0, sizeof events);
    events.context = b;
    events.on_trade = on_page_trade;
    events.on_quote = on_page_quote;
    events.on_bar = on_page_bar;
    events.on_answer = on_answer;
    tw_status status = tw_alpaca_decode_page(b->reader, json, &options, &events, token, error);
    json_t *next = json_object_get(b->output, "next_page_token");
    assert_string_equal(token, next != NULL ? json_string_value(next) : "");
    return status;
}

static tw_status run_stream(bench *b, tw_slice json, tw_error *error) {
    tw_alpaca_events events;
    memset(&events, 0, sizeof events);
    events.context = b;
    events.on_trade = on_stream_trade;
    events.on_quote = on_stream_quote;
    events.on_bar = on_stream_bar;
    events.on_level = on_stream_level;
    events.on_control = on_control;
    events.on_record = on_stream_record;
    tw_status status = b->packed ? tw_alpaca_decode_stream_msgpack(b->reader, json, &events, error)
                                 : tw_alpaca_decode_stream(b->reader, json, &events, error);
    take_items(b);
    return status;
}

static tw_status run_trading(bench *b, tw_slice json, tw_error *error) {
    tw_alpaca_trading_message message;
    tw_status status = tw_alpaca_decode_trading(b->reader, json, &message, error);
    if (status != TW_OK)
        return status;
    json_t *action = json_object_get(json_object_get(b->input, "data"), "action");
    if (message.kind == TW_ALPACA_TRADING_UPDATE)
        tw_alpaca_encode_order_update(&b->text, &message.update);
    else if (message.kind == TW_ALPACA_TRADING_LISTENING)
        tw_alpaca_encode_listening(&b->text, message.trade_updates);
    else
        tw_alpaca_encode_authorization(&b->text, message.kind == TW_ALPACA_TRADING_AUTHORIZED,
                                       json_string_value(action));
    b->output = load(b);
    return TW_OK;
}

static void on_name(void *context, const tw_alpaca_command *command, tw_alpaca_channel channel,
                    tw_slice name) {
    bench *b = context;
    (void)command;
    json_t *list = json_object_get(b->output, tw_alpaca_channel_name(channel));
    json_array_append_new(list, json_stringn(name.data, name.size));
}

static tw_status run_command(bench *b, tw_slice json, tw_error *error) {
    tw_alpaca_command command;
    b->output = json_object();
    for (unsigned i = 0; i < TW_ALPACA_CHANNEL_COUNT; i++)
        json_object_set_new(b->output, tw_alpaca_channel_name((tw_alpaca_channel)(1u << i)),
                            json_array());
    tw_status status = tw_alpaca_decode_command(b->reader, json, &command, on_name, b, error);
    if (status != TW_OK)
        return status;
    if (command.action == TW_ALPACA_ACTION_AUTH)
        tw_alpaca_encode_auth(&b->text, command.key, command.secret);
    else if (command.action == TW_ALPACA_ACTION_LISTEN)
        tw_alpaca_encode_listen(&b->text, command.trade_updates);
    else
        tw_alpaca_encode_subscribe(&b->text, command.action == TW_ALPACA_ACTION_SUBSCRIBE, 0, NULL,
                                   0);
    json_t *head = load(b);
    json_object_update(b->output, head);
    json_decref(head);
    return status;
}

static tw_status run_account(bench *b, tw_slice json, tw_error *error) {
    tw_alpaca_account account;
    tw_status status = tw_alpaca_decode_account(b->reader, json, &account, error);
    if (status == TW_OK)
        tw_alpaca_encode_account(&b->text, &account);
    return status;
}

static tw_status run_clock(bench *b, tw_slice json, tw_error *error) {
    tw_alpaca_clock clock;
    tw_status status = tw_alpaca_decode_clock(b->reader, json, &clock, error);
    if (status == TW_OK)
        tw_alpaca_encode_clock(&b->text, &clock);
    return status;
}

static tw_status run_request(bench *b, tw_slice json, tw_error *error) {
    tw_alpaca_order_request request;
    tw_status status = tw_alpaca_decode_order_request(b->reader, json, &request, error);
    if (status == TW_OK)
        tw_alpaca_encode_order_request(&b->text, &request);
    return status;
}

static tw_status run_error(bench *b, tw_slice json, tw_error *error) {
    tw_alpaca_error problem;
    tw_status status = tw_alpaca_decode_error(b->reader, json, &problem, error);
    if (status == TW_OK)
        tw_alpaca_encode_problem(&b->text, &problem);
    return status;
}

static tw_status run_orders(bench *b, tw_slice json, tw_error *error) {
    return tw_alpaca_decode_orders(b->reader, json, on_order, b, error);
}

static tw_status run_positions(bench *b, tw_slice json, tw_error *error) {
    return tw_alpaca_decode_positions(b->reader, json, on_position, b, error);
}

static tw_status run_assets(bench *b, tw_slice json, tw_error *error) {
    return tw_alpaca_decode_assets(b->reader, json, on_asset, b, error);
}

/* ---- which body is what ---- */

typedef tw_status (*run_function)(bench *b, tw_slice json, tw_error *error);

/* The first that fits "METHOD path" holds; `reason` says why there is no word of ours. */
static const struct route {
    const char *pattern;
    run_function run;
    int kind; /* of a record, if there is no function */
    const char *reason;
} routes[] = {
    {"* /v1/locates*", NULL, 0, "locates of shares to borrow are not offered"},
    {"* /v2/tokenization/*", NULL, 0, "tokenization is not offered"},
    {"* /v1beta1/crypto/*", NULL, 0, "retired: its bars name an exchange"},
    {"* /v1beta1/forex/*", NULL, 0, "not about stocks"},
    {"* /v1beta1/indices/*", NULL, 0, "not about stocks"},
    {"* /v1beta1/fixed_income/*", NULL, 0, "not about stocks"},
    {"* /v2/assets/fixed_income/*", NULL, 0, "not about stocks"},
    {"* /v1beta1/options/snapshots*", NULL, 0, "greeks of options have no word"},
    {"* /v2/options/*", NULL, 0, "contracts of options have no word"},
    {"* *orderbooks*", NULL, 0, "books of crypto by REST have no word"},
    {"GET /v2/account", run_account, 0, NULL},
    {"* /v2/account/configurations", NULL, TW_ALPACA_RECORD_CONFIGURATION, NULL},
    {"GET /v2/account/activities*", NULL, TW_ALPACA_RECORD_ACTIVITY, NULL},
    {"GET /v2/account/portfolio/history", run_history, 0, NULL},
    {"GET /v2/clock", run_clock, 0, NULL},
    {"GET /v2/calendar", NULL, TW_ALPACA_RECORD_CALENDAR_DAY, NULL},
    {"GET /v2/assets*", run_assets, 0, NULL},
    {"DELETE /v2/orders", NULL, TW_ALPACA_RECORD_ENTRY, NULL},
    {"DELETE /v2/positions", NULL, TW_ALPACA_RECORD_ENTRY, NULL},
    {"DELETE /v2/positions/*", run_orders, 0, NULL},
    {"* /v2/orders*", run_orders, 0, NULL},
    {"GET /v2/positions*", run_positions, 0, NULL},
    {"* /v2/watchlists*", NULL, TW_ALPACA_RECORD_WATCHLIST, NULL},
    {"GET /v2/corporate_actions/announcements*", NULL, TW_ALPACA_RECORD_ANNOUNCEMENT, NULL},
    {"GET /v1*/corporate-actions", NULL, TW_ALPACA_RECORD_CORPORATE_ACTION, NULL},
    {"GET /v1beta1/news", NULL, TW_ALPACA_RECORD_ARTICLE, NULL},
    {"GET /v1beta1/screener/*/most-actives", NULL, TW_ALPACA_RECORD_ACTIVE, NULL},
    {"GET /v1beta1/screener/*/movers", NULL, TW_ALPACA_RECORD_MOVER, NULL},
    {"GET *auctions", NULL, TW_ALPACA_RECORD_AUCTION_DAY, NULL},
    {"GET *snapshots", NULL, TW_ALPACA_RECORD_SNAPSHOT, NULL},
    {"GET *snapshot", NULL, TW_ALPACA_RECORD_SNAPSHOT, NULL},
    {"GET */meta/conditions/*", NULL, TW_ALPACA_RECORD_CODE, NULL},
    {"GET */meta/exchanges", NULL, TW_ALPACA_RECORD_CODE, NULL},
    {"* *bars*", run_page, 0, NULL},
    {"* *trades*", run_page, 0, NULL},
    {"* *quotes*", run_page, 0, NULL},
    {"ENTITY trade", NULL, TW_ALPACA_RECORD_TRADE, NULL},
    {"ENTITY quote", NULL, TW_ALPACA_RECORD_QUOTE, NULL},
    {"ENTITY bar", NULL, TW_ALPACA_RECORD_BAR, NULL},
    {"STREAM marketdata", run_stream, 0, NULL},
    {"STREAM trading", run_trading, 0, NULL},
    {"STREAM *-client", run_command, 0, NULL},
};

static bool has_key(const bench *b, const char *key) {
    return json_object_get(b->input, key) != NULL;
}

/* Some examples stand under the path of a request and are something else. */
static run_function by_content(const bench *b, const char *kind, int *ret_record) {
    *ret_record = -1;
    if (has_key(b, "message") && !has_key(b, "id"))
        return run_error;
    if (has_key(b, "t") && !has_key(b, "T")) /* a bare record, out of its page */
        *ret_record = has_key(b, "o")    ? TW_ALPACA_RECORD_BAR
                      : has_key(b, "ap") ? TW_ALPACA_RECORD_QUOTE
                                         : TW_ALPACA_RECORD_TRADE;
    if (strcmp(kind, "request") == 0 && has_key(b, "class"))
        *ret_record = TW_ALPACA_RECORD_ASSET;
    else if (strcmp(kind, "request") == 0)
        return run_request;
    return NULL;
}

/* The reason if there is no word for this body, else NULL. */
static const char *run_body(bench *b, json_t *entry, tw_slice json, tw_status *ret_status,
                            tw_error *error) {
    char name[512];
    int record = -1;
    snprintf(name, sizeof name, "%s %s", json_string_value(json_object_get(entry, "method")),
             json_string_value(json_object_get(entry, "endpoint")));
    if (!json_is_object(b->input) && !json_is_array(b->input))
        return "neither an object nor an array";
    run_function run = by_content(b, json_string_value(json_object_get(entry, "kind")), &record);
    for (size_t i = 0; run == NULL && record < 0; i++) {
        if (i == sizeof routes / sizeof routes[0])
            return "a path that no route names";
        if (fnmatch(routes[i].pattern, name, 0) != 0)
            continue;
        if (routes[i].reason != NULL)
            return routes[i].reason;
        run = routes[i].run;
        record = routes[i].kind;
    }
    *ret_status = run != NULL ? run(b, json, error)
                              : run_records(b, (tw_alpaca_record_kind)record, json, error);
    if (*ret_status == TW_OK && b->output == NULL)
        b->output = b->text.size > 0 ? load(b) : NULL;
    if (*ret_status == TW_OK && b->output == NULL)
        take_items(b);
    return NULL;
}

/* ---- pointers ---- */

static json_t *lookup(json_t *value, const char *pointer, char *last, size_t last_size) {
    last[0] = '\0';
    while (value != NULL && *pointer == '/') {
        size_t used = 0;
        pointer++;
        for (; *pointer != '\0' && *pointer != '/'; pointer++) {
            char c = *pointer;
            if (c == '~') {
                pointer++;
                c = *pointer == '1' ? '/' : '~';
            }
            assert_true(used + 1 < last_size);
            last[used++] = c;
        }
        last[used] = '\0';
        value = json_is_array(value) ? json_array_get(value, (size_t)strtoul(last, NULL, 10))
                                     : json_object_get(value, last);
    }
    return value;
}

/* "12", 12 and "12.0" are one number; "...Z" and "...000Z" are one time. */
static bool same_text(const char *ours, const char *expected) {
    int64_t a = 0, e = 0;
    if (strcmp(ours, expected) == 0)
        return true;
    tw_slice x = tw_slice_of(ours), y = tw_slice_of(expected);
    if (tw_decimal_parse_rounded(x, &a) == TW_OK && tw_decimal_parse_rounded(y, &e) == TW_OK)
        return a == e;
    return tw_time_parse(x, &a) == TW_OK && tw_time_parse(y, &e) == TW_OK && a == e;
}

static bool holds(json_t *value, const char *type, const char *literal) {
    if (strcmp(type, "null") == 0)
        return value == NULL || json_is_null(value);
    if (value == NULL)
        return false;
    if (strcmp(type, "length") == 0) {
        size_t size = json_is_array(value) ? json_array_size(value) : json_object_size(value);
        return size == strtoul(literal, NULL, 10);
    }
    if (strcmp(type, "boolean") == 0)
        return json_is_boolean(value) && json_is_true(value) == (literal[0] == 't');
    if (strcmp(type, "string-prefix") == 0)
        return json_is_string(value) &&
               strncmp(json_string_value(value), literal, strlen(literal)) == 0;
    if (json_is_array(value) && json_array_size(value) == 1)
        value = json_array_get(value, 0); /* "c":"R" is written as "c":["R"] */
    if (json_is_string(value))
        return same_text(json_string_value(value), literal);
    char *ours = json_dumps(value, JSON_ENCODE_ANY);
    bool same = same_text(ours, literal);
    free(ours);
    return same;
}

static void check_pointer(bench *b, const char *id, json_t *row) {
    const char *pointer = json_string_value(json_array_get(row, 0));
    const char *type = json_string_value(json_array_get(row, 1));
    const char *literal = json_string_value(json_array_get(row, 2));
    char last[256];
    json_t *value = lookup(b->output, pointer, last, sizeof last);
    b->pointers++;
    if (holds(value, type, literal))
        return;
    char *ours = value != NULL ? json_dumps(value, JSON_ENCODE_ANY) : NULL;
    print_error("%s %s: expected %s %s, have %.80s\n", id, pointer, type, literal,
                ours != NULL ? ours : "nothing");
    free(ours);
    b->failed++;
}

/* ---- the cases ---- */

static size_t read_file(bench *b, const char *name) {
    char path[1024];
    snprintf(path, sizeof path, "%s/alpaca/%s", b->root, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        fail_msg("cannot open %s", path);
    size_t size = fread(b->body, 1, BODY_SIZE, file);
    assert_true(size < BODY_SIZE);
    b->body[size] = '\0';
    fclose(file);
    return size;
}

static void name_unsupported(bench *b, const char *id, const char *reason) {
    print_message("unsupported: %s: %s\n", id, reason);
    b->unsupported++;
}

/* The body in the other encoding of the streams. */
static tw_slice pack_body(bench *b) {
    static char packed[BODY_SIZE];
    tw_text text = tw_text_over(packed, sizeof packed);
    json_t *exact = json_loads(b->body, 0, NULL); /* integers as integers */
    pack_json(&text, "", exact);
    json_decref(exact);
    assert_false(text.truncated);
    return tw_text_slice(&text);
}

static void run_case(bench *b, json_t *entry) {
    const char *id = json_string_value(json_object_get(entry, "id"));
    const char *file = json_string_value(json_object_get(entry, "file"));
    if (file == NULL) {
        name_unsupported(b, id, "an answer without a body");
        return;
    }
    tw_slice json = {b->body, read_file(b, file)};
    b->input = json_loadb(json.data, json.size, JSON_DECODE_INT_AS_REAL | JSON_DECODE_ANY, NULL);
    b->items = json_array();
    b->watched = json_array();
    b->output = NULL;
    tw_text_clear(&b->text);
    tw_error error = {0};
    tw_status status = TW_OK;
    unsigned failed = b->failed;
    if (b->packed)
        json = pack_body(b);
    const char *reason = run_body(b, entry, json, &status, &error);
    if (reason != NULL) {
        name_unsupported(b, id, reason);
    } else if (b->input == NULL || status != TW_OK) {
        print_error("%s: %s %s\n", id, tw_status_name(status), error.message);
        b->failed++;
    } else {
        size_t index;
        json_t *row;
        json_array_foreach(json_object_get(entry, "expect"), index, row) check_pointer(b, id, row);
        b->passed += b->failed == failed;
    }
    json_decref(b->input);
    json_decref(b->items);
    json_decref(b->watched);
    json_decref(b->output);
}

static void run_cases(bench *kept, bool packed) {
    static bench b;
    memset(&b, 0, sizeof b);
    b.packed = packed;
    b.root = getenv("TRADEWIND_DATA");
    char path[1024];
    snprintf(path, sizeof path, "%s/alpaca/index.json", b.root != NULL ? b.root : "");
    json_t *index = b.root != NULL ? json_load_file(path, 0, NULL) : NULL;
    if (index == NULL) {
        print_message("skipped: TRADEWIND_DATA does not name a folder with alpaca/index.json\n");
        skip();
    }
    b.body = malloc(BODY_SIZE);
    b.buffer = malloc(BODY_SIZE);
    b.text = tw_text_over(b.buffer, BODY_SIZE);
    assert_int_equal(tw_symbols_new(NULL, 65536, &b.symbols), TW_OK);
    assert_int_equal(tw_alpaca_reader_new(NULL, BODY_SIZE, 64, b.symbols, &b.reader), TW_OK);
    assert_int_equal(tw_alpaca_reader_add_msgpack(b.reader), TW_OK);
    size_t i;
    json_t *entry;
    json_array_foreach(index, i, entry) {
        const char *endpoint = json_string_value(json_object_get(entry, "endpoint"));
        if (!packed || strcmp(endpoint, "marketdata") == 0)
            run_case(&b, entry);
    }
    print_message("counts: %s%u cases passed, %u unsupported, %u values failed of %u\n",
                  packed ? "as MessagePack: " : "", b.passed, b.unsupported, b.failed, b.pointers);
    json_decref(index);
    tw_alpaca_reader_free(b.reader);
    tw_symbols_free(b.symbols);
    free(b.body);
    free(b.buffer);
    *kept = b;
}

static void test_real_bodies_survive_both_directions(void **state) {
    bench b;
    (void)state;
    run_cases(&b, false);
    assert_int_equal(b.failed, 0);
    assert_true(b.passed > 200);
}

static void test_real_messages_are_the_same_as_msgpack(void **state) {
    bench b;
    (void)state;
    run_cases(&b, true);
    assert_int_equal(b.failed, 0);
    assert_true(b.passed > 15);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_real_bodies_survive_both_directions),
        cmocka_unit_test(test_real_messages_are_the_same_as_msgpack)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
