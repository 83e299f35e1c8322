/*
 * drawdown.h - the falls of a value from its peaks: each with its beginning, depth and recovery.
 *
 *     tw_drawdown deepest[10];
 *     size_t count = 0;
 *     status = tw_drawdowns_find(returns, n, deepest, 10, &count, &error);
 *
 * The value is 1 before the first return and grows by each (simple) return, so that a loss in the
 * first period is a drawdown. Depths are positive: 0.2 is a fall by a fifth. A drawdown begins at
 * the first observation below the peak and ends at the first that is at the peak again or above;
 * one that has not ended is there, too. A missing (NaN) return is passed over: the value stays. At
 * ruin, a value at or below 0, the depth is 1 and there is no recovery.
 *
 * Memory: nothing is allocated. Cost: one pass, and for each drawdown found an insertion among the
 * deepest. Threads: pure.
 */
#ifndef TRADEWIND_DRAWDOWN_H
#define TRADEWIND_DRAWDOWN_H

#include <stdbool.h>
#include <stddef.h>

#include "tradewind/api.h"
#include "tradewind/error.h"
#include "tradewind/status.h"

/* Rows are indices of the returns, from 0. Lengths count observations, both ends included. */
typedef struct tw_drawdown {
    double depth;
    size_t start;       /* first row below the peak */
    size_t trough;      /* first row of the greatest depth */
    size_t end;         /* row of the recovery; the one after the last when there is none yet */
    size_t length;      /* end - start + 1 */
    size_t to_trough;   /* trough - start + 1 */
    size_t to_recovery; /* end - trough */
    bool recovered;
} tw_drawdown;

TW_BEGIN_DECLS

/*
 * Fills ret_drawdowns with the deepest ones, at most `room`, deepest first, ties by their start;
 * *ret_count is how many drawdowns there are, which can be more. TW_INVALID for an infinite return:
 * `error` (may be NULL) names the row.
 */
TW_API tw_status tw_drawdowns_find(const double *returns, size_t count, tw_drawdown *ret_drawdowns,
                                   size_t room, size_t *ret_count, tw_error *error) TW_MUST_CHECK;

/* The drawdown at each observation, [count]: 0 at a peak; NaN where the return is. */
TW_API void tw_drawdowns_series(const double *returns, size_t count, double *ret_depths);

TW_END_DECLS

#endif
