/* Blocks of random numbers: their formula, their streams, and their distributions. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "assert_near.h"
#include "normal.h"
#include "tradewind/random.h"

enum { ROWS = 5000, VALUES = ROWS * TW_RANDOM_LANES };

static double values[VALUES];
static double others[VALUES];

/* ---- Normals ------------------------------------------------------------------------------- */

static long double between(uint64_t bits) {
    return ((long double)(bits >> 12) + 0.5L) / 0x1p52L;
}

static void test_normals_are_pairs_of_two_draws_of_the_stream_of_the_lane(void **state) {
    (void)state;
    const tw_random_block block = {.seed = 9, .number = 123456789};
    const long double half_pi = 1.57079632679489661923L;
    tw_random_normals(&block, 100, TW_RANDOM_LANES, values);
    for (uint64_t l = 0; l < TW_RANDOM_LANES; l++) {
        tw_random random;
        tw_random_init(&random, block.seed, block.number * TW_RANDOM_LANES + l);
        for (size_t t = 0; t < 100; t += 2) {
            long double radius = sqrtl(-2 * logl(between(tw_random_next(&random))));
            uint64_t bits = tw_random_next(&random);
            long double angle = half_pi * (between(bits) - 0.5L);
            long double cosine = radius * cosl(angle) * (bits % 2 == 0 ? 1 : -1);
            long double sine = radius * sinl(angle);
            bool swapped = bits / 2 % 2 == 1;
            assert_near(values[t * TW_RANDOM_LANES + l], (double)(swapped ? sine : cosine), 2e-15);
            assert_near(values[(t + 1) * TW_RANDOM_LANES + l], (double)(swapped ? cosine : sine),
                        2e-15);
        }
    }
}

static void test_every_level_gives_the_same_bits_and_a_part_is_the_beginning(void **state) {
    (void)state;
    static const size_t counts[] = {0, 1, 2, 3, 63, 64, 65, 66, 129, 1001};
    tw_random_block block = {.seed = UINT64_MAX, .number = TW_RANDOM_BLOCK_MAX};
    tw_random_normals(&block, 1002, TW_RANDOM_LANES, values);
    for (tw_cpu_level level = TW_CPU_BASELINE; level < TW_CPU_LEVEL_COUNT; level++) {
        block.level = level;
        for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
            size_t count = counts[i] * TW_RANDOM_LANES;
            others[count] = 42;
            tw_random_normals(&block, counts[i], TW_RANDOM_LANES, others);
            assert_memory_equal(others, values, count * sizeof values[0]);
            assert_true(others[count] == 42);
        }
    }
}

static void test_rows_may_lie_apart(void **state) {
    (void)state;
    const tw_random_block block = {.seed = 10, .number = 1};
    enum { STRIDE = 24 };
    tw_random_normals(&block, 101, TW_RANDOM_LANES, values);
    for (size_t i = 0; i < 101 * STRIDE; i++)
        others[i] = 42;
    tw_random_normals(&block, 101, STRIDE, others);
    for (size_t i = 0; i < 101 * STRIDE; i++) {
        size_t lane = i % STRIDE;
        bool within = lane < TW_RANDOM_LANES;
        assert_true(others[i] == (within ? values[i / STRIDE * TW_RANDOM_LANES + lane] : 42));
    }
}

static void test_blocks_and_seeds_differ(void **state) {
    (void)state;
    tw_random_normals(&(tw_random_block){.seed = 1, .number = 0}, 100, TW_RANDOM_LANES, values);
    tw_random_normals(&(tw_random_block){.seed = 1, .number = 1}, 100, TW_RANDOM_LANES, others);
    for (size_t i = 0; i < 100 * TW_RANDOM_LANES; i++)
        assert_true(values[i] != others[i]);
    tw_random_normals(&(tw_random_block){.seed = 2, .number = 0}, 100, TW_RANDOM_LANES, others);
    for (size_t i = 0; i < 100 * TW_RANDOM_LANES; i++)
        assert_true(values[i] != others[i]);
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Kolmogorov's distance of VALUES values from a distribution; above 1.95 / sqrt(n) in 1 of 1,000
 * seeds. */
static void assert_distributed(double *sample, double (*probability)(double)) {
    double distance = 0;
    qsort(sample, VALUES, sizeof sample[0], by_value);
    for (size_t i = 0; i < VALUES; i++) {
        double p = probability(sample[i]);
        distance = fmax(distance, fmax(p - (double)i / VALUES, (double)(i + 1) / VALUES - p));
    }
    assert_true(distance < 1.95 / sqrt(VALUES));
}

static double probability_of_normal(double x) {
    return normal_probability(x);
}

static void test_normals_are_normal(void **state) {
    (void)state;
    for (uint64_t b = 0; b < 5; b++) {
        tw_random_normals(&(tw_random_block){.seed = 3, .number = b}, ROWS, TW_RANDOM_LANES,
                          values);
        assert_distributed(values, probability_of_normal);
    }
}

/* Correlations of values, of squares, and of what lies apart in rows and in lanes, each of which is
 * normal with deviation 1 / sqrt(n). */
static void test_rows_and_lanes_are_independent(void **state) {
    (void)state;
    static const size_t apart[] = {1, 2, 3, 7, 8, 9, 15, 16, 17, 24, 32};
    tw_random_normals(&(tw_random_block){.seed = 4, .number = 0}, ROWS, TW_RANDOM_LANES, values);
    for (size_t k = 0; k < sizeof apart / sizeof apart[0]; k++) {
        double products = 0;
        double squares = 0;
        double n = VALUES - (double)apart[k];
        for (size_t i = 0; i + apart[k] < VALUES; i++) {
            double a = values[i];
            double b = values[i + apart[k]];
            products += a * b;
            squares += (a * a - 1) * (b * b - 1) / 2;
        }
        assert_true(fabs(products) < 4 * sqrt(n));
        assert_true(fabs(squares) < 4 * sqrt(n));
    }
}

/* ---- Gamma --------------------------------------------------------------------------------- */

static void test_gammas_have_their_moments(void **state) {
    (void)state;
    static const double shapes[] = {0.3, 1, 1.25, 2.5, 50, 1e6};
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
        double shape = shapes[s];
        double sum = 0;
        double square = 0;
        tw_random random;
        tw_random_init(&random, 5, s);
        for (size_t i = 0; i < VALUES; i++) {
            double away = tw_random_gamma(&random, shape) - shape;
            sum += away;
            square += away * away;
        }
        /* The variance of a square is (3 shape^2 + 6 shape) - shape^2. */
        assert_true(fabs(sum / VALUES) < 4 * sqrt(shape / VALUES));
        double deviation = sqrt((2 * shape * shape + 6 * shape) / VALUES);
        assert_true(fabs(square / VALUES - shape) < 4 * deviation);
    }
}

/* Of 1, and of 1/2, by way of 3/2. */
static double probability_of_gamma_1(double x) {
    return -expm1(-x);
}

static double probability_of_gamma_half(double x) {
    return erf(sqrt(x));
}

static void test_gammas_are_distributed_as_gammas(void **state) {
    (void)state;
    tw_random random;
    tw_random_init(&random, 6, 0);
    for (size_t i = 0; i < VALUES; i++)
        values[i] = tw_random_gamma(&random, 1);
    assert_distributed(values, probability_of_gamma_1);
    for (size_t i = 0; i < VALUES; i++)
        values[i] = tw_random_gamma(&random, 0.5);
    assert_distributed(values, probability_of_gamma_half);
}

/* Of Student's t with 4 degrees of freedom. */
static double probability_of_t4(double t) {
    double s = t / sqrt(4 + t * t);
    return 0.5 + 0.25 * s * (3 - s * s);
}

static void test_scales_make_students_t_of_normals(void **state) {
    (void)state;
    const tw_random_block block = {.seed = 7, .number = 11};
    tw_random_normals(&block, ROWS, TW_RANDOM_LANES, values);
    tw_random_scales(&block, 4, ROWS, others);
    for (size_t i = 0; i < VALUES; i++) {
        assert_true(others[i] > 0);
        values[i] *= others[i];
    }
    assert_distributed(values, probability_of_t4);
    tw_random_scales(&block, 4, 3, values);
    assert_memory_equal(values, others, 3 * TW_RANDOM_LANES * sizeof values[0]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_normals_are_pairs_of_two_draws_of_the_stream_of_the_lane),
        cmocka_unit_test(test_every_level_gives_the_same_bits_and_a_part_is_the_beginning),
        cmocka_unit_test(test_rows_may_lie_apart),
        cmocka_unit_test(test_blocks_and_seeds_differ),
        cmocka_unit_test(test_normals_are_normal),
        cmocka_unit_test(test_rows_and_lanes_are_independent),
        cmocka_unit_test(test_gammas_have_their_moments),
        cmocka_unit_test(test_gammas_are_distributed_as_gammas),
        cmocka_unit_test(test_scales_make_students_t_of_normals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
