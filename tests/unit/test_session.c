/* test_session.c - New York's hours, against published dates of the switches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "session.h"
#include "tradewind/text.h"

static int64_t at(const char *text) {
    int64_t time_ns = 0;
    assert_int_equal(tw_time_parse(tw_slice_of(text), &time_ns), TW_OK);
    return time_ns;
}

static int64_t day(const char *text) {
    return at(text) / TW_NS_PER_DAY;
}

static void the_offset_changes_at_the_published_moments(void **state) {
    (void)state;
    static const char *const to_summer[] = {"2007-03-11T07:00:00Z", "2023-03-12T07:00:00Z",
                                            "2024-03-10T07:00:00Z", "2025-03-09T07:00:00Z",
                                            "2026-03-08T07:00:00Z", "2027-03-14T07:00:00Z"};
    static const char *const to_winter[] = {"2007-11-04T06:00:00Z", "2023-11-05T06:00:00Z",
                                            "2024-11-03T06:00:00Z", "2025-11-02T06:00:00Z",
                                            "2026-11-01T06:00:00Z", "2027-11-07T06:00:00Z"};
    for (size_t i = 0; i < sizeof to_summer / sizeof to_summer[0]; i++) {
        assert_int_equal(session_offset_seconds(at(to_summer[i]) - 1), -18000);
        assert_int_equal(session_offset_seconds(at(to_summer[i])), -14400);
        assert_int_equal(session_offset_seconds(at(to_winter[i]) - 1), -14400);
        assert_int_equal(session_offset_seconds(at(to_winter[i])), -18000);
    }
}

static void older_rules_of_summer_are_kept(void **state) {
    (void)state;
    static const char *const to_summer[] = {"1970-04-26T07:00:00Z", "1974-01-06T07:00:00Z",
                                            "1975-02-23T07:00:00Z", "1986-04-27T07:00:00Z",
                                            "1987-04-05T07:00:00Z", "2006-04-02T07:00:00Z"};
    static const char *const to_winter[] = {"1970-10-25T06:00:00Z", "1974-10-27T06:00:00Z",
                                            "1975-10-26T06:00:00Z", "1986-10-26T06:00:00Z",
                                            "1987-10-25T06:00:00Z", "2006-10-29T06:00:00Z"};
    for (size_t i = 0; i < sizeof to_summer / sizeof to_summer[0]; i++) {
        assert_int_equal(session_offset_seconds(at(to_summer[i]) - 1), -18000);
        assert_int_equal(session_offset_seconds(at(to_summer[i])), -14400);
        assert_int_equal(session_offset_seconds(at(to_winter[i]) - 1), -14400);
        assert_int_equal(session_offset_seconds(at(to_winter[i])), -18000);
    }
}

static void a_day_begins_at_new_yorks_midnight(void **state) {
    (void)state;
    assert_int_equal(session_day_of(at("2026-01-05T04:59:59Z")), day("2026-01-04"));
    assert_int_equal(session_day_of(at("2026-01-05T05:00:00Z")), day("2026-01-05"));
    assert_int_equal(session_day_of(at("2026-07-05T03:59:59Z")), day("2026-07-04"));
    assert_int_equal(session_day_of(at("2026-07-05T04:00:00Z")), day("2026-07-05"));
    assert_int_equal(session_day_of(0), -1); /* it was still 1969 there */
}

static void wall_clock_times_are_right_on_both_sides_of_a_switch(void **state) {
    (void)state;
    assert_int_equal(session_time_of(day("2026-03-06"), 9, 30), at("2026-03-06T14:30:00Z"));
    assert_int_equal(session_time_of(day("2026-03-09"), 9, 30), at("2026-03-09T13:30:00Z"));
    assert_int_equal(session_time_of(day("2026-10-30"), 16, 0), at("2026-10-30T20:00:00Z"));
    assert_int_equal(session_time_of(day("2026-11-02"), 16, 0), at("2026-11-02T21:00:00Z"));
    /* The days of the switches themselves, from midnight. */
    assert_int_equal(session_time_of(day("2026-03-08"), 0, 0), at("2026-03-08T05:00:00Z"));
    assert_int_equal(session_time_of(day("2026-03-08"), 3, 0), at("2026-03-08T07:00:00Z"));
    assert_int_equal(session_time_of(day("2026-11-01"), 0, 0), at("2026-11-01T04:00:00Z"));
    assert_int_equal(session_time_of(day("2026-11-01"), 12, 0), at("2026-11-01T17:00:00Z"));
}

static void a_day_and_its_midnight_are_inverse_for_two_centuries(void **state) {
    (void)state;
    for (int64_t d = -3650; d < 73000; d += 3) {
        assert_int_equal(session_day_of(session_time_of(d, 0, 0)), d);
        assert_int_equal(session_day_of(session_time_of(d, 0, 0) - 1), d - 1);
    }
}

static void a_day_has_its_phases(void **state) {
    (void)state;
    static const struct {
        const char *from;
        session_phase phase;
        const char *until;
    } rows[] = {
        {"2025-11-26T05:00:00Z", SESSION_CLOSED, "2025-11-26T09:00:00Z"},
        {"2025-11-26T09:00:00Z", SESSION_PRE_MARKET, "2025-11-26T14:30:00Z"},
        {"2025-11-26T14:30:00Z", SESSION_REGULAR, "2025-11-26T21:00:00Z"},
        {"2025-11-26T21:00:00Z", SESSION_AFTER_HOURS, "2025-11-27T01:00:00Z"},
        /* Thanksgiving is closed, and the day after it is short. */
        {"2025-11-27T01:00:00Z", SESSION_CLOSED, "2025-11-28T09:00:00Z"},
        {"2025-11-27T15:00:00Z", SESSION_CLOSED, "2025-11-28T09:00:00Z"},
        {"2025-11-28T14:30:00Z", SESSION_REGULAR, "2025-11-28T18:00:00Z"},
        {"2025-11-28T18:00:00Z", SESSION_AFTER_HOURS, "2025-11-28T22:00:00Z"},
        {"2025-11-28T22:00:00Z", SESSION_CLOSED, "2025-12-01T09:00:00Z"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t until_ns = 0;
        assert_int_equal(session_phase_at(at(rows[i].from), &until_ns), rows[i].phase);
        assert_int_equal(until_ns, at(rows[i].until));
        assert_int_equal(session_phase_at(until_ns - 1, NULL), rows[i].phase);
    }
    session_hours hours;
    assert_false(session_hours_of(day("2025-11-27"), &hours));
    assert_int_equal(session_next_open(at("2025-11-26T21:00:00Z")), at("2025-11-28T14:30:00Z"));
    assert_int_equal(session_next_close(at("2025-11-26T21:00:00Z")), at("2025-11-28T18:00:00Z"));
}

static void settlement_has_become_quicker(void **state) {
    (void)state;
    static const char *const rows[][2] = {
        {"1995-06-06", "1995-06-13"},
        {"1995-06-07", "1995-06-12"},
        {"2017-09-01", "2017-09-07"},
        {"2017-09-05", "2017-09-07"},
        {"2024-05-24", "2024-05-29"},
        {"2024-05-28", "2024-05-29"},
        /* Columbus Day trades and does not settle; nor does Veterans Day. */
        {"2025-10-10", "2025-10-14"},
        {"2025-10-13", "2025-10-14"},
        {"2025-11-10", "2025-11-12"},
        {"2026-11-25", "2026-11-27"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(session_settlement_day(day(rows[i][0])), day(rows[i][1]));
}

static void trading_days_are_monday_to_friday(void **state) {
    (void)state;
    int64_t friday = day("2026-01-02");
    assert_true(session_is_trading_day(friday));
    assert_false(session_is_trading_day(friday + 1));
    assert_false(session_is_trading_day(friday + 2));
    assert_true(session_is_trading_day(friday + 3));
    assert_int_equal(session_next_trading_day(friday), friday + 3);
    assert_int_equal(session_next_trading_day(friday + 1), friday + 3);
    assert_int_equal(session_next_trading_day(friday + 3), friday + 4);
    assert_int_equal(session_previous_trading_day(friday + 3), friday);
    assert_int_equal(session_previous_trading_day(friday + 2), friday);
    assert_true(session_is_trading_day(-1));  /* Wednesday, 1969-12-31 */
    assert_false(session_is_trading_day(0));  /* New Year's Day */
    assert_false(session_is_trading_day(-4)); /* Sunday, 1969-12-28 */
}

static void the_next_open_and_close_lie_strictly_ahead(void **state) {
    (void)state;
    int64_t open_ns = at("2026-01-05T14:30:00Z");
    int64_t close_ns = at("2026-01-05T21:00:00Z");
    assert_int_equal(session_next_open(open_ns - 1), open_ns);
    assert_int_equal(session_next_open(open_ns), open_ns + TW_NS_PER_DAY);
    assert_int_equal(session_next_close(open_ns), close_ns);
    assert_int_equal(session_next_close(close_ns), close_ns + TW_NS_PER_DAY);
    /* Friday evening and the weekend lead to Monday, over a switch to summer time. */
    assert_int_equal(session_next_open(at("2026-03-06T22:00:00Z")), at("2026-03-09T13:30:00Z"));
    assert_int_equal(session_next_close(at("2026-03-07T12:00:00Z")), at("2026-03-09T20:00:00Z"));
    assert_int_equal(session_next_open(at("2026-03-09T03:59:59Z")), at("2026-03-09T13:30:00Z"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_offset_changes_at_the_published_moments),
        cmocka_unit_test(older_rules_of_summer_are_kept),
        cmocka_unit_test(a_day_has_its_phases),
        cmocka_unit_test(settlement_has_become_quicker),
        cmocka_unit_test(a_day_begins_at_new_yorks_midnight),
        cmocka_unit_test(wall_clock_times_are_right_on_both_sides_of_a_switch),
        cmocka_unit_test(a_day_and_its_midnight_are_inverse_for_two_centuries),
        cmocka_unit_test(trading_days_are_monday_to_friday),
        cmocka_unit_test(the_next_open_and_close_lie_strictly_ahead),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
