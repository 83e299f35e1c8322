/*
 * pool_queue.c - who waits: one queue for threads that sleep and for requests that are answered
 * by the turn, served in the order of arrival whenever somebody leaves the lock.
 *
 *                 ask                serve (pool_leave)
 *      FREE ----------------> QUEUED ------------------> SETTLED
 *        ^                     |  ^                       |   |
 *        |  deadline, cancel   |  | pool_requeue: what    |   | the turn takes a
 *        +---------------------+  | came was dead         |   | request to answer it
 *        |                        +-----------------------+   v
 *        +-- the waiter has seen it, the request was <--- ANSWERING
 *            cancelled, or its answer given
 *
 * Invariants, beside those of pool_priv.h
 *   7. The queue is in the order of `sequence`.
 *   8. A synchronous waiter sleeps on `word` while it is WAITING. Settling writes slot and status
 *      first, then SETTLED. A nudge (caller_opens: come and open) makes it NUDGED, which only the
 *      waiter takes back, so neither can be lost. A wake-up may reach the next user of the node;
 *      he looks again and sleeps on.
 */
#include "pool_priv.h"

#define WAKE_COUNT_MAX 16 /* woken at once; more go round again */

/* ---- lists ---- */

void pool_unlink(struct list *list, struct node *node) {
    TW_ASSERT(list->count > 0);
    *(node->previous == NULL ? &list->first : &node->previous->next) = node->next;
    *(node->next == NULL ? &list->last : &node->next->previous) = node->previous;
    list->count--;
}

/* Links `node` behind `before`, or first. */
static void link_after(struct list *list, struct node *before, struct node *node) {
    node->previous = before;
    node->next = before == NULL ? list->first : before->next;
    *(before == NULL ? &list->first : &before->next) = node;
    *(node->next == NULL ? &list->last : &node->next->previous) = node;
    list->count++;
}

void pool_free_node_locked(tw_pool *pool, struct node *node) {
    node->state = NODE_FREE;
    node->generation++;
    node->next = pool->free_nodes;
    pool->free_nodes = node;
}

/* ---- the gate ---- */

void pool_publish_locked(tw_pool *pool) {
    uint64_t gate = (uint64_t)pool->epoch << GATE_EPOCH_SHIFT | pool->queue.count;
    gate |= pool->suspended ? GATE_SUSPENDED : 0;
    gate |= pool->draining ? GATE_DRAINING : 0;
    __atomic_store_n(&pool->gate, gate, __ATOMIC_SEQ_CST); /* invariant 4 */
}

/* ---- serving ---- */

void pool_settle_locked(tw_pool *pool, struct node *node, tw_status status) {
    TW_ASSERT(node->state == NODE_QUEUED);
    pool_unlink(&pool->queue, node);
    node->state = NODE_SETTLED;
    node->status = status;
    if (node->on_lease == NULL)
        __atomic_store_n(&node->word, WORD_SETTLED, __ATOMIC_RELEASE); /* invariant 8 */
    else
        link_after(&pool->settled, pool->settled.last, node);
}

/* Back to his place: behind those who came before him. */
void pool_requeue_locked(tw_pool *pool, struct node *node) {
    struct node *before = NULL;
    for (struct node *at = pool->queue.first; at != NULL && at->sequence < node->sequence;
         at = at->next)
        before = at;
    node->state = NODE_QUEUED;
    __atomic_store_n(&node->word, WORD_WAITING, __ATOMIC_RELEASE);
    link_after(&pool->queue, before, node);
    pool_publish_locked(pool);
}

/* An idle resource for the oldest waiter, or NULL. */
static struct slot *claim_for_waiter(tw_pool *pool) {
    for (uint32_t i = 0; i < pool->config.size_max; i++) {
        struct slot *slot = &pool->slots[i];
        if (slot_state(slot) == SLOT_IDLE)
            pool_tidy_locked(pool, slot);
        if (pool_claim(slot))
            return slot;
    }
    return NULL;
}

/* Settles the oldest waiters as long as that is possible; returns how many words are to be woken.
 */
static size_t serve_locked(tw_pool *pool, uint32_t *words[WAKE_COUNT_MAX]) {
    size_t count = 0;
    struct node *node = pool->queue.first;
    if (node == NULL)
        return 0;
    for (; node != NULL && count < WAKE_COUNT_MAX; node = pool->queue.first) {
        struct slot *slot = NULL;
        if (!pool->draining) {
            slot = pool->suspended ? NULL : claim_for_waiter(pool);
            if (slot == NULL)
                break;
        }
        node->slot = slot;
        pool_settle_locked(pool, node, slot == NULL ? TW_CLOSED : TW_OK);
        if (node->on_lease == NULL)
            words[count++] = &node->word;
    }
    pool_publish_locked(pool);
    return count;
}

/* ---- entering and leaving ---- */

void pool_enter(tw_pool *pool) {
    tw_lock_acquire(&pool->lock, pool->waiter);
}

/* Whether a condition has begun of which the owner was not told. */
static bool begins(bool condition, bool *told) {
    bool news = condition && !*told;
    *told = condition;
    return news;
}

/* Whether on_work is to be called. What lasts is told once: the owner asks tw_pool_next_ns. */
static bool tell_locked(tw_pool *pool) {
    bool callers_do = pool->config.caller_opens;
    bool work = pool->settled.count > 0 || (pool->retired > 0 && !callers_do);
    bool tells = begins(work, &pool->told_work);
    tells = begins(pool_wants_open_locked(pool) && !callers_do, &pool->told_growth) || tells;
    tells = tells || pool->asked;
    pool->asked = false;
    return tells;
}

/* The first synchronous waiter, if he should open: he sleeps and may not know that there is room.
 */
static uint32_t *nudge_locked(tw_pool *pool) {
    if (!pool->config.caller_opens || !pool_wants_open_locked(pool))
        return NULL;
    struct node *node = pool->queue.first;
    while (node != NULL && node->on_lease != NULL)
        node = node->next;
    if (node == NULL)
        return NULL;
    uint32_t waiting = WORD_WAITING;
    bool nudged = __atomic_compare_exchange_n(&node->word, &waiting, WORD_NUDGED, false,
                                              __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
    return nudged ? &node->word : NULL;
}

void pool_leave_only(tw_pool *pool) {
    uint32_t *words[WAKE_COUNT_MAX];
    bool tells = false;
    size_t count = 0;
    do {
        if (count == WAKE_COUNT_MAX)
            pool_enter(pool);
        count = serve_locked(pool, words);
        tells = tell_locked(pool) || tells;
        uint32_t *nudged = nudge_locked(pool);
        bool drains = pool->draining && pool->drain_moved;
        pool->drain_moved = false;
        tw_lock_release(&pool->lock, pool->waiter);
        for (size_t i = 0; i < count; i++)
            tw_waiter_wake(pool->waiter, words[i], 1);
        if (nudged != NULL)
            tw_waiter_wake(pool->waiter, nudged, 1);
        if (drains) {
            __atomic_fetch_add(&pool->drain_word, 1, __ATOMIC_RELEASE);
            tw_waiter_wake(pool->waiter, &pool->drain_word, INT32_MAX);
        }
    } while (count == WAKE_COUNT_MAX);
    if (tells && pool->config.hooks.on_work != NULL)
        pool->config.hooks.on_work(pool->config.hooks.context);
}

void pool_leave(tw_pool *pool) {
    bool closes = pool->config.caller_opens && pool->retired > 0;
    pool_leave_only(pool);
    while (closes && pool_close_one(pool)) {
    }
}

/* ---- asking ---- */

static tw_status enqueue_locked(tw_pool *pool, const struct ask *ask, struct node **ret_node) {
    struct node *node = pool->free_nodes;
    if (pool->draining)
        return TW_CLOSED;
    if (node == NULL) {
        pool->figures.refused++;
        return TW_FULL;
    }
    pool->free_nodes = node->next;
    node->sequence = pool->sequence++;
    node->state = NODE_QUEUED;
    node->slot = NULL;
    node->site = ask->site;
    node->asked_ns = ask->now_ns;
    node->deadline_ns = ask->deadline_ns;
    node->on_lease = ask->on_lease;
    node->context = ask->context;
    __atomic_store_n(&node->word, WORD_WAITING, __ATOMIC_RELAXED);
    link_after(&pool->queue, pool->queue.last, node);
    pool_publish_locked(pool);
    *ret_node = node;
    return TW_OK;
}

void pool_explain(tw_pool *pool, tw_status status, tw_error *error) {
    if (error == NULL)
        return;
    pool_enter(pool);
    tw_error last = pool->last_error;
    uint32_t live = pool->live;
    uint32_t pending = pool->queue.count;
    pool_leave(pool);
    if (status == TW_CLOSED)
        (void)tw_error_set(error, status, "the pool is being closed");
    else if (status == TW_FULL)
        (void)tw_error_set(error, status, "%u callers wait for the pool already", pending);
    else if (last.status == TW_OK)
        (void)tw_error_set(error, status, "none of %u resources of the pool came free in time",
                           live);
    else
        (void)tw_error_set(error, status, "no resource of the pool in time: opening fails: %s",
                           last.message);
    error->os_errno = status == TW_TIMEOUT && last.status != TW_OK ? last.os_errno : 0;
}

/* The deadline has passed: leaves the queue, unless somebody was quicker. */
static bool give_up(tw_pool *pool, struct node *node) {
    pool_enter(pool);
    bool waits = node->state == NODE_QUEUED;
    if (waits) {
        pool_settle_locked(pool, node, TW_TIMEOUT);
        pool_publish_locked(pool);
        pool->figures.timeouts++;
    }
    pool_leave(pool);
    return waits;
}

/* Sleeps until the node is settled; with caller_opens, opens when there is room. */
static tw_status await(tw_pool *pool, struct node *node) {
    for (;;) {
        uint32_t word = LOAD(node->word);
        if (word == WORD_SETTLED)
            return node->status;
        if (word == WORD_NUDGED) /* fails if settled meanwhile */
            (void)__atomic_compare_exchange_n(&node->word, &word, WORD_WAITING, false,
                                              __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
        if (tw_waiter_now_ns(pool->waiter) >= node->deadline_ns) {
            if (give_up(pool, node))
                return TW_TIMEOUT;
            continue;
        }
        int64_t until_ns = node->deadline_ns;
        if (pool->config.caller_opens) {
            bool tried = false;
            (void)pool_open_one(pool, node->deadline_ns, &tried);
            if (tried)
                continue;
            until_ns = earlier_ns(until_ns, pool_open_due_ns(pool));
        }
        tw_waiter_wait(pool->waiter, &node->word, WORD_WAITING, until_ns);
    }
}

void pool_count_wait_locked(tw_pool *pool, int64_t wait_ns) {
    pool->figures.waited++;
    pool->figures.wait_ns_sum += wait_ns;
    if (wait_ns > pool->figures.wait_ns_max)
        pool->figures.wait_ns_max = wait_ns;
}

tw_status pool_wait(tw_pool *pool, struct ask *ask, struct slot **ret_slot, tw_error *error) {
    struct node *node = NULL;
    pool_enter(pool);
    tw_status status = enqueue_locked(pool, ask, &node);
    pool_leave(pool);
    if (node == NULL) {
        pool_explain(pool, status, error);
        return status;
    }
    int64_t asked_ns = ask->now_ns;
    while ((status = await(pool, node)) == TW_OK) {
        ask->now_ns = tw_waiter_now_ns(pool->waiter);
        if (pool_vet(pool, node->slot, ask->now_ns, node->deadline_ns))
            break;
        pool_enter(pool);
        pool_retire_locked(pool, node->slot, TW_POOL_INVALID);
        pool_requeue_locked(pool, node);
        pool_leave(pool);
    }
    *ret_slot = node->slot;
    pool_enter(pool);
    if (status == TW_OK)
        pool_count_wait_locked(pool, ask->now_ns - asked_ns);
    pool_free_node_locked(pool, node);
    tw_lock_release(&pool->lock, pool->waiter);
    if (status != TW_OK)
        pool_explain(pool, status, error);
    return status;
}

/* ---- requests ---- */

tw_status tw_pool_ask_at(tw_pool *pool, const char *site, int64_t deadline_ns,
                         tw_pool_on_lease on_lease, void *context, tw_pool_request *ret_request) {
    TW_ASSERT(pool != NULL && site != NULL && on_lease != NULL && ret_request != NULL);
    TW_ASSERT(deadline_ns != TW_WAIT_FOREVER);
    struct ask ask = {site, tw_waiter_now_ns(pool->waiter), deadline_ns, on_lease, context};
    struct node *node = NULL;
    pool_enter(pool);
    tw_status status = enqueue_locked(pool, &ask, &node);
    if (status == TW_OK) {
        pool->asked = true;
        ret_request->number = (uint64_t)node->generation << 32 | (uint64_t)(node - pool->nodes);
    }
    pool_leave(pool);
    return status;
}

tw_status tw_pool_cancel(tw_pool *pool, tw_pool_request request) {
    uint32_t index = (uint32_t)request.number;
    TW_ASSERT(pool != NULL && index < pool->config.waiter_max);
    struct node *node = &pool->nodes[index];
    tw_status status = TW_NOT_FOUND;
    pool_enter(pool);
    bool same = node->generation == request.number >> 32;
    if (same && (node->state == NODE_QUEUED || node->state == NODE_SETTLED)) {
        TW_ASSERT(node->on_lease != NULL);
        pool_unlink(node->state == NODE_QUEUED ? &pool->queue : &pool->settled, node);
        pool_publish_locked(pool);
        if (node->state == NODE_SETTLED && node->status == TW_OK)
            pool_put_back_locked(pool, node->slot);
        pool_free_node_locked(pool, node);
        pool->figures.cancelled++;
        status = TW_OK;
    }
    pool_leave(pool);
    return status;
}
