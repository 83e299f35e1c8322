/*
 * monitor_priv.h - the monitor's state and the seams between its files.
 *
 *     monitor.c            life, requests, the text of a scrape
 *     monitor_families.c   its own families, and how they are filled
 *     process_figures.c    what the system says of the process
 */
#ifndef TRADEWIND_MONITOR_PRIV_H
#define TRADEWIND_MONITOR_PRIV_H

#include "tradewind/http.h"
#include "tradewind/monitor.h"

typedef struct monitor_families {
    tw_metrics_counter cpu[2]; /* user, system */
    tw_metrics_counter faults[2];
    tw_metrics_counter switches[2];
    tw_metrics_gauge started;
    tw_metrics_gauge resident;
    tw_metrics_gauge virtual_memory;
    tw_metrics_gauge threads;
    tw_metrics_gauge descriptors;
    tw_metrics_gauge descriptors_max;
    tw_metrics_gauge scrape_size;
    tw_metrics_counter refused;
    tw_metrics_histogram scrape;
} monitor_families;

struct tw_monitor {
    const tw_allocator *allocator;
    tw_metrics *metrics;
    tw_metrics_shard *shard;
    tw_http_server *server;
    monitor_families families;
    bool loopback; /* it listens to this machine only */
    char *text;    /* of a scrape */
    size_t capacity;
};

tw_status monitor_define(tw_metrics *metrics, monitor_families *ret_families,
                         tw_error *error) TW_MUST_CHECK;

/* Reads the process and writes it into the shard; what cannot be read keeps its last value. */
void monitor_fill(const tw_monitor *monitor);

#endif
