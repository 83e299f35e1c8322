/*
 * features.h - named features of many symbols' bars at once: what a model or a screen reads.
 *
 *     const char *const texts[] = {"log_return", "rsi(14)", "macd.histogram",
 *                                  "correlation(60, returns=simple)", "cross_rank(roc(20))"};
 *     tw_features_config config = {.texts = texts, .count = 5, .columns_max = 500,
 *                                  .rows_max = 2520, .runner = tw_workers_runner(workers)};
 *     TW_AUTO(tw_features) *features = NULL;
 *     tw_status status = tw_features_new(NULL, &config, &features, &error);
 *     ...
 *     status = tw_features_run(features, &panel, values);
 *
 * A text is
 *
 *     feature = series | cross "(" series ")"
 *     series  = indicator [ "." output ]        as in tw_indicator_parse; without an output all
 *     cross   = "cross_rank" | "cross_percentile" | "cross_zscore"
 *
 * A series is computed of each symbol by itself, over its rows; a cross-section of each row, over
 * the symbols (of one output, the first if none is named). Series that have a second input (beta,
 * correlation ...) take the panel's benchmark for it.
 *
 * A panel is of matrices as in batch.h: [rows][columns], rows = times (oldest first), columns =
 * symbols, NaN where there is none. Missing values are treated as indicator.h says. What a stream
 * of a symbol's rows through tw_indicator_push gives has the same bits, on any level of vector
 * instructions and with any runner.
 *
 * Texts of the same indicator with the same parameters are computed once.
 *
 * Memory of results: with a cache, the series of a symbol whose version has been seen is not
 * computed again. It is remembered by (symbol, version, rows, sessions, indicator with its
 * parameters, output, and version of the benchmark if that is read). Cross-sections are not
 * remembered, as they are of all symbols. A series longer than the cache's values is computed each
 * time. Remembering costs some 6 ns a value, and as much again when it is put: it is for what costs
 * more to compute.
 *
 * Memory: all at creation, up to memory_max; indicators for `columns_max` symbols (see
 * indicator.h), 4 bytes a symbol and indicator, 384 bytes a symbol if something is ranked, and with
 * a cache 16 columns. Cost: that of the indicators; a remembered series costs its copying.
 * Threads: one run at a time; a run uses the runner's threads.
 */
#ifndef TRADEWIND_FEATURES_H
#define TRADEWIND_FEATURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/api.h"
#include "tradewind/batch.h"
#include "tradewind/cache.h"
#include "tradewind/error.h"
#include "tradewind/indicator.h"
#include "tradewind/status.h"
#include "tradewind/task.h"

#define TW_FEATURES_COUNT_MAX 64
#define TW_FEATURES_TEXT_SIZE_MAX 128
#define TW_FEATURES_NAME_SIZE 160
#define TW_FEATURES_COLUMNS_MAX 1000000
#define TW_FEATURES_MEMORY_DEFAULT ((size_t)4 << 30) /* bytes of one tw_features */

typedef struct tw_features tw_features;

typedef struct tw_features_config {
    const char *const *texts;     /* [count], read by tw_features_new only */
    size_t count;                 /* 1 to TW_FEATURES_COUNT_MAX */
    size_t columns_max;           /* symbols of a panel, 1 to TW_FEATURES_COLUMNS_MAX */
    size_t rows_max;              /* of a panel that is remembered; only with a cache */
    tw_cache *cache;              /* borrowed; NULL: nothing is remembered */
    const tw_task_runner *runner; /* borrowed; NULL: the calling thread */
    tw_cpu_level level;
    size_t memory_max; /* bytes of indicators and tables; 0: TW_FEATURES_MEMORY_DEFAULT */
} tw_features_config;

/* What a symbol's values are remembered by: the version changes with any of its inputs. */
typedef struct tw_features_series {
    uint64_t id;
    uint64_t version;
} tw_features_series;

typedef struct tw_features_panel {
    tw_batch_shape shape;
    /* [rows][columns] by tw_indicator_input, NULL where none is; that of TW_INDICATOR_OTHER is not
     * read. */
    const double *inputs[TW_INDICATOR_INPUT_COUNT];
    const double *benchmark;          /* [rows], or NULL */
    const bool *resets;               /* [rows]: a session begins; or NULL */
    const tw_features_series *series; /* [columns]; NULL: this run is not remembered */
    tw_features_series benchmark_series;
    int64_t now_ns; /* of the cache */
} tw_features_panel;

/* Series of a symbol and an output, in the last run. */
typedef struct tw_features_figures {
    uint64_t computed;
    uint64_t remembered;
    uint64_t unstored; /* computed, but too long for the cache, or it was refused there */
} tw_features_figures;

TW_BEGIN_DECLS

/*
 * TW_NOT_FOUND, TW_PARSE, TW_RANGE: a text that cannot be read, or a number outside of the limits
 * above; `error` names the text and what was expected. TW_UNSUPPORTED: a level that this machine
 * has not. TW_NO_MEMORY, also for more than memory_max. The caller frees it.
 */
TW_API tw_status tw_features_new(const tw_allocator *allocator, const tw_features_config *config,
                                 tw_features **ret_features, tw_error *error) TW_MUST_CHECK;
TW_API void tw_features_free(tw_features *features);

/* How many matrices a run gives, and the name of each: the text without spaces, with "_" for what a
 * column's name should not have, and the output's name unless it is the indicator's or the only
 * one: "rsi_14", "macd_12_26_9", "macd_12_26_9_signal". Borrowed. */
TW_API size_t tw_features_outputs(const tw_features *features);
TW_API const char *tw_features_name(const tw_features *features, size_t output);

/* Bit 1 << tw_indicator_input for each input that is read; TW_INDICATOR_OTHER: the benchmark. */
TW_API uint32_t tw_features_inputs(const tw_features *features);

/*
 * Computes everything from the first row: ret_values[o] is [rows][columns] of output o, each its
 * own memory. An input that is read and NULL is a programmer error. TW_RANGE: more columns than
 * columns_max. Allocates nothing.
 */
TW_API tw_status tw_features_run(tw_features *features, const tw_features_panel *panel,
                                 double *const *ret_values) TW_MUST_CHECK;

TW_API tw_features_figures tw_features_figures_of(const tw_features *features);

/* A cache for the series of `series_count` (symbol, output) pairs of `rows` rows: keys and values
 * as large as is needed, values that do not expire, old versions giving way to new ones. Rows above
 * TW_CACHE_VALUE_SIZE_MAX / 8 are cut to that: longer series are not remembered. */
TW_API tw_cache_config tw_features_cache_config(size_t rows, size_t series_count);

TW_END_DECLS

TW_DEFINE_AUTO(tw_features, tw_features_free)

#endif
