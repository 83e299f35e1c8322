/*
 * model_dense.c - products, factors and solutions against the chains that dense.h promises, element
 * by element: the same bits at any level of instructions and with any number of workers.
 *
 * Shapes are around the widths of tiles, panels, blocks and chunks; values are of many sizes, with
 * a NaN here and there.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tradewind/dense.h"
#include "tradewind/random.h"
#include "tradewind/workers.h"

#define ROUND_COUNT 60
#define DOUBLES_MAX 400000

static double values_a[DOUBLES_MAX];
static double values_b[DOUBLES_MAX];
static double expected[DOUBLES_MAX];
static double actual[DOUBLES_MAX];
static double scratch[2 * DOUBLES_MAX];

/* 1 to `most`, and more often next to a multiple of eight. */
static size_t any_size(tw_random *random, size_t most) {
    size_t size = 1 + tw_random_below(random, most);
    if (tw_random_below(random, 2) == 0)
        size = size / 8 * 8 + tw_random_below(random, 3);
    return size < 1 ? 1 : size > most ? most : size;
}

static void fill(tw_random *random, size_t count, double *values) {
    bool wide = tw_random_below(random, 4) == 0;
    bool holes = tw_random_below(random, 8) == 0;
    for (size_t i = 0; i < count; i++) {
        double value = 2 * tw_random_uniform(random) - 1;
        values[i] = wide ? ldexp(value, (int)tw_random_below(random, 100) - 50) : value;
        if (holes && tw_random_below(random, count) == 0)
            values[i] = NAN;
    }
}

/* Bit for bit; any NaN is like another. */
static void assert_same(const double *a, const double *b, size_t count, const char *what) {
    for (size_t i = 0; i < count; i++) {
        bool same = memcmp(&a[i], &b[i], sizeof *a) == 0 || (isnan(a[i]) && isnan(b[i]));
        if (!same)
            fail_msg("%s: element %zu is %.17g, not %.17g", what, i, a[i], b[i]);
    }
}

/* ---- Every way ----------------------------------------------------------------------------- */

#define WAY_COUNT_MAX 12

static tw_workers *workers[4];
static tw_dense_way ways[WAY_COUNT_MAX];
static size_t way_count;

static int make_ways(void **state) {
    (void)state;
    for (uint32_t n = 1; n < 4; n++) {
        tw_error error = {0};
        if (tw_workers_new(NULL, n, &workers[n], &error) != TW_OK)
            return -1;
    }
    for (tw_cpu_level level = TW_CPU_BASELINE; level <= TW_CPU_AVX512; level++) {
        for (uint32_t n = 0; n < 4 && tw_cpu_has(level); n++) {
            const tw_task_runner *runner = n == 0 ? NULL : tw_workers_runner(workers[n]);
            ways[way_count++] = (tw_dense_way){runner, level};
        }
    }
    return 0;
}

static int free_ways(void **state) {
    (void)state;
    for (uint32_t n = 1; n < 4; n++)
        tw_workers_free(workers[n]);
    return 0;
}

/* ---- Products ------------------------------------------------------------------------------ */

static void slow_products(tw_dense_shape shape, const double *values, const double *centres,
                          double *ret) {
    size_t n = shape.columns;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j <= i; j++) {
            double sum = 0;
            for (size_t t = 0; t < shape.rows; t++) {
                double a = values[t * n + i] - (centres == NULL ? 0 : centres[i]);
                double b = values[t * n + j] - (centres == NULL ? 0 : centres[j]);
                sum = fma(a, b, sum);
            }
            ret[i * n + j] = ret[j * n + i] = sum;
        }
    }
}

static void test_products_are_chains_in_the_order_of_the_rows(void **state) {
    (void)state;
    tw_random random;
    tw_random_init(&random, 1, 0);
    for (int round = 0; round < ROUND_COUNT; round++) {
        tw_dense_shape shape = {any_size(&random, 60), any_size(&random, 90)};
        if (round % 6 == 0)
            shape = (tw_dense_shape){any_size(&random, 2300), any_size(&random, 30)};
        const double *centres = round % 3 == 0 ? NULL : values_b;
        fill(&random, shape.rows * shape.columns, values_a);
        fill(&random, shape.columns, values_b);
        slow_products(shape, values_a, centres, expected);
        size_t room = tw_dense_products_scratch(shape);
        for (size_t w = 0; w < way_count; w++) {
            scratch[room] = 42; /* what is behind is not touched */
            actual[shape.columns * shape.columns] = 43;
            tw_dense_products(&ways[w], shape, values_a, centres, scratch, actual);
            assert_same(actual, expected, shape.columns * shape.columns, "products");
            assert_true(scratch[room] == 42);
            assert_true(actual[shape.columns * shape.columns] == 43);
        }
    }
}

static void slow_multiply(tw_dense_factors f, const double *a, const double *b, double *ret) {
    for (size_t i = 0; i < f.rows; i++) {
        for (size_t j = 0; j < f.columns; j++) {
            double sum = 0;
            for (size_t t = 0; t < f.inner; t++)
                sum = fma(a[i * f.inner + t],
                          f.transposed ? b[j * f.inner + t] : b[t * f.columns + j], sum);
            ret[i * f.columns + j] = sum;
        }
    }
}

static void test_matrices_are_multiplied_in_the_order_of_the_inner_index(void **state) {
    (void)state;
    tw_random random;
    tw_random_init(&random, 2, 0);
    for (int round = 0; round < ROUND_COUNT; round++) {
        tw_dense_factors f = {any_size(&random, 70), any_size(&random, 80), any_size(&random, 90),
                              round % 2 == 0};
        if (round % 6 == 0)
            f = (tw_dense_factors){any_size(&random, 20), any_size(&random, 2300),
                                   any_size(&random, 30), round % 4 == 0};
        fill(&random, f.rows * f.inner, values_a);
        fill(&random, f.inner * f.columns, values_b);
        slow_multiply(f, values_a, values_b, expected);
        for (size_t w = 0; w < way_count; w++) {
            actual[f.rows * f.columns] = 43;
            tw_dense_multiply(&ways[w], f, values_a, values_b, scratch, actual);
            assert_same(actual, expected, f.rows * f.columns, "multiply");
            assert_true(actual[f.rows * f.columns] == 43);
        }
    }
}

static void test_a_triangle_times_panels(void **state) {
    (void)state;
    tw_random random;
    tw_random_init(&random, 5, 0);
    for (int round = 0; round < ROUND_COUNT; round++) {
        size_t size = any_size(&random, 130);
        size_t count = tw_random_below(&random, 4);
        size_t panel = size * TW_DENSE_PANEL;
        fill(&random, size * size, values_a);
        for (size_t i = 0; i < count * panel; i++)
            values_b[i] = tw_random_normal(&random);
        for (size_t k = 0; k < count * panel; k++) {
            const double *column = values_b + k / panel * panel + k % TW_DENSE_PANEL;
            size_t row = k % panel / TW_DENSE_PANEL;
            expected[k] = (double)row;
            for (size_t t = 0; t <= row; t++)
                expected[k] =
                    fma(values_a[row * size + t], column[t * TW_DENSE_PANEL], expected[k]);
        }
        tw_dense_pack_lower(size, values_a, scratch);
        for (tw_cpu_level level = TW_CPU_BASELINE; level <= TW_CPU_AVX512; level++) {
            for (size_t k = 0; k < count * panel; k++)
                actual[k] = (double)(k % panel / TW_DENSE_PANEL);
            actual[count * panel] = 43;
            tw_dense_multiply_lower(level, size, scratch, count, values_b, actual);
            assert_same(actual, expected, count * panel, "triangle");
            assert_true(actual[count * panel] == 43);
        }
    }
}

/* ---- Factors ------------------------------------------------------------------------------- */

/* Returns the first column without a pivot, or `size`. */
static size_t slow_cholesky(size_t size, double *m) {
    for (size_t j = 0; j < size; j++) {
        for (size_t i = j; i < size; i++) {
            double value = m[i * size + j];
            for (size_t t = 0; t < j; t++)
                value = fma(-m[i * size + t], m[j * size + t], value);
            if (i == j && !(value > 0))
                return j;
            m[i * size + j] = i == j ? sqrt(value) : value / m[j * size + j];
        }
        for (size_t i = 0; i < j; i++)
            m[i * size + j] = 0;
    }
    return size;
}

static void test_factors_of_positive_definite_matrices(void **state) {
    (void)state;
    tw_random random;
    tw_random_init(&random, 3, 0);
    for (int round = 0; round < ROUND_COUNT; round++) {
        size_t size = any_size(&random, round % 5 == 0 ? 200 : 60);
        /* With fewer rows than columns it is singular, and found out at the latest by rounding. */
        tw_dense_shape shape = {round % 4 == 0 ? size : size + 5, size};
        for (size_t i = 0; i < shape.rows * size; i++)
            values_a[i] = tw_random_normal(&random);
        slow_products(shape, values_a, NULL, values_b);
        if (round % 7 == 0) /* not definite */
            values_b[size / 2 * size + size / 2] = -1;
        memcpy(expected, values_b, size * size * sizeof *expected);
        size_t column = slow_cholesky(size, expected);
        for (size_t w = 0; w < way_count; w++) {
            size_t found = size;
            memcpy(actual, values_b, size * size * sizeof *actual);
            bool definite = tw_dense_cholesky(&ways[w], size, actual, scratch, &found);
            assert_int_equal(definite, column == size);
            assert_int_equal(found, column);
            if (definite)
                assert_same(actual, expected, size * size, "cholesky");
        }
    }
}

static void test_what_is_not_a_number_is_not_definite(void **state) {
    (void)state;
    double matrix[9] = {4, 0, 0, 1, NAN, 0, 1, 1, 3};
    size_t column = 9;
    assert_false(tw_dense_cholesky(NULL, 3, matrix, scratch, &column));
    assert_int_equal(column, 1);
    double huge[1] = {INFINITY};
    assert_false(tw_dense_cholesky(NULL, 1, huge, scratch, &column));
    assert_int_equal(column, 0);
}

static void test_solutions_solve(void **state) {
    (void)state;
    tw_random random;
    tw_random_init(&random, 4, 0);
    for (int round = 0; round < ROUND_COUNT; round++) {
        size_t size = any_size(&random, 70);
        size_t column = 0;
        double x[70];
        double y[70];
        for (size_t i = 0; i < (size + 3) * size; i++)
            values_a[i] = tw_random_normal(&random);
        slow_products((tw_dense_shape){size + 3, size}, values_a, NULL, values_b);
        memcpy(actual, values_b, size * size * sizeof *actual);
        for (size_t i = 0; i < size; i++)
            actual[i * size + i] = values_b[i * size + i] += 1; /* well conditioned */
        for (size_t i = 0; i < size; i++)
            expected[i] = x[i] = tw_random_normal(&random);
        assert_true(tw_dense_cholesky(NULL, size, actual, scratch, &column));
        tw_dense_solve_forward(size, actual, x);
        tw_dense_solve_backward(size, actual, x);
        tw_dense_apply(size, values_b, x, y);
        for (size_t i = 0; i < size; i++)
            assert_true(fabs(y[i] - expected[i]) < 1e-9);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_products_are_chains_in_the_order_of_the_rows),
        cmocka_unit_test(test_matrices_are_multiplied_in_the_order_of_the_inner_index),
        cmocka_unit_test(test_a_triangle_times_panels),
        cmocka_unit_test(test_factors_of_positive_definite_matrices),
        cmocka_unit_test(test_what_is_not_a_number_is_not_definite),
        cmocka_unit_test(test_solutions_solve),
    };
    return cmocka_run_group_tests(tests, make_ways, free_ways);
}
