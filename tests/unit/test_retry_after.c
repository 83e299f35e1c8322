/* test_retry_after.c - the values of Retry-After that tradewind/retry.h reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tradewind/retry.h"
#include "tradewind/time.h"

/* 1994-11-06 08:49:07 UTC and half a second: 30 s before the dates of RFC 9110. */
#define WALL_NS (INT64_C(784111747) * TW_NS_PER_SECOND + TW_NS_PER_SECOND / 2)

static void assert_span(const char *text, int64_t wall_ns, int64_t wanted_ns) {
    int64_t span_ns = -1;
    assert_int_equal(tw_retry_after_parse(tw_slice_of(text), wall_ns, &span_ns), TW_OK);
    assert_int_equal(span_ns, wanted_ns);
}

static void test_seconds(void **state) {
    (void)state;
    assert_span("0", WALL_NS, 0);
    assert_span("120", WALL_NS, 120 * TW_NS_PER_SECOND);
    assert_span(" 7 ", WALL_NS, 7 * TW_NS_PER_SECOND);
}

static void test_more_than_can_be_is_the_longest_span(void **state) {
    (void)state;
    const int64_t longest_ns = TW_RETRY_NS_MAX / TW_NS_PER_SECOND * TW_NS_PER_SECOND;
    assert_span("9999999999999", WALL_NS, longest_ns);
    assert_span("99999999999999999999999999", WALL_NS, longest_ns);
    assert_span("Fri, 31 Dec 9999 23:59:59 GMT", 0, longest_ns);
}

static void test_the_three_forms_of_a_date(void **state) {
    (void)state;
    const int64_t wanted_ns = 29 * TW_NS_PER_SECOND + TW_NS_PER_SECOND / 2;
    assert_span("Sun, 06 Nov 1994 08:49:37 GMT", WALL_NS, wanted_ns);
    assert_span("Sunday, 06-Nov-94 08:49:37 GMT", WALL_NS, wanted_ns);
    assert_span("Sun Nov  6 08:49:37 1994", WALL_NS, wanted_ns);
    assert_span("Wed Nov 16 08:49:37 1994", WALL_NS, wanted_ns + 10 * TW_NS_PER_DAY);
}

static void test_a_date_that_has_passed_is_no_wait(void **state) {
    (void)state;
    assert_span("Sun, 06 Nov 1994 08:49:07 GMT", WALL_NS, 0);
    assert_span("Sun, 06 Nov 1983 08:49:37 GMT", WALL_NS, 0);
}

static void test_a_short_year_is_the_nearest_that_is_not_far_ahead(void **state) {
    (void)state;
    int64_t wall_ns = INT64_C(1767225600) * TW_NS_PER_SECOND; /* 2026-01-01 */
    assert_span("Thursday, 01-Jan-26 00:00:10 GMT", wall_ns, 10 * TW_NS_PER_SECOND);
    assert_span("Saturday, 01-Jan-77 00:00:10 GMT", wall_ns, 0); /* 1977, not 2077 */
    assert_span("Friday, 01-Jan-27 00:00:00 GMT", wall_ns, 365 * TW_NS_PER_DAY);
}

static void test_other_text_is_refused(void **state) {
    (void)state;
    const char *bad[] = {"",
                         "soon",
                         "-5",
                         "+5",
                         "1.5",
                         "12 s",
                         "Sun, 06 Nov 1994 08:49:37",
                         "Sun, 06 Nov 1994 08:49:37 CET",
                         "Sun, 6 Nov 1994 08:49:37 GMT",
                         "Sun, 06 nov 1994 08:49:37 GMT",
                         "Sun, 06 Nov 1994 24:49:37 GMT",
                         "Sun, 06 Nov 1994 08:60:37 GMT",
                         "Sun, 06 Nov 1994 08:49:61 GMT",
                         "Sun, 06 Nov 1994 08:49:37 GMT.",
                         "Sun, 06-Nov 94 08:49:37 GMT",
                         ", 06 Nov 1994 08:49:37 GMT",
                         "Sun Nov 6 08:49:37 1994",
                         "Sun Nov  6 08:49:37 94"};
    int64_t span_ns = 77;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(tw_retry_after_parse(tw_slice_of(bad[i]), WALL_NS, &span_ns), TW_PARSE);
    assert_int_equal(
        tw_retry_after_parse(tw_slice_of("Tue, 30 Feb 1994 08:49:37 GMT"), WALL_NS, &span_ns),
        TW_RANGE);
    assert_int_equal(span_ns, 77);
}

static void test_no_beginning_of_a_date_is_one(void **state) {
    (void)state;
    const char *dates[] = {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                           "Sun Nov  6 08:49:37 1994"};
    int64_t span_ns = 77;
    for (size_t i = 0; i < 3; i++) {
        tw_slice whole = tw_slice_of(dates[i]);
        for (size_t size = 0; size < whole.size; size++)
            assert_int_equal(tw_retry_after_parse((tw_slice){whole.data, size}, WALL_NS, &span_ns),
                             TW_PARSE);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seconds),
        cmocka_unit_test(test_more_than_can_be_is_the_longest_span),
        cmocka_unit_test(test_the_three_forms_of_a_date),
        cmocka_unit_test(test_a_date_that_has_passed_is_no_wait),
        cmocka_unit_test(test_a_short_year_is_the_nearest_that_is_not_far_ahead),
        cmocka_unit_test(test_other_text_is_refused),
        cmocka_unit_test(test_no_beginning_of_a_date_is_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
