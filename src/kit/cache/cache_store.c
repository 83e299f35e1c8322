/*
 * cache_store.c - entries come into their places and go from them.
 *
 * The index is open addressing, one step to the right at a time, at most half full; removing moves
 * the rest of a run back. All of this is done under the lock; what readers see of it changes inside
 * one odd stretch of the sequence (invariant 1 of cache_priv.h).
 *
 * Invariants
 *   1. No index word between the home of an entry and its own is 0.
 *   2. An entry with a tag is in the chain of tag_heads[home of the tag]; an entry without is in
 * none.
 *   3. With a removal function a removed place keeps key and value until that has returned.
 */
#include "cache_priv.h"

#include <string.h>

#define SWEEP_ON_STORE 2

static void sequence_begin(cache_shard *shard) {
    uint64_t sequence = __atomic_load_n(&shard->sequence, __ATOMIC_RELAXED);
    TW_ASSERT((sequence & 1) == 0);
    __atomic_store_n(&shard->sequence, sequence + 1, __ATOMIC_RELAXED);
}

static void sequence_end(cache_shard *shard) {
    uint64_t sequence = __atomic_load_n(&shard->sequence, __ATOMIC_RELAXED);
    store_word(&shard->sequence, sequence + 1);
}

void cache_key_write(uint64_t *words, tw_cache_key key) {
    if (key.bytes == NULL) {
        store_word(words, key.number);
        return;
    }
    size_t size = (size_t)key.number;
    for (size_t at = 0; at < size; at += 8)
        store_word(words + at / 8, word_of_bytes((const unsigned char *)key.bytes + at, size - at));
}

/* ---- the index ---- */

static uint64_t hash_of(const tw_cache *cache, const cache_shard *shard, uint32_t place) {
    return load_word(slot_of(cache, shard, place) + WORD_HASH);
}

/* Where in the index the key is; index_mask + 1 if it is not. */
static size_t index_find(const tw_cache *cache, const cache_shard *shard, uint64_t hash,
                         tw_cache_key key) {
    uint64_t shape = shape_of(key, 0, TW_OK);
    for (size_t at = hash & shard->index_mask;; at = (at + 1) & shard->index_mask) {
        uint32_t word = load_index(shard, at);
        if (word == 0)
            return shard->index_mask + 1;
        if (!index_may_be(shard, word, hash))
            continue;
        const uint64_t *slot = slot_of(cache, shard, place_in(shard, word));
        if (load_word(slot + WORD_HASH) == hash &&
            shape_key_size(load_word(slot + WORD_SHAPE)) == shape_key_size(shape) &&
            key_matches(slot + WORD_KEY, key))
            return at;
    }
}

uint32_t cache_find(const tw_cache *cache, const cache_shard *shard, uint64_t hash,
                    tw_cache_key key) {
    size_t at = index_find(cache, shard, hash, key);
    return at > shard->index_mask ? NO_PLACE : place_in(shard, load_index(shard, at));
}

static size_t index_find_place(const tw_cache *cache, const cache_shard *shard, uint32_t place) {
    size_t at = hash_of(cache, shard, place) & shard->index_mask;
    while (place_in(shard, load_index(shard, at)) != place) {
        TW_ASSERT(load_index(shard, at) != 0);
        at = (at + 1) & shard->index_mask;
    }
    return at;
}

static void index_add(cache_shard *shard, uint64_t hash, uint32_t place) {
    size_t at = hash & shard->index_mask;
    while (load_index(shard, at) != 0)
        at = (at + 1) & shard->index_mask;
    store_index(shard, at, index_word_of(shard, hash, place));
}

/* Moves back each later entry of the run whose home lets it (Knuth 6.4, algorithm R). */
static void index_remove(const tw_cache *cache, cache_shard *shard, uint32_t place) {
    size_t mask = shard->index_mask;
    size_t hole = index_find_place(cache, shard, place);
    for (size_t at = (hole + 1) & mask;; at = (at + 1) & mask) {
        uint32_t word = load_index(shard, at);
        if (word == 0)
            break;
        size_t home = hash_of(cache, shard, place_in(shard, word)) & mask;
        if (((at - home) & mask) < ((at - hole) & mask))
            continue;
        store_index(shard, hole, word);
        hole = at;
    }
    store_index(shard, hole, 0);
}

/* ---- tags ---- */

static uint32_t *tag_head(cache_shard *shard, uint64_t tag) {
    return &shard->tag_heads[(tag * UINT64_C(0x9e3779b97f4a7c15) >> 32) & shard->index_mask];
}

static void tag_link(cache_shard *shard, uint32_t place, uint64_t tag) {
    cache_node *node = &shard->nodes[place];
    node->tag = tag;
    if (tag == 0)
        return;
    uint32_t *head = tag_head(shard, tag);
    node->tag_previous = NO_PLACE;
    node->tag_next = *head;
    if (*head != NO_PLACE)
        shard->nodes[*head].tag_previous = place;
    *head = place;
}

static void tag_unlink(cache_shard *shard, uint32_t place) {
    cache_node *node = &shard->nodes[place];
    if (node->tag == 0)
        return;
    if (node->tag_previous != NO_PLACE)
        shard->nodes[node->tag_previous].tag_next = node->tag_next;
    else
        *tag_head(shard, node->tag) = node->tag_next;
    if (node->tag_next != NO_PLACE)
        shard->nodes[node->tag_next].tag_previous = node->tag_previous;
    node->tag = 0;
}

uint32_t cache_tag_find(const cache_shard *shard, uint64_t tag) {
    size_t home = (tag * UINT64_C(0x9e3779b97f4a7c15) >> 32) & shard->index_mask;
    uint32_t place = shard->tag_heads[home];
    while (place != NO_PLACE && shard->nodes[place].tag != tag)
        place = shard->nodes[place].tag_next;
    return place;
}

/* ---- going ---- */

static void free_place(cache_shard *shard, uint32_t place) {
    shard->nodes[place].next = shard->free_place;
    shard->free_place = place;
}

/* The place is in no list of the policy and not in the index any more. */
static void retire(const tw_cache *cache, cache_shard *shard, uint32_t place, tw_cache_cause cause,
                   cache_removed *removed) {
    cache_node *node = &shard->nodes[place];
    TW_ASSERT(node->list == LIST_NONE && shard->entry_count > 0);
    shard->counts.removed[cause]++;
    shard->entry_count--;
    shard->weight -= node->weight;
    tag_unlink(shard, place);
    if (cache->config.removed == NULL) {
        free_place(shard, place);
        return;
    }
    node->cause = (uint8_t)cause;
    node->next = removed->first;
    removed->first = place;
    removed->count++;
}

void cache_remove(tw_cache *cache, cache_shard *shard, uint32_t place, tw_cache_cause cause,
                  cache_removed *removed) {
    sequence_begin(shard);
    index_remove(cache, shard, place);
    sequence_end(shard);
    cache_policy_forget(shard, place);
    retire(cache, shard, place, cause, removed);
}

static void tell_one(const tw_cache *cache, const cache_shard *shard, uint32_t place) {
    const uint64_t *slot = slot_of(cache, shard, place);
    uint64_t shape = load_word(slot + WORD_SHAPE);
    bool number = shape_key_size(shape) == KEY_IS_NUMBER;
    tw_cache_removal removal = {
        .key = number ? tw_cache_key_number(load_word(slot + WORD_KEY))
                      : tw_cache_key_bytes(slot + WORD_KEY, (size_t)shape_key_size(shape)),
        .bytes = slot + WORD_KEY + cache->key_words,
        .size = shape_value_size(shape),
        .status = shape_status(shape),
        .cause = (tw_cache_cause)shard->nodes[place].cause,
    };
    cache->config.removed(cache->config.removed_context, &removal);
}

/* Nobody writes to these places before they are free again; old readers only read (invariant 3). */
void cache_tell(tw_cache *cache, cache_shard *shard, cache_removed *removed) {
    if (removed->first == NO_PLACE)
        return;
    uint32_t last = NO_PLACE;
    for (uint32_t place = removed->first; place != NO_PLACE; place = shard->nodes[place].next) {
        tell_one(cache, shard, place);
        last = place;
    }
    tw_lock_acquire(&shard->lock, cache->waiter);
    shard->nodes[last].next = shard->free_place;
    shard->free_place = removed->first;
    tw_lock_release(&shard->lock, cache->waiter);
    *removed = (cache_removed){NO_PLACE, 0};
}

bool cache_is_over(const tw_cache *cache, const cache_shard *shard, uint32_t place,
                   int64_t now_ns) {
    const cache_node *node = &shard->nodes[place];
    if (node->list == LIST_NONE || now_ns < node->expires_ns)
        return false;
    uint64_t shape = load_word(slot_of(cache, shard, place) + WORD_SHAPE);
    int64_t grace_ns = shape_status(shape) == TW_OK ? cache->config.grace_ns : 0;
    return now_ns >= later(node->expires_ns, grace_ns);
}

size_t cache_sweep(tw_cache *cache, cache_shard *shard, int64_t now_ns, size_t place_count,
                   cache_removed *removed) {
    size_t removed_count = 0;
    for (size_t i = 0; i < place_count; i++) {
        uint32_t place = shard->sweep_place;
        shard->sweep_place = place + 1 < cache->place_count ? place + 1 : 0;
        if (cache_is_over(cache, shard, place, now_ns)) {
            cache_remove(cache, shard, place, TW_CACHE_EXPIRED, removed);
            removed_count++;
        }
    }
    return removed_count;
}

/* ---- coming ---- */

/* The end of a TTL for this key: up to jitter_percent more or less, always the same. */
static int64_t expiry_of(const tw_cache *cache, uint64_t hash, const cache_item *item) {
    if (item->ttl_ns == TW_CACHE_FOREVER)
        return INT64_MAX;
    uint64_t mixed = (hash ^ cache->config.seed) * UINT64_C(0xbf58476d1ce4e5b9);
    double unit = (double)(mixed >> 11) * 0x1p-52 - 1.0; /* -1 to 1 */
    double share = unit * (double)cache->config.jitter_percent / 100.0;
    int64_t shift_ns = (int64_t)((double)item->ttl_ns * share);
    return later(item->now_ns, later(item->ttl_ns, shift_ns));
}

static int64_t due_of(const tw_cache *cache, const cache_item *item, int64_t expires_ns) {
    uint32_t percent = cache->config.refresh_percent;
    if (percent == 0 || item->status != TW_OK || expires_ns == INT64_MAX)
        return expires_ns;
    int64_t life_ns = expires_ns - item->now_ns;
    return item->now_ns + life_ns / 100 * percent + life_ns % 100 * percent / 100;
}

void cache_set_due(tw_cache *cache, cache_shard *shard, uint32_t place, int64_t due_ns) {
    sequence_begin(shard);
    store_word(slot_of(cache, shard, place) + WORD_DUE, (uint64_t)due_ns);
    sequence_end(shard);
}

static void write_slot(const tw_cache *cache, cache_shard *shard, uint32_t place, uint64_t hash,
                       tw_cache_key key, const cache_item *item) {
    uint64_t *slot = slot_of(cache, shard, place);
    int64_t expires_ns = expiry_of(cache, hash, item);
    store_word(slot + WORD_HASH, hash);
    store_word(slot + WORD_SHAPE, shape_of(key, item->size, item->status));
    store_word(slot + WORD_DUE, (uint64_t)due_of(cache, item, expires_ns));
    cache_key_write(slot + WORD_KEY, key);
    uint64_t *value = slot + WORD_KEY + cache->key_words;
    for (size_t at = 0; at < item->size; at += 8) {
        uint64_t word = 0;
        memcpy(&word, (const unsigned char *)item->bytes + at,
               item->size - at < 8 ? item->size - at : 8);
        store_word(value + at / 8, word);
    }
    cache_node *node = &shard->nodes[place];
    node->expires_ns = expires_ns;
    node->retry_ns = INT64_MIN;
    node->weight = item->weight;
}

static void evict_down(tw_cache *cache, cache_shard *shard, cache_removed *removed) {
    uint32_t candidate = cache_policy_candidate(cache, shard);
    while (shard->entry_count > shard->entry_max || shard->weight > cache->weight_max) {
        tw_cache_cause cause = shard->entry_count > shard->entry_max ? TW_CACHE_EVICTED_COUNT
                                                                     : TW_CACHE_EVICTED_WEIGHT;
        uint32_t victim = cache_policy_victim(cache, shard, candidate);
        if (victim == candidate)
            candidate = NO_PLACE;
        cache_remove(cache, shard, victim, cause, removed);
        cache_policy_disturb(shard);
    }
}

tw_status cache_store(tw_cache *cache, cache_shard *shard, uint64_t hash, tw_cache_key key,
                      const cache_item *item, cache_removed *removed) {
    TW_ASSERT(item->weight > 0 && item->size <= cache->config.value_size_max);
    if (item->weight > cache->weight_max || shard->free_place == NO_PLACE) {
        shard->counts.refused++;
        return TW_FULL;
    }
    cache_policy_drain(cache, shard);
    uint32_t place = shard->free_place;
    shard->free_place = shard->nodes[place].next;
    size_t old_at = index_find(cache, shard, hash, key);
    sequence_begin(shard);
    write_slot(cache, shard, place, hash, key, item);
    uint32_t old_place = NO_PLACE;
    if (old_at > shard->index_mask) {
        index_add(shard, hash, place);
    } else {
        old_place = place_in(shard, load_index(shard, old_at));
        store_index(shard, old_at, index_word_of(shard, hash, place));
    }
    sequence_end(shard);
    tag_link(shard, place, item->tag);
    shard->entry_count++;
    shard->weight += item->weight;
    if (old_place == NO_PLACE) {
        cache_policy_insert(cache, shard, place);
    } else {
        cache_policy_replace(shard, old_place, place);
        cache_policy_access(cache, shard, place);
        retire(cache, shard, old_place, TW_CACHE_REPLACED, removed);
    }
    cache_sweep(cache, shard, item->now_ns, SWEEP_ON_STORE, removed);
    evict_down(cache, shard, removed);
    return TW_OK;
}
