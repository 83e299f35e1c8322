/*
 * bars_range.c - Wilder's average true range, from which the size of a brick may be taken.
 *
 * Idea: as in "New Concepts in Technical Trading Systems" (1978): the true range of a bar is the
 * distance it covered, the close before it among its prices; the first average is the plain mean,
 * each later one takes a period-th of the new range. A double holds it; the answer is rounded once.
 */
#include "bars_priv.h"

static int64_t true_range(const tw_bar *bar, int64_t close_before) {
    int64_t high = bar->high.nano > close_before ? bar->high.nano : close_before;
    int64_t low = bar->low.nano < close_before ? bar->low.nano : close_before;
    return high - low;
}

tw_status tw_bars_average_range(const tw_bar *bars, size_t count, size_t period,
                                tw_price *ret_range) {
    TW_ASSERT((bars != NULL || count == 0) && period >= 1 && ret_range != NULL);
    if (count <= period)
        return TW_EMPTY;
    double mean = 0.0;
    for (size_t i = 1; i < count; i++) {
        double range = (double)true_range(&bars[i], bars[i - 1].close.nano);
        if (i <= period)
            mean += range / (double)period;
        else
            mean = (mean * (double)(period - 1) + range) / (double)period;
    }
    *ret_range = (tw_price){(int64_t)(mean + 0.5)};
    return TW_OK;
}
