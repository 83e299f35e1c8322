/*
 * snapshot.c - the venue's figures (cash, positions, open orders) are taken over as ours.
 *
 *     asked for --read in parts--> there --each open order is over or absent--> taken over
 *                                    |
 *                                    +-- one has ended since it was asked for --> asked for again
 *
 * Account, positions and orders are read one after the other while the market goes on, so that a
 * fill between them would be counted twice or not at all. Which snapshots are free of that?
 *
 * Let no order of ours end between the moment at which the snapshot was asked for (or at which the
 * connection was lost: then it is read by itself) and the moment at which it is taken over, and let
 * the venue, asked about each open one after the snapshot was there, not know it. It cannot have
 * been filled before that answer, so nothing of it is in what was read. Whatever was over before
 * is in it as a whole. What is filled later is told as of any order, and counted once.
 *
 * An order that is absent so may still arrive, for a request outlives its sender. It counts as open
 * until it is given up (desk.c), so the controls hold what it may take, and no other order of its
 * symbol is made: the two could both trade. One of the plan that is followed is waited for, and
 * sent again (resend.c); any other holds nothing else up, and is cancelled when it arrives, be it
 * after it was given up (order_table.c).
 *
 * Invariants
 *  1. Figures are taken over only from a snapshot of that kind, or from two that agree
 *     (reconcile.c) by way of SETTLING.
 *  2. "absent" is of one snapshot: another one, any news of the order, and sending it end that.
 */
#include <inttypes.h>

#include "engine_priv.h"

/* Keys may have been changed, or an address be somebody else's now: what was decided for one
 * account must not be done to another. */
static bool is_our_account(tw_engine *engine, const tw_account *account) {
    uint64_t ours = engine->config.account;
    if (ours == 0)
        engine->config.account = account->identity;
    if (ours == 0 || account->identity == ours)
        return true;
    engine_fail(engine, TW_LIMIT,
                "the venue answers for another account than the one that was "
                "traded here before; nothing more is sent to it");
    return false;
}

void snapshot_begin(tw_engine *engine, const tw_account *account) {
    if (!is_our_account(engine, account))
        return;
    engine->snapshot_cash = account->cash;
    engine->reconcile.reading = engine->reconcile.in_flight || engine->phase == TW_ENGINE_TRADING;
    if (!engine->reconcile.reading)
        engine->snapshot_done = engine->snapshot_taken = false;
    for (uint32_t s = 0; s < engine->config.symbol_count; s++) {
        engine->symbols[s].in_snapshot = false;
        engine->symbols[s].snapshot = (tw_quantity){0};
    }
    uint32_t index = order_table_first(&engine->orders);
    order_record *record;
    while ((record = order_table_next_open(&engine->orders, &index)) != NULL)
        record->seen = 0;
}

void snapshot_position(tw_engine *engine, const tw_position *position) {
    if (position->symbol >= engine->config.symbol_count)
        return;
    engine_symbol *state = &engine->symbols[position->symbol];
    state->in_snapshot = true;
    state->snapshot = position->quantity;
    state->snapshot_average = position->average_price;
    if (state->mark.nano == 0 && position->current_price.nano > 0) {
        state->mark = position->current_price;
        intake_revalue(engine, position->symbol);
    }
}

void snapshot_order(tw_engine *engine, const tw_order *order) {
    order_record *record = order_table_find(&engine->orders, order->client_order_id);
    if (record == NULL && !reconcile_is_news(engine, order->venue_order_id))
        return;
    if (record == NULL) {
        engine->report.foreign++;
        record_journal(engine, "foreign", "{\"venue\":\"%s\",\"status\":\"%s\"}",
                       order->venue_order_id, tw_order_status_name((tw_order_status)order->status));
        return;
    }
    record->seen = 1;
    desk_told(engine, record, order, NULL);
}

/* Takes over the venue's word on one holding; a difference to ours is journaled. */
static void settle_position(tw_engine *engine, tw_symbol symbol, bool first) {
    engine_symbol *state = &engine->symbols[symbol];
    bool same = state->snapshot.nano == state->quantity.nano;
    if (!same || (first && state->snapshot.nano != 0)) { /* the first tells all that is held */
        char ours[TW_DECIMAL_TEXT_SIZE];
        char theirs[TW_DECIMAL_TEXT_SIZE];
        char average[TW_DECIMAL_TEXT_SIZE];
        tw_decimal_format(state->quantity.nano, ours);
        tw_decimal_format(state->snapshot.nano, theirs);
        tw_decimal_format(state->snapshot_average.nano, average);
        record_journal(engine, first ? "position" : "difference",
                       "{\"symbol\":\"%s\",\"ours\":\"%s\",\"venue\":\"%s\",\"average\":\"%s\"}",
                       tw_symbols_name(engine->names, symbol), ours, theirs, average);
        engine->report.differences += first ? 0 : 1;
        engine->position_differences += first ? 0 : 1;
        state->quantity = state->snapshot;
        state->average = state->snapshot_average;
    }
    intake_revalue(engine, symbol);
}

static void settle_cash(tw_engine *engine, bool first) {
    int64_t gap = engine->snapshot_cash.nano - engine->cash.nano;
    bool rounding = gap <= engine->cash_slack_nano && gap >= -engine->cash_slack_nano;
    engine->cash_slack_nano = 0;
    if (!first && !rounding) {
        char ours[TW_DECIMAL_TEXT_SIZE];
        char theirs[TW_DECIMAL_TEXT_SIZE];
        tw_decimal_format(engine->cash.nano, ours);
        tw_decimal_format(engine->snapshot_cash.nano, theirs);
        record_journal(engine, "difference", "{\"cash\":true,\"ours\":\"%s\",\"venue\":\"%s\"}",
                       ours, theirs);
        engine->report.differences++;
    }
    int64_t change = 0;
    if (tw_decimal_subtract(engine->snapshot_cash.nano, engine->cash.nano, &change) != TW_OK ||
        tw_decimal_add(engine->equity.nano, change, &engine->equity.nano) != TW_OK) {
        engine_fail(engine, TW_OVERFLOW, "the account's equity is beyond 9.2 billion");
        return;
    }
    engine->cash = engine->snapshot_cash;
}

/* Ends the list of positions that a run begins with: what was not named is not held. */
static void record_account(tw_engine *engine) {
    char cash[TW_DECIMAL_TEXT_SIZE];
    tw_decimal_format(engine->cash.nano, cash);
    record_journal(engine, "account", "{\"cash\":\"%s\",\"account\":\"%016" PRIx64 "\"}", cash,
                   engine->config.account);
}

/* What the venue has ever named is not absent when it says so: it must have forgotten it. */
bool snapshot_is_absent(const tw_engine *engine, const order_record *record) {
    return record->state == ORDER_UNKNOWN && record->answered != 0 && record->resending == 0 &&
           record->absent_after == engine->snapshot_number && !order_table_is_known(record);
}

bool snapshot_all_absent(tw_engine *engine) {
    uint32_t index = order_table_first(&engine->orders);
    const order_record *record;
    while ((record = order_table_next_open(&engine->orders, &index)) != NULL) {
        if (!snapshot_is_absent(engine, record))
            return false;
    }
    return true;
}

bool snapshot_leaves_open(tw_engine *engine, tw_symbol symbol) {
    uint32_t index = order_table_first(&engine->orders);
    const order_record *record;
    while ((record = order_table_next_open(&engine->orders, &index)) != NULL) {
        if (record->order.symbol == symbol && snapshot_is_absent(engine, record))
            return true;
    }
    return false;
}

bool snapshot_is_awaited(tw_engine *engine) {
    uint32_t index = order_table_first(&engine->orders);
    const order_record *record;
    while ((record = order_table_next_open(&engine->orders, &index)) != NULL) {
        if (record->state != ORDER_UNKNOWN) /* mostly: this is asked for every event */
            return true;
        bool wanted = plan_follows(engine, record) && record->cancel_at_once == 0;
        if (wanted || !snapshot_is_absent(engine, record))
            return true;
    }
    return false;
}

static void settle(tw_engine *engine) {
    bool first = !engine->account_known;
    uint64_t differences = engine->report.differences;
    for (tw_symbol s = 0; s < engine->config.symbol_count; s++)
        settle_position(engine, s, first);
    settle_cash(engine, first);
    if (first)
        record_account(engine);
    limits_settle(engine);
    engine->account_known = true;
    engine->snapshot_taken = true;
    reconcile_settled(engine, engine->report.differences > differences);
}

/* Invariant 1. False: another snapshot is needed, or an answer about an order. */
static bool take_over(tw_engine *engine) {
    if (engine->snapshot_wanted || !engine->snapshot_done)
        return false;
    if (engine->snapshot_taken)
        return true;
    if (engine->orders.open_count != engine->snapshot_open_count || !snapshot_all_absent(engine))
        return false;
    settle(engine);
    return true;
}

/* Orders that the venue does not list as open have ended, or never arrived: ask about each. */
void snapshot_end(tw_engine *engine) {
    if (engine->reconcile.reading) {
        reconcile_end(engine);
        return;
    }
    uint32_t index = order_table_first(&engine->orders);
    order_record *record;
    while ((record = order_table_next_open(&engine->orders, &index)) != NULL) {
        if (record->seen == 0 && record->state != ORDER_INTENDED)
            order_table_doubt(record, engine->now_ns);
    }
    engine->snapshot_done = true;
    engine->snapshot_number++;
    (void)take_over(engine);
}

bool snapshot_settled(tw_engine *engine) {
    if (!engine->snapshot_done || engine->reconcile.in_flight || !snapshot_all_absent(engine))
        return false;
    if (take_over(engine))
        return true;
    if (engine->broker.snapshot(engine->broker.context) == TW_OK) {
        engine->snapshot_wanted = engine->snapshot_done = false;
        engine->snapshot_open_count = engine->orders.open_count;
    }
    return false;
}
