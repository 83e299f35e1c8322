/* test_metrics.c - the rules of tradewind/metrics.h, one test a rule. */
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "failing_heap.h"
#include "tradewind/metrics.h"

static tw_metrics *small_metrics(void) {
    tw_metrics_config config = {
        .family_max = 8, .series_max = 32, .histogram_max = 4, .shard_max = 2};
    tw_metrics *metrics = NULL;
    assert_int_equal(tw_metrics_new(NULL, &config, &metrics), TW_OK);
    return metrics;
}

static tw_metrics_family define(tw_metrics *metrics, const tw_metrics_definition *definition) {
    tw_metrics_family family = {UINT32_MAX};
    tw_error error = {0};
    tw_status status = tw_metrics_define(metrics, definition, &family, &error);
    if (status != TW_OK)
        fail_msg("%s: %s", definition->name, error.message);
    return family;
}

static tw_metrics_counter counter_of(tw_metrics *metrics, tw_metrics_family family,
                                     const char *value) {
    tw_metrics_counter counter = {UINT32_MAX};
    tw_slice slice = tw_slice_of(value);
    assert_int_equal(tw_metrics_counter_of(metrics, family, &slice, &counter), TW_OK);
    return counter;
}

static tw_metrics_shard *shard_of(tw_metrics *metrics) {
    tw_metrics_shard *shard = NULL;
    assert_int_equal(tw_metrics_shard_acquire(metrics, &shard), TW_OK);
    return shard;
}

/* The whole exposition is `wanted`, and so it was promised to fit. */
static void assert_exposed(const tw_metrics *metrics, const char *wanted) {
    static char buffer[65536];
    size_t promised = tw_metrics_expose_size(metrics);
    assert_true(promised <= sizeof(buffer));
    tw_text text = tw_text_over(buffer, promised);
    assert_int_equal(tw_metrics_expose(metrics, &text), TW_OK);
    assert_string_equal(buffer, wanted);
}

static void test_maxima_outside_the_limits_are_refused(void **state) {
    (void)state;
    const tw_metrics_config bad[] = {
        {0, 1, 1, 1, 0},
        {1, 0, 1, 1, 0},
        {1, 1, 1, 0, 0},
        {TW_METRICS_FAMILY_MAX + 1, 1, 1, 1, 0},
        {1, TW_METRICS_SERIES_MAX + 1, 1, 1, 0},
        {1, 1, TW_METRICS_SERIES_MAX + 1, 1, 0},
        {1, 1, 1, TW_METRICS_SHARD_MAX + 1, 0},
        {1, 1, 1, 1, -1},
    };
    tw_metrics *metrics = NULL;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(tw_metrics_new(NULL, &bad[i], &metrics), TW_RANGE);
    assert_null(metrics);
}

static void test_malformed_definitions_are_refused_with_a_sentence(void **state) {
    (void)state;
    static char long_name[TW_METRICS_NAME_SIZE + 1];
    static char long_help[TW_METRICS_HELP_SIZE + 1];
    memset(long_name, 'a', TW_METRICS_NAME_SIZE);
    memset(long_help, 'a', TW_METRICS_HELP_SIZE);
    const tw_metrics_definition bad[] = {
        {.name = ""},
        {.name = NULL},
        {.name = "1st"},
        {.name = "_hidden"},
        {.name = "with space"},
        {.name = "rule:sum"},
        {.name = "caf\xc3\xa9"},
        {.name = "orders_total"},
        {.name = "orders_created"},
        {.name = "orders_bucket", .kind = TW_METRICS_GAUGE},
        {.name = "build_info"},
        {.name = long_name},
        {.name = "wait", .unit = "seconds"},
        {.name = "seconds", .unit = "seconds"},
        {.name = "_seconds", .unit = "seconds"},
        {.name = "waitseconds", .unit = "seconds"},
        {.name = "wait_sec ", .unit = "sec "},
        {.name = "x", .help = "\xff"},
        {.name = "x", .help = "\xc0\x80"},
        {.name = "x", .help = "\xed\xa0\x80"},
        {.name = "x", .help = "\xf4\x90\x80\x80"},
        {.name = "x", .help = "cut \xe2\x82"},
        {.name = "x", .help = long_help},
        {.name = "x", .kind = 3},
        {.name = "x", .merge = 3},
        {.name = "x", .label_count = 5, .series_max = 1},
        {.name = "x", .label_count = 1, .labels = {"a"}},
        {.name = "x", .label_count = 1, .labels = {NULL}, .series_max = 1},
        {.name = "x", .label_count = 1, .labels = {"a-b"}, .series_max = 1},
        {.name = "x", .label_count = 1, .labels = {"__name__"}, .series_max = 1},
        {.name = "x", .label_count = 2, .labels = {"a", "a"}, .series_max = 1},
        {.name = "x",
         .label_count = 1,
         .labels = {"le"},
         .series_max = 1,
         .kind = TW_METRICS_HISTOGRAM},
        {.name = "x", .kind = TW_METRICS_HISTOGRAM, .bucket_first = 3, .bucket_last = 9},
        {.name = "x", .kind = TW_METRICS_HISTOGRAM, .bucket_last = 42, .bucket_step = 1},
        {.name = "x",
         .kind = TW_METRICS_HISTOGRAM,
         .bucket_first = 9,
         .bucket_last = 8,
         .bucket_step = 1},
    };
    TW_AUTO(tw_metrics) *metrics = small_metrics();
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        tw_metrics_family family = {77};
        tw_error error = {0};
        assert_int_equal(tw_metrics_define(metrics, &bad[i], &family, &error), TW_INVALID);
        assert_int_equal(family.index, 77);
        assert_true(error.message[0] != '\0' && error.status == TW_INVALID);
    }
    assert_exposed(metrics, "# EOF\n");
}

static void test_names_that_would_clash_when_written_are_refused(void **state) {
    (void)state;
    TW_AUTO(tw_metrics) *metrics = small_metrics();
    define(metrics, &(tw_metrics_definition){.name = "wait", .kind = TW_METRICS_HISTOGRAM});
    define(metrics, &(tw_metrics_definition){.name = "pool_count", .kind = TW_METRICS_GAUGE});
    define(metrics, &(tw_metrics_definition){.name = "jobs"});
    const tw_metrics_definition bad[] = {
        {.name = "wait"},
        {.name = "wait_count", .kind = TW_METRICS_GAUGE},
        {.name = "wait_sum"},
        {.name = "pool", .kind = TW_METRICS_HISTOGRAM},
        {.name = "jobs", .kind = TW_METRICS_HISTOGRAM},
        {.name = "tradewind_metrics_overflow"},
    };
    tw_metrics_family family;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(tw_metrics_define(metrics, &bad[i], &family, NULL), TW_EXISTS);
    define(metrics, &(tw_metrics_definition){.name = "pool"});
}

static void test_definitions_beyond_the_maxima_are_refused(void **state) {
    (void)state;
    TW_AUTO(tw_metrics) *metrics = small_metrics();
    tw_metrics_family family;
    tw_metrics_definition many = {
        .name = "many", .labels = {"a"}, .label_count = 1, .series_max = 32};
    assert_int_equal(tw_metrics_define(metrics, &many, &family, NULL), TW_FULL);
    many.series_max = UINT32_MAX;
    assert_int_equal(tw_metrics_define(metrics, &many, &family, NULL), TW_FULL);
    many.series_max = 31;
    assert_int_equal(tw_metrics_define(metrics, &many, &family, NULL), TW_OK);
    tw_metrics_definition one = {.name = "one"};
    assert_int_equal(tw_metrics_define(metrics, &one, &family, NULL), TW_FULL);
    char name[] = "h0";
    for (; name[1] < '4'; name[1]++)
        define(metrics, &(tw_metrics_definition){.name = name, .kind = TW_METRICS_HISTOGRAM});
    tw_metrics_definition fifth = {.name = name, .kind = TW_METRICS_HISTOGRAM};
    assert_int_equal(tw_metrics_define(metrics, &fifth, &family, NULL), TW_FULL);
}

static void test_all_families_may_be_taken(void **state) {
    (void)state;
    TW_AUTO(tw_metrics) *metrics = small_metrics();
    char name[] = "g0";
    for (; name[1] < '8'; name[1]++)
        define(metrics, &(tw_metrics_definition){.name = name, .kind = TW_METRICS_GAUGE});
    tw_metrics_family family;
    tw_metrics_definition ninth = {.name = name, .kind = TW_METRICS_GAUGE};
    assert_int_equal(tw_metrics_define(metrics, &ninth, &family, NULL), TW_FULL);
}

static void test_label_values_that_are_no_text_are_refused(void **state) {
    (void)state;
    TW_AUTO(tw_metrics) *metrics = small_metrics();
    tw_metrics_definition definition = {
        .name = "x", .labels = {"a"}, .label_count = 1, .series_max = 3};
    tw_metrics_family family = define(metrics, &definition);
    char longest[TW_METRICS_LABEL_VALUE_SIZE];
    memset(longest, 'v', sizeof(longest));
    const tw_slice bad[] = {
        {longest, sizeof(longest)}, {"a\0b", 3}, {"\x80", 1}, {"\xf0\x9f\x92", 3}};
    tw_metrics_counter counter = {55};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(tw_metrics_counter_of(metrics, family, &bad[i], &counter), TW_INVALID);
    assert_int_equal(counter.cell, 55);
    const tw_slice good[] = {
        {longest, sizeof(longest) - 1}, {NULL, 0}, {"\xf0\x9f\x92\xb0 \xe2\x82\xac", 8}};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_int_equal(tw_metrics_counter_of(metrics, family, &good[i], &counter), TW_OK);
    assert_int_equal(tw_metrics_overflow_count(metrics, family), 0);
}

static void test_the_same_labels_are_the_same_series(void **state) {
    (void)state;
    TW_AUTO(tw_metrics) *metrics = small_metrics();
    tw_metrics_definition definition = {
        .name = "x", .labels = {"a", "b"}, .label_count = 2, .series_max = 4};
    tw_metrics_family family = define(metrics, &definition);
    const tw_slice sets[][2] = {{{"p", 1}, {"q", 1}}, {{"q", 1}, {"p", 1}}, {{"pq", 2}, {"", 0}}};
    tw_metrics_counter first[3];
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(tw_metrics_counter_of(metrics, family, sets[i], &first[i]), TW_OK);
    assert_true(first[0].cell != first[1].cell && first[1].cell != first[2].cell);
    for (size_t i = 0; i < 3; i++) {
        tw_metrics_counter again;
        assert_int_equal(tw_metrics_counter_of(metrics, family, sets[i], &again), TW_OK);
        assert_int_equal(again.cell, first[i].cell);
    }
}

static void test_label_sets_beyond_the_limit_go_to_other_and_are_counted(void **state) {
    (void)state;
    TW_AUTO(tw_metrics) *metrics = small_metrics();
    tw_metrics_definition definition = {
        .name = "orders", .labels = {"symbol"}, .label_count = 1, .series_max = 2};
    tw_metrics_family family = define(metrics, &definition);
    tw_metrics_shard *shard = shard_of(metrics);
    const char *const symbols[] = {"A", "B", "C", "D", "C", "A"};
    for (size_t i = 0; i < 6; i++)
        tw_metrics_counter_add(shard, counter_of(metrics, family, symbols[i]), 1);
    assert_int_equal(tw_metrics_overflow_count(metrics, family), 3);
    assert_exposed(metrics, "# TYPE orders counter\n"
                            "orders_total{symbol=\"A\"} 2\n"
                            "orders_total{symbol=\"B\"} 1\n"
                            "orders_total{symbol=\"other\"} 3\n"
                            "# TYPE tradewind_metrics_overflow counter\n"
                            "# HELP tradewind_metrics_overflow Requests for a label set beyond "
                            "the limit of its family\n"
                            "tradewind_metrics_overflow_total{family=\"orders\"} 3\n"
                            "# EOF\n");
    tw_metrics_counter other = counter_of(metrics, family, "other");
    assert_int_equal(tw_metrics_counter_value(metrics, other), 3);
    assert_int_equal(tw_metrics_overflow_count(metrics, family), 3);
}

static void test_shards_are_leased_and_keep_what_they_counted(void **state) {
    (void)state;
    TW_AUTO(tw_metrics) *metrics = small_metrics();
    tw_metrics_counter counter;
    tw_metrics_family family = define(metrics, &(tw_metrics_definition){.name = "x"});
    assert_int_equal(tw_metrics_counter_of(metrics, family, NULL, &counter), TW_OK);
    tw_metrics_shard *one = shard_of(metrics);
    tw_metrics_shard *two = shard_of(metrics);
    tw_metrics_shard *three = NULL;
    assert_int_equal(tw_metrics_shard_acquire(metrics, &three), TW_FULL);
    assert_null(three);
    tw_metrics_counter_add(one, counter, 5);
    tw_metrics_counter_add(two, counter, 6);
    tw_metrics_shard_release(one);
    assert_int_equal(tw_metrics_counter_value(metrics, counter), 11);
    three = shard_of(metrics);
    assert_ptr_equal(three, one);
    tw_metrics_counter_add(three, counter, 1);
    assert_int_equal(tw_metrics_counter_value(metrics, counter), 12);
    tw_metrics_shard_release(NULL);
}

static void test_gauges_merge_by_their_rule(void **state) {
    (void)state;
    const struct {
        uint8_t merge;
        double wanted;
    } rules[] = {
        {TW_METRICS_MERGE_SUM, 1.5}, {TW_METRICS_MERGE_MAX, 4.0}, {TW_METRICS_MERGE_MIN, -2.5}};
    for (size_t i = 0; i < 3; i++) {
        TW_AUTO(tw_metrics) *metrics = small_metrics();
        tw_metrics_definition definition = {
            .name = "x", .kind = TW_METRICS_GAUGE, .merge = rules[i].merge};
        define(metrics, &(tw_metrics_definition){.name = "before"});
        tw_metrics_family family = define(metrics, &definition);
        tw_metrics_gauge gauge;
        assert_int_equal(tw_metrics_gauge_of(metrics, family, NULL, &gauge), TW_OK);
        tw_metrics_shard *one = shard_of(metrics);
        tw_metrics_shard *two = shard_of(metrics);
        assert_true(isnan(tw_metrics_gauge_value(metrics, gauge)));
        tw_metrics_gauge_set(one, gauge, -2.5);
        assert_true(tw_metrics_gauge_value(metrics, gauge) == -2.5);
        tw_metrics_gauge_add(two, gauge, 3.0);
        tw_metrics_gauge_add(two, gauge, 1.0);
        assert_true(tw_metrics_gauge_value(metrics, gauge) == rules[i].wanted);
        tw_metrics_gauge_set(one, gauge, (double)NAN);
        assert_true(tw_metrics_gauge_value(metrics, gauge) == 4.0);
    }
}

static void test_a_null_shard_records_nothing(void **state) {
    (void)state;
    tw_metrics_counter_add(NULL, (tw_metrics_counter){0}, 1);
    tw_metrics_gauge_set(NULL, (tw_metrics_gauge){0}, 1.0);
    tw_metrics_gauge_add(NULL, (tw_metrics_gauge){0}, 1.0);
    tw_metrics_histogram_record(NULL, (tw_metrics_histogram){0}, 1);
    tw_metrics_counter_set(NULL, (tw_metrics_counter){0}, 1);
    tw_metrics_histogram_record_intended(NULL, (tw_metrics_histogram){0}, 5, 1);
    assert_null(tw_metrics_histogram_in(NULL, (tw_metrics_histogram){0}));
    tw_metrics_timer timer = tw_metrics_timer_start(NULL, (tw_metrics_histogram){0}, NULL);
    tw_metrics_timer_stop(&timer);
}

static void test_a_total_that_is_set_never_falls(void **state) {
    (void)state;
    TW_AUTO(tw_metrics) *metrics = small_metrics();
    tw_metrics_counter counter;
    tw_metrics_family family = define(metrics, &(tw_metrics_definition){.name = "x"});
    assert_int_equal(tw_metrics_counter_of(metrics, family, NULL, &counter), TW_OK);
    tw_metrics_shard *one = shard_of(metrics);
    tw_metrics_counter_set(one, counter, 7);
    tw_metrics_counter_set(one, counter, 5);
    assert_int_equal(tw_metrics_counter_value(metrics, counter), 7);
    tw_metrics_counter_set(one, counter, 9);
    tw_metrics_counter_add(shard_of(metrics), counter, 100);
    assert_int_equal(tw_metrics_counter_value(metrics, counter), 109);
}

static tw_metrics_histogram histogram_of(tw_metrics *metrics, const char *name) {
    tw_metrics_histogram histogram = {UINT32_MAX};
    tw_metrics_family family =
        define(metrics, &(tw_metrics_definition){.name = name, .kind = TW_METRICS_HISTOGRAM});
    assert_int_equal(tw_metrics_histogram_of(metrics, family, NULL, &histogram), TW_OK);
    return histogram;
}

/* A loop that means to ask every 10 and once waits for 45 has kept three more waiting. */
static void test_what_a_stalled_loop_missed_is_recorded_too(void **state) {
    (void)state;
    TW_AUTO(tw_metrics) *metrics = small_metrics();
    tw_metrics_histogram wait = histogram_of(metrics, "wait");
    tw_metrics_shard *shard = shard_of(metrics);
    tw_metrics_histogram_record_intended(shard, wait, 9, 10);
    tw_metrics_histogram_record_intended(shard, wait, 45, 10);
    const tw_histogram *histogram = tw_metrics_histogram_in(shard, wait);
    assert_int_equal(tw_histogram_count(histogram), 5);
    assert_int_equal(tw_histogram_sum(histogram), 9 + 45 + 35 + 25 + 15);
}

static void test_laps_follow_one_another(void **state) {
    (void)state;
    TW_AUTO(tw_metrics) *metrics = small_metrics();
    tw_metrics_histogram decode = histogram_of(metrics, "decode");
    tw_metrics_histogram decide = histogram_of(metrics, "decide");
    tw_metrics_shard *shard = shard_of(metrics);
    int64_t since = 1000;
    tw_metrics_lap(shard, decode, &since, 1030);
    tw_metrics_lap(shard, decide, &since, 1100);
    assert_int_equal(tw_histogram_sum(tw_metrics_histogram_in(shard, decode)), 30);
    assert_int_equal(tw_histogram_sum(tw_metrics_histogram_in(shard, decide)), 70);
    assert_int_equal(since, 1100);
}

static int64_t clock_reads = 0;

static int64_t stepping_clock(void) {
    return 100 * ++clock_reads;
}

static int leave_early(tw_metrics_shard *shard, tw_metrics_histogram wait, bool early) {
    TW_METRICS_TIMED timer = tw_metrics_timer_start(shard, wait, stepping_clock);
    if (early)
        return 1;
    tw_metrics_timer_stop(&timer);
    return 0;
}

static void test_a_timed_scope_is_recorded_once_however_it_is_left(void **state) {
    (void)state;
    TW_AUTO(tw_metrics) *metrics = small_metrics();
    tw_metrics_histogram wait = histogram_of(metrics, "wait");
    tw_metrics_shard *shard = shard_of(metrics);
    assert_int_equal(leave_early(shard, wait, true) + leave_early(shard, wait, false), 1);
    const tw_histogram *histogram = tw_metrics_histogram_in(shard, wait);
    assert_int_equal(tw_histogram_count(histogram), 2);
    assert_int_equal(tw_histogram_sum(histogram), 200);
}

static void test_an_attached_histogram_is_part_of_its_series(void **state) {
    (void)state;
    static tw_histogram own;
    TW_AUTO(tw_metrics) *metrics = small_metrics();
    histogram_of(metrics, "before");
    tw_metrics_histogram wait = histogram_of(metrics, "wait");
    tw_histogram_init(&own);
    tw_metrics_attach(metrics, wait, &own);
    tw_histogram_record(&own, 5);
    tw_metrics_histogram_record(shard_of(metrics), wait, 6);
    tw_histogram merged;
    tw_histogram_init(&merged);
    tw_metrics_histogram_merge(metrics, wait, &merged);
    assert_int_equal(tw_histogram_count(&merged), 2);
    assert_int_equal(tw_histogram_sum(&merged), 11);
    tw_metrics_attach(metrics, wait, NULL);
    tw_histogram_init(&merged);
    tw_metrics_histogram_merge(metrics, wait, &merged);
    assert_int_equal(tw_histogram_sum(&merged), 6);
}

static void test_counters_and_gauges_are_written_as_open_metrics(void **state) {
    (void)state;
    tw_metrics_config config = {.family_max = 8,
                                .series_max = 32,
                                .shard_max = 1,
                                .created_time_ns = INT64_C(1520430000123000000)};
    TW_AUTO(tw_metrics) *metrics = NULL;
    assert_int_equal(tw_metrics_new(NULL, &config, &metrics), TW_OK);
    tw_metrics_shard *shard = shard_of(metrics);
    tw_metrics_counter counter;
    tw_metrics_gauge gauge;
    tw_metrics_family busy = define(
        metrics,
        &(tw_metrics_definition){.name = "busy_seconds",
                                 .unit = "seconds",
                                 .help = "A \"quoted\" \\ text\nof two lines, \xe2\x82\xac"});
    assert_int_equal(tw_metrics_counter_of(metrics, busy, NULL, &counter), TW_OK);
    tw_metrics_counter_add(shard, counter, 12000000340);
    tw_metrics_family ratio = define(metrics, &(tw_metrics_definition){.name = "hit_ratio",
                                                                       .unit = "ratio",
                                                                       .kind = TW_METRICS_GAUGE,
                                                                       .labels = {"cache", "level"},
                                                                       .label_count = 2,
                                                                       .series_max = 4});
    const double values[] = {0.25, INFINITY, -INFINITY};
    const tw_slice labels[][2] = {
        {{"a\\b\"c\nd", 7}, {"", 0}}, {{"p", 1}, {"1", 1}}, {{"m", 1}, {"2", 1}}};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(tw_metrics_gauge_of(metrics, ratio, labels[i], &gauge), TW_OK);
        tw_metrics_gauge_set(shard, gauge, values[i]);
    }
    const tw_slice unset[] = {{"u", 1}, {"3", 1}};
    assert_int_equal(tw_metrics_gauge_of(metrics, ratio, unset, &gauge), TW_OK);
    assert_exposed(metrics,
                   "# TYPE busy_seconds counter\n"
                   "# UNIT busy_seconds seconds\n"
                   "# HELP busy_seconds A \\\"quoted\\\" \\\\ text\\nof two lines, \xe2\x82\xac\n"
                   "busy_seconds_total 12.00000034\n"
                   "busy_seconds_created 1520430000.123\n"
                   "# TYPE hit_ratio gauge\n"
                   "# UNIT hit_ratio ratio\n"
                   "hit_ratio{cache=\"a\\\\b\\\"c\\nd\",level=\"\"} 0.25\n"
                   "hit_ratio{cache=\"p\",level=\"1\"} +Inf\n"
                   "hit_ratio{cache=\"m\",level=\"2\"} -Inf\n"
                   "# TYPE tradewind_metrics_overflow counter\n"
                   "# HELP tradewind_metrics_overflow Requests for a label set beyond the limit "
                   "of its family\n"
                   "tradewind_metrics_overflow_total{family=\"hit_ratio\"} 0\n"
                   "tradewind_metrics_overflow_created{family=\"hit_ratio\"} 1520430000.123\n"
                   "# EOF\n");
}

static void test_histograms_are_written_with_exact_buckets(void **state) {
    (void)state;
    TW_AUTO(tw_metrics) *metrics = small_metrics();
    tw_metrics_family wait = define(metrics, &(tw_metrics_definition){.name = "wait_seconds",
                                                                      .unit = "seconds",
                                                                      .kind = TW_METRICS_HISTOGRAM,
                                                                      .bucket_first = 7,
                                                                      .bucket_last = 40,
                                                                      .bucket_step = 10,
                                                                      .labels = {"host"},
                                                                      .label_count = 1,
                                                                      .series_max = 2});
    tw_metrics_family size = define(metrics, &(tw_metrics_definition){.name = "frame_bytes",
                                                                      .unit = "bytes",
                                                                      .kind = TW_METRICS_HISTOGRAM,
                                                                      .bucket_first = 0,
                                                                      .bucket_last = 20,
                                                                      .bucket_step = 10});
    tw_metrics_shard *shards[2] = {shard_of(metrics), shard_of(metrics)};
    tw_metrics_histogram histogram;
    tw_slice host = {"h", 1};
    assert_int_equal(tw_metrics_histogram_of(metrics, wait, &host, &histogram), TW_OK);
    const int64_t spans[] = {128, 129, 131072, 131073, 134217728, 137438953472, 137438953473};
    for (size_t i = 0; i < 7; i++)
        tw_metrics_histogram_record(shards[i % 2], histogram, spans[i]);
    assert_int_equal(tw_metrics_histogram_of(metrics, size, NULL, &histogram), TW_OK);
    tw_histogram_record_n(tw_metrics_histogram_in(shards[0], histogram), 1024, 3);
    assert_exposed(metrics,
                   "# TYPE wait_seconds histogram\n"
                   "# UNIT wait_seconds seconds\n"
                   "wait_seconds_bucket{host=\"h\",le=\"1.28e-07\"} 1\n"
                   "wait_seconds_bucket{host=\"h\",le=\"0.000131072\"} 3\n"
                   "wait_seconds_bucket{host=\"h\",le=\"0.134217728\"} 5\n"
                   "wait_seconds_bucket{host=\"h\",le=\"137.438953472\"} 6\n"
                   "wait_seconds_bucket{host=\"h\",le=\"+Inf\"} 7\n"
                   "wait_seconds_count{host=\"h\"} 7\n"
                   "wait_seconds_sum{host=\"h\"} 275.012387075\n"
                   "# TYPE frame_bytes histogram\n"
                   "# UNIT frame_bytes bytes\n"
                   "frame_bytes_bucket{le=\"1.0\"} 0\n"
                   "frame_bytes_bucket{le=\"1024.0\"} 3\n"
                   "frame_bytes_bucket{le=\"1.048576e+06\"} 3\n"
                   "frame_bytes_bucket{le=\"+Inf\"} 3\n"
                   "frame_bytes_count 3\n"
                   "frame_bytes_sum 3072\n"
                   "# TYPE tradewind_metrics_overflow counter\n"
                   "# HELP tradewind_metrics_overflow Requests for a label set beyond the limit "
                   "of its family\n"
                   "tradewind_metrics_overflow_total{family=\"wait_seconds\"} 0\n"
                   "# EOF\n");
}

/* Bounds are written as Go's %g writes them, of which a C library's %.17g reads back the same. */
static void test_the_default_buckets_read_back_as_powers_of_two(void **state) {
    (void)state;
    TW_AUTO(tw_metrics) *metrics = small_metrics();
    define(metrics, &(tw_metrics_definition){
                        .name = "t_seconds", .unit = "seconds", .kind = TW_METRICS_HISTOGRAM});
    static char buffer[16384];
    tw_text text = tw_text_over(buffer, sizeof(buffer));
    assert_int_equal(tw_metrics_expose(metrics, &text), TW_OK);
    const char *at = buffer;
    for (int power = 7; power <= 36; power++) {
        at = strstr(at, "le=\"");
        assert_non_null(at);
        at += 4;
        assert_true(strtod(at, NULL) == ldexp(1.0, power) / 1e9);
    }
    at = strstr(at, "le=\"");
    assert_non_null(at);
    assert_memory_equal(at, "le=\"+Inf\"} 0\n", 13);
}

static void test_a_text_that_is_too_small_is_left_as_it_was(void **state) {
    (void)state;
    TW_AUTO(tw_metrics) *metrics = small_metrics();
    define(metrics, &(tw_metrics_definition){.name = "x"});
    define(metrics, &(tw_metrics_definition){.name = "y_seconds", .kind = TW_METRICS_HISTOGRAM});
    static char whole[16384];
    tw_text text = tw_text_over(whole, sizeof(whole));
    assert_int_equal(tw_metrics_expose(metrics, &text), TW_OK);
    size_t needed = text.size;
    static char buffer[16384];
    for (size_t capacity = 5; capacity < needed + 5; capacity++) {
        text = tw_text_over(buffer, capacity);
        tw_text_append_string(&text, "head");
        assert_int_equal(tw_metrics_expose(metrics, &text), TW_FULL);
        assert_true(text.truncated);
        assert_int_equal(text.size, 4);
        assert_string_equal(buffer, "head");
    }
    text = tw_text_over(buffer, needed + 5);
    tw_text_append_string(&text, "head");
    assert_int_equal(tw_metrics_expose(metrics, &text), TW_OK);
    assert_memory_equal(buffer + 4, whole, needed + 1);
}

static bool stop_at_second(void *context, const tw_metrics_sample *sample) {
    size_t *seen = context;
    assert_string_equal(sample->help, "");
    assert_int_equal(sample->family.index, *seen);
    return ++*seen < 2;
}

static void test_a_visitor_may_stop(void **state) {
    (void)state;
    TW_AUTO(tw_metrics) *metrics = small_metrics();
    define(metrics, &(tw_metrics_definition){.name = "x"});
    define(metrics, &(tw_metrics_definition){.name = "y"});
    define(metrics, &(tw_metrics_definition){.name = "z"});
    size_t seen = 0;
    tw_metrics_each(metrics, stop_at_second, &seen);
    assert_int_equal(seen, 2);
}

#define ROUNDS 20000

struct worker {
    tw_metrics *metrics;
    tw_metrics_family orders;
    tw_metrics_family waits;
    uint64_t failures;
};

/* Resolves the labels anew each time, which the program should not do, to meet the lock. */
static void *record_beside_another(void *argument) {
    struct worker *worker = argument;
    tw_metrics_shard *shard = NULL;
    worker->failures += tw_metrics_shard_acquire(worker->metrics, &shard) != TW_OK;
    for (unsigned i = 0; i < ROUNDS; i++) {
        char symbol[16];
        snprintf(symbol, sizeof(symbol), "S%u", i % 10);
        tw_slice value = tw_slice_of(symbol);
        tw_metrics_counter counter;
        tw_metrics_histogram histogram;
        worker->failures +=
            tw_metrics_counter_of(worker->metrics, worker->orders, &value, &counter) != TW_OK;
        worker->failures +=
            tw_metrics_histogram_of(worker->metrics, worker->waits, NULL, &histogram) != TW_OK;
        tw_metrics_counter_add(shard, counter, i);
        tw_metrics_histogram_record(shard, histogram, i);
    }
    tw_metrics_shard_release(shard);
    return NULL;
}

static void test_threads_record_and_resolve_beside_a_reader(void **state) {
    (void)state;
    TW_AUTO(tw_metrics) *metrics = small_metrics();
    tw_metrics_family orders = define(
        metrics, &(tw_metrics_definition){
                     .name = "orders", .labels = {"symbol"}, .label_count = 1, .series_max = 10});
    tw_metrics_family waits =
        define(metrics, &(tw_metrics_definition){.name = "waits", .kind = TW_METRICS_HISTOGRAM});
    struct worker workers[2] = {{metrics, orders, waits, 0}, {metrics, orders, waits, 0}};
    pthread_t threads[2];
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, record_beside_another, &workers[i]), 0);
    static char buffer[65536];
    for (int i = 0; i < 20; i++) {
        tw_text text = tw_text_over(buffer, sizeof(buffer));
        assert_int_equal(tw_metrics_expose(metrics, &text), TW_OK);
    }
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(workers[i].failures, 0);
    }
    uint64_t total = 0;
    char symbol[] = "S0";
    for (; symbol[1] <= '9'; symbol[1]++)
        total += tw_metrics_counter_value(metrics, counter_of(metrics, orders, symbol));
    assert_int_equal(total, UINT64_C(2) * ROUNDS * (ROUNDS - 1) / 2);
    assert_int_equal(tw_metrics_overflow_count(metrics, orders), 0);
    tw_metrics_histogram histogram;
    assert_int_equal(tw_metrics_histogram_of(metrics, waits, NULL, &histogram), TW_OK);
    tw_histogram *merged = TW_NEW(NULL, 1, tw_histogram);
    tw_histogram_init(merged);
    tw_metrics_histogram_merge(metrics, histogram, merged);
    assert_int_equal(tw_histogram_count(merged), 2 * ROUNDS);
    assert_int_equal(tw_histogram_sum(merged), (int64_t)total);
    TW_DELETE(NULL, merged, 1, tw_histogram);
}

#define RACE_COUNT 1500

struct racer {
    tw_metrics *metrics;
    tw_metrics_family family;
    pthread_barrier_t *start;
    tw_metrics_counter counters[RACE_COUNT];
};

static void *resolve_many(void *argument) {
    struct racer *racer = argument;
    pthread_barrier_wait(racer->start);
    for (unsigned i = 0; i < RACE_COUNT; i++) {
        char symbol[16];
        snprintf(symbol, sizeof(symbol), "S%u", i);
        tw_slice value = tw_slice_of(symbol);
        if (tw_metrics_counter_of(racer->metrics, racer->family, &value, &racer->counters[i]))
            return racer;
    }
    return NULL;
}

static void test_threads_that_race_for_a_series_get_the_same(void **state) {
    (void)state;
    tw_metrics_config config = {.family_max = 1, .series_max = RACE_COUNT + 1, .shard_max = 1};
    tw_metrics_definition definition = {
        .name = "x", .labels = {"a"}, .label_count = 1, .series_max = RACE_COUNT};
    static struct racer racers[2];
    for (int round = 0; round < 10; round++) {
        TW_AUTO(tw_metrics) *metrics = NULL;
        assert_int_equal(tw_metrics_new(NULL, &config, &metrics), TW_OK);
        tw_metrics_family family = define(metrics, &definition);
        pthread_barrier_t start;
        pthread_t threads[2];
        assert_int_equal(pthread_barrier_init(&start, NULL, 2), 0);
        for (int i = 0; i < 2; i++) {
            racers[i] = (struct racer){.metrics = metrics, .family = family, .start = &start};
            assert_int_equal(pthread_create(&threads[i], NULL, resolve_many, &racers[i]), 0);
        }
        for (int i = 0; i < 2; i++) {
            void *failed = &start;
            assert_int_equal(pthread_join(threads[i], &failed), 0);
            assert_null(failed);
        }
        pthread_barrier_destroy(&start);
        assert_memory_equal(racers[0].counters, racers[1].counters, sizeof(racers[0].counters));
        assert_int_equal(tw_metrics_overflow_count(metrics, family), 0);
    }
}

static tw_status make_and_free(const tw_allocator *allocator, void *context) {
    (void)context;
    TW_AUTO(tw_metrics) *metrics = NULL;
    tw_metrics_config config = {
        .family_max = 2, .series_max = 3, .histogram_max = 2, .shard_max = 2};
    return tw_metrics_new(allocator, &config, &metrics);
}

static void test_leaves_nothing_when_memory_runs_out(void **state) {
    (void)state;
    assert_survives_failed_allocations(make_and_free, NULL);
    tw_metrics_free(NULL);
}

static void test_nothing_is_allocated_after_creation(void **state) {
    (void)state;
    failing_heap heap;
    failing_heap_init(&heap);
    tw_metrics_config config = {
        .family_max = 2, .series_max = 10, .histogram_max = 2, .shard_max = 2};
    TW_AUTO(tw_metrics) *metrics = NULL;
    assert_int_equal(tw_metrics_new(&heap.allocator, &config, &metrics), TW_OK);
    uint64_t attempts = heap.attempts;
    failing_heap_fail_at(&heap, 0, true);
    tw_metrics_family family = define(
        metrics,
        &(tw_metrics_definition){.name = "x", .labels = {"a"}, .label_count = 1, .series_max = 3});
    tw_metrics_shard *shard = shard_of(metrics);
    char value[] = "a";
    for (; value[0] <= 'f'; value[0]++)
        tw_metrics_counter_add(shard, counter_of(metrics, family, value), 1);
    char buffer[4096];
    tw_text text = tw_text_over(buffer, sizeof(buffer));
    assert_int_equal(tw_metrics_expose(metrics, &text), TW_OK);
    assert_int_equal(heap.attempts, attempts);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_maxima_outside_the_limits_are_refused),
        cmocka_unit_test(test_malformed_definitions_are_refused_with_a_sentence),
        cmocka_unit_test(test_names_that_would_clash_when_written_are_refused),
        cmocka_unit_test(test_definitions_beyond_the_maxima_are_refused),
        cmocka_unit_test(test_all_families_may_be_taken),
        cmocka_unit_test(test_label_values_that_are_no_text_are_refused),
        cmocka_unit_test(test_the_same_labels_are_the_same_series),
        cmocka_unit_test(test_label_sets_beyond_the_limit_go_to_other_and_are_counted),
        cmocka_unit_test(test_shards_are_leased_and_keep_what_they_counted),
        cmocka_unit_test(test_gauges_merge_by_their_rule),
        cmocka_unit_test(test_a_null_shard_records_nothing),
        cmocka_unit_test(test_a_total_that_is_set_never_falls),
        cmocka_unit_test(test_what_a_stalled_loop_missed_is_recorded_too),
        cmocka_unit_test(test_laps_follow_one_another),
        cmocka_unit_test(test_a_timed_scope_is_recorded_once_however_it_is_left),
        cmocka_unit_test(test_an_attached_histogram_is_part_of_its_series),
        cmocka_unit_test(test_counters_and_gauges_are_written_as_open_metrics),
        cmocka_unit_test(test_histograms_are_written_with_exact_buckets),
        cmocka_unit_test(test_the_default_buckets_read_back_as_powers_of_two),
        cmocka_unit_test(test_a_text_that_is_too_small_is_left_as_it_was),
        cmocka_unit_test(test_a_visitor_may_stop),
        cmocka_unit_test(test_threads_record_and_resolve_beside_a_reader),
        cmocka_unit_test(test_threads_that_race_for_a_series_get_the_same),
        cmocka_unit_test(test_leaves_nothing_when_memory_runs_out),
        cmocka_unit_test(test_nothing_is_allocated_after_creation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
