/*
 * batch.c - loops over row-major matrices, along the row so that they vectorise over assets.
 *
 * Deviations take two passes: the mean, updated one row at a time so that equal values have exactly
 * themselves as their mean, then the squares of the differences from it.
 */
#include "tradewind/batch.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

void tw_batch_returns(tw_batch_shape shape, const double *prices, tw_batch_return_kind kind,
                      double *ret_returns) {
    TW_ASSERT(shape.columns > 0);
    if (shape.rows < 2)
        return;
    size_t cells = (shape.rows - 1) * shape.columns;
    const double *restrict before = prices;
    const double *restrict after = prices + shape.columns;
    double *restrict out = ret_returns;
    for (size_t i = 0; i < cells; i++) {
        bool known = before[i] > 0 && after[i] > 0 && isfinite(before[i]) && isfinite(after[i]);
        double ratio = known ? after[i] / before[i] : NAN;
        /* p1 / p0 - 1 loses digits to the rounding of the ratio; the difference is near exact. */
        out[i] = kind == TW_BATCH_LOG ? log(ratio)
                 : known              ? (after[i] - before[i]) / before[i]
                                      : NAN;
    }
}

size_t tw_batch_fill_forward(tw_batch_shape shape, double *values, size_t limit) {
    TW_ASSERT(shape.columns > 0);
    size_t filled = 0;
    for (size_t j = 0; j < shape.columns; j++) {
        size_t age = 0;
        bool seen = false;
        double last = NAN;
        for (size_t i = 0; i < shape.rows; i++) {
            double *cell = &values[i * shape.columns + j];
            if (isfinite(*cell)) {
                last = *cell;
                seen = true;
                age = 0;
            } else if (seen && age < limit) {
                *cell = last;
                age++;
                filled++;
            } else {
                seen = false; /* beyond the limit: wait for the next value */
            }
        }
    }
    return filled;
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

/* One row into the running count and mean of every column. */
static void means_add(size_t columns, const double *restrict row, double *restrict counts,
                      double *restrict means) {
    for (size_t j = 0; j < columns; j++) {
        if (!isfinite(row[j]))
            continue;
        counts[j] += 1;
        means[j] += (row[j] - means[j]) / counts[j];
    }
}

static void squares_add(size_t columns, const double *restrict row, const double *restrict means,
                        double *restrict squares) {
    for (size_t j = 0; j < columns; j++) {
        double delta = isfinite(row[j]) ? row[j] - means[j] : 0;
        squares[j] += delta * delta;
    }
}

void tw_batch_moments(tw_batch_shape shape, const double *values, uint32_t ddof, double *ret_means,
                      double *ret_stddevs, double *ret_counts) {
    TW_ASSERT(shape.columns > 0);
    memset(ret_means, 0, shape.columns * sizeof *ret_means);
    memset(ret_stddevs, 0, shape.columns * sizeof *ret_stddevs);
    memset(ret_counts, 0, shape.columns * sizeof *ret_counts);
    for (size_t i = 0; i < shape.rows; i++)
        means_add(shape.columns, values + i * shape.columns, ret_counts, ret_means);
    for (size_t i = 0; i < shape.rows; i++)
        squares_add(shape.columns, values + i * shape.columns, ret_means, ret_stddevs);
    for (size_t j = 0; j < shape.columns; j++) {
        double freedom = ret_counts[j] - ddof;
        ret_stddevs[j] = freedom > 0 ? sqrt(ret_stddevs[j] / freedom) : NAN;
        if (ret_counts[j] == 0)
            ret_means[j] = NAN;
    }
}

void tw_batch_zscores(tw_batch_shape shape, const double *values, uint32_t ddof, double *scratch,
                      double *ret_scores) {
    TW_ASSERT(shape.columns > 0);
    double *means = scratch;
    double *stddevs = scratch + shape.columns;
    double *counts = scratch + 2 * shape.columns;
    tw_batch_moments(shape, values, ddof, means, stddevs, counts);
    for (size_t i = 0; i < shape.rows; i++) {
        const double *row = values + i * shape.columns;
        double *out = ret_scores + i * shape.columns;
        for (size_t j = 0; j < shape.columns; j++)
            out[j] = stddevs[j] > 0 && isfinite(row[j]) ? (row[j] - means[j]) / stddevs[j] : NAN;
    }
}

/* The squared deviations of the `window` rows that start at `returns`; a missing value makes the
 * sum NaN (an infinity does, too, by inf - inf). */
static void window_squares(size_t columns, const double *restrict returns, size_t window,
                           double *restrict means, double *restrict squares) {
    memset(means, 0, columns * sizeof *means);
    memset(squares, 0, columns * sizeof *squares);
    for (size_t k = 0; k < window; k++) {
        const double *row = returns + k * columns;
        double count = (double)(k + 1);
        for (size_t j = 0; j < columns; j++)
            means[j] += (row[j] - means[j]) / count;
    }
    for (size_t k = 0; k < window; k++) {
        const double *row = returns + k * columns;
        for (size_t j = 0; j < columns; j++)
            squares[j] += (row[j] - means[j]) * (row[j] - means[j]);
    }
}

tw_status tw_batch_volatility(tw_batch_shape shape, const double *returns, size_t window,
                              double periods_per_year, double *scratch, double *ret_volatility) {
    TW_ASSERT(shape.columns > 0);
    if (window < 2 || !(periods_per_year > 0) || !isfinite(periods_per_year))
        return TW_RANGE;
    double *squares = scratch + shape.columns;
    double scale = periods_per_year / (double)(window - 1);
    for (size_t i = 0; i < shape.rows; i++) {
        double *out = ret_volatility + i * shape.columns;
        bool full = i + 1 >= window;
        if (full)
            window_squares(shape.columns, returns + (i + 1 - window) * shape.columns, window,
                           scratch, squares);
        for (size_t j = 0; j < shape.columns; j++)
            out[j] = full && isfinite(squares[j]) ? sqrt(squares[j] * scale) : NAN;
    }
    return TW_OK;
}
