/*
 * arrivals.c - the gaps are drawn exactly, without rejection.
 *
 * What is raised falls exponentially, so that each kernel alone is a process whose first event is
 * drawn from one exponential number, and may never come; the next event is the first of all
 * (Dassios and Zhao, Exact Simulation of Hawkes Process with Exponentially Decaying Intensity,
 * 2013).
 */
#include "arrivals.h"

#include <math.h>

#include "exponential.h"
#include "logarithm.h"
#include "tradewind/status.h"

/* Each kernel: how many events of the next generation an event brings, and how fast that is over
 * (per nanosecond). They sum to ARRIVALS_BRANCHING. */
static const double children[ARRIVALS_KERNEL_COUNT] = {0.37, 0.21, 0.28, 0.06};
static const double decay[ARRIVALS_KERNEL_COUNT] = {1.0 / 13e3, 1.0 / 700e3, 1.0 / 60e6,
                                                    1.0 / 20e9};

/* A gap of a hundred years: no rate that can be asked for comes near it. */
static const double GAP_NS_MAX = 3.2e18;

void arrivals_init(arrivals *process, double rate) {
    arrivals_set_rate(process, rate);
    arrivals_settle(process);
}

void arrivals_set_rate(arrivals *process, double rate) {
    TW_ASSERT(rate > 0.0);
    process->base = rate * (1.0 - ARRIVALS_BRANCHING);
}

void arrivals_settle(arrivals *process) {
    double rate = process->base / (1.0 - ARRIVALS_BRANCHING);
    for (int k = 0; k < ARRIVALS_KERNEL_COUNT; k++)
        process->excited[k] = rate * children[k];
}

/* When the first event of kernel k comes, if before `gap`; else `gap`. */
static double first_of_kernel(const arrivals *process, int k, double gap, tw_random *random) {
    double expected = process->excited[k] / decay[k];
    if (expected < 1e-9)
        return gap;
    double drawn = tw_random_exponential(random, 1.0);
    if (drawn >= expected)
        return gap;
    double first = -natural_logarithm(1.0 - drawn / expected) / decay[k];
    return first < gap ? first : gap;
}

int64_t arrivals_draw(const arrivals *process, tw_random *random) {
    double gap = tw_random_exponential(random, 1.0 / process->base);
    for (int k = 0; k < ARRIVALS_KERNEL_COUNT; k++)
        gap = first_of_kernel(process, k, gap, random);
    return 1 + (int64_t)(gap < GAP_NS_MAX ? gap : GAP_NS_MAX);
}

void arrivals_pass(arrivals *process, int64_t span_ns) {
    for (int k = 0; k < ARRIVALS_KERNEL_COUNT; k++) {
        double passed = decay[k] * (double)span_ns;
        process->excited[k] *= passed < 40.0 ? natural_exponential(-passed) : 0.0;
    }
}

void arrivals_raise(arrivals *process) {
    for (int k = 0; k < ARRIVALS_KERNEL_COUNT; k++)
        process->excited[k] += children[k] * decay[k];
}
