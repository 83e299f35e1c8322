/*
 * wire_venue.c - a venue against a simulated exchange in a thread of its own, over real sockets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>
#include <unistd.h>

#include "failing_heap.h"
#include "tradewind/exchange.h"
#include "tradewind/time.h"
#include "tradewind/venue.h"

enum { KINDS = 16, HISTORY_DAYS = 60, SYMBOLS = 3 };

static const int64_t DEADLINE_NS = 10 * TW_NS_PER_SECOND;

typedef struct world {
    tw_exchange_config exchange_config;
    tw_exchange *exchange;
    pthread_t thread;
    uint16_t port;
    bool drain_market;

    tw_symbols *symbols;
    tw_venue_config config;
    tw_venue *venue;
    tw_feed_port feed;
    tw_broker_port broker;
    char url[64];
    char data_stream[80];
    char trading_stream[80];

    uint32_t wakes;
    uint32_t seen[KINDS];
    uint32_t order[256]; /* kinds of venue events as they came, but for TIME and HISTORY */
    uint32_t order_count;
    uint32_t market;
    uint32_t books[SYMBOLS]; /* books that began anew, a symbol */
    uint32_t bars[SYMBOLS];
    int64_t newest_bar[SYMBOLS];
    bool bars_ascend;
    tw_venue_failure failure;
    tw_order_result result;
    tw_order_update update;
    uint64_t transcript;
    uint32_t traced; /* market events that are marked */
    uint32_t calls;  /* on_call */
    tw_venue_call call;
    char call_order[TW_CLIENT_ORDER_ID_SIZE];
    tw_venue_outage outage;   /* of the newest UP */
    uint32_t losses;          /* on_news */
    uint32_t failed_attempts; /* since creation */
    uint32_t returns;
} world;

static void on_events(void *context) {
    ((world *)context)->wakes++;
}

/* ---- the exchange's thread ----------------------------------------------------------------- */

static void on_call(void *context, const tw_venue_call *call) {
    world *w = context;
    w->calls++;
    w->call = *call;
    snprintf(w->call_order, sizeof w->call_order, "%s", call->client_order_id);
}

static void on_news(void *context, const tw_venue_news *news) {
    world *w = context;
    assert_int_equal(news->up, news->reason[0] == '\0');
    w->losses += !news->up && news->attempts == 0;
    w->failed_attempts += !news->up && news->attempts > 0;
    w->returns += news->up;
}

static void *exchange_main(void *context) {
    world *w = context;
    tw_status status = TW_OK;
    while (status == TW_OK)
        status = tw_exchange_turn(w->exchange, TW_NS_PER_SECOND, NULL);
    return NULL;
}

static void start_exchange(world *w) {
    tw_error error = {0};
    w->exchange_config.port = w->port;
    if (tw_exchange_open(NULL, &w->exchange_config, &w->exchange, &error) != TW_OK)
        fail_msg("%s", error.message);
    w->port = tw_exchange_port(w->exchange);
    assert_int_equal(pthread_create(&w->thread, NULL, exchange_main, w), 0);
}

static void stop_exchange(world *w) {
    if (w->exchange == NULL)
        return;
    tw_exchange_stop(w->exchange);
    assert_int_equal(pthread_join(w->thread, NULL), 0);
    tw_exchange_close(w->exchange);
    w->exchange = NULL;
}

/* ---- the venue ----------------------------------------------------------------------------- */

static void make_symbols(world *w) {
    static const char *const names[SYMBOLS] = {"AAPL", "MSFT", "SPY"};
    assert_int_equal(tw_symbols_new(NULL, SYMBOLS, &w->symbols), TW_OK);
    for (size_t i = 0; i < SYMBOLS; i++) {
        tw_symbol symbol;
        assert_int_equal(tw_symbols_intern(w->symbols, tw_slice_of(names[i]), &symbol), TW_OK);
    }
}

static void point_at(world *w) {
    snprintf(w->url, sizeof w->url, "http://127.0.0.1:%u", w->port);
    snprintf(w->data_stream, sizeof w->data_stream, "ws://127.0.0.1:%u/v2/iex", w->port);
    snprintf(w->trading_stream, sizeof w->trading_stream, "ws://127.0.0.1:%u/stream", w->port);
    w->config.trading_url = w->url;
    w->config.data_url = w->url;
    w->config.data_stream_url = w->data_stream;
    w->config.trading_stream_url = w->trading_stream;
}

static int open_world(void **state) {
    static world w;
    w = (world){.drain_market = true, .bars_ascend = true};
    tw_exchange_config_init(&w.exchange_config);
    w.exchange_config.symbols = "AAPL,MSFT,SPY";
    w.exchange_config.history_days = 120;
    w.config = (tw_venue_config){.key_id = "demo",
                                 .secret = "demo",
                                 .levels = true,
                                 .symbol_count = SYMBOLS,
                                 .history_days = HISTORY_DAYS,
                                 .speed = 1.0,
                                 .on_events = on_events,
                                 .on_news = on_news,
                                 .context = &w};
    make_symbols(&w);
    *state = &w;
    return 0;
}

static int close_world(void **state) {
    world *w = *state;
    tw_venue_free(w->venue);
    stop_exchange(w);
    tw_symbols_free(w->symbols);
    return 0;
}

static void start_venue(world *w) {
    tw_error error = {0};
    point_at(w);
    if (tw_venue_new(NULL, &w->config, w->symbols, &w->venue, &error) != TW_OK)
        fail_msg("%s", error.message);
    tw_venue_ports(w->venue, &w->feed, &w->broker);
    if (tw_venue_start(w->venue, &error) != TW_OK)
        fail_msg("%s", error.message);
}

static void hash_in(world *w, const void *bytes, size_t size) {
    const unsigned char *at = bytes;
    for (size_t i = 0; i < size; i++)
        w->transcript = (w->transcript ^ at[i]) * UINT64_C(0x100000001b3);
}

/* What an event says: the bytes of a union behind its member are no part of it. */
static void hash_venue_event(world *w, const tw_venue_event *event) {
    static const size_t sizes[KINDS] = {[TW_VENUE_ACCOUNT] = sizeof event->as.account,
                                        [TW_VENUE_POSITION] = sizeof event->as.position,
                                        [TW_VENUE_OPEN_ORDER] = sizeof event->as.order,
                                        [TW_VENUE_HISTORY] = sizeof event->as.history,
                                        [TW_VENUE_UP] = sizeof event->as.outage,
                                        [TW_VENUE_DOWN] = sizeof event->as.failure,
                                        [TW_VENUE_FAILED] = sizeof event->as.failure,
                                        [TW_VENUE_ORDER_UPDATE] = sizeof event->as.update,
                                        [TW_VENUE_SUBMIT_RESULT] = sizeof event->as.result,
                                        [TW_VENUE_QUERY_RESULT] = sizeof event->as.result,
                                        [TW_VENUE_CANCEL_RESULT] = sizeof event->as.result};
    hash_in(w, &event->time_ns, sizeof event->time_ns);
    hash_in(w, &event->kind, sizeof event->kind);
    hash_in(w, &event->as, sizes[event->kind]);
}

static void hash_market_event(world *w, const tw_market_event *event) {
    static const size_t sizes[] = {[TW_MARKET_TRADE] = sizeof event->as.trade,
                                   [TW_MARKET_QUOTE] = sizeof event->as.quote,
                                   [TW_MARKET_LEVEL] = sizeof event->as.level,
                                   [TW_MARKET_BAR] = sizeof event->as.bar};
    assert_in_range(event->kind, TW_MARKET_TRADE, TW_MARKET_BAR);
    hash_in(w, &event->kind, sizeof event->kind);
    hash_in(w, &event->as, sizes[event->kind]);
}

static void take_bar(world *w, const tw_bar *bar) {
    assert_true(bar->symbol < SYMBOLS && bar->timeframe_ns == TW_NS_PER_DAY);
    w->bars_ascend = w->bars_ascend && bar->time_ns > w->newest_bar[bar->symbol];
    w->newest_bar[bar->symbol] = bar->time_ns;
    w->bars[bar->symbol]++;
}

static void take_venue_event(world *w, tw_venue_event event) {
    assert_true(event.kind < KINDS);
    w->seen[event.kind]++;
    if (event.kind != TW_VENUE_TIME && event.kind != TW_VENUE_HISTORY && w->order_count < 256)
        w->order[w->order_count++] = event.kind;
    if (event.kind == TW_VENUE_HISTORY)
        take_bar(w, &event.as.history);
    if (event.kind == TW_VENUE_DOWN || event.kind == TW_VENUE_FAILED)
        w->failure = event.as.failure;
    if (event.kind == TW_VENUE_UP)
        w->outage = event.as.outage;
    if (event.kind == TW_VENUE_ORDER_UPDATE)
        w->update = event.as.update;
    if (event.kind == TW_VENUE_SUBMIT_RESULT || event.kind == TW_VENUE_QUERY_RESULT ||
        event.kind == TW_VENUE_CANCEL_RESULT)
        w->result = event.as.result;
    hash_venue_event(w, &event);
}

static void take_market_event(world *w, tw_market_event event) {
    w->market++;
    if (event.kind == TW_MARKET_LEVEL && event.as.level.clear != 0)
        w->books[event.as.level.symbol]++;
    w->traced += event.decoded_ns != 0;
    hash_market_event(w, &event);
}

static void take_events(world *w) {
    tw_market_event market;
    tw_venue_event event;
    while (w->feed.next_venue(w->feed.context, &event) == TW_OK)
        take_venue_event(w, event);
    while (w->drain_market && w->feed.next_market(w->feed.context, &market) == TW_OK)
        take_market_event(w, market);
}

/* Turns until so many events of a kind have been told. */
static void until(world *w, tw_venue_kind kind, uint32_t count) {
    int64_t deadline_ns = tw_time_monotonic_ns() + DEADLINE_NS;
    while (w->seen[kind] < count) {
        tw_error error = {0};
        if (tw_time_monotonic_ns() > deadline_ns)
            fail_msg("event %d did not come; the last failure was: %s", kind, w->failure.message);
        if (tw_venue_turn(w->venue, 20 * TW_NS_PER_MS, &error) != TW_OK)
            fail_msg("%s", error.message);
        take_events(w);
    }
}

static void until_ready(world *w) {
    until(w, TW_VENUE_UP, 1);
    until(w, TW_VENUE_HISTORY_END, 1);
    assert_true(tw_venue_ready(w->venue));
}

static uint32_t place_of(const world *w, tw_venue_kind kind) {
    for (uint32_t i = 0; i < w->order_count; i++) {
        if (w->order[i] == (uint32_t)kind)
            return i;
    }
    return UINT32_MAX;
}

static tw_order far_order(const char *id) {
    tw_order order = {.quantity = {10 * TW_NANO},
                      .limit_price = {TW_NANO},
                      .symbol = 1,
                      .side = TW_SIDE_BUY,
                      .type = TW_ORDER_LIMIT,
                      .time_in_force = TW_DAY};
    snprintf(order.client_order_id, sizeof order.client_order_id, "%s", id);
    return order;
}

static tw_status submitted(world *w, const tw_order *order) {
    uint32_t before = w->seen[TW_VENUE_SUBMIT_RESULT];
    assert_int_equal(w->broker.submit(w->broker.context, order), TW_OK);
    until(w, TW_VENUE_SUBMIT_RESULT, before + 1);
    assert_string_equal(w->result.client_order_id, order->client_order_id);
    return w->result.status;
}

static tw_status queried(world *w, const tw_order *order) {
    uint32_t before = w->seen[TW_VENUE_QUERY_RESULT];
    assert_int_equal(w->broker.query(w->broker.context, order), TW_OK);
    until(w, TW_VENUE_QUERY_RESULT, before + 1);
    assert_string_equal(w->result.client_order_id, order->client_order_id);
    return w->result.status;
}

static tw_status cancelled(world *w, const tw_order *order) {
    uint32_t before = w->seen[TW_VENUE_CANCEL_RESULT];
    assert_int_equal(w->broker.cancel(w->broker.context, order), TW_OK);
    until(w, TW_VENUE_CANCEL_RESULT, before + 1);
    return w->result.status;
}

/* ---- rules --------------------------------------------------------------------------------- */

static void it_is_up_after_a_whole_snapshot(void **state) {
    world *w = *state;
    start_exchange(w);
    start_venue(w);
    until_ready(w);
    assert_true(place_of(w, TW_VENUE_ACCOUNT) < place_of(w, TW_VENUE_SNAPSHOT_END));
    assert_true(place_of(w, TW_VENUE_SNAPSHOT_END) < place_of(w, TW_VENUE_UP));
    assert_int_equal(w->seen[TW_VENUE_SNAPSHOT_END], 1);
    assert_int_equal(w->seen[TW_VENUE_DOWN] + w->seen[TW_VENUE_FAILED], 0);
    until(w, TW_VENUE_TIME, 3);
    assert_true(w->market > 0 && w->wakes > 0);
    tw_venue_counts counts;
    tw_venue_counts_of(w->venue, &counts);
    assert_true(counts.market_events == w->market && counts.market_dropped == 0);
    assert_true(counts.connects == 1 && counts.requests >= 4);
}

/* Nobody trades: a symbol that has traded today has a bar more than one that has not. */
static void the_history_is_the_newest_of_every_symbol(void **state) {
    world *w = *state;
    w->exchange_config.events_per_second = 0.001;
    start_exchange(w);
    start_venue(w);
    until_ready(w);
    tw_venue_counts counts;
    tw_venue_counts_of(w->venue, &counts);
    assert_true(counts.history_bars > SYMBOLS * HISTORY_DAYS); /* more are fetched than kept */
    assert_true(w->bars_ascend);
    for (size_t s = 0; s < SYMBOLS; s++) {
        assert_int_equal(w->bars[s], HISTORY_DAYS);
        assert_true(w->newest_bar[s] == w->newest_bar[0]);
    }
    assert_true(tw_exchange_start_ns(w->exchange) - w->newest_bar[0] < 6 * TW_NS_PER_DAY);
}

static void an_order_is_submitted_found_and_cancelled(void **state) {
    world *w = *state;
    start_exchange(w);
    start_venue(w);
    until_ready(w);
    tw_order order = far_order("venue-1");
    assert_int_equal(submitted(w, &order), TW_OK);
    assert_true(w->result.order.venue_order_id[0] != '\0');
    memcpy(order.venue_order_id, w->result.order.venue_order_id, sizeof order.venue_order_id);
    until(w, TW_VENUE_ORDER_UPDATE, 1);
    assert_string_equal(w->update.order.client_order_id, "venue-1");
    assert_string_equal(w->update.event, "new");
    assert_int_equal(w->update.order.symbol, 1);
    assert_int_equal(queried(w, &order), TW_OK);
    assert_string_equal(w->result.order.venue_order_id, order.venue_order_id);
    assert_int_equal(submitted(w, &order), TW_EXISTS); /* the same id again */
    assert_true(w->result.message[0] != '\0' && w->result.code != 0);
    uint32_t updates = w->seen[TW_VENUE_ORDER_UPDATE];
    assert_int_equal(cancelled(w, &order), TW_OK);
    until(w, TW_VENUE_ORDER_UPDATE, updates + 1);
    assert_int_equal(w->update.order.status, TW_ORDER_CANCELED);
    assert_true(cancelled(w, &order) != TW_OK); /* it is over */
    tw_order other = far_order("venue-2");
    assert_int_equal(queried(w, &other), TW_NOT_FOUND);
    assert_true(cancelled(w, &other) != TW_OK); /* the venue never named it */
}

static uint64_t times(const world *w, tw_venue_stage stage) {
    return tw_histogram_count(tw_venue_stage_latency(w->venue, stage));
}

static void requests_and_marked_events_are_timed(void **state) {
    world *w = *state;
    tw_venue_figures figures;
    TW_AUTO(tw_flight) *flight = NULL;
    tw_flight_event noted = {0};
    assert_int_equal(tw_flight_new(NULL, 256, &flight), TW_OK);
    w->config.trace_every = 4;
    w->config.flight = flight;
    w->config.on_call = on_call;
    start_exchange(w);
    start_venue(w);
    until_ready(w);
    tw_order order = far_order("venue-1");
    assert_int_equal(submitted(w, &order), TW_OK);
    assert_string_equal(w->call.what, "submit");
    assert_string_equal(w->call_order, "venue-1");
    assert_true(w->call.status == TW_OK && w->call.elapsed_ns > 0);
    assert_true(tw_flight_get(flight, tw_flight_newest(flight), &noted));
    assert_string_equal(noted.name, "submit");
    assert_string_equal(noted.text, "venue-1");
    assert_true(noted.values[0] == TW_OK && noted.values[1] == w->call.elapsed_ns);
    assert_int_equal(queried(w, &order), TW_OK);
    assert_int_equal(submitted(w, &order), TW_EXISTS);
    memcpy(order.venue_order_id, w->result.order.venue_order_id, sizeof order.venue_order_id);
    assert_true(cancelled(w, &order) != TW_OK); /* of an order that the answer did not name */
    assert_int_equal(w->calls, 4);
    assert_int_equal(times(w, TW_VENUE_STAGE_SUBMIT), 2);
    assert_int_equal(times(w, TW_VENUE_STAGE_QUERY), 1);
    assert_int_equal(times(w, TW_VENUE_STAGE_CANCEL), 1);
    assert_int_equal(times(w, TW_VENUE_STAGE_HAND_OVER), 4);
    uint64_t seen = times(w, TW_VENUE_STAGE_LATE);
    until(w, TW_VENUE_TIME, w->seen[TW_VENUE_TIME] + 2);
    assert_true(times(w, TW_VENUE_STAGE_LATE) >= seen + 2);
    take_events(w);
    tw_venue_figures_of(w->venue, &figures);
    assert_true(figures.up && figures.heard_ns > 0 && figures.market_waiting == 0);
    assert_int_equal(figures.market_events, w->market);
    assert_true(w->traced >= (w->market + 3) / 4 && w->traced < w->market);
    assert_int_equal(times(w, TW_VENUE_STAGE_DECODE), w->traced);
    assert_true(figures.data.records > 0 && figures.trading.opens == 1);
    assert_true(figures.attempts >= figures.requests && figures.requests >= 7);
    assert_true(figures.answers[2] >= 6 && figures.answers[4] >= 1);
    assert_int_equal(times(w, TW_VENUE_STAGE_HTTP_TOTAL), figures.requests);
    assert_int_equal(figures.routes[TW_ROUTE_SUBMIT].breaker, TW_BREAKER_CLOSED);
    assert_int_equal(figures.routes[TW_ROUTE_SUBMIT].rejected, 0);
}

static void a_market_order_is_filled_and_the_snapshot_tells_it(void **state) {
    world *w = *state;
    start_exchange(w);
    start_venue(w);
    until_ready(w);
    tw_order order = far_order("venue-1");
    order.type = TW_ORDER_MARKET;
    order.limit_price.nano = 0;
    assert_int_equal(submitted(w, &order), TW_OK);
    while (w->update.order.status != TW_ORDER_FILLED)
        until(w, TW_VENUE_ORDER_UPDATE, w->seen[TW_VENUE_ORDER_UPDATE] + 1);
    assert_true(w->update.order.filled.nano == 10 * TW_NANO && w->update.price.nano > 0);
    assert_true(w->update.execution_id[0] != '\0');
    assert_int_equal(w->broker.snapshot(w->broker.context), TW_OK);
    until(w, TW_VENUE_SNAPSHOT_END, 2);
    assert_int_equal(w->seen[TW_VENUE_POSITION], 1);
    assert_int_equal(w->seen[TW_VENUE_UP], 1); /* it was up all the time */
}

static void wrong_credentials_fail_at_once(void **state) {
    world *w = *state;
    w->config.secret = "wrong";
    start_exchange(w);
    start_venue(w);
    until(w, TW_VENUE_FAILED, 1);
    assert_int_equal(w->failure.status, TW_AUTH);
    assert_true(w->failure.message[0] != '\0');
    assert_null(strstr(w->failure.message, "wrong"));
    assert_int_equal(w->seen[TW_VENUE_UP], 0);
}

static void nobody_there_fails_after_the_patience(void **state) {
    world *w = *state;
    start_exchange(w);
    stop_exchange(w); /* its port is free now */
    w->config.patience_ns = 400 * TW_NS_PER_MS;
    int64_t began_ns = tw_time_monotonic_ns();
    start_venue(w);
    until(w, TW_VENUE_FAILED, 1);
    assert_int_equal(w->failure.status, TW_UNREACHABLE);
    assert_true(tw_time_monotonic_ns() - began_ns >= w->config.patience_ns);
    assert_true(w->seen[TW_VENUE_DOWN] == 1 && w->seen[TW_VENUE_UP] == 0);
    tw_venue_counts counts;
    tw_venue_counts_of(w->venue, &counts);
    assert_true(counts.connects >= 2);
    assert_int_equal(w->losses + w->returns, 1);
}

static void turn_until_connects(world *w, uint64_t count) {
    int64_t deadline_ns = tw_time_monotonic_ns() + DEADLINE_NS;
    tw_venue_counts counts = {0};
    while (counts.connects < count) {
        assert_true(tw_time_monotonic_ns() < deadline_ns);
        assert_int_equal(tw_venue_turn(w->venue, 20 * TW_NS_PER_MS, NULL), TW_OK);
        take_events(w);
        tw_venue_counts_of(w->venue, &counts);
    }
}

static void an_outage_is_told_once(void **state) {
    world *w = *state;
    start_exchange(w);
    start_venue(w);
    until_ready(w);
    assert_true(w->outage.attempts == 0 && w->outage.away_ns == 0 && w->losses == 0);
    stop_exchange(w);
    until(w, TW_VENUE_DOWN, 1);
    int64_t lost_ns = tw_time_monotonic_ns();
    uint32_t told = w->order_count;
    uint32_t times = w->seen[TW_VENUE_TIME];
    turn_until_connects(w, 4);
    assert_int_equal(w->order_count, told);
    assert_int_equal(w->seen[TW_VENUE_TIME], times); /* nobody tells it */
    start_exchange(w);
    until(w, TW_VENUE_UP, 2);
    assert_int_equal(w->seen[TW_VENUE_DOWN], 1);
    assert_true(w->outage.attempts >= 3 && w->outage.away_ns > 0);
    assert_true(w->outage.away_ns <= tw_time_monotonic_ns() - lost_ns + TW_NS_PER_SECOND);
    assert_true(w->losses == 1 && w->returns == 1);
    assert_int_equal(w->failed_attempts, w->outage.attempts - 1);
    stop_exchange(w);
    until(w, TW_VENUE_DOWN, 2); /* the next one is another */
    assert_int_equal(w->losses, 2);
}

static void it_comes_back_with_the_exchange(void **state) {
    world *w = *state;
    start_exchange(w);
    start_venue(w);
    until_ready(w);
    stop_exchange(w);
    until(w, TW_VENUE_DOWN, 1);
    assert_false(tw_venue_ready(w->venue));
    tw_order order = far_order("venue-away");
    assert_true(submitted(w, &order) != TW_OK); /* it ends, whatever it is */
    start_exchange(w);
    until(w, TW_VENUE_UP, 2);
    assert_int_equal(w->seen[TW_VENUE_SNAPSHOT_END], 2);
    assert_int_equal(w->seen[TW_VENUE_HISTORY_END], 1); /* told once */
    assert_int_equal(w->seen[TW_VENUE_FAILED], 0);
    uint32_t last_down = 0;
    for (uint32_t i = 0; i < w->order_count; i++)
        last_down = w->order[i] == TW_VENUE_DOWN ? i : last_down;
    uint32_t snapshot = last_down;
    while (snapshot < w->order_count && w->order[snapshot] != TW_VENUE_ACCOUNT)
        snapshot++;
    assert_true(snapshot < w->order_count); /* the new snapshot came after the last DOWN */
    assert_int_equal(queried(w, &order), TW_NOT_FOUND);
}

/* The engine stands still through an outage, and asks before it hears of that. */
static void a_snapshot_that_was_asked_for_before_a_loss_is_not_read(void **state) {
    world *w = *state;
    tw_venue_counts counts = {0};
    int64_t deadline_ns = tw_time_monotonic_ns() + DEADLINE_NS;
    start_exchange(w);
    start_venue(w);
    until_ready(w);
    stop_exchange(w);
    start_exchange(w);
    while (counts.connects < 2 || !tw_venue_ready(w->venue)) {
        assert_true(tw_time_monotonic_ns() < deadline_ns);
        assert_int_equal(tw_venue_turn(w->venue, 20 * TW_NS_PER_MS, NULL), TW_OK);
        tw_venue_counts_of(w->venue, &counts);
    }
    assert_int_equal(w->broker.snapshot(w->broker.context), TW_OK);
    until(w, TW_VENUE_UP, 2);
    assert_int_equal(w->seen[TW_VENUE_SNAPSHOT_END], 2);
    assert_int_equal(w->broker.snapshot(w->broker.context), TW_OK);
    until(w, TW_VENUE_SNAPSHOT_END, 3);
    tw_order order = far_order("venue-none");
    assert_int_equal(queried(w, &order), TW_NOT_FOUND);
    assert_int_equal(w->seen[TW_VENUE_SNAPSHOT_END], 3);
}

/* The engine stands still: what does not fit is counted, and every book begins anew. */
static void a_full_market_ring_is_a_lost_connection(void **state) {
    world *w = *state;
    w->exchange_config.speed = 20.0;
    w->config.market_ring_count = 128;
    start_exchange(w);
    start_venue(w);
    w->drain_market = false;
    until(w, TW_VENUE_DOWN, 1);
    assert_int_equal(w->failure.status, TW_FULL);
    tw_venue_counts counts;
    tw_venue_counts_of(w->venue, &counts);
    assert_true(counts.market_dropped > 0);
    memset(w->books, 0, sizeof w->books);
    w->drain_market = true;
    take_events(w);
    uint32_t ups = w->seen[TW_VENUE_UP];
    until(w, TW_VENUE_UP, ups + 1);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(tw_venue_turn(w->venue, 20 * TW_NS_PER_MS, NULL), TW_OK);
        take_events(w);
    }
    for (size_t s = 0; s < SYMBOLS; s++)
        assert_true(w->books[s] > 0);
}

/* ---- stepped ------------------------------------------------------------------------------- */

static void step_through(world *w) {
    tw_error error = {0};
    bool ended = false;
    w->exchange_config.clock = TW_EXCHANGE_STEP;
    w->exchange_config.seed = 7;
    w->config.stepped = true;
    w->config.speed = 0.0;
    start_exchange(w);
    start_venue(w);
    while (!tw_venue_ready(w->venue))
        assert_int_equal(tw_venue_turn(w->venue, 20 * TW_NS_PER_MS, &error), TW_OK);
    assert_int_equal(w->order_count, 0); /* nothing is told before all is there */
    for (int i = 0; i < 30; i++) {
        assert_int_equal(tw_venue_turn(w->venue, 0, &error), TW_OK);
        take_events(w);
        char id[32];
        snprintf(id, sizeof id, "step-%d", i);
        tw_order order = far_order(id);
        order.symbol = (tw_symbol)(i % SYMBOLS);
        order.type = i % 2 == 0 ? TW_ORDER_MARKET : TW_ORDER_LIMIT;
        order.limit_price.nano = i % 2 == 0 ? 0 : TW_NANO;
        assert_int_equal(w->broker.submit(w->broker.context, &order), TW_OK);
        assert_int_equal(w->broker.query(w->broker.context, &order), TW_OK);
        if (i % 5 == 0)
            assert_int_equal(w->broker.snapshot(w->broker.context), TW_OK);
        if (tw_venue_step(w->venue, TW_NS_PER_SECOND / 4, &ended, &error) != TW_OK)
            fail_msg("%s", error.message);
        assert_false(ended); /* there is no tape */
        take_events(w);
    }
}

static void steps_give_the_same_transcript_twice(void **state) {
    world *w = *state;
    step_through(w);
    uint64_t transcript = w->transcript;
    uint32_t market = w->market;
    assert_true(market > 100 && w->seen[TW_VENUE_ORDER_UPDATE] >= 30);
    assert_int_equal(w->seen[TW_VENUE_SUBMIT_RESULT], 30);
    assert_int_equal(w->seen[TW_VENUE_QUERY_RESULT], 30);
    assert_int_equal(w->seen[TW_VENUE_SNAPSHOT_END], 7);
    close_world(state);
    open_world(state);
    step_through(w);
    assert_int_equal(w->market, market);
    assert_true(w->transcript == transcript);
}

/* Cancels and corrections follow the trades unasked, and are waited for like all else. */
static void a_step_waits_for_what_is_taken_back(void **state) {
    world *w = *state;
    char path[] = "/tmp/tradewind-test-XXXXXX";
    static const char plan[] = "trades cancel 1s 30%\ntrades correct 1s 30%\ntrades late 5s 30%\n";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, plan, sizeof plan - 1), sizeof plan - 1);
    close(fd);
    w->exchange_config.faults = path;
    step_through(w);
    assert_true(w->market > 100);
    unlink(path);
}

static void a_step_without_an_exchange_says_so(void **state) {
    world *w = *state;
    tw_error error = {0};
    bool ended = false;
    step_through(w);
    stop_exchange(w);
    assert_int_equal(tw_venue_step(w->venue, TW_NS_PER_SECOND, &ended, &error), TW_UNREACHABLE);
    assert_true(error.message[0] != '\0');
}

static void a_running_clock_cannot_be_stepped(void **state) {
    world *w = *state;
    tw_error error = {0};
    bool ended = false;
    start_exchange(w);
    w->config.stepped = true;
    start_venue(w);
    while (!tw_venue_ready(w->venue))
        assert_int_equal(tw_venue_turn(w->venue, 20 * TW_NS_PER_MS, &error), TW_OK);
    assert_int_equal(tw_venue_step(w->venue, TW_NS_PER_SECOND, &ended, &error), TW_REFUSED);
    assert_non_null(strstr(error.message, "--clock step"));
}

/* ---- creation ------------------------------------------------------------------------------ */

static void a_url_that_is_none_is_refused(void **state) {
    world *w = *state;
    tw_error error = {0};
    w->port = 9;
    point_at(w);
    w->config.trading_url = NULL;
    assert_int_equal(tw_venue_new(NULL, &w->config, w->symbols, &w->venue, &error), TW_INVALID);
    point_at(w);
    w->config.trading_stream_url = NULL;
    assert_int_equal(tw_venue_new(NULL, &w->config, w->symbols, &w->venue, &error), TW_INVALID);
    assert_null(w->venue);
    w->port = 0;
    start_exchange(w);
    start_venue(w);
    tw_venue_free(w->venue);
    w->config.data_stream_url = "http://127.0.0.1";
    assert_int_equal(tw_venue_new(NULL, &w->config, w->symbols, &w->venue, &error), TW_OK);
    tw_venue_ports(w->venue, &w->feed, &w->broker);
    assert_int_equal(tw_venue_start(w->venue, &error), TW_OK);
    until(w, TW_VENUE_FAILED, 1);
    assert_int_equal(w->failure.status, TW_INVALID);
}

static void secrets_do_not_leave_in_the_clear(void **state) {
    world *w = *state;
    static const struct {
        const char *url;
        tw_status status;
    } rows[] = {
        {"http://api.example.com", TW_REFUSED},
        {"HTTP://api.example.com", TW_REFUSED},
        {"api.example.com", TW_REFUSED},
        {"http://127.0.0.1.example.com:80", TW_REFUSED},
        {"http://127.0.0.1@example.com", TW_REFUSED},
        {"http://localhost.example.com/", TW_REFUSED},
        {"https://api.example.com", TW_OK},
        {"HTTPS://api.example.com", TW_OK},
        {"http://127.0.0.1:9", TW_OK},
        {"http://localhost/", TW_OK},
        {"http://[::1]:9", TW_OK},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tw_error error = {0};
        TW_AUTO(tw_venue) *venue = NULL;
        w->port = 9;
        point_at(w);
        w->config.data_url = rows[i].url;
        assert_int_equal(tw_venue_new(NULL, &w->config, w->symbols, &venue, &error),
                         rows[i].status);
        assert_true(rows[i].status == TW_OK || strstr(error.message, rows[i].url) != NULL);
    }
    tw_error error = {0};
    point_at(w);
    w->config.trading_stream_url = "ws://stream.example.com/stream";
    assert_int_equal(tw_venue_new(NULL, &w->config, w->symbols, &w->venue, &error), TW_REFUSED);
}

static tw_status make_and_free(const tw_allocator *allocator, void *context) {
    world *w = context;
    TW_AUTO(tw_venue) *venue = NULL;
    return tw_venue_new(allocator, &w->config, w->symbols, &venue, NULL);
}

static void nothing_is_left_when_memory_runs_out(void **state) {
    world *w = *state;
    w->port = 9;
    w->config.market_ring_count = 64;
    w->config.stepped = true;
    point_at(w);
    assert_survives_failed_allocations(make_and_free, w);
}

#define RULE(test) cmocka_unit_test_setup_teardown(test, open_world, close_world)

int main(void) {
    const struct CMUnitTest tests[] = {
        RULE(it_is_up_after_a_whole_snapshot),
        RULE(the_history_is_the_newest_of_every_symbol),
        RULE(an_order_is_submitted_found_and_cancelled),
        RULE(requests_and_marked_events_are_timed),
        RULE(a_market_order_is_filled_and_the_snapshot_tells_it),
        RULE(wrong_credentials_fail_at_once),
        RULE(nobody_there_fails_after_the_patience),
        RULE(it_comes_back_with_the_exchange),
        RULE(an_outage_is_told_once),
        RULE(a_snapshot_that_was_asked_for_before_a_loss_is_not_read),
        RULE(a_full_market_ring_is_a_lost_connection),
        RULE(steps_give_the_same_transcript_twice),
        RULE(a_step_waits_for_what_is_taken_back),
        RULE(a_step_without_an_exchange_says_so),
        RULE(a_running_clock_cannot_be_stepped),
        RULE(a_url_that_is_none_is_refused),
        RULE(secrets_do_not_leave_in_the_clear),
        RULE(nothing_is_left_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
