/*
 * risk.h - the risk of a portfolio from the returns of its assets, with stated conventions.
 *
 *     tw_risk_config config;
 *     tw_risk_config_init(&config);
 *     config.risk_free = (tw_rate){0.02, TW_RATE_PER_YEAR};
 *     tw_risk_maxima maxima = tw_risk_maxima_of(&config, observations, assets);
 *     status = tw_risk_new(NULL, &maxima, &risk);
 *     status = tw_risk_compute(risk, &config, &input, &report, &error);
 *
 * The portfolio return of a row is sum(weight x return): weights are constant, that is restored
 * every period. Returns are simple. Weights need not sum to 1: what they lack is cash that earns
 * nothing, what they have too much is borrowed. (tw_risk_drift is for weights that are left alone.)
 *
 * Conventions (tw_risk_conventions lists them for print):
 * - standard deviation, covariance, tracking error: ddof 1. The Gaussian and Cornish-Fisher VaR
 *   use population moments (Boudt, Peterson and Croux 2008, as PerformanceAnalytics does for one
 *   series); config.moment_ddof 1 is its convention for components.
 * - annual figures are arithmetic: mean x N, deviation x sqrt(N), N = periods_per_year; the
 *   growth rate (cagr) alone is geometric.
 * - rates carry their unit; a yearly rate is divided by N.
 * - Sharpe: mean excess over sd of excess (1994), annual. Sortino: downside deviation is
 *   sqrt(mean over all n of min(r - MAR, 0)^2), not centred.
 * - losses are positive: drawdown, VaR and expected shortfall. VaR is not floored at 0.
 * - the drawdown starts from a value of 1 before the first return; ruin (value at or below 0) is
 *   a drawdown of 1 and ends the value's path.
 * - skewness is G1, excess kurtosis G2 (sample forms).
 * - missing (NaN) values: a row with a NaN in a column of non-zero weight is skipped and counted,
 *   or refused (fail_missing). Nothing is ever taken pairwise: all figures are of the same rows. A
 *   NaN benchmark leaves that row out of the figures against the benchmark only.
 *
 * Value at risk and expected shortfall, of a confidence c (p = 1 - c) over h periods:
 * - historical: a quantile of the portfolio's returns, type 7 of Hyndman and Fan (1996) unless
 *   config.quantile is another kind (quantile.h), and the shortfall of Rockafellar and Uryasev
 *   (2002) with a fractional share of the last observation, or another one. Over h periods: sums of
 * h successive rows that are used, overlapping or apart (counted from the newest).
 * - Gaussian, Cornish-Fisher: -m + s L with L from the normal quantile and, the latter, from
 *   skewness S and excess kurtosis K. Over h periods the cumulants of a sum of h independent
 *   ones: h m, sqrt(h) s, S / sqrt(h), K / h.
 * - filtered historical (Barone-Adesi, Giannopoulos and Vosper 1999): each return is divided by
 *   the deviation that an exponentially weighted mean of squares had foreseen for it, and
 *   multiplied by the one foreseen now; the mean begins with that of all rows. Of the portfolio's
 *   returns, or asset by asset.
 * - Monte Carlo: as historical, of config.paths drawn from the normal distribution or Student's t
 *   with the portfolio's mean and deviation (tw_simulate at depth SCALAR, exact for a linear
 *   portfolio; all horizons from one seed), or of scenarios that the caller has simulated
 *   (tw_risk_scenarios). What is expected of an asset on a path is m_i + beta_i (r - m).
 *
 * What an asset adds to an estimate is its weight times a marginal figure, and sums to the
 * estimate:
 * - Gaussian, Cornish-Fisher: the derivative by the weight (Euler; Boudt, Peterson and Croux 2008),
 *   by way of the asset's covariance, coskewness and cokurtosis with the portfolio.
 * - historical, filtered, Monte Carlo: the asset's return in the scenarios that make the quantile
 *   or the tail, weighted as these are.
 * The rounding that is left of the sum goes to the greatest of them. What an asset adds
 * incrementally is the estimate less the estimate of the portfolio without it, its weight in cash.
 *
 * A figure that has no answer is NaN, by these rules: deviations need 2 rows, skewness 3,
 * kurtosis 4; a ratio whose divisor is 0 is NaN. A series whose range is within rounding of its
 * size (8 epsilon) is constant: its deviation is exactly 0. A covariance matrix may be singular.
 *
 * Sums are taken in a fixed order, so that results do not depend on the machine or the compiler's
 * choice of instructions.
 *
 * Memory: all at tw_risk_new; tw_risk_maxima says what grows with what. The covariance matrix takes
 * assets^2 doubles only where it is asked for.
 * Cost: two passes over observations x assets; a pass over the rows of a tail for each estimate by
 * scenarios; observations x assets^2 / 2 for the covariance matrix when asked for; and observations
 * x assets for each kind of estimate with incremental figures.
 * Threads: a tw_risk belongs to one thread at a time.
 */
#ifndef TRADEWIND_RISK_H
#define TRADEWIND_RISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/api.h"
#include "tradewind/cpu.h"
#include "tradewind/error.h"
#include "tradewind/quantile.h"
#include "tradewind/rate.h"
#include "tradewind/simulate.h"
#include "tradewind/status.h"
#include "tradewind/task.h"

#define TW_RISK_CONFIDENCE_COUNT_MAX 8
#define TW_RISK_MAGNITUDE_MAX 1e60 /* of a return, a weight, a scenario: squares stay finite */
#define TW_RISK_HORIZON_COUNT_MAX 4
#define TW_RISK_HORIZON_MAX 10000 /* periods */
#define TW_RISK_PATH_COUNT_MAX (1 << 28)
#define TW_RISK_METHOD_COUNT 5
#define TW_RISK_ESTIMATE_COUNT_MAX \
    (TW_RISK_CONFIDENCE_COUNT_MAX * TW_RISK_HORIZON_COUNT_MAX * TW_RISK_METHOD_COUNT)

typedef struct tw_risk tw_risk;

typedef enum tw_risk_method {
    TW_RISK_HISTORICAL = 0,
    TW_RISK_GAUSSIAN = 1,
    TW_RISK_CORNISH_FISHER = 2,
    TW_RISK_FILTERED_HISTORICAL = 3,
    TW_RISK_MONTE_CARLO = 4
} tw_risk_method;

/* What is divided by its own deviation for filtered scenarios. */
typedef enum tw_risk_filter {
    TW_RISK_FILTER_PORTFOLIO = 0,
    TW_RISK_FILTER_ASSETS = 1
} tw_risk_filter;

/* How historical scenarios of several periods are made of the rows. */
typedef enum tw_risk_spans { TW_RISK_SPANS_OVERLAPPING = 0, TW_RISK_SPANS_APART = 1 } tw_risk_spans;

/* Which scenarios share out a historical value at risk among the assets. */
typedef enum tw_risk_shares {
    TW_RISK_SHARES_SCENARIO = 0, /* those at the quantile */
    TW_RISK_SHARES_LOSSES = 1    /* all losing ones, scaled to the value at risk */
} tw_risk_shares;

typedef struct tw_risk_config {
    double periods_per_year; /* 252, 52, 12 ...; above 0 */
    tw_rate risk_free;
    tw_rate minimum_acceptable;                       /* for Sortino and omega */
    double confidences[TW_RISK_CONFIDENCE_COUNT_MAX]; /* each in (0.5, 1) */
    uint32_t confidence_count;
    uint32_t horizons[TW_RISK_HORIZON_COUNT_MAX]; /* periods, 1 to TW_RISK_HORIZON_MAX */
    uint32_t horizon_count;
    uint32_t methods;             /* TW_RISK_METHOD_BIT(method) of those that are wanted */
    uint32_t moment_ddof;         /* of the deviation of moment-based estimates: 0 or 1 */
    uint8_t quantile;             /* tw_quantile_kind */
    uint8_t shortfall;            /* tw_shortfall_kind, of scenarios */
    uint8_t spans;                /* tw_risk_spans */
    uint8_t shares;               /* tw_risk_shares */
    uint8_t filter;               /* tw_risk_filter */
    double filter_decay;          /* lambda of the filter, in (0, 1) */
    size_t paths;                 /* that Monte Carlo draws; 0: there is none but of scenarios */
    uint64_t seed;                /* of the paths */
    double degrees;               /* of freedom, above 2: of Student's t */
    uint8_t distribution;         /* tw_simulate_distribution */
    bool corrected_expansion;     /* Cornish-Fisher: see tw_risk_estimate */
    bool covariance;              /* also fill report.covariance */
    bool incremental;             /* also fill the increments */
    bool fail_missing;            /* TW_INVALID for a row that would be skipped */
    tw_cpu_level level;           /* of vector instructions; changes no bit */
    const tw_task_runner *runner; /* of covariance and paths; NULL: the calling thread */
} tw_risk_config;

#define TW_RISK_METHOD_BIT(method) (UINT32_C(1) << (method))

/* What there has to be room for. Doubles taken: about 17 x observations (9 x scenarios instead of 9
 * x observations where these are more) + (6 + 4 x estimates) x assets, and what the flags say. */
typedef struct tw_risk_maxima {
    size_t observations;
    size_t assets;
    size_t scenarios;   /* that the caller has simulated */
    size_t estimates;   /* confidences x horizons x methods */
    bool covariance;    /* (assets + observations + 1024) x assets */
    bool incremental;   /* 2 x estimates x assets + 8 x observations */
    bool filter_assets; /* observations x assets */
    size_t paths;       /* 10 x these where they are more than observations */
} tw_risk_maxima;

/*
 * Scenarios that somebody else has simulated, for TW_RISK_MONTE_CARLO; estimates of other horizons
 * are NaN. `assets` gives the returns of all assets in some scenarios of the tail, for what they
 * contribute: [count][assets], in the order of `indices`, with weight x return summing to `values`;
 * at most TW_RISK_SCENARIO_BLOCK of them a call. Without it contributions to those estimates are
 * NaN.
 */
#define TW_RISK_SCENARIO_BLOCK 64
typedef struct tw_risk_scenarios {
    const double *values; /* [count], the portfolio's return in each */
    size_t count;
    uint32_t horizon; /* periods that each spans: it stands for the estimates of this horizon */
    void (*assets)(void *context, size_t count, const size_t *indices, double *ret_returns);
    void *context;
} tw_risk_scenarios;

typedef struct tw_risk_input {
    const double *returns;   /* [observations][assets] row-major, oldest first; NaN = missing */
    const double *weights;   /* [assets], finite, not all zero; they need not sum to 1 */
    const double *benchmark; /* [observations] or NULL */
    size_t observations;
    size_t assets;
    const tw_risk_scenarios *scenarios; /* or NULL; they stand for paths */
    const char *const *names; /* [assets] or NULL: what the sentence of an error calls them; */
    const int64_t *times_ns;  /* [observations] or NULL: likewise, when rows are */
} tw_risk_input;

/*
 * One value at risk and its expected shortfall.
 *
 * `valid` is false when the estimate stands outside the method's domain, though its numbers are
 * still the formula's: a Cornish-Fisher expansion that is not increasing in z (Maillard 2012), or
 * whose shortfall comes out below its VaR (it is raised to that then); fewer than 2 rows for
 * moments; no scenario of so many periods. With config.corrected_expansion the parameters of the
 * expansion are solved for, so that skewness and kurtosis of what it describes are those of the
 * data (Maillard 2012), and the shortfall is the exact tail mean of it; where there are no such
 * parameters in the domain, the numbers are NaN.
 *
 * Standard errors are of independent scenarios, NaN for other methods and for spans that overlap:
 * of the VaR half the distance between the quantiles a standard error of p away (Woodruff 1952), of
 * the shortfall the deviation of its influence function.
 */
typedef struct tw_risk_estimate {
    double confidence;
    double value;              /* VaR, a loss is positive */
    double expected_shortfall; /* a loss is positive */
    double value_error;
    double shortfall_error;
    size_t scenarios; /* that it was read from; 0 for moment-based ones */
    uint32_t horizon; /* periods */
    uint8_t method;   /* tw_risk_method */
    bool valid;
} tw_risk_estimate;

/* How much is held, and how widely. */
typedef struct tw_risk_exposure {
    double gross;            /* sum |w_i| */
    double net;              /* sum w_i; 1 less this is cash, a negative rest is borrowed */
    double long_weight;      /* sum of those above 0 */
    double short_weight;     /* sum of |w_i| of those below 0 */
    double hhi;              /* Herfindahl and Hirschman: sum of (|w_i| / gross)^2 */
    double effective_assets; /* 1 / hhi */
} tw_risk_exposure;

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

    tw_risk_exposure exposure;

    /* All that follows is borrowed until the next compute. */
    const double *portfolio; /* [observations]: the portfolio's return of each row that is used, */
    const size_t *rows;      /* and which these are */

    /* By horizon, then confidence, then method, each in the order of the config. */
    const tw_risk_estimate *estimates;
    uint32_t estimate_count;

    /* What an asset adds to the deviation: w_i cov(r_i, r_p) / sd_p, per period (Euler), and the
     * same over sd_p, which sums to 1 (NaN at zero volatility). [assets] */
    const double *volatility_contributions;
    const double *volatility_shares;

    /* [estimate_count][assets]: contributions sum to the estimate; a marginal figure is the
     * contribution for each unit of weight, there for assets of no weight, too, or NaN where such a
     * one lacks a return; increments are NULL unless asked for, NaN for scenarios that were given.
     */
    const double *var_contributions;
    const double *shortfall_contributions;
    const double *var_marginals;
    const double *shortfall_marginals;
    const double *var_increments;
    const double *shortfall_increments;

    const double *covariance; /* [assets][assets], sample, or NULL. An asset of zero weight with a
                                 missing value has NaN there. */
} tw_risk_report;

#define TW_RISK_CONVENTION_COUNT_MAX 24

typedef struct tw_risk_convention {
    const char *name;
    const char *text;
} tw_risk_convention;

TW_BEGIN_DECLS

/* 252 periods a year, rates of 0 per year, confidences 0.95 and 0.99, one period, every method (but
 * no paths, so Monte Carlo is of given scenarios alone; seed 1, normal, 5 degrees), the conventions
 * of this header's head, a decay of 0.94 (RiskMetrics 1996), no covariance matrix, no increments.
 */
TW_API void tw_risk_config_init(tw_risk_config *config);

/* What a computation with this config takes (without scenarios: set those if there are any). */
TW_API tw_risk_maxima tw_risk_maxima_of(const tw_risk_config *config, size_t observations,
                                        size_t assets);

/* Takes the memory. TW_RANGE for observations or assets of 0 or what overflows, TW_NO_MEMORY. The
 * caller frees it. */
TW_API tw_status tw_risk_new(const tw_allocator *allocator, const tw_risk_maxima *maxima,
                             tw_risk **ret_risk) TW_MUST_CHECK;
TW_API void tw_risk_free(tw_risk *risk);

/*
 * Computes everything at once. TW_FULL for more than the maxima of tw_risk_new; TW_RANGE for a
 * config outside its bounds or a rate without unit; TW_INVALID for a weight that is not finite,
 * weights that are all zero, a return, benchmark or scenario that is infinite, a missing one where
 * that fails, or scenarios with NaN; TW_EMPTY when no row can be used. `error` (may be NULL) says
 * which, by name and date where the input has these. `ret_report` is written only with TW_OK; what
 * an earlier report borrowed is gone in any case.
 */
TW_API tw_status tw_risk_compute(tw_risk *risk, const tw_risk_config *config,
                                 const tw_risk_input *input, tw_risk_report *ret_report,
                                 tw_error *error) TW_MUST_CHECK;

/* The place of an estimate among report->estimates, or estimate_count. */
TW_API uint32_t tw_risk_find(const tw_risk_report *report, tw_risk_method method, double confidence,
                             uint32_t horizon);

/* "historical", "gaussian", "cornish_fisher", "filtered_historical", "monte_carlo". Never NULL. */
TW_API const char *tw_risk_method_name(tw_risk_method method);

/* Of finite weights [assets]; hhi and effective_assets are NaN when all are 0. */
TW_API tw_risk_exposure tw_risk_exposure_of(const double *weights, size_t assets);

/* Half of sum |after_i - before_i|: the share of the portfolio that changes hands, each sold unit
 * and the one bought for it counted once. */
TW_API double tw_risk_turnover(const double *before, const double *after, size_t assets);

/*
 * What each asset contributes a row when weights are set once and left to drift with prices:
 * ret[t][i] = v_i r_i / (cash + sum(v)), with v the values before the row, at first `weights`
 * [assets], and cash 1 less their sum, which earns nothing. Give them to tw_risk_compute as returns
 * with weights of 1: its figures are then of the portfolio that is bought and held, and
 * contributions those of its assets. `values` [assets] is scratch and holds the values after the
 * last row. A missing return leaves its asset's value as it is, and is missing in the result. From
 * where the sum is at or below 0 (ruin) all are missing.
 */
TW_API void tw_risk_drift(const tw_risk_input *input, double *values, double *ret_contributions);

/* The conventions of a config that is in its bounds, as (name, text) pairs for output beside the
 * numbers; returns how many. The texts are constants. */
TW_API size_t tw_risk_conventions(const tw_risk_config *config,
                                  tw_risk_convention ret_conventions[TW_RISK_CONVENTION_COUNT_MAX]);

/* The quantile of the standard normal (Wichura 1988, AS 241), full double precision.
 * NaN outside (0, 1). */
TW_API double tw_risk_normal_quantile(double probability);

TW_END_DECLS

TW_DEFINE_AUTO(tw_risk, tw_risk_free)

#endif
