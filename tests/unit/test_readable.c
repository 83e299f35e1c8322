/* test_readable.c - numbers for people, and the line of the progress bar. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "progress.h"
#include "readable.h"
#include "tradewind/time.h"

static void counts_are_grouped_by_thousands(void **state) {
    (void)state;
    char text[READABLE_SIZE];
    assert_string_equal(readable_count(0, text), "0");
    assert_string_equal(readable_count(999, text), "999");
    assert_string_equal(readable_count(1000, text), "1,000");
    assert_string_equal(readable_count(UINT64_MAX, text), "18,446,744,073,709,551,615");
}

static void decimals_keep_the_digits_asked_for(void **state) {
    (void)state;
    char text[READABLE_SIZE];
    assert_string_equal(readable_decimal(1234500000000, 2, 4, text), "1,234.50");
    assert_string_equal(readable_decimal(-1234567890000, 2, 4, text), "-1,234.5679");
    assert_string_equal(readable_decimal(150210999999, 4, 4, text), "150.2110");
    assert_string_equal(readable_decimal(12345, 2, 9, text), "0.000012345");
    assert_string_equal(readable_decimal(7000000000, 0, 9, text), "7");
    assert_string_equal(readable_decimal(INT64_MAX, 2, 2, text), "9,223,372,036.85");
    /* Rounded it would not fit: the ends of the range are shown as they are. */
    assert_string_equal(readable_decimal(INT64_MIN, 0, 0, text), "-9,223,372,036.854775808");
}

static void shares_are_percent_or_a_dash(void **state) {
    (void)state;
    char text[READABLE_SIZE];
    assert_string_equal(readable_percent(0.1234, text), "12.34%");
    assert_string_equal(readable_percent(-1.0, text), "-100.00%");
    assert_string_equal(readable_percent(NAN, text), "-");
    assert_string_equal(readable_percent(INFINITY, text), "-");
}

static void decimals_round_ties_to_even(void **state) {
    (void)state;
    char text[READABLE_SIZE];
    assert_string_equal(readable_decimal(125000000, 2, 2, text), "0.12");
    assert_string_equal(readable_decimal(135000000, 2, 2, text), "0.14");
}

static void totals_go_beyond_a_decimal(void **state) {
    (void)state;
    char text[READABLE_SIZE];
    assert_string_equal(readable_total(123456789012345, 5, 2, 2, text), "123,456,789,012,345.00");
    assert_string_equal(readable_total(999, 999999999, 2, 2, text), "1,000.00");
    assert_string_equal(readable_total(INT64_MAX, 999999999, 0, 0, text),
                        "9,223,372,036,854,775,808");
    assert_string_equal(readable_total(5, 500000000, 0, 9, text), "5.5");
    assert_string_equal(readable_total(0, 0, 0, 9, text), "0");
}

static void spans_are_words_where_they_can_be(void **state) {
    (void)state;
    char text[READABLE_SIZE];
    assert_string_equal(readable_span(TW_NS_PER_DAY, text), "1 day");
    assert_string_equal(readable_span(14 * TW_NS_PER_DAY, text), "2 weeks");
    assert_string_equal(readable_span(36 * TW_NS_PER_HOUR, text), "36 hours");
    assert_string_equal(readable_span(90 * TW_NS_PER_MINUTE, text), "90 minutes");
    assert_string_equal(readable_span(1500 * TW_NS_PER_MS, text), "1.5s");
}

static void progress_tells_rate_and_time_left(void **state) {
    (void)state;
    char line[160];
    progress_format("trades", 0.25, 2000000, 2.0, line, sizeof line);
    assert_string_equal(
        line, "trades [######..................]  25%  2,000,000 (1,000,000/s), 6 s left");
}

static void progress_without_an_end_has_no_bar(void **state) {
    (void)state;
    char line[160];
    progress_format("trades", -1.0, 30, 2.0, line, sizeof line);
    assert_string_equal(line, "trades 30 (15/s)");
    progress_format("trades", 0.0, 0, 0.0, line, sizeof line);
    assert_string_equal(line, "trades [........................]   0%  0");
}

static void progress_never_passes_its_end(void **state) {
    (void)state;
    char line[160];
    progress_format("trades", 1.5, 10, 1.0, line, sizeof line);
    assert_string_equal(line, "trades [########################] 100%  10 (10/s), 0 s left");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_are_grouped_by_thousands),
        cmocka_unit_test(decimals_keep_the_digits_asked_for),
        cmocka_unit_test(shares_are_percent_or_a_dash),
        cmocka_unit_test(decimals_round_ties_to_even),
        cmocka_unit_test(totals_go_beyond_a_decimal),
        cmocka_unit_test(spans_are_words_where_they_can_be),
        cmocka_unit_test(progress_tells_rate_and_time_left),
        cmocka_unit_test(progress_without_an_end_has_no_bar),
        cmocka_unit_test(progress_never_passes_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
