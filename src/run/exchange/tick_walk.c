/* tick_walk.c - two sources, one after the other, each entered at the range's end. */
#include "tick_walk.h"

#include <string.h>

#include "made_ticks.h"
#include "session.h"

typedef struct walk {
    const tw_exchange *exchange;
    tw_symbol symbol;
    const tick_range *range;
    int64_t from_ns; /* of the range, or behind what it goes on behind */
    int64_t to_ns;
    int64_t own_ns; /* where the market's own begin */
    tick_sink sink;
    void *context;
} walk;

/* ---- made ---------------------------------------------------------------------------------- */

/* The range goes on behind a made record, and this is it or one before. */
static bool is_behind(const walk *w, uint64_t number) {
    const tick_range *range = w->range;
    if (!range->resumed || range->behind_ns >= w->own_ns)
        return true;
    return range->descending ? number < range->behind_number : number > range->behind_number;
}

static bool take_made(const walk *w, const made_minute *minute, uint64_t k) {
    int64_t time_ns = w->range->quotes ? made_quote_time(minute, k) : made_trade_time(minute, k);
    uint64_t number = minute->first_id + k;
    if (time_ns < w->from_ns || time_ns > w->to_ns || !is_behind(w, number))
        return true;
    if (w->range->quotes) {
        tw_quote quote;
        made_quote(minute, k, &quote);
        return w->sink(w->context, &quote, time_ns, number);
    }
    tw_trade trade;
    made_trade(minute, k, &trade);
    return w->sink(w->context, &trade, time_ns, number);
}

static bool take_minute(const walk *w, const made_minute *minute) {
    uint64_t count = minute->bar->count;
    int64_t start_ns = minute->bar->time_ns;
    if (start_ns > w->to_ns || start_ns + TW_NS_PER_MINUTE <= w->from_ns)
        return true;
    for (uint64_t i = 0; i < count; i++)
        if (!take_made(w, minute, w->range->descending ? count - 1 - i : i))
            return false;
    return true;
}

static bool take_day(const walk *w, const tw_bar *day) {
    const minutes_of_day *minutes = past_minutes_of(w->exchange->past_minutes, day);
    bool descending = w->range->descending;
    uint64_t id = made_day_id(session_day_of(day->time_ns)) + 1 + (descending ? day->count : 0);
    for (uint32_t i = 0; i < minutes->count; i++) {
        const tw_bar *bar = &minutes->bars[descending ? minutes->count - 1 - i : i];
        id -= descending ? bar->count : 0;
        const made_minute minute = {bar, w->exchange->config.seed, id};
        id += descending ? 0 : bar->count;
        if (!take_minute(w, &minute))
            return false;
    }
    return true;
}

static bool take_history(const walk *w) {
    const daily_history *history = w->exchange->history;
    if (w->from_ns >= w->own_ns)
        return true;
    uint32_t count = 0;
    const tw_bar *days = daily_history_bars(history, w->symbol, &count);
    int64_t end_ns = w->to_ns < w->own_ns - 1 ? w->to_ns + 1 : w->own_ns;
    uint32_t end = daily_history_before(history, w->symbol, end_ns);
    uint32_t begin = daily_history_before(history, w->symbol, w->from_ns);
    begin -= begin > 0; /* it may reach into the range */
    for (uint32_t i = begin; i < end; i++)
        if (!take_day(w, &days[w->range->descending ? end - 1 - (i - begin) : i]))
            return false;
    return true;
}

/* ---- own ----------------------------------------------------------------------------------- */

/* Where the records of the range begin: at its end, or behind the record that it names. */
static bool enter(const walk *w, const record_series *records, record_place *ret_place) {
    const tick_range *range = w->range;
    bool behind = range->resumed && range->behind_ns >= w->own_ns;
    if (!range->descending)
        return behind ? record_series_find(records, w->symbol, range->behind_number + 1, ret_place)
                      : record_series_seek(records, w->symbol, w->from_ns, ret_place);
    bool above = behind ? record_series_find(records, w->symbol, range->behind_number, ret_place)
                        : record_series_seek(records, w->symbol, w->to_ns + 1, ret_place);
    if (!above)
        return record_series_last(records, w->symbol, ret_place);
    return record_series_previous(records, ret_place);
}

/* A trade that is not on the tape yet is told nowhere. */
static bool is_told(const walk *w, const void *record) {
    return w->range->quotes || ((const tw_trade *)record)->mark != PAST_UNREPORTED;
}

static bool take_own(const walk *w) {
    const market_past *past = &w->exchange->past;
    const record_series *records = w->range->quotes ? past->quotes : past->trades;
    record_place place;
    bool there = enter(w, records, &place);
    while (there) {
        int64_t time_ns = record_series_time(records, place);
        if (time_ns < w->from_ns || time_ns > w->to_ns)
            return true;
        const void *record = record_series_at(records, place);
        if (is_told(w, record) &&
            !w->sink(w->context, record, time_ns, record_series_number(records, place)))
            return false;
        there = w->range->descending ? record_series_previous(records, &place)
                                     : record_series_next(records, &place);
    }
    return true;
}

/* ---- all ----------------------------------------------------------------------------------- */

bool tick_walk(const tw_exchange *exchange, tw_symbol symbol, const tick_range *range,
               tick_sink sink, void *context) {
    walk w = {.exchange = exchange,
              .symbol = symbol,
              .range = range,
              .from_ns = range->from_ns,
              .to_ns = range->to_ns,
              .own_ns = exchange->first_day_ns,
              .sink = sink,
              .context = context};
    if (range->resumed && range->descending && range->behind_ns < w.to_ns)
        w.to_ns = range->behind_ns;
    if (range->resumed && !range->descending && range->behind_ns > w.from_ns)
        w.from_ns = range->behind_ns;
    if (w.from_ns > w.to_ns)
        return true;
    if (range->descending)
        return take_own(&w) && take_history(&w);
    return take_history(&w) && take_own(&w);
}

static bool keep_trade(void *context, const void *record, int64_t time_ns, uint64_t number) {
    (void)time_ns;
    (void)number;
    *(tw_trade *)context = *(const tw_trade *)record;
    return !past_trade_counts(record);
}

static bool keep_quote(void *context, const void *record, int64_t time_ns, uint64_t number) {
    (void)time_ns;
    (void)number;
    *(tw_quote *)context = *(const tw_quote *)record;
    return false;
}

bool tick_newest_trade(const tw_exchange *exchange, tw_symbol symbol, int64_t at_ns,
                       tw_trade *ret_trade) {
    const tick_range range = {.descending = true, .from_ns = INT64_MIN / 2, .to_ns = at_ns};
    return !tick_walk(exchange, symbol, &range, keep_trade, ret_trade);
}

bool tick_newest_quote(const tw_exchange *exchange, tw_symbol symbol, int64_t at_ns,
                       tw_quote *ret_quote) {
    const tick_range range = {
        .quotes = true, .descending = true, .from_ns = INT64_MIN / 2, .to_ns = at_ns};
    return !tick_walk(exchange, symbol, &range, keep_quote, ret_quote);
}
