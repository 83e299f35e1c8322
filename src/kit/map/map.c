/*
 * map.c - open addressing, one step to the right at a time.
 *
 * An entry wants to lie at its home, the top bits of its mixed key; if another is there, it lies
 * in the next free slot to the right, around the end. A key of 0 marks a free slot, so the one
 * entry whose key is 0 lies outside the table. The load never exceeds one half, which keeps runs
 * short (1.5 probes for a hit, 2.5 for a miss, in the mean) and guarantees a free slot that ends
 * every search. Dropping moves the rest of the run back instead of leaving a tombstone, so
 * a map that has lived long is as fast as a new one.
 *
 * Invariants
 *   1. slot_count is a power of two, and 2 * (entries in the table) <= slot_count.
 *   2. No slot between the home of an entry and its place is free.
 *   3. count = entries in the table + (1 if the key 0 is there) <= entry_max.
 *   4. slot_count is at least 2 * smaller(entry_initial, entry_max) from creation on, so that a
 *      map with entry_initial == entry_max never grows.
 */
#include "tradewind/map.h"

#include <string.h>

#define SLOT_COUNT_MIN 8
#define SLOT_ALIGNMENT 64
#define FREE_KEY UINT64_C(0)

struct tw_map {
    tw_map_entry *slots;
    size_t slot_count;
    unsigned home_shift; /* 64 - log2(slot_count) */
    bool has_zero;       /* the entry with key 0, whose key marks free slots */
    uint64_t zero_value;
    size_t count;
    size_t entry_max;
    uint64_t hash_seed;
    const tw_allocator *allocator;
};

/* The finaliser of MurmurHash3 (Austin Appleby): every bit of the key moves every bit of the
 * result with probability close to one half, and no two keys collide in all 64 bits. */
static uint64_t mixed(uint64_t key) {
    key ^= key >> 33;
    key *= UINT64_C(0xff51afd7ed558ccd);
    key ^= key >> 33;
    key *= UINT64_C(0xc4ceb9fe1a85ec53);
    key ^= key >> 33;
    return key;
}

static size_t home_of(const tw_map *map, uint64_t key) {
    return (size_t)(mixed(key ^ map->hash_seed) >> map->home_shift);
}

/* The slot of `key`, or the free slot where it would be put. The key is not FREE_KEY. */
static size_t slot_of(const tw_map *map, uint64_t key) {
    size_t mask = map->slot_count - 1;
    size_t slot = home_of(map, key);
    while (map->slots[slot].key != key && map->slots[slot].key != FREE_KEY)
        slot = (slot + 1) & mask;
    return slot;
}

static tw_status take_slots(tw_map *map, size_t slot_count) {
    tw_map_entry *slots =
        tw_allocate(map->allocator, slot_count, sizeof(tw_map_entry), SLOT_ALIGNMENT);
    if (slots == NULL)
        return TW_NO_MEMORY;
    map->slots = slots;
    map->slot_count = slot_count;
    map->home_shift = 64 - (unsigned)__builtin_ctzll(slot_count);
    return TW_OK;
}

tw_status tw_map_new(const tw_allocator *allocator, const tw_map_config *config, tw_map **ret_map) {
    TW_ASSERT(config != NULL && ret_map != NULL);
    if (config->entry_max == 0 || config->entry_max > TW_MAP_ENTRY_MAX)
        return TW_RANGE;
    if (config->entry_initial == 0 || config->entry_initial > config->entry_max)
        return TW_RANGE;
    tw_map *map = TW_NEW(allocator, 1, tw_map);
    if (map == NULL)
        return TW_NO_MEMORY;
    map->allocator = allocator;
    map->entry_max = config->entry_max;
    map->hash_seed = config->hash_seed;
    size_t slot_count = SLOT_COUNT_MIN;
    while (slot_count / 2 < config->entry_initial)
        slot_count *= 2;
    tw_status status = take_slots(map, slot_count);
    if (status != TW_OK) {
        TW_DELETE(allocator, map, 1, tw_map);
        return status;
    }
    *ret_map = map;
    return TW_OK;
}

void tw_map_free(tw_map *map) {
    if (map == NULL)
        return;
    tw_release(map->allocator, map->slots, map->slot_count, sizeof(tw_map_entry), SLOT_ALIGNMENT);
    TW_DELETE(map->allocator, map, 1, tw_map);
}

static tw_status grow(tw_map *map) {
    tw_map_entry *old_slots = map->slots;
    size_t old_slot_count = map->slot_count;
    tw_status status = take_slots(map, old_slot_count * 2);
    if (status != TW_OK)
        return status;
    for (size_t i = 0; i < old_slot_count; i++) {
        if (old_slots[i].key != FREE_KEY)
            map->slots[slot_of(map, old_slots[i].key)] = old_slots[i];
    }
    tw_release(map->allocator, old_slots, old_slot_count, sizeof(tw_map_entry), SLOT_ALIGNMENT);
    return TW_OK;
}

/* The key 0 takes no slot, but it is counted as any other, so that the limits mean entries. */
static tw_status ensure_zero(tw_map *map, uint64_t **ret_value, bool *is_new) {
    if (!map->has_zero) {
        if (map->count == map->entry_max)
            return TW_FULL;
        map->has_zero = true;
        map->zero_value = 0;
        map->count++;
        *is_new = true;
    }
    *ret_value = &map->zero_value;
    return TW_OK;
}

static tw_status ensure_in_table(tw_map *map, uint64_t key, uint64_t **ret_value, bool *is_new) {
    size_t slot = slot_of(map, key);
    if (map->slots[slot].key != key) {
        if (map->count == map->entry_max)
            return TW_FULL;
        if (map->count - map->has_zero == map->slot_count / 2) {
            tw_status status = grow(map);
            if (status != TW_OK)
                return status;
            slot = slot_of(map, key);
        }
        map->slots[slot] = (tw_map_entry){key, 0};
        map->count++;
        *is_new = true;
    }
    *ret_value = &map->slots[slot].value;
    return TW_OK;
}

/* With -Ddeep_checks=true the whole map is walked after each change of its entries. */
static void check_deeply(const tw_map *map) {
#ifdef TW_DEEP_CHECKS
    tw_map_check(map);
#else
    (void)map;
#endif
}

tw_status tw_map_ensure(tw_map *map, uint64_t key, uint64_t **ret_value, bool *ret_new) {
    bool is_new = false;
    tw_status status = key == FREE_KEY ? ensure_zero(map, ret_value, &is_new)
                                       : ensure_in_table(map, key, ret_value, &is_new);
    if (is_new)
        check_deeply(map);
    if (status == TW_OK && ret_new != NULL)
        *ret_new = is_new;
    return status;
}

tw_status tw_map_put(tw_map *map, uint64_t key, uint64_t value) {
    uint64_t *place = NULL;
    tw_status status = tw_map_ensure(map, key, &place, NULL);
    if (status == TW_OK)
        *place = value;
    return status;
}

bool tw_map_get(const tw_map *map, uint64_t key, uint64_t *ret_value) {
    if (key == FREE_KEY) {
        if (map->has_zero)
            *ret_value = map->zero_value;
        return map->has_zero;
    }
    size_t slot = slot_of(map, key);
    if (map->slots[slot].key != key)
        return false;
    *ret_value = map->slots[slot].value;
    return true;
}

uint64_t *tw_map_find(tw_map *map, uint64_t key) {
    if (key == FREE_KEY)
        return map->has_zero ? &map->zero_value : NULL;
    size_t slot = slot_of(map, key);
    return map->slots[slot].key == key ? &map->slots[slot].value : NULL;
}

/* Fills the hole: an entry further right in the run may move into it if its home does not lie
 * between the two (invariant 2); its own place is then the hole. */
static void close_gap(tw_map *map, size_t hole) {
    size_t mask = map->slot_count - 1;
    for (size_t slot = (hole + 1) & mask; map->slots[slot].key != FREE_KEY;
         slot = (slot + 1) & mask) {
        size_t from_home = (slot - home_of(map, map->slots[slot].key)) & mask;
        size_t from_hole = (slot - hole) & mask;
        if (from_home >= from_hole) {
            map->slots[hole] = map->slots[slot];
            hole = slot;
        }
    }
    map->slots[hole] = (tw_map_entry){FREE_KEY, 0};
}

bool tw_map_drop(tw_map *map, uint64_t key, uint64_t *ret_value) {
    uint64_t value = map->zero_value;
    if (key == FREE_KEY) {
        if (!map->has_zero)
            return false;
        map->has_zero = false;
    } else {
        size_t slot = slot_of(map, key);
        if (map->slots[slot].key != key)
            return false;
        value = map->slots[slot].value;
        close_gap(map, slot);
    }
    map->count--;
    check_deeply(map);
    if (ret_value != NULL)
        *ret_value = value;
    return true;
}

void tw_map_clear(tw_map *map) {
    memset(map->slots, 0, map->slot_count * sizeof(tw_map_entry));
    map->has_zero = false;
    map->count = 0;
}

size_t tw_map_count(const tw_map *map) {
    return map->count;
}

size_t tw_map_capacity(const tw_map *map) {
    size_t entries = map->slot_count / 2;
    return entries < map->entry_max ? entries : map->entry_max;
}

size_t tw_map_entry_max(const tw_map *map) {
    return map->entry_max;
}

static void sift_down(tw_map_entry *entries, size_t root, size_t count) {
    tw_map_entry moved = entries[root];
    for (size_t child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && entries[child + 1].key > entries[child].key)
            child++;
        if (entries[child].key <= moved.key)
            break;
        entries[root] = entries[child];
    }
    entries[root] = moved;
}

/* Heap sort: in place, O(n log n) for any input, and no call into the C library. */
static void sort_by_key(tw_map_entry *entries, size_t count) {
    for (size_t root = count / 2; root > 0; root--)
        sift_down(entries, root - 1, count);
    for (size_t end = count; end > 1; end--) {
        tw_map_entry largest = entries[0];
        entries[0] = entries[end - 1];
        entries[end - 1] = largest;
        sift_down(entries, 0, end - 1);
    }
}

size_t tw_map_sorted(const tw_map *map, tw_map_entry *entries, size_t capacity) {
    TW_ASSERT(capacity >= map->count);
    size_t count = 0;
    if (map->has_zero)
        entries[count++] = (tw_map_entry){FREE_KEY, map->zero_value};
    for (size_t i = 0; i < map->slot_count; i++) {
        if (map->slots[i].key != FREE_KEY)
            entries[count++] = map->slots[i];
    }
    TW_ASSERT(count == map->count);
    sort_by_key(entries, count);
    return count;
}

void tw_map_check(const tw_map *map) {
    TW_ASSERT(map->slot_count >= SLOT_COUNT_MIN);
    TW_ASSERT((map->slot_count & (map->slot_count - 1)) == 0);
    size_t in_table = 0;
    for (size_t i = 0; i < map->slot_count; i++) {
        if (map->slots[i].key == FREE_KEY)
            continue;
        in_table++;
        TW_ASSERT(slot_of(map, map->slots[i].key) == i);
    }
    TW_ASSERT(in_table * 2 <= map->slot_count);
    TW_ASSERT(in_table + map->has_zero == map->count);
    TW_ASSERT(map->count <= map->entry_max);
}
