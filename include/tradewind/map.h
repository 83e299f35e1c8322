/*
 * map.h - from a 64-bit key to a 64-bit value, in one cache line.
 *
 * For order ids, symbol ids, sequence numbers. A value is whatever fits 64 bits; a larger thing
 * lives in an array of its owner, and the value is its index. That keeps an entry at 16 bytes,
 * so a look-up touches one cache line almost always, whatever the caller stores, and nothing
 * moves but the index when the map grows. Every key is legal, 0 and UINT64_MAX included.
 *
 * Two ways to size it: with `entry_initial == entry_max` all memory is taken at creation and
 * the map never allocates again (hot paths); with a smaller `entry_initial` it doubles when it
 * is half full, in one step, until `entry_max` entries fit. At `entry_max` entries a new key is
 * refused with TW_FULL; known keys can still be overwritten.
 *
 * There is no iteration in the order of the table, because that order depends on the history of
 * the map and would leak into results: tw_map_sorted copies the entries out by ascending key.
 *
 * Memory: the handle and 32 to 64 bytes an entry of the current capacity (load is at most one
 * half); three times that for the moment of growing.
 * Cost: get, put and drop O(1) expected, about 1.5 probes; growing O(n) once a doubling;
 * tw_map_sorted O(n log n).
 * Threads: a map belongs to one thread at a time. Functions taking a const map may run together.
 */
#ifndef TRADEWIND_MAP_H
#define TRADEWIND_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/api.h"
#include "tradewind/status.h"

#define TW_MAP_ENTRY_MAX ((size_t)1 << 30)

typedef struct tw_map tw_map;

typedef struct tw_map_config {
    size_t entry_initial; /* entries that fit without growing; 1 to entry_max */
    size_t entry_max;     /* entries that may ever fit; up to TW_MAP_ENTRY_MAX */
    uint64_t hash_seed;   /* stirred into the hash; give a secret one when strangers choose keys */
} tw_map_config;

typedef struct tw_map_entry {
    uint64_t key;
    uint64_t value;
} tw_map_entry;

TW_BEGIN_DECLS

/* Makes an empty map. A NULL allocator is the system's. TW_RANGE for a configuration outside
 * the limits above, TW_NO_MEMORY. */
TW_API tw_status tw_map_new(const tw_allocator *allocator, const tw_map_config *config,
                            tw_map **ret_map) TW_MUST_CHECK;

/* Gives everything back. NULL is ignored. */
TW_API void tw_map_free(tw_map *map);

/* Sets the value of a key, new or known. For a new key only: TW_FULL at `entry_max`,
 * TW_NO_MEMORY when growing failed; the map is then unchanged and fully usable. */
TW_API tw_status tw_map_put(tw_map *map, uint64_t key, uint64_t value) TW_MUST_CHECK;

/* Whether the key is there; its value goes to `*ret_value`, which is untouched otherwise. */
TW_API bool tw_map_get(const tw_map *map, uint64_t key, uint64_t *ret_value) TW_MUST_CHECK;

/* Removes a key. Whether it was there; its value goes to `*ret_value` unless that is NULL. */
TW_API bool tw_map_drop(tw_map *map, uint64_t key, uint64_t *ret_value);

/* Where the value of a key lies, or NULL. Borrowed until the next put, ensure, drop or clear. */
TW_API uint64_t *tw_map_find(tw_map *map, uint64_t key) TW_MUST_CHECK;

/*
 * Where the value of a key lies, after making it (with value 0) if it was not there: one look-up
 * for "add or count up". `ret_new` (may be NULL) tells which. Borrowed as by tw_map_find.
 * TW_FULL and TW_NO_MEMORY as tw_map_put; nothing is written then.
 */
TW_API tw_status tw_map_ensure(tw_map *map, uint64_t key, uint64_t **ret_value,
                               bool *ret_new) TW_MUST_CHECK;

/* Removes all entries and keeps the memory. O(capacity). */
TW_API void tw_map_clear(tw_map *map);

/* Entries inside; entries that fit before it must grow; entries that may ever fit. */
TW_API size_t tw_map_count(const tw_map *map);
TW_API size_t tw_map_capacity(const tw_map *map);
TW_API size_t tw_map_entry_max(const tw_map *map);

/* Copies all entries, by ascending key, into `entries`, which holds at least tw_map_count of
 * them (a smaller `capacity` is a programmer error). Returns the count. */
TW_API size_t tw_map_sorted(const tw_map *map, tw_map_entry *entries, size_t capacity);

/* Asserts the invariants of the whole map. O(n). */
TW_API void tw_map_check(const tw_map *map);

TW_END_DECLS

TW_DEFINE_AUTO(tw_map, tw_map_free)

#endif
