/*
 * risk_estimate.c - every estimate of one series: which there are, where they stand, what they are.
 */
#include "risk_priv.h"

risk_slots risk_slots_of(const tw_risk_config *config) {
    risk_slots slots = {.method_count = 0};
    for (uint8_t method = 0; method < TW_RISK_METHOD_COUNT; method++) {
        if ((config->methods & TW_RISK_METHOD_BIT(method)) != 0)
            slots.methods[slots.method_count++] = method;
    }
    slots.count = config->horizon_count * config->confidence_count * slots.method_count;
    return slots;
}

uint32_t risk_slot(const tw_risk_config *config, const risk_slots *slots, uint32_t horizon,
                   uint32_t confidence, uint32_t method) {
    return (horizon * config->confidence_count + confidence) * slots->method_count + method;
}

void risk_slots_label(const tw_risk_config *config, const risk_slots *slots,
                      tw_risk_estimate *estimates) {
    tw_risk_estimate *next = estimates;
    for (uint32_t h = 0; h < config->horizon_count; h++) {
        for (uint32_t c = 0; c < config->confidence_count; c++) {
            for (uint32_t m = 0; m < slots->method_count; m++, next++) {
                next->horizon = config->horizons[h];
                next->confidence = config->confidences[c];
                next->method = slots->methods[m];
            }
        }
    }
}

static bool is_by_scenarios(tw_risk_method method) {
    return method == TW_RISK_HISTORICAL || method == TW_RISK_FILTERED_HISTORICAL;
}

bool risk_slots_need_moments(const risk_slots *slots) {
    bool any = false;
    for (uint32_t m = 0; m < slots->method_count; m++)
        any = any || slots->methods[m] == TW_RISK_GAUSSIAN ||
              slots->methods[m] == TW_RISK_CORNISH_FISHER;
    return any;
}

/* What the estimates of one series are made of. */
typedef struct series_work {
    const tw_risk_config *config;
    const risk_slots *slots;
    const double *series;
    size_t count;
    risk_cumulants cumulants;
    risk_workspace *workspace;
} series_work;

static void fill_by_scenarios(const series_work *work, uint32_t horizon, uint32_t method,
                              const double *series, tw_risk_estimate *ret_estimates) {
    const tw_risk_config *config = work->config;
    risk_scenarios scenarios =
        risk_scenarios_of(config, series, work->count, config->horizons[horizon], work->workspace);
    for (uint32_t c = 0; c < config->confidence_count; c++)
        ret_estimates[risk_slot(config, work->slots, horizon, c, method)] =
            risk_scenarios_estimate(config, &scenarios, config->confidences[c]);
}

static void fill_by_moments(const series_work *work, uint32_t horizon, uint32_t method,
                            tw_risk_estimate *ret_estimates) {
    const tw_risk_config *config = work->config;
    for (uint32_t c = 0; c < config->confidence_count; c++) {
        risk_shape shape =
            risk_shape_of(config, (tw_risk_method)work->slots->methods[method], &work->cumulants,
                          config->confidences[c], config->horizons[horizon]);
        ret_estimates[risk_slot(config, work->slots, horizon, c, method)] =
            risk_shape_estimate(&shape, &work->cumulants, config->horizons[horizon]);
    }
}

void risk_estimates_of(const tw_risk_config *config, const risk_slots *slots,
                       const risk_series *series, risk_workspace *workspace,
                       tw_risk_estimate *ret_estimates) {
    series_work work = {config, slots, series->values, series->count, {0}, workspace};
    if (risk_slots_need_moments(slots))
        work.cumulants =
            risk_cumulants_of(&series->moments->size, &series->moments->sums, config->moment_ddof);
    for (uint32_t m = 0; m < slots->method_count; m++) {
        tw_risk_method method = (tw_risk_method)slots->methods[m];
        if (method == TW_RISK_MONTE_CARLO)
            continue;
        bool filtered = method == TW_RISK_FILTERED_HISTORICAL;
        if (filtered)
            risk_filter_series(config, series->values, series->count, workspace);
        for (uint32_t h = 0; h < config->horizon_count; h++) {
            if (is_by_scenarios(method))
                fill_by_scenarios(&work, h, m, filtered ? workspace->filtered : series->values,
                                  ret_estimates);
            else
                fill_by_moments(&work, h, m, ret_estimates);
        }
    }
}
