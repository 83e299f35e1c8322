/*
 * flow.h - seeded agents that keep one symbol's book alive.
 *
 * Each symbol has a fair value that moves with every act (yearly volatility as drawn), so that
 * busy times are volatile times. Agents come in bursts (arrivals.h). An act is a limit order near
 * the fair value, the cancellation of an older one, or an order that takes what is best; those
 * whose order the fair value has left behind are the first to cancel or to be taken from. What is
 * drawn, and how near it is to real orders, is measured by golden_flow.
 *
 * Memory: plain data of fixed size. Threads: one owner.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_FLOW_H
#define TRADEWIND_RUN_EXCHANGE_FLOW_H

#include "arrivals.h"
#include "tradewind/market.h"
#include "tradewind/match.h"
#include "tradewind/random.h"

#define FLOW_LIVE_COUNT_MAX 160

typedef enum flow_kind { FLOW_SUBMIT = 1, FLOW_CANCEL = 2 } flow_kind;

/* One act of an agent. */
typedef struct flow_act {
    flow_kind kind;
    tw_match_order order; /* FLOW_SUBMIT */
    uint64_t id;          /* FLOW_CANCEL */
} flow_act;

typedef struct order_flow {
    tw_random random;
    arrivals arrivals;
    double fair;                 /* in currency units */
    double volatility_per_ns;    /* of log fair in the session, a square root of a nanosecond */
    double volatility_per_event; /* the same, an event */
    int64_t last_ns;             /* up to where the arrivals have come */
    int64_t next_ns;
    uint64_t next_id;
    uint32_t live_count;
    tw_symbol symbol;
    /* Orders that may still rest, oldest first: price in ticks, below 0 of one that sells, and id.
     * Prices are only for finding the stale one, so they need not be exact. */
    float prices[FLOW_LIVE_COUNT_MAX];
    uint64_t ids[FLOW_LIVE_COUNT_MAX];
} order_flow;

/* Starts the agents of a symbol at a price (> 0). `events_per_second` is the mean of the regular
 * session, which the day's volatility is shared among. */
void flow_init(order_flow *flow, tw_symbol symbol, tw_price price, uint64_t seed,
               double events_per_second, int64_t start_ns);

/* One of the resting orders that the book opens with; call it FLOW_OPENING_COUNT times. */
#define FLOW_OPENING_COUNT 80
void flow_opening(order_flow *flow, uint32_t index, flow_act *ret_act);

/* From `now_ns` on so many acts a second: the next one is drawn anew. */
void flow_set_rate(order_flow *flow, double events_per_second, int64_t now_ns);

/* At `now_ns`, after `gap_ns` of rest: the fair value moves as it would have. Orders are to be
 * placed anew, flow_opening after flow_take_live has given each that may still rest: its id, or 0
 * after the last. */
void flow_wake(order_flow *flow, int64_t now_ns, int64_t gap_ns);
uint64_t flow_take_live(order_flow *flow);

/* The act at `next_ns`; moves `next_ns` to the one after it. `best` is what the agents see: the
 * best bid and ask, sizes 0 where there is none. */
void flow_next(order_flow *flow, const tw_quote *best, flow_act *ret_act);

#endif
