/*
 * features_priv.h - features as they were asked for, and what is computed for them.
 *
 * A text is a feature: outputs of an indicator, perhaps compared across the symbols. Features of
 * the same indicator with the same parameters share a unit, which is computed once; its targets say
 * which of its outputs go to which matrix of results.
 */
#ifndef TRADEWIND_FEATURES_PRIV_H
#define TRADEWIND_FEATURES_PRIV_H

#include "tradewind/features.h"

#define FEATURES_TILE_WIDTH 64
#define FEATURES_STRAND_COUNT 16

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
    size_t unit;
} feature;

typedef struct feature_target {
    uint32_t output; /* of the unit's indicator */
    size_t result;   /* the matrix of results */
} feature_target;

typedef struct feature_unit {
    tw_indicator_config config;
    uint32_t inputs;
    size_t first; /* of its targets */
    size_t count;
} feature_unit;

typedef struct feature_result {
    char name[TW_FEATURES_NAME_SIZE];
    feature_cross cross;
} feature_result;

/* The caller's allocator up to a sum of bytes. */
typedef struct features_heap {
    tw_allocator inner;
    size_t left;
} features_heap;

struct tw_features {
    features_heap heap;
    tw_allocator allocator; /* over the heap */
    size_t feature_count;
    size_t unit_count;
    size_t result_count;
    size_t columns_max;
    size_t rows_remembered; /* the longest series that the cache takes; 0: without a cache */
    size_t tile_count;      /* of a unit with all columns */
    uint32_t inputs;
    tw_cache *cache;
    tw_batch_way way;
    feature *features;         /* [feature_count] */
    feature_unit *units;       /* [feature_count], of which unit_count are used */
    feature_target *targets;   /* [result_count], by unit */
    feature_result *results;   /* [result_count] */
    tw_indicator **indicators; /* [unit_count][tile_count] */
    uint32_t *missing;         /* [unit_count][columns_max] */
    size_t *missing_counts;    /* [unit_count] */
    double *columns;           /* [FEATURES_STRAND_COUNT][rows_remembered], NULL without a cache */
    double *rank_scratch;      /* NULL unless something is ranked */
    uint64_t unstored[FEATURES_STRAND_COUNT];
    tw_features_figures figures;
};

/* Reads a text; statuses as of tw_features_new. `unit` is left at 0. */
tw_status feature_parse(const char *text, feature *ret_feature, tw_error *error) TW_MUST_CHECK;

/* The name of its output number `index` of output_count. */
void feature_name(const feature *of, size_t index, char ret_name[TW_FEATURES_NAME_SIZE]);

/* What a series is remembered by. */
typedef struct feature_key {
    tw_features_series series;
    tw_features_series benchmark; /* 0 where it is not read */
    uint64_t rows;
    uint64_t sessions; /* a hash of where they begin */
    double parameters[TW_INDICATOR_PARAMETERS_MAX];
    uint32_t kind;
    uint32_t output;
} feature_key;
_Static_assert(sizeof(feature_key) == 16 + 16 + 8 + 8 + 48 + 8, "keys have no gaps");

#endif
