/* risk_priv.h - what the files of core/risk share: series, tails, what assets add. */
#ifndef TRADEWIND_RISK_PRIV_H
#define TRADEWIND_RISK_PRIV_H

#include <math.h>
#include <stdbool.h>

#include "careful.h"
#include "risk_lanes.h"
#include "risk_shape.h"
#include "tradewind/risk.h"

/* Of one series. */
typedef struct risk_moments {
    series_size size;
    series_moments sums;
} risk_moments;

/* `size` is the magnitude of the numbers that the series was computed from, or 0. */
risk_moments risk_moments_of(const series_lanes *lanes, const double *values, size_t count,
                             double size);

/* ---- Estimates by scenarios (risk_tail.c) ---------------------------------------------------- */

/* Scratch of scenarios; each array is [capacity], but for the indices, which are apart. */
typedef struct risk_workspace {
    size_t capacity;
    double *filtered; /* a series in units of its deviation now */
    double *factors;  /* what each value was multiplied by for that */
    double *spans;    /* sums over several periods */
    double *tail;     /* the worst scenarios' values */
    double *scratch;
    double *shares;  /* of scenarios in a figure */
    size_t *worst;   /* the worst scenarios, in ascending order, ties by place */
    size_t *indices; /* scratch of these */
    size_t *order;
} risk_workspace;

/* False: no memory; give back what there is in any case. */
bool risk_workspace_init(risk_workspace *workspace, const tw_allocator *allocator, size_t capacity);
void risk_workspace_done(risk_workspace *workspace, const tw_allocator *allocator);

/* Scenarios and the worst of them: as many as any of the config's confidences looks at. */
typedef struct risk_scenarios {
    const double *values;
    size_t count;
    const double *tail; /* [tail_count], ascending */
    const size_t *worst;
    size_t tail_count;
    size_t horizon;
    size_t first; /* scenario k sums the values first + k x step, ... of the series */
    size_t step;
    bool independent;
} risk_scenarios;

/* Sums of `horizon` successive values of a series, and of values that are given as they are. */
risk_scenarios risk_scenarios_of(const tw_risk_config *config, const double *series, size_t count,
                                 uint32_t horizon, risk_workspace *workspace);
risk_scenarios risk_scenarios_given(const tw_risk_config *config, const tw_risk_scenarios *given,
                                    risk_workspace *workspace);

/* Of the worst scenarios, how far the config's shortfall goes. */
tw_tail_reach risk_reach_of(const tw_risk_config *config, const risk_scenarios *scenarios,
                            double confidence);

/* NaN and not valid without a scenario. */
tw_risk_estimate risk_scenarios_estimate(const tw_risk_config *config,
                                         const risk_scenarios *scenarios, double confidence);

/* What each value is multiplied by to stand in today's deviation (risk_filter.c). */
void risk_filter_factors(double decay, const double *series, size_t count, double *ret_factors);

/* The series times these, into workspace->filtered; the factors into workspace->factors. */
void risk_filter_series(const tw_risk_config *config, const double *series, size_t count,
                        risk_workspace *workspace);

/* ---- All estimates of a series (risk_estimate.c) --------------------------------------------- */

/* Where an estimate stands. */
typedef struct risk_slots {
    uint8_t methods[TW_RISK_METHOD_COUNT];
    uint32_t method_count;
    uint32_t count; /* of estimates */
} risk_slots;

risk_slots risk_slots_of(const tw_risk_config *config);
uint32_t risk_slot(const tw_risk_config *config, const risk_slots *slots, uint32_t horizon,
                   uint32_t confidence, uint32_t method);

/* Names each of [slots->count]. */
void risk_slots_label(const tw_risk_config *config, const risk_slots *slots,
                      tw_risk_estimate *estimates);

typedef struct risk_series {
    const double *values;
    size_t count;                /* at most the workspace's capacity */
    const risk_moments *moments; /* not read where no method is by moments */
} risk_series;

/* Whether any method is by moments. */
bool risk_slots_need_moments(const risk_slots *slots);

/* Those that are made of one series alone, of [slots->count]; Monte Carlo is left as it is. */
void risk_estimates_of(const tw_risk_config *config, const risk_slots *slots,
                       const risk_series *series, risk_workspace *workspace,
                       tw_risk_estimate *ret_estimates);

/* ---- What assets add (risk_parts.c) ---------------------------------------------------------- */

/* Sums over the rows that are used, [assets] each; d is the portfolio's return less its mean, times
 * the scale of its moments. */
typedef struct risk_comoments {
    size_t assets;
    double *means;
    double *first;  /* of (x - mean) d */
    double *second; /* of (x - mean) d^2 */
    double *third;  /* of (x - mean) d^3 */
} risk_comoments;

/* `powers` [count][3] of d, and `storage` [4][assets] for the result. */
risk_comoments risk_comoments_of(const risk_lanes *lanes, const risk_rows *rows,
                                 const risk_moments *moments, const double *powers,
                                 double *storage);

/* Where the assets' returns in a scenario come from: rows times factors (NULL: 1), or given. */
typedef struct risk_origin {
    const risk_lanes *lanes;
    risk_rows rows;
    const double *factors;
    const tw_risk_scenarios *given; /* NULL: the rows */
    double *block;                  /* [TW_RISK_SCENARIO_BLOCK][assets], for what is given */
} risk_origin;

/* [assets] each: of one estimate. */
typedef struct risk_marginals {
    double *var;
    double *shortfall;
} risk_marginals;

void risk_marginals_by_moments(const tw_risk_config *config, const risk_comoments *comoments,
                               const risk_moments *moments, const risk_shape *shape,
                               uint32_t horizon, risk_marginals ret_marginals);

void risk_marginals_by_scenarios(const tw_risk_config *config, const risk_origin *origin,
                                 const risk_scenarios *scenarios, double confidence,
                                 risk_workspace *workspace, risk_marginals ret_marginals);

/* weight x marginal, 0 for no weight; what rounding leaves of `whole` goes to the greatest. */
void risk_contributions_of(const double *weights, const double *marginals, size_t assets,
                           double whole, double *ret_contributions);

/* ---- Checks (risk_check.c) ------------------------------------------------------------------- */

/* What sentences call an asset and a row: "C" and "on 2024-01-31", or "asset 2" and "in row 7". */
typedef struct risk_label {
    char text[64];
} risk_label;

risk_label risk_asset_label(const tw_risk_input *input, size_t asset);
risk_label risk_row_label(const tw_risk_input *input, size_t row);

tw_status risk_config_check(const tw_risk_config *config, tw_error *error);
tw_status risk_input_check(const tw_risk_input *input, tw_error *error); /* all but the returns */

/* The first asset of a row that counts and lacks its return, or `assets`. TW_INVALID for what is
 * infinite. */
tw_status risk_row_check(const tw_risk_input *input, size_t row, size_t *ret_missing,
                         tw_error *error);

/* The portfolio's return of a row in which assets of no weight may lack theirs: the bits of a row
 * that has them all. NaN where another one lacks it. `scratch` is [assets]. */
double risk_row_without_gaps(const risk_lanes *lanes, const tw_risk_input *input, size_t row,
                             double *scratch);

#endif
