/*
 * metrics.h - what the program did, as numbers that cost nothing to keep.
 *
 * A registry holds families (a name, a help text, a unit, the names of its labels), a family
 * holds series (one for each set of label values), and every series is a counter, a gauge or a
 * histogram. Threads record into shards of their own; a reader merges the shards, for one
 * number, for all of them (tw_metrics_each) or as OpenMetrics 1.0 text (tw_metrics_expose).
 *
 *     set up    tw_metrics_new, tw_metrics_define ...        one thread
 *     resolve   tw_metrics_counter_of(... label values ...)  any thread, once; keep the handle
 *     record    tw_metrics_counter_add(shard, handle, 1)     the thread of the shard
 *     read      tw_metrics_expose                            any thread
 *
 * Beside that, two ways in which a module that counts anyway need not count twice: the owner of
 * plain counts copies them into his shard now and then (tw_metrics_counter_set), and a histogram of
 * its own is read from where it stands (tw_metrics_attach).
 *
 * Units: durations are recorded in nanoseconds, always. A family whose unit is "seconds" is
 * written out in seconds, converted exactly; gauges alone are given in the unit they show.
 *
 * Limits: everything has a configured maximum. A family reserves its `series_max` when it is
 * defined. When label values would make one series more, the recording goes to one series of the
 * family whose every label value is "other", and the counter
 * tradewind_metrics_overflow_total{family="..."} of the registry counts how often
 * that was asked for.
 *
 * Memory: all at tw_metrics_new: about 0.3 KB for a family, 0.3 KB for a series, and in each
 * shard 8 bytes for a counter or gauge and 36.5 KB for a histogram. None later.
 * Cost: recording a counter or gauge is a load, an add and a store; a histogram as
 * tw_histogram_record. Resolving compares label values one by one: keep the handle.
 * Threads: recording never waits and is never waited for. A shard belongs to one thread at a
 * time. Nobody else may use the registry while a family is being defined. Resolving takes a spin
 * lock of the registry for the moment in which a new series is made, never for one that exists. A
 * reader beside writers sees each counter at some moment during the read, never less than what was
 * recorded before it began by a thread it has synchronised with, and histograms as
 * histogram.h says.
 */
#ifndef TRADEWIND_METRICS_H
#define TRADEWIND_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/api.h"
#include "tradewind/error.h"
#include "tradewind/histogram.h"
#include "tradewind/status.h"
#include "tradewind/text.h"

#define TW_METRICS_NAME_SIZE 128       /* of a family, with its NUL */
#define TW_METRICS_HELP_SIZE 256       /* of a help text, with its NUL */
#define TW_METRICS_UNIT_SIZE 32        /* of a unit, with its NUL */
#define TW_METRICS_LABEL_MAX 4         /* labels of a family */
#define TW_METRICS_LABEL_NAME_SIZE 32  /* with its NUL */
#define TW_METRICS_LABEL_VALUE_SIZE 64 /* with its NUL */
#define TW_METRICS_FAMILY_MAX 4096
#define TW_METRICS_SERIES_MAX 1048576
#define TW_METRICS_SHARD_MAX 1024

#define TW_METRICS_CONTENT_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

typedef struct tw_metrics tw_metrics;
typedef struct tw_metrics_shard tw_metrics_shard;

/* Handles: plain numbers of one registry, valid as long as it lives. */
typedef struct tw_metrics_family {
    uint32_t index;
} tw_metrics_family;
typedef struct tw_metrics_counter {
    uint32_t cell;
} tw_metrics_counter;
typedef struct tw_metrics_gauge {
    uint32_t cell;
} tw_metrics_gauge;
typedef struct tw_metrics_histogram {
    uint32_t cell;
} tw_metrics_histogram;

/* A scope that is being timed; see TW_METRICS_TIMED. */
typedef struct tw_metrics_timer {
    tw_metrics_shard *shard; /* NULL: nothing is, or it has been recorded */
    int64_t (*now_ns)(void);
    int64_t began_ns;
    tw_metrics_histogram histogram;
} tw_metrics_timer;

typedef enum tw_metrics_kind {
    TW_METRICS_COUNTER,  /* uint64_t, only grows */
    TW_METRICS_GAUGE,    /* double, set or moved */
    TW_METRICS_HISTOGRAM /* tw_histogram */
} tw_metrics_kind;

/* How a gauge is made of what the shards hold. A shard that never set it does not take part. */
typedef enum tw_metrics_merge {
    TW_METRICS_MERGE_SUM, /* each thread holds its part: connections open */
    TW_METRICS_MERGE_MAX, /* the worst: age of the oldest order */
    TW_METRICS_MERGE_MIN  /* the best or the first */
} tw_metrics_merge;

/* Counted without the families and series that the registry has of its own. */
typedef struct tw_metrics_config {
    uint32_t family_max;
    uint32_t series_max;     /* counters and gauges together, over all families */
    uint32_t histogram_max;  /* histogram series, over all families; may be 0 */
    uint32_t shard_max;      /* threads that record at the same time */
    int64_t created_time_ns; /* since 1970; written as _created; 0: _created is left out */
} tw_metrics_config;

/*
 * A family. The name is that of OpenMetrics without suffix: letters, digits and "_",
 * beginning with a letter; it must end in "_" and the unit if there is one ("http_wait_seconds",
 * "seconds"), and never in "_total", "_created", "_bucket" or "_info". Texts are copied.
 */
typedef struct tw_metrics_definition {
    const char *name;
    const char *help; /* NULL: none */
    const char *unit; /* NULL: none */
    const char *labels[TW_METRICS_LABEL_MAX];
    uint32_t label_count;
    uint32_t series_max; /* with labels: how many label sets, without "other"; else ignored */
    uint8_t kind;        /* tw_metrics_kind */
    uint8_t merge;       /* tw_metrics_merge, for gauges */
    /* Histograms: upper ends of the buckets written out: 2^first, 2^(first + step) ... up to at
     * most 2^last, of nanoseconds or whatever is recorded. Powers of two are the ends at which
     * tw_histogram counts exactly. All three 0: 2^7 (128 ns) to 2^36 (69 s), step 1.
     * first <= last <= 41, step >= 1. */
    uint8_t bucket_first;
    uint8_t bucket_last;
    uint8_t bucket_step;
} tw_metrics_definition;

/* One merged series, as tw_metrics_each shows it. All pointers are borrowed for the call. */
typedef struct tw_metrics_sample {
    tw_metrics_family family;
    tw_metrics_kind kind;
    const char *name;
    const char *help; /* "" if none */
    const char *unit; /* "" if none */
    uint32_t label_count;
    const char *label_names[TW_METRICS_LABEL_MAX];
    const char *label_values[TW_METRICS_LABEL_MAX];
    uint64_t counter;              /* of a counter */
    double gauge;                  /* of a gauge */
    const tw_histogram *histogram; /* of a histogram, else NULL */
} tw_metrics_sample;

/* Takes one sample; false ends the walk. */
typedef bool (*tw_metrics_visitor)(void *context, const tw_metrics_sample *sample);

TW_BEGIN_DECLS

/* Makes a registry and all its shards. A NULL allocator is the system's. TW_RANGE when a
 * maximum is 0 (histogram_max may be) or above its limit, TW_NO_MEMORY. */
TW_API tw_status tw_metrics_new(const tw_allocator *allocator, const tw_metrics_config *config,
                                tw_metrics **ret_metrics) TW_MUST_CHECK;

/* Gives everything back, shards included. NULL is ignored. No thread may still use it. */
TW_API void tw_metrics_free(tw_metrics *metrics);

/*
 * Adds a family and reserves its series. TW_INVALID for a name, help, unit, label or bucket
 * range that is malformed or too long, TW_EXISTS when it, or a name written for it such as
 * x_count, is taken by another family, TW_FULL when a maximum of the registry is reached. The
 * error says which and why.
 */
TW_API tw_status tw_metrics_define(tw_metrics *metrics, const tw_metrics_definition *definition,
                                   tw_metrics_family *ret_family, tw_error *error) TW_MUST_CHECK;

/*
 * The series of a family for these label values (as many as it has labels; NULL if it has
 * none), made if it is new. The family must be of the kind. TW_INVALID when a value is too long,
 * holds a NUL or is not UTF-8. At the family's `series_max` the handle is that of the series
 * "other" and the request is counted; the status is TW_OK, because recording goes on.
 */
TW_API tw_status tw_metrics_counter_of(tw_metrics *metrics, tw_metrics_family family,
                                       const tw_slice *label_values,
                                       tw_metrics_counter *ret_counter) TW_MUST_CHECK;
TW_API tw_status tw_metrics_gauge_of(tw_metrics *metrics, tw_metrics_family family,
                                     const tw_slice *label_values,
                                     tw_metrics_gauge *ret_gauge) TW_MUST_CHECK;
TW_API tw_status tw_metrics_histogram_of(tw_metrics *metrics, tw_metrics_family family,
                                         const tw_slice *label_values,
                                         tw_metrics_histogram *ret_histogram) TW_MUST_CHECK;

/* Leases a shard to the calling thread. TW_FULL when `shard_max` are out. A shard that was
 * released before goes on from where it stood: nothing counted is lost. */
TW_API tw_status tw_metrics_shard_acquire(tw_metrics *metrics,
                                          tw_metrics_shard **ret_shard) TW_MUST_CHECK;

/* Ends the lease. What the shard counted stays; its gauges keep their last value (take them
 * back first if that is not wanted). NULL is ignored. */
TW_API void tw_metrics_shard_release(tw_metrics_shard *shard);

/*
 * Recording, by the thread of the shard. A NULL shard records nothing, so that a module whose
 * metrics are optional needs no ifs. Gauges: set gives this shard's value, add moves it (from 0
 * if it was never set), NaN takes it back as if never set. A handle of another registry or kind
 * is a programmer error; what can be seen of it asserts.
 */
TW_API void tw_metrics_counter_add(tw_metrics_shard *shard, tw_metrics_counter counter,
                                   uint64_t amount);
TW_API void tw_metrics_gauge_set(tw_metrics_shard *shard, tw_metrics_gauge gauge, double value);
TW_API void tw_metrics_gauge_add(tw_metrics_shard *shard, tw_metrics_gauge gauge, double amount);
TW_API void tw_metrics_histogram_record(tw_metrics_shard *shard, tw_metrics_histogram histogram,
                                        int64_t value);

/* A count that somebody keeps elsewhere: this shard's part becomes `total`. A total below the one
 * before is left out, for a counter only grows. */
TW_API void tw_metrics_counter_set(tw_metrics_shard *shard, tw_metrics_counter counter,
                                   uint64_t total);

/* As tw_histogram_record_intended: `value` was measured by a loop that means to start something
 * each `interval` (above 0) and waited. What it missed meanwhile counts too. */
TW_API void tw_metrics_histogram_record_intended(tw_metrics_shard *shard,
                                                 tw_metrics_histogram histogram, int64_t value,
                                                 int64_t interval);

/* Stages that follow one another: records the time from `*since_ns` to `now_ns`, which is then
 * where the next stage begins. One look at the clock a stage. */
TW_API void tw_metrics_lap(tw_metrics_shard *shard, tw_metrics_histogram histogram,
                           int64_t *since_ns, int64_t now_ns);

/* Time spent in a scope:
 *
 *     TW_METRICS_TIMED timer = tw_metrics_timer_start(shard, wait, tw_time_monotonic_ns);
 *
 * Recorded where the scope is left, whatever the way, or at tw_metrics_timer_stop if that is
 * earlier. With a NULL shard the clock is not read. */
TW_API tw_metrics_timer tw_metrics_timer_start(tw_metrics_shard *shard,
                                               tw_metrics_histogram histogram,
                                               int64_t (*now_ns)(void)) TW_MUST_CHECK;
TW_API void tw_metrics_timer_stop(tw_metrics_timer *timer);
#define TW_METRICS_TIMED __attribute__((cleanup(tw_metrics_timer_stop), unused)) tw_metrics_timer

/* The shard's own histogram, for the other ways of recording; NULL for a NULL shard. */
TW_API tw_histogram *tw_metrics_histogram_in(tw_metrics_shard *shard,
                                             tw_metrics_histogram histogram) TW_MUST_CHECK;

/*
 * Lets a histogram that its owner goes on recording into (one writer, as histogram.h says) be part
 * of a series: readers add it to what the shards hold. One for each series; another takes its
 * place, NULL takes it away, and what it had counted with it. It must live until then, and no
 * reader may be at work when it is taken away.
 */
TW_API void tw_metrics_attach(tw_metrics *metrics, tw_metrics_histogram histogram,
                              const tw_histogram *source);

/* Reading one series, merged over all shards. A gauge that no shard has set is NaN. The
 * histogram is added to `into`, which the caller has made ready. */
TW_API uint64_t tw_metrics_counter_value(const tw_metrics *metrics, tw_metrics_counter counter);
TW_API double tw_metrics_gauge_value(const tw_metrics *metrics, tw_metrics_gauge gauge);
TW_API void tw_metrics_histogram_merge(const tw_metrics *metrics, tw_metrics_histogram histogram,
                                       tw_histogram *into);

/* How often a label set of the family found no room. */
TW_API uint64_t tw_metrics_overflow_count(const tw_metrics *metrics, tw_metrics_family family);

/* Shows every series to `visitor`: families in the order of their definition, series in the
 * order in which they were made, gauges that nobody has set left out. Uses 37 KB of stack for
 * the histogram being merged. */
TW_API void tw_metrics_each(const tw_metrics *metrics, tw_metrics_visitor visitor, void *context);

/*
 * Appends everything as OpenMetrics 1.0 text, ending in "# EOF"; serve it as
 * TW_METRICS_CONTENT_TYPE. TW_FULL when it does not fit: `text` is then as it was, but marked
 * truncated. tw_metrics_expose_size is a capacity that fits what is there now, whatever the
 * numbers are; series made later may need more.
 */
TW_API tw_status tw_metrics_expose(const tw_metrics *metrics, tw_text *text) TW_MUST_CHECK;
TW_API size_t tw_metrics_expose_size(const tw_metrics *metrics);

TW_END_DECLS

TW_DEFINE_AUTO(tw_metrics, tw_metrics_free)

#endif
