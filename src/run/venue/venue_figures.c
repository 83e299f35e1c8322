/*
 * venue_figures.c - what the venue tells about itself: counts of all its layers in one struct, and
 * where the time of a request goes.
 */
#include "venue_priv.h"

const char *venue_state_name(venue_state state) {
    static const char *const names[] = {"stopped", "connecting", "reading", "up", "down", "failed"};
    size_t index = (size_t)state;
    return index < sizeof names / sizeof names[0] ? names[index] : "?";
}

/* ---- requests ------------------------------------------------------------------------------ */

static tw_venue_stage stage_of(uint32_t command_kind) {
    switch ((venue_command_kind)command_kind) {
    case VENUE_SUBMIT:
        return TW_VENUE_STAGE_SUBMIT;
    case VENUE_CANCEL:
        return TW_VENUE_STAGE_CANCEL;
    case VENUE_QUERY:
    case VENUE_SNAPSHOT: /* is no call of its own */
        break;
    }
    return TW_VENUE_STAGE_QUERY;
}

void venue_trace_begun(venue_call *call) {
    call->began_ns = tw_time_monotonic_ns();
}

void venue_trace_ended(venue_call *call, tw_status status) {
    tw_venue *venue = call->venue;
    int64_t now_ns = tw_time_monotonic_ns();
    tw_venue_stage stage = stage_of(call->command.kind);
    tw_venue_call ended = {.what = tw_venue_stage_name(stage),
                           .client_order_id = call->command.order.client_order_id,
                           .status = status,
                           .elapsed_ns = now_ns - call->began_ns};
    tw_histogram_record(&venue->stages[TW_VENUE_STAGE_HAND_OVER],
                        call->began_ns - call->command.handed_ns);
    tw_histogram_record(&venue->stages[stage], ended.elapsed_ns);
    tw_flight_note(venue->config.flight, now_ns, ended.what, status, ended.elapsed_ns,
                   tw_slice_of(ended.client_order_id));
    if (venue->config.on_call != NULL)
        venue->config.on_call(venue->config.context, &ended);
}

const char *tw_venue_stage_name(tw_venue_stage stage) {
    static const char *const names[] = {
        "decode",     "late",      "hand_over",    "submit",   "cancel",          "query",
        "http_queue", "http_name", "http_connect", "http_tls", "http_first_byte", "http_total"};
    size_t index = (size_t)stage;
    return index < sizeof names / sizeof names[0] ? names[index] : "?";
}

const tw_histogram *tw_venue_stage_latency(const tw_venue *venue, tw_venue_stage stage) {
    TW_ASSERT(stage < TW_VENUE_STAGE_COUNT);
    if (stage < TW_VENUE_STAGE_HTTP_QUEUE)
        return &venue->stages[stage];
    return tw_http_client_histogram(venue->http,
                                    (tw_http_stage)(stage - TW_VENUE_STAGE_HTTP_QUEUE));
}

_Static_assert(TW_VENUE_STAGE_COUNT - TW_VENUE_STAGE_HTTP_QUEUE == TW_HTTP_STAGE_COUNT,
               "a stage of the venue for each of the HTTP client");

/* ---- counts -------------------------------------------------------------------------------- */

static tw_venue_stream_figures stream_of(const tw_alpaca_stream *stream) {
    tw_alpaca_stream_counts counts = tw_alpaca_stream_counts_of(stream);
    return (tw_venue_stream_figures){.frames = counts.frames,
                                     .records = counts.records,
                                     .bad = counts.bad,
                                     .opens = counts.opens,
                                     .stale = counts.stale};
}

static void add_http(const tw_venue *venue, tw_venue_figures *figures) {
    tw_http_client_stats stats = tw_http_client_get_stats(venue->http);
    figures->requests = stats.sent_count;
    for (size_t i = 0; i < 6; i++)
        figures->answers[i] = stats.class_counts[i];
    figures->timeouts = stats.timeout_count;
    figures->failures = stats.failed_count;
    figures->resends_refused = stats.resend_refused_count;
    figures->connections = stats.connection_count;
    figures->reused = stats.reused_count;
    figures->sent_size = stats.sent_size;
    figures->received_size = stats.received_size;
    figures->connections_open = stats.open_connection_count;
    figures->in_flight = stats.in_flight_count;
    figures->queued = stats.queued_count;
}

static bool is_open(tw_breaker_state state) {
    return state == TW_BREAKER_OPEN || state == TW_BREAKER_FORCED_OPEN;
}

/* How far from a breaker that lets all pass. */
static int severity_of(tw_breaker_state state) {
    return is_open(state) ? 2 : state == TW_BREAKER_HALF_OPEN ? 1 : 0;
}

static void add_breaker(const tw_breaker_figures *breaker, tw_venue_route_figures *route) {
    if (severity_of(breaker->state) > severity_of(route->breaker))
        route->breaker = breaker->state;
    route->rejected += breaker->rejected;
    route->failures += breaker->outcomes[TW_BREAKER_FAILURE];
    for (int from = 0; from < TW_BREAKER_STATE_COUNT; from++)
        route->opened += breaker->changes[from][TW_BREAKER_OPEN];
}

static void add_host(const tw_resilient_host_figures *host, tw_venue_figures *figures) {
    for (int i = 0; i < TW_RETRY_CAUSE_COUNT; i++)
        figures->retries += host->retry.retries[i];
    for (int i = TW_RETRY_NO_FINAL; i < TW_RETRY_VERDICT_COUNT; i++)
        figures->given_up += host->retry.given_up[i];
    figures->hedges += host->retry.hedges;
    figures->hedges_won += host->retry.hedges_won;
    figures->limit_waiting += host->places.waiting;
    for (int i = 0; i < TW_ROUTE_CLASS_COUNT; i++)
        add_breaker(&host->breakers[i], &figures->routes[i]);
}

typedef struct host_walk {
    tw_venue *venue;
    tw_venue_figures *figures;
} host_walk;

/* Each host is met once for each of its breakers; its first stands for it. */
static bool visit_host(void *context, const tw_breaker_place *place, tw_breaker *breaker) {
    (void)breaker;
    host_walk *walk = context;
    tw_resilient_host_figures host;
    if (place->route == TW_ROUTE_CANCEL &&
        tw_resilient_host_figures_of(walk->venue->resilient, tw_slice_of(place->host), place->port,
                                     &host) == TW_OK)
        add_host(&host, walk->figures);
    return true;
}

static void add_guards(tw_venue *venue, tw_venue_figures *figures) {
    if (venue->resilient == NULL)
        return;
    tw_resilient_figures calls;
    tw_resilient_figures_of(venue->resilient, &calls);
    figures->attempts = calls.attempts;
    figures->limited = calls.done[TW_RESILIENT_LIMITER];
    tw_breaker_set_each(tw_resilient_breakers(venue->resilient), visit_host,
                        &(host_walk){venue, figures});
}

void tw_venue_figures_of(tw_venue *venue, tw_venue_figures *ret_figures) {
    *ret_figures = (tw_venue_figures){
        .up = venue->state == VENUE_UP,
        .heard_ns = venue->heard_ns,
        .market_events = atomic_load(&venue->market_events),
        .market_dropped = atomic_load(&venue->market_dropped),
        .connects = atomic_load(&venue->connects),
        .losses = tw_reconnect_get_stats(&venue->reconnect).loss_count,
        .market_waiting = (uint32_t)tw_ring_count(venue->market),
        .events_waiting = (uint32_t)tw_ring_count(venue->events),
        .commands_waiting = (uint32_t)tw_ring_count(venue->commands),
        .data = stream_of(venue->data),
        .trading = stream_of(venue->trading),
    };
    add_http(venue, ret_figures);
    add_guards(venue, ret_figures);
}
