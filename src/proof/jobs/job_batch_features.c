/*
 * job_batch_features.c - six features of many symbols' daily prices: symbol by symbol, day by day,
 * each window anew; and all symbols at once.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "naive_features.h"
#include "peer_scripts.h"
#include "proof_file.h"
#include "proof_folder.h"
#include "proof_jobs.h"
#include "proof_peer.h"
#include "tradewind/alloc.h"
#include "tradewind/features.h"
#include "tradewind/random.h"
#include "tradewind/time.h"
#include "tradewind/workers.h"

enum { DAYS = 252 };

static const char *const TEXTS[NAIVE_FEATURES] = {
    "log_return",          "realised_volatility(60, periods_per_year=252)",
    "zscore(60).zscore",   "rsi(14, smoothing=sum)",
    "ema(20, seed=first)", "bollinger(20).percent_b"};

/* So that no feature is lost beside the others in a sum. */
static const double SCALES[NAIVE_FEATURES] = {1e4, 1e3, 100, 1, 1, 100};

typedef struct panel {
    size_t symbols;
    double *rows;                   /* [DAYS][symbols] */
    double *series;                 /* [symbols][DAYS], the same prices */
    double *values[NAIVE_FEATURES]; /* as rows, or as series for the naive way */
    tw_features *features;
    tw_workers *workers;
    const char *folder;
    proof_peer *numpy;
} panel;

static void dispose(void *state) {
    panel *p = state;
    if (p == NULL)
        return;
    const tw_allocator *allocator = tw_allocator_system();
    proof_peer_stop(p->numpy);
    tw_features_free(p->features);
    tw_workers_free(p->workers);
    TW_DELETE(allocator, p->rows, DAYS * p->symbols, double);
    TW_DELETE(allocator, p->series, DAYS * p->symbols, double);
    for (size_t i = 0; i < NAIVE_FEATURES; i++)
        TW_DELETE(allocator, p->values[i], DAYS * p->symbols, double);
    TW_DELETE(allocator, p, 1, panel);
}

static void make_prices(panel *p) {
    tw_random random;
    tw_random_init(&random, 40, p->symbols);
    for (size_t symbol = 0; symbol < p->symbols; symbol++) {
        double price = 20 + 200 * tw_random_uniform(&random);
        for (size_t day = 0; day < DAYS; day++) {
            price *= 1 + 0.02 * (tw_random_uniform(&random) - 0.5);
            price = price < 5 ? 10 - price : price > 500 ? 1000 - price : price;
            p->series[symbol * DAYS + day] = price;
            p->rows[day * p->symbols + symbol] = price;
        }
    }
}

static tw_status take_memory(panel *p) {
    const tw_allocator *allocator = tw_allocator_system();
    p->rows = TW_NEW(allocator, DAYS * p->symbols, double);
    p->series = TW_NEW(allocator, DAYS * p->symbols, double);
    if (p->rows == NULL || p->series == NULL)
        return TW_NO_MEMORY;
    for (size_t i = 0; i < NAIVE_FEATURES; i++) {
        p->values[i] = TW_NEW(allocator, DAYS * p->symbols, double);
        if (p->values[i] == NULL)
            return TW_NO_MEMORY;
    }
    return TW_OK;
}

static tw_status prepare(const proof_point *point, void **ret_state, tw_error *error) {
    panel *p = TW_NEW(tw_allocator_system(), 1, panel);
    if (p == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for the prices");
    *ret_state = p;
    *p = (panel){.symbols = point->at[0], .folder = point->folder};
    if (take_memory(p) != TW_OK)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for the prices");
    make_prices(p);
    tw_status status = tw_workers_new(NULL, (uint32_t)point->at[1], &p->workers, error);
    if (status != TW_OK)
        return status;
    tw_features_config config = {.texts = TEXTS,
                                 .count = NAIVE_FEATURES,
                                 .columns_max = p->symbols,
                                 .runner = tw_workers_runner(p->workers)};
    status = tw_features_new(NULL, &config, &p->features, error);
    TW_ASSERT(status != TW_OK || tw_features_outputs(p->features) == NAIVE_FEATURES);
    return status;
}

/* One pass over all symbols. */
static void pass_naive(panel *p) {
    for (size_t symbol = 0; symbol < p->symbols; symbol++) {
        double *values[NAIVE_FEATURES];
        for (size_t i = 0; i < NAIVE_FEATURES; i++)
            values[i] = &p->values[i][symbol * DAYS];
        naive_features(&p->series[symbol * DAYS], DAYS, values);
    }
}

/* Of the last pass, whichever way the values stand in memory. */
static double sum_of(const panel *p) {
    double sum = 0;
    for (size_t i = 0; i < NAIVE_FEATURES; i++) {
        for (size_t k = 0; k < DAYS * p->symbols; k++)
            sum += isnan(p->values[i][k]) ? 0 : SCALES[i] * fabs(p->values[i][k]);
    }
    return sum;
}

static tw_status run_naive(void *state, proof_run *run, tw_error *error) {
    (void)error;
    panel *p = state;
    int64_t began_ns = tw_time_monotonic_ns();
    for (uint64_t done = 0; done < run->units; done += p->symbols)
        pass_naive(p);
    run->elapsed_ns = tw_time_monotonic_ns() - began_ns;
    run->checksum = sum_of(p);
    return TW_OK;
}

static tw_status run_ours(void *state, proof_run *run, tw_error *error) {
    panel *p = state;
    tw_status status = TW_OK;
    tw_features_panel of = {.shape = {DAYS, p->symbols},
                            .inputs = {[TW_INDICATOR_CLOSE] = p->rows}};
    int64_t began_ns = tw_time_monotonic_ns();
    for (uint64_t done = 0; done < run->units && status == TW_OK; done += p->symbols)
        status = tw_features_run(p->features, &of, p->values);
    run->elapsed_ns = tw_time_monotonic_ns() - began_ns;
    if (status != TW_OK)
        return tw_error_set(error, status, "the features are not computed");
    run->checksum = sum_of(p);
    return TW_OK;
}

static tw_status start_numpy(panel *p, tw_error *error) {
    char path[PROOF_FOLDER_SIZE + 16];
    char symbols[24];
    snprintf(path, sizeof path, "%s/prices.f64", p->folder);
    snprintf(symbols, sizeof symbols, "%zu", p->symbols);
    const char *const arguments[] = {path, symbols, NULL};
    tw_status status = proof_file_write(p->folder, "prices.f64", p->rows,
                                        DAYS * p->symbols * sizeof p->rows[0], error);
    return status == TW_OK ? proof_peer_python(peer_features, arguments, &p->numpy, error) : status;
}

static tw_status run_numpy(void *state, proof_run *run, tw_error *error) {
    panel *p = state;
    tw_status status = p->numpy == NULL ? start_numpy(p, error) : TW_OK;
    return status == TW_OK ? proof_peer_run(p->numpy, run, error) : status;
}

static tw_status run_limit(void *state, proof_run *run, tw_error *error) {
    (void)error;
    panel *p = state;
    int64_t began_ns = tw_time_monotonic_ns();
    for (uint64_t done = 0; done < run->units; done += p->symbols) {
        for (size_t i = 0; i < NAIVE_FEATURES; i++)
            memcpy(p->values[i], p->rows, DAYS * p->symbols * sizeof p->rows[0]);
    }
    run->elapsed_ns = tw_time_monotonic_ns() - began_ns;
    return TW_OK;
}

const proof_job proof_batch_features = {
    .name = "batch-features",
    .part = "OptimizedDataProcessor",
    .title = "Features of all symbols at once against loops",
    .unit = "symbol",
    .story =
        "Returns, volatility and z-score of a quarter, RSI, exponential mean and the place within "
        "Bollinger's bands, of each symbol on each day of a year. The naive way takes symbol "
        "after symbol and goes through the last days of each day again, feature by feature. Ours "
        "keeps what a window holds when it moves on, "
        "computes several symbols with one instruction, and gives a part of the symbols to each "
        "thread; the numbers are the same with any number of them.",
    .limit = "copying the table of prices once for each feature, by one thread",
    .claimed_min = 5,
    .claimed_max = 20,
    .tolerance = 1e-9,
    .check_units = 200,
    .many_threads = true,
    .threads_of = 2,
    .axes = {{"symbols", {10, 50, 200, 1000}, 4, 2}, {"threads", {1, 2, 4}, 3, 0}},
    .prepare = prepare,
    .dispose = dispose,
    .ways = {{"loops", PROOF_NAIVE, "symbol by symbol, day by day, each window anew; one thread",
              run_naive, .whole_of = 1},
             {"tradewind", PROOF_OURS, "tw_features_run, which shares the symbols out to threads",
              run_ours, .whole_of = 1},
             {"NumPy", PROOF_PEER, "windows as sums of whole tables; one thread", run_numpy,
              .whole_of = 1},
             {"copy", PROOF_LIMIT, "the table is copied for each feature; one thread", run_limit,
              .incomparable = true, .whole_of = 1}},
};
