/* test_wrapped.c - text in lines that can be read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "wrapped.h"

static void assert_wrapped(const char *text, size_t width, const char *wanted) {
    char *memory = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&memory, &size);
    assert_non_null(file);
    wrapped_print(file, text, width);
    assert_int_equal(fclose(file), 0);
    assert_string_equal(memory, wanted);
    free(memory);
}

static void lines_break_where_a_space_is(void **state) {
    (void)state;
    assert_wrapped("one two three\n", 7, "one two\nthree\n");
    assert_wrapped("one two three\n", 6, "one\ntwo\nthree\n");
    assert_wrapped("one two three\n", 13, "one two three\n");
}

static void each_line_begins_anew(void **state) {
    (void)state;
    assert_wrapped("one two\nthree\n\nfour", 80, "one two\nthree\n\nfour\n");
    assert_wrapped("", 80, "");
}

static void a_word_that_is_too_long_stands_alone(void **state) {
    (void)state;
    assert_wrapped("a wonderful b\n", 4, "a\nwonderful\nb\n");
}

static void colours_and_the_rest_of_a_character_take_no_place(void **state) {
    (void)state;
    assert_wrapped("\033[1mone\033[0m two\n", 7, "\033[1mone\033[0m two\n");
    assert_wrapped("\xc3\xa9\xc3\xa9 two\n", 6, "\xc3\xa9\xc3\xa9 two\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_break_where_a_space_is),
        cmocka_unit_test(each_line_begins_anew),
        cmocka_unit_test(a_word_that_is_too_long_stands_alone),
        cmocka_unit_test(colours_and_the_rest_of_a_character_take_no_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
