/*
 * portfolios.h - the risk of many portfolios over one market, and what a new day changes in it.
 *
 *     tw_portfolios_limits limits = {.rows = 2520, .assets = 500, .portfolios = 1000,
 *                                    .updates = true};
 *     status = tw_portfolios_new(NULL, &limits, &portfolios);
 *     status = tw_portfolios_load(portfolios, &config, &input, &error);    // from the beginning
 *     status = tw_portfolios_push(portfolios, returns, benchmark, &error); // one more day
 *     const tw_portfolio_figures *figures = tw_portfolios_figures(portfolios, &count);
 *
 * The work on the market is shared: the returns of all portfolios are one product of matrices, and
 * their figures are computed side by side. tw_risk (risk.h) says more about one portfolio; what
 * both say agrees to rounding, and so do their conventions:
 * - the return of a row is sum(weight x return), simple returns, weights constant;
 * - standard deviation and beta: ddof 1. Annual figures: mean x N, deviation x sqrt(N);
 * - Sharpe: mean excess over deviation; Sortino: over sqrt(mean over all rows of min(r - MAR,
 * 0)^2);
 * - losses are positive; the drawdown starts from a value of 1, and ruin is a drawdown of 1;
 * - historical VaR is the linear quantile (type 7); shortfall and the Gaussian deviation are by the
 *   config, which stands in each result through tw_portfolios_conventions;
 * - a row with a missing (NaN) return of an asset of non-zero weight is out for that portfolio and
 *   counted; a missing benchmark leaves a row out of beta and alpha only;
 * - a figure that has no answer is NaN. A series whose range is within 8 epsilon of its size is
 *   constant, and its deviation exactly 0.
 *
 * The window is the last `limits.rows` rows: it grows up to these, and then slides. Rows have
 * numbers, and figures are gathered in blocks that begin at fixed numbers: after any pushes they
 * are, bit for bit, those of a load of the same rows under the same numbers. So nothing drifts, and
 * a value of any size leaves no trace once it has left. The same input gives the same bits at each
 * level of instructions and with any number of threads.
 *
 * Memory: all at tw_portfolios_new; doubles: rows x portfolios for their returns, for the tails
 * about 2.5 times the rows in them, scratch of the product; with updates also rows x assets,
 * assets x portfolios, and half of rows x portfolios once more.
 * Cost: load rows x assets x portfolios multiply-adds, and about half a nanosecond a row and
 * portfolio; push assets x portfolios multiply-adds and some tens of nanoseconds a portfolio; one
 * weight O(rows). Threads: an object belongs to one thread at a time; the runner of config.way
 * shares out its work.
 */
#ifndef TRADEWIND_PORTFOLIOS_H
#define TRADEWIND_PORTFOLIOS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/api.h"
#include "tradewind/dense.h"
#include "tradewind/error.h"
#include "tradewind/performance.h"
#include "tradewind/rate.h"
#include "tradewind/risk.h"
#include "tradewind/status.h"

/* Returns and weights are at most so large; limits likewise. */
#define TW_PORTFOLIOS_MAGNITUDE_MAX 1e60
#define TW_PORTFOLIOS_LIMIT_MAX ((size_t)1 << 24)

typedef struct tw_portfolios tw_portfolios;

typedef struct tw_portfolios_limits {
    size_t rows; /* of the window */
    size_t assets;
    size_t portfolios;
    double confidence_min; /* the least that will be asked for, above 0.5; 0 is 0.95 */
    bool updates;          /* push, weigh and contributions are wanted */
} tw_portfolios_limits;

typedef struct tw_portfolios_config {
    double periods_per_year; /* 252, 52, 12 ...; above 0 */
    tw_rate risk_free;
    tw_rate minimum_acceptable;                       /* for the downside deviation */
    double confidences[TW_RISK_CONFIDENCE_COUNT_MAX]; /* each in [limits.confidence_min, 1) */
    uint32_t confidence_count;
    uint32_t gaussian_ddof; /* 0 or 1: of the deviation in the Gaussian VaR */
    uint8_t shortfall;      /* tw_shortfall_kind: CONTINUOUS or FIRST */
    bool fail_missing;      /* TW_INVALID for a missing return */
    tw_dense_way way;       /* whose runner must live as long as the portfolios */
} tw_portfolios_config;

typedef struct tw_portfolios_input {
    const double *returns;   /* [rows][assets] row-major, oldest first; NaN = missing */
    const double *benchmark; /* [rows] or NULL */
    const double *weights;   /* [portfolios][assets]; they need not sum to 1 */
    size_t rows;             /* may be 0 */
    size_t assets;
    size_t portfolios;
    uint64_t first_row; /* the number of the first row; 0 unless it continues something */
} tw_portfolios_input;

/* At one confidence. */
typedef struct tw_portfolio_tail {
    double var_historical;
    double shortfall_historical;
    double var_gaussian;
    double shortfall_gaussian;
} tw_portfolio_tail;

/* Deviations and ratios as in tw_risk_report: per period, but Sharpe and Sortino a year. */
typedef struct tw_portfolio_figures {
    size_t observations;      /* rows used */
    size_t skipped;           /* rows left out for a missing return */
    size_t benchmark_skipped; /* used rows without a benchmark value */
    double mean;
    double volatility;
    double downside_deviation;
    double sharpe;
    double sortino;
    double total_return; /* -1 after ruin */
    double max_drawdown;
    double best;
    double worst;
    double beta;
    double alpha;                                          /* Jensen, per period */
    tw_portfolio_tail tails[TW_RISK_CONFIDENCE_COUNT_MAX]; /* in the order of the confidences */
} tw_portfolio_figures;

/* What all figures of an object have in common. */
typedef struct tw_portfolios_conventions {
    uint64_t first_row; /* the window: first_row to first_row + rows - 1 */
    size_t rows;
    double periods_per_year;
    double risk_free_per_period;
    double minimum_acceptable_per_period;
    double confidences[TW_RISK_CONFIDENCE_COUNT_MAX];
    uint32_t confidence_count;
    uint32_t gaussian_ddof;
    uint8_t shortfall; /* tw_shortfall_kind */
} tw_portfolios_conventions;

TW_BEGIN_DECLS

/* 252 periods a year, rates of 0 per year, confidences 0.95 and 0.99, fractional shortfall, a
 * Gaussian deviation of ddof 0, the best level of instructions on the calling thread. */
TW_API void tw_portfolios_config_init(tw_portfolios_config *config);

/* Takes the memory. TW_RANGE for a limit of 0 or above TW_PORTFOLIOS_LIMIT_MAX, or a confidence
 * outside of (0.5, 1); TW_NO_MEMORY. The caller frees it. */
TW_API tw_status tw_portfolios_new(const tw_allocator *allocator,
                                   const tw_portfolios_limits *limits,
                                   tw_portfolios **ret_portfolios) TW_MUST_CHECK;
TW_API void tw_portfolios_free(tw_portfolios *portfolios);

/*
 * Forgets what there was, and computes all figures from the beginning. The input is read during
 * the call only. TW_FULL for more than the limits; TW_RANGE for a config outside its bounds or a
 * rate without unit; TW_INVALID for a weight that is not finite, a return or benchmark that is
 * infinite, any of them above TW_PORTFOLIOS_MAGNITUDE_MAX, or, with fail_missing, a missing return.
 * `error` (may be NULL) says which. After a failure all is as it was before.
 */
TW_API tw_status tw_portfolios_load(tw_portfolios *portfolios, const tw_portfolios_config *config,
                                    const tw_portfolios_input *input,
                                    tw_error *error) TW_MUST_CHECK;

/*
 * One more row of [assets] `returns`, and its benchmark (NaN: none); the oldest row of a full
 * window leaves. TW_STATE before a load or without limits.updates; TW_INVALID as in a load. After
 * a failure all is as it was before.
 */
TW_API tw_status tw_portfolios_push(tw_portfolios *portfolios, const double *returns,
                                    double benchmark, tw_error *error) TW_MUST_CHECK;

/*
 * Gives an asset another weight in a portfolio, for all rows of the window. The returns of the
 * portfolio change by (difference x return of the asset), which rounds; when the differences since
 * the last time come to 64 times the gross weight they are computed from all the weights again, so
 * that their error stays below 64 epsilon x gross x largest return. TW_STATE and TW_INVALID as in a
 * push; TW_RANGE for no such portfolio or asset.
 */
TW_API tw_status tw_portfolios_weigh(tw_portfolios *portfolios, size_t portfolio, size_t asset,
                                     double weight, tw_error *error) TW_MUST_CHECK;

/* The figures of all portfolios, borrowed until the next call that changes them. None before a
 * load. O(1). */
TW_API const tw_portfolio_figures *tw_portfolios_figures(const tw_portfolios *portfolios,
                                                         size_t *ret_count);

/*
 * What each asset adds to the volatility of a portfolio: w_i cov(r_i, r_p) / sd_p per period, into
 * [assets]; they sum to it. 0 for no weight; NaN where the volatility is 0 or has no answer.
 * TW_STATE as in a push, TW_RANGE for no such portfolio. Rows x assets.
 */
TW_API tw_status tw_portfolios_contributions(const tw_portfolios *portfolios, size_t portfolio,
                                             double *ret_contributions,
                                             tw_error *error) TW_MUST_CHECK;

/* After a load. */
TW_API void tw_portfolios_conventions_of(const tw_portfolios *portfolios,
                                         tw_portfolios_conventions *ret_conventions);

/* ---- The assets themselves ------------------------------------------------------------------ */

typedef struct tw_portfolios_assets {
    double *means;      /* [assets] */
    double *betas;      /* [assets], or NULL; NaN without a benchmark that varies */
    double *covariance; /* [assets][assets], ddof 1, or NULL; NaN with fewer than 2 rows */
} tw_portfolios_assets;

/* Doubles of scratch that tw_portfolios_assets_measure wants. */
TW_API size_t tw_portfolios_assets_scratch(size_t rows, size_t assets);

/*
 * Means, betas and covariance of the assets of an input (at least one row; its weights are not
 * read). An asset with a missing return has NaN everywhere (covariance.h has estimators for series
 * with gaps); rows without a benchmark are out of the betas. Pure. rows x assets^2 / 2.
 */
TW_API void tw_portfolios_assets_measure(const tw_dense_way *way, const tw_portfolios_input *input,
                                         double *scratch, tw_portfolios_assets results);

TW_END_DECLS

TW_DEFINE_AUTO(tw_portfolios, tw_portfolios_free)

#endif
