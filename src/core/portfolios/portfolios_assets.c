/*
 * portfolios_assets.c - means, betas and covariance of the assets.
 *
 * One pass gives the means and the products with the benchmark, tile of columns by tile; another,
 * which is a product of matrices, the covariance about these means. Everything is added up in the
 * order of the rows, less the first row of its column: of equal values that is exact.
 */
#include "portfolios_priv.h"

#include <math.h>

#define COVARIANCE_ROWS 32 /* that are scaled together */

size_t tw_portfolios_assets_scratch(size_t rows, size_t assets) {
    return rows + tw_dense_products_scratch((tw_dense_shape){rows, assets});
}

/* Differences of the benchmark from its mean; 0 where there is none, which adds nothing. */
typedef struct market {
    double *differences; /* [rows] */
    double squares;
    double rest; /* what rounding leaves of the sum of the differences */
    size_t count;
} market;

static market market_of(const tw_portfolios_input *input, double *differences) {
    market m = {.differences = differences};
    double origin = 0;
    double sum = 0;
    for (size_t t = 0; t < input->rows; t++) {
        double value = input->benchmark != NULL ? input->benchmark[t] : NAN;
        if (isnan(value))
            continue;
        origin = m.count == 0 ? value : origin;
        sum += value - origin;
        m.count++;
    }
    double mean = origin + (m.count > 0 ? sum / (double)m.count : 0);
    for (size_t t = 0; t < input->rows; t++) {
        double value = input->benchmark != NULL ? input->benchmark[t] : NAN;
        double difference = isnan(value) ? 0 : value - mean;
        differences[t] = difference;
        m.squares += difference * difference;
        m.rest += difference;
    }
    return m;
}

typedef struct assets_work {
    const tw_portfolios_input *input;
    const portfolio_lanes *lanes;
    market market;
    tw_portfolios_assets results;
} assets_work;

static void measure_columns(void *argument, size_t index) {
    const assets_work *work = argument;
    const tw_portfolios_input *input = work->input;
    size_t begin = index * PORTFOLIO_COLUMNS;
    size_t left = input->assets - begin;
    size_t width = left < PORTFOLIO_COLUMNS ? left : PORTFOLIO_COLUMNS;
    portfolio_rows rows = {.values = input->returns + begin,
                           .benchmark = work->market.differences,
                           .count = input->rows,
                           .stride = input->assets};
    double sums[PORTFOLIO_COLUMNS];
    double products[PORTFOLIO_COLUMNS];
    work->lanes->columns(&rows, width, sums, products);
    bool varies = work->market.count > 1 && work->market.squares > 0;
    for (size_t i = 0; i < width; i++) {
        double offset = sums[i] / (double)input->rows;
        double product = products[i] - offset * work->market.rest;
        work->results.means[begin + i] = rows.values[i] + offset;
        if (work->results.betas != NULL)
            work->results.betas[begin + i] = varies ? product / work->market.squares : NAN;
    }
}

static void scale_rows(void *argument, size_t index) {
    const assets_work *work = argument;
    size_t assets = work->input->assets;
    size_t begin = index * COVARIANCE_ROWS * assets;
    size_t end = begin + COVARIANCE_ROWS * assets;
    end = end < assets * assets ? end : assets * assets;
    double scale = work->input->rows > 1 ? 1 / (double)(work->input->rows - 1) : NAN;
    for (size_t i = begin; i < end; i++)
        work->results.covariance[i] *= scale;
}

void tw_portfolios_assets_measure(const tw_dense_way *way, const tw_portfolios_input *input,
                                  double *scratch, tw_portfolios_assets results) {
    TW_ASSERT(input != NULL && input->rows > 0 && input->assets > 0 && scratch != NULL);
    TW_ASSERT(results.means != NULL);
    const tw_task_runner *runner = way != NULL ? way->runner : NULL;
    assets_work work = {.input = input,
                        .lanes = portfolios_lanes_of(way != NULL ? way->level : TW_CPU_BEST),
                        .market = market_of(input, scratch),
                        .results = results};
    size_t tiles = (input->assets + PORTFOLIO_COLUMNS - 1) / PORTFOLIO_COLUMNS;
    tw_task_run(runner, tiles, measure_columns, &work);
    if (results.covariance == NULL)
        return;
    tw_dense_products(way, (tw_dense_shape){input->rows, input->assets}, input->returns,
                      results.means, scratch + input->rows, results.covariance);
    tw_task_run(runner, (input->assets + COVARIANCE_ROWS - 1) / COVARIANCE_ROWS, scale_rows, &work);
}
