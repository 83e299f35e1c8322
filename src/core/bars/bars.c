/*
 * bars.c - every kind of bar of every symbol from one pass over the trades: the way in.
 *
 * Idea: all that is known of a symbol is one run of memory (bars_priv.h). The usual trade falls
 * into the open window of the one time frame that the others are rolled up from: it is checked,
 * compared and added here, without a loop over frames (take_short). Everything else goes through
 * state_take, which is also what a settled and a live state are made with (bars_history.c).
 *
 * Invariants:
 * 1. A call that is refused has changed nothing: all checks come before the first change.
 * 2. volume_room of a state is at most INT64_MAX less the volume of any of its bars.
 */
#include <string.h>

#include "bars_priv.h"

/* ---- Life ---------------------------------------------------------------------------------- */

tw_status tw_bars_new(const tw_allocator *allocator, const tw_bars_config *config,
                      tw_bars **ret_bars) {
    TW_ASSERT(config != NULL && ret_bars != NULL);
    tw_status status = plan_check(config);
    if (status != TW_OK)
        return status;
    if (allocator == NULL)
        allocator = tw_allocator_system();
    tw_bars *bars = TW_NEW(allocator, 1, tw_bars);
    if (bars == NULL)
        return TW_NO_MEMORY;
    bars->allocator = *allocator;
    bars->config = *config;
    bars->next_end_ns = INT64_MAX;
    bars->counting = &bars->counts;
    plan_make(bars);
    plan_lay_out(bars);
    bars->states = TW_NEW(allocator, bars->line_count, bar_line);
    status = bars->states == NULL ? TW_NO_MEMORY : TW_OK;
    if (status == TW_OK && config->horizon_ns > 0)
        status = history_new(bars);
    if (status == TW_OK && config->run_part_max > 0)
        status = run_new(bars);
    if (status != TW_OK) {
        tw_bars_free(bars);
        return status;
    }
    *ret_bars = bars;
    return TW_OK;
}

void tw_bars_free(tw_bars *bars) {
    if (bars == NULL)
        return;
    tw_allocator allocator = bars->allocator;
    history_free(bars);
    run_free(bars);
    TW_DELETE(&allocator, bars->states, bars->line_count, bar_line);
    TW_DELETE(&allocator, bars, 1, tw_bars);
}

/* ---- Checks -------------------------------------------------------------------------------- */

static int64_t frame_volume(const tw_bars *bars, bar_state *state, uint32_t frame) {
    bar_slot slot;
    bar_extra extra;
    time_current(bars, state, frame, &slot, &extra);
    return slot.volume;
}

bool state_has_room(const tw_bars *bars, bar_state *state, int64_t time_ns, int64_t volume) {
    if (volume <= state->volume_room)
        return true;
    int64_t most = 0;
    for (uint32_t i = 0; i < bars->frame_count; i++) {
        const bar_slot *slot = slot_of(state, i);
        bool joins = bars->plans[i].measure != FRAME_NONE || time_ns < slot->end_ns;
        int64_t held = frame_volume(bars, state, i);
        if (joins && held > INT64_MAX - volume)
            return false;
        most = joins && held > most ? held : most;
    }
    state->volume_room = INT64_MAX - most; /* bars that the trade ends are out of the way */
    return true;
}

static tw_status time_check(const tw_bars *bars, int64_t time_ns) {
    const int64_t zone_begin_ns = -INT64_C(24837) * TW_NS_PER_DAY; /* 1902-01-01 */
    if (time_ns < INT64_MIN + 2 * TIMEFRAME_NS_MAX || time_ns > INT64_MAX - 2 * TIMEFRAME_NS_MAX)
        return TW_RANGE;
    return bars->config.zone != NULL && time_ns < zone_begin_ns ? TW_RANGE : TW_OK;
}

/* Everything that can go wrong with a feed whatever the state is. */
static tw_status feed_check(const tw_bars *bars, tw_symbol symbol, const bar_feed *feed) {
    if (symbol >= bars->config.symbol_count_max)
        return TW_RANGE;
    tw_status status = time_check(bars, feed->time_ns);
    if (status != TW_OK)
        return status;
    if (feed->price <= 0 || feed->volume <= 0)
        return TW_INVALID;
    for (uint32_t i = bars->time_count; i < bars->frame_count; i++)
        if (measure_would_flood(&bars->plans[i].frame, feed))
            return TW_LIMIT;
    return TW_OK;
}

/* ---- Feeds --------------------------------------------------------------------------------- */

static void apply_conditions(const tw_bars *bars, const tw_trade *trade, bar_feed *feed) {
    const tw_bars_conditions *table = bars->config.has_tape_c && trade->tape == 'C'
                                          ? &bars->config.tape_c
                                          : &bars->config.conditions;
    for (size_t i = 0; i < sizeof trade->conditions && trade->conditions[i] != '\0'; i++) {
        uint8_t code = (uint8_t)trade->conditions[i];
        uint8_t moves = code < 128 ? table->moves[code] : TW_BARS_MOVES_ALL;
        if (moves != TW_BARS_MOVES_ALL && feed->moves == TW_BARS_MOVES_ALL)
            feed->reason = table->reasons[code];
        feed->moves &= moves;
    }
}

static bar_feed feed_of_trade(const tw_bars *bars, const tw_trade *trade) {
    int64_t price = trade->price.nano;
    bar_feed feed = {
        .value = (bar_wide)price * (bar_wide)trade->quantity.nano,
        .time_ns = trade->time_ns,
        .open = price,
        .high = price,
        .low = price,
        .close = price,
        .price = price,
        .volume = trade->quantity.nano,
        .count = 1,
        .side = trade->side,
        .moves = TW_BARS_MOVES_ALL,
    };
    if (bars->config.has_conditions)
        apply_conditions(bars, trade, &feed);
    return feed;
}

/* ---- Taking -------------------------------------------------------------------------------- */

tw_status bars_count_taken(tw_bars *bars, uint32_t late) {
    bars->counts.trades += late != frames_all(bars);
    for (uint32_t i = 0; late >> i != 0; i++)
        bars->counts.late[bars->plans[i].index] += late >> i & 1;
    return late == 0 ? TW_OK : TW_STATE;
}

uint32_t state_take(tw_bars *bars, bar_state *state, const bar_feed *feed, int64_t settled_ns,
                    const bar_target *target) {
    if (state->begin_ns == INT64_MAX)
        state->begin_ns = feed->time_ns;
    uint32_t late = time_take(bars, state, feed, settled_ns, target);
    for (uint32_t i = bars->time_count; i < bars->frame_count; i++)
        if (!measure_take(bars, state, i, feed, target))
            late |= UINT32_C(1) << i;
    state->volume_room -= feed->volume;
    return late;
}

static tw_status take_feed(tw_bars *bars, tw_symbol symbol, const bar_feed *feed,
                           const bar_target *target) {
    bar_state *state = state_of(bars, symbol);
    if (!state_has_room(bars, state, feed->time_ns, feed->volume))
        return TW_OVERFLOW;
    if (feed->moves != TW_BARS_MOVES_ALL)
        bars->counts.excluded[feed->reason]++;
    return bars_count_taken(bars, state_take(bars, state, feed, INT64_MIN, target));
}

void bars_make_ready(tw_bars *bars, tw_symbol symbol) {
    for (; bars->ready_count <= symbol; bars->ready_count++) {
        state_clear(bars, state_of(bars, bars->ready_count), bars->ready_count);
        if (bars->history != NULL)
            history_make_ready(bars, bars->ready_count);
    }
}

static tw_status take_trade(tw_bars *bars, const tw_trade *trade, const bar_target *target) {
    bar_feed feed = feed_of_trade(bars, trade);
    tw_status status = feed_check(bars, trade->symbol, &feed);
    if (status != TW_OK)
        return status;
    bars_make_ready(bars, trade->symbol);
    if (bars->history != NULL)
        return history_push(bars, trade, &feed, target);
    return take_feed(bars, trade->symbol, &feed, target);
}

tw_status bars_check_trade(const tw_bars *bars, const tw_trade *trade) {
    bar_feed feed = feed_of_trade(bars, trade);
    return feed_check(bars, trade->symbol, &feed);
}

/* The usual trade: in order, and in the bar of the only root or in the next one. A window that is
 * open says that times near it are in range; that no frame was late for the trade before says that
 * none is now. */
static inline bool take_short(tw_bars *bars, const tw_trade *trade, const bar_target *target) {
    if (trade->symbol >= bars->ready_count)
        return false;
    bar_state *state = state_of(bars, trade->symbol);
    bar_slot *slot = slot_of(state, 0);
    int64_t price = trade->price.nano;
    int64_t volume = trade->quantity.nano;
    if (trade->time_ns < slot->close_ns || slot->count == 0 || slot->is_uneven != 0 || price <= 0 ||
        volume <= 0 || volume > state->volume_room)
        return false;
    if (trade->time_ns >= slot->end_ns) {
        if (trade->time_ns > INT64_MAX - 2 * TIMEFRAME_NS_MAX)
            return false;
        time_next(bars, state, trade, target);
    } else {
        slot->high = price > slot->high ? price : slot->high;
        slot->low = price < slot->low ? price : slot->low;
        slot->close = price;
        slot->close_ns = trade->time_ns;
        slot->volume += volume;
        slot->count++;
        slot->value += (bar_wide)(uint64_t)price * (uint64_t)volume;
    }
    state->volume_room -= volume;
    bars->counts.trades++;
    return true;
}

tw_status tw_bars_push(tw_bars *bars, const tw_trade *trade, tw_bars_sink sink, void *context) {
    TW_ASSERT(bars != NULL && trade != NULL && sink != NULL);
    bar_target target = {sink, context};
    if (bars->is_plain && take_short(bars, trade, &target))
        return TW_OK;
    return take_trade(bars, trade, &target);
}

tw_status tw_bars_push_many(tw_bars *bars, const tw_trade *trades, size_t count, tw_bars_sink sink,
                            void *context, size_t *ret_taken) {
    TW_ASSERT(bars != NULL && (trades != NULL || count == 0) && sink != NULL && ret_taken != NULL);
    bar_target target = {sink, context};
    for (size_t i = 0; i < count; i++) {
        if (bars->is_plain && take_short(bars, &trades[i], &target))
            continue;
        tw_status status = take_trade(bars, &trades[i], &target);
        if (status != TW_OK && status != TW_STATE) {
            *ret_taken = i;
            return status;
        }
    }
    *ret_taken = count;
    return TW_OK;
}

/* high + low + close over 3 at 1e-9, then to the unit; both to nearest, ties to even. */
static int64_t mean_price(const tw_bar *bar, int64_t unit) {
    bar_signed sum = (bar_signed)bar->high.nano + bar->low.nano + bar->close.nano;
    bar_signed step = unit > 0 ? (bar_signed)unit * 3 : 3;
    bar_signed parts = sum / step;
    bar_signed rest = sum % step;
    if (rest * 2 > step || (rest * 2 == step && parts % 2 != 0))
        parts++;
    int64_t price = (int64_t)(parts * (unit > 0 ? unit : 1));
    return price > 0 ? price : bar->close.nano;
}

static bool bar_is_valid(const tw_bar *bar) {
    int64_t upper = bar->open.nano > bar->close.nano ? bar->open.nano : bar->close.nano;
    int64_t lower = bar->open.nano > bar->close.nano ? bar->close.nano : bar->open.nano;
    return bar->low.nano > 0 && bar->low.nano <= lower && bar->high.nano >= upper &&
           bar->high.nano < INT64_MAX / 2 && bar->volume.nano > 0 && bar->vwap.nano >= 0;
}

tw_status tw_bars_push_bar(tw_bars *bars, const tw_bar *bar, tw_price price_unit, tw_bars_sink sink,
                           void *context) {
    TW_ASSERT(bars != NULL && bar != NULL && sink != NULL && price_unit.nano >= 0);
    if (bars->history != NULL)
        return TW_UNSUPPORTED;
    if (!bar_is_valid(bar))
        return TW_INVALID;
    int64_t price = bar->vwap.nano > 0 ? bar->vwap.nano : mean_price(bar, price_unit.nano);
    bar_feed feed = {
        .value = (bar_wide)price * (bar_wide)bar->volume.nano,
        .time_ns = bar->time_ns,
        .open = bar->open.nano,
        .high = bar->high.nano,
        .low = bar->low.nano,
        .close = bar->close.nano,
        .price = price,
        .volume = bar->volume.nano,
        .count = bar->count > 0 ? bar->count : 1,
        .moves = TW_BARS_MOVES_ALL,
    };
    tw_status status = feed_check(bars, bar->symbol, &feed);
    if (status != TW_OK)
        return status;
    bars_make_ready(bars, bar->symbol);
    bar_target target = {sink, context};
    return take_feed(bars, bar->symbol, &feed, &target);
}

tw_status tw_bars_cancel(tw_bars *bars, tw_symbol symbol, uint64_t id, tw_bars_sink sink,
                         void *context) {
    TW_ASSERT(bars != NULL && sink != NULL);
    if (symbol >= bars->config.symbol_count_max)
        return TW_RANGE;
    bars_make_ready(bars, symbol);
    bar_target target = {sink, context};
    return history_cancel(bars, symbol, id, &target);
}

tw_status tw_bars_correct(tw_bars *bars, uint64_t id, const tw_trade *trade, tw_bars_sink sink,
                          void *context) {
    TW_ASSERT(bars != NULL && trade != NULL && sink != NULL);
    bar_feed feed = feed_of_trade(bars, trade);
    tw_status status = feed_check(bars, trade->symbol, &feed);
    if (status != TW_OK)
        return status;
    bars_make_ready(bars, trade->symbol);
    bar_target target = {sink, context};
    return history_correct(bars, id, trade, &feed, &target);
}

/* ---- Time and ends ------------------------------------------------------------------------- */

size_t tw_bars_advance(tw_bars *bars, int64_t now_ns, tw_bars_sink sink, void *context) {
    TW_ASSERT(bars != NULL && sink != NULL);
    bar_target target = {sink, context};
    if (bars->history != NULL)
        return history_advance(bars, now_ns, &target);
    if (now_ns < bars->next_end_ns)
        return 0;
    size_t made = 0;
    int64_t next_ns = INT64_MAX;
    for (tw_symbol symbol = 0; symbol < bars->ready_count; symbol++)
        made += time_advance(bars, state_of(bars, symbol), now_ns, &next_ns, &target);
    bars->next_end_ns = next_ns;
    return made;
}

size_t state_flush(tw_bars *bars, bar_state *state, const bar_target *target) {
    size_t made = time_flush(bars, state, target);
    for (uint32_t i = bars->time_count; i < bars->frame_count; i++)
        made += measure_flush(bars, state, i, target);
    return made;
}

size_t tw_bars_flush(tw_bars *bars, tw_bars_sink sink, void *context) {
    TW_ASSERT(bars != NULL && sink != NULL);
    bar_target target = {sink, context};
    if (bars->history != NULL)
        return history_flush(bars, &target);
    size_t made = 0;
    for (tw_symbol symbol = 0; symbol < bars->ready_count; symbol++)
        made += state_flush(bars, state_of(bars, symbol), &target);
    bars->next_end_ns = INT64_MAX;
    return made;
}

/* ---- Questions ----------------------------------------------------------------------------- */

tw_status tw_bars_current(const tw_bars *bars, tw_symbol symbol, uint32_t frame, tw_bar *ret_bar) {
    TW_ASSERT(bars != NULL && ret_bar != NULL);
    if (symbol >= bars->config.symbol_count_max || frame >= bars->frame_count)
        return TW_RANGE;
    if (symbol >= bars->ready_count)
        return TW_EMPTY;
    uint32_t at = plan_of(bars, frame);
    bar_slot slot;
    bar_extra extra;
    time_current(bars, state_of(bars, symbol), at, &slot, &extra);
    tw_bar bar;
    if (slot.count == 0 || !slot_bar(bars, at, &slot, bars->has_extras ? &extra : NULL, &bar))
        return TW_EMPTY;
    bar.symbol = symbol;
    *ret_bar = bar;
    return TW_OK;
}

void tw_bars_count(const tw_bars *bars, tw_bars_counts *ret_counts) {
    TW_ASSERT(bars != NULL && ret_counts != NULL);
    *ret_counts = bars->counts;
}

const char *tw_bars_kind_name(tw_bars_kind kind) {
    static const char *const names[] = {"time",
                                        "tick",
                                        "volume",
                                        "value",
                                        "tick_imbalance",
                                        "volume_imbalance",
                                        "value_imbalance",
                                        "tick_runs",
                                        "volume_runs",
                                        "value_runs",
                                        "renko"};
    TW_ASSERT((size_t)kind < sizeof names / sizeof names[0]);
    return names[kind];
}
