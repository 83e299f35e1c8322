/*
 * bench_flow.c - how much market the engine takes, and how many rows reach the disk meanwhile.
 *
 *     bench_flow [SYMBOLS [MILLIONS]]     default 500, and 2 million events a run
 *
 * A made tape of changes of levels (seven of ten; a quarter of these empty a level) and trades of
 * 500 symbols, ten levels a side, in frames of fifty, goes through the whole intake of the engine:
 * book, window, bars of a second, a minute and an hour, mark, value, band, the controls' figures.
 * Each trade and each bar is a row of the store.
 *
 *     memory      rows end in a ring; the engine's thread alone
 *     risk        the same with a value at risk, which follows each mark
 *     disk        rows go to a recorder in a thread of its own, into a real file with real commits
 *     paced       the same at 1,000,000 events a second, whatever the engine does
 *     python      peer_flow.py: dictionaries, deques, sqlite3.executemany; of fewer events
 *
 * Told are events and rows a second of the clock on the wall (`disk`: until the last is committed),
 * what they cost in processor time of the engine's thread and of the recorder's, and for `paced`
 * how old an event is, counted from the moment at which it was due, when its frame is done. Ways
 * take turns; the first round warms up and does not count. Trades, bars and marks of the peer are
 * compared with ours. Nothing is asserted about time.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "quiet_account.h"
#include "quiet_disk.h"
#include "quiet_venue.h"
#include "tradewind/random.h"
#include "tradewind/time.h"

enum {
    ROUNDS = 6, /* the first is the warm-up */
    SYMBOLS_DEFAULT = 500,
    TAPE = 100000, /* events; played again and again, each time later */
    FRAME = 50,
    DEPTH = 10,
    DAYS = 252,
    EVENTS_A_TURN = 4096,
    INTERVAL_NS = 1000, /* of the paced way */
    PEER_EVENTS = 100000
};

typedef enum way { MEMORY, RISK, DISK, PACED, WAY_COUNT } way;

static const char *const NAMES[WAY_COUNT] = {"memory", "risk", "disk", "paced"};

/* The venue is first: what is told of account and orders comes from there. */
typedef struct flow {
    quiet_venue venue;
    quiet_account account;
    tw_market_event *tape;
    size_t tape_count;
    int64_t lap_ns; /* from a tape's begin to the next one's */
    uint64_t next;
    uint64_t end;
    int64_t begin_ns; /* of the paced way; 0: as fast as it goes */
    int64_t frame_ns;
} flow;

typedef struct result {
    double events[ROUNDS]; /* a second */
    double event_ns[ROUNDS];
    double rows[ROUNDS]; /* a second */
    double row_ns[ROUNDS];
    double p50[ROUNDS];
    double p99[ROUNDS];
    double p999[ROUNDS];
} result;

/* ---- the tape ------------------------------------------------------------------------------ */

static tw_market_event level_of(tw_symbol symbol, bool buy, int64_t price_nano, int64_t size,
                                int64_t time_ns) {
    return (tw_market_event){.kind = TW_MARKET_LEVEL,
                             .as.level = {.time_ns = time_ns,
                                          .price = {price_nano},
                                          .quantity = {size * TW_NANO},
                                          .symbol = symbol,
                                          .side = buy ? TW_SIDE_BUY : TW_SIDE_SELL,
                                          .last = 1}};
}

/* What there was of a level is emptied one time in four, else it changes or comes. */
static tw_market_event random_event(const flow *f, tw_random *random, bool *there,
                                    int64_t time_ns) {
    tw_symbol symbol = (tw_symbol)tw_random_below(random, f->account.symbol_count);
    int64_t mid = f->account.price_nano[symbol];
    int64_t cent = TW_NANO / 100;
    if (tw_random_below(random, 10) < 3)
        return (tw_market_event){
            .kind = TW_MARKET_TRADE,
            .as.trade = {.time_ns = time_ns,
                         .price = {mid + ((int64_t)tw_random_below(random, 3) - 1) * cent},
                         .quantity = {(int64_t)(1 + tw_random_below(random, 300)) * TW_NANO},
                         .symbol = symbol,
                         .side = TW_SIDE_BUY}};
    bool buy = tw_random_below(random, 2) == 0;
    int64_t step = 1 + (int64_t)tw_random_below(random, DEPTH);
    bool *level = &there[((size_t)symbol * 2 + buy) * DEPTH + (size_t)step - 1];
    *level = !*level || tw_random_below(random, 4) != 0;
    int64_t size = *level ? (int64_t)(1 + tw_random_below(random, 500)) : 0;
    return level_of(symbol, buy, mid + (buy ? -step : step) * cent, size, time_ns);
}

/* Every book has a bid and an ask first. */
static void make_tape(flow *f) {
    uint32_t n = f->account.symbol_count;
    tw_random random;
    tw_random_init(&random, 17, 0);
    f->tape_count = 2 * (size_t)n + TAPE;
    f->tape = calloc(f->tape_count, sizeof *f->tape);
    bool *there = calloc((size_t)n * 2 * DEPTH, sizeof *there);
    require(f->tape != NULL && there != NULL, "memory for a tape");
    int64_t begin_ns = f->venue.begin_ns + 14 * TW_NS_PER_HOUR;
    int64_t time_ns = begin_ns;
    size_t next = 0;
    for (tw_symbol s = 0; s < n; s++) {
        for (int side = 0; side < 2; side++) {
            int64_t cent = side == 1 ? -TW_NANO / 100 : TW_NANO / 100;
            there[((size_t)s * 2 + (size_t)side) * DEPTH] = true;
            f->tape[next++] =
                level_of(s, side == 1, f->account.price_nano[s] + cent, 100, time_ns += 1000);
        }
    }
    while (next < f->tape_count)
        f->tape[next++] = random_event(f, &random, there,
                                       time_ns += 10000 + (int64_t)tw_random_below(&random, 20000));
    f->lap_ns = time_ns + 1000 - begin_ns;
    free(there);
}

static int64_t *time_of(tw_market_event *event) {
    return event->kind == TW_MARKET_TRADE ? &event->as.trade.time_ns : &event->as.level.time_ns;
}

/* ---- the feed ------------------------------------------------------------------------------ */

static tw_status next_market(void *context, tw_market_event *ret_event) {
    flow *f = context;
    if (f->next == f->end)
        return TW_EMPTY;
    if (f->next % FRAME == 0) {
        int64_t now_ns = tw_time_monotonic_ns();
        f->frame_ns = f->begin_ns == 0 ? now_ns : f->begin_ns + (int64_t)f->next * INTERVAL_NS;
        if (now_ns < f->frame_ns)
            return TW_EMPTY;
    }
    uint64_t lap = f->next / f->tape_count;
    *ret_event = f->tape[f->next % f->tape_count];
    *time_of(ret_event) += (int64_t)lap * f->lap_ns;
    ret_event->received_ns = f->frame_ns;
    f->next++;
    return TW_OK;
}

/* ---- a run --------------------------------------------------------------------------------- */

static int64_t thread_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * TW_NS_PER_SECOND + now.tv_nsec;
}

static tw_engine *start(flow *f, bool risk, tw_engine_ports *ports) {
    tw_engine_config config;
    tw_engine *engine = NULL;
    tw_error error = {0};
    quiet_engine_config(f->account.symbol_count, DAYS, risk, &config);
    ports->feed.next_market = next_market;
    ports->feed.context = f;
    f->next = f->end = 0;
    f->begin_ns = 0;
    if (tw_engine_new(NULL, &config, f->venue.symbols, ports, &engine, &error) != TW_OK)
        require(false, error.message);
    return engine;
}

/* Turns until the events up to `end` are taken. */
static void take(flow *f, tw_engine *engine, uint64_t end) {
    tw_error error = {0};
    f->end = end;
    while (f->next < end) {
        uint64_t work = 0;
        if (tw_engine_turn(engine, EVENTS_A_TURN, &work, &error) != TW_OK)
            require(false, error.message);
        quiet_venue_empty(&f->venue);
    }
}

/* Account and history are told, and the market has opened. */
static void open_market(flow *f, tw_engine *engine) {
    uint64_t work = 1;
    while (work > 0)
        require(tw_engine_turn(engine, EVENTS_A_TURN, &work, NULL) == TW_OK, "a turn");
    take(f, engine, 2 * (uint64_t)f->account.symbol_count);
    while (work > 0 || tw_engine_phase_now(engine) != TW_ENGINE_TRADING)
        require(tw_engine_turn(engine, EVENTS_A_TURN, &work, NULL) == TW_OK, "a turn");
    quiet_venue_empty(&f->venue);
}

static void run(flow *f, way how, uint64_t count, result *r, int round) {
    quiet_disk disk;
    tw_engine_ports ports;
    tw_engine_report report;
    bool on_disk = how == DISK || how == PACED;
    quiet_venue_begin(&f->venue, &f->account);
    quiet_venue_ports(&f->venue, &ports);
    if (on_disk)
        quiet_disk_open(&disk, f->venue.symbols, f->account.symbol_count, &ports.store);
    tw_engine *engine = start(f, how == RISK, &ports);
    open_market(f, engine);
    uint64_t first = f->next;
    tw_histogram before = *tw_engine_latency(engine);
    int64_t began_ns = tw_time_monotonic_ns();
    int64_t busy_ns = thread_ns();
    f->begin_ns = how == PACED ? began_ns - (int64_t)first * INTERVAL_NS : 0;
    take(f, engine, first + count);
    int64_t taken_ns = tw_time_monotonic_ns() - began_ns;
    busy_ns = thread_ns() - busy_ns;
    if (on_disk)
        quiet_disk_finish(&disk);
    int64_t ended_ns = tw_time_monotonic_ns() - began_ns;
    tw_engine_get_report(engine, &report, NULL);
    require(report.trades + report.levels == first + count && report.orders == 0 &&
                report.late_trades == 0,
            "all events taken");
    r->events[round] = (double)count / (double)taken_ns * 1e9;
    r->event_ns[round] = (double)busy_ns / (double)count;
    r->rows[round] = (double)report.rows_put / (double)ended_ns * 1e9;
    r->row_ns[round] = on_disk ? (double)disk.busy_ns / (double)report.rows_put : 0.0;
    tw_histogram latency = *tw_engine_latency(engine);
    tw_histogram_subtract(&latency, &before);
    r->p50[round] = (double)tw_histogram_quantile(&latency, 0.5) / 1e3;
    r->p99[round] = (double)tw_histogram_quantile(&latency, 0.99) / 1e3;
    r->p999[round] = (double)tw_histogram_quantile(&latency, 0.999) / 1e3;
    tw_engine_free(engine);
    if (on_disk)
        quiet_disk_close(&disk);
}

/* ---- the peer ------------------------------------------------------------------------------ */

static void write_tape(const flow *f, const char *path) {
    FILE *out = fopen(path, "w");
    int64_t cent = TW_NANO / 100;
    require(out != NULL, "a file for the peer");
    for (size_t i = 0; i < PEER_EVENTS; i++) {
        const tw_market_event *event = &f->tape[i];
        if (event->kind == TW_MARKET_TRADE)
            fprintf(out, "T %u %" PRId64 " %" PRId64 " %" PRId64 "\n", event->as.trade.symbol,
                    event->as.trade.time_ns, event->as.trade.price.nano / cent,
                    event->as.trade.quantity.nano / TW_NANO);
        else
            fprintf(out, "%c %u %" PRId64 " %" PRId64 " %" PRId64 "\n",
                    event->as.level.side == TW_SIDE_BUY ? 'B' : 'A', event->as.level.symbol,
                    event->as.level.time_ns, event->as.level.price.nano / cent,
                    event->as.level.quantity.nano / TW_NANO);
    }
    require(fclose(out) == 0, "writing the peer's tape");
}

/* What the peer must find as well: trades, bars, and the sum of twice the marks in cents. */
static void find_truth(flow *f, long long ret_truth[3]) {
    tw_engine_ports ports;
    tw_engine_report report;
    tw_engine_holding *holdings = calloc(f->account.symbol_count, sizeof *holdings);
    require(holdings != NULL, "memory");
    quiet_venue_begin(&f->venue, &f->account);
    quiet_venue_ports(&f->venue, &ports);
    tw_engine *engine = start(f, false, &ports);
    open_market(f, engine);
    take(f, engine, PEER_EVENTS);
    tw_engine_check(engine);
    tw_engine_get_report(engine, &report, holdings);
    ret_truth[0] = (long long)report.trades;
    ret_truth[1] = (long long)report.bars_built;
    ret_truth[2] = 0;
    for (uint32_t s = 0; s < f->account.symbol_count; s++)
        ret_truth[2] += holdings[s].price.nano * 2 / (TW_NANO / 100);
    tw_engine_free(engine);
    free(holdings);
}

/* False when Python has no sqlite3. */
static bool run_peer(const char *path, const long long truth[3], result *r, int round) {
    char command[512];
    long long told[3] = {0};
    snprintf(command, sizeof command, "python3 '%s/peer_flow.py' %s", BENCH_SOURCE_FOLDER, path);
    FILE *out = popen(command, "r");
    require(out != NULL, "starting python3");
    bool ran = fscanf(out, "%lf %lf %lld %lld %lld", &r->events[round], &r->rows[round], &told[0],
                      &told[1], &told[2]) == 5;
    bool ended = pclose(out) == 0;
    require(!ran || (ended && memcmp(told, truth, sizeof told) == 0),
            "the same trades, bars and marks of the peer");
    return ran;
}

/* ---- the table ------------------------------------------------------------------------------ */

static double median(double values[ROUNDS]) {
    qsort(values + 1, ROUNDS - 1, sizeof *values, by_value);
    return values[1 + (ROUNDS - 1) / 2];
}

static void print_row(const char *name, result *r) {
    double events = median(r->events);
    printf("%-8s %10.0f %10.0f-%-10.0f %7.1f %10.0f %7.1f %9.1f %9.1f %9.1f\n", name, events,
           r->events[1], r->events[ROUNDS - 1], median(r->event_ns), median(r->rows),
           median(r->row_ns), median(r->p50), median(r->p99), median(r->p999));
}

int main(int argc, char **argv) {
    static flow f;
    static result results[WAY_COUNT];
    static result peer;
    char path[] = "/tmp/tradewind-flow-XXXXXX";
    long long truth[3];
    long symbols = argc > 1 ? strtol(argv[1], NULL, 10) : SYMBOLS_DEFAULT;
    long millions = argc > 2 ? strtol(argv[2], NULL, 10) : 2;
    if (argc > 3 || symbols < 1 || symbols > 5000 || millions < 1 || millions > 1000) {
        fprintf(stderr, "usage: bench_flow [SYMBOLS [MILLIONS]]   1 to 5000, 1 to 1000\n");
        return 2;
    }
    quiet_venue_init(&f.venue, (uint32_t)symbols, 16);
    quiet_account_make(&f.account, (uint32_t)symbols, DAYS);
    make_tape(&f);
    int file = mkstemp(path);
    require(file >= 0 && close(file) == 0, "a temporary file");
    write_tape(&f, path);
    find_truth(&f, truth);
    bool has_peer = true;
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < WAY_COUNT; i++) {
            way how = (way)((i + round) % WAY_COUNT);
            run(&f, how, (uint64_t)millions * 1000000, &results[how], round);
        }
        has_peer = has_peer && run_peer(path, truth, &peer, round);
    }
    unlink(path);
    printf("%ld symbols, %ld million events a run, medians of %d runs\n", symbols, millions,
           ROUNDS - 1);
    printf("%-8s %10s %21s %7s %10s %7s %9s %9s %9s\n", "", "events/s", "least-most", "ns each",
           "rows/s", "ns each", "p50 us", "p99", "p99.9");
    for (int i = 0; i < WAY_COUNT; i++)
        print_row(NAMES[i], &results[i]);
    if (has_peer)
        print_row("python", &peer);
    else
        printf("python left out: it has no sqlite3\n");
    quiet_venue_done(&f.venue);
    quiet_account_done(&f.account);
    free(f.tape);
    return 0;
}
