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

static tw_status parse(const char *text, fault_plan *plan, tw_error *error) {
    return fault_plan_parse("plan", tw_slice_of(text), plan, error);
}

static fault_rule rule_of(const char *line) {
    fault_plan plan;
    tw_error error = {0};
    if (parse(line, &plan, &error) != TW_OK)
        fail_msg("%s", error.message);
    assert_int_equal(plan.rule_count, 1);
    assert_string_equal(plan.rules[0].text, line);
    return plan.rules[0];
}

static void a_plan_is_read(void **state) {
    (void)state;
    fault_plan plan;
    assert_int_equal(parse("", &plan, NULL), TW_OK);
    assert_int_equal(plan.seed, 1);
    assert_int_equal(plan.rule_count, 0);
    assert_int_equal(parse("# all of it\n\n  seed 18446744073709551615\t# large\n"
                           "latency\t20ms   5ms\r\nrestart at 4m",
                           &plan, NULL),
                     TW_OK);
    assert_int_equal(plan.seed, UINT64_MAX);
    assert_int_equal(plan.rule_count, 2);
    assert_int_equal(plan.rules[0].kind, FAULT_LATENCY);
    assert_int_equal(plan.rules[0].span_ns, 20 * TW_NS_PER_MS);
    assert_int_equal(plan.rules[0].spread_ns, 5 * TW_NS_PER_MS);
    assert_int_equal(plan.rules[1].kind, FAULT_RESTART);
    assert_int_equal(plan.rules[1].at_ns, 4 * TW_NS_PER_MINUTE);
}

static void faults_of_requests_have_shares_and_paths(void **state) {
    (void)state;
    fault_rule rule = rule_of("latency 60s /v2/orders");
    assert_int_equal(rule.span_ns, FAULT_LATENCY_NS_MAX);
    assert_int_equal(rule.spread_ns, 0);
    assert_string_equal(rule.path, "/v2/orders");
    rule = rule_of("tail 1% 2s");
    assert_int_equal(rule.kind, FAULT_TAIL);
    assert_float_equal(rule.share, 0.01, 1e-12);
    rule = rule_of("status 429 2% bare /v2");
    assert_int_equal(rule.kind, FAULT_STATUS);
    assert_int_equal(rule.number, 429);
    assert_true(rule.bare);
    assert_string_equal(rule.path, "/v2");
    rule = rule_of("status 502 100%");
    assert_false(rule.bare);
    assert_float_equal(rule.share, 1.0, 0.0);
    assert_int_equal(rule_of("reset before 1%").kind, FAULT_RESET_BEFORE);
    assert_int_equal(rule_of("reset after 1%").kind, FAULT_RESET_AFTER);
    assert_int_equal(rule_of("truncate 0.5%").kind, FAULT_TRUNCATE);
    rule = rule_of("trickle 0.5% 10B/s");
    assert_int_equal(rule.kind, FAULT_TRICKLE);
    assert_int_equal(rule.number, 10);
}

static void faults_of_streams_and_of_time_are_read(void **state) {
    (void)state;
    assert_int_equal(rule_of("updates drop 1%").kind, FAULT_UPDATE_DROP);
    fault_rule rule = rule_of("updates duplicate");
    assert_int_equal(rule.kind, FAULT_UPDATE_DUPLICATE);
    assert_float_equal(rule.share, 1.0, 0.0);
    assert_int_equal(rule_of("updates reorder 3%").kind, FAULT_UPDATE_REORDER);
    rule = rule_of("updates delay 5s");
    assert_int_equal(rule.kind, FAULT_UPDATE_DELAY);
    assert_int_equal(rule.span_ns, 5 * TW_NS_PER_SECOND);
    assert_float_equal(rule_of("updates delay 5s 10%").share, 0.1, 1e-12);
    rule = rule_of("trades late 30s 1%");
    assert_int_equal(rule.kind, FAULT_TRADE_LATE);
    assert_int_equal(rule.span_ns, 30 * TW_NS_PER_SECOND);
    assert_float_equal(rule.share, 0.01, 1e-12);
    assert_int_equal(rule_of("trades cancel 1h").kind, FAULT_TRADE_CANCEL);
    assert_int_equal(rule_of("trades correct 5s 2%").kind, FAULT_TRADE_CORRECT);
    assert_int_equal(rule_of("limit connections 1").number, 1);
    rule = rule_of("mute 30s at 2m");
    assert_int_equal(rule.kind, FAULT_MUTE);
    assert_int_equal(rule.span_ns, 30 * TW_NS_PER_SECOND);
    assert_int_equal(rule.at_ns, 2 * TW_NS_PER_MINUTE);
    assert_int_equal(rule_of("stale 1s at 0s").kind, FAULT_STALE);
    assert_int_equal(rule_of("close streams at 3m").kind, FAULT_CLOSE);
    assert_int_equal(rule_of("slow clients at 3m").kind, FAULT_SLOW);
    rule = rule_of("halt BRK.B 60s at 90s");
    assert_string_equal(rule.symbol, "BRK.B");
    assert_int_equal(rule.at_ns, 90 * TW_NS_PER_SECOND);
    assert_int_equal(rule_of("clock jump -2s at 100s").span_ns, -2 * TW_NS_PER_SECOND);
    assert_int_equal(rule_of("clock jump 1h at 0s").span_ns, TW_NS_PER_HOUR);
}

static void a_bad_line_is_named_with_its_column(void **state) {
    (void)state;
    static const struct {
        const char *text;
        tw_status status;
        const char *said;
    } rows[] = {
        {"seed", TW_PARSE, "plan:1:5: expected a whole number, as in: seed 1"},
        {"\nseed 1 2", TW_PARSE, "plan:2:8: expected the end of the line"},
        {"seed -1", TW_PARSE, "plan:1:6: expected a whole number"},
        {"latency", TW_PARSE, "plan:1:8: expected more words, as in: latency 20ms 5ms"},
        {"latency 20", TW_PARSE, "plan:1:9: expected a span of time"},
        {"latency 20ms 5ms 1ms", TW_PARSE, "plan:1:18: expected the end of the line"},
        {"latency 61s", TW_RANGE, "plan:1:9: expected a latency of at most 60s"},
        {"latency 5ms 6ms", TW_RANGE, "plan:1:13: expected a spread of at most the latency"},
        {"latency -1s", TW_PARSE, "plan:1:9: expected a span"},
        {"# fine\nlatenz 5ms", TW_PARSE, "plan:2:1: expected seed, latency, tail, status"},
        {"seed 1 #2\nseed#1", TW_PARSE, "plan:2:1: expected seed, latency"},
        {"status 399 1%", TW_RANGE, "plan:1:8: expected another number, as in: status 429 2%"},
        {"status 600 1%", TW_RANGE, "plan:1:8: expected another number"},
        {"status 429 0%", TW_RANGE, "plan:1:12: expected a percentage above 0%"},
        {"status 429 101%", TW_RANGE, "plan:1:12: expected a percentage above 0%"},
        {"status 429 nan%", TW_PARSE, "plan:1:12: expected a percentage"},
        {"status 429 2", TW_PARSE, "plan:1:12: expected a percentage"},
        {"status 429 2% orders", TW_PARSE, "plan:1:15: expected the end of the line"},
        {"reset 1%", TW_PARSE, "plan:1:7: expected another word, as in: reset before 1%"},
        {"trickle 1% 10", TW_PARSE, "plan:1:12: expected bytes a second"},
        {"trickle 1% 0B/s", TW_RANGE, "plan:1:12: expected another number"},
        {"updates lose 1%", TW_PARSE, "plan:1:9: expected another word"},
        {"trades late 31s", TW_RANGE, "plan:1:13: expected a lateness of at most 30s"},
        {"trades early 1s", TW_PARSE, "plan:1:8: expected another word, as in: trades late"},
        {"limit connections 0", TW_RANGE, "plan:1:19: expected another number"},
        {"mute 30s 2m", TW_PARSE, "plan:1:10: expected another word, as in: mute 30s at 2m"},
        {"mute 30s at -2m", TW_RANGE, "plan:1:13: expected a time that is to come"},
        {"halt AAPL 60s", TW_PARSE, "plan:1:14: expected another word"},
        {"clock jump 9000h at 1s", TW_RANGE, "plan:1:12: expected a span of at most a year"},
        {"halt A\1B 1s at 1s", TW_PARSE, "plan:1:7: expected text"},
        {"restart at 4m now", TW_PARSE, "plan:1:15: expected the end of the line"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fault_plan plan = {.seed = 77};
        tw_error error = {0};
        assert_int_equal(parse(rows[i].text, &plan, &error), rows[i].status);
        if (strncmp(error.message, rows[i].said, strlen(rows[i].said)) != 0)
            fail_msg("%s: %s", rows[i].text, error.message);
        assert_int_equal(plan.seed, 77); /* nothing is written */
    }
}

static void a_plan_has_its_bounds(void **state) {
    (void)state;
    static char text[FAULT_PLAN_SIZE_MAX + 2];
    fault_plan plan;
    tw_error error = {0};
    for (int i = 0; i < FAULT_RULE_COUNT_MAX; i++)
        strcat(text, "restart at 4m\n");
    assert_int_equal(parse(text, &plan, &error), TW_OK);
    strcat(text, "restart at 4m\n");
    assert_int_equal(parse(text, &plan, &error), TW_FULL);
    assert_non_null(strstr(error.message, "plan:65: a plan has at most 64 faults"));
    memset(text, '#', sizeof text - 1);
    assert_int_equal(parse(text, &plan, &error), TW_FULL);
    char line[512] = "status 429 2% /";
    memset(line + strlen(line), 'a', 100);
    assert_int_equal(parse(line, &plan, &error), TW_RANGE);
}

static void a_file_is_read_and_what_is_none_is_told(void **state) {
    (void)state;
    char path[] = "/tmp/tradewind-plan-XXXXXX";
    fault_plan plan;
    tw_error error = {0};
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "seed 5\nmute\n", 12), 12);
    close(fd);
    assert_int_equal(fault_plan_read(path, &plan, &error), TW_PARSE);
    assert_non_null(strstr(error.message, path));
    assert_int_equal(truncate(path, 7), 0);
    assert_int_equal(fault_plan_read(path, &plan, &error), TW_OK);
    assert_int_equal(plan.seed, 5);
    unlink(path);
    assert_int_equal(fault_plan_read("/nowhere/plan", &plan, &error), TW_NOT_FOUND);
    assert_int_not_equal(fault_plan_read("/tmp", &plan, &error), TW_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plan_is_read),
        cmocka_unit_test(faults_of_requests_have_shares_and_paths),
        cmocka_unit_test(faults_of_streams_and_of_time_are_read),
        cmocka_unit_test(a_bad_line_is_named_with_its_column),
        cmocka_unit_test(a_plan_has_its_bounds),
        cmocka_unit_test(a_file_is_read_and_what_is_none_is_told),
    };
    return cmocka_run_group_tests_name("plans of faults", tests, NULL, NULL);
}
