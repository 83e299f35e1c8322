/* risk_priv.h - what the files of core/risk share: compensated sums, series, tails. */
#ifndef TRADEWIND_RISK_PRIV_H
#define TRADEWIND_RISK_PRIV_H

#include <math.h>

#include "tradewind/risk.h"

/* A sum that keeps what rounding loses (Neumaier 1974). Add in a fixed order. */
typedef struct careful_sum {
    double sum;
    double lost;
} careful_sum;

static inline void careful_add(careful_sum *total, double value) {
    double sum = total->sum + value;
    total->lost +=
        fabs(total->sum) >= fabs(value) ? (total->sum - sum) + value : (value - sum) + total->sum;
    total->sum = sum;
}

static inline double careful_value(const careful_sum *total) {
    return total->sum + total->lost;
}

/* Mean and sums of powers of deviations from it. */
typedef struct risk_moments {
    size_t count;
    double mean;
    double s2; /* exactly 0 for a constant series */
    double s3;
    double s4;
    double best;
    double worst;
} risk_moments;

/* `scale` is the size of the numbers that the series was computed from: a range within rounding
 * of it is no range. 0 takes the greatest magnitude of the series itself. */
risk_moments risk_series_moments_of(const double *values, size_t count, double scale);

/* sqrt(s2 / (count - ddof)), NaN for too few. */
double risk_series_deviation(const risk_moments *moments, size_t ddof);

double risk_series_skewness_sample(const risk_moments *moments);
double risk_series_kurtosis_sample(const risk_moments *moments);

/* Sum of (a - mean_a)(b - mean_b). */
double risk_series_product(const double *a, double mean_a, const double *b, double mean_b,
                           size_t count);

/* The value of 1 invested before the first return, and its greatest fall from a peak. */
typedef struct risk_path {
    double value; /* 0 after ruin */
    double max_drawdown;
} risk_path;

risk_path risk_series_path_of(const double *returns, size_t count);

/* Fills `order` with the indices of `values` in ascending order, ties by index. `scratch` holds
 * `count` indices. */
void risk_tail_sort(const double *values, size_t count, size_t *order, size_t *scratch);

/* How far into the sorted rows a probability reaches, for both historical figures. */
typedef struct risk_place {
    size_t var_low; /* VaR = (1 - var_part) x[var_low] + var_part x[var_high] */
    size_t var_high;
    double var_part;
    size_t es_whole; /* ES = mean of the first es_whole and es_part of the next */
    double es_part;
} risk_place;

risk_place risk_tail_place_of(size_t count, double confidence);

tw_risk_estimate risk_tail_historical(const double *sorted, size_t count, double confidence);
tw_risk_estimate risk_tail_gaussian(const risk_moments *moments, double confidence);
tw_risk_estimate risk_tail_cornish_fisher(const risk_moments *moments, double confidence);

#endif
