/*
 * covariance.h - covariance and correlation matrices of returns, with stated conventions.
 *
 *     tw_covariance_config config;
 *     tw_covariance_config_init(&config, TW_COVARIANCE_SHRUNK);
 *     config.annual = true;
 *     tw_covariance_input input = {.returns = returns, .rows = 2520, .assets = 500};
 *     status = tw_covariance_estimate(NULL, &config, &input, matrix, &report, &error);
 *
 * Each kind starts from the convention of those who made or spread it, and every part of that is an
 * option; the report says what was done. A covariance is per period unless `annual` is set: then it
 * is multiplied by periods_per_year.
 *
 * Kinds, with x the deviations from the mean, n the rows used, W the sum of their weights and W2
 * the sum of the squares of these (without weights n and n):
 * - SAMPLE: sum of w x x' / (W - ddof W2 / W), ddof 1. Without weights that is the usual n - 1,
 *   with weights numpy's `aweights`.
 * - EXPONENTIAL: the same with weights lambda^age. Centred on zero and ddof 0, lambda 0.94: the
 *   RiskMetrics form (J.P. Morgan 1996), (1 - l) l^k / (1 - l^n). Centred on the weighted mean with
 *   ddof 1 it is pandas' ewm().cov(). `recurrence` gives the oldest row the weight that pandas'
 *   adjust=False gives it.
 * - SEMI: sum of min(r - b, 0) min(r - b, 0)' / (n - ddof) about the least acceptable return b, not
 *   centred, ddof 0 (Estrada 2008; PyPortfolioOpt).
 * - SHRUNK: d F + (1 - d) S: the sample S drawn to a target F by an intensity d that is given, or
 *   estimated as Ledoit and Wolf do; ddof 0. Estimates of it hold for returns of 1e-150 to 1e150.
 * - ORACLE: to the IDENTITY target by the oracle approximating intensity (Chen, Wiesel, Eldar and
 *   Hero 2010, as scikit-learn), ddof 0.
 * - STRUCTURED: the target alone; ddof 0, as PerformanceAnalytics.
 * - GERBER: deviations times the Gerber statistic (Gerber, Markowitz, Ernst, Miao, Javid and Sargen
 *   2022), which counts only moves of `gerber_threshold` (0.5) deviations; ddof 1.
 * - DENOISED: what of the correlation's eigenvalues lies below the Marchenko-Pastur edge is set to
 *   its mean (Laloux, Cizeau, Bouchaud and Potters 1999; Lopez de Prado 2020), variances kept; ddof
 *   1. The edge is that of the m eigenvalues below it: (1 + sqrt(m / n))^2 times their mean.
 *
 * Targets:
 * - IDENTITY: mean variance on the diagonal, 0 beside it (Ledoit and Wolf 2004, as scikit-learn).
 * - INDEPENDENT: the variances, 0 beside them.
 * - CONSTANT_CORRELATION: the variances and the mean correlation (Ledoit and Wolf 2003, "Honey").
 *   Assets without variance take no part in that mean.
 * - SINGLE_FACTOR: the variances and beta beta' var(f) (Ledoit and Wolf 2003, "Improved"); f is the
 *   mean of the assets or given.
 *
 * Missing values are NaN. By default a row that has one is skipped and counted; see
 * tw_covariance_missing. Infinite returns are refused.
 *
 * The result is symmetric to the bit. The same input gives the same bits on every machine and with
 * any number of threads.
 *
 * Memory: taken from the allocator and given back before the call returns: 3 assets^2 to 7 assets^2
 * doubles, rows x assets where rows are skipped and again where they are weighted, made over or far
 * from 1 (for
 * PAIRWISE three times that, and 4 assets^2 more). Cost: rows x assets^2 /
 * 2 multiply-adds; four times that for PAIRWISE, twice for GERBER, 5 assets^3 more for DENOISED.
 * Threads: pure; the way says who runs the parts.
 */
#ifndef TRADEWIND_COVARIANCE_H
#define TRADEWIND_COVARIANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/api.h"
#include "tradewind/dense.h"
#include "tradewind/error.h"
#include "tradewind/rate.h"
#include "tradewind/status.h"

typedef enum tw_covariance_kind {
    TW_COVARIANCE_SAMPLE,
    TW_COVARIANCE_EXPONENTIAL,
    TW_COVARIANCE_SEMI,
    TW_COVARIANCE_SHRUNK,
    TW_COVARIANCE_ORACLE,
    TW_COVARIANCE_STRUCTURED,
    TW_COVARIANCE_GERBER,
    TW_COVARIANCE_DENOISED
} tw_covariance_kind;
#define TW_COVARIANCE_KIND_COUNT 8

typedef enum tw_covariance_target {
    TW_COVARIANCE_IDENTITY,
    TW_COVARIANCE_INDEPENDENT,
    TW_COVARIANCE_CONSTANT_CORRELATION,
    TW_COVARIANCE_SINGLE_FACTOR
} tw_covariance_target;
#define TW_COVARIANCE_TARGET_COUNT 4

/* What becomes of a missing return. */
typedef enum tw_covariance_missing {
    TW_COVARIANCE_SKIP_ROWS, /* only whole rows are used */
    TW_COVARIANCE_REFUSE,    /* TW_INVALID */
    /* Each pair of assets over the rows that have both, as pandas. Such a matrix need not be
     * positive semi-definite. SAMPLE and EXPONENTIAL; SHRUNK and STRUCTURED but for the single
     * factor. The estimated intensity takes missing returns as 0, as PyPortfolioOpt does. */
    TW_COVARIANCE_PAIRWISE,
    /* A return of 0 (SEMI: no shortfall), as numpy's nan_to_num in PyPortfolioOpt. It makes assets
     * with a short history look calm: for comparison only. Rows without any return are skipped. */
    TW_COVARIANCE_AS_ZERO
} tw_covariance_missing;

/* What deviations are taken from. */
typedef enum tw_covariance_centre {
    TW_COVARIANCE_MEAN,       /* weighted as the products are */
    TW_COVARIANCE_PLAIN_MEAN, /* of equal weights; PAIRWISE: over all an asset has */
    TW_COVARIANCE_ZERO
} tw_covariance_centre;

typedef enum tw_covariance_gerber {
    TW_COVARIANCE_GERBER_MOVED,   /* (c - d) / (c + d): of the rows in which both moved */
    TW_COVARIANCE_GERBER_EITHER,  /* (c - d) / (n - rows in which neither moved) */
    TW_COVARIANCE_GERBER_DEFINITE /* (c - d)_ij / sqrt((c - d)_ii (c - d)_jj): semi-definite */
} tw_covariance_gerber;

typedef enum tw_covariance_decay_unit {
    TW_COVARIANCE_DECAY_MISSING = 0, /* a bare number: refused */
    TW_COVARIANCE_LAMBDA = 1,        /* the weight of the row before; in (0, 1) */
    TW_COVARIANCE_SPAN = 2,          /* lambda = 1 - 2 / (span + 1); above 1 */
    TW_COVARIANCE_HALF_LIFE = 3,     /* lambda = 2^(-1 / rows); above 0 */
    TW_COVARIANCE_CENTRE_OF_MASS = 4 /* lambda = 1 - 1 / (1 + rows); above 0 */
} tw_covariance_decay_unit;

/* How fast weights fall with the age of a row, and what the number is. */
typedef struct tw_covariance_decay {
    double value;
    uint8_t unit; /* tw_covariance_decay_unit */
} tw_covariance_decay;

typedef struct tw_covariance_config {
    uint8_t kind;    /* tw_covariance_kind */
    uint8_t target;  /* tw_covariance_target; SHRUNK, STRUCTURED */
    uint8_t missing; /* tw_covariance_missing */
    uint8_t centre;  /* tw_covariance_centre; SAMPLE, EXPONENTIAL */
    uint8_t gerber;  /* tw_covariance_gerber */
    uint8_t ddof;    /* 0 or 1 */
    /* EXPONENTIAL. Ages count the rows used; PAIRWISE: all rows. */
    bool recurrence;
    tw_covariance_decay decay;
    double shrinkage;           /* SHRUNK: 0 to 1, or NaN: estimated */
    double gerber_threshold;    /* in deviations, above 0 */
    tw_rate minimum_acceptable; /* SEMI */
    double periods_per_year;    /* above 0 */
    bool annual;                /* multiply by it */
    bool correlation;           /* the correlations of the estimate; NaN for an asset without
                                   variance. `annual` is not looked at */
    bool leave_definite;        /* do not find out whether the matrix is positive definite */
    tw_dense_way way;
} tw_covariance_config;

typedef struct tw_covariance_input {
    const double *returns; /* [rows][assets], oldest first; NaN = missing */
    size_t rows;
    size_t assets;
    const double *row_weights; /* [rows], finite, 0 or more, not all 0; NULL: all equal. SAMPLE,
                                  EXPONENTIAL (times lambda^age) and STRUCTURED */
    const double *factor; /* [rows], of the SINGLE_FACTOR target; NULL: the mean of the assets. A
                             row whose factor is missing is skipped */
} tw_covariance_input;

typedef struct tw_covariance_report {
    size_t assets;
    size_t rows_used;
    size_t rows_skipped;
    size_t missing;        /* NaN among the returns */
    double effective_rows; /* W^2 / W2 */
    uint8_t ddof;
    double factor;           /* what the matrix was multiplied by: 1, or periods_per_year */
    double shrinkage;        /* 0 to 1; NaN where nothing was drawn to a target */
    double mean_variance;    /* per period, of the matrix */
    double mean_correlation; /* the one of CONSTANT_CORRELATION, else NaN */
    double noise_edge; /* DENOISED: the edge, among eigenvalues of the correlation; else NaN */
    size_t signals;    /* DENOISED: eigenvalues above it */
    bool pairwise;     /* then it need not be positive semi-definite */
    /* Cholesky's pivots are above assets x epsilon times their variance. False when not looked at.
     */
    bool positive_definite;
} tw_covariance_report;

/* ---- Repair ---------------------------------------------------------------------------------- */

typedef enum tw_covariance_repair_kind {
    /* Eigenvalues below the least are raised to it and rows are rescaled to the old diagonal: the
     * "spectral" form of Rebonato and Jaeckel (1999), as QuantLib. */
    TW_COVARIANCE_SPECTRAL,
    /* The nearest correlation matrix in the sum of squares (Higham 2002): alternating projections
     * with Dykstra's correction, applied to the correlations and scaled back. */
    TW_COVARIANCE_NEAREST
} tw_covariance_repair_kind;

typedef struct tw_covariance_repair_config {
    uint8_t kind;            /* tw_covariance_repair_kind */
    double eigenvalue_least; /* of the greatest; in [0, 1) */
    double tolerance;        /* NEAREST: of the change of a step, relative */
    uint32_t steps_max;      /* NEAREST */
    tw_dense_way way;
} tw_covariance_repair_config;

/* A matrix that is given: [size][size]. */
typedef struct tw_covariance_matrix {
    const double *values;
    size_t size;
} tw_covariance_matrix;

typedef struct tw_covariance_repair_report {
    uint32_t steps;          /* of NEAREST; 1 for SPECTRAL */
    double distance;         /* root of the sum of squares of what was changed */
    double eigenvalue_least; /* of the matrix given (NEAREST: of its correlations) */
} tw_covariance_repair_report;

/* ---- One row after another ------------------------------------------------------------------- */

/* A covariance of the newest rows. See tw_covariance_push. */
typedef struct tw_covariance tw_covariance;

TW_BEGIN_DECLS

/* The conventions of the kind as told above; 252 periods a year, not annual, rows skipped. */
TW_API void tw_covariance_config_init(tw_covariance_config *config, tw_covariance_kind kind);

/*
 * `ret_matrix` is [assets][assets]; it and `ret_report` are written only with TW_OK.
 * TW_RANGE: a config outside its bounds. TW_UNSUPPORTED: options that do not go together.
 * TW_INVALID: an infinite return or factor, a weight that is negative or not finite, a missing
 * return under REFUSE; the sentence names row and asset, from 0. TW_EMPTY: not more rows (PAIRWISE:
 * of a pair) than ddof, or not one. TW_OVERFLOW: returns so large that their products are not
 * finite. TW_NO_MEMORY. `error` may be NULL.
 */
TW_API tw_status tw_covariance_estimate(const tw_allocator *allocator,
                                        const tw_covariance_config *config,
                                        const tw_covariance_input *input, double *ret_matrix,
                                        tw_covariance_report *ret_report,
                                        tw_error *error) TW_MUST_CHECK;

/* The correlations of a covariance matrix [size][size]; with 1 on the diagonal, and NaN in row and
 * column of an asset without variance. In place is allowed. size^2. */
TW_API void tw_covariance_correlation(size_t size, const double *matrix, double *ret_correlation);

/* NEAREST, eigenvalues of at least 1e-10 of the greatest, tolerance 1e-10, at most 1,000 steps. */
TW_API void tw_covariance_repair_config_init(tw_covariance_repair_config *config);

/*
 * The nearest matrix, in the sense of the kind, that is positive semi-definite
 * (definite, with a least eigenvalue above 0) and has the same diagonal. In place is not allowed.
 * TW_RANGE: a config outside its bounds. TW_INVALID: an element that is not finite, a matrix that
 * is not symmetric, a negative variance, an asset without variance that has a covariance.
 * TW_TIMEOUT: not converged in steps_max steps. TW_NO_MEMORY. `error` may be NULL. Nothing is
 * written unless TW_OK. Cost: 5 size^3, for each step.
 */
TW_API tw_status tw_covariance_repair(const tw_allocator *allocator,
                                      const tw_covariance_repair_config *config,
                                      tw_covariance_matrix matrix, double *ret_matrix,
                                      tw_covariance_repair_report *ret_report,
                                      tw_error *error) TW_MUST_CHECK;

/*
 * A covariance matrix that takes one row after another, of the newest `window` rows, or of all with
 * a window of 0. Sums of values and products are kept in two doubles each (106 bits), products are
 * exact and a row is taken off as exactly as it was added, so that nothing drifts: after N rows the
 * error of a sum of products is below N x 2^-102 times the greatest product that was ever in it,
 * and the covariance agrees with tw_covariance_estimate (SAMPLE) to 1e-12 of the variances.
 *
 * Memory: assets x (assets + 1) doubles and the window. Cost: push assets^2 / 2 steps of about
 * 18 operations, twice that once the window is full; no allocation.
 */

/* `assets` is at least 1. TW_RANGE for a zero or sizes that overflow, TW_NO_MEMORY. */
TW_API tw_status tw_covariance_new(const tw_allocator *allocator, size_t assets, size_t window,
                                   tw_covariance **ret_covariance) TW_MUST_CHECK;
TW_API void tw_covariance_free(tw_covariance *covariance);

/*
 * Takes the returns [assets] of the next row. TW_EMPTY, and the row is counted as skipped: a return
 * is missing. TW_INVALID: a return beyond 1e100 in magnitude, infinite too; *ret_asset (may be
 * NULL) is the first at fault in both cases. Neither changes the window.
 */
TW_API tw_status tw_covariance_push(tw_covariance *covariance, const double *returns,
                                    size_t *ret_asset) TW_MUST_CHECK;

/* Forgets all rows. */
TW_API void tw_covariance_clear(tw_covariance *covariance);

/* Rows inside, and rows skipped since the start. */
TW_API size_t tw_covariance_rows(const tw_covariance *covariance);
TW_API size_t tw_covariance_skipped(const tw_covariance *covariance);

/* The covariance [assets][assets] and means [assets] (either may be NULL) of the rows inside;
 * TW_EMPTY with nothing written unless there are more rows than ddof. assets^2. */
TW_API tw_status tw_covariance_read(const tw_covariance *covariance, uint8_t ddof,
                                    double *ret_matrix, double *ret_means) TW_MUST_CHECK;

TW_END_DECLS

TW_DEFINE_AUTO(tw_covariance, tw_covariance_free)

#endif
