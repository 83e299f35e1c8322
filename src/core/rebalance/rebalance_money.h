/*
 * rebalance_money.h - whole money: values, costs and quotients, exact in 128 bits.
 *
 * Division of 128 bits is slow, so a quotient is first guessed in double and then put right by its
 * exact remainder: the answer is the same, whatever the guess.
 */
#ifndef TRADEWIND_REBALANCE_MONEY_H
#define TRADEWIND_REBALANCE_MONEY_H

#include "tradewind/rebalance.h"

__extension__ typedef __int128 wide;

/* Half a word at a time: signed conversions are quick, and only the last sum is rounded. */
static inline double wide_to_double(wide value) {
    uint64_t low = (uint64_t)value;
    double lower = (double)(int64_t)(low >> 32) * 0x1p32 + (double)(int64_t)(low & UINT32_MAX);
    return (double)(int64_t)(value >> 64) * 0x1p64 + lower;
}

/* Money that may be beyond int64_t in a proof is shown at the end of the range. */
static inline int64_t narrow(wide value) {
    return value > INT64_MAX ? INT64_MAX : value < INT64_MIN ? INT64_MIN : (int64_t)value;
}

static inline wide wide_clamp(wide value, wide low, wide high) {
    return value < low ? low : value > high ? high : value;
}

/* Rounded towards minus infinity; `divisor` is above 0. */
static inline wide floor_divide(wide value, wide divisor) {
    double guess = wide_to_double(value) / wide_to_double(divisor);
    if (guess < 0x1p50 && guess > -0x1p50 && divisor >> 120 == 0) {
        /* The guess is off by less than 2, so the remainder is within two divisors of its place. */
        wide quotient = (int64_t)guess;
        wide rest = value - quotient * divisor;
        for (; rest < 0; rest += divisor)
            quotient--;
        for (; rest >= divisor; rest -= divisor)
            quotient++;
        return quotient;
    }
    wide quotient = value / divisor;
    return value % divisor < 0 ? quotient - 1 : quotient;
}

static inline wide ceiling_divide(wide value, wide divisor) {
    return -floor_divide(-value, divisor);
}

/* A value of 0 to 2^92 over 1e9, rounded down or up. The guess is at most a part in 2^51 wrong.
 * Made that much smaller it is never too large, and what is left fits 64 bits: there is no branch
 * that depends on the last digits. */
static inline int64_t small_over_nano(wide value, bool up) {
    int64_t guess = (int64_t)(wide_to_double(value) * 1e-9);
    guess -= (guess >> 50) + 1;
    uint64_t left = (uint64_t)value - (uint64_t)guess * (uint64_t)TW_NANO;
    uint64_t more = left / (uint64_t)TW_NANO;
    return guess + (int64_t)more + (up && left != more * (uint64_t)TW_NANO);
}

/* The same of any value that is not negative. */
static inline wide over_nano(wide value, bool up) {
    if (value >> 92 == 0)
        return small_over_nano(value, up);
    return value / TW_NANO + (up && value % TW_NANO != 0);
}

/* Of a quantity at a price: buys are rounded up, sales down, so that cash is never overstated.
 * Whole shares need no division. */
static inline wide value_of(int64_t quantity, int64_t price, bool buys) {
    int64_t shares = quantity / TW_NANO;
    if (shares * TW_NANO == quantity)
        return (wide)shares * price;
    return over_nano((wide)quantity * price, buys);
}

static inline wide cost_of(wide value, bool buys, const tw_trade_cost *cost) {
    int64_t rate = buys ? cost->buy_rate_nano : cost->sell_rate_nano;
    int64_t fixed = buys ? cost->buy_fixed.nano : cost->sell_fixed.nano;
    return fixed + (rate == 0 ? 0 : over_nano(value * rate, true));
}

#endif
