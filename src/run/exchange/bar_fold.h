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

__extension__ typedef __int128 bar_wide;

/* A bar and the exact turnover of all that it was made of, at 1e-18. */
typedef struct bar_part {
    tw_bar bar;
    bar_wide turnover;
} bar_part;

/* Takes a bar that is whole; false: no more, please. */
typedef bool (*bar_sink)(void *context, const tw_bar *bar);
typedef bool (*bar_part_sink)(void *context, const bar_part *part);

typedef struct bar_fold {
    const bar_range *range;
    bar_sink sink;           /* of whole bars, ... */
    bar_part_sink part_sink; /* ... or with their turnover, if `sink` is NULL */
    void *context;
    bar_part made; /* in progress, if its bar's timeframe is not 0 */
    bool joined;   /* it is made of more than one */
    bool refused;  /* the sink wants no more */
} bar_fold;

/* Takes the next bar in the range's direction. False: the sink wants no more, or none that comes
 * can lie in the range. */
bool bar_fold_take(bar_fold *fold, const tw_bar *bar);
bool bar_fold_take_part(bar_fold *fold, const bar_part *part);

/* Hands out the bar in progress; false: the sink wants no more. */
bool bar_fold_end(bar_fold *fold);

/* What was paid for all of a bar, at 1e-18. */
bar_wide bar_turnover(const tw_bar *bar);

/* Joins a later bar to an earlier one, which grows. The turnover is that of all that it was made
 * of, so that its mean price is rounded once. */
void bar_join(tw_bar *bar, bar_wide *turnover, const tw_bar *later);

#endif
