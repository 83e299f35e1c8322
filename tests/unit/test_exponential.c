/* test_exponential.c - the exponential and powers of loops beside values of mpmath with 60 digits,
 * and beside the C library in long doubles. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "exponential.h"
#include "tradewind/random.h"

/* In units of the last place of the double nearest to what is right. */
static double ulps_off(double value, long double right) {
    double near = fabs((double)right);
    if (isinf(near) || isinf(value))
        return isinf(near) && value == (double)right ? 0 : INFINITY;
    double unit = near < DBL_MIN ? DBL_TRUE_MIN : nextafter(near, INFINITY) - near;
    return (double)(fabsl(value - right) / unit);
}

static const struct {
    double x;
    long double value;
} exponentials[] = {
    {-745.2, 2.3107453390093761631e-324L},
    {-745.1, 2.5537685477520739272e-324L},
    {-744.5, 4.6532696827051269826e-324L},
    {-720.3, 1.5055136070666130471e-313L},
    {-708.4, 2.2171190816642651031e-308L},
    {-700.0, 9.8596765437597708567e-305L},
    {-300.7, 2.5565205714255009583e-131L},
    {-50.5, 1.1698459177061964686e-22L},
    {-10.0, 0.000045399929762484851536L},
    {-1.0, 0.3678794411714423216L},
    {-0.5, 0.6065306597126334236L},
    {-0.34657359027997264, 0.7071067811865475326L},
    {-0.1, 0.90483741803595956814L},
    {-1e-09, 0.9999999990000000005L},
    {-1e-17, 0.99999999999999999L},
    {0.0, 1.0L},
    {1e-300, 1.0L},
    {0.34657359027997264, 1.4142135623730950324L},
    {0.5, 1.6487212707001281468L},
    {1.0, 2.7182818284590452354L},
    {2.0, 7.3890560989306502272L},
    {10.0, 22026.465794806716517L},
    {88.7, 3.3259869802505790386e+38L},
    {350.25, 1.2931302958586572985e+152L},
    {700.0, 1.0142320547350045095e+304L},
    {709.7, 1.6549840276802644031e+308L},
};

static const struct {
    double x;
    double y;
    long double value;
} powers[] = {
    {1.0, 1e+300, 1.0L},
    {2.0, 0.5, 1.4142135623730950488L},
    {2.0, 1023.5, 1.2711610061536462837e+308L},
    {2.0, -1074.0, 4.9406564584124654418e-324L},
    {1.0001, 252.0, 1.0255189119876945213L},
    {0.5, 3.0, 0.125L},
    {1.1, -12.0, 0.31863081771035650728L},
    {1.5, 0.3333333333333333, 1.1447142425533318592L},
    {0.9999999999999999, 4e+18, 1.3630340005596344729e-193L},
    {1.0000000000000002, 3e+18, 1.9871926216546101761e+289L},
    {1e+300, -2.3, 1.0000000000001225856e-690L},
    {1e-300, 2.2, 9.9999999999987734875e-661L},
    {5e-324, 0.9, 1.0578064022210135033e-291L},
    {5e-324, -0.95, 1.3832624124338601389e+307L},
    {1.7976931348623157e+308, 0.99, 1.4865119482528833829e+305L},
    {1.23456789, -3000.5, 2.5663211526961129846e-275L},
    {0.97, 0.0, 1.0L},
    {3.7, 1e-300, 1.0L},
    {1.4142135623730951, 2000.0, 1.0715086071864138135e+301L},
    {0.7071067811865475, 2000.0, 9.3326361850305340919e-302L},
};

static void test_values_of_mpmath(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof exponentials / sizeof exponentials[0]; i++)
        assert_true(ulps_off(natural_exponential(exponentials[i].x), exponentials[i].value) < 1);
    for (size_t i = 0; i < sizeof powers / sizeof powers[0]; i++)
        assert_true(ulps_off(natural_power(powers[i].x, powers[i].y), powers[i].value) < 1.5);
}

static void test_the_exponential_is_within_an_ulp_everywhere(void **state) {
    (void)state;
    tw_random random;
    tw_random_init(&random, 51, 0);
    double worst = 0;
    for (int i = 0; i < 1000000; i++) {
        double x = (tw_random_uniform(&random) - 0.5) * (i % 2 == 0 ? 1500 : 4);
        double off = ulps_off(natural_exponential(x), expl((long double)x));
        worst = off > worst ? off : worst;
    }
    print_message("the worst is off by %.3f ulp\n", worst);
    assert_true(worst < 1 && worst > 0.1);
}

static void test_powers_are_within_two_ulps_everywhere(void **state) {
    (void)state;
    tw_random random;
    tw_random_init(&random, 52, 0);
    double worst = 0;
    for (int i = 0; i < 300000; i++) {
        double x = logarithm_value(tw_random_next(&random) >> 1);
        if (i % 2 == 0)
            x = 0.6 + tw_random_uniform(&random);
        if (!isfinite(x) || x == 0)
            continue;
        /* Exponents that bring the result anywhere among the numbers. */
        double y = (tw_random_uniform(&random) - 0.5) * 1400 / (fabs(log(x)) + 1e-18);
        double off = ulps_off(natural_power(x, y), powl((long double)x, (long double)y));
        worst = off > worst ? off : worst;
    }
    print_message("the worst is off by %.3f ulp\n", worst);
    assert_true(worst < 2 && worst > 0.1);
}

static void test_edges(void **state) {
    (void)state;
    assert_true(natural_exponential(0) == 1 && natural_exponential(-0.0) == 1);
    assert_true(natural_exponential(INFINITY) == INFINITY);
    assert_true(natural_exponential(709.79) == INFINITY && natural_exponential(1e300) == INFINITY);
    assert_true(natural_exponential(-INFINITY) == 0 && natural_exponential(-746) == 0);
    assert_true(isnan(natural_exponential(NAN)));
    assert_true(natural_power(1, 1e300) == 1 && natural_power(7, 0) == 1);
    assert_true(natural_power(nextafter(1, 2), DBL_MAX) == INFINITY);
    assert_true(natural_power(nextafter(1, 2), -DBL_MAX) == 0);
    assert_true(natural_power(2, INFINITY) == INFINITY && natural_power(2, -INFINITY) == 0);
    assert_true(natural_power(0.5, INFINITY) == 0);
    assert_true(natural_power(2, 1024) == INFINITY && natural_power(2, -1076) == 0);
    assert_true(isnan(natural_power(2, NAN)) && isnan(natural_power(NAN, 2)));
    assert_true(isnan(natural_power(0, 2)) && isnan(natural_power(-1, 2)));
    assert_true(isnan(natural_power(INFINITY, 2)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_of_mpmath),
        cmocka_unit_test(test_the_exponential_is_within_an_ulp_everywhere),
        cmocka_unit_test(test_powers_are_within_two_ulps_everywhere),
        cmocka_unit_test(test_edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
