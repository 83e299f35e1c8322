/*
 * covariance_moments.c - means and sums of products: the sample with or without weights, over pairs
 * of assets, below a threshold, and by counting.
 *
 * Invariants:
 * 1. Work on rows is cut into parts of COVARIANCE_PART_ROWS. A part writes what is its own alone,
 *    and sums over parts are in the order of the parts, so that who runs them does not matter.
 * 2. Sums for means are of differences from the first row: equal values have exactly themselves as
 *    their mean, and what an error e of a mean adds to a covariance is e^2.
 */
#include <math.h>
#include <string.h>

#include "covariance_priv.h"

/* ---- Means ----------------------------------------------------------------------------------- */

typedef struct means_work {
    const double *values;
    const double *weights;
    size_t rows;
    size_t columns;
    double *sums; /* [parts][columns] */
} means_work;

static void means_part(void *argument, size_t part) {
    const means_work *work = argument;
    size_t columns = work->columns;
    const double *restrict origin = work->values;
    double *restrict sums = work->sums + part * columns;
    size_t end = covariance_part_end(work->rows, part);
    for (size_t t = part * COVARIANCE_PART_ROWS; t < end; t++) {
        const double *restrict row = work->values + t * columns;
        double weight = work->weights != NULL ? work->weights[t] : 1;
        for (size_t j = 0; j < columns; j++)
            sums[j] += weight * (row[j] - origin[j]);
    }
}

bool covariance_means(covariance_work *work, const double *values, size_t columns,
                      const double *weights, double weight_sum, double *ret_means) {
    size_t parts = covariance_parts(work->rows);
    double *sums = covariance_take(&work->memory, parts, columns);
    if (sums == NULL)
        return false;
    means_work means = {values, weights, work->rows, columns, sums};
    tw_task_run(work->config->way.runner, parts, means_part, &means);
    for (size_t part = 1; part < parts; part++)
        for (size_t j = 0; j < columns; j++)
            sums[j] += sums[part * columns + j];
    for (size_t j = 0; j < columns; j++)
        ret_means[j] = values[j] + sums[j] / weight_sum;
    return true;
}

static bool fill_centres(covariance_work *work) {
    if (work->config->centre == TW_COVARIANCE_ZERO)
        return true; /* they are 0 */
    bool weighted = work->config->centre == TW_COVARIANCE_MEAN && work->weights != NULL;
    return covariance_means(work, work->values, work->assets, weighted ? work->weights : NULL,
                            weighted ? work->weight_sum : (double)work->rows, work->centres);
}

/* ---- Deviations made over -------------------------------------------------------------------- */

typedef struct rows_work rows_work;
struct rows_work {
    const covariance_work *of;
    size_t width; /* of a row of `made` */
    void (*make)(const rows_work *rows, size_t row, const double *from, double *restrict to);
    const double *scales; /* [assets] or NULL */
    double *made;         /* [rows][width] */
};

static void rows_part(void *argument, size_t part) {
    const rows_work *rows = argument;
    const covariance_work *work = rows->of;
    size_t end = covariance_part_end(work->rows, part);
    for (size_t t = part * COVARIANCE_PART_ROWS; t < end; t++)
        rows->make(rows, t, work->values + t * work->assets, rows->made + t * rows->width);
}

static void make_rows(rows_work *rows) {
    tw_task_run(rows->of->config->way.runner, covariance_parts(rows->of->rows), rows_part, rows);
}

static void divide_matrix(covariance_work *work, double divisor) {
    for (size_t i = 0; i < work->assets * work->assets; i++)
        work->matrix[i] /= divisor;
}

/* ---- The sample ------------------------------------------------------------------------------ */

static void make_weighted(const rows_work *rows, size_t row, const double *from,
                          double *restrict to) {
    double root = sqrt(rows->of->weights[row]);
    const double *restrict centres = rows->of->centres;
    for (size_t j = 0; j < rows->width; j++)
        to[j] = root * (from[j] - centres[j]);
}

tw_status covariance_sample(covariance_work *work) {
    size_t assets = work->assets;
    if (!fill_centres(work))
        return covariance_no_memory(work);
    bool done;
    if (work->weights == NULL) {
        done = covariance_row_products(work, assets, work->values, work->centres, work->matrix);
    } else {
        rows_work rows = {work, assets, make_weighted, NULL,
                          covariance_take(&work->memory, work->rows, assets)};
        if (rows.made == NULL)
            return covariance_no_memory(work);
        make_rows(&rows);
        done = covariance_row_products(work, assets, rows.made, NULL, work->matrix);
    }
    if (!done)
        return covariance_no_memory(work);
    divide_matrix(work, covariance_divisor(work));
    return TW_OK;
}

/* ---- Pairs of assets ------------------------------------------------------------------------- */

/* Deviations and, beside them, whether they are there, both times the root of the weight: one
 * matrix of products holds the sums of deviations, of their products and of the weights of every
 * pair. */
static void make_masked(const rows_work *rows, size_t row, const double *from,
                        double *restrict to) {
    const covariance_work *work = rows->of;
    double root = work->weights != NULL ? sqrt(work->weights[row]) : 1;
    size_t assets = work->assets;
    for (size_t j = 0; j < assets; j++) {
        bool there = !isnan(from[j]);
        to[j] = there ? root * (from[j] - work->centres[j]) : 0;
        to[assets + j] = there ? root : 0;
    }
}

static void make_weight_masked(const rows_work *rows, size_t row, const double *from,
                               double *restrict to) {
    for (size_t j = 0; j < rows->width; j++)
        to[j] = isnan(from[j]) ? 0 : rows->of->weights[row];
}

/* The mean of what each asset has, from differences to its first return. False: no memory. */
static bool fill_own_means(covariance_work *work) {
    size_t n = work->assets;
    double *origins = covariance_take(&work->memory, 3, n);
    if (origins == NULL)
        return false;
    double *sums = origins + n;
    double *counts = origins + 2 * n;
    for (size_t t = 0; t < work->rows; t++)
        for (size_t j = 0; j < n; j++) {
            double value = work->values[t * n + j];
            bool there = !isnan(value);
            origins[j] = there && counts[j] == 0 ? value : origins[j];
            sums[j] += there ? value - origins[j] : 0;
            counts[j] += there ? 1 : 0;
        }
    for (size_t j = 0; j < n; j++)
        work->centres[j] = counts[j] > 0 ? origins[j] + sums[j] / counts[j] : 0;
    return true;
}

/* Sums of squared weights of pairs, NULL where they are the sums of weights. False: no memory. */
static bool pair_squares(covariance_work *work, double **ret_squares) {
    *ret_squares = NULL;
    if (work->weights == NULL)
        return true;
    size_t assets = work->assets;
    rows_work rows = {work, assets, make_weight_masked, NULL,
                      covariance_take(&work->memory, work->rows, assets)};
    *ret_squares = covariance_take(&work->memory, assets, assets);
    if (rows.made == NULL || *ret_squares == NULL)
        return false;
    make_rows(&rows);
    return covariance_row_products(work, assets, rows.made, NULL, *ret_squares);
}

/* `sums` [2 assets][2 assets], `squares` [assets][assets] or NULL. */
static tw_status divide_pairs(covariance_work *work, const double *sums, const double *squares) {
    size_t n = work->assets;
    bool means = work->config->centre == TW_COVARIANCE_MEAN;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++) {
            double weight = sums[(n + i) * 2 * n + n + j];
            double square = squares != NULL ? squares[i * n + j] : weight;
            double divisor = weight > 0 ? weight - work->config->ddof * (square / weight) : 0;
            if (!(divisor > 0))
                return tw_error_set(work->error, TW_EMPTY,
                                    "assets %zu and %zu have too few rows in common", j, i);
            double product = sums[i * 2 * n + j];
            if (means)
                product -= sums[i * 2 * n + n + j] * (sums[j * 2 * n + n + i] / weight);
            covariance_set(work->matrix, n, i, j, product / divisor);
        }
    return TW_OK;
}

tw_status covariance_pairwise(covariance_work *work) {
    size_t n = work->assets;
    if (work->config->centre != TW_COVARIANCE_ZERO && !fill_own_means(work))
        return covariance_no_memory(work);
    rows_work rows = {work, 2 * n, make_masked, NULL,
                      covariance_take(&work->memory, work->rows, 2 * n)};
    double *sums = covariance_take(&work->memory, 2 * n, 2 * n);
    double *squares = NULL;
    if (rows.made == NULL || sums == NULL)
        return covariance_no_memory(work);
    make_rows(&rows);
    if (!covariance_row_products(work, 2 * n, rows.made, NULL, sums) ||
        (work->config->ddof != 0 && !pair_squares(work, &squares)))
        return covariance_no_memory(work);
    work->report.pairwise = true;
    return divide_pairs(work, sums, squares);
}

/* ---- Below a threshold ----------------------------------------------------------------------- */

static void make_shortfall(const rows_work *rows, size_t row, const double *from,
                           double *restrict to) {
    (void)row;
    const double *restrict centres = rows->of->centres;
    for (size_t j = 0; j < rows->width; j++) {
        double below = from[j] - centres[j];
        to[j] = below < 0 ? below : 0; /* missing: 0 */
    }
}

tw_status covariance_semi(covariance_work *work) {
    size_t assets = work->assets;
    tw_rate least = work->config->minimum_acceptable;
    double per_period =
        least.unit == TW_RATE_PER_YEAR ? least.value / work->config->periods_per_year : least.value;
    for (size_t j = 0; j < assets; j++)
        work->centres[j] = per_period;
    rows_work rows = {work, assets, make_shortfall, NULL,
                      covariance_take(&work->memory, work->rows, assets)};
    if (rows.made == NULL)
        return covariance_no_memory(work);
    make_rows(&rows);
    if (!covariance_row_products(work, assets, rows.made, NULL, work->matrix))
        return covariance_no_memory(work);
    divide_matrix(work, covariance_divisor(work));
    return TW_OK;
}

/* ---- Counting -------------------------------------------------------------------------------- */

/* 1, -1 or 0: which way an asset moved by the threshold of its own. */
static void make_signs(const rows_work *rows, size_t row, const double *from, double *restrict to) {
    (void)row;
    const double *restrict least = rows->scales;
    for (size_t j = 0; j < rows->width; j++)
        to[j] = least[j] > 0 ? (from[j] >= least[j] ? 1 : 0) - (from[j] <= -least[j] ? 1 : 0) : 0;
}

static double gerber_statistic(const covariance_work *work, const double *net, const double *both,
                               size_t i, size_t j) {
    size_t n = work->assets;
    double moved = both[i * n + j];
    double divisor = moved;
    if (work->config->gerber == TW_COVARIANCE_GERBER_EITHER)
        divisor = both[i * n + i] + both[j * n + j] - moved;
    if (work->config->gerber == TW_COVARIANCE_GERBER_DEFINITE)
        divisor = sqrt(net[i * n + i] * net[j * n + j]);
    return divisor > 0 ? net[i * n + j] / divisor : 0;
}

/* The deviations of the assets, from a pass over the rows. */
static bool fill_deviations(covariance_work *work, double *squares, double *ret_deviations) {
    size_t n = work->assets;
    if (!covariance_means(work, work->values, n, NULL, (double)work->rows, work->centres))
        return false;
    for (size_t t = 0; t < work->rows; t++)
        for (size_t j = 0; j < n; j++) {
            double x = work->values[t * n + j] - work->centres[j];
            squares[j] += x * x;
        }
    for (size_t j = 0; j < n; j++)
        ret_deviations[j] = sqrt(squares[j] / covariance_divisor(work));
    return true;
}

/* Of signs s, s's counts moves together less moves apart, and |s|'|s| both: all of them exact. */
tw_status covariance_gerber(covariance_work *work) {
    size_t n = work->assets;
    covariance_memory *memory = &work->memory;
    double *deviations = covariance_take(memory, 3, n);
    double *both = covariance_take(memory, n, n);
    double *net = covariance_take(memory, n, n);
    double *signs = covariance_take(memory, work->rows, n);
    if (deviations == NULL || both == NULL || net == NULL || signs == NULL ||
        !fill_deviations(work, deviations + n, deviations))
        return covariance_no_memory(work);
    double *least = deviations + 2 * n;
    for (size_t j = 0; j < n; j++)
        least[j] = work->config->gerber_threshold * deviations[j];
    rows_work rows = {work, n, make_signs, least, signs};
    make_rows(&rows);
    if (!covariance_row_products(work, n, signs, NULL, net))
        return covariance_no_memory(work);
    for (size_t i = 0; i < work->rows * n; i++)
        signs[i] = fabs(signs[i]);
    if (!covariance_row_products(work, n, signs, NULL, both))
        return covariance_no_memory(work);
    for (size_t i = 0; i < n; i++) {
        covariance_set(work->matrix, n, i, i, deviations[i] * deviations[i]);
        for (size_t j = 0; j < i; j++)
            covariance_set(work->matrix, n, i, j,
                           deviations[i] * deviations[j] * gerber_statistic(work, net, both, i, j));
    }
    return TW_OK;
}
