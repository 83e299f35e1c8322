/*
 * tune_workers.c - features of all symbols of the workload by some threads.
 *
 * The table of prices has a column for each symbol and as many rows as symbols have trades on the
 * average; a symbol with fewer trades repeats its last price. There are at least ROWS_MIN rows, as
 * a history has.
 */
#include <stdio.h>

#include "tradewind/alloc.h"
#include "tradewind/features.h"
#include "tradewind/time.h"
#include "tradewind/workers.h"
#include "tune_ways.h"

enum { FEATURES = 6, ROWS_MIN = 250, COLUMNS_MAX = 4000, OUTPUTS_MAX = 8 };

static const char *const TEXTS[FEATURES] = {
    "log_return",          "realised_volatility(20, periods_per_year=252)",
    "zscore(20).zscore",   "rsi(14, smoothing=sum)",
    "ema(20, seed=first)", "bollinger(20).percent_b"};

typedef struct table {
    tw_batch_shape shape;
    size_t count;
    double *prices;
    double *values[FEATURES];
    int64_t run_ns;
} table;

static void free_table(table *of) {
    TW_DELETE(NULL, of->prices, of->count, double);
    for (size_t i = 0; i < FEATURES; i++)
        TW_DELETE(NULL, of->values[i], of->count, double);
}

static tw_status make_table(const tune_workload *workload, table *of, tw_error *error) {
    size_t columns = workload->symbol_count < COLUMNS_MAX ? workload->symbol_count : COLUMNS_MAX;
    size_t rows = workload->count / columns > ROWS_MIN ? workload->count / columns : ROWS_MIN;
    of->shape = (tw_batch_shape){rows, columns};
    of->count = rows * columns;
    of->prices = TW_NEW(NULL, of->count, double);
    bool whole = of->prices != NULL;
    for (size_t i = 0; i < FEATURES; i++) {
        of->values[i] = TW_NEW(NULL, of->count, double);
        whole = whole && of->values[i] != NULL;
    }
    return whole ? TW_OK : tw_error_set(error, TW_NO_MEMORY, "there is no memory for features");
}

/* Columns go to symbols as they first come. */
static tw_status fill_table(const tune_workload *workload, table *of, tw_error *error) {
    size_t columns = of->shape.columns;
    uint32_t known = tw_symbols_count(workload->symbols);
    uint32_t *column_of = TW_NEW(NULL, known, uint32_t); /* 1-based; 0: none yet */
    size_t *filled = TW_NEW(NULL, columns, size_t);
    uint32_t taken = 0;
    for (uint32_t i = 0; column_of != NULL && i < known; i++)
        column_of[i] = 0;
    for (size_t i = 0; filled != NULL && i < columns; i++)
        filled[i] = 0;
    for (uint64_t i = 0; column_of != NULL && filled != NULL && i < workload->count; i++) {
        const tw_trade *trade = &workload->trades[i];
        if (column_of[trade->symbol] == 0 && taken < columns)
            column_of[trade->symbol] = ++taken;
        size_t column = column_of[trade->symbol];
        if (column > 0 && filled[column - 1] < of->shape.rows)
            of->prices[filled[column - 1]++ * columns + column - 1] =
                (double)trade->price.nano / TW_NANO;
    }
    for (size_t i = 0; filled != NULL && i < taken; i++)
        for (size_t row = filled[i]; row < of->shape.rows; row++)
            of->prices[row * columns + i] = of->prices[(row - 1) * columns + i];
    tw_status status = column_of != NULL && filled != NULL ? TW_OK : TW_NO_MEMORY;
    TW_DELETE(NULL, column_of, known, uint32_t);
    TW_DELETE(NULL, filled, columns, size_t);
    return status == TW_OK ? TW_OK
                           : tw_error_set(error, status, "there is no memory for the prices");
}

static tw_status run_for(const table *of, tw_features *features, double *ret_rate,
                         tw_error *error) {
    const tw_features_panel panel = {.shape = of->shape,
                                     .inputs = {[TW_INDICATOR_CLOSE] = of->prices}};
    int64_t began_ns = tw_time_monotonic_ns();
    int64_t elapsed_ns = 0;
    uint64_t runs = 0;
    while (elapsed_ns < of->run_ns || runs == 0) {
        tw_status status = tw_features_run(features, &panel, of->values);
        if (status != TW_OK)
            return tw_error_set(error, status, "the features are not computed");
        runs++;
        elapsed_ns = tw_time_monotonic_ns() - began_ns;
    }
    *ret_rate = (double)(runs * of->count) * TW_NS_PER_SECOND / (double)elapsed_ns;
    return TW_OK;
}

static tw_status run(void *state, double value, double *ret_figure, tw_error *error) {
    const table *of = state;
    tw_workers *workers = NULL;
    tw_features *features = NULL;
    tw_status status = tw_workers_new(NULL, (uint32_t)value, &workers, error);
    if (status == TW_OK) {
        const tw_features_config config = {.texts = TEXTS,
                                           .count = FEATURES,
                                           .columns_max = of->shape.columns,
                                           .runner = tw_workers_runner(workers)};
        status = tw_features_new(NULL, &config, &features, error);
    }
    TW_ASSERT(status != TW_OK || tw_features_outputs(features) == FEATURES);
    if (status == TW_OK)
        status = run_for(of, features, ret_figure, error);
    tw_features_free(features);
    tw_workers_free(workers);
    return status;
}

/* 1, 2, 3 ... where they fit, else 1, 2, 4 ... and all. */
static void name_threads(uint32_t processors, tune_curve *curve) {
    *curve = (tune_curve){0};
    for (uint32_t i = 1; i < processors && curve->count + 1 < TUNE_PLACES_MAX;
         i = processors <= TUNE_PLACES_MAX ? i + 1 : 2 * i)
        curve->values[curve->count++] = i;
    curve->values[curve->count++] = processors;
}

tw_status tune_processors(uint32_t *ret_count, tw_error *error) {
    tw_workers *workers = NULL;
    tw_status status = tw_workers_new(NULL, 0, &workers, error);
    if (status == TW_OK)
        *ret_count = tw_workers_count(workers);
    tw_workers_free(workers);
    return status;
}

tw_status tune_workers(const tune_workload *workload, const tune_plan *plan, int64_t budget_ns,
                       tune_curve *ret_curve, uint32_t *ret_processors, tw_error *error) {
    table of = {.run_ns = plan->run_ns};
    const tune_way way = {&of, false, run};
    tw_status status = tune_processors(ret_processors, error);
    if (status == TW_OK)
        status = make_table(workload, &of, error);
    if (status == TW_OK)
        status = fill_table(workload, &of, error);
    if (status == TW_OK) {
        name_threads(*ret_processors, ret_curve);
        status = tune_measure(&way, plan, budget_ns, ret_curve, error);
    }
    free_table(&of);
    return status;
}
