/* newest.c - walks from the newest, ended as soon as they have what is wanted. */
#include "newest.h"

#include "bar_walk.h"
#include "tick_walk.h"

static const int64_t BEGINNING_NS = -EXCHANGE_END_NS / 2;

static bool is_now(const tw_exchange *exchange, int64_t at_ns) {
    return at_ns >= floor_now(exchange->floor);
}

/* ---- trades and quotes --------------------------------------------------------------------- */

/* The floor knows a symbol's newest trade when its own trades are forgotten for those of others. */
static bool is_forgotten(const tw_exchange *exchange, tw_symbol symbol) {
    record_place place;
    return !record_series_last(exchange->past.trades, symbol, &place);
}

bool newest_trade(const tw_exchange *exchange, tw_symbol symbol, int64_t at_ns,
                  tw_trade *ret_trade) {
    if (is_now(exchange, at_ns) && is_forgotten(exchange, symbol) &&
        floor_last_trade(exchange->floor, symbol, ret_trade))
        return true;
    return tick_newest_trade(exchange, symbol, at_ns, ret_trade);
}

bool newest_quote(const tw_exchange *exchange, tw_symbol symbol, int64_t at_ns,
                  tw_quote *ret_quote) {
    const fault_moments *moments = &exchange->moments;
    if (moments->stale && moments->stale_ns < at_ns)
        at_ns = moments->stale_ns;
    if (!is_now(exchange, at_ns))
        return tick_newest_quote(exchange, symbol, at_ns, ret_quote);
    floor_quote(exchange->floor, symbol, ret_quote);
    return true;
}

/* ---- bars ---------------------------------------------------------------------------------- */

static bool take_minute(void *context, const tw_bar *bar) {
    *(tw_bar *)context = *bar;
    return false;
}

bool newest_minute(const tw_exchange *exchange, tw_symbol symbol, int64_t at_ns, tw_bar *ret_bar) {
    const bar_range range = {.frame = {BAR_MINUTE, 1},
                             .from_ns = BEGINNING_NS,
                             .to_ns = at_ns - TW_NS_PER_MINUTE,
                             .descending = true};
    return !bar_walk(exchange, symbol, &range, take_minute, ret_bar);
}

static bool take_day(void *context, const tw_bar *bar) {
    newest_days *days = context;
    days->bars[days->count++] = *bar;
    return days->count < 2;
}

static void read_days(const tw_exchange *exchange, tw_symbol symbol, int64_t to_ns,
                      newest_days *days) {
    const bar_range range = {
        .frame = {BAR_DAY, 1}, .from_ns = BEGINNING_NS, .to_ns = to_ns, .descending = true};
    bool whole = bar_walk(exchange, symbol, &range, take_day, days);
    TW_ASSERT(whole == (days->count < 2));
}

static bool add_minute(void *context, const tw_bar *minute) {
    return bar_fold_take(context, minute);
}

/* What a day was at a point in it: its minutes until then, if there are any. */
static void read_day_so_far(const tw_exchange *exchange, tw_symbol symbol, int64_t day_ns,
                            int64_t at_ns, newest_days *days) {
    const bar_range minutes = {
        .frame = {BAR_MINUTE, 1}, .from_ns = day_ns, .to_ns = at_ns - TW_NS_PER_MINUTE};
    const bar_range day = {.frame = {BAR_DAY, 1}, .from_ns = day_ns, .to_ns = at_ns};
    bar_fold fold = {.range = &day, .sink = take_day, .context = days};
    if (bar_walk(exchange, symbol, &minutes, add_minute, &fold))
        bar_fold_end(&fold);
}

void newest_days_read(const tw_exchange *exchange, tw_symbol symbol, int64_t at_ns,
                      newest_days *ret_days) {
    int64_t to_ns = at_ns;
    *ret_days = (newest_days){.count = 0};
    if (!is_now(exchange, at_ns)) {
        int64_t day_ns = bar_frame_start((bar_frame){BAR_DAY, 1}, at_ns);
        read_day_so_far(exchange, symbol, day_ns, at_ns, ret_days);
        to_ns = day_ns - 1;
    }
    read_days(exchange, symbol, to_ns, ret_days);
}
