/*
 * random.h - reproducible random numbers: the same seed gives the same stream everywhere.
 *
 * The generator is xoshiro256++ (Blackman and Vigna, 2019), seeded through splitmix64 as its
 * authors advise. It is for simulation and tests; it is no source of secrets.
 *
 * Memory: a generator is plain data in the caller's storage. Cost: about a nanosecond a draw, a
 * few for the shaped ones. Threads: one generator, one thread; streams of different `stream`
 * numbers are independent for every practical purpose.
 */
#ifndef TRADEWIND_RANDOM_H
#define TRADEWIND_RANDOM_H

#include <stdint.h>

#include "tradewind/api.h"

typedef struct tw_random {
    uint64_t state[4];
} tw_random;

TW_BEGIN_DECLS

/* Starts stream number `stream` of `seed`. Every pair is legal, zero included. */
TW_API void tw_random_init(tw_random *random, uint64_t seed, uint64_t stream);

/* The next 64 uniform bits. */
TW_API uint64_t tw_random_next(tw_random *random);

/* Uniform in [0, bound), without bias (Lemire 2019). `bound` is at least 1. */
TW_API uint64_t tw_random_below(tw_random *random, uint64_t bound);

/* Uniform in [0, 1), 53 bits. */
TW_API double tw_random_uniform(tw_random *random);

/* Standard normal by the polar method (Marsaglia and Bray, 1964); the second value is dropped so
 * that the generator stays one plain state. */
TW_API double tw_random_normal(tw_random *random);

/* Exponential with the given mean, by inversion. */
TW_API double tw_random_exponential(tw_random *random, double mean);

/* Number of failures before a success of probability `p` in (0, 1]: 0, 1, 2 ... */
TW_API uint64_t tw_random_geometric(tw_random *random, double p);

TW_END_DECLS

#endif
