/*
 * flat_pack.h - the plain forms of MessagePack's scalars, read straight from their bytes: what
 * flat_json.h is for JSON.
 *
 * Each function reads what stands at `at`, never beyond `end`, and returns the byte behind it, or
 * NULL if that is anything but the forms it knows. Numbers come as numbers and times as times; none
 * becomes text. A number is what json.h would say of it: that of a double's shortest digits.
 *
 * Source: the MessagePack specification (github.com/msgpack/msgpack, spec.md, 2017).
 */
#ifndef TRADEWIND_FLAT_PACK_H
#define TRADEWIND_FLAT_PACK_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "tradewind/decimal.h"
#include "tradewind/text.h"
#include "tradewind/time.h"

typedef const unsigned char *flat_bytes;

static inline bool flat_pack_has(flat_bytes at, flat_bytes end, size_t size) {
    return (size_t)(end - at) >= size;
}

/* `size` (1 to 8) bytes, the highest first. */
static inline uint64_t flat_pack_big_endian(flat_bytes at, unsigned size) {
    uint64_t bits = 0;
    for (unsigned i = 0; i < size; i++)
        bits = bits << 8 | at[i];
    return bits;
}

/* Eight bytes, the first one lowest; behind the end are zeros. */
static inline uint64_t flat_pack_word(flat_bytes at, flat_bytes end) {
    uint64_t word = 0;
    if (flat_pack_has(at, end, 8))
        memcpy(&word, at, 8);
    else
        memcpy(&word, at, (size_t)(end - at));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

/* The number in the `width` bytes behind a head. */
static inline flat_bytes flat_pack_behind(flat_bytes at, flat_bytes end, unsigned width,
                                          uint64_t *ret_bits) {
    if (!flat_pack_has(at, end, 1 + width))
        return NULL;
    *ret_bits = flat_pack_big_endian(at + 1, width);
    return at + 1 + width;
}

/* The head of an array or map: its number of items or pairs, none of which is smaller than a byte.
 */
static inline flat_bytes flat_pack_container(flat_bytes at, flat_bytes end, bool map,
                                             uint64_t *ret_count) {
    unsigned brief = map ? 0x80 : 0x90, wide = map ? 0xDE : 0xDC;
    flat_bytes behind = NULL;
    if (at == end)
        return NULL;
    if ((*at & 0xF0) == brief) {
        *ret_count = *at & 0x0F;
        behind = at + 1;
    } else if (*at == wide || *at == wide + 1) {
        behind = flat_pack_behind(at, end, *at == wide ? 2 : 4, ret_count);
    }
    uint64_t objects = map ? 2 : 1;
    return behind != NULL && objects * *ret_count <= (size_t)(end - behind) ? behind : NULL;
}

static inline flat_bytes flat_pack_string(flat_bytes at, flat_bytes end, tw_slice *ret_content) {
    uint64_t size = 0;
    flat_bytes content = NULL;
    if (at == end)
        return NULL;
    if ((*at & 0xE0) == 0xA0) {
        size = *at & 0x1F;
        content = at + 1;
    } else if (*at >= 0xD9 && *at <= 0xDB) {
        content = flat_pack_behind(at, end, 1u << (*at - 0xD9), &size);
    }
    if (content == NULL || !flat_pack_has(content, end, size))
        return NULL;
    *ret_content = (tw_slice){(const char *)content, size};
    return content + size;
}

static inline flat_bytes flat_pack_unsigned(flat_bytes at, flat_bytes end, uint64_t *ret_value) {
    if (at == end)
        return NULL;
    if (*at <= 0x7F) {
        *ret_value = *at;
        return at + 1;
    }
    if (*at < 0xCC || *at > 0xCF)
        return NULL;
    return flat_pack_behind(at, end, 1u << (*at - 0xCC), ret_value);
}

static inline flat_bytes flat_pack_double(flat_bytes at, flat_bytes end, double *ret_value) {
    uint64_t bits = 0;
    if (at == end || *at != 0xCB)
        return NULL;
    at = flat_pack_behind(at, end, 8, &bits);
    memcpy(ret_value, &bits, sizeof bits);
    return at;
}

/* A double or an unsigned integer; NULL also if it does not fit. */
static inline flat_bytes flat_pack_decimal(flat_bytes at, flat_bytes end, int64_t *ret_nano) {
    double real = 0;
    uint64_t whole = 0;
    flat_bytes behind = flat_pack_double(at, end, &real);
    if (behind != NULL)
        return tw_decimal_from_shortest(real, ret_nano) == TW_OK ? behind : NULL;
    behind = flat_pack_unsigned(at, end, &whole);
    if (behind == NULL || whole > (uint64_t)(INT64_MAX / TW_NANO))
        return NULL;
    *ret_nano = (int64_t)whole * TW_NANO;
    return behind;
}

/* A timestamp (extension -1) of 32, 64 or 96 bits, or a string of RFC 3339. */
static inline flat_bytes flat_pack_time(flat_bytes at, flat_bytes end, int64_t *ret_time_ns) {
    uint64_t nanoseconds = 0, bits = 0;
    int64_t time_ns = 0;
    tw_slice text;
    flat_bytes behind = flat_pack_string(at, end, &text);
    if (behind != NULL)
        return tw_time_parse(text, ret_time_ns) == TW_OK ? behind : NULL;
    if (flat_pack_has(at, end, 10) && at[0] == 0xD7 && at[1] == 0xFF) {
        bits = flat_pack_big_endian(at + 2, 8);
        nanoseconds = bits >> 34;
        bits &= (UINT64_C(1) << 34) - 1;
        behind = at + 10;
    } else if (flat_pack_has(at, end, 6) && at[0] == 0xD6 && at[1] == 0xFF) {
        bits = flat_pack_big_endian(at + 2, 4);
        behind = at + 6;
    } else if (flat_pack_has(at, end, 15) && at[0] == 0xC7 && at[1] == 12 && at[2] == 0xFF) {
        nanoseconds = flat_pack_big_endian(at + 3, 4);
        bits = flat_pack_big_endian(at + 7, 8);
        behind = at + 15;
    }
    if (nanoseconds >= (uint64_t)TW_NS_PER_SECOND ||
        __builtin_mul_overflow((int64_t)bits, TW_NS_PER_SECOND, &time_ns) ||
        __builtin_add_overflow(time_ns, (int64_t)nanoseconds, &time_ns))
        return NULL;
    *ret_time_ns = time_ns;
    return behind;
}

/* A scalar that nobody wants; no extensions and no binaries. */
static inline flat_bytes flat_pack_pass(flat_bytes at, flat_bytes end) {
    uint64_t bits = 0;
    double real = 0;
    tw_slice text;
    flat_bytes behind = flat_pack_string(at, end, &text);
    if (behind == NULL)
        behind = flat_pack_unsigned(at, end, &bits);
    if (behind == NULL && at < end) {
        if (*at == 0xC0 || *at == 0xC2 || *at == 0xC3 || *at >= 0xE0)
            behind = at + 1;
        else if (*at >= 0xD0 && *at <= 0xD3)
            behind = flat_pack_behind(at, end, 1u << (*at - 0xD0), &bits);
        else
            behind = flat_pack_double(at, end, &real);
    }
    return isfinite(real) ? behind : NULL;
}

#endif
