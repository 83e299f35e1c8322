/*
 * fnv.h - a number for a name or a few words: FNV-1a of Fowler, Noll and Vo, 64 bits.
 *
 *     uint64_t hash = fnv_bytes(FNV_BASIS, name.data, name.size);
 *
 * Quick for what is short, and the same on every machine. Equal hashes must still be compared where
 * it matters: whoever makes the bytes can make two that agree. The low bits alone are poor.
 */
#ifndef TRADEWIND_BASE_FNV_H
#define TRADEWIND_BASE_FNV_H

#include <stddef.h>
#include <stdint.h>

#define FNV_INLINE static inline __attribute__((unused))
#define FNV_BASIS UINT64_C(0xcbf29ce484222325)

/* One byte, or a whole word where speed counts more than the letter of the method. */
FNV_INLINE uint64_t fnv_add(uint64_t hash, uint64_t word) {
    return (hash ^ word) * UINT64_C(0x100000001b3);
}

FNV_INLINE uint64_t fnv_bytes(uint64_t hash, const void *bytes, size_t size) {
    const unsigned char *at = (const unsigned char *)bytes;
    for (size_t i = 0; i < size; i++)
        hash = fnv_add(hash, at[i]);
    return hash;
}

#endif
