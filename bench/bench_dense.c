/*
 * bench_dense.c - dense products and factors beside OpenBLAS, on one thread and on two.
 *
 *     bench_dense [ROWS COLUMNS]       (2520 days of 500 assets)
 *
 * OpenBLAS (Debian: libopenblas0) is loaded at run time, so that its core type can be chosen first:
 * it reads OPENBLAS_CORETYPE when it is loaded, and takes a new processor for an old one. Unless
 * the variable is set, the best of those that this processor runs is taken. Without the library
 * only our own figures are printed.
 *
 * Printed are milliseconds, the median of RUN_COUNT runs, and the ratio to OpenBLAS. Sums of
 * products are ours with the centring of the columns; dsyrk gets them centred and leaves one
 * triangle unwritten.
 */
#include <dlfcn.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"
#include "tradewind/dense.h"
#include "tradewind/random.h"
#include "tradewind/workers.h"

enum { RUN_COUNT = 11, ROWS = 2520, COLUMNS = 500, PORTFOLIOS = 1000 };

/* The numbers that CBLAS has for its words. */
enum { ROW_MAJOR = 101, PLAIN = 111, TRANSPOSED = 112, LOWER = 122 };

static double now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* ---- The peer ------------------------------------------------------------------------------ */

typedef void (*syrk_call)(int order, int uplo, int trans, int n, int k, double alpha,
                          const double *a, int lda, double beta, double *c, int ldc);
typedef void (*gemm_call)(int order, int transa, int transb, int m, int n, int k, double alpha,
                          const double *a, int lda, const double *b, int ldb, double beta,
                          double *c, int ldc);
typedef void (*potrf_call)(const char *uplo, const int *n, double *a, const int *lda, int *info,
                           size_t uplo_size);

typedef struct openblas {
    void *library;
    void (*set_threads)(int count);
    syrk_call syrk;
    gemm_call gemm;
    potrf_call potrf;
} openblas;

/* A pointer to data that is one to a function. */
static void find(void *library, const char *name, void *ret_function) {
    void *symbol = dlsym(library, name);
    memcpy(ret_function, &symbol, sizeof symbol);
}

static openblas load_openblas(void) {
    openblas peer = {0};
    const char *best = tw_cpu_has(TW_CPU_AVX512) ? "SkylakeX" : "Haswell";
    if (getenv("OPENBLAS_CORETYPE") == NULL)
        setenv("OPENBLAS_CORETYPE", best, 1);
    peer.library = dlopen("libopenblas.so.0", RTLD_NOW);
    if (peer.library == NULL) {
        printf("OpenBLAS is not here (libopenblas0): our own figures only.\n");
        return peer;
    }
    find(peer.library, "openblas_set_num_threads", &peer.set_threads);
    find(peer.library, "cblas_dsyrk", &peer.syrk);
    find(peer.library, "cblas_dgemm", &peer.gemm);
    find(peer.library, "dpotrf_", &peer.potrf);
    require(peer.set_threads != NULL && peer.syrk != NULL && peer.gemm != NULL &&
                peer.potrf != NULL,
            "finding the functions of OpenBLAS");
    printf("OpenBLAS with core type %s.\n", getenv("OPENBLAS_CORETYPE"));
    return peer;
}

/* ---- Jobs ---------------------------------------------------------------------------------- */

typedef struct input {
    size_t rows;
    size_t columns;
    double *values;
    double *centres;
    double *centred;
    double *weights; /* [PORTFOLIOS][columns] */
    double *scratch;
    double *result; /* of ours */
    double *other;  /* of the peer */
    double *definite;
} input;

typedef struct job {
    const char *name;
    void (*ours)(const tw_dense_way *way, const input *in);
    void (*theirs)(const openblas *peer, const input *in);
    double (*multiply_adds)(const input *in);
} job;

static void our_products(const tw_dense_way *way, const input *in) {
    tw_dense_products(way, (tw_dense_shape){in->rows, in->columns}, in->values, in->centres,
                      in->scratch, in->result);
}

static void their_products(const openblas *peer, const input *in) {
    int n = (int)in->columns;
    peer->syrk(ROW_MAJOR, LOWER, TRANSPOSED, n, (int)in->rows, 1, in->centred, n, 0, in->other, n);
}

static double products_size(const input *in) {
    return (double)in->rows * (double)in->columns * (double)(in->columns + 1) / 2;
}

static void our_multiply(const tw_dense_way *way, const input *in) {
    const tw_dense_factors factors = {PORTFOLIOS, in->columns, in->rows, true};
    tw_dense_multiply(way, factors, in->weights, in->values, in->scratch, in->result);
}

static void their_multiply(const openblas *peer, const input *in) {
    int k = (int)in->columns;
    peer->gemm(ROW_MAJOR, PLAIN, TRANSPOSED, PORTFOLIOS, (int)in->rows, k, 1, in->weights, k,
               in->values, k, 0, in->other, (int)in->rows);
}

static double multiply_size(const input *in) {
    return (double)PORTFOLIOS * (double)in->columns * (double)in->rows;
}

static void our_factor(const tw_dense_way *way, const input *in) {
    size_t column = 0;
    memcpy(in->result, in->definite, in->columns * in->columns * sizeof *in->result);
    require(tw_dense_cholesky(way, in->columns, in->result, in->scratch, &column), "cholesky");
}

static void their_factor(const openblas *peer, const input *in) {
    int n = (int)in->columns;
    int info = 0;
    memcpy(in->other, in->definite, in->columns * in->columns * sizeof *in->other);
    peer->potrf("U", &n, in->other, &n, &info, 1); /* the upper one by columns: ours by rows */
    require(info == 0, "dpotrf");
}

static double factor_size(const input *in) {
    double n = (double)in->columns;
    return n * n * n / 6;
}

static const job jobs[] = {
    {"sums of products (dsyrk)", our_products, their_products, products_size},
    {"1,000 portfolios (dgemm)", our_multiply, their_multiply, multiply_size},
    {"cholesky (dpotrf)", our_factor, their_factor, factor_size},
};

/* ---- Runs ---------------------------------------------------------------------------------- */

static void run_job(const job *j, const input *in, const openblas *peer, const tw_dense_way *way) {
    double ours[RUN_COUNT];
    double theirs[RUN_COUNT];
    /* Not in turns: OpenBLAS's threads go on spinning for a while, on a processor that we want. */
    nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    for (int r = -1; r < RUN_COUNT; r++) {
        double begin = now_ms();
        j->ours(way, in);
        ours[r < 0 ? 0 : r] = now_ms() - begin;
    }
    for (int r = -1; r < RUN_COUNT; r++) {
        double begin = now_ms();
        if (peer->library != NULL)
            j->theirs(peer, in);
        theirs[r < 0 ? 0 : r] = now_ms() - begin;
    }
    qsort(ours, RUN_COUNT, sizeof ours[0], by_value);
    qsort(theirs, RUN_COUNT, sizeof theirs[0], by_value);
    double own = ours[RUN_COUNT / 2];
    double other = theirs[RUN_COUNT / 2];
    printf("  %-26s %8.2f ms %6.1f GF/s", j->name, own, 2 * j->multiply_adds(in) / own / 1e6);
    if (peer->library != NULL)
        printf("   OpenBLAS %8.2f ms   %5.2f of its time", other, own / other);
    printf("\n");
}

/* The lower triangles agree to rounding. */
static void compare(const input *in, const openblas *peer) {
    our_products(NULL, in);
    if (peer->library == NULL)
        return;
    their_products(peer, in);
    for (size_t i = 0; i < in->columns; i++) {
        for (size_t j = 0; j <= i; j++) {
            double a = in->result[i * in->columns + j];
            double b = in->other[i * in->columns + j];
            require(fabs(a - b) <= 1e-9 * (1 + fabs(a)), "agreeing with dsyrk");
        }
    }
}

static double *doubles(size_t count) {
    double *values = tw_allocate(NULL, count, sizeof *values, 64);
    require(values != NULL, "taking memory");
    return values;
}

static void fill(input *in) {
    tw_random random;
    tw_random_init(&random, 1, 0);
    for (size_t i = 0; i < in->rows * in->columns; i++)
        in->values[i] = 0.01 * tw_random_normal(&random);
    for (size_t i = 0; i < PORTFOLIOS * in->columns; i++)
        in->weights[i] = tw_random_uniform(&random);
    for (size_t j = 0; j < in->columns; j++) {
        double sum = 0;
        for (size_t t = 0; t < in->rows; t++)
            sum += in->values[t * in->columns + j];
        in->centres[j] = sum / (double)in->rows;
        for (size_t t = 0; t < in->rows; t++)
            in->centred[t * in->columns + j] = in->values[t * in->columns + j] - in->centres[j];
    }
    our_products(NULL, in);
    memcpy(in->definite, in->result, in->columns * in->columns * sizeof *in->definite);
    for (size_t i = 0; i < in->columns; i++)
        in->definite[i * in->columns + i] *= 1.5;
}

int main(int argc, char **argv) {
    size_t rows = argc > 2 ? strtoul(argv[1], NULL, 10) : ROWS;
    size_t columns = argc > 2 ? strtoul(argv[2], NULL, 10) : COLUMNS;
    require(rows > 0 && columns > 0 && rows < 100000 && columns < 10000, "reading ROWS COLUMNS");
    const tw_dense_factors factors = {PORTFOLIOS, columns, rows, true};
    size_t room = tw_dense_products_scratch((tw_dense_shape){rows, columns});
    size_t wide = tw_dense_multiply_scratch(factors);
    size_t factor = tw_dense_cholesky_scratch(columns);
    room = wide > room ? wide : room;
    room = factor > room ? factor : room;
    size_t results = columns * columns > PORTFOLIOS * rows ? columns * columns : PORTFOLIOS * rows;
    input in = {.rows = rows,
                .columns = columns,
                .values = doubles(rows * columns),
                .centres = doubles(columns),
                .centred = doubles(rows * columns),
                .weights = doubles(PORTFOLIOS * columns),
                .scratch = doubles(room),
                .result = doubles(results),
                .other = doubles(results),
                .definite = doubles(columns * columns)};
    openblas peer = load_openblas();
    fill(&in);
    compare(&in, &peer);
    printf("%zu rows of %zu columns\n", rows, columns);
    for (uint32_t threads = 1; threads <= 2; threads++) {
        TW_AUTO(tw_workers) *workers = NULL;
        tw_error error = {0};
        require(tw_workers_new(NULL, threads, &workers, &error) == TW_OK, "starting workers");
        if (peer.library != NULL)
            peer.set_threads((int)threads);
        for (tw_cpu_level level = TW_CPU_AVX2; level <= TW_CPU_AVX512; level++) {
            const tw_dense_way way = {tw_workers_runner(workers), level};
            if (!tw_cpu_has(level))
                continue;
            printf("%u thread%s, %s\n", threads, threads == 1 ? "" : "s", tw_cpu_name(level));
            for (size_t i = 0; i < sizeof jobs / sizeof jobs[0]; i++)
                run_job(&jobs[i], &in, &peer, &way);
        }
    }
    return 0; /* what was taken goes with the process */
}
