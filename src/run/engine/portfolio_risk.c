/* portfolio_risk.c - what any weights would have risked over the engine's history of closes. */
#include "engine_priv.h"

static const size_t HISTORY_ROWS_MIN = 20;

/* The first estimate of the default configuration is historical, 95 %. */
static void take(const tw_risk_report *report, tw_engine_risk *ret_risk) {
    *ret_risk = (tw_engine_risk){
        .observations = report->observations,
        .volatility_annual = report->volatility_annual,
        .value_at_risk = report->estimates[0].value,
        .expected_shortfall = report->estimates[0].expected_shortfall,
    };
}

tw_status tw_engine_risk_of(const tw_engine *engine, const double *weights,
                            tw_engine_risk *ret_risk, tw_error *error) {
    tw_risk_config config;
    tw_risk_config_init(&config);
    if (engine->day_count < HISTORY_ROWS_MIN)
        return tw_error_set(error, TW_EMPTY, "the history has less than %zu days",
                            HISTORY_ROWS_MIN);
    const tw_risk_maxima maxima =
        tw_risk_maxima_of(&config, engine->config.history_days_max, engine->config.symbol_count);
    TW_AUTO(tw_risk) *risk = NULL;
    tw_risk_report report;
    tw_risk_input input = {.returns = engine->returns,
                           .weights = weights,
                           .observations = engine->day_count - 1,
                           .assets = engine->config.symbol_count};
    tw_status status = tw_risk_new(engine->allocator, &maxima, &risk);
    if (status != TW_OK)
        return tw_error_set(error, status, "no memory for the risk of a portfolio");
    status = tw_risk_compute(risk, &config, &input, &report, error);
    if (status == TW_OK)
        take(&report, ret_risk);
    return status;
}
