/*
 * fault_plan.h - what is to go wrong, read from a text file.
 *
 * One line says one thing; # begins a comment, at the start of a line or behind a space:
 *
 *     seed 1                 of what is drawn; 1 if it is not said
 *     latency 20ms 5ms       a request waits so long before it is looked at: between mean - spread
 *                            and mean + spread, each as likely; the spread may be left out
 *
 * Latency is time of the wire, not of the exchange's clock: a stepped exchange that is asked still
 * answers after so many milliseconds.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_FAULT_PLAN_H
#define TRADEWIND_RUN_EXCHANGE_FAULT_PLAN_H

#include "tradewind/error.h"

/* A minute is longer than any client waits. */
#define FAULT_LATENCY_NS_MAX INT64_C(60000000000)

typedef struct fault_plan {
    uint64_t seed;
    int64_t latency_ns;
    int64_t latency_spread_ns; /* at most latency_ns */
} fault_plan;

/* Reads a plan. TW_NOT_FOUND, TW_PERMISSION, TW_IO of the file; TW_PARSE and TW_RANGE name the line
 * and what was expected. */
tw_status fault_plan_read(const char *path, fault_plan *ret_plan, tw_error *error) TW_MUST_CHECK;

#endif
