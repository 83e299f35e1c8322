/*
 * activity_log.h - what happened to the accounts: fills, deposits, withdrawals.
 *
 * A ring of the newest activities of all accounts, numbered 1, 2, 3 ... in the order in which they
 * happened; when it is full, the oldest is forgotten. An activity's id is its New York time to the
 * millisecond and a UUID, `yyyymmddhhmmssmmm::uuid`, as the venue's is.
 *
 * Memory: all at creation. Cost: O(1) to put; a walk to find. Threads: one owner.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_ACTIVITY_LOG_H
#define TRADEWIND_RUN_EXCHANGE_ACTIVITY_LOG_H

#include "tradewind/alloc.h"
#include "tradewind/market.h"
#include "tradewind/text.h"

#define ACTIVITY_ID_SIZE 56 /* 17 digits, "::", 36 characters and the NUL */

typedef enum activity_kind {
    ACTIVITY_FILL = 0,
    ACTIVITY_DEPOSIT = 1,
    ACTIVITY_WITHDRAWAL = 2,
    ACTIVITY_KIND_COUNT = 3
} activity_kind;

typedef struct account_activity {
    char uuid[TW_VENUE_ORDER_ID_SIZE];
    int64_t time_ns;
    int64_t price_nano;
    int64_t quantity_nano;
    int64_t cumulative_nano;
    int64_t leaves_nano;
    int64_t amount_nano;  /* of a deposit; of a withdrawal below zero */
    uint32_t account;     /* its index */
    uint32_t order_index; /* of a fill */
    tw_symbol symbol;
    uint8_t kind; /* activity_kind */
    uint8_t side;
} account_activity;

typedef struct activity_log activity_log;

tw_status activity_log_new(const tw_allocator *allocator, uint32_t count_max,
                           activity_log **ret_log) TW_MUST_CHECK;
void activity_log_free(activity_log *log);

void activity_log_put(activity_log *log, const account_activity *activity);

/* The numbers of what is there: first <= n < end. The first is 1 when nothing was forgotten. */
void activity_log_range(const activity_log *log, uint64_t *ret_first, uint64_t *ret_end);
const account_activity *activity_log_at(const activity_log *log, uint64_t number);

/* Empties the log: what comes next has the number 1, or that of activity_log_resume. */
void activity_log_clear(activity_log *log);
/* Puts the numbers back as they were: what comes next is `number`. The log is empty then. */
void activity_log_resume(activity_log *log, uint64_t number);
uint64_t activity_log_capacity(const activity_log *log);

/* The venue's word for a kind ("FILL", "CSD"), and for a word one of the venue's types, of which
 * the exchange itself makes these two; NULL for another. The same word is the same pointer. */
const char *activity_type(activity_kind kind);
const char *activity_type_named(tw_slice word);

/* Writes the id of an activity into ACTIVITY_ID_SIZE bytes. */
void activity_id(const account_activity *activity, char *buffer);

#endif
