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

/* Prices in all: the fewer symbols there are, the longer is the history of each. */
enum { PRICES = 1000000 };

static const char *const TEXTS[NAIVE_FEATURES] = {
    "log_return",          "realised_volatility(20, periods_per_year=252)",
    "zscore(20).zscore",   "rsi(14, smoothing=sum)",
    "ema(20, seed=first)", "bollinger(20).percent_b"};

/* So that no feature is lost beside the others in a sum. */
static const double SCALES[NAIVE_FEATURES] = {1e4, 1e3, 100, 1, 1, 100};

typedef struct panel {
    size_t symbols;
    size_t days;
    double *rows;                   /* [days][symbols] */
    double *series;                 /* [symbols][days], the same prices */
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
    TW_DELETE(allocator, p->rows, PRICES, double);
    TW_DELETE(allocator, p->series, PRICES, double);
    for (size_t i = 0; i < NAIVE_FEATURES; i++)
        TW_DELETE(allocator, p->values[i], PRICES, double);
    TW_DELETE(allocator, p, 1, panel);
}

static void make_prices(panel *p) {
    tw_random random;
    tw_random_init(&random, 40, p->symbols);
    for (size_t symbol = 0; symbol < p->symbols; symbol++) {
        double price = 20 + 200 * tw_random_uniform(&random);
        for (size_t day = 0; day < p->days; day++) {
            price *= 1 + 0.02 * (tw_random_uniform(&random) - 0.5);
            price = price < 5 ? 10 - price : price > 500 ? 1000 - price : price;
            p->series[symbol * p->days + day] = price;
            p->rows[day * p->symbols + symbol] = price;
        }
    }
}

static tw_status take_memory(panel *p) {
    const tw_allocator *allocator = tw_allocator_system();
    p->rows = TW_NEW(allocator, PRICES, double);
    p->series = TW_NEW(allocator, PRICES, double);
    if (p->rows == NULL || p->series == NULL)
        return TW_NO_MEMORY;
    for (size_t i = 0; i < NAIVE_FEATURES; i++) {
        p->values[i] = TW_NEW(allocator, PRICES, double);
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
    TW_ASSERT(PRICES % p->symbols == 0);
    p->days = PRICES / p->symbols;
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

static double sum_of(const double *values, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += isnan(values[i]) ? 0 : fabs(values[i]);
    return sum;
}

static tw_status run_naive(void *state, proof_run *run, tw_error *error) {
    (void)error;
    panel *p = state;
    size_t days = run->units / p->symbols;
    int64_t began_ns = tw_time_monotonic_ns();
    for (size_t symbol = 0; symbol < p->symbols; symbol++) {
        double *values[NAIVE_FEATURES];
        for (size_t i = 0; i < NAIVE_FEATURES; i++)
            values[i] = &p->values[i][symbol * p->days];
        naive_features(&p->series[symbol * p->days], days, values);
    }
    run->elapsed_ns = tw_time_monotonic_ns() - began_ns;
    for (size_t symbol = 0; symbol < p->symbols; symbol++) {
        for (size_t i = 0; i < NAIVE_FEATURES; i++)
            run->checksum += SCALES[i] * sum_of(&p->values[i][symbol * p->days], days);
    }
    return TW_OK;
}

static tw_status run_ours(void *state, proof_run *run, tw_error *error) {
    panel *p = state;
    tw_features_panel of = {
        .shape = {run->units / p->symbols, p->symbols},
        .inputs = {[TW_INDICATOR_CLOSE] = p->rows},
    };
    int64_t began_ns = tw_time_monotonic_ns();
    tw_status status = tw_features_run(p->features, &of, p->values);
    run->elapsed_ns = tw_time_monotonic_ns() - began_ns;
    if (status != TW_OK)
        return tw_error_set(error, status, "the features are not computed");
    for (size_t i = 0; i < NAIVE_FEATURES; i++)
        run->checksum += SCALES[i] * sum_of(p->values[i], run->units);
    return TW_OK;
}

static tw_status start_numpy(panel *p, tw_error *error) {
    char path[PROOF_FOLDER_SIZE + 16];
    char symbols[24];
    snprintf(path, sizeof path, "%s/prices.f64", p->folder);
    snprintf(symbols, sizeof symbols, "%zu", p->symbols);
    const char *const arguments[] = {path, symbols, NULL};
    tw_status status =
        proof_file_write(p->folder, "prices.f64", p->rows, PRICES * sizeof p->rows[0], error);
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
    for (size_t i = 0; i < NAIVE_FEATURES; i++)
        memcpy(p->values[i], p->rows, run->units * sizeof p->rows[0]);
    run->elapsed_ns = tw_time_monotonic_ns() - began_ns;
    return TW_OK;
}

const proof_job proof_batch_features = {
    .name = "batch-features",
    .part = "OptimizedDataProcessor",
    .title = "Features of all symbols at once against loops",
    .unit = "price",
    .story =
        "Returns, volatility, z-score, RSI, exponential mean and Bollinger's place of each symbol "
        "on each day. The naive way takes symbol after symbol and goes through the last days of "
        "each day again, feature by feature. Ours keeps what a window holds when it moves on, "
        "computes several symbols with one instruction, and gives a part of the symbols to each "
        "thread; the numbers are the same with any number of them.",
    .limit = "copying the table of prices once for each feature, by one thread",
    .claimed_min = 5,
    .claimed_max = 20,
    .tolerance = 1e-9,
    .check_units = 40000,
    .many_threads = true,
    .axes = {{"symbols", {10, 50, 200, 500, 1000}, 5, 2}, {"threads", {1, 2, 4}, 3, 0}},
    .prepare = prepare,
    .dispose = dispose,
    .ways = {{"loops", PROOF_NAIVE, "symbol by symbol, day by day, each window anew; one thread",
              run_naive, .units_most = PRICES, .whole_of = 1},
             {"tradewind", PROOF_OURS, "tw_features_run, which shares the symbols out to threads",
              run_ours, .units_most = PRICES, .whole_of = 1},
             {"NumPy", PROOF_PEER, "windows as sums of whole tables; one thread", run_numpy,
              .units_most = PRICES, .whole_of = 1},
             {"copy", PROOF_LIMIT, "the table is copied for each feature; one thread", run_limit,
              .incomparable = true, .units_most = PRICES, .whole_of = 1}},
};
