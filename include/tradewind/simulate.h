/*
 * simulate.h - Monte Carlo of a portfolio of correlated assets: many returns that it may have.
 *
 *     tw_simulate_config config;
 *     tw_simulate_config_init(&config);
 *     config.depth = TW_SIMULATE_ASSETS;
 *     status = tw_simulate_new(NULL, assets, &simulation);
 *     status = tw_simulate_run(simulation, &config, &input, returns, &summary, &error);
 *     ... the worst of the returns, by any estimate of value at risk ...
 *     status = tw_simulate_assets(simulation, worst, worst_count, asset_returns, &error);
 *
 * The assets' returns are normal, or Student's t of one chi-squared for all assets of a path, with
 * the means and the covariance that are given; Student's t is scaled so that this is its
 * covariance, not its scale matrix. The portfolio is linear: its return is the sum of weight x
 * return, unless a function values the assets' returns another way.
 *
 * Depths, from cheap to dear; the first two are exact for a linear portfolio, no approximation:
 * - SCALAR draws the portfolio's own distribution, which is normal or Student's t with mean w'm and
 *   variance w'Cw: a draw a path. The covariance may be singular.
 * - FACTORS draws n shocks z a path, for (L'w)'z with L the factor of Cholesky of the covariance.
 * - ASSETS forms the return of each asset on each path, m + L z. Returns of a linear portfolio are
 *   those of FACTORS to within rounding: the shocks are the same.
 *
 * Conventions: returns are simple and per horizon; a horizon of h periods has h times the means and
 * h times the covariance of one. Nothing is antithetic and nothing is matched to the moments that
 * are asked for: the paths are independent, so the sampling error of a quantile is sqrt(p (1 - p) /
 * paths) / density.
 *
 * The same seed and input give the same bits on every machine, at any level of instructions and
 * with any number of threads: a path's shocks are streams of its own (tw_random_normals), made
 * again by tw_simulate_assets rather than remembered.
 *
 * Memory: all at tw_simulate_new, about 3 assets^2 + 3,100 assets doubles. Cost: assets^2 to begin
 * with, and for FACTORS and ASSETS assets^3 / 6 more; then a normal a path, a normal an asset and
 * path, or that and assets^2 / 2 multiply-adds a path. Threads: the way's runner, which also calls
 * the function of values; a tw_simulate belongs to one thread at a time.
 */
#ifndef TRADEWIND_SIMULATE_H
#define TRADEWIND_SIMULATE_H

#include <stddef.h>
#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/api.h"
#include "tradewind/dense.h"
#include "tradewind/error.h"
#include "tradewind/status.h"

#define TW_SIMULATE_ASSET_COUNT_MAX 20000
#define TW_SIMULATE_PATH_COUNT_MAX ((size_t)1 << 40)
#define TW_SIMULATE_DEGREES_MAX 1e6

typedef struct tw_simulate tw_simulate;

typedef enum tw_simulate_depth {
    TW_SIMULATE_SCALAR = 0,
    TW_SIMULATE_FACTORS = 1,
    TW_SIMULATE_ASSETS = 2
} tw_simulate_depth;

typedef enum tw_simulate_distribution {
    TW_SIMULATE_NORMAL = 0,
    TW_SIMULATE_STUDENT = 1
} tw_simulate_distribution;

/* Some paths with the returns of their assets: [assets][TW_DENSE_PANEL], a path a column, of which
 * the first `paths` count. */
typedef struct tw_simulate_panel {
    size_t first; /* the number of the first path */
    size_t paths;
    size_t assets;
    const double *returns;
} tw_simulate_panel;

/* Writes the portfolio's returns on the paths of a panel. It is called by any thread of the runner,
 * with other panels at the same time. */
typedef void (*tw_simulate_value)(void *context, const tw_simulate_panel *panel,
                                  double *ret_returns);

typedef struct tw_simulate_config {
    uint64_t seed;
    size_t paths;            /* 1 to TW_SIMULATE_PATH_COUNT_MAX */
    double horizon_periods;  /* above 0 */
    double degrees;          /* of freedom, above 2, at most TW_SIMULATE_DEGREES_MAX; for STUDENT */
    uint8_t distribution;    /* tw_simulate_distribution */
    uint8_t depth;           /* tw_simulate_depth */
    tw_simulate_value value; /* at depth ASSETS only; NULL: sum of weight x return */
    void *value_context;
    tw_dense_way way;
} tw_simulate_config;

/* Of one period. */
typedef struct tw_simulate_input {
    const double *weights;    /* [assets] */
    const double *means;      /* [assets], or NULL for 0 */
    const double *covariance; /* [assets][assets], symmetric, which is not checked */
    size_t assets;
} tw_simulate_input;

/* What the returns of a linear portfolio would come to with paths without end. */
typedef struct tw_simulate_summary {
    double mean;
    double deviation;
} tw_simulate_summary;

TW_BEGIN_DECLS

/* 100,000 normal paths of one period from seed 1 at depth SCALAR; 5 degrees of freedom, should the
 * distribution become STUDENT. */
TW_API void tw_simulate_config_init(tw_simulate_config *config);

/* Takes the memory for so many assets. TW_RANGE for 0 or more than TW_SIMULATE_ASSET_COUNT_MAX,
 * TW_NO_MEMORY. The caller frees it. */
TW_API tw_status tw_simulate_new(const tw_allocator *allocator, size_t assets_max,
                                 tw_simulate **ret_simulate) TW_MUST_CHECK;
TW_API void tw_simulate_free(tw_simulate *simulate);

/*
 * Simulates: ret_returns [paths], and the summary (may be NULL). TW_RANGE for a config outside its
 * bounds, TW_FULL for more assets than there is memory for; TW_INVALID for a number that is missing
 * or infinite, for a variance below 0, and, at depths FACTORS and ASSETS, for a covariance that is
 * not positive definite, when `error` (may be NULL) names the first asset that depends on those
 * before it. Nothing is written then.
 */
TW_API tw_status tw_simulate_run(tw_simulate *simulate, const tw_simulate_config *config,
                                 const tw_simulate_input *input, double *ret_returns,
                                 tw_simulate_summary *ret_summary, tw_error *error) TW_MUST_CHECK;

/*
 * The returns of all assets on `count` paths of the last run, which are made again from its seed:
 * ret_returns [count][assets]. At depth SCALAR they are what is expected of each asset when the
 * portfolio's return is the path's, m + C w / w'Cw (r - w'm). At every depth the sum of weight x
 * return is the path's return to within rounding. With the run's way. TW_EMPTY when the last run
 * has failed or there was none; TW_RANGE for a path that it did not have. Nothing is written then.
 */
TW_API tw_status tw_simulate_assets(tw_simulate *simulate, const size_t *paths, size_t count,
                                    double *ret_returns, tw_error *error) TW_MUST_CHECK;

TW_END_DECLS

TW_DEFINE_AUTO(tw_simulate, tw_simulate_free)

#endif
