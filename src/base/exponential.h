/*
 * exponential.h - the exponential function and powers in plain C that compilers make vectors of.
 *
 * As logarithm.h: no branch, and the same bits everywhere, whatever instructions it is compiled to
 * (with -ffp-contract=off).
 */
#ifndef TRADEWIND_BASE_EXPONENTIAL_H
#define TRADEWIND_BASE_EXPONENTIAL_H

#include "logarithm.h"

#include <math.h>

#define EXPONENTIAL_INLINE static inline __attribute__((always_inline))

/* A number as an unevaluated sum; `low` is within half a unit of the last place of `high`. */
typedef struct exponential_pair {
    double high;
    double low;
} exponential_pair;

/* a b, exactly (Dekker, A Floating-Point Technique for Extending the Available Precision, 1971),
 * of factors below 2^995 whose product is above 2^-968. */
EXPONENTIAL_INLINE exponential_pair exact_product(double a, double b) {
    const double splitter = 0x1p27 + 1;
    double a_high = splitter * a - (splitter * a - a);
    double b_high = splitter * b - (splitter * b - b);
    double a_low = a - a_high;
    double b_low = b - b_high;
    double product = a * b;
    double low = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low;
    return (exponential_pair){product, low};
}

/* a + b, exactly, where a is 0 or not the smaller one. */
EXPONENTIAL_INLINE exponential_pair exact_sum(double a, double b) {
    double sum = a + b;
    return (exponential_pair){sum, b - (sum - a)};
}

/* (e^r - 1 - r) / r^2 for |r| <= 0.3475: the interpolating polynomial of its Chebyshev points, so
 * that r^2 times it is within 2^-61. */
EXPONENTIAL_INLINE double exponential_tail(double r) {
    double tail = 0x1.1f73b376c0f55p-29;
    tail = tail * r + 0x1.af4f1ddf981a8p-26;
    tail = tail * r + 0x1.27e4db0f8a3efp-22;
    tail = tail * r + 0x1.71de019d031e7p-19;
    tail = tail * r + 0x1.a01a01a6f35fbp-16;
    tail = tail * r + 0x1.a01a01ac16f76p-13;
    tail = tail * r + 0x1.6c16c16c162a3p-10;
    tail = tail * r + 0x1.1111111110085p-7;
    tail = tail * r + 0x1.5555555555556p-5;
    tail = tail * r + 0x1.5555555555557p-3;
    return tail * r + 0.5;
}

/*
 * e^(x + low) of |low| far below |x| or 1. x = k ln 2 + r with |r| <= ln 2 / 2, and e^r = 1 + r +
 * r^2 P(r), put together as in Tang, Table-Driven Implementation of the Exponential Function, 1989:
 * what is large is exact. 2^k comes in two factors, so that results below the normal numbers are
 * rounded once.
 */
EXPONENTIAL_INLINE double exponential_of_sum(double x, double low) {
    const double rounder = 0x1.8p52; /* a sum with it has the nearest integer in its low bits */
    const double ln2_high = 0x1.62e42feep-1;
    const double ln2_low = 0x1.a39ef35793c76p-33;
    x = x > 720 ? 720 : x;   /* infinite from 709.8 on */
    x = x < -760 ? -760 : x; /* 0 up to -745.2 */
    double shifted = x * 0x1.71547652b82fep0 + rounder;
    double k = shifted - rounder;
    double r_high = x - k * ln2_high;
    double r_low = k * ln2_low - low;
    double r = r_high - r_low;
    double value = 1 + (r_high - (r_low - r * r * exponential_tail(r)));
    /* k + 2048 is above 0, and so are the halves of it: bits need no sign. */
    uint64_t sum = logarithm_bits(shifted) - logarithm_bits(rounder) + 2048;
    uint64_t half = sum >> 1;
    double first = logarithm_value((half - 1) << 52); /* 2^(half - 1024) */
    double second = logarithm_value((sum - half - 1) << 52);
    return value * first * second;
}

/* e^x within one unit in the last place: infinite where it is too large, 0 where it is too small,
 * NaN of NaN. */
EXPONENTIAL_INLINE double natural_exponential(double x) {
    return exponential_of_sum(x, 0);
}

/* (atanh(s) / s - 1 - s^2 / 3) / s^4 in z = s^2, for |s| <= 0.17158: the interpolating polynomial
 * of its Chebyshev points, so that z^2 times it is within 2^-66. */
EXPONENTIAL_INLINE double exponential_atanh_tail(double z) {
    double tail = 0x1.b8d3f690c68a2p-5;
    tail = tail * z + 0x1.ac4a907688591p-5;
    tail = tail * z + 0x1.e1f7fa2900ea0p-5;
    tail = tail * z + 0x1.1110dfadf1413p-4;
    tail = tail * z + 0x1.3b13b1bc72edcp-4;
    tail = tail * z + 0x1.745d1745135e4p-4;
    tail = tail * z + 0x1.c71c71c71cfd9p-4;
    tail = tail * z + 0x1.2492492492491p-3;
    return tail * z + 0x1.999999999999ap-3;
}

/* ln((1 + s) / (1 - s)) / 2 = s + s^3 / 3 + s^5 (...) of an s in two parts; the two leading terms
 * are in pairs. */
EXPONENTIAL_INLINE exponential_pair exponential_atanh(double s, double s_low) {
    const double third = 0x1.5555555555555p-2;
    const double third_low = 0x1.5555555555555p-56;
    exponential_pair square = exact_product(s, s);
    exponential_pair cube = exact_product(s, square.high);
    double cube_low = cube.low + s * square.low + 3 * square.high * s_low;
    exponential_pair part = exact_product(cube.high, third);
    double fifth = cube.high * (square.high * exponential_atanh_tail(square.high) + third_low);
    exponential_pair sum = exact_sum(s, part.high);
    return (exponential_pair){sum.high, sum.low + (s_low + (part.low + cube_low * third + fifth))};
}

/* ln(x) of a positive, finite x to about 2^-65 of itself: x = m 2^e as in natural_logarithm, and s
 * = (m - 1) / (m + 1) with what its division leaves. */
EXPONENTIAL_INLINE exponential_pair exponential_logarithm(double x) {
    logarithm_parts parts = logarithm_split(x);
    const double ln2_high = 0x1.62e42feep-1; /* its last 20 bits are 0, so times e it is exact */
    const double ln2_low = 0x1.a39ef35793c76p-33;
    double f = parts.m - 1;
    exponential_pair below = exact_sum(2, f);
    double s = f / below.high;
    exponential_pair back = exact_product(s, below.high);
    double s_low = (((f - back.high) - back.low) - s * below.low) / below.high;
    exponential_pair half = exponential_atanh(s, s_low);
    exponential_pair sum = exact_sum(parts.e * ln2_high, 2 * half.high);
    return exact_sum(sum.high, sum.low + (parts.e * ln2_low + 2 * half.low));
}

/* x^y within two units in the last place, of a positive, finite x; NaN of any other, and of a y
 * that is NaN. Infinite and 0 as natural_exponential. */
EXPONENTIAL_INLINE double natural_power(double x, double y) {
    /* Of an x next to 1 the logarithm is above 2^-54: further out all powers are 0 or infinite. */
    y = y > 0x1p70 ? 0x1p70 : y;
    y = y < -0x1p70 ? -0x1p70 : y;
    exponential_pair logarithm = exponential_logarithm(x);
    exponential_pair product = exact_product(y, logarithm.high);
    double low = product.low + y * logarithm.low;
    /* What is out of reach has no low part that matters, and one that is too large. */
    low = fabs(product.high) < 1000 ? low : 0;
    double value = exponential_of_sum(product.high, low);
    value = x > 0 ? value : NAN;
    value = x <= DBL_MAX ? value : NAN;
    return value;
}

#endif
