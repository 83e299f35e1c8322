/*
 * venue.c - connection, rings and ports. The states are drawn in venue.h.
 *
 * Invariants
 *  1. The engine hears TW_VENUE_UP only after a whole snapshot, and TW_VENUE_DOWN before anything
 *     is read anew: once an outage, unless what was to tell it was dropped.
 *  2. Venue events reach the ring in this order: history, snapshot, results, updates; each kind
 *     in its own order. Nothing overtakes within a kind, and a DOWN is overtaken by nothing.
 *  3. Both streams are ready or both are closed, but for the moments between.
 *  4. A snapshot that the engine asked for before it heard of the newest loss is not read: it would
 *     be taken for one that is asked for after it.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "venue_priv.h"

/* A row of losses ends with ten seconds of being up. */
static const tw_reconnect_config RECONNECT = {.pause_ns_min = 250 * TW_NS_PER_MS,
                                              .pause_ns_max = 4 * TW_NS_PER_SECOND,
                                              .throttled_ns_min = TW_NS_PER_SECOND,
                                              .healthy_ns = 10 * TW_NS_PER_SECOND,
                                              .storm_count_max = 30};
static const int64_t PATIENCE_NS_DEFAULT = 20 * TW_NS_PER_SECOND;
static const int64_t TIME_PERIOD_NS = 100 * TW_NS_PER_MS;
static const int64_t TRACE_PERIOD_NS = 100 * TW_NS_PER_MS;
static const size_t MARKET_RING_DEFAULT = 131072;
static const size_t STEP_ANSWER_SIZE_MAX = 65536;

/* ---- events -------------------------------------------------------------------------------- */

int64_t venue_time(const tw_venue *venue) {
    if (venue->config.stepped || venue->clock_own_ns == 0)
        return venue->clock_venue_ns;
    double elapsed = (double)(tw_time_monotonic_ns() - venue->clock_own_ns);
    return venue->clock_venue_ns + (int64_t)(elapsed * venue->config.speed);
}

tw_venue_event venue_event(const tw_venue *venue, tw_venue_kind kind) {
    return (tw_venue_event){.time_ns = venue_time(venue),
                            .received_ns = tw_time_monotonic_ns(),
                            .kind = (uint32_t)kind,
                            .connection = venue->connection};
}

/* The engine is woken by the first event of a turn, while the rest is still being decoded, and
 * once more at its end. */
static void venue_told(tw_venue *venue) {
    if (!venue->told && venue->config.on_events != NULL)
        venue->config.on_events(venue->config.context);
    venue->told = true;
}

void venue_queue_add(tw_venue *venue, venue_queue *queue, const tw_venue_event *event) {
    if (queue->count == queue->capacity) {
        /* What waits is dropped, for all of it is read anew; so there is room to tell the loss. */
        queue->count = 0;
        venue->down_told = false; /* it may have been among it */
        venue_lost(venue, TW_FULL, "the engine does not keep up with its orders' events");
        return;
    }
    queue->events[(queue->first + queue->count++) % queue->capacity] = *event;
}

static bool push_event(tw_venue *venue, const tw_venue_event *event) {
    if (tw_ring_push(venue->events, event) != TW_OK)
        return false;
    venue_told(venue);
    return true;
}

/* Moves a queue into the ring; false when the ring is full. */
static bool pump_queue(tw_venue *venue, venue_queue *queue) {
    while (queue->count > 0) {
        if (!push_event(venue, &queue->events[queue->first]))
            return false;
        queue->first = (queue->first + 1) % queue->capacity;
        queue->count--;
    }
    queue->first = 0; /* the same few lines of memory again */
    return true;
}

static bool pump_bar(tw_venue *venue, const tw_bar *bar) {
    tw_venue_event event = venue_event(venue, TW_VENUE_HISTORY);
    event.time_ns = 0;
    event.as.history = *bar;
    return push_event(venue, &event);
}

/* Symbol by symbol, each from its oldest bar. */
static bool pump_history(tw_venue *venue) {
    uint32_t days = venue->config.history_days;
    if (!venue->history_fetched || venue->history_ended)
        return true;
    for (; venue->history_symbol < venue->config.symbol_count; venue->history_symbol++) {
        const tw_bar *bars = venue->history + (size_t)venue->history_symbol * days;
        uint32_t ever = venue->history_counts[venue->history_symbol];
        uint32_t kept = ever < days ? ever : days;
        for (; venue->history_told < kept; venue->history_told++) {
            if (!pump_bar(venue, &bars[(ever - kept + venue->history_told) % days]))
                return false;
        }
        venue->history_told = 0;
    }
    tw_venue_event event = venue_event(venue, TW_VENUE_HISTORY_END);
    event.time_ns = 0;
    venue->history_ended = push_event(venue, &event);
    return venue->history_ended;
}

static bool pump_snapshot(tw_venue *venue) {
    while (venue->snapshot_pending && venue->snapshot_told < venue->snapshot_count) {
        if (!push_event(venue, &venue->snapshot[venue->snapshot_told]))
            return false;
        venue->snapshot_told++;
    }
    venue->snapshot_pending = false;
    if (venue->snapshot_again && venue->state == VENUE_UP)
        venue_read_snapshot(venue);
    return true;
}

/* In stepped mode nothing is told before everything is there, so that the order is always the
 * same. */
bool venue_pump(tw_venue *venue) {
    if (venue->config.stepped && !tw_venue_ready(venue) && venue->state != VENUE_FAILED &&
        venue->state != VENUE_DOWN)
        return true;
    if (venue->down_untold &&
        !(pump_queue(venue, &venue->results) && pump_queue(venue, &venue->updates)))
        return false;
    venue->down_untold = false;
    return pump_history(venue) && pump_snapshot(venue) && pump_queue(venue, &venue->results) &&
           pump_queue(venue, &venue->updates);
}

static void tell_state(tw_venue *venue, const tw_venue_event *event) {
    if (venue->updates.count == venue->updates.capacity)
        venue->updates.count = 0; /* all that waits there is read anew, or of no use any more */
    venue_queue_add(venue, &venue->updates, event);
}

static void tell_failure(tw_venue *venue, tw_venue_kind kind, tw_status status,
                         const char *message) {
    tw_venue_event event = venue_event(venue, kind);
    event.as.failure.status = status;
    snprintf(event.as.failure.message, sizeof event.as.failure.message, "%s", message);
    tell_state(venue, &event);
}

/* Whoever watches hears of every attempt; the engine does not (tell_down). */
static void tell_news(const tw_venue *venue, bool up, const char *reason) {
    tw_venue_news news = {.up = up,
                          .attempts = venue->attempts,
                          .away_ns = tw_time_monotonic_ns() - venue->away_since,
                          .reason = reason};
    if (venue->config.on_news != NULL)
        venue->config.on_news(venue->config.context, &news);
}

static void tell_down(tw_venue *venue, tw_status status, const char *message) {
    if (!venue->down_told) {
        venue->attempts = 0;
        tell_failure(venue, TW_VENUE_DOWN, status, message);
        venue->down_told = true;
        venue->down_untold = true;
    }
    tell_news(venue, false, message);
}

static void tell_up(tw_venue *venue) {
    tw_venue_event event = venue_event(venue, TW_VENUE_UP);
    if (venue->down_told) {
        event.as.outage = (tw_venue_outage){.away_ns = tw_time_monotonic_ns() - venue->away_since,
                                            .attempts = venue->attempts};
        tell_news(venue, true, "");
    }
    venue->down_told = false;
    tell_state(venue, &event);
}

/* ---- connection ---------------------------------------------------------------------------- */

void venue_enter(tw_venue *venue, venue_state state) {
    tw_flight_note(venue->config.flight, tw_time_monotonic_ns(), "venue", venue->state, state,
                   tw_slice_of(venue_state_name(state)));
    venue->state = state;
    if (state == VENUE_UP) {
        if (tw_reconnect_get_state(&venue->reconnect) == TW_RECONNECT_TRYING)
            tw_reconnect_opened(&venue->reconnect, tw_time_monotonic_ns());
        tell_up(venue);
        venue->away_since = 0;
    }
}

void venue_fail(tw_venue *venue, tw_status status, const char *reason) {
    if (venue->state == VENUE_FAILED)
        return;
    tw_alpaca_stream_close(venue->data);
    tw_alpaca_stream_close(venue->trading);
    venue_enter(venue, VENUE_FAILED);
    tell_failure(venue, TW_VENUE_FAILED, status, reason);
}

static void connect_streams(tw_venue *venue) {
    tw_error error = {0};
    venue->data_ready = false;
    venue->trading_ready = false;
    venue_enter(venue, VENUE_CONNECTING);
    atomic_fetch_add(&venue->connects, 1);
    venue->attempts++;
    tw_status status = tw_alpaca_stream_open(venue->data, &error);
    if (status == TW_OK)
        status = tw_alpaca_stream_open(venue->trading, &error);
    if (status != TW_OK)
        venue_lost(venue, status, error.message);
}

static void on_retry(void *context);

static void plan_retry(tw_venue *venue) {
    int64_t delay_ns = tw_reconnect_next_ns(&venue->reconnect) - tw_time_monotonic_ns();
    if (tw_loop_timer_start(venue->loop, delay_ns > 0 ? delay_ns : 0, 0, on_retry, venue,
                            &venue->retry_timer) != TW_OK)
        venue_fail(venue, TW_FULL, "no timer is left to connect again with");
}

static void on_retry(void *context) {
    tw_venue *venue = context;
    venue->retry_timer = NULL;
    if (venue->state != VENUE_DOWN)
        return;
    if (tw_reconnect_try(&venue->reconnect, tw_time_monotonic_ns()) == TW_OK)
        connect_streams(venue);
    else
        plan_retry(venue);
}

void venue_lost(tw_venue *venue, tw_status status, const char *reason) {
    char message[256];
    if (venue->state == VENUE_FAILED || venue->state == VENUE_STOPPED)
        return;
    int64_t now_ns = tw_time_monotonic_ns();
    if (venue->away_since == 0)
        venue->away_since = now_ns;
    snprintf(message, sizeof message, "%s (%s)", reason, venue->config.trading_url);
    tw_flight_note(venue->config.flight, now_ns, "venue lost", status, venue->state,
                   tw_slice_of(tw_status_name(status)));
    tw_reconnect_loss loss = tw_reconnect_loss_of(status);
    if (loss == TW_RECONNECT_FINAL || now_ns - venue->away_since > venue->config.patience_ns) {
        venue_fail(venue, status, message);
        return;
    }
    if (venue->state == VENUE_DOWN)
        return;
    venue->connection++;
    tw_alpaca_stream_close(venue->data);
    tw_alpaca_stream_close(venue->trading);
    venue->reading = NULL;
    venue->snapshot_again = false;
    venue->snapshot_pending = false;
    venue_enter(venue, VENUE_DOWN);
    tell_down(venue, status, message);
    (void)tw_reconnect_lost(&venue->reconnect, now_ns, loss, 0, tw_random_next(&venue->random));
    plan_retry(venue);
}

static void stream_ready(tw_venue *venue) {
    if (!venue->data_ready || !venue->trading_ready || venue->state != VENUE_CONNECTING)
        return;
    venue_enter(venue, VENUE_READING);
    venue_read_snapshot(venue);
}

static void on_data_ready(void *context) {
    tw_venue *venue = context;
    venue->data_ready = true;
    stream_ready(venue);
}

static void on_trading_ready(void *context) {
    tw_venue *venue = context;
    venue->trading_ready = true;
    stream_ready(venue);
}

static void on_stream_down(void *context, tw_status status, const char *reason) {
    venue_lost(context, status, reason);
}

/* ---- market data --------------------------------------------------------------------------- */

/* Every so many events one is marked, and one after a while without; its first stage ends here. */
static void trace_market(tw_venue *venue, tw_market_event *event) {
    venue->heard_ns = event->received_ns;
    if (venue->config.trace_every == 0)
        return;
    if (venue->until_traced > 0 && event->received_ns < venue->trace_by_ns) {
        venue->until_traced--;
        return;
    }
    venue->until_traced = venue->config.trace_every - 1;
    venue->trace_by_ns = event->received_ns + TRACE_PERIOD_NS;
    int64_t decoded_ns = tw_time_monotonic_ns() - event->received_ns;
    tw_histogram_record(&venue->stages[TW_VENUE_STAGE_DECODE], decoded_ns);
    event->decoded_ns = decoded_ns < 1            ? 1
                        : decoded_ns > UINT32_MAX ? UINT32_MAX
                                                  : (uint32_t)decoded_ns;
}

static void push_market(tw_venue *venue, tw_market_event *event) {
    trace_market(venue, event);
    if (tw_ring_push(venue->market, event) == TW_OK) {
        atomic_fetch_add_explicit(&venue->market_events, 1, memory_order_relaxed);
        venue_told(venue);
        return;
    }
    atomic_fetch_add_explicit(&venue->market_dropped, 1, memory_order_relaxed);
    venue_lost(venue, TW_FULL, "the engine does not keep up with market data");
}

static void on_trade(void *context, const tw_trade *trade, int64_t received_ns) {
    tw_venue *venue = context;
    venue->data_objects++;
    push_market(venue, &(tw_market_event){.received_ns = received_ns,
                                          .kind = TW_MARKET_TRADE,
                                          .as.trade = *trade});
}

static void on_quote(void *context, const tw_quote *quote, int64_t received_ns) {
    tw_venue *venue = context;
    venue->data_objects++;
    push_market(venue, &(tw_market_event){.received_ns = received_ns,
                                          .kind = TW_MARKET_QUOTE,
                                          .as.quote = *quote});
}

static void on_bar(void *context, const tw_bar *bar, int64_t received_ns) {
    tw_venue *venue = context;
    venue->data_objects++;
    push_market(venue, &(tw_market_event){
                           .received_ns = received_ns, .kind = TW_MARKET_BAR, .as.bar = *bar});
}

static void on_level(void *context, const tw_level *level, int64_t received_ns) {
    tw_venue *venue = context;
    venue->data_objects += level->last != 0;
    push_market(venue, &(tw_market_event){.received_ns = received_ns,
                                          .kind = TW_MARKET_LEVEL,
                                          .as.level = *level});
}

/* A trade that is taken back or put right stays as it was told in what the engine has made of it:
 * its windows are over the newest trades, and a decision was made on them. The message counts. */
static void on_record(void *context, const tw_alpaca_record *record, int64_t received_ns) {
    (void)record;
    (void)received_ns;
    ((tw_venue *)context)->data_objects++;
}

static void on_order_update(void *context, const tw_alpaca_order_update *update,
                            int64_t received_ns) {
    tw_venue *venue = context;
    venue->trading_objects++;
    tw_venue_event event = venue_event(venue, TW_VENUE_ORDER_UPDATE);
    event.time_ns = update->timestamp_ns;
    event.received_ns = received_ns;
    tw_order_update *told = &event.as.update;
    told->order = update->order.order;
    told->price = update->price;
    told->quantity = update->quantity;
    snprintf(told->event, sizeof told->event, "%.23s", update->event_word);
    snprintf(told->execution_id, sizeof told->execution_id, "%.39s", update->execution_id);
    venue_queue_add(venue, &venue->updates, &event);
}

/* ---- ports --------------------------------------------------------------------------------- */

static tw_status port_next_market(void *context, tw_market_event *ret_event) {
    return tw_ring_pop(((tw_venue *)context)->market, ret_event);
}

static tw_status port_next_venue(void *context, tw_venue_event *ret_event) {
    tw_venue *venue = context;
    tw_status status = tw_ring_pop(venue->events, ret_event);
    if (status == TW_OK && (ret_event->kind == TW_VENUE_DOWN || ret_event->kind == TW_VENUE_UP))
        venue->connection_heard = ret_event->connection;
    return status;
}

static tw_status push_command(tw_venue *venue, venue_command_kind kind, const tw_order *order) {
    venue_command command = {.handed_ns = tw_time_monotonic_ns(),
                             .kind = (uint32_t)kind,
                             .connection = venue->connection_heard};
    if (order != NULL)
        command.order = *order;
    tw_status status = tw_ring_push(venue->commands, &command);
    if (status == TW_OK && !venue->config.stepped)
        tw_loop_wake(venue->loop);
    return status;
}

static tw_status port_submit(void *context, const tw_order *order) {
    return push_command(context, VENUE_SUBMIT, order);
}

static tw_status port_cancel(void *context, const tw_order *order) {
    return push_command(context, VENUE_CANCEL, order);
}

static tw_status port_query(void *context, const tw_order *order) {
    return push_command(context, VENUE_QUERY, order);
}

static tw_status port_snapshot(void *context) {
    return push_command(context, VENUE_SNAPSHOT, NULL);
}

void tw_venue_ports(tw_venue *venue, tw_feed_port *ret_feed, tw_broker_port *ret_broker) {
    *ret_feed = (tw_feed_port){port_next_market, port_next_venue, venue};
    *ret_broker = (tw_broker_port){port_submit, port_cancel, port_query, port_snapshot, venue};
}

/* ---- life ---------------------------------------------------------------------------------- */

static tw_status take_queue(const tw_allocator *allocator, venue_queue *queue) {
    queue->capacity = VENUE_EVENT_COUNT_MAX;
    queue->events = TW_NEW(allocator, queue->capacity, tw_venue_event);
    return queue->events == NULL ? TW_NO_MEMORY : TW_OK;
}

static tw_status take_memory(tw_venue *venue) {
    const tw_allocator *allocator = venue->allocator;
    uint32_t n = venue->config.symbol_count;
    size_t market =
        venue->config.market_ring_count > 0 ? venue->config.market_ring_count : MARKET_RING_DEFAULT;
    venue->snapshot_capacity = n + VENUE_ORDERS_A_SNAPSHOT + 4;
    venue->history = TW_NEW(allocator, (size_t)n * venue->config.history_days, tw_bar);
    venue->history_counts = TW_NEW(allocator, n, uint32_t);
    venue->snapshot = TW_NEW(allocator, venue->snapshot_capacity, tw_venue_event);
    venue->names = TW_NEW(allocator, n, const char *);
    if (venue->history == NULL || venue->history_counts == NULL || venue->snapshot == NULL ||
        venue->names == NULL)
        return TW_NO_MEMORY;
    for (uint32_t i = 0; i < VENUE_READING_COUNT_MAX; i++)
        venue->readings[i].venue = venue;
    for (tw_symbol s = 0; s < n; s++)
        venue->names[s] = tw_symbols_name(venue->symbols, s);
    for (uint32_t i = 0; i < VENUE_CALL_COUNT_MAX; i++) {
        venue->calls[i].venue = venue;
        venue->calls[i].next_free = venue->free_call;
        venue->free_call = &venue->calls[i];
    }
    tw_status status = tw_ring_new(allocator, market, sizeof(tw_market_event), &venue->market);
    if (status == TW_OK)
        status =
            tw_ring_new(allocator, VENUE_EVENT_COUNT_MAX, sizeof(tw_venue_event), &venue->events);
    if (status == TW_OK)
        status = tw_ring_new(allocator, VENUE_COMMAND_COUNT_MAX, sizeof(venue_command),
                             &venue->commands);
    if (status == TW_OK)
        status = take_queue(allocator, &venue->results);
    return status == TW_OK ? take_queue(allocator, &venue->updates) : status;
}

static tw_status make_streams(tw_venue *venue) {
    const tw_venue_config *config = &venue->config;
    tw_alpaca_stream_callbacks callbacks = {.context = venue,
                                            .on_ready = on_data_ready,
                                            .on_trade = on_trade,
                                            .on_quote = on_quote,
                                            .on_bar = on_bar,
                                            .on_level = on_level,
                                            .on_record = on_record,
                                            .on_down = on_stream_down};
    tw_alpaca_stream_config data = {
        .kind = TW_ALPACA_STREAM_MARKET_DATA,
        .url = config->data_stream_url,
        .key_id = config->key_id,
        .secret = config->secret,
        .channels =
            (uint16_t)(TW_ALPACA_CHANNEL_TRADES | TW_ALPACA_CHANNEL_BARS |
                       (config->levels ? TW_ALPACA_CHANNEL_BOOKS : TW_ALPACA_CHANNEL_QUOTES)),
        .names = venue->names,
        .name_count = config->symbol_count,
        .frame_size_max = 16 * 1024 * 1024,
    };
    tw_status status = tw_alpaca_stream_new(venue->allocator, venue->loop, &data, &callbacks,
                                            venue->symbols, &venue->data);
    if (status != TW_OK)
        return status;
    callbacks = (tw_alpaca_stream_callbacks){.context = venue,
                                             .on_ready = on_trading_ready,
                                             .on_order_update = on_order_update,
                                             .on_down = on_stream_down};
    tw_alpaca_stream_config trading = {
        .kind = TW_ALPACA_STREAM_TRADING,
        .url = config->trading_stream_url,
        .key_id = config->key_id,
        .secret = config->secret,
    };
    return tw_alpaca_stream_new(venue->allocator, venue->loop, &trading, &callbacks, venue->symbols,
                                &venue->trading);
}

/* Breakers open for no longer than a lost connection rests, or a venue that is back would be taken
 * for one that is away. Stepped, nothing may depend on how long an answer took: calls go straight.
 */
static tw_status make_resilient(tw_venue *venue, tw_error *error) {
    if (venue->config.stepped)
        return TW_OK;
    tw_resilient_config config = tw_resilient_config_default();
    config.loop = venue->loop;
    config.client = venue->http;
    config.call_max = VENUE_CALL_COUNT_MAX;
    config.host_max = 2; /* of trading and of data */
    config.seed = tw_random_next(&venue->random);
    for (int i = 0; i < TW_ROUTE_CLASS_COUNT; i++) {
        config.breakers.routes[i].open_ns_min = RECONNECT.pause_ns_min;
        config.breakers.routes[i].open_ns_max = RECONNECT.pause_ns_max;
        config.routes[i].policy.pause_ns_max = RECONNECT.pause_ns_max;
    }
    return tw_resilient_new(venue->allocator, &config, &venue->resilient, error);
}

static tw_status make_client(tw_venue *venue, tw_error *error) {
    tw_status status = tw_loop_new(NULL, &venue->loop, error);
    if (status == TW_OK)
        status = tw_http_client_new(venue->loop, NULL, &venue->http, error);
    if (status == TW_OK)
        status = make_resilient(venue, error);
    if (status != TW_OK)
        return status;
    tw_alpaca_client_config client = {.trading_url = venue->config.trading_url,
                                      .data_url = venue->config.data_url,
                                      .key_id = venue->config.key_id,
                                      .secret = venue->config.secret,
                                      .resilient = venue->resilient,
                                      .call_count_max = VENUE_CALL_COUNT_MAX};
    status = tw_alpaca_client_new(venue->allocator, venue->loop, venue->http, &client,
                                  venue->symbols, &venue->client);
    if (status == TW_OK && venue->config.stepped)
        status = tw_alpaca_reader_new(venue->allocator, STEP_ANSWER_SIZE_MAX, 0, NULL,
                                      &venue->step_reader);
    if (status == TW_OK)
        status = make_streams(venue);
    if (status != TW_OK)
        tw_error_set(error, status, "%s cannot be used as a venue: %s", venue->config.trading_url,
                     tw_status_sentence(status));
    return status;
}

/* "127.0.0.1", "localhost" or "[::1]" and then a port, a path or nothing. */
static bool is_this_machine(const char *host) {
    static const char *const names[] = {"127.0.0.1", "localhost", "[::1]"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t size = strlen(names[i]);
        if (strncmp(host, names[i], size) != 0)
            continue;
        const char *rest = host + size;
        if (*rest == ':')
            rest += 1 + strspn(rest + 1, "0123456789");
        if (*rest == '\0' || *rest == '/')
            return true;
    }
    return false;
}

/* Credentials go in the clear to this machine only. */
static tw_status check_url(const tw_venue_config *config, const char *url, tw_error *error) {
    bool secret = config->secret != NULL && config->secret[0] != '\0';
    if (url == NULL)
        return tw_error_set(error, TW_INVALID, "a URL of the venue is missing");
    if (!secret || strncasecmp(url, "https://", 8) == 0 || strncasecmp(url, "wss://", 6) == 0)
        return TW_OK;
    const char *host = strstr(url, "://");
    if (host != NULL && is_this_machine(host + 3))
        return TW_OK;
    return tw_error_set(error, TW_REFUSED,
                        "%s would carry the credentials unencrypted: use https or wss", url);
}

static tw_status check_urls(const tw_venue_config *config, tw_error *error) {
    const char *const urls[] = {config->trading_url, config->data_url, config->data_stream_url,
                                config->trading_stream_url};
    tw_status status = TW_OK;
    for (size_t i = 0; status == TW_OK && i < sizeof urls / sizeof urls[0]; i++)
        status = check_url(config, urls[i], error);
    return status;
}

tw_status tw_venue_new(const tw_allocator *allocator, const tw_venue_config *config,
                       tw_symbols *symbols, tw_venue **ret_venue, tw_error *error) {
    TW_ASSERT(config->symbol_count > 0 && config->symbol_count <= tw_symbols_count(symbols));
    TW_ASSERT(config->history_days > 0);
    tw_status status = check_urls(config, error);
    if (status != TW_OK)
        return status;
    tw_venue *venue = TW_NEW(allocator, 1, tw_venue);
    if (venue == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for the venue");
    venue->allocator = allocator;
    venue->config = *config;
    venue->symbols = symbols;
    for (size_t i = 0; i < VENUE_OWN_STAGES; i++)
        tw_histogram_init(&venue->stages[i]);
    tw_random_init(&venue->random, (uint64_t)tw_time_monotonic_ns(), 0);
    status = tw_reconnect_init(&venue->reconnect, &RECONNECT);
    TW_ASSERT(status == TW_OK);
    if (venue->config.patience_ns == 0)
        venue->config.patience_ns = PATIENCE_NS_DEFAULT;
    status = take_memory(venue);
    if (status != TW_OK)
        tw_error_set(error, status, "no memory for the venue");
    else
        status = make_client(venue, error);
    if (status != TW_OK) {
        tw_venue_free(venue);
        return status;
    }
    *ret_venue = venue;
    return TW_OK;
}

void tw_venue_free(tw_venue *venue) {
    if (venue == NULL)
        return;
    const tw_allocator *allocator = venue->allocator;
    uint32_t n = venue->config.symbol_count;
    venue->state = VENUE_STOPPED;
    tw_alpaca_stream_free(venue->data);
    tw_alpaca_stream_free(venue->trading);
    tw_alpaca_client_free(venue->client);
    tw_http_client_free(venue->http);
    tw_resilient_free(venue->resilient);
    tw_loop_free(venue->loop);
    tw_alpaca_reader_free(venue->step_reader);
    tw_ring_free(venue->market);
    tw_ring_free(venue->events);
    tw_ring_free(venue->commands);
    TW_DELETE(allocator, venue->results.events, venue->results.capacity, tw_venue_event);
    TW_DELETE(allocator, venue->updates.events, venue->updates.capacity, tw_venue_event);
    TW_DELETE(allocator, venue->history, (size_t)n * venue->config.history_days, tw_bar);
    TW_DELETE(allocator, venue->history_counts, n, uint32_t);
    TW_DELETE(allocator, venue->snapshot, venue->snapshot_capacity, tw_venue_event);
    TW_DELETE(allocator, venue->names, n, const char *);
    TW_DELETE(allocator, venue, 1, tw_venue);
}

/* How late the loop comes to what it meant to do: everything that waited meanwhile waited too. */
static void trace_lateness(tw_venue *venue) {
    int64_t now_ns = tw_time_monotonic_ns();
    int64_t late_ns = now_ns - venue->time_due_ns;
    tw_histogram_record_intended(&venue->stages[TW_VENUE_STAGE_LATE], late_ns, TIME_PERIOD_NS);
    venue->time_due_ns += (late_ns / TIME_PERIOD_NS + 1) * TIME_PERIOD_NS;
}

/* The venue's time goes on when no market event comes. */
static void on_time(void *context) {
    tw_venue *venue = context;
    trace_lateness(venue);
    tw_venue_event event = venue_event(venue, TW_VENUE_TIME);
    if (venue->state != VENUE_UP || venue->config.stepped || !venue_pump(venue))
        return;
    (void)push_event(venue, &event); /* full: a later event carries the time */
}

tw_status tw_venue_start(tw_venue *venue, tw_error *error) {
    TW_ASSERT(venue->state == VENUE_STOPPED);
    tw_status status = tw_loop_timer_start(venue->loop, TIME_PERIOD_NS, TIME_PERIOD_NS, on_time,
                                           venue, &venue->time_timer);
    if (status != TW_OK)
        return tw_error_set(error, status, "the venue's loop has no timer left");
    venue->away_since = tw_time_monotonic_ns();
    venue->time_due_ns = venue->away_since + TIME_PERIOD_NS;
    tw_reconnect_start(&venue->reconnect, venue->away_since);
    status = tw_reconnect_try(&venue->reconnect, venue->away_since);
    TW_ASSERT(status == TW_OK); /* the first attempt is due at once */
    connect_streams(venue);
    return TW_OK;
}

tw_status tw_venue_turn(tw_venue *venue, int64_t wait_ns, tw_error *error) {
    bool drained = venue_pump(venue);
    tw_status status = tw_loop_turn(venue->loop, drained ? wait_ns : TW_NS_PER_MS, NULL, error);
    if (!venue->config.stepped)
        venue_run_commands(venue, VENUE_CALL_COUNT_MAX);
    venue_pump(venue);
    if (venue->told && venue->config.on_events != NULL)
        venue->config.on_events(venue->config.context);
    venue->told = false;
    return status;
}

bool tw_venue_ready(const tw_venue *venue) {
    return venue->state == VENUE_UP && venue->history_fetched;
}

void tw_venue_wake(tw_venue *venue) {
    tw_loop_wake(venue->loop);
}

void tw_venue_counts_of(const tw_venue *venue, tw_venue_counts *ret_counts) {
    *ret_counts = (tw_venue_counts){
        .market_events = atomic_load(&venue->market_events),
        .market_dropped = atomic_load(&venue->market_dropped),
        .requests = atomic_load(&venue->requests),
        .connects = atomic_load(&venue->connects),
        .history_bars = atomic_load(&venue->history_bars),
    };
}
