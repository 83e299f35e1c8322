/*
 * run_safety.h - what must be said, and by whom, before a run may trade or send credentials.
 *
 * Play money is the paper venue or an exchange on this machine; every other trading address is
 * taken for a live one, whatever --venue says, and needs --venue live, --i-understand and limits.
 * A configuration file may hold settings, but not the word to go live, no address of a venue and no
 * strategy to load: a file that lies about in the current folder must not be enough.
 */
#ifndef TRADEWIND_CLI_RUN_SAFETY_H
#define TRADEWIND_CLI_RUN_SAFETY_H

#include "arguments.h"
#include "run_options.h"
#include "tradewind/error.h"

/* The configuration tables of `tradewind run`, in their order. */
enum {
    RUN_TABLE = 0,
    LIMITS_TABLE = 1,
    MARKET_TABLE = 2,
    VENUE_TABLE = 3,
    STRATEGY_TABLE = 4,
    RUN_TABLE_COUNT = 5
};

/* TW_LIMIT (exit status 5) for real money that was not asked for in full; TW_USAGE for missing
 * credentials, or credentials in an address; TW_PERMISSION for targets of an account that others
 * could change. */
tw_status run_safety_check(const run_options *options, const run_limits *limits,
                           const venue_options *access, tw_error *error) TW_MUST_CHECK;

/* True of a setting that run_safety_origins does not take from a file. */
bool run_safety_is_typed(const char *section, const char *name, const char *value);

/* False, and a sentence on standard error, when a file says what must be typed. */
bool run_safety_origins(const tw_arguments *arguments, const run_options *options);

#endif
