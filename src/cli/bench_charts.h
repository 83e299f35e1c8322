/* bench_charts.h - the pictures of the report. */
#ifndef TRADEWIND_CLI_BENCH_CHARTS_H
#define TRADEWIND_CLI_BENCH_CHARTS_H

#include <stdbool.h>

#include "bench_results.h"

/* The class of a way, and of a verdict: its colour and its sign. */
const char *bench_way_kind(const proof_job *job, uint32_t way);
const char *bench_verdict_kind(proof_verdict verdict);

/* The speed-up of every job beside what the guide claims, and beside the fastest peer. */
void bench_chart_summary(const bench_results *results, FILE *stream);

/* Every repetition of every way. */
void bench_chart_samples(const proof_job *job, const proof_result *result, FILE *stream);

/* Percentiles of those ways that have some. */
bool bench_has_latency(const proof_job *job, const proof_result *result);
void bench_chart_latency(const proof_job *job, const proof_result *result, FILE *stream);

/* Along one axis. A curve needs two places at which something was measured. */
bool bench_has_growth(const proof_job *job, const proof_result *result, uint32_t axis);
void bench_chart_growth(const proof_job *job, const proof_result *result, uint32_t axis,
                        FILE *stream);

#endif
