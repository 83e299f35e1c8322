/*
 * plan.c - the life of a plan, which outlives an interruption.
 *
 *              plan_begin                    tw_engine_resume (of an earlier run)
 *                  |                                 |
 *                  v        plan_suspend             v
 *               RUNNING --------------------------> SUSPENDED
 *                  |  ^                              |  |
 *   its last trade |  +-------- plan_continue -------+  | plan_continue: too old, other targets
 *                  v                                    v
 *                done          dropped, replaced <------+---- plan_end: stop, kill
 *
 * Idea: what a plan wants is journaled with its decision, before any of its intents, and each
 * intent names that decision. What is left of a trade is then its quantity less the shares that all
 * orders of it have filled, whichever run made them: that can be told at any moment at which none
 * of these orders is open. A plan goes on when none of them is at the venue. One that never arrived
 * there is sent again (resend.c) or, where that may not be, holds its trade until it has ended.
 *
 * Invariants
 *  1. A trade gets an order only while no other order of the plan is open, and for no more
 *     than what is left of it then: all its orders together never fill more than was planned.
 *  2. A plan that has orders is in the journal as a whole: its entries come before their intents.
 *  3. One that began ends with one `plan_end`, unless the process dies or the run fails: that is
 *     how the next run knows it.
 */
#include <stdio.h>

#include "engine_priv.h"

/* ---- the journal --------------------------------------------------------------------------- */

static void append_trade(const tw_engine *engine, tw_text *text, const engine_trade *trade) {
    RECORD_PUT(text, "[\"");
    tw_text_append_string(text, tw_symbols_name(engine->names, trade->planned.symbol));
    RECORD_PUT(text, "\",\"");
    tw_text_append_string(text, tw_side_name((tw_side)trade->planned.side));
    RECORD_PUT(text, "\",\"");
    record_decimal(text, trade->planned.quantity.nano);
    RECORD_PUT(text, "\"]");
}

/* As %016llx. */
static void append_hex(tw_text *text, uint64_t value) {
    char digits[16];
    for (size_t i = sizeof digits; i-- > 0; value >>= 4)
        digits[i] = "0123456789abcdef"[value & 15];
    tw_text_append(text, (tw_slice){digits, sizeof digits});
}

/* As many entries as it takes: a reader knows by `last` that none is missing. */
static void record_plan(tw_engine *engine) {
    const engine_plan *plan = &engine->plan;
    uint64_t part = 0;
    for (uint32_t i = 0; i < plan->trade_count;) {
        record_line line;
        tw_text *text = record_begin(engine, &line, "plan");
        RECORD_PUT(text, "{\"decision\":");
        tw_text_append_u64(text, plan->decision);
        RECORD_PUT(text, ",\"part\":");
        tw_text_append_u64(text, ++part);
        RECORD_PUT(text, ",\"strategy\":\"");
        tw_text_append_string(text, tw_strategy_name(engine->config.strategy));
        RECORD_PUT(text, "\",\"targets\":\"");
        append_hex(text, plan->targets);
        RECORD_PUT(text, "\",\"trades\":[");
        for (uint32_t k = 0; k < PLAN_TRADES_AN_ENTRY && i < plan->trade_count; k++, i++) {
            if (k > 0)
                tw_text_append_char(text, ',');
            append_trade(engine, text, &plan->trades[i]);
        }
        tw_text_append_string(text, i == plan->trade_count ? "],\"last\":true}" : "]}");
        record_end(engine, &line);
    }
}

/* ---- beginning and end --------------------------------------------------------------------- */

/* Copies the trades, sells before buys, each in the order of the plan. */
static uint32_t copy_trades(engine_trade *trades, const tw_rebalance_plan *plan) {
    uint32_t count = 0;
    for (int pass = 0; pass < 2; pass++) {
        uint8_t side = pass == 0 ? TW_SIDE_SELL : TW_SIDE_BUY;
        for (size_t i = 0; i < plan->count; i++) {
            if (plan->trades[i].side == side)
                trades[count++] = (engine_trade){.planned = plan->trades[i]};
        }
    }
    return count;
}

void plan_begin(tw_engine *engine, const tw_rebalance_plan *plan) {
    TW_ASSERT(!engine->plan.active);
    engine_plan *own = &engine->plan;
    uint32_t count = copy_trades(own->trades, plan);
    *own = (engine_plan){
        .active = count > 0,
        .decision = engine->decision_sequence,
        .decided_ns = engine->now_ns,
        .targets = engine->fingerprint,
        .trade_count = count,
        .trades = own->trades,
    };
    record_plan(engine);
}

void plan_end(tw_engine *engine, const char *how, const char *reason) {
    engine_plan *plan = &engine->plan;
    if (!plan->active)
        return;
    plan->active = false;
    if (plan->decision == 0)
        return;
    if (reason != NULL)
        record_journal(engine, "plan_end", "{\"decision\":%llu,\"how\":\"%s\",\"reason\":\"%s\"}",
                       (unsigned long long)plan->decision, how, reason);
    else
        record_journal(engine, "plan_end", "{\"decision\":%llu,\"how\":\"%s\"}",
                       (unsigned long long)plan->decision, how);
}

tw_quantity plan_left(const engine_trade *trade) {
    int64_t left = trade->planned.quantity.nano - trade->filled.nano;
    return (tw_quantity){trade->denied || left < 0 ? 0 : left};
}

bool plan_owns(const tw_engine *engine, const order_record *record) {
    return engine->plan.active && record->decision != 0 &&
           record->decision == engine->plan.decision;
}

bool plan_follows(const tw_engine *engine, const order_record *record) {
    const engine_plan *plan = &engine->plan;
    return plan->active && !plan->suspended && record->why != NULL &&
           record->decision == plan->decision;
}

void plan_filled(tw_engine *engine, const order_record *record, tw_quantity quantity) {
    engine_plan *plan = &engine->plan;
    if (plan_owns(engine, record))
        plan->trades[record->trade].filled.nano += quantity.nano;
}

/* ---- interruption -------------------------------------------------------------------------- */

void plan_suspend(tw_engine *engine) {
    engine_plan *plan = &engine->plan;
    if (!plan->active || plan->suspended)
        return;
    plan->suspended = true;
    plan->differences = engine->position_differences;
}

/* The targets of a run are those that stand; a new run sets its own, and asks its strategy again
 * for its first decision if the plan is none of theirs. */
static bool has_same_targets(tw_engine *engine) {
    bool asked = engine->asked;
    bool same = strategies_aim(engine, asked ? "drift" : "start") &&
                engine->fingerprint == engine->plan.targets;
    if (!same)
        engine->asked = asked;
    return same;
}

/* Why a suspended plan cannot go on, or NULL. */
static const char *refusal(tw_engine *engine) {
    const engine_plan *plan = &engine->plan;
    if (plan->refused[0] != '\0')
        return plan->refused;
    if (plan->decision == 0)
        return "kill";
    if (engine->config.resume_ns_max == 0)
        return "off";
    if (engine->now_ns - plan->decided_ns > engine->config.resume_ns_max ||
        engine->now_ns < plan->decided_ns)
        return "age";
    if (plan->differences != engine->position_differences)
        return "difference"; /* it was made from holdings that were not so */
    return has_same_targets(engine) ? NULL : "targets";
}

uint64_t plan_continue(tw_engine *engine) {
    engine_plan *plan = &engine->plan;
    TW_ASSERT(plan->active && plan->suspended);
    const char *reason = refusal(engine);
    if (reason != NULL) {
        plan_end(engine, "dropped", reason);
        return 1;
    }
    unsigned left = 0;
    for (uint32_t i = 0; i < plan->trade_count; i++) {
        left += plan_left(&plan->trades[i]).nano > 0;
        plan->trades[i].held = false;
    }
    record_journal(engine, "resume", "{\"decision\":%llu,\"age_ns\":%lld,\"trades\":%u}",
                   (unsigned long long)plan->decision,
                   (long long)(engine->now_ns - plan->decided_ns), left);
    engine->report.plans_resumed++;
    if (engine->first_decision_ns == 0) {
        decision_remember_before(engine);
        decision_risk(engine, engine->weights);
    }
    engine->decision_sequence = plan->decision;
    engine->last_decision_ns = plan->decided_ns;
    schedule_from(engine, plan->decided_ns); /* a time that came while nobody ran has come */
    plan->suspended = false;
    plan->resumed = true;
    plan->intended = false;
    plan->why = "resume";
    plan->next_trade = 0;
    resend_resume(engine);
    return 1;
}

/* ---- of an earlier run --------------------------------------------------------------------- */

static bool is_possible(tw_engine *engine, const tw_engine_plan *plan) {
    bool possible = plan->decision != 0 && plan->trade_count <= engine->config.symbol_count;
    for (uint32_t i = 0; possible && i < plan->trade_count; i++) {
        const tw_engine_plan_trade *trade = &plan->trades[i];
        possible = trade->symbol < engine->config.symbol_count &&
                   (trade->side == TW_SIDE_BUY || trade->side == TW_SIDE_SELL) &&
                   trade->quantity.nano > 0 && trade->filled.nano >= 0;
        for (uint32_t k = 0; possible && k < i; k++)
            possible = plan->trades[k].symbol != trade->symbol &&
                       (plan->trades[k].side == trade->side || trade->side == TW_SIDE_BUY);
    }
    for (uint32_t i = 0; possible && i < plan->order_count; i++)
        possible = plan->orders[i].trade < plan->trade_count &&
                   order_table_find(&engine->orders, plan->orders[i].client_order_id) != NULL;
    return possible;
}

static void take_order(tw_engine *engine, const tw_engine_plan_order *order) {
    order_record *record = order_table_find(&engine->orders, order->client_order_id);
    record->decision = engine->plan.decision;
    record->trade = order->trade;
    engine->plan.trades[order->trade].filled.nano += record->order.filled.nano;
}

tw_status tw_engine_resume(tw_engine *engine, const tw_engine_plan *plan) {
    TW_ASSERT(engine->phase == TW_ENGINE_STARTING && engine->started_ns == 0);
    TW_ASSERT(!engine->plan.active);
    if (!is_possible(engine, plan))
        return TW_INVALID;
    engine_plan *own = &engine->plan;
    *own = (engine_plan){
        .active = true,
        .suspended = true,
        .decision = plan->decision,
        .decided_ns = plan->decided_ns,
        .targets = plan->targets,
        .trade_count = plan->trade_count,
        .trades = own->trades,
    };
    snprintf(own->refused, sizeof own->refused, "%s", plan->refused);
    for (uint32_t i = 0; i < plan->trade_count; i++) {
        const tw_engine_plan_trade *trade = &plan->trades[i];
        own->trades[i] = (engine_trade){
            .planned = {.symbol = trade->symbol, .side = trade->side, .quantity = trade->quantity},
            .filled = trade->filled,
            .denied = trade->denied != 0,
        };
    }
    for (uint32_t i = 0; i < plan->order_count; i++)
        take_order(engine, &plan->orders[i]);
    if (engine->inputs.resumed != NULL)
        engine->inputs.resumed(engine->inputs.context, plan);
    return TW_OK;
}
