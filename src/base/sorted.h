/*
 * sorted.h - a window of values in ascending order: one leaves, one enters, what is in the middle.
 *
 * No value is NaN.
 */
#ifndef TRADEWIND_BASE_SORTED_H
#define TRADEWIND_BASE_SORTED_H

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "tradewind/api.h"

#define SORTED_INLINE static inline __attribute__((unused))

/* The first of `count` ascending values that is not below `value`. */
SORTED_INLINE size_t sorted_place(const double *sorted, size_t count, double value) {
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (sorted[middle] < value)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* These return how many there are then. */
SORTED_INLINE size_t sorted_drop(double *sorted, size_t count, double value) {
    size_t at = sorted_place(sorted, count, value);
    TW_ASSERT(at < count);
    memmove(sorted + at, sorted + at + 1, (count - at - 1) * sizeof *sorted);
    return count - 1;
}

SORTED_INLINE size_t sorted_put(double *sorted, size_t count, double value) {
    size_t at = sorted_place(sorted, count, value);
    memmove(sorted + at + 1, sorted + at, (count - at) * sizeof *sorted);
    sorted[at] = value;
    return count + 1;
}

/* Halfway between two values, be their sum too large. */
SORTED_INLINE double sorted_halfway(double a, double b) {
    double sum = a + b;
    return isfinite(sum) ? sum / 2 : a / 2 + b / 2;
}

/* The median of at least one. */
SORTED_INLINE double sorted_middle(const double *sorted, size_t count) {
    TW_ASSERT(count > 0);
    double upper = sorted[count / 2];
    double lower = count % 2 == 1 ? upper : sorted[count / 2 - 1];
    return sorted_halfway(lower, upper);
}

/* The median distance from `centre`. Distances grow to both sides of it: merged until the middle
 * one. */
SORTED_INLINE double sorted_distance(const double *sorted, size_t count, double centre) {
    size_t right = sorted_place(sorted, count, centre);
    size_t left = right;
    double before = 0;
    double last = 0;
    for (size_t taken = 0; taken <= count / 2; taken++) {
        double down = left > 0 ? centre - sorted[left - 1] : INFINITY;
        double up = right < count ? sorted[right] - centre : INFINITY;
        before = last;
        last = down < up ? down : up;
        left -= down < up ? 1 : 0;
        right += down < up ? 0 : 1;
    }
    return count % 2 == 1 ? last : sorted_halfway(before, last);
}

#endif
