/*
 * msgpack_pack.h - a JSON tree of jansson as MessagePack, the plain and slow way, for tests.
 *
 * A string under the key "t" that is a time of RFC 3339 becomes a timestamp (extension -1), as
 * Alpaca's streams send it. Integers take the shortest form, reals are doubles.
 */
#ifndef TESTS_SUPPORT_MSGPACK_PACK_H
#define TESTS_SUPPORT_MSGPACK_PACK_H

#include <jansson.h>
#include <stdint.h>
#include <string.h>

#include "tradewind/text.h"
#include "tradewind/time.h"

static inline void pack_bytes(tw_text *out, unsigned first, uint64_t bits, unsigned width) {
    tw_text_append_char(out, (char)first);
    for (unsigned i = width; i-- > 0;)
        tw_text_append_char(out, (char)(bits >> 8 * i & 0xFF));
}

static inline void pack_string(tw_text *out, const char *string, size_t size) {
    if (size < 32)
        pack_bytes(out, 0xA0 | (unsigned)size, 0, 0);
    else
        pack_bytes(out, 0xDB, size, 4);
    tw_text_append(out, (tw_slice){string, size});
}

static inline void pack_integer(tw_text *out, int64_t value) {
    uint64_t bits = (uint64_t)value;
    if (value >= 0)
        value < 128           ? pack_bytes(out, (unsigned)value, 0, 0)
        : value <= UINT8_MAX  ? pack_bytes(out, 0xCC, bits, 1)
        : value <= UINT16_MAX ? pack_bytes(out, 0xCD, bits, 2)
        : value <= UINT32_MAX ? pack_bytes(out, 0xCE, bits, 4)
                              : pack_bytes(out, 0xCF, bits, 8);
    else
        value >= -32         ? pack_bytes(out, (unsigned)(bits & 0xFF), 0, 0)
        : value >= INT8_MIN  ? pack_bytes(out, 0xD0, bits, 1)
        : value >= INT16_MIN ? pack_bytes(out, 0xD1, bits, 2)
        : value >= INT32_MIN ? pack_bytes(out, 0xD2, bits, 4)
                             : pack_bytes(out, 0xD3, bits, 8);
}

static inline void pack_time(tw_text *out, int64_t time_ns) {
    int64_t second = tw_time_floor(time_ns, TW_NS_PER_SECOND) / TW_NS_PER_SECOND;
    uint64_t nanoseconds = (uint64_t)(time_ns - second * TW_NS_PER_SECOND);
    if (second >= 0 && second < INT64_C(1) << 34) {
        pack_bytes(out, 0xD7, 0xFF, 1);
        uint64_t bits = nanoseconds << 34 | (uint64_t)second;
        for (unsigned i = 8; i-- > 0;)
            tw_text_append_char(out, (char)(bits >> 8 * i & 0xFF));
        return;
    }
    pack_bytes(out, 0xC7, 12, 1);
    pack_bytes(out, 0xFF, nanoseconds, 4);
    for (unsigned i = 8; i-- > 0;)
        tw_text_append_char(out, (char)((uint64_t)second >> 8 * i & 0xFF));
}

static inline void pack_json(tw_text *out, const char *key, json_t *value) {
    int64_t time_ns = 0;
    double real = json_is_real(value) ? json_real_value(value) : 0;
    uint64_t bits = 0;
    const char *name;
    json_t *child;
    size_t i;
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        pack_bytes(out, 0xDF, json_object_size(value), 4);
        json_object_foreach(value, name, child) {
            pack_string(out, name, strlen(name));
            pack_json(out, name, child);
        }
        return;
    case JSON_ARRAY:
        pack_bytes(out, 0xDD, json_array_size(value), 4);
        json_array_foreach(value, i, child) pack_json(out, "", child);
        return;
    case JSON_STRING:
        if (strcmp(key, "t") == 0 &&
            tw_time_parse(tw_slice_of(json_string_value(value)), &time_ns) == TW_OK)
            pack_time(out, time_ns);
        else
            pack_string(out, json_string_value(value), json_string_length(value));
        return;
    case JSON_INTEGER:
        pack_integer(out, json_integer_value(value));
        return;
    case JSON_REAL:
        memcpy(&bits, &real, sizeof bits);
        pack_bytes(out, 0xCB, bits, 8);
        return;
    case JSON_TRUE:
    case JSON_FALSE:
        pack_bytes(out, json_is_true(value) ? 0xC3 : 0xC2, 0, 0);
        return;
    case JSON_NULL:
        pack_bytes(out, 0xC0, 0, 0);
    }
}

#endif
