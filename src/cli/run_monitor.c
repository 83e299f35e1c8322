/* run_monitor.c - see run_monitor.h. */
#include "run_monitor.h"

#include <stdio.h>
#include <string.h>

#include "beside_store.h"
#include "tradewind/log.h"
#include "tradewind/time.h"

enum { FLIGHT_EVENT_COUNT = 4096 };

static const char NO_FLIGHT[] = "none";

/* ---- flight recorder ----------------------------------------------------------------------- */

static void name_dump(const run_options *options, const char *database, char *buffer,
                      size_t capacity) {
    if (options->flight[0] != '\0')
        snprintf(buffer, capacity, "%s", options->flight);
    else
        beside_store(database, "flight", buffer, capacity);
}

tw_status run_monitor_prepare(run_monitor *monitor, const run_options *options,
                              const char *database, tw_error *error) {
    char path[BESIDE_PATH_SIZE];
    monitor->slow_calls.threshold_ns = options->slow_ns;
    monitor->slow_commits.threshold_ns = options->slow_ns;
    if (strcmp(options->flight, NO_FLIGHT) == 0)
        return TW_OK; /* nobody would read it */
    if (tw_flight_new(NULL, FLIGHT_EVENT_COUNT, &monitor->flight) != TW_OK)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for the flight recorder");
    name_dump(options, database, path, sizeof path);
    tw_crash_config config = {.flight = monitor->flight, .path = path};
    return tw_crash_start(&config, &monitor->crash, error);
}

/* ---- figures over HTTP --------------------------------------------------------------------- */

static const loop_thread_work SERVING = {.wait_ns = -1,
                                         .lost = "the figures are not served any more"};

tw_status run_monitor_start(run_monitor *monitor, const run_options *options,
                            const tw_telemetry_config *parts, tw_error *error) {
    char host[LISTEN_HOST_SIZE];
    const listen_address *address = &monitor->address;
    if (options->metrics[0] == '\0')
        return TW_OK;
    tw_telemetry_config config = *parts;
    config.room = (tw_metrics_config){.family_max = TW_MONITOR_FAMILY_COUNT,
                                      .series_max = TW_MONITOR_SERIES_COUNT,
                                      .histogram_max = TW_MONITOR_HISTOGRAM_COUNT,
                                      .shard_max = 1};
    tw_status status = tw_telemetry_new(NULL, &config, &monitor->telemetry, error);
    if (status == TW_OK)
        status = loop_thread_open(&monitor->thread, error);
    if (status != TW_OK)
        return status;
    tw_monitor_config listener = {.loop = monitor->thread.loop,
                                  .metrics = tw_telemetry_metrics(monitor->telemetry),
                                  .address = address->host,
                                  .port = address->port};
    status = tw_monitor_start(NULL, &listener, &monitor->monitor, error);
    if (status == TW_OK)
        status = loop_thread_start(&monitor->thread, &SERVING, error);
    if (status == TW_OK)
        fprintf(stderr, "metrics on http://%s/metrics\n",
                listen_address_host(address->host, tw_monitor_port(monitor->monitor), host,
                                    sizeof host));
    return status;
}

void run_monitor_stop(run_monitor *monitor) {
    loop_thread_stop(&monitor->thread);
    tw_monitor_free(monitor->monitor);
    loop_thread_close(&monitor->thread);
    tw_telemetry_free(monitor->telemetry);
    monitor->monitor = NULL;
    monitor->telemetry = NULL;
}

void run_monitor_free(run_monitor *monitor) {
    TW_ASSERT(!monitor->thread.running);
    tw_crash_stop(monitor->crash);
    tw_flight_free(monitor->flight);
    *monitor = (run_monitor){0};
}

/* ---- what was slow ------------------------------------------------------------------------- */

static const tw_log SLOW_LOG = {.level = TW_LOG_WARNING};

void run_monitor_on_call(run_monitor *monitor, const tw_venue_call *call) {
    uint64_t left_out = 0;
    char took[TW_TIME_TEXT_SIZE];
    char order[TW_CLIENT_ORDER_ID_SIZE + 8];
    if (!slow_log_takes(&monitor->slow_calls, call->elapsed_ns, tw_time_monotonic_ns(), &left_out))
        return;
    tw_duration_format(call->elapsed_ns, took);
    tw_log_write(&SLOW_LOG, TW_LOG_WARNING, "slow.request",
                 "request=%s took=%s order=%s result=%s left_out=%llu", call->what, took,
                 tw_log_quote(tw_slice_of(call->client_order_id), order, sizeof order),
                 tw_status_name(call->status), (unsigned long long)left_out);
}

void run_monitor_on_commit(run_monitor *monitor, const tw_recorder_commit *commit) {
    uint64_t left_out = 0;
    char took[TW_TIME_TEXT_SIZE];
    if (!slow_log_takes(&monitor->slow_commits, commit->elapsed_ns, tw_time_monotonic_ns(),
                        &left_out))
        return;
    tw_duration_format(commit->elapsed_ns, took);
    tw_log_write(&SLOW_LOG, TW_LOG_WARNING, "slow.commit",
                 "rows=%u urgent=%s took=%s left_out=%llu", commit->rows,
                 commit->urgent ? "yes" : "no", took, (unsigned long long)left_out);
}
