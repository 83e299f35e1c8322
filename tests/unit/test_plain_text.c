/* test_plain_text.c - what of a text may reach a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "plain_text.h"

static void assert_plain(const char *text, const char *wanted) {
    char buffer[PLAIN_TEXT_SIZE(32)];
    assert_string_equal(plain_text(text, buffer, sizeof buffer), wanted);
}

static void letters_of_any_language_stay(void **state) {
    (void)state;
    assert_plain("", "");
    assert_plain("run.db \\x1b ~", "run.db \\x1b ~");
    assert_plain("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x8c\x8a",
                 "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x8c\x8a");
    assert_plain("\xc2\xa0", "\xc2\xa0"); /* the first behind the controls */
}

static void controls_are_written_out(void **state) {
    (void)state;
    assert_plain("a\033[31mred", "a\\x1b[31mred");
    assert_plain("\r\n\t\a\x7f", "\\x0d\\x0a\\x09\\x07\\x7f");
    assert_plain("\xc2\x9b"
                 "2J",
                 "\\xc2\\x9b2J"); /* U+009B begins a command, too */
}

static void what_is_no_utf8_is_written_out(void **state) {
    (void)state;
    assert_plain("\x9b"
                 "2J",
                 "\\x9b2J");
    assert_plain("\xc3", "\\xc3");
    assert_plain("\xe2\x82", "\\xe2\\x82");
    assert_plain("\xed\xa0\x80", "\\xed\\xa0\\x80"); /* half of a pair */
    assert_plain("\xc0\xaf", "\\xc0\\xaf");          /* longer than it needs to be */
}

static void what_does_not_fit_is_cut(void **state) {
    (void)state;
    char buffer[4];
    assert_string_equal(plain_text("abcdef", buffer, sizeof buffer), "abc");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(letters_of_any_language_stay),
        cmocka_unit_test(controls_are_written_out),
        cmocka_unit_test(what_is_no_utf8_is_written_out),
        cmocka_unit_test(what_does_not_fit_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
