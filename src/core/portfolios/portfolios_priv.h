/*
 * portfolios_priv.h - what the files of tw_portfolios share.
 *
 * Portfolios are worked on in tiles of PORTFOLIO_LANES, each by itself.
 */
#ifndef TRADEWIND_PORTFOLIOS_PRIV_H
#define TRADEWIND_PORTFOLIOS_PRIV_H

#include "portfolios_lanes.h"
#include "portfolios_tail.h"
#include "tradewind/portfolios.h"

#define PORTFOLIOS_BLOCK_ROWS 32
#define PORTFOLIOS_GAP_ROWS 64 /* with something missing, that are computed together */

/* One confidence: how far out the Gaussian figures are, in deviations. */
typedef struct portfolios_confidence {
    double quantile; /* of 1 - confidence */
    double shortfall;
} portfolios_confidence;

/* What stands in the tail of a portfolio at one confidence. */
typedef struct portfolios_shortfall {
    double sum; /* of the `count` smallest */
    size_t count;
} portfolios_shortfall;

/*
 * 1. Row number t is in slot t % slots of series, benchmark and returns; slots is a multiple of
 *    block, so no block of rows wraps around.
 * 2. The window is [first, end), at most limits.rows. Blocks begin at multiples of block, and
 *    generations at multiples of generation, which is the greatest multiple of block within
 *    limits.rows (or block itself). The boundary is the last generation's begin below end.
 * 3. Every full window has a boundary in it, so what is after the boundary never loses a row.
 * 4. nodes[tile][block]: of a block before the boundary all that is from its begin to the boundary;
 *    of a later one that block alone. backs[tile]: the closed blocks from the boundary (or first)
 *    on; opens[tile]: the rows of the block that end is in.
 * 5. The window is (rows of a block that first is inside of), node of the next block, back, open,
 *    joined in this order: whoever computes it, from the rows or by pushes, joins the same.
 */
struct tw_portfolios {
    tw_allocator allocator;
    tw_portfolios_limits limits;
    tw_portfolios_config config;
    tw_portfolios_conventions conventions;
    portfolio_terms terms;
    portfolios_confidence confidences[TW_RISK_CONFIDENCE_COUNT_MAX];
    double least_confidence; /* of the config */
    const portfolio_lanes *lanes;
    bool loaded;

    size_t block;
    size_t slots;
    size_t generation;
    size_t tiles_max;
    portfolio_tail_sizes tail_sizes; /* of the config; its room is at most tail_room */
    size_t tail_room;                /* of each portfolio, for any confidence */

    size_t assets;
    size_t portfolios;
    uint64_t first;
    uint64_t end;

    double *series;    /* [slots][portfolios] */
    double *benchmark; /* [slots] */
    double *scratch;   /* of products */
    size_t scratch_count;
    double *gap_returns; /* [PORTFOLIOS_GAP_ROWS][assets] */
    double *gap_series;  /* [PORTFOLIOS_GAP_ROWS][portfolios] */
    double *tails;       /* [portfolios][tail_room] */
    size_t *tail_counts;
    portfolios_shortfall *shortfalls; /* [portfolios][TW_RISK_CONFIDENCE_COUNT_MAX] */
    tw_portfolio_figures *figures;

    /* With limits.updates: */
    double *returns;       /* [slots][assets] */
    double *weights;       /* [tiles][assets][PORTFOLIO_LANES] */
    double *changes;       /* [portfolios]: of weights, since their rows were last computed */
    portfolio_node *nodes; /* [tiles][slots / block] */
    portfolio_node *backs; /* [tiles] */
    portfolio_sums *opens; /* [tiles] */
};

static inline size_t portfolios_tiles(const tw_portfolios *p) {
    return (p->portfolios + PORTFOLIO_LANES - 1) / PORTFOLIO_LANES;
}

/* Of the portfolios of a tile, how many there are. */
static inline size_t portfolios_width(const tw_portfolios *p, size_t tile) {
    size_t left = p->portfolios - tile * PORTFOLIO_LANES;
    return left < PORTFOLIO_LANES ? left : PORTFOLIO_LANES;
}

static inline double *portfolios_series(const tw_portfolios *p, uint64_t row) {
    return p->series + (size_t)(row % p->slots) * p->portfolios;
}

static inline double *portfolios_returns(const tw_portfolios *p, uint64_t row) {
    return p->returns + (size_t)(row % p->slots) * p->assets;
}

static inline double *portfolios_weights(const tw_portfolios *p, size_t tile) {
    return p->weights + tile * p->assets * PORTFOLIO_LANES;
}

static inline tw_dense_factors portfolios_factors(size_t rows, size_t assets, size_t portfolios) {
    return (tw_dense_factors){
        .rows = rows, .inner = assets, .columns = portfolios, .transposed = true};
}

/* The loops of a wish. */
const portfolio_lanes *portfolios_lanes_of(tw_cpu_level wish);

/* ---- portfolios_check.c ---- */

tw_status portfolios_check_config(const tw_portfolios *p, const tw_portfolios_config *config,
                                  tw_error *error);
tw_status portfolios_check_input(const tw_portfolios *p, const tw_portfolios_config *config,
                                 const tw_portfolios_input *input, bool *ret_missing,
                                 tw_error *error);
/* *ret_missing: a return is. `row` is for the sentence. */
tw_status portfolios_check_row(const double *returns, size_t assets, double benchmark, uint64_t row,
                               bool *ret_missing, tw_error *error);
tw_status portfolios_check_weight(double weight, size_t portfolio, size_t asset, tw_error *error);
double portfolios_per_period(tw_rate rate, double periods_per_year);

/* ---- portfolios_load.c ---- */

/* Whether a weight falls on something missing in a row. */
bool portfolios_is_gap(const double *returns, const double *weights, size_t weight_stride,
                       size_t assets);
/* With zeros for what is missing. */
void portfolios_clean_row(const double *returns, size_t assets, double *ret_clean);

/* ---- portfolios_tile.c ---- */

/* Everything of a tile, from its rows. */
void portfolios_tile_build(tw_portfolios *p, size_t tile);

/* The same, but that of the tails only that of one portfolio is gathered again. */
void portfolios_tile_rebuild(tw_portfolios *p, size_t tile, size_t portfolio);

/* The row before p->end has come into the series; `before` are first and end as they were. */
typedef struct portfolios_step {
    uint64_t first;
    uint64_t end;
    portfolio_row left; /* the returns of the row that has left, or NaN */
} portfolios_step;

void portfolios_tile_advance(tw_portfolios *p, size_t tile, const portfolios_step *step);

/* ---- portfolios_figures.c ---- */

/* Brings the tails of a tile to what its node says is present, and fills its figures. */
void portfolios_tile_figures(tw_portfolios *p, size_t tile, const portfolio_node *node);

/* Gathers all tails of a tile. */
void portfolios_tails_gather(tw_portfolios *p, size_t tile, const portfolio_node *node);

/* The rows of a window as two spans, of the portfolios from `portfolio` on. */
void portfolios_spans(const tw_portfolios *p, size_t portfolio, portfolio_span ret_spans[2]);

/* How many of the smallest of `present` values are needed. */
size_t portfolios_tail_needed(const tw_portfolios *p, size_t present);

/* Forgets what the tail of a portfolio came to. */
void portfolios_tail_changed(tw_portfolios *p, size_t portfolio);

#endif
