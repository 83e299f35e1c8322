/*
 * tune_workload.h - the trades that settings are measured with, and how dense they come.
 */
#ifndef TRADEWIND_PROOF_TUNE_WORKLOAD_H
#define TRADEWIND_PROOF_TUNE_WORKLOAD_H

#include "tradewind/market.h"

enum { TUNE_TRADES_MIN = 1000, TUNE_TRADES_MAX = 200000 };

typedef struct tune_workload {
    tw_trade *trades; /* in the order of their times */
    uint64_t count;
    tw_symbols *symbols;
    uint32_t symbol_count; /* that have trades among them */
    double rate;           /* trades a second in the busiest minute */
} tune_workload;

/* Puts the trades into their order and fills in the last two. TW_NO_MEMORY. */
tw_status tune_workload_read(tune_workload *workload) TW_MUST_CHECK;

#endif
