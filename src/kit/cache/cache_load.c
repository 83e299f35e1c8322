/*
 * cache_load.c - one load a key, whoever asks.
 *
 * Who misses a key first leads: he takes a flight of the shard's few, lists it, and calls the
 * loader without the lock. Who misses the key while the flight is listed joins and waits on its
 * word. When the loader returns, the leader settles the outcome under the lock, unlists the flight
 * and wakes them; each copies the outcome out under the lock, and the last to leave frees it.
 *
 *     FREE --begin--> LISTED --settle--> DONE --leave (last)--> FREE
 *                        |                 ^
 *                        +--end (put, drop: not joined, not stored any more)--> ENDED --settle--+
 *
 * Invariants
 *   1. user_count is the leader and all who wait; a flight is free if and only if it is 0.
 *   2. Before done is 1 only the leader touches the value; after that nobody writes to it.
 *   3. A flight's word may be woken when it has new users: waiting is looking again.
 */
#include "cache_priv.h"

#include <string.h>

static uint64_t key_shape(tw_cache_key key) {
    return shape_of(key, 0, TW_OK);
}

static cache_flight *flight_find(const cache_shard *shard, uint64_t hash, tw_cache_key key) {
    cache_flight *flight = shard->flights;
    while (flight != NULL && !(flight->hash == hash && flight->shape == key_shape(key) &&
                               key_matches(flight->key, key)))
        flight = flight->next;
    return flight;
}

static cache_flight *flight_begin(const cache_call *call, uint64_t tag) {
    cache_shard *shard = call->shard;
    cache_flight *flight = shard->free_flights;
    if (flight == NULL)
        return NULL;
    shard->free_flights = flight->next;
    TW_ASSERT(flight->user_count == 0 && !flight->listed);
    flight->hash = call->hash;
    flight->shape = key_shape(call->key);
    cache_key_write(flight->key, call->key);
    flight->tag = tag;
    flight->size = 0;
    flight->stale = false;
    flight->user_count = 1;
    flight->listed = true;
    __atomic_store_n(&flight->done, 0, __ATOMIC_RELAXED);
    flight->next = shard->flights;
    shard->flights = flight;
    return flight;
}

/* ---- ending: invariant 4 of cache_priv.h ---- */

static void unlist(cache_flight **link) {
    cache_flight *flight = *link;
    *link = flight->next;
    flight->next = NULL;
    flight->listed = false;
}

void cache_flights_end_key(cache_shard *shard, uint64_t hash, tw_cache_key key) {
    cache_flight **link = &shard->flights;
    cache_flight *flight = flight_find(shard, hash, key);
    if (flight == NULL)
        return;
    while (*link != flight)
        link = &(*link)->next;
    unlist(link);
}

void cache_flights_end_tag(cache_shard *shard, uint64_t tag) {
    for (cache_flight **link = &shard->flights; *link != NULL;) {
        if ((*link)->tag == tag)
            unlist(link);
        else
            link = &(*link)->next;
    }
}

void cache_flights_end_prefix(cache_shard *shard, const void *prefix, size_t size) {
    for (cache_flight **link = &shard->flights; *link != NULL;) {
        uint64_t key_size = shape_key_size((*link)->shape);
        if (key_size != KEY_IS_NUMBER && key_size >= size &&
            memcmp((*link)->key, prefix, size) == 0)
            unlist(link);
        else
            link = &(*link)->next;
    }
}

void cache_flights_end_all(cache_shard *shard) {
    while (shard->flights != NULL)
        unlist(&shard->flights);
}

/* ---- the outcome ---- */

static tw_status store(cache_call *call, const cache_flight *flight, tw_status status,
                       const tw_cache_load *load, int64_t ttl_ns) {
    cache_item item = {
        .bytes = flight->value,
        .size = status == TW_OK ? load->size : 0,
        .status = status,
        .now_ns = call->now_ns,
        .ttl_ns = load->ttl_ns > 0 ? load->ttl_ns : ttl_ns,
        .weight = load->weight > 0 ? load->weight : 1,
        .tag = flight->tag,
    };
    if (item.ttl_ns == 0)
        return TW_OK; /* not to be remembered */
    return cache_store(call->cache, call->shard, call->hash, call->key, &item, &call->removed);
}

/* "No such thing" is an answer and takes the place of an old value. */
static tw_status store_missing(cache_call *call, const cache_flight *flight,
                               const tw_cache_load *load) {
    int64_t ttl_ns = call->cache->config.missing_ttl_ns;
    if (load->ttl_ns > 0 || ttl_ns > 0)
        return store(call, flight, TW_NOT_FOUND, load, ttl_ns);
    uint32_t place = cache_find(call->cache, call->shard, call->hash, call->key);
    if (place != NO_PLACE)
        cache_remove(call->cache, call->shard, place, TW_CACHE_INVALIDATED, &call->removed);
    return TW_OK;
}

/* Loading failed: the old value, if there is one within its grace, becomes the outcome. */
static bool fall_back(cache_call *call, cache_flight *flight) {
    tw_cache *cache = call->cache;
    cache_shard *shard = call->shard;
    uint32_t place = cache_find(cache, shard, call->hash, call->key);
    if (place == NO_PLACE || cache_is_over(cache, shard, place, call->now_ns))
        return false;
    const uint64_t *slot = slot_of(cache, shard, place);
    uint64_t shape = load_word(slot + WORD_SHAPE);
    if (shape_status(shape) != TW_OK)
        return false;
    cache_node *node = &shard->nodes[place];
    flight->size = shape_value_size(shape);
    for (size_t i = 0; i < (flight->size + 7) / 8; i++)
        flight->value[i] = load_word(slot + WORD_KEY + cache->key_words + i);
    flight->status = TW_OK;
    flight->stale = call->now_ns >= node->expires_ns;
    if (flight->stale) {
        node->retry_ns = later(call->now_ns, cache->config.error_ttl_ns);
        shard->counts.stale_hits++;
    }
    return true;
}

static void settle(cache_call *call, cache_flight *flight, tw_status status,
                   const tw_cache_load *load) {
    cache_shard *shard = call->shard;
    bool answered = status == TW_OK || status == TW_NOT_FOUND;
    shard->counts.loads_ok += answered;
    shard->counts.loads_failed += !answered;
    flight->status = status;
    flight->size = status == TW_OK ? load->size : 0;
    if (!answered && fall_back(call, flight))
        return;
    tw_status stored = TW_FULL;
    if (!flight->listed)
        stored = TW_STATE;
    else if (status == TW_OK)
        stored = store(call, flight, status, load, call->cache->config.ttl_ns);
    else if (status == TW_NOT_FOUND)
        stored = store_missing(call, flight, load);
    else if (status != TW_EMPTY) /* which would look like a miss */
        stored = store(call, flight, status, load, call->cache->config.error_ttl_ns);
    shard->counts.loads_unstored += answered && stored != TW_OK;
}

static tw_status flight_copy(const cache_flight *flight, tw_cache_value *ret_value) {
    ret_value->stale = flight->stale;
    ret_value->size = flight->size;
    if (flight->status != TW_OK)
        return flight->status;
    if (flight->size > ret_value->capacity)
        return TW_OVERFLOW;
    if (flight->size > 0)
        memcpy(ret_value->bytes, flight->value, flight->size);
    return TW_OK;
}

static void leave(cache_shard *shard, cache_flight *flight) {
    TW_ASSERT(flight->user_count > 0);
    flight->user_count--;
    if (flight->user_count > 0)
        return;
    flight->next = shard->free_flights;
    shard->free_flights = flight;
}

/* ---- leading and following ---- */

/* Who refreshes has the old value already, and keeps it if there is no new one. */
static tw_status take_outcome(cache_call *call, const cache_flight *flight) {
    bool answered = flight->status == TW_OK || flight->status == TW_NOT_FOUND;
    if (!answered && call->known != TW_EMPTY)
        return call->known;
    return flight_copy(flight, call->value);
}

static tw_status lead(cache_call *call, const tw_cache_loader *loader, cache_flight *flight) {
    cache_shard *shard = call->shard;
    const tw_waiter *waiter = call->cache->waiter;
    tw_cache_load load = {
        .bytes = flight->value, .capacity = call->cache->config.value_size_max, .weight = 1};
    int64_t begun_ns = tw_waiter_now_ns(waiter);
    tw_status status = loader->load(loader->context, call->key, &load);
    int64_t ended_ns = tw_waiter_now_ns(waiter);
    TW_ASSERT(load.size <= load.capacity && load.ttl_ns >= 0);
    tw_lock_acquire(&shard->lock, waiter);
    shard->counts.load_ns += ended_ns > begun_ns ? (uint64_t)(ended_ns - begun_ns) : 0;
    settle(call, flight, status, &load);
    if (flight->listed)
        cache_flights_end_key(shard, call->hash, call->key);
    __atomic_store_n(&flight->done, 1, __ATOMIC_RELEASE);
    bool waited_for = flight->user_count > 1;
    status = take_outcome(call, flight);
    leave(shard, flight);
    tw_lock_release(&shard->lock, waiter);
    if (waited_for)
        tw_waiter_wake(waiter, &flight->done, INT32_MAX); /* invariant 3 */
    cache_tell(call->cache, shard, &call->removed);
    return status;
}

static tw_status follow(cache_call *call, const tw_cache_loader *loader, cache_flight *flight) {
    const tw_waiter *waiter = call->cache->waiter;
    int64_t deadline_ns = later(call->now_ns, loader->wait_ns);
    while (__atomic_load_n(&flight->done, __ATOMIC_ACQUIRE) == 0 &&
           tw_waiter_now_ns(waiter) < deadline_ns)
        tw_waiter_wait(waiter, &flight->done, 0, deadline_ns);
    tw_lock_acquire(&call->shard->lock, waiter);
    bool done = __atomic_load_n(&flight->done, __ATOMIC_RELAXED) != 0;
    tw_status status = done ? flight_copy(flight, call->value) : TW_TIMEOUT;
    leave(call->shard, flight);
    tw_lock_release(&call->shard->lock, waiter);
    return status;
}

static tw_status memoize_slowly(cache_call *call, const tw_cache_loader *loader) {
    cache_shard *shard = call->shard;
    tw_lock_acquire(&shard->lock, call->cache->waiter);
    cache_answer answer = cache_look(call, false);
    bool missed = answer.outcome == CACHE_MISS;
    call->known = answer.status;
    bool leads = false;
    cache_flight *flight = NULL;
    if (missed || call->value->refresh) {
        flight = flight_find(shard, call->hash, call->key);
        leads = flight == NULL;
        if (leads)
            flight = flight_begin(call, loader->tag);
    }
    if (missed) {
        shard->counts.misses++;
        shard->counts.coalesced += !leads;
        shard->counts.refused += flight == NULL;
    }
    if (missed && !leads)
        flight->user_count++;
    call->value->refresh = false;
    tw_lock_release(&shard->lock, call->cache->waiter);
    cache_tell(call->cache, shard, &call->removed);
    if (flight != NULL && leads)
        return lead(call, loader, flight);
    if (!missed)
        return answer.status; /* to be refreshed, but another does, or there is no room to */
    return flight == NULL ? TW_FULL : follow(call, loader, flight);
}

tw_status tw_cache_memoize(tw_cache *cache, tw_cache_key key, int64_t now_ns,
                           const tw_cache_loader *loader, tw_cache_value *ret_value) {
    TW_ASSERT(cache != NULL && ret_value != NULL);
    TW_ASSERT(loader != NULL && loader->load != NULL && loader->wait_ns >= 0);
    ret_value->stale = false;
    ret_value->refresh = false;
    if (!key_fits(cache, key))
        return TW_RANGE;
    cache_call call = cache_call_of(cache, key, now_ns, ret_value);
    cache_answer answer = cache_look_fast(&call);
    if (answer.outcome == CACHE_HIT || answer.outcome == CACHE_NEGATIVE)
        return answer.status;
    return memoize_slowly(&call, loader);
}
