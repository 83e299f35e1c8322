/*
 * run_limits.h - the limits of `tradewind run`: options, and the controls they set.
 */
#ifndef TRADEWIND_CLI_RUN_LIMITS_H
#define TRADEWIND_CLI_RUN_LIMITS_H

#include "arguments.h"
#include "run_options.h"
#include "tradewind/pretrade.h"

/* The options of the limits for a command's list of tables; `target` is borrowed. */
tw_arguments_table run_limits_arguments(const char *heading, run_limits *target);

/* The controls of an engine: these limits, and the collar, --max-order and --max-weight. */
void run_limits_apply(const run_options *options, const run_limits *limits,
                      tw_pretrade_config *ret_controls);

#endif
