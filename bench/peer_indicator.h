/*
 * peer_indicator.h - indicators as the usual libraries write them, to measure beside ours.
 *
 * A whole array in, a whole array out: running sums from which the oldest value is taken off,
 * extremes that are looked for again when the last one has left. They drift, keep a trace of what
 * has left and have no word for a missing value; they are what the same numbers cost without that.
 */
#ifndef TRADEWIND_BENCH_PEER_INDICATOR_H
#define TRADEWIND_BENCH_PEER_INDICATOR_H

#include <stddef.h>

typedef struct peer_bars {
    const double *high;
    const double *low;
    const double *close;
    size_t rows;
} peer_bars;

typedef void (*peer_function)(const peer_bars *bars, double *const *ret_outputs);

/* The peer of an indicator by its text ("sma(20)"), or NULL. */
peer_function peer_of(const char *text);

#endif
