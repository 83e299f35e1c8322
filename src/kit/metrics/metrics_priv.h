/* metrics_priv.h - the registry, as its files share it. See metrics.c for the idea. */
#ifndef TRADEWIND_METRICS_PRIV_H
#define TRADEWIND_METRICS_PRIV_H

#include "tradewind/metrics.h"

#include <stdatomic.h>

#define SHARD_ALIGNMENT 128
#define BUCKET_FIRST_DEFAULT 7
#define BUCKET_LAST_DEFAULT 36
#define BUCKET_LAST_MAX 41
#define OVERFLOW_FAMILY_NAME "tradewind_metrics_overflow"
#define OTHER_VALUE "other"

struct series {
    char values[TW_METRICS_LABEL_MAX][TW_METRICS_LABEL_VALUE_SIZE];
};

struct family {
    char name[TW_METRICS_NAME_SIZE];
    char help[TW_METRICS_HELP_SIZE];
    char unit[TW_METRICS_UNIT_SIZE];
    char labels[TW_METRICS_LABEL_MAX][TW_METRICS_LABEL_NAME_SIZE];
    uint32_t label_count;
    tw_metrics_kind kind;
    tw_metrics_merge merge;
    uint8_t bucket_first;
    uint8_t bucket_last;
    uint8_t bucket_step;
    uint32_t series_max;           /* without "other" */
    uint32_t first_cell;           /* of its series_max, then that of "other" if it has labels */
    struct series *series;         /* series_max of them; those of `series_count` are fixed */
    _Atomic uint32_t series_count; /* grows with release once the label values are written */
    _Atomic uint64_t overflow_count;
    atomic_bool other_used;
};

struct tw_metrics_shard {
    _Alignas(SHARD_ALIGNMENT) atomic_bool leased;
    uint32_t cell_count;
    uint32_t histogram_count;
    uint64_t *cells;
    tw_histogram *histograms;
};

struct tw_metrics {
    tw_metrics_config config;
    const tw_allocator *allocator;
    uint32_t family_count;
    uint32_t cell_used;
    uint32_t histogram_used;
    uint32_t cell_stride; /* cells of a shard, rounded up to whole line pairs */
    struct family *families;
    struct series *series; /* one a cell, then one a histogram */
    tw_metrics_shard *shards;
    uint64_t *cells;
    tw_histogram *histograms;
    const tw_histogram *_Atomic *attached; /* of each histogram cell, or NULL */
    atomic_flag growing;                   /* the spin lock: held while a series is made */
};

/* Bytes that are UTF-8 without NUL. */
bool metrics_text_is_valid(tw_slice text);

/* A gauge made of what the shards hold in a cell; NaN when none has set it. */
double metrics_merge_gauge(const tw_metrics *metrics, uint32_t cell, tw_metrics_merge merge);

#endif
