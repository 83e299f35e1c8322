/*
 * flat_json.h - the plain forms of JSON's scalars, read straight from their bytes.
 *
 * For records of a few scalars each, by the hundred thousand: a visitor (json.h) costs more there
 * than the values. Each function reads what stands at `at` and returns the byte behind it, or NULL
 * if that is anything but the plain form it knows; whoever gets NULL asks the visitor, which
 * knows all forms and says what is wrong. So nothing here is more lenient than RFC 8259, and what
 * is stricter costs time, never an answer.
 *
 * A string is plain if it is of printable ASCII and has no escapes.
 *
 * Invariants
 * 1. The text ends with FLAT_JSON_PADDING zero bytes. No value goes on behind a zero, and no
 *    function looks further than that behind the byte at which it stops: none needs the end.
 */
#ifndef TRADEWIND_FLAT_JSON_H
#define TRADEWIND_FLAT_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "digits.h"
#include "tradewind/decimal.h"
#include "tradewind/text.h"
#include "tradewind/time.h"

#define FLAT_JSON_PADDING 32

/* A day whose text was read before: texts of one page or frame mostly share it. */
typedef struct flat_day {
    uint64_t head; /* the bytes of "2024-01-", and */
    uint64_t tail; /* of "4-01-02T"; 0: there is none yet */
    int64_t begin_ns;
} flat_day;

static inline const char *flat_json_blank(const char *at) {
    while (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')
        at++;
    return at;
}

/* The content of a plain string. */
static inline const char *flat_json_string(const char *at, tw_slice *ret_content) {
    if (*at != '"')
        return NULL;
    const char *begin = ++at;
    while (*at >= ' ' && *at <= '~' && *at != '"' && *at != '\\')
        at++;
    if (*at != '"')
        return NULL;
    *ret_content = (tw_slice){begin, (size_t)(at - begin)};
    return at + 1;
}

static inline const char *flat_json_digits(const char *at) {
    while (digits_is(*at))
        at++;
    return at;
}

/* A number of any form (RFC 8259, section 6), as written. */
static inline const char *flat_json_number(const char *at, tw_slice *ret_text) {
    const char *begin = at;
    const char *whole = at += *at == '-';
    at = flat_json_digits(at);
    if (at == whole || (*whole == '0' && at > whole + 1))
        return NULL;
    if (*at == '.') {
        const char *fraction = ++at;
        at = flat_json_digits(at);
        if (at == fraction)
            return NULL;
    }
    if (*at == 'e' || *at == 'E') {
        at++;
        at += *at == '+' || *at == '-';
        const char *exponent = at;
        at = flat_json_digits(at);
        if (at == exponent)
            return NULL;
    }
    *ret_text = (tw_slice){begin, (size_t)(at - begin)};
    return at;
}

/* A number of any form; NULL also if it does not fit. */
static inline const char *flat_json_decimal_any(const char *at, int64_t *ret_nano) {
    tw_slice text;
    at = flat_json_number(at, &text);
    return at != NULL && tw_decimal_parse_rounded(text, ret_nano) == TW_OK ? at : NULL;
}

/* The same; quick for up to eight digits before the point and nine behind it. */
static inline const char *flat_json_decimal(const char *at, int64_t *ret_nano) {
    uint64_t word = digits_load(at);
    unsigned count = digits_count(word);
    if (count == 0 || (count > 1 && *at == '0') || (count == 8 && digits_is(at[8])))
        return flat_json_decimal_any(at, ret_nano);
    int64_t nano = digits_first(word, count) * TW_NANO;
    const char *behind = at + count;
    if (*behind == '.') {
        word = digits_load(++behind);
        count = digits_count(word);
        if (count == 0)
            return NULL;
        nano += INT64_C(10) * digits_behind_point(word, count);
        behind += count;
        if (count == 8 && digits_is(*behind))
            nano += *behind++ - '0';
    }
    if (digits_is(*behind) || *behind == 'e' || *behind == 'E')
        return flat_json_decimal_any(at, ret_nano);
    *ret_nano = nano;
    return behind;
}

/* An unsigned integer that fits 64 bits; quick for up to 15 digits. */
static inline const char *flat_json_unsigned(const char *at, uint64_t *ret_value) {
    static const uint32_t powers[8] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000};
    uint64_t word = digits_load(at);
    unsigned count = digits_count(word);
    const char *behind = at + count;
    if (count == 0 || (count > 1 && *at == '0'))
        return NULL;
    uint64_t value = digits_first(word, count);
    if (count == 8 && digits_is(*behind)) {
        word = digits_load(behind);
        count = digits_count(word);
        if (count == 8) {
            behind = flat_json_digits(behind);
            tw_slice text = {at, (size_t)(behind - at)};
            return tw_parse_u64(text, ret_value) == TW_OK ? behind : NULL;
        }
        value = value * powers[count] + digits_first(word, count);
        behind += count;
    }
    *ret_value = value;
    return behind;
}

/* A scalar that nobody wants. */
static inline const char *flat_json_pass(const char *at) {
    tw_slice ignored;
    switch (*at) {
    case '"':
        return flat_json_string(at, &ignored);
    case 't':
        return memcmp(at, "true", 4) == 0 ? at + 4 : NULL;
    case 'f':
        return memcmp(at, "false", 5) == 0 ? at + 5 : NULL;
    case 'n':
        return memcmp(at, "null", 4) == 0 ? at + 4 : NULL;
    default:
        return flat_json_number(at, &ignored);
    }
}

/* ---- times ---- */

/* Any time of RFC 3339; remembers its day. */
static inline const char *flat_json_time_any(const char *at, flat_day *day, int64_t *ret_time_ns) {
    tw_slice text;
    const char *behind = flat_json_string(at, &text);
    int64_t time_ns = 0;
    if (behind == NULL || tw_time_parse(text, &time_ns) != TW_OK)
        return NULL;
    *ret_time_ns = time_ns;
    if (text.size > 11 && text.data[10] == 'T' && text.data[text.size - 1] == 'Z' && time_ns >= 0 &&
        time_ns < INT64_MAX - TW_NS_PER_DAY)
        *day = (flat_day){digits_bytes(text.data), digits_bytes(text.data + 3),
                          time_ns - time_ns % TW_NS_PER_DAY};
    return behind;
}

/* "14:30:00" in seconds, or -1. */
static inline int64_t flat_json_clock(const char *at) {
    const uint64_t colons = UINT64_C(0x0000FF0000FF0000);
    uint64_t word = digits_load(at);
    if ((word & colons) != (DIGITS_EACH(':' ^ '0') & colons) || digits_others(word & ~colons) != 0)
        return -1;
    word = word * 10 + (word >> 8); /* every pair of digits in the byte of its first */
    int64_t hour = word & 0xFF, minute = word >> 24 & 0xFF, second = word >> 48 & 0xFF;
    if (hour > 23 || minute > 59 || second > 59)
        return -1;
    return hour * 3600 + minute * 60 + second;
}

/* A time of RFC 3339 in quotes; quick for one of the day that was seen last, in UTC. */
static inline const char *flat_json_time(const char *at, flat_day *day, int64_t *ret_time_ns) {
    if (*at != '"' || digits_bytes(at + 1) != day->head || digits_bytes(at + 4) != day->tail)
        return flat_json_time_any(at, day, ret_time_ns);
    int64_t second = flat_json_clock(at + 12);
    if (second < 0)
        return flat_json_time_any(at, day, ret_time_ns);
    int64_t time_ns = day->begin_ns + second * TW_NS_PER_SECOND;
    const char *behind = at + 20;
    if (*behind == '.') {
        uint64_t word = digits_load(++behind);
        unsigned count = digits_count(word);
        if (count == 0)
            return NULL;
        time_ns += INT64_C(10) * digits_behind_point(word, count);
        behind += count;
        if (count == 8 && digits_is(*behind))
            time_ns += *behind++ - '0';
    }
    if (behind[0] != 'Z' || behind[1] != '"')
        return flat_json_time_any(at, day, ret_time_ns);
    *ret_time_ns = time_ns;
    return behind + 2;
}

#endif
