/* routes_metrics.c - GET /metrics: what others count is read, then all is told. */
#include "exchange_priv.h"

static void put_gauge(exchange_figures *figures, figures_gauge gauge, double value) {
    tw_metrics_gauge_set(figures->shard, figures->gauges[gauge], value);
}

static void put_total(exchange_figures *figures, figures_total total, uint64_t value) {
    tw_metrics_counter_set(figures->shard, figures->totals[total], value);
}

static void fill(tw_exchange *exchange) {
    exchange_figures *figures = &exchange->figures;
    bool stepped = exchange->config.clock == TW_EXCHANGE_STEP;
    uint64_t data = 0;
    uint64_t trading = 0;
    uint32_t clients = streams_client_count(exchange->streams);
    uint32_t traders = streams_trading_client_count(exchange->streams);
    put_gauge(figures, FIGURES_CONNECTIONS,
              tw_http_server_connection_count(exchange->server) + (double)clients);
    put_gauge(figures, FIGURES_STREAMS_DATA, clients - traders);
    put_gauge(figures, FIGURES_STREAMS_TRADING, traders);
    put_gauge(figures, FIGURES_SPEED, stepped ? 0.0 : exchange->config.speed);
    put_gauge(figures, FIGURES_LAG, (double)exchange_lag_ns(exchange) / 1e9);
    uint64_t accepted = 0;
    uint64_t refused = 0;
    ledger_counts(exchange->ledger, &accepted, &refused);
    tw_metrics_counter_set(figures->shard, figures->orders[FIGURES_ACCEPTED], accepted);
    tw_metrics_counter_set(figures->shard, figures->orders[FIGURES_REFUSED], refused);
    streams_counts(exchange->streams, &data, &trading);
    put_total(figures, FIGURES_MESSAGES_DATA, data);
    put_total(figures, FIGURES_MESSAGES_TRADING, trading);
    put_total(figures, FIGURES_STREAMS_DROPPED, streams_dropped_count(exchange->streams));
    put_total(figures, FIGURES_FAULTS, fault_moments_struck(exchange));
}

void route_metrics(exchange_call *call) {
    tw_exchange *exchange = call->exchange;
    fill(exchange);
    if (tw_metrics_expose(exchange->figures.metrics, &exchange->body) != TW_OK)
        answer_error(call, 500, 0, "the figures are larger than this server can send");
    else
        answer_figures(call);
}
