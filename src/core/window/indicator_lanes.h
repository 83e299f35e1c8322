/*
 * indicator_lanes.h - what the kernel files share: the name of the level they are compiled for, the
 * loop over lanes, and sums that keep what rounding loses.
 */
#ifndef TRADEWIND_INDICATOR_LANES_H
#define TRADEWIND_INDICATOR_LANES_H

#include <math.h>

#include "indicator_kernel.h"
#include "tradewind/api.h"

#ifndef TW_INDICATOR_LEVEL
#error "TW_INDICATOR_LEVEL names the level that this file is compiled for"
#endif
#define TW_LEVEL_JOIN(name, level) name##_##level
#define TW_LEVEL_EXPAND(name, level) TW_LEVEL_JOIN(name, level)
#define TW_LEVEL(name) TW_LEVEL_EXPAND(name, TW_INDICATOR_LEVEL)

#define TW_INLINE static inline __attribute__((always_inline))

/* The lanes are apart from one another in every array of a step. */
#if defined(__clang__)
#define TW_FOR_LANES(i, lanes) \
    _Pragma("clang loop vectorize(assume_safety)") for (size_t i = 0; i < (lanes); i++)
#else
#define TW_FOR_LANES(i, lanes) _Pragma("GCC ivdep") for (size_t i = 0; i < (lanes); i++)
#endif

/*
 * What a kernel does in one call. Many series: one row of all lanes. A single series
 * (TW_INDICATOR_ROWS): the rows of the call, one after the other; steps without a memory take them
 * as lanes, as to them a row of many series and many rows of one are the same.
 */
#ifdef TW_INDICATOR_ROWS
#define TW_LANES(s) ((size_t)1)
#define TW_CELLS(s) ((s)->rows)
#define TW_KERNEL(name, expression)                 \
    static void name(tw_step *all) {                \
        tw_step here = *all;                        \
        tw_step *s = &here;                         \
        for (; here.row < all->rows; next_row(s)) { \
            expression;                             \
        }                                           \
        all->place = here.place;                    \
        all->full = here.full;                      \
    }

static inline void next_row(tw_step *s) {
    s->row++;
#pragma GCC unroll 8
    for (size_t i = 0; i < TW_STEP_INPUTS_MAX; i++)
        s->in[i] = s->in[i] == NULL ? NULL : s->in[i] + 1;
#pragma GCC unroll 8
    for (size_t o = 0; o < TW_STEP_OUTPUTS_MAX; o++)
        s->out[o] = s->out[o] == NULL ? NULL : s->out[o] + 1;
}
#else
#define TW_LANES(s) ((s)->lanes)
#define TW_CELLS(s) ((s)->lanes)
#define TW_KERNEL(name, expression) \
    static void name(tw_step *s) {  \
        expression;                 \
    }
#endif

/* ---- Rings of the last n rows ------------------------------------------------------------- */

/* The j-th oldest row of the last n, once this one is in. */
TW_INLINE const double *rows_oldest(const tw_step *s, size_t j) {
    size_t row = s->place + 1 + j;
    return s->ring + (row >= s->n ? row - s->n : row) * TW_LANES(s);
}

/* Whether n rows are there with this one. */
TW_INLINE bool rows_answer(const tw_step *s) {
    return s->full || s->place + 1 == s->n;
}

/* To the place of the next row. */
TW_INLINE void rows_advance(tw_step *s) {
    if (++s->place == s->n) {
        s->place = 0;
        s->full = true;
    }
}

/* Beyond it a quotient or product is no answer: everything after it stays finite. */
#define TW_STEP_VALUE_MAX 1e150

/* A sum and what its rounding lost (Knuth's two-sum). */
typedef struct pair {
    double high;
    double low;
} pair;

TW_INLINE pair pair_of(double high, double low) {
    return (pair){high, low};
}

TW_INLINE pair pair_sum(pair a, pair b) {
    double s = a.high + b.high;
    double bb = s - a.high;
    double error = (a.high - (s - bb)) + (b.high - bb);
    double low = error + (a.low + b.low);
    double high = s + low;
    return (pair){high, low - (high - s)};
}

/* The same, but not made normal again: the low part is what all roundings together lost. A chain of
 * these is three times as fast, as each high part waits for one addition only. */
TW_INLINE pair pair_gather(pair a, pair b) {
    double s = a.high + b.high;
    double bb = s - a.high;
    double error = (a.high - (s - bb)) + (b.high - bb);
    return (pair){s, error + (a.low + b.low)};
}

/* The product without rounding (Dekker and Veltkamp: halves of 26 bits). */
TW_INLINE pair pair_product(double a, double b) {
    const double splitter = 134217729.0;
    double ta = splitter * a;
    double a_high = ta - (ta - a);
    double a_low = a - a_high;
    double tb = splitter * b;
    double b_high = tb - (tb - b);
    double b_low = b - b_high;
    double p = a * b;
    double error = ((a_high * b_high - p) + a_high * b_low + a_low * b_high) + a_low * b_low;
    return (pair){p, error};
}

/* A pair by a whole number, rounded once: n times a value, divided by n, is the value. */
TW_INLINE double pair_quotient(pair a, double n) {
    double q = a.high / n;
    pair back = pair_product(q, n);
    return q + (((a.high - back.high) - back.low) + a.low) / n;
}

TW_INLINE double within(double value) {
    return fabs(value) <= TW_STEP_VALUE_MAX ? value : NAN;
}

/* Each file of kernels puts its own into the table of its level. */
void TW_LEVEL(tw_indicator_cells)(tw_step_table *ret_table);
void TW_LEVEL(tw_indicator_blocks)(tw_step_table *ret_table);
void TW_LEVEL(tw_indicator_scans)(tw_step_table *ret_table);
void TW_LEVEL(tw_indicator_sorted)(tw_step_table *ret_table);
void TW_LEVEL(tw_indicator_hurst)(tw_step_table *ret_table);
void TW_LEVEL(tw_indicator_recurrences)(tw_step_table *ret_table);
void TW_LEVEL(tw_indicator_stops)(tw_step_table *ret_table);
void TW_LEVEL(tw_indicator_cycles)(tw_step_table *ret_table);

#endif
