/*
 * cache_drop.c - entries go by name, by tag, by prefix, by time, or all; counting and checking.
 *
 * Whatever ends many entries goes shard by shard: first it ends the loads it names, then it removes
 * entries, a few at a time, because the removal function is called for each without the lock. What
 * others put in between may stay: their call overlaps this one.
 */
#include "cache_priv.h"

#include <string.h>

#define BATCH SPARE_COUNT /* so that removals being told never take more than the spare places */

static void release_and_tell(tw_cache *cache, cache_shard *shard, cache_removed *removed) {
    tw_lock_release(&shard->lock, cache->waiter);
    cache_tell(cache, shard, removed);
}

bool tw_cache_drop(tw_cache *cache, tw_cache_key key) {
    TW_ASSERT(cache != NULL);
    if (!key_fits(cache, key))
        return false;
    cache_call call = cache_call_of(cache, key, 0, NULL);
    tw_lock_acquire(&call.shard->lock, cache->waiter);
    cache_flights_end_key(call.shard, call.hash, key);
    uint32_t place = cache_find(cache, call.shard, call.hash, key);
    if (place != NO_PLACE)
        cache_remove(cache, call.shard, place, TW_CACHE_INVALIDATED, &call.removed);
    release_and_tell(cache, call.shard, &call.removed);
    return place != NO_PLACE;
}

/* ---- by walking all places ---- */

typedef struct selection {
    tw_cache_cause cause;
    const void *prefix; /* of TW_CACHE_INVALIDATED */
    size_t size;
} selection;

static bool selects(const tw_cache *cache, const cache_shard *shard, uint32_t place,
                    const selection *wanted) {
    if (shard->nodes[place].list == LIST_NONE)
        return false;
    if (wanted->cause == TW_CACHE_CLEARED)
        return true;
    /* Under the lock nobody writes to slots, so their bytes may be read plainly. */
    const uint64_t *slot = slot_of(cache, shard, place);
    uint64_t key_size = shape_key_size(slot[WORD_SHAPE]);
    return key_size != KEY_IS_NUMBER && key_size >= wanted->size &&
           memcmp(slot + WORD_KEY, wanted->prefix, wanted->size) == 0;
}

static size_t drop_selected_of(tw_cache *cache, cache_shard *shard, const selection *wanted) {
    size_t dropped = 0;
    for (uint32_t first = 0; first < cache->place_count; first += BATCH) {
        cache_removed removed = {NO_PLACE, 0};
        tw_lock_acquire(&shard->lock, cache->waiter);
        if (first == 0 && wanted->cause == TW_CACHE_CLEARED)
            cache_flights_end_all(shard);
        else if (first == 0)
            cache_flights_end_prefix(shard, wanted->prefix, wanted->size);
        for (uint32_t place = first; place < first + BATCH && place < cache->place_count; place++) {
            if (!selects(cache, shard, place, wanted))
                continue;
            cache_remove(cache, shard, place, wanted->cause, &removed);
            dropped++;
        }
        release_and_tell(cache, shard, &removed);
    }
    return dropped;
}

size_t tw_cache_drop_prefix(tw_cache *cache, const void *prefix, size_t size) {
    TW_ASSERT(cache != NULL && (prefix != NULL || size == 0));
    selection wanted = {TW_CACHE_INVALIDATED, prefix == NULL ? "" : prefix, size};
    size_t dropped = 0;
    if (size > cache->config.key_size_max)
        return 0;
    for (size_t i = 0; i <= cache->shard_mask; i++)
        dropped += drop_selected_of(cache, &cache->shards[i], &wanted);
    return dropped;
}

void tw_cache_clear(tw_cache *cache) {
    TW_ASSERT(cache != NULL);
    selection wanted = {TW_CACHE_CLEARED, NULL, 0};
    for (size_t i = 0; i <= cache->shard_mask; i++)
        (void)drop_selected_of(cache, &cache->shards[i], &wanted);
}

/* ---- by tag ---- */

/* At most as many as there are places: others may put the tag as fast as it is dropped. */
static size_t drop_tag_of(tw_cache *cache, cache_shard *shard, uint64_t tag) {
    size_t dropped = 0;
    bool more = true;
    for (bool first = true; more; first = false) {
        cache_removed removed = {NO_PLACE, 0};
        tw_lock_acquire(&shard->lock, cache->waiter);
        if (first)
            cache_flights_end_tag(shard, tag);
        for (size_t i = 0; i < BATCH && more; i++) {
            uint32_t place = cache_tag_find(shard, tag);
            more = place != NO_PLACE && dropped < cache->place_count;
            if (!more)
                break;
            cache_remove(cache, shard, place, TW_CACHE_INVALIDATED, &removed);
            dropped++;
        }
        release_and_tell(cache, shard, &removed);
    }
    return dropped;
}

size_t tw_cache_drop_tag(tw_cache *cache, uint64_t tag) {
    TW_ASSERT(cache != NULL && tag != 0);
    size_t dropped = 0;
    for (size_t i = 0; i <= cache->shard_mask; i++)
        dropped += drop_tag_of(cache, &cache->shards[i], tag);
    return dropped;
}

/* ---- by time ---- */

size_t tw_cache_turn(tw_cache *cache, int64_t now_ns, size_t place_count) {
    TW_ASSERT(cache != NULL);
    size_t count = place_count < cache->place_count ? place_count : cache->place_count;
    size_t swept = 0;
    for (size_t i = 0; i <= cache->shard_mask; i++) {
        cache_shard *shard = &cache->shards[i];
        for (size_t done = 0; done < count; done += BATCH) {
            cache_removed removed = {NO_PLACE, 0};
            size_t left = count - done;
            tw_lock_acquire(&shard->lock, cache->waiter);
            swept += cache_sweep(cache, shard, now_ns, left < BATCH ? left : BATCH, &removed);
            release_and_tell(cache, shard, &removed);
        }
    }
    return swept;
}

/* ---- counting ---- */

static void add_shard(tw_cache *cache, cache_shard *shard, tw_cache_statistics *sum) {
    tw_lock_acquire(&shard->lock, cache->waiter);
    const tw_cache_statistics *counts = &shard->counts;
    sum->hits += counts->hits;
    sum->negative_hits += counts->negative_hits;
    sum->stale_hits += counts->stale_hits;
    sum->misses += counts->misses;
    sum->coalesced += counts->coalesced;
    sum->loads_ok += counts->loads_ok;
    sum->loads_failed += counts->loads_failed;
    sum->loads_unstored += counts->loads_unstored;
    sum->load_ns += counts->load_ns;
    sum->refused += counts->refused;
    for (size_t i = 0; i < TW_CACHE_CAUSE_COUNT; i++)
        sum->removed[i] += counts->removed[i];
    sum->entry_count += shard->entry_count;
    sum->weight += shard->weight;
    tw_lock_release(&shard->lock, cache->waiter);
    for (size_t i = 0; i < STRIPE_COUNT; i++) {
        const cache_stripe *stripe = &shard->stripes[i];
        sum->hits += __atomic_load_n(&stripe->hits, __ATOMIC_RELAXED);
        sum->misses += __atomic_load_n(&stripe->misses, __ATOMIC_RELAXED);
        sum->negative_hits += __atomic_load_n(&stripe->negative_hits, __ATOMIC_RELAXED);
    }
}

void tw_cache_read_statistics(tw_cache *cache, tw_cache_statistics *ret_statistics) {
    TW_ASSERT(cache != NULL && ret_statistics != NULL);
    memset(ret_statistics, 0, sizeof(*ret_statistics));
    for (size_t i = 0; i <= cache->shard_mask; i++)
        add_shard(cache, &cache->shards[i], ret_statistics);
}

/* ---- checking ---- */

/* Each entry of a list is linked both ways and found by its own key; returns their weight. */
static uint64_t check_list(const tw_cache *cache, const cache_shard *shard, size_t name) {
    const cache_list *list = &shard->lists[name];
    uint32_t previous = NO_PLACE;
    uint64_t weight = 0;
    size_t count = 0;
    for (uint32_t place = list->first; place != NO_PLACE; place = shard->nodes[place].next) {
        const cache_node *node = &shard->nodes[place];
        TW_ASSERT(node->list == name && node->previous == previous && count < list->count);
        const uint64_t *slot = slot_of(cache, shard, place);
        uint64_t size = shape_key_size(load_word(slot + WORD_SHAPE));
        tw_cache_key key = size == KEY_IS_NUMBER
                               ? tw_cache_key_number(load_word(slot + WORD_KEY))
                               : tw_cache_key_bytes(slot + WORD_KEY, (size_t)size);
        TW_ASSERT(cache_find(cache, shard, load_word(slot + WORD_HASH), key) == place);
        TW_ASSERT((int64_t)load_word(slot + WORD_DUE) <= node->expires_ns);
        weight += node->weight;
        previous = place;
        count++;
    }
    TW_ASSERT(count == list->count && previous == list->last);
    return weight;
}

static size_t count_tagged(const tw_cache *cache, const cache_shard *shard) {
    size_t count = 0;
    for (size_t i = 0; i < cache->index_count; i++) {
        uint32_t previous = NO_PLACE;
        for (uint32_t at = shard->tag_heads[i]; at != NO_PLACE; at = shard->nodes[at].tag_next) {
            TW_ASSERT(shard->nodes[at].tag_previous == previous && shard->nodes[at].tag != 0);
            TW_ASSERT(shard->nodes[at].list != LIST_NONE);
            previous = at;
            count++;
        }
    }
    return count;
}

static void check_shard(const tw_cache *cache, const cache_shard *shard) {
    uint64_t weight = 0;
    size_t count = 0;
    size_t indexed = 0;
    size_t tagged = 0;
    TW_ASSERT((shard->sequence & 1) == 0);
    for (size_t i = 0; i < LIST_COUNT; i++) {
        weight += check_list(cache, shard, i);
        count += shard->lists[i].count;
    }
    for (size_t i = 0; i < cache->index_count; i++)
        indexed += load_index(shard, i) != 0;
    for (size_t i = 0; i < cache->place_count; i++)
        tagged += shard->nodes[i].list != LIST_NONE && shard->nodes[i].tag != 0;
    TW_ASSERT(count == shard->entry_count && indexed == count && count <= shard->entry_max);
    TW_ASSERT(weight == shard->weight && weight <= cache->weight_max);
    TW_ASSERT(tagged == count_tagged(cache, shard));
    for (const cache_flight *flight = shard->flights; flight != NULL; flight = flight->next)
        TW_ASSERT(flight->listed && flight->user_count > 0);
}

void tw_cache_check(tw_cache *cache) {
    TW_ASSERT(cache != NULL);
    for (size_t i = 0; i <= cache->shard_mask; i++) {
        tw_lock_acquire(&cache->shards[i].lock, cache->waiter);
        check_shard(cache, &cache->shards[i]);
        tw_lock_release(&cache->shards[i].lock, cache->waiter);
    }
}
