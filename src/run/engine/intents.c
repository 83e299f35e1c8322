/*
 * intents.c - from the trades of a plan to intents in the journal.
 *
 *     plan --> limit price, cash --> controls --> intent in the journal --> order table
 *
 * Invariants
 *  1. An intent exists only after every control passed it and its journal entry was taken.
 *  2. Who passes has a place in the order table: limits_allow denies when there is none.
 *  3. Buys wait until every sell of the plan is over, so that they spend money that is there. A
 *     trade of whose symbol another order may still arrive is held until that has ended; those of
 *     its side do not wait for it, and the plan ends behind it.
 */
#include <stdio.h>

#include "engine_priv.h"

/* A limit that trades at once, in whole price increments: cents, and hundredths of a cent below one
 * dollar (SEC rule 612). A tenth of the collar stays free: at its edge the least move against the
 * order would forbid sending the very same one again (resend.c). */
static tw_price collar_price(const tw_engine *engine, tw_symbol symbol, tw_side side) {
    int64_t mark = engine->symbols[symbol].mark.nano;
    int64_t share_nano = engine->config.controls.limits.collar_nano / 10 * 9;
    engine_wide room = (engine_wide)mark * share_nano / TW_NANO;
    int64_t wanted = side == TW_SIDE_BUY ? mark + (int64_t)room : mark - (int64_t)room;
    int64_t step = wanted >= TW_NANO ? TW_NANO / 100 : TW_NANO / 10000;
    int64_t price = 0;
    tw_status status = tw_decimal_quantize(
        wanted, step, side == TW_SIDE_BUY ? TW_ROUND_FLOOR : TW_ROUND_CEILING, &price);
    return (tw_price){status == TW_OK && price > 0 ? price : step};
}

static int64_t lot_of(const tw_engine *engine) {
    return engine->config.lot.nano > 0 ? engine->config.lot.nano : 1;
}

/* Buys take no more than the cash that is there, less what open buys may spend. */
static void clip_to_cash(const tw_engine *engine, tw_order *order, int64_t *budget_nano) {
    int64_t lot = lot_of(engine);
    int64_t affordable = 0;
    int64_t value = 0;
    if (*budget_nano < 0 || tw_decimal_divide(*budget_nano, order->limit_price.nano, TW_ROUND_DOWN,
                                              &affordable) != TW_OK)
        affordable = 0;
    affordable -= affordable % lot;
    if (order->quantity.nano > affordable)
        order->quantity.nano = affordable;
    if (tw_decimal_multiply(order->limit_price.nano, order->quantity.nano, TW_ROUND_CEILING,
                            &value) == TW_OK)
        *budget_nano -= value;
}

/* What the trades of one side share. */
typedef struct intent_room {
    int64_t budget_nano; /* money that is left */
    bool shared;         /* with absent orders (snapshot.c) */
} intent_room;

/* Money that absent buys would take if they came. */
static int64_t committed(tw_engine *engine) {
    int64_t sum = 0;
    uint32_t index = order_table_first(&engine->orders);
    const order_record *record;
    while ((record = order_table_next_open(&engine->orders, &index)) != NULL) {
        int64_t left = record->order.quantity.nano - record->order.filled.nano;
        int64_t value = 0;
        if (record->order.side != TW_SIDE_BUY)
            continue;
        if (tw_decimal_multiply(record->order.limit_price.nano, left, TW_ROUND_CEILING, &value) !=
                TW_OK ||
            tw_decimal_add(sum, value, &sum) != TW_OK)
            return INT64_MAX / 2; /* nothing is left */
    }
    return sum;
}

/* What is left of a plan of another time sells no more than is held now. */
static void clip_to_holding(const tw_engine *engine, tw_order *order) {
    int64_t held = engine->symbols[order->symbol].quantity.nano;
    if (order->quantity.nano <= held)
        return;
    order->quantity.nano = held > 0 ? held - held % lot_of(engine) : 0;
}

static void deny(tw_engine *engine, const tw_order *order, const tw_pretrade_verdict *verdict) {
    char quantity[TW_DECIMAL_TEXT_SIZE];
    char limit[TW_DECIMAL_TEXT_SIZE];
    char actual[TW_DECIMAL_TEXT_SIZE];
    const char *reason = tw_pretrade_reason_name(verdict->reason);
    tw_decimal_format(order->quantity.nano, quantity);
    tw_pretrade_value_format(verdict->reason, verdict->limit, limit);
    tw_pretrade_value_format(verdict->reason, verdict->actual, actual);
    engine->report.orders_denied++;
    engine->report.denied[verdict->reason]++;
    snprintf(engine->report.denied_reason, sizeof engine->report.denied_reason, "%s", reason);
    record_journal(engine, "denied",
                   "{\"symbol\":\"%s\",\"side\":\"%s\",\"quantity\":\"%s\",\"reason\":\"%s\","
                   "\"limit\":\"%s\",\"actual\":\"%s\",\"decision\":%llu}",
                   tw_symbols_name(engine->names, order->symbol),
                   tw_side_name((tw_side)order->side), quantity, reason, limit, actual,
                   (unsigned long long)engine->decision_sequence);
}

/* What an intent says beside the order: where the position stands, and what it was decided from. */
static void record_intent(tw_engine *engine, order_record *record, const char *why) {
    const tw_order *order = &record->order;
    const engine_symbol *state = &engine->symbols[order->symbol];
    double equity = (double)engine->equity.nano;
    record_line line;
    tw_text *text = record_begin(engine, &line, "intent");
    RECORD_PUT(text, "{\"order\":\"");
    tw_text_append_string(text, order->client_order_id);
    RECORD_PUT(text, "\",\"symbol\":\"");
    tw_text_append_string(text, tw_symbols_name(engine->names, order->symbol));
    RECORD_PUT(text, "\",\"side\":\"");
    tw_text_append_string(text, tw_side_name((tw_side)order->side));
    RECORD_PUT(text, "\",\"quantity\":\"");
    record_decimal(text, order->quantity.nano);
    RECORD_PUT(text, "\",\"limit\":\"");
    record_decimal(text, order->limit_price.nano);
    RECORD_PUT(text, "\",\"why\":\"");
    tw_text_append_string(text, why);
    RECORD_PUT(text, "\",\"mark\":\"");
    record_decimal(text, state->mark.nano);
    RECORD_PUT(text, "\",\"weight\":");
    tw_text_append_double(text, equity > 0.0 ? (double)state->value.nano / equity : 0.0);
    RECORD_PUT(text, ",\"target\":");
    tw_text_append_double(text, state->target);
    RECORD_PUT(text, ",\"decision\":");
    tw_text_append_u64(text, engine->decision_sequence);
    tw_text_append_char(text, '}');
    record->journal_sequence = record_end(engine, &line);
}

static void intend(tw_engine *engine, const tw_order *order, uint32_t ticket, uint32_t trade) {
    engine_plan *plan = &engine->plan;
    tw_trade_reason reason = (tw_trade_reason)plan->trades[trade].planned.reason;
    const char *why = plan->why != NULL ? plan->why : tw_trade_reason_name(reason);
    order_record *record = NULL;
    tw_status status = order_table_intend(&engine->orders, order, &record);
    TW_ASSERT(status == TW_OK); /* invariant 2 */
    record->ticket = ticket;
    record->why = why;
    record->kill_level = (uint8_t)engine->kill_level;
    record->decision = plan->decision;
    record->trade = trade;
    record->order.created_ns = engine->now_ns;
    record->heard_ns = engine->heard_ns;
    record->intended_ns = trace_now(engine);
    record->deadline_ns = engine->now_ns + engine->config.order_patience_ns;
    /* The row first, then the checks: whoever finds the intent after a crash must find both. */
    record_order(engine, &record->order);
    limits_record_checks(engine, record->order.client_order_id);
    record_intent(engine, record, why);
    engine->report.orders++;
    plan->intended = true;
}

/* What a kill closes comes again until it is closed, so the limits of one order cut it and do not
 * deny it. */
static void clip_to_largest(const tw_engine *engine, tw_order *order) {
    const tw_pretrade_limits *limits = &engine->config.controls.limits;
    int64_t most = order->quantity.nano;
    int64_t by_value = 0;
    if (limits->quantity_max.nano > 0 && limits->quantity_max.nano < most)
        most = limits->quantity_max.nano;
    if (limits->value_max.nano > 0 &&
        tw_decimal_divide(limits->value_max.nano, order->limit_price.nano, TW_ROUND_DOWN,
                          &by_value) == TW_OK &&
        by_value < most)
        most = by_value;
    if (most < order->quantity.nano)
        order->quantity.nano = most - most % lot_of(engine);
}

/* Another order of the symbol may still arrive, and could trade beside this one. */
static bool is_beside(tw_engine *engine, const intent_room *room, const engine_trade *trade) {
    return room->shared && snapshot_leaves_open(engine, trade->planned.symbol);
}

static void intend_trade(tw_engine *engine, uint32_t index, intent_room *room) {
    engine_trade *trade = &engine->plan.trades[index];
    const tw_rebalance_trade *planned = &trade->planned;
    tw_order order = {
        .quantity = plan_left(trade),
        .limit_price = collar_price(engine, planned->symbol, (tw_side)planned->side),
        .symbol = planned->symbol,
        .side = planned->side,
        .type = TW_ORDER_LIMIT,
        .time_in_force = TW_DAY,
    };
    tw_pretrade_verdict verdict = {.reason = TW_PRETRADE_CASH};
    trade->held = false;
    if (order.quantity.nano <= 0)
        return; /* of a resumed plan: it is done, or was denied before */
    bool beside = is_beside(engine, room, trade);
    if (beside && engine->plan.decision != 0) {
        trade->held = true;
        return;
    }
    if (beside) /* what a kill closes comes again until it is closed */
        verdict = (tw_pretrade_verdict){
            .reason = TW_PRETRADE_OPEN_ORDERS_SYMBOL, .limit = 1, .actual = 2};
    else if (order.side == TW_SIDE_BUY) {
        clip_to_cash(engine, &order, &room->budget_nano);
    } else if (engine->plan.resumed) {
        verdict.reason = TW_PRETRADE_SHORT_SALE;
        clip_to_holding(engine, &order);
    }
    if (engine->plan.decision == 0)
        clip_to_largest(engine, &order);
    trade->denied = beside || order.quantity.nano <= 0 || !limits_allow(engine, &order, &verdict);
    if (trade->denied)
        deny(engine, &order, &verdict);
    else
        intend(engine, &order, verdict.ticket, index);
}

static intent_room room_of(tw_engine *engine) {
    return (intent_room){.budget_nano = engine->cash.nano - committed(engine),
                         .shared = engine->orders.open_count > 0};
}

/* Makes the held trades of a side whose symbols are free again; `ret_held`: there were any. */
static uint64_t make_held(tw_engine *engine, tw_side side, bool *ret_held) {
    const engine_plan *plan = &engine->plan;
    intent_room room = room_of(engine);
    uint64_t work = 0;
    *ret_held = false;
    for (uint32_t i = 0; i < plan->trade_count; i++) {
        if (!plan->trades[i].held || plan->trades[i].planned.side != side)
            continue;
        *ret_held = true;
        intend_trade(engine, i, &room);
        work += !plan->trades[i].held;
    }
    return work;
}

uint64_t intents_follow_plan(tw_engine *engine) {
    engine_plan *plan = &engine->plan;
    uint64_t work = 0;
    if (engine->orders.open_count > 0 && snapshot_is_awaited(engine))
        return 0;
    bool held = false;
    bool sold = plan->next_trade == plan->trade_count ||
                plan->trades[plan->next_trade].planned.side == TW_SIDE_BUY;
    if (sold)
        work = make_held(engine, TW_SIDE_SELL, &held);
    if (!held && plan->next_trade == plan->trade_count)
        work = make_held(engine, TW_SIDE_BUY, &held);
    if (held)
        return work; /* invariant 3 */
    if (plan->next_trade == plan->trade_count) {
        plan_end(engine, "done", NULL);
        engine->idle_decisions = plan->intended ? 0 : engine->idle_decisions + 1;
        return 1;
    }
    intent_room room = room_of(engine);
    uint8_t side = plan->trades[plan->next_trade].planned.side;
    while (plan->next_trade < plan->trade_count &&
           plan->trades[plan->next_trade].planned.side == side &&
           engine->phase == TW_ENGINE_TRADING) {
        int64_t began_ns = trace_now(engine);
        intend_trade(engine, plan->next_trade++, &room);
        trace_stage(engine, TW_ENGINE_STAGE_CHECK, began_ns);
        work++;
    }
    return work;
}
