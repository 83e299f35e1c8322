/*
 * returns.h - simple returns: compounded, by calendar periods, and of a portfolio whose weights
 * drift between its rebalancings.
 *
 * Memory: nothing is allocated. Cost: one pass over the cells. Threads: pure.
 */
#ifndef TRADEWIND_RETURNS_H
#define TRADEWIND_RETURNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tradewind/api.h"
#include "tradewind/error.h"
#include "tradewind/status.h"

typedef enum tw_calendar_period {
    TW_CALENDAR_WEEK = 0, /* from Monday (ISO 8601) */
    TW_CALENDAR_MONTH = 1,
    TW_CALENDAR_QUARTER = 2,
    TW_CALENDAR_YEAR = 3
} tw_calendar_period;

/* Returns by calendar period; arrays of at least as many places as there are observations. */
typedef struct tw_calendar_returns {
    double *returns;    /* product(1 + r) - 1 over the period; NaN when all of it are missing */
    int64_t *starts_ns; /* midnight UTC of the period's first day; may be NULL */
    size_t count;
} tw_calendar_returns;

typedef struct tw_drift_config {
    /* Weights are restored every so many periods: 1 always, 0 never. With weights that are rows,
     * they are set by each row whose weights are there (its first is not NaN), and this is not
     * looked at. */
    size_t rebalance_every;
    /* False: an asset without a return stands still. True: the portfolio is in the assets that have
     * one; when these change, the weights given last are restored over them, brought to a sum of 1
     * (PerformanceAnalytics). */
    bool full_investment;
    double cost; /* part of what is traded, of buys and of sells; not at the first row; 0 to 1 */
} tw_drift_config;

typedef struct tw_drift_input {
    const double *returns; /* [count][assets], oldest first; NaN is missing */
    const double *weights; /* [assets], or [count][assets] with weights_are_rows */
    size_t count;
    size_t assets;
    bool weights_are_rows;
} tw_drift_input;

typedef struct tw_drift_results {
    double *returns;   /* [count], of the portfolio, after costs */
    double *weights;   /* [count][assets], at the beginning of each period, after rebalancing */
    double *turnovers; /* [count], sum |change of weight| at the beginning; may be NULL */
} tw_drift_results;

TW_BEGIN_DECLS

/* The value of `start` invested before the first return, after each, or with a start of 0 its total
 * return. [count]; a missing return changes nothing. */
TW_API void tw_returns_cumulate(const double *returns, size_t count, double start,
                                double *ret_values);

/* Compounds the returns of each calendar period of UTC that has an observation. TW_INVALID, and
 * nothing written, for times that go back or a kind that there is not: `error` names the row. */
TW_API tw_status tw_returns_by_calendar(const int64_t *times_ns, const double *returns,
                                        size_t count, tw_calendar_period period,
                                        tw_calendar_returns *ret_results,
                                        tw_error *error) TW_MUST_CHECK;

/* 252 (up to a day apart), 52 (a week), 12 (31 days), 4 (92 days) or 1, by the median distance of
 * ascending times. NaN for fewer than 2 and for those within a day. */
TW_API double tw_returns_periods_per_year(const int64_t *times_ns, size_t count);

/*
 * The returns of a portfolio whose weights move with its assets' returns until they are restored.
 * What the weights fall short of 1 is cash that earns nothing; above 1 it is borrowed. TW_RANGE for
 * a cost outside 0 to 1; TW_INVALID for a first row of weights that is missing, weights or returns
 * that are infinite, or a portfolio that has lost everything before the last row: `error` names the
 * row. The results may be written in part then.
 */
TW_API tw_status tw_returns_drift(const tw_drift_config *config, const tw_drift_input *input,
                                  const tw_drift_results *results, tw_error *error) TW_MUST_CHECK;

TW_END_DECLS

#endif
