/*
 * cpu.h - which vector instructions there are, for loops that are compiled more than once.
 *
 * A module with wide loops compiles their file once for each level and takes the one of
 * tw_cpu_best, or of the level that its configuration names. All of them give the same bits: they
 * are the same C, without contraction of products and sums, so the level changes the time only.
 *
 * Threads: pure.
 */
#ifndef TRADEWIND_CPU_H
#define TRADEWIND_CPU_H

#include <stdbool.h>

#include "tradewind/api.h"

typedef enum tw_cpu_level {
    TW_CPU_BASELINE, /* what every processor of the architecture has */
    TW_CPU_AVX2,     /* four doubles at once */
    TW_CPU_AVX512    /* eight: F, VL, DQ and BW */
} tw_cpu_level;
#define TW_CPU_LEVEL_COUNT 3

TW_BEGIN_DECLS

/* Whether this machine and its system run code of a level; false for no level at all. */
TW_API bool tw_cpu_has(tw_cpu_level level);

/* The highest level that this machine has. */
TW_API tw_cpu_level tw_cpu_best(void);

/* "baseline", "avx2", "avx512"; NULL for no level at all. */
TW_API const char *tw_cpu_name(tw_cpu_level level);

TW_END_DECLS

#endif
