/*
 * window_units.c - in which unit a ring is kept, and whether its low words are enough.
 *
 * A ring begins in units of 1 and learns: the first price that is no multiple of its unit makes
 * the unit finer, and all that is held is laid anew. That happens at most nine times, until the
 * ring has gone round once; then the unit may become coarser again, and totals that had to be wide
 * narrow. Each way costs one pass over the ring, so a place pays for at most ten of them a round.
 *
 * Answers do not depend on any of it: they are the doubles nearest to exact ratios.
 */
#include "window_pane.h"

#include <math.h>

#define SHIFT_MAX 9

/* 5^-shift modulo 2^64, by powers of 5^-1. */
#define INVERSE_1 UINT64_C(0xCCCCCCCCCCCCCCCD)
#define INVERSE_2 (INVERSE_1 * INVERSE_1)
#define INVERSE_4 (INVERSE_2 * INVERSE_2)
#define INVERSE_8 (INVERSE_4 * INVERSE_4)
#define INVERSE(shift)                                                                         \
    (((shift)&1 ? INVERSE_1 : 1) * ((shift)&2 ? INVERSE_2 : 1) * ((shift)&4 ? INVERSE_4 : 1) * \
     ((shift)&8 ? INVERSE_8 : 1))

#define FACTS(shift_, size_, scale_, fives_)                                                     \
    {                                                                                            \
        .inverse = INVERSE(shift_), .remainder = (UINT64_C(1) << (shift_)) - 1, .size = (size_), \
        .scale = (scale_), .inverse_scale = 1.0 / (scale_), .fives = (fives_),                   \
        .fives_double = (fives_), .decimals = 9 - (shift_)                                       \
    }

const unit_facts unit_table[UNIT_COUNT] = {
    FACTS(0, 1, 1e9, 1953125),   FACTS(1, 10, 1e8, 390625),   FACTS(2, 100, 1e7, 78125),
    FACTS(3, 1000, 1e6, 15625),  FACTS(4, 10000, 1e5, 3125),  FACTS(5, 100000, 1e4, 625),
    FACTS(6, 1000000, 1e3, 125), FACTS(7, 10000000, 1e2, 25), FACTS(8, 100000000, 1e1, 5),
    FACTS(9, 1000000000, 1, 1),
};

/* The greatest p of 32 bits with count_max x p^2 < 2^63 (invariant 3). */
int64_t window_narrow_limit(uint64_t count_max) {
    uint64_t room = (uint64_t)INT64_MAX / count_max;
    uint64_t root = (uint64_t)sqrt((double)room);
    while (root * root > room)
        root--;
    return root < INT32_MAX ? (int64_t)root : INT32_MAX;
}

/* Multiples are taken as far as a price goes, and no further than the limit (if it is not 0). */
static void unit_set(unit *u, uint32_t shift, int64_t limit) {
    int64_t size = unit_table[shift].size;
    int64_t highest = INT64_MAX / size;
    int64_t lowest = INT64_MIN / size;
    if (limit != 0 && highest > limit) {
        highest = limit;
        lowest = -limit;
    }
    *u = (unit){.lowest = lowest, .width = (uint64_t)highest - (uint64_t)lowest, .shift = shift};
}

static void units_set(tw_window *window, uint32_t price_shift, uint32_t quantity_shift, bool wide) {
    int64_t limit = wide ? 0 : window->narrow_limit;
    window->wide = wide;
    unit_set(&window->price_unit, price_shift, limit);
    unit_set(&window->quantity_unit, quantity_shift, limit);
}

void window_units_reset(tw_window *window) {
    units_set(window, SHIFT_MAX, SHIFT_MAX, false);
}

/* What a ring needs: the coarsest units, and how great its numbers are in nano. */
typedef struct demand {
    uint32_t price_shift;
    uint32_t quantity_shift;
    uint64_t price_max; /* magnitude */
    uint64_t quantity_max;
} demand;

static uint32_t shift_of(int64_t nano, uint32_t shift) {
    while (shift > 0 && nano % unit_table[shift].size != 0)
        shift--;
    return shift;
}

static void demand_add(demand *d, int64_t price, int64_t quantity) {
    uint64_t magnitude = price < 0 ? -(uint64_t)price : (uint64_t)price;
    d->price_shift = shift_of(price, d->price_shift);
    d->quantity_shift = shift_of(quantity, d->quantity_shift);
    d->price_max = magnitude > d->price_max ? magnitude : d->price_max;
    d->quantity_max = (uint64_t)quantity > d->quantity_max ? (uint64_t)quantity : d->quantity_max;
}

static int64_t quantity_at(const tw_window *window, uint64_t index) {
    return (int64_t)(window->lows[index & window->mask].volume -
                     window->lows[(index - 1) & window->mask].volume);
}

static demand demand_of(const tw_window *window) {
    demand d = {.price_shift = SHIFT_MAX, .quantity_shift = SHIFT_MAX};
    for (uint64_t i = window_oldest(window); i < window->total; i++)
        demand_add(&d, window->prices[i & window->mask] * facts_of(&window->price_unit)->size,
                   quantity_at(window, i) * facts_of(&window->quantity_unit)->size);
    return d;
}

static bool demand_is_wide(const tw_window *window, const demand *d) {
    uint64_t limit = (uint64_t)window->narrow_limit;
    return d->price_max / (uint64_t)unit_table[d->price_shift].size > limit ||
           d->quantity_max / (uint64_t)unit_table[d->quantity_shift].size > limit;
}

/* Lays all that is held anew, in the units of a demand; totals begin at 0 before the oldest. */
static void relay(tw_window *window, const demand *d) {
    int64_t price_size = facts_of(&window->price_unit)->size;
    int64_t quantity_size = facts_of(&window->quantity_unit)->size;
    uint64_t oldest = window_oldest(window);
    int64_t quantity = oldest < window->total ? quantity_at(window, oldest) : 0;
    units_set(window, d->price_shift, d->quantity_shift, demand_is_wide(window, d));
    window->lows[(oldest - 1) & window->mask] = (totals_low){0};
    window->highs[(oldest - 1) & window->mask] = (totals_high){0};
    totals_lanes totals = {0};
    for (uint64_t i = oldest; i < window->total; i++) {
        int64_t next = i + 1 < window->total ? quantity_at(window, i + 1) : 0;
        int64_t price = window->prices[i & window->mask] * price_size;
        trade_units trade = {price / facts_of(&window->price_unit)->size,
                             quantity * quantity_size / facts_of(&window->quantity_unit)->size};
        ring_put(window, i, &trade, &totals);
        if (window->wide)
            window_put_high(window, i, &trade);
        quantity = next;
    }
    for (uint32_t i = 0; i < window->pane_count; i++)
        pane_turn_over(window, &window->panes[i].state, window->total);
}

void window_units_refine(tw_window *window, tw_price price, tw_quantity quantity,
                         trade_units *ret_trade) {
    demand d = demand_of(window);
    demand_add(&d, price.nano, quantity.nano);
    relay(window, &d);
    bool fits = ring_convert(window, price, quantity, ret_trade);
    TW_ASSERT(fits);
}

/* Whether some price and some quantity are no multiples of ten units: the usual case, found soon.
 */
static bool units_are_coarsest(const tw_window *window) {
    bool price = window->price_unit.shift == SHIFT_MAX;
    bool quantity = window->quantity_unit.shift == SHIFT_MAX;
    for (uint64_t i = window_oldest(window); i < window->total && !(price && quantity); i++) {
        price = price || window->prices[i & window->mask] % 10 != 0;
        quantity = quantity || quantity_at(window, i) % 10 != 0;
    }
    return price && quantity;
}

void window_units_reconsider(tw_window *window) {
    if (!window->wide && units_are_coarsest(window))
        return;
    demand d = demand_of(window);
    bool wide = demand_is_wide(window, &d);
    if (wide != window->wide || d.price_shift != window->price_unit.shift ||
        d.quantity_shift != window->quantity_unit.shift)
        relay(window, &d);
}

void window_put_high(tw_window *window, uint64_t index, const trade_units *trade) {
    wide_int price = trade->price;
    const totals_low *low = &window->lows[(index - 1) & window->mask];
    const totals_high *before = &window->highs[(index - 1) & window->mask];
    totals_high *high = &window->highs[index & window->mask];
    wide192 square = {{low->square, before->square[0], before->square[1]}};
    wide192 value = {{low->value, before->value[0], before->value[1]}};
    square = wide192_add(square, wide192_of(price * price));
    value = wide192_add(value, wide192_of(price * trade->quantity));
    wide_uint p = ((wide_uint)before->price << 64 | low->price) + (wide_uint)price;
    wide_uint q = ((wide_uint)before->volume << 64 | low->volume) + (uint64_t)trade->quantity;
    *high = (totals_high){.price = (uint64_t)(p >> 64),
                          .square = {square.words[1], square.words[2]},
                          .value = {value.words[1], value.words[2]},
                          .volume = (uint64_t)(q >> 64)};
}
