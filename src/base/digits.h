/*
 * digits.h - digits of text: eight read at once, in the bytes of one word, and two written.
 *
 * A word holds eight bytes of the text, the first one lowest, each with '0' taken off by an
 * exclusive or: what was a digit is its value then. Adding 6 to a byte leaves its upper half zero
 * if, and only if, it was at most 9; a carry comes out of no byte below the first that is no digit,
 * so the count of leading digits is exact. Pairs, fours and all eight are then put together by
 * three multiplications (W. Mula, SIMD-ized parsing of numbers, 2014; D. Lemire, Quickly parsing
 * eight digits, 2018).
 *
 * Whoever loads a word answers for its eight bytes being readable.
 */
#ifndef TW_BASE_DIGITS_H
#define TW_BASE_DIGITS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define DIGITS_EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Eight bytes, the first one lowest. */
static inline uint64_t digits_bytes(const char *text) {
    uint64_t word;
    memcpy(&word, text, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

/* The same, ready for the functions below. */
static inline uint64_t digits_load(const char *text) {
    return digits_bytes(text) ^ DIGITS_EACH('0');
}

/* A bit or more of each byte that is no digit; exact up to and with the first such byte. */
static inline uint64_t digits_others(uint64_t word) {
    return ((word + DIGITS_EACH(6)) | word) & DIGITS_EACH(0xF0);
}

static inline bool digits_is(char c) {
    return c >= '0' && c <= '9';
}

/* How many digits the word begins with: 0 to 8. */
static inline unsigned digits_count(uint64_t word) {
    uint64_t others = digits_others(word);
    return others == 0 ? 8 : (unsigned)__builtin_ctzll(others) / 8;
}

/* The number that eight digits write. */
static inline uint32_t digits_value(uint64_t word) {
    word = (word * (1 + (UINT64_C(10) << 8)) >> 8) & UINT64_C(0x00FF00FF00FF00FF);
    word = (word * (1 + (UINT64_C(100) << 16)) >> 16) & UINT64_C(0x0000FFFF0000FFFF);
    return (uint32_t)(word * (1 + (UINT64_C(10000) << 32)) >> 32);
}

/* The number that the first `count` (1 to 8) digits write ... */
static inline uint32_t digits_first(uint64_t word, unsigned count) {
    return digits_value(word << (64 - 8 * count));
}

/* ... and what they write of a hundred-millionth each, behind a point. */
static inline uint32_t digits_behind_point(uint64_t word, unsigned count) {
    return digits_value(word & (UINT64_MAX >> (64 - 8 * count)));
}

#define DIGITS_COUNT_MAX 20 /* of a number of 64 bits */

/* How many digits a number has. Its bits tell that but for one, which a comparison decides: 1233 of
 * 4096 is the logarithm of 2, and powers of ten are even but for the first. */
static inline unsigned digits_needed(uint64_t value) {
    static const uint64_t powers[DIGITS_COUNT_MAX] = {
        UINT64_C(1),
        UINT64_C(10),
        UINT64_C(100),
        UINT64_C(1000),
        UINT64_C(10000),
        UINT64_C(100000),
        UINT64_C(1000000),
        UINT64_C(10000000),
        UINT64_C(100000000),
        UINT64_C(1000000000),
        UINT64_C(10000000000),
        UINT64_C(100000000000),
        UINT64_C(1000000000000),
        UINT64_C(10000000000000),
        UINT64_C(100000000000000),
        UINT64_C(1000000000000000),
        UINT64_C(10000000000000000),
        UINT64_C(100000000000000000),
        UINT64_C(1000000000000000000),
        UINT64_C(10000000000000000000),
    };
    value |= 1;
    unsigned least = (64 - (unsigned)__builtin_clzll(value)) * 1233 >> 12;
    return least + (value >= powers[least]);
}

/* Writes the digits of a number, two at a time; returns what is behind them. */
static inline char *digits_put(char *to, uint64_t value) {
    static const char pairs[] =
        "00010203040506070809101112131415161718192021222324252627282930313233"
        "34353637383940414243444546474849505152535455565758596061626364656667"
        "6869707172737475767778798081828384858687888990919293949596979899";
    char *end = to + digits_needed(value);
    char *at = end;
    for (; value >= 100; value /= 100)
        memcpy(at -= 2, &pairs[2 * (value % 100)], 2);
    if (value >= 10)
        memcpy(at - 2, &pairs[2 * value], 2);
    else
        at[-1] = (char)('0' + value);
    return end;
}

#endif
