/* Random numbers: published outputs, moments, bounds, independence of streams. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

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

/* What the shapes have come to since they are made with this library's logarithm: a journal that
 * was written from a seed is written again on another machine. */
static void test_shapes_have_the_same_bits_on_every_machine(void **state) {
    (void)state;
    tw_random random;
    uint64_t bits[3];
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a, of words */
    tw_random_init(&random, 2026, 11);
    for (int i = 0; i < 10000; i++) {
        double shapes[3];
        shapes[0] = tw_random_normal(&random);
        shapes[1] = tw_random_exponential(&random, 3);
        shapes[2] = (double)tw_random_geometric(&random, 1e-9);
        memcpy(bits, shapes, sizeof bits);
        for (size_t k = 0; k < 3; k++)
            hash = (hash ^ bits[k]) * UINT64_C(0x100000001b3);
    }
    assert_true(bits[0] == UINT64_C(0xbfd740a970749fdc));
    assert_true(bits[1] == UINT64_C(0x400a2fbfaed7cb29));
    assert_true(bits[2] == UINT64_C(0x41d0990c28c00000));
    assert_true(hash == UINT64_C(0x2b747c954c1d3ab6));
}

/* Against the C library, which differs in the last places at most. */
static void test_rare_successes_are_as_rare_as_they_say(void **state) {
    (void)state;
    static const double chances[] = {0.999999, 0.5, 0.1, 1e-4, 1e-9, 1e-17};
    for (size_t k = 0; k < sizeof chances / sizeof chances[0]; k++) {
        tw_random random, same;
        tw_random_init(&random, 3, k);
        same = random;
        for (int i = 0; i < 1000; i++) {
            double expected = floor(log1p(-tw_random_uniform(&same)) / log1p(-chances[k]));
            double found = (double)tw_random_geometric(&random, chances[k]);
            assert_true(fabs(found - expected) <= 1 + 1e-14 * expected);
        }
    }
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
        cmocka_unit_test(test_shapes_have_the_same_bits_on_every_machine),
        cmocka_unit_test(test_rare_successes_are_as_rare_as_they_say),
        cmocka_unit_test(test_streams_differ_and_repeat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
