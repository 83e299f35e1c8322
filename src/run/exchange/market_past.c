/* market_past.c - four series; a finished minute is also joined to its day. */
#include "market_past.h"

#include "bar_fold.h"
#include "session.h"

/* The table of market_past.h. */
static const struct {
    uint32_t of_symbol;
    uint32_t in_all;
} bounds[] = {
    {1u << 16, 1u << 20}, {1u << 16, 1u << 20}, {3u << 13, 3u << 19}, {1u << 10, 1u << 18}};

static uint32_t record_max(size_t kind, uint32_t symbol_count) {
    uint64_t wanted = (uint64_t)bounds[kind].of_symbol * symbol_count;
    return wanted < bounds[kind].in_all ? (uint32_t)wanted : bounds[kind].in_all;
}

tw_status market_past_init(market_past *past, const tw_allocator *allocator,
                           uint32_t symbol_count) {
    static const size_t sizes[] = {sizeof(tw_trade), sizeof(tw_quote), sizeof(tw_bar),
                                   sizeof(tw_bar)};
    *past = (market_past){.allocator = allocator};
    record_series **const made[] = {&past->trades, &past->quotes, &past->minutes, &past->days};
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
    *past = (market_past){0};
}

void market_past_trade(market_past *past, const tw_trade *trade) {
    *(tw_trade *)record_series_push(past->trades, trade->symbol) = *trade;
}

void market_past_quote(market_past *past, const tw_quote *quote) {
    *(tw_quote *)record_series_push(past->quotes, quote->symbol) = *quote;
}

static void join_day(market_past *past, const tw_bar *minute) {
    record_place place;
    if (record_series_last(past->days, minute->symbol, &place)) {
        tw_bar *day = record_series_at(past->days, place);
        if (minute->time_ns - day->time_ns < 25 * TW_NS_PER_HOUR &&
            session_day_of(minute->time_ns) == session_day_of(day->time_ns)) {
            bar_join(day, minute);
            return;
        }
    }
    tw_bar *day = record_series_push(past->days, minute->symbol);
    *day = *minute;
    day->time_ns = session_time_of(session_day_of(minute->time_ns), 0, 0);
    day->timeframe_ns = TW_NS_PER_DAY;
}

void market_past_minute(market_past *past, const tw_bar *minute) {
    *(tw_bar *)record_series_push(past->minutes, minute->symbol) = *minute;
    join_day(past, minute);
}
