/*
 * batch_lanes.c - see batch_lanes.h. Compiled with BATCH_LEVEL as the name of the level.
 *
 * Moments are gathered in blocks of rows that stay in the cache. Of a block the first pass adds up
 * differences from the column's first value, so equal values have exactly themselves as their mean;
 * the second adds squares of differences from the mean; blocks are combined pairwise (Chan, Golub
 * and LeVeque, Algorithms for Computing the Sample Variance, 1983). So the matrix is read once.
 *
 * Conditions are chains of plain comparisons, each with a choice: those vectorise at every level.
 */
#include "batch_lanes.h"
#include "logarithm.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define BLOCK_ROWS 32 /* of a tile: in the second cache, and its pages in the first TLB */

/* Of a loop whose output is its input, or nowhere near it. */
#if defined(__clang__)
#define SAME_OR_APART _Pragma("clang loop vectorize(assume_safety)")
#else
#define SAME_OR_APART _Pragma("GCC ivdep")
#endif

#define JOIN(a, b) a##b
#define NAMED(a, b) JOIN(a, b)

/* False for what is missing: neither infinities nor NaN less themselves are 0. */
static inline bool is_there(double value) {
    return value - value == 0;
}

/* `value`, or NaN unless both prices are positive and finite. */
static inline double if_prices(double before, double after, double value) {
    value = before > 0 ? value : NAN;
    value = after > 0 ? value : NAN;
    value = before <= DBL_MAX ? value : NAN;
    return after <= DBL_MAX ? value : NAN;
}

static void simple_returns(const double *restrict prices, size_t columns, size_t count,
                           double *restrict ret_returns) {
    const double *restrict before = prices;
    const double *restrict after = prices + columns;
    for (size_t i = 0; i < count; i++) {
        /* p1 / p0 - 1 would lose digits to the rounding of the ratio; the difference is near
         * exact. */
        double change = (after[i] - before[i]) / before[i];
        ret_returns[i] = if_prices(before[i], after[i], change);
    }
}

/* 2 atanh(s): ln(p1 / p0) with s = (p1 - p0) / (p1 + p0), where the difference is exact. */
static inline double near_log(double s) {
    double twice = s + s;
    return twice + twice * (s * s * logarithm_tail(s * s));
}

static inline bool is_near(double s) {
    return s * s <= LOGARITHM_NEAR * LOGARITHM_NEAR;
}

/* ln(p1 / p0) of any prices. A ratio outside of the normal numbers comes of prices that no market
 * has; the answer is the difference of the logarithms then. */
static double any_log(double before, double after) {
    double s = (after / 2 - before / 2) / (after / 2 + before / 2);
    if (is_near(s))
        return near_log(s);
    double ratio = after / before;
    if (ratio >= DBL_MIN && ratio <= DBL_MAX)
        return natural_logarithm(ratio);
    return natural_logarithm(after) - natural_logarithm(before);
}

/* Nearly all prices are near to those before them. The few others, and those whose sum is too
 * large, are done by themselves, afterwards. */
static void log_returns(const double *restrict prices, size_t columns, size_t count,
                        double *restrict ret_returns) {
    const double *restrict before = prices;
    const double *restrict after = prices + columns;
    double far = 0;
    for (size_t i = 0; i < count; i++) {
        double sum = after[i] + before[i];
        double s = (after[i] - before[i]) / sum;
        double value = near_log(s);
        value = sum <= DBL_MAX ? value : INFINITY;
        value = is_near(s) ? value : INFINITY;
        value = if_prices(before[i], after[i], value);
        ret_returns[i] = value;
        far = value > DBL_MAX ? 1.0 : far;
    }
    for (size_t i = 0; far > 0 && i < count; i++) {
        if (ret_returns[i] > DBL_MAX)
            ret_returns[i] = any_log(before[i], after[i]);
    }
}

/* Sums of the columns of a tile over a block of rows, of what their values differ by from the first
 * of the column: of close values that is exact. */
typedef struct block_sums {
    double origins[BATCH_TILE_WIDTH]; /* the first value of the column */
    double counts[BATCH_TILE_WIDTH];
    double means[BATCH_TILE_WIDTH];
    double squares[BATCH_TILE_WIDTH]; /* of differences from the mean */
} block_sums;

/* LANE_COUNT doubles in as many registers as they take at this level. All loops over the parts are
 * short enough to be unrolled, so the parts stay in registers. */
typedef double lane_part __attribute__((vector_size(BATCH_BYTES)));
typedef double lane_place __attribute__((vector_size(BATCH_BYTES), aligned(8), may_alias));
typedef int64_t lane_mask __attribute__((vector_size(BATCH_BYTES)));
#define LANE_COUNT 16
#define PART_COUNT (LANE_COUNT * sizeof(double) / sizeof(lane_part))
#define EACH_PART(k) for (size_t k = 0; k < PART_COUNT; k++)

typedef struct lanes {
    lane_part part[PART_COUNT];
} lanes;
_Static_assert(BATCH_TILE_WIDTH % LANE_COUNT == 0, "sums of a tile are whole lanes");

#define INLINE static inline __attribute__((always_inline))

/* Where a value is missing 0 times it is not 0. */
INLINE lane_mask are_there(lane_part x) {
    const lane_part zero = {0};
    return x * zero == zero;
}

INLINE lane_part choose(lane_mask mask, lane_part yes, lane_part no) {
    return (lane_part)(((lane_mask)yes & mask) | ((lane_mask)no & ~mask));
}

/* Whole registers, from where doubles stand: by memcpy they would go through the stack in pieces.
 */
INLINE lanes load(const double *from) {
    const lane_place *places = (const lane_place *)(const void *)from;
    lanes value;
    EACH_PART(k)
    value.part[k] = places[k];
    return value;
}

/* `count` of them; the others are missing. */
INLINE lanes load_some(const double *from, size_t count) {
    if (count >= LANE_COUNT)
        return load(from);
    double some[LANE_COUNT];
    for (size_t k = 0; k < LANE_COUNT; k++)
        some[k] = k < count ? from[k] : NAN;
    return load(some);
}

INLINE void store(double *to, lanes value) {
    lane_place *places = (lane_place *)(void *)to;
    EACH_PART(k)
    places[k] = value.part[k];
}

/* What one group of LANE_COUNT columns comes to in a block. */
typedef struct group_sums {
    lanes origin;
    lanes total; /* of differences from the origin */
    lanes count;
} group_sums;

/* The totals of a block without anything missing, which most are. Whether that is so tell the
 * totals: what is missing makes them NaN or infinite. */
INLINE bool sum_whole(batch_tile tile, const double *values, size_t width, lanes met,
                      group_sums *sums) {
    const lane_part zero = {0};
    lanes first = load_some(values, width);
    lanes origin;
    lanes total = {0};
    EACH_PART(k)
    origin.part[k] = choose(met.part[k] > zero, sums->origin.part[k], first.part[k]);
    for (size_t i = 0; i < tile.rows; i++) {
        lanes row = load_some(values + i * tile.stride, width);
        /* The next block's; beyond the last one there is no object to point into. */
        uintptr_t coming = (uintptr_t)values + (i + BLOCK_ROWS) * tile.stride * sizeof *values;
        __builtin_prefetch((const void *)coming);
        __builtin_prefetch((const void *)(coming + LANE_COUNT / 2 * sizeof *values));
        EACH_PART(k)
        total.part[k] += row.part[k] - origin.part[k];
    }
    lane_mask whole = ~(lane_mask){0};
    EACH_PART(k)
    whole &= are_there(total.part[k]);
    for (size_t k = 0; k < sizeof whole / sizeof whole[0]; k++) {
        if (whole[k] == 0)
            return false;
    }
    sums->origin = origin;
    sums->total = total;
    EACH_PART(k)
    sums->count.part[k] = zero + (double)tile.rows;
    return true;
}

/* The same with what is missing left out. */
INLINE void sum_there(batch_tile tile, const double *values, size_t width, lanes met,
                      group_sums *sums) {
    const lane_part zero = {0};
    lanes origin = sums->origin;
    lanes total = {0};
    lanes count = {0};
    for (size_t i = 0; i < tile.rows; i++) {
        lanes row = load_some(values + i * tile.stride, width);
        EACH_PART(k) {
            lane_part x = row.part[k];
            lane_mask there = are_there(x);
            lane_mask first = there & (met.part[k] + count.part[k] == zero);
            origin.part[k] = choose(first, x, origin.part[k]);
            total.part[k] += choose(there, x - origin.part[k], zero);
            count.part[k] += choose(there, zero + 1.0, zero);
        }
    }
    *sums = (group_sums){origin, total, count};
}

/* Squares of the differences from the mean. */
INLINE lanes sum_squares(batch_tile tile, const double *values, size_t width, bool whole,
                         const group_sums *sums, const lanes *mean) {
    const lane_part zero = {0};
    lanes square = {0};
    for (size_t i = 0; i < tile.rows; i++) {
        lanes row = load_some(values + i * tile.stride, width);
        EACH_PART(k) {
            lane_part x = row.part[k];
            lane_part difference = (x - sums->origin.part[k]) - mean->part[k];
            if (!whole)
                difference = choose(are_there(x), difference, zero);
            square.part[k] += difference * difference;
        }
    }
    return square;
}

/* Of LANE_COUNT columns from `at` on, of which the tile has `width`. `before`: values of a column
 * in the blocks before. */
INLINE void sum_group(batch_tile tile, const double *values, size_t at, size_t width,
                      const double *before, block_sums *sums) {
    const lane_part zero = {0};
    lanes met = load(before + at);
    group_sums group = {.origin = load(sums->origins + at)};
    bool whole = sum_whole(tile, values + at, width, met, &group);
    if (!whole)
        sum_there(tile, values + at, width, met, &group);
    lanes mean;
    EACH_PART(k) {
        lane_part count = group.count.part[k];
        lane_part inverse = (zero + 1.0) / choose(count > zero, count, zero + 1.0);
        mean.part[k] = group.total.part[k] * inverse;
    }
    lanes square;
    if (whole)
        square = sum_squares(tile, values + at, width, true, &group, &mean);
    else
        square = sum_squares(tile, values + at, width, false, &group, &mean);
    store(sums->origins + at, group.origin);
    store(sums->counts + at, group.count);
    store(sums->means + at, mean);
    store(sums->squares + at, square);
}

static void sum_block(batch_tile tile, const double *values, const double *before,
                      block_sums *sums) {
    for (size_t j = 0; j < tile.width; j += LANE_COUNT) {
        if (tile.width - j >= LANE_COUNT)
            sum_group(tile, values, j, LANE_COUNT, before, sums);
        else
            sum_group(tile, values, j, tile.width - j, before, sums);
    }
}

/* Into counts, means, and sums of squares of differences from them. */
static void combine_block(size_t width, const block_sums *restrict block, double *restrict counts,
                          double *restrict means, double *restrict squares) {
    for (size_t j = 0; j < width; j++) {
        double added = block->counts[j];
        double whole = counts[j] + added;
        double share = added / (whole > 0 ? whole : 1.0);
        double difference = added > 0 ? block->means[j] - means[j] : 0.0;
        double between = counts[j] > 0 ? difference * difference * (counts[j] * share) : 0.0;
        squares[j] += block->squares[j] + between;
        means[j] += difference * share;
        counts[j] = whole;
    }
}

static void moments(batch_tile tile, const double *values, double ddof,
                    batch_moments *ret_moments) {
    block_sums block;
    memset(&block, 0, sizeof block);
    double *counts = ret_moments->counts;
    double *means = ret_moments->means;
    double *squares = ret_moments->stddevs;
    memset(ret_moments, 0, sizeof *ret_moments);
    for (size_t i = 0; i < tile.rows; i += BLOCK_ROWS) {
        size_t left = tile.rows - i;
        batch_tile part = {.rows = left < BLOCK_ROWS ? left : BLOCK_ROWS,
                           .width = tile.width,
                           .stride = tile.stride};
        sum_block(part, values + i * tile.stride, counts, &block);
        combine_block(tile.width, &block, counts, means, squares);
    }
    for (size_t j = 0; j < tile.width; j++) {
        double freedom = counts[j] - ddof;
        ret_moments->means[j] = counts[j] > 0 ? block.origins[j] + means[j] : NAN;
        ret_moments->stddevs[j] = freedom > 0 ? sqrt(squares[j] / freedom) : NAN;
    }
}

/* By the inverse of the deviation, which is taken once: a division a cell would be all the time
 * that there is. */
static void zscores(batch_tile tile, const double *values, const batch_scale *scale,
                    double *ret_scores) {
    for (size_t i = 0; i < tile.rows; i++) {
        const double *row = values + i * tile.stride;
        double *out = ret_scores + i * tile.stride; /* or the same row */
        SAME_OR_APART
        for (size_t j = 0; j < tile.width; j++) {
            double score = (row[j] - scale->means[j]) * scale->inverses[j];
            out[j] = row[j] - row[j] == 0 ? score : NAN;
        }
    }
}

/* A column's age is how many of its rows in a row were missing; without a value before there is
 * nothing to put in, which is as if the age had no end. */
static size_t fill_forward(batch_tile tile, double *values, double limit) {
    double last[BATCH_TILE_WIDTH] = {0};
    double ages[BATCH_TILE_WIDTH];
    double counts[BATCH_TILE_WIDTH] = {0};
    for (size_t j = 0; j < tile.width; j++)
        ages[j] = INFINITY;
    for (size_t i = 0; i < tile.rows; i++) {
        double *restrict row = values + i * tile.stride;
        for (size_t j = 0; j < tile.width; j++) {
            double value = row[j];
            double other = ages[j] < limit ? last[j] : value;
            double filled = ages[j] < limit ? 1.0 : 0.0;
            double older = ages[j] + 1;
            bool there = value - value == 0;
            row[j] = there ? value : other;
            counts[j] += there ? 0.0 : filled;
            last[j] = there ? value : last[j];
            ages[j] = there ? 0.0 : older;
        }
    }
    double total = 0;
    for (size_t j = 0; j < tile.width; j++)
        total += counts[j];
    return (size_t)total;
}

/* The sum of all lanes, always in the same order: neighbours at half the distance. */
static double sum_lanes(lanes of) {
    double each[LANE_COUNT];
    store(each, of);
    for (size_t half = LANE_COUNT / 2; half > 0; half /= 2) {
        for (size_t k = 0; k < half; k++)
            each[k] += each[k + half];
    }
    return each[0];
}

/* Sums over a row of what stands at j in lane j % LANE_COUNT: of values that are there less
 * `centre`, of their squares, and how many they are. What the row lacks at its end is missing. */
static void sum_row(const double *row, size_t columns, double centre, double ret_sums[3]) {
    const lane_part zero = {0};
    lanes total = {0};
    lanes square = {0};
    lanes count = {0};
    for (size_t j = 0; j < columns; j += LANE_COUNT) {
        lanes values = load_some(row + j, columns - j);
        EACH_PART(k) {
            lane_part x = values.part[k];
            lane_mask there = are_there(x);
            lane_part difference = choose(there, x - centre, zero);
            total.part[k] += difference;
            square.part[k] += difference * difference;
            count.part[k] += choose(there, zero + 1.0, zero);
        }
    }
    ret_sums[0] = sum_lanes(total);
    ret_sums[1] = sum_lanes(square);
    ret_sums[2] = sum_lanes(count);
}

static double first_there(const double *row, size_t columns) {
    for (size_t j = 0; j < columns; j++) {
        if (is_there(row[j]))
            return row[j];
    }
    return 0;
}

static void row_zscores(const double *row, size_t columns, double ddof, double *ret_scores) {
    double sums[3];
    double first = first_there(row, columns);
    sum_row(row, columns, first, sums);
    double count = sums[2];
    double mean = first + (count > 0 ? sums[0] / count : 0);
    sum_row(row, columns, mean, sums);
    double spread = sums[1] - (count > 0 ? sums[0] * sums[0] / count : 0);
    double inverse = count > ddof && spread > 0 ? 1 / sqrt(spread / (count - ddof)) : NAN;
    SAME_OR_APART
    for (size_t j = 0; j < columns; j++) {
        double score = (row[j] - mean) * inverse;
        ret_scores[j] = row[j] - row[j] == 0 ? score : NAN;
    }
}

const batch_lanes NAMED(batch_lanes_, BATCH_LEVEL) = {simple_returns, log_returns,  moments,
                                                      zscores,        fill_forward, row_zscores};
