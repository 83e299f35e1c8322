/*
 * equity_past.h - what an account was worth: a step function of time, remembered at minutes and at
 * the closes of days.
 *
 * A minute at whose end the account is worth the same as before is not written down: the one before
 * stands for it. So an account without positions costs nothing, and a year of nights neither.
 *
 *     minutes   32,768 an account: 34 days of 16 hours in which each minute changed something
 *     closes     4,096 an account: 16 years
 *
 * The oldest are forgotten first. Records are numbered 1, 2, 3 ... and keep their numbers, so that
 * a file can hold them (exchange_state.h).
 *
 * Memory: 576 KiB an account, all at creation, touched as it is used. Cost: O(1) to put, a binary
 * search to read. Threads: one owner.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_EQUITY_PAST_H
#define TRADEWIND_RUN_EXCHANGE_EQUITY_PAST_H

#include <stdbool.h>
#include <stdint.h>

#include "tradewind/alloc.h"

typedef struct equity_point {
    int64_t time_ns;
    int64_t equity_nano;
} equity_point;

/* Number n stands in place (n - 1) mod capacity; there are first <= n < end. */
typedef struct equity_series {
    equity_point *ring;
    uint32_t capacity;
    uint64_t first;
    uint64_t end;
} equity_series;

typedef enum equity_kind {
    EQUITY_MINUTES = 0,
    EQUITY_CLOSES = 1,
    EQUITY_KIND_COUNT = 2
} equity_kind;

typedef struct equity_past {
    const tw_allocator *allocator;
    equity_series series[EQUITY_KIND_COUNT];
} equity_past;

tw_status equity_past_init(equity_past *past, const tw_allocator *allocator) TW_MUST_CHECK;
void equity_past_done(equity_past *past);

/* Forgets all. */
void equity_past_clear(equity_past *past);

/* What the account is worth at a time; one before that of the last put is taken for that. */
void equity_past_put(equity_past *past, equity_kind kind, equity_point point);

/* Puts a numbered record back, in ascending order. What stands before a gap is forgotten. */
void equity_past_restore(equity_past *past, equity_kind kind, uint64_t number, equity_point point);

/* What it was worth at a time: false when nothing is known of that. */
bool equity_past_at(const equity_past *past, int64_t time_ns, int64_t *ret_nano);

/* What it was worth at the last close at or before a time; false without one. */
bool equity_past_close(const equity_past *past, int64_t time_ns, int64_t *ret_nano);

#endif
