/*
 * bench_risk_job.c - the whole job of a day's risk: 500 assets over 2,520 days, and 1,000
 * portfolios.
 *
 *     bench_risk_job [FOLDER]   with returns.f64 [2520][500], market.f64 [2520] and weights.f64
 *                               [1000][500] in it: doubles, row-major by day; without one, made up
 *
 * The job is that of risk_metrics.py, which NumPy and Numba do in the same run, under one lock:
 *
 *     BENCH_INPUTS=FOLDER python3 risk_metrics.py; bench_risk_job FOLDER
 *
 * - whole: covariance matrix and betas of the assets; of portfolio 0 volatility, historical VaR and
 *   shortfall (mean of the rows up to the quantile) at 95 and 99%, Gaussian VaR (ddof 1), beta,
 *   Sharpe, Sortino, greatest drawdown.
 * - batch: the same for all portfolios, covariance and betas once.
 * - push: one more day for all portfolios, the oldest leaves. What it is compared with is a load of
 *   the whole window, without the covariance of the assets. Weigh: one position changes.
 *
 * Printed are medians of RUN_COUNT at each level of instructions that has fused multiply-adds, on
 * one thread and on two. The checksums at the end are those of the peer, in its order.
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bench.h"
#include "tradewind/portfolios.h"
#include "tradewind/random.h"
#include "tradewind/workers.h"

#define RUN_COUNT 9
#define ROWS 2520
#define ASSETS 500
#define PORTFOLIOS 1000
#define PUSH_COUNT 200 /* of a run */

static double now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec * 1e-6;
}

static double *take(size_t count) {
    double *memory = tw_allocate(tw_allocator_system(), count, sizeof *memory, 64);
    require(memory != NULL, "memory");
    return memory;
}

static void read_doubles(const char *folder, const char *name, double *ret_values, size_t count) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    require(file != NULL, path);
    require(fread(ret_values, sizeof *ret_values, count, file) == count, path);
    fclose(file);
}

/* Where there is no folder: a market, and assets that follow it. */
static void make_up(double *returns, double *market, double *weights) {
    tw_random random;
    tw_random_init(&random, 1, 0);
    for (size_t t = 0; t < ROWS; t++) {
        market[t] = 0.0003 + 0.01 * tw_random_normal(&random);
        for (size_t i = 0; i < ASSETS; i++)
            returns[t * ASSETS + i] = market[t] + 0.02 * tw_random_normal(&random);
    }
    for (size_t i = 0; i < (size_t)PORTFOLIOS * ASSETS; i++)
        weights[i] = 2 * tw_random_uniform(&random) / ASSETS;
}

typedef struct job {
    tw_portfolios_input input;
    tw_portfolios_config config;
    tw_portfolios *one;
    tw_portfolios *all;
    tw_portfolios *moving; /* with updates */
    tw_portfolios_assets assets;
    double *scratch;
    size_t day; /* of the next push */
} job;

static tw_portfolios *make(size_t portfolios, bool updates) {
    tw_portfolios_limits limits = {
        .rows = ROWS, .assets = ASSETS, .portfolios = portfolios, .updates = updates};
    tw_portfolios *made = NULL;
    require(tw_portfolios_new(NULL, &limits, &made) == TW_OK, "memory");
    return made;
}

static void load(tw_portfolios *portfolios, const job *j, size_t count) {
    tw_portfolios_input input = j->input;
    tw_error error;
    input.portfolios = count;
    require(tw_portfolios_load(portfolios, &j->config, &input, &error) == TW_OK, "a load");
}

static void covariance(job *j) {
    tw_portfolios_assets_measure(&j->config.way, &j->input, j->scratch, j->assets);
}

static void betas(job *j) {
    tw_portfolios_assets results = j->assets;
    results.covariance = NULL;
    tw_portfolios_assets_measure(&j->config.way, &j->input, j->scratch, results);
}

static void load_one(job *j) {
    load(j->one, j, 1);
}

static void load_all(job *j) {
    load(j->all, j, PORTFOLIOS);
}

static void whole(job *j) {
    covariance(j);
    load_one(j);
}

static void batch(job *j) {
    covariance(j);
    load_all(j);
}

static void push(job *j) {
    for (size_t i = 0; i < PUSH_COUNT; i++, j->day++) {
        size_t row = j->day % ROWS;
        require(tw_portfolios_push(j->moving, j->input.returns + row * ASSETS,
                                   j->input.benchmark[row], NULL) == TW_OK,
                "a push");
    }
}

static void weigh(job *j) {
    size_t portfolio = j->day++ % PORTFOLIOS;
    size_t asset = j->day * 7 % ASSETS;
    double weight = j->input.weights[portfolio * ASSETS + asset] + 1e-4 * (double)(j->day % 3);
    require(tw_portfolios_weigh(j->moving, portfolio, asset, weight, NULL) == TW_OK, "a weight");
}

static double measure(job *j, void (*run)(job *)) {
    double ms[RUN_COUNT];
    run(j);
    for (int i = 0; i < RUN_COUNT; i++) {
        double begin = now_ms();
        run(j);
        ms[i] = now_ms() - begin;
    }
    qsort(ms, RUN_COUNT, sizeof *ms, by_value);
    return ms[RUN_COUNT / 2];
}

static void report(job *j, tw_cpu_level level, const tw_task_runner *runner) {
    j->config.way = (tw_dense_way){.runner = runner, .level = level};
    double whole_ms = measure(j, whole);
    double covariance_ms = measure(j, covariance);
    double betas_ms = measure(j, betas);
    double one_ms = measure(j, load_one);
    double batch_ms = measure(j, batch);
    double all_ms = measure(j, load_all);
    load(j->moving, j, PORTFOLIOS);
    double push_us = measure(j, push) * 1e3 / PUSH_COUNT;
    double weigh_us = measure(j, weigh) * 1e3;
    load(j->moving, j, 1);
    double push_one_us = measure(j, push) * 1e3 / PUSH_COUNT;
    int threads = runner != NULL ? 2 : 1;
    printf("%-9s %d  whole %7.2f ms (assets %.2f, of these betas %.2f; portfolio %.2f)\n",
           tw_cpu_name(level), threads, whole_ms, covariance_ms, betas_ms, one_ms);
    printf("%-9s %d  batch %7.2f ms, %.0f portfolios/s (portfolios %.2f)\n", tw_cpu_name(level),
           threads, batch_ms, PORTFOLIOS / batch_ms * 1e3, all_ms);
    printf("%-9s %d  push  %7.1f us for %d portfolios, 1/%.0f of a load; %.2f us for one, 1/%.0f; "
           "weigh %.1f us\n",
           tw_cpu_name(level), threads, push_us, PORTFOLIOS, all_ms * 1e3 / push_us, push_one_us,
           one_ms * 1e3 / push_one_us, weigh_us);
}

/* ---- Checksums ----------------------------------------------------------------------------- */

#define FIGURE_COUNT 11

static void add_figures(const tw_portfolio_figures *f, double *sums) {
    double figures[FIGURE_COUNT] = {f->volatility * sqrt(252),
                                    f->tails[0].var_historical,
                                    f->tails[1].var_historical,
                                    f->tails[0].shortfall_historical,
                                    f->tails[1].shortfall_historical,
                                    f->tails[0].var_gaussian,
                                    f->tails[1].var_gaussian,
                                    f->beta,
                                    f->sharpe,
                                    f->sortino,
                                    f->max_drawdown};
    for (size_t i = 0; i < FIGURE_COUNT; i++)
        sums[i] += figures[i];
}

static void print_checksums(job *j) {
    double one[FIGURE_COUNT] = {0};
    double all[FIGURE_COUNT] = {0};
    size_t count = 0;
    batch(j);
    const tw_portfolio_figures *figures = tw_portfolios_figures(j->all, &count);
    add_figures(figures, one);
    for (size_t i = 0; i < count; i++)
        add_figures(&figures[i], all);
    double beta_sum = 0;
    double covariance_sum = 0;
    for (size_t i = 0; i < ASSETS; i++)
        beta_sum += j->assets.betas[i];
    for (size_t i = 0; i < (size_t)ASSETS * ASSETS; i++)
        covariance_sum += j->assets.covariance[i];
    printf("checksum      ");
    for (size_t i = 0; i < FIGURE_COUNT; i++)
        printf(" %.12g", one[i]);
    printf(" %.12g %.12g\nchecksum_batch", beta_sum, covariance_sum);
    for (size_t i = 0; i < FIGURE_COUNT; i++)
        printf(" %.12g", all[i]);
    printf("\n");
}

int main(int argc, char **argv) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    require(argc <= 2, "the arguments: at most a folder,");
    double *returns = take((size_t)ROWS * ASSETS);
    double *market = take(ROWS);
    double *weights = take((size_t)PORTFOLIOS * ASSETS);
    if (argc == 2) {
        read_doubles(argv[1], "returns.f64", returns, (size_t)ROWS * ASSETS);
        read_doubles(argv[1], "market.f64", market, ROWS);
        read_doubles(argv[1], "weights.f64", weights, (size_t)PORTFOLIOS * ASSETS);
    } else {
        make_up(returns, market, weights);
    }
    job j = {.input = {.returns = returns,
                       .benchmark = market,
                       .weights = weights,
                       .rows = ROWS,
                       .assets = ASSETS,
                       .portfolios = PORTFOLIOS}};
    tw_portfolios_config_init(&j.config);
    j.config.gaussian_ddof = 1;
    j.config.shortfall = TW_SHORTFALL_FIRST;
    j.one = make(1, false);
    j.all = make(PORTFOLIOS, false);
    j.moving = make(PORTFOLIOS, true);
    j.assets = (tw_portfolios_assets){take(ASSETS), take(ASSETS), take((size_t)ASSETS * ASSETS)};
    j.scratch = take(tw_portfolios_assets_scratch(ROWS, ASSETS));
    TW_AUTO(tw_workers) *workers = NULL;
    require(tw_workers_new(NULL, 2, &workers, NULL) == TW_OK, "two threads");
    /* Without instructions for it a fused multiply-add is a call, and takes minutes here. */
    int lowest = tw_cpu_has(TW_CPU_AVX2) ? TW_CPU_AVX2 : TW_CPU_BASELINE;
    for (int level = TW_CPU_LEVEL_COUNT - 1; level >= lowest; level--) {
        if (!tw_cpu_has((tw_cpu_level)level))
            continue;
        report(&j, (tw_cpu_level)level, NULL);
        report(&j, (tw_cpu_level)level, tw_workers_runner(workers));
    }
    j.config.way = (tw_dense_way){.level = TW_CPU_BEST};
    print_checksums(&j);
    tw_portfolios_free(j.one);
    tw_portfolios_free(j.all);
    tw_portfolios_free(j.moving);
    return 0;
}
