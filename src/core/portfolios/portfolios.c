/*
 * portfolios.c - the object and its memory. What comes into it is in portfolios_load.c and
 * portfolios_update.c.
 */
#include "portfolios_priv.h"

#include "levels.h"

void tw_portfolios_config_init(tw_portfolios_config *config) {
    TW_ASSERT(config != NULL);
    *config = (tw_portfolios_config){.periods_per_year = 252,
                                     .risk_free = {0, TW_RATE_PER_YEAR},
                                     .minimum_acceptable = {0, TW_RATE_PER_YEAR},
                                     .confidences = {0.95, 0.99},
                                     .confidence_count = 2,
                                     .shortfall = TW_SHORTFALL_CONTINUOUS,
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

/* Invariant 2 of portfolios_priv.h. */
static void plan(tw_portfolios *p, const tw_portfolios_limits *limits) {
    p->limits = *limits;
    if (limits->confidence_min == 0)
        p->limits.confidence_min = 0.95;
    p->block = limits->rows < PORTFOLIOS_BLOCK_ROWS ? limits->rows : PORTFOLIOS_BLOCK_ROWS;
    p->generation = limits->rows / p->block * p->block;
    p->slots = p->generation + 2 * p->block;
    p->tiles_max = (limits->portfolios + PORTFOLIO_LANES - 1) / PORTFOLIO_LANES;
    tw_dense_factors factors = portfolios_factors(limits->rows, limits->assets, limits->portfolios);
    /* It does not fall with any size, so smaller inputs have enough. */
    p->scratch_count = tw_dense_multiply_scratch(factors);
    factors.rows = PORTFOLIOS_GAP_ROWS;
    size_t gap_count = tw_dense_multiply_scratch(factors);
    p->scratch_count = p->scratch_count > gap_count ? p->scratch_count : gap_count;
    size_t reach =
        tw_tail_reach_of(TW_SHORTFALL_CONTINUOUS, limits->rows, 1 - p->limits.confidence_min).whole;
    p->tail_room = portfolio_tail_sizes_for(reach + 3, limits->updates).room;
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
