/*
 * pool.c - creation, and the way of a lease that meets no waiter: out and back without the lock.
 *
 * Slots and invariants are drawn in pool_priv.h. The way out reads the gate, claims a slot by one
 * compare-and-swap, and looks whether the gate equals the slot's pass and the resource is still
 * trusted. The way back is the mirror: one compare-and-swap, then the gate. The clock is read once
 * on either way, which is what makes validation after an idle time and the age of leases exact;
 * an owner who can do with less gives a tw_waiter with a cheaper clock.
 */
#include "pool_priv.h"

#include "tradewind/time.h"

#define WAITER_COUNT_DEFAULT 1024
#define AFFINITY_NONE 0 /* a place is the number of a slot and one */

/* ---- creation ---- */

static bool span_is_valid(int64_t span_ns) {
    return span_ns >= 0 && span_ns <= TW_POOL_NS_MAX;
}

static tw_status check_config(const tw_pool_config *config, tw_error *error) {
    if (config->resource.open == NULL || config->resource.close == NULL)
        return tw_error_set(error, TW_INVALID, "a pool needs to know how to open and to close");
    if (config->size_max < 1 || config->size_max > TW_POOL_SIZE_MAX ||
        config->size_min > config->size_max)
        return tw_error_set(error, TW_RANGE, "a pool of %u to %u resources cannot be; at most %d",
                            config->size_min, config->size_max, TW_POOL_SIZE_MAX);
    if (config->waiter_max > TW_POOL_WAITER_MAX)
        return tw_error_set(error, TW_RANGE, "a pool has at most %d waiters", TW_POOL_WAITER_MAX);
    const int64_t spans[] = {
        config->idle_ns_max,       config->lifetime_ns_max, config->keepalive_ns,
        config->validate_after_ns, config->leak_after_ns,   config->open_ns_max,
        config->backoff_ns_min,    config->backoff_ns_max,  config->sweep_ns};
    for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++) {
        if (!span_is_valid(spans[i]))
            return tw_error_set(error, TW_RANGE, "a span of a pool is negative or above 36 years");
    }
    return TW_OK;
}

static int64_t or_default(int64_t span_ns, int64_t default_ns) {
    return span_ns == 0 ? default_ns : span_ns;
}

static void fill_config(tw_pool_config *config) {
    if (config->waiter_max == 0)
        config->waiter_max = WAITER_COUNT_DEFAULT;
    if (config->opening_max == 0)
        config->opening_max = config->caller_opens ? config->size_max : 1;
    config->validate_after_ns = or_default(config->validate_after_ns, 500 * TW_NS_PER_MS);
    config->open_ns_max = or_default(config->open_ns_max, 5 * TW_NS_PER_SECOND);
    config->backoff_ns_min = or_default(config->backoff_ns_min, 100 * TW_NS_PER_MS);
    config->backoff_ns_max = or_default(config->backoff_ns_max, 5 * TW_NS_PER_SECOND);
    config->sweep_ns = or_default(config->sweep_ns, TW_NS_PER_SECOND);
    if (config->backoff_ns_max < config->backoff_ns_min)
        config->backoff_ns_max = config->backoff_ns_min;
}

static tw_status start(tw_pool *pool, tw_error *error) {
    if (pool->config.start == TW_POOL_START_LATER)
        return TW_OK;
    for (uint32_t i = 0; i < pool->config.size_min; i++) {
        bool tried = false;
        tw_status status = pool_open_one(pool, TW_WAIT_FOREVER, &tried);
        TW_ASSERT(tried);
        if (status == TW_OK)
            continue;
        if (pool->config.start == TW_POOL_START_TRY)
            return TW_OK;
        return tw_error_set(error, status, "the pool cannot open its first resources: %s",
                            pool->last_error.message);
    }
    return TW_OK;
}

tw_status tw_pool_new(const tw_allocator *allocator, const tw_pool_config *config,
                      tw_pool **ret_pool, tw_error *error) {
    TW_ASSERT(config != NULL && ret_pool != NULL);
    tw_status status = check_config(config, error);
    if (status != TW_OK)
        return status;
    tw_pool *pool = TW_NEW(allocator, 1, tw_pool);
    if (pool == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for a pool");
    pool->allocator = allocator;
    pool->config = *config;
    fill_config(&pool->config);
    pool->waiter = config->waiter;
    pool->slots = TW_NEW(allocator, pool->config.size_max, struct slot);
    pool->nodes = TW_NEW(allocator, pool->config.waiter_max, struct node);
    if (pool->slots == NULL || pool->nodes == NULL) {
        tw_pool_free(pool);
        return tw_error_set(error, TW_NO_MEMORY, "no memory for a pool of %u", config->size_max);
    }
    for (uint32_t i = pool->config.waiter_max; i-- > 0;)
        pool_free_node_locked(pool, &pool->nodes[i]);
    pool->swept_ns = tw_waiter_now_ns(pool->waiter);
    pool->sweep_at_ns = pool->swept_ns + pool->config.sweep_ns;
    status = start(pool, error);
    if (status != TW_OK) {
        tw_pool_free(pool);
        return status;
    }
    *ret_pool = pool;
    return TW_OK;
}

void tw_pool_free(tw_pool *pool) {
    if (pool == NULL)
        return;
    TW_ASSERT(pool->queue.count == 0 && pool->settled.count == 0 && !pool->turning);
    if (pool->slots != NULL && pool->nodes != NULL) {
        pool_enter(pool);
        (void)pool_retire_idle_locked(pool, TW_POOL_DRAINED);
        pool->draining = true;
        pool_leave(pool);
        while (pool_close_one(pool)) {
        }
    }
    TW_ASSERT(pool->live == 0 && pool->closing == 0); /* a lease is still out */
    TW_DELETE(pool->allocator, pool->slots, pool->config.size_max, struct slot);
    TW_DELETE(pool->allocator, pool->nodes, pool->config.waiter_max, struct node);
    TW_DELETE(pool->allocator, pool, 1, tw_pool);
}

/* ---- out ---- */

/* IDLE -> CLAIMED if the word is still the one that was seen: whoever succeeds owns the slot. */
bool pool_claim_seen(struct slot *slot, uint64_t word) {
    uint64_t claimed = word_with(word + (UINT64_C(1) << STATE_BITS), SLOT_CLAIMED);
    return word_state(word) == SLOT_IDLE &&
           __atomic_compare_exchange_n(&slot->word, &word, claimed, false, __ATOMIC_SEQ_CST,
                                       __ATOMIC_RELAXED);
}

bool pool_claim(struct slot *slot) {
    return pool_claim_seen(slot, __atomic_load_n(&slot->word, __ATOMIC_SEQ_CST)); /* invariant 4 */
}

/* From now on the resource may be lent unseen for a while. */
void pool_trust(tw_pool *pool, struct slot *slot, int64_t now_ns) {
    slot->trusted_until_ns =
        earlier_ns(now_ns + pool->config.validate_after_ns, LOAD(slot->expires_ns));
}

/* Asks the resource, which the caller owns. */
bool pool_validate(tw_pool *pool, struct slot *slot, int64_t deadline_ns) {
    TW_ASSERT(slot_state(slot) == SLOT_CLAIMED);
    const tw_pool_resource *resource = &pool->config.resource;
    bool valid = resource->validate(resource->context, slot->resource, deadline_ns);
    __atomic_fetch_add(&pool->validations, 1, __ATOMIC_RELAXED);
    if (!valid)
        __atomic_fetch_add(&pool->validation_failures, 1, __ATOMIC_RELAXED);
    return valid;
}

/* Whether a claimed resource may be lent; asks the resource itself if it lay idle too long. */
bool pool_vet(tw_pool *pool, struct slot *slot, int64_t now_ns, int64_t deadline_ns) {
    if (now_ns < slot->trusted_until_ns || pool->config.resource.validate == NULL)
        return true;
    return pool_validate(pool, slot, earlier_ns(deadline_ns, now_ns + pool->config.open_ns_max));
}

/* CLAIMED -> LEASED. */
void pool_lend(struct slot *slot, const char *site, int64_t now_ns) {
    STORE(slot->since_ns, now_ns);
    STORE(slot->site, site);
    STORE(slot->lease_count, slot->lease_count + 1);
    slot_move(slot, SLOT_LEASED);
}

tw_pool_lease pool_lease_of(tw_pool *pool, struct slot *slot) {
    return (tw_pool_lease){.resource = slot->resource,
                           .pool = pool,
                           .ticket = LOAD(slot->word) >> STATE_BITS,
                           .slot = (uint32_t)(slot - pool->slots)};
}

/* Claims the remembered slot, else the idle one of the lowest number; NULL: none, or the gate is
 * shut. Slots that were evicted while they were on their way back are put away. */
static struct slot *claim_any(tw_pool *pool, const tw_pool_affinity *affinity) {
    uint64_t gate = LOAD(pool->gate);
    if ((gate & GATE_SHUT_MASK) != 0)
        return NULL;
    if (affinity != NULL && affinity->place != AFFINITY_NONE) {
        TW_ASSERT(affinity->place <= pool->config.size_max);
        struct slot *slot = &pool->slots[affinity->place - 1];
        if (pool_claim(slot)) {
            if (slot->pass == gate)
                return slot;
            pool_retire(pool, slot, TW_POOL_EVICTED);
        }
    }
    for (uint32_t i = 0; i < pool->config.size_max; i++) {
        struct slot *slot = &pool->slots[i];
        if (!pool_claim(slot))
            continue;
        if (slot->pass == gate)
            return slot;
        pool_retire(pool, slot, TW_POOL_EVICTED);
    }
    return NULL;
}

/* A claimed and vetted slot without queueing, or NULL. */
static struct slot *take(tw_pool *pool, const tw_pool_affinity *affinity, int64_t now_ns,
                         int64_t deadline_ns) {
    for (;;) {
        struct slot *slot = claim_any(pool, affinity);
        if (slot == NULL || pool_vet(pool, slot, now_ns, deadline_ns))
            return slot;
        pool_retire(pool, slot, TW_POOL_INVALID);
    }
}

static void hand_out(tw_pool *pool, struct slot *slot, const struct ask *ask,
                     tw_pool_affinity *affinity, tw_pool_lease *ret_lease) {
    pool_lend(slot, ask->site, ask->now_ns);
    *ret_lease = pool_lease_of(pool, slot);
    if (affinity != NULL)
        affinity->place = ret_lease->slot + 1;
}

tw_status tw_pool_acquire_at(tw_pool *pool, const char *site, int64_t deadline_ns,
                             tw_pool_affinity *affinity, tw_pool_lease *ret_lease,
                             tw_error *error) {
    TW_ASSERT(pool != NULL && site != NULL && ret_lease != NULL);
    TW_ASSERT(deadline_ns != TW_WAIT_FOREVER);
    struct ask ask = {
        .site = site, .now_ns = tw_waiter_now_ns(pool->waiter), .deadline_ns = deadline_ns};
    int64_t asked_ns = ask.now_ns;
    struct slot *slot = take(pool, affinity, ask.now_ns, deadline_ns);
    if (slot == NULL) {
        tw_status status = pool_wait(pool, &ask, &slot, error);
        if (status != TW_OK)
            return status;
    }
    hand_out(pool, slot, &ask, affinity, ret_lease);
    if (pool->config.hooks.on_acquired != NULL)
        pool->config.hooks.on_acquired(pool->config.hooks.context, ask.now_ns - asked_ns);
    return TW_OK;
}

tw_status tw_pool_try_at(tw_pool *pool, const char *site, tw_pool_affinity *affinity,
                         tw_pool_lease *ret_lease) {
    TW_ASSERT(pool != NULL && site != NULL && ret_lease != NULL);
    struct ask ask = {.site = site, .now_ns = tw_waiter_now_ns(pool->waiter)};
    struct slot *slot = take(pool, affinity, ask.now_ns, TW_WAIT_FOREVER);
    if (slot == NULL)
        return (LOAD(pool->gate) & GATE_DRAINING) != 0 ? TW_CLOSED : TW_EMPTY;
    hand_out(pool, slot, &ask, affinity, ret_lease);
    if (pool->config.hooks.on_acquired != NULL)
        pool->config.hooks.on_acquired(pool->config.hooks.context, 0);
    return TW_OK;
}

/* ---- back ---- */

/* The slot of a lease that is out. */
static struct slot *slot_of(tw_pool *pool, const tw_pool_lease *lease) {
    TW_ASSERT(pool != NULL && lease != NULL && lease->pool == pool);
    TW_ASSERT(lease->slot < pool->config.size_max);
    struct slot *slot = &pool->slots[lease->slot];
    TW_ASSERT(LOAD(slot->word) == (lease->ticket << STATE_BITS | SLOT_LEASED)); /* back already */
    return slot;
}

/* LEASED -> IDLE, and whoever waits is served (invariant 4). */
static void give_back(tw_pool *pool, struct slot *slot, int64_t now_ns) {
    uint64_t pass = slot->pass;
    uint64_t word = LOAD(slot->word);
    STORE(slot->since_ns, now_ns);
    pool_trust(pool, slot, now_ns);
    bool was_ours = __atomic_compare_exchange_n(&slot->word, &word, word_with(word, SLOT_IDLE),
                                                false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
    TW_ASSERT(was_ours); /* two threads give the same lease back */
    if (__atomic_load_n(&pool->gate, __ATOMIC_SEQ_CST) == pass)
        return;
    pool_enter(pool);
    pool_tidy_locked(pool, slot);
    pool_leave(pool);
}

/* The lifetime has ended: closes it if not too many were closed for their age just now. */
static bool retire_aged(tw_pool *pool, struct slot *slot, int64_t now_ns) {
    pool_enter(pool);
    bool retires = pool_may_age_locked(pool, now_ns);
    if (retires)
        pool_retire_locked(pool, slot, TW_POOL_LIFETIME);
    pool_leave(pool);
    return retires;
}

/* A lease that was reported as leaked has come back. */
static void note_return(tw_pool *pool, struct slot *slot, uint64_t ticket,
                        const tw_pool_lease_info *info) {
    if (LOAD(slot->leak_ticket) != ticket ||
        !__atomic_compare_exchange_n(&slot->leak_ticket, &ticket, 0, false, __ATOMIC_SEQ_CST,
                                     __ATOMIC_RELAXED))
        return;
    __atomic_fetch_add(&pool->leaks_returned, 1, __ATOMIC_RELAXED);
    if (pool->config.hooks.on_leak != NULL)
        pool->config.hooks.on_leak(pool->config.hooks.context, info);
}

static bool reset(tw_pool *pool, struct slot *slot, uint32_t dirty) {
    const tw_pool_resource *resource = &pool->config.resource;
    return dirty == 0 ||
           (resource->reset != NULL && resource->reset(resource->context, slot->resource, dirty));
}

static void end_lease(tw_pool *pool, tw_pool_lease *lease, bool broken) {
    struct slot *slot = slot_of(pool, lease);
    bool clean = broken || reset(pool, slot, lease->dirty);
    uint64_t ticket = lease->ticket;
    int64_t now_ns = tw_waiter_now_ns(pool->waiter);
    int64_t use_ns = now_ns - slot->since_ns;
    tw_pool_lease_info info = {slot->resource, slot->site, use_ns, true};
    STORE(slot->use_ns_sum, slot->use_ns_sum + use_ns);
    if (use_ns > slot->use_ns_max)
        STORE(slot->use_ns_max, use_ns);
    lease->pool = NULL;
    if (broken || !clean)
        pool_retire(pool, slot, broken ? TW_POOL_BROKEN : TW_POOL_UNRESET);
    else if (now_ns < slot->expires_ns || !retire_aged(pool, slot, now_ns))
        give_back(pool, slot, now_ns);
    note_return(pool, slot, ticket, &info);
    if (pool->config.hooks.on_released != NULL)
        pool->config.hooks.on_released(pool->config.hooks.context, use_ns);
}

void tw_pool_release(tw_pool *pool, tw_pool_lease *lease) {
    end_lease(pool, lease, false);
}

void tw_pool_discard(tw_pool *pool, tw_pool_lease *lease) {
    end_lease(pool, lease, true);
}
