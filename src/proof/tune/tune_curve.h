/*
 * tune_curve.h - figures at several values of a setting, and the value they speak for.
 *
 *     tune_curve (values) --tune_measure--> figures --tune_choose_...--> chosen
 *
 * Values ascend. The smaller one costs less of something that the figure does not show (work that
 * a crash takes, memory, threads), so the smallest that is good enough is chosen.
 */
#ifndef TRADEWIND_PROOF_TUNE_CURVE_H
#define TRADEWIND_PROOF_TUNE_CURVE_H

#include <stdbool.h>
#include <stdint.h>

#include "proof.h"

enum { TUNE_PLACES_MAX = 12, TUNE_ROUNDS_MIN = 3 };

/* Within this share of the best a figure is as good as the best. */
#define TUNE_NEAR 0.05

typedef enum tune_verdict {
    TUNE_LATE, /* there was no time for TUNE_ROUNDS_MIN of all */
    TUNE_NOISY,
    TUNE_SMALL, /* the largest value that could be tried is best, and larger ones may be better */
    TUNE_CHOSEN
} tune_verdict;

typedef struct tune_curve {
    double values[TUNE_PLACES_MAX];
    proof_figure figures[TUNE_PLACES_MAX];
    uint32_t count;
    uint32_t chosen; /* a place, if the verdict is TUNE_CHOSEN */
    tune_verdict verdict;
    double noise; /* of the machine, see noise.h; 0 where nothing was timed */
} tune_curve;

/* The first place of `count` (at least 1) figures that is no further below the greatest than this
 * share of it, or than this distance; the first of `count` that is at most `most`, or of the least
 * where none is. */
uint32_t tune_choose_share(const double *figures, uint32_t count, double share);
uint32_t tune_choose_distance(const double *figures, uint32_t count, double distance);
uint32_t tune_choose_below(const double *figures, uint32_t count, double most);

/* The medians of a curve. */
void tune_medians(const tune_curve *curve, double ret_medians[TUNE_PLACES_MAX]);

/* Chooses by tune_choose_share, unless there is nothing to be chosen by. */
void tune_conclude(tune_curve *curve, double noise_limit);

/* What is measured at each value of a curve. */
typedef struct tune_way {
    void *state;
    bool alone; /* all of it is done by the thread that calls */
    /* Once at a value: how much a second. */
    tw_status (*run)(void *state, double value, double *ret_figure, tw_error *error);
} tune_way;

typedef struct tune_plan {
    uint32_t rounds; /* TUNE_ROUNDS_MIN to PROOF_ROUNDS_MAX */
    int64_t run_ns;  /* about so long each takes */
    double noise_limit;
    const char *folder;      /* for files */
    bool (*cancelled)(void); /* may be NULL */
} tune_plan;

/* All values in turn, round after round, for as long as `budget_ns`, and concludes. The round that
 * the time runs out in counts for nothing. TW_INTERRUPTED: cancelled; else what a run fails with.
 */
tw_status tune_measure(const tune_way *way, const tune_plan *plan, int64_t budget_ns,
                       tune_curve *curve, tw_error *error) TW_MUST_CHECK;

#endif
