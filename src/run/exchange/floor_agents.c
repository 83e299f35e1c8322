/*
 * floor_agents.c - the agents of all symbols: who acts next, how busy they are, when they rest.
 *
 * Invariants
 *  1. The heap holds each symbol with agents exactly once, ordered by (next act, symbol).
 *  2. While they rest nothing of theirs is due; their orders stay in the book until they wake, when
 *     they are taken back and placed anew.
 */
#include "activity.h"
#include "auction_interest.h"
#include "floor_priv.h"
#include "tradewind/time.h"

/* After so long the agents' rate follows the day. */
static const int64_t RATE_PERIOD_NS = 5 * TW_NS_PER_MINUTE;

/* What golden_flow measures of the agents: of their messages so many are trades, of that size. */
static const double TRADES_A_MESSAGE = 0.063;
static const double SHARES_A_TRADE = 74.0;
static const double SESSION_SECONDS = 6.5 * 3600.0;

/* ---- who is next --------------------------------------------------------------------------- */

static bool due_before(const agent_due *a, const agent_due *b) {
    return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->symbol < b->symbol;
}

static void heap_sift_down(trading_floor *floor, uint32_t at) {
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= floor->heap_count)
            return;
        if (child + 1 < floor->heap_count &&
            due_before(&floor->heap[child + 1], &floor->heap[child]))
            child++;
        if (!due_before(&floor->heap[child], &floor->heap[at]))
            return;
        agent_due moved = floor->heap[at];
        floor->heap[at] = floor->heap[child];
        floor->heap[child] = moved;
        at = child;
    }
}

/* ---- what they do -------------------------------------------------------------------------- */

/* An agent's act. Agents act on what they remember: cancelling an order that has traded away,
 * and a book without room, are part of the game. */
static void perform(trading_floor *floor, tw_symbol symbol, const flow_act *act) {
    tw_status status = act->kind == FLOW_SUBMIT ? floor_enter(floor, &act->order)
                                                : floor_remove(floor, symbol, act->id);
    TW_ASSERT(status != TW_INVALID && status != TW_EXISTS);
}

static void place_orders(trading_floor *floor, tw_symbol symbol) {
    for (uint32_t i = 0; i < FLOW_OPENING_COUNT; i++) {
        flow_act act;
        flow_opening(&floor->flows[symbol], i, &act);
        perform(floor, symbol, &act);
    }
}

/* ---- how busy they are, and when they rest -------------------------------------------------- */

bool floor_agents_may_act(const trading_floor *floor) {
    return !floor->jumping && (floor->config.always_open || floor->phase != SESSION_CLOSED);
}

int64_t floor_agents_due(const trading_floor *floor) {
    return floor->resting_ns == 0 && floor->heap_count > 0 ? floor->heap[0].at_ns : INT64_MAX;
}

/* The mean of a regular session. */
static double events_per_second(const trading_floor *floor, tw_symbol symbol) {
    if (floor->config.events_total <= 0.0)
        return floor->config.events_per_second;
    return floor->config.events_total * activity_share(symbol, floor->shares);
}

/* A market that never closes has no quiet hours. */
static double activity_now(const trading_floor *floor) {
    bool quiet = floor->phase != SESSION_REGULAR && floor->config.always_open;
    return activity_at(quiet ? ACTIVITY_NIGHT_NS : floor->now_ns);
}

static void heap_order(trading_floor *floor) {
    for (uint32_t i = floor->heap_count / 2; i-- > 0;)
        heap_sift_down(floor, i);
}

/* The rate is another from now on; draws that were made with the old one are made anew, which a
 * process without memory allows. */
void floor_agents_pace(trading_floor *floor) {
    double activity = activity_now(floor);
    for (uint32_t i = 0; i < floor->heap_count; i++) {
        tw_symbol symbol = floor->heap[i].symbol;
        flow_set_rate(&floor->flows[symbol], events_per_second(floor, symbol) * activity,
                      floor->now_ns);
        floor->heap[i].at_ns = floor->flows[symbol].next_ns;
    }
    heap_order(floor);
    floor->rates_until_ns = floor->now_ns + RATE_PERIOD_NS;
}

void floor_agents_start(trading_floor *floor) {
    floor->shares = activity_shares(floor->symbol_count);
    for (tw_symbol s = 0; s < floor->symbol_count; s++) {
        if (floor_tape_has(floor, s))
            continue;
        tw_price price = floor_opening_price(floor, s);
        if (price.nano <= 0)
            continue;
        flow_init(&floor->flows[s], s, price, floor->config.seed, events_per_second(floor, s),
                  floor->config.start_ns);
        place_orders(floor, s);
        floor->heap[floor->heap_count++] = (agent_due){floor->flows[s].next_ns, s};
    }
    floor_agents_pace(floor);
    floor->resting_ns = floor_agents_may_act(floor) ? 0 : floor->now_ns;
}

void floor_agents_leave(trading_floor *floor, tw_symbol symbol) {
    order_flow *flow = &floor->flows[symbol];
    for (uint64_t id = flow_take_live(flow); id != 0; id = flow_take_live(flow)) {
        const flow_act act = {.kind = FLOW_CANCEL, .id = id};
        perform(floor, symbol, &act);
    }
}

static void wake_agent(trading_floor *floor, tw_symbol symbol) {
    order_flow *flow = &floor->flows[symbol];
    floor_agents_leave(floor, symbol);
    flow_wake(flow, floor->now_ns, floor->now_ns - floor->resting_ns);
    place_orders(floor, symbol);
}

/* In the order of symbols, not of the heap. */
void floor_agents_wake(trading_floor *floor) {
    for (tw_symbol s = 0; s < floor->symbol_count; s++) {
        if (floor_agents_has(floor, s))
            wake_agent(floor, s);
    }
    floor->resting_ns = 0;
    floor_agents_pace(floor);
}

/* ---- auctions ------------------------------------------------------------------------------- */

bool floor_agents_attend(const trading_floor *floor) {
    return !floor->jumping && !floor->config.always_open;
}

bool floor_agents_has(const trading_floor *floor, tw_symbol symbol) {
    return floor->flows[symbol].next_id != 0;
}

void floor_agents_gather(trading_floor *floor, tw_symbol symbol, tw_match_auction kind,
                         uint32_t first, uint32_t end) {
    if (!floor_agents_has(floor, symbol))
        return;
    const auction_interest interest = {
        .seed = floor->config.seed,
        .time_ns = floor->now_ns,
        .fair = floor->flows[symbol].fair,
        .shares_a_day =
            events_per_second(floor, symbol) * SESSION_SECONDS * TRADES_A_MESSAGE * SHARES_A_TRADE,
        .symbol = symbol,
        .kind = kind,
    };
    for (uint32_t i = first; i < end; i++) {
        flow_act act = {.kind = FLOW_SUBMIT};
        auction_interest_order(&interest, i, &act.order);
        perform(floor, symbol, &act);
    }
}

void floor_agents_complete(trading_floor *floor, tw_symbol symbol, tw_match_auction kind) {
    if (!floor_agents_has(floor, symbol) || floor->config.always_open)
        return;
    if (floor->resting_ns != 0)
        wake_agent(floor, symbol);
    floor_agents_gather(floor, symbol, kind, floor->gathered, AUCTION_INTEREST_COUNT);
}

void floor_agents_scatter(trading_floor *floor, tw_symbol symbol) {
    for (uint32_t i = 0; floor_agents_has(floor, symbol) && i < AUCTION_INTEREST_COUNT; i++) {
        const flow_act act = {.kind = FLOW_CANCEL, .id = AUCTION_INTEREST_ID | (i + 1)};
        perform(floor, symbol, &act);
    }
}

/* ---- the next act --------------------------------------------------------------------------- */

void floor_agents_next(trading_floor *floor) {
    tw_symbol symbol = floor->heap[0].symbol;
    flow_act act;
    tw_quote best;
    floor->now_ns = floor->heap[0].at_ns;
    tw_book_best(tw_match_book(floor->match), symbol, &best);
    flow_next(&floor->flows[symbol], &best, &act);
    floor->heap[0].at_ns = floor->flows[symbol].next_ns;
    heap_sift_down(floor, 0);
    perform(floor, symbol, &act);
}
