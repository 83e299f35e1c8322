/*
 * random.h - reproducible random numbers: the same seed gives the same stream everywhere.
 *
 * The generator is xoshiro256++ (Blackman and Vigna, 2019), seeded through splitmix64 as its
 * authors advise. It is for simulation and tests; it is no source of secrets.
 *
 * Large amounts come in blocks of eight streams side by side: tw_random_normals.
 *
 * Memory: a generator is plain data in the caller's storage. Cost: about a nanosecond a draw, a
 * few for the shaped ones, and one or less for a normal of a block. Threads: one generator, one
 * thread; streams of different `stream` numbers are independent for every practical purpose. Blocks
 * have no state: any thread makes any block.
 */
#ifndef TRADEWIND_RANDOM_H
#define TRADEWIND_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#include "tradewind/api.h"
#include "tradewind/cpu.h"

typedef struct tw_random {
    uint64_t state[4];
} tw_random;

#define TW_RANDOM_LANES 8
#define TW_RANDOM_BLOCK_MAX ((UINT64_C(1) << 60) - 1)
#define TW_RANDOM_SHAPE_MAX 1e15

/* Eight streams of a seed side by side: lane l of block `number` is stream 8 number + l. */
typedef struct tw_random_block {
    uint64_t seed;
    uint64_t number;    /* at most TW_RANDOM_BLOCK_MAX */
    tw_cpu_level level; /* TW_CPU_BEST, or the highest to use: the numbers are the same */
} tw_random_block;

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

/* Gamma with mean and variance `shape`, above 0 and at most TW_RANDOM_SHAPE_MAX (Marsaglia and
 * Tsang, 2000). Twice it, of half the degrees of freedom, is chi-squared. */
TW_API double tw_random_gamma(tw_random *random, double shape);

/*
 * The first `count` rows of a block of standard normals, [count][TW_RANDOM_LANES], `stride` doubles
 * from one row to the next (Box and Muller, 1958, of two draws of the lane for two rows). The same
 * bits at every level of instructions, and from the logarithm of this library, not of the
 * machine's. 8.6 is the largest that there can be.
 */
TW_API void tw_random_normals(const tw_random_block *block, size_t count, size_t stride,
                              double *ret_values);

/*
 * The first `count` rows of scales of a block, [count][TW_RANDOM_LANES]: sqrt(degrees / chi-squared
 * of so many degrees of freedom, above 0), from a stream that no block has its normals from. A
 * standard normal times a scale has Student's t distribution.
 */
TW_API void tw_random_scales(const tw_random_block *block, double degrees, size_t count,
                             double *ret_scales);

TW_END_DECLS

#endif
