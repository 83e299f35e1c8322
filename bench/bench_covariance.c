/*
 * bench_covariance.c - estimators of covariance, one row pushed, eigenvalues and regressions.
 *
 *     bench_covariance [ROWS ASSETS]       (2520 days of 500 assets)
 *
 * Printed are milliseconds, the median of RUN_COUNT runs, on one thread and on two. The same in
 * NumPy: peer_covariance.py. Eigenvalues are beside LAPACK's dsyevd of OpenBLAS (Debian:
 * libopenblas0), which is loaded at run time with the best core type that this processor runs, with
 * one thread and with two; without it only our own are printed.
 */
#include <dlfcn.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"
#include "tradewind/covariance.h"
#include "tradewind/factors.h"
#include "tradewind/random.h"
#include "tradewind/workers.h"

enum { RUN_COUNT = 9, ROWS = 2520, ASSETS = 500, FACTORS = 5, WINDOW = 252 };

static double now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

typedef struct bench {
    size_t rows;
    size_t assets;
    double *returns;
    double *factors; /* [rows][FACTORS] */
    double *matrix;
    double *vectors;
    double *values;
    double *scratch;
    tw_covariance *pushed;
    size_t pushed_count;
    tw_covariance_config config;
    tw_dense_way way;
} bench;

typedef void (*job)(bench *of);

static double median_ms(bench *of, job run) {
    double times[RUN_COUNT];
    run(of);
    for (int i = 0; i < RUN_COUNT; i++) {
        double begin = now_ms();
        run(of);
        times[i] = now_ms() - begin;
    }
    qsort(times, RUN_COUNT, sizeof *times, by_value);
    return times[RUN_COUNT / 2];
}

/* ---- Jobs ------------------------------------------------------------------------------------ */

static void estimate(bench *of) {
    tw_covariance_input input = {.returns = of->returns, .rows = of->rows, .assets = of->assets};
    tw_covariance_report report;
    of->config.way = of->way;
    require(tw_covariance_estimate(NULL, &of->config, &input, of->matrix, &report, NULL) == TW_OK,
            "an estimate");
}

static void push_row(bench *of) {
    const double *row = of->returns + of->pushed_count++ % of->rows * of->assets;
    require(tw_covariance_push(of->pushed, row, NULL) == TW_OK, "a push");
}

static void read_pushed(bench *of) {
    require(tw_covariance_read(of->pushed, 1, of->matrix, NULL) == TW_OK, "a read");
}

static void fit(bench *of) {
    tw_factors_config config = {.way = of->way};
    tw_factors_input input = {of->returns, of->factors, of->rows, of->assets, FACTORS};
    tw_factors_answers answers = {.betas = of->matrix, .specific_variances = of->values};
    tw_factors_report report;
    require(tw_factors_fit(NULL, &config, &input, &answers, &report, NULL) == TW_OK, "a fit");
}

static void eigen(bench *of) {
    require(tw_dense_eigen(&of->way, of->assets, of->matrix, of->scratch, of->values, of->vectors),
            "eigenvalues");
}

/* ---- The peer -------------------------------------------------------------------------------- */

typedef void (*syevd_call)(const char *job, const char *uplo, const int *n, double *a,
                           const int *lda, double *w, double *work, const int *work_size,
                           int *integers, const int *integers_size, int *info);
typedef void (*threads_call)(int count);

static struct {
    syevd_call syevd;
    threads_call set_threads;
    double *work;
    int *integers;
    int work_size;
    int integers_size;
} peer;

static void *symbol_of(void *library, const char *name) {
    return library != NULL ? dlsym(library, name) : NULL;
}

static bool open_peer(size_t size) {
    const char *best = tw_cpu_has(TW_CPU_AVX512) ? "SkylakeX"
                       : tw_cpu_has(TW_CPU_AVX2) ? "Haswell"
                                                 : "Nehalem";
    if (getenv("OPENBLAS_CORETYPE") == NULL)
        setenv("OPENBLAS_CORETYPE", best, 1);
    void *library = dlopen("libopenblas.so.0", RTLD_NOW);
    void *syevd = symbol_of(library, "dsyevd_");
    void *set_threads = symbol_of(library, "openblas_set_num_threads");
    if (syevd == NULL || set_threads == NULL)
        return false;
    memcpy(&peer.syevd, &syevd, sizeof syevd);
    memcpy(&peer.set_threads, &set_threads, sizeof set_threads);
    peer.work_size = (int)(1 + 6 * size + 2 * size * size);
    peer.integers_size = (int)(3 + 5 * size);
    peer.work = malloc((size_t)peer.work_size * sizeof *peer.work);
    peer.integers = malloc((size_t)peer.integers_size * sizeof *peer.integers);
    require(peer.work != NULL && peer.integers != NULL, "memory");
    return true;
}

static void peer_eigen(bench *of) {
    int n = (int)of->assets;
    int info = 0;
    memcpy(of->vectors, of->matrix, of->assets * of->assets * sizeof *of->matrix);
    peer.syevd("V", "L", &n, of->vectors, &n, of->values, peer.work, &peer.work_size, peer.integers,
               &peer.integers_size, &info);
    require(info == 0, "dsyevd");
}

/* ---- The whole ------------------------------------------------------------------------------- */

static double *take(size_t count) {
    double *memory = malloc(count * sizeof *memory);
    require(memory != NULL, "memory");
    return memory;
}

/* One common move and one of each asset's own. */
static void make_inputs(bench *of) {
    size_t n = of->assets;
    of->returns = take(of->rows * n);
    of->factors = take(of->rows * FACTORS);
    of->matrix = take(n * (n > FACTORS ? n : FACTORS));
    of->vectors = take(n * n);
    of->values = take(n);
    of->scratch = take(tw_dense_eigen_scratch(n));
    tw_random random;
    tw_random_init(&random, 1, 0);
    for (size_t i = 0; i < of->rows * FACTORS; i++)
        of->factors[i] = 0.01 * tw_random_normal(&random);
    for (size_t t = 0; t < of->rows; t++)
        for (size_t j = 0; j < n; j++)
            of->returns[t * n + j] =
                0.0004 + of->factors[t * FACTORS] + 0.015 * tw_random_normal(&random);
    require(tw_covariance_new(NULL, n, WINDOW, &of->pushed) == TW_OK, "memory");
    for (size_t t = 0; t < 2 * WINDOW; t++)
        push_row(of);
}

static void print_row(bench *of, const char *name, job run, const tw_task_runner *two) {
    of->way = (tw_dense_way){0};
    double alone = median_ms(of, run);
    of->way.runner = two;
    printf("%-34s %9.3f %9.3f\n", name, alone, median_ms(of, run));
}

static const struct {
    const char *name;
    tw_covariance_kind kind;
    tw_covariance_target target;
    tw_covariance_missing missing;
    bool leave_definite;
} estimates[] = {
    {"sample, Cholesky not tried", TW_COVARIANCE_SAMPLE, 0, 0, true},
    {"sample", TW_COVARIANCE_SAMPLE, 0, 0, false},
    {"exponential", TW_COVARIANCE_EXPONENTIAL, 0, 0, false},
    {"semicovariance", TW_COVARIANCE_SEMI, 0, 0, false},
    {"Ledoit-Wolf, identity", TW_COVARIANCE_SHRUNK, TW_COVARIANCE_IDENTITY, 0, false},
    {"Ledoit-Wolf, constant correlation", TW_COVARIANCE_SHRUNK, TW_COVARIANCE_CONSTANT_CORRELATION,
     0, false},
    {"Ledoit-Wolf, single factor", TW_COVARIANCE_SHRUNK, TW_COVARIANCE_SINGLE_FACTOR, 0, false},
    {"oracle approximating", TW_COVARIANCE_ORACLE, 0, 0, false},
    {"Gerber", TW_COVARIANCE_GERBER, 0, 0, false},
    {"denoised", TW_COVARIANCE_DENOISED, 0, 0, false},
};

static void print_estimates(bench *of, const tw_task_runner *two) {
    for (size_t i = 0; i < sizeof estimates / sizeof *estimates; i++) {
        tw_covariance_config_init(&of->config, estimates[i].kind);
        of->config.target = (uint8_t)estimates[i].target;
        of->config.leave_definite = estimates[i].leave_definite;
        print_row(of, estimates[i].name, estimate, two);
    }
    double kept = of->returns[of->rows * of->assets - 1];
    of->returns[of->rows * of->assets - 1] = NAN;
    tw_covariance_config_init(&of->config, TW_COVARIANCE_SAMPLE);
    print_row(of, "sample, a row skipped", estimate, two);
    of->config.missing = TW_COVARIANCE_PAIRWISE;
    print_row(of, "sample, pairs of assets", estimate, two);
    of->returns[of->rows * of->assets - 1] = kept;
}

int main(int argc, char **argv) {
    bench of = {.rows = ROWS, .assets = ASSETS};
    if (argc == 3) {
        of.rows = strtoul(argv[1], NULL, 10);
        of.assets = strtoul(argv[2], NULL, 10);
    }
    require(of.rows > 2 * WINDOW && of.assets > 0, "reading the sizes");
    bool has_peer = open_peer(of.assets);
    make_inputs(&of);
    TW_AUTO(tw_workers) *workers = NULL;
    require(tw_workers_new(NULL, 2, &workers, NULL) == TW_OK, "two threads");
    const tw_task_runner *two = tw_workers_runner(workers);
    printf("%zu rows of %zu assets, median of %d\n", of.rows, of.assets, RUN_COUNT);
    printf("%-34s %9s %9s\n", "ms", "1 thread", "2 threads");
    print_estimates(&of, two);
    char name[64];
    snprintf(name, sizeof name, "regression on %d factors", FACTORS);
    print_row(&of, name, fit, two);
    printf("%-34s %9.3f\n", "one row pushed, window full", median_ms(&of, push_row));
    printf("%-34s %9.3f\n", "what was pushed, read", median_ms(&of, read_pushed));
    tw_covariance_config_init(&of.config, TW_COVARIANCE_SAMPLE);
    estimate(&of);
    for (int threads = 1; threads <= 2; threads++) {
        of.way.runner = threads == 1 ? NULL : two;
        double own = median_ms(&of, eigen);
        printf("eigenvalues and vectors, %d thread%s %9.3f\n", threads, threads == 1 ? " " : "s",
               own);
        if (!has_peer)
            continue;
        peer.set_threads(threads);
        double theirs = median_ms(&of, peer_eigen);
        printf("  dsyevd of OpenBLAS, %d thread%s     %9.3f, ours %.2f times that\n", threads,
               threads == 1 ? " " : "s", theirs, own / theirs);
    }
    tw_covariance_free(of.pushed);
    free(of.returns);
    free(of.factors);
    free(of.matrix);
    free(of.vectors);
    free(of.values);
    free(of.scratch);
    free(peer.work);
    free(peer.integers);
    return 0;
}
