/*
 * cpu.h - which vector instructions there are, for loops that are compiled more than once.
 *
 * A module with wide loops compiles their file once for each level and takes the one that
 * tw_cpu_choose names for its configuration. All of them give the same bits: they are the same C,
 * without contraction of products and sums, so the level changes the time only.
 *
 * Threads: pure.
 */
#ifndef TRADEWIND_CPU_H
#define TRADEWIND_CPU_H

#include <stdbool.h>

#include "tradewind/api.h"

typedef enum tw_cpu_level {
    TW_CPU_BEST,     /* a wish: the highest that there is */
    TW_CPU_BASELINE, /* what every processor of the architecture has */
    TW_CPU_AVX2,     /* four doubles at once, and fused multiply-adds */
    TW_CPU_AVX512    /* eight: F, VL, DQ and BW */
} tw_cpu_level;
#define TW_CPU_LEVEL_COUNT 4

TW_BEGIN_DECLS

/* Whether this machine and its system run code of a level; of TW_CPU_BEST always, and false for
 * what is no level at all. */
TW_API bool tw_cpu_has(tw_cpu_level level);

/* The level to work at: the one wished for, or the highest below it that this machine has. */
TW_API tw_cpu_level tw_cpu_choose(tw_cpu_level wish);

/* "best", "baseline", "avx2", "avx512"; NULL for what is no level at all. */
TW_API const char *tw_cpu_name(tw_cpu_level level);

TW_END_DECLS

#endif
