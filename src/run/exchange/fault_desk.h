/*
 * fault_desk.h - decides what goes wrong now, by a plan: for a request, a message, a moment.
 *
 * Each line of the plan draws from a stream of random numbers of its own, so that a line more does
 * not change what the others do: the same plan and the same requests meet the same faults. How
 * often each has struck is counted.
 *
 * Memory: the caller's. Threads: one owner. Times are the exchange's.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_FAULT_DESK_H
#define TRADEWIND_RUN_EXCHANGE_FAULT_DESK_H

#include "fault_plan.h"
#include "tradewind/random.h"

typedef struct fault_desk {
    fault_plan plan;
    int64_t begin_ns; /* of the plan */
    tw_random randoms[FAULT_RULE_COUNT_MAX];
    uint64_t counts[FAULT_RULE_COUNT_MAX]; /* times that each has struck */
    bool over[FAULT_RULE_COUNT_MAX];       /* of those that strike once */
} fault_desk;

/* What is to become of a request. */
typedef struct fault_verdict {
    int64_t latency_ns;
    const fault_rule *rule; /* of status, reset, truncate or trickle; NULL: nothing more */
} fault_verdict;

void fault_desk_begin(fault_desk *desk, const fault_plan *plan, int64_t now_ns);

/* Draws for one request. The first line that strikes wins, but latencies add up. */
fault_verdict fault_desk_request(fault_desk *desk, tw_slice path);

/* Draws for one message of trade_updates: the line that strikes, or NULL. */
const fault_rule *fault_desk_update(fault_desk *desk);

/* What is to become of a trade on its way to the tape. */
typedef struct fault_trade_verdict {
    const fault_rule *rule; /* of a trade that is late, cancelled or corrected; NULL: none */
    int64_t delay_ns;       /* how late, or after how long; above 0 */
    uint64_t draw;          /* for what else is by chance */
} fault_trade_verdict;

/* Draws for one trade. The first line that strikes wins. */
fault_trade_verdict fault_desk_trade(fault_desk *desk);

/* How long what is asked of an order takes to the floor. */
int64_t fault_desk_floor(fault_desk *desk);

/* True while a line of this kind lasts. */
bool fault_desk_lasts(const fault_desk *desk, fault_kind kind, int64_t now_ns);

/* True while the symbol is halted by the plan. */
bool fault_desk_halted(const fault_desk *desk, const char *symbol, int64_t now_ns);

/* By how much the clock is told wrong. */
int64_t fault_desk_clock_error(const fault_desk *desk, int64_t now_ns);

/* How many streams an account may have; 0: the plan says nothing. */
uint32_t fault_desk_connections(const fault_desk *desk);

/* When, after `now_ns`, something begins or ends; INT64_MAX: never. */
int64_t fault_desk_next(const fault_desk *desk, int64_t now_ns);

/* The next line that strikes once and is due (close, slow, restart), or NULL. Each comes once.
 * Counts these, and those that last (mute, stale, halt, clock), as they begin. */
const fault_rule *fault_desk_due(fault_desk *desk, int64_t now_ns);

#endif
