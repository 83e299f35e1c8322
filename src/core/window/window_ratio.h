/*
 * window_ratio.h - exact integers of 192 bits, and the double nearest to a ratio of two.
 *
 * Only the sums of windows need these widths, so there is no more of it than they need: add,
 * subtract, times 64 bits, and one division that rounds to a double.
 */
#ifndef TRADEWIND_CORE_WINDOW_RATIO_H
#define TRADEWIND_CORE_WINDOW_RATIO_H

#include <stdbool.h>
#include <stdint.h>

__extension__ typedef __int128 wide_int;
__extension__ typedef unsigned __int128 wide_uint;

/* Two's complement when it stands for a signed number. */
typedef struct wide192 {
    uint64_t words[3]; /* lowest first */
} wide192;

static inline wide192 wide192_add(wide192 a, wide192 b) {
    wide_uint low = (wide_uint)a.words[0] + b.words[0];
    wide_uint middle = (wide_uint)a.words[1] + b.words[1] + (uint64_t)(low >> 64);
    uint64_t high = a.words[2] + b.words[2] + (uint64_t)(middle >> 64);
    return (wide192){{(uint64_t)low, (uint64_t)middle, high}};
}

static inline wide192 wide192_negate(wide192 a) {
    wide192 inverted = {{~a.words[0], ~a.words[1], ~a.words[2]}};
    return wide192_add(inverted, (wide192){{1, 0, 0}});
}

static inline wide192 wide192_subtract(wide192 a, wide192 b) {
    return wide192_add(a, wide192_negate(b));
}

static inline bool wide192_is_negative(wide192 a) {
    return (int64_t)a.words[2] < 0;
}

static inline wide192 wide192_of(wide_int value) {
    wide_uint bits = (wide_uint)value;
    return (wide192){{(uint64_t)bits, (uint64_t)(bits >> 64), value < 0 ? UINT64_MAX : 0}};
}

static inline wide192 wide192_of_unsigned(wide_uint value) {
    return (wide192){{(uint64_t)value, (uint64_t)(value >> 64), 0}};
}

/* Low 192 bits of the product; right for signed `a` as well, since `b` is not negative. */
static inline wide192 wide192_times(wide192 a, uint64_t b) {
    wide_uint low = (wide_uint)a.words[0] * b;
    wide_uint middle = (wide_uint)a.words[1] * b + (uint64_t)(low >> 64);
    uint64_t high = a.words[2] * b + (uint64_t)(middle >> 64);
    return (wide192){{(uint64_t)low, (uint64_t)middle, high}};
}

/* a x b of two signed numbers below 2^95 in magnitude. */
wide192 wide192_product(wide_int a, wide_int b);

/* The double nearest to numerator / denominator x 2^exponent, ties to even; the numerator signed,
 * the denominator above 0 and below 2^127, the result of normal size. */
double ratio_round(wide192 numerator, wide_uint denominator, int exponent);

#endif
