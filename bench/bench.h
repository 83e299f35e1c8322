/* bench.h - what every benchmark program needs: to end when it cannot measure, and to sort. */
#ifndef TRADEWIND_BENCH_BENCH_H
#define TRADEWIND_BENCH_BENCH_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Ends the program, by its name, when something did not succeed. */
static inline void require(bool condition, const char *what) {
    if (condition)
        return;
    fprintf(stderr, "%s: %s failed\n", program_invocation_short_name, what);
    exit(1);
}

/* For qsort of doubles. */
static inline int by_value(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The processor time of the whole process: other work on the machine is not counted. */
static inline int64_t cpu_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

#endif
