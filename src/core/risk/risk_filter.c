/*
 * risk_filter.c - filtered scenarios: returns in units of the deviation that was foreseen for them.
 *
 * The forecast is RiskMetrics' (1996), v' = decay x v + (1 - decay) x r^2, and begins with the mean
 * square of the whole series, so that no row is left out. The last one is that of the next period.
 */
#include "risk_priv.h"

void risk_filter_factors(double decay, const double *series, size_t count, double *ret_factors) {
    careful_sum squares = {0};
    for (size_t k = 0; k < count; k++)
        careful_add(&squares, series[k] * series[k]);
    double variance = count == 0 ? 0 : careful_value(&squares) / (double)count;
    for (size_t k = 0; k < count; k++) {
        ret_factors[k] = variance;
        variance = decay * variance + (1 - decay) * (series[k] * series[k]);
    }
    for (size_t k = 0; k < count;
         k++) /* without any deviation there is nothing to bring to scale */
        ret_factors[k] = ret_factors[k] > 0 ? sqrt(variance / ret_factors[k]) : 1;
}

void risk_filter_series(const tw_risk_config *config, const double *series, size_t count,
                        risk_workspace *workspace) {
    risk_filter_factors(config->filter_decay, series, count, workspace->factors);
    for (size_t k = 0; k < count; k++)
        workspace->filtered[k] = series[k] * workspace->factors[k];
}
