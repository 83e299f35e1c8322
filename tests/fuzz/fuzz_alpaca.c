/*
 * fuzz_alpaca.c - every decoder of alpaca.h on arbitrary bytes.
 *
 * The first byte chooses the decoder (from 128 on: the kind of record, and what stands behind it),
 * the rest is its input. What a decoder accepts must be JSON to jansson too, must come back from
 * its encoder unchanged, and what is refused must leave the output alone.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "tradewind/alpaca_records.h"

#define SIZE_MAX_IN 4096
#define SIZE_MAX_OUT 262144

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct target {
    tw_symbols *symbols;
    tw_alpaca_reader *reader;
    char buffer[SIZE_MAX_OUT];
    tw_text text;
    unsigned orders;
    tw_alpaca_order order;
} target;

static void must_be_json(tw_slice json) {
    json_error_t error;
    json_t *value =
        json_loadb(json.data, json.size, JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL, &error);
    TW_ASSERT(value != NULL || json_error_code(&error) == json_error_numeric_overflow);
    json_decref(value);
}

static tw_slice written(target *t) {
    TW_ASSERT(!t->text.truncated);
    must_be_json(tw_text_slice(&t->text));
    return tw_text_slice(&t->text);
}

static void try_account(target *t, tw_slice json) {
    tw_alpaca_account account, again;
    memset(&account, 0x5a, sizeof account);
    memset(&again, 0x5a, sizeof again);
    if (tw_alpaca_decode_account(t->reader, json, &account, NULL) != TW_OK) {
        TW_ASSERT(memcmp(&account, &again, sizeof account) == 0);
        return;
    }
    must_be_json(json);
    tw_alpaca_encode_account(&t->text, &account);
    tw_status status = tw_alpaca_decode_account(t->reader, written(t), &again, NULL);
    TW_ASSERT(status == TW_OK);
    account.present = again.present = 0;
    TW_ASSERT(memcmp(&account, &again, sizeof account) == 0);
}

static void try_clock(target *t, tw_slice json) {
    tw_alpaca_clock clock;
    tw_alpaca_error problem;
    if (tw_alpaca_decode_clock(t->reader, json, &clock, NULL) == TW_OK)
        must_be_json(json);
    if (tw_alpaca_decode_error(t->reader, json, &problem, NULL) == TW_OK)
        must_be_json(json);
}

static void on_order(void *context, const tw_alpaca_order *order) {
    target *t = context;
    t->order = *order;
    t->orders++;
}

static void try_orders(target *t, tw_slice json) {
    t->orders = 0;
    if (tw_alpaca_decode_orders(t->reader, json, on_order, t, NULL) != TW_OK)
        return;
    must_be_json(json);
    if (t->orders == 0)
        return;
    tw_alpaca_order before = t->order;
    tw_alpaca_encode_order(&t->text, &before, NULL, 0);
    tw_status status = tw_alpaca_decode_orders(t->reader, written(t), on_order, t, NULL);
    TW_ASSERT(status == TW_OK);
    TW_ASSERT(before.order.quantity.nano == t->order.order.quantity.nano &&
              before.order.limit_price.nano == t->order.order.limit_price.nano &&
              before.order.created_ns == t->order.order.created_ns &&
              before.order.status == t->order.order.status &&
              before.order.side == t->order.order.side &&
              strcmp(before.order.client_order_id, t->order.order.client_order_id) == 0);
}

static void on_asset(void *context, const tw_alpaca_asset *asset) {
    target *t = context;
    tw_text_clear(&t->text);
    tw_alpaca_encode_asset(&t->text, asset);
}

static void on_position(void *context, const tw_alpaca_position *position) {
    target *t = context;
    tw_text_clear(&t->text);
    tw_alpaca_encode_position(&t->text, position);
}

static void try_lists(target *t, tw_slice json) {
    if (tw_alpaca_decode_assets(t->reader, json, on_asset, t, NULL) == TW_OK)
        must_be_json(json);
    if (t->text.size > 0)
        (void)written(t);
    tw_text_clear(&t->text);
    if (tw_alpaca_decode_positions(t->reader, json, on_position, t, NULL) == TW_OK)
        must_be_json(json);
    if (t->text.size > 0)
        (void)written(t);
}

static void try_request(target *t, tw_slice json) {
    tw_alpaca_order_request request, again;
    if (tw_alpaca_decode_order_request(t->reader, json, &request, NULL) != TW_OK)
        return;
    must_be_json(json);
    tw_alpaca_encode_order_request(&t->text, &request);
    tw_status status = tw_alpaca_decode_order_request(t->reader, written(t), &again, NULL);
    TW_ASSERT(status == TW_OK);
    TW_ASSERT(request.quantity.nano == again.quantity.nano && request.side == again.side &&
              request.stop_price.nano == again.stop_price.nano);
}

static void on_trade(void *context, const tw_trade *trade) {
    target *t = context;
    tw_text_clear(&t->text);
    tw_alpaca_encode_stream_trade(&t->text, trade, t->symbols);
}
static void on_quote(void *context, const tw_quote *quote) {
    target *t = context;
    tw_text_clear(&t->text);
    tw_alpaca_encode_stream_quote(&t->text, quote, t->symbols);
}
static void on_bar(void *context, const tw_bar *bar) {
    target *t = context;
    tw_text_clear(&t->text);
    tw_alpaca_encode_bars_page(&t->text, bar, bar->symbol != TW_SYMBOL_NONE, t->symbols, "n");
}
static void on_level(void *context, const tw_level *level) {
    target *t = context;
    tw_text_clear(&t->text);
    tw_alpaca_encode_stream_book(&t->text, level, 1, t->symbols);
}
static void on_bad(void *context, tw_status status, tw_slice kind) {
    (void)context;
    (void)kind;
    TW_ASSERT(status != TW_OK);
}

static void on_record(void *context, const tw_alpaca_record *record) {
    target *t = context;
    tw_text_clear(&t->text);
    tw_alpaca_encode_record(&t->text, record);
    if (record->kind != TW_ALPACA_RECORD_CODE) /* which has no braces */
        (void)written(t);
}

static void on_answer(void *context, const tw_alpaca_answer *answer) {
    (void)context;
    TW_ASSERT(answer->next_page_token.size <= SIZE_MAX_IN);
}

static void try_market(target *t, tw_slice json, bool page) {
    tw_alpaca_events events;
    memset(&events, 0, sizeof events);
    events.context = t;
    events.on_quote = on_quote;
    events.on_bar = on_bar;
    events.on_trade = on_trade;
    events.on_level = on_level;
    events.on_bad = on_bad;
    events.on_record = on_record;
    events.on_answer = on_answer;
    tw_symbol symbol = TW_SYMBOL_NONE;
    tw_status status = tw_symbols_intern(t->symbols, tw_slice_of("A"), &symbol);
    TW_ASSERT(status == TW_OK);
    tw_alpaca_page_options options = {1, symbol};
    char token[TW_ALPACA_TOKEN_SIZE];
    status = page ? tw_alpaca_decode_page(t->reader, json, &options, &events, token, NULL)
                  : tw_alpaca_decode_stream(t->reader, json, &events, NULL);
    if (status == TW_OK)
        must_be_json(json);
    if (t->text.size > 0)
        (void)written(t);
}

static void on_name(void *context, const tw_alpaca_command *command, tw_alpaca_channel channel,
                    tw_slice name) {
    (void)context;
    (void)name;
    TW_ASSERT((command->channels & channel) != 0);
}

static void on_entry(void *context, tw_slice name, int status, const tw_alpaca_error *problem) {
    (void)context;
    (void)status;
    TW_ASSERT(problem == NULL || name.size <= SIZE_MAX_IN);
}

static void try_trading(target *t, tw_slice json) {
    tw_alpaca_trading_message message;
    tw_alpaca_command command;
    if (tw_alpaca_decode_command(t->reader, json, &command, on_name, t, NULL) == TW_OK)
        must_be_json(json);
    if (tw_alpaca_decode_multi_status(t->reader, json, on_entry, t, NULL) == TW_OK)
        must_be_json(json);
    if (tw_alpaca_decode_trading(t->reader, json, &message, NULL) != TW_OK)
        return;
    must_be_json(json);
    tw_alpaca_encode_order_update(&t->text, &message.update);
    tw_alpaca_trading_message again;
    tw_status status = tw_alpaca_decode_trading(t->reader, written(t), &again, NULL);
    TW_ASSERT(status == TW_OK && again.update.event == message.update.event);
}

static void try_records(target *t, unsigned kind, tw_slice json) {
    tw_alpaca_record_sink sink = {t, on_record, on_answer};
    if (kind < TW_ALPACA_RECORD_KIND_COUNT) {
        if (tw_alpaca_decode_records(t->reader, (tw_alpaca_record_kind)kind, json, &sink, NULL) ==
            TW_OK)
            must_be_json(json);
        return;
    }
    tw_alpaca_portfolio_point points[16];
    tw_alpaca_portfolio portfolio = {.points = points, .point_max = 16};
    if (tw_alpaca_decode_portfolio(t->reader, json, &portfolio, NULL) != TW_OK)
        return;
    must_be_json(json);
    tw_alpaca_encode_portfolio(&t->text, &portfolio);
    (void)written(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0 || size > SIZE_MAX_IN)
        return 0;
    static target t;
    t.text = tw_text_over(t.buffer, sizeof t.buffer);
    tw_status status = tw_symbols_new(NULL, 16, &t.symbols);
    if (status == TW_OK)
        status = tw_alpaca_reader_new(NULL, SIZE_MAX_IN * 4, 4, t.symbols, &t.reader);
    TW_ASSERT(status == TW_OK);
    tw_slice json = {(const char *)data + 1, size - 1};
    if (data[0] >= 128)
        try_records(&t, data[0] % 32u, json);
    else
        switch (data[0] % 8) {
        case 0:
            try_account(&t, json);
            break;
        case 1:
            try_clock(&t, json);
            break;
        case 2:
            try_orders(&t, json);
            break;
        case 3:
            try_lists(&t, json);
            break;
        case 4:
            try_request(&t, json);
            break;
        case 5:
            try_market(&t, json, false);
            break;
        case 6:
            try_market(&t, json, true);
            break;
        default:
            try_trading(&t, json);
            break;
        }
    tw_alpaca_reader_free(t.reader);
    tw_symbols_free(t.symbols);
    return 0;
}
