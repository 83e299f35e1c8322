/*
 * window_pair.c - correlation, covariance and beta of two series, from exact sums.
 *
 * A ring of pairs and five sums. A pair adds itself on entering and takes itself off on leaving,
 * which is exact with integers: what is left is what the window holds, in every bit.
 *
 * Invariants:
 * 1. The window is the places (head + i) % count_max for i in [0, count), times ascending.
 * 2. The sums are those of exactly these pairs.
 */
#include "tradewind/window.h"

#include <math.h>

#include "window_ratio.h"

typedef struct pair_entry {
    int64_t time_ns;
    int64_t a;
    int64_t b;
} pair_entry;

typedef struct pair_sums {
    wide_int a;
    wide_int b;
    wide192 aa;
    wide192 bb;
    wide192 ab;
} pair_sums;

struct tw_window_pair {
    tw_allocator allocator;
    tw_window_pair_config config;
    pair_entry *entries;
    size_t head;
    size_t count;
    int64_t now_ns;
    bool started; /* now_ns is set */
    pair_sums sums;
};

#define NANO_FIVES UINT64_C(1953125) /* 1e9 is 5^9 2^9 */

static size_t slot_of(const tw_window_pair *pair, size_t i) {
    size_t slot = pair->head + i;
    return slot >= pair->config.count_max ? slot - pair->config.count_max : slot;
}

/* A pair enters (sign 1) or leaves (-1). */
static void add(pair_sums *sums, const pair_entry *e, int sign) {
    wide_int a = e->a;
    wide_int b = e->b;
    sums->a += sign * a;
    sums->b += sign * b;
    sums->aa = wide192_add(sums->aa, wide192_of(sign * (a * a)));
    sums->bb = wide192_add(sums->bb, wide192_of(sign * (b * b)));
    sums->ab = wide192_add(sums->ab, wide192_of(sign * (a * b)));
}

static void drop_oldest(tw_window_pair *pair) {
    add(&pair->sums, &pair->entries[pair->head], -1);
    pair->head = slot_of(pair, 1);
    pair->count--;
}

static void drop_outside(tw_window_pair *pair) {
    int64_t edge_ns;
    /* Before the beginning of time nothing is outside. */
    if (pair->config.span_ns == 0 ||
        __builtin_sub_overflow(pair->now_ns, pair->config.span_ns, &edge_ns))
        return;
    while (pair->count > 0 && pair->entries[pair->head].time_ns <= edge_ns)
        drop_oldest(pair);
}

tw_status tw_window_pair_new(const tw_allocator *allocator, const tw_window_pair_config *config,
                             tw_window_pair **ret_pair) {
    TW_ASSERT(config != NULL && ret_pair != NULL);
    if (config->count_max == 0 || config->count_max > TW_WINDOW_COUNT_MAX || config->ddof > 1 ||
        config->span_ns < 0)
        return TW_RANGE;
    if (allocator == NULL)
        allocator = tw_allocator_system();
    tw_window_pair *pair = TW_NEW(allocator, 1, tw_window_pair);
    if (pair == NULL)
        return TW_NO_MEMORY;
    pair->allocator = *allocator;
    pair->config = *config;
    pair->entries = TW_NEW(allocator, config->count_max, pair_entry);
    if (pair->entries == NULL) {
        tw_window_pair_free(pair);
        return TW_NO_MEMORY;
    }
    *ret_pair = pair;
    return TW_OK;
}

void tw_window_pair_free(tw_window_pair *pair) {
    if (pair == NULL)
        return;
    tw_allocator allocator = pair->allocator;
    TW_DELETE(&allocator, pair->entries, pair->config.count_max, pair_entry);
    TW_DELETE(&allocator, pair, 1, tw_window_pair);
}

tw_status tw_window_pair_advance(tw_window_pair *pair, int64_t now_ns) {
    TW_ASSERT(pair != NULL);
    if (pair->started && now_ns < pair->now_ns)
        return TW_INVALID;
    pair->now_ns = now_ns;
    pair->started = true;
    drop_outside(pair);
    return TW_OK;
}

tw_status tw_window_pair_push(tw_window_pair *pair, int64_t time_ns, tw_price a, tw_price b) {
    tw_status status = tw_window_pair_advance(pair, time_ns);
    if (status != TW_OK)
        return status;
    if (pair->count == pair->config.count_max)
        drop_oldest(pair);
    pair_entry *e = &pair->entries[slot_of(pair, pair->count)];
    *e = (pair_entry){time_ns, a.nano, b.nano};
    add(&pair->sums, e, 1);
    pair->count++;
    return TW_OK;
}

/* n x sum of products - product of sums. */
static wide192 co_deviation(uint64_t n, wide192 products, wide_int a, wide_int b) {
    return wide192_subtract(wide192_times(products, n), wide192_product(a, b));
}

static double moment(wide192 numerator, wide_uint pairs) {
    if (pairs == 0)
        return NAN;
    return ratio_round(numerator, pairs * (NANO_FIVES * NANO_FIVES), -18);
}

/* 0 over 0 is NaN, as it should be here. */
static double correlation(double ab, double aa, double bb) {
    double r = ab / sqrt(aa * bb);
    return r > 1 ? 1 : r < -1 ? -1 : r;
}

void tw_window_pair_read(const tw_window_pair *pair, tw_window_pair_stats *ret_stats) {
    TW_ASSERT(pair != NULL && ret_stats != NULL);
    const pair_sums *s = &pair->sums;
    uint64_t n = pair->count;
    *ret_stats = (tw_window_pair_stats){n, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    if (n == 0)
        return;
    wide192 aa = co_deviation(n, s->aa, s->a, s->a);
    wide192 bb = co_deviation(n, s->bb, s->b, s->b);
    wide192 ab = co_deviation(n, s->ab, s->a, s->b);
    wide_uint pairs = (wide_uint)n * (n - pair->config.ddof);
    ret_stats->mean_a = ratio_round(wide192_of(s->a), (wide_uint)n * NANO_FIVES, -9);
    ret_stats->mean_b = ratio_round(wide192_of(s->b), (wide_uint)n * NANO_FIVES, -9);
    ret_stats->variance_a = moment(aa, pairs);
    ret_stats->variance_b = moment(bb, pairs);
    ret_stats->covariance = moment(ab, pairs);
    /* The common divisor cancels: below 2^188 each, so that their product is a double. */
    double x = ratio_round(aa, 1, 0);
    double y = ratio_round(bb, 1, 0);
    double xy = ratio_round(ab, 1, 0);
    ret_stats->correlation = correlation(xy, x, y);
    ret_stats->beta = xy / y;
}

void tw_window_pair_clear(tw_window_pair *pair) {
    TW_ASSERT(pair != NULL);
    pair->head = pair->count = 0;
    pair->started = false;
    pair->sums = (pair_sums){0};
}
