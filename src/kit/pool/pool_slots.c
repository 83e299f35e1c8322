/*
 * pool_slots.c - the slow edges of a slot: opening, retiring, closing.
 *
 * Everything here is done under the lock, but for the calls to the resource's own functions. Slots
 * and invariants are drawn in pool_priv.h.
 */
#include "pool_priv.h"

#include "splitmix.h"

#define JITTER_LIFETIME_DIVISOR 40 /* 2.5 % */
#define AGED_DIVISOR 8             /* the share that may be closed for age in one sweep */

/* 0 to span_ns, for the seed and a number. */
int64_t pool_jitter_ns(const tw_pool *pool, uint64_t number, int64_t span_ns) {
    return splitmix_span_ns(pool->config.seed, number, span_ns);
}

static uint64_t pass_of(const tw_pool *pool) {
    return (uint64_t)pool->epoch << GATE_EPOCH_SHIFT;
}

/* ---- retiring and closing ---- */

/* The owner's slot (CLAIMED or LEASED), or one being opened, is to be closed. */
void pool_retire_locked(tw_pool *pool, struct slot *slot, tw_pool_cause cause) {
    enum slot_state state = slot_state(slot);
    TW_ASSERT(state == SLOT_CLAIMED || state == SLOT_LEASED || state == SLOT_OPENING);
    TW_ASSERT(pool->live > 0);
    slot->cause = cause;
    slot_move(slot, SLOT_RETIRED);
    pool->live--;
    pool->retired++;
    pool->drain_moved = true;
}

void pool_retire(tw_pool *pool, struct slot *slot, tw_pool_cause cause) {
    pool_enter(pool);
    pool_retire_locked(pool, slot, cause);
    pool_leave(pool);
}

/* Puts an idle slot away if its resource must not be lent any more. */
void pool_tidy_locked(tw_pool *pool, struct slot *slot) {
    if (slot_state(slot) != SLOT_IDLE || (!pool->draining && slot->pass == pass_of(pool)))
        return;
    if (pool_claim(slot))
        pool_retire_locked(pool, slot, pool->draining ? TW_POOL_DRAINED : TW_POOL_EVICTED);
}

/* CLAIMED -> IDLE: nothing came of the claim. */
void pool_put_back_locked(tw_pool *pool, struct slot *slot) {
    TW_ASSERT(slot_state(slot) == SLOT_CLAIMED);
    slot_move(slot, SLOT_IDLE);
    pool_tidy_locked(pool, slot);
}

uint32_t pool_retire_idle_locked(tw_pool *pool, tw_pool_cause cause) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < pool->config.size_max; i++) {
        if (!pool_claim(&pool->slots[i]))
            continue;
        pool_retire_locked(pool, &pool->slots[i], cause);
        count++;
    }
    return count;
}

/* Whether one more may be closed for its age now; if so, counts it. */
bool pool_may_age_locked(tw_pool *pool, int64_t now_ns) {
    uint32_t most = pool->config.size_max / AGED_DIVISOR;
    if (now_ns - pool->aged_from_ns >= pool->config.sweep_ns) {
        pool->aged_from_ns = now_ns;
        pool->aged = 0;
    }
    if (pool->aged >= (most > 0 ? most : 1))
        return false;
    pool->aged++;
    return true;
}

static struct slot *first_in(tw_pool *pool, enum slot_state state) {
    for (uint32_t i = 0; i < pool->config.size_max; i++) {
        if (slot_state(&pool->slots[i]) == state)
            return &pool->slots[i];
    }
    return NULL;
}

/* RETIRED -> CLOSING -> EMPTY for one slot; false: there is none. */
bool pool_close_one(tw_pool *pool) {
    const tw_pool_resource *resource = &pool->config.resource;
    const tw_pool_hooks *hooks = &pool->config.hooks;
    pool_enter(pool);
    struct slot *slot = pool->retired > 0 ? first_in(pool, SLOT_RETIRED) : NULL;
    if (slot == NULL) {
        pool_leave_only(pool);
        return false;
    }
    slot_move(slot, SLOT_CLOSING);
    pool->retired--;
    pool->closing++;
    pool_leave_only(pool);
    tw_pool_cause cause = slot->cause;
    resource->close(resource->context, slot->resource);
    pool_enter(pool);
    slot_move(slot, SLOT_EMPTY);
    pool->closing--;
    pool->figures.closed[cause]++;
    pool->drain_moved = true;
    pool_leave_only(pool);
    if (hooks->on_closed != NULL)
        hooks->on_closed(hooks->context, cause);
    return true;
}

/* ---- opening ---- */

/* Somebody waits for whom nothing is being opened yet, or size_min is not reached; and there is
 * room. A waiter counts as long as he waits: this is where growth is elided. */
bool pool_wants_open_locked(const tw_pool *pool) {
    if (pool->draining || pool->suspended || pool->opening >= pool->config.opening_max)
        return false;
    if (pool->live + pool->retired + pool->closing >= pool->config.size_max)
        return false;
    return pool->live < pool->config.size_min || pool->queue.count > pool->opening;
}

/* When the next opening is due; TW_WAIT_FOREVER: none is wanted. */
int64_t pool_open_due_ns(tw_pool *pool) {
    pool_enter(pool);
    int64_t due_ns = pool_wants_open_locked(pool) ? pool->open_not_before : TW_WAIT_FOREVER;
    tw_lock_release(&pool->lock, pool->waiter);
    return due_ns;
}

/* EMPTY -> OPENING. */
static struct slot *open_begin(tw_pool *pool, int64_t now_ns) {
    if (!pool_wants_open_locked(pool) || now_ns < pool->open_not_before)
        return NULL;
    struct slot *slot = first_in(pool, SLOT_EMPTY);
    TW_ASSERT(slot != NULL);
    slot->pass = pass_of(pool);
    slot_move(slot, SLOT_OPENING);
    pool->live++;
    pool->opening++;
    return slot;
}

static void opened(tw_pool *pool, struct slot *slot, int64_t begin_ns, int64_t now_ns) {
    tw_pool_figures *figures = &pool->figures;
    int64_t lifetime_ns = pool->config.lifetime_ns_max;
    int64_t jitter_ns =
        pool_jitter_ns(pool, pool->open_number++, lifetime_ns / JITTER_LIFETIME_DIVISOR);
    STORE(slot->expires_ns, lifetime_ns == 0 ? INT64_MAX : now_ns + lifetime_ns - jitter_ns);
    STORE(slot->since_ns, now_ns);
    pool_trust(pool, slot, now_ns);
    pool->backoff_ns = 0;
    pool->last_error.status = TW_OK;
    figures->opened++;
    figures->open_ns_sum += now_ns - begin_ns;
    if (now_ns - begin_ns > figures->open_ns_max)
        figures->open_ns_max = now_ns - begin_ns;
    slot_move(slot, SLOT_IDLE);
    pool_tidy_locked(pool, slot);
}

static void failed_to_open(tw_pool *pool, struct slot *slot, int64_t now_ns,
                           const tw_error *error) {
    int64_t doubled_ns = pool->backoff_ns * 2;
    slot_move(slot, SLOT_EMPTY);
    pool->live--;
    pool->figures.open_failures++;
    pool->last_error = *error;
    pool->backoff_ns = doubled_ns == 0 ? pool->config.backoff_ns_min
                                       : earlier_ns(doubled_ns, pool->config.backoff_ns_max);
    pool->open_not_before = now_ns + pool->backoff_ns;
}

tw_status pool_open_one(tw_pool *pool, int64_t deadline_ns, bool *ret_tried) {
    const tw_pool_resource *resource = &pool->config.resource;
    const tw_pool_hooks *hooks = &pool->config.hooks;
    int64_t begin_ns = tw_waiter_now_ns(pool->waiter);
    pool_enter(pool);
    struct slot *slot = open_begin(pool, begin_ns);
    *ret_tried = slot != NULL;
    if (slot == NULL) { /* nothing has changed: nobody is told, or who asks again would be nudged */
        tw_lock_release(&pool->lock, pool->waiter);
        return TW_OK;
    }
    pool_leave(pool);
    void *opened_resource = NULL;
    tw_error error = {0};
    int64_t until_ns = earlier_ns(deadline_ns, begin_ns + pool->config.open_ns_max);
    tw_status status = resource->open(resource->context, until_ns, &opened_resource, &error);
    if (status != TW_OK && error.status == TW_OK)
        (void)tw_error_set(&error, status, "%s", tw_status_sentence(status));
    int64_t now_ns = tw_waiter_now_ns(pool->waiter);
    STORE(slot->resource, opened_resource);
    pool_enter(pool);
    pool->opening--;
    pool->drain_moved = true;
    if (status == TW_OK)
        opened(pool, slot, begin_ns, now_ns);
    else
        failed_to_open(pool, slot, now_ns, &error);
    pool_leave(pool);
    if (hooks->on_opened != NULL)
        hooks->on_opened(hooks->context, now_ns - begin_ns, status);
    return status;
}
