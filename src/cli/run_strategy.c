/* run_strategy.c - see run_strategy.h. */
#include "run_strategy.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "tradewind/time.h"
#include "zone_file.h"

static const tw_config_option strategy_table[] = {
    {"momentum-top", TW_CONFIG_INTEGER, NULL, "1", "8192", "5",
     "momentum: so many symbols are held, in equal shares", NULL,
     offsetof(run_strategy_options, momentum_top)},
    {"momentum-days", TW_CONFIG_INTEGER, NULL, "1", "5000", "231",
     "momentum: days of the return that they are ranked by", NULL,
     offsetof(run_strategy_options, momentum_days)},
    {"momentum-skip", TW_CONFIG_INTEGER, NULL, "0", "5000", "21",
     "momentum: newest days that are left out of it", NULL,
     offsetof(run_strategy_options, momentum_skip)},
    {"strategy-file", TW_CONFIG_TEXT, "FILE", NULL, NULL, "",
     "a strategy of your own, a shared object (strategy.h); takes the place of --strategy", NULL,
     offsetof(run_strategy_options, file)},
    {"strategy-arg", TW_CONFIG_TEXT, "TEXT", NULL, NULL, "", "what that strategy is told", NULL,
     offsetof(run_strategy_options, argument)},
    {"strategy-budget", TW_CONFIG_DURATION, NULL, "0s", "1m", "10ms",
     "a call of that strategy that takes longer is journaled and counted; 0: none is", NULL,
     offsetof(run_strategy_options, budget_ns)},
    {"rebalance-at", TW_CONFIG_TEXT, "HH:MM,...", NULL, NULL, "",
     "times of day for a decision, at most 16, from Monday to Friday; then --rebalance-every is 0 "
     "unless it is said",
     NULL, offsetof(run_strategy_options, times)},
    {"tz", TW_CONFIG_TEXT, "ZONE", NULL, NULL, "America/New_York",
     "the time zone of these times and of the exchange's days", NULL,
     offsetof(run_strategy_options, zone)},
    {"drift", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "yes",
     "a decision when a position has left its band", NULL, offsetof(run_strategy_options, drift)},
};

tw_arguments_table run_strategy_arguments(const char *heading, run_strategy_options *target) {
    return (tw_arguments_table){
        .heading = heading,
        .section = "strategy",
        .options = strategy_table,
        .count = sizeof strategy_table / sizeof strategy_table[0],
        .target = target,
    };
}

/* ---- what the options say ------------------------------------------------------------------ */

/* The words of --strategy, in the order of its choices. */
static tw_strategy kind_of(const run_options *run, const run_strategy_options *options) {
    static const tw_strategy kinds[] = {TW_STRATEGY_EQUAL, TW_STRATEGY_INVERSE_VOLATILITY,
                                        TW_STRATEGY_RISK_PARITY, TW_STRATEGY_MINIMUM_VARIANCE,
                                        TW_STRATEGY_MOMENTUM};
    if (run->targets[0] != '\0')
        return TW_STRATEGY_TARGETS;
    return options->file[0] != '\0' ? TW_STRATEGY_PORT : kinds[run->strategy];
}

static bool parse_part(tw_slice part, uint64_t most, uint32_t *ret_value) {
    uint64_t value = 0;
    if (part.size != 2 || tw_parse_u64(part, &value) != TW_OK || value > most)
        return false;
    *ret_value = (uint32_t)value;
    return true;
}

static tw_status parse_time(tw_slice text, uint32_t *ret_seconds, tw_error *error) {
    uint32_t hours = 0;
    uint32_t minutes = 0;
    tw_slice rest = text;
    tw_slice hour = tw_slice_split(&rest, ':');
    if (!parse_part(hour, 23, &hours) || !parse_part(rest, 59, &minutes))
        return tw_error_set(error, TW_USAGE,
                            "--rebalance-at: \"%.*s\" is no time of day like 09:35", (int)text.size,
                            text.data);
    *ret_seconds = (hours * 60 + minutes) * 60;
    return TW_OK;
}

static tw_status parse_times(run_strategy *strategy, tw_error *error) {
    tw_slice rest = tw_slice_of(strategy->options->times);
    tw_status status = TW_OK;
    while (status == TW_OK && rest.size > 0) {
        if (strategy->time_count == TW_ENGINE_TIME_COUNT_MAX)
            return tw_error_set(error, TW_USAGE, "--rebalance-at takes at most %d times of day",
                                TW_ENGINE_TIME_COUNT_MAX);
        status = parse_time(tw_slice_trim(tw_slice_split(&rest, ',')),
                            &strategy->times_s[strategy->time_count++], error);
    }
    return status;
}

tw_status run_strategy_prepare(run_strategy *strategy, const run_options *run,
                               const run_strategy_options *options, tw_error *error) {
    *strategy = (run_strategy){.options = options, .kind = kind_of(run, options)};
    if (options->file[0] != '\0' && run->targets[0] != '\0')
        return tw_error_set(error, TW_USAGE,
                            "--targets and --strategy-file both say what to hold: give one");
    if (options->argument[0] != '\0' && options->file[0] == '\0')
        return tw_error_set(error, TW_USAGE, "--strategy-arg is for a --strategy-file");
    long long days = options->momentum_days + options->momentum_skip;
    if (strategy->kind == TW_STRATEGY_MOMENTUM && days > run->history_days)
        return tw_error_set(error, TW_USAGE,
                            "momentum looks back over %lld days, with those that it skips, but "
                            "--risk-days keeps only %lld",
                            days, (long long)run->history_days);
    return parse_times(strategy, error);
}

/* ---- what is opened ------------------------------------------------------------------------ */

static bool needs_days(const run_strategy *strategy) {
    bool looks_back =
        strategy->kind == TW_STRATEGY_RISK_PARITY || strategy->kind == TW_STRATEGY_MOMENTUM ||
        strategy->kind == TW_STRATEGY_MINIMUM_VARIANCE || strategy->kind == TW_STRATEGY_PORT;
    return looks_back || strategy->time_count > 0;
}

static tw_status load(run_strategy *strategy, const tw_symbols *symbols,
                      const tw_engine_config *config, bool repeated, tw_error *error) {
    strategy->name_count = config->symbol_count;
    strategy->names = TW_NEW(NULL, strategy->name_count, const char *);
    if (strategy->names == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for the names of the symbols");
    for (uint32_t s = 0; s < strategy->name_count; s++)
        strategy->names[s] = tw_symbols_name(symbols, s);
    const tw_plugin_config plugin = {
        .path = strategy->options->file,
        .setup = {.symbol_count = config->symbol_count,
                  .symbols = strategy->names,
                  .timeframes_ns = config->timeframes_ns,
                  .timeframe_count = config->timeframe_count,
                  .day_count_max = config->history_days_max + 1,
                  .cash_weight = config->cash_weight,
                  .argument = strategy->options->argument},
        .timed = !repeated,
    };
    return tw_plugin_open(NULL, &plugin, &strategy->plugin, error);
}

static tw_status read_zone(run_strategy *strategy, tw_error *error) {
    tw_error why = {0};
    const char *name = strategy->options->zone;
    tw_status status = zone_file_bytes(name, &strategy->zone_bytes, &strategy->zone_size, error);
    if (status != TW_OK)
        return status;
    tw_slice bytes = {strategy->zone_bytes, strategy->zone_size};
    status = tw_zone_new(NULL, bytes, &strategy->zone, &why);
    return status == TW_OK ? TW_OK
                           : tw_error_set(error, status, "time zone %s: %s", name, why.message);
}

tw_status run_strategy_open(run_strategy *strategy, const tw_symbols *symbols,
                            const tw_engine_config *config, bool repeated, tw_error *error) {
    tw_status status = TW_OK;
    if (needs_days(strategy))
        status = read_zone(strategy, error);
    if (status == TW_OK && strategy->kind == TW_STRATEGY_PORT)
        status = load(strategy, symbols, config, repeated, error);
    return status;
}

void run_strategy_close(run_strategy *strategy) {
    tw_plugin_close(strategy->plugin);
    TW_DELETE(NULL, strategy->names, strategy->name_count, const char *);
    tw_zone_free(strategy->zone);
    free(strategy->zone_bytes);
    *strategy = (run_strategy){0};
}

void run_strategy_apply(const run_strategy *strategy, tw_engine_config *config) {
    const run_strategy_options *options = strategy->options;
    config->strategy = strategy->kind;
    config->momentum = (tw_engine_momentum){.top = (uint32_t)options->momentum_top,
                                            .days = (uint32_t)options->momentum_days,
                                            .skip = (uint32_t)options->momentum_skip};
    memcpy(config->times_s, strategy->times_s, sizeof config->times_s);
    config->time_count = strategy->time_count;
    config->zone = strategy->zone;
    config->drift_ignored = !options->drift;
    config->strategy_budget_ns = options->budget_ns;
    if (strategy->plugin == NULL)
        return;
    config->port = (tw_strategy_port){
        .weigh = tw_plugin_weigh,
        .bar = tw_plugin_wants_bars(strategy->plugin) ? tw_plugin_bar : NULL,
        .context = strategy->plugin,
        .name = tw_plugin_name(strategy->plugin),
    };
}

const char *run_strategy_word(const run_strategy *strategy) {
    return strategy->plugin != NULL ? tw_plugin_name(strategy->plugin)
                                    : tw_strategy_name(strategy->kind);
}
