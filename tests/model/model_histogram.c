/* model_histogram.c - a histogram beside all its values, sorted: the bound of 1/128. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tradewind/alloc.h"
#include "tradewind/histogram.h"

#define VALUE_COUNT 20000

/* SplitMix64. */
static uint64_t next_random(uint64_t *seed) {
    uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Between 0 and 1, neither included. */
static double next_unit(uint64_t *seed) {
    return ((double)(next_random(seed) >> 12) + 0.5) * 0x1p-52;
}

static double next_normal(uint64_t *seed) {
    double radius = sqrt(-2.0 * log(next_unit(seed)));
    return radius * cos(2.0 * acos(-1.0) * next_unit(seed));
}

static double constant(uint64_t *seed) {
    (void)seed;
    return 123457.0;
}

static double uniform_small(uint64_t *seed) {
    return 1.0 + floor(300.0 * next_unit(seed));
}

static double uniform_wide(uint64_t *seed) {
    return 1.0 + floor((double)TW_HISTOGRAM_VALUE_MAX * next_unit(seed));
}

static double exponential(uint64_t *seed) {
    return 1.0 + -50000.0 * log(next_unit(seed));
}

static double log_normal(uint64_t *seed) {
    return 1.0 + exp(9.0 + 2.0 * next_normal(seed));
}

static double heavy_tail(uint64_t *seed) {
    return fmin(800.0 * pow(next_unit(seed), -1.0 / 1.1), 3.5e12);
}

static double two_modes(uint64_t *seed) {
    double centre = next_random(seed) % 50 == 0 ? 2e6 : 900.0;
    return fmax(1.0, centre * (1.0 + 0.05 * next_normal(seed)));
}

/* At and beside the ends of buckets, from 1 ns to 1 h. */
static double edges(uint64_t *seed) {
    double power = ldexp(1.0, (int)(next_random(seed) % 41));
    return fmax(1.0, power + (double)(next_random(seed) % 3) - 1.0);
}

static int by_value(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void check_quantiles(const tw_histogram *histogram, const int64_t *sorted) {
    for (int permille = 0; permille <= 1000; permille++) {
        /* The rank in whole numbers, without the rounding of a product of doubles. */
        int64_t rank = ((int64_t)permille * VALUE_COUNT + 999) / 1000;
        int64_t exact = sorted[rank == 0 ? 0 : rank - 1];
        int64_t found = tw_histogram_quantile(histogram, permille / 1000.0);
        assert_true(found >= exact);
        assert_true((found - exact) * 128 <= exact);
    }
}

static void check_counts_at_most(const tw_histogram *histogram, const int64_t *sorted) {
    size_t below = 0;
    for (int power = 0; power <= 41; power++) {
        while (below < VALUE_COUNT && sorted[below] <= INT64_C(1) << power)
            below++;
        assert_int_equal(tw_histogram_count_at_most(histogram, INT64_C(1) << power), below);
    }
}

static void check_moments(const tw_histogram *histogram, const int64_t *values, int64_t sum) {
    double mean = (double)sum / VALUE_COUNT;
    double squares = 0.0;
    for (size_t i = 0; i < VALUE_COUNT; i++)
        squares += ((double)values[i] - mean) * ((double)values[i] - mean);
    double deviation = sqrt(squares / VALUE_COUNT);
    assert_true(fabs(tw_histogram_mean(histogram) - mean) <= mean * 1e-12);
    /* Each value is off by at most 1/256 of itself, so the deviation is by at most 1/256 of the
     * root of the mean square. */
    double bound = sqrt(squares / VALUE_COUNT + mean * mean) / 256.0 + 1e-9;
    assert_true(fabs(tw_histogram_stddev(histogram) - deviation) <= bound);
}

static void check_buckets(const tw_histogram *histogram, const int64_t *sorted) {
    size_t done = 0;
    tw_histogram_bucket bucket;
    for (size_t cursor = 0; tw_histogram_next(histogram, &cursor, &bucket);) {
        for (uint64_t i = 0; i < bucket.count; i++, done++)
            assert_true(sorted[done] > bucket.low && sorted[done] <= bucket.high);
    }
    assert_int_equal(done, VALUE_COUNT);
}

static void run(double (*draw)(uint64_t *seed), uint64_t seed) {
    int64_t *values = TW_NEW(NULL, VALUE_COUNT, int64_t);
    tw_histogram *histogram = TW_NEW(NULL, 1, tw_histogram);
    int64_t sum = 0;
    tw_histogram_init(histogram);
    for (size_t i = 0; i < VALUE_COUNT; i++) {
        values[i] = (int64_t)draw(&seed);
        sum += values[i];
        tw_histogram_record(histogram, values[i]);
    }
    tw_histogram_check(histogram);
    qsort(values, VALUE_COUNT, sizeof(values[0]), by_value);
    assert_int_equal(tw_histogram_count(histogram), VALUE_COUNT);
    assert_true(tw_histogram_sum(histogram) == sum);
    assert_true(tw_histogram_min(histogram) == values[0]);
    assert_true(tw_histogram_max(histogram) == values[VALUE_COUNT - 1]);
    check_quantiles(histogram, values);
    check_counts_at_most(histogram, values);
    check_moments(histogram, values, sum);
    check_buckets(histogram, values);
    TW_DELETE(NULL, histogram, 1, tw_histogram);
    TW_DELETE(NULL, values, VALUE_COUNT, int64_t);
}

static void test_every_quantile_is_within_its_bound(void **state) {
    (void)state;
    double (*const draws[])(uint64_t *) = {constant,   uniform_small, uniform_wide, exponential,
                                           log_normal, heavy_tail,    two_modes,    edges};
    for (size_t i = 0; i < sizeof(draws) / sizeof(draws[0]); i++) {
        for (uint64_t seed = 1; seed <= 3; seed++)
            run(draws[i], seed);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_quantile_is_within_its_bound)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
