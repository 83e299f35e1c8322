/*
 * test_dense_eigen.c - eigenvalues of matrices whose values are known, and of any: A v = value v,
 * vectors of length 1 at right angles.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "assert_near.h"
#include "tradewind/dense.h"
#include "tradewind/random.h"
#include "tradewind/workers.h"

#define SIZE_MAX_TESTED 200
#define CELLS_MAX (SIZE_MAX_TESTED * SIZE_MAX_TESTED)

static double matrix[CELLS_MAX];
static double vectors[CELLS_MAX];
static double again[CELLS_MAX];
static double values[SIZE_MAX_TESTED];
static double scratch[50 * SIZE_MAX_TESTED];

/* What holds for any symmetric matrix, to 1e-13 of its greatest value. */
static void check(size_t size) {
    double norm = fmax(fabs(values[0]), fabs(values[size - 1]));
    for (size_t i = 0; i < size; i++) {
        const double *v = vectors + i * size;
        assert_true(i == 0 || values[i - 1] <= values[i]);
        for (size_t row = 0; row < size; row++) {
            long double product = 0;
            for (size_t k = 0; k < size; k++)
                product += (long double)matrix[row * size + k] * v[k];
            assert_near((double)(product - (long double)values[i] * v[row]), 0, 1e-13 * norm);
        }
        for (size_t j = 0; j <= i; j++) {
            long double product = 0;
            for (size_t k = 0; k < size; k++)
                product += (long double)v[k] * vectors[j * size + k];
            assert_near((double)product, i == j ? 1 : 0, 1e-13);
        }
        size_t k = 0;
        while (fabs(v[k]) <= 0x1p-26)
            k++;
        assert_true(v[k] > 0);
    }
}

/* Solves a matrix given by its lower triangle; the upper one is poisoned, since it is not read. */
static void solve(size_t size) {
    static double poisoned[CELLS_MAX];
    for (size_t i = 0; i < size; i++)
        for (size_t j = 0; j < size; j++)
            poisoned[i * size + j] = j <= i ? matrix[i * size + j] : NAN;
    for (size_t i = 0; i < size; i++)
        for (size_t j = i + 1; j < size; j++)
            matrix[i * size + j] = matrix[j * size + i];
    assert_true(tw_dense_eigen(NULL, size, poisoned, scratch, values, vectors));
    check(size);
}

static void test_one_value_is_itself(void **state) {
    (void)state;
    matrix[0] = -3.5;
    solve(1);
    assert_true(values[0] == -3.5 && vectors[0] == 1);
}

static void test_zero_has_values_of_zero(void **state) {
    (void)state;
    memset(matrix, 0, sizeof matrix);
    solve(17);
    for (size_t i = 0; i < 17; i++)
        assert_true(values[i] == 0);
}

static void test_a_diagonal_is_sorted_exactly(void **state) {
    (void)state;
    const double diagonal[5] = {4, -1, 0.1, 4, 1e-9};
    const double sorted[5] = {-1, 1e-9, 0.1, 4, 4};
    memset(matrix, 0, sizeof matrix);
    for (size_t i = 0; i < 5; i++)
        matrix[i * 5 + i] = diagonal[i];
    solve(5);
    for (size_t i = 0; i < 5; i++)
        assert_true(values[i] == sorted[i]);
}

static void test_two_by_two_is_the_formula(void **state) {
    (void)state;
    matrix[0] = 2;
    matrix[2] = 1;
    matrix[3] = 2;
    solve(2);
    assert_near(values[0], 1, 1e-15);
    assert_near(values[1], 3, 1e-15);
}

/* Second differences: 2 - 2 cos(k pi / (n + 1)). */
static void test_second_differences_have_their_cosines(void **state) {
    (void)state;
    for (size_t n = 1; n <= SIZE_MAX_TESTED; n += n < 20 ? 1 : 45) {
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j <= i; j++)
                matrix[i * n + j] = i == j ? 2 : i == j + 1 ? -1 : 0;
        solve(n);
        for (size_t k = 1; k <= n; k++)
            assert_near(values[k - 1],
                        2 - 2 * cos((double)k * 3.14159265358979323846 / (double)(n + 1)), 1e-14);
    }
}

/* Wilkinson's W21+: pairs that agree in 14 digits; the greatest is 10.746194182903393. */
static void test_wilkinson_has_pairs_that_are_all_but_equal(void **state) {
    (void)state;
    for (size_t i = 0; i < 21; i++)
        for (size_t j = 0; j <= i; j++)
            matrix[i * 21 + j] = i == j ? fabs((double)i - 10) : i == j + 1 ? 1 : 0;
    solve(21);
    assert_near(values[20], 10.746194182903393, 5e-15 * 10);
    assert_near(values[19], 10.746194182903322, 5e-15 * 10);
}

/* Hilbert's matrix of 10: condition 1.6e13; the greatest value is 1.7519196702651775. */
static void test_hilbert_keeps_its_precision(void **state) {
    (void)state;
    for (size_t i = 0; i < 10; i++)
        for (size_t j = 0; j <= i; j++)
            matrix[i * 10 + j] = 1 / (double)(i + j + 1);
    solve(10);
    assert_near(values[9], 1.7519196702651775, 1e-14);
    assert_near(values[8], 0.3429295484835091, 1e-14);
    assert_near(values[0], 1.0931e-13, 1e-15);
}

/* 1 + d(i, j): one value of n + 1 and n - 1 of 1. */
static void test_repeated_values_have_vectors_at_right_angles(void **state) {
    (void)state;
    for (size_t i = 0; i < 60; i++)
        for (size_t j = 0; j <= i; j++)
            matrix[i * 60 + j] = i == j ? 2 : 1;
    solve(60);
    for (size_t i = 0; i < 59; i++)
        assert_near(values[i], 1, 1e-13);
    assert_near(values[59], 61, 1e-12);
}

static void test_rank_one_has_one_value(void **state) {
    (void)state;
    double square = 0;
    for (size_t i = 0; i < 100; i++) {
        double x = 1 / (double)(1 + i);
        square += x * x;
        for (size_t j = 0; j <= i; j++)
            matrix[i * 100 + j] = x / (double)(1 + j);
    }
    solve(100);
    assert_near(values[99], square, 1e-14);
    for (size_t i = 0; i < 99; i++)
        assert_near(values[i], 0, 1e-15);
}

static double draw(tw_random *random, unsigned kind) {
    double unit = tw_random_normal(random);
    if (kind == 1)
        return ldexp(unit, (int)tw_random_below(random, 60) - 30);
    if (kind == 2)
        return tw_random_below(random, 4) == 0 ? unit : 0;
    return unit;
}

static void test_any_matrix_is_taken_apart(void **state) {
    (void)state;
    tw_random random;
    tw_random_init(&random, 11, 0);
    for (unsigned round = 0; round < 60; round++) {
        size_t n = round == 59 ? SIZE_MAX_TESTED : 1 + tw_random_below(&random, 40);
        for (size_t i = 0; i < n * n; i++)
            matrix[i] = draw(&random, round % 3);
        solve(n);
    }
}

/* Sizes that would overflow or vanish when squared change nothing but the size of the values. */
static void test_scale_is_taken_out(void **state) {
    (void)state;
    tw_random random;
    tw_random_init(&random, 12, 0);
    static double kept[20];
    for (int exponent = -900; exponent <= 900; exponent += 900) {
        tw_random_init(&random, 12, 0);
        for (size_t i = 0; i < 20 * 20; i++)
            matrix[i] = ldexp(tw_random_normal(&random), exponent);
        assert_true(tw_dense_eigen(NULL, 20, matrix, scratch, values, vectors));
        for (size_t i = 0; i < 20; i++) {
            double value = ldexp(values[i], -exponent);
            assert_true(exponent == -900 || value == kept[i]);
            kept[i] = value;
        }
        assert_true(exponent == -900 || memcmp(vectors, again, 400 * sizeof *again) == 0);
        memcpy(again, vectors, 400 * sizeof *again);
    }
}

/* Sizes about those of tiles, blocks of rows and lanes. */
static void test_levels_and_runners_do_not_change_a_bit(void **state) {
    (void)state;
    static double once[CELLS_MAX];
    double values_once[SIZE_MAX_TESTED];
    tw_random random;
    tw_random_init(&random, 13, 0);
    TW_AUTO(tw_workers) *workers = NULL;
    assert_int_equal(tw_workers_new(NULL, 3, &workers, NULL), TW_OK);
    const size_t sizes[10] = {1, 2, 3, 7, 9, 32, 33, 64, 67, 131};
    for (size_t k = 0; k < 10; k++) {
        size_t n = sizes[k];
        for (size_t i = 0; i < n * n; i++)
            matrix[i] = tw_random_normal(&random);
        assert_true(tw_dense_eigen_scratch(n) <= sizeof scratch / sizeof *scratch);
        assert_true(tw_dense_eigen(NULL, n, matrix, scratch, values_once, once));
        for (int level = TW_CPU_BASELINE; level < TW_CPU_LEVEL_COUNT; level++) {
            tw_dense_way way = {level % 2 == 0 ? tw_workers_runner(workers) : NULL,
                                (tw_cpu_level)level};
            assert_true(tw_dense_eigen(&way, n, matrix, scratch, values, vectors));
            assert_memory_equal(values, values_once, n * sizeof *values);
            assert_memory_equal(vectors, once, n * n * sizeof *vectors);
        }
    }
}

static void test_what_is_not_finite_is_refused(void **state) {
    (void)state;
    const double bad[2] = {NAN, -INFINITY};
    for (size_t k = 0; k < 2; k++)
        for (size_t at = 0; at < 3; at++) {
            const size_t cells[3] = {0, 4, 8}; /* of the lower triangle of 3 x 3 */
            for (size_t i = 0; i < 9; i++)
                matrix[i] = 1;
            matrix[cells[at]] = bad[k];
            assert_false(tw_dense_eigen(NULL, 3, matrix, scratch, values, vectors));
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_value_is_itself),
        cmocka_unit_test(test_zero_has_values_of_zero),
        cmocka_unit_test(test_a_diagonal_is_sorted_exactly),
        cmocka_unit_test(test_two_by_two_is_the_formula),
        cmocka_unit_test(test_second_differences_have_their_cosines),
        cmocka_unit_test(test_wilkinson_has_pairs_that_are_all_but_equal),
        cmocka_unit_test(test_hilbert_keeps_its_precision),
        cmocka_unit_test(test_repeated_values_have_vectors_at_right_angles),
        cmocka_unit_test(test_rank_one_has_one_value),
        cmocka_unit_test(test_any_matrix_is_taken_apart),
        cmocka_unit_test(test_scale_is_taken_out),
        cmocka_unit_test(test_levels_and_runners_do_not_change_a_bit),
        cmocka_unit_test(test_what_is_not_finite_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
