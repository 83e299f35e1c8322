/*
 * risk_select.h - order statistics of a series, without sorting it.
 *
 * What is at a rank, what is below it, and orders. No value is NaN. The same values in the same
 * places give the same answer on every machine, the order of what is unsorted too.
 *
 * Cost, where ranks are few: one pass that compares (about the time of reading the values), and
 * work on the few that the pass leaves over. Memory: the caller's.
 */
#ifndef TRADEWIND_RISK_SELECT_H
#define TRADEWIND_RISK_SELECT_H

#include <stddef.h>

/* What is at a rank and at the one after it; at the last rank both are the same. */
typedef struct risk_neighbours {
    double at;
    double next;
} risk_neighbours;

/* Of `count` values the one with `rank` (from 0, below `count`) others before it in ascending
 * order. `scratch` is [count]. */
risk_neighbours risk_select_at(const double *values, size_t count, size_t rank, double *scratch);

/* Brings the `least` (1 to `count`) smallest values to the front of `scratch` [count]: the last of
 * them is the greatest of them, the others are in no order. */
void risk_select_least(const double *values, size_t count, size_t least, double *scratch);

/* Ascending, in place. `scratch` is [count]. 8 passes over the bytes of the values. */
void risk_select_sort(double *values, size_t count, double *scratch);

/* The indices of `values` in ascending order of these, ties by index. `scratch` is [count]. */
void risk_select_order(const double *values, size_t count, size_t *order, size_t *scratch);

#endif
