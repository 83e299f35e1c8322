/*
 * model_rolling.c - rolling statistics beside a version that keeps everything and recomputes.
 *
 * A million random pushes and advances with values of very different sizes, some of them missing.
 * After each: counts, extremes and quantiles must be equal, sums and moments within rounding of the
 * values that are in the window now (never of those that left), a window of equal values exactly
 * still, and one with a missing value without an answer.
 */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "assert_near.h"
#include "tradewind/rolling.h"

#define KEPT 4096

typedef struct plain {
    int64_t times[KEPT];
    double values[KEPT];
    uint64_t first;
    uint64_t total;
} plain;

static uint64_t next_random(uint64_t *seed) {
    uint64_t z = (*seed += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static double random_value(uint64_t *seed) {
    uint64_t r = next_random(seed);
    double unit = (double)(r >> 11) * 0x1p-53;
    switch (r % 64) {
    case 0:
        return 1e17 * unit;
    case 1:
        return r & 64 ? NAN : -INFINITY;
    case 2:
    case 3:
    case 4:
        return -1e-9 * unit;
    default:
        return r % 2 == 0 ? 0.1 : 100 + unit; /* runs of equal values */
    }
}

static void plain_trim(plain *model, int64_t now_ns, const tw_rolling_config *config) {
    while (model->total - model->first > config->count_max ||
           (model->first < model->total && config->span_ns > 0 &&
            model->times[model->first % KEPT] <= now_ns - config->span_ns))
        model->first++;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void compare_missing(const tw_rolling_stats *stats) {
    assert_true(isnan(stats->sum) && isnan(stats->mean) && isnan(stats->variance));
    assert_true(isnan(stats->min) && isnan(stats->max) && isnan(stats->sem));
    assert_true(isnan(stats->quantiles[0]) && isnan(stats->quantiles[1]));
}

static void compare(const plain *model, const tw_rolling_config *config,
                    const tw_rolling *rolling) {
    static double inside[KEPT];
    tw_rolling_stats stats;
    tw_rolling_read(rolling, &stats);
    size_t n = (size_t)(model->total - model->first);
    size_t missing = 0;
    long double sum = 0;
    for (size_t i = 0; i < n; i++) {
        inside[i] = model->values[(model->first + i) % KEPT];
        missing += isfinite(inside[i]) ? 0 : 1;
        sum += inside[i];
    }
    assert_true(stats.n == n && stats.missing == missing);
    if (n == 0 || missing > 0 || n < config->count_min) {
        compare_missing(&stats);
        return;
    }
    qsort(inside, n, sizeof inside[0], ascending);
    long double mean = sum / (long double)n;
    long double m2 = 0;
    for (size_t i = 0; i < n; i++)
        m2 += (inside[i] - mean) * (inside[i] - mean);
    double size = fmax(fabs(inside[0]), fabs(inside[n - 1]));
    double degrees = (double)n - config->ddof;
    double variance = degrees > 0 ? (double)(m2 / degrees) : (double)NAN;
    assert_true(stats.min == inside[0] && stats.max == inside[n - 1]);
    assert_near(stats.sum, (double)sum, 4 * DBL_EPSILON * size * (double)n);
    assert_near(stats.mean, (double)mean, 16 * DBL_EPSILON * size);
    /* The error is a rounding of the spread: far below a rounding of the size of the values. */
    assert_true(isnan(variance) == isnan(stats.variance));
    if (!isnan(variance))
        assert_near(stats.variance, variance, 64 * DBL_EPSILON * variance);
    if (inside[0] == inside[n - 1])
        assert_true((stats.variance == 0 || degrees <= 0) && stats.mean == inside[0]);
    assert_true(stats.quantiles[0] == inside[0]);
    double middle =
        n % 2 == 1 ? inside[n / 2] : inside[n / 2 - 1] + 0.5 * (inside[n / 2] - inside[n / 2 - 1]);
    assert_true(stats.quantiles[1] == middle);
}

static void run(uint64_t seed, uint32_t count_max, int64_t span_ns, size_t steps) {
    tw_rolling_config config = {.count_max = count_max,
                                .count_min = count_max > 4 ? 3 : 0,
                                .span_ns = span_ns,
                                .ddof = (uint8_t)(seed % 2),
                                .quantile_count = 2,
                                .quantiles = {0, 0.5}};
    TW_AUTO(tw_rolling) *rolling = NULL;
    assert_int_equal(tw_rolling_new(NULL, &config, &rolling), TW_OK);
    static plain model;
    model.first = model.total = 0;
    int64_t now_ns = -50;
    for (size_t step = 0; step < steps; step++) {
        now_ns += (int64_t)(next_random(&seed) % 5);
        if (next_random(&seed) % 10 == 0) {
            assert_int_equal(tw_rolling_advance(rolling, now_ns), TW_OK);
        } else {
            double value = random_value(&seed);
            assert_int_equal(tw_rolling_push(rolling, now_ns, value), TW_OK);
            model.times[model.total % KEPT] = now_ns;
            model.values[model.total++ % KEPT] = value;
        }
        plain_trim(&model, now_ns, &config);
        if (step % 16 == 0)
            tw_rolling_check(rolling);
        compare(&model, &config, rolling);
    }
}

static void test_rolling_statistics_agree_with_recomputation(void **state) {
    (void)state;
    run(1, 1, 0, 200000);
    run(2, 2, 0, 200000);
    run(3, 20, 0, 200000);
    run(4, 33, 40, 200000);
    run(5, 5, 40, 200000);
    run(6, 1500, 7000, 3000);
}

/* pandas' formula, summed anew over the whole series. */
static double ewma_of(const double *values, const int64_t *times, size_t count, bool adjust,
                      double halflife) {
    double mean = NAN;
    double weight = 0;
    double weighted = 0;
    for (size_t i = 0; i < count; i++) {
        if (isnan(values[i]))
            continue;
        double w = exp2(-(double)(times[count - 1] - times[i]) / halflife);
        weight += w;
        weighted += w * values[i];
        size_t before = i;
        while (before > 0 && isnan(values[before - 1]))
            before--;
        double kept = before > 0 ? exp2(-(double)(times[i] - times[before - 1]) / halflife) : 0;
        mean = before > 0 ? kept * mean + (1 - kept) * values[i] : values[i];
    }
    return adjust ? weighted / weight : mean;
}

static void test_ewma_agrees_with_its_sum(void **state) {
    (void)state;
    double values[300];
    int64_t times[300];
    uint64_t seed = 7;
    int64_t now_ns = 0;
    tw_ewma adjusted = {.halflife_ns = 1000, .adjust = true};
    tw_ewma plainly = {.halflife_ns = 1000};
    for (size_t i = 0; i < 300; i++) {
        now_ns += (int64_t)(next_random(&seed) % 700);
        times[i] = now_ns;
        values[i] = next_random(&seed) % 9 == 0 ? NAN : 100 + (double)(next_random(&seed) % 50);
        double a = tw_ewma_push(&adjusted, now_ns, values[i]);
        double b = tw_ewma_push(&plainly, now_ns, values[i]);
        assert_true(isnan(values[i]) == isnan(a) && isnan(values[i]) == isnan(b));
        if (isnan(values[i]))
            continue;
        assert_near(a, ewma_of(values, times, i + 1, true, 1000), 1e-11);
        assert_near(b, ewma_of(values, times, i + 1, false, 1000), 1e-11);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rolling_statistics_agree_with_recomputation),
        cmocka_unit_test(test_ewma_agrees_with_its_sum)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
