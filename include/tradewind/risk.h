/*
 * risk.h - the risk of a portfolio from the returns of its assets, with stated conventions.
 *
 *     tw_risk_config config;
 *     tw_risk_config_init(&config);
 *     config.risk_free = (tw_rate){0.02, TW_RATE_PER_YEAR};
 *     status = tw_risk_new(NULL, observations, assets, &risk);
 *     status = tw_risk_compute(risk, &config, &input, &report, &error);
 *
 * The portfolio return of a row is sum(weight x return): weights are constant, that is restored
 * every period. Returns are simple.
 *
 * Conventions (tw_risk_conventions lists them for print):
 * - standard deviation, covariance, tracking error: ddof 1. The Gaussian and Cornish-Fisher VaR
 *   use population moments (Boudt, Peterson and Croux 2008, as PerformanceAnalytics does).
 * - annual figures are arithmetic: mean x N, deviation x sqrt(N), N = periods_per_year; the
 *   growth rate (cagr) alone is geometric.
 * - rates carry their unit; a yearly rate is divided by N.
 * - Sharpe: mean excess over sd of excess (1994), annual. Sortino: downside deviation is
 *   sqrt(mean over all n of min(r - MAR, 0)^2), not centred.
 * - losses are positive: drawdown, VaR and expected shortfall. VaR is not floored at 0.
 * - the drawdown starts from a value of 1 before the first return; ruin (value at or below 0) is
 *   a drawdown of 1 and ends the value's path.
 * - historical VaR is the linear quantile (type 7); expected shortfall the Rockafellar-Uryasev
 *   form with fractional tail weight. skewness is G1, excess kurtosis G2 (sample forms).
 * - missing (NaN) values: a row with a NaN in a column of non-zero weight is skipped and counted;
 *   a NaN benchmark leaves that row out of the figures against the benchmark only.
 *
 * A figure that has no answer is NaN, by these rules: deviations need 2 rows, skewness 3,
 * kurtosis 4; a ratio whose divisor is 0 is NaN. A series whose range is within rounding of its
 * size (8 epsilon) is constant: its deviation is exactly 0.
 *
 * Sums are compensated (Neumaier) and in the order of the rows, so that results do not depend on
 * the machine or the compiler's choice of instructions.
 *
 * Memory: all at tw_risk_new, about 9 x observations + assets x (assets + 28) doubles.
 * Cost: O(observations x assets), sorting O(n log n), and observations x assets^2 / 2 for the
 * covariance matrix when asked for. Threads: a tw_risk belongs to one thread at a time.
 */
#ifndef TRADEWIND_RISK_H
#define TRADEWIND_RISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/api.h"
#include "tradewind/error.h"
#include "tradewind/status.h"

#define TW_RISK_CONFIDENCE_COUNT_MAX 8
#define TW_RISK_METHOD_COUNT 3
#define TW_RISK_ESTIMATE_COUNT_MAX (TW_RISK_CONFIDENCE_COUNT_MAX * TW_RISK_METHOD_COUNT)

typedef struct tw_risk tw_risk;

typedef enum tw_rate_unit {
    TW_RATE_UNIT_MISSING = 0, /* a bare number: refused */
    TW_RATE_PER_PERIOD = 1,
    TW_RATE_PER_YEAR = 2
} tw_rate_unit;

/* A rate of return and what it is per. 0.02 is 2%. */
typedef struct tw_rate {
    double value;
    uint8_t unit; /* tw_rate_unit */
} tw_rate;

typedef enum tw_risk_method {
    TW_RISK_HISTORICAL = 0,
    TW_RISK_GAUSSIAN = 1,
    TW_RISK_CORNISH_FISHER = 2
} tw_risk_method;

typedef struct tw_risk_config {
    double periods_per_year; /* 252, 52, 12 ...; above 0 */
    tw_rate risk_free;
    tw_rate minimum_acceptable;                       /* for Sortino and omega */
    double confidences[TW_RISK_CONFIDENCE_COUNT_MAX]; /* each in (0.5, 1) */
    uint32_t confidence_count;
    bool covariance;   /* also fill report.covariance */
    bool fail_missing; /* TW_INVALID for a row that would be skipped */
} tw_risk_config;

typedef struct tw_risk_input {
    const double *returns;   /* [observations][assets] row-major, oldest first; NaN = missing */
    const double *weights;   /* [assets], finite, not all zero; they need not sum to 1 */
    const double *benchmark; /* [observations] or NULL */
    size_t observations;
    size_t assets;
} tw_risk_input;

typedef struct tw_risk_estimate {
    double confidence;
    double value;              /* VaR, a loss is positive */
    double expected_shortfall; /* a loss is positive; at least `value` */
    uint8_t method;            /* tw_risk_method */
    /* False when the estimate stands outside the method's domain: a Cornish-Fisher expansion
     * that is not increasing in z (Maillard 2012). The number is still the formula's. */
    bool valid;
} tw_risk_estimate;

/* What one asset adds. Each column sums to the portfolio's figure to within rounding. */
typedef struct tw_risk_contribution {
    double weight;
    double volatility;       /* w_i cov(r_i, r_p) / sd_p, per period (Euler) */
    double volatility_share; /* the same over sd_p: sums to 1; NaN at zero volatility */
    double var_gaussian[TW_RISK_CONFIDENCE_COUNT_MAX];   /* -w_i m_i + |z| w_i cov / sd */
    double var_historical[TW_RISK_CONFIDENCE_COUNT_MAX]; /* in the VaR scenario, interpolated */
    double shortfall_historical[TW_RISK_CONFIDENCE_COUNT_MAX]; /* -mean of w_i r_i in the tail */
} tw_risk_contribution;

typedef struct tw_risk_report {
    size_t observations;      /* rows used */
    size_t skipped;           /* rows left out for a missing return */
    size_t benchmark_skipped; /* used rows without a benchmark value */
    size_t assets;

    double periods_per_year;
    double risk_free_per_period;
    double minimum_acceptable_per_period;

    double mean;               /* per period */
    double volatility;         /* per period, ddof 1 */
    double mean_annual;        /* mean x N */
    double volatility_annual;  /* volatility x sqrt(N) */
    double total_return;       /* compounded over the rows used */
    double cagr;               /* (1 + total)^(N / rows) - 1; -1 after ruin */
    double sharpe;             /* annual */
    double sortino;            /* annual */
    double downside_deviation; /* per period */
    double omega;              /* gains over losses about the minimum acceptable return */
    double max_drawdown;       /* 0 to 1 */
    double calmar;             /* cagr / max_drawdown */
    double skewness;
    double excess_kurtosis;
    double best;
    double worst;

    /* Against the benchmark; all NaN without one. */
    double beta;
    double alpha;        /* Jensen, per period */
    double alpha_annual; /* alpha x N */
    double correlation;
    double tracking_error;    /* annual, ddof 1 */
    double information_ratio; /* annual */

    double hhi;              /* sum of (|w_i| / sum|w|)^2 */
    double effective_assets; /* 1 / hhi */
    double gross;            /* sum |w_i| */
    double net;              /* sum w_i */

    tw_risk_estimate estimates[TW_RISK_ESTIMATE_COUNT_MAX]; /* by confidence, then method */
    uint32_t estimate_count;

    const tw_risk_contribution *contributions; /* [assets]; borrowed until the next compute */
    const double *covariance; /* [assets][assets], sample, or NULL; borrowed likewise. An asset
                                 of zero weight with a missing value has NaN there. */
} tw_risk_report;

typedef struct tw_risk_convention {
    const char *name;
    const char *text;
} tw_risk_convention;

TW_BEGIN_DECLS

/* 252 periods a year, rates of 0 per year, confidences 0.95 and 0.99, no covariance matrix. */
TW_API void tw_risk_config_init(tw_risk_config *config);

/* Takes the memory for at most so many observations and assets (both at least 1).
 * TW_RANGE for a zero, TW_NO_MEMORY. The caller frees it. */
TW_API tw_status tw_risk_new(const tw_allocator *allocator, size_t observations_max,
                             size_t assets_max, tw_risk **ret_risk) TW_MUST_CHECK;
TW_API void tw_risk_free(tw_risk *risk);

/*
 * Computes everything at once. TW_FULL for more than the maxima of tw_risk_new; TW_RANGE for a
 * config outside its bounds or a rate without unit; TW_INVALID for a weight that is not finite,
 * weights that are all zero, or a return or benchmark that is infinite; TW_EMPTY when no row can
 * be used. `error` (may be NULL) says which. `ret_report` is written only with TW_OK.
 */
TW_API tw_status tw_risk_compute(tw_risk *risk, const tw_risk_config *config,
                                 const tw_risk_input *input, tw_risk_report *ret_report,
                                 tw_error *error) TW_MUST_CHECK;

/* "historical", "gaussian", "cornish_fisher". Never NULL. */
TW_API const char *tw_risk_method_name(tw_risk_method method);

/* The conventions above as (name, text) pairs for output beside the numbers. */
TW_API const tw_risk_convention *tw_risk_conventions(size_t *ret_count);

/* The quantile of the standard normal (Wichura 1988, AS 241), full double precision.
 * NaN outside (0, 1). */
TW_API double tw_risk_normal_quantile(double probability);

/* The type 7 quantile of `count` (> 0) values in ascending order; probability in [0, 1]. */
TW_API double tw_risk_quantile_sorted(const double *values, size_t count, double probability);

TW_END_DECLS

TW_DEFINE_AUTO(tw_risk, tw_risk_free)

#endif
