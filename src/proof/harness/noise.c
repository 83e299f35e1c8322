/* noise.c - see noise.h. */
#include "noise.h"

#include "sorted.h"
#include "tradewind/time.h"

enum { PROBE_STEPS = 300000 }; /* each waits for the one before: three to five cycles */

void noise_probe(noise_probes *noise) {
    uint64_t value = noise->count + 1;
    int64_t began_ns = tw_time_monotonic_ns();
    for (int i = 0; i < PROBE_STEPS; i++) {
        value = value * UINT64_C(6364136223846793005) + 1442695040888963407;
        __asm__ volatile("" : "+r"(value)); /* every step is taken */
    }
    noise->probes_ns[noise->count % NOISE_PROBES_MAX] = tw_time_monotonic_ns() - began_ns;
    noise->count++;
}

double noise_share(const noise_probes *noise) {
    size_t count = noise->count < NOISE_PROBES_MAX ? noise->count : NOISE_PROBES_MAX;
    double sorted[NOISE_PROBES_MAX];
    if (count < 2)
        return 0;
    for (size_t i = 0; i < count;)
        i = sorted_put(sorted, i, (double)noise->probes_ns[i]);
    return (sorted[count * 3 / 4] - sorted[0]) / sorted[0];
}
