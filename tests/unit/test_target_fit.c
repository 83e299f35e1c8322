/*
 * test_target_fit.c - weights brought into limits: what is between them keeps its proportions.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "overlap_instance.h"
#include "tradewind/target_weights.h"

#define COUNT_MAX 7

static double real_of(uint64_t *seed) {
    return (double)overlap_pick(seed, 0, 1000000) * 1e-6;
}

typedef struct fit_case {
    double weights[COUNT_MAX];
    double lower[COUNT_MAX];
    double upper[COUNT_MAX];
    tw_target_fit fit;
    double least;
    double most;
} fit_case;

static void make_case(fit_case *x, uint64_t *seed) {
    x->least = x->most = 0;
    size_t count = (size_t)overlap_pick(seed, 1, COUNT_MAX);
    for (size_t i = 0; i < count; i++) {
        x->weights[i] = 0.01 + real_of(seed);
        x->lower[i] = (double)overlap_pick(seed, 0, 1) * 0.4 * real_of(seed);
        x->upper[i] = x->lower[i] + (double)overlap_pick(seed, 0, 4) * 0.2 * real_of(seed);
        x->least += x->lower[i];
        x->most += x->upper[i];
    }
    x->fit = (tw_target_fit){.weights = x->weights,
                             .lower = x->lower,
                             .upper = x->upper,
                             .count = count,
                             .budget = x->least + real_of(seed) * (x->most - x->least)};
}

/* Sum, limits, and one factor that explains every weight: there is no other answer. */
static void check_answer(const fit_case *x, const double *answer) {
    double sum = 0;
    double least = 0;
    double most = INFINITY;
    for (size_t i = 0; i < x->fit.count; i++) {
        sum += answer[i];
        assert_true(answer[i] >= x->lower[i] && answer[i] <= x->upper[i]);
        double factor = answer[i] / x->weights[i];
        if (answer[i] > x->lower[i]) /* it would be less with a lesser factor */
            least = fmax(least, factor);
        if (answer[i] < x->upper[i])
            most = fmin(most, factor);
    }
    assert_true(fabs(sum - x->fit.budget) < 1e-13);
    assert_true(least <= most * (1 + 1e-12));
}

static void test_one_factor_explains_every_weight(void **state) {
    (void)state;
    uint64_t seed = 3;
    for (int round = 0; round < 20000; round++) {
        fit_case x;
        double answer[COUNT_MAX];
        make_case(&x, &seed);
        assert_int_equal(tw_target_weights_fit(&x.fit, answer, NULL), TW_OK);
        check_answer(&x, answer);
        x.fit.budget = x.least;
        assert_int_equal(tw_target_weights_fit(&x.fit, answer, NULL), TW_OK);
        check_answer(&x, answer);
        x.fit.budget = x.most;
        assert_int_equal(tw_target_weights_fit(&x.fit, answer, NULL), TW_OK);
        check_answer(&x, answer);
    }
}

static void test_what_has_no_answer_is_refused(void **state) {
    (void)state;
    double weights[2] = {1, 1};
    double lower[2] = {0.25, 0.25};
    double upper[2] = {0.5, 0.75};
    double answer[2] = {9, 9};
    tw_error error = {0};
    tw_target_fit fit = {weights, lower, upper, 2, 1.5};
    assert_int_equal(tw_target_weights_fit(&fit, answer, &error), TW_INFEASIBLE);
    assert_non_null(strstr(error.message, "0.5 at least and 1.25 at most"));
    fit.budget = 0.4;
    assert_int_equal(tw_target_weights_fit(&fit, answer, &error), TW_INFEASIBLE);
    fit.budget = NAN;
    assert_int_equal(tw_target_weights_fit(&fit, answer, &error), TW_INVALID);
    fit.budget = 1;
    weights[1] = -1;
    assert_int_equal(tw_target_weights_fit(&fit, answer, &error), TW_INVALID);
    weights[1] = 0; /* nothing but its lower limit */
    assert_int_equal(tw_target_weights_fit(&fit, answer, &error), TW_INFEASIBLE);
    weights[1] = 1;
    lower[1] = 0.8;
    assert_int_equal(tw_target_weights_fit(&fit, answer, &error), TW_INFEASIBLE);
    assert_non_null(strstr(error.message, "asset 1 cross"));
    assert_true(answer[0] == 9 && answer[1] == 9);
    lower[1] = 0.25;
    assert_int_equal(tw_target_weights_fit(&fit, weights, &error), TW_OK); /* in place */
    assert_true(weights[0] == 0.5 && weights[1] == 0.5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_factor_explains_every_weight),
        cmocka_unit_test(test_what_has_no_answer_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
