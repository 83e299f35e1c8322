/* rebalance_priv.h - what the two files of core/rebalance share. */
#ifndef TRADEWIND_REBALANCE_PRIV_H
#define TRADEWIND_REBALANCE_PRIV_H

#include "tradewind/rebalance.h"

__extension__ typedef __int128 wide;

/* A place in a priority queue: the greatest amount first, then the lower symbol, then index. */
typedef struct offer {
    wide amount;
    size_t index;
    tw_symbol symbol;
} offer;

/* A position that trades: its one-sided range of lots and where it stands in it. */
typedef struct member {
    size_t index;
    int64_t low;
    int64_t high;
    int64_t at;
    uint8_t reason; /* tw_trade_reason */
} member;

struct tw_rebalance {
    tw_allocator allocator;
    size_t count_max;
    tw_rebalance_range *ranges; /* made from positions */
    offer *offers;
    offer *order; /* a second queue, for steering */
    member *members;
    tw_rebalance_trade *trades;
    bool *taken; /* by range: it is a member */
};

/* Quotients rounded towards minus and plus infinity; `divisor` is above 0. */
static inline wide floor_divide(wide value, wide divisor) {
    wide quotient = value / divisor;
    return value % divisor < 0 ? quotient - 1 : quotient;
}

static inline wide ceiling_divide(wide value, wide divisor) {
    wide quotient = value / divisor;
    return value % divisor > 0 ? quotient + 1 : quotient;
}

tw_status rebalance_config_check(const tw_rebalance_config *config, tw_error *error);

/* Solves checked ranges; `plan` holds what compute has found out already. */
tw_status rebalance_plan_ranges(tw_rebalance *rebalance, const tw_rebalance_config *config,
                                const tw_rebalance_range *ranges, size_t count,
                                tw_rebalance_plan *plan, tw_error *error);

#endif
