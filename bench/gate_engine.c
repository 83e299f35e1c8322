/*
 * gate_engine.c - the engine from a market event to the order that follows from it, in the quiet
 * world of bench_chain: all controls on, a venue that fills at once, a store that is durable at
 * once. The venue's and the store's part of the work is counted too; it is small.
 */
#include <stdlib.h>

#include "gate.h"
#include "quiet_account.h"
#include "quiet_venue.h"
#include "tradewind/random.h"
#include "tradewind/time.h"

enum {
    SYMBOLS = 50,
    DAYS = 60,
    DECISIONS = 200,
    BETWEEN = 64, /* events between two that drift */
    EVENTS = SYMBOLS + DECISIONS * (BETWEEN + 1)
};

static const int64_t STEP_NS = 40000000; /* of venue time, between two events */

typedef struct chain {
    quiet_venue venue;
    quiet_account account;
    tw_market_event events[EVENTS];
    uint64_t orders;
} chain;

/* Instead of a clock: each look is 100 ns after the one before. */
static int64_t ticks(void) {
    static int64_t now_ns;
    return now_ns += 100;
}

static tw_market_event quote_of(tw_symbol symbol, int64_t mid_nano, int64_t time_ns) {
    int64_t cent = TW_NANO / 100;
    return (tw_market_event){.kind = TW_MARKET_QUOTE,
                             .received_ns = 1,
                             .as.quote = {.time_ns = time_ns,
                                          .symbol = symbol,
                                          .bid_price = {mid_nano - cent},
                                          .ask_price = {mid_nano + cent},
                                          .bid_size = {300 * TW_NANO},
                                          .ask_size = {200 * TW_NANO}}};
}

/* Mostly a quote within a cent, every fourth a trade. */
static tw_market_event ordinary(tw_random *random, const int64_t *mids, int64_t time_ns) {
    tw_symbol symbol = (tw_symbol)tw_random_below(random, SYMBOLS);
    int64_t price = mids[symbol] + ((int64_t)tw_random_below(random, 3) - 1) * (TW_NANO / 100);
    if (tw_random_below(random, 4) != 0)
        return quote_of(symbol, price, time_ns);
    return (tw_market_event){
        .kind = TW_MARKET_TRADE,
        .received_ns = 1,
        .as.trade = {.time_ns = time_ns,
                     .price = {price},
                     .quantity = {(int64_t)(1 + tw_random_below(random, 500)) * TW_NANO},
                     .symbol = symbol,
                     .side = TW_SIDE_BUY}};
}

/* A price of each; then, again and again, ordinary events and a quote a third higher or lower. */
static void make_events(chain *c) {
    int64_t mids[SYMBOLS];
    int64_t time_ns = c->venue.begin_ns + 14 * TW_NS_PER_HOUR;
    size_t next = 0;
    tw_random random;
    tw_random_init(&random, 11, 0);
    for (uint32_t s = 0; s < SYMBOLS; s++) {
        mids[s] = c->account.price_nano[s];
        c->events[next++] = quote_of(s, mids[s], time_ns += STEP_NS / 100);
    }
    for (size_t d = 0; d < DECISIONS; d++) {
        for (int i = 0; i < BETWEEN; i++)
            c->events[next++] = ordinary(&random, mids, time_ns += STEP_NS);
        tw_symbol symbol = (tw_symbol)(d % SYMBOLS);
        bool up = (d / SYMBOLS + symbol) % 2 == 0;
        int64_t cents = mids[symbol] / (TW_NANO / 100);
        mids[symbol] = (up ? cents * 27 / 20 : cents * 20 / 27) * (TW_NANO / 100);
        c->events[next++] = quote_of(symbol, mids[symbol], time_ns += STEP_NS);
    }
    require(next == EVENTS, "as many events");
}

static void on_submit(void *context, const tw_order *order) {
    (void)order;
    ((chain *)context)->orders++;
}

static void turn(tw_engine *engine) {
    uint64_t work = 0;
    tw_error error = {0};
    if (tw_engine_turn(engine, 64, &work, &error) != TW_OK)
        require(false, error.message);
}

static void feed(chain *c, tw_engine *engine, const tw_market_event *event) {
    if (event->kind == TW_MARKET_QUOTE)
        c->venue.price_nano[event->as.quote.symbol] =
            (event->as.quote.bid_price.nano + event->as.quote.ask_price.nano) / 2;
    c->venue.now_ns =
        event->kind == TW_MARKET_QUOTE ? event->as.quote.time_ns : event->as.trade.time_ns;
    require(tw_ring_push(c->venue.market, event) == TW_OK, "an event");
    turn(engine);
    quiet_venue_empty(&c->venue);
}

GATE_PATH(engine)(chain *c, tw_engine *engine) {
    for (size_t i = SYMBOLS; i < EVENTS; i++)
        feed(c, engine, &c->events[i]);
    return c->orders;
}

/* Account, history and a price of each symbol; the first decision finds all at home. */
static void open_market(chain *c, tw_engine *engine) {
    for (size_t i = 0; i < SYMBOLS; i++)
        feed(c, engine, &c->events[i]);
    for (int i = 0; i < DAYS * SYMBOLS && tw_engine_phase_now(engine) != TW_ENGINE_TRADING; i++) {
        turn(engine);
        quiet_venue_empty(&c->venue);
    }
    require(tw_engine_phase_now(engine) == TW_ENGINE_TRADING, "trading");
}

void gate_engine(void) {
    static chain c;
    tw_engine_ports ports;
    tw_engine_config config;
    tw_engine_report report;
    tw_engine *engine = NULL;
    tw_error error = {0};
    quiet_venue_init(&c.venue, SYMBOLS, 1024);
    c.venue.on_submit = on_submit;
    c.venue.context = &c;
    quiet_account_make(&c.account, SYMBOLS, DAYS);
    make_events(&c);
    quiet_venue_begin(&c.venue, &c.account);
    quiet_venue_ports(&c.venue, &ports);
    quiet_engine_config(SYMBOLS, DAYS, true, &config);
    config.order_count_max = 1024;
    config.band = 0.98 / SYMBOLS * 0.2;
    config.monotonic_ns = ticks;
    if (tw_engine_new(NULL, &config, c.venue.symbols, &ports, &engine, &error) != TW_OK)
        require(false, error.message);
    open_market(&c, engine);
    GATE_RUN(engine, EVENTS - SYMBOLS, &c, engine);
    tw_engine_check(engine);
    tw_engine_get_report(engine, &report, NULL);
    require(c.orders == DECISIONS && report.orders_denied == 0, "an order for each that drifts");
    tw_engine_free(engine);
    quiet_venue_done(&c.venue);
    quiet_account_done(&c.account);
}
