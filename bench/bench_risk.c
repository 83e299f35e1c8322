/*
 * bench_risk.c - one report of risk: what its parts take, at each level of instructions.
 *
 *     bench_risk FOLDER      (returns.f64 [2520][500], market.f64 [2520], weights.f64 [.][500])
 *
 * Printed are milliseconds, the median of RUN_COUNT, on one thread, of a report by what is asked
 * for; beside them what reading the matrix once takes. Then the figures of the peer's definition
 * (numpy_whole of a NumPy job over the same files: volatility, VaR and shortfall at 95 and 99
 * percent historical, VaR parametric with ddof 1, beta, Sharpe, Sortino, greatest drawdown, the sum
 * of the covariance matrix), with 12 digits, for comparison by eye or by diff.
 */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bench.h"
#include "tradewind/risk.h"

#define RUN_COUNT 21
#define ROWS 2520
#define ASSETS 500
#define JOB_COUNT 7

static double now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static double *read_doubles(const char *folder, const char *name, size_t count) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    require(file != NULL, path);
    double *values = tw_allocate(tw_allocator_system(), count, sizeof *values, 64);
    require(values != NULL && fread(values, sizeof *values, count, file) == count, path);
    fclose(file);
    return values;
}

typedef struct job {
    const char *name;
    tw_risk_config config;
} job;

static double measure(const job *work, const tw_risk_input *input, tw_risk_report *ret_report) {
    const tw_risk_maxima maxima = tw_risk_maxima_of(&work->config, ROWS, ASSETS);
    TW_AUTO(tw_risk) *risk = NULL;
    double ms[RUN_COUNT];
    require(tw_risk_new(NULL, &maxima, &risk) == TW_OK, "memory");
    for (int i = -1; i < RUN_COUNT; i++) {
        double begin = now_ms();
        require(tw_risk_compute(risk, &work->config, input, ret_report, NULL) == TW_OK, work->name);
        if (i >= 0)
            ms[i] = now_ms() - begin;
    }
    qsort(ms, RUN_COUNT, sizeof *ms, by_value);
    return ms[RUN_COUNT / 2];
}

static double measure_reading(const double *values) {
    double ms[RUN_COUNT];
    const uint64_t *words = (const uint64_t *)(const void *)values;
    for (int i = 0; i < RUN_COUNT; i++) {
        double begin = now_ms();
        uint64_t sum = 0;
        for (size_t k = 0; k < (size_t)ROWS * ASSETS; k++)
            sum += words[k];
        volatile uint64_t used = sum;
        (void)used;
        ms[i] = now_ms() - begin;
    }
    qsort(ms, RUN_COUNT, sizeof *ms, by_value);
    return ms[RUN_COUNT / 2];
}

static void report_jobs(const job *jobs, size_t count, const tw_risk_input *input) {
    tw_risk_report report;
    for (size_t i = 0; i < count; i++) {
        printf("%-40s", jobs[i].name);
        for (int level = TW_CPU_BASELINE; level < TW_CPU_LEVEL_COUNT; level++) {
            job work = jobs[i];
            work.config.level = (tw_cpu_level)level;
            if (tw_cpu_has(work.config.level))
                printf("  %s %7.3f", tw_cpu_name(work.config.level),
                       measure(&work, input, &report));
        }
        printf("  ms\n");
    }
}

/* The peer's tail means and deviation are by option. */
static void print_figures(const tw_risk_input *input) {
    static const double confidences[] = {0.95, 0.99};
    job work = {.name = "figures"};
    tw_risk_config_init(&work.config);
    work.config.shortfall = TW_SHORTFALL_BEYOND;
    work.config.moment_ddof = 1;
    work.config.covariance = true;
    const tw_risk_maxima maxima = tw_risk_maxima_of(&work.config, ROWS, ASSETS);
    TW_AUTO(tw_risk) *risk = NULL;
    tw_risk_report r;
    require(tw_risk_new(NULL, &maxima, &risk) == TW_OK, "memory");
    require(tw_risk_compute(risk, &work.config, input, &r, NULL) == TW_OK, "figures");
    const tw_risk_estimate *found[2][2];
    for (int c = 0; c < 2; c++) {
        found[c][0] = &r.estimates[tw_risk_find(&r, TW_RISK_HISTORICAL, confidences[c], 1)];
        found[c][1] = &r.estimates[tw_risk_find(&r, TW_RISK_GAUSSIAN, confidences[c], 1)];
    }
    double total = 0;
    for (size_t i = 0; i < (size_t)ASSETS * ASSETS; i++)
        total += r.covariance[i];
    const double figures[] = {r.volatility_annual,
                              found[0][0]->value,
                              found[1][0]->value,
                              found[0][0]->expected_shortfall,
                              found[1][0]->expected_shortfall,
                              found[0][1]->value,
                              found[1][1]->value,
                              r.beta,
                              r.sharpe,
                              r.sortino,
                              r.max_drawdown,
                              total};
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++)
        printf("%s%.12g", i == 0 ? "checksum: " : ", ", figures[i]);
    printf("\n");
}

int main(int argc, char **argv) {
    if (argc != 2) {
        printf("bench_risk: no folder of inputs was named: nothing to measure\n");
        return 0;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    tw_risk_input input = {.observations = ROWS, .assets = ASSETS};
    input.returns = read_doubles(argv[1], "returns.f64", (size_t)ROWS * ASSETS);
    input.benchmark = read_doubles(argv[1], "market.f64", ROWS);
    input.weights = read_doubles(argv[1], "weights.f64", ASSETS);
    job jobs[JOB_COUNT] = {{.name = "one series' figures and the sums"},
                           {.name = "and historical, gaussian, cornish-fisher"},
                           {.name = "and filtered: every method"},
                           {.name = "every method, filtered by asset"},
                           {.name = "every method, and increments"},
                           {.name = "every method, and the covariance matrix"},
                           {.name = "and 100,000 paths, without the matrix"}};
    for (size_t i = 0; i < JOB_COUNT; i++)
        tw_risk_config_init(&jobs[i].config);
    jobs[0].config.methods = 0;
    jobs[1].config.methods = TW_RISK_METHOD_BIT(TW_RISK_HISTORICAL) |
                             TW_RISK_METHOD_BIT(TW_RISK_GAUSSIAN) |
                             TW_RISK_METHOD_BIT(TW_RISK_CORNISH_FISHER);
    jobs[3].config.filter = TW_RISK_FILTER_ASSETS;
    jobs[4].config.incremental = true;
    jobs[5].config.covariance = true;
    jobs[6].config.paths = 100000;
    printf("%d observations of %d assets; reading them once: %.3f ms\n", ROWS, ASSETS,
           measure_reading(input.returns));
    report_jobs(jobs, JOB_COUNT, &input);
    print_figures(&input);
    return 0;
}
