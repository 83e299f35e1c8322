/*
 * fuzz_fault_plan.c - plans of faults from anybody: they come over /sim/faults.
 *
 * What is read lies in its bounds, and its lines read again are the same plan; what is refused has
 * written nothing and says where it is wrong; what it decides never fails.
 */
#include <stdint.h>
#include <string.h>

#include "fault_desk.h"
#include "tradewind/time.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_rule(const fault_rule *rule) {
    TW_ASSERT(rule->share > 0.0 && rule->share <= 1.0);
    TW_ASSERT(rule->at_ns >= 0 && rule->spread_ns >= 0);
    TW_ASSERT(rule->span_ns >= 0 || rule->kind == FAULT_CLOCK);
    TW_ASSERT(memchr(rule->path, '\0', sizeof rule->path) != NULL);
    TW_ASSERT(rule->path[0] == '\0' || rule->path[0] == '/');
    TW_ASSERT(memchr(rule->symbol, '\0', sizeof rule->symbol) != NULL);
}

/* A line that fits into its text says the same when it is read alone. */
static void check_text(const fault_rule *rule) {
    fault_plan again;
    if (strlen(rule->text) == FAULT_TEXT_SIZE - 1)
        return;
    tw_status status = fault_plan_parse("line", tw_slice_of(rule->text), &again, NULL);
    TW_ASSERT(status == TW_OK && again.rule_count == 1);
    TW_ASSERT(again.rules[0].kind == rule->kind && again.rules[0].span_ns == rule->span_ns);
    TW_ASSERT(again.rules[0].at_ns == rule->at_ns && again.rules[0].number == rule->number);
}

static void decide(const fault_plan *plan) {
    static fault_desk desk;
    int64_t now_ns = INT64_C(1767623400000000000);
    fault_desk_begin(&desk, plan, now_ns);
    for (int i = 0; i < 4; i++) {
        fault_verdict verdict = fault_desk_request(&desk, tw_slice_of("/v2/orders"));
        TW_ASSERT(verdict.latency_ns >= 0 && verdict.latency_ns <= FAULT_LATENCY_NS_MAX);
        (void)fault_desk_update(&desk);
        int64_t next_ns = fault_desk_next(&desk, now_ns);
        TW_ASSERT(next_ns > now_ns);
        if (next_ns == INT64_MAX)
            return;
        now_ns = next_ns;
        (void)fault_desk_clock_error(&desk, now_ns);
        while (fault_desk_due(&desk, now_ns) != NULL) {
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static fault_plan plan;
    tw_error error = {0};
    memset(&plan, 0, sizeof plan);
    tw_slice text = {(const char *)data, size};
    if (size == 0)
        return 0;
    if (fault_plan_parse("plan", text, &plan, &error) != TW_OK) {
        TW_ASSERT(plan.rule_count == 0 && plan.seed == 0);
        TW_ASSERT(strncmp(error.message, "plan:", 5) == 0);
        return 0;
    }
    for (uint32_t i = 0; i < plan.rule_count; i++) {
        check_rule(&plan.rules[i]);
        check_text(&plan.rules[i]);
    }
    decide(&plan);
    return 0;
}
