/* fault_desk.c - walks over the plan's lines, which are few, for each question. */
#include "fault_desk.h"

#include <string.h>

void fault_desk_begin(fault_desk *desk, const fault_plan *plan, int64_t now_ns) {
    memset(desk, 0, sizeof *desk);
    desk->plan = *plan;
    desk->begin_ns = now_ns;
    for (uint32_t i = 0; i < plan->rule_count; i++)
        tw_random_init(&desk->randoms[i], plan->seed, i);
}

static bool strikes(fault_desk *desk, uint32_t index) {
    bool struck = tw_random_uniform(&desk->randoms[index]) < desk->plan.rules[index].share;
    desk->counts[index] += struck;
    return struck;
}

static bool is_about(const fault_rule *rule, tw_slice path) {
    size_t size = strlen(rule->path);
    return path.size >= size && memcmp(path.data, rule->path, size) == 0;
}

static int64_t draw_latency(fault_desk *desk, uint32_t index) {
    const fault_rule *rule = &desk->plan.rules[index];
    double offset = 2.0 * tw_random_uniform(&desk->randoms[index]) - 1.0;
    desk->counts[index]++;
    return rule->span_ns + (int64_t)(offset * (double)rule->spread_ns);
}

fault_verdict fault_desk_request(fault_desk *desk, tw_slice path) {
    fault_verdict verdict = {0};
    for (uint32_t i = 0; i < desk->plan.rule_count; i++) {
        const fault_rule *rule = &desk->plan.rules[i];
        if (rule->kind > FAULT_TRICKLE || !is_about(rule, path))
            continue;
        if (rule->kind == FAULT_LATENCY)
            verdict.latency_ns += draw_latency(desk, i);
        else if (rule->kind == FAULT_TAIL)
            verdict.latency_ns += strikes(desk, i) ? rule->span_ns : 0;
        else if (verdict.rule == NULL && strikes(desk, i))
            verdict.rule = rule;
    }
    if (verdict.latency_ns > FAULT_LATENCY_NS_MAX)
        verdict.latency_ns = FAULT_LATENCY_NS_MAX;
    return verdict;
}

const fault_rule *fault_desk_update(fault_desk *desk) {
    for (uint32_t i = 0; i < desk->plan.rule_count; i++) {
        const fault_rule *rule = &desk->plan.rules[i];
        if (rule->kind >= FAULT_UPDATE_DROP && rule->kind <= FAULT_UPDATE_DELAY && strikes(desk, i))
            return rule;
    }
    return NULL;
}

/* A late trade is late by up to the rule's span, all others come after just so long. */
static int64_t draw_delay(fault_desk *desk, uint32_t index) {
    const fault_rule *rule = &desk->plan.rules[index];
    if (rule->kind != FAULT_TRADE_LATE || rule->span_ns == 0)
        return rule->span_ns + (rule->span_ns == 0);
    return 1 + (int64_t)tw_random_below(&desk->randoms[index], (uint64_t)rule->span_ns);
}

fault_trade_verdict fault_desk_trade(fault_desk *desk) {
    for (uint32_t i = 0; i < desk->plan.rule_count; i++) {
        const fault_rule *rule = &desk->plan.rules[i];
        if (rule->kind < FAULT_TRADE_LATE || rule->kind > FAULT_TRADE_CORRECT || !strikes(desk, i))
            continue;
        int64_t delay_ns = draw_delay(desk, i);
        return (fault_trade_verdict){rule, delay_ns, tw_random_next(&desk->randoms[i])};
    }
    return (fault_trade_verdict){.rule = NULL};
}

int64_t fault_desk_floor(fault_desk *desk) {
    int64_t latency_ns = 0;
    for (uint32_t i = 0; i < desk->plan.rule_count; i++) {
        if (desk->plan.rules[i].kind == FAULT_FLOOR)
            latency_ns += draw_latency(desk, i);
    }
    return latency_ns;
}

static bool lasts(const fault_desk *desk, const fault_rule *rule, int64_t now_ns) {
    int64_t since_ns = now_ns - desk->begin_ns;
    return since_ns >= rule->at_ns && since_ns - rule->at_ns < rule->span_ns;
}

bool fault_desk_lasts(const fault_desk *desk, fault_kind kind, int64_t now_ns) {
    for (uint32_t i = 0; i < desk->plan.rule_count; i++) {
        if (desk->plan.rules[i].kind == kind && lasts(desk, &desk->plan.rules[i], now_ns))
            return true;
    }
    return false;
}

bool fault_desk_halted(const fault_desk *desk, const char *symbol, int64_t now_ns) {
    for (uint32_t i = 0; i < desk->plan.rule_count; i++) {
        const fault_rule *rule = &desk->plan.rules[i];
        if (rule->kind == FAULT_HALT && strcmp(rule->symbol, symbol) == 0 &&
            lasts(desk, rule, now_ns))
            return true;
    }
    return false;
}

int64_t fault_desk_clock_error(const fault_desk *desk, int64_t now_ns) {
    int64_t error_ns = 0;
    for (uint32_t i = 0; i < desk->plan.rule_count; i++) {
        const fault_rule *rule = &desk->plan.rules[i];
        if (rule->kind == FAULT_CLOCK && now_ns - desk->begin_ns >= rule->at_ns)
            error_ns += rule->span_ns;
    }
    return error_ns;
}

uint32_t fault_desk_connections(const fault_desk *desk) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < desk->plan.rule_count; i++) {
        if (desk->plan.rules[i].kind == FAULT_CONNECTIONS)
            count = desk->plan.rules[i].number;
    }
    return count;
}

/* The earlier of `best_ns` and a moment, if that is still to come. */
static int64_t earlier(int64_t best_ns, int64_t moment_ns, int64_t now_ns) {
    return moment_ns > now_ns && moment_ns < best_ns ? moment_ns : best_ns;
}

int64_t fault_desk_next(const fault_desk *desk, int64_t now_ns) {
    int64_t next_ns = INT64_MAX;
    for (uint32_t i = 0; i < desk->plan.rule_count; i++) {
        const fault_rule *rule = &desk->plan.rules[i];
        if (rule->kind < FAULT_MUTE)
            continue;
        int64_t begin_ns = desk->begin_ns + rule->at_ns;
        next_ns = earlier(next_ns, begin_ns, now_ns);
        if (rule->kind != FAULT_CLOCK)
            next_ns = earlier(next_ns, begin_ns + rule->span_ns, now_ns);
    }
    return next_ns;
}

const fault_rule *fault_desk_due(fault_desk *desk, int64_t now_ns) {
    for (uint32_t i = 0; i < desk->plan.rule_count; i++) {
        const fault_rule *rule = &desk->plan.rules[i];
        if (rule->kind < FAULT_MUTE || desk->over[i] || now_ns - desk->begin_ns < rule->at_ns)
            continue;
        desk->over[i] = true;
        desk->counts[i]++;
        if (rule->kind == FAULT_CLOSE || rule->kind == FAULT_SLOW || rule->kind == FAULT_RESTART)
            return rule;
    }
    return NULL;
}
