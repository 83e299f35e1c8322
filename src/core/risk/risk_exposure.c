/* risk_exposure.c - what weights alone tell, and weights that are left to drift. */
#include "risk_priv.h"

tw_risk_exposure tw_risk_exposure_of(const double *weights, size_t assets) {
    TW_ASSERT(weights != NULL || assets == 0);
    careful_sum held = {0};
    careful_sum owed = {0};
    careful_sum squares = {0};
    for (size_t i = 0; i < assets; i++)
        careful_add(weights[i] > 0 ? &held : &owed, fabs(weights[i]));
    tw_risk_exposure e = {.long_weight = careful_value(&held),
                          .short_weight = careful_value(&owed)};
    e.gross = e.long_weight + e.short_weight;
    e.net = e.long_weight - e.short_weight;
    for (size_t i = 0; i < assets; i++) {
        double share = fabs(weights[i]) / e.gross;
        careful_add(&squares, share * share);
    }
    e.hhi = e.gross > 0 ? careful_value(&squares) : NAN;
    e.effective_assets = 1 / e.hhi;
    return e;
}

double tw_risk_turnover(const double *before, const double *after, size_t assets) {
    TW_ASSERT((before != NULL && after != NULL) || assets == 0);
    careful_sum moved = {0};
    for (size_t i = 0; i < assets; i++)
        careful_add(&moved, fabs(after[i] - before[i]));
    return careful_value(&moved) / 2;
}

void tw_risk_drift(const tw_risk_input *input, double *values, double *ret_contributions) {
    TW_ASSERT(input != NULL && values != NULL && ret_contributions != NULL);
    size_t assets = input->assets;
    careful_sum held = {0};
    for (size_t i = 0; i < assets; i++) {
        values[i] = input->weights[i];
        careful_add(&held, values[i]);
    }
    double cash = 1 - careful_value(&held);
    for (size_t t = 0; t < input->observations; t++) {
        const double *row = input->returns + t * assets;
        careful_sum worth = {0};
        careful_add(&worth, cash);
        for (size_t i = 0; i < assets; i++)
            careful_add(&worth, values[i]);
        double whole = careful_value(&worth);
        for (size_t i = 0; i < assets; i++) {
            double gain = values[i] == 0 ? 0 : values[i] * row[i];
            ret_contributions[t * assets + i] = whole > 0 ? gain / whole : NAN;
            values[i] += whole > 0 && !isnan(gain) ? gain : 0; /* ruin stays */
        }
    }
}
