/*
 * model_rolling_performance.c - every figure of every window beside tw_performance over the same
 * observations alone: series with missing values, constant stretches and values that are huge.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tradewind/random.h"
#include "tradewind/rolling_performance.h"

#define COUNT 400
#define WINDOW_MAX 64

static double returns[COUNT];
static double benchmark[COUNT];
static double frees[COUNT];
static double wanteds[COUNT];

static void fill(uint64_t seed) {
    tw_random random;
    tw_random_init(&random, seed, 0);
    for (size_t i = 0; i < COUNT; i++) {
        bool still = i / 50 % 4 == 3; /* stretches in which nothing moves */
        returns[i] = still ? 0.001 : 0.001 + 0.02 * tw_random_normal(&random);
        benchmark[i] = still ? 0.002 : 0.6 * returns[i] + 0.01 * tw_random_normal(&random);
        frees[i] = 0.0001 * tw_random_uniform(&random);
        wanteds[i] = 0.001 * tw_random_uniform(&random);
        if (tw_random_below(&random, 20) == 0)
            returns[i] = NAN;
        if (tw_random_below(&random, 20) == 0)
            benchmark[i] = NAN;
    }
}

static tw_performance_config config_of(uint64_t seed) {
    tw_performance_config config;
    tw_performance_config_init(&config);
    config.risk_free = (tw_rate){0.02, TW_RATE_PER_YEAR};
    config.minimum_acceptable = (tw_rate){0.0004, TW_RATE_PER_PERIOD};
    config.annual = (uint8_t)(seed % 2);
    config.capture = (uint8_t)(seed % 3);
    config.ddof = (uint8_t)(seed / 2 % 2);
    config.missing_takes_time = seed % 5 == 0;
    config.partial_order = seed % 2 == 0 ? 2 : 1.5;
    return config;
}

/* Ratios of what is near 0 lose the digits that their parts lose. */
static bool is_near(double a, double b) {
    if (isnan(a) || isnan(b))
        return isnan(a) && isnan(b);
    return fabs(a - b) <= 1e-9 * fmax(1, fabs(b));
}

static void compare_window(tw_performance *alone, const tw_rolling_performance_config *config,
                           tw_rolling_performance *rolling, size_t end) {
    size_t first = end >= config->window ? end - config->window : 0;
    double values[TW_FIGURE_COUNT];
    tw_performance_input input = {.returns = returns + first,
                                  .benchmark = benchmark + first,
                                  .risk_free = config->has_free ? frees + first : NULL,
                                  .minimum_acceptable = config->has_wanted ? wanteds + first : NULL,
                                  .count = end - first};
    tw_rolling_performance_read(rolling, values);
    assert_int_equal(tw_rolling_performance_count(rolling), end - first);
    tw_status status = tw_performance_load(alone, &config->performance, &input, NULL);
    for (size_t i = 0; i < config->figure_count; i++) {
        tw_figure figure = config->figures[i];
        double expected = status == TW_OK ? tw_performance_value(alone, figure) : NAN;
        bool equal = memcmp(&values[i], &expected, sizeof expected) == 0;
        if (isnan(expected) ? !isnan(values[i])
                            : !equal && (tw_rolling_performance_is_anew(figure) ||
                                         !is_near(values[i], expected)))
            fail_msg("%s of the %zu before %zu: %.17g, not %.17g", tw_figure_name(figure),
                     end - first, end, values[i], expected);
    }
}

static void run(uint64_t seed, size_t window) {
    static tw_figure figures[TW_FIGURE_COUNT];
    for (size_t i = 0; i < TW_FIGURE_COUNT; i++)
        figures[i] = (tw_figure)i;
    tw_rolling_performance_config config = {.performance = config_of(seed),
                                            .window = window,
                                            .figures = figures,
                                            .figure_count = TW_FIGURE_COUNT,
                                            .has_free = seed % 2 == 0,
                                            .has_wanted = seed % 3 == 0};
    TW_AUTO(tw_rolling_performance) *rolling = NULL;
    TW_AUTO(tw_performance) *alone = NULL;
    assert_int_equal(tw_rolling_performance_new(NULL, &config, &rolling, NULL), TW_OK);
    assert_int_equal(tw_performance_new(NULL, WINDOW_MAX, &alone), TW_OK);
    fill(seed);
    for (size_t i = 0; i < COUNT; i++) {
        tw_rolling_observation one = {returns[i], benchmark[i], frees[i], wanteds[i]};
        assert_int_equal(tw_rolling_performance_push(rolling, &one, NULL), TW_OK);
        compare_window(alone, &config, rolling, i + 1);
    }
}

static void test_every_figure_is_that_of_the_window_alone(void **state) {
    (void)state;
    static const size_t windows[] = {1, 2, 3, 7, 20, WINDOW_MAX};
    for (uint64_t seed = 1; seed <= 6; seed++)
        for (size_t i = 0; i < sizeof windows / sizeof windows[0]; i++)
            run(seed, windows[i]);
}

static void test_a_huge_value_leaves_no_trace(void **state) {
    (void)state;
    static const tw_figure figures[] = {TW_FIGURE_MEAN,     TW_FIGURE_VARIANCE, TW_FIGURE_SKEWNESS,
                                        TW_FIGURE_KURTOSIS, TW_FIGURE_SORTINO,  TW_FIGURE_BETA};
    enum { FIGURES = sizeof figures / sizeof figures[0], WINDOW = 10 };
    tw_rolling_performance_config config = {
        .performance = config_of(1), .window = WINDOW, .figures = figures, .figure_count = FIGURES};
    TW_AUTO(tw_rolling_performance) *rolling = NULL;
    TW_AUTO(tw_rolling_performance) *clean = NULL;
    assert_int_equal(tw_rolling_performance_new(NULL, &config, &rolling, NULL), TW_OK);
    assert_int_equal(tw_rolling_performance_new(NULL, &config, &clean, NULL), TW_OK);
    tw_random random;
    tw_random_init(&random, 3, 0);
    for (size_t i = 0; i < 6 * WINDOW; i++) {
        double value = 0.01 * tw_random_normal(&random);
        tw_rolling_observation one = {.value = value, .benchmark = value * value};
        tw_rolling_observation huge = one;
        if (i == WINDOW / 2)
            huge.value = huge.benchmark = 1e70;
        assert_int_equal(tw_rolling_performance_push(rolling, &huge, NULL), TW_OK);
        assert_int_equal(tw_rolling_performance_push(clean, &one, NULL), TW_OK);
        if (i < WINDOW / 2 + WINDOW)
            continue;
        double a[FIGURES];
        double b[FIGURES];
        tw_rolling_performance_read(rolling, a);
        tw_rolling_performance_read(clean, b);
        assert_memory_equal(a, b, sizeof a);
    }
}

static void test_a_window_of_equal_values_has_a_variance_of_exactly_zero(void **state) {
    (void)state;
    static const tw_figure figures[] = {TW_FIGURE_VARIANCE, TW_FIGURE_TRACKING_ERROR};
    tw_rolling_performance_config config = {
        .performance = config_of(1), .window = 7, .figures = figures, .figure_count = 2};
    TW_AUTO(tw_rolling_performance) *rolling = NULL;
    assert_int_equal(tw_rolling_performance_new(NULL, &config, &rolling, NULL), TW_OK);
    tw_random random;
    tw_random_init(&random, 4, 0);
    for (size_t i = 0; i < 200; i++) {
        double rate = 0.1 * tw_random_uniform(&random);
        for (size_t k = 0; k < 7; k++) {
            tw_rolling_observation one = {.value = 0.1, .benchmark = 0.1};
            one.value = rate;
            one.benchmark = rate - 0.03;
            assert_int_equal(tw_rolling_performance_push(rolling, &one, NULL), TW_OK);
        }
        double values[2];
        tw_rolling_performance_read(rolling, values);
        assert_true(values[0] == 0 && values[1] == 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_figure_is_that_of_the_window_alone),
        cmocka_unit_test(test_a_huge_value_leaves_no_trace),
        cmocka_unit_test(test_a_window_of_equal_values_has_a_variance_of_exactly_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
