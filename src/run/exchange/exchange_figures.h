/*
 * exchange_figures.h - what the exchange counts of itself, for GET /metrics: connections, requests
 * by route and class of their answer, orders, streams, faults, the clock.
 *
 * Nothing in it is of one account: no key, no id, no symbol, no amount. Routes are told by their
 * patterns, so that nobody makes a series by asking.
 *
 * Memory: at creation. Threads: the exchange's.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_FIGURES_H
#define TRADEWIND_RUN_EXCHANGE_FIGURES_H

#include "tradewind/alpaca.h"
#include "tradewind/metrics.h"

typedef enum figures_order {
    FIGURES_ACCEPTED = 0,
    FIGURES_REFUSED, /* with an error, before it was an order */
    FIGURES_FILLED,
    FIGURES_CANCELED,
    FIGURES_EXPIRED,
    FIGURES_REPLACED,
    FIGURES_REJECTED, /* after it had been accepted */
    FIGURES_ORDER_COUNT
} figures_order;

typedef enum figures_gauge {
    FIGURES_CONNECTIONS = 0,
    FIGURES_STREAMS_DATA,
    FIGURES_STREAMS_TRADING,
    FIGURES_SPEED,
    FIGURES_LAG,
    FIGURES_GAUGE_COUNT
} figures_gauge;

typedef enum figures_total {
    FIGURES_MESSAGES_DATA = 0,
    FIGURES_MESSAGES_TRADING,
    FIGURES_STREAMS_DROPPED,
    FIGURES_FAULTS,
    FIGURES_TOTAL_COUNT
} figures_total;

typedef struct exchange_figures {
    tw_metrics *metrics;
    tw_metrics_shard *shard;
    tw_metrics_family requests;
    tw_metrics_counter orders[FIGURES_ORDER_COUNT];
    tw_metrics_counter fills;
    tw_metrics_gauge gauges[FIGURES_GAUGE_COUNT];
    tw_metrics_counter totals[FIGURES_TOTAL_COUNT];
} exchange_figures;

/* Of a server of so many routes. TW_NO_MEMORY; as tw_metrics_define. */
tw_status exchange_figures_init(exchange_figures *figures, const tw_allocator *allocator,
                                uint32_t route_count, tw_error *error) TW_MUST_CHECK;
void exchange_figures_done(exchange_figures *figures);

/* A request was answered; NULL for method and pattern: it is of no route. */
void exchange_figures_answer(exchange_figures *figures, const char *method, const char *pattern,
                             uint32_t http_status);
/* What becomes of an order; an update may say so, or nothing of it. */
void exchange_figures_order(exchange_figures *figures, figures_order outcome);
void exchange_figures_update(exchange_figures *figures, tw_alpaca_event event);

#endif
