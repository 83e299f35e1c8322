/* test_target_weights.c - the rules of tradewind/target_weights.h, one a test. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "failing_heap.h"
#include "tradewind/target_weights.h"

static tw_target_weights *targets_of(size_t count) {
    tw_target_weights *targets = NULL;
    assert_int_equal(tw_target_weights_new(NULL, count, &targets), TW_OK);
    return targets;
}

static tw_target_weights_config config_of(tw_target_method method) {
    tw_target_weights_config config;
    tw_target_weights_config_init(&config);
    config.method = (uint8_t)method;
    return config;
}

static tw_target_weights_result compute(tw_target_weights *targets,
                                        const tw_target_weights_config *config,
                                        const tw_target_weights_input *input) {
    tw_target_weights_result result;
    tw_error error = {0};
    tw_status status = tw_target_weights_compute(targets, config, input, &result, &error);
    if (status != TW_OK)
        fail_msg("%s: %s", tw_status_name(status), error.message);
    assert_true(result.converged);
    return result;
}

static void refuse(tw_target_weights *targets, const tw_target_weights_config *config,
                   const tw_target_weights_input *input, tw_status wanted, const char *words) {
    tw_target_weights_result result;
    tw_target_weights_result before;
    memset(&result, 0x5a, sizeof result);
    memcpy(&before, &result, sizeof before);
    tw_error error = {0};
    tw_status status = tw_target_weights_compute(targets, config, input, &result, &error);
    assert_int_equal(status, wanted);
    if (strstr(error.message, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", error.message, words);
    assert_memory_equal(&result, &before, sizeof result);
    assert_int_equal(tw_target_weights_compute(targets, config, input, &result, NULL), wanted);
}

static void assert_weights(const tw_target_weights_result *result, const double *expected) {
    for (size_t i = 0; i < result->count; i++)
        if (!(fabs(result->weights[i] - expected[i]) < 1e-14))
            fail_msg("weight %zu is %.17g, not %.17g", i, result->weights[i], expected[i]);
}

/* Deviations of 10%, 20%, 40%; no correlation. */
static const double apart[9] = {0.01, 0, 0, 0, 0.04, 0, 0, 0, 0.16};
static const tw_target_weights_input three = {.covariance = apart, .count = 3};

static void test_rules_for_each_asset_by_itself(void **state) {
    (void)state;
    TW_AUTO(tw_target_weights) *targets = targets_of(3);
    tw_target_weights_config config = config_of(TW_TARGET_EQUAL);
    tw_target_weights_result result = compute(targets, &config, &three);
    assert_weights(&result, (double[]){1.0 / 3, 1.0 / 3, 1.0 / 3});
    assert_true(isnan(result.mean));
    assert_true(fabs(result.variance - 0.21 / 9) < 1e-16);
    assert_true(fabs(result.risk_shares[2] - 16.0 / 21) < 1e-15);
    assert_int_equal(result.held, 3);
    config.method = TW_TARGET_INVERSE_VOLATILITY;
    config.budget = 2;
    result = compute(targets, &config, &three);
    assert_weights(&result, (double[]){8.0 / 7, 4.0 / 7, 2.0 / 7});
    config.method = TW_TARGET_INVERSE_VARIANCE;
    config.budget = 1;
    result = compute(targets, &config, &three);
    assert_weights(&result, (double[]){16.0 / 21, 4.0 / 21, 1.0 / 21});
}

/* Without correlation every way to spread risk has an answer that is known. */
static void test_without_correlation_the_answers_are_known(void **state) {
    (void)state;
    TW_AUTO(tw_target_weights) *targets = targets_of(3);
    tw_target_weights_config config = config_of(TW_TARGET_RISK_PARITY);
    tw_target_weights_result result = compute(targets, &config, &three);
    assert_weights(&result, (double[]){4.0 / 7, 2.0 / 7, 1.0 / 7});
    tw_target_weights_input budgets = three;
    budgets.risk_budgets = (double[]){4, 1, 4}; /* x_i in proportion to sqrt(b_i) / deviation */
    result = compute(targets, &config, &budgets);
    assert_weights(&result, (double[]){20.0 / 30, 5.0 / 30, 5.0 / 30});
    config.method = TW_TARGET_MINIMUM_VARIANCE;
    result = compute(targets, &config, &three);
    assert_weights(&result, (double[]){16.0 / 21, 4.0 / 21, 1.0 / 21});
    assert_true(result.residual < 1e-15);
    config.method = TW_TARGET_MAXIMUM_DIVERSIFICATION;
    result = compute(targets, &config, &three);
    assert_weights(&result, (double[]){4.0 / 7, 2.0 / 7, 1.0 / 7});
    assert_true(fabs(result.objective - sqrt(3)) < 1e-14);
}

static void test_limits_bind_and_are_told(void **state) {
    (void)state;
    TW_AUTO(tw_target_weights) *targets = targets_of(3);
    tw_target_weights_config config = config_of(TW_TARGET_MINIMUM_VARIANCE);
    tw_target_weights_input input = three;
    input.lower = (double[]){0, 0, 0.1};
    input.upper = (double[]){0.5, 1, 1};
    tw_target_weights_result result = compute(targets, &config, &input);
    assert_weights(&result, (double[]){0.5, 0.4, 0.1});
    assert_int_equal(result.places[0], TW_TARGET_UPPER);
    assert_int_equal(result.places[1], TW_TARGET_FREE);
    assert_int_equal(result.places[2], TW_TARGET_LOWER);
    assert_int_equal(result.at_lower, 1);
    assert_int_equal(result.at_upper, 1);
    /* Limits that leave one portfolio only, and limits that are all closed. */
    input.lower = (double[]){0.2, 0.3, 0.5};
    result = compute(targets, &config, &input);
    assert_weights(&result, input.lower);
    input.upper = input.lower;
    result = compute(targets, &config, &input);
    assert_weights(&result, input.lower);
    assert_int_equal(result.at_lower + result.at_upper, 0);
    /* Short positions where a lower limit is below 0. */
    input.covariance = (double[]){0.04, 0.06, 0, 0.06, 0.16, 0, 0, 0, 0.04};
    input.lower = (double[]){-1, -1, -1};
    input.upper = (double[]){2, 2, 2};
    result = compute(targets, &config, &input);
    assert_true(result.weights[1] < 0);
}

static void test_a_mean_is_traded_against_the_variance(void **state) {
    (void)state;
    TW_AUTO(tw_target_weights) *targets = targets_of(3);
    tw_target_weights_input input = three;
    input.means = (double[]){0.01, 0.02, 0.08};
    /* Unlimited, the greatest ratio is in proportion to mean / variance: 1, 0.5, 0.5. */
    tw_target_weights_config config = config_of(TW_TARGET_MAXIMUM_SHARPE);
    tw_target_weights_result result = compute(targets, &config, &input);
    assert_weights(&result, (double[]){0.5, 0.25, 0.25});
    assert_true(fabs(result.objective - sqrt(0.01 + 0.01 + 0.04)) < 1e-15);
    /* With the rate at the first mean nothing of it is held: 0, 0.25, 0.4375. */
    config.risk_free_per_period = 0.01;
    result = compute(targets, &config, &input);
    assert_weights(&result, (double[]){0, 4.0 / 11, 7.0 / 11});
    config = config_of(TW_TARGET_RETURN);
    config.return_per_period = 0.08; /* the greatest there is */
    result = compute(targets, &config, &input);
    assert_weights(&result, (double[]){0, 0, 1});
    config.return_per_period = 0.03;
    result = compute(targets, &config, &input);
    assert_true(fabs(result.mean - 0.03) < 1e-16);
    /* A target that the least variance exceeds changes nothing. */
    config.return_per_period = -1;
    result = compute(targets, &config, &input);
    assert_weights(&result, (double[]){16.0 / 21, 4.0 / 21, 1.0 / 21});
    config = config_of(TW_TARGET_RISK_AVERSION);
    config.risk_aversion = 1e-6; /* next to no fear of risk */
    result = compute(targets, &config, &input);
    assert_weights(&result, (double[]){0, 0, 1});
    config.risk_aversion = 1e9; /* next to nothing else */
    result = compute(targets, &config, &input);
    assert_true(fabs(result.weights[0] - 16.0 / 21) < 1e-8);
}

static void test_one_asset_takes_the_budget(void **state) {
    (void)state;
    TW_AUTO(tw_target_weights) *targets = targets_of(5);
    tw_target_weights_input input = {
        .covariance = (double[]){0.04}, .means = (double[]){0.01}, .count = 1};
    for (int method = 0; method <= TW_TARGET_MAXIMUM_SHARPE; method++) {
        tw_target_weights_config config = config_of((tw_target_method)method);
        config.budget = 0.7;
        tw_target_weights_result result = compute(targets, &config, &input);
        assert_weights(&result, (double[]){0.7});
    }
}

static void test_ties_go_to_the_lower_index(void **state) {
    (void)state;
    TW_AUTO(tw_target_weights) *targets = targets_of(4);
    tw_target_weights_input input = {.covariance =
                                         (double[]){1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1},
                                     .means = (double[]){1, 1, 1, 1},
                                     .upper = (double[]){0.5, 0.5, 0.5, 0.5},
                                     .count = 4};
    for (int method = TW_TARGET_MINIMUM_VARIANCE; method <= TW_TARGET_MAXIMUM_SHARPE; method++) {
        tw_target_weights_config config = config_of((tw_target_method)method);
        tw_target_weights_result result = compute(targets, &config, &input);
        assert_weights(&result, (double[]){0.25, 0.25, 0.25, 0.25});
    }
    /* Assets that are one asset: whichever came first is held, and nothing is singular yet. */
    input.covariance = (double[]){1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1};
    input.upper = NULL;
    tw_target_weights_config config = config_of(TW_TARGET_MINIMUM_VARIANCE);
    tw_target_weights_result result = compute(targets, &config, &input);
    assert_weights(&result, (double[]){1.0 / 3, 0, 1.0 / 3, 1.0 / 3});
}

static void test_a_singular_covariance_is_refused_by_name_or_given_a_ridge(void **state) {
    (void)state;
    TW_AUTO(tw_target_weights) *targets = targets_of(3);
    tw_target_weights_config config = config_of(TW_TARGET_MINIMUM_VARIANCE);
    /* The third moves as the sum of the first two. */
    double sum[9] = {1, 0, 1, 0, 1, 1, 1, 1, 2};
    tw_target_weights_input input = {.covariance = sum,
                                     .means = (double[]){0, 0, 1},
                                     .lower = (double[]){-1, -1, -1},
                                     .upper = (double[]){2, 2, 2},
                                     .count = 3};
    config.method = TW_TARGET_RISK_AVERSION;
    refuse(targets, &config, &input, TW_INVALID,
           "asset 2 moves as a combination of assets 1 and 0;");
    double twice[9] = {1, 2, 0, 2, 4, 0, 0, 0, 4};
    input.covariance = twice;
    input.lower = (double[]){-10, -10, -10};
    input.upper = (double[]){40, 40, 40};
    config.method = TW_TARGET_MINIMUM_VARIANCE;
    refuse(targets, &config, &input, TW_INVALID, "asset 1 moves as a multiple of asset 0;");
    config.ridge = 0.01;
    tw_target_weights_result result = compute(targets, &config, &input);
    assert_true(result.residual < 1e-10);
    /* Without a portfolio that varies there are no shares of the risk. */
    config = config_of(TW_TARGET_RISK_PARITY);
    double against[4] = {1, -1, -1, 1};
    input = (tw_target_weights_input){.covariance = against, .count = 2};
    refuse(targets, &config, &input, TW_INVALID, "has no variance");
    config.ridge = 0.01;
    result = compute(targets, &config, &input);
    assert_weights(&result, (double[]){0.5, 0.5});
}

static void test_what_cannot_be_is_refused_with_its_reason(void **state) {
    (void)state;
    TW_AUTO(tw_target_weights) *targets = targets_of(3);
    tw_target_weights_config config = config_of(TW_TARGET_MINIMUM_VARIANCE);
    tw_target_weights_input input = three;
    input.lower = (double[]){0.5, 0.5, 0.1};
    refuse(targets, &config, &input, TW_INFEASIBLE, "add up to 1.1, which is more");
    input.lower = NULL;
    input.upper = (double[]){0.5, 0.2, 0.1};
    refuse(targets, &config, &input, TW_INFEASIBLE, "add up to 0.8, which is less");
    input.lower = (double[]){0, 0.3, 0};
    refuse(targets, &config, &input, TW_INFEASIBLE, "asset 1 has a lower limit of 0.3 above");
    input.upper = (double[]){1, INFINITY, 1};
    refuse(targets, &config, &input, TW_INVALID, "the upper limit of asset 1");
    config.method = TW_TARGET_HIERARCHICAL;
    input.upper = NULL;
    refuse(targets, &config, &input, TW_UNSUPPORTED, "hierarchical follows a rule");
    input.lower = NULL;
    config.method = TW_TARGET_MAXIMUM_SHARPE;
    refuse(targets, &config, &input, TW_INVALID, "needs the means");
    input.means = (double[]){0.01, NAN, 0.02};
    refuse(targets, &config, &input, TW_INVALID, "the mean of asset 1");
    input.means = (double[]){0.01, 0.01, 0.02};
    config.risk_free_per_period = 0.02;
    refuse(targets, &config, &input, TW_INFEASIBLE, "earns more than the risk-free rate of 0.02");
    config = config_of(TW_TARGET_RETURN);
    config.return_per_period = 0.021;
    refuse(targets, &config, &input, TW_INFEASIBLE, "has a mean of 0.021; the greatest is 0.02");
    config = config_of(TW_TARGET_MAXIMUM_DIVERSIFICATION);
    input.lower = input.upper = (double[]){3, 0, -2};
    refuse(targets, &config, &input, TW_INFEASIBLE, "the limits force short positions");
    input.lower = input.upper = NULL;
    config = config_of(TW_TARGET_RISK_PARITY);
    input.risk_budgets = (double[]){1, 0, 1};
    refuse(targets, &config, &input, TW_INVALID, "the risk budget of asset 1 is 0");
    input = three;
    input.count = 4;
    refuse(targets, &config, &input, TW_FULL, "4 assets exceed the 3");
    input.count = 0;
    refuse(targets, &config, &input, TW_EMPTY, "no assets");
}

static void test_a_covariance_that_is_none_is_refused(void **state) {
    (void)state;
    TW_AUTO(tw_target_weights) *targets = targets_of(2);
    tw_target_weights_config config = config_of(TW_TARGET_EQUAL);
    tw_target_weights_input input = {.count = 2};
    input.covariance = (double[]){1, 0, 0, NAN};
    refuse(targets, &config, &input, TW_INVALID, "the variance of asset 1");
    input.covariance = (double[]){0, 0, 0, 1};
    refuse(targets, &config, &input, TW_INVALID, "the variance of asset 0 is 0");
    input.covariance = (double[]){1, 0.5, 0.4, 1};
    refuse(targets, &config, &input, TW_INVALID, "not the same both ways");
    input.covariance = (double[]){1, NAN, NAN, 1};
    refuse(targets, &config, &input, TW_INVALID, "is not a number");
    input.covariance = (double[]){1, 2, 2, 1};
    refuse(targets, &config, &input, TW_INVALID, "a correlation beyond 1");
}

static void test_fields_out_of_their_range_are_refused(void **state) {
    (void)state;
    TW_AUTO(tw_target_weights) *targets = targets_of(3);
    tw_target_weights_config config = config_of((tw_target_method)10);
    refuse(targets, &config, &three, TW_RANGE, "no method 10");
    config = config_of(TW_TARGET_EQUAL);
    config.budget = 0;
    refuse(targets, &config, &three, TW_RANGE, "the budget");
    config.budget = NAN;
    refuse(targets, &config, &three, TW_RANGE, "the budget");
    config = config_of(TW_TARGET_EQUAL);
    config.ridge = -0.1;
    refuse(targets, &config, &three, TW_RANGE, "the ridge");
    config = config_of(TW_TARGET_RISK_AVERSION);
    config.risk_aversion = 0;
    refuse(targets, &config, &three, TW_RANGE, "the risk aversion");
    config = config_of(TW_TARGET_RETURN);
    config.return_per_period = NAN;
    refuse(targets, &config, &three, TW_RANGE, "the target return");
    config = config_of(TW_TARGET_MAXIMUM_SHARPE);
    config.risk_free_per_period = INFINITY;
    refuse(targets, &config, &three, TW_RANGE, "the risk-free rate");
    config = config_of(TW_TARGET_HIERARCHICAL);
    config.distance = 2;
    refuse(targets, &config, &three, TW_RANGE, "no distance 2");
    tw_target_weights *none = NULL;
    assert_int_equal(tw_target_weights_new(NULL, 0, &none), TW_RANGE);
    assert_int_equal(tw_target_weights_new(NULL, SIZE_MAX / 4, &none), TW_RANGE);
}

static void test_a_limit_of_iterations_is_told_and_harmless(void **state) {
    (void)state;
    TW_AUTO(tw_target_weights) *targets = targets_of(3);
    double linked[9] = {0.01, 0.005, 0.01, 0.005, 0.04, 0.01, 0.01, 0.01, 0.16};
    tw_target_weights_input input = {.covariance = linked, .count = 3};
    for (int method = TW_TARGET_RISK_PARITY; method <= TW_TARGET_MAXIMUM_DIVERSIFICATION;
         method++) {
        if (method == TW_TARGET_HIERARCHICAL)
            continue;
        tw_target_weights_config config = config_of((tw_target_method)method);
        config.iterations_max = 1;
        tw_target_weights_result result;
        assert_int_equal(tw_target_weights_compute(targets, &config, &input, &result, NULL), TW_OK);
        assert_false(result.converged);
        assert_int_equal(result.iterations, 1);
        assert_true(result.residual > 1e-10);
        double sum = 0;
        for (size_t i = 0; i < 3; i++) {
            assert_true(result.weights[i] >= 0);
            sum += result.weights[i];
        }
        assert_true(fabs(sum - 1) < 1e-15);
    }
}

static void test_methods_have_names(void **state) {
    (void)state;
    for (int i = 0; i <= TW_TARGET_MAXIMUM_SHARPE; i++) {
        tw_target_method method = TW_TARGET_EQUAL;
        tw_slice name = tw_slice_of(tw_target_method_name((tw_target_method)i));
        assert_int_equal(tw_target_method_parse(name, &method), TW_OK);
        assert_int_equal(method, i);
    }
    tw_target_method method = TW_TARGET_RETURN;
    assert_int_equal(tw_target_method_parse(tw_slice_of("best"), &method), TW_PARSE);
    assert_int_equal(method, TW_TARGET_RETURN);
    assert_string_equal(tw_target_method_name((tw_target_method)99), "?");
}

static tw_status make_use_free(const tw_allocator *allocator, void *context) {
    (void)context;
    TW_AUTO(tw_target_weights) *targets = NULL;
    tw_status status = tw_target_weights_new(allocator, 3, &targets);
    if (status != TW_OK)
        return status;
    tw_target_weights_config config = config_of(TW_TARGET_MINIMUM_VARIANCE);
    tw_target_weights_result result;
    return tw_target_weights_compute(targets, &config, &three, &result, NULL);
}

static void test_nothing_is_left_when_memory_runs_out(void **state) {
    (void)state;
    assert_survives_failed_allocations(make_use_free, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules_for_each_asset_by_itself),
        cmocka_unit_test(test_without_correlation_the_answers_are_known),
        cmocka_unit_test(test_limits_bind_and_are_told),
        cmocka_unit_test(test_a_mean_is_traded_against_the_variance),
        cmocka_unit_test(test_one_asset_takes_the_budget),
        cmocka_unit_test(test_ties_go_to_the_lower_index),
        cmocka_unit_test(test_a_singular_covariance_is_refused_by_name_or_given_a_ridge),
        cmocka_unit_test(test_what_cannot_be_is_refused_with_its_reason),
        cmocka_unit_test(test_a_covariance_that_is_none_is_refused),
        cmocka_unit_test(test_fields_out_of_their_range_are_refused),
        cmocka_unit_test(test_a_limit_of_iterations_is_told_and_harmless),
        cmocka_unit_test(test_methods_have_names),
        cmocka_unit_test(test_nothing_is_left_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
