/*
 * rebalance_ranges.c - from holdings, weights and bands to ranges of whole lots.
 *
 * Everything is integer. A weight bound is kept at 1e-18, times an equity at 1e-9 it is a value
 * at 1e-27; so is a quantity times a price times 1e9. So "inside its band" is decided exactly, and
 * a plan that lands on an edge is inside. Quotients are taken only for the positions and the side
 * that are asked for.
 *
 * Nearly always doubles are enough to know the answer: a sketch of a band comes with a bound of its
 * error, and only what is nearer to an edge (or to a whole lot) than that is computed in whole
 * numbers. The answer is the exact one either way.
 *
 * Invariants:
 * 1. Zero lots are in the range of a position iff it is inside its band now, or its band holds no
 *    whole lot and it stands on the one nearest to the target.
 * 2. No trade of a range takes a position across zero, away from the side of its target.
 * 3. Every product below fits (rebalance_check.c): weights are at most 1e18, bands at most 1.1e19,
 * the equity and the value of each position below 2^63, and lots worth more than 2^90 at 1e-18 are
 * refused.
 */
#include "rebalance_priv.h"

#include <string.h>

#define LOT_VALUE_MAX ((wide)1 << 90)
#define TRADE_VALUE_MAX ((wide)INT64_MAX / 4) /* with its cost it fits; below 2^92 at 1e-18 */

/* --- bands ----------------------------------------------------------------------------------- */

/* Edges of a band and the value held, all at 1e-27. */
typedef struct edges {
    wide low;
    wide high;
    wide held;
} edges;

/* Half of the band's width as a weight at 1e-18. */
static wide reach_of(const tw_rebalance_position *at) {
    int64_t weight = at->weight_nano < 0 ? -at->weight_nano : at->weight_nano;
    if (at->band_kind == TW_BAND_ABSOLUTE)
        return (wide)at->band_nano * TW_NANO;
    wide reach = (wide)weight * at->band_nano;
    wide floor = (wide)at->band_floor_nano * TW_NANO;
    return at->band_kind == TW_BAND_HYBRID && reach < floor ? floor : reach;
}

static inline edges edges_of(const problem *p, const tw_rebalance_position *at, wide reach) {
    wide weight = (wide)at->weight_nano * TW_NANO;
    wide low = weight - reach;
    wide high = weight + reach;
    if (weight >= 0)
        low = low < 0 ? 0 : low;
    else
        high = high > 0 ? 0 : high;
    return (edges){low * p->equity, high * p->equity,
                   (wide)at->quantity.nano * at->price.nano * TW_NANO};
}

/* The same in doubles. Each is made by at most six roundings of 2^-53 of numbers no larger than the
 * sum in `error`, which is taken eight times larger than that. */
typedef struct sketch {
    double low;
    double high;
    double held;
    double error;
} sketch;

static inline sketch sketch_of(const tw_rebalance_position *at, double equity) {
    double weight = (double)at->weight_nano * 1e9;
    double size = weight < 0 ? -weight : weight;
    double reach = (double)at->band_nano * (at->band_kind == TW_BAND_ABSOLUTE ? 1.0 : size * 1e-9);
    double floor = at->band_kind == TW_BAND_HYBRID ? (double)at->band_floor_nano : 0.0;
    reach *= at->band_kind == TW_BAND_ABSOLUTE ? 1e9 : 1.0;
    reach = reach < floor * 1e9 ? floor * 1e9 : reach;
    double low = weight - reach;
    double high = weight + reach;
    low = weight >= 0 && low < 0 ? 0 : low;
    high = weight < 0 && high > 0 ? 0 : high;
    double held = (double)at->quantity.nano * (double)at->price.nano * 1e9;
    double held_size = held < 0 ? -held : held;
    return (sketch){low * equity, high * equity, held,
                    0x1p-47 * (held_size + (size + reach) * equity)};
}

static uint8_t exact_outcome(const problem *p, const tw_rebalance_position *at) {
    edges band = edges_of(p, at, reach_of(at));
    if (band.held < band.low)
        return TW_OUTCOME_BELOW_BAND;
    return band.held > band.high ? TW_OUTCOME_ABOVE_BAND : TW_OUTCOME_INSIDE;
}

static void classify_positions(const problem *p) {
    double equity = (double)p->equity;
    for (size_t i = 0; i < p->count; i++) {
        const tw_rebalance_position *at = &p->positions[i];
        sketch band = sketch_of(at, equity);
        double over_low = band.held - band.low;
        double under_high = band.high - band.held;
        bool inside = over_low > band.error && under_high > band.error;
        p->work->outcomes[i] = inside ? TW_OUTCOME_INSIDE : exact_outcome(p, at);
    }
}

void rebalance_classify(const problem *p) {
    if (p->positions != NULL) {
        classify_positions(p);
        return;
    }
    for (size_t i = 0; i < p->count; i++)
        p->work->outcomes[i] = p->ranges[i].lots_min > 0   ? TW_OUTCOME_BELOW_BAND
                               : p->ranges[i].lots_max < 0 ? TW_OUTCOME_ABOVE_BAND
                                                           : TW_OUTCOME_INSIDE;
}

/* --- ranges ---------------------------------------------------------------------------------- */

/* The lots that lead nearest to the target, ties to the fewer held; invariant 2. */
static wide lots_to_target(const problem *p, const tw_rebalance_position *at, wide held,
                           wide step) {
    wide away = (wide)at->weight_nano * TW_NANO * p->equity - held;
    wide lots = ceiling_divide(2 * away - step, 2 * step);
    wide after = held + lots * step;
    if (at->weight_nano >= 0 && after < 0 && held >= 0)
        lots++;
    if (at->weight_nano < 0 && after > 0 && held <= 0)
        lots--;
    return lots;
}

/* How far the plan and the position let it trade. True when it may not trade the way it must. */
static bool restrict_range(const problem *p, const tw_rebalance_position *at, wide *lots_min,
                           wide *lots_max) {
    uint8_t plan = p->config->side;
    bool no_buys = at->restricted == TW_RESTRICTION_SELL_ONLY || plan == TW_RESTRICTION_SELL_ONLY;
    bool no_sales = at->restricted == TW_RESTRICTION_BUY_ONLY || plan == TW_RESTRICTION_BUY_ONLY;
    bool all = at->restricted == TW_RESTRICTION_ALL;
    bool stays = ((no_buys || all) && *lots_min > 0) || ((no_sales || all) && *lots_max < 0);
    if (stays || all)
        *lots_min = *lots_max = 0;
    if (no_sales && *lots_min < 0)
        *lots_min = 0;
    if (no_buys && *lots_max > 0)
        *lots_max = 0;
    return stays;
}

/* --- the most of an order -------------------------------------------------------------------- */

static tw_rebalance_order_max order_max_of(const problem *p, size_t index) {
    tw_rebalance_order_max most = p->config->order_max;
    if (p->config->order_maxima == NULL)
        return most;
    tw_rebalance_order_max own = p->config->order_maxima[index];
    most.value.nano = own.value.nano < most.value.nano ? own.value.nano : most.value.nano;
    most.quantity.nano =
        own.quantity.nano < most.quantity.nano ? own.quantity.nano : most.quantity.nano;
    return most;
}

/* In whole lots. */
static wide lots_of_order(const problem *p, size_t index, int64_t lot, wide lot_value) {
    tw_rebalance_order_max most = order_max_of(p, index);
    wide by_value = floor_divide((wide)most.value.nano * TW_NANO, lot_value);
    wide by_quantity = most.quantity.nano / lot;
    return by_value < by_quantity ? by_value : by_quantity;
}

/* Cuts a range to one order. True when the order ends before the range begins. */
static bool cut_to_order(wide most, wide *lots_min, wide *lots_max) {
    bool shortened = *lots_min > most || *lots_max < -most;
    *lots_min = wide_clamp(*lots_min, -most, most);
    *lots_max = wide_clamp(*lots_max, -most, most);
    return shortened;
}

/* --- one position ---------------------------------------------------------------------------- */

/* The part of the band that a trade of a position outside leads to. */
static wide destination_of(const problem *p, wide reach) {
    if (p->config->aim != TW_REBALANCE_TO_INNER)
        return reach;
    return reach / TW_NANO * p->config->destination_nano +
           reach % TW_NANO * p->config->destination_nano / TW_NANO;
}

static bool does_fit(const tw_rebalance_range *r) {
    for (int side = 0; side < 2; side++) {
        wide lots = side == 0 ? -(wide)r->lots_min : r->lots_max;
        wide quantity = lots * r->lot.nano;
        if (quantity > INT64_MAX || quantity * r->price.nano > TRADE_VALUE_MAX * TW_NANO)
            return false;
    }
    return true;
}

static tw_status range_of_position(const problem *p, size_t index, tw_rebalance_range *range,
                                   range_notes *notes, tw_error *error) {
    const tw_rebalance_position *at = &p->positions[index];
    int64_t lot = at->lot.nano == 0 ? 1 : at->lot.nano;
    wide lot_value = (wide)lot * at->price.nano;
    if (lot_value > LOT_VALUE_MAX)
        return tw_error_set(error, TW_OVERFLOW, "one lot of %s is worth more than fits",
                            rebalance_label_of(p, index).text);
    wide step = lot_value * TW_NANO;
    wide reach = reach_of(at);
    uint8_t found = p->work->outcomes[index];
    if (found == TW_OUTCOME_BELOW_BAND || found == TW_OUTCOME_ABOVE_BAND)
        reach = destination_of(p, reach);
    edges band = edges_of(p, at, reach);
    wide lots_min = ceiling_divide(band.low - band.held, step);
    wide lots_max = floor_divide(band.high - band.held, step);
    bool to_target =
        p->config->aim == TW_REBALANCE_TO_TARGET || p->config->aim == TW_REBALANCE_CLOSEST;
    notes->widened = lots_min > lots_max;
    wide target = to_target || notes->widened ? lots_to_target(p, at, band.held, step) : 0;
    if (notes->widened)
        lots_min = lots_max = target;
    if (restrict_range(p, at, &lots_min, &lots_max))
        notes->widened = false;
    if (p->has_order_max)
        notes->shortened =
            cut_to_order(lots_of_order(p, index, lot, lot_value), &lots_min, &lots_max);
    wide lots_least =
        at->min_trade.nano == 0 ? 1 : ceiling_divide((wide)at->min_trade.nano * TW_NANO, lot_value);
    if (lots_min < -(wide)INT64_MAX || lots_max > INT64_MAX)
        return tw_error_set(error, TW_OVERFLOW, "the lots that %s may trade do not fit",
                            rebalance_label_of(p, index).text);
    *range = (tw_rebalance_range){
        .price = at->price,
        .lot = {lot},
        .lots_min = (int64_t)lots_min,
        .lots_max = (int64_t)lots_max,
        .lots_wanted = (int64_t)wide_clamp(to_target ? target : 0, lots_min, lots_max),
        .lots_least = narrow(lots_least),
        .symbol = at->symbol,
        .group = at->group,
        .rank = at->rank,
        .cost_class = at->cost_class,
        .is_short = at->weight_nano < 0};
    return TW_OK;
}

tw_status rebalance_range_at(const problem *p, size_t index, tw_rebalance_range *ret_range,
                             range_notes *ret_notes, tw_error *error) {
    *ret_notes = (range_notes){false, false};
    if (p->positions == NULL) {
        *ret_range = p->ranges[index];
    } else {
        tw_status status = range_of_position(p, index, ret_range, ret_notes, error);
        if (status != TW_OK)
            return status;
    }
    if (!does_fit(ret_range))
        return tw_error_set(error, TW_OVERFLOW, "the trade of %s does not fit",
                            rebalance_label_of(p, index).text);
    return TW_OK;
}

/* The largest lots (a sale, so the smallest sale) that still bring more than they cost. */
static int64_t least_useful_sale(const member *m) {
    int64_t useful = m->low;
    int64_t useless = 0;
    while (useless - useful > 1) {
        int64_t middle = useful + (useless - useful) / 2;
        if (member_cash(m, middle) < 0)
            useful = middle;
        else
            useless = middle;
    }
    return useful;
}

bool rebalance_member_of(const problem *p, size_t index, const tw_rebalance_range *range,
                         bool sells, member *ret_member) {
    member m = {.low = range->lots_min,
                .high = range->lots_max,
                .lot = range->lot.nano,
                .price = range->price.nano,
                .cost = cost_class_of(p->config, range->cost_class),
                .index = (uint32_t)index,
                .node = rebalance_node_of(p, index)};
    if (sells && m.high > -range->lots_least)
        m.high = -range->lots_least;
    if (!sells && m.low < range->lots_least)
        m.low = range->lots_least;
    if (m.low > m.high)
        return false;
    bool is_optional = range->lots_min <= 0 && range->lots_max >= 0;
    if (sells && is_optional && !rebalance_is_free(m.cost)) {
        if (member_cash(&m, m.low) >= 0)
            return false;
        int64_t useful = least_useful_sale(&m);
        m.high = m.high < useful ? m.high : useful;
    }
    m.wanted = range->lots_wanted;
    if (is_optional && p->config->aim != TW_REBALANCE_CLOSEST)
        m.wanted = 0;
    m.at = m.wanted < m.low ? m.low : m.wanted > m.high ? m.high : m.wanted;
    *ret_member = m;
    return true;
}

/* --- offers ---------------------------------------------------------------------------------- */

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

static inline wide quantity_to_edge(const problem *p, const tw_rebalance_position *at,
                                    double equity, int direction) {
    int64_t lot = at->lot.nano == 0 ? 1 : at->lot.nano;
    sketch band = sketch_of(at, equity);
    double room = direction == DOWN ? band.held - band.low : band.high - band.held;
    double lots_per_value = 1.0 / ((double)lot * (double)at->price.nano * 1e9);
    double lots = room * lots_per_value;
    double error = (band.error + room * 0x1p-48) * lots_per_value;
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
static inline wide farthest_trade(const problem *p, size_t index, double equity, int direction) {
    if (p->positions == NULL) {
        const tw_rebalance_range *r = &p->ranges[index];
        wide lots = direction == DOWN ? -r->lots_min : r->lots_max;
        return lots < r->lots_least ? 0 : lots * r->lot.nano;
    }
    const tw_rebalance_position *at = &p->positions[index];
    uint8_t never = direction == DOWN ? TW_RESTRICTION_BUY_ONLY : TW_RESTRICTION_SELL_ONLY;
    if (at->restricted == TW_RESTRICTION_ALL || at->restricted == never || p->config->side == never)
        return 0;
    wide quantity = quantity_to_edge(p, at, equity, direction);
    if (p->has_order_max)
        quantity = cut_quantity(p, index, quantity);
    bool is_small =
        at->min_trade.nano > 0 && quantity * at->price.nano < (wide)at->min_trade.nano * TW_NANO;
    return is_small ? 0 : quantity;
}

/* The price, rank and cost class of a position or a range. */
typedef struct terms {
    int64_t price;
    uint32_t rank;
    uint16_t cost_class;
} terms;

static inline terms terms_of(const problem *p, size_t index) {
    if (p->positions != NULL) {
        const tw_rebalance_position *at = &p->positions[index];
        return (terms){at->price.nano, at->rank, at->cost_class};
    }
    const tw_rebalance_range *r = &p->ranges[index];
    return (terms){r->price.nano, r->rank, r->cost_class};
}

tw_status rebalance_offers(const problem *p, int direction, bool in_cash, size_t *ret_count,
                           wide *ret_cost, tw_error *error) {
    offer *offers = p->work->offers[direction];
    double equity = (double)p->equity;
    bool buys = direction == UP;
    size_t count = 0;
    wide costs = 0;
    for (size_t i = 0; i < p->count; i++) {
        if (p->work->outcomes[i] != TW_OUTCOME_INSIDE)
            continue;
        wide quantity = farthest_trade(p, i, equity, direction);
        if (quantity <= 0)
            continue;
        terms at = terms_of(p, i);
        if (quantity > INT64_MAX || quantity * at.price > TRADE_VALUE_MAX * TW_NANO)
            return tw_error_set(error, TW_OVERFLOW, "the trade of %s does not fit",
                                rebalance_label_of(p, i).text);
        int64_t value = (int64_t)value_of((int64_t)quantity, at.price, buys);
        int64_t cost = 0;
        if (p->has_costs)
            cost = (int64_t)cost_of(value, buys, cost_class_of(p->config, at.cost_class));
        if (value <= (buys ? 0 : cost))
            continue; /* a sale that costs more than it brings */
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

/* --- places ---------------------------------------------------------------------------------- */

uint32_t rebalance_node_of(const problem *p, size_t index) {
    uint32_t group = p->positions != NULL ? p->positions[index].group : p->ranges[index].group;
    if (group != 0)
        return p->group_first + group - 1;
    return p->sides == 0 ? p->top : p->sides + rebalance_is_short(p, index);
}

bool rebalance_is_short(const problem *p, size_t index) {
    return p->positions != NULL ? p->positions[index].weight_nano < 0
                                : p->ranges[index].is_short != 0;
}

tw_symbol rebalance_symbol_of(const problem *p, size_t index) {
    return p->positions != NULL ? p->positions[index].symbol : p->ranges[index].symbol;
}
