/*
 * tape_put.h - numbers as text, for the writers of rows.
 *
 * A "put" function writes one piece and returns the place behind it. It may write up to eight bytes
 * behind that, which mean nothing and are written over by the next piece: room for them must be
 * there.
 */
#ifndef TRADEWIND_TAPE_PUT_H
#define TRADEWIND_TAPE_PUT_H

#include "tape_digits.h"
#include "tradewind/decimal.h"

#define EIGHT_DIGITS UINT64_C(100000000)

static inline char *put_char(char *at, char c) {
    *at = c;
    return at + 1;
}

/* Less than 10^8, without leading zeros. */
static inline char *put_short(char *at, uint32_t value) {
    uint64_t digits = digits_of(value);
    unsigned zeros = value == 0 ? 7 : (unsigned)__builtin_ctzll(digits) / 8;
    word_store(at, (digits >> (8 * zeros)) | WORD_OF('0'));
    return at + 8 - zeros;
}

static inline char *put_eight(char *at, uint32_t value) {
    word_store(at, digits_of(value) | WORD_OF('0'));
    return at + 8;
}

static inline char *put_u64(char *at, uint64_t value) {
    if (value < EIGHT_DIGITS)
        return put_short(at, (uint32_t)value);
    uint64_t upper = value / EIGHT_DIGITS;
    uint32_t lower = (uint32_t)(value % EIGHT_DIGITS);
    if (upper < EIGHT_DIGITS)
        return put_eight(put_short(at, (uint32_t)upper), lower);
    at = put_short(at, (uint32_t)(upper / EIGHT_DIGITS));
    return put_eight(put_eight(at, (uint32_t)(upper % EIGHT_DIGITS)), lower);
}

/* The magnitude of a number, whose sign is written. */
static inline char *put_sign(char *at, int64_t value, uint64_t *ret_magnitude) {
    *ret_magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    *at = '-';
    return at + (value < 0);
}

static inline char *put_i64(char *at, int64_t value) {
    uint64_t magnitude;
    at = put_sign(at, value, &magnitude);
    return put_u64(at, magnitude);
}

/* A point and up to nine digits, without the zeros at their end. */
static inline char *put_fraction(char *at, uint32_t nano) {
    uint64_t digits = digits_of(nano / 10);
    at = put_char(at, '.');
    word_store(at, digits | WORD_OF('0'));
    if (nano % 10 != 0)
        return put_char(at + 8, (char)('0' + nano % 10));
    return at + 8 - __builtin_clzll(digits) / 8;
}

/* The shortest exact text, as tw_decimal_format writes it. */
static inline char *put_decimal(char *at, int64_t nano) {
    uint64_t magnitude;
    at = put_sign(at, nano, &magnitude);
    at = put_u64(at, magnitude / (uint64_t)TW_NANO);
    uint32_t fraction = (uint32_t)(magnitude % (uint64_t)TW_NANO);
    return fraction == 0 ? at : put_fraction(at, fraction);
}

/* The same with at least so many digits behind the point. */
static inline char *put_price(char *at, int64_t nano, unsigned digits_min) {
    char *end = put_decimal(at, nano);
    if (digits_min == 0)
        return end;
    char *point = nano % TW_NANO == 0 ? end : memchr(at, '.', (size_t)(end - at));
    *point = '.'; /* where it is, or where none was needed */
    unsigned there = nano % TW_NANO == 0 ? 0 : (unsigned)(end - point) - 1;
    for (end = point + 1 + there; there < digits_min; there++)
        *end++ = '0';
    return end;
}

#endif
