/*
 * market_past.c - five series; a finished minute is also joined to its day.
 *
 * A trade that is told late, taken back or replaced changes the minute it was in: that is made anew
 * from its trades, and its day from its minutes, as long as all of them are remembered.
 */
#include "market_past.h"

#include <string.h>

#include "session.h"

/* The table of market_past.h. */
static const struct {
    uint32_t of_symbol;
    uint32_t in_all;
} bounds[] = {{1u << 16, 1u << 20},
              {1u << 16, 1u << 20},
              {3u << 13, 3u << 19},
              {1u << 10, 1u << 18},
              {1u << 11, 1u << 19}};

static uint32_t record_max(size_t kind, uint32_t symbol_count) {
    uint64_t wanted = (uint64_t)bounds[kind].of_symbol * symbol_count;
    return wanted < bounds[kind].in_all ? (uint32_t)wanted : bounds[kind].in_all;
}

tw_status market_past_init(market_past *past, const tw_allocator *allocator, uint32_t symbol_count,
                           bool always_open) {
    static const size_t sizes[] = {sizeof(tw_trade), sizeof(tw_quote), sizeof(tw_bar),
                                   sizeof(past_day), sizeof(tw_trade)};
    *past = (market_past){.allocator = allocator, .always_open = always_open};
    record_series **const made[] = {&past->trades, &past->quotes, &past->minutes, &past->days,
                                    &past->prints};
    for (size_t kind = 0; kind < sizeof made / sizeof made[0]; kind++) {
        tw_status status = record_series_new(allocator, sizes[kind], record_max(kind, symbol_count),
                                             symbol_count, made[kind]);
        if (status != TW_OK) {
            market_past_done(past);
            return status;
        }
    }
    return TW_OK;
}

void market_past_done(market_past *past) {
    record_series_free(past->trades);
    record_series_free(past->quotes);
    record_series_free(past->minutes);
    record_series_free(past->days);
    record_series_free(past->prints);
    *past = (market_past){0};
}

/* O and 6, of the opening and the close (floor.c). */
bool past_is_print(const tw_trade *trade) {
    return trade->conditions[0] == '@' &&
           (trade->conditions[1] == 'O' || trade->conditions[1] == '6');
}

void market_past_trade(market_past *past, const tw_trade *trade) {
    *(tw_trade *)record_series_push(past->trades, trade->symbol) = *trade;
    if (past_is_print(trade))
        *(tw_trade *)record_series_push(past->prints, trade->symbol) = *trade;
}

bool market_past_print(const market_past *past, tw_symbol symbol, int64_t time_ns,
                       tw_trade *ret_print) {
    record_place place;
    if (!record_series_seek(past->prints, symbol, time_ns, &place))
        return false;
    const tw_trade *print = record_series_at(past->prints, place);
    if (print->time_ns != time_ns)
        return false;
    *ret_print = *print;
    return true;
}

void market_past_quote(market_past *past, const tw_quote *quote) {
    *(tw_quote *)record_series_push(past->quotes, quote->symbol) = *quote;
}

static bool is_of_day(const tw_bar *minute, const tw_bar *day) {
    return minute->time_ns - day->time_ns < 25 * TW_NS_PER_HOUR &&
           session_day_of(minute->time_ns) == session_day_of(day->time_ns);
}

static void set_price(tw_bar *bar, tw_price price) {
    bar->open = bar->high = bar->low = bar->close = price;
}

/* A minute outside of the session has the price that its day has then, so that it moves none; but
 * the one that begins with the close begins with the closing auction. */
static void price_outside(const market_past *past, const past_day *day, tw_bar *minute) {
    tw_trade print;
    if (market_past_print(past, minute->symbol, minute->time_ns, &print))
        set_price(minute, print.price);
    else
        set_price(minute, day->bar.close);
}

/* Adds a minute to its day, whose count is 0 before the first. */
static void add_to_day(const market_past *past, past_day *day, const tw_bar *minute) {
    tw_bar added = *minute;
    bool in_session =
        past->always_open || session_phase_at(minute->time_ns, NULL) == SESSION_REGULAR;
    if (minute->count == 0)
        return;
    if (day->bar.count == 0) {
        added.time_ns = day->bar.time_ns;
        added.timeframe_ns = TW_NS_PER_DAY;
        day->bar = added;
        day->turnover = bar_turnover(&added);
    } else {
        if (in_session && !day->in_session)
            set_price(&day->bar, minute->open);
        else if (!in_session && day->in_session)
            price_outside(past, day, &added);
        bar_join(&day->bar, &day->turnover, &added);
    }
    day->in_session = day->in_session || in_session;
}

static past_day empty_day(const tw_bar *minute) {
    return (past_day){.bar = {.time_ns = session_time_of(session_day_of(minute->time_ns), 0, 0),
                              .timeframe_ns = TW_NS_PER_DAY,
                              .symbol = minute->symbol}};
}

static void join_day(market_past *past, const tw_bar *minute) {
    record_place place;
    past_day *day = NULL;
    if (record_series_last(past->days, minute->symbol, &place))
        day = record_series_at(past->days, place);
    if (day == NULL || !is_of_day(minute, &day->bar)) {
        day = record_series_push(past->days, minute->symbol);
        *day = empty_day(minute);
    }
    add_to_day(past, day, minute);
}

bool market_past_today(const market_past *past, const tw_bar *now, tw_bar *ret_day) {
    record_place place;
    past_day day = {0};
    if (record_series_last(past->days, now->symbol, &place))
        day = *(const past_day *)record_series_at(past->days, place);
    if (now->count > 0 && (day.bar.timeframe_ns == 0 || !is_of_day(now, &day.bar)))
        day = empty_day(now);
    add_to_day(past, &day, now);
    *ret_day = day.bar;
    return day.bar.count > 0;
}

void market_past_minute(market_past *past, const tw_bar *minute) {
    *(tw_bar *)record_series_push(past->minutes, minute->symbol) = *minute;
    join_day(past, minute);
}

/* ---- revisions ----------------------------------------------------------------------------- */

bool past_trade_counts(const tw_trade *trade) {
    return trade->mark == TW_TRADE_STANDS || trade->mark == TW_TRADE_CORRECTED;
}

uint64_t market_past_trade_number(const market_past *past, tw_symbol symbol) {
    record_place place;
    bool there = record_series_last(past->trades, symbol, &place);
    TW_ASSERT(there);
    return record_series_number(past->trades, place);
}

tw_trade *market_past_trade_at(market_past *past, tw_symbol symbol, uint64_t number) {
    record_place place;
    if (!record_series_find(past->trades, symbol, number, &place) ||
        record_series_number(past->trades, place) != number)
        return NULL;
    return record_series_at(past->trades, place);
}

/* Whether all records of a symbol at or after a time are there still. */
static bool remembers(const record_series *series, tw_symbol symbol, int64_t time_ns) {
    record_place place;
    if (!record_series_first(series, symbol, &place))
        return false;
    return record_series_number(series, place) == 0 || record_series_time(series, place) < time_ns;
}

static void add_to_minute(tw_bar *minute, bar_wide *turnover, const tw_trade *trade) {
    tw_price price = trade->price;
    if (minute->count == 0)
        minute->open = minute->high = minute->low = price;
    if (price.nano > minute->high.nano)
        minute->high = price;
    if (price.nano < minute->low.nano)
        minute->low = price;
    minute->close = price;
    minute->volume.nano += trade->quantity.nano;
    minute->count++;
    *turnover += (bar_wide)price.nano * trade->quantity.nano;
}

/* To the nearest, ties to even, as core/bars rounds. */
static int64_t divide(bar_wide turnover, int64_t volume) {
    int64_t quotient = (int64_t)(turnover / volume);
    bar_wide twice = 2 * (turnover % volume);
    return quotient + (twice > volume || (twice == volume && quotient % 2 != 0));
}

bool market_past_remake(const market_past *past, tw_symbol symbol, int64_t minute_ns,
                        tw_bar *ret_minute) {
    record_place place;
    bar_wide turnover = 0;
    if (!remembers(past->trades, symbol, minute_ns))
        return false;
    tw_bar minute = {.time_ns = minute_ns, .timeframe_ns = TW_NS_PER_MINUTE, .symbol = symbol};
    bool there = record_series_seek(past->trades, symbol, minute_ns, &place);
    for (; there; there = record_series_next(past->trades, &place)) {
        const tw_trade *trade = record_series_at(past->trades, place);
        if (trade->time_ns - minute_ns >= TW_NS_PER_MINUTE)
            break;
        if (past_trade_counts(trade))
            add_to_minute(&minute, &turnover, trade);
    }
    if (minute.count > 0)
        minute.vwap.nano = divide(turnover, minute.volume.nano);
    *ret_minute = minute;
    return true;
}

static void remake_day(const market_past *past, past_day *day) {
    record_place place;
    past_day made = empty_day(&day->bar);
    if (!remembers(past->minutes, day->bar.symbol, day->bar.time_ns))
        return;
    bool there = record_series_seek(past->minutes, day->bar.symbol, day->bar.time_ns, &place);
    for (; there; there = record_series_next(past->minutes, &place)) {
        const tw_bar *minute = record_series_at(past->minutes, place);
        if (!is_of_day(minute, &day->bar))
            break;
        add_to_day(past, &made, minute);
    }
    *day = made;
}

bool market_past_revise(market_past *past, const tw_bar *minute, tw_bar *ret_minute) {
    record_place place;
    int64_t day_ns = session_time_of(session_day_of(minute->time_ns), 0, 0);
    if (!record_series_seek(past->minutes, minute->symbol, minute->time_ns, &place))
        return false;
    tw_bar *told = record_series_at(past->minutes, place);
    if (told->time_ns != minute->time_ns)
        return false;
    uint32_t revision = told->revision + 1;
    *told = *minute;
    told->revision = revision;
    *ret_minute = *told;
    if (record_series_seek(past->days, minute->symbol, day_ns, &place))
        remake_day(past, record_series_at(past->days, place));
    return true;
}
