/*
 * bench_batch.c - features of many assets: each loop at each level of instructions, on one thread
 * and on two, beside copying the same memory.
 *
 *     bench_batch [ROWS COLUMNS]       (2520 days of 500 symbols)
 *
 * Printed are ns a cell, the median of RUN_COUNT, its ratio to memcpy of the matrix measured in the
 * same run (a loop that reads and writes each cell once cannot be faster than that), and how much
 * faster two threads are.
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tradewind/batch.h"
#include "tradewind/random.h"
#include "tradewind/workers.h"

#define RUN_COUNT 15
#define ROWS 2520
#define COLUMNS 500

static void require(bool condition, const char *what) {
    if (condition)
        return;
    fprintf(stderr, "bench_batch: %s failed\n", what);
    exit(1);
}

static double now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

typedef struct input {
    tw_batch_shape shape;
    double *prices;
    double *returns;
    double *results;
    double *scratch;
} input;

typedef void (*job)(const tw_batch_way *way, const input *in);

static void copy(const tw_batch_way *way, const input *in) {
    (void)way;
    memcpy(in->results, in->prices, in->shape.rows * in->shape.columns * sizeof(double));
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

static const struct {
    const char *name;
    job run;
} jobs[] = {{"returns", simple_returns},
            {"log returns", log_returns},
            {"z-scores", zscores},
            {"row z-scores", row_zscores},
            {"ranks", ranks}};
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
    double *memory = calloc(count, sizeof *memory);
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

static void report(const char *name, job run, const tw_task_runner *two, const input *in) {
    double copied = measure(copy, NULL, in);
    for (int level = TW_CPU_BASELINE; level < TW_CPU_LEVEL_COUNT; level++) {
        if (!tw_cpu_has((tw_cpu_level)level))
            continue;
        const tw_batch_way alone = {.level = (tw_cpu_level)level};
        const tw_batch_way both = {.level = (tw_cpu_level)level, .runner = two};
        double one = measure(run, &alone, in);
        double pair = measure(run, &both, in);
        printf("%-14s %-10s %7.3f %7.2f %8.3f %6.2f\n", name, tw_cpu_name((tw_cpu_level)level), one,
               one / copied, pair, one / pair);
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
    in.scratch = take(TW_BATCH_RANK_PARTS * 4 * in.shape.columns);
    fill(&in);
    TW_AUTO(tw_workers) *workers = NULL;
    require(tw_workers_new(NULL, 2, &workers, NULL) == TW_OK, "two threads");
    printf("%zu x %zu cells; memcpy %.3f ns a cell\n%-14s %-10s %7s %7s %8s %6s\n", in.shape.rows,
           in.shape.columns, measure(copy, NULL, &in), "loop", "level", "ns", "copies", "two, ns",
           "ratio");
    for (size_t i = 0; i < JOB_COUNT; i++)
        report(jobs[i].name, jobs[i].run, tw_workers_runner(workers), &in);
    free(in.prices);
    free(in.returns);
    free(in.results);
    free(in.scratch);
    return 0;
}
