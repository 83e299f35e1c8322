/*
 * telemetry.c - the registry's life, and whose turn it is to copy.
 *
 * Each thread looks at the time in its own turn and copies what is its own, so no figure is ever
 * written by two, and nobody waits.
 */
#include "telemetry_priv.h"

#include "tradewind/time.h"

static const int64_t PERIOD_NS = 500 * TW_NS_PER_MS;

/* The looks at clock and histogram that are measured at the start: 0.1 ms. */
enum { PROBE_COUNT = 4096 };

/* ---- rows ---------------------------------------------------------------------------------- */

void telemetry_put(tw_telemetry *telemetry, telemetry_thread thread, telemetry_row_number row,
                   uint64_t value) {
    tw_metrics_shard *shard = telemetry->shards[thread];
    uint32_t cell = telemetry->cells[row];
    if (TELEMETRY_ROWS[row].kind == TW_METRICS_COUNTER)
        tw_metrics_counter_set(shard, (tw_metrics_counter){cell}, value);
    else
        tw_metrics_gauge_set(shard, (tw_metrics_gauge){cell}, (double)value);
}

void telemetry_put_real(tw_telemetry *telemetry, telemetry_thread thread, telemetry_row_number row,
                        double value) {
    TW_ASSERT(TELEMETRY_ROWS[row].kind == TW_METRICS_GAUGE);
    tw_metrics_gauge_set(telemetry->shards[thread], (tw_metrics_gauge){telemetry->cells[row]},
                         value);
}

/* ---- turns --------------------------------------------------------------------------------- */

static bool due(tw_telemetry *telemetry, telemetry_thread thread, int64_t now_ns) {
    if (telemetry == NULL || now_ns < telemetry->next_ns[thread])
        return false;
    telemetry->next_ns[thread] = now_ns + PERIOD_NS;
    return true;
}

static void add_cost(tw_telemetry *telemetry, telemetry_thread thread, int64_t began_ns) {
    static const telemetry_row_number rows[] = {ROW_PUBLISH_ENGINE, ROW_PUBLISH_NETWORK,
                                                ROW_PUBLISH_RECORDER};
    telemetry->spent_ns[thread] += (uint64_t)(tw_time_monotonic_ns() - began_ns);
    telemetry_put(telemetry, thread, rows[thread], telemetry->spent_ns[thread]);
}

void tw_telemetry_turn_engine(tw_telemetry *telemetry, int64_t now_ns) {
    if (!due(telemetry, THREAD_ENGINE, now_ns))
        return;
    int64_t began_ns = tw_time_monotonic_ns();
    telemetry_publish_engine(telemetry, began_ns);
    add_cost(telemetry, THREAD_ENGINE, began_ns);
}

void tw_telemetry_turn_venue(tw_telemetry *telemetry, int64_t now_ns) {
    if (!due(telemetry, THREAD_NETWORK, now_ns))
        return;
    int64_t began_ns = tw_time_monotonic_ns();
    telemetry_publish_venue(telemetry, now_ns);
    add_cost(telemetry, THREAD_NETWORK, began_ns);
}

void tw_telemetry_turn_recorder(tw_telemetry *telemetry, int64_t now_ns) {
    if (!due(telemetry, THREAD_RECORDER, now_ns))
        return;
    int64_t began_ns = tw_time_monotonic_ns();
    telemetry_publish_recorder(telemetry);
    add_cost(telemetry, THREAD_RECORDER, began_ns);
}

/* ---- life ---------------------------------------------------------------------------------- */

/* What a look at the clock and a record cost, into a histogram that nobody reads. */
static tw_status probe(tw_telemetry *telemetry, tw_error *error) {
    tw_histogram *scratch = TW_NEW(telemetry->allocator, 1, tw_histogram);
    if (scratch == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for a histogram");
    tw_histogram_init(scratch);
    int64_t began_ns = tw_time_monotonic_ns();
    int64_t now_ns = began_ns;
    for (int i = 0; i < PROBE_COUNT; i++) {
        int64_t before_ns = now_ns;
        now_ns = tw_time_monotonic_ns();
        tw_histogram_record(scratch, now_ns - before_ns);
    }
    telemetry_put_real(telemetry, THREAD_ENGINE, ROW_RECORD,
                       (double)(now_ns - began_ns) / PROBE_COUNT / 1e9);
    TW_DELETE(telemetry->allocator, scratch, 1, tw_histogram);
    return TW_OK;
}

static tw_status take_shards(tw_telemetry *telemetry, tw_error *error) {
    for (int i = 0; i < THREAD_COUNT; i++) {
        if (tw_metrics_shard_acquire(telemetry->metrics, &telemetry->shards[i]) != TW_OK)
            return tw_error_set(error, TW_FULL, "the metrics have no shard left");
    }
    return TW_OK;
}

tw_status tw_telemetry_new(const tw_allocator *allocator, const tw_telemetry_config *config,
                           tw_telemetry **ret_telemetry, tw_error *error) {
    TW_ASSERT(config->engine != NULL && config->venue != NULL && config->recorder != NULL);
    tw_telemetry *telemetry = TW_NEW(allocator, 1, tw_telemetry);
    if (telemetry == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for telemetry");
    telemetry->allocator = allocator;
    telemetry->config = *config;
    tw_metrics_config room = config->room;
    room.shard_max += THREAD_COUNT;
    room.created_time_ns = tw_time_wall_ns();
    telemetry_count(&room);
    tw_status status = tw_metrics_new(allocator, &room, &telemetry->metrics);
    if (status != TW_OK)
        tw_error_set(error, status, "the registry of metrics cannot be made: %s",
                     tw_status_sentence(status));
    if (status == TW_OK)
        status = telemetry_define(telemetry, error);
    if (status == TW_OK)
        status = take_shards(telemetry, error);
    if (status == TW_OK)
        status = probe(telemetry, error);
    if (status != TW_OK) {
        tw_telemetry_free(telemetry);
        return status;
    }
    *ret_telemetry = telemetry;
    return TW_OK;
}

void tw_telemetry_free(tw_telemetry *telemetry) {
    if (telemetry == NULL)
        return;
    tw_metrics_free(telemetry->metrics);
    TW_DELETE(telemetry->allocator, telemetry, 1, tw_telemetry);
}

tw_metrics *tw_telemetry_metrics(tw_telemetry *telemetry) {
    return telemetry->metrics;
}
