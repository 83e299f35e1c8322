/*
 * rebalance_ranges.c - from holdings, weights and bands to ranges of whole lots.
 *
 * Everything is integer. A weight bound is kept at 1e-18, times an equity at 1e-9 it is a value
 * at 1e-27; so is a quantity times a price times 1e9. So "inside its band" is decided exactly, and
 * a plan that lands on an edge is inside. Quotients are taken only for the positions and the side
 * that are asked for.
 *
 * Invariants:
 * 1. Zero lots are in the range of a position iff it is inside its band now, or its band holds no
 *    whole lot and it stands on the one nearest to the target.
 * 2. No trade of a range takes a position across zero, away from the side of its target.
 * 3. Every product below fits (rebalance_check.c): weights are at most 1e18, bands at most 1.1e19,
 * the equity and the value of each position below 2^63, and lots worth more than 2^90 at 1e-18 are
 * refused.
 */
#include "rebalance_bands.h"

#include <string.h>

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

bool rebalance_keep_useful_sales(member *m) {
    if (rebalance_is_free(m->cost))
        return true;
    if (member_cash(m, m->low) >= 0)
        return false;
    int64_t useful = least_useful_sale(m);
    m->high = m->high < useful ? m->high : useful;
    return true;
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
    if (sells && is_optional && !rebalance_keep_useful_sales(&m))
        return false;
    m.wanted = range->lots_wanted;
    if (is_optional && p->config->aim != TW_REBALANCE_CLOSEST)
        m.wanted = 0;
    m.at = m.wanted < m.low ? m.low : m.wanted > m.high ? m.high : m.wanted;
    *ret_member = m;
    return true;
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
