/* test_status.c - the table of statuses is complete, unique and stable. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "tradewind/status.h"

static const struct {
    tw_status status;
    int code;
    const char *name;
} table[] = {
#define ROW(name, code, sentence) {TW_##name, code, "TW_" #name},
    TW_STATUS_TABLE(ROW)
#undef ROW
};
#define COUNT (sizeof table / sizeof table[0])

static void test_codes_are_zero_or_negative_without_gaps(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT; i++)
        assert_int_equal(table[i].code, -(int)i);
}

static void test_every_status_has_its_name_and_a_sentence_of_its_own(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        assert_string_equal(tw_status_name(table[i].status), table[i].name);
        const char *sentence = tw_status_sentence(table[i].status);
        assert_true(strlen(sentence) > 0);
        assert_true(sentence[strlen(sentence) - 1] != '.');
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(sentence, tw_status_sentence(table[j].status));
    }
}

static void test_a_number_that_is_no_status_is_named_so(void **state) {
    (void)state;
    int strange = 77;
    assert_string_equal(tw_status_name((tw_status)strange), "TW_?");
    assert_string_equal(tw_status_sentence((tw_status)strange), "unknown status");
}

static void test_codes_that_are_stored_stay(void **state) {
    (void)state;
    assert_int_equal(TW_OK, 0);
    assert_int_equal(TW_USAGE, -1);
    assert_int_equal(TW_NOT_FOUND, -9);
    assert_int_equal(TW_CORRUPT, -19);
    assert_int_equal(TW_LIMIT, -29);
    assert_int_equal(TW_INFEASIBLE, -33);
}

static void test_errno_becomes_the_status_it_stands_for(void **state) {
    (void)state;
    assert_int_equal(tw_status_from_errno(0), TW_OK);
    assert_int_equal(tw_status_from_errno(ENOSPC), TW_NO_SPACE);
    assert_int_equal(tw_status_from_errno(ENOENT), TW_NOT_FOUND);
    assert_int_equal(tw_status_from_errno(EACCES), TW_PERMISSION);
    assert_int_equal(tw_status_from_errno(ECONNREFUSED), TW_UNREACHABLE);
    assert_int_equal(tw_status_from_errno(ENOMEM), TW_NO_MEMORY);
    assert_int_equal(tw_status_from_errno(EXDEV), TW_IO);
    assert_int_equal(tw_status_from_errno(-1), TW_IO);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codes_are_zero_or_negative_without_gaps),
        cmocka_unit_test(test_every_status_has_its_name_and_a_sentence_of_its_own),
        cmocka_unit_test(test_a_number_that_is_no_status_is_named_so),
        cmocka_unit_test(test_codes_that_are_stored_stay),
        cmocka_unit_test(test_errno_becomes_the_status_it_stands_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
