/*
 * strategies_covariance.c - risk parity and minimum variance.
 *
 *     closes and marks --> symbols with history --> returns --> covariance --> target_weights.h
 *
 * A symbol takes part with returns of at least half of the days there are, of at least DAYS_MIN,
 * and with a price that has moved; only days on which all of these have a return count. The
 * covariance is the sample's, drawn to a constant correlation as far as Ledoit and Wolf (2003)
 * estimate, which keeps it from being singular when there are more symbols than days.
 *
 * With fewer than DAYS_MIN whole days, without a symbol that has history, and when the optimiser
 * refuses (singular all the same, or limits that leave no room) there are no weights, and the
 * sentence says which it was. Equal weights never stand in.
 */
#include <math.h>
#include <string.h>

#include "strategies_priv.h"
#include "tradewind/covariance.h"

enum { DAYS_MIN = 20 };

static bool has_covariance(const tw_engine *engine) {
    return engine->config.strategy == TW_STRATEGY_RISK_PARITY ||
           engine->config.strategy == TW_STRATEGY_MINIMUM_VARIANCE;
}

tw_status strategies_covariance_take(tw_engine *engine) {
    engine_strategies *room = engine->strategies;
    size_t n = engine->config.symbol_count;
    if (!has_covariance(engine))
        return TW_OK;
    room->columns = TW_NEW(engine->allocator, n, uint32_t);
    room->returns = TW_NEW(engine->allocator, engine->past.capacity * n, double);
    room->covariance = TW_NEW(engine->allocator, n * n, double);
    room->upper = TW_NEW(engine->allocator, n, double);
    if (room->columns == NULL || room->returns == NULL || room->covariance == NULL ||
        room->upper == NULL)
        return TW_NO_MEMORY;
    return tw_target_weights_new(engine->allocator, n, &room->optimiser);
}

void strategies_covariance_done(tw_engine *engine) {
    engine_strategies *room = engine->strategies;
    size_t n = engine->config.symbol_count;
    TW_DELETE(engine->allocator, room->columns, n, uint32_t);
    TW_DELETE(engine->allocator, room->returns, engine->past.capacity * n, double);
    TW_DELETE(engine->allocator, room->covariance, n * n, double);
    TW_DELETE(engine->allocator, room->upper, n, double);
    tw_target_weights_free(room->optimiser);
}

/* The return of a symbol into a row of the closes; NaN where either price is missing. */
static double return_at(const tw_engine *engine, size_t row, size_t symbol) {
    size_t n = engine->config.symbol_count;
    const double *closes = engine->past.closes;
    return closes[row * n + symbol] / closes[(row - 1) * n + symbol] - 1.0;
}

static bool has_history(const tw_engine *engine, size_t rows, size_t symbol) {
    size_t count = 0;
    bool moved = false;
    for (size_t row = 1; row < rows; row++) {
        double value = return_at(engine, row, symbol);
        count += isnan(value) ? 0 : 1;
        moved = moved || fabs(value) > 0.0;
    }
    return moved && count >= DAYS_MIN && 2 * count >= rows - 1;
}

static size_t choose_columns(tw_engine *engine, size_t rows) {
    engine_strategies *room = engine->strategies;
    size_t count = 0;
    for (uint32_t s = 0; s < engine->config.symbol_count; s++) {
        room->left_out[s] = !has_history(engine, rows, s);
        if (!room->left_out[s])
            room->columns[count++] = s;
    }
    return count;
}

static tw_status estimate(tw_engine *engine, size_t rows, size_t count, tw_error *error) {
    engine_strategies *room = engine->strategies;
    for (size_t row = 1; row < rows; row++) {
        for (size_t i = 0; i < count; i++)
            room->returns[(row - 1) * count + i] = return_at(engine, row, room->columns[i]);
    }
    tw_covariance_config config;
    tw_covariance_config_init(&config, TW_COVARIANCE_SHRUNK);
    config.target = TW_COVARIANCE_CONSTANT_CORRELATION;
    config.leave_definite = true;
    const tw_covariance_input input = {.returns = room->returns, .rows = rows - 1, .assets = count};
    tw_covariance_report report = {0};
    tw_status status = tw_covariance_estimate(engine->allocator, &config, &input, room->covariance,
                                              &report, error);
    if (status == TW_EMPTY || (status == TW_OK && report.rows_used < DAYS_MIN))
        return tw_error_set(error, TW_EMPTY,
                            "there are fewer than %d days on which all %zu symbols with a history "
                            "have a price: that is too few for a covariance",
                            DAYS_MIN, count);
    return status;
}

/* A band below the largest weight that the controls allow, so that the trades to it may pass. */
static const double *limit(const tw_engine *engine, size_t count) {
    int64_t most_nano = engine->config.controls.limits.position_share_max_nano;
    double most = (double)most_nano / (double)TW_NANO - engine->config.band;
    if (most_nano == 0 || engine->config.strategy != TW_STRATEGY_MINIMUM_VARIANCE)
        return NULL;
    for (size_t i = 0; i < count; i++)
        engine->strategies->upper[i] = fmax(most, 0.0);
    return engine->strategies->upper;
}

tw_status strategies_covariance_weigh(tw_engine *engine, tw_error *error) {
    engine_strategies *room = engine->strategies;
    size_t rows = past_refresh(engine);
    size_t count = choose_columns(engine, rows);
    if (count == 0)
        return tw_error_set(error, TW_EMPTY,
                            "no symbol can be given a target weight: none has returns of %d days, "
                            "and of half of the history",
                            DAYS_MIN);
    tw_status status = estimate(engine, rows, count, error);
    if (status != TW_OK)
        return status;
    tw_target_weights_config config;
    tw_target_weights_config_init(&config);
    config.method = engine->config.strategy == TW_STRATEGY_RISK_PARITY ? TW_TARGET_RISK_PARITY
                                                                       : TW_TARGET_MINIMUM_VARIANCE;
    config.budget = 1.0 - engine->config.cash_weight;
    const tw_target_weights_input input = {
        .covariance = room->covariance, .upper = limit(engine, count), .count = count};
    tw_target_weights_result result;
    status = tw_target_weights_compute(room->optimiser, &config, &input, &result, error);
    if (status == TW_OK && !result.converged)
        return tw_error_set(error, TW_INFEASIBLE, "the weights were not found in %llu steps",
                            (unsigned long long)result.iterations);
    for (size_t i = 0; status == TW_OK && i < count; i++)
        room->raw[room->columns[i]] = fmax(result.weights[i], 0.0);
    return status;
}
