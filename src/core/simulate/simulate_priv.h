/* simulate_priv.h - what simulate.c prepares and simulate_paths.c works with. */
#ifndef TRADEWIND_SIMULATE_PRIV_H
#define TRADEWIND_SIMULATE_PRIV_H

#include <stdbool.h>

#include "simulate_lanes.h"
#include "tradewind/random.h"
#include "tradewind/simulate.h"

enum {
    SIMULATE_PARTS = 32,       /* of a run; each has buffers of its own */
    SIMULATE_PANELS = 2,       /* that a part makes at a time */
    SIMULATE_SCALAR_ROWS = 128 /* of a block at depth SCALAR */
};

struct tw_simulate {
    tw_allocator allocator;
    size_t assets_max;
    double *factor;   /* [assets][assets]: Cholesky's, of the covariance of the horizon */
    double *packed;   /* the same, for tw_dense_multiply_lower */
    double *scratch;  /* of Cholesky */
    double *loadings; /* [assets]: L'w */
    double *means;    /* [assets], of the horizon */
    double *weights;  /* [assets] */
    double *slopes;   /* [assets]: C w / w'Cw */
    double *buffers;  /* [SIMULATE_PARTS][2][SIMULATE_PANELS][assets_max][TW_DENSE_PANEL] */

    /* Of the last run. */
    bool ready;
    tw_simulate_config config;
    size_t assets;
    const simulate_loops *loops;
    tw_simulate_summary summary;
};

/* Both hand the runner parts that do not depend on it. */
void simulate_paths_run(const tw_simulate *simulate, double *ret_returns);
void simulate_paths_assets(const tw_simulate *simulate, const size_t *paths, size_t count,
                           double *ret_returns);

#endif
