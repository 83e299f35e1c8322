/*
 * fault_moments.h - carries out the faults of the exchange's own time: streams that fall silent,
 * halts, restarts, and messages of trade_updates that are lost, doubled, late or out of order.
 *
 * Time is let pass from one such moment to the next, so that each comes when it should also within
 * a long step of the clock.
 *
 * Memory: FAULT_HELD_MAX messages that are held back, at creation. Threads: the exchange's.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_FAULT_MOMENTS_H
#define TRADEWIND_RUN_EXCHANGE_FAULT_MOMENTS_H

#include "fault_desk.h"
#include "ledger.h"

/* With so many held back, the next is told at once. */
#define FAULT_HELD_MAX 256

typedef struct held_update {
    ledger_update update; /* its order is the one below */
    ledger_order order;
    int64_t due_ns;
    bool behind_next; /* told as soon as another one has been */
} held_update;

typedef struct fault_moments {
    fault_desk desk;
    uint64_t struck_before; /* by plans that have ended */
    held_update *held;      /* in the order in which they came */
    uint32_t held_count;
    bool stale;       /* no quotes are told ... */
    int64_t stale_ns; /* ... that are newer than this */
    bool halted[FAULT_RULE_COUNT_MAX];
} fault_moments;

struct tw_exchange;

/* TW_NO_MEMORY. */
tw_status fault_moments_init(struct tw_exchange *exchange) TW_MUST_CHECK;
void fault_moments_done(struct tw_exchange *exchange);

/* The plan begins now; the one before ends, with all that it did. */
void fault_moments_begin(struct tw_exchange *exchange, const fault_plan *plan);

/* How often faults have struck, of this plan and of those before it. */
uint64_t fault_moments_struck(const struct tw_exchange *exchange);

/* floor_advance, from moment to moment. */
tw_status fault_moments_advance(struct tw_exchange *exchange, int64_t until_ns,
                                uint64_t event_count_max) TW_MUST_CHECK;

/* floor_jump; what came due on the way is told at its end. */
tw_status fault_moments_jump(struct tw_exchange *exchange, int64_t to_ns) TW_MUST_CHECK;

/* Tells an update on the streams, as the plan wants it. */
void fault_moments_tell(struct tw_exchange *exchange, const ledger_update *update);

/* What /v2/clock says the time is. */
int64_t fault_moments_told_time(const struct tw_exchange *exchange);

#endif
