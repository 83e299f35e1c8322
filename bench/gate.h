/*
 * gate.h - hot paths whose instructions are counted, by bench_gate under valgrind's callgrind.
 *
 * A path is a function that GATE_PATH opens: while it runs, and only then, instructions are counted
 * (tools/bench_gate.py asks callgrind for that by the name). It does a fixed, seeded amount of work
 * on what was made before; it reads no clock, and what it does depends on no address. Vector
 * instructions are at GATE_LEVEL everywhere, so that a wider machine counts the same.
 */
#ifndef TRADEWIND_BENCH_GATE_H
#define TRADEWIND_BENCH_GATE_H

#include "bench.h"
#include "tradewind/cpu.h"

#define GATE_LEVEL TW_CPU_AVX2

/* A function of its own under its own name, whatever the optimiser thinks. */
#if defined(__clang__)
#define GATE_PATH(name) __attribute__((noinline)) static uint64_t gate_path_##name
#else
#define GATE_PATH(name) __attribute__((noipa)) static uint64_t gate_path_##name
#endif

/* Runs a path, tells how many operations it did, and keeps its result from being left out. */
#define GATE_RUN(name, operations, ...) \
    gate_tell(#name, (operations), gate_path_##name(__VA_ARGS__))

/* Is called after each path: there the profile is cut. */
void gate_tell(const char *name, uint64_t operations, uint64_t result);

/* The paths of each floor, in turn. They end the program when something does not succeed. */
void gate_kit(void);
void gate_book(void);
void gate_series(void);
void gate_orders(void);
void gate_figures(void);
void gate_wire(void);
void gate_engine(void);

#endif
