/*
 * alpaca_recent.c - a map of keys, and a ring that says which of them is oldest.
 *
 * Invariant: the map holds exactly the keys of the ring, so that a put after a drop finds room.
 */
#include "alpaca_recent.h"

tw_status alpaca_recent_init(alpaca_recent *recent, const tw_allocator *allocator,
                             uint32_t capacity) {
    tw_map_config config = {.entry_initial = capacity, .entry_max = capacity};
    *recent = (alpaca_recent){.allocator = allocator, .capacity = capacity};
    recent->ring = TW_NEW(allocator, capacity, uint64_t);
    return recent->ring == NULL ? TW_NO_MEMORY : tw_map_new(allocator, &config, &recent->known);
}

void alpaca_recent_done(alpaca_recent *recent) {
    tw_map_free(recent->known);
    if (recent->ring != NULL)
        TW_DELETE(recent->allocator, recent->ring, recent->capacity, uint64_t);
    *recent = (alpaca_recent){0};
}

bool alpaca_recent_add(alpaca_recent *recent, uint64_t key) {
    uint64_t value = 0;
    if (tw_map_get(recent->known, key, &value))
        return false;
    uint64_t *place = &recent->ring[recent->count % recent->capacity];
    if (recent->count >= recent->capacity)
        tw_map_drop(recent->known, *place, NULL);
    *place = key;
    recent->count++;
    tw_status status = tw_map_put(recent->known, key, 1);
    TW_ASSERT(status == TW_OK);
    return true;
}

void alpaca_recent_check(const alpaca_recent *recent) {
    uint64_t kept = recent->count < recent->capacity ? recent->count : recent->capacity;
    TW_ASSERT(tw_map_count(recent->known) == kept);
}
