/*
 * batch_options.h - the settings of `tradewind batch`.
 */
#ifndef TRADEWIND_CLI_BATCH_OPTIONS_H
#define TRADEWIND_CLI_BATCH_OPTIONS_H

#include "arguments.h"

typedef struct batch_options {
    char features[TW_CONFIG_TEXT_SIZE];
    char timeframe[TW_CONFIG_TEXT_SIZE];
    char benchmark[TW_CONFIG_TEXT_SIZE];
    char splits[TW_CONFIG_TEXT_SIZE];
    char plot[TW_CONFIG_TEXT_SIZE];
    char symbol[TW_CONFIG_TEXT_SIZE];
    char out[TW_CONFIG_TEXT_SIZE];
    char skip_bad[TW_CONFIG_TEXT_SIZE];
    double spikes;
    int64_t fill;
    int64_t threads;
    int calendar;
    bool latest;
    bool json;
} batch_options;

extern const tw_config_option batch_option_table[];
extern const size_t batch_option_count;

/* Whether rows go there. */
bool batch_to_standard_output(const batch_options *options);

/* TW_USAGE for options and files that do not go together. */
tw_status batch_options_check(const batch_options *options, const tw_arguments *arguments,
                              tw_error *error) TW_MUST_CHECK;

#endif
