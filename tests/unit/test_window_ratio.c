/* test_window_ratio.c - exact integers of 192 bits, and the double nearest to a ratio of two. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "window_ratio.h"

static wide192 times(wide_int a, wide_int b) {
    return wide192_product(a, b);
}

static void test_products_and_sums_carry_over_all_words(void **state) {
    (void)state;
    wide_int large = (wide_int)1 << 94;
    wide192 product = times(large, -large);
    assert_true(wide192_is_negative(product));
    wide192 zero = wide192_add(product, times(large, large));
    assert_true((zero.words[0] | zero.words[1] | zero.words[2]) == 0);
    wide192 all = wide192_subtract(wide192_of(0), wide192_of(1));
    assert_true((all.words[0] & all.words[1] & all.words[2]) == UINT64_MAX);
    assert_true(ratio_round(times(large, large), 1, 0) == 0x1p188);
    assert_true(ratio_round(wide192_times(wide192_of(-large), 3), 3, -94) == -1);
}

static void test_small_ratios_are_those_of_doubles(void **state) {
    (void)state;
    uint64_t seed = 1;
    for (int i = 0; i < 100000; i++) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        int64_t n = (int64_t)(seed >> 12) - (INT64_C(1) << 51);
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        uint64_t d = (seed >> (12 + i % 50)) + 1;
        assert_true(ratio_round(wide192_of(n), d, 0) == (double)n / (double)d);
    }
}

/* A ratio a hair beside the middle of two doubles goes to the near one, in the middle to the even
 * one; the hair is far below what 64 bits of a quotient show. `divisor` selects the way of
 * dividing: below 2^64 by the processor, above bit by bit. */
static void check_middles(wide_int divisor) {
    const wide_int odd = ((wide_int)1 << 53) + 1;  /* between 2^53 and 2^53 + 2 */
    const wide_int next = ((wide_int)1 << 53) + 3; /* between 2^53 + 2 and 2^53 + 4 */
    wide192 one = wide192_of(1);
    wide_uint d = (wide_uint)divisor;
    assert_true(ratio_round(times(odd, divisor), d, 0) == 0x1p53);
    assert_true(ratio_round(wide192_add(times(odd, divisor), one), d, 0) == 0x1p53 + 2);
    assert_true(ratio_round(wide192_subtract(times(odd, divisor), one), d, 0) == 0x1p53);
    assert_true(ratio_round(times(next, divisor), d, 0) == 0x1p53 + 4);
    assert_true(ratio_round(wide192_subtract(times(next, divisor), one), d, 0) == 0x1p53 + 2);
    assert_true(ratio_round(times(-next, divisor), d, 0) == -(0x1p53 + 4));
}

static void test_middles_go_to_the_even_and_hairs_decide(void **state) {
    (void)state;
    check_middles((wide_int)1 << 60);
    check_middles(INT64_C(1000000007) * INT64_C(1000000009));
    check_middles(((wide_int)1 << 90) + 12345);
    check_middles((wide_int)1 << 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_products_and_sums_carry_over_all_words),
        cmocka_unit_test(test_small_ratios_are_those_of_doubles),
        cmocka_unit_test(test_middles_go_to_the_even_and_hairs_decide),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
