/* test_time_labels.c - which rows of a picture are labelled, and how. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "time_labels.h"
#include "tradewind/time.h"

enum { ROWS = 400 };

static int64_t times_ns[ROWS];
static time_label labels[TIME_LABEL_MAX];

/* 2024-02-28T23:00:00Z, a Wednesday before a leap day. */
#define BEGIN (INT64_C(1709161200) * TW_NS_PER_SECOND)

static size_t labels_every(int64_t step_ns, size_t rows) {
    for (size_t i = 0; i < rows; i++)
        times_ns[i] = BEGIN + (int64_t)i * step_ns;
    return time_labels_of(times_ns, rows, 12, labels);
}

static void round_times_are_labelled(void **state) {
    (void)state;
    assert_int_equal(labels_every(TW_NS_PER_MINUTE, 200), 6); /* each half hour */
    assert_int_equal(labels[0].row, 30);
    assert_string_equal(labels[0].text, "23:30\\n28 Feb 2024");
    assert_string_equal(labels[1].text, "00:00\\n29 Feb 2024");
    assert_string_equal(labels[2].text, "00:30");
    assert_int_equal(labels_every(TW_NS_PER_SECOND, 60), 11);
    assert_string_equal(labels[0].text, "23:00:05\\n28 Feb 2024");
}

static void days_and_months_have_their_year_below(void **state) {
    (void)state;
    assert_int_equal(labels_every(TW_NS_PER_DAY, 300), 10); /* each month */
    assert_string_equal(labels[0].text, "Mar\\n2024");
    assert_int_equal(labels[0].row, 2);
    assert_string_equal(labels[9].text, "Dec");
    assert_int_equal(labels_every(TW_NS_PER_DAY, 400), 7); /* every other */
    assert_string_equal(labels[5].text, "Jan\\n2025");
    assert_int_equal(labels_every(TW_NS_PER_DAY, 10), 9);
    assert_string_equal(labels[0].text, "29 Feb\\n2024");
    assert_string_equal(labels[1].text, "1 Mar");
    assert_int_equal(labels_every(7 * TW_NS_PER_DAY, 400) <= 12, 1);
    assert_string_equal(labels[0].text, "Jan\\n2025");
}

/* A night between two sessions: neighbours on the picture, hours apart in time. */
static void labels_keep_apart(void **state) {
    (void)state;
    for (size_t i = 0; i < ROWS; i++)
        times_ns[i] =
            BEGIN + (int64_t)(i / 100) * TW_NS_PER_DAY + (int64_t)(i % 100) * TW_NS_PER_MINUTE;
    size_t count = time_labels_of(times_ns, ROWS, 12, labels);
    assert_true(count >= 4 && count <= 12);
    for (size_t i = 1; i < count; i++)
        assert_true(labels[i].row - labels[i - 1].row >= ROWS / 24);
}

static void there_is_a_label_wherever_there_is_a_row(void **state) {
    (void)state;
    assert_int_equal(labels_every(TW_NS_PER_DAY, 1), 1);
    assert_string_equal(labels[0].text, "23:00:00\\n28 Feb 2024");
    assert_int_equal(labels_every(0, 50), 1);
    assert_int_equal(labels[0].row, 0);
    assert_int_equal(labels_every(0, 0), 0);
    times_ns[0] = INT64_MIN;
    times_ns[1] = INT64_MAX;
    assert_int_equal(time_labels_of(times_ns, 2, 12, labels), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_times_are_labelled),
        cmocka_unit_test(days_and_months_have_their_year_below),
        cmocka_unit_test(labels_keep_apart),
        cmocka_unit_test(there_is_a_label_wherever_there_is_a_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
