/*
 * bars_plan.c - a configuration is checked, and its frames are put into the order of work.
 *
 * Idea: time frames come first, from the shortest; each is rolled up from the longest shorter frame
 * that it is made of whole bars of. Those that are made of none are the roots: they take the
 * trades. Then the parts of a symbol's state are given their places.
 */
#include "bars_priv.h"

/* The epoch was a Thursday; the Monday after it is day 4. */
#define FIRST_MONDAY_NS (4 * TW_NS_PER_DAY)

/* ---- Configuration ------------------------------------------------------------------------- */

static bool frame_is_valid(const tw_bars_frame *frame) {
    bool signed_kind = frame->kind >= TW_BARS_TICK_IMBALANCE && frame->kind <= TW_BARS_VALUE_RUNS;
    if (frame->kind > TW_BARS_RENKO || frame->renko > TW_BARS_RENKO_FROM_CLOSE ||
        frame->wicks > TW_BARS_WICKS_NONE || frame->step < 1 || frame->split_unit.nano < 0 ||
        frame->renko_unit.nano < 0)
        return false;
    if (frame->kind == TW_BARS_TIME && frame->step > TIMEFRAME_NS_MAX)
        return false;
    if (frame->adaptive_bars == 0)
        return true;
    return signed_kind && frame->adaptive_trades >= 1 && frame->adaptive_min >= 1 &&
           frame->adaptive_max >= frame->adaptive_min;
}

static bool frame_is_same(const tw_bars_frame *a, const tw_bars_frame *b) {
    return a->kind == b->kind && a->step == b->step && a->adaptive_min == b->adaptive_min &&
           a->adaptive_max == b->adaptive_max && a->split_unit.nano == b->split_unit.nano &&
           a->renko_unit.nano == b->renko_unit.nano && a->adaptive_bars == b->adaptive_bars &&
           a->adaptive_trades == b->adaptive_trades && a->renko == b->renko &&
           a->wicks == b->wicks && a->tick_rule == b->tick_rule;
}

static bool conditions_are_valid(const tw_bars_conditions *conditions) {
    for (size_t i = 0; i < sizeof conditions->moves; i++) {
        if (conditions->moves[i] > TW_BARS_MOVES_ALL ||
            conditions->reasons[i] >= TW_BARS_REASON_COUNT)
            return false;
    }
    return true;
}

static bool horizon_is_valid(const tw_bars_config *config) {
    if (config->horizon_ns == 0)
        return true;
    return config->horizon_ns > 0 && config->horizon_ns <= TIMEFRAME_NS_MAX &&
           config->horizon_trade_max >= 1 &&
           config->horizon_trade_max <= TW_BARS_HORIZON_COUNT_MAX &&
           config->horizon_bar_max >= config->frame_count &&
           config->horizon_bar_max <= TW_BARS_HORIZON_COUNT_MAX;
}

tw_status plan_check(const tw_bars_config *config) {
    if (config->frame_count == 0 || config->frame_count > TW_BARS_FRAME_COUNT_MAX ||
        config->symbol_count_max == 0 || config->symbol_count_max > TW_BARS_SYMBOL_COUNT_MAX ||
        config->empty_count_max > TW_BARS_EMPTY_COUNT_MAX || config->day_open_seconds < -86400 ||
        config->day_open_seconds > 86400 || config->run_part_max > TW_BARS_RUN_PART_COUNT_MAX ||
        !horizon_is_valid(config) ||
        (config->has_conditions && !conditions_are_valid(&config->conditions)) ||
        (config->has_tape_c && (!config->has_conditions || !conditions_are_valid(&config->tape_c))))
        return TW_RANGE;
    for (uint32_t i = 0; i < config->frame_count; i++) {
        if (!frame_is_valid(&config->frames[i]))
            return TW_RANGE;
        for (uint32_t j = 0; j < i; j++)
            if (frame_is_same(&config->frames[i], &config->frames[j]))
                return TW_EXISTS;
    }
    return TW_OK;
}

/* ---- The order of work --------------------------------------------------------------------- */

static int64_t origin_of(int64_t timeframe_ns) {
    return timeframe_ns == WEEK_NS ? FIRST_MONDAY_NS : 0;
}

/* Whether every bar of a frame is whole bars of a shorter one. Local days begin where the zone's
 * clocks and changes allow, so the shorter step must divide those as well. */
static bool is_made_of(const tw_bars *bars, const frame_plan *plan, const frame_plan *shorter) {
    int64_t step = shorter->frame.step;
    if (shorter->is_local)
        return plan->is_local;
    if (!plan->is_local)
        return plan->frame.step % step == 0 &&
               (origin_of(plan->frame.step) - origin_of(step)) % step == 0;
    int64_t zone_step = tw_zone_offset_step(bars->config.zone) * TW_NS_PER_SECOND;
    return zone_step % step == 0 && bars->config.day_open_seconds * TW_NS_PER_SECOND % step == 0;
}

static void add_plan(tw_bars *bars, uint32_t index) {
    const tw_bars_frame *frame = &bars->config.frames[index];
    frame_plan plan = {.frame = *frame, .index = index, .source = FRAME_NONE};
    uint32_t at = bars->frame_count;
    plan.is_local = frame->kind == TW_BARS_TIME && bars->config.zone != NULL &&
                    (frame->step == TW_NS_PER_DAY || frame->step == WEEK_NS);
    plan.measure = FRAME_NONE;
    if (frame->kind == TW_BARS_TIME) {
        for (; at > 0 && bars->plans[at - 1].frame.step > frame->step; at--)
            bars->plans[at] = bars->plans[at - 1];
        bars->time_count++;
    } else {
        plan.measure = at - bars->time_count;
    }
    bars->plans[at] = plan;
    bars->frame_count++;
}

void plan_make(tw_bars *bars) {
    for (uint32_t i = 0; i < bars->config.frame_count; i++)
        if (bars->config.frames[i].kind == TW_BARS_TIME)
            add_plan(bars, i);
    for (uint32_t i = 0; i < bars->config.frame_count; i++)
        if (bars->config.frames[i].kind != TW_BARS_TIME)
            add_plan(bars, i);
    for (uint32_t i = 0; i < bars->time_count; i++) {
        for (uint32_t j = 0; j < i; j++)
            if (is_made_of(bars, &bars->plans[i], &bars->plans[j]))
                bars->plans[i].source = j;
        if (bars->plans[i].source == FRAME_NONE)
            bars->root_mask |= UINT32_C(1) << i;
        else
            bars->plans[bars->plans[i].source].fed |= UINT32_C(1) << i;
    }
}

static bool needs_extras(const tw_bars_config *config) {
    bool needed = config->has_conditions;
    for (uint32_t i = 0; i < config->frame_count; i++)
        needed = needed || (config->frames[i].kind >= TW_BARS_TICK_RUNS &&
                            config->frames[i].kind <= TW_BARS_VALUE_RUNS);
    return needed;
}

static size_t lines_of(size_t size) {
    return (size + sizeof(bar_line) - 1) / sizeof(bar_line);
}

void plan_lay_out(tw_bars *bars) {
    size_t measures = bars->frame_count - bars->time_count;
    size_t size = sizeof(bar_state) + bars->frame_count * sizeof(bar_slot);
    bars->has_extras = needs_extras(&bars->config);
    bars->extra_offset = size;
    size += bars->has_extras ? bars->frame_count * sizeof(bar_extra) : 0;
    size = lines_of(size) * sizeof(bar_line);
    bars->measure_offset = size;
    size += measures * sizeof(bar_measure);
    bars->state_size = lines_of(size);
    bars->line_count = bars->state_size * bars->config.symbol_count_max;
    bars->is_plain = bars->root_mask == 1 && measures == 0 && !bars->has_extras &&
                     bars->config.horizon_ns == 0 && bars->config.empty_count_max == 0 &&
                     !bars->plans[0].is_local;
}

void state_clear(const tw_bars *bars, bar_state *state, tw_symbol symbol) {
    state->symbol = symbol;
    state->volume_room = INT64_MAX;
    state->begin_ns = INT64_MAX;
    for (uint32_t i = 0; i < bars->frame_count; i++) {
        slot_reset(slot_of(state, i), extra_of(bars, state, i));
        if (bars->plans[i].measure != FRAME_NONE)
            measure_clear(bars, measure_of(bars, state, i), i);
    }
}

int64_t tw_bars_start(int64_t time_ns, int64_t timeframe_ns) {
    TW_ASSERT(timeframe_ns > 0 && time_ns >= INT64_MIN + 2 * TIMEFRAME_NS_MAX);
    int64_t into = (time_ns - origin_of(timeframe_ns)) % timeframe_ns;
    return time_ns - (into < 0 ? into + timeframe_ns : into);
}
