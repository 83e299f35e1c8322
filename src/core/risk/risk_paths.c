/*
 * risk_paths.c - simulated estimates of a linear portfolio: paths of its own distribution.
 *
 * A linear portfolio of normal returns is normal, and of Student's t with one chi-squared for all
 * assets Student's t; so its paths are drawn from its own mean and deviation, and no matrix is
 * needed. What is expected of an asset on a path is m_i + beta_i (r - m), with beta_i its
 * covariance with the portfolio over the portfolio's variance: the same for both distributions, and
 * summing to the path's return.
 *
 * All horizons are drawn from one seed, so they differ by their scale alone.
 */
#include "risk_handle.h"

/* What paths of one horizon say of the assets. */
typedef struct path_market {
    const risk_comoments *comoments;
    const double *paths;
    double mean;  /* of the portfolio, over one period */
    double slope; /* beta_i = slope x sum of (x - mean) d; 0 where nothing moves */
    double horizon;
} path_market;

static void expect_assets(void *context, size_t count, const size_t *indices, double *ret_returns) {
    const path_market *m = context;
    size_t assets = m->comoments->assets;
    for (size_t k = 0; k < count; k++) {
        double away = m->paths[indices[k]] - m->horizon * m->mean;
        for (size_t i = 0; i < assets; i++)
            ret_returns[k * assets + i] =
                m->horizon * m->comoments->means[i] + m->slope * m->comoments->first[i] * away;
    }
}

static tw_status draw(const risk_work *work, uint32_t horizon, tw_error *error) {
    const tw_risk_config *config = work->config;
    double weight = 1;
    double variance = work->cumulants.deviation * work->cumulants.deviation;
    tw_simulate_config paths;
    tw_simulate_config_init(&paths);
    paths.seed = config->seed;
    paths.paths = config->paths;
    paths.horizon_periods = horizon;
    paths.distribution = config->distribution;
    paths.degrees = config->degrees;
    paths.depth = TW_SIMULATE_SCALAR;
    paths.way = (tw_dense_way){config->runner, config->level};
    const tw_simulate_input input = {
        .weights = &weight, .means = &work->cumulants.mean, .covariance = &variance, .assets = 1};
    return tw_simulate_run(work->risk->simulate, &paths, &input, work->risk->paths, NULL, error);
}

static tw_status fill_horizon(const risk_work *work, uint32_t horizon, uint32_t method,
                              tw_error *error) {
    tw_risk *risk = work->risk;
    const tw_risk_config *config = work->config;
    const series_moments *sums = &work->moments->sums;
    path_market market = {.comoments = &work->comoments,
                          .paths = risk->paths,
                          .mean = work->cumulants.mean,
                          .slope = sums->square > 0 ? sums->scale / sums->square : 0,
                          .horizon = config->horizons[horizon]};
    const tw_risk_scenarios drawn = {.values = risk->paths,
                                     .count = config->paths,
                                     .horizon = config->horizons[horizon],
                                     .assets = expect_assets,
                                     .context = &market};
    const risk_origin origin = {
        .lanes = risk->lanes, .rows = work->rows, .given = &drawn, .block = risk->block};
    risk_scenarios scenarios = {.count = 0}; /* one row has no deviation */
    if (!isnan(work->cumulants.deviation)) {
        tw_status status = draw(work, config->horizons[horizon], error);
        if (status != TW_OK)
            return status;
        scenarios = risk_scenarios_given(config, &drawn, &risk->workspace);
    }
    risk_assets_by_scenarios(work, horizon, method, &scenarios, &origin);
    return TW_OK;
}

tw_status risk_paths_estimate(const risk_work *work, uint32_t method, tw_error *error) {
    for (uint32_t h = 0; h < work->config->horizon_count; h++) {
        tw_status status = fill_horizon(work, h, method, error);
        if (status != TW_OK)
            return status;
    }
    return TW_OK;
}

/* The paths in units of the deviation are those of any portfolio. */
void risk_paths_without(const risk_work *work, uint32_t method, const risk_moments *moments) {
    tw_risk *risk = work->risk;
    const tw_risk_config *config = work->config;
    const risk_cumulants without =
        risk_cumulants_of(&moments->size, &moments->sums, config->moment_ddof);
    for (uint32_t h = 0; h < config->horizon_count; h++) {
        double horizon = config->horizons[h];
        double mean = horizon * work->cumulants.mean;
        double left = horizon * without.mean;
        double ratio = without.deviation / work->cumulants.deviation;
        for (uint32_t c = 0; c < config->confidence_count; c++) {
            uint32_t slot = risk_slot(config, &risk->slots, h, c, method);
            const tw_risk_estimate *whole = &risk->estimates[slot];
            risk->without[slot].value = -left + ratio * (whole->value + mean);
            risk->without[slot].expected_shortfall =
                -left + ratio * (whole->expected_shortfall + mean);
        }
    }
}
