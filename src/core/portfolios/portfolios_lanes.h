/*
 * portfolios_lanes.h - the loops over portfolios that are compiled once for each level of
 * instructions.
 *
 * PORTFOLIO_LANES portfolios stand side by side, one a lane, and no lane looks at another: what is
 * computed for a portfolio does not depend on the level, nor on its neighbours.
 */
#ifndef TRADEWIND_PORTFOLIOS_LANES_H
#define TRADEWIND_PORTFOLIOS_LANES_H

#include <stdbool.h>
#include <stddef.h>

#include "tradewind/cpu.h"

#define PORTFOLIO_LANES 16
#define PORTFOLIO_COLUMNS 64 /* of assets that are summed together */

typedef double portfolio_row[PORTFOLIO_LANES] __attribute__((aligned(64)));

/*
 * Sums over rows that are being added, at most a block of them. Values are taken less an origin,
 * the first of them: with s2 the sum of squares about the mean, those about one of n values come to
 * at most n s2, so little is lost in the subtraction when the block is closed.
 */
typedef struct portfolio_sums {
    portfolio_row count; /* rows that are there */
    portfolio_row origin;
    portfolio_row sum;
    portfolio_row squares;
    portfolio_row downside; /* squares of what falls short of the minimum acceptable return */
    portfolio_row value;    /* of 1 invested before the first row */
    portfolio_row peak;     /* the highest value so far, and the lowest */
    portfolio_row low;
    portfolio_row fall_value; /* the pair of a value and the peak before it with the least ratio */
    portfolio_row fall_peak;
    portfolio_row best;
    portfolio_row worst;
    portfolio_row paired; /* the same of rows with a benchmark */
    portfolio_row paired_origin;
    portfolio_row paired_sum;
    portfolio_row benchmark_origin;
    portfolio_row benchmark_sum;
    portfolio_row benchmark_squares;
    portfolio_row product;
} portfolio_sums;

/* What rows come to, in a form that can be put together with that of the rows after them. */
typedef struct portfolio_node {
    portfolio_row count;
    portfolio_row mean;
    portfolio_row squares; /* about the mean */
    portfolio_row downside;
    portfolio_row value;
    portfolio_row peak;
    portfolio_row low;
    portfolio_row depth; /* the least value over the peak before it */
    portfolio_row best;
    portfolio_row worst;
    portfolio_row paired;
    portfolio_row paired_mean;
    portfolio_row benchmark_mean;
    portfolio_row benchmark_squares; /* about the means */
    portfolio_row product;
} portfolio_node;

/* What figures are made with. */
typedef struct portfolio_terms {
    double minimum_acceptable; /* per period, as is: */
    double risk_free;
    double root_periods; /* sqrt(periods a year) */
} portfolio_terms;

/* Figures of the lanes, as in tw_portfolio_figures. */
typedef struct portfolio_answers {
    portfolio_row mean;
    portfolio_row deviations[2]; /* with ddof 0 and 1 */
    portfolio_row downside_deviation;
    portfolio_row sharpe;
    portfolio_row sortino;
    portfolio_row total_return;
    portfolio_row max_drawdown;
    portfolio_row beta;
    portfolio_row alpha;
} portfolio_answers;

/* Rows of series: row i of the lanes is at values + i * stride. */
typedef struct portfolio_rows {
    const double *values; /* NaN: missing */
    const double *benchmark;
    size_t count;
    size_t stride;
    ptrdiff_t ahead; /* from here to what is read next, in doubles; 0 for nothing */
} portfolio_rows;

/* Where results are written: result i at values + i * stride. */
typedef struct portfolio_place {
    double *values;
    size_t stride;
} portfolio_place;

typedef struct portfolio_lanes {
    /* Whether all are numbers of at most `most`. */
    bool (*are_good)(const double *values, size_t count, double most);
    /* One chain of fused multiply-adds a lane: ret[l] = sum of values[i] weights[i][l]. */
    void (*weighted)(size_t count, const double *values, const double *weights,
                     double *ret_returns);
    /* The same chains for one portfolio: of rows [count][columns]. */
    void (*row_returns)(const double *values, size_t count, size_t columns, const double *weights,
                        portfolio_place place);
    void (*add)(const portfolio_rows *rows, const portfolio_terms *terms, portfolio_sums *sums);
    void (*close)(const portfolio_sums *sums, portfolio_node *ret_node);
    /* `ret_node` may be one of the two. */
    void (*join)(const portfolio_node *before, const portfolio_node *after,
                 portfolio_node *ret_node);
    void (*answer)(const portfolio_node *node, const portfolio_terms *terms,
                   portfolio_answers *ret_answers);
    /* Of `width` columns (at most PORTFOLIO_COLUMNS) the sums of values less the first row's, and
     * of these times the benchmark. */
    void (*columns)(const portfolio_rows *rows, size_t width, double *ret_sums,
                    double *ret_products);
} portfolio_lanes;

extern const portfolio_lanes portfolio_lanes_baseline;
#if defined(__x86_64__)
extern const portfolio_lanes portfolio_lanes_avx2;
extern const portfolio_lanes portfolio_lanes_avx512;
#endif

/* Of no rows. */
void portfolio_sums_init(portfolio_sums *sums);
void portfolio_node_init(portfolio_node *node);

#endif
