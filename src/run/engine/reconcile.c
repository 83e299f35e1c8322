/*
 * reconcile.c - the venue's figures beside ours, while trading goes on.
 *
 *     agreed --period over--> asked --snapshot--> agreed | suspicious | unclear
 *     suspicious --asked again, the same--> differs: SETTLING takes the venue's figures over
 *     suspicious, unclear --for half a period--> SETTLING, which waits until nothing is open
 *
 * A snapshot is read in parts (account, positions, orders) while orders trade and news of them is
 * on its way, so one that does not agree proves nothing. Two do:
 *
 * Let snapshot k+1 be asked for after snapshot k was taken, and let no news, intent or send of a
 * symbol's orders come to the engine between the ends of both, so that what it holds by our figures
 * is q at both. Let each order of the symbol that is not over be LIVE and listed in both, with the
 * fills that we know. A fill of ours between the reading of the orders in k and in k+1 would show
 * in the latter's listing, or take the order off it; there was none. The position was read in k+1
 * between these two, so it is q unless somebody else traded, was paid or charged. The same holds of
 * the cash when it holds of every symbol.
 *
 * Invariants
 *  1. At most one snapshot asked for here is on its way; SETTLING asks for none until it is there,
 *     so that what it compares began after it asked.
 *  2. Nothing is taken over here: a difference is counted when SETTLING has found it, too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine_priv.h"
#include "fnv.h"

static const int64_t RECHECK_NS = 2 * TW_NS_PER_SECOND;

void reconcile_touch(tw_engine *engine, tw_symbol symbol) {
    engine->symbols[symbol].changes++;
    engine->reconcile.changes++;
}

void reconcile_reset(tw_engine *engine) {
    engine_reconcile *state = &engine->reconcile;
    state->in_flight = false;
    state->reading = false;
    state->doubtful_since_ns = 0;
    state->cash_gap = 0;
    for (tw_symbol s = 0; s < engine->config.symbol_count; s++)
        engine->symbols[s].gap = 0;
    state->next_ns = engine->now_ns + engine->config.reconcile_ns;
}

static void note_agreed(tw_engine *engine) {
    engine->report.reconciliations++;
    engine->report.reconciled_ns = engine->now_ns;
    engine->report.agreed_ns = trace_now(engine);
}

/* Figures of the venue were compared and are ours now. */
void reconcile_settled(tw_engine *engine, bool differed) {
    engine_reconcile *state = &engine->reconcile;
    reconcile_reset(engine);
    note_agreed(engine);
    if (!differed)
        return;
    if (engine->now_ns - state->hour_ns >= TW_NS_PER_HOUR) {
        state->hour_ns = engine->now_ns;
        state->hour_count = 0;
    }
    state->hour_count++;
    uint32_t most = engine->config.difference_max;
    tw_kill_level level = engine->config.kill_on_stop;
    if (most > 0 && state->hour_count > most)
        tw_engine_kill(engine, level > TW_KILL_NEW ? level : TW_KILL_NEW, TW_KILL_BY_RULE);
}

uint64_t reconcile_turn(tw_engine *engine) {
    engine_reconcile *state = &engine->reconcile;
    if (engine->config.reconcile_ns == 0 || engine->phase != TW_ENGINE_TRADING || !engine->up ||
        state->in_flight || engine->snapshot_wanted || engine->now_ns < state->next_ns)
        return 0;
    if (engine->broker.snapshot(engine->broker.context) != TW_OK)
        return 0; /* not taken: asked again next turn */
    state->in_flight = true;
    return 1;
}

bool reconcile_is_news(tw_engine *engine, const char *venue_order_id) {
    engine_reconcile *state = &engine->reconcile;
    uint64_t hash = fnv_bytes(FNV_BASIS, venue_order_id, strlen(venue_order_id));
    for (uint32_t i = 0; i < FOREIGN_COUNT; i++) {
        if (state->foreign[i] == hash)
            return false;
    }
    state->foreign[state->foreign_next++ % FOREIGN_COUNT] = hash;
    return true;
}

/* ---- comparing ----------------------------------------------------------------------------- */

/* Symbols of which an order may have traded without our knowing are marked as unclear. True if that
 * makes all unclear: an absent order does not, it would be found by being asked about. */
static bool mark_unclear(tw_engine *engine) {
    bool any = false;
    for (tw_symbol s = 0; s < engine->config.symbol_count; s++)
        engine->symbols[s].unclear = false;
    uint32_t index = order_table_first(&engine->orders);
    order_record *record;
    while ((record = order_table_next_open(&engine->orders, &index)) != NULL) {
        bool clear =
            record->state == ORDER_INTENDED || (record->state == ORDER_LIVE && record->seen != 0);
        if (record->state == ORDER_LIVE && record->seen == 0)
            order_table_doubt(record, engine->now_ns); /* it may have ended: the venue is asked */
        if (!clear)
            engine->symbols[record->order.symbol].unclear = true;
        any = any || (!clear && !snapshot_is_absent(engine, record));
    }
    return any;
}

static void tell(tw_engine *engine, const char *what, int64_t ours, int64_t theirs) {
    char own[TW_DECIMAL_TEXT_SIZE];
    char venue[TW_DECIMAL_TEXT_SIZE];
    tw_decimal_format(ours, own);
    tw_decimal_format(theirs, venue);
    record_journal(engine, "reconcile", "{%s,\"ours\":\"%s\",\"venue\":\"%s\"}", what, own, venue);
}

typedef enum verdict { SAME, SUSPICIOUS, DIFFERS } verdict;

static verdict judge(int64_t gap, uint64_t changes, int64_t *before, uint64_t *before_changes) {
    bool again = gap != 0 && gap == *before && changes == *before_changes;
    *before = gap;
    *before_changes = changes;
    return gap == 0 ? SAME : again ? DIFFERS : SUSPICIOUS;
}

static verdict compare_symbol(tw_engine *engine, tw_symbol symbol) {
    engine_symbol *state = &engine->symbols[symbol];
    int64_t gap = state->snapshot.nano - state->quantity.nano;
    if (state->unclear) {
        state->gap = 0;
        return gap == 0 ? SAME : SUSPICIOUS;
    }
    verdict said = judge(gap, state->changes, &state->gap, &state->gap_changes);
    char what[64];
    snprintf(what, sizeof what, "\"symbol\":\"%s\"", tw_symbols_name(engine->names, symbol));
    if (said == DIFFERS)
        tell(engine, what, state->quantity.nano, state->snapshot.nano);
    return said;
}

/* Cash that was learned from average prices carries their rounding. */
static verdict compare_cash(tw_engine *engine, bool unclear) {
    engine_reconcile *state = &engine->reconcile;
    int64_t gap = engine->snapshot_cash.nano - engine->cash.nano;
    if (llabs(gap) <= engine->cash_slack_nano)
        gap = 0;
    if (unclear) {
        state->cash_gap = 0;
        return gap == 0 ? SAME : SUSPICIOUS;
    }
    verdict said = judge(gap, state->changes, &state->cash_gap, &state->cash_gap_changes);
    if (said == DIFFERS)
        tell(engine, "\"cash\":true", engine->cash.nano, engine->snapshot_cash.nano);
    return said;
}

static void settle_again(tw_engine *engine) {
    engine->snapshot_wanted = true;
    plan_suspend(engine);
    engine_enter(engine, TW_ENGINE_SETTLING);
    desk_cancel_open(engine);
}

void reconcile_end(tw_engine *engine) {
    engine_reconcile *state = &engine->reconcile;
    state->in_flight = false;
    state->reading = false;
    if (engine->phase != TW_ENGINE_TRADING || engine->snapshot_wanted)
        return; /* SETTLING reads its own */
    bool unclear = mark_unclear(engine);
    verdict worst = compare_cash(engine, unclear);
    for (tw_symbol s = 0; s < engine->config.symbol_count; s++) {
        verdict said = compare_symbol(engine, s);
        worst = said > worst ? said : worst;
    }
    if (worst == DIFFERS) {
        settle_again(engine);
        return;
    }
    if (worst == SAME && !unclear) {
        state->doubtful_since_ns = 0;
        state->next_ns = engine->now_ns + engine->config.reconcile_ns;
        note_agreed(engine);
        return;
    }
    int64_t soon_ns = engine->config.reconcile_ns / 8;
    state->next_ns = engine->now_ns + (soon_ns < RECHECK_NS ? soon_ns : RECHECK_NS);
    if (state->doubtful_since_ns == 0)
        state->doubtful_since_ns = engine->now_ns;
    else if (engine->now_ns - state->doubtful_since_ns >= engine->config.reconcile_ns / 2)
        settle_again(engine);
}
