/*
 * fuzz_msgpack.c - the MessagePack reader on arbitrary bytes, and Alpaca's words through it.
 *
 * Whatever is visited whole must be well-formed: written as JSON it must be JSON to jansson, and
 * the JSON reader must hand out the same trades, quotes and bars from that text as came from the
 * bytes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "json.h"
#include "tradewind/alpaca_records.h"

#define SIZE_MAX_IN 4096
#define SIZE_MAX_OUT (SIZE_MAX_IN * 64)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct target {
    tw_symbols *symbols;
    tw_alpaca_reader *reader;
    tw_msgpack_reader *msgpack;
    char json[SIZE_MAX_OUT];
    tw_text text;
    uint64_t sum; /* of the records' bytes */
    bool strange; /* holds what JSON cannot say, or says in another way */
} target;

static tw_status write_value(void *context, tw_json_value *value);

/* Bytes that JSON would escape or replace. */
static void look_at(target *t, tw_slice text) {
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] < ' ' || text.data[i] > '~')
            t->strange = true;
}

static void comma(target *t) {
    if (t->text.size > 0 && strchr("[{:", t->json[t->text.size - 1]) == NULL)
        tw_text_append_char(&t->text, ',');
}

static tw_status write_field(void *context, tw_slice key, tw_json_value *value) {
    target *t = context;
    comma(t);
    look_at(t, key);
    tw_text_append_json(&t->text, key);
    tw_text_append_char(&t->text, ':');
    return write_value(t, value);
}

static tw_status write_value(void *context, tw_json_value *value) {
    target *t = context;
    tw_slice text;
    tw_status status = TW_OK;
    tw_json_kind kind = tw_json_kind_of(value);
    comma(t);
    if (kind == TW_JSON_OBJECT || kind == TW_JSON_ARRAY) {
        tw_text_append_char(&t->text, kind == TW_JSON_OBJECT ? '{' : '[');
        status = kind == TW_JSON_OBJECT ? tw_json_each_field(value, write_field, t)
                                        : tw_json_each_item(value, write_value, t);
        tw_text_append_char(&t->text, kind == TW_JSON_OBJECT ? '}' : ']');
        return status;
    }
    if (kind == TW_JSON_NOTHING) {
        t->strange = true;
        tw_text_append_string(&t->text, "null");
        return TW_OK;
    }
    status = tw_json_scalar(value, &text);
    if (status != TW_OK)
        return status;
    look_at(t, text);
    if (kind == TW_JSON_STRING)
        tw_text_append_json(&t->text, text);
    else
        tw_text_append(&t->text, text.size > 0 ? text : tw_slice_of("null"));
    return TW_OK;
}

static void add(target *t, const void *record, size_t size) {
    const unsigned char *bytes = record;
    for (size_t i = 0; i < size; i++)
        t->sum = (t->sum ^ bytes[i]) * UINT64_C(1099511628211);
}

static void on_trade(void *context, const tw_trade *trade) {
    add(context, trade, sizeof *trade);
}
static void on_quote(void *context, const tw_quote *quote) {
    add(context, quote, sizeof *quote);
}
static void on_bar(void *context, const tw_bar *bar) {
    add(context, bar, sizeof *bar);
}
static void on_record(void *context, const tw_alpaca_record *record) {
    static char buffer[SIZE_MAX_OUT];
    tw_text text = tw_text_over(buffer, sizeof buffer);
    tw_alpaca_encode_record(&text, record);
    add(context, buffer, text.size);
}
static void on_bad(void *context, tw_status status, tw_slice kind) {
    (void)kind;
    TW_ASSERT(status != TW_OK);
    add(context, "bad", 3);
}

static void same_words(target *t, tw_slice packed, bool plain) {
    tw_alpaca_events events = {.context = t,
                               .on_trade = on_trade,
                               .on_quote = on_quote,
                               .on_bar = on_bar,
                               .on_record = on_record,
                               .on_bad = on_bad};
    t->sum = 1;
    tw_status status = tw_alpaca_decode_stream_msgpack(t->reader, packed, &events, NULL);
    uint64_t sum = t->sum;
    if (status != TW_OK || !plain)
        return;
    t->sum = 1;
    status = tw_alpaca_decode_stream(t->reader, tw_text_slice(&t->text), &events, NULL);
    TW_ASSERT(status == TW_OK && t->sum == sum);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0 || size > SIZE_MAX_IN)
        return 0;
    static target t;
    memset(&t.sum, 0, sizeof t.sum);
    t.strange = false;
    t.text = tw_text_over(t.json, sizeof t.json);
    tw_status status = tw_symbols_new(NULL, 16, &t.symbols);
    if (status == TW_OK)
        status = tw_alpaca_reader_new(NULL, SIZE_MAX_OUT, 4, t.symbols, &t.reader);
    if (status == TW_OK)
        status = tw_alpaca_reader_add_msgpack(t.reader);
    if (status == TW_OK)
        status = tw_msgpack_reader_new(NULL, SIZE_MAX_IN, &t.msgpack);
    TW_ASSERT(status == TW_OK);
    tw_slice packed = {(const char *)data, size};
    json_error_t error;
    json_t *tree = NULL;
    if (tw_msgpack_read(t.msgpack, packed, write_value, &t, NULL) == TW_OK) {
        TW_ASSERT(!t.text.truncated);
        tree = json_loads(t.json, JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL, &error);
        TW_ASSERT(tree != NULL || json_error_code(&error) == json_error_null_byte_in_key ||
                  json_error_code(&error) == json_error_numeric_overflow);
    }
    same_words(&t, packed, tree != NULL && !t.strange);
    json_decref(tree);
    tw_msgpack_reader_free(t.msgpack);
    tw_alpaca_reader_free(t.reader);
    tw_symbols_free(t.symbols);
    return 0;
}
