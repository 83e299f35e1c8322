/* test_error.c - a sentence is filled as a whole, cut where it must be, and never needed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "tradewind/error.h"

static void test_set_fills_everything_and_returns_the_status(void **state) {
    (void)state;
    tw_error error;
    memset(&error, 0xEE, sizeof error);
    assert_int_equal(tw_error_set(&error, TW_FULL, "the queue holds %d", 7), TW_FULL);
    assert_int_equal(error.status, TW_FULL);
    assert_int_equal(error.os_errno, 0);
    assert_int_equal(error.line, 0);
    assert_int_equal(error.column, 0);
    assert_string_equal(error.where, "");
    assert_string_equal(error.message, "the queue holds 7");
}

static void test_null_is_allowed_everywhere(void **state) {
    (void)state;
    assert_int_equal(tw_error_set(NULL, TW_IO, "%s", "x"), TW_IO);
    assert_int_equal(tw_error_set_errno(NULL, ENOENT, "%s", "x"), TW_NOT_FOUND);
    assert_int_equal(tw_error_set_at(NULL, TW_PARSE, "f", 1, 2, "%s", "x"), TW_PARSE);
}

static void test_errno_is_kept_and_spelt_out(void **state) {
    (void)state;
    tw_error error = {0};
    assert_int_equal(tw_error_set_errno(&error, ENOENT, "cannot open %s", "a.csv"), TW_NOT_FOUND);
    assert_int_equal(error.os_errno, ENOENT);
    assert_string_equal(error.message, "cannot open a.csv: No such file or directory");
}

static void test_a_position_stands_before_the_sentence(void **state) {
    (void)state;
    tw_error error = {0};
    tw_error_set_at(&error, TW_PARSE, "a.csv", 3, 5, "expected a price");
    assert_string_equal(error.message, "a.csv:3:5: expected a price");
    assert_string_equal(error.where, "a.csv");
    assert_int_equal(error.line, 3);
    assert_int_equal(error.column, 5);
    tw_error_set_at(&error, TW_PARSE, "a.csv", 3, 0, "expected a price");
    assert_string_equal(error.message, "a.csv:3: expected a price");
    tw_error_set_at(&error, TW_PARSE, "a.csv", 0, 0, "is empty");
    assert_string_equal(error.message, "a.csv: is empty");
}

static void test_an_error_may_be_wrapped_in_place(void **state) {
    (void)state;
    tw_error error = {0};
    tw_error_set(&error, TW_FULL, "no room");
    tw_error_set(&error, TW_FULL, "cannot start: %s", error.message);
    assert_string_equal(error.message, "cannot start: no room");
    tw_error_set_at(&error, TW_FULL, "a.conf", 2, 0, "%s", error.message);
    assert_string_equal(error.message, "a.conf:2: cannot start: no room");
    tw_error_set_at(&error, TW_FULL, error.where, 3, 0, "%s", error.message);
    assert_string_equal(error.message, "a.conf:3: a.conf:2: cannot start: no room");
    tw_error_set_errno(&error, ENOENT, "%s", error.where);
    assert_string_equal(error.message, "a.conf: No such file or directory");
}

static void test_long_messages_are_cut_and_never_overrun(void **state) {
    (void)state;
    char text[3 * TW_ERROR_MESSAGE_SIZE];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = 0;
    tw_error error = {0};
    tw_error_set(&error, TW_IO, "%s", text);
    assert_int_equal(strlen(error.message), TW_ERROR_MESSAGE_SIZE - 1);
    tw_error_set_errno(&error, ENOENT, "%s", text);
    assert_int_equal(strlen(error.message), TW_ERROR_MESSAGE_SIZE - 1);
    tw_error_set_at(&error, TW_PARSE, text, UINT64_MAX, UINT64_MAX, "%s", text);
    assert_int_equal(strlen(error.message), TW_ERROR_MESSAGE_SIZE - 1);
    assert_int_equal(strlen(error.where), TW_ERROR_WHERE_SIZE - 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set_fills_everything_and_returns_the_status),
        cmocka_unit_test(test_null_is_allowed_everywhere),
        cmocka_unit_test(test_errno_is_kept_and_spelt_out),
        cmocka_unit_test(test_a_position_stands_before_the_sentence),
        cmocka_unit_test(test_an_error_may_be_wrapped_in_place),
        cmocka_unit_test(test_long_messages_are_cut_and_never_overrun),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
