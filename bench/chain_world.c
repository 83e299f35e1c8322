/* chain_world.c - see chain_world.h. */
#include "chain_world.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "quiet_disk.h"
#include "tradewind/random.h"
#include "tradewind/time.h"

enum {
    BETWEEN = CHAIN_EVENTS_A_DECISION - 1, /* events between two that drift */
    DAYS = 504,
    INTERVAL_NS = 5000,
    STEP_NS = 40000000 /* venue time between two events: drifts are further apart than decisions */
};

static const double MOVE = 1.35; /* what takes a symbol out of its band, up or down */

/* ---- events -------------------------------------------------------------------------------- */

static tw_market_event quote_of(tw_symbol symbol, int64_t mid_nano, int64_t time_ns) {
    int64_t cent = TW_NANO / 100;
    return (tw_market_event){.kind = TW_MARKET_QUOTE,
                             .as.quote = {.time_ns = time_ns,
                                          .symbol = symbol,
                                          .bid_price = {mid_nano - cent},
                                          .ask_price = {mid_nano + cent},
                                          .bid_size = {300 * TW_NANO},
                                          .ask_size = {200 * TW_NANO}}};
}

/* Mostly a quote that is a cent away, every fourth a trade. */
static tw_market_event ordinary(tw_random *random, const int64_t *mids, uint32_t symbol_count,
                                int64_t time_ns) {
    tw_symbol symbol = (tw_symbol)tw_random_below(random, symbol_count);
    int64_t cent = TW_NANO / 100;
    int64_t price = mids[symbol] + ((int64_t)tw_random_below(random, 3) - 1) * cent;
    if (tw_random_below(random, 4) != 0)
        return quote_of(symbol, price, time_ns);
    return (tw_market_event){
        .kind = TW_MARKET_TRADE,
        .as.trade = {.time_ns = time_ns,
                     .price = {price},
                     .quantity = {(int64_t)(1 + tw_random_below(random, 500)) * TW_NANO},
                     .symbol = symbol,
                     .side = TW_SIDE_BUY}};
}

/* First a quote of each symbol; then, again and again, ordinary ones and one that drifts. */
static void make_events(chain *c, size_t decisions) {
    uint32_t n = c->venue.symbol_count;
    tw_random random;
    tw_random_init(&random, 11, 0);
    c->event_count = n + decisions * (BETWEEN + 1);
    c->events = calloc(c->event_count, sizeof *c->events);
    int64_t *mids = calloc(n, sizeof *mids);
    require(c->events != NULL && mids != NULL, "memory for events");
    int64_t time_ns = c->venue.begin_ns + 14 * TW_NS_PER_HOUR;
    size_t next = 0;
    for (uint32_t s = 0; s < n; s++) {
        mids[s] = c->account.price_nano[s];
        c->events[next++] = quote_of(s, mids[s], time_ns += STEP_NS / 100);
    }
    for (size_t d = 0; d < decisions; d++) {
        for (int i = 0; i < BETWEEN; i++)
            c->events[next++] = ordinary(&random, mids, n, time_ns += STEP_NS);
        tw_symbol symbol = (tw_symbol)(d % n);
        bool up = (d / n + symbol) % 2 == 0;
        mids[symbol] = quiet_cents((double)mids[symbol] / TW_NANO * (up ? MOVE : 1.0 / MOVE));
        c->events[next++] = quote_of(symbol, mids[symbol], time_ns += STEP_NS);
    }
    free(mids);
}

/* ---- the engine ---------------------------------------------------------------------------- */

static tw_engine *make_engine(chain *c, chain_way how, const tw_engine_ports *ports) {
    tw_engine *engine = NULL;
    tw_error error = {0};
    uint32_t n = c->venue.symbol_count;
    tw_engine_config config;
    quiet_engine_config(n, DAYS, how != CHAIN_NO_RISK, &config);
    config.order_count_max = CHAIN_DECISIONS_MAX + 384;
    config.band = 0.98 / n * 0.2;
    if (tw_engine_new(NULL, &config, c->venue.symbols, ports, &engine, &error) != TW_OK)
        require(false, error.message);
    return engine;
}

static void on_submit(void *context, const tw_order *order) {
    chain *c = context;
    int64_t now_ns = tw_time_monotonic_ns();
    c->taken_sum_ns += now_ns - c->taken_ns;
    tw_histogram_record(&c->taken, now_ns - c->taken_ns);
    tw_histogram_record(&c->due, now_ns - c->due_ns);
    require(c->order_count < CHAIN_DECISIONS_MAX, "room for orders");
    c->orders[c->order_count++] = *order;
}

/* ---- a run --------------------------------------------------------------------------------- */

static void turn(tw_engine *engine) {
    uint64_t work = 0;
    tw_error error = {0};
    if (tw_engine_turn(engine, 64, &work, &error) != TW_OK)
        require(false, error.message);
}

/* Account, history and a price of each symbol; the first decision finds all at home. */
static size_t open_market(chain *c, tw_engine *engine) {
    size_t next = 0;
    for (; next < c->venue.symbol_count; next++) {
        require(tw_ring_push(c->venue.market, &c->events[next]) == TW_OK, "a quote");
        turn(engine);
        quiet_venue_empty(&c->venue);
    }
    for (int i = 0; i < DAYS * 20 && tw_engine_phase_now(engine) != TW_ENGINE_TRADING; i++) {
        for (uint32_t k = 0; k < c->venue.symbol_count; k++)
            turn(engine);
        quiet_venue_empty(&c->venue);
    }
    require(tw_engine_phase_now(engine) == TW_ENGINE_TRADING, "trading");
    return next;
}

/* The venue knows the price of what it is told to fill. */
static void follow_price(quiet_venue *venue, const tw_market_event *event) {
    if (event->kind == TW_MARKET_QUOTE)
        venue->price_nano[event->as.quote.symbol] =
            (event->as.quote.bid_price.nano + event->as.quote.ask_price.nano) / 2;
    venue->now_ns =
        event->kind == TW_MARKET_QUOTE ? event->as.quote.time_ns : event->as.trade.time_ns;
}

/* Waits for the moment at which an event is due, and meanwhile empties the rings. */
static void wait_until(chain *c, int64_t due_ns) {
    quiet_venue_empty(&c->venue);
    while (tw_time_monotonic_ns() < due_ns)
        continue;
}

static void play(chain *c, tw_engine *engine, size_t first, size_t decisions, bool durable) {
    size_t end = first + decisions * (BETWEEN + 1);
    int64_t begin_ns = tw_time_monotonic_ns() + TW_NS_PER_MS;
    for (size_t i = first; i < end; i++) {
        tw_market_event event = c->events[i];
        bool drifts = (i - first) % (BETWEEN + 1) == BETWEEN;
        size_t orders = c->order_count;
        c->due_ns = begin_ns + (int64_t)(i - first) * INTERVAL_NS;
        wait_until(c, c->due_ns);
        event.received_ns = c->due_ns;
        follow_price(&c->venue, &event);
        require(tw_ring_push(c->venue.market, &event) == TW_OK, "an event");
        c->taken_ns = tw_time_monotonic_ns();
        turn(engine);
        while (durable && drifts && c->order_count == orders)
            turn(engine);
        if (durable) /* what waited for the disk is no open load */
            begin_ns = tw_time_monotonic_ns() - (int64_t)(i - first) * INTERVAL_NS;
        require(c->order_count == orders + drifts, "one order for each that drifts");
    }
}

void chain_run(chain *c, chain_way how, size_t decisions, tw_engine_report *ret_report,
               double stages[TW_ENGINE_STAGE_COUNT]) {
    quiet_disk disk;
    tw_engine_ports ports;
    quiet_venue_begin(&c->venue, &c->account);
    quiet_venue_ports(&c->venue, &ports);
    if (how == CHAIN_DURABLE)
        quiet_disk_open(&disk, c->venue.symbols, c->venue.symbol_count, &ports.store);
    tw_engine *engine = make_engine(c, how, &ports);
    c->order_count = 0;
    size_t first = open_market(c, engine);
    c->taken_sum_ns = 0;
    tw_histogram_init(&c->taken);
    tw_histogram_init(&c->due);
    play(c, engine, first, decisions, how == CHAIN_DURABLE);
    quiet_venue_empty(&c->venue);
    if (how == CHAIN_ALL && c->journal == 0)
        c->journal = c->venue.hash;
    require(how != CHAIN_ALL || c->journal == c->venue.hash, "the same journal in each run");
    tw_engine_check(engine);
    tw_engine_get_report(engine, ret_report, NULL);
    for (int i = 0; i < TW_ENGINE_STAGE_COUNT; i++)
        stages[i] =
            (double)tw_histogram_quantile(tw_engine_stage_latency(engine, (tw_engine_stage)i), 0.5);
    require(ret_report->decisions >= decisions && ret_report->orders_denied == 0,
            "decisions without a denial");
    tw_engine_free(engine);
    if (how == CHAIN_DURABLE)
        quiet_disk_close(&disk);
}

/* ---- the whole ------------------------------------------------------------------------------- */

void chain_make(chain *c, uint32_t symbol_count, size_t decisions) {
    *c = (chain){0};
    quiet_venue_init(&c->venue, symbol_count, 1024);
    c->venue.on_submit = on_submit;
    c->venue.context = c;
    c->orders = calloc(CHAIN_DECISIONS_MAX, sizeof *c->orders);
    require(c->orders != NULL, "memory for orders");
    quiet_account_make(&c->account, symbol_count, DAYS);
    make_events(c, decisions);
}

void chain_done(chain *c) {
    quiet_venue_done(&c->venue);
    free(c->events);
    free(c->orders);
    quiet_account_done(&c->account);
}

/* ---- for a peer ------------------------------------------------------------------------------ */

void chain_write_input(const chain *c, const char *path, size_t decisions) {
    FILE *out = fopen(path, "w");
    require(out != NULL, "a file for the peer");
    uint32_t n = c->venue.symbol_count;
    fprintf(out, "%u %d %.2f\n", n, DAYS, (double)c->account.cash_nano / TW_NANO);
    for (uint32_t s = 0; s < n; s++)
        fprintf(out, "%" PRId64 " %.2f\n", c->account.quantity_nano[s] / TW_NANO,
                (double)c->account.price_nano[s] / TW_NANO);
    for (size_t i = 0; i < n + decisions * (BETWEEN + 1); i++) {
        const tw_market_event *event = &c->events[i];
        if (event->kind == TW_MARKET_QUOTE)
            fprintf(out, "Q %u %" PRId64 " %.2f %.2f\n", event->as.quote.symbol,
                    event->as.quote.time_ns, (double)event->as.quote.bid_price.nano / TW_NANO,
                    (double)event->as.quote.ask_price.nano / TW_NANO);
        else
            fprintf(out, "T %u %" PRId64 " %.2f %" PRId64 "\n", event->as.trade.symbol,
                    event->as.trade.time_ns, (double)event->as.trade.price.nano / TW_NANO,
                    event->as.trade.quantity.nano / TW_NANO);
    }
    require(fclose(out) == 0, "writing the peer's input");
}
