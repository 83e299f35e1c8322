/*
 * delayed_feed.c - stretch by stretch, symbol by symbol: quotes, then trades, then finished
 * minutes.
 */
#include "delayed_feed.h"

#include "bar_walk.h"
#include "history_query.h"
#include "newest.h"
#include "tick_walk.h"

typedef struct stretch {
    tw_exchange *exchange;
    tw_symbol symbol;
    int64_t from_ns; /* inclusive both */
    int64_t to_ns;
    bool daily; /* somebody wants the day behind each minute */
} stretch;

static bool tell_trade(void *context, const void *record, int64_t time_ns, uint64_t number) {
    tw_exchange *exchange = context;
    (void)time_ns;
    (void)number;
    if (past_trade_counts(record)) {
        tw_trade trade = *(const tw_trade *)record;
        trade.mark = TW_TRADE_STANDS;
        streams_on_delayed_trade(exchange->streams, &trade);
    }
    return true;
}

static bool tell_quote(void *context, const void *record, int64_t time_ns, uint64_t number) {
    tw_exchange *exchange = context;
    (void)time_ns;
    (void)number;
    streams_on_delayed_quote(exchange->streams, record);
    return true;
}

static void tell_ticks(const stretch *s, bool quotes) {
    const tick_range range = {.quotes = quotes, .from_ns = s->from_ns, .to_ns = s->to_ns};
    bool whole =
        tick_walk(s->exchange, s->symbol, &range, quotes ? tell_quote : tell_trade, s->exchange);
    TW_ASSERT(whole);
}

static bool tell_minute(void *context, const tw_bar *minute) {
    const stretch *s = context;
    newest_days days;
    if (s->daily)
        newest_days_read(s->exchange, minute->symbol, minute->time_ns + TW_NS_PER_MINUTE, &days);
    streams_on_delayed_bar(s->exchange->streams, minute, s->daily ? &days.bars[0] : NULL);
    return true;
}

/* Minutes that end in the stretch. */
static void tell_minutes(const stretch *s) {
    const bar_range range = {.frame = {BAR_MINUTE, 1},
                             .from_ns = s->from_ns - TW_NS_PER_MINUTE,
                             .to_ns = s->to_ns - TW_NS_PER_MINUTE};
    if (tw_time_floor(s->to_ns, TW_NS_PER_MINUTE) < s->from_ns)
        return;
    stretch context = *s;
    bool whole = bar_walk(s->exchange, s->symbol, &range, tell_minute, &context);
    TW_ASSERT(whole);
}

static void tell_stretch(tw_exchange *exchange, int64_t from_ns, int64_t to_ns) {
    uint32_t count = tw_symbols_count(exchange->symbols);
    for (tw_symbol symbol = 0; symbol < count; symbol++) {
        uint32_t wanted = streams_delayed_wanted(exchange->streams, symbol);
        const stretch s = {exchange, symbol, from_ns, to_ns,
                           (wanted & TW_ALPACA_CHANNEL_DAILY_BARS) != 0};
        if ((wanted & TW_ALPACA_CHANNEL_QUOTES) != 0)
            tell_ticks(&s, true);
        if ((wanted & TW_ALPACA_CHANNEL_TRADES) != 0)
            tell_ticks(&s, false);
        if ((wanted & (TW_ALPACA_CHANNEL_BARS | TW_ALPACA_CHANNEL_DAILY_BARS)) != 0)
            tell_minutes(&s);
    }
}

void delayed_feed_turn(tw_exchange *exchange) {
    int64_t until_ns =
        tw_time_floor(floor_now(exchange->floor) - FEED_DELAY_NS, DELAYED_FEED_STRETCH_NS);
    int64_t told_ns = exchange->delayed_ns;
    if (until_ns <= told_ns)
        return;
    exchange->delayed_ns = until_ns;
    if (told_ns == 0 || !streams_delayed_listened(exchange->streams))
        return;
    int64_t stretches = (until_ns - told_ns) / DELAYED_FEED_STRETCH_NS;
    int64_t step_ns = (stretches / DELAYED_FEED_STRETCH_COUNT_MAX + 1) * DELAYED_FEED_STRETCH_NS;
    while (told_ns < until_ns) {
        int64_t next_ns = until_ns - told_ns > step_ns ? told_ns + step_ns : until_ns;
        tell_stretch(exchange, told_ns, next_ns - 1);
        told_ns = next_ns;
    }
}
