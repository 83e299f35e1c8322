/*
 * monitor.h - a registry of metrics for those who watch: over HTTP, with the figures of the
 * process.
 *
 *     tw_monitor_config config = {.loop = loop, .metrics = metrics, .port = 9464};
 *     status = tw_monitor_start(NULL, &config, &monitor, &error);
 *
 *     GET /metrics      OpenMetrics 1.0 text of everything in the registry
 *     GET /             says where that is
 *
 * A scrape reads the shards as they stand (metrics.h): no thread that records waits for it. The
 * figures of the process (CPU, memory, descriptors, threads, faults, switches) are read with each
 * scrape; what the scrapes themselves cost is in the registry too.
 *
 * Only what is asked of this machine is answered: on a loopback address a request whose Host header
 * names anything else is refused (403), so that a page in somebody's browser cannot read what its
 * script has pointed a name at. There is no encryption and no login: whoever binds another address
 * puts something in front of it.
 *
 * Memory: the registry's families, a shard of it, and the text of a scrape, which grows with the
 * series up to what the registry can hold. Threads: everything belongs to the loop's thread; the
 * registry may be recorded into by others at the same time.
 */
#ifndef TRADEWIND_MONITOR_H
#define TRADEWIND_MONITOR_H

#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/api.h"
#include "tradewind/error.h"
#include "tradewind/loop.h"
#include "tradewind/metrics.h"

/* Families, series and histograms of its own, to be added to the registry's maxima. It takes one
 * shard. */
#define TW_MONITOR_FAMILY_COUNT 12
#define TW_MONITOR_SERIES_COUNT 20
#define TW_MONITOR_HISTOGRAM_COUNT 1

typedef struct tw_monitor tw_monitor;

typedef struct tw_monitor_config {
    tw_loop *loop;       /* borrowed */
    tw_metrics *metrics; /* borrowed; its own families are added, so nobody may use it meanwhile */
    const char *address; /* numeric; NULL: "127.0.0.1" */
    uint16_t port;       /* 0: any that is free */
} tw_monitor_config;

/* What the system says of this process. */
typedef struct tw_process_figures {
    int64_t user_ns; /* processor time */
    int64_t system_ns;
    int64_t started_ns; /* since 1970 */
    uint64_t resident_size;
    uint64_t virtual_size;
    uint64_t minor_faults; /* served without the disk */
    uint64_t major_faults;
    uint64_t voluntary_switches;
    uint64_t involuntary_switches;
    uint32_t threads;
    uint32_t descriptors;
    uint64_t descriptors_max; /* its soft limit */
} tw_process_figures;

TW_BEGIN_DECLS

/* Defines its families and begins to listen. As tw_http_server_start and tw_metrics_define;
 * TW_FULL also when the registry has no shard left. */
TW_API tw_status tw_monitor_start(const tw_allocator *allocator, const tw_monitor_config *config,
                                  tw_monitor **ret_monitor, tw_error *error) TW_MUST_CHECK;

/* Closes all connections. The families stay in the registry. NULL is ignored. */
TW_API void tw_monitor_free(tw_monitor *monitor);

TW_API uint16_t tw_monitor_port(const tw_monitor *monitor);

/* Reads them now: a dozen system calls. TW_IO when /proc is not there. Any thread. */
TW_API tw_status tw_process_figures_read(tw_process_figures *ret_figures,
                                         tw_error *error) TW_MUST_CHECK;

TW_END_DECLS

TW_DEFINE_AUTO(tw_monitor, tw_monitor_free)

#endif
