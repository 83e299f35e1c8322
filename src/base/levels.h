/*
 * levels.h - the one of several builds of the same C that a level of vector instructions has.
 */
#ifndef TRADEWIND_BASE_LEVELS_H
#define TRADEWIND_BASE_LEVELS_H

#include "tradewind/cpu.h"

/* Of what is called NAME_baseline and, where there are such instructions, NAME_avx2 and
 * NAME_avx512. `level` is one that tw_cpu_choose has given. */
#if defined(__x86_64__)
#define LEVEL_PICK(level, name)               \
    ((level) == TW_CPU_AVX512 ? name##_avx512 \
     : (level) == TW_CPU_AVX2 ? name##_avx2   \
                              : name##_baseline)
#else
#define LEVEL_PICK(level, name) ((void)(level), name##_baseline)
#endif

#endif
