/*
 * floor.c - see floor.h. One request at a time goes to the matching engine; what it changed is
 * gathered while it runs and told when it is over: trades at once, then levels, then the quote.
 *
 * Further invariant
 *  6. `touched` holds each (side, price) whose total may have changed in the request that runs;
 *     if it overflows, the whole book of the symbol is told instead.
 */
#include "floor_priv.h"

#include <string.h>

#include "auction_interest.h"
#include "tradewind/time.h"

/* ---- what a request changed ---------------------------------------------------------------- */

static void touch(trading_floor *floor, uint8_t side, tw_price price) {
    for (uint32_t i = 0; i < floor->touched_count; i++) {
        if (floor->touched[i].price.nano == price.nano && floor->touched[i].side == side)
            return;
    }
    if (floor->touched_count == FLOOR_TOUCHED_MAX) {
        floor->touched_overflow = true;
        return;
    }
    floor->touched[floor->touched_count++] = (tw_level){.price = price, .side = side};
}

void floor_on_minute(void *context, const tw_bar *bar, const tw_bars_detail *detail) {
    (void)detail;
    trading_floor *floor = context;
    minute_ring *ring = &floor->rings[bar->symbol];
    uint32_t capacity = floor->config.minute_count_max;
    tw_bar *bars = floor->minutes + (size_t)bar->symbol * capacity;
    bars[(ring->first + ring->count) % capacity] = *bar;
    if (ring->count < capacity)
        ring->count++;
    else
        ring->first = (ring->first + 1) % capacity;
    floor->sink.on_bar(floor->sink.context, bar);
}

/* What the market hears of a quantity: whole shares, and one for what is less than one, as trades
 * in fractions are reported (FINRA). A tape's units are its own. */
static tw_quantity reported(const trading_floor *floor, tw_symbol symbol, tw_quantity quantity) {
    int64_t whole = quantity.nano - quantity.nano % TW_NANO;
    if (quantity.nano <= 0 || floor_tape_has(floor, symbol))
        return quantity;
    return (tw_quantity){whole > 0 ? whole : TW_NANO};
}

static void tell(trading_floor *floor, const tw_trade *trade) {
    floor->last_trades[trade->symbol] = *trade;
    if (floor->minute_end_ns == INT64_MAX)
        floor->minute_end_ns = tw_time_floor(floor->now_ns, TW_NS_PER_MINUTE) + TW_NS_PER_MINUTE;
    tw_status status = tw_bars_push(floor->bars, trade, floor_on_minute, floor);
    TW_ASSERT(status == TW_OK || status == TW_OVERFLOW);
    floor->sink.on_trade(floor->sink.context, trade);
}

/* T: outside of the regular session. */
void floor_tell_trade(trading_floor *floor, const tw_match_event *event) {
    const tw_trade trade = {
        .time_ns = floor->now_ns,
        .price = event->price,
        .quantity = reported(floor, event->symbol, event->quantity),
        .id = event->trade_id,
        .symbol = event->symbol,
        .side = event->side,
        .exchange = 'V',
        .tape = 'C',
        .conditions = {'@', floor_is_open(floor) ? '\0' : 'T'},
    };
    tell(floor, &trade);
}

/* The trades of an auction are told as the one that they are: O at the opening, 6 at the close, 5
 * after a halt; X: of an auction of this exchange. */
static void tell_auction(trading_floor *floor, const tw_match_event *event) {
    static const char codes[] = {'?', 'O', '6', '5'};
    if (event->quantity.nano == 0)
        return;
    const tw_trade trade = {
        .time_ns = floor->now_ns,
        .price = event->price,
        .quantity = reported(floor, event->symbol, event->quantity),
        .id = floor->auction_trade_id,
        .symbol = event->symbol,
        .exchange = 'Q',
        .tape = 'C',
        .conditions = {'@', codes[floor->auction_kind], 'X'},
    };
    tell(floor, &trade);
}

static bool is_users(const tw_match_event *event) {
    return (event->id & FLOOR_USER_ID) != 0 || (event->maker_id & FLOOR_USER_ID) != 0;
}

void floor_on_match(void *context, const tw_match_event *event) {
    trading_floor *floor = context;
    if (is_users(event))
        floor->sink.on_user_event(floor->sink.context, event);
    switch ((tw_match_event_kind)event->kind) {
    case TW_MATCH_TRADE:
        if ((event->flags & TW_MATCH_IN_AUCTION) != 0) {
            floor->auction_trade_id = event->trade_id;
            break;
        }
        touch(floor, event->side == TW_SIDE_BUY ? TW_SIDE_SELL : TW_SIDE_BUY, event->price);
        floor_tell_trade(floor, event);
        break;
    case TW_MATCH_RESTED:
    case TW_MATCH_REDUCED:
    case TW_MATCH_CANCELLED: /* an order that came and went has changed no level of its own */
        if ((event->flags & TW_MATCH_AT_LEVEL) != 0)
            touch(floor, event->side, event->price);
        break;
    case TW_MATCH_REPLACED:
        if ((event->flags & TW_MATCH_AT_LEVEL) != 0) {
            touch(floor, event->side, event->previous_price);
            touch(floor, event->side, event->price);
        }
        break;
    case TW_MATCH_AUCTION_ENDED: /* its trades left levels that they do not name */
        floor->touched_overflow = true;
        tell_auction(floor, event);
        break;
    case TW_MATCH_BEST_CHANGED:
        floor->best_changed = true;
        break;
    case TW_MATCH_HALTED:
    case TW_MATCH_RESUMED:
        floor->halt_news = event->kind;
        break;
    case TW_MATCH_ACCEPTED:
    case TW_MATCH_REJECTED:
    case TW_MATCH_PARKED:
    case TW_MATCH_TRIGGERED:
    case TW_MATCH_HELD:
    case TW_MATCH_RELEASED:
        break;
    case TW_MATCH_AUCTION_BEGUN:
        floor->auction_kind = tw_match_auction_of(floor->match, event->symbol);
        break;
    }
}

void floor_request_begin(trading_floor *floor) {
    floor->touched_count = 0;
    floor->touched_overflow = false;
    floor->best_changed = false;
}

static void tell_levels(trading_floor *floor, tw_symbol symbol) {
    const tw_book *book = tw_match_book(floor->match);
    if (floor->touched_overflow) {
        size_t count = floor_snapshot(floor, symbol, floor->snapshot, FLOOR_SNAPSHOT_MAX);
        if (count > 0)
            floor->sink.on_levels(floor->sink.context, floor->snapshot, count);
        return;
    }
    if (floor->touched_count == 0)
        return;
    for (uint32_t i = 0; i < floor->touched_count; i++) {
        tw_level *level = &floor->touched[i];
        level->symbol = symbol;
        level->time_ns = floor->now_ns;
        level->quantity = tw_book_quantity_at(book, symbol, (tw_side)level->side, level->price);
    }
    floor->touched[floor->touched_count - 1].last = 1;
    floor->sink.on_levels(floor->sink.context, floor->touched, floor->touched_count);
}

static void tell_halt(trading_floor *floor, tw_symbol symbol) {
    int news = floor->halt_news;
    floor->halt_news = 0;
    if (news != 0)
        floor_tell_halt(floor, symbol, news == TW_MATCH_HALTED ? FLOOR_HALTED : FLOOR_RESUMED);
}

void floor_request_end(trading_floor *floor, tw_symbol symbol) {
    if (floor_gathers_for_reopening(floor, symbol))
        return; /* nobody is shown a book that is crossed */
    tell_levels(floor, symbol);
    if (floor->best_changed) {
        tw_quote quote;
        floor_quote(floor, symbol, &quote);
        floor->sink.on_quote(floor->sink.context, &quote);
    }
    tell_halt(floor, symbol);
}

tw_status floor_enter(trading_floor *floor, const tw_match_order *order) {
    tw_match_sink sink = {floor_on_match, floor};
    floor_request_begin(floor);
    tw_status status = tw_match_submit(floor->match, order, &sink);
    floor_request_end(floor, order->symbol);
    return status;
}

tw_status floor_remove(trading_floor *floor, tw_symbol symbol, uint64_t id) {
    tw_match_sink sink = {floor_on_match, floor};
    floor_request_begin(floor);
    tw_status status = tw_match_cancel(floor->match, symbol, id, &sink);
    floor_request_end(floor, symbol);
    return status;
}

tw_status floor_submit(trading_floor *floor, const tw_match_order *order) {
    TW_ASSERT((order->id & FLOOR_USER_ID) != 0);
    if (order->time_in_force == TW_AT_OPEN || order->time_in_force == TW_AT_CLOSE)
        floor->asked[order->symbol] = true;
    return floor_enter(floor, order);
}

tw_status floor_cancel(trading_floor *floor, tw_symbol symbol, uint64_t id) {
    TW_ASSERT((id & FLOOR_USER_ID) != 0);
    return floor_remove(floor, symbol, id);
}

tw_status floor_submit_group(trading_floor *floor, tw_match_group kind,
                             const tw_match_order *orders, size_t count) {
    TW_ASSERT((orders[0].id & FLOOR_USER_ID) != 0);
    tw_match_sink sink = {floor_on_match, floor};
    floor_request_begin(floor);
    tw_status status = tw_match_submit_group(floor->match, kind, orders, count, &sink);
    floor_request_end(floor, orders[0].symbol);
    return status;
}

tw_status floor_replace(trading_floor *floor, tw_symbol symbol, uint64_t id,
                        const tw_match_replacement *replacement) {
    TW_ASSERT((id & FLOOR_USER_ID) != 0);
    tw_match_sink sink = {floor_on_match, floor};
    floor_request_begin(floor);
    tw_status status = tw_match_replace(floor->match, symbol, id, replacement, &sink);
    floor_request_end(floor, symbol);
    return status;
}

/* ---- life ---------------------------------------------------------------------------------- */

static tw_status take_memory(trading_floor *floor) {
    const tw_allocator *allocator = floor->allocator;
    uint32_t n = floor->symbol_count;
    uint32_t specials = floor->config.order_count_max + n * AUCTION_INTEREST_COUNT;
    uint32_t orders = specials + n * FLOW_LIVE_COUNT_MAX;
    tw_match_config match = {
        .book = {.symbol_count_max = n, .order_count_max = orders, .level_count_max = orders},
        .self_trade = TW_MATCH_SELF_TRADE_CANCEL_NEWEST,
        .special_count_max = specials,
    };
    tw_bars_config bars = {
        .frames = {{.step = TW_NS_PER_MINUTE}}, .frame_count = 1, .symbol_count_max = n};
    tw_status status = tw_match_new(allocator, &match, &floor->match);
    if (status == TW_OK)
        status = tw_bars_new(allocator, &bars, &floor->bars);
    floor->flows = TW_NEW(allocator, n, order_flow);
    floor->heap = TW_NEW(allocator, n, agent_due);
    floor->last_trades = TW_NEW(allocator, n, tw_trade);
    floor->minutes = TW_NEW(allocator, (size_t)n * floor->config.minute_count_max, tw_bar);
    floor->rings = TW_NEW(allocator, n, minute_ring);
    floor->asked = TW_NEW(allocator, n, bool);
    floor->halt_quotes = TW_NEW(allocator, n, tw_quote);
    if (floor->flows == NULL || floor->heap == NULL || floor->last_trades == NULL ||
        floor->minutes == NULL || floor->rings == NULL || floor->asked == NULL ||
        floor->halt_quotes == NULL)
        status = TW_NO_MEMORY;
    return status;
}

/* Where a market goes on, stops look at its newest prices, as if these had just been traded at. */
static void remember_prices(trading_floor *floor) {
    tw_match_sink sink = {floor_on_match, floor};
    const tw_price *openings = floor->config.openings;
    for (tw_symbol s = 0; openings != NULL && s < floor->symbol_count; s++) {
        if (openings[s].nano <= 0)
            continue;
        tw_status status = tw_match_see_price(floor->match, s, openings[s], &sink);
        TW_ASSERT(status == TW_OK);
    }
}

tw_status floor_new(const tw_allocator *allocator, const floor_config *config,
                    const floor_sink *sink, trading_floor **ret_floor, tw_error *error) {
    trading_floor *floor = TW_NEW(allocator, 1, trading_floor);
    if (floor == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for the trading floor");
    floor->allocator = allocator;
    floor->config = *config;
    floor->sink = *sink;
    floor->now_ns = config->start_ns;
    floor->alarm_ns = INT64_MAX;
    floor->minute_end_ns = INT64_MAX;
    floor->phase = session_phase_at(config->start_ns, &floor->phase_until_ns);
    floor->symbol_count = tw_symbols_count(config->symbols);
    tw_status status = take_memory(floor);
    if (status != TW_OK)
        tw_error_set(error, status, "no memory for a floor of %u symbols", floor->symbol_count);
    if (status == TW_OK)
        status = floor_tape_open(floor, error);
    if (status != TW_OK) {
        floor_free(floor);
        return status;
    }
    remember_prices(floor);
    floor_agents_start(floor);
    floor_auction_plan(floor);
    *ret_floor = floor;
    return TW_OK;
}

void floor_free(trading_floor *floor) {
    if (floor == NULL)
        return;
    const tw_allocator *allocator = floor->allocator;
    uint32_t n = floor->symbol_count;
    floor_tape_close(floor);
    tw_match_free(floor->match);
    tw_bars_free(floor->bars);
    TW_DELETE(allocator, floor->flows, n, order_flow);
    TW_DELETE(allocator, floor->heap, n, agent_due);
    TW_DELETE(allocator, floor->last_trades, n, tw_trade);
    TW_DELETE(allocator, floor->minutes, (size_t)n * floor->config.minute_count_max, tw_bar);
    TW_DELETE(allocator, floor->rings, n, minute_ring);
    TW_DELETE(allocator, floor->asked, n, bool);
    TW_DELETE(allocator, floor->halt_quotes, n, tw_quote);
    TW_DELETE(allocator, floor, 1, trading_floor);
}

tw_price floor_opening_price(const trading_floor *floor, tw_symbol symbol) {
    const tw_price *openings = floor->config.openings;
    return openings != NULL && openings[symbol].nano > 0
               ? openings[symbol]
               : daily_history_last(floor->config.history, symbol);
}

/* ---- reading ------------------------------------------------------------------------------- */

int64_t floor_now(const trading_floor *floor) {
    return floor->now_ns;
}

session_phase floor_phase(const trading_floor *floor) {
    return floor->phase;
}

bool floor_is_open(const trading_floor *floor) {
    return floor->config.always_open || floor->phase == SESSION_REGULAR;
}

void floor_quote(const trading_floor *floor, tw_symbol symbol, tw_quote *ret_quote) {
    if (floor_gathers_for_reopening(floor, symbol)) {
        *ret_quote = floor->halt_quotes[symbol];
        return;
    }
    tw_book_best(tw_match_book(floor->match), symbol, ret_quote);
    ret_quote->bid_size = reported(floor, symbol, ret_quote->bid_size);
    ret_quote->ask_size = reported(floor, symbol, ret_quote->ask_size);
    ret_quote->time_ns = floor->now_ns;
    ret_quote->symbol = symbol;
    ret_quote->bid_exchange = ret_quote->bid_size.nano > 0 ? 'V' : ' ';
    ret_quote->ask_exchange = ret_quote->ask_size.nano > 0 ? 'V' : ' ';
    ret_quote->tape = 'C';
    ret_quote->conditions[0] = 'R';
}

bool floor_last_trade(const trading_floor *floor, tw_symbol symbol, tw_trade *ret_trade) {
    *ret_trade = floor->last_trades[symbol];
    return ret_trade->quantity.nano > 0;
}

tw_price floor_price(const trading_floor *floor, tw_symbol symbol) {
    const tw_trade *trade = &floor->last_trades[symbol];
    return trade->quantity.nano > 0 ? trade->price : floor_opening_price(floor, symbol);
}

size_t floor_snapshot(const trading_floor *floor, tw_symbol symbol, tw_level *ret_levels,
                      size_t capacity) {
    const tw_book *book = tw_match_book(floor->match);
    if (floor_gathers_for_reopening(floor, symbol))
        return 0;
    size_t count = tw_book_depth(book, symbol, TW_SIDE_BUY, ret_levels, capacity / 2);
    count += tw_book_depth(book, symbol, TW_SIDE_SELL, ret_levels + count, capacity - count);
    for (size_t i = 0; i < count; i++) {
        ret_levels[i].symbol = symbol;
        ret_levels[i].time_ns = floor->now_ns;
        ret_levels[i].clear = i == 0;
        ret_levels[i].last = i + 1 == count;
    }
    return count;
}

const tw_bar *floor_minutes(const trading_floor *floor, tw_symbol symbol, uint32_t *ret_first,
                            uint32_t *ret_count, uint32_t *ret_capacity) {
    *ret_first = floor->rings[symbol].first;
    *ret_count = floor->rings[symbol].count;
    *ret_capacity = floor->config.minute_count_max;
    return floor->minutes + (size_t)symbol * floor->config.minute_count_max;
}

bool floor_minute_now(const trading_floor *floor, tw_symbol symbol, tw_bar *ret_bar) {
    return tw_bars_current(floor->bars, symbol, 0, ret_bar) == TW_OK;
}

uint64_t floor_event_count(const trading_floor *floor) {
    return floor->event_count;
}

bool floor_tape_ended(const trading_floor *floor) {
    return !floor->tape.waiting;
}

const tw_match *floor_match(const trading_floor *floor) {
    return floor->match;
}
