/*
 * noise.h - how much the machine is disturbed while something is measured.
 *
 * A probe is a fixed number of dependent multiplications, about a millisecond, whose time nothing
 * but the machine can change: other programs, a hypervisor that takes the processor away, a clock
 * that goes up and down. One stands before each repetition. The noise is by how much their upper
 * quartile lies above the fastest of them.
 */
#ifndef TRADEWIND_PROOF_NOISE_H
#define TRADEWIND_PROOF_NOISE_H

#include <stdint.h>

enum { NOISE_PROBES_MAX = 512 };

/* Above it nothing is concluded. */
#define NOISE_LIMIT 0.15

typedef struct noise_probes {
    int64_t probes_ns[NOISE_PROBES_MAX]; /* the newest */
    uint32_t count;                      /* of all there were */
} noise_probes;

/* Takes one probe. */
void noise_probe(noise_probes *noise);

/* A share: 0.1 is 10 %. 0 before the second probe. */
double noise_share(const noise_probes *noise);

#endif
