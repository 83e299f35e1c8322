/*
 * logarithm.h - the natural logarithm in plain C that compilers make vectors of.
 *
 * The C library's does not vectorise, and differs in the last place from one machine to the next.
 * This one has no branch and the same bits everywhere, whatever instructions it is compiled to
 * (with -ffp-contract=off).
 */
#ifndef TRADEWIND_BASE_LOGARITHM_H
#define TRADEWIND_BASE_LOGARITHM_H

#include <float.h>
#include <stdint.h>
#include <string.h>

#define LOGARITHM_INLINE static inline __attribute__((always_inline))

/*
 * (atanh(s) / s - 1) / s^2 as a polynomial in z = s^2, for |s| <= LOGARITHM_NEAR: minimax by
 * Remez's exchange, so that s + s z P(z) is within 2^-59 of atanh(s), relatively. ln(a / b) is 2
 * atanh(s) with s = (a - b) / (a + b).
 */
#define LOGARITHM_NEAR 0.1735 /* of a / b from 0.70 to 1.42 */

LOGARITHM_INLINE double logarithm_tail(double z) {
    double tail = 0x1.2fc3608081320p-4;
    tail = tail * z + 0x1.398f90f69cf08p-4;
    tail = tail * z + 0x1.7466ebb5201edp-4;
    tail = tail * z + 0x1.c71c4ee62eb4dp-4;
    tail = tail * z + 0x1.2492494599318p-3;
    tail = tail * z + 0x1.999999997bfa4p-3;
    return tail * z + 0x1.555555555559dp-2;
}

LOGARITHM_INLINE uint64_t logarithm_bits(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

LOGARITHM_INLINE double logarithm_value(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* x = m 2^e with m in [sqrt(1/2), sqrt(2)), of a positive, finite x. */
typedef struct logarithm_parts {
    double m;
    double e;
} logarithm_parts;

/* Numbers below the normal ones are brought among them by 2^54. */
LOGARITHM_INLINE logarithm_parts logarithm_split(double x) {
    const uint64_t half_root = UINT64_C(0x3fe6a09e667f3bcd); /* sqrt(1/2) */
    const uint64_t bias = UINT64_C(1024) << 52;
    double normal = x < DBL_MIN ? x * 0x1p54 : x;
    double shift = x < DBL_MIN ? 1024 + 54 : 1024;
    uint64_t exponent = (logarithm_bits(normal) - half_root + bias) >> 52; /* e + 1024 */
    double m = logarithm_value(logarithm_bits(normal) - ((exponent - 1024) << 52));
    /* e as a double: an integer below 2^52 in the low bits of 2^52 is the number itself. */
    double e = (logarithm_value(exponent | UINT64_C(0x4330000000000000)) - 0x1p52) - shift;
    return (logarithm_parts){m, e};
}

/*
 * ln(x) of a positive, finite x, within one unit in the last place. ln m = 2 atanh(s) with s = (m -
 * 1) / (m + 1), put together as in Tang, Table-Driven Implementation of the Logarithm Function,
 * 1990: what is large is exact.
 */
LOGARITHM_INLINE double natural_logarithm(double x) {
    logarithm_parts parts = logarithm_split(x);
    double f = parts.m - 1;
    double s = f / (2 + f);
    double z = s * s;
    double half_square = 0.5 * f * f;
    const double ln2_high = 0x1.62e42feep-1; /* its last 20 bits are 0, so times e it is exact */
    const double ln2_low = 0x1.a39ef35793c76p-33;
    double tail = 2 * z * logarithm_tail(z);
    return parts.e * ln2_high -
           ((half_square - (s * (half_square + tail) + parts.e * ln2_low)) - f);
}

#endif
