/*
 * backtest.h - whether forecasts of value at risk held: how often they were exceeded, and when.
 *
 *     tw_backtest_plan plan;
 *     tw_backtest_plan_init(&plan, TW_RISK_FILTERED_HISTORICAL, 0.99);
 *     status = tw_backtest_method(NULL, &plan, &series, &result, &error);
 *
 * A forecast is exceeded when the return is below minus the value at risk. With n forecasts of
 * confidence c, p = 1 - c, of which x were exceeded, the tests are likelihood ratios:
 * - unconditional coverage (Kupiec 1995): x is what p would bring; chi-squared, 1 degree.
 * - independence (Christoffersen 1998): an exceedance is as likely after one as after none, in
 *   successive pairs; chi-squared, 1 degree.
 * - conditional coverage (Christoffersen 1998): both, the sum of the two; chi-squared, 2 degrees.
 * A small p-value speaks against the forecasts. 0 log 0 is 0, so counts of zero have an answer.
 *
 * Forecasts of tw_backtest_forecast are made out of sample: the one for a row is read from the
 * rows before it alone.
 *
 * Memory: tw_backtest_run takes none; the others take about 12 x window doubles and give them back
 * (tw_backtest_method: as many forecasts, too). Cost: O(n) for the tests; n times an estimate from
 * a window for forecasts. Threads: pure.
 */
#ifndef TRADEWIND_BACKTEST_H
#define TRADEWIND_BACKTEST_H

#include <stddef.h>
#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/api.h"
#include "tradewind/error.h"
#include "tradewind/risk.h"
#include "tradewind/status.h"

/* Returns and the forecasts made for them; a row in which either is missing (NaN) is left out, and
 * those beside it count as successive. */
typedef struct tw_backtest_series {
    const double *returns;   /* [count], oldest first */
    const double *forecasts; /* [count], value at risk, a loss is positive */
    size_t count;
} tw_backtest_series;

typedef struct tw_backtest_test {
    double statistic; /* at least 0 */
    double p_value;   /* that chance alone brings as much */
} tw_backtest_test;

/*
 * The zones of the Basel Committee (1996), by the probability of so many exceedances or fewer where
 * the forecasts are right: green below 95% or with no more than expected, red from 99.99% on. With
 * 250 forecasts at 99% these are 0 to 4, 5 to 9, and 10 or more.
 */
typedef enum tw_backtest_zone {
    TW_BACKTEST_GREEN = 0,
    TW_BACKTEST_YELLOW = 1,
    TW_BACKTEST_RED = 2
} tw_backtest_zone;

typedef struct tw_backtest_result {
    double confidence;
    size_t observations; /* rows with a return and a forecast */
    size_t skipped;      /* rows without */
    size_t exceedances;
    double expected; /* p x observations */
    double rate;     /* exceedances / observations */

    /* Of successive rows: from one that was exceeded (1) or not (0) to one that was or was not. */
    size_t transitions[2][2];

    tw_backtest_test unconditional;
    tw_backtest_test independence;
    tw_backtest_test conditional;

    double cumulative; /* the probability of so many exceedances or fewer */
    uint8_t zone;      /* tw_backtest_zone */
    /* What Basel adds to the multiplier of 3, by exceedances; NaN but for 250 forecasts at 99%. */
    double multiplier_addition;
} tw_backtest_result;

/* How forecasts are made. */
typedef struct tw_backtest_plan {
    size_t window; /* rows before the one that is forecast; at least 2 */
    uint8_t method;
    double confidence;
    tw_risk_config conventions; /* of estimates; its confidences, horizons, methods do not count */
} tw_backtest_plan;

TW_BEGIN_DECLS

/* A window of 250 rows and the conventions of tw_risk_config_init. */
TW_API void tw_backtest_plan_init(tw_backtest_plan *plan, tw_risk_method method, double confidence);

/*
 * Counts and tests. TW_RANGE for a confidence outside of (0.5, 1), TW_INVALID for an infinite
 * return or forecast, TW_EMPTY when no row has both. `error` (may be NULL) says which.
 */
TW_API tw_status tw_backtest_run(const tw_backtest_series *series, double confidence,
                                 tw_backtest_result *ret_result, tw_error *error) TW_MUST_CHECK;

/*
 * Forecasts for each of `count` returns, value at risk and (unless NULL) expected shortfall: NaN
 * for the first `window` rows, and where the window holds too few returns for the method. Missing
 * returns in a window are left out. TW_RANGE for a plan outside its bounds or Monte Carlo, which
 * has no scenarios here; TW_INVALID for an infinite return; TW_NO_MEMORY.
 */
TW_API tw_status tw_backtest_forecast(const tw_allocator *allocator, const tw_backtest_plan *plan,
                                      const tw_backtest_series *series, double *ret_forecasts,
                                      double *ret_shortfalls, tw_error *error) TW_MUST_CHECK;

/* Both: forecasts of the method for the returns, and how they held (series->forecasts is not
 * read). */
TW_API tw_status tw_backtest_method(const tw_allocator *allocator, const tw_backtest_plan *plan,
                                    const tw_backtest_series *series,
                                    tw_backtest_result *ret_result, tw_error *error) TW_MUST_CHECK;

/* "green", "yellow", "red". Never NULL. */
TW_API const char *tw_backtest_zone_name(tw_backtest_zone zone);

TW_END_DECLS

#endif
