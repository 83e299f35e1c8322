/*
 * batch_outliers.c - values far from the median of those before them.
 *
 * The values of a column's window are kept twice: in the order of their coming, to know which one
 * leaves, and sorted, so that the median is in the middle and the distances from it ascend towards
 * both ends. A part of the work is PART_WIDTH columns: one cache line of each row.
 *
 * Invariant: sorted[0 .. count) are the values ring[...], ascending.
 */
#include "tradewind/batch_clean.h"

#include <math.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#define PART_WIDTH 8
#define NORMAL_SCALE 1.4826 /* 1 / the upper quartile of the normal distribution */

typedef struct recent {
    size_t count;
    size_t next; /* place of the ring that is written next: the oldest, once it is full */
    double ring[TW_BATCH_OUTLIER_WINDOW_MAX];
    double sorted[TW_BATCH_OUTLIER_WINDOW_MAX];
} recent;

/* The place of the first value that is not below. */
static size_t place_of(const recent *of, double value) {
    size_t low = 0;
    size_t high = of->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (of->sorted[middle] < value)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void push(recent *of, size_t window, double value) {
    if (of->count == window) {
        size_t gone = place_of(of, of->ring[of->next]);
        TW_ASSERT(gone < of->count);
        memmove(of->sorted + gone, of->sorted + gone + 1,
                (of->count - gone - 1) * sizeof *of->sorted);
        of->count--;
    }
    size_t at = place_of(of, value);
    memmove(of->sorted + at + 1, of->sorted + at, (of->count - at) * sizeof *of->sorted);
    of->sorted[at] = value;
    of->ring[of->next] = value;
    of->next = of->next + 1 == window ? 0 : of->next + 1;
    of->count++;
}

static double median_of(const recent *of) {
    size_t half = of->count / 2;
    if (of->count % 2 == 1)
        return of->sorted[half];
    return 0.5 * of->sorted[half - 1] + 0.5 * of->sorted[half];
}

/* Distances from the median are taken in ascending order, from the middle outwards, up to the one
 * or two in the middle of them. */
static double deviation_of(const recent *of, double median) {
    size_t left = (of->count + 1) / 2; /* sorted[left - 1] is the next below */
    size_t right = left;
    double last = 0;
    double before = 0;
    for (size_t taken = 0; taken <= of->count / 2; taken++) {
        double below = left > 0 ? median - of->sorted[left - 1] : INFINITY;
        double above = right < of->count ? of->sorted[right] - median : INFINITY;
        before = last;
        last = below <= above ? below : above;
        left -= below <= above;
        right += !(below <= above);
    }
    return NORMAL_SCALE * (of->count % 2 == 1 ? last : 0.5 * before + 0.5 * last);
}

/* What is further from the centre is an outlier. */
typedef struct bounds {
    double centre;
    double distance; /* NaN: nothing can be said */
} bounds;

static bounds bounds_of(const recent *of, const tw_batch_outlier_rule *rule) {
    if (of->count < rule->count_min)
        return (bounds){0, NAN};
    double median = median_of(of);
    double deviation = deviation_of(of, median);
    return (bounds){median, deviation > 0 ? rule->threshold * deviation : NAN};
}

static bool is_outside(bounds of, double value) {
    return fabs(value - of.centre) > of.distance;
}

/* ---- Columns ------------------------------------------------------------------------------- */

typedef struct outlier_work {
    tw_batch_shape shape;
    const double *values;
    const tw_batch_outlier_rule *rule;
    uint8_t *flags;
    bool spikes;
    atomic_size_t count;
} outlier_work;

static size_t flag_outliers(const outlier_work *work, size_t column, recent *before) {
    size_t found = 0;
    before->count = 0;
    before->next = 0;
    for (size_t i = 0; i < work->shape.rows; i++) {
        size_t cell = i * work->shape.columns + column;
        double value = work->values[cell];
        work->flags[cell] = 0;
        if (!isfinite(value))
            continue;
        work->flags[cell] = is_outside(bounds_of(before, work->rule), value) ? 1 : 0;
        found += work->flags[cell];
        push(before, work->rule->window, value);
    }
    return found;
}

/* Two prices are held: the last good one, and the newest, of which is not known yet what follows.
 * The return between them is judged, and counted among those before, when the next price comes. */
static size_t flag_spikes(const outlier_work *work, size_t column, recent *before) {
    size_t found = 0;
    double good = 0; /* logarithms */
    double newest = 0;
    size_t newest_cell = 0;
    size_t seen = 0;
    before->count = 0;
    before->next = 0;
    for (size_t i = 0; i < work->shape.rows; i++) {
        size_t cell = i * work->shape.columns + column;
        double price = work->values[cell];
        work->flags[cell] = 0;
        if (!(price > 0) || !isfinite(price))
            continue;
        double level = log(price);
        double in = newest - good;
        double out = level - newest;
        bounds of = seen >= 2 ? bounds_of(before, work->rule) : (bounds){0, NAN};
        bool opposite = (in > of.centre) != (out > of.centre);
        if (opposite && is_outside(of, in) && is_outside(of, out) && !is_outside(of, in + out)) {
            work->flags[newest_cell] = 1;
            found++;
        } else {
            if (seen >= 2)
                push(before, work->rule->window, in);
            good = newest;
        }
        newest = level;
        newest_cell = cell;
        seen++;
    }
    return found;
}

static void outlier_part(void *argument, size_t index) {
    outlier_work *work = argument;
    recent before;
    size_t found = 0;
    size_t end = (index + 1) * PART_WIDTH;
    for (size_t j = index * PART_WIDTH; j < end && j < work->shape.columns; j++)
        found += work->spikes ? flag_spikes(work, j, &before) : flag_outliers(work, j, &before);
    atomic_fetch_add_explicit(&work->count, found, memory_order_relaxed);
}

static tw_status find(const tw_batch_way *way, outlier_work *work, size_t *ret_count) {
    TW_ASSERT(work->shape.columns > 0);
    const tw_batch_outlier_rule *rule = work->rule;
    if (rule->window < 3 || rule->window > TW_BATCH_OUTLIER_WINDOW_MAX || rule->count_min < 3 ||
        rule->count_min > rule->window || !(rule->threshold > 0))
        return TW_RANGE;
    size_t parts = (work->shape.columns + PART_WIDTH - 1) / PART_WIDTH;
    tw_task_run(way != NULL ? way->runner : NULL, parts, outlier_part, work);
    *ret_count = atomic_load_explicit(&work->count, memory_order_relaxed);
    return TW_OK;
}

tw_status tw_batch_outliers(const tw_batch_way *way, tw_batch_shape shape, const double *values,
                            const tw_batch_outlier_rule *rule, uint8_t *ret_flags,
                            size_t *ret_count) {
    outlier_work work = {.shape = shape, .values = values, .rule = rule, .flags = ret_flags};
    return find(way, &work, ret_count);
}

tw_status tw_batch_spikes(const tw_batch_way *way, tw_batch_shape shape, const double *prices,
                          const tw_batch_outlier_rule *rule, uint8_t *ret_flags,
                          size_t *ret_count) {
    outlier_work work = {
        .shape = shape, .values = prices, .rule = rule, .flags = ret_flags, .spikes = true};
    return find(way, &work, ret_count);
}
