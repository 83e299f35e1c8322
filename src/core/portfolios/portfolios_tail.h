/*
 * portfolios_tail.h - the smallest values of a window in ascending order, while values come and go.
 *
 * Kept are a few more than are needed. One that comes or goes above them changes nothing; when so
 * many have gone that too few are left, they are gathered again from the window.
 */
#ifndef TRADEWIND_PORTFOLIOS_TAIL_H
#define TRADEWIND_PORTFOLIOS_TAIL_H

#include <stdbool.h>
#include <stddef.h>

/* How many are kept, at most, in so much memory. */
typedef struct portfolio_tail_sizes {
    size_t keep; /* after gathering */
    size_t most; /* before the greatest are dropped */
    size_t room; /* doubles of memory: at least 2 x keep and most + 1 */
} portfolio_tail_sizes;

/* For tails of which at most `needed` are needed; `updates`: values will come and go. */
portfolio_tail_sizes portfolio_tail_sizes_for(size_t needed, bool updates);

typedef struct portfolio_tail {
    double *values; /* ascending */
    size_t count;   /* all the values of the window, or its smallest */
} portfolio_tail;

/* Rows of a series: value i is at values[i * stride]; NaN is missing. */
typedef struct portfolio_span {
    const double *values;
    size_t count;
    size_t stride;
} portfolio_span;

#define PORTFOLIO_TAIL_SIDE_BY_SIDE 4

/*
 * Fills PORTFOLIO_TAIL_SIDE_BY_SIDE tails of series that stand side by side, from two spans of
 * rows, with what is below `thresholds`, if that are not too many, and at most the smallest
 * sizes.keep. A threshold of -INFINITY leaves a tail empty; INFINITY takes all.
 */
void portfolio_tail_gather(const portfolio_span spans[2], const portfolio_tail_sizes *sizes,
                           const double *thresholds, portfolio_tail *tails);

/* The same for one. */
void portfolio_tail_gather_one(const portfolio_span spans[2], const portfolio_tail_sizes *sizes,
                               double threshold, portfolio_tail *tail);

/* A value comes to a window of `present` values, and one goes from it. True when the tail has
 * changed. */
bool portfolio_tail_enter(portfolio_tail *tail, const portfolio_tail_sizes *sizes, size_t present,
                          double value);
bool portfolio_tail_leave(portfolio_tail *tail, double value);

#endif
