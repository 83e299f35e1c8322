/*
 * rebalance_offers.c - who is inside his band, and what those can give.
 *
 * This is what is done for every position, so it is where the time goes. Both are known from a
 * sketch of the band (rebalance_bands.h), and so in one pass: while the positions are put into
 * their classes, offers are made of those inside, in the direction in which the cash before trading
 * lies outside its window. Mostly that is the direction in which they are needed, and they need not
 * be looked at again.
 *
 * Invariant: p->offered says whether the offers of its direction are made, as rebalance_offers
 * would make them in cash; whoever takes or changes them sets it to NO_OFFERS.
 */
#include "rebalance_bands.h"
#include "standing_priv.h"

#define INLINE static inline __attribute__((always_inline))

/* --- one offer ------------------------------------------------------------------------------- */

/* The quantity that leads to the farther edge in one direction, of a position inside its band. */
static wide exact_quantity(const problem *p, const tw_rebalance_position *at, int direction) {
    int64_t lot = at->lot.nano == 0 ? 1 : at->lot.nano;
    wide lot_value = (wide)lot * at->price.nano;
    if (lot_value > LOT_VALUE_MAX)
        return 0; /* worth more than anything held */
    edges band = edges_of(p, at, reach_of(at));
    wide room = direction == DOWN ? band.held - band.low : band.high - band.held;
    return floor_divide(room, lot_value * TW_NANO) * lot;
}

INLINE wide quantity_to_edge(const problem *p, const tw_rebalance_position *at, const sketch *band,
                             int direction) {
    int64_t lot = at->lot.nano == 0 ? 1 : at->lot.nano;
    double room = direction == DOWN ? band->held - band->low : band->high - band->held;
    double lots_per_value = 1.0 / ((double)lot * (double)at->price.nano * 1e9);
    double lots = room * lots_per_value;
    double error = (band->error + room * 0x1p-48) * lots_per_value;
    int64_t whole = lots < 0x1p52 ? (int64_t)(lots - error) : -1;
    if (whole < 0 || lots < error || (int64_t)(lots + error) != whole)
        return exact_quantity(p, at, direction);
    return (wide)whole * lot;
}

static wide cut_quantity(const problem *p, size_t index, wide quantity) {
    const tw_rebalance_position *at = &p->positions[index];
    int64_t lot = at->lot.nano == 0 ? 1 : at->lot.nano;
    wide most = lots_of_order(p, index, lot, (wide)lot * at->price.nano) * lot;
    return quantity < most ? quantity : most;
}

/* What position `index`, inside its band, can trade at most; 0 for nothing. */
INLINE wide farthest_trade(const problem *p, size_t index, const sketch *band, int direction) {
    const tw_rebalance_position *at = &p->positions[index];
    uint8_t never = direction == DOWN ? TW_RESTRICTION_BUY_ONLY : TW_RESTRICTION_SELL_ONLY;
    if (at->restricted == TW_RESTRICTION_ALL || at->restricted == never || p->config->side == never)
        return 0;
    wide quantity = quantity_to_edge(p, at, band, direction);
    if (p->has_order_max)
        quantity = cut_quantity(p, index, quantity);
    bool is_small =
        at->min_trade.nano > 0 && quantity * at->price.nano < (wide)at->min_trade.nano * TW_NANO;
    return is_small ? 0 : quantity;
}

static wide farthest_of_range(const tw_rebalance_range *r, int direction) {
    wide lots = direction == DOWN ? -(wide)r->lots_min : r->lots_max;
    return lots < r->lots_least ? 0 : lots * r->lot.nano;
}

/* What an offer is made of. */
typedef struct terms {
    int64_t price;
    uint32_t rank;
    uint16_t cost_class;
} terms;

typedef enum giving { GIVES_NOTHING, GIVES, GIVES_TOO_MUCH } giving;

/* The value of a trade and its cost. A sale that costs more than it brings is none. */
INLINE giving value_trade(const problem *p, wide quantity, const terms *at, bool buys,
                          int64_t *ret_value, int64_t *ret_cost) {
    if (quantity <= 0)
        return GIVES_NOTHING;
    if (quantity > INT64_MAX || quantity * at->price > TRADE_VALUE_MAX * TW_NANO)
        return GIVES_TOO_MUCH;
    int64_t value = (int64_t)value_of((int64_t)quantity, at->price, buys);
    int64_t cost = 0;
    if (p->has_costs)
        cost = (int64_t)cost_of(value, buys, cost_class_of(p->config, at->cost_class));
    *ret_value = value;
    *ret_cost = cost;
    return value <= (buys ? 0 : cost) ? GIVES_NOTHING : GIVES;
}

/* --- classes --------------------------------------------------------------------------------- */

uint8_t rebalance_exact_outcome(const problem *p, const tw_rebalance_position *at) {
    edges band = edges_of(p, at, reach_of(at));
    if (band.held < band.low)
        return TW_OUTCOME_BELOW_BAND;
    return band.held > band.high ? TW_OUTCOME_ABOVE_BAND : TW_OUTCOME_INSIDE;
}

/* `direction` is a constant where this is called: each call is a loop of its own. */
INLINE void classify_and_offer(problem *p, int direction) {
    offer *offers = direction == NO_OFFERS ? NULL : p->work->offers[direction];
    double equity = (double)p->equity;
    size_t count = 0;
    bool complete = true;
    for (size_t i = 0; i < p->count; i++) {
        const tw_rebalance_position *at = &p->positions[i];
        sketch band = sketch_of(at, equity);
        bool inside = band.held - band.low > band.error && band.high - band.held > band.error;
        uint8_t outcome = inside ? TW_OUTCOME_INSIDE : rebalance_exact_outcome(p, at);
        p->work->outcomes[i] = outcome;
        if (direction == NO_OFFERS || outcome != TW_OUTCOME_INSIDE)
            continue;
        bool buys = direction == UP;
        int64_t value;
        int64_t cost;
        terms sold = {at->price.nano, at->rank, at->cost_class};
        wide quantity = farthest_trade(p, i, &band, direction);
        giving gives = value_trade(p, quantity, &sold, buys, &value, &cost);
        complete = complete && gives != GIVES_TOO_MUCH;
        if (gives != GIVES)
            continue;
        value += buys ? cost : -cost;
        offers[count++] = (offer){value, (uint32_t)i, at->rank};
    }
    p->offered = complete ? direction : NO_OFFERS;
    p->offered_count = count;
}

static int expected_direction(const problem *p) {
    const tw_rebalance_config *config = p->config;
    if (p->by_value)
        return NO_OFFERS;
    if (config->cash.nano < config->cash_min.nano)
        return DOWN;
    return config->cash.nano > config->cash_max.nano ? UP : NO_OFFERS;
}

void rebalance_classify(problem *p) {
    p->offered = NO_OFFERS;
    if (p->standing != NULL) {
        standing_classify(p->standing, p);
        return;
    }
    if (p->positions != NULL) {
        int direction = expected_direction(p);
        if (direction == DOWN)
            classify_and_offer(p, DOWN);
        else if (direction == UP)
            classify_and_offer(p, UP);
        else
            classify_and_offer(p, NO_OFFERS);
        return;
    }
    for (size_t i = 0; i < p->count; i++)
        p->work->outcomes[i] = p->ranges[i].lots_min > 0   ? TW_OUTCOME_BELOW_BAND
                               : p->ranges[i].lots_max < 0 ? TW_OUTCOME_ABOVE_BAND
                                                           : TW_OUTCOME_INSIDE;
}

/* --- all offers ------------------------------------------------------------------------------ */

static wide farthest_at(const problem *p, size_t index, double equity, int direction,
                        terms *ret_terms) {
    if (p->positions == NULL) {
        const tw_rebalance_range *r = &p->ranges[index];
        *ret_terms = (terms){r->price.nano, r->rank, r->cost_class};
        return farthest_of_range(r, direction);
    }
    const tw_rebalance_position *at = &p->positions[index];
    sketch band = sketch_of(at, equity);
    *ret_terms = (terms){at->price.nano, at->rank, at->cost_class};
    return farthest_trade(p, index, &band, direction);
}

tw_status rebalance_offers(problem *p, int direction, bool in_cash, size_t *ret_count,
                           wide *ret_cost, tw_error *error) {
    offer *offers = p->work->offers[direction];
    double equity = (double)p->equity;
    bool buys = direction == UP;
    size_t count = 0;
    wide costs = 0;
    p->offered = NO_OFFERS;
    for (size_t i = 0; i < p->count; i++) {
        if (p->work->outcomes[i] != TW_OUTCOME_INSIDE)
            continue;
        terms at;
        int64_t value;
        int64_t cost;
        wide quantity = farthest_at(p, i, equity, direction, &at);
        giving gives = value_trade(p, quantity, &at, buys, &value, &cost);
        if (gives == GIVES_TOO_MUCH)
            return tw_error_set(error, TW_OVERFLOW, "the trade of %s does not fit",
                                rebalance_label_of(p, i).text);
        if (gives != GIVES)
            continue;
        costs += cost;
        size_t place = count++;
        if (in_cash) {
            value += buys ? cost : -cost;
        } else {
            node *below = &p->work->nodes[rebalance_node_of(p, i)];
            place = below->begin + below->counts[direction]++;
        }
        offers[place] = (offer){value, (uint32_t)i, at.rank};
    }
    *ret_count = count;
    *ret_cost = costs;
    return TW_OK;
}

/* --- one that trades ------------------------------------------------------------------------- */

/* The same as rebalance_member_of, from the farthest trade alone, where nothing else matters: no
 * minimum, and no target that is wanted. */
static bool member_to_edge(const problem *p, size_t index, bool sells, member *ret_member) {
    const tw_rebalance_position *at = &p->positions[index];
    int64_t lot = at->lot.nano == 0 ? 1 : at->lot.nano;
    sketch band = sketch_of(at, (double)p->equity);
    wide quantity =
        sells ? farthest_trade(p, index, &band, DOWN) : farthest_trade(p, index, &band, UP);
    if (quantity < lot || quantity > INT64_MAX ||
        quantity * at->price.nano > TRADE_VALUE_MAX * TW_NANO)
        return false;
    int64_t lots =
        lot == TW_NANO ? (int64_t)quantity / TW_NANO : (int64_t)quantity / lot; /* no division */
    member m = {.low = sells ? -lots : 1,
                .high = sells ? -1 : lots,
                .lot = lot,
                .price = at->price.nano,
                .cost = cost_class_of(p->config, at->cost_class),
                .index = (uint32_t)index,
                .node = rebalance_node_of(p, index)};
    if (sells && !rebalance_keep_useful_sales(&m))
        return false;
    m.at = sells ? m.high : m.low;
    *ret_member = m;
    return true;
}

bool rebalance_member_inside(const problem *p, size_t index, bool sells, member *ret_member) {
    if (p->positions != NULL && p->positions[index].min_trade.nano == 0 &&
        p->config->aim != TW_REBALANCE_CLOSEST)
        return member_to_edge(p, index, sells, ret_member);
    tw_rebalance_range range;
    range_notes notes;
    return rebalance_range_at(p, index, &range, &notes, NULL) == TW_OK &&
           rebalance_member_of(p, index, &range, sells, ret_member);
}
