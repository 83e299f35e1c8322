/*
 * portfolios.c - the object: its memory, and what comes into it.
 *
 * The returns of all portfolios are one product, straight from the caller's matrices. Where
 * something is missing it spreads over its row alone; such rows are computed once more, with zeros
 * for what is missing, and taken out where a weight falls on it. Then each tile goes its own way
 * (portfolios_tile.c), and any thread may take it.
 */
#include "portfolios_priv.h"

#include <math.h>
#include <string.h>

#include "levels.h"
#include "normal.h"

#define FEW_PORTFOLIOS 3
#define FEW_ROWS 64
#define CHANGES_MAX 64 /* of a portfolio's weights, in its gross weight, until rows are new */

void tw_portfolios_config_init(tw_portfolios_config *config) {
    TW_ASSERT(config != NULL);
    *config = (tw_portfolios_config){.periods_per_year = 252,
                                     .risk_free = {0, TW_RATE_PER_YEAR},
                                     .minimum_acceptable = {0, TW_RATE_PER_YEAR},
                                     .confidences = {0.95, 0.99},
                                     .confidence_count = 2,
                                     .shortfall = TW_SHORTFALL_FRACTIONAL,
                                     .way = {.level = TW_CPU_BEST}};
}

/* ---- Memory -------------------------------------------------------------------------------- */

/* X(name, type, count), with `p` the portfolios: what is always had, and what updates need. */
#define ARRAYS(X)                                                                           \
    X(series, double, p->slots * p->limits.portfolios)                                      \
    X(benchmark, double, p->slots)                                                          \
    X(scratch, double, p->scratch_count)                                                    \
    X(gap_returns, double, PORTFOLIOS_GAP_ROWS * p->limits.assets)                          \
    X(gap_series, double, PORTFOLIOS_GAP_ROWS * p->limits.portfolios)                       \
    X(tails, double, p->limits.portfolios * p->tail_room)                                   \
    X(tail_counts, size_t, p->limits.portfolios)                                            \
    X(shortfalls, portfolios_shortfall, p->limits.portfolios *TW_RISK_CONFIDENCE_COUNT_MAX) \
    X(figures, tw_portfolio_figures, p->limits.portfolios)
#define UPDATE_ARRAYS(X)                                                  \
    X(returns, double, p->slots * p->limits.assets)                       \
    X(weights, double, p->tiles_max * p->limits.assets * PORTFOLIO_LANES) \
    X(changes, double, p->limits.portfolios)                              \
    X(nodes, portfolio_node, p->tiles_max *(p->slots / p->block))         \
    X(backs, portfolio_node, p->tiles_max)                                \
    X(opens, portfolio_sums, p->tiles_max)

static bool take_memory(tw_portfolios *p) {
    bool have = true;
#define TAKE(name, type, count)                                      \
    p->name = tw_allocate(&p->allocator, (count), sizeof(type), 64); \
    have = have && p->name != NULL;
    ARRAYS(TAKE)
    if (have && p->limits.updates) {
        UPDATE_ARRAYS(TAKE)
    }
#undef TAKE
    return have;
}

void tw_portfolios_free(tw_portfolios *portfolios) {
    tw_portfolios *p = portfolios;
    if (p == NULL)
        return;
    tw_allocator allocator = p->allocator;
#define GIVE(name, type, count) tw_release(&allocator, p->name, (count), sizeof(type), 64);
    ARRAYS(GIVE)
    UPDATE_ARRAYS(GIVE)
#undef GIVE
    TW_DELETE(&allocator, p, 1, tw_portfolios);
}

static bool limits_are_good(const tw_portfolios_limits *limits) {
    size_t least = limits->rows < limits->assets ? limits->rows : limits->assets;
    size_t most = limits->rows > limits->assets ? limits->rows : limits->assets;
    least = least < limits->portfolios ? least : limits->portfolios;
    most = most > limits->portfolios ? most : limits->portfolios;
    bool confident =
        limits->confidence_min == 0 || (limits->confidence_min > 0.5 && limits->confidence_min < 1);
    return least >= 1 && most <= TW_PORTFOLIOS_LIMIT_MAX && confident;
}

static tw_dense_factors factors_of(size_t rows, size_t assets, size_t portfolios) {
    return (tw_dense_factors){
        .rows = rows, .inner = assets, .columns = portfolios, .transposed = true};
}

/* Invariant 2 of portfolios_priv.h. */
static void plan(tw_portfolios *p, const tw_portfolios_limits *limits) {
    p->limits = *limits;
    if (limits->confidence_min == 0)
        p->limits.confidence_min = 0.95;
    p->block = limits->rows < PORTFOLIOS_BLOCK_ROWS ? limits->rows : PORTFOLIOS_BLOCK_ROWS;
    p->generation = limits->rows / p->block * p->block;
    p->slots = p->generation + 2 * p->block;
    p->tiles_max = (limits->portfolios + PORTFOLIO_LANES - 1) / PORTFOLIO_LANES;
    tw_dense_factors factors = factors_of(limits->rows, limits->assets, limits->portfolios);
    p->scratch_count = tw_dense_multiply_scratch(factors);
    factors.rows = PORTFOLIOS_GAP_ROWS;
    size_t gap_count = tw_dense_multiply_scratch(factors);
    p->scratch_count = p->scratch_count > gap_count ? p->scratch_count : gap_count;
    double reach = (1 - p->limits.confidence_min) * (double)limits->rows;
    p->tail_room = portfolio_tail_sizes_for((size_t)reach + 3, limits->updates).room;
}

tw_status tw_portfolios_new(const tw_allocator *allocator, const tw_portfolios_limits *limits,
                            tw_portfolios **ret_portfolios) {
    TW_ASSERT(limits != NULL && ret_portfolios != NULL);
    if (!limits_are_good(limits))
        return TW_RANGE;
    if (allocator == NULL)
        allocator = tw_allocator_system();
    tw_portfolios *p = TW_NEW(allocator, 1, tw_portfolios);
    if (p == NULL)
        return TW_NO_MEMORY;
    p->allocator = *allocator;
    plan(p, limits);
    if (!take_memory(p)) {
        tw_portfolios_free(p);
        return TW_NO_MEMORY;
    }
    *ret_portfolios = p;
    return TW_OK;
}

const portfolio_lanes *portfolios_lanes_of(tw_cpu_level wish) {
    tw_cpu_level level = tw_cpu_choose(wish);
    return LEVEL_PICK(level, &portfolio_lanes);
}

/* ---- A load -------------------------------------------------------------------------------- */

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
        tw_dense_multiply(&p->config.way, factors_of(count, p->assets, p->portfolios), returns,
                          weights, p->scratch, ret_series);
        return;
    }
    few_work work = {p, returns, weights, ret_series, count};
    tw_task_run(p->config.way.runner, (count + FEW_ROWS - 1) / FEW_ROWS, few_part, &work);
}

/* Whether a weight falls on something missing in a row. */
static bool is_gap(const double *returns, const double *weights, size_t weight_stride,
                   size_t assets) {
    for (size_t i = 0; i < assets; i++) {
        if (isnan(returns[i]) && weights[i * weight_stride] != 0)
            return true;
    }
    return false;
}

static void clean_row(const double *returns, size_t assets, double *ret_clean) {
    for (size_t i = 0; i < assets; i++)
        ret_clean[i] = isnan(returns[i]) ? 0 : returns[i];
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
            if (is_gap(returns, input->weights + j * p->assets, 1, p->assets))
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
        clean_row(input->returns + t * p->assets, p->assets, p->gap_returns + count * p->assets);
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

/* ---- A row more ---------------------------------------------------------------------------- */

typedef struct push_work {
    tw_portfolios *portfolios;
    const double *returns; /* as given */
    const double *clean;   /* without what is missing */
    portfolios_step step;
    bool leaving;
} push_work;

static void push_tile(void *argument, size_t index) {
    const push_work *work = argument;
    tw_portfolios *p = work->portfolios;
    size_t width = portfolios_width(p, index);
    const double *weights = portfolios_weights(p, index);
    double *row = portfolios_series(p, work->step.end) + index * PORTFOLIO_LANES;
    const double *oldest = portfolios_series(p, work->step.first) + index * PORTFOLIO_LANES;
    portfolios_step step = work->step;
    portfolio_row values;
    p->lanes->weighted(p->assets, work->clean, weights, values);
    for (size_t l = 0; l < width; l++) {
        bool gap = work->clean != work->returns &&
                   is_gap(work->returns, weights + l, PORTFOLIO_LANES, p->assets);
        step.left[l] = work->leaving ? oldest[l] : NAN;
        row[l] = gap ? NAN : values[l];
    }
    portfolios_tile_advance(p, index, &step);
}

static tw_status check_state(const tw_portfolios *p, tw_error *error) {
    if (!p->limits.updates)
        return tw_error_set(error, TW_STATE, "these portfolios were made without updates");
    if (!p->loaded)
        return tw_error_set(error, TW_STATE, "nothing has been loaded yet");
    return TW_OK;
}

tw_status tw_portfolios_push(tw_portfolios *portfolios, const double *returns, double benchmark,
                             tw_error *error) {
    TW_ASSERT(portfolios != NULL && returns != NULL);
    tw_portfolios *p = portfolios;
    bool missing = false;
    tw_status status = check_state(p, error);
    if (status == TW_OK)
        status = portfolios_check_row(returns, p->assets, benchmark, p->end, &missing, error);
    if (status == TW_OK && missing && p->config.fail_missing)
        status = tw_error_set(error, TW_INVALID, "the row has a missing return");
    if (status != TW_OK)
        return status;
    push_work work = {.portfolios = p,
                      .returns = returns,
                      .clean = returns,
                      .step = {.first = p->first, .end = p->end},
                      .leaving = p->end - p->first == p->limits.rows};
    if (missing) {
        clean_row(returns, p->assets, p->gap_returns);
        work.clean = p->gap_returns;
    }
    memcpy(portfolios_returns(p, p->end), returns, p->assets * sizeof *returns);
    p->benchmark[p->end % p->slots] = benchmark;
    p->end++;
    p->first += work.leaving ? 1 : 0;
    tw_task_run(p->config.way.runner, portfolios_tiles(p), push_tile, &work);
    return TW_OK;
}

/* ---- Another weight ------------------------------------------------------------------------ */

/* The return of a row from all the weights, in the order of a product. */
static double whole_return(const tw_portfolios *p, const double *returns, const double *weights) {
    double total = 0;
    for (size_t i = 0; i < p->assets; i++) {
        double weight = weights[i * PORTFOLIO_LANES];
        if (isnan(returns[i]) && weight != 0)
            return NAN;
        total = fma(isnan(returns[i]) ? 0 : returns[i], weight, total);
    }
    return total;
}

static double gross_of(const tw_portfolios *p, const double *weights) {
    double gross = 0;
    for (size_t i = 0; i < p->assets; i++)
        gross += fabs(weights[i * PORTFOLIO_LANES]);
    return gross;
}

tw_status tw_portfolios_weigh(tw_portfolios *portfolios, size_t portfolio, size_t asset,
                              double weight, tw_error *error) {
    TW_ASSERT(portfolios != NULL);
    tw_portfolios *p = portfolios;
    tw_status status = check_state(p, error);
    if (status == TW_OK && (portfolio >= p->portfolios || asset >= p->assets))
        status = tw_error_set(error, TW_RANGE,
                              "there is no asset %zu in portfolio %zu: there are %zu in %zu", asset,
                              portfolio, p->assets, p->portfolios);
    if (status == TW_OK)
        status = portfolios_check_weight(weight, portfolio, asset, error);
    if (status != TW_OK)
        return status;
    size_t tile = portfolio / PORTFOLIO_LANES;
    double *weights = portfolios_weights(p, tile) + portfolio % PORTFOLIO_LANES;
    double change = weight - weights[asset * PORTFOLIO_LANES];
    weights[asset * PORTFOLIO_LANES] = weight;
    double gross = gross_of(p, weights);
    p->changes[portfolio] += fabs(change) + gross;
    bool afresh = p->changes[portfolio] >= CHANGES_MAX * gross;
    if (afresh)
        p->changes[portfolio] = 0;
    for (uint64_t t = p->first; t < p->end; t++) {
        const double *returns = portfolios_returns(p, t);
        double *value = portfolios_series(p, t) + portfolio;
        bool sure = !afresh && !isnan(*value) && !isnan(returns[asset]);
        *value = sure ? *value + change * returns[asset] : whole_return(p, returns, weights);
    }
    portfolios_tile_rebuild(p, tile, portfolio);
    return TW_OK;
}

/* ---- What each asset adds ------------------------------------------------------------------ */

/* ret[i] = sum over the rows used of (r_p - mean) r_i: the mean of r_i would fall out of it. */
static void add_products(const tw_portfolios *p, size_t portfolio, double *ret_products) {
    double mean = p->figures[portfolio].mean;
    memset(ret_products, 0, p->assets * sizeof *ret_products);
    for (uint64_t t = p->first; t < p->end; t++) {
        const double *returns = portfolios_returns(p, t);
        double difference = portfolios_series(p, t)[portfolio] - mean;
        for (size_t i = 0; i < p->assets && !isnan(difference); i++)
            ret_products[i] += difference * returns[i];
    }
}

tw_status tw_portfolios_contributions(const tw_portfolios *portfolios, size_t portfolio,
                                      double *ret_contributions, tw_error *error) {
    TW_ASSERT(portfolios != NULL && ret_contributions != NULL);
    const tw_portfolios *p = portfolios;
    tw_status status = check_state(p, error);
    if (status == TW_OK && portfolio >= p->portfolios)
        status = tw_error_set(error, TW_RANGE, "there is no portfolio %zu: there are %zu",
                              portfolio, p->portfolios);
    if (status != TW_OK)
        return status;
    const tw_portfolio_figures *figures = &p->figures[portfolio];
    const double *weights =
        portfolios_weights(p, portfolio / PORTFOLIO_LANES) + portfolio % PORTFOLIO_LANES;
    double divisor = ((double)figures->observations - 1) * figures->volatility;
    add_products(p, portfolio, ret_contributions);
    for (size_t i = 0; i < p->assets; i++) {
        double weight = weights[i * PORTFOLIO_LANES];
        double share = divisor > 0 ? weight * ret_contributions[i] / divisor : NAN;
        ret_contributions[i] = weight == 0 && divisor > 0 ? 0 : share;
    }
    return TW_OK;
}

/* ---- Answers ------------------------------------------------------------------------------- */

const tw_portfolio_figures *tw_portfolios_figures(const tw_portfolios *portfolios,
                                                  size_t *ret_count) {
    TW_ASSERT(portfolios != NULL && ret_count != NULL);
    *ret_count = portfolios->portfolios;
    return portfolios->figures;
}

void tw_portfolios_conventions_of(const tw_portfolios *portfolios,
                                  tw_portfolios_conventions *ret_conventions) {
    TW_ASSERT(portfolios != NULL && portfolios->loaded && ret_conventions != NULL);
    *ret_conventions = portfolios->conventions;
    ret_conventions->first_row = portfolios->first;
    ret_conventions->rows = (size_t)(portfolios->end - portfolios->first);
}
