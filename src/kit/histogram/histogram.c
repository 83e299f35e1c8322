/*
 * histogram.c - the index of a bucket is the top eight bits of the value and their position.
 *
 * Let u = v - 1. Below 256, u is the index. Above, with `shift` the number of bits of u beyond
 * its top eight, u >> shift lies in 128..255 and the index is 128 * shift + (u >> shift): 128
 * buckets for each doubling, each 2^shift wide. Taking one off v makes the buckets (low, high],
 * so that "how many are <= 2^k" is exact, which is what an OpenMetrics bucket asks.
 *
 * Invariants
 *   1. The bucket numbers ascend with the values; bucket 0 begins at 0, and each begins where
 *      the one before ends. The last one holds what is above TW_HISTOGRAM_VALUE_MAX.
 *   2. At rest, count is the sum of the buckets.
 *   3. At rest, count = 0 or min <= max; sum of the values unless it stands at INT64_MAX.
 *   4. A record stores min, max and sum first, then its bucket (release), then count (release).
 *      A reader loads in the opposite order (acquire). So whoever sees a record in count sees it
 *      in its bucket, and whoever sees it there sees it in sum, min and max. With one writer
 *      no read-modify-write is needed; on x86 and most ARM code the order costs nothing.
 */
#include "tradewind/histogram.h"

#include <math.h>

#define SUB_BITS 7
#define SUB_COUNT (1 << SUB_BITS)
#define TOP_MASK ((UINT64_C(2) << SUB_BITS) - 1)
#define OVERFLOW_INDEX (TW_HISTOGRAM_BUCKET_COUNT - 1)

/* The fields are plain in the header, which C++ also reads; the accesses are atomic here. */
#define LOAD(field) __atomic_load_n(&(field), __ATOMIC_ACQUIRE)
#define STORE(field, value) __atomic_store_n(&(field), (value), __ATOMIC_RELEASE)
#define OWN(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)
#define STORE_RELAXED(field, value) __atomic_store_n(&(field), (value), __ATOMIC_RELAXED)

__extension__ typedef __int128 wide;

/* The value is at least 0. */
static size_t index_of(int64_t value) {
    if (value > TW_HISTOGRAM_VALUE_MAX)
        return OVERFLOW_INDEX;
    uint64_t u = (uint64_t)value - (value > 0);
    unsigned shift = 63 - SUB_BITS - (unsigned)__builtin_clzll(u | TOP_MASK);
    return ((size_t)shift << SUB_BITS) + (size_t)(u >> shift);
}

/* The end of a bucket that is included: the largest value in it. */
static int64_t high_of(size_t index) {
    if (index == OVERFLOW_INDEX)
        return INT64_MAX;
    if (index < 2 * SUB_COUNT)
        return (int64_t)index + 1;
    unsigned shift = (unsigned)(index >> SUB_BITS) - 1;
    uint64_t top = (index & (SUB_COUNT - 1)) + SUB_COUNT;
    int64_t high = (int64_t)((top + 1) << shift);
    return high < TW_HISTOGRAM_VALUE_MAX ? high : TW_HISTOGRAM_VALUE_MAX;
}

static int64_t low_of(size_t index) {
    return index == 0 ? 0 : high_of(index - 1);
}

void tw_histogram_init(tw_histogram *histogram) {
    tw_histogram_reset(histogram);
}

void tw_histogram_reset(tw_histogram *histogram) {
    STORE(histogram->count, 0);
    for (size_t i = 0; i < TW_HISTOGRAM_BUCKET_COUNT; i++)
        STORE(histogram->buckets[i], 0);
    STORE(histogram->sum, 0);
    STORE(histogram->min, INT64_MAX);
    STORE(histogram->max, 0);
}

static void widen(tw_histogram *histogram, int64_t min, int64_t max) {
    if (min < OWN(histogram->min))
        STORE_RELAXED(histogram->min, min);
    if (max > OWN(histogram->max))
        STORE_RELAXED(histogram->max, max);
}

static void add_to_sum(tw_histogram *histogram, int64_t amount) {
    int64_t sum = 0;
    if (__builtin_add_overflow(OWN(histogram->sum), amount, &sum))
        sum = INT64_MAX;
    STORE_RELAXED(histogram->sum, sum);
}

static void add_to_bucket(tw_histogram *histogram, size_t index, uint64_t times) {
    uint64_t *bucket = &histogram->buckets[index];
    STORE(*bucket, OWN(*bucket) + times);
}

static void add_to_count(tw_histogram *histogram, uint64_t times) {
    STORE(histogram->count, OWN(histogram->count) + times);
}

void tw_histogram_record(tw_histogram *histogram, int64_t value) {
    value = value < 0 ? 0 : value;
    widen(histogram, value, value);
    add_to_sum(histogram, value);
    add_to_bucket(histogram, index_of(value), 1);
    add_to_count(histogram, 1);
}

static int64_t saturated(wide sum) {
    return sum > INT64_MAX ? INT64_MAX : (int64_t)sum;
}

void tw_histogram_record_n(tw_histogram *histogram, int64_t value, uint64_t times) {
    if (times == 0)
        return;
    value = value < 0 ? 0 : value;
    widen(histogram, value, value);
    add_to_sum(histogram, saturated((wide)value * times));
    add_to_bucket(histogram, index_of(value), times);
    add_to_count(histogram, times);
}

void tw_histogram_record_intended(tw_histogram *histogram, int64_t value, int64_t interval) {
    TW_ASSERT(interval > 0);
    tw_histogram_record(histogram, value);
    /* The missed values value - interval ... interval, a bucket at a time from the top. */
    int64_t missed = value / interval - 1;
    for (int64_t next = value - interval; missed > 0;) {
        size_t index = index_of(next);
        int64_t in_bucket = (next - low_of(index) - 1) / interval + 1;
        int64_t times = in_bucket < missed ? in_bucket : missed;
        int64_t last = next - (times - 1) * interval;
        widen(histogram, last, next);
        add_to_sum(histogram, saturated(((wide)next + last) * times / 2));
        add_to_bucket(histogram, index, (uint64_t)times);
        add_to_count(histogram, (uint64_t)times);
        next = last - interval;
        missed -= times;
    }
}

void tw_histogram_merge(tw_histogram *into, const tw_histogram *from) {
    TW_ASSERT(into != from);
    uint64_t total = 0;
    for (size_t i = 0; i < TW_HISTOGRAM_BUCKET_COUNT; i++) {
        uint64_t times = LOAD(from->buckets[i]);
        if (times == 0)
            continue;
        add_to_bucket(into, i, times);
        total += times;
    }
    if (total == 0)
        return;
    /* Loaded after the buckets, these cover at least what was seen there (invariant 4). */
    int64_t max = LOAD(from->max);
    int64_t min = LOAD(from->min);
    widen(into, min, max);
    add_to_sum(into, LOAD(from->sum));
    add_to_count(into, total);
}

static int64_t smaller(int64_t a, int64_t b) {
    return a < b ? a : b;
}

static int64_t larger(int64_t a, int64_t b) {
    return a > b ? a : b;
}

void tw_histogram_subtract(tw_histogram *later, const tw_histogram *earlier) {
    TW_ASSERT(later != earlier);
    TW_ASSERT(OWN(later->count) >= LOAD(earlier->count));
    int64_t min = INT64_MAX;
    int64_t max = 0;
    for (size_t i = 0; i < TW_HISTOGRAM_BUCKET_COUNT; i++) {
        uint64_t now = OWN(later->buckets[i]);
        uint64_t before = LOAD(earlier->buckets[i]);
        TW_ASSERT(now >= before);
        STORE(later->buckets[i], now - before);
        if (now == before)
            continue;
        if (min == INT64_MAX)
            min = i == 0 ? 0 : low_of(i) + 1;
        max = high_of(i);
    }
    int64_t sum = OWN(later->sum) - LOAD(earlier->sum);
    STORE(later->count, OWN(later->count) - LOAD(earlier->count));
    STORE(later->sum, sum < 0 ? 0 : sum);
    /* What remains is a part of what was there: the old extremes bound it too. */
    if (max > 0) {
        min = larger(min, OWN(later->min));
        max = smaller(max, OWN(later->max));
    }
    STORE(later->min, min);
    STORE(later->max, max);
}

uint64_t tw_histogram_count(const tw_histogram *histogram) {
    return LOAD(histogram->count);
}

int64_t tw_histogram_sum(const tw_histogram *histogram) {
    return LOAD(histogram->sum);
}

int64_t tw_histogram_min(const tw_histogram *histogram) {
    return LOAD(histogram->count) == 0 ? 0 : LOAD(histogram->min);
}

int64_t tw_histogram_max(const tw_histogram *histogram) {
    return LOAD(histogram->max);
}

double tw_histogram_mean(const tw_histogram *histogram) {
    uint64_t count = LOAD(histogram->count);
    return count == 0 ? 0.0 : (double)LOAD(histogram->sum) / (double)count;
}

double tw_histogram_stddev(const tw_histogram *histogram) {
    double max = (double)LOAD(histogram->max);
    double mean = tw_histogram_mean(histogram);
    double squares = 0.0;
    double count = 0.0;
    for (size_t i = 0; i < TW_HISTOGRAM_BUCKET_COUNT; i++) {
        double times = (double)LOAD(histogram->buckets[i]);
        double middle = ((double)low_of(i) + 1.0 + (double)high_of(i)) / 2.0;
        /* Overflowed values lie between the limit and max. */
        if (i == OVERFLOW_INDEX)
            middle = ((double)TW_HISTOGRAM_VALUE_MAX + max) / 2.0;
        squares += times * (middle - mean) * (middle - mean);
        count += times;
    }
    return count > 0.0 ? sqrt(squares / count) : 0.0;
}

/* The smallest whole rank >= quantile * count, in 1..count. The product is rounded; one that is
 * a whole number but for that (0.07 * 100 = 7.000000000000001) counts as that number. */
static uint64_t rank_of(double quantile, uint64_t count) {
    double product = quantile * (double)count;
    double nearest = floor(product + 0.5);
    double rank = fabs(product - nearest) <= product * 0x1p-51 ? nearest : ceil(product);
    if (rank < 1.0)
        return 1;
    return rank >= (double)count ? count : (uint64_t)rank;
}

void tw_histogram_quantiles(const tw_histogram *histogram, const double *quantiles, size_t count,
                            int64_t *ret_values) {
    uint64_t total = LOAD(histogram->count); /* before the buckets: they hold at least it */
    uint64_t seen = 0;
    size_t index = 0;
    double previous = 0.0;
    for (size_t i = 0; i < count; i++) {
        TW_ASSERT(quantiles[i] >= previous && quantiles[i] <= 1.0);
        previous = quantiles[i];
        ret_values[i] = 0;
        if (total == 0)
            continue;
        uint64_t rank = rank_of(quantiles[i], total);
        while (seen < rank && index < TW_HISTOGRAM_BUCKET_COUNT)
            seen += LOAD(histogram->buckets[index++]);
        int64_t min = LOAD(histogram->min);
        int64_t max = LOAD(histogram->max);
        ret_values[i] = quantiles[i] > 0.0 ? larger(smaller(high_of(index - 1), max), min) : min;
    }
}

int64_t tw_histogram_quantile(const tw_histogram *histogram, double quantile) {
    int64_t value = 0;
    tw_histogram_quantiles(histogram, &quantile, 1, &value);
    return value;
}

uint64_t tw_histogram_count_at_most(const tw_histogram *histogram, int64_t value) {
    if (value < 0)
        return 0;
    size_t end = index_of(value);
    if (end == OVERFLOW_INDEX && value < LOAD(histogram->max))
        end--;
    uint64_t total = 0;
    for (size_t i = 0; i <= end; i++)
        total += LOAD(histogram->buckets[i]);
    return total;
}

bool tw_histogram_next(const tw_histogram *histogram, size_t *cursor,
                       tw_histogram_bucket *ret_bucket) {
    for (size_t i = *cursor; i < TW_HISTOGRAM_BUCKET_COUNT; i++) {
        uint64_t count = LOAD(histogram->buckets[i]);
        if (count == 0)
            continue;
        *ret_bucket = (tw_histogram_bucket){low_of(i), high_of(i), count};
        *cursor = i + 1;
        return true;
    }
    *cursor = TW_HISTOGRAM_BUCKET_COUNT;
    return false;
}

_Static_assert(((TW_HISTOGRAM_VALUE_MAX - 1) >> 34) + (34 << SUB_BITS) == OVERFLOW_INDEX - 1,
               "the last bucket but one holds TW_HISTOGRAM_VALUE_MAX");

void tw_histogram_check(const tw_histogram *histogram) {
    uint64_t total = 0;
    size_t first = TW_HISTOGRAM_BUCKET_COUNT;
    size_t last = 0;
    for (size_t i = 0; i < TW_HISTOGRAM_BUCKET_COUNT; i++) {
        uint64_t count = LOAD(histogram->buckets[i]);
        total += count;
        if (count > 0 && first == TW_HISTOGRAM_BUCKET_COUNT)
            first = i;
        if (count > 0)
            last = i;
    }
    TW_ASSERT(total == histogram->count);
    if (total == 0) {
        TW_ASSERT(histogram->min == INT64_MAX && histogram->max == 0 && histogram->sum == 0);
        return;
    }
    TW_ASSERT(0 <= histogram->min && histogram->min <= histogram->max);
    TW_ASSERT(index_of(histogram->min) == first && index_of(histogram->max) == last);
}
