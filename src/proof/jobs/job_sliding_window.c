/*
 * job_sliding_window.c - mean, deviation, least, greatest and vwap of the last n trades, after each
 * trade: by going through all of them again, and by what has come and gone.
 */
#include <math.h>
#include <stdio.h>

#include "peer_scripts.h"
#include "proof_file.h"
#include "proof_jobs.h"
#include "proof_peer.h"
#include "tradewind/random.h"
#include "tradewind/time.h"
#include "tradewind/window.h"

enum { TRADES = 400000, COLUMNS = 5, SPREAD_CENTS = 40 };

typedef struct tape {
    int64_t times_ns[TRADES];
    tw_price prices[TRADES];
    tw_quantity quantities[TRADES];
    double floats[2][TRADES]; /* the same prices and quantities */
    double columns[COLUMNS][TRADES];
    tw_window *window;
    uint64_t length;
    const char *folder;
    proof_peer *pandas;
} tape;

static void dispose(void *state) {
    tape *t = state;
    if (t != NULL) {
        proof_peer_stop(t->pandas);
        tw_window_free(t->window);
    }
    TW_DELETE(tw_allocator_system(), t, 1, tape);
}

/* A walk in cents. */
static void make_trades(tape *t) {
    tw_random random;
    tw_random_init(&random, 10, 1);
    int64_t cents = 15000;
    for (size_t i = 0; i < TRADES; i++) {
        cents += (int64_t)(tw_random_next(&random) % SPREAD_CENTS) - SPREAD_CENTS / 2;
        cents = cents < 10000 ? 10000 : cents;
        t->times_ns[i] = (int64_t)i * 1000000;
        t->prices[i].nano = cents * (TW_NANO / 100);
        t->quantities[i].nano = (int64_t)(1 + tw_random_next(&random) % 500) * TW_NANO;
        t->floats[0][i] = (double)cents / 100;
        t->floats[1][i] = (double)t->quantities[i].nano / TW_NANO;
    }
}

static tw_status prepare(const proof_point *point, void **ret_state, tw_error *error) {
    tape *t = TW_NEW(tw_allocator_system(), 1, tape);
    if (t == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for the trades");
    *ret_state = t;
    t->window = NULL;
    t->pandas = NULL;
    t->folder = point->folder;
    t->length = point->at[0];
    make_trades(t);
    tw_window_config config = {.count_max = (uint32_t)t->length, .window_count = 1};
    tw_status status = tw_window_new(NULL, &config, &t->window);
    return status == TW_OK ? TW_OK : tw_error_set(error, status, "no window can be made");
}

static double sum_of_columns(const tape *t, uint64_t count) {
    double sum = 0;
    for (uint64_t i = 0; i < count; i++) {
        for (int column = 0; column < COLUMNS; column++)
            sum += t->columns[column][i];
    }
    return sum;
}

static void recompute(tape *t, uint64_t newest) {
    uint64_t begin = newest + 1 > t->length ? newest + 1 - t->length : 0;
    double sum = 0;
    double square = 0;
    double least = INFINITY;
    double greatest = -INFINITY;
    double notional = 0;
    double volume = 0;
    double count = (double)(newest + 1 - begin);
    for (uint64_t i = begin; i <= newest; i++) {
        double price = t->floats[0][i];
        sum += price;
        least = price < least ? price : least;
        greatest = price > greatest ? price : greatest;
        notional += price * t->floats[1][i];
        volume += t->floats[1][i];
    }
    for (uint64_t i = begin; i <= newest; i++)
        square += (t->floats[0][i] - sum / count) * (t->floats[0][i] - sum / count);
    t->columns[0][newest] = sum / count;
    t->columns[1][newest] = sqrt(square / count);
    t->columns[2][newest] = least;
    t->columns[3][newest] = greatest;
    t->columns[4][newest] = notional / volume;
}

static tw_status run_naive(void *state, proof_run *run, tw_error *error) {
    (void)error;
    tape *t = state;
    int64_t began_ns = tw_time_monotonic_ns();
    for (uint64_t i = 0; i < run->units; i++)
        recompute(t, i);
    run->elapsed_ns = tw_time_monotonic_ns() - began_ns;
    run->checksum = sum_of_columns(t, run->units);
    return TW_OK;
}

static tw_status run_ours(void *state, proof_run *run, tw_error *error) {
    tape *t = state;
    tw_window_ticks ticks = {.times_ns = t->times_ns,
                             .prices = t->prices,
                             .quantities = t->quantities,
                             .count = run->units};
    tw_window_output output = {.columns = {[TW_WINDOW_MEAN] = t->columns[0],
                                           [TW_WINDOW_STDDEV] = t->columns[1],
                                           [TW_WINDOW_MIN] = t->columns[2],
                                           [TW_WINDOW_MAX] = t->columns[3],
                                           [TW_WINDOW_VWAP] = t->columns[4]}};
    size_t count = 0;
    tw_window_clear(t->window);
    int64_t began_ns = tw_time_monotonic_ns();
    tw_status status = tw_window_run(t->window, &ticks, &output, &count);
    run->elapsed_ns = tw_time_monotonic_ns() - began_ns;
    run->checksum = sum_of_columns(t, run->units);
    return status == TW_OK ? TW_OK : tw_error_set(error, status, "the trades are not taken");
}

static tw_status start_pandas(tape *t, tw_error *error) {
    char length[24];
    snprintf(length, sizeof length, "%llu", (unsigned long long)t->length);
    const char *const arguments[] = {t->folder, length, NULL};
    tw_status status =
        proof_file_write(t->folder, "prices.f64", t->floats[0], sizeof t->floats[0], error);
    if (status == TW_OK)
        status = proof_file_write(t->folder, "sizes.f64", t->floats[1], sizeof t->floats[1], error);
    return status == TW_OK ? proof_peer_python(peer_window, arguments, &t->pandas, error) : status;
}

static tw_status run_pandas(void *state, proof_run *run, tw_error *error) {
    tape *t = state;
    tw_status status = t->pandas == NULL ? start_pandas(t, error) : TW_OK;
    return status == TW_OK ? proof_peer_run(t->pandas, run, error) : status;
}

/* Every trade is read once, and five numbers are written. */
static tw_status run_limit(void *state, proof_run *run, tw_error *error) {
    (void)error;
    tape *t = state;
    int64_t began_ns = tw_time_monotonic_ns();
    for (uint64_t i = 0; i < run->units; i++) {
        double value = (double)(t->times_ns[i] ^ t->prices[i].nano ^ t->quantities[i].nano);
        for (int column = 0; column < COLUMNS; column++)
            t->columns[column][i] = value;
    }
    run->elapsed_ns = tw_time_monotonic_ns() - began_ns;
    return TW_OK;
}

const proof_job proof_sliding_window = {
    .name = "sliding-window",
    .part = "RealTimeDataProcessor",
    .title = "A sliding window against going through it again",
    .unit = "trade",
    .story =
        "Five statistics of the last n trades after each trade. The naive way reads the whole "
        "window each time, so it grows with n; ours keeps exact sums and two monotonic queues, "
        "so a trade costs the same however long the window is.",
    .limit = "reading three columns and writing five",
    .claimed_min = 5,
    .claimed_max = 20,
    .tolerance = 1e-9,
    .check_units = 2000,
    .axes = {{"trades in the window", {10, 30, 100, 300, 1000, 3000, 10000}, 7, 2}},
    .prepare = prepare,
    .dispose = dispose,
    .ways = {{"recompute", PROOF_NAIVE, "all trades of the window are read after each trade",
              run_naive, .units_most = TRADES},
             {"tradewind", PROOF_OURS, "tw_window_run", run_ours, .units_most = TRADES},
             {"pandas", PROOF_PEER, "rolling(n) of columns, each statistic in a pass of its own",
              run_pandas, .units_most = TRADES},
             {"touch the columns", PROOF_LIMIT,
              "the same inputs are read, the same outputs written", run_limit, .incomparable = true,
              .units_most = TRADES}},
};
