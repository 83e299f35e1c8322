/* test_holidays.c - the published schedules of the exchanges, year by year. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "holidays.h"
#include "session.h"
#include "tradewind/text.h"

static int64_t day(const char *text) {
    int64_t time_ns = 0;
    assert_int_equal(tw_time_parse(tw_slice_of(text), &time_ns), TW_OK);
    return tw_time_floor(time_ns, TW_NS_PER_DAY) / TW_NS_PER_DAY;
}

/* Writes "01-02 05-27 ..." of a year's weekdays for which `is` holds. */
static void list_year(int32_t year, bool (*is)(int64_t day), char *buffer) {
    int64_t first = 0;
    int64_t end = 0;
    assert_int_equal(tw_date_to_days((tw_date){year, 1, 1}, &first), TW_OK);
    assert_int_equal(tw_date_to_days((tw_date){year + 1, 1, 1}, &end), TW_OK);
    buffer[0] = '\0';
    for (int64_t d = first; d < end; d++) {
        int32_t weekday = tw_weekday_of_days(d);
        char text[TW_TIME_TEXT_SIZE];
        if (weekday == 0 || weekday == 6 || !is(d))
            continue;
        tw_time_format(d * TW_NS_PER_DAY, 0, text);
        text[10] = '\0';
        strcat(buffer, text + 4);
    }
}

static bool closes_early(int64_t d) {
    return session_is_trading_day(d) && holidays_close_minute(d) != 960;
}

typedef struct year_row {
    int32_t year;
    const char *holidays;
    const char *early;
} year_row;

/* NYSE Group's announcements of its holidays and early closings; 1997 to 2001 from its list of
 * special closings. */
static const year_row years[] = {
    {1992, "-01-01-02-17-04-17-05-25-07-03-09-07-11-26-12-25", "-11-27-12-24"},
    {1996, "-01-01-02-19-04-05-05-27-07-04-09-02-11-28-12-25", "-07-05-11-29-12-24"},
    {1997, "-01-01-02-17-03-28-05-26-07-04-09-01-11-27-12-25", "-07-03-11-28-12-24-12-26"},
    {1999, "-01-01-01-18-02-15-04-02-05-31-07-05-09-06-11-25-12-24", "-11-26-12-31"},
    {2001, "-01-01-01-15-02-19-04-13-05-28-07-04-09-03-09-11-09-12-09-13-09-14-11-22-12-25",
     "-07-03-11-23-12-24"},
    {2002, "-01-01-01-21-02-18-03-29-05-27-07-04-09-02-11-28-12-25", "-07-05-11-29-12-24"},
    {2011, "-01-17-02-21-04-22-05-30-07-04-09-05-11-24-12-26", "-11-25"},
    {2012, "-01-02-01-16-02-20-04-06-05-28-07-04-09-03-10-29-10-30-11-22-12-25",
     "-07-03-11-23-12-24"},
    {2013, "-01-01-01-21-02-18-03-29-05-27-07-04-09-02-11-28-12-25", "-07-03-11-29-12-24"},
    {2019, "-01-01-01-21-02-18-04-19-05-27-07-04-09-02-11-28-12-25", "-07-03-11-29-12-24"},
    {2021, "-01-01-01-18-02-15-04-02-05-31-07-05-09-06-11-25-12-24", "-11-26"},
    {2022, "-01-17-02-21-04-15-05-30-06-20-07-04-09-05-11-24-12-26", "-11-25"},
    {2023, "-01-02-01-16-02-20-04-07-05-29-06-19-07-04-09-04-11-23-12-25", "-07-03-11-24"},
    {2024, "-01-01-01-15-02-19-03-29-05-27-06-19-07-04-09-02-11-28-12-25", "-07-03-11-29-12-24"},
    {2025, "-01-01-01-09-01-20-02-17-04-18-05-26-06-19-07-04-09-01-11-27-12-25",
     "-07-03-11-28-12-24"},
    {2026, "-01-01-01-19-02-16-04-03-05-25-06-19-07-03-09-07-11-26-12-25", "-11-27-12-24"},
    {2027, "-01-01-01-18-02-15-03-26-05-31-06-18-07-05-09-06-11-25-12-24", "-11-26"},
    {2028, "-01-17-02-21-04-14-05-29-06-19-07-04-09-04-11-23-12-25", "-07-03-11-24"},
};

static void the_schedules_of_the_exchange_are_met(void **state) {
    (void)state;
    char listed[512];
    for (size_t i = 0; i < sizeof years / sizeof years[0]; i++) {
        list_year(years[i].year, holidays_closed, listed);
        assert_string_equal(listed, years[i].holidays);
        list_year(years[i].year, closes_early, listed);
        assert_string_equal(listed, years[i].early);
    }
}

static void short_days_end_at_thirteen_and_once_at_fourteen(void **state) {
    (void)state;
    assert_int_equal(holidays_close_minute(day("1992-11-27")), 840);
    assert_int_equal(holidays_close_minute(day("1993-11-26")), 780);
    assert_int_equal(holidays_close_minute(day("2024-07-03")), 780);
    assert_int_equal(holidays_close_minute(day("2024-07-02")), 960);
    assert_int_equal(holidays_close_minute(day("2024-12-24")), 780);
}

static void a_year_has_its_holidays_for_two_centuries(void **state) {
    (void)state;
    char listed[512];
    for (int32_t year = 1970; year < 2200; year++) {
        list_year(year, holidays_closed, listed);
        size_t count = strlen(listed) / 6;
        assert_in_range(count, 7, 13);
        if (year >= 2026)
            assert_in_range(count, 9, 10);
    }
}

static void banks_close_on_two_days_more(void **state) {
    (void)state;
    char listed[512];
    list_year(2025, holidays_banks_only, listed);
    assert_string_equal(listed, "-10-13-11-11");
    list_year(2023, holidays_banks_only, listed);
    assert_string_equal(listed, "-10-09"); /* the 11th of November was a Saturday */
    list_year(2029, holidays_banks_only, listed);
    assert_string_equal(listed, "-10-08-11-12");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_schedules_of_the_exchange_are_met),
        cmocka_unit_test(short_days_end_at_thirteen_and_once_at_fourteen),
        cmocka_unit_test(a_year_has_its_holidays_for_two_centuries),
        cmocka_unit_test(banks_close_on_two_days_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
