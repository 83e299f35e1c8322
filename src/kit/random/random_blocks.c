/*
 * random_blocks.c - blocks of random numbers: the streams of a block, and what makes Student's t of
 * its normals.
 *
 * Invariant: what a block holds depends on its seed and number alone. Its normals are streams 8 b
 * to 8 b + 7 of the seed; its scales are stream 2^63 + b, which no block's normals are.
 */
#include <math.h>

#include "exponential.h"
#include "levels.h"
#include "normal.h"
#include "random_lanes.h"

#define SCALE_STREAMS (UINT64_C(1) << 63)
_Static_assert(TW_RANDOM_BLOCK_MAX <= (SCALE_STREAMS - 1) / TW_RANDOM_LANES,
               "normals and scales are of different streams");

static const random_loops *loops_of(tw_cpu_level wish) {
    tw_cpu_level level = tw_cpu_choose(wish);
    return LEVEL_PICK(level, &random_loops);
}

void tw_random_normals(const tw_random_block *block, size_t count, size_t stride,
                       double *ret_values) {
    TW_ASSERT(block != NULL && (ret_values != NULL || count == 0));
    TW_ASSERT(block->number <= TW_RANDOM_BLOCK_MAX && stride >= TW_RANDOM_LANES);
    random_lanes lanes;
    for (uint64_t l = 0; l < TW_RANDOM_LANES; l++) {
        tw_random random;
        tw_random_init(&random, block->seed, block->number * TW_RANDOM_LANES + l);
        for (size_t i = 0; i < 4; i++)
            lanes.state[i][l] = random.state[i];
    }
    loops_of(block->level)->normals(&lanes, count, stride, ret_values);
}

/* Uniform in (0, 1): never 0, of which there is no logarithm. */
static double inner_uniform(tw_random *random) {
    return ((double)(tw_random_next(random) >> 12) + 0.5) * 0x1p-52;
}

/* Of a shape of at least 1. */
static double large_gamma(tw_random *random, double shape) {
    double d = shape - 1.0 / 3;
    double c = 1 / sqrt(9 * d);
    for (;;) {
        double x = normal_quantile(inner_uniform(random));
        double u = inner_uniform(random);
        double root = 1 + c * x;
        double v = root * root * root;
        double square = x * x;
        if (!(v > 0))
            continue;
        bool squeezed = u < 1 - 0.0331 * square * square;
        if (squeezed || natural_logarithm(u) < 0.5 * square + d * (1 - v + natural_logarithm(v)))
            return d * v;
    }
}

double tw_random_gamma(tw_random *random, double shape) {
    TW_ASSERT(random != NULL && shape > 0 && shape <= TW_RANDOM_SHAPE_MAX);
    if (shape >= 1)
        return large_gamma(random, shape);
    double larger = large_gamma(random, shape + 1);
    return larger * natural_power(inner_uniform(random), 1 / shape);
}

void tw_random_scales(const tw_random_block *block, double degrees, size_t count,
                      double *ret_scales) {
    TW_ASSERT(block != NULL && (ret_scales != NULL || count == 0));
    TW_ASSERT(block->number <= TW_RANDOM_BLOCK_MAX);
    tw_random random;
    tw_random_init(&random, block->seed, SCALE_STREAMS + block->number);
    for (size_t i = 0; i < count * TW_RANDOM_LANES; i++)
        ret_scales[i] = sqrt(degrees / (2 * tw_random_gamma(&random, degrees / 2)));
}
