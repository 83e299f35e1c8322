/*
 * run_audit.h - the demo's exchange and the journal, held against one another.
 *
 * Both sides stand in this process: what the exchange has under our client order ids, and what the
 * store has of intents and orders. Whatever went wrong between them, they must say the same.
 */
#ifndef TRADEWIND_CLI_RUN_AUDIT_H
#define TRADEWIND_CLI_RUN_AUDIT_H

#include "order_rows.h"
#include "tradewind/exchange.h"

typedef struct run_audit {
    bool made;                /* there is an exchange to hold against */
    uint64_t exchange_orders; /* that have our prefix */
    uint64_t intents;         /* orders of the store that have one */
    uint64_t twice;           /* at the exchange more than once under one id */
    uint64_t unintended;      /* at the exchange without an intent in the journal */
    uint64_t missing;         /* of this run: acknowledged, and not at the exchange */
    uint64_t different;       /* in symbol, side, quantity, or in what was filled */
    uint64_t faults;          /* that the plan has struck with */
} run_audit;

typedef struct run_audit_sides {
    const tw_exchange *exchange;
    const tw_symbols *symbols; /* those of the store; the exchange has its own order of them */
    const order_rows *orders;
    const char *prefix;      /* of our client order ids */
    uint64_t after_sequence; /* of this run's journal */
} run_audit_sides;

/* Between two turns of the exchange. TW_NO_MEMORY. */
tw_status run_audit_make(const run_audit_sides *sides, run_audit *ret_audit,
                         tw_error *error) TW_MUST_CHECK;

/* Nothing was sent twice, nothing unintended, and both say the same. */
bool run_audit_holds(const run_audit *audit);

#endif
