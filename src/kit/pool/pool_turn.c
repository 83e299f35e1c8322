/*
 * pool_turn.c - the house-keeping: sweep, close, answer, open.
 *
 * One thread keeps house at a time (`turning`; opening is outside of that, so that another thread
 * can answer while one opens), so what only the turn touches needs no lock: the swept_
 * fields of the slots and the moments of the sweep. In a sweep each slot is looked at once; a word
 * that is the same before and after its fields were read vouches for them (invariant 1), and a
 * claim by compare-and-swap from that very word takes exactly the resource that was looked at.
 */
#include "pool_priv.h"

#define JITTER_KEEPALIVE_DIVISOR 10 /* 10 %, either way */

/* ---- the sweep ---- */

/* Whether an idle resource has been here too long, and may be closed for it now. */
static bool is_too_old(tw_pool *pool, const struct slot *slot, int64_t now_ns,
                       tw_pool_cause *ret_cause) {
    int64_t idle_ns_max = pool->config.idle_ns_max;
    bool expired = now_ns >= LOAD(slot->expires_ns);
    bool idle = idle_ns_max > 0 && now_ns - LOAD(slot->since_ns) >= idle_ns_max &&
                pool->live > pool->config.size_min;
    *ret_cause = expired ? TW_POOL_LIFETIME : TW_POOL_IDLE;
    return (expired || idle) && pool_may_age_locked(pool, now_ns);
}

/* Closes for idleness and lifetime, the highest numbers first: lending begins with the lowest. */
static uint32_t sweep_ages(tw_pool *pool, int64_t now_ns) {
    uint32_t count = 0;
    pool_enter(pool);
    for (uint32_t i = pool->config.size_max; i-- > 0;) {
        struct slot *slot = &pool->slots[i];
        tw_pool_cause cause;
        uint64_t word = LOAD(slot->word);
        if (word_state(word) != SLOT_IDLE || !is_too_old(pool, slot, now_ns, &cause))
            continue;
        if (!pool_claim_seen(slot, word))
            continue;
        pool_retire_locked(pool, slot, cause);
        count++;
    }
    pool_leave(pool);
    return count;
}

static int64_t keepalive_ns(const tw_pool *pool, uint64_t number) {
    int64_t tenth_ns = pool->config.keepalive_ns / JITTER_KEEPALIVE_DIVISOR;
    return pool->config.keepalive_ns - tenth_ns + pool_jitter_ns(pool, number, 2 * tenth_ns);
}

/* Validates one resource that has been idle for long; it cannot be lent meanwhile. */
static uint32_t keep_alive(tw_pool *pool, struct slot *slot, int64_t now_ns) {
    uint64_t word = LOAD(slot->word);
    if (word_state(word) != SLOT_IDLE)
        return 0;
    int64_t since_ns = LOAD(slot->since_ns);
    int64_t last_ns = since_ns > slot->kept_ns ? since_ns : slot->kept_ns;
    if (now_ns - last_ns < keepalive_ns(pool, word ^ (uint64_t)(slot - pool->slots)))
        return 0;
    if (!pool_claim_seen(slot, word))
        return 0;
    slot->kept_ns = now_ns;
    bool valid = pool_validate(pool, slot, now_ns + pool->config.open_ns_max);
    if (valid)
        pool_trust(pool, slot, tw_waiter_now_ns(pool->waiter));
    pool_enter(pool);
    if (valid)
        pool_put_back_locked(pool, slot);
    else
        pool_retire_locked(pool, slot, TW_POOL_INVALID);
    pool_leave(pool);
    return 1;
}

/* The age of a lease as the sweeps have seen it: a jump of the clock makes nobody old. */
static int64_t swept_age_ns(struct slot *slot, uint64_t word, int64_t held_ns, int64_t gap_ns) {
    uint64_t ticket = word >> STATE_BITS;
    if (slot->swept_ticket != ticket) {
        slot->swept_ticket = ticket;
        slot->swept_age_ns = earlier_ns(held_ns > 0 ? held_ns : 0, gap_ns);
    } else {
        slot->swept_age_ns += gap_ns;
    }
    return slot->swept_age_ns;
}

/* Reports a lease that is out for too long, once. The mark comes first, then a look whether the
 * lease is still out: if it came back just now, either its thread has taken the mark (and notes
 * the return), or we take it back and nothing was a leak. */
static uint32_t sweep_leak(tw_pool *pool, struct slot *slot, int64_t now_ns, int64_t gap_ns) {
    uint64_t word = LOAD(slot->word);
    if (word_state(word) != SLOT_LEASED)
        return 0;
    tw_pool_lease_info info = {.resource = LOAD(slot->resource), .site = LOAD(slot->site)};
    int64_t held_ns = now_ns - LOAD(slot->since_ns);
    if (LOAD(slot->word) != word)
        return 0;
    info.age_ns = swept_age_ns(slot, word, held_ns, gap_ns);
    uint64_t ticket = word >> STATE_BITS;
    if (info.age_ns < pool->config.leak_after_ns || slot->told_ticket == ticket)
        return 0;
    slot->told_ticket = ticket;
    __atomic_store_n(&slot->leak_ticket, ticket, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&slot->word, __ATOMIC_SEQ_CST) != word &&
        __atomic_compare_exchange_n(&slot->leak_ticket, &ticket, 0, false, __ATOMIC_SEQ_CST,
                                    __ATOMIC_RELAXED))
        return 0;
    __atomic_fetch_add(&pool->leaks, 1, __ATOMIC_RELAXED);
    if (pool->config.hooks.on_leak != NULL)
        pool->config.hooks.on_leak(pool->config.hooks.context, &info);
    return 1;
}

/* How much time the last gap between sweeps counts for leases. */
static int64_t gap_to_count_ns(tw_pool *pool, int64_t now_ns) {
    int64_t gap_ns = now_ns - pool->swept_ns;
    if (gap_ns < 0)
        return 0;
    if (gap_ns <= pool->config.sweep_ns + TW_POOL_JUMP_NS)
        return gap_ns;
    __atomic_fetch_add(&pool->clock_jumps, 1, __ATOMIC_RELAXED);
    return pool->config.sweep_ns;
}

static uint32_t sweep(tw_pool *pool, int64_t now_ns) {
    int64_t gap_ns = gap_to_count_ns(pool, now_ns);
    pool->swept_ns = now_ns;
    STORE(pool->sweep_at_ns, now_ns + pool->config.sweep_ns);
    uint32_t count = sweep_ages(pool, now_ns);
    bool keeps = pool->config.keepalive_ns > 0 && pool->config.resource.validate != NULL;
    for (uint32_t i = 0; keeps && i < pool->config.size_max; i++)
        count += keep_alive(pool, &pool->slots[i], now_ns);
    for (uint32_t i = 0; pool->config.leak_after_ns > 0 && i < pool->config.size_max; i++)
        count += sweep_leak(pool, &pool->slots[i], now_ns, gap_ns);
    return count;
}

/* ---- answers ---- */

/* Settles the requests whose deadline has passed. */
static void expire_requests(tw_pool *pool, int64_t now_ns) {
    pool_enter(pool);
    for (struct node *node = pool->queue.first; node != NULL;) {
        struct node *next = node->next;
        if (node->on_lease != NULL && now_ns >= node->deadline_ns) {
            pool_settle_locked(pool, node, TW_TIMEOUT);
            pool->figures.timeouts++;
        }
        node = next;
    }
    pool_publish_locked(pool);
    pool_leave(pool);
}

/* The resource turned out to be dead: back into the queue. */
static void answer_later(tw_pool *pool, struct node *node) {
    pool_enter(pool);
    pool_retire_locked(pool, node->slot, TW_POOL_INVALID);
    pool_requeue_locked(pool, node);
    pool_leave(pool);
}

/* Answers one request, which nobody else touches while it is ANSWERING. */
static void answer(tw_pool *pool, struct node *node) {
    int64_t now_ns = tw_waiter_now_ns(pool->waiter);
    int64_t wait_ns = now_ns - node->asked_ns;
    if (node->status == TW_OK && !pool_vet(pool, node->slot, now_ns, node->deadline_ns)) {
        answer_later(pool, node);
        return;
    }
    tw_pool_on_lease on_lease = node->on_lease;
    struct node was = *node;
    pool_enter(pool);
    if (was.status == TW_OK)
        pool_count_wait_locked(pool, wait_ns);
    pool_free_node_locked(pool, node);
    pool_leave(pool);
    if (was.status != TW_OK) {
        tw_error error = {0};
        pool_explain(pool, was.status, &error);
        on_lease(was.context, was.status, NULL, &error);
        return;
    }
    pool_lend(was.slot, was.site, now_ns);
    tw_pool_lease lease = pool_lease_of(pool, was.slot);
    if (pool->config.hooks.on_acquired != NULL)
        pool->config.hooks.on_acquired(pool->config.hooks.context, wait_ns);
    on_lease(was.context, TW_OK, &lease, NULL);
}

/* Takes the oldest settled request out of the list; NULL: there is none. */
static struct node *next_answer(tw_pool *pool) {
    pool_enter(pool);
    struct node *node = pool->settled.first;
    if (node != NULL) {
        pool_unlink(&pool->settled, node);
        node->state = NODE_ANSWERING;
        pool->answering = true;
    }
    pool_leave(pool);
    return node;
}

/* Answers as many as there were at the beginning: an answer may bring the next request. */
static uint32_t answer_all(tw_pool *pool) {
    uint32_t count = 0;
    pool_enter(pool);
    uint32_t most = pool->settled.count;
    pool_leave(pool);
    for (; count < most; count++) {
        struct node *node = next_answer(pool);
        if (node == NULL)
            break; /* cancelled meanwhile */
        answer(pool, node);
    }
    return count;
}

/* ---- the turn ---- */

static bool turn_begin(tw_pool *pool) {
    pool_enter(pool);
    bool begins = !pool->turning;
    pool->turning = true;
    pool_leave(pool);
    return begins;
}

static void turn_end(tw_pool *pool, uint32_t work) {
    pool_enter(pool);
    pool->turning = false;
    pool->answering = false; /* `work` is not 0 if it was true: a drain looks again */
    /* Whoever drains found us turning, and may have to go on with what we leave. */
    pool->drain_moved =
        pool->drain_moved || work > 0 || pool->retired > 0 || pool->settled.count > 0;
    pool_leave(pool);
}

uint32_t tw_pool_turn(tw_pool *pool, int64_t now_ns) {
    TW_ASSERT(pool != NULL);
    uint32_t work = 0;
    if (!turn_begin(pool))
        return 0;
    if (now_ns >= pool->sweep_at_ns)
        work += sweep(pool, now_ns);
    for (uint32_t i = 0; i < pool->config.size_max && pool_close_one(pool); i++)
        work++;
    expire_requests(pool, now_ns);
    work += answer_all(pool);
    turn_end(pool, work);
    bool opened = false;
    (void)pool_open_one(pool, TW_WAIT_FOREVER, &opened); /* a failure is kept for the waiters */
    return work + opened;
}

int64_t tw_pool_next_ns(tw_pool *pool) {
    TW_ASSERT(pool != NULL);
    pool_enter(pool);
    int64_t next_ns = LOAD(pool->sweep_at_ns);
    if (pool_wants_open_locked(pool))
        next_ns = earlier_ns(next_ns, pool->open_not_before);
    for (const struct node *node = pool->queue.first; node != NULL; node = node->next) {
        if (node->on_lease != NULL)
            next_ns = earlier_ns(next_ns, node->deadline_ns);
    }
    if (pool->retired > 0 || pool->settled.count > 0)
        next_ns = 0;
    pool_leave(pool);
    return next_ns;
}
