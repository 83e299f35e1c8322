/*
 * indicator.h - technical indicators over bars or prices: one row at a time, or a table at once.
 *
 *     tw_indicator_config config;
 *     tw_error error = {0};
 *     tw_status status = tw_indicator_parse("macd(12,26,9)", &config, &error);
 *     TW_AUTO(tw_indicator) *indicator = NULL;
 *     status = tw_indicator_new(NULL, &config, &indicator);
 *     ...
 *     double answers[3]; // macd, signal, histogram: of one series
 *     tw_indicator_push(indicator, &(tw_indicator_row){.close = &close}, answers);
 *
 * An indicator is a state that takes one row for `lanes` series at once: one series is lanes = 1,
 * a table of many symbols has one lane for each. A stream and a table run the same code in the
 * same order, so they give the same bits; so do all levels of vector instructions.
 *
 * Missing values: a NaN or an infinity is a missing value, and so is a magnitude above
 * TW_INDICATOR_VALUE_MAX. A missing input gives a missing answer (NaN). A window that holds a
 * missing value has no answer. A recurrence (an exponential mean and what is built on it, a
 * running total, a trailing stop) keeps its state over a missing value and goes on with the next.
 * Where a formula has no answer (a division by zero that its definition does not settle) it is
 * NaN. An answer is NaN or finite.
 *
 * Windows: nothing is ever subtracted. A window is aggregated from what is in it and from nothing
 * else, so nothing drifts, a huge value that has left leaves no trace, and equal values have a
 * deviation of exactly zero.
 *
 * Conventions differ between libraries; they are parameters with stated defaults: an exponential
 * mean is seeded by the simple mean of its first values (seed=first takes the first value),
 * deviations are of the population (ddof=1: of the sample), Wilder's smoothing is 1/period.
 *
 * Memory: all of it at creation, about 16 to 64 bytes for each row of each window of each lane; for
 * a single series half a kilobyte for each line of the formula besides. Cost: push is O(lanes)
 * amortised for sums, means, deviations, extremes and recurrences, and O(lanes x period) for what
 * the table of kinds calls "scanned". A single series is fastest by many rows in one call of
 * tw_indicator_run. docs/guide/indicators.md has a table of all kinds. Threads: an indicator
 * belongs to one thread at a time; the functions without one are pure.
 */
#ifndef TRADEWIND_INDICATOR_H
#define TRADEWIND_INDICATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/api.h"
#include "tradewind/cpu.h"
#include "tradewind/error.h"
#include "tradewind/status.h"

#define TW_INDICATOR_PARAMETERS_MAX 6
#define TW_INDICATOR_OUTPUTS_MAX 9

/* The longest period. */
#define TW_INDICATOR_PERIOD_MAX 1000000

/* The most series at once. */
#define TW_INDICATOR_LANES_MAX 1000000

/* The most memory of one indicator, in bytes: 64 GiB. */
#define TW_INDICATOR_MEMORY_MAX (UINT64_C(1) << 36)

/* Greater magnitudes are missing values: products of inputs and their squares stay finite. */
#define TW_INDICATOR_VALUE_MAX 1e75

/* What tw_indicator_unstable says of a kind that never forgets, and tw_indicator_lookback of an
 * answer that depends on the data alone. */
#define TW_INDICATOR_FOREVER SIZE_MAX

/* The kinds are numbers from 0 to tw_indicator_kind_count() - 1, found by name. */
typedef uint32_t tw_indicator_kind;

typedef struct tw_indicator tw_indicator;

/* Which series of a row a kind reads, as bits of tw_indicator_description.inputs. */
typedef enum tw_indicator_input {
    TW_INDICATOR_OPEN,
    TW_INDICATOR_HIGH,
    TW_INDICATOR_LOW,
    TW_INDICATOR_CLOSE,
    TW_INDICATOR_VOLUME,
    TW_INDICATOR_OTHER, /* the close of a second series: the benchmark of a beta */
    TW_INDICATOR_INPUT_COUNT
} tw_indicator_input;

typedef struct tw_indicator_config {
    tw_indicator_kind kind;
    double parameters[TW_INDICATOR_PARAMETERS_MAX]; /* tw_indicator_defaults fills them */
    uint32_t lanes;                                 /* series at once; 0 takes 1 */
    tw_cpu_level cpu_level;                         /* TW_CPU_BEST, or one that this machine has */
} tw_indicator_config;

/* One row: `lanes` doubles behind each pointer that the kind reads; the others may be NULL. */
typedef struct tw_indicator_row {
    const double *inputs[TW_INDICATOR_INPUT_COUNT]; /* by tw_indicator_input */
    bool reset; /* a session begins with this row: what is anchored starts anew */
} tw_indicator_row;

/* Many rows: row i of a series begins at inputs[...] + i x stride. */
typedef struct tw_indicator_table {
    const double *inputs[TW_INDICATOR_INPUT_COUNT];
    const bool *resets; /* one for each row, or NULL for none */
    size_t rows;
    size_t stride; /* at least lanes */
} tw_indicator_table;

typedef struct tw_indicator_parameter {
    const char *name;
    double fallback; /* the default */
    double least;
    double most;
    const char *words; /* "sma|first": the values 0, 1, ... by name; NULL for a number */
    bool whole;        /* takes whole numbers only */
} tw_indicator_parameter;

typedef struct tw_indicator_description {
    const char *name;
    const char *summary;
    const tw_indicator_parameter *parameters;
    const char *const *outputs;
    uint32_t parameter_count;
    uint32_t output_count;
    uint32_t inputs; /* bit 1 << tw_indicator_input for each series that may be read */
    /* Bit 1 << output for each output that is a price as its inputs are, and can be drawn over
     * them. A difference of prices, such as a range or a deviation, is none. */
    uint32_t price_outputs;
} tw_indicator_description;

TW_BEGIN_DECLS

TW_API size_t tw_indicator_kind_count(void);

/* What a kind is; a number that is no kind is a programmer error. Everything is static. */
TW_API const tw_indicator_description *tw_indicator_describe(tw_indicator_kind kind);

/* The kind of a name; TW_NOT_FOUND. */
TW_API tw_status tw_indicator_find(const char *name, tw_indicator_kind *ret_kind) TW_MUST_CHECK;

/* A configuration of a kind with its defaults, one lane, the best level. */
TW_API void tw_indicator_defaults(tw_indicator_kind kind, tw_indicator_config *ret_config);

/*
 * Reads "rsi", "rsi(14)", "macd(12,26,9)", "ema(20, seed=first)": a name and, in brackets, values
 * in the order of the description or by name; what is left out has its default. TW_NOT_FOUND for
 * an unknown name, TW_PARSE for a malformed text, TW_RANGE for a value outside of its range. The
 * error names the byte (column) and what was expected. lanes is 1, cpu_level the best.
 */
TW_API tw_status tw_indicator_parse(const char *text, tw_indicator_config *ret_config,
                                    tw_error *error) TW_MUST_CHECK;

/* TW_OK, or TW_RANGE (with the parameter named in `error`) for a parameter, a number of lanes or
 * a level that cannot be; TW_UNSUPPORTED for a level that this machine has not. */
TW_API tw_status tw_indicator_check_config(const tw_indicator_config *config,
                                           tw_error *error) TW_MUST_CHECK;

/*
 * Makes an indicator that has seen nothing. TW_RANGE and TW_UNSUPPORTED as told above;
 * TW_NO_MEMORY, also for one of more than TW_INDICATOR_MEMORY_MAX. The caller frees it.
 */
TW_API tw_status tw_indicator_new(const tw_allocator *allocator, const tw_indicator_config *config,
                                  tw_indicator **ret_indicator) TW_MUST_CHECK;
TW_API void tw_indicator_free(tw_indicator *indicator);

/* Back to having seen nothing; the memory is kept. */
TW_API void tw_indicator_clear(tw_indicator *indicator);

/* How many outputs a push gives, and of how many series. */
TW_API size_t tw_indicator_outputs(const tw_indicator *indicator);
TW_API size_t tw_indicator_lanes(const tw_indicator *indicator);

/* Takes one row and answers: ret_outputs is [outputs][lanes]. A NULL where the kind reads is a
 * programmer error. Allocates nothing. */
TW_API void tw_indicator_push(tw_indicator *indicator, const tw_indicator_row *row,
                              double *ret_outputs);

/*
 * The same for many rows, in their order: output o of row i goes to ret_outputs[o] + i x lanes. A
 * NULL among the ret_outputs is an output that is not wanted. Goes on from where the last row
 * left. Inputs and outputs must not overlap.
 */
TW_API void tw_indicator_run(tw_indicator *indicator, const tw_indicator_table *table,
                             double *const *ret_outputs);

/*
 * How many rows give no answer at first, when no value is missing: output `output` of row
 * lookback (from 0) is the first answer. TW_INDICATOR_FOREVER where that depends on the data.
 * The configuration must be valid.
 */
TW_API size_t tw_indicator_lookback(const tw_indicator_config *config, uint32_t output);

/*
 * How many rows after the first answer until the weight of the seeds in it is below `tolerance`
 * (in (0, 1)): an upper bound, the sum over a chain of exponential means. 0 for windows,
 * TW_INDICATOR_FOREVER for running totals and stops.
 */
TW_API size_t tw_indicator_unstable(const tw_indicator_config *config, uint32_t output,
                                    double tolerance);

TW_END_DECLS

TW_DEFINE_AUTO(tw_indicator, tw_indicator_free)

#endif
