/*
 * slow_log.h - what took longer than somebody wants to wait, a line each, and never many.
 *
 * After a line the next may come a second later; what was slow in between is counted and told with
 * it. Threads: one owner.
 */
#ifndef TRADEWIND_CLI_SLOW_LOG_H
#define TRADEWIND_CLI_SLOW_LOG_H

#include <stdbool.h>
#include <stdint.h>

typedef struct slow_log {
    int64_t threshold_ns; /* 0: nothing is slow */
    int64_t next_ns;      /* monotonic: when there may be a line again */
    uint64_t left_out;    /* since the line before */
} slow_log;

/* True: this is slow, and its line may be written now; `*ret_left_out` others had none before. */
bool slow_log_takes(slow_log *log, int64_t elapsed_ns, int64_t now_ns, uint64_t *ret_left_out);

#endif
