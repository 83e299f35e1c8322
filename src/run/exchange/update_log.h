/*
 * update_log.h - the newest updates of all accounts' orders, as they were told: what GET
 * /v2/events/trades tells again.
 *
 * Updates are numbered 1, 2, 3 ... in the order in which they happened. Each has an id as the
 * venue's, a ULID: text that sorts as the numbers do. When there is no room, the oldest go.
 *
 * Memory: all at creation. Cost: a copy to put, O(log n) to find. Threads: one owner.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_UPDATE_LOG_H
#define TRADEWIND_RUN_EXCHANGE_UPDATE_LOG_H

#include "tradewind/alloc.h"
#include "tradewind/text.h"

#define UPDATE_ID_SIZE 27 /* 26 characters and the NUL */

typedef struct update_entry {
    char id[UPDATE_ID_SIZE];
    int64_t time_ns; /* never below that of the one before */
    uint32_t account;
    tw_slice text;
} update_entry;

typedef struct update_log update_log;

/* Room for so many updates and so many bytes of their texts. TW_NO_MEMORY. */
tw_status update_log_new(const tw_allocator *allocator, uint32_t count_max, size_t size_max,
                         update_log **ret_log) TW_MUST_CHECK;
void update_log_free(update_log *log);

/* The id of the update that is put next. */
void update_log_next_id(const update_log *log, int64_t time_ns, char *ret_id);

/* Keeps a copy of the text, which fits into the log's size; `entry->id` is update_log_next_id's. */
void update_log_put(update_log *log, const update_entry *entry);

/* The numbers of what is there: first <= n < end. */
void update_log_range(const update_log *log, uint64_t *ret_first, uint64_t *ret_end);
/* What it points to lives until the next put. */
update_entry update_log_at(const update_log *log, uint64_t number);

/* The first that is not before the time, or whose id is not before `id` (26 characters); the end if
 * there is none. */
uint64_t update_log_find_time(const update_log *log, int64_t time_ns);
uint64_t update_log_find_id(const update_log *log, tw_slice id);

#endif
