/* gate_figures.c - a plan of 500 positions, and a report of risk. */
#include "gate.h"
#include "tradewind/random.h"
#include "tradewind/rebalance.h"
#include "tradewind/risk.h"

enum { POSITIONS = 500, PLANS = 8, ROWS = 252, ASSETS = 24 };

/* ---- rebalancing ---------------------------------------------------------------------------- */

GATE_PATH(rebalance)
(tw_rebalance *rebalance, const tw_rebalance_config *config,
 const tw_rebalance_position *positions) {
    uint64_t sum = 0;
    for (int i = 0; i < PLANS; i++) {
        tw_rebalance_plan plan;
        tw_error error = {0};
        if (tw_rebalance_compute(rebalance, config, positions, POSITIONS, &plan, &error) != TW_OK)
            require(false, error.message);
        require(plan.feasible, "a feasible plan");
        sum += plan.count;
    }
    return sum;
}

/* Ten units of weight at most against one at least, holdings within 30 % of their targets, and a
 * tenth of all to be withdrawn. Whole numbers only, which every machine rounds alike. */
static void run_rebalance(void) {
    static tw_rebalance_position positions[POSITIONS];
    int64_t units[POSITIONS];
    int64_t total = 0;
    int64_t equity = 0;
    tw_random random;
    tw_random_init(&random, 7, 0);
    for (size_t i = 0; i < POSITIONS; i++)
        total += units[i] = 100 + (int64_t)tw_random_below(&random, 900);
    for (size_t i = 0; i < POSITIONS; i++) {
        tw_rebalance_position *at = &positions[i];
        int64_t cents = 500 + (int64_t)tw_random_below(&random, 49500);
        int64_t percent = 70 + (int64_t)tw_random_below(&random, 61);
        int64_t shares = INT64_C(50000000000) / total * units[i] / 100 * percent / cents;
        *at = (tw_rebalance_position){.price = {cents * (TW_NANO / 100)},
                                      .quantity = {shares * TW_NANO},
                                      .weight_nano = TW_NANO / total * units[i],
                                      .band_nano = TW_NANO / 4,
                                      .band_kind = TW_BAND_RELATIVE,
                                      .lot = {TW_NANO},
                                      .symbol = (tw_symbol)i};
        equity += shares * at->price.nano;
    }
    tw_rebalance_config config;
    tw_rebalance_config_init(&config);
    config.cash_min.nano = equity / 10;
    config.cash_max.nano = equity / 10 + equity / 200;
    tw_rebalance *rebalance = NULL;
    require(tw_rebalance_new(NULL, POSITIONS, &rebalance) == TW_OK, "tw_rebalance_new");
    GATE_RUN(rebalance, PLANS, rebalance, &config, positions);
    tw_rebalance_free(rebalance);
}

/* ---- risk ----------------------------------------------------------------------------------- */

GATE_PATH(risk)(tw_risk *risk, const tw_risk_config *config, const tw_risk_input *input) {
    tw_risk_report report;
    require(tw_risk_compute(risk, config, input, &report, NULL) == TW_OK, "tw_risk_compute");
    return report.estimate_count;
}

static void run_risk(void) {
    static double returns[ROWS * ASSETS];
    static double weights[ASSETS];
    tw_risk_config config;
    tw_risk *risk = NULL;
    tw_random random;
    tw_random_init(&random, 8, 0);
    for (size_t i = 0; i < ROWS * ASSETS; i++)
        returns[i] = 0.04 * (tw_random_uniform(&random) - 0.495);
    for (size_t i = 0; i < ASSETS; i++)
        weights[i] = 1.0 / ASSETS;
    tw_risk_config_init(&config);
    config.covariance = true;
    config.level = GATE_LEVEL;
    const tw_risk_input input = {
        .returns = returns, .weights = weights, .observations = ROWS, .assets = ASSETS};
    const tw_risk_maxima maxima = tw_risk_maxima_of(&config, ROWS, ASSETS);
    require(tw_risk_new(NULL, &maxima, &risk) == TW_OK, "tw_risk_new");
    GATE_RUN(risk, 1, risk, &config, &input);
    tw_risk_free(risk);
}

void gate_figures(void) {
    run_rebalance();
    run_risk();
}
