/*
 * bench_batch.c - features of many assets: each loop at each level of instructions, on one thread
 * and on two, beside the bandwidth of the memory.
 *
 *     bench_batch [ROWS COLUMNS]       (2520 days of 500 symbols)
 *
 * Printed are ns a cell, the median of RUN_COUNT, on one thread and on two; the ratio of each to
 * the least that the memory allows as many threads, measured in the same run: copying the matrix,
 * and reading it once more where the first result needs all values (z-scores of columns); and how
 * much faster two threads are.
 *
 * Then features: ns a cell of each output, computed and remembered.
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"
#include "tradewind/batch.h"
#include "tradewind/batch_clean.h"
#include "tradewind/features.h"
#include "tradewind/random.h"
#include "tradewind/workers.h"

#define RUN_COUNT 15
#define ROWS 2520
#define COLUMNS 500

static double now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

typedef struct input {
    tw_batch_shape shape;
    double *prices;
    double *returns;
    double *results;
    double *scratch;
    uint8_t *flags;
} input;

typedef void (*job)(const tw_batch_way *way, const input *in);

/* The two of memory itself, in parts as the loops are. */
enum { COPY_PARTS = 64 };

static void copy_part(void *argument, size_t index) {
    const input *in = argument;
    size_t cells = in->shape.rows * in->shape.columns;
    size_t begin = cells / COPY_PARTS * index;
    size_t end = index + 1 == COPY_PARTS ? cells : begin + cells / COPY_PARTS;
    memcpy(in->results + begin, in->prices + begin, (end - begin) * sizeof(double));
}

static void copy(const tw_batch_way *way, const input *in) {
    input own = *in;
    tw_task_run(way->runner, COPY_PARTS, copy_part, &own);
}

static void read_part(void *argument, size_t index) {
    const input *in = argument;
    size_t cells = in->shape.rows * in->shape.columns;
    size_t begin = cells / COPY_PARTS * index;
    size_t end = index + 1 == COPY_PARTS ? cells : begin + cells / COPY_PARTS;
    const uint64_t *words = (const uint64_t *)(const void *)in->prices;
    uint64_t sum = 0;
    for (size_t i = begin; i < end; i++)
        sum += words[i];
    volatile uint64_t used = sum;
    (void)used;
}

static void read_all(const tw_batch_way *way, const input *in) {
    input own = *in;
    tw_task_run(way->runner, COPY_PARTS, read_part, &own);
}

static void simple_returns(const tw_batch_way *way, const input *in) {
    tw_batch_returns(way, in->shape, in->prices, TW_BATCH_SIMPLE, in->results);
}

static void log_returns(const tw_batch_way *way, const input *in) {
    tw_batch_returns(way, in->shape, in->prices, TW_BATCH_LOG, in->results);
}

static void zscores(const tw_batch_way *way, const input *in) {
    tw_batch_zscores(way, in->shape, in->returns, 1, in->results);
}

static void row_zscores(const tw_batch_way *way, const input *in) {
    tw_batch_row_zscores(way, in->shape, in->returns, 1, in->results);
}

static void ranks(const tw_batch_way *way, const input *in) {
    tw_batch_ranks(way, in->shape, in->returns, TW_BATCH_PERCENTILE, in->scratch, in->results);
}

static void fill_gaps(const tw_batch_way *way, const input *in) {
    tw_batch_fill_forward(way, in->shape, in->results, 5);
}

static void outliers(const tw_batch_way *way, const input *in) {
    const tw_batch_outlier_rule rule = {.window = 21, .count_min = 10, .threshold = 8};
    size_t count = 0;
    require(tw_batch_outliers(way, in->shape, in->returns, &rule, in->flags, &count) == TW_OK,
            "outliers");
}

static const struct {
    const char *name;
    job run;
    int reads; /* of the whole matrix, before the first result */
} jobs[] = {{"returns", simple_returns, 0}, {"log returns", log_returns, 0},
            {"z-scores", zscores, 1},       {"row z-scores", row_zscores, 0},
            {"fill", fill_gaps, 0},         {"ranks", ranks, 0},
            {"outliers", outliers, 0}};
#define JOB_COUNT (sizeof jobs / sizeof jobs[0])

static double measure(job run, const tw_batch_way *way, const input *in) {
    double ns[RUN_COUNT];
    double cells = (double)(in->shape.rows * in->shape.columns);
    run(way, in);
    for (int i = 0; i < RUN_COUNT; i++) {
        double begin = now_ns();
        run(way, in);
        ns[i] = (now_ns() - begin) / cells;
    }
    qsort(ns, RUN_COUNT, sizeof *ns, by_value);
    return ns[RUN_COUNT / 2];
}

static void *take(size_t count) {
    double *memory = tw_allocate(tw_allocator_system(), count, sizeof *memory, 64);
    require(memory != NULL, "memory");
    return memory;
}

static void fill(input *in) {
    tw_random random;
    tw_random_init(&random, 1, 0);
    size_t n = in->shape.columns;
    for (size_t j = 0; j < n; j++)
        in->prices[j] = 20 + 480 * tw_random_uniform(&random);
    for (size_t i = n; i < in->shape.rows * n; i++)
        in->prices[i] = in->prices[i - n] * exp(0.02 * tw_random_normal(&random));
    tw_batch_returns(NULL, in->shape, in->prices, TW_BATCH_SIMPLE, in->returns + n);
    for (size_t j = 0; j < n; j++)
        in->returns[j] = NAN;
}

static void report(const char *name, job run, int reads, const tw_task_runner *two,
                   const input *in) {
    const tw_batch_way plain = {.level = TW_CPU_BEST};
    const tw_batch_way shared = {.level = TW_CPU_BEST, .runner = two};
    double least = measure(copy, &plain, in) + reads * measure(read_all, &plain, in);
    double least_two = measure(copy, &shared, in) + reads * measure(read_all, &shared, in);
    for (int level = TW_CPU_BASELINE; level < TW_CPU_LEVEL_COUNT; level++) {
        if (!tw_cpu_has((tw_cpu_level)level))
            continue;
        const tw_batch_way alone = {.level = (tw_cpu_level)level};
        const tw_batch_way both = {.level = (tw_cpu_level)level, .runner = two};
        double one = measure(run, &alone, in);
        double pair = measure(run, &both, in);
        printf("%-14s %-10s %7.3f %7.2f %8.3f %7.2f %6.2f\n", name,
               tw_cpu_name((tw_cpu_level)level), one, one / least, pair, pair / least_two,
               one / pair);
    }
}

/* ---- Features ------------------------------------------------------------------------------ */

static const char *const texts[] = {
    "log_return",        "realised_volatility(20)",
    "zscore(20).zscore", "rsi(14)",
    "macd.histogram",    "atr(14)",
    "bollinger(20,2)",   "sma(200)",
    "adx(14).adx",       "correlation(60, returns=simple).correlation",
    "median(20)",        "cross_percentile(roc(20))"};
#define TEXT_COUNT (sizeof texts / sizeof texts[0])

typedef struct feature_job {
    tw_features *features;
    tw_features_panel panel;
    double *values[TW_INDICATOR_OUTPUTS_MAX];
} feature_job;

static void compute(const tw_batch_way *way, const input *in) {
    (void)way;
    const feature_job *of = (const feature_job *)(const void *)in->scratch;
    require(tw_features_run(of->features, &of->panel, of->values) == TW_OK, "a run");
}

/* ns a cell and output. */
static double measure_feature(const char *text, const input *in, tw_features_config config,
                              bool remembered) {
    feature_job of = {.panel = {.shape = in->shape, .benchmark = in->scratch}};
    tw_cache *cache = NULL;
    tw_cache_config cache_config = tw_features_cache_config(in->shape.rows, 8 * in->shape.columns);
    config.texts = &text;
    config.count = 1;
    config.columns_max = in->shape.columns;
    config.rows_max = in->shape.rows;
    if (remembered) {
        require(tw_cache_new(NULL, &cache_config, NULL, &cache) == TW_OK, "a cache");
        config.cache = cache;
    }
    require(tw_features_new(NULL, &config, &of.features, NULL) == TW_OK, text);
    for (size_t s = 0; s < TW_INDICATOR_OTHER; s++)
        of.panel.inputs[s] = in->prices;
    tw_features_series *series = calloc(in->shape.columns, sizeof *series);
    require(series != NULL, "memory");
    for (size_t j = 0; j < in->shape.columns; j++)
        series[j].id = j;
    of.panel.series = remembered ? series : NULL;
    size_t outputs = tw_features_outputs(of.features);
    for (size_t o = 0; o < outputs; o++)
        of.values[o] = take(in->shape.rows * in->shape.columns);
    input with = *in;
    with.scratch = (double *)(void *)&of;
    double ns = measure(compute, NULL, &with) / (double)outputs;
    for (size_t o = 0; o < outputs; o++)
        tw_release(tw_allocator_system(), of.values[o], in->shape.rows * in->shape.columns,
                   sizeof(double), 64);
    free(series);
    tw_features_free(of.features);
    tw_cache_free(cache);
    return ns;
}

static void report_feature(const char *text, const tw_task_runner *two, const input *in) {
    double remembered = measure_feature(text, in, (tw_features_config){0}, true);
    for (int level = TW_CPU_BASELINE; level < TW_CPU_LEVEL_COUNT; level++) {
        if (!tw_cpu_has((tw_cpu_level)level))
            continue;
        tw_features_config config = {.level = (tw_cpu_level)level};
        double one = measure_feature(text, in, config, false);
        config.runner = two;
        double pair = measure_feature(text, in, config, false);
        printf("%-44s %-9s %7.2f %8.2f %6.2f %8.2f\n", text, tw_cpu_name((tw_cpu_level)level), one,
               pair, one / pair, remembered);
    }
}

int main(int argc, char **argv) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    input in = {.shape = {ROWS, COLUMNS}};
    if (argc == 3)
        in.shape = (tw_batch_shape){strtoul(argv[1], NULL, 10), strtoul(argv[2], NULL, 10)};
    require(in.shape.rows > 1 && in.shape.columns > 0, "a shape");
    size_t cells = in.shape.rows * in.shape.columns;
    in.prices = take(cells);
    in.returns = take(cells);
    in.results = take(cells);
    in.scratch =
        take(TW_BATCH_RANK_PARTS * TW_BATCH_RANK_SCRATCH * in.shape.columns + in.shape.rows);
    in.flags = calloc(cells, 1);
    require(in.flags != NULL, "memory");
    fill(&in);
    TW_AUTO(tw_workers) *workers = NULL;
    require(tw_workers_new(NULL, 2, &workers, NULL) == TW_OK, "two threads");
    const tw_batch_way plain = {.level = TW_CPU_BEST};
    const tw_batch_way shared = {.level = TW_CPU_BEST, .runner = tw_workers_runner(workers)};
    printf("%zu x %zu cells; ns a cell: copying %.3f, by two threads %.3f; reading %.3f, %.3f\n",
           in.shape.rows, in.shape.columns, measure(copy, &plain, &in), measure(copy, &shared, &in),
           measure(read_all, &plain, &in), measure(read_all, &shared, &in));
    printf("%-14s %-10s %7s %7s %8s %7s %6s\n", "loop", "level", "ns", "x least", "two, ns",
           "x least", "ratio");
    for (size_t i = 0; i < JOB_COUNT; i++)
        report(jobs[i].name, jobs[i].run, jobs[i].reads, tw_workers_runner(workers), &in);
    for (size_t i = 0; i < in.shape.rows; i++)
        in.scratch[i] = in.prices[i * in.shape.columns];
    printf("\n%-44s %-9s %7s %8s %6s %8s\n", "feature, ns a cell and output", "level", "ns",
           "two, ns", "ratio", "known");
    for (size_t i = 0; i < TEXT_COUNT; i++)
        report_feature(texts[i], tw_workers_runner(workers), &in);
    return 0;
}
