/*
 * naive_features.h - features of one symbol, each in a loop over its days that goes through the
 * days of each window again. Days without a whole window are NaN.
 */
#ifndef TRADEWIND_PROOF_NAIVE_FEATURES_H
#define TRADEWIND_PROOF_NAIVE_FEATURES_H

#include <stddef.h>

enum {
    NAIVE_FEATURES = 6,
    NAIVE_QUARTER = 60, /* days, of volatility and z-score */
    NAIVE_MONTH = 20,   /* of the exponential mean and the bands */
    NAIVE_RSI_WINDOW = 14
};

/* Log return, volatility a year, z-score, RSI of sums, EMA, and the place within Bollinger's bands,
 * each [days]. */
void naive_features(const double *prices, size_t days, double *const ret_values[NAIVE_FEATURES]);

#endif
