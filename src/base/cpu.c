/* cpu.c - asks the processor; the compiler's runtime also asks whether the system keeps the wide
 * registers. */
#include "tradewind/cpu.h"

#include <stddef.h>

bool tw_cpu_has(tw_cpu_level level) {
    switch (level) {
    case TW_CPU_BEST:
    case TW_CPU_BASELINE:
        return true;
#if defined(__x86_64__)
    case TW_CPU_AVX2:
        return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
    case TW_CPU_AVX512:
        return tw_cpu_has(TW_CPU_AVX2) && __builtin_cpu_supports("avx512f") != 0 &&
               __builtin_cpu_supports("avx512vl") != 0 && __builtin_cpu_supports("avx512dq") != 0 &&
               __builtin_cpu_supports("avx512bw") != 0;
#else
    case TW_CPU_AVX2:
    case TW_CPU_AVX512:
#endif
    default:
        return false;
    }
}

tw_cpu_level tw_cpu_choose(tw_cpu_level wish) {
    TW_ASSERT((unsigned)wish < TW_CPU_LEVEL_COUNT);
    tw_cpu_level level = wish == TW_CPU_BEST ? TW_CPU_AVX512 : wish;
    while (!tw_cpu_has(level))
        level--;
    return level;
}

const char *tw_cpu_name(tw_cpu_level level) {
    static const char *const names[TW_CPU_LEVEL_COUNT] = {"best", "baseline", "avx2", "avx512"};
    return (unsigned)level < TW_CPU_LEVEL_COUNT ? names[level] : NULL;
}
