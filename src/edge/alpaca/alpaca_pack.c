/*
 * alpaca_pack.c - what was written as JSON, as MessagePack.
 *
 * Each word has one encoder, which writes JSON. A stream's MessagePack is made from that text, so
 * that both encodings say the same of every kind of message there is. Only the form of a value is
 * decided here, by its key: an official client wants a timestamp where JSON has a text, and a
 * double where a price happens to be whole.
 */
#include <string.h>

#include "alpaca_reader.h"
#include "tradewind/alpaca.h"
#include "tradewind/time.h"

typedef struct packing {
    tw_text *text;
    uint32_t count; /* of what is being packed */
    bool price;     /* a number is written as a double */
    bool time;      /* a text that is a time is written as a timestamp */
} packing;

static tw_status pack_value(packing *p, tw_json_value *value);

/* Opening, closing, bid, limit and whatever else is a price, also where it is whole. */
static bool is_price_key(tw_slice key) {
    static const char *const keys[] = {"p",  "o",  "h", "l", "c",  "vw",
                                       "bp", "ap", "u", "d", "op", "cp"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (tw_slice_equal_string(key, keys[i]))
            return true;
    return false;
}

static bool is_time_key(tw_slice key) {
    if (tw_slice_equal_string(key, "t") || tw_slice_equal_string(key, "at") ||
        tw_slice_equal_string(key, "timestamp"))
        return true;
    return key.size > 3 && memcmp(key.data + key.size - 3, "_at", 3) == 0;
}

static tw_status pack_field(void *context, tw_slice key, tw_json_value *value) {
    packing *p = context;
    packing inside = {p->text, 0, is_price_key(key), is_time_key(key)};
    tw_msgpack_put_string(p->text, key);
    p->count++;
    return pack_value(&inside, value);
}

static tw_status pack_item(void *context, tw_json_value *value) {
    packing *p = context;
    packing inside = {.text = p->text};
    p->count++;
    return pack_value(&inside, value);
}

/* How many there are is known behind the last: the head's one byte is widened then, if it must. */
static void put_head_at(tw_text *text, size_t at, uint32_t count, bool map) {
    char memory[8];
    tw_text head = tw_text_over(memory, sizeof memory);
    if (text->truncated)
        return;
    if (map)
        tw_msgpack_put_map(&head, count);
    else
        tw_msgpack_put_array(&head, count);
    size_t body = text->size - at - 1;
    tw_text_append(text, (tw_slice){memory, head.size - 1}); /* makes room */
    if (text->truncated)
        return;
    memmove(text->data + at + head.size, text->data + at + 1, body);
    memcpy(text->data + at, memory, head.size);
}

static tw_status pack_container(packing *p, tw_json_value *value, bool map) {
    packing inside = {.text = p->text};
    size_t at = p->text->size;
    tw_text_append_char(p->text, '\0');
    tw_status status = map ? tw_json_each_field(value, pack_field, &inside)
                           : tw_json_each_item(value, pack_item, &inside);
    put_head_at(p->text, at, inside.count, map);
    return status;
}

static tw_status pack_number(packing *p, tw_slice digits) {
    int64_t whole = 0;
    uint64_t positive = 0;
    double real = 0.0;
    if (!p->price && tw_parse_i64(digits, &whole) == TW_OK)
        tw_msgpack_put_integer(p->text, whole);
    else if (!p->price && tw_parse_u64(digits, &positive) == TW_OK)
        tw_msgpack_put_unsigned(p->text, positive);
    else if (tw_parse_double(digits, &real) == TW_OK)
        tw_msgpack_put_double(p->text, real);
    else
        return TW_RANGE;
    return TW_OK;
}

static void pack_string(packing *p, tw_slice string) {
    int64_t time_ns = 0;
    if (p->time && tw_time_parse(string, &time_ns) == TW_OK)
        tw_msgpack_put_time(p->text, time_ns);
    else
        tw_msgpack_put_string(p->text, string);
}

static tw_status pack_scalar(packing *p, tw_json_value *value, tw_json_kind kind) {
    tw_slice scalar;
    tw_status status = tw_json_scalar(value, &scalar);
    if (status != TW_OK)
        return status;
    if (kind == TW_JSON_NUMBER)
        return pack_number(p, scalar);
    if (kind == TW_JSON_STRING)
        pack_string(p, scalar);
    else if (kind == TW_JSON_BOOLEAN)
        tw_msgpack_put_boolean(p->text, tw_slice_equal_string(scalar, "true"));
    else
        tw_msgpack_put_nil(p->text);
    return TW_OK;
}

static tw_status pack_value(packing *p, tw_json_value *value) {
    tw_json_kind kind = tw_json_kind_of(value);
    switch (kind) {
    case TW_JSON_OBJECT:
    case TW_JSON_ARRAY:
        return pack_container(p, value, kind == TW_JSON_OBJECT);
    case TW_JSON_STRING:
    case TW_JSON_NUMBER:
    case TW_JSON_BOOLEAN:
    case TW_JSON_NULL:
        return pack_scalar(p, value, kind);
    case TW_JSON_NOTHING:
        break;
    }
    return TW_PARSE;
}

static tw_status pack_root(void *context, tw_json_value *value) {
    return pack_value(context, value);
}

tw_status tw_alpaca_pack(tw_alpaca_reader *reader, tw_slice json, tw_text *text) {
    packing p = {.text = text};
    return tw_json_read(reader->json, json, pack_root, &p, NULL);
}
