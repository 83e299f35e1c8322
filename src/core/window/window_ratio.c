/*
 * window_ratio.c - the double nearest to a ratio of two exact integers.
 *
 * Two integers that are doubles are divided as such, which rounds once. Else the quotient is taken
 * to at least 62 bits; what is left over only says whether it was exact, as the lowest bit of the
 * quotient (a sticky bit). A double has 53 bits, so turning that 64-bit integer into one rounds as
 * the exact ratio would have been rounded.
 */
#include "window_ratio.h"

#include <math.h>
#include <string.h>

#include "tradewind/api.h"

wide192 wide192_product(wide_int a, wide_int b) {
    bool negative = (a < 0) != (b < 0);
    wide_uint x = a < 0 ? -(wide_uint)a : (wide_uint)a;
    wide_uint y = b < 0 ? -(wide_uint)b : (wide_uint)b;
    wide192 low = wide192_times(wide192_of_unsigned(x), (uint64_t)y);
    wide192 high = wide192_times(wide192_of_unsigned(x), (uint64_t)(y >> 64));
    wide192 sum = wide192_add(low, (wide192){{0, high.words[0], high.words[1]}});
    return negative ? wide192_negate(sum) : sum;
}

static int bit_count(wide_uint value) {
    uint64_t high = (uint64_t)(value >> 64);
    uint64_t low = (uint64_t)value;
    if (high != 0)
        return 128 - __builtin_clzll(high);
    return low != 0 ? 64 - __builtin_clzll(low) : 0;
}

/* value x 2^exponent, which is exact: all results are of normal size. */
static double times_two_to(double value, int exponent) {
    const uint64_t bits = (uint64_t)(1023 + exponent) << 52;
    double power;
    if (exponent < -1000 || exponent > 900)
        return ldexp(value, exponent);
    memcpy(&power, &bits, sizeof power);
    return value * power;
}

/* Two divisions of the processor. */
static double divide_narrow(wide_uint numerator, uint64_t denominator, int exponent) {
    int left = 128 - bit_count(numerator);
    int right = __builtin_clzll(denominator);
    wide_uint n = numerator << left;
    uint64_t d = denominator << right;
    exponent += right - left;
    bool inexact = false;
    if ((uint64_t)(n >> 64) >= d) { /* so that the quotient has 64 bits at most */
        inexact = (n & 1) != 0;
        n >>= 1;
        exponent++;
    }
    uint64_t quotient = (uint64_t)(n / d);
    inexact = inexact || n != (wide_uint)quotient * d;
    return times_two_to((double)(quotient | (uint64_t)inexact), exponent);
}

static int bit_count192(wide192 value) {
    if (value.words[2] != 0)
        return 192 - __builtin_clzll(value.words[2]);
    return bit_count(((wide_uint)value.words[1] << 64) | value.words[0]);
}

static uint64_t bit_of(wide192 value, int place) {
    return value.words[place / 64] >> (place % 64) & 1;
}

/* Bit by bit, as on paper. */
static double divide_wide(wide192 numerator, wide_uint denominator, int exponent) {
    const uint64_t enough = UINT64_C(1) << 62;
    wide_uint remainder = 0;
    uint64_t quotient = 0;
    int place = bit_count192(numerator);
    while (quotient < enough) {
        place--;
        remainder = remainder << 1 | (place >= 0 ? bit_of(numerator, place) : 0);
        quotient <<= 1;
        if (remainder >= denominator) {
            remainder -= denominator;
            quotient |= 1;
        }
    }
    bool inexact = remainder != 0;
    for (int i = 0; i < place && !inexact; i++)
        inexact = bit_of(numerator, i) != 0;
    return times_two_to((double)(quotient | (uint64_t)inexact), exponent + place);
}

double ratio_round(wide192 numerator, wide_uint denominator, int exponent) {
    TW_ASSERT(denominator > 0 && denominator >> 127 == 0);
    bool negative = wide192_is_negative(numerator);
    wide192 n = negative ? wide192_negate(numerator) : numerator;
    if ((n.words[0] | n.words[1] | n.words[2]) == 0)
        return 0;
    double value;
    if ((n.words[2] | n.words[1] | n.words[0] >> 53) == 0 && denominator >> 53 == 0)
        value = times_two_to((double)n.words[0] / (double)denominator, exponent);
    else if (n.words[2] == 0 && denominator >> 64 == 0)
        value = divide_narrow(((wide_uint)n.words[1] << 64) | n.words[0], (uint64_t)denominator,
                              exponent);
    else
        value = divide_wide(n, denominator, exponent);
    return negative ? -value : value;
}
