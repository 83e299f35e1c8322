/*
 * tune_ways.h - what is measured with a workload, each thing as a curve over one setting.
 *
 * All of them but the cache's take real time on this machine; files lie in the folder of the plan
 * and are removed with it. Threads: those that are measured, which end before a call returns.
 */
#ifndef TRADEWIND_PROOF_TUNE_WAYS_H
#define TRADEWIND_PROOF_TUNE_WAYS_H

#include "tune_curve.h"
#include "tune_workload.h"

/* At most this part of a writer's time may go into commits of market data. */
#define TUNE_COMMIT_SHARE 0.02

/* How many processors this process may use. */
tw_status tune_processors(uint32_t *ret_count, tw_error *error) TW_MUST_CHECK;

/* Rows a second that reach the disk, by the rows of a commit. TW_NO_SPACE, TW_IO and the like. */
tw_status tune_batches(const tune_workload *workload, const tune_plan *plan, int64_t budget_ns,
                       tune_curve *ret_curve, tw_error *error) TW_MUST_CHECK;

/* What a commit takes: `each_ns` and `row_ns` more for each of its rows. */
typedef struct tune_commit_cost {
    double each_ns;
    double row_ns;
} tune_commit_cost;

/* By the curve of tune_batches, by least squares of the relative errors. Pure. */
tune_commit_cost tune_commit_cost_of(const tune_curve *batches);

/* The share of a writer's time that commits take, by the delay of its oldest row in nanoseconds, at
 * `rate` rows a second; the verdict is that of `batches`. Pure. */
void tune_delays(const tune_curve *batches, double rate, tune_curve *ret_curve);

/* Questions a second for the statistics of a symbol, asked by `*ret_threads` threads, by the
 * handles that a pool lends them. */
tw_status tune_handles(const tune_workload *workload, const tune_plan *plan, int64_t budget_ns,
                       tune_curve *ret_curve, uint32_t *ret_threads, tw_error *error) TW_MUST_CHECK;

/* The share of questions that a cache answers, if each trade asks for its symbol: by the entries of
 * the cache, and by how long they live in nanoseconds, in the time of the trades. TW_NO_MEMORY. */
tw_status tune_entries(const tune_workload *workload, tune_curve *ret_curve,
                       tw_error *error) TW_MUST_CHECK;
tw_status tune_lives(const tune_workload *workload, double entries, tune_curve *ret_curve,
                     tw_error *error) TW_MUST_CHECK;

/* Prices a second of which features are made, by the threads that make them; `*ret_processors` are
 * those that this process may use. */
tw_status tune_workers(const tune_workload *workload, const tune_plan *plan, int64_t budget_ns,
                       tune_curve *ret_curve, uint32_t *ret_processors,
                       tw_error *error) TW_MUST_CHECK;

#endif
