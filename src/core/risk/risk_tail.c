/*
 * risk_tail.c - value at risk and expected shortfall from scenarios, whatever made these.
 *
 * Only the worst are put in order: as many as the most cautious figure looks at. A value at risk
 * lies between two neighbours of them; a shortfall is its threshold less the mean distance below
 * it, so that equal scenarios have exactly themselves as their shortfall.
 *
 * Invariants of risk_scenarios:
 * 1. tail[r] = values[worst[r]] ascends, ties by place, and what is not in it is above all of it.
 * 2. every rank that a figure of the config reads is below tail_count.
 */
#include "risk_priv.h"
#include "risk_select.h"

#include <float.h>
#include <string.h>

/* ---- Memory -------------------------------------------------------------------------------- */

#define VALUE_ARRAYS(X) X(filtered) X(factors) X(spans) X(tail) X(scratch) X(shares)
#define INDEX_ARRAYS(X) X(worst) X(indices) X(order)

bool risk_workspace_init(risk_workspace *workspace, const tw_allocator *allocator,
                         size_t capacity) {
    bool have = true;
    workspace->capacity = capacity;
#define TAKE(name)                                         \
    workspace->name = TW_NEW(allocator, capacity, double); \
    have = have && workspace->name != NULL;
    VALUE_ARRAYS(TAKE)
#undef TAKE
#define TAKE(name)                                         \
    workspace->name = TW_NEW(allocator, capacity, size_t); \
    have = have && workspace->name != NULL;
    INDEX_ARRAYS(TAKE)
#undef TAKE
    return have;
}

void risk_workspace_done(risk_workspace *workspace, const tw_allocator *allocator) {
    size_t capacity = workspace->capacity;
#define GIVE(name) TW_DELETE(allocator, workspace->name, capacity, double);
    VALUE_ARRAYS(GIVE)
#undef GIVE
#define GIVE(name) TW_DELETE(allocator, workspace->name, capacity, size_t);
    INDEX_ARRAYS(GIVE)
#undef GIVE
    memset(workspace, 0, sizeof *workspace);
}

/* ---- Ranks --------------------------------------------------------------------------------- */

/* The probabilities a standard error of theirs below and above: false when one is none. */
static bool error_bounds(size_t count, double probability, double *ret_below, double *ret_above) {
    double error = sqrt(probability * (1 - probability) / (double)count);
    *ret_below = probability - error;
    *ret_above = probability + error;
    return *ret_below > 0 && *ret_above < 1;
}

static tw_quantile_place place_of(const tw_risk_config *config, size_t count, double probability) {
    return tw_quantile_place_of((tw_quantile_kind)config->quantile, count, probability);
}

static double value_at(const double *sorted, tw_quantile_place place) {
    return tw_quantile_between(place, sorted[place.low], sorted[place.high]);
}

static size_t greater(size_t a, size_t b) {
    return a > b ? a : b;
}

/* The last rank that any figure of the config reads (invariant 2). */
static size_t last_rank(const tw_risk_config *config, size_t count) {
    size_t last = 0;
    for (uint32_t c = 0; c < config->confidence_count; c++) {
        double probability = 1 - config->confidences[c];
        double below;
        double above;
        size_t reach = tw_tail_reach_of(TW_SHORTFALL_CONTINUOUS, count, probability).whole;
        last = greater(last, place_of(config, count, probability).high);
        last = greater(last, reach < count ? reach : count - 1);
        if (error_bounds(count, probability, &below, &above))
            last = greater(last, place_of(config, count, above).high);
    }
    return last;
}

/* ---- Scenarios ----------------------------------------------------------------------------- */

/* Establishes invariants 1 and 2. */
static void find_tail(const tw_risk_config *config, risk_scenarios *scenarios,
                      risk_workspace *workspace) {
    size_t count = scenarios->count;
    scenarios->tail = workspace->tail;
    scenarios->worst = workspace->worst;
    if (count == 0)
        return;
    double limit =
        risk_select_at(scenarios->values, count, last_rank(config, count), workspace->scratch).at;
    size_t found = 0;
    for (size_t k = 0; k < count; k++) {
        workspace->indices[found] = k;
        workspace->scratch[found] = scenarios->values[k];
        found += scenarios->values[k] <= limit ? 1 : 0;
    }
    risk_select_order(workspace->scratch, found, workspace->worst, workspace->order);
    for (size_t r = 0; r < found; r++) {
        size_t at = workspace->worst[r];
        workspace->tail[r] = workspace->scratch[at];
        workspace->worst[r] = workspace->indices[at];
    }
    scenarios->tail_count = found;
}

risk_scenarios risk_scenarios_of(const tw_risk_config *config, const double *series, size_t count,
                                 uint32_t horizon, risk_workspace *workspace) {
    TW_ASSERT(count <= workspace->capacity && horizon > 0);
    risk_scenarios scenarios = {.values = series, .horizon = horizon, .step = 1};
    bool apart = config->spans == TW_RISK_SPANS_APART;
    if (apart) {
        scenarios.step = horizon;
        scenarios.count = count / horizon;
        scenarios.first = count % horizon;
    } else {
        scenarios.count = count >= horizon ? count - horizon + 1 : 0;
    }
    scenarios.independent = apart || horizon == 1;
    if (horizon > 1) {
        for (size_t k = 0; k < scenarios.count; k++) {
            const double *span = series + scenarios.first + k * scenarios.step;
            double total = 0;
            for (uint32_t j = 0; j < horizon; j++)
                total += span[j];
            workspace->spans[k] = total;
        }
        scenarios.values = workspace->spans;
    }
    find_tail(config, &scenarios, workspace);
    return scenarios;
}

risk_scenarios risk_scenarios_given(const tw_risk_config *config, const tw_risk_scenarios *given,
                                    risk_workspace *workspace) {
    TW_ASSERT(given->count <= workspace->capacity);
    risk_scenarios scenarios = {.values = given->values,
                                .count = given->count,
                                .horizon = 1, /* each is one scenario, whatever it spans */
                                .step = 1,
                                .independent = true};
    find_tail(config, &scenarios, workspace);
    return scenarios;
}

/* ---- Figures ------------------------------------------------------------------------------- */

tw_tail_reach risk_reach_of(const tw_risk_config *config, const risk_scenarios *scenarios,
                            double confidence) {
    if (config->shortfall != TW_SHORTFALL_BEYOND)
        return tw_tail_reach_of((tw_shortfall_kind)config->shortfall, scenarios->count,
                                1 - confidence);
    tw_quantile_place place = place_of(config, scenarios->count, 1 - confidence);
    double quantile = value_at(scenarios->tail, place);
    size_t whole = place.low;
    while (whole < scenarios->tail_count && scenarios->tail[whole] <= quantile)
        whole++;
    TW_ASSERT(whole > 0); /* the quantile is a number: returns have a limit */
    return (tw_tail_reach){whole, 0};
}

static double shortfall_of(const risk_scenarios *scenarios, tw_tail_reach reach) {
    size_t last = reach.part > 0 ? reach.whole : reach.whole - 1;
    double threshold = scenarios->tail[last];
    careful_sum below = {0};
    for (size_t r = 0; r < reach.whole; r++)
        careful_add(&below, threshold - scenarios->tail[r]);
    return -threshold + careful_value(&below) / ((double)reach.whole + reach.part);
}

static double value_error_of(const tw_risk_config *config, const risk_scenarios *scenarios,
                             double probability) {
    double below;
    double above;
    if (!error_bounds(scenarios->count, probability, &below, &above))
        return NAN;
    tw_quantile_place low = place_of(config, scenarios->count, below);
    tw_quantile_place high = place_of(config, scenarios->count, above);
    return (value_at(scenarios->tail, high) - value_at(scenarios->tail, low)) / 2;
}

/* The shortfall is -q + mean((q - x)+) / p about the quantile q: the deviation of that mean. */
static double shortfall_error_of(const risk_scenarios *scenarios, double quantile,
                                 double probability) {
    double n = (double)scenarios->count;
    if (n < 2)
        return NAN;
    careful_sum first = {0};
    careful_sum second = {0};
    for (size_t r = 0; r < scenarios->tail_count && scenarios->tail[r] < quantile; r++) {
        double below = quantile - scenarios->tail[r];
        careful_add(&first, below);
        careful_add(&second, below * below);
    }
    double mean = careful_value(&first) / n;
    double variance = (careful_value(&second) - n * mean * mean) / (n - 1);
    return sqrt(fmax(variance, 0) / n) / probability;
}

tw_risk_estimate risk_scenarios_estimate(const tw_risk_config *config,
                                         const risk_scenarios *scenarios, double confidence) {
    tw_risk_estimate estimate = {.value = NAN,
                                 .expected_shortfall = NAN,
                                 .value_error = NAN,
                                 .shortfall_error = NAN,
                                 .scenarios = scenarios->count,
                                 .valid = scenarios->count > 0};
    if (scenarios->count == 0)
        return estimate;
    double probability = 1 - confidence;
    tw_quantile_place place = place_of(config, scenarios->count, probability);
    double quantile = value_at(scenarios->tail, place);
    estimate.value = -quantile;
    estimate.expected_shortfall =
        shortfall_of(scenarios, risk_reach_of(config, scenarios, confidence));
    if (scenarios->independent) {
        estimate.value_error = value_error_of(config, scenarios, probability);
        estimate.shortfall_error = shortfall_error_of(scenarios, quantile, probability);
    }
    return estimate;
}
