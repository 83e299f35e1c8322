/* test_normal.c - density, probability and quantile of the standard normal beside values of mpmath
 * with 60 digits, and beside the C library in long doubles. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "normal.h"
#include "tradewind/random.h"

static const struct {
    double x;
    long double density;
    long double probability;
} values[] = {
    {-38.5, 5.4251551813365901833e-323L, 1.4081824631705174618e-324L},
    {-37.5, 1.7282337322841052208e-306L, 4.6053530095819548438e-308L},
    {-35.0, 3.9403962771360243307e-267L, 1.124910706472406244e-268L},
    {-30.25, 7.8997417226608228773e-200L, 2.6086402857412604963e-201L},
    {-25.0, 7.6539297364193926596e-137L, 3.0566967063825609164e-138L},
    {-20.1, 7.4345253896803121557e-89L, 3.6896808637213895544e-90L},
    {-15.7, 1.1920285127791406862e-54L, 7.5621031746837807792e-56L},
    {-12.3, 5.6066569263038404561e-34L, 4.5287069561587846514e-35L},
    {-10.0, 7.6945986267064193463e-23L, 7.619853024160526066e-24L},
    {-8.3, 4.3816394355093327219e-16L, 5.2055697448902540246e-17L},
    {-7.1, 4.5135436772055209534e-12L, 6.2378444633315911405e-13L},
    {-6.0, 6.075882849823285487e-9L, 9.865876450376981407e-10L},
    {-5.2, 5.3610353446976158636e-7L, 9.9644263169334717467e-8L},
    {-4.4, 0.00002494247129005352992L, 5.4125439077038509806e-6L},
    {-3.7, 0.00042478027055075140767L, 0.00010779973347738826148L},
    {-3.0, 0.0044318484119380071756L, 0.0013498980316300945267L},
    {-2.5, 0.017528300493568537362L, 0.006209665325776135167L},
    {-1.96, 0.058440944333451464389L, 0.024997895148220436213L},
    {-1.5, 0.12951759566589172761L, 0.066807201268858066004L},
    {-1.0, 0.2419707245191433498L, 0.15865525393145705141L},
    {-0.7, 0.31225393336676126681L, 0.24196365222307302862L},
    {-0.5, 0.35206532676429947777L, 0.30853753872598689636L},
    {-0.3, 0.38138781546052408688L, 0.38208857781104736693L},
    {-0.1, 0.39695254747701176529L, 0.46017216272297101633L},
    {-0.001, 0.398942080930342345L, 0.49960105778608893741L},
    {-1e-17, 0.39894228040143267794L, 0.49999999999999999601L},
    {0.0, 0.39894228040143267794L, 0.5L},
    {1e-09, 0.39894228040143267774L, 0.5000000003989422804L},
    {0.2, 0.39104269397545587714L, 0.57925970943910302738L},
    {0.6, 0.33322460289179964009L, 0.72574688224992641231L},
    {1.3, 0.17136859204780734707L, 0.90319951541438967446L},
    {2.2, 0.035474592846231420621L, 0.98609655248650139569L},
    {3.3, 0.0017225689390536811513L, 0.99951657585761622249L},
    {4.4, 0.00002494247129005352992L, 0.99999458745609229615L},
    {5.5, 1.0769760042543276359e-7L, 0.99999998101043753411L},
    {6.6, 1.386679994165316981e-10L, 0.99999999997944211091L},
    {7.7, 5.3241483722529524821e-14L, 0.99999999999999319669L},
    {8.2, 9.9983787484972115713e-16L, 0.99999999999999987981L},
};

static const struct {
    double probability;
    long double quantile;
} quantiles[] = {
    {1e-310, -37.663060331949523732L},
    {1e-300, -37.047096299361199237L},
    {2.5e-200, -30.175277004377120635L},
    {1e-100, -21.273453560965324294L},
    {1e-50, -14.933337534788488981L},
    {1e-30, -11.46402468844361572L},
    {1e-20, -9.2623400897984075796L},
    {1e-16, -8.2220822161304356152L},
    {1e-12, -7.0344838253011319326L},
    {1.3e-11, -6.6676114565107408347L},
    {1.5e-11, -6.6465708874771128614L},
    {1e-09, -5.9978070150076868614L},
    {1e-06, -4.7534243088228989573L},
    {0.0001, -3.7190164854556805523L},
    {0.001, -3.0902323061678135354L},
    {0.005, -2.5758293035489007538L},
    {0.01, -2.3263478740408410931L},
    {0.025, -1.9599639845400542118L},
    {0.05, -1.644853626951472688L},
    {0.0749, -1.4402382675279636631L},
    {0.0751, -1.4388253927525399824L},
    {0.1, -1.2815515655446004353L},
    {0.2, -0.84162123357291416552L},
    {0.3, -0.52440051270804081597L},
    {0.45, -0.12566134685507400616L},
    {0.4999, -0.00025066283008800749239L},
    {0.5, 0.0L},
    {0.5001, 0.00025066283008800749239L},
    {0.55, 0.12566134685507414641L},
    {0.8, 0.8416212335729143638L},
    {0.9, 1.2815515655446005935L},
    {0.9249, 1.4388253927525403742L},
    {0.9251, 1.4402382675279638594L},
    {0.95, 1.6448536269514722843L},
    {0.975, 1.9599639845400538556L},
    {0.99, 2.3263478740408407676L},
    {0.999, 3.0902323061678132778L},
    {0.999999, 4.7534243088170877657L},
    {0.9999999999, 6.3613408896974218642L},
    {0x1.fffffffffffffp-1, 8.2095361516013868556L},
};

/* Relatively; below the normal numbers two units of the last place count as 1e-15. */
static double off(double value, long double right) {
    long double size = fabsl(right);
    if (size < DBL_MIN)
        return (double)(fabsl(value - right) / DBL_TRUE_MIN) * 0.5e-15;
    return (double)(fabsl(value - right) / size);
}

static void test_values_of_mpmath(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        assert_true(off(normal_density(values[i].x), values[i].density) < 5e-16);
        assert_true(off(normal_probability(values[i].x), values[i].probability) < 1e-15);
    }
    for (size_t i = 0; i < sizeof quantiles / sizeof quantiles[0]; i++)
        assert_true(off(normal_quantile(quantiles[i].probability), quantiles[i].quantile) < 1e-15);
}

static void test_the_lower_tail_is_right_to_its_last_places(void **state) {
    (void)state;
    const long double half_root = 0.70710678118654752440L;
    tw_random random;
    tw_random_init(&random, 61, 0);
    double worst = 0;
    for (int i = 0; i < 300000; i++) {
        double x = tw_random_uniform(&random) * (i % 2 == 0 ? -38.4 : -4);
        double away = off(normal_probability(x), erfcl(-(long double)x * half_root) / 2);
        worst = away > worst ? away : worst;
    }
    print_message("the worst is off by %.2g of itself\n", worst);
    assert_true(worst < 1e-15 && worst > 1e-17);
}

static void test_the_quantile_undoes_the_probability(void **state) {
    (void)state;
    for (double x = -38; x < 5; x += 0.0137) {
        double p = normal_probability(x);
        /* What p cannot say for its last place, z cannot know. */
        double unit = p * DBL_EPSILON / normal_density(x);
        double tolerance = 4 * unit + 1e-15 * fabs(x);
        assert_true(fabs(normal_quantile(p) - x) <= tolerance || p < DBL_MIN);
    }
}

static void test_symmetry_and_order(void **state) {
    (void)state;
    double before = -INFINITY;
    for (double p = 0x1p-30; p < 1; p += 0x1p-13) {
        double z = normal_quantile(p);
        assert_true(z > before);
        assert_true(normal_quantile(1 - p) == -z);
        before = z;
    }
    for (double x = 0; x < 39; x += 0.01) {
        assert_true(normal_density(x) == normal_density(-x));
        assert_true(fabs(normal_probability(x) + normal_probability(-x) - 1) <= DBL_EPSILON / 2);
    }
}

static void test_edges(void **state) {
    (void)state;
    assert_true(normal_density(INFINITY) == 0 && normal_density(-1e200) == 0);
    assert_true(normal_probability(INFINITY) == 1 && normal_probability(-INFINITY) == 0);
    assert_true(normal_probability(0) == 0.5 && normal_quantile(0.5) == 0);
    assert_true(isnan(normal_density(NAN)) && isnan(normal_probability(NAN)));
    assert_true(isnan(normal_quantile(0)) && isnan(normal_quantile(1)));
    assert_true(isnan(normal_quantile(-1)) && isnan(normal_quantile(2)));
    assert_true(isnan(normal_quantile(NAN)) && isnan(normal_quantile(INFINITY)));
    assert_true(normal_quantile(DBL_TRUE_MIN) < -38.4 && normal_quantile(DBL_TRUE_MIN) > -38.5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_of_mpmath),
        cmocka_unit_test(test_the_lower_tail_is_right_to_its_last_places),
        cmocka_unit_test(test_the_quantile_undoes_the_probability),
        cmocka_unit_test(test_symmetry_and_order),
        cmocka_unit_test(test_edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
