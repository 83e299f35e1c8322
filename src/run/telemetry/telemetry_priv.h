/*
 * telemetry_priv.h - the state shared by the files of telemetry.
 *
 *     telemetry.c           life, turns
 *     telemetry_rows.c      the table of counts and gauges
 *     telemetry_define.c    families out of the tables; histograms where they stand
 *     telemetry_publish.c   the figures of engine, venue and recorder into their rows
 */
#ifndef TRADEWIND_RUN_TELEMETRY_PRIV_H
#define TRADEWIND_RUN_TELEMETRY_PRIV_H

#include "telemetry_rows.h"
#include "tradewind/telemetry.h"

/* The threads that publish; each has a shard. */
typedef enum telemetry_thread {
    THREAD_ENGINE,
    THREAD_NETWORK,
    THREAD_RECORDER,
    THREAD_COUNT
} telemetry_thread;

struct tw_telemetry {
    const tw_allocator *allocator;
    tw_telemetry_config config;
    tw_metrics *metrics;
    tw_metrics_shard *shards[THREAD_COUNT];
    int64_t next_ns[THREAD_COUNT];
    uint64_t spent_ns[THREAD_COUNT];
    uint32_t cells[ROW_COUNT]; /* of a counter or a gauge, by the row's kind */
};

/* Families, series and histograms of the tables. */
void telemetry_count(tw_metrics_config *ret_room);
tw_status telemetry_define(tw_telemetry *telemetry, tw_error *error) TW_MUST_CHECK;

/* A value of a row, by the thread whose shard it is. */
void telemetry_put(tw_telemetry *telemetry, telemetry_thread thread, telemetry_row_number row,
                   uint64_t value);
void telemetry_put_real(tw_telemetry *telemetry, telemetry_thread thread, telemetry_row_number row,
                        double value);

void telemetry_publish_engine(tw_telemetry *telemetry, int64_t now_ns);
void telemetry_publish_venue(tw_telemetry *telemetry, int64_t now_ns);
void telemetry_publish_recorder(tw_telemetry *telemetry);

#endif
