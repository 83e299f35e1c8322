/*
 * cache_policy.c - who stays: window TinyLFU, least recently used, or first in first out.
 *
 * Under W-TinyLFU a new entry enters the window (1 % of the entries, LRU). What falls out of it is
 * a candidate for the main part and goes on probation; when something must go, the candidate and
 * the last one on probation are compared by the sketch, and the less frequent one goes. A second
 * hit on probation makes an entry protected (80 % of the main part, LRU), whose last one falls back
 * to probation. LRU and FIFO have one list, the window's. The parts are shares of what is there,
 * not of the bound, so they hold under a bound of weight, too.
 *
 *     insert -> WINDOW --cache_policy_candidate--> PROBATION --cache_policy_access--> PROTECTED
 *                                                      ^------------cache_policy_access------|
 *
 * Hits reach the policy through the records of the stripes (cache_policy_drain). Records are lossy:
 * a place may have another entry by then, which does no harm but a hit credited wrongly.
 */
#include "cache_priv.h"

#define WINDOW_SHARE 100     /* one in so many entries */
#define PROTECTED_PERCENT 80 /* of the main part */
#define ADMIT_WARM_MIN 6     /* frequency from which a loser is admitted now and then */
#define ADMIT_ONE_IN 128
#define CALM_HITS_PER_ENTRY 10

static void list_push(cache_shard *shard, enum list_name name, uint32_t place) {
    cache_list *list = &shard->lists[name];
    cache_node *node = &shard->nodes[place];
    node->list = (uint8_t)name;
    node->previous = NO_PLACE;
    node->next = list->first;
    if (list->first != NO_PLACE)
        shard->nodes[list->first].previous = place;
    else
        list->last = place;
    list->first = place;
    list->count++;
}

static void list_unlink(cache_shard *shard, uint32_t place) {
    cache_node *node = &shard->nodes[place];
    TW_ASSERT(node->list < LIST_COUNT);
    cache_list *list = &shard->lists[node->list];
    if (node->previous != NO_PLACE)
        shard->nodes[node->previous].next = node->next;
    else
        list->first = node->next;
    if (node->next != NO_PLACE)
        shard->nodes[node->next].previous = node->previous;
    else
        list->last = node->previous;
    list->count--;
}

static void list_move(cache_shard *shard, enum list_name name, uint32_t place) {
    if (shard->lists[name].first == place)
        return;
    list_unlink(shard, place);
    list_push(shard, name, place);
}

static uint64_t hash_at(const tw_cache *cache, const cache_shard *shard, uint32_t place) {
    return __atomic_load_n(slot_of(cache, shard, place) + WORD_HASH, __ATOMIC_RELAXED);
}

static size_t window_count_max(const cache_shard *shard) {
    size_t share = shard->entry_count / WINDOW_SHARE;
    return share > 0 ? share : 1;
}

void cache_policy_insert(const tw_cache *cache, cache_shard *shard, uint32_t place) {
    list_push(shard, LIST_WINDOW, place);
    if (cache->config.policy == TW_CACHE_TINYLFU)
        cache_sketch_add(&shard->sketch, hash_at(cache, shard, place), shard->entry_count);
}

/* The new place takes over where the old one stood, in whatever list. */
void cache_policy_replace(cache_shard *shard, uint32_t old_place, uint32_t new_place) {
    cache_node *old_node = &shard->nodes[old_place];
    cache_node *node = &shard->nodes[new_place];
    TW_ASSERT(old_node->list < LIST_COUNT);
    cache_list *list = &shard->lists[old_node->list];
    node->list = old_node->list;
    node->previous = old_node->previous;
    node->next = old_node->next;
    if (node->previous != NO_PLACE)
        shard->nodes[node->previous].next = new_place;
    else
        list->first = new_place;
    if (node->next != NO_PLACE)
        shard->nodes[node->next].previous = new_place;
    else
        list->last = new_place;
    old_node->list = LIST_NONE;
}

static void protect(cache_shard *shard, uint32_t place) {
    list_move(shard, LIST_PROTECTED, place);
    size_t main_count = shard->entry_count - shard->lists[LIST_WINDOW].count;
    if (shard->lists[LIST_PROTECTED].count > main_count * PROTECTED_PERCENT / 100)
        list_move(shard, LIST_PROBATION, shard->lists[LIST_PROTECTED].last);
}

void cache_policy_access(const tw_cache *cache, cache_shard *shard, uint32_t place) {
    enum list_name list = (enum list_name)shard->nodes[place].list;
    if (list == LIST_NONE || cache->config.policy == TW_CACHE_FIFO)
        return;
    if (cache->config.policy == TW_CACHE_TINYLFU)
        cache_sketch_add(&shard->sketch, hash_at(cache, shard, place), shard->entry_count);
    if (list == LIST_PROBATION)
        protect(shard, place);
    else
        list_move(shard, list, place);
}

void cache_policy_forget(cache_shard *shard, uint32_t place) {
    list_unlink(shard, place);
    shard->nodes[place].list = LIST_NONE;
}

uint32_t cache_policy_candidate(const tw_cache *cache, cache_shard *shard) {
    uint32_t candidate = NO_PLACE;
    if (cache->config.policy != TW_CACHE_TINYLFU)
        return candidate;
    while (shard->lists[LIST_WINDOW].count > window_count_max(shard)) {
        candidate = shard->lists[LIST_WINDOW].last;
        list_move(shard, LIST_PROBATION, candidate);
    }
    return candidate;
}

/* Equal frequencies favour who is there. A warm loser gets in once in 128 times, so that nobody who
 * knows the hash can keep others out for ever (as in Caffeine). */
static bool admits(const tw_cache *cache, cache_shard *shard, uint32_t candidate, uint32_t victim) {
    unsigned asking = cache_sketch_estimate(&shard->sketch, hash_at(cache, shard, candidate));
    unsigned staying = cache_sketch_estimate(&shard->sketch, hash_at(cache, shard, victim));
    if (asking > staying)
        return true;
    if (asking < ADMIT_WARM_MIN)
        return false;
    shard->tie_breaker = shard->tie_breaker * UINT64_C(6364136223846793005) + 1;
    return shard->tie_breaker >> 57 == 0; /* seven bits: ADMIT_ONE_IN */
}
_Static_assert(ADMIT_ONE_IN == 1 << (64 - 57), "the bits that admits looks at");

uint32_t cache_policy_victim(const tw_cache *cache, cache_shard *shard, uint32_t candidate) {
    TW_ASSERT(shard->entry_count > 0);
    if (cache->config.policy != TW_CACHE_TINYLFU)
        return shard->lists[LIST_WINDOW].last;
    uint32_t victim = shard->lists[LIST_PROBATION].last;
    if (victim == NO_PLACE || (victim == candidate && shard->lists[LIST_PROBATION].count == 1))
        victim = shard->lists[LIST_PROTECTED].last;
    if (victim == NO_PLACE)
        victim = candidate != NO_PLACE ? candidate : shard->lists[LIST_WINDOW].last;
    TW_ASSERT(victim != NO_PLACE);
    if (candidate == NO_PLACE || candidate == victim)
        return victim;
    return admits(cache, shard, candidate, victim) ? victim : candidate;
}

void cache_policy_drain_stripe(const tw_cache *cache, cache_shard *shard, cache_stripe *stripe) {
    uint64_t hits = __atomic_load_n(&stripe->hits, __ATOMIC_RELAXED);
    if (hits == stripe->drained_hits)
        return;
    stripe->drained_hits = hits;
    uint64_t next = hits >> __atomic_load_n(&shard->record_shift, __ATOMIC_RELAXED);
    for (uint64_t i = 0; i < RECORD_COUNT; i++) { /* oldest first */
        uint32_t *record = &stripe->records[(next + i) % RECORD_COUNT];
        uint32_t place_after = __atomic_load_n(record, __ATOMIC_RELAXED);
        if (place_after == 0)
            continue;
        __atomic_store_n(record, 0, __ATOMIC_RELAXED);
        cache_policy_access(cache, shard, place_after - 1);
    }
}

void cache_policy_drain(const tw_cache *cache, cache_shard *shard) {
    for (size_t i = 0; i < STRIPE_COUNT; i++)
        cache_policy_drain_stripe(cache, shard, &shard->stripes[i]);
}

/* A whole sample of the sketch, ten hits an entry, and nothing evicted meanwhile: the frequencies
 * are known, and one hit in 64 keeps them. The next eviction (cache_policy_disturb) ends that. */
void cache_policy_calm(cache_shard *shard, size_t hit_count) {
    shard->calm_hits += hit_count;
    if (shard->calm_hits >= CALM_HITS_PER_ENTRY * shard->entry_count &&
        __atomic_load_n(&shard->record_shift, __ATOMIC_RELAXED) == 0)
        __atomic_store_n(&shard->record_shift, CALM_RECORD_SHIFT, __ATOMIC_RELAXED);
}

void cache_policy_disturb(cache_shard *shard) {
    shard->calm_hits = 0;
    if (__atomic_load_n(&shard->record_shift, __ATOMIC_RELAXED) != 0)
        __atomic_store_n(&shard->record_shift, 0, __ATOMIC_RELAXED);
}
