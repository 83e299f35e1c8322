/*
 * noise.h - how much the machine is disturbed while something is measured.
 *
 * A probe is a fixed number of dependent multiplications, about a millisecond, whose time nothing
 * but the machine can change: other programs, a hypervisor that takes the processor away, a clock
 * that goes up and down. One stands before each repetition. The noise is by how much their upper
 * quartile lies above the fastest of them.
 *
 * A probe is shorter than what a scheduler gives to a program at once, so it seldom meets another
 * one. Hence also what the system says of the repetitions themselves: how long the thread could
 * have run and had to wait for a processor. The noise is then by how much longer they took for it,
 * if that is worse.
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
    int64_t spent_ns;                    /* between enter and leave */
    int64_t waited_ns;                   /* of these, for a processor */
    int64_t entered_ns;
    int64_t waited_before_ns;
} noise_probes;

/* Takes one probe. */
void noise_probe(noise_probes *noise);

/* Around what this thread does alone. Where the system does not tell, nothing was waited. */
void noise_enter(noise_probes *noise);
void noise_leave(noise_probes *noise);

/* A share: 0.1 is 10 %. Of probes from the second on, of waiting from 50 ms on. */
double noise_share(const noise_probes *noise);

#endif
