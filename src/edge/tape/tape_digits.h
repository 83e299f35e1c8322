/*
 * tape_digits.h - eight decimal digits at a time, both ways.
 *
 * A word is eight characters, the first one in its lowest byte whatever the machine's own order.
 * Digits stand in it as the numbers 0 to 9, not as characters, so that places which are not used
 * are zeros: shifted up they lead a whole number, left where they are they trail a fraction.
 */
#ifndef TRADEWIND_TAPE_DIGITS_H
#define TRADEWIND_TAPE_DIGITS_H

#include <stdint.h>
#include <string.h>

#define WORD_OF(byte) (UINT64_C(0x0101010101010101) * (byte))

static inline uint64_t word_in_order(uint64_t word) {
    return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? __builtin_bswap64(word) : word;
}

static inline uint64_t word_load(const char *text) {
    uint64_t word;
    memcpy(&word, text, sizeof word);
    return word_in_order(word);
}

static inline void word_store(char *text, uint64_t word) {
    word = word_in_order(word);
    memcpy(text, &word, sizeof word);
}

/* The first `count` characters of a word, 0 to 8, the others zero. */
static inline uint64_t word_first(uint64_t word, unsigned count) {
    return count == 8 ? word : word & ((UINT64_C(1) << (8 * count)) - 1);
}

/* How many of `digits` (characters less '0') are digits before the first other one. A carry from a
 * byte that is none reaches only bytes behind it, which no longer matter. */
static inline unsigned digits_count(uint64_t digits) {
    uint64_t others = ((digits + WORD_OF(0x76)) | digits) & WORD_OF(0x80);
    return others == 0 ? 8 : (unsigned)__builtin_ctzll(others) / 8;
}

/* Eight digits as a number: pairs, then fours, then all of them. */
static inline uint64_t digits_value(uint64_t digits) {
    digits = (digits * 10 + (digits >> 8)) & UINT64_C(0x00ff00ff00ff00ff);
    digits = (digits * 100 + (digits >> 16)) & UINT64_C(0x0000ffff0000ffff);
    return (digits * 10000 + (digits >> 32)) & UINT64_C(0xffffffff);
}

/* The inverse, of a number below 10^8. 10486 / 2^20 is a hundredth for all below 43,699, and
 * 103 / 2^10 a tenth for all below 179. */
static inline uint64_t digits_of(uint32_t value) {
    uint64_t fours = value / 10000 | (uint64_t)(value % 10000) << 32;
    uint64_t hundreds = ((fours * 10486) >> 20) & UINT64_C(0x0000007f0000007f);
    uint64_t pairs = hundreds | (fours - hundreds * 100) << 16;
    uint64_t tens = ((pairs * 103) >> 10) & UINT64_C(0x000f000f000f000f);
    return tens | (pairs - tens * 10) << 8;
}

#endif
