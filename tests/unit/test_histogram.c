/* test_histogram.c - the rules of tradewind/histogram.h, one test a rule. */
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tradewind/alloc.h"
#include "tradewind/histogram.h"

static tw_histogram *new_histogram(void) {
    tw_histogram *histogram = TW_NEW(NULL, 1, tw_histogram);
    assert_non_null(histogram);
    tw_histogram_init(histogram);
    return histogram;
}

static void free_histogram(tw_histogram *histogram) {
    TW_DELETE(NULL, histogram, 1, tw_histogram);
}

static void assert_same(const tw_histogram *a, const tw_histogram *b) {
    tw_histogram_check(a);
    assert_memory_equal(a, b, sizeof(tw_histogram));
}

static void test_any_storage_becomes_an_empty_histogram(void **state) {
    (void)state;
    tw_histogram *histogram = TW_NEW(NULL, 1, tw_histogram);
    memset(histogram, 0xA5, sizeof(*histogram));
    tw_histogram_init(histogram);
    tw_histogram_check(histogram);
    size_t cursor = 0;
    tw_histogram_bucket bucket;
    assert_int_equal(tw_histogram_count(histogram), 0);
    assert_int_equal(tw_histogram_sum(histogram), 0);
    assert_int_equal(tw_histogram_min(histogram), 0);
    assert_int_equal(tw_histogram_max(histogram), 0);
    assert_true(tw_histogram_mean(histogram) == 0.0);
    assert_true(tw_histogram_stddev(histogram) == 0.0);
    assert_int_equal(tw_histogram_quantile(histogram, 0.5), 0);
    assert_int_equal(tw_histogram_count_at_most(histogram, INT64_MAX), 0);
    assert_false(tw_histogram_next(histogram, &cursor, &bucket));
    free_histogram(histogram);
}

/* The bucket of one value. */
static tw_histogram_bucket bucket_of(tw_histogram *histogram, int64_t value) {
    tw_histogram_bucket bucket = {0};
    size_t cursor = 0;
    tw_histogram_reset(histogram);
    tw_histogram_record(histogram, value);
    assert_true(tw_histogram_next(histogram, &cursor, &bucket));
    assert_int_equal(bucket.count, 1);
    assert_false(tw_histogram_next(histogram, &cursor, &bucket));
    return bucket;
}

static void test_buckets_meet_and_are_narrow(void **state) {
    (void)state;
    tw_histogram *histogram = new_histogram();
    int64_t low = 0;
    size_t count = 0;
    while (low < TW_HISTOGRAM_VALUE_MAX) {
        tw_histogram_bucket bucket = bucket_of(histogram, low + 1);
        assert_int_equal(bucket.low, low);
        assert_int_equal(bucket_of(histogram, bucket.high).low, low);
        assert_true(bucket.high - bucket.low == 1 || (bucket.high - bucket.low) * 128 <= low);
        low = bucket.high;
        count++;
    }
    assert_int_equal(low, TW_HISTOGRAM_VALUE_MAX);
    assert_int_equal(count, TW_HISTOGRAM_BUCKET_COUNT - 1);
    free_histogram(histogram);
}

static void test_every_power_of_two_ends_a_bucket(void **state) {
    (void)state;
    tw_histogram *histogram = new_histogram();
    for (int power = 0; power <= 41; power++)
        assert_int_equal(bucket_of(histogram, INT64_C(1) << power).high, INT64_C(1) << power);
    free_histogram(histogram);
}

static void test_values_up_to_256_are_exact(void **state) {
    (void)state;
    tw_histogram *histogram = new_histogram();
    for (int64_t value = 1; value <= 256; value++)
        tw_histogram_record(histogram, value);
    for (int64_t value = 1; value <= 256; value++) {
        assert_int_equal(tw_histogram_quantile(histogram, (double)value / 256.0), value);
        assert_int_equal(tw_histogram_count_at_most(histogram, value), value);
    }
    free_histogram(histogram);
}

static void test_zero_and_negative_spans_count_as_zero(void **state) {
    (void)state;
    tw_histogram *histogram = new_histogram();
    tw_histogram_record(histogram, 0);
    tw_histogram_record(histogram, -5);
    tw_histogram_record_n(histogram, INT64_MIN, 2);
    tw_histogram_check(histogram);
    assert_int_equal(tw_histogram_count(histogram), 4);
    assert_int_equal(tw_histogram_sum(histogram), 0);
    assert_int_equal(tw_histogram_max(histogram), 0);
    assert_int_equal(tw_histogram_quantile(histogram, 1.0), 0);
    assert_int_equal(tw_histogram_count_at_most(histogram, -1), 0);
    assert_int_equal(tw_histogram_count_at_most(histogram, 0), 4);
    free_histogram(histogram);
}

static void test_values_beyond_an_hour_overflow_and_max_stays_exact(void **state) {
    (void)state;
    tw_histogram *histogram = new_histogram();
    const int64_t beyond = TW_HISTOGRAM_VALUE_MAX + 12345;
    tw_histogram_record(histogram, TW_HISTOGRAM_VALUE_MAX);
    tw_histogram_record(histogram, beyond);
    tw_histogram_check(histogram);
    assert_int_equal(tw_histogram_quantile(histogram, 0.5), TW_HISTOGRAM_VALUE_MAX);
    assert_int_equal(tw_histogram_quantile(histogram, 1.0), beyond);
    assert_int_equal(tw_histogram_max(histogram), beyond);
    assert_int_equal(tw_histogram_sum(histogram), TW_HISTOGRAM_VALUE_MAX + beyond);
    assert_int_equal(tw_histogram_count_at_most(histogram, TW_HISTOGRAM_VALUE_MAX), 1);
    assert_int_equal(tw_histogram_count_at_most(histogram, beyond - 1), 1);
    assert_int_equal(tw_histogram_count_at_most(histogram, beyond), 2);
    assert_int_equal(bucket_of(histogram, INT64_MAX).high, INT64_MAX);
    assert_int_equal(bucket_of(histogram, INT64_MAX).low, TW_HISTOGRAM_VALUE_MAX);
    free_histogram(histogram);
}

static void test_the_sum_stays_at_its_limit(void **state) {
    (void)state;
    tw_histogram *histogram = new_histogram();
    tw_histogram_record(histogram, INT64_MAX - 1);
    tw_histogram_record(histogram, 1);
    assert_true(tw_histogram_sum(histogram) == INT64_MAX);
    tw_histogram_record(histogram, 1);
    assert_true(tw_histogram_sum(histogram) == INT64_MAX);
    tw_histogram_reset(histogram);
    tw_histogram_record_n(histogram, INT64_MAX, UINT64_C(1) << 40);
    assert_true(tw_histogram_sum(histogram) == INT64_MAX);
    assert_int_equal(tw_histogram_count(histogram), UINT64_C(1) << 40);
    tw_histogram_check(histogram);
    free_histogram(histogram);
}

static void test_record_n_is_record_n_times(void **state) {
    (void)state;
    tw_histogram *one = new_histogram();
    tw_histogram *many = new_histogram();
    const int64_t values[] = {0, 1, 255, 256, 257, 1000003, TW_HISTOGRAM_VALUE_MAX + 1};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        for (size_t times = 0; times < i * 3; times++)
            tw_histogram_record(one, values[i]);
        tw_histogram_record_n(many, values[i], i * 3);
    }
    assert_same(many, one);
    free_histogram(one);
    free_histogram(many);
}

/* The definition, as HdrHistogram loops. */
static void record_intended_slowly(tw_histogram *histogram, int64_t value, int64_t interval) {
    tw_histogram_record(histogram, value);
    for (int64_t missed = value - interval; missed >= interval; missed -= interval)
        tw_histogram_record(histogram, missed);
}

static void test_the_intended_rate_brings_back_what_was_missed(void **state) {
    (void)state;
    tw_histogram *fast = new_histogram();
    tw_histogram *slow = new_histogram();
    const int64_t values[] = {-7, 0, 1, 99, 100, 101, 199, 200, 201, 300, 65536, 1234567};
    const int64_t intervals[] = {1, 2, 3, 100, 1000, 65536, 1000000};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        for (size_t j = 0; j < sizeof(intervals) / sizeof(intervals[0]); j++) {
            tw_histogram_record_intended(fast, values[i], intervals[j]);
            record_intended_slowly(slow, values[i], intervals[j]);
            assert_same(fast, slow);
        }
    }
    free_histogram(fast);
    free_histogram(slow);
}

static void test_the_cost_of_a_missed_rate_is_bounded(void **state) {
    (void)state;
    tw_histogram *histogram = new_histogram();
    /* A loop would turn some 10^18 times. */
    tw_histogram_record_intended(histogram, INT64_MAX, 1);
    assert_true(tw_histogram_count(histogram) == (uint64_t)INT64_MAX);
    assert_true(tw_histogram_sum(histogram) == INT64_MAX);
    assert_int_equal(tw_histogram_min(histogram), 1);
    assert_int_equal(tw_histogram_count_at_most(histogram, 1024), 1024);
    tw_histogram_check(histogram);
    free_histogram(histogram);
}

static void test_merging_is_recording_in_one(void **state) {
    (void)state;
    tw_histogram *all = new_histogram();
    tw_histogram *parts[2] = {new_histogram(), new_histogram()};
    for (int64_t i = 0; i < 10000; i++) {
        int64_t value = i * i * 7 % 1000003;
        tw_histogram_record(all, value);
        tw_histogram_record(parts[i % 2], value);
    }
    tw_histogram *merged = new_histogram();
    tw_histogram_merge(merged, parts[0]);
    assert_same(merged, parts[0]);
    tw_histogram_merge(merged, parts[1]);
    assert_same(merged, all);
    tw_histogram_reset(parts[0]);
    tw_histogram_merge(merged, parts[0]);
    assert_same(merged, all);
    free_histogram(all);
    free_histogram(merged);
    free_histogram(parts[0]);
    free_histogram(parts[1]);
}

static void test_subtracting_a_copy_leaves_what_came_after(void **state) {
    (void)state;
    tw_histogram *running = new_histogram();
    tw_histogram *earlier = new_histogram();
    tw_histogram *after = new_histogram();
    tw_histogram_record(running, 5);
    tw_histogram_record_n(running, 1000000, 3);
    tw_histogram_merge(earlier, running);
    for (int64_t value = 1000; value < 50000; value += 17) {
        tw_histogram_record(running, value);
        tw_histogram_record(after, value);
    }
    tw_histogram_subtract(running, earlier);
    tw_histogram_check(running);
    assert_memory_equal(running->buckets, after->buckets, sizeof(after->buckets));
    assert_int_equal(tw_histogram_count(running), tw_histogram_count(after));
    assert_int_equal(tw_histogram_sum(running), tw_histogram_sum(after));
    int64_t min = tw_histogram_min(running);
    int64_t max = tw_histogram_max(running);
    assert_in_range(min, 1000 - 1000 / 127, 1000);
    assert_in_range(max, tw_histogram_max(after), tw_histogram_max(after) * 129 / 128);
    tw_histogram_merge(earlier, running);
    tw_histogram_subtract(earlier, running);
    tw_histogram_subtract(running, after);
    tw_histogram_check(running);
    assert_int_equal(tw_histogram_count(running), 0);
    assert_int_equal(tw_histogram_count(earlier), 4);
    free_histogram(running);
    free_histogram(earlier);
    free_histogram(after);
}

static void test_a_quantile_is_the_nearest_rank(void **state) {
    (void)state;
    tw_histogram *histogram = new_histogram();
    for (int64_t value = 1; value <= 100; value++)
        tw_histogram_record(histogram, value);
    /* 0.07 * 100 is 7.000000000000001 and 0.29 * 100 is 28.999999999999996. */
    for (int64_t percent = 1; percent <= 100; percent++)
        assert_int_equal(tw_histogram_quantile(histogram, (double)percent / 100.0), percent);
    assert_int_equal(tw_histogram_quantile(histogram, 0.0), 1);
    assert_int_equal(tw_histogram_quantile(histogram, 0.001), 1);
    assert_int_equal(tw_histogram_quantile(histogram, 0.0701), 8);
    const double quantiles[] = {0.0, 0.5, 0.5, 0.99, 1.0};
    int64_t values[5];
    tw_histogram_quantiles(histogram, quantiles, 5, values);
    const int64_t wanted[] = {1, 50, 50, 99, 100};
    assert_memory_equal(values, wanted, sizeof(wanted));
    free_histogram(histogram);
}

#define WRITES 2000000

struct shared {
    tw_histogram *histogram;
    atomic_bool done;
};

static void *write_thousands(void *argument) {
    struct shared *shared = argument;
    for (int i = 0; i < WRITES; i++)
        tw_histogram_record(shared->histogram, 1000);
    atomic_store(&shared->done, true);
    return NULL;
}

static void test_a_reader_beside_the_writer_never_sees_less_than_it_counts(void **state) {
    (void)state;
    struct shared shared = {.histogram = new_histogram()};
    tw_histogram *copy = new_histogram();
    pthread_t writer;
    assert_int_equal(pthread_create(&writer, NULL, write_thousands, &shared), 0);
    uint64_t previous = 0;
    bool done = false;
    /* Two loads right behind one another: here a wrong order of the stores shows. */
    for (uint64_t count = 0; count < WRITES / 2;) {
        count = tw_histogram_count(shared.histogram);
        assert_true(tw_histogram_sum(shared.histogram) >= (int64_t)count * 1000);
        count = tw_histogram_count(shared.histogram);
        assert_true(tw_histogram_count_at_most(shared.histogram, 1000) >= count);
    }
    while (!done) {
        done = atomic_load(&shared.done);
        tw_histogram_reset(copy);
        tw_histogram_merge(copy, shared.histogram);
        uint64_t count = tw_histogram_count(copy);
        tw_histogram_check(copy);
        assert_true(count >= previous);
        assert_true(tw_histogram_sum(copy) >= (int64_t)count * 1000);
        int64_t median = tw_histogram_quantile(shared.histogram, 0.5);
        assert_true(median == 0 || median == 1000);
        previous = count;
    }
    assert_int_equal(pthread_join(writer, NULL), 0);
    assert_int_equal(previous, WRITES);
    free_histogram(shared.histogram);
    free_histogram(copy);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_storage_becomes_an_empty_histogram),
        cmocka_unit_test(test_buckets_meet_and_are_narrow),
        cmocka_unit_test(test_every_power_of_two_ends_a_bucket),
        cmocka_unit_test(test_values_up_to_256_are_exact),
        cmocka_unit_test(test_zero_and_negative_spans_count_as_zero),
        cmocka_unit_test(test_values_beyond_an_hour_overflow_and_max_stays_exact),
        cmocka_unit_test(test_the_sum_stays_at_its_limit),
        cmocka_unit_test(test_record_n_is_record_n_times),
        cmocka_unit_test(test_the_intended_rate_brings_back_what_was_missed),
        cmocka_unit_test(test_the_cost_of_a_missed_rate_is_bounded),
        cmocka_unit_test(test_merging_is_recording_in_one),
        cmocka_unit_test(test_subtracting_a_copy_leaves_what_came_after),
        cmocka_unit_test(test_a_quantile_is_the_nearest_rank),
        cmocka_unit_test(test_a_reader_beside_the_writer_never_sees_less_than_it_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
