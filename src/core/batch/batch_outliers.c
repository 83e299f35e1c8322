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

#include "logarithm.h"
#include "sorted.h"

#define PART_WIDTH 8
#define NORMAL_SCALE 1.4826 /* 1 / the upper quartile of the normal distribution */

typedef struct recent {
    size_t count;
    size_t next; /* place of the ring that is written next: the oldest, once it is full */
    double ring[TW_BATCH_OUTLIER_WINDOW_MAX];
    double sorted[TW_BATCH_OUTLIER_WINDOW_MAX];
} recent;

static void push(recent *of, size_t window, double value) {
    if (of->count == window)
        of->count = sorted_drop(of->sorted, of->count, of->ring[of->next]);
    of->count = sorted_put(of->sorted, of->count, value);
    of->ring[of->next] = value;
    of->next = of->next + 1 == window ? 0 : of->next + 1;
}

/* What is further from the centre is an outlier. */
typedef struct bounds {
    double centre;
    double distance; /* NaN: nothing can be said */
} bounds;

static bounds bounds_of(const recent *of, const tw_batch_outlier_rule *rule) {
    if (of->count < rule->count_min)
        return (bounds){0, NAN};
    double median = sorted_middle(of->sorted, of->count);
    double deviation = NORMAL_SCALE * sorted_distance(of->sorted, of->count, median);
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
        double level = natural_logarithm(price);
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
