/*
 * msgpack.c - a visitor over MessagePack: one pass, no tree, no allocation.
 *
 * Every object has a head (`head_read`): its kind, how many bytes of payload follow, and for arrays
 * and maps how many objects. A value is its head and its place; taking it moves the reader's cursor
 * behind it.
 *
 * Invariants
 * 1. The cursor never passes the end: a head is refused unless its payload is there, and a
 * container unless at least one byte is there for each of its objects.
 * 2. Recursion is bounded by TW_JSON_DEPTH_MAX; `depth` counts visits and skips alike.
 * 3. While a value's callback runs the cursor stands behind its head if it was not taken, and
 * behind the whole of it if it was; so a value can be skipped or passed (`pass`).
 * 4. The text of a number or time is at most four bytes for each byte of its object, so the buffer
 *    of four times the input holds them all (_Static_asserts below the table of sizes).
 */
#include "json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_value.h"
#include "tradewind/time.h"

/* Bytes of text for each byte of an object, see invariant 4. */
#define TEXT_FACTOR 4
_Static_assert(sizeof "1970-01-01T00:00:00Z" - 1 <= TEXT_FACTOR * 6, "a timestamp of 32 bits");
_Static_assert(sizeof "1970-01-01T00:00:00.000000000Z" - 1 <= TEXT_FACTOR * 10, "of 64 bits");
_Static_assert(sizeof "-2.2250738585072014e-308" - 1 <= TEXT_FACTOR * 9, "a double");
_Static_assert(sizeof "-1.17549435e-38" - 1 <= TEXT_FACTOR * 5, "a float");

typedef enum head_form {
    HEAD_NIL,
    HEAD_BOOLEAN,
    HEAD_UNSIGNED,
    HEAD_SIGNED,
    HEAD_FLOAT,
    HEAD_DOUBLE,
    HEAD_STRING,
    HEAD_ARRAY,
    HEAD_MAP,
    HEAD_TIME,
    HEAD_EXTENSION
} head_form;

typedef struct head {
    head_form form;
    uint64_t bits;     /* of a number, a boolean */
    size_t size;       /* payload behind the head: of strings, binaries, extensions */
    uint64_t children; /* objects in it: items, or keys and values */
} head;

struct tw_msgpack_reader {
    const tw_allocator *allocator;
    size_t size_max;
    char *text; /* TEXT_FACTOR * size_max */
    size_t text_size;
    const unsigned char *input;
    size_t size;
    size_t at; /* the cursor */
    tw_error *error;
    unsigned depth;
};

typedef struct packed_value {
    tw_json_value base;
    tw_msgpack_reader *reader;
    head head;
    size_t begin;   /* of the object */
    size_t payload; /* behind its head */
} packed_value;

static const json_encoding msgpack_encoding;

static packed_value *packed(tw_json_value *value) {
    return (packed_value *)(void *)value;
}

static tw_status fail_at(tw_msgpack_reader *reader, size_t at, const char *sentence) {
    return tw_error_set_at(reader->error, TW_PARSE, "msgpack", 0, at + 1, "%s", sentence);
}

/* ---- heads ---- */

static uint64_t big_endian(const unsigned char *bytes, size_t count) {
    uint64_t value = 0;
    for (size_t i = 0; i < count; i++)
        value = value << 8 | bytes[i];
    return value;
}

static int64_t sign_extend(uint64_t bits, size_t count) {
    unsigned unused = (unsigned)(64 - 8 * count);
    return (int64_t)(bits << unused) >> unused;
}

/* Takes `count` bytes of a number that belongs to the head. */
static bool take(tw_msgpack_reader *reader, size_t count, uint64_t *ret_bits) {
    if (reader->size - reader->at < count)
        return false;
    *ret_bits = big_endian(reader->input + reader->at, count);
    reader->at += count;
    return true;
}

/* Objects whose first byte holds everything, and those with a short length in it. */
static bool short_head(unsigned first, head *ret_head) {
    if (first <= 0x7F || first >= 0xE0) {
        ret_head->form = first <= 0x7F ? HEAD_UNSIGNED : HEAD_SIGNED;
        ret_head->bits = first <= 0x7F ? first : (uint64_t)sign_extend(first, 1);
    } else if (first <= 0x8F) {
        ret_head->form = HEAD_MAP;
        ret_head->children = 2 * (uint64_t)(first & 0x0F);
    } else if (first <= 0x9F) {
        ret_head->form = HEAD_ARRAY;
        ret_head->children = first & 0x0F;
    } else if (first <= 0xBF) {
        ret_head->form = HEAD_STRING;
        ret_head->size = first & 0x1F;
    } else {
        return false;
    }
    return true;
}

/* 0xC0 to 0xDF: the form, and how many bytes of number or length follow. */
static const struct {
    uint8_t form;
    uint8_t width;
    uint8_t fixed; /* of an extension with a fixed size */
} long_heads[32] = {
    [0x00] = {HEAD_NIL, 0, 0},       [0x02] = {HEAD_BOOLEAN, 0, 0},
    [0x03] = {HEAD_BOOLEAN, 0, 0},   [0x04] = {HEAD_STRING, 1, 0},
    [0x05] = {HEAD_STRING, 2, 0},    [0x06] = {HEAD_STRING, 4, 0},
    [0x07] = {HEAD_EXTENSION, 1, 0}, [0x08] = {HEAD_EXTENSION, 2, 0},
    [0x09] = {HEAD_EXTENSION, 4, 0}, [0x0A] = {HEAD_FLOAT, 4, 0},
    [0x0B] = {HEAD_DOUBLE, 8, 0},    [0x0C] = {HEAD_UNSIGNED, 1, 0},
    [0x0D] = {HEAD_UNSIGNED, 2, 0},  [0x0E] = {HEAD_UNSIGNED, 4, 0},
    [0x0F] = {HEAD_UNSIGNED, 8, 0},  [0x10] = {HEAD_SIGNED, 1, 0},
    [0x11] = {HEAD_SIGNED, 2, 0},    [0x12] = {HEAD_SIGNED, 4, 0},
    [0x13] = {HEAD_SIGNED, 8, 0},    [0x14] = {HEAD_EXTENSION, 0, 1},
    [0x15] = {HEAD_EXTENSION, 0, 2}, [0x16] = {HEAD_EXTENSION, 0, 4},
    [0x17] = {HEAD_EXTENSION, 0, 8}, [0x18] = {HEAD_EXTENSION, 0, 16},
    [0x19] = {HEAD_STRING, 1, 0},    [0x1A] = {HEAD_STRING, 2, 0},
    [0x1B] = {HEAD_STRING, 4, 0},    [0x1C] = {HEAD_ARRAY, 2, 0},
    [0x1D] = {HEAD_ARRAY, 4, 0},     [0x1E] = {HEAD_MAP, 2, 0},
    [0x1F] = {HEAD_MAP, 4, 0},
};

static bool long_head(tw_msgpack_reader *reader, unsigned first, head *ret_head) {
    unsigned row = first - 0xC0;
    uint64_t bits = 0;
    uint64_t type = 0;
    if (first == 0xC1 || !take(reader, long_heads[row].width, &bits)) /* 0xC1 is never used */
        return false;
    ret_head->form = (head_form)long_heads[row].form;
    switch (ret_head->form) {
    case HEAD_BOOLEAN:
        ret_head->bits = first & 1;
        return true;
    case HEAD_SIGNED:
        ret_head->bits = (uint64_t)sign_extend(bits, long_heads[row].width);
        return true;
    case HEAD_STRING:
        ret_head->size = (size_t)bits;
        return true;
    case HEAD_ARRAY:
        ret_head->children = bits;
        return true;
    case HEAD_MAP:
        ret_head->children = 2 * bits;
        return true;
    case HEAD_EXTENSION:
        ret_head->size = long_heads[row].width > 0 ? (size_t)bits : long_heads[row].fixed;
        if (!take(reader, 1, &type))
            return false;
        if (type == 0xFF && (ret_head->size == 4 || ret_head->size == 8 || ret_head->size == 12))
            ret_head->form = HEAD_TIME;
        return true;
    case HEAD_NIL:
    case HEAD_UNSIGNED:
    case HEAD_FLOAT:
    case HEAD_DOUBLE:
    case HEAD_TIME:
        break;
    }
    ret_head->bits = bits;
    return true;
}

/* Reads the head at the cursor, which moves behind it (invariant 1). */
static tw_status head_read(tw_msgpack_reader *reader, head *ret_head) {
    size_t begin = reader->at;
    if (begin >= reader->size)
        return fail_at(reader, begin, "the input ends where a value should be");
    unsigned first = reader->input[reader->at++];
    memset(ret_head, 0, sizeof *ret_head);
    if (!short_head(first, ret_head) && !long_head(reader, first, ret_head))
        return fail_at(reader, begin,
                       first == 0xC1 ? "no value begins with this byte"
                                     : "the input ends inside of a value");
    size_t left = reader->size - reader->at;
    if (ret_head->size > left || ret_head->children > left)
        return fail_at(reader, begin, "the input ends inside of a value");
    return TW_OK;
}

static tw_json_kind kind_of(head_form form) {
    switch (form) {
    case HEAD_NIL:
        return TW_JSON_NULL;
    case HEAD_BOOLEAN:
        return TW_JSON_BOOLEAN;
    case HEAD_UNSIGNED:
    case HEAD_SIGNED:
    case HEAD_FLOAT:
    case HEAD_DOUBLE:
        return TW_JSON_NUMBER;
    case HEAD_STRING:
    case HEAD_TIME:
        return TW_JSON_STRING;
    case HEAD_ARRAY:
        return TW_JSON_ARRAY;
    case HEAD_MAP:
        return TW_JSON_OBJECT;
    case HEAD_EXTENSION:
        break;
    }
    return TW_JSON_NOTHING;
}

/* ---- walking ---- */

static tw_status enter(tw_msgpack_reader *reader, size_t at) {
    if (reader->depth >= TW_JSON_DEPTH_MAX)
        return fail_at(reader, at, "it is nested too deeply");
    reader->depth++;
    return TW_OK;
}

static tw_status value_read(tw_msgpack_reader *reader, packed_value *ret_value) {
    ret_value->base = (tw_json_value){&msgpack_encoding, TW_JSON_NOTHING, false};
    ret_value->reader = reader;
    ret_value->begin = reader->at;
    tw_status status = head_read(reader, &ret_value->head);
    if (status != TW_OK)
        return status;
    ret_value->payload = reader->at;
    ret_value->base.kind = kind_of(ret_value->head.form);
    return TW_OK;
}

/* Moves the cursor behind a value that nobody took. */
static tw_status pass(packed_value *value) {
    tw_msgpack_reader *reader = value->reader;
    if (value->base.taken)
        return TW_OK;
    value->base.taken = true;
    reader->at = value->payload + value->head.size;
    if (value->head.children == 0)
        return TW_OK;
    tw_status status = enter(reader, value->begin);
    for (uint64_t i = 0; i < value->head.children && status == TW_OK; i++) {
        packed_value child;
        status = value_read(reader, &child);
        if (status == TW_OK)
            status = pass(&child);
    }
    if (status == TW_OK)
        reader->depth--;
    return status;
}

static tw_status take_container(tw_json_value *value, tw_json_kind kind) {
    packed_value *v = packed(value);
    value->taken = true;
    if (value->kind != kind)
        return fail_at(v->reader, v->begin,
                       kind == TW_JSON_OBJECT ? "expected a map" : "expected an array");
    v->reader->at = v->payload;
    return enter(v->reader, v->begin);
}

static tw_status each_item(tw_json_value *value, tw_json_on_value on_item, void *context) {
    packed_value *v = packed(value);
    tw_status status = take_container(value, TW_JSON_ARRAY);
    for (uint64_t i = 0; i < v->head.children && status == TW_OK; i++) {
        packed_value child;
        status = value_read(v->reader, &child);
        if (status == TW_OK)
            status = on_item(context, &child.base);
        if (status == TW_OK)
            status = pass(&child);
    }
    if (status == TW_OK)
        v->reader->depth--;
    return status;
}

/* Reads a map's next key; an empty slice without data if it is no string. */
static tw_status key_read(tw_msgpack_reader *reader, tw_slice *ret_key) {
    packed_value key;
    tw_status status = value_read(reader, &key);
    if (status != TW_OK)
        return status;
    *ret_key = (tw_slice){NULL, 0};
    if (key.head.form == HEAD_STRING)
        *ret_key = (tw_slice){(const char *)reader->input + key.payload, key.head.size};
    return pass(&key);
}

static tw_status each_field(tw_json_value *value, tw_json_on_field on_field, void *context) {
    packed_value *v = packed(value);
    tw_status status = take_container(value, TW_JSON_OBJECT);
    for (uint64_t i = 0; i < v->head.children && status == TW_OK; i += 2) {
        packed_value child;
        tw_slice key;
        status = key_read(v->reader, &key);
        if (status == TW_OK)
            status = value_read(v->reader, &child);
        if (status == TW_OK && key.data != NULL)
            status = on_field(context, key, &child.base);
        if (status == TW_OK)
            status = pass(&child);
    }
    if (status == TW_OK)
        v->reader->depth--;
    return status;
}

static tw_status peek(tw_json_value *value, const char *name, tw_slice *ret_text) {
    packed_value *v = packed(value);
    tw_msgpack_reader *reader = v->reader;
    size_t at = reader->at;
    tw_status status = TW_OK;
    bool found = false;
    *ret_text = (tw_slice){NULL, 0};
    if (value->kind != TW_JSON_OBJECT)
        return TW_OK;
    reader->at = v->payload;
    for (uint64_t i = 0; i < v->head.children && status == TW_OK && !found; i += 2) {
        packed_value child;
        tw_slice key;
        status = key_read(reader, &key);
        if (status == TW_OK)
            status = value_read(reader, &child);
        if (status != TW_OK)
            break;
        found = tw_slice_equal_string(key, name);
        if (found && child.head.form == HEAD_STRING)
            *ret_text = (tw_slice){(const char *)reader->input + child.payload, child.head.size};
        status = pass(&child);
    }
    if (status == TW_OK)
        reader->at = at;
    return status;
}

/* ---- scalars ---- */

/* A writer over the rest of the text buffer. */
static tw_text text_begin(tw_msgpack_reader *reader) {
    return tw_text_over(reader->text + reader->text_size,
                        TEXT_FACTOR * reader->size_max + TW_TIME_TEXT_SIZE - reader->text_size);
}

static tw_slice text_end(tw_msgpack_reader *reader, const tw_text *text) {
    TW_ASSERT(!text->truncated); /* invariant 4 */
    reader->text_size += text->size;
    return tw_text_slice(text);
}

/* The shortest digits that read back as the same float: 126.55, not 126.55000305175781. */
static void put_float(tw_text *text, float value) {
    char buffer[32];
    for (int digits = 6; digits <= 9; digits++) {
        snprintf(buffer, sizeof buffer, "%.*g", digits, (double)value);
        if (strtof(buffer, NULL) == value)
            break;
    }
    tw_text_append_string(text, buffer);
}

static tw_status put_real(packed_value *v, tw_text *text) {
    uint32_t low = (uint32_t)v->head.bits;
    float single = 0;
    double value = 0;
    memcpy(&single, &low, sizeof single);
    memcpy(&value, &v->head.bits, sizeof value);
    if (v->head.form == HEAD_FLOAT)
        value = (double)single;
    if (!isfinite(value))
        return fail_at(v->reader, v->begin, "it is no finite number");
    if (v->head.form == HEAD_FLOAT)
        put_float(text, single);
    else
        tw_text_append_double(text, value);
    return TW_OK;
}

/* Extension -1: 32 bits of seconds; 30 of nanoseconds and 34 of seconds; or 32 and 64. */
static tw_status put_time(packed_value *v, tw_text *text) {
    const unsigned char *payload = v->reader->input + v->payload;
    uint64_t bits = big_endian(payload, v->head.size < 8 ? v->head.size : 8);
    int64_t seconds = (int64_t)bits;
    uint64_t nanoseconds = 0;
    int64_t time_ns = 0;
    if (v->head.size == 8) {
        nanoseconds = bits >> 34;
        seconds = (int64_t)(bits & ((UINT64_C(1) << 34) - 1));
    } else if (v->head.size == 12) {
        nanoseconds = big_endian(payload, 4);
        seconds = (int64_t)big_endian(payload + 4, 8);
    }
    if (nanoseconds >= (uint64_t)TW_NS_PER_SECOND ||
        __builtin_mul_overflow(seconds, TW_NS_PER_SECOND, &time_ns) ||
        __builtin_add_overflow(time_ns, (int64_t)nanoseconds, &time_ns))
        return fail_at(v->reader, v->begin, "it is no time that fits");
    char buffer[TW_TIME_TEXT_SIZE];
    size_t size = tw_time_format(time_ns, -1, buffer);
    tw_text_append(text, (tw_slice){buffer, size});
    return TW_OK;
}

static tw_status scalar(tw_json_value *value, tw_slice *ret_text) {
    packed_value *v = packed(value);
    tw_msgpack_reader *reader = v->reader;
    tw_text text = text_begin(reader);
    tw_status status = TW_OK;
    value->taken = true;
    reader->at = v->payload + v->head.size;
    switch (v->head.form) {
    case HEAD_NIL:
        *ret_text = (tw_slice){NULL, 0};
        return TW_OK;
    case HEAD_BOOLEAN:
        *ret_text = tw_slice_of(v->head.bits != 0 ? "true" : "false");
        return TW_OK;
    case HEAD_STRING:
        *ret_text = (tw_slice){(const char *)reader->input + v->payload, v->head.size};
        return TW_OK;
    case HEAD_UNSIGNED:
        tw_text_append_u64(&text, v->head.bits);
        break;
    case HEAD_SIGNED:
        tw_text_append_i64(&text, (int64_t)v->head.bits);
        break;
    case HEAD_FLOAT:
    case HEAD_DOUBLE:
        status = put_real(v, &text);
        break;
    case HEAD_TIME:
        status = put_time(v, &text);
        break;
    case HEAD_ARRAY:
    case HEAD_MAP:
    case HEAD_EXTENSION:
        return fail_at(reader, v->begin, "expected a scalar");
    }
    if (status == TW_OK)
        *ret_text = text_end(reader, &text);
    return status;
}

static tw_status fail(tw_json_value *value, tw_status status, const char *sentence) {
    packed_value *v = packed(value);
    return tw_error_set_at(v->reader->error, status, "msgpack", 0, v->begin + 1, "%s", sentence);
}

static const json_encoding msgpack_encoding = {each_field, each_item, scalar, peek, fail};

/* ---- the reader ---- */

tw_status tw_msgpack_reader_new(const tw_allocator *allocator, size_t size_max,
                                tw_msgpack_reader **ret_reader) {
    TW_ASSERT(size_max > 0 && size_max <= (size_t)1 << 30);
    tw_msgpack_reader *reader = TW_NEW(allocator, 1, tw_msgpack_reader);
    if (reader == NULL)
        return TW_NO_MEMORY;
    reader->allocator = allocator;
    reader->size_max = size_max;
    reader->text = TW_NEW(allocator, TEXT_FACTOR * size_max + TW_TIME_TEXT_SIZE, char);
    if (reader->text == NULL) {
        tw_msgpack_reader_free(reader);
        return TW_NO_MEMORY;
    }
    *ret_reader = reader;
    return TW_OK;
}

void tw_msgpack_reader_free(tw_msgpack_reader *reader) {
    if (reader == NULL)
        return;
    if (reader->text != NULL)
        TW_DELETE(reader->allocator, reader->text,
                  TEXT_FACTOR * reader->size_max + TW_TIME_TEXT_SIZE, char);
    TW_DELETE(reader->allocator, reader, 1, tw_msgpack_reader);
}

tw_status tw_msgpack_read(tw_msgpack_reader *reader, tw_slice input, tw_json_on_value on_root,
                          void *context, tw_error *error) {
    if (input.size > reader->size_max)
        return tw_error_set(error, TW_FULL, "the input has %zu bytes, at most %zu are read",
                            input.size, reader->size_max);
    reader->input = (const unsigned char *)input.data;
    reader->size = input.size;
    reader->at = 0;
    reader->text_size = 0;
    reader->depth = 0;
    reader->error = error;
    packed_value root;
    tw_status status = value_read(reader, &root);
    if (status == TW_OK && root.head.form != HEAD_ARRAY && root.head.form != HEAD_MAP)
        status = fail_at(reader, 0, "the root is neither a map nor an array");
    if (status == TW_OK)
        status = on_root(context, &root.base);
    if (status == TW_OK)
        status = pass(&root);
    if (status == TW_OK && reader->at != reader->size)
        status = fail_at(reader, reader->at, "something follows the end of the document");
    reader->error = NULL;
    return status;
}
