/*
 * bench_chain.c - from a market event to the order that follows from it.
 *
 *     bench_chain [SYMBOLS [DECISIONS]]     default 500 and 4,000 a run, at most 16,000
 *
 * A portfolio of equal weights, every one of the 28 controls with a limit that is not reached, a
 * value at risk of a day over two years of history among them. Quotes and trades of all symbols
 * come at a fixed rate, 200,000 a second, whatever the engine does; every 65th quote takes one
 * symbol out of its band, and the engine sells or buys it. Told is the time from the moment at
 * which that event was taken (`taken`), and from the moment at which it should have been (`due`:
 * what waits for others is in it), until the broker has the order: book, window, bars, mark, band,
 * targets, plan, controls, journal, store. The store is durable at once, the venue fills at once;
 * emptying the store's rings is other threads' work, and done between the events.
 *
 * `durable` is the same with a real file and a recorder in a thread of its own: the intent is
 * synced to the disk before the order leaves. It comes 50 times less often.
 *
 * `python` is peer_chain.py, which does the same with the same events in NumPy, deques and json;
 * its orders are compared with ours. Ways take turns; the first round warms up and does not count.
 * Nothing is asserted about time.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "quiet_account.h"
#include "quiet_disk.h"
#include "quiet_venue.h"
#include "tradewind/histogram.h"
#include "tradewind/random.h"
#include "tradewind/time.h"

enum {
    ROUNDS = 6, /* the first is the warm-up */
    SYMBOLS_DEFAULT = 500,
    DECISIONS_DEFAULT = 4000,
    DECISIONS_MAX = 16000,
    BETWEEN = 64, /* events between two that drift */
    DAYS = 504,
    INTERVAL_NS = 5000,
    STEP_NS = 40000000, /* venue time between two events: drifts are further apart than decisions */
    PEER_DECISIONS = 400
};

static const double MOVE = 1.35; /* what takes a symbol out of its band, up or down */

typedef enum way { ALL, NO_RISK, DURABLE, WAY_COUNT } way;

static const char *const NAMES[WAY_COUNT] = {"all controls", "no value at risk", "durable"};

typedef struct chain {
    quiet_venue venue;
    tw_market_event *events;
    size_t event_count;
    quiet_account account;
    tw_order *orders; /* of the newest run */
    size_t order_count;
    uint64_t journal; /* hash of that of all controls */
    int64_t taken_ns;
    int64_t due_ns;
    tw_histogram taken;
    tw_histogram due;
} chain;

typedef struct tails {
    double p50[ROUNDS];
    double p99[ROUNDS];
    double p999[ROUNDS];
} tails;

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

static tw_engine *make_engine(chain *c, way how, const tw_engine_ports *ports) {
    tw_engine *engine = NULL;
    tw_error error = {0};
    uint32_t n = c->venue.symbol_count;
    tw_engine_config config;
    quiet_engine_config(n, DAYS, how != NO_RISK, &config);
    config.order_count_max = DECISIONS_MAX + 384;
    config.band = 0.98 / n * 0.2;
    if (tw_engine_new(NULL, &config, c->venue.symbols, ports, &engine, &error) != TW_OK)
        require(false, error.message);
    return engine;
}

static void on_submit(void *context, const tw_order *order) {
    chain *c = context;
    int64_t now_ns = tw_time_monotonic_ns();
    tw_histogram_record(&c->taken, now_ns - c->taken_ns);
    tw_histogram_record(&c->due, now_ns - c->due_ns);
    require(c->order_count < DECISIONS_MAX, "room for orders");
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

static void run(chain *c, way how, size_t decisions, tw_engine_report *ret_report,
                double stages[TW_ENGINE_STAGE_COUNT]) {
    quiet_disk disk;
    tw_engine_ports ports;
    quiet_venue_begin(&c->venue, &c->account);
    quiet_venue_ports(&c->venue, &ports);
    if (how == DURABLE)
        quiet_disk_open(&disk, c->venue.symbols, c->venue.symbol_count, &ports.store);
    tw_engine *engine = make_engine(c, how, &ports);
    c->order_count = 0;
    size_t first = open_market(c, engine);
    tw_histogram_init(&c->taken);
    tw_histogram_init(&c->due);
    play(c, engine, first, decisions, how == DURABLE);
    quiet_venue_empty(&c->venue);
    if (how == ALL && c->journal == 0)
        c->journal = c->venue.hash;
    require(how != ALL || c->journal == c->venue.hash, "the same journal in each run");
    tw_engine_check(engine);
    tw_engine_get_report(engine, ret_report, NULL);
    for (int i = 0; i < TW_ENGINE_STAGE_COUNT; i++)
        stages[i] =
            (double)tw_histogram_quantile(tw_engine_stage_latency(engine, (tw_engine_stage)i), 0.5);
    require(ret_report->decisions >= decisions && ret_report->orders_denied == 0,
            "decisions without a denial");
    tw_engine_free(engine);
    if (how == DURABLE)
        quiet_disk_close(&disk);
}

/* ---- the peer ------------------------------------------------------------------------------ */

/* What it needs, as text: the account, then events. */
static void write_input(const chain *c, const char *path, size_t decisions) {
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

/* Its orders are ours, one by one; then it tells p50, p99 and p99.9 in microseconds. */
static bool run_peer(const chain *c, const char *path, double ret_tails[3]) {
    char command[512];
    snprintf(command, sizeof command, "python3 '%s/peer_chain.py' %s", BENCH_SOURCE_FOLDER, path);
    FILE *out = popen(command, "r");
    require(out != NULL, "starting python3");
    size_t count = 0;
    unsigned symbol;
    char side[8];
    long long quantity;
    while (fscanf(out, "order %u %7s %lld\n", &symbol, side, &quantity) == 3) {
        const tw_order *ours = &c->orders[count++];
        require(count <= c->order_count && symbol == ours->symbol &&
                    quantity * TW_NANO == ours->quantity.nano &&
                    strcmp(side, tw_side_name((tw_side)ours->side)) == 0,
                "the same orders of the peer");
    }
    bool told = fscanf(out, "tails %lf %lf %lf", &ret_tails[0], &ret_tails[1], &ret_tails[2]) == 3;
    bool ended = pclose(out) == 0;
    require(!told || (ended && count == PEER_DECISIONS), "as many orders of the peer");
    return told;
}

/* ---- the table ------------------------------------------------------------------------------ */

static double median(double values[ROUNDS]) {
    qsort(values + 1, ROUNDS - 1, sizeof *values, by_value);
    return values[1 + (ROUNDS - 1) / 2];
}

static void keep(tails *t, int round, const tw_histogram *from) {
    t->p50[round] = (double)tw_histogram_quantile(from, 0.5) / 1e3;
    t->p99[round] = (double)tw_histogram_quantile(from, 0.99) / 1e3;
    t->p999[round] = (double)tw_histogram_quantile(from, 0.999) / 1e3;
}

static void print_row(const char *name, const char *since, tails *t) {
    double p50 = median(t->p50);
    double p99 = median(t->p99);
    double p999 = median(t->p999);
    printf("%-18s %-6s %9.2f %9.2f %9.2f   %.2f-%.2f\n", name, since, p50, p99, p999, t->p50[1],
           t->p50[ROUNDS - 1]);
}

int main(int argc, char **argv) {
    static chain c;
    static tails taken[WAY_COUNT];
    static tails due[WAY_COUNT];
    static tails peer;
    double stages[WAY_COUNT][TW_ENGINE_STAGE_COUNT];
    tw_engine_report report;
    char path[] = "/tmp/tradewind-chain-XXXXXX";
    long symbols = argc > 1 ? strtol(argv[1], NULL, 10) : SYMBOLS_DEFAULT;
    long decisions = argc > 2 ? strtol(argv[2], NULL, 10) : DECISIONS_DEFAULT;
    if (argc > 3 || symbols < 2 || symbols > 5000 || decisions < PEER_DECISIONS ||
        decisions > DECISIONS_MAX) {
        fprintf(stderr, "usage: bench_chain [SYMBOLS [DECISIONS]]   2 to 5000, %d to %d\n",
                PEER_DECISIONS, DECISIONS_MAX);
        return 2;
    }
    quiet_venue_init(&c.venue, (uint32_t)symbols, 1024);
    c.venue.on_submit = on_submit;
    c.venue.hashes = true;
    c.venue.context = &c;
    c.orders = calloc(DECISIONS_MAX, sizeof *c.orders);
    require(c.orders != NULL, "memory for orders");
    quiet_account_make(&c.account, (uint32_t)symbols, DAYS);
    make_events(&c, (size_t)decisions);
    int file = mkstemp(path);
    require(file >= 0 && close(file) == 0, "a temporary file");
    write_input(&c, path, PEER_DECISIONS);
    bool has_peer = true;
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < WAY_COUNT; i++) {
            way how = (way)((i + round) % WAY_COUNT);
            run(&c, how, (size_t)(how == DURABLE ? decisions / 50 : decisions), &report,
                stages[how]);
            keep(&taken[how], round, &c.taken);
            keep(&due[how], round, &c.due);
            double told[3] = {0};
            if (how != ALL || !has_peer)
                continue;
            has_peer = run_peer(&c, path, told);
            peer.p50[round] = told[0];
            peer.p99[round] = told[1];
            peer.p999[round] = told[2];
        }
    }
    unlink(path);
    printf("%ld symbols, %ld decisions a run, medians of %d runs, us; the last: p50 of the runs\n",
           symbols, decisions, ROUNDS - 1);
    printf("%-18s %-6s %9s %9s %9s\n", "event to order", "since", "p50", "p99", "p99.9");
    for (int i = 0; i < WAY_COUNT; i++) {
        print_row(NAMES[i], "taken", &taken[i]);
        if (i != DURABLE)
            print_row(NAMES[i], "due", &due[i]);
    }
    if (has_peer)
        print_row("python", "taken", &peer);
    else
        printf("python left out: NumPy is not installed\n");
    printf("p50 of the stages, ns:");
    for (int i = TW_ENGINE_STAGE_DECIDE; i <= TW_ENGINE_STAGE_CHECK; i++)
        printf("  %s %.0f", tw_engine_stage_name((tw_engine_stage)i), stages[ALL][i]);
    printf("\njournal %016" PRIx64 "\n", c.journal);
    quiet_venue_done(&c.venue);
    free(c.events);
    free(c.orders);
    quiet_account_done(&c.account);
    return 0;
}
