/*
 * careful.h - a sum of doubles that keeps what rounding loses.
 */
#ifndef TRADEWIND_BASE_CAREFUL_H
#define TRADEWIND_BASE_CAREFUL_H

#include <math.h>

#define CAREFUL_INLINE static inline __attribute__((unused))

/* A sum that keeps what rounding loses (Neumaier 1974). Add in a fixed order. */
typedef struct careful_sum {
    double sum;
    double lost;
} careful_sum;

CAREFUL_INLINE void careful_add(careful_sum *total, double value) {
    double sum = total->sum + value;
    total->lost +=
        fabs(total->sum) >= fabs(value) ? (total->sum - sum) + value : (value - sum) + total->sum;
    total->sum = sum;
}

CAREFUL_INLINE double careful_value(const careful_sum *total) {
    return total->sum + total->lost;
}

#endif
