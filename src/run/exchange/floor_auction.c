/*
 * floor_auction.c - the auctions that open and close the regular session.
 *
 *     pre-market ----- gathering from 09:28 ----- 09:30 opening auction ----- regular
 *     regular -------- gathering from 15:50 ----- 16:00 closing auction ----- after hours
 *     (on a day that closes early the close and its gathering are three hours before that)
 *
 * While orders gather, the book goes on trading; those for the auction wait beside it in the
 * matching engine. At the border itself they meet the book, and all that can trades at one price
 * (match.h), which is told as one trade. What is left of them is cancelled.
 *
 * Invariants
 *  1. A symbol has an auction if it has agents who act, or if a user has asked for one by an order
 *     that is for it. So a market that never closes, a tape and a jump over nights have auctions
 *     where users ask for them, against what stands in the book.
 *  2. After the border no order of agents that was for its auction is alive.
 */
#include "auction_interest.h"
#include "floor_priv.h"
#include "tradewind/time.h"

static const int64_t OPENING_LEAD_NS = 2 * TW_NS_PER_MINUTE;
static const int64_t CLOSING_LEAD_NS = 10 * TW_NS_PER_MINUTE;
static const int64_t OUTLOOK_PERIOD_NS = TW_NS_PER_SECOND;

/* The auction that ends the phase of now; 0: none does. */
static int coming(const trading_floor *floor) {
    switch (floor->phase) {
    case SESSION_PRE_MARKET:
        return TW_MATCH_OPENING;
    case SESSION_REGULAR:
        return TW_MATCH_CLOSING;
    case SESSION_CLOSED:
    case SESSION_AFTER_HOURS:
        break;
    }
    return 0;
}

static int64_t lead_of(int kind) {
    return kind == TW_MATCH_OPENING ? OPENING_LEAD_NS : CLOSING_LEAD_NS;
}

void floor_auction_plan(trading_floor *floor) {
    int kind = coming(floor);
    floor->gathering = false;
    floor->gathered = 0;
    floor->gather_ns = kind == 0 ? INT64_MAX : floor->phase_until_ns - lead_of(kind);
    if (floor->gather_ns < floor->now_ns)
        floor->gather_ns = floor->now_ns;
}

/* ---- gathering ----------------------------------------------------------------------------- */

static void begin_gathering(trading_floor *floor, tw_match_auction kind) {
    if (floor->gathering)
        return;
    floor->gathering = true;
    if (floor->sink.on_gathering != NULL)
        floor->sink.on_gathering(floor->sink.context, kind);
}

/* How many of a symbol's agents have come for the auction by now: they come one after another, the
 * last with the last look at it. */
static uint32_t share_by_now(const trading_floor *floor, tw_match_auction kind) {
    int64_t lead_ns = lead_of((int)kind);
    int64_t passed_ns = floor->now_ns - (floor->phase_until_ns - lead_ns);
    return (uint32_t)(passed_ns * AUCTION_INTEREST_COUNT / (lead_ns - OUTLOOK_PERIOD_NS));
}

static void gather(trading_floor *floor, tw_match_auction kind) {
    uint32_t count = share_by_now(floor, kind);
    if (!floor_agents_attend(floor) || count <= floor->gathered)
        return;
    for (tw_symbol s = 0; s < floor->symbol_count; s++)
        floor_agents_gather(floor, s, kind, floor->gathered, count);
    floor->gathered = count;
}

void floor_auction_next(trading_floor *floor) {
    tw_match_auction kind = (tw_match_auction)coming(floor);
    TW_ASSERT(kind != 0);
    floor->now_ns = floor->gather_ns;
    begin_gathering(floor, kind);
    gather(floor, kind);
    if (floor->sink.on_outlook != NULL)
        floor->sink.on_outlook(floor->sink.context, kind);
    floor->gather_ns += OUTLOOK_PERIOD_NS;
    if (floor->gather_ns >= floor->phase_until_ns)
        floor->gather_ns = INT64_MAX; /* the border is next */
}

int floor_gathering(const trading_floor *floor) {
    return floor->gathering ? coming(floor) : 0;
}

bool floor_outlook(const trading_floor *floor, tw_symbol symbol, tw_match_auction kind,
                   tw_match_outlook *ret_outlook) {
    int now = tw_match_auction_of(floor->match, symbol);
    if ((now != 0 && now != (int)kind) || tw_match_is_halted(floor->match, symbol))
        return false;
    return tw_match_auction_outlook(floor->match, symbol, kind, (tw_price){0}, ret_outlook);
}

/* ---- the auction --------------------------------------------------------------------------- */

static bool takes_place(const trading_floor *floor, tw_symbol symbol) {
    bool wanted =
        floor->asked[symbol] || (floor_agents_attend(floor) && floor_agents_has(floor, symbol));
    return wanted && !floor_is_halted(floor, symbol);
}

/* All of it is one request: nobody is shown the book with the auction's orders in it. */
static void hold(trading_floor *floor, tw_symbol symbol, tw_match_auction kind) {
    tw_match_sink sink = {floor_on_match, floor};
    floor_request_begin(floor);
    tw_status status = tw_match_auction_begin(floor->match, symbol, kind, &sink);
    TW_ASSERT(status == TW_OK);
    status = tw_match_auction_end(floor->match, symbol, (tw_price){0}, &sink);
    TW_ASSERT(status == TW_OK);
    floor_request_end(floor, symbol);
}

void floor_auction_hold(trading_floor *floor) {
    int kind = coming(floor);
    if (kind == 0)
        return;
    begin_gathering(floor, (tw_match_auction)kind);
    for (tw_symbol s = 0; s < floor->symbol_count; s++) {
        if (takes_place(floor, s)) {
            floor_agents_complete(floor, s, (tw_match_auction)kind);
            hold(floor, s, (tw_match_auction)kind);
        } else if (floor->gathered > 0) {
            floor_agents_scatter(floor, s);
        }
        floor->asked[s] = false;
    }
}
