/*
 * overlap_instance.h - small problems of overlapping limits, and their best plan by looking at all.
 *
 * Prices are whole, coefficients halves and the cost 0 or 1%, so that every sum is exact without
 * the rounding rules of the module.
 */
#ifndef TRADEWIND_TESTS_OVERLAP_INSTANCE_H
#define TRADEWIND_TESTS_OVERLAP_INSTANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "tradewind/overlap.h"

#define OVERLAP_NAMES 5
#define OVERLAP_ROWS 2

typedef struct overlap_instance {
    tw_rebalance_range ranges[OVERLAP_NAMES];
    int64_t coefficients[OVERLAP_ROWS][OVERLAP_NAMES];
    tw_overlap_row rows[OVERLAP_ROWS];
    tw_overlap_problem problem;
} overlap_instance;

static inline uint64_t overlap_random(uint64_t *seed) {
    uint64_t z = (*seed += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static inline int64_t overlap_pick(uint64_t *seed, int64_t low, int64_t high) {
    return low + (int64_t)(overlap_random(seed) % (uint64_t)(high - low + 1));
}

static inline void overlap_instance_make(overlap_instance *x, uint64_t *seed) {
    memset(x, 0, sizeof *x);
    int64_t cash = overlap_pick(seed, -20, 20);
    x->problem = (tw_overlap_problem){.ranges = x->ranges,
                                      .count = OVERLAP_NAMES,
                                      .rows = x->rows,
                                      .row_count = OVERLAP_ROWS,
                                      .cash = {cash * TW_NANO},
                                      .cash_min = {0},
                                      .cash_max = {overlap_pick(seed, 3, 30) * TW_NANO},
                                      .cost_rate_nano = overlap_pick(seed, 0, 1) * TW_NANO / 100};
    for (size_t i = 0; i < OVERLAP_NAMES; i++) {
        int64_t low = overlap_pick(seed, -4, 2);
        x->ranges[i] = (tw_rebalance_range){.price = {overlap_pick(seed, 1, 9) * TW_NANO},
                                            .lot = {TW_NANO},
                                            .lots_min = low,
                                            .lots_max = overlap_pick(seed, low > 0 ? low : 0, 4),
                                            .lots_least = 1,
                                            .symbol = (tw_symbol)i};
        if (low == 0 && overlap_pick(seed, 0, 2) == 0) {
            x->ranges[i].lots_min = -4;
            x->ranges[i].lots_max = -1;
        }
        if (overlap_pick(seed, 0, 3) == 0 && x->ranges[i].lots_max - x->ranges[i].lots_min > 3)
            x->ranges[i].lots_least = 2;
        for (size_t r = 0; r < OVERLAP_ROWS; r++)
            x->coefficients[r][i] = overlap_pick(seed, -2, 2) * (TW_NANO / 2);
    }
    for (size_t r = 0; r < OVERLAP_ROWS; r++) {
        int64_t least = overlap_pick(seed, -12, 4);
        x->rows[r] = (tw_overlap_row){.coefficients_nano = x->coefficients[r],
                                      .least = {least * TW_NANO},
                                      .most = {(least + overlap_pick(seed, 0, 15)) * TW_NANO}};
        if (overlap_pick(seed, 0, 4) == 0)
            x->rows[r].least.nano = TW_OVERLAP_NO_LEAST;
        if (overlap_pick(seed, 0, 4) == 0)
            x->rows[r].most.nano = TW_OVERLAP_NO_MOST;
    }
}

static inline bool overlap_instance_allows(const tw_rebalance_range *range, int64_t lots) {
    if (lots == 0)
        return range->lots_min <= 0 && range->lots_max >= 0;
    return (lots <= -range->lots_least || lots >= range->lots_least);
}

/* Costs are of 1%. */
static inline bool overlap_instance_holds(const overlap_instance *x, const int64_t *lots) {
    const tw_overlap_problem *p = &x->problem;
    int64_t cash = p->cash.nano;
    for (size_t i = 0; i < OVERLAP_NAMES; i++) {
        int64_t value = lots[i] * x->ranges[i].price.nano;
        int64_t size = value < 0 ? -value : value;
        cash -= value + (p->cost_rate_nano > 0 ? size / 100 : 0);
    }
    if (cash < p->cash_min.nano || cash > p->cash_max.nano)
        return false;
    for (size_t r = 0; r < OVERLAP_ROWS; r++) {
        int64_t sum = 0;
        for (size_t i = 0; i < OVERLAP_NAMES; i++)
            sum += lots[i] * x->ranges[i].price.nano / 2 * (x->coefficients[r][i] / (TW_NANO / 2));
        if (sum < x->rows[r].least.nano || sum > x->rows[r].most.nano)
            return false;
    }
    return true;
}

/* The fewest trades of all plans, then the least turnover; false when there is no plan. */
static inline bool overlap_instance_best(const overlap_instance *x, size_t *ret_count,
                                         int64_t *ret_turnover) {
    bool any = false;
    int64_t lots[OVERLAP_NAMES];
    for (size_t i = 0; i < OVERLAP_NAMES; i++)
        lots[i] = x->ranges[i].lots_min;
    for (size_t at = 0; at < OVERLAP_NAMES;) {
        size_t count = 0;
        int64_t turnover = 0;
        bool allowed = true;
        for (size_t i = 0; i < OVERLAP_NAMES; i++) {
            count += lots[i] != 0;
            turnover += (lots[i] < 0 ? -lots[i] : lots[i]) * x->ranges[i].price.nano;
            allowed = allowed && overlap_instance_allows(&x->ranges[i], lots[i]);
        }
        bool better =
            !any || count < *ret_count || (count == *ret_count && turnover < *ret_turnover);
        if (allowed && better && overlap_instance_holds(x, lots)) {
            any = true;
            *ret_count = count;
            *ret_turnover = turnover;
        }
        for (at = 0; at < OVERLAP_NAMES && ++lots[at] > x->ranges[at].lots_max; at++)
            lots[at] = x->ranges[at].lots_min;
    }
    return any;
}

#endif
