/*
 * model_window.c - the sliding window beside one that keeps everything and recomputes.
 *
 * Random pushes and advances with values of very different sizes. After each step: count, min,
 * max and times must be equal, sums and moments within rounding of the values that are in the
 * window now (never of those that left), and a window of equal values exactly still.
 */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "assert_near.h"
#include "tradewind/window.h"

#define STEPS 4000

typedef struct plain {
    int64_t times[STEPS];
    double prices[STEPS];
    double volumes[STEPS];
    size_t first;
    size_t count; /* pushed ever */
} plain;

static uint64_t next_random(uint64_t *seed) {
    uint64_t z = (*seed += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static double random_price(uint64_t *seed) {
    uint64_t r = next_random(seed);
    double unit = (double)(r >> 11) * 0x1p-53;
    switch (r % 8) {
    case 0:
        return 1e17 * unit;
    case 1:
        return -1e-9 * unit;
    case 2:
    case 3:
        return 0.1; /* runs of equal values */
    default:
        return 100 + unit;
    }
}

static void plain_trim(plain *model, int64_t now_ns, const tw_window_config *config) {
    while (model->count - model->first > config->count_max ||
           (model->first < model->count && config->span_ns > 0 &&
            model->times[model->first] <= now_ns - config->span_ns))
        model->first++;
}

static void compare(const plain *model, const tw_window *window) {
    tw_window_stats stats;
    tw_window_read(window, &stats);
    size_t n = model->count - model->first;
    assert_int_equal(stats.n, n);
    if (n == 0)
        return;
    long double sum = 0;
    long double volume = 0;
    long double value = 0;
    double min = INFINITY;
    double max = -INFINITY;
    double size = 0;
    for (size_t i = model->first; i < model->count; i++) {
        sum += model->prices[i];
        volume += model->volumes[i];
        value += (long double)model->prices[i] * model->volumes[i];
        min = fmin(min, model->prices[i]);
        max = fmax(max, model->prices[i]);
        size = fmax(size, fabs(model->prices[i]));
    }
    long double mean = sum / n;
    long double m2 = 0;
    for (size_t i = model->first; i < model->count; i++)
        m2 += (model->prices[i] - mean) * (model->prices[i] - mean);
    double variance = (double)(m2 / n);
    assert_true(stats.min == min && stats.max == max);
    assert_near(stats.sum, (double)sum, 4 * DBL_EPSILON * size * (double)n);
    assert_near(stats.mean, (double)mean, 16 * DBL_EPSILON * size);
    assert_near(stats.volume, (double)volume, 4 * DBL_EPSILON * (double)volume);
    /* The error is a rounding of the spread: far below a rounding of the size of the prices. */
    assert_near(stats.variance, variance, 64 * DBL_EPSILON * variance);
    if (min == max)
        assert_true(stats.variance == 0 && stats.mean == min);
    if (volume > 0)
        assert_near(stats.vwap, (double)(value / volume), 8 * DBL_EPSILON * size);
}

static void run(uint64_t seed, uint32_t count_max, int64_t span_ns) {
    tw_window_config config = {.count_max = count_max, .span_ns = span_ns, .ema_count = 9};
    TW_AUTO(tw_window) *window = NULL;
    assert_int_equal(tw_window_new(NULL, &config, &window), TW_OK);
    static plain model;
    model.first = model.count = 0;
    int64_t now_ns = -50;
    double ema = 0;
    for (size_t step = 0; step < STEPS; step++) {
        now_ns += (int64_t)(next_random(&seed) % 5);
        if (next_random(&seed) % 10 == 0) {
            assert_int_equal(tw_window_advance(window, now_ns), TW_OK);
        } else {
            double price = random_price(&seed);
            double volume = (double)(next_random(&seed) % 4);
            assert_int_equal(tw_window_push(window, now_ns, price, volume), TW_OK);
            ema = model.count == 0 ? price : ema + 0.2 * (price - ema);
            model.times[model.count] = now_ns;
            model.prices[model.count] = price;
            model.volumes[model.count++] = volume;
            tw_window_stats stats;
            tw_window_read(window, &stats);
            assert_near(stats.ema, ema, DBL_EPSILON * 1e17);
        }
        plain_trim(&model, now_ns, &config);
        tw_window_check(window);
        compare(&model, window);
    }
}

static void test_windows_agree_with_recomputation(void **state) {
    (void)state;
    run(1, 1, 0);
    run(2, 2, 0);
    run(3, 50, 0);
    run(4, 333, 40);
    run(5, 5, 40);
    run(6, 1000, 7);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_windows_agree_with_recomputation)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
