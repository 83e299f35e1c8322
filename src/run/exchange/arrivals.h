/*
 * arrivals.h - when things happen that happen in bursts: a Hawkes process.
 *
 * Events come at a base rate, and each raises the rate of more for a while: by a sum of
 * exponentials, from a fiftieth of a millisecond to half a minute. So most gaps are tiny, some
 * are long, and busy times last, as in the order flow of a stock. The mean rate is what was asked
 * for (Hawkes, Spectra of Some Self-Exciting and Mutually Exciting Point Processes, 1971; Bacry,
 * Mastromatteo and Muzy, Hawkes Processes in Finance, 2015).
 *
 * Memory: plain data. Threads: one owner. Cost: some hundred nanoseconds an event.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_ARRIVALS_H
#define TRADEWIND_RUN_EXCHANGE_ARRIVALS_H

#include <stdint.h>

#include "tradewind/random.h"

#define ARRIVALS_KERNEL_COUNT 4

/* Of its events, this share is the echo of others. */
#define ARRIVALS_BRANCHING 0.92

typedef struct arrivals {
    double base;                           /* events a nanosecond that nothing has raised */
    double excited[ARRIVALS_KERNEL_COUNT]; /* and those that come on top, now */
} arrivals;

/* `rate` is the mean number of events a nanosecond, above 0. */
void arrivals_init(arrivals *process, double rate);

/* From now on another mean; what the past has raised stays. */
void arrivals_set_rate(arrivals *process, double rate);

/* Forgets the past: what is raised is the mean of what may be. */
void arrivals_settle(arrivals *process);

/* Draws the time from now to the next event, at least a nanosecond. Nothing is changed: until the
 * event is there, it may be drawn anew. */
int64_t arrivals_draw(const arrivals *process, tw_random *random);

/* So much time passes without an event. Then, perhaps, there is one. */
void arrivals_pass(arrivals *process, int64_t span_ns);
void arrivals_raise(arrivals *process);

#endif
