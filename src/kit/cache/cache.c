/*
 * cache.c - making a cache, and putting into it.
 *
 * All memory is taken at once, one block for each kind of thing, and cut into equal parts for the
 * shards. What a put does to a shard is in cache_store.c.
 */
#include "cache_priv.h"

#define SHARD_ENTRY_COUNT 4096 /* of each shard, if their count is left to the cache */
#define SHARD_COUNT_CHOSEN 16
#define SKETCH_WORDS_MIN 8

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

size_t tw_cache_value_size_max(const tw_cache *cache) {
    return cache->config.value_size_max;
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
