/*
 * batch_clean.c - gaps and splits; outliers are in batch_outliers.c.
 */
#include "tradewind/batch_clean.h"

#include <math.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "batch_lanes.h"

/* ---- Gaps ---------------------------------------------------------------------------------- */

typedef struct fill_work {
    const batch_lanes *lanes;
    tw_batch_shape shape;
    double *values;
    double limit;
    atomic_size_t filled;
} fill_work;

static void fill_part(void *argument, size_t index) {
    fill_work *work = argument;
    batch_tile tile = batch_tile_of(work->shape, index);
    size_t filled =
        work->lanes->fill_forward(tile, work->values + index * BATCH_TILE_WIDTH, work->limit);
    atomic_fetch_add_explicit(&work->filled, filled, memory_order_relaxed);
}

size_t tw_batch_fill_forward(const tw_batch_way *way, tw_batch_shape shape, double *values,
                             size_t limit) {
    TW_ASSERT(shape.columns > 0);
    fill_work work = {
        .lanes = batch_lanes_of(way), .shape = shape, .values = values, .limit = (double)limit};
    tw_task_run(way != NULL ? way->runner : NULL, batch_tiles(shape), fill_part, &work);
    return atomic_load_explicit(&work.filled, memory_order_relaxed);
}

size_t tw_batch_select(tw_batch_shape shape, const double *values, size_t count_min,
                       int last_required, uint8_t *ret_mask) {
    TW_ASSERT(shape.columns > 0);
    size_t marked = 0;
    for (size_t j = 0; j < shape.columns; j++) {
        size_t count = 0;
        for (size_t i = 0; i < shape.rows; i++)
            count += isfinite(values[i * shape.columns + j]) ? 1 : 0;
        bool last = shape.rows > 0 && isfinite(values[(shape.rows - 1) * shape.columns + j]);
        ret_mask[j] = count >= count_min && (last || last_required == 0) ? 1 : 0;
        marked += ret_mask[j];
    }
    return marked;
}

size_t tw_batch_pack(tw_batch_shape shape, const double *values, const uint8_t *mask,
                     double *ret_values) {
    TW_ASSERT(shape.columns > 0);
    size_t marked = 0;
    for (size_t j = 0; j < shape.columns; j++)
        marked += mask[j] != 0;
    /* The writer never overtakes the reader, so the same buffer may be used for both. */
    size_t to = 0;
    for (size_t i = 0; i < shape.rows; i++)
        for (size_t j = 0; j < shape.columns; j++)
            if (mask[j] != 0)
                ret_values[to++] = values[i * shape.columns + j];
    return marked;
}

size_t tw_batch_drop(tw_batch_shape shape, const uint8_t *flags, double *values) {
    TW_ASSERT(shape.columns > 0);
    size_t dropped = 0;
    for (size_t i = 0; i < shape.rows * shape.columns; i++) {
        dropped += flags[i] != 0 && isfinite(values[i]) ? 1 : 0;
        values[i] = flags[i] != 0 ? NAN : values[i];
    }
    return dropped;
}

/* ---- Splits -------------------------------------------------------------------------------- */

static bool is_split(tw_batch_shape shape, const tw_batch_split *split) {
    return split->row < shape.rows && split->column < shape.columns && split->ratio > 0 &&
           isfinite(split->ratio);
}

static tw_status check_splits(tw_batch_shape shape, const tw_batch_split *splits, size_t count) {
    TW_ASSERT(shape.columns > 0);
    for (size_t i = 0; i < count; i++) {
        if (!is_split(shape, &splits[i]))
            return TW_RANGE;
    }
    return TW_OK;
}

/* Multiplies what is before each split by its ratio, or divides it. */
static tw_status adjust(tw_batch_shape shape, const tw_batch_split *splits, size_t count,
                        bool divides, double *values) {
    tw_status status = check_splits(shape, splits, count);
    for (size_t s = 0; status == TW_OK && s < count; s++) {
        for (size_t i = 0; i < splits[s].row; i++) {
            double *value = &values[i * shape.columns + splits[s].column];
            *value = divides ? *value / splits[s].ratio : *value * splits[s].ratio;
        }
    }
    return status;
}

tw_status tw_batch_adjust_prices(tw_batch_shape shape, const tw_batch_split *splits, size_t count,
                                 double *prices) {
    return adjust(shape, splits, count, true, prices);
}

tw_status tw_batch_adjust_volumes(tw_batch_shape shape, const tw_batch_split *splits, size_t count,
                                  double *volumes) {
    return adjust(shape, splits, count, false, volumes);
}

static const double usual_ratios[] = {1.5, 2,  2.5, 3,  4,  5,  6,  7,  8,  9,
                                      10,  12, 15,  20, 25, 30, 40, 50, 100};

/* The usual ratio nearest to that by which prices fell or rose; 0 for none. */
static double usual_ratio(double before, double after, double tolerance) {
    bool fell = before > after;
    double ratio = fell ? before / after : after / before;
    double nearest = 0;
    double least = tolerance;
    for (size_t i = 0; i < sizeof usual_ratios / sizeof usual_ratios[0]; i++) {
        double off = fabs(ratio / usual_ratios[i] - 1);
        nearest = off <= least ? usual_ratios[i] : nearest;
        least = off <= least ? off : least;
    }
    return fell || nearest == 0 ? nearest : 1 / nearest;
}

size_t tw_batch_find_splits(tw_batch_shape shape, const double *prices, double tolerance,
                            tw_batch_split *ret_splits, size_t capacity) {
    TW_ASSERT(shape.columns > 0 && tolerance >= 0);
    size_t found = 0;
    for (size_t j = 0; j < shape.columns; j++) {
        double before = NAN;
        for (size_t i = 0; i < shape.rows; i++) {
            double price = prices[i * shape.columns + j];
            if (!(price > 0) || !isfinite(price))
                continue;
            double ratio = before > 0 ? usual_ratio(before, price, tolerance) : 0;
            if (ratio > 0 && found < capacity)
                ret_splits[found] = (tw_batch_split){.row = i, .column = j, .ratio = ratio};
            found += ratio > 0 ? 1 : 0;
            before = price;
        }
    }
    return found;
}
