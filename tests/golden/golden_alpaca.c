/*
 * golden_alpaca.c - real bodies of Alpaca's API and streams through our decoders.
 *
 * Each case of $TRADEWIND_DATA/alpaca/index.json lists JSON pointers with exact values. A body of
 * a kind that we have is decoded, encoded again, and the pointers are looked up in what we wrote:
 * so a value must survive both directions. A pointer to a key that our words do not keep
 * (`not_kept`) is counted and passed over; any other that is missing or different fails.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "tradewind/alpaca.h"

#define BODY_SIZE (4u << 20)

/* Keys of the data that our words do not keep. */
static const char *const not_kept[] = {
    "cash_withdrawable",
    "bod_dtbp",
    "last_close_pct_change",
    "last_price",
};

typedef struct bench {
    const char *root;
    tw_symbols *symbols;
    tw_alpaca_reader *reader;
    char *body;
    char *buffer;
    tw_text text;
    json_t *input;  /* the body, as jansson reads it */
    json_t *output; /* what we wrote, as jansson reads it */
    json_t *items;  /* while a list is gathered */
    const char *page_key;
    bool by_symbol; /* entries of a multi-status answer are named by symbol */
    unsigned passed, unsupported, pointers, skipped, failed;
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

static void on_entry(void *context, tw_slice name, int status, const tw_alpaca_error *problem) {
    bench *b = context;
    json_t *entry = json_pack("{s:s%, s:i}", b->by_symbol ? "symbol" : "id", name.data, name.size,
                              "status", status);
    if (problem != NULL) {
        tw_alpaca_encode_error(&b->text, problem->code, problem->message);
        json_object_set_new(entry, "body", load(b));
    }
    json_array_append_new(b->items, entry);
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
static void on_other(void *context, tw_slice kind) {
    json_array_append_new(((bench *)context)->items,
                          json_pack("{s:s%}", "T", kind.data, kind.size));
}

/* ---- one body ---- */

/* A list as the input has it: an array, or its only item. */
static void take_items(bench *b) {
    b->output =
        json_is_array(b->input) ? json_incref(b->items) : json_incref(json_array_get(b->items, 0));
}

static tw_status run_page(bench *b, tw_slice json) {
    static const char *const keys[] = {"bars", "bar", "trades", "trade", "quotes", "quote"};
    char token[TW_ALPACA_TOKEN_SIZE];
    tw_error error = {0};
    tw_alpaca_page_options options = {0, TW_SYMBOL_NONE};
    json_t *name = json_object_get(b->input, "symbol");
    b->page_key = NULL;
    b->output = json_object();
    if (name != NULL) {
        json_object_set(b->output, "symbol", name); /* known from the request's path */
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
    tw_status status = tw_alpaca_decode_page(b->reader, json, &options, &events, token, &error);
    if (status == TW_OK && token[0] != '\0')
        json_object_set_new(b->output, "next_page_token", json_string(token));
    return status;
}

static tw_status run_stream(bench *b, tw_slice json) {
    tw_alpaca_events events;
    memset(&events, 0, sizeof events);
    events.context = b;
    events.on_trade = on_stream_trade;
    events.on_quote = on_stream_quote;
    events.on_bar = on_stream_bar;
    events.on_level = on_stream_level;
    events.on_control = on_control;
    events.on_other = on_other;
    tw_status status = tw_alpaca_decode_stream(b->reader, json, &events, NULL);
    take_items(b);
    return status;
}

static tw_status run_trading(bench *b, tw_slice json) {
    tw_alpaca_trading_message message;
    tw_status status = tw_alpaca_decode_trading(b->reader, json, &message, NULL);
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

static tw_status run_command(bench *b, tw_slice json) {
    tw_alpaca_command command;
    b->output = json_object();
    for (unsigned i = 0; i < TW_ALPACA_CHANNEL_COUNT; i++)
        json_object_set_new(b->output, tw_alpaca_channel_name((tw_alpaca_channel)(1u << i)),
                            json_array());
    tw_status status = tw_alpaca_decode_command(b->reader, json, &command, on_name, b, NULL);
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

static tw_status run_single(bench *b, const char *folder, tw_slice json, tw_error *error) {
    tw_alpaca_account account;
    tw_alpaca_clock clock;
    tw_alpaca_error problem;
    tw_alpaca_order_request request;
    tw_status status;
    if (strcmp(folder, "account") == 0) {
        status = tw_alpaca_decode_account(b->reader, json, &account, error);
        if (status == TW_OK)
            tw_alpaca_encode_account(&b->text, &account);
    } else if (strcmp(folder, "clock") == 0) {
        status = tw_alpaca_decode_clock(b->reader, json, &clock, error);
        if (status == TW_OK)
            tw_alpaca_encode_clock(&b->text, &clock);
    } else if (strcmp(folder, "requests") == 0) {
        status = tw_alpaca_decode_order_request(b->reader, json, &request, error);
        if (status == TW_OK)
            tw_alpaca_encode_order_request(&b->text, &request);
    } else {
        status = tw_alpaca_decode_error(b->reader, json, &problem, error);
        if (status == TW_OK)
            tw_alpaca_encode_error(&b->text, problem.code, problem.message);
    }
    if (status == TW_OK)
        b->output = load(b);
    if (status == TW_OK && strcmp(folder, "errors") == 0 && problem.code_word[0] != '\0')
        json_object_set_new(b->output, "code", json_string(problem.code_word));
    return status;
}

static tw_status run_list(bench *b, const char *folder, bool multi, bool order, tw_slice json,
                          tw_error *error) {
    tw_status status;
    b->by_symbol = strcmp(folder, "positions") == 0;
    if (multi)
        status = tw_alpaca_decode_multi_status(b->reader, json, on_entry, b, error);
    else if (strcmp(folder, "assets") == 0)
        status = tw_alpaca_decode_assets(b->reader, json, on_asset, b, error);
    else if (strcmp(folder, "positions") == 0 && !order)
        status = tw_alpaca_decode_positions(b->reader, json, on_position, b, error);
    else
        status = tw_alpaca_decode_orders(b->reader, json, on_order, b, error);
    take_items(b);
    return status;
}

/* False if we have no word for this kind of body. */
static bool run_body(bench *b, json_t *entry, const char *folder, tw_slice json,
                     tw_status *ret_status, tw_error *error) {
    const char *endpoint = json_string_value(json_object_get(entry, "endpoint"));
    const char *method = json_string_value(json_object_get(entry, "method"));
    bool deletes = strcmp(method, "DELETE") == 0;
    if (strcmp(folder, "requests") == 0) { /* some examples are the answers to the request */
        if (json_object_get(b->input, "message") != NULL)
            folder = "errors";
        else if (json_object_get(b->input, "class") != NULL)
            folder = "assets";
    }
    if (strcmp(folder, "account") == 0 || strcmp(folder, "clock") == 0 ||
        strcmp(folder, "errors") == 0 || strcmp(folder, "requests") == 0)
        *ret_status = run_single(b, folder, json, error);
    else if ((strcmp(folder, "assets") == 0 && strstr(endpoint, "fixed_income") == NULL) ||
             strcmp(folder, "positions") == 0 || strcmp(folder, "orders") == 0)
        *ret_status = run_list(b, folder, deletes && strchr(endpoint, '{') == NULL,
                               deletes && strchr(endpoint, '{') != NULL, json, error);
    else if ((strncmp(folder, "stocks-bar", 10) == 0 || strncmp(folder, "stocks-trade", 12) == 0 ||
              strncmp(folder, "stocks-quote", 12) == 0) &&
             json_object_get(b->input, "t") == NULL) /* a bare record has no symbol */
        *ret_status = run_page(b, json);
    else if (strcmp(endpoint, "marketdata") == 0)
        *ret_status = run_stream(b, json);
    else if (strcmp(endpoint, "trading") == 0)
        *ret_status = run_trading(b, json);
    else if (strcmp(folder, "stream") == 0)
        *ret_status = run_command(b, json);
    else
        return false;
    return true;
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

/* Where they are: a piece of the case's id and a piece of the pointer. */
static const struct {
    const char *id;
    const char *pointer;
} not_kept_inside[] = {
    {"orders", "/body/"},    /* the order of a multi-status entry */
    {"positions", "/body/"}, /* the same */
    {"go_testcancelallpositions", "/id"},
    {"positions", "/usd/"},       /* a second currency */
    {"assets", "/attributes"},    /* a list of words */
    {"requests/", "/legs"},       /* orders of several legs */
    {"stocks-", "/currency"},     /* a page's own */
    {"stocks-trade", "/u"},       /* a trade's correction mark: tw_trade has no place for it */
    {"errors/", "/available"},    /* what an error says beside code and message */
    {"errors/", "/existing_qty"}, /* the same */
    {"errors/", "/held_for_orders"},
    {"errors/", "/market_price"},
    {"errors/", "/stop_price"},
};

static bool is_kept(const bench *b, const char *id, const char *pointer, const char *last) {
    json_t *first = json_is_array(b->output) ? json_array_get(b->output, 0) : b->output;
    if (json_object_size(first) == 1 && json_object_get(first, "T") != NULL)
        return false; /* a stream's message that has no record of ours */
    for (size_t i = 0; i < sizeof not_kept_inside / sizeof not_kept_inside[0]; i++)
        if (strstr(id, not_kept_inside[i].id) != NULL &&
            strstr(pointer, not_kept_inside[i].pointer) != NULL)
            return false;
    for (size_t i = 0; i < sizeof not_kept / sizeof not_kept[0]; i++)
        if (strcmp(last, not_kept[i]) == 0)
            return false;
    return true;
}

static void check_pointer(bench *b, const char *id, json_t *row) {
    const char *pointer = json_string_value(json_array_get(row, 0));
    const char *type = json_string_value(json_array_get(row, 1));
    const char *literal = json_string_value(json_array_get(row, 2));
    char last[256];
    json_t *value = lookup(b->output, pointer, last, sizeof last);
    const char *name = strrchr(pointer, '/');
    b->pointers++;
    if (holds(value, type, literal))
        return;
    if (value == NULL && !is_kept(b, id, pointer, name != NULL ? name + 1 : "")) {
        b->skipped++;
        return;
    }
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
    fclose(file);
    return size;
}

static void run_case(bench *b, json_t *entry) {
    const char *id = json_string_value(json_object_get(entry, "id"));
    const char *file = json_string_value(json_object_get(entry, "file"));
    if (file == NULL) {
        b->unsupported++; /* an answer without a body */
        return;
    }
    char folder[64];
    tw_slice rest = tw_slice_of(file);
    assert_int_equal(tw_slice_copy(tw_slice_split(&rest, '/'), folder, sizeof folder), TW_OK);
    tw_slice json = {b->body, read_file(b, file)};
    b->input = json_loadb(json.data, json.size, JSON_DECODE_INT_AS_REAL, NULL);
    b->items = json_array();
    b->output = NULL;
    tw_text_clear(&b->text);
    tw_error error = {0};
    tw_status status = TW_OK;
    if (!run_body(b, entry, folder, json, &status, &error)) {
        b->unsupported++;
    } else if (b->input == NULL || status != TW_OK) {
        print_error("%s: %s %s\n", id, tw_status_name(status), error.message);
        b->failed++;
    } else {
        size_t index;
        json_t *row;
        json_array_foreach(json_object_get(entry, "expect"), index, row) check_pointer(b, id, row);
        b->passed++;
    }
    json_decref(b->input);
    json_decref(b->items);
    json_decref(b->output);
}

static void test_real_bodies_survive_both_directions(void **state) {
    static bench b;
    (void)state;
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
    size_t i;
    json_t *entry;
    json_array_foreach(index, i, entry) run_case(&b, entry);
    print_message("%u bodies passed, %u of kinds without a word of ours; %u pointers held, %u to "
                  "keys that are not kept, %u failed\n",
                  b.passed, b.unsupported, b.pointers - b.skipped - b.failed, b.skipped, b.failed);
    json_decref(index);
    tw_alpaca_reader_free(b.reader);
    tw_symbols_free(b.symbols);
    free(b.body);
    free(b.buffer);
    assert_int_equal(b.failed, 0);
    assert_true(b.passed > 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_real_bodies_survive_both_directions)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
