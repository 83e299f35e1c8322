/* risk_handle.h - what a tw_risk holds, and what one computation of it reads. */
#ifndef TRADEWIND_RISK_HANDLE_H
#define TRADEWIND_RISK_HANDLE_H

#include "risk_priv.h"
#include "tradewind/simulate.h"

struct tw_risk {
    tw_allocator allocator;
    tw_risk_maxima maxima;
    const risk_lanes *lanes; /* of the computation at hand, as is this: */
    const series_lanes *series;
    risk_slots slots;
    risk_workspace workspace;
    double *portfolio;
    double *paired;
    double *benchmark;
    double *active; /* portfolio less benchmark */
    double *powers; /* [3] an observation */
    size_t *rows;
    double *comoments; /* [4][assets] */
    double *volatility_contributions;
    double *volatility_shares;
    double *block;         /* [TW_RISK_SCENARIO_BLOCK][assets] */
    tw_simulate *simulate; /* of one asset, the portfolio; NULL without paths */
    double *paths;         /* [paths] */
    tw_risk_estimate *estimates;
    tw_risk_estimate *without; /* those of the portfolio without an asset */
    double *var_marginals;     /* [estimates][assets], as are these */
    double *shortfall_marginals;
    double *var_contributions;
    double *shortfall_contributions;
    double *var_increments; /* NULL unless there is room for them, as what follows */
    double *shortfall_increments;
    double *left_out;      /* [RISK_LANES][observations]: series without one asset */
    double *filtered;      /* [observations][assets] */
    size_t *filtered_rows; /* 0, 1, ...: the filtered matrix is of the used rows only */
    double *covariance;    /* [assets][assets] */
    double *whole_rows;    /* [observations][assets], for products when some rows are not used */
    double *scratch;       /* of products */
};

/* What all estimates of a computation read. */
typedef struct risk_work {
    tw_risk *risk;
    const tw_risk_config *config;
    const tw_risk_input *input;
    const risk_moments *moments;
    risk_cumulants cumulants;
    risk_comoments comoments;
    risk_rows rows;
} risk_work;

/* Establishes invariant 2 of risk.c, and takes the sums over assets. */
void risk_assets_sum(risk_work *work);

/* The estimates of one method and horizon, with their marginal figures. */
void risk_assets_by_scenarios(const risk_work *work, uint32_t horizon, uint32_t method,
                              const risk_scenarios *scenarios, const risk_origin *origin);

/* Simulated ones, of all horizons; and those of the portfolio without an asset, into
 * risk->without, from the moments of its returns. */
tw_status risk_paths_estimate(const risk_work *work, uint32_t method, tw_error *error);
void risk_paths_without(const risk_work *work, uint32_t method, const risk_moments *moments);

/* Every estimate with its marginal figures and contributions. TW_INVALID, with what was too large,
 * from filtered assets. */
tw_status risk_assets_estimate(const risk_work *work, tw_error *error);

void risk_assets_volatility(const risk_work *work, tw_risk_report *report);
void risk_assets_increments(const risk_work *work);

#endif
