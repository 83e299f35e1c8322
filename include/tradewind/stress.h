/*
 * stress.h - what a portfolio would have lost in a crisis, and what it would lose by given shocks.
 *
 *     for (size_t k = 0; k < count; k++)
 *         status = tw_stress_replay(&input, &windows[k], &result, losses, &error);
 *
 * A window of history replays the returns of its days: the weights of today are bought before its
 * first day and held until its last, so asset i loses -w_i (product of (1 + r) - 1). A scenario
 * moves assets by given returns, or by their betas to factors that are moved. Losses are positive,
 * and those of the assets sum to the portfolio's.
 *
 * Memory: none is taken. Cost: O(rows x assets) of a window, O(assets x shocked factors) of a
 * scenario. Threads: pure.
 */
#ifndef TRADEWIND_STRESS_H
#define TRADEWIND_STRESS_H

#include <stddef.h>
#include <stdint.h>

#include "tradewind/api.h"
#include "tradewind/error.h"
#include "tradewind/status.h"
#include "tradewind/time.h"

/* Days from the first to the last, both included. */
typedef struct tw_stress_window {
    const char *name;  /* "covid_2020" */
    const char *title; /* "the first months of the COVID-19 pandemic" */
    tw_date from;
    tw_date to;
} tw_stress_window;

typedef struct tw_stress_input {
    const double *returns;   /* [rows][assets], simple, oldest first; NaN = missing */
    const int64_t *times_ns; /* [rows], ascending: when the return's period ended */
    const double *weights;   /* [assets], finite */
    size_t rows;
    size_t assets;
} tw_stress_input;

typedef enum tw_stress_coverage {
    TW_STRESS_NONE = 0, /* no row is in the window */
    TW_STRESS_PART = 1, /* the rows begin or end inside of it */
    TW_STRESS_WHOLE = 2
} tw_stress_coverage;

typedef struct tw_stress_result {
    double loss;           /* of the assets that have one; NaN when none of the held has */
    double missing_weight; /* sum of |w_i| of the others that are held */
    size_t missing;        /* how many these are: their losses are NaN */
    size_t rows;           /* of the window */
    size_t worst_asset;    /* the one that loses most, or `assets` if none loses */
    uint8_t coverage;      /* tw_stress_coverage */
} tw_stress_result;

/* A return, such as -0.2 for a fall by a fifth, of one asset or one factor. */
typedef struct tw_stress_shock {
    size_t index;
    double change;
} tw_stress_shock;

/*
 * An asset that is given a shock of its own moves by that alone; each of the others by the sum over
 * the factors of beta x the factor's change.
 */
typedef struct tw_stress_scenario {
    const tw_stress_shock *assets; /* [asset_count]; none below -1 */
    size_t asset_count;
    const tw_stress_shock *factors; /* [factor_count] */
    size_t factor_count;
} tw_stress_scenario;

typedef struct tw_stress_holdings {
    const double *weights; /* [assets], finite */
    const double *betas;   /* [assets][factors], or NULL without factors; NaN where not known */
    size_t assets;
    size_t factors;
} tw_stress_holdings;

TW_BEGIN_DECLS

/* The crises that are known by name, oldest first; returns how many. */
TW_API size_t tw_stress_windows(const tw_stress_window **ret_windows);

/* The one of a name, or NULL. */
TW_API const tw_stress_window *tw_stress_window_find(const char *name);

/*
 * Replays a window. A held asset that lacks a return in one of its rows has no loss (NaN in
 * `ret_losses` [assets]) and is counted as missing. Without a row in the window every loss is NaN,
 * that of the portfolio, too. TW_RANGE for a window that ends before it begins or a date that does
 * not exist; TW_INVALID for a weight that is not finite, an infinite return, or times that do not
 * ascend. `error` (may be NULL) says which.
 */
TW_API tw_status tw_stress_replay(const tw_stress_input *input, const tw_stress_window *window,
                                  tw_stress_result *ret_result, double *ret_losses,
                                  tw_error *error) TW_MUST_CHECK;

/*
 * Applies a scenario: rows is 0, coverage whole. An asset without a shock of its own whose beta to
 * a shocked factor is NaN is missing, as above. TW_RANGE for an index that is beyond the assets or
 * factors and a shock of an asset below -1; TW_INVALID for a shock or weight that is not finite, an
 * infinite beta, or an asset or factor that is named twice.
 */
TW_API tw_status tw_stress_apply(const tw_stress_holdings *holdings,
                                 const tw_stress_scenario *scenario, tw_stress_result *ret_result,
                                 double *ret_losses, tw_error *error) TW_MUST_CHECK;

TW_END_DECLS

#endif
