/*
 * risk_filter.c - filtered scenarios: returns in units of the deviation that was foreseen for them.
 *
 * The forecast is RiskMetrics' (1996), v' = decay x v + (1 - decay) x r^2, and begins with the mean
 * square of the whole series, so that no row is left out. The last one is that of the next period.
 *
 * A forecast is at least a hundredth of that mean square: behind a long stretch without moves it
 * would come near to nothing, and the first move after it would be taken for thousands of
 * deviations.
 */
#include "risk_priv.h"

static const double VARIANCE_LEAST = 0.01; /* of the mean square: a tenth of the deviation */

void risk_filter_factors(double decay, const double *series, size_t count, double *ret_factors) {
    careful_sum squares = {0};
    for (size_t k = 0; k < count; k++)
        careful_add(&squares, series[k] * series[k]);
    double variance = count == 0 ? 0 : careful_value(&squares) / (double)count;
    double least = VARIANCE_LEAST * variance;
    for (size_t k = 0; k < count; k++) {
        ret_factors[k] = variance;
        variance = fmax(least, decay * variance + (1 - decay) * (series[k] * series[k]));
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
