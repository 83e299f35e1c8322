/* target_frontier.h - the place on the efficient frontier where a return or a ratio is met. */
#ifndef TRADEWIND_TARGET_FRONTIER_H
#define TRADEWIND_TARGET_FRONTIER_H

#include "target_quadratic.h"

/* The greatest mean of any portfolio in the limits. Overwrites the order and the column. */
double target_greatest_mean(target_quadratic *q);

/* The least variance whose mean is at least `wanted`; that no portfolio has less than `wanted` is
 * the caller's check. Both as target_quadratic_solve. */
tw_status target_frontier_return(target_quadratic *q, double wanted, tw_error *error);

/* The greatest (mean - free) / deviation; some portfolio's mean must be above `free`. */
tw_status target_frontier_ratio(target_quadratic *q, double free, tw_error *error);

#endif
