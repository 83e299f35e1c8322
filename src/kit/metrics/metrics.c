/*
 * metrics.c - one cell for each series in each shard; a value is what its cells add up to.
 *
 * A handle is the number of a cell, the same in every shard. The thread of a shard is the only
 * one that writes its cells, so adding is a load and a store without a lock prefix, and no two
 * shards share a cache line. Readers load the cells of all shards and merge. Cells are reserved
 * when a family is defined; resolving label values only gives them out, so it never fails for
 * want of room: when a family's cells are gone, its last one, "other", takes the rest.
 *
 * Invariants
 *   1. The cells of a family are [first_cell, first_cell + series_max), and one more for "other"
 *      if it has labels. No two families of scalars, and no two of histograms, share a cell.
 *   2. series[i] of a family is written before series_count passes i (release) and never again.
 *   3. Only the holder of `growing` changes series and series_count, and it holds it for one
 *      search and one copy.
 *   4. A cell of a gauge that its shard has not set is NaN, any NaN.
 */
#include "metrics_priv.h"

#include <math.h>
#include <string.h>

bool metrics_text_is_valid(tw_slice text) {
    return tw_slice_is_utf8(text) && (text.size == 0 || memchr(text.data, 0, text.size) == NULL);
}

static bool has_values(const struct series *series, const tw_slice *values, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (!tw_slice_equal_string(values[i], series->values[i]))
            return false;
    }
    return true;
}

/* The series among [from, to) with these values, or `to`. */
static uint32_t find_series(const struct family *family, const tw_slice *values, uint32_t from,
                            uint32_t to) {
    uint32_t i = from;
    while (i < to && !has_values(&family->series[i], values, family->label_count))
        i++;
    return i;
}

static void write_values(struct series *series, const tw_slice *values, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (values[i].size > 0)
            memcpy(series->values[i], values[i].data, values[i].size);
    }
}

/* Finds or makes a series that was not among the first `known`; series_max when there is no
 * room for it. */
static uint32_t make_series(tw_metrics *metrics, struct family *family, const tw_slice *values,
                            uint32_t known) {
    while (atomic_flag_test_and_set_explicit(&metrics->growing, memory_order_acquire)) {
    }
    uint32_t count = atomic_load_explicit(&family->series_count, memory_order_relaxed);
    uint32_t index = find_series(family, values, known, count);
    if (index == count && count < family->series_max) {
        write_values(&family->series[index], values, family->label_count);
        atomic_store_explicit(&family->series_count, count + 1, memory_order_release);
    }
    atomic_flag_clear_explicit(&metrics->growing, memory_order_release);
    return index;
}

static bool is_other(const tw_slice *values, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (!tw_slice_equal_string(values[i], OTHER_VALUE))
            return false;
    }
    return true;
}

static struct family *family_of(const tw_metrics *metrics, tw_metrics_family family) {
    TW_ASSERT(family.index < metrics->family_count);
    return &metrics->families[family.index];
}

static tw_status resolve(tw_metrics *metrics, struct family *family, const tw_slice *values,
                         uint32_t *ret_cell) {
    if (family->label_count == 0) {
        *ret_cell = family->first_cell;
        return TW_OK;
    }
    TW_ASSERT(values != NULL);
    for (uint32_t i = 0; i < family->label_count; i++) {
        if (values[i].size >= TW_METRICS_LABEL_VALUE_SIZE || !metrics_text_is_valid(values[i]))
            return TW_INVALID;
    }
    uint32_t index = family->series_max;
    if (!is_other(values, family->label_count)) {
        uint32_t known = atomic_load_explicit(&family->series_count, memory_order_acquire);
        index = find_series(family, values, 0, known);
        if (index == known && known < family->series_max)
            index = make_series(metrics, family, values, known);
        if (index == family->series_max)
            atomic_fetch_add_explicit(&family->overflow_count, 1, memory_order_relaxed);
    }
    if (index == family->series_max)
        atomic_store_explicit(&family->other_used, true, memory_order_relaxed);
    *ret_cell = family->first_cell + index;
    return TW_OK;
}

tw_status tw_metrics_counter_of(tw_metrics *metrics, tw_metrics_family family,
                                const tw_slice *label_values, tw_metrics_counter *ret_counter) {
    TW_ASSERT(family_of(metrics, family)->kind == TW_METRICS_COUNTER);
    return resolve(metrics, family_of(metrics, family), label_values, &ret_counter->cell);
}

tw_status tw_metrics_gauge_of(tw_metrics *metrics, tw_metrics_family family,
                              const tw_slice *label_values, tw_metrics_gauge *ret_gauge) {
    TW_ASSERT(family_of(metrics, family)->kind == TW_METRICS_GAUGE);
    return resolve(metrics, family_of(metrics, family), label_values, &ret_gauge->cell);
}

tw_status tw_metrics_histogram_of(tw_metrics *metrics, tw_metrics_family family,
                                  const tw_slice *label_values,
                                  tw_metrics_histogram *ret_histogram) {
    TW_ASSERT(family_of(metrics, family)->kind == TW_METRICS_HISTOGRAM);
    return resolve(metrics, family_of(metrics, family), label_values, &ret_histogram->cell);
}

tw_status tw_metrics_shard_acquire(tw_metrics *metrics, tw_metrics_shard **ret_shard) {
    for (uint32_t i = 0; i < metrics->config.shard_max; i++) {
        tw_metrics_shard *shard = &metrics->shards[i];
        /* Acquire: the next owner goes on from the cells as the last one left them. */
        if (!atomic_exchange_explicit(&shard->leased, true, memory_order_acq_rel)) {
            *ret_shard = shard;
            return TW_OK;
        }
    }
    return TW_FULL;
}

void tw_metrics_shard_release(tw_metrics_shard *shard) {
    if (shard == NULL)
        return;
    TW_ASSERT(atomic_load_explicit(&shard->leased, memory_order_relaxed));
    atomic_store_explicit(&shard->leased, false, memory_order_release);
}

/* The owner's access to a cell: it is the only writer, readers may look at any moment. */
static uint64_t load_cell(const uint64_t *cell) {
    return __atomic_load_n(cell, __ATOMIC_RELAXED);
}

static void store_cell(uint64_t *cell, uint64_t value) {
    __atomic_store_n(cell, value, __ATOMIC_RELAXED);
}

static double load_gauge(const uint64_t *cell) {
    uint64_t bits = load_cell(cell);
    double value = 0.0;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

void tw_metrics_counter_add(tw_metrics_shard *shard, tw_metrics_counter counter, uint64_t amount) {
    if (shard == NULL)
        return;
    TW_ASSERT(counter.cell < shard->cell_count);
    uint64_t *cell = &shard->cells[counter.cell];
    store_cell(cell, load_cell(cell) + amount);
}

void tw_metrics_counter_set(tw_metrics_shard *shard, tw_metrics_counter counter, uint64_t total) {
    if (shard == NULL)
        return;
    TW_ASSERT(counter.cell < shard->cell_count);
    uint64_t *cell = &shard->cells[counter.cell];
    if (total > load_cell(cell))
        store_cell(cell, total);
}

void tw_metrics_gauge_set(tw_metrics_shard *shard, tw_metrics_gauge gauge, double value) {
    if (shard == NULL)
        return;
    TW_ASSERT(gauge.cell < shard->cell_count);
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof(bits));
    store_cell(&shard->cells[gauge.cell], bits);
}

void tw_metrics_gauge_add(tw_metrics_shard *shard, tw_metrics_gauge gauge, double amount) {
    if (shard == NULL)
        return;
    TW_ASSERT(gauge.cell < shard->cell_count);
    double value = load_gauge(&shard->cells[gauge.cell]);
    tw_metrics_gauge_set(shard, gauge, isnan(value) ? amount : value + amount);
}

tw_histogram *tw_metrics_histogram_in(tw_metrics_shard *shard, tw_metrics_histogram histogram) {
    if (shard == NULL)
        return NULL;
    TW_ASSERT(histogram.cell < shard->histogram_count);
    return &shard->histograms[histogram.cell];
}

void tw_metrics_histogram_record(tw_metrics_shard *shard, tw_metrics_histogram histogram,
                                 int64_t value) {
    if (shard == NULL)
        return;
    TW_ASSERT(histogram.cell < shard->histogram_count);
    tw_histogram_record(&shard->histograms[histogram.cell], value);
}

void tw_metrics_histogram_record_intended(tw_metrics_shard *shard, tw_metrics_histogram histogram,
                                          int64_t value, int64_t interval) {
    if (shard == NULL)
        return;
    TW_ASSERT(histogram.cell < shard->histogram_count);
    tw_histogram_record_intended(&shard->histograms[histogram.cell], value, interval);
}

void tw_metrics_lap(tw_metrics_shard *shard, tw_metrics_histogram histogram, int64_t *since_ns,
                    int64_t now_ns) {
    tw_metrics_histogram_record(shard, histogram, now_ns - *since_ns);
    *since_ns = now_ns;
}

tw_metrics_timer tw_metrics_timer_start(tw_metrics_shard *shard, tw_metrics_histogram histogram,
                                        int64_t (*now_ns)(void)) {
    return (tw_metrics_timer){.shard = shard,
                              .now_ns = now_ns,
                              .began_ns = shard != NULL ? now_ns() : 0,
                              .histogram = histogram};
}

void tw_metrics_timer_stop(tw_metrics_timer *timer) {
    if (timer->shard == NULL)
        return;
    tw_metrics_histogram_record(timer->shard, timer->histogram, timer->now_ns() - timer->began_ns);
    timer->shard = NULL;
}

void tw_metrics_attach(tw_metrics *metrics, tw_metrics_histogram histogram,
                       const tw_histogram *source) {
    TW_ASSERT(histogram.cell < metrics->histogram_used);
    atomic_store_explicit(&metrics->attached[histogram.cell], source, memory_order_release);
}

uint64_t tw_metrics_counter_value(const tw_metrics *metrics, tw_metrics_counter counter) {
    TW_ASSERT(counter.cell < metrics->cell_used);
    uint64_t total = 0;
    for (uint32_t i = 0; i < metrics->config.shard_max; i++)
        total += load_cell(&metrics->shards[i].cells[counter.cell]);
    return total;
}

static double merge_two(double a, double b, tw_metrics_merge merge) {
    if (isnan(a))
        return b;
    if (merge == TW_METRICS_MERGE_MAX)
        return b > a ? b : a;
    if (merge == TW_METRICS_MERGE_MIN)
        return b < a ? b : a;
    return a + b;
}

double metrics_merge_gauge(const tw_metrics *metrics, uint32_t cell, tw_metrics_merge merge) {
    double merged = (double)NAN;
    for (uint32_t i = 0; i < metrics->config.shard_max; i++) {
        double value = load_gauge(&metrics->shards[i].cells[cell]);
        if (!isnan(value))
            merged = merge_two(merged, value, merge);
    }
    return merged;
}

/* Whether a cell of a counter or gauge is one of the family's (invariant 1). */
static bool owns_cell(const struct family *family, uint32_t cell) {
    uint32_t cells = family->label_count == 0 ? 1 : family->series_max + 1;
    return family->kind != TW_METRICS_HISTOGRAM && cell >= family->first_cell &&
           cell - family->first_cell < cells;
}

double tw_metrics_gauge_value(const tw_metrics *metrics, tw_metrics_gauge gauge) {
    TW_ASSERT(gauge.cell < metrics->cell_used);
    const struct family *family = metrics->families;
    while (!owns_cell(family, gauge.cell))
        family++;
    TW_ASSERT(family->kind == TW_METRICS_GAUGE);
    return metrics_merge_gauge(metrics, gauge.cell, family->merge);
}

void tw_metrics_histogram_merge(const tw_metrics *metrics, tw_metrics_histogram histogram,
                                tw_histogram *into) {
    TW_ASSERT(histogram.cell < metrics->histogram_used);
    for (uint32_t i = 0; i < metrics->config.shard_max; i++)
        tw_histogram_merge(into, &metrics->shards[i].histograms[histogram.cell]);
    const tw_histogram *attached =
        atomic_load_explicit(&metrics->attached[histogram.cell], memory_order_acquire);
    if (attached != NULL)
        tw_histogram_merge(into, attached);
}

uint64_t tw_metrics_overflow_count(const tw_metrics *metrics, tw_metrics_family family) {
    return atomic_load_explicit(&family_of(metrics, family)->overflow_count, memory_order_relaxed);
}
