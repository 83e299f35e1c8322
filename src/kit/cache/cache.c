/*
 * cache.c - making a cache, reading it, and putting into it.
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
#define SHARD_ENTRY_COUNT 4096 /* of each shard, if their count is left to the cache */
#define SHARD_COUNT_CHOSEN 16
#define SKETCH_WORDS_MIN 8
#define TAKE_OVER_HITS 1024

/* ---- making ---- */

tw_cache_config tw_cache_config_default(void) {
    return (tw_cache_config){
        .entry_max = 10000,
        .key_size_max = 32,
        .value_size_max = 64,
        .load_max = 16,
        .policy = TW_CACHE_TINYLFU,
        .ttl_ns = INT64_C(60000000000),
        .missing_ttl_ns = INT64_C(5000000000),
        .jitter_percent = 10,
    };
}

static bool sizes_are_valid(const tw_cache_config *config) {
    if (config->entry_max == 0 || config->entry_max > TW_CACHE_ENTRY_MAX)
        return false;
    if (config->key_size_max > TW_CACHE_KEY_SIZE_MAX)
        return false;
    if (config->value_size_max == 0 || config->value_size_max > TW_CACHE_VALUE_SIZE_MAX)
        return false;
    if (config->load_max == 0 || config->load_max > TW_CACHE_LOAD_MAX)
        return false;
    if (config->shard_count > TW_CACHE_SHARD_MAX || config->shard_count > config->entry_max)
        return false;
    if (config->weight_max != 0 && config->weight_max < config->shard_count)
        return false;
    return (config->shard_count & (config->shard_count - 1)) == 0 || config->shard_count == 0;
}

static bool times_are_valid(const tw_cache_config *config) {
    return config->ttl_ns > 0 && config->missing_ttl_ns >= 0 && config->error_ttl_ns >= 0 &&
           config->grace_ns >= 0 && config->jitter_percent <= 50 && config->refresh_percent <= 99;
}

static size_t power_of_two_at_least(size_t count) {
    size_t power = 1;
    while (power < count)
        power *= 2;
    return power;
}

static size_t shards_for(const tw_cache_config *config) {
    if (config->shard_count > 0)
        return config->shard_count;
    size_t count = SHARD_COUNT_CHOSEN;
    while (count > 1 && (config->entry_max / count < SHARD_ENTRY_COUNT ||
                         (config->weight_max != 0 && config->weight_max < count)))
        count /= 2;
    return count;
}

static void set_sizes(tw_cache *cache) {
    const tw_cache_config *config = &cache->config;
    size_t shard_count = cache->shard_mask + 1;
    size_t entry_max = config->entry_max / shard_count;
    size_t value_words = (config->value_size_max + 7) / 8;
    cache->key_words = config->key_size_max <= 8 ? 1 : (config->key_size_max + 7) / 8;
    size_t line_words = SLOT_ALIGNMENT / sizeof(uint64_t);
    cache->slot_words = (WORD_KEY + cache->key_words + value_words + line_words - 1) / line_words;
    cache->slot_words *= line_words;
    cache->place_count = entry_max + (config->removed == NULL ? 1 : SPARE_COUNT);
    cache->index_count = power_of_two_at_least(2 * cache->place_count);
    cache->sketch_words = power_of_two_at_least(entry_max);
    if (cache->sketch_words < SKETCH_WORDS_MIN)
        cache->sketch_words = SKETCH_WORDS_MIN;
    cache->flight_words = cache->key_words + value_words;
    cache->weight_max =
        config->weight_max == 0 ? UINT64_MAX : config->weight_max / (uint64_t)shard_count;
}

/* How often each block is repeated: for every shard, or every shard's flight. */
static tw_status take_memory(tw_cache *cache) {
    const tw_allocator *allocator = cache->allocator;
    size_t shard_count = cache->shard_mask + 1;
    size_t flight_count = shard_count * cache->config.load_max;
    cache->shards = TW_NEW(allocator, shard_count, cache_shard);
    cache->index_memory =
        tw_allocate(allocator, shard_count * cache->index_count, sizeof(uint32_t), SLOT_ALIGNMENT);
    cache->slot_memory = tw_allocate(allocator, shard_count * cache->place_count,
                                     cache->slot_words * sizeof(uint64_t), SLOT_ALIGNMENT);
    cache->node_memory = TW_NEW(allocator, shard_count * cache->place_count, cache_node);
    cache->tag_memory = TW_NEW(allocator, shard_count * cache->index_count, uint32_t);
    cache->sketch_memory =
        tw_allocate(allocator, shard_count * cache->sketch_words, sizeof(uint64_t), SLOT_ALIGNMENT);
    cache->flight_memory = TW_NEW(allocator, flight_count, cache_flight);
    cache->flight_word_memory = TW_NEW(allocator, flight_count * cache->flight_words, uint64_t);
    bool all = cache->shards != NULL && cache->index_memory != NULL && cache->slot_memory != NULL &&
               cache->node_memory != NULL && cache->tag_memory != NULL &&
               cache->sketch_memory != NULL && cache->flight_memory != NULL &&
               cache->flight_word_memory != NULL;
    return all ? TW_OK : TW_NO_MEMORY;
}

static void give_memory_back(tw_cache *cache) {
    const tw_allocator *allocator = cache->allocator;
    size_t shard_count = cache->shard_mask + 1;
    size_t flight_count = shard_count * cache->config.load_max;
    TW_DELETE(allocator, cache->shards, shard_count, cache_shard);
    tw_release(allocator, cache->index_memory, shard_count * cache->index_count, sizeof(uint32_t),
               SLOT_ALIGNMENT);
    tw_release(allocator, cache->slot_memory, shard_count * cache->place_count,
               cache->slot_words * sizeof(uint64_t), SLOT_ALIGNMENT);
    TW_DELETE(allocator, cache->node_memory, shard_count * cache->place_count, cache_node);
    TW_DELETE(allocator, cache->tag_memory, shard_count * cache->index_count, uint32_t);
    tw_release(allocator, cache->sketch_memory, shard_count * cache->sketch_words, sizeof(uint64_t),
               SLOT_ALIGNMENT);
    TW_DELETE(allocator, cache->flight_memory, flight_count, cache_flight);
    TW_DELETE(allocator, cache->flight_word_memory, flight_count * cache->flight_words, uint64_t);
    TW_DELETE(allocator, cache, 1, tw_cache);
}

static void init_places(tw_cache *cache, cache_shard *shard) {
    for (size_t i = 0; i < cache->index_count; i++)
        shard->tag_heads[i] = NO_PLACE;
    for (size_t i = 0; i < cache->place_count; i++) {
        shard->nodes[i].list = LIST_NONE;
        shard->nodes[i].next = i + 1 < cache->place_count ? (uint32_t)i + 1 : NO_PLACE;
    }
    shard->free_place = 0;
    for (size_t i = 0; i < LIST_COUNT; i++)
        shard->lists[i] = (cache_list){NO_PLACE, NO_PLACE, 0};
}

static void init_shard(tw_cache *cache, size_t at) {
    cache_shard *shard = &cache->shards[at];
    shard->index = cache->index_memory + at * cache->index_count;
    shard->index_mask = cache->index_count - 1;
    shard->place_mask = (uint32_t)power_of_two_at_least(cache->place_count + 1) - 1;
    shard->slots = cache->slot_memory + at * cache->place_count * cache->slot_words;
    shard->nodes = cache->node_memory + at * cache->place_count;
    shard->tag_heads = cache->tag_memory + at * cache->index_count;
    shard->entry_max = cache->config.entry_max / (cache->shard_mask + 1);
    init_places(cache, shard);
    cache_sketch_init(&shard->sketch, cache->sketch_memory + at * cache->sketch_words,
                      cache->sketch_words);
    for (size_t i = 0; i < cache->config.load_max; i++) {
        size_t number = at * cache->config.load_max + i;
        cache_flight *flight = &cache->flight_memory[number];
        flight->key = cache->flight_word_memory + number * cache->flight_words;
        flight->value = flight->key + cache->key_words;
        flight->next = shard->free_flights;
        shard->free_flights = flight;
    }
}

tw_status tw_cache_new(const tw_allocator *allocator, const tw_cache_config *config,
                       const tw_waiter *waiter, tw_cache **ret_cache) {
    TW_ASSERT(config != NULL && ret_cache != NULL);
    TW_ASSERT(config->policy <= TW_CACHE_FIFO);
    if (!sizes_are_valid(config) || !times_are_valid(config))
        return TW_RANGE;
    tw_cache *cache = TW_NEW(allocator, 1, tw_cache);
    if (cache == NULL)
        return TW_NO_MEMORY;
    cache->allocator = allocator;
    cache->config = *config;
    cache->waiter = waiter;
    cache->shard_mask = shards_for(config) - 1;
    set_sizes(cache);
    tw_status status = take_memory(cache);
    if (status != TW_OK) {
        give_memory_back(cache);
        return status;
    }
    for (size_t i = 0; i <= cache->shard_mask; i++)
        init_shard(cache, i);
    *ret_cache = cache;
    return TW_OK;
}

void tw_cache_free(tw_cache *cache) {
    if (cache == NULL)
        return;
    if (cache->config.removed != NULL)
        tw_cache_clear(cache);
    give_memory_back(cache);
}

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

/* ---- putting ---- */

static tw_status put(tw_cache *cache, tw_cache_key key, const cache_item *item) {
    if (!key_fits(cache, key))
        return TW_RANGE;
    cache_call call = cache_call_of(cache, key, item->now_ns, NULL);
    tw_lock_acquire(&call.shard->lock, cache->waiter);
    tw_status status = cache_store(cache, call.shard, call.hash, key, item, &call.removed);
    if (status == TW_OK)
        cache_flights_end_key(call.shard, call.hash, key);
    tw_lock_release(&call.shard->lock, cache->waiter);
    cache_tell(cache, call.shard, &call.removed);
    return status;
}

static cache_item item_of(int64_t now_ns, int64_t ttl_ns, const tw_cache_options *options) {
    cache_item item = {.now_ns = now_ns, .ttl_ns = ttl_ns, .weight = 1};
    if (options == NULL)
        return item;
    TW_ASSERT(options->ttl_ns >= 0);
    if (options->ttl_ns > 0)
        item.ttl_ns = options->ttl_ns;
    if (options->weight > 0)
        item.weight = options->weight;
    item.tag = options->tag;
    return item;
}

tw_status tw_cache_put(tw_cache *cache, tw_cache_key key, int64_t now_ns, const void *bytes,
                       size_t size, const tw_cache_options *options) {
    TW_ASSERT(cache != NULL && (bytes != NULL || size == 0));
    TW_ASSERT(size <= cache->config.value_size_max);
    cache_item item = item_of(now_ns, cache->config.ttl_ns, options);
    item.bytes = bytes;
    item.size = size;
    return put(cache, key, &item);
}

tw_status tw_cache_put_missing(tw_cache *cache, tw_cache_key key, int64_t now_ns, tw_status status,
                               const tw_cache_options *options) {
    TW_ASSERT(cache != NULL && status != TW_OK && status != TW_EMPTY);
    cache_item item = item_of(now_ns, cache->config.missing_ttl_ns, options);
    item.status = status;
    if (item.ttl_ns > 0)
        return put(cache, key, &item);
    if (!key_fits(cache, key))
        return TW_RANGE;
    (void)tw_cache_drop(cache, key);
    return TW_OK;
}
