/* telemetry_publish.c - figures into their rows, thread by thread. */
#include "telemetry_priv.h"

/* Rows of one family stand in the order of what they show, so the n-th is n behind the first. */
static telemetry_row_number row_at(telemetry_row_number first, uint32_t n) {
    return (telemetry_row_number)(first + n);
}

/* ---- engine -------------------------------------------------------------------------------- */

_Static_assert(ROW_PHASE_FAILED - ROW_PHASE_STARTING == TW_ENGINE_FAILED, "a row for each phase");

static void put_market(tw_telemetry *to, const tw_engine_report *report) {
    telemetry_put(to, THREAD_ENGINE, ROW_MARKET_EVENTS_TRADE, report->trades);
    telemetry_put(to, THREAD_ENGINE, ROW_MARKET_EVENTS_QUOTE, report->quotes);
    telemetry_put(to, THREAD_ENGINE, ROW_MARKET_EVENTS_LEVEL, report->levels);
    telemetry_put(to, THREAD_ENGINE, ROW_MARKET_EVENTS_BAR, report->venue_bars);
    telemetry_put(to, THREAD_ENGINE, ROW_MARKET_ODD_ODD, report->odd_events);
    telemetry_put(to, THREAD_ENGINE, ROW_MARKET_ODD_LATE, report->late_trades);
    telemetry_put(to, THREAD_ENGINE, ROW_MARKET_ODD_BOOK, report->book_anomalies);
    telemetry_put(to, THREAD_ENGINE, ROW_BARS_BUILT, report->bars_built);
    telemetry_put(to, THREAD_ENGINE, ROW_ROWS_PUT, report->rows_put);
    telemetry_put(to, THREAD_ENGINE, ROW_JOURNAL, report->journal_entries);
}

static void put_orders(tw_telemetry *to, const tw_engine_report *report) {
    telemetry_put(to, THREAD_ENGINE, ROW_DECISIONS, report->decisions);
    telemetry_put(to, THREAD_ENGINE, ROW_INFEASIBLE, report->plans_infeasible);
    telemetry_put(to, THREAD_ENGINE, ROW_PLANNED, report->trades_planned);
    telemetry_put(to, THREAD_ENGINE, ROW_STRATEGY_CALLS, report->strategy_calls);
    telemetry_put(to, THREAD_ENGINE, ROW_STRATEGY_SLOW, report->strategy_slow);
    telemetry_put(to, THREAD_ENGINE, ROW_STRATEGY_REFUSED, report->strategy_refused);
    telemetry_put(to, THREAD_ENGINE, ROW_STRATEGY_SIGNALS, report->strategy_signals);
    telemetry_put(to, THREAD_ENGINE, ROW_ORDERS_INTENDED, report->orders);
    telemetry_put(to, THREAD_ENGINE, ROW_ORDERS_DENIED, report->orders_denied);
    telemetry_put(to, THREAD_ENGINE, ROW_ORDERS_FILLED, report->orders_filled);
    telemetry_put(to, THREAD_ENGINE, ROW_ORDERS_CANCELED, report->orders_canceled);
    telemetry_put(to, THREAD_ENGINE, ROW_ORDERS_REJECTED, report->orders_rejected);
    telemetry_put(to, THREAD_ENGINE, ROW_CANCELS_HELD, report->cancels_held);
    telemetry_put(to, THREAD_ENGINE, ROW_PENDING_OPEN, report->orders_open);
    telemetry_put(to, THREAD_ENGINE, ROW_PENDING_UNKNOWN, report->orders_unknown);
    telemetry_put(to, THREAD_ENGINE, ROW_PENDING_ADOPTED, report->orders_adopted_open);
    telemetry_put(to, THREAD_ENGINE, ROW_FILLS, report->fills);
    telemetry_put(to, THREAD_ENGINE, ROW_FILLS_RECOVERED, report->fills_recovered);
    telemetry_put(to, THREAD_ENGINE, ROW_FILLS_REPEATED, report->fills_repeated);
    telemetry_put(to, THREAD_ENGINE, ROW_PAUSES, report->pauses);
}

static void put_reconciled(tw_telemetry *to, const tw_engine_report *report, int64_t now_ns) {
    telemetry_put(to, THREAD_ENGINE, ROW_DIFFERENCES, report->differences);
    telemetry_put(to, THREAD_ENGINE, ROW_RECONCILIATIONS, report->reconciliations);
    if (report->agreed_ns != 0)
        telemetry_put_real(to, THREAD_ENGINE, ROW_RECONCILED_AGE,
                           (double)(now_ns - report->agreed_ns) / 1e9);
}

void telemetry_publish_engine(tw_telemetry *telemetry, int64_t now_ns) {
    tw_engine_report report;
    tw_engine_get_report(telemetry->config.engine, &report, NULL);
    put_market(telemetry, &report);
    put_orders(telemetry, &report);
    put_reconciled(telemetry, &report, now_ns);
    for (uint32_t i = 0; i <= TW_ENGINE_FAILED; i++)
        telemetry_put(telemetry, THREAD_ENGINE, row_at(ROW_PHASE_STARTING, i), i == report.phase);
    telemetry_put_real(telemetry, THREAD_ENGINE, ROW_CASH,
                       tw_decimal_to_double(report.cash_after.nano));
    telemetry_put_real(telemetry, THREAD_ENGINE, ROW_EQUITY,
                       tw_decimal_to_double(report.equity_after.nano));
}

/* ---- venue --------------------------------------------------------------------------------- */

static void put_stream(tw_telemetry *to, uint32_t n, const tw_venue_stream_figures *stream) {
    telemetry_put(to, THREAD_NETWORK, row_at(ROW_FRAMES_DATA, n), stream->frames);
    telemetry_put(to, THREAD_NETWORK, row_at(ROW_RECORDS_DATA, n), stream->records);
    telemetry_put(to, THREAD_NETWORK, row_at(ROW_BAD_DATA, n), stream->bad);
    telemetry_put(to, THREAD_NETWORK, row_at(ROW_OPENS_DATA, n), stream->opens);
    telemetry_put(to, THREAD_NETWORK, row_at(ROW_STALE_DATA, n), stream->stale);
}

static void put_connection(tw_telemetry *to, const tw_venue_figures *figures, int64_t now_ns) {
    telemetry_put(to, THREAD_NETWORK, ROW_UP, figures->up);
    if (figures->heard_ns != 0)
        telemetry_put_real(to, THREAD_NETWORK, ROW_QUIET,
                           (double)(now_ns - figures->heard_ns) / 1e9);
    telemetry_put(to, THREAD_NETWORK, ROW_RECEIVED, figures->market_events);
    telemetry_put(to, THREAD_NETWORK, ROW_DROPPED, figures->market_dropped);
    telemetry_put(to, THREAD_NETWORK, ROW_CONNECTS, figures->connects);
    telemetry_put(to, THREAD_NETWORK, ROW_LOSSES, figures->losses);
    telemetry_put(to, THREAD_NETWORK, ROW_WAITING_MARKET, figures->market_waiting);
    telemetry_put(to, THREAD_NETWORK, ROW_WAITING_VENUE, figures->events_waiting);
    telemetry_put(to, THREAD_NETWORK, ROW_WAITING_COMMANDS, figures->commands_waiting);
    put_stream(to, 0, &figures->data);
    put_stream(to, 1, &figures->trading);
}

static void put_http(tw_telemetry *to, const tw_venue_figures *figures) {
    telemetry_put(to, THREAD_NETWORK, ROW_REQUESTS, figures->requests);
    for (uint32_t i = 0; i < 6; i++)
        telemetry_put(to, THREAD_NETWORK, row_at(ROW_ANSWERS_OTHER, i), figures->answers[i]);
    telemetry_put(to, THREAD_NETWORK, ROW_TIMEOUTS, figures->timeouts);
    telemetry_put(to, THREAD_NETWORK, ROW_FAILURES, figures->failures);
    telemetry_put(to, THREAD_NETWORK, ROW_RESENDS, figures->resends_refused);
    telemetry_put(to, THREAD_NETWORK, ROW_OPENED, figures->connections);
    telemetry_put(to, THREAD_NETWORK, ROW_REUSED, figures->reused);
    telemetry_put(to, THREAD_NETWORK, ROW_BYTES_SENT, figures->sent_size);
    telemetry_put(to, THREAD_NETWORK, ROW_BYTES_RECEIVED, figures->received_size);
    telemetry_put(to, THREAD_NETWORK, ROW_POOL_OPEN, figures->connections_open);
    telemetry_put(to, THREAD_NETWORK, ROW_POOL_IN_FLIGHT, figures->in_flight);
    telemetry_put(to, THREAD_NETWORK, ROW_POOL_QUEUED, figures->queued);
}

/* 0 closed, 1 half open, 2 open. */
static uint64_t level_of(tw_breaker_state state) {
    if (state == TW_BREAKER_OPEN || state == TW_BREAKER_FORCED_OPEN)
        return 2;
    return state == TW_BREAKER_HALF_OPEN ? 1 : 0;
}

static void put_guards(tw_telemetry *to, const tw_venue_figures *figures) {
    telemetry_put(to, THREAD_NETWORK, ROW_ATTEMPTS, figures->attempts);
    telemetry_put(to, THREAD_NETWORK, ROW_RETRIES, figures->retries);
    telemetry_put(to, THREAD_NETWORK, ROW_HEDGES, figures->hedges);
    telemetry_put(to, THREAD_NETWORK, ROW_HEDGES_WON, figures->hedges_won);
    telemetry_put(to, THREAD_NETWORK, ROW_GIVEN_UP, figures->given_up);
    telemetry_put(to, THREAD_NETWORK, ROW_LIMITED, figures->limited);
    telemetry_put(to, THREAD_NETWORK, ROW_LIMIT_WAITING, figures->limit_waiting);
    for (uint32_t i = 0; i < TW_ROUTE_CLASS_COUNT; i++) {
        const tw_venue_route_figures *route = &figures->routes[i];
        telemetry_put(to, THREAD_NETWORK, row_at(ROW_BREAKER_CANCEL, i), level_of(route->breaker));
        telemetry_put(to, THREAD_NETWORK, row_at(ROW_REJECTED_CANCEL, i), route->rejected);
        telemetry_put(to, THREAD_NETWORK, row_at(ROW_TRIPPED_CANCEL, i), route->opened);
        telemetry_put(to, THREAD_NETWORK, row_at(ROW_ROUTE_FAILURES_CANCEL, i), route->failures);
    }
}

_Static_assert(ROW_BREAKER_DATA - ROW_BREAKER_CANCEL == TW_ROUTE_DATA && TW_ROUTE_CANCEL == 0 &&
                   TW_ROUTE_SUBMIT == 1 && TW_ROUTE_QUERY == 2,
               "a row for each class of routes, in their order");

void telemetry_publish_venue(tw_telemetry *telemetry, int64_t now_ns) {
    tw_venue_figures figures;
    tw_venue_figures_of(telemetry->config.venue, &figures);
    put_connection(telemetry, &figures, now_ns);
    put_http(telemetry, &figures);
    put_guards(telemetry, &figures);
}

/* ---- recorder ------------------------------------------------------------------------------ */

void telemetry_publish_recorder(tw_telemetry *telemetry) {
    tw_recorder_figures figures;
    tw_recorder_figures_of(telemetry->config.recorder, &figures);
    telemetry_put(telemetry, THREAD_RECORDER, ROW_STORE_ROWS, figures.rows);
    telemetry_put(telemetry, THREAD_RECORDER, ROW_STORE_ENTRIES, figures.entries);
    telemetry_put(telemetry, THREAD_RECORDER, ROW_COMMITS_URGENT, figures.commits_urgent);
    telemetry_put(telemetry, THREAD_RECORDER, ROW_COMMITS_BULK,
                  figures.commits - figures.commits_urgent);
    telemetry_put(telemetry, THREAD_RECORDER, ROW_DURABLE, figures.durable);
    telemetry_put(telemetry, THREAD_RECORDER, ROW_STORE_FAILED, figures.failed);
    telemetry_put(telemetry, THREAD_RECORDER, ROW_WAITING_ROWS, figures.rows_waiting);
    telemetry_put(telemetry, THREAD_RECORDER, ROW_WAITING_ENTRIES, figures.entries_waiting);
}
