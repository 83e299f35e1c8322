/* test_arrivals.c - bursts with the mean that was asked for, and the day's and the symbols' shares.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "activity.h"
#include "arrivals.h"
#include "session.h"

enum { EVENTS = 2000000 };

static int64_t next_gap(arrivals *process, tw_random *random) {
    int64_t gap_ns = arrivals_draw(process, random);
    arrivals_pass(process, gap_ns);
    arrivals_raise(process);
    return gap_ns;
}

static void the_mean_is_what_was_asked_for_and_events_come_in_bursts(void **state) {
    (void)state;
    arrivals process;
    tw_random random;
    tw_random_init(&random, 1, 1);
    arrivals_init(&process, 20e-9);
    double sum = 0.0;
    double squares = 0.0;
    uint32_t tiny = 0;
    for (int i = 0; i < EVENTS; i++) {
        int64_t gap_ns = next_gap(&process, &random);
        assert_true(gap_ns >= 1);
        sum += (double)gap_ns;
        squares += (double)gap_ns * (double)gap_ns;
        tiny += gap_ns < 1000000;
    }
    double mean = sum / EVENTS;
    assert_true(mean > 0.95 * 50e6 && mean < 1.05 * 50e6);
    double variation = sqrt(squares / EVENTS - mean * mean) / mean;
    assert_true(variation > 2.5); /* of a Poisson process: 1 */
    assert_true(tiny > EVENTS * 4 / 10);
}

static void a_settled_process_begins_at_its_mean(void **state) {
    (void)state;
    tw_random random;
    tw_random_init(&random, 1, 1);
    uint32_t count = 0;
    for (int i = 0; i < 20000; i++) {
        arrivals process;
        arrivals_init(&process, 20e-9);
        for (int64_t at_ns = 0; at_ns < 1000000000; count++)
            at_ns += next_gap(&process, &random);
        count--; /* the last one came later */
    }
    assert_true(fabs(count / 20000.0 / 20.0 - 1.0) < 0.05);
}

static void rates_from_one_a_year_to_a_million_a_second_have_gaps_that_fit(void **state) {
    (void)state;
    static const double rates[] = {3e-17, 1e-12, 1e-3};
    for (int i = 0; i < 3; i++) {
        arrivals process;
        tw_random random;
        tw_random_init(&random, 2, (uint64_t)i);
        arrivals_init(&process, rates[i]);
        for (int event = 0; event < 10000; event++)
            assert_true(next_gap(&process, &random) >= 1);
    }
}

static void the_sessions_mean_is_one(void **state) {
    (void)state;
    double sum = 0.0;
    int64_t day = 20458; /* 2026-01-05 */
    int64_t open_ns = session_time_of(day, 9, 30);
    for (int minute = 0; minute < 390; minute++)
        sum += activity_at(open_ns + minute * TW_NS_PER_MINUTE + 30 * TW_NS_PER_SECOND);
    assert_true(fabs(sum / 390 - 1.0) < 0.001);
    assert_true(activity_at(open_ns) == 2.0);
    assert_true(activity_at(session_time_of(day, 12, 45)) == 0.5);
    assert_true(activity_at(open_ns - 1) < 0.1);
    assert_true(activity_at(session_time_of(day, 22, 0)) == 0.5);
}

static void the_shares_of_symbols_sum_to_one_and_fall(void **state) {
    (void)state;
    double shares = activity_shares(5000);
    double sum = 0.0;
    for (uint32_t rank = 0; rank < 5000; rank++) {
        sum += activity_share(rank, shares);
        if (rank > 0)
            assert_true(activity_share(rank, shares) < activity_share(rank - 1, shares));
    }
    assert_true(fabs(sum - 1.0) < 1e-9);
    assert_true(fabs(activity_share(0, activity_shares(1)) - 1.0) < 1e-12);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_mean_is_what_was_asked_for_and_events_come_in_bursts),
        cmocka_unit_test(a_settled_process_begins_at_its_mean),
        cmocka_unit_test(rates_from_one_a_year_to_a_million_a_second_have_gaps_that_fit),
        cmocka_unit_test(the_sessions_mean_is_one),
        cmocka_unit_test(the_shares_of_symbols_sum_to_one_and_fall),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
