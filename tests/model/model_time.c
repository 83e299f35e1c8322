/*
 * model_time.c - the calendar beside one that counts day by day, and texts that must come back.
 *
 * The obvious calendar starts on 1677-09-21, the first whole-or-part day of int64_t nanoseconds,
 * and walks to 2262-04-11 by adding one to the day. Nothing of it is shared with the module.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "tradewind/time.h"

typedef struct day_walker {
    int year;
    int month;
    int day;
    int weekday;
} day_walker;

static int month_length(int year, int month) {
    if (month == 2) {
        if (year % 400 == 0)
            return 29;
        if (year % 100 == 0)
            return 28;
        return year % 4 == 0 ? 29 : 28;
    }
    return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

static void step(day_walker *walker) {
    walker->weekday = walker->weekday == 6 ? 0 : walker->weekday + 1;
    if (++walker->day <= month_length(walker->year, walker->month))
        return;
    walker->day = 1;
    if (++walker->month <= 12)
        return;
    walker->month = 1;
    walker->year++;
}

static uint64_t next_random(uint64_t *seed) {
    *seed += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t z = *seed;
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* The day before it is 1677-09-20; 2262-04-11 is its last. 1677-09-21 was a Tuesday. */
static const day_walker first_day = {1677, 9, 21, 2};
#define FIRST_DAY (-106752)
#define LAST_DAY 106751

static void model_every_day_of_the_range(void **state) {
    (void)state;
    day_walker walker = first_day;
    for (int64_t days = FIRST_DAY; days <= LAST_DAY; days++, step(&walker)) {
        tw_date date = tw_date_from_days(days);
        assert_int_equal(date.year, walker.year);
        assert_int_equal(date.month, walker.month);
        assert_int_equal(date.day, walker.day);
        assert_int_equal(tw_weekday_of_days(days), walker.weekday);
        int64_t again = 0;
        assert_int_equal(tw_date_to_days(date, &again), TW_OK);
        assert_int_equal(again, days);
    }
    assert_int_equal(walker.year, 2262);
    assert_int_equal(walker.month, 4);
    assert_int_equal(walker.day, 12);
}

/* Days that do not exist, for every month of 600 years. */
static void model_days_beyond_the_end_of_a_month(void **state) {
    (void)state;
    for (int year = 1670; year < 2270; year++) {
        for (int month = 1; month <= 12; month++) {
            int64_t days = 0;
            int length = month_length(year, month);
            assert_int_equal(tw_date_to_days((tw_date){year, month, length}, &days), TW_OK);
            assert_int_equal(tw_date_to_days((tw_date){year, month, length + 1}, &days), TW_RANGE);
            assert_int_equal(tw_date_to_days((tw_date){year, month, 0}, &days), TW_RANGE);
        }
    }
}

/* On every day one random moment: its text is made by printf from the walker. */
static void model_texts_of_a_moment_of_every_day(void **state) {
    (void)state;
    uint64_t seed = 1;
    day_walker walker = first_day;
    step(&walker); /* the first day begins before the range */
    for (int64_t days = FIRST_DAY + 1; days < LAST_DAY; days++, step(&walker)) {
        int64_t of_day = (int64_t)(next_random(&seed) % (uint64_t)TW_NS_PER_DAY);
        int64_t time_ns = days * TW_NS_PER_DAY + of_day;
        int seconds = (int)(of_day / TW_NS_PER_SECOND);
        char expected[64];
        snprintf(expected, sizeof expected, "%04d-%02d-%02dT%02d:%02d:%02d.%09dZ", walker.year,
                 walker.month, walker.day, seconds / 3600, seconds / 60 % 60, seconds % 60,
                 (int)(of_day % TW_NS_PER_SECOND));
        char buffer[TW_TIME_TEXT_SIZE];
        tw_time_format(time_ns, 9, buffer);
        assert_string_equal(buffer, expected);
        int64_t again = 0;
        assert_int_equal(tw_time_parse(tw_slice_of(expected), &again), TW_OK);
        assert_true(again == time_ns);
        assert_true(tw_time_floor(time_ns, TW_NS_PER_DAY) == days * TW_NS_PER_DAY);
    }
}

/* Any int64_t, at any offset, with and without its trailing zeros. */
static void model_any_point_comes_back(void **state) {
    (void)state;
    uint64_t seed = 2;
    for (int i = 0; i < 200000; i++) {
        int64_t time_ns = (int64_t)next_random(&seed);
        if (i % 3 == 0)
            time_ns = time_ns / TW_NS_PER_MS * TW_NS_PER_MS;
        int32_t offset = ((int32_t)(next_random(&seed) % 2879) - 1439) * 60;
        char buffer[TW_TIME_TEXT_SIZE];
        int64_t again = 0;
        size_t size = tw_time_format_offset(time_ns, offset, -1, buffer);
        assert_true(size == strlen(buffer) && size < TW_TIME_TEXT_SIZE);
        assert_int_equal(tw_time_parse((tw_slice){buffer, size}, &again), TW_OK);
        assert_true(again == time_ns);
        int64_t span = (int64_t)(next_random(&seed) >> (1 + next_random(&seed) % 63));
        size = tw_duration_format(span, buffer);
        assert_true(size == strlen(buffer) && size < TW_TIME_TEXT_SIZE);
        assert_int_equal(tw_duration_parse((tw_slice){buffer, size}, &again), TW_OK);
        assert_true(again == span);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(model_every_day_of_the_range),
        cmocka_unit_test(model_days_beyond_the_end_of_a_month),
        cmocka_unit_test(model_texts_of_a_moment_of_every_day),
        cmocka_unit_test(model_any_point_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
