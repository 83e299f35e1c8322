/* test_fault_plan.c - plans of faults, and what is said of bad ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fault_plan.h"
#include "tradewind/time.h"

static char path[64];

static tw_status read_text(const char *text, fault_plan *plan, tw_error *error) {
    strcpy(path, "/tmp/tradewind-plan-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    tw_status status = fault_plan_read(path, plan, error);
    unlink(path);
    return status;
}

static void a_plan_is_read(void **state) {
    (void)state;
    fault_plan plan;
    assert_int_equal(read_text("", &plan, NULL), TW_OK);
    assert_int_equal(plan.seed, 1);
    assert_int_equal(plan.latency_ns, 0);
    assert_int_equal(read_text("# all of it\n\n  seed 18446744073709551615\t# large\n"
                               "latency\t20ms   5ms",
                               &plan, NULL),
                     TW_OK);
    assert_int_equal(plan.seed, UINT64_MAX);
    assert_int_equal(plan.latency_ns, 20 * TW_NS_PER_MS);
    assert_int_equal(plan.latency_spread_ns, 5 * TW_NS_PER_MS);
    assert_int_equal(read_text("latency 60s\r\n", &plan, NULL), TW_OK);
    assert_int_equal(plan.latency_ns, FAULT_LATENCY_NS_MAX);
    assert_int_equal(plan.latency_spread_ns, 0);
}

static void a_bad_line_is_named(void **state) {
    (void)state;
    static const struct {
        const char *text;
        tw_status status;
        const char *said;
    } rows[] = {
        {"seed", TW_PARSE, ":1: expected a whole number"},
        {"\nseed 1 2", TW_PARSE, ":2: expected a whole number"},
        {"seed -1", TW_PARSE, ":1: expected a whole number"},
        {"latency", TW_PARSE, ":1: expected one or two spans"},
        {"latency 20", TW_PARSE, ":1: expected one or two spans"},
        {"latency 20ms 5ms 1ms", TW_PARSE, ":1: expected one or two spans"},
        {"latency 1ms 2ms 3ms 4ms", TW_PARSE, ":1: expected fewer words"},
        {"latency 61s", TW_RANGE, ":1: expected a latency of 0 to 60s"},
        {"latency 5ms 6ms", TW_RANGE, ":1: expected a spread"},
        {"# fine\nlatenz 5ms", TW_PARSE, ":2: expected a line that begins with"},
        {"seed 1 #2\nseed#1", TW_PARSE, ":2: expected a line that begins with"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fault_plan plan = {.seed = 77};
        tw_error error = {0};
        assert_int_equal(read_text(rows[i].text, &plan, &error), rows[i].status);
        assert_non_null(strstr(error.message, rows[i].said));
        assert_non_null(strstr(error.message, path));
        assert_int_equal(plan.seed, 77); /* nothing is written */
    }
}

static void what_is_no_text_file_is_told(void **state) {
    (void)state;
    char long_line[6000];
    fault_plan plan;
    tw_error error = {0};
    memset(long_line, '#', sizeof long_line - 1);
    long_line[sizeof long_line - 1] = '\0';
    assert_int_equal(read_text(long_line, &plan, &error), TW_PARSE);
    assert_int_equal(fault_plan_read("/nowhere/plan", &plan, &error), TW_NOT_FOUND);
    assert_int_not_equal(fault_plan_read("/tmp", &plan, &error), TW_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plan_is_read),
        cmocka_unit_test(a_bad_line_is_named),
        cmocka_unit_test(what_is_no_text_file_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
