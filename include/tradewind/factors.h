/*
 * factors.h - exposures of assets to factors by regression, and the risk of a portfolio through
 * them.
 *
 *     tw_factors_input input = {.returns = returns, .factors = factors, .rows = 2520,
 *                               .assets = 500, .factor_count = 5};
 *     tw_factors_answers answers = {.betas = betas, .specific_variances = specific,
 *                                   .factor_covariance = covariance};
 *     status = tw_factors_fit(NULL, &config, &input, &answers, &report, &error);
 *
 * r_i = alpha_i + sum_j beta_ij f_j + e_i by ordinary least squares with an intercept, each asset
 * by itself, over the rows in which nothing is missing (NaN): the factors are taken apart once, by
 * Gram and Schmidt's process done twice (Bjorck 1994), and serve all assets. A portfolio is
 * a column of returns like an asset. Alphas and variances are per period, as the returns are.
 *
 * The same input gives the same bits on every machine and with any number of threads.
 *
 * Memory: taken from the allocator and given back before the call returns: rows x factors, assets x
 * factors, and rows x assets when a row is skipped. Cost: 2 rows x factors x (assets + factors)
 * multiply-adds. Threads: pure; the way says who runs the parts.
 */
#ifndef TRADEWIND_FACTORS_H
#define TRADEWIND_FACTORS_H

#include <stdbool.h>
#include <stddef.h>

#include "tradewind/alloc.h"
#include "tradewind/api.h"
#include "tradewind/dense.h"
#include "tradewind/error.h"
#include "tradewind/status.h"

/* Zeroed is good: rows with something missing are skipped, on the calling thread. */
typedef struct tw_factors_config {
    bool refuse_missing; /* TW_INVALID for a row that would be skipped */
    tw_dense_way way;
} tw_factors_config;

typedef struct tw_factors_input {
    const double *returns; /* [rows][assets]; NaN = missing */
    const double *factors; /* [rows][factor_count]; NaN = missing */
    size_t rows;
    size_t assets;
    size_t factor_count; /* at least 1 */
} tw_factors_input;

/* Where the answers go: arrays of the caller's, or NULL for those that are not wanted. An asset
 * that does not vary has betas of 0; what has nothing to divide by is NaN (R squared and t of such
 * an asset) or infinite (t of an exact fit). */
typedef struct tw_factors_answers {
    double *alphas;             /* [assets] */
    double *betas;              /* [assets][factor_count] */
    double *specific_variances; /* [assets]: squared residuals over `degrees` */
    double *r_squared;          /* [assets] */
    double *alpha_ts;           /* [assets]: t statistics, with `degrees` degrees of freedom */
    double *beta_ts;            /* [assets][factor_count] */
    double *factor_covariance;  /* [factor_count][factor_count], ddof 1 */
} tw_factors_answers;

typedef struct tw_factors_report {
    size_t rows_used;
    size_t rows_skipped;
    size_t degrees; /* of freedom: rows_used - factor_count - 1 */
} tw_factors_report;

/* What is known of assets: B, F and the diagonal of D in the covariance B F B' + D. */
typedef struct tw_factors_model {
    size_t assets;
    size_t factor_count;
    const double *betas;              /* [assets][factor_count] */
    const double *factor_covariance;  /* [factor_count][factor_count] */
    const double *specific_variances; /* [assets] */
} tw_factors_model;

typedef struct tw_factors_risk {
    double variance;          /* of the portfolio: the sum of the next two */
    double factor_variance;   /* x' F x, x the exposures */
    double specific_variance; /* sum of w_i^2 D_i */
} tw_factors_risk;

TW_BEGIN_DECLS

/*
 * Fits all assets; nothing is written unless TW_OK. TW_INVALID: something infinite, or missing
 * under refuse_missing; the sentence names the row and the asset or factor, from 0; or a factor
 * that does not vary or is a combination of the factors before it, to 12 digits: the sentence names
 * it, and error.column is its number from 1. TW_EMPTY: less than factor_count + 2 rows.
 * TW_NO_MEMORY. `error` may be NULL.
 */
TW_API tw_status tw_factors_fit(const tw_allocator *allocator, const tw_factors_config *config,
                                const tw_factors_input *input, const tw_factors_answers *answers,
                                tw_factors_report *ret_report, tw_error *error) TW_MUST_CHECK;

/*
 * The variance of a portfolio of `weights` [assets] taken apart: its exposures [factor_count], what
 * each factor adds, x_j (F x)_j [factor_count], which sum to factor_variance, and what each asset
 * adds, w_i (B F x)_i + w_i^2 D_i [assets], which sum to the variance. The last two may be NULL.
 * factors^2 + assets x factors.
 */
TW_API void tw_factors_decompose(const tw_factors_model *model, const double *weights,
                                 double *ret_exposures, double *ret_factor_parts,
                                 double *ret_asset_parts, tw_factors_risk *ret_risk);

/* The covariance [assets][assets] of the model: B F B' + D. assets^2 x factors / 2 + assets x
 * factors^2. */
TW_API void tw_factors_covariance(const tw_factors_model *model, double *ret_matrix);

TW_END_DECLS

#endif
