/*
 * alpaca_recent.h - the names of what came lately: has this come before?
 *
 * A bounded set of 64-bit keys that forgets the oldest. Keys are hashes of what names a thing; two
 * of a million different things meet with a chance of one in ten million.
 */
#ifndef TRADEWIND_EDGE_ALPACA_RECENT_H
#define TRADEWIND_EDGE_ALPACA_RECENT_H

#include <string.h>

#include "tradewind/map.h"

typedef struct alpaca_recent {
    const tw_allocator *allocator;
    tw_map *known; /* exactly the keys of the ring */
    uint64_t *ring;
    uint32_t capacity;
    uint64_t count; /* ever */
} alpaca_recent;

/* All memory at once. TW_NO_MEMORY, and alpaca_recent_done is to be called all the same. */
tw_status alpaca_recent_init(alpaca_recent *recent, const tw_allocator *allocator,
                             uint32_t capacity) TW_MUST_CHECK;
void alpaca_recent_done(alpaca_recent *recent);

/* True if the key was new; it is remembered now. */
bool alpaca_recent_add(alpaca_recent *recent, uint64_t key);

void alpaca_recent_check(const alpaca_recent *recent);

#endif
