/*
 * match_line.c - orders that were triggered or released enter one after the other.
 *
 * Idea: what one order's trades set off lines up and has to wait until that order has come to its
 * end, so that nothing trades in the middle of another's sweep. Numbered invariants are those of
 * match_priv.h.
 */
#include "match_priv.h"

void match_list_append(tw_match *match, match_list *list, uint32_t index) {
    match_record *record = match_record_at(match, index);
    record->next = MATCH_NONE;
    record->previous = list->last;
    if (list->last != MATCH_NONE)
        match_record_at(match, list->last)->next = index;
    else
        list->first = index;
    list->last = index;
}

void match_list_leave(tw_match *match, match_list *list, uint32_t index) {
    match_record *record = match_record_at(match, index);
    if (record->previous != MATCH_NONE)
        match_record_at(match, record->previous)->next = record->next;
    else
        list->first = record->next;
    if (record->next != MATCH_NONE)
        match_record_at(match, record->next)->previous = record->previous;
    else
        list->last = record->previous;
    record->next = record->previous = MATCH_NONE;
}

void match_line_append(match_request *request, uint32_t index) {
    match_record_at(request->match, index)->place = TW_MATCH_LINED_UP;
    match_list_append(request->match, &request->state->line, index);
}

void match_line_leave(tw_match *match, uint32_t index) {
    match_record *record = match_record_at(match, index);
    TW_ASSERT(record->place == TW_MATCH_LINED_UP);
    match_list_leave(match, &match->symbols[record->symbol].line, index);
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
                         .limited = match_is_limited(record->type),
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
    while (state->line.first != MATCH_NONE && !state->halted && state->auction == 0) {
        uint32_t index = state->line.first;
        match_line_leave(request->match, index);
        enter(request, index);
    }
}
