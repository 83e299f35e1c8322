/*
 * covariance_push.c - a covariance that takes one row after another and forgets the oldest.
 *
 * What is kept are sums of values and of products, each as a pair of doubles (high + low, 106 bits)
 * whose low part is at most half a unit of the high one. A product of two doubles is a pair exactly
 * (Dekker 1971), so a row is taken off by adding the same pairs with the other sign. The covariance
 * is (n P - s s') / n^2 with the difference taken in pairs, so what it loses to cancellation is of
 * those 106 bits.
 *
 * Without fused multiply-adds and element by element: the same bits at every width of vectors.
 *
 * Invariants:
 * 1. The sums are those of the `rows` rows that end before ring row `next`.
 * 2. Products stand by rows of the lower triangle: (i, j), j <= i, at i (i + 1) / 2 + j.
 */
#include <math.h>
#include <string.h>

#include "covariance_priv.h"

#define VALUE_MAX 1e100
#define SPLITTER 0x1.0000002p27 /* 2^27 + 1 */
#define NOTHING 0x1p-96         /* of the mean square, times rows: a variance that is rounding */

struct tw_covariance {
    tw_allocator allocator;
    size_t assets;
    size_t window; /* 0: all rows */
    size_t rows;
    size_t next;
    size_t skipped;
    double *high; /* [assets (assets + 1) / 2] */
    double *low;
    double *sums_high; /* [assets] */
    double *sums_low;
    double *halves; /* [2][assets]: upper and lower bits of the row at hand */
    double *ring;   /* [window][assets], NULL for all rows */
};

static size_t triangle(size_t assets) {
    return assets * (assets + 1) / 2;
}

tw_status tw_covariance_new(const tw_allocator *allocator, size_t assets, size_t window,
                            tw_covariance **ret_covariance) {
    TW_ASSERT(ret_covariance != NULL);
    if (assets == 0 || assets > UINT32_MAX || (window > 0 && window > SIZE_MAX / assets))
        return TW_RANGE;
    if (allocator == NULL)
        allocator = tw_allocator_system();
    tw_covariance *of = TW_NEW(allocator, 1, tw_covariance);
    if (of == NULL)
        return TW_NO_MEMORY;
    of->allocator = *allocator;
    of->assets = assets;
    of->window = window;
    of->high = TW_NEW(allocator, triangle(assets), double);
    of->low = TW_NEW(allocator, triangle(assets), double);
    of->sums_high = TW_NEW(allocator, assets, double);
    of->sums_low = TW_NEW(allocator, assets, double);
    of->halves = TW_NEW(allocator, 2 * assets, double);
    of->ring = window > 0 ? TW_NEW(allocator, window * assets, double) : NULL;
    if (of->high == NULL || of->low == NULL || of->sums_high == NULL || of->sums_low == NULL ||
        of->halves == NULL || (window > 0 && of->ring == NULL)) {
        tw_covariance_free(of);
        return TW_NO_MEMORY;
    }
    *ret_covariance = of;
    return TW_OK;
}

void tw_covariance_free(tw_covariance *of) {
    if (of == NULL)
        return;
    tw_allocator allocator = of->allocator;
    size_t assets = of->assets;
    TW_DELETE(&allocator, of->high, triangle(assets), double);
    TW_DELETE(&allocator, of->low, triangle(assets), double);
    TW_DELETE(&allocator, of->sums_high, assets, double);
    TW_DELETE(&allocator, of->sums_low, assets, double);
    TW_DELETE(&allocator, of->halves, 2 * assets, double);
    TW_DELETE(&allocator, of->ring, of->window * assets, double);
    TW_DELETE(&allocator, of, 1, tw_covariance);
}

/* ---- Pairs of doubles ------------------------------------------------------------------------ */

typedef struct pair {
    double high;
    double low;
} pair;

/* The upper 26 bits of a double; the rest is the double less these (Veltkamp). */
static inline double upper_half(double value) {
    double scaled = SPLITTER * value;
    return scaled - (scaled - value);
}

static inline pair exact_product(double a, double a_upper, double b, double b_upper) {
    double a_lower = a - a_upper;
    double b_lower = b - b_upper;
    double product = a * b;
    double error =
        ((a_upper * b_upper - product) + a_upper * b_lower + a_lower * b_upper) + a_lower * b_lower;
    return (pair){product, error};
}

/* Knuth's sum of the high parts, exactly; the low parts follow. */
static inline pair sum_of(pair a, pair b) {
    double sum = a.high + b.high;
    double moved = sum - a.high;
    double error = (a.high - (sum - moved)) + (b.high - moved);
    double low = (a.low + b.low) + error;
    double high = sum + low;
    return (pair){high, low - (high - sum)};
}

/* ---- Rows ------------------------------------------------------------------------------------ */

/* Adds the row, or with a sign of -1 takes it off. */
static void add_row(tw_covariance *of, const double *row, double sign) {
    size_t assets = of->assets;
    double *restrict uppers = of->halves;
    for (size_t j = 0; j < assets; j++)
        uppers[j] = upper_half(row[j]);
    for (size_t i = 0; i < assets; i++) {
        double *restrict high = of->high + triangle(i);
        double *restrict low = of->low + triangle(i);
        double factor = sign * row[i];
        double factor_upper = sign * uppers[i];
        for (size_t j = 0; j <= i; j++) {
            pair product = exact_product(factor, factor_upper, row[j], uppers[j]);
            pair sum = sum_of((pair){high[j], low[j]}, product);
            high[j] = sum.high;
            low[j] = sum.low;
        }
        pair sum = sum_of((pair){of->sums_high[i], of->sums_low[i]}, (pair){factor, 0});
        of->sums_high[i] = sum.high;
        of->sums_low[i] = sum.low;
    }
}

static tw_status row_check(tw_covariance *of, const double *returns, size_t *ret_asset) {
    size_t missing = SIZE_MAX;
    for (size_t j = of->assets; j-- > 0;) {
        if (fabs(returns[j]) > VALUE_MAX) {
            if (ret_asset != NULL)
                *ret_asset = j;
            return TW_INVALID;
        }
        missing = isnan(returns[j]) ? j : missing;
    }
    if (missing == SIZE_MAX)
        return TW_OK;
    of->skipped++;
    if (ret_asset != NULL)
        *ret_asset = missing;
    return TW_EMPTY;
}

tw_status tw_covariance_push(tw_covariance *of, const double *returns, size_t *ret_asset) {
    TW_ASSERT(of != NULL && returns != NULL);
    tw_status status = row_check(of, returns, ret_asset);
    if (status != TW_OK)
        return status;
    if (of->window == 0) {
        add_row(of, returns, 1);
        of->rows++;
        return TW_OK;
    }
    double *place = of->ring + of->next * of->assets;
    if (of->rows == of->window)
        add_row(of, place, -1);
    else
        of->rows++;
    memcpy(place, returns, of->assets * sizeof *place);
    add_row(of, place, 1);
    of->next = of->next + 1 == of->window ? 0 : of->next + 1;
    return TW_OK;
}

void tw_covariance_clear(tw_covariance *of) {
    TW_ASSERT(of != NULL);
    size_t cells = triangle(of->assets);
    memset(of->high, 0, cells * sizeof *of->high);
    memset(of->low, 0, cells * sizeof *of->low);
    memset(of->sums_high, 0, of->assets * sizeof *of->sums_high);
    memset(of->sums_low, 0, of->assets * sizeof *of->sums_low);
    of->rows = of->next = 0;
}

size_t tw_covariance_rows(const tw_covariance *of) {
    return of->rows;
}

size_t tw_covariance_skipped(const tw_covariance *of) {
    return of->skipped;
}

/* ---- Reading --------------------------------------------------------------------------------- */

static pair product_of(pair a, pair b) {
    pair product = exact_product(a.high, upper_half(a.high), b.high, upper_half(b.high));
    product.low += a.high * b.low + a.low * b.high;
    return product;
}

/* n P_ij - s_i s_j. */
static double comoment(const tw_covariance *of, size_t i, size_t j) {
    size_t at = triangle(i) + j;
    pair product = {of->high[at], of->low[at]};
    pair whole = product_of((pair){(double)of->rows, 0}, product);
    pair means = product_of((pair){of->sums_high[i], of->sums_low[i]},
                            (pair){of->sums_high[j], of->sums_low[j]});
    pair left = sum_of(whole, (pair){-means.high, -means.low});
    return left.high + left.low;
}

static void read_matrix(const tw_covariance *of, uint8_t ddof, double *ret_matrix) {
    size_t n = of->assets;
    double rows = (double)of->rows;
    double divisor = rows * (rows - ddof);
    for (size_t i = 0; i < n; i++) {
        double own = comoment(of, i, i);
        double least = rows * NOTHING * (rows * of->high[triangle(i) + i]);
        ret_matrix[i * n + i] = own > least ? own / divisor : 0;
        for (size_t j = 0; j < i; j++) {
            bool moves = ret_matrix[i * n + i] > 0 && ret_matrix[j * n + j] > 0;
            covariance_set(ret_matrix, n, i, j, moves ? comoment(of, i, j) / divisor : 0);
        }
    }
}

tw_status tw_covariance_read(const tw_covariance *of, uint8_t ddof, double *ret_matrix,
                             double *ret_means) {
    TW_ASSERT(of != NULL && ddof <= 1);
    if (of->rows <= ddof)
        return TW_EMPTY;
    if (ret_matrix != NULL)
        read_matrix(of, ddof, ret_matrix);
    for (size_t j = 0; ret_means != NULL && j < of->assets; j++)
        ret_means[j] = (of->sums_high[j] + of->sums_low[j]) / (double)of->rows;
    return TW_OK;
}
