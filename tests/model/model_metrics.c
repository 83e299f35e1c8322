/* model_metrics.c - random recordings in many shards beside plain sums and lists. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tradewind/metrics.h"

#define SHARD_COUNT 5
#define LABEL_COUNT 6 /* label sets asked for; ROOM of them get a series of their own */
#define ROOM 4
#define STEP_COUNT 4000

/* What was recorded: the last row of a table is "other". */
struct plain {
    uint64_t counters[ROOM + 1];
    double gauges[SHARD_COUNT][ROOM + 1];
    bool gauge_set[SHARD_COUNT][ROOM + 1];
    uint64_t counts[ROOM + 1];
    int64_t sums[ROOM + 1];
    int64_t maxima[ROOM + 1];
    uint64_t overflows;
    uint64_t made;                /* series given out so far */
    uint64_t places[LABEL_COUNT]; /* of a label set, + 1; 0: not yet asked for */
};

struct registry {
    tw_metrics *metrics;
    tw_metrics_shard *shards[SHARD_COUNT];
    tw_metrics_family counters;
    tw_metrics_family gauges[3]; /* by merge rule */
    tw_metrics_family histograms;
};

/* SplitMix64. */
static uint64_t next_random(uint64_t *seed) {
    uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static tw_metrics_family define(tw_metrics *metrics, const char *name, tw_metrics_kind kind,
                                tw_metrics_merge merge) {
    tw_metrics_definition definition = {.name = name,
                                        .labels = {"set"},
                                        .label_count = 1,
                                        .series_max = ROOM,
                                        .kind = (uint8_t)kind,
                                        .merge = (uint8_t)merge};
    tw_metrics_family family = {0};
    assert_int_equal(tw_metrics_define(metrics, &definition, &family, NULL), TW_OK);
    return family;
}

static void make(struct registry *registry) {
    tw_metrics_config config = {.family_max = 5,
                                .series_max = 4 * (ROOM + 1),
                                .histogram_max = ROOM + 1,
                                .shard_max = SHARD_COUNT};
    assert_int_equal(tw_metrics_new(NULL, &config, &registry->metrics), TW_OK);
    tw_metrics *metrics = registry->metrics;
    registry->gauges[0] = define(metrics, "s", TW_METRICS_GAUGE, TW_METRICS_MERGE_SUM);
    registry->counters = define(metrics, "c", TW_METRICS_COUNTER, TW_METRICS_MERGE_SUM);
    registry->gauges[1] = define(metrics, "x", TW_METRICS_GAUGE, TW_METRICS_MERGE_MAX);
    registry->histograms = define(metrics, "h", TW_METRICS_HISTOGRAM, TW_METRICS_MERGE_SUM);
    registry->gauges[2] = define(metrics, "n", TW_METRICS_GAUGE, TW_METRICS_MERGE_MIN);
    for (int i = 0; i < SHARD_COUNT; i++)
        assert_int_equal(tw_metrics_shard_acquire(metrics, &registry->shards[i]), TW_OK);
}

static size_t plain_place(struct plain *plain, size_t set) {
    if (plain->places[set] == 0 && plain->made < ROOM)
        plain->places[set] = ++plain->made;
    plain->overflows += plain->places[set] == 0;
    return plain->places[set] == 0 ? ROOM : plain->places[set] - 1;
}

struct handles {
    tw_metrics_counter counter;
    tw_metrics_gauge gauges[3];
    tw_metrics_histogram histogram;
};

static struct handles handles_of(const struct registry *registry, size_t set) {
    char text[16];
    struct handles handles;
    snprintf(text, sizeof(text), "set-%zu", set);
    tw_slice value = tw_slice_of(text);
    tw_metrics *metrics = registry->metrics;
    assert_int_equal(tw_metrics_counter_of(metrics, registry->counters, &value, &handles.counter),
                     TW_OK);
    assert_int_equal(
        tw_metrics_histogram_of(metrics, registry->histograms, &value, &handles.histogram), TW_OK);
    for (int i = 0; i < 3; i++)
        assert_int_equal(
            tw_metrics_gauge_of(metrics, registry->gauges[i], &value, &handles.gauges[i]), TW_OK);
    return handles;
}

static void record(struct registry *registry, struct plain *plain, uint64_t number) {
    size_t set = number % LABEL_COUNT;
    size_t shard_index = (number >> 8) % SHARD_COUNT;
    tw_metrics_shard *shard = registry->shards[shard_index];
    struct handles handles = handles_of(registry, set);
    size_t place = plain_place(plain, set);
    uint64_t amount = (number >> 16) % 1000;
    tw_metrics_counter_add(shard, handles.counter, amount);
    plain->counters[place] += amount;
    double level = (double)amount - 500.0;
    double *gauge = &plain->gauges[shard_index][place];
    bool *is_set = &plain->gauge_set[shard_index][place];
    bool adding = (number >> 40) % 2 == 0;
    bool unsetting = (number >> 41) % 16 == 0;
    *gauge = adding && *is_set ? *gauge + level : level;
    *is_set = adding || !unsetting;
    for (int i = 0; i < 3; i++) {
        if (adding)
            tw_metrics_gauge_add(shard, handles.gauges[i], level);
        else
            tw_metrics_gauge_set(shard, handles.gauges[i], unsetting ? (double)NAN : level);
    }
    int64_t span = (int64_t)(number >> (24 + number % 32));
    tw_metrics_histogram_record(shard, handles.histogram, span);
    plain->counts[place]++;
    plain->sums[place] += span;
    plain->maxima[place] = span > plain->maxima[place] ? span : plain->maxima[place];
}

static double plain_gauge(const struct plain *plain, size_t place, int rule) {
    double merged = (double)NAN;
    for (int i = 0; i < SHARD_COUNT; i++) {
        double value = plain->gauges[i][place];
        if (!plain->gauge_set[i][place])
            continue;
        if (isnan(merged))
            merged = value;
        else if (rule == 0)
            merged += value;
        else
            merged = rule == 1 ? fmax(merged, value) : fmin(merged, value);
    }
    return merged;
}

static void check_set(const struct registry *registry, const struct plain *plain, size_t place,
                      struct handles handles) {
    assert_int_equal(tw_metrics_counter_value(registry->metrics, handles.counter),
                     plain->counters[place]);
    for (int i = 0; i < 3; i++) {
        double wanted = plain_gauge(plain, place, i);
        double found = tw_metrics_gauge_value(registry->metrics, handles.gauges[i]);
        assert_true(isnan(wanted) ? isnan(found) : found == wanted);
    }
    tw_histogram merged;
    tw_histogram_init(&merged);
    tw_metrics_histogram_merge(registry->metrics, handles.histogram, &merged);
    tw_histogram_check(&merged);
    assert_int_equal(tw_histogram_count(&merged), plain->counts[place]);
    assert_true(tw_histogram_sum(&merged) == plain->sums[place]);
    assert_true(tw_histogram_max(&merged) == plain->maxima[place]);
}

struct visit {
    const struct plain *plain;
    uint64_t counters; /* sum of all counters but the registry's own */
    uint64_t samples;
    uint64_t overflows;
};

static bool visit_sample(void *context, const tw_metrics_sample *sample) {
    struct visit *visit = context;
    visit->samples++;
    if (strcmp(sample->name, "c") == 0)
        visit->counters += sample->counter;
    if (strcmp(sample->name, "tradewind_metrics_overflow") == 0)
        visit->overflows += sample->counter;
    assert_true((sample->histogram != NULL) == (sample->kind == TW_METRICS_HISTOGRAM));
    return true;
}

static void check_walk(const struct registry *registry, const struct plain *plain) {
    struct visit visit = {.plain = plain};
    uint64_t counters = 0;
    for (size_t i = 0; i <= ROOM; i++)
        counters += plain->counters[i];
    tw_metrics_each(registry->metrics, visit_sample, &visit);
    assert_int_equal(visit.counters, counters);
    assert_int_equal(visit.overflows, 5 * plain->overflows);
    assert_int_equal(tw_metrics_overflow_count(registry->metrics, registry->histograms),
                     plain->overflows);
}

static void run(uint64_t seed) {
    struct registry registry = {0};
    struct plain plain = {0};
    make(&registry);
    for (int step = 0; step < STEP_COUNT; step++) {
        record(&registry, &plain, next_random(&seed));
        if (step % 200 != 0)
            continue;
        check_walk(&registry, &plain);
        for (size_t set = 0; set < LABEL_COUNT; set++) {
            struct handles handles = handles_of(&registry, set);
            check_set(&registry, &plain, plain_place(&plain, set), handles);
        }
    }
    tw_metrics_free(registry.metrics);
}

static void test_metrics_are_plain_sums(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 8; seed++)
        run(seed);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_metrics_are_plain_sums)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
