/*
 * rolling.c - a queue of doubles with its aggregate, made of two stacks.
 *
 * The window is a ring of values cut in two. The older part (front) stores for each value the
 * aggregate of itself and of everything younger in that part; the younger part (back) has one
 * running aggregate. The window's aggregate is the front's first combined with the back's. When
 * the front is used up by departures, the back becomes the new front: one pass from its youngest
 * to its oldest. Every value takes part in one such pass, hence O(1) amortised.
 *
 * Aggregates are combined, never subtracted: (n, mean, M2) by Chan, Golub and LeVeque (1979),
 * sums as a pair of doubles whose low part keeps what rounding loses (Knuth's two-sum). The mean
 * is such a pair as well: then its error is a rounding of the spread, not of the size, and values
 * that differ in their last digits only still have the right variance. A missing value is only
 * counted.
 *
 * Invariants:
 * 1. The window is the places (head + i) % count_max for i in [0, count), times ascending; the
 *    first `front` of them have a suffix aggregate.
 * 2. suffix[i] covers exactly the values i .. front - 1; `back` covers front .. count - 1.
 * 3. front == 0 implies that `back` covers the whole window.
 */
#include "tradewind/rolling.h"

#include <math.h>
#include <string.h>

#include "tradewind/quantile.h"
#include "window_pane.h"

typedef struct entry {
    int64_t time_ns;
    double value;
} entry;

/* A sum and what its rounding lost. */
typedef struct double_sum {
    double high;
    double low;
} double_sum;

typedef struct aggregate {
    double n; /* of those that are not missing */
    double_sum mean;
    double m2; /* sum of squared deviations from the mean */
    double min;
    double max;
    double_sum sum;
    double missing;
} aggregate;

struct tw_rolling {
    tw_allocator allocator;
    tw_rolling_config config;
    entry *entries;
    aggregate *suffix;
    window_order *order; /* NULL: no quantiles */
    size_t head;
    size_t count;
    size_t front;
    aggregate back;
    int64_t now_ns;
    bool started; /* now_ns is set */
};

static double_sum sum_of(double_sum a, double_sum b) {
    double s = a.high + b.high;
    double bb = s - a.high;
    double error = (a.high - (s - bb)) + (b.high - bb);
    double low = error + (a.low + b.low);
    double high = s + low;
    return (double_sum){high, low - (high - s)};
}

static double sum_value(double_sum sum) {
    return sum.high + sum.low;
}

static aggregate aggregate_one(double value) {
    if (!isfinite(value))
        return (aggregate){.missing = 1};
    return (aggregate){.n = 1, .mean = {value, 0}, .min = value, .max = value, .sum = {value, 0}};
}

static aggregate combine(const aggregate *a, const aggregate *b) {
    aggregate c = a->n == 0 ? *b : *a;
    c.missing = a->missing + b->missing;
    if (a->n == 0 || b->n == 0)
        return c;
    c.n = a->n + b->n;
    /* Exactly 0 for equal values: then so is the variance. */
    double delta = (b->mean.high - a->mean.high) + (b->mean.low - a->mean.low);
    c.mean = sum_of(a->mean, (double_sum){delta * (b->n / c.n), 0});
    c.m2 = a->m2 + b->m2 + delta * delta * (a->n * b->n / c.n);
    c.min = a->min < b->min ? a->min : b->min;
    c.max = a->max > b->max ? a->max : b->max;
    c.sum = sum_of(a->sum, b->sum);
    return c;
}

/* Doubles as integers in the same order; 0 and -0 are one value. */
static int64_t key_of(double value) {
    int64_t bits;
    value += 0.0;
    memcpy(&bits, &value, sizeof bits);
    return bits < 0 ? (bits ^ INT64_MAX) : bits;
}

static double value_of(int64_t key) {
    double value;
    key = key < 0 ? (key ^ INT64_MAX) : key;
    memcpy(&value, &key, sizeof value);
    return value;
}

static size_t slot_of(const tw_rolling *rolling, size_t i) {
    size_t slot = rolling->head + i;
    return slot >= rolling->config.count_max ? slot - rolling->config.count_max : slot;
}

/* The back becomes the front (invariant 2 for every i). */
static void turn_over(tw_rolling *rolling) {
    TW_ASSERT(rolling->front == 0 && rolling->count > 0);
    aggregate running = {0};
    for (size_t i = rolling->count; i-- > 0;) {
        size_t slot = slot_of(rolling, i);
        aggregate one = aggregate_one(rolling->entries[slot].value);
        running = combine(&one, &running);
        rolling->suffix[slot] = running;
    }
    rolling->front = rolling->count;
    rolling->back = (aggregate){0};
}

static void drop_oldest(tw_rolling *rolling) {
    if (rolling->front == 0)
        turn_over(rolling);
    double value = rolling->entries[rolling->head].value;
    if (rolling->order != NULL && isfinite(value))
        window_order_drop(rolling->order, key_of(value));
    rolling->head = slot_of(rolling, 1);
    rolling->count--;
    rolling->front--;
}

static bool is_outside(const tw_rolling *rolling, int64_t time_ns) {
    int64_t edge_ns;
    if (rolling->config.span_ns == 0)
        return false;
    /* Before the beginning of time nothing is outside. */
    if (__builtin_sub_overflow(rolling->now_ns, rolling->config.span_ns, &edge_ns))
        return false;
    return time_ns <= edge_ns;
}

static void drop_outside(tw_rolling *rolling) {
    while (rolling->count > 0 && is_outside(rolling, rolling->entries[rolling->head].time_ns))
        drop_oldest(rolling);
}

static bool config_is_in_range(const tw_rolling_config *config) {
    if (config->count_max == 0 || config->count_max > TW_ROLLING_COUNT_MAX ||
        config->count_min > config->count_max || config->span_ns < 0 || config->ddof > 1 ||
        config->quantile_count > TW_ROLLING_QUANTILE_MAX)
        return false;
    for (uint32_t i = 0; i < config->quantile_count; i++)
        if (!(config->quantiles[i] >= 0 && config->quantiles[i] <= 1))
            return false;
    return true;
}

tw_status tw_rolling_new(const tw_allocator *allocator, const tw_rolling_config *config,
                         tw_rolling **ret_rolling) {
    TW_ASSERT(config != NULL && ret_rolling != NULL);
    if (!config_is_in_range(config))
        return TW_RANGE;
    if (allocator == NULL)
        allocator = tw_allocator_system();
    tw_rolling *rolling = TW_NEW(allocator, 1, tw_rolling);
    if (rolling == NULL)
        return TW_NO_MEMORY;
    rolling->allocator = *allocator;
    rolling->config = *config;
    rolling->entries = TW_NEW(allocator, config->count_max, entry);
    rolling->suffix = TW_NEW(allocator, config->count_max, aggregate);
    bool whole = rolling->entries != NULL && rolling->suffix != NULL;
    tw_status status = whole ? TW_OK : TW_NO_MEMORY;
    if (status == TW_OK && config->quantile_count > 0)
        status = window_order_new(allocator, config->count_max, &rolling->order);
    if (status == TW_OK)
        *ret_rolling = rolling;
    else
        tw_rolling_free(rolling);
    return status;
}

void tw_rolling_free(tw_rolling *rolling) {
    if (rolling == NULL)
        return;
    tw_allocator allocator = rolling->allocator;
    window_order_free(&allocator, rolling->order);
    TW_DELETE(&allocator, rolling->entries, rolling->config.count_max, entry);
    TW_DELETE(&allocator, rolling->suffix, rolling->config.count_max, aggregate);
    TW_DELETE(&allocator, rolling, 1, tw_rolling);
}

tw_status tw_rolling_push(tw_rolling *rolling, int64_t time_ns, double value) {
    TW_ASSERT(rolling != NULL);
    if (rolling->started && time_ns < rolling->now_ns)
        return TW_INVALID;
    bool missing = !isfinite(value);
    if (!missing && fabs(value) > TW_ROLLING_VALUE_MAX)
        return TW_RANGE;
    rolling->now_ns = time_ns;
    rolling->started = true;
    drop_outside(rolling);
    if (rolling->count == rolling->config.count_max)
        drop_oldest(rolling);
    rolling->entries[slot_of(rolling, rolling->count)] = (entry){time_ns, missing ? NAN : value};
    aggregate one = aggregate_one(value);
    rolling->back = combine(&rolling->back, &one);
    rolling->count++;
    if (rolling->order != NULL && !missing)
        window_order_put(rolling->order, key_of(value));
    TW_ASSERT(rolling->count <= rolling->config.count_max && rolling->front < rolling->count);
    return TW_OK;
}

tw_status tw_rolling_advance(tw_rolling *rolling, int64_t now_ns) {
    TW_ASSERT(rolling != NULL);
    if (rolling->started && now_ns < rolling->now_ns)
        return TW_INVALID;
    rolling->now_ns = now_ns;
    rolling->started = true;
    drop_outside(rolling);
    return TW_OK;
}

static aggregate whole_of(const tw_rolling *rolling) {
    if (rolling->front == 0)
        return rolling->back;
    return combine(&rolling->suffix[rolling->head], &rolling->back);
}

/* Type 7: at (n - 1) x probability between two order statistics. */
static double quantile_of(const tw_rolling *rolling, double probability) {
    tw_quantile_place place =
        tw_quantile_place_of(TW_QUANTILE_LINEAR, (size_t)rolling->count, probability);
    double low = value_of(window_order_at(rolling->order, place.low));
    if (place.part == 0)
        return low;
    return tw_quantile_between(place, low, value_of(window_order_at(rolling->order, place.high)));
}

void tw_rolling_read(const tw_rolling *rolling, tw_rolling_stats *ret_stats) {
    TW_ASSERT(rolling != NULL && ret_stats != NULL);
    const tw_rolling_config *config = &rolling->config;
    aggregate a = whole_of(rolling);
    double ddof = config->ddof;
    bool answers = rolling->count >= config->count_min && rolling->count > 0 && a.missing == 0;
    *ret_stats = (tw_rolling_stats){.n = rolling->count, .missing = (uint64_t)a.missing};
    ret_stats->sum = answers ? sum_value(a.sum) : NAN;
    ret_stats->mean = answers ? sum_value(a.mean) : NAN;
    ret_stats->variance = answers && a.n > ddof ? a.m2 / (a.n - ddof) : NAN;
    ret_stats->stddev = sqrt(ret_stats->variance);
    ret_stats->sem = ret_stats->stddev / sqrt(config->sem_by_degrees ? a.n - ddof : a.n);
    ret_stats->min = answers ? a.min : NAN;
    ret_stats->max = answers ? a.max : NAN;
    for (uint32_t i = 0; i < TW_ROLLING_QUANTILE_MAX; i++)
        ret_stats->quantiles[i] = answers && i < config->quantile_count
                                      ? quantile_of(rolling, config->quantiles[i])
                                      : NAN;
}

void tw_rolling_clear(tw_rolling *rolling) {
    TW_ASSERT(rolling != NULL);
    rolling->head = rolling->count = rolling->front = 0;
    rolling->back = (aggregate){0};
    rolling->started = false;
    if (rolling->order != NULL)
        window_order_clear(rolling->order);
}

void tw_rolling_check(const tw_rolling *rolling) {
    TW_ASSERT(rolling->count <= rolling->config.count_max && rolling->front <= rolling->count);
    const aggregate *back = &rolling->back;
    uint64_t present = 0;
    TW_ASSERT((size_t)(back->n + back->missing) == rolling->count - rolling->front);
    for (size_t i = 0; i < rolling->count; i++) {
        const entry *e = &rolling->entries[slot_of(rolling, i)];
        const aggregate *suffix = &rolling->suffix[slot_of(rolling, i)];
        present += isfinite(e->value) ? 1 : 0;
        TW_ASSERT(!is_outside(rolling, e->time_ns) && e->time_ns <= rolling->now_ns);
        if (i > 0)
            TW_ASSERT(rolling->entries[slot_of(rolling, i - 1)].time_ns <= e->time_ns);
        if (i < rolling->front)
            TW_ASSERT((size_t)(suffix->n + suffix->missing) == rolling->front - i);
    }
    if (rolling->order != NULL)
        window_order_check(rolling->order, present);
}

double tw_ewma_push(tw_ewma *ewma, int64_t time_ns, double value) {
    TW_ASSERT(ewma != NULL && ewma->halflife_ns > 0);
    TW_ASSERT(!ewma->started || time_ns >= ewma->time_ns);
    if (!isfinite(value))
        return NAN;
    if (!ewma->started) {
        ewma->mean = value;
        ewma->weight = 1;
    } else {
        const double ln2 = 0x1.62e42fefa39efp-1;
        double x = elapsed_ns(ewma->time_ns, time_ns) / (double)ewma->halflife_ns * ln2;
        double lost = decay_weight(x); /* 1 - 2^(-dt / halflife) */
        if (ewma->adjust) {
            ewma->weight = ewma->weight * (1 - lost) + 1;
            ewma->mean += (value - ewma->mean) / ewma->weight;
        } else {
            ewma->mean += lost * (value - ewma->mean);
        }
    }
    ewma->time_ns = time_ns;
    ewma->started = true;
    return ewma->mean;
}
