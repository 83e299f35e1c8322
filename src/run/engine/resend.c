/*
 * resend.c - an order whose submit got no answer, and which the venue does not know, is sent again.
 *
 *                  venue: not found                  pause over, still wanted, controls pass
 *     UNKNOWN ---- resend_plan ----> waits (retry) ---- resend_turn ----> journaled (`resend`)
 *        ^                            |  denied: the next pause             | durable
 *        |                            | not wanted, attempts used up        v
 *        +-- no answer, refused ------+---- as before ------------------- SENT
 *
 * Idea: the venue takes a client order id once, for ever. So the same order under the same id is
 * either new there or refused as a twin, and can never be a second one, even if the first request
 * arrives after it. What this saves is the minute after which an order is given up (desk.c).
 *
 * Invariants
 *  1. What is sent again is the very order: its id, symbol, side, quantity and limit.
 *  2. It is sent again only when its last submit has ended, the venue has said since that it does
 *     not know the id, and the entry that says so is durable.
 *  3. It is still wanted, at the moment of the entry and of the send: it is of the plan that is
 *     being followed, neither killed nor cancelled, not older than RESEND_NS, and the controls pass
 *     it at the marks of now. Else it is waited for as if this file were not there. Who made it
 *     does not matter: an order of a run that died is one of a plan, when that is resumed.
 *  4. Only the venue's word that it has the order ends this; a refusal of a second request says
 *     nothing about the first, which may still arrive (order_table.h, invariant 4).
 */
#include "engine_priv.h"

/* From the decision: later its limit is of another time, and no attempt begins. */
static const int64_t RESEND_NS = 20 * TW_NS_PER_SECOND;

/* Pauses beside what asking the venue takes; the first of the attempts was the order's own. */
static const tw_retry_policy POLICY = {.attempt_max = 6,
                                       .pause_ns_min = 500 * TW_NS_PER_MS,
                                       .pause_ns_max = 4 * TW_NS_PER_SECOND,
                                       .attempt_ns_min = 50 * TW_NS_PER_MS};

tw_status resend_take(tw_engine *engine, tw_error *error) {
    tw_retry_budget_config config = tw_retry_budget_config_default();
    tw_random_init(&engine->resend_random, engine->config.epoch, engine->config.intent_sequence);
    return tw_retry_budget_new(engine->allocator, &config, &engine->resend_budget, error);
}

void resend_done(tw_engine *engine) {
    for (uint32_t i = 0; engine->orders.records != NULL && i < engine->orders.count; i++)
        tw_retry_cancelled(&engine->orders.records[i].retry);
    tw_retry_budget_free(engine->resend_budget);
}

/* What the venue has ever named needs no second request. */
static bool can_be_sent(const tw_engine *engine, const order_record *record) {
    return !order_table_is_known(record) && record->ticket != TW_PRETRADE_NO_TICKET &&
           engine->now_ns - record->order.created_ns < RESEND_NS;
}

/* Invariant 3, but for the controls. */
static bool is_wanted(const tw_engine *engine, const order_record *record) {
    return plan_follows(engine, record) && can_be_sent(engine, record) &&
           engine->now_ns < record->deadline_ns && engine->up &&
           engine->phase == TW_ENGINE_TRADING && !engine->snapshot_wanted &&
           !kill_forbids(engine, record);
}

static void failed(tw_engine *engine, order_record *record, tw_retry_cause cause) {
    tw_retry_failure failure = {.cause = cause};
    (void)tw_retry_failed(&record->retry, &failure, engine->now_ns,
                          tw_random_next(&engine->resend_random));
}

void resend_plan(tw_engine *engine, order_record *record) {
    tw_retry_state state = tw_retry_state_of(&record->retry);
    if (record->resending != 0 || state > TW_RETRY_STATE_TRYING || !is_wanted(engine, record))
        return;
    tw_retry_terms terms = {.kind = TW_RETRY_KEYED,
                            .deadline_ns = record->order.created_ns + RESEND_NS};
    if (state == TW_RETRY_STATE_NONE)
        tw_retry_begin(&record->retry, engine->resend_budget, &POLICY, &terms, engine->now_ns);
    failed(engine, record, TW_RETRY_TRANSIENT);
}

/* It was to be cancelled with its plan, and gets a patience of its own again. */
static void resume(tw_engine *engine, order_record *record) {
    if (record->why == NULL)
        record->why = engine->plan.why;
    record->deadline_ns = engine->now_ns + engine->config.order_patience_ns;
    record->cancel_at_once = record->cancel_requested = 0;
    if (tw_retry_state_of(&record->retry) == TW_RETRY_STATE_ENDED)
        record->retry = (tw_retry){0};
    resend_plan(engine, record);
}

void resend_resume(tw_engine *engine) {
    uint32_t index = order_table_first(&engine->orders);
    order_record *record;
    while ((record = order_table_next_open(&engine->orders, &index)) != NULL) {
        if (plan_owns(engine, record) && can_be_sent(engine, record))
            resume(engine, record);
    }
}

/* The row before the entry: whoever finds the order after a crash must know when it may have been
 * sent last. */
static void journal(tw_engine *engine, order_record *record) {
    record->resending = 1;
    record->order.updated_ns = engine->now_ns;
    record_order(engine, &record->order);
    record->journal_sequence =
        record_journal(engine, "resend", "{\"order\":\"%s\",\"attempt\":%u,\"age_ns\":%lld}",
                       record->order.client_order_id, record->resends + 2,
                       (long long)(engine->now_ns - record->order.created_ns));
}

static uint64_t send(tw_engine *engine, order_record *record, uint64_t durable) {
    if (!is_wanted(engine, record)) {
        record->resending = 0;
        tw_retry_cancelled(&record->retry);
        return 1;
    }
    if (record->journal_sequence > durable)
        return 0;
    tw_status status = engine->broker.submit(engine->broker.context, &record->order);
    if (status == TW_FULL)
        return 0;
    record->resending = 0;
    order_table_resent(&engine->orders, record);
    reconcile_touch(engine, record->order.symbol);
    engine->report.orders_resent++;
    if (status != TW_OK)
        desk_not_taken(engine, record, status);
    return 1;
}

uint64_t resend_turn(tw_engine *engine, order_record *record, uint64_t durable) {
    if (record->resending != 0)
        return send(engine, record, durable);
    if (tw_retry_next_ns(&record->retry) > engine->now_ns)
        return 0;
    if (!is_wanted(engine, record))
        tw_retry_cancelled(&record->retry);
    else if (tw_retry_again(&record->retry, engine->now_ns) != TW_OK)
        return 0; /* it came to its end */
    else if (limits_allow_again(engine, record))
        journal(engine, record);
    else
        failed(engine, record, TW_RETRY_TRANSIENT);
    return 1;
}

void resend_result(tw_engine *engine, order_record *record, tw_status status) {
    bool open = status == TW_OK || status == TW_UNKNOWN || status == TW_EXISTS;
    if (tw_retry_state_of(&record->retry) == TW_RETRY_STATE_TRYING && !open &&
        tw_retry_cause_of(status, 0) == TW_RETRY_FINAL)
        failed(engine, record, TW_RETRY_FINAL);
}

void resend_end(order_record *record) {
    if (record->state != ORDER_LIVE && record->state != ORDER_DONE)
        return;
    record->resending = 0;
    if (tw_retry_state_of(&record->retry) == TW_RETRY_STATE_TRYING)
        tw_retry_succeeded(&record->retry, false);
    else
        tw_retry_cancelled(&record->retry);
}
