/*
 * update_log.h - the newest updates of all accounts' orders, each with its order as it was then:
 * what GET /v2/events/trades tells again.
 *
 * Updates are numbered 1, 2, 3 ... in the order in which they happened. Each has an id as the
 * venue's, a ULID: text that sorts as the numbers do. When there is no room, the oldest goes.
 *
 * Memory: all at creation. Cost: a copy to put, O(log n) to find. Threads: one owner.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_UPDATE_LOG_H
#define TRADEWIND_RUN_EXCHANGE_UPDATE_LOG_H

#include "ledger.h"

typedef struct update_log update_log;

/* Room for so many. TW_NO_MEMORY. */
tw_status update_log_new(const tw_allocator *allocator, uint32_t count_max,
                         update_log **ret_log) TW_MUST_CHECK;
void update_log_free(update_log *log);

/* Gives the update its id, and keeps it and its order. Times never run back. */
void update_log_put(update_log *log, ledger_update *update);

/* The numbers of what is there: first <= n < end. */
void update_log_range(const update_log *log, uint64_t *ret_first, uint64_t *ret_end);
/* Lives until the next put. */
const ledger_update *update_log_at(const update_log *log, uint64_t number);

/* The first that is not before the time, or whose id is not before `id` (all its characters); the
 * end if there is none. */
uint64_t update_log_find_time(const update_log *log, int64_t time_ns);
uint64_t update_log_find_id(const update_log *log, tw_slice id);

#endif
