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

#include "bars_priv.h"

typedef struct kept_trade {
    int64_t time_ns;
    int64_t price;
    int64_t volume;
    uint64_t id;
    uint8_t side;
    uint8_t moves;
    uint8_t reason;
    uint8_t reserved[5];
} kept_trade;

typedef struct issued_bar {
    tw_bar bar;
    tw_bars_detail detail;
    bool is_withdrawn;
    bool is_seen; /* by the replay at hand */
} issued_bar;

/* Of one symbol; its trades and bars are rings. */
typedef struct symbol_history {
    int64_t newest_ns; /* of all trades; INT64_MIN: none */
    int64_t settled_ns;
    int64_t kept_volume;
    uint32_t trade_first;
    uint32_t trade_count;
    uint32_t bar_first;
    uint32_t bar_count;
    uint32_t withdrawn_count;
    uint32_t search_hint;
    bool is_flooded; /* a bar could not be remembered */
} symbol_history;

struct bar_history {
    int64_t now_ns; /* of tw_bars_advance */
    symbol_history *symbols;
    kept_trade *trades; /* [symbol_count_max][horizon_trade_max] */
    issued_bar *issued; /* [symbol_count_max][horizon_bar_max] */
    bar_line *settled;  /* as tw_bars.states */
};

/* The place of one call: what sinks are given as their context. */
typedef struct history_pass {
    tw_bars *bars;
    tw_symbol symbol;
    symbol_history *of;
    const bar_target *target; /* the caller's */
    size_t made;
} history_pass;

static size_t trade_room(const tw_bars *bars) {
    return (size_t)bars->config.symbol_count_max * bars->config.horizon_trade_max;
}

static size_t bar_room(const tw_bars *bars) {
    return (size_t)bars->config.symbol_count_max * bars->config.horizon_bar_max;
}

/* ---- Life ---------------------------------------------------------------------------------- */

static bar_state *settled_of(const tw_bars *bars, tw_symbol symbol) {
    return (bar_state *)(void *)&bars->history->settled[(size_t)symbol * bars->state_size];
}

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
    state_clear(bars, settled_of(bars, symbol));
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

/* ---- Kept trades --------------------------------------------------------------------------- */

static kept_trade *trade_at(const tw_bars *bars, tw_symbol symbol, uint32_t index) {
    const symbol_history *of = &bars->history->symbols[symbol];
    uint32_t capacity = bars->config.horizon_trade_max;
    uint64_t at = ((uint64_t)of->trade_first + index) % capacity;
    return &bars->history->trades[(size_t)symbol * capacity + at];
}

static bar_feed feed_of_kept(const kept_trade *kept) {
    return (bar_feed){
        .value = (bar_wide)kept->price * (bar_wide)kept->volume,
        .time_ns = kept->time_ns,
        .open = kept->price,
        .high = kept->price,
        .low = kept->price,
        .close = kept->price,
        .price = kept->price,
        .volume = kept->volume,
        .count = 1,
        .side = kept->side,
        .moves = kept->moves,
        .reason = kept->reason,
    };
}

static kept_trade kept_of_feed(const bar_feed *feed, uint64_t id) {
    return (kept_trade){.time_ns = feed->time_ns,
                        .price = feed->price,
                        .volume = feed->volume,
                        .id = id,
                        .side = feed->side,
                        .moves = feed->moves,
                        .reason = feed->reason};
}

/* Where a trade of that time goes: behind those that are not later (invariant 1). */
static uint32_t place_of(const tw_bars *bars, tw_symbol symbol, int64_t time_ns) {
    uint32_t at = bars->history->symbols[symbol].trade_count;
    while (at > 0 && trade_at(bars, symbol, at - 1)->time_ns > time_ns)
        at--;
    return at;
}

static void insert_at(tw_bars *bars, tw_symbol symbol, uint32_t at, const kept_trade *kept) {
    symbol_history *of = &bars->history->symbols[symbol];
    TW_ASSERT(of->trade_count < bars->config.horizon_trade_max);
    for (uint32_t i = of->trade_count; i > at; i--)
        *trade_at(bars, symbol, i) = *trade_at(bars, symbol, i - 1);
    *trade_at(bars, symbol, at) = *kept;
    of->trade_count++;
    of->kept_volume += kept->volume;
}

static void remove_at(tw_bars *bars, tw_symbol symbol, uint32_t at) {
    symbol_history *of = &bars->history->symbols[symbol];
    of->kept_volume -= trade_at(bars, symbol, at)->volume;
    for (uint32_t i = at; i + 1 < of->trade_count; i++)
        *trade_at(bars, symbol, i) = *trade_at(bars, symbol, i + 1);
    of->trade_count--;
}

/* The newest one with an id, or trade_count. */
static uint32_t find_trade(const tw_bars *bars, tw_symbol symbol, uint64_t id) {
    uint32_t count = bars->history->symbols[symbol].trade_count;
    for (uint32_t i = count; id != 0 && i > 0; i--)
        if (trade_at(bars, symbol, i - 1)->id == id)
            return i - 1;
    return count;
}

/* ---- Issued bars --------------------------------------------------------------------------- */

static issued_bar *issued_at(const tw_bars *bars, tw_symbol symbol, uint32_t index) {
    const symbol_history *of = &bars->history->symbols[symbol];
    uint32_t capacity = bars->config.horizon_bar_max;
    uint64_t at = ((uint64_t)of->bar_first + index) % capacity;
    return &bars->history->issued[(size_t)symbol * capacity + at];
}

static uint32_t plan_of(const tw_bars *bars, uint32_t index) {
    uint32_t at = 0;
    while (bars->plans[at].index != index)
        at++;
    return at;
}

/* A bar that the settled state has passed can change no more. */
static bool is_final(const tw_bars *bars, tw_symbol symbol, const issued_bar *issued) {
    uint32_t frame = plan_of(bars, issued->detail.frame);
    const bar_slot *slot = slot_of(settled_of(bars, symbol), frame);
    if (bars->plans[frame].measure == FRAME_NONE)
        return issued->detail.end_ns <= slot->start_ns;
    return issued->detail.sequence < slot->sequence;
}

static void forget_final(tw_bars *bars, tw_symbol symbol) {
    symbol_history *of = &bars->history->symbols[symbol];
    while (of->bar_count > 0 && is_final(bars, symbol, issued_at(bars, symbol, 0))) {
        of->withdrawn_count -= issued_at(bars, symbol, 0)->is_withdrawn;
        of->bar_first = (of->bar_first + 1) % bars->config.horizon_bar_max;
        of->bar_count--;
        of->search_hint = 0;
    }
}

static bool is_same_bar(const tw_bars *bars, const tw_bars_detail *a, const tw_bars_detail *b) {
    if (a->frame != b->frame)
        return false;
    bool is_time = bars->plans[plan_of(bars, a->frame)].measure == FRAME_NONE;
    return is_time ? a->start_ns == b->start_ns : a->sequence == b->sequence;
}

/* Looks from where the last one was found: a replay asks in about the order of the ring. */
static issued_bar *find_issued(const history_pass *pass, const tw_bars_detail *detail) {
    symbol_history *of = pass->of;
    for (uint32_t i = 0; i < of->bar_count; i++) {
        uint32_t at = (of->search_hint + i) % of->bar_count;
        issued_bar *issued = issued_at(pass->bars, pass->symbol, at);
        if (is_same_bar(pass->bars, &issued->detail, detail)) {
            of->search_hint = (at + 1) % of->bar_count;
            return issued;
        }
    }
    return NULL;
}

static void hand_out(history_pass *pass, const tw_bar *bar, const tw_bars_detail *detail) {
    pass->bars->counts.bars[detail->frame]++;
    pass->bars->counts.revisions[detail->frame] += bar->revision > 0;
    pass->made++;
    pass->target->sink(pass->target->context, bar, detail);
}

static issued_bar *remember(history_pass *pass, const tw_bar *bar, const tw_bars_detail *detail) {
    symbol_history *of = pass->of;
    if (of->bar_count == pass->bars->config.horizon_bar_max) {
        of->is_flooded = true;
        return NULL;
    }
    issued_bar *issued = issued_at(pass->bars, pass->symbol, of->bar_count++);
    *issued = (issued_bar){.bar = *bar, .detail = *detail, .is_seen = true};
    return issued;
}

static bool is_equal(const issued_bar *issued, const tw_bar *bar, const tw_bars_detail *detail) {
    return !issued->is_withdrawn && memcmp(&issued->bar, bar, sizeof *bar) == 0 &&
           memcmp(&issued->detail, detail, sizeof *detail) == 0;
}

/* A bar out of a replay: new, as it was, or another. */
static void on_replayed(void *context, const tw_bar *bar, const tw_bars_detail *detail) {
    history_pass *pass = context;
    issued_bar *issued = find_issued(pass, detail);
    tw_bar revised = *bar;
    if (issued == NULL) {
        (void)remember(pass, bar, detail);
        hand_out(pass, bar, detail);
        return;
    }
    issued->is_seen = true;
    revised.revision = issued->bar.revision;
    if (is_equal(issued, &revised, detail))
        return;
    revised.revision++;
    pass->of->withdrawn_count -= issued->is_withdrawn;
    issued->is_withdrawn = false;
    issued->bar = revised;
    issued->detail = *detail;
    hand_out(pass, &revised, detail);
}

/* A bar of the live state: it is new, unless one in its place was withdrawn. */
static void on_live(void *context, const tw_bar *bar, const tw_bars_detail *detail) {
    history_pass *pass = context;
    if (pass->of->withdrawn_count > 0) {
        on_replayed(context, bar, detail);
        return;
    }
    (void)remember(pass, bar, detail);
    hand_out(pass, bar, detail);
}

static void on_nothing(void *context, const tw_bar *bar, const tw_bars_detail *detail) {
    (void)context;
    (void)bar;
    (void)detail;
}

/* Bars that a replay did not make again. */
static void withdraw_unseen(history_pass *pass) {
    for (uint32_t i = 0; i < pass->of->bar_count; i++) {
        issued_bar *issued = issued_at(pass->bars, pass->symbol, i);
        if (issued->is_seen || issued->is_withdrawn || is_final(pass->bars, pass->symbol, issued))
            continue; /* what is final waits for its turn to be forgotten */
        tw_bar gone;
        memset(&gone, 0, sizeof gone);
        gone.time_ns = issued->bar.time_ns;
        gone.timeframe_ns = issued->bar.timeframe_ns;
        gone.symbol = issued->bar.symbol;
        gone.revision = issued->bar.revision + 1;
        tw_bars_detail detail;
        memset(&detail, 0, sizeof detail);
        detail.start_ns = issued->detail.start_ns;
        detail.end_ns = issued->detail.end_ns;
        detail.sequence = issued->detail.sequence;
        detail.frame = issued->detail.frame;
        detail.flags = TW_BARS_WITHDRAWN;
        issued->bar = gone;
        issued->detail = detail;
        issued->is_withdrawn = true;
        pass->of->withdrawn_count++;
        hand_out(pass, &gone, &detail);
    }
}

/* ---- Settling ------------------------------------------------------------------------------ */

static const bar_target nowhere = {on_nothing, NULL};

static void settle_first(tw_bars *bars, tw_symbol symbol) {
    symbol_history *of = &bars->history->symbols[symbol];
    kept_trade oldest = *trade_at(bars, symbol, 0);
    bar_feed feed = feed_of_kept(&oldest);
    bars->counting = &bars->ignored; /* it was counted when it went into the live state */
    (void)state_take(bars, symbol, settled_of(bars, symbol), &feed, INT64_MIN, &nowhere);
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
    while (of->trade_count > 0 && trade_at(bars, symbol, 0)->time_ns < until_ns)
        settle_first(bars, symbol);
    if (until_ns <= of->settled_ns)
        return;
    int64_t next_ns = INT64_MAX;
    of->settled_ns = until_ns;
    bars->counting = &bars->ignored;
    (void)time_advance(bars, symbol, settled_of(bars, symbol), until_ns, &next_ns, &nowhere);
    bars->counting = &bars->counts;
    forget_final(bars, symbol);
}

/* A bound is reached: all that is kept settles as it is. */
static void settle_all(tw_bars *bars, tw_symbol symbol) {
    symbol_history *of = &bars->history->symbols[symbol];
    if (of->trade_count > 0) {
        int64_t last_ns = trade_at(bars, symbol, of->trade_count - 1)->time_ns;
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
        forget_final(bars, symbol);
    }
    if (of->bar_count + bars->frame_count <= bars->config.horizon_bar_max)
        return;
    while (of->trade_count > 0 && of->bar_count > bars->config.horizon_bar_max / 2) {
        bars->counts.squeezed++;
        settle_first(bars, symbol);
        forget_final(bars, symbol);
    }
}

/* ---- Replay -------------------------------------------------------------------------------- */

/* Invariant 2. */
static void replay(history_pass *pass) {
    tw_bars *bars = pass->bars;
    bar_state *live = state_of(bars, pass->symbol);
    bar_target target = {on_replayed, pass};
    memcpy(live, settled_of(bars, pass->symbol), bars->state_size * sizeof(bar_line));
    for (uint32_t i = 0; i < pass->of->bar_count; i++)
        issued_at(bars, pass->symbol, i)->is_seen = false;
    pass->of->search_hint = 0;
    bars->counting = &bars->ignored;
    for (uint32_t i = 0; i < pass->of->trade_count; i++) {
        bar_feed feed = feed_of_kept(trade_at(bars, pass->symbol, i));
        (void)state_take(bars, pass->symbol, live, &feed, INT64_MIN, &target);
    }
    int64_t next_ns = INT64_MAX;
    (void)time_advance(bars, pass->symbol, live, watermark_of(bars, pass->symbol), &next_ns,
                       &target);
    bars->next_end_ns = next_ns < bars->next_end_ns ? next_ns : bars->next_end_ns;
    bars->counting = &bars->counts;
    withdraw_unseen(pass);
    settle_if_flooded(pass);
}

/* ---- Calls --------------------------------------------------------------------------------- */

static bool has_room(const tw_bars *bars, tw_symbol symbol, int64_t less, int64_t more) {
    int64_t kept = bars->history->symbols[symbol].kept_volume - less;
    if (more > INT64_MAX - kept)
        return false;
    return state_has_room(bars, settled_of(bars, symbol), INT64_MIN, kept + more);
}

static tw_status count_taken(tw_bars *bars, uint32_t late) {
    uint32_t all = (UINT32_C(1) << bars->frame_count) - 1;
    bars->counts.trades += late != all;
    for (uint32_t i = 0; late >> i != 0; i++)
        bars->counts.late[bars->plans[i].index] += late >> i & 1;
    return late == 0 ? TW_OK : TW_STATE;
}

/* Before what has settled: time frames whose bar has not settled yet take it for good. */
static tw_status push_too_late(history_pass *pass, const bar_feed *feed) {
    tw_bars *bars = pass->bars;
    bar_state *settled = settled_of(bars, pass->symbol);
    uint32_t all = (UINT32_C(1) << bars->frame_count) - 1;
    uint32_t timeless = all & ~((UINT32_C(1) << bars->time_count) - 1);
    bars->counting = &bars->ignored;
    uint32_t late =
        timeless | time_take(bars, pass->symbol, settled, feed, pass->of->settled_ns, &nowhere);
    bars->counting = &bars->counts;
    if (late != all) {
        settled->volume_room -= feed->volume;
        replay(pass);
    }
    return count_taken(bars, late);
}

static tw_status push_in_order(history_pass *pass, const tw_trade *trade, const bar_feed *feed) {
    tw_bars *bars = pass->bars;
    bar_state *live = state_of(bars, pass->symbol);
    bar_target target = {on_live, pass};
    live->volume_room = INT64_MAX; /* has_room answers for the live state */
    uint32_t late = state_take(bars, pass->symbol, live, feed, INT64_MIN, &target);
    tw_status status = count_taken(bars, late);
    if (late != (UINT32_C(1) << bars->frame_count) - 1) {
        kept_trade kept = kept_of_feed(feed, trade->id);
        insert_at(bars, pass->symbol, pass->of->trade_count, &kept);
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
    if (late != (UINT32_C(1) << bars->frame_count) - 1) {
        kept_trade kept = kept_of_feed(feed, trade->id);
        insert_at(bars, pass->symbol, place_of(bars, pass->symbol, feed->time_ns), &kept);
        replay(pass);
    }
    return count_taken(bars, late);
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

tw_status history_cancel(tw_bars *bars, tw_symbol symbol, uint64_t id, const bar_target *target) {
    if (bars->history != NULL)
        settle_old(bars, symbol);
    uint32_t at = bars->history != NULL ? find_trade(bars, symbol, id) : 0;
    if (bars->history == NULL || at == bars->history->symbols[symbol].trade_count) {
        bars->counts.unknown++;
        return TW_NOT_FOUND;
    }
    history_pass pass = pass_of(bars, symbol, target);
    remove_at(bars, symbol, at);
    bars->counts.cancelled++;
    replay(&pass);
    return TW_OK;
}

tw_status history_correct(tw_bars *bars, uint64_t id, const tw_trade *trade, const bar_feed *feed,
                          const bar_target *target) {
    tw_symbol symbol = trade->symbol;
    if (bars->history != NULL)
        settle_old(bars, symbol);
    uint32_t at = bars->history != NULL ? find_trade(bars, symbol, id) : 0;
    if (bars->history == NULL || at == bars->history->symbols[symbol].trade_count) {
        bars->counts.unknown++;
        return TW_NOT_FOUND;
    }
    history_pass pass = pass_of(bars, symbol, target);
    kept_trade old = *trade_at(bars, symbol, at);
    if (feed->time_ns < pass.of->settled_ns)
        return TW_STATE;
    if (!has_room(bars, symbol, old.volume, feed->volume))
        return TW_OVERFLOW;
    kept_trade kept = kept_of_feed(feed, trade->id);
    remove_at(bars, symbol, at);
    if (kept.time_ns != old.time_ns)
        at = place_of(bars, symbol, kept.time_ns);
    insert_at(bars, symbol, at, &kept);
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
        bar_target live = {on_live, &pass};
        (void)time_advance(bars, symbol, state_of(bars, symbol), now_ns, &next_ns, &live);
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
        bar_target live = {on_live, &pass};
        (void)state_flush(bars, symbol, state_of(bars, symbol), &live);
        settle_all(bars, symbol);
        made += pass.made;
    }
    bars->next_end_ns = INT64_MAX;
    return made;
}
