/*
 * bar_walk.c - three sources, one after the other, forwards or backwards.
 *
 * Only those bars of a source are looked at that can lie in the range: the fold says when to stop,
 * and each source is entered at the range's own end.
 */
#include "bar_walk.h"

#include "past_minutes.h"
#include "session.h"

typedef struct walk {
    const tw_exchange *exchange;
    tw_symbol symbol;
    const bar_range *range;
    int64_t end_ns; /* what is at or after this lies in no bar of the range */
    bar_fold fold;
    tw_bar today; /* of bars of days: the newest day, with the minute that is not over */
} walk;

/* ---- the history --------------------------------------------------------------------------- */

static bool take_minutes_of(walk *w, const tw_bar *day) {
    const minutes_of_day *minutes = past_minutes_of(w->exchange->past_minutes, day);
    uint32_t last = minutes->count - 1;
    for (uint32_t k = 0; k <= last; k++) {
        if (!bar_fold_take(&w->fold, &minutes->bars[w->range->descending ? last - k : k]))
            return false;
    }
    return true;
}

static bool take_hours_of(walk *w, const tw_bar *day) {
    const hours_of_day *hours = past_hours_of(w->exchange->past_minutes, day);
    uint32_t last = hours->count - 1;
    for (uint32_t k = 0; k <= last; k++) {
        if (!bar_fold_take_part(&w->fold, &hours->parts[w->range->descending ? last - k : k]))
            return false;
    }
    return true;
}

/* What the range's bars are made of: minutes, hours, or the day itself. */
static bool take_day(walk *w, const tw_bar *day) {
    switch (w->range->frame.unit) {
    case BAR_MINUTE:
        return take_minutes_of(w, day);
    case BAR_HOUR:
        return take_hours_of(w, day);
    case BAR_DAY:
    case BAR_WEEK:
    case BAR_MONTH:
        break;
    }
    return bar_fold_take(&w->fold, day);
}

static bool take_history(walk *w) {
    bool intraday = bar_frame_is_intraday(w->range->frame);
    int64_t own_ns = w->exchange->first_day_ns;
    if (w->range->from_ns >= own_ns)
        return true;
    uint32_t count = 0;
    const daily_history *history = w->exchange->history;
    const tw_bar *days = daily_history_bars(history, w->symbol, &count);
    uint32_t end =
        daily_history_before(history, w->symbol, w->end_ns < own_ns ? w->end_ns : own_ns);
    uint32_t begin = daily_history_before(history, w->symbol, w->range->from_ns);
    if (intraday && begin > 0)
        begin--; /* its minutes may reach into the range */
    for (uint32_t i = begin; i < end; i++) {
        const tw_bar *day = &days[w->range->descending ? end - 1 - (i - begin) : i];
        if (!take_day(w, day))
            return false;
    }
    return true;
}

/* ---- since the exchange began -------------------------------------------------------------- */

/* A minute that no trade is told of is none; today is taken by itself. */
static bool take_record(walk *w, const tw_bar *bar) {
    bool is_today = w->today.count > 0 && bar->time_ns == w->today.time_ns;
    return bar->count == 0 || is_today || bar_fold_take(&w->fold, bar);
}

static bool take_own_ascending(walk *w, const record_series *own) {
    record_place place;
    if (!record_series_seek(own, w->symbol, w->range->from_ns, &place))
        return true;
    do {
        if (!take_record(w, record_series_at(own, place)))
            return false;
    } while (record_series_next(own, &place));
    return true;
}

static bool take_own_descending(walk *w, const record_series *own) {
    record_place place;
    if (record_series_seek(own, w->symbol, w->end_ns, &place)) {
        if (!record_series_previous(own, &place))
            return true;
    } else if (!record_series_last(own, w->symbol, &place)) {
        return true;
    }
    do {
        if (!take_record(w, record_series_at(own, place)))
            return false;
    } while (record_series_previous(own, &place));
    return true;
}

static bool take_own(walk *w) {
    const market_past *past = &w->exchange->past;
    const record_series *own = bar_frame_is_intraday(w->range->frame) ? past->minutes : past->days;
    return w->range->descending ? take_own_descending(w, own) : take_own_ascending(w, own);
}

static bool take_now(walk *w) {
    tw_bar minute;
    if (w->today.count > 0)
        return bar_fold_take(&w->fold, &w->today);
    return !trade_reports_minute_now(w->exchange, w->symbol, &minute) ||
           bar_fold_take(&w->fold, &minute);
}

/* Bars of days have today in one piece: the minutes of the evening do not move its prices. */
static void find_today(walk *w) {
    tw_bar minute;
    if (bar_frame_is_intraday(w->range->frame))
        return;
    if (!trade_reports_minute_now(w->exchange, w->symbol, &minute))
        minute = (tw_bar){.symbol = w->symbol};
    if (!market_past_today(&w->exchange->past, &minute, &w->today))
        w->today.count = 0;
}

/* A source that the fold has left ends the walk, but not before the last bar was handed out. */
bool bar_walk(const tw_exchange *exchange, tw_symbol symbol, const bar_range *range, bar_sink sink,
              void *context) {
    walk w = {.exchange = exchange, .symbol = symbol, .range = range};
    if (range->from_ns > range->to_ns)
        return true;
    w.end_ns = bar_frame_next(range->frame, bar_frame_start(range->frame, range->to_ns));
    w.fold = (bar_fold){.range = range, .sink = sink, .context = context};
    find_today(&w);
    if (range->descending) {
        if (take_now(&w) && take_own(&w))
            take_history(&w);
    } else if (take_history(&w) && take_own(&w)) {
        take_now(&w);
    }
    return bar_fold_end(&w.fold);
}
