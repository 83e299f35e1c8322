/*
 * model_batch.c - the batch against slow, obvious versions in long doubles, and against itself: any
 * level of instructions, any number of workers, any cut of the matrix, the same bits.
 *
 * Matrices are random: sizes around the widths of vectors, tiles and parts, prices that move a
 * little or by many powers of ten, columns of equal values, missing values, infinities, zeros.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tradewind/batch.h"
#include "tradewind/random.h"
#include "tradewind/workers.h"

#define ROUND_COUNT 250
#define CELLS_MAX 60000

typedef struct matrix {
    tw_batch_shape shape;
    double *values;
} matrix;

typedef void (*kernel)(const tw_batch_way *way, const matrix *from, double *scratch, double *to);

static double any_value(tw_random *random, uint64_t kind) {
    double unit = tw_random_uniform(random);
    uint64_t dice = tw_random_below(random, 40);
    if (kind == 0)
        return 12.5;
    if (dice == 0)
        return NAN;
    if (dice == 1)
        return tw_random_below(random, 2) == 0 ? INFINITY : 0.0;
    if (dice == 2)
        return -unit;
    if (kind == 1)
        return ldexp(1 + unit, (int)tw_random_below(random, 200) - 100);
    return 100 + (kind == 2 ? 1e-9 * unit : unit);
}

static matrix make_matrix(tw_random *random, double *values) {
    tw_batch_shape shape = {tw_random_below(random, 90), 1 + tw_random_below(random, 300)};
    if (tw_random_below(random, 8) == 0)
        shape.columns = 1 + tw_random_below(random, 9);
    bool close = tw_random_below(random, 6) == 0; /* all values, in their first bits */
    for (size_t j = 0; j < shape.columns; j++) {
        uint64_t kind = close ? 2 : tw_random_below(random, 5);
        for (size_t i = 0; i < shape.rows; i++)
            values[i * shape.columns + j] = any_value(random, kind);
    }
    return (matrix){shape, values};
}

/* ---- The kernels under one face ------------------------------------------------------------- */

static void simple_returns(const tw_batch_way *way, const matrix *from, double *scratch,
                           double *to) {
    (void)scratch;
    tw_batch_returns(way, from->shape, from->values, TW_BATCH_SIMPLE, to);
}

static void log_returns(const tw_batch_way *way, const matrix *from, double *scratch, double *to) {
    (void)scratch;
    tw_batch_returns(way, from->shape, from->values, TW_BATCH_LOG, to);
}

static void moments(const tw_batch_way *way, const matrix *from, double *scratch, double *to) {
    (void)scratch;
    size_t n = from->shape.columns;
    tw_batch_moments(way, from->shape, from->values, 1,
                     (tw_batch_moment_rows){to, to + n, to + 2 * n});
}

static void zscores(const tw_batch_way *way, const matrix *from, double *scratch, double *to) {
    (void)scratch;
    tw_batch_zscores(way, from->shape, from->values, 0, to);
}

static void row_zscores(const tw_batch_way *way, const matrix *from, double *scratch, double *to) {
    (void)scratch;
    tw_batch_row_zscores(way, from->shape, from->values, 1, to);
}

static void ranks(const tw_batch_way *way, const matrix *from, double *scratch, double *to) {
    tw_batch_ranks(way, from->shape, from->values, TW_BATCH_RANK, scratch, to);
}

static void percentiles(const tw_batch_way *way, const matrix *from, double *scratch, double *to) {
    tw_batch_ranks(way, from->shape, from->values, TW_BATCH_PERCENTILE, scratch, to);
}

static const kernel kernels[] = {simple_returns, log_returns, moments,    zscores,
                                 row_zscores,    ranks,       percentiles};
#define KERNEL_COUNT (sizeof kernels / sizeof kernels[0])

/* ---- The slow versions ---------------------------------------------------------------------- */

typedef struct slow_moments {
    long double mean;
    long double stddev;
    size_t count;
} slow_moments;

static slow_moments slow_moments_of(const double *values, size_t count, size_t stride,
                                    size_t ddof) {
    slow_moments of = {0, 0, 0};
    long double sum = 0;
    long double squares = 0;
    for (size_t i = 0; i < count; i++) {
        if (isfinite(values[i * stride])) {
            sum += values[i * stride];
            of.count++;
        }
    }
    of.mean = sum / (long double)of.count;
    for (size_t i = 0; i < count; i++) {
        long double difference = values[i * stride] - of.mean;
        squares += isfinite(values[i * stride]) ? difference * difference : 0;
    }
    of.stddev =
        of.count > ddof ? sqrtl(squares / (long double)(of.count - ddof)) : (long double)NAN;
    return of;
}

/* Near: 1e-12 of the size of what was added up. */
static bool is_near(double value, long double slow, long double size) {
    if (isnan(value) || isnan((double)slow))
        return isnan(value) && isnan((double)slow);
    return fabsl(value - slow) <= 1e-12L * (fabsl(slow) + size);
}

static void expect_near(double value, long double slow, long double size, const char *what,
                        size_t cell) {
    if (!is_near(value, slow, size))
        fail_msg("%s at cell %zu: %.17g, slowly %.17Lg", what, cell, value, slow);
}

static void expect_returns(const matrix *from, const double *simple, const double *logs) {
    size_t n = from->shape.columns;
    for (size_t i = 0; from->shape.rows > 0 && i < (from->shape.rows - 1) * n; i++) {
        long double before = from->values[i];
        long double after = from->values[i + n];
        bool known = before > 0 && after > 0 && isfinite((double)before) && isfinite((double)after);
        expect_near(simple[i], known ? (after - before) / before : (long double)NAN, 0, "return",
                    i);
        expect_near(logs[i], known ? logl(after / before) : (long double)NAN, 0.001L, "log return",
                    i);
    }
}

/* A score is the nearer the smaller the values are beside their spread. */
static long double size_of_score(slow_moments of) {
    return 1 + fabsl(of.mean) / of.stddev;
}

static void expect_moments(const matrix *from, const double *got, const double *scores) {
    size_t n = from->shape.columns;
    for (size_t j = 0; j < n; j++) {
        slow_moments slow = slow_moments_of(from->values + j, from->shape.rows, n, 1);
        slow_moments population = slow_moments_of(from->values + j, from->shape.rows, n, 0);
        assert_true(got[2 * n + j] == (double)slow.count);
        expect_near(got[j], slow.mean, fabsl(slow.mean) + population.stddev, "mean", j);
        expect_near(got[n + j], slow.stddev, fabsl(slow.mean), "stddev", j);
        for (size_t i = 0; i < from->shape.rows; i++) {
            double value = from->values[i * n + j];
            bool scored = isfinite(value) && population.stddev > 1e-13L * fabsl(population.mean);
            if (scored)
                expect_near(scores[i * n + j], (value - population.mean) / population.stddev,
                            size_of_score(population), "zscore", i * n + j);
            else if (!isfinite(value) || population.stddev == 0)
                assert_true(isnan(scores[i * n + j]));
        }
    }
}

static double slow_rank(const double *row, size_t columns, size_t at, bool percentile) {
    size_t less = 0;
    size_t equal = 0;
    size_t count = 0;
    for (size_t j = 0; j < columns; j++) {
        count += isfinite(row[j]) ? 1 : 0;
        less += isfinite(row[j]) && row[j] < row[at] ? 1 : 0;
        equal += isfinite(row[j]) && row[j] == row[at] ? 1 : 0;
    }
    double rank = (double)less + ((double)equal + 1) / 2;
    if (!percentile)
        return rank;
    return count > 1 ? (rank - 1) / (double)(count - 1) : 0.5;
}

static void expect_rows(const matrix *from, const double *scores, const double *rank,
                        const double *percentile) {
    size_t n = from->shape.columns;
    for (size_t i = 0; i < from->shape.rows; i++) {
        const double *row = from->values + i * n;
        slow_moments slow = slow_moments_of(row, n, 1, 1);
        for (size_t j = 0; j < n; j++) {
            size_t cell = i * n + j;
            if (!isfinite(row[j])) {
                assert_true(isnan(scores[cell]) && isnan(rank[cell]) && isnan(percentile[cell]));
                continue;
            }
            assert_true(rank[cell] == slow_rank(row, n, j, false));
            assert_true(percentile[cell] == slow_rank(row, n, j, true));
            if (slow.stddev > 1e-13L * fabsl(slow.mean))
                expect_near(scores[cell], (row[j] - slow.mean) / slow.stddev, size_of_score(slow),
                            "row score", cell);
            else if (slow.stddev == 0)
                assert_true(isnan(scores[cell]));
        }
    }
}

/* ---- Tests ----------------------------------------------------------------------------------- */

static double *take(size_t count) {
    double *memory = calloc(count, sizeof *memory);
    assert_non_null(memory);
    return memory;
}

static void any_batch_is_what_the_slow_one_is(void **state) {
    (void)state;
    tw_random random;
    tw_random_init(&random, 11, 0);
    double *values = take(CELLS_MAX);
    double *scratch = take(TW_BATCH_RANK_PARTS * TW_BATCH_RANK_SCRATCH * 512);
    double *to[KERNEL_COUNT];
    for (size_t k = 0; k < KERNEL_COUNT; k++)
        to[k] = take(CELLS_MAX);
    for (int round = 0; round < ROUND_COUNT; round++) {
        matrix from = make_matrix(&random, values);
        for (size_t k = 0; k < KERNEL_COUNT; k++)
            kernels[k](NULL, &from, scratch, to[k]);
        expect_returns(&from, to[0], to[1]);
        expect_moments(&from, to[2], to[3]);
        expect_rows(&from, to[4], to[5], to[6]);
    }
    for (size_t k = 0; k < KERNEL_COUNT; k++)
        free(to[k]);
    free(values);
    free(scratch);
}

static void expect_same_bits(const double *a, const double *b, size_t count, const char *how,
                             size_t kernel_index) {
    for (size_t i = 0; i < count; i++) {
        /* Which of the many NaN it is says nothing. */
        if (memcmp(&a[i], &b[i], sizeof a[i]) != 0 && !(isnan(a[i]) && isnan(b[i])))
            fail_msg("kernel %zu with %s: %a at %zu, but %a", kernel_index, how, a[i], i, b[i]);
    }
}

static void compare_ways(tw_workers *const *workers, const matrix *from, double *scratch,
                         double *first, double *second) {
    for (size_t k = 0; k < KERNEL_COUNT; k++) {
        const tw_batch_way plain = {.level = TW_CPU_BASELINE};
        memset(first, 0, CELLS_MAX * sizeof *first);
        kernels[k](&plain, from, scratch, first);
        for (int level = TW_CPU_BASELINE; level < TW_CPU_LEVEL_COUNT; level++) {
            const tw_batch_way way = {.runner = tw_workers_runner(workers[level % 3]),
                                      .level = (tw_cpu_level)level};
            memset(second, 0, CELLS_MAX * sizeof *second);
            kernels[k](&way, from, scratch, second);
            expect_same_bits(second, first, CELLS_MAX, tw_cpu_name((tw_cpu_level)level), k);
        }
    }
}

static void any_way_gives_the_same_bits(void **state) {
    (void)state;
    tw_random random;
    tw_random_init(&random, 12, 0);
    double *values = take(CELLS_MAX);
    double *scratch = take(TW_BATCH_RANK_PARTS * TW_BATCH_RANK_SCRATCH * 512);
    double *first = take(CELLS_MAX);
    double *second = take(CELLS_MAX);
    tw_workers *workers[3] = {NULL, NULL, NULL};
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(tw_workers_new(NULL, i + 1, &workers[i], NULL), TW_OK);
    for (int round = 0; round < ROUND_COUNT; round++) {
        matrix from = make_matrix(&random, values);
        compare_ways(workers, &from, scratch, first, second);
    }
    for (uint32_t i = 0; i < 3; i++)
        tw_workers_free(workers[i]);
    free(values);
    free(scratch);
    free(first);
    free(second);
}

/* One column alone is what it is among others. */
static void a_column_does_not_depend_on_its_neighbours(void **state) {
    (void)state;
    tw_random random;
    tw_random_init(&random, 13, 0);
    double *values = take(CELLS_MAX);
    double *column = take(CELLS_MAX);
    double *whole = take(CELLS_MAX);
    double *alone = take(CELLS_MAX);
    for (int round = 0; round < ROUND_COUNT; round++) {
        matrix from = make_matrix(&random, values);
        size_t n = from.shape.columns;
        size_t j = tw_random_below(&random, n);
        for (size_t i = 0; i < from.shape.rows; i++)
            column[i] = values[i * n + j];
        matrix one = {{from.shape.rows, 1}, column};
        zscores(NULL, &from, NULL, whole);
        zscores(NULL, &one, NULL, alone);
        for (size_t i = 0; i < from.shape.rows; i++)
            expect_same_bits(&whole[i * n + j], &alone[i], 1, "one column", 3);
    }
    free(values);
    free(column);
    free(whole);
    free(alone);
}

static void the_logarithm_is_exact_but_for_its_last_digits(void **state) {
    (void)state;
    tw_random random;
    tw_random_init(&random, 14, 0);
    double prices[2 * 64];
    double logs[64];
    long double worst = 0;
    for (int round = 0; round < 20000; round++) {
        for (size_t i = 0; i < 64; i++) {
            double unit = tw_random_uniform(&random);
            prices[i] = 1;
            prices[64 + i] = round % 2 == 0
                                 ? 0.7 + 0.75 * unit
                                 : ldexp(1 + unit, (int)tw_random_below(&random, 2000) - 1000);
        }
        tw_batch_returns(NULL, (tw_batch_shape){2, 64}, prices, TW_BATCH_LOG, logs);
        for (size_t i = 0; i < 64; i++) {
            long double right = logl((long double)prices[64 + i]);
            long double ulp = nextafter(fabs(logs[i]), INFINITY) - fabs(logs[i]);
            long double error = fabsl(logs[i] - right) / ulp;
            worst = error > worst ? error : worst;
        }
    }
    print_message("the worst logarithm is off by %.2Lf ulp\n", worst);
    assert_true(worst < 2.5L);
    assert_true(worst > 0.1L);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_batch_is_what_the_slow_one_is),
        cmocka_unit_test(any_way_gives_the_same_bits),
        cmocka_unit_test(a_column_does_not_depend_on_its_neighbours),
        cmocka_unit_test(the_logarithm_is_exact_but_for_its_last_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
