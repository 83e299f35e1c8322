/*
 * bars_slot.c - the sums of one bar in the making, and the bar that is made of them.
 *
 * Idea: a slot is a set of trades reduced to what a bar needs. Two slots of different trades merge
 * into that of all of them, in any order, because open and close carry their times; that is why a
 * long frame can be made of a short one (bars_time.c) and why a late trade needs no special case.
 * Only trades of one and the same time depend on the order in which they are added: the open keeps
 * the first, the close takes the last.
 */
#include <string.h>

#include "bars_priv.h"

void slot_clear(bar_slot *slot, bar_extra *extra) {
    slot->value = 0;
    slot->open_ns = INT64_MAX;
    slot->close_ns = INT64_MIN;
    slot->open = slot->close = 0;
    slot->high = INT64_MIN;
    slot->low = INT64_MAX;
    slot->volume = 0;
    slot->count = 0;
    if (extra == NULL)
        return;
    memset(extra, 0, sizeof *extra);
    extra->weak_open_ns = INT64_MAX;
    extra->weak_close_ns = INT64_MIN;
}

void slot_reset(bar_slot *slot, bar_extra *extra) {
    slot_clear(slot, extra);
    slot->start_ns = slot->end_ns = INT64_MIN;
}

/* A trade that does not move everything: counted by its reason, and its price kept for the case
 * that nothing better comes ("only if it is the first or only trade"). */
static void add_excluded(bar_extra *extra, const bar_feed *feed) {
    extra->counts[feed->reason]++;
    extra->volumes[feed->reason] += feed->volume;
    if ((feed->moves & TW_BARS_MOVES_VOLUME) == 0)
        extra->volume_left_out += feed->volume;
    if ((feed->moves & TW_BARS_MOVES_HIGH_LOW) == 0)
        return;
    if (feed->time_ns < extra->weak_open_ns) {
        extra->weak_open_ns = feed->time_ns;
        extra->weak_open = feed->open;
    }
    if (feed->time_ns >= extra->weak_close_ns) {
        extra->weak_close_ns = feed->time_ns;
        extra->weak_close = feed->close;
    }
}

void slot_add(bar_slot *slot, bar_extra *extra, const bar_feed *feed) {
    if ((feed->moves & TW_BARS_MOVES_OPEN) != 0 && feed->time_ns < slot->open_ns) {
        slot->open_ns = feed->time_ns;
        slot->open = feed->open;
    }
    if ((feed->moves & TW_BARS_MOVES_HIGH_LOW) != 0) {
        slot->high = feed->high > slot->high ? feed->high : slot->high;
        slot->low = feed->low < slot->low ? feed->low : slot->low;
    }
    if ((feed->moves & TW_BARS_MOVES_CLOSE) != 0 && feed->time_ns >= slot->close_ns) {
        slot->close_ns = feed->time_ns;
        slot->close = feed->close;
    }
    if ((feed->moves & TW_BARS_MOVES_VOLUME) != 0) {
        slot->volume += feed->volume;
        slot->count += feed->count;
        slot->value += feed->value;
    }
    if (feed->moves != TW_BARS_MOVES_ALL && extra != NULL)
        add_excluded(extra, feed);
}

static void merge_extra(bar_extra *extra, const bar_extra *from) {
    if (from->weak_open_ns < extra->weak_open_ns) {
        extra->weak_open_ns = from->weak_open_ns;
        extra->weak_open = from->weak_open;
    }
    if (from->weak_close_ns >= extra->weak_close_ns) {
        extra->weak_close_ns = from->weak_close_ns;
        extra->weak_close = from->weak_close;
    }
    extra->volume_left_out += from->volume_left_out;
    for (int i = 0; i < TW_BARS_REASON_COUNT; i++) {
        extra->counts[i] += from->counts[i];
        extra->volumes[i] += from->volumes[i];
    }
}

void slot_merge(bar_slot *slot, bar_extra *extra, const bar_slot *from,
                const bar_extra *from_extra) {
    if (from->open_ns < slot->open_ns) {
        slot->open_ns = from->open_ns;
        slot->open = from->open;
    }
    if (from->close_ns >= slot->close_ns) {
        slot->close_ns = from->close_ns;
        slot->close = from->close;
    }
    slot->high = from->high > slot->high ? from->high : slot->high;
    slot->low = from->low < slot->low ? from->low : slot->low;
    slot->volume += from->volume;
    slot->count += from->count;
    slot->value += from->value;
    if (extra != NULL)
        merge_extra(extra, from_extra);
}

/* ---- The bar ------------------------------------------------------------------------------- */

/* Open and close: of the trades that move them, else of those that move the range, else of the
 * other one, else the close before. False where there is none of these. */
static bool set_prices(const bar_slot *slot, const bar_extra *extra, tw_bar *bar) {
    bool has_open = slot->open_ns != INT64_MAX;
    bool has_close = slot->close_ns != INT64_MIN;
    int64_t fallback = slot->previous_close;
    bar->open.nano = has_open ? slot->open : has_close ? slot->close : fallback;
    bar->close.nano = has_close ? slot->close : has_open ? slot->open : fallback;
    if (!has_open && extra != NULL && extra->weak_open_ns != INT64_MAX)
        bar->open.nano = extra->weak_open;
    if (!has_close && extra != NULL && extra->weak_close_ns != INT64_MIN)
        bar->close.nano = extra->weak_close;
    if (bar->open.nano == 0)
        return false;
    bar->high.nano = slot->high;
    bar->low.nano = slot->low;
    int64_t upper = bar->open.nano > bar->close.nano ? bar->open.nano : bar->close.nano;
    int64_t lower = bar->open.nano > bar->close.nano ? bar->close.nano : bar->open.nano;
    if (!slot_is_priced(slot) || upper > slot->high)
        bar->high.nano = upper;
    if (!slot_is_priced(slot) || lower < slot->low)
        bar->low.nano = lower;
    return true;
}

bool slot_bar(const tw_bars *bars, uint32_t frame, const bar_slot *slot, const bar_extra *extra,
              tw_bar *ret_bar) {
    const frame_plan *plan = &bars->plans[frame];
    bool is_time = plan->measure == FRAME_NONE;
    tw_bar bar;
    memset(&bar, 0, sizeof bar); /* bars are compared with memcmp */
    if (!set_prices(slot, extra, &bar))
        return false;
    bar.time_ns = bars->config.stamp_close ? slot->end_ns : slot->start_ns;
    bar.timeframe_ns = is_time ? plan->frame.step : 0;
    bar.vwap.nano = slot_vwap(slot);
    bar.volume.nano = slot->volume;
    bar.count = slot->count;
    *ret_bar = bar;
    return true;
}

void bar_hand_out(tw_bars *bars, uint32_t frame, tw_bar *bar, tw_bars_detail *detail,
                  const bar_target *target) {
    detail->frame = bars->plans[frame].index;
    bars->counts.bars[detail->frame] += bars->history == NULL; /* else it counts for itself */
    target->sink(target->context, bar, detail);
}

void slot_detail(const bar_extra *extra, tw_bars_detail *detail) {
    detail->volume_left_out.nano = extra->volume_left_out;
    for (int i = 0; i < TW_BARS_REASON_COUNT; i++)
        detail->excluded[i] = (tw_bars_excluded){extra->counts[i], {extra->volumes[i]}};
}

size_t slot_emit(tw_bars *bars, bar_state *state, uint32_t frame, uint8_t flags,
                 const bar_target *target) {
    bar_slot *slot = slot_of(state, frame);
    const bar_extra *extra = extra_of(bars, state, frame);
    tw_bar bar;
    if (!slot_bar(bars, frame, slot, extra, &bar)) {
        bars->counting->unpriced++;
        return 0;
    }
    bool moved = slot_is_priced(slot) || slot->open_ns != INT64_MAX || slot->close_ns != INT64_MIN;
    if (!moved && (flags & TW_BARS_EMPTY_BAR) == 0)
        flags |= TW_BARS_UNPRICED;
    bar.symbol = state->symbol;
    slot->previous_close = bar.close.nano;
    if ((flags & TW_BARS_PARTIAL) != 0 && bars->config.skip_partial) {
        bars->counting->partial++;
        return 0;
    }
    tw_bars_detail *detail = &bars->detail;
    detail->start_ns = slot->start_ns;
    detail->end_ns = slot->end_ns;
    detail->flags = flags;
    detail->sequence = bars->plans[frame].measure == FRAME_NONE ? 0 : slot->sequence++;
    if (extra != NULL)
        slot_detail(extra, detail);
    bar_hand_out(bars, frame, &bar, detail, target);
    return 1;
}
