/*
 * window_lanes.h - numbers a register at a time, for the files that are compiled once for each
 * level of vector instructions.
 *
 * All levels give the same bits: the expressions are those of a single read, none is contracted,
 * and a quotient of two integers is the double nearest to it however it was found. Without fused
 * multiply-adds it is a division. With them it is found from a reciprocal y of the divisor b, off
 * by e = |y b - 1|, and the remainder, which they have exactly (Markstein, Computation of
 * elementary functions on the IBM RISC System/6000 processor, 1990):
 *
 *     q0 = a y rounded    r = a - q0 b    q1 = q0 + r y rounded
 *
 * Let |a| < 2^53, b < 2^51 but for twos, e <= 2^-52 and u the unit in the last place of a / b. Then
 * q0 is off by less than 2^53 (e + 2^-53 + 2^-105) u < 4 u; r is a multiple of u of less than
 * 4 b < 2^53 u, so exact; and q0 + r y is off by less than 4 e u <= 2^-50 u. What lies in the
 * middle between two doubles has 54 bits, so b times it is not an integer of 53 bits: a / b never
 * lies there, and is away from it by at least u / 2b. Hence q1 is the double nearest to a / b if b
 * < 2^49. Set right once more from q1, which is off by less than u, it is if b < 2^51.
 */
#ifndef TRADEWIND_CORE_WINDOW_LANES_H
#define TRADEWIND_CORE_WINDOW_LANES_H

#include <math.h>
#include <stdint.h>

#include "window_pane.h"

#ifdef __AVX512F__
#include <immintrin.h>
#endif

#if !defined(TW_WINDOW_LEVEL) || !defined(TW_WINDOW_BYTES)
#error "TW_WINDOW_LEVEL and TW_WINDOW_BYTES say which level this file is compiled for"
#endif
#define LEVEL_JOIN(name, level) name##_##level
#define LEVEL_EXPAND(name, level) LEVEL_JOIN(name, level)
#define LEVEL(name) LEVEL_EXPAND(name, TW_WINDOW_LEVEL)

#define TW_INLINE static inline __attribute__((always_inline))

#define LANES (TW_WINDOW_BYTES / 8)

typedef double lanes __attribute__((vector_size(TW_WINDOW_BYTES)));
typedef uint64_t words __attribute__((vector_size(TW_WINDOW_BYTES)));
typedef int64_t signed_words __attribute__((vector_size(TW_WINDOW_BYTES)));
/* In arrays of doubles, and of integers. */
typedef double lanes_place __attribute__((vector_size(TW_WINDOW_BYTES), aligned(8), may_alias));
typedef uint64_t words_place __attribute__((vector_size(TW_WINDOW_BYTES), aligned(8), may_alias));

/* Extremes that fit 32 bits each. */
static inline void extremes_narrow(extremes_lanes value, int32_t ret[2]) {
#ifdef __AVX512VL__
    _mm_storel_epi64((__m128i_u *)ret, _mm_cvtepi64_epi32(value));
#else
    ret[0] = (int32_t)value.min;
    ret[1] = (int32_t)value.not_max;
#endif
}

static inline lanes lanes_of(double value) {
    return value - (lanes){0};
}

/* as_double, of integers below EXACT_COLUMN. */
static inline lanes small_double(words value) {
    return (lanes)(value + (words)lanes_of(0x1.8p52)) - 0x1.8p52;
}

/* as_nearest_double */
static inline lanes nearest_double(words value) {
#ifdef __AVX512DQ__
    return __builtin_convertvector(value, lanes);
#else
    lanes high = (lanes)(value >> 32 | (words)lanes_of(0x1p84));
    lanes low = (lanes)((value & UINT32_MAX) | (words)lanes_of(0x1p52));
    return (high - (0x1p84 + 0x1p52)) + low;
#endif
}

/* Of signed integers: high words are lifted by 2^63, which comes off again. */
static inline lanes nearest_signed(words value) {
#ifdef __AVX512DQ__
    return __builtin_convertvector((signed_words)value, lanes);
#else
    lanes high = (lanes)((value ^ UINT64_C(1) << 63) >> 32 | (words)lanes_of(0x1p84));
    lanes low = (lanes)((value & UINT32_MAX) | (words)lanes_of(0x1p52));
    return (high - (0x1p84 + 0x1p63 + 0x1p52)) + low;
#endif
}

static inline bool some(words value) {
    uint64_t any = 0;
    for (size_t i = 0; i < LANES; i++)
        any |= value[i];
    return any != 0;
}

static inline lanes square_root(lanes value) {
#ifdef __AVX512F__
    return (lanes)_mm512_sqrt_pd((__m512d)value);
#else
    for (int i = 0; i < LANES; i++)
        value[i] = sqrt(value[i]);
    return value;
#endif
}

#ifdef __AVX512F__
/* e <= 2^-52: 14 bits, doubled twice, and a rounding. */
static inline lanes reciprocal(lanes b) {
    const __m512d one = _mm512_set1_pd(1);
    __m512d y = _mm512_rcp14_pd((__m512d)b);
    y = _mm512_fmadd_pd(y, _mm512_fnmadd_pd((__m512d)b, y, one), y);
    y = _mm512_fmadd_pd(y, _mm512_fnmadd_pd((__m512d)b, y, one), y);
    return (lanes)y;
}

static inline lanes set_right(lanes q, lanes a, lanes b, lanes inverse) {
    __m512d rest = _mm512_fnmadd_pd((__m512d)q, (__m512d)b, (__m512d)a);
    return (lanes)_mm512_fmadd_pd(rest, (__m512d)inverse, (__m512d)q);
}

/* a / b for b < 2^49 but for twos, given the double nearest to 1 / b ... */
static inline lanes quotient_known(lanes a, lanes b, lanes inverse) {
    return set_right(a * inverse, a, b, inverse);
}

/* ... and for b < 2^51. */
static inline lanes quotient(lanes a, lanes b) {
    lanes inverse = reciprocal(b);
    return set_right(set_right(a * inverse, a, b, inverse), a, b, inverse);
}
#else
static inline lanes quotient_known(lanes a, lanes b, lanes inverse) {
    (void)inverse;
    return a / b;
}

static inline lanes quotient(lanes a, lanes b) {
    return a / b;
}
#endif

#endif
