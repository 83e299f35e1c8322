/* test_log.c - one event is one line, whatever the values hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tradewind/log.h"

typedef struct capture {
    char line[TW_LOG_LINE_SIZE + 1];
    size_t size;
    int count;
} capture;

static void keep_line(void *context, const char *line, size_t size) {
    capture *kept = context;
    assert_true(size <= TW_LOG_LINE_SIZE);
    memcpy(kept->line, line, size);
    kept->line[size] = 0;
    kept->size = size;
    kept->count++;
}

static int64_t fixed_time(void) {
    return INT64_C(1704205800123456789);
}

static tw_log log_into(capture *kept, tw_log_level level) {
    *kept = (capture){.count = 0};
    return (tw_log){.level = level, .sink = keep_line, .context = kept, .now_ns = fixed_time};
}

static void test_a_line_is_time_level_event_and_fields(void **state) {
    (void)state;
    capture kept;
    tw_log log = log_into(&kept, TW_LOG_DEBUG);
    tw_log_write(&log, TW_LOG_INFO, "stream.open", "venue=%s symbols=%d", "demo", 20);
    assert_string_equal(kept.line,
                        "2024-01-02T14:30:00.123456Z info stream.open venue=demo symbols=20\n");
    tw_log_write(&log, TW_LOG_ERROR, "stop", "%s", "");
    assert_string_equal(kept.line, "2024-01-02T14:30:00.123456Z error stop\n");
}

static void test_lines_below_the_level_are_not_made(void **state) {
    (void)state;
    capture kept;
    for (int level = TW_LOG_DEBUG; level <= TW_LOG_OFF; level++) {
        tw_log log = log_into(&kept, (tw_log_level)level);
        for (int line = TW_LOG_DEBUG; line < TW_LOG_OFF; line++) {
            tw_log_write(&log, (tw_log_level)line, "x", "a=%d", 1);
            assert_int_equal(tw_log_enabled(&log, (tw_log_level)line), line >= level);
        }
        assert_int_equal(kept.count, TW_LOG_OFF - level);
        assert_false(tw_log_enabled(&log, TW_LOG_OFF));
    }
    tw_log_write(NULL, TW_LOG_ERROR, "x", "a=%d", 1);
    assert_false(tw_log_enabled(NULL, TW_LOG_ERROR));
}

static void test_no_value_can_forge_a_line(void **state) {
    (void)state;
    capture kept;
    tw_log log = log_into(&kept, TW_LOG_DEBUG);
    tw_log_write(&log, TW_LOG_INFO, "x", "a=%s", "1\n2024 error \x1b[31m fake\r\x7f");
    assert_string_equal(kept.line,
                        "2024-01-02T14:30:00.123456Z info x a=1 2024 error  [31m fake  \n");
}

static void test_long_lines_are_cut_between_characters(void **state) {
    (void)state;
    char value[2 * TW_LOG_LINE_SIZE];
    for (size_t shift = 0; shift < 4; shift++) {
        memset(value, 'x', sizeof value);
        for (size_t i = shift; i + 3 < sizeof value; i += 3)
            memcpy(value + i, "\xE2\x82\xAC", 3);
        value[sizeof value - 1] = 0;
        capture kept;
        tw_log log = log_into(&kept, TW_LOG_DEBUG);
        tw_log_write(&log, TW_LOG_INFO, "x", "a=%s", value);
        assert_true(kept.size <= TW_LOG_LINE_SIZE && kept.size > TW_LOG_LINE_SIZE - 3);
        assert_string_equal(kept.line + kept.size - 5, "\xAC...\n");
    }
    /* A line that just fits is not cut. */
    memset(value, 'y', sizeof value);
    capture kept;
    tw_log log = log_into(&kept, TW_LOG_DEBUG);
    size_t room = TW_LOG_LINE_SIZE - strlen("2024-01-02T14:30:00.123456Z info x a=\n");
    tw_log_write(&log, TW_LOG_INFO, "x", "a=%.*s", (int)room, value);
    assert_int_equal(kept.size, TW_LOG_LINE_SIZE);
    assert_string_equal(kept.line + kept.size - 3, "yy\n");
    tw_log_write(&log, TW_LOG_INFO, "x", "a=%.*s", (int)room + 1, value);
    assert_int_equal(kept.size, TW_LOG_LINE_SIZE);
    assert_string_equal(kept.line + kept.size - 5, "y...\n");
}

static void test_quoting_keeps_a_value_one_word(void **state) {
    (void)state;
    const struct {
        const char *value;
        const char *text;
    } cases[] = {
        {"demo", "demo"},
        {"", "\"\""},
        {"two words", "\"two words\""},
        {"a=b", "\"a=b\""},
        {"say \"hi\"", "\"say \\\"hi\\\"\""},
        {"a\\b", "\"a\\\\b\""},
        {"a\nb\tc\rd", "\"a\\nb\\tc\\rd\""},
        {"\x01", "\"\\x01\""},
        {"\x7f", "\"\\x7f\""},
        {"\xE2\x82\xAC", "\xE2\x82\xAC"},
    };
    char buffer[64];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(tw_log_quote(tw_slice_of(cases[i].value), buffer, sizeof buffer),
                            cases[i].text);
}

static void test_a_quoted_value_never_overruns_its_buffer(void **state) {
    (void)state;
    const char *const values[] = {"abcdefghijklmnop", "a b c d e f g h", "\x01\x01\x01\x01\x01",
                                  "\"\"\"\"\"\"\"\"\"", "\xE2\x82\xAC \xE2\x82\xAC \xE2\x82\xAC"};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        for (size_t capacity = 8; capacity < 40; capacity++) {
            char buffer[48];
            memset(buffer, 'z', sizeof buffer);
            tw_log_quote(tw_slice_of(values[i]), buffer, capacity);
            size_t size = strlen(buffer);
            assert_true(size < capacity);
            assert_true(buffer[0] != '"' || buffer[size - 1] == '"');
            for (size_t b = capacity; b < sizeof buffer; b++)
                assert_int_equal(buffer[b], 'z');
        }
    }
    char buffer[12];
    assert_string_equal(tw_log_quote(tw_slice_of("abcdefghijklmnop"), buffer, sizeof buffer),
                        "\"abcdef...\"");
}

static void test_levels_have_names_both_ways(void **state) {
    (void)state;
    tw_log_level level = TW_LOG_DEBUG;
    for (int i = TW_LOG_DEBUG; i <= TW_LOG_OFF; i++) {
        const char *name = tw_log_level_name((tw_log_level)i);
        assert_int_equal(tw_log_level_parse(tw_slice_of(name), &level), TW_OK);
        assert_int_equal(level, i);
    }
    assert_int_equal(tw_log_level_parse(tw_slice_of("Info"), &level), TW_PARSE);
    assert_int_equal(tw_log_level_parse(tw_slice_of(""), &level), TW_PARSE);
    assert_int_equal(level, TW_LOG_OFF);
}

static void *write_many(void *context) {
    const tw_log *log = context;
    for (int i = 0; i < 200; i++)
        tw_log_write(log, TW_LOG_INFO, "many", "text=%s", "abcdefghijklmnopqrstuvwxyz");
    return NULL;
}

static void test_lines_of_many_threads_do_not_mix(void **state) {
    (void)state;
    FILE *file = tmpfile();
    assert_non_null(file);
    fflush(stderr);
    int saved = dup(STDERR_FILENO);
    assert_int_equal(dup2(fileno(file), STDERR_FILENO), STDERR_FILENO);
    tw_log log = {.level = TW_LOG_INFO, .now_ns = fixed_time};
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_many, &log), 0);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(file);
    char line[256];
    int count = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        assert_string_equal(line, "2024-01-02T14:30:00.123456Z info many "
                                  "text=abcdefghijklmnopqrstuvwxyz\n");
        count++;
    }
    assert_int_equal(count, 800);
    fclose(file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_line_is_time_level_event_and_fields),
        cmocka_unit_test(test_lines_below_the_level_are_not_made),
        cmocka_unit_test(test_no_value_can_forge_a_line),
        cmocka_unit_test(test_long_lines_are_cut_between_characters),
        cmocka_unit_test(test_quoting_keeps_a_value_one_word),
        cmocka_unit_test(test_a_quoted_value_never_overruns_its_buffer),
        cmocka_unit_test(test_levels_have_names_both_ways),
        cmocka_unit_test(test_lines_of_many_threads_do_not_mix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
