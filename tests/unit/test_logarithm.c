/* test_logarithm.c - the logarithm of loops beside that of the C library in long doubles. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "logarithm.h"
#include "tradewind/random.h"

static double ulps_off(double x) {
    double value = natural_logarithm(x);
    long double right = logl((long double)x);
    if (right == 0)
        return value == 0 ? 0 : INFINITY;
    double near = fabs((double)right);
    return (double)(fabsl(value - right) / (nextafter(near, INFINITY) - near));
}

static void test_within_an_ulp_everywhere(void **state) {
    (void)state;
    tw_random random;
    tw_random_init(&random, 41, 0);
    double worst = 0;
    for (int i = 0; i < 3000000; i++) {
        uint64_t bits = tw_random_next(&random) >> 1;
        double x = logarithm_value(bits);
        if (i % 3 == 0)
            x = 0.6 + tw_random_uniform(&random);
        if (!isfinite(x) || x == 0)
            continue;
        double off = ulps_off(x);
        worst = off > worst ? off : worst;
    }
    print_message("the worst is off by %.3f ulp\n", worst);
    assert_true(worst < 1.0 && worst > 0.1);
}

static void test_edges(void **state) {
    (void)state;
    const double edges[] = {DBL_TRUE_MIN,
                            DBL_MIN,
                            nextafter(DBL_MIN, 0),
                            DBL_MAX,
                            1,
                            nextafter(1, 0),
                            nextafter(1, 2),
                            0x1.6a09e667f3bccp-1,
                            0x1.6a09e667f3bcdp-1,
                            2,
                            0.5};
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++)
        assert_true(ulps_off(edges[i]) < 1.0);
    assert_true(natural_logarithm(1) == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_within_an_ulp_everywhere),
        cmocka_unit_test(test_edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
