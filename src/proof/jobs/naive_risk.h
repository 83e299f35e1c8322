/*
 * naive_risk.h - the figures of a portfolio's risk, each by a loop as its definition stands in a
 * book: a covariance for each pair of assets, value at risk from sorted returns.
 */
#ifndef TRADEWIND_PROOF_NAIVE_RISK_H
#define TRADEWIND_PROOF_NAIVE_RISK_H

#include <stddef.h>

enum { RISK_CONFIDENCES = 2 };

typedef struct risk_figures {
    double mean_annual;
    double volatility_annual;
    double sharpe;
    double sortino;
    double max_drawdown;
    double beta;
    double value_at_risk[RISK_CONFIDENCES]; /* of 95 % and 99 % */
    double shortfall[RISK_CONFIDENCES];
} risk_figures;

typedef struct naive_portfolio {
    const double *series;    /* [assets][days] */
    const double *weights;   /* [assets] */
    const double *benchmark; /* [days] */
    size_t assets;
    size_t days;
    double risk_free;   /* a day */
    double *means;      /* [assets], scratch */
    double *covariance; /* [assets][assets], result */
    double *shares;     /* [assets], result: of the variance */
    double *returns;    /* [days], result: of the portfolio */
    double *sorted;     /* [days], scratch */
} naive_portfolio;

void naive_risk(const naive_portfolio *portfolio, risk_figures *ret_figures);

#endif
