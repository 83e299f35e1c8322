/* bench_build.h - how the program was built. */
#ifndef TRADEWIND_CLI_BENCH_BUILD_H
#define TRADEWIND_CLI_BENCH_BUILD_H

extern const char bench_compiler[];
extern const char bench_flags[];
extern const char bench_commit[]; /* "5253253d0b69-dirty"; "unknown" outside of a checkout */

#endif
