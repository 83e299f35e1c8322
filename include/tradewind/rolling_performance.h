/*
 * rolling_performance.h - the figures of performance.h over the newest so many observations.
 *
 *     const tw_figure figures[] = {TW_FIGURE_SHARPE_ANNUAL, TW_FIGURE_BETA};
 *     tw_rolling_performance_config config = {
 *         .window = 252, .figures = figures, .figure_count = 2};
 *     tw_performance_config_init(&config.performance);
 *     TW_AUTO(tw_rolling_performance) *rolling = NULL;
 *     status = tw_rolling_performance_new(NULL, &config, &rolling, &error);
 *     ...
 *     tw_rolling_observation one = {.value = r, .benchmark = m};
 *     status = tw_rolling_performance_push(rolling, &one, &error);
 *     tw_rolling_performance_read(rolling, values);
 *
 * A figure of a window is that of tw_performance over the same observations, by the same formulas:
 * within 1e-9 of itself or of 1, whichever is greater, also where it is a quotient of what nearly
 * cancels; those computed anew are equal bit for bit. Nothing is ever subtracted: sums of the two
 * halves of a window are put together, so what has left it is in none of them, however large it
 * was, and the error does not grow with the series. Missing values take their place in the window
 * and are treated as the configuration says.
 *
 * Memory: all at creation; for a place of the window 4 doubles, the sums of the groups that the
 * figures need (16 to 300 bytes a group), and 13 doubles when a figure is computed anew.
 * Cost: push O(1) amortised and read O(1), whatever the window, but for the figures that
 * tw_rolling_performance_is_anew names, which read computes from the whole window: O(window), and
 * O(window log window) for the Gini mean difference.
 * Threads: a handle belongs to one thread at a time.
 */
#ifndef TRADEWIND_ROLLING_PERFORMANCE_H
#define TRADEWIND_ROLLING_PERFORMANCE_H

#include <stdbool.h>
#include <stddef.h>

#include "tradewind/alloc.h"
#include "tradewind/api.h"
#include "tradewind/error.h"
#include "tradewind/performance.h"
#include "tradewind/status.h"

typedef struct tw_rolling_performance tw_rolling_performance;

typedef struct tw_rolling_performance_config {
    tw_performance_config performance;
    size_t window;            /* the newest so many, at least 1 */
    const tw_figure *figures; /* [figure_count]; read at creation only */
    size_t figure_count;      /* 1 to TW_FIGURE_COUNT */
    bool has_free;            /* each observation brings its risk-free rate */
    bool has_wanted;          /* and its minimum acceptable return */
} tw_rolling_performance_config;

typedef struct tw_rolling_observation {
    double value;     /* the return; NaN is missing */
    double benchmark; /* NaN is missing; not looked at when no figure needs it */
    double free;      /* a period; with has_free only */
    double wanted;    /* a period; with has_wanted only */
} tw_rolling_observation;

TW_BEGIN_DECLS

/* TW_RANGE for a window of 0, a number of figures outside its limits, a figure that there is not or
 * an option of `performance` outside its own: `error` (may be NULL) says which. TW_NO_MEMORY. */
TW_API tw_status tw_rolling_performance_new(const tw_allocator *allocator,
                                            const tw_rolling_performance_config *config,
                                            tw_rolling_performance **ret_rolling,
                                            tw_error *error) TW_MUST_CHECK;
TW_API void tw_rolling_performance_free(tw_rolling_performance *rolling);

/* Takes one observation; the oldest of a full window leaves. TW_INVALID, and nothing has changed,
 * for what is infinite or above TW_PERFORMANCE_VALUE_MAX, or missing with fail_missing. */
TW_API tw_status tw_rolling_performance_push(tw_rolling_performance *rolling,
                                             const tw_rolling_observation *observation,
                                             tw_error *error) TW_MUST_CHECK;

/* How many observations are inside, missing ones too: `window` once so many were pushed. */
TW_API size_t tw_rolling_performance_count(const tw_rolling_performance *rolling);

/* The figures, in their order, of what is inside. [figure_count] */
TW_API void tw_rolling_performance_read(tw_rolling_performance *rolling, double *ret_values);

/* Back to empty; the memory is kept. */
TW_API void tw_rolling_performance_clear(tw_rolling_performance *rolling);

/* Whether a figure is computed from the whole window each time that it is read. */
TW_API bool tw_rolling_performance_is_anew(tw_figure figure);

TW_END_DECLS

TW_DEFINE_AUTO(tw_rolling_performance, tw_rolling_performance_free)

#endif
