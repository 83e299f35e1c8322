/*
 * window.h - a sliding window over a stream of (time, price, volume), by count, by time, or both.
 *
 *     tw_window_config config = {.count_max = 100, .span_ns = 60 * TW_NS_PER_SECOND};
 *     TW_AUTO(tw_window) *window = NULL;
 *     tw_status status = tw_window_new(NULL, &config, &window);
 *     ...
 *     status = tw_window_push(window, time_ns, price, volume);
 *     tw_window_stats stats;
 *     tw_window_read(window, &stats);
 *
 * An observation is in the window while it is among the newest `count_max` and its time is in
 * (now - span_ns, now], now being the newest time pushed or advanced to. Nothing is ever
 * subtracted: the statistics are aggregated from what is in the window and from nothing else, so
 * a value that left leaves no trace, equal values have a variance of exactly zero, and the error
 * is bounded by the window alone however long the stream.
 *
 * Only the exponential mean (ema) looks further back: it runs over the whole stream.
 *
 * Memory: all of it at creation, about 120 bytes for each observation of `count_max`.
 * Cost: push and advance are O(1) amortised, O(count) at worst; read is O(1).
 * Threads: a window belongs to one thread at a time.
 */
#ifndef TRADEWIND_WINDOW_H
#define TRADEWIND_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/api.h"
#include "tradewind/status.h"

/* The greatest magnitude of a price or volume: sums of its squares still fit a double. */
#define TW_WINDOW_VALUE_MAX 1e140

/* The greatest count_max and ema_count. */
#define TW_WINDOW_COUNT_MAX (UINT32_C(1) << 31)

typedef struct tw_window tw_window;

typedef struct tw_window_config {
    /* The most observations held, at least 1. In a window by time alone this is the memory
     * bound: a push into a full window drops the oldest and the statistics say so (complete). */
    uint32_t count_max;
    uint32_t ema_count; /* alpha is 2 / (ema_count + 1); 0 takes count_max */
    int64_t span_ns;    /* how far back the window reaches; 0 for no limit by time */
} tw_window_config;

typedef struct tw_window_stats {
    uint64_t n;      /* observations in the window; the rest is NaN when it is 0 (sums are 0) */
    double sum;      /* of the prices */
    double mean;     /* of the prices */
    double variance; /* of the population (divided by n); exactly 0 for equal prices */
    double stddev;
    double min;
    double max;
    double volume;     /* sum */
    double vwap;       /* sum of price x volume / volume; NaN when the volume is 0 */
    double ema;        /* over the whole stream, seeded by its first price; NaN before it */
    int64_t oldest_ns; /* 0 when n is 0 */
    int64_t newest_ns;
    uint64_t crowded_out; /* observations dropped for count_max while inside span_ns, ever */
    bool complete;        /* by time: false while such a dropped one would still be inside */
} tw_window_stats;

TW_BEGIN_DECLS

/* Makes an empty window. TW_RANGE for a count of 0 or above TW_WINDOW_COUNT_MAX or a negative
 * span; TW_NO_MEMORY. The caller frees it. */
TW_API tw_status tw_window_new(const tw_allocator *allocator, const tw_window_config *config,
                               tw_window **ret_window) TW_MUST_CHECK;
TW_API void tw_window_free(tw_window *window);

/*
 * Takes one observation and lets go of those that it pushes out. TW_INVALID for a price or volume
 * that is not finite, a negative volume, or a time before the newest; TW_RANGE beyond
 * TW_WINDOW_VALUE_MAX. The window is unchanged after an error.
 */
TW_API tw_status tw_window_push(tw_window *window, int64_t time_ns, double price,
                                double volume) TW_MUST_CHECK;

/* Moves time on without an observation: those outside (now_ns - span_ns, now_ns] leave.
 * TW_INVALID, and nothing changed, when now_ns is before the newest time. */
TW_API tw_status tw_window_advance(tw_window *window, int64_t now_ns) TW_MUST_CHECK;

/* The statistics of what is in the window now. */
TW_API void tw_window_read(const tw_window *window, tw_window_stats *ret_stats);

/* Back to empty, as after tw_window_new; the memory is kept. */
TW_API void tw_window_clear(tw_window *window);

/* Walks the whole window and asserts its invariants. O(count). */
TW_API void tw_window_check(const tw_window *window);

TW_END_DECLS

TW_DEFINE_AUTO(tw_window, tw_window_free)

#endif
