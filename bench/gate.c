/*
 * gate.c - the hot paths of Tradewind, each once, for `./dev bench --gate` to count.
 *
 *     bench_gate
 *
 * Prints a line for each path: its name and how many operations it did. By itself it only shows
 * that they work; tools/bench_gate.py runs it under callgrind and compares the instructions of
 * each with bench/gate_baseline.json. Without AVX2 it says so and ends with status 77.
 */
#include "gate.h"

#include <inttypes.h>

static volatile uint64_t results;

__attribute__((noinline)) void gate_tell(const char *name, uint64_t operations, uint64_t result) {
    results += result;
    printf("%s %" PRIu64 "\n", name, operations);
}

int main(int argc, char **argv) {
    (void)argv;
    if (argc > 1) {
        fprintf(stderr, "usage: bench_gate   (it takes no arguments)\n");
        return 2;
    }
    if (!tw_cpu_has(GATE_LEVEL)) {
        fprintf(stderr,
                "bench_gate: this processor has no AVX2, with which the baseline is counted\n");
        return 77;
    }
    gate_kit();
    gate_book();
    gate_series();
    gate_orders();
    gate_figures();
    gate_wire();
    gate_engine();
    return 0;
}
