/*
 * rebalance_check.c - what the caller gave: every number in the range in which what is computed of
 * it fits, every reference to something that is there.
 *
 * Invariant: after rebalance_check weights are at most 1e9 in size and bands 1e10, every position
 * is worth less than 2^63 at 1e-9, the equity is above 0 and below 2^63, and no limit is crossed.
 */
#include "standing_priv.h"

#define BAND_NANO_MAX (10 * TW_NANO)
#define RATE_NANO_MAX (TW_NANO / 2)

/* --- checks ---------------------------------------------------------------------------------- */

static bool is_cost(const tw_trade_cost *cost) {
    return cost->buy_rate_nano >= 0 && cost->buy_rate_nano <= RATE_NANO_MAX &&
           cost->sell_rate_nano >= 0 && cost->sell_rate_nano <= RATE_NANO_MAX &&
           cost->buy_fixed.nano >= 0 && cost->buy_fixed.nano <= INT64_MAX / 4 &&
           cost->sell_fixed.nano >= 0 && cost->sell_fixed.nano <= INT64_MAX / 4;
}

static int64_t larger(int64_t a, int64_t b) {
    return a > b ? a : b;
}

static void note_cost(problem *p, const tw_trade_cost *cost) {
    p->has_costs = p->has_costs || !rebalance_is_free(cost);
    p->rate_most = larger(p->rate_most, larger(cost->buy_rate_nano, cost->sell_rate_nano));
    p->fixed_most = larger(p->fixed_most, larger(cost->buy_fixed.nano, cost->sell_fixed.nano));
}

static tw_status check_costs(problem *p, tw_error *error) {
    const tw_rebalance_config *config = p->config;
    note_cost(p, &config->cost);
    if (!is_cost(&config->cost))
        return tw_error_set(
            error, TW_INVALID,
            "the cost rates must lie between 0 and 50%%, fixed costs be at least 0");
    if (config->cost_count > TW_REBALANCE_COSTS_MAX ||
        (config->cost_count > 0 && config->costs == NULL))
        return tw_error_set(error, TW_INVALID, "the costs of classes are not a table");
    for (size_t i = 0; i < config->cost_count; i++) {
        if (!is_cost(&config->costs[i]))
            return tw_error_set(error, TW_INVALID,
                                "cost class %zu has a rate outside 0 to 50%% or a negative cost",
                                i + 1);
        note_cost(p, &config->costs[i]);
    }
    return TW_OK;
}

static tw_status check_config(const tw_rebalance_config *config, tw_error *error) {
    if (config->cash_min.nano > config->cash_max.nano)
        return tw_error_set(error, TW_INVALID, "the least cash is above the most cash");
    if (config->aim > TW_REBALANCE_CLOSEST)
        return tw_error_set(error, TW_INVALID,
                            "the aim is neither edge, target, inner nor closest");
    if (config->side > TW_RESTRICTION_SELL_ONLY || config->side == TW_RESTRICTION_ALL)
        return tw_error_set(error, TW_INVALID, "the plan's side is none of those there are");
    if (config->cap_priority > TW_CAP_LARGEST_BREACHES)
        return tw_error_set(error, TW_INVALID, "the priority under a cap is none there is");
    if (config->destination_nano < 0 || config->destination_nano > TW_NANO)
        return tw_error_set(error, TW_INVALID, "the destination is not a part of the band, 0 to 1");
    if (config->turnover_max.nano < 0)
        return tw_error_set(error, TW_INVALID, "the cap on the turnover is negative");
    return TW_OK;
}

static tw_status check_order_max(problem *p, tw_error *error) {
    const tw_rebalance_config *config = p->config;
    const tw_rebalance_order_max *own = config->order_maxima;
    p->has_order_max =
        p->positions != NULL && (own != NULL || config->order_max.value.nano != INT64_MAX ||
                                 config->order_max.quantity.nano != INT64_MAX);
    if (config->order_max.value.nano < 0 || config->order_max.quantity.nano < 0)
        return tw_error_set(error, TW_INVALID, "the most of an order is negative");
    for (size_t i = 0; p->has_order_max && own != NULL && i < p->count; i++)
        if (own[i].value.nano < 0 || own[i].quantity.nano < 0)
            return tw_error_set(error, TW_INVALID, "the most of an order of %s is negative",
                                rebalance_label_of(p, i).text);
    return TW_OK;
}

static bool is_fraction(int64_t nano, int64_t most) {
    return nano >= 0 && nano <= most;
}

const char *rebalance_position_fault(const tw_rebalance_config *config,
                                     const tw_rebalance_position *at) {
    bool shorts = config->shorts_allowed != 0;
    if (at->price.nano <= 0)
        return "a price that is not above 0";
    if (at->quantity.nano < 0 && !shorts)
        return "a negative quantity: shorts are not allowed";
    if (at->weight_nano < (shorts ? -TW_NANO : 0) || at->weight_nano > TW_NANO)
        return shorts ? "a target weight outside -1 to 1" : "a target weight outside 0 to 1";
    if (!is_fraction(at->band_nano, BAND_NANO_MAX) ||
        !is_fraction(at->band_floor_nano, BAND_NANO_MAX))
        return "a band outside 0 to 1000%";
    if (at->band_kind > TW_BAND_HYBRID)
        return "a band that is neither absolute, relative nor hybrid";
    if (at->lot.nano < 0)
        return "a negative lot";
    if (at->min_trade.nano < 0)
        return "a negative minimum trade";
    if (at->restricted > TW_RESTRICTION_SELL_ONLY)
        return "an unknown restriction";
    if (at->group > config->group_count)
        return "a group that is not there";
    if (at->cost_class > config->cost_count)
        return "a cost class that is not there";
    return NULL;
}

/* The equity at 1e-9, rounded down; positive. `total` is what the positions are worth at 1e-18. */
static tw_status find_equity(problem *p, wide total, tw_error *error) {
    wide equity =
        (total < 0 ? -ceiling_divide(-total, TW_NANO) : total / TW_NANO) + p->config->cash.nano;
    if (equity > INT64_MAX)
        return tw_error_set(error, TW_OVERFLOW, "the value of the positions does not fit");
    if (equity <= 0)
        return tw_error_set(error, TW_INVALID,
                            "positions and cash are worth nothing: there is nothing to weigh");
    p->equity = (int64_t)equity;
    return TW_OK;
}

static tw_status check_positions(problem *p, tw_error *error) {
    const wide value_max = (wide)INT64_MAX * TW_NANO;
    wide total = 0;
    tw_symbol last = 0;
    p->in_symbol_order = true;
    for (size_t i = 0; i < p->count; i++) {
        const tw_rebalance_position *at = &p->positions[i];
        p->in_symbol_order = p->in_symbol_order && at->symbol >= last;
        last = at->symbol;
        const char *fault = rebalance_position_fault(p->config, at);
        if (fault != NULL)
            return tw_error_set(error, TW_INVALID, "%s has %s", rebalance_label_of(p, i).text,
                                fault);
        wide value = (wide)at->quantity.nano * at->price.nano;
        if (value > value_max || value < -value_max)
            return tw_error_set(error, TW_OVERFLOW, "the value of %s does not fit",
                                rebalance_label_of(p, i).text);
        total += value;
    }
    return find_equity(p, total, error);
}

/* What stands has been checked as it was put, and added up. */
static tw_status check_standing(problem *p, tw_error *error) {
    p->in_symbol_order = true;
    return find_equity(p, p->standing->total, error);
}

static tw_status check_ranges(const problem *p, tw_error *error) {
    for (size_t i = 0; i < p->count; i++) {
        const tw_rebalance_range *r = &p->ranges[i];
        if (r->price.nano <= 0 || r->lot.nano < 1 || r->lots_least < 1 ||
            r->lots_min > r->lots_max || r->lots_wanted < r->lots_min ||
            r->lots_wanted > r->lots_max || r->lots_min == INT64_MIN)
            return tw_error_set(error, TW_INVALID, "%s is not a range of trades",
                                rebalance_label_of(p, i).text);
        if (r->group > p->config->group_count || r->cost_class > p->config->cost_count)
            return tw_error_set(error, TW_INVALID,
                                "%s has a group or a cost class that is not there",
                                rebalance_label_of(p, i).text);
    }
    return TW_OK;
}

tw_status rebalance_check(problem *p, tw_error *error) {
    if (p->count > p->work->count_max)
        return tw_error_set(error, TW_FULL, "%zu positions exceed the %zu made room for", p->count,
                            p->work->count_max);
    tw_status status = check_config(p->config, error);
    if (status == TW_OK)
        status = check_costs(p, error);
    if (status == TW_OK)
        status = check_order_max(p, error);
    if (status != TW_OK)
        return status;
    if (p->standing != NULL)
        return check_standing(p, error);
    return p->positions != NULL ? check_positions(p, error) : check_ranges(p, error);
}
