/*
 * bar_fold.c - a bar is whole when one of another group comes, or there are no more.
 *
 * The turnover of a bar is summed exactly and divided once, so that it does not matter how many
 * bars it was made of, nor in which order they came.
 */
#include "bar_fold.h"

static bar_wide turnover_of(const tw_bar *bar) {
    return (bar_wide)bar->vwap.nano * bar->volume.nano;
}

/* Without volume the price stays. */
static void set_vwap(tw_bar *bar, bar_wide turnover) {
    int64_t volume = bar->volume.nano;
    if (volume > 0)
        bar->vwap.nano = (int64_t)((turnover + volume / 2) / volume);
}

/* Extremes, sums and the two ends, but not the vwap. */
static void join_values(tw_bar *bar, const tw_bar *other, bool later) {
    if (other->high.nano > bar->high.nano)
        bar->high = other->high;
    if (other->low.nano < bar->low.nano)
        bar->low = other->low;
    if (later)
        bar->close = other->close;
    else
        bar->open = other->open;
    bar->volume.nano += other->volume.nano;
    bar->count += other->count;
}

void bar_join(tw_bar *bar, const tw_bar *later) {
    bar_wide turnover = turnover_of(bar) + turnover_of(later);
    join_values(bar, later, true);
    set_vwap(bar, turnover);
}

bool bar_fold_end(bar_fold *fold) {
    if (fold->bar.timeframe_ns == 0 || fold->refused)
        return !fold->refused;
    if (fold->joined)
        set_vwap(&fold->bar, fold->turnover);
    fold->refused = !fold->sink(fold->context, &fold->bar);
    fold->bar.timeframe_ns = 0;
    return !fold->refused;
}

bool bar_fold_take(bar_fold *fold, const tw_bar *bar) {
    const bar_range *range = fold->range;
    bool whole = bar->timeframe_ns == bar_frame_span(range->frame) && range->frame.unit <= BAR_DAY;
    int64_t start_ns = whole ? bar->time_ns : bar_frame_start(range->frame, bar->time_ns);
    if (start_ns < range->from_ns || start_ns > range->to_ns)
        return (start_ns < range->from_ns) != range->descending;
    if (fold->bar.timeframe_ns != 0 && fold->bar.time_ns == start_ns) {
        fold->turnover += turnover_of(bar);
        join_values(&fold->bar, bar, !range->descending);
        fold->joined = true;
        return true;
    }
    if (!bar_fold_end(fold))
        return false;
    fold->bar = *bar;
    fold->bar.time_ns = start_ns;
    fold->bar.timeframe_ns = bar_frame_span(range->frame);
    fold->turnover = turnover_of(bar);
    fold->joined = false;
    return true;
}
