/*
 * flow.c - the agents' draws.
 *
 * Idea: three kinds of act with fixed odds, quantities and distances geometric, so that most
 * orders are small and near the touch as in real books. The list of live ids is only a memory of
 * what was sent: an id that has traded away is cancelled in vain, which is what agents do, too.
 */
#include "flow.h"

#include <math.h>

#include "exponential.h"
#include "tradewind/time.h"

static const double ODDS_LIMIT = 0.52;
static const double ODDS_CANCEL = 0.36; /* the rest are market orders */
static const double DISTANCE_DECAY = 0.18;
static const double SIZE_DECAY = 0.45;
static const double HALF_SPREAD = 0.00012; /* of the price, beside one tick */
static const double MARKET_REACH = 0.05;   /* of the price */
static const double FAIR_MIN = 0.05;
static const double FAIR_MAX = 2e9;
static const double VOLATILITY_MIN = 0.15;
static const double VOLATILITY_SPREAD = 0.25;
static const double TRADING_SECONDS_A_YEAR = 252.0 * 6.5 * 3600.0;
/* A night, a weekend, or more, moves a price as about an hour and a half of trading does. */
static const double OVERNIGHT_NS_MAX = 1.5 * 3600e9;
static const int64_t TICK_NANO = TW_NANO / 100;

void flow_init(order_flow *flow, tw_symbol symbol, tw_price price, uint64_t seed,
               double events_per_second, int64_t start_ns) {
    TW_ASSERT(price.nano > 0 && events_per_second > 0.0);
    *flow = (order_flow){.symbol = symbol, .next_id = 1};
    tw_random_init(&flow->random, seed, UINT64_C(0x666c6f77) << 32 | symbol);
    double yearly = VOLATILITY_MIN + VOLATILITY_SPREAD * tw_random_uniform(&flow->random);
    flow->fair = tw_decimal_to_double(price.nano);
    flow->volatility_per_ns = yearly / sqrt(TRADING_SECONDS_A_YEAR * 1e9);
    flow_set_rate(flow, events_per_second, start_ns);
}

void flow_set_rate(order_flow *flow, double events_per_second, int64_t now_ns) {
    TW_ASSERT(events_per_second > 0.0);
    flow->interval_ns = 1e9 / events_per_second;
    flow->next_ns = now_ns + 1 + (int64_t)tw_random_exponential(&flow->random, flow->interval_ns);
}

static void move_fair(order_flow *flow, double gap_ns) {
    flow->fair *= natural_exponential(flow->volatility_per_ns * sqrt(gap_ns) *
                                      tw_random_normal(&flow->random));
    flow->fair = fmin(fmax(flow->fair, FAIR_MIN), FAIR_MAX);
}

void flow_wake(order_flow *flow, int64_t gap_ns) {
    TW_ASSERT(gap_ns >= 0);
    double gap = (double)gap_ns;
    move_fair(flow, gap < OVERNIGHT_NS_MAX ? gap : OVERNIGHT_NS_MAX);
}

uint64_t flow_take_live(order_flow *flow) {
    return flow->live_count == 0 ? 0 : flow->live[--flow->live_count];
}

/* A limit price `distance` ticks away from the fair value's half spread, at least one tick. */
static tw_price limit_price(const order_flow *flow, tw_side side, uint64_t distance) {
    double half = flow->fair * HALF_SPREAD;
    double edge = side == TW_SIDE_BUY ? flow->fair - half : flow->fair + half;
    int64_t ticks = side == TW_SIDE_BUY ? (int64_t)floor(edge * 100.0) - (int64_t)distance
                                        : (int64_t)ceil(edge * 100.0) + (int64_t)distance;
    return (tw_price){(ticks > 1 ? ticks : 1) * TICK_NANO};
}

/* The worst price that an agent's market order takes: nobody can sell the agents a share at a
 * price far from its value. */
static tw_price market_price(const order_flow *flow, tw_side side) {
    double edge =
        side == TW_SIDE_BUY ? flow->fair * (1.0 + MARKET_REACH) : flow->fair * (1.0 - MARKET_REACH);
    int64_t ticks = (int64_t)(edge * 100.0);
    return (tw_price){(ticks > 1 ? ticks : 1) * TICK_NANO};
}

static tw_quantity draw_quantity(order_flow *flow) {
    uint64_t lots = 1 + tw_random_geometric(&flow->random, SIZE_DECAY);
    uint64_t odd = tw_random_below(&flow->random, 5) == 0;
    uint64_t shares = odd ? 1 + tw_random_below(&flow->random, 99) : lots * 100;
    return (tw_quantity){(int64_t)shares * TW_NANO};
}

static void remember(order_flow *flow, uint64_t id) {
    if (flow->live_count < FLOW_LIVE_COUNT_MAX) {
        flow->live[flow->live_count++] = id;
        return;
    }
    flow->live[tw_random_below(&flow->random, FLOW_LIVE_COUNT_MAX)] = id;
}

static void act_submit(order_flow *flow, tw_time_in_force time_in_force, tw_side side,
                       tw_price price, flow_act *ret_act) {
    *ret_act = (flow_act){
        .kind = FLOW_SUBMIT,
        .order =
            {
                .id = flow->next_id++,
                .symbol = flow->symbol,
                .side = (uint8_t)side,
                .type = TW_ORDER_LIMIT,
                .time_in_force = (uint8_t)time_in_force,
                .price = price,
                .quantity = draw_quantity(flow),
            },
    };
    if (time_in_force == TW_DAY)
        remember(flow, ret_act->order.id);
}

void flow_opening(order_flow *flow, uint32_t index, flow_act *ret_act) {
    tw_side side = index % 2 == 0 ? TW_SIDE_BUY : TW_SIDE_SELL;
    act_submit(flow, TW_DAY, side, limit_price(flow, side, index / 4), ret_act);
}

static tw_side draw_side(order_flow *flow) {
    return tw_random_below(&flow->random, 2) == 0 ? TW_SIDE_BUY : TW_SIDE_SELL;
}

void flow_next(order_flow *flow, flow_act *ret_act) {
    double gap = tw_random_exponential(&flow->random, flow->interval_ns);
    move_fair(flow, gap);
    flow->next_ns += 1 + (int64_t)gap;
    double draw = tw_random_uniform(&flow->random);
    bool crowded = flow->live_count == FLOW_LIVE_COUNT_MAX;
    if (draw < ODDS_CANCEL || (crowded && draw < ODDS_CANCEL + ODDS_LIMIT)) {
        if (flow->live_count > FLOW_OPENING_COUNT / 2) {
            uint64_t pick = tw_random_below(&flow->random, flow->live_count);
            *ret_act = (flow_act){.kind = FLOW_CANCEL, .id = flow->live[pick]};
            flow->live[pick] = flow->live[--flow->live_count];
            return;
        }
        draw = ODDS_CANCEL;
    }
    tw_side side = draw_side(flow);
    if (draw < ODDS_CANCEL + ODDS_LIMIT) {
        uint64_t distance = tw_random_geometric(&flow->random, DISTANCE_DECAY);
        act_submit(flow, TW_DAY, side, limit_price(flow, side, distance), ret_act);
    } else {
        act_submit(flow, TW_IMMEDIATE_OR_CANCEL, side, market_price(flow, side), ret_act);
    }
}
