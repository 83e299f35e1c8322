/*
 * proof_jobs.h - every job of the suite, in the order of the report: one file a job.
 *
 * Inputs are made from fixed seeds and never read from anywhere. The naive way of a job is the
 * practice that the guide starts from, written as one would write it, in C as ours is: what is told
 * apart is the method, not the language. How much more an interpreter costs, peers show.
 */
#ifndef TRADEWIND_PROOF_PROOF_JOBS_H
#define TRADEWIND_PROOF_PROOF_JOBS_H

#include "proof.h"

extern const proof_job proof_batch_inserts;
extern const proof_job proof_cached_statistics;
extern const proof_job proof_concurrent_requests;
extern const proof_job proof_pooled_connections;
extern const proof_job proof_memoised;
extern const proof_job proof_batch_features;
extern const proof_job proof_multi_timeframe;
extern const proof_job proof_order_book;
extern const proof_job proof_sliding_window;
extern const proof_job proof_portfolio_risk;
extern const proof_job proof_whole_system;
extern const proof_job proof_rebalancing;
extern const proof_job proof_watched;

/* All of them, and how many there are. */
extern const proof_job *const proof_jobs[];
extern const size_t proof_job_count;

#endif
