/*
 * bar_fold.h - bars of one timeframe into bars of a longer one, forwards or backwards in time.
 *
 * Threads: one owner.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_BAR_FOLD_H
#define TRADEWIND_RUN_EXCHANGE_BAR_FOLD_H

#include "bar_frame.h"
#include "tradewind/market.h"

/* Which bars, by the time at which they begin; both ends are inclusive. */
typedef struct bar_range {
    bar_frame frame;
    int64_t from_ns;
    int64_t to_ns;
    bool descending;
} bar_range;

/* Takes a bar that is whole; false: no more, please. */
typedef bool (*bar_sink)(void *context, const tw_bar *bar);

__extension__ typedef __int128 bar_wide;

typedef struct bar_fold {
    const bar_range *range;
    bar_sink sink;
    void *context;
    tw_bar bar;        /* in progress, if its timeframe is not 0 */
    bar_wide turnover; /* of it, at 1e-18 */
    bool joined;       /* it is made of more than one */
    bool refused;      /* the sink wants no more */
} bar_fold;

/* Takes the next bar in the range's direction. False: the sink wants no more, or none that comes
 * can lie in the range. */
bool bar_fold_take(bar_fold *fold, const tw_bar *bar);

/* Hands out the bar in progress; false: the sink wants no more. */
bool bar_fold_end(bar_fold *fold);

/* Joins a later bar to an earlier one, which grows. */
void bar_join(tw_bar *bar, const tw_bar *later);

#endif
