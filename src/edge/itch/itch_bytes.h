/*
 * itch_bytes.h - numbers as NASDAQ's protocols and the network write them: most significant first.
 *
 * Lent to the readers of `edge/tape`. The addresses need no alignment; who calls has seen to it
 * that the bytes are there.
 */
#ifndef TRADEWIND_ITCH_BYTES_H
#define TRADEWIND_ITCH_BYTES_H

#include <stdint.h>
#include <string.h>

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ITCH_ORDER_16(value) __builtin_bswap16(value)
#define ITCH_ORDER_32(value) __builtin_bswap32(value)
#define ITCH_ORDER_64(value) __builtin_bswap64(value)
#else
#define ITCH_ORDER_16(value) (value)
#define ITCH_ORDER_32(value) (value)
#define ITCH_ORDER_64(value) (value)
#endif

static inline uint16_t itch_load_16(const char *at) {
    uint16_t value;
    memcpy(&value, at, sizeof value);
    return ITCH_ORDER_16(value);
}

static inline uint32_t itch_load_32(const char *at) {
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return ITCH_ORDER_32(value);
}

static inline uint64_t itch_load_64(const char *at) {
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return ITCH_ORDER_64(value);
}

/* Reads two bytes in front of `at` too; where ITCH has a number of 48 bits, its header is there. */
static inline uint64_t itch_load_48(const char *at) {
    return itch_load_64(at - 2) & UINT64_C(0xffffffffffff);
}

static inline void itch_store_16(char *at, uint16_t value) {
    value = ITCH_ORDER_16(value);
    memcpy(at, &value, sizeof value);
}

static inline void itch_store_32(char *at, uint32_t value) {
    value = ITCH_ORDER_32(value);
    memcpy(at, &value, sizeof value);
}

static inline void itch_store_48(char *at, uint64_t value) {
    itch_store_16(at, (uint16_t)(value >> 32));
    itch_store_32(at + 2, (uint32_t)value);
}

static inline void itch_store_64(char *at, uint64_t value) {
    value = ITCH_ORDER_64(value);
    memcpy(at, &value, sizeof value);
}

#endif
