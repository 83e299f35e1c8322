/*
 * series_lanes.c - see series_lanes.h. Compiled with SERIES_LEVEL as the name of the
 * level and SERIES_BYTES as the size of its registers.
 */
#include "series_lanes.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#define JOIN(a, b) a##b
#define NAMED(a, b) JOIN(a, b)
#define INLINE static inline __attribute__((always_inline))

/* 8 doubles in as many registers as they take at this level. */
typedef double part __attribute__((vector_size(SERIES_BYTES)));
typedef double part_place __attribute__((vector_size(SERIES_BYTES), aligned(8), may_alias));
typedef int64_t part_mask __attribute__((vector_size(SERIES_BYTES)));
#define LANE_COUNT 8
#define PART_COUNT (LANE_COUNT * sizeof(double) / sizeof(part))
#define EACH_PART(k) for (size_t k = 0; k < PART_COUNT; k++)
#define BLOCK_ROWS 32 /* rows of lanes that are added plainly */

typedef struct lanes {
    part part[PART_COUNT];
} lanes;

/* Sums and what their rounding lost (Knuth's two-sum). */
typedef struct careful_lanes {
    lanes sum;
    lanes lost;
} careful_lanes;

INLINE lanes load(const double *from) {
    const part_place *places = (const part_place *)(const void *)from;
    lanes value;
    EACH_PART(k)
    value.part[k] = places[k];
    return value;
}

INLINE lanes fill(double value) {
    const part zero = {0};
    lanes all;
    EACH_PART(k)
    all.part[k] = zero + value;
    return all;
}

/* The `count` values from `from`, then `rest`. */
INLINE lanes load_some(const double *from, size_t count, double rest) {
    double some[LANE_COUNT];
    if (count >= LANE_COUNT)
        return load(from);
    for (size_t k = 0; k < LANE_COUNT; k++)
        some[k] = k < count ? from[k] : rest;
    return load(some);
}

/* Weights of the row at `i`; past the end they are 0. */
INLINE lanes load_weights(const series_view *series, size_t i) {
    size_t left = series->count - i;
    if (series->weights != NULL)
        return load_some(series->weights + i, left, 0);
    lanes ones = fill(1);
    if (left >= LANE_COUNT)
        return ones;
    double some[LANE_COUNT];
    for (size_t k = 0; k < LANE_COUNT; k++)
        some[k] = k < left ? 1 : 0;
    return load(some);
}

INLINE void add_careful(careful_lanes *total, const lanes *value) {
    EACH_PART(k) {
        part a = total->sum.part[k];
        part b = value->part[k];
        part sum = a + b;
        part added = sum - a;
        total->lost.part[k] += (a - (sum - added)) + (b - added);
        total->sum.part[k] = sum;
    }
}

static double value_of(const careful_lanes *total) {
    double sums[LANE_COUNT];
    double lost[LANE_COUNT];
    memcpy(sums, &total->sum, sizeof sums);
    memcpy(lost, &total->lost, sizeof lost);
    double sum = 0;
    double rest = 0;
    for (size_t k = 0; k < LANE_COUNT; k++) {
        double next = sum + sums[k];
        double added = next - sum;
        rest += ((sum - (next - added)) + (sums[k] - added)) + lost[k];
        sum = next;
    }
    return sum + rest;
}

static bool within(const double *values, size_t count, double magnitude) {
    lanes limit = fill(magnitude);
    part_mask good = ~(part_mask){0};
    for (size_t i = 0; i < count; i += LANE_COUNT) {
        lanes row = load_some(values + i, count - i, 0);
        EACH_PART(k)
        good &= (row.part[k] <= limit.part[k]) & (row.part[k] >= -limit.part[k]);
    }
    bool all = true;
    for (size_t k = 0; k < sizeof good / sizeof good[0]; k++)
        all = all && good[k] != 0;
    return all;
}

INLINE part choose(part_mask mask, part yes, part no) {
    return (part)(((part_mask)yes & mask) | ((part_mask)no & ~mask));
}

static void range(const double *values, size_t count, double *ret_least, double *ret_greatest) {
    lanes least = fill(INFINITY);
    lanes greatest = fill(-INFINITY);
    for (size_t i = 0; i < count; i += LANE_COUNT) {
        lanes row = load_some(values + i, count - i, values[i]);
        EACH_PART(k) {
            least.part[k] = choose(row.part[k] < least.part[k], row.part[k], least.part[k]);
            greatest.part[k] =
                choose(row.part[k] > greatest.part[k], row.part[k], greatest.part[k]);
        }
    }
    double lows[LANE_COUNT];
    double highs[LANE_COUNT];
    memcpy(lows, &least, sizeof lows);
    memcpy(highs, &greatest, sizeof highs);
    *ret_least = lows[0];
    *ret_greatest = highs[0];
    for (size_t k = 1; k < LANE_COUNT; k++) {
        *ret_least = lows[k] < *ret_least ? lows[k] : *ret_least;
        *ret_greatest = highs[k] > *ret_greatest ? highs[k] : *ret_greatest;
    }
}

static double total(const series_view *series) {
    careful_lanes all = {0};
    lanes centre = fill(series->centre);
    for (size_t i = 0; i < series->count; i += LANE_COUNT) {
        lanes row = load_some(series->values + i, series->count - i, series->centre);
        EACH_PART(k)
        row.part[k] -= centre.part[k];
        if (series->weights != NULL) {
            lanes weight = load_weights(series, i);
            EACH_PART(k)
            row.part[k] *= weight.part[k];
        }
        add_careful(&all, &row);
    }
    return value_of(&all);
}

/* The plain sums of a block. */
typedef struct block_sums {
    lanes upper[SERIES_POWERS];
    lanes lower[SERIES_POWERS];
    lanes above;
    lanes below;
} block_sums;

INLINE void add_powers(part d, part weight, lanes sums[SERIES_POWERS], size_t k) {
    part power = d * weight;
    for (size_t p = 0; p < SERIES_POWERS; p++) {
        sums[p].part[k] += power;
        power *= d;
    }
}

INLINE void sum_block(const series_view *series, size_t begin, size_t end, block_sums *sums) {
    const part zero = {0};
    lanes centre = fill(series->centre);
    lanes scale = fill(series->scale);
    for (size_t i = begin; i < end; i += LANE_COUNT) {
        lanes row = load_some(series->values + i, series->count - i, series->centre);
        lanes weight = load_weights(series, i);
        EACH_PART(k) {
            part d = (row.part[k] - centre.part[k]) * scale.part[k];
            part_mask over = d > zero;
            part_mask under = d < zero;
            add_powers(choose(over, d, zero), weight.part[k], sums->upper, k);
            add_powers(choose(under, -d, zero), weight.part[k], sums->lower, k);
            sums->above.part[k] += choose(over, weight.part[k], zero);
            sums->below.part[k] += choose(under, weight.part[k], zero);
        }
    }
}

static void powers(const series_view *series, series_sums *ret_sums) {
    careful_lanes upper[SERIES_POWERS] = {0};
    careful_lanes lower[SERIES_POWERS] = {0};
    careful_lanes above = {0};
    careful_lanes below = {0};
    const size_t block = BLOCK_ROWS * LANE_COUNT;
    for (size_t i = 0; i < series->count; i += block) {
        size_t end = series->count - i < block ? series->count : i + block;
        block_sums sums = {0};
        sum_block(series, i, end, &sums);
        for (size_t p = 0; p < SERIES_POWERS; p++) {
            add_careful(&upper[p], &sums.upper[p]);
            add_careful(&lower[p], &sums.lower[p]);
        }
        add_careful(&above, &sums.above);
        add_careful(&below, &sums.below);
    }
    for (size_t p = 0; p < SERIES_POWERS; p++) {
        ret_sums->upper[p] = value_of(&upper[p]);
        ret_sums->lower[p] = value_of(&lower[p]);
    }
    ret_sums->above = value_of(&above);
    ret_sums->below = value_of(&below);
    ret_sums->scale = series->scale;
}

static void products(const series_view *a, const series_view *b, series_products *ret_products) {
    careful_lanes sums[3] = {0};
    const size_t block = BLOCK_ROWS * LANE_COUNT;
    lanes centre_a = fill(a->centre);
    lanes centre_b = fill(b->centre);
    lanes scale = fill(a->scale);
    for (size_t begin = 0; begin < a->count; begin += block) {
        lanes plain[3] = {0};
        for (size_t i = begin; i < a->count && i < begin + block; i += LANE_COUNT) {
            lanes row_a = load_some(a->values + i, a->count - i, a->centre);
            lanes row_b = load_some(b->values + i, a->count - i, b->centre);
            lanes weight = load_weights(a, i);
            EACH_PART(k) {
                part da = (row_a.part[k] - centre_a.part[k]) * scale.part[k];
                part db = (row_b.part[k] - centre_b.part[k]) * scale.part[k];
                plain[0].part[k] += da * da * weight.part[k];
                plain[1].part[k] += db * db * weight.part[k];
                plain[2].part[k] += da * db * weight.part[k];
            }
        }
        for (size_t s = 0; s < 3; s++)
            add_careful(&sums[s], &plain[s]);
    }
    ret_products->aa = value_of(&sums[0]);
    ret_products->bb = value_of(&sums[1]);
    ret_products->ab = value_of(&sums[2]);
}

static bool growth(const double *values, size_t count, double *ret_product) {
    const part zero = {0};
    lanes products = fill(1);
    part_mask good = ~(part_mask){0};
    for (size_t i = 0; i < count; i += LANE_COUNT) {
        lanes row = load_some(values + i, count - i, 0);
        EACH_PART(k) {
            part factor = row.part[k] + 1;
            products.part[k] *= factor;
            good &= (factor > zero) & (products.part[k] < 0x1p512) & (products.part[k] > 0x1p-512);
        }
    }
    double all[LANE_COUNT];
    memcpy(all, &products, sizeof all);
    double product = 1;
    bool within_range = true;
    for (size_t k = 0; k < LANE_COUNT; k++) {
        product *= all[k];
        within_range = within_range && product < 0x1p512 && product > 0x1p-512;
    }
    for (size_t k = 0; k < sizeof good / sizeof good[0]; k++)
        within_range = within_range && good[k] != 0;
    *ret_product = product;
    return within_range;
}

const series_lanes NAMED(series_lanes_, SERIES_LEVEL) = {
    .within = within,
    .range = range,
    .total = total,
    .powers = powers,
    .growth = growth,
    .products = products,
};
