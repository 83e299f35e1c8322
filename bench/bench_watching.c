/*
 * bench_watching.c - what it costs the engine that somebody watches.
 *
 *     bench_watching [EVENTS]     market events of a round, default 400,000
 *
 * One engine a round takes the same events (levels of twenty books, a trade in eight, in frames of
 * fifty, as the exchange inside `tradewind run` sends them) in one of three ways:
 *
 *     bare       no clock is read, nothing is recorded
 *     plain      as `tradewind run`: the latency of each event, and the flight recorder
 *     watched    as `tradewind run --metrics`: stages of one event in 509, figures copied twice a
 *                second, and a thread that scrapes ten times a second
 *
 * The ways take turns, so that a slow moment of the machine meets all of them. What is measured is
 * the processor time of the engine's thread; the median of the rounds is printed, and what the
 * watched way costs over each of the others. Orders are filled at once. Nothing is asserted about
 * time.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"
#include "tradewind/random.h"
#include "tradewind/ring.h"
#include "tradewind/telemetry.h"
#include "tradewind/time.h"

enum {
    SYMBOLS = 20,
    ROUNDS = 61,
    EVENTS_DEFAULT = 400000,
    FRAME = 50,
    DEPTH = 10,
    TRACE = 509,
    EVENTS_A_TURN = 4096
};

typedef enum watching { BARE, PLAIN, WATCHED, WAY_COUNT } watching;

static const char *const NAMES[WAY_COUNT] = {"bare", "plain", "watched"};

/* The world around the engine: events made beforehand, which come through a ring as in a run, a
 * venue that fills at once, a store whose rows go into a ring. Filling the one and emptying the
 * other is the work of other threads, and not measured. */
typedef struct world {
    tw_symbols *symbols;
    tw_market_event *events;
    size_t event_count;
    size_t next;
    tw_ring *market;
    tw_ring *rows;
    uint32_t until_traced;
    uint32_t trace_every;
    int64_t frame_ns;
    tw_venue_event told[64]; /* a ring */
    uint32_t told_first;
    uint32_t told_count;
    uint64_t sequence;
} world;

typedef struct row {
    uint64_t kind;
    union {
        tw_trade trade;
        tw_bar bar;
        tw_fill fill;
        tw_order order;
    } as;
} row;

/* ---- ports --------------------------------------------------------------------------------- */

static tw_status next_market(void *context, tw_market_event *ret_event) {
    return tw_ring_pop(((world *)context)->market, ret_event);
}

static tw_status next_venue(void *context, tw_venue_event *ret_event) {
    world *w = context;
    if (w->told_count == 0)
        return TW_EMPTY;
    *ret_event = w->told[w->told_first];
    w->told_first = (w->told_first + 1) % 64;
    w->told_count--;
    return TW_OK;
}

static tw_venue_event *tell(world *w, tw_venue_kind kind) {
    require(w->told_count < 64, "room for venue events");
    tw_venue_event *event = &w->told[(w->told_first + w->told_count++) % 64];
    *event = (tw_venue_event){.kind = (uint32_t)kind, .time_ns = w->events[0].as.level.time_ns};
    return event;
}

static tw_status submit(void *context, const tw_order *order) {
    world *w = context;
    tw_venue_event *event = tell(w, TW_VENUE_ORDER_UPDATE);
    event->time_ns = 0;
    event->as.update.order = *order;
    event->as.update.order.filled = order->quantity;
    event->as.update.order.average_price = order->limit_price;
    event->as.update.order.status = TW_ORDER_FILLED;
    return TW_OK;
}

static tw_status take_order(void *context, const tw_order *order) {
    (void)context;
    (void)order;
    return TW_OK;
}

static tw_status snapshot(void *context) {
    world *w = context;
    tell(w, TW_VENUE_ACCOUNT)->as.account.cash.nano = INT64_C(1000000) * TW_NANO;
    tell(w, TW_VENUE_SNAPSHOT_END);
    return TW_OK;
}

static tw_status put(world *w, const row *next) {
    return tw_ring_push(w->rows, next);
}

static tw_status put_trade(void *context, const tw_trade *trade) {
    return put(context, &(row){.kind = 1, .as.trade = *trade});
}

static tw_status put_bar(void *context, const tw_bar *bar) {
    return put(context, &(row){.kind = 2, .as.bar = *bar});
}

static tw_status put_order(void *context, const tw_order *order) {
    return put(context, &(row){.kind = 3, .as.order = *order});
}

static tw_status put_fill(void *context, const tw_fill *fill) {
    return put(context, &(row){.kind = 4, .as.fill = *fill});
}

static tw_status append_journal(void *context, const tw_journal_entry *entry) {
    ((world *)context)->sequence = entry->sequence;
    return TW_OK;
}

static uint64_t durable_sequence(void *context) {
    return ((world *)context)->sequence;
}

static tw_status health(void *context) {
    (void)context;
    return TW_OK;
}

/* ---- events -------------------------------------------------------------------------------- */

static void make_event(tw_market_event *event, tw_random *random, const int64_t *prices,
                       int64_t time_ns) {
    tw_symbol symbol = (tw_symbol)tw_random_below(random, SYMBOLS);
    int64_t cent = TW_NANO / 100;
    int64_t step = 1 + (int64_t)tw_random_below(random, DEPTH);
    bool buy = tw_random_below(random, 2) == 0;
    if (tw_random_below(random, 8) == 0) {
        event->kind = TW_MARKET_TRADE;
        event->as.trade = (tw_trade){
            .time_ns = time_ns, .price = {prices[symbol]}, .quantity = {TW_NANO}, .symbol = symbol};
        return;
    }
    event->kind = TW_MARKET_LEVEL;
    event->as.level =
        (tw_level){.time_ns = time_ns,
                   .price = {prices[symbol] + (buy ? -step : step) * cent},
                   .quantity = {(int64_t)(1 + tw_random_below(random, 500)) * TW_NANO},
                   .symbol = symbol,
                   .side = buy ? TW_SIDE_BUY : TW_SIDE_SELL,
                   .last = 1};
}

static void make_events(world *w, size_t count) {
    tw_random random;
    int64_t prices[SYMBOLS];
    int64_t time_ns = INT64_C(1704205800) * TW_NS_PER_SECOND;
    tw_random_init(&random, 7, 0);
    for (uint32_t s = 0; s < SYMBOLS; s++)
        prices[s] = (int64_t)(50 + tw_random_below(&random, 200)) * TW_NANO;
    w->event_count = count;
    w->events = TW_NEW(NULL, count, tw_market_event);
    require(w->events != NULL, "memory for events");
    for (size_t i = 0; i < count; i++) {
        time_ns += 1 + (int64_t)tw_random_below(&random, 200000);
        make_event(&w->events[i], &random, prices, time_ns);
    }
}

/* ---- a round ------------------------------------------------------------------------------- */

typedef struct scraper {
    tw_metrics *metrics;
    pthread_t thread;
    atomic_bool ending;
    uint64_t scrapes;
} scraper;

static void *scrape(void *context) {
    scraper *s = context;
    size_t size = 2 * tw_metrics_expose_size(s->metrics);
    char *buffer = malloc(size);
    require(buffer != NULL, "memory for a scrape");
    while (!atomic_load(&s->ending)) {
        tw_text text = tw_text_over(buffer, size);
        require(tw_metrics_expose(s->metrics, &text) == TW_OK, "a scrape");
        s->scrapes++;
        struct timespec pause = {.tv_nsec = 100 * TW_NS_PER_MS};
        nanosleep(&pause, NULL);
    }
    free(buffer);
    return NULL;
}

static tw_engine *make_engine(world *w, watching way, tw_flight *flight) {
    tw_engine *engine = NULL;
    tw_engine_config config = {
        .strategy_name = "bench",
        .epoch = 1,
        .symbol_count = SYMBOLS,
        .order_count_max = 16384,
        .level_count_max = 1 << 16,
        .history_days_max = 64,
        .window_count = 100,
        .timeframes_ns = {TW_NS_PER_SECOND, TW_NS_PER_MINUTE, TW_NS_PER_HOUR},
        .timeframe_count = 3,
        .cash_weight = 0.02,
        .band = 0.01,
        .order_patience_ns = TW_NS_PER_MINUTE,
        .lot = {TW_NANO},
        .controls.limits = {.collar_nano = TW_NANO / 100, .price_age_ns_max = TW_NS_PER_HOUR},
        .warm_ns_max = TW_NS_PER_SECOND,
        .decision_gap_ns = TW_NS_PER_SECOND,
        .monotonic_ns = way != BARE ? tw_time_monotonic_ns : NULL,
        .flight = flight,
    };
    tw_engine_ports ports = {
        .feed = {next_market, next_venue, w},
        .broker = {submit, take_order, take_order, snapshot, w},
        .store = {put_trade, put_bar, put_order, put_fill, append_journal, durable_sequence, health,
                  w},
    };
    require(tw_engine_new(NULL, &config, w->symbols, &ports, &engine, NULL) == TW_OK, "an engine");
    return engine;
}

static int64_t thread_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * TW_NS_PER_SECOND + now.tv_nsec;
}

/* What the network's thread does, whoever watches. */
static void fill_market(world *w) {
    for (int i = 0; i < EVENTS_A_TURN && w->next < w->event_count; i++) {
        tw_market_event event = w->events[w->next];
        if (w->next % FRAME == 0)
            w->frame_ns = tw_time_monotonic_ns();
        event.received_ns = w->frame_ns;
        event.decoded_ns = w->until_traced == 0;
        w->until_traced = w->until_traced == 0 ? w->trace_every : w->until_traced - 1;
        w->next++;
        require(tw_ring_push(w->market, &event) == TW_OK, "room for market events");
    }
}

/* And the recorder's. */
static void empty_rows(world *w) {
    const void *shown = NULL;
    size_t count;
    while ((count = tw_ring_peek(w->rows, 256, &shown)) > 0)
        tw_ring_consume(w->rows, count);
}

static double turn_all(world *w, tw_engine *engine, tw_telemetry *telemetry) {
    int64_t spent_ns = 0;
    uint64_t work = 1;
    while (work > 0) {
        fill_market(w);
        int64_t began_ns = thread_ns();
        require(tw_engine_turn(engine, EVENTS_A_TURN, &work, NULL) == TW_OK, "a turn");
        if (telemetry != NULL)
            tw_telemetry_turn_engine(telemetry, tw_time_monotonic_ns());
        spent_ns += thread_ns() - began_ns;
        empty_rows(w);
    }
    tw_engine_report report;
    tw_engine_get_report(engine, &report, NULL);
    require(report.phase == TW_ENGINE_TRADING && report.fills > 0 && w->next == w->event_count,
            "trading");
    return (double)spent_ns / (double)w->event_count;
}

/* Nanoseconds an event. */
static double play(world *w, watching way, tw_venue *venue, tw_recorder *recorder) {
    TW_AUTO(tw_flight) *flight = NULL;
    scraper watcher = {0};
    tw_telemetry *telemetry = NULL;
    require(tw_flight_new(NULL, 4096, &flight) == TW_OK, "a flight recorder");
    w->next = w->told_first = w->told_count = 0;
    w->sequence = 0;
    w->trace_every = way == WATCHED ? TRACE - 1 : UINT32_MAX;
    w->until_traced = w->trace_every;
    tw_engine *engine = make_engine(w, way, way != BARE ? flight : NULL);
    require(snapshot(w) == TW_OK, "a snapshot");
    tell(w, TW_VENUE_HISTORY_END);
    tell(w, TW_VENUE_UP);
    if (way == WATCHED) {
        tw_telemetry_config config = {.engine = engine, .venue = venue, .recorder = recorder};
        require(tw_telemetry_new(NULL, &config, &telemetry, NULL) == TW_OK, "telemetry");
        watcher.metrics = tw_telemetry_metrics(telemetry);
        require(pthread_create(&watcher.thread, NULL, scrape, &watcher) == 0, "a thread");
    }
    double ns = turn_all(w, engine, telemetry);
    if (way == WATCHED) {
        atomic_store(&watcher.ending, true);
        pthread_join(watcher.thread, NULL);
    }
    tw_telemetry_free(telemetry);
    tw_engine_free(engine);
    return ns;
}

/* What one way costs over another, in percent: the median of the rounds, in each of which both were
 * played one after the other. */
static double cost(double results[WAY_COUNT][ROUNDS], watching way, watching over) {
    double costs[ROUNDS];
    for (int i = 0; i < ROUNDS; i++)
        costs[i] = 100.0 * (results[way][i] / results[over][i] - 1.0);
    qsort(costs, ROUNDS, sizeof costs[0], by_value);
    return costs[ROUNDS / 2];
}

static void print(double results[WAY_COUNT][ROUNDS]) {
    double costs[] = {cost(results, WATCHED, BARE), cost(results, WATCHED, PLAIN)};
    printf("%-10s %10s %10s %10s   ns an event\n", "", "median", "least", "most");
    for (int i = 0; i < WAY_COUNT; i++) {
        qsort(results[i], ROUNDS, sizeof results[i][0], by_value);
        printf("%-10s %10.1f %10.1f %10.1f\n", NAMES[i], results[i][ROUNDS / 2], results[i][0],
               results[i][ROUNDS - 1]);
    }
    for (int i = 0; i < WATCHED; i++)
        printf("watched costs %.2f%% over %s\n", costs[i], NAMES[i]);
}

int main(int argc, char **argv) {
    static double results[WAY_COUNT][ROUNDS];
    static world w;
    long count = argc > 1 ? strtol(argv[1], NULL, 10) : EVENTS_DEFAULT;
    if (argc > 2 || count < 10000 || count > 100000000) {
        fprintf(stderr, "usage: bench_watching [EVENTS]   10000 to 100000000, default %d\n",
                EVENTS_DEFAULT);
        return 2;
    }
    require(tw_symbols_new(NULL, SYMBOLS, &w.symbols) == TW_OK, "symbols");
    for (int i = 0; i < SYMBOLS; i++) {
        char name[8];
        tw_symbol symbol;
        snprintf(name, sizeof name, "S%d", i);
        require(tw_symbols_intern(w.symbols, tw_slice_of(name), &symbol) == TW_OK, "a symbol");
    }
    make_events(&w, (size_t)count);
    require(tw_ring_new(NULL, 131072, sizeof(tw_market_event), &w.market) == TW_OK &&
                tw_ring_new(NULL, 65536, sizeof(row), &w.rows) == TW_OK,
            "rings");
    /* A venue and a recorder that nobody turns: only their figures are read. */
    tw_venue *venue = NULL;
    tw_recorder *recorder = NULL;
    tw_venue_config venue_config = {.trading_url = "http://127.0.0.1:9",
                                    .data_url = "http://127.0.0.1:9",
                                    .data_stream_url = "ws://127.0.0.1:9/v2/iex",
                                    .trading_stream_url = "ws://127.0.0.1:9/stream",
                                    .symbol_count = SYMBOLS,
                                    .history_days = 1};
    require(tw_venue_new(NULL, &venue_config, w.symbols, &venue, NULL) == TW_OK, "a venue");
    require(tw_recorder_new(NULL, &(tw_recorder_config){0}, NULL, 0, &recorder) == TW_OK,
            "a recorder");
    for (int i = 0; i < WAY_COUNT; i++)
        (void)play(&w, (watching)i, venue, recorder); /* warm-up */
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < WAY_COUNT; i++) {
            watching now = (watching)((i + round) % WAY_COUNT);
            results[now][round] = play(&w, now, venue, recorder);
        }
    }
    print(results);
    tw_recorder_free(recorder);
    tw_venue_free(venue);
    tw_ring_free(w.market);
    tw_ring_free(w.rows);
    tw_symbols_free(w.symbols);
    TW_DELETE(NULL, w.events, w.event_count, tw_market_event);
    return 0;
}
