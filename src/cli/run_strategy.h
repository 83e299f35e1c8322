/*
 * run_strategy.h - where the targets of `tradewind run` come from and when they are looked at:
 * options, the strategy out of a file, the exchange's time zone.
 */
#ifndef TRADEWIND_CLI_RUN_STRATEGY_H
#define TRADEWIND_CLI_RUN_STRATEGY_H

#include "arguments.h"
#include "run_options.h"
#include "tradewind/engine.h"
#include "tradewind/plugin.h"

typedef struct run_strategy_options {
    int64_t momentum_top;
    int64_t momentum_days;
    int64_t momentum_skip;
    char file[TW_CONFIG_TEXT_SIZE]; /* of the user's own strategy; empty: none */
    char argument[TW_CONFIG_TEXT_SIZE];
    int64_t budget_ns;
    char times[TW_CONFIG_TEXT_SIZE]; /* "09:35,15:50"; empty: none */
    char zone[TW_CONFIG_TEXT_SIZE];
    bool drift;
} run_strategy_options;

/* What a run holds of it. Zeroed, it is nothing. */
typedef struct run_strategy {
    const run_strategy_options *options;
    tw_strategy kind;
    uint32_t times_s[TW_ENGINE_TIME_COUNT_MAX];
    uint32_t time_count;
    tw_zone *zone;    /* NULL: nobody asks for days */
    char *zone_bytes; /* that it was made from, for the recording */
    size_t zone_size;
    const char **names;
    uint32_t name_count;
    tw_plugin *plugin; /* NULL: none */
} run_strategy;

/* The options for a command's list of tables; `target` is borrowed. */
tw_arguments_table run_strategy_arguments(const char *heading, run_strategy_options *target);

/* What the options say; nothing is opened yet. TW_USAGE with the option at fault. */
tw_status run_strategy_prepare(run_strategy *strategy, const run_options *run,
                               const run_strategy_options *options, tw_error *error) TW_MUST_CHECK;

/* Reads the zone and loads the user's own strategy, for the symbols of a run. `config` has all but
 * the strategy; that is filled in. A run that is `repeated` (stepped) times no call. Close it in
 * any case, after the engine. */
tw_status run_strategy_open(run_strategy *strategy, const tw_symbols *symbols,
                            const tw_engine_config *config, bool repeated,
                            tw_error *error) TW_MUST_CHECK;
void run_strategy_close(run_strategy *strategy);

/* Fills in the strategy, its port and the schedule. */
void run_strategy_apply(const run_strategy *strategy, tw_engine_config *config);

/* As the store and the report call it. */
const char *run_strategy_word(const run_strategy *strategy);

#endif
