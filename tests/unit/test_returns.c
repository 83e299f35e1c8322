/*
 * test_returns.c - the rules that returns.h states.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "assert_near.h"
#include "tradewind/returns.h"
#include "tradewind/time.h"

static int64_t time_of(const char *text) {
    int64_t time_ns = 0;
    size_t length = 0;
    while (text[length] != 0)
        length++;
    assert_int_equal(tw_time_parse((tw_slice){text, length}, &time_ns), TW_OK);
    return time_ns;
}

static void test_cumulated_returns_and_values(void **state) {
    (void)state;
    const double returns[] = {0.1, NAN, -0.5};
    double values[3];
    tw_returns_cumulate(returns, 3, 0, values);
    assert_near(values[0], 0.1, 1e-15);
    assert_near(values[1], 0.1, 1e-15);
    assert_near(values[2], -0.45, 1e-15);
    tw_returns_cumulate(returns, 3, 100, values);
    assert_near(values[2], 55, 1e-12);
}

static void test_calendar_periods_begin_where_the_calendar_does(void **state) {
    (void)state;
    const int64_t times[] = {time_of("2023-12-29T10:00:00Z"), time_of("2023-12-31T23:59:59Z"),
                             time_of("2024-01-01T00:00:00Z"), time_of("2024-03-31T12:00:00Z"),
                             time_of("2024-04-01T12:00:00Z")};
    const double returns[] = {0.1, 0.1, 0.2, NAN, NAN};
    const struct {
        tw_calendar_period period;
        size_t count;
        const char *second; /* start of the second period */
    } kinds[] = {{TW_CALENDAR_WEEK, 4, "2024-01-01"},
                 {TW_CALENDAR_MONTH, 4, "2024-01-01"},
                 {TW_CALENDAR_QUARTER, 3, "2024-01-01"},
                 {TW_CALENDAR_YEAR, 2, "2024-01-01"}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        double values[5];
        int64_t starts[5];
        tw_calendar_returns results = {values, starts, 0};
        assert_int_equal(tw_returns_by_calendar(times, returns, 5, kinds[i].period, &results, NULL),
                         TW_OK);
        assert_int_equal(results.count, kinds[i].count);
        assert_near(values[0], 0.21, 1e-15);
        assert_near(values[1], 0.2, 1e-15);
        assert_int_equal(starts[1], time_of(kinds[i].second));
        if (kinds[i].period == TW_CALENDAR_QUARTER)
            assert_true(isnan(values[2]));
    }
}

static void test_weeks_begin_on_monday_before_1970_too(void **state) {
    (void)state;
    const int64_t times[] = {time_of("1969-12-28"), time_of("1969-12-29"), time_of("1970-01-04")};
    const double returns[] = {0.1, 0.1, 0.1};
    double values[3];
    tw_calendar_returns results = {.returns = values};
    assert_int_equal(tw_returns_by_calendar(times, returns, 3, TW_CALENDAR_WEEK, &results, NULL),
                     TW_OK);
    assert_int_equal(results.count, 2);
    assert_near(values[1], 0.21, 1e-15);
}

static void test_times_that_go_back_are_refused(void **state) {
    (void)state;
    const int64_t times[] = {5, 4};
    const double returns[] = {0, 0};
    double values[2];
    tw_calendar_returns results = {.returns = values, .count = 77};
    tw_error error = {0};
    assert_int_equal(tw_returns_by_calendar(times, returns, 2, TW_CALENDAR_YEAR, &results, &error),
                     TW_INVALID);
    assert_string_equal(error.message, "the time in row 1 is before the one above it");
    assert_int_equal(results.count, 77);
    assert_int_equal(
        tw_returns_by_calendar(times, returns, 1, (tw_calendar_period)4, &results, NULL),
        TW_INVALID);
}

static void test_periods_of_a_year_by_the_median_distance(void **state) {
    (void)state;
    static const struct {
        int64_t days;
        double periods;
    } kinds[] = {{1, 252}, {7, 52}, {30, 12}, {91, 4}, {365, 1}};
    for (size_t i = 0; i < 5; i++) {
        int64_t times[12];
        for (int64_t k = 0; k < 12; k++) /* with one long gap */
            times[k] = (kinds[i].days * k + (k > 6 ? 400 : 0)) * TW_NS_PER_DAY;
        assert_true(tw_returns_periods_per_year(times, 12) == kinds[i].periods);
        assert_true(isnan(tw_returns_periods_per_year(times, 1)));
    }
    const int64_t intraday[] = {0, TW_NS_PER_DAY / 4, TW_NS_PER_DAY / 2};
    assert_true(isnan(tw_returns_periods_per_year(intraday, 3)));
}

static void test_weights_drift_and_are_restored(void **state) {
    (void)state;
    const double returns[] = {1, 0, 0, 0, 1, 0}; /* of two assets, three periods */
    const double weights[] = {0.5, 0.5};
    double results[3];
    double begun[6];
    double turnovers[3];
    tw_drift_input input = {returns, weights, 3, 2, false};
    tw_drift_results to = {results, begun, turnovers};
    tw_drift_config config = {.rebalance_every = 0};
    assert_int_equal(tw_returns_drift(&config, &input, &to, NULL), TW_OK);
    assert_near(results[0], 0.5, 1e-16);
    assert_near(results[1], 0, 1e-16);
    assert_near(results[2], 2.0 / 3, 1e-15);
    assert_near(begun[2], 2.0 / 3, 1e-15);
    assert_near(turnovers[2], 0, 1e-15);
    config = (tw_drift_config){.rebalance_every = 2, .cost = 0.01};
    assert_int_equal(tw_returns_drift(&config, &input, &to, NULL), TW_OK);
    assert_near(turnovers[1], 0, 1e-15);
    assert_near(turnovers[2], 1.0 / 3, 1e-15);
    assert_near(results[2], (1 - 0.01 / 3) * 1.5 - 1, 1e-15);
}

static void test_what_is_not_invested_is_cash(void **state) {
    (void)state;
    const double returns[] = {0.1, 0.1};
    const double weights[] = {0.5};
    double results[2];
    double begun[2];
    tw_drift_input input = {returns, weights, 2, 1, false};
    tw_drift_results to = {results, begun, NULL};
    tw_drift_config config = {0};
    assert_int_equal(tw_returns_drift(&config, &input, &to, NULL), TW_OK);
    assert_near(results[0], 0.05, 1e-16);
    assert_near(begun[1], 0.55 / 1.05, 1e-15);
}

static void test_bad_input_of_a_drift_is_named(void **state) {
    (void)state;
    const double good[] = {0.1, 0.2};
    const double infinite[] = {0.1, INFINITY};
    const double ruin[] = {-1, 0.1};
    const double weights[] = {1};
    const double missing[] = {NAN, 1};
    double results[2];
    double begun[2];
    tw_drift_results to = {results, begun, NULL};
    const struct {
        double cost;
        tw_drift_input input;
        tw_status status;
        const char *sentence;
    } cases[] = {
        {2, {good, weights, 2, 1, false}, TW_RANGE, "cost must lie between 0 and 1"},
        {0,
         {infinite, weights, 2, 1, false},
         TW_INVALID,
         "the return of asset 0 in row 1 is infinite"},
        {0,
         {good, missing, 2, 1, true},
         TW_INVALID,
         "the weight of asset 0 in row 0 is missing or infinite"},
        {0, {ruin, weights, 2, 1, false}, TW_INVALID, "in row 0 the portfolio has lost everything"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tw_error error = {0};
        tw_drift_config config = {.cost = cases[i].cost};
        assert_int_equal(tw_returns_drift(&config, &cases[i].input, &to, &error), cases[i].status);
        assert_string_equal(error.message, cases[i].sentence);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cumulated_returns_and_values),
        cmocka_unit_test(test_calendar_periods_begin_where_the_calendar_does),
        cmocka_unit_test(test_weeks_begin_on_monday_before_1970_too),
        cmocka_unit_test(test_times_that_go_back_are_refused),
        cmocka_unit_test(test_periods_of_a_year_by_the_median_distance),
        cmocka_unit_test(test_weights_drift_and_are_restored),
        cmocka_unit_test(test_what_is_not_invested_is_cash),
        cmocka_unit_test(test_bad_input_of_a_drift_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
