/*
 * bars_measure.c - bars that end by what was traded: ticks, volume, value, their imbalance and
 * runs.
 *
 * Idea: one loop for all of them. A kind says what a quantity measures (1, itself, or its value)
 * and with which sign; the loop gives the bar as much of the trade as it takes to reach the
 * threshold, hands the bar out, and goes on with the rest. What is measured by the tick is never
 * cut.
 *
 * Invariants:
 * 1. Between trades of a fixed kind the measure is below the threshold, which is at least 1: so
 * each turn of the loop uses up some of the trade.
 * 2. |bought|, |sold| < 2^127: one trade measures less than 2^126, a fixed measure stays below its
 *    threshold of at most 2^93, and an adaptive one is closed at adaptive_max.
 */
#include <math.h>
#include <string.h>

#include "bars_priv.h"

static bool is_imbalance(uint8_t kind) {
    return kind >= TW_BARS_TICK_IMBALANCE && kind <= TW_BARS_VALUE_IMBALANCE;
}

static bool is_runs(uint8_t kind) {
    return kind >= TW_BARS_TICK_RUNS && kind <= TW_BARS_VALUE_RUNS;
}

static bool is_by_tick(uint8_t kind) {
    return kind == TW_BARS_TICK || kind == TW_BARS_TICK_IMBALANCE || kind == TW_BARS_TICK_RUNS;
}

static bool is_by_value(uint8_t kind) {
    return kind == TW_BARS_VALUE || kind == TW_BARS_VALUE_IMBALANCE || kind == TW_BARS_VALUE_RUNS;
}

/* A step in the unit that is summed: values are at 1e-18 there. */
static bar_signed measure_of_step(uint8_t kind, int64_t step) {
    return is_by_value(kind) ? (bar_signed)step * TW_NANO : (bar_signed)step;
}

void measure_clear(const tw_bars *bars, bar_measure *measure, uint32_t frame) {
    const tw_bars_frame *plan = &bars->plans[frame].frame;
    memset(measure, 0, sizeof *measure);
    measure->last_ns = INT64_MIN;
    measure->threshold = measure_of_step(plan->kind, plan->step);
}

/* Whatever the state, a trade makes at most one bar more than its measure holds thresholds. */
bool measure_would_flood(const tw_bars_frame *frame, const bar_feed *feed) {
    if (frame->kind == TW_BARS_TIME || frame->kind == TW_BARS_RENKO || is_by_tick(frame->kind) ||
        frame->adaptive_bars > 0)
        return false;
    bar_wide measure = is_by_value(frame->kind) ? (bar_wide)feed->price * (bar_wide)feed->volume
                                                : (bar_wide)feed->volume;
    return measure / (bar_wide)measure_of_step(frame->kind, frame->step) >= TW_BARS_SPLIT_COUNT_MAX;
}

/* ---- Sides --------------------------------------------------------------------------------- */

static uint8_t side_of(const tw_bars_frame *frame, bar_measure *measure, const bar_feed *feed) {
    uint8_t side = feed->side;
    if (side == TW_SIDE_NONE && frame->tick_rule && measure->last_price != 0) {
        side = feed->close > measure->last_price   ? TW_SIDE_BUY
               : feed->close < measure->last_price ? TW_SIDE_SELL
                                                   : measure->last_side;
    }
    measure->last_price = feed->close;
    if (side != TW_SIDE_NONE)
        measure->last_side = side;
    return side;
}

/* ---- Closing ------------------------------------------------------------------------------- */

static void begin_bar(bar_slot *slot, const bar_feed *feed) {
    if (slot->start_ns == INT64_MIN)
        slot->start_ns = feed->time_ns;
    slot->end_ns = feed->time_ns;
}

static size_t close_bar(tw_bars *bars, bar_state *state, uint32_t frame, uint8_t flags,
                        const bar_target *target) {
    bar_slot *slot = slot_of(state, frame);
    bar_extra *extra = extra_of(bars, state, frame);
    bar_measure *measure = measure_of(bars, state, frame);
    size_t made = 0;
    if (slot->count > 0)
        made = slot_emit(bars, state, frame, flags, target);
    slot_reset(slot, extra);
    measure->bought = 0;
    measure->sold = 0;
    measure->sided_count = 0;
    measure->run_side = TW_SIDE_NONE;
    return made;
}

/* ---- Fixed thresholds ---------------------------------------------------------------------- */

static int64_t round_up(bar_signed quantity, int64_t unit) {
    bar_signed parts = (quantity + unit - 1) / unit;
    bar_signed rounded = parts * unit;
    return rounded > INT64_MAX ? INT64_MAX : (int64_t)rounded;
}

/* The least part of `rest` that reaches the threshold, or all of it. */
static int64_t part_of(const tw_bars_frame *frame, const bar_measure *measure, const bar_feed *feed,
                       int64_t rest, int sign) {
    if (is_by_tick(frame->kind) || sign == 0)
        return rest;
    bar_signed need = measure->threshold - sign * measure->bought;
    if (is_by_value(frame->kind))
        need = (need + feed->price - 1) / feed->price;
    int64_t unit = frame->split_unit.nano > 0 ? frame->split_unit.nano : 1;
    int64_t part = round_up(need, unit);
    return part < rest ? part : rest;
}

static void add_part(const tw_bars *bars, bar_state *state, uint32_t frame, const bar_feed *feed,
                     int64_t part) {
    bar_feed piece = *feed;
    if (part != feed->volume) {
        piece.volume = part;
        piece.value = (bar_wide)feed->price * (bar_wide)part;
    }
    begin_bar(slot_of(state, frame), feed);
    slot_add(slot_of(state, frame), extra_of(bars, state, frame), &piece);
}

static bar_signed measured(const tw_bars_frame *frame, const bar_feed *feed, int64_t part) {
    if (is_by_tick(frame->kind))
        return 1;
    return is_by_value(frame->kind) ? (bar_signed)feed->price * part : (bar_signed)part;
}

static void take_fixed(tw_bars *bars, bar_state *state, uint32_t frame, const bar_feed *feed,
                       int sign, const bar_target *target) {
    const tw_bars_frame *plan = &bars->plans[frame].frame;
    bar_measure *measure = measure_of(bars, state, frame);
    int64_t rest = feed->volume;
    while (rest > 0) {
        int64_t part = part_of(plan, measure, feed, rest, sign);
        add_part(bars, state, frame, feed, part);
        measure->bought += sign * measured(plan, feed, part);
        rest -= part;
        bar_signed reached = measure->bought < 0 ? -measure->bought : measure->bought;
        if (reached >= measure->threshold) /* invariant 1 */
            (void)close_bar(bars, state, frame, 0, target);
    }
}

/* What a broken run held is in no bar; the one that begins tells of it. */
static void break_run(const tw_bars *bars, bar_state *state, uint32_t frame) {
    bar_slot *slot = slot_of(state, frame);
    bar_extra *extra = extra_of(bars, state, frame);
    TW_ASSERT(extra != NULL); /* every set with runs has them */
    uint64_t count = slot->count;
    int64_t volume = slot->volume;
    bar_extra before = *extra;
    slot_reset(slot, extra);
    memcpy(extra->counts, before.counts, sizeof extra->counts);
    memcpy(extra->volumes, before.volumes, sizeof extra->volumes);
    extra->counts[TW_BARS_REASON_RUN] += count;
    extra->volumes[TW_BARS_REASON_RUN] += volume;
    extra->volume_left_out = before.volume_left_out + volume;
    measure_of(bars, state, frame)->bought = 0;
}

static void take_run(tw_bars *bars, bar_state *state, uint32_t frame, const bar_feed *feed,
                     uint8_t side, const bar_target *target) {
    bar_measure *measure = measure_of(bars, state, frame);
    if (side == TW_SIDE_NONE) {
        add_part(bars, state, frame, feed, feed->volume);
        return;
    }
    if (measure->run_side != side)
        break_run(bars, state, frame);
    measure->run_side = side;
    take_fixed(bars, state, frame, feed, 1, target);
    if (measure->bought > 0) /* the rest of the trade has begun a run of the same side */
        measure->run_side = side;
}

/* ---- Adaptive thresholds ------------------------------------------------------------------- */

static void blend(double *mean, double value, double span, bool begun) {
    *mean = begun ? *mean + (value - *mean) * (2.0 / (span + 1.0)) : value;
}

static void set_threshold(const tw_bars_frame *frame, bar_measure *measure) {
    double expected = is_imbalance(frame->kind)
                          ? fabs(measure->expected_bought - measure->expected_sold)
                          : fmax(measure->expected_bought, measure->expected_sold);
    double threshold = measure->expected_count * expected;
    bar_signed least = measure_of_step(frame->kind, frame->adaptive_min);
    bar_signed most = measure_of_step(frame->kind, frame->adaptive_max);
    if (threshold >= (double)most)
        measure->threshold = most;
    else if (threshold <= (double)least)
        measure->threshold = least;
    else
        measure->threshold = (bar_signed)threshold;
}

static bar_signed adaptive_measure(const tw_bars_frame *frame, const bar_measure *measure) {
    if (is_imbalance(frame->kind)) {
        bar_signed difference = measure->bought - measure->sold;
        return difference < 0 ? -difference : difference;
    }
    return measure->bought > measure->sold ? measure->bought : measure->sold;
}

static void take_adaptive(tw_bars *bars, bar_state *state, uint32_t frame, const bar_feed *feed,
                          uint8_t side, const bar_target *target) {
    const tw_bars_frame *plan = &bars->plans[frame].frame;
    bar_measure *measure = measure_of(bars, state, frame);
    add_part(bars, state, frame, feed, feed->volume);
    if (side == TW_SIDE_NONE)
        return;
    bar_signed amount = measured(plan, feed, feed->volume);
    bar_signed bought = side == TW_SIDE_BUY ? amount : 0;
    bar_signed sold = side == TW_SIDE_SELL ? amount : 0;
    measure->bought += bought;
    measure->sold += sold;
    measure->sided_count++;
    blend(&measure->expected_bought, (double)bought, plan->adaptive_trades, measure->has_trades);
    blend(&measure->expected_sold, (double)sold, plan->adaptive_trades, measure->has_trades);
    measure->has_trades = true;
    if (adaptive_measure(plan, measure) < measure->threshold)
        return;
    blend(&measure->expected_count, (double)measure->sided_count, plan->adaptive_bars,
          measure->has_bars);
    measure->has_bars = true;
    set_threshold(plan, measure);
    (void)close_bar(bars, state, frame, 0, target);
}

/* ---- Taking -------------------------------------------------------------------------------- */

bool measure_take(tw_bars *bars, bar_state *state, uint32_t frame, const bar_feed *feed,
                  const bar_target *target) {
    const tw_bars_frame *plan = &bars->plans[frame].frame;
    bar_measure *measure = measure_of(bars, state, frame);
    if (feed->time_ns < measure->last_ns)
        return false;
    measure->last_ns = feed->time_ns;
    if (plan->kind == TW_BARS_RENKO) {
        renko_take(bars, state, frame, feed, target);
        return true;
    }
    if ((feed->moves & TW_BARS_MOVES_VOLUME) == 0) { /* it belongs to the bar and ends none */
        add_part(bars, state, frame, feed, feed->volume);
        return true;
    }
    uint8_t side = side_of(plan, measure, feed);
    int sign = side == TW_SIDE_BUY ? 1 : side == TW_SIDE_SELL ? -1 : 0;
    if (plan->adaptive_bars > 0)
        take_adaptive(bars, state, frame, feed, side, target);
    else if (is_runs(plan->kind))
        take_run(bars, state, frame, feed, side, target);
    else
        take_fixed(bars, state, frame, feed, is_imbalance(plan->kind) ? sign : 1, target);
    return true;
}

size_t measure_flush(tw_bars *bars, bar_state *state, uint32_t frame, const bar_target *target) {
    if (bars->plans[frame].frame.kind == TW_BARS_RENKO)
        return 0;
    return close_bar(bars, state, frame, TW_BARS_PARTIAL, target);
}
