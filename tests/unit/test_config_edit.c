/*
 * test_config_edit.c - one value of a configuration file is another afterwards, and not a byte
 * else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config_edit.h"

static char outcome[4096];

/* Sets import.batch to 5000 in `file`; returns what stood there before. */
static const char *edit(const char *file) {
    static config_change change;
    tw_error error = {0};
    change = (config_change){.section = "import", .name = "batch", .value = "5000"};
    size_t room = strlen(file) + config_edit_room(&change, 1) + 1;
    assert_true(room <= sizeof outcome);
    tw_text text = tw_text_over(outcome, room);
    assert_int_equal(config_edit(tw_slice_of(file), &change, &text, &error), TW_OK);
    return change.old;
}

static void a_value_is_replaced_and_its_comment_kept(void **state) {
    (void)state;
    assert_string_equal(edit("# mine\n[import]\n  batch\t=  250000   # large\n[run]\nslow = 1s\n"),
                        "250000");
    assert_string_equal(outcome,
                        "# mine\n[import]\n  batch\t=  5000   # large\n[run]\nslow = 1s\n");
}

static void other_sections_and_comments_do_not_count(void **state) {
    (void)state;
    assert_string_equal(edit("[export]\nbatch = 7\n[import]\n# batch = 8\nbatches = 9\n"), "");
    assert_string_equal(outcome,
                        "[export]\nbatch = 7\n[import]\n# batch = 8\nbatches = 9\nbatch = 5000\n");
}

static void a_key_goes_behind_the_last_of_its_section(void **state) {
    (void)state;
    assert_string_equal(edit("[import]\njson = no\n\n# of runs\n[run]\nslow = 1s\n"), "");
    assert_string_equal(outcome,
                        "[import]\njson = no\nbatch = 5000\n\n# of runs\n[run]\nslow = 1s\n");
    assert_string_equal(edit("[import] # nothing yet\n\n[run]\n"), "");
    assert_string_equal(outcome, "[import] # nothing yet\nbatch = 5000\n\n[run]\n");
}

static void a_section_that_is_missing_is_made(void **state) {
    (void)state;
    assert_string_equal(edit("[run]\nslow = 1s\n"), "");
    assert_string_equal(outcome, "[run]\nslow = 1s\n\n[import]\nbatch = 5000\n");
    assert_string_equal(edit(""), "");
    assert_string_equal(outcome, "[import]\nbatch = 5000\n");
}

static void a_last_line_without_an_end_gets_one(void **state) {
    (void)state;
    assert_string_equal(edit("[run]\nslow = 1s"), "");
    assert_string_equal(outcome, "[run]\nslow = 1s\n\n[import]\nbatch = 5000\n");
    assert_string_equal(edit("[import]\njson = no"), "");
    assert_string_equal(outcome, "[import]\njson = no\nbatch = 5000\n");
    assert_string_equal(edit("[import]\nbatch = 1"), "1");
    assert_string_equal(outcome, "[import]\nbatch = 5000");
}

static void ends_of_lines_are_those_of_the_file(void **state) {
    (void)state;
    assert_string_equal(edit("[import]\r\nbatch = 1\r\n[run]\r\n"), "1");
    assert_string_equal(outcome, "[import]\r\nbatch = 5000\r\n[run]\r\n");
    assert_string_equal(edit("[run]\r\nslow = 1s\r\n"), "");
    assert_string_equal(outcome, "[run]\r\nslow = 1s\r\n\r\n[import]\r\nbatch = 5000\r\n");
    assert_string_equal(edit("[import]\r\njson = no\r\n\r\n[run]\r\n"), "");
    assert_string_equal(outcome, "[import]\r\njson = no\r\nbatch = 5000\r\n\r\n[run]\r\n");
}

static void quotes_dots_and_nothing_are_values_too(void **state) {
    (void)state;
    assert_string_equal(edit("[import]\nbatch = \"1 # 2\" # three\n"), "1 # 2");
    assert_string_equal(outcome, "[import]\nbatch = 5000 # three\n");
    assert_string_equal(edit("\xEF\xBB\xBFimport.batch = 3\n[run]\n"), "3");
    assert_string_equal(outcome, "\xEF\xBB\xBFimport.batch = 5000\n[run]\n");
    assert_string_equal(edit("[import]\nbatch = # none\njson = no\n"), "");
    assert_string_equal(outcome, "[import]\nbatch = 5000 # none\njson = no\n");
    assert_string_equal(edit("[import]\nbatch =\njson = no\n"), "");
    assert_string_equal(outcome, "[import]\nbatch =5000\njson = no\n");
}

static void a_key_that_is_there_twice_is_refused(void **state) {
    (void)state;
    static const char file[] = "[import]\nbatch = 1\n\n[run]\nslow = 1s\n[import]\nbatch = 2\n";
    config_change change = {.section = "import", .name = "batch", .value = "5000"};
    tw_text text = tw_text_over(outcome, sizeof outcome);
    tw_error error = {0};
    assert_int_equal(config_edit(tw_slice_of(file), &change, &text, &error), TW_EXISTS);
    assert_string_equal(error.message, "import.batch is set twice, on line 2 and on line 7");
    assert_int_equal(text.size, 0);
}

static void a_nul_byte_is_no_text(void **state) {
    (void)state;
    config_change change = {.section = "import", .name = "batch", .value = "5000"};
    tw_text text = tw_text_over(outcome, sizeof outcome);
    tw_error error = {0};
    const tw_slice file = {"[run]\n\0\n", 8};
    assert_int_equal(config_edit(file, &change, &text, &error), TW_PARSE);
    assert_int_equal(text.size, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_is_replaced_and_its_comment_kept),
        cmocka_unit_test(other_sections_and_comments_do_not_count),
        cmocka_unit_test(a_key_goes_behind_the_last_of_its_section),
        cmocka_unit_test(a_section_that_is_missing_is_made),
        cmocka_unit_test(a_last_line_without_an_end_gets_one),
        cmocka_unit_test(ends_of_lines_are_those_of_the_file),
        cmocka_unit_test(quotes_dots_and_nothing_are_values_too),
        cmocka_unit_test(a_key_that_is_there_twice_is_refused),
        cmocka_unit_test(a_nul_byte_is_no_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
