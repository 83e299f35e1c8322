/* figures.c - see figures.h. */
#include "figures.h"

#include <math.h>

#include "sorted.h"

proof_figure figure_of(const double *values, uint32_t count) {
    double sorted[PROOF_ROUNDS_MAX];
    TW_ASSERT(count >= 1 && count <= PROOF_ROUNDS_MAX);
    for (size_t i = 0; i < count;)
        i = sorted_put(sorted, i, values[i]);
    return (proof_figure){.median = sorted_middle(sorted, count),
                          .low = sorted[0],
                          .high = sorted[count - 1],
                          .count = count};
}

proof_figure figure_of_ratio(const double *a, const double *b, uint32_t count) {
    double ratios[PROOF_ROUNDS_MAX];
    TW_ASSERT(count >= 1 && count <= PROOF_ROUNDS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        TW_ASSERT(b[i] > 0);
        ratios[i] = a[i] / b[i];
    }
    return figure_of(ratios, count);
}

uint64_t figure_units(uint64_t units, int64_t elapsed_ns, int64_t run_ns, uint64_t most) {
    TW_ASSERT(units > 0 && run_ns > 0);
    double each_ns = (double)(elapsed_ns > 0 ? elapsed_ns : 1) / (double)units;
    double wanted = floor((double)run_ns / each_ns + 0.5);
    if (most > 0 && wanted > (double)most)
        return most;
    return wanted < 1 ? 1 : (uint64_t)wanted;
}

bool figure_same(double a, double b, double tolerance) {
    if (a == b)
        return true;
    double larger = fabs(a) > fabs(b) ? fabs(a) : fabs(b);
    return fabs(a - b) <= tolerance * larger; /* false if one is no number */
}

proof_verdict figure_verdict(const proof_figure *speedup, double claimed_min, double claimed_max) {
    if (claimed_min <= 0)
        return PROOF_UNCLAIMED;
    if (speedup->low > claimed_max)
        return PROOF_BEATEN;
    return speedup->median < claimed_min ? PROOF_MISSED : PROOF_REACHED;
}
