/*
 * test_normal.c - the exponential, the power and the normal distribution of base, beside tables of
 * values that were computed with forty digits.
 */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "normal.h"

static const double exponentials[][2] = {
    {-0x1.7480000000000p+9, 0x0.0000000000001p-1022},
    {-0x1.6200000000000p+9, 0x1.7c8ab2288c9abp-1022},
    {-0x1.9200000000000p+6, 0x1.01a0e5643644fp-145},
    {-0x1.8000000000000p+0, 0x1.c8f87724b5c1dp-3},
    {-0x1.b7cdfd9d7bdbbp-34, 0x1.ffffffff24190p-1},
    {0x0.0p+0, 0x1.0000000000000p+0},
    {0x1.56e1fc2f8f359p-997, 0x1.0000000000000p+0},
    {0x1.3333333333333p-2, 0x1.599058c8c1a96p+0},
    {0x1.62e33eff19503p-2, 0x1.6a099138a089dp+0},
    {0x1.0000000000000p+0, 0x1.5bf0a8b145769p+1},
    {0x1.4000000000000p+1, 0x1.85d6fd931e0bbp+3},
    {0x1.4000000000000p+3, 0x1.5829dcf950560p+14},
    {0x1.62ccccccccccdp+6, 0x1.f4705bbffae5cp+127},
    {0x1.2c40000000000p+8, 0x1.1fda3eaeb3d0ep+433},
    {0x1.62c0000000000p+9, 0x1.81e9b4b52d0c9p+1023},
};

static const double powers[][3] = {
    {0x1.00068db8bac71p+0, 0x1.f800000000000p+7, 0x1.0688684c6aa9ap+0},
    {0x1.0000000000000p-1, 0x1.8000000000000p+1, 0x1.0000000000000p-3},
    {0x1.6e147ae147ae1p+0, 0x1.1eb851eb851ecp-2, 0x1.1af7433de0813p+0},
    {0x1.0000000000000p+1, -0x1.4000000000000p+3, 0x1.0000000000000p-10},
    {0x1.0624dd2f1a9fcp-10, 0x1.999999999999ap-4, 0x1.009b9cf334252p-1},
    {0x1.b333333333333p+0, 0x1.9000000000000p+6, 0x1.77b5b05025826p+76},
    {0x1.ccccccccccccdp-1, 0x1.5e00000000000p+9, 0x1.837104798badbp-107},
    {0x1.edd2f1a9fbe77p+6, -0x1.f8f5c28f5c28fp+2, 0x1.224ec1169f129p-55},
    {0x1.0000000000000p+0, 0x1.4000000000000p+2, 0x1.0000000000000p+0},
    {0x1.6a09e65dc27dfp-1, 0x1.4f8b588e368f1p-17, 0x1.ffff8bb59b526p-1},
};

static const double normals[][3] = {
    {-0x1.2800000000000p+5, 0x1.1bf35e596c740p-989, 0x1.eaccc6bfeb0afp-995},
    {-0x1.4000000000000p+4, 0x1.1928c553065a4p-290, 0x1.c0bd0f1880783p-295},
    {-0x1.0000000000000p+3, 0x1.6c0df3a094834p-48, 0x1.669d2c90d55cep-51},
    {-0x1.8000000000000p+2, 0x1.a1880fbd087fcp-28, 0x1.0f30ef0092d48p-30},
    {-0x1.4000000000000p+2, 0x1.8f16964c8fd3fp-20, 0x1.33ca2f2133831p-22},
    {-0x1.8000000000000p+1, 0x1.227213fd77689p-8, 0x1.61de1f985b5d7p-10},
    {-0x1.f5c0331eeff84p+0, 0x1.dec831ed9a1ffp-5, 0x1.999999999999dp-6},
    {-0x1.0000000000000p+0, 0x1.ef8e58e331737p-3, 0x1.44ed0bb7cb20bp-3},
    {-0x1.51eb851eb851fp-1, 0x1.4890855eab5d1p-2, 0x1.04bceafcc7722p-2},
    {-0x1.0000000000000p-1, 0x1.6883d022086acp-2, 0x1.3bf143b9aa712p-2},
    {-0x1.999999999999ap-4, 0x1.967aba85e91ddp-2, 0x1.d7375f15b2f1ep-2},
    {0x0.0p+0, 0x1.9884533d43651p-2, 0x1.0000000000000p-1},
    {0x1.3333333333333p-2, 0x1.868a8709fbbbfp-2, 0x1.3c5ee2cc40b79p-1},
    {0x1.570a3d70a3d71p-1, 0x1.4663074717032p-2, 0x1.7f44b63c97ab4p-1},
    {0x1.0000000000000p+0, 0x1.ef8e58e331737p-3, 0x1.aec4bd120d37dp-1},
    {0x1.4000000000000p+1, 0x1.1f2f0557f5256p-6, 0x1.fcd21635036c6p-1},
    {0x1.4000000000000p+2, 0x1.8f16964c8fd3fp-20, 0x1.fffff661ae86fp-1},
    {0x1.0000000000000p+3, 0x1.6c0df3a094834p-48, 0x1.ffffffffffffap-1},
};

static const double quantiles[][2] = {
    {0x1.56e1fc2f8f359p-997, -0x1.286074064c26ep+5},
    {0x1.bff2ee48e0530p-333, -0x1.546010d755221p+4},
    {0x1.79ca10c924223p-67, -0x1.2865170b43a4cp+3},
    {0x1.b7cdfd9d7bdbbp-34, -0x1.97203597a2155p+2},
    {0x1.4f8b588e368f1p-17, -0x1.10f3f8843a3d9p+2},
    {0x1.0624dd2f1a9fcp-10, -0x1.8b8cbb7204471p+1},
    {0x1.47ae147ae147bp-7, -0x1.29c5c4630ff0fp+1},
    {0x1.999999999999ap-6, -0x1.f5c0331eeff85p+0},
    {0x1.999999999999ap-5, -0x1.a515209676abdp+0},
    {0x1.32ca57a786c22p-4, -0x1.70b374817af52p+0},
    {0x1.339c0ebedfa44p-4, -0x1.7056dc6686c9bp+0},
    {0x1.3333333333333p-2, -0x1.0c7e39582c5fbp-1},
    {0x1.0000000000000p-1, 0x0.0p+0},
    {0x1.3333333333333p-1, 0x1.036d6c4a04b59p-2},
    {0x1.d916872b020c5p-1, 0x1.6eb87f9160bccp+0},
    {0x1.da1cac083126fp-1, 0x1.72567aa9caedbp+0},
    {0x1.fae147ae147aep-1, 0x1.29c5c4630ff0ep+1},
    {0x1.ffffde7210be9p-1, 0x1.30381a97985efp+2},
};

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

/* How far apart, in units in the last place of the expected one. */
static double units(double actual, double expected) {
    if (actual == expected)
        return 0;
    int exponent = 0;
    frexp(expected, &exponent);
    return fabs(actual - expected) / fmax(ldexp(1, exponent - 53), 0x1p-1074);
}

static void assert_units(double actual, double expected, double most) {
    if (!(units(actual, expected) <= most))
        fail_msg("%.17g, not %.17g: %.2f units", actual, expected, units(actual, expected));
}

static void test_exponentials(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(exponentials); i++)
        assert_units(natural_exponential(exponentials[i][0]), exponentials[i][1], 1);
    assert_true(natural_exponential(710) == INFINITY);
    assert_true(natural_exponential(INFINITY) == INFINITY);
    assert_true(natural_exponential(-746) == 0);
    assert_true(natural_exponential(-INFINITY) == 0);
    assert_true(isnan(natural_exponential(NAN)));
}

static void test_exponentials_are_those_of_the_c_library(void **state) {
    (void)state;
    for (double x = -700; x < 700; x += 0.0137)
        assert_units(natural_exponential(x), exp(x), 2);
}

static void test_powers(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(powers); i++)
        assert_units(natural_power(powers[i][0], powers[i][1]), powers[i][2], 1.5);
    for (double x = 0.01; x < 20; x += 0.0137)
        assert_units(natural_power(x, 3.7), pow(x, 3.7), 2);
    assert_true(natural_power(1.5, 0) == 1);
    assert_units(natural_power(2, 0.5), sqrt(2), 1);
}

static void test_densities_and_probabilities(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(normals); i++) {
        double x = normals[i][0];
        assert_units(normal_density(x), normals[i][1], 4);
        assert_true(fabs(normal_probability(x) / normals[i][2] - 1) < 2e-15);
    }
    assert_true(normal_density(1e9) == 0 && normal_density(-1e9) == 0);
    assert_true(normal_probability(-INFINITY) == 0 && normal_probability(INFINITY) == 1);
    assert_true(isnan(normal_probability(NAN)));
}

static void test_quantiles(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(quantiles); i++)
        assert_true(fabs(normal_quantile(quantiles[i][0]) - quantiles[i][1]) <=
                    4e-16 * (1 + fabs(quantiles[i][1])));
    assert_true(isnan(normal_quantile(0)) && isnan(normal_quantile(1)));
    assert_true(isnan(normal_quantile(-0.5)) && isnan(normal_quantile(NAN)));
}

static void test_quantiles_undo_probabilities(void **state) {
    (void)state;
    for (double p = 1e-12; p < 1; p = p < 1e-3 ? p * 1.7 : p + 0.0009)
        assert_true(fabs(normal_probability(normal_quantile(p)) / p - 1) < 2e-14);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exponentials),
        cmocka_unit_test(test_exponentials_are_those_of_the_c_library),
        cmocka_unit_test(test_powers),
        cmocka_unit_test(test_densities_and_probabilities),
        cmocka_unit_test(test_quantiles),
        cmocka_unit_test(test_quantiles_undo_probabilities),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
