/*
 * factors.c - one orthogonal basis of the factors for the regressions of all assets.
 *
 * The centred factors are F = Q R with orthonormal columns in Q. An asset's coefficients in that
 * basis are Q' y, its residuals y - Q Q' y, its betas R^-1 Q' y, and the variances of these are
 * those of the residuals times the squares of the rows of R^-1. Not from F'F, whose condition is
 * that of F squared.
 *
 * Invariants:
 * 1. The basis stands by columns of Q, [factors][rows]; R is upper triangular.
 * 2. Assets are cut into tiles of columns, and sums of a column are over its rows in order: who
 *    runs the tiles does not matter.
 */
#include "tradewind/factors.h"

#include <math.h>
#include <string.h>

#include "covariance_priv.h"

#define TILE 64
#define COLLINEAR 1e-12 /* of a factor's length: what is left beside those before it */

typedef struct factors_work {
    const tw_factors_config *config;
    const tw_factors_input *input;
    covariance_memory memory;
    size_t rows; /* used */
    size_t assets;
    size_t factors;
    const double *returns;     /* [rows][assets] */
    const double *factor_rows; /* [rows][factors] */
    double *basis;             /* Q */
    double *triangle;          /* R, [factors][factors] */
    double *inverse;           /* R^-1 */
    double *factor_means;      /* [factors] */
    double *means;             /* [assets] */
    double *coefficients;      /* Q' y, [factors][assets] */
    double *squares;           /* [assets]: of y */
    double *residuals;         /* [assets]: squares of y - Q Q' y */
    tw_factors_report report;
    tw_error *error;
} factors_work;

static tw_status no_memory(const factors_work *work) {
    return tw_error_set(work->error, TW_NO_MEMORY,
                        "no memory for the regression of %zu assets on %zu factors", work->assets,
                        work->factors);
}

/* ---- Rows ------------------------------------------------------------------------------------ */

/* The first value of a row that is infinite or missing; `count` for none. */
static size_t first_bad(const double *values, size_t count) {
    size_t j = 0;
    while (j < count && isfinite(values[j]))
        j++;
    return j;
}

static tw_status value_check(const factors_work *work, const char *what, const double *row,
                             size_t count, size_t number) {
    for (size_t j = 0; j < count; j++) {
        if (isinf(row[j]))
            return tw_error_set(work->error, TW_INVALID, "%s %zu in row %zu is infinite", what, j,
                                number);
        if (isnan(row[j]) && work->config->refuse_missing)
            return tw_error_set(work->error, TW_INVALID, "%s %zu in row %zu is missing", what, j,
                                number);
    }
    return TW_OK;
}

/* Whether a row is whole; TW_INVALID if it may not be what it is. */
static tw_status look_at_row(const factors_work *work, size_t row, bool *ret_whole) {
    const double *returns = work->input->returns + row * work->assets;
    const double *factors = work->input->factors + row * work->factors;
    *ret_whole = first_bad(returns, work->assets) == work->assets &&
                 first_bad(factors, work->factors) == work->factors;
    if (*ret_whole)
        return TW_OK;
    tw_status status = value_check(work, "the return of asset", returns, work->assets, row);
    return status == TW_OK ? value_check(work, "factor", factors, work->factors, row) : status;
}

static tw_status count_rows(factors_work *work) {
    for (size_t t = 0; t < work->input->rows; t++) {
        bool whole = false;
        tw_status status = look_at_row(work, t, &whole);
        if (status != TW_OK)
            return status;
        if (whole)
            work->rows++;
    }
    work->report.rows_used = work->rows;
    work->report.rows_skipped = work->input->rows - work->rows;
    if (work->rows < work->factors + 2)
        return tw_error_set(work->error, TW_EMPTY,
                            "a regression on %zu factors needs %zu whole rows and has %zu",
                            work->factors, work->factors + 2, work->rows);
    work->report.degrees = work->rows - work->factors - 1;
    return TW_OK;
}

static tw_status gather_rows(factors_work *work) {
    tw_status status = count_rows(work);
    work->returns = work->input->returns;
    work->factor_rows = work->input->factors;
    if (status != TW_OK || work->report.rows_skipped == 0)
        return status;
    double *returns = covariance_take(&work->memory, work->rows, work->assets);
    double *factors = covariance_take(&work->memory, work->rows, work->factors);
    if (returns == NULL || factors == NULL)
        return no_memory(work);
    size_t used = 0;
    for (size_t t = 0; t < work->input->rows; t++) {
        const double *from = work->input->returns + t * work->assets;
        const double *of = work->input->factors + t * work->factors;
        if (first_bad(from, work->assets) < work->assets ||
            first_bad(of, work->factors) < work->factors)
            continue;
        memcpy(returns + used * work->assets, from, work->assets * sizeof *from);
        memcpy(factors + used * work->factors, of, work->factors * sizeof *of);
        used++;
    }
    work->returns = returns;
    work->factor_rows = factors;
    return TW_OK;
}

/* ---- The basis ------------------------------------------------------------------------------- */

static double product_of(const double *a, const double *b, size_t count) {
    double sum = 0;
    for (size_t t = 0; t < count; t++)
        sum += a[t] * b[t];
    return sum;
}

static void centre_factor(factors_work *work, size_t j) {
    double *column = work->basis + j * work->rows;
    double origin = work->factor_rows[j];
    double sum = 0;
    for (size_t t = 0; t < work->rows; t++) {
        column[t] = work->factor_rows[t * work->factors + j] - origin;
        sum += column[t];
    }
    double mean = sum / (double)work->rows;
    work->factor_means[j] = origin + mean;
    for (size_t t = 0; t < work->rows; t++)
        column[t] -= mean;
}

/* Takes the columns before it out of column j, twice, and gives it the length 1. */
static tw_status orthogonalise(factors_work *work, size_t j) {
    size_t rows = work->rows;
    double *column = work->basis + j * rows;
    double length = sqrt(product_of(column, column, rows));
    for (int pass = 0; pass < 2; pass++)
        for (size_t k = 0; k < j; k++) {
            const double *before = work->basis + k * rows;
            double part = product_of(before, column, rows);
            work->triangle[k * work->factors + j] += part;
            for (size_t t = 0; t < rows; t++)
                column[t] -= part * before[t];
        }
    double left = sqrt(product_of(column, column, rows));
    if (!isfinite(length))
        return tw_error_set(work->error, TW_OVERFLOW, "the values of factor %zu are too large", j);
    if (!(left > COLLINEAR * length)) {
        (void)tw_error_set(work->error, TW_INVALID,
                           length > 0 ? "factor %zu is a combination of the factors before it"
                                      : "factor %zu does not vary",
                           j);
        if (work->error != NULL)
            work->error->column = j + 1;
        return TW_INVALID;
    }
    work->triangle[j * work->factors + j] = left;
    for (size_t t = 0; t < rows; t++)
        column[t] /= left;
    return TW_OK;
}

/* R^-1, column by column from the diagonal up. */
static void invert_triangle(factors_work *work) {
    size_t k = work->factors;
    for (size_t j = 0; j < k; j++) {
        work->inverse[j * k + j] = 1 / work->triangle[j * k + j];
        for (size_t i = j; i-- > 0;) {
            double sum = 0;
            for (size_t m = i + 1; m <= j; m++)
                sum += work->triangle[i * k + m] * work->inverse[m * k + j];
            work->inverse[i * k + j] = -sum / work->triangle[i * k + i];
        }
    }
}

static tw_status make_basis(factors_work *work) {
    size_t k = work->factors;
    work->basis = covariance_take(&work->memory, k, work->rows);
    work->triangle = covariance_take(&work->memory, k, k);
    work->inverse = covariance_take(&work->memory, k, k);
    work->factor_means = covariance_take(&work->memory, k, 1);
    if (work->basis == NULL || work->triangle == NULL || work->inverse == NULL ||
        work->factor_means == NULL)
        return no_memory(work);
    for (size_t j = 0; j < k; j++) {
        centre_factor(work, j);
        tw_status status = orthogonalise(work, j);
        if (status != TW_OK)
            return status;
    }
    invert_triangle(work);
    return TW_OK;
}

/* ---- Assets ---------------------------------------------------------------------------------- */

/* A tile of assets: the columns from `begin`, `width` of them. */
typedef struct asset_tile {
    size_t begin;
    size_t width;
} asset_tile;

static void tile_means(const factors_work *work, asset_tile tile) {
    double sums[TILE] = {0};
    const double *origin = work->returns + tile.begin;
    for (size_t t = 0; t < work->rows; t++) {
        const double *row = origin + t * work->assets;
        for (size_t j = 0; j < tile.width; j++)
            sums[j] += row[j] - origin[j];
    }
    for (size_t j = 0; j < tile.width; j++)
        work->means[tile.begin + j] = origin[j] + sums[j] / (double)work->rows;
}

static void tile_coefficients(const factors_work *work, asset_tile tile) {
    const double *restrict means = work->means + tile.begin;
    double deviations[TILE];
    for (size_t t = 0; t < work->rows; t++) {
        const double *row = work->returns + t * work->assets + tile.begin;
        for (size_t j = 0; j < tile.width; j++)
            deviations[j] = row[j] - means[j];
        for (size_t k = 0; k < work->factors; k++) {
            double *restrict to = work->coefficients + k * work->assets + tile.begin;
            double factor = work->basis[k * work->rows + t];
            for (size_t j = 0; j < tile.width; j++)
                to[j] += factor * deviations[j];
        }
    }
}

static void tile_residuals(const factors_work *work, asset_tile tile) {
    const double *restrict means = work->means + tile.begin;
    double *restrict squares = work->squares + tile.begin;
    double *restrict residuals = work->residuals + tile.begin;
    double left[TILE];
    for (size_t t = 0; t < work->rows; t++) {
        const double *row = work->returns + t * work->assets + tile.begin;
        for (size_t j = 0; j < tile.width; j++) {
            left[j] = row[j] - means[j];
            squares[j] += left[j] * left[j];
        }
        for (size_t k = 0; k < work->factors; k++) {
            const double *restrict of = work->coefficients + k * work->assets + tile.begin;
            double factor = work->basis[k * work->rows + t];
            for (size_t j = 0; j < tile.width; j++)
                left[j] -= factor * of[j];
        }
        for (size_t j = 0; j < tile.width; j++)
            residuals[j] += left[j] * left[j];
    }
}

static void tile_part(void *argument, size_t part) {
    const factors_work *work = argument;
    size_t begin = part * TILE;
    asset_tile tile = {begin, work->assets - begin < TILE ? work->assets - begin : TILE};
    tile_means(work, tile);
    tile_coefficients(work, tile);
    tile_residuals(work, tile);
}

static tw_status fit_assets(factors_work *work) {
    size_t assets = work->assets;
    work->means = covariance_take(&work->memory, assets, 1);
    work->coefficients = covariance_take(&work->memory, work->factors, assets);
    work->squares = covariance_take(&work->memory, assets, 1);
    work->residuals = covariance_take(&work->memory, assets, 1);
    if (work->means == NULL || work->coefficients == NULL || work->squares == NULL ||
        work->residuals == NULL)
        return no_memory(work);
    tw_task_run(work->config->way.runner, (assets + TILE - 1) / TILE, tile_part, work);
    for (size_t i = 0; i < assets; i++)
        if (!isfinite(work->squares[i]) || !isfinite(work->residuals[i]))
            return tw_error_set(work->error, TW_OVERFLOW, "the returns of asset %zu are too large",
                                i);
    return TW_OK;
}

/* ---- Answers --------------------------------------------------------------------------------- */

/* beta_j of asset i. */
static double beta_of(const factors_work *work, size_t i, size_t j) {
    double sum = 0;
    for (size_t m = j; m < work->factors; m++)
        sum += work->inverse[j * work->factors + m] * work->coefficients[m * work->assets + i];
    return sum;
}

/* Of beta j, over the variance of the residuals: element j, j of the inverse of F'F. */
static double beta_variance(const factors_work *work, size_t j) {
    double sum = 0;
    for (size_t m = j; m < work->factors; m++) {
        double element = work->inverse[j * work->factors + m];
        sum += element * element;
    }
    return sum;
}

/* Of an intercept: 1 / rows + f' (F'F)^-1 f with f the means of the factors. */
static double alpha_variance(const factors_work *work) {
    double sum = 1 / (double)work->rows;
    for (size_t m = 0; m < work->factors; m++) {
        double element = 0;
        for (size_t j = 0; j <= m; j++)
            element += work->inverse[j * work->factors + m] * work->factor_means[j];
        sum += element * element;
    }
    return sum;
}

static void put(double *array, size_t at, double value) {
    if (array != NULL)
        array[at] = value;
}

static void answer_asset(const factors_work *work, const tw_factors_answers *to, size_t i) {
    double variance = work->residuals[i] / (double)work->report.degrees;
    double alpha = work->means[i];
    for (size_t j = 0; j < work->factors; j++) {
        double beta = beta_of(work, i, j);
        alpha -= beta * work->factor_means[j];
        put(to->betas, i * work->factors + j, beta);
        put(to->beta_ts, i * work->factors + j, beta / sqrt(variance * beta_variance(work, j)));
    }
    put(to->alphas, i, alpha);
    put(to->alpha_ts, i, alpha / sqrt(variance * alpha_variance(work)));
    put(to->specific_variances, i, variance);
    put(to->r_squared, i, work->squares[i] > 0 ? 1 - work->residuals[i] / work->squares[i] : NAN);
}

/* R'R / (rows - 1). */
static void answer_factors(const factors_work *work, double *ret_covariance) {
    size_t k = work->factors;
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j <= i; j++) {
            double sum = 0;
            for (size_t m = 0; m <= j; m++)
                sum += work->triangle[m * k + i] * work->triangle[m * k + j];
            covariance_set(ret_covariance, k, i, j, sum / (double)(work->rows - 1));
        }
}

tw_status tw_factors_fit(const tw_allocator *allocator, const tw_factors_config *config,
                         const tw_factors_input *input, const tw_factors_answers *answers,
                         tw_factors_report *ret_report, tw_error *error) {
    TW_ASSERT(config != NULL && input != NULL && answers != NULL && ret_report != NULL);
    TW_ASSERT(input->returns != NULL && input->factors != NULL);
    TW_ASSERT(input->assets > 0 && input->factor_count > 0);
    factors_work work = {
        .config = config,
        .input = input,
        .memory = {.allocator = allocator != NULL ? allocator : tw_allocator_system()},
        .assets = input->assets,
        .factors = input->factor_count,
        .error = error};
    tw_status status = gather_rows(&work);
    if (status == TW_OK)
        status = make_basis(&work);
    if (status == TW_OK)
        status = fit_assets(&work);
    if (status == TW_OK) {
        for (size_t i = 0; i < work.assets; i++)
            answer_asset(&work, answers, i);
        if (answers->factor_covariance != NULL)
            answer_factors(&work, answers->factor_covariance);
        *ret_report = work.report;
    }
    covariance_give_all(&work.memory);
    return status;
}

/* ---- A portfolio ----------------------------------------------------------------------------- */

static double exposure_of(const tw_factors_model *model, const double *weights, size_t j) {
    double sum = 0;
    for (size_t i = 0; i < model->assets; i++)
        sum += weights[i] * model->betas[i * model->factor_count + j];
    return sum;
}

/* (F x)_j with x the exposures. */
static double factor_slope(const tw_factors_model *model, const double *exposures, size_t j) {
    double sum = 0;
    for (size_t m = 0; m < model->factor_count; m++)
        sum += model->factor_covariance[j * model->factor_count + m] * exposures[m];
    return sum;
}

void tw_factors_decompose(const tw_factors_model *model, const double *weights,
                          double *ret_exposures, double *ret_factor_parts, double *ret_asset_parts,
                          tw_factors_risk *ret_risk) {
    TW_ASSERT(model != NULL && weights != NULL && ret_exposures != NULL && ret_risk != NULL);
    size_t k = model->factor_count;
    tw_factors_risk risk = {0, 0, 0};
    for (size_t j = 0; j < k; j++)
        ret_exposures[j] = exposure_of(model, weights, j);
    for (size_t i = 0; i < model->assets; i++) {
        double part = weights[i] * weights[i] * model->specific_variances[i];
        risk.specific_variance += part;
        put(ret_asset_parts, i, part);
    }
    for (size_t j = 0; j < k; j++) {
        double slope = factor_slope(model, ret_exposures, j);
        put(ret_factor_parts, j, ret_exposures[j] * slope);
        risk.factor_variance += ret_exposures[j] * slope;
        for (size_t i = 0; ret_asset_parts != NULL && i < model->assets; i++)
            ret_asset_parts[i] += weights[i] * (model->betas[i * k + j] * slope);
    }
    risk.variance = risk.factor_variance + risk.specific_variance;
    *ret_risk = risk;
}

void tw_factors_covariance(const tw_factors_model *model, double *ret_matrix) {
    TW_ASSERT(model != NULL && ret_matrix != NULL);
    size_t n = model->assets;
    size_t k = model->factor_count;
    memset(ret_matrix, 0, n * n * sizeof *ret_matrix);
    for (size_t i = 0; i < n; i++) {
        for (size_t m = 0; m < k; m++) {
            double slope = factor_slope(model, model->betas + i * k, m);
            for (size_t j = 0; j <= i; j++)
                ret_matrix[i * n + j] += slope * model->betas[j * k + m];
        }
        ret_matrix[i * n + i] += model->specific_variances[i];
        for (size_t j = 0; j < i; j++)
            ret_matrix[j * n + i] = ret_matrix[i * n + j];
    }
}
