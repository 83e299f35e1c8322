/*
 * batch_lanes.c - see batch_lanes.h. Compiled with BATCH_LEVEL as the name of the level.
 *
 * Moments take two passes. The first adds up differences from the column's first value, so equal
 * values have exactly themselves as their mean; the second adds squares of differences from the
 * mean, and those differences, whose sum is what the mean is still off by (Chan, Golub and LeVeque,
 * Algorithms for Computing the Sample Variance, 1983, the corrected two-pass algorithm). A tile is
 * in the cache after the first.
 */
#include "batch_lanes.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* Rows ahead that are fetched: they stand too far apart for the processor to see their pattern. */
#define FETCH_ROWS 6

#define JOIN(a, b) a##b
#define NAMED(a, b) JOIN(a, b)

/* False for what is missing: neither infinities nor NaN less themselves are 0. */
static inline bool is_there(double value) {
    return value - value == 0;
}

static inline double from_bits(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint64_t to_bits(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/*
 * The natural logarithm of a positive, finite, normal number, within one unit in the last place; a
 * library's would not vectorise, and would differ from one machine to the next. x = m 2^e with m in
 * [sqrt(1/2), sqrt(2)), and ln m = 2 atanh(s) with s = (m - 1) / (m + 1): its series in z = s^2,
 * z <= 0.0295, is summed until a term is below the last place, and put together as in Tang,
 * Table-Driven Implementation of the Logarithm Function, 1990: what is large is exact.
 */
static inline double natural_log(double x) {
    const uint64_t half_root = UINT64_C(0x3fe6a09e667f3bcd); /* sqrt(1/2) */
    const uint64_t bias = UINT64_C(1024) << 52;
    uint64_t shifted = to_bits(x) - half_root + bias;
    uint64_t exponent = shifted >> 52; /* e + 1024 */
    double m = from_bits(to_bits(x) - ((exponent - 1024) << 52));
    /* e as a double: an integer below 2^52 in the low bits of 2^52 is the number itself. */
    double e = from_bits(exponent | UINT64_C(0x4330000000000000)) - (0x1p52 + 1024);
    double f = m - 1;
    double s = f / (2 + f);
    double z = s * s;
    double tail = 2.0 / 23;
    tail = tail * z + 2.0 / 21;
    tail = tail * z + 2.0 / 19;
    tail = tail * z + 2.0 / 17;
    tail = tail * z + 2.0 / 15;
    tail = tail * z + 2.0 / 13;
    tail = tail * z + 2.0 / 11;
    tail = tail * z + 2.0 / 9;
    tail = tail * z + 2.0 / 7;
    tail = tail * z + 2.0 / 5;
    tail = tail * z + 2.0 / 3;
    tail = tail * z;
    double half_square = 0.5 * f * f;
    const double ln2_high = 0x1.62e42feep-1; /* its last 20 bits are 0, so times e it is exact */
    const double ln2_low = 0x1.a39ef35793c76p-33;
    return e * ln2_high - ((half_square - (s * (half_square + tail) + e * ln2_low)) - f);
}

static void simple_returns(const double *restrict prices, size_t columns, size_t count,
                           double *restrict ret_returns) {
    const double *restrict before = prices;
    const double *restrict after = prices + columns;
    for (size_t i = 0; i < count; i++) {
        bool known = (before[i] > 0) & (after[i] > 0) & is_there(before[i]) & is_there(after[i]);
        /* p1 / p0 - 1 would lose digits to the rounding of the ratio; the difference is near
         * exact. */
        double change = (after[i] - before[i]) / before[i];
        ret_returns[i] = known ? change : NAN;
    }
}

/* ln(p1 / p0). A ratio outside of the normal numbers comes of prices that no market has; the answer
 * is the difference of the logarithms then. */
static void log_returns(const double *restrict prices, size_t columns, size_t count,
                        double *restrict ret_returns) {
    const double *restrict before = prices;
    const double *restrict after = prices + columns;
    for (size_t i = 0; i < count; i++) {
        bool known = (before[i] > 0) & (after[i] > 0) & is_there(before[i]) & is_there(after[i]);
        double ratio = after[i] / before[i];
        bool normal = (ratio >= 0x1p-1022) & is_there(ratio);
        double value = natural_log(normal ? ratio : 1.0);
        ret_returns[i] = !known ? NAN : normal ? value : INFINITY;
    }
    for (size_t i = 0; i < count; i++) {
        if (isinf(ret_returns[i]))
            ret_returns[i] = log(after[i]) - log(before[i]);
    }
}

/* Sums of differences from `first`, the first value of each column. */
static void add_row(size_t width, const double *restrict row, double *restrict first,
                    double *restrict counts, double *restrict sums) {
    for (size_t j = 0; j < width; j++) {
        bool there = is_there(row[j]);
        double start = counts[j] == 0 ? row[j] : first[j];
        first[j] = there ? start : first[j];
        sums[j] += there ? row[j] - start : 0;
        counts[j] += there ? 1 : 0;
    }
}

static void square_row(size_t width, const double *restrict row, const double *restrict means,
                       double *restrict squares, double *restrict rests) {
    for (size_t j = 0; j < width; j++) {
        double difference = is_there(row[j]) ? row[j] - means[j] : 0;
        squares[j] += difference * difference;
        rests[j] += difference;
    }
}

static inline void fetch_row(const double *row, size_t width) {
    for (size_t j = 0; j < width; j += 8)
        __builtin_prefetch(row + j);
}

static void moments(batch_tile tile, const double *values, double ddof,
                    batch_moments *ret_moments) {
    double first[BATCH_TILE_WIDTH] = {0};
    double sums[BATCH_TILE_WIDTH] = {0};
    double squares[BATCH_TILE_WIDTH] = {0};
    double rests[BATCH_TILE_WIDTH] = {0};
    double *counts = ret_moments->counts;
    memset(counts, 0, sizeof ret_moments->counts);
    for (size_t i = 0; i < tile.rows; i++) {
        if (i + FETCH_ROWS < tile.rows)
            fetch_row(values + (i + FETCH_ROWS) * tile.stride, tile.width);
        add_row(tile.width, values + i * tile.stride, first, counts, sums);
    }
    for (size_t j = 0; j < tile.width; j++)
        ret_moments->means[j] = counts[j] > 0 ? first[j] + sums[j] / counts[j] : NAN;
    for (size_t i = 0; i < tile.rows; i++)
        square_row(tile.width, values + i * tile.stride, ret_moments->means, squares, rests);
    for (size_t j = 0; j < tile.width; j++) {
        double spread = squares[j] - rests[j] * rests[j] / counts[j];
        double freedom = counts[j] - ddof;
        ret_moments->stddevs[j] = freedom > 0 ? sqrt((spread > 0 ? spread : 0) / freedom) : NAN;
    }
}

static void zscores(batch_tile tile, const double *values, const batch_moments *of,
                    double *ret_scores) {
    for (size_t i = 0; i < tile.rows; i++) {
        const double *restrict row = values + i * tile.stride;
        double *restrict out = ret_scores + i * tile.stride;
        for (size_t j = 0; j < tile.width; j++) {
            double score = (row[j] - of->means[j]) / of->stddevs[j];
            out[j] = (of->stddevs[j] > 0) & is_there(row[j]) ? score : NAN;
        }
    }
}

/* The sum of eight lanes, always in the same order. */
static double sum_lanes(const double lanes[8]) {
    return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) +
           ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

/* Sums over a row of what stands at j in lane j % 8: of values that are there less `centre`, of
 * their squares, and how many they are. */
static void sum_row(const double *restrict row, size_t columns, double centre, double ret_sums[3]) {
    double sums[8] = {0};
    double squares[8] = {0};
    double counts[8] = {0};
    size_t whole = columns - columns % 8;
    for (size_t j = 0; j < whole; j += 8) {
        for (size_t k = 0; k < 8; k++) {
            bool there = is_there(row[j + k]);
            double difference = there ? row[j + k] - centre : 0;
            sums[k] += difference;
            squares[k] += difference * difference;
            counts[k] += there ? 1 : 0;
        }
    }
    for (size_t j = whole; j < columns; j++) {
        double difference = is_there(row[j]) ? row[j] - centre : 0;
        sums[j - whole] += difference;
        squares[j - whole] += difference * difference;
        counts[j - whole] += is_there(row[j]) ? 1 : 0;
    }
    ret_sums[0] = sum_lanes(sums);
    ret_sums[1] = sum_lanes(squares);
    ret_sums[2] = sum_lanes(counts);
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
    double stddev = count > ddof && spread > 0 ? sqrt(spread / (count - ddof)) : 0;
    for (size_t j = 0; j < columns; j++) {
        double score = (row[j] - mean) / stddev;
        ret_scores[j] = (stddev > 0) & is_there(row[j]) ? score : NAN;
    }
}

const batch_lanes NAMED(batch_lanes_, BATCH_LEVEL) = {simple_returns, log_returns, moments, zscores,
                                                      row_zscores};
