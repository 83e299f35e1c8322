/*
 * standing_priv.h - what stands, and where the solver asks for it.
 */
#ifndef TRADEWIND_STANDING_PRIV_H
#define TRADEWIND_STANDING_PRIV_H

#include "rebalance_priv.h"
#include "tradewind/standing.h"

struct tw_standing {
    tw_allocator allocator;
    uint32_t count;
    uint32_t part_count;              /* that have a price */
    uint32_t odd_count;               /* positions that some configuration refuses */
    wide total;                       /* at 1e-18 */
    tw_rebalance_position *told;      /* [count]: as put and moved */
    tw_rebalance_position *positions; /* [count]: as the solver sees them */
    double *held;                     /* [count, rounded up], at 1e-27 ... */
    double *low;                      /* ... and the band, at 1e-18 of the equity */
    double *high;
};

/* rebalance_classify of what stands. */
void standing_classify(const tw_standing *standing, problem *p);

#endif
