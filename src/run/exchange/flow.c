/*
 * flow.c - the agents' draws.
 *
 * Idea: three kinds of act; sizes and distances from what is seen in real orders: half of all
 * orders are for a hundred shares, many for about ten thousand dollars; most are placed within
 * some basis points of the fair value, some far away; the youngest are cancelled first. The list
 * of live orders is only a memory of what was sent: one that has traded away is cancelled in vain,
 * which is what agents do, too.
 *
 * Invariants
 *  1. No limit order crosses the best price that its agent sees, unless that is a sale at the
 *     lowest price there is.
 *  2. An order that takes goes at most MARKET_REACH away from the fair value: nobody can sell the
 *     agents a share at a price far from its value.
 */
#include "flow.h"

#include <math.h>
#include <string.h>

#include "exponential.h"
#include "logarithm.h"
#include "tradewind/time.h"

static const double ODDS_TAKE = 0.039;
static const double ODDS_TAKE_MISPRICED = 0.25; /* when the best price is beyond the fair value */
static const double LIVE_WANTED = 110.0;
static const double HALF_SPREAD = 1.1e-4;   /* of the price: where most orders begin */
static const double DISTANCE_MEAN = 3.0e-4; /* of the price, beyond that */
static const double DISTANCE_FAR = 12.0e-4; /* ... of the few that are placed far away */
static const double ODDS_FAR = 0.2;
static const double ODDS_INSIDE = 0.10; /* placed between fair value and half spread */
static const double AGE_EXPONENT = 0.9;
static const double ODDS_STALE = 0.6; /* of a cancellation that looks for a stale order */
static const float STALE_EDGE = 0.4f; /* of the half spread: nearer to the fair value is stale */
static const double ODDS_WALK = 0.12; /* of a taker who takes more than the best price */
static const double ODDS_ROUND_TAKE = 0.8; /* of a taker who would take less than a hundred */
static const double ORDER_VALUE = 10500.0; /* currency units */
static const double MARKET_REACH = 0.05;   /* of the price */
/* Together they keep the variance: 0.0006 x 22.4^2 + 0.9994 x 0.837^2 = 1. */
static const double ODDS_NEWS = 0.0006;
static const double NEWS_SHOCK = 22.4;
static const double USUAL_SHOCK = 0.837;
static const double FAIR_MIN = 0.05;
static const double FAIR_MAX = 2e9;
static const double VOLATILITY_MIN = 0.15;
static const double VOLATILITY_SPREAD = 0.25;
static const double TRADING_SECONDS_A_YEAR = 252.0 * 6.5 * 3600.0;
/* A night, a weekend, or more, moves a price as about an hour and a half of trading does. */
static const double OVERNIGHT_NS_MAX = 1.5 * 3600e9;
static const int64_t TICK_NANO = TW_NANO / 100;
static const double TICKS_A_UNIT = 100.0;

static bool chance(order_flow *flow, double odds) {
    return tw_random_uniform(&flow->random) < odds;
}

/* ---- the fair value ------------------------------------------------------------------------ */

void flow_init(order_flow *flow, tw_symbol symbol, tw_price price, uint64_t seed,
               double events_per_second, int64_t start_ns) {
    TW_ASSERT(price.nano > 0 && events_per_second > 0.0);
    *flow = (order_flow){.symbol = symbol, .next_id = 1, .last_ns = start_ns};
    tw_random_init(&flow->random, seed, UINT64_C(0x666c6f77) << 32 | symbol);
    double yearly = VOLATILITY_MIN + VOLATILITY_SPREAD * tw_random_uniform(&flow->random);
    flow->fair = fmin(fmax(tw_decimal_to_double(price.nano), FAIR_MIN), FAIR_MAX);
    flow->volatility_per_ns = yearly / sqrt(TRADING_SECONDS_A_YEAR * 1e9);
    flow->volatility_per_event = yearly / sqrt(TRADING_SECONDS_A_YEAR * events_per_second);
    arrivals_init(&flow->arrivals, events_per_second / 1e9);
    flow_set_rate(flow, events_per_second, start_ns);
}

void flow_set_rate(order_flow *flow, double events_per_second, int64_t now_ns) {
    TW_ASSERT(events_per_second > 0.0);
    arrivals_set_rate(&flow->arrivals, events_per_second / 1e9);
    arrivals_pass(&flow->arrivals, now_ns - flow->last_ns);
    flow->last_ns = now_ns;
    flow->next_ns = now_ns + arrivals_draw(&flow->arrivals, &flow->random);
}

static void pass_to_next(order_flow *flow) {
    arrivals_pass(&flow->arrivals, flow->next_ns - flow->last_ns);
    arrivals_raise(&flow->arrivals);
    flow->last_ns = flow->next_ns;
    flow->next_ns += arrivals_draw(&flow->arrivals, &flow->random);
}

/* A few of the acts are news: they move the fair value far, as the rest of them together less. */
static double draw_shock(order_flow *flow) {
    double shock = tw_random_normal(&flow->random);
    return shock * (chance(flow, ODDS_NEWS) ? NEWS_SHOCK : USUAL_SHOCK);
}

static void move_fair(order_flow *flow, double by) {
    flow->fair *= natural_exponential(by);
    flow->fair = fmin(fmax(flow->fair, FAIR_MIN), FAIR_MAX);
}

void flow_wake(order_flow *flow, int64_t now_ns, int64_t gap_ns) {
    TW_ASSERT(gap_ns >= 0);
    double gap = fmin((double)gap_ns, OVERNIGHT_NS_MAX);
    move_fair(flow, flow->volatility_per_ns * sqrt(gap) * tw_random_normal(&flow->random));
    arrivals_settle(&flow->arrivals);
    flow->last_ns = now_ns;
}

uint64_t flow_take_live(order_flow *flow) {
    return flow->live_count == 0 ? 0 : flow->ids[--flow->live_count];
}

/* ---- placing ------------------------------------------------------------------------------- */

static int64_t ticks_at_least_one(double ticks) {
    return ticks > 1.0 ? (int64_t)ticks : 1;
}

/* How far from the fair value an order is placed, as a share of it. */
static double draw_distance(order_flow *flow) {
    if (chance(flow, ODDS_INSIDE))
        return HALF_SPREAD * tw_random_uniform(&flow->random);
    double mean = chance(flow, ODDS_FAR) ? DISTANCE_FAR : DISTANCE_MEAN;
    return HALF_SPREAD + tw_random_exponential(&flow->random, mean);
}

/* The price so far from the fair value, rounded away from it, in ticks. */
static int64_t price_at(const order_flow *flow, tw_side side, double distance) {
    double fair = flow->fair * TICKS_A_UNIT;
    return side == TW_SIDE_BUY ? ticks_at_least_one(floor(fair * (1.0 - distance)))
                               : ticks_at_least_one(ceil(fair * (1.0 + distance)));
}

/* Invariant 1. */
static int64_t not_crossing(tw_side side, int64_t ticks, const tw_quote *best) {
    if (side == TW_SIDE_BUY && best->ask_size.nano > 0) {
        int64_t limit = (best->ask_price.nano + TICK_NANO - 1) / TICK_NANO - 1;
        ticks = ticks < limit ? ticks : limit;
    } else if (side == TW_SIDE_SELL && best->bid_size.nano > 0) {
        int64_t limit = best->bid_price.nano / TICK_NANO + 1;
        ticks = ticks > limit ? ticks : limit;
    }
    return ticks;
}

static uint64_t draw_shares(order_flow *flow) {
    double draw = tw_random_uniform(&flow->random);
    if (draw < 0.53)
        return 100;
    if (draw < 0.78) {
        double value = ORDER_VALUE * (0.9 + 0.4 * tw_random_uniform(&flow->random));
        return (uint64_t)ticks_at_least_one(value / flow->fair);
    }
    if (draw < 0.87)
        return 1 + tw_random_below(&flow->random, 99);
    if (draw < 0.94)
        return 200;
    if (draw < 0.965)
        return 1000;
    return (2 + tw_random_geometric(&flow->random, 0.45)) * 100;
}

static void remember(order_flow *flow, uint64_t id, tw_side side, int64_t ticks) {
    TW_ASSERT(flow->live_count < FLOW_LIVE_COUNT_MAX);
    flow->prices[flow->live_count] = (float)(side == TW_SIDE_BUY ? ticks : -ticks);
    flow->ids[flow->live_count++] = id;
}

static void act_submit(order_flow *flow, tw_time_in_force time_in_force, tw_side side,
                       int64_t ticks, flow_act *ret_act) {
    *ret_act = (flow_act){
        .kind = FLOW_SUBMIT,
        .order =
            {
                .id = flow->next_id++,
                .symbol = flow->symbol,
                .side = (uint8_t)side,
                .type = TW_ORDER_LIMIT,
                .time_in_force = (uint8_t)time_in_force,
                .price = {ticks * TICK_NANO},
                .quantity = {(int64_t)draw_shares(flow) * TW_NANO},
            },
    };
    if (time_in_force == TW_DAY)
        remember(flow, ret_act->order.id, side, ticks);
}

void flow_opening(order_flow *flow, uint32_t index, flow_act *ret_act) {
    tw_side side = index % 2 == 0 ? TW_SIDE_BUY : TW_SIDE_SELL;
    double distance = HALF_SPREAD + tw_random_exponential(&flow->random, DISTANCE_FAR / 2.0);
    act_submit(flow, TW_DAY, side, price_at(flow, side, distance), ret_act);
}

static tw_side draw_side(order_flow *flow) {
    return tw_random_below(&flow->random, 2) == 0 ? TW_SIDE_BUY : TW_SIDE_SELL;
}

static void act_place(order_flow *flow, const tw_quote *best, flow_act *ret_act) {
    tw_side side = draw_side(flow);
    int64_t ticks = price_at(flow, side, draw_distance(flow));
    ticks = not_crossing(side, ticks, best);
    act_submit(flow, TW_DAY, side, ticks > 1 ? ticks : 1, ret_act);
}

/* ---- cancelling ---------------------------------------------------------------------------- */

/* Few live long: the age, counted in younger orders, has a heavy tail. */
static uint32_t draw_age(order_flow *flow) {
    double draw = 1.0 - tw_random_uniform(&flow->random);
    double age = natural_exponential(-natural_logarithm(draw) / AGE_EXPONENT) - 1.0;
    return age < flow->live_count ? (uint32_t)age
                                  : (uint32_t)tw_random_below(&flow->random, flow->live_count);
}

/* By how many ticks an order is away from the fair value; below 0 it gives something away. */
static float edge_of(float fair, float price) {
    return price > 0.0f ? fair - price : -price - fair;
}

/* The order that the fair value has come nearest to. */
static uint32_t stalest(const order_flow *flow, float fair) {
    uint32_t found = 0;
    float least = edge_of(fair, flow->prices[0]);
    for (uint32_t i = 1; i < flow->live_count; i++) {
        float edge = edge_of(fair, flow->prices[i]);
        found = edge < least ? i : found;
        least = edge < least ? edge : least;
    }
    return found;
}

static void forget(order_flow *flow, uint32_t pick) {
    uint32_t younger = flow->live_count - pick - 1;
    memmove(&flow->ids[pick], &flow->ids[pick + 1], younger * sizeof flow->ids[0]);
    memmove(&flow->prices[pick], &flow->prices[pick + 1], younger * sizeof flow->prices[0]);
    flow->live_count--;
}

static void act_cancel(order_flow *flow, flow_act *ret_act) {
    uint32_t pick = flow->live_count - 1 - draw_age(flow);
    if (chance(flow, ODDS_STALE)) {
        float fair = (float)(flow->fair * TICKS_A_UNIT);
        uint32_t stale = stalest(flow, fair);
        if (edge_of(fair, flow->prices[stale]) < STALE_EDGE * (float)HALF_SPREAD * fair)
            pick = stale;
    }
    *ret_act = (flow_act){.kind = FLOW_CANCEL, .id = flow->ids[pick]};
    forget(flow, pick);
}

/* ---- taking -------------------------------------------------------------------------------- */

/* The side whose best price is beyond the fair value: to buy below it, or to sell above it. */
static tw_side mispriced(const order_flow *flow, const tw_quote *best) {
    double fair = flow->fair * (double)TW_NANO;
    if (best->ask_size.nano > 0 && (double)best->ask_price.nano < fair)
        return TW_SIDE_BUY;
    if (best->bid_size.nano > 0 && (double)best->bid_price.nano > fair)
        return TW_SIDE_SELL;
    return TW_SIDE_NONE;
}

/* Most take from the best price only. */
static void act_take(order_flow *flow, tw_side side, const tw_quote *best, flow_act *ret_act) {
    double reach = side == TW_SIDE_BUY ? 1.0 + MARKET_REACH : 1.0 - MARKET_REACH;
    int64_t worst = ticks_at_least_one(flow->fair * TICKS_A_UNIT * reach);
    tw_price touch = side == TW_SIDE_BUY ? best->ask_price : best->bid_price;
    int64_t ticks = touch.nano / TICK_NANO;
    bool walks = ticks <= 0 || chance(flow, ODDS_WALK);
    if (walks || (side == TW_SIDE_BUY ? ticks > worst : ticks < worst))
        ticks = worst;
    act_submit(flow, TW_IMMEDIATE_OR_CANCEL, side, ticks, ret_act);
    if (ret_act->order.quantity.nano < 100 * TW_NANO && chance(flow, ODDS_ROUND_TAKE))
        ret_act->order.quantity.nano = 100 * TW_NANO;
}

void flow_next(order_flow *flow, const tw_quote *best, flow_act *ret_act) {
    move_fair(flow, flow->volatility_per_event * draw_shock(flow));
    pass_to_next(flow);
    tw_side side = mispriced(flow, best);
    if (chance(flow, side == TW_SIDE_NONE ? ODDS_TAKE : ODDS_TAKE_MISPRICED)) {
        act_take(flow, side == TW_SIDE_NONE ? draw_side(flow) : side, best, ret_act);
        return;
    }
    double crowd = (flow->live_count - LIVE_WANTED) / LIVE_WANTED;
    bool full = flow->live_count == FLOW_LIVE_COUNT_MAX;
    if (full || (flow->live_count > 0 && chance(flow, 0.5 + 0.5 * crowd)))
        act_cancel(flow, ret_act);
    else
        act_place(flow, best, ret_act);
}
