/*
 * figures.h - what repetitions come to: medians, what lies around them, and verdicts. Pure.
 */
#ifndef TRADEWIND_PROOF_FIGURES_H
#define TRADEWIND_PROOF_FIGURES_H

#include "proof.h"

/* Of `count` values, 1 to PROOF_ROUNDS_MAX; those are not changed. */
proof_figure figure_of(const double *values, uint32_t count);

/* Of the quotients a[i] / b[i]: what happened in one round is compared with one another. */
proof_figure figure_of_ratio(const double *a, const double *b, uint32_t count);

/* So many units that a repetition takes about run_ns, if `units` took elapsed_ns; at least 1, at
 * most `most` (0: any number). */
uint64_t figure_units(uint64_t units, int64_t elapsed_ns, int64_t run_ns, uint64_t most);

/* Whether two results are the same within a relative tolerance; 0: to the last bit. */
bool figure_same(double a, double b, double tolerance);

/* Of a speed-up beside what is claimed. */
proof_verdict figure_verdict(const proof_figure *speedup, double claimed_min, double claimed_max);

#endif
