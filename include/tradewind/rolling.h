/*
 * rolling.h - rolling statistics of a series of doubles, by count, by irregular time, or both.
 *
 *     tw_rolling_config config = {.count_max = 20, .count_min = 20, .ddof = 1};
 *     TW_AUTO(tw_rolling) *rolling = NULL;
 *     tw_status status = tw_rolling_new(NULL, &config, &rolling);
 *     ...
 *     status = tw_rolling_push(rolling, time_ns, value);
 *     tw_rolling_stats stats;
 *     tw_rolling_read(rolling, &stats);
 *
 * For trades, whose prices are integers, window.h is exact and faster. Doubles cannot be taken off
 * a sum without a trace, so here nothing is ever subtracted: aggregates (n, mean, squared
 * deviations) of the two halves of a window are combined (Chan, Golub and LeVeque 1979), with means
 * and sums in doubled precision. A value that has left is in none of them: a huge one leaves no
 * trace, equal values have a variance of exactly 0, and the error is bounded by the window however
 * long the series. (The last bit may depend on where the two halves meet, which pushes alone
 * decide; the same pushes give the same bits.)
 *
 * Missing values: a value that is not finite is missing. It takes its place, and a window that
 * holds one has no answer (NaN, but for n and the times). tw_ewma answers NaN to a missing value
 * and keeps its state over it.
 *
 * Memory: all of it at creation, about 130 bytes a place of count_max, 8 to 16 more for quantiles.
 * Cost: push and advance O(1) amortised, read O(1); with quantiles a memmove within a block.
 * Threads: a handle belongs to one thread at a time.
 */
#ifndef TRADEWIND_ROLLING_H
#define TRADEWIND_ROLLING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/api.h"
#include "tradewind/status.h"

/* The greatest magnitude of a value: sums of its squares still fit a double. */
#define TW_ROLLING_VALUE_MAX 1e140
#define TW_ROLLING_COUNT_MAX (UINT32_C(1) << 31)
#define TW_ROLLING_QUANTILE_MAX 8

typedef struct tw_rolling tw_rolling;

typedef struct tw_rolling_config {
    uint32_t count_max;  /* the newest so many, at least 1; by time alone the memory bound */
    uint32_t count_min;  /* while fewer are inside there is no answer; 0 means 1 */
    int64_t span_ns;     /* those in (now - span_ns, now]; 0 for no limit by time */
    uint8_t ddof;        /* 0 or 1 */
    bool sem_by_degrees; /* sem is stddev / sqrt(n - ddof), as pandas before 3 has it, instead of
                          * stddev / sqrt(n) */
    uint8_t quantile_count;
    double quantiles[TW_ROLLING_QUANTILE_MAX]; /* each 0 to 1 */
} tw_rolling_config;

/* Everything but n and missing is NaN while n < count_min or something inside is missing. */
typedef struct tw_rolling_stats {
    uint64_t n;       /* values inside, missing ones too */
    uint64_t missing; /* of them */
    double sum;
    double mean;
    double variance; /* NaN while n <= ddof */
    double stddev;
    double sem; /* standard error of the mean */
    double min;
    double max;
    double quantiles[TW_ROLLING_QUANTILE_MAX]; /* type 7; the rest NaN */
} tw_rolling_stats;

/* An exponentially weighted mean over irregular times. Plain data: zeroed, but for its options,
 * it has seen nothing. */
typedef struct tw_ewma {
    int64_t halflife_ns; /* above 0: a weight halves in this time */
    bool adjust;         /* true: divided by the sum of all weights; false: the recurrence
                          * mean += (1 - 2^(-dt / halflife)) (x - mean), seeded by the first */
    bool started;
    int64_t time_ns; /* of the newest value that was not missing */
    double weight;   /* of all before, at that time; adjust only */
    double mean;
} tw_ewma;

TW_BEGIN_DECLS

/* TW_RANGE: a count_max of 0 or above TW_ROLLING_COUNT_MAX, a count_min above count_max, a negative
 * span, or ddof, quantile_count or a quantile outside its limits. TW_NO_MEMORY. */
TW_API tw_status tw_rolling_new(const tw_allocator *allocator, const tw_rolling_config *config,
                                tw_rolling **ret_rolling) TW_MUST_CHECK;
TW_API void tw_rolling_free(tw_rolling *rolling);

/* Takes one value; one that is not finite is missing. TW_INVALID for a time before the newest,
 * TW_RANGE beyond TW_ROLLING_VALUE_MAX; nothing has changed then. */
TW_API tw_status tw_rolling_push(tw_rolling *rolling, int64_t time_ns, double value) TW_MUST_CHECK;

/* Moves time on without a value. TW_INVALID, and nothing changed, before the newest time. */
TW_API tw_status tw_rolling_advance(tw_rolling *rolling, int64_t now_ns) TW_MUST_CHECK;

TW_API void tw_rolling_read(const tw_rolling *rolling, tw_rolling_stats *ret_stats);

/* Back to empty; the memory is kept. */
TW_API void tw_rolling_clear(tw_rolling *rolling);

/* Walks everything and asserts the invariants. O(count). */
TW_API void tw_rolling_check(const tw_rolling *rolling);

/* The mean after one more value, which is not before the last (a programmer error). NaN for a
 * missing value. The formula is pandas' ewm(halflife, times). */
TW_API double tw_ewma_push(tw_ewma *ewma, int64_t time_ns, double value);

TW_END_DECLS

TW_DEFINE_AUTO(tw_rolling, tw_rolling_free)

#endif
