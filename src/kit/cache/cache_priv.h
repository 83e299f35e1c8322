/*
 * cache_priv.h - what the files of the cache share: a shard, its places, and who may touch them.
 *
 * An entry lies in a place, a number from 0 on, and has two halves. Its slot holds what readers
 * need (hash, shape, time, key, value) as words of 64 bits; its node holds what only the owner of
 * the shard's lock needs (times, weight, lists). The index maps hashes to places.
 *
 * Invariants
 *   1. Index and slots change only under the lock and between sequence_begin and sequence_end,
 *      where the sequence is odd. All their words are stored with release and loaded with acquire,
 *      so a reader who has seen one word of a change sees the odd or a later sequence after it, and
 *      discards what he has read (Boehm, Can Seqlocks Get Along With Programming Language Memory
 *      Models?, 2012). Single words are never torn: sizes that are read lie within their bounds.
 *   2. A place is in exactly one of: a list of the policy (and in the index), the free list, or
 *      the removed list of one call, which tells about it and then frees it.
 *   3. entry_count <= entry_max and weight <= weight_max whenever the lock is free.
 *   4. A flight in the list of its shard may be joined and may store. Whoever changes or drops its
 *      key, prefix or tag takes it from the list before he returns.
 */
#ifndef TRADEWIND_CACHE_PRIV_H
#define TRADEWIND_CACHE_PRIV_H

#include <string.h>

#include "tradewind/cache.h"

#define LINE_PAIR 128
#define SLOT_ALIGNMENT 64
#define NO_PLACE UINT32_MAX
#define STRIPE_COUNT 8
#define RECORD_COUNT 16      /* hits in a stripe until they are told to the policy */
#define CALM_RECORD_SHIFT 6u /* while nothing is evicted one hit in 64 is recorded */
#define SPARE_COUNT 64       /* places of a shard beyond its entry_max, for removals being told */

/* The first words of a slot; key and value follow. */
enum { WORD_HASH, WORD_SHAPE, WORD_DUE, WORD_KEY };

#define KEY_IS_NUMBER UINT64_C(0xffff) /* in place of the size of a byte key */

enum list_name { LIST_WINDOW, LIST_PROBATION, LIST_PROTECTED, LIST_COUNT, LIST_NONE = LIST_COUNT };

typedef struct cache_node {
    uint32_t previous;
    uint32_t next; /* also in the free list and in removed lists */
    uint32_t tag_previous;
    uint32_t tag_next;
    uint64_t tag;
    int64_t expires_ns;
    int64_t retry_ns; /* expired and failed to load: not again before */
    uint32_t weight;
    uint8_t list;
    uint8_t cause; /* in a removed list */
} cache_node;

typedef struct cache_list {
    uint32_t first; /* most recent */
    uint32_t last;
    size_t count;
} cache_list;

/* Counters and recent hits of the threads that fall on it; see stripe_of. */
typedef struct cache_stripe {
    _Alignas(LINE_PAIR) uint64_t hits; /* also the position of the next record */
    uint64_t misses;
    uint64_t negative_hits;
    uint64_t drained_hits;          /* under the lock */
    uint32_t records[RECORD_COUNT]; /* place + 1, or 0 */
} cache_stripe;

/* One load and those who wait for it. */
typedef struct cache_flight {
    struct cache_flight *next; /* in the list of those that may be joined, or of free ones */
    uint64_t hash;
    uint64_t shape; /* of the key */
    uint64_t *key;
    uint64_t *value;
    size_t size;
    uint64_t tag;
    uint32_t done; /* the word that is waited on */
    uint32_t user_count;
    tw_status status;
    bool stale;
    bool listed; /* invariant 4 */
} cache_flight;

typedef struct cache_sketch {
    uint64_t *words;
    uint64_t block_mask;
    size_t word_count;
    uint64_t additions;
} cache_sketch;

typedef struct cache_shard {
    /* What readers read. */
    _Alignas(LINE_PAIR) uint64_t sequence;
    uint32_t *index; /* place + 1, and above place_mask bits of the hash; 0 is free */
    uint64_t index_mask;
    uint32_t place_mask;
    uint64_t *slots;
    uint32_t record_shift;         /* one hit in 2 to this is recorded */
    uint64_t owners[STRIPE_COUNT]; /* of the stripes: parts of stacks, 0 for none yet */
    /* What the owner of the lock has. */
    _Alignas(LINE_PAIR) tw_lock lock;
    uint32_t free_place;
    uint32_t sweep_place;
    cache_node *nodes;
    uint32_t *tag_heads; /* index_mask + 1 of them */
    cache_list lists[LIST_COUNT];
    size_t entry_count;
    size_t entry_max;
    uint64_t weight;
    uint64_t calm_hits; /* since the last eviction */
    uint64_t tie_breaker;
    cache_sketch sketch;
    cache_flight *flights;
    cache_flight *free_flights;
    tw_cache_statistics counts;
    cache_stripe stripes[STRIPE_COUNT];
} cache_shard;

struct tw_cache {
    tw_cache_config config;
    const tw_allocator *allocator;
    const tw_waiter *waiter;
    cache_shard *shards;
    size_t shard_mask;
    size_t slot_words;
    size_t key_words;
    size_t place_count; /* of each shard */
    size_t index_count;
    size_t sketch_words;
    size_t flight_words;
    uint64_t weight_max; /* of each shard; UINT64_MAX: none */
    uint32_t *index_memory;
    uint64_t *slot_memory;
    cache_node *node_memory;
    uint32_t *tag_memory;
    uint64_t *sketch_memory;
    cache_flight *flight_memory;
    uint64_t *flight_word_memory;
};

/* A place that one call has removed and has yet to tell about (invariant 2). */
typedef struct cache_removed {
    uint32_t first;
    size_t count;
} cache_removed;

/* What is to be stored. */
typedef struct cache_item {
    const void *bytes;
    size_t size;
    tw_status status;
    int64_t now_ns;
    int64_t ttl_ns;
    uint32_t weight;
    uint64_t tag;
} cache_item;

enum cache_outcome { CACHE_MISS, CACHE_HIT, CACHE_NEGATIVE, CACHE_UNDECIDED };

typedef struct cache_answer {
    enum cache_outcome outcome;
    tw_status status; /* what to say, unless it is a miss */
} cache_answer;

/* What one call carries from step to step. */
typedef struct cache_call {
    tw_cache *cache;
    cache_shard *shard;
    uint64_t hash;
    tw_cache_key key;
    int64_t now_ns;
    tw_cache_value *value;
    tw_status known; /* what it would say without loading; TW_EMPTY: nothing */
    cache_removed removed;
} cache_call;

static inline uint64_t load_word(const uint64_t *word) {
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline void store_word(uint64_t *word, uint64_t value) {
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static inline uint32_t load_index(const cache_shard *shard, size_t at) {
    return __atomic_load_n(&shard->index[at], __ATOMIC_ACQUIRE);
}

static inline void store_index(cache_shard *shard, size_t at, uint32_t word) {
    __atomic_store_n(&shard->index[at], word, __ATOMIC_RELEASE);
}

static inline uint32_t index_word_of(const cache_shard *shard, uint64_t hash, uint32_t place) {
    return ((uint32_t)(hash >> 32) & ~shard->place_mask) | (place + 1);
}

static inline uint32_t place_in(const cache_shard *shard, uint32_t word) {
    return (word & shard->place_mask) - 1;
}

/* Whether a word that is not 0 may be of an entry with this hash. */
static inline bool index_may_be(const cache_shard *shard, uint32_t word, uint64_t hash) {
    return ((word ^ (uint32_t)(hash >> 32)) & ~shard->place_mask) == 0;
}

static inline uint64_t *slot_of(const tw_cache *cache, const cache_shard *shard, uint32_t place) {
    return shard->slots + (size_t)place * cache->slot_words;
}

/* The shape of an entry: bytes of the value, of the key (or that it is a number), and status. */
static inline uint64_t shape_of(tw_cache_key key, size_t value_size, tw_status status) {
    uint64_t key_size = key.bytes == NULL ? KEY_IS_NUMBER : key.number;
    return (uint64_t)value_size | key_size << 32 | (uint64_t)(-(int)status) << 48;
}

static inline size_t shape_value_size(uint64_t shape) {
    return (size_t)(shape & UINT32_MAX);
}

static inline uint64_t shape_key_size(uint64_t shape) {
    return shape >> 32 & 0xffff;
}

static inline tw_status shape_status(uint64_t shape) {
    return (tw_status)(-(int)(shape >> 48));
}

static inline bool key_fits(const tw_cache *cache, tw_cache_key key) {
    return key.bytes == NULL || key.number <= cache->config.key_size_max;
}

/* The first bytes, eight at most, as they lie in memory, the rest 0. Two loads that overlap take
 * the place of a copy of unknown size. */
static inline uint64_t word_of_bytes(const unsigned char *bytes, size_t size) {
    uint64_t word = 0;
    if (size >= 8) {
        memcpy(&word, bytes, 8);
        return word;
    }
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    if (size >= 4) {
        uint32_t first = 0;
        uint32_t last = 0;
        memcpy(&first, bytes, 4);
        memcpy(&last, bytes + size - 4, 4);
        return first | (uint64_t)last << (size - 4) * 8;
    }
    for (size_t i = 0; i < size; i++)
        word |= (uint64_t)bytes[i] << i * 8;
#else
    memcpy(&word, bytes, size);
#endif
    return word;
}

/* `words` are those of a key that has the same shape. */
static inline bool key_matches(const uint64_t *words, tw_cache_key key) {
    if (key.bytes == NULL)
        return load_word(words) == key.number;
    const unsigned char *bytes = (const unsigned char *)key.bytes;
    size_t size = (size_t)key.number;
    for (size_t at = 0; at < size; at += 8) {
        if (load_word(words + at / 8) != word_of_bytes(bytes + at, size - at))
            return false;
    }
    return true;
}

static inline int64_t later(int64_t time_ns, int64_t span_ns) {
    int64_t sum = 0;
    return __builtin_add_overflow(time_ns, span_ns, &sum) ? INT64_MAX : sum;
}

/* cache_read.c */
cache_call cache_call_of(tw_cache *cache, tw_cache_key key, int64_t now_ns,
                         tw_cache_value *ret_value);
/* Without the lock; CACHE_UNDECIDED: look under it. Counts what it decides. */
cache_answer cache_look_fast(const cache_call *call);
/* With the lock. Counts hits, but not misses. */
cache_answer cache_look(cache_call *call, bool take_stale);

/* cache_store.c: the shard's lock is held, but by cache_tell. */
uint32_t cache_find(const tw_cache *cache, const cache_shard *shard, uint64_t hash,
                    tw_cache_key key);
void cache_key_write(uint64_t *words, tw_cache_key key);
tw_status cache_store(tw_cache *cache, cache_shard *shard, uint64_t hash, tw_cache_key key,
                      const cache_item *item, cache_removed *removed);
void cache_remove(tw_cache *cache, cache_shard *shard, uint32_t place, tw_cache_cause cause,
                  cache_removed *removed);
/* Sets from when on readers of the place must look under the lock. */
void cache_set_due(tw_cache *cache, cache_shard *shard, uint32_t place, int64_t due_ns);
/* Expired, and the grace is over. */
bool cache_is_over(const tw_cache *cache, const cache_shard *shard, uint32_t place, int64_t now_ns);
/* One entry of the tag, or NO_PLACE. */
uint32_t cache_tag_find(const cache_shard *shard, uint64_t tag);
size_t cache_sweep(tw_cache *cache, cache_shard *shard, int64_t now_ns, size_t place_count,
                   cache_removed *removed);
/* Calls the removal function for what was removed, and frees it. The lock is not held. */
void cache_tell(tw_cache *cache, cache_shard *shard, cache_removed *removed);

/* cache_policy.c: the lock is held. */
void cache_policy_insert(const tw_cache *cache, cache_shard *shard, uint32_t place);
void cache_policy_replace(cache_shard *shard, uint32_t old_place, uint32_t new_place);
void cache_policy_access(const tw_cache *cache, cache_shard *shard, uint32_t place);
void cache_policy_forget(cache_shard *shard, uint32_t place);
/* Moves what has outgrown the window; the last one moved, the candidate, or NO_PLACE. */
uint32_t cache_policy_candidate(const tw_cache *cache, cache_shard *shard);
/* Which one has to go. */
uint32_t cache_policy_victim(const tw_cache *cache, cache_shard *shard, uint32_t candidate);
void cache_policy_drain(const tw_cache *cache, cache_shard *shard);
void cache_policy_drain_stripe(const tw_cache *cache, cache_shard *shard, cache_stripe *stripe);
/* Hits that were drained by hitting, and evictions, decide how many hits are recorded. */
void cache_policy_calm(cache_shard *shard, size_t hit_count);
void cache_policy_disturb(cache_shard *shard);

/* cache_sketch.c */
void cache_sketch_init(cache_sketch *sketch, uint64_t *words, size_t word_count);
void cache_sketch_add(cache_sketch *sketch, uint64_t hash, size_t entry_count);
unsigned cache_sketch_estimate(const cache_sketch *sketch, uint64_t hash);

/* cache_load.c: the lock is held. */
void cache_flights_end_key(cache_shard *shard, uint64_t hash, tw_cache_key key);
void cache_flights_end_tag(cache_shard *shard, uint64_t tag);
void cache_flights_end_prefix(cache_shard *shard, const void *prefix, size_t size);
void cache_flights_end_all(cache_shard *shard);

#endif
