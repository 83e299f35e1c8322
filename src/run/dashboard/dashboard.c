/*
 * dashboard.c - life, and what the other threads tell.
 *
 *     engine   --view--> triple buffer --+
 *     venue    --figures--> triple buffer --> timer, wake --> streams, pending requests
 *     recorder --figures--> triple buffer --+
 *
 * Invariants
 *  1. Views and figures are wanted exactly while somebody listens or waits for the state; the timer
 *     runs as long. Without either, the other threads do one load a turn.
 *  2. One buffer of `capacity` bytes makes every message; nothing else grows.
 */
#include "dashboard_priv.h"

static const int64_t PERIOD_NS = 250 * TW_NS_PER_MS;
static const int64_t TOKEN_PATIENCE_NS = 5 * TW_NS_PER_SECOND;
static const int64_t IDLE_NS = 20 * TW_NS_PER_SECOND; /* of a connection without a request */
static const int64_t REQUEST_NS = 5 * TW_NS_PER_SECOND;
static const char *const DEFAULT_ADDRESS = "127.0.0.1";

enum {
    CONNECTION_COUNT_MAX = 64,
    HEADER_SIZE_MAX = 8192,
    BAR_SIZE = 160,
    BUFFER_COUNT = 24 /* answers on their way, together */
};

/* ---- looking ------------------------------------------------------------------------------- */

static bool is_wanted(const tw_dashboard *dashboard) {
    for (size_t i = 0; i < DASHBOARD_PENDING_COUNT_MAX; i++) {
        if (dashboard->pending[i].reply != NULL)
            return true;
    }
    return tw_dashboard_stream_count(dashboard) > 0;
}

static void on_tick(void *context) {
    tw_dashboard *dashboard = context;
    dashboard_look(dashboard);
    dashboard_streams_tick(dashboard);
    if (is_wanted(dashboard))
        return;
    tw_engine_viewer_want(dashboard->viewer, false);
    atomic_store(&dashboard->wanted, 0);
    tw_loop_timer_stop(dashboard->timer);
    dashboard->timer = NULL;
}

void dashboard_look(tw_dashboard *dashboard) {
    dashboard->view = tw_engine_viewer_read(dashboard->viewer, NULL);
    dashboard_routes_answer_pending(dashboard);
}

void dashboard_want(tw_dashboard *dashboard) {
    tw_engine_viewer_want(dashboard->viewer, true);
    if (atomic_exchange(&dashboard->wanted, 1) == 0 && dashboard->config.venue != NULL)
        tw_venue_wake(dashboard->config.venue); /* it may wait for a second */
    if (dashboard->timer != NULL)
        return;
    int64_t period_ns = dashboard->config.period_ns;
    tw_status status = tw_loop_timer_start(dashboard->config.loop, period_ns, period_ns, on_tick,
                                           dashboard, &dashboard->timer);
    TW_ASSERT(status == TW_OK); /* one timer, and a loop has thousands */
}

static void on_wake(void *context) {
    dashboard_look(context);
}

/* The engine's thread: a view was handed over. */
static void on_view(void *context) {
    tw_loop_wake(((tw_dashboard *)context)->config.loop);
}

/* ---- other threads ------------------------------------------------------------------------- */

static bool is_due(tw_dashboard *dashboard, int64_t *next_ns, int64_t now_ns) {
    if (atomic_load_explicit(&dashboard->wanted, memory_order_relaxed) == 0 || now_ns < *next_ns)
        return false;
    *next_ns = now_ns + dashboard->config.period_ns;
    return true;
}

void tw_dashboard_turn_engine(tw_dashboard *dashboard, int64_t now_ns) {
    if (dashboard != NULL)
        tw_engine_viewer_turn(dashboard->viewer, now_ns);
}

void tw_dashboard_end_engine(tw_dashboard *dashboard, int64_t now_ns) {
    if (dashboard != NULL)
        tw_engine_viewer_end(dashboard->viewer, now_ns);
}

void tw_dashboard_turn_venue(tw_dashboard *dashboard, int64_t now_ns) {
    if (dashboard == NULL || dashboard->config.venue == NULL ||
        !is_due(dashboard, &dashboard->venue_next_ns, now_ns))
        return;
    dashboard_venue *told = tw_triple_buffer_begin(dashboard->venue);
    told->taken_ns = now_ns;
    tw_venue_figures_of(dashboard->config.venue, &told->figures);
    tw_triple_buffer_publish(dashboard->venue);
    tw_loop_wake(dashboard->config.loop);
}

void tw_dashboard_turn_recorder(tw_dashboard *dashboard, int64_t now_ns) {
    if (dashboard == NULL || dashboard->config.recorder == NULL ||
        !is_due(dashboard, &dashboard->recorder_next_ns, now_ns))
        return;
    dashboard_recorder *told = tw_triple_buffer_begin(dashboard->recorder);
    told->taken_ns = now_ns;
    tw_recorder_figures_of(dashboard->config.recorder, &told->figures);
    tw_triple_buffer_publish(dashboard->recorder);
    tw_loop_wake(dashboard->config.loop);
}

/* ---- life ---------------------------------------------------------------------------------- */

static tw_status take_memory(tw_dashboard *dashboard) {
    const tw_allocator *allocator = dashboard->allocator;
    dashboard->capacity = dashboard_state_size_max(dashboard->config.symbol_count) +
                          (size_t)TW_DASHBOARD_BAR_COUNT_MAX * BAR_SIZE;
    dashboard->memory = TW_NEW(allocator, dashboard->capacity, char);
    dashboard->bars = TW_NEW(allocator, TW_DASHBOARD_BAR_COUNT_MAX, tw_bar);
    dashboard->scratch = TW_NEW(allocator, 1, tw_histogram);
    if (dashboard->memory == NULL || dashboard->bars == NULL || dashboard->scratch == NULL)
        return TW_NO_MEMORY;
    tw_histogram_init(dashboard->scratch);
    tw_status status = tw_triple_buffer_new(allocator, sizeof(dashboard_venue), &dashboard->venue);
    if (status == TW_OK)
        status = tw_triple_buffer_new(allocator, sizeof(dashboard_recorder), &dashboard->recorder);
    if (status == TW_OK)
        status = tw_json_reader_new(allocator, DASHBOARD_MESSAGE_SIZE_MAX, &dashboard->reader);
    if (status == TW_OK)
        status = tw_engine_viewer_new(allocator, dashboard->config.engine, on_view, dashboard,
                                      &dashboard->viewer);
    return status;
}

static tw_status take_limiter(tw_dashboard *dashboard, tw_error *error) {
    const tw_limiter_config config = {.bucket_max = 1};
    const tw_limiter_bucket_config controls = {.name = "controls",
                                               .tokens = TW_DASHBOARD_CONTROLS_A_MINUTE,
                                               .period_ns = TW_NS_PER_MINUTE,
                                               .burst = TW_DASHBOARD_CONTROLS_A_MINUTE};
    tw_status status = tw_limiter_new(dashboard->allocator, &config, &dashboard->limiter, error);
    if (status != TW_OK)
        return status;
    return tw_limiter_define(dashboard->limiter, &controls, tw_time_monotonic_ns(),
                             &dashboard->controls, error);
}

static tw_status listen_to(tw_dashboard *dashboard, tw_error *error) {
    const tw_http_server_config server = {
        .allocator = dashboard->allocator,
        .address = dashboard->config.address,
        .port = dashboard->config.port,
        .connection_count_max = CONNECTION_COUNT_MAX,
        .header_size_max = HEADER_SIZE_MAX,
        .body_size_max = DASHBOARD_MESSAGE_SIZE_MAX,
        .buffer_size_max = BUFFER_COUNT * dashboard->capacity,
        .idle_timeout_ns = IDLE_NS,
        .request_timeout_ns = REQUEST_NS,
        .silent_give_way = true,
        .handler = dashboard_routes_handle,
        .context = dashboard,
    };
    tw_loop_set_wake(dashboard->config.loop, on_wake, dashboard);
    return tw_http_server_start(dashboard->config.loop, &server, &dashboard->server, error);
}

static void adopt_config(tw_dashboard *dashboard, const tw_dashboard_config *config) {
    tw_dashboard_config *own = &dashboard->config;
    *own = *config;
    if (own->address == NULL)
        own->address = DEFAULT_ADDRESS;
    if (own->period_ns == 0)
        own->period_ns = PERIOD_NS;
    if (own->token_patience_ns == 0)
        own->token_patience_ns = TOKEN_PATIENCE_NS;
    dashboard->loopback = dashboard_access_is_loopback(own->address);
    dashboard->started_ns = tw_time_monotonic_ns();
    dashboard->rate_ns = dashboard->started_ns;
    for (size_t i = 0; i < TW_DASHBOARD_STREAM_COUNT_MAX; i++)
        dashboard->streams[i].owner = dashboard;
}

tw_status tw_dashboard_start(const tw_allocator *allocator, const tw_dashboard_config *config,
                             tw_dashboard **ret_dashboard, tw_error *error) {
    TW_ASSERT(config->loop != NULL && config->engine != NULL && config->symbols != NULL);
    TW_ASSERT(config->timeframe_count <= TW_ENGINE_TIMEFRAME_COUNT_MAX);
    tw_dashboard *dashboard = TW_NEW(allocator, 1, tw_dashboard);
    if (dashboard == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for the dashboard");
    dashboard->allocator = allocator;
    adopt_config(dashboard, config);
    tw_status status = take_memory(dashboard);
    if (status != TW_OK)
        tw_error_set(error, status, "no memory for the dashboard");
    if (status == TW_OK)
        status = dashboard_access_make_token(&dashboard->token, error);
    if (status == TW_OK)
        status = take_limiter(dashboard, error);
    if (status == TW_OK)
        status = listen_to(dashboard, error);
    if (status != TW_OK) {
        tw_dashboard_free(dashboard);
        return status;
    }
    *ret_dashboard = dashboard;
    return TW_OK;
}

void tw_dashboard_stop(tw_dashboard *dashboard) {
    dashboard_look(dashboard);
    tw_http_server_stop(dashboard->server);
    dashboard_streams_stop(dashboard);
}

void tw_dashboard_free(tw_dashboard *dashboard) {
    if (dashboard == NULL)
        return;
    const tw_allocator *allocator = dashboard->allocator;
    tw_loop_set_wake(dashboard->config.loop, NULL, NULL);
    tw_loop_timer_stop(dashboard->timer);
    tw_http_server_free(dashboard->server);
    dashboard_streams_free(dashboard);
    tw_engine_viewer_free(dashboard->viewer);
    tw_limiter_free(dashboard->limiter);
    tw_json_reader_free(dashboard->reader);
    tw_triple_buffer_free(dashboard->venue);
    tw_triple_buffer_free(dashboard->recorder);
    dashboard_access_wipe_token(dashboard->token);
    TW_DELETE(allocator, dashboard->scratch, 1, tw_histogram);
    TW_DELETE(allocator, dashboard->bars, TW_DASHBOARD_BAR_COUNT_MAX, tw_bar);
    TW_DELETE(allocator, dashboard->memory, dashboard->capacity, char);
    TW_DELETE(allocator, dashboard, 1, tw_dashboard);
}

uint16_t tw_dashboard_port(const tw_dashboard *dashboard) {
    return tw_http_server_port(dashboard->server);
}

const char *tw_dashboard_token(const tw_dashboard *dashboard) {
    return dashboard->token;
}

uint32_t tw_dashboard_stream_count(const tw_dashboard *dashboard) {
    uint32_t count = 0;
    for (size_t i = 0; i < TW_DASHBOARD_STREAM_COUNT_MAX; i++)
        count += dashboard->streams[i].taken;
    return count;
}
