/*
 * random_lanes.h - the loops of kit/random that are compiled once for each level of instructions.
 */
#ifndef TRADEWIND_RANDOM_LANES_H
#define TRADEWIND_RANDOM_LANES_H

#include <stddef.h>
#include <stdint.h>

#include "tradewind/random.h"

/* The states of a block's generators: word by word, lane by lane. */
typedef struct random_lanes {
    uint64_t state[4][TW_RANDOM_LANES];
} random_lanes;

typedef struct random_loops {
    /* `count` rows of TW_RANDOM_LANES standard normals, `stride` doubles apart. */
    void (*normals)(random_lanes *lanes, size_t count, size_t stride, double *ret_values);
} random_loops;

extern const random_loops random_loops_baseline;
#if defined(__x86_64__)
extern const random_loops random_loops_avx2;
extern const random_loops random_loops_avx512;
#endif

#endif
