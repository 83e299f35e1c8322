/* proof_jobs.c - the list. */
#include "proof_jobs.h"

/* One a line, so that two who add one do not meet. */
/* clang-format off */
const proof_job *const proof_jobs[] = {
    &proof_batch_inserts,
    &proof_pooled_connections,
    &proof_concurrent_requests,
    &proof_cached_statistics,
    &proof_memoised,
    &proof_batch_features,
    &proof_multi_timeframe,
    &proof_order_book,
    &proof_sliding_window,
    &proof_portfolio_risk,
    &proof_rebalancing,
    &proof_watched,
    &proof_whole_system,
};
/* clang-format on */
const size_t proof_job_count = sizeof proof_jobs / sizeof proof_jobs[0];
