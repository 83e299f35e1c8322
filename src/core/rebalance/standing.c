/*
 * standing.c - positions that stay where they are between plans.
 *
 * Idea: a plan needs the equity, and who is outside its band. The equity is a sum of exact
 * products, so what a change takes off is what was put on. Bands are parts of the equity and move
 * with it, all at once; but a position is inside iff
 *
 *     low x equity < held < high x equity         (low and high parts of the equity)
 *
 * and those three numbers change only with the position itself. One pass in doubles finds those
 * that may be outside: the bounds are drawn so much tighter that no rounding can hide one. These
 * are looked at exactly. All else is the solver's.
 *
 * Invariants
 *  1. total = sum of quantity x price of all that have a price, at 1e-18; part_count counts these,
 *     odd_count those of them that a configuration could refuse.
 *  2. positions[s] is what the solver sees of symbol s: without a price, something that holds
 *     nothing, wants nothing and is never traded.
 *  3. Whoever is not strictly inside by held, low and high may be outside; whoever is, is inside.
 */
#include "standing_priv.h"

#include <math.h>
#include <string.h>

#include "rebalance_bands.h"

/* The sketch of rebalance_bands.h is inside by more than 2^-47 of all that its error is made of.
 * Here it is twice that, which leaves room for the roundings of this pass. */
#define MARGIN 0x1p-46

enum { BLOCK = 16 }; /* positions that are looked at in one go */

static size_t places_for(uint32_t count) {
    return ((size_t)count + BLOCK - 1) / BLOCK * BLOCK;
}

/* ---- life ---------------------------------------------------------------------------------- */

tw_status tw_standing_new(const tw_allocator *allocator, uint32_t symbol_count_max,
                          tw_standing **ret_standing) {
    TW_ASSERT(ret_standing != NULL);
    if (symbol_count_max == 0 || symbol_count_max == UINT32_MAX)
        return TW_RANGE;
    if (allocator == NULL)
        allocator = tw_allocator_system();
    tw_standing *standing = TW_NEW(allocator, 1, tw_standing);
    if (standing == NULL)
        return TW_NO_MEMORY;
    size_t places = places_for(symbol_count_max);
    standing->allocator = *allocator;
    standing->count = symbol_count_max;
    standing->told = TW_NEW(allocator, symbol_count_max, tw_rebalance_position);
    standing->positions = TW_NEW(allocator, symbol_count_max, tw_rebalance_position);
    standing->held = TW_NEW(allocator, places, double);
    standing->low = TW_NEW(allocator, places, double);
    standing->high = TW_NEW(allocator, places, double);
    if (standing->told == NULL || standing->positions == NULL || standing->held == NULL ||
        standing->low == NULL || standing->high == NULL) {
        tw_standing_free(standing);
        return TW_NO_MEMORY;
    }
    for (size_t i = 0; i < places; i++) {
        standing->low[i] = -INFINITY;
        standing->high[i] = INFINITY;
    }
    for (tw_symbol s = 0; s < symbol_count_max; s++)
        tw_standing_put(standing, &(tw_rebalance_position){.symbol = s});
    *ret_standing = standing;
    return TW_OK;
}

void tw_standing_free(tw_standing *standing) {
    if (standing == NULL)
        return;
    tw_allocator allocator = standing->allocator;
    size_t places = places_for(standing->count);
    TW_DELETE(&allocator, standing->told, standing->count, tw_rebalance_position);
    TW_DELETE(&allocator, standing->positions, standing->count, tw_rebalance_position);
    TW_DELETE(&allocator, standing->held, places, double);
    TW_DELETE(&allocator, standing->low, places, double);
    TW_DELETE(&allocator, standing->high, places, double);
    TW_DELETE(&allocator, standing, 1, tw_standing);
}

/* ---- one position -------------------------------------------------------------------------- */

static bool has_price(const tw_rebalance_position *at) {
    return at->price.nano > 0;
}

/* False for what some configuration, or every one, refuses. */
static bool is_plain(const tw_rebalance_position *at) {
    static const tw_rebalance_config strictest = {.group_count = 0};
    wide value = (wide)at->quantity.nano * at->price.nano;
    return rebalance_position_fault(&strictest, at) == NULL && value <= (wide)INT64_MAX * TW_NANO;
}

static wide value_at(const tw_rebalance_position *at) {
    return has_price(at) ? (wide)at->quantity.nano * at->price.nano : 0;
}

/* Invariant 3. */
static void place_bounds(tw_standing *standing, tw_symbol symbol) {
    const tw_rebalance_position *at = &standing->told[symbol];
    standing->held[symbol] = 0.0;
    standing->low[symbol] = -INFINITY;
    standing->high[symbol] = INFINITY;
    if (!has_price(at))
        return;
    double weight = (double)at->weight_nano * 1e9;
    double reach = (double)reach_of(at);
    double unsure = MARGIN * (weight + reach);
    standing->held[symbol] = (double)at->quantity.nano * (double)at->price.nano * 1e9;
    /* A band that begins at nothing is not left downwards. */
    if (weight > reach)
        standing->low[symbol] = weight - reach + unsure;
    standing->high[symbol] = weight + reach - unsure;
}

static bool is_odd(const tw_rebalance_position *at) {
    return has_price(at) && !is_plain(at);
}

/* Lets a position count in the sums, or (-1) count no longer. */
static void count_position(tw_standing *standing, const tw_rebalance_position *at, int sign) {
    standing->total += sign * value_at(at);
    standing->part_count += (uint32_t)(sign * has_price(at));
    standing->odd_count += (uint32_t)(sign * is_odd(at));
}

static void show(tw_standing *standing, tw_symbol symbol) {
    const tw_rebalance_position *at = &standing->told[symbol];
    if (has_price(at))
        standing->positions[symbol] = *at;
    else
        standing->positions[symbol] = (tw_rebalance_position){
            .price = {1}, .symbol = symbol, .restricted = TW_RESTRICTION_ALL};
}

void tw_standing_put(tw_standing *standing, const tw_rebalance_position *position) {
    tw_symbol symbol = position->symbol;
    TW_ASSERT(symbol < standing->count);
    count_position(standing, &standing->told[symbol], -1);
    standing->told[symbol] = *position;
    count_position(standing, position, 1);
    show(standing, symbol);
    place_bounds(standing, symbol);
}

/* Nearly always a plain position that stays one: then only what depends on it is touched. */
void tw_standing_move(tw_standing *standing, tw_symbol symbol, tw_quantity quantity,
                      tw_price price) {
    TW_ASSERT(symbol < standing->count);
    tw_rebalance_position *told = &standing->told[symbol];
    if (!has_price(told) || price.nano <= 0 || quantity.nano < 0 || standing->odd_count > 0) {
        tw_rebalance_position moved = *told;
        moved.quantity = quantity;
        moved.price = price;
        tw_standing_put(standing, &moved);
        return;
    }
    wide value = (wide)quantity.nano * price.nano;
    standing->total += value - (wide)told->quantity.nano * told->price.nano;
    standing->odd_count += value > (wide)INT64_MAX * TW_NANO;
    told->quantity = standing->positions[symbol].quantity = quantity;
    told->price = standing->positions[symbol].price = price;
    standing->held[symbol] = (double)quantity.nano * (double)price.nano * 1e9;
}

void tw_standing_restrict(tw_standing *standing, tw_symbol symbol, tw_restriction restriction) {
    TW_ASSERT(symbol < standing->count);
    tw_rebalance_position moved = standing->told[symbol];
    moved.restricted = (uint8_t)restriction;
    if (moved.restricted != standing->told[symbol].restricted)
        tw_standing_put(standing, &moved);
}

/* ---- a plan -------------------------------------------------------------------------------- */

/* Two at a time, on every machine: a comparison gives all ones or nothing. */
typedef double lanes __attribute__((vector_size(16)));
typedef int64_t lanes_mask __attribute__((vector_size(16)));

static lanes load(const double *from) {
    lanes value;
    memcpy(&value, from, sizeof value);
    return value;
}

/* Whether some position of a block may be outside. All at once and without a branch. */
static bool may_have_left(const tw_standing *standing, size_t first, double equity) {
    lanes_mask outside = {0, 0};
    for (size_t i = first; i < first + BLOCK; i += sizeof(lanes) / sizeof(double)) {
        lanes held = load(standing->held + i);
        outside |= held * (1.0 - MARGIN) <= load(standing->low + i) * equity;
        outside |= held * (1.0 + MARGIN) >= load(standing->high + i) * equity;
    }
    return (outside[0] | outside[1]) != 0;
}

/* The same of one position. */
static bool may_be_outside(const tw_standing *standing, size_t i, double equity) {
    double held = standing->held[i];
    return held * (1.0 - MARGIN) <= standing->low[i] * equity ||
           held * (1.0 + MARGIN) >= standing->high[i] * equity;
}

void standing_classify(const tw_standing *standing, problem *p) {
    double equity = (double)p->equity;
    memset(p->work->outcomes, TW_OUTCOME_INSIDE, standing->count);
    p->offered = NO_OFFERS;
    for (size_t first = 0; first < standing->count; first += BLOCK) {
        if (!may_have_left(standing, first, equity))
            continue;
        for (size_t i = first; i < first + BLOCK && i < standing->count; i++)
            if (may_be_outside(standing, i, equity))
                p->work->outcomes[i] = rebalance_exact_outcome(p, &standing->positions[i]);
    }
}

tw_status tw_standing_plan(const tw_standing *standing, tw_rebalance *rebalance,
                           const tw_rebalance_config *config, tw_rebalance_plan *ret_plan,
                           tw_error *error) {
    TW_ASSERT(standing != NULL && rebalance != NULL && config != NULL && ret_plan != NULL);
    problem p = {.work = rebalance,
                 .config = config,
                 .positions = standing->positions,
                 .count = standing->count,
                 .part_count = standing->part_count,
                 .standing = standing->odd_count == 0 ? standing : NULL};
    return rebalance_run(&p, ret_plan, error);
}

/* ---- checks -------------------------------------------------------------------------------- */

void tw_standing_check(const tw_standing *standing) {
    wide total = 0;
    uint32_t odd = 0;
    uint32_t parts = 0;
    for (tw_symbol s = 0; s < standing->count; s++) {
        const tw_rebalance_position *told = &standing->told[s];
        total += value_at(told);
        odd += is_odd(told);
        parts += has_price(told);
        TW_ASSERT(told->symbol == s);
        if (has_price(told))
            TW_ASSERT(memcmp(told, &standing->positions[s], sizeof *told) == 0);
        else
            TW_ASSERT(standing->positions[s].restricted == TW_RESTRICTION_ALL &&
                      standing->positions[s].quantity.nano == 0);
    }
    TW_ASSERT(total == standing->total && odd == standing->odd_count &&
              parts == standing->part_count);
}
