/*
 * bar_page.c - minutes in, bars of any longer timeframe out.
 *
 * Invariant: minutes of a symbol reach `take_minute` in the order of time, so a bar is whole when a
 * minute of a later one comes, or when there are no more.
 */
#include "bar_page.h"

#include <stdio.h>

#include "intraday.h"
#include "session.h"
#include "tradewind/bars.h"

/* Puts one bar into the page, or notes that the next page begins with it. False: the page is
 * full. */
static bool add(bar_page *page, const tw_exchange *exchange, const tw_bar *bar) {
    if (page->count == page->limit) {
        snprintf(page->token, sizeof page->token, "%lld-%s", (long long)bar->time_ns,
                 tw_symbols_name(exchange->symbols, bar->symbol));
        return false;
    }
    page->bars[page->count++] = *bar;
    return true;
}

static bool add_daily(bar_page *page, const tw_exchange *exchange, tw_symbol symbol,
                      const bar_range *range) {
    uint32_t count = 0;
    const tw_bar *bars = daily_history_bars(exchange->history, symbol, &count);
    for (uint32_t i = 0; i < count; i++) {
        if (bars[i].time_ns >= range->from_ns && bars[i].time_ns <= range->to_ns &&
            !add(page, exchange, &bars[i]))
            return false;
    }
    return true;
}

/* ---- intraday ------------------------------------------------------------------------------ */

typedef struct roll_up {
    bar_page *page;
    const tw_exchange *exchange;
    const bar_range *range;
    tw_bar bar; /* in progress, if its timeframe is not 0 */
} roll_up;

/* Joins a minute to the bar in progress. */
static void join(tw_bar *bar, const tw_bar *minute) {
    __extension__ typedef __int128 wide;
    wide volume = (wide)bar->volume.nano + minute->volume.nano;
    wide turnover =
        (wide)bar->vwap.nano * bar->volume.nano + (wide)minute->vwap.nano * minute->volume.nano;
    if (minute->high.nano > bar->high.nano)
        bar->high = minute->high;
    if (minute->low.nano < bar->low.nano)
        bar->low = minute->low;
    bar->close = minute->close;
    bar->count += minute->count;
    bar->vwap.nano = volume > 0 ? (int64_t)(turnover / volume) : 0;
    bar->volume.nano = (int64_t)volume;
}

/* Gives out the bar in progress; false when the page is full. */
static bool finish(roll_up *rolled) {
    bool added = rolled->bar.timeframe_ns == 0 || add(rolled->page, rolled->exchange, &rolled->bar);
    rolled->bar.timeframe_ns = 0;
    return added;
}

static bool take_minute(roll_up *rolled, const tw_bar *minute) {
    const bar_range *range = rolled->range;
    int64_t start_ns = tw_bars_start(minute->time_ns, range->timeframe_ns);
    if (start_ns < range->from_ns || start_ns > range->to_ns)
        return true;
    if (rolled->bar.timeframe_ns != 0 && rolled->bar.time_ns == start_ns) {
        join(&rolled->bar, minute);
        return true;
    }
    if (!finish(rolled))
        return false;
    rolled->bar = *minute;
    rolled->bar.time_ns = start_ns;
    rolled->bar.timeframe_ns = range->timeframe_ns;
    return true;
}

/* Days of the past, as far as they touch the range. */
static bool take_history(roll_up *rolled, tw_symbol symbol) {
    tw_bar minutes[INTRADAY_MINUTE_COUNT];
    const tw_exchange *exchange = rolled->exchange;
    int64_t first_own_day = session_day_of(exchange->start_ns);
    uint32_t count = 0;
    const tw_bar *days = daily_history_bars(exchange->history, symbol, &count);
    for (uint32_t i = 0; i < count; i++) {
        bool before = days[i].time_ns + TW_NS_PER_DAY <= rolled->range->from_ns;
        bool after = days[i].time_ns > rolled->range->to_ns;
        if (before || after || session_day_of(days[i].time_ns) >= first_own_day)
            continue;
        uint32_t minute_count = intraday_minutes(&days[i], exchange->config.seed, minutes);
        for (uint32_t k = 0; k < minute_count; k++)
            if (!take_minute(rolled, &minutes[k]))
                return false;
    }
    return true;
}

static bool take_floor(roll_up *rolled, tw_symbol symbol) {
    uint32_t first = 0, count = 0, capacity = 0;
    const trading_floor *floor = rolled->exchange->floor;
    const tw_bar *minutes = floor_minutes(floor, symbol, &first, &count, &capacity);
    tw_bar now = {0};
    for (uint32_t i = 0; i < count; i++)
        if (!take_minute(rolled, &minutes[(first + i) % capacity]))
            return false;
    return !floor_minute_now(floor, symbol, &now) || take_minute(rolled, &now);
}

bool bar_page_add(bar_page *page, const tw_exchange *exchange, tw_symbol symbol,
                  const bar_range *range) {
    if (range->timeframe_ns >= TW_NS_PER_DAY)
        return add_daily(page, exchange, symbol, range);
    roll_up rolled = {.page = page, .exchange = exchange, .range = range};
    return take_history(&rolled, symbol) && take_floor(&rolled, symbol) && finish(&rolled);
}
