/*
 * test_tune_curve.c - which value of a setting its figures speak for, and when they speak for none.
 *
 * The figures are made up: no clock decides but the budget's, which is either none or plenty.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tradewind/time.h"
#include "tune_curve.h"

static const int64_t PLENTY_NS = 3600 * TW_NS_PER_SECOND;
#define ANY_NOISE 1e9

/* ---- choosing -------------------------------------------------------------------------------- */

static void the_smallest_near_the_best_is_chosen(void **state) {
    (void)state;
    const double rising[] = {10, 50, 94.9, 95, 100};
    const double falling[] = {100, 99, 50};
    const double hill[] = {10, 97, 100, 60};
    assert_int_equal(tune_choose_share(rising, 5, 0.05), 3);
    assert_int_equal(tune_choose_share(falling, 3, 0.05), 0);
    assert_int_equal(tune_choose_share(hill, 4, 0.05), 1);
}

static void of_equals_the_first_is_chosen(void **state) {
    (void)state;
    const double same[] = {7, 7, 7};
    const double none[] = {0, 0};
    assert_int_equal(tune_choose_share(same, 3, 0.05), 0);
    assert_int_equal(tune_choose_distance(same, 3, 0), 0);
    assert_int_equal(tune_choose_below(same, 3, 1), 0);
    assert_int_equal(tune_choose_share(none, 2, 0.05), 0);
}

static void one_value_is_its_own_best(void **state) {
    (void)state;
    const double one[] = {3};
    assert_int_equal(tune_choose_share(one, 1, 0.05), 0);
    assert_int_equal(tune_choose_distance(one, 1, 0.01), 0);
    assert_int_equal(tune_choose_below(one, 1, 0.02), 0);
}

static void a_distance_is_absolute(void **state) {
    (void)state;
    const double ratios[] = {0.01, 0.5, 0.901, 0.91};
    assert_int_equal(tune_choose_distance(ratios, 4, 0.01), 2);
    assert_int_equal(tune_choose_distance(ratios, 4, 0.001), 3);
}

static void the_first_that_is_low_enough_is_chosen_or_the_lowest(void **state) {
    (void)state;
    const double falling[] = {0.9, 0.1, 0.02, 0.01};
    const double high[] = {0.9, 0.3, 0.4};
    assert_int_equal(tune_choose_below(falling, 4, 0.02), 2);
    assert_int_equal(tune_choose_below(high, 3, 0.02), 1);
}

/* ---- measuring ------------------------------------------------------------------------------- */

typedef struct made_up {
    uint32_t calls;
    double asked[64];
    tw_status status; /* of call `fails_at` */
    uint32_t fails_at;
} made_up;

/* A rate that rises to 100 and is 10 times as high in one round of three. */
static tw_status run(void *state, double value, double *ret_figure, tw_error *error) {
    made_up *of = state;
    uint32_t call = of->calls++;
    of->asked[call % 64] = value;
    if (of->status != TW_OK && call == of->fails_at)
        return tw_error_set(error, of->status, "made up");
    double figure = value < 100 ? value : 100;
    *ret_figure = call / 3 % 3 == 1 ? 10 * figure : figure;
    return TW_OK;
}

static tune_curve three_values(void) {
    return (tune_curve){.values = {10, 100, 1000}, .count = 3};
}

static void values_take_turns_and_medians_decide(void **state) {
    (void)state;
    made_up of = {0};
    const tune_way way = {&of, true, run};
    const tune_plan plan = {.rounds = 3, .noise_limit = ANY_NOISE};
    tune_curve curve = three_values();
    tw_error error = {0};
    assert_int_equal(tune_measure(&way, &plan, PLENTY_NS, &curve, &error), TW_OK);
    assert_int_equal(of.calls, 9);
    for (uint32_t i = 0; i < 9; i++)
        assert_true(of.asked[i] == curve.values[i % 3]);
    assert_int_equal(curve.verdict, TUNE_CHOSEN);
    assert_int_equal(curve.chosen, 1);
    assert_true(curve.figures[1].median == 100 && curve.figures[1].high == 1000);
    assert_int_equal(curve.figures[1].count, 3);
}

static void a_noisy_machine_speaks_for_nothing(void **state) {
    (void)state;
    tune_curve curve = three_values();
    for (uint32_t i = 0; i < curve.count; i++)
        curve.figures[i] = (proof_figure){.median = 1 + i, .low = 1, .high = 9, .count = 3};
    curve.noise = 0.16;
    tune_conclude(&curve, 0.15);
    assert_int_equal(curve.verdict, TUNE_NOISY);
    curve.noise = 0.15;
    tune_conclude(&curve, 0.15);
    assert_int_equal(curve.verdict, TUNE_CHOSEN);
    assert_int_equal(curve.chosen, 2);
}

static void without_time_nothing_is_chosen(void **state) {
    (void)state;
    made_up of = {0};
    const tune_way way = {&of, true, run};
    const tune_plan plan = {.rounds = 3, .noise_limit = ANY_NOISE};
    tune_curve curve = three_values();
    tw_error error = {0};
    assert_int_equal(tune_measure(&way, &plan, 0, &curve, &error), TW_OK);
    assert_int_equal(of.calls, 0);
    assert_int_equal(curve.verdict, TUNE_LATE);
    curve.figures[0].count = TUNE_ROUNDS_MIN - 1;
    tune_conclude(&curve, ANY_NOISE);
    assert_int_equal(curve.verdict, TUNE_LATE);
}

static bool yes(void) {
    return true;
}

static void a_failure_and_an_interruption_end_it(void **state) {
    (void)state;
    made_up of = {.status = TW_NO_SPACE, .fails_at = 4};
    const tune_way way = {&of, true, run};
    tune_plan plan = {.rounds = 3, .noise_limit = ANY_NOISE};
    tune_curve curve = three_values();
    tw_error error = {0};
    assert_int_equal(tune_measure(&way, &plan, PLENTY_NS, &curve, &error), TW_NO_SPACE);
    assert_int_equal(of.calls, 5);
    assert_string_equal(error.message, "made up");
    plan.cancelled = yes;
    of = (made_up){0};
    assert_int_equal(tune_measure(&way, &plan, PLENTY_NS, &curve, &error), TW_INTERRUPTED);
    assert_int_equal(of.calls, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_smallest_near_the_best_is_chosen),
        cmocka_unit_test(of_equals_the_first_is_chosen),
        cmocka_unit_test(one_value_is_its_own_best),
        cmocka_unit_test(a_distance_is_absolute),
        cmocka_unit_test(the_first_that_is_low_enough_is_chosen_or_the_lowest),
        cmocka_unit_test(values_take_turns_and_medians_decide),
        cmocka_unit_test(a_noisy_machine_speaks_for_nothing),
        cmocka_unit_test(without_time_nothing_is_chosen),
        cmocka_unit_test(a_failure_and_an_interruption_end_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
