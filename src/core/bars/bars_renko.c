/*
 * bars_renko.c - bricks: bars that end when the price has moved by a step.
 *
 * Idea: of the last brick only its two edges matter. FROM_CLOSE has both of them at the last close,
 * so that one rule finds the bricks of both ways of counting: up from the upper edge, down from the
 * lower one.
 *
 * Invariant: edge_low + step > price > edge_high - step ... between trades no whole brick is open.
 */
#include "bars_priv.h"

/* Where the first brick begins: the price, or the nearest multiple of a unit, ties to even. */
static int64_t first_edge(const tw_bars_frame *frame, int64_t price) {
    int64_t edge = price;
    if (frame->renko_unit.nano > 0 &&
        tw_decimal_quantize(price, frame->renko_unit.nano, TW_ROUND_HALF_EVEN, &edge) != TW_OK)
        edge = price;
    return edge > 0 ? edge : price;
}

/* High and low of a brick, which slot_bar widens to open and close except for TRADED. */
static void set_wicks(const tw_bars_frame *frame, const bar_slot *traded, tw_bar *bar) {
    int64_t upper = bar->open.nano > bar->close.nano ? bar->open.nano : bar->close.nano;
    int64_t lower = bar->open.nano > bar->close.nano ? bar->close.nano : bar->open.nano;
    bar->high.nano = upper;
    bar->low.nano = lower;
    if (frame->wicks == TW_BARS_WICKS_NONE || frame->renko == TW_BARS_RENKO_FROM_CLOSE ||
        !slot_is_priced(traded))
        return;
    bool widen = frame->wicks == TW_BARS_WICKS_BODY;
    bar->high.nano = widen && upper > traded->high ? upper : traded->high;
    bar->low.nano = widen && lower < traded->low ? lower : traded->low;
}

static void emit_brick(tw_bars *bars, bar_state *state, uint32_t frame, tw_bar *bar,
                       const bar_target *target) {
    bar_slot *slot = slot_of(state, frame);
    const bar_extra *extra = extra_of(bars, state, frame);
    tw_bars_detail *detail = &bars->detail;
    bar->symbol = state->symbol;
    slot->previous_close = bar->close.nano;
    detail->start_ns = slot->start_ns;
    detail->end_ns = slot->end_ns;
    detail->sequence = slot->sequence++;
    detail->flags = 0;
    if (extra != NULL)
        slot_detail(extra, detail);
    bar_hand_out(bars, frame, bar, detail, target);
}

/* `count` bricks from one move. */
static void emit_bricks(tw_bars *bars, bar_state *state, uint32_t frame, int64_t count, bool rising,
                        const bar_target *target) {
    const tw_bars_frame *plan = &bars->plans[frame].frame;
    bar_measure *measure = measure_of(bars, state, frame);
    bar_slot *slot = slot_of(state, frame);
    bool shared = plan->renko == TW_BARS_RENKO_CLASSIC;
    tw_bar shape = {0};
    shape.time_ns = bars->config.stamp_close ? slot->end_ns : slot->start_ns;
    shape.vwap.nano = slot_vwap(slot);
    shape.count = slot->count;
    for (int64_t i = 0; i < count; i++) {
        tw_bar bar = shape;
        bar.open.nano = rising ? measure->edge_high : measure->edge_low;
        bar.close.nano = bar.open.nano + (rising ? plan->step : -plan->step);
        bar.volume.nano = shared ? slot->volume / count : slot->volume;
        if (shared && i == count - 1)
            bar.volume.nano += slot->volume % count;
        set_wicks(plan, slot, &bar);
        measure->edge_high = rising || !shared ? bar.close.nano : bar.open.nano;
        measure->edge_low = rising && shared ? bar.open.nano : bar.close.nano;
        emit_brick(bars, state, frame, &bar, target);
    }
    slot_reset(slot_of(state, frame), extra_of(bars, state, frame));
}

/* A move too far to be drawn: the edges follow on their grid, and the bricks between are none. */
static void skip_bricks(tw_bars *bars, bar_state *state, uint32_t frame, int64_t count,
                        bool rising) {
    bar_measure *measure = measure_of(bars, state, frame);
    int64_t way = count * bars->plans[frame].frame.step;
    int64_t edge = rising ? measure->edge_high + way : measure->edge_low - way;
    measure->edge_high = measure->edge_low = edge;
    bars->counting->gaps++;
    slot_reset(slot_of(state, frame), extra_of(bars, state, frame));
}

void renko_take(tw_bars *bars, bar_state *state, uint32_t frame, const bar_feed *feed,
                const bar_target *target) {
    const tw_bars_frame *plan = &bars->plans[frame].frame;
    bar_measure *measure = measure_of(bars, state, frame);
    bar_slot *slot = slot_of(state, frame);
    bool moves = (feed->moves & TW_BARS_MOVES_CLOSE) != 0;
    if (!measure->has_edges && moves) {
        measure->has_edges = true;
        measure->edge_high = measure->edge_low = first_edge(plan, feed->close);
        if (plan->renko == TW_BARS_RENKO_CLASSIC) {
            slot_reset(
                slot_of(state, frame),
                extra_of(bars, state, frame)); /* what was before the first edge is in no brick */
            return;
        }
    }
    if (slot->start_ns == INT64_MIN)
        slot->start_ns = feed->time_ns;
    slot->end_ns = feed->time_ns;
    slot_add(slot, extra_of(bars, state, frame), feed);
    if (!moves)
        return;
    bool rising = feed->close > measure->edge_high;
    int64_t way = rising ? feed->close - measure->edge_high : measure->edge_low - feed->close;
    int64_t count = way < 0 ? 0 : way / plan->step;
    if (count > TW_BARS_SPLIT_COUNT_MAX)
        skip_bricks(bars, state, frame, count, rising);
    else if (count > 0)
        emit_bricks(bars, state, frame, count, rising, target);
}
