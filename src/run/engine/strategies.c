/*
 * strategies.c - where target weights come from.
 *
 *     equal, inverse volatility   figures that decision.c keeps
 *     targets                     given, taken as they are
 *     risk parity, min variance   strategies_covariance.c
 *     momentum                    here: closes, ranked by their return
 *     port                        strategies_port.c: the user's own
 *
 * Each fills raw[symbol_count] with what each symbol should have, of any sum (`given`: as they are,
 * of a sum of at most 1), or says why it cannot. Then nothing changes: the old targets stand, and
 * that is journaled; a built-in strategy that has none yet ends the run, and the user's own waits.
 *
 * On drift nothing is computed anew: what has drifted goes back to the targets that stand.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fnv.h"
#include "strategies_priv.h"

static const uint32_t NAMES_MAX = 16; /* of symbols that are told to have no history */

const char *tw_strategy_name(tw_strategy strategy) {
    static const char *const names[] = {
        "equal", "inverse-volatility", "targets", "risk-parity", "min-variance", "momentum", "own"};
    size_t index = (size_t)strategy;
    return index < sizeof names / sizeof names[0] ? names[index] : "?";
}

/* ---- life ---------------------------------------------------------------------------------- */

static tw_status check_momentum(const tw_engine_config *config, tw_error *error) {
    const tw_engine_momentum *momentum = &config->momentum;
    if (momentum->top == 0 || momentum->days == 0)
        return tw_error_set(error, TW_INVALID, "momentum needs at least one symbol and one day");
    if ((uint64_t)momentum->days + momentum->skip > config->history_days_max)
        return tw_error_set(error, TW_INVALID,
                            "momentum looks back over %u days and %u that it skips, but only %u "
                            "days of history are kept",
                            momentum->days, momentum->skip, config->history_days_max);
    return TW_OK;
}

tw_status strategies_check(const tw_engine_config *config, tw_error *error) {
    switch (config->strategy) {
    case TW_STRATEGY_TARGETS:
        if (config->target_weights == NULL)
            return tw_error_set(error, TW_INVALID, "the strategy needs target weights");
        break;
    case TW_STRATEGY_MOMENTUM:
        return check_momentum(config, error);
    case TW_STRATEGY_RISK_PARITY:
    case TW_STRATEGY_MINIMUM_VARIANCE:
        if (config->symbol_count > TW_ENGINE_COVARIANCE_COUNT_MAX)
            return tw_error_set(error, TW_INVALID, "%s takes at most %d symbols, not %u",
                                tw_strategy_name(config->strategy), TW_ENGINE_COVARIANCE_COUNT_MAX,
                                config->symbol_count);
        break;
    case TW_STRATEGY_PORT:
        if (config->port.weigh == NULL || config->port.name == NULL)
            return tw_error_set(error, TW_INVALID, "there is no strategy behind the port");
        break;
    case TW_STRATEGY_EQUAL:
    case TW_STRATEGY_INVERSE_VOLATILITY:
        break;
    }
    return TW_OK;
}

tw_status strategies_take(tw_engine *engine) {
    uint32_t n = engine->config.symbol_count;
    engine_strategies *room = TW_NEW(engine->allocator, 1, engine_strategies);
    if (room == NULL)
        return TW_NO_MEMORY;
    engine->strategies = room;
    room->raw = TW_NEW(engine->allocator, n, double);
    room->left_out = TW_NEW(engine->allocator, n, bool);
    room->ranks = TW_NEW(engine->allocator, n, strategy_rank);
    if (room->raw == NULL || room->left_out == NULL || room->ranks == NULL)
        return TW_NO_MEMORY;
    tw_status status = past_take(engine);
    if (status == TW_OK)
        status = strategies_covariance_take(engine);
    return status == TW_OK ? strategies_port_take(engine) : status;
}

void strategies_done(tw_engine *engine) {
    engine_strategies *room = engine->strategies;
    uint32_t n = engine->config.symbol_count;
    past_done(engine);
    if (room == NULL)
        return;
    strategies_covariance_done(engine);
    strategies_port_done(engine);
    TW_DELETE(engine->allocator, room->raw, n, double);
    TW_DELETE(engine->allocator, room->left_out, n, bool);
    TW_DELETE(engine->allocator, room->ranks, n, strategy_rank);
    TW_DELETE(engine->allocator, room, 1, engine_strategies);
}

/* ---- what is told -------------------------------------------------------------------------- */

/* Symbols without a weight because their history is too short: once a run. */
static void tell_short(tw_engine *engine) {
    engine_strategies *room = engine->strategies;
    char memory[TW_JOURNAL_PAYLOAD_SIZE - 64];
    tw_text names = tw_text_over(memory, sizeof memory);
    uint32_t count = 0;
    for (uint32_t s = 0; s < engine->config.symbol_count; s++) {
        if (!room->left_out[s])
            continue;
        if (count < NAMES_MAX) {
            tw_text_append_string(&names, count == 0 ? "" : ",");
            tw_text_append_json(&names, tw_slice_of(tw_symbols_name(engine->names, s)));
        }
        count++;
    }
    if (count == 0 || room->short_told)
        return;
    room->short_told = true;
    record_journal(engine, "strategy", "{\"short_history\":%u,\"symbols\":[%s]%s}", count,
                   names.truncated ? "" : memory,
                   names.truncated || count > NAMES_MAX ? ",\"cut\":true" : "");
}

void strategies_record(const tw_engine *engine, tw_text *text) {
    const tw_engine_config *config = &engine->config;
    if (config->strategy == TW_STRATEGY_PORT)
        tw_text_append_format(text, ",\"own\":\"%s\"", config->port.name);
    if (config->strategy == TW_STRATEGY_MOMENTUM)
        tw_text_append_format(text, ",\"momentum\":[%u,%u,%u]", config->momentum.top,
                              config->momentum.days, config->momentum.skip);
    for (uint32_t i = 0; i < config->time_count; i++)
        tw_text_append_format(text, "%s\"%02u:%02u\"%s", i == 0 ? ",\"times\":[" : ",",
                              config->times_s[i] / 3600, config->times_s[i] / 60 % 60,
                              i + 1 == config->time_count ? "]" : "");
    if (config->drift_ignored)
        tw_text_append_string(text, ",\"drift\":false");
}

static void tell_refused(tw_engine *engine, const tw_error *why) {
    char memory[640];
    tw_text reason = tw_text_over(memory, sizeof memory);
    tw_text_append_json(&reason, tw_slice_of(why->message));
    engine->report.strategy_refused++;
    record_journal(engine, "strategy", "{\"refused\":%s,\"targets\":\"%s\"}",
                   reason.truncated ? "\"\"" : memory, engine->targeted ? "kept" : "none");
}

/* ---- the simple ones ----------------------------------------------------------------------- */

static void weigh_equal(tw_engine *engine) {
    for (uint32_t s = 0; s < engine->config.symbol_count; s++)
        engine->strategies->raw[s] = 1.0;
}

static void weigh_given(tw_engine *engine) {
    memcpy(engine->strategies->raw, engine->config.target_weights,
           engine->config.symbol_count * sizeof(double));
}

static void weigh_inverse(tw_engine *engine) {
    engine_strategies *room = engine->strategies;
    for (uint32_t s = 0; s < engine->config.symbol_count; s++) {
        double volatility = engine->volatilities[s];
        room->raw[s] = volatility > 0.0 ? 1.0 / volatility : 0.0;
        room->left_out[s] = isnan(volatility);
    }
}

static int compare_ranks(const void *a, const void *b) {
    const strategy_rank *x = a;
    const strategy_rank *y = b;
    if (x->value > y->value || x->value < y->value)
        return x->value > y->value ? -1 : 1;
    return (x->symbol > y->symbol) - (x->symbol < y->symbol);
}

/* The greatest returns from `skip + days` rows ago until `skip` rows ago; the row of now is none
 * ago. Ties go to the symbol that was named first. */
static void weigh_momentum(tw_engine *engine) {
    const tw_engine_momentum *momentum = &engine->config.momentum;
    engine_strategies *room = engine->strategies;
    size_t n = engine->config.symbol_count;
    size_t rows = past_refresh(engine);
    size_t back = (size_t)momentum->skip + momentum->days;
    uint32_t known = 0;
    for (uint32_t s = 0; s < n; s++) {
        double end = NAN;
        double begin = NAN;
        if (rows > back) {
            end = engine->past.closes[(rows - 1 - momentum->skip) * n + s];
            begin = engine->past.closes[(rows - 1 - back) * n + s];
        }
        room->left_out[s] = !(end > 0.0 && begin > 0.0);
        if (!room->left_out[s])
            room->ranks[known++] = (strategy_rank){.value = end / begin, .symbol = s};
    }
    qsort(room->ranks, known, sizeof *room->ranks, compare_ranks);
    for (uint32_t i = 0; i < known && i < momentum->top; i++)
        room->raw[room->ranks[i].symbol] = 1.0;
}

/* ---- targets ------------------------------------------------------------------------------- */

static tw_status weigh(tw_engine *engine, bool *ret_keep, tw_error *error) {
    switch (engine->config.strategy) {
    case TW_STRATEGY_EQUAL:
        weigh_equal(engine);
        break;
    case TW_STRATEGY_INVERSE_VOLATILITY:
        weigh_inverse(engine);
        break;
    case TW_STRATEGY_TARGETS:
        weigh_given(engine);
        break;
    case TW_STRATEGY_MOMENTUM:
        weigh_momentum(engine);
        break;
    case TW_STRATEGY_RISK_PARITY:
    case TW_STRATEGY_MINIMUM_VARIANCE:
        return strategies_covariance_weigh(engine, error);
    case TW_STRATEGY_PORT:
        return strategies_port_weigh(engine, ret_keep, error);
    }
    return TW_OK;
}

/* Weights that are somebody's word, and not computed from the market. */
static bool are_given(const tw_engine *engine) {
    return engine->config.strategy == TW_STRATEGY_TARGETS ||
           engine->config.strategy == TW_STRATEGY_PORT;
}

/* What was wanted: the strategy's word and every symbol's name, and each target when it is given,
 * else the settings that it is computed with. What is computed changes with every price, and stands
 * in a run until the next decision: so it does over a restart. */
static uint64_t fingerprint_of(const tw_engine *engine) {
    const tw_engine_config *config = &engine->config;
    const tw_engine_momentum *momentum = &config->momentum;
    const char *word = tw_strategy_name(config->strategy);
    uint64_t hash = fnv_bytes(FNV_BASIS, word, strlen(word) + 1);
    for (tw_symbol s = 0; s < config->symbol_count; s++) {
        const char *name = tw_symbols_name(engine->names, s);
        hash = fnv_bytes(hash, name, strlen(name) + 1);
        if (are_given(engine))
            hash = fnv_bytes(hash, &engine->symbols[s].target_nano, sizeof(int64_t));
    }
    if (are_given(engine))
        return hash;
    int64_t settings[] = {llround(config->cash_weight * (double)TW_NANO), config->history_days_max,
                          momentum->top, momentum->days, momentum->skip};
    size_t count = config->strategy == TW_STRATEGY_MOMENTUM ? 5 : 2;
    return fnv_bytes(hash, settings, count * sizeof settings[0]);
}

/* Given weights are taken as they are; the others share what is not kept in cash. */
static tw_status set_targets(tw_engine *engine, tw_error *error) {
    const double *raw = engine->strategies->raw;
    uint32_t n = engine->config.symbol_count;
    double total = 0.0;
    for (uint32_t s = 0; s < n; s++)
        total += raw[s];
    if (!(total > 0.0) && engine->config.strategy != TW_STRATEGY_PORT)
        return tw_error_set(error, TW_INFEASIBLE,
                            "no symbol can be given a target weight: there is no history to "
                            "measure %s by",
                            engine->config.strategy == TW_STRATEGY_MOMENTUM ? "their returns"
                                                                            : "their volatility");
    engine->target_total = 0.0;
    double scale = are_given(engine) ? 1.0 : (1.0 - engine->config.cash_weight) / total;
    for (uint32_t s = 0; s < n; s++) {
        engine_symbol *state = &engine->symbols[s];
        state->target_nano = llround(raw[s] * scale * (double)TW_NANO);
        state->target = (double)state->target_nano / (double)TW_NANO;
        engine->weights[s] = state->target;
        engine->target_total += state->target;
    }
    engine->targeted = true;
    engine->targets_fresh = true;
    engine->fingerprint = fingerprint_of(engine);
    return TW_OK;
}

static void ask(tw_engine *engine) {
    engine_strategies *room = engine->strategies;
    uint32_t n = engine->config.symbol_count;
    tw_error error = {0};
    bool keep = false;
    memset(room->raw, 0, n * sizeof *room->raw);
    memset(room->left_out, 0, n * sizeof *room->left_out);
    engine->asked = true;
    engine->signalled = false;
    tw_status status = weigh(engine, &keep, &error);
    if (status == TW_OK && !keep)
        status = set_targets(engine, &error);
    if (status == TW_OK) {
        tell_short(engine);
        return;
    }
    tell_refused(engine, &error);
    if (!engine->targeted && engine->config.strategy != TW_STRATEGY_PORT)
        engine_fail(engine, TW_INFEASIBLE, "%s", error.message);
}

bool strategies_aim(tw_engine *engine, const char *cause) {
    if (!engine->targeted || strcmp(cause, "drift") != 0)
        ask(engine);
    return engine->targeted;
}
