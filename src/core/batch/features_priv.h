/*
 * features_priv.h - a feature as it was asked for.
 */
#ifndef TRADEWIND_FEATURES_PRIV_H
#define TRADEWIND_FEATURES_PRIV_H

#include "tradewind/features.h"

typedef enum feature_cross {
    FEATURE_SERIES,
    FEATURE_CROSS_RANK,
    FEATURE_CROSS_PERCENTILE,
    FEATURE_CROSS_ZSCORE
} feature_cross;

typedef struct feature {
    tw_indicator_config config;
    feature_cross cross;
    uint32_t outputs[TW_INDICATOR_OUTPUTS_MAX]; /* of the indicator, those that are wanted */
    uint32_t output_count;
    char base[TW_FEATURES_TEXT_SIZE_MAX]; /* of the names of its outputs */
    size_t first;                         /* its first output among those of all features */
} feature;

/* Reads a text; statuses as of tw_features_new. `first` is left at 0. */
tw_status feature_parse(const char *text, feature *ret_feature, tw_error *error) TW_MUST_CHECK;

/* The name of its output number `index` of output_count. */
void feature_name(const feature *of, size_t index, char ret_name[TW_FEATURES_NAME_SIZE]);

#endif
