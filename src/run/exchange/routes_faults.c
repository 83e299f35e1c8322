/* routes_faults.c - the plan of faults: told, exchanged for another, and called off. */
#include "exchange_priv.h"

static void write_plan(exchange_call *call) {
    const fault_desk *desk = &call->exchange->moments.desk;
    tw_text *text = &call->exchange->body;
    char begin[TW_TIME_TEXT_SIZE];
    tw_time_format(desk->begin_ns, 9, begin);
    tw_text_append_format(text, "{\"seed\":%llu,\"since\":\"%s\",\"faults\":[",
                          (unsigned long long)desk->plan.seed, begin);
    for (uint32_t i = 0; i < desk->plan.rule_count; i++) {
        tw_text_append_string(text, i > 0 ? ",{\"line\":" : "{\"line\":");
        tw_text_append_json(text, tw_slice_of(desk->plan.rules[i].text));
        tw_text_append_format(text, ",\"count\":%llu}", (unsigned long long)desk->counts[i]);
    }
    tw_text_append_string(text, "]}");
    answer_body(call, 200);
}

void route_faults(exchange_call *call) {
    write_plan(call);
}

void route_faults_set(exchange_call *call) {
    fault_plan plan;
    tw_error error = {0};
    if (fault_plan_parse("plan", tw_http_request_body(call->request), &plan, &error) != TW_OK) {
        answer_error(call, 400, 0, "%s", error.message);
        return;
    }
    fault_moments_begin(call->exchange, &plan);
    write_plan(call);
}

void route_faults_clear(exchange_call *call) {
    static const fault_plan none = {.seed = 1};
    fault_moments_begin(call->exchange, &none);
    answer_empty(call, 204);
}
