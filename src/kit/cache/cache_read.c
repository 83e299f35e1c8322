/*
 * cache_read.c - looking for a key, mostly without a lock.
 *
 * A reader takes no lock: he notes the shard's sequence, follows the index to a slot, copies the
 * value, and believes what he has read if the sequence is even and still the same (invariant 1 of
 * cache_priv.h). One comparison with the slot's due time decides whether the entry is simply fresh;
 * whatever is not simple (expired, to be refreshed, changed meanwhile) is looked at again under
 * the lock. A hit is counted by one atomic addition, whose old value also says where the hit is
 * recorded for the policy.
 */
#include "cache_priv.h"

#include <string.h>

#define READ_TRIES 4
#define TAKE_OVER_HITS 1024

/* ---- finding the shard ---- */

static uint64_t folded(uint64_t a, uint64_t b) {
    __extension__ unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Multiply and fold, a word at a time; the size comes in with the seed. */
static uint64_t hash_bytes(uint64_t seed, tw_cache_key key) {
    const unsigned char *bytes = key.bytes;
    size_t left = (size_t)key.number;
    uint64_t hash = seed ^ (left + 1) * UINT64_C(0x9e3779b97f4a7c15);
    for (; left > 8; left -= 8, bytes += 8)
        hash = folded(hash ^ word_of_bytes(bytes, left), UINT64_C(0xa0761d6478bd642f));
    return folded(hash ^ word_of_bytes(bytes, left), UINT64_C(0xe7037ed1a0b428db));
}

/* Numbers: the finaliser of MurmurHash3 (Austin Appleby), which maps no two to the same hash. */
static uint64_t hash_of(const tw_cache *cache, tw_cache_key key) {
    if (key.bytes != NULL)
        return hash_bytes(cache->config.seed, key);
    uint64_t hash = key.number ^ cache->config.seed;
    hash ^= hash >> 33;
    hash *= UINT64_C(0xff51afd7ed558ccd);
    hash ^= hash >> 33;
    hash *= UINT64_C(0xc4ceb9fe1a85ec53);
    return hash ^ hash >> 33;
}

/* The index uses the lowest bits for homes and compares the upper half; the shard comes from the
 * top. */
cache_call cache_call_of(tw_cache *cache, tw_cache_key key, int64_t now_ns,
                         tw_cache_value *ret_value) {
    uint64_t hash = hash_of(cache, key);
    return (cache_call){
        .cache = cache,
        .shard = &cache->shards[(hash >> 56) & cache->shard_mask],
        .hash = hash,
        .key = key,
        .now_ns = now_ns,
        .value = ret_value,
        .known = TW_EMPTY,
        .removed = {NO_PLACE, 0},
    };
}
_Static_assert(TW_CACHE_SHARD_MAX <= 256, "the shard is in the top eight bits");

/* ---- reading ---- */

/* Not the owner of his home stripe: the one he owns, a free one, or his home together with its
 * owner. That may be a thread which is gone: now and then the home is taken over. */
static __attribute__((noinline)) cache_stripe *stripe_elsewhere(cache_shard *shard, uint64_t who,
                                                                uint64_t home) {
    for (uint64_t i = 0; i < STRIPE_COUNT; i++) {
        uint64_t at = (home + i) % STRIPE_COUNT;
        uint64_t owner = __atomic_load_n(&shard->owners[at], __ATOMIC_RELAXED);
        if (owner == 0 && __atomic_compare_exchange_n(&shard->owners[at], &owner, who, false,
                                                      __ATOMIC_RELAXED, __ATOMIC_RELAXED))
            return &shard->stripes[at];
        if (owner == who)
            return &shard->stripes[at];
    }
    cache_stripe *stripe = &shard->stripes[home];
    if (__atomic_load_n(&stripe->hits, __ATOMIC_RELAXED) % TAKE_OVER_HITS == 0)
        __atomic_store_n(&shard->owners[home], who, __ATOMIC_RELAXED);
    return stripe;
}

/* Any stripe is right, but threads that share one slow each other down. Who somebody is, his stack
 * tells well enough: 64 KB of it. */
static inline cache_stripe *stripe_of(cache_shard *shard) {
    uint64_t who = (uint64_t)(uintptr_t)__builtin_frame_address(0) >> 16;
    uint64_t home = who * UINT64_C(0x9e3779b97f4a7c15) >> 61;
    if (__builtin_expect(__atomic_load_n(&shard->owners[home], __ATOMIC_RELAXED) == who, 1))
        return &shard->stripes[home];
    return stripe_elsewhere(shard, who, home);
}
_Static_assert(STRIPE_COUNT == 1 << (64 - 61), "the bits that stripe_of takes");

static inline void count_one(uint64_t *counter) {
    __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

static __attribute__((noinline)) void drain_own(tw_cache *cache, cache_shard *shard,
                                                cache_stripe *stripe, uint32_t shift) {
    if (!tw_lock_try(&shard->lock))
        return; /* whoever has it may drain; what is overwritten till then is lost */
    cache_policy_drain_stripe(cache, shard, stripe);
    cache_policy_calm(shard, (size_t)RECORD_COUNT << shift);
    tw_lock_release(&shard->lock, cache->waiter);
}

static inline void count_hit(tw_cache *cache, cache_shard *shard, uint32_t place) {
    cache_stripe *stripe = stripe_of(shard);
    uint64_t number = __atomic_fetch_add(&stripe->hits, 1, __ATOMIC_RELAXED);
    uint32_t shift = __atomic_load_n(&shard->record_shift, __ATOMIC_RELAXED);
    uint64_t position = number >> shift;
    if (position << shift != number)
        return;
    __atomic_store_n(&stripe->records[position % RECORD_COUNT], place + 1, __ATOMIC_RELAXED);
    if (position % RECORD_COUNT == RECORD_COUNT - 1)
        drain_own(cache, shard, stripe, shift);
}

static inline tw_status copy_out(const uint64_t *words, size_t size, tw_cache_value *ret_value) {
    ret_value->size = size;
    if (size > ret_value->capacity)
        return TW_OVERFLOW;
    unsigned char *bytes = ret_value->bytes;
    size_t at = 0;
    for (; at + 8 <= size; at += 8) {
        uint64_t word = load_word(words + at / 8);
        memcpy(bytes + at, &word, 8);
    }
    if (at < size) {
        uint64_t word = load_word(words + at / 8);
        memcpy(bytes + at, &word, size - at);
    }
    return TW_OK;
}

static inline bool slot_matches(const uint64_t *slot, uint64_t shape, const cache_call *call) {
    if (call->key.bytes == NULL)
        return shape_key_size(shape) == KEY_IS_NUMBER &&
               load_word(slot + WORD_KEY) == call->key.number;
    return shape_key_size(shape) == call->key.number && key_matches(slot + WORD_KEY, call->key);
}

/* What the slot says, as far as it is simple. All that is read here may be torn between words. */
static inline cache_answer read_slot(const cache_call *call, const uint64_t *slot, uint64_t shape) {
    if (call->now_ns >= (int64_t)load_word(slot + WORD_DUE))
        return (cache_answer){CACHE_UNDECIDED, TW_OK};
    tw_status status = shape_status(shape);
    if (status != TW_OK)
        return (cache_answer){CACHE_NEGATIVE, status};
    status =
        copy_out(slot + WORD_KEY + call->cache->key_words, shape_value_size(shape), call->value);
    return (cache_answer){CACHE_HIT, status};
}

/* One attempt. The count of steps is bounded because an index seen in the middle of a change may
 * show no end. */
static inline cache_answer read_once(const cache_call *call, uint32_t *ret_place) {
    const cache_shard *shard = call->shard;
    uint64_t mask = shard->index_mask;
    for (uint64_t step = 0; step <= mask; step++) {
        uint32_t word = load_index(shard, (call->hash + step) & mask);
        if (word == 0)
            return (cache_answer){CACHE_MISS, TW_EMPTY};
        if (!index_may_be(shard, word, call->hash))
            continue;
        *ret_place = place_in(shard, word);
        const uint64_t *slot = slot_of(call->cache, shard, *ret_place);
        uint64_t shape = load_word(slot + WORD_SHAPE);
        if (load_word(slot + WORD_HASH) == call->hash && slot_matches(slot, shape, call))
            return read_slot(call, slot, shape);
    }
    return (cache_answer){CACHE_UNDECIDED, TW_OK};
}

cache_answer cache_look_fast(const cache_call *call) {
    cache_shard *shard = call->shard;
    for (int i = 0; i < READ_TRIES; i++) {
        uint64_t sequence = load_word(&shard->sequence);
        if ((sequence & 1) != 0)
            continue;
        uint32_t place = 0;
        cache_answer answer = read_once(call, &place);
        if (__atomic_load_n(&shard->sequence, __ATOMIC_RELAXED) != sequence)
            continue;
        if (answer.outcome == CACHE_HIT)
            count_hit(call->cache, shard, place);
        else if (answer.outcome == CACHE_NEGATIVE)
            count_one(&stripe_of(shard)->negative_hits);
        return answer;
    }
    return (cache_answer){CACHE_UNDECIDED, TW_OK};
}

static cache_answer look_fresh(cache_call *call, uint32_t place) {
    cache_shard *shard = call->shard;
    const uint64_t *slot = slot_of(call->cache, shard, place);
    uint64_t shape = load_word(slot + WORD_SHAPE);
    int64_t expires_ns = shard->nodes[place].expires_ns;
    cache_policy_access(call->cache, shard, place);
    if (shape_status(shape) != TW_OK) {
        shard->counts.negative_hits++;
        return (cache_answer){CACHE_NEGATIVE, shape_status(shape)};
    }
    shard->counts.hits++;
    if (call->now_ns >= (int64_t)load_word(slot + WORD_DUE)) {
        call->value->refresh = true; /* this one, and from now on nobody else */
        cache_set_due(call->cache, shard, place, expires_ns);
    }
    const uint64_t *words = slot + WORD_KEY + call->cache->key_words;
    return (cache_answer){CACHE_HIT, copy_out(words, shape_value_size(shape), call->value)};
}

cache_answer cache_look(cache_call *call, bool take_stale) {
    tw_cache *cache = call->cache;
    cache_shard *shard = call->shard;
    uint32_t place = cache_find(cache, shard, call->hash, call->key);
    if (place == NO_PLACE)
        return (cache_answer){CACHE_MISS, TW_EMPTY};
    const cache_node *node = &shard->nodes[place];
    if (call->now_ns < node->expires_ns)
        return look_fresh(call, place);
    if (cache_is_over(cache, shard, place, call->now_ns)) {
        cache_remove(cache, shard, place, TW_CACHE_EXPIRED, &call->removed);
        return (cache_answer){CACHE_MISS, TW_EMPTY};
    }
    if (!take_stale && call->now_ns >= node->retry_ns)
        return (cache_answer){CACHE_MISS, TW_EMPTY};
    const uint64_t *slot = slot_of(cache, shard, place);
    call->value->stale = true;
    shard->counts.stale_hits++;
    cache_policy_access(cache, shard, place);
    return (cache_answer){CACHE_HIT,
                          copy_out(slot + WORD_KEY + cache->key_words,
                                   shape_value_size(load_word(slot + WORD_SHAPE)), call->value)};
}

static tw_status get_slowly(cache_call *call, bool take_stale) {
    tw_lock_acquire(&call->shard->lock, call->cache->waiter);
    cache_answer answer = cache_look(call, take_stale);
    call->shard->counts.misses += answer.outcome == CACHE_MISS;
    tw_lock_release(&call->shard->lock, call->cache->waiter);
    cache_tell(call->cache, call->shard, &call->removed);
    return answer.status;
}

static inline tw_status get(tw_cache *cache, tw_cache_key key, int64_t now_ns, bool take_stale,
                            tw_cache_value *ret_value) {
    TW_ASSERT(cache != NULL && ret_value != NULL);
    ret_value->stale = false;
    ret_value->refresh = false;
    cache_call call = cache_call_of(cache, key, now_ns, ret_value);
    cache_answer answer = {CACHE_MISS, TW_EMPTY};
    if (key_fits(cache, key))
        answer = cache_look_fast(&call);
    if (answer.outcome == CACHE_UNDECIDED)
        return get_slowly(&call, take_stale);
    if (answer.outcome == CACHE_MISS)
        count_one(&stripe_of(call.shard)->misses);
    return answer.status;
}

tw_status tw_cache_get(tw_cache *cache, tw_cache_key key, int64_t now_ns,
                       tw_cache_value *ret_value) {
    return get(cache, key, now_ns, false, ret_value);
}

tw_status tw_cache_get_stale(tw_cache *cache, tw_cache_key key, int64_t now_ns,
                             tw_cache_value *ret_value) {
    return get(cache, key, now_ns, true, ret_value);
}
