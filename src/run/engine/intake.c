/*
 * intake.c - one market event: book, window, bars, mark, value, band.
 *
 * Idea: everything that a decision needs is kept up to date by the event that changes it, so that
 * the question "has this symbol left its band?" is answered within the event itself, in O(1).
 *
 * Invariants
 *  1. equity = cash + sum of value; value = quantity x mark, to nearest 1e-9, for each symbol.
 *  2. A symbol whose book comes as levels never takes quotes into its book.
 */
#include <string.h>

#include "engine_priv.h"

void intake_revalue(tw_engine *engine, tw_symbol symbol) {
    engine_symbol *state = &engine->symbols[symbol];
    tw_money value = {0};
    tw_money equity = {0};
    if (tw_notional(state->mark, state->quantity, &value) != TW_OK ||
        tw_decimal_add(engine->equity.nano, value.nano - state->value.nano, &equity.nano) !=
            TW_OK) {
        engine_fail(engine, TW_OVERFLOW, "the value of %s is beyond 9.2 billion",
                    tw_symbols_name(engine->names, symbol));
        return;
    }
    engine->equity = equity;
    state->value = value;
    tw_standing_move(engine->standing, symbol, state->quantity, state->mark);
    limits_mark(engine, symbol);
}

void intake_check_band(tw_engine *engine, tw_symbol symbol) {
    engine_symbol *state = &engine->symbols[symbol];
    int64_t band_nano = (int64_t)(engine->config.band * (double)TW_NANO);
    engine_wide equity = engine->equity.nano;
    engine_wide distance = (engine_wide)state->value.nano * TW_NANO - state->target_nano * equity;
    engine_wide width = band_nano * equity;
    state->outside = distance > width || distance < -width;
    if (state->outside) {
        engine->drifted = true;
        engine->drifted_symbol = symbol;
    }
}

static void set_mark(tw_engine *engine, tw_symbol symbol, tw_price price, int64_t time_ns) {
    engine_symbol *state = &engine->symbols[symbol];
    state->mark_ns = time_ns;
    if (time_ns < engine->mark_ns_least)
        engine->mark_ns_least = time_ns;
    if (state->mark.nano == price.nano) {
        limits_mark(engine, symbol);
        return;
    }
    state->mark = price;
    intake_revalue(engine, symbol);
}

/* A spread wider than this share of the mid is no price to value or trade by. */
static const int64_t SPREAD_DIVISOR = 20;

/* The mid of a whole, uncrossed book with a sane spread becomes the mark. */
static void mark_from_book(tw_engine *engine, tw_symbol symbol, int64_t time_ns) {
    tw_quote best;
    tw_book_best(engine->book, symbol, &best);
    engine_symbol *state = &engine->symbols[symbol];
    state->bid = best.bid_price;
    state->ask = best.ask_price;
    if (best.bid_size.nano <= 0 || best.ask_size.nano <= 0 ||
        best.bid_price.nano > best.ask_price.nano)
        return;
    int64_t half_spread = (best.ask_price.nano - best.bid_price.nano) / 2;
    int64_t mid = best.bid_price.nano + half_spread;
    if (half_spread > mid / SPREAD_DIVISOR / 2) {
        state->bid.nano = 0; /* the newest trade counts until the book has closed up */
        return;
    }
    set_mark(engine, symbol, (tw_price){mid}, time_ns);
}

static void on_bar(void *context, const tw_bar *bar, const tw_bars_detail *detail) {
    (void)detail;
    tw_engine *engine = context;
    engine->report.bars_built++;
    record_bar(engine, bar);
    strategies_bar(engine, bar);
    if (engine->viewer != NULL)
        view_on_bar(engine->viewer, bar);
}

/* What no store would take: a price or quantity of nothing, or bytes behind the conditions' end. */
static bool is_odd(const tw_trade *trade) {
    size_t end = strnlen(trade->conditions, sizeof trade->conditions);
    for (size_t i = end; i < sizeof trade->conditions; i++) {
        if (trade->conditions[i] != '\0')
            return true;
    }
    return trade->price.nano <= 0 || trade->quantity.nano <= 0;
}

static void take_trade(tw_engine *engine, const tw_trade *trade) {
    engine_symbol *state = &engine->symbols[trade->symbol];
    if (is_odd(trade)) {
        engine->report.odd_events++;
        return;
    }
    engine->report.trades++;
    state->last = trade->price;
    record_trade(engine, trade);
    tw_status window = tw_window_push(engine->windows[trade->symbol], trade->time_ns, trade->price,
                                      trade->quantity);
    tw_status bars = tw_bars_push(engine->bars, trade, on_bar, engine);
    if (window != TW_OK || bars != TW_OK)
        engine->report.late_trades++;
    if (state->bid.nano == 0 || state->ask.nano == 0)
        set_mark(engine, trade->symbol, trade->price, trade->time_ns);
    else
        set_mark(engine, trade->symbol, state->mark, trade->time_ns);
}

/* A level or quote that makes no sense is counted by the book and changes nothing. */
static void count_anomaly(tw_engine *engine, tw_status status) {
    if (status != TW_OK)
        engine->report.book_anomalies++;
}

static void take_level(tw_engine *engine, const tw_level *level) {
    engine_symbol *state = &engine->symbols[level->symbol];
    engine->report.levels++;
    if (!state->has_levels) {
        count_anomaly(engine, tw_book_clear(engine->book, level->symbol));
        state->has_levels = true;
    }
    count_anomaly(engine, tw_book_set_level(engine->book, level));
    if (level->last != 0)
        mark_from_book(engine, level->symbol, level->time_ns);
}

static void take_quote(tw_engine *engine, const tw_quote *quote) {
    engine->report.quotes++;
    if (engine->symbols[quote->symbol].has_levels)
        return;
    count_anomaly(engine, tw_book_set_top(engine->book, quote));
    mark_from_book(engine, quote->symbol, quote->time_ns);
}

/* The symbol and time of an event; false for a symbol that is not traded here. */
static bool locate(const tw_engine *engine, const tw_market_event *event, tw_symbol *ret_symbol,
                   int64_t *ret_time_ns) {
    switch ((tw_market_kind)event->kind) {
    case TW_MARKET_TRADE:
        *ret_symbol = event->as.trade.symbol;
        *ret_time_ns = event->as.trade.time_ns;
        break;
    case TW_MARKET_QUOTE:
        *ret_symbol = event->as.quote.symbol;
        *ret_time_ns = event->as.quote.time_ns;
        break;
    case TW_MARKET_LEVEL:
        *ret_symbol = event->as.level.symbol;
        *ret_time_ns = event->as.level.time_ns;
        break;
    case TW_MARKET_BAR:
        *ret_symbol = event->as.bar.symbol;
        *ret_time_ns = event->as.bar.time_ns;
        break;
    }
    return *ret_symbol < engine->config.symbol_count;
}

/* One event from far in the future must not carry the run's clock away with it. */
static const int64_t TIME_JUMP_NS_MAX = 5 * TW_NS_PER_DAY;

void intake_market(tw_engine *engine, const tw_market_event *event) {
    tw_symbol symbol = TW_SYMBOL_NONE;
    int64_t time_ns = 0;
    if (!locate(engine, event, &symbol, &time_ns))
        return;
    if (engine->now_ns != 0 && time_ns - TIME_JUMP_NS_MAX > engine->now_ns) {
        engine->report.odd_events++;
        return;
    }
    engine_see_time(engine, time_ns);
    switch ((tw_market_kind)event->kind) {
    case TW_MARKET_TRADE:
        take_trade(engine, &event->as.trade);
        break;
    case TW_MARKET_QUOTE:
        take_quote(engine, &event->as.quote);
        break;
    case TW_MARKET_LEVEL:
        take_level(engine, &event->as.level);
        break;
    case TW_MARKET_BAR:
        engine->report.venue_bars++;
        break;
    }
    if (engine->phase == TW_ENGINE_TRADING)
        intake_check_band(engine, symbol);
}

void intake_flush_bars(tw_engine *engine) {
    tw_bars_flush(engine->bars, on_bar, engine);
}
