/*
 * monitor_families.c - the process under the names that Prometheus' own libraries give it, so that
 * dashboards made for others work; and the scrapes themselves.
 */
#include "monitor_priv.h"

/* A family without labels, or with one label of two values. */
typedef struct own_family {
    tw_metrics_definition definition;
    const char *values[2];
} own_family;

static const own_family CPU = {{.name = "process_cpu_seconds",
                                .help = "Processor time, by where it was spent",
                                .unit = "seconds",
                                .labels = {"mode"},
                                .label_count = 1,
                                .series_max = 2},
                               {"user", "system"}};
static const own_family FAULTS = {{.name = "process_page_faults",
                                   .help = "Page faults; major ones waited for the disk",
                                   .labels = {"kind"},
                                   .label_count = 1,
                                   .series_max = 2},
                                  {"minor", "major"}};
static const own_family SWITCHES = {{.name = "process_context_switches",
                                     .help = "Switches to another thread; involuntary: its time "
                                             "was over",
                                     .labels = {"kind"},
                                     .label_count = 1,
                                     .series_max = 2},
                                    {"voluntary", "involuntary"}};
static const own_family REFUSED = {
    {.name = "tradewind_monitor_refused",
     .help = "Requests to the monitor that were not answered with figures"},
    {NULL}};
static const own_family SCRAPE = {{.name = "tradewind_monitor_scrape_seconds",
                                   .help = "Time that making the text of a scrape took",
                                   .unit = "seconds",
                                   .kind = TW_METRICS_HISTOGRAM,
                                   .bucket_first = 14,
                                   .bucket_last = 30,
                                   .bucket_step = 2},
                                  {NULL}};

static tw_status define_counters(tw_metrics *metrics, const own_family *own,
                                 tw_metrics_counter *ret_counters, tw_error *error) {
    tw_metrics_family family;
    uint32_t count = own->definition.label_count == 0 ? 1 : own->definition.series_max;
    tw_status status = tw_metrics_define(metrics, &own->definition, &family, error);
    for (uint32_t i = 0; status == TW_OK && i < count; i++) {
        tw_slice value = tw_slice_of(own->values[i]);
        status = tw_metrics_counter_of(metrics, family, &value, &ret_counters[i]);
    }
    return status;
}

static tw_status define_gauge(tw_metrics *metrics, const char *name, const char *help,
                              const char *unit, tw_metrics_gauge *ret_gauge, tw_error *error) {
    tw_metrics_family family;
    tw_metrics_definition definition = {
        .name = name, .help = help, .unit = unit, .kind = TW_METRICS_GAUGE};
    tw_status status = tw_metrics_define(metrics, &definition, &family, error);
    if (status == TW_OK)
        status = tw_metrics_gauge_of(metrics, family, NULL, ret_gauge);
    return status;
}

static tw_status define_gauges(tw_metrics *metrics, monitor_families *families, tw_error *error) {
    const struct {
        const char *name;
        const char *help;
        const char *unit;
        tw_metrics_gauge *gauge;
    } gauges[] = {
        {"process_start_time_seconds", "When the process began, since 1970", "seconds",
         &families->started},
        {"process_resident_memory_bytes", "Memory that it holds", "bytes", &families->resident},
        {"process_virtual_memory_bytes", "Addresses that it has taken", "bytes",
         &families->virtual_memory},
        {"process_threads", "Threads", NULL, &families->threads},
        {"process_open_fds", "Open descriptors", NULL, &families->descriptors},
        {"process_max_fds", "Descriptors that it may have open", NULL, &families->descriptors_max},
        {"tradewind_monitor_scrape_bytes", "Size of the text of the scrape before", "bytes",
         &families->scrape_size},
    };
    tw_status status = TW_OK;
    for (size_t i = 0; status == TW_OK && i < sizeof gauges / sizeof gauges[0]; i++)
        status = define_gauge(metrics, gauges[i].name, gauges[i].help, gauges[i].unit,
                              gauges[i].gauge, error);
    return status;
}

tw_status monitor_define(tw_metrics *metrics, monitor_families *ret_families, tw_error *error) {
    tw_metrics_family scrape;
    tw_status status = define_counters(metrics, &CPU, ret_families->cpu, error);
    if (status == TW_OK)
        status = define_counters(metrics, &FAULTS, ret_families->faults, error);
    if (status == TW_OK)
        status = define_counters(metrics, &SWITCHES, ret_families->switches, error);
    if (status == TW_OK)
        status = define_gauges(metrics, ret_families, error);
    if (status == TW_OK)
        status = define_counters(metrics, &REFUSED, &ret_families->refused, error);
    if (status == TW_OK)
        status = tw_metrics_define(metrics, &SCRAPE.definition, &scrape, error);
    if (status == TW_OK)
        status = tw_metrics_histogram_of(metrics, scrape, NULL, &ret_families->scrape);
    return status;
}

void monitor_fill(const tw_monitor *monitor) {
    const monitor_families *families = &monitor->families;
    tw_metrics_shard *shard = monitor->shard;
    tw_process_figures figures;
    if (tw_process_figures_read(&figures, NULL) != TW_OK)
        return;
    tw_metrics_counter_set(shard, families->cpu[0], (uint64_t)figures.user_ns);
    tw_metrics_counter_set(shard, families->cpu[1], (uint64_t)figures.system_ns);
    tw_metrics_counter_set(shard, families->faults[0], figures.minor_faults);
    tw_metrics_counter_set(shard, families->faults[1], figures.major_faults);
    tw_metrics_counter_set(shard, families->switches[0], figures.voluntary_switches);
    tw_metrics_counter_set(shard, families->switches[1], figures.involuntary_switches);
    tw_metrics_gauge_set(shard, families->started, (double)figures.started_ns / 1e9);
    tw_metrics_gauge_set(shard, families->resident, (double)figures.resident_size);
    tw_metrics_gauge_set(shard, families->virtual_memory, (double)figures.virtual_size);
    tw_metrics_gauge_set(shard, families->threads, figures.threads);
    tw_metrics_gauge_set(shard, families->descriptors, figures.descriptors);
    tw_metrics_gauge_set(shard, families->descriptors_max, (double)figures.descriptors_max);
}
