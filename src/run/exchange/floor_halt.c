/*
 * floor_halt.c - a symbol stops trading and opens again.
 *
 *     trading -- floor_halt(true): HALTED --> halted, orders gather
 *     halted --- floor_halt(false): REOPENS, the auction, RESUMED --> trading
 *
 * While a symbol is halted, orders of agents and those of users that were in the book stand there
 * even where they cross; at the end all that can trades at one price (match.h), and trading goes on
 * with what is left; agents bring orders to it as to the auctions of the day. What is outside does
 * not see the book in between: no levels are told, and the quote is that of before the halt.
 *
 * A tape halts its symbols by itself, in the midst of its orders: there the matching engine only
 * stops, and no auction follows. While the market is closed nothing opens again but the door: the
 * agents' orders are taken back, and nobody trades.
 */
#include "auction_interest.h"
#include "floor_priv.h"

bool floor_gathers_for_reopening(const trading_floor *floor, tw_symbol symbol) {
    return tw_match_auction_of(floor->match, symbol) == TW_MATCH_REOPENING;
}

bool floor_is_halted(const trading_floor *floor, tw_symbol symbol) {
    return tw_match_is_halted(floor->match, symbol) || floor_gathers_for_reopening(floor, symbol);
}

void floor_tell_halt(trading_floor *floor, tw_symbol symbol, floor_halt_step step) {
    if (floor->sink.on_halt != NULL)
        floor->sink.on_halt(floor->sink.context, symbol, floor->now_ns, step);
}

static void halt(trading_floor *floor, tw_symbol symbol) {
    tw_match_sink sink = {floor_on_match, floor};
    floor_quote(floor, symbol, &floor->halt_quotes[symbol]);
    floor_request_begin(floor);
    tw_status status = tw_match_auction_begin(floor->match, symbol, TW_MATCH_REOPENING, &sink);
    TW_ASSERT(status == TW_OK);
    floor_request_end(floor, symbol);
    floor_tell_halt(floor, symbol, FLOOR_HALTED);
}

static void reopen(trading_floor *floor, tw_symbol symbol) {
    tw_match_sink sink = {floor_on_match, floor};
    bool closed = floor->phase == SESSION_CLOSED && !floor->config.always_open;
    if (closed)
        floor_agents_leave(floor, symbol);
    else if (floor->resting_ns == 0)
        floor_agents_gather(floor, symbol, TW_MATCH_REOPENING, 0, AUCTION_INTEREST_COUNT);
    floor_tell_halt(floor, symbol, FLOOR_REOPENS);
    floor_request_begin(floor);
    tw_status status = tw_match_auction_end(floor->match, symbol, (tw_price){0}, &sink);
    TW_ASSERT(status == TW_OK);
    floor_request_end(floor, symbol);
    floor_agents_scatter(floor, symbol);
    floor_tell_halt(floor, symbol, FLOOR_RESUMED);
}

/* The matching engine's own halt; floor_request_end tells of it. */
static void stop_tape(trading_floor *floor, tw_symbol symbol, bool halted) {
    tw_match_sink sink = {floor_on_match, floor};
    floor_request_begin(floor);
    tw_status status = halted ? tw_match_halt(floor->match, symbol, &sink)
                              : tw_match_resume(floor->match, symbol, &sink);
    TW_ASSERT(status == TW_OK || status == TW_STATE); /* the tape may have done it already */
    floor_request_end(floor, symbol);
}

void floor_halt(trading_floor *floor, tw_symbol symbol, bool halted) {
    if (floor_tape_has(floor, symbol))
        stop_tape(floor, symbol, halted);
    else if (halted != floor_gathers_for_reopening(floor, symbol))
        (halted ? halt : reopen)(floor, symbol);
}
