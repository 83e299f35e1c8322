/*
 * record_series.h - records of many symbols in the order of time, as many as memory was given for.
 *
 * Records of one symbol stand in chunks; chunks of all symbols come from one pool and are taken in
 * a circle. When the pool is used up the chunk that was begun first gives way, whosever it is: a
 * symbol that trades much keeps much, and the whole is bounded.
 *
 *     pool   [A][B][A][C][A][B]...   taken in this order, then from the beginning again
 *     A       0 ---- 2 ---- 4        a symbol's chunks, oldest first
 *
 * Every record begins with its time, an int64_t; those of a symbol never go back in time. Each has
 * a number, 0 for the symbol's first, that stays its own when older ones are gone.
 *
 * Memory: all at creation, touched as it is used. Threads: one owner.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_RECORD_SERIES_H
#define TRADEWIND_RUN_EXCHANGE_RECORD_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/market.h"

#define RECORD_CHUNK_COUNT 32 /* records of a chunk */

typedef struct record_series record_series;

/* Where a record stands; valid until the next push. */
typedef struct record_place {
    uint32_t chunk;
    uint32_t index;
} record_place;

/* Room for `record_max` records (rounded up to chunks, at least two) of `record_size` bytes.
 * TW_NO_MEMORY. */
tw_status record_series_new(const tw_allocator *allocator, size_t record_size, uint32_t record_max,
                            uint32_t symbol_count, record_series **ret_series) TW_MUST_CHECK;
void record_series_free(record_series *series);

/* Room for a symbol's next record: the caller fills it. Cost: O(1). */
void *record_series_push(record_series *series, tw_symbol symbol);

/* A symbol's oldest and newest record; false without one. */
bool record_series_first(const record_series *series, tw_symbol symbol, record_place *ret_place);
bool record_series_last(const record_series *series, tw_symbol symbol, record_place *ret_place);

/* The first record at or after a time. Cost: O(chunks of the symbol between it and the nearer end).
 */
bool record_series_seek(const record_series *series, tw_symbol symbol, int64_t time_ns,
                        record_place *ret_place);

/* The record with a number, or the first after it that is still there. Cost: as record_series_seek.
 */
bool record_series_find(const record_series *series, tw_symbol symbol, uint64_t number,
                        record_place *ret_place);

/* Moves on; false (and not moved) at the end. */
bool record_series_next(const record_series *series, record_place *place);
bool record_series_previous(const record_series *series, record_place *place);

void *record_series_at(const record_series *series, record_place place);
int64_t record_series_time(const record_series *series, record_place place);
uint64_t record_series_number(const record_series *series, record_place place);

#endif
