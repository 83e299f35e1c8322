/*
 * window.c - a queue of observations with its aggregate, made of two stacks.
 *
 * The window is a ring of observations cut in two. The older part (front) stores for each
 * observation the aggregate of itself and of everything younger in that part; the younger part
 * (back) has one running aggregate. The window's aggregate is the front's first combined with the
 * back's. When the front is used up by departures, the back becomes the new front: one pass from
 * its youngest to its oldest. Every observation takes part in one such pass, hence O(1) amortised.
 *
 * Aggregates are combined, never subtracted: (n, mean, M2) by Chan, Golub and LeVeque (1979),
 * sums as a pair of doubles whose low part keeps what rounding loses (Knuth's two-sum). The mean
 * is such a pair as well: then its error is a rounding of the spread, not of the size, and prices
 * that differ in their last digits only still have the right variance.
 *
 * Invariants:
 * 1. The window is observations[(head + i) % capacity] for i in [0, count), times ascending;
 *    the first `front` of them have a suffix aggregate.
 * 2. suffix[i] covers exactly the observations i .. front - 1; `back` covers front .. count - 1.
 * 3. front == 0 implies that `back` covers the whole window.
 */
#include "tradewind/window.h"

#include <math.h>
#include <string.h>

typedef struct observation {
    int64_t time_ns;
    double price;
    double volume;
} observation;

/* A sum and what its rounding lost. */
typedef struct exact_sum {
    double high;
    double low;
} exact_sum;

typedef struct aggregate {
    double n;
    exact_sum mean;
    double m2; /* sum of squared deviations from the mean */
    double min;
    double max;
    exact_sum sum;
    exact_sum volume;
    exact_sum value; /* price x volume */
} aggregate;

struct tw_window {
    tw_allocator allocator;
    tw_window_config config;
    observation *observations;
    aggregate *suffix;
    size_t head;
    size_t count;
    size_t front;
    aggregate back;
    double ema;
    double alpha;
    int64_t now_ns;
    int64_t crowded_newest_ns; /* time of the youngest observation that was crowded out */
    uint64_t crowded_out;
    bool started; /* now_ns is set */
    bool seeded;  /* ema is set */
};

static exact_sum sum_of(exact_sum a, exact_sum b) {
    double s = a.high + b.high;
    double bb = s - a.high;
    double error = (a.high - (s - bb)) + (b.high - bb);
    double low = error + (a.low + b.low);
    double high = s + low;
    return (exact_sum){high, low - (high - s)};
}

static double sum_value(exact_sum sum) {
    return sum.high + sum.low;
}

static aggregate aggregate_one(const observation *o) {
    aggregate a = {0};
    a.n = 1;
    a.min = a.max = o->price;
    a.mean.high = a.sum.high = o->price;
    a.volume.high = o->volume;
    a.value.high = o->price * o->volume;
    /* The rounding error of the product, exact by FMA. */
    a.value.low = fma(o->price, o->volume, -a.value.high);
    return a;
}

static aggregate combine(const aggregate *a, const aggregate *b) {
    if (a->n == 0)
        return *b;
    if (b->n == 0)
        return *a;
    aggregate c;
    c.n = a->n + b->n;
    /* Exactly 0 for equal prices: then so is the variance. */
    double delta = (b->mean.high - a->mean.high) + (b->mean.low - a->mean.low);
    c.mean = sum_of(a->mean, (exact_sum){delta * (b->n / c.n), 0});
    c.m2 = a->m2 + b->m2 + delta * delta * (a->n * b->n / c.n);
    c.min = a->min < b->min ? a->min : b->min;
    c.max = a->max > b->max ? a->max : b->max;
    c.sum = sum_of(a->sum, b->sum);
    c.volume = sum_of(a->volume, b->volume);
    c.value = sum_of(a->value, b->value);
    return c;
}

static size_t slot_of(const tw_window *window, size_t i) {
    size_t slot = window->head + i;
    return slot >= window->config.count_max ? slot - window->config.count_max : slot;
}

/* The back becomes the front (invariant 2 for every i). */
static void turn_over(tw_window *window) {
    TW_ASSERT(window->front == 0 && window->count > 0);
    aggregate running = {0};
    for (size_t i = window->count; i-- > 0;) {
        size_t slot = slot_of(window, i);
        aggregate one = aggregate_one(&window->observations[slot]);
        running = combine(&one, &running);
        window->suffix[slot] = running;
    }
    window->front = window->count;
    window->back = (aggregate){0};
}

static void drop_oldest(tw_window *window) {
    if (window->front == 0)
        turn_over(window);
    window->head = slot_of(window, 1);
    window->count--;
    window->front--;
}

static bool is_outside(const tw_window *window, int64_t time_ns) {
    if (window->config.span_ns == 0)
        return false;
    int64_t edge_ns;
    /* Before the beginning of time nothing is outside. */
    if (__builtin_sub_overflow(window->now_ns, window->config.span_ns, &edge_ns))
        return false;
    return time_ns <= edge_ns;
}

static void drop_outside(tw_window *window) {
    while (window->count > 0 && is_outside(window, window->observations[window->head].time_ns))
        drop_oldest(window);
}

tw_status tw_window_new(const tw_allocator *allocator, const tw_window_config *config,
                        tw_window **ret_window) {
    TW_ASSERT(config != NULL && ret_window != NULL);
    if (config->count_max == 0 || config->count_max > TW_WINDOW_COUNT_MAX ||
        config->ema_count > TW_WINDOW_COUNT_MAX || config->span_ns < 0)
        return TW_RANGE;
    if (allocator == NULL)
        allocator = tw_allocator_system();
    tw_window *window = TW_NEW(allocator, 1, tw_window);
    if (window == NULL)
        return TW_NO_MEMORY;
    window->allocator = *allocator;
    window->config = *config;
    window->observations = TW_NEW(allocator, config->count_max, observation);
    window->suffix = TW_NEW(allocator, config->count_max, aggregate);
    if (window->observations == NULL || window->suffix == NULL) {
        tw_window_free(window);
        return TW_NO_MEMORY;
    }
    double ema_count = config->ema_count == 0 ? config->count_max : config->ema_count;
    window->alpha = 2.0 / (ema_count + 1.0);
    *ret_window = window;
    return TW_OK;
}

void tw_window_free(tw_window *window) {
    if (window == NULL)
        return;
    tw_allocator allocator = window->allocator;
    TW_DELETE(&allocator, window->observations, window->config.count_max, observation);
    TW_DELETE(&allocator, window->suffix, window->config.count_max, aggregate);
    TW_DELETE(&allocator, window, 1, tw_window);
}

tw_status tw_window_push(tw_window *window, int64_t time_ns, double price, double volume) {
    TW_ASSERT(window != NULL);
    if (!isfinite(price) || !isfinite(volume) || volume < 0)
        return TW_INVALID;
    if (window->started && time_ns < window->now_ns)
        return TW_INVALID;
    if (fabs(price) > TW_WINDOW_VALUE_MAX || volume > TW_WINDOW_VALUE_MAX)
        return TW_RANGE;

    window->now_ns = time_ns;
    window->started = true;
    drop_outside(window);
    if (window->count == window->config.count_max) {
        if (window->config.span_ns != 0) {
            window->crowded_newest_ns = window->observations[window->head].time_ns;
            window->crowded_out++;
        }
        drop_oldest(window);
    }
    size_t slot = slot_of(window, window->count);
    window->observations[slot] = (observation){time_ns, price, volume};
    aggregate one = aggregate_one(&window->observations[slot]);
    window->back = combine(&window->back, &one);
    window->count++;
    window->ema = window->seeded ? window->ema + window->alpha * (price - window->ema) : price;
    window->seeded = true;
    TW_ASSERT(window->count <= window->config.count_max && window->front < window->count);
    return TW_OK;
}

tw_status tw_window_advance(tw_window *window, int64_t now_ns) {
    TW_ASSERT(window != NULL);
    if (window->started && now_ns < window->now_ns)
        return TW_INVALID;
    window->now_ns = now_ns;
    window->started = true;
    drop_outside(window);
    return TW_OK;
}

/* price x volume over volume. Rounding may not carry it beyond the prices themselves. */
static double vwap_of(const aggregate *a) {
    double volume = sum_value(a->volume);
    if (!(volume > 0))
        return NAN;
    double vwap = sum_value(a->value) / volume;
    return vwap < a->min ? a->min : vwap > a->max ? a->max : vwap;
}

void tw_window_read(const tw_window *window, tw_window_stats *ret_stats) {
    TW_ASSERT(window != NULL && ret_stats != NULL);
    aggregate a = window->back;
    if (window->front > 0)
        a = combine(&window->suffix[window->head], &window->back);
    bool any = window->count > 0;
    TW_ASSERT((size_t)a.n == window->count);

    memset(ret_stats, 0, sizeof *ret_stats);
    ret_stats->n = window->count;
    ret_stats->sum = sum_value(a.sum);
    ret_stats->volume = sum_value(a.volume);
    ret_stats->mean = any ? sum_value(a.mean) : NAN;
    ret_stats->variance = any ? a.m2 / a.n : NAN;
    ret_stats->stddev = sqrt(ret_stats->variance);
    ret_stats->min = any ? a.min : NAN;
    ret_stats->max = any ? a.max : NAN;
    ret_stats->vwap = any ? vwap_of(&a) : NAN;
    ret_stats->ema = window->seeded ? window->ema : NAN;
    if (any) {
        ret_stats->oldest_ns = window->observations[window->head].time_ns;
        ret_stats->newest_ns = window->observations[slot_of(window, window->count - 1)].time_ns;
    }
    ret_stats->crowded_out = window->crowded_out;
    ret_stats->complete = window->crowded_out == 0 || is_outside(window, window->crowded_newest_ns);
}

void tw_window_clear(tw_window *window) {
    TW_ASSERT(window != NULL);
    window->head = window->count = window->front = 0;
    window->back = (aggregate){0};
    window->crowded_out = 0;
    window->started = window->seeded = false;
}

void tw_window_check(const tw_window *window) {
    TW_ASSERT(window->count <= window->config.count_max && window->front <= window->count);
    TW_ASSERT((size_t)window->back.n == window->count - window->front);
    for (size_t i = 0; i < window->count; i++) {
        const observation *o = &window->observations[slot_of(window, i)];
        TW_ASSERT(!is_outside(window, o->time_ns) && o->time_ns <= window->now_ns);
        if (i > 0)
            TW_ASSERT(window->observations[slot_of(window, i - 1)].time_ns <= o->time_ns);
        if (i < window->front)
            TW_ASSERT((size_t)window->suffix[slot_of(window, i)].n == window->front - i);
    }
}
