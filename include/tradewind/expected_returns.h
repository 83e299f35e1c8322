/*
 * expected_returns.h - the returns that assets are expected to have, from those they had.
 *
 *     tw_expected_returns_config config;
 *     tw_expected_returns_config_init(&config);
 *     config.compound = true;
 *     tw_expected_returns_input input = {.returns = returns, .rows = 2520, .assets = 500};
 *     status = tw_expected_returns(&config, &input, expected, counts, &error);
 *
 * All are annual, of N = periods_per_year, and each asset is taken over the rows that it has:
 * - HISTORICAL: mean x N; compound: the growth a year, (product of 1 + r)^(N / rows) - 1, which is
 *   -1 after ruin.
 * - EXPONENTIAL: the mean with weights lambda^age, as pandas' ewm().mean(), x N; compound:
 *   (1 + mean)^N - 1. Ages count all rows, missing ones too.
 * - MARKET: risk free + beta (market - risk free), the capital asset pricing model, with the
 *   market's own HISTORICAL return, compound or not; beta is the covariance with the market over
 *   the rows that have both, over the variance of the market over all it has, as PyPortfolioOpt.
 *
 * Missing values are NaN; an asset that has none at all is expected to return NaN.
 *
 * Memory: none. Cost: O(rows x assets). Threads: pure. The same bits on every machine.
 */
#ifndef TRADEWIND_EXPECTED_RETURNS_H
#define TRADEWIND_EXPECTED_RETURNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tradewind/api.h"
#include "tradewind/covariance.h"
#include "tradewind/error.h"
#include "tradewind/rate.h"
#include "tradewind/status.h"

typedef enum tw_expected_returns_kind {
    TW_EXPECTED_HISTORICAL,
    TW_EXPECTED_EXPONENTIAL,
    TW_EXPECTED_MARKET
} tw_expected_returns_kind;

typedef struct tw_expected_returns_config {
    uint8_t kind; /* tw_expected_returns_kind */
    bool compound;
    double periods_per_year;   /* above 0 */
    tw_covariance_decay decay; /* EXPONENTIAL */
    tw_rate risk_free;         /* MARKET; a rate per period is multiplied by N */
} tw_expected_returns_config;

typedef struct tw_expected_returns_input {
    const double *returns; /* [rows][assets], oldest first; NaN = missing */
    size_t rows;
    size_t assets;
    const double *market; /* [rows], of MARKET; else not read */
} tw_expected_returns_input;

TW_BEGIN_DECLS

/* HISTORICAL, arithmetic, 252 periods a year, a span of 500 rows, 0 per year free of risk. */
TW_API void tw_expected_returns_config_init(tw_expected_returns_config *config);

/*
 * `ret_expected` [assets]; `ret_counts` [assets] or NULL: the rows that each asset has (MARKET:
 * that it and the market have). TW_RANGE: a config outside its bounds. TW_INVALID: an infinite
 * return; the sentence names asset and row, from 0. TW_EMPTY: MARKET, of which there are less than
 * two rows, or which does not vary. `error` may be NULL. Nothing is written unless TW_OK.
 */
TW_API tw_status tw_expected_returns(const tw_expected_returns_config *config,
                                     const tw_expected_returns_input *input, double *ret_expected,
                                     size_t *ret_counts, tw_error *error) TW_MUST_CHECK;

TW_END_DECLS

#endif
