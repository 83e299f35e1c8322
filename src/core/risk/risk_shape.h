/*
 * risk_shape.h - value at risk and expected shortfall by moments: see risk_shape.c. Lent to
 * core/performance, whose figures of one series are the same ones.
 */
#ifndef TRADEWIND_RISK_SHAPE_H
#define TRADEWIND_RISK_SHAPE_H

#include <stdbool.h>

#include "series.h"
#include "tradewind/risk.h"

/* A figure is -m + s x level, and this says how the level moves with skewness and kurtosis. */
typedef struct risk_level {
    double level;
    double by_skewness;
    double by_kurtosis;
} risk_level;

typedef struct risk_shape {
    risk_level var;
    risk_level shortfall;
    bool valid;
} risk_shape;

/* Of one period: what estimates by moments are made of. */
typedef struct risk_cumulants {
    double mean;
    double deviation;
    double skewness; /* 0 for a constant series: it has no shape */
    double kurtosis; /* in excess of 3 */
} risk_cumulants;

/* NaN, but for the mean, of fewer than two values. `ddof` is of the deviation. */
risk_cumulants risk_cumulants_of(const series_size *size, const series_moments *moments,
                                 double ddof);

/* The levels over `horizon` periods; by_skewness and by_kurtosis are by those of one period. */
risk_shape risk_shape_of(const tw_risk_config *config, tw_risk_method method,
                         const risk_cumulants *cumulants, double confidence, uint32_t horizon);

/* Value and shortfall; whose they are is told by risk_slots_label. */
tw_risk_estimate risk_shape_estimate(const risk_shape *shape, const risk_cumulants *cumulants,
                                     uint32_t horizon);

#endif
