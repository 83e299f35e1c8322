/* Random numbers: published outputs, moments, bounds, independence of streams. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tradewind/random.h"

/* The reference outputs of xoshiro256++ for the state {1, 2, 3, 4}. */
static void test_matches_the_published_sequence(void **state) {
    (void)state;
    static const uint64_t expected[] = {
        UINT64_C(41943041),
        UINT64_C(58720359),
        UINT64_C(3588806011781223),
        UINT64_C(3591011842654386),
        UINT64_C(9228616714210784205),
        UINT64_C(9973669472204895162),
    };
    tw_random random = {{1, 2, 3, 4}};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        assert_true(tw_random_next(&random) == expected[i]);
}

static void test_below_stays_below_and_reaches_all(void **state) {
    (void)state;
    tw_random random;
    tw_random_init(&random, 1, 0);
    unsigned seen[7] = {0};
    for (int i = 0; i < 70000; i++)
        seen[tw_random_below(&random, 7)]++;
    for (int i = 0; i < 7; i++)
        assert_in_range(seen[i], 9500, 10500);
    assert_true(tw_random_below(&random, 1) == 0);
}

static void test_moments_of_the_shapes(void **state) {
    (void)state;
    enum { COUNT = 200000 };
    tw_random random;
    tw_random_init(&random, 42, 7);
    double normal = 0, normal_square = 0, exponential = 0, geometric = 0, uniform = 0;
    for (int i = 0; i < COUNT; i++) {
        double z = tw_random_normal(&random);
        normal += z;
        normal_square += z * z;
        exponential += tw_random_exponential(&random, 3.0);
        geometric += (double)tw_random_geometric(&random, 0.25);
        uniform += tw_random_uniform(&random);
    }
    assert_true(fabs(normal / COUNT) < 0.01);
    assert_true(fabs(normal_square / COUNT - 1.0) < 0.02);
    assert_true(fabs(exponential / COUNT - 3.0) < 0.05);
    assert_true(fabs(geometric / COUNT - 3.0) < 0.05);
    assert_true(fabs(uniform / COUNT - 0.5) < 0.005);
}

static void test_streams_differ_and_repeat(void **state) {
    (void)state;
    tw_random a, b, c;
    tw_random_init(&a, 5, 1);
    tw_random_init(&b, 5, 2);
    tw_random_init(&c, 5, 1);
    int equal = 0;
    for (int i = 0; i < 1000; i++) {
        uint64_t x = tw_random_next(&a);
        equal += x == tw_random_next(&b);
        assert_true(x == tw_random_next(&c));
    }
    assert_int_equal(equal, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matches_the_published_sequence),
        cmocka_unit_test(test_below_stays_below_and_reaches_all),
        cmocka_unit_test(test_moments_of_the_shapes),
        cmocka_unit_test(test_streams_differ_and_repeat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
