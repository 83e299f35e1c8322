/*
 * splitmix.h - scattered bits from a number: the n-th output of splitmix64 for a seed.
 *
 * What is scattered has no state, so that who needs a little jitter needs no generator. Source:
 * Steele, Lea and Flood, Fast Splittable Pseudorandom Number Generators (2014).
 */
#ifndef TRADEWIND_BASE_SPLITMIX_H
#define TRADEWIND_BASE_SPLITMIX_H

#include <stdint.h>

#define SPLITMIX_INLINE static inline __attribute__((unused))
#define SPLITMIX_STEP UINT64_C(0x9e3779b97f4a7c15)

SPLITMIX_INLINE uint64_t splitmix_scatter(uint64_t z) {
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Output `number`, from 0, of the stream of a seed. */
SPLITMIX_INLINE uint64_t splitmix_at(uint64_t seed, uint64_t number) {
    return splitmix_scatter(seed + (number + 1) * SPLITMIX_STEP);
}

/* A span in [0, span_ns] for that number. */
SPLITMIX_INLINE int64_t splitmix_span_ns(uint64_t seed, uint64_t number, int64_t span_ns) {
    return (int64_t)(splitmix_at(seed, number) % ((uint64_t)span_ns + 1));
}

#endif
