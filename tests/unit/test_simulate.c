/* Simulated portfolios: closed forms, seeds, threads, depths, and what is refused. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "assert_near.h"
#include "failing_heap.h"
#include "normal.h"
#include "tradewind/random.h"
#include "tradewind/simulate.h"
#include "tradewind/workers.h"

enum { ASSETS = 7, PATHS = 200000, ASSETS_MANY = 61 };

static double returns[PATHS];
static double others[PATHS];
static double asset_returns[PATHS];

/* ---- Portfolios ---------------------------------------------------------------------------- */

typedef struct portfolio {
    double weights[ASSETS_MANY];
    double means[ASSETS_MANY];
    double covariance[ASSETS_MANY * ASSETS_MANY];
    tw_simulate_input input;
} portfolio;

/* One factor beside what each asset has of its own; weights long and short. */
static void make_portfolio(portfolio *p, size_t assets) {
    tw_random random;
    tw_random_init(&random, 77, assets);
    double betas[ASSETS_MANY];
    for (size_t i = 0; i < assets; i++) {
        p->weights[i] = tw_random_uniform(&random) - 0.3;
        p->means[i] = 0.002 * tw_random_uniform(&random) - 0.0005;
        betas[i] = 0.5 + tw_random_uniform(&random);
    }
    for (size_t i = 0; i < assets; i++) {
        for (size_t j = 0; j < assets; j++)
            p->covariance[i * assets + j] = 1e-4 * betas[i] * betas[j] + (i == j ? 2e-4 : 0);
    }
    p->input = (tw_simulate_input){p->weights, p->means, p->covariance, assets};
}

static tw_simulate_config config_of(uint8_t depth, uint8_t distribution, size_t paths) {
    tw_simulate_config config;
    tw_simulate_config_init(&config);
    config.seed = 11;
    config.depth = depth;
    config.distribution = distribution;
    config.paths = paths;
    return config;
}

static tw_simulate *new_simulate(size_t assets) {
    tw_simulate *simulate = NULL;
    assert_int_equal(tw_simulate_new(NULL, assets, &simulate), TW_OK);
    return simulate;
}

static tw_simulate_summary run(tw_simulate *simulate, const tw_simulate_config *config,
                               const portfolio *p, double *ret_returns) {
    tw_simulate_summary summary = {NAN, NAN};
    tw_error error = {0};
    tw_status status = tw_simulate_run(simulate, config, &p->input, ret_returns, &summary, &error);
    if (status != TW_OK)
        fail_msg("%s", error.message);
    return summary;
}

/* ---- Distributions ------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void assert_quantile(const double *sorted, double p, double expected, double density) {
    double error = sqrt(p * (1 - p) / PATHS) / density;
    assert_near(sorted[(size_t)(p * PATHS)], expected, 4 * error);
}

static void test_value_at_risk_is_that_of_the_closed_form(void **state) {
    (void)state;
    portfolio p;
    make_portfolio(&p, ASSETS);
    TW_AUTO(tw_simulate) *simulate = new_simulate(ASSETS);
    for (uint8_t depth = TW_SIMULATE_SCALAR; depth <= TW_SIMULATE_ASSETS; depth++) {
        tw_simulate_config config = config_of(depth, TW_SIMULATE_NORMAL, PATHS);
        config.horizon_periods = 10;
        tw_simulate_summary s = run(simulate, &config, &p, returns);
        double mean = 0;
        double variance = 0;
        for (size_t i = 0; i < ASSETS; i++) {
            mean += 10 * p.weights[i] * p.means[i];
            for (size_t j = 0; j < ASSETS; j++)
                variance += 10 * p.weights[i] * p.weights[j] * p.covariance[i * ASSETS + j];
        }
        assert_near(s.mean, mean, 1e-15);
        assert_near(s.deviation, sqrt(variance), 1e-15);
        qsort(returns, PATHS, sizeof returns[0], by_value);
        static const double levels[] = {0.001, 0.01, 0.05, 0.5, 0.95, 0.99};
        for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
            double z = normal_quantile(levels[i]);
            assert_quantile(returns, levels[i], s.mean + z * s.deviation,
                            normal_density(z) / s.deviation);
        }
    }
}

static void test_students_t_has_the_covariance_and_its_own_tails(void **state) {
    (void)state;
    portfolio p;
    make_portfolio(&p, ASSETS);
    TW_AUTO(tw_simulate) *simulate = new_simulate(ASSETS);
    for (uint8_t depth = TW_SIMULATE_SCALAR; depth <= TW_SIMULATE_ASSETS; depth++) {
        tw_simulate_config config = config_of(depth, TW_SIMULATE_STUDENT, PATHS);
        config.degrees = 10;
        tw_simulate_summary s = run(simulate, &config, &p, returns);
        double square = 0;
        double fourth = 0;
        for (size_t k = 0; k < PATHS; k++) {
            double z = (returns[k] - s.mean) / s.deviation;
            square += z * z / PATHS;
            fourth += z * z * z * z / PATHS;
        }
        /* The kurtosis is 3 + 6 / (degrees - 4), and the variance of a square one less. */
        assert_near(square, 1, 4 * sqrt(3.0 / PATHS));
        assert_near(fourth, 4, 0.2);
        qsort(returns, PATHS, sizeof returns[0], by_value);
        /* t of 10 degrees at 1%: -2.763769458, where the density is 0.00962. */
        double unit = s.deviation * sqrt(0.8);
        assert_quantile(returns, 0.01, s.mean - 2.763769458 * unit, 0.0095 / unit);
    }
}

static void test_assets_have_their_means_and_covariance(void **state) {
    (void)state;
    enum { SOME = PATHS / ASSETS };
    static size_t paths[SOME];
    portfolio p;
    make_portfolio(&p, ASSETS);
    TW_AUTO(tw_simulate) *simulate = new_simulate(ASSETS);
    for (uint8_t distribution = 0; distribution < 2; distribution++) {
        tw_simulate_config config = config_of(TW_SIMULATE_ASSETS, distribution, SOME);
        config.degrees = 12;
        run(simulate, &config, &p, returns);
        for (size_t k = 0; k < SOME; k++)
            paths[k] = k;
        assert_int_equal(tw_simulate_assets(simulate, paths, SOME, asset_returns, NULL), TW_OK);
        for (size_t i = 0; i < ASSETS; i++) {
            double mean = 0;
            for (size_t k = 0; k < SOME; k++)
                mean += asset_returns[k * ASSETS + i] / SOME;
            assert_near(mean, p.means[i], 4 * sqrt(p.covariance[i * ASSETS + i] / SOME));
            for (size_t j = 0; j < ASSETS; j++) {
                double product = 0;
                for (size_t k = 0; k < SOME; k++)
                    product += (asset_returns[k * ASSETS + i] - p.means[i]) *
                               (asset_returns[k * ASSETS + j] - p.means[j]) / SOME;
                double scale = sqrt(p.covariance[i * ASSETS + i] * p.covariance[j * ASSETS + j]);
                assert_near(product, p.covariance[i * ASSETS + j], 8 * scale / sqrt(SOME));
            }
        }
    }
}

/* ---- The same paths ------------------------------------------------------------------------ */

static void test_threads_and_levels_change_no_bit_and_seeds_all(void **state) {
    (void)state;
    static const size_t counts[] = {1, 7, 23, 24, 25, 49, 1023, 1025, 3000};
    portfolio p;
    make_portfolio(&p, ASSETS_MANY);
    TW_AUTO(tw_simulate) *simulate = new_simulate(ASSETS_MANY + 5);
    TW_AUTO(tw_workers) *workers = NULL;
    tw_error error = {0};
    assert_int_equal(tw_workers_new(NULL, 3, &workers, &error), TW_OK);
    for (int kind = 0; kind < 6; kind++) {
        tw_simulate_config config = config_of((uint8_t)(kind % 3), (uint8_t)(kind / 3), 3000);
        run(simulate, &config, &p, returns);
        for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
            config.paths = counts[c];
            config.way.runner = c % 2 == 0 ? NULL : tw_workers_runner(workers);
            config.way.level = (tw_cpu_level)(c % TW_CPU_LEVEL_COUNT);
            others[counts[c]] = 42;
            run(simulate, &config, &p, others);
            assert_memory_equal(others, returns, counts[c] * sizeof returns[0]);
            assert_true(others[counts[c]] == 42);
        }
        config.seed++;
        config.paths = 3000;
        run(simulate, &config, &p, others);
        for (size_t k = 0; k < 3000; k++)
            assert_true(others[k] != returns[k]);
    }
}

static void test_factors_and_assets_have_the_same_shocks(void **state) {
    (void)state;
    portfolio p;
    make_portfolio(&p, ASSETS_MANY);
    TW_AUTO(tw_simulate) *simulate = new_simulate(ASSETS_MANY);
    for (uint8_t distribution = 0; distribution < 2; distribution++) {
        tw_simulate_config config = config_of(TW_SIMULATE_FACTORS, distribution, 1000);
        run(simulate, &config, &p, returns);
        config.depth = TW_SIMULATE_ASSETS;
        run(simulate, &config, &p, others);
        for (size_t k = 0; k < 1000; k++)
            assert_near(others[k], returns[k], 1e-14);
    }
}

/* Sums over assets, of any paths in any order, more than once, at any depth. */
static void test_assets_made_again_sum_to_the_return_of_the_path(void **state) {
    (void)state;
    enum { ASKED = 700, RUN = 5000 };
    static double rows[ASKED * ASSETS_MANY];
    static double again[ASKED * ASSETS_MANY];
    size_t paths[ASKED];
    portfolio p;
    make_portfolio(&p, ASSETS_MANY);
    tw_random random;
    tw_random_init(&random, 5, 0);
    TW_AUTO(tw_simulate) *simulate = new_simulate(ASSETS_MANY);
    TW_AUTO(tw_workers) *workers = NULL;
    tw_error error = {0};
    assert_int_equal(tw_workers_new(NULL, 2, &workers, &error), TW_OK);
    for (int kind = 0; kind < 6; kind++) {
        tw_simulate_config config = config_of((uint8_t)(kind % 3), (uint8_t)(kind / 3), RUN);
        run(simulate, &config, &p, returns);
        for (size_t k = 0; k < ASKED; k++)
            paths[k] = k < 3 ? RUN - 1 - k : tw_random_below(&random, RUN);
        assert_int_equal(tw_simulate_assets(simulate, paths, ASKED, rows, &error), TW_OK);
        for (size_t k = 0; k < ASKED; k++) {
            double sum = 0;
            for (size_t i = 0; i < ASSETS_MANY; i++)
                sum += p.weights[i] * rows[k * ASSETS_MANY + i];
            assert_near(sum, returns[paths[k]], 1e-14);
        }
        config.way.runner = tw_workers_runner(workers);
        config.way.level = TW_CPU_BASELINE;
        run(simulate, &config, &p, returns);
        assert_int_equal(tw_simulate_assets(simulate, paths, ASKED, again, &error), TW_OK);
        assert_memory_equal(again, rows, sizeof rows);
    }
}

/* ---- Values -------------------------------------------------------------------------------- */

/* A put on the second asset, and that it was called for each path once. */
static void put_on_the_second(void *context, const tw_simulate_panel *panel, double *ret_returns) {
    unsigned *seen = context;
    for (size_t k = 0; k < panel->paths; k++) {
        double value = panel->returns[TW_DENSE_PANEL + k];
        ret_returns[k] = value < -0.01 ? -0.01 - value : 0;
        seen[panel->first + k]++;
    }
}

static void test_a_function_values_the_returns_of_the_assets(void **state) {
    (void)state;
    enum { RUN = 1003 };
    static unsigned seen[RUN];
    static size_t paths[RUN];
    portfolio p;
    make_portfolio(&p, ASSETS);
    TW_AUTO(tw_simulate) *simulate = new_simulate(ASSETS);
    tw_simulate_config config = config_of(TW_SIMULATE_ASSETS, TW_SIMULATE_NORMAL, RUN);
    config.value = put_on_the_second;
    config.value_context = seen;
    run(simulate, &config, &p, returns);
    for (size_t k = 0; k < RUN; k++)
        paths[k] = k;
    assert_int_equal(tw_simulate_assets(simulate, paths, RUN, asset_returns, NULL), TW_OK);
    for (size_t k = 0; k < RUN; k++) {
        double value = asset_returns[k * ASSETS + 1];
        assert_true(returns[k] == (value < -0.01 ? -0.01 - value : 0));
        assert_int_equal(seen[k], 1);
    }
}

/* ---- Edges --------------------------------------------------------------------------------- */

static void test_a_hedge_without_risk_has_its_mean_on_every_path(void **state) {
    (void)state;
    const double weights[2] = {0.1, -0.1};
    const double means[2] = {0.02, 0.01};
    const double covariance[4] = {0.25, 0.25, 0.25, 0.25};
    const tw_simulate_input input = {weights, means, covariance, 2};
    TW_AUTO(tw_simulate) *simulate = new_simulate(2);
    tw_simulate_config config = config_of(TW_SIMULATE_SCALAR, TW_SIMULATE_NORMAL, 10);
    tw_simulate_summary summary;
    tw_error error = {0};
    assert_int_equal(tw_simulate_run(simulate, &config, &input, returns, &summary, &error), TW_OK);
    assert_true(summary.deviation == 0);
    for (size_t k = 0; k < 10; k++)
        assert_near(returns[k], 0.001, 1e-18);
    const size_t path = 4;
    double both[2];
    assert_int_equal(tw_simulate_assets(simulate, &path, 1, both, &error), TW_OK);
    assert_true(both[0] == 0.02 && both[1] == 0.01);
    /* The second asset follows from the first: no factor. */
    config.depth = TW_SIMULATE_FACTORS;
    returns[0] = 42;
    assert_int_equal(tw_simulate_run(simulate, &config, &input, returns, NULL, &error), TW_INVALID);
    assert_non_null(strstr(error.message, "asset 1 follows"));
    assert_true(returns[0] == 42);
    assert_int_equal(tw_simulate_assets(simulate, &path, 1, both, &error), TW_EMPTY);
}

/* Of a covariance whose products are rounded: what is left is rounding, above or below 0. */
static void test_a_hedge_is_without_risk_though_products_are_rounded(void **state) {
    (void)state;
    TW_AUTO(tw_simulate) *simulate = new_simulate(3);
    const tw_simulate_config config = config_of(TW_SIMULATE_SCALAR, TW_SIMULATE_NORMAL, 1);
    tw_random random;
    tw_random_init(&random, 8, 0);
    unsigned rounded = 0;
    for (int round = 0; round < 200; round++) {
        double weights[3];
        double betas[3];
        double covariance[9];
        for (size_t i = 0; i < 3; i++) {
            betas[i] = 0.01 * (1 + tw_random_uniform(&random));
            weights[i] = tw_random_uniform(&random) - 0.5;
        }
        weights[2] = -(weights[0] * betas[0] + weights[1] * betas[1]) / betas[2];
        double variance = 0;
        for (size_t i = 0; i < 9; i++) {
            covariance[i] = betas[i / 3] * betas[i % 3];
            variance += weights[i / 3] * weights[i % 3] * covariance[i];
        }
        const tw_simulate_input input = {weights, NULL, covariance, 3};
        tw_simulate_summary summary = {NAN, NAN};
        assert_int_equal(tw_simulate_run(simulate, &config, &input, returns, &summary, NULL),
                         TW_OK);
        assert_true(summary.deviation == 0 && returns[0] == 0);
        rounded += variance != 0;
    }
    assert_true(rounded > 100);
}

static void test_without_means_they_are_zero(void **state) {
    (void)state;
    portfolio p;
    make_portfolio(&p, ASSETS);
    TW_AUTO(tw_simulate) *simulate = new_simulate(ASSETS);
    tw_simulate_config config = config_of(TW_SIMULATE_ASSETS, TW_SIMULATE_NORMAL, 100);
    p.input.means = NULL;
    tw_simulate_summary summary = run(simulate, &config, &p, returns);
    assert_true(summary.mean == 0);
    memset(p.means, 0, sizeof p.means);
    p.input.means = p.means;
    run(simulate, &config, &p, others);
    assert_memory_equal(others, returns, 100 * sizeof returns[0]);
}

static void refuse(tw_simulate *simulate, const tw_simulate_config *config,
                   const tw_simulate_input *input, tw_status expected, const char *words) {
    tw_error error = {0};
    tw_simulate_summary summary = {42, 43};
    double only = 44;
    assert_int_equal(tw_simulate_run(simulate, config, input, &only, &summary, &error), expected);
    assert_true(only == 44 && summary.mean == 42 && summary.deviation == 43);
    assert_non_null(strstr(error.message, words));
}

static void test_what_is_out_of_bounds_is_refused(void **state) {
    (void)state;
    portfolio p;
    make_portfolio(&p, ASSETS);
    TW_AUTO(tw_simulate) *simulate = new_simulate(ASSETS);
    const tw_simulate_config good = config_of(TW_SIMULATE_SCALAR, TW_SIMULATE_NORMAL, 1);
    tw_simulate_config bad = good;
    bad.paths = 0;
    refuse(simulate, &bad, &p.input, TW_RANGE, "number of paths");
    bad.paths = TW_SIMULATE_PATH_COUNT_MAX + 1;
    refuse(simulate, &bad, &p.input, TW_RANGE, "number of paths");
    bad = good;
    bad.horizon_periods = 0;
    refuse(simulate, &bad, &p.input, TW_RANGE, "horizon");
    bad.horizon_periods = NAN;
    refuse(simulate, &bad, &p.input, TW_RANGE, "horizon");
    bad = good;
    bad.distribution = 2;
    refuse(simulate, &bad, &p.input, TW_RANGE, "distribution");
    bad = good;
    bad.depth = 3;
    refuse(simulate, &bad, &p.input, TW_RANGE, "depth");
    bad = good;
    bad.value = put_on_the_second;
    refuse(simulate, &bad, &p.input, TW_RANGE, "depth ASSETS");
    bad = good;
    bad.distribution = TW_SIMULATE_STUDENT;
    bad.degrees = 2;
    refuse(simulate, &bad, &p.input, TW_RANGE, "above 2");
    bad.degrees = INFINITY;
    refuse(simulate, &bad, &p.input, TW_RANGE, "at most");
    tw_simulate_input input = p.input;
    input.assets = ASSETS + 1;
    refuse(simulate, &good, &input, TW_FULL, "room for 1 to 7");
    input.assets = 0;
    refuse(simulate, &good, &input, TW_RANGE, "not 0");
}

static void test_what_is_missing_or_impossible_is_refused(void **state) {
    (void)state;
    portfolio p;
    make_portfolio(&p, ASSETS);
    TW_AUTO(tw_simulate) *simulate = new_simulate(ASSETS);
    const tw_simulate_config config = config_of(TW_SIMULATE_SCALAR, TW_SIMULATE_NORMAL, 1);
    double *places[] = {&p.weights[2], &p.means[6], &p.covariance[48]};
    const char *names[] = {"weight", "mean", "covariance"};
    for (size_t i = 0; i < 3; i++) {
        double value = *places[i];
        *places[i] = NAN;
        refuse(simulate, &config, &p.input, TW_INVALID, names[i]);
        *places[i] = -INFINITY;
        refuse(simulate, &config, &p.input, TW_INVALID, names[i]);
        *places[i] = value;
    }
    p.covariance[0] = -1;
    refuse(simulate, &config, &p.input, TW_INVALID, "asset 0 is below 0");
    make_portfolio(&p, ASSETS);
    for (size_t i = 0; i < ASSETS * ASSETS; i++)
        p.covariance[i] = i % (ASSETS + 1) == 0 ? 1 : -0.9;
    for (size_t i = 0; i < ASSETS; i++)
        p.weights[i] = 1;
    refuse(simulate, &config, &p.input, TW_INVALID, "repair it");
    const size_t path = 0;
    double row[ASSETS];
    assert_int_equal(tw_simulate_assets(simulate, &path, 1, row, NULL), TW_EMPTY);
    make_portfolio(&p, ASSETS);
    run(simulate, &config, &p, returns);
    const size_t beyond[2] = {0, 1};
    row[0] = 42;
    assert_int_equal(tw_simulate_assets(simulate, beyond, 2, row, NULL), TW_RANGE);
    assert_true(row[0] == 42);
    assert_int_equal(tw_simulate_assets(simulate, NULL, 0, NULL, NULL), TW_OK);
}

static tw_status make_and_run(const tw_allocator *allocator, void *context) {
    const portfolio *p = context;
    TW_AUTO(tw_simulate) *simulate = NULL;
    tw_status status = tw_simulate_new(allocator, ASSETS, &simulate);
    const tw_simulate_config config = config_of(TW_SIMULATE_ASSETS, TW_SIMULATE_NORMAL, 100);
    return status != TW_OK ? status
                           : tw_simulate_run(simulate, &config, &p->input, returns, NULL, NULL);
}

static void test_every_allocation_may_fail(void **state) {
    (void)state;
    tw_simulate *simulate = NULL;
    assert_int_equal(tw_simulate_new(NULL, 0, &simulate), TW_RANGE);
    assert_int_equal(tw_simulate_new(NULL, TW_SIMULATE_ASSET_COUNT_MAX + 1, &simulate), TW_RANGE);
    portfolio p;
    make_portfolio(&p, ASSETS);
    assert_survives_failed_allocations(make_and_run, &p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_value_at_risk_is_that_of_the_closed_form),
        cmocka_unit_test(test_students_t_has_the_covariance_and_its_own_tails),
        cmocka_unit_test(test_assets_have_their_means_and_covariance),
        cmocka_unit_test(test_threads_and_levels_change_no_bit_and_seeds_all),
        cmocka_unit_test(test_factors_and_assets_have_the_same_shocks),
        cmocka_unit_test(test_assets_made_again_sum_to_the_return_of_the_path),
        cmocka_unit_test(test_a_function_values_the_returns_of_the_assets),
        cmocka_unit_test(test_a_hedge_without_risk_has_its_mean_on_every_path),
        cmocka_unit_test(test_a_hedge_is_without_risk_though_products_are_rounded),
        cmocka_unit_test(test_without_means_they_are_zero),
        cmocka_unit_test(test_what_is_out_of_bounds_is_refused),
        cmocka_unit_test(test_what_is_missing_or_impossible_is_refused),
        cmocka_unit_test(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
