/*
 * simulate.c - what a simulation needs before its first path: moments of the portfolio, Cholesky's
 * factor, and what it is asked for.
 *
 * Invariants:
 * 1. A run that fails has written nothing of the caller's, and leaves no last run.
 * 2. What the paths read is of the horizon: means and covariance are multiplied by it here.
 */
#include "tradewind/simulate.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "levels.h"
#include "simulate_priv.h"

enum { CACHE_LINE = 64 };

void tw_simulate_config_init(tw_simulate_config *config) {
    TW_ASSERT(config != NULL);
    memset(config, 0, sizeof *config);
    config->seed = 1;
    config->paths = 100000;
    config->horizon_periods = 1;
    config->degrees = 5;
}

/* ---- Memory -------------------------------------------------------------------------------- */

/* Each array and how many doubles it has for n assets. */
#define ARRAYS(X)                            \
    X(factor, n *n)                          \
    X(packed, tw_dense_packed_size(n))       \
    X(scratch, tw_dense_cholesky_scratch(n)) \
    X(loadings, n)                           \
    X(means, n)                              \
    X(weights, n)                            \
    X(slopes, n)                             \
    X(buffers, (size_t)SIMULATE_PARTS * 2 * SIMULATE_PANELS * n * TW_DENSE_PANEL)

tw_status tw_simulate_new(const tw_allocator *allocator, size_t assets_max,
                          tw_simulate **ret_simulate) {
    TW_ASSERT(ret_simulate != NULL);
    if (assets_max == 0 || assets_max > TW_SIMULATE_ASSET_COUNT_MAX)
        return TW_RANGE;
    if (allocator == NULL)
        allocator = tw_allocator_system();
    tw_simulate *s = TW_NEW(allocator, 1, tw_simulate);
    if (s == NULL)
        return TW_NO_MEMORY;
    s->allocator = *allocator;
    s->assets_max = assets_max;
    size_t n = assets_max;
    bool have = true;
#define TAKE(name, count)                                                   \
    s->name = tw_allocate(allocator, (count), sizeof *s->name, CACHE_LINE); \
    have = have && s->name != NULL;
    ARRAYS(TAKE)
#undef TAKE
    if (!have) {
        tw_simulate_free(s);
        return TW_NO_MEMORY;
    }
    *ret_simulate = s;
    return TW_OK;
}

void tw_simulate_free(tw_simulate *simulate) {
    if (simulate == NULL)
        return;
    tw_allocator allocator = simulate->allocator;
    size_t n = simulate->assets_max;
#define GIVE(name, count) \
    tw_release(&allocator, simulate->name, (count), sizeof *simulate->name, CACHE_LINE);
    ARRAYS(GIVE)
#undef GIVE
    TW_DELETE(&allocator, simulate, 1, tw_simulate);
}

/* ---- Checks -------------------------------------------------------------------------------- */

static tw_status config_check(const tw_simulate_config *config, tw_error *error) {
    if (config->paths == 0 || config->paths > TW_SIMULATE_PATH_COUNT_MAX)
        return tw_error_set(error, TW_RANGE, "the number of paths must be 1 to %zu, not %zu",
                            TW_SIMULATE_PATH_COUNT_MAX, config->paths);
    if (!(config->horizon_periods > 0 && config->horizon_periods <= DBL_MAX))
        return tw_error_set(error, TW_RANGE, "the horizon must be above 0 periods, not %g",
                            config->horizon_periods);
    if (config->distribution > TW_SIMULATE_STUDENT || config->depth > TW_SIMULATE_ASSETS)
        return tw_error_set(error, TW_RANGE, "there is no such distribution or depth");
    if (config->value != NULL && config->depth != TW_SIMULATE_ASSETS)
        return tw_error_set(error, TW_RANGE,
                            "a function of values needs the assets' returns: depth ASSETS");
    bool student = config->distribution == TW_SIMULATE_STUDENT;
    if (student && !(config->degrees > 2 && config->degrees <= TW_SIMULATE_DEGREES_MAX))
        return tw_error_set(error, TW_RANGE,
                            "the degrees of freedom must be above 2, for a variance, and at most "
                            "%g, not %g",
                            TW_SIMULATE_DEGREES_MAX, config->degrees);
    return TW_OK;
}

static bool all_finite(const double *values, size_t count) {
    int missing = 0;
    for (size_t i = 0; i < count; i++)
        missing |= !(values[i] - values[i] == 0);
    return missing == 0;
}

static tw_status input_check(const tw_simulate *s, const tw_simulate_input *input,
                             tw_error *error) {
    size_t n = input->assets;
    if (n == 0 || n > s->assets_max)
        return tw_error_set(error, n == 0 ? TW_RANGE : TW_FULL,
                            "there is room for 1 to %zu assets, not %zu", s->assets_max, n);
    const char *bad = !all_finite(input->weights, n)                         ? "weight"
                      : input->means != NULL && !all_finite(input->means, n) ? "mean"
                      : !all_finite(input->covariance, n * n)                ? "covariance"
                                                                             : NULL;
    if (bad != NULL)
        return tw_error_set(error, TW_INVALID,
                            "a %s is missing or infinite: leave its asset out, or fill it in", bad);
    return TW_OK;
}

/* ---- Preparing ----------------------------------------------------------------------------- */

/* The portfolio's moments, and what its return tells of each asset's. */
static tw_status find_moments(tw_simulate *s, const tw_simulate_input *input, tw_error *error) {
    size_t n = input->assets;
    double horizon = s->config.horizon_periods;
    double mean = 0;
    double variance = 0;
    double size = 0; /* of the variance, were all correlations 1 */
    tw_dense_apply(n, input->covariance, input->weights, s->slopes);
    for (size_t i = 0; i < n; i++) {
        double own = input->covariance[i * n + i];
        if (own < 0)
            return tw_error_set(error, TW_INVALID, "the variance of asset %zu is below 0: %g", i,
                                own);
        s->weights[i] = input->weights[i];
        s->means[i] = input->means == NULL ? 0 : horizon * input->means[i];
        mean += s->weights[i] * s->means[i];
        variance += s->weights[i] * s->slopes[i];
        size += fabs(s->weights[i]) * sqrt(own);
    }
    /* A hedge without risk has a variance of 0, but for what rounding leaves. */
    bool nothing = fabs(variance) <= (double)n * DBL_EPSILON * size * size;
    if (!(nothing || variance > 0) || !isfinite(mean) || !isfinite(variance * horizon))
        return tw_error_set(error, TW_INVALID,
                            "the covariance gives the portfolio the variance %g: repair it first",
                            variance);
    for (size_t i = 0; i < n; i++)
        s->slopes[i] = nothing ? 0 : s->slopes[i] / variance;
    s->summary = (tw_simulate_summary){mean, nothing ? 0 : sqrt(variance * horizon)};
    return TW_OK;
}

/* L with L L' = horizon x C, packed, and L'w. */
static tw_status find_factor(tw_simulate *s, const tw_simulate_input *input, tw_error *error) {
    size_t n = input->assets;
    for (size_t i = 0; i < n * n; i++)
        s->factor[i] = s->config.horizon_periods * input->covariance[i];
    size_t column = 0;
    if (!tw_dense_cholesky(&s->config.way, n, s->factor, s->scratch, &column))
        return tw_error_set(error, TW_INVALID,
                            "the covariance is not positive definite: asset %zu follows from those "
                            "before it; shrink the matrix, or simulate at depth SCALAR",
                            column);
    tw_dense_pack_lower(n, s->factor, s->packed);
    memset(s->loadings, 0, n * sizeof *s->loadings);
    for (size_t i = 0; i < n; i++) {
        for (size_t t = 0; t <= i; t++)
            s->loadings[t] += s->weights[i] * s->factor[i * n + t];
    }
    return TW_OK;
}

/* ---- The calls ----------------------------------------------------------------------------- */

tw_status tw_simulate_run(tw_simulate *simulate, const tw_simulate_config *config,
                          const tw_simulate_input *input, double *ret_returns,
                          tw_simulate_summary *ret_summary, tw_error *error) {
    TW_ASSERT(simulate != NULL && config != NULL && input != NULL && ret_returns != NULL);
    TW_ASSERT(input->weights != NULL && input->covariance != NULL);
    simulate->ready = false;
    tw_status status = config_check(config, error);
    if (status == TW_OK)
        status = input_check(simulate, input, error);
    if (status != TW_OK)
        return status;
    tw_cpu_level level = tw_cpu_choose(config->way.level);
    simulate->config = *config;
    simulate->assets = input->assets;
    simulate->loops = LEVEL_PICK(level, &simulate_loops);
    status = find_moments(simulate, input, error);
    if (status == TW_OK && config->depth != TW_SIMULATE_SCALAR)
        status = find_factor(simulate, input, error);
    if (status != TW_OK)
        return status;
    simulate_paths_run(simulate, ret_returns);
    simulate->ready = true;
    if (ret_summary != NULL)
        *ret_summary = simulate->summary;
    return TW_OK;
}

tw_status tw_simulate_assets(tw_simulate *simulate, const size_t *paths, size_t count,
                             double *ret_returns, tw_error *error) {
    TW_ASSERT(simulate != NULL && (count == 0 || (paths != NULL && ret_returns != NULL)));
    if (!simulate->ready)
        return tw_error_set(error, TW_EMPTY, "there is no run whose paths these could be");
    for (size_t k = 0; k < count; k++) {
        if (paths[k] >= simulate->config.paths)
            return tw_error_set(error, TW_RANGE, "the run had paths 0 to %zu, and not %zu",
                                simulate->config.paths - 1, paths[k]);
    }
    simulate_paths_assets(simulate, paths, count, ret_returns);
    return TW_OK;
}
