/*
 * risk_parts.c - what each asset adds to an estimate.
 *
 * By moments: the derivatives of deviation, skewness and kurtosis by a weight are those of sums of
 * products of the asset's returns with powers of the portfolio's, so one pass over the matrix is
 * all they take; no matrix or tensor of co-moments is made. With d = p - mean and n rows: s^2 = sum
 * d^2 / (n - ddof)     ds/dw = cov / s S   = m3 / s^3                 dS/dw = 3 (cos / s^3 - S cov
 * / s^2) K   = m4 / s^4 - 3             dK/dw = 4 (cok / s^4 - (K + 3) cov / s^2) where cov = sum
 * (x - mean) d / (n - ddof), cos = sum (x - mean) d^2 / n, cok = ... d^3 / n. All of it stands in
 * units of a power of two (the scale of the moments), so that fourth powers of large returns exist.
 *
 * By scenarios: the figure is a weighted sum of the portfolio's returns in a few scenarios, and a
 * portfolio's return is one of its assets'.
 */
#include "risk_priv.h"

#include <string.h>

/* ---- By moments ---------------------------------------------------------------------------- */

risk_comoments risk_comoments_of(const risk_lanes *lanes, const risk_rows *rows,
                                 const risk_moments *moments, const double *powers,
                                 double *storage) {
    TW_ASSERT(rows->count > 0);
    size_t assets = rows->assets;
    double n = (double)rows->count;
    risk_comoments c = {assets, storage, storage + assets, storage + 2 * assets,
                        storage + 3 * assets};
    const double *first = rows->returns + rows->rows[0] * assets;
    lanes->comoments(rows, powers, storage);
    careful_sum rest = {0};
    for (size_t k = 0; k < rows->count; k++)
        careful_add(&rest, powers[3 * k]);
    double d = careful_value(&rest); /* what rounding left of the mean */
    for (size_t i = 0; i < assets; i++) {
        double mean = c.means[i] / n; /* less the first row */
        c.means[i] = first[i] + mean;
        c.first[i] -= mean * d;
        c.second[i] -= mean * moments->sums.square;
        c.third[i] -= mean * moments->sums.cube;
    }
    return c;
}

/* Of the deviation, skewness and kurtosis by one weight; the deviation times, and the others over,
 * the scale of the moments. */
typedef struct slopes {
    double deviation;
    double skewness;
    double kurtosis;
} slopes;

/* `deviation` is times the scale, too, so that their product is not. */
static double marginal_of(const risk_level *level, const slopes *by_weight, double deviation) {
    double straight = by_weight->deviation * level->level;
    if (level->by_skewness == 0 && level->by_kurtosis == 0)
        return straight;
    return straight + deviation * (level->by_skewness * by_weight->skewness +
                                   level->by_kurtosis * by_weight->kurtosis);
}

void risk_marginals_by_moments(const tw_risk_config *config, const risk_comoments *comoments,
                               const risk_moments *moments, const risk_shape *shape,
                               uint32_t horizon, risk_marginals ret_marginals) {
    double ddof = config->moment_ddof;
    risk_cumulants c = risk_cumulants_of(&moments->size, &moments->sums, ddof);
    double n = moments->size.count;
    double variance = series_variance(&moments->size, moments->sums.square, ddof);
    double deviation = isnan(c.deviation) ? NAN : sqrt(variance);
    double root = sqrt((double)horizon);
    bool flat = variance == 0; /* nothing moves: only the mean is shared out */
    for (size_t i = 0; i < comoments->assets; i++) {
        slopes s = {0, 0, 0};
        if (!flat) {
            double covariance = comoments->first[i] / (n - ddof) / variance;
            s.deviation = covariance * deviation;
            s.skewness =
                3 * (comoments->second[i] / n / (variance * deviation) - c.skewness * covariance);
            s.kurtosis = 4 * (comoments->third[i] / n / (variance * variance) -
                              (c.kurtosis + 3) * covariance);
        }
        double mean = comoments->means[i] * horizon;
        ret_marginals.var[i] = -mean + root * marginal_of(&shape->var, &s, deviation);
        ret_marginals.shortfall[i] = -mean + root * marginal_of(&shape->shortfall, &s, deviation);
    }
}

/* ---- By scenarios -------------------------------------------------------------------------- */

/* total += share x the assets' returns in a scenario that is made of rows. */
static void add_rows(const risk_origin *origin, const risk_scenarios *scenarios, size_t scenario,
                     double share, double *total) {
    size_t begin = scenarios->first + scenario * scenarios->step;
    for (size_t k = begin; k < begin + scenarios->horizon; k++) {
        double factor = origin->factors == NULL ? 1 : origin->factors[k];
        origin->lanes->add_scaled(origin->rows.assets, share * factor,
                                  origin->rows.returns + origin->rows.rows[k] * origin->rows.assets,
                                  total);
    }
}

static void add_given(const risk_origin *origin, size_t count, const size_t *indices,
                      const double *shares, double *total) {
    size_t assets = origin->rows.assets;
    for (size_t begin = 0; begin < count; begin += TW_RISK_SCENARIO_BLOCK) {
        size_t left = count - begin;
        size_t some = left < TW_RISK_SCENARIO_BLOCK ? left : TW_RISK_SCENARIO_BLOCK;
        origin->given->assets(origin->given->context, some, indices + begin, origin->block);
        for (size_t k = 0; k < some; k++)
            origin->lanes->add_scaled(assets, shares[begin + k], origin->block + k * assets, total);
    }
}

/* ret = sum of -share x the assets' returns: a loss is positive. */
static void add_up(const risk_origin *origin, const risk_scenarios *scenarios, size_t count,
                   const size_t *indices, double *shares, double *ret) {
    size_t assets = origin->rows.assets;
    bool known = origin->given == NULL || origin->given->assets != NULL;
    for (size_t i = 0; i < assets; i++)
        ret[i] = known ? 0 : NAN;
    for (size_t k = 0; k < count; k++)
        shares[k] = -shares[k];
    if (origin->given == NULL) {
        for (size_t k = 0; k < count; k++)
            add_rows(origin, scenarios, indices[k], shares[k], ret);
    } else if (known) {
        add_given(origin, count, indices, shares, ret);
    }
}

static void var_by_quantile(const tw_risk_config *config, const risk_origin *origin,
                            const risk_scenarios *scenarios, double confidence, double *ret) {
    tw_quantile_place place =
        tw_quantile_place_of((tw_quantile_kind)config->quantile, scenarios->count, 1 - confidence);
    const size_t indices[2] = {scenarios->worst[place.low], scenarios->worst[place.high]};
    double shares[2] = {1 - place.part, place.part};
    add_up(origin, scenarios, place.part > 0 ? 2 : 1, indices, shares, ret);
}

/* All losing scenarios, scaled so that they come to the value at risk. */
static void var_by_losses(const tw_risk_config *config, const risk_origin *origin,
                          const risk_scenarios *scenarios, double confidence,
                          const risk_workspace *workspace, double *ret) {
    size_t count = 0;
    careful_sum losses = {0};
    for (size_t k = 0; k < scenarios->count; k++) {
        if (scenarios->values[k] < 0) {
            careful_add(&losses, scenarios->values[k]);
            workspace->indices[count++] = k;
        }
    }
    double value = risk_scenarios_estimate(config, scenarios, confidence).value;
    double share = count == 0 ? NAN : -value / careful_value(&losses);
    for (size_t k = 0; k < count; k++)
        workspace->shares[k] = share;
    add_up(origin, scenarios, count, workspace->indices, workspace->shares, ret);
    for (size_t i = 0; count == 0 && i < origin->rows.assets; i++)
        ret[i] = NAN;
}

void risk_marginals_by_scenarios(const tw_risk_config *config, const risk_origin *origin,
                                 const risk_scenarios *scenarios, double confidence,
                                 risk_workspace *workspace, risk_marginals ret_marginals) {
    if (scenarios->count == 0) {
        for (size_t i = 0; i < origin->rows.assets; i++)
            ret_marginals.var[i] = ret_marginals.shortfall[i] = NAN;
        return;
    }
    if (config->shares == TW_RISK_SHARES_LOSSES)
        var_by_losses(config, origin, scenarios, confidence, workspace, ret_marginals.var);
    else
        var_by_quantile(config, origin, scenarios, confidence, ret_marginals.var);
    tw_tail_reach reach = risk_reach_of(config, scenarios, confidence);
    double whole = (double)reach.whole + reach.part;
    for (size_t r = 0; r < reach.whole; r++)
        workspace->shares[r] = 1 / whole;
    if (reach.part > 0)
        workspace->shares[reach.whole] = reach.part / whole;
    add_up(origin, scenarios, reach.whole + (reach.part > 0 ? 1 : 0), scenarios->worst,
           workspace->shares, ret_marginals.shortfall);
}

/* ---- Sums ---------------------------------------------------------------------------------- */

/* A part of the gross sum that rounding accounts for; more than that is not shared out. */
#define ROUNDING 1e-12

void risk_contributions_of(const double *weights, const double *marginals, size_t assets,
                           double whole, double *ret_contributions) {
    careful_sum total = {0};
    double gross = 0;
    size_t greatest = 0;
    for (size_t i = 0; i < assets; i++) {
        double part = weights[i] == 0 ? 0 : weights[i] * marginals[i];
        ret_contributions[i] = part;
        careful_add(&total, part);
        gross += fabs(part);
        greatest = fabs(part) > fabs(ret_contributions[greatest]) ? i : greatest;
    }
    double rest = whole - careful_value(&total);
    if (fabs(rest) <= ROUNDING * gross) /* false for what is NaN */
        ret_contributions[greatest] += rest;
}
