/*
 * telemetry_define.c - families out of the tables.
 *
 * Invariant: rows of one family stand together in TELEMETRY_ROWS, and so do those of HISTOGRAMS; a
 * family begins where the name differs from that of the row before.
 */
#include "telemetry_priv.h"

#include <string.h>

/* Who has a histogram, and which of his. */
typedef enum histogram_owner {
    OWNER_LATENCY, /* of all events, of the engine */
    OWNER_ENGINE,  /* a stage of it */
    OWNER_VENUE,   /* a stage of it */
    OWNER_COMMIT,  /* 1: urgent */
    OWNER_BATCH
} histogram_owner;

typedef struct histogram_row {
    const char *name;
    const char *unit;
    const char *label;
    const char *help; /* with the first of a family */
    histogram_owner owner;
    uint32_t index;
} histogram_row;

static const char STAGE[] = "tradewind_stage_seconds";
static const char REQUEST[] = "tradewind_request_seconds";
static const char HTTP[] = "tradewind_http_stage_seconds";
static const char COMMIT[] = "tradewind_store_commit_seconds";

static const histogram_row HISTOGRAMS[] = {
    {"tradewind_event_seconds", "seconds", NULL,
     "From the bytes of a market event to the end of what it led to, each event", OWNER_LATENCY, 0},
    {STAGE, "seconds", "stage",
     "Where the time of an event and of an order goes; decode, queue and intake of a sample",
     OWNER_VENUE, TW_VENUE_STAGE_DECODE},
    {STAGE, "seconds", "stage", NULL, OWNER_ENGINE, TW_ENGINE_STAGE_QUEUE},
    {STAGE, "seconds", "stage", NULL, OWNER_ENGINE, TW_ENGINE_STAGE_INTAKE},
    {STAGE, "seconds", "stage", NULL, OWNER_ENGINE, TW_ENGINE_STAGE_DECIDE},
    {STAGE, "seconds", "stage", NULL, OWNER_ENGINE, TW_ENGINE_STAGE_CHECK},
    {STAGE, "seconds", "stage", NULL, OWNER_ENGINE, TW_ENGINE_STAGE_DURABLE},
    {STAGE, "seconds", "stage", NULL, OWNER_VENUE, TW_VENUE_STAGE_HAND_OVER},
    {STAGE, "seconds", "stage", NULL, OWNER_ENGINE, TW_ENGINE_STAGE_ORDER},
    {"tradewind_network_late_seconds", "seconds", NULL,
     "How late the network's thread was for a timer of 100 ms, the periods it missed too",
     OWNER_VENUE, TW_VENUE_STAGE_LATE},
    {REQUEST, "seconds", "request", "The engine's requests, until the answer is decoded",
     OWNER_VENUE, TW_VENUE_STAGE_SUBMIT},
    {REQUEST, "seconds", "request", NULL, OWNER_VENUE, TW_VENUE_STAGE_CANCEL},
    {REQUEST, "seconds", "request", NULL, OWNER_VENUE, TW_VENUE_STAGE_QUERY},
    {HTTP, "seconds", "stage", "Where the time of all requests goes", OWNER_VENUE,
     TW_VENUE_STAGE_HTTP_QUEUE},
    {HTTP, "seconds", "stage", NULL, OWNER_VENUE, TW_VENUE_STAGE_HTTP_NAME},
    {HTTP, "seconds", "stage", NULL, OWNER_VENUE, TW_VENUE_STAGE_HTTP_CONNECT},
    {HTTP, "seconds", "stage", NULL, OWNER_VENUE, TW_VENUE_STAGE_HTTP_TLS},
    {HTTP, "seconds", "stage", NULL, OWNER_VENUE, TW_VENUE_STAGE_HTTP_FIRST_BYTE},
    {HTTP, "seconds", "stage", NULL, OWNER_VENUE, TW_VENUE_STAGE_HTTP_TOTAL},
    {COMMIT, "seconds", "kind", "Commits of the store; urgent ones are on the disk", OWNER_COMMIT,
     1},
    {COMMIT, "seconds", "kind", NULL, OWNER_COMMIT, 0},
    {"tradewind_store_batch_rows", NULL, NULL, "Rows and entries of a commit", OWNER_BATCH, 0},
};

enum { HISTOGRAM_COUNT = sizeof HISTOGRAMS / sizeof HISTOGRAMS[0] };

/* ---- what a histogram is ------------------------------------------------------------------- */

static const tw_histogram *source_of(const tw_telemetry_config *config, const histogram_row *row) {
    switch (row->owner) {
    case OWNER_LATENCY:
        return tw_engine_latency(config->engine);
    case OWNER_ENGINE:
        return tw_engine_stage_latency(config->engine, (tw_engine_stage)row->index);
    case OWNER_VENUE:
        return tw_venue_stage_latency(config->venue, (tw_venue_stage)row->index);
    case OWNER_COMMIT:
        return tw_recorder_commit_latency(config->recorder, row->index == 1);
    case OWNER_BATCH:
        break;
    }
    return tw_recorder_batch_sizes(config->recorder);
}

/* The value of its label: the stage's name, without what the family says already. */
static const char *value_of(const histogram_row *row) {
    const char *name =
        row->owner == OWNER_ENGINE   ? tw_engine_stage_name((tw_engine_stage)row->index)
        : row->owner == OWNER_COMMIT ? row->index == 1 ? "urgent" : "bulk"
                                     : tw_venue_stage_name((tw_venue_stage)row->index);
    return strncmp(name, "http_", 5) == 0 ? name + 5 : name;
}

/* ---- families ------------------------------------------------------------------------------ */

static uint32_t series_of_scalar(uint32_t first) {
    uint32_t count = 1;
    while (first + count < ROW_COUNT &&
           strcmp(TELEMETRY_ROWS[first + count].name, TELEMETRY_ROWS[first].name) == 0)
        count++;
    return count;
}

static uint32_t series_of_histogram(uint32_t first) {
    uint32_t count = 1;
    while (first + count < HISTOGRAM_COUNT &&
           strcmp(HISTOGRAMS[first + count].name, HISTOGRAMS[first].name) == 0)
        count++;
    return count;
}

void telemetry_count(tw_metrics_config *ret_room) {
    uint32_t series = 0;
    for (uint32_t i = 0; i < ROW_COUNT; i += series) {
        series = series_of_scalar(i);
        ret_room->family_max++;
        ret_room->series_max += series + 1; /* and "other" */
    }
    for (uint32_t i = 0; i < HISTOGRAM_COUNT; i += series) {
        series = series_of_histogram(i);
        ret_room->family_max++;
        ret_room->histogram_max += series + 1;
    }
}

static tw_status resolve_row(tw_telemetry *telemetry, tw_metrics_family family, uint32_t number) {
    const telemetry_row *row = &TELEMETRY_ROWS[number];
    tw_slice value = tw_slice_of(row->value);
    tw_metrics_gauge gauge = {0};
    tw_metrics_counter counter = {0};
    tw_status status = row->kind == TW_METRICS_GAUGE
                           ? tw_metrics_gauge_of(telemetry->metrics, family, &value, &gauge)
                           : tw_metrics_counter_of(telemetry->metrics, family, &value, &counter);
    telemetry->cells[number] = row->kind == TW_METRICS_GAUGE ? gauge.cell : counter.cell;
    return status;
}

static tw_status define_scalars(tw_telemetry *telemetry, uint32_t first, uint32_t series,
                                tw_error *error) {
    const telemetry_row *row = &TELEMETRY_ROWS[first];
    tw_metrics_family family;
    tw_metrics_definition definition = {.name = row->name,
                                        .help = row->help,
                                        .unit = row->unit,
                                        .labels = {row->label},
                                        .label_count = row->label != NULL,
                                        .series_max = series,
                                        .kind = (uint8_t)row->kind};
    tw_status status = tw_metrics_define(telemetry->metrics, &definition, &family, error);
    for (uint32_t i = first; status == TW_OK && i < first + series; i++)
        status = resolve_row(telemetry, family, i);
    return status;
}

static tw_status define_histograms(tw_telemetry *telemetry, uint32_t first, uint32_t series,
                                   tw_error *error) {
    const histogram_row *row = &HISTOGRAMS[first];
    tw_metrics_family family;
    tw_metrics_definition definition = {.name = row->name,
                                        .help = row->help,
                                        .unit = row->unit,
                                        .labels = {row->label},
                                        .label_count = row->label != NULL,
                                        .series_max = series,
                                        .kind = TW_METRICS_HISTOGRAM};
    if (row->owner == OWNER_BATCH) { /* rows, not nanoseconds */
        definition.bucket_last = 18;
        definition.bucket_step = 2;
    }
    tw_status status = tw_metrics_define(telemetry->metrics, &definition, &family, error);
    for (uint32_t i = first; status == TW_OK && i < first + series; i++) {
        tw_metrics_histogram histogram = {0};
        tw_slice value = tw_slice_of(value_of(&HISTOGRAMS[i]));
        status = tw_metrics_histogram_of(telemetry->metrics, family, &value, &histogram);
        if (status == TW_OK)
            tw_metrics_attach(telemetry->metrics, histogram,
                              source_of(&telemetry->config, &HISTOGRAMS[i]));
    }
    return status;
}

tw_status telemetry_define(tw_telemetry *telemetry, tw_error *error) {
    tw_status status = TW_OK;
    uint32_t series = 0;
    for (uint32_t i = 0; status == TW_OK && i < ROW_COUNT; i += series) {
        series = series_of_scalar(i);
        status = define_scalars(telemetry, i, series, error);
    }
    for (uint32_t i = 0; status == TW_OK && i < HISTOGRAM_COUNT; i += series) {
        series = series_of_histogram(i);
        status = define_histograms(telemetry, i, series, error);
    }
    return status;
}
