/*
 * bench_engine_view.c - what a view of the engine costs its thread while somebody looks.
 *
 *     bench_engine_view [VIEWS]     views of a round, default 2,000
 *
 * 500 symbols at equal weights, trading, with a quote of each. Each row is warmed up and then run
 * seven times over the same fixed work; the processor time of the thread, median, least and most:
 *
 *     turn, nobody looks     what each turn of a run with --listen pays
 *     view                   everything, and no selection
 *     view, 16 selections    and the depth, window and bars of sixteen
 *
 * A run fills at most ten views a second.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bench.h"
#include "quiet_account.h"
#include "quiet_venue.h"
#include "tradewind/engine_view.h"
#include "tradewind/time.h"

enum { SYMBOLS = 500, DAYS = 504, ROUNDS = 7, VIEWS = 2000, TURNS_A_VIEW = 1000 };

typedef void (*work)(tw_engine_viewer *viewer, uint64_t count);

/* ---- the engine ---------------------------------------------------------------------------- */

static void turn(tw_engine *engine) {
    uint64_t done = 0;
    tw_error error = {0};
    if (tw_engine_turn(engine, 4096, &done, &error) != TW_OK)
        require(false, error.message);
}

static tw_market_event quote_of(const quiet_account *account, tw_symbol symbol, int64_t time_ns) {
    int64_t mid = account->price_nano[symbol];
    return (tw_market_event){.kind = TW_MARKET_QUOTE,
                             .as.quote = {.time_ns = time_ns,
                                          .bid_price = {mid - TW_NANO / 100},
                                          .ask_price = {mid + TW_NANO / 100},
                                          .bid_size = {100 * TW_NANO},
                                          .ask_size = {100 * TW_NANO},
                                          .symbol = symbol}};
}

/* A quote of each symbol, and then turns until it trades. */
static void begin_trading(tw_engine *engine, quiet_venue *venue, const quiet_account *account) {
    int64_t time_ns = venue->begin_ns + 14 * TW_NS_PER_HOUR;
    for (tw_symbol s = 0; s < SYMBOLS; s++) {
        tw_market_event event = quote_of(account, s, time_ns + s);
        require(tw_ring_push(venue->market, &event) == TW_OK, "a quote");
        turn(engine);
        quiet_venue_empty(venue);
    }
    for (int i = 0; i < DAYS * 20 && tw_engine_phase_now(engine) != TW_ENGINE_TRADING; i++) {
        turn(engine);
        quiet_venue_empty(venue);
    }
    require(tw_engine_phase_now(engine) == TW_ENGINE_TRADING, "trading");
}

/* ---- rows ---------------------------------------------------------------------------------- */

static void look_away(tw_engine_viewer *viewer, uint64_t count) {
    for (uint64_t i = 0; i < count * TURNS_A_VIEW; i++)
        tw_engine_viewer_turn(viewer, (int64_t)i);
}

static void fill(tw_engine_viewer *viewer, uint64_t count) {
    for (uint64_t i = 0; i < count; i++)
        tw_engine_viewer_end(viewer, (int64_t)i);
}

static void fill_selected(tw_engine_viewer *viewer, uint64_t count) {
    for (uint32_t i = 0; i < TW_ENGINE_VIEW_SELECTION_COUNT_MAX; i++)
        require(tw_engine_viewer_select(viewer, i, i, TW_NS_PER_SECOND) == TW_OK, "a selection");
    fill(viewer, count);
    for (uint32_t i = 0; i < TW_ENGINE_VIEW_SELECTION_COUNT_MAX; i++)
        tw_engine_viewer_deselect(viewer, i);
}

static int64_t processor_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * TW_NS_PER_SECOND + now.tv_nsec;
}

static void measure(const char *name, tw_engine_viewer *viewer, work body, uint64_t count,
                    uint64_t operations) {
    double ns[ROUNDS];
    body(viewer, count / 10 + 1);
    for (int i = 0; i < ROUNDS; i++) {
        int64_t began_ns = processor_ns();
        body(viewer, count);
        ns[i] = (double)(processor_ns() - began_ns) / (double)operations;
    }
    qsort(ns, ROUNDS, sizeof ns[0], by_value);
    printf("%-22s %10.1f ns   (%.1f to %.1f)\n", name, ns[ROUNDS / 2], ns[0], ns[ROUNDS - 1]);
}

int main(int argc, char **argv) {
    static quiet_venue venue;
    quiet_account account;
    tw_engine_config config;
    tw_engine_ports ports;
    tw_engine *engine = NULL;
    tw_engine_viewer *viewer = NULL;
    tw_error error = {0};
    uint64_t views = argc > 1 ? strtoull(argv[1], NULL, 10) : VIEWS;
    require(views > 0, "the number of views");
    quiet_venue_init(&venue, SYMBOLS, 1024);
    quiet_account_make(&account, SYMBOLS, DAYS);
    quiet_venue_begin(&venue, &account);
    quiet_venue_ports(&venue, &ports);
    quiet_engine_config(SYMBOLS, DAYS, false, &config);
    if (tw_engine_new(NULL, &config, venue.symbols, &ports, &engine, &error) != TW_OK)
        require(false, error.message);
    begin_trading(engine, &venue, &account);
    require(tw_engine_viewer_new(NULL, engine, NULL, NULL, &viewer) == TW_OK, "a viewer");
    printf("%d symbols, %llu views a round, %d rounds, processor time of the thread\n", SYMBOLS,
           (unsigned long long)views, ROUNDS);
    measure("turn, nobody looks", viewer, look_away, views, views * TURNS_A_VIEW);
    measure("view", viewer, fill, views, views);
    measure("view, 16 selections", viewer, fill_selected, views, views);
    tw_engine_viewer_free(viewer);
    tw_engine_free(engine);
    quiet_venue_done(&venue);
    quiet_account_done(&account);
    return 0;
}
