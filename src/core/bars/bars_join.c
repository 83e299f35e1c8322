/*
 * bars_join.c - from the states of symbols into a part of a run, back, and from part to part.
 *
 * Idea: a part (bars_part.c) begins with empty slots. What the states hold of bars that are open
 * waits there: the first part closes them together with its own (join_close_carried). At its end a
 * part puts what it has of open bars into the states. The part after then finds the states as they
 * were when it began, and what it could not hand out without knowing them, its heads, is joined
 * with them.
 *
 * Invariants:
 * 1. Between parts and calls all is in the states; slots of parts are empty.
 * 2. The first part begins only where every open bar of a frame is that of the row at hand, and no
 *    bar after it was closed: then none of its rows is late. Trades that came before may be later
 *    than its rows within a bar; what is merged knows its times.
 */
#include <string.h>

#include "bars_run.h"

/* ---- Into a part --------------------------------------------------------------------------- */

/* Opens the bars of all frames that a trade of the symbol falls into, in its state. */
static void open_windows(run_part *part, bar_state *state) {
    for (uint32_t i = 0; i < part->bars->time_count; i++) {
        bar_slot *slot = slot_of(state, i);
        if (slot_is_open(slot))
            continue;
        slot->start_ns = part->starts_ns[i];
        slot->end_ns = part->ends_ns[i];
        part->slots[i][state->symbol].end_ns = RUN_CARRIED; /* invariant 3 of bars_run.h */
    }
}

static void note_begin(const run_part *part, bar_state *state, const run_slot *slot) {
    if (state->begin_ns == INT64_MAX)
        state->begin_ns = part->ticks->times_ns[part->base + slot->first];
}

void join_close_carried(run_part *part, uint32_t frame, tw_symbol symbol) {
    tw_bars *bars = part->bars;
    bar_state *state = state_of(bars, symbol);
    const run_slot *slot = &part->slots[frame][symbol];
    bar_target target = {tw_bars_table_put, part->tables};
    if (frame == 0 && slot->count > 0) {
        note_begin(part, state, slot);
        open_windows(part, state);
    }
    bar_slot own = part_slot(part, frame, slot);
    slot_merge(slot_of(state, frame), NULL, &own, NULL);
    (void)time_close(bars, state, frame, &target);
    for (uint32_t fed = bars->plans[frame].fed; fed != 0; fed &= fed - 1)
        part->touched[__builtin_ctz(fed)][symbol] = 1;
}

/* Invariant 2 for one symbol, and what its bars hold. */
static bool state_is_ready(const run_part *part, bar_state *state, int64_t time_ns,
                           uint64_t *ret_held) {
    uint64_t held = 0;
    for (uint32_t i = 0; i < part->bars->time_count; i++) {
        const bar_slot *slot = slot_of(state, i);
        if ((slot_is_open(slot) ? slot->start_ns : slot->end_ns) > time_ns)
            return false;
        held += (uint64_t)slot->volume; /* 16 of them at most: */
        held = held > INT64_MAX ? INT64_MAX : held;
    }
    *ret_held = held > *ret_held ? held : *ret_held;
    return true;
}

/* The first part from the states. False: rows have to be taken one by one. */
bool join_begin_first(run_part *part, int64_t time_ns) {
    tw_bars *bars = part->bars;
    part->newest_ns = time_ns;
    part->seam_ns = INT64_MIN;
    part->held = 0;
    for (tw_symbol symbol = 0; symbol < bars->ready_count; symbol++)
        if (!state_is_ready(part, state_of(bars, symbol), time_ns, &part->held))
            return false;
    if (bars->ready_count > 0)
        part_make_ready(part, bars->ready_count - 1);
    for (uint32_t i = 0; i < bars->time_count; i++) {
        time_window(bars, i, time_ns, &part->starts_ns[i], &part->ends_ns[i]);
        for (tw_symbol symbol = 0; symbol < bars->ready_count; symbol++)
            part->touched[i][symbol] = slot_is_open(slot_of(state_of(bars, symbol), i));
    }
    return true;
}

void join_begin_other(run_part *part, int64_t time_ns) {
    int64_t end_ns;
    time_window(part->bars, 0, time_ns, &part->seam_ns, &end_ns);
    part->newest_ns = INT64_MIN;
    part->held = 0;
    for (uint32_t i = 0; i < part->bars->time_count; i++) {
        part->starts_ns[i] = part->ends_ns[i] = INT64_MIN;
        part->head_starts_ns[i] = part->head_ends_ns[i] = INT64_MIN;
    }
}

void join_begin(run_part *part, const tw_bars_ticks *ticks, tw_bars_table *tables) {
    part->ticks = ticks;
    part->tables = tables;
    for (uint32_t i = 0; i < part->bars->time_count; i++)
        part->table_counts[i] = tables[i].count;
    memset(part->made, 0, sizeof part->made);
}

/* ---- Out of a part ------------------------------------------------------------------------- */

/* What a part holds of one symbol goes into its state, whose open bars are those of the part. */
static void put_back(run_part *part, tw_symbol symbol) {
    tw_bars *bars = part->bars;
    bar_state *state = state_of(bars, symbol);
    uint32_t open = 0;
    for (uint32_t i = 0; i < bars->time_count; i++) {
        run_slot *slot = &part->slots[i][symbol];
        bar_slot *into = slot_of(state, i);
        uint32_t source = bars->plans[i].source;
        bool has_some = slot->count > 0 || (source != FRAME_NONE && (open >> source & 1) != 0);
        if (i == 0 && !part->is_first && part->heads[0][symbol].count > 0)
            note_begin(part, state, &part->heads[0][symbol]);
        else if (i == 0 && slot->count > 0)
            note_begin(part, state, slot);
        if (has_some) {
            open |= UINT32_C(1) << i;
            into->start_ns = part->starts_ns[i];
            into->end_ns = part->ends_ns[i];
            bar_slot own = part_slot(part, i, slot);
            slot_merge(into, NULL, &own, NULL);
        } else if (slot->end_ns > RUN_NONE) {
            into->start_ns = into->end_ns = slot->end_ns;
        }
        part_clear_slot(part, slot);
        part->touched[i][symbol] = 0;
    }
    if (!part->is_first)
        part_clear_slot(part, &part->heads[0][symbol]);
}

/* Invariant 1. The states' rooms are found anew when they are needed. */
void join_finish(run_part *part) {
    tw_bars *bars = part->bars;
    for (tw_symbol symbol = 0; symbol < part->ready_count; symbol++) {
        put_back(part, symbol);
        state_of(bars, symbol)->volume_room = 0;
        slot_of(state_of(bars, symbol), 0)->is_uneven = 0;
    }
    for (uint32_t i = 0; i < bars->time_count; i++) {
        bars->counts.bars[bars->plans[i].index] += part->made[i];
        if (part->ends_ns[i] < bars->next_end_ns && part->ends_ns[i] != INT64_MIN)
            bars->next_end_ns = part->ends_ns[i];
    }
    bars->counts.trades += part->taken - part->begin;
}

void join_drop(run_part *part) {
    const tw_bars *bars = part->bars;
    for (uint32_t i = 0; i < bars->time_count; i++) {
        part->tables[i].count = part->table_counts[i];
        for (tw_symbol symbol = 0; symbol < part->ready_count; symbol++) {
            part_clear_slot(part, &part->slots[i][symbol]);
            part_clear_slot(part, &part->heads[i][symbol]);
            part->touched[i][symbol] = 0;
        }
    }
}

/* A bar of a frame that lies across a cut: what the part before had of it, in the state, and the
 * head of the part after, which is rolled up there already. */
static void join_head(run_part *part, uint32_t frame, tw_symbol symbol, const bar_target *target) {
    tw_bars *bars = part->bars;
    bar_state *state = state_of(bars, symbol);
    bar_slot *slot = slot_of(state, frame);
    run_slot *head = &part->heads[frame][symbol];
    if (!slot_is_open(slot) && head->count == 0)
        return;
    time_roll_up(bars, state, frame);
    bar_slot own = part_slot(part, frame, head);
    slot->start_ns = part->head_starts_ns[frame];
    slot->end_ns = part->head_ends_ns[frame];
    slot_merge(slot, NULL, &own, NULL);
    (void)slot_emit(bars, state, frame, 0, target);
    slot_clear(slot, NULL);
    slot->start_ns = slot->end_ns;
    part_clear_slot(part, head);
}

/* The states are those at the end of the part before, whose `tables` take what is completed. */
void join_after(run_part *part, tw_bars_table *tables) {
    tw_bars *bars = part->bars;
    bar_target target = {tw_bars_table_put, tables};
    bars_make_ready(bars, part->ready_count - 1);
    part_make_ready(part, bars->ready_count - 1);
    (void)tw_bars_advance(bars, part->seam_ns, tw_bars_table_put, tables);
    for (uint32_t i = 0; i < bars->time_count; i++) {
        if (part->head_ends_ns[i] == INT64_MIN)
            continue;
        for (tw_symbol symbol = 0; symbol < bars->ready_count; symbol++)
            join_head(part, i, symbol, &target);
    }
    join_finish(part);
}
