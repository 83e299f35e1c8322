/*
 * window_curve.h - the two transcendental functions of windows, the same bits on every machine.
 *
 * The C library's exp and log choose their code by processor, and the last bit may differ. These
 * are a few products and sums in a fixed order without contraction, so a loop over them may be
 * vectorised at any width and gives what a single call gives.
 */
#ifndef TRADEWIND_CORE_WINDOW_CURVE_H
#define TRADEWIND_CORE_WINDOW_CURVE_H

#include <math.h>
#include <stdint.h>
#include <string.h>

/*
 * 1 - exp(-x) for x >= 0, within 2 units in the last place, also for small x. exp(-x) is 2^-k e^r
 * with |r| <= ln 2 / 2; e^r - 1 is its Taylor polynomial of degree 13, whose rest is below 1e-17
 * of it. 1 from x = 700 on.
 */
static inline double decay_weight(double x) {
    const double shift = 0x1.8p52;                /* adding it rounds to an integer */
    const double ln2_high = 0x1.62e42fefa0000p-1; /* of so few bits that k times it is exact */
    const double ln2_low = 0x1.cf79abc9e3b3ap-40;
    double limited = x < 700 ? x : 700;
    double shifted = limited * 0x1.71547652b82fep0 + shift;
    uint64_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    double k = shifted - shift;
    double r = (k * ln2_high - limited) + k * ln2_low;
    double p = 1.0 / 6227020800.0;
    p = p * r + 1.0 / 479001600.0;
    p = p * r + 1.0 / 39916800.0;
    p = p * r + 1.0 / 3628800.0;
    p = p * r + 1.0 / 362880.0;
    p = p * r + 1.0 / 40320.0;
    p = p * r + 1.0 / 5040.0;
    p = p * r + 1.0 / 720.0;
    p = p * r + 1.0 / 120.0;
    p = p * r + 1.0 / 24.0;
    p = p * r + 1.0 / 6.0;
    p = p * r + 0.5;
    p = r + r * r * p; /* e^r - 1 */
    bits = (UINT64_C(1023) - (bits & 0xfff)) << 52;
    double scale; /* 2^-k; k is at most 1010 */
    memcpy(&scale, &bits, sizeof scale);
    return (1 - scale) - scale * p;
}

/*
 * ln(a / b) for a, b > 0, within a few units in the last place, also for a near b. a/b is m 2^k
 * with m in [sqrt(1/2), sqrt(2)), and ln m = 2 atanh((m - 1) / (m + 1)). `difference` is a - b,
 * which the caller has exactly where the two are close.
 */
static inline double log_ratio(double a, double b, double difference) {
    double k = 0;
    double z;
    if (a < 1.4 * b && b < 1.4 * a) {
        z = difference / (a + b);
    } else {
        int exponent;
        double m = frexp(a / b, &exponent);
        if (m < 0x1.6a09e667f3bcdp-1) {
            m *= 2;
            exponent--;
        }
        k = exponent;
        z = (m - 1) / (m + 1);
    }
    double s = z * z;
    double p = 1.0 / 23.0;
    for (int i = 21; i >= 3; i -= 2)
        p = p * s + 1.0 / i;
    return k * 0x1.62e42fefa39efp-1 + 2 * (z + z * s * p);
}

#endif
