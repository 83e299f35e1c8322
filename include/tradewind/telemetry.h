/*
 * telemetry.h - what a running system tells about itself, as one registry of metrics.
 *
 * Engine, venue and recorder count and time for themselves, whether anybody looks or not. Telemetry
 * gives these figures names (docs/guide/monitor.md lists them) and a place where any thread can
 * read them: histograms are read from where they stand, and counts are copied into the shard of
 * their thread twice a second. Nothing is added to the way of an event.
 *
 *     status = tw_telemetry_new(NULL, &config, &telemetry, &error);
 *     ... the engine's thread:    tw_telemetry_turn_engine(telemetry, now_ns);
 *     ... the network's:          tw_telemetry_turn_venue(telemetry, now_ns);
 *     ... the recorder's:         tw_telemetry_turn_recorder(telemetry, now_ns);
 *
 * What telling costs is told too: the time that copying takes, and that of one look at the clock
 * with one record, of which a timed stage needs two and one.
 *
 * Memory: the registry, about 5 MB, most of it the shards' histograms.
 * Cost: a turn is a comparison, and some microseconds twice a second; of the engine O(orders).
 * Threads: each turn belongs to one thread, which may be the same; the registry may be read by any.
 */
#ifndef TRADEWIND_TELEMETRY_H
#define TRADEWIND_TELEMETRY_H

#include "tradewind/alloc.h"
#include "tradewind/api.h"
#include "tradewind/engine.h"
#include "tradewind/error.h"
#include "tradewind/metrics.h"
#include "tradewind/recorder.h"
#include "tradewind/venue.h"

typedef struct tw_telemetry tw_telemetry;

/* All borrowed; free the telemetry before them. */
typedef struct tw_telemetry_config {
    const tw_engine *engine;
    tw_venue *venue;
    const tw_recorder *recorder;
    tw_metrics_config room; /* beside its own: families, series, histograms and shards of others */
} tw_telemetry_config;

TW_BEGIN_DECLS

/* Makes the registry. TW_NO_MEMORY, TW_RANGE (room that no registry has). */
TW_API tw_status tw_telemetry_new(const tw_allocator *allocator, const tw_telemetry_config *config,
                                  tw_telemetry **ret_telemetry, tw_error *error) TW_MUST_CHECK;
/* NULL is ignored. */
TW_API void tw_telemetry_free(tw_telemetry *telemetry);

/* The registry. Families may be added to it as metrics.h says. */
TW_API tw_metrics *tw_telemetry_metrics(tw_telemetry *telemetry);

/* Copies what is due. `now_ns` is monotonic. NULL is ignored. */
TW_API void tw_telemetry_turn_engine(tw_telemetry *telemetry, int64_t now_ns);
TW_API void tw_telemetry_turn_venue(tw_telemetry *telemetry, int64_t now_ns);
TW_API void tw_telemetry_turn_recorder(tw_telemetry *telemetry, int64_t now_ns);

TW_END_DECLS

TW_DEFINE_AUTO(tw_telemetry, tw_telemetry_free)

#endif
