/*
 * random.c - xoshiro256++ and the few shapes the simulation draws.
 *
 * Invariants
 *  1. The state is never all zero: splitmix64 is a bijection of a counter, so at most one of
 *     four consecutive outputs is zero.
 *  2. Every shape consumes only draws of this generator, so a run is repeated by its seed.
 *  3. Logarithms are those of this library, and the rest is rounded exactly: every machine has the
 *     same shapes.
 */
#include "tradewind/random.h"

#include <math.h>

#include "logarithm.h"
#include "splitmix.h"

void tw_random_init(tw_random *random, uint64_t seed, uint64_t stream) {
    uint64_t stream_seed = splitmix_at(seed, 0) ^ stream;
    for (uint64_t i = 0; i < 4; i++)
        random->state[i] = splitmix_at(stream_seed, i);
}

static uint64_t rotate_left(uint64_t x, int k) {
    return (x << k) | (x >> (64 - k));
}

uint64_t tw_random_next(tw_random *random) {
    uint64_t *s = random->state;
    uint64_t result = rotate_left(s[0] + s[3], 23) + s[0];
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

__extension__ typedef unsigned __int128 wide;

uint64_t tw_random_below(tw_random *random, uint64_t bound) {
    TW_ASSERT(bound > 0);
    wide product = (wide)tw_random_next(random) * bound;
    if ((uint64_t)product < bound) {
        uint64_t threshold = (0 - bound) % bound;
        while ((uint64_t)product < threshold)
            product = (wide)tw_random_next(random) * bound;
    }
    return (uint64_t)(product >> 64);
}

double tw_random_uniform(tw_random *random) {
    return (double)(tw_random_next(random) >> 11) * 0x1.0p-53;
}

double tw_random_normal(tw_random *random) {
    for (;;) {
        double u = 2.0 * tw_random_uniform(random) - 1.0;
        double v = 2.0 * tw_random_uniform(random) - 1.0;
        double s = u * u + v * v;
        if (s > 0.0 && s < 1.0)
            return u * sqrt(-2.0 * natural_logarithm(s) / s);
    }
}

/* Uniform in (0, 1], exactly 1 - tw_random_uniform. */
static double positive_uniform(tw_random *random) {
    return 1 - tw_random_uniform(random);
}

double tw_random_exponential(tw_random *random, double mean) {
    return 0 - mean * natural_logarithm(positive_uniform(random));
}

/* ln(1 - p). What rounding 1 - p takes off the logarithm it takes off the difference from 1 as
 * well (Kahan; Hewlett-Packard 15C Advanced Functions Handbook, 1982). */
static double logarithm_of_rest(double p) {
    double rest = 1 - p;
    return rest == 1 ? -p : natural_logarithm(rest) * (p / (1 - rest));
}

uint64_t tw_random_geometric(tw_random *random, double p) {
    TW_ASSERT(p > 0.0 && p <= 1.0);
    if (p == 1.0)
        return 0;
    return (uint64_t)floor(natural_logarithm(positive_uniform(random)) / logarithm_of_rest(p));
}
