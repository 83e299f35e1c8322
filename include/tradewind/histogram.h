/*
 * histogram.h - how long things took: every value counted, none kept.
 *
 * Values are spans in nanoseconds. Up to 256 ns every value has a bucket of its own; above, each
 * doubling is cut into 128 equal buckets, so a bucket is never wider than 1/128 of what it
 * holds. From 1 ns to 1 h a value is therefore known to 0.79 %; longer ones go to one overflow
 * bucket. Count, sum, smallest and largest are exact, at any size. (The layout is that of Gil
 * Tene's HdrHistogram, but with buckets that include their upper end, so that every power of
 * two is an exact boundary in the sense of "less than or equal".)
 *
 *     bucket (low, high]:  (0,1] (1,2] ... (255,256] (256,258] ... (510,512] (512,516] ...
 *
 * Values below 1 fall into the first bucket; a negative span (a clock that was set back) is
 * recorded as 0. Any unit but nanoseconds works as well: bytes, rows, 1 to 3.6e12.
 *
 * Memory: a plain struct of 36.5 KB in the caller's storage; nothing is allocated. Give each
 * writer its own: no two share a cache line. The fields are for this module; use the functions.
 * Cost: record is about a dozen instructions without a loop (below 5 ns); quantiles and merge
 * walk the buckets (a few microseconds).
 * Threads: one writer (record, reset, merge into) at a time, and any number of readers beside
 * it, without locks. A reader beside a writer sees each number whole, and for every value that
 * it sees counted in `count` also the bucket, and for each one seen in a bucket also its part
 * in sum, min and max. It may see more than that: values recorded while it reads can be in sum,
 * min, max and in some buckets, not yet in others. tw_histogram_merge makes of this a copy whose
 * count equals its buckets; take one copy, then ask it all questions. While a histogram is
 * itself being reset, merged into or subtracted from, a reader beside may see any mixture of
 * before and after. So to read intervals never reset what others read: subtract the previous
 * copy from a new one.
 */
#ifndef TRADEWIND_HISTOGRAM_H
#define TRADEWIND_HISTOGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tradewind/api.h"

#define TW_HISTOGRAM_VALUE_MAX INT64_C(3600000000000) /* 1 h; above is overflow */
#define TW_HISTOGRAM_BUCKET_COUNT 4563                /* the last one is the overflow bucket */

typedef struct tw_histogram {
    uint64_t count;
    int64_t sum; /* stays at INT64_MAX, 292 years, rather than overflow */
    int64_t min; /* INT64_MAX when empty */
    int64_t max; /* 0 when empty */
    uint64_t buckets[TW_HISTOGRAM_BUCKET_COUNT];
} __attribute__((aligned(64))) tw_histogram;

/* One bucket: `count` values v with low < v <= high. The first also holds v = 0; the overflow
 * bucket has `high` INT64_MAX. */
typedef struct tw_histogram_bucket {
    int64_t low;
    int64_t high;
    uint64_t count;
} tw_histogram_bucket;

TW_BEGIN_DECLS

/* Writer: makes an empty histogram of any storage. No reader yet. */
TW_API void tw_histogram_init(tw_histogram *histogram);

/* Writer: the same on one in use. See Threads for readers beside it. */
TW_API void tw_histogram_reset(tw_histogram *histogram);

/* Writer: counts one value, or the same value `times` times (0 does nothing). */
TW_API void tw_histogram_record(tw_histogram *histogram, int64_t value);
TW_API void tw_histogram_record_n(tw_histogram *histogram, int64_t value, uint64_t times);

/*
 * Writer: counts a value measured by a loop that starts an operation every `interval` (above 0)
 * but waits for the one before: while it waits it misses the operations that would have suffered
 * too. Records `value` and, for those, value - interval, value - 2 interval ... down to
 * `interval`, as HdrHistogram's recordValueWithExpectedInterval does. The cost is bounded by the
 * buckets crossed, not by value / interval. Better still: measure from the intended start.
 */
TW_API void tw_histogram_record_intended(tw_histogram *histogram, int64_t value, int64_t interval);

/* Writer of `into`, reader of `from`: adds all that `from` counted. The count of `into` grows
 * by exactly what its buckets grow. The two must differ. */
TW_API void tw_histogram_merge(tw_histogram *into, const tw_histogram *from);

/*
 * Writer of `later`: takes away what an earlier copy of the same histogram had counted, leaving
 * what was recorded between the two. Count, sum and buckets are exact (unless sum stands at its
 * limit); min and max are then those of the remaining buckets, within 0.79 %. An `earlier` that
 * is not earlier is a programmer error.
 */
TW_API void tw_histogram_subtract(tw_histogram *later, const tw_histogram *earlier);

/* Readers: exact. Of an empty histogram all are 0. */
TW_API uint64_t tw_histogram_count(const tw_histogram *histogram);
TW_API int64_t tw_histogram_sum(const tw_histogram *histogram);
TW_API int64_t tw_histogram_min(const tw_histogram *histogram);
TW_API int64_t tw_histogram_max(const tw_histogram *histogram);

/* sum / count (exact but for the division), and the standard deviation of the population as
 * estimated from the middles of the buckets. Of an empty histogram both are 0. */
TW_API double tw_histogram_mean(const tw_histogram *histogram);
TW_API double tw_histogram_stddev(const tw_histogram *histogram);

/*
 * The value at a quantile of 0 to 1 (0.99 is the 99th percentile) by nearest rank: the
 * ceil(quantile * count)-th smallest. Never below the exact value and at most 1/128 above it;
 * 0 gives exactly min and 1 exactly max. A rank in the overflow bucket gives max. Of an empty
 * histogram it is 0. A quantile outside 0 to 1, or NaN, is a programmer error.
 */
TW_API int64_t tw_histogram_quantile(const tw_histogram *histogram, double quantile);

/* The same for `count` ascending quantiles in one walk, into `ret_values[count]`. */
TW_API void tw_histogram_quantiles(const tw_histogram *histogram, const double *quantiles,
                                   size_t count, int64_t *ret_values);

/* How many values are <= `value`. Exact for every power of two, every value up to 256, and from
 * TW_HISTOGRAM_VALUE_MAX; elsewhere the whole bucket of `value` is counted in. Values in the
 * overflow bucket are counted only from `value` >= max on. */
TW_API uint64_t tw_histogram_count_at_most(const tw_histogram *histogram, int64_t value);

/*
 * Walks the non-empty buckets upwards: start with `*cursor` 0 and call until false.
 *
 *     tw_histogram_bucket bucket;
 *     for (size_t cursor = 0; tw_histogram_next(histogram, &cursor, &bucket);)
 */
TW_API bool tw_histogram_next(const tw_histogram *histogram, size_t *cursor,
                              tw_histogram_bucket *ret_bucket) TW_MUST_CHECK;

/* Asserts the invariants. The writer must rest. */
TW_API void tw_histogram_check(const tw_histogram *histogram);

TW_END_DECLS

#endif
