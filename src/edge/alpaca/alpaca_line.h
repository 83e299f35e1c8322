/*
 * alpaca_line.h - the values of market data as characters, where room is known beforehand.
 *
 * A record of market data is a handful of numbers and letters, and an exchange writes millions of
 * them. These functions write where they are told and return where they ended; a record takes at
 * most LINE_SIZE_MAX bytes, and whoever writes one has asked for that room once. What they write is
 * byte for byte what tw_decimal_format, tw_time_format and tw_text_append_json write.
 */
#ifndef TW_ALPACA_LINE_H
#define TW_ALPACA_LINE_H

#include <stdint.h>
#include <string.h>

#include "tradewind/decimal.h"
#include "tradewind/text.h"
#include "tradewind/time.h"

#define LINE_SIZE_MAX 384

/* "00" to "99". */
extern const char tw_line_pairs[200];

static inline char *line_put(char *out, const char *piece, size_t size) {
    memcpy(out, piece, size);
    return out + size;
}

#define LINE_PUT(out, literal) line_put(out, literal, sizeof(literal) - 1)

static inline char *line_pair(char *out, uint32_t value) {
    return line_put(out, tw_line_pairs + 2 * (size_t)value, 2);
}

/* One digit or two. */
static inline char *line_short(char *out, uint32_t value) {
    if (value >= 10)
        return line_pair(out, value);
    *out++ = (char)('0' + value);
    return out;
}

static inline char *line_u64(char *out, uint64_t value) {
    if (value < 100)
        return line_short(out, (uint32_t)value);
    if (value < 10000)
        return line_pair(line_short(out, (uint32_t)value / 100), (uint32_t)value % 100);
    char digits[20];
    size_t first = sizeof digits;
    for (; value >= 100; value /= 100) {
        first -= 2;
        memcpy(digits + first, tw_line_pairs + 2 * (size_t)(value % 100), 2);
    }
    out = line_short(out, (uint32_t)value);
    return line_put(out, digits + first, sizeof digits - first);
}

/* A point and `fraction` (of 1e9) without its last zeros; nothing if it is zero. */
static inline char *line_fraction(char *out, uint32_t fraction) {
    if (fraction == 0)
        return out;
    *out++ = '.';
    char *end = out;
    uint32_t cents = fraction / 10000000;
    end = line_pair(end, cents);
    fraction -= cents * 10000000;
    if (fraction != 0) {
        end = line_pair(end, fraction / 100000);
        end = line_pair(end, fraction / 1000 % 100);
        end = line_pair(end, fraction / 10 % 100);
        *end++ = (char)('0' + fraction % 10);
    }
    while (end[-1] == '0')
        end--;
    return end;
}

static inline char *line_decimal(char *out, int64_t nano) {
    uint64_t magnitude = nano < 0 ? 0 - (uint64_t)nano : (uint64_t)nano;
    if (nano < 0)
        *out++ = '-';
    out = line_u64(out, magnitude / (uint64_t)TW_NANO);
    return line_fraction(out, (uint32_t)(magnitude % (uint64_t)TW_NANO));
}

/* A time with its quotes. */
char *tw_line_time(char *out, int64_t time_ns);

/* A one-letter code with its quotes, escaped where JSON wants it. */
char *tw_line_code(char *out, char code);

/* Where a record goes: into the text if it surely fits, else aside. */
static inline char *line_begin(tw_text *text, char spare[LINE_SIZE_MAX]) {
    bool fits = !text->truncated && text->capacity - text->size > LINE_SIZE_MAX;
    return fits ? text->data + text->size : spare;
}

/* Ends a record that was begun so. */
static inline void line_end(tw_text *text, const char spare[LINE_SIZE_MAX], const char *begin,
                            char *end) {
    TW_ASSERT(end - begin <= LINE_SIZE_MAX);
    if (begin == spare) {
        tw_text_append(text, (tw_slice){begin, (size_t)(end - begin)});
        return;
    }
    text->size += (size_t)(end - begin);
    *end = '\0';
}

#endif
