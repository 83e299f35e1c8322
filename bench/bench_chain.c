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
#include "chain_world.h"

enum {
    ROUNDS = 6, /* the first is the warm-up */
    SYMBOLS_DEFAULT = 500,
    DECISIONS_DEFAULT = 4000,
    PEER_DECISIONS = 400
};

static const char *const NAMES[CHAIN_WAY_COUNT] = {"all controls", "no value at risk", "durable"};

typedef struct tails {
    double p50[ROUNDS];
    double p99[ROUNDS];
    double p999[ROUNDS];
} tails;

/* ---- the peer ------------------------------------------------------------------------------ */

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
    static tails taken[CHAIN_WAY_COUNT];
    static tails due[CHAIN_WAY_COUNT];
    static tails peer;
    double stages[CHAIN_WAY_COUNT][TW_ENGINE_STAGE_COUNT];
    tw_engine_report report;
    char path[] = "/tmp/tradewind-chain-XXXXXX";
    long symbols = argc > 1 ? strtol(argv[1], NULL, 10) : SYMBOLS_DEFAULT;
    long decisions = argc > 2 ? strtol(argv[2], NULL, 10) : DECISIONS_DEFAULT;
    if (argc > 3 || symbols < 2 || symbols > 5000 || decisions < PEER_DECISIONS ||
        decisions > CHAIN_DECISIONS_MAX) {
        fprintf(stderr, "usage: bench_chain [SYMBOLS [DECISIONS]]   2 to 5000, %d to %d\n",
                PEER_DECISIONS, CHAIN_DECISIONS_MAX);
        return 2;
    }
    chain_make(&c, (uint32_t)symbols, (size_t)decisions);
    c.venue.hashes = true;
    int file = mkstemp(path);
    require(file >= 0 && close(file) == 0, "a temporary file");
    chain_write_input(&c, path, PEER_DECISIONS);
    bool has_peer = true;
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < CHAIN_WAY_COUNT; i++) {
            chain_way how = (chain_way)((i + round) % CHAIN_WAY_COUNT);
            chain_run(&c, how, (size_t)(how == CHAIN_DURABLE ? decisions / 50 : decisions), &report,
                      stages[how]);
            keep(&taken[how], round, &c.taken);
            keep(&due[how], round, &c.due);
            double told[3] = {0};
            if (how != CHAIN_ALL || !has_peer)
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
    for (int i = 0; i < CHAIN_WAY_COUNT; i++) {
        print_row(NAMES[i], "taken", &taken[i]);
        if (i != CHAIN_DURABLE)
            print_row(NAMES[i], "due", &due[i]);
    }
    if (has_peer)
        print_row("python", "taken", &peer);
    else
        printf("python left out: NumPy is not installed\n");
    printf("p50 of the stages, ns:");
    for (int i = TW_ENGINE_STAGE_DECIDE; i <= TW_ENGINE_STAGE_CHECK; i++)
        printf("  %s %.0f", tw_engine_stage_name((tw_engine_stage)i), stages[CHAIN_ALL][i]);
    printf("\njournal %016" PRIx64 "\n", c.journal);
    chain_done(&c);
    return 0;
}
