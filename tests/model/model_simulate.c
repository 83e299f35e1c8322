/*
 * model_simulate.c - simulated paths beside a path computed by itself from its own streams, element
 * by element, for any portfolio, number of paths, distribution, depth and way.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tradewind/random.h"
#include "tradewind/simulate.h"
#include "tradewind/workers.h"

enum { ROUND_COUNT = 60, ASSETS_MAX = 60, PATHS_MAX = 2500 };

typedef struct portfolio {
    double weights[ASSETS_MAX];
    double means[ASSETS_MAX];
    double covariance[ASSETS_MAX * ASSETS_MAX];
    double factor[ASSETS_MAX * ASSETS_MAX]; /* of the horizon */
    tw_simulate_input input;
} portfolio;

static double returns[PATHS_MAX + 1];
static double rows[PATHS_MAX * ASSETS_MAX];
static double scratch[100000];

static void make_portfolio(portfolio *p, tw_random *random, double horizon) {
    size_t n = 1 + tw_random_below(random, ASSETS_MAX);
    double spread[ASSETS_MAX * ASSETS_MAX];
    for (size_t i = 0; i < n * n; i++)
        spread[i] = 0.01 * tw_random_normal(random);
    for (size_t i = 0; i < n; i++) {
        p->weights[i] = tw_random_below(random, 5) == 0 ? 0 : tw_random_normal(random);
        p->means[i] = 0.001 * tw_random_normal(random);
        for (size_t j = 0; j < n; j++) {
            double sum = i == j ? 1e-5 : 0;
            for (size_t t = 0; t < n; t++)
                sum += spread[t * n + i] * spread[t * n + j];
            p->covariance[i * n + j] = sum;
            p->factor[i * n + j] = horizon * sum;
        }
    }
    size_t column = 0;
    assert_true(tw_dense_cholesky_scratch(n) <= sizeof scratch / sizeof scratch[0]);
    assert_true(tw_dense_cholesky(NULL, n, p->factor, scratch, &column));
    p->input = (tw_simulate_input){p->weights, p->means, p->covariance, n};
}

static double scale_of(const tw_simulate_config *config, uint64_t block, size_t place) {
    double scales[1024];
    if (config->distribution == TW_SIMULATE_NORMAL)
        return 1;
    const tw_random_block from = {.seed = config->seed, .number = block};
    tw_random_scales(&from, config->degrees, place / TW_RANDOM_LANES + 1, scales);
    return sqrt((config->degrees - 2) / config->degrees) * scales[place];
}

/* The assets' returns on a path, from its own shocks. */
static void slow_path(const portfolio *p, const tw_simulate_config *config, size_t path,
                      double *ret_assets) {
    double values[ASSETS_MAX * TW_RANDOM_LANES];
    size_t n = p->input.assets;
    size_t lane = path % TW_RANDOM_LANES;
    const tw_random_block block = {.seed = config->seed, .number = path / TW_RANDOM_LANES};
    tw_random_normals(&block, n, TW_RANDOM_LANES, values);
    double scale = scale_of(config, block.number, lane);
    for (size_t i = 0; i < n; i++) {
        ret_assets[i] = config->horizon_periods * p->means[i];
        for (size_t t = 0; t <= i; t++)
            ret_assets[i] = fma(p->factor[i * n + t], scale * values[t * TW_RANDOM_LANES + lane],
                                ret_assets[i]);
    }
}

static double slow_scalar(const tw_simulate_config *config, const tw_simulate_summary *s,
                          size_t path) {
    double values[1024];
    const tw_random_block block = {.seed = config->seed, .number = path / 1024};
    tw_random_normals(&block, 1024 / TW_RANDOM_LANES, TW_RANDOM_LANES, values);
    double scale = scale_of(config, block.number, path % 1024);
    return s->mean + s->deviation * (scale * values[path % 1024]);
}

/* The return is right to rounding at any depth; what the assets returned is right to the bit, or
 * what is expected of them. */
static void check_path(const portfolio *p, const tw_simulate_config *config,
                       const tw_simulate_summary *s, size_t path, const double *actual) {
    size_t n = p->input.assets;
    double assets[ASSETS_MAX];
    double size = 1e-3;
    double sum = 0;
    if (config->depth == TW_SIMULATE_SCALAR)
        assert_true(returns[path] == slow_scalar(config, s, path));
    else
        slow_path(p, config, path, assets);
    for (size_t i = 0; i < n; i++) {
        if (config->depth != TW_SIMULATE_SCALAR)
            assert_true(assets[i] == actual[i]);
        sum += p->weights[i] * actual[i];
        size += fabs(p->weights[i] * actual[i]);
    }
    assert_true(fabs(sum - returns[path]) <= 1e-13 * size);
}

static void test_paths_are_those_of_their_streams(void **state) {
    (void)state;
    static portfolio p;
    static size_t paths[PATHS_MAX];
    tw_random random;
    tw_random_init(&random, 1, 0);
    tw_workers *workers = NULL;
    tw_simulate *simulate = NULL;
    tw_error error = {0};
    assert_int_equal(tw_workers_new(NULL, 2, &workers, &error), TW_OK);
    assert_int_equal(tw_simulate_new(NULL, ASSETS_MAX, &simulate), TW_OK);
    for (int round = 0; round < ROUND_COUNT; round++) {
        tw_simulate_config config;
        tw_simulate_summary summary;
        tw_simulate_config_init(&config);
        config.seed = tw_random_next(&random);
        config.depth = (uint8_t)(round % 3);
        config.distribution = (uint8_t)(round / 3 % 2);
        config.degrees = 2.1 + 10 * tw_random_uniform(&random);
        config.horizon_periods = round % 4 == 0 ? 1 : 20 * tw_random_uniform(&random) + 0.1;
        config.paths = 1 + tw_random_below(&random, round % 3 == 0 ? PATHS_MAX : 300);
        config.way.runner = round % 2 == 0 ? NULL : tw_workers_runner(workers);
        config.way.level = (tw_cpu_level)tw_random_below(&random, TW_CPU_LEVEL_COUNT);
        make_portfolio(&p, &random, config.horizon_periods);
        returns[config.paths] = 42;
        assert_int_equal(tw_simulate_run(simulate, &config, &p.input, returns, &summary, &error),
                         TW_OK);
        assert_true(returns[config.paths] == 42);
        size_t count = tw_random_below(&random, config.paths) + 1;
        for (size_t k = 0; k < count; k++)
            paths[k] = tw_random_below(&random, config.paths);
        assert_int_equal(tw_simulate_assets(simulate, paths, count, rows, &error), TW_OK);
        for (size_t k = 0; k < count; k++)
            check_path(&p, &config, &summary, paths[k], rows + k * p.input.assets);
    }
    tw_simulate_free(simulate);
    tw_workers_free(workers);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths_are_those_of_their_streams),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
