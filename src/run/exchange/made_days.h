/*
 * made_days.h - remembers what was made of days of the past: of each day so many bytes, of the days
 * that were asked for last.
 *
 * Memory: all at creation, touched as it is used. Cost: O(1). Threads: one owner.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_MADE_DAYS_H
#define TRADEWIND_RUN_EXCHANGE_MADE_DAYS_H

#include <stdbool.h>
#include <stddef.h>

#include "tradewind/alloc.h"
#include "tradewind/market.h"

typedef struct made_days made_days;

/* Room for `day_max` days (at least 1) of `size` bytes each. TW_NO_MEMORY. */
tw_status made_days_new(const tw_allocator *allocator, uint32_t day_max, size_t size,
                        made_days **ret_days) TW_MUST_CHECK;
void made_days_free(made_days *days);

/* The place of a symbol's day (days since 1970-01-01), which is the last to be given away now;
 * borrowed until the next call. `*ret_made` is false if its content is another's: the caller writes
 * all of it. */
void *made_days_get(made_days *days, tw_symbol symbol, int64_t day, bool *ret_made);

#endif
