/*
 * portfolios_load.c - everything from the beginning.
 *
 * The returns of all portfolios are one product, straight from the caller's matrices. Where
 * something is missing it spreads over its row alone; such rows are computed once more, with zeros
 * for what is missing, and taken out where a weight falls on it. Then each tile goes its own way
 * (portfolios_tile.c), and any thread may take it.
 */
#include "portfolios_priv.h"

#include <math.h>
#include <string.h>

#include "normal.h"

#define FEW_PORTFOLIOS 3
#define FEW_ROWS 64

/* Whether a weight falls on something missing in a row. */
bool portfolios_is_gap(const double *returns, const double *weights, size_t weight_stride,
                       size_t assets) {
    for (size_t i = 0; i < assets; i++) {
        if (isnan(returns[i]) && weights[i * weight_stride] != 0)
            return true;
    }
    return false;
}

void portfolios_clean_row(const double *returns, size_t assets, double *ret_clean) {
    for (size_t i = 0; i < assets; i++)
        ret_clean[i] = isnan(returns[i]) ? 0 : returns[i];
}

static void settle_config(tw_portfolios *p, const tw_portfolios_config *config) {
    p->config = *config;
    p->lanes = portfolios_lanes_of(config->way.level);
    double periods = config->periods_per_year;
    p->terms = (portfolio_terms){.minimum_acceptable =
                                     portfolios_per_period(config->minimum_acceptable, periods),
                                 .risk_free = portfolios_per_period(config->risk_free, periods),
                                 .root_periods = sqrt(periods)};
    p->least_confidence = 1;
    for (uint32_t i = 0; i < config->confidence_count; i++) {
        double tail = 1 - config->confidences[i];
        double z = tw_risk_normal_quantile(tail);
        p->confidences[i] = (portfolios_confidence){z, normal_density(z) / tail};
        p->least_confidence = fmin(p->least_confidence, config->confidences[i]);
    }
    size_t needed = portfolios_tail_needed(p, p->limits.rows);
    p->tail_sizes = portfolio_tail_sizes_for(needed, p->limits.updates);
    TW_ASSERT(p->tail_sizes.room <= p->tail_room);
    p->conventions =
        (tw_portfolios_conventions){.periods_per_year = periods,
                                    .risk_free_per_period = p->terms.risk_free,
                                    .minimum_acceptable_per_period = p->terms.minimum_acceptable,
                                    .confidence_count = config->confidence_count,
                                    .gaussian_ddof = config->gaussian_ddof,
                                    .shortfall = config->shortfall};
    memcpy(p->conventions.confidences, config->confidences, sizeof config->confidences);
}

/* The returns of few portfolios, row by row. */
typedef struct few_work {
    const tw_portfolios *portfolios;
    const double *returns;
    const double *weights;
    double *series;
    size_t count;
} few_work;

static void few_part(void *argument, size_t index) {
    const few_work *work = argument;
    const tw_portfolios *p = work->portfolios;
    size_t begin = index * FEW_ROWS;
    size_t count = work->count - begin < FEW_ROWS ? work->count - begin : FEW_ROWS;
    for (size_t j = 0; j < p->portfolios; j++) {
        portfolio_place place = {work->series + begin * p->portfolios + j, p->portfolios};
        p->lanes->row_returns(work->returns + begin * p->assets, count, p->assets,
                              work->weights + j * p->assets, place);
    }
}

/* ret [count][portfolios] = returns [count][assets] x weights [portfolios][assets]'. A product of
 * matrices puts both in order first, which few portfolios would not pay for. */
static void multiply(tw_portfolios *p, const double *returns, size_t count, const double *weights,
                     double *ret_series) {
    if (p->portfolios > FEW_PORTFOLIOS) {
        tw_dense_multiply(&p->config.way, portfolios_factors(count, p->assets, p->portfolios),
                          returns, weights, p->scratch, ret_series);
        return;
    }
    few_work work = {p, returns, weights, ret_series, count};
    tw_task_run(p->config.way.runner, (count + FEW_ROWS - 1) / FEW_ROWS, few_part, &work);
}

/* The rows `numbers` of an input, whose clean returns are in gap_returns. */
static void fill_gaps(tw_portfolios *p, const tw_portfolios_input *input, const size_t *numbers,
                      size_t count) {
    if (count == 0)
        return;
    multiply(p, p->gap_returns, count, input->weights, p->gap_series);
    for (size_t k = 0; k < count; k++) {
        const double *returns = input->returns + numbers[k] * p->assets;
        double *row = portfolios_series(p, p->first + numbers[k]);
        memcpy(row, p->gap_series + k * p->portfolios, p->portfolios * sizeof *row);
        for (size_t j = 0; j < p->portfolios; j++) {
            if (portfolios_is_gap(returns, input->weights + j * p->assets, 1, p->assets))
                row[j] = NAN;
        }
    }
}

static void find_gaps(tw_portfolios *p, const tw_portfolios_input *input) {
    size_t numbers[PORTFOLIOS_GAP_ROWS];
    size_t count = 0;
    for (size_t t = 0; t < input->rows; t++) {
        /* What is missing is so in every product of its row, of a weight of 0 as well. */
        if (!isnan(portfolios_series(p, p->first + t)[0]))
            continue;
        portfolios_clean_row(input->returns + t * p->assets, p->assets,
                             p->gap_returns + count * p->assets);
        numbers[count++] = t;
        if (count == PORTFOLIOS_GAP_ROWS) {
            fill_gaps(p, input, numbers, count);
            count = 0;
        }
    }
    fill_gaps(p, input, numbers, count);
}

/* Rows that stand together in the slots. */
static void load_rows(tw_portfolios *p, const tw_portfolios_input *input, size_t begin,
                      size_t count) {
    if (count == 0)
        return;
    uint64_t row = p->first + begin;
    const double *returns = input->returns + begin * p->assets;
    multiply(p, returns, count, input->weights, portfolios_series(p, row));
    if (p->limits.updates)
        memcpy(portfolios_returns(p, row), returns, count * p->assets * sizeof *returns);
    for (size_t t = 0; t < count; t++)
        p->benchmark[(row + t) % p->slots] =
            input->benchmark != NULL ? input->benchmark[begin + t] : NAN;
}

typedef struct load_work {
    tw_portfolios *portfolios;
    const tw_portfolios_input *input;
} load_work;

static void load_weights(tw_portfolios *p, const tw_portfolios_input *input, size_t tile) {
    double *weights = portfolios_weights(p, tile);
    size_t width = portfolios_width(p, tile);
    const double *from = input->weights + tile * PORTFOLIO_LANES * p->assets;
    for (size_t i = 0; i < p->assets; i++) {
        for (size_t l = 0; l < PORTFOLIO_LANES; l++)
            weights[i * PORTFOLIO_LANES + l] = l < width ? from[l * p->assets + i] : 0;
    }
    for (size_t l = 0; l < width; l++)
        p->changes[tile * PORTFOLIO_LANES + l] = 0;
}

static void load_tile(void *argument, size_t index) {
    const load_work *work = argument;
    if (work->portfolios->limits.updates)
        load_weights(work->portfolios, work->input, index);
    portfolios_tile_build(work->portfolios, index);
}

tw_status tw_portfolios_load(tw_portfolios *portfolios, const tw_portfolios_config *config,
                             const tw_portfolios_input *input, tw_error *error) {
    TW_ASSERT(portfolios != NULL && config != NULL && input != NULL);
    tw_portfolios *p = portfolios;
    bool missing = false;
    tw_status status = portfolios_check_config(p, config, error);
    if (status == TW_OK)
        status = portfolios_check_input(p, config, input, &missing, error);
    if (status != TW_OK)
        return status;
    settle_config(p, config);
    p->assets = input->assets;
    p->portfolios = input->portfolios;
    p->first = input->first_row;
    p->end = input->first_row + input->rows;
    p->loaded = true;
    size_t left = p->slots - (size_t)(p->first % p->slots);
    size_t before = input->rows < left ? input->rows : left;
    load_rows(p, input, 0, before);
    load_rows(p, input, before, input->rows - before);
    if (missing)
        find_gaps(p, input);
    load_work work = {p, input};
    tw_task_run(config->way.runner, portfolios_tiles(p), load_tile, &work);
    return TW_OK;
}
