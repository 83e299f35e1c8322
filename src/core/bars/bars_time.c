/*
 * bars_time.c - time frames: windows, rolling up, late trades, empty bars.
 *
 * Idea: time frames are worked on from the shortest. A trade is added to the frames that have no
 * source (usually one); when a bar of a frame closes, its slot is merged into the slots of the
 * frames that are rolled up from it, before those are looked at. Windows are opened in all frames
 * at once, so that whether a trade is late for a frame can be seen without its sources.
 *
 *            time_take at or after end_ns
 *     NONE --------------------------------> OPEN --+
 *      ^                                      |  ^  | time_take within the window (added)
 *      |  time_advance past the end,          |  +--+
 *      |  time_flush                          |     | time_take at or after end_ns (handed out,
 *      +--------------------------------------+  +--+ merged upward, the next window opened)
 */
#include "bars_priv.h"

static bool is_touched(const bar_slot *slot) {
    return slot->count > 0 || slot_is_priced(slot) || slot->open_ns != INT64_MAX ||
           slot->close_ns != INT64_MIN;
}

/* ---- Windows ------------------------------------------------------------------------------- */

/* A local week: from the Monday at or before the day to the next one. */
static void local_week(const tw_bars *bars, int64_t time_ns, int64_t *ret_start_ns,
                       int64_t *ret_end_ns) {
    enum { MONDAY = 1 };
    const tw_bars_config *config = &bars->config;
    tw_zone_day_span first = tw_zone_day(config->zone, time_ns, config->day_open_seconds);
    tw_zone_day_span last = first;
    while (tw_weekday_of_days(first.day) != MONDAY)
        first = tw_zone_day(config->zone, first.start_ns - 1, config->day_open_seconds);
    while (tw_weekday_of_days(last.day + 1) != MONDAY)
        last = tw_zone_day(config->zone, last.end_ns, config->day_open_seconds);
    *ret_start_ns = first.start_ns;
    *ret_end_ns = last.end_ns;
}

void time_window(const tw_bars *bars, uint32_t frame, int64_t time_ns, int64_t *ret_start_ns,
                 int64_t *ret_end_ns) {
    const frame_plan *plan = &bars->plans[frame];
    if (!plan->is_local) {
        *ret_start_ns = tw_bars_start(time_ns, plan->frame.step);
        *ret_end_ns = *ret_start_ns + plan->frame.step;
    } else if (plan->frame.step == WEEK_NS) {
        local_week(bars, time_ns, ret_start_ns, ret_end_ns);
    } else {
        tw_zone_day_span day =
            tw_zone_day(bars->config.zone, time_ns, bars->config.day_open_seconds);
        *ret_start_ns = day.start_ns;
        *ret_end_ns = day.end_ns;
    }
}

/* ---- Closing ------------------------------------------------------------------------------- */

/* Invariant 2 of bars_priv.h: where the window of the longer frame does not hold the bar, its
 * trades were late there and counted. */
void time_roll_up(const tw_bars *bars, bar_state *state, uint32_t frame) {
    const bar_slot *from = slot_of(state, frame);
    const bar_extra *from_extra = extra_of(bars, state, frame);
    for (uint32_t i = frame + 1; i < bars->time_count; i++) {
        bar_slot *slot = slot_of(state, i);
        if (bars->plans[i].source == frame && from->start_ns >= slot->start_ns &&
            from->start_ns < slot->end_ns)
            slot_merge(slot, extra_of(bars, state, i), from, from_extra);
    }
}

/* OPEN to NONE. The slot of the frame holds all that its sources had by then. */
size_t time_close(tw_bars *bars, bar_state *state, uint32_t frame, const bar_target *target) {
    bar_slot *slot = slot_of(state, frame);
    bar_extra *extra = extra_of(bars, state, frame);
    size_t made = 0;
    if (is_touched(slot)) {
        uint8_t flags = slot->start_ns < state->begin_ns ? TW_BARS_PARTIAL : 0;
        made = slot_emit(bars, state, frame, flags, target);
        slot->empty_run = 0;
    }
    time_roll_up(bars, state, frame);
    slot_clear(slot, extra);
    slot->start_ns = slot->end_ns;
    return made;
}

/* Hands out bars without a trade that end at or before `until_ns`, up to the configured run. */
static size_t fill_gap(tw_bars *bars, bar_state *state, uint32_t frame, int64_t until_ns,
                       const bar_target *target) {
    bar_slot *slot = slot_of(state, frame);
    size_t made = 0;
    TW_ASSERT(!slot_is_open(slot));
    while (slot->empty_run < bars->config.empty_count_max && slot->previous_close != 0) {
        int64_t start_ns;
        int64_t end_ns;
        time_window(bars, frame, slot->end_ns, &start_ns, &end_ns);
        if (end_ns > until_ns)
            break;
        slot->start_ns = start_ns;
        slot->end_ns = end_ns;
        made += slot_emit(bars, state, frame, TW_BARS_EMPTY_BAR, target);
        slot->start_ns = end_ns;
        slot->empty_run++;
    }
    return made;
}

/* To OPEN, at the bar that holds `time_ns`. False if that bar is over by `settled_ns`. */
static bool open_window(tw_bars *bars, bar_state *state, uint32_t frame, int64_t time_ns,
                        int64_t settled_ns, const bar_target *target) {
    bar_slot *slot = slot_of(state, frame);
    int64_t start_ns;
    int64_t end_ns;
    time_window(bars, frame, time_ns, &start_ns, &end_ns);
    if (end_ns <= settled_ns)
        return false;
    if (slot_is_open(slot))
        (void)time_close(bars, state, frame, target);
    if (bars->config.empty_count_max > 0 && slot->previous_close != 0) {
        (void)fill_gap(bars, state, frame, start_ns, target);
        bars->counting->gaps += slot->end_ns < start_ns;
    }
    slot->start_ns = start_ns;
    slot->end_ns = end_ns;
    if (end_ns < bars->next_end_ns)
        bars->next_end_ns = end_ns;
    return true;
}

uint32_t time_take(tw_bars *bars, bar_state *state, const bar_feed *feed, int64_t settled_ns,
                   const bar_target *target) {
    uint32_t took = 0;
    uint32_t late = 0;
    for (uint32_t i = 0; i < bars->time_count; i++) {
        bar_slot *slot = slot_of(state, i);
        uint32_t source = bars->plans[i].source;
        bool fits = feed->time_ns < slot->end_ns ||
                    open_window(bars, state, i, feed->time_ns, settled_ns, target);
        if (!fits || feed->time_ns < slot->start_ns) {
            late |= UINT32_C(1) << i;
            continue;
        }
        took |= UINT32_C(1) << i;
        if (source == FRAME_NONE || (took >> source & 1) == 0)
            slot_add(slot, extra_of(bars, state, i), feed);
    }
    slot_of(state, 0)->is_uneven = late != 0;
    return late;
}

/* slot_emit of a slot that has trades, all of which moved everything. */
static void emit_plain(tw_bars *bars, bar_state *state, uint8_t flags, const bar_target *target) {
    bar_slot *slot = slot_of(state, 0);
    tw_bar *bar = &bars->bar;
    tw_bars_detail *detail = &bars->detail;
    slot->previous_close = slot->close;
    if (flags != 0 && bars->config.skip_partial) {
        bars->counts.partial++;
        return;
    }
    bar->time_ns = bars->config.stamp_close ? slot->end_ns : slot->start_ns;
    bar->timeframe_ns = bars->plans[0].frame.step;
    bar->open.nano = slot->open;
    bar->high.nano = slot->high;
    bar->low.nano = slot->low;
    bar->close.nano = slot->close;
    bar->vwap.nano = slot_vwap(slot);
    bar->volume.nano = slot->volume;
    bar->count = slot->count;
    bar->symbol = state->symbol;
    detail->start_ns = slot->start_ns;
    detail->end_ns = slot->end_ns;
    detail->sequence = 0;
    detail->flags = flags;
    detail->frame = bars->plans[0].index;
    bars->counts.bars[detail->frame]++;
    target->sink(target->context, bar, detail);
}

void time_next(tw_bars *bars, bar_state *state, const tw_trade *trade, const bar_target *target) {
    bar_slot *slot = slot_of(state, 0);
    int64_t time_ns = trade->time_ns;
    int64_t step_ns = bars->plans[0].frame.step;
    emit_plain(bars, state, slot->start_ns < state->begin_ns ? TW_BARS_PARTIAL : 0, target);
    bool passed = false;
    for (uint32_t fed = bars->plans[0].fed; fed != 0; fed &= fed - 1) {
        bar_slot *longer = slot_of(state, (uint32_t)__builtin_ctz(fed));
        if (slot->start_ns >= longer->start_ns && slot->start_ns < longer->end_ns)
            slot_merge(longer, NULL, slot, NULL);
        passed = passed || time_ns >= longer->end_ns;
    }
    /* The next bar is the one after it, or needs a division. */
    int64_t start_ns =
        time_ns - slot->end_ns < step_ns ? slot->end_ns : tw_bars_start(time_ns, step_ns);
    int64_t price = trade->price.nano;
    int64_t volume = trade->quantity.nano;
    slot->start_ns = start_ns;
    slot->end_ns = start_ns + step_ns;
    slot->open_ns = slot->close_ns = time_ns;
    slot->open = slot->high = slot->low = slot->close = price;
    slot->volume = volume;
    slot->count = 1;
    slot->value = (bar_wide)(uint64_t)price * (uint64_t)volume;
    if (slot->end_ns < bars->next_end_ns)
        bars->next_end_ns = slot->end_ns;
    for (uint32_t i = 1; passed && i < bars->time_count; i++) /* invariant 2: else none is */
        if (time_ns >= slot_of(state, i)->end_ns)
            (void)open_window(bars, state, i, time_ns, INT64_MIN, target);
}

/* When the next empty bar ends, if one may come. */
static int64_t next_empty_end(const tw_bars *bars, uint32_t frame, const bar_slot *slot) {
    if (slot->empty_run >= bars->config.empty_count_max || slot->previous_close == 0)
        return INT64_MAX;
    int64_t start_ns;
    int64_t end_ns;
    time_window(bars, frame, slot->end_ns, &start_ns, &end_ns);
    return end_ns;
}

size_t time_advance(tw_bars *bars, bar_state *state, int64_t now_ns, int64_t *ret_next_ns,
                    const bar_target *target) {
    size_t made = 0;
    for (uint32_t i = 0; i < bars->time_count; i++) {
        bar_slot *slot = slot_of(state, i);
        if (slot_is_open(slot) && slot->end_ns <= now_ns)
            made += time_close(bars, state, i, target);
        int64_t next_ns = slot->end_ns;
        if (!slot_is_open(slot)) {
            made += fill_gap(bars, state, i, now_ns, target);
            next_ns = next_empty_end(bars, i, slot);
        }
        *ret_next_ns = next_ns < *ret_next_ns ? next_ns : *ret_next_ns;
    }
    return made;
}

size_t time_flush(tw_bars *bars, bar_state *state, const bar_target *target) {
    size_t made = 0;
    for (uint32_t i = 0; i < bars->time_count; i++) {
        if (slot_is_open(slot_of(state, i)))
            made += time_close(bars, state, i, target);
    }
    return made;
}

void time_current(const tw_bars *bars, bar_state *state, uint32_t frame, bar_slot *ret_slot,
                  bar_extra *ret_extra) {
    const bar_extra *extra = extra_of(bars, state, frame);
    *ret_slot = *slot_of(state, frame);
    if (extra != NULL)
        *ret_extra = *extra;
    for (uint32_t i = bars->plans[frame].source; i != FRAME_NONE; i = bars->plans[i].source) {
        const bar_slot *from = slot_of(state, i);
        if (from->start_ns >= ret_slot->start_ns && from->start_ns < ret_slot->end_ns)
            slot_merge(ret_slot, extra != NULL ? ret_extra : NULL, from, extra_of(bars, state, i));
    }
}
