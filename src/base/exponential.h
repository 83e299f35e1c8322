/*
 * exponential.h - the exponential and the power in plain C that compilers make vectors of.
 *
 * Like logarithm.h: no branch, and the same bits everywhere (with -ffp-contract=off).
 */
#ifndef TRADEWIND_BASE_EXPONENTIAL_H
#define TRADEWIND_BASE_EXPONENTIAL_H

#include "logarithm.h"

/* 2^k for a whole k from -1022 to 1023 that a double holds. */
LOGARITHM_INLINE double exponential_power_of_two(double k) {
    /* 1023 + k in the low bits of 2^52 + 1023 + k, moved to the place of the exponent. */
    return logarithm_value(logarithm_bits(k + (0x1p52 + 1023)) << 52);
}

/*
 * e^(x + low) for a `low` that is far smaller than x. x = k ln 2 + r with |r| <= ln(2) / 2, and e^r
 * is its series to r^13, whose rest is below 2^-57. Scaled in two steps, so that results below the
 * normal ones are rounded once more at most.
 */
LOGARITHM_INLINE double exponential_of(double x, double low) {
    const double shift = 0x1.8p52; /* adding it rounds to a whole number */
    const double ln2_high = 0x1.62e42feep-1;
    const double ln2_low = 0x1.a39ef35793c76p-33;
    double y = x > 710 ? 710 : x < -746 ? -746 : x;
    double k = (y * 0x1.71547652b82fep+0 + shift) - shift;
    double r = ((y - k * ln2_high) - k * ln2_low) + low;
    double p = 1.0 / 6227020800;
    p = p * r + 1.0 / 479001600;
    p = p * r + 1.0 / 39916800;
    p = p * r + 1.0 / 3628800;
    p = p * r + 1.0 / 362880;
    p = p * r + 1.0 / 40320;
    p = p * r + 1.0 / 5040;
    p = p * r + 1.0 / 720;
    p = p * r + 1.0 / 120;
    p = p * r + 1.0 / 24;
    p = p * r + 1.0 / 6;
    p = p * r + 0.5;
    double series = 1 + (r + r * r * p);
    double half = (k * 0.5 + shift) - shift;
    double value = series * exponential_power_of_two(half) * exponential_power_of_two(k - half);
    return x != x ? x : value;
}

/* e^x within one unit in the last place: infinity above 709.78, 0 below -745.13, NaN of NaN. */
LOGARITHM_INLINE double natural_exponential(double x) {
    return exponential_of(x, 0);
}

/* The product of two numbers as the sum of two (Dekker, 1971): exact below 1e150 or so. */
LOGARITHM_INLINE double exponential_product(double a, double b, double *ret_low) {
    double a_high = a * 134217729.0 - (a * 134217729.0 - a);
    double b_high = b * 134217729.0 - (b * 134217729.0 - b);
    double a_low = a - a_high;
    double b_low = b - b_high;
    double product = a * b;
    *ret_low = a_low * b_low - (((product - a_high * b_high) - a_low * b_high) - a_high * b_low);
    return product;
}

/* ln(x) of a positive, finite and normal x as the sum of two numbers, to 2^-60 of it or so. */
LOGARITHM_INLINE double exponential_logarithm(double x, double *ret_low) {
    const uint64_t half_root = UINT64_C(0x3fe6a09e667f3bcd); /* sqrt(1/2) */
    uint64_t exponent = (logarithm_bits(x) - half_root + (UINT64_C(1024) << 52)) >> 52;
    double m = logarithm_value(logarithm_bits(x) - ((exponent - 1024) << 52));
    double e = (logarithm_value(exponent | UINT64_C(0x4330000000000000)) - 0x1p52) - 1024;
    double f = m - 1;
    double s = f / (2 + f);
    double whole = 2 + f;
    double over = f - (whole - 2); /* what the sum has lost */
    double back_low = 0;
    double back = exponential_product(s, whole, &back_low);
    double s_low = (((f - back) - back_low) - s * over) / whole;
    double z = s * s;
    double rest = 2 * s * z * logarithm_tail(z) + 2 * s_low;
    double high = e * 0x1.62e42feep-1 + 2 * s;
    double lost = 2 * s - (high - e * 0x1.62e42feep-1);
    /* For e = 0 the sum is 2 s itself; otherwise the first is the larger. */
    *ret_low = lost + (rest + e * 0x1.a39ef35793c76p-33);
    return high;
}

/* x^y of a positive, finite and normal x: within about a unit in the last place while |y ln x| is
 * below 100. */
LOGARITHM_INLINE double natural_power(double x, double y) {
    double low = 0;
    double high = exponential_logarithm(x, &low);
    double product_low = 0;
    double product = exponential_product(high, y, &product_low);
    return exponential_of(product, product_low + low * y);
}

#endif
