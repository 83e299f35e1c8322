/*
 * bars_issued.c - the trades that are kept of a symbol, and the bars that may still be revised.
 *
 * Idea: two rings. Trades stand in the order of time and shift a few places when one comes late.
 * Bars stand in the order in which they were handed out, which is about the order in which a replay
 * makes them again; so a bar is looked for from where the last one was found.
 */
#include <string.h>

#include "bars_history.h"

/* ---- Kept trades --------------------------------------------------------------------------- */

kept_trade *kept_at(const tw_bars *bars, tw_symbol symbol, uint32_t index) {
    const symbol_history *of = &bars->history->symbols[symbol];
    uint32_t capacity = bars->config.horizon_trade_max;
    uint64_t at = ((uint64_t)of->trade_first + index) % capacity;
    return &bars->history->trades[(size_t)symbol * capacity + at];
}

bar_feed kept_feed(const kept_trade *kept) {
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

kept_trade kept_of_feed(const bar_feed *feed, uint64_t id) {
    return (kept_trade){.time_ns = feed->time_ns,
                        .price = feed->price,
                        .volume = feed->volume,
                        .id = id,
                        .side = feed->side,
                        .moves = feed->moves,
                        .reason = feed->reason};
}

/* Where a trade of that time goes: behind those that are not later (invariant 1). */
uint32_t kept_place(const tw_bars *bars, tw_symbol symbol, int64_t time_ns) {
    uint32_t at = bars->history->symbols[symbol].trade_count;
    while (at > 0 && kept_at(bars, symbol, at - 1)->time_ns > time_ns)
        at--;
    return at;
}

void kept_insert(tw_bars *bars, tw_symbol symbol, uint32_t at, const kept_trade *kept) {
    symbol_history *of = &bars->history->symbols[symbol];
    TW_ASSERT(of->trade_count < bars->config.horizon_trade_max);
    for (uint32_t i = of->trade_count; i > at; i--)
        *kept_at(bars, symbol, i) = *kept_at(bars, symbol, i - 1);
    *kept_at(bars, symbol, at) = *kept;
    of->trade_count++;
    of->kept_volume += kept->volume;
}

void kept_remove(tw_bars *bars, tw_symbol symbol, uint32_t at) {
    symbol_history *of = &bars->history->symbols[symbol];
    of->kept_volume -= kept_at(bars, symbol, at)->volume;
    for (uint32_t i = at; i + 1 < of->trade_count; i++)
        *kept_at(bars, symbol, i) = *kept_at(bars, symbol, i + 1);
    of->trade_count--;
}

/* The newest one with an id, or trade_count. */
uint32_t kept_find(const tw_bars *bars, tw_symbol symbol, uint64_t id) {
    uint32_t count = bars->history->symbols[symbol].trade_count;
    for (uint32_t i = count; id != 0 && i > 0; i--)
        if (kept_at(bars, symbol, i - 1)->id == id)
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

/* A bar that the settled state has passed can change no more. */
static bool is_final(const tw_bars *bars, tw_symbol symbol, const issued_bar *issued) {
    uint32_t frame = plan_of(bars, issued->detail.frame);
    const bar_slot *slot = slot_of(settled_of(bars, symbol), frame);
    if (bars->plans[frame].measure == FRAME_NONE)
        return issued->detail.end_ns <= slot->start_ns;
    return issued->detail.sequence < slot->sequence;
}

void issued_forget_final(tw_bars *bars, tw_symbol symbol) {
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
    bool is_time = bars->config.frames[a->frame].kind == TW_BARS_TIME;
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
void issued_replayed(void *context, const tw_bar *bar, const tw_bars_detail *detail) {
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
void issued_live(void *context, const tw_bar *bar, const tw_bars_detail *detail) {
    history_pass *pass = context;
    if (pass->of->withdrawn_count > 0) {
        issued_replayed(context, bar, detail);
        return;
    }
    (void)remember(pass, bar, detail);
    hand_out(pass, bar, detail);
}

/* Bars that a replay did not make again. */
void issued_withdraw_unseen(history_pass *pass) {
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

void issued_begin_replay(history_pass *pass) {
    for (uint32_t i = 0; i < pass->of->bar_count; i++)
        issued_at(pass->bars, pass->symbol, i)->is_seen = false;
    pass->of->search_hint = 0;
}
