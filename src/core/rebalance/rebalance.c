/*
 * rebalance.c - from holdings, weights and bands to ranges of whole lots.
 *
 * Everything is integer. A weight bound is kept at 1e-18, times an equity at 1e-9 it is a value
 * at 1e-27; over a price it is a quantity, rounded inward to 1e-9 and then to lots. So "inside its
 * band" is decided exactly, and a plan that lands on an edge is inside.
 *
 * Invariants:
 * 1. Zero lots are in the range of a position iff it is inside its band now.
 * 2. quantity + lots x lot is at least 0 for every lots of the range: nothing is sold short.
 */
#include "rebalance_priv.h"

#include <string.h>

#define BAND_NANO_MAX (10 * TW_NANO)

void tw_rebalance_config_init(tw_rebalance_config *config) {
    TW_ASSERT(config != NULL);
    memset(config, 0, sizeof *config);
    config->cash_max.nano = INT64_MAX;
}

tw_status tw_rebalance_new(const tw_allocator *allocator, size_t position_count_max,
                           tw_rebalance **ret_rebalance) {
    TW_ASSERT(ret_rebalance != NULL);
    if (position_count_max == 0)
        return TW_RANGE;
    if (allocator == NULL)
        allocator = tw_allocator_system();
    tw_rebalance *rebalance = TW_NEW(allocator, 1, tw_rebalance);
    if (rebalance == NULL)
        return TW_NO_MEMORY;
    rebalance->allocator = *allocator;
    rebalance->count_max = position_count_max;
    rebalance->ranges = TW_NEW(allocator, position_count_max, tw_rebalance_range);
    rebalance->offers = TW_NEW(allocator, position_count_max, offer);
    rebalance->order = TW_NEW(allocator, position_count_max, offer);
    rebalance->members = TW_NEW(allocator, position_count_max, member);
    rebalance->trades = TW_NEW(allocator, position_count_max, tw_rebalance_trade);
    rebalance->taken = TW_NEW(allocator, position_count_max, bool);
    if (rebalance->ranges == NULL || rebalance->offers == NULL || rebalance->order == NULL ||
        rebalance->members == NULL || rebalance->trades == NULL || rebalance->taken == NULL) {
        tw_rebalance_free(rebalance);
        return TW_NO_MEMORY;
    }
    *ret_rebalance = rebalance;
    return TW_OK;
}

void tw_rebalance_free(tw_rebalance *rebalance) {
    if (rebalance == NULL)
        return;
    tw_allocator allocator = rebalance->allocator;
    size_t count = rebalance->count_max;
    TW_DELETE(&allocator, rebalance->ranges, count, tw_rebalance_range);
    TW_DELETE(&allocator, rebalance->offers, count, offer);
    TW_DELETE(&allocator, rebalance->order, count, offer);
    TW_DELETE(&allocator, rebalance->members, count, member);
    TW_DELETE(&allocator, rebalance->trades, count, tw_rebalance_trade);
    TW_DELETE(&allocator, rebalance->taken, count, bool);
    TW_DELETE(&allocator, rebalance, 1, tw_rebalance);
}

static const char *position_fault(const tw_rebalance_position *p) {
    if (p->price.nano <= 0)
        return "a price that is not above 0";
    if (p->quantity.nano < 0)
        return "a negative quantity: positions are long only";
    if (p->weight_nano < 0 || p->weight_nano > TW_NANO)
        return "a target weight outside 0 to 1";
    if (p->band_nano < 0 || p->band_nano > BAND_NANO_MAX)
        return "a band outside 0 to 1000%";
    if (p->band_kind != TW_BAND_ABSOLUTE && p->band_kind != TW_BAND_RELATIVE)
        return "a band that is neither absolute nor relative";
    if (p->lot.nano < 0)
        return "a negative lot";
    if (p->min_trade.nano < 0)
        return "a negative minimum trade";
    return NULL;
}

/* The equity at 1e-9, rounded down; positive. */
static tw_status equity_of(const tw_rebalance_config *config,
                           const tw_rebalance_position *positions, size_t count,
                           int64_t *ret_equity, tw_error *error) {
    wide total = 0;
    for (size_t i = 0; i < count; i++) {
        const char *fault = position_fault(&positions[i]);
        if (fault != NULL)
            return tw_error_set(error, TW_INVALID, "position %zu has %s", i, fault);
        wide value = (wide)positions[i].quantity.nano * positions[i].price.nano;
        if (__builtin_add_overflow(total, value, &total))
            return tw_error_set(error, TW_OVERFLOW, "the value of the positions does not fit");
    }
    wide equity = total / TW_NANO + config->cash.nano;
    if (equity > INT64_MAX)
        return tw_error_set(error, TW_OVERFLOW, "the value of the positions does not fit");
    if (equity <= 0)
        return tw_error_set(error, TW_INVALID,
                            "positions and cash are worth nothing: there is nothing to weigh");
    *ret_equity = (int64_t)equity;
    return TW_OK;
}

/* A band without a whole lot becomes the one lot nearest to the target; ties go to the lower. */
static wide nearest_lots(wide below, wide held, wide wanted, wide lot) {
    wide low = held + below * lot;
    wide high = low + lot;
    if (low < 0)
        return below + 1; /* invariant 2 */
    return wanted - low <= high - wanted ? below : below + 1;
}

static wide clamp(wide value, wide low, wide high) {
    return value < low ? low : value > high ? high : value;
}

/* Fills the range of one position (invariants 1 and 2). False when it does not fit. */
static bool range_of(const tw_rebalance_position *p, int64_t equity, uint8_t aim,
                     tw_rebalance_range *range, bool *ret_widened) {
    wide weight = (wide)p->weight_nano * TW_NANO;
    wide reach = p->band_kind == TW_BAND_RELATIVE ? (wide)p->weight_nano * p->band_nano
                                                  : (wide)p->band_nano * TW_NANO;
    wide unit = (wide)p->price.nano * TW_NANO;
    wide lower = weight > reach ? weight - reach : 0;
    wide least = ceiling_divide(lower * equity, unit);
    wide most = floor_divide((weight + reach) * equity, unit);
    wide wanted = floor_divide(weight * equity + unit / 2, unit);
    wide lot = p->lot.nano == 0 ? 1 : p->lot.nano;
    wide held = p->quantity.nano;
    wide lots_min = ceiling_divide(least - held, lot);
    wide lots_max = floor_divide(most - held, lot);
    *ret_widened = lots_min > lots_max;
    if (*ret_widened)
        lots_min = lots_max = nearest_lots(lots_max, held, wanted, lot);
    wide goal = 0;
    if (aim == TW_REBALANCE_TO_TARGET)
        goal = nearest_lots(floor_divide(wanted - held, lot), held, wanted, lot);
    goal = clamp(goal, lots_min, lots_max);
    wide lots_least = ceiling_divide((wide)p->min_trade.nano * TW_NANO, lot * p->price.nano);
    if (lots_min < -(wide)INT64_MAX || lots_max > INT64_MAX || lots_least > INT64_MAX)
        return false;
    memset(range, 0, sizeof *range);
    range->price = p->price;
    range->lot.nano = (int64_t)lot;
    range->lots_min = (int64_t)lots_min;
    range->lots_max = (int64_t)lots_max;
    range->lots_wanted = (int64_t)goal;
    range->lots_least = lots_least < 1 ? 1 : (int64_t)lots_least;
    range->symbol = p->symbol;
    return true;
}

tw_status tw_rebalance_compute(tw_rebalance *rebalance, const tw_rebalance_config *config,
                               const tw_rebalance_position *positions, size_t count,
                               tw_rebalance_plan *ret_plan, tw_error *error) {
    TW_ASSERT(rebalance != NULL && config != NULL && ret_plan != NULL);
    TW_ASSERT(positions != NULL || count == 0);
    if (count > rebalance->count_max)
        return tw_error_set(error, TW_FULL, "%zu positions exceed the %zu made room for", count,
                            rebalance->count_max);
    tw_status status = rebalance_config_check(config, error);
    int64_t equity = 0;
    if (status == TW_OK)
        status = equity_of(config, positions, count, &equity, error);
    if (status != TW_OK)
        return status;
    tw_rebalance_plan plan;
    memset(&plan, 0, sizeof plan);
    plan.equity.nano = equity;
    for (size_t i = 0; i < count; i++) {
        tw_rebalance_range *range = &rebalance->ranges[i];
        bool widened = false;
        if (!range_of(&positions[i], equity, config->aim, range, &widened))
            return tw_error_set(error, TW_OVERFLOW,
                                "the lots that position %zu may trade do not fit", i);
        if (positions[i].restricted != 0) {
            /* A band without a whole lot does not hold what is held now, either. */
            plan.restricted_outside += widened || range->lots_min > 0 || range->lots_max < 0;
            range->lots_min = range->lots_max = range->lots_wanted = 0;
        } else {
            plan.widened += widened;
        }
    }
    status = rebalance_plan_ranges(rebalance, config, rebalance->ranges, count, &plan, error);
    if (status == TW_OK)
        *ret_plan = plan;
    return status;
}

const char *tw_trade_reason_name(tw_trade_reason reason) {
    switch (reason) {
    case TW_TRADE_ABOVE_BAND:
        return "above band";
    case TW_TRADE_BELOW_BAND:
        return "below band";
    case TW_TRADE_RAISE_CASH:
        return "raise cash";
    case TW_TRADE_USE_CASH:
        return "use cash";
    default:
        return "unknown";
    }
}
