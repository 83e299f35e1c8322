/*
 * risk_options.h - the settings of `tradewind risk`.
 */
#ifndef TRADEWIND_CLI_RISK_OPTIONS_H
#define TRADEWIND_CLI_RISK_OPTIONS_H

#include "arguments.h"
#include "tradewind/risk.h"

typedef struct risk_options {
    char returns[TW_CONFIG_TEXT_SIZE];
    char prices[TW_CONFIG_TEXT_SIZE];
    char weights[TW_CONFIG_TEXT_SIZE];
    char positions[TW_CONFIG_TEXT_SIZE];
    char benchmark[TW_CONFIG_TEXT_SIZE];
    char confidence[TW_CONFIG_TEXT_SIZE];
    char risk_free[TW_CONFIG_TEXT_SIZE];
    char minimum[TW_CONFIG_TEXT_SIZE];
    char factors[TW_CONFIG_TEXT_SIZE];
    char shocks[TW_CONFIG_TEXT_SIZE];
    char plot[TW_CONFIG_TEXT_SIZE];
    double periods;
    double degrees;
    int64_t cash_nano;
    int64_t from_ns;
    int64_t to_ns;
    int64_t fill;
    int64_t horizon;
    int64_t backtest;
    int64_t rolling;
    int64_t paths;
    int64_t seed;
    int64_t threads;
    int missing;
    int distribution;
    bool stress;
    bool json;
} risk_options;

extern const tw_config_option risk_option_table[];
extern const size_t risk_option_count;

/* Fills the figures of a computation from the options. TW_USAGE with the option that is wrong. */
tw_status risk_options_config(const risk_options *options, tw_risk_config *ret_config,
                              tw_error *error) TW_MUST_CHECK;

/* TW_USAGE for options and files that do not go together. */
tw_status risk_options_check(const risk_options *options, tw_error *error) TW_MUST_CHECK;

#endif
