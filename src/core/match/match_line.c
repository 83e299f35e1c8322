/*
 * match_line.c - orders that were triggered or released enter one after the other.
 *
 * Idea: what one order's trades set off lines up and has to wait until that order has come to its
 * end, so that nothing trades in the middle of another's sweep. Numbered invariants are those of
 * match_priv.h.
 */
#include "match_priv.h"

void match_line_append(match_request *request, uint32_t index) {
    match_symbol *state = request->state;
    match_record *record = match_record_at(request->match, index);
    record->place = TW_MATCH_LINED_UP;
    record->line_next = MATCH_NONE;
    record->line_previous = state->line_last;
    if (state->line_last != MATCH_NONE)
        match_record_at(request->match, state->line_last)->line_next = index;
    else
        state->line_first = index;
    state->line_last = index;
}

void match_line_leave(tw_match *match, uint32_t index) {
    match_record *record = match_record_at(match, index);
    match_symbol *state = &match->symbols[record->symbol];
    TW_ASSERT(record->place == TW_MATCH_LINED_UP);
    if (record->line_previous != MATCH_NONE)
        match_record_at(match, record->line_previous)->line_next = record->line_next;
    else
        state->line_first = record->line_next;
    if (record->line_next != MATCH_NONE)
        match_record_at(match, record->line_next)->line_previous = record->line_previous;
    else
        state->line_last = record->line_previous;
    record->line_next = record->line_previous = MATCH_NONE;
    record->place = 0;
}

/* What of it is a stop waits, unless it was reached; everything else trades and rests. */
static void enter(match_request *request, uint32_t index) {
    match_record *record = match_record_at(request->match, index);
    if (match_is_stop(record->type) && !record->triggered) {
        if (!match_stop_is_reached(request->match, record)) {
            match_stop_park(request->match, index);
            match_tell_stop(request, index, TW_MATCH_PARKED);
            return;
        }
        record->triggered = true;
        match_tell_stop(request, index, TW_MATCH_TRIGGERED);
    }
    match_taker taker = {.id = record->id,
                         .owner = record->owner,
                         .price = record->price,
                         .remaining = record->remaining,
                         .record = index,
                         .limited =
                             record->type == TW_ORDER_LIMIT || record->type == TW_ORDER_STOP_LIMIT,
                         .side = record->side};
    tw_time_in_force time_in_force = (tw_time_in_force)record->time_in_force;
    if (record->role == ROLE_ALONE) {
        taker.record = MATCH_NONE;
        match_record_release(request, index);
    }
    match_work(request, &taker, time_in_force);
    match_stops_look(request);
}

void match_line_run(match_request *request) {
    match_symbol *state = request->state;
    while (state->line_first != MATCH_NONE && !state->halted) {
        uint32_t index = state->line_first;
        match_line_leave(request->match, index);
        enter(request, index);
    }
}
