/*
 * exchange_figures.c - the families, and what is counted where it happens. What others count
 * already (connections, streams, faults) is read when it is asked for (routes_metrics.c).
 */
#include "exchange_figures.h"

#include "tradewind/time.h"

enum { CLASS_COUNT = 5, SCALAR_SERIES = 32, FAMILY_COUNT = 16 };

/* A series of a family without labels or with one; the rows of a family stand together, and its
 * definition is with the first. */
typedef struct figure_row {
    const char *name;
    const char *help;
    const char *unit;
    const char *label;
    const char *value;
    uint32_t series;
    tw_metrics_kind kind;
    uint32_t place; /* in the array of its kind */
} figure_row;

#define ORDERS "tradewind_exchange_orders"
#define STREAMS "tradewind_exchange_streams"
#define MESSAGES "tradewind_exchange_stream_messages"

enum { IN_ORDERS = 0, IN_FILLS = 100, IN_TOTALS = 200 }; /* bases of the places of counters */

static const figure_row ROWS[] = {
    {"tradewind_exchange_connections", "Connections, of HTTP and of streams", NULL, NULL, NULL, 1,
     TW_METRICS_GAUGE, FIGURES_CONNECTIONS},
    {ORDERS, "Orders taken, refused with an error, and how those that were taken ended", NULL,
     "outcome", "accepted", FIGURES_ORDER_COUNT, TW_METRICS_COUNTER, IN_ORDERS + FIGURES_ACCEPTED},
    {ORDERS, NULL, NULL, NULL, "refused", 0, TW_METRICS_COUNTER, IN_ORDERS + FIGURES_REFUSED},
    {ORDERS, NULL, NULL, NULL, "filled", 0, TW_METRICS_COUNTER, IN_ORDERS + FIGURES_FILLED},
    {ORDERS, NULL, NULL, NULL, "canceled", 0, TW_METRICS_COUNTER, IN_ORDERS + FIGURES_CANCELED},
    {ORDERS, NULL, NULL, NULL, "expired", 0, TW_METRICS_COUNTER, IN_ORDERS + FIGURES_EXPIRED},
    {ORDERS, NULL, NULL, NULL, "replaced", 0, TW_METRICS_COUNTER, IN_ORDERS + FIGURES_REPLACED},
    {ORDERS, NULL, NULL, NULL, "rejected", 0, TW_METRICS_COUNTER, IN_ORDERS + FIGURES_REJECTED},
    {"tradewind_exchange_fills", "Fills of users' orders, the parts too", NULL, NULL, NULL, 1,
     TW_METRICS_COUNTER, IN_FILLS},
    {STREAMS, "Clients of the streams", NULL, "stream", "data", 2, TW_METRICS_GAUGE,
     FIGURES_STREAMS_DATA},
    {STREAMS, NULL, NULL, NULL, "trading", 0, TW_METRICS_GAUGE, FIGURES_STREAMS_TRADING},
    {MESSAGES, "Objects sent on the streams", NULL, "stream", "data", 2, TW_METRICS_COUNTER,
     IN_TOTALS + FIGURES_MESSAGES_DATA},
    {MESSAGES, NULL, NULL, NULL, "trading", 0, TW_METRICS_COUNTER,
     IN_TOTALS + FIGURES_MESSAGES_TRADING},
    {"tradewind_exchange_streams_dropped", "Clients closed because they read too slowly", NULL,
     NULL, NULL, 1, TW_METRICS_COUNTER, IN_TOTALS + FIGURES_STREAMS_DROPPED},
    {"tradewind_exchange_faults", "Faults of the plans that have struck", NULL, NULL, NULL, 1,
     TW_METRICS_COUNTER, IN_TOTALS + FIGURES_FAULTS},
    {"tradewind_exchange_clock_speed", "Seconds of its clock in one of ours; 0: it is stepped",
     NULL, NULL, NULL, 1, TW_METRICS_GAUGE, FIGURES_SPEED},
    {"tradewind_exchange_lag_seconds", "By how much the market is behind the clock", "seconds",
     NULL, NULL, 1, TW_METRICS_GAUGE, FIGURES_LAG},
};

enum { ROW_COUNT = sizeof ROWS / sizeof ROWS[0] };

/* ---- making -------------------------------------------------------------------------------- */

static tw_metrics_counter *counter_at(exchange_figures *figures, uint32_t place) {
    if (place >= IN_TOTALS)
        return &figures->totals[place - IN_TOTALS];
    return place >= IN_FILLS ? &figures->fills : &figures->orders[place - IN_ORDERS];
}

static tw_status define_row(exchange_figures *figures, const figure_row *row,
                            tw_metrics_family *family, tw_error *error) {
    tw_status status = TW_OK;
    tw_slice value = tw_slice_of(row->value);
    if (row->series > 0) {
        const tw_metrics_definition definition = {.name = row->name,
                                                  .help = row->help,
                                                  .unit = row->unit,
                                                  .labels = {row->label},
                                                  .label_count = row->label != NULL,
                                                  .series_max = row->series,
                                                  .kind = (uint8_t)row->kind};
        status = tw_metrics_define(figures->metrics, &definition, family, error);
    }
    if (status == TW_OK && row->kind == TW_METRICS_GAUGE)
        status =
            tw_metrics_gauge_of(figures->metrics, *family, &value, &figures->gauges[row->place]);
    else if (status == TW_OK)
        status = tw_metrics_counter_of(figures->metrics, *family, &value,
                                       counter_at(figures, row->place));
    return status;
}

static tw_status define_requests(exchange_figures *figures, uint32_t series_max, tw_error *error) {
    const tw_metrics_definition definition = {
        .name = "tradewind_exchange_requests",
        .help = "Requests that the exchange itself answered, by route and class of the status",
        .labels = {"method", "route", "class"},
        .label_count = 3,
        .series_max = series_max};
    return tw_metrics_define(figures->metrics, &definition, &figures->requests, error);
}

tw_status exchange_figures_init(exchange_figures *figures, const tw_allocator *allocator,
                                uint32_t route_count, tw_error *error) {
    const uint32_t requests_max = (route_count + 2) * CLASS_COUNT; /* and the streams, and none */
    const tw_metrics_config config = {.family_max = FAMILY_COUNT,
                                      .series_max = requests_max + SCALAR_SERIES,
                                      .shard_max = 1,
                                      .created_time_ns = tw_time_wall_ns()};
    tw_status status = tw_metrics_new(allocator, &config, &figures->metrics);
    if (status != TW_OK)
        return tw_error_set(error, status, "no memory for figures");
    status = define_requests(figures, requests_max, error);
    tw_metrics_family family = {0};
    for (size_t i = 0; status == TW_OK && i < ROW_COUNT; i++)
        status = define_row(figures, &ROWS[i], &family, error);
    return status == TW_OK ? tw_metrics_shard_acquire(figures->metrics, &figures->shard) : status;
}

void exchange_figures_done(exchange_figures *figures) {
    tw_metrics_free(figures->metrics);
}

/* ---- counting ------------------------------------------------------------------------------ */

void exchange_figures_answer(exchange_figures *figures, const char *method, const char *pattern,
                             uint32_t http_status) {
    static const char *const classes[CLASS_COUNT] = {"1xx", "2xx", "3xx", "4xx", "5xx"};
    TW_ASSERT(http_status >= 100 && http_status < 600);
    const tw_slice labels[] = {tw_slice_of(pattern != NULL ? method : "other"),
                               tw_slice_of(pattern != NULL ? pattern : "none"),
                               tw_slice_of(classes[http_status / 100 - 1])};
    tw_metrics_counter counter;
    if (tw_metrics_counter_of(figures->metrics, figures->requests, labels, &counter) == TW_OK)
        tw_metrics_counter_add(figures->shard, counter, 1);
}

void exchange_figures_order(exchange_figures *figures, figures_order outcome) {
    tw_metrics_counter_add(figures->shard, figures->orders[outcome], 1);
}

void exchange_figures_update(exchange_figures *figures, tw_alpaca_event event) {
    if (event == TW_ALPACA_EVENT_FILL || event == TW_ALPACA_EVENT_PARTIAL_FILL)
        tw_metrics_counter_add(figures->shard, figures->fills, 1);
    if (event == TW_ALPACA_EVENT_FILL)
        exchange_figures_order(figures, FIGURES_FILLED);
    else if (event == TW_ALPACA_EVENT_CANCELED)
        exchange_figures_order(figures, FIGURES_CANCELED);
    else if (event == TW_ALPACA_EVENT_EXPIRED)
        exchange_figures_order(figures, FIGURES_EXPIRED);
    else if (event == TW_ALPACA_EVENT_REPLACED)
        exchange_figures_order(figures, FIGURES_REPLACED);
    else if (event == TW_ALPACA_EVENT_REJECTED)
        exchange_figures_order(figures, FIGURES_REJECTED);
}
