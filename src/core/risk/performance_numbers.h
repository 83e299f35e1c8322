/*
 * performance_numbers.h - powers, exponentials and normal probabilities of performance.c and its
 * kin: the one place that says where they come from.
 */
#ifndef TRADEWIND_PERFORMANCE_NUMBERS_H
#define TRADEWIND_PERFORMANCE_NUMBERS_H

#include <math.h>

#include "logarithm.h"

static inline double exponential_of(double x) {
    return exp(x);
}

/* x^y of a positive x. */
static inline double power_of(double x, double y) {
    return pow(x, y);
}

/* That a standard normal value is at most x. */
static inline double probability_of(double x) {
    return 0.5 * erfc(-x * 0x1.6a09e667f3bcdp-1);
}

#endif
