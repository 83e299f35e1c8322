/*
 * performance_priv.h - what the files of performance.h share.
 *
 * A figure is computed from facts: sums of the series in groups, each gathered when a figure first
 * needs it. tw_performance gathers them from the observations; rolling_performance.c from the
 * halves of a window. The formulas (performance_figures.c) know only the facts, so both have the
 * same. A few figures (GROUP_SERIES) need the observations themselves.
 */
#ifndef TRADEWIND_PERFORMANCE_PRIV_H
#define TRADEWIND_PERFORMANCE_PRIV_H

#include "tradewind/performance.h"

#include "exponential.h"
#include "logarithm.h"
#include "normal.h"
#include "series.h"

typedef enum performance_group {
    GROUP_NONE = 0,
    GROUP_MOMENTS = 1 << 0, /* about the mean */
    GROUP_HALVES = 1 << 1,  /* above and below the mean */
    GROUP_WANTED = 1 << 2,  /* about the minimum acceptable return */
    GROUP_ZERO = 1 << 3,    /* about 0 */
    GROUP_EXCESS = 1 << 4,  /* moments of the excess over the risk-free rate */
    GROUP_GROWTH = 1 << 5,
    GROUP_EXCESS_GROWTH = 1 << 6,
    GROUP_PATH = 1 << 7,      /* the greatest drawdown */
    GROUP_DRAWDOWNS = 1 << 8, /* all of them */
    GROUP_PAIR = 1 << 9,      /* with the benchmark */
    GROUP_UP = 1 << 10,       /* periods in which the benchmark is above 0, */
    GROUP_DOWN = 1 << 11,     /* below 0, */
    GROUP_BULL = 1 << 12,     /* its excess is above 0, */
    GROUP_BEAR = 1 << 13,     /* below 0 */
    GROUP_RATES = 1 << 14,    /* of GROUP_PAIR: growth, and what is below the MAR */
    GROUP_SERIES = 1 << 15
} performance_group;

/* Those that two halves of a window can be put together from. */
#define GROUPS_THAT_ROLL                                                                  \
    ((unsigned)(GROUP_MOMENTS | GROUP_WANTED | GROUP_ZERO | GROUP_EXCESS | GROUP_GROWTH | \
                GROUP_EXCESS_GROWTH | GROUP_PATH | GROUP_PAIR | GROUP_UP | GROUP_DOWN |   \
                GROUP_BULL | GROUP_BEAR | GROUP_RATES))
#define GROUPS_OF_PAIRS \
    ((unsigned)(GROUP_PAIR | GROUP_UP | GROUP_DOWN | GROUP_BULL | GROUP_BEAR | GROUP_RATES))

/* Returns `a` beside the benchmark `b`, over chosen periods. */
typedef struct performance_pair {
    series_size size;
    double mean_a;
    double mean_b;
    double excess_a; /* means of excesses */
    double excess_b;
    series_products products; /* of excesses, about their means */
    double active_mean;
    double active_square;
    double wins;        /* weight of a > b */
    double rises;       /* of a > 0 */
    double falls;       /* of a < 0 */
    double shortfall_a; /* sums of squares below the minimum acceptable return */
    double shortfall_b;
    series_growth growth_a;
    series_growth growth_b;
    series_growth alone_a; /* over all values of each, whether or not the other is there; */
    series_growth alone_b; /* of GROUP_PAIR only */
} performance_pair;

typedef struct performance_drawdowns {
    double mean; /* of D over all observations */
    double mean_square;
    double count;
    double depths;
    double depth_squares;
    double lengths;
    double recoveries;
    double run_squares; /* of runs of losses */
} performance_drawdowns;

typedef struct performance_facts {
    const tw_performance_config *config;
    double free;   /* a period; the mean of a series */
    double wanted; /* the same of the minimum acceptable return */
    double skipped;
    double benchmark_skipped;
    series_size size;
    series_moments moments;
    series_sums halves;
    series_sums about_wanted;
    double shortfall_power; /* sum of w max(MAR - r, 0)^partial_order */
    series_sums about_zero;
    series_moments excess; /* the first two moments */
    series_growth growth;
    series_growth excess_growth;
    double max_drawdown;
    performance_drawdowns drawdowns;
    performance_pair pair;
    performance_pair up;
    performance_pair down;
    performance_pair bull;
    performance_pair bear;
} performance_facts;

struct tw_performance {
    tw_allocator allocator;
    tw_performance_config config;
    const series_lanes *lanes;
    size_t count_max;
    size_t count; /* observations; 0: nothing is loaded */
    size_t skipped;
    series_growth benchmark_alone; /* over all rows that have one, when some were skipped */
    bool has_benchmark;
    bool has_weights;
    bool has_free;   /* the risk-free rate is a series */
    bool has_wanted; /* so is the minimum acceptable return */
    unsigned known;  /* groups whose facts are gathered */
    performance_facts facts;
    double *returns;
    double *benchmark; /* NaN where missing */
    double *weights;
    double *free;
    double *wanted;
    double *scratch[4];
};

/* A row of the table of figures: exactly one of the two functions is there. */
typedef struct performance_figure {
    const char *name;
    unsigned needs; /* groups */
    double (*of_facts)(const performance_facts *facts);
    double (*of_series)(tw_performance *performance);
} performance_figure;

const performance_figure *performance_figure_row(tw_figure figure);

/* TW_RANGE with a sentence for an option outside its limits. */
tw_status performance_check_config(const tw_performance_config *config, tw_error *error);
/* The rate a period; NaN for one that no period can have. */
double performance_rate(const tw_performance_config *config, tw_rate rate);

/* The facts that every group stands on: sizes, rates, what was skipped. */
void performance_begin(tw_performance *performance);
/* Gathers the facts of the groups in `needs` that are not known yet. */
void performance_gather(tw_performance *performance, unsigned needs);
/* The same of the pairs over the periods that a group chooses; with `rates`, their growth too. */
performance_pair performance_pair_of(const tw_performance *performance, performance_group which,
                                     bool rates);

/* Whether a group of pairs takes a period with this benchmark (NaN: none does) and risk-free rate.
 */
static inline bool performance_takes(unsigned which, double benchmark, double free) {
    double level = (which & (GROUP_BULL | GROUP_BEAR)) != 0 ? benchmark - free : benchmark;
    if ((which & (GROUP_UP | GROUP_BULL)) != 0)
        return level > 0;
    if ((which & (GROUP_DOWN | GROUP_BEAR)) != 0)
        return level < 0;
    return !isnan(benchmark);
}

/* a / b by the rule for zeros. */
double performance_quotient(const performance_facts *facts, double a, double b);

/* Of performance_shape.c, performance_tail.c and performance_pareto.c. */
double performance_ewma_volatility(tw_performance *performance);
double performance_autocorrelation(tw_performance *performance);
double performance_ljung_box(tw_performance *performance);
double performance_ljung_box_probability(tw_performance *performance);
double performance_hurst(tw_performance *performance);
double performance_stability(tw_performance *performance);
double performance_gini(tw_performance *performance);
double performance_value_at_risk(tw_performance *performance);
double performance_shortfall(tw_performance *performance);
double performance_sharpe_value_at_risk(tw_performance *performance);
double performance_sharpe_shortfall(tw_performance *performance);
double performance_tail_ratio(tw_performance *performance);
double performance_entropic(tw_performance *performance);
double performance_entropic_value_at_risk(tw_performance *performance);
double performance_pareto_shape(tw_performance *performance);
double performance_pareto_scale(tw_performance *performance);
double performance_pareto_value_at_risk(tw_performance *performance);
double performance_pareto_shortfall(tw_performance *performance);

#endif
