/*
 * bars_history.c - late, cancelled and corrected trades: bars are made anew and handed out again.
 *
 * Idea: of each symbol there are two states. The settled one has taken every trade that can no
 * longer be corrected, the live one those and, in order of time, all trades that are kept. A usual
 * trade goes into the live state and, when the horizon has passed it, into the settled one. Any
 * other change is made to the list of kept trades; then the live state is made anew from a copy of
 * the settled one, and the bars that come out are compared with those that were handed out. So
 * every kind of bar is revised exactly, by the same code that made it.
 *
 *      push in order                            horizon passes, or a bound is reached
 *     -----------------> kept (live state) ---------------------------------------------> settled
 *                          ^   |
 *        late, correct     |   | cancel, correct
 *                          +---+   (replay)
 *
 * Invariants:
 * 1. Kept trades are in order of time, those of one time in order of arrival; none is before
 *    settled_ns.
 * 2. live = settled + kept, with time advanced to the watermark: the newest trade or the clock.
 * 3. `issued` holds every bar that was handed out and that the settled state has not passed, and
 * the last revision of those that were withdrawn.
 * 4. kept_volume is not above volume_room of the settled state: no replay can overflow a bar.
 */
#include <string.h>

#include "bars_history.h"

static size_t trade_room(const tw_bars *bars) {
    return (size_t)bars->config.symbol_count_max * bars->config.horizon_trade_max;
}

static size_t bar_room(const tw_bars *bars) {
    return (size_t)bars->config.symbol_count_max * bars->config.horizon_bar_max;
}

/* ---- Life ---------------------------------------------------------------------------------- */

tw_status history_new(tw_bars *bars) {
    const tw_allocator *allocator = &bars->allocator;
    bar_history *history = TW_NEW(allocator, 1, bar_history);
    if (history == NULL)
        return TW_NO_MEMORY;
    bars->history = history;
    history->now_ns = INT64_MIN;
    history->symbols = TW_NEW(allocator, bars->config.symbol_count_max, symbol_history);
    history->trades = TW_NEW(allocator, trade_room(bars), kept_trade);
    history->issued = TW_NEW(allocator, bar_room(bars), issued_bar);
    history->settled = TW_NEW(allocator, bars->line_count, bar_line);
    if (history->symbols == NULL || history->trades == NULL || history->issued == NULL ||
        history->settled == NULL)
        return TW_NO_MEMORY;
    return TW_OK;
}

void history_make_ready(tw_bars *bars, tw_symbol symbol) {
    state_clear(bars, settled_of(bars, symbol), symbol);
    bars->history->symbols[symbol].newest_ns = INT64_MIN;
    bars->history->symbols[symbol].settled_ns = INT64_MIN;
}

void history_free(tw_bars *bars) {
    bar_history *history = bars->history;
    if (history == NULL)
        return;
    const tw_allocator *allocator = &bars->allocator;
    TW_DELETE(allocator, history->symbols, bars->config.symbol_count_max, symbol_history);
    TW_DELETE(allocator, history->trades, trade_room(bars), kept_trade);
    TW_DELETE(allocator, history->issued, bar_room(bars), issued_bar);
    TW_DELETE(allocator, history->settled, bars->line_count, bar_line);
    TW_DELETE(allocator, history, 1, bar_history);
    bars->history = NULL;
}

/* ---- Settling ------------------------------------------------------------------------------ */

static void on_nothing(void *context, const tw_bar *bar, const tw_bars_detail *detail) {
    (void)context;
    (void)bar;
    (void)detail;
}

static const bar_target nowhere = {on_nothing, NULL};

static void settle_first(tw_bars *bars, tw_symbol symbol) {
    symbol_history *of = &bars->history->symbols[symbol];
    kept_trade oldest = *kept_at(bars, symbol, 0);
    bar_feed feed = kept_feed(&oldest);
    bars->counting = &bars->ignored; /* it was counted when it went into the live state */
    (void)state_take(bars, settled_of(bars, symbol), &feed, INT64_MIN, &nowhere);
    bars->counting = &bars->counts;
    of->trade_first = (of->trade_first + 1) % bars->config.horizon_trade_max;
    of->trade_count--;
    of->kept_volume -= oldest.volume;
    of->settled_ns = oldest.time_ns > of->settled_ns ? oldest.time_ns : of->settled_ns;
}

static int64_t watermark_of(const tw_bars *bars, tw_symbol symbol) {
    int64_t newest_ns = bars->history->symbols[symbol].newest_ns;
    int64_t now_ns = bars->history->now_ns;
    return newest_ns > now_ns ? newest_ns : now_ns;
}

/* What the horizon has passed. */
static void settle_old(tw_bars *bars, tw_symbol symbol) {
    symbol_history *of = &bars->history->symbols[symbol];
    int64_t watermark_ns = watermark_of(bars, symbol);
    if (watermark_ns < INT64_MIN + 2 * TIMEFRAME_NS_MAX)
        return;
    int64_t until_ns = watermark_ns - bars->config.horizon_ns;
    while (of->trade_count > 0 && kept_at(bars, symbol, 0)->time_ns < until_ns)
        settle_first(bars, symbol);
    if (until_ns <= of->settled_ns)
        return;
    int64_t next_ns = INT64_MAX;
    of->settled_ns = until_ns;
    bars->counting = &bars->ignored;
    (void)time_advance(bars, settled_of(bars, symbol), until_ns, &next_ns, &nowhere);
    bars->counting = &bars->counts;
    issued_forget_final(bars, symbol);
}

/* A bound is reached: all that is kept settles as it is. */
static void settle_all(tw_bars *bars, tw_symbol symbol) {
    symbol_history *of = &bars->history->symbols[symbol];
    if (of->trade_count > 0) {
        int64_t last_ns = kept_at(bars, symbol, of->trade_count - 1)->time_ns;
        of->settled_ns = last_ns > of->settled_ns ? last_ns : of->settled_ns;
    }
    memcpy(settled_of(bars, symbol), state_of(bars, symbol), bars->state_size * sizeof(bar_line));
    settled_of(bars, symbol)->volume_room = 0; /* found anew when it is asked for */
    of->trade_count = 0;
    of->bar_count = 0;
    of->withdrawn_count = 0;
    of->search_hint = 0;
    of->kept_volume = 0;
    of->is_flooded = false;
}

static void settle_if_flooded(history_pass *pass) {
    if (!pass->of->is_flooded)
        return;
    pass->bars->counts.squeezed += pass->of->trade_count;
    settle_all(pass->bars, pass->symbol);
}

/* Makes room for a trade and, as far as can be known before, for the bars it ends. */
static void make_room(tw_bars *bars, tw_symbol symbol) {
    symbol_history *of = &bars->history->symbols[symbol];
    if (of->trade_count == bars->config.horizon_trade_max) {
        bars->counts.squeezed++;
        settle_first(bars, symbol);
        issued_forget_final(bars, symbol);
    }
    if (of->bar_count + bars->frame_count <= bars->config.horizon_bar_max)
        return;
    while (of->trade_count > 0 && of->bar_count > bars->config.horizon_bar_max / 2) {
        bars->counts.squeezed++;
        settle_first(bars, symbol);
        issued_forget_final(bars, symbol);
    }
}

/* ---- Replay -------------------------------------------------------------------------------- */

/* Invariant 2. */
static void replay(history_pass *pass) {
    tw_bars *bars = pass->bars;
    bar_state *live = state_of(bars, pass->symbol);
    bar_target target = {issued_replayed, pass};
    memcpy(live, settled_of(bars, pass->symbol), bars->state_size * sizeof(bar_line));
    issued_begin_replay(pass);
    bars->counting = &bars->ignored;
    for (uint32_t i = 0; i < pass->of->trade_count; i++) {
        bar_feed feed = kept_feed(kept_at(bars, pass->symbol, i));
        (void)state_take(bars, live, &feed, INT64_MIN, &target);
    }
    int64_t next_ns = INT64_MAX;
    (void)time_advance(bars, live, watermark_of(bars, pass->symbol), &next_ns, &target);
    bars->next_end_ns = next_ns < bars->next_end_ns ? next_ns : bars->next_end_ns;
    bars->counting = &bars->counts;
    issued_withdraw_unseen(pass);
    settle_if_flooded(pass);
}

/* ---- Calls --------------------------------------------------------------------------------- */

static bool has_room(const tw_bars *bars, tw_symbol symbol, int64_t less, int64_t more) {
    int64_t kept = bars->history->symbols[symbol].kept_volume - less;
    if (more > INT64_MAX - kept)
        return false;
    return state_has_room(bars, settled_of(bars, symbol), INT64_MIN, kept + more);
}

/* Before what has settled: time frames whose bar has not settled yet take it for good. */
static tw_status push_too_late(history_pass *pass, const bar_feed *feed) {
    tw_bars *bars = pass->bars;
    bar_state *settled = settled_of(bars, pass->symbol);
    uint32_t all = frames_all(bars);
    uint32_t timeless = all & ~((UINT32_C(1) << bars->time_count) - 1);
    bars->counting = &bars->ignored;
    uint32_t late = timeless | time_take(bars, settled, feed, pass->of->settled_ns, &nowhere);
    bars->counting = &bars->counts;
    if (late != all) {
        settled->volume_room -= feed->volume;
        replay(pass);
    }
    return bars_count_taken(bars, late);
}

static tw_status push_in_order(history_pass *pass, const tw_trade *trade, const bar_feed *feed) {
    tw_bars *bars = pass->bars;
    bar_state *live = state_of(bars, pass->symbol);
    bar_target target = {issued_live, pass};
    live->volume_room = INT64_MAX; /* has_room answers for the live state */
    uint32_t late = state_take(bars, live, feed, INT64_MIN, &target);
    tw_status status = bars_count_taken(bars, late);
    if (late != frames_all(bars)) {
        kept_trade kept = kept_of_feed(feed, trade->id);
        kept_insert(bars, pass->symbol, pass->of->trade_count, &kept);
    }
    settle_if_flooded(pass);
    return status;
}

/* Frames that were flushed past the time. */
static uint32_t late_mask(const tw_bars *bars, tw_symbol symbol, int64_t time_ns) {
    uint32_t late = 0;
    for (uint32_t i = 0; i < bars->time_count; i++)
        if (time_ns < slot_of(settled_of(bars, symbol), i)->start_ns)
            late |= UINT32_C(1) << i;
    return late;
}

static tw_status push_within(history_pass *pass, const tw_trade *trade, const bar_feed *feed) {
    tw_bars *bars = pass->bars;
    uint32_t late = late_mask(bars, pass->symbol, feed->time_ns);
    if (late != frames_all(bars)) {
        kept_trade kept = kept_of_feed(feed, trade->id);
        kept_insert(bars, pass->symbol, kept_place(bars, pass->symbol, feed->time_ns), &kept);
        replay(pass);
    }
    return bars_count_taken(bars, late);
}

static history_pass pass_of(tw_bars *bars, tw_symbol symbol, const bar_target *target) {
    return (history_pass){
        .bars = bars, .symbol = symbol, .of = &bars->history->symbols[symbol], .target = target};
}

tw_status history_push(tw_bars *bars, const tw_trade *trade, const bar_feed *feed,
                       const bar_target *target) {
    history_pass pass = pass_of(bars, trade->symbol, target);
    if (!has_room(bars, trade->symbol, 0, feed->volume))
        return TW_OVERFLOW;
    if (feed->moves != TW_BARS_MOVES_ALL)
        bars->counts.excluded[feed->reason]++;
    bar_state *settled = settled_of(bars, trade->symbol);
    if (settled->begin_ns == INT64_MAX) { /* it stays, whatever becomes of this trade */
        settled->begin_ns = feed->time_ns;
        state_of(bars, trade->symbol)->begin_ns = feed->time_ns;
    }
    settle_old(bars, trade->symbol);
    if (feed->time_ns >= pass.of->settled_ns)
        make_room(bars, trade->symbol);
    if (feed->time_ns < pass.of->settled_ns)
        return push_too_late(&pass, feed);
    if (feed->time_ns < watermark_of(bars, trade->symbol))
        return push_within(&pass, trade, feed);
    tw_status status = push_in_order(&pass, trade, feed);
    pass.of->newest_ns = feed->time_ns;
    settle_old(bars, trade->symbol);
    return status;
}

/* The kept trade of that id, as far as there is a horizon and it has not settled. */
static bool find_kept(tw_bars *bars, tw_symbol symbol, uint64_t id, uint32_t *ret_at) {
    if (bars->history != NULL) {
        settle_old(bars, symbol);
        *ret_at = kept_find(bars, symbol, id);
        if (*ret_at != bars->history->symbols[symbol].trade_count)
            return true;
    }
    bars->counts.unknown++;
    return false;
}

tw_status history_cancel(tw_bars *bars, tw_symbol symbol, uint64_t id, const bar_target *target) {
    uint32_t at = 0;
    if (!find_kept(bars, symbol, id, &at))
        return TW_NOT_FOUND;
    history_pass pass = pass_of(bars, symbol, target);
    kept_remove(bars, symbol, at);
    bars->counts.cancelled++;
    replay(&pass);
    return TW_OK;
}

tw_status history_correct(tw_bars *bars, uint64_t id, const tw_trade *trade, const bar_feed *feed,
                          const bar_target *target) {
    tw_symbol symbol = trade->symbol;
    uint32_t at = 0;
    if (!find_kept(bars, symbol, id, &at))
        return TW_NOT_FOUND;
    history_pass pass = pass_of(bars, symbol, target);
    kept_trade old = *kept_at(bars, symbol, at);
    if (feed->time_ns < pass.of->settled_ns)
        return TW_STATE;
    if (!has_room(bars, symbol, old.volume, feed->volume))
        return TW_OVERFLOW;
    kept_trade kept = kept_of_feed(feed, trade->id);
    kept_remove(bars, symbol, at);
    if (kept.time_ns != old.time_ns)
        at = kept_place(bars, symbol, kept.time_ns);
    kept_insert(bars, symbol, at, &kept);
    bars->counts.corrected++;
    if (kept.time_ns > pass.of->newest_ns)
        pass.of->newest_ns = kept.time_ns;
    replay(&pass);
    settle_old(bars, symbol);
    return TW_OK;
}

size_t history_advance(tw_bars *bars, int64_t now_ns, const bar_target *target) {
    bar_history *history = bars->history;
    if (now_ns <= history->now_ns)
        return 0;
    history->now_ns = now_ns;
    if (now_ns < bars->next_end_ns)
        return 0;
    size_t made = 0;
    int64_t next_ns = INT64_MAX;
    for (tw_symbol symbol = 0; symbol < bars->ready_count; symbol++) {
        history_pass pass = pass_of(bars, symbol, target);
        bar_target live = {issued_live, &pass};
        (void)time_advance(bars, state_of(bars, symbol), now_ns, &next_ns, &live);
        settle_if_flooded(&pass);
        made += pass.made;
    }
    bars->next_end_ns = next_ns;
    return made;
}

size_t history_flush(tw_bars *bars, const bar_target *target) {
    size_t made = 0;
    for (tw_symbol symbol = 0; symbol < bars->ready_count; symbol++) {
        history_pass pass = pass_of(bars, symbol, target);
        bar_target live = {issued_live, &pass};
        (void)state_flush(bars, state_of(bars, symbol), &live);
        settle_all(bars, symbol);
        made += pass.made;
    }
    bars->next_end_ns = INT64_MAX;
    return made;
}
