/*
 * quantile.h - where a quantile lies among ordered values, and how far a tail reaches.
 *
 *     tw_quantile_place place = tw_quantile_place_of(TW_QUANTILE_LINEAR, count, 0.05);
 *     double value = tw_quantile_between(place, sorted[place.low], sorted[place.high]);
 *
 * One vocabulary for all that is read from ranks: risk.h, performance.h, portfolios.h. p is a
 * probability in [0, 1], n the number of values.
 *
 * A rank that is whole but for the rounding of its probability is whole: the seven worst of 100 are
 * 7 %, although 0.07 x 100 is 7.000000000000001 in doubles, and so is 1 - 0.93 of them.
 *
 * Cost: some nanoseconds. Threads: functions of their arguments alone.
 */
#ifndef TRADEWIND_QUANTILE_H
#define TRADEWIND_QUANTILE_H

#include <stddef.h>

#include "tradewind/api.h"

/* How a quantile lies between two order statistics. 1 to 9 are the types of Hyndman and Fan (1996),
 * with their numbers. A place is from 0, and within 0 to n - 1. */
typedef enum tw_quantile_kind {
    TW_QUANTILE_STEP = 1,      /* the ceil(n p)-th value; skfolio, Riskfolio */
    TW_QUANTILE_STEP_MEAN = 2, /* the same, but the mean of two where n p is whole */
    TW_QUANTILE_NEAREST = 3,   /* the n p-th value, rounded to the nearest, of two to the even */
    TW_QUANTILE_COUNT = 4,     /* at n p - 1 */
    TW_QUANTILE_HAZEN = 5,     /* at n p - 1/2 */
    TW_QUANTILE_WEIBULL = 6,   /* at (n + 1) p - 1; Excel's PERCENTILE.EXC */
    TW_QUANTILE_LINEAR = 7,    /* at (n - 1) p; R, NumPy, Excel's PERCENTILE */
    TW_QUANTILE_MEDIAN = 8,    /* at (n + 1/3) p - 2/3: unbiased in the median */
    TW_QUANTILE_NORMAL = 9,    /* at (n + 1/4) p - 5/8: about unbiased for the normal */
    TW_QUANTILE_LOWER = 10,    /* the value at or before (n - 1) p */
    TW_QUANTILE_HIGHER = 11    /* the value at or after (n - 1) p */
} tw_quantile_kind;

#define TW_QUANTILE_KIND_MIN 1
#define TW_QUANTILE_KIND_MAX 11

/* What the expected shortfall of observations is the mean of, with a tail of part t. */
typedef enum tw_shortfall_kind {
    TW_SHORTFALL_CONTINUOUS = 0, /* the worst n t observations, the last in part (Rockafellar and
                                  * Uryasev 2000; skfolio) */
    TW_SHORTFALL_BEYOND = 1,     /* those at or below the quantile (empyrical,
                                  * PerformanceAnalytics) */
    TW_SHORTFALL_FIRST = 2       /* the worst floor((n - 1) t) + 1 (older empyrical) */
} tw_shortfall_kind;

#define TW_SHORTFALL_KIND_MAX 2

/* Between two ranks, from 0, that are below n: (1 - part) x[low] + part x[high]. */
typedef struct tw_quantile_place {
    size_t low;
    size_t high; /* low + 1, but for the last of all */
    double part; /* in [0, 1) */
} tw_quantile_place;

/* So many of the worst values, and a part in [0, 1) of the next. */
typedef struct tw_tail_reach {
    size_t whole;
    double part;
} tw_tail_reach;

TW_BEGIN_DECLS

/* Among `count` (> 0) values. An unknown kind, or a probability outside [0, 1], is a programmer
 * error. */
TW_API tw_quantile_place tw_quantile_place_of(tw_quantile_kind kind, size_t count,
                                              double probability);

/* What is at a place, of the values at its two ranks. */
TW_API double tw_quantile_between(tw_quantile_place place, double low, double high);

/* The same of `count` (> 0) values in ascending order. */
TW_API double tw_quantile_sorted(tw_quantile_kind kind, const double *values, size_t count,
                                 double probability);

/* n t of `count` values; with TW_SHORTFALL_FIRST floor((n - 1) t) + 1. How far
 * TW_SHORTFALL_BEYOND reaches the values say: it is a programmer error. */
TW_API tw_tail_reach tw_tail_reach_of(tw_shortfall_kind kind, size_t count, double tail);

/* Phrases for print, such as "linear quantile, type 7". Never NULL; constants. */
TW_API const char *tw_quantile_text(tw_quantile_kind kind);
TW_API const char *tw_shortfall_text(tw_shortfall_kind kind);

TW_END_DECLS

#endif
