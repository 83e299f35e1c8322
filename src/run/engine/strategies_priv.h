/*
 * strategies_priv.h - what the files of the strategies share: strategies.c, strategies_covariance.c
 * and strategies_port.c.
 */
#ifndef TRADEWIND_RUN_STRATEGIES_PRIV_H
#define TRADEWIND_RUN_STRATEGIES_PRIV_H

#include "engine_priv.h"
#include "tradewind/target_weights.h"

typedef struct strategy_rank {
    double value;
    uint32_t symbol;
    uint32_t reserved;
} strategy_rank;

/* Rows of the figures that a view shows, [STRATEGY_FIGURE_COUNT][symbols]. */
typedef enum strategy_figure {
    STRATEGY_MARKS,
    STRATEGY_QUANTITIES,
    STRATEGY_WEIGHTS,
    STRATEGY_TARGETS,
    STRATEGY_VWAPS,
    STRATEGY_MEANS,
    STRATEGY_DEVIATIONS,
    STRATEGY_COUNTS,
    STRATEGY_FIGURE_COUNT
} strategy_figure;

struct engine_strategies {
    double *raw;          /* [symbols]: what is being made */
    bool *left_out;       /* [symbols]: without a weight, because of too short a history */
    strategy_rank *ranks; /* [symbols] */
    bool short_told;

    /* With a covariance; NULL without. */
    uint32_t *columns;  /* [symbols]: those that take part */
    double *returns;    /* [history_days_max][columns] */
    double *covariance; /* [columns][columns] */
    double *upper;      /* [columns] */
    tw_target_weights *optimiser;

    /* Of the port; NULL without. */
    double *figures;
    tw_strategy_bar *bars; /* [timeframes][symbols] */
};

/* ---- strategies_covariance.c --------------------------------------------------------------- */

/* TW_OK with nothing taken for a strategy that has no covariance. */
tw_status strategies_covariance_take(tw_engine *engine);
void strategies_covariance_done(tw_engine *engine);
/* Fills raw and left_out. TW_EMPTY, TW_INVALID, TW_INFEASIBLE, TW_NO_MEMORY with a sentence. */
tw_status strategies_covariance_weigh(tw_engine *engine, tw_error *error);

/* ---- strategies_port.c --------------------------------------------------------------------- */

tw_status strategies_port_take(tw_engine *engine);
void strategies_port_done(tw_engine *engine);
/* Fills raw. *ret_keep: there is no change, and raw is not filled. TW_INVALID for an answer that
 * is none, with a sentence. */
tw_status strategies_port_weigh(tw_engine *engine, bool *ret_keep, tw_error *error);

#endif
