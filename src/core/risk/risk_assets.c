/*
 * risk_assets.c - every estimate of a report, and what each asset adds to it.
 *
 * By moments, scenarios of the rows, filtered, simulated and given ones; then each again for the
 * portfolio without one asset, some assets at a time.
 */
#include <string.h>

#include "risk_handle.h"

void risk_assets_sum(risk_work *work) {
    tw_risk *risk = work->risk;
    for (size_t k = 0; k < work->rows.count; k++) {
        double d = (risk->portfolio[k] - work->moments->sums.mean) * work->moments->sums.scale;
        risk->powers[3 * k] = d;
        risk->powers[3 * k + 1] = d * d;
        risk->powers[3 * k + 2] = d * d * d;
    }
    work->comoments =
        risk_comoments_of(risk->lanes, &work->rows, work->moments, risk->powers, risk->comoments);
}

void risk_assets_volatility(const risk_work *work, tw_risk_report *report) {
    tw_risk *risk = work->risk;
    const double *weights = work->input->weights;
    size_t assets = work->rows.assets;
    const risk_moments *m = work->moments;
    double deviation = report->volatility;
    double n = m->size.count;
    double scaled = sqrt(series_variance(&m->size, m->sums.square, 1)); /* as the sums are */
    for (size_t i = 0; i < assets; i++)
        risk->volatility_shares[i] =
            deviation == 0 ? 0 : work->comoments.first[i] / (n - 1) / scaled;
    risk_contributions_of(weights, risk->volatility_shares, assets, deviation,
                          risk->volatility_contributions);
    for (size_t i = 0; i < assets; i++)
        risk->volatility_shares[i] = work->comoments.first[i] / m->sums.square * m->sums.scale;
    risk_contributions_of(weights, risk->volatility_shares, assets, 1, risk->volatility_shares);
    for (size_t i = 0; i < assets; i++) {
        if (!(deviation >= 0)) /* one row */
            risk->volatility_contributions[i] = weights[i] == 0 ? 0 : NAN;
        if (!(deviation > 0))
            risk->volatility_shares[i] = NAN;
    }
    report->volatility_contributions = risk->volatility_contributions;
    report->volatility_shares = risk->volatility_shares;
}

static risk_marginals marginals_at(const tw_risk *risk, uint32_t slot, size_t assets) {
    return (risk_marginals){risk->var_marginals + slot * assets,
                            risk->shortfall_marginals + slot * assets};
}

static void fill_by_moments(const risk_work *work, uint32_t horizon, uint32_t method) {
    const tw_risk_config *config = work->config;
    tw_risk *risk = work->risk;
    for (uint32_t c = 0; c < config->confidence_count; c++) {
        uint32_t slot = risk_slot(config, &risk->slots, horizon, c, method);
        uint32_t periods = config->horizons[horizon];
        risk_shape shape = risk_shape_of(config, (tw_risk_method)risk->slots.methods[method],
                                         &work->cumulants, config->confidences[c], periods);
        risk->estimates[slot] = risk_shape_estimate(&shape, &work->cumulants, periods);
        risk_marginals_by_moments(config, &work->comoments, work->moments, &shape, periods,
                                  marginals_at(risk, slot, work->rows.assets));
    }
}

void risk_assets_by_scenarios(const risk_work *work, uint32_t horizon, uint32_t method,
                              const risk_scenarios *scenarios, const risk_origin *origin) {
    const tw_risk_config *config = work->config;
    tw_risk *risk = work->risk;
    for (uint32_t c = 0; c < config->confidence_count; c++) {
        uint32_t slot = risk_slot(config, &risk->slots, horizon, c, method);
        risk->estimates[slot] = risk_scenarios_estimate(config, scenarios, config->confidences[c]);
        risk_marginals_by_scenarios(config, origin, scenarios, config->confidences[c],
                                    &risk->workspace, marginals_at(risk, slot, work->rows.assets));
    }
}

/* Each asset's returns in its own deviation now, and with them the portfolio's. */
static void filter_assets(const risk_work *work) {
    tw_risk *risk = work->risk;
    size_t assets = work->rows.assets;
    size_t count = work->rows.count;
    double *variances = risk->volatility_contributions; /* filled later */
    for (size_t i = 0; i < assets; i++)
        variances[i] = 0;
    for (size_t k = 0; k < count; k++) {
        const double *row = work->rows.returns + work->rows.rows[k] * assets;
        for (size_t i = 0; i < assets; i++)
            variances[i] += row[i] * row[i];
    }
    for (size_t i = 0; i < assets; i++)
        variances[i] /= (double)count;
    for (size_t k = 0; k < count; k++) {
        risk->filtered_rows[k] = k;
        risk->lanes->filter_row(assets, work->config->filter_decay,
                                work->rows.returns + work->rows.rows[k] * assets, variances,
                                risk->filtered + k * assets);
    }
    for (size_t i = 0; i < assets; i++)
        variances[i] = sqrt(variances[i]);
    for (size_t k = 0; k < count; k++)
        risk->lanes->scale_row(assets, variances, risk->filtered + k * assets);
}

/* The series of the filtered portfolio, into paired[], which is not used any more. */
static tw_status filter_by_assets(const risk_work *work, tw_error *error) {
    tw_risk *risk = work->risk;
    filter_assets(work);
    tw_risk_input filtered = *work->input;
    filtered.returns = risk->filtered;
    risk->lanes->row_returns(risk->filtered, work->rows.count, work->rows.assets,
                             work->input->weights, risk->paired);
    for (size_t k = 0; k < work->rows.count; k++) {
        size_t missing;
        if (isfinite(risk->paired[k]))
            continue;
        tw_status status = risk_row_check(&filtered, k, &missing, error);
        if (status != TW_OK)
            return status;
        risk->paired[k] = risk_row_without_gaps(risk->lanes, &filtered, k, risk->volatility_shares);
    }
    return TW_OK;
}

static tw_status fill_filtered(const risk_work *work, uint32_t method, tw_error *error) {
    tw_risk *risk = work->risk;
    const tw_risk_config *config = work->config;
    risk_workspace *space = &risk->workspace;
    size_t count = work->rows.count;
    risk_origin origin = {.lanes = risk->lanes, .rows = work->rows, .factors = space->factors};
    const double *series = space->filtered;
    if (config->filter == TW_RISK_FILTER_ASSETS) {
        tw_status status = filter_by_assets(work, error);
        if (status != TW_OK)
            return status;
        series = risk->paired;
        origin.factors = NULL;
        origin.rows.returns = risk->filtered;
        origin.rows.rows = risk->filtered_rows;
    } else {
        risk_filter_series(config, risk->portfolio, count, space);
    }
    for (uint32_t h = 0; h < config->horizon_count; h++) {
        risk_scenarios scenarios =
            risk_scenarios_of(config, series, count, config->horizons[h], space);
        risk_assets_by_scenarios(work, h, method, &scenarios, &origin);
    }
    return TW_OK;
}

static void fill_historical(const risk_work *work, uint32_t method) {
    tw_risk *risk = work->risk;
    const risk_origin origin = {.lanes = risk->lanes, .rows = work->rows};
    for (uint32_t h = 0; h < work->config->horizon_count; h++) {
        risk_scenarios scenarios =
            risk_scenarios_of(work->config, risk->portfolio, work->rows.count,
                              work->config->horizons[h], &risk->workspace);
        risk_assets_by_scenarios(work, h, method, &scenarios, &origin);
    }
}

static void fill_given(const risk_work *work, uint32_t method) {
    tw_risk *risk = work->risk;
    const tw_risk_scenarios *given = work->input->scenarios;
    const risk_origin origin = {
        .lanes = risk->lanes, .rows = work->rows, .given = given, .block = risk->block};
    for (uint32_t h = 0; h < work->config->horizon_count; h++) {
        risk_scenarios scenarios = {.count = 0}; /* of other horizons there are none */
        if (given->horizon == work->config->horizons[h])
            scenarios = risk_scenarios_given(work->config, given, &risk->workspace);
        risk_assets_by_scenarios(work, h, method, &scenarios, &origin);
    }
}

tw_status risk_assets_estimate(const risk_work *work, tw_error *error) {
    tw_risk *risk = work->risk;
    for (uint32_t m = 0; m < risk->slots.method_count; m++) {
        tw_status status = TW_OK;
        switch ((tw_risk_method)risk->slots.methods[m]) {
        case TW_RISK_HISTORICAL:
            fill_historical(work, m);
            break;
        case TW_RISK_FILTERED_HISTORICAL:
            status = fill_filtered(work, m, error);
            break;
        case TW_RISK_MONTE_CARLO:
            if (work->input->scenarios == NULL)
                status = risk_paths_estimate(work, m, error);
            else
                fill_given(work, m);
            break;
        case TW_RISK_GAUSSIAN:
        case TW_RISK_CORNISH_FISHER:
            for (uint32_t h = 0; h < work->config->horizon_count; h++)
                fill_by_moments(work, h, m);
            break;
        }
        if (status != TW_OK)
            return status;
    }
    risk_slots_label(work->config, &risk->slots, risk->estimates);
    for (uint32_t e = 0; e < risk->slots.count; e++) {
        size_t at = e * work->rows.assets;
        risk_contributions_of(work->input->weights, risk->var_marginals + at, work->rows.assets,
                              risk->estimates[e].value, risk->var_contributions + at);
        risk_contributions_of(work->input->weights, risk->shortfall_marginals + at,
                              work->rows.assets, risk->estimates[e].expected_shortfall,
                              risk->shortfall_contributions + at);
    }
    return TW_OK;
}

/* ---- Increments ---------------------------------------------------------------------------- */

/* Of scenarios whose assets were filtered: without one asset they need no new filter. */
static void estimate_filtered_without(const risk_work *work, uint32_t method, size_t asset) {
    tw_risk *risk = work->risk;
    size_t count = work->rows.count;
    double weight = work->input->weights[asset];
    for (size_t k = 0; k < count; k++)
        risk->active[k] = risk->paired[k] - weight * risk->filtered[k * work->rows.assets + asset];
    for (uint32_t h = 0; h < work->config->horizon_count; h++) {
        risk_scenarios scenarios = risk_scenarios_of(work->config, risk->active, count,
                                                     work->config->horizons[h], &risk->workspace);
        for (uint32_t c = 0; c < work->config->confidence_count; c++)
            risk->without[risk_slot(work->config, &risk->slots, h, c, method)] =
                risk_scenarios_estimate(work->config, &scenarios, work->config->confidences[c]);
    }
}

static void fill_increment(const risk_work *work, size_t asset, const double *series,
                           const risk_moments *moments) {
    tw_risk *risk = work->risk;
    const risk_series left = {series, work->rows.count, moments};
    for (uint32_t e = 0; e < risk->slots.count; e++)
        risk->without[e] = (tw_risk_estimate){.value = NAN, .expected_shortfall = NAN};
    risk_estimates_of(work->config, &risk->slots, &left, &risk->workspace, risk->without);
    bool by_assets = work->config->filter == TW_RISK_FILTER_ASSETS;
    bool simulated = work->input->scenarios == NULL;
    for (uint32_t k = 0; k < risk->slots.method_count; k++) {
        if (risk->slots.methods[k] == TW_RISK_FILTERED_HISTORICAL && by_assets)
            estimate_filtered_without(work, k, asset);
        if (risk->slots.methods[k] == TW_RISK_MONTE_CARLO && simulated)
            risk_paths_without(work, k, moments);
    }
    for (uint32_t e = 0; e < risk->slots.count; e++) {
        size_t at = e * work->rows.assets + asset;
        risk->var_increments[at] = risk->estimates[e].value - risk->without[e].value;
        risk->shortfall_increments[at] =
            risk->estimates[e].expected_shortfall - risk->without[e].expected_shortfall;
    }
}

void risk_assets_increments(const risk_work *work) {
    tw_risk *risk = work->risk;
    size_t assets = work->rows.assets;
    memset(risk->var_increments, 0, risk->slots.count * assets * sizeof(double));
    memset(risk->shortfall_increments, 0, risk->slots.count * assets * sizeof(double));
    size_t count = work->rows.count;
    const series_moments *whole = &work->moments->sums;
    double size = fmax(fabs(whole->least), fabs(whole->greatest));
    bool by_moments = risk_slots_need_moments(&risk->slots) ||
                      work->input->scenarios == NULL; /* simulated ones */
    for (size_t at = 0; at < assets; at += RISK_LANES) {
        risk->lanes->leave_out(&work->rows, at, work->input->weights, risk->portfolio,
                               risk->left_out);
        for (size_t j = 0; j < RISK_LANES && at + j < assets; j++) {
            const double *series = risk->left_out + j * count;
            risk_moments moments = {0};
            if (work->input->weights[at + j] == 0)
                continue;
            if (by_moments)
                moments = risk_moments_of(risk->series, series, count, size);
            fill_increment(work, at + j, series, &moments);
        }
    }
}
