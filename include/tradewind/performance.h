/*
 * performance.h - the figures of one series of returns, with stated conventions.
 *
 *     tw_performance_config config;
 *     tw_performance_config_init(&config);
 *     config.risk_free = (tw_rate){0.02, TW_RATE_PER_YEAR};
 *     TW_AUTO(tw_performance) *performance = NULL;
 *     status = tw_performance_new(NULL, count, &performance);
 *     ...
 *     tw_performance_input input = {.returns = returns, .benchmark = market, .count = count};
 *     status = tw_performance_load(performance, &config, &input, &error);
 *     double sharpe = tw_performance_value(performance, TW_FIGURE_SHARPE_ANNUAL);
 *
 * Returns are simple, oldest first. n is the number of observations, N the periods of a year, x
 * the excess of a return over the risk-free rate, d its distance from the minimum acceptable
 * return (MAR), D a drawdown. docs/guide/risk-conventions.md has each figure's formula, its source
 * and the libraries that agree.
 *
 * Conventions that always hold: losses are positive (drawdown, VaR, expected shortfall); the
 * value's path starts at 1 before the first return, and ends at ruin (a value at or below 0), which
 * is a drawdown of 1; rates carry their unit. What differs between libraries is an option of
 * tw_performance_config. tw_performance_conventions lists the options in force, for print.
 *
 * Missing values: an observation with a NaN return, weight or rate is skipped and counted, or
 * refused (fail_missing). A NaN benchmark leaves the observation out of the figures against the
 * benchmark alone. Infinities and magnitudes above TW_PERFORMANCE_VALUE_MAX are refused, with the
 * row. A figure that has no answer is NaN: of too few observations, of a missing benchmark, or a
 * quotient by zero (see `infinite_quotients`). The deviation of equal returns (a range
 * within 8 epsilon of their size) is exactly 0.
 *
 * Memory: all at tw_performance_new, 9 doubles an observation.
 * Cost: loading O(n); each figure what its group of sums costs when it is first asked for, O(n),
 * and O(1) after that; quantiles O(n), Gini and weighted quantiles O(n log n).
 * The same bits on every machine. Threads: a handle belongs to one thread at a time.
 */
#ifndef TRADEWIND_PERFORMANCE_H
#define TRADEWIND_PERFORMANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/api.h"
#include "tradewind/cpu.h"
#include "tradewind/error.h"
#include "tradewind/quantile.h"
#include "tradewind/rate.h"
#include "tradewind/risk.h"
#include "tradewind/status.h"

/* The greatest magnitude of a return, rate or benchmark: squares of it fit a double. */
#define TW_PERFORMANCE_VALUE_MAX 1e150
#define TW_PERFORMANCE_LAG_MAX 64

typedef struct tw_performance tw_performance;

/* How figures of a benchmark become annual: alpha, Jensen's alpha. */
typedef enum tw_annual_kind {
    TW_ANNUAL_ARITHMETIC = 0, /* a N */
    TW_ANNUAL_COMPOUND = 1    /* (1 + a)^N - 1 (empyrical) */
} tw_annual_kind;

/* What up and down capture divide. */
typedef enum tw_capture_kind {
    TW_CAPTURE_ANNUAL = 0, /* growth rates a year over the chosen periods (empyrical) */
    TW_CAPTURE_TOTAL = 1,  /* compounded returns over them (PerformanceAnalytics) */
    TW_CAPTURE_MEAN = 2    /* means over them */
} tw_capture_kind;

/* What the Burke ratio adds the squares of. */
typedef enum tw_burke_kind {
    TW_BURKE_DRAWDOWNS = 0, /* the depths of all drawdowns (Burke 1994) */
    TW_BURKE_PERIODS = 1,   /* the drawdown at each observation */
    TW_BURKE_RUNS = 2       /* each run of losses after the first observation, compounded at a
                             * hundredth of its size (PerformanceAnalytics) */
} tw_burke_kind;

typedef struct tw_performance_config {
    double periods_per_year; /* N, above 0 */
    tw_rate risk_free;
    tw_rate minimum_acceptable;
    bool compound_rates; /* a yearly rate is (1 + r)^(1/N) - 1 a period, not r / N */

    uint8_t ddof;            /* of deviations: 0 or 1. With weights, 1 is 1 / (1 - sum w^2) */
    uint8_t partial_ddof;    /* of semi- and downside deviations and variances: 0 or 1 */
    uint8_t residual_ddof;   /* of specific risk: 0 to 2 */
    uint8_t annual;          /* tw_annual_kind */
    uint8_t capture;         /* tw_capture_kind */
    uint8_t burke;           /* tw_burke_kind */
    uint8_t quantile;        /* tw_quantile_kind */
    uint8_t shortfall;       /* tw_shortfall_kind */
    uint8_t tail_method;     /* tw_risk_method, of TW_FIGURE_VALUE_AT_RISK and what uses it */
    bool raw_deviation;      /* Sharpe divides by the deviation of returns, not of excesses */
    bool downside_subset;    /* downside deviation divides by the number of shortfalls, not n */
    bool prospect_of_sum;    /* the MAR is taken off the sum, not the mean (PerformanceAnalytics) */
    bool normal_kurtosis;    /* the probabilistic Sharpe ratio takes a kurtosis of 3 */
    bool infinite_quotients; /* a / 0 is an infinity with the sign of a (0 / 0 stays NaN) */
    bool missing_takes_time; /* skipped observations count as periods in growth rates */
    bool fail_missing;       /* TW_INVALID for an observation that would be skipped */

    double tail;              /* part of the observations in the tail, 0 to 1; 0.05 */
    double partial_order;     /* of kappa and the lower partial moment, above 0; 2 */
    double decay;             /* of the EWMA volatility, in (0, 1); 0.94 */
    double sterling_excess;   /* added to the greatest drawdown; 0.1 */
    double loss_aversion;     /* of the prospect ratio; 2.25 */
    double reference_sharpe;  /* of the probabilistic Sharpe ratio, a period; 0 */
    double entropic_aversion; /* theta of the entropic risk measure, above 0; 1 */
    double pareto_part;       /* of the returns, that a Pareto tail is fitted to, in (0, 1); 0.1 */
    double entropic_floor;    /* the entropic VaR looks at no theta below this part of the worst
                               * loss, 0 or more; 0 (skfolio: 0.01) */
    uint8_t autocorrelation_lag; /* 1 to TW_PERFORMANCE_LAG_MAX; 1 */
    tw_cpu_level level;          /* changes the time only */
} tw_performance_config;

typedef struct tw_performance_input {
    const double *returns;            /* [count], oldest first */
    const double *benchmark;          /* [count] or NULL */
    const double *weights;            /* [count], not negative, sum above 0, or NULL: all equal */
    const double *risk_free;          /* [count] a period, or NULL: the config's */
    const double *minimum_acceptable; /* [count] a period, or NULL: the config's */
    size_t count;
} tw_performance_input;

/* Per period unless its name says annual. */
typedef enum tw_figure {
    /* Counts and levels. */
    TW_FIGURE_OBSERVATIONS,
    TW_FIGURE_SKIPPED,
    TW_FIGURE_MEAN,
    TW_FIGURE_MEAN_ANNUAL,    /* mean N */
    TW_FIGURE_GEOMETRIC_MEAN, /* product(1 + r)^(1/n) - 1 */
    TW_FIGURE_TOTAL_RETURN,   /* product(1 + r) - 1 */
    TW_FIGURE_CAGR,           /* product(1 + r)^(N/n) - 1 */
    TW_FIGURE_BEST,
    TW_FIGURE_WORST,
    TW_FIGURE_WORST_REALISATION, /* -worst */
    TW_FIGURE_RANGE,
    /* Spread. */
    TW_FIGURE_VARIANCE,
    TW_FIGURE_VOLATILITY,
    TW_FIGURE_VOLATILITY_ANNUAL,
    TW_FIGURE_EWMA_VOLATILITY,
    TW_FIGURE_SEMI_VARIANCE, /* below the mean */
    TW_FIGURE_SEMI_DEVIATION,
    TW_FIGURE_MEAN_ABSOLUTE_DEVIATION,         /* from the mean */
    TW_FIGURE_MEAN_ABSOLUTE_DISTANCE,          /* from the MAR */
    TW_FIGURE_GINI_MEAN_DIFFERENCE,            /* mean |r_i - r_j| over pairs */
    TW_FIGURE_FIRST_LOWER_PARTIAL_MOMENT,      /* mean max(MAR - r, 0) */
    TW_FIGURE_FOURTH_LOWER_PARTIAL_MOMENT,     /* mean max(MAR - r, 0)^4 */
    TW_FIGURE_FIRST_LOWER_PARTIAL_MOMENT_MEAN, /* the same below the mean */
    TW_FIGURE_FOURTH_LOWER_PARTIAL_MOMENT_MEAN,
    TW_FIGURE_LOWER_PARTIAL_MOMENT,  /* of partial_order, below the MAR */
    TW_FIGURE_SECOND_CENTRAL_MOMENT, /* population moments */
    TW_FIGURE_THIRD_CENTRAL_MOMENT,
    TW_FIGURE_FOURTH_CENTRAL_MOMENT,
    /* Shape. */
    TW_FIGURE_SKEWNESS,               /* m3 / m2^(3/2) */
    TW_FIGURE_SKEWNESS_SAMPLE,        /* G1 */
    TW_FIGURE_KURTOSIS,               /* m4 / m2^2 */
    TW_FIGURE_EXCESS_KURTOSIS,        /* the same less 3 */
    TW_FIGURE_KURTOSIS_SAMPLE,        /* n (n+1) / ((n-1)(n-2)(n-3)) sum(d^4) / s^4 */
    TW_FIGURE_EXCESS_KURTOSIS_SAMPLE, /* G2 */
    TW_FIGURE_AUTOCORRELATION,        /* at autocorrelation_lag */
    TW_FIGURE_LJUNG_BOX,              /* Q over the lags 1 to autocorrelation_lag */
    TW_FIGURE_LJUNG_BOX_PROBABILITY,  /* of a Q at least so large without autocorrelation */
    TW_FIGURE_HURST,                  /* ln(R/S) / ln n */
    TW_FIGURE_STABILITY,              /* R^2 of the cumulated log return over time */
    /* Below and above the minimum acceptable return. */
    TW_FIGURE_DOWNSIDE_DEVIATION,
    TW_FIGURE_DOWNSIDE_DEVIATION_ANNUAL,
    TW_FIGURE_DOWNSIDE_VARIANCE,
    TW_FIGURE_DOWNSIDE_POTENTIAL, /* mean max(MAR - r, 0) */
    TW_FIGURE_DOWNSIDE_FREQUENCY,
    TW_FIGURE_UPSIDE_RISK,
    TW_FIGURE_UPSIDE_VARIANCE,
    TW_FIGURE_UPSIDE_POTENTIAL,
    TW_FIGURE_UPSIDE_FREQUENCY,
    TW_FIGURE_PERCENT_UP, /* part of returns above 0 */
    TW_FIGURE_PERCENT_DOWN,
    /* Ratios of reward to risk. */
    TW_FIGURE_SHARPE,
    TW_FIGURE_SHARPE_ANNUAL,
    TW_FIGURE_SHARPE_GEOMETRIC, /* growth rate of excesses over annual deviation */
    TW_FIGURE_SHARPE_ADJUSTED,  /* for skewness and kurtosis (Pezier and White 2006), annual */
    TW_FIGURE_SHARPE_ADJUSTED_GEOMETRIC,
    TW_FIGURE_SHARPE_PROBABILISTIC, /* that it is above reference_sharpe */
    TW_FIGURE_SHARPE_VALUE_AT_RISK, /* mean excess over VaR */
    TW_FIGURE_SHARPE_SHORTFALL,     /* mean excess over expected shortfall */
    TW_FIGURE_SORTINO,
    TW_FIGURE_SORTINO_ANNUAL,
    TW_FIGURE_OMEGA,
    TW_FIGURE_OMEGA_SHARPE,
    TW_FIGURE_KAPPA,
    TW_FIGURE_UPSIDE_POTENTIAL_RATIO,
    TW_FIGURE_GAIN_LOSS, /* Bernardo and Ledoit 2000 */
    TW_FIGURE_D_RATIO,
    TW_FIGURE_PROSPECT,
    TW_FIGURE_VOLATILITY_SKEWNESS,
    TW_FIGURE_VARIABILITY_SKEWNESS,
    TW_FIGURE_KELLY,
    TW_FIGURE_KELLY_HALF,
    /* Drawdowns. */
    TW_FIGURE_MAX_DRAWDOWN,
    TW_FIGURE_AVERAGE_DRAWDOWN,
    TW_FIGURE_AVERAGE_LENGTH,
    TW_FIGURE_AVERAGE_RECOVERY,
    TW_FIGURE_PAIN_INDEX,  /* mean D */
    TW_FIGURE_ULCER_INDEX, /* sqrt(mean D^2) */
    TW_FIGURE_CALMAR,
    TW_FIGURE_STERLING,
    TW_FIGURE_BURKE,
    TW_FIGURE_BURKE_MODIFIED,
    TW_FIGURE_PAIN_RATIO,
    TW_FIGURE_MARTIN,
    /* Tails. */
    TW_FIGURE_VALUE_AT_RISK,
    TW_FIGURE_EXPECTED_SHORTFALL,
    TW_FIGURE_TAIL_RATIO, /* |quantile(1 - tail)| / |quantile(tail)| */
    TW_FIGURE_ENTROPIC_RISK,
    TW_FIGURE_ENTROPIC_VALUE_AT_RISK,
    TW_FIGURE_PARETO_SHAPE, /* of a generalised Pareto tail (Hosking and Wallis 1987); not weighted
                             */
    TW_FIGURE_PARETO_SCALE,
    TW_FIGURE_PARETO_VALUE_AT_RISK, /* for a tail within pareto_part */
    TW_FIGURE_PARETO_SHORTFALL,
    /* Against the benchmark. */
    TW_FIGURE_BENCHMARK_SKIPPED,
    TW_FIGURE_ALPHA,
    TW_FIGURE_ALPHA_ANNUAL,
    TW_FIGURE_BETA,
    TW_FIGURE_FAMA_BETA,
    TW_FIGURE_CORRELATION,
    TW_FIGURE_R_SQUARED,
    TW_FIGURE_BETA_BULL, /* over periods in which the benchmark's excess is above 0 */
    TW_FIGURE_BETA_BEAR, /* below 0 */
    TW_FIGURE_TIMING,    /* bull over bear */
    TW_FIGURE_UP_ALPHA,  /* annual, over periods in which the benchmark is above 0 */
    TW_FIGURE_UP_BETA,
    TW_FIGURE_DOWN_ALPHA, /* below 0 */
    TW_FIGURE_DOWN_BETA,
    TW_FIGURE_CAPTURE, /* growth rates divided */
    TW_FIGURE_UP_CAPTURE,
    TW_FIGURE_DOWN_CAPTURE,
    TW_FIGURE_UP_DOWN_CAPTURE,
    TW_FIGURE_BATTING, /* part of periods above the benchmark */
    TW_FIGURE_UP_BATTING,
    TW_FIGURE_DOWN_BATTING,
    TW_FIGURE_UP_NUMBER, /* part of the benchmark's rises that were rises */
    TW_FIGURE_DOWN_NUMBER,
    TW_FIGURE_TRACKING_ERROR,
    TW_FIGURE_TRACKING_ERROR_ANNUAL,
    TW_FIGURE_ACTIVE_PREMIUM, /* difference of growth rates */
    TW_FIGURE_INFORMATION,    /* mean of active returns over their deviation */
    TW_FIGURE_INFORMATION_ANNUAL,
    TW_FIGURE_INFORMATION_GEOMETRIC, /* active premium over annual tracking error */
    TW_FIGURE_JENSEN_ALPHA,          /* of growth rates, annual */
    TW_FIGURE_REGRESSION_EPSILON,
    TW_FIGURE_SYSTEMATIC_RISK, /* annual, as all that follow */
    TW_FIGURE_SPECIFIC_RISK,
    TW_FIGURE_TOTAL_RISK,
    TW_FIGURE_APPRAISAL,
    TW_FIGURE_APPRAISAL_MODIFIED,    /* Jensen's alpha over beta */
    TW_FIGURE_APPRAISAL_ALTERNATIVE, /* over systematic risk */
    TW_FIGURE_TREYNOR,
    TW_FIGURE_TREYNOR_MODIFIED, /* over systematic risk */
    TW_FIGURE_M_SQUARED,
    TW_FIGURE_M_SQUARED_EXCESS,           /* less the benchmark's growth rate */
    TW_FIGURE_M_SQUARED_EXCESS_GEOMETRIC, /* divided by it */
    TW_FIGURE_M_SQUARED_SORTINO,
    TW_FIGURE_OMEGA_EXCESS,
    TW_FIGURE_COUNT
} tw_figure;

TW_BEGIN_DECLS

/* 252 periods, rates of 0 a year, ddof 1 (0 of partial moments and residuals), the linear
 * quantile, and of each other kind the first. */
TW_API void tw_performance_config_init(tw_performance_config *config);

/* Takes the memory for at most so many observations, at least 1. TW_RANGE for 0, TW_NO_MEMORY. */
TW_API tw_status tw_performance_new(const tw_allocator *allocator, size_t count_max,
                                    tw_performance **ret_performance) TW_MUST_CHECK;
TW_API void tw_performance_free(tw_performance *performance);

/*
 * Takes a series, in place of the one before. The input is copied. TW_FULL for more than count_max;
 * TW_RANGE for a config outside its limits or a rate without a unit; TW_INVALID for what is
 * infinite or too large, a negative weight, or, with fail_missing, a missing value; TW_EMPTY when
 * nothing is left. `error` (may be NULL) names the option or the row. After a failure the series
 * before is still there.
 */
TW_API tw_status tw_performance_load(tw_performance *performance,
                                     const tw_performance_config *config,
                                     const tw_performance_input *input,
                                     tw_error *error) TW_MUST_CHECK;

/* A figure of the series; NaN when it has no answer or nothing was loaded. */
TW_API double tw_performance_value(tw_performance *performance, tw_figure figure);

/* All of them, [TW_FIGURE_COUNT]. */
TW_API void tw_performance_report(tw_performance *performance, double *ret_values);

/* The quantile of the returns at a probability in [0, 1], by config.quantile (with weights: the
 * first return up to which the weights reach it). NaN outside. */
TW_API double tw_performance_quantile(tw_performance *performance, double probability);

/* sum((r_t - m)(r_{t+lag} - m)) / sum((r_t - m)^2), m the mean, for the lags 1 to `lag_count` (at
 * most TW_PERFORMANCE_LAG_MAX). NaN where there are not more observations than the lag. */
TW_API void tw_performance_autocorrelations(tw_performance *performance, size_t lag_count,
                                            double *ret_values);

/* "sharpe_annual" for TW_FIGURE_SHARPE_ANNUAL; NULL for what is no figure. And back:
 * TW_FIGURE_COUNT for a name that is none. */
TW_API const char *tw_figure_name(tw_figure figure);
TW_API tw_figure tw_figure_from_name(const char *name);

/* Whether the figure needs a benchmark. */
TW_API bool tw_figure_needs_benchmark(tw_figure figure);

/* The options in force as (name, text) pairs, for output beside the numbers; returns how many of
 * at most `room` were written. */
TW_API size_t tw_performance_conventions(const tw_performance_config *config,
                                         tw_risk_convention *ret_conventions, size_t room);

TW_END_DECLS

TW_DEFINE_AUTO(tw_performance, tw_performance_free)

#endif
