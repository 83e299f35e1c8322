/* test_time.c - RFC 3339, spans and dates, over the whole range of int64_t nanoseconds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "tradewind/time.h"

static void test_points_are_read_and_written_alike(void **state) {
    (void)state;
    const struct {
        const char *text;
        int64_t time_ns;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01T00:00:00.000000001Z", 1},
        {"1969-12-31T23:59:59.999999999Z", -1},
        {"2024-01-02T14:30:00.123456789Z", INT64_C(1704205800123456789)},
        {"2000-02-29T00:00:00Z", INT64_C(951782400000000000)},
        {"1900-03-01T00:00:00Z", INT64_C(-2203891200000000000)},
        {"2262-04-11T23:47:16.854775807Z", INT64_MAX},
        {"1677-09-21T00:12:43.145224192Z", INT64_MIN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t time_ns = 7;
        assert_int_equal(tw_time_parse(tw_slice_of(cases[i].text), &time_ns), TW_OK);
        assert_true(time_ns == cases[i].time_ns);
        char buffer[TW_TIME_TEXT_SIZE];
        assert_int_equal(tw_time_format(time_ns, -1, buffer), strlen(cases[i].text));
        assert_string_equal(buffer, cases[i].text);
    }
}

static void test_all_forms_of_rfc_3339_are_read(void **state) {
    (void)state;
    const struct {
        const char *text;
        const char *same;
    } cases[] = {
        {"2024-01-02", "2024-01-02T00:00:00Z"},
        {"2024-01-02t14:30:00z", "2024-01-02T14:30:00Z"},
        {"2024-01-02 14:30:00Z", "2024-01-02T14:30:00Z"},
        {"2024-01-02T20:00:00+05:30", "2024-01-02T14:30:00Z"},
        {"2024-01-01T23:00:00-05:00", "2024-01-02T04:00:00Z"},
        {"2024-01-02T14:30:00-00:00", "2024-01-02T14:30:00Z"},
        {"2024-01-02T14:30:00.5Z", "2024-01-02T14:30:00.5Z"},
        {"2024-01-02T14:30:00.120000000Z", "2024-01-02T14:30:00.12Z"},
        /* Both ends are reached from a local time beyond them. */
        {"2262-04-12T00:47:16.854775807+01:00", "2262-04-11T23:47:16.854775807Z"},
        {"1677-09-20T23:12:43.145224192-01:00", "1677-09-21T00:12:43.145224192Z"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t time_ns = 0;
        assert_int_equal(tw_time_parse(tw_slice_of(cases[i].text), &time_ns), TW_OK);
        char buffer[TW_TIME_TEXT_SIZE];
        tw_time_format(time_ns, -1, buffer);
        assert_string_equal(buffer, cases[i].same);
    }
}

static void test_other_texts_are_malformed(void **state) {
    (void)state;
    const char *const bad[] = {
        "",
        "2024",
        "2024-1-2",
        "24-01-02",
        "2024-01-02T",
        "2024-01-02T14:30Z",
        "2024-01-02T14:30:00",
        "2024-01-02T14:30:00.Z",
        "2024-01-02T14:30:00.1234567890Z",
        "2024-01-02T14:30:00,5Z",
        "2024-01-02T14:30:00+0530",
        "2024-01-02T14:30:00+05",
        "2024-01-02T14:30:00Zx",
        "2024-01-02x",
        " 2024-01-02",
        "2024-01-02 ",
        "2024/01/02",
        "-024-01-02",
        "2024-01-02T14:30:00 Z",
        "2024-01-02_14:30:00Z",
    };
    int64_t time_ns = 7;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(tw_time_parse(tw_slice_of(bad[i]), &time_ns), TW_PARSE);
    assert_int_equal(tw_time_parse((tw_slice){"2024-01-02\0", 11}, &time_ns), TW_PARSE);
    assert_int_equal(time_ns, 7);
}

static void test_times_that_do_not_exist_are_out_of_range(void **state) {
    (void)state;
    const char *const bad[] = {
        "2023-02-29",
        "1900-02-29",
        "2024-04-31",
        "2024-13-01",
        "2024-00-01",
        "2024-01-00",
        "2024-01-32",
        "2024-01-02T24:00:00Z",
        "2024-01-02T23:60:00Z",
        "2016-12-31T23:59:60Z",
        "2024-01-02T00:00:00+24:00",
        "2024-01-02T00:00:00+00:60",
        "0001-01-01",
        "9999-12-31",
        "2262-04-11T23:47:16.854775808Z",
        "1677-09-21T00:12:43.145224191Z",
    };
    int64_t time_ns = 7;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(tw_time_parse(tw_slice_of(bad[i]), &time_ns), TW_RANGE);
    assert_int_equal(time_ns, 7);
}

static void test_fractions_have_the_digits_that_were_asked_for(void **state) {
    (void)state;
    const char *const fractions[] = {"",       ".1",      ".12",      ".123",      ".1234",
                                     ".12345", ".123456", ".1234567", ".12345678", ".123456789"};
    for (int digits = 0; digits <= 9; digits++) {
        char expected[TW_TIME_TEXT_SIZE];
        char buffer[TW_TIME_TEXT_SIZE];
        snprintf(expected, sizeof expected, "2024-01-02T14:30:00%sZ", fractions[digits]);
        tw_time_format(INT64_C(1704205800123456789), digits, buffer);
        assert_string_equal(buffer, expected);
    }
}

static void test_an_offset_changes_the_text_but_not_the_point(void **state) {
    (void)state;
    const int32_t offsets[] = {0, 3600, -18000, 19800, -12600, 86340, -86340, 17762, -59};
    const int64_t points[] = {0, -1, INT64_MAX, INT64_MIN, INT64_C(1704205800123456789)};
    for (size_t o = 0; o < sizeof offsets / sizeof offsets[0]; o++) {
        for (size_t p = 0; p < sizeof points / sizeof points[0]; p++) {
            char buffer[TW_TIME_TEXT_SIZE];
            int64_t again = 0;
            size_t size = tw_time_format_offset(points[p], offsets[o], 9, buffer);
            assert_true(size < TW_TIME_TEXT_SIZE && strlen(buffer) == size);
            assert_int_equal(tw_time_parse(tw_slice_of(buffer), &again), TW_OK);
            assert_true(again == points[p]);
        }
    }
    char buffer[TW_TIME_TEXT_SIZE];
    tw_time_format_offset(INT64_C(1704205800000000000), -18000, 0, buffer);
    assert_string_equal(buffer, "2024-01-02T09:30:00-05:00");
    tw_time_format_offset(INT64_C(1704205800000000000), 0, 0, buffer);
    assert_string_equal(buffer, "2024-01-02T14:30:00Z");
}

static void test_spans_are_read(void **state) {
    (void)state;
    const struct {
        const char *text;
        int64_t ns;
    } cases[] = {
        {"0", 0},
        {"0s", 0},
        {"1ns", 1},
        {"1us", 1000},
        {"1ms", 1000000},
        {"1s", TW_NS_PER_SECOND},
        {"1m", TW_NS_PER_MINUTE},
        {"1h", TW_NS_PER_HOUR},
        {"1d", TW_NS_PER_DAY},
        {"1w", 7 * TW_NS_PER_DAY},
        {"1m30s", 90 * TW_NS_PER_SECOND},
        {"1.5s", 1500000000},
        {"0.000000001s", 1},
        {"1.0000000000000000000000ns", 1},
        {"1h0.5s", TW_NS_PER_HOUR + 500000000},
        {"9223372036854775807ns", INT64_MAX},
        {"1d2h3m4s5ms6us7ns", INT64_C(93784005006007)},
        {"90s", 90 * TW_NS_PER_SECOND},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t ns = 7;
        assert_int_equal(tw_duration_parse(tw_slice_of(cases[i].text), &ns), TW_OK);
        assert_true(ns == cases[i].ns);
    }
}

static void test_spans_that_are_none_are_refused(void **state) {
    (void)state;
    int64_t ns = 7;
    const char *const malformed[] = {"",     "5",    "s",   "1x",    "1S",   "1 s",  " 1s",
                                     "1s ",  "1.s",  ".5s", "30s1m", "1s1s", "1m30", "+1s",
                                     "--1s", "1e3s", "-",   "1sec",  "-0"};
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++)
        assert_int_equal(tw_duration_parse(tw_slice_of(malformed[i]), &ns), TW_PARSE);
    const char *const beyond[] = {"-1s",           "0.5ns",
                                  "1.0000000001s", "9223372036854775808ns",
                                  "15251w",        "99999999999999999999999s",
                                  "106752d",       "0.0000000000000016534391534391534391w"};
    for (size_t i = 0; i < sizeof beyond / sizeof beyond[0]; i++)
        assert_int_equal(tw_duration_parse(tw_slice_of(beyond[i]), &ns), TW_RANGE);
    assert_int_equal(ns, 7);
}

static void test_spans_are_written_for_people_and_read_back(void **state) {
    (void)state;
    const struct {
        int64_t ns;
        const char *text;
    } cases[] = {
        {0, "0s"},
        {1, "1ns"},
        {999, "999ns"},
        {1500, "1.5us"},
        {20000, "20us"},
        {250000000, "250ms"},
        {1234567, "1.234567ms"},
        {1500000000, "1.5s"},
        {90 * TW_NS_PER_SECOND, "1m30s"},
        {90 * TW_NS_PER_MINUTE, "1h30m"},
        {36 * TW_NS_PER_HOUR, "1d12h"},
        {7 * TW_NS_PER_DAY, "1w"},
        {10 * TW_NS_PER_DAY, "10d"},
        {TW_NS_PER_MINUTE + 1, "1m0.000000001s"},
        {INT64_MAX, "106751d23h47m16.854775807s"},
    };
    char buffer[TW_TIME_TEXT_SIZE];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(tw_duration_format(cases[i].ns, buffer), strlen(cases[i].text));
        assert_string_equal(buffer, cases[i].text);
        int64_t again = -1;
        assert_int_equal(tw_duration_parse(tw_slice_of(buffer), &again), TW_OK);
        assert_true(again == cases[i].ns);
    }
    tw_duration_format(-90 * TW_NS_PER_SECOND, buffer);
    assert_string_equal(buffer, "-1m30s");
    tw_duration_format(INT64_MIN, buffer);
    assert_string_equal(buffer, "-106751d23h47m16.854775808s");
}

static void test_floor_goes_towards_the_past(void **state) {
    (void)state;
    assert_true(tw_time_floor(TW_NS_PER_DAY - 1, TW_NS_PER_DAY) == 0);
    assert_true(tw_time_floor(TW_NS_PER_DAY, TW_NS_PER_DAY) == TW_NS_PER_DAY);
    assert_true(tw_time_floor(-1, TW_NS_PER_DAY) == -TW_NS_PER_DAY);
    assert_true(tw_time_floor(-TW_NS_PER_DAY, TW_NS_PER_DAY) == -TW_NS_PER_DAY);
    assert_true(tw_time_floor(INT64_MIN, TW_NS_PER_DAY) == INT64_MIN);
    assert_true(tw_time_floor(INT64_MAX, INT64_MAX) == INT64_MAX);
    assert_true(tw_time_floor(INT64_MIN, 1) == INT64_MIN);
}

static void test_dates_beyond_the_range_of_points_work_too(void **state) {
    (void)state;
    int64_t days = 0;
    assert_int_equal(tw_date_to_days((tw_date){2024, 1, 2}, &days), TW_OK);
    assert_int_equal(days, 19724);
    assert_int_equal(tw_weekday_of_days(days), 2); /* a Tuesday */
    assert_int_equal(tw_weekday_of_days(-4), 0);
    const int32_t years[] = {INT32_MIN + 1, -400, -1, 0, 1, 4000, INT32_MAX};
    for (size_t i = 0; i < sizeof years / sizeof years[0]; i++) {
        assert_int_equal(tw_date_to_days((tw_date){years[i], 12, 31}, &days), TW_OK);
        tw_date date = tw_date_from_days(days);
        assert_int_equal(date.year, years[i]);
        assert_int_equal(date.month, 12);
        assert_int_equal(date.day, 31);
    }
    assert_int_equal(tw_date_to_days((tw_date){2023, 2, 29}, &days), TW_RANGE);
    assert_int_equal(tw_date_to_days((tw_date){2023, 0, 1}, &days), TW_RANGE);
    assert_int_equal(tw_date_to_days((tw_date){2023, 1, -1}, &days), TW_RANGE);
}

static void test_the_clocks_run(void **state) {
    (void)state;
    int64_t monotonic = tw_time_monotonic_ns();
    assert_true(tw_time_monotonic_ns() >= monotonic);
    assert_true(tw_date_of(tw_time_wall_ns()).year >= 2024);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_points_are_read_and_written_alike),
        cmocka_unit_test(test_all_forms_of_rfc_3339_are_read),
        cmocka_unit_test(test_other_texts_are_malformed),
        cmocka_unit_test(test_times_that_do_not_exist_are_out_of_range),
        cmocka_unit_test(test_fractions_have_the_digits_that_were_asked_for),
        cmocka_unit_test(test_an_offset_changes_the_text_but_not_the_point),
        cmocka_unit_test(test_spans_are_read),
        cmocka_unit_test(test_spans_that_are_none_are_refused),
        cmocka_unit_test(test_spans_are_written_for_people_and_read_back),
        cmocka_unit_test(test_floor_goes_towards_the_past),
        cmocka_unit_test(test_dates_beyond_the_range_of_points_work_too),
        cmocka_unit_test(test_the_clocks_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
