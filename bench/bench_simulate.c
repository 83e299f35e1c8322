/*
 * bench_simulate.c - Monte Carlo of a portfolio at each depth, and the normals that it is made of.
 *
 *     bench_simulate [PATHS ASSETS]       (100000 500)
 *
 * Printed are, on one thread and on two, milliseconds of a whole run from the covariance to value
 * at risk and expected shortfall at 95% and 99%, the median of RUN_COUNT, and of that how long
 * the returns of the assets on the worst 5% of the paths take to be made again; then millions of
 * normals a second on one thread. NumPy and OpenBLAS on the same job: bench/peer_simulate.py.
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bench.h"
#include "tradewind/random.h"
#include "tradewind/risk.h"
#include "tradewind/simulate.h"
#include "tradewind/workers.h"

enum { RUN_COUNT = 9, PATHS = 100000, ASSETS = 500, NORMAL_ROWS = 500, NORMAL_BLOCKS = 5000 };

static double now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static double median(double *times) {
    qsort(times, RUN_COUNT, sizeof times[0], by_value);
    return times[RUN_COUNT / 2];
}

static double *doubles(size_t count) {
    double *values = tw_allocate(NULL, count, sizeof *values, 64);
    require(values != NULL, "taking memory");
    return values;
}

/* ---- The tail ------------------------------------------------------------------------------ */

/* Hoare's selection: values[place] is where it would be sorted, what is less stands before it. */
static void select_place(double *values, size_t count, size_t place) {
    size_t low = 0;
    size_t high = count - 1;
    while (low < high) {
        double pivot = values[low + (high - low) / 2];
        size_t i = low;
        size_t j = high;
        for (;;) {
            while (values[i] < pivot)
                i++;
            while (values[j] > pivot)
                j--;
            if (i >= j)
                break;
            double swap = values[i];
            values[i++] = values[j];
            values[j--] = swap;
        }
        size_t split = values[i] > pivot ? i - 1 : i;
        if (place <= split)
            high = split;
        else
            low = split + 1;
    }
}

typedef struct tail {
    double value_at_risk;
    double shortfall;
} tail;

/* Of the worst `place` + 1 of `candidates`, which hold them. */
static tail tail_of(double *candidates, size_t count, size_t place) {
    double sum = 0;
    select_place(candidates, count, place);
    for (size_t i = 0; i <= place; i++)
        sum += candidates[i];
    return (tail){-candidates[place], -sum / (double)(place + 1)};
}

/* What is worse than 1.4 deviations is more than 5% of all. */
static size_t find_tails(const double *returns, size_t paths, tw_simulate_summary s,
                         double *scratch, tail ret_tails[2]) {
    double limit = s.mean - 1.4 * s.deviation;
    size_t count = 0;
    for (size_t k = 0; k < paths; k++) {
        scratch[count] = returns[k];
        count += returns[k] < limit;
    }
    size_t place = paths / 20;
    require(count > place, "finding the tail");
    ret_tails[0] = tail_of(scratch, count, place);
    ret_tails[1] = tail_of(scratch, place, paths / 100);
    return place;
}

/* ---- Runs ---------------------------------------------------------------------------------- */

typedef struct input {
    tw_simulate_input portfolio;
    tw_simulate *simulate;
    size_t paths;
    double *returns;
    double *scratch;
    size_t *worst;
    double *assets; /* of the worst */
} input;

static double once(const input *in, const tw_simulate_config *config, double *ret_assets_ms) {
    tw_simulate_summary summary;
    tail tails[2];
    tw_error error = {0};
    double begin = now_ms();
    require(tw_simulate_run(in->simulate, config, &in->portfolio, in->returns, &summary, &error) ==
                TW_OK,
            "simulating");
    find_tails(in->returns, in->paths, summary, in->scratch, tails);
    double end = now_ms();
    double parametric = -(summary.mean + tw_risk_normal_quantile(0.01) * summary.deviation);
    bool normal = config->distribution == TW_SIMULATE_NORMAL;
    require(!normal || fabs(tails[1].value_at_risk / parametric - 1) < 0.03,
            "agreeing with the closed form");
    size_t count = 0;
    for (size_t k = 0; k < in->paths && count < in->paths / 20; k++) {
        if (in->returns[k] <= -tails[0].value_at_risk)
            in->worst[count++] = k;
    }
    double again = now_ms();
    require(tw_simulate_assets(in->simulate, in->worst, count, in->assets, &error) == TW_OK,
            "making assets again");
    *ret_assets_ms = now_ms() - again;
    return end - begin;
}

static void run_depths(const input *in, const tw_task_runner *runner, tw_cpu_level level) {
    static const char *const depths[] = {"scalar", "factors", "assets"};
    static const char *const distributions[] = {"normal", "student"};
    for (uint8_t distribution = 0; distribution < 2; distribution++) {
        for (uint8_t depth = 0; depth < 3; depth++) {
            tw_simulate_config config;
            double times[RUN_COUNT];
            double again[RUN_COUNT];
            tw_simulate_config_init(&config);
            config.paths = in->paths;
            config.depth = depth;
            config.distribution = distribution;
            config.way = (tw_dense_way){runner, level};
            once(in, &config, &again[0]);
            for (int r = 0; r < RUN_COUNT; r++)
                times[r] = once(in, &config, &again[r]);
            printf("  %-8s %-8s %9.2f ms   the worst 5%% again %8.2f ms\n",
                   distributions[distribution], depths[depth], median(times), median(again));
        }
    }
}

static void run_normals(void) {
    double *values = doubles(NORMAL_ROWS * TW_RANDOM_LANES);
    double times[RUN_COUNT];
    double count = (double)NORMAL_BLOCKS * NORMAL_ROWS * TW_RANDOM_LANES;
    for (tw_cpu_level level = TW_CPU_BASELINE; level <= TW_CPU_AVX512; level++) {
        if (!tw_cpu_has(level))
            continue;
        for (int r = 0; r < RUN_COUNT; r++) {
            double begin = now_ms();
            for (uint64_t b = 0; b < NORMAL_BLOCKS; b++) {
                const tw_random_block block = {1, b, level};
                tw_random_normals(&block, NORMAL_ROWS, TW_RANDOM_LANES, values);
            }
            times[r] = now_ms() - begin;
        }
        printf("normals, %-8s          %8.0f M/s\n", tw_cpu_name(level),
               count / median(times) / 1e3);
    }
    tw_random random;
    tw_random_init(&random, 1, 0);
    for (int r = 0; r < RUN_COUNT; r++) {
        double begin = now_ms();
        for (size_t i = 0; i < NORMAL_ROWS * TW_RANDOM_LANES * 200; i++)
            values[i % TW_RANDOM_LANES] = tw_random_normal(&random);
        times[r] = now_ms() - begin;
    }
    count = (double)NORMAL_ROWS * TW_RANDOM_LANES * 200;
    printf("normals, polar, one by one %7.0f M/s\n", count / median(times) / 1e3);
}

/* One factor, and a fifth of the variance of each asset's own. */
static void fill(double *weights, double *means, double *covariance, size_t assets) {
    tw_random random;
    tw_random_init(&random, 1, 0);
    for (size_t i = 0; i < assets; i++) {
        weights[i] = 1 / (double)assets;
        means[i] = 0.0002 * (1 + tw_random_uniform(&random));
    }
    for (size_t i = 0; i < assets; i++) {
        for (size_t j = 0; j < assets; j++)
            covariance[i * assets + j] = i == j ? 2.5e-4 : 2e-4;
    }
}

int main(int argc, char **argv) {
    size_t paths = argc > 2 ? strtoul(argv[1], NULL, 10) : PATHS;
    size_t assets = argc > 2 ? strtoul(argv[2], NULL, 10) : ASSETS;
    require(paths >= 1000 && paths <= 100000000 && assets > 0 && assets <= 5000,
            "reading PATHS ASSETS");
    double *weights = doubles(assets);
    double *means = doubles(assets);
    double *covariance = doubles(assets * assets);
    fill(weights, means, covariance, assets);
    input in = {.portfolio = {weights, means, covariance, assets},
                .paths = paths,
                .returns = doubles(paths),
                .scratch = doubles(paths + 1),
                .worst = TW_NEW(NULL, paths, size_t),
                .assets = doubles((paths / 20 + 1) * assets)};
    require(in.worst != NULL && tw_simulate_new(NULL, assets, &in.simulate) == TW_OK,
            "taking memory");
    printf("%zu paths of %zu assets\n", paths, assets);
    for (uint32_t threads = 1; threads <= 2; threads++) {
        TW_AUTO(tw_workers) *workers = NULL;
        tw_error error = {0};
        require(tw_workers_new(NULL, threads, &workers, &error) == TW_OK, "starting workers");
        for (tw_cpu_level level = TW_CPU_AVX2; level <= TW_CPU_AVX512; level++) {
            if (!tw_cpu_has(level))
                continue;
            printf("%u thread%s, %s\n", threads, threads == 1 ? "" : "s", tw_cpu_name(level));
            run_depths(&in, tw_workers_runner(workers), level);
        }
    }
    run_normals();
    return 0; /* what was taken goes with the process */
}
