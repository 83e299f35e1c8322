/*
 * bar_fold.c - a bar is whole when one of another group comes, or there are no more.
 *
 * The turnover of a bar is summed exactly and divided once, so that it does not matter how many
 * bars it was made of, nor in which order they came.
 */
#include "bar_fold.h"

bar_wide bar_turnover(const tw_bar *bar) {
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

void bar_join(tw_bar *bar, bar_wide *turnover, const tw_bar *later) {
    *turnover += bar_turnover(later);
    join_values(bar, later, true);
    set_vwap(bar, *turnover);
}

bool bar_fold_end(bar_fold *fold) {
    tw_bar *bar = &fold->made.bar;
    if (bar->timeframe_ns == 0 || fold->refused)
        return !fold->refused;
    if (fold->joined)
        set_vwap(bar, fold->made.turnover);
    bool wanted = fold->sink != NULL ? fold->sink(fold->context, bar)
                                     : fold->part_sink(fold->context, &fold->made);
    fold->refused = !wanted;
    bar->timeframe_ns = 0;
    return wanted;
}

static bool take(bar_fold *fold, const tw_bar *bar, bar_wide turnover) {
    const bar_range *range = fold->range;
    bool whole = bar->timeframe_ns == bar_frame_span(range->frame) && range->frame.unit <= BAR_DAY;
    int64_t start_ns = whole ? bar->time_ns : bar_frame_start(range->frame, bar->time_ns);
    if (start_ns < range->from_ns || start_ns > range->to_ns)
        return (start_ns < range->from_ns) != range->descending;
    if (fold->made.bar.timeframe_ns != 0 && fold->made.bar.time_ns == start_ns) {
        fold->made.turnover += turnover;
        join_values(&fold->made.bar, bar, !range->descending);
        fold->joined = true;
        return true;
    }
    if (!bar_fold_end(fold))
        return false;
    fold->made = (bar_part){*bar, turnover};
    fold->made.bar.time_ns = start_ns;
    fold->made.bar.timeframe_ns = bar_frame_span(range->frame);
    fold->joined = false;
    return true;
}

bool bar_fold_take(bar_fold *fold, const tw_bar *bar) {
    return take(fold, bar, bar_turnover(bar));
}

bool bar_fold_take_part(bar_fold *fold, const bar_part *part) {
    return take(fold, &part->bar, part->turnover);
}
